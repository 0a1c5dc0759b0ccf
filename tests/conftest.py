"""Fixtures for every test: the published data, a browser, and hypothesis' settings."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

import postgres_server
import typechecks  # noqa: F401 - before errata
from helpers import require

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Two workers share the processors, and torch's threads spin while they wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell without a terminal has what runs in its background ignore Ctrl-C, and children inherit it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline per example measures how busy the machine is, not the code.
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of published data (``ERRATA_DATA``, else ``../shared/data``)."""
    return Path(require("data"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.Server]:
    """Yield a PostgreSQL server."""
    require("postgres")
    require("psycopg")
    with postgres_server.running() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> str | None:
    """Return where audits keep their databases: in their folders, or on a server."""
    if request.param == "sqlite":
        return None
    server: postgres_server.Server = request.getfixturevalue("postgres")
    return server.url


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Yield the system's Chromium, driven by Playwright."""
    executable = require("browser")
    require("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()
