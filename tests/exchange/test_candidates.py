"""Candidates from elsewhere: how their files are read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata import FileError, InputError, LabelError
from errata.exchange.candidates import as_rows, check_candidate
from errata.exchange.labels import class_of, classes_of
from errata.exchange.rows import PROBLEM

CLASSES = ("cat", "dog", "7", "fox")


def check(**row):
    return check_candidate({"index": "0", **row}, index_of=int, n=9, classes=CLASSES)


@pytest.mark.parametrize("name", ["doubts.csv", "doubts.json", "doubts.jsonl"])
def test_csv_json_and_json_lines_say_the_same(tmp_path, name):
    rows = [{"id": "3", "suggested": "dog", "score": "-0.5"}, {"id": "1", "suggested": "0"}]
    text = {
        "doubts.csv": "id,suggested,score\n3,dog,-0.5\n1,0,\n",
        "doubts.json": json.dumps(rows),
        "doubts.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
    }[name]
    (tmp_path / name).write_text(text)
    read = as_rows(tmp_path / name)
    assert [row["where"].startswith(f"{name}, ") for row in read] == [True, True]
    checked = [check_candidate(row, index_of=int, n=9, classes=CLASSES) for row in read]
    assert checked == [
        {"example": 3, "suggested": 1, "score": -0.5},
        {"example": 1, "suggested": 0, "score": None},
    ]


def test_what_is_no_file_of_candidates_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("id,sugested\n3,dog\n")
    with pytest.raises(LabelError, match="no column 'suggested'; its columns are id, sugested"):
        as_rows(tmp_path / "a.csv")
    with pytest.raises(FileError, match=r"a file of candidates \(\.csv, .* was expected"):
        as_rows(tmp_path / "gone.csv")


@given(st.integers(0, 3))
def test_an_index_is_an_index_and_a_text_is_first_of_all_a_name(index):
    assert class_of(index, CLASSES) == class_of(CLASSES[index], CLASSES) == index
    assert class_of(f" {index} ", CLASSES) == index
    assert class_of("7", CLASSES) == 2
    assert class_of(chr(ord("\N{ARABIC-INDIC DIGIT ZERO}") + index), CLASSES) == index


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"suggested": "dgo"}, "There is no class 'dgo'. Did you mean 'dog'"),
        ({"suggested": ""}, "The suggested label is missing"),
        ({"suggested": None}, "The suggested label is missing"),
        ({"suggested": 4}, "There is no class 4; they run from 0 to 3"),
        ({"suggested": -1}, "There is no class -1"),
        ({"suggested": "4"}, "There is no class 4"),
        ({"suggested": True}, "There is no class 'True'"),
        ({"suggested": 1.5}, r"There is no class '1\.5'"),
        ({"suggested": "dog", "score": "low"}, "The score 'low' is no finite number"),
        ({"suggested": "dog", "score": "nan"}, "The score 'nan' is no finite number"),
        ({"suggested": "dog", "index": "9"}, "no example with index 9; they run from 0 to 8"),
        ({"suggested": "dog", "index": "9" * 5000}, "no example with index 99999"),
        ({"suggested": "dog", "index": "²"}, "no example with index ²"),
        ({"suggested": "9" * 5000}, "There is no class '99999"),
        ({"suggested": "²"}, "There is no class '²'"),
        ({"suggested": "dog", "index": ""}, "The example is missing; give its id, or its index"),
        ({PROBLEM: "There are more fields"}, "There are more fields"),
    ],
)
def test_a_candidate_that_cannot_be_taken_is_told_why(row, message):
    with pytest.raises(InputError, match=message):
        check(**row)


@given(st.sets(st.integers(0, 3)))
def test_a_set_of_labels_may_be_written_in_many_ways(labels):
    names = [CLASSES[label] for label in sorted(labels, reverse=True)]
    for written in (names, set(names), tuple(labels), json.dumps(names), json.dumps([*labels])):
        assert classes_of(written, CLASSES) == tuple(sorted(labels))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("dog", "A list of labels was expected, not 'dog'"),
        ('["dog"', "A list of labels was expected"),
        (3, "A list of labels was expected, not 3"),
        ({"dog": 1}, "A list of labels was expected"),
        (["dog", "dgo"], "There is no class 'dgo'"),
        (["dog", 1], r"The label 'dog' stands twice in \['dog', 1\]"),
        ([None], "A label is missing"),
    ],
)
def test_what_is_no_set_of_labels_is_told(labels, message):
    with pytest.raises(InputError, match=message):
        classes_of(labels, CLASSES)


def test_a_candidate_may_suggest_a_set():
    row = {"index": "0", "suggested": ["fox", 0]}
    checked = check_candidate(row, index_of=int, n=9, classes=CLASSES, multilabel=True)
    assert checked["suggested"] == (0, 3)
    with pytest.raises(LabelError, match="A list of labels was expected, not 'fox'"):
        check_candidate(
            row | {"suggested": "fox"}, index_of=int, n=9, classes=CLASSES, multilabel=True
        )
