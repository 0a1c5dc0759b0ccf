"""Maintainers who log in: a row for each account, and for each time that one logged in.

Every function works inside the transaction of the connection it is handed. What a hash is of, and
who may log in, is for the caller to say.
"""

from sqlalchemy import Connection, delete, insert, select, update

from errata.store import tables as t
from errata.store.records import Row, now

_a, _n = t.accounts.c, t.sessions.c


def put(db: Connection, name: str, hash_: str) -> None:
    """Give an account a password, which ends its sessions; a new name is written down."""
    remove(db, name)
    db.execute(insert(t.accounts).values(name=name, hash=hash_, since=now()))


def remove(db: Connection, name: str) -> bool:
    """Remove an account and end its sessions; return whether there was one."""
    db.execute(update(t.sessions).where(_n.name == name).values(ended=True))
    return db.execute(delete(t.accounts).where(_a.name == name)).rowcount > 0


def hash_of(db: Connection, name: str) -> str | None:
    """Return the hash of an account's password; None where there is no account."""
    found: str | None = db.scalar(select(_a.hash).where(_a.name == name))
    return found


def every(db: Connection) -> list[Row]:
    """Return ``name since`` of all accounts, by name."""
    query = select(_a.name, _a.since).order_by(_a.name)
    return [dict(row) for row in db.execute(query).mappings()]


def begin(db: Connection, key: str, *, name: str, expires: float) -> None:
    """Write down that somebody has logged in, under a key that nothing else has."""
    db.execute(insert(t.sessions).values(key=key, name=name, expires=expires, ended=False))


def session(db: Connection, key: str, moment: float) -> str | None:
    """Return whose session it is; None if it has ended or expired."""
    going = select(_n.name).where(_n.key == key, ~_n.ended, _n.expires > moment)
    name: str | None = db.scalar(going)
    return name


def end(db: Connection, key: str) -> None:
    """End a session."""
    db.execute(update(t.sessions).where(_n.key == key).values(ended=True))
