"""Votes: who answered what, and what is withdrawn.

Rows are only ever added. A reviewer's revisions of one example alternate: 1 answers, 2 withdraws,
3 answers again. The newest is what the reviewer holds, so a vote counts when its revision is odd
and no later one follows. Every function works inside the transaction of the connection it is
handed; those that add rows need one that writes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, select, text

from errata.errors import VoteError
from errata.store import tables as t
from errata.store.prepared import Prepared
from errata.store.records import Row, now, parts


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """One vote on its way into the audit, checked; ``where`` it stood, for messages."""

    where: str
    id: str
    example: int
    reviewer: str
    answer: str
    first: str | None
    time: str | None
    kind: str
    said: str | None = None
    labels: tuple[int, ...] | None = None

    @property
    def key(self) -> str:
        """The same for the same vote, so that handing it in twice adds it once."""
        own = [extra for extra in (self.said, self.labels) if extra is not None]
        return json.dumps(["import", self.reviewer, self.id, self.answer, self.time, *own])

    @property
    def content(self) -> "Content":
        """What the vote says: votes with the same content say the same."""
        return Content(self.answer, self.said, self.labels)


Choice = int | str | None
"""The one answer that a reviewer chose: a class; None: none of those offered; else their word."""


class SetTally(NamedTuple):
    """What the votes on one example come to where several labels may apply.

    ``reviewers`` is how many hold one, ``unclear`` how many of them list no labels but say that
    they cannot tell, or another word of theirs, and ``ticks`` how many tick each label.
    """

    reviewers: int = 0
    unclear: int = 0
    ticks: Mapping[int, int] = MappingProxyType({})


class Content(NamedTuple):
    """What a vote says, whoever cast it."""

    answer: str
    said: str | None
    labels: tuple[int, ...] | None

    @property
    def told(self) -> str:
        """The same in words."""
        if self.labels is not None:
            return f"{self.answer} {list(self.labels)}"
        return self.answer if self.said is None else f"{self.answer} ({self.said})"


_v = t.votes.c
_later = t.votes.alias()
_HELD = and_(
    _v.answer.is_not(None),
    ~exists().where(
        _later.c.reviewer == _v.reviewer,
        _later.c.example == _v.example,
        _later.c.revision == _v.revision + 1,
    ),
)
"""The votes that count."""


_NEWEST = func.coalesce(
    select(func.max(_v.revision))
    .where(_v.reviewer == bindparam("me"), _v.example == bindparam("example"))
    .scalar_subquery(),
    0,
)
_KNOWN = Prepared(
    select(_NEWEST, exists().where(_v.reviewer == bindparam("me"), _v.key == bindparam("key")))
)
_CAST = Prepared(
    insert(t.votes),
    columns=(
        *("example", "reviewer", "revision", "answer", "said", "labels", "first", "shown"),
        *("created_at", "kind", "key"),
    ),
)
_REVIEWER = select(t.reviewers.c.id, t.reviewers.c.kind).where(
    t.reviewers.c.name == bindparam("name")
)
_PERSON = Prepared(_REVIEWER.where(t.reviewers.c.kind != "simulated"))
_IN_TURN = Prepared(_REVIEWER.with_for_update(key_share=True))  # for nothing on SQLite
_NEW_REVIEWER = text(
    "INSERT INTO reviewers (name, kind) VALUES (:name, :kind) ON CONFLICT DO NOTHING"
)
_TALLIES = select(_v.example, _v.answer, func.count()).where(_HELD).group_by(_v.example, _v.answer)
_CAST_BY = (
    select(_v.example, _v.reviewer, _v.answer, _v.said, _v.labels, _v.first, _v.created_at)
    .where(_HELD)
    .order_by(_v.id)
)
_CHOSEN = select(_v.example, _v.answer, _v.said, _v.labels).where(_HELD)
_CHOSEN_OF_ONE = _CHOSEN.where(_v.example == bindparam("example"))
_TALLIES_OF_ONE = Prepared(_TALLIES.where(_v.example == bindparam("example")))


def number_of(db: Connection, name: str) -> int | None:
    """Return a reviewer's number; None for a name that no person has used."""
    number: int | None = _PERSON.scalar(db, {"name": name})
    return number


def reviewer(db: Connection, name: str, kind: str) -> int:
    """Return a reviewer's number; a new name is written down.

    Until the transaction ends, nobody else does anything for this reviewer.

    Raises
    ------
    VoteError
        The name is a simulated reviewer's and the votes are not simulated, or the reverse.
    """
    known = _IN_TURN.first(db, {"name": name})
    if known is None:
        db.execute(_NEW_REVIEWER, {"name": name, "kind": kind})  # by us, or just now by others
        known = _IN_TURN.first(db, {"name": name})
    number, known_kind = known
    if (known_kind == "simulated") != (kind == "simulated"):
        simulated = "" if known_kind == "simulated" else "not "
        raise VoteError(
            f"The reviewer {name!r} is {simulated}simulated, and simulated votes are kept apart "
            "from all others. Use another name."
        )
    return int(number)


def cast(
    db: Connection,
    *,
    example: int,
    reviewer: int,
    answer: str,
    first: str | None,
    created_at: str | None,
    kind: str,
    key: str,
    said: str | None = None,
    labels: Sequence[int] | None = None,
    shown: Sequence[int] | None = None,
) -> bool:
    """Add a vote; return False, and add nothing, where there is no call for it.

    ``labels`` are those that the answer ``"labels"`` ticks, of ``shown`` in the order shown.

    That is if it or another of the reviewer is there.
    """
    asked = {"me": reviewer, "example": example, "key": key}
    revision, known = _KNOWN.first(db, asked)
    if revision % 2 or known:
        return False
    _CAST.change(
        db,
        {
            "example": example,
            "reviewer": reviewer,
            "revision": revision + 1,
            "answer": answer,
            "said": said,
            "labels": labels,
            "first": first,
            "shown": shown,
            "created_at": created_at,
            "kind": kind,
            "key": key,
        },
    )
    return True


def cast_all(
    db: Connection, ballots: Iterable[Ballot], note: str = ""
) -> tuple[int, int, list[str]]:
    """Add many votes; what cannot be added is told, not raised.

    Returns
    -------
    how many were added, how many were there already, and a line for each that was refused
    """
    newest: dict[tuple[int, int], tuple[int, Content | None]] = {
        (row.reviewer, row.example): (row.revision, _content(row))
        for row in db.execute(select(t.votes).order_by(_v.id))
    }
    keys = {(who, key) for who, key in db.execute(select(_v.reviewer, _v.key))}
    asked = set(db.scalars(select(t.planned.c.example)))
    numbers: dict[tuple[str, str], int] = {}
    rows: list[Row] = []
    already, refused = 0, []
    for ballot in ballots:
        if ballot.example not in asked:
            refused.append(
                f"{ballot.where}: the example {ballot.id!r} is in no plan, so nobody was asked "
                "about it."
            )
            continue
        person = (ballot.reviewer, ballot.kind)
        if person not in numbers:
            try:
                numbers[person] = reviewer(db, *person)
            except VoteError as error:
                refused.append(f"{ballot.where}: {error}")
                continue
        who = numbers[person]
        revision, content = newest.get((who, ballot.example), (0, None))
        if content is not None and content != ballot.content:
            refused.append(
                f"{ballot.where}: {ballot.reviewer!r} answered {content.told!r} for {ballot.id!r} "
                f"before, so {ballot.content.told!r} is not added. A reviewer has one vote on an "
                "example."
            )
        elif content is not None or (who, ballot.key) in keys:
            already += 1
        else:
            keys.add((who, ballot.key))
            newest[who, ballot.example] = (revision + 1, ballot.content)
            rows.append(
                {
                    "example": ballot.example,
                    "reviewer": who,
                    "revision": revision + 1,
                    "answer": ballot.answer,
                    "said": ballot.said,
                    "labels": ballot.labels,
                    "first": ballot.first,
                    "created_at": ballot.time,
                    "kind": ballot.kind,
                    "note": note or None,
                    "key": ballot.key,
                }
            )
    if rows:
        db.execute(insert(t.votes), rows)
    return len(rows), already, refused


def _content(row: Any) -> Content | None:
    """Return what a row of votes says; None where it withdraws."""
    if row.answer is None:
        return None
    return Content(row.answer, row.said, None if row.labels is None else tuple(row.labels))


def withdraw(db: Connection, name: str) -> int | None:
    """Withdraw the newest vote that a person cast and still holds; return its example."""
    if _IN_TURN.first(db, {"name": name}) is None:
        return None
    newest = (
        select(t.votes)
        .join(t.reviewers)
        .where(t.reviewers.c.name == name, _v.kind == "person", _HELD)
        .order_by(_v.id.desc())
        .limit(1)
    )
    vote = db.execute(newest).first()
    if vote is None:
        return None
    db.execute(
        insert(t.votes).values(
            example=vote.example,
            reviewer=vote.reviewer,
            revision=vote.revision + 1,
            created_at=now(),
            kind=vote.kind,
            key=f"withdraws {vote.id}",
        )
    )
    return int(vote.example)


def skip(db: Connection, reviewer: int, example: int) -> None:
    """Put an example at the end of a reviewer's queue."""
    revision = _revision(db, reviewer, example)
    row = {"example": example, "reviewer": reviewer, "revision": revision, "created_at": now()}
    db.execute(insert(t.skips).values(**row))


def held(db: Connection) -> list[Row]:
    """Return the votes that count, in the order in which they came, with reviewers' names."""
    query = select(t.votes, t.reviewers.c.name).join(t.reviewers).where(_HELD).order_by(_v.id)
    return [dict(row) for row in db.execute(query).mappings()]


def cast_by(db: Connection) -> list[Any]:
    """Return who holds which vote, in the order in which they came: rows as `_CAST_BY` has them."""
    return list(db.execute(_CAST_BY))


def history(db: Connection, examples: Sequence[int]) -> dict[int, list[Row]]:
    """Return every vote on each of some examples in the order in which they came.

    Those that were withdrawn are marked.
    """
    query = (
        select(t.votes, t.reviewers.c.name, (~_HELD).label("withdrawn"))
        .join(t.reviewers)
        .where(_v.answer.is_not(None))
        .order_by(_v.id)
    )
    found: dict[int, list[Row]] = {example: [] for example in examples}
    for part in parts(examples):
        for row in db.execute(query.where(_v.example.in_(part))).mappings():
            found[row["example"]].append(dict(row))
    return found


def tallies(db: Connection, example: int | None = None) -> dict[tuple[int, str], int]:
    """Return how many votes that count each answer has, by example and answer."""
    if example is None:
        found = list(db.execute(_TALLIES))
    else:
        found = _TALLIES_OF_ONE.all(db, {"example": example})
    return {(which, answer): count for which, answer, count in found}


def set_tallies(db: Connection, example: int | None = None) -> dict[int, SetTally]:
    """Return what the votes on each example come to where several labels may apply."""
    listed: dict[int, list[Sequence[int] | None]] = {}
    query = select(_v.example, _v.labels).where(_HELD)
    if example is not None:
        query = query.where(_v.example == example)
    for which, labels in db.execute(query):
        listed.setdefault(which, []).append(labels)
    return {which: _set_tally(votes) for which, votes in listed.items()}


def _set_tally(votes: Sequence[Sequence[int] | None]) -> SetTally:
    ticks = Counter(label for labels in votes for label in labels or ())
    return SetTally(len(votes), votes.count(None), ticks)


def choices(db: Connection, example: int | None = None) -> dict[int, Counter[Choice]]:
    """Return how many reviewers chose what, by example, where each chooses one of several."""
    found: dict[int, Counter[Choice]] = {}
    query, asked = (_CHOSEN, {}) if example is None else (_CHOSEN_OF_ONE, {"example": example})
    for row in db.execute(query, asked):
        found.setdefault(row.example, Counter())[choice_of(row)] += 1
    return found


def choice_of(vote: Any) -> Choice:
    """Return what a vote with ``answer said labels`` chose."""
    if vote.labels is None:
        return str(vote.said or vote.answer)
    return int(vote.labels[0]) if vote.labels else None


def kinds(db: Connection) -> dict[str, dict[str, int]]:
    """Return how many votes of each kind count, by the note on them; ``""`` is for none."""
    query = (
        select(_v.kind, func.coalesce(_v.note, ""), func.count())
        .where(_HELD)
        .group_by(_v.kind, _v.note)
        .order_by(_v.kind, _v.note)
    )
    counts: dict[str, dict[str, int]] = {}
    for kind, note, count in db.execute(query):
        counts.setdefault(kind, {})[note] = count
    return counts


def answers(db: Connection) -> list[Row]:
    """Return ``reviewer answer first kind votes``: how often each holds each answer.

    Simulated reviewers are left out; whose first votes were imported may review here, too.
    """
    said = (_v.reviewer, _v.answer, _v.first, _v.kind)
    query = (
        select(*said, func.count().label("votes"))
        .join(t.reviewers)
        .where(_HELD, t.reviewers.c.kind != "simulated")
        .group_by(*said)
    )
    return [dict(row) for row in db.execute(query).mappings()]


def reviewer_names(db: Connection) -> list[str]:
    """Return the names of all reviewers, also of those who hold no vote."""
    return list(db.scalars(select(t.reviewers.c.name).order_by(t.reviewers.c.id)))


def reviewers(db: Connection) -> dict[int, tuple[str, str]]:
    """Return the name and the kind of every reviewer, by their number."""
    r = t.reviewers.c
    return {row.id: (row.name, row.kind) for row in db.execute(select(r.id, r.name, r.kind))}


def reviewer_count(db: Connection) -> int:
    """Return how many reviewers hold a vote."""
    return db.scalar(select(func.count(_v.reviewer.distinct())).where(_HELD)) or 0


def _revision(db: Connection, reviewer: int, example: int) -> int:
    """Return the newest revision of a reviewer's vote on an example; 0 if there is none."""
    return db.scalar(select(_NEWEST), {"me": reviewer, "example": example}) or 0
