"""Mistakes that people reported of what was published; rows are only ever added.

Every function works inside the transaction of the connection it is handed.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from errata.store import tables as t
from errata.store.records import Row, now

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


def of_example(db: Connection, example: int) -> list[Row]:
    """Return the reports of one example, in the order in which they came in."""
    query = select(t.reports).where(_r.example == example).order_by(_r.id)
    return [dict(row) for row in db.execute(query).mappings()]
