"""Who is paused: a row for each reviewer, and one for everybody.

Every function works inside the transaction of the connection it is handed.
"""

from sqlalchemy import Connection, bindparam, delete, insert, or_, select

from errata.store import tables as t
from errata.store.prepared import Prepared
from errata.store.records import now

EVERYBODY = ""
"""The name under which everybody is paused."""

_p = t.pauses.c
_OF = Prepared(
    select(_p.name).where(or_(_p.name == bindparam("me"), _p.name == EVERYBODY)).limit(1)
)


def add(db: Connection, name: str) -> bool:
    """Pause somebody, or `EVERYBODY`; return False where they are paused already."""
    if db.scalar(select(_p.name).where(_p.name == name)) is not None:
        return False
    db.execute(insert(t.pauses).values(name=name, since=now()))
    return True


def remove(db: Connection, name: str) -> bool:
    """Let somebody, or `EVERYBODY`, go on; return False where they were not paused."""
    return db.execute(delete(t.pauses).where(_p.name == name)).rowcount > 0


def of(db: Connection, name: str) -> str | None:
    """Return what pauses a reviewer: their name, or `EVERYBODY`; None where nothing does."""
    found: str | None = _OF.scalar(db, {"me": name})
    return found


def every(db: Connection) -> set[str]:
    """Return all names that are paused, maybe with `EVERYBODY`."""
    return set(db.scalars(select(_p.name)))
