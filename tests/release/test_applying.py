"""A release patches somebody's own copy of the data, whole or not at all."""

import csv
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import errata
from errata import FileError, InputError, LabelError
from errata.release.applying import apply_release

CLASSES = ("cat", "dog", "fox")
ANSWERS = {
    "cat/0.png": ("dog", "suggested"),
    "cat/1.png": ("dog", "given"),
    "cat/2.png": ("fox", "neither"),
    "dog/1.png": ("fox", "suggested"),
    "fox/2.png": ("cat", "both"),
}
CORRECTED = {"cat/0.png": "dog", "dog/1.png": "fox"}
LEFT_OUT = {"cat/2.png", "fox/2.png"}


def audit_of(path, data):
    audit = errata.Audit.of_dataset(path, data)
    audit.add_candidates(
        [{"id": id_, "suggested": other} for id_, (other, _) in ANSWERS.items()], flagger="a look"
    )
    audit.plan(votes=1, threshold=1)
    for id_, (_, answer) in ANSWERS.items():
        audit.vote("ann", audit.index_of(id_), answer, first="given", key=id_)
    return audit


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a folder of class folders, whose files are called the same in each class."""
    folder, rng = tmp_path_factory.mktemp("copy") / "pets", np.random.default_rng(3)
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for number in range(4):
            picture = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
            picture.save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def release(tmp_path_factory, pictures):
    folder = tmp_path_factory.mktemp("audit")
    audit = audit_of(folder / "pets.audit", errata.open_dataset(pictures))
    return audit.release(folder / "release").path


def files(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def class_of(path):
    return path.split("/")[-2]


@pytest.mark.parametrize("by", [None, "path", "id", "sha256", "index"])
def test_each_picture_lies_in_the_folder_of_its_corrected_class(tmp_path, pictures, release, by):
    before = files(pictures)
    made = apply_release(release, pictures, tmp_path / "out", by=by)
    assert files(pictures) == before, "the copy stays as it is"
    content = {data: path for path, data in before.items()}
    after = {content[data]: path for path, data in files(tmp_path / "out").items()}
    assert set(after) == set(before) - LEFT_OUT
    assert {path: class_of(new) for path, new in after.items()} == {
        path: CORRECTED.get(path, class_of(path)) for path in after
    }
    assert after["dog/0.png"] == "dog/0.png", "what stays keeps its name"
    assert after["cat/0.png"] == "dog/0 from cat.png"
    assert [(one["example"], one["file"]) for one in made.changes] == [
        (path, after[path]) for path in CORRECTED
    ]
    assert (made.examples, made.left_out, made.others) == (10, 2, 0)
    assert made.by == (by or "path")


def test_files_that_were_renamed_are_found_by_their_content(tmp_path, pictures, release):
    for path in sorted(files(pictures)):
        target = tmp_path / "copy" / class_of(path) / f"{path.replace('/', '-')}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures / path, target)
    made = apply_release(release, tmp_path / "copy", tmp_path / "out")
    assert made.by == "sha256"
    assert {one["example"]: one["corrected"] for one in made.changes} == {
        "cat/cat-0.png": "dog",
        "dog/dog-1.png": "fox",
    }


@pytest.mark.parametrize("link", [False, True])
def test_no_file_takes_the_place_of_another(tmp_path, pictures, release, link):
    copy = tmp_path / "copy"
    shutil.copytree(pictures, copy)
    for name in ("0 from cat.png", "0 from cat 2.png"):
        (copy / "dog" / name).write_bytes(name.encode())
    made = apply_release(release, copy, tmp_path / "out", others="keep", link=link)
    assert made.changes[0]["file"] == "dog/0 from cat 3.png"
    there = files(tmp_path / "out")
    assert there["dog/0 from cat.png"] == b"0 from cat.png", "what stays keeps its name"
    assert there["dog/0 from cat 3.png"] == files(pictures)["cat/0.png"]
    assert len(there) == made.examples == 12


def test_keeping_the_given_labels_leaves_nothing_out_and_links_take_no_space(
    tmp_path, pictures, release
):
    made = apply_release(release, pictures, tmp_path / "out", policy="keep_given", link=True)
    assert (made.examples, made.left_out) == (12, 0)
    assert (tmp_path / "out/cat/2.png").samefile(pictures / "cat/2.png")


def test_a_class_that_nothing_is_left_of_keeps_its_folder(tmp_path, pictures, release):
    copy = tmp_path / "copy"
    for path in ("cat/0.png", "dog/0.png", "fox/0.png"):
        (copy / path).parent.mkdir(parents=True)
        shutil.copy(pictures / path, copy / path)
    made = apply_release(release, copy, tmp_path / "out")
    assert list((tmp_path / "out" / "cat").iterdir()) == []
    assert made.notices == ("9 of 12 examples of the release are not among these.",)


def test_folders_of_parts_stay_above(tmp_path, pictures, release):
    shutil.copytree(pictures, tmp_path / "copy" / "test")
    shutil.copytree(pictures, tmp_path / "copy" / "train")
    apply_release(release, tmp_path / "copy", tmp_path / "out", part="test")
    assert (tmp_path / "out/test/dog/0 from cat.png").is_file()
    assert not (tmp_path / "out/train").exists()


def test_nothing_is_written_where_anything_does_not_match(tmp_path, pictures, release):
    copy = tmp_path / "copy"
    shutil.copytree(pictures, copy)
    (copy / "cat/3.png").rename(copy / "fox/new.png")
    with pytest.raises(
        LabelError,
        match=r"1 of 12 given labels, found by sha256, are not those of pets, the first in "
        r"fox/new.png: 'fox', and not 'cat'",
    ):
        apply_release(release, copy, tmp_path / "out")
    (copy / "fox/new.png").write_bytes(b"another")
    with pytest.raises(
        InputError, match=r"1 of 12 examples are not in pets by their .*fox/new.png"
    ):
        apply_release(release, copy, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    made = apply_release(release, copy, tmp_path / "out", others="keep")
    assert (made.others, (tmp_path / "out/fox/new.png").exists()) == (1, True)
    made = apply_release(release, copy, tmp_path / "out2", others="leave out")
    assert (made.others, made.left_out) == (0, 3)
    (copy / "horse").mkdir()
    shutil.copy(copy / "cat/0.png", copy / "horse/0.png")
    with pytest.raises(
        LabelError, match="class folder 'horse', which is no class of pets: cat, dog"
    ):
        apply_release(release, copy, tmp_path / "out3")


def test_a_folder_is_refused_where_it_cannot_be_made(tmp_path, pictures, release):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("")
    for out, options, error, message in (
        (tmp_path / "out", {}, FileError, "out is there already. Name a new folder"),
        (pictures / "out", {}, InputError, "would be a part of it"),
        (tmp_path / "1", {"policy": "multi_label"}, InputError, "it may have several labels"),
        (tmp_path / "1", {"key": "id"}, InputError, "is a folder, where key has no meaning"),
        (tmp_path / "1", {"by": "name"}, InputError, "There is no key 'name'"),
        (tmp_path / "1", {"part": "train"}, InputError, "train"),
    ):
        with pytest.raises(error, match=message):
            apply_release(release, pictures, out, **options)
    with pytest.raises(FileError, match="gone does not exist; a folder or a table was expected"):
        apply_release(release, tmp_path / "gone", tmp_path / "1")


# ---------------------------------------------------------------- tables


def rows_of(pictures, **more):
    return [
        {"id": path, "label": class_of(path), "note": 'a "b", c', **more}
        for path in sorted(files(pictures))
    ]


def write(path, rows):
    if path.suffix in (".csv", ".tsv"):
        with path.open("w", newline="", encoding="utf-8") as file:
            delimiter = "," if path.suffix == ".csv" else "\t"
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path):
    if path.suffix in (".csv", ".tsv"):
        with path.open(newline="", encoding="utf-8") as file:
            delimiter = "," if path.suffix == ".csv" else "\t"
            rows = list(csv.DictReader(file, delimiter=delimiter))
        return [{key: value or None for key, value in row.items()} for row in rows]
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else list(map(json.loads, text.splitlines()))


def expected(id_):
    return None if id_ in LEFT_OUT else CORRECTED.get(id_, class_of(id_))


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl", "parquet"])
def test_a_table_gets_a_column_of_corrected_labels(tmp_path, pictures, release, ending):
    rows = rows_of(pictures)
    table = write(tmp_path / f"pets.{ending}", rows)
    made = apply_release(release, table, tmp_path / f"out.{ending}")
    assert read(tmp_path / f"out.{ending}") == [
        row | {"corrected": expected(row["id"])} for row in rows
    ]
    assert (made.by, made.examples, made.unlabelled, made.left_out) == ("id", 12, 2, 0)
    assert made.changes[0] == {
        "example": f"pets.{ending}, row 1",
        "given": "cat",
        "corrected": "dog",
    }


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_corrected_labels_take_the_place_of_the_given_ones(tmp_path, pictures, release, ending):
    rows = rows_of(pictures)
    table = write(tmp_path / f"pets.{ending}", rows)
    made = apply_release(release, table, tmp_path / f"out.{ending}", replace=True)
    assert read(tmp_path / f"out.{ending}") == [
        row | {"label": expected(row["id"])} for row in rows if row["id"] not in LEFT_OUT
    ]
    assert (made.examples, made.left_out, made.unlabelled) == (10, 2, 0)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_numbers_stay_numbers_and_sets_are_lists(tmp_path, pictures, release, ending):
    rows = [row | {"label": CLASSES.index(row["label"])} for row in rows_of(pictures)]
    table = write(tmp_path / f"pets.{ending}", rows)
    apply_release(release, table, tmp_path / f"out.{ending}", policy="keep_given", replace=True)
    labels = [row["label"] for row in read(tmp_path / f"out.{ending}")]
    kind = str if ending == "csv" else int
    assert labels == [
        kind(CLASSES.index(CORRECTED.get(row["id"], class_of(row["id"])))) for row in rows
    ]
    made = apply_release(release, table, tmp_path / f"sets.{ending}", policy="multi_label")
    found = {row["id"]: row["corrected"] for row in read(tmp_path / f"sets.{ending}")}
    if ending == "csv":
        found = {id_: cell and json.loads(cell) for id_, cell in found.items()}
    assert found["fox/2.png"] == [2, 0]
    assert found["cat/0.png"] == [1]
    assert found["cat/2.png"] is None
    assert len(made.changes) == 3


def test_rows_are_found_by_path_by_hash_by_text_or_as_they_stand(tmp_path, pictures, release):
    rows = [{"file": row["id"], "y": row["label"]} for row in rows_of(pictures)]
    table = write(tmp_path / "a.csv", rows)
    assert apply_release(release, table, tmp_path / "1.csv", label="y").by == "path"
    made = apply_release(release, table, tmp_path / "2.csv", label="y", by="id", key="file")
    assert made.by == "id"
    bare = write(tmp_path / "b.csv", [{"label": row["y"]} for row in rows])
    assert apply_release(release, bare, tmp_path / "3.csv").by == "index"
    texts = [f"text {row['file']}" for row in rows]
    source = write(
        tmp_path / "t.csv",
        [
            {"id": row["file"], "text": text, "label": row["y"]}
            for row, text in zip(rows, texts, strict=True)
        ],
    )
    audit = audit_of(tmp_path / "texts.audit", errata.open_dataset(source))
    text_release = audit.release(tmp_path / "texts").path
    only = write(
        tmp_path / "only.csv",
        [{"text": text, "label": row["y"]} for row, text in zip(rows, texts, strict=True)][::-1],
    )
    made = apply_release(text_release, only, tmp_path / "4.csv", by="sha256", key="text")
    assert len(made.changes) == 2


def test_several_labels_an_example(tmp_path):
    labels = [["cat"], ["cat", "dog"], []]
    audit = errata.Audit.create(tmp_path / "a", labels=labels, classes=CLASSES, multilabel=True)
    audit.add_candidates([{"index": 1, "suggested": ["fox"]}], flagger="a look")
    audit.plan(votes=1, threshold=1)
    audit.add_votes([{"index": 1, "reviewer": "ann", "labels": ["dog", "fox"]}])
    release = audit.release(tmp_path / "r").path
    for ending, listed in (("csv", json.dumps), ("jsonl", list)):
        rows = [{"id": str(row), "labels": listed(one)} for row, one in enumerate(labels)]
        table = write(tmp_path / f"t.{ending}", rows)
        apply_release(release, table, tmp_path / f"o.{ending}")
        cells = [row["corrected"] for row in read(tmp_path / f"o.{ending}")]
        if ending == "csv":
            cells = list(map(json.loads, cells))
        assert cells == [["cat"], ["dog", "fox"], []]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            [{"id": "cat/0.png", "label": "fox"}],
            {},
            r"1 of 1 given labels, found by id, .*a.csv, row 1",
        ),
        (
            [{"id": "cat/9.png", "label": "cat"}],
            {},
            "By nothing can these examples be found in pets",
        ),
        ([{"id": "cat/0.png", "label": "cow"}], {}, "a.csv, row 1: There is no class 'cow'"),
        ([{"id": "cat/0.png", "y": "cat"}], {}, "columns id, y; which holds the given labels"),
        ([{"id": "cat/0.png", "label": "cat"}], {"label": "z"}, "none is 'z'"),
        ([{"id": "cat/0.png", "label": "cat"}], {"key": "z"}, "none is 'z'"),
        ([{"name": "x", "label": "cat"}], {"by": "sha256"}, "no column that is called sha256"),
        ([{"id": "x", "label": "cat", "corrected": 1}], {}, "has a column 'corrected' already"),
        ([{"id": "x", "label": "cat"}], {"link": True}, "is a table, where link has no meaning"),
    ],
)
def test_a_table_that_does_not_match_is_told(tmp_path, release, rows, options, message):
    table = write(tmp_path / "a.csv", rows)
    with pytest.raises(errata.ErrataError, match=message):
        apply_release(release, table, tmp_path / "out.csv", **options)
    assert not (tmp_path / "out.csv").exists()


def test_files_that_are_no_tables_are_told(tmp_path, release):
    good = [{"id": "cat/0.png", "label": "cat"}]
    for name, content, message in (
        ("a.csv", b"id,label\n1\n", "a.csv, row 1: it has 1 cells, but there are 2 columns"),
        ("a.csv", b"", "is no table with a head"),
        ("a.csv", b"\xff\xfe", "UTF-8"),
        ("a.jsonl", b"{", "is no JSON, or is cut short"),
        ("a.jsonl", b"[1]", "a.jsonl, row 1: an object was expected, not 1"),
        ("a.parquet", b"PAR1", "is no Parquet file, or is damaged"),
        ("a.xlsx", b"PK", r"ends in .xlsx; a folder of class folders, or a .csv"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(errata.ErrataError, match=message):
            apply_release(release, path, tmp_path / f"out{path.suffix}")
    table = write(tmp_path / "b.csv", good)
    with pytest.raises(InputError, match="the new table is of the same kind"):
        apply_release(release, table, tmp_path / "out.json")
    with pytest.raises(FileError, match="b.csv is there already. Name a new file"):
        apply_release(release, table, table)
