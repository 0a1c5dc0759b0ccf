"""Reviewers for tests: a client without a network, a server, and what a browser shows."""

import asyncio
import contextlib
import http.client
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from errata.audit import Audit
from errata.review.app import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HTML = {"accept": "text/html"}
ORIGIN = "http://127.0.0.1:8765"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SETTLED = 0.35  # seconds until a new example takes answers
SERVE = """
import sys
from errata.audit import Audit
from errata.review.app import serve
serve(Audit.open(sys.argv[1]), port=int(sys.argv[2]), open_browser=False)
"""


class Server:
    """A review server that can be killed and started again at the same port."""

    def __init__(self, audit: Audit) -> None:
        self.path = audit.path
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = [sys.executable, "-c", SERVE, str(self.path), str(self.port)]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            with contextlib.suppress(ConnectionError), contextlib.closing(connection):
                connection.request("GET", "/")
                connection.getresponse()
                return
            time.sleep(0.05)
        pytest.fail(f"the server did not answer; it said {self.said!r}")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def serving(audit: Audit) -> Iterator[Server]:
    server = Server(audit)
    server.start()
    try:
        yield server
    finally:
        server.kill()


# ---------------------------------------------------------------- without a network


class InProcess(httpx.BaseTransport):
    """Hands requests to an application without a network between."""

    def __init__(self, app: FastAPI) -> None:
        self.app = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def answer() -> httpx.Response:
            response = await self.app.handle_async_request(request)
            content = await response.aread()
            return httpx.Response(response.status_code, headers=response.headers, content=content)

        # in a thread: Playwright, where it has run before, keeps a loop going in this one
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, answer()).result()


def surf(app: FastAPI) -> httpx.Client:
    """Return a browser of sorts: it keeps cookies and follows where it is sent."""
    return httpx.Client(
        transport=InProcess(app), base_url=ORIGIN, headers=HTML, follow_redirects=True
    )


def client(audit: Audit, name: str | None = None) -> httpx.Client:
    """Return a browser on an audit's pages, signed in under a name."""
    browser = surf(create_app(audit))
    if name is not None:
        assert browser.post("/", data={"name": name}).status_code == 200
    return browser


def ticket(page: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found, "the page holds no ticket"
    return found[1]


def flash(page: str) -> str:
    found = re.search(r'id="flash">(.*?)</p>', page, re.DOTALL)
    assert found
    return re.sub(r"<.*?>", "", found[1])


def example(page: str) -> int:
    found = re.search(r'data-after="/after/(\d+)"', page)
    assert found
    return int(found[1])


def ballots(audit: Audit) -> list[tuple[str, int, str]]:
    return [(vote.reviewer, vote.example, vote.answer) for vote in audit.votes()]


# ---------------------------------------------------------------- in a browser


def shown_ticket(page: "Page") -> str | None:
    return page.evaluate("document.querySelector('[name=ticket]')?.value")


def sign_in(page: "Page", url: str, name: str = "Ana") -> None:
    """Begin under a name, without practice."""
    page.goto(url)
    page.keyboard.type(name)  # the name's box has the focus
    page.click("button:text-is('Begin')")
    page.wait_for_selector("#answers [name=ticket]", state="attached")
    time.sleep(SETTLED)


def until(page: "Page", expression: str) -> None:
    """Wait until something is so; the page's policy forbids Playwright's own way."""
    deadline = time.monotonic() + 10
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        time.sleep(0.02)


@contextlib.contextmanager
def one_moment(page: "Page") -> Iterator[None]:
    """Stop the page's clock: what is pressed follows at once, however busy the machine is."""
    page.evaluate("() => { const now = performance.now(); performance.now = () => now }")
    yield
    page.evaluate("delete performance.now")


def moved(page: "Page", before: str | None, seconds: float = 10) -> bool:
    """Wait until something else can be answered; False if the answer is said not to be saved."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if shown_ticket(page) not in ("", before):  # a page painted ahead has none yet
            time.sleep(SETTLED)
            return True
        if page.locator("#unsaved:not([hidden])").count():
            return False
        time.sleep(0.01)
    pytest.fail("nothing happened")


def tabs(browser: "Browser") -> "Iterator[tuple[Page, dict[str, int], str]]":
    """Yield a tab for each size and colour scheme that a page is looked at in."""
    for size in (DESK, PHONE):
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport=size, color_scheme=scheme, reduced_motion="reduce"
            )
            yield context.new_page(), size, scheme
            context.close()


def look(page: "Page") -> None:
    """Check that a page is accessible, and no wider than its window."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]
    overflow = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(overflow) <= 0


def watch(page: "Page") -> None:
    """Note in ``page.wrong`` what fails, and in ``page.asked`` what is read."""
    wrong: list[str] = []
    asked: list[str] = []

    def note(request: "object") -> None:
        asked.append(request.url)  # type: ignore[attr-defined]
        if not request.url.startswith(("file:", "data:")):  # type: ignore[attr-defined]
            wrong.append(request.url)  # type: ignore[attr-defined]

    page.on("request", note)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.wrong, page.asked = wrong, asked  # type: ignore[attr-defined]
