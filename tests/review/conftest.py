"""Fixtures for the tests of pages: a tab of a browser."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from desks import DESK

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """Yield an empty tab, whose scripts must not fail."""
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert wrong == [], "the script failed"
