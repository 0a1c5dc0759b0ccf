"""The review page where examples may have several labels: boxes to tick, by hand and by key."""

import html
import re
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from desks import (
    SETTLED,
    client,
    example,
    flash,
    look,
    moved,
    one_moment,
    serving,
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
from label_sets import SOUNDS, sounds

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture
def audit(tmp_path: "Path") -> Audit:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 8, 8), dtype=np.uint8)
    return sounds(tmp_path / "sounds.audit", media=Images(pixels))


def boxes(text: str) -> dict[str, int]:
    """Return the class of each box by its name, in the order shown."""
    found = re.findall(r'name="label" value="(\d+)".*?<span>(.*?)</span></label>', text)
    return {html.unescape(name): int(label) for label, name in found}


# ---------------------------------------------------------------- what is sent


def test_the_page_has_a_box_for_each_label_and_no_hint_which_is_given(audit):
    text = client(audit, "Ana").get("/review").text
    task = audit.task("Ana")
    assert list(boxes(text).values()) == list(task.labels)
    assert list(boxes(text)) == [SOUNDS[label] for label in task.labels]
    body = text[text.index("<body") :]
    for word in ("given", "suggested", "checked>", "checked "):
        assert word not in body.split("<dialog")[0]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_is_ticked_is_recorded_once(audit, count):
    browser = client(audit, "Ana")
    text = browser.get("/review").text
    ticked = dict(list(boxes(text).items())[:count])
    sent = {"ticket": ticket(text), "answer": "labels", "label": list(ticked.values())}
    after = browser.post("/answer", data=sent)
    (vote,) = audit.votes()
    assert (vote.example, vote.kind) == (example(text), "person")
    assert set(vote.labels) == set(ticked)
    names = [name for name in SOUNDS if name in ticked]
    assert flash(after.text) == f"Recorded: {' + '.join(names) or 'no label'}. Undo (z)"
    again = browser.post("/answer", data=sent)
    assert "answered already" in flash(again.text)
    assert len(audit.votes()) == 1
    back = browser.post("/undo", data={"ticket": ticket(after.text)})
    assert example(back.text) == example(text)
    assert audit.votes() == []
    browser.post("/answer", data=sent)
    assert audit.votes() == [], "a page whose answer was taken back does not count again"


def test_a_label_that_was_not_on_the_page_is_refused(audit):
    browser = client(audit, "Ana")
    text = browser.get("/review").text
    (other, *_) = set(range(5)) - set(boxes(text).values())
    sent = {"ticket": ticket(text), "answer": "labels", "label": [other]}
    answer = browser.post("/answer", data=sent)
    assert answer.status_code == 409
    assert "were not shown" in answer.text
    for wrong in ({"answer": "a"}, {"answer": "both"}):
        answer = browser.post("/answer", data={"ticket": ticket(text)} | wrong)
        assert "has changed" in flash(answer.text)
    answer = browser.post("/answer", data=sent | {"label": ["dog"]})
    assert answer.status_code == 422
    assert audit.votes() == []


@pytest.mark.parametrize("count", [0, 2])
def test_who_cannot_tell_is_recorded_once_and_ticks_nothing(audit, count):
    browser = client(audit, "Ana")
    text = browser.get("/review").text
    assert 'value="unclear"' in text
    ticked = list(boxes(text).values())[:count]
    sent = {"ticket": ticket(text), "answer": "unclear", "label": ticked}
    after = browser.post("/answer", data=sent)
    (vote,) = audit.votes()
    assert (vote.answer, vote.said, vote.labels) == ("other", CANNOT_TELL, None)
    assert flash(after.text) == "Recorded: can&#39;t tell. Undo (z)"
    again = browser.post("/answer", data=sent)
    assert "answered already" in flash(again.text)
    assert len(audit.votes()) == 1
    back = browser.post("/undo", data={"ticket": ticket(after.text)})
    assert example(back.text) == example(text)
    assert audit.votes() == []


def test_a_program_ticks_labels_or_cannot_tell(audit):
    app = create_app(audit)
    token = link_of(audit, audit.invite("Zoe")).rpartition("/")[2]
    headers, browser = {"authorization": f"Bearer {token}"}, surf(app)
    question = browser.get("/api/task", headers=headers).json()["question"]
    assert question["kind"] == "labels"
    assert [int(one["answer"]) for one in question["options"]] == list(audit.task("Zoe").labels)
    sent = {"ticket": question["ticket"], "answer": "a"}
    refused = browser.post("/api/answer", json=sent, headers=headers).json()
    assert "takes one of: labels, unclear." in refused["error"]["message"]
    sent = {"ticket": question["ticket"], "answer": "unclear"}
    for added in (True, False):
        answer = browser.post("/api/answer", json=sent, headers=headers).json()
        assert answer["added"] is added
    second = answer["next"]["question"]
    label = int(second["options"][0]["answer"])
    sent = {"ticket": second["ticket"], "answer": "labels", "labels": [label]}
    assert browser.post("/api/answer", json=sent, headers=headers).json()["added"]
    assert [vote.said or vote.labels for vote in audit.votes()] == [CANNOT_TELL, (SOUNDS[label],)]


def test_a_maintainer_sees_who_cannot_tell(tmp_path):
    audit = sounds(tmp_path / "a", votes=1, threshold=1)
    task = audit.task("Ana")
    audit.vote_labels("Ana", task.example, [], shown=task.labels, key="1", said=CANNOT_TELL)
    browser = surf(create_app(audit, once="secret"))
    found = browser.get("/maintain/once/secret").text
    assert "too few can tell" in found
    assert f'id="example-{task.example}"' in found
    assert "those who cannot tell could decide" in found
    assert "<td>can&#39;t tell</td>" in browser.get(f"/maintain/decide/{task.example}").text


def test_skipped_ones_come_last_and_the_end_is_told(audit):
    browser = client(audit, "Ana")
    text = browser.get("/review").text
    first = example(text)
    text = browser.post("/skip", data={"ticket": ticket(text)}).text
    seen = []
    while 'class="boxes"' in text:
        seen.append(example(text))
        text = browser.post("/answer", data={"ticket": ticket(text), "answer": "labels"}).text
    assert seen[-1] == first
    assert len(set(seen)) == len(seen) == 8
    assert "Nothing is left for you" in text


def test_names_are_shown_as_text(tmp_path):
    names = ("<b>dog</b>", "a & b", "c", '"d"', "e")
    audit = sounds(tmp_path / "a", classes=names)
    text = client(audit, "Ana").get("/review").text
    assert set(boxes(text)) <= set(names)
    assert "<b>dog" not in text


# ---------------------------------------------------------------- hands


def press(page: "Page", key: str) -> bool:
    before = page.evaluate("document.querySelector('[name=ticket]')?.value")
    page.keyboard.press(key)
    return moved(page, before)


def names(page: "Page") -> list[str]:
    return page.locator(".boxes label > span").all_inner_texts()


def test_digits_tick_and_enter_sends_and_kills_lose_nothing(audit, page):
    expected = []
    with serving(audit) as server:
        sign_in(page, server.url)
        for number in range(6):
            shown = names(page)
            wanted = {place for place in range(len(shown)) if (number + 1) >> place & 1}
            for place in wanted:
                page.keyboard.press(str(place + 1))
            page.keyboard.press(str(len(shown)))  # and back again, which changes nothing
            page.keyboard.press(str(len(shown)))
            ticked = page.locator(".boxes :checked").count()
            assert ticked == len(wanted)
            expected.append({shown[place] for place in wanted})
            if number == 2:
                server.kill()
                assert not press(page, "Enter")
                assert page.locator(".boxes :checked").count() == ticked, "ticks are kept"
                server.start()
            assert press(page, "Enter")
        press(page, "z")
        assert len(audit.votes()) == 5
        assert page.locator(".boxes :checked").count() == 0
    assert [set(vote.labels) for vote in Audit.open(audit.path).votes()] == expected[:5]


def test_a_key_says_that_one_cannot_tell_whatever_is_ticked(audit, page):
    with serving(audit) as server:
        sign_in(page, server.url)
        page.keyboard.press("1")
        assert page.locator(".boxes :checked").count() == 1
        assert press(page, "t")
        shown = names(page)
        page.keyboard.press("2")
        assert press(page, "Enter")
        page.goto(f"{server.url}/practice/1")
        page.wait_for_selector(".practice")
        time.sleep(SETTLED)
        page.keyboard.press("t")
        page.wait_for_selector("text=Look again.")
    votes = Audit.open(audit.path).votes()
    assert [vote.said or vote.labels for vote in votes] == [CANNOT_TELL, (shown[1],)]


def test_a_press_too_many_ticks_and_sends_nothing(audit, page):
    with serving(audit) as server:
        sign_in(page, server.url)
        before = page.evaluate("document.querySelector('[name=ticket]').value")
        with one_moment(page):
            for key in ("1", "Enter", "Enter", "Enter"):
                page.keyboard.press(key)
            assert moved(page, before)
        assert len(audit.votes()) == 1
        before = page.evaluate("document.querySelector('[name=ticket]').value")
        with one_moment(page):
            page.keyboard.press("Enter")
            assert moved(page, before)
            page.keyboard.press("1")  # too early for the new example
            assert page.locator(".boxes :checked").count() == 0
        time.sleep(SETTLED)
        page.keyboard.press("1")
        assert page.locator(".boxes :checked").count() == 1
        assert len(audit.votes()) == 2


def test_a_focused_box_is_ticked_with_space_and_clicks_tick_too(tmp_path, page):
    texts = [f"Text {i}.\n" + "A long line of words. " * 800 for i in range(60)]
    audit = sounds(tmp_path / "texts.audit", media=Texts(texts))
    with serving(audit) as server:
        sign_in(page, server.url)
        page.focus(".boxes input >> nth=0")
        page.keyboard.press("Space")
        page.locator(".boxes label").nth(1).click()
        shown = names(page)
        assert page.locator(".boxes :checked").count() == 2
        assert press(page, "Enter")  # the focus is on a box, and Enter sends all the same
    (vote,) = audit.votes()
    assert set(vote.labels) == set(shown[:2])


def test_boxes_work_without_the_script(audit, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with serving(audit) as server:
        page.goto(server.url)
        page.fill("#name", "Bo")
        page.click("button:text-is('Begin')")
        shown = names(page)
        page.locator(".boxes label").first.click()
        page.click("button[value=labels]")
        page.locator(".boxes label").first.click()
        page.press(".boxes input >> nth=0", "Enter")  # the first button of the form: Send
        page.click("[formaction='/undo']")
        page.click("[formaction='/skip']")
        assert "1 of 8" in page.inner_text("header")
    context.close()
    assert [vote.labels for vote in audit.votes()] == [(shown[0],)]


@pytest.mark.parametrize("kind", ["pictures", "texts", "nothing"])
def test_pages_of_boxes_are_accessible_and_fit(kind, tmp_path, browser: "Browser"):
    rng = np.random.default_rng(0)
    media = {
        "pictures": Images(rng.integers(0, 255, (60, 32, 32, 3), dtype=np.uint8)),
        "texts": Texts(["Words, and more of them. " * 200] * 60),
        "nothing": None,
    }[kind]
    audit = sounds(tmp_path / "a", media=media)
    with serving(audit) as server:
        for page, size, scheme in tabs(browser):
            page.goto(server.url)
            page.fill("#name", f"{scheme} {size['width']}")
            page.click("text=Practise on 5 first")
            page.wait_for_selector(".practice")
            look(page)
            page.goto(f"{server.url}/review")
            page.wait_for_selector(".boxes")
            look(page)
            for part in page.locator("button:visible, .boxes label").all():
                box = part.bounding_box()
                assert min(box["width"], box["height"]) >= 44, part.inner_text()
