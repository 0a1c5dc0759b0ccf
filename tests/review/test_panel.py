"""Participants of a panel: who comes in, under which name, and how they are done."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from audits import planned_audit
from desks import DESK, ORIGIN, PHONE, example, look, serving, surf, ticket
from errata.audit import Audit
from errata.datasets.media import Texts
from errata.errors import InputError
from errata.review import people
from errata.review.app import create_app
from errata.review.people import link_of, panel_link

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ID = "5f1a0b3c9d2e4f6a7b8c9d0e"
URL = "https://app.prolific.com/submissions/complete?cc={code}"


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "pets.audit", media=Texts([f"text {i}" for i in range(60)]))


@pytest.fixture
def anywhere(tmp_path, address):
    return planned_audit(tmp_path / "pets.audit", database=address)


@pytest.fixture
def closed(audit):
    return create_app(audit, invited_only=True)


def path_of(audit, participant=ID, **options):
    panel = audit.open_panel("Prolific", **options)
    return filled(panel_link(audit, panel, url=ORIGIN), participant).removeprefix(ORIGIN)


def filled(link, participant):
    return link.replace("{{%PROLIFIC_PID%}}", participant)


def answer(browser, page, word="a"):
    return browser.post("/answer", data={"ticket": ticket(page.text), "answer": word})


def test_a_participant_reviews_under_a_name_that_does_not_tell_the_id(audit, closed):
    browser = surf(closed)
    link = path_of(audit) + "&STUDY_ID=s1&SESSION_ID=x2"
    start = browser.get(link)
    assert start.url.path == "/"
    answer(browser, browser.get("/review"))
    (vote,) = audit.votes()
    assert vote.reviewer.startswith("participant ")
    assert vote.reviewer in start.text
    assert ID not in start.text + browser.get("/review").text
    (known,) = audit.participants()
    assert (known.participant, known.reviewer, known.panel) == (ID, vote.reviewer, "Prolific")


def test_the_same_id_goes_on_and_another_begins(anywhere):
    audit, closed = anywhere, create_app(anywhere, invited_only=True)
    link = path_of(audit)
    first, again, other = surf(closed), surf(closed), surf(closed)
    first.get(link)
    answer(first, first.get("/review"))
    assert "1 of 8 answered" in again.get(link).text
    assert "0 of 8 answered" in other.get(link.replace(ID, "somebody-else")).text
    assert [one.participant for one in audit.participants()] == [ID, "somebody-else"]
    # by another panel too, where what is asked is counted anew
    panel = path_of(audit, answers=3)
    assert "0 of 3 answered" in surf(closed).get(panel).text
    assert len({one.reviewer for one in audit.participants()}) == 2


def test_no_page_is_made_ahead_after_the_last_answer_that_is_asked(audit, closed):
    browser = surf(closed)
    browser.get(path_of(audit, answers=2))
    for ahead in (200, 204):
        page = browser.get("/review")
        assert browser.get(f"/after/{example(page.text)}").status_code == ahead
        answer(browser, page)
    assert "You are done" in browser.get("/review").text


@pytest.mark.parametrize("wrong", ["", "{{%PROLIFIC_PID%}}", "a b", "<script>", "x" * 65, "é"])
def test_what_is_no_id_is_refused(audit, closed, wrong):
    found = surf(closed).get(path_of(audit, wrong))
    assert found.status_code == 422
    assert "is no participant" in found.text
    assert "<script>" not in found.text
    assert audit.participants() == ()


def test_the_page_of_an_error_looks_nobody_up(audit, closed, monkeypatch):
    links = (path_of(audit), link_of(audit, audit.invite("Ana"), url=ORIGIN).removeprefix(ORIGIN))
    browsers = [surf(closed) for _ in links]
    for browser, link in zip(browsers, links, strict=True):
        browser.get(link)
        assert 'href="/review"' in browser.get("/nothing").text  # known from a moment ago
    closed = create_app(audit, invited_only=True)
    for verb in ("invitation", "panel"):
        monkeypatch.setattr(audit, verb, None)
    for browser in browsers:
        later = surf(closed)
        later.cookies = browser.cookies
        page = later.get("/nothing")
        assert page.status_code == 404
        assert 'href="/review"' not in page.text


def test_without_the_panels_own_link_nobody_comes_in(audit, closed, monkeypatch):
    monkeypatch.setattr(people, "KEPT_SECONDS", 0.0)
    link = path_of(audit)
    token = link.partition("?")[0].rpartition("/")[2]
    invitation = link_of(audit, audit.invite("Ana")).rpartition("/")[2]
    for wrong in (
        f"/panel/x?PROLIFIC_PID={ID}",
        f"/panel/{token[:-1]}?PROLIFIC_PID={ID}",
        f"/panel/{invitation}?PROLIFIC_PID={ID}",
        f"/join/{token}",
    ):
        assert surf(closed).get(wrong).status_code == 403
    bearer = {"authorization": f"Bearer {token}"}
    assert surf(closed).get("/api/task", headers=bearer).status_code == 401
    browser = surf(closed)
    browser.get(link)
    assert browser.get("/review").url.path == "/review"
    assert audit.revoke("Prolific") == 1
    assert browser.get("/review").url.path == "/"
    assert surf(closed).get(link).status_code == 403
    late = path_of(audit, days=1)
    browser.get(late)
    assert browser.get("/review").url.path == "/review"
    audit._now = lambda: 4e9
    assert browser.get("/review").url.path == "/"


def test_who_has_given_all_answers_gets_the_code_and_lets_go(anywhere):
    audit, closed = anywhere, create_app(anywhere, invited_only=True)
    browser = surf(closed)
    browser.get(path_of(audit, answers=3, code="C1ABC", url=URL))
    page = browser.get("/review")
    assert "0 of 3" in page.text
    for _ in range(3):
        assert "C1ABC" not in page.text
        page = answer(browser, page)
    assert '<pre id="code">C1ABC</pre>' in page.text
    there = "https://app.prolific.com/submissions/complete?cc=C1ABC"
    assert f'href="{there}" rel="noreferrer"' in page.text
    assert "errata verdicts" not in page.text
    assert len(audit.votes()) == 3
    assert audit.release_leases() == 0, "something is kept for them"
    page = browser.post("/undo", data={"ticket": ticket(page.text)})
    assert "Taken back" in page.text
    assert "C1ABC" in answer(browser, page).text


def test_where_nothing_is_left_participants_are_done_too(tmp_path):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1)
    app = create_app(audit, invited_only=True)
    browser, link = surf(app), path_of(audit)
    browser.get(link)
    for _ in range(7):
        answer(browser, browser.get("/review"))
    browser.get("/review")  # the last is kept for them
    code = audit.panels()[0].code
    assert len(code) == 8
    late = surf(app)
    late.get(link.replace(ID, "late"))
    page = late.get("/review").text
    assert "1 example is with others; the next" in page
    assert "is free in 10 minutes" in page
    assert f'<pre id="code">{code}</pre>' in page
    assert "Complete the study" not in page
    answer(browser, browser.get("/review"))
    assert code in browser.get("/review").text
    assert "with others" not in late.get("/review").text


def test_ids_leave_the_audit_by_nothing_that_is_exported_or_shown(audit, closed, tmp_path):
    link = path_of(audit)
    browser, other = surf(closed), surf(closed)
    browser.get(link)
    answer(browser, browser.get("/review"))
    other.get(link.replace(ID, "other"))
    told = [other.get(page).text for page in ("/", "/review", "/after/0")]
    for place, options in enumerate(
        [{}, {"names": True}, {"form": "published"}, {"form": "label-studio"}]
    ):
        out = tmp_path / f"out{place}"
        audit.export_votes(out, **options)
        files = [out] if out.is_file() else [one for one in out.rglob("*") if one.is_file()]
        told += [file.read_text(errors="replace") for file in files]
    audit.release(tmp_path / "release")
    audit.report(tmp_path / "report.html")
    told += [
        (tmp_path / "report.html").read_text(),
        *(
            one.read_bytes().decode(errors="replace")
            for one in (tmp_path / "release").rglob("*")
            if one.is_file()
        ),
        json.dumps(audit.verdicts().to_dict()),
        repr(audit.why(audit.votes()[0].id)),
        repr(audit.votes()),
        repr(audit.gold_accuracy()),
    ]
    assert not any(ID in text for text in told)


def test_what_cannot_be_of_a_panel_is_refused(audit):
    for options, said in (
        ({"url": "javascript:alert(1)"}, "cannot be gone to"),
        ({"url": "https://"}, "cannot be gone to"),
        ({"url": "https://[x"}, "cannot be gone to"),
        ({"url": "https://x.org/a b"}, "cannot be gone to"),
        ({"code": "a<b"}, "The code 'a<b'"),
        ({"parameter": "a&b"}, "The parameter 'a&b'"),
        ({"answers": 0}, "answers is 0"),
        ({"days": 0}, "days is 0"),
    ):
        with pytest.raises(InputError, match=said.replace("(", r"\(")):
            audit.open_panel("Prolific", **options)
    assert audit.panels() == ()
    named = audit.open_panel("Ours", parameter="participant")
    assert panel_link(audit, named).endswith("?participant=ID")


# ---------------------------------------------------------------- in a browser


@contextmanager
def elsewhere(link: str) -> Iterator[str]:
    """Serve a page of another site that links to us; yield its address."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(f'<!doctype html><a href="{link}">To the study</a>'.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"  # not 127.0.0.1: another site
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("kind", ["panel", "join"])
def test_a_link_on_another_site_leads_in(audit: Audit, browser: "Browser", kind: str) -> None:
    with serving(audit) as server:
        if kind == "panel":
            link = filled(panel_link(audit, audit.open_panel("P"), url=server.url), ID)
        else:
            link = link_of(audit, audit.invite("Ana"), url=server.url)
        with elsewhere(link) as other:
            page = browser.new_page()
            page.goto(other)
            page.click("a")
            page.click("text=Go on as")
            page.wait_for_selector("#a")
            page.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_end_of_a_participant_is_accessible_and_fits(
    audit: Audit, browser: "Browser", size: dict, scheme: str
) -> None:
    panel = audit.open_panel("Prolific", answers=1, url=URL)
    with serving(audit) as server:
        context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        page.goto(filled(panel_link(audit, panel, url=server.url), ID))
        page.click("text=Go on as")
        page.wait_for_selector("#a")
        page.wait_for_timeout(400)
        page.click("#a")
        page.wait_for_selector("#code")
        look(page)
        context.close()
