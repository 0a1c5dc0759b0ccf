"""How good reviewers are and how far they agree, from votes whose story is known."""

import numpy as np
import pytest

import label_sets
from audits import planned_audit, small_audit
from errata.core.consensus import VOTED
from errata.errors import AuditError, InputError
from errata.exchange.pseudonyms import pseudonym
from errata.reliability import krippendorff_alpha
from errata.store import records

RIGHT = {"ann": 8, "bob": 8, "cid": 7, "dan": 2}
"""Of the eight candidates, whose labels are all wrong, so many are seen to be by each."""


def answered(tmp_path, **options):
    audit = planned_audit(tmp_path / "audit", **options)
    asked = [question.example for question in audit.questions()]
    votes = [
        {
            "index": example,
            "reviewer": name,
            "answer": "suggested" if place < right else "given",
            "first": "given" if place % 2 else "suggested",
            "time": f"2026-11-26T10:{place * 2 + (place > 3) * 20:02}:00",
        }
        for name, right in RIGHT.items()
        for place, example in enumerate(asked)
    ]
    audit.add_votes(votes)
    return audit


@pytest.fixture
def audit(tmp_path):
    return answered(tmp_path)


def test_reviewers_are_told_with_what_their_votes_say(audit):
    found = {one.name: one for one in audit.reviewers()}
    assert {name: one.votes for name, one in found.items()} == dict.fromkeys(RIGHT, 8)
    assert [one.name for one in audit.reviewers()] == sorted(RIGHT)  # of equal counts by name
    ann, dan = found["ann"], found["dan"]
    others = [(place < 8, place < 7, place < 2) for place in range(8)]
    assert ann.agreement == pytest.approx(np.mean(others))
    assert dan.given_rate == 6 / 8
    assert ann.accuracy > 0.8 > dan.accuracy
    for one in found.values():
        assert 0 <= one.accuracy_low < one.accuracy < one.accuracy_high <= 1
    assert (ann.first_share, ann.first_of) == (0.5, 8)
    assert ann.seconds == 120  # the break of 22 minutes is none
    assert found["ann"].kind == "imported"


def test_a_wider_interval_is_surer(audit):
    narrow, wide = (next(iter(audit.reviewers(confidence=c))) for c in (0.5, 0.99))
    assert wide.accuracy_low < narrow.accuracy_low < narrow.accuracy_high < wide.accuracy_high


def test_the_table_has_a_line_for_each_reviewer_and_says_which_votes_were_imported(audit):
    head, *lines, notice = str(audit.reviewers()).splitlines()
    assert head.split()[:3] == ["reviewer", "votes", "agrees"]
    assert [line.split()[0] for line in lines] == sorted(RIGHT)
    assert notice == "32 of 32 votes were imported."


def test_pseudonyms_are_those_of_exported_votes(audit, tmp_path):
    found = [(-one.votes, one.name) for one in audit.reviewers(names=False)]
    assert found == sorted(found)
    names = {name for _, name in found}
    assert names == {row["reviewer"] for row in audit.vote_rows()}
    secret = (audit.path / "pseudonyms.key").read_text()
    assert names == {pseudonym(name, secret) for name in RIGHT}


def test_a_vote_that_was_taken_back_counts_for_nobody(tmp_path):
    audit = planned_audit(tmp_path / "a")
    task = audit.task("eve")
    audit.vote("eve", task.example, "given", first=task.first, key="1")
    assert [one.votes for one in audit.reviewers()] == [1]
    audit.undo("eve")
    assert len(audit.reviewers()) == 0
    assert str(audit.reviewers()) == "No reviewer holds a vote."


def test_what_is_not_known_is_none(tmp_path):
    audit = planned_audit(tmp_path / "a")
    audit.add_votes([{"index": audit.questions()[0].example, "reviewer": "x", "answer": "both"}])
    (one,) = audit.reviewers()
    assert (one.agreement, one.first_share, one.seconds) == (None, None, None)
    assert one.accuracy is not None  # that of the prior, nearly


def test_agreement_is_alpha_of_the_votes(audit):
    asked = [question.example for question in audit.questions()]
    table = np.zeros((8, len(VOTED)), int)
    for vote in audit.votes():
        table[asked.index(vote.example), VOTED.index(vote.answer)] += 1
    assert audit.agreement() == krippendorff_alpha(table)


def test_agreement_is_measured_where_all_votes_are_asked_for(tmp_path):
    audit = answered(tmp_path, stopping="exact", full_share=0.5)
    with audit._db.read() as db:
        full = [row["example"] for row in records.planned(db) if row["full"]]
    assert 0 < len(full) < 8
    assert audit.agreement().items == len(full)
    none = answered(tmp_path / "none", stopping="exact", full_share=0)
    assert none.agreement().items == 0
    assert np.isnan(none.agreement().value)


def test_before_a_plan_there_is_nobody_to_judge(tmp_path):
    audit = small_audit(tmp_path / "a")
    with pytest.raises(AuditError, match="Run `find`, then `plan`"):
        audit.reviewers()
    with pytest.raises(AuditError, match="Run `find`, then `plan`"):
        audit.agreement()


def test_a_confidence_out_of_range_is_refused(audit):
    with pytest.raises(InputError, match="confidence is 2"):
        audit.reviewers(confidence=2)


def test_reviewers_of_sets_of_labels_agree_if_they_name_the_same(tmp_path):
    audit = label_sets.sounds(tmp_path / "a")
    asked = [question.example for question in audit.questions()][:2]
    said = {"ann": [["0"], ["1"]], "bob": [["0"], ["1"]], "cid": [["0"], ["0", "1"]]}
    names = audit.classes
    audit.add_votes(
        [
            {"index": example, "reviewer": name, "labels": [names[int(one)] for one in labels]}
            for name, sets in said.items()
            for example, labels in zip(asked, sets, strict=True)
        ]
    )
    found = {one.name: one for one in audit.reviewers()}
    assert found["ann"].agreement == 3 / 4
    assert found["cid"].agreement == 2 / 4
    assert found["ann"].accuracy is None
    # of the first all three name the same set, of the second two of them
    table = np.array([[3, 0, 0], [0, 2, 1]])
    assert audit.agreement().value == krippendorff_alpha(table).value


def test_reviewers_of_sets_who_cannot_tell_agree_with_those_who_cannot_either(tmp_path):
    audit = label_sets.sounds(tmp_path / "a")
    one, two, *_ = [question.example for question in audit.questions()]
    label_sets.tick(audit, one, "?", "?", "")
    label_sets.tick(audit, two, "?", "d", "d")
    found = {one.name: one for one in audit.reviewers()}
    assert found["reviewer 0"].agreement == 1 / 4
    assert found["reviewer 1"].agreement == 2 / 4
    table = np.array([[2, 1, 0], [1, 0, 2]])  # cannot tell, no label, dog
    assert audit.agreement().value == krippendorff_alpha(table).value
    audit.add_votes([{"index": two, "reviewer": "ann", **label_sets.CANNOT}], kind="person")
    counts = audit.counts()["ann"]
    assert (counts.votes, counts.given_rate.of) == (1, 0), "no label was given, or left"
