"""How a release is cited: ``CITATION.cff``, in the Citation File Format 1.2."""

import re
from typing import Any

from errata.release.content import Content
from errata.release.yaml import as_yaml

_SPDX = (
    *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0"),
    *("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "GPL-3.0", "MIT"),
    *("ODbL-1.0", "PDDL-1.0", "Unlicense"),
)
"""Licences that the format knows, and the Hugging Face hub in small letters."""

_DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")


def citation(content: Content) -> str:
    """Return the citation of a release; without authors, of a test set's reviewers as a body."""
    d = content.description
    licence = {name.lower(): name for name in _SPDX}.get(d.licence.lower())
    entries: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use these labels, please cite them, and the test set itself.",
        "type": "dataset",
        "title": f"{content.title}: corrected labels",
        "version": content.version,
        "authors": [dict(one) for one in d.authors]
        or [{"name": f"The maintainers and reviewers of {content.title}"}],
        "abstract": d.summary.strip(),
        "license": licence,
        "date-released": d.date,
        "doi": d.doi if _DOI.fullmatch(d.doi) else "",
        "url": d.url,
        "keywords": ["label errors", "test set", *d.tags],
        "references": [
            {
                "type": "data",
                "title": d.citation.strip() or d.source.strip(),
                "authors": [{"name": f"The makers of {content.title}"}],
            }
        ]
        if d.citation or d.source
        else [],
    }
    return as_yaml({name: value for name, value in entries.items() if value})
