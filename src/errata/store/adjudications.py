"""What maintainers decided where reviewers could not; rows are only ever added.

The newest row of an example holds; one without an answer takes back what was decided. Every
function works inside the transaction of the connection it is handed.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from errata.store import tables as t
from errata.store.records import Row, now, parts

_j = t.adjudications.c
_NEWEST = select(func.max(_j.id)).group_by(_j.example)
_HELD = select(t.adjudications).where(_j.id.in_(_NEWEST), _j.answer.is_not(None))


def add(
    db: Connection,
    *,
    example: int,
    answer: str | None,
    labels: list[int] | None,
    reason: str,
    maintainer: str,
) -> None:
    """Write down what is decided for an example; no answer: nothing any more."""
    row = {"example": example, "answer": answer, "labels": labels, "reason": reason}
    db.execute(insert(t.adjudications).values(**row, maintainer=maintainer, created_at=now()))


def newest(db: Connection, example: int) -> Row | None:
    """Return the newest row of an example, also where it takes back; None where there is none."""
    query = select(t.adjudications).where(_j.example == example).order_by(_j.id.desc()).limit(1)
    row = db.execute(query).mappings().first()
    return None if row is None else dict(row)


def holds(db: Connection, example: int) -> bool:
    """Tell whether something is decided of an example."""
    row = newest(db, example)
    return row is not None and row["answer"] is not None


def count(db: Connection) -> int:
    """Return for how many examples something is decided."""
    return db.scalar(select(func.count()).select_from(_HELD.subquery())) or 0


def held(db: Connection) -> dict[int, Row]:
    """Return what is decided, by example: ``answer labels reason maintainer created_at``."""
    return {row["example"]: dict(row) for row in db.execute(_HELD).mappings()}


def history(db: Connection, examples: Sequence[int]) -> dict[int, list[Row]]:
    """Return all that was decided of each of some examples, and taken back, oldest first."""
    found: dict[int, list[Row]] = {example: [] for example in examples}
    for part in parts(examples):
        query = select(t.adjudications).where(_j.example.in_(part)).order_by(_j.id)
        for row in db.execute(query).mappings():
            found[row["example"]].append(dict(row))
    return found
