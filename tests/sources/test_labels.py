"""Labels from array files and from columns of tables."""

import csv
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from errata.errors import FileError, LabelError, NameUnknownError
from errata.sources import label_columns
from errata.sources.labels import NamedLabels, read_labels
from helpers import require

NUMBERS = [3, 0, 2, 2, 0, 300]
NAMES = ["dog", "cat", "dog", "sea, lion", "new\nline", "cat"]


def text(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def as_csv(path, labels, name="label"):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", name], *enumerate(labels)])
    return path


def as_parquet(path, labels, **options):
    parquet.write_table(pa.table({"id": range(len(labels)), "label": labels}), path, **options)
    return path


def by_hand(found):
    """Return labels one by one; see that names stand in the order in which they are met."""
    if not isinstance(found, NamedLabels):
        return found.tolist()
    labels = [found.names[code] for code in found.codes]
    assert list(found.names) == list(dict.fromkeys(labels))
    assert len(found) == len(labels)
    return labels


# ---------------------------------------------------------------- arrays, and what is none


@pytest.mark.parametrize("labels", [NUMBERS, np.array(NUMBERS), NAMES, None, 3])
def test_what_is_no_path_comes_back(labels):
    assert read_labels(labels) is labels


def test_an_npy_file_is_memory_mapped(tmp_path):
    np.save(tmp_path / "labels.npy", np.array(NUMBERS, np.uint16))
    found = read_labels(tmp_path / "labels.npy")
    assert isinstance(found, np.memmap)
    assert found.tolist() == NUMBERS


@pytest.mark.parametrize("labels", [NUMBERS, NAMES, [], [None, [1]]])
def test_a_json_list_is_read_as_a_list(labels, tmp_path):
    path = text(tmp_path / "labels.JSON", json.dumps(labels))
    assert read_labels(path) == labels


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"0": 1}', "holds a JSON object; a list with a value"), ("[0, 1", "is not JSON")],
)
def test_json_that_is_no_list_is_refused(content, message, tmp_path):
    with pytest.raises(FileError, match=message):
        read_labels(text(tmp_path / "labels.json", content))


def test_array_files_may_be_npz_and_lie_behind_urls_and_in_shards(tmp_path):
    require("fsspec")
    for place in (10, 9):
        np.save(tmp_path / f"part-{place}.npy", np.array([place]))
    np.savez(tmp_path / "labels.npz", anything=NUMBERS)
    assert read_labels(tmp_path / "part-*.npy").tolist() == [9, 10]
    for scheme in ("", "file://"):
        assert read_labels(f"{scheme}{tmp_path}/labels.npz").tolist() == NUMBERS
        assert read_labels(f"{scheme}{tmp_path}/part-9.npy").tolist() == [9]
    (tmp_path / "part-9.npy").write_bytes((tmp_path / "part-9.npy").read_bytes()[:-1])
    (tmp_path / "labels.npz").write_text("text")
    for scheme in ("", "file://"):
        with pytest.raises(FileError, match=r"part-9\.npy is cut short"):
            read_labels(f"{scheme}{tmp_path}/part-9.npy")
        with pytest.raises(FileError, match=r"labels\.npz is not an array file"):
            read_labels(f"{scheme}{tmp_path}/labels.npz")


def shards(folder, *parts):
    for place, part in enumerate(parts):
        np.save(folder / f"part-{place}.npy", part)
    return folder / "part-*.npy"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            ([0, 1], np.zeros((3, 1), int)),
            r"part-1\.npy has the shape \(3, 1\); one label for each example",
        ),
        ((np.int64(3), [0, 1]), r"part-0\.npy has the shape \(\)"),
        (
            ([0, 1], [1, 2], ["cat", "dog"]),
            r"part-2\.npy holds class names, but .*part-0\.npy, the first, holds integers",
        ),
        ((["cat"], [1, 2]), r"part-1\.npy holds integers, but .*part-0.* holds class names"),
        (([0, 1], [0.5]), r"part-1\.npy holds float64, but .*part-0.* holds integers"),
    ],
)
def test_a_shard_that_is_not_as_the_first_is_named(parts, message, tmp_path):
    with pytest.raises(LabelError, match=message):
        read_labels(shards(tmp_path, *parts))


@pytest.mark.parametrize("types", [("i8", "u8"), ("u8", "i1", "i4"), ("u1", "i2")])
def test_integers_of_any_types_are_joined_as_integers(types, tmp_path):
    parts = [np.array([7, 3], kind) for kind in types]
    found = read_labels(shards(tmp_path, *parts, np.zeros(0, "u8")))
    assert found.dtype.kind in "iu"
    assert found.tolist() == [7, 3] * len(types)


def test_integers_beyond_64_bits_together_are_refused(tmp_path):
    with pytest.raises(LabelError, match="beyond 64 bits"):
        read_labels(shards(tmp_path, np.uint64([2**64 - 1]), np.array([-1])))


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize("ending", ["pq", "bin"])
def test_parquet_is_told_by_its_first_bytes_too(ending, tmp_path):
    path = as_parquet(tmp_path / f"labels.{ending}", NAMES)
    assert by_hand(read_labels(path)) == NAMES
    as_parquet(tmp_path / f"labels-2.{ending}", NAMES)
    assert by_hand(read_labels(tmp_path / f"labels*.{ending}", "label")) == NAMES * 2


@pytest.mark.parametrize(
    "labels", [NUMBERS, NAMES, [-1, 0], [2**40, 0], np.uint64([2**63, 1]), [-(2**63), 1]]
)
@pytest.mark.parametrize("write", [as_csv, as_parquet])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_column_is_read_as_it_was_written(labels, write, scheme, tmp_path):
    if scheme:
        require("fsspec")
    path = write(tmp_path / f"labels.{write.__name__[3:]}", labels)
    assert by_hand(read_labels(f"{scheme}{path}")) == list(labels)


@given(
    labels=st.lists(st.one_of(st.integers(-300, 70_000), st.integers(0, 3)), min_size=1),
    batch=st.integers(1, 5),
)
def test_integers_take_the_smallest_type_that_holds_them(labels, batch):
    parts = [pa.array(labels[at : at + batch]) for at in range(0, len(labels), batch)]
    found, names = label_columns.gather(parts)
    assert names is None
    assert found.tolist() == labels
    fits = [
        np.dtype(kind)
        for kind in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")
        if np.iinfo(kind).min <= min(labels) and max(labels) <= np.iinfo(kind).max
    ]
    assert found.dtype == fits[0]


@given(
    labels=st.lists(st.sampled_from([f"class {j}" for j in range(300)]), min_size=1),
    batch=st.integers(1, 5),
)
def test_names_are_numbered_as_they_are_met_whatever_the_batches(labels, batch):
    parts = [
        pa.array(labels[at : at + batch]).dictionary_encode() for at in range(0, len(labels), batch)
    ]
    assert by_hand(NamedLabels(*label_columns.gather(parts))) == labels


def test_a_thousand_classes_take_two_bytes_a_label(tmp_path):
    names = [f"class {j}" for j in range(1000)] * 3
    found = read_labels(as_csv(tmp_path / "labels.csv", names))
    assert found.codes.dtype == np.uint16
    assert by_hand(found) == names


@pytest.mark.parametrize("kind", ["folder", "pattern"])
def test_parquet_files_are_read_one_after_the_other(kind, tmp_path):
    for place, labels in ((10, ["cat", "emu"]), (9, ["dog", "cat"]), (11, [])):
        table = pa.table({"label": pa.array(labels, pa.string())})
        parquet.write_table(table, tmp_path / f"part-{place}.parquet")
    found = read_labels(tmp_path if kind == "folder" else tmp_path / "part-*.parquet")
    assert by_hand(found) == ["dog", "cat", "cat", "emu"]


@pytest.mark.parametrize(
    "type_",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
    ],
)
def test_names_may_have_any_type_of_text(type_, tmp_path):
    column = pa.array(NAMES, pa.string()).cast(type_)
    assert by_hand(read_labels(as_parquet(tmp_path / "l.parquet", column))) == NAMES


def test_booleans_are_numbers(tmp_path):
    found = read_labels(as_parquet(tmp_path / "l.parquet", [True, False]))
    assert (found.tolist(), found.dtype) == ([1, 0], np.uint8)


def test_floats_come_as_they_are_to_be_refused_by_the_door(tmp_path):
    assert read_labels(as_parquet(tmp_path / "l.parquet", [0.5, 1.0])).tolist() == [0.5, 1.0]


def test_a_table_without_rows_holds_no_labels(tmp_path):
    for path in (text(tmp_path / "l.csv", "label"), as_parquet(tmp_path / "l.parquet", [])):
        if path.suffix == ".parquet":
            parquet.write_table(pa.table({"label": pa.array([], pa.int32())}), path)
        assert read_labels(path).tolist() == []


# ---------------------------------------------------------------- CSV


def test_cells_are_read_without_the_spaces_around_and_may_be_quoted(tmp_path):
    path = text(
        tmp_path / "l.csv", "\ufeffid,label", "1, cat", '2,"dog, wild"', "3,cat ", '4,"a""b"'
    )
    assert by_hand(read_labels(path)) == ["cat", "dog, wild", "cat", 'a"b']


def test_tab_separated_values_are_told_by_their_ending(tmp_path):
    path = text(tmp_path / "l.tsv", "id\tlabel", "1\tsea, lion", "2\tcat")
    assert by_hand(read_labels(path)) == ["sea, lion", "cat"]


@pytest.mark.parametrize("cells", [["07", "1"], ["1.0", "1"], ["1", "one"], ["+1", "2"], ["1_0"]])
def test_what_is_not_written_as_a_whole_number_is_a_name(cells, tmp_path):
    assert by_hand(read_labels(text(tmp_path / "l.csv", "label", *cells))) == cells


def test_whole_numbers_are_names_where_only_that_is_possible(tmp_path):
    stars = ["1", "2", "3"]
    path = text(tmp_path / "l.csv", "label", "3", "1")
    assert by_hand(read_labels(path)) == [3, 1]
    assert by_hand(read_labels(path, class_names=stars)) == ["3", "1"]
    assert by_hand(read_labels(path, class_names=["0", "1", "2", "3"])) == [3, 1]
    path = text(tmp_path / "l.csv", "label", "2", "1")
    message = "'2', which is a class number and also the name of class 1. Give the labels as class"
    with pytest.raises(LabelError, match=message):
        read_labels(path, class_names=stars)


# ---------------------------------------------------------------- which column


@pytest.mark.parametrize("name", ["label", "labels", "given", "class", "Label"])
def test_a_column_with_a_usual_name_is_found(name, tmp_path):
    path = as_csv(tmp_path / "l.csv", NUMBERS, name)
    assert by_hand(read_labels(path)) == NUMBERS


def test_the_column_asked_for_is_read(tmp_path):
    table = pa.table({"label": [0, 1], "given.name": ["a", "b"], "given": [[1], [2]]})
    path = tmp_path / "l.parquet"
    parquet.write_table(table, path)
    assert by_hand(read_labels(path, "given.name")) == ["a", "b"]
    path = text(tmp_path / "l.csv", "label,given.name", "0,a", "1,b")
    assert by_hand(read_labels(path, "given.name")) == ["a", "b"]


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path):
    for write in (as_csv, as_parquet):
        path = write(tmp_path / f"l.{write.__name__[3:]}", NUMBERS)
        message = r"no column 'labl'. Did you mean 'label'\? Known: id, label"
        with pytest.raises(NameUnknownError, match=message):
            read_labels(path, "labl")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["id,given,label", "1,2,3"], r"l\.csv has the columns id, given, label, and it is not cl"),
        (["id,name", "1,2"], r"has the columns id, name, .* Give its name \(--label-column\)"),
        (["label,label", "1,2"], "has the columns label, label"),
        (
            ["3", "1"],
            r"The first line of .*l\.csv is '3', where the name of the column was expected",
        ),
    ],
)
def test_a_table_without_a_clear_column_is_refused(lines, message, tmp_path):
    with pytest.raises(LabelError, match=message):
        read_labels(text(tmp_path / "l.csv", *lines))


def test_a_column_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(LabelError, match=r"l\.csv has two columns 'a'"):
        read_labels(text(tmp_path / "l.csv", "a,a", "1,2"), "a")


@pytest.mark.parametrize("labels", [NUMBERS, "labels.npy"])
def test_a_column_of_what_has_none_is_refused(labels, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("labels.npy", NUMBERS)
    with pytest.raises(LabelError, match="The column 'label' is asked for, but labels"):
        read_labels(labels, "label")


# ---------------------------------------------------------------- what is wrong with them


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize("labels", [[1, 0, 1, None, 2, None], ["a", "b", "a", None, "b", None]])
def test_missing_labels_are_counted_and_the_first_is_named(labels, batch, tmp_path, monkeypatch):
    monkeypatch.setattr(label_columns, "_BATCH", batch)
    message = r"labels\[3\] is missing \(2 of 6 are\)\. Leave unlabelled examples out"
    with pytest.raises(LabelError, match=message):
        read_labels(as_parquet(tmp_path / "l.parquet", labels))
    with pytest.raises(LabelError, match=message):
        read_labels(as_csv(tmp_path / "l.csv", ["" if x is None else x for x in labels]))


def test_a_column_of_ids_is_no_column_of_labels(tmp_path, monkeypatch):
    monkeypatch.setattr(label_columns, "_MOST_NAMES", 3)
    message = r"more than 3 different names, such as 'dog': are these ids or texts\? Give the name"
    with pytest.raises(LabelError, match=message):
        read_labels(as_csv(tmp_path / "l.csv", NAMES))


def test_columns_of_other_types_are_refused(tmp_path):
    with pytest.raises(
        LabelError, match=r"The column 'label' of .*l\.parquet is list<.*integers or"
    ):
        read_labels(as_parquet(tmp_path / "l.parquet", [[1], [2]]))
    as_parquet(tmp_path / "a.parquet", ["cat", "dog"])
    as_parquet(tmp_path / "b.parquet", [1, 2])
    message = r"labels are names at first, but numbers from labels\[2\] on"
    with pytest.raises(LabelError, match=message):
        read_labels(tmp_path / "[ab].parquet")


def test_integers_beyond_64_bits_are_refused(tmp_path):
    with pytest.raises(LabelError, match="beyond 64 bits"):
        read_labels(as_csv(tmp_path / "l.csv", [2**64, 0]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("l.csv", b"", r"l\.csv is no table of comma-separated values in UTF-8 \(Empty CSV file"),
        ("l.csv", b"id,label\n1,2,3\n", r"l\.csv is no table .*Expected 2 columns, got 3"),
        (
            "l.tsv",
            b"id\tlabel\n1\n",
            r"l\.tsv is no table of tab-separated .*Expected 2 columns, g",
        ),
        ("l.csv", b"label\n\xff\xfe\n", r"l\.csv is no table .*invalid UTF8"),
        ("l.parquet", b"PAR1", r"l\.parquet is cut short or damaged"),
        ("l.npy", b"label\n1\n", r"l\.npy is not an array file"),
    ],
)
def test_damaged_files_are_named(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=message):
        read_labels(tmp_path / name)


def test_files_that_are_not_there_are_named_with_the_nearest(tmp_path):
    as_csv(tmp_path / "labels.csv", NUMBERS)
    with pytest.raises(FileError, match=r"label\.csv does not exist. Did you mean .*labels\.csv\?"):
        read_labels(tmp_path / "label.csv")
    with pytest.raises(FileError, match=r"No file matches .*\*\.parquet. Labels are an array file"):
        read_labels(tmp_path / "*.parquet")
    with pytest.raises(FileError, match=r"The folder .* holds no \.parquet files. Labels are"):
        read_labels(tmp_path)
