"""How the reference reads our docstrings (an extension of griffe, used by mkdocs.yml).

We write ``name : what it is`` in one line, since the type stands in the signature. The numpydoc
parser takes what follows the colon for a type, so each entry is given its description on a line
of its own before it is parsed.
"""

import re
from typing import Any

import griffe

SECTIONS = re.compile(
    r"^(Parameters|Attributes)\n-+\n(?P<entries>.*?)(?=^\w[\w ]*\n-+\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
ENTRY = re.compile(r"^(?P<names>[\w*][\w*, ]*?) : (?P<text>.*)$", re.MULTILINE)


def spread(docstring: str) -> str:
    """Return the docstring with the description of each entry on a line of its own."""

    def one(section: re.Match[str]) -> str:
        entries = ENTRY.sub(
            lambda entry: f"{entry['names']}\n    {entry['text']}", section["entries"]
        )
        return section[0].replace(section["entries"], entries)

    return SECTIONS.sub(one, docstring)


class OneLineEntries(griffe.Extension):
    """Rewrites docstrings as they are collected."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Spread the entries of one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = spread(obj.docstring.value)
