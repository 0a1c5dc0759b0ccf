"""How far an audit's reviewing is, counted in the database: few rows, however many votes.

Every function works inside the transaction of the connection it is handed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, func, or_, select

from errata.store import tables as t
from errata.store.records import Row

_s, _v, _l, _e, _r = t.standing.c, t.votes.c, t.leases.c, t.events.c, t.reviewers.c

_PART = 10_000
"""Of so many examples it is asked at once: a statement takes some 32,000 values."""


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

    @property
    def asked(self) -> tuple[int, int, str, bool]:
        """How they are asked about."""
        return self.wanted, self.threshold, self.stopping, self.full


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


def needing(db: Connection, examples: Sequence[int]) -> set[int]:
    """Return those of some examples that need more votes."""
    parts = (examples[begin : begin + _PART] for begin in range(0, len(examples), _PART))
    return {
        example
        for part in parts
        for example in db.scalars(select(_s.example).where(_s.example.in_(part), _s.needs > 0))
    }


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


_WAS_ASKED = or_(exists().where(_l.reviewer == _r.id), exists().where(t.skips.c.reviewer == _r.id))
_PEOPLE = select(_r.id, _r.name).where(
    # whose first votes were imported may review here, too
    or_(_r.kind == "person", and_(_r.kind == "imported", _WAS_ASKED))
)
_HOLDING = select(_r.name, _l.example).select_from(t.leases.join(t.reviewers, _l.reviewer == _r.id))


def people(db: Connection) -> dict[int, str]:
    """Return all who review here, or were asked to: their names, by their numbers."""
    return {row.id: row.name for row in db.execute(_PEOPLE)}


def holding(db: Connection, moment: float) -> dict[str, int]:
    """Return which example each reviewer looks at."""
    return {row.name: row.example for row in db.execute(_HOLDING.where(_l.until > moment))}


def came_by(db: Connection) -> dict[int, int]:
    """Return how many participants came by each panel, by its number."""
    panel = t.participants.c.panel
    return {row[0]: row[1] for row in db.execute(select(panel, func.count()).group_by(panel))}


def events(db: Connection, *, before: int | None, limit: int) -> Sequence[Row]:
    """Return the newest lines of the diary, or those before one of them, newest first."""
    query = select(t.events).order_by(_e.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_e.id < before)
    return [dict(row) for row in db.execute(query).mappings()]
