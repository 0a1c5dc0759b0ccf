"""Who is a maintainer: logins, sessions, links of maintainers, and how often a login may be tried.

A session is known to the audit, so that it can be ended there; its token is signed into a cookie.
Passwords and sessions themselves are for `errata.maintaining`.
"""

import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from fastapi import Request
from fastapi.responses import Response

from errata.audit import Audit
from errata.inviting import Invitation
from errata.maintaining import SESSION_SECONDS
from errata.review.cookies import Cookies
from errata.review.people import Door, NotInvitedError

COOKIE, DEVICE = "maintainer", "device"
YEAR = 365 * 24 * 3600

TRIES_EACH, TRIES_IN_ALL, TRIES_SECONDS = 5, 40, 300.0
"""So many logins may fail in so many seconds: from one address, and from all of them together."""


class TooManyTriesError(Exception):
    """A login was tried too often; it may be tried again in ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many logins have failed. Try again in {seconds} seconds.")
        self.seconds = seconds


class NotAMaintainerError(Exception):
    """A maintainer's page was asked for by somebody who is not logged in as one."""


@dataclass
class Tries:
    """Counts logins, so that passwords cannot be guessed by the thousand.

    Parameters
    ----------
    clock : seconds that only grow

    Examples
    --------
    >>> now = [0.0]
    >>> tries = Tries(clock=lambda: now[0])
    >>> for _ in range(TRIES_EACH):
    ...     tries.take("10.0.0.1")
    >>> tries.take("10.0.0.1")
    Traceback (most recent call last):
        ...
    errata.review.gate.TooManyTriesError: Too many logins have failed. Try again in 300 seconds.
    >>> now[0] = 300.0
    >>> tries.take("10.0.0.1")
    """

    clock: Callable[[], float] = time.monotonic
    _taken: deque[tuple[float, str]] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, address: str) -> None:
        """Count a try, before it is known what comes of it.

        Raises
        ------
        TooManyTriesError
            There were too many; this one is not counted.
        """
        with self._lock:
            now = self.clock()
            while self._taken and self._taken[0][0] + TRIES_SECONDS <= now:
                self._taken.popleft()
            every = [when for when, _ in self._taken]
            own = [when for when, whose in self._taken if whose == address]
            for times, most in ((own, TRIES_EACH), (every, TRIES_IN_ALL)):
                if len(times) >= most:
                    raise TooManyTriesError(math.ceil(times[-most] + TRIES_SECONDS - now))
            self._taken.append((now, address))

    def forgive(self, address: str) -> None:
        """Forget the tries of an address: one of them was right."""
        with self._lock:
            self._taken = deque(one for one in self._taken if one[1] != address)


class Gate:
    """Lets maintainers in, by password, by link, or as whoever started the server.

    Parameters
    ----------
    once : a secret that lets in one person, once: whoever is told it by the server's terminal
    clock : of the tries
    """

    def __init__(
        self,
        audit: Audit,
        door: Door,
        cookies: Cookies,
        *,
        once: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._audit = audit
        self._door = door
        self._cookies = cookies
        self._once = set() if once is None else {once}
        self._clock = clock
        self._strangers, self._known = Tries(clock), Tries(clock)
        self._noted = -math.inf
        # one password at a time: each takes 64 MiB to look at
        self._looking = threading.Lock()

    def who(self, request: Request) -> str | None:
        """Return the maintainer whose session, or whose link, a request carries; None without."""
        token = self._cookies.read(request, COOKIE)
        name = None if token is None else self._audit.session(str(token))
        if name is not None:
            return name
        invitation = self._invitation(request)
        return invitation.name if invitation is not None else None

    def maintainer(self, request: Request) -> str:
        """Return the maintainer; without one, the login comes first."""
        name = self.who(request)
        if name is None:
            raise NotAMaintainerError
        return name

    def log_in(self, request: Request, name: str, password: str) -> str | None:
        """Return the token of a new session; None if name or password is wrong.

        A browser that somebody has logged in with before is counted apart from all others, so that
        nobody else's guesses keep a maintainer out.

        Raises
        ------
        TooManyTriesError
            Too many were wrong lately.
        """
        device = self._cookies.read(request, DEVICE)
        tries = self._strangers if device is None else self._known
        whose = device or (request.client.host if request.client else "")
        try:
            tries.take(whose)
        except TooManyTriesError as error:
            self._note(error.seconds)
            raise
        with self._looking:
            token = self._audit.log_in(name, password)
        if token is not None:
            tries.forgive(whose)
        return token

    def _note(self, seconds: int) -> None:
        """Write a lockout into the diary; not each try of who goes on trying."""
        if self._clock() >= self._noted + TRIES_SECONDS:
            self._noted = self._clock()
            self._audit.note_lockout(seconds)

    def use(self, secret: str) -> str | None:
        """Return the token of a new session for the secret that counts once; None after that."""
        try:
            self._once.remove(secret)
        except KeyError:
            return None
        return self._audit.begin_session()

    def open(
        self, response: Response, token: str, *, samesite: Literal["lax", "strict"] = "strict"
    ) -> Response:
        """Have a browser remember its session, and that somebody has logged in with it.

        Parameters
        ----------
        samesite : ``"lax"`` for who comes by a link on another page, such as a mail, and is to be
            led on with this cookie
        """
        self._cookies.give(response, COOKIE, token, int(SESSION_SECONDS), samesite=samesite)
        self._cookies.give(response, DEVICE, secrets.token_urlsafe(12), YEAR)
        return response

    def shut(self, request: Request, response: Response) -> Response:
        """End a browser's session, here and there; a maintainer's link is forgotten there."""
        token = self._cookies.read(request, COOKIE)
        if token is not None:
            self._audit.end_session(str(token))
        self._cookies.drop(response, COOKIE)
        if self._invitation(request) is not None:
            self._cookies.drop(response, "invitation")
        return response

    def _invitation(self, request: Request) -> Invitation | None:
        """Return the invitation of a maintainer whose link a browser came by."""
        token = self._cookies.read(request, "invitation")
        if token is None:
            return None
        try:
            found = self._door.admit(str(token))
        except NotInvitedError:
            return None
        return found if found.role == "maintainer" else None
