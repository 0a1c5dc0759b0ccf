"""Gold: examples whose answer is known, who is asked about them at which rate, and the answers.

Reviewers answer, skip and take back as they do with candidates, but in tables of their own, so that
no vote comes of it. An example that is planned later is a candidate, and gold no more. Every
function works inside the transaction of the connection it is handed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, select

from errata.store import tables as t
from errata.store.records import Row, now

_g, _a, _k, _v = t.gold.c, t.gold_answers.c, t.gold_skips.c, t.votes.c
_ME: Any = bindparam("me")
_EXAMPLE: Any = bindparam("example")

_IN_FORCE = ~exists().where(t.planned.c.example == _g.example)


def _revision(example: Any) -> Any:
    """Return the newest revision of the reviewer's answer to an example; 0 if there is none."""
    newest = select(func.max(_a.revision)).where(_a.reviewer == _ME, _a.example == example)
    return func.coalesce(newest.scalar_subquery(), 0)


_SKIPS = (
    select(_k.example, func.max(_k.revision).label("revision"), func.max(_k.id).label("row"))
    .where(_k.reviewer == _ME)
    .group_by(_k.example)
    .subquery()
)
_STILL_SKIPPED = and_(_SKIPS.c.revision == _revision(_SKIPS.c.example), _SKIPS.c.revision % 2 == 0)
"""They have not answered since."""


# ---------------------------------------------------------------- what there is


def add(db: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add gold examples; each row has ``example given suggested answer source``."""
    if rows:
        db.execute(insert(t.gold), [{**row, "created_at": now()} for row in rows])


def every(db: Connection) -> dict[int, Row]:
    """Return all gold examples, those planned since among them."""
    rows = db.execute(select(t.gold).order_by(_g.id)).mappings()
    return {row["example"]: dict(row) for row in rows}


def one(db: Connection, example: int) -> Row | None:
    """Return a gold example; None where it is none."""
    row = db.execute(select(t.gold).where(_g.example == example)).mappings().first()
    return None if row is None else dict(row)


def among(db: Connection, examples: Sequence[int]) -> set[int]:
    """Return those of some examples that are gold."""
    return set(db.scalars(select(_g.example).where(_g.example.in_(examples))))


def set_rate(db: Connection, rate: float) -> None:
    """Note down how much of what a reviewer is asked is gold from now on."""
    db.execute(insert(t.gold_rates).values(rate=rate, created_at=now()))


def rate(db: Connection) -> float:
    """Return how much of what a reviewer is asked is gold; 0 where nobody has said."""
    newest = select(t.gold_rates.c.rate).order_by(t.gold_rates.c.id.desc()).limit(1)
    return db.scalar(newest) or 0.0


def count(db: Connection) -> int:
    """Return how many gold examples there are to ask about."""
    return db.scalar(select(func.count()).select_from(t.gold).where(_IN_FORCE)) or 0


# ---------------------------------------------------------------- where a reviewer is


class Turn(NamedTuple):
    """How many candidates and gold examples a reviewer holds answers to, and has skipped."""

    votes: int
    answered: int
    skipped: int


def _held(column: Any) -> Any:
    """Count what a reviewer holds: each answer less each withdrawal."""
    table = column.table
    mine = select(func.count()).select_from(table).where(table.c.reviewer == _ME)
    withdrawn = mine.where(table.c.answer.is_(None)).scalar_subquery()
    return mine.scalar_subquery() - 2 * withdrawn


_TURN = select(
    _held(_v.id).label("votes"),
    _held(_a.id).label("answered"),
    select(func.count()).select_from(_SKIPS).where(_STILL_SKIPPED).scalar_subquery(),
)
_UNSEEN = select(_g.example).where(
    _IN_FORCE,
    _revision(_g.example) % 2 == 0,
    ~exists().where(_SKIPS.c.example == _g.example, _STILL_SKIPPED),
)
_FIRST_SKIPPED = (
    select(_k.example, _k.skip)
    .join(_SKIPS, _SKIPS.c.row == _k.id)
    .where(_STILL_SKIPPED)
    .order_by(_k.id)
    .limit(1)
)


def turn(db: Connection, reviewer: int) -> Turn:
    """Return how many answers a reviewer holds, and how many gold examples are skipped."""
    return Turn(*db.execute(_TURN, {"me": reviewer}).one())


def unseen(db: Connection, reviewer: int) -> list[int]:
    """Return the gold examples that a reviewer has neither answered nor skipped."""
    return list(db.scalars(_UNSEEN, {"me": reviewer}))


def first_skipped(db: Connection, reviewer: int) -> tuple[int, int] | None:
    """Return the gold example that was skipped longest ago, and the newest of all skips then."""
    row = db.execute(_FIRST_SKIPPED, {"me": reviewer}).first()
    return None if row is None else (row.example, row.skip)


# ---------------------------------------------------------------- answers

_NEWEST_VOTE = func.coalesce(select(func.max(_v.id)).scalar_subquery(), 0)
_NEWEST_SKIP = func.coalesce(select(func.max(t.skips.c.id)).scalar_subquery(), 0)
_KNOWN = select(_revision(_EXAMPLE), exists().where(_a.reviewer == _ME, _a.key == bindparam("key")))
_later, _withdrawal = t.gold_answers.alias(), t.votes.alias()
_HELD = and_(
    _a.answer.is_not(None),
    ~exists().where(
        _later.c.reviewer == _a.reviewer,
        _later.c.example == _a.example,
        _later.c.revision == _a.revision + 1,
    ),
)
_LAST = select(t.gold_answers).where(_a.reviewer == _ME, _HELD).order_by(_a.id.desc()).limit(1)
_VOTED_SINCE = select(
    exists().where(
        *(_v.reviewer == _ME, _v.id > bindparam("vote"), _v.kind == "person"),
        _v.answer.is_not(None),
        ~exists().where(
            _withdrawal.c.reviewer == _v.reviewer,
            _withdrawal.c.example == _v.example,
            _withdrawal.c.revision == _v.revision + 1,
        ),
    )
)


def answer(
    db: Connection,
    *,
    example: int,
    reviewer: int,
    answer: str,
    said: str | None,
    first: str,
    key: str,
) -> bool:
    """Add an answer to a gold example; False, and nothing is added, where there is one."""
    asked = {"me": reviewer, "example": example, "key": key}
    revision, known = db.execute(_KNOWN, asked).one()
    if revision % 2 or known:
        return False
    row = {"answer": answer, "said": said, "first": first, "key": key}
    _add(db, example, reviewer, revision + 1, row)
    return True


def withdraw(db: Connection, reviewer: int) -> int | None:
    """Withdraw the newest answer of a reviewer if it is to gold; return its example, or None."""
    last = db.execute(_LAST, {"me": reviewer}).first()
    if last is None or db.scalar(_VOTED_SINCE, {"me": reviewer, "vote": last.vote}):
        return None
    row = {"answer": None, "said": None, "first": None, "key": f"withdraws {last.id}"}
    _add(db, last.example, reviewer, last.revision + 1, row)
    return int(last.example)


def _add(
    db: Connection, example: int, reviewer: int, revision: int, row: Mapping[str, Any]
) -> None:
    where = {"example": example, "reviewer": reviewer, "revision": revision}
    new = insert(t.gold_answers).values(**where, **row, vote=_NEWEST_VOTE, created_at=now())
    db.execute(new)


def skip(db: Connection, reviewer: int, example: int) -> None:
    """Put a gold example at the end of a reviewer's queue."""
    revision = db.scalar(select(_revision(_EXAMPLE)), {"me": reviewer, "example": example})
    row = {"example": example, "reviewer": reviewer, "revision": revision, "created_at": now()}
    db.execute(insert(t.gold_skips).values(**row, skip=_NEWEST_SKIP))


def held(db: Connection) -> Iterable[Row]:
    """Return the answers that count, with ``name`` and the ``known`` answer, oldest first."""
    query = (
        select(_a.example, _a.answer, t.reviewers.c.name, _g.answer.label("known"))
        .join(t.gold, _g.example == _a.example)
        .join(t.reviewers, t.reviewers.c.id == _a.reviewer)
        .where(_HELD, _IN_FORCE)
        .order_by(_a.id)
    )
    return [dict(row) for row in db.execute(query).mappings()]
