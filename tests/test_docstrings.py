"""Docstrings tell the truth: shapes are checked, examples are there, parameters exist."""

import ast
import re
from collections.abc import Iterator

import numpy as np
import pytest

from errata.core.accuracy import ranks
from helpers import REPO, modules


def test_shapes_in_signatures_are_checked_while_tests_run():
    with pytest.raises(TypeError, match=r"(?s)Type-check error.*accuracies"):
        ranks(np.zeros((2, 2)))


# Module-level functions of these parts are what people read first: each shows a call that runs.
SHOWS_EXAMPLES = {
    "errors", "core", "finding", "multilabel", "comparison", "sources", "exchange",
    "reliability",
}  # fmt: skip
NEEDS_NO_EXAMPLE = {
    # as cleanlab has it: what it returns is held to cleanlab itself in tests/test_cleanlab.py
    "errata.core.joint.calibrated_counts_cleanlab",
    "errata.core.ranking.weighted_entropy_cleanlab",
    "errata.core.selection.by_class_cleanlab",
    "errata.core.selection.by_noise_rate_cleanlab",
    "errata.core.selection.close_to_given",
    # one step of `find`, whose example shows the whole
    "errata.core.joint.settled",
    "errata.core.ranking.concatenate_stats",
    "errata.core.ranking.normalized_margin",
    "errata.core.selection.by_argmax",
    "errata.core.selection.flags",
    "errata.core.thresholds.add_sums",
    "errata.core.thresholds.class_sums",
    "errata.core.thresholds.mean_self_confidence",
}


def bare_functions(source: str, module: str) -> Iterator[str]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            name = f"{module}.{node.name}"
            if ">>>" not in (ast.get_docstring(node) or ""):
                yield name


def test_public_functions_show_an_example():
    bare = {
        name
        for path, module in modules()
        if SHOWS_EXAMPLES & set(module.split(".")[1:2])
        for name in bare_functions(path.read_text(), module)
    }
    lacking = sorted(bare - NEEDS_NO_EXAMPLE)
    assert not lacking, "no example (>>>) in the docstring of: " + ", ".join(lacking)
    assert not NEEDS_NO_EXAMPLE - bare, f"take off the list: {sorted(NEEDS_NO_EXAMPLE - bare)}"


def test_the_check_of_examples_sees_a_function_without_one():
    source = 'def f():\n    """Do."""\ndef _g(): ...\ndef h():\n    """\n    >>> 1\n    1\n    """'
    assert list(bare_functions(source, "errata.core.x")) == ["errata.core.x.f"]


SECTION = re.compile(
    r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", re.MULTILINE | re.DOTALL
)


def documented(docstring: str) -> Iterator[str]:
    """Yield the names of parameters and attributes, or a line that should have been indented."""
    for section in SECTION.findall(docstring):
        for line in section.splitlines():
            if line and not line.startswith(" "):
                names, colon, _ = line.partition(" : ")
                yield from re.split(r",\s*", names) if colon else [line]


def known_names(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        return {each.arg for each in [*every, node.args.vararg, node.args.kwarg] if each}
    names: set[str] = set()
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            names.add(part.target.id)
        elif isinstance(part, ast.FunctionDef):
            names |= {part.name} | (known_names(part) if part.name == "__init__" else set())
    return names


def strangers(source: str) -> list[str]:
    """Return what is documented as a parameter or attribute and is none."""
    return [
        f"{node.lineno}: {node.name} documents {name!r}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        for name in documented(ast.get_docstring(node) or "")
        if name not in known_names(node)
    ]


def test_what_is_documented_as_a_parameter_is_one():
    found = [
        f"{path.relative_to(REPO)}:{said}"
        for path, _ in modules()
        for said in strangers(path.read_text())
    ]
    assert not found, "\n".join(found)


def test_the_check_of_parameters_sees_a_stranger_and_a_line_that_slipped():
    doc = "Do.\n\n    Parameters\n    ----------\n    a, b : two\n    slipped\n        fine\n    "
    source = f'def f(a):\n    """{doc}"""'
    assert strangers(source) == ["1: f documents 'b'", "1: f documents 'slipped'"]
