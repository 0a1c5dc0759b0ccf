"""How probable errors are by what has been checked: to plan the next checks with."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit

from errata.core.error_rate import Draw, expected_errors
from errata.core.sampling import cut_strata

N = 4000


@st.composite
def censuses(draw):
    """Return doubts of two kinds, hardly any and a lot, and a census that belies them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    doubtful = rng.random(N) < draw(st.sampled_from([0.05, 0.3]))
    predicted = np.where(
        doubtful,
        rng.uniform(0.9, 0.999, N),
        rng.uniform(2e-4, draw(st.sampled_from([1e-3, 0.1])), N),
    )
    checked = np.flatnonzero(doubtful | (rng.random(N) < 0.05))
    high, low = draw(st.sampled_from([(0.9, 0.1), (0.8, 0.3), (0.3, 0.6), (1.0, 0.0)]))
    wrong = rng.random(len(checked)) < np.where(doubtful[checked], high, low)
    return predicted, checked, wrong


def told(predicted, checked, wrong):
    strata = np.zeros(len(checked), dtype=int)
    draw = Draw(examples=checked, wrong=wrong, probability=None, stratum=strata)
    return expected_errors([draw], predicted)


@given(censuses())
def test_as_many_errors_are_expected_of_the_checked_as_were_found(census):
    predicted, checked, wrong = census
    found = told(predicted, checked, wrong)
    assert abs(found[checked].sum() - wrong.sum()) < 1e-3 * (1 + wrong.sum()) + 0.05


@given(censuses())
def test_they_are_the_most_likely_ones_of_their_form(census):
    """By a general minimizer."""
    predicted, checked, wrong = census
    found = told(predicted, checked, wrong)
    group = cut_strata(predicted, np.zeros(N, dtype=bool), count=20)
    means = np.bincount(group, predicted) / np.bincount(group)
    x = logit(means)[group][checked]

    def unlikely(level, slope):
        p = np.clip(expit(level + slope * x), 1e-12, 1 - 1e-12)
        return -np.log(np.where(wrong, p, 1 - p)).sum() + (slope - 1) ** 2 / 2

    starts = [(0.0, 1.0), (0.0, 0.0)]
    best = min(minimize(lambda at: unlikely(*at), start).fun for start in starts)
    p = np.clip(found[checked], 1e-12, 1 - 1e-12)
    slope = np.polyfit(x, logit(p), 1)[0]
    own = -np.log(np.where(wrong, p, 1 - p)).sum() + (slope - 1) ** 2 / 2
    assert own <= best + 0.05
