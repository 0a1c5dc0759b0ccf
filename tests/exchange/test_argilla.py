"""Argilla: which of its responses are votes."""

import json

import pytest

from audits import planned_audit
from errata import VoteError


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "audit", votes=2, threshold=2)


def export(path, *records):
    path.write_text(json.dumps(list(records)))
    return path


def flat(row, *responses, question="verdict"):
    values, users, status = zip(*responses, strict=True)
    name = f"{question}.responses"
    return {"index": row, name: values, f"{name}.users": users, f"{name}.status": status}


def told(audit):
    return [(vote.id, vote.reviewer.split()[-1], vote.answer) for vote in audit.votes()]


def test_only_what_was_submitted_counts_and_no_more_than_was_wanted(tmp_path, audit):
    path = export(
        tmp_path / "x.json",
        flat(
            0,
            ("both", "u1", "draft"),
            ("given", "u2", "submitted"),
            ("?", "u3", "submitted"),
            ("both", "u4", "discarded"),
            ("neither", "u5", "submitted"),
            ("both", "u6", "submitted"),
        ),
    )
    added = audit.import_votes(path)
    assert told(audit) == [("0", "u2", "given"), ("0", "u5", "neither")]
    assert added.left_out == (
        "2 responses: a draft or discarded, not submitted.",
        "1 answer: later than as many as are wanted.",
    )
    assert "x.json, record 1: There is no answer '?'" in added.refused[0]
    more = audit.import_votes(path, most=3)
    assert (more.added, more.already_there, more.left_out[1:]) == (1, 2, ())


def test_the_earliest_are_told_by_their_times_where_these_are_known(tmp_path, audit):
    def response(user, hour, status="submitted"):
        return {
            "values": {"verdict": {"value": "both"}},
            "status": status,
            "user_id": user,
            "inserted_at": f"2026-01-01T{hour:02}:00:00",
        }

    responses = [
        response("u1", 9),
        response("u2", 7),
        response("u3", 8),
        response("u4", 1, "draft"),
    ]
    record = {"id": "a-server-id", "metadata": {"index": 0}, "responses": responses}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"items": [record], "total": 1}, indent=1))
    audit.import_votes(path)
    assert {(vote.reviewer.split()[-1], vote.time[11:13]) for vote in audit.votes()} == {
        ("u2", "07"),
        ("u3", "08"),
    }


@pytest.mark.parametrize(
    "record",
    [
        {"id": "0", "responses": {"verdict": [{"value": "given", "user_id": "u1"}]}},
        {"index": 0, "verdict.responses": ["given"], "verdict.responses.users": ["u1"]},
        flat(0, ("given", "u1", None)),
    ],
)
def test_responses_that_may_be_drafts_are_refused_with_how_to_export(tmp_path, audit, record):
    path = export(tmp_path / "x.json", record)
    with pytest.raises(VoteError, match=r"record 1: .*to_list\(flatten=True\)"):
        audit.import_votes(path)
    assert audit.votes() == []


def test_which_question_is_meant_is_told_or_said(tmp_path, audit):
    record = flat(0, ("given", "u1", "submitted"), question="q1")
    record |= flat(0, ("both", "u1", "submitted"), question="q2")
    path = export(tmp_path / "x.json", record, {"index": 1, "q1.responses": None})
    with pytest.raises(VoteError, match="There are the questions q1, q2. Say which"):
        audit.import_votes(path)
    audit.import_votes(path, answer_field="q2")
    assert told(audit) == [("0", "u1", "both")]
