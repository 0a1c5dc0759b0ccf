"""Fixtures for the pages of a site: a tab that may ask nobody but the folder for anything."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desks import DESK, watch
from made_site import make_list, make_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of made-up sites: ``images``, ``texts``, ``sounds``, ``bare``, ``list``."""
    folder = tmp_path_factory.mktemp("sites")
    for kind in ("images", "texts", "sounds", "features"):
        make_site(folder / kind, kind=kind)
    make_site(folder / "bare", kind=None)
    make_list(folder / "list")
    return folder


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """Yield an empty tab, whose scripts must not fail and which must not leave ``file:``."""
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    watch(page)
    yield page
    context.close()
    assert page.wrong == [], "the script failed, or the page asked another host"  # type: ignore[attr-defined]
