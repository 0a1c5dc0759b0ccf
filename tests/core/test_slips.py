"""How often reviewers err, alone and together."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.core.slips import Slips, concluded, slips_in_gold, slips_in_repeats

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
    one = Slips(false_alarm=alarm, miss=miss, covariance=(0.04, 0.01, 0.09))
    more = Slips(false_alarm=alarm + step, miss=miss + step)
    rule = {"votes": votes, "threshold": threshold}
    here, there = concluded(one, **rule), concluded(more, **rule)
    slope = (
        (there.false_alarm - here.false_alarm) / step,
        (there.miss - here.miss) / step,
    )
    expected = 0.04 * slope[0] ** 2, 0.01 * slope[0] * slope[1], 0.09 * slope[1] ** 2
    assert here.covariance == pytest.approx(expected, rel=1e-3)


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


def test_people_who_guess_tell_nothing():
    rng = np.random.default_rng(0)
    assert slips_in_repeats(rng.random((50, 3)) < 0.5) is None
    assert slips_in_repeats(np.zeros((1, 3), dtype=bool)) is None
    assert slips_in_repeats(np.zeros((9, 1), dtype=bool)) is None
