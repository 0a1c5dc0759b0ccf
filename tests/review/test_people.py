"""Links and tokens: who is let in, until when, and what programs are answered."""

import asyncio
import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from audits import choice_audit, planned_audit
from desks import ORIGIN, surf
from errata import inviting
from errata.datasets.media import Texts
from errata.errors import AuditError, InputError, NameUnknownError, VoteError
from errata.inviting import as_role
from errata.review import people
from errata.review.app import create_app, prepare
from errata.review.people import link_of, panel_link
from errata.store.database import WAIT_SECONDS


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "pets.audit", media=Texts([f"text {i}" for i in range(60)]))


@pytest.fixture
def closed(audit):
    return create_app(audit, invited_only=True)


def path_of(audit, name="Ana", **options):
    return link_of(audit, audit.invite(name, **options), url=ORIGIN).removeprefix(ORIGIN)


def token_of(audit, name="Ana", **options):
    return {"authorization": f"Bearer {path_of(audit, name, **options).rpartition('/')[2]}"}


PAGES = ["/review", "/after/0", "/practice/1", "/media/0", "/api/task"]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_shown_to_whoever_has_no_link(closed, page):
    found = surf(closed).get(page)
    assert found.url.path == "/" or found.status_code == 401
    assert "text 0" not in found.text


def test_without_a_link_nobody_begins_under_a_name_of_their_own(closed):
    browser = surf(closed)
    assert "open yours" in browser.get("/").text
    assert "Your name" not in browser.get("/").text
    assert browser.post("/", data={"name": "Eve"}).status_code == 403
    assert browser.get("/review").url.path == "/"


def test_a_link_opens_the_review_under_its_name(audit, closed):
    browser = surf(closed)
    assert browser.get(path_of(audit)).url.path == "/"
    page = browser.get("/review")
    assert page.url.path == "/review"
    assert "Ana" in page.text
    assert browser.get("/media/3").status_code == 200
    assert "errata verdicts" not in page.text


def test_a_link_that_was_changed_or_is_of_another_audit_opens_nothing(audit, closed, tmp_path):
    path = path_of(audit)
    other = path_of(planned_audit(tmp_path / "other.audit"))
    for wrong in (path[:-1], path + "x", path.replace("/join/", "/join/9"), other, "/join/x"):
        found = surf(closed).get(wrong)
        assert found.status_code == 403
        assert "not made by this audit" in found.text


@pytest.mark.parametrize("page", ["/review", "/media/0"])
def test_a_link_that_was_revoked_or_has_expired_opens_nothing_more(
    audit, closed, page, monkeypatch
):
    monkeypatch.setattr(people, "KEPT_SECONDS", 0.0)
    browser, again = surf(closed), path_of(audit, "Ben", days=1)
    link = path_of(audit)
    browser.get(link)
    assert browser.get(page).url.path == page
    assert audit.revoke("Ana") == 1
    assert browser.get(page).url.path == "/"
    assert "expired, or was taken back" in surf(closed).get(link).text
    late = surf(closed)
    late.get(again)
    assert late.get(page).url.path == page
    audit._now = lambda: 4e9
    assert late.get(page).url.path == "/"


@pytest.mark.parametrize("page", ["/review", "/media/0", "/api/task"])
def test_a_link_that_was_revoked_opens_nothing_once_the_server_has_looked_again(
    audit, closed, page, monkeypatch
):
    now = [0.0]
    monkeypatch.setattr(people, "time", SimpleNamespace(monotonic=lambda: now[0]))
    browser, token = surf(closed), token_of(audit)
    headers = token if page.startswith("/api") else {}
    if not headers:
        browser.get(f"/join/{token['authorization'].rpartition(' ')[2]}")

    def opened():
        found = browser.get(page, headers=headers)
        return found.status_code == 200 and found.url.path == page

    assert opened()
    audit.revoke("Ana")
    now[0] = people.KEPT_SECONDS / 2
    assert opened(), "nothing is looked up again so soon"
    now[0] = people.KEPT_SECONDS
    assert not opened()


def test_strangers_are_told_nothing_of_votes_or_plan(tmp_path):
    audit = choice_audit(tmp_path / "pets.audit", options=3, extra=("off-topic",))
    vote = {"index": 0, "reviewer": "Bo", "labels": [audit.classes[0]]}
    audit.add_votes([vote], note="a pilot")
    stranger, ana = (surf(create_app(audit, invited_only=True)) for _ in range(2))
    ana.get(path_of(audit))
    for browser, told in ((stranger, False), (ana, True), (surf(create_app(audit)), True)):
        page = browser.get("/").text
        for word in ("1 of 1 votes", "a pilot", "off-topic"):
            assert (word in page) == told


def test_on_this_machine_a_link_is_no_need_but_counts(audit):
    app = create_app(audit)
    browser = surf(app)
    browser.get(path_of(audit))
    assert "Go on as Ana" in browser.get("/").text
    browser.post("/", data={"name": "Eve"})
    assert "Go on as Eve" in browser.get("/").text


def test_invitations_are_listed_and_names_must_be_known_to_be_revoked(audit):
    audit.invite("Ana")
    audit.invite("Ben", role="maintainer", days=2)
    assert [(one.name, one.role, one.revoked) for one in audit.invitations()] == [
        ("Ana", "reviewer", False),
        ("Ben", "maintainer", False),
    ]
    with pytest.raises(NameUnknownError, match="Nobody called 'Cid' was invited"):
        audit.revoke("Cid")
    with pytest.raises(NameUnknownError, match="Did you mean 'maintainer'"):
        as_role("maintaner")


@pytest.mark.parametrize("days", [0, -1, 36_501, float("inf"), float("nan")])
def test_a_link_counts_for_some_days_and_else_nothing_is_written(audit, days):
    for invite in (audit.invite, audit.open_panel):
        with pytest.raises(InputError, match=f"days is {days}; .* 36,500 days at most"):
            invite("Cid", days=days)
    assert audit.invitations() == ()
    assert audit.invite("Cid", days=36_500).until > "2100"


def test_an_invitation_that_lasts_longer_than_a_calendar_can_be_listed_and_revoked(
    audit, monkeypatch
):
    monkeypatch.setattr(inviting, "MOST_DAYS", 1e300)  # as it was once
    audit.invite("Ana", days=9_999_999)
    (one,) = audit.invitations()
    assert one.until.startswith("9999-12-31")
    assert audit.revoke("Ana") == 1


# ---------------------------------------------------------------- programs


def test_a_program_reviews_to_the_end_and_a_ticket_counts_once(audit, closed):
    browser = surf(closed)
    token = token_of(audit)
    question = browser.get("/api/task", headers=token).json()["question"]
    assert (
        browser.get("/api/task", headers=token).json()["question"]["example"]
        == (question["example"])
    )
    answered = 0
    while question is not None:
        assert question["answered"] == answered
        assert {one["answer"] for one in question["options"]} == {"a", "b"}
        assert browser.get(question["media"], headers=token).text == (f"text {question['example']}")
        sent = {"ticket": question["ticket"], "answer": "a"}
        found = browser.post("/api/answer", json=sent, headers=token).json()
        assert found["added"]
        twice = browser.post("/api/answer", json=sent, headers=token).json()
        assert not twice["added"]
        question, answered = found["next"]["question"], answered + 1
    assert answered == len(audit.votes()) == 8
    assert browser.get("/api/task", headers=token).json() == {
        "question": None,
        "waiting": 0,
        "seconds": None,
    }


def test_what_a_stranger_sends_is_not_even_read(audit, closed):
    read = []

    async def body():
        read.append(True)
        return {"type": "http.request", "body": b"[{}]", "more_body": False}

    def status_of(path, token):
        sent = []

        async def send(message):
            sent.append(message)

        headers = [*token.items(), ("content-length", "4"), ("host", "127.0.0.1")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }
        # in a thread: Playwright, where it has run before, keeps a loop going in this one
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, closed(scope, body, send)).result()
        return sent[0]["status"]

    stranger, reviewer = {"authorization": "Bearer x"}, token_of(audit)
    for path, token, status in (
        ("/api/votes", {}, 401),
        ("/api/votes", stranger, 401),
        ("/api/answer", stranger, 401),
        ("/api/votes", reviewer, 403),
    ):
        assert status_of(path, token) == status
    assert read == []
    assert status_of("/api/answer", reviewer) == 422
    assert read != []


def test_ids_that_may_tell_the_label_are_kept_from_programs(audit, closed, tmp_path):
    question = surf(closed).get("/api/task", headers=token_of(audit)).json()["question"]
    assert question["id"] is None
    bare = planned_audit(tmp_path / "bare.audit")  # with nothing to show, the id is all there is
    asked = surf(create_app(bare)).get("/api/task", headers=token_of(bare)).json()["question"]
    assert asked["id"] == bare.ids[asked["example"]]


@pytest.mark.parametrize(
    "url",
    ["notaurl", "reviews.example.org", "javascript:alert(1)", "http://", "http://h:99999",
     "https://h/labels", "http://h:0", "https://h?x=1", "https://me@h", "ftp://h"],
)  # fmt: skip
def test_what_is_no_address_of_a_server_makes_no_link(audit, url):
    ana = audit.invite("Ana")
    for make in (
        lambda: link_of(audit, ana, url=url),
        lambda: panel_link(audit, audit.open_panel("P"), url=url),
        lambda: prepare(
            audit, host="127.0.0.1", port=0, url=url, invited_only=False, reviewer=None
        ),
    ):
        with pytest.raises(InputError, match="is no address of a review server"):
            make()


def test_behind_a_proxy_nobody_comes_in_but_by_a_link(audit):
    for url, invited_only in (
        ("https://reviews.example.org", True),
        ("http://localhost:9000", False),
        ("http://127.0.0.1:9000/", False),
        (None, False),
    ):
        ready = prepare(audit, host="127.0.0.1", port=0, url=url, invited_only=False, reviewer=None)
        ready.listener.close()
        assert ready.invited_only is invited_only


def test_who_is_refused_or_holds_an_example_waits_for_nobody_who_writes(audit, closed):
    browser, ana = surf(closed), token_of(audit)
    held = browser.get("/api/task", headers=ana).json()["question"]
    other = sqlite3.connect(audit.path / "audit.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    stranger, sent = {"authorization": "Bearer x"}, {"ticket": "x", "answer": "a"}
    assert browser.get("/api/task", headers=stranger).status_code == 401
    assert browser.post("/api/answer", json=sent, headers=stranger).status_code == 401
    assert browser.post("/api/answer", json=sent, headers=ana).status_code == 403
    again = browser.get("/api/task", headers=ana).json()["question"]
    assert again["example"] == held["example"]
    assert time.monotonic() - began < WAIT_SECONDS / 2
    other.close()


def test_what_a_program_does_wrong_has_the_shape_of_all_errors(audit, closed):
    browser = surf(closed)
    ana, ben = token_of(audit), token_of(audit, "Ben")
    ticket = browser.get("/api/task", headers=ana).json()["question"]["ticket"]
    for headers, sent, status, said in (
        ({}, {"ticket": ticket, "answer": "a"}, 401, "A token is needed"),
        ({"authorization": "Bearer x"}, {"ticket": ticket, "answer": "a"}, 401, "not made by"),
        (ben, {"ticket": ticket, "answer": "a"}, 403, "opened by the reviewer 'Ana'"),
        (ana, {"ticket": "x", "answer": "a"}, 403, "not made by"),
        (ana, {"ticket": ticket, "answer": "c"}, 422, "'c' is no answer to example "),
        (ana, {"ticket": ticket, "answer": "c"}, 422, "one of: a, b, both, neither, unclear. No"),
        (ana, {"ticket": ticket, "answer": "labels"}, 422, "'labels' is no answer"),
        (ana, {"ticket": ticket}, 422, "answer is missing. Nothing was recorded."),
        (ana, {"ticket": ticket, "answer": 7}, 422, "answer is 7: input should be a valid string"),
    ):
        found = browser.post("/api/answer", json=sent, headers=headers)
        assert found.status_code == status
        error = found.json()["error"]
        assert (error["status"], said in error["message"]) == (status, True)
    assert audit.votes() == []


def test_a_token_that_cannot_be_looked_up_has_the_shape_of_all_errors(audit, closed, monkeypatch):
    def broken(_number):
        raise AuditError("The audit's database is of another version.")

    token = token_of(audit)
    monkeypatch.setattr(audit, "invitation", broken)
    found = surf(closed).get("/api/task", headers=token)
    assert found.status_code == 409
    assert found.json()["error"] == {
        "status": 409,
        "title": "Conflict",
        "message": "The audit's database is of another version.",
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{'id': 0}", "it is no JSON, at character 1: Expecting property name"),
        ("[7]", "body[0] is 7: input should be a valid dictionary."),
        ("{}", "body is {}: input should be a valid list."),
        ("[" + ", ".join(map(str, range(20))) + "]", "body[2] is 2: input should be a valid "),
        ("[" + ", ".join(map(str, range(20))) + "]", "dictionary; and 17 more. Nothing was"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_place_and_what_was_expected(audit, closed, body, said):
    maintainer = token_of(audit, role="maintainer") | {"content-type": "application/json"}
    found = surf(closed).post("/api/votes", content=body, headers=maintainer)
    assert found.status_code == 422
    assert said in found.json()["error"]["message"]


def test_votes_of_others_are_brought_by_a_maintainer(audit, closed):
    browser, votes = surf(closed), [{"id": "0", "reviewer": "x", "answer": "given"}]
    found = browser.post("/api/votes", json=votes, headers=token_of(audit))
    assert found.status_code == 403
    maintainer = token_of(audit, "Max", role="maintainer")
    votes.append({"id": "99", "reviewer": "x", "answer": "given"})
    found = browser.post("/api/votes", json=votes, headers=maintainer).json()
    assert (found["added"], found["already_there"], len(found["refused"])) == (1, 0, 1)
    assert len(audit.votes()) == 1


def test_the_answers_are_documented_without_anything_from_elsewhere(closed):
    found = surf(closed).get("/api/openapi.json")
    document = json.loads(found.text)
    assert {"/api/task", "/api/answer", "/api/votes"} <= set(document["paths"])
    assert surf(closed).get("/docs").status_code == 404


def test_an_example_that_cannot_be_judged_is_an_answer_that_decides_nothing(audit, closed):
    browser, token = surf(closed), token_of(audit)
    question = browser.get("/api/task", headers=token).json()["question"]
    sent = {"ticket": question["ticket"], "answer": "unclear"}
    assert browser.post("/api/answer", json=sent, headers=token).json()["added"]
    (vote,) = audit.votes()
    assert (vote.answer, vote.said) == ("other", "can't tell")
    assert audit.progress("Ana").answered == 1
    with pytest.raises(VoteError, match="with 'other', and only with it, comes"):
        audit.vote("Ben", question["example"], "given", first="given", key="1", said="hm")
