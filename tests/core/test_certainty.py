"""Accuracies and ranks with their certainty: against slow sums, and over every possible sample."""

from fractions import Fraction
from itertools import combinations, product
from math import comb, prod, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm, studentized_range, t

from drawing import pivotal_tree, stratified_samples
from errata.core import certainty
from errata.core.accuracy import corrected_labels, label_sets
from errata.core.certainty import (
    POLICIES,
    Accuracies,
    Ranking,
    Sample,
    accuracies,
    counting,
    credited,
    decide,
    order_kept,
    worst_changes,
)
from errata.core.consensus import VERDICTS
from errata.core.sampling import pivotal_sample
from errata.errors import InputError


def checked_rows(examples, probabilities, strata=None):
    return Sample(
        examples=np.array(examples, dtype=int),
        probabilities=np.array(probabilities, dtype=float),
        strata=np.zeros(len(examples), int) if strata is None else np.array(strata, dtype=int),
    )


# ---------------------------------------------------------------- what is right


@st.composite
def verdicts(draw):
    n = draw(st.integers(1, 6))
    rows = [draw(st.permutations(range(4)))[:3] for _ in range(n)]
    labels = st.lists(st.integers(0, 3), min_size=n, max_size=n)
    codes = draw(st.lists(st.integers(-1, len(VERDICTS) - 1), min_size=n, max_size=n))
    return np.array(rows), np.array(draw(labels)), np.array(draw(labels)), np.array(codes)


@given(verdicts(), st.integers(1, 3))
def test_an_answer_is_right_that_is_among_the_labels_the_policy_takes(drawn, k):
    top, given_labels, suggested, codes = drawn
    for policy in POLICIES:
        expected = []
        for row, label, other, code in zip(top, given_labels, suggested, codes, strict=True):
            verdict = VERDICTS[code] if code >= 0 else "open"
            right = {label}
            if verdict == "correctable":
                right = {other}
            elif policy == "accepted" and verdict == "multi_label":
                right = {label, other}
            elif policy == "accepted" and verdict == "neither":
                right = set()
            expected.append(bool(right & set(row[:k].tolist())))
        assert (
            credited(top, given_labels, suggested, codes, policy=policy, k=k).tolist() == expected
        )


@given(verdicts())
def test_the_policies_agree_with_the_papers_sets_and_with_a_release(drawn):
    top, given_labels, suggested, codes = drawn
    everything = np.arange(len(codes))
    sets = label_sets(len(codes), everything, codes)
    labels = corrected_labels(given_labels, everything, suggested, codes)
    np.testing.assert_array_equal(counting(codes, "clear"), sets.pruned)
    assert counting(codes, "corrected").all()
    assert counting(codes, "accepted").all()
    right = credited(top, given_labels, suggested, codes, policy="corrected")
    np.testing.assert_array_equal(right, top[:, 0] == labels)


# ---------------------------------------------------------------- over every sample


@st.composite
def populations(draw, least=1):
    """Draw strata, how many of each are checked, and all that a check would find."""
    models = draw(st.integers(1, 3))
    sizes = draw(st.lists(st.integers(least, 4), min_size=1, max_size=2))
    drawn = [draw(st.integers(least, size)) for size in sizes]
    n = sum(sizes)

    def table(values):
        row = st.lists(values, min_size=models, max_size=models)
        return draw(st.lists(row, min_size=n, max_size=n))

    proxy = table(st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(1)]))
    credit = table(st.booleans())
    keep = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return sizes, drawn, proxy, credit, keep


def estimates(population, *, drop):
    """Return what is estimated from each possible sample."""
    sizes, drawn, proxy, credit, keep = population
    strata = np.repeat(np.arange(len(sizes)), sizes)
    found = []
    for rows in stratified_samples(strata, drawn):
        chances = [drawn[h] / sizes[h] for h in strata[rows]]
        kept = np.array([keep[i] for i in rows]) if drop else None
        right = np.array([credit[i] for i in rows])
        guesses = np.array(proxy, dtype=float)
        found.append(
            accuracies(guesses, right, checked_rows(rows, chances, strata[rows]), keep=kept)
        )
    return found


@given(populations())
def test_the_accuracy_is_right_on_average_over_all_samples(population):
    credit = population[3]
    found = estimates(population, drop=False)
    mean = np.mean([each.accuracy for each in found], axis=0)
    for m in range(len(credit[0])):
        assert mean[m] == pytest.approx(float(Fraction(sum(row[m] for row in credit), len(credit))))
    assert {each.kept for each in found} == {len(credit)}


@given(populations())
def test_the_hits_and_the_examples_that_count_are_right_on_average(population):
    sizes, drawn, proxy, credit, keep = population
    # one example sure to be checked that counts, without which there may be samples of none
    models = len(credit[0])
    sure = ([*sizes, 1], [*drawn, 1], [*proxy, [Fraction(1)] * models], [*credit, [True] * models])
    found = estimates((*sure, [*keep, True]), drop=True)
    assert np.mean([each.kept for each in found]) == pytest.approx(sum(keep) + 1)
    hits = np.mean([each.accuracy * each.kept for each in found], axis=0)
    for m in range(models):
        true = sum(row[m] and counts for row, counts in zip(credit, keep, strict=True)) + 1
        assert hits[m] == pytest.approx(true)


def true_covariance(population):
    """Return the covariance of the accuracies over all samples, in fractions."""
    sizes, drawn, proxy, credit, _ = population
    n, models = len(credit), len(credit[0])
    strata = np.repeat(np.arange(len(sizes)), sizes).tolist()
    values = []
    for rows in stratified_samples(strata, drawn):
        total = [sum(row[m] for row in proxy) for m in range(models)]
        for i, m in product(rows, range(models)):
            weight = Fraction(sizes[strata[i]], drawn[strata[i]])
            total[m] += (credit[i][m] - proxy[i][m]) * weight
        values.append([each / n for each in total])
    mean = [sum(value[m] for value in values) / len(values) for m in range(models)]
    return [
        [
            float(sum((v[a] - mean[a]) * (v[b] - mean[b]) for v in values) / len(values))
            for b in range(models)
        ]
        for a in range(models)
    ]


@given(populations(least=2))
def test_the_covariance_is_right_on_average_over_all_samples(population):
    mean = np.mean([each.covariance for each in estimates(population, drop=False)], axis=0)
    np.testing.assert_allclose(mean, true_covariance(population), atol=1e-12)


@given(populations())
def test_with_one_checked_of_a_stratum_variances_are_on_average_no_less_than_they_should(
    population,
):
    mean = np.mean([each.covariance for each in estimates(population, drop=False)], axis=0)
    excess = mean - np.array(true_covariance(population))
    assert np.linalg.eigvalsh(excess).min() >= -1e-12  # for every difference of models, too


@given(st.data())
def test_drawn_with_unequal_probabilities_it_is_right_on_average_too(data):
    quarters = st.integers(1, 4).map(lambda k: Fraction(k, 4))
    chances = data.draw(st.lists(quarters, min_size=1, max_size=5))
    rows = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=len(chances))
    pairs = data.draw(rows.map(lambda found: found[: len(chances)]))
    proxy, credit = np.array(pairs, dtype=bool).T[:, :, np.newaxis]
    mean = 0.0
    for sample, chance in pivotal_tree(chances).items():
        checked = checked_rows(sample, [float(chances[i]) for i in sample])
        found = accuracies(proxy, credit[list(sample)], checked)
        mean += float(chance) * found.accuracy[0]
    assert mean == pytest.approx(float(Fraction(int(credit.sum()), len(chances))))


# ---------------------------------------------------------------- several draws


@st.composite
def told_by_checks(draw):
    """Draw what is guessed of 7 examples and what a check would find, of two models."""
    values = st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(1)])
    proxy = [[draw(values) for _ in range(2)] for _ in range(7)]
    return proxy, [[draw(st.booleans()) for _ in range(2)] for _ in range(7)]


def two_draws(proxy, credit, plans, checked):
    """Return what every two draws say, the second from where the first one's findings point.

    The first holds one of these sets of examples, each as likely as another, and so many of it are
    checked; where there is one set only, it is a census. The second draws 3 of what that one left:
    one for certain that the findings point to, and 2 of the others; or 3 of all evenly.
    """
    census, held = len(plans) == 1, len(plans[0])
    shares = np.array([0 if census else checked, 3]) / (3 if census else checked + 3)
    stands_for = held / checked
    found = []
    for plan in plans:
        rest = [i for i in range(7) if i not in plan]
        for seen in combinations(plan, checked):
            number = sum(m + 1 for i in seen for m in range(2) if credit[i][m])
            sure = [] if number % 2 else [rest.pop(number % len(rest))]
            draws = list(combinations(rest, 3 - len(sure)))
            for drawn in draws:
                own = [1.0] * len(sure) + [len(drawn) / len(rest)] * len(drawn)
                sample = Sample(
                    examples=np.array([*seen, *sure, *drawn]),
                    probabilities=np.array([checked / (held if census else 7)] * checked + own),
                    strata=np.repeat([0, 1], [checked, 3]),
                    shares=np.repeat(shares, [checked, 3]),
                    later=np.repeat([shares[1] * stands_for, 0], [checked, 3]),
                    stands_for=np.repeat([stands_for, 1], [checked, 3]),
                )
                right = np.array([credit[i] for i in sample.examples])
                each = accuracies(np.array(proxy, dtype=float), right, sample)
                found.append((each, 1 / comb(held, checked) / len(draws) / len(plans)))
            rest += sure
    assert sum(chance for _, chance in found) == pytest.approx(1)
    return found


@pytest.mark.parametrize(
    ("plans", "checked"),
    [
        (list(combinations(range(7), 2)), 2),
        (list(combinations(range(7), 3)), 2),
        ([(0, 1)], 2),
        ([(0, 1, 2)], 2),
    ],
    ids=["all checked", "checked in part", "a census", "a census in part"],
)
@settings(max_examples=10, deadline=None)
@given(told_by_checks())
def test_of_two_draws_the_second_may_follow_what_the_first_found(plans, checked, drawn):
    """Accuracies, their leads and their covariance are right on average over all there can be."""
    proxy, credit = drawn
    found = two_draws(proxy, credit, plans, checked)
    true = np.array([float(Fraction(sum(row[m] for row in credit), 7)) for m in range(2)])
    np.testing.assert_allclose(sum(p * each.accuracy for each, p in found), true, atol=1e-12)
    off = [(each.accuracy - true, p) for each, p in found]
    np.testing.assert_allclose(
        sum(p * each.covariance for each, p in found),
        sum(p * np.outer(each, each) for each, p in off),
        atol=1e-12,
    )


def test_of_two_draws_each_counts_by_its_share_and_what_is_known_adds_no_doubt():
    sample = Sample(
        examples=np.arange(3),
        probabilities=np.array([0.5, 0.25, 1.0]),
        strata=np.array([0, 1, 1]),
        shares=np.array([0.25, 0.75, 0.75]),
        later=np.array([0.75, 0, 0]),
    )
    assert sample.counts.tolist() == [0.25 / 0.5 + 0.75, 3, 0.75]
    assert sample.weights.tolist() == [0.5, 3, 0]


# ---------------------------------------------------------------- against slow sums


@st.composite
def reviews(draw):
    """Draw checked examples of any design, with ties in everything."""
    models, n = draw(st.integers(1, 3)), draw(st.integers(1, 8))
    values = st.sampled_from([0.0, 0.5, 1.0])
    proxy = np.array([[draw(values) for _ in range(models)] for _ in range(n)])
    examples = draw(st.lists(st.integers(0, n - 1), unique=True))
    chances = [draw(st.sampled_from([0.25, 0.5, 1.0])) for _ in examples]
    strata = [draw(st.integers(0, 1)) for _ in examples]
    credit = np.array([[draw(st.booleans()) for _ in range(models)] for _ in examples], dtype=bool)
    keep = np.array([draw(st.booleans()) for _ in examples], dtype=bool)
    return proxy, credit.reshape(-1, models), checked_rows(examples, chances, strata), keep


def by_hand(proxy, credit, checked, keep, contrast, *, population):
    """Return estimate, plain variance, variance and degrees of freedom of one contrast."""
    rows = list(range(len(checked.examples)))
    chance, models = checked.probabilities, range(proxy.shape[1])
    n = len(proxy)
    size = n + sum((keep[r] - 1) / chance[r] for r in rows)
    right = [[float(credit[r, m] and keep[r]) for m in models] for r in rows]
    guess = [[proxy[i, m] for m in models] for i in checked.examples]
    accuracy = [
        (proxy[:, m].sum() + sum((right[r][m] - guess[r][m]) / chance[r] for r in rows)) / size
        for m in models
    ]

    def of(values):
        return sum(weight * value for weight, value in zip(contrast, values, strict=True))

    moves = [
        of([right[r][m] - guess[r][m] - accuracy[m] * (keep[r] - 1) for m in models]) / size
        for r in rows
    ]
    random = [r for r in rows if chance[r] < 1]
    pieces, free = [], 0
    for stratum in sorted({checked.strata[r] for r in random}):
        members = [r for r in random if checked.strata[r] == stratum]
        free += len(members) - 1
        if len(members) == 1:
            pieces.append(moves[members[0]] / chance[members[0]])
            continue
        left = sum(1 - chance[r] for r in members)
        centre = sum((1 - chance[r]) * moves[r] / chance[r] for r in members) / left
        pieces += [
            sqrt(len(members) / (len(members) - 1) * (1 - chance[r]))
            * (moves[r] / chance[r] - centre)
            for r in members
        ]
    used = [m for m in models if contrast[m]]
    differ = [
        r
        for r in random
        if len(used) == 1
        or guess[r][used[0]] != guess[r][used[1]]
        or right[r][used[0]] != right[r][used[1]]
    ] or random
    each = [(1 - chance[r]) / (chance[r] * size) ** 2 / chance[r] for r in differ]
    one = sum(each) / sum(1 / chance[r] for r in differ) if each else 0
    plain = sum(piece**2 for piece in pieces)
    variance = plain + 2 * one
    quartic = sum(piece**4 for piece in pieces) + 2 * one**2
    freedom = min(2 * variance**2 / quartic, max(1, free)) if quartic else np.inf
    if population:
        total = sum(of(proxy[i] - accuracy) ** 2 for i in range(n))
        for r in rows:
            known = of([right[r][m] - keep[r] * accuracy[m] for m in models]) ** 2
            total += (known - of(np.array(guess[r]) - accuracy) ** 2) / chance[r]
        plain_own = total / (size * max(size - 1, 1))
        own = max(plain_own, 0) + 2 / size**2
        freedom = (variance + own) ** 2 / (variance**2 / freedom + own**2 / (2 * own * size**2))
        plain, variance = plain + plain_own, variance + own
    return of(accuracy), plain, variance, freedom


@given(reviews(), st.booleans())
def test_errors_and_degrees_of_freedom_are_those_of_the_slow_sums(review, population):
    proxy, credit, checked, keep = review
    if len(proxy) + ((keep - 1.0) / checked.probabilities).sum() <= 0:
        with pytest.raises(InputError, match="no example counts at all"):
            accuracies(proxy, credit, checked, keep=keep)
        return
    found = accuracies(proxy, credit, checked, keep=keep, population=population)
    for a, b in product(range(proxy.shape[1]), repeat=2):
        contrast = np.zeros(proxy.shape[1])
        contrast[a] += 1
        if a != b:
            contrast[b] -= 1
        expected = by_hand(proxy, credit, checked, keep, contrast, population=population)
        assert contrast @ found.accuracy == pytest.approx(expected[0])
        assert contrast @ found.covariance @ contrast == pytest.approx(expected[1], abs=1e-12)
        assert found.error[a, b] == pytest.approx(sqrt(expected[2]), abs=1e-9)
        assert found.freedom[a, b] == pytest.approx(expected[3], rel=1e-6)


@given(reviews(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_in_which_examples_were_checked_does_not_matter(review, population, random):
    proxy, credit, checked, _ = review
    order = list(range(len(credit)))
    random.shuffle(order)
    turned = Sample(
        examples=checked.examples[order],
        probabilities=checked.probabilities[order],
        strata=checked.strata[order],
    )
    one = accuracies(proxy, credit, checked, population=population)
    other = accuracies(proxy, credit[order], turned, population=population)
    np.testing.assert_allclose(one.covariance, other.covariance, atol=1e-12)
    np.testing.assert_allclose(one.error, other.error, atol=1e-12)


def test_a_census_of_a_sample_is_the_covariance_of_the_credits(monkeypatch):
    monkeypatch.setattr(certainty, "_ROWS", 7)  # blocks of examples, too
    credit = np.random.default_rng(0).random((50, 3)) < 0.7
    everything = checked_rows(range(50), np.ones(50))
    found = accuracies(np.zeros((50, 3)), credit, everything, population=True)
    np.testing.assert_allclose(found.accuracy, credit.mean(axis=0))
    np.testing.assert_allclose(found.covariance, np.cov(credit.T) / 50, atol=1e-15)


@given(reviews())
def test_who_checked_everything_knows_and_of_the_rest_nothing_is_said(review):
    proxy, credit, checked, _ = review
    sure = checked_rows(checked.examples, np.ones(len(checked.examples)))
    found = accuracies(proxy, credit, sure)
    known = proxy.copy()
    known[checked.examples] = credit
    np.testing.assert_allclose(found.accuracy, known.mean(axis=0))
    assert not found.error.any()
    assert np.isinf(found.freedom).all()
    low, high = found.intervals()
    np.testing.assert_array_equal(low, np.clip(found.accuracy, 0, 1))
    np.testing.assert_array_equal(low, high)


# ---------------------------------------------------------------- few events


@pytest.fixture(scope="module")
def reaches():
    """Return, for numbers of labels that cost a hit and that win one, the interval's two ends."""
    n, times = 200, 1000
    guess = np.arange(n * times) % 2 == 0
    rows = checked_rows(range(n), np.full(n, 1 / times))
    most = 34
    ends = np.zeros((most, most, 2))
    for wins, losses in product(range(most), repeat=2):
        right = guess[:n].copy()
        right[: 2 * losses : 2] = False  # of those that were credited
        right[1 : 2 * wins + 1 : 2] = True
        found = accuracies(guess[:, np.newaxis], right[:, np.newaxis], rows)
        ends[wins, losses] = np.ravel(found.intervals())
    return n, ends - 0.5


@pytest.mark.parametrize("costing", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("winning", [0.05, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 14])
def test_rare_events_are_covered_as_often_as_the_interval_says(reaches, winning, costing):
    n, ends = reaches
    costing *= winning
    covered = 0.0
    for wins, losses in product(range(len(ends)), repeat=2):
        rest = n - wins - losses
        ways = comb(n, wins) * comb(n - wins, losses)
        chance = (
            ways * (winning / n) ** wins * (costing / n) ** losses
            * (1 - (winning + costing) / n) ** rest
        )  # fmt: skip
        low, high = ends[wins, losses] * n
        if low <= winning - costing <= high:
            covered += chance
    assert covered >= 0.945


@pytest.mark.parametrize("population", [False, True])
def test_what_an_aimed_plan_hardly_ever_draws_is_covered_as_often_as_the_interval_says(population):
    """Of 5,000 labels 5 % are wrong, anywhere, and 270 of 300 checks go to a tenth of them."""
    rng = np.random.default_rng(0)
    n, times = 5000, 150
    proxy = rng.random((n, 2)) < [0.95, 0.9]
    truth = np.where(rng.random((n, 1)) < 0.05, ~proxy, proxy)
    chances = np.where(np.arange(n) < n // 10, 270 / (n // 10), 30 / (n - n // 10))
    missed = 0.0
    for _ in range(times):
        rows = pivotal_sample(chances, rng)
        found = accuracies(
            proxy, truth[rows], checked_rows(rows, chances[rows]), population=population
        )
        low, high = found.intervals()
        missed += np.mean((truth.mean(axis=0) < low) | (truth.mean(axis=0) > high))
    assert missed / times <= 0.05


def test_models_on_which_no_check_spoke_are_not_told_apart():
    # 20 of 1,000 were checked, and all their labels are right; the lead is 5 hits
    proxy = np.zeros((1000, 2), dtype=bool)
    proxy[:500], proxy[500:505, 0] = True, True
    rows = np.arange(490, 510)
    found = accuracies(proxy, proxy[rows], checked_rows(rows, np.full(20, 0.02)))
    assert not found.covariance.any()
    assert not decide(found, np.random.default_rng(0)).decided.any()


@given(reviews(), st.data())
def test_models_that_answer_alike_are_equally_good_and_nothing_else_changes(review, data):
    proxy, credit, checked, _ = review
    models = proxy.shape[1]
    copied = data.draw(st.integers(0, models - 1))
    both = [*range(models), copied]
    alone = accuracies(proxy, credit, checked)
    found = accuracies(proxy[:, both], credit[:, both], checked, alike=np.array(both))
    for one, other in product(range(models + 1), repeat=2):
        pair = both[one], both[other]
        assert found.covariance[one, other] == pytest.approx(alone.covariance[pair], abs=1e-12)
        if one != other and pair == (copied, copied):
            assert (found.error[one, other], found.freedom[one, other]) == (0, np.inf)
        else:
            assert found.error[one, other] == pytest.approx(alone.error[pair], abs=1e-9)
            assert found.freedom[one, other] == pytest.approx(alone.freedom[pair], rel=1e-6)
    ranking = decide(found, np.random.default_rng(0), draws=100)
    assert found.accuracy[copied] == found.accuracy[models]
    assert ranking.low[copied, models] == ranking.high[copied, models] == 0
    assert not ranking.decided[[copied, models], [models, copied]].any()
    assert ranking.ahead[copied, models] == 0.5


def test_on_other_test_sets_models_that_answer_alike_may_differ():
    """Not by how much the labels are unsure, but by what is imagined of a set of 1,000."""
    right = np.ones((1000, 2), dtype=bool)
    everything = checked_rows(range(1000), np.ones(1000))
    found = accuracies(right, right, everything, alike=np.zeros(2, dtype=int), population=True)
    assert found.error[0, 1] == pytest.approx(sqrt(2) / 1000)


# ---------------------------------------------------------------- ranks


def estimate_of(accuracy, covariance, freedom=1e6):
    """Return an estimate whose errors are those of its covariance."""
    accuracy, covariance = np.array(accuracy, dtype=float), np.array(covariance, dtype=float)
    own = np.diag(covariance)
    variance = own[:, np.newaxis] + own - 2 * covariance
    np.fill_diagonal(variance, own)
    error = np.sqrt(np.maximum(variance, 0))
    return Accuracies(
        accuracy=accuracy,
        kept=1.0,
        covariance=covariance,
        error=error,
        freedom=np.where(error > 0, freedom, np.inf),
    )


@st.composite
def estimated(draw):
    models = draw(st.integers(1, 5))
    accuracy = [draw(st.integers(0, 8)) / 8 for _ in range(models)]
    root = np.array([[draw(st.integers(-2, 2)) for _ in range(models)] for _ in range(models)])
    freedom = draw(st.sampled_from([2.0, 9.0, 1e6]))
    return estimate_of(accuracy, root @ root.T * draw(st.sampled_from([0.0, 1e-4, 1e-2])), freedom)


def stepped_down(estimate, noise, scale, confidence):
    """Return which statements are made: all ordered pairs, one loop inside the other."""
    models = range(len(estimate.accuracy))
    pairs = [(a, b) for a in models for b in models if a != b]
    scores, made = {}, set()
    for a, b in pairs:
        difference = estimate.accuracy[a] - estimate.accuracy[b]
        if estimate.error[a, b] == 0:
            made |= {(a, b)} if difference > 0 else set()
        else:
            tail = t.sf(abs(difference) / estimate.error[a, b], estimate.freedom[a, b])
            scores[a, b] = norm.isf(tail) * np.sign(difference)
    while scores:
        largest = sorted(
            max((draw[a] - draw[b]) / scale[a, b] for a, b in scores) for draw in noise
        )
        place = int(np.ceil(confidence * (len(largest) - 1)))
        said = {pair for pair, score in scores.items() if score > largest[place]}
        if not said:
            break
        made |= said
        scores = {pair: score for pair, score in scores.items() if pair not in said}
    return made


@given(estimated(), st.sampled_from([0.8, 0.95]))
def test_what_is_decided_is_what_stepping_down_by_hand_decides(estimate, confidence):
    noise, scale = certainty._noise(estimate, np.random.default_rng(3), 100)
    found = decide(estimate, np.random.default_rng(3), confidence=confidence, draws=100)
    expected = stepped_down(estimate, noise, scale, confidence)
    assert set(zip(*np.nonzero(found.decided), strict=True)) == expected


@given(estimated())
def test_rank_sets_count_who_is_surely_better_and_who_is_surely_worse(estimate):
    found = decide(estimate, np.random.default_rng(0), draws=100)
    models = range(len(estimate.accuracy))
    for a in models:
        assert found.best_rank[a] == 1 + sum(bool(found.decided[b, a]) for b in models)
        assert found.worst_rank[a] == len(models) - sum(bool(found.decided[a, b]) for b in models)
        for b in models:
            assert not (found.decided[a, b] and found.decided[b, a])
            pair = a != b and not found.decided[a, b] and not found.decided[b, a]
            assert found.undecided[a, b] == pair


@given(estimated())
def test_what_an_interval_decides_is_decided(estimate):
    found = decide(estimate, np.random.default_rng(0), draws=100)
    assert (found.decided | ~(found.low > 1e-9)).all()
    difference = estimate.accuracy[:, np.newaxis] - estimate.accuracy
    assert (found.low <= difference + 1e-12).all()
    assert (difference <= found.high + 1e-12).all()
    np.testing.assert_allclose(found.low, -found.high.T)


@given(reviews(), st.sampled_from([0.8, 0.95, 0.999]))
def test_of_other_test_sets_nothing_is_surer_than_of_this_one(review, confidence):
    proxy, credit, checked, _ = review
    both = [accuracies(proxy, credit, checked, population=also) for also in (False, True)]
    (low, high), (lower, higher) = (each.intervals(confidence) for each in both)
    assert (lower <= low).all()
    assert (high <= higher).all()
    alone, others = (
        decide(each, np.random.default_rng(0), confidence=confidence, draws=100) for each in both
    )
    assert (others.low <= alone.low).all()
    assert (alone.high <= others.high).all()
    assert (alone.decided | ~others.decided).all()
    assert (np.abs(others.ahead - 0.5) <= np.abs(alone.ahead - 0.5)).all()


def test_few_draws_make_intervals_longer_not_shorter():
    estimate = estimate_of([0.5, 0.5], np.eye(2) * 1e-4)
    noise, scale = certainty._noise(estimate, np.random.default_rng(0), 100)
    found = decide(estimate, np.random.default_rng(0), draws=100)
    largest = np.sort(np.abs(noise[:, 0] - noise[:, 1]) / scale[0, 1])
    assert found.high[0, 1] / estimate.error[0, 1] == pytest.approx(largest[95], rel=1e-4)


@pytest.mark.parametrize("models", [2, 3, 8])
def test_independent_models_have_the_intervals_of_the_studentized_range(models):
    estimate = estimate_of(np.full(models, 0.5), np.eye(models) * 1e-4)
    found = decide(estimate, np.random.default_rng(0), draws=40_000)
    expected = studentized_range.ppf(0.95, models, np.inf) / np.sqrt(2)  # Tukey's method
    assert found.high[0, 1] / estimate.error[0, 1] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_intervals_ranks_and_decisions_all_hold_as_often_as_promised(correlation):
    truth = np.array([0.5, 0.5, 0.5, 0.52, 0.6])
    covariance = 1e-4 * ((1 - correlation) * np.eye(5) + correlation)
    better = truth[:, np.newaxis] > truth
    rank, last = 1 + better.sum(axis=0), 5 - better.sum(axis=1)
    rng, times = np.random.default_rng(1), 300
    held = np.zeros(3)
    for _ in range(times):
        accuracy = rng.multivariate_normal(truth, covariance)
        found = decide(estimate_of(accuracy, covariance), rng, draws=400)
        difference = truth[:, np.newaxis] - truth
        held += [
            ((found.low <= difference) & (difference <= found.high)).all(),
            (found.decided <= better).all(),
            ((found.best_rank <= rank) & (last <= found.worst_rank)).all(),
        ]
    # three standard errors of 300 draws of 95 %
    assert (held / times >= 0.95 - 3 * sqrt(0.95 * 0.05 / times)).all()


def test_the_chance_of_the_better_of_two_is_that_of_their_difference():
    estimate = estimate_of([0.5, 0.52], np.eye(2) * 2e-4)
    found = decide(estimate, np.random.default_rng(0), draws=40_000)
    assert found.chance_of_best[1] == pytest.approx(norm.cdf(1), abs=0.01)
    assert found.ahead[1, 0] == pytest.approx(norm.cdf(1), abs=1e-3)
    assert found.ahead[0, 1] == pytest.approx(1 - found.ahead[1, 0])


@given(estimated())
def test_the_chances_of_being_the_best_sum_to_1(estimate):
    found = decide(estimate, np.random.default_rng(0), draws=100)
    assert found.chance_of_best.sum() == pytest.approx(1)


def test_models_that_tie_for_certain_share_the_chance_of_being_the_best():
    found = decide(estimate_of([0.5, 0.75, 0.75], np.zeros((3, 3))), np.random.default_rng(0))
    assert found.chance_of_best.tolist() == [0, 0.5, 0.5]
    assert (found.best_rank.tolist(), found.worst_rank.tolist()) == ([3, 1, 1], [3, 2, 2])


@given(estimated(), st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_an_order_is_kept_swapped_or_open(estimate, before):
    ranking = decide(estimate, np.random.default_rng(0), draws=100)
    models = [f"model {number}" for number in range(len(estimate.accuracy))]
    order = order_kept(models, np.array(before[: len(models)]), ranking)
    expected = {}
    for a, b in product(range(len(models)), repeat=2):
        if before[a] > before[b]:
            surely = {(True, False): "kept", (False, True): "swapped", (False, False): "open"}
            outcome = surely[bool(ranking.decided[a, b]), bool(ranking.decided[b, a])]
            expected[models[a], models[b]] = (outcome, float(ranking.ahead[b, a]))
    assert {(p.first, p.second): (p.outcome, p.chance) for p in order.pairs} == expected
    assert order.stable == all(outcome == "kept" for outcome, _ in expected.values())
    assert len(order.swapped) == sum(outcome == "swapped" for outcome, _ in expected.values())
    chances = [pair.chance for pair in order.open]
    assert chances == sorted(chances, reverse=True)


# ---------------------------------------------------------------- what does not fit


def test_checked_examples_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="2 checked examples, 1 probabilities and 2 strata; one"):
        checked_rows([0, 1], [0.5])
    with pytest.raises(InputError, match=r"probabilities\[1\] is 0.0 \(1 of 2 are out of range"):
        checked_rows([0, 1], [0.5, 0.0])
    with pytest.raises(InputError, match=r"probabilities\[0\] is nan"):
        checked_rows([0], [np.nan])
    three = {"probabilities": np.ones(3), "strata": np.zeros(3, dtype=int)}
    with pytest.raises(InputError, match=r"stands_for has 3 numbers, the least 0.5; one from 1 up"):
        Sample(examples=np.arange(3), stands_for=np.array([1, 0.5, 1]), **three)
    with pytest.raises(InputError, match=r"shares has 2 numbers, .* each of the 3 checked"):
        Sample(examples=np.arange(3), shares=np.ones(2), **three)
    with pytest.raises(InputError, match="Example 7 is among the checked ones twice"):
        checked_rows([3, 7, 7], [1, 1, 1])


def test_credits_that_do_not_fit_are_refused():
    proxy = np.ones((3, 2))
    with pytest.raises(InputError, match="want a row each in the first"):
        accuracies(proxy, np.ones((1, 2), dtype=bool), checked_rows([0, 1], [1, 1]))
    with pytest.raises(InputError, match="run from 0 to 3, but there are 3 examples, 0 to 2"):
        accuracies(proxy, np.ones((2, 2), dtype=bool), checked_rows([0, 3], [1, 1]))
    with pytest.raises(InputError, match="at least one"):
        accuracies(np.ones((3, 0)), np.ones((0, 0), dtype=bool), checked_rows([], []))
    with pytest.raises(InputError, match=r"alike\[1\] is 0, but models 0 and 1 are not credited"):
        accuracies(
            np.array([[1.0, 0.0]]),
            np.zeros((0, 2), dtype=bool),
            checked_rows([], []),
            alike=np.zeros(2, dtype=int),
        )


def test_a_confidence_and_a_number_of_draws_out_of_range_are_refused():
    estimate = estimate_of([0.5, 0.6], np.eye(2) * 1e-4)
    with pytest.raises(InputError, match="confidence is 95; between 0 and 1"):
        estimate.intervals(95)
    with pytest.raises(InputError, match="confidence is 1"):
        decide(estimate, np.random.default_rng(0), confidence=1)
    with pytest.raises(InputError, match="draws is 5; at least 100"):
        decide(estimate, np.random.default_rng(0), draws=5)


def test_one_model_is_the_first_and_the_last():
    found = decide(estimate_of([0.5], [[1e-4]]), np.random.default_rng(0))
    assert isinstance(found, Ranking)
    assert (found.best_rank.tolist(), found.worst_rank.tolist()) == ([1], [1])
    assert prod(found.chance_of_best.tolist()) == 1


@given(
    top=arrays(np.int64, (4, 3), elements=st.integers(0, 3)),
    labels=arrays(np.int64, (2, 4), elements=st.integers(0, 3)),
    codes=arrays(np.int64, 4, elements=st.sampled_from([0, 1, 3, 4])),
)
def test_no_right_labels_take_more_from_a_lead_than_the_worst(top, labels, codes):
    shown, suggested = labels[0], (labels[0] + 1 + labels[1] % 3) % 4
    counts = np.array([1.0, 2.0, 4.0, 8.0])
    found = worst_changes(top, shown, suggested, codes, counts)
    now = np.stack(
        [credited(top[:, [one]], shown, suggested, codes, policy="corrected") for one in range(3)]
    ).astype(int)
    for a, b in product(range(3), repeat=2):
        worst = 0.0
        for row in range(4):
            if codes[row] == 3:
                possible = set(range(5)) - {shown[row], suggested[row]}  # 4: what no model says
            elif codes[row] == 4:
                possible = set(range(5))
            else:
                continue
            leads = [int(top[row, a] == one) - int(top[row, b] == one) for one in possible]
            worst += counts[row] * (min(leads) - (now[a, row] - now[b, row]))
        assert found[a, b] == worst
