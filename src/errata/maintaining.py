"""The maintainer's side of an audit: accounts, sessions, pauses, and taking back what is held.

`errata.audit.Audit` is made of this and of the verbs. Passwords are hashed by argon2; what a
browser is given to show that somebody has logged in is for `errata.review.gate`.
"""

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from errata.errors import InputError, NameUnknownError, PausedError
from errata.exchange.votes import check_reviewer, one_form
from errata.inviting import Inviting, doer
from errata.store import accounts, pauses, queue, records, voting
from errata.store.database import Database

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1000
"""How many characters a maintainer's password has at least, and at most."""

SESSION_SECONDS = 12 * 3600.0
"""So long a maintainer stays logged in."""

AT_THE_MACHINE = "whoever started the server"
"""Who is logged in by the link that the server prints where it is started."""

ALL_PAUSED = (
    "The review is paused by its maintainer. Nothing is asked just now, and no answer is taken; "
    "what you answered before is kept. Look again later."
)
ONE_PAUSED = (
    "The maintainer of this review has paused you. You are asked nothing just now, and no answer "
    "of yours is taken; what you answered before is kept. Ask whoever invited you."
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """A maintainer who logs in with a password, which they have ``since`` then (ISO 8601)."""

    name: str
    since: str


class Maintaining(Inviting):
    """Accounts, sessions, pauses; `errata.audit.Audit` says what the fields are."""

    _db: Database

    # ------------------------------------------------------------ accounts

    def set_password(self, name: str, password: str) -> None:
        """Give a maintainer a password, in place of an earlier one; their sessions end.

        Raises
        ------
        InputError
            The name cannot be one, or the password is too short or too long.
        """
        name = check_reviewer(name)
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise InputError(
                f"The password has {len(password)} characters; {SHORTEST_PASSWORD} to "
                f"{LONGEST_PASSWORD} were expected. Some words in a row make a good one."
            )
        hash_ = _hasher().hash(password)
        with self._db.write() as db:
            accounts.put(db, name, hash_)
            records.log(db, "set_password", name=name)

    def remove_account(self, name: str) -> None:
        """Remove a maintainer's account and end their sessions; what they did stays.

        Raises
        ------
        NameUnknownError
            There is no such account.
        """
        name = one_form(name)
        with self._db.write() as db:
            if not accounts.remove(db, name):
                raise NameUnknownError(
                    f"There is no account of {name!r}. `errata maintainer AUDIT` lists those there "
                    "are."
                )
            records.log(db, "remove_account", name=name)

    def accounts(self) -> tuple[Account, ...]:
        """Return the maintainers who have a password, by name."""
        with self._db.read() as db:
            return tuple(Account(**row) for row in accounts.every(db))

    # ------------------------------------------------------------ sessions

    def log_in(self, name: str, password: str) -> str | None:
        """Return the token of a new session of a maintainer; None if name or password is wrong.

        It takes as long for a name without an account as for a wrong password. What is kept is a
        hash of the token: nobody who reads the database can go on with a session.
        """
        from argon2.exceptions import VerificationError

        name = one_form(name)
        known = None
        if name.isprintable():  # what is not is no name, and no database need take it
            with self._db.read() as db:
                known = accounts.hash_of(db, name)
        try:
            _hasher().verify(known or _hash_of_nobody(), password)
        except VerificationError:
            return None
        with self._db.write() as db:
            if known is None or accounts.hash_of(db, name) != known:  # changed meanwhile
                return None
            return self._begin(db, name)

    def begin_session(self, name: str = AT_THE_MACHINE) -> str:
        """Return the token of a new session of somebody who needs no password."""
        with self._db.write() as db:
            return self._begin(db, name)

    def _begin(self, db: Connection, name: str) -> str:
        token = secrets.token_urlsafe(32)
        accounts.begin(db, _key(token), name=name, expires=self._now() + SESSION_SECONDS)
        records.log(db, "log_in", **doer(name))
        return token

    def session(self, token: str) -> str | None:
        """Return whose session it is; None if it has ended or expired."""
        with self._db.read() as db:
            return accounts.session(db, _key(token), self._now())

    def end_session(self, token: str) -> None:
        """End a session: who has logged out is not let in by it again."""
        with self._db.write() as db:
            accounts.end(db, _key(token))

    def note_lockout(self, seconds: int) -> None:
        """Write into the diary that so many logins have failed that nobody may try for a while."""
        with self._db.write() as db:
            records.log(db, "lockout", seconds=seconds)

    # ------------------------------------------------------------ pauses and leases

    def pause(self, reviewer: str | None = None, *, by: str | None = None) -> bool:
        """Hand a reviewer, or everybody, nothing more and take no answer of theirs.

        What they hold goes to others; what they answered counts.

        Parameters
        ----------
        reviewer : whom; without it, everybody
        by : the maintainer who does so, for the record

        Returns
        -------
        False, and nothing is changed, if they are paused already
        """
        name = self._whom(reviewer)
        with self._db.write() as db:
            if not pauses.add(db, name):
                return False
            self._release(db, reviewer)
            records.log(db, "pause", reviewer=reviewer, **doer(by))
            return True

    def resume(self, reviewer: str | None = None, *, by: str | None = None) -> bool:
        """Let a reviewer, or everybody, go on; False if they were not paused.

        Who is paused by name stays so when everybody goes on.
        """
        name = self._whom(reviewer)
        with self._db.write() as db:
            if not pauses.remove(db, name):
                return False
            records.log(db, "resume", reviewer=reviewer, **doer(by))
            return True

    def paused(self, reviewer: str | None = None) -> bool:
        """Tell whether everybody is paused, or, with a name, this one is, for either reason."""
        with self._db.read() as db:
            return pauses.of(db, self._whom(reviewer)) is not None

    def release_leases(self, reviewer: str | None = None, *, by: str | None = None) -> int:
        """Take back the example that a reviewer looks at, or all that are looked at.

        They go to whoever asks next; an answer that comes nevertheless still counts if needed.

        Returns
        -------
        how many were held
        """
        self._whom(reviewer)
        with self._db.write() as db:
            released = self._release(db, reviewer)
            records.log(db, "release_leases", reviewer=reviewer, released=released, **doer(by))
        return released

    def _release(self, db: Connection, reviewer: str | None) -> int:
        number = None if reviewer is None else voting.number_of(db, check_reviewer(reviewer))
        if reviewer is not None and number is None:  # they have never been asked
            return 0
        return queue.release(db, number, self._now())

    @staticmethod
    def _whom(reviewer: str | None) -> str:
        return pauses.EVERYBODY if reviewer is None else check_reviewer(reviewer)

    @staticmethod
    def _check_not_paused(db: Connection, reviewer: str) -> None:
        """Refuse a reviewer who is paused, by the name in its one form.

        Raises
        ------
        PausedError
            They are, or everybody is.
        """
        paused = pauses.of(db, reviewer)
        if paused is not None:
            raise PausedError(ALL_PAUSED if paused == pauses.EVERYBODY else ONE_PAUSED)


def _key(token: str) -> str:
    # no salt, nor many rounds: nobody guesses 256 bits of chance
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # only here: few commands need it

    return PasswordHasher()


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    """Return a hash that takes as long to look at as any, and that no password has."""
    return _hasher().hash(secrets.token_urlsafe(32))
