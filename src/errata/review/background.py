"""The review page beside a program that goes on: from a notebook, in a frame under the cell.

Knows threads, and what notebooks show. The page and its server are those of `errata.review.app`.
"""

import html
import re
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from errata.audit import Audit
from errata.errors import ErrataError, InputError
from errata.review.app import Ready, prepare

NOTEBOOKS = ("http://localhost:*", "http://127.0.0.1:*")
"""Where notebooks of this machine are: their pages may show ours in a frame."""

_ORIGIN = re.compile(r"https?://[\w.:*\[\]-]+|vscode-webview://[\w-]+")
_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a review is served; see `errata.Audit.review`."""

    host: str
    port: int
    url: str | None
    invited_only: bool
    reviewer: str | None
    inline: bool
    height: int
    frame_ancestors: tuple[str, ...]


def as_settings(
    *, inline: bool, height: int, frame_ancestors: Sequence[str] | None, **rest: Any
) -> Settings:
    """Return how a review is served.

    Raises
    ------
    InputError
        The height is no height, or an origin is none.
    """
    if height < 1:
        raise InputError(f"height is {height}; pixels of a frame were expected, such as 720.")
    origins = NOTEBOOKS if frame_ancestors is None else tuple(frame_ancestors)
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise InputError(
                f"{origin!r} is no origin of pages that may hold the frame; the beginning of the "
                "notebook's address was expected, such as 'http://localhost:8888'."
            )
    return Settings(inline=inline, height=height, frame_ancestors=origins if inline else (), **rest)


class RunningReview(AbstractContextManager["RunningReview"]):
    """A review that is served in the background until `stop`, or the end of a ``with`` block.

    In a notebook it shows the page in a frame, elsewhere where the page is.
    """

    def __init__(self, audit: Audit, settings: Settings) -> None:
        ready: Ready = prepare(
            audit,
            host=settings.host,
            port=settings.port,
            url=settings.url,
            invited_only=settings.invited_only,
            reviewer=settings.reviewer,
            frame_ancestors=settings.frame_ancestors,
        )
        self.url = ready.url
        """Where reviewers reach it."""
        self.settings = settings
        """How it is served."""
        self._audit = audit.name
        self._ready = ready
        self._thread = threading.Thread(
            target=ready.server.run, kwargs={"sockets": [ready.listener]}, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _SECONDS
        while not ready.server.started and time.monotonic() < deadline:
            if not self._thread.is_alive():
                break
            time.sleep(0.01)
        if not ready.server.started:
            self.stop()
            raise ErrataError(f"The review of {audit.path} could not be served at {self.url}.")
        if "ipykernel" not in sys.modules:  # a notebook shows what is returned
            print(self, file=sys.stderr, flush=True)  # noqa: T201 (talk goes to stderr)

    @property
    def running(self) -> bool:
        """Whether it is still served."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop serving, and free the port; answers are saved already. Stopping twice is no harm."""
        self._ready.server.should_exit = True
        self._thread.join(_SECONDS)
        self._ready.listener.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        if not self.running:
            return f"The review of {self._audit} at {self.url} is stopped."
        invited = " for those who were invited" if self._ready.invited_only else ""
        return f"Review {self._audit} at {self.url}{invited} (.stop() ends it)"

    def _repr_html_(self) -> str:
        if not self.running:
            return f"<p>{html.escape(repr(self))}</p>"
        url, name = html.escape(self.url), html.escape(self._audit)
        link = f'<p>Review {name} at <a href="{url}" target="_blank">{url}</a></p>'
        if not self.settings.inline:
            return link
        frame = (
            f'<iframe src="{url}" title="Review {name}" width="100%" '
            f'height="{self.settings.height}" style="border: 1px solid #8888"></iframe>'
        )
        return frame + link
