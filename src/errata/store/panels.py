"""Panels of participants that somebody else recruits: who came by which, and when they are done.

A panel is an invitation for many. Every function works inside the transaction of the connection it
is handed.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from errata.store import tables as t
from errata.store.records import Row, now

_p, _i, _c = t.panels.c, t.invitations.c, t.participants.c

_PANELS = (
    select(t.panels, _i.name, _i.expires, _i.revoked_at)
    .join(t.invitations, _i.id == _p.invitation)
    .order_by(_p.invitation)
)
_OF_NAME = (
    select(_p.answers, _p.code, _p.url, _c.answered)
    .join(t.participants, _c.panel == _p.invitation)
    .order_by(_c.id.desc())
    .limit(1)
)


def add(db: Connection, invitation: int, row: Mapping[str, Any]) -> None:
    """Make a panel of an invitation; the row has ``parameter answers code url``."""
    db.execute(insert(t.panels).values(invitation=invitation, **row))


def every(db: Connection) -> list[Row]:
    """Return all panels, oldest first, with ``name expires revoked_at`` of their invitations."""
    return [dict(row) for row in db.execute(_PANELS).mappings()]


def one(db: Connection, invitation: int) -> Row | None:
    """Return a panel by the number of its invitation."""
    row = db.execute(_PANELS.where(_p.invitation == invitation)).mappings().first()
    return None if row is None else dict(row)


def name_of(db: Connection, panel: int, participant: str) -> str | None:
    """Return the name under which a participant of a panel reviews; None for a new one."""
    known = select(_c.name).where(_c.panel == panel, _c.participant == participant)
    name: str | None = db.scalar(known)
    return name


def enter(db: Connection, panel: int, participant: str, *, name: str, answered: int) -> None:
    """Note down a new participant of a panel, and how many answers they have given before."""
    row = {"panel": panel, "participant": participant, "name": name, "answered": answered}
    db.execute(insert(t.participants).values(**row, created_at=now()))


def newest_of(db: Connection, name: str) -> Row | None:
    """Return ``answers code url answered`` of the panel by which a reviewer came last."""
    row = db.execute(_OF_NAME.where(_c.name == name)).mappings().first()
    return None if row is None else dict(row)


def participants(db: Connection) -> list[Row]:
    """Return ``participant name panel created_at`` of all who came, in the order they came in."""
    query = (
        select(_c.participant, _c.name, _i.name.label("panel"), _c.created_at)
        .join(t.invitations, _i.id == _c.panel)
        .order_by(_c.id)
    )
    return [dict(row) for row in db.execute(query).mappings()]
