"""Mistakes that people reported of what was published; rows are only ever added.

Every function works inside the transaction of the connection it is handed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from errata.store import tables as t
from errata.store.records import Row, now, parts

_r = t.reports.c


def add(db: Connection, row: Mapping[str, Any]) -> None:
    """Write down a report: ``example label reason version source verdict accepted ... key``."""
    db.execute(insert(t.reports).values(**row, created_at=now()))


def keys(db: Connection) -> set[str]:
    """Return what tells every report from the others."""
    return set(db.scalars(select(_r.key)))


def every(db: Connection) -> list[Row]:
    """Return every report, in the order in which they came in."""
    return [dict(row) for row in db.execute(select(t.reports).order_by(_r.id)).mappings()]


def history(db: Connection, examples: Sequence[int]) -> dict[int, list[Row]]:
    """Return the reports of each of some examples, in the order in which they came in."""
    found: dict[int, list[Row]] = {example: [] for example in examples}
    for part in parts(examples):
        query = select(t.reports).where(_r.example.in_(part)).order_by(_r.id)
        for row in db.execute(query).mappings():
            found[row["example"]].append(dict(row))
    return found
