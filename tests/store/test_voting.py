"""Votes against a plain model: whatever happens, the database and the model agree."""

import contextlib
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import planned
from databases import new_place
from errata.store import records, voting
from errata.store.database import Database
from errata.store.voting import Ballot

EXAMPLES, VOTES, NAMES = 4, 2, ("ann", "bob", "cid")


@dataclass
class Model:
    """What votes mean, in plain Python: a list of everything that happened, and loops over it."""

    log: list = field(default_factory=list)  # (what, name, example, answer)
    keys: set = field(default_factory=set)

    def held(self):
        """Return {(name, example): answer}, in the order of voting."""
        held = {}
        for what, name, example, answer in self.log:
            if what == "vote":
                held[name, example] = answer
            elif what == "undo":
                del held[name, example]
        return held

    def count(self, example):
        return sum(1 for _, voted in self.held() if voted == example)

    def vote(self, name, example, answer, key):
        if (name, key) in self.keys or (name, example) in self.held():
            return False
        self.keys.add((name, key))
        self.log.append(("vote", name, example, answer))
        return True

    def undo(self, name):
        mine = [example for who, example in self.held() if who == name]
        if not mine:
            return None
        self.log.append(("undo", name, mine[-1], None))
        return mine[-1]


names = st.sampled_from(["ann", "ann", "ann", "bob", "cid"])  # one does enough to take back
examples = st.integers(0, EXAMPLES - 1)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("vote"), names, examples, st.sampled_from(["given", "both"]), st.integers(0, 9)
        ),
        st.tuples(st.just("undo"), names),
        st.tuples(st.just("undo all"), names),
        st.tuples(st.just("skip"), names, examples),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def shared(address, tmp_path_factory):
    """Return a database in which nobody has voted, nor will: see `undone`."""
    with new_place(tmp_path_factory.mktemp("shared"), address) as place:
        db = planned(Database(place), n=EXAMPLES, votes=VOTES)
        yield db
        db.close()


@contextlib.contextmanager
def undone(db):
    """Yield a connection that writes, and undo what it has written."""

    class UndoError(Exception): ...

    with contextlib.suppress(UndoError), db.write() as connection:
        yield connection
        raise UndoError


@given(steps=steps)
def test_any_sequence_of_steps_leaves_what_the_plain_model_has(shared, steps):
    model = Model()
    with undone(shared) as connection:
        for step in steps:
            what, name = step[:2]
            if what == "vote":
                example, answer, key = step[2:]
                added = voting.cast(
                    connection,
                    example=example,
                    reviewer=voting.reviewer(connection, name, "person"),
                    answer=answer,
                    first="given",
                    created_at=None,
                    kind="person",
                    key=str(key),
                )
                assert added == model.vote(name, example, answer, key)
            elif what.startswith("undo"):
                taken_back = model.undo(name)
                assert voting.withdraw(connection, name) == taken_back
                while what == "undo all" and taken_back is not None:
                    taken_back = model.undo(name)
                    assert voting.withdraw(connection, name) == taken_back
            else:
                example = step[2]
                voting.skip(connection, voting.reviewer(connection, name, "person"), example)
        held = {(vote["name"], vote["example"]): vote["answer"] for vote in voting.held(connection)}
        assert list(held.items()) == list(model.held().items())
        assert voting.tallies(connection) == tallies(model.held())
        assert voting.reviewer_count(connection) == len({name for name, _ in model.held()})
        for example in range(EXAMPLES):
            history = voting.history(connection, [example])[example]
            assert [vote["answer"] for vote in history] == [
                answer for what, _, which, answer in model.log if (what, which) == ("vote", example)
            ]
            assert sum(not vote["withdrawn"] for vote in history) == model.count(example)


def tallies(held):
    counts = {}
    for (_, example), answer in held.items():
        counts[example, answer] = counts.get((example, answer), 0) + 1
    return counts


# ---------------------------------------------------------------- many at once

ballots = st.lists(
    st.tuples(names, st.integers(0, EXAMPLES), st.sampled_from(["given", "both"])), max_size=12
)


@given(first=ballots, second=ballots)
def test_handed_in_votes_are_added_known_or_refused_and_twice_adds_nothing(shared, first, second):
    held = {}
    with undone(shared) as connection:
        for batch in (first, second, second):
            before = dict(held)
            counts = [0, 0, 0]
            for name, example, answer in batch:
                known = held.get((name, example))
                kind = 2 if example == EXAMPLES or known not in (None, answer) else bool(known)
                counts[kind] += 1
                if kind == 0:
                    held[name, example] = answer
            added, already, refused = voting.cast_all(connection, map(ballot, batch))
            assert [added, already, len(refused)] == counts
        assert held == before, "the same batch again added something"
        votes = {
            (vote["name"], vote["example"]): vote["answer"] for vote in voting.held(connection)
        }
    assert votes == held


def ballot(row):
    name, example, answer = row
    return Ballot(
        where="line 7",
        id=f"id{example}",
        example=example,
        reviewer=name,
        answer=answer,
        first=None,
        time=None,
        kind="imported",
    )


@pytest.fixture
def db(address, tmp_path):
    with new_place(tmp_path, address) as place:
        database = planned(Database(place), n=EXAMPLES, votes=VOTES)
        yield database
        database.close()


def test_refusals_name_the_line_and_the_reason(db):
    with db.write() as connection:
        voting.cast_all(connection, [ballot(("ann", 0, "given"))])
        rows = [ballot(("ann", 0, "both")), ballot(("ann", EXAMPLES, "given"))]
        _, _, refused = voting.cast_all(connection, rows)
    assert refused[0].startswith(
        "line 7: 'ann' answered 'given' for 'id0' before, so 'both' is not"
    )
    assert refused[1].startswith("line 7: the example 'id4' is in no plan")


def test_a_vote_that_was_taken_back_does_not_come_again_with_its_file(db):
    with db.write() as connection:
        row = ballot(("ann", 0, "given"))
        voting.cast_all(connection, [replace(row, kind="person")])
        assert voting.withdraw(connection, "ann") == 0
        assert voting.cast_all(connection, [row])[:2] == (0, 1)
        assert voting.held(connection) == []


def test_undo_leaves_imported_votes_alone(db):
    with db.write() as connection:
        voting.cast_all(connection, [ballot(("ann", 0, "given"))])
        assert voting.withdraw(connection, "ann") is None
        assert len(voting.held(connection)) == 1


def test_kinds_and_notes_are_told_of_votes_that_count(db):
    with db.write() as connection:
        rows = [
            Ballot(**{**vars(ballot((name, 0, "given"))), "kind": "simulated"}) for name in "xy"
        ]
        voting.cast_all(connection, rows[:1], "slip rate 3 %")
        voting.cast_all(connection, rows[1:], "slip rate 9 %")
        voting.cast_all(connection, [ballot(("ann", 1, "given"))])
        assert voting.kinds(connection) == {
            "imported": {"": 1},
            "simulated": {"slip rate 3 %": 1, "slip rate 9 %": 1},
        }
        assert records.newest_plan(connection)["votes"] == VOTES


def test_a_note_stays_with_its_votes_not_with_their_reviewers(db):
    with db.write() as connection:
        voting.cast_all(connection, [ballot(("ann", 0, "given"))], "pilot")
        voting.cast_all(connection, [ballot(("ann", 1, "given"))], "second round")
        assert voting.kinds(connection) == {"imported": {"pilot": 1, "second round": 1}}


def test_a_file_may_bring_more_votes_than_the_plan_wants_and_all_count(db):
    with db.write() as connection:
        rows = [ballot((name, 0, "given")) for name in ("u", "v", "w", "x")]
        assert voting.cast_all(connection, rows)[0] == 4 > VOTES
        assert voting.tallies(connection) == {(0, "given"): 4}
