"""Cookies that this server signed: what a browser is asked to remember, and to send to us alone."""

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request
from fastapi.responses import Response

from errata.review.tickets import BadTicketError, Seal


@dataclass(frozen=True, kw_only=True)
class Cookies:
    """Gives and reads cookies; scripts cannot see them, and other sites' pages do not send them.

    Attributes
    ----------
    seal : signs them; its stamp keeps those of two audits at one host apart
    secure : whether browsers send them by https alone
    """

    seal: Seal
    secure: bool = False

    def read(self, request: Request, purpose: str) -> Any:
        """Return what a request's cookie holds; None where there is none, or it is not ours."""
        try:
            return self.seal.read(purpose, request.cookies[self._name(purpose)])
        except (KeyError, BadTicketError):
            return None

    def give(
        self,
        response: Response,
        purpose: str,
        value: object,
        seconds: int,
        *,
        samesite: Literal["lax", "strict"] = "strict",
    ) -> None:
        """Have a browser remember a value for some time."""
        response.set_cookie(
            self._name(purpose),
            self.seal.sign(purpose, value),
            max_age=seconds,
            httponly=True,
            samesite=samesite,
            secure=self.secure,
        )

    def drop(self, response: Response, purpose: str) -> None:
        """Have a browser forget."""
        response.delete_cookie(
            self._name(purpose), httponly=True, samesite="strict", secure=self.secure
        )

    def _name(self, purpose: str) -> str:
        return f"errata-{purpose}-{self.seal.stamp}"
