"""The logistic fit, against a general minimizer and the equations that its answer solves."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit

from errata.core.logistic import fit_logistic
from errata.core.slips import NO_SLIPS, Slips

SLIPS = st.sampled_from([NO_SLIPS, Slips(false_alarm=0.125, miss=0.25)])


@st.composite
def fits(draw):
    """Return features, some in two groups far apart, answers, and what is expected."""
    rows, k = draw(st.integers(1, 40)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = [
        draw(st.sampled_from([1.0, 4.0])) * rng.integers(-3, 4, rows)
        if draw(st.booleans())
        else np.where(rng.random(rows) < 0.5, draw(st.sampled_from([-15.0, 2.0])), 9.0)
        + rng.integers(0, 2, rows) / 8
        for _ in range(k)
    ]
    features = np.column_stack([np.ones(rows), *columns])
    yes = rng.random(rows) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    expected = np.append(0.0, np.full(k, 1 / k))
    return features, yes, expected, np.append(0.01, np.full(k, draw(st.sampled_from([1.0, 2.0]))))


def unlikely(b, features, yes, expected, precisions, slips):
    """Return minus what is to be highest, row by row."""
    lost = sum(
        p * (one - mean) ** 2 / 2 for p, one, mean in zip(precisions, b, expected, strict=True)
    )
    for row, answer in zip(features, yes, strict=True):
        true, false = expit(row @ b), expit(-(row @ b))
        lost -= np.log(
            slips.false_alarm * false + (1 - slips.miss) * true
            if answer
            else (1 - slips.false_alarm) * false + slips.miss * true
        )
    return lost


def slope(b, *fit):
    """Return how that falls or rises with each coefficient."""
    steps = 1e-4 * np.eye(len(b))
    return np.array([(unlikely(b + h, *fit) - unlikely(b - h, *fit)) / 2e-4 for h in steps])


@given(fits(), SLIPS)
def test_no_small_change_makes_the_answers_likelier(fit, slips):
    features, yes, expected, precisions = fit
    found = fit_logistic(
        features, yes, expected, expected=expected, precisions=precisions, slips=slips
    )
    assert np.abs(slope(found, *fit, slips)).max() < 1e-3
    assert unlikely(found, *fit, slips) <= unlikely(expected, *fit, slips) + 1e-9


@given(fits(), st.lists(st.sampled_from([-4.0, 0.0, 4.0]), min_size=4, max_size=4))
def test_without_slips_it_is_the_summit_wherever_the_climb_begins(fit, start):
    features, yes, expected, precisions = fit
    found = fit_logistic(
        features, yes, np.array(start[: len(expected)]), expected=expected, precisions=precisions
    )
    best = minimize(unlikely, expected, (*fit, NO_SLIPS))
    assume(np.isfinite(best.fun))
    assert unlikely(found, *fit, NO_SLIPS) <= best.fun + 1e-6
    again = fit_logistic(features, yes, expected, expected=expected, precisions=precisions)
    np.testing.assert_allclose(found, again, atol=1e-4)


@given(fits(), SLIPS)
def test_yes_and_no_may_change_places(fit, slips):
    features, yes, expected, precisions = fit
    turned = Slips(false_alarm=slips.miss, miss=slips.false_alarm)
    one = fit_logistic(
        features, yes, expected, expected=expected, precisions=precisions, slips=slips
    )
    other = fit_logistic(
        -features, ~yes, expected, expected=expected, precisions=precisions, slips=turned
    )
    np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize(("doubtful", "wrong"), [(40, 15), (40, 20), (10, 5)])
def test_it_does_not_go_to_and_fro_between_two_groups_far_apart(doubtful, wrong):
    """Steps that are cut coordinate by coordinate do, for ever."""
    rows = doubtful + 160
    yes = np.arange(rows) < wrong
    scores = np.where(np.arange(rows) < doubtful, 2.0, -15.0)
    features = np.column_stack([np.ones(rows), scores - scores.mean()])
    expected, precisions = np.array([0.0, 1.0]), np.array([1e-2, 2.0])
    start = np.array([logit((wrong + 0.5) / (rows + 1)), 1.0])
    found = fit_logistic(features, yes, start, expected=expected, precisions=precisions)
    pull = features.T @ (yes - expit(features @ found))
    np.testing.assert_allclose(pull, precisions * (found - expected), atol=1e-4)


@pytest.mark.parametrize("slips", [NO_SLIPS, Slips(false_alarm=0.125, miss=0.25)])
def test_where_no_answer_is_yes_the_level_falls_and_nothing_else_is_learnt(slips):
    scores = np.linspace(-3, 3, 100)
    found = fit_logistic(
        np.column_stack([np.ones(100), scores]),
        np.zeros(100, dtype=bool),
        np.array([0.0, 1.0]),
        expected=np.array([0.0, 1.0]),
        precisions=np.array([0.0, 1.0]),
        slips=slips,
    )
    assert expit(found[0] + found[1] * scores).sum() < 1e-6
    assert found[1] == pytest.approx(1, abs=1e-3)
