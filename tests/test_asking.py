"""Who is asked about what, against a plain model: leases, cursors, skips, and asking that stops."""

import contextlib
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import planned_audit
from databases import reviews_forgotten
from errata.audit import Audit
from errata.core.consensus import VOTED, votes_needed
from errata.errors import AuditError, InputError
from errata.store.place import Schema, place_of

NAMES, SECONDS, VOTES, THRESHOLD = ("ann", "bob", "cid", "dan"), 600.0, 3, 2


@dataclass
class Model:
    """What the queue means, in plain Python: a list of all that happened, and loops over it."""

    exact: bool
    examples: list
    full: set
    log: list = field(default_factory=list)  # (what, name, example, answer)
    keys: set = field(default_factory=set)
    leases: dict = field(default_factory=dict)  # name: (example, until)
    cursors: dict = field(default_factory=dict)
    now: float = 0.0

    def held(self):
        held = {}
        for what, name, example, answer in self.log:
            if what == "vote":
                held[name, example] = answer
            elif what == "undo":
                del held[name, example]
        return held

    def needs(self, example):
        counts = Counter(answer for (_, voted), answer in self.held().items() if voted == example)
        row = np.array([[counts[answer] for answer in VOTED]])
        if self.exact and example not in self.full:
            return int(votes_needed(row, THRESHOLD, VOTES)[0])
        return max(0, VOTES - int(row.sum()))

    def lease(self, name):
        example, until = self.leases.get(name, (None, 0))
        mine = until > self.now and (name, example) not in self.held() and self.needs(example)
        return example if mine else None

    def room(self, name, example):
        others = sum(
            who != name and held == example and until > self.now
            for who, (held, until) in self.leases.items()
        )
        return self.needs(example) > others

    def last(self, name, example):
        done = [
            (when, what)
            for when, (what, who, which, _) in enumerate(self.log)
            if (who, which) == (name, example)
        ]
        return done[-1] if done else (0, "nothing")

    def following(self, name, besides=None):
        cursor = self.cursors.get(name, -1)
        taken_back, new, skipped = [], [], []
        for place, example in enumerate(self.examples):
            free = (name, example) not in self.held() and self.room(name, example)
            if free and example != besides:
                when, what = self.last(name, example)
                {
                    "undo": taken_back,
                    "nothing": new,
                    "skip": skipped,
                }[what].append(((place <= cursor, place) if what == "nothing" else when, example))
        order = sorted(taken_back, reverse=True) + sorted(new) + sorted(skipped)
        return order[0][1] if order else None

    def take(self, name):
        example = self.lease(name)
        if example is not None and self.leases[name][1] - self.now > SECONDS / 2:
            return example
        if example is None:
            example = self.following(name)
        if example is None:
            self.leases.pop(name, None)
        else:
            self.leases[name] = example, self.now + SECONDS
            self.cursors[name] = self.examples.index(example)
        return example

    def vote(self, name, example, answer, key):
        mine = self.lease(name) == example
        if not mine and not self.room(name, example):
            return False
        if (name, key) in self.keys or (name, example) in self.held():
            return False
        self.keys.add((name, key))
        self.log.append(("vote", name, example, answer))
        if mine:
            self.take(name)
        return True

    def undo(self, name):
        mine = [example for who, example in self.held() if who == name]
        if not mine:
            return None
        self.log.append(("undo", name, mine[-1], None))
        self.leases.pop(name, None)
        return mine[-1]

    def skip(self, name, example):
        if (name, example) not in self.held():
            self.log.append(("skip", name, example, None))
        if self.lease(name) == example:
            del self.leases[name]

    def progress(self, name):
        answered = [example for who, example in self.held() if who == name]
        open_ = [one for one in self.examples if one not in answered and self.needs(one)]
        skipped = [one for one in open_ if self.last(name, one)[1] == "skip"]
        return len(answered), len(answered) + len(open_), len(skipped)


names = st.sampled_from(NAMES)
answers = st.sampled_from(["given", "suggested", "suggested", "both"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), names, answers, st.integers(0, 99)),
        st.tuples(st.just("answer"), names, answers, st.integers(0, 99)),
        st.tuples(st.just("vote"), names, answers, st.integers(0, 9), st.integers(0, 3)),
        st.tuples(st.just("look"), names),
        st.tuples(st.just("ahead"), names),
        st.tuples(st.just("skip"), names),
        st.tuples(st.just("undo"), names),
        st.tuples(st.just("wait"), names, st.sampled_from([1.0, 350.0, 601.0])),
    ),
    max_size=30,
)


@pytest.fixture(scope="module", params=["off", "exact"])
def template(request, address, tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "audit"
    audit = planned_audit(
        path,
        votes=VOTES,
        threshold=THRESHOLD,
        stopping=request.param,
        full_share=0.3,
        database=address,
    )
    audit.close()
    return path, request.param == "exact"


@contextmanager
def untouched(path, folder):
    """Yield an audit in which nobody has reviewed anything, as that at a path was made."""
    place = place_of(path)
    if isinstance(place, Schema):
        with contextlib.closing(Audit.open(path)) as audit, reviews_forgotten(place):
            yield audit
    else:
        shutil.copytree(path, folder / "audit")
        with contextlib.closing(Audit.open(folder / "audit")) as audit:
            yield audit


@given(steps=steps)
def test_whatever_people_do_they_are_asked_what_the_plain_model_asks(
    template, tmp_path_factory, steps
):
    path, exact = template
    with untouched(path, tmp_path_factory.mktemp("run")) as audit:
        follow(audit, steps, exact=exact)


def follow(audit, steps, *, exact):
    asked = [row["example"] for row in plan_of(audit)]
    full = {row["example"] for row in plan_of(audit) if row["full"]}
    assert not exact or 0 < len(full) < len(asked)
    model = Model(exact, asked, full)
    audit._now = lambda: model.now
    for step in steps:
        what, name = step[:2]
        if what == "answer":
            example = model.take(name)
            task = audit.task(name)
            assert (task and task.example) == example
            if example is not None:
                cast(audit, model, name, example, *step[2:])
        elif what == "vote":
            answer, key, place = step[2:]
            cast(audit, model, name, asked[place], answer, key)
        elif what == "look":
            example = model.take(name)
            task = audit.task(name)
            assert (task and task.example) == example
        elif what == "ahead":
            task = audit.task(name, besides=asked[0])
            assert (task and task.example) == model.following(name, asked[0])
        elif what == "skip":
            example = model.following(name)
            if example is not None:
                model.skip(name, example)
                audit.skip(name, example)
        elif what == "undo":
            assert audit.undo(name) == model.undo(name)
        else:
            model.now += step[2]
    for name in NAMES:
        found = audit.progress(name)
        assert (found.answered, found.total, found.skipped) == model.progress(name)
    counts = Counter(vote.example for vote in audit.votes())
    assert max(counts.values(), default=0) <= VOTES


def cast(audit, model, name, example, answer, key):
    added = audit.vote(name, example, answer, first="given", key=str(key))
    assert added == model.vote(name, example, answer, str(key))


def plan_of(audit):
    from errata.store import records

    with audit._db.read() as db:
        return records.planned(db)


def test_no_more_people_look_at_an_example_than_it_needs(tmp_path, address):
    audit = planned_audit(
        tmp_path / "a",
        votes=5,
        threshold=3,
        stopping="exact",
        full_share=0,
        database=address,
    )
    first = [audit.task(f"r{number}").example for number in range(3)]
    assert len(set(first)) == 1
    other = audit.task("r3").example
    assert other != first[0]
    assert not audit.vote("r4", first[0], "given", first="given", key="1")  # nobody asked r4
    for number in range(2):
        assert audit.vote(f"r{number}", first[0], "suggested", first="given", key="1")
    assert audit.vote("r2", first[0], "given", first="given", key="1")  # now one more may settle it
    assert audit.task("r5").example == first[0]
    assert audit.task("r6").example != first[0]


def test_a_lease_that_ran_out_goes_to_others_and_its_late_answer_counts_where_there_is_room(
    tmp_path, address
):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, database=address)
    now = 1000.0
    audit._now = lambda: now
    first = audit.task("ann").example
    assert audit.task("bob").example != first
    now += 601
    assert audit.task("cid").example == first
    assert not audit.vote("ann", first, "given", first="given", key="1")
    now += 601
    assert audit.vote("ann", first, "given", first="given", key="2")
    assert not audit.vote("cid", first, "given", first="given", key="1")
    assert [vote.reviewer for vote in audit.votes()] == ["ann"]


def test_who_waits_is_told_for_what_and_for_how_long(tmp_path, address):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, database=address)
    audit._now = lambda: 5000.0
    held = [audit.task(f"r{number}").example for number in range(8)]
    assert len(set(held)) == 8
    assert audit.task("late") is None
    found = audit.waiting("late")
    assert (found.examples, found.seconds) == (8, 600.0)
    for number, example in enumerate(held):
        audit.vote(f"r{number}", example, "given", first="given", key="1")
    found = audit.waiting("late")
    assert (found.examples, found.seconds) == (0, None)


def test_what_others_let_go_of_between_two_questions_is_not_missed(tmp_path, address):
    audit = planned_audit(tmp_path / "a", votes=2, threshold=1, database=address)
    audit._now = lambda: 5000.0
    held = [audit.task(f"r{number}").example for number in range(16)]
    assert audit.task("late") is None
    audit.let_go("r0")
    found = audit.waiting("late")
    assert (found.examples, found.seconds) == (8, 0)  # of its two, the other is held still
    for number in range(16):
        audit.let_go(f"r{number}")
    found = audit.waiting("late")
    assert (found.examples, found.seconds) == (1, 0)  # one of all that are free
    assert audit.task("late").example == held[0]
    audit.close()


def test_stopping_saves_votes_and_changes_no_verdict(tmp_path):
    rng = np.random.default_rng(0)
    said = {
        (n, r): rng.choice(["given", "suggested", "both"], p=[0.2, 0.7, 0.1])
        for n in range(60)
        for r in range(5)
    }
    verdicts, counts = [], []
    for stopping in ("off", "exact"):
        audit = planned_audit(tmp_path / stopping, stopping=stopping, full_share=0)
        for number in range(5):
            name = f"r{number}"
            while (task := audit.task(name)) is not None:
                answer = said[task.example, number]
                assert audit.vote(name, task.example, answer, first="given", key=str(task.example))
        found = audit.verdicts()
        verdicts.append(dict(zip(found.examples.tolist(), found.names, strict=True)))
        counts.append(len(audit.votes()))
    assert verdicts[0] == verdicts[1]
    assert counts[1] < 0.9 * counts[0] == 0.9 * 5 * 8
    strict = audit.verdicts(threshold=4)
    assert strict.open > 0  # those that stopped early lack votes for a stricter threshold


def test_a_share_is_asked_in_full_and_always_the_same(tmp_path):
    audit = planned_audit(tmp_path / "a", stopping="exact", full_share=0.5)
    again = planned_audit(tmp_path / "b", stopping="exact", full_share=0.5)
    full = [[row["full"] for row in plan_of(one)] for one in (audit, again)]
    assert full[0] == full[1]
    assert len(set(full[0])) == 2


def large_audit(path, n=1000):
    """Return an audit in which every label is doubted."""
    audit = Audit.create(path, labels=np.zeros(n, int), classes=["cat", "dog"])
    order = np.random.default_rng(3).permutation(n).tolist()
    audit.add_candidates([{"index": i, "suggested": 1} for i in order], flagger="ann")
    return audit


def full_of(audit, *limits):
    """Return which examples some plans ask about in full, the last one about all that is left."""
    for limit in (*limits, None):
        audit.plan(stopping="exact", full_share=0.2, budget=limit)
    rows = plan_of(audit)
    assert len(rows) == audit.n
    return {row["example"] for row in rows if row["full"]}


def test_an_example_is_asked_in_full_whatever_is_planned_along_with_it(tmp_path):
    wanted = full_of(large_audit(tmp_path / "at once"))
    assert 0.16 < len(wanted) / 1000 < 0.24  # 0.2, and three standard deviations
    assert full_of(large_audit(tmp_path / "by tens"), *[10] * 99) == wanted
    assert full_of(large_audit(tmp_path / "by any"), 1, 2, 300, 1, 37) == wanted


def test_what_cannot_be_planned_is_told(tmp_path):
    audit = planned_audit(tmp_path / "a", stopping="exact")
    with pytest.raises(AuditError, match="stopping exact .* a plan does not change"):
        audit.plan(stopping="off")
    with pytest.raises(InputError, match="Did you mean 'exact'"):
        audit.plan(stopping="exakt")
    with pytest.raises(InputError, match="full_share is 2"):
        audit.plan(stopping="exact", full_share=2)
