"""Duplicates stay in one fold, with the groups of the data set, unless they would fill it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.datasets.base import Dataset
from errata.datasets.media import Features
from errata.errors import NameUnknownError
from errata.predict.duplicates import Duplicates, find_duplicates
from errata.predict.together import as_handling, kept_together


def numbers(values, labels=None, groups=None):
    n = len(values)
    labels = np.zeros(n, int) if labels is None else np.array(labels)
    groups = None if groups is None else np.array(groups)
    ids = [f"r{row}" for row in range(n)]
    media = Features(np.array(values).reshape(-1, 1))
    return Dataset("d", "all", ids, labels, ("x", "y"), media, groups=groups)


def kept(values, n_folds, **more):
    data = numbers(values, **more)
    groups, notes = kept_together(find_duplicates(data), data, n_folds)
    return None if groups is None else groups.tolist(), notes


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=40),
    st.data(),
    st.booleans(),
    st.integers(2, 4),
)
def test_who_is_together_is_what_links_say_unless_it_is_too_much(values, data, own, n_folds):
    n = len(values)
    given_groups = data.draw(st.lists(st.integers(0, 30), min_size=n, max_size=n)) if own else None
    found, notes = kept(values, n_folds, groups=given_groups)
    found = list(range(n)) if found is None else found
    named = given_groups or list(range(n))
    reach = [
        {b for b in range(n) if values[a] == values[b] or named[a] == named[b]} for a in range(n)
    ]
    for _ in range(n):
        reach = [set().union(*(reach[b] for b in one)) for one in reach]
    dissolved = False
    for a in range(n):
        for b in reach[a]:
            own_group = named[a] == named[b]
            pair = len(reach[a]) <= 2 and n >= len(reach[a]) * n_folds
            fits = pair or len(reach[a]) <= n / (2 * n_folds)
            one_group = len({named[row] for row in reach[a]}) == 1
            assert (found[a] == found[b]) == (own_group or fits or one_group)
            dissolved |= not (own_group or fits or one_group)
        assert all(found[a] != found[b] for b in set(range(n)) - reach[a])
    assert any("dealt out as if" in note for note in notes) == dissolved


def test_without_duplicates_there_is_nothing_to_say():
    assert kept([1, 2, 3, 4], 2) == (None, ())
    assert kept([1, 2, 3, 4], 2, groups=[5, 5, 7, 8]) == ([0, 0, 2, 3], ())


def test_copies_are_counted_and_those_with_different_labels_named():
    values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 11]
    groups, notes = kept(values, 3, labels=[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])
    assert groups == [0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 11]
    first, second = notes
    assert first == (
        "4 examples are the same as others, or nearly, in 2 groups: a group stays in one fold."
    )
    assert second == (
        "In 1 of the groups the given labels differ, as those of 'r1' (x) and 'r10' (y): at least "
        "one of them is wrong, or both fit."
    )


def test_what_would_fill_more_than_half_a_fold_is_dealt_out():
    groups, notes = kept([7, 7, 7, 7, 1, 1, *range(20, 30)], 4, labels=[0, 1] * 8)
    assert groups[:6] == [0, 1, 2, 3, 4, 4]
    assert notes[2] == (
        "4 examples are the same as others, or nearly, but are dealt out as if they were not: the "
        "group of 'r0' and 'r1' would have 4 examples, and half a fold is all that a group may "
        "fill, 2."
    )
    assert "In 1 of the groups" in notes[1]
    assert kept([0, 1] * 20, 2)[0] is None


def test_pairs_stay_together_in_the_smallest_folds():
    groups, _ = kept([row // 2 for row in range(40)], 20)
    assert groups == [2 * (row // 2) for row in range(40)]


def test_what_was_not_looked_for_is_told():
    found = Duplicates(np.arange(3), np.zeros((0, 2), np.int64), complete=False)
    (note,) = kept_together(found, numbers([1, 2, 3]), 2)[1]
    assert note.startswith("Among 3 features only those that are the same were looked for")


def test_an_unknown_word_is_met_with_the_nearest():
    with pytest.raises(NameUnknownError, match="Did you mean 'together'"):
        as_handling("togehter")
