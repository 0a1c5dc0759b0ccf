"""The review page where one answer is chosen of several: by key, by finger, by name, by program."""

import html
import re
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from audits import FIVE, choice_audit
from desks import (
    PHONE,
    SETTLED,
    client,
    example,
    flash,
    look,
    moved,
    serving,
    shown_ticket,
    sign_in,
    surf,
    tabs,
    ticket,
)
from errata.audit import Audit
from errata.datasets.media import Images, Texts
from errata.exchange.votes import CANNOT_TELL
from errata.review.app import create_app
from errata.review.people import link_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

PIXELS = np.random.default_rng(0).integers(0, 255, (60, 8, 8), dtype=np.uint8)
EXTRA = ("neutral", "<i>off</i>-topic")


@pytest.fixture
def audit(tmp_path: "Path") -> Audit:
    return choice_audit(tmp_path / "pets.audit", media=Images(PIXELS), options=4, extra=EXTRA)


def many_audit(path: "Path", count: int = 40, **settings: object) -> Audit:
    """Return an audit of which reviewers choose among many classes, found by their names."""
    names = [f"bird {number}" for number in range(count - 2)] + ["Wolf", "wolfhound"]
    texts = Texts([f"Text {number}. " * 20 for number in range(80)])
    labels = np.arange(80) % count
    audit = Audit.create(path, labels=labels, classes=names, media=texts)
    doubted = [{"index": one, "suggested": one + 1} for one in range(6)]
    audit.add_candidates(doubted, flagger="a look")
    audit.plan(question="choice", **settings)
    return audit


def options(text: str) -> dict[str, int]:
    """Return the class of each option by its name, in the order shown."""
    found = re.findall(r'value="class-(\d+)".*?<span>(.*?)</span></button>', text)
    return {html.unescape(name): int(label) for label, name in found}


def told(audit: Audit) -> list[tuple[str, ...] | str]:
    """Return what votes chose: a class in a tuple, nothing in one, or what was said."""
    return [vote.said if vote.labels is None else vote.labels for vote in audit.votes()]


# ---------------------------------------------------------------- what is sent


def test_the_page_has_each_option_once_and_no_hint_which_is_given(audit):
    text = client(audit, "Ana").get("/review").text
    task = audit.task("Ana")
    assert list(options(text).values()) == list(task.labels)
    assert list(options(text)) == [FIVE[label] for label in task.labels]
    main = text[text.index("<main") : text.index("<dialog")]
    for word in ("given", "suggested", "class-given", "probab", "checked"):
        assert word not in main
    marked = re.findall(r'<section class="panel">\s*<button ([^>]*)>', main)
    same = {re.sub(r'"(class-)?\d"', '""', one) for one in marked}
    assert len(same) == 1, "options differ in class and key alone"


@pytest.mark.parametrize(
    ("answer", "recorded", "said"),
    [
        ("class", None, None),
        ("neither", (), "None of these"),
        ("extra-0", "neutral", "neutral"),
        ("extra-1", "<i>off</i>-topic", "&lt;i&gt;off&lt;/i&gt;-topic"),
        ("unclear", CANNOT_TELL, "can&#39;t tell"),
    ],
)
def test_what_is_chosen_is_recorded_once_and_can_be_taken_back(audit, answer, recorded, said):
    browser = client(audit, "Ana")
    text = browser.get("/review").text
    name, label = list(options(text).items())[2]
    sent = {"ticket": ticket(text), "answer": f"class-{label}" if answer == "class" else answer}
    after = browser.post("/answer", data=sent)
    assert told(audit) == [(name,) if recorded is None else recorded]
    assert flash(after.text) == f"Recorded: {said or name}. Undo (z)"
    again = browser.post("/answer", data=sent)
    assert "answered already" in flash(again.text)
    assert len(audit.votes()) == 1
    back = browser.post("/undo", data={"ticket": ticket(after.text)})
    assert example(back.text) == example(text)
    assert audit.votes() == []


def test_what_was_not_on_the_page_is_recorded_nowhere(audit):
    browser = client(audit, "Ana")
    text = browser.get("/review").text
    (other,) = set(range(5)) - set(options(text).values())
    for answer in (f"class-{other}", "class-99", "extra-2", "a", "both", "labels"):
        after = browser.post("/answer", data={"ticket": ticket(text), "answer": answer})
        assert "has changed" in flash(after.text), answer
    for answer in ("class-", "class--1", "class-x", "extra", "class-1 "):
        after = browser.post("/answer", data={"ticket": ticket(text), "answer": answer})
        assert after.status_code == 422, answer
    assert audit.votes() == []


def test_names_and_extra_answers_are_shown_as_text(tmp_path):
    names = ("<b>dog</b>", "a & b", "c", '"d"', "<script>e</script>")
    audit = choice_audit(tmp_path / "a", classes=names, extra=EXTRA)
    browser = client(audit, "Ana")
    for where in ("/review", "/", "/practice/1"):
        text = browser.get(where).text
        assert not re.search(r"<(b|i|script)>", text)
        assert "&lt;i&gt;off&lt;/i&gt;-topic" in text
    assert set(options(browser.get("/review").text)) == set(names)


def test_practice_is_as_the_real_pages_are_and_told_at_once(audit):
    browser = client(audit, "Ana")
    heard = []
    for number in range(1, 6):
        text = browser.get(f"/practice/{number}").text
        right = audit.classes[int(audit.labels[int(re.search(r"/media/(\d+)", text)[1])])]
        label = options(text).get(right)
        answer = "neither" if label is None else f"class-{label}"
        after = browser.post(f"/practice/{number}", data={"answer": answer}).text
        heard.append("<strong>Right.</strong>" in after)
        wrong = browser.post(f"/practice/{number}", data={"answer": "unclear"}).text
        assert "Look again." in wrong
    assert heard == [True] * 5
    assert audit.votes() == []


def test_a_program_is_asked_with_the_options_and_answers_with_one(audit):
    app = create_app(audit)
    token = link_of(audit, audit.invite("Zoe")).rpartition("/")[2]
    headers, browser = {"authorization": f"Bearer {token}"}, surf(app)
    question = browser.get("/api/task", headers=headers).json()["question"]
    task = audit.task("Zoe")
    assert question["kind"] == "choice"
    assert question["options"] == [
        *({"answer": f"class-{label}", "name": FIVE[label]} for label in task.labels),
        *({"answer": f"extra-{place}", "name": name} for place, name in enumerate(EXTRA)),
    ]
    for answer in ("class-99", "b"):
        sent = {"ticket": question["ticket"], "answer": answer}
        refused = browser.post("/api/answer", json=sent, headers=headers)
        assert refused.status_code == 422
        known = ", ".join(one["answer"] for one in question["options"])
        takes = f"takes one of: {known}, neither, unclear. Nothing was recorded"
        assert takes in refused.json()["error"]["message"]
    assert audit.votes() == []
    sent = {"ticket": question["ticket"], "answer": question["options"][1]["answer"]}
    for added in (True, False):
        assert browser.post("/api/answer", json=sent, headers=headers).json()["added"] is added
    assert told(audit) == [(question["options"][1]["name"],)]


def test_a_ticket_for_all_classes_does_not_list_them(tmp_path):
    audit = many_audit(tmp_path / "a", count=400)
    browser = client(audit, "Ana")
    text = browser.get("/review").text
    assert len(ticket(text)) < 200
    assert len(options(text)) == 400
    browser.post("/answer", data={"ticket": ticket(text), "answer": "class-399"})
    assert told(audit) == [("wolfhound",)]


def test_a_maintainer_decides_among_the_options(tmp_path):
    audit = choice_audit(tmp_path / "a", votes=1, threshold=1, options=3)
    example_ = audit.task("Ana").example
    audit.vote_choice("Ana", example_, None, said=CANNOT_TELL, key="1")
    browser = surf(create_app(audit, once="secret"))
    browser.get("/maintain/once/secret")
    at = f"/maintain/decide/{example_}"
    shown = sorted(audit.task_for("Ana", example_).labels)
    text = browser.get(at).text
    assert re.findall(r'type="radio" name="answer" value="([^"]+)"', text) == [
        *map(str, shown),
        "neither",
    ]
    assert "another class right" in browser.get("/maintain").text
    browser.post(at, data={"answer": str(shown[0]), "reason": "seen"})
    assert [one["told"] for one in audit.adjudications(example_)] == [FIVE[shown[0]]]
    for wrong in ("maybe", "9" * 5000, str(99), "given"):
        refused = browser.post(at, data={"answer": wrong, "reason": "seen"})
        assert refused.status_code == 422
        assert "is no answer here" in refused.text
    browser.post(at, data={"answer": "neither", "reason": "seen again"})
    assert audit.verdicts().names == ("neither",)


# ---------------------------------------------------------------- hands


def press(page: "Page", key: str) -> bool:
    before = shown_ticket(page)
    page.keyboard.press(key)
    return moved(page, before)


def names(page: "Page") -> list[str]:
    return page.locator(".options button > span").all_inner_texts()


def test_keys_choose_and_kills_lose_nothing(audit, page):
    expected: list[object] = []
    with serving(audit) as server:
        sign_in(page, server.url)
        for key in ("1", "3", "n", "e", "f", "t", "4"):
            shown = names(page)
            special = {"n": (), "e": EXTRA[0], "f": EXTRA[1], "t": CANNOT_TELL}
            expected.append((shown[int(key) - 1],) if key.isdigit() else special[key])
            if key == "3":
                server.kill()
                assert not press(page, key)
                server.start()
            assert press(page, key)
        assert press(page, "z")
        assert names(page) == shown
        before = shown_ticket(page)
        for key in ("2", "2", "1"):  # the first counts, the others are its end
            page.keyboard.press(key)
        assert moved(page, before)
        expected[-1] = (shown[1],)
    assert told(Audit.open(audit.path)) == expected


def test_a_name_that_is_a_digit_is_chosen_by_pressing_it(tmp_path, page):
    audit = choice_audit(tmp_path / "a", classes=("7", "3", "0", "ten", "1"))
    with serving(audit) as server:
        sign_in(page, server.url)
        for key in ("0", "3", "2", "1"):  # "ten" has the first digit that names nothing
            assert press(page, key)
    assert told(audit) == [("0",), ("3",), ("ten",), ("1",)]


def test_a_finger_chooses(audit, browser):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    with serving(audit) as server:
        page.goto(server.url)
        page.fill("#name", "Ana")
        page.tap("button:text-is('Begin')")
        page.wait_for_selector(".options")
        expected: list[object] = []
        for where in (".options .panel >> nth=2", "[value=neither]", "[value=extra-0]"):
            time.sleep(SETTLED)
            expected.append((names(page)[2],) if "panel" in where else ())
            before = shown_ticket(page)
            page.tap(where)
            assert moved(page, before)
        expected[-1] = "neutral"
        assert told(audit) == expected
    context.close()


def test_one_of_many_is_found_by_its_name_without_a_mouse(tmp_path, page):
    audit = many_audit(tmp_path / "a")
    with serving(audit) as server:
        sign_in(page, server.url)
        visible = page.locator(".options .panel:visible")
        assert visible.count() == 40
        page.keyboard.press("/")
        page.keyboard.type("WOLF")
        assert page.locator(".options .panel:visible button").all_inner_texts() == [
            "Wolf",
            "wolfhound",
        ]
        assert page.inner_text("#found") == "2 of 40"
        page.keyboard.press("Enter")  # two are left: the first has the focus
        assert page.evaluate("document.activeElement.value") == "class-38"
        assert audit.votes() == []
        assert press(page, "Enter")
        assert visible.count() == 40
        page.keyboard.press("/")
        page.keyboard.type("hound")
        assert press(page, "Enter")
        page.keyboard.press("/")
        page.keyboard.type("nothing has this")
        assert visible.count() == 0
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        assert visible.count() == 40
        assert press(page, "n")
    assert told(audit) == [("Wolf",), ("wolfhound",), ()]


def test_choosing_works_without_the_script(tmp_path, browser):
    audit = many_audit(tmp_path / "a", extra=EXTRA)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with serving(audit) as server:
        page.goto(server.url)
        page.fill("#name", "Bo")
        page.click("button:text-is('Begin')")
        assert page.locator("[data-finds]:visible").count() == 0
        page.click("span:text-is('Wolf')")
        page.click("[value=extra-1]")
        page.click("[formaction='/undo']")
        page.click("[formaction='/skip']")
        assert "1 of 6" in page.inner_text("header")
    context.close()
    assert told(audit) == [("Wolf",)]


@pytest.mark.parametrize("kind", ["pictures", "texts", "many"])
def test_pages_of_choices_are_accessible_and_fit(kind, tmp_path, browser: "Browser"):
    if kind == "many":
        audit = many_audit(tmp_path / "a", extra=EXTRA)
    else:
        media = Images(PIXELS) if kind == "pictures" else Texts(["Words, and more. " * 200] * 60)
        audit = choice_audit(tmp_path / "a", media=media, extra=EXTRA)
    with serving(audit) as server:
        for page, size, scheme in tabs(browser):
            page.goto(server.url)
            look(page)
            page.fill("#name", f"{scheme} {size['width']}")
            page.click("button:text-is('Begin')")
            page.wait_for_selector(".options")
            look(page)
            for part in page.locator("button:visible").all():
                box = part.bounding_box()
                assert min(box["width"], box["height"]) >= 44, part.inner_text()
