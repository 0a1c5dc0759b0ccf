"""Candidates from elsewhere: examples whose label somebody, or some other tool, doubts.

CSV and JSON lines with the columns `COLUMNS`, worst first. How rows are read is
`errata.exchange.rows`; here is what they mean.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from errata.errors import LabelError
from errata.exchange import rows
from errata.exchange.labels import class_of, classes_of
from errata.exchange.rows import PROBLEM, example_of, field, is_blank

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
    row: Mapping[str, Any],
    *,
    index_of: Callable[[str], int],
    n: int,
    classes: Sequence[str],
    multilabel: bool = False,
) -> dict[str, Any]:
    """Return the fields of the candidate that a row holds, each known to be good.

    Parameters
    ----------
    row : a mapping with the columns `COLUMNS`
    index_of : finds the example of an id, or raises `NameUnknownError`
    n : how many examples there are
    classes : the class names
    multilabel : each example may have several labels, so that a list of them is suggested

    Returns
    -------
    ``example`` (its index), ``suggested`` (a class, ``0..m-1``, or a sorted tuple of them) and
    ``score``, which may be None

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
    if PROBLEM in row:
        raise LabelError(str(row[PROBLEM]))
    suggested = row.get("suggested")
    if is_blank(suggested):
        raise LabelError("The suggested label is missing; every candidate needs one.")
    return {
        "example": example_of(row, FORM, index_of, n),
        "suggested": (classes_of if multilabel else class_of)(suggested, classes),
        "score": _score(field(row, "score")),
    }


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
