"""What every request and every response of the review server has to satisfy.

Knows HTTP and nothing about audits. The server listens on this machine only; the checks here keep
other web pages, open in the same browser, from talking to it.
"""

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANY_HOST = "*"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
MAX_BODY = 64 * 1024  # a form here is well under 1 kB
MAX_BODIES = {"/api/votes": 32 * 2**20}  # some 200,000 votes
FOREVER = "private, max-age=31536000, immutable"
"""How long what never changes is kept by browsers."""
POLICY = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors {ancestors}"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    # not no-referrer: that would make browsers send "Origin: null" with our own forms
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_LENGTH = re.compile(r"[0-9]{1,15}")


def headers_of(frame_ancestors: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of every response; pages of these origins alone may show ours in a frame.

    Examples
    --------
    >>> headers_of()["content-security-policy"].rpartition("; ")[2]
    "frame-ancestors 'none'"
    """
    policy = POLICY.format(ancestors=" ".join(frame_ancestors) or "'none'")
    return {"content-security-policy": policy} | HEADERS


class Guard:
    """Refuses requests under other host names or from other sites, and adds the headers above.

    A response keeps a header of its own; `refuse` makes the response to a refused request. Pages
    of the origins `frame_ancestors`, and no others, may show ours in a frame.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Sequence[str],
        refuse: Callable[[Request, int, str], Response],
        frame_ancestors: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._headers = headers_of(frame_ancestors)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        status, why = self._objection(Headers(scope=scope), scope["method"], scope["path"])
        app = self._refuse(Request(scope), status, why) if status else self._app
        await app(scope, receive, send_with_headers)

    def _objection(self, headers: Headers, method: str, path: str) -> tuple[int, str]:
        """Return the status and the reason to refuse a request with, or 0 and nothing."""
        host = headers.get("host", "")
        if ANY_HOST not in self._hosts and _hostname(host) not in self._hosts:
            return 400, (
                f"This server answers under {' or '.join(sorted(self._hosts))}, "
                f"and was asked for {host!r}."
            )
        if method in ("GET", "HEAD"):
            return 0, ""
        origin = headers.get("origin")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or (
            origin is not None and not _is_of(origin, host)
        ):
            return 403, "An answer has to come from this server's own pages."
        length, most = headers.get("content-length", ""), MAX_BODIES.get(path, MAX_BODY)
        if _LENGTH.fullmatch(length) is None or int(length) > most:
            return 413, f"A form sent here states its length and holds at most {most} bytes."
        return 0, ""


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # such as "[::1"
        return None


def _is_of(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # such as "http://["
        return False
