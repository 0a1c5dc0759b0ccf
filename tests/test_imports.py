"""Imports point down to `core`, and importing errata is light."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from helpers import REPO, modules

# What each part of errata may import of errata. "errata" is the public front, errata/__init__.py.
BELOW_AUDIT = {
    "errors",
    "labels",
    "words",
    "files",
    "array_files",
    "arrays",
    "core",
    "sources",
    "datasets",
    "predict",
    "engine",
    "store",
    "exchange",
    "reliability",
    "hub",
}
VERBS = {
    "asking",
    "inviting",
    "maintaining",
    "planting",
    "reviewing",
    "panels",
    "deciding",
    "overseeing",
    "report",
    "searching",
    "finding",
    "multilabel",
    "kin",
    "certain",
    "comparison",
    "results",
    "folder",
    "release",
    "releasing",
    "telling",
    "settling",
    "predicting",
    "exchanging",
    "crowd",
    "judging",
    "doubting",
    "rating",
    "continuing",
    "planning",
    "reported",
    "reporting",
    "site",
    "browsing",
    "cutting",
    "audit",
}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "labels": set(),
    "words": set(),
    "files": {"errors"},
    "array_files": {"errors"},
    "arrays": {"errors", "array_files", "core"},
    "core": {"errors"},
    "sources": {"errors", "array_files", "arrays", "core"},
    "datasets": {"errors", "array_files", "arrays", "core", "words"},
    "predict": {"errors", "files", "array_files", "arrays", "core", "datasets", "engine", "words"},
    "engine": {"errors", "files"},
    "store": {"errors", "files"},
    "exchange": {"errors", "array_files", "arrays", "core", "labels", "words"},
    "reliability": {"errors", "core"},
    "hub": {"errors", "release"},
    "searching": {"errors", "arrays", "core", "sources", "engine"},
    "finding": {
        "errors",
        "files",
        "array_files",
        "arrays",
        "core",
        "sources",
        "engine",
        "searching",
        "store",  # to leave alone what lies in an audit's folder
    },
    "multilabel": {"errors", "arrays", "core", "sources", "engine", "searching", "finding"},
    "kin": {"core", "words"},
    "comparison": {"certain", "errors", "arrays", "core", "sources", "engine", "kin", "words"},
    "report": {
        *("errors", "files", "labels", "arrays", "core", "datasets", "store", "comparison", "kin"),
        "words",
        "certain",
    },
    "results": {"errors", "labels", "arrays", "core", "words"},
    "folder": {"errors", "files", "array_files", "store"},
    "release": {
        *("errors", "labels", "array_files", "arrays", "choosing", "core", "results", "settling"),
        *("store", "datasets", "exchange", "files", "hub", "words"),
    },
    "releasing": {
        *(
            "core",
            "crowd",
            "datasets",
            "errors",
            "exchange",
            "release",
            "labels",
            "reported",
            "results",
            "store",
            "telling",
        ),
    },
    "settling": {"choosing", "core", "exchange"},
    "telling": {
        *("errors", "labels", "core", "datasets", "store", "report", "comparison", "results"),
        *("asking", "choosing", "crowd", "exchange", "kin", "settling"),
    },
    "asking": {"errors", "arrays", "core", "exchange", "store"},
    "choosing": {"asking", "core", "store"},
    "inviting": {"errors", "arrays", "exchange", "store"},
    "maintaining": {"errors", "exchange", "store", "inviting"},
    "planting": {
        *("errors", "array_files", "asking", "core", "exchange", "store", "maintaining"),
        "results",
    },
    "reviewing": {
        "planting",
        "errors",
        "asking",
        "core",
        "datasets",
        "store",
        "exchange",
        "folder",
        "results",
    },
    "panels": {"errors", "exchange", "store", "inviting", "reviewing", "results"},
    "deciding": {
        *("errors", "arrays", "asking", "core", "exchange", "labels", "store", "panels"),
    },
    "overseeing": {
        *("core", "crowd", "exchange", "labels", "store", "results", "telling", "deciding"),
        "reported",
    },
    "reported": {"core", "labels", "results", "store", "words"},
    "reporting": {
        *("errors", "array_files", "crowd", "exchange", "labels", "planning", "reported"),
        *("results", "store"),
    },
    "predicting": {
        *("errors", "arrays", "datasets", "predict", "sources", "store", "results", "reviewing"),
        *("core", "doubting", "overseeing"),
    },
    "exchanging": {
        *("errors", "array_files", "asking", "datasets", "exchange", "store", "results"),
        "predicting",
    },
    "crowd": {"errors", "arrays", "asking", "core", "results", "store"},
    "judging": {
        *("errors", "core", "exchange", "store", "reliability", "results", "crowd", "exchanging"),
    },
    "doubting": {"core"},
    "certain": {"core", "words"},
    "rating": {
        *("certain", "continuing", "arrays", "core", "crowd", "doubting", "judging", "results"),
        *("store", "words"),
    },
    "planning": {
        *("errors", "arrays", "asking", "certain", "continuing", "core", "crowd", "doubting"),
        *("rating", "results", "store"),
    },
    "continuing": {"results"},
    "site": {"errors", "labels", "core", "datasets", "store", "report", "comparison"},
    "browsing": {
        *("errors", "array_files", "asking", "comparison", "core", "crowd", "exchange", "labels"),
        *("reporting", "results", "site", "store", "telling", "words"),
    },
    "cutting": {"errors", "arrays", "core", "finding", "rating"},
    "audit": BELOW_AUDIT | VERBS | {"review"},  # for `Audit.review` alone, which serves itself
    "auditing": {"errors", "datasets", "predict", "results", "store", "audit"},
    "review": {
        *("errors", "inviting", "panels", "labels", "datasets", "exchange", "audit", "results"),
        *("maintaining", "overseeing", "deciding", "site"),
    },
    "paper": {"errata"},
    "demo": {"errata"},
    "cli": BELOW_AUDIT | VERBS | {"review", "auditing", "paper", "demo", "errata"},
    "__main__": {"cli"},
    "errata": BELOW_AUDIT | VERBS | {"review", "auditing", "demo"},
}
# Arithmetic meets neither a file, a connection, a process, a clock nor chance of its own making.
NOT_IN_CORE = {
    "asyncio", "datetime", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random",
    "shutil", "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
MAY_NEED = {
    "errors": set(),
    "files": set(),
    "array_files": {"numpy", "jaxtyping"},
    "arrays": {"numpy", "jaxtyping"},
    "core": {"numpy", "scipy", "jaxtyping"},
    "engine": {"numpy", "jaxtyping", "ray"},
    "store": {"sqlalchemy", "alembic", "psycopg"},
    "reliability": {"numpy", "jaxtyping", "krippendorff"},
    "hub": {"huggingface_hub"},
}

HEAVY = (
    "scipy", "sklearn", "pandas", "pyarrow", "sqlalchemy", "alembic", "fastapi", "starlette",
    "uvicorn", "pydantic", "jinja2", "altair", "vl_convert", "PIL", "rich", "typer", "click",
    "torch", "ray", "beartype", "pooch", "requests", "krippendorff", "errata.audit", "errata.cli",
)  # fmt: skip


def imports(source: str, module: str, *, package: bool) -> Iterator[tuple[int, str]]:
    """Yield line and full name of every module that a source imports, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")[: None if package and node.level == 1 else -node.level]
                if package and node.level > 1:
                    up = module.split(".")[: 1 - node.level]
                base = ".".join([*up, *filter(None, [base])])
            # `from errata import core` imports the part, `from errata import find` the front
            for alias in node.names:
                part = f"{base}.{alias.name}"
                yield node.lineno, part if base == "errata" and alias.name in MAY_IMPORT else base


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "errata"


def complaints(source: str, module: str, where: str, *, package: bool = False) -> list[str]:
    """Return a line for every import that points the wrong way."""
    part, found = part_of(module), []
    if part not in MAY_IMPORT:
        return [f"{where}: '{part}' has no place yet: give it a line in MAY_IMPORT"]
    for line, name in imports(source, module, package=package):
        root = name.split(".")[0]
        if root == "errata":
            allowed = MAY_IMPORT[part] | {part}
            wrong = part_of(name) not in allowed
        elif root in sys.stdlib_module_names:
            allowed, wrong = {"the rest of Python"}, part == "core" and root in NOT_IN_CORE
        else:
            allowed = MAY_NEED.get(part, {root})
            wrong = root not in allowed
        if wrong:
            listed = ", ".join(sorted(allowed)) or "nothing"
            found.append(f"{where}:{line}: '{part}' imports {name}; it may import {listed}")
    return found


def test_imports_point_down():
    found = [
        complaint
        for path, module in modules()
        for complaint in complaints(
            path.read_text(),
            module,
            str(path.relative_to(REPO)),
            package=path.name == "__init__.py",
        )
    ]
    assert not found, "\n".join(["imports point the wrong way:", *found])


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("errata.core.ranking", "import errata.store", "x.py:1: 'core' imports errata.store; it"),
        ("errata.core.ranking", "from ..audit import Audit", "'core' imports errata.audit"),
        ("errata.core.ranking", "from errata import audit", "'core' imports errata.audit"),
        ("errata.core.ranking", "def f():\n    import os", "x.py:2: 'core' imports os"),
        ("errata.core.ranking", "import sklearn", "it may import jaxtyping, numpy, scipy"),
        ("errata.store.tables", "import numpy as np", "'store' imports numpy"),
        ("errata.paper.audits", "from errata.audit import Audit", "it may import errata, paper"),
        ("errata.review.app", "from errata.core import accuracy", "'review' imports errata.core"),
        ("errata.attic", "", "'attic' has no place yet"),
    ],
)
def test_the_check_sees_an_import_that_points_up(module, source, complaint):
    (found,) = complaints(source, module, "x.py")
    assert complaint in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "errata.core.ranking",
            "from . import joint\nfrom ..errors import InputError",
        ),
        ("errata.core.ranking", "import numpy as np\nfrom scipy import special"),
        ("errata.paper.audits", "import errata\nfrom errata import Audit\nimport PIL"),
        ("errata.cli.find", "import errata\nfrom errata.audit import Audit\nimport typer"),
    ],
)
def test_the_check_lets_imports_that_point_down_pass(module, source):
    assert complaints(source, module, "x.py") == []


def test_relative_imports_of_a_package_are_its_own():
    assert complaints("from .x import y", "errata.core", "x.py", package=True) == []
    assert complaints("from ..store import y", "errata.core", "x.py", package=True) != []


def test_importing_errata_loads_nothing_heavy():
    code = "import sys, errata; print(*sorted(sys.modules))"
    listed = subprocess.check_output([sys.executable, "-c", code], text=True)
    loaded = set(listed.split())
    assert "errata" in loaded
    assert not loaded & set(HEAVY), f"`import errata` loads {sorted(loaded & set(HEAVY))}"
