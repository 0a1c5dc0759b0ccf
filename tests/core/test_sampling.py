"""Strata, allocation, and two ways to draw with probabilities that are known exactly."""

from collections import Counter
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawing import Scripted, pivotal_scripts, pivotal_tree, stratified_samples
from errata.core.sampling import (
    allocate,
    cut_strata,
    in_strata,
    inclusion_probabilities,
    pivotal_sample,
    stratified_sample,
)
from errata.errors import InputError

coarse = st.sampled_from([0.0, 0.05, 0.1, 0.5, 0.9, 1.0])


@st.composite
def scored(draw):
    n = draw(st.integers(1, 30))
    predicted = np.array(draw(st.lists(coarse, min_size=n, max_size=n)))
    flagged = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    return predicted, flagged


@given(scored(), st.integers(2, 8))
def test_strata_share_out_the_examples_in_the_order_of_the_scores(audit, count):
    predicted, flagged = audit
    strata = cut_strata(predicted, flagged, count=count)
    assert set(strata.tolist()) == set(range(int(strata.max()) + 1)), "no gaps"
    assert strata.max() < count
    for part in (flagged, ~flagged):
        # equal scores may lie on both sides of a cut, the first examples before it
        order = np.lexsort((np.arange(len(predicted)), -predicted))
        assert (np.diff(strata[order][part[order]]) >= 0).all()
    assert not set(strata[flagged].tolist()) & set(strata[~flagged].tolist())


def test_strata_are_narrow_where_labels_are_doubtful():
    predicted = np.concatenate([np.full(50, 0.5), np.full(950, 0.001)])
    strata = cut_strata(predicted, np.zeros(1000, dtype=bool), count=5)
    # 50 halves weigh 25, the others 30 in all
    assert len(np.unique(strata[:50])) in (2, 3)
    assert len(np.unique(strata)) == 5


@st.composite
def budgets(draw):
    n = draw(st.integers(1, 6))
    sizes = np.array(draw(st.lists(st.integers(1, 20), min_size=n, max_size=n)))
    spreads = np.array(draw(st.lists(coarse, min_size=n, max_size=n)))
    return sizes, spreads, draw(st.integers(1, 130)), draw(st.integers(0, 4))


@given(budgets(), st.sampled_from([0.0, 0.2, 1.0]))
def test_what_is_allocated_sums_to_the_budget_within_what_there_is(case, proportional):
    sizes, spreads, budget, floor = case
    numbers = allocate(sizes, spreads, budget, floor=floor, proportional=proportional)
    assert numbers.sum() == min(budget, sizes.sum())
    assert (numbers <= sizes).all()
    assert (numbers >= np.minimum(min(floor, budget // len(sizes)), sizes)).all()


@given(budgets(), st.sampled_from([0.0, 0.2, 1.0]))
def test_strata_between_floor_and_ceiling_share_by_size_times_spread(case, proportional):
    sizes, spreads, budget, floor = case
    numbers = allocate(sizes, spreads, budget, floor=floor, proportional=proportional)
    by_spread = sizes * spreads if (sizes * spreads).sum() else sizes
    share = proportional * sizes / sizes.sum() + (1 - proportional) * by_spread / by_spread.sum()
    least = np.minimum(min(floor, budget // len(sizes)), sizes)
    for a in range(len(sizes)):
        for b in range(len(sizes)):
            # one example cannot be moved from b to a and make the shares more equal by more than it
            if numbers[a] < sizes[a] and numbers[b] > least[b]:
                assert (numbers[a] + 1) * share[b] >= (numbers[b] - 1) * share[a] - 1e-9


def test_a_fifth_of_a_budget_goes_by_size_alone_where_the_scores_see_no_spread():
    assert allocate(np.array([100, 100]), np.array([0.5, 0.0]), 100).tolist() == [90, 10]
    assert allocate(np.array([100, 300]), np.array([0.5, 0.0]), 100).tolist() == [85, 15]


def test_two_of_each_stratum_are_drawn_at_least_as_one_alone_shows_no_spread():
    assert allocate(np.array([5000, 5]), np.array([0.5, 0.0]), 20).tolist() == [18, 2]
    predicted = np.append(np.full(2000, 0.5), np.zeros(4))
    _, strata, _ = in_strata(predicted, predicted == 0, 40, np.random.default_rng(0))
    assert np.bincount(strata).min() == 2


def test_every_sample_of_a_stratum_comes_up_as_often():
    strata, numbers = np.array([0, 1, 0, 1, 1]), np.array([1, 2])
    drawn = Counter(
        tuple(sorted(stratified_sample(strata, numbers, Scripted(order=order)).tolist()))
        for order in permutations(range(5))
    )
    assert drawn == {tuple(one): 20 for one in stratified_samples(strata, numbers)}


@st.composite
def small(draw):
    n = draw(st.integers(1, 5))
    predicted = np.array(draw(st.lists(coarse, min_size=n, max_size=n)))
    return predicted, np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))


@settings(deadline=None)
@given(small(), st.integers(1, 6))
def test_every_example_is_drawn_in_strata_and_as_often_as_is_told(audit, budget):
    predicted, flagged = audit
    orders = list(permutations(range(len(predicted))))
    often, told = Counter(), {}
    for order in orders:
        drawn, _, probability = in_strata(predicted, flagged, budget, Scripted(order=order))
        assert len(drawn) == min(budget, len(predicted))
        often.update(drawn.tolist())
        told |= dict(zip(drawn.tolist(), probability.tolist(), strict=True))
    assert set(often) == set(range(len(predicted)))
    for example, times in often.items():
        assert Fraction(told[example]).limit_denominator(5) == Fraction(times, len(orders))


@given(scored(), st.integers(1, 40), st.integers(0, 9))
def test_what_is_drawn_in_strata_stands_for_all(audit, budget, seed):
    rng = np.random.default_rng(seed)
    drawn, strata, probability = in_strata(*audit, budget, rng)
    assert len(set(drawn.tolist())) == min(budget, len(audit[0]))
    assert (1 / probability).sum() == pytest.approx(len(audit[0]))
    if budget > 1:  # and flagged ones for flagged ones
        assert not set(strata[audit[1][drawn]]) & set(strata[~audit[1][drawn]])


@given(st.integers(0, 2**32))
def test_strata_take_turns(seed):
    strata, numbers = np.repeat([0, 1, 2], [40, 30, 30]), np.array([8, 4, 2])
    drawn = strata[stratified_sample(strata, numbers, np.random.default_rng(seed))]
    for checked in range(len(drawn)):
        so_far = np.bincount(drawn[:checked], minlength=3)
        # every stratum's j-th comes within its j-th share of the way
        assert (np.ptp(so_far / numbers) <= 1 / numbers.min() + 1 / numbers).all()


def probabilities_by_hand(sizes, budget):
    """Take what comes out above 1 for certain, and share out the rest again, until none is."""
    certain = set()
    while True:
        rest = sum(size for i, size in enumerate(sizes) if i not in certain)
        found = [
            Fraction(1) if i in certain else (budget - len(certain)) * size / rest
            for i, size in enumerate(sizes)
        ]
        over = {i for i, p in enumerate(found) if p > 1} - certain
        if not over:
            return found
        certain |= over


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.data())
def test_probabilities_are_proportional_to_size_below_one(sizes, data):
    budget = data.draw(st.integers(1, len(sizes)))
    found = inclusion_probabilities(np.array(sizes, float), budget)
    expected = probabilities_by_hand(list(map(Fraction, sizes)), budget)
    np.testing.assert_allclose(found, np.array(expected, float))
    assert found.sum() == pytest.approx(budget)


def test_more_than_there_is_cannot_be_drawn():
    with pytest.raises(InputError, match="4 of 3 cannot be drawn; from 1 to all was expected"):
        inclusion_probabilities(np.ones(3), 4)


fractions = st.sampled_from([Fraction(k, 6) for k in range(1, 7)])


@settings(deadline=None)
@given(st.lists(fractions, min_size=1, max_size=5))
def test_the_pivotal_method_draws_each_example_with_its_own_probability(probabilities):
    chance = pivotal_tree(probabilities)
    for i, probability in enumerate(probabilities):
        assert sum(weight for one, weight in chance.items() if i in one) == probability
    floor = int(sum(probabilities))
    assert {len(one) for one in chance} <= {floor, floor + (sum(probabilities) != floor)}
    as_floats = np.array(probabilities, float)
    # who gathers a share of 1 may as well be drawn in one go, and that is what the program does
    scripts = pivotal_scripts(probabilities)
    assert {one: sum(weight for weight, _ in ways) for one, ways in scripts.items()} == chance
    for sample, ways in scripts.items():
        for _, script in ways:
            assert sorted(pivotal_sample(as_floats, Scripted(script)).tolist()) == list(sample)


@given(st.integers(0, 2**32), st.integers(1, 300))
def test_many_of_any_size_make_as_many_draws_as_are_wanted(seed, budget):
    rng = np.random.default_rng(seed)
    sizes = rng.choice([1e-6, 0.1, 1 / 3, 1.0, 40.0], 300) + 1e-3 * rng.random(300)
    drawn = pivotal_sample(inclusion_probabilities(sizes, budget), rng)
    assert len(drawn) == len(set(drawn.tolist())) == budget


def test_what_is_certain_is_drawn_and_what_is_impossible_is_not():
    drawn = pivotal_sample(np.array([1.0, 0.0, 0.5, 0.5]), np.random.default_rng(3))
    assert len(drawn) == 2
    assert set(drawn.tolist()) in ({0, 2}, {0, 3})
