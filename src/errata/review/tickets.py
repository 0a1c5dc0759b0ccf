"""Signed tickets: what a page showed to whom, so that a page counts for one vote at most.

Knows how to sign and to read; what follows from a ticket is for `errata.review.app` to decide.
"""

import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from errata.exchange.pseudonyms import kept_secret


class BadTicketError(Exception):
    """A ticket or a cookie that this audit did not issue, or not to this reviewer."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What one page showed to one reviewer.

    A ticket is signed, not hidden, so it names the two classes in the order in which they
    stood on the page, and not which of them is the given one.

    Parameters
    ----------
    reviewer : whom the page was made for
    example : row of the example shown; None on the page that ends the queue
    shown : classes of the answers (a) and (b); empty where no example is shown
    answered : how many votes of the reviewer counted when the page was made
    nonce : random; the idempotency key of the vote
    """

    reviewer: str
    example: int | None
    shown: tuple[int, ...]
    answered: int
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(12))


class Seal:
    """Signs and reads with the key of one audit; what is signed for one purpose fits no other.

    Examples
    --------
    >>> seal = Seal("a key kept with the audit")
    >>> ticket = Ticket(reviewer="Ana", example=7, shown=(3, 5), answered=0)
    >>> seal.read_ticket(seal.sign_ticket(ticket), reviewer="Ana") == ticket
    True
    >>> seal.read("cookie", seal.sign_ticket(ticket))
    Traceback (most recent call last):
        ...
    errata.review.tickets.BadTicketError: This page was not made by this audit's review server.
    """

    def __init__(self, secret: str) -> None:
        self._for = lru_cache(
            lambda purpose: URLSafeSerializer(secret, salt=f"errata.review.{purpose}")
        )
        # All ports of one host share cookies and the browser's cache: the stamp keeps the
        # reviewers and the pictures of two audits apart.
        self.stamp = self.sign("stamp", None).rpartition(".")[2][:10]

    def sign(self, purpose: str, value: object) -> str:
        """Return a value (strings, integers, None, and lists of them) as signed text."""
        return str(self._for(purpose).dumps(value))

    def read(self, purpose: str, text: str) -> Any:
        """Return the value in a signed text; `BadTicketError` if not signed here for this."""
        try:
            return self._for(purpose).loads(text)
        except (BadData, UnicodeEncodeError) as error:  # half of a character is in no signature
            raise BadTicketError("This page was not made by this audit's review server.") from error

    def sign_ticket(self, ticket: Ticket) -> str:
        """Return a ticket as signed text."""
        shown = list(ticket.shown)
        return self.sign(
            "ticket", [ticket.reviewer, ticket.example, shown, ticket.answered, ticket.nonce]
        )

    def read_ticket(self, text: str, *, reviewer: str) -> Ticket:
        """Return the ticket in a signed text; `BadTicketError` unless it is the reviewer's."""
        owner, example, shown, answered, nonce = self.read("ticket", text)
        if owner != reviewer:
            raise BadTicketError(
                f"This page was opened by the reviewer {owner!r}, but you are {reviewer!r} now."
            )
        return Ticket(
            reviewer=owner, example=example, shown=tuple(shown), answered=answered, nonce=nonce
        )


def kept_key(folder: Path) -> str:
    """Return the signing key kept in a folder, for the owner's eyes only; the first call makes it.

    It outlives the server, so that a page opened before a restart can still be answered.
    """
    return kept_secret(folder / "review.key")
