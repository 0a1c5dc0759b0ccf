"""The site of the audit as the votes come in, for maintainers: reviewers stay blind.

What is on it is for `errata.site`; how often it is made anew is as for the numbers of the
dashboard.
"""

import threading
import time
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from errata.audit import Audit
from errata.errors import NameUnknownError
from errata.review.gate import Gate
from errata.review.guard import FOREVER, POLICY
from errata.review.watch import Kept
from errata.site.building import PAGES, Site

AT = "/maintain/site/"

KINDS = {
    "html": "text/html",
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
    "json": "application/json",
    "png": "image/png",
    "webp": "image/webp",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
}
"""What the files of a site are, by the endings of their names."""

PATIENCE = 30.0
"""So many seconds the first page waits for a site that is being made."""

NOT_YET = "These pages are being made for the first time. Load this one again in a minute."


class Live:
    """The site of an audit, made anew where a page is asked for and it is time to.

    The files that belong to a page are those of the site that the last page was of.
    """

    def __init__(self, audit: Audit) -> None:
        self._kept = Kept(lambda: Site([audit.site_context()]), threading.Lock())
        self._site: Site | None = None

    def read(self, path: str) -> bytes:
        """Return a file of the site.

        Raises
        ------
        HTTPException
            There is none of this path; or the site cannot be made, or is not made yet.
        """
        if self._site is None or path in PAGES:
            self._site = self._kept.value(time.monotonic() + PATIENCE) or self._site
        if self._site is None:
            raise HTTPException(503, self._kept.problem or NOT_YET)
        try:
            return self._site.read(path)
        except NameUnknownError as error:
            raise HTTPException(404, str(error)) from None


def add_site(app: FastAPI, audit: Audit, gate: Gate) -> None:
    """Add the pages of the site to an application, under `AT`."""
    live = Live(audit)
    known = Annotated[str, Depends(gate.maintainer)]

    @app.get(AT.rstrip("/"))
    def whole(_: known) -> Response:
        return RedirectResponse(AT)  # the addresses within are relative to the folder

    @app.get(f"{AT}{{path:path}}")
    def file(_: known, path: str) -> Response:
        content = live.read(path or "index.html")
        kind = KINDS.get((path or "index.html").rpartition(".")[2], "application/octet-stream")
        headers = {"content-security-policy": POLICY.format(ancestors="'none'")}
        if path.startswith("media/"):  # named by its content
            headers["cache-control"] = FOREVER
        return Response(content, media_type=kind, headers=headers)
