"""The page of the rebuilt paper, its charts and tables, opened as readers open them."""

import csv
import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from errata.paper import drawing
from errata.paper.page import FORMATS, write
from errata.paper.rebuild import rebuild
from helpers import run_errata


@pytest.fixture(scope="module")
def rebuilt(data):
    return rebuild(data)


@pytest.fixture(scope="module")
def folder(rebuilt, tmp_path_factory):
    out = tmp_path_factory.mktemp("paper") / "new" / "rebuilt"
    steps = []
    write(rebuilt, out, progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (len(steps), len(steps))
    return out


@pytest.fixture
def opened(browser):
    """Return what opens a file at a width, and fails on errors and on any request to a host."""
    pages = []

    def at(path, width, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda request: (
                problems.append(request.url)
                if not request.url.startswith(("file:", "data:", "blob:"))
                else None
            ),
        )
        page.goto(path.as_uri())
        page.wait_for_load_state()
        assert problems == []
        return page

    yield at
    for page in pages:
        page.close()


def test_every_figure_is_there_in_every_format(folder, rebuilt):
    names = [figure.name for figure in drawing.figures(rebuilt)]
    assert len(names) == 24
    written = {path.name for path in (folder / "charts").iterdir()}
    assert written == {f"{name}.{kind}" for name in names for kind in FORMATS}
    for name in names:
        with Image.open(folder / f"charts/{name}.png") as picture:
            assert picture.width == 2 * 860
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 50, "something is drawn"


def test_the_tables_and_the_json_are_what_was_computed(folder, rebuilt):
    assert json.loads((folder / "paper.json").read_text()) == json.loads(
        json.dumps(rebuilt.to_dict())
    )
    with (folder / "tables/s1.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 34
    assert all(f"{float(row['cacc@1']):.2f}" == row["paper_cacc@1"] for row in rows)
    with (folder / "tables/cells.csv").open() as lines:
        assert sum(row["equal"] == "True" for row in csv.DictReader(lines)) == 499


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_window_and_is_accessible(folder, opened, width, scheme):
    page = opened(folder / "index.html", width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("td", has_text="≠").all_inner_texts() == ["15\u00a0≠\u00a0100"]
    for details in page.locator("summary").all():
        details.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_links_of_the_page_lead_to_its_charts(folder, opened):
    page = opened(folder / "index.html", 1280)
    links = {link.get_attribute("href") for link in page.locator("figcaption a").all()}
    assert len(links) == 72
    assert all((folder / link).is_file() for link in links)


def test_a_chart_opens_by_itself_offline(folder, opened):
    page = opened(folder / "charts/figure4.html", 1280)
    page.locator("canvas, svg").first.wait_for()


def test_without_pictures_figure_1_is_left_out_and_said(data, tmp_path):
    for path in data.rglob("*"):
        name = tmp_path / "pack" / path.relative_to(data)
        if path.is_file() and "raw" not in path.parts:
            name.parent.mkdir(parents=True, exist_ok=True)
            name.symlink_to(path)
    bare = rebuild(tmp_path / "pack")
    assert "figure1" not in {figure.name for figure in drawing.figures(bare)}
    assert bare.ledger.to_dict()["compared"] == 500


def test_a_page_of_others_is_not_replaced(data, tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html><title>Mine</title>")
    result = run_errata("paper", "--data", data, "--out", tmp_path)
    assert result.returncode == 2
    assert "index.html: something else is there" in " ".join(result.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_a_page_of_an_earlier_run_may_be_replaced(folder):
    from errata.cli.paper import _is_page

    assert _is_page(folder / "index.html")


def test_a_folder_that_cannot_be_written_is_named(data, tmp_path):
    (tmp_path / "file").write_text("")
    result = run_errata("paper", "--data", data, "--out", tmp_path / "file" / "out")
    assert result.returncode == 2
    assert "file/out cannot be written: Not a directory" in result.stderr
