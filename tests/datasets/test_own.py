"""One contract for every form of a user's own data, and what is particular to some."""

import io
import json
import pickle
import re
import shutil
import tempfile
import wave
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata.datasets.base import Dataset
from errata.datasets.encoded import EncodedImages
from errata.datasets.media import Picture, Row, Text, Texts, open_media
from errata.datasets.own import open_dataset
from errata.errors import FileError, InputError, LabelError, MissingExtraError, NameUnknownError
from helpers import require
from own_data import (
    CLASSES,
    LABELS,
    MAKERS,
    NUMBERED,
    NUMBERS,
    PIXELS,
    TEXTS,
    columns_of,
    picture,
    text,
    write_table,
)

SHOWN = {"images": Picture, "texts": Text, "features": Row}
HELD = {"images": PIXELS, "texts": TEXTS, "features": NUMBERED}


@contextmanager
def spoiled(path, spoil):
    """Damage a file for a while."""
    whole = path.read_bytes()
    spoil(path)
    yield
    path.write_bytes(whole)


def load_all(dataset):
    for row in range(len(dataset)):
        dataset.load(row)


@pytest.fixture(params=MAKERS, ids=[maker.__name__ for maker in MAKERS])
def own(request, tmp_path):
    """Return one form of the data, in a folder called ``own``."""
    folder = tmp_path / "own"
    folder.mkdir()
    return request.param(folder)


@pytest.fixture
def dataset(own):
    return open_dataset(own.source, **own.options)


# ---------------------------------------------------------------- the contract


def test_it_holds_what_was_put_there(own, dataset):
    classes = (*CLASSES, "zebra") if "zebra" in dataset.classes else CLASSES
    assert (dataset.part, dataset.kind, dataset.classes) == (own.part, own.kind, classes)
    assert dataset.labels.tolist() == [NUMBERS[row] for row in own.rows]
    for place, row in enumerate(own.rows):
        np.testing.assert_array_equal(dataset.load(place), HELD[own.kind][row])
        assert isinstance(dataset.show(place), SHOWN[own.kind])
    assert dataset.left_out == ()


def test_ids_are_those_promised_and_the_same_wherever_the_files_lie(own, dataset, tmp_path):
    if own.ids is not None:
        assert list(dataset.ids) == list(own.ids)
    if isinstance(own.source, Path):
        moved = shutil.copytree(tmp_path / "own", tmp_path / "elsewhere" / "own")
        options = {
            option: moved / value.name if isinstance(value, Path) else value
            for option, value in own.options.items()
        }
        copy = open_dataset(moved / own.source.relative_to(tmp_path / "own"), **options)
        assert copy.ids == dataset.ids
        assert copy.fingerprint() == dataset.fingerprint()
        assert copy.name == dataset.name == own.source.stem


def test_a_name_of_ones_own_is_kept(own):
    assert open_dataset(own.source, name="pets", **own.options).name == "pets"


def test_some_examples_can_be_taken_in_any_order(own, dataset):
    rows = np.random.default_rng(0).permutation(len(dataset))[:3]
    some = dataset.take(rows)
    assert isinstance(some, Dataset)
    assert list(some.ids) == [dataset.ids[row] for row in rows]
    for place, row in enumerate(rows.tolist()):
        np.testing.assert_array_equal(some.load(place), dataset.load(row))
        assert some.show(place) == dataset.show(row)


def test_it_travels_to_other_processes(dataset):
    copy = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_equal(copy.load(0), dataset.load(0))
    assert copy.fingerprint() == dataset.fingerprint()


def test_an_unknown_part_is_refused_with_those_there_are(own):
    with pytest.raises(NameUnknownError, match="There is no part of .* 'tset'.*Known: .*"):
        open_dataset(own.source, part="tset", **own.options)


def test_damage_is_told_with_file_and_place(own):
    for path, spoil, message in (*own.damages, *own.bad_examples):
        with spoiled(path, spoil), pytest.raises(FileError, match=message) as caught:
            load_all(open_dataset(own.source, **own.options))
        assert path.name in str(caught.value)


def test_one_bad_example_is_left_out_where_that_is_asked_for(own, dataset):
    for path, spoil, message in own.bad_examples:
        with spoiled(path, spoil):
            left = open_dataset(own.source, on_damage="leave out", **own.options)
            left = left.without_damage()
            load_all(left)
        assert len(left) == len(dataset) - 1
        assert set(left.ids) < set(dataset.ids)
        (bad,) = left.left_out
        assert re.search(message, bad.why)


# ---------------------------------------------------------------- laws


def opened(columns, ending=".csv", **options):
    with tempfile.TemporaryDirectory() as folder:
        return open_dataset(write_table(Path(folder, f"own{ending}"), columns), **options)


labelled = st.lists(
    st.tuples(st.sampled_from("abc"), st.text("xyz ,\"'\n\tä0", max_size=5)), min_size=3, max_size=9
).filter(lambda rows: len({label for label, _ in rows}) > 1)


def as_columns(rows):
    return {
        "id": [f"r{row}" for row in range(len(rows))],
        "label": [label for label, _ in rows],
        "text": [text for _, text in rows],
    }


@given(labelled)
@settings(max_examples=12)
def test_names_and_numbers_for_labels_give_the_same_data_set(rows):
    names = as_columns(rows)
    numbers = names | {"label": ["abc".index(label) for label in names["label"]]}
    for ending in (".csv", ".jsonl", ".parquet"):
        wanted = opened(names, ending, classes=["a", "b", "c"])
        assert (
            opened(numbers, ending, classes=["a", "b", "c"]).fingerprint() == wanted.fingerprint()
        )


@given(labelled)
@settings(max_examples=12)
def test_every_kind_of_table_holds_the_same_data_set(rows):
    columns = as_columns(rows)
    kinds = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".arrow")
    assert len({opened(columns, kind).fingerprint() for kind in kinds}) == 1
    arrays = open_dataset(columns["text"], label=columns["label"], id=columns["id"])
    assert arrays.fingerprint() == opened(columns).fingerprint()


@given(labelled, st.randoms(use_true_random=False))
@settings(max_examples=12)
def test_the_order_of_the_rows_is_that_of_the_examples_and_changes_nothing_else(rows, random):
    columns = as_columns(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    mixed = opened({name: [values[row] for row in order] for name, values in columns.items()})
    straight = opened(columns)
    assert mixed.fingerprint() == straight.take(np.array(order)).fingerprint()


@given(st.lists(st.integers(-3, 12), min_size=2, max_size=9).filter(lambda x: len(set(x)) > 1))
@settings(max_examples=12)
def test_whole_numbers_are_classes_in_the_order_of_their_values(labels):
    for found in (
        opened({"label": labels, "x": labels}),
        opened({"label": labels, "x": labels}, ".parquet"),
        open_dataset(np.ones((len(labels), 1)), label=labels),
    ):
        assert found.classes == tuple(map(str, sorted(set(labels))))
        assert [int(found.classes[label]) for label in found.labels] == labels


def test_a_fingerprint_knows_every_thing_a_model_sees():
    dataset = open_dataset(["a", "b"], label=["x", "y"], group=[1, 1])
    others = [
        replace(dataset, ids=("0", "2")),
        replace(dataset, labels=np.array([0, 0])),
        replace(dataset, classes=("x", "z")),
        replace(dataset, media=Texts(["a", "c"])),
        replace(dataset, groups=None),
        replace(dataset, groups=np.array([0, 1])),
        dataset.take(np.array([1, 0])),
        open_dataset([[1.0], [2.0]], label=["x", "y"], group=[1, 1]),
        open_dataset([[[1]], [[2]]], label=["x", "y"], group=[1, 1]),
        open_dataset([[1], [2]], label=["x", "y"], group=[1, 1]),
    ]
    known = [each.fingerprint() for each in (dataset, *others)]
    assert len(set(known)) == len(known)
    assert replace(dataset, name="else", part="test").fingerprint() == known[0]


# ---------------------------------------------------------------- groups


def test_groups_are_checked_and_taken_along():
    columns = {"label": LABELS, "text": TEXTS, "who": ["b", "a", "b", "c", "a", "c"]}
    dataset = opened(columns, group="who")
    assert dataset.groups.tolist() == [1, 0, 1, 2, 0, 2]
    assert dataset.take(np.array([3, 0])).groups.tolist() == [2, 1]
    assert opened(columns).groups is None
    in_memory = open_dataset(TEXTS, label=LABELS, group=columns["who"])
    assert in_memory.groups.tolist() == dataset.groups.tolist()
    with pytest.raises(InputError, match=r"groups of own have shape \(2,\)"):
        replace(dataset, groups=np.array([0, 1]))
    with pytest.raises(FileError, match=r"row 2: Its group \(who\) is missing"):
        opened(columns | {"who": ["b", "", "b", "c", "a", "c"]}, group="who")
    with pytest.raises(InputError, match="6 examples, but 1 groups"):
        open_dataset(TEXTS, label=LABELS, group=["a"])


# ---------------------------------------------------------------- class folders


@pytest.fixture
def pets(tmp_path):
    for row, label in enumerate(["cat", "dog", "dog"]):
        picture(tmp_path / "pets" / label / f"{row}.png", row)
    return tmp_path / "pets"


def test_what_is_no_example_is_listed_with_the_reason(pets):
    (pets / ".DS_Store").touch()
    (pets / "cat" / "Thumbs.db").touch()
    (pets / "cat" / "notes.md").touch()
    (pets / ".git").mkdir()
    (pets / "empty").mkdir()
    picture(pets / "stray.png", 0)
    dataset = open_dataset(pets)
    assert dataset.classes == ("cat", "dog")
    assert len(dataset) == 3
    assert {each.where: each.why for each in dataset.left_out} == {
        ".DS_Store": "It is a hidden file.",
        "cat/Thumbs.db": "It is a hidden file.",
        "cat/notes.md": "It is none of the pictures, by its ending.",
        "stray.png": "It lies in no class folder, so it has no label.",
        "empty": "There are no pictures in this folder, so it is no class.",
    }


def test_parts_have_the_same_classes(pets, tmp_path):
    shutil.copytree(pets, tmp_path / "split" / "test")
    picture(tmp_path / "split" / "train" / "bird" / "0.png", 5)
    picture(tmp_path / "split" / "train" / "dog" / "0.png", 5)
    (tmp_path / "split" / "test" / "bird").mkdir()
    split = tmp_path / "split"
    for part, labels in (("test", [1, 2, 2]), ("train", [0, 2]), ("all", [1, 2, 2, 0, 2])):
        dataset = open_dataset(split, part=part)
        assert dataset.classes == ("bird", "cat", "dog")
        assert dataset.labels.tolist() == labels
        assert dataset.left_out == ()
    assert open_dataset(split).part == "test"
    shutil.move(split / "test", split / "dev")
    with pytest.raises(InputError, match="has the parts dev, train: say which one with part="):
        open_dataset(split)
    picture(split / "zoo" / "0.png", 5)
    with pytest.raises(FileError, match="holds the part dev, and beside it the folder zoo"):
        open_dataset(split, part="dev")


def test_a_class_may_be_called_as_parts_are(pets):
    picture(pets / "train" / "locomotive.png", 0)
    assert open_dataset(pets).classes == ("cat", "dog", "train")


def test_a_folder_that_is_none_of_class_folders_is_refused_with_what_it_holds(pets, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileError, match="holds no folders. Two or more folders called by their"):
        open_dataset(empty)
    (empty / "cat").mkdir()
    with pytest.raises(FileError, match="folders, such as cat, but no pictures, texts or sounds"):
        open_dataset(empty)
    shutil.rmtree(pets / "dog")
    picture(pets / "1.png", 0)
    message = "one class folder alone, cat, and 1 examples such as 1.png that lie in no folder"
    with pytest.raises(FileError, match=message):
        open_dataset(pets)


def test_kinds_are_not_mixed(pets):
    text(pets / "dog" / "0.txt", 0)
    with pytest.raises(FileError, match=r"pictures \(cat/0.png\) and texts \(dog/0.txt\)"):
        open_dataset(pets)


def test_a_table_beside_class_folders_is_no_guess(pets):
    (pets / "labels.csv").write_text("file,label\n")
    with pytest.raises(FileError, match="holds the table labels.csv, and folders of examples"):
        open_dataset(pets)


def test_a_link_that_leads_nowhere_is_told(pets):
    (pets / "cat" / "9.png").symlink_to("nowhere.png")
    with pytest.raises(FileError, match="9.png leads nowhere"):
        open_dataset(pets)
    assert len(open_dataset(pets, on_damage="leave out")) == 3


def test_files_of_another_kind_in_class_folders_are_left_out_where_that_is_asked(pets):
    (pets / "cat" / "notes.txt").write_text("of the photographer")
    with pytest.raises(FileError, match=r"holds pictures .* and texts .*notes\.txt"):
        open_dataset(pets)
    found = open_dataset(pets, on_damage="leave out")
    assert found.kind == "images"
    assert (
        "none of the pictures" in {each.where: each.why for each in found.left_out}["cat/notes.txt"]
    )


def test_columns_of_class_folders_are_refused(pets):
    with pytest.raises(InputError, match="label= is for tables and arrays; a folder of class fold"):
        open_dataset(pets, label="label")


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["a", "b", "c"], {}, "columns a, b, c, and it is not clear which holds the labels"),
        (["label", "class", "text"], {}, "which holds the label. Name it with label=..."),
        (
            ["label", "text", "file"],
            {},
            r"what is labelled. Name it with text=... .--text. or path=... .--path. or f",
        ),
        (["label", "review", "id"], {}, "not clear which holds what is labelled"),
        (["label", "text", "id"], {"label": "lable"}, "Did you mean 'label'. Known: label, text"),
        (["label", "x", "y"], {"features": ["x", "z"]}, "There is no column of own.csv called 'z'"),
        (["label", "x", "y"], {"text": "x", "path": "y"}, "Give one of text=, path= and features="),
        (["label", "x", "y"], {"label": ["a", "b"]}, "label= is list; the name of a column"),
        (["label;text"], {}, "own.csv seems to be separated by ';': .* Write it with commas"),
    ],
)
def test_columns_that_are_not_clear_are_listed_with_the_option(names, options, message):
    with pytest.raises(InputError, match=message):
        opened({name: ["u", "v"] for name in names}, **options)


@pytest.mark.parametrize("ending", ["json", "jsonl"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("3", r"'label' holds a number here, and a text in a row before.* Write the numbers in qu"),
        ('["a"]', r"'label' holds a list here, and a text in a row before\. All .* one type\.$"),
        ("true", "'label' holds true or false here"),
    ],
)
def test_values_of_several_types_in_a_json_table_are_told_by_row_and_column(
    tmp_path, ending, value, message
):
    rows = [f'{{"text": "t", "label": {each}}}' for each in ('"a"', '"b"', value)]
    path = tmp_path / f"own.{ending}"
    path.write_text(f"[{', '.join(rows)}]" if ending == "json" else "\n\n".join(rows))
    with pytest.raises(FileError, match=rf"^own\.{ending}, row 3: the column {message}"):
        open_dataset(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{}, {}]", r"own\.json has no columns; a table with a label in each row"),
        ("[1, 2]", r"own\.json, row 1: It is no JSON object"),
        ('[{"": 1}]', r"has the columns \(no name\), and it is not clear"),
    ],
)
def test_a_table_without_columns_is_told_so(tmp_path, text, message):
    (tmp_path / "own.json").write_text(text)
    with pytest.raises((FileError, InputError), match=message):
        open_dataset(tmp_path / "own.json")


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_ids_that_stand_twice_are_told_with_file_and_rows(tmp_path, ending):
    ids = ["a", "b", "c", "b", "b"]
    lines = [{"id": id_, "text": "t", "label": "xy"[place % 2]} for place, id_ in enumerate(ids)]
    path = tmp_path / f"own.{ending}"
    if ending == "csv":
        path.write_text("\n".join(["id,text,label", *(",".join(row.values()) for row in lines)]))
    else:
        path.write_text(json.dumps(lines))
    name = rf"own\.{ending}, row"
    with pytest.raises(LabelError, match=rf"{name} 2 and {name} 4: both have the id 'b' \(2 ids"):
        open_dataset(path)


def test_columns_may_be_called_anything():
    columns = {"Given": LABELS, "review": TEXTS, "text": TEXTS[::-1], "no": list("abcdef")}
    dataset = opened(columns, label="Given", text="review", id="no")
    assert dataset.load(0) == TEXTS[0]
    assert dataset.ids == tuple("abcdef")


def test_columns_of_words_and_numbers_are_features():
    columns = {"age": [39, 50], "work": ["state", "private"], "label": ["no", "yes"]}
    for ending in (".csv", ".jsonl", ".parquet"):
        dataset = opened(columns, ending)
        assert dataset.load(1) == (50.0, "private")
        assert dataset.show(1) == Row(("age", "work"), (50.0, "private"))


def test_what_looks_like_a_date_or_a_number_is_the_text_that_was_written():
    dates = ["2020-01-01", "1999-12-31T00:00:00"]
    assert opened({"text": dates, "label": ["07", "7"]}, ".jsonl").load(0) == dates[0]
    assert opened({"text": ["1e3", "NaN"], "label": ["07", "7"]}).classes == ("07", "7")


def test_the_same_file_twice_is_told_apart_by_its_row(tmp_path):
    picture(tmp_path / "a.png", 0)
    table = write_table(tmp_path / "own.csv", {"path": ["a.png"] * 2, "label": ["x", "y"]})
    assert open_dataset(table).ids == ("0", "1")
    absolute = {"path": [str(tmp_path / "a.png"), "a.png"], "label": ["x", "y"]}
    assert open_dataset(write_table(table, absolute)).ids == ("0", "1")


def test_rows_keep_their_numbers_in_large_files_with_broken_rows(tmp_path):
    lines = [f"a text that fills the line {row},{'ab'[row % 2]}" for row in range(60_000)]
    lines[50_000] = "1,2,3"
    (tmp_path / "own.csv").write_text("\n".join(["text,label", *lines]))
    dataset = open_dataset(tmp_path / "own.csv", on_damage="leave out")
    assert dataset.left_out[0].where == "own.csv, row 50001"
    assert dataset.ids[50_000] == "50001"
    assert dataset.load(50_000).endswith("50001")


def test_several_labels_for_each_example():
    sets = [["a", "b"], [], ["c"]]
    for ending in (".jsonl", ".parquet"):
        dataset = opened({"text": TEXTS[:3], "labels": sets}, ending)
        assert dataset.multilabel
        assert dataset.labels.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    matrix = open_dataset(TEXTS[:3], label=dataset.labels.astype(int), classes=list("abc"))
    assert matrix.fingerprint() == dataset.fingerprint()


def test_numbers_without_a_class_are_refused():
    columns = {"text": TEXTS, "label": [0, 1, 2, 3, 1, 0]}
    with pytest.raises(LabelError, match="a label 3, but there are 3 class names"):
        opened(columns, classes=CLASSES)
    with pytest.raises(NameUnknownError, match="There is no class 'dgo'. Did you mean 'dog'"):
        opened(columns | {"label": [*LABELS[:5], "dgo"]}, classes=CLASSES)
    with pytest.raises(LabelError, match="both a class name and the number of a class"):
        opened(columns | {"label": [1, 2, 1, 2, 1, 2]}, classes=["1", "2", "3"])
    with pytest.raises(LabelError, match="the only class is 'dog'"):
        opened(columns | {"label": ["dog"] * 6})
    with pytest.raises(LabelError, match="labels of own.parquet are double"):
        opened(columns | {"label": [0.5] * 6}, ".parquet")


def test_parts_come_from_the_column_split_with_the_same_classes():
    columns = {"text": TEXTS, "label": LABELS, "split": ["dev", "dev", "dev", "train", "x", "x"]}
    with pytest.raises(InputError, match="has the parts dev, train, x: say which one"):
        opened(columns)
    dataset = opened(columns, part="dev")
    assert dataset.classes == CLASSES
    assert dataset.ids == ("0", "1", "2")
    assert len(opened(columns, part="all")) == 6
    with pytest.raises(FileError, match=r"row 2: The part it is in \(split\) is missing"):
        opened(columns | {"split": ["dev", "", "dev", "dev", "x", "x"]}, part="x")


def test_tables_of_parts_have_the_same_classes(tmp_path):
    write_table(tmp_path / "train-00000-of-00002.csv", {"text": ["a"], "label": ["x"]})
    write_table(tmp_path / "train-00001-of-00002.csv", {"text": ["b"], "label": ["y"]})
    write_table(tmp_path / "test.csv", {"text": ["c", "d"], "label": ["z", ""]})
    train = open_dataset(tmp_path, part="train")
    assert (train.classes, list(train.labels)) == (("x", "y", "z"), [0, 1])
    assert train.ids == ("train-00000-of-00002/0", "train-00001-of-00002/0")
    with pytest.raises(FileError, match=f"{tmp_path.name}/test.csv, row 2: Its label is missing"):
        open_dataset(tmp_path)
    write_table(tmp_path / "other.csv", {"text": ["c"], "label": ["z"]})
    with pytest.raises(FileError, match="called by a part, and other.csv, which is none"):
        open_dataset(tmp_path)


def test_pictures_that_are_missing_in_another_part_do_not_matter(tmp_path):
    columns = columns_of("images", tmp_path) | {"label": LABELS, "split": ["test"] * 5 + ["train"]}
    (tmp_path / "pictures/5.png").unlink()
    table = write_table(tmp_path / "own.csv", columns)
    assert len(open_dataset(table)) == 5
    with pytest.raises(FileError, match="row 6: There is no file"):
        open_dataset(table, part="train")


# ---------------------------------------------------------------- arrays


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (np.ones((2, 3)), {}, "has no labels: give them with label="),
        (np.ones((2, 3)), {"label": [0, 1, 1]}, "has 2 examples, but 3 labels"),
        (np.ones((2, 3)), {"label": [0.0, 1.0]}, r"Use labels.astype\(int\)"),
        (np.ones((2, 3, 8, 8)), {"label": [0, 1]}, "Move the colours last"),
        (np.ones(2), {"label": [0, 1]}, r"shape \(2,\) and dtype float64; features \(n, d\)"),
        ([[1, 2], [3]], {"label": [0, 1]}, "no rows of the same length"),
        (np.ones((2, 3)), {"label": [0, 1], "text": "a"}, "text= is for tables"),
        ({"a": [1], "b": [2]}, {}, "holds the arrays a, b; X and y were expected"),
        ({"X_a": [[1]], "y_a": [2], "X_b": [[1]]}, {}, "has the parts a, b: say which"),
        ({"X_a": [[1]], "y_a": [2], "X_b": [[1]]}, {"part": "all"}, "one part at a time"),
        (np.ones((2, 3)), {"label": [0, 1], "id": ["a", "a"]}, "both 'a'"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(source, options, message):
    with pytest.raises(InputError, match=message):
        open_dataset(source, **options)


def test_a_missing_label_and_a_missing_feature_are_damage():
    features = np.array([[1.0], [np.nan], [2.0], [3.0]])
    options = {"label": ["a", "b", None, "b"], "name": "points"}
    with pytest.raises(FileError, match="points, row 2: A feature is missing"):
        open_dataset(features, **options)
    left = open_dataset(features, on_damage="leave out", **options)
    assert left.ids == ("0", "3")
    assert [each.where for each in left.left_out] == ["points, row 2", "points, row 3"]


# ---------------------------------------------------------------- what else is opened


def test_what_cannot_be_opened_is_told_with_what_can(tmp_path):
    with pytest.raises(FileError, match="nowhere.csv does not exist; a folder of class folders"):
        open_dataset("nowhere.csv")
    (tmp_path / "a.xlsx").touch()
    with pytest.raises(FileError, match="a.xlsx is no file of a known kind; .*csv"):
        open_dataset(tmp_path / "a.xlsx")
    with pytest.raises(
        InputError, match="mnist is a published set: .* folder=.*errata datasets mn"
    ):
        open_dataset("mnist")


def test_a_published_set_is_opened_by_name(tmp_path):
    with pytest.raises(FileError, match="MNIST is opened from a folder of"):
        open_dataset("mnist", folder=tmp_path)
    with pytest.raises(InputError, match="label= is for tables and arrays; a published set"):
        open_dataset("mnist", folder=tmp_path, label="label")


def test_a_folder_of_sounds_is_opened(tmp_path):
    for label in ("yes", "no"):
        (tmp_path / label).mkdir()
        with wave.open(str(tmp_path / label / "1.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8_000)
            file.writeframes(bytes(1_600))
    sounds = open_dataset(tmp_path)
    assert (sounds.kind, sounds.classes, len(sounds)) == ("sounds", ("no", "yes"), 2)
    assert sounds.load(0).rate == 8_000
    assert len(sounds.load(1).samples) == 800
    assert len(sounds.fingerprint()) == 64


# ---------------------------------------------------------------- Hugging Face


def encoded(pixels):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def saved_by_hand(folder, columns, features, splits=None):
    """Write a folder as `save_to_disk` does."""
    for part in splits or [""]:
        (folder / part).mkdir(parents=True)
        write_table(folder / part / "data-00000-of-00001.arrow", columns)
        (folder / part / "dataset_info.json").write_text(json.dumps({"features": features}))
        files = [{"filename": "data-00000-of-00001.arrow"}]
        (folder / part / "state.json").write_text(json.dumps({"_data_files": files}))
    if splits:
        (folder / "dataset_dict.json").write_text(json.dumps({"splits": splits}))
    return folder


PNG = encoded(np.zeros((1, 1), np.uint8))


def test_a_saved_folder_is_read_without_the_package(tmp_path):
    features = {
        "image": {"_type": "Image"},
        "label": {"names": ["b", "a"], "_type": "ClassLabel"},
    }
    pictures = [
        {"bytes": PNG, "path": None},
        {"bytes": None, "path": None},
        {"bytes": PNG, "path": None},
    ]
    columns = {"image": pictures, "label": [1, 0, 0]}
    folder = saved_by_hand(tmp_path / "saved", columns, features, ["train", "test"])
    with pytest.raises(FileError, match=r"saved/test, row 2: Its picture \(image\) is missing"):
        open_dataset(folder)
    dataset = open_dataset(folder, on_damage="leave out")
    assert dataset.classes == ("b", "a")
    assert dataset.labels.tolist() == [1, 0]
    assert dataset.ids == ("test/0", "test/2")
    np.testing.assert_array_equal(dataset.load(1), np.zeros((1, 1, 3)))
    assert dataset.show(0).data == PNG
    assert isinstance(dataset.take(np.array([1])).media, EncodedImages)
    assert pickle.loads(pickle.dumps(dataset)).show(0).data == PNG
    description = dataset.media.save(tmp_path / "audit")
    shutil.move(tmp_path / "audit", tmp_path / "moved")
    saved = open_media(description, tmp_path / "moved")
    assert [saved.show(row) for row in range(len(saved))] == [dataset.show(0), dataset.show(1)]
    unlabelled = saved_by_hand(tmp_path / "other", columns | {"label": [-1, 7, 0]}, features)
    with pytest.raises(LabelError, match="has labels from 0 to 7, but names 2 classes"):
        open_dataset(unlabelled)
    (folder / "test" / "state.json").write_text("{}")
    with pytest.raises(FileError, match="state.json does not say '_data_files'"):
        open_dataset(folder)


def test_the_hub_needs_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r'pip install "errata\[hf\]"'):
        open_dataset("hf:owner/name")


@pytest.fixture
def hub(monkeypatch):
    """Return the package `datasets`, cut off from the network."""
    require("datasets")
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return datasets


def test_without_a_network_the_message_says_what_to_do_by_hand(hub):
    with pytest.raises(FileError, match=r'"owner/name", "small"\).save_to_disk\("FOLDER"\)'):
        open_dataset("hf:owner/name:small")
    with pytest.raises(InputError, match="names no data set"):
        open_dataset("hf:")


@pytest.fixture
def letters(hub):
    """Return a data set with two parts: pictures, a class and a text."""
    from PIL import Image

    features = hub.Features(
        {
            "image": hub.Image(),
            "kind": hub.ClassLabel(names=["b", "a"]),
            "text": hub.Value("string"),
        }
    )
    pixels = [Image.fromarray(each) for each in PIXELS[:4]]
    columns = {"image": pixels, "kind": [0, 1, 1, -1], "text": TEXTS[:4]}
    whole = hub.Dataset.from_dict(columns, features=features)
    return hub.DatasetDict(train=whole.select([2, 3]), test=whole)


def test_a_folder_is_loaded_by_the_builders_of_the_hub(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(hub.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "own").mkdir()
    for part in ("train", "test"):
        write_table(tmp_path / "own" / f"{part}.jsonl", {"text": TEXTS, "label": LABELS})
    dataset = open_dataset(f"hf:{tmp_path / 'own'}", part="train")
    assert dataset.classes == CLASSES
    assert dataset.ids[0] == "train/0"
    assert dataset.load(1) == TEXTS[1]


def test_what_datasets_saves_is_opened(letters, tmp_path, monkeypatch, hub):
    letters.save_to_disk(tmp_path / "saved")
    letters["test"].to_parquet(tmp_path / "letters.parquet")
    letters["test"].save_to_disk(tmp_path / "shards", num_shards=3)
    monkeypatch.setattr(hub, "get_dataset_split_names", lambda *_: list(letters))
    monkeypatch.setattr(hub, "load_dataset", lambda *_, split: letters[split] if split else letters)
    options = {"label": "kind", "on_damage": "leave out"}
    for source in ("saved", "letters.parquet", "shards", "hf:owner/letters"):
        where = source if source.startswith("hf:") else tmp_path / source
        pictures = open_dataset(where, path="image", **options)
        assert pictures.classes == ("b", "a")
        assert pictures.labels.tolist() == [0, 1, 1]
        for row in range(3):
            np.testing.assert_array_equal(pictures.load(row), PIXELS[row])
        (left,) = pictures.left_out
        assert left.why.endswith("row 4: Its label is missing.")
        texts = open_dataset(where, text="text", **options)
        assert [texts.load(row) for row in range(3)] == TEXTS[:3]
        before = "test/" if source in {"saved", "hf:owner/letters"} else ""
        assert texts.ids == tuple(f"{before}{row}" for row in range(3))
    assert len(open_dataset("hf:owner/letters", part="all", path="image", **options)) == 4
    train = open_dataset("hf:owner/letters", part="train", path="image", **options)
    assert train.ids == ("train/0",)
    np.testing.assert_array_equal(train.load(0), PIXELS[2])
