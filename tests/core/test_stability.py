from fractions import Fraction
from itertools import combinations, product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from errata.core.stability import Duel, crossing_band, crossings, duel, fewest_flips, fieller
from errata.errors import InputError


@st.composite
def hit_counts(draw):
    n_benign, n_correctable = draw(st.integers(0, 6)), draw(st.integers(0, 4))
    pair = st.tuples(st.integers(0, n_benign), st.integers(0, n_correctable))
    hits = draw(st.lists(pair, max_size=5))
    models = [f"model {index}" for index in range(len(hits))]
    dtype = draw(st.sampled_from([np.int64, np.uint8]))  # differences of uint8 wrap round
    benign, correctable = np.array(hits, dtype=dtype).reshape(-1, 2).T
    return models, benign, correctable, n_benign, n_correctable


def line(hits, model, n_benign, n_correctable):
    """Return the curve as a function: weighted shares, in rational numbers."""
    benign, correctable = hits
    on_benign = Fraction(int(benign[model]), n_benign)
    on_correctable = Fraction(int(correctable[model]), n_correctable)
    return lambda prevalence: (1 - prevalence) * on_benign + prevalence * on_correctable


@given(hit_counts())
def test_crossings_are_where_two_lines_meet_strictly_inside(counts):
    models, *hits, n_benign, n_correctable = counts
    found = crossings(models, *hits, n_benign=n_benign, n_correctable=n_correctable)
    expected = {}
    if n_benign and n_correctable:
        for a, b in combinations(range(len(models)), 2):
            first, second = (line(hits, model, n_benign, n_correctable) for model in (a, b))
            at_zero, at_one = first(0) - second(0), first(1) - second(1)
            # a line through two points of opposite sign is zero in between, and nowhere else
            if min(at_zero, at_one) < 0 < max(at_zero, at_one):
                where = at_zero / (at_zero - at_one)
                assert first(where) == second(where)
                leaders = (a, b) if at_zero > 0 else (b, a)
                expected[models[a], models[b]] = (where, *(models[each] for each in leaders))
    assert {(each.a, each.b): (each.exact, each.below, each.above) for each in found} == expected
    assert [each.exact for each in found] == sorted(each.exact for each in found)


@given(hit_counts(), st.fractions(0, 1, max_denominator=50))
def test_the_leader_on_either_side_is_the_one_named(counts, prevalence):
    models, *hits, n_benign, n_correctable = counts
    for each in crossings(models, *hits, n_benign=n_benign, n_correctable=n_correctable):
        below, above = (
            line(hits, models.index(model), n_benign, n_correctable)(prevalence)
            for model in (each.below, each.above)
        )
        assert (below > above) == (prevalence < each.exact)
        assert (below < above) == (prevalence > each.exact)


@given(hit_counts())
def test_the_line_is_the_accuracy_of_the_test_set_with_a_share_of_b_removed(counts):
    models, *hits, n_benign, n_correctable = counts
    benign, correctable = hits
    if not (models and n_benign and n_correctable):
        return
    for x in (Fraction(0), Fraction(1, 3), Fraction(1)):
        size = (1 - x) * n_benign + n_correctable
        accuracy = ((1 - x) * int(benign[0]) + int(correctable[0])) / size
        assert accuracy == line(hits, 0, n_benign, n_correctable)(n_correctable / size)


def crossings_of_two(benign, correctable, n_benign=10, n_correctable=10):
    return crossings(
        ["a", "b"],
        np.array(benign),
        np.array(correctable),
        n_benign=n_benign,
        n_correctable=n_correctable,
    )


def test_equal_parallel_and_touching_curves_do_not_cross():
    assert crossings_of_two([5, 5], [3, 3]) == ()
    assert crossings_of_two([6, 5], [4, 3]) == ()
    assert crossings_of_two([5, 5], [4, 3]) == ()  # they meet at 0
    assert crossings_of_two([6, 5], [3, 3]) == ()  # they meet at 1


def test_without_benign_or_correctable_examples_nothing_crosses():
    assert crossings_of_two([0, 0], [4, 3], n_benign=0) == ()
    assert crossings_of_two([5, 4], [0, 0], n_correctable=0) == ()
    assert crossings_of_two([0, 0], [0, 0], n_benign=0, n_correctable=0) == ()


def test_a_crossing_is_said_in_words():
    [crossing] = crossings_of_two([5, 6], [4, 3])
    assert (crossing.exact, crossing.prevalence) == (Fraction(1, 2), 0.5)
    assert str(crossing) == "a overtakes b at N = 50.00 %"


# ---------------------------------------------------------------- how sure a crossing is

small_fractions = st.fractions(-2, 2, max_denominator=4)
variances = st.sampled_from(
    [Fraction(0), Fraction(1, 16), Fraction(1, 4), Fraction(1), Fraction(4)]
)


def beyond(ends, reach, prevalence):
    """Return by how much the squared line exceeds what chance would bring, in fractions."""
    x, v, y, w = ends
    line = (1 - prevalence) * x + prevalence * y
    return line**2 - Fraction(reach) ** 2 * ((1 - prevalence) ** 2 * v + prevalence**2 * w)


@given(
    st.tuples(small_fractions, variances, small_fractions, variances), st.sampled_from([0.5, 1, 2])
)
def test_the_set_of_fieller_is_where_the_line_is_not_beyond_chance(ends, reach):
    found = fieller(*ends, reach=reach)
    assert all(0 <= low <= high <= 1 for low, high in found)
    flat = [end for interval in found for end in interval]
    assert flat == sorted(flat)
    for step in range(97):
        prevalence = Fraction(step, 96)
        inside = any(low - 1e-12 <= prevalence <= high + 1e-12 for low, high in found)
        well_inside = any(low + 1e-12 < prevalence < high - 1e-12 for low, high in found)
        excess = beyond(ends, reach, prevalence)
        if excess <= 0:
            assert inside
        if well_inside:
            assert excess <= 0
    for end in flat:  # where an interval ends, the line is as far as chance would bring it
        assert beyond(ends, reach, Fraction(end)) < 1e-9
        if 0 < end < 1:
            assert beyond(ends, reach, Fraction(end)) > -1e-9


def test_the_set_of_fieller_takes_each_of_its_forms():
    assert fieller(1, 0, 1, 0, reach=2) == ()
    assert fieller(2, 0, 1, 0, reach=2) == ()  # zero further on
    assert fieller(1, 0, 2, 0, reach=2) == ()  # zero before
    # known not to be zero only before 0, or only after 1
    ends = (Fraction(-5, 4), Fraction(25, 16)), (Fraction(1, 4), Fraction(3, 4))
    assert fieller(*ends[0], *ends[1], reach=1) == ((0.0, 1.0),)
    assert fieller(*ends[1], *ends[0], reach=1) == ((0.0, 1.0),)
    assert fieller(0, 0, 0, 0, reach=2) == ((0.0, 1.0),)
    assert fieller(1, 0, -1, 0, reach=2) == ((0.5, 0.5),)
    assert fieller(0, 0, 1, 0, reach=2) == ((0.0, 0.0),)
    assert fieller(1, 0, 0, 0, reach=2) == ((1.0, 1.0),)
    [(low, high)] = fieller(1, Fraction(1, 16), -1, Fraction(1, 16), reach=1)
    assert 0 < low < 0.5 < high < 1
    [(low, high)] = fieller(0, 1, 9, 1, reach=2)
    assert (low, 0 < high < 1) == (0, True)
    [(low, high)] = fieller(9, 1, 0, 1, reach=2)
    assert (high, 0 < low < 1) == (1, True)
    # the middle is known better than either end, and the line is not zero there
    (first, low), (high, last) = fieller(1, 1, 1, 1, reach=1.2)
    assert (first, last, 0 < low < 0.5 < high < 1) == (0, 1, True)


@st.composite
def duels(draw):
    n = draw(st.integers(1, 12))
    only_first = draw(st.integers(0, n))
    return Duel(only_first, draw(st.integers(0, n - only_first)), n)


@given(duels(), duels(), st.sampled_from([0.5, 0.95]))
def test_the_band_holds_the_crossing(benign, correctable, confidence):
    band = crossing_band(benign, correctable, confidence=confidence)
    if benign.lead * correctable.lead < 0:
        crossing = benign.lead / (benign.lead - correctable.lead)
        assert any(low - 1e-12 <= crossing <= high + 1e-12 for low, high in band)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_a_duel_counts_and_its_variance_has_an_imagined_example_for_each(rows):
    first, second, subset = np.array(rows, dtype=bool).T
    found = duel(first, second, subset)
    differences = [int(a) - int(b) for a, b, inside in rows if inside]
    assert found.of == len(differences)
    assert (found.only_first, found.only_second) == (differences.count(1), differences.count(-1))
    if len(differences) < 2:
        return
    assert float(found.lead) == np.mean(differences)
    expected = np.var(differences, ddof=1) / found.of + 2 / found.of**2
    assert abs(float(found.variance) - expected) < 1e-12
    assert found.freedom == 2 * (np.count_nonzero(differences) + 2)


@pytest.mark.parametrize(
    ("sizes", "on_benign", "on_correctable"),
    [
        ((1000, 100), (0.05, 0.03), (0.1, 0.3)),
        ((5000, 30), (0.01, 0.008), (0.02, 0.06)),
        ((200, 10), (0.02, 0.01), (0.05, 0.2)),
        ((40_000, 1400), (0.06, 0.05), (0.1, 0.2)),
    ],
)
def test_the_band_holds_the_true_crossing_as_often_as_it_says(sizes, on_benign, on_correctable):
    """Shares of B and of C on which only the first is right, and only the second."""
    rng, times = np.random.default_rng(0), 200
    at_0, at_1 = on_benign[0] - on_benign[1], on_correctable[0] - on_correctable[1]
    crossing, held = at_0 / (at_0 - at_1), 0
    for _ in range(times):
        both = [
            Duel(*rng.multinomial(of, [*shares, 1 - sum(shares)])[:2].tolist(), of)
            for of, shares in zip(sizes, (on_benign, on_correctable), strict=True)
        ]
        held += any(low <= crossing <= high for low, high in crossing_band(*both))
    # three standard errors of 200 bands of 95 %
    assert held / times >= 0.95 - 3 * sqrt(0.95 * 0.05 / times)


def test_the_band_goes_by_the_fewer_degrees_of_freedom():
    many, few = Duel(400, 100, 1000), Duel(1, 3, 10)
    for benign, correctable in ((many, few), (few, many)):
        sets = (benign.lead, benign.variance, correctable.lead, correctable.variance)
        expected = fieller(*sets, reach=float(t.ppf(0.975, 2 * (4 + 2))))
        np.testing.assert_allclose(crossing_band(benign, correctable), expected)


def test_without_benign_or_correctable_examples_they_may_cross_anywhere():
    assert crossing_band(Duel(3, 1, 9), Duel(0, 0, 0)) == ((0.0, 1.0),)
    assert crossing_band(Duel(0, 0, 0), Duel(3, 1, 9)) == ((0.0, 1.0),)


def test_a_band_wants_a_confidence_between_0_and_1():
    with pytest.raises(InputError, match="confidence is 0; between 0 and 1"):
        crossing_band(Duel(3, 1, 9), Duel(1, 3, 9), confidence=0)


# ---------------------------------------------------------------- how many labels would flip them


@st.composite
def small_tests(draw):
    n, models = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    answer = st.integers(0, 2)
    answers = np.array([[draw(answer) for _ in range(models)] for _ in range(n)])
    labels = np.array([draw(answer) for _ in range(n)])
    return answers, labels, np.array([draw(st.booleans()) for _ in range(n)])


def fewest_by_trying(first, second, labels, unchecked):
    """Return the smallest number of relabels that put the second ahead, all being tried."""
    choices = [range(3) if free else [label] for free, label in zip(unchecked, labels, strict=True)]
    found = [
        sum(a != b for a, b in zip(relabelled, labels, strict=True))
        for relabelled in product(*choices)
        if np.sum(second == relabelled) > np.sum(first == relabelled)
    ]
    return min(found, default=None)


def test_examples_on_which_neither_is_right_help_out():
    answers = np.array([[0, 1], [0, 1], [2, 1]])  # the leader's two hits, one of them checked
    flips = fewest_flips(["a", "b"], answers, np.zeros(3, int), np.array([True, False, True]))
    assert [flip.fewest for flip in flips] == [2]


@given(small_tests(), st.booleans())
def test_no_fewer_relabels_flip_a_pair_and_so_many_do(drawn, told):
    answers, labels, unchecked = drawn
    names = [f"model {number}" for number in range(answers.shape[1])]
    error = np.arange(len(labels)) / 8 if told else None
    found = fewest_flips(names, answers, labels, unchecked, error)
    assert len(found) == len(names) * (len(names) - 1) // 2
    for flip in found:
        first, second = (answers[:, names.index(name)] for name in (flip.leader, flip.follower))
        assert flip.lead == np.sum(first == labels) - np.sum(second == labels) >= 0
        assert flip.fewest == fewest_by_trying(first, second, labels, unchecked)
        helped = [
            i for i in np.flatnonzero(unchecked) if first[i] != second[i] and second[i] != labels[i]
        ]
        assert flip.room == len(helped)
        assert flip.expected == (sum(error[i] for i in helped) if told else None)
