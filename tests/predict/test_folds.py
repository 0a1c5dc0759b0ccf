"""Folds: every example in one, classes shared out evenly, groups together, the same from a seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.errors import InputError
from errata.predict.folds import folds_of


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


def test_examples_of_several_labels_are_dealt_out_by_chance():
    folds = folds_of(np.zeros((10, 3), bool), 5)
    assert np.bincount(folds).tolist() == [2] * 5


@pytest.mark.parametrize(("n_folds", "groups"), [(1, None), (7, None), (3, [0, 0, 0, 1, 1, 1])])
def test_too_few_or_too_many_folds_are_refused(n_folds, groups):
    labels = np.zeros(6, int)
    with pytest.raises(InputError, match=f"{n_folds} folds cannot be made of"):
        folds_of(labels, n_folds, groups=None if groups is None else np.array(groups))
