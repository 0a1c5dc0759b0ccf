"""The best few classes of each example."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.errors import FileError, InputError, ProbabilityError
from errata.sources.opening import open_probs
from errata.sources.topk import TopK
from source_forms import best, read

ARRAY = np.random.default_rng(0).dirichlet(np.ones(9), 20).astype(np.float32)
INDICES, VALUES = best(ARRAY, 3)


def with_cell(row, column, value):
    indices = INDICES.copy()
    indices[row, column] = value
    return indices


@given(
    st.lists(st.permutations(range(7)), min_size=1, max_size=6),
    st.integers(1, 7),
    st.sampled_from(["u1", "i4", ">i2", "u8"]),
    st.sampled_from(["f2", "f4", "f8", ">f4"]),
)
def test_classes_in_any_order_are_sorted_with_their_values(rows, k, index_type, value_type):
    indices = np.array(rows)[:, :k].astype(index_type)
    values = (np.arange(len(rows) * k).reshape(-1, k) / 64).astype(value_type)
    [(at, found)] = TopK(indices, values, 7).blocks(0, len(rows), 10)
    assert at == 0
    assert found.dtype.isnative
    for row in range(len(rows)):
        by_hand = sorted(zip(indices[row].tolist(), values[row].tolist(), strict=True))
        assert list(zip(found.indices[row], found.values[row], strict=True)) == by_hand


@pytest.mark.parametrize(
    ("indices", "values", "message"),
    [
        (INDICES[:, :2], VALUES, r"indices of shape \(20, 2\) and values of shape \(20, 3\); both"),
        (INDICES[:5], VALUES, r"indices of shape \(5, 3\) and values of shape \(20, 3\)"),
        (INDICES[0], VALUES[0], r"shape \(3,\).*both were expected to be \(n, k\)"),
        (VALUES, INDICES, "indices of the type float32; class numbers are integers. Are .*swapped"),
        (INDICES, VALUES.astype(str), "dtype <U"),
        (INDICES[:, :0], VALUES[:, :0], "lists 0 classes for each example"),
        (np.tile(INDICES, 4), np.tile(VALUES, 4), "lists 12 classes .*but n_classes is 9: from 1"),
        ([[1], [1, 2]], VALUES, "the indices of probs are no rectangular table"),
    ],
)
def test_tables_that_do_not_fit_are_refused_at_once(indices, values, message):
    with pytest.raises(ProbabilityError, match=message):
        TopK(indices, values, 9)


@pytest.mark.parametrize("n_classes", [0, -1, True])
def test_the_number_of_classes_is_a_number(n_classes):
    with pytest.raises(InputError, match="n_classes is"):
        TopK(INDICES, VALUES, n_classes)


def test_one_class_cannot_be_wrong():
    with pytest.raises(ProbabilityError, match="with one class no label can be wrong"):
        TopK(np.zeros((2, 1), int), np.ones((2, 1)), 1)


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (7, 1, 9, r"probs\[7\] lists the class 9, but n_classes is 9, so classes run from 0 to 8"),
        (13, 0, -1, r"probs\[13\] lists the class -1"),
        (19, 2, INDICES[19, 0], rf"probs\[19\] lists the class {INDICES[19, 0]} twice"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_where_it_is_read(row, column, value, message):
    source = TopK(with_cell(row, column, value), VALUES, 9)
    list(source.blocks(0, row, 3))
    with pytest.raises(ProbabilityError, match=message):
        list(source.blocks(0, 20, 4))
    with pytest.raises(ProbabilityError, match=message):
        read(source, np.array([2, row]))


def test_a_row_in_a_folder_is_named_with_the_folder(tmp_path):
    np.save(tmp_path / "indices.npy", with_cell(7, 1, 9))
    np.save(tmp_path / "values.npy", VALUES)
    source = open_probs(tmp_path, n_classes=9)
    with pytest.raises(
        ProbabilityError, match=rf"{re.escape(str(tmp_path))}\[7\] lists the class 9"
    ):
        list(source.blocks(0, 20, 4))


def test_paths_may_stand_for_the_tables(tmp_path):
    np.save(tmp_path / "i.npy", INDICES)
    np.save(tmp_path / "v.npy", VALUES)
    source = TopK(tmp_path / "i.npy", str(tmp_path / "v.npy"), 9)
    kept = np.zeros_like(ARRAY)
    np.put_along_axis(kept, INDICES, VALUES, axis=1)
    np.testing.assert_array_equal(read(source, np.arange(20)), kept)


def test_class_names_tell_how_many_classes_there_are(tmp_path):
    np.savez(tmp_path / "top.npz", indices=INDICES, values=VALUES)
    message = r"top\.npz lists the best few .*Give n_classes \(--n-classes\), or the class names"
    with pytest.raises(ProbabilityError, match=message):
        open_probs(tmp_path / "top.npz")
    assert open_probs(tmp_path / "top.npz", class_names="abcdefghi").n_classes == 9
    assert open_probs(tmp_path / "top.npz", n_classes=11).n_classes == 11
    assert open_probs(tmp_path / "top.npz", n_classes=np.int16(11)).n_classes == 11
    np.savez(tmp_path / "top.npz", indices=INDICES, values=VALUES, n_classes=[9, 9])
    with pytest.raises(ProbabilityError, match=r"top\.npz has an array n_classes of shape \(2,\)"):
        open_probs(tmp_path / "top.npz")
    np.savez(tmp_path / "top.npz", indices=INDICES, values=VALUES, n_classes=10)
    assert open_probs(tmp_path / "top.npz").n_classes == 10
    with pytest.raises(ProbabilityError, match=r"n_classes is 11, but .*top\.npz has 10 classes"):
        open_probs(tmp_path / "top.npz", n_classes=11)


def test_a_folder_needs_both_tables(tmp_path):
    np.save(tmp_path / "indices.npy", INDICES)
    with pytest.raises(FileError, match=r"holds indices\.npy alone; .* and values\.npy together"):
        open_probs(tmp_path, n_classes=9)


def test_a_cut_table_in_a_folder_is_named(tmp_path):
    np.save(tmp_path / "indices.npy", INDICES)
    np.save(tmp_path / "values.npy", VALUES)
    whole = (tmp_path / "values.npy").read_bytes()
    (tmp_path / "values.npy").write_bytes(whole[:-1])
    with pytest.raises(FileError, match=r"values\.npy is cut short"):
        open_probs(tmp_path, n_classes=9)


def test_shards_list_as_many_classes_as_the_first(tmp_path):
    for place, k in enumerate((3, 2)):
        folder = tmp_path / f"part-{place}"
        folder.mkdir()
        np.save(folder / "indices.npy", INDICES[:, :k])
        np.save(folder / "values.npy", VALUES[:, :k])
    message = (
        r"part-1 \(shard 1 of 2, from 0\) has the best 2 classes of each example, but .*best 3"
    )
    with pytest.raises(ProbabilityError, match=message):
        open_probs(tmp_path / "part-*", n_classes=9)
    one = open_probs([tmp_path / "part-0"] * 2, n_classes=9)
    assert (one.n, one.k) == (40, 3)
