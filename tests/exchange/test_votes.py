"""Votes in and out of files."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import planned_audit
from errata import FileError, InputError, VoteError
from errata.exchange.rows import PROBLEM
from errata.exchange.votes import COLUMNS, check_reviewer, check_vote, read_votes, write_votes
from errata.review.app import clean_name

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1)
votes = st.lists(
    st.fixed_dictionaries(
        {
            "id": texts,
            "reviewer": texts,
            "answer": st.sampled_from(["given", "suggested", "both", "neither"]),
            "time": st.none() | st.datetimes().map(lambda time: time.isoformat()),
            "first": st.sampled_from([None, "given", "suggested"]),
            "kind": st.sampled_from(["person", "simulated", "imported"]),
            "said": st.none() | texts,
            "labels": st.none(),
        }
    ),
    max_size=5,
)


@given(rows=votes)
@pytest.mark.parametrize("name", ["votes.csv", "votes.jsonl"])
def test_what_is_written_is_read_back(tmp_path_factory, name, rows):
    path = tmp_path_factory.mktemp("votes") / name
    write_votes(rows, path)
    read = read_votes(path)
    assert [row.pop("where") for row in read] == [
        f"{name}, line {number}" for number in range(1 + (name == "votes.csv"), 99)
    ][: len(rows)]
    assert [{key: value or None for key, value in row.items()} for row in read] == rows


@pytest.mark.parametrize("name", ["votes.csv", "votes.jsonl"])
def test_an_audits_votes_go_out_and_into_its_copy(tmp_path, name):
    one, two = (planned_audit(tmp_path / folder) for folder in ("one", "two"))
    for example, answer in enumerate(["given", "suggested", "both", "neither"]):
        one.vote('ann, "the" one', example, answer, first="given", key=str(example))
    one.vote("bob", 0, "given", first="suggested", key="b")
    one.undo("bob")
    write_votes([vote.to_dict() for vote in one.votes()], tmp_path / name)
    assert two.add_votes(tmp_path / name).added == 4
    # nobody voted here, whatever the file says
    known = [replace(vote, kind="imported") for vote in one.votes()]
    assert two.votes() == known
    again = two.add_votes(str(tmp_path / name))
    assert (again.added, again.already_there) == (0, 4)
    conflicting = [{**vote.to_dict(), "answer": "both"} for vote in one.votes()]
    write_votes(conflicting, tmp_path / name)
    changed = two.add_votes(tmp_path / name)
    assert (changed.added, changed.already_there, len(changed.refused)) == (0, 1, 3)
    line = 2 if name == "votes.csv" else 1
    assert f"{name}, line {line}: 'ann, \"the\" one' answered 'given' for '0'" in changed.refused[0]
    assert two.votes() == known


def read(tmp_path, text, name="votes.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_votes(tmp_path / name)


def test_columns_may_stand_in_any_order_and_others_are_left_alone(tmp_path):
    rows = read(tmp_path, "\ufeffanswer,mood,reviewer,index\nboth,good,ann,3\n")
    assert rows == [
        {
            "answer": "both",
            "mood": "good",
            "reviewer": "ann",
            "index": "3",
            "where": "votes.csv, line 2",
        }
    ]
    checked = check_vote(rows[0], index_of=int, n=4, kind="imported")
    assert checked["example"] == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "id,reviewer,anwser\n1,ann,both\n",
            "no column 'answer'; its columns are id, review",
        ),
        ("reviewer,answer\nann,both\n", "no column 'id'"),
        ("id,answer\n1,both\n", "no column 'reviewer'"),
        ("", r"its columns are none\. Needed: id, reviewer, answer; known besides: time"),
    ],
)
def test_a_missing_column_is_told_with_those_that_are_there(tmp_path, text, message):
    with pytest.raises(VoteError, match=message):
        read(tmp_path, text)


def test_a_bad_row_keeps_its_line_and_the_others_are_read(tmp_path):
    text = 'id,reviewer,answer\n1,"ann\nlee\x07",both\n2,ann,both,too,many\n3,ann\n4,ann,both\n'
    rows = read(tmp_path, text)
    assert [row["where"].split()[-1] for row in rows] == ["3", "4", "5", "6"]
    assert rows[1][PROBLEM] == "There are more fields than the 3 columns."
    reasons = []
    for row in rows:
        try:
            check_vote(row, index_of=int, n=9, kind="imported")
        except VoteError as error:
            reasons.append(str(error))
    assert len(reasons) == 3
    assert "not printable" in reasons[0]
    assert "The answer is missing" in reasons[2]


@pytest.mark.parametrize("index", ["9" * 5000, "²", "1.5"])
def test_an_index_that_is_none_refuses_its_row_alone(tmp_path, index):
    audit = planned_audit(tmp_path / "pets.audit")
    (tmp_path / "votes.csv").write_text(f"index,reviewer,answer\n{index},ann,both\n٣,ann,both\n")
    added = audit.add_votes(tmp_path / "votes.csv")
    (line,) = added.refused
    assert line.startswith(f"votes.csv, line 2: There is no example with index {index};")
    assert [vote.example for vote in audit.votes()] == [3]


def test_a_bad_line_of_json_is_told_and_the_others_are_read(tmp_path):
    good = json.dumps({"id": 1, "reviewer": "ann", "answer": "both"})
    rows = read(tmp_path, f"{good}\n\n{{cut\n7\n{good}\n", "votes.jsonl")
    assert [row["where"].split()[-1] for row in rows] == ["1", "3", "4", "5"]
    assert rows[1][PROBLEM].startswith("This is no JSON: ")
    assert rows[2][PROBLEM] == "An object with id, reviewer, answer was expected, not 7."
    with pytest.raises(VoteError, match="This is no JSON"):
        check_vote(rows[1], index_of=int, n=9, kind="imported")


def test_a_json_list_will_do(tmp_path):
    row = {"id": "1", "reviewer": "ann", "answer": "both"}
    assert read(tmp_path, json.dumps([row]), "votes.json") == [
        {**row, "where": "votes.json, vote 1"}
    ]
    with pytest.raises(FileError, match=r"votes\.json is no JSON, or is cut short"):
        read(tmp_path, '[{"id": 1', "votes.json")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(FileError, match=r"gone\.csv does not exist; a file of votes \(\.csv,"):
        read_votes(tmp_path / "gone.csv")
    with pytest.raises(FileError, match="is a folder; a file of votes"):
        read_votes(tmp_path)
    (tmp_path / "latin.csv").write_bytes("id,reviewer,answer\n1,Zoë,both\n".encode("latin-1"))
    with pytest.raises(FileError, match=r"latin\.csv is not UTF-8"):
        read_votes(tmp_path / "latin.csv")
    with pytest.raises(FileError, match=r"votes\.csv is no CSV after line"):
        read(tmp_path, "id,reviewer,answer\n1,ann," + "x" * 200_000 + "\n")


def test_the_columns_are_those_of_the_file(tmp_path):
    write_votes([], tmp_path / "votes.csv")
    assert (tmp_path / "votes.csv").read_text() == ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize("name", ["Zoë  Lima", " Zoe\u0308 Lima ", "Zoë\u00a0Lima", "Zoë\tLima"])
def test_one_person_has_one_name_however_it_is_typed(name):
    assert check_reviewer(name) == clean_name(name) == "Zoë Lima"


def test_a_word_of_their_own_goes_with_the_answer_other():
    row = {"index": "0", "reviewer": "ann", "answer": "Other", "said": "  off   topic "}
    vote = check_vote(row, index_of=int, n=1, kind="imported")
    assert (vote["answer"], vote["said"]) == ("other", "off topic")
    vote = check_vote(row | {"said": ""}, index_of=int, n=1, kind="imported")
    assert (vote["answer"], vote["said"]) == ("other", None)
    with pytest.raises(VoteError, match="said 'off   topic', but the answer is 'both': a word of"):
        check_vote(row | {"answer": "both"}, index_of=int, n=1, kind="imported")


NAMES = ("dog", "speech", "rain, heavy")


@given(ticks=st.lists(st.none() | st.sets(st.sampled_from(NAMES)), max_size=4))
@pytest.mark.parametrize("name", ["votes.csv", "votes.jsonl"])
def test_sets_of_labels_are_read_as_they_were_written(tmp_path_factory, name, ticks):
    path = tmp_path_factory.mktemp("votes") / name
    written = [
        {"id": str(i), "reviewer": "ann"}
        | ({"answer": "other", "said": "x"} if one is None else {"labels": sorted(one)})
        for i, one in enumerate(ticks)
    ]
    write_votes(written, path)
    read = [
        check_vote(row, index_of=int, n=9, kind="imported", label_names=NAMES)
        for row in read_votes(path)
    ]
    assert [(vote["answer"], vote["said"]) for vote in read] == [
        ("other", "x") if one is None else ("labels", None) for one in ticks
    ]
    labels = [vote["labels"] for vote in read]
    assert [None if one is None else {NAMES[label] for label in one} for one in labels] == ticks


def test_a_file_of_sets_needs_no_answers(tmp_path):
    (row,) = read(tmp_path, 'index,reviewer,labels\n0,ann,"[""dog""]"\n')
    assert check_vote(row, index_of=int, n=1, kind="imported", label_names=NAMES)["labels"] == (0,)


@pytest.mark.parametrize(
    ("row", "names", "message"),
    [
        ({"answer": "given"}, NAMES, "The labels are missing: every example may have several"),
        ({"labels": []} | {"answer": "given"}, NAMES, "There is no answer 'given'. .*labels"),
        ({"labels": ["cat"]}, NAMES, "There is no class 'cat'"),
        ({"answer": "other"}, NAMES, "so what the reviewer said was expected"),
        ({"answer": "other", "said": "?", "labels": ["dog"]}, NAMES, "There is no answer 'other'"),
        ({"answer": "labels"}, None, "every example has one label here. One of given, sugg"),
        ({"answer": "given", "labels": ["dog"]}, None, "The vote lists labels, but every example"),
    ],
)
def test_votes_of_the_other_kind_are_told(row, names, message):
    row = {"index": "0", "reviewer": "ann"} | row
    with pytest.raises(InputError, match=message):
        check_vote(row, index_of=int, n=1, kind="imported", label_names=names)


@pytest.mark.parametrize(
    ("own", "asked", "kind"),
    [
        ("person", "simulated", "simulated"),
        ("imported", "simulated", "simulated"),
        ("person", "imported", "imported"),
        ("simulated", "imported", "simulated"),
        ("", "imported", "imported"),
        ("", "person", "person"),
        ("person", "person", "person"),
        ("imported", "person", "imported"),
    ],
)
def test_a_row_can_say_less_of_its_kind_than_who_hands_it_in(own, asked, kind):
    row = {"index": "0", "reviewer": "ann", "answer": "both", "kind": own}
    assert check_vote(row, index_of=int, n=1, kind=asked)["kind"] == kind
