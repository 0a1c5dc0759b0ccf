"""Numbers for the maintainer against plain counts, and decisions that stand beside the votes."""

import json
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import CLASSES, candidates, cast, planned_audit
from errata.audit import Audit
from errata.core.consensus import VERDICTS, VOTED
from errata.errors import InputError, NameUnknownError, VoteError
from errata.overseeing import expected_votes
from errata.store.counting import Alike
from label_sets import sounds


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "pets.audit", stopping="exact", full_share=0.5)


# ---------------------------------------------------------------- how it goes


def test_the_campaign_counts_what_there_is(audit):
    examples = candidates(audit)
    before = audit.campaign()
    assert (before.candidates, before.closed, before.votes) == (8, 0, 0)
    assert before.at_least == sum(audit.votes_needed(example) for example in examples)
    assert before.expected == before.at_most == 8 * 5
    assert (before.per_hour, before.hours) == (0.0, None)
    cast(audit, examples[0], "ggg")
    cast(audit, examples[1], "gs")
    after = audit.campaign()
    assert after.votes == len(audit.votes()) == 5
    assert after.at_least == sum(audit.votes_needed(example) for example in examples)
    assert after.at_least <= after.expected <= after.at_most
    assert after.per_hour > 0
    assert after.hours == pytest.approx(after.expected / after.per_hour)
    assert after.to_dict()["votes"] == 5


def test_the_pace_is_that_of_the_last_ten_minutes(audit):
    cast(audit, candidates(audit)[0], "gg")
    now = audit._now()
    audit._now = lambda: now + 300
    assert audit.campaign().per_hour == pytest.approx(2 * 12, rel=0.05)
    audit._now = lambda: now + 700
    assert audit.campaign().per_hour == 0.0


def alikes():
    def one(threshold, full, votes, needs, examples):
        needs = min(needs, 5 - votes)
        return Alike(5, threshold, "exact", full, votes, needs, examples)

    numbers = (st.integers(2, 3), st.booleans(), st.integers(0, 5), st.integers(0, 3))
    return st.lists(st.builds(one, *numbers, st.integers(1, 4)), max_size=8)


@given(alikes())
def test_what_is_expected_is_the_mean_of_closed_examples_that_could_be_like_it(stands):
    total = 0.0
    for one in stands:
        most = one.needs if one.full else 5 - one.votes
        for _ in range(one.examples if one.needs else 0):
            like = [
                each.votes
                for each in stands
                for _ in range(each.examples)
                if each.needs == 0
                and (each.threshold, each.full) == (one.threshold, one.full)
                and each.votes >= one.votes + one.needs
            ]
            total += min(sum(like) / len(like) - one.votes, most) if like else most
    assert expected_votes(stands) == pytest.approx(total)


def test_mixes_are_the_verdicts_at_each_threshold_above_half(audit):
    examples = candidates(audit)
    for example, answers in zip(examples, ("ggggg", "ssssg", "gsbno", "bbb", "nn"), strict=False):
        cast(audit, example, answers)
    assert audit.thresholds() == (3, 4, 5)
    for mix in map(audit.mix, audit.thresholds()):
        verdicts = audit.verdicts(threshold=mix.threshold)
        assert mix.verdicts == Counter(name for name in verdicts.names if name != "open") | {
            name: 0 for name in VERDICTS if name not in verdicts.names
        }
        assert mix.undetermined == verdicts.names.count("open")
        assert sum(mix.verdicts.values()) + mix.undetermined + mix.no_vote == 8


def test_unsettled_are_those_with_all_votes_and_no_verdict_or_two_who_cannot_tell(tmp_path):
    audit = planned_audit(tmp_path / "a.audit")
    examples = candidates(audit)
    sent = ("ggggg", "ggssb", "gggoo", "gsb", "ssooo", "ggso")
    for example, answers in zip(examples, sent, strict=False):
        cast(audit, example, answers)
    found = {examples.index(one.example): one for one in audit.unsettled()}
    assert set(found) == {1, 2, 4}
    assert found[1].why == "no answer has the votes"
    assert found[2].why == "2 cannot tell"
    assert found[4].why == "no answer has the votes; 3 cannot tell"
    assert found[1].votes == "given 2, suggested 2, both 1"
    assert {found[1].given, found[1].suggested} < set(CLASSES)


def test_reviewers_are_counted_as_their_votes_say(audit):
    rng, examples = np.random.default_rng(0), candidates(audit)
    sides = ("given", "suggested")
    for name in ("ann", "bob"):
        for example in examples[:6]:
            answer, first = VOTED[rng.integers(4)], sides[rng.integers(2)]
            audit.vote(name, example, answer, first=first, key=str(example))
    audit.undo("bob")
    audit.invite("cid")
    audit.pause("bob")
    audit.release_leases()
    held = audit.task("ann")
    audit.add_votes([{"id": "0", "reviewer": "elsewhere", "answer": "both"}])
    votes = audit.votes()
    found = {one.name: one for one in audit.standings()}
    assert list(found) == ["ann", "bob", "cid"]
    for name, one in found.items():
        own = [vote for vote in votes if vote.reviewer == name]
        chosen = [vote for vote in own if vote.answer in sides]
        assert one.votes == one.given_rate.of == len(own)
        assert one.given_rate.hits == sum(vote.answer == "given" for vote in own)
        assert one.first_panel.of == len(chosen)
        assert one.first_panel.hits == sum(vote.answer == vote.first for vote in chosen)
        assert (one.seconds is None) is (not own)
    assert found["ann"].holds == held.id
    assert [one.paused for one in found.values()] == [False, True, False]
    assert [one.invited for one in found.values()] == [False, False, True]
    assert found["cid"].first_panel.share is None


def test_seconds_are_between_answers_and_breaks_are_none(audit, monkeypatch):
    clock = iter([0, 10, 16, 900, 930])
    monkeypatch.setattr(
        "errata.store.records.now",
        lambda: datetime.fromtimestamp(next(clock), UTC).isoformat(timespec="milliseconds"),
    )
    for example in candidates(audit)[:5]:
        audit.vote("ann", example, "given", first="given", key=str(example))
    (ann,) = audit.standings()
    assert ann.seconds == 10  # of 10, 6 and 30


def test_the_diary_is_read_page_by_page_newest_first(audit):
    for _ in range(7):
        audit.pause()
        audit.resume()
    pages, before = [], None
    while page := audit.events(before=before, limit=4):
        pages.append(page)
        before = page[-1].number
    lines = [line for page in pages for line in page]
    assert [line.number for line in lines] == sorted((one.number for one in lines), reverse=True)
    assert [line.verb for line in lines][-3:] == ["plan", "find", "create"]
    assert len(lines) == 14 + 3


# ---------------------------------------------------------------- decisions


def decided(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit")
    examples = candidates(audit)
    for example, answers in zip(examples, ("ggssb", "ggggg", "ggssn"), strict=False):
        cast(audit, example, answers)
    return audit, examples


@pytest.mark.parametrize("answer", ["given", "suggested", "both", "neither"])
def test_what_is_decided_is_the_verdict_at_every_threshold_until_it_is_taken_back(tmp_path, answer):
    audit, (example, other, *_) = decided(tmp_path)
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


def test_what_is_decided_is_the_verdict_of_models_of_the_crowd_too(tmp_path):
    audit, (example, *_) = decided(tmp_path)
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


def test_a_release_tells_which_labels_a_maintainer_decided(tmp_path):
    audit, (example, *_) = decided(tmp_path)
    audit.release(tmp_path / "before")
    audit.adjudicate(example, "suggested", reason="seen", by="Max")
    release = audit.release(tmp_path / "after")
    table = pq.read_table(tmp_path / "after" / "corrected.parquet")
    assert np.flatnonzero(table["adjudicated"]).tolist() == [example]
    suggested = audit.task_for("x", example).suggested
    assert table["corrected"][example].as_py() == suggested
    assert "A maintainer decided 1 of the verdicts." in release.notices
    readme = (tmp_path / "after" / "README.md").read_text()
    assert "| `adjudicated` | a maintainer" in readme
    assert "Max" not in readme
    assert (
        "adjudicated" not in pq.read_table(tmp_path / "before" / "corrected.parquet").column_names
    )


def test_what_cannot_be_decided_is_told(tmp_path):
    audit, (example, *rest) = decided(tmp_path)
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
    with pytest.raises(VoteError, match="comes a list of labels"):
        audit.adjudicate(example, "given", labels=[0], **words)
    assert audit.adjudications(example) == ()


def test_what_is_decided_stands_when_votes_are_taken_back(tmp_path):
    audit = planned_audit(tmp_path / "a.audit", votes=1, threshold=1)
    example = candidates(audit)[0]
    cast(audit, example, "o")
    audit.adjudicate(example, "both", reason="seen", by="Max")
    audit.undo("r0")
    assert audit.verdicts().names == ("multi_label",)


def test_ballots_are_the_votes_that_count_by_pseudonym(tmp_path):
    audit, (example, *_) = decided(tmp_path)
    audit.undo("r0")  # of another example
    ballots = audit.ballots(example)
    assert [one["answer"] for one in ballots] == ["given"] * 2 + ["suggested"] * 2 + ["both"]
    names = {one["reviewer"] for one in ballots}
    exported = {row["reviewer"] for row in audit.vote_rows(pseudonyms=True)}
    assert len(names) == 5
    assert names <= exported


def test_a_set_of_labels_is_decided_as_a_set(tmp_path):
    audit = sounds(tmp_path / "sounds.audit")
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
    assert all(one.votes for one in audit.standings())
