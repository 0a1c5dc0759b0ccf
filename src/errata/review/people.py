"""Who is at the other end of a request: signed links, tokens, and what they open.

Knows signatures and invitations, and no HTTP. A link and a token are the same signed number.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from errata.audit import Audit
from errata.errors import InputError
from errata.inviting import Invitation
from errata.panels import PROLIFIC, Panel
from errata.review import HERE
from errata.review.tickets import BadTicketError, Seal, kept_key

KEPT_SECONDS = 10.0
"""So long a token counts without being looked up again: as long as revoking it may take."""

_MOST_KEPT = 10_000

T = TypeVar("T", Invitation, Panel)


class NotInvitedError(Exception):
    """A link or token that opens nothing: never issued, expired, or revoked."""


@dataclass(frozen=True)
class Door:
    """Lets people in who hold a link or a token of an audit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> audit = Audit.create(Path(tempfile.mkdtemp(), "a"), labels=[0, 1], classes=["x", "y"])
    >>> door = Door(audit, Seal("a key kept with the audit"))
    >>> token = door.token_of(audit.invite("Ana"))
    >>> door.admit(token).name
    'Ana'
    >>> door.admit(token + "x")
    Traceback (most recent call last):
        ...
    errata.review.people.NotInvitedError: This link was not made by this audit. Perhaps it ...
    """

    audit: Audit
    seal: Seal
    _admitted: dict[tuple[str, str], tuple[Any, float]] = field(default_factory=dict)

    def token_of(self, invitation: Invitation) -> str:
        """Return what opens the review: the number of the invitation, signed."""
        return self.seal.sign("invitation", invitation.number)

    def panel_token_of(self, panel: Panel) -> str:
        """Return what opens the review for the participants of a panel."""
        return self.seal.sign("panel", panel.number)

    def admit(self, token: str) -> Invitation:
        """Return the invitation that a token stands for.

        Raises
        ------
        NotInvitedError
            It was not issued by this audit, or has expired, or was revoked.
        """
        return self._looked_up("invitation", token, self.audit.invitation)

    def panel(self, token: str) -> Panel:
        """Return the panel that a token stands for.

        Raises
        ------
        NotInvitedError
            It was not issued by this audit, or has expired, or was revoked.
        """
        return self._looked_up("panel", token, self.audit.panel)

    def kept_invitation(self, token: str) -> Invitation | None:
        """Return what `admit` does without looking anything up; None where that is needed."""
        kept: Invitation | None = self._kept("invitation", token)
        return kept

    def kept_panel(self, token: str) -> Panel | None:
        """Return what `panel` does without looking anything up; None where that is needed."""
        kept: Panel | None = self._kept("panel", token)
        return kept

    def _looked_up(self, purpose: str, token: str, look_up: Callable[[int], T | None]) -> T:
        known = self._kept(purpose, token)
        if known is not None:
            return cast("T", known)
        try:
            number = self.seal.read(purpose, token)
        except BadTicketError:
            raise NotInvitedError(
                "This link was not made by this audit. Perhaps it was cut short: open the whole "
                "link that you were sent."
            ) from None
        found = look_up(int(number))
        if found is None:
            raise NotInvitedError(
                "This link does not open the review any more: it has expired, or was taken back. "
                "Ask whoever sent it for a new one."
            )
        if len(self._admitted) > _MOST_KEPT:
            self._admitted.clear()
        self._admitted[purpose, token] = found, time.monotonic() + KEPT_SECONDS
        return found

    def _kept(self, purpose: str, token: str) -> Any:
        kept, until = self._admitted.get((purpose, token), (None, 0.0))
        return kept if time.monotonic() < until else None

    def admit_bearer(self, authorization: str) -> Invitation:
        """Return the invitation in the ``Authorization`` header of a request.

        Raises
        ------
        NotInvitedError
            It holds no token, or one that opens nothing.
        """
        token = _bearer(authorization)
        if not token:
            raise NotInvitedError("A token is needed: `Authorization: Bearer TOKEN`.")
        return self.admit(token)

    def kept_bearer(self, authorization: str) -> Invitation | None:
        """Return the same without looking anything up; None where that is needed."""
        return self.kept_invitation(_bearer(authorization))


def _bearer(authorization: str) -> str:
    """Return the token in a header; empty where there is none."""
    kind, _, token = authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def as_address(url: str) -> str:
    """Return where reviewers reach the server, without a slash at its end.

    Raises
    ------
    InputError
        It is no address of a server, or one of a page there: the pages stand at its root.

    Examples
    --------
    >>> as_address("https://reviews.example.org/")
    'https://reviews.example.org'
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # such as a port that is none
        known = False
    if not known or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise InputError(
            f"{url!r} is no address of a review server: http or https, a host and perhaps a port "
            "were expected, such as https://reviews.example.org. The pages stand at its root, so "
            "there is no path."
        )
    return url.rstrip("/")


def link_of(audit: Audit, invitation: Invitation, *, url: str = HERE) -> str:
    """Return the link that opens the review for somebody invited.

    Parameters
    ----------
    url : where reviewers reach the server

    Raises
    ------
    InputError
        The address is none, see `as_address`.
    """
    door = Door(audit, Seal(kept_key(audit.path)))
    return f"{as_address(url)}/join/{door.token_of(invitation)}"


def panel_link(audit: Audit, panel: Panel, *, url: str = HERE) -> str:
    """Return the link for the participants of a panel, whose ids the panel writes into it.

    Parameters
    ----------
    url : where reviewers reach the server

    Raises
    ------
    InputError
        As of `link_of`.
    """
    token = Door(audit, Seal(kept_key(audit.path))).panel_token_of(panel)
    filled = "{{%PROLIFIC_PID%}}" if panel.parameter == PROLIFIC else "ID"
    return f"{as_address(url)}/panel/{token}?{panel.parameter}={filled}"
