from fractions import Fraction
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from errata.core.stability import crossings


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
