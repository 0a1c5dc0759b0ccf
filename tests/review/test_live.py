"""The site of an audit, served to maintainers as the votes come in."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from audits import candidates, cast, planned_audit
from desks import Server, client, serving, surf
from errata.audit import Audit
from errata.datasets.media import Images
from errata.review import live, watch
from errata.review.app import create_app
from errata.site.building import PAGES, Site

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

PASSWORD = "three words together"
AT = "/maintain/site/"


@pytest.fixture(autouse=True)
def looked_up_each_time(monkeypatch):
    monkeypatch.setattr(watch, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(watch, "SHARE", 0)
    monkeypatch.setattr(watch, "QUICK", 60.0)
    monkeypatch.setattr(live, "PATIENCE", 60.0)


@pytest.fixture
def audit(tmp_path: "Path") -> Audit:
    rng = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    files = [tmp_path / "pictures" / f"{i}.png" for i in range(60)]
    for file in files:
        Image.fromarray(rng.integers(0, 255, (400, 500, 3), dtype=np.uint8)).save(file)
    audit = planned_audit(tmp_path / "pets.audit", media=Images(files=files))
    audit.set_password("Max", PASSWORD)
    for example, answers in zip(candidates(audit), ("sssss", "ggggg", "ss"), strict=False):
        cast(audit, example, answers)
    audit.compare({name: rng.integers(0, 3, 60) for name in ("one", "two", "three")})
    return audit


@pytest.fixture
def maintainer(audit):
    browser = surf(create_app(audit))
    browser.post("/maintain/login", data={"name": "Max", "password": PASSWORD})
    return browser


def test_the_live_site_is_the_site_that_is_built(audit, maintainer):
    site = Site([audit.site_context()])
    for path in site.paths():
        answer = maintainer.get(f"{AT}{path}")
        assert answer.status_code == 200, path
        assert answer.content == site.read(path), path
        assert "'none'" in answer.headers["content-security-policy"]
    assert maintainer.get(AT).text == site.read("index.html").decode()
    assert maintainer.get("/maintain/site").url.path == AT


def test_kinds_are_told_and_media_are_kept(audit, maintainer):
    paths = list(Site([audit.site_context()]).paths())
    kinds = {path.rpartition(".")[2] for path in paths}
    assert kinds <= set(live.KINDS)
    maintainer.get(f"{AT}gallery.html")
    media = next(path for path in paths if path.startswith("media/"))
    answer = maintainer.get(f"{AT}{media}")
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert maintainer.get(f"{AT}data/index.js").headers["cache-control"] == "no-store"


def test_a_page_that_is_opened_again_has_the_newest_votes(audit, maintainer):
    def votes() -> str:
        maintainer.get(f"{AT}gallery.html")
        return maintainer.get(f"{AT}data/index.js").text

    before = votes()
    cast(audit, candidates(audit)[3], "sssss")
    assert votes() != before


def test_reviewers_and_strangers_see_nothing_of_it(audit):
    for browser in (client(audit, "ann"), client(audit)):
        for path in ("", "gallery.html", "data/index.js", "examples/0.json", "assets/site.css"):
            assert browser.get(f"{AT}{path}").url.path == "/maintain/login"


@pytest.mark.parametrize(
    "path",
    ["nothing.html", "data/none.js", "media/x.webp", "../secret", "examples/99.json", "a"]
    + [f"media/..%2F..%2Fx.{end}" for end in ("json", "db")]
    + ["media//etc/hostname", "media/%2Fetc%2Fhostname"],
)
def test_what_is_not_there_is_not_found(maintainer, path):
    assert maintainer.get(f"{AT}{path}").status_code == 404


def test_a_site_that_is_not_made_yet_says_so(maintainer, monkeypatch):
    monkeypatch.setattr(live, "PATIENCE", 0.0)
    answer = maintainer.get(f"{AT}data/index.js")
    assert answer.status_code == 503
    assert "for the first time" in answer.text


def test_the_pages_obey_the_policy_of_the_server(audit: Audit, page: "Page") -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("response", lambda answer: said.extend([answer.url] * (answer.status >= 400)))
    with serving(audit) as server:
        log_in(page, server)
        page.click("text=site")
        page.wait_for_selector("#home *")
        for name in PAGES:
            question = f"?i={candidates(audit)[0]}" if name == "example.html" else ""
            page.goto(f"{server.url}{AT}{name}{question}", wait_until="networkidle")
            assert page.locator("main").inner_text().strip()
        page.goto(f"{server.url}{AT}gallery.html", wait_until="networkidle")
        assert page.evaluate("[...document.images].every((one) => one.naturalWidth > 0)")
        assert page.locator("main img").count() > 0
    assert said == []


def log_in(page: "Page", server: Server) -> None:
    page.goto(f"{server.url}/maintain")
    page.fill("#name", "Max")
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Log in')")
    page.wait_for_selector("#mix table")
