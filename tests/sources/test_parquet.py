"""Parquet files: which columns are taken, and what is wrong with them."""

import re

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import errata
from errata.errors import ErrataError, FileError, ProbabilityError
from errata.sources.average import Average
from errata.sources.opening import open_average, open_probs
from helpers import quiet_find
from source_forms import best, columns, dense, read, write_parquet

ARRAY = np.random.default_rng(0).dirichlet(np.ones(4), 20).astype(np.float32)
NAMES = [f"class {j}." for j in range(4)]


def written(tmp_path, table, group=6, name="p.parquet"):
    return write_parquet(table, tmp_path / name, group)


def all_of(source):
    return np.concatenate([dense(block) for _, block in source.blocks(0, source.n, 5)])


def lists(rows, kind="float32"):
    return pa.array(rows, pa.list_(getattr(pa, kind)()))


# ---------------------------------------------------------------- which columns


def test_one_list_column_is_taken_whatever_its_name(tmp_path):
    table = columns(ARRAY, "lists").append_column("id", pa.array(range(20)))
    np.testing.assert_array_equal(all_of(open_probs(written(tmp_path, table))), ARRAY)


def test_of_several_list_columns_the_one_called_probs_is_taken(tmp_path):
    table = columns(ARRAY, "fixed")
    np.testing.assert_array_equal(all_of(open_probs(written(tmp_path, table))), ARRAY)
    other = table.rename_columns(["embedding", "scores"])
    message = r"p\.parquet has the list columns embedding, scores, .* not clear which.*'probs'"
    with pytest.raises(ProbabilityError, match=message):
        open_probs(written(tmp_path, other))


def test_lists_of_text_are_no_probabilities(tmp_path):
    table = columns(ARRAY, "lists").append_column("tags", pa.array([["a"]] * 20))
    np.testing.assert_array_equal(all_of(open_probs(written(tmp_path, table))), ARRAY)


def test_columns_of_floats_are_taken_in_the_order_of_the_file(tmp_path):
    table = columns(ARRAY).select([*NAMES[::-1], "id"])
    np.testing.assert_array_equal(all_of(open_probs(written(tmp_path, table))), ARRAY[:, ::-1])


def test_columns_with_the_names_of_the_classes_are_taken_in_the_order_of_the_classes(tmp_path):
    table = columns(ARRAY).append_column("score", pa.array(np.ones(20)))
    path = written(tmp_path, table.select(["score", *NAMES[::-1], "id"]))
    source = open_probs(path, class_names=NAMES)
    np.testing.assert_array_equal(all_of(source), ARRAY)
    few = open_probs(path, class_names=[NAMES[2], NAMES[0]])
    np.testing.assert_array_equal(all_of(few), ARRAY[:, [2, 0]])


def test_columns_with_the_names_of_the_classes_go_before_lists_of_other_things(tmp_path):
    table = columns(ARRAY).append_column("embedding", lists(ARRAY.tolist()))
    table = table.append_column("boxes", lists(ARRAY.tolist()))
    source = open_probs(written(tmp_path, table), class_names=NAMES[::-1])
    np.testing.assert_array_equal(all_of(source), ARRAY[:, ::-1])


def test_class_names_that_are_no_columns_leave_the_order_of_the_file(tmp_path):
    source = open_probs(written(tmp_path, columns(ARRAY)), class_names=["a", "b", "c", "d"])
    np.testing.assert_array_equal(all_of(source), ARRAY)


@pytest.mark.parametrize("kind", ["large_list", "list", "fixed"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
def test_lists_of_every_kind_are_read(kind, dtype, tmp_path):
    array = (ARRAY * 8).astype(dtype)
    flat = pa.array(array.ravel())
    offsets = np.arange(21) * 4
    if kind == "fixed":
        values = pa.FixedSizeListArray.from_arrays(flat, 4)
    elif kind == "list":
        values = pa.ListArray.from_arrays(offsets.astype(np.int32), flat)
    else:
        values = pa.LargeListArray.from_arrays(offsets, flat)
    found = all_of(open_probs(written(tmp_path, pa.table({"p": values}))))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == (np.float64 if dtype is np.int8 else dtype)


@pytest.mark.parametrize("ending", ["parquet", "PARQUET", "pq", "bin"])
def test_several_files_may_have_their_columns_in_other_orders_and_some_no_rows(ending, tmp_path):
    table = columns(ARRAY)
    written(tmp_path, columns(ARRAY, "lists").slice(0, 0), name=f"part-0.{ending}")
    written(tmp_path, table.slice(0, 8), name=f"part-2.{ending}")
    written(tmp_path, table.slice(8).select(NAMES[::-1]), name=f"part-10.{ending}")
    np.testing.assert_array_equal(all_of(open_probs(tmp_path / "part-*")), ARRAY)
    written(tmp_path, columns(ARRAY[:, :3]), name=f"part-11.{ending}")
    with pytest.raises(ProbabilityError, match=r"part-11.* has not the column 'class 3\.', which"):
        open_probs(tmp_path / "part-*")


def test_files_without_any_rows_are_refused(tmp_path):
    with pytest.raises(ProbabilityError, match="probs has zero rows"):
        open_probs(written(tmp_path, columns(ARRAY).slice(0, 0)))


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (
            pa.table({"id": [1, 2]}),
            {},
            r"no columns of probabilities; .*are: id \(int64\). Expected",
        ),
        (pa.table({"p": lists([[1.0], [1.0]])}), {}, "p.parquet: probs has 1 column"),
        (pa.table({"a": np.float32([1, 0])}), {}, "p.parquet: probs has 1 column"),
        (
            pa.table({"a": np.float32([1, 0]), "b": np.float64([0, 1])}),
            {},
            "the column 'a' of float and the column 'b' of double; .*have the same type",
        ),
        (
            pa.table({"cat": [1.0, 0], "dog": [0, 1.0]}),
            {"class_names": ["cat", "dgo"]},
            "for some of the class names, but not for all: There is no column 'dgo'. .*'dog'",
        ),
        (
            pa.table([[1.0, 0], [0, 1.0]], names=["cat", "cat"]),
            {},
            "p.parquet has two columns 'cat'",
        ),
        (pa.table([lists([[1]]), lists([[1]])], names=["probs"] * 2), {}, "two columns 'probs'"),
    ],
)
def test_tables_without_clear_probabilities_are_refused(table, options, message, tmp_path):
    with pytest.raises(ErrataError, match=message):
        open_probs(written(tmp_path, table), **options)


# ---------------------------------------------------------------- what a row lacks


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (None, r"p\.parquet\[13\] is missing: the column 'p' is null there"),
        ([0.5, 0.5], r"p\.parquet\[13\] has 2 numbers in the column 'p', where 4 were expected"),
        ([], r"p\.parquet\[13\] has 0 numbers"),
        ([0.25] * 5, r"p\.parquet\[13\] has 5 numbers"),
    ],
)
def test_a_list_of_another_length_is_named_where_it_is_read(row, message, tmp_path):
    rows = ARRAY.tolist()
    rows[13] = row
    source = open_probs(written(tmp_path, pa.table({"p": lists(rows)})))
    list(source.blocks(0, 12, 5))
    with pytest.raises(ProbabilityError, match=message):
        list(source.blocks(0, 20, 5))
    with pytest.raises(ProbabilityError, match=message):
        read(source, np.array([13]))


def test_a_first_list_that_is_missing_is_named(tmp_path):
    with pytest.raises(ProbabilityError, match=r"p\.parquet\[0\] is missing"):
        open_probs(written(tmp_path, pa.table({"p": lists([None, [0.5, 0.5]])})))


@pytest.mark.parametrize("kind", ["lists", "fixed", "wide"])
def test_a_number_that_is_missing_is_named_with_its_row(kind, tmp_path):
    rows = ARRAY.tolist()
    rows[13][2] = None
    if kind == "wide":
        table = pa.table({f"c{j}": pa.array([row[j] for row in rows]) for j in range(4)})
        message = r"p\.parquet\[13\] is missing in the column 'c2'"
    else:
        type_ = pa.list_(pa.float32(), 4) if kind == "fixed" else pa.list_(pa.float32())
        table = pa.table({"p": pa.array(rows, type_)})
        message = r"p\.parquet\[13\] is missing at place 2 of the column 'p'"
    source = open_probs(written(tmp_path, table))
    list(source.blocks(0, 12, 5))
    with pytest.raises(ProbabilityError, match=message):
        list(source.blocks(3, 20, 5))


def test_the_best_few_classes_are_looked_at_where_they_are_read(tmp_path):
    indices, values = best(ARRAY, 2)
    indices[13, 0] = 4
    table = pa.table(
        {"indices": lists(indices.tolist(), "int32"), "values": lists(values.tolist())}
    )
    path = written(tmp_path, table)
    with pytest.raises(ProbabilityError, match=r"p\.parquet lists the best few .*Give n_classes"):
        open_probs(path)
    source = open_probs(path, n_classes=4)
    with pytest.raises(
        ProbabilityError, match=r"p\.parquet\[13\] lists the class 4, but n_classes"
    ):
        read(source, np.array([2, 13]))
    uneven = table.set_column(0, "indices", lists(best(ARRAY, 3)[0].tolist(), "int32"))
    message = r"indices of shape \(1, 3\) and values of shape \(1, 2\)"
    with pytest.raises(ProbabilityError, match=message):
        open_probs(written(tmp_path, uneven), n_classes=4)


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            columns(ARRAY[:, :3]),
            r"b\.parquet has not the column 'class 3\.', which .*a\.parquet has",
        ),
        (
            columns(np.hstack([ARRAY, ARRAY])),
            r"b\.parquet has the column 'class 4\.', which .*a\.parquet has not",
        ),
        (
            columns(ARRAY.astype(np.float64)),
            r"b\.parquet has 4 columns of float64 .*a\.parquet has 4 columns of float32",
        ),
        (columns(ARRAY, "lists"), r"b\.parquet has lists of 4 float32 in the column 'p', but .*a"),
    ],
)
def test_a_file_with_other_columns_is_named_before_any_is_read(table, message, tmp_path):
    written(tmp_path, columns(ARRAY), name="a.parquet")
    written(tmp_path, table, name="b.parquet")
    with pytest.raises(ProbabilityError, match=message):
        open_probs(tmp_path)


@pytest.mark.parametrize("left", [0, 3, 8, 300, -1, -20])
def test_a_cut_file_is_named_before_any_is_read(left, tmp_path):
    written(tmp_path, columns(ARRAY), name="a.parquet")
    path = written(tmp_path, columns(ARRAY), name="b.parquet")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(
        FileError, match=r"b\.parquet is cut short or damaged \(.*\)\. Copy it again"
    ):
        open_probs(tmp_path)


def test_a_damaged_page_is_named_where_it_is_read(tmp_path):
    path = tmp_path / "p.parquet"
    parquet.write_table(
        columns(ARRAY, "lists"),
        path,
        row_group_size=5,
        write_page_checksum=True,
        use_dictionary=False,
    )
    whole = bytearray(path.read_bytes())
    at = whole.find(ARRAY[12:15].tobytes()[:8])
    whole[at] ^= 1
    path.write_bytes(bytes(whole))
    source = open_probs(path)
    np.testing.assert_array_equal(read(source, np.arange(10)), ARRAY[:10])
    with pytest.raises(FileError, match=r"p\.parquet is cut short or damaged \(.*checksum"):
        list(source.blocks(10, 15, 5))


@pytest.mark.parametrize("kind", ["lists", "wide"])
def test_whatever_is_damaged_nothing_but_an_error_of_ours_comes_out(kind, tmp_path):
    path = written(tmp_path, columns(ARRAY, kind))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        broken = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            broken[at] = rng.integers(0, 256)
        path.write_bytes(bytes(broken))
        try:
            all_of(open_probs(path))
        except ErrataError:
            refused += 1
    assert refused > 100


def test_a_file_that_is_gone_is_named(tmp_path):
    path = written(tmp_path, columns(ARRAY))
    source = open_probs(path)
    path.unlink()
    with pytest.raises(FileError, match=re.escape(f"{path} does not exist")):
        read(source, np.array([3]))


# ---------------------------------------------------------------- which columns are classes


def test_models_whose_columns_come_in_another_order_are_averaged_by_name(tmp_path):
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 5)
    names = ["cat", "dog", "emu"]
    for name, order in (("a", [0, 1, 2]), ("b", [2, 0, 1])):
        columns = {names[place]: probs[:, place] for place in order}
        parquet.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for class_names in (None, names, ["Katze", "Hund", "Strauss"]):
        mean = open_average(paths, class_names=class_names)
        np.testing.assert_allclose(next(mean.blocks(0, 5, 5))[1].probs, probs, rtol=1e-6)
    parquet.write_table(pa.table(dict(zip("xyz", probs.T, strict=True))), tmp_path / "c.parquet")
    with pytest.raises(ProbabilityError, match="has the column 'x', which .* has not"):
        open_average([*paths, tmp_path / "c.parquet"])


def test_an_array_first_leaves_columns_aligned_by_name(tmp_path):
    np.save(tmp_path / "a.npy", ARRAY)
    written(tmp_path, columns(ARRAY).select(NAMES), name="b.parquet")
    written(tmp_path, columns(ARRAY).select(NAMES[::-1]), name="c.parquet")
    paths = [tmp_path / name for name in ("a.npy", "b.parquet", "c.parquet")]
    np.testing.assert_allclose(all_of(open_average(paths)), ARRAY, rtol=1e-6)
    written(tmp_path, columns(ARRAY).rename_columns(["id", *"wxyz"]), name="d.parquet")
    with pytest.raises(
        ProbabilityError, match=r"d\.par.* has the column 'w', which .*b\.par.* has"
    ):
        open_average([*paths, tmp_path / "d.parquet"])


@pytest.mark.parametrize("class_names", [None, ["Katze", "Hund", "Strauss", "Emu"]])
@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([*NAMES[:3], "other"], r"b\.parquet has the column 'other', which .*a\.parquet has not"),
        (
            [*NAMES[:3], "Class 3"],
            r"b\.parquet has the column 'Class 3', which .*a\.parquet has not",
        ),
        (list("wxyz"), r"b\.parquet has the column 'w', which .*a\.parquet has not"),
    ],
)
def test_models_with_other_columns_are_named_both(class_names, names, message, tmp_path):
    written(tmp_path, columns(ARRAY), name="a.parquet")
    written(tmp_path, columns(ARRAY).rename_columns(["id", *names]), name="b.parquet")
    with pytest.raises(ProbabilityError, match=message):
        open_average([tmp_path / "a.parquet", tmp_path / "b.parquet"], class_names=class_names)


def test_opened_models_with_columns_in_another_order_are_refused(tmp_path):
    sources = [
        open_probs(written(tmp_path, columns(ARRAY).select(names), name=f"{place}.parquet"))
        for place, names in enumerate((NAMES, NAMES[::-1]))
    ]
    for average in (Average, open_average):
        with pytest.raises(
            ProbabilityError, match=r"1\.parquet has the columns in the order class 3"
        ):
            average(sources)


@pytest.mark.parametrize(
    "class_names", [["Cat", "Sea Lion"], ["cat ", "sea-lion"], ["CAT", "sealion"]]
)
def test_class_names_that_differ_from_columns_in_case_and_signs_are_refused(class_names, tmp_path):
    parquet.write_table(pa.table({"cat": [0.5], "sea_lion": [0.5]}), tmp_path / "probs.parquet")
    called = re.escape(repr(class_names[0]))
    with pytest.raises(ProbabilityError, match=f"a column 'cat', but the class is called {called}"):
        open_probs(tmp_path / "probs.parquet", class_names=class_names)


def test_columns_that_are_called_otherwise_than_the_classes_are_warned_of(tmp_path):
    path = written(tmp_path, columns(ARRAY))
    labels = np.arange(20) % 4
    taken = (
        "in their order: 'class 0.' for 'a', 'class 1.' for 'b', 'class 2.' for 'c' and so on. Call"
    )
    for probs in (path, open_average([path, path]), [path, written(tmp_path, columns(ARRAY))]):
        if isinstance(probs, list):
            labels = np.tile(labels, 2)
        [note] = [
            n for n in quiet_find(labels, probs, classes=list("abcd")).warnings if "called" in n
        ]
        assert taken in note
        for options in ({}, {"classes": NAMES}):
            notes = quiet_find(labels, probs, **options).warnings
            assert not [note for note in notes if "called" in note]


def test_an_average_that_was_opened_without_the_class_names_is_refused_with_them(tmp_path):
    path = written(tmp_path, columns(ARRAY))
    labels, names = np.arange(20) % 4, NAMES[::-1]
    with pytest.raises(ProbabilityError, match=r"opened without .*Give them to `errata\.open_aver"):
        errata.find(labels, open_average([path]), classes=names)
    found = quiet_find(labels, open_average([path], class_names=names), classes=names)
    assert found.class_names == tuple(names)


def test_columns_are_named_only_where_some_may_be_no_classes(tmp_path):
    rows = ARRAY.copy()
    rows[3, 1] = np.nan
    path = written(tmp_path, columns(rows))
    with pytest.raises(ProbabilityError, match="leave these examples out.$"):
        errata.find(np.arange(20) % 4, path)
    path = written(tmp_path, columns(ARRAY * 2))
    with pytest.raises(ProbabilityError, match="apply a softmax first.$"):
        errata.find(np.arange(20) % 4, path, classes=NAMES)
    with pytest.raises(ProbabilityError, match="columns taken for classes are class 0., class 1."):
        errata.find(np.arange(20) % 4, open_average([path, path]))


def test_a_column_too_many_is_named_where_rows_do_not_sum_to_1(tmp_path):
    columns = {"cat": [0.5, 0.25], "dog": [0.5, 0.75], "loss": [0.7, 0.3]}
    parquet.write_table(pa.table(columns), tmp_path / "probs.parquet")
    with pytest.raises(ProbabilityError, match="taken for classes are cat, dog, loss: give the"):
        errata.find([0, 1], tmp_path / "probs.parquet")
