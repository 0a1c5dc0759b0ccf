"""The maintainer's pages: who is let in, and what is shown and done there."""

import html
import json
import re
import threading
import time

import numpy as np
import pytest

from audits import candidates, choice_audit, planned_audit
from desks import ORIGIN, client, example, surf, ticket
from errata.audit import Audit
from errata.datasets.media import Texts
from errata.errors import AuditError, InputError
from errata.exchange.pseudonyms import PSEUDONYMS, kept_secret, pseudonym
from errata.maintaining import SESSION_SECONDS
from errata.review import gate, people, watch
from errata.review.app import create_app
from errata.review.gate import TooManyTriesError, Tries
from errata.review.people import link_of
from errata.review.watch import Kept, Watch
from label_sets import sounds, tick

PASSWORD = "three words together"
CSP = "content-security-policy"
PAGES = ["/maintain", "/maintain/diary", "/maintain/decide/0", "/maintain/site", "/maintain/site/"]
FORMS = [
    ("/maintain/reviewers", {"action": "pause", "name": "Ana"}),
    ("/maintain/decide/0", {"answer": "both", "reason": "seen"}),
    ("/maintain/decide/0/undo", {}),
    ("/maintain/logout", {}),
]


@pytest.fixture(autouse=True)
def looked_up_each_time(monkeypatch):
    monkeypatch.setattr(people, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(watch, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(watch, "SHARE", 0)
    monkeypatch.setattr(watch, "QUICK", 60.0)
    monkeypatch.setattr(watch, "PATIENCE", 60.0)


def pets(path, **options):
    texts = [f"text {i} <script>alert({i})</script>" for i in range(60)]
    audit = planned_audit(path, votes=3, threshold=2, media=Texts(texts), **options)
    audit.set_password("Max", PASSWORD)
    return audit


@pytest.fixture
def audit(tmp_path):
    return pets(tmp_path / "pets.audit")


@pytest.fixture
def stored(tmp_path, address):
    """Return the same audit, with its database in each place there is."""
    return pets(tmp_path / "pets.audit", database=address)


def log_in(app, password=PASSWORD, name="Max"):
    browser = surf(app)
    found = browser.post("/maintain/login", data={"name": name, "password": password})
    return browser, found


@pytest.fixture
def maintainer(audit):
    browser, found = log_in(create_app(audit))
    assert found.url.path == "/maintain"
    return browser


def path_of(audit, name, **options):
    return link_of(audit, audit.invite(name, **options), url=ORIGIN).removeprefix(ORIGIN)


def token_of(audit, name, **options):
    return {"authorization": f"Bearer {path_of(audit, name, **options).rpartition('/')[2]}"}


def disagree(audit, example):
    for name, answer in (("Ana", "given"), ("Ben", "suggested"), ("Cid", "both")):
        audit.vote(name, example, answer, first="given", key=f"{name} {example}")


def outside(browser):
    """Tell that nothing of the maintainer's is shown or done."""
    for page in PAGES:
        assert browser.get(page).url.path == "/maintain/login"
    for page, sent in FORMS[:-1]:
        assert browser.post(page, data=sent).url.path == "/maintain/login"
    return True


# ---------------------------------------------------------------- who is let in


def test_every_page_of_the_maintainer_is_among_those_that_are_tried(audit):
    there = {path for path in create_app(audit).openapi()["paths"] if "/maintain" in path}
    tried = {*PAGES, *(page for page, _ in FORMS)}
    tried = {page.replace("/0", "/{example}") for page in tried}
    tried = {f"{page}{{path}}" if page.endswith("/") else page for page in tried}
    assert there == tried | {"/maintain/login", "/maintain/once/{secret}"}


@pytest.mark.parametrize("invited_only", [False, True])
def test_nothing_is_shown_or_done_without_a_login(audit, invited_only):
    before = audit.events()
    assert outside(surf(create_app(audit, invited_only=invited_only)))
    assert audit.events() == before


def test_a_reviewers_link_cookie_or_token_opens_nothing(audit):
    app = create_app(audit)
    by_link, by_name = surf(app), client(audit, "Max")
    by_link.get(path_of(audit, "Max"))
    assert by_link.get("/review").url.path == "/review"
    assert outside(by_link)
    assert outside(by_name)
    token = token_of(audit, "Ana")
    assert surf(app).get("/api/progress", headers=token).status_code == 403
    assert surf(app).get("/api/progress").status_code == 401
    assert surf(app).get("/maintain", headers=token).url.path == "/maintain/login"


def test_what_is_signed_for_a_reviewer_is_no_session(audit):
    browser, _ = log_in(create_app(audit))
    (cookie,) = (one for one in browser.cookies.jar if "maintainer" in one.name)
    reviewer = client(audit, "1")
    (named,) = (one for one in reviewer.cookies.jar if "reviewer" in one.name)
    token = path_of(audit, "Ana").rpartition("/")[2]
    for value in (
        named.value,
        token,
        "1",
        "x" + cookie.value,
        ticket(reviewer.get("/review").text),
    ):
        stranger = surf(create_app(audit))
        stranger.cookies.set(cookie.name, value)
        assert outside(stranger)


def test_a_link_on_another_page_leads_on_with_the_session(audit):
    app = create_app(audit, once="a secret")
    found = surf(app).get("/maintain/once/a secret", follow_redirects=False)
    (given,) = [one for one in found.headers.get_list("set-cookie") if "maintainer" in one]
    assert "samesite=lax" in given.lower()  # a strict one does not come along where mail led here


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_expires(audit):
    for secure in (False, True):
        app = create_app(audit, secure=secure)
        found = surf(app).post(
            "/maintain/login", data={"name": "Max", "password": PASSWORD}, follow_redirects=False
        )
        said = found.headers["set-cookie"].lower()
        assert "httponly" in said
        assert "samesite=strict" in said
        assert f"max-age={SESSION_SECONDS:.0f}" in said
        assert ("secure" in said.replace("errata", "")) is secure
        assert PASSWORD not in said


@pytest.mark.parametrize("end", ["logout", "expiry", "password", "removed"])
def test_a_session_that_has_ended_opens_nothing_more(audit, end):
    app = create_app(audit)
    browser, _ = log_in(app)
    stolen = surf(app)
    stolen.cookies = dict(browser.cookies)
    assert browser.get("/maintain").url.path == "/maintain"
    if end == "logout":
        assert browser.post("/maintain/logout").url.path == "/maintain/login"
    elif end == "expiry":
        begun = audit._now()
        audit._now = lambda: begun + SESSION_SECONDS + 1
    elif end == "password":
        audit.set_password("Max", PASSWORD + "!")
    else:
        audit.remove_account("Max")
    assert outside(browser)
    assert outside(stolen)


def test_a_maintainers_link_opens_the_dashboard_until_it_is_revoked(audit):
    app = create_app(audit, invited_only=True)
    browser = surf(app)
    browser.get(path_of(audit, "Mia", role="maintainer"))
    assert "Mia" in browser.get("/maintain").text
    assert browser.get("/media/0").status_code == 200
    audit.revoke("Mia")
    assert outside(browser)
    again = surf(app)
    again.get(path_of(audit, "Mia", role="maintainer"))
    assert again.get("/maintain").url.path == "/maintain"
    again.post("/maintain/logout")
    assert outside(again)


@pytest.mark.parametrize("invited_only", [False, True])
def test_a_maintainers_link_leads_to_the_dashboard_and_on_to_the_review_and_back(
    audit, invited_only
):
    app = create_app(audit, invited_only=invited_only)
    browser = surf(app)
    found = browser.get(path_of(audit, "Mia", role="maintainer"))
    assert found.url.path == "/maintain"
    assert '<a href="/"' in found.text
    start = browser.get("/").text
    assert "Go on as Mia" in start
    assert '<a href="/maintain"' in start
    reviewer = surf(app)
    found = reviewer.get(path_of(audit, "Ana"))
    assert found.url.path == "/"
    assert "/maintain" not in found.text
    assert "/maintain" not in surf(app).get("/").text


def test_the_link_of_the_terminal_counts_once(audit):
    app = create_app(audit, once="a secret")
    browser = surf(app)
    assert surf(app).get("/maintain/once/another").status_code == 403
    assert browser.get("/maintain/once/a secret").url.path == "/maintain"
    second = surf(app)
    found = second.get("/maintain/once/a secret")
    assert found.status_code == 403
    assert "used already" in found.text
    assert outside(second)
    assert browser.get("/maintain/once/a secret").url.path == "/maintain"
    assert surf(create_app(audit)).get("/maintain/once/a secret").status_code == 403


def test_a_maintainer_sees_pictures_without_being_a_reviewer(audit):
    app = create_app(audit, invited_only=True)
    browser, _ = log_in(app)
    assert browser.get("/media/3").status_code == 200
    assert browser.get("/review").url.path == "/"
    assert surf(app).get("/media/3").url.path == "/"


# ---------------------------------------------------------------- passwords and guesses


def test_a_wrong_login_says_nothing_of_what_was_wrong(audit):
    app = create_app(audit)
    wrong = [log_in(app, "wrong" * 4)[1], log_in(app, PASSWORD, "Eve")[1]]
    for found in wrong:
        assert found.status_code == 403
        assert "not a name and password" in found.text
        assert 'value="wrong' not in found.text
    assert len({re.sub(r'value="(Max|Eve)"', "", found.text) for found in wrong}) == 1


def test_guesses_are_few_even_for_the_right_password_and_the_wait_is_told(audit):
    app = create_app(audit)
    for _ in range(gate.TRIES_EACH):
        assert log_in(app, "wrong" * 4)[1].status_code == 403
    _, found = log_in(app)
    assert found.status_code == 429
    assert 0 < int(found.headers["retry-after"]) <= gate.TRIES_SECONDS
    assert "Try again in" in found.text


def test_tries_are_counted_by_address_and_in_all_and_forgotten_with_time():
    now = [0.0]
    tries = Tries(clock=lambda: now[0])

    def refused(address):
        try:
            tries.take(address)
        except TooManyTriesError as error:
            return error.seconds
        return 0

    for number in range(gate.TRIES_EACH):
        now[0] = float(number)
        assert not refused("a")
    assert refused("a") == gate.TRIES_SECONDS - now[0]
    assert not refused("b"), "one address does not shut out another"
    now[0] = gate.TRIES_SECONDS
    assert not refused("a")
    assert refused("a") == 1
    tries.forgive("a")
    assert not refused("a")
    now[0] = 9999.0
    for number in range(gate.TRIES_IN_ALL):
        assert not refused(f"host {number}")
    assert refused("yet another")


def test_guesses_at_once_are_counted_before_they_are_looked_at(audit):
    app, statuses = create_app(audit), []

    def guess():
        statuses.append(log_in(app, "wrong" * 4)[1].status_code)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(403) == gate.TRIES_EACH
    assert statuses.count(429) == 12 - gate.TRIES_EACH


def test_a_browser_that_has_logged_in_is_not_kept_out_by_what_others_guess(audit):
    app = create_app(audit)  # behind a proxy all have one address, as here
    known, _ = log_in(app)
    known.post("/maintain/logout")
    for _ in range(gate.TRIES_EACH + 2):
        guessed = log_in(app, "wrong" * 4)[1]
    assert guessed.status_code == 429
    sent = {"name": "Max", "password": PASSWORD}
    assert known.post("/maintain/login", data=sent).url.path == "/maintain"
    known.post("/maintain/logout")
    for _ in range(gate.TRIES_EACH):
        assert known.post("/maintain/login", data=sent | {"password": "x"}).status_code == 403
    assert known.post("/maintain/login", data=sent).status_code == 429
    other = surf(app)
    other.get(path_of(audit, "Mia", role="maintainer"))
    assert other.get("/maintain").url.path == "/maintain", "links open it all the same"
    told = [one.verb for one in audit.events(limit=100)]
    assert told.count("lockout") == 1, "not one for each try"


def test_a_name_that_can_be_nobodys_is_a_wrong_login(audit):
    app = create_app(audit)
    for name in ("Max\0", "x" * 5000, "", "\u202eMax"):
        assert log_in(app, PASSWORD, name)[1].status_code == 403


def test_forms_are_small(audit):
    browser = surf(create_app(audit))
    sent = {"name": "Max", "password": "x" * 100_000}
    assert browser.post("/maintain/login", data=sent).status_code == 413


# ---------------------------------------------------------------- other sites


@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_a_form_on_another_page_does_nothing(audit, maintainer, sent):
    disagree(audit, candidates(audit)[0])
    before = audit.events()
    for page, form in [*FORMS, ("/maintain/login", {"name": "Max", "password": PASSWORD})]:
        at = page.replace("/0", f"/{candidates(audit)[0]}")
        assert maintainer.post(at, data=form, headers=sent).status_code == 403
    assert audit.events() == before
    assert maintainer.get("/maintain").url.path == "/maintain", "not even logged out"


# ---------------------------------------------------------------- what is shown


def test_names_reasons_and_labels_are_shown_as_text(tmp_path):
    evil = "<script>alert(1)</script>"
    audit = planned_audit(
        tmp_path / "a.audit",
        votes=3,
        threshold=2,
        name=evil,
        classes=(evil, "b<i>", "c&d"),
        ids=[f"{evil} {number}" for number in range(60)],
    )
    audit.set_password(evil, PASSWORD)
    browser, found = log_in(create_app(audit), name=evil)
    example = candidates(audit)[0]
    for name, answer in ((evil, "given"), ("<b>Ben", "suggested"), ("Cid", "both")):
        audit.vote(name, example, answer, first="given", key=name)
    audit.adjudicate(example, "both", reason=evil, by=evil)
    audit.undo_adjudication(example, by=evil, reason=evil)
    audit.pause(evil, by=evil)
    browser.post("/maintain/reviewers", data={"action": "pause", "name": "<b>Ben"})
    wrong = log_in(create_app(audit), name=evil, password="x" * 12)[1]
    pages = [browser.get(page) for page in ("/maintain", "/maintain/diary")]
    pages += [browser.get(f"/maintain/decide/{example}"), found, wrong]
    for page in pages:
        assert page.status_code in (200, 403)
        assert "<script>" not in page.text
        assert "<b>" not in page.text
        assert "&lt;script&gt;" in page.text
        assert not re.search(r"<script(?! src)|\son\w+=|style=", page.text)
        assert page.headers["cache-control"] == "no-store"
        assert "script-src 'self'" in page.headers["content-security-policy"]


def test_no_page_of_the_maintainer_is_shown_in_a_frame(audit):
    app = create_app(audit, frame_ancestors=("http://localhost:8888",))
    browser, found = log_in(app)
    assert "frame-ancestors http://localhost:8888" in browser.get("/").headers[CSP]
    for page in (found, *map(browser.get, ("/maintain", "/maintain/diary"))):
        assert page.headers[CSP].endswith("frame-ancestors 'none'")
    assert surf(app).get("/maintain/login").headers[CSP].endswith("frame-ancestors 'none'")


def test_the_dashboard_and_the_program_are_told_the_same(audit, maintainer):
    first, second, *_ = candidates(audit)
    disagree(audit, first)
    for name in ("Ana", "Ben"):
        audit.vote(name, second, "given", first="given", key="2")
    audit.add_votes([{"index": second, "reviewer": "elsewhere", "answer": "given"}])
    token = token_of(audit, "Mia", role="maintainer")
    told = surf(create_app(audit)).get("/api/progress", headers=token).json()
    campaign = audit.campaign()
    assert told["campaign"]["votes"] == campaign.votes == 6
    assert told["campaign"]["at_least"] == campaign.at_least
    assert [mix["threshold"] for mix in told["mixes"]] == [2, 3]
    assert [one["id"] for one in told["unsettled"]] == [audit.ids[first]]
    assert (told["all_unsettled"], told["more_after"], told["all_reviewers"]) == (1, None, 4)
    assert [one["name"] for one in told["reviewers"]] == ["Ana", "Ben", "Cid", "Mia"]
    assert told["agreement"]["items"] == 2
    assert told["paused"] is False
    assert told["notices"] == ["1 of 6 votes were imported."]
    page = maintainer.get("/maintain").text
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))
    assert f"votes so far {campaign.votes}" in text
    assert f"still to come {campaign.expected:.0f}" in text
    assert f"{told['agreement']['value']:.3f}" in text
    assert "1 of 6 votes were imported." in text
    for name in ("Ana", "Ben", "Cid", "Mia"):
        assert name in text
    document = surf(create_app(audit)).get("/api/openapi.json").json()
    assert "/api/progress" in document["paths"]
    assert {"Overview", "Campaign", "Mix"} <= set(document["components"]["schemas"])


def test_what_is_told_has_a_bound_and_goes_on_where_it_ended(audit, maintainer, monkeypatch):
    monkeypatch.setattr(watch, "MOST_UNSETTLED", 3)
    monkeypatch.setattr(watch, "MOST_REVIEWERS", 2)
    examples = sorted(candidates(audit))
    for each in examples:
        disagree(audit, each)
    token = token_of(audit, "Mia", role="maintainer")
    app, after, asked = create_app(audit), -1, []
    while after is not None:
        asked_for = {"after": after, "skip": 2 * len(asked)}
        told = surf(app).get("/api/progress", headers=token, params=asked_for).json()
        assert len(told["unsettled"]) <= 3
        assert len(told["reviewers"]) <= 2
        assert (told["all_unsettled"], told["all_reviewers"]) == (8, 4)
        asked.append(told)
        after = told["more_after"]
    assert [one["example"] for told in asked for one in told["unsettled"]] == examples
    assert [one["name"] for told in asked for one in told["reviewers"]] == [
        *("Ana", "Ben", "Cid", "Mia")
    ]
    seen, page = [], maintainer.get("/maintain")
    while True:
        seen += re.findall(r'id="example-(\d+)"', page.text)
        more = re.search(r'id="unsettled-more" href="([^"#]+)', page.text)
        if more is None:
            break
        page = maintainer.get(html.unescape(more[1]))
    assert list(map(int, seen)) == examples
    assert "From the beginning" in page.text
    page = maintainer.get("/maintain?skip=2")
    assert [name in page.text for name in ("Pause Ana", "Pause Cid")] == [False, True]
    done = maintainer.post(
        "/maintain/reviewers", data={"action": "pause", "name": "Cid", "skip": "2"}
    )
    assert "Resume Cid" in done.text
    for place, each in enumerate(examples):
        following = examples[(place + 1) % len(examples)]
        text = maintainer.get(f"/maintain/decide/{each}").text
        assert f'href="/maintain/decide/{following}">Next to decide' in text
    for wrong in ("skip=-1", "after=x"):
        assert maintainer.get(f"/maintain?{wrong}").status_code == 422


def test_a_number_that_fails_is_told_and_all_else_is_there(audit, maintainer, monkeypatch):
    def fails():
        raise AuditError("the disk <is> full")

    for broken in ("campaign", "outlook", "counts", "agreement"):
        with monkeypatch.context() as patch:
            patch.setattr(audit, broken, fails)
            browser, found = log_in(create_app(audit))
            assert found.status_code == 200
            assert "could not be counted: the disk &lt;is&gt; full" in found.text
            assert "Being" not in found.text
            browser.post("/maintain/reviewers", data={"action": "pause", "name": ""})
            assert audit.paused()
            browser.post("/maintain/reviewers", data={"action": "resume", "name": ""})
    with monkeypatch.context() as patch:
        patch.setattr(audit, "counts", lambda: 1 / 0)
        found = log_in(create_app(audit))[1]
        assert "something broke" in found.text
        assert "division" not in found.text


def test_a_panel_has_a_row_of_its_own_and_its_link_is_revoked_there(audit, maintainer):
    panel = audit.open_panel("prolific", answers=5)
    audit.enter(panel, "someone")
    page = maintainer.get("/maintain").text
    assert "Pause prolific" not in page
    row = r'<th scope="row">prolific</th><td class="number">1</td><td class="number">5</td>'
    assert re.search(row, page)
    assert "Revoke the link of the panel prolific" in page
    sent = {"action": "revoke", "name": "prolific"}
    assert "panel prolific" not in maintainer.post("/maintain/reviewers", data=sent).text
    assert audit.panel(panel.number) is None


@pytest.mark.parametrize(("asked_for", "shown"), [(3, 3), (2, 2), (9, 2), (None, 2)])
def test_verdicts_are_shown_at_the_threshold_that_is_asked_for(audit, maintainer, asked_for, shown):
    example = candidates(audit)[0]
    disagree(audit, example)
    query = "" if asked_for is None else f"?threshold={asked_for}"
    page = maintainer.get(f"/maintain{query}").text
    assert f"At {shown} votes" in page
    mix = dict(re.findall(r"</svg>([a-z ]+)</th><td>(\d+)</td>", page))
    assert mix["no agreement"] == "1"
    assert mix["no vote yet"] == "7"
    widths = [
        float(one)
        for one in re.findall(r'<rect class="\w+" x="[\d.]+" y="0" width="([\d.]+)', page)
    ]
    assert sum(widths) == pytest.approx(100, abs=0.1)


def test_without_a_choice_the_threshold_is_that_of_the_newest_plan(tmp_path):
    audit = planned_audit(tmp_path / "a.audit", votes=5, threshold=4)
    audit.set_password("Max", PASSWORD)
    browser, found = log_in(create_app(audit))
    assert "At 4 votes" in found.text
    assert "At 3 votes" in browser.get("/maintain?threshold=3").text
    assert 'min="3" max="5" value="4"' in found.text


def test_without_a_plan_the_dashboard_says_what_to_run(tmp_path):
    from audits import small_audit

    audit = small_audit(tmp_path / "fresh.audit")
    audit.set_password("Max", PASSWORD)
    _, found = log_in(create_app(audit))
    assert found.status_code == 409
    assert "`find`, then `plan`" in html.unescape(found.text)


# ---------------------------------------------------------------- what is done


def test_a_reviewer_is_paused_told_so_and_goes_on(audit, maintainer):
    reviewer = client(audit, "Ana")
    page = reviewer.get("/review").text
    sent = {"ticket": ticket(page), "answer": "a"}
    done = maintainer.post("/maintain/reviewers", data={"action": "pause", "name": "Ana"})
    assert ">paused<" in done.text
    for after in (
        reviewer.post("/answer", data=sent),
        reviewer.post("/skip", data={"ticket": sent["ticket"]}),
        reviewer.post("/undo", data={"ticket": sent["ticket"]}),
    ):
        assert after.url.path == "/review"
        assert "Paused, Ana" in after.text
        assert "Nothing was recorded." in after.text
    assert audit.votes() == []
    assert reviewer.get(f"/after/{example(page)}").status_code == 409, "nothing is looked ahead to"
    token = token_of(audit, "Ana")
    told = reviewer.get("/api/task", headers=token)
    assert told.status_code == 409
    assert "has paused you" in told.json()["error"]["message"]
    maintainer.post("/maintain/reviewers", data={"action": "resume", "name": "Ana"})
    reviewer.post("/answer", data=sent)
    assert len(audit.votes()) == 1


def test_everybody_is_paused_and_goes_on(audit, maintainer):
    done = maintainer.post("/maintain/reviewers", data={"action": "pause", "name": ""})
    assert "Everybody is paused" in done.text
    assert "The review is paused" in client(audit, "Ana").get("/review").text
    maintainer.post("/maintain/reviewers", data={"action": "resume", "name": ""})
    assert "Which name is right" in client(audit, "Ana").get("/review").text
    assert {one.details.get("by") for one in audit.events(limit=2)} == {"Max"}


def test_links_are_revoked_and_leases_taken_back(audit, maintainer):
    browser = surf(create_app(audit, invited_only=True))
    browser.get(path_of(audit, "Ana"))
    browser.get("/review")
    page = maintainer.get("/maintain").text
    assert "Revoke the link of Ana" in page
    assert "Take back what Ana looks at" in page
    maintainer.post("/maintain/reviewers", data={"action": "release", "name": "Ana"})
    after = maintainer.post("/maintain/reviewers", data={"action": "revoke", "name": "Ana"})
    assert "Revoke the link" not in after.text
    assert "Take back what" not in after.text
    assert browser.get("/review").url.path == "/"
    assert (
        maintainer.post("/maintain/reviewers", data={"action": "revoke", "name": "Zoe"}).status_code
        == 409
    )
    assert maintainer.post("/maintain/reviewers", data={"action": "shoot"}).status_code == 422


def test_what_was_decided_before_it_was_reported_is_on_the_board_with_what_is_reported(stored):
    audit = stored
    maintainer, _ = log_in(create_app(audit))
    example = candidates(audit)[0]
    for name in ("Ana", "Ben", "Cid"):
        audit.vote(name, example, "given", first="given", key="k")
    assert f"/maintain/decide/{example}" not in maintainer.get("/maintain").text
    audit.add_reports([{"index": example, "reason": "<b>a horse</b>", "version": "1.1.0"}])
    board = html.unescape(maintainer.get("/maintain").text)
    assert f"/maintain/decide/{example}" in board
    assert "reported to be wrong" in board
    page = maintainer.get(f"/maintain/decide/{example}").text
    assert "<strong>the label is wrong</strong>, in version 1.1.0, " in page
    assert "&lt;b&gt;a horse&lt;/b&gt;" in page
    sent = {"answer": "neither", "reason": "a horse it is"}
    maintainer.post(f"/maintain/decide/{example}", data=sent)
    assert f"/maintain/decide/{example}" not in maintainer.get("/maintain").text
    assert audit.reports()[0].state == "settled"


def test_an_example_is_decided_with_all_votes_in_sight_and_the_decision_taken_back(stored):
    audit = stored
    maintainer, _ = log_in(create_app(audit))
    example, other, *_ = candidates(audit)
    disagree(audit, example)
    disagree(audit, other)
    page = maintainer.get(f"/maintain/decide/{example}").text
    secret = kept_secret(audit.path / PSEUDONYMS)
    for name in ("Ana", "Ben", "Cid"):
        assert pseudonym(name, secret) in page
        assert name not in page
    assert f"text {example}" in page
    at = f"/maintain/decide/{example}"
    for sent, message in (
        ({"answer": "both"}, "reason is missing"),
        ({"reason": "seen"}, "Nothing was chosen"),
        ({"answer": "maybe", "reason": "seen"}, "no answer 'maybe'"),
    ):
        refused = maintainer.post(at, data=sent)
        assert refused.status_code == 422
        assert message in html.unescape(refused.text)
    assert audit.verdicts().adjudicated.sum() == 0
    done = maintainer.post(at, data={"answer": "both", "reason": "two of them"})
    assert "<strong>both</strong>, by Max" in done.text
    assert "two of them" in done.text
    assert audit.why(example).verdict == "multi_label"
    assert f"/maintain/decide/{other}" in done.text
    board = maintainer.get("/maintain").text
    assert f"/maintain/decide/{example}" not in board
    assert "adjudicate" in board
    maintainer.post(f"{at}/undo")
    assert audit.why(example).verdict == "non_agreement"
    assert f"/maintain/decide/{example}" in maintainer.get("/maintain").text


def test_what_still_needs_votes_cannot_be_decided(audit, maintainer):
    example = candidates(audit)[0]
    page = maintainer.get(f"/maintain/decide/{example}").text
    assert "still needs 3 votes" in page
    assert "<textarea" not in page
    found = maintainer.post(
        f"/maintain/decide/{example}", data={"answer": "both", "reason": "seen"}
    )
    assert found.status_code == 422
    assert maintainer.get("/maintain/decide/59").status_code == 409
    for nowhere in ("60", "99999999999999999999"):
        assert maintainer.get(f"/maintain/decide/{nowhere}").status_code == 404
        for page in (f"/maintain/decide/{nowhere}", f"/maintain/decide/{nowhere}/undo"):
            sent = {"answer": "both", "reason": "seen"}
            assert maintainer.post(page, data=sent).status_code == 404
    for nothing in ("99999999999999999999", "-1", "x"):
        assert maintainer.get(f"/maintain/diary?before={nothing}").status_code == 422


@pytest.mark.parametrize("answer", ["9" * 5000, "9" * 18, "²"])
def test_a_class_that_is_none_decides_nothing(tmp_path, answer):
    audit = choice_audit(tmp_path / "pets.audit", votes=1, threshold=1)
    audit.set_password("Max", PASSWORD)
    task = audit.task("Ana")
    audit.vote_choice("Ana", task.example, task.labels[0], key="1")
    browser, _ = log_in(create_app(audit))
    sent = {"answer": answer, "reason": "seen"}
    refused = browser.post(f"/maintain/decide/{task.example}", data=sent)
    assert refused.status_code == 422
    assert audit.adjudications(task.example) == ()


def test_who_decides_what_was_decided_meanwhile_is_told_and_may_decide_anew(audit, maintainer):
    example = candidates(audit)[0]
    disagree(audit, example)
    at = f"/maintain/decide/{example}"

    def seen():
        return re.search(r'name="seen" value="(\d+)"', maintainer.get(at).text)[1]

    sent = {"answer": "both", "reason": "seen", "seen": seen()}
    audit.adjudicate(example, "given", reason="first", by="Mia")
    refused = maintainer.post(at, data=sent)
    assert refused.status_code == 422
    assert "Mia has decided this meanwhile: given" in refused.text
    assert maintainer.post(f"{at}/undo", data={"seen": "0"}).status_code == 422
    assert audit.verdicts().names == ("non_error",)
    done = maintainer.post(at, data=sent | {"seen": seen()})
    assert "<strong>both</strong>, by Max" in done.text
    maintainer.post(f"{at}/undo", data={"seen": seen()})
    assert audit.verdicts().names == ("non_agreement",)


def test_where_there_are_several_labels_boxes_are_ticked_and_the_set_is_decided(tmp_path):
    audit = sounds(tmp_path / "sounds.audit")
    audit.set_password("Max", PASSWORD)
    example, other, *_ = candidates(audit)
    for each in (example, other):
        tick(audit, each, "d", "s", "m")
    browser, found = log_in(create_app(audit))
    assert f'id="example-{example}"' in found.text
    assert "no label right" in found.text
    assert "no agreement" not in found.text
    at = f"/maintain/decide/{example}"
    page = browser.get(at).text
    labels = list(map(int, re.findall(r'type="checkbox" name="label" value="(\d+)"', page)))
    assert labels == sorted(audit.task_for("x", example).labels)
    refused = browser.post(at, data={"label": labels[:2]})
    assert refused.status_code == 422
    assert refused.text.count(" checked") == 2
    browser.post(at, data={"label": labels[:2], "reason": "heard"})
    assert np.flatnonzero(audit.verdicts().agreed[0]).tolist() == labels[:2]
    assert browser.post(at, data={"label": [99], "reason": "heard"}).status_code == 422
    browser.post(at, data={"reason": "nothing is heard"})
    assert not audit.verdicts().agreed[0].any()
    assert f'id="example-{example}"' not in browser.get("/maintain").text
    assert f'id="example-{other}"' in browser.get("/maintain").text


def test_reviewers_are_not_told_what_a_maintainer_decided(audit):
    for each in candidates(audit):
        disagree(audit, each)
    audit.adjudicate(candidates(audit)[0], "both", reason="seen", by="Max")
    assert "A maintainer decided 1 of the verdicts." in audit.notices
    reviewer = client(audit, "Ana")
    for page in ("/", "/review"):
        assert "decided" not in reviewer.get(page).text
    assert "Nothing is left for you" in reviewer.get("/review").text


def test_votes_that_a_program_brings_stand_in_the_diary_under_its_name(audit, maintainer):
    votes = [{"index": candidates(audit)[0], "reviewer": "ann", "answer": "given"}]
    token = token_of(audit, "Mia", role="maintainer")
    assert surf(create_app(audit)).post("/api/votes", json=votes, headers=token).is_success
    (line,) = audit.events(limit=1)
    assert (line.verb, line.details["by"]) == ("add_votes", "Mia")
    page = maintainer.get("/maintain/diary").text
    assert '<th scope="row">add votes</th><td>Mia</td>' in page
    assert '<th scope="row">log in</th><td>Max</td>' in page


def test_the_diary_is_shown_page_by_page(audit, maintainer):
    for _ in range(30):
        audit.pause("Ana", by="Mia")
        audit.resume("Ana", by="Mia")
    seen, page = [], maintainer.get("/maintain/diary")
    while True:
        seen += re.findall(r'<th scope="row">([a-z ]+)</th>', page.text)
        older = re.search(r'href="(/maintain/diary\?before=\d+)"', page.text)
        if older is None:
            break
        page = maintainer.get(older[1])
    assert seen == [one.verb.replace("_", " ") for one in audit.events(limit=1000)]
    assert len(seen) > 60


# ---------------------------------------------------------------- reviewers see only their own


def test_no_reviewer_sees_what_another_answered(audit):
    """Walk every route of a reviewer before and after others vote: but for chance, they agree."""
    app = create_app(audit)
    reviewer = surf(app)
    reviewer.post("/", data={"name": "Ana"})
    token = token_of(audit, "Ana")
    example = audit.task("Ana").example
    routes = sorted(
        path.replace("{example}", str(example)).replace("{number}", "1")
        for path, ways in app.openapi()["paths"].items()
        if "get" in ways and "/maintain" not in path and not re.search(r"{(token|name)}", path)
    )
    assert {"/", "/review", f"/after/{example}", f"/media/{example}", "/api/task"} <= set(routes)

    def walk():
        seen = {}
        for route in routes:
            text = reviewer.get(route, headers=token).text
            # tickets are drawn anew
            seen[route] = re.sub(r'(name="ticket" value="|"ticket":")[^"]+', "TICKET", text)
        return seen

    before = walk()
    for name in ("Zacharias", "Yolanda"):
        for each in candidates(audit)[:2]:
            audit.vote(name, each, "neither", first="given", key=str(each))
    audit.pause("Yolanda", by="Maximilian")
    after = walk()
    assert before == after
    for text in after.values():
        assert "Zacharias" not in text
        assert "Yolanda" not in text
        assert "neither 2" not in text


# ---------------------------------------------------------------- numbers are kept


def kept(work, **options):
    return Kept(work, threading.Lock(), **options)


def soon():
    return time.monotonic() + 30


def until(what):
    deadline = soon()
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_numbers_are_worked_out_at_most_a_twentieth_of_the_time(monkeypatch):
    monkeypatch.setattr(watch, "SHARE", 20)
    now, worked = [0.0], []

    def work():
        worked.append(now[0])
        now[0] += 1.0
        return len(worked)

    number = kept(work, clock=lambda: now[0], cost=lambda: now[0])
    assert number.value(until=60) == 1
    for now[0] in (2.0, 10.0, 20.9):
        number.changed()
        assert number.value(until=60) == 1
    now[0] = 21.0
    assert number.value(until=99) == 2


def test_what_costs_little_is_kept_for_a_moment_unless_something_changes(monkeypatch):
    monkeypatch.setattr(watch, "LEAST_SECONDS", 2.0)
    now, worked = [0.0], []
    number = kept(lambda: worked.append(1) or len(worked), clock=lambda: now[0], cost=lambda: 0.0)
    assert [number.value(until=60), number.value(until=60)] == [1, 1]
    number.changed()
    assert number.value(until=60) == 2
    now[0] = 2.0
    assert number.value(until=60) == 3


def test_what_it_costs_is_what_a_processor_spends_and_not_how_long_others_keep_it(monkeypatch):
    monkeypatch.setattr(watch, "SHARE", 1000)
    worked = []
    number = kept(lambda: time.sleep(0.05) or worked.append(1) or len(worked))
    assert number.value(until=soon()) == 1
    until(lambda: number.value(until=soon()) > 1)  # 50 s by the clock


def test_what_takes_long_keeps_no_page_waiting():
    go = threading.Event()
    number = kept(lambda: go.wait(30) and "done")
    begun = time.monotonic()
    assert number.value(until=begun + 0.05) is None
    assert time.monotonic() - begun < 5
    go.set()
    assert number.value(until=soon()) == "done"


def test_one_number_is_worked_out_at_a_time():
    at_once, most, turn = [], [], threading.Lock()

    def work():
        at_once.append(1)
        time.sleep(0.02)
        most.append(len(at_once))
        at_once.pop()
        return True

    numbers = [Kept(work, turn) for _ in range(5)]
    for number in numbers:
        number.begin()
    assert all(number.value(until=soon()) for number in numbers)
    assert len(most) >= 5, "more where a slow machine let one grow old in between"
    assert set(most) == {1}


def test_changes_that_come_faster_than_the_work_hide_nothing_and_are_counted_in_the_end(
    monkeypatch,
):
    monkeypatch.setattr(watch, "QUICK", 0.0)
    state, begun, go = [0], threading.Semaphore(0), threading.Semaphore(0)

    def work():
        seen = state[0]
        begun.release()
        assert go.acquire(timeout=30)
        return seen

    number = kept(work)
    go.release()
    assert number.value(until=soon()) == 0
    assert begun.acquire(timeout=30)
    for state[0] in range(1, 6):
        number.changed()
        asked = time.monotonic()
        assert number.value(until=asked + 30) == 0
        assert time.monotonic() - asked < 5
    for _ in range(100):
        go.release()
    until(lambda: number.value(until=soon()) == 5)


def test_decisions_that_come_faster_than_the_count_never_hide_what_else_is_to_be_decided(
    audit, monkeypatch
):
    monkeypatch.setattr(watch, "QUICK", 0.0)
    examples = sorted(candidates(audit))[:4]
    for each in examples:
        disagree(audit, each)
    seen, count, go = Watch(audit), audit.outlook, threading.Event()
    assert seen.overview().all_unsettled == 4
    monkeypatch.setattr(audit, "outlook", lambda: go.wait(30) and count())
    for place, each in enumerate(examples[:3]):
        audit.adjudicate(each, "both", reason="seen", by="Max")
        seen.decided(each)
        begun = time.monotonic()
        assert [one.example for one in seen.overview().unsettled] == examples[place + 1 :]
        assert seen.following(each).example == examples[place + 1]
        assert time.monotonic() - begun < 5
    go.set()
    until(lambda: sum(one.verdicts["multi_label"] for one in seen.overview().mixes) == 3 * 2)
    assert seen.overview().all_unsettled == 1
    audit.undo_adjudication(examples[0], by="Mia")  # not by this server
    until(lambda: seen.overview().all_unsettled == 2)


def test_work_that_fails_says_so_and_is_tried_again_soon(monkeypatch):
    monkeypatch.setattr(watch, "SHARE", 20)
    monkeypatch.setattr(watch, "LEAST_SECONDS", 2.0)
    now, wrong = [0.0], [False]

    def work():
        now[0] += 1.0
        if wrong[0]:
            raise AuditError("the disk is full")
        return now[0]

    number = kept(work, clock=lambda: now[0], cost=lambda: now[0])
    assert (number.value(until=60), number.problem) == (1.0, "")
    now[0], wrong[0] = 21.0, True
    assert (number.value(until=60), number.problem) == (1.0, "the disk is full")
    now[0], wrong[0] = 24.0, False
    assert (number.value(until=60), number.problem) == (25.0, "")


def test_an_audit_opened_again_knows_its_maintainers(audit):
    browser, _ = log_in(create_app(audit))
    again = surf(create_app(Audit.open(audit.path)))
    again.cookies = dict(browser.cookies)
    assert again.get("/maintain").url.path == "/maintain"
    with pytest.raises((AuditError, InputError)):
        audit.remove_account("Eve")
    assert json.loads(json.dumps([one.name for one in audit.accounts()])) == ["Max"]
