"""What several tests share: finding the things a test needs, or saying how to get them."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import postgres_server

REPO = Path(__file__).resolve().parent.parent
ERRATA = str(Path(sys.executable).with_name("errata"))
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def modules() -> Iterator[tuple[Path, str]]:
    """Yield the path and the full name of every module of errata."""
    for path in sorted((REPO / "src" / "errata").rglob("*.py")):
        names = path.relative_to(REPO / "src").with_suffix("").parts
        yield path, ".".join(names[:-1] if names[-1] == "__init__" else names)


def required() -> set[str]:
    """Return the requirements that ``ERRATA_REQUIRE`` promises: for these, a skip is a failure."""
    return {name.strip() for name in os.environ.get("ERRATA_REQUIRE", "").split(",")} - {""}


def missing(requirement: str, how: str) -> NoReturn:
    """Skip the test, or fail it where ``ERRATA_REQUIRE`` promises the requirement."""
    if requirement in required():
        pytest.fail(f"ERRATA_REQUIRE promises '{requirement}', but it is not here. {how}")
    pytest.skip(f"needs '{requirement}'. {how}")


def require(requirement: str) -> str:
    """Return where a requirement is, or skip (or fail, see `missing`) with how to get it.

    ``"data"`` is the folder of published data, ``"browser"`` the Chromium program, ``"postgres"``
    the folder of the programs of PostgreSQL; any other name is an importable package, as in
    ``require("cleanlab")``.
    """
    if requirement == "data":
        folder = Path(os.environ.get("ERRATA_DATA") or REPO.parent / "shared" / "data")
        if not (folder / "label_errors").is_dir():
            missing("data", f"There is no published data in {folder}: set ERRATA_DATA to it.")
        return str(folder)
    if requirement == "browser":
        found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
        if found is None:
            missing("browser", "Install Chromium (`apt-get install chromium`); `make test` does.")
        return str(found)
    if requirement == "postgres":
        where = postgres_server.programs()
        if where is None:
            missing("postgres", "Install it (`apt-get install postgresql`); `make test` does.")
        return str(where)
    spec = importlib.util.find_spec(requirement)
    if spec is None or spec.origin is None:  # a mere folder of that name, as tests/datasets
        missing(requirement, f"Install it with `pip install {requirement}`.")
    return str(spec.origin)


def run_errata(*words: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run the installed program as people run it; what it printed comes back as text."""
    options = {"capture_output": True, "text": True, "check": False, "timeout": 120} | options
    return subprocess.run([ERRATA, *map(str, words)], **options)  # noqa: PLW1510


def quiet_find(*args: Any, **options: Any) -> Any:
    """Return what `errata.find` finds, whatever it warns of."""
    import errata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errata.ErrataWarning)
        return errata.find(*args, **options)


def as_bytes(findings: Any) -> dict[str, object]:
    """Return every field as bytes, so that not even the last bit of a float may differ."""
    values = {field.name: getattr(findings, field.name) for field in fields(findings)}
    for name, value in list(values.items()):
        if hasattr(value, "tocoo"):  # a sparse table
            values[name] = value.toarray()
    return {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in values.items()}


class killed_at:  # noqa: N801 (reads as a verb)
    """Run a program, and kill it with SIGKILL at the end of the block."""

    def __init__(self, program, *arguments):
        self.command = [sys.executable, "-c", textwrap.dedent(program), *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return self.process

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.rest = self.process.stdout.read()
        self.process.wait()
        self.process.stdout.close()
