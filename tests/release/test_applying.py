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


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_each_label_is_written_as_the_one_in_its_cell(tmp_path, pictures, release, ending):
    form = {
        "cat/0.png": " cat ",
        "cat/1.png": " cat",
        "cat/2.png": "0",
        "cat/3.png": "0" if ending == "csv" else 0,
        "dog/1.png": "1" if ending == "csv" else 1,
    }
    rows = [row | {"label": form.get(row["id"], row["label"])} for row in rows_of(pictures)]
    table = write(tmp_path / f"pets.{ending}", rows)
    apply_release(release, table, tmp_path / f"out.{ending}")
    apply_release(release, table, tmp_path / f"kept.{ending}", replace=True, policy="keep_given")
    apply_release(release, table, tmp_path / f"sets.{ending}", policy="multi_label")
    corrected = [row | {"corrected": row["label"]} for row in rows]
    changed = {"cat/0.png": "dog", "dog/1.png": type(form["dog/1.png"])(2)}
    for row in corrected:
        row["corrected"] = changed.get(row["id"], row["corrected"])
        if row["id"] in LEFT_OUT:
            row["corrected"] = None
    assert read(tmp_path / f"out.{ending}") == corrected
    assert read(tmp_path / f"kept.{ending}") == [
        row | {"label": changed.get(row["id"], row["label"])} for row in rows
    ]
    sets = {row["id"]: row["corrected"] for row in read(tmp_path / f"sets.{ending}")}
    if ending == "csv":
        sets = {id_: cell and json.loads(cell) for id_, cell in sets.items()}
    assert sets["cat/0.png"] == ["dog"]
    assert sets["cat/1.png"] == [" cat"]
    assert sets["fox/2.png"] == ["fox", "cat"]
    assert sets["cat/2.png"] is None
    assert (sets["cat/3.png"], sets["dog/1.png"]) == ([0], [2])


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_sets_of_labels_are_lists_in_every_row(tmp_path, pictures, release, ending, replace):
    """Whether a row is in the release or not, and whatever the type of the labels was."""
    rows = [*rows_of(pictures), {"id": "new", "label": "fox", "note": ""}]
    table = write(tmp_path / f"pets.{ending}", rows)
    out = tmp_path / f"out.{ending}"
    apply_release(
        release, table, out, policy="multi_label", others="keep", replace=replace, by="id"
    )
    name = "label" if replace else "corrected"
    sets = {row["id"]: row[name] for row in read(out)}
    if ending == "csv":
        sets = {id_: cell and json.loads(cell) for id_, cell in sets.items()}
    special = {"cat/0.png": ["dog"], "dog/1.png": ["fox"], "fox/2.png": ["fox", "cat"]}
    expected = {row["id"]: special.get(row["id"], [row["label"]]) for row in rows}
    if replace:
        del expected["cat/2.png"]
    else:
        expected["cat/2.png"] = None
    assert sets == expected


PLAIN, SMALL = pa.string(), pa.int8()


@pytest.mark.parametrize(
    "kind",
    [PLAIN, pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), PLAIN), SMALL,
     pa.uint16(), pa.int64()],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("policy", ["drop_ambiguous", "multi_label"])
@pytest.mark.parametrize("replace", [False, True])
def test_a_column_of_parquet_has_the_type_of_the_given_labels(
    tmp_path, pictures, release, kind, policy, replace
):
    rows = rows_of(pictures)
    number = pa.types.is_integer(kind)
    frame = pa.Table.from_pylist(rows).to_pandas()  # whose metadata names the types of columns
    table = pa.Table.from_pandas(frame)
    labels = [CLASSES.index(row["label"]) if number else row["label"] for row in rows]
    table = table.set_column(1, "label", pa.array(labels, kind))
    pq.write_table(table, tmp_path / "a.parquet")
    apply_release(
        release, tmp_path / "a.parquet", tmp_path / "b.parquet", policy=policy, replace=replace
    )
    made = pq.read_table(tmp_path / "b.parquet")
    inside = kind.value_type if pa.types.is_dictionary(kind) else kind
    inside = pa.large_string() if kind == pa.string_view() else inside
    name = "label" if replace else "corrected"
    assert made.schema.field(name).type == (pa.list_(inside) if policy == "multi_label" else kind)
    own = {name: index if number else name for index, name in enumerate(CLASSES)}
    cells = dict(zip(made["id"].to_pylist(), made[name].to_pylist(), strict=True))
    first = cells["cat/0.png"]
    assert (first[0] if policy == "multi_label" else first) == own["dog"]
    assert len(cells) == (12 if not replace else 11 if policy == "multi_label" else 10)
    assert list(made.to_pandas()["id"]) == list(cells), "pandas reads it"


def test_several_labels_stay_lists_of_their_type_in_parquet(tmp_path):
    labels = [["cat"], ["cat", "dog"], [], ["fox"]]
    audit = errata.Audit.create(tmp_path / "a", labels=labels, classes=CLASSES, multilabel=True)
    rows = [{"index": row, "suggested": ["fox"]} for row in (1, 2)]
    audit.add_candidates(rows, flagger="a look")
    audit.plan(votes=1, threshold=1)
    votes = [{"index": row, "reviewer": "ann", "labels": ["cat", "fox"]} for row in (1, 2)]
    audit.add_votes(votes)
    release = audit.release(tmp_path / "r").path
    numbers = [[CLASSES.index(name) for name in one] for one in labels]
    mixed = [["cat"], [0, "dog"], [], ["2"]]
    texts = ['["cat"]', '["cat", "dog"]', "[]", '["fox"]']
    for own, kind, changed in (
        (labels, pa.list_(pa.string()), ["cat", "fox"]),
        (labels, pa.large_list(pa.large_string()), ["cat", "fox"]),
        (numbers, pa.list_(pa.int16()), [0, 2]),
        (texts, pa.string(), '["cat", "fox"]'),
        (mixed, None, [0, 2]),
    ):
        rows = {"id": ["0", "1", "2", "3"], "labels": own}
        path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
        if kind is None:
            path, out = path.with_suffix(".jsonl"), out.with_suffix(".jsonl")
            write(path, [{"id": str(row), "labels": one} for row, one in enumerate(own)])
        else:
            rows["labels"] = pa.array(own, kind)
            pq.write_table(pa.table(rows), path)
        for replace in (False, True):
            out.unlink(missing_ok=True)
            apply_release(release, path, out, replace=replace)
            name = "labels" if replace else "corrected"
            made = [row[name] for row in read(out)]
            assert made == [own[0], changed, changed if kind else ["cat", "fox"], own[3]]
            assert kind is None or pq.read_schema(out).field(name).type == kind


def test_whole_numbers_may_be_the_names_of_classes(tmp_path):
    """As they are where a table of them was audited, whose classes are called 1, 2, 3."""
    rows = [{"id": str(row), "text": f"text {row}", "label": row % 3 + 1} for row in range(9)]
    for ending, labels in (("parquet", None), ("jsonl", None), ("parquet", [False, True])):
        folder = tmp_path / f"{ending}{bool(labels)}"
        folder.mkdir()
        if labels:
            rows = [row | {"label": labels[row["label"] % 2]} for row in rows]
        table = write(folder / f"stars.{ending}", rows)
        audit = errata.Audit.of_dataset(folder / "a", errata.open_dataset(table))
        assert audit.classes == (("0", "1") if labels else ("1", "2", "3"))
        wrong = rows[3]["label"]
        right = (not wrong) if labels else 2
        audit.add_candidates([{"id": "3", "suggested": str(int(right))}], flagger="a look")
        audit.plan(votes=1, threshold=1)
        audit.vote("ann", 3, "suggested", first="given", key="1")
        release = audit.release(folder / "r").path
        apply_release(release, table, folder / f"o.{ending}", replace=True)
        assert read(folder / f"o.{ending}") == [
            row | ({"label": right} if row["id"] == "3" else {}) for row in rows
        ]


def test_of_a_csv_file_every_other_character_stays(tmp_path, pictures, release):
    """The mark of its encoding, line ends, quotes, blank lines and the lack of a last one."""
    rows = [(row["id"], row["label"]) for row in rows_of(pictures)]
    note = '"a ""b"",\r\nc\n"'
    head = "\ufeffid,note,label"
    end = "\r\n"
    lines = [f'"{id_}",{note},{label}' for id_, label in rows]
    lines[1] += end  # a blank line
    lines[-1] = lines[-1].removesuffix("fox") + '"fox"'
    table = tmp_path / "a.csv"
    table.write_bytes(end.join([head, *lines]).encode())
    apply_release(release, table, tmp_path / "b.csv")
    corrected = {**dict(rows), **CORRECTED, **dict.fromkeys(LEFT_OUT, "")}
    expected = [
        line.removesuffix(end) + f",{corrected[id_]}" + end * line.endswith(end)
        for line, (id_, _) in zip(lines, rows, strict=True)
    ]
    expected[-1] = expected[-1].removesuffix("fox") + '"fox"'
    whole = end.join([f"{head},corrected", *expected])
    assert (tmp_path / "b.csv").read_bytes() == whole.encode()
    apply_release(release, table, tmp_path / "c.csv", replace=True, policy="keep_given")
    expected = [
        line.replace(f",{label}", f",{CORRECTED.get(id_, label)}")
        for line, (id_, label) in zip(lines, rows, strict=True)
    ]
    assert (tmp_path / "c.csv").read_bytes() == end.join([head, *expected]).encode()


def test_json_keeps_its_line_ends_and_halves_of_characters(tmp_path, pictures, release):
    rows = [row | {"note": "\ud83d, \u00e9"} for row in rows_of(pictures)]
    table = tmp_path / "a.jsonl"
    lines = [json.dumps(row) for row in rows]
    lines.insert(3, "")
    table.write_bytes("\r\n".join(lines).encode())
    apply_release(release, table, tmp_path / "b.jsonl")
    assert (tmp_path / "b.jsonl").read_bytes() == "".join(
        json.dumps(row | {"corrected": expected(row["id"])}) + "\r\n" for row in rows
    ).encode()


def test_texts_are_found_by_every_character_they_have(tmp_path):
    texts = [f"line\r\nand {row}\n" if row else "x" * 200_000 for row in range(6)]
    rows = [
        {"id": str(row), "text": text, "label": CLASSES[row % 3]} for row, text in enumerate(texts)
    ]
    source = write(tmp_path / "t.csv", rows)
    audit = errata.Audit.of_dataset(tmp_path / "a", errata.open_dataset(source))
    audit.add_candidates([{"id": "1", "suggested": "fox"}], flagger="a look")
    audit.plan(votes=1, threshold=1)
    audit.vote("ann", 1, "suggested", first="given", key="1")
    release = audit.release(tmp_path / "r").path
    made = apply_release(release, source, tmp_path / "o.csv", by="sha256", key="text")
    assert [one["corrected"] for one in made.changes] == ["fox"]


def test_of_copies_each_row_is_the_one_with_its_label(tmp_path):
    """Two copies of a text with different labels, of which one is wrong, and two that are alike."""
    texts = ["same", "same", "a", "b", "twice", "twice", "same"]
    labels = ["cat", "dog", "cat", "dog", "fox", "fox", "fox"]
    rows = [
        {"id": str(row), "text": text, "label": label}
        for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    source = write(tmp_path / "t.csv", rows)
    audit = errata.Audit.of_dataset(tmp_path / "a", errata.open_dataset(source))
    asked = {"0": "dog", "4": "cat", "6": "cat"}
    audit.add_candidates(
        [{"id": id_, "suggested": other} for id_, other in asked.items()], flagger="a look"
    )
    audit.plan(votes=1, threshold=1)
    for id_, answer in (("0", "suggested"), ("4", "suggested"), ("6", "both")):
        audit.vote("ann", int(id_), answer, first="given", key=id_)
    release = audit.release(tmp_path / "r").path
    bare = write(tmp_path / "b.csv", [{k: row[k] for k in ("text", "label")} for row in rows])

    def corrected(**options):
        out = tmp_path / "o.csv"
        out.unlink(missing_ok=True)
        made = apply_release(release, bare, out, by="sha256", key="text", **options)
        return [row["corrected"] for row in read(out)], made.notices

    unclear = (
        "2 examples are, by their sha256 and given label, several with different corrected "
        "labels: they are taken as without a trusted one."
    )
    told, notices = corrected()
    assert told == ["dog", "dog", "cat", "dog", None, None, None]
    assert notices == (unclear,)
    told, _ = corrected(policy="keep_given")
    assert told == ["dog", "dog", "cat", "dog", "fox", "fox", "fox"]
    told, _ = corrected(policy="multi_label")
    assert json.loads(told[6]) == ["fox", "cat"]
    write(bare, [{"text": "same", "label": "cat"}] * 2 + [{"text": "a", "label": "fox"}])
    with pytest.raises(LabelError, match=r"1 of 3 given labels.* b.csv, row 3: 'fox', and not "):
        corrected()


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
        ("a.csv", b"", "a.csv is empty; a first line with the names of the columns was"),
        ("a.csv", b"\xef\xbb\xbf\r\n", "a.csv is empty"),
        ("a.csv", b'id,label\n"a,cat\n', "a.csv, row 1: a cell in quotes does not end"),
        ("a.csv", b'"id"x,label\n', "a.csv, the head: a cell in quotes does not end, or "),
        ("a.csv", b"id;label\na;cat,b\n", "seems to be separated by ';': its one column is call"),
        ("a.csv", b"id\tlabel\na\tcat\n", r"separated by '\\t': .* or with tabs as a .tsv"),
        ("a.csv", b"id,label,id\na,cat,b\n", "a.csv has 2 columns that are called 'id'"),
        ("a.csv", b"\xff\xfe", "UTF-8"),
        ("a.jsonl", b"\n", "a.jsonl holds no rows; an object for each example was expected"),
        ("a.json", b"[]", "a.json holds no rows"),
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
    (tmp_path / "link.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(FileError, match="link.csv is there already"):
        apply_release(release, table, tmp_path / "link.csv")
    twice = pa.table([["cat/0.png"], ["cat"], ["a"], ["b"]], names=["id", "label", "x", "x"])
    pq.write_table(twice, tmp_path / "c.parquet")
    with pytest.raises(FileError, match="c.parquet has 2 columns that are called 'x'"):
        apply_release(release, tmp_path / "c.parquet", tmp_path / "d.parquet", key="x")
    apply_release(release, tmp_path / "c.parquet", tmp_path / "d.parquet")
    with pq.ParquetFile(tmp_path / "d.parquet") as file:
        assert file.schema_arrow.names == ["id", "label", "x", "x", "corrected"]


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "n/a", "n\\a", "..", "."])
def test_no_class_is_a_folder_elsewhere(tmp_path, name):
    """Also where a stranger made the release."""
    for folder in ("cat", "dog"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        Image.new("RGB", (2, 2), folder == "cat" and "red").save(tmp_path / "in" / folder / "0.png")
    classes = ["cat", "dog", name]
    ids = ["cat/0.png", "dog/0.png"]
    audit = errata.Audit.create(tmp_path / "a", labels=[0, 1], classes=classes, ids=ids)
    audit.add_candidates([{"id": ids[0], "suggested": 2}], flagger="a look")
    audit.plan(votes=1, threshold=1)
    audit.vote("ann", 0, "suggested", first="given", key=ids[0])
    audit.release(tmp_path / "release")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="cannot be the name of a folder. Apply the release to a"):
        apply_release(tmp_path / "release", tmp_path / "in", tmp_path / "out", by="id")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("cell", [0.9, True, "0.9", "x", None, float("inf"), -1, "-1"])
def test_a_row_is_found_by_a_whole_number_alone(tmp_path, pictures, release, cell):
    names = map(class_of, sorted(files(pictures)))
    rows = [{"index": place, "label": name} for place, name in enumerate(names)]
    rows[3]["index"], rows[4]["index"] = 3.0, "4.0"  # as whole numbers are beside what is missing
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    apply_release(release, tmp_path / "in.jsonl", tmp_path / "out.jsonl", by="index")
    rows[1]["index"] = cell
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=r"in.jsonl, row 2: 'index' is .*; the number of a row"):
        apply_release(release, tmp_path / "in.jsonl", tmp_path / "no.jsonl", by="index")


def test_what_cannot_be_written_is_named(tmp_path, pictures, release):
    table = write(tmp_path / "a.csv", rows_of(pictures))
    for out in (tmp_path / "gone" / "b.csv", table / "b.csv", tmp_path / f"{'n' * 300}.csv"):
        with pytest.raises(FileError, match=f"{out} cannot be written: .*. Name another."):
            apply_release(release, table, out)
    out = tmp_path / ("n" * 300)
    with pytest.raises(FileError, match=f"{out} cannot be written: .*. Name another."):
        apply_release(release, pictures, out)
    copy = tmp_path / "copy"
    shutil.copytree(pictures, copy)
    (copy / "cat" / "s.png").mkdir()  # a folder where the other class has a file
    (copy / "cat" / "0.png").rename(copy / "cat" / "s.png" / "0.png")
    (copy / "dog" / "s.png").write_bytes(b"")
    with pytest.raises(FileError, match="out cannot be written: File exists. Name another, or lea"):
        apply_release(release, copy, tmp_path / "out", others="keep", link=True)
    assert not (tmp_path / "out").exists()


def test_a_file_in_a_folder_that_is_called_like_a_part_gets_no_column_of_it(
    tmp_path, pictures, release
):
    (tmp_path / "split=test").mkdir()
    table = write(tmp_path / "split=test" / "a.parquet", rows_of(pictures))
    apply_release(release, table, tmp_path / "b.parquet")
    assert pq.read_schema(tmp_path / "b.parquet").names == ["id", "label", "note", "corrected"]
