"""The protocol of the review page: what a browser may send, and what the audit then holds."""

import base64
import dataclasses
import html
import re
import socket

import numpy as np
import pytest
from PIL import Image

from audits import CLASSES, planned_audit, small_audit, small_set
from desks import ORIGIN, client, example, flash, surf, ticket
from errata.audit import Audit
from errata.datasets.media import Features, Images, Sounds, Texts
from errata.errors import ErrataError, InputError
from errata.exchange.forms import TASK_WRITERS
from errata.review.app import create_app, serve
from errata.review.guard import headers_of
from errata.review.tickets import Seal, kept_key
from published_texts import wav


@pytest.fixture
def audit(tmp_path):
    texts = [f"text {i} <script>alert({i})</script>" for i in range(60)]
    return planned_audit(tmp_path / "pets.audit", media=Texts(texts))


def names(page: str) -> list[str]:
    """Return the names that a page shows for (a) and (b)."""
    return [html.unescape(name) for name in re.findall(r"<kbd>[ab]</kbd> <span>(.*?)</span>", page)]


def ballots(audit: Audit) -> list[tuple[str, int, str]]:
    return [(vote.reviewer, vote.example, vote.answer) for vote in audit.votes()]


# ---------------------------------------------------------------- who


def test_nothing_is_asked_of_somebody_without_a_name(audit):
    page = client(audit).get("/review")
    assert page.url.path == "/"
    assert "Your name" in page.text


def test_a_name_is_remembered_by_this_audit_alone(audit, tmp_path):
    browser = client(audit, "  Ana   Lima ")
    (cookie,) = (one for one in browser.cookies.jar if "reviewer" in one.name)
    flags = {name.lower(): value for name, value in cookie._rest.items()}
    assert flags["samesite"].lower() == "strict"
    assert "httponly" in flags
    assert "Go on as Ana Lima" in browser.get("/").text

    other = planned_audit(tmp_path / "other.audit")
    elsewhere = surf(create_app(other))
    elsewhere.cookies = browser.cookies
    assert elsewhere.get("/review").url.path == "/"


@pytest.mark.parametrize(
    ("name", "message"),
    [("  ", "give a name"), ("a" * 61, "61 characters"), ("a\x00b", "cannot be shown")],
)
def test_a_name_that_cannot_be_used_is_asked_for_again(audit, name, message):
    page = client(audit).post("/", data={"name": name})
    assert page.status_code == 422
    assert message in page.text
    assert 'aria-invalid="true"' in page.text


def test_who_comes_back_is_greeted_and_goes_on(audit):
    first = client(audit, "Ana")
    page = first.get("/review").text
    first.post("/answer", data={"ticket": ticket(page), "answer": "a"})

    again = client(audit)
    back = again.post("/", data={"name": "Ana"}).text
    assert flash(back) == "Welcome back, Ana."
    assert example(back) != example(page)


# ---------------------------------------------------------------- one page, one vote


@pytest.mark.parametrize("choice", ["a", "b", "both", "neither"])
def test_an_answer_is_recorded_with_the_order_that_was_shown(audit, choice):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    shown = names(page)
    after = browser.post("/answer", data={"ticket": ticket(page), "answer": choice})

    (vote,) = audit.votes()
    task = audit.task_for("Ana", vote.example)
    sides = {CLASSES[task.given]: "given", CLASSES[task.suggested]: "suggested"}
    assert vote.answer == {"a": sides[shown[0]], "b": sides[shown[1]]}.get(choice, choice)
    assert vote.first == sides[shown[0]]
    assert vote.kind == "person"
    said = {"a": shown[0], "b": shown[1]}.get(choice, choice)
    assert flash(after.text) == f"Recorded: {said}. Undo (z)"
    assert flash(browser.get("/review").text) == ""  # said once


def test_the_same_page_sent_twice_is_one_vote(audit):
    browser = client(audit, "Ana")
    sent = {"ticket": ticket(browser.get("/review").text), "answer": "a"}
    browser.post("/answer", data=sent)
    again = browser.post("/answer", data=sent | {"answer": "b"})
    assert "answered already" in flash(again.text)
    assert len(audit.votes()) == 1


def test_a_page_whose_answer_was_taken_back_does_not_count_again(audit):
    browser = client(audit, "Ana")
    old = browser.get("/review").text
    page = browser.post("/answer", data={"ticket": ticket(old), "answer": "a"}).text
    browser.post("/undo", data={"ticket": ticket(page)})
    again = browser.post("/answer", data={"ticket": ticket(old), "answer": "a"}).text
    assert audit.votes() == []
    assert example(again) == example(old)  # with a ticket of its own


def test_a_page_whose_question_has_changed_records_nothing(audit):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    seal = Seal(kept_key(audit.path))
    seen = seal.read_ticket(ticket(page), reviewer="Ana")
    other = seal.sign_ticket(dataclasses.replace(seen, shown=seen.shown[::-1]))
    answer = browser.post("/answer", data={"ticket": other, "answer": "a"})
    assert "has changed" in flash(answer.text)
    assert audit.votes() == []


def test_two_tabs_on_one_example_are_one_vote(audit):
    browser = client(audit, "Ana")
    tabs = [browser.get("/review").text for _ in range(2)]
    assert ticket(tabs[0]) != ticket(tabs[1])
    first, second = (
        browser.post("/answer", data={"ticket": ticket(tab), "answer": answer}).text
        for tab, answer in zip(tabs, ("neither", "both"), strict=True)
    )
    assert ballots(audit) == [("Ana", example(tabs[0]), "neither")]
    assert example(first) == example(second)
    assert "answered already" in flash(second)


def test_a_page_opened_before_a_restart_can_be_answered_after_it(audit):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    restarted = surf(create_app(Audit.open(audit.path)))
    restarted.cookies = browser.cookies
    restarted.post("/answer", data={"ticket": ticket(page), "answer": "a"})
    assert len(audit.votes()) == 1


def swapped(value):
    """Return a ticket whose signature begins with another letter."""
    content, _, signature = value.rpartition(".")
    return f"{content}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def test_a_forged_ticket_is_refused(audit):
    browser = client(audit, "Ana")
    value = ticket(browser.get("/review").text)
    for forged in ("", "x", swapped(value), value.replace(".", ".A", 1)):
        page = browser.post("/answer", data={"ticket": forged, "answer": "a"})
        assert page.status_code in (403, 422)
        assert "Nothing was recorded." in page.text
    assert audit.votes() == []


def test_a_ticket_is_good_for_its_reviewer_only(audit):
    page = client(audit, "Ana").get("/review").text
    answer = client(audit, "Bo").post("/answer", data={"ticket": ticket(page), "answer": "a"})
    assert answer.status_code == 403
    assert "by the reviewer" in answer.text
    assert audit.votes() == []


def test_a_cookie_cannot_be_made_up(audit):
    browser = client(audit, "Ana")
    (cookie,) = (one for one in browser.cookies.jar if "reviewer" in one.name)
    signed = ticket(browser.get("/review").text)
    for value in ("Ana", signed):  # even what was signed, for another purpose
        stranger = client(audit)
        stranger.cookies.set(cookie.name, value)
        assert stranger.get("/review").url.path == "/"


def test_an_answer_that_is_none_is_refused(audit):
    browser = client(audit, "Ana")
    sent = {"ticket": ticket(browser.get("/review").text), "answer": "given"}
    page = browser.post("/answer", data=sent)
    assert page.status_code == 422
    assert "answer is &#39;given&#39;: string should match" in page.text
    assert audit.votes() == []


# ---------------------------------------------------------------- skip, undo, the end


def test_what_is_skipped_comes_last(audit):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    skipped = example(page)
    page = browser.post("/skip", data={"ticket": ticket(page)}).text
    assert "comes back at the end" in flash(page)
    seen = []
    while "Nothing is left" not in page:
        seen.append(example(page))
        page = browser.post("/answer", data={"ticket": ticket(page), "answer": "a"}).text
    assert seen[-1] == skipped
    assert len(seen) == len(set(seen)) == audit.progress("Ana").total


def test_skipping_what_only_skipped_is_left_says_so(audit):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    total = audit.progress("Ana").total
    for _ in range(total):
        page = browser.post("/skip", data={"ticket": ticket(page)}).text
    assert "Only skipped ones are left" in flash(page)
    assert audit.votes() == []


def test_undo_takes_one_answer_back_and_shows_its_example_again(audit):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    answered = example(page)
    page = browser.post("/answer", data={"ticket": ticket(page), "answer": "a"}).text
    page = browser.post("/undo", data={"ticket": ticket(page)}).text
    assert example(page) == answered
    assert audit.votes() == []
    browser.post("/answer", data={"ticket": ticket(page), "answer": "neither"})
    assert ballots(audit) == [("Ana", answered, "neither")]


def test_undo_pressed_twice_takes_one_answer_back(audit):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    for _ in range(2):
        page = browser.post("/answer", data={"ticket": ticket(page), "answer": "a"}).text
    for _ in range(2):
        again = browser.post("/undo", data={"ticket": ticket(page)})
    assert "out of date" in flash(again.text)
    assert len(audit.votes()) == 1


def test_undo_with_nothing_to_undo_says_so(audit):
    browser = client(audit, "Ana")
    page = browser.post("/undo", data={"ticket": ticket(browser.get("/review").text)})
    assert flash(page.text) == "There is no answer to take back."


def test_the_end_of_the_queue_says_what_comes_next_and_can_be_undone(audit):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    while "Nothing is left" not in page:
        page = browser.post("/answer", data={"ticket": ticket(page), "answer": "b"}).text
    total = audit.progress("Ana").total
    assert f"You have answered {total} of {total}." in page
    assert f"errata verdicts {audit.path}" in page
    assert f"errata release {audit.path}" in page

    stale = browser.post("/answer", data={"ticket": ticket(page), "answer": "a"})
    assert "held no question" in flash(stale.text)
    page = browser.post("/undo", data={"ticket": ticket(page)}).text
    assert f"{total - 1} of {total}" in page


def test_an_audit_without_a_plan_says_what_to_run(tmp_path):
    audit = small_audit(tmp_path / "fresh.audit")
    page = client(audit).post("/", data={"name": "Ana"})
    assert page.status_code == 409
    assert "`find`, then `plan`" in page.text


# ---------------------------------------------------------------- what is shown, and what is not


def test_two_reviewers_are_shown_random_orders_of_their_own(tmp_path):
    labels, probs = small_set(200, wrong=64)
    audit = Audit.create(tmp_path / "many.audit", labels=labels, probs=probs, classes=CLASSES)
    audit.find(rule="argmax")
    audit.plan()
    orders = {}
    for name in ("Ana", "Bo"):
        browser, order = client(audit, name), {}
        page = browser.get("/review").text
        while "Nothing is left" not in page:
            order[example(page)] = names(page)[0] == CLASSES[labels[example(page)]]
            page = browser.post("/answer", data={"ticket": ticket(page), "answer": "both"}).text
        orders[name] = order
    ana, bo = (np.array([order[i] for i in range(64)]) for order in orders.values())
    # 64 fair coins leave these bounds once in ten million runs
    assert 10 < ana.sum() < 54
    assert 10 < bo.sum() < 54
    assert 10 < (ana == bo).sum() < 54
    stored = {(v.reviewer, v.example): v.first == "given" for v in audit.votes()}
    assert stored == {(name, i): seen for name in orders for i, seen in orders[name].items()}


def test_the_page_tells_the_given_label_from_the_suggested_by_nothing(audit):
    pages: dict[str, str] = {}
    first = audit.task("Ana")
    assert first is not None
    everybody = [f"Rev{number:02}" for number in range(60)]
    orders = {audit.task_for(name, first.example).first: name for name in everybody}
    assert set(orders) == {"given", "suggested"}
    for order, name in orders.items():
        browser = client(audit, name)
        browser.get("/review")  # the greeting
        page = browser.get("/review").text
        pages[order] = page.replace(name, "NAME").replace(ticket(page), "TICKET")
    split = re.compile(r"(<section class=\"panel\">.*?<kbd>[ab]</kbd>)(.*?)(</section>)", re.DOTALL)
    given, suggested = ([m[2] for m in split.finditer(pages[order])] for order in sorted(pages))
    assert given == suggested[::-1]
    assert given[0] != given[1]
    assert len({split.sub(r"\1\3", page) for page in pages.values()}) == 1
    for page in pages.values():
        assert not re.search(r"given|suggest|score|predict|margin|confiden", page, re.IGNORECASE)


def test_a_ticket_hides_nothing_that_the_page_does_not_show(audit):
    page = client(audit, "Ana").get("/review").text
    payload = ticket(page).split(".")[0]
    read = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    shown = [CLASSES.index(name) for name in names(page)]
    assert read.startswith(f'["Ana",{example(page)},[{shown[0]},{shown[1]}],0,"')


def test_only_the_reviewers_own_progress_is_shown(audit):
    ana = client(audit, "Ana")
    page = ana.get("/review").text
    ana.post("/answer", data={"ticket": ticket(page), "answer": "a"})
    total = audit.progress("Bo").total
    assert f"0 of {total}" in client(audit, "Bo").get("/review").text


def test_everything_is_shown_as_text(tmp_path):
    evil = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "'; DROP & </title>")
    texts = [f"{evil[i % 3]} {i}" for i in range(60)]
    audit = planned_audit(
        tmp_path / "evil.audit", classes=evil, media=Texts(texts), name="<script>alert(3)</script>"
    )
    browser = client(audit, "<script>alert(4)</script>")
    pages = [browser.get("/").text, browser.get("/review").text]
    pages.append(
        browser.post("/answer", data={"ticket": ticket(pages[1]), "answer": "a"}).text,
    )
    pages.append(browser.get("/<script>alert(5)</script>").text)
    for page in pages:
        assert "<script>" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert" in page
    assert set(names(pages[1])) <= set(evil)


def test_an_escaped_text_and_row_are_served_as_what_they_are(tmp_path):
    media = Features({"<b>": np.arange(60.0), "word": ["<i>"] * 60})
    rows = planned_audit(tmp_path / "rows.audit", media=media)
    browser = client(rows, "Ana")
    page = browser.get("/review").text
    assert "<dt>&lt;b&gt;</dt>" in page
    assert "<dd>&lt;i&gt;</dd>" in page
    assert browser.get("/media/3").json() == {"<b>": 3.0, "word": "<i>"}

    texts = planned_audit(tmp_path / "texts.audit", media=Texts(["<script>"] * 60))
    answer = client(texts).get("/media/3")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == "<script>"


def test_half_of_a_character_in_a_text_is_shown_as_a_question_mark(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit", media=Texts(["half \ud83d"] * 60))
    browser = client(audit, "Ana")
    assert "half ?" in browser.get("/review").text
    assert browser.get("/media/3").text == "half ?"
    assert "half ?" in audit.report(tmp_path / "report.html").read_text()
    for form in TASK_WRITERS:
        audit.export_tasks(tmp_path / form, form=form)
        files = (tmp_path / form).rglob("*")
        assert any("half ?" in file.read_text() for file in files if file.is_file())


def test_a_row_is_served_whatever_its_values_are(tmp_path):
    media = Features({"size": np.array([np.nan, np.inf, -np.inf] * 20), "word": ["\ud83d"] * 60})
    browser = client(planned_audit(tmp_path / "rows.audit", media=media), "Ana")
    assert "<dd>?</dd>" in browser.get("/review").text
    found = [browser.get(f"/media/{row}").json() for row in range(3)]
    assert [one["size"] for one in found] == ["nan", "inf", "-inf"]
    assert {one["word"] for one in found} == {"?"}


def test_pictures_are_kept_by_the_browser_and_pages_are_not(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit", media=Images(np.zeros((60, 8, 8), np.uint8)))
    browser = client(audit, "Ana")
    page = browser.get("/review")
    assert page.headers["cache-control"] == "no-store"
    url = re.findall(r'src="(/media/[^"]+)"', page.text)[0]
    picture = browser.get(url)
    assert picture.headers["content-type"] == "image/png"
    assert "immutable" in picture.headers["cache-control"]
    assert "sandbox" in picture.headers["content-security-policy"]
    assert browser.get(url.split("?")[0]).headers["cache-control"] == "no-store"
    for kept in re.findall(r'"(/static/[^"]+)"', page.text):
        assert "immutable" in browser.get(kept).headers["cache-control"]


def test_the_next_page_can_be_fetched_beforehand_and_not_be_answered(tmp_path):
    audit = planned_audit(
        tmp_path / "pets.audit", votes=1, threshold=1, media=Images(np.zeros((60, 8, 8), np.uint8))
    )
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    ahead = browser.get(f"/after/{example(page)}").text
    assert ticket_or_none(ahead) == ""
    assert browser.post("/answer", data={"ticket": "", "answer": "a"}).status_code == 422
    assert audit.task("Bo").example == example(ahead), "nothing is handed out to Ana"

    page = browser.get(f"/after/{example(page)}").text  # so that another one comes next for her
    assert example(page) != example(ahead)


def test_the_page_fetched_beforehand_is_the_one_that_comes_but_for_what_was_answered(audit):
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    while "Nothing is left" not in page:
        last = example(page)
        ahead = browser.get(f"/after/{last}")
        page = browser.post("/answer", data={"ticket": ticket(page), "answer": "a"}).text
        if "Nothing is left" not in page:
            assert body_of(ahead.text) == body_of(page)
    assert ahead.status_code == 204


def ticket_or_none(page: str) -> str:
    return re.findall(r'name="ticket" value="([^"]*)"', page)[0]


def body_of(page: str) -> str:
    """Return a page without its ticket, what it says once, and how far the reviewer is."""
    page = re.sub(r'name="ticket" value="[^"]*"', "", page)
    page = re.sub(r'<p class="flash".*?</p>', "", page, flags=re.DOTALL)
    return re.sub(r'<div class="progress">.*?</div>', "", page, flags=re.DOTALL)


def test_a_picture_that_cannot_be_read_stops_nobody_and_its_name_stays_unsaid(tmp_path, caplog):
    files = []
    for number in range(60):
        path = tmp_path / f"cat-{number}.png"
        Image.new("L", (8, 8)).save(path)
        files.append(path)
    audit = planned_audit(tmp_path / "pets.audit", media=Images(files=files))
    task = audit.task("Ana")
    assert task is not None
    files[task.example].write_bytes(b"no picture")

    browser = client(audit, "Ana")
    page = browser.get("/review").text
    assert "cannot be read. Say that you can&#39;t tell" in page
    answer = browser.get(f"/media/{task.example}", headers={"accept": "image/png"})
    assert answer.status_code == 404
    assert "cat-" not in page + answer.text
    assert f"cat-{task.example}.png" in caplog.text
    assert example(browser.post("/skip", data={"ticket": ticket(page)}).text) != task.example


@pytest.mark.parametrize("error", [InputError("no cat"), PermissionError("no cat")])
def test_whatever_keeps_an_example_from_being_shown_stops_nobody(audit, monkeypatch, caplog, error):
    def show(_example):
        raise error

    monkeypatch.setattr(audit, "show", show)
    browser = client(audit, "Ana")
    page = browser.get("/review")
    assert page.status_code == 200
    assert "cannot be read. Say that you can&#39;t tell" in page.text
    assert browser.get("/media/3").status_code == 404
    assert "no cat" not in page.text
    assert "no cat" in caplog.text


def of_sounds(folder):
    """Return an audit of sounds, and what their file holds."""
    content = wav(np.arange(4000, dtype="<i2").tobytes())
    (folder / "cat.wav").write_bytes(content)
    media = Sounds([folder / "cat.wav"] * 60)
    return planned_audit(folder / "pets.audit", media=media), content


def test_a_sound_has_a_player_with_a_label_and_is_served_as_it_is(tmp_path):
    audit, content = of_sounds(tmp_path)
    browser = client(audit, "Ana")
    page = browser.get("/review").text
    players = re.findall(r'<audio controls [^>]*src="([^"]+)" aria-label="([^"]+)"></audio>', page)
    assert players[0][1] == "The example, a sound of 0.5 seconds"
    assert {label.split(",")[0].removeprefix("A typical ") for _, label in players[1:]} == {
        *names(page)
    }
    sound = browser.get(players[0][0])
    assert sound.headers["content-type"] == "audio/wav"
    assert "immutable" in sound.headers["cache-control"]
    assert sound.headers["accept-ranges"] == "bytes"
    assert sound.content == content
    assert "cat.wav" not in page


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("0-1", 0, 1), ("8000-", 8000, 8043), ("-44", 8000, 8043), ("10-99999", 10, 8043)],
)
def test_a_piece_of_a_sound_can_be_asked_for(tmp_path, asked, first, last):
    audit, content = of_sounds(tmp_path)
    piece = client(audit).get("/media/3", headers={"range": f"bytes={asked}"})
    assert piece.status_code == 206
    assert piece.headers["content-range"] == f"bytes {first}-{last}/8044"
    assert piece.content == content[first : last + 1]


def test_a_piece_that_is_not_there_is_refused_and_other_questions_get_the_whole(tmp_path):
    audit, content = of_sounds(tmp_path)
    browser = client(audit)
    for asked in ("9000-", "5-4", "-0"):
        none = browser.get("/media/3", headers={"range": f"bytes={asked}"})
        assert (none.status_code, none.headers["content-range"]) == (416, "bytes */8044")
    for asked in ("bytes=-", "bytes=0-1,5-6", "lines=1-2"):
        assert browser.get("/media/3", headers={"range": asked}).content == content


def test_a_sound_that_cannot_be_read_stops_nobody_and_its_name_stays_unsaid(tmp_path, caplog):
    audit, _ = of_sounds(tmp_path)
    (tmp_path / "cat.wav").write_bytes(b"no sound")
    page = client(audit, "Ana").get("/review").text
    assert "cannot be read. Say that you can&#39;t tell" in page
    assert "cat.wav" not in page
    assert "cat.wav is no sound" in caplog.text


def test_an_audit_without_media_names_the_example(tmp_path):
    audit = planned_audit(tmp_path / "bare.audit", ids=[f"pet-{i}" for i in range(60)])
    page = client(audit, "Ana").get("/review").text
    assert re.search(r"look up example pet-\d+ yourself", page)
    assert page.count("No typical example") == 2


# ---------------------------------------------------------------- what comes from elsewhere


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "["]
)
def test_other_host_names_are_refused(audit, host):
    browser = client(audit, "Ana")
    page = browser.get("/review", headers={"host": host})
    assert page.status_code == 400
    assert "and was asked for" in page.text


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1", "[::1]:8765", "LOCALHOST"])
def test_the_names_of_this_machine_are_not(audit, host):
    assert client(audit).get("/", headers={"host": host}).status_code == 200


def test_more_host_names_can_be_allowed(audit):
    browser = surf(create_app(audit, hosts=("testserver",)))
    assert browser.get("/", headers={"host": "testserver"}).status_code == 200
    assert browser.get("/", headers={"host": "localhost"}).status_code == 400


@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:3000"},  # the same site for cookies, and not the same server
        {"origin": "null"},
        {"origin": "http://["},  # no address at all
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_on_another_page_cannot_answer(audit, sent):
    browser = client(audit, "Ana")
    value = ticket(browser.get("/review").text)
    page = browser.post("/answer", data={"ticket": value, "answer": "a"}, headers=sent)
    assert page.status_code == 403
    assert audit.votes() == []
    assert client(audit).post("/", data={"name": "Eve"}, headers=sent).status_code == 403


def test_our_own_forms_can(audit):
    browser = client(audit, "Ana")
    value = ticket(browser.get("/review").text)
    headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
    page = browser.post("/answer", data={"ticket": value, "answer": "a"}, headers=headers)
    assert page.status_code == 200
    assert len(audit.votes()) == 1


def test_a_form_states_its_length_and_is_small(audit):
    browser = client(audit, "Ana")
    assert browser.post("/answer", data={"ticket": "x" * 100_000}).status_code == 413
    unstated = browser.post("/answer", data={"ticket": "x"}, headers={"content-length": ""})
    assert unstated.status_code == 413
    endless = browser.post("/answer", data={"ticket": "x"}, headers={"content-length": "9" * 5000})
    assert endless.status_code == 413


def test_every_answer_carries_the_headers(audit):
    browser = client(audit, "Ana")
    policy = {
        "default-src 'none'", "img-src 'self' data:", "media-src 'self'", "style-src 'self'",
        "script-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'",
        "frame-ancestors 'none'",
    }  # fmt: skip
    for path in ("/", "/review", "/nothing", "/static/review.js"):
        headers = browser.get(path).headers
        assert set(headers["content-security-policy"].split("; ")) == policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert "style=" not in browser.get("/review").text  # the policy would ignore it
    assert not re.search(r"<script(?! src)|\son\w+=", browser.get("/review").text)


def test_a_page_that_breaks_carries_the_headers_of_all_others(audit, monkeypatch):
    browser = surf(create_app(audit, frame_ancestors=("http://notebook.example",)))
    whole = browser.post("/", data={"name": "Ana"})
    monkeypatch.setattr(audit, "asked", lambda *_: 1 / 0)
    for accept in ("text/html", "*/*"):
        broken = browser.get("/review", headers={"accept": accept})
        assert (whole.status_code, broken.status_code) == (200, 500)
        for name in headers_of():
            assert broken.headers[name] == whole.headers[name]


# ---------------------------------------------------------------- problems have one shape


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/media/60", "/media/x", "/static/app.py", "/docs"),
        *("/after/60", "/after/99999999999999999999"),  # more than a database holds
        *(f"/{page}/{'9' * 5000}" for page in ("media", "after", "practice", "maintain/decide")),
    ],
    ids=lambda path: path[:20],
)
def test_what_is_not_there_is_a_page_in_the_house_style(audit, path):
    page = client(audit, "Ana").get(path)
    assert page.status_code == 404
    assert "<h1>Not Found</h1>" in page.text
    assert 'href="/review"' in page.text


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "title"),
    [
        ("GET", "/media/60", {}, 404, "Not Found"),
        ("GET", "/answer", {}, 405, "Method Not Allowed"),
        ("POST", "/answer", {"content-length": "0"}, 422, None),
        ("GET", "/", {"host": "evil.example"}, 400, "Bad Request"),
        ("POST", "/", {"origin": "null", "content-length": "0"}, 403, "Forbidden"),
        ("POST", "/", {"content-length": "1000000"}, 413, None),
    ],
)
def test_problems_told_to_programs_have_one_shape(audit, method, path, headers, status, title):
    browser = client(audit, "Ana")
    answer = browser.request(method, path, headers={"accept": "*/*"} | headers)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert list(error) == ["status", "title", "message"]
    assert error["status"] == status
    assert title in (None, error["title"])
    assert error["message"]


def test_what_breaks_is_told_without_its_insides(audit, monkeypatch):
    monkeypatch.setattr(audit, "asked", lambda *_: 1 / 0)
    page = client(audit).post("/", data={"name": "Ana"})
    assert page.status_code == 500
    assert "Something broke" in page.text
    assert "ZeroDivision" not in page.text


# ---------------------------------------------------------------- the server


def test_a_port_that_is_taken_is_named_with_a_free_one(audit):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ErrataError, match=rf"Port {port} is taken.*another port, such as \d+"):
            serve(audit, port=port, open_browser=False)


def test_a_port_that_is_none_is_refused(audit):
    with pytest.raises(ErrataError, match="Port 70000 cannot be used"):
        serve(audit, port=70000, open_browser=False)
