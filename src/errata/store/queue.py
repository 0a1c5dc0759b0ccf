"""What a reviewer is asked next: who is looking at which example, and for how long.

An example is handed out to as many reviewers at once as it needs votes, so that however many
people work at the same moment, nobody is asked in vain. A reviewer holds one example at a time, by
a lease that runs out; then it is handed to others. Every function works inside the transaction of
the connection it is handed. How many votes an example needs is for the caller to say, see
`set_needs`.

Where others write at the same time (see `errata.store.postgres`), rows of ``standing`` are locked:
of the example voted on by `lock`, of the one handed out by `_claim`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)

from errata.store import tables as t
from errata.store.postgres import others_write
from errata.store.prepared import Prepared

_v, _s, _l, _k = t.votes.c, t.standing.c, t.leases.c, t.skips.c
_ME: Any = bindparam("me")
_NOW: Any = bindparam("now")
_EXAMPLE: Any = bindparam("example")
_BESIDES: Any = bindparam("besides")
_NONE = -1
"""The number of no example."""


@dataclass(frozen=True)
class Lease:
    """The example that a reviewer holds, and until when, in seconds since 1970."""

    example: int
    until: float


@dataclass(frozen=True)
class Waiting:
    """What a reviewer could still be asked about, and when the first is free at the latest."""

    examples: int
    until: float | None


# ---------------------------------------------------------------- the parts of statements


def _revision(example: Any) -> Any:
    """Return the newest revision of the reviewer's vote on an example; 0 if there is none."""
    newest = select(func.max(_v.revision)).where(_v.reviewer == _ME, _v.example == example)
    return func.coalesce(newest.scalar_subquery(), 0)


def _answered(example: Any) -> Any:
    """Tell whether the reviewer holds a vote on an example."""
    return _revision(example) % 2 == 1


def _one_if(condition: Any) -> Any:
    return case((condition, 1), else_=0)


_OPEN = _s.needs > literal_column("0")
"""Its index is partial, and SQLite prepares anew whatever compares that with a parameter."""

_OTHERS = (
    select(func.count())
    .where(_l.example == _s.example, _l.until > _NOW, _l.reviewer != _ME)
    .correlate(t.standing)
    .scalar_subquery()
)
"""How many others hold the example of a row of `standing`."""

_WANTED = and_(_OPEN, _s.needs > _OTHERS, _s.example != _BESIDES)

_SKIPS = (
    select(_k.example, func.max(_k.revision).label("revision"), func.max(_k.id).label("row"))
    .where(_k.reviewer == _ME)
    .group_by(_k.example)
    .subquery()
)
"""The newest skip of the reviewer for each example."""

_STILL_SKIPPED = and_(_SKIPS.c.revision % 2 == 0, _SKIPS.c.revision == _revision(_SKIPS.c.example))
"""They have not voted since."""


# ---------------------------------------------------------------- what each example needs

_SET_NEEDS = (
    update(t.standing)
    .where(_s.example == bindparam("one"))
    .values(votes=bindparam("held"), needs=bindparam("more"))
)
_SET_NEEDS_OF_ONE = Prepared(_SET_NEEDS)
_COUNT_OPEN = update(t.counts).values(
    open=select(func.count()).select_from(t.standing).where(_OPEN).scalar_subquery()
)
_WAS_OPEN = select(_one_if(_OPEN)).where(_s.example == bindparam("one")).scalar_subquery()
_IS_OPEN = _one_if(bindparam("more", type_=Integer) > literal_column("0"))
_SHIFT_OPEN = Prepared(
    update(t.counts)
    .values(open=t.counts.c.open + _IS_OPEN - _WAS_OPEN)
    .where(_IS_OPEN != _WAS_OPEN)
)


def set_needs(db: Connection, rows: Sequence[Mapping[str, int]]) -> None:
    """Note down how many votes of examples count now, and how many more they need at least.

    Each row has ``example votes needs``.
    """
    found = [{"one": row["example"], "held": row["votes"], "more": row["needs"]} for row in rows]
    if len(found) == 1:  # a million need not be counted for one
        _SHIFT_OPEN.change(db, found[0])
        _SET_NEEDS_OF_ONE.change(db, found[0])
    elif found:
        db.execute(_SET_NEEDS, found)
        count_open(db)


def count_open(db: Connection) -> None:
    """Count anew how many examples need votes, after examples were planned."""
    db.execute(_COUNT_OPEN)


_LOCK = select(_s.place).where(_s.example == _EXAMPLE).with_for_update()


def lock(db: Connection, example: int) -> None:
    """Wait for our turn with an example; until the transaction ends, nobody else has one."""
    if others_write(db):
        db.execute(_LOCK, {"example": example})


# ---------------------------------------------------------------- leases

_LEASE = Prepared(
    select(_l.example, _l.until)
    .join(t.standing, _s.example == _l.example)
    .where(_l.reviewer == _ME, _l.until > _NOW, _OPEN, ~_answered(_l.example))
)
_PLACE = select(_s.place).where(_s.example == _EXAMPLE).scalar_subquery()
_RENEWED = {"example": _EXAMPLE, "place": _PLACE, "until": bindparam("end")}
_HOLD_ON = Prepared(update(t.leases).where(_l.reviewer == _ME).values(**_RENEWED))
_HOLD = Prepared(insert(t.leases).values(reviewer=_ME, **_RENEWED))
_LET_GO = update(t.leases).where(_l.reviewer == _ME).values(until=0.0)
_HOLDS = exists().where(_l.reviewer == _ME, _l.example == _EXAMPLE, _l.until > _NOW)
_MAY_ANSWER = Prepared(select(_s.needs > _OTHERS, _HOLDS).where(_s.example == _EXAMPLE, _OPEN))


def lease(db: Connection, reviewer: int, now: float) -> Lease | None:
    """Return what a reviewer holds and may still answer; None if that is nothing."""
    row = _LEASE.first(db, {"me": reviewer, "now": now})
    return None if row is None else Lease(*row)


def take(db: Connection, reviewer: int, *, now: float, seconds: float) -> int | None:
    """Hand a reviewer the example that comes next, and return it; None if there is none.

    That is the one they hold; else what they took back; else the next they have not seen, in the
    order of the plan, and from its beginning after its end; last what they skipped.
    """
    held = lease(db, reviewer, now)
    if held is not None:
        if held.until - now < seconds / 2:
            hold(db, reviewer, held.example, until=now + seconds)
        return held.example
    return take_another(db, reviewer, now=now, seconds=seconds, patient=True)


def take_another(
    db: Connection, reviewer: int, *, now: float, seconds: float, patient: bool = False
) -> int | None:
    """Hand a reviewer who has done with what they held the example that comes next.

    Parameters
    ----------
    patient : wait for examples that are just being handed to others, in case these are free after
        all; not for those who have locked an example in this transaction
    """
    find = _claim if others_write(db) else following
    example = find(db, reviewer, now=now)
    if example is None and patient and others_write(db):
        example = _claim_waiting(db, reviewer, now=now)
    if example is None:
        let_go(db, reviewer)
    else:
        hold(db, reviewer, example, until=now + seconds)
    return example


def hold(db: Connection, reviewer: int, example: int, *, until: float) -> None:
    """Give a reviewer an example to look at, in place of what they held."""
    row = {"me": reviewer, "example": example, "end": until}
    if not _HOLD_ON.change(db, row):
        _HOLD.change(db, row)


def let_go(db: Connection, reviewer: int) -> None:
    """Take back what a reviewer holds; where they were is kept."""
    db.execute(_LET_GO, {"me": reviewer})


def release(db: Connection, reviewer: int | None, now: float) -> int:
    """Take back what a reviewer holds, or all of them hold; return how many held something."""
    held = update(t.leases).where(_l.until > now).values(until=0.0)
    if reviewer is not None:
        held = held.where(_l.reviewer == reviewer)
    return db.execute(held).rowcount


def may_answer(db: Connection, reviewer: int, example: int, now: float) -> tuple[bool, bool]:
    """Tell whether an example needs the vote of a reviewer, and whether they hold it.

    It does if they hold it, or if it needs more votes than others look at it now. This stays so
    until the transaction ends.
    """
    lock(db, example)
    row = _MAY_ANSWER.first(db, {"me": reviewer, "example": example, "now": now})
    return (False, False) if row is None else (bool(row[0] or row[1]), bool(row[1]))


# ---------------------------------------------------------------- what comes next

_later = t.votes.alias()
_TAKEN_BACK = (
    select(_v.example)
    .join(t.standing, _s.example == _v.example)
    .where(
        *(_v.reviewer == _ME, _v.answer.is_(None), _WANTED),
        ~exists().where(
            _later.c.reviewer == _ME,
            _later.c.example == _v.example,
            _later.c.revision == _v.revision + 1,
        ),
        ~exists().where(_k.reviewer == _ME, _k.example == _v.example, _k.revision == _v.revision),
    )
    .order_by(_v.id.desc())
    .limit(1)
)
_mine = t.leases.alias()
_CURSOR = func.coalesce(select(_mine.c.place).where(_mine.c.reviewer == _ME).scalar_subquery(), 0)
_FRESH = (
    select(_s.example)
    .where(
        _WANTED,
        ~exists().where(_v.reviewer == _ME, _v.example == _s.example),
        ~exists().where(_k.reviewer == _ME, _k.example == _s.example),
    )
    .order_by(_s.place)
    .limit(1)
)
_SKIPPED = (
    select(_SKIPS.c.example)
    .join(t.standing, _s.example == _SKIPS.c.example)
    .where(_WANTED, _STILL_SKIPPED)
    .order_by(_SKIPS.c.row)
    .limit(1)
)
_IN_ORDER = (
    _TAKEN_BACK,
    _FRESH.where(_s.place > _CURSOR),
    _FRESH.where(_s.place <= _CURSOR),
    _SKIPPED,
)
_FOLLOWING = Prepared(
    union_all(  # none of them is looked for where one before it is found
        *(select(some.subquery().c.example) for some in _IN_ORDER)
    ).limit(1)
)
_FREE = tuple(some.with_for_update(of=t.standing, skip_locked=True) for some in _IN_ORDER)
_STILL = select(_s.example).where(_s.example == _EXAMPLE, _WANTED)

_SKIPPED_AT = select(_SKIPS.c.row).where(_SKIPS.c.example == _EXAMPLE, _STILL_SKIPPED)


def skipped_at(db: Connection, reviewer: int, example: int) -> int | None:
    """Return the number of a reviewer's newest skip of an example, if it is skipped still."""
    row: int | None = db.scalar(_SKIPPED_AT, {"me": reviewer, "example": example})
    return row


def following(
    db: Connection, reviewer: int, *, now: float, besides: int | None = None
) -> int | None:
    """Return what would be handed to a reviewer who holds nothing, and hand out nothing.

    Parameters
    ----------
    besides : an example to pass over
    """
    asked = {"me": reviewer, "now": now, "besides": _NONE if besides is None else besides}
    example: int | None = _FOLLOWING.scalar(db, asked)
    return example


def _claim(db: Connection, reviewer: int, *, now: float) -> int | None:
    """Return what comes next, locked; examples that others have locked are passed over."""
    asked = {"me": reviewer, "now": now, "besides": _NONE}
    for some in _FREE:
        while (example := db.scalar(some, asked)) is not None:
            if _still_wanted(db, example, asked):
                return int(example)
    return None


def _claim_waiting(db: Connection, reviewer: int, *, now: float) -> int | None:
    """Return what comes next, locked, after waiting for those who have locked it."""
    asked = {"me": reviewer, "now": now, "besides": _NONE}
    while (example := _FOLLOWING.scalar(db, asked)) is not None:
        attempt = db.begin_nested()  # which gives the lock back where it was in vain
        lock(db, example)
        if _still_wanted(db, example, asked):
            return int(example)
        attempt.rollback()
    return None


def _still_wanted(db: Connection, example: int, asked: Mapping[str, Any]) -> bool:
    """Tell whether a locked example is free: what chose it was perhaps older than the lock."""
    return db.scalar(_STILL, {**asked, "example": example}) is not None


# ---------------------------------------------------------------- how far it is

_newest = (
    select(_v.example, func.max(_v.revision).label("revision"))
    .where(_v.reviewer == _ME)
    .group_by(_v.example)
    .subquery()
)
_held = (
    select(_s.needs)
    .join(_newest, _newest.c.example == _s.example)
    .where(_newest.c.revision % 2 == 1)
    .subquery()
)
_PROGRESS = Prepared(
    select(
        func.count(),
        func.count().filter(_held.c.needs > 0),
        select(t.counts.c.open).scalar_subquery(),
        select(func.count())
        .select_from(_SKIPS)
        .join(t.standing, _s.example == _SKIPS.c.example)
        .where(_OPEN, _STILL_SKIPPED)
        .scalar_subquery(),
    ).select_from(_held)
)
_WAITING = (
    select(func.count(_s.example.distinct()), func.min(_l.until))
    .join(t.leases, _l.example == _s.example)
    .where(
        *(_OPEN, _l.until > _NOW, _l.reviewer != _ME),
        *(_s.example != _BESIDES, ~_answered(_s.example)),
    )
)


def progress(db: Connection, reviewer: int) -> tuple[int, int, int]:
    """Return how many a reviewer has answered, can answer in all, and has skipped."""
    answered, open_of_these, open_, skipped = _PROGRESS.first(db, {"me": reviewer})
    return answered, answered + open_ - open_of_these, skipped


def waiting(db: Connection, reviewer: int, now: float) -> Waiting:
    """Return what a reviewer could still be asked about, for whom there was nothing a moment ago.

    That is what others look at; where they have let go of some since, one of these counts, too, and
    is free now.
    """
    free = following(db, reviewer, now=now)
    asked = {"me": reviewer, "now": now, "besides": _NONE if free is None else free}
    examples, until = db.execute(_WAITING, asked).one()
    return Waiting(examples, until) if free is None else Waiting(examples + 1, now)
