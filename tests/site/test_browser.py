"""The pages of a site in the system's Chromium, opened from files: looks, words, states."""

import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from scipy.stats import rankdata

from audits import cast, planned_audit
from desks import DESK, PHONE, look, tabs, until, watch
from errata.core.stability import crossings
from errata.exchange.reports import report_link, report_pattern
from errata.report import words
from errata.report.charts.look import DARK, LIGHT
from errata.store import records
from made_site import HOSTILE, SITE, made, make_site

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = ["index.html", "gallery.html", "confusion.html", "benchmark.html"]
DONE = {
    "index.html": "document.querySelectorAll('#striking .card').length",
    "gallery.html": "document.querySelectorAll('#grid .card a.go').length",
    "confusion.html": "document.querySelectorAll('#confusion table').length",
    "benchmark.html": "document.querySelectorAll('#benchmark svg').length",
    "example.html": "document.querySelectorAll('#example h1').length",
}


def show(page: "Page", folder: Path, name: str, query: str = "") -> None:
    page.goto(f"{folder.as_uri()}/{name}{query}")
    until(page, DONE[name])


# ---------------------------------------------------------------- looks


def test_every_page_is_accessible_and_fits_wide_and_narrow_light_and_dark(browser, sites):
    for page, _, _ in tabs(browser):
        watch(page)
        for name in PAGES:
            show(page, sites / "images", name)
            look(page)
        show(page, sites / "images", "example.html", f"?i={made().row[1]}")
        until(page, "document.querySelector('.samples img')")
        look(page)
        assert page.wrong == []


@pytest.mark.parametrize("kind", ["texts", "sounds", "features", None])
def test_so_are_those_of_other_examples(page, sites, kind):
    folder = sites / (kind or "bare")
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        show(page, folder, "gallery.html")
        look(page)
        show(page, folder, "example.html", f"?i={made(kind).row[0]}")
        look(page)


def test_the_list_of_audits_is_accessible_and_leads_to_each(browser, sites):
    for page, _, _ in tabs(browser):
        watch(page)
        page.goto(f"{(sites / 'list').as_uri()}/index.html")
        until(page, "document.querySelectorAll('.sets > li').length === 2")
        look(page)
        page.click("text=posts")
        until(page, DONE["index.html"])
        page.click("nav >> text=Gallery")
        until(page, DONE["gallery.html"])
        assert page.wrong == []


def test_the_filters_and_the_keys_are_accessible_where_they_are_opened(browser, sites):
    for page, size, _ in tabs(browser):
        watch(page)
        show(page, sites / "images", "gallery.html", "?verdict=wrong&given=1")
        if size["width"] < 700:
            page.click("summary")
        look(page)
        page.keyboard.press("?")
        assert page.locator("dialog[open]").is_visible()
        look(page)


def test_what_can_be_pressed_is_large_enough_for_a_thumb(browser, sites):
    small = """() => [...document.querySelectorAll('button, select, input, a.button, summary')]
      .map((one) => [one.outerHTML, (one.type === 'radio' ? one.parentElement : one)])
      .map(([html, one]) => [html.slice(0, 80), one.getBoundingClientRect()])
      .filter(([, { width, height }]) => width && (height < 42 || width < 42))
      .map(([html]) => html)"""
    for page, _, _ in tabs(browser):
        for name in PAGES:
            show(page, sites / "images", name)
            assert page.evaluate(small) == []


def test_the_colours_are_those_of_the_report():
    light, _, dark = (SITE / "static" / "site.css").read_text().partition("@media")
    for text, look_ in ((light, LIGHT), (dark.partition("}\n}")[0], DARK)):
        for name, hue in look_.colours().items():
            assert f"--{name}: {hue};" in text


def test_verdicts_are_called_what_a_report_calls_them(page, sites):
    show(page, sites / "images", "index.html")
    known = [
        ({}, words.VERDICT_MEANINGS),
        ({"choice": True}, words.CHOICE_VERDICT_MEANINGS),
        ({"multilabel": True}, words.SET_VERDICT_MEANINGS),
    ]
    for audit, meanings in known:
        for name, meaning in meanings.items():
            said = page.evaluate("([it, name]) => errata.verdictMeaning(it, name)", [audit, name])
            assert said == meaning
    for name, called in words.VERDICT_NAMES.items():
        assert page.evaluate("(name) => errata.verdictName(name)", name) == called


# ---------------------------------------------------------------- what a page may do


class Strict(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        ours = ("script-src", "style-src", "img-src", "media-src")
        policy = ["default-src 'none'", *(f"{kind} 'self'" for kind in ours)]
        self.send_header("Content-Security-Policy", "; ".join(policy))
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(sites: Path) -> Iterator[str]:
    """Yield the address of the sites behind a strict policy."""
    handler = functools.partial(Strict, directory=str(sites))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_every_page_works_under_a_policy_that_lets_nothing_inline_run(browser, served):
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for name in PAGES:
        page.goto(f"{served}/images/{name}")
        until(page, DONE[name])
    page.goto(f"{served}/images/example.html?i={made().row[0]}")
    until(page, DONE["example.html"])
    page.goto(f"{served}/list/index.html")
    until(page, "document.querySelectorAll('.sets > li').length === 2")
    context.close()
    assert said == []


def test_the_text_of_an_example_is_never_html(page, sites):
    show(page, sites / "texts", "gallery.html")
    assert page.inner_text("#grid .card:nth-child(2) .words p") == HOSTILE
    show(page, sites / "texts", "example.html", f"?i={made('texts').row[1]}")
    assert page.inner_text(".seen .words p") == HOSTILE
    assert page.locator(".words img, .words b").count() == 0
    assert page.title() != "run"


def test_a_chart_of_a_data_file_can_neither_run_nor_load_anything(page, sites):
    show(page, sites / "images", "benchmark.html")
    chart = (
        "<svg xmlns='http://www.w3.org/2000/svg' onload='document.title=1'><script>document.title=2"
        "</script><style>@import 'https://example.org/x'</style><use href='https://example.org/x'/>"
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>"
        "<image href='https://example.org/x'/><a href='javascript:1' style='fill: url(//x)'>"
        "<text>kept</text></a>"
        "</svg>"
    )
    left = page.evaluate("(svg) => errata.drawing(svg).outerHTML", chart)
    assert left == '<svg xmlns="http://www.w3.org/2000/svg"><a><text>kept</text></a></svg>'


def test_a_data_file_that_is_missing_is_named_with_the_way_on(page, sites, tmp_path):
    folder = tmp_path / "cut short"
    shutil.copytree(sites / "images", folder)
    (folder / "data" / "confusion.js").unlink()
    page.goto(f"{folder.as_uri()}/confusion.html")
    until(page, "document.querySelector('[role=alert]')")
    assert "data/confusion.js could not be read. Was the whole folder copied?" in page.inner_text(
        "[role=alert]"
    )


# ---------------------------------------------------------------- example


def test_an_example_tells_its_votes_its_neighbours_and_its_json(page, sites):
    it = made()
    place = next(p for p in range(it.rows) if it.verdicts[0][p] == 1 and it.verdicts[2][p] != 1)
    show(page, sites / "images", "example.html", f"?i={it.row[place]}&verdict=correctable")
    assert page.inner_text("h1 del").endswith(it.name(it.given[place]))
    assert page.inner_text("h1 ins").endswith(it.name(it.suggested[place]))
    rows = page.locator(".levels tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == ["3", "4", "5"]
    assert rows[0].split("\t")[1:] == ["correctable", it.name(it.suggested[place])]
    alike = [p for p in range(it.rows) if it.verdicts[0][p] == 1]
    assert page.inner_text(".where") == f"{alike.index(place) + 1} of {len(alike)}"
    page.keyboard.press("]")
    page.wait_for_url(f"**i={it.row[alike[alike.index(place) + 1]]}&**")
    until(page, DONE["example.html"])
    assert page.get_attribute("text=JSON", "href").startswith("examples/")
    assert page.locator(".samples img").first.is_visible()


def test_a_report_is_a_link_with_words_and_one_line_for_the_machine(page, sites):
    it = made()
    show(page, sites / "images", "example.html", f"?i={it.row[3]}")
    page.select_option("#said", "class 7")
    page.fill("#reason", 'it has "wings" & a beak')
    link = page.get_attribute(".mistake a", "href")
    # byte for byte, so that what Python reads is what pages send
    assert link == report_link(
        report_pattern("labels@example.org"),
        audit="made-up set",
        version="1.0.0",
        id=f"id-{it.row[3]}",
        index=int(it.row[3]),
        given=it.name(it.given[3]),
        label="class 7",
        reason='it has "wings" & a beak',
    )
    told = parse_qs(urlsplit(link).query)
    assert told["subject"] == [f"made-up set: the label of id-{it.row[3]}"]
    *words, line = told["body"][0].split("\r\n")
    assert "It should be: class 7" in words
    assert json.loads(line)["label"] == "class 7"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?i=999999", "Example 999999 is not among those that made-up set shows."),
        ("?i=cat", "Example cat is not among those that made-up set shows."),
        ("", "its address does not say which"),
        ("?i=", "its address does not say which"),
    ],
)
def test_an_example_that_is_not_there_is_said_to_be_so_with_the_way_on(page, sites, query, said):
    page.goto(f"{(sites / 'images').as_uri()}/example.html{query}")
    until(page, "document.querySelector('[role=alert]')")
    assert said in page.inner_text("[role=alert]")
    look(page)
    page.click("[role=alert] a")
    until(page, DONE["gallery.html"])


def address(page: "Page") -> str:
    return page.url.rpartition("/")[2]


@pytest.mark.parametrize(
    "query",
    [
        "verdict=banana",
        "given=nope",
        "given=length",
        "given=99",
        "suggested=-1",
        "votes=17",
        "t=99",
        "sort=x",
        "size=huge",
        "at=999999",
        "at=x",
        "top=50",
        "page=12",
        "data=zebras",
    ],
)
def test_what_an_address_of_the_gallery_asks_and_is_not_there_is_ignored(page, sites, query):
    show(page, sites / "images", "gallery.html", f"?{query}")
    assert page.inner_text("#count") == "450 examples"
    assert address(page) == "gallery.html"
    show(page, sites / "images", "gallery.html", f"?{query}&verdict=correctable&given=1")
    it = made()
    some = int(((it.given == 1) & (it.verdicts[0] == 1)).sum())
    assert page.inner_text("#count") == f"{some} of 450 examples match"
    assert address(page) == "gallery.html?given=1&verdict=correctable"


@pytest.mark.parametrize(
    ("name", "unknown", "kept"),
    [
        ("example.html", "verdict=banana&top=x&sort=x", ""),
        ("confusion.html", "t=99&page=3", ""),
        ("confusion.html", "t=x", "q=class+1"),
        ("benchmark.html", "t=99&policy=none&set=x&labels=y&n=cat&to=0.7", ""),
        ("benchmark.html", "n=-1&to=", "t=4"),
    ],
)
def test_so_is_it_by_the_other_pages(page, sites, name, unknown, kept):
    example = f"i={made().row[0]}" * (name == "example.html")
    queries = ["&".join(filter(None, [example, kept, *more])) for more in ([], [unknown])]
    show(page, sites / "images", name, f"?{queries[0]}")
    plain = page.inner_text("main")
    show(page, sites / "images", name, f"?{queries[1]}")
    assert page.inner_text("main") == plain
    assert address(page) == f"{name}?{queries[0]}".rstrip("?")


def test_the_names_of_pages_say_what_they_are(page, sites):
    def title(path):
        page.goto(f"{sites.as_uri()}/{path}")
        return page.title()

    assert title("list/index.html") == "Label audits"
    assert title("images/gallery.html") == "Gallery · made-up set"
    assert page.locator("h1").all_inner_texts() == ["Gallery of made-up set"]


@pytest.mark.parametrize("every", ["", "Every example in this audit is a candidate."])
def test_a_share_is_of_the_set_only_where_the_audit_holds_others(page, tmp_path, every):
    table = made().audit()["table1"]
    folder = make_site(tmp_path / "site", table1=table | {"every": every, "percent": 74.8})
    show(page, folder, "index.html")
    figures = page.inner_text(".figures")
    of = "of the examples in this audit found wrong" if every else "of the set found wrong"
    assert f"74.80\u00a0%\n{of}" in figures
    assert ("in the test set" in figures) == (not every)
    assert page.inner_text("#home").count("Every example in this audit") == bool(every)
    assert "published as release 1.0.0" in page.inner_text("#home")


def test_a_sound_has_a_player_of_the_browser(page, sites):
    show(page, sites / "sounds", "gallery.html")
    assert page.locator("#grid audio[controls]").count() > 3


# ---------------------------------------------------------------- confusion


def test_a_pair_leads_to_its_examples(page, sites):
    show(page, sites / "images", "confusion.html")
    cells = (
        page.locator("table").first.locator("tbody tr").first.locator("th, td").all_inner_texts()
    )
    page.locator("table").first.locator("tbody a").first.click()
    until(page, DONE["gallery.html"])
    assert page.inner_text("#count").startswith(f"{cells[3]} of 450")


def test_pairs_are_sorted_by_what_is_asked_and_found_by_name(page, sites):
    show(page, sites / "images", "confusion.html")

    def numbers(column):
        return [
            int(one)
            for one in page.locator(
                f"table >> nth=0 >> tbody td:nth-child({column})"
            ).all_inner_texts()
        ]

    assert numbers(4) == sorted(numbers(4), reverse=True)
    page.click("button:has-text('corrected')")
    assert numbers(5) == sorted(numbers(5), reverse=True)
    assert page.get_attribute("th:has(button:has-text('corrected'))", "aria-sort") == "descending"
    page.fill("#find", "class 7")
    rows = page.locator("table >> nth=0 >> tbody tr").all_inner_texts()
    assert rows
    assert all("class 7" in row for row in rows)
    assert "q=class+7" in page.url
    page.fill("#find", "zebra")
    assert "No class is called “zebra”." in page.inner_text("#confusion")


def test_the_picture_of_a_thousand_classes_shows_those_that_can_be_read(page, tmp_path):
    folder = make_site(tmp_path / "wide", 3000, classes=1000)
    show(page, folder, "confusion.html")
    assert "Shown are 24 of" in page.inner_text("#confusion")
    cells = page.locator(".heat a")
    assert 20 < cells.count() < 24 * 24
    href = cells.first.get_attribute("href")
    page.goto(f"{folder.as_uri()}/{href}")
    until(page, DONE["gallery.html"])


# ---------------------------------------------------------------- benchmark


def test_where_no_models_cross_no_crossings_are_listed(page, tmp_path):
    audit = planned_audit(tmp_path / "a")
    with audit._db.read() as db:
        cast(audit, records.planned_examples(db)[0], "sssss")
    audit.compare({"right": audit.labels.copy(), "wrong": (audit.labels + 1) % 3})
    show(page, audit.site(tmp_path / "site"), "benchmark.html")
    until(page, "document.querySelectorAll('details.more').length")
    text = page.inner_text("main")
    assert "Every model at this N" in text
    assert not re.search(r"\d crossings|The one crossing|false|undefined|NaN", text)


def test_ranks_and_crossings_are_those_of_the_core(page, sites):
    it = made()
    show(page, sites / "images", "benchmark.html", "?t=4&policy=keep_given&set=all")
    cell = next(
        one
        for one in it.benchmark()["cells"]
        if (one["threshold"], one["policy"], one["set"]) == (4, "keep_given", "all")
    )
    ranks = dict(zip(it.models, rankdata([-one for one in cell["after"]], "min"), strict=True))
    rows = [row.split("\t") for row in page.locator("table >> nth=0 >> tbody tr").all_inner_texts()]
    assert {row[0]: int(row[4].lstrip("▲▼ ")) for row in rows} == ranks

    curve = it.benchmark()["curves"][1]
    found = crossings(
        it.models,
        np.array(curve["on_benign"]),
        np.array(curve["corrected"]),
        n_benign=curve["benign"],
        n_correctable=curve["correctable"],
    )
    page.click("summary:has-text('crossing')")
    table = page.locator("[aria-label='Every crossing of two models'] tbody tr").all_inner_texts()
    told = sorted(tuple(row.split("\t")) for row in table)
    wanted = [(f"{100 * one.prevalence:.2f}\u00a0%", one.above, one.below) for one in found]
    assert told == sorted(wanted)


def test_what_the_reader_chose_is_in_the_address_and_comes_back(page, sites):
    show(page, sites / "images", "benchmark.html")
    page.check("input[name=policy][value=multi_label]", force=True)
    page.check("input[name=set][value=corrected]", force=True)
    page.locator("#n").fill("900")
    said = page.inner_text("#benchmark output")
    assert "policy=multi_label" in page.url
    assert "set=corrected" in page.url
    page.reload()
    until(page, DONE["benchmark.html"])
    assert page.is_checked("input[name=policy][value=multi_label]")
    assert page.inner_text("#benchmark output") == said
