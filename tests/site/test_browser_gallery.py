"""The gallery in the system's Chromium: what it finds and reads, its order and its keys."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from desks import PHONE, until
from made_site import CHUNK, VERDICTS, Made, made, make_site

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROWS = 3000
WRONG = [
    VERDICTS.index(name) for name in ("correctable", "multi_label", "neither", "non_agreement")
]
SHOWN = """[...document.querySelectorAll('#grid .card a.go')]
  .map((one) => Number(new URL(one.href).searchParams.get('i')))"""
TOP_ROW = """[...document.querySelectorAll('#grid .card')]
  .filter((one) => one.style.transform.endsWith(', 0px)')).length"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site of 3,000 pictures."""
    return make_site(tmp_path_factory.mktemp("gallery") / "site", ROWS)


@pytest.fixture(scope="session")
def it() -> Made:
    """Return what that site shows."""
    return made("images", ROWS)


def show(page: "Page", folder: Path, query: str = "") -> None:
    page.goto(f"{folder.as_uri()}/gallery.html{query}")
    until(page, "document.getElementById('count').textContent.length")


def matching(it: Made, query: str) -> list[int]:
    """Return the places that a query asks for, one example at a time."""
    asked = {name: values[0] for name, values in parse_qs(query.lstrip("?")).items()}
    level = [3, 4, 5].index(int(asked.get("t", 3)))
    found = []
    for place in range(it.rows):
        verdict = it.verdicts[level][place]
        labels = (it.classes[it.given[place]], it.classes[it.suggested[place]])
        wanted = [
            "given" not in asked or it.given[place] == int(asked["given"]),
            "suggested" not in asked or it.suggested[place] == int(asked["suggested"]),
            "votes" not in asked or it.votes[place].max() == int(asked["votes"]),
            asked.get("verdict") in {None, VERDICTS[verdict]}
            or (asked["verdict"] == "wrong" and verdict in WRONG),
            all(
                word in f"id-{it.row[place]} {it.text(place)} {' '.join(labels)}".lower()
                for word in asked.get("q", "").lower().split()
            ),
        ]
        if all(wanted):
            found.append(place)
    if asked.get("sort") == "class":
        found.sort(key=lambda place: it.given[place])
    elif asked.get("sort") == "disagreement":
        found.sort(key=lambda place: it.votes[place].max())
    return found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?given=3",
        "?suggested=2&verdict=correctable",
        "?verdict=wrong&t=5",
        "?votes=5&t=4&verdict=non_error",
        "?votes=0",
        "?q=ID-12 film",
        "?q=nobody+plot&sort=class",
        "?q=film+class+7",
        "?sort=disagreement&verdict=multi_label",
        "?sort=disagreement",
        "?given=1&suggested=2&verdict=correctable&votes=4&sort=class&size=small",
    ],
)
def test_an_address_shows_the_examples_that_it_asks_for_in_its_order(page, folder, it, query):
    show(page, folder, query)
    if "q=" in query:
        until(page, "document.getElementById('count').textContent.includes('match')")
    wanted = matching(it, query)
    said = page.inner_text("#count")
    whole = len(wanted) == it.rows
    assert said.startswith("3,000 examples" if whole else f"{len(wanted):,} of 3,000 ")
    shown = page.evaluate(SHOWN)
    assert shown
    assert shown == it.row[wanted[: len(shown)]].tolist()


def test_filters_are_kept_in_the_address_which_shows_the_same_again(page, folder, it):
    show(page, folder)
    page.select_option("[name=given]", "2")
    page.select_option("[name=verdict]", "correctable")
    page.check("[name=t][value='4']", force=True)
    page.check("[name=size][value=small]", force=True)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked == {"given": ["2"], "verdict": ["correctable"], "t": ["4"], "size": ["small"]}
    before, said = page.evaluate(SHOWN), page.inner_text("#count")
    page.reload()
    until(page, "document.querySelectorAll('#grid .card a.go').length")
    assert (page.evaluate(SHOWN), page.inner_text("#count")) == (before, said)
    assert page.input_value("[name=given]") == "2"


def test_only_what_is_in_sight_is_in_the_document_and_only_its_chunks_are_read(page, folder, it):
    show(page, folder)
    until(page, "document.querySelectorAll('#grid img').length > 5")
    assert page.locator("#grid .card").count() < 60

    def chunks():
        return {int(found[1]) for url in page.asked if (found := re.search(r"rows-(\d+)", url))}

    assert chunks() == {0}
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = it.row[-1]
    until(page, f"{SHOWN}.includes({last})")
    until(page, "document.querySelector('#grid .card:last-child img')")
    assert page.locator("#grid .card").count() < 60
    assert chunks() <= {0, (ROWS - 1) // CHUNK, (ROWS - 1) // CHUNK - 1}
    assert not any("search-" in url for url in page.asked)


def test_keys_go_through_the_grid_open_an_example_and_come_back_to_the_same_place(page, folder, it):
    show(page, folder, "?verdict=correctable")
    wanted = it.row[matching(it, "?verdict=correctable")].tolist()
    across = page.evaluate(TOP_ROW)
    current = "Number(new URL(document.activeElement.href).searchParams.get('i'))"
    page.keyboard.press("l")
    assert page.evaluate(current) == wanted[0]
    for key, place in (
        ("l", 1),
        ("h", 0),
        ("j", across),
        ("k", 0),
        ("ArrowDown", across),
        ("ArrowRight", across + 1),
        ("ArrowUp", 1),
        ("ArrowLeft", 0),
    ):
        page.keyboard.press(key)
        assert page.evaluate(current) == wanted[place], key
    for _ in range(30):
        page.keyboard.press("j")
    assert page.evaluate(current) == wanted[30 * across]
    until(page, "document.activeElement.closest('.card').querySelector('img')")
    where = (
        page.evaluate("scrollY"),
        page.evaluate("document.activeElement.getBoundingClientRect().top"),
    )
    assert where[0] > 1000
    page.keyboard.press("Enter")
    page.wait_for_url("**/example.html?**")
    until(page, "document.querySelector('#example h1')")
    page.keyboard.press("Escape")
    page.wait_for_url("**/gallery.html?**")
    until(page, "document.activeElement.closest('.card')")
    assert page.evaluate(current) == wanted[30 * across]
    assert page.evaluate("scrollY") == pytest.approx(where[0], abs=1)


def test_going_back_in_the_browser_comes_to_the_same_place(page, folder):
    show(page, folder)
    page.evaluate("scrollTo(0, 9000)")
    until(page, "document.elementFromPoint(400, 500).closest('.card')")
    page.mouse.click(400, 500)
    page.wait_for_url("**/example.html?**")
    page.go_back()
    until(page, "document.querySelectorAll('#grid .card a.go').length")
    assert page.evaluate("scrollY") == pytest.approx(9000, abs=1)
    page.goto(page.url)  # as from a browser that remembers nothing but the address
    until(page, "document.activeElement.closest('.card')")
    assert page.evaluate("scrollY") == pytest.approx(9000, abs=1)


def test_search_is_found_by_its_key_and_left_by_escape(page, folder, it):
    show(page, folder)
    page.keyboard.press("/")
    page.keyboard.type(f"id-{it.row[7]} ")
    until(page, "document.getElementById('count').textContent.includes('match')")
    assert it.row[7] in page.evaluate(SHOWN)
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    assert page.evaluate("document.activeElement.className") == "go"


def test_single_keys_can_be_switched_off(page, folder):
    show(page, folder)
    page.keyboard.press("?")
    page.uncheck("dialog input")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog[open]')")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.className") != "go"
    page.keyboard.press("ArrowDown")
    until(page, "document.activeElement.className === 'go'")


def test_a_key_that_follows_the_closing_of_a_dialog_at_once_is_not_lost(page, folder):
    show(page, folder)
    page.keyboard.press("?")
    page.uncheck("dialog input")  # where the focus stays until the page is painted again
    found = page.evaluate("""() => {
      document.querySelector("dialog").close();
      const pressed = new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true });
      document.activeElement.dispatchEvent(pressed);
      return document.activeElement.className;
    }""")
    assert found == "go"


def test_where_nothing_matches_each_filter_can_be_taken_away(page, folder, it):
    show(page, folder, "?given=0&suggested=0&verdict=correctable")
    assert page.inner_text("#count") == "0 of 3,000 examples match"
    left = len(matching(it, "?given=0&verdict=correctable"))
    page.click(f"#nothing button:has-text('suggested ({left} examples)')")
    assert page.inner_text("#count").startswith(f"{left} of 3,000")
    assert page.locator("#nothing").is_hidden()
    assert page.input_value("[name=suggested]") == ""


def test_a_whole_text_can_be_read_without_leaving(page, sites):
    show(page, sites / "texts")
    until(page, "document.querySelector('.whole')")
    short = page.locator("#grid .words p").first.inner_text()
    page.locator(".whole").first.click()
    until(page, "document.querySelector('dialog.reading[open]')")
    assert len(page.inner_text("dialog.reading .text")) > 4 * len(short)
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('dialog.reading')")


def test_the_meaning_of_a_vote_is_told_in_words_too(page, folder, it):
    show(page, folder)
    told = page.locator("#grid .card .facts").first.inner_text()
    answers = ["given", "suggested", "both", "neither", "other"]
    counts = zip(answers, it.votes[0], strict=True)
    assert told == ", ".join(f"{answer} {times}" for answer, times in counts if times)


def test_a_phone_shows_all_rows_of_the_largest_audit_to_the_last(browser, tmp_path):
    # one column of tall cards would be taller than browsers let an element be
    folder = make_site(tmp_path / "long", 60_000, kind="texts")
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    show(page, folder, "?size=large")
    assert page.evaluate("document.getElementById('grid').offsetHeight") < 17e6
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    until(page, f"{SHOWN}.includes({made('texts', 60_000).row[-1]})")
    card = page.locator("#grid .card").last.bounding_box()
    assert 0 < card["y"] < PHONE["height"]
    context.close()
