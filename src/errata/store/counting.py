"""How far an audit's reviewing is, counted in the database: few rows, however many votes.

Every function works inside the transaction of the connection it is handed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from errata.store import tables as t
from errata.store.records import Row

_s, _v, _l, _e = t.standing.c, t.votes.c, t.leases.c, t.events.c


class Alike(NamedTuple):
    """How many planned examples stand alike.

    Attributes
    ----------
    wanted, threshold, stopping : of their plan
    full : whether they are asked for all votes, wherever asking may stop
    votes, needs : how many each has, and needs at least
    examples : how many they are
    """

    wanted: int
    threshold: int
    stopping: str
    full: bool
    votes: int
    needs: int
    examples: int


_ASKED = t.planned.join(t.plans, t.planned.c.plan == t.plans.c.id)
_KINDS = (
    *(t.plans.c.votes, t.plans.c.threshold, t.plans.c.stopping),
    *(_s.full, _s.votes, _s.needs),
)
_ALIKE = (
    select(*_KINDS, func.count())
    .select_from(t.standing.join(_ASKED, t.planned.c.example == _s.example))
    .group_by(*_KINDS)
    .order_by(*_KINDS)
)


def alike(db: Connection) -> list[Alike]:
    """Return how many planned examples stand in each way there is."""
    return [Alike(*row) for row in db.execute(_ALIKE)]


def needs(db: Connection, example: int) -> int:
    """Return how many more votes an example needs at least; 0 also where it is not planned."""
    return db.scalar(select(_s.needs).where(_s.example == example)) or 0


def newest_answers(db: Connection, limit: int) -> list[Row]:
    """Return ``reviewer created_at`` of the newest answers of people, newest first."""
    query = (
        select(_v.reviewer, _v.created_at)
        .where(_v.kind == "person", _v.answer.is_not(None), _v.created_at.is_not(None))
        .order_by(_v.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in db.execute(query).mappings()]


def people(db: Connection, moment: float) -> list[Row]:
    """Return ``id name example until`` of all who review here, and what each holds, by name."""
    query = (
        select(t.reviewers.c.id, t.reviewers.c.name, _l.example, _l.until)
        .outerjoin(t.leases, (_l.reviewer == t.reviewers.c.id) & (_l.until > moment))
        .where(t.reviewers.c.kind == "person")
        .order_by(t.reviewers.c.name)
    )
    return [dict(row) for row in db.execute(query).mappings()]


def events(db: Connection, *, before: int | None, limit: int) -> Sequence[Row]:
    """Return the newest lines of the diary, or those before one of them, newest first."""
    query = select(t.events).order_by(_e.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_e.id < before)
    return [dict(row) for row in db.execute(query).mappings()]
