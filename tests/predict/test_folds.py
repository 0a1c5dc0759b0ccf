"""Folds: every example in one, classes shared out evenly, groups together, the same from a seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.errors import InputError
from errata.predict.folds import _filled_up, folds_of


@st.composite
def dealt(draw):
    n = draw(st.integers(2, 40))
    n_folds = draw(st.integers(2, min(n, 6)))
    m = draw(st.integers(1, 4))
    labels = np.array(draw(st.lists(st.integers(0, m - 1), min_size=n, max_size=n)))
    return labels, n_folds, draw(st.integers(0, 99))


@given(dealt())
def test_every_fold_has_its_share_of_the_whole_and_of_each_class(drawn):
    labels, n_folds, seed = drawn
    folds = folds_of(labels, n_folds, seed=seed)
    sizes = np.bincount(folds, minlength=n_folds)
    assert len(sizes) == n_folds
    assert sizes.max() - sizes.min() <= 1
    if np.bincount(labels).max() < n_folds:
        return
    for label in set(labels.tolist()):
        shares = np.bincount(folds[labels == label], minlength=n_folds)
        assert shares.max() - shares.min() <= 1


@given(dealt())
def test_a_seed_gives_the_same_folds_again(drawn):
    labels, n_folds, seed = drawn
    once, again = (folds_of(labels, n_folds, seed=seed) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_another_seed_gives_others():
    labels = np.arange(100) % 3
    assert (folds_of(labels, 5, seed=1) != folds_of(labels, 5, seed=2)).any()


@given(dealt(), st.data())
def test_a_group_is_in_one_fold(drawn, data):
    labels, _, seed = drawn
    n = len(labels)
    groups = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)))
    if len(set(groups.tolist())) < 2:
        return
    folds = folds_of(labels, 2, seed=seed, groups=groups)
    for group in set(groups.tolist()):
        assert len(set(folds[groups == group].tolist())) == 1
    assert set(folds.tolist()) <= {0, 1}


@given(dealt(), st.integers(0, 3))
def test_where_few_are_in_groups_folds_are_as_even_as_without(drawn, pairs):
    labels, n_folds, seed = drawn
    groups = np.arange(len(labels))
    for first in range(0, 2 * min(pairs, len(labels) // 2), 2):
        groups[first + 1] = first
    if len(set(groups.tolist())) < n_folds:
        return
    folds = folds_of(labels, n_folds, seed=seed, groups=groups)
    assert np.bincount(folds, minlength=n_folds).min() > 0
    for first in range(0, 2 * min(pairs, len(labels) // 2), 2):
        assert folds[first] == folds[first + 1]
    for label in set(labels.tolist()):
        shares = np.bincount(folds[labels == label], minlength=n_folds)
        alone = np.bincount(folds[(labels == label) & (groups == np.arange(len(labels)))])
        assert shares.max() - shares.min() <= max(1, 2 * pairs) or alone.max() <= 1
    if not pairs:
        assert np.ptp(np.bincount(folds, minlength=n_folds)) <= 1


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 30))
def test_levels_are_filled_up_one_by_one(levels, count):
    more = _filled_up(np.array(levels), np.array(levels), count)
    assert more.sum() == count
    slow = list(levels)
    for _ in range(count):
        slow[slow.index(min(slow))] += 1
    assert sorted(slow) == sorted((more + levels).tolist())
    assert (more >= 0).all()


def test_many_groups_take_a_moment():
    labels = np.arange(300_000) % 100
    groups = np.arange(300_000)
    groups[1000:2000] = groups[:1000]
    sizes = np.bincount(folds_of(labels, 5, groups=groups))
    assert np.ptp(sizes) <= 100


def test_examples_of_several_labels_are_dealt_out_by_chance():
    folds = folds_of(np.zeros((10, 3), bool), 5)
    assert np.bincount(folds).tolist() == [2] * 5


@pytest.mark.parametrize(("n_folds", "groups"), [(1, None), (7, None), (3, [0, 0, 0, 1, 1, 1])])
def test_too_few_or_too_many_folds_are_refused(n_folds, groups):
    labels = np.zeros(6, int)
    with pytest.raises(InputError, match=f"{n_folds} folds cannot be made of"):
        folds_of(labels, n_folds, groups=None if groups is None else np.array(groups))
