"""Mechanical Turk: its columns, its times, its XML, and what strangers send."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import planned_audit
from errata import FileError, VoteError
from errata.exchange.mturk import answers_of_blob, answers_of_xml, as_iso


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "audit", ids=[f"pic {i}" for i in range(60)])


def results(path, *rows, answer="Answer.verdict"):
    """Write lines of a results file: worker, id, answer, and any other columns."""
    names = ["WorkerId", "Input.id", answer]
    more = list(
        dict.fromkeys(name for row in rows if isinstance(row[-1], dict) for name in row[-1])
    )
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, *more])
        for row in rows:
            extra = row[-1] if isinstance(row[-1], dict) else {}
            writer.writerow([*row[:3], *(extra.get(name, "") for name in more)])
    return path


def answers(audit):
    return {(vote.reviewer, vote.id): vote.answer for vote in audit.votes()}


def test_rejected_assignments_are_left_out_and_counted(tmp_path, audit):
    path = results(
        tmp_path / "batch.csv",
        ("A1", "pic 0", "given", {"AssignmentStatus": "Approved"}),
        ("A2", "pic 0", "guessed", {"AssignmentStatus": "Rejected"}),
        ("A3", "pic 0", "guessed", {"Reject": "you did not look"}),
        ("A4", "pic 0", "guessed", {"AssignmentStatus": "Submitted", "WorkTimeInSeconds": "9"}),
    )
    added = audit.import_votes(path)
    assert added.left_out == (
        "2 assignments: rejected by the requester.",
        "WorkTimeInSeconds: an audit keeps no working times.",
    )
    assert answers(audit) == {("A1", "pic 0"): "given", ("A4", "pic 0"): "suggested"}
    assert "left out: 2 assignments" in repr(added)


def test_an_answer_can_be_a_label_by_name_or_what_it_is_said_to_mean(tmp_path, audit):
    asked = audit.questions()[0]
    path = results(
        tmp_path / "batch.csv",
        ("A1", asked.id, asked.given[0]),
        ("A2", asked.id, asked.suggested[0]),
        ("A3", asked.id, "Left"),
        ("A4", asked.id, "unsure"),
        ("A5", asked.id, "A"),
    )
    added = audit.import_votes(path, answers={"left": "given", "unsure": "other"})
    (refused,) = added.refused
    assert "line 6: The answer is 'A', but the file does not say which label was shown" in refused
    assert [vote.answer for vote in audit.votes()] == ["given", "suggested", "given", "other"]


def test_which_columns_hold_id_and_answer_is_guessed_or_said(tmp_path, audit):
    path = tmp_path / "batch.csv"
    path.write_text(
        "WorkerId,Input.picture,Input.colour,Answer.comment,Answer.choice2\n"
        "A1,pic 0,pic red,nice,given\n"
    )
    with pytest.raises(
        VoteError, match="holds the answer cannot be told: .*comment, choice2.*--answ"
    ):
        audit.import_votes(path)
    assert audit.import_votes(path, answer_field="choice2").added == 1, "one column holds ids"
    path.write_text("WorkerId,Input.picture,Input.other,Answer.verdict\nA2,pic 0,pic 1,given\n")
    with pytest.raises(
        VoteError, match="id of the example cannot be told: .*picture, other.*--id-f"
    ):
        audit.import_votes(path)
    assert audit.import_votes(path, id_field="picture").added == 1


def test_boxes_and_radio_buttons_are_columns_of_true_and_false(tmp_path, audit):
    path = tmp_path / "batch.csv"
    path.write_text(
        "WorkerId,Input.id,Answer.verdict.given,Answer.verdict.both\n"
        "A1,pic 0,true,false\nA2,pic 0,false,true\nA3,pic 0,true,true\nA4,pic 0,false,false\n"
    )
    added = audit.import_votes(path)
    assert [vote.answer for vote in audit.votes()] == ["given", "both"]
    two, none = added.refused
    assert "line 4: There are 2 answers, 'given' and 'both'; one was expected" in two
    assert "line 5: The answer is missing" in none


def test_the_api_names_an_example_by_what_the_requester_noted(tmp_path, audit):
    answer = (
        "<QuestionFormAnswers><Answer><QuestionIdentifier>verdict</QuestionIdentifier>"
        "<SelectionIdentifier>both</SelectionIdentifier></Answer></QuestionFormAnswers>"
    )
    one = {"AssignmentId": "1", "WorkerId": "A1", "HITId": "H", "Answer": answer}
    page = {
        "Assignments": [one | {"SubmitTime": 1_605_028_872.0}, one | {"WorkerId": None}],
        "HITs": [{"HITId": "H", "RequesterAnnotation": "pic 0"}],
    }
    path = tmp_path / "page.json"
    path.write_text(json.dumps(page, indent=2))
    added = audit.import_votes(path)
    (vote,) = audit.votes()
    assert (vote.id, vote.answer, vote.time) == ("pic 0", "both", "2020-11-10T17:21:12+00:00")
    assert "page.json, line 1, assignment 2: The reviewer's name is missing" in added.refused[0]


def test_xml_of_answers_without_their_worker_is_told(tmp_path, audit):
    path = tmp_path / "answer.xml"
    path.write_text("<QuestionFormAnswers/>")
    with pytest.raises(FileError, match="holds no Assignment, so it does not say who answered"):
        audit.import_votes(path)


BOMB = "<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
ATTACKS = {
    "a bomb": f"<!DOCTYPE x [{BOMB}]><x>&i;</x>",
    "a file of ours": "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><x>&e;</x>",
    "a request": "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'><x/>",
    "a parameter": "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]><x/>",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_xml_that_declares_anything_is_refused_and_the_rest_goes_in(tmp_path, audit, attack):
    with pytest.raises(VoteError, match="It is refused unread"):
        answers_of_xml(attack)
    path = tmp_path / "old.xml"
    path.write_text(attack)
    with pytest.raises(VoteError, match=r"old\.xml declares a document type or entities"):
        audit.import_votes(path)
    good = answers_xml(id="pic 0", verdict="given")
    lines = [
        {"AssignmentId": "1", "WorkerId": f"A{at}", "Answer": text}
        for at, text in enumerate((attack, good))
    ]
    path = tmp_path / "all.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    added = audit.import_votes(path)
    assert added.added == 1
    assert added.refused[0].startswith("all.jsonl, line 1: The answer declares a document type")


def answers_xml(**fields):
    inner = "".join(
        f"<Answer><QuestionIdentifier>{name}</QuestionIdentifier><FreeText>{value}</FreeText>"
        "</Answer>"
        for name, value in fields.items()
    )
    return f"<QuestionFormAnswers>{inner}</QuestionFormAnswers>"


@given(text=st.text() | st.text("<>&;/!? ax", max_size=30))
def test_no_answer_of_a_stranger_is_more_than_a_refusal(text):
    for reader in (answers_of_xml, answers_of_blob):
        try:
            assert isinstance(reader(text), dict)
        except VoteError as error:
            assert str(error)  # noqa: PT017 (what is raised is the law here)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "The taskAnswers are no JSON"),
        ("[3]", "a list with an object was expected"),
        ("[" * 100_000, "The taskAnswers are no JSON"),
    ],
)
def test_a_broken_crowd_form_is_told(tmp_path, audit, text, why):
    path = results(
        tmp_path / "batch.csv",
        ("A1", "pic 0", text),
        ("A2", "pic 0", '[{"verdict": {"given": true, "both": false}}]'),
        answer="Answer.taskAnswers",
    )
    added = audit.import_votes(path)
    assert added.added == 1
    assert "line 2" in added.refused[0]
    assert why in added.refused[0]


@given(
    time=st.datetimes(),
    zone=st.sampled_from([("PST", "-08:00"), ("PDT", "-07:00"), ("UTC", "+00:00")]),
)
def test_times_of_the_website_are_read(time, zone):
    time = time.replace(microsecond=0)
    months = ("Jan Feb Mar", "Apr May Jun", "Jul Aug Sep", "Oct Nov Dec")
    month = " ".join(months)[4 * time.month - 4 :][:3]
    written = f"Mon {month} {time:%d %H:%M:%S} {zone[0]} {time.year:04}"
    assert as_iso(written) == f"{time.isoformat()}{zone[1]}"


@pytest.mark.parametrize(
    "time", ["", None, "noon", "Tue Feb 31 09:21:12 PST 2020", 1e300, float("nan")]
)
def test_a_time_that_is_none_is_left_out(time):
    assert as_iso(time) is None
