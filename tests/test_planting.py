"""Gold: when somebody gets it, that nothing comes of it but an accuracy, and who names it."""

import random
import shutil
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits import CLASSES, planned_audit, small_audit, small_set
from errata.audit import Audit
from errata.errors import AuditError, InputError, LabelError
from errata.planting import due

RATE = 0.3


@pytest.fixture
def audit(tmp_path, address):
    audit = planned_audit(tmp_path / "pets.audit", votes=2, threshold=2, database=address)
    audit.plant(RATE)
    return audit


def is_gold(audit, example):
    return example not in {row["index"] for row in plan_of(audit)}


def plan_of(audit):
    return [{"index": example} for example in range(8)]  # what `small_set` gets wrong


def answer(audit, reviewer, answer="given", key=None):
    """Answer what comes next; return its example, or None at the end."""
    task = audit.task(reviewer)
    if task is None:
        return None
    before = audit.progress(reviewer)
    key = key or f"{random.random()}"
    assert audit.vote(reviewer, task.example, answer, first=task.first, key=key)
    after = audit.progress(reviewer)
    assert (after.answered, after.total) == (before.answered + 1, before.total)
    return task.example


def review(audit, reviewer):
    return list(iter(lambda: answer(audit, reviewer), None))


# ---------------------------------------------------------------- when


@given(st.floats(0, 0.5), st.integers(0, 3000), st.integers(0, 2**32))
def test_the_gold_that_is_due_is_the_rate_of_all_but_for_less_than_one(rate, answered, seed):
    draws = np.random.default_rng(seed).random(3002).tolist()
    found = [due(count, rate, lambda stretch: draws[stretch]) for count in (answered, answered + 1)]
    of_all = answered * rate / (1 - rate)
    assert abs(found[0] - of_all) < 1
    assert 0 <= found[1] - found[0] < 2 + rate / (1 - rate)


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_gold_comes_at_any_place_alike_and_on_average_exactly_at_the_rate(rate):
    rng = np.random.default_rng(0)
    people, most = 2000, 40
    draws = rng.random((people, most + 1)).tolist()
    counts = np.array(
        [[due(n, rate, mine.__getitem__) for n in range(most)] for mine in draws], dtype=float
    )
    expected = np.arange(most) * rate / (1 - rate)
    spread = counts.std(axis=0) / np.sqrt(people) + 1e-9
    assert np.all(np.abs(counts.mean(axis=0) - expected) < 5 * spread)


def test_a_reviewer_gets_gold_at_the_rate_and_never_the_same_twice(tmp_path):
    labels, probs = small_set(300, wrong=60)
    audit = Audit.create(tmp_path / "a", labels=labels, probs=probs, classes=CLASSES)
    audit.find()
    candidates = set(range(audit.plan(votes=1, threshold=1).candidates))
    assert audit.plant(0.1).made == 7
    seen = review(audit, "Ana")
    golden = [example for example in seen if example not in candidates]
    assert len(seen) == len(set(seen))
    assert len(candidates) == len(seen) - len(golden)
    assert abs(len(golden) - len(candidates) / 9) < 1
    assert audit.progress("Ana").answered == len(seen)


def test_what_comes_is_drawn_for_each_reviewer_and_is_always_the_same(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit", votes=2, threshold=2)
    audit.plant(RATE)
    shutil.copytree(audit.path, tmp_path / "again")
    again = Audit.open(tmp_path / "again")
    seen = {name: review(audit, name) for name in ("Ana", "Ben")}
    assert seen == {name: review(again, name) for name in ("Ana", "Ben")}
    assert [is_gold(audit, one) for one in seen["Ana"]] != [
        is_gold(audit, one) for one in seen["Ben"]
    ]


def test_the_page_after_is_foreseen_with_its_gold(audit):
    for _ in range(11):
        shown = audit.task("Ana")
        foreseen = audit.task("Ana", besides=shown.example)
        answer(audit, "Ana")
        assert audit.task("Ana") == foreseen


# ---------------------------------------------------------------- as any other


@given(st.lists(st.sampled_from(["answer", "answer", "answer", "skip", "undo"]), max_size=40))
@settings(max_examples=8, deadline=None)
def test_answers_skips_and_undos_go_as_without_gold(tmp_path_factory, address, steps):
    folder = tmp_path_factory.mktemp("gold")
    audit = planned_audit(folder / "a", votes=2, threshold=2, database=address)
    audit.plant(RATE)
    total = audit.progress("Ana").total
    assert total > 8
    stack, skips = [], []
    for step in steps:
        before, task = audit.progress("Ana"), audit.task("Ana")
        if step == "answer" and task is not None:
            stack.append(answer(audit, "Ana"))
            skips = [example for example in skips if example != stack[-1]]
        elif step == "skip" and task is not None:
            audit.skip("Ana", task.example)
            skips = [*(example for example in skips if example != task.example), task.example]
            left = total - before.answered
            if left > 1:
                assert audit.task("Ana").example != task.example
            else:
                assert audit.task("Ana").example == task.example
            assert (audit.progress("Ana").skipped == left) == (
                not any(example not in skips for example in upcoming(audit, skips))
            )
        elif step == "undo":
            taken = audit.undo("Ana")
            assert taken == (stack.pop() if stack else None)
            if taken is not None:
                assert audit.task("Ana").example == taken
        assert audit.progress("Ana").answered == len(stack)
        assert audit.progress("Ana").total == total
    rest = review(audit, "Ana")
    assert sorted(stack + rest) == sorted(set(stack + rest))
    assert len(stack + rest) == total
    assert sorted(vote.example for vote in audit.votes()) == list(range(8))


def upcoming(audit, skips):
    """Return the candidates that are neither answered nor skipped."""
    answered = {vote.example for vote in audit.votes()}
    return [example for example in range(8) if example not in answered and example not in skips]


def test_gold_gives_no_votes_and_closes_nothing(audit):
    for name in ("Ana", "Ben"):
        review(audit, name)
    assert Counter(vote.example for vote in audit.votes()) == dict.fromkeys(range(8), 2)
    assert audit.verdicts().open == 0
    assert audit.task("Cid") is None
    assert audit.waiting("Cid").examples == 0


def test_two_answers_to_gold_are_one_and_a_key_counts_once(audit):
    while not is_gold(audit, (task := audit.task("Ana")).example):
        answer(audit, "Ana", key=f"k{task.example}")
    assert audit.vote("Ana", task.example, "given", first=task.first, key="k")
    assert not audit.vote("Ana", task.example, "both", first=task.first, key="l")
    assert not audit.vote("Ana", task.example, "given", first=task.first, key="k")
    assert audit.undo("Ana") == task.example
    assert not audit.vote("Ana", task.example, "given", first=task.first, key="k")
    assert audit.gold_accuracy() == ()


def test_gold_that_is_planned_later_is_a_candidate(audit):
    golden = next(one for one in review(audit, "Ana") if is_gold(audit, one))
    assert audit.gold_accuracy()[0].of >= 1
    before = audit.gold_accuracy()[0].of
    other = (int(audit.labels[golden]) + 1) % 3
    audit.add_candidates([{"index": golden, "suggested": other}], flagger="ann")
    audit.plan(votes=2, threshold=2)
    assert [one.of for one in audit.gold_accuracy()] == [before - 1] * (before > 1)
    assert audit.task("Ana").example == golden
    assert answer(audit, "Ana") == golden
    assert golden in {vote.example for vote in audit.votes()}


# ---------------------------------------------------------------- what is made and named


def test_what_is_made_is_sure_and_doubted_by_nobody_and_has_two_answers(tmp_path):
    labels, probs = small_set(900, wrong=200)
    audit = Audit.create(tmp_path / "a", labels=labels, probs=probs, classes=CLASSES)
    audit.find()
    audit.plan()
    typical = {one for label in range(3) for one in audit.exemplars(label)}
    made = audit.plant(0.2)
    assert made.examples == made.made == 50
    rows = gold_rows(audit)
    assert len(rows) == 50
    for row in rows.values():
        true = row[row["answer"]]
        assert true == labels[row["example"]] == row["example"] % 3
        assert row["given"] != row["suggested"]
        assert probs[row["example"], true] >= probs[labels == true, true].mean()
        assert row["example"] not in typical
        assert audit.why(row["example"]).found == ()
    assert min(Counter(row["answer"] for row in rows.values()).values()) > 10
    assert typical == {one for label in range(3) for one in audit.exemplars(label)}
    assert audit.plant(0.1).made == 0


def gold_rows(audit):
    from errata.store import gold

    with audit._db.read() as db:
        return gold.every(db)


def test_gold_that_is_named_is_asked_about_with_the_class_it_names(tmp_path):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1)
    file = tmp_path / "gold.csv"
    file.write_text("id,suggested,answer\n30,dog,given\n31,fox,neither\n")
    assert str(audit.add_gold(file)) == "GoldAdded: 2 added, 0 already there, 0 refused"
    assert audit.add_gold(file).already_there == 2
    review(audit, "Ana")
    assert audit.gold_accuracy() == ()  # nobody has said how often
    assert str(audit.plant(0.4)) == "Gold: 0.4 of what is asked, 2 examples"
    other = planned_audit(tmp_path / "b", votes=1, threshold=1)
    other.add_gold([{"index": 30, "suggested": 1, "answer": "given"}])
    other.plant(0.5)
    review(other, "Ana")
    (found,) = other.gold_accuracy()
    assert (found.reviewer, found.right, found.of, found.share) == ("Ana", 1, 1, 1.0)
    assert 0 < found.low < 1 == found.high


def test_what_cannot_be_gold_is_refused_with_its_line(tmp_path):
    audit = planned_audit(tmp_path / "a")
    added = audit.add_gold(
        [
            {"id": "30", "answer": "given", "suggested": "dog"},
            {"id": "30", "answer": "both", "suggested": "dog"},
            {"id": "0", "answer": "given"},
            {"id": "31", "answer": "given"},
            {"id": "32", "answer": "yes"},
            {"id": "33", "answer": "given", "suggested": "cat"},
            {"id": "34"},
            {"id": "99", "answer": "given"},
        ]
    )
    assert (added.added, added.already_there, len(added.refused)) == (1, 0, 7)
    for line, said in zip(
        added.refused,
        (
            "gold already: 'cat' or 'dog', answer 'given'",
            "is planned, so reviewers are asked",
            "name the class to show",
            "no answer 'yes'",
            "is the given one",
            "answer is missing",
            "no example '99'",
        ),
        strict=True,
    ):
        assert said in line
    with pytest.raises(LabelError, match=r"None of the 1 gold examples .* gold examples\[0\]"):
        audit.add_gold([{"id": "0", "answer": "given"}])


def test_where_there_can_be_no_gold_it_is_said(tmp_path):
    audit = small_audit(tmp_path / "a")
    with pytest.raises(AuditError, match="Nothing is planned yet"):
        audit.plant(0.1)
    with pytest.raises(InputError, match=r"from 0 to 0\.5 was expected"):
        audit.plant(0.7)
    bare = Audit.create(tmp_path / "b", labels=[0, 1, 0], classes=["cat", "dog"])
    bare.add_candidates([{"index": 0, "suggested": 1}], flagger="ann")
    bare.plan()
    with pytest.raises(AuditError, match="errata gold import"):
        bare.plant(0.1)
    assert bare.plant(0).examples == 0
    sets = Audit.create(tmp_path / "c", labels=[[1, 0], [1, 1]], classes=["cat", "dog"])
    assert sets.multilabel
    for wrong in (lambda: sets.plant(0.1), lambda: sets.add_gold([])):
        with pytest.raises(AuditError, match="gold is a question about two"):
            wrong()


# ---------------------------------------------------------------- a plan where there is none


def test_a_plan_is_made_where_there_is_none_and_else_has_to_agree(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    made = audit.ensure_planned(votes=4, stopping="exact")
    assert (made.votes, made.threshold, made.stopping, made.added) == (4, 3, "exact", 8)
    assert audit.ensure_planned(votes=4) is audit.ensure_planned() is None
    with pytest.raises(AuditError, match=r"with votes 4, threshold 3 \(plan 1\).* votes 5, thre"):
        audit.ensure_planned(votes=5, threshold=2, stopping="exact")
