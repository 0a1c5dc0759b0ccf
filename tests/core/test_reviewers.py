import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta as beta_distribution
from scipy.stats import binomtest, norm

from crowds import coins, simulated
from errata.core.aggregation import one_coin
from errata.core.consensus import VOTED
from errata.core.reviewers import (
    NOT_GOLD,
    estimated_accuracy,
    given_rate,
    gold_accuracy,
    median_times,
    order_bias,
    shared_agreement,
)
from errata.errors import InputError, VoteError

N = 4
votes = st.lists(
    st.tuples(
        st.integers(0, N - 1),
        st.integers(0, len(VOTED) - 1),
        st.integers(NOT_GOLD, 3),
        st.booleans(),
        st.sampled_from([math.nan, 0.5, 2.0, 7.25]),
    ),
    max_size=20,
)


def columns(rows):
    reviewers, answers, gold, first, seconds = zip(*rows, strict=True) if rows else [()] * 5
    return (
        np.array(reviewers, dtype=np.int16),
        np.array(answers, dtype=np.int64),
        np.array(gold, dtype=np.int64),
        np.array(first, dtype=bool),
        np.array(seconds, dtype=float),
    )


def of_each(rows):
    return [[row for row in rows if row[0] == reviewer] for reviewer in range(N)]


@given(votes)
def test_accuracy_on_gold_counts_gold_alone(rows):
    reviewers, answers, gold, _, _ = columns(rows)
    found = gold_accuracy(reviewers, answers, gold, n_reviewers=N)
    for reviewer, mine in enumerate(of_each(rows)):
        known = [(answer, right) for _, answer, right, _, _ in mine if right != NOT_GOLD]
        assert found.of[reviewer] == len(known)
        assert found.hits[reviewer] == sum(answer == right for answer, right in known)


@given(votes)
def test_the_given_rate_is_the_share_of_answers_that_leave_the_label(rows):
    reviewers, answers, *_ = columns(rows)
    found = given_rate(reviewers, answers, n_reviewers=N)
    for reviewer, mine in enumerate(of_each(rows)):
        hits = sum(VOTED[answer] == "given" for _, answer, *_ in mine)
        assert (found.hits[reviewer], found.of[reviewer]) == (hits, len(mine))
        if mine:
            assert found.share[reviewer] == hits / len(mine)
        else:
            assert np.isnan(found.share[reviewer])


@given(votes)
def test_order_bias_counts_the_answers_that_choose_a_panel(rows):
    reviewers, answers, _, first, _ = columns(rows)
    found = order_bias(reviewers, answers, first, n_reviewers=N)
    for reviewer, mine in enumerate(of_each(rows)):
        chosen = [
            ("given" if given_first else "suggested") == VOTED[answer]
            for _, answer, _, given_first, _ in mine
            if VOTED[answer] in {"given", "suggested"}
        ]
        assert (found.hits[reviewer], found.of[reviewer]) == (sum(chosen), len(chosen))
        p_value = binomtest(sum(chosen), len(chosen)).pvalue if chosen else 1
        assert found.p_value[reviewer] == pytest.approx(p_value, rel=1e-9)


@pytest.mark.parametrize(("hits", "of"), [(0, 7), (3, 7), (4, 8), (900, 1000), (5200, 10_000)])
def test_the_test_of_order_is_the_exact_one_for_many_answers_too(hits, of):
    answers = np.array([0] * hits + [1] * (of - hits))
    found = order_bias(np.zeros(of, int), answers, np.ones(of, bool))
    assert found.p_value[0] == pytest.approx(binomtest(hits, of).pvalue, rel=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from([0.5, 0.9, 0.95]))
def test_an_end_of_the_interval_is_a_share_that_the_hits_just_contradict(hits, misses, confidence):
    of = hits + misses
    answers = np.array([0] * hits + [1] * misses, dtype=int)
    found = given_rate(np.zeros(of, int), answers, n_reviewers=1, confidence=confidence)
    low, high = found.low[0], found.high[0]
    if of == 0:
        assert (low, high) == (0, 1)
        return
    z = norm.ppf((1 + confidence) / 2)
    for end in (low, high):
        distance = z * math.sqrt(end * (1 - end) / of)
        assert abs(hits / of - end) == pytest.approx(distance, abs=1e-9)
    assert low <= hits / of <= high
    assert (low == 0) == (hits == 0)
    assert (high == 1) == (misses == 0)


@given(votes)
def test_the_median_is_of_the_times_that_are_known(rows):
    reviewers, *_, seconds = columns(rows)
    found = median_times(reviewers, seconds, n_reviewers=N)
    for reviewer, mine in enumerate(of_each(rows)):
        known = [row[-1] for row in mine if not math.isnan(row[-1])]
        if known:
            assert found[reviewer] == statistics.median(known)
        else:
            assert np.isnan(found[reviewer])


@given(votes, st.randoms(use_true_random=False))
def test_the_order_of_the_votes_does_not_matter(rows, random):
    other = random.sample(rows, len(rows))
    for one, two in zip(everything(rows), everything(other), strict=True):
        np.testing.assert_array_equal(one, two)


def everything(rows):
    reviewers, answers, gold, first, seconds = columns(rows)
    accuracy = gold_accuracy(reviewers, answers, gold, n_reviewers=N)
    rate = given_rate(reviewers, answers, n_reviewers=N)
    bias = order_bias(reviewers, answers, first, n_reviewers=N)
    times = median_times(reviewers, seconds, n_reviewers=N)
    return accuracy.low, accuracy.high, rate.low, rate.high, bias.p_value, times


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(VoteError, match="2 reviewers and 1 answers, but a vote is one of each"):
        given_rate(np.array([0, 1]), np.array([0]))
    with pytest.raises(VoteError, match=r"reviewers\[1\] is -1, but they are numbered from 0 on"):
        median_times(np.array([0, -1]), np.array([1.0, 2.0]))
    with pytest.raises(VoteError, match=r"reviewers\[0\] is 3, but n_reviewers is 2, so revie"):
        given_rate(np.array([3]), np.array([0]), n_reviewers=2)
    with pytest.raises(InputError, match="confidence is 1.5; between 0 and 1"):
        given_rate(np.array([0]), np.array([0]), confidence=1.5)


ballots = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, N - 1), st.integers(0, 2)),
    max_size=20,
    unique_by=lambda ballot: ballot[:2],
)


@given(ballots)
def test_agreement_is_counted_over_all_pairs_of_votes_on_an_item(rows):
    items, reviewers, answers = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found = shared_agreement(items, reviewers, answers, n_reviewers=N)
    for reviewer in range(N):
        met = [
            answer == other
            for item, who, answer in rows
            if who == reviewer
            for same, whose, other in rows
            if same == item and whose != reviewer
        ]
        if met:
            assert found[reviewer] == sum(met) / len(met)
        else:
            assert np.isnan(found[reviewer])


def test_the_estimated_accuracy_is_the_quality_of_the_model_it_comes_from():
    _, items, reviewers, answers = simulated(3, coins([0.9, 0.8, 0.6, 0.7], 4), 200, 3)
    fit = one_coin(items, reviewers, answers, tolerance=1e-10, max_iterations=5000)
    found = estimated_accuracy(items, reviewers, answers, fit.posterior)
    np.testing.assert_allclose(found.accuracy, fit.quality, atol=1e-8)


def test_an_interval_of_accuracy_holds_the_truth_about_as_often_as_it_says():
    held = []
    for seed in range(10):
        rates = np.random.default_rng(seed).uniform(0.5, 0.95, 20)
        _, items, reviewers, answers = simulated(seed, coins(rates, 5), 300, 5)
        fit = one_coin(items, reviewers, answers, n_reviewers=20)
        found = estimated_accuracy(items, reviewers, answers, fit.posterior)
        held += ((found.low <= rates) & (rates <= found.high)).tolist()
    assert 0.88 < np.mean(held) < 0.99


def test_who_has_no_vote_is_as_good_as_the_prior_says():
    found = estimated_accuracy(
        *np.zeros((3, 1), int), np.eye(2), right=3, wrong=1, n_reviewers=2, confidence=0.9
    )
    beta = beta_distribution(4, 2)
    assert found.accuracy[1] == 3 / 4
    assert (found.low[1], found.high[1]) == pytest.approx((beta.ppf(0.05), beta.ppf(0.95)))
