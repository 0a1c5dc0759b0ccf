"""The review page from a notebook: in the background, and in a frame of another page."""

import http.server
import re
import socket
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from audits import planned_audit, small_audit
from desks import SETTLED
from errata.errors import AuditError, ErrataError, InputError
from errata.review.people import link_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Frame, Page

    from errata.audit import Audit


@pytest.fixture
def audit(tmp_path) -> "Iterator[Audit]":
    audit = planned_audit(tmp_path / "pets.audit")
    yield audit
    audit.close()


def port_of(url: str) -> int:
    return int(re.search(r":(\d+)/", url)[1])


def policy_of(url: str) -> str:
    return httpx.get(url).headers["content-security-policy"]


# ---------------------------------------------------------------- running and stopping


def test_it_serves_beside_the_program_until_it_is_stopped(audit, capsys):
    with audit.review() as review:
        assert re.fullmatch(r"http://localhost:\d+/", review.url)
        assert "frame-ancestors http://localhost:* http://127.0.0.1:*" in (policy_of(review.url))
        assert f"Review pets at {review.url}" in capsys.readouterr().err
        assert audit.votes() == []  # the program goes on
    assert not review.running
    with pytest.raises(httpx.ConnectError):
        httpx.get(review.url)
    with socket.create_server(("127.0.0.1", port_of(review.url))):  # the port is free
        pass
    review.stop()
    assert "is stopped" in repr(review)
    assert "<iframe" not in review._repr_html_()


def test_asking_again_gives_what_runs_and_asking_otherwise_is_refused(audit):
    review = audit.review(reviewer="Ana")
    assert audit.review(reviewer="Ana") is review
    with pytest.raises(AuditError, match=r"runs already, at http://localhost.*Call its stop\(\)"):
        audit.review(reviewer="Ben")
    review.stop()
    another = audit.review(reviewer="Ben")
    assert another is not review
    assert another.running


def test_closing_the_audit_stops_it(tmp_path):
    audit = planned_audit(tmp_path / "a")
    review = audit.review()
    audit.close()
    assert not review.running


def test_a_port_that_is_taken_is_named_and_nothing_runs(audit):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ErrataError, match="is taken"),
    ):
        audit.review(port=taken.getsockname()[1])
    assert audit.review().running


def test_there_must_be_a_plan(tmp_path):
    with pytest.raises(AuditError, match="Nothing is planned"):
        small_audit(tmp_path / "a").review()


def test_a_link_alone_lets_nobody_hold_the_page_in_a_frame(audit):
    with audit.review(inline=False) as review:
        assert "frame-ancestors 'none'" in policy_of(review.url)
        assert "<iframe" not in review._repr_html_()
        assert f'href="{review.url}"' in review._repr_html_()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"height": 0}, "height is 0"),
        ({"frame_ancestors": ["localhost"]}, "'localhost' is no origin"),
        ({"frame_ancestors": ["http://a; script-src *"]}, "is no origin"),
        ({"frame_ancestors": ["*"]}, "is no origin"),
    ],
)
def test_what_makes_no_sense_is_refused(audit, options, message):
    with pytest.raises(InputError, match=message):
        audit.review(**options)


def test_beyond_this_machine_a_link_is_needed(audit):
    with audit.review(host="0.0.0.0", inline=False) as review:
        assert "for those who were invited" in repr(review)
        answer = httpx.post(f"http://127.0.0.1:{port_of(review.url)}/", data={"name": "Eve"})
        assert answer.status_code == 403


# ---------------------------------------------------------------- in a frame

CELL = """<!doctype html><meta charset="utf-8"><title>a notebook</title>
<h1>In [1]: audit.review()</h1>{shown}"""


@pytest.fixture
def notebook() -> "Iterator[http.server.ThreadingHTTPServer]":
    """Yield a server on another port whose page holds what a notebook would show."""

    class Notebook(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = CELL.format(shown=self.server.shown).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notebook)
    server.shown = ""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def in_frame(page: "Page") -> "Frame":
    page.wait_for_selector("iframe")
    return page.frames[1]


def sign_in(frame: "Frame") -> None:
    frame.fill("[name=name]", "Ana")
    frame.click("button:text-is('Begin')")


def test_people_answer_in_the_frame_of_a_notebook_of_this_machine(audit, notebook, page):
    with audit.review(height=640) as review:
        notebook.shown = review._repr_html_()
        page.goto(f"http://localhost:{notebook.server_port}/")
        frame = in_frame(page)
        sign_in(frame)
        for count in (1, 2, 3):
            frame.wait_for_selector("#a")
            ticket = frame.get_attribute("[name=ticket]", "value")
            time.sleep(SETTLED)
            page.keyboard.press("b") if count == 2 else frame.click("#a")
            frame.wait_for_function(
                "before => ![before, ''].includes(document.querySelector('[name=ticket]').value)",
                arg=ticket,
            )
            assert len(audit.votes()) == count  # in the very object that serves
        assert {vote.reviewer for vote in audit.votes()} == {"Ana"}
        assert audit.reviewers().each[0].votes == 3


def test_in_a_page_of_another_host_name_the_browser_keeps_no_name(audit, notebook, page):
    with audit.review() as review:
        notebook.shown = review._repr_html_()
        page.goto(f"http://127.0.0.1:{notebook.server_port}/")  # not localhost
        sign_in(in_frame(page))
        in_frame(page).wait_for_selector("[name=name]")
        assert audit.votes() == []
    with audit.review(host="127.0.0.1") as review:  # which is the remedy
        notebook.shown = review._repr_html_()
        page.goto(f"http://127.0.0.1:{notebook.server_port}/")
        sign_in(in_frame(page))
        in_frame(page).wait_for_selector("#a")


def test_pages_of_other_names_cannot_hold_it_in_a_frame(audit, notebook, page):
    with audit.review() as review:
        notebook.shown = review._repr_html_()
        with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            page.goto(f"http://elsewhere.localhost:{notebook.server_port}/")


def test_another_notebook_can_be_named(audit, notebook, page):
    origin = f"http://elsewhere.localhost:{notebook.server_port}"
    with audit.review(frame_ancestors=[origin]) as review:
        notebook.shown = review._repr_html_()
        page.goto(f"{origin}/")
        in_frame(page).wait_for_selector("[name=name]")


def test_an_invited_reviewer_comes_in_beside_the_program(audit, page):
    with audit.review(invited_only=True) as review:
        page.goto(link_of(audit, audit.invite("Ana"), url=review.url))
        page.wait_for_selector("text=Ana")
