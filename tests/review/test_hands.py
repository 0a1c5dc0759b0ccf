"""The reviewer's hands: pages painted ahead, answers not saved, own keys, a pause, a closer look.

A real browser against a server in a process of its own.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from audits import CLASSES, small_set
from desks import (
    DESK,
    SETTLED,
    Server,
    look,
    moved,
    one_moment,
    serving,
    shown_ticket,
    sign_in,
    until,
)
from errata.audit import Audit
from errata.datasets.media import Images, Media, Sounds, Texts
from errata.exchange.votes import CANNOT_TELL
from published_texts import wav

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

ANSWER = "**/answer"
UNSAVED = "#unsaved:not([hidden])"
PIXELS = np.random.default_rng(0).integers(0, 255, (240, 8, 8), dtype=np.uint8)


def planned(path: Path, media: Media | None = None, *, wrong: int = 12, votes: int = 5) -> Audit:
    labels, probs = small_set(240, wrong=wrong)
    audit = Audit.create(path, labels=labels, probs=probs, classes=CLASSES, media=media)
    audit.find(rule="argmax")
    audit.plan(votes=votes, threshold=min(votes, 3))
    return audit


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Return an audit of tiny pictures with a dozen candidates."""
    return planned(tmp_path / "pets.audit", Images(PIXELS))


@pytest.fixture
def server(audit: Audit) -> Iterator[Server]:
    with serving(audit) as running:
        yield running


def begin(page: "Page", server: Server, name: str = "Ana") -> None:
    """Sign in, and wait until the page after the first is there."""
    sign_in(page, server.url, name)
    page.wait_for_load_state("networkidle")
    time.sleep(SETTLED)


def example(page: "Page") -> int:
    return int(page.get_attribute("#answers", "data-after").rpartition("/")[2])


def press(page: "Page", key: str) -> bool:
    before = shown_ticket(page)
    page.keyboard.press(key)
    return moved(page, before)


def painted(page: "Page", before: int) -> int:
    """Wait for a page that is painted ahead: another example, which cannot be answered yet."""
    until(page, f"document.querySelector('#answers').dataset.after != '/after/{before}'")
    return example(page)


def answers(audit: Audit) -> dict[int, str]:
    """Return the answer to each example; nothing is answered twice."""
    votes = audit.votes()
    assert len({(vote.reviewer, vote.example) for vote in votes}) == len(votes)
    return {vote.example: vote.answer for vote in votes}


def meant(audit: Audit, candidate: int, side: str, name: str = "Ana") -> str:
    """Return which label a reviewer chose by (a) or (b)."""
    first = audit.task_for(name, candidate).first
    second = {"given": "suggested", "suggested": "given"}[first]
    return {"a": first, "b": second}[side]


# ---------------------------------------------------------------- fifty by the keyboard alone


def test_practice_and_fifty_answers_by_the_keyboard_alone(tmp_path, page):
    audit = planned(tmp_path / "pets.audit", Images(PIXELS), wrong=50)
    keys = ("1", "2", "3", "4", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
    with serving(audit) as server:
        page.goto(server.url)
        page.keyboard.type("Ana")
        page.keyboard.press("Enter")
        for number in range(1, 6):
            page.wait_for_url(f"**/practice/{number}")
            time.sleep(SETTLED)
            page.keyboard.press("1")
            page.wait_for_selector(".told")
            assert page.evaluate("document.activeElement.matches('[data-next]')")
            page.keyboard.press("Enter")
        page.wait_for_url("**/review")
        assert audit.votes() == []
        expected = {}
        time.sleep(SETTLED)
        for number in range(50):
            key, shown = keys[number % len(keys)], example(page)
            sides = {"1": "a", "2": "b", "ArrowLeft": "a", "ArrowRight": "b"}
            expected[shown] = (
                meant(audit, shown, sides[key])
                if key in sides
                else {"3": "both", "ArrowUp": "both"}.get(key, "neither")
            )
            assert press(page, key)
        assert "Nothing is left for you" in page.inner_text("h1")
    assert answers(audit) == expected


def test_where_classes_are_digits_a_digit_answers_nothing(tmp_path, page):
    labels, probs = small_set(240, wrong=12)
    audit = Audit.create(tmp_path / "a", labels=labels, probs=probs, classes=("3", "4", "5"))
    audit.find(rule="argmax")
    audit.plan()
    with serving(audit) as server:
        sign_in(page, server.url)
        before = shown_ticket(page)
        for key in "12345":
            page.keyboard.press(key)
        page.keyboard.press("?")
        assert not set("12345") & set("".join(page.locator("#keys kbd").all_inner_texts()))
        page.keyboard.press("Escape")
        assert shown_ticket(page) == before
        assert press(page, "n")
    assert [vote.answer for vote in audit.votes()] == ["neither"]


# ---------------------------------------------------------------- ahead of the server


def slow(page: "Page", seconds: float) -> None:
    """Let answers take a while on their way."""

    def late(route: "Route") -> None:
        time.sleep(seconds)
        route.continue_()

    page.route(ANSWER, late)


def test_the_next_example_is_painted_before_the_answer_is_acknowledged(audit, server, page):
    begin(page, server)
    first = example(page)
    page.route(ANSWER, lambda _: None)  # the answer never arrives
    page.keyboard.press("a")
    second = painted(page, first)
    assert shown_ticket(page) == "", "what is not handed out cannot be answered"
    assert second not in answers(audit)
    assert page.locator("header .progress").inner_text().startswith("0 of 12"), "nothing is saved"
    assert page.locator(UNSAVED).count() == 0


def test_nobody_runs_ahead_by_more_than_one_answer(audit, server, page):
    begin(page, server)
    first = example(page)
    held: "list[Route]" = []
    page.route(ANSWER, lambda route: held.append(route))  # noqa: PLW0108 (Playwright looks into it)
    page.keyboard.press("a")
    second = painted(page, first)
    time.sleep(SETTLED)
    for key in ("n", "o", "b", "s"):  # the first of them waits, the others are pressed in vain
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert example(page) == second
    assert page.locator("[value=neither].chosen").count() == 1
    assert len(held) == 1
    page.unroute(ANSWER)  # which lets it go on its way
    third = painted(page, second)
    until(page, "document.querySelector('[name=ticket]').value != ''")
    assert third not in (first, second)
    assert answers(audit) == {first: meant(audit, first, "a"), second: "neither"}


def test_where_something_else_comes_next_the_press_on_the_painted_one_answers_nothing(
    tmp_path, page
):
    audit = planned(tmp_path / "pets.audit", Images(PIXELS), votes=1)
    with serving(audit) as server:
        begin(page, server)
        first = example(page)
        held: "list[Route]" = []
        page.route(ANSWER, lambda route: held.append(route))  # noqa: PLW0108 (Playwright looks into it)
        page.keyboard.press("a")
        second = painted(page, first)
        time.sleep(SETTLED)
        page.keyboard.press("b")
        while audit.task("Bo").example != second:  # the only vote that the painted one needs
            audit.skip("Bo", audit.task("Bo").example)
        assert audit.vote("Bo", second, "neither", first="given", key="bo")
        page.unroute(ANSWER)  # which lets it go on its way
        third = painted(page, second)
        assert third not in (first, second)
        assert "answered nothing" in page.inner_text("#flash")
        assert answers(audit) == {first: meant(audit, first, "a"), second: "neither"}
        time.sleep(SETTLED)
        assert press(page, "a")
        assert third in answers(audit)


# ---------------------------------------------------------------- what could not be saved


def test_without_a_network_the_example_comes_back_and_the_answer_goes_when_it_is_there(
    audit, server, page
):
    begin(page, server)
    first = example(page)
    page.context.set_offline(True)
    page.keyboard.press("a")
    page.wait_for_selector(UNSAVED)
    assert example(page) == first
    assert "not saved. There is no network" in page.inner_text(UNSAVED)
    assert page.locator("#a.chosen").count() == 1
    assert answers(audit) == {}
    page.context.set_offline(False)
    painted(page, first)
    assert answers(audit) == {first: meant(audit, first, "a")}
    time.sleep(SETTLED)
    assert press(page, "b")
    assert len(answers(audit)) == 2


def test_an_answer_that_was_lost_is_sent_again_by_button_or_by_another_key(audit, server, page):
    begin(page, server)
    for again, side in (("Enter", "a"), ("b", "b")):  # the button has the focus
        shown = example(page)
        page.route(ANSWER, lambda route: route.abort())
        page.keyboard.press("a")
        page.wait_for_selector(UNSAVED)
        assert example(page) == shown
        page.unroute(ANSWER)
        time.sleep(SETTLED)
        page.keyboard.press(again)
        painted(page, shown)
        assert answers(audit)[shown] == meant(audit, shown, side)
        page.wait_for_load_state("networkidle")
        time.sleep(SETTLED)
    assert len(answers(audit)) == 2


def test_an_answer_whose_acknowledgement_was_lost_counts_once(audit, server, page):
    begin(page, server)
    first = example(page)

    def only_there(route: "Route") -> None:
        route.fetch()
        route.abort()

    page.route(ANSWER, only_there)
    page.keyboard.press("a")
    page.wait_for_selector(UNSAVED)
    assert example(page) == first
    page.unroute(ANSWER)
    page.click("#unsaved button")
    painted(page, first)
    assert "answered already" in page.inner_text("#flash")
    assert answers(audit) == {first: meant(audit, first, "a")}


@pytest.mark.parametrize("status", [413, 500])
def test_an_answer_that_the_server_refuses_comes_back_with_its_reason(audit, server, page, status):
    begin(page, server)
    first = example(page)
    problem = '<main><p id="message">The disk is full.</p></main>'
    page.route(
        ANSWER, lambda route: route.fulfill(status=status, body=problem, content_type="text/html")
    )
    page.keyboard.press("a")
    page.wait_for_selector(UNSAVED)
    assert "not saved. The disk is full." in page.inner_text(UNSAVED)
    assert example(page) == first
    look_for_focus = "document.activeElement.closest('#unsaved') !== null"
    assert page.evaluate(look_for_focus)
    page.unroute(ANSWER)
    page.click("text=Go on without it")
    page.wait_for_load_state("networkidle")
    assert example(page) == first
    assert answers(audit) == {}


def test_who_is_signed_out_meanwhile_is_told_and_loses_nothing(audit, server, page):
    begin(page, server)
    first = example(page)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.keyboard.press("a")
    page.wait_for_selector(UNSAVED)
    assert "asks who you are" in page.inner_text(UNSAVED)
    assert example(page) == first
    page.context.add_cookies(cookies)
    page.click("#unsaved button")
    painted(page, first)
    assert answers(audit) == {first: meant(audit, first, "a")}


def test_a_page_that_is_loaded_again_or_left_at_once_has_one_vote(audit, server, page):
    begin(page, server)
    slow(page, 0.2)
    for way in (page.reload, lambda: page.goto(server.url), page.go_back):
        shown = example(page)
        page.keyboard.press("n")
        way()
        deadline = time.monotonic() + 10
        while shown not in answers(audit):
            assert time.monotonic() < deadline, "an answer is lost with its page"
            time.sleep(0.05)
        page.goto(f"{server.url}/review")
        page.wait_for_load_state("networkidle")
        assert example(page) != shown
        time.sleep(SETTLED)
    assert len(answers(audit)) == 3


def test_two_tabs_that_run_ahead_have_one_vote_on_each_example(audit, server, page):
    begin(page, server)
    other = page.context.new_page()
    other.goto(f"{server.url}/review")
    other.wait_for_load_state("networkidle")
    time.sleep(SETTLED)
    for number in range(6):
        for tab in (page, other):
            tab.keyboard.press("ab"[number % 2])
        for tab in (page, other):
            until(tab, "document.querySelector('[name=ticket]').value != ''")
            tab.wait_for_load_state("networkidle")
        time.sleep(SETTLED)
    assert 6 <= len(answers(audit)) <= 12


# ---------------------------------------------------------------- keys of one's own


def change(page: "Page", action: str, key: str) -> str:
    page.click(f"[data-changes={action}]")
    page.keyboard.press(key)
    return page.inner_text("#keys-said")


def test_keys_can_be_changed_and_are_shown_and_kept(audit, server, page):
    begin(page, server)
    page.keyboard.press("?")
    assert change(page, "neither", "x") == "Neither has the key x now."
    assert change(page, "undo", "ArrowDown") == "Undo has the key ↓ now."  # free since
    page.keyboard.press("Escape")
    assert page.inner_text("[value=neither] kbd") == "x"
    first = example(page)
    for old in ("n", "4"):
        page.keyboard.press(old)
    time.sleep(SETTLED)
    assert answers(audit) == {}
    assert press(page, "x")
    assert answers(audit) == {first: "neither"}
    page.reload()
    page.wait_for_load_state("networkidle")
    time.sleep(SETTLED)
    assert page.inner_text("[value=neither] kbd") == "x"
    assert press(page, "ArrowDown")
    assert answers(audit) == {}
    page.keyboard.press("?")
    page.click("#reset-keys")
    page.keyboard.press("Escape")
    assert page.inner_text("[value=neither] kbd") == "n"
    assert press(page, "n")


def test_a_key_that_does_something_else_is_refused(audit, server, page):
    begin(page, server)
    page.keyboard.press("?")
    for key, why in (
        ("b", "b is a key of (b)"),
        ("2", "2 is a key of (b)"),
        ("Z", "z is a key of Undo"),
        ("Enter", "presses what has the focus"),
        ("Control+k", "is the browser's"),
        ("Escape", "keeps its keys"),
    ):
        assert why in change(page, "a", key)
        assert page.locator("dialog#keys").is_visible()
    page.click("text=Close")
    assert page.inner_text("#a kbd") == "a"
    assert press(page, "a")


def test_keys_work_in_a_browser_that_keeps_nothing(audit, server, page):
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } })"
    )
    begin(page, server)
    page.keyboard.press("?")
    change(page, "a", "q")
    page.keyboard.press("Escape")
    assert press(page, "q")
    assert press(page, "b")
    assert len(answers(audit)) == 2


def test_a_pause_covers_the_page_and_the_key_that_ends_it_answers_nothing(audit, server, page):
    begin(page, server)
    for key in ("a", "p", "Escape", " "):
        with one_moment(page):
            page.keyboard.press("p")
            box = page.locator("#paused").bounding_box()
            assert (box["width"], box["height"]) == (DESK["width"], DESK["height"])
            page.keyboard.press(key)
            assert page.locator("#paused").is_hidden()
            page.keyboard.press("a")  # as after a new example
        time.sleep(SETTLED)
    with one_moment(page):
        page.click("nav [data-action=pause]")
        page.mouse.click(600, 300)
        assert page.locator("#paused").is_hidden()
        page.keyboard.press("a")
    time.sleep(SETTLED)
    assert answers(audit) == {}
    assert press(page, "a")


# ---------------------------------------------------------------- a closer look


def test_a_picture_opens_large_and_closes_by_space_escape_and_click(audit, server, page):
    begin(page, server)
    for close in ("Space", "Escape", None):
        page.keyboard.press("Space")
        large = page.locator("#zoom img")
        large.wait_for()  # a moment passes until the picture is there
        assert large.bounding_box()["height"] > 0.9 * DESK["height"]
        assert large.evaluate("one => getComputedStyle(one).imageRendering") == "pixelated"
        page.keyboard.press("a")
        if close:
            page.keyboard.press(close)
        else:
            large.click()
        assert page.locator("#zoom").is_hidden()
        until(page, "!document.activeElement.closest('#zoom')")  # the focus is back a frame later
    page.click(".zoom")
    assert page.locator("#zoom").is_visible()
    page.keyboard.press("Escape")
    assert answers(audit) == {}
    assert press(page, "a")


def a_sound(path: Path) -> Sounds:
    """Return 240 sounds of two seconds, loud in their first half."""
    samples = np.sin(np.arange(16_000) / 5) * 20_000 * (np.arange(16_000) < 8_000)
    path.write_bytes(wav(samples.astype("<i2").tobytes()))
    return Sounds([path] * 240)


INK = """() => {
  const { width, height } = document.querySelector('canvas.wave')
  const pixels = document.querySelector('canvas.wave').getContext('2d')
  const count = (from) => pixels.getImageData(from, 0, width / 2, height).data
    .filter((one, place) => place % 4 == 3 && one > 0).length
  return [count(0), count(width / 2)]
}"""


def test_the_shape_of_a_sound_is_drawn_and_its_place_shown_and_set(tmp_path, page):
    audit = planned(tmp_path / "pets.audit", a_sound(tmp_path / "a.wav"))
    with serving(audit) as server:
        begin(page, server)
        until(page, "!document.querySelector('canvas.wave').hidden")
        page.wait_for_timeout(100)
        loud, quiet = page.evaluate(INK)
        assert loud > 5 * quiet > 0
        before = page.locator("canvas.wave").screenshot()
        box = page.locator("canvas.wave").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)
        until(page, "Math.abs(document.querySelector('.example audio').currentTime - 1) < .05")
        page.wait_for_timeout(100)
        assert page.locator("canvas.wave").screenshot() != before
        assert press(page, "a")


def test_where_a_sound_cannot_be_drawn_its_player_is_there(tmp_path, page):
    audit = planned(tmp_path / "pets.audit", a_sound(tmp_path / "a.wav"))
    page.add_init_script("delete window.OfflineAudioContext")
    with serving(audit) as server:
        begin(page, server)
        assert page.locator("canvas.wave").is_hidden()
        assert page.locator(".example audio").is_visible()
        page.keyboard.press("Space")
        until(page, "!document.querySelector('.example audio').paused")


def test_a_long_text_is_folded_and_shown_whole(tmp_path, page):
    texts = ["<b>Short.</b>" if i % 2 else "Many <i>words</i>. " * 400 for i in range(240)]
    audit = planned(tmp_path / "texts.audit", Texts(texts))
    with serving(audit) as server:
        begin(page, server)
        for _ in range(4):
            long = example(page) % 2 == 0
            assert page.locator("[data-unfolds]").is_visible() is long
            assert page.locator(".text b, .text i").count() == 0
            width = page.evaluate("""() => {
              const one = document.querySelector('.text')
              return (one.clientWidth - 40) / (parseFloat(getComputedStyle(one).fontSize) * .5)
            }""")
            assert width < 90, "a line is short enough to find the next"
            if long:
                page.click("[data-unfolds]")
                assert page.get_attribute("[data-unfolds]", "aria-expanded") == "true"
                whole = "document.querySelector('.text')"
                assert page.evaluate(f"{whole}.scrollHeight <= {whole}.clientHeight + 1")
                look(page)
            assert press(page, "n")


# ---------------------------------------------------------------- a thumb


@pytest.mark.parametrize("width", [390, 820])
def test_everything_is_in_reach_of_a_finger(tmp_path, browser, width):
    audit = planned(tmp_path / "pets.audit", Images(PIXELS))
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    with serving(audit) as server:
        page.goto(server.url)
        page.fill("#name", "Ana")
        page.tap("text=Practise on 5 first")
        page.wait_for_url("**/practice/1")
        fits(page)
        time.sleep(SETTLED)
        page.tap("#b")
        page.wait_for_selector(".told")
        fits(page)
        page.tap("text=Skip the practice")
        page.wait_for_url("**/review")
        fits(page)
        time.sleep(SETTLED)
        first = example(page)
        page.tap("[value=unclear]")
        painted(page, first)
        page.tap("[data-zooms]")
        page.tap("#zoom")
        page.tap("nav [data-action=pause]")
        page.tap("#paused button")
        assert [vote.said for vote in audit.votes()] == [CANNOT_TELL]
    context.close()


def fits(page: "Page") -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for part in page.locator("button:visible, main a:visible").all():
        box = part.bounding_box()
        assert min(box["width"], box["height"]) >= 44, part.inner_text()
