"""One answer of several: what there is to choose from, when asking stops, and what verdicts are."""

import json
import re
from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits import FIVE, choice_audit, planned_audit, small_audit
from errata import load_release
from errata.asking import options_of
from errata.audit import Audit
from errata.choosing import Chosen, as_pairs
from errata.core.consensus import VERDICTS, choice_votes_needed, verdict_codes
from errata.core.ranking import shortlists
from errata.errors import AuditError, InputError, NameUnknownError, VoteError
from errata.exchange.votes import CANNOT_TELL
from errata.rating import unsure_by
from errata.results import ChoiceTask
from errata.store import records

ROW = {"given": 2, "suggested": 0}
ANSWERS = (0, 1, 2, 3, None, "neutral")
"""Four classes, of which 2 is given and 0 suggested; none of these; and no class."""

# ---------------------------------------------------------------- the law


def verdict(votes, threshold):
    """Return the verdict and the corrected class: the rule, in plain words."""
    counts = Counter(votes)
    for answer in (2, 0, 1, 3):
        if counts[answer] >= threshold:
            return ("non_error", None) if answer == 2 else ("correctable", answer)
    return ("neither" if counts[None] >= threshold else "non_agreement", None)


@cache
def outcomes(votes, threshold, left):
    """Return every verdict that up to so many further votes can lead to."""
    found = {verdict(votes, threshold)}
    if left:
        for answer in ANSWERS:
            more = tuple(sorted((*votes, answer), key=str))
            found |= outcomes(more, threshold, left - 1)
    return frozenset(found)


@cache
def needed(votes, threshold, left):
    """Return after how many further votes at least the verdict can be settled."""
    if len(outcomes(votes, threshold, left)) == 1:
        return 0
    each = (tuple(sorted((*votes, answer), key=str)) for answer in ANSWERS)
    return 1 + min(needed(more, threshold, left - 1) for more in each)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(ANSWERS), max_size=6), st.integers(1, 4), st.integers(1, 6))
def test_asking_stops_as_soon_as_no_continuation_can_change_the_verdict(votes, threshold, wanted):
    votes = tuple(sorted(votes, key=str))
    left = max(0, wanted - len(votes))
    chosen = Chosen(ROW, Counter(votes), None)
    against, pair, more = as_pairs([chosen], threshold, wanted)
    assert more.tolist() == [needed(votes, threshold, left)]
    (code,) = verdict_codes(pair, threshold)
    corrected = int(against[0]) if VERDICTS[code] == "correctable" else None
    assert (VERDICTS[code], corrected) == verdict(votes, threshold)
    assert pair.sum() == len(votes)


@given(st.lists(st.sampled_from(ANSWERS), max_size=6), st.integers(1, 4), st.integers(1, 6))
def test_options_that_nobody_chose_change_nothing(votes, threshold, wanted):
    counts = Counter(votes)
    few, all_ = options_of(ROW, counts), [2, 0, 1, 3, 4, 5, None]
    found = [
        choice_votes_needed(
            np.array([[counts[option] for option in some]]),
            np.array([len(votes)]),
            threshold,
            wanted,
        ).tolist()
        for some in (few, all_)
    ]
    assert found[0] == found[1]


@given(st.integers(0, 2**32), st.integers(2, 6))
def test_a_shortlist_has_what_is_named_and_then_the_most_probable(seed, count):
    rng = np.random.default_rng(seed)
    probs = rng.integers(0, 4, (5, 6)) / 4  # ties are common
    first = np.array([rng.choice(6, 2, replace=False) for _ in range(5)])
    for row, named, found in zip(probs, first, shortlists(probs, first, count), strict=True):
        others = [label for label in range(6) if label not in named]
        others.sort(key=lambda label: (-row[label], label))
        assert found.tolist() == sorted([*named.tolist(), *others[: count - 2]])


# ---------------------------------------------------------------- what there is to choose from


def test_pooled_asks_about_every_label_that_anything_suggested_then_and_later_nothing_more(
    tmp_path,
):
    audit = choice_audit(tmp_path / "a", question="pooled", extra=["neutral"])
    for _ in range(2):
        for example in range(8):
            task = audit.task_for("ann", example)
            given_ = int(audit.labels[example])
            assert set(task.labels) == {given_, example % 5, (given_ + 1) % 5}
            assert (task.every, task.extra) == (False, ("neutral",))
        audit.add_candidates([{"index": 0, "suggested": 1}], flagger="a late one")


def test_a_shortlist_is_filled_by_probabilities_and_without_any_there_are_two(tmp_path):
    audit = choice_audit(tmp_path / "a", options=4)
    probs = np.load(tmp_path / "a" / "arrays" / "probs.npy")
    for example in range(8):
        labels = set(audit.task_for("ann", example).labels)
        assert len(labels) == 4
        assert {int(audit.labels[example]), example % 5} <= labels
        (out,) = set(range(5)) - labels
        assert all(
            probs[example, out] <= probs[example, label]
            for label in labels - {audit.labels[example]}
        )
    bare = Audit.create(tmp_path / "b", labels=[0, 1, 2], classes=FIVE)
    bare.add_candidates([{"index": 0, "suggested": 3}], flagger="a look")
    bare.plan(question="choice", options=4)
    assert set(bare.task("ann").labels) == {0, 3}


def test_all_classes_are_shown_in_their_order_to_everybody(tmp_path):
    audit = choice_audit(tmp_path / "a", options="all")
    for name in ("ann", "bob"):
        task = audit.task_for(name, 0)
        assert (task.labels, task.every) == ((0, 1, 2, 3, 4), True)


def test_the_order_of_options_is_each_reviewers_own_and_never_tells_which_is_given(tmp_path):
    one, other = (
        Audit.create(tmp_path / name, labels=[label, 1], classes=FIVE)
        for name, label in (("a", 0), ("b", 3))
    )
    for audit, suggested in ((one, 3), (other, 0)):
        audit.add_candidates([{"index": 0, "suggested": suggested}], flagger="a look")
        audit.add_candidates([{"index": 0, "suggested": 4}], flagger="another")
        audit.plan(question="pooled")
    other._seed = one._seed  # which follows from the labels
    names = [f"r{number}" for number in range(300)]
    orders = [[audit.task_for(name, 0).labels for name in names] for audit in (one, other)]
    # what is given here is suggested there
    assert orders[0] == orders[1]
    assert [one.task_for(name, 0).labels for name in names] == orders[0]
    first = Counter(order[0] for order in orders[0])
    assert set(first) == {0, 3, 4}
    assert min(first.values()) > 65  # of 100 expected


# ---------------------------------------------------------------- people, on either database


def choose(audit, name, example, answer):
    """Vote; ``answer`` is a class, None for none of these, or what is said in place of one."""
    said = answer if isinstance(answer, str) else None
    label = None if said else answer
    return audit.vote_choice(name, example, label, said=said, key=f"{name}:{example}")


def test_asking_that_stops_gives_the_verdicts_of_all_votes(tmp_path, address):
    rng = np.random.default_rng(3)
    said = [*range(5), None, "neutral", CANNOT_TELL]
    script = {
        (name, example): said[
            rng.choice(8, p=[0.5 if one == example % 5 else 0.5 / 7 for one in range(8)])
        ]
        for name in "abcde"
        for example in range(8)
    }
    verdicts, votes = [], []
    for stopping in ("off", "exact"):
        audit = choice_audit(
            tmp_path / stopping,
            database=address,
            extra=["neutral"],
            stopping=stopping,
            full_share=0,
        )
        for name in "abcde":
            while (task := audit.task(name)) is not None:
                assert isinstance(task, ChoiceTask)
                assert choose(audit, name, task.example, script[name, task.example])
                assert not choose(audit, name, task.example, 0), "one vote of each"
        assert max(Counter(vote.example for vote in audit.votes()).values()) <= 5
        found = audit.verdicts()
        assert (found.open, found.unreviewed) == (0, 0)
        order = np.argsort(found.examples)
        corrected = np.where(found.codes == 1, found.suggested, -1)
        verdicts.append((found.codes[order].tolist(), corrected[order].tolist()))
        votes.append(len(audit.votes()))
        audit.close()
    assert verdicts[0] == verdicts[1]
    assert votes[1] < votes[0] == 40


def test_a_vote_taken_back_comes_again_and_a_skipped_one_comes_last(tmp_path, address):
    audit = choice_audit(tmp_path / "a", database=address, votes=1, threshold=1)
    first = audit.task("ann").example
    choose(audit, "ann", first, 3)
    assert audit.undo("ann") == first == audit.task("ann").example
    assert audit.votes() == []
    assert audit.vote_choice("ann", first, None, key="again")
    skipped = audit.task("ann").example
    audit.skip("ann", skipped)
    seen = []
    while (task := audit.task("ann")) is not None:
        seen.append(task.example)
        choose(audit, "ann", task.example, CANNOT_TELL)
    assert seen[-1] == skipped
    assert len(seen) == 7
    with audit._db.read() as db:
        rows = db.exec_driver_sql("SELECT answer, said, shown FROM votes ORDER BY id").all()
    assert {row[:2] for row in rows} == {("labels", None), (None, None), ("other", CANNOT_TELL)}
    assert {row[2] for row in rows} == {None}, "all were shown, in their order"


def test_the_order_shown_is_kept_with_the_vote(tmp_path, address):
    audit = choice_audit(tmp_path / "a", database=address, options=3)
    task = audit.task("ann")
    choose(audit, "ann", task.example, task.labels[2])
    with audit._db.read() as db:
        (shown,) = db.exec_driver_sql("SELECT shown FROM votes").one()
    shown = json.loads(shown) if isinstance(shown, str) else shown
    assert tuple(shown) == task.labels


# ---------------------------------------------------------------- what follows


def answered(audit):
    """Answer examples 0 to 4: as given, suggested, by a third class, by none, and by nobody."""
    third = (int(audit.labels[2]) + 1) % 5
    for example, answers in (
        (0, [int(audit.labels[0])] * 3),
        (1, [1, 1, 1, "neutral"]),
        (2, [third, third, third, 2, CANNOT_TELL]),
        (3, [None, None, None, 3]),
        (4, [4, 4, 0, None, "neutral"]),
    ):
        for name, answer in zip("abcde", answers, strict=False):
            assert choose(audit, name, example, answer)
    return third


def test_who_chooses_a_third_class_is_not_said_to_be_unable_to_tell(tmp_path):
    audit = choice_audit(tmp_path / "a", extra=["neutral"])
    given = audit.labels.tolist()
    others = {example: [one for one in range(5) if one != given[example]] for example in range(4)}
    for example, answers in (
        (0, [given[0], given[0], *others[0][:3]]),
        (1, [given[1], given[1], None, None, others[1][0]]),
        (2, [given[2], given[2], others[2][0], others[2][1], CANNOT_TELL]),
        (3, [given[3], given[3], None, others[3][0], "neutral"]),
    ):
        for name, answer in zip("abcde", answers, strict=True):
            choose(audit, name, example, answer)
    verdicts = audit.verdicts()
    assert verdicts.names[:4] == ("non_agreement",) * 4
    assert unsure_by(verdicts) == {2, 3}
    first, *_ = audit.error_rate().notices
    assert first.startswith("2 labels count as wrong that reviewers might have confirmed")


def test_verdicts_release_and_comparison_take_the_class_that_people_chose(tmp_path):
    audit = choice_audit(tmp_path / "a", extra=["neutral"])
    third = answered(audit)
    verdicts = audit.verdicts()
    rows = {row["id"]: row for row in verdicts.rows()}
    found = [rows[str(example)]["verdict"] for example in range(5)]
    assert found == ["non_error", "correctable", "correctable", "neither", "non_agreement"]
    assert rows["2"]["suggested"] == FIVE[third] != FIVE[2]
    assert rows["2"]["chosen"] == f"{FIVE[third]} 3, fox 1, can't tell 1"
    assert rows["4"]["chosen"] == "bee 2, cat 1, none of these 1, neutral 1"
    release = audit.release(tmp_path / "out")
    loaded = load_release(release.path)
    assert loaded.labels[:5].tolist() == [int(audit.labels[0]), 1, third, -1, -1]
    assert loaded.mask[:5].tolist() == [True, True, True, False, False]
    manifest = json.loads((release.path / "manifest.json").read_text())
    (plan,) = manifest["settings"]["plans"]
    assert (plan["question"], plan["options"], plan["extra"]) == ("choice", None, ["neutral"])
    right = np.where(np.arange(60) == 2, third, audit.labels)
    compared = audit.compare({"follows": right, "given": audit.labels})
    found = [one.score("corrected", "C").accuracy for one in compared.models]
    assert found == [0.5, 0]
    page = audit.report(tmp_path / "report.html").read_text()
    assert "Reviewers chose another class" in page
    assert f"{FIVE[int(audit.labels[2])]} to {FIVE[third]}" in page
    assert f"-> {FIVE[third]}" in repr(audit.why(2))
    (one,) = audit.unsettled()
    assert (one.example, one.votes) == (4, rows["4"]["chosen"])


def test_a_maintainer_decides_on_a_class_on_none_or_on_the_given_one(tmp_path):
    audit = choice_audit(tmp_path / "a", votes=1, threshold=1)
    for example in range(3):
        choose(audit, "ann", example, CANNOT_TELL)
    given_ = int(audit.labels[2])
    for example, labels in ((0, [4]), (1, []), (2, [given_])):
        audit.adjudicate(example, "labels", labels=labels, reason="seen", by="Mo")
    rows = {row["id"]: row for row in audit.verdicts().rows()}
    found = [(rows[str(one)]["verdict"], rows[str(one)]["suggested"]) for one in range(3)]
    assert found[0] == ("correctable", "bee")
    assert [one for one, _ in found[1:]] == ["neither", "non_error"]
    with pytest.raises(VoteError, match="one or none was expected"):
        audit.adjudicate(0, "labels", labels=[1, 2], reason="seen", by="Mo")
    with pytest.raises(NameUnknownError, match="answer"):
        audit.adjudicate(0, "suggested", reason="seen", by="Mo")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json", "parquet"])
def test_votes_go_out_and_come_back_without_loss(tmp_path, ending):
    audit = choice_audit(tmp_path / "a", extra=["neutral"])
    answered(audit)
    file = tmp_path / f"votes.{ending}"
    audit.export_votes(file)
    assert audit.import_votes(file).added == 0
    audit.export_votes(file, names=True)
    again = choice_audit(tmp_path / "b", extra=["neutral"])
    read = again.import_votes(file)
    assert (read.added, read.form, read.refused) == (len(audit.votes()), "errata", ())
    told = [[vote.to_dict() | {"kind": ""} for vote in one.votes()] for one in (audit, again)]
    assert told[0] == told[1]
    assert again.import_votes(file).already_there == read.added
    assert audit.verdicts().rows() == again.verdicts().rows()


@pytest.mark.parametrize(
    ("vote", "why"),
    [
        ({"answer": "given"}, "reviewers choose one class of several"),
        ({"labels": ["cat", "dog"]}, "There are 2 labels, and one class, or none"),
        ({"labels": ["cow"]}, "class 'cow'"),
        ({"answer": "other"}, "what the reviewer said was expected"),
        ({}, "The labels are missing"),
    ],
)
def test_votes_that_are_no_choice_are_refused(tmp_path, vote, why):
    audit = choice_audit(tmp_path / "a")
    good = {"index": 1, "reviewer": "ann", "labels": ["cat"]}
    added = audit.add_votes([{"index": 0, "reviewer": "ann"} | vote, good])
    assert added.added == 1
    assert why in added.refused[0]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"question": "pare"}, "Did you mean 'pair'"),
        ({"options": 3}, "Options and extra answers are for the questions pooled and choice"),
        ({"extra": ["neutral"]}, "Options and extra answers are for"),
        ({"question": "pooled", "options": 3}, "as many options as labels were suggested"),
        ({"question": "choice", "options": 1}, "from 2 to the 3 classes"),
        ({"question": "choice", "options": 4}, "from 2 to the 3 classes"),
        ({"question": "choice", "options": "few"}, "a whole number was expected"),
        ({"question": "choice", "extra": ["Dog"]}, "'Dog' is a class"),
        ({"question": "choice", "extra": ["Neither"]}, "that there is anyway"),
        ({"question": "choice", "extra": ["a", "A"]}, "that there is anyway"),
        ({"question": "choice", "extra": [" "]}, "is empty"),
        ({"question": "choice", "extra": list("abcdefghij")}, "at most 9"),
        ({"question": "choice", "extra": "neutral"}, "a list of answers"),
    ],
)
def test_a_plan_that_cannot_be_asked_is_told(tmp_path, asked, why):
    audit = small_audit(tmp_path / "a")
    audit.find()
    with pytest.raises(InputError, match=why):
        audit.plan(**asked)
    with audit._db.read() as db:
        assert records.newest_plan(db) is None


def test_what_is_about_two_labels_says_so(tmp_path):
    audit = choice_audit(tmp_path / "a")
    with pytest.raises(InputError, match="Leave the consensus out"):
        audit.verdicts(consensus="one_coin")
    with pytest.raises(AuditError, match="Leave gold out here"):
        audit.plant(0.1)
    for refuse in (
        lambda: audit.export_tasks(tmp_path / "tasks"),
        lambda: audit.export_votes(tmp_path / "votes", form="label-studio"),
        lambda: audit.import_votes(tmp_path / "votes.csv", form="mturk"),
    ):
        with pytest.raises(AuditError, match="choose one of several answers .question choice."):
            refuse()


def test_all_plans_of_an_audit_ask_the_same(tmp_path):
    audit = choice_audit(tmp_path / "a", budget=3, options=3, extra=["neutral"])
    for other, told in (
        ({"question": "pair"}, "with the question choice"),
        ({"question": "pooled", "extra": ["neutral"]}, "with the question choice"),
        ({"question": "choice", "options": 4, "extra": ["neutral"]}, "with the options 3"),
        ({"question": "choice", "options": 3}, "with the extra ['neutral']"),
        ({"question": "choice", "options": 3, "extra": ["a"]}, "with the extra ['neutral']"),
    ):
        with pytest.raises(AuditError, match=f"Plan 1 was made {re.escape(told)}, and all plans"):
            audit.plan(**other)
    with pytest.raises(AuditError, match="with the options 3"):
        audit.plan(extra=["neutral"])
    same = {"options": 3, "extra": ["neutral"]}
    assert audit.plan(budget=2, question="choice", **same).added == 2
    assert audit.plan(budget=1, **same).added == 1
    assert audit.plan().added == 2
    assert {len(audit.task_for("ann", example).labels) for example in range(8)} == {3}
    pairs = planned_audit(tmp_path / "b")
    pairs.plant(0.2)
    pairs.add_candidates([{"index": 50, "suggested": 0}], flagger="a look")
    with pytest.raises(AuditError, match="with the question pair"):
        pairs.plan(question="choice")
    assert pairs.plan().added == 1


@pytest.mark.parametrize(
    ("label", "said"), [(9, None), (0, "neutral"), (None, "no such"), (0, CANNOT_TELL)]
)
def test_what_was_not_there_to_choose_is_refused(tmp_path, label, said):
    audit = choice_audit(tmp_path / "a", extra=["neutral"])
    with pytest.raises(InputError):
        audit.vote_choice("ann", 0, label, said=said, key="1")
    assert audit.votes() == []


def test_agreement_and_reviewers_are_told_of_choices(tmp_path):
    audit = choice_audit(tmp_path / "a", extra=["neutral"])
    answered(audit)
    assert -1 <= audit.agreement(replicates=50).value <= 1
    ann = next(one for one in audit.reviewers() if one.name == "a")
    assert (ann.votes, ann.accuracy) == (5, None)
