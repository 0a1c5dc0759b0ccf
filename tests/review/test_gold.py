"""Gold on the page and in the API: nothing tells it from the rest, and no answer to it is lost."""

import re
import time

import pytest

from audits import planned_audit
from desks import client, example, flash, serving, surf, ticket
from errata.audit import Audit
from errata.datasets.media import Texts
from errata.review.app import create_app
from errata.review.people import link_of
from errata.review.tickets import Seal, kept_key


@pytest.fixture
def audit(tmp_path):
    media = Texts([f"text {i:02}" for i in range(60)])
    audit = planned_audit(tmp_path / "pets.audit", votes=2, threshold=2, media=media)
    audit.plant(0.4)
    return audit


def is_gold(number):
    return number >= 8  # `small_set` gets the first eight wrong, and they are planned


def bare(page):
    """Return a page without what differs between any two examples."""
    page = re.sub(r'name="ticket" value="[^"]+"', "TICKET", page)
    page = re.sub(r"text \d\d|/media/\d+|/after/\d+", "EXAMPLE", page)
    page = re.sub(r"\b(cat|dog|fox)\b", "CLASS", page)
    return re.sub(r"\d+ of 13|value=\"\d+\"", "PROGRESS", page)


def test_pages_answers_skips_and_undos_of_gold_are_as_those_of_candidates(audit):
    browser = client(audit, "Ana")
    seal = Seal(kept_key(audit.path))
    pages, said, tickets = {True: set(), False: set()}, {True: set(), False: set()}, []
    shown = browser.get("/review").text
    for count in range(13):
        shown = browser.get("/review").text  # without what was said of the last
        gold = is_gold(example(shown))
        pages[gold].add(bare(shown))
        read = seal.read_ticket(ticket(shown), reviewer="Ana")
        assert read.answered == count
        tickets.append(read)
        skipped = browser.post("/skip", data={"ticket": ticket(shown)}).text
        shown = browser.get("/review").text
        gold = is_gold(example(shown))
        sent = {"ticket": ticket(shown), "answer": "both"}
        said[gold].add(flash(browser.post("/answer", data=sent).text))
        assert flash(browser.post("/answer", data=sent).text).startswith("That one is answered")
        after = browser.get("/review").text
        undone = browser.post("/undo", data={"ticket": ticket(after)}).text
        assert example(undone) == example(shown)
        said[gold].add(flash(undone))
        browser.post("/answer", data={"ticket": ticket(undone), "answer": "both"})
        assert flash(skipped).startswith("Skipped")
    assert "Nothing is left" in browser.get("/review").text
    assert pages[True] == pages[False]
    assert len(pages[True]) == 1
    assert (
        said[True] == said[False] == {"Recorded: both. Undo (z)", "Taken back. Here it is again."}
    )
    assert len(audit.votes()) == 8
    (found,) = audit.gold_accuracy()
    assert (found.right, found.of) == (0, 5)


def test_the_api_asks_about_gold_as_about_candidates(audit):
    browser = surf(create_app(audit, invited_only=True))
    token = link_of(audit, audit.invite("Ana")).rpartition("/")[2]
    headers = {"authorization": f"Bearer {token}"}
    following = browser.get("/api/task", headers=headers).json()
    shapes, answered = {True: set(), False: set()}, 0
    while question := following["question"]:
        gold = is_gold(question["example"])
        assert (question["answered"], question["total"]) == (answered, 13)
        sent = {"ticket": question["ticket"], "answer": "a"}
        found = browser.post("/api/answer", json=sent, headers=headers).json()
        assert found["added"]
        shapes[gold].add((*question, question["kind"], question["media"].partition("?")[2], *found))
        following, answered = found["next"], answered + 1
    assert answered == 13
    assert shapes[True] == shapes[False]
    assert following == {"question": None, "waiting": 0, "seconds": None}


def test_an_answer_to_gold_survives_that_the_server_is_killed(audit):
    with serving(audit) as server:
        import httpx

        browser = httpx.Client(
            base_url=server.url, headers={"accept": "text/html"}, follow_redirects=True
        )
        page = browser.post("/", data={"name": "Ana"}).text
        while not is_gold(example(page)):
            page = browser.post("/answer", data={"ticket": ticket(page), "answer": "a"}).text
        sent = {"ticket": ticket(page), "answer": "neither"}
        shown, following = example(page), browser.post("/answer", data=sent).text
        server.kill()
        server.start()
        assert example(browser.get("/review").text) == example(following) != shown
        again = browser.post("/answer", data=sent).text
        assert flash(again).startswith("That one is answered")
        browser.close()
    (found,) = Audit.open(audit.path).gold_accuracy()
    assert (found.right, found.of) == (0, 1)


def test_an_empty_queue_tells_what_is_with_others_and_for_how_long(tmp_path):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1)
    now = time.time()
    audit._now = lambda: now
    app = create_app(audit)
    token = link_of(audit, audit.invite("Zoe")).rpartition("/")[2]
    headers = {"authorization": f"Bearer {token}"}
    held = [audit.task(name).example for name in ("Ana", "Ben", "Cid")]
    now += 359
    while (task := audit.task("Dan")) is not None:
        audit.vote("Dan", task.example, "given", first=task.first, key=f"{task.example}")
    audit.task("Ben")  # looked at again: held anew from now
    zoe = surf(app)
    zoe.post("/", data={"name": "Zoe"})
    page = " ".join(zoe.get("/review").text.split())
    assert "3 examples are with others; the next is free in 5 minutes" in page
    found = surf(app).get("/api/task", headers=headers).json()
    assert (found["question"], found["waiting"]) == (None, 3)
    assert found["seconds"] == pytest.approx(241)
    now += 241 - 30
    page = " ".join(zoe.get("/review").text.split())
    assert "3 examples are with others; the next is free in 1 minute," in page
    audit.vote("Ana", held[0], "given", first="given", key="k")
    page = " ".join(zoe.get("/review").text.split())
    assert "2 examples are with others" in page
    now += 31
    assert example(zoe.get("/review").text) == held[2]  # Cid's ran out, Ben's did not


def test_what_others_let_go_of_while_the_next_example_is_looked_for_is_shown(tmp_path, monkeypatch):
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1)
    token = link_of(audit, audit.invite("Bob")).rpartition("/")[2]
    held = [audit.task(f"r{number}").example for number in range(8)]
    asked, going = audit.asked, ["r0", "r1"]

    def asked_just_before_another_lets_go(reviewer):
        found = asked(reviewer)
        if found[0] is None:
            audit.let_go(going.pop(0))
        return found

    monkeypatch.setattr(audit, "asked", asked_just_before_another_lets_go)
    app = create_app(audit)
    assert example(surf(app).post("/", data={"name": "Zoe"}).text) == held[0]
    found = surf(app).get("/api/task", headers={"authorization": f"Bearer {token}"}).json()
    assert found["question"]["example"] == held[1]
    assert going == []
