"""Numbers for the maintainer against plain counts."""

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import CLASSES, candidates, cast, planned_audit, small_audit
from errata.core.consensus import VERDICTS, VOTED
from errata.errors import AuditError
from errata.overseeing import expected_votes
from errata.store import counting
from errata.store.counting import Alike
from label_sets import sounds, tick


@pytest.fixture
def audit(tmp_path, address):
    return planned_audit(
        tmp_path / "pets.audit", stopping="exact", full_share=0.5, database=address
    )


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
    outlook = audit.outlook()
    assert outlook.unsettled == audit.unsettled()
    assert outlook.notices == audit.notices
    assert [mix.threshold for mix in outlook.mixes] == [3, 4, 5]
    for mix in outlook.mixes:
        verdicts = audit.verdicts(threshold=mix.threshold)
        assert mix.verdicts == Counter(name for name in verdicts.names if name != "open") | {
            name: 0 for name in VERDICTS if name not in verdicts.names
        }
        assert mix.open == verdicts.names.count("open")
        assert sum(mix.verdicts.values()) + mix.open + mix.no_vote == 8


def test_thresholds_reach_down_to_those_of_the_plans(tmp_path, address):
    audit = small_audit(tmp_path / "a.audit", database=address)
    for refused in (audit.thresholds, audit.planned_threshold, audit.outlook, audit.unsettled):
        with pytest.raises(AuditError, match="`find`, then `plan`"):
            refused()
    audit.find()
    audit.plan(votes=5, threshold=4, budget=3)
    assert (audit.thresholds(), audit.planned_threshold()) == ((3, 4, 5), 4)
    audit.plan(votes=3, threshold=1)
    assert (audit.thresholds(), audit.planned_threshold()) == ((1, 2, 3, 4, 5), 1)
    assert len(audit.outlook().mixes) == 5


def test_unsettled_are_those_with_all_votes_and_no_verdict_or_two_who_cannot_tell(
    tmp_path, address
):
    audit = planned_audit(tmp_path / "a.audit", database=address)
    examples = candidates(audit)
    sent = ("ggggg", "ggssb", "gggoo", "gsb", "ssooo", "ggso", "gsbn")
    for example, answers in zip(examples, sent, strict=False):
        cast(audit, example, answers)
    found = {examples.index(one.example): one for one in audit.unsettled()}
    assert set(found) == {1, 2, 4}
    assert found[1].why == "no answer has the votes"
    assert found[2].why == "2 cannot tell"
    assert found[4].why == "no answer has the votes; 3 cannot tell"
    assert found[1].votes == "given 2, suggested 2, both 1"
    assert {found[1].given, found[1].suggested} < set(CLASSES)
    numbers = [one.example for one in audit.unsettled()]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("part", [2, 3, 10_000])
def test_what_is_still_asked_about_is_not_unsettled_however_many_there_are(
    tmp_path, address, monkeypatch, part
):
    monkeypatch.setattr(counting, "_PART", part)
    audit = planned_audit(tmp_path / "a.audit", database=address)
    sent = ("ggssb", "ooo", "ggsso", "ooos", "ggssb")  # what nobody can settle needs votes, too
    for example, answers in zip(candidates(audit), sent, strict=False):
        cast(audit, example, answers)
    open_still = {example for example in candidates(audit) if audit.votes_needed(example)}
    verdicts = {one["id"]: one["verdict"] for one in audit.verdicts().rows()}
    odd = {at for at in candidates(audit) if verdicts.get(audit.ids[at]) == "non_agreement"}
    assert open_still & odd
    assert {one.example for one in audit.unsettled()} == odd - open_still


def test_where_there_are_several_labels_unsettled_are_those_without_an_agreed_one(
    tmp_path, address
):
    audit = sounds(tmp_path / "sounds.audit", database=address)
    one, two, three, *_ = candidates(audit)
    tick(audit, one, "d", "s", "m")
    tick(audit, two, "d", "d", "m")
    tick(audit, three, "", "", "")
    (found,) = audit.unsettled()
    assert (found.example, found.why) == (one, "no label has the votes")
    (at_two, at_three) = audit.outlook().mixes
    assert (at_two.threshold, at_three.threshold) == (2, 3)
    assert at_two.verdicts == audit.verdicts(threshold=2).counts
    assert at_three.verdicts == audit.verdicts(threshold=3).counts


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
        if not own:
            assert one.counts is None
            continue
        assert one.counts.votes == one.counts.given_rate.of == len(own)
        assert one.counts.given_rate.hits == sum(vote.answer == "given" for vote in own)
        assert one.counts.first_panel.of == len(chosen)
        assert one.counts.first_panel.hits == sum(vote.answer == vote.first for vote in chosen)
        assert one.counts.seconds is not None
    assert found["ann"].holds == held.id
    assert [one.paused for one in found.values()] == [False, True, False]
    assert [one.invited for one in found.values()] == [False, False, True]
    assert audit.counts() == {name: found[name].counts for name in ("ann", "bob")}


def test_whose_first_votes_were_imported_is_a_reviewer_once_they_review_here(audit):
    one, two, *_ = candidates(audit)
    rows = [{"index": one, "reviewer": name, "answer": "both"} for name in ("ann", "bob", "cid")]
    audit.add_votes([*rows, {"index": one, "reviewer": "elsewhere", "answer": "given"}])
    audit.add_votes([{"index": one, "reviewer": "robot", "answer": "given"}], kind="simulated")
    assert audit.standings() == ()
    audit.vote("ann", two, "given", first="given", key="1")
    audit.skip("bob", two)
    held = audit.task("cid")
    found = {one.name: one for one in audit.standings()}
    assert list(found) == ["ann", "bob", "cid"]
    assert found["ann"].counts.votes == 2
    assert found["ann"].counts.given_rate.hits == 1
    assert found["cid"].holds == held.id
    audit.pause("ann")
    assert audit.standings()[0].paused


def test_a_panel_is_no_reviewer_and_its_participants_are(audit):
    panel = audit.open_panel("prolific", answers=3)
    audit.open_panel("earlier")
    audit.revoke("earlier")
    names = [audit.enter(panel, each) for each in ("p1", "p2")]
    audit.task(names[0])
    (one,) = audit.standings()
    assert (one.name, one.invited) == (names[0], False)
    (shown,) = audit.panel_standings()
    assert (shown.name, shown.participants, shown.answers) == ("prolific", 2, 3)
    audit.invite("prolific")
    assert [each.name for each in audit.standings() if each.invited] == ["prolific"]


def test_seconds_are_between_answers_and_breaks_are_none(audit, monkeypatch):
    clock = iter([0, 10, 16, 900, 930])
    monkeypatch.setattr(
        "errata.store.records.now",
        lambda: datetime.fromtimestamp(next(clock), UTC).isoformat(timespec="milliseconds"),
    )
    for example in candidates(audit)[:5]:
        audit.vote("ann", example, "given", first="given", key=str(example))
    (ann,) = audit.standings()
    assert ann.counts.seconds == 10  # of 10, 6 and 30
    (known,) = audit.reviewers()
    assert known.seconds == 10


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
