"""Decisions of a maintainer that stand beside the votes, and hold whatever these are."""

import json
import threading

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import candidates, cast, planned_audit
from errata import load_release
from errata.audit import Audit
from errata.core.consensus import VERDICTS
from errata.errors import InputError, NameUnknownError, VoteError
from errata.results import AnyVerdicts
from label_sets import sounds, tick


@pytest.fixture
def audit(tmp_path, address):
    """Return an audit whose first three examples have all their votes."""
    audit = planned_audit(tmp_path / "pets.audit", database=address)
    for example, answers in zip(candidates(audit), ("ggssb", "ggggg", "ggssn"), strict=False):
        cast(audit, example, answers)
    return audit


@pytest.mark.parametrize("answer", ["given", "suggested", "both", "neither"])
def test_what_is_decided_is_the_verdict_at_every_threshold_until_it_is_taken_back(audit, answer):
    example, other, *_ = candidates(audit)
    votes, before = audit.votes(), audit.verdicts().to_dict()
    audit.adjudicate(example, answer, reason="the tail is a fox's", by="Max")
    verdict = dict(zip(("given", "suggested", "both", "neither"), VERDICTS, strict=False))[answer]
    for threshold in (None, 1, 3, 5):
        found = audit.verdicts(threshold=threshold)
        place = found.examples.tolist().index(example)
        assert found.names[place] == verdict
        assert found.adjudicated.tolist() == [one == example for one in found.examples.tolist()]
        assert "A maintainer decided 1 of the verdicts." in found.notices
        row = found.rows()[place]
        assert (row["verdict"], row["adjudicated"]) == (verdict, True)
        assert found.columns == tuple(row)
    assert audit.votes() == votes
    assert example not in [one.example for one in audit.unsettled()]
    story = audit.why(example)
    assert story.verdict == verdict
    assert "by Max" in repr(story)
    assert "the tail is a fox's" in repr(story)
    assert f"{verdict}, by a maintainer" in repr(story)
    json.dumps(story.to_dict())
    assert audit.undo_adjudication(example, by="Mia", reason="a second look")
    assert not audit.undo_adjudication(example, by="Mia")
    assert audit.verdicts().to_dict() == before
    assert "taken back, by Mia" in repr(audit.why(example))
    assert [one["answer"] for one in audit.adjudications(example)] == [answer, None]
    assert audit.adjudications(other) == ()
    assert [one.verb for one in audit.events()[:2]] == ["undo_adjudication", "adjudicate"]


def test_what_is_decided_is_the_verdict_of_models_of_the_crowd_too(audit):
    example, *_ = candidates(audit)
    audit.adjudicate(example, "neither", reason="seen", by="Max")
    for consensus in ("one_coin", "dawid_skene", "crowdlab"):
        found = audit.verdicts(consensus=consensus)
        place = found.examples.tolist().index(example)
        assert found.names[place] == "neither"
        assert found.adjudicated.tolist().count(True) == 1
        row = found.rows()[place]
        assert row["adjudicated"] is True
        assert row["p_given"] == pytest.approx(found.model.posterior[place, 0])
        assert found.columns == tuple(row)


def test_a_release_tells_which_labels_a_maintainer_decided(audit, tmp_path):
    example, *_ = candidates(audit)
    audit.release(tmp_path / "before")
    audit.adjudicate(example, "suggested", reason="seen", by="Max")
    release = audit.release(tmp_path / "after")
    changes = pq.read_table(tmp_path / "after" / "changes.parquet").to_pylist()
    assert {row["index"] for row in changes if row["adjudicated"]} == {example}
    suggested = audit.task_for("x", example).suggested
    assert load_release(tmp_path / "after").labels[example] == suggested
    assert "A maintainer decided 1 of the verdicts." in release.notices
    readme = (tmp_path / "after" / "README.md").read_text()
    assert "what the reviewers found, or a maintainer decided" in readme
    assert "Max" not in readme
    assert not any(
        pq.read_table(tmp_path / "before" / "changes.parquet")["adjudicated"].to_pylist()
    )


def test_what_cannot_be_decided_is_told(audit):
    example, *rest = candidates(audit)
    words = {"reason": "r", "by": "Max"}
    with pytest.raises(VoteError, match="still needs 5 or more votes"):
        audit.adjudicate(rest[-1], "given", **words)
    with pytest.raises(VoteError, match="in no plan"):
        audit.adjudicate(59, "given", **words)
    with pytest.raises(NameUnknownError, match="There is no answer 'other'"):
        audit.adjudicate(example, "other", **words)
    with pytest.raises(InputError, match="reason is missing"):
        audit.adjudicate(example, "given", reason="  ", by="Max")
    with pytest.raises(InputError, match="1,001 characters"):
        audit.adjudicate(example, "given", reason="x" * 1001, by="Max")
    for unseen in ("a\0b", "\u202eabc", "\ud800"):
        with pytest.raises(InputError, match="characters that cannot be shown"):
            audit.adjudicate(example, "given", reason=unseen, by="Max")
    with pytest.raises(VoteError, match="comes a list of labels"):
        audit.adjudicate(example, "given", labels=[0], **words)
    assert audit.adjudications(example) == ()


def test_what_is_decided_stands_when_votes_are_taken_back_and_nobody_is_asked_any_more(
    tmp_path, address
):
    audit = planned_audit(tmp_path / "a.audit", votes=1, threshold=1, database=address)
    example = candidates(audit)[0]
    cast(audit, example, "o")
    audit.adjudicate(example, "both", reason="seen", by="Max")
    audit.undo("r0")
    assert audit.verdicts().names == ("multi_label",)
    assert audit.votes_needed(example) == 0
    assert audit.task("ann").example != example
    audit.add_votes([{"index": candidates(audit)[1], "reviewer": "x", "answer": "given"}])
    assert audit.votes_needed(example) == 0, "nor once all are looked at again"
    audit.adjudicate(example, "given", reason="a second look", by="Mia")
    assert audit.verdicts().names[0] == "non_error"
    audit.undo_adjudication(example, by="Mia")
    assert audit.votes_needed(example) == 1
    assert audit.task("bob").example == example


def test_who_has_not_seen_the_newest_decision_changes_nothing(audit):
    example = candidates(audit)[0]
    audit.adjudicate(example, "both", reason="r", by="Mia", after=0)
    with pytest.raises(VoteError, match="Mia has decided this meanwhile: both"):
        audit.adjudicate(example, "given", reason="r", by="Max", after=0)
    with pytest.raises(VoteError, match="Mia has decided this meanwhile"):
        audit.undo_adjudication(example, by="Max", after=0)
    (seen,) = audit.adjudications(example)
    audit.undo_adjudication(example, by="Max", after=seen["number"])
    with pytest.raises(VoteError, match="Max has decided this meanwhile: taken back"):
        audit.adjudicate(example, "given", reason="r", by="Mia", after=seen["number"])
    assert [one["answer"] for one in audit.adjudications(example)] == ["both", None]


def test_of_many_who_decide_at_once_one_does(audit):
    example, refused = candidates(audit)[0], []
    start = threading.Barrier(8)

    def decide(name):
        start.wait(30)
        try:
            audit.adjudicate(example, "both", reason="r", by=name, after=0)
        except VoteError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=decide, args=(f"M{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (only,) = audit.adjudications(example)
    assert len(refused) == 7
    assert all(f"{only['maintainer']} has decided" in one for one in refused)


def test_ballots_are_the_votes_that_count_by_pseudonym(audit):
    example, *_ = candidates(audit)
    audit.undo("r0")  # of another example
    ballots = audit.ballots(example)
    assert [one["answer"] for one in ballots] == ["given"] * 2 + ["suggested"] * 2 + ["both"]
    names = {one["reviewer"] for one in ballots}
    exported = {row["reviewer"] for row in audit.vote_rows()}
    assert len(names) == 5
    assert names <= exported


@pytest.mark.parametrize("answer", ["both", "suggested"])
def test_the_card_of_a_release_says_which_changes_the_votes_did_not_decide(audit, tmp_path, answer):
    example = candidates(audit)[0]
    audit.release(tmp_path / "before")
    audit.adjudicate(example, answer, reason="seen", by="Max")
    audit.release(tmp_path / "after")
    before, after = ((tmp_path / each / "README.md").read_text() for each in ("before", "after"))
    assert "| what the reviewers found |" in before
    assert "maintainer" not in before
    assert "| what the reviewers found, or a maintainer decided |" in after
    assert "| `verdict` | what the reviewers found, or a maintainer decided;" in after
    row = f"| {audit.ids[example]} | "
    changed = [line for line in after.splitlines() if line.startswith(row)]
    assert len(changed) == (answer == "suggested")
    for line in changed:
        assert line.endswith("| 2 of 5; decided by a maintainer |")


def test_rows_are_named_once_however_many_there_are(audit, monkeypatch):
    looked, columns = [], AnyVerdicts.columns.fget
    looking = property(lambda self: looked.append(1) or columns(self))
    monkeypatch.setattr(AnyVerdicts, "columns", looking)
    audit.adjudicate(candidates(audit)[0], "both", reason="seen", by="Max")
    assert [row["adjudicated"] for row in audit.verdicts().rows()] == [True, False, False]
    assert len(looked) == 1


any_label = st.one_of(
    *(st.integers(-2, 6), st.booleans(), st.floats(), st.text(max_size=2), st.none()),
    st.integers(0, 4).map(np.int64),
)


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    audit = sounds(tmp_path_factory.mktemp("sounds") / "a", votes=1, threshold=1)
    tick(audit, candidates(audit)[0], "d")
    return audit


@given(labels=st.lists(any_label, max_size=3))
def test_no_decision_that_is_taken_makes_verdicts_fail(answered, labels):
    example = candidates(answered)[0]
    fine = [type(one) in (int, np.int64) and 0 <= one < 5 for one in labels]
    if all(fine):
        answered.adjudicate(example, "labels", labels=labels, reason="r", by="Max")
        (agreed,) = answered.verdicts().agreed
        assert np.flatnonzero(agreed).tolist() == sorted(set(map(int, labels)))
    else:
        with pytest.raises(VoteError, match="class"):
            answered.adjudicate(example, "labels", labels=labels, reason="r", by="Max")
        answered.verdicts()


def test_a_set_of_labels_is_decided_as_a_set(tmp_path, address):
    audit = sounds(tmp_path / "sounds.audit", database=address)
    examples = candidates(audit)
    example = examples[0]
    shown = audit.task_for("r0", example).labels
    wanted = audit.votes_needed(example)
    for number in range(wanted):
        order = audit.task_for(f"r{number}", example).labels
        audit.vote_labels(f"r{number}", example, [shown[number % len(shown)]], shown=order, key="1")
    given_set = np.flatnonzero(audit.labels[example]).tolist()
    other = [label for label in range(len(audit.classes)) if label not in given_set][:1]
    for labels, verdict in ((given_set, "non_error"), ([], "neither"), (other, "correctable")):
        audit.adjudicate(example, "labels", labels=labels, reason="heard", by="Max")
        found = audit.verdicts()
        place = found.examples.tolist().index(example)
        assert found.names[place] == verdict
        assert np.flatnonzero(found.agreed[place]).tolist() == labels
        assert audit.unsettled() == ()
    with pytest.raises(VoteError, match="There is no class 99"):
        audit.adjudicate(example, "labels", labels=[99], reason="r", by="Max")
    json.dumps(audit.why(example).to_dict())
    assert isinstance(Audit.open(audit.path).release(tmp_path / "out").version, str)
    assert all(one.counts.votes for one in audit.standings())
