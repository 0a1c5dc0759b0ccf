"""The maintainer's pages in a real browser, on a real server; and who gets in from elsewhere."""

import http.client
import io
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from audits import candidates, cast, planned_audit
from desks import PHONE, SETTLED, Server, look, serving, tabs
from errata.audit import Audit
from errata.datasets.media import Images
from errata.review.people import link_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

PASSWORD = "three words together"
SIZES = """[...document.querySelectorAll("button")].filter((each) => each.checkVisibility()).map(
(one) => {
  const box = one.getBoundingClientRect()
  return [one.innerText, box.width, box.height]
})"""


@pytest.fixture
def audit(tmp_path: "Path") -> Audit:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 32, 32, 3), dtype=np.uint8)
    audit = planned_audit(tmp_path / "pets.audit", media=Images(pixels))
    audit.set_password("Max", PASSWORD)
    for example, answers in zip(candidates(audit), ("ggssb", "ggggg", "ss"), strict=False):
        cast(audit, example, answers)
    return audit


def log_in(page: "Page", server: Server) -> None:
    page.goto(f"{server.url}/maintain")
    page.fill("#name", "Max")
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Log in')")
    page.wait_for_selector("#mix table")


def figure(page: "Page", name: str) -> str:
    return page.locator(f".figures div:has(dt:text-is('{name}')) dd").first.inner_text()


def until(what, seconds=30):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_numbers_follow_the_votes_and_the_focus_stays(audit, page):
    with serving(audit) as server:
        log_in(page, server)
        assert figure(page, "votes so far") == "12"
        page.focus("#pause-2")
        cast(audit, candidates(audit)[3], "sgs")
        until(lambda: figure(page, "votes so far") == "15")
        until(lambda: "3" in page.locator("#people tbody tr").nth(1).inner_text())
        assert page.evaluate("document.activeElement.id") == "pause-2"
        page.keyboard.press("Enter")
        page.wait_for_selector("#resume-2")
        assert audit.paused("r1")
        assert not audit.paused("r0")
        page.click("#resume-2")
        page.wait_for_selector("#pause-2")
        assert not audit.paused("r1")


def test_the_page_of_a_long_list_stays_while_the_numbers_follow(audit, page):
    with serving(audit) as server:
        log_in(page, server)
        page.goto(f"{server.url}/maintain?threshold=4&skip=2")
        assert "r0" not in page.inner_text("#people")
        cast(audit, candidates(audit)[3], "sgs")
        until(lambda: figure(page, "votes so far") == "15")
        assert "r0" not in page.inner_text("#people")
        assert "At 4 votes" in page.inner_text("#mix")


def test_the_slider_changes_the_verdicts_without_a_reload(audit, page):
    with serving(audit) as server:
        log_in(page, server)
        assert page.locator("button.plain").is_hidden()
        page.evaluate("window.same = true")
        page.focus("#threshold")
        for shown in ("4", "5"):
            page.keyboard.press("ArrowRight")
            assert page.inner_text("#threshold-value") == shown
            until(lambda shown=shown: f"At {shown} votes" in page.inner_text("#mix"))
        assert page.evaluate("window.same")
        assert page.url.endswith("?threshold=5")


def test_an_example_is_decided_by_hand_and_leaves_the_list(audit, page):
    (odd,) = audit.unsettled()
    with serving(audit) as server:
        log_in(page, server)
        page.click(f"#example-{odd.example}")
        assert page.locator("table tbody tr").count() == 5
        assert page.evaluate("document.querySelector('.example img').naturalWidth") == 32
        page.check("[value=suggested]")
        page.fill("#reason", "a fox's tail")
        page.click("button:has-text('Decide')")
        page.wait_for_selector(".decisions")
        assert audit.why(odd.example).verdict == "correctable"
        page.click("text=Dashboard")
        until(lambda: "Nothing" in page.inner_text("#unsettled"))
        assert "adjudicate" in page.inner_text("#newest")
        page.click("button:has-text('Log out')")
        page.wait_for_selector("#password")
        page.go_back()
        page.goto(f"{server.url}/maintain")
        assert page.url.endswith("/maintain/login")


def test_a_server_that_is_gone_is_told_and_a_session_outlives_it(audit, page):
    with serving(audit) as server:
        log_in(page, server)
        server.kill()
        until(lambda: "does not answer" in page.inner_text("#silence"))
        server.start()
        cast(audit, candidates(audit)[3], "s")
        until(lambda: figure(page, "votes so far") == "13")
        assert page.inner_text("#silence") == ""
        audit.set_password("Max", PASSWORD + "!")
        page.wait_for_url("**/maintain/login")


def test_a_reviewer_at_work_is_told_of_a_pause_and_goes_on_after_it(audit, page):
    with serving(audit) as server:
        page.goto(server.url)
        page.fill("#name", "Ana")
        page.click("button:has-text('Begin')")
        page.wait_for_selector("#a")
        audit.pause("Ana", by="Max")
        time.sleep(SETTLED)
        page.click("#a")
        page.wait_for_selector("h1:has-text('Paused')")
        assert "Nothing was recorded." in page.inner_text("#flash")
        assert audit.progress("Ana").answered == 0
        audit.resume("Ana", by="Max")
        page.click("text=Look again")
        page.wait_for_selector("#a")
        time.sleep(SETTLED)
        page.click("#a")
        until(lambda: audit.progress("Ana").answered == 1)


def test_everything_works_without_the_script(audit, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with serving(audit) as server:
        log_in(page, server)
        page.goto(f"{server.url}/maintain?threshold=4")
        assert "At 4 votes" in page.inner_text("#mix")
        assert page.locator("button.plain").is_visible()
        page.click("#all-pause")
        assert "Everybody is paused" in page.inner_text("#progress")
        page.click("#all-resume")
        page.click("text=The whole diary")
        assert page.locator("tbody tr").count() == len(audit.events())
    context.close()


def test_every_page_is_accessible_and_fits(audit, browser):
    link = link_of(audit, audit.invite("Mia", role="maintainer"))
    audit.pause("r0")
    odd = audit.unsettled()[0].example
    with serving(audit) as server:
        for page, _size, _scheme in tabs(browser):
            page.goto(f"{server.url}/maintain/login")
            look(page)
            log_in(page, server)
            look(page)
            sizes = page.evaluate(SIZES)  # at once: the numbers change under slower looks
            assert len(sizes) >= 4
            assert [one for one in sizes if min(one[1:]) < 44] == []
            for path in (f"/maintain/decide/{odd}", "/maintain/diary"):
                page.goto(f"{server.url}{path}")
                look(page)
            page.goto(f"{server.url}{urlsplit(link).path}")
            page.wait_for_selector("#mix table")
            page.click("nav >> text=review")
            page.wait_for_selector("nav >> text=dashboard")
            look(page)


def test_a_table_that_goes_on_beside_the_window_shows_so(audit, browser):
    with serving(audit) as server:
        for page, size, _scheme in tabs(browser):
            log_in(page, server)
            page.goto(f"{server.url}/maintain/diary")
            shown = []
            for left in (0, 80, 10_000):
                page.evaluate(f"document.querySelector('.wide-table').scrollLeft = {left}")
                pixels = png(page.locator(".wide-table").screenshot())
                beside = pixels[5, size["width"] // 2]  # in the head, between two words
                shown.append([bool(np.any(pixels[5, at] != beside)) for at in (2, -4)])
            # on the left, on the right
            moved = [[False, True], [True, True], [True, False]]
            assert shown == (moved if size == PHONE else [[False, False]] * 3)


def png(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_the_terminal_shows_a_link_that_opens_the_dashboard_once(audit, page, browser):
    with serving(audit) as server:
        said = server.process.stderr.readline()
        assert said.startswith("Your dashboard, by a link that opens once: ")
        link = said.split()[-1]
        assert link.startswith(f"{server.url}/maintain/once/")
        page.goto(link)
        page.wait_for_selector("#mix table")
        assert page.url == f"{server.url}/maintain"
        page.goto(f"{server.url}/maintain")
        page.wait_for_selector("#mix table")
        context = browser.new_context()
        other = context.new_page()
        assert other.goto(link).status == 403
        context.close()


SERVE_ALL = """
import sys
from errata.audit import Audit
from errata.review.app import serve
serve(Audit.open(sys.argv[1]), host="0.0.0.0", port=0, open_browser=False)
"""


def test_beyond_this_machine_everybody_needs_a_link_or_a_login(audit):
    words = [sys.executable, "-c", SERVE_ALL, str(audit.path)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        said = [process.stderr.readline() for _ in range(3)]
        port = int(said[0].split()[3].strip("/").rpartition(":")[2])
        assert "Only those who were sent a link" in said[1]
        assert "errata maintainer" in said[2]
        assert "once" not in said[2]

        def asked(method, path, body=None):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            headers = {"accept": "text/html", "content-type": "application/x-www-form-urlencoded"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.status, answer.getheader("location")

        assert asked("GET", "/review") == (303, "/")
        assert asked("GET", "/media/0") == (303, "/")
        assert asked("POST", "/", "name=Eve")[0] == 403
        assert asked("GET", "/api/task")[0] == asked("GET", "/api/progress")[0] == 401
        assert asked("GET", "/maintain") == (303, "/maintain/login")
        assert asked("GET", "/maintain/login")[0] == 200
    finally:
        process.kill()
        process.communicate()
