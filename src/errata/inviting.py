"""The people side of an audit: who was invited to review, until when, and in which role.

`errata.audit.Audit` is made of this and of the verbs. A link or token holds the number of an
invitation, signed; whether it counts is looked up here, so that it can be revoked. A server looks
again after `errata.review.people.KEPT_SECONDS`.
"""

import shlex
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from errata.arrays import as_choice
from errata.errors import InputError, NameUnknownError
from errata.exchange.votes import check_reviewer
from errata.store import invitations, records
from errata.store.database import Database

Role = Literal["reviewer", "maintainer"]
ROLES: tuple[Role, ...] = ("reviewer", "maintainer")

DAY = 24 * 3600.0
MOST_DAYS = 36_500
_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """Somebody who may review, or (a maintainer) bring votes from elsewhere too.

    Attributes
    ----------
    number : what its link holds, signed
    name : under which their votes are recorded
    expires : in seconds since 1970
    revoked : whether it was taken back
    """

    number: int
    name: str
    role: Role
    expires: float
    revoked: bool

    @property
    def until(self) -> str:
        """When it expires, ISO 8601 in UTC, to the minute."""
        # audits of before `MOST_DAYS` may hold later times than a calendar does
        return datetime.fromtimestamp(min(self.expires, _LATEST), UTC).isoformat(timespec="minutes")


def as_role(word: str) -> Role:
    """Return a role.

    Raises
    ------
    NameUnknownError
        There is none of this name.
    """
    return as_choice("role", word, ROLES)


class Inviting:
    """Invitations; `errata.audit.Audit` says what the fields are."""

    _db: Database

    def _now(self) -> float:
        return time.time()

    def invite(self, name: str, *, role: Role = "reviewer", days: float = 30) -> Invitation:
        """Invite somebody to review under a name; their earlier invitations stay as they are.

        `errata.review.people.link_of` makes the link of it. `invite_once` makes no second one.

        Raises
        ------
        InputError
            The name cannot be one, or ``days`` is not above 0, or above `MOST_DAYS`.
        """
        name, expires = check_reviewer(name), self._now() + seconds_of(days)
        with self._db.write() as db:
            return _add(db, name, role, expires)

    def invite_once(
        self, name: str, *, role: Role = "reviewer", days: float = 30
    ) -> tuple[Invitation, bool]:
        """Return an invitation of a name that counts, and whether it was made for this.

        A second link would stay where the first is given up, and who holds two may be two people.

        Raises
        ------
        InputError
            As of `invite`; or the name has an invitation in another role.
        """
        name, expires = check_reviewer(name), self._now() + seconds_of(days)
        with self._db.write() as db:
            every = map(_as_invitation, invitations.of(db, name))
            standing = [one for one in every if self._counts(one)]
            if not standing:
                return _add(db, name, role, expires), True
        alike = [one for one in standing if one.role == role]
        if not alike:
            had = standing[-1]
            raise InputError(
                f"{name} has a link as {had.role} that counts until {had.until}, so none was made "
                f"as {role}. Take that one back first: `errata invite AUDIT {shlex.quote(name)} "
                "--revoke`."
            )
        return alike[-1], False

    def invitation(self, number: int) -> Invitation | None:
        """Return an invitation that counts: neither revoked nor expired; else None."""
        with self._db.read() as db:
            row = invitations.one(db, number)
        if row is None or not self._counts(_as_invitation(row)):
            return None
        return _as_invitation(row)

    def _counts(self, one: Invitation) -> bool:
        """Tell whether an invitation lets somebody in: neither revoked nor expired."""
        return not one.revoked and one.expires > self._now()

    def invitations(self) -> tuple[Invitation, ...]:
        """Return all invitations, oldest first."""
        with self._db.read() as db:
            return tuple(map(_as_invitation, invitations.every(db)))

    def revoke(self, name: str, *, by: str | None = None) -> int:
        """Take back the invitations of a name; return how many. Votes that were cast stay.

        Parameters
        ----------
        by : the maintainer who does so, for the record

        Raises
        ------
        NameUnknownError
            Nobody of this name was invited.
        """
        name = check_reviewer(name)
        with self._db.write() as db:
            if not any(row["name"] == name for row in invitations.every(db)):
                raise NameUnknownError(
                    f"Nobody called {name!r} was invited. `errata invite AUDIT` lists who was."
                )
            revoked = invitations.revoke(db, name)
            records.log(db, "revoke", name=name, invitations=revoked, **doer(by))
        return revoked


def seconds_of(days: float) -> float:
    """Return how many seconds a link counts that counts for some days.

    Raises
    ------
    InputError
        These are none, or more than `MOST_DAYS`.

    Examples
    --------
    >>> seconds_of(0.5)
    43200.0
    """
    if not 0 < days <= MOST_DAYS:
        raise InputError(
            f"days is {days}; a link counts for some time, such as 30, and for {MOST_DAYS:,} days "
            "at most."
        )
    return days * DAY


def doer(by: str | None) -> dict[str, str]:
    """Return what a line of the diary says of who did it; nothing where it is not said."""
    return {} if by is None else {"by": by}


def _add(db: Connection, name: str, role: Role, expires: float) -> Invitation:
    number = invitations.add(db, name=name, role=role, expires=expires)
    records.log(db, "invite", name=name, role=role, number=number)
    return Invitation(number=number, name=name, role=role, expires=expires, revoked=False)


def _as_invitation(row: dict[str, object]) -> Invitation:
    return Invitation(
        number=int(str(row["id"])),
        name=str(row["name"]),
        role="maintainer" if row["role"] == "maintainer" else "reviewer",
        expires=float(str(row["expires"])),
        revoked=row["revoked_at"] is not None,
    )
