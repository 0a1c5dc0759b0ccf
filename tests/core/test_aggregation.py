"""The models of a crowd, held to plain loops, to laws, and to simulated crowds of known truth."""

from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crowds import (
    as_options,
    coins,
    columns,
    crowds,
    dawid_skene_by_hand,
    height_of_dawid_skene,
    height_of_glad,
    height_of_one_coin,
    majority,
    one_coin_by_hand,
    simulated,
)
from errata.core.aggregation import dawid_skene, glad, one_coin
from errata.errors import InputError, VoteError

MODELS = {"dawid_skene": dawid_skene, "one_coin": one_coin, "glad": glad}
HEIGHTS = {
    "dawid_skene": height_of_dawid_skene,
    "one_coin": height_of_one_coin,
    "glad": height_of_glad,
}
few = settings(max_examples=30, deadline=None)  # of what takes many steps
each_model = pytest.mark.parametrize("name", MODELS)


def arrays_of(found):
    return {
        field.name: value
        for field in fields(found)
        if isinstance(value := getattr(found, field.name), np.ndarray)
    }


def assert_same_bytes(found, other):
    for name, value in arrays_of(found).items():
        assert value.tobytes() == getattr(other, name).tobytes(), name


# ---------------------------------------------------------------- against plain loops

priors = st.sampled_from([0.25, 1.0, 3.0])


@given(crowds(), priors, priors, priors, st.integers(1, 6))
def test_dawid_skene_is_what_plain_loops_give(crowd, right, wrong, each, iterations):
    votes, sizes = crowd
    assume(sizes[2] > 1)
    options = {"right": right, "wrong": wrong, "each": each}
    posterior, shares, confusion = dawid_skene_by_hand(
        votes, sizes, **options, iterations=iterations
    )
    found = dawid_skene(
        *columns(votes), **as_options(sizes), **options, max_iterations=iterations, tolerance=0
    )
    np.testing.assert_allclose(found.posterior, posterior, atol=1e-10)
    np.testing.assert_allclose(found.shares, shares, atol=1e-10)
    for (r, k, a), probability in confusion.items():
        assert found.confusion[r, k, a] == pytest.approx(probability, abs=1e-10)
    for r in range(sizes[1]):
        right_share = sum(shares[k] * confusion[r, k, k] for k in range(sizes[2]))
        assert found.quality[r] == pytest.approx(right_share, abs=1e-10)


@given(crowds(), priors, priors, priors, st.integers(1, 6))
def test_one_coin_is_what_plain_loops_give(crowd, right, wrong, each, iterations):
    votes, sizes = crowd
    assume(sizes[2] > 1)
    options = {"right": right, "wrong": wrong, "each": each}
    posterior, shares, rates = one_coin_by_hand(votes, sizes, **options, iterations=iterations)
    found = one_coin(
        *columns(votes), **as_options(sizes), **options, max_iterations=iterations, tolerance=0
    )
    np.testing.assert_allclose(found.posterior, posterior, atol=1e-10)
    np.testing.assert_allclose(found.shares, shares, atol=1e-10)
    np.testing.assert_allclose(found.quality, rates, atol=1e-10)


@each_model
@few
@given(crowd=crowds(), iterations=st.integers(1, 12))
def test_no_iteration_lowers_the_posterior(name, crowd, iterations):
    votes, sizes = crowd
    assume(sizes[2] > 1)
    fit = partial(MODELS[name], *columns(votes), **as_options(sizes), tolerance=0)
    before, after = fit(max_iterations=iterations), fit(max_iterations=iterations + 1)
    height = partial(HEIGHTS[name], votes, sizes)
    assert height(after) >= height(before) - 1e-9


@each_model
@few
@given(crowd=crowds())
def test_where_a_fit_ends_the_posterior_is_level(name, crowd):
    votes, sizes = crowd
    assume(sizes[2] > 1)
    found = MODELS[name](*columns(votes), **as_options(sizes), max_iterations=2000, tolerance=1e-10)
    assume(found.converged)
    changed = {"dawid_skene": "confusion", "one_coin": "quality", "glad": "ability"}[name]

    def height(step):
        value = getattr(found, changed).copy()
        if name == "dawid_skene":
            value[0, 0, :2] += (step, -step)
        else:
            value[0] += step
        return HEIGHTS[name](votes, sizes, replace(found, **{changed: value}))

    slope = (height(1e-4) - height(-1e-4)) / 2e-4
    assert slope == pytest.approx(0, abs=2e-4)


# ---------------------------------------------------------------- laws of all models


@each_model
@few
@given(crowd=crowds(), data=st.data())
def test_the_order_of_the_votes_changes_no_bit(name, crowd, data):
    votes, sizes = crowd
    other = data.draw(st.permutations(votes))
    fit = partial(MODELS[name], **as_options(sizes), max_iterations=20)
    assert_same_bytes(fit(*columns(votes)), fit(*columns(other)))


@each_model
@few
@given(crowd=crowds(), data=st.data())
def test_other_numbers_for_items_reviewers_and_answers_change_only_the_places(name, crowd, data):
    votes, sizes = crowd
    item, reviewer, answer = (data.draw(st.permutations(range(size))) for size in sizes)
    renumbered = [(item[i], reviewer[r], answer[a]) for i, r, a in votes]
    fit = partial(MODELS[name], **as_options(sizes), max_iterations=20, tolerance=0)
    found, other = fit(*columns(votes)), fit(*columns(renumbered))
    np.testing.assert_allclose(other.posterior[item][:, answer], found.posterior, atol=1e-8)
    np.testing.assert_allclose(other.shares[answer], found.shares, atol=1e-8)
    np.testing.assert_allclose(other.quality[reviewer], found.quality, atol=1e-8)
    if name == "dawid_skene":
        there = other.confusion[reviewer][:, answer][:, :, answer]
        np.testing.assert_allclose(there, found.confusion, atol=1e-8)
    if name == "glad":
        np.testing.assert_allclose(other.difficulty[item], found.difficulty, rtol=1e-6)
        np.testing.assert_allclose(other.ability[reviewer], found.ability, atol=1e-6)


@each_model
@few
@given(crowd=crowds(), more=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_items_and_reviewers_without_votes_change_nothing_for_the_others(name, crowd, more):
    votes, (n_items, n_reviewers, n_answers) = crowd
    fit = partial(MODELS[name], *columns(votes), n_answers=n_answers, max_iterations=20)
    found = fit(n_items=n_items, n_reviewers=n_reviewers)
    wider = fit(n_items=n_items + more[0], n_reviewers=n_reviewers + more[1])
    assert wider.posterior[:n_items].tobytes() == found.posterior.tobytes()
    assert wider.quality[:n_reviewers].tobytes() == found.quality.tobytes()
    assert wider.iterations == found.iterations


@each_model
@few
@given(crowd=crowds())
def test_an_item_without_votes_is_given_the_shares(name, crowd):
    votes, sizes = crowd
    found = MODELS[name](*columns(votes), **as_options(sizes), max_iterations=20)
    without = set(range(sizes[0])) - {item for item, _, _ in votes}
    for item in without:
        assert found.posterior[item].tolist() == found.shares.tolist()
    if name == "glad":
        assert all(found.difficulty[item] == np.exp(-1) for item in without)


@each_model
@few
@given(crowd=crowds())
def test_probabilities_are_probabilities(name, crowd):
    votes, sizes = crowd
    found = MODELS[name](*columns(votes), **as_options(sizes), max_iterations=20)
    assert (found.posterior >= 0).all()
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    assert found.shares.sum() == pytest.approx(1)
    assert ((found.quality >= 0) & (found.quality <= 1)).all()
    if name == "dawid_skene":
        np.testing.assert_allclose(found.confusion.sum(axis=2), 1)


@each_model
def test_without_any_vote_there_is_the_prior(name):
    found = MODELS[name](*columns([]), n_items=2, n_reviewers=1, n_answers=4)
    assert found.posterior.tolist() == [[0.25] * 4] * 2
    expected = 0.8 if name != "glad" else 1 / (1 + np.exp(-np.e))
    assert found.quality.tolist() == pytest.approx([expected])
    assert found.converged


@each_model
def test_with_equal_votes_on_both_sides_the_lower_answer_is_the_label(name):
    found = MODELS[name](*columns([(0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)]))
    np.testing.assert_allclose(found.posterior, 0.5)
    assert found.labels.tolist() == [0, 0]


@each_model
def test_a_fit_that_is_cut_short_says_so(name):
    _, *votes = simulated(0, coins([0.7] * 6, 3), 60, 3)
    found = MODELS[name](*votes, max_iterations=2)
    assert (found.iterations, found.converged) == (2, False)
    assert MODELS[name](*votes).converged


@each_model
def test_more_votes_of_a_reviewer_who_is_always_right_sharpen(name):
    truth, items, reviewers, answers = simulated(1, coins([0.65] * 8, 3), 400, 3)
    before = MODELS[name](items, reviewers, answers)
    sure = []
    for seen in (100, 250, 400):
        found = MODELS[name](
            np.concatenate([items, np.arange(seen)]),
            np.concatenate([reviewers, np.full(seen, 8)]),
            np.concatenate([answers, truth[:seen]]),
        )
        assert found.quality[8] == found.quality.max()
        sure.append(found.posterior[np.arange(400), truth].mean())
    assert before.posterior[np.arange(400), truth].mean() < sure[0] < sure[1] < sure[2]
    assert sure[2] > 0.9


# ---------------------------------------------------------------- known truth


@each_model
def test_qualities_of_reviewers_come_back(name):
    rates = np.linspace(0.5, 0.95, 20)
    truth, *votes = simulated(2, coins(rates, 4), 3000, 5)
    found = MODELS[name](*votes)
    assert (found.labels == truth).mean() > 0.9
    if name == "glad":  # on a middling item, hence another scale
        assert np.corrcoef(found.quality, rates)[0, 1] > 0.97
    else:
        np.testing.assert_allclose(found.quality, rates, atol=0.06)


def test_confusions_and_shares_come_back():
    rng = np.random.default_rng(3)
    confusion = 0.7 * np.eye(3) + 0.3 * rng.dirichlet(np.ones(3), size=(8, 3))
    truth, *votes = simulated(4, confusion, 6000, 5, shares=[0.6, 0.3, 0.1])
    found = dawid_skene(*votes)
    np.testing.assert_allclose(found.shares, [0.6, 0.3, 0.1], atol=0.02)
    np.testing.assert_allclose(found.confusion, confusion, atol=0.07)
    # so sure, so often right
    sure = found.posterior.max(axis=1)
    assert (found.labels == truth).mean() == pytest.approx(sure.mean(), abs=0.01)


def test_dawid_skene_sees_through_a_majority_that_shares_a_confusion():
    # Most see every 1 as a 0; two do not.
    blind = np.array([[0.95, 0.05], [0.7, 0.3]])
    sighted = np.array([[0.95, 0.05], [0.05, 0.95]])
    confusion = np.array([blind] * 3 + [sighted] * 2)
    truth, items, reviewers, answers = simulated(5, confusion, 2000, 5)
    by_majority = (majority(items, answers, 2000, 2) == truth).mean()
    by_one_coin = (one_coin(items, reviewers, answers).labels == truth).mean()
    by_confusions = (dawid_skene(items, reviewers, answers).labels == truth).mean()
    assert by_confusions > 0.95
    assert by_majority < 0.85
    assert by_one_coin < 0.85  # to it the two who see are the ones who are often wrong


def test_glad_sees_which_items_are_hard_and_who_is_able():
    rng = np.random.default_rng(6)
    n_items, n_reviewers = 1500, 25
    ability, easiness = rng.normal(1, 0.7, n_reviewers), rng.normal(0.5, 1, n_items)
    truth = rng.integers(3, size=n_items)
    items, reviewers = (axis.ravel() for axis in np.indices((n_items, n_reviewers)))
    kept = rng.random(len(items)) < 0.5
    items, reviewers = items[kept], reviewers[kept]
    right = rng.random(len(items)) < 1 / (1 + np.exp(-ability[reviewers] * np.exp(easiness[items])))
    answers = (truth[items] + np.where(right, 0, rng.integers(1, 3, len(items)))) % 3
    found = glad(items, reviewers, answers)
    assert found.converged
    assert (found.labels == truth).mean() >= (majority(items, answers, n_items, 3) == truth).mean()
    assert np.corrcoef(found.ability, ability)[0, 1] > 0.95
    assert np.corrcoef(-np.log(found.difficulty), easiness)[0, 1] > 0.6


# ---------------------------------------------------------------- what is refused


@each_model
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iterations": 0}, "max_iterations is 0; 1 or more"),
        ({"each": -1.0}, "each is -1.0, but items seen before are 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(name, options, message):
    with pytest.raises(InputError, match=message):
        MODELS[name](*columns([(0, 0, 1)]), **options)


@pytest.mark.parametrize("model", [dawid_skene, one_coin])
def test_a_negative_prior_is_refused(model):
    with pytest.raises(InputError, match=r"wrong is -0.5, but votes given before are 0 or more"):
        model(*columns([(0, 0, 1)]), wrong=-0.5)


def test_a_spread_of_nothing_is_refused():
    with pytest.raises(InputError, match="spread is 0, but a standard deviation is above 0"):
        glad(*columns([(0, 0, 1)]), spread=0)


@each_model
def test_votes_that_cannot_be_are_refused(name):
    with pytest.raises(VoteError, match=r"answers\[0\] is 4, but n_answers is 3"):
        MODELS[name](*columns([(0, 0, 4)]), n_answers=3)


@pytest.mark.parametrize("model", [dawid_skene, one_coin])
def test_without_a_prior_nobody_is_doubted_whom_nobody_contradicts(model):
    votes = [(i, r, i % 2) for i in range(6) for r in range(2)]
    found = model(*columns(votes), n_reviewers=3, right=0, wrong=0, each=0)
    assert found.quality.tolist() == [1, 1, 0.5]
    assert found.labels.tolist() == [0, 1, 0, 1, 0, 1]
