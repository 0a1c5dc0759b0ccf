"""Candidates from elsewhere: examples whose label somebody, or some other tool, doubts.

CSV and JSON lines with the columns `COLUMNS`, worst first. How rows are read is
`errata.exchange.rows`; here is what they mean.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from errata.errors import LabelError, unknown_name
from errata.exchange import rows
from errata.exchange.rows import example_of, field

COLUMNS = ("id", "suggested", "score")
"""The columns of such a file. ``index`` may stand in for ``id``, and ``score`` is not needed."""

FORM = rows.Form(
    one="candidate", many="candidates", needed=COLUMNS[:2], known=COLUMNS[2:], error=LabelError
)


def as_rows(candidates: object) -> list[dict[str, Any]]:
    r"""Return candidates as rows that say ``where`` they stood.

    Parameters
    ----------
    candidates : mappings with the columns `COLUMNS`, or the path of a file of them: CSV, JSON
        lines, or a JSON list of objects

    Raises
    ------
    LabelError
        They are neither, or a CSV file has no column for the example or the suggested label.
    FileError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "doubts.csv")
    >>> _ = path.write_text("id,suggested\n17,dog\n")
    >>> as_rows(path)
    [{'id': '17', 'suggested': 'dog', 'where': 'doubts.csv, line 2'}]
    """
    return rows.as_rows(candidates, FORM)


def check_candidate(
    row: Mapping[str, Any], *, index_of: Callable[[str], int], n: int, classes: Sequence[str]
) -> dict[str, Any]:
    """Return the fields of the candidate that a row holds, each known to be good.

    Parameters
    ----------
    row : a mapping with the columns `COLUMNS`
    index_of : finds the example of an id, or raises `NameUnknownError`
    n : how many examples there are
    classes : the class names

    Returns
    -------
    ``example`` (its index), ``suggested`` (a class, ``0..m-1``) and ``score``, which may be None

    Raises
    ------
    LabelError, NameUnknownError
        A needed field is missing, the class is unknown, or the score is no number.

    Examples
    --------
    >>> row = {"id": "17", "suggested": "dog"}
    >>> check_candidate(row, index_of=int, n=20, classes=["cat", "dog"])
    {'example': 17, 'suggested': 1, 'score': None}
    """
    if "problem" in row:
        raise LabelError(str(row["problem"]))
    return {
        "example": example_of(row, FORM, index_of, n),
        "suggested": class_of(row.get("suggested"), classes),
        "score": _score(field(row, "score")),
    }


def class_of(label: object, classes: Sequence[str]) -> int:
    """Return the index of a class that is named, or given by its index.

    A text is a name where there is such a name, and else an index in digits.

    Raises
    ------
    LabelError, NameUnknownError
        It is missing, or there is no such class.

    Examples
    --------
    >>> [class_of(label, ["cat", "dog", "0"]) for label in ("dog", 1, "1", "0")]
    [1, 1, 1, 2]
    """
    if isinstance(label, int | np.integer) and not isinstance(label, bool):
        index = int(label)
    else:
        name = "" if label is None else str(label).strip()
        if not name:
            raise LabelError("The suggested label is missing; every candidate needs one.")
        if name in classes:
            return classes.index(name)
        if not name.isdecimal():
            raise unknown_name("class", name, classes)
        index = int(name)
    if not 0 <= index < len(classes):
        raise LabelError(f"There is no class {index}; they run from 0 to {len(classes) - 1}.")
    return index


def _score(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise LabelError(f"The score {text!r} is no finite number.")
    return score
