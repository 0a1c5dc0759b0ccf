"""The review page as people use it: the system's Chromium against a server in a process of its own.

The script, the keys, the phone, and that no answer is lost or doubled when the server is killed.
"""

import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from audits import CLASSES, small_set
from desks import (
    PHONE,
    SETTLED,
    Server,
    look,
    moved,
    one_moment,
    serving,
    shown_ticket,
    sign_in,
    tabs,
    until,
)
from errata.audit import Audit
from errata.datasets.media import Features, Images, Media, Sounds, Texts
from published_texts import wav

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Return an audit of tiny pictures with 36 candidates."""
    pixels = np.random.default_rng(0).integers(0, 255, (240, 8, 8), dtype=np.uint8)
    return planned(tmp_path / "pets.audit", Images(pixels))


def planned(path: Path, media: Media | None, wrong: int = 36) -> Audit:
    labels, probs = small_set(240, wrong=wrong)
    audit = Audit.create(path, labels=labels, probs=probs, classes=CLASSES, media=media)
    audit.find(rule="argmax")
    audit.plan()
    return audit


def example(page: "Page") -> int:
    return int(page.get_attribute("#answers", "data-after").rpartition("/")[2])


def names(page: "Page") -> list[str]:
    return page.locator(".panel > button > span").all_inner_texts()


def press(page: "Page", key: str) -> bool:
    before = shown_ticket(page)
    page.keyboard.press(key)
    return moved(page, before)


# ---------------------------------------------------------------- thirty by keyboard, with kills

KEYS = {
    "a": "a", "1": "a", "ArrowLeft": "a",
    "b": "b", "2": "b", "ArrowRight": "b",
    "o": "both", "3": "both", "ArrowUp": "both",
    "n": "neither", "4": "neither", "ArrowDown": "neither",
}  # fmt: skip
TIMING = """() => {
  window.times = []
  let pressed = 0
  // on the window, to be told before the page's own script
  addEventListener('keydown', () => { pressed = performance.now() }, true)
  new MutationObserver(() => {
    if (!pressed) return
    const since = pressed
    pressed = 0
    requestAnimationFrame(() => setTimeout(() => window.times.push(performance.now() - since)))
  }).observe(document.body, { childList: true })
}"""


def test_thirty_answers_by_keyboard_survive_kills_of_the_server(audit, page):
    expected: dict[int, tuple[str, str]] = {}
    with serving(audit) as server:
        sign_in(page, server.url)
        page.evaluate(TIMING)
        for number in range(30):
            key = list(KEYS)[number % len(KEYS)]
            shown, candidate = names(page), example(page)
            task = audit.task_for("Ana", candidate)
            sides = {CLASSES[task.given]: "given", CLASSES[task.suggested]: "suggested"}
            answer = {"a": sides[shown[0]], "b": sides[shown[1]]}.get(KEYS[key], KEYS[key])
            expected[candidate] = (answer, sides[shown[0]])

            if number == 8:  # killed before the answer is sent
                server.kill()
                assert not press(page, key)
                assert "does not answer" in page.inner_text("#unsaved")
                assert names(page) == shown
                server.start()
                assert press(page, key)
            elif number in (14, 20, 26):  # killed while it is on its way
                before = shown_ticket(page)
                page.evaluate(
                    f"setTimeout(() => document.querySelector('#{'ab'[number % 4 // 2]}').click())"
                )
                expected[candidate] = (sides[shown[number % 4 // 2]], sides[shown[0]])
                time.sleep((number - 14) / 500)
                server.kill()
                arrived = moved(page, before)
                server.start()
                if not arrived:
                    assert press(page, "ab"[number % 4 // 2])
            else:
                assert press(page, key)
        times = sorted(page.evaluate("window.times"))

    votes = Audit.open(audit.path).votes()
    assert len(votes) == len({vote.example for vote in votes}) == 30
    assert {vote.example: (vote.answer, vote.first) for vote in votes} == expected
    assert {vote.reviewer for vote in votes} == {"Ana"}
    middle, longest = times[len(times) // 2], times[-1]
    print(f"key to next example: median {middle:.0f} ms, longest {longest:.0f} ms")  # noqa: T201


# ---------------------------------------------------------------- hands


def test_undo_skip_and_the_end_by_keyboard(tmp_path, page):
    audit = planned(tmp_path / "pets.audit", None, wrong=5)
    with serving(audit) as server:
        sign_in(page, server.url)
        first = example(page)
        press(page, "s")
        assert "comes back at the end" in page.inner_text("#flash")
        second = example(page)
        press(page, "a")
        assert re.match(r"Recorded: \w+\.", page.inner_text("#flash"))
        assert page.text_content("#live").endswith("Undo (z)")
        press(page, "z")
        assert example(page) == second
        assert audit.votes() == []
        while page.locator("#a").count():
            last = example(page)
            press(page, "n")
        assert last == first
        assert "Nothing is left for you" in page.inner_text("h1")
        press(page, "Backspace")
        assert example(page) == last
        assert len(audit.votes()) == 4


def test_keys_held_down_or_struck_twice_answer_once(audit, page):
    with serving(audit) as server:
        sign_in(page, server.url)
        with one_moment(page):
            before = shown_ticket(page)
            page.keyboard.down("a")
            for _ in range(5):
                page.keyboard.down("a")  # the keyboard repeats
            page.keyboard.up("a")
            assert moved(page, before)
        with one_moment(page):
            before = shown_ticket(page)
            page.dblclick("#b")
            assert moved(page, before)
        with one_moment(page):
            before = shown_ticket(page)
            page.keyboard.press("b")
            page.keyboard.press("a")
            assert moved(page, before)
        time.sleep(0.5)
        assert len(audit.votes()) == 3


def test_the_key_card_opens_and_keys_can_be_switched_off(audit, page):
    with serving(audit) as server:
        sign_in(page, server.url)
        page.keyboard.press("?")
        assert page.locator("dialog#keys").is_visible()
        page.keyboard.press("a")  # not an answer while the card is open
        page.uncheck("#use-keys")
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        time.sleep(0.3)
        assert audit.votes() == []
        page.click("nav [data-action=keys]")
        page.check("#use-keys")
        page.click("text=Close")
        assert press(page, "a")
        assert len(audit.votes()) == 1


def test_shortcuts_of_the_browser_stay_the_browsers(audit, page):
    with serving(audit) as server:
        sign_in(page, server.url)
        for keys in ("Control+a", "Alt+b", "Meta+z"):
            page.keyboard.press(keys)
        time.sleep(0.3)
        assert audit.votes() == []


def test_a_long_text_scrolls_by_key_and_arrows_in_it_do_not_answer(tmp_path, page):
    texts = [f"Text {number}.\n" + "A long line of words. " * 800 for number in range(240)]
    audit = planned(tmp_path / "texts.audit", Texts(texts))
    with serving(audit) as server:
        sign_in(page, server.url)
        top = "document.querySelector('.text').scrollTop"
        for key, larger in (("Space", True), ("PageDown", True), ("Shift+Space", False)):
            before = page.evaluate(top)
            page.keyboard.press(key)
            assert (page.evaluate(top) > before) is larger
        page.focus(".text")
        page.keyboard.press("ArrowDown")
        time.sleep(0.3)
        assert audit.votes() == []
        assert press(page, "4")


def test_a_focused_button_is_pressed_with_space_and_keeps_the_focus(audit, page):
    with serving(audit) as server:
        sign_in(page, server.url)
        while page.evaluate("document.activeElement.value") != "neither":
            page.keyboard.press("Tab")
        assert press(page, "Space")
        assert page.evaluate("document.activeElement.value") == "neither"
        (vote,) = audit.votes()
        assert vote.answer == "neither"


def test_the_next_pictures_are_there_before_they_are_needed(audit, page):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serving(audit) as server:
        sign_in(page, server.url)
        for _ in range(3):
            page.wait_for_timeout(500)
            early = list(asked)
            asked.clear()
            press(page, "a")
            picture = f"/media/{example(page)}?"
            assert any(picture in url for url in early)
            assert not any(picture in url for url in asked)


def test_another_tab_that_is_behind_is_led_on(audit, page):
    with serving(audit) as server:
        sign_in(page, server.url)
        other = page.context.new_page()
        other.goto(f"{server.url}/review")
        time.sleep(SETTLED)
        press(page, "a")
        press(other, "b")
        assert "answered already" in other.inner_text("#flash")
        assert example(other) == example(page)
        assert len(audit.votes()) == 1
        press(page, "b")
        page.go_back()
        page.go_forward()
        assert len(audit.votes()) == 2


def test_everything_works_without_the_script(audit, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with serving(audit) as server:
        page.goto(server.url)
        page.fill("#name", "Bo")
        page.click("button:text-is('Begin')")
        assert page.locator("nav [data-action=keys]").is_hidden()
        answered = page.locator("header").inner_text
        page.click("#a")
        page.click("button[value=both]")
        assert "2 of 36" in answered()
        page.click("[formaction='/undo']")
        page.click("[formaction='/skip']")
        page.dblclick("#b")
        page.click("text=switch reviewer")
        assert page.locator("text=Go on as Bo").is_visible()
        page.fill("#name", "Cy")
        page.click("button:text-is('Begin')")
        assert "0 of 36" in answered()
    context.close()
    assert [vote.reviewer for vote in audit.votes()] == ["Bo"] * len(audit.votes())
    assert len(audit.votes()) in (2, 3)  # a double click here may answer two pages, each once


# ---------------------------------------------------------------- eyes


def a_sound(path: Path) -> Sounds:
    """Return 240 sounds of two seconds."""
    path.write_bytes(wav(bytes(2 * 16_000)))
    return Sounds([path] * 240)


def test_space_plays_a_sound_and_a_player_keeps_its_own_keys(tmp_path, page):
    audit = planned(tmp_path / "pets.audit", a_sound(tmp_path / "a.wav"))
    with serving(audit) as server:
        sign_in(page, server.url)
        paused = "document.querySelector('.example audio').paused"
        until(page, "document.querySelector('.example audio').duration == 2")
        page.keyboard.press("Space")
        until(page, f"!{paused}")
        page.keyboard.press("Space")
        until(page, paused)
        before, old = example(page), shown_ticket(page)
        page.focus(".example audio")
        for key in ("ArrowLeft", "ArrowRight", "Home"):
            page.keyboard.press(key)
        time.sleep(SETTLED)
        assert audit.votes() == []
        assert example(page) == before
        page.keyboard.press("a")
        assert moved(page, old)
        assert len(audit.votes()) == 1


@pytest.mark.parametrize("kind", ["pictures", "texts", "rows", "sounds"])
def test_every_page_is_accessible_and_fits(kind, tmp_path, browser):
    rng = np.random.default_rng(0)
    media = {
        "pictures": Images(rng.integers(0, 255, (240, 32, 32, 3), dtype=np.uint8)),
        "texts": Texts(["Words, and more of them. " * 200] * 240),
        "rows": Features(rng.normal(size=(240, 30))),
        "sounds": a_sound(tmp_path / "a.wav"),
    }[kind]
    audit = planned(tmp_path / "pets.audit", media)
    with serving(audit) as server:
        for page, size, scheme in tabs(browser):
            page.goto(server.url)
            look(page)
            page.fill("#name", f"{scheme} {size['width']}")
            if scheme == "dark":
                page.click("text=Practise on 5 first")
                page.wait_for_selector(".practice")
                look(page)
                time.sleep(SETTLED)
                page.click("[value=neither]")
                page.wait_for_selector(".told")
                look(page)
                page.goto(f"{server.url}/review")
            else:
                page.click("button:text-is('Begin')")
                page.wait_for_selector("#a")
                for opened in ("keys", "pause"):
                    page.evaluate(f"document.querySelector('nav [data-action={opened}]').click()")
                    look(page)
                    page.keyboard.press("Escape")
            look(page)
            for button in page.locator("button:visible").all():
                box = button.bounding_box()
                assert min(box["width"], box["height"]) >= 44, button.inner_text()
            if size == PHONE:  # both answers in reach of a thumb, without scrolling
                for choice in ("#a", "#b", "[value=both]", "[value=neither]"):
                    box = page.locator(choice).bounding_box()
                    assert 300 < box["y"] + box["height"] < PHONE["height"]
            page.goto(f"{server.url}/nothing")
            look(page)


# ---------------------------------------------------------------- the server


def test_ctrl_c_stops_the_server_in_good_order(audit):
    server = Server(audit)
    server.start()
    assert server.said == (
        f"Review pets at {server.url}/ (Ctrl-C stops; every answer is saved at once)\n"
    )
    assert server.process.stderr.readline().startswith("Your dashboard")
    server.process.send_signal(signal.SIGINT)
    _, said = server.process.communicate(timeout=10)
    assert server.process.returncode == 0
    assert said == "Stopped. Run the same command to go on.\n"


def test_the_server_listens_on_this_machine_only(audit):
    with serving(audit) as server:
        listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
        local = [
            line.split()[1] for line in listening.splitlines() if f":{server.port:04X} " in line
        ]
        if not local:
            pytest.skip("needs /proc/net/tcp, which only Linux has")
        assert all(
            address.startswith("0100007F:")
            for address in local
            if address.endswith(f":{server.port:04X}")
        )
