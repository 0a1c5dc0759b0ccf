"""How often reviewers err, alone and together."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from errata.core.slips import Slips, concluded, slips_alike, slips_in_gold, slips_in_repeats

rates = st.sampled_from([0.0, 0.05, 0.2, 0.5])


@given(rates, rates, st.integers(1, 5), st.data())
def test_what_they_conclude_is_counted_over_all_that_they_may_say(alarm, miss, votes, data):
    threshold = data.draw(st.integers(1, votes))
    together = concluded(Slips(false_alarm=alarm, miss=miss), votes=votes, threshold=threshold)
    by_hand = [0.0, 0.0]
    for said in product([0, 1], repeat=votes):  # 1 confirms the label
        confirmed = sum(said)
        if confirmed < threshold:
            by_hand[0] += (1 - alarm) ** confirmed * alarm ** (votes - confirmed)
        else:
            by_hand[1] += miss**confirmed * (1 - miss) ** (votes - confirmed)
    assert together.false_alarm == pytest.approx(by_hand[0])
    assert together.miss == pytest.approx(by_hand[1])


@given(st.sampled_from([0.02, 0.1, 0.3]), st.sampled_from([0.02, 0.1, 0.3]), st.integers(1, 5))
def test_what_is_not_known_of_one_is_not_known_of_all_by_the_slope(alarm, miss, votes):
    threshold, step = votes // 2 + 1, 1e-6
    rule = {"votes": votes, "threshold": threshold}
    here, there = (
        concluded(Slips(false_alarm=alarm + more, miss=miss + more), **rule) for more in (0, step)
    )
    slope = (
        (there.false_alarm - here.false_alarm) / step,
        (there.miss - here.miss) / step,
    )
    expected = 0.04 * slope[0] ** 2, 0.01 * slope[0] * slope[1], 0.09 * slope[1] ** 2
    one = Slips(false_alarm=alarm, miss=miss, covariance=(0.04, 0.01, 0.09))
    assert concluded(one, **rule).covariance == pytest.approx(expected, rel=1e-3)


def of_examples(slip, votes, threshold, repeats):
    """Return the chance that two of the repeats disagree, and of rejecting a right label.

    The latter if they disagree, and if they do not. Up to three disagree in one way only.
    """
    chance = {True: 0.0, False: 0.0}
    rejected = {True: 0.0, False: 0.0}
    for said in product([0, 1], repeat=votes):  # 1 rejects
        weight = slip ** sum(said) * (1 - slip) ** (votes - sum(said))
        apart = len(set(said[:repeats])) == 2
        chance[apart] += weight
        rejected[apart] += weight * (votes - sum(said) < threshold)
    return chance[True], rejected[True] / chance[True], rejected[False] / chance[False]


def told_by(apart, examples, repeats):
    """Return what the repeats say where they disagree about so many examples."""
    rejected = np.zeros((examples, repeats), dtype=bool)
    rejected[:apart, 0] = True
    return slips_in_repeats(rejected)


rules = pytest.mark.parametrize(
    ("votes", "threshold", "repeats"), [(3, 2, 3), (3, 1, 3), (3, 3, 3), (2, 2, 2), (5, 3, 3)]
)


@rules
@pytest.mark.parametrize("slip", [0.05, 0.1])
def test_what_they_conclude_is_right_on_average_where_repeats_tell_of_one(
    votes, threshold, repeats, slip
):
    """Over all numbers of examples that they may disagree about."""
    rule, examples = {"votes": votes, "threshold": threshold}, 200
    apart, *_ = of_examples(slip, votes, threshold, repeats)
    truth = concluded(Slips(false_alarm=slip, miss=slip), **rule)
    mean = np.zeros(2)
    for count, chance in enumerate(binom.pmf(np.arange(examples), examples, apart)):
        if chance > 1e-12:
            told = concluded(told_by(count, examples, repeats), **rule)
            mean += chance * np.array([told.false_alarm, told.miss])
    assert mean == pytest.approx([truth.false_alarm, truth.miss], rel=0.01)


@rules
@pytest.mark.parametrize("slip", [0.05, 0.1])
def test_what_the_guess_adds_to_the_slips_it_is_reckoned_out_of(votes, threshold, repeats, slip):
    """The variance of rejected minus expected rejections of right labels, over all answers."""
    rule, examples = {"votes": votes, "threshold": threshold}, 400
    apart, if_apart, if_not = of_examples(slip, votes, threshold, repeats)
    counts = np.arange(examples)
    chances = binom.pmf(counts, examples, apart)
    counts, chances = counts[chances > 1e-12], chances[chances > 1e-12]
    told = [told_by(count, examples, repeats) for count in counts]
    guesses = np.array([concluded(one, **rule).false_alarm for one in told])
    means = counts * if_apart + (examples - counts) * if_not - examples * guesses
    spreads = counts * if_apart * (1 - if_apart) + (examples - counts) * if_not * (1 - if_not)
    variance = chances @ (spreads + means**2) - (chances @ means) ** 2
    alone = apart * if_apart + (1 - apart) * if_not
    of_slips = examples * alone * (1 - alone)
    # the variance of the guess of one, as it is, not as a sample tells it
    guess = np.array([one.false_alarm for one in told])
    known = chances @ guess**2 - (chances @ guess) ** 2
    one = Slips(false_alarm=slip, miss=slip, covariance=(known,) * 3)
    added = examples**2 * concluded(one, **rule, repeats=repeats).covariance[0]
    assert of_slips + added == pytest.approx(variance, abs=0.03 * (of_slips + abs(added)))


def test_a_slip_never_seen_adds_what_is_not_known_of_it():
    one = slips_in_repeats(np.zeros((100, 3), dtype=bool))
    rule = {"votes": 3, "threshold": 2}
    assert concluded(one, **rule, repeats=3) == concluded(one, **rule)
    assert concluded(one, **rule).false_alarm == 0


def test_gold_of_one_kind_speaks_for_the_other():
    both = slips_in_gold(1, 20, 3, 30)
    assert both.covariance[1] == 0
    only = slips_in_gold(0, 0, 3, 30)
    assert only.false_alarm == only.miss == both.miss
    assert slips_in_gold(1, 20, 0, 0).miss == both.false_alarm


@pytest.mark.parametrize("slip", [0.0, 0.02, 0.05, 0.2])
@pytest.mark.parametrize("votes", [2, 3, 5])
def test_repeats_tell_how_often_reviewers_err(slip, votes):
    rng = np.random.default_rng([votes, int(100 * slip)])
    wrong = rng.random(400) < 0.1
    found = []
    for _ in range(300):
        one = slips_in_repeats(wrong[:, np.newaxis] ^ (rng.random((400, votes)) < slip))
        found.append((one.false_alarm, one.covariance[0]))
    estimates, variances = np.array(found).T
    assert estimates.mean() == pytest.approx(slip, abs=4 * estimates.std() / np.sqrt(300) + 1e-9)
    if slip:
        assert np.sqrt(variances.mean()) == pytest.approx(estimates.std(), rel=0.15)


@given(st.integers(2, 4), st.integers(2, 30), st.integers(0, 2**32))
def test_repeats_are_read_the_same_whoever_answered_first(votes, examples, seed):
    rng = np.random.default_rng(seed)
    rejected = rng.random((examples, votes)) < 0.2
    turned = slips_in_repeats(~rejected[:, ::-1])
    assert slips_in_repeats(rejected) == turned


@given(st.integers(2, 6), st.integers(2, 50), st.integers(0, 1))
def test_of_few_disagreements_slips_are_known_no_better_than_of_half_of_one(votes, examples, apart):
    rejected = np.zeros((examples, votes), dtype=bool)
    rejected[:apart, 0] = True
    told = slips_in_repeats(rejected)
    if told is not None:
        # the variance of D is that of half a disagreement at least, and dq/dD one half at least
        assert told.covariance[0] >= (1 / 2) ** 2 * (1 / 2) / examples**2


def test_people_who_guess_tell_nothing():
    rng = np.random.default_rng(0)
    assert slips_in_repeats(rng.random((50, 3)) < 0.5) is None
    assert slips_in_repeats(np.zeros((1, 3), dtype=bool)) is None
    assert slips_in_repeats(np.zeros((9, 1), dtype=bool)) is None


def split_chance(votes, slip):
    """Return the chance that two or more say one thing and two or more the other, by counting."""
    return sum(
        slip ** sum(said) * (1 - slip) ** (votes - sum(said))
        for said in product([0, 1], repeat=votes)
        if 2 <= sum(said) <= votes - 2
    )


@given(st.integers(4, 6), st.integers(1, 40), st.integers(0, 2**32), rates)
def test_so_many_split_examples_are_expected_as_disagreements_make_likely(
    votes, examples, seed, slip
):
    rejected = np.random.default_rng(seed).random((examples, votes)) < slip
    told = slips_alike(rejected)
    split = [row for row in rejected.tolist() if 2 <= sum(row) <= votes - 2]
    pairs = [row[i] != row[j] for row in rejected.tolist() for i in range(votes) for j in range(i)]
    q = (1 - np.sqrt(max(1 - 2 * np.mean(pairs), 0))) / 2
    share = split_chance(votes, q)
    tail = sum(
        comb(examples, k) * share**k * (1 - share) ** (examples - k)
        for k in range(len(split), examples + 1)
    )
    assert (told.examples, told.found) == (examples, len(split))
    assert told.expected == pytest.approx(examples * share, abs=1e-9)
    assert told.chance == pytest.approx(tail, abs=1e-9)


@pytest.mark.parametrize("votes", [4, 5, 7])
@pytest.mark.parametrize("slip", [0.02, 0.1, 0.3])
def test_examples_that_are_alike_are_seldom_taken_for_unlike(votes, slip):
    rng = np.random.default_rng([votes, int(100 * slip)])
    wrong = rng.random(300) < 0.1
    called = [
        not slips_alike(wrong[:, np.newaxis] ^ (rng.random((300, votes)) < slip)).alike
        for _ in range(400)
    ]
    # more than 9 in 400 would come up once in 130, were it wrong as often as it may be
    assert sum(called) <= 9


def test_hard_examples_make_reviewers_err_together_more_than_disagreement_says():
    """One in ten is hard: both numbers come out too small, and the test sees it."""
    rng = np.random.default_rng(0)
    hard, rule = rng.random(600) < 0.1, {"votes": 5, "threshold": 3}
    chances = np.where(hard, 0.35, 0.02)
    truth = binom.sf(2, 5, chances).mean()
    seen, told = [], []
    for _ in range(60):
        votes = rng.random((600, 5)) < chances[:, np.newaxis]
        seen.append(not slips_alike(votes).alike)
        told.append(slips_in_repeats(votes))
    one = np.mean([each.false_alarm for each in told])
    spread = 2 * chances.mean() * (1 - chances.mean()) - 2 * chances.var()
    assert one == pytest.approx((1 - np.sqrt(1 - 2 * spread)) / 2, rel=0.02)
    assert one < 0.9 * chances.mean()
    together = [concluded(each, **rule, repeats=5).false_alarm for each in told]
    assert np.mean(together) < truth / 10
    assert np.mean(seen) == 1


def test_few_votes_do_not_tell_whether_examples_are_alike():
    assert slips_alike(np.zeros((50, 3), dtype=bool)) is None
    assert slips_alike(np.zeros((0, 5), dtype=bool)) is None
    assert slips_alike(np.zeros((50, 4), dtype=bool)).alike
