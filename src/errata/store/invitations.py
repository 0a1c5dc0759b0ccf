"""Who was let in: a row for each link or token that was handed out, and whether it still counts."""

from sqlalchemy import Connection, exists, insert, select, update

from errata.store import tables as t
from errata.store.records import Row, now

_i = t.invitations.c


def add(db: Connection, *, name: str, role: str, expires: float) -> int:
    """Note down an invitation; return its number."""
    row = {"name": name, "role": role, "expires": expires, "created_at": now()}
    key = db.execute(insert(t.invitations).values(**row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def one(db: Connection, number: int) -> Row | None:
    """Return an invitation by its number."""
    row = db.execute(select(t.invitations).where(_i.id == number)).mappings().first()
    return None if row is None else dict(row)


def every(db: Connection) -> list[Row]:
    """Return all invitations, oldest first."""
    return [dict(row) for row in db.execute(select(t.invitations).order_by(_i.id)).mappings()]


def of(db: Connection, name: str) -> list[Row]:
    """Return the invitations of a name that are not a panel's, oldest first."""
    panel = exists().where(t.panels.c.invitation == _i.id)
    query = select(t.invitations).where(_i.name == name, ~panel).order_by(_i.id)
    return [dict(row) for row in db.execute(query).mappings()]


def revoke(db: Connection, name: str) -> int:
    """Take back all invitations of a name; return how many counted until now."""
    counted = update(t.invitations).where(_i.name == name, _i.revoked_at.is_(None))
    return db.execute(counted.values(revoked_at=now())).rowcount
