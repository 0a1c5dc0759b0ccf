"""How many labels are wrong, from checked ones that were drawn by chance."""

from fractions import Fraction
from itertools import combinations, pairwise, product
from math import comb, prod

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import binom, norm

from drawing import pivotal_tree, stratified_samples
from errata.core.error_rate import (
    Design,
    Draw,
    _levels,
    estimate_errors,
    expected_errors,
    groups_of,
    sampled_errors,
)
from errata.core.sampling import cut_strata, in_strata, stratified_sample
from errata.core.slips import NO_SLIPS, Slips
from errata.errors import InputError


def chance(found, checked, population, errors):
    """Return the probability of ``found`` errors in the sample, exactly."""
    ways = comb(errors, found) * comb(population - errors, checked - found)
    return Fraction(ways, comb(population, checked))


def by_hand(found, checked, population, tail):
    """Every number of errors that neither tail of the distribution contradicts."""
    kept = []
    for errors in range(population + 1):
        more = sum(chance(x, checked, population, errors) for x in range(found, checked + 1))
        fewer = sum(chance(x, checked, population, errors) for x in range(found + 1))
        if more > tail and fewer > tail:
            kept.append(errors)
    return kept


@st.composite
def samples(draw):
    population = draw(st.integers(1, 40))
    checked = draw(st.integers(1, population))
    return draw(st.integers(0, checked)), checked, population


@given(samples(), st.sampled_from([(0.95, Fraction(1, 40)), (0.8, Fraction(1, 10))]))
def test_the_interval_holds_what_the_sample_does_not_contradict(sample, level):
    confidence, tail = level
    kept = by_hand(*sample, tail)
    assert sampled_errors(*sample, confidence=confidence) == (kept[0], kept[-1])
    assert kept == list(range(kept[0], kept[-1] + 1)), "no gaps"


@pytest.mark.parametrize("errors", [0, 1, 7, 30, 59, 60])
def test_the_interval_covers_the_truth_as_often_as_it_says(errors):
    covered = Fraction(0)
    for found in range(max(0, 20 - (60 - errors)), min(20, errors) + 1):
        low, high = sampled_errors(found, 20, 60)
        if low <= errors <= high:
            covered += chance(found, 20, 60, errors)
    assert covered >= Fraction(95, 100)


def test_a_chance_that_equals_the_tail_contradicts():
    assert chance(1, 1, 10, 1) == Fraction(1, 10)
    assert sampled_errors(1, 1, 10, confidence=0.8) == (2, 10)


def test_whoever_checks_everything_knows():
    assert sampled_errors(7, 100, 100) == (7, 7)


@pytest.mark.parametrize("numbers", [(-1, 5, 9), (6, 5, 9), (3, 10, 9), (0, 0, 9)])
def test_numbers_that_do_not_fit_are_refused(numbers):
    with pytest.raises(InputError, match="each was expected to be at most the next"):
        sampled_errors(*numbers)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_is_between_0_and_1(confidence):
    with pytest.raises(InputError, match=r"confidence is .*; between 0 and 1 was expected"):
        sampled_errors(1, 2, 3, confidence=confidence)


def test_counts_of_numpys_give_whole_numbers_of_pythons():
    low, high = sampled_errors(*map(np.int64, (3, 10, 100)))
    assert (type(low), type(high)) == (int, int)


# ---------------------------------------------------------------- from any draws


def draw_of(sample, wrong, strata, numbers):
    """Return a draw of so many of each stratum."""
    sample, sizes = np.array(sample, dtype=int), np.bincount(strata, minlength=len(numbers))
    return Draw(
        examples=sample,
        wrong=wrong[sample],
        probability=(numbers / sizes)[strata[sample]],
        stratum=strata[sample],
    )


@st.composite
def populations(draw, most=7):
    n = draw(st.integers(2, most))
    strata = np.sort(np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))))
    strata = np.unique_inverse(strata).inverse_indices
    sizes = np.bincount(strata)
    numbers = np.array([draw(st.integers(min(2, size), size)) for size in sizes])
    wrong = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    predicted = draw(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9]), min_size=n, max_size=n))
    return wrong, np.array(predicted), strata, numbers


@settings(deadline=None)
@given(populations(), st.data())
def test_groups_that_are_known_beforehand_change_nothing(population, data):
    wrong, predicted, strata, numbers = population
    samples = list(stratified_samples(strata, numbers))
    draw = draw_of(data.draw(st.sampled_from(samples)), wrong, strata, numbers)
    rest = [one for one in range(len(wrong)) if one not in draw.examples]
    unknown = np.array(rest[: data.draw(st.integers(0, len(rest)))], dtype=int)
    told = estimate_errors([draw], predicted, unknown=unknown, groups=groups_of(predicted))
    assert told == estimate_errors([draw], predicted, unknown=unknown)


@settings(deadline=None)
@given(populations(), st.sampled_from([0.0, 0.7, 1.0]))
def test_the_estimate_is_right_on_average_over_all_samples(population, control):
    wrong, predicted, strata, numbers = population
    found = [
        estimate_errors([draw_of(one, wrong, strata, numbers)], predicted, control=control)
        for one in stratified_samples(strata, numbers)
    ]
    assert np.mean([one.estimate for one in found]) == pytest.approx(wrong.sum())


@settings(deadline=None)
@given(populations(), st.sampled_from([0.0, 1.0]))
def test_the_standard_error_is_right_on_average_over_all_samples(population, control):
    wrong, predicted, strata, numbers = population
    found = [
        estimate_errors([draw_of(one, wrong, strata, numbers)], predicted, control=control)
        for one in stratified_samples(strata, numbers)
    ]
    variance = np.mean([(one.estimate - wrong.sum()) ** 2 for one in found])
    assert np.mean([one.standard_error**2 for one in found]) == pytest.approx(variance, abs=1e-12)


LONE = [((3, 3), (1, 2)), ((2, 3), (1, 1)), ((2, 2, 3), (1, 2, 2)), ((3, 1, 3), (1, 1, 2))]
"""How many each stratum has, and how many are drawn of it: of one or more, one alone."""


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(LONE), st.data())
def test_of_one_example_of_a_stratum_the_standard_error_is_too_large_at_worst(cut, data):
    """On average over all samples, and but for the part that is drawn of these strata."""
    sizes, numbers = map(np.array, cut)
    strata = np.repeat(np.arange(len(sizes)), sizes)
    n, left_open = len(strata), 1 - numbers / sizes
    wrong = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    found = [
        estimate_errors([draw_of(one, wrong, strata, numbers)], np.full(n, 0.1), control=0.0)
        for one in stratified_samples(strata, numbers)
    ]
    variance = np.mean([(one.estimate - wrong.sum()) ** 2 for one in found])
    told = np.mean([one.standard_error**2 for one in found])
    assert told >= left_open[left_open > 0].min() * variance - 1e-12


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 40), st.integers(1, 60), st.integers(0, 30), st.data())
def test_a_simple_random_sample_does_the_work_of_itself(checked, more, unknown, data):
    """And what nobody tells of is as often wrong, and makes it neither more nor less sure."""
    found = data.draw(st.integers(1, checked - 1))
    n = checked + more
    draw = Draw(
        examples=np.arange(checked),
        wrong=np.arange(checked) < found,
        probability=np.full(checked, checked / n),
        stratum=np.zeros(checked, dtype=int),
    )
    nobodys = n + np.arange(unknown)
    told = estimate_errors([draw], np.full(n + unknown, 0.1), unknown=nobodys)
    alone = estimate_errors([draw], np.full(n, 0.1))
    assert told.standard_error == pytest.approx(alone.standard_error)
    assert told.random_sample == pytest.approx(alone.random_sample)
    assert told.random_sample == pytest.approx(checked, rel=0.2, abs=2)  # Wilson's is not this one
    assert told.estimate == pytest.approx((n + unknown) * found / checked, rel=1e-4)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sampled_from([Fraction(k, 4) for k in (1, 2, 3, 4)]), min_size=2, max_size=5),
    st.data(),
)
def test_it_is_right_on_average_with_unequal_probabilities(probabilities, data):
    n = len(probabilities)
    wrong = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    predicted, as_floats = np.linspace(0.1, 0.6, n), np.array(probabilities, float)
    mean = 0.0
    for sample, weight in pivotal_tree(probabilities).items():
        chosen = np.array(sample, dtype=int)
        draw = Draw(
            examples=chosen,
            wrong=wrong[chosen],
            probability=as_floats[chosen],
            stratum=np.zeros(len(chosen), dtype=int),
        )
        chance = float(weight)
        if len(chosen):
            mean += chance * estimate_errors([draw], predicted, control=0.5).estimate
        else:  # nothing is drawn: what is predicted is all there is
            mean += chance * 0.5 * predicted.sum()
    assert mean == pytest.approx(wrong.sum())


@settings(deadline=None, max_examples=40)
@given(populations(most=6), st.booleans(), st.sampled_from([1.0, 0.25, 3.0]))
def test_a_second_draw_may_depend_on_what_the_first_found(population, census, worth):
    """The first draw checks two; the second looks where errors were, or elsewhere."""
    wrong, predicted, *_ = population
    n = len(wrong)
    one_stratum = np.zeros(n, dtype=int)
    totals = []
    for sample in stratified_samples(one_stratum, np.array([2])):
        first = draw_of(sample, wrong, one_stratum, np.array([2]))
        if census and first.wrong.any():  # the next two of the list, for certain
            rest = np.setdiff1d(np.arange(n), sample)[:2]
            taken = Draw(
                examples=rest,
                wrong=wrong[rest],
                probability=None,
                stratum=np.zeros(len(rest), dtype=int),
            )
            totals.append(estimate_errors([first, taken], predicted, control=1.0).estimate)
            continue
        rest = np.setdiff1d(np.arange(n), sample)
        size = min(len(rest), 1 if first.wrong.any() else 2)
        if size == 0:
            totals.append(estimate_errors([first], predicted, control=1.0).estimate)
            continue
        second = []
        for chosen in stratified_samples(np.zeros(len(rest), dtype=int), np.array([size])):
            later = Draw(
                examples=rest[chosen],
                wrong=wrong[rest[chosen]],
                probability=np.full(size, size / len(rest)),
                stratum=np.zeros(size, dtype=int),
                worth=worth,
            )
            # weights must not depend on the first votes, so both totals are looked at apart
            both = estimate_errors([first, later], predicted, control=1.0).estimate
            alone = estimate_errors([first], predicted, control=1.0).estimate
            weight = size * worth
            second.append(((2 + weight) * both - 2 * alone) / weight)
        assert np.mean(second) == pytest.approx(wrong.sum()), "given whatever came first"
        totals.append(estimate_errors([first], predicted, control=1.0).estimate)
    assert np.mean(totals) == pytest.approx(wrong.sum())


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9]), min_size=6, max_size=6),
    st.sampled_from([0.0, 0.7, 1.0]),
    st.booleans(),
)
def test_of_a_plan_checked_in_part_what_is_checked_stands_for_the_rest(
    wrong, predicted, control, census
):
    """Of 6, a plan holds 3 of which 2 are checked; the next draws 2 of what that one left."""
    wrong, predicted, everything = np.array(wrong), np.array(predicted), np.arange(6)
    found = []
    # a census holds the same 3 always
    for held in combinations(range(6), 3) if not census else [(0, 1, 2)]:
        rest = np.setdiff1d(everything, held)
        for first, second in product(combinations(held, 2), combinations(rest.tolist(), 2)):
            draws = [
                Draw(
                    examples=np.array(rows),
                    wrong=wrong[list(rows)],
                    probability=probability,
                    stratum=np.zeros(2, dtype=int),
                    stands_for=np.full(2, stands_for),
                )
                for rows, probability, stands_for in (
                    (first, None if census else np.full(2, 1 / 3), 1.5),
                    (second, np.full(2, 2 / 3), 1.0),
                )
            ]
            found.append(estimate_errors(draws, predicted, control=control))
    assert np.mean([one.estimate for one in found]) == pytest.approx(wrong.sum())
    variance = np.mean([(one.estimate - wrong.sum()) ** 2 for one in found])
    assert np.mean([one.standard_error**2 for one in found]) == pytest.approx(variance, abs=1e-12)


@settings(deadline=None, max_examples=10)
@given(
    st.lists(st.booleans(), min_size=5, max_size=5),
    st.sampled_from([0.0, 0.7]),
    st.booleans(),
)
def test_there_slips_add_to_the_variance_once(wrong, control, census):
    """Of 5, a plan holds 3 of which 2 are checked; the next draws one of the two left."""
    wrong, predicted = np.array(wrong), np.array([0.0, 0.1, 0.5, 0.9, 0.9])
    slips = Slips(false_alarm=0.1, miss=0.1)
    errors, variances, chances = [], [], []
    for held in combinations(range(5), 3) if not census else [(0, 1, 2)]:
        rest = np.setdiff1d(np.arange(5), held)
        for first, said in product(combinations(held, 2), product([False, True], repeat=4)):
            rows = np.array([*first, *rest])
            draws = [
                Draw(
                    examples=some,
                    wrong=np.array(said)[places],
                    probability=probability,
                    stratum=np.zeros(2, dtype=int),
                    stands_for=np.full(2, stands_for),
                )
                for some, places, probability, stands_for in (
                    (rows[:2], [0, 1], None if census else np.full(2, 2 / 5), 1.5),
                    (rows[2:], [2, 3], np.ones(2), 1.0),
                )
            ]
            design = Design(draws, predicted, slips)
            errors.append(design.total(control) - wrong.sum())
            variances.append(design.variance(control))
            chances.append(np.where(np.array(said) == wrong[rows], 0.9, 0.1).prod())
    assert np.average(errors, weights=chances) == pytest.approx(0, abs=1e-12)
    variance = np.average(np.square(errors), weights=chances)
    assert np.average(variances, weights=chances) == pytest.approx(variance)


@settings(deadline=None, max_examples=25)
@given(populations(most=4), st.sampled_from([(0.1, 0.2), (0.0, 0.3)]))
def test_slips_are_reckoned_out_on_average(population, rates):
    wrong, predicted, strata, numbers = population
    alarm, miss = rates
    slips = Slips(false_alarm=alarm, miss=miss)
    means = []
    for sample in stratified_samples(strata, numbers):
        truth, mean = wrong[sample], 0.0
        for said in product([False, True], repeat=len(sample)):
            right = np.array(said) == truth
            slip = np.where(truth, miss, alarm)
            chance = float(np.where(right, 1 - slip, slip).prod())
            answered = wrong.copy()
            answered[sample] = said
            draw = draw_of(sample, answered, strata, numbers)
            if chance:
                mean += (
                    chance * estimate_errors([draw], predicted, slips=slips, control=1.0).estimate
                )
        means.append(mean)
    assert np.mean(means) == pytest.approx(wrong.sum())


def sample_of_many(seed, n=2000, size=60, rate=0.1):
    """Return a draw from examples whose errors the scores foretell, roughly."""
    rng = np.random.default_rng(seed)
    predicted = rng.beta(0.5, 0.5 / rate, n)
    wrong = rng.random(n) < predicted
    drawn = rng.permutation(n)[:size]
    strata = (predicted > np.quantile(predicted, 0.8)).astype(int)
    numbers = np.bincount(strata[drawn], minlength=2)
    return wrong, predicted, draw_of(drawn, wrong, strata, numbers)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32))
def test_more_confidence_is_a_wider_interval_around_the_estimate(seed):
    _, predicted, draw = sample_of_many(seed)
    each = [estimate_errors([draw], predicted, confidence=level) for level in (0.5, 0.9, 0.99)]
    for narrow, wide in pairwise(each):
        assert wide.low <= narrow.low <= max(narrow.estimate, narrow.found)
        assert narrow.estimate <= narrow.high <= wide.high


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32))
def test_right_and_wrong_may_change_places(seed):
    _, predicted, draw = sample_of_many(seed)
    one = estimate_errors([draw], predicted)
    turned = Draw(
        examples=draw.examples,
        wrong=~draw.wrong,
        probability=draw.probability,
        stratum=draw.stratum,
    )
    other = estimate_errors([turned], 1 - predicted)
    assert other.estimate == pytest.approx(2000 - one.estimate)
    assert other.standard_error == pytest.approx(one.standard_error)
    # groups of examples are cut from the other end, so the intervals are alike, not equal
    assert (2000 - other.high, 2000 - other.low) == pytest.approx((one.low, one.high), rel=0.1)


def spread_by_hand(draw, values):
    """Return the textbook variance of a stratified sample: sum of N^2 (1 - m / N) s^2 / m."""
    total = 0.0
    for stratum in np.unique(draw.stratum):
        own = values[draw.stratum == stratum]
        drawn, size = len(own), len(own) / draw.probability[draw.stratum == stratum][0]
        if drawn > 1:
            total += size**2 * (1 - drawn / size) * own.var(ddof=1) / drawn
    return total


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([-0.2, -0.01, 0.01, 0.2]))
def test_the_control_leaves_the_least_spread_of_what_is_expected(seed, off):
    _, predicted, draw = sample_of_many(seed)
    control = estimate_errors([draw], predicted).control
    expected = expected_errors([draw], predicted)[draw.examples]
    f = predicted[draw.examples]
    assert 0 <= control <= 1
    least = spread_by_hand(draw, expected - control * f)
    other = min(max(control + off, 0), 1)
    assert least <= spread_by_hand(draw, expected - other * f) * (1 + 1e-9)


def test_one_error_among_unlikely_ones_blows_up_no_others():
    """Half of what somebody else doubted is wrong, too, which the guesses do not foretell."""
    n, rng = 2000, np.random.default_rng(2)
    high = rng.random(n) < 0.05
    predicted, doubted = np.where(high, 0.99, rng.uniform(1e-4, 0.02, n)), np.arange(80)
    census = Draw(
        examples=doubted, wrong=doubted % 2 == 0, probability=None, stratum=np.zeros(80, dtype=int)
    )
    sample = Draw(
        examples=80 + rng.permutation(np.flatnonzero(~high[80:]))[:20],
        wrong=np.arange(20) < 1,
        probability=np.full(20, 20 / (n - 80)),
        stratum=np.zeros(20, dtype=int),
    )
    found = estimate_errors([census, sample], predicted)
    assert found.estimate < 2 * (40 + np.count_nonzero(high[80:]))


@pytest.mark.parametrize("errors", [[7, 8], [2, 8]])
def test_the_control_follows_no_single_error(errors):
    """One tuned to the errors that were found leans against them, and is less steady."""
    n, size = 9, 3
    predicted, wrong = np.linspace(0.02, 0.5, n), np.isin(np.arange(n), errors)
    strata, ours, tuned = np.zeros(n, dtype=int), [], []
    for sample in stratified_samples(strata, np.array([size])):
        draw = draw_of(sample, wrong, strata, np.array([size]))
        ours.append(estimate_errors([draw], predicted).estimate)
        e, f = draw.wrong.astype(float), predicted[draw.examples]
        by_sample = max(np.cov(e, f)[0, 1] / f.var(ddof=1), 0)
        tuned.append(n * (e - by_sample * f).mean() + by_sample * predicted.sum())
    assert abs(np.mean(ours) - 2) < abs(np.mean(tuned) - 2) / 3
    assert np.std(ours) < np.std(tuned)


def test_scores_that_are_all_alike_steady_nothing():
    _, predicted, draw = sample_of_many(3)
    assert estimate_errors([draw], np.full_like(predicted, 0.1)).control == 0


def test_the_interval_is_as_wide_as_the_estimate_varies_where_scores_tell_more_than_they_say():
    """Errors grow twice as fast with the logit of the scores as these say; drawn in strata."""
    width, sd = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        predicted = rng.beta(0.4, 1.2, 5000)
        wrong = rng.random(5000) < expit(-1.5 + 2 * logit(predicted))
        strata = cut_strata(predicted, np.zeros(5000, dtype=bool), count=10)
        sizes = np.bincount(strata)
        within = [wrong[strata == one].var(ddof=1) for one in range(10)]
        numbers = np.full(10, 20)
        sd.append(np.sqrt((sizes**2 * (1 - numbers / sizes) / numbers * within).sum()))
        draw = draw_of(stratified_sample(strata, numbers, rng), wrong, strata, numbers)
        found = estimate_errors([draw], predicted)
        width.append(found.high - found.low)
    # not narrower; a little wider, as what the scores tell is learnt from the sample, too
    assert 0.97 < np.mean(width) / (2 * norm.isf(0.025) * np.mean(sd)) < 1.1


def test_no_errors_found_leaves_room_for_some():
    draw = Draw(
        examples=np.arange(300),
        wrong=np.zeros(300, dtype=bool),
        probability=np.full(300, 0.01),
        stratum=np.zeros(300, dtype=int),
    )
    found = estimate_errors([draw], np.full(30_000, 0.02))
    assert found.estimate == found.low == 0
    # of more than some 3.7 in 300, one would have been seen 39 times in 40 (Clopper and Pearson)
    assert 300 < found.high < 370


def test_the_interval_is_that_of_a_two_sided_test():
    """At its ends, an estimate as far off comes up as often as it says; by plain enumeration."""
    n, size = 400, 8
    draw = Draw(
        examples=np.arange(size),
        wrong=np.arange(size) < 2,
        probability=np.full(size, size / n),
        stratum=np.zeros(size, dtype=int),
    )
    found = estimate_errors([draw], np.full(n, 0.2), confidence=0.9)
    assert found.estimate == 100
    for end in (found.low, found.high):
        p, chance = end / n, 0.0
        rest = np.sqrt((n - size) * p * (1 - p) + 0.25)
        for seen in range(size + 1):
            weight = comb(size, seen) * p**seen * (1 - p) ** (size - seen)
            middle = seen * (n / size - 1) - (n - size) * p  # the mean of what the error is then
            far = abs(100 - end)
            chance += weight * (norm.sf(far, middle, rest) + norm.cdf(-far, middle, rest))
        assert chance == pytest.approx(0.1, abs=2e-3)


def most_likely(total, sizes, scores, wrong, checked):
    """Return the rates that make a sample most likely, by trying every slope and share missed."""

    def rates(slope):
        def over(level):
            return (sizes * expit(level + slope * scores)).sum() - total

        return expit(brentq(over, -60, 60) + slope * scores)

    missed, best, found = rates(-1 / 3), -np.inf, None
    for slope in np.arange(-4, 6, 0.01):
        told = rates(slope)
        for share in (0, 0.25, 0.5, 0.75):
            p = (1 - share) * told + share * missed
            seen = (wrong * np.log(p) + (checked - wrong) * np.log1p(-p)).sum()
            likely = seen - (slope - 1) ** 2 / 2 - 1.5 * share
            if likely > best:
                best, found = likely, p
    return found


@pytest.mark.parametrize("wrong", [(3, 0), (3, 1), (1, 2), (0, 0)])
def test_where_scores_differ_it_is_that_at_the_rates_that_are_most_likely(wrong):
    sizes, checked, wrong = np.array([100, 300]), np.array([6, 6]), np.array(wrong)
    scores = np.array([0.5, 0.02])
    draw = Draw(
        examples=np.concatenate([np.arange(6), 100 + np.arange(6)]),
        wrong=np.concatenate([np.arange(6) < wrong[0], np.arange(6) < wrong[1]]),
        probability=np.repeat(checked / sizes, checked),
        stratum=np.repeat([0, 1], checked),
    )
    found = estimate_errors(
        [draw],
        np.repeat(scores, sizes),
        groups=np.repeat([0, 1], sizes),
        confidence=0.9,
        control=0,
    )
    assert found.estimate == pytest.approx((wrong * sizes / checked).sum())
    for end in (found.low, found.high):
        if end == wrong.sum():
            continue  # no total below contradicts
        p, chance = most_likely(end, sizes, logit(scores), wrong, checked), 0.0
        rest = np.sqrt(((sizes - checked) * p * (1 - p)).sum() + 0.25)
        for seen in product(range(7), range(7)):
            each = [comb(6, k) * q**k * (1 - q) ** (6 - k) for k, q in zip(seen, p, strict=True)]
            middle = (seen * (sizes / checked - 1) - (sizes - checked) * p).sum()
            far = abs(found.estimate - end)
            chance += prod(each) * (norm.sf(far, middle, rest) + norm.cdf(-far, middle, rest))
        assert chance == pytest.approx(0.1, abs=5e-3)


scales = st.floats(-18, 18)


@given(
    groups=st.lists(st.tuples(scales, st.integers(1, 10**7)), min_size=1, max_size=20),
    slopes=st.lists(st.floats(-4, 6), min_size=1, max_size=5),
    share=st.floats(1e-6, 1 - 1e-6),
)
@example(groups=[(-18.0, 1), (18.0, 1)], slopes=[6.0, 1.0], share=0.5)  # rates that level off
@example(groups=[(-18.0, 3), (18.0, 10**7)], slopes=[6.0, -4.0], share=0.25)
def test_the_rates_of_each_slope_sum_to_the_total(groups, slopes, share):
    scores, sizes = (np.array(each) for each in zip(*groups, strict=True))
    rising, total = np.multiply.outer(slopes, scores), share * sizes.sum()
    for level, of_slope in zip(_levels(rising, sizes, total), rising, strict=True):
        rates, rest = expit(level + of_slope), expit(-level - of_slope)
        assert sizes @ rates == pytest.approx(total, rel=1e-7)
        assert sizes @ rest == pytest.approx(sizes.sum() - total, rel=1e-7)


def test_it_covers_the_truth_about_as_often_as_it_says():
    held = []
    for seed in range(200):
        wrong, predicted, draw = sample_of_many(seed)
        found = estimate_errors([draw], predicted)
        held.append(found.low <= wrong.sum() <= found.high)
    assert 0.92 <= np.mean(held) <= 0.99


def checked_in_part(seed):
    """Of 600 labels, most wrong or hardly any, 60 are checked; then 300 of 600 others."""
    rng = np.random.default_rng(seed)
    rates = np.where(np.arange(1200) < 300, 0.97, 0.03)
    wrong = rng.random(1200) < rates
    top, others = rng.permutation(600)[:60], 600 + rng.permutation(600)[:300]
    census = Draw(
        examples=top,
        wrong=wrong[top],
        probability=None,
        stratum=np.zeros(60, dtype=int),
        stands_for=np.full(60, 10.0),
    )
    after = Draw(
        examples=others,
        wrong=wrong[others],
        probability=np.full(300, 0.5),
        stratum=np.zeros(300, dtype=int),
    )
    return wrong.sum(), [census, after], rates


@pytest.mark.parametrize("control", [0.0, None])
def test_it_does_so_too_where_what_is_checked_stands_for_what_is_not(control):
    held = []
    for seed in range(150):
        errors, draws, predicted = checked_in_part(seed)
        found = estimate_errors(draws, predicted, control=control)
        held.append(found.low <= errors <= found.high)
    assert 0.9 <= np.mean(held) <= 0.99


def test_the_control_steadies_what_stands_for_the_unchecked_too():
    """The census alone has labels that differ, by its own scores."""
    off = {control: [] for control in (0.0, None)}
    for seed in range(100):
        errors, draws, predicted = checked_in_part(seed)
        for control, each in off.items():
            each.append(estimate_errors(draws, predicted, control=control).estimate - errors)
    assert np.std(off[None]) < 0.7 * np.std(off[0.0])


def test_slips_make_the_interval_wider_and_what_is_not_known_of_them_wider_still():
    _, predicted, draw = sample_of_many(5, n=5000, size=500)
    width = []
    for slips in (
        NO_SLIPS,
        Slips(false_alarm=0.01, miss=0.01),
        Slips(false_alarm=0.01, miss=0.01, covariance=(1e-4, 0.0, 1e-4)),
    ):
        found = estimate_errors([draw], predicted, slips=slips)
        width.append((found.high - found.low, found.standard_error))
    for narrow, wide in pairwise(width):
        assert narrow[0] < wide[0]
        assert narrow[1] < wide[1]


@st.composite
def of_slipping_reviewers(draw):
    population, checked = draw(st.sampled_from([(20_000, 100), (1000, 250), (60, 60)]))
    rate, unsure = draw(st.sampled_from([0.02, 0.2])), draw(st.sampled_from([0.0, 2e-5]))
    slips = Slips(false_alarm=rate, miss=rate, covariance=(unsure, 0.0, unsure))
    return population, checked, slips


@settings(deadline=None, max_examples=25)
@given(of_slipping_reviewers(), st.data())
def test_who_rejects_more_tells_of_no_fewer_errors(reviewed, data):
    """However much of what was rejected slips account for, or confirmed."""
    population, checked, slips = reviewed
    rejected = data.draw(st.lists(st.integers(0, checked), min_size=1, max_size=3))
    found = []
    for count in sorted({0, checked, *rejected}):
        draw = Draw(
            examples=np.arange(checked),
            wrong=np.arange(checked) < count,
            probability=np.full(checked, checked / population),
            stratum=np.zeros(checked, dtype=int),
        )
        told = estimate_errors([draw], np.full(population, 0.1), slips=slips)
        assert 0 <= told.low <= told.high <= population
        assert told.high - told.low < 0.9 * population, "as if nothing were known"
        found.append(told)
    for fewer, more in pairwise(found):
        assert fewer.low <= more.low * (1 + 1e-5)
        assert fewer.high <= more.high * (1 + 1e-5)


def test_where_all_was_checked_slips_alone_make_the_interval():
    """It holds the truth as often as it says, or oftener where none is wrong: over all answers."""
    checked, slips = 80, Slips(false_alarm=0.1, miss=0.2)
    told = []
    for count in range(checked + 1):
        draw = Draw(
            examples=np.arange(checked),
            wrong=np.arange(checked) < count,
            probability=np.ones(checked),
            stratum=np.zeros(checked, dtype=int),
        )
        found = estimate_errors([draw], np.full(checked, 0.1), slips=slips)
        told.append((found.low, found.high))
    for errors in (0, 1, 5, 30, 79, 80):
        rejected = np.convolve(
            binom.pmf(np.arange(checked - errors + 1), checked - errors, 0.1),
            binom.pmf(np.arange(errors + 1), errors, 0.8),
        )
        held = [low - 0.5 <= errors <= high + 0.5 for low, high in told]
        assert rejected @ held >= 0.94


def test_a_census_of_the_top_tells_of_itself_alone():
    draw = Draw(
        examples=np.arange(10), wrong=np.arange(10) < 7, probability=None, stratum=np.zeros(10, int)
    )
    found = estimate_errors([draw], np.full(100, 0.1))
    assert found.estimate is found.standard_error is found.random_sample is None
    assert (found.low, found.high) == (7, 97)


def test_of_a_census_by_reviewers_who_slip_no_more_is_told_than_their_answers_bear_out():
    """Its interval holds the truth as often as it says, over all answers."""
    n, checked, slips = 100, 60, Slips(false_alarm=0.1, miss=0.2)
    told = []
    for count in range(checked + 1):
        draw = Draw(
            examples=np.arange(checked),
            wrong=np.arange(checked) < count,
            probability=None,
            stratum=np.zeros(checked, dtype=int),
        )
        found = estimate_errors([draw], np.full(n, 0.1), slips=slips)
        assert found.estimate is None
        told.append((found.low, found.high))
    for errors in (0, 1, 5, 30, 60):
        rejected = np.convolve(
            binom.pmf(np.arange(checked - errors + 1), checked - errors, 0.1),
            binom.pmf(np.arange(errors + 1), errors, 0.8),
        )
        above = [low - 0.5 <= errors for low, _ in told]
        below = [errors + n - checked <= high + 0.5 for _, high in told]
        assert rejected @ np.logical_and(above, below) >= 0.94


def test_a_census_of_the_top_adds_to_what_is_drawn_after_it():
    top = Draw(
        examples=np.arange(10), wrong=np.arange(10) < 7, probability=None, stratum=np.zeros(10, int)
    )
    rest = Draw(
        examples=np.arange(10, 40),
        wrong=np.arange(30) < 1,
        probability=np.full(30, 1 / 3),
        stratum=np.zeros(30, int),
    )
    assert estimate_errors([top, rest], np.full(100, 0.1)).estimate == pytest.approx(7 + 3)


def test_all_checked_is_all_known():
    draw = Draw(
        examples=np.arange(20),
        wrong=np.arange(20) < 3,
        probability=np.ones(20),
        stratum=np.zeros(20, int),
    )
    found = estimate_errors([draw], np.full(20, 0.1))
    assert (found.estimate, found.low, found.high, found.standard_error) == (3, 3, 3, 0)


def test_nothing_checked_is_nothing_known():
    found = estimate_errors([], np.full(20, 0.1))
    assert (found.estimate, found.low, found.high) == (None, 0, 20)


def test_answers_that_say_nothing_are_refused():
    with pytest.raises(InputError, match="reject 60 % of right labels and confirm 35 % of wrong"):
        estimate_errors([], np.full(20, 0.1), slips=Slips(false_alarm=0.6, miss=0.35))
    with pytest.raises(InputError, match="confidence is 95; between 0 and 1 was expected"):
        estimate_errors([], np.full(20, 0.1), confidence=95)


def sure_of_themselves(seed, budget=100, n=10_000, wrong=60):
    """Scores that doubt a hundredth of all labels and no other at all; errors are anywhere."""
    rng = np.random.default_rng(seed)
    predicted = np.where(rng.random(n) < 0.01, 0.8, 1e-9)
    errors = np.zeros(n, dtype=bool)
    errors[rng.choice(n, wrong, replace=False)] = True
    examples, stratum, probability = in_strata(predicted, np.zeros(n, dtype=bool), budget, rng)
    wrongs = errors[examples]
    drawn = Draw(examples=examples, wrong=wrongs, probability=probability, stratum=stratum)
    return estimate_errors([drawn], predicted), drawn, predicted


def test_scores_that_are_sure_prove_nothing_by_themselves():
    """Where no error is found, no fewer are left possible than a simple random sample leaves."""
    for budget in (50, 100, 200):
        told, _, predicted = sure_of_themselves(0, budget, wrong=0)
        assert told.found == 0
        assert told.high > sampled_errors(0, budget, len(predicted))[1]


def test_the_interval_holds_the_truth_where_scores_are_sure_and_errors_anywhere():
    held = [
        told.low <= 60 <= told.high for told in (sure_of_themselves(seed)[0] for seed in range(60))
    ]
    assert np.mean(held) > 0.9  # of 60, 54 hold by chance in a thousandth of cases if 95 % do


def missing_some(seed, n, budget, wrong):
    """Three in ten errors are where the scores say so, and the others among the surest half."""
    rng = np.random.default_rng(seed)
    predicted = rng.beta(0.3, 15, n)
    order, errors = np.argsort(predicted), np.zeros(n, dtype=bool)
    doubted = round(0.3 * wrong)
    errors[rng.choice(order[-n // 100 :], doubted, replace=False)] = True
    errors[rng.choice(order[: n // 2], wrong - doubted, replace=False)] = True
    examples, stratum, probability = in_strata(predicted, np.zeros(n, dtype=bool), budget, rng)
    wrongs = errors[examples]
    drawn = Draw(examples=examples, wrong=wrongs, probability=probability, stratum=stratum)
    return estimate_errors([drawn], predicted)


@pytest.mark.parametrize(("n", "budget", "wrong"), [(10_000, 200, 190), (2_000, 1_000, 10)])
def test_the_interval_holds_the_truth_where_scores_miss_a_part_of_the_errors(n, budget, wrong):
    """With a single slope for all errors it was two in three."""
    found = [missing_some(seed, n, budget, wrong) for seed in range(100)]
    # up to the first total contradicted, 85 % of the second
    assert np.mean([told.low <= wrong <= told.high for told in found]) > 0.89


def test_where_scores_tell_all_no_total_far_beyond_a_contradicted_one_counts():
    """It would in every other sample, by where a step falls, and double the width."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        predicted = rng.beta(0.1, 1, 4000)
        wrong = rng.random(4000) < expit(2 * logit(np.clip(predicted, 1e-12, 1 - 1e-12)))
        examples, stratum, probability = in_strata(predicted, np.zeros(4000, bool), 300, rng)
        drawn = Draw(
            examples=examples, wrong=wrong[examples], probability=probability, stratum=stratum
        )
        told = estimate_errors([drawn], predicted)
        assert told.high - told.low < 1.2 * 2 * norm.isf(0.025) * told.standard_error


@pytest.mark.parametrize(
    ("found", "more"),
    [(0, 1e-6), (0, 0.3), (2, 1e-6), (2, 0.3), (10, 0.3), (60, 0.3)],
)
def test_a_simple_random_sample_as_large_as_is_said_has_an_interval_so_wide(found, more):
    """Also where the standard error is 0, or nearly, and the interval is not."""
    n = 100_000
    draw = Draw(
        examples=np.arange(60),
        wrong=np.arange(60) < found,
        probability=np.where(np.arange(60) < 10, 1.0, 50 / (n - 10)),
        stratum=(np.arange(60) >= 10).astype(int),
    )
    told = estimate_errors([draw], np.where(np.arange(n) < 10, 0.9, more))
    size = round(told.random_sample)
    low, high = sampled_errors(round(told.estimate / n * size), size, n)
    assert high - low == pytest.approx(told.high - told.low, rel=0.35)


def test_slips_name_no_random_sample_as_it_would_be_reviewed_with_slips_too():
    draw = draw_of(np.arange(30), np.arange(300) < 3, np.zeros(300, int), np.array([30]))
    assert estimate_errors([draw], np.full(300, 0.1)).random_sample is not None
    told = estimate_errors([draw], np.full(300, 0.1), slips=Slips(false_alarm=0.05, miss=0.05))
    assert told.random_sample is None


def test_a_single_example_leaves_everything_possible():
    certain = Draw(
        examples=np.arange(80, 100),
        wrong=np.arange(20) < 7,
        probability=None,
        stratum=np.zeros(20, dtype=int),
    )
    for wrong, before in product((False, True), ([], [certain])):
        found, checked = 7 * len(before) + wrong, 20 * len(before) + 1
        draw = Draw(
            examples=np.array([4]),
            wrong=np.array([wrong]),
            probability=np.array([1 / (101 - checked)]),
            stratum=np.zeros(1, dtype=int),
        )
        told = estimate_errors([*before, draw], np.linspace(0.001, 0.2, 100))
        assert (told.low, told.high) == (found, found + 100 - checked)
