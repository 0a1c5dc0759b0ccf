"""Gold from those who know: examples and the answer that is right.

CSV and JSON lines with the columns `COLUMNS`. How rows are read is `errata.exchange.rows`; here is
what they mean.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from errata.core.consensus import ANSWERS
from errata.errors import LabelError, unknown_name
from errata.exchange import rows
from errata.exchange.labels import class_of
from errata.exchange.rows import PROBLEM, example_of, field, is_blank

COLUMNS = ("id", "answer", "suggested")
"""The columns of such a file. ``index`` may stand in for ``id``; ``suggested`` may be left out."""

FORM = rows.Form(
    one="gold example",
    many="gold examples",
    needed=COLUMNS[:2],
    known=COLUMNS[2:],
    error=LabelError,
)


def as_rows(examples: object) -> list[dict[str, Any]]:
    """Return gold examples as rows that say ``where`` they stood.

    Parameters
    ----------
    examples : mappings with the columns `COLUMNS`, or the path of a file of them: CSV, JSON lines,
        or a JSON list of objects

    Raises
    ------
    LabelError
        They are neither, or a CSV file has no column for the example or the answer.
    FileError
        The file cannot be read.

    Examples
    --------
    >>> as_rows([{"id": "17", "answer": "given"}])
    [{'where': 'gold examples[0]', 'id': '17', 'answer': 'given'}]
    """
    return rows.as_rows(examples, FORM)


def check_gold(
    row: Mapping[str, Any],
    *,
    index_of: Callable[[str], int],
    n: int,
    classes: Sequence[str],
) -> dict[str, Any]:
    """Return the fields of the gold example that a row holds, each known to be good.

    Parameters
    ----------
    row : a mapping with the columns `COLUMNS`
    index_of : finds the example of an id, or raises `NameUnknownError`
    n : how many examples there are
    classes : the class names

    Returns
    -------
    ``example`` (its index), ``answer`` and ``suggested`` (a class, ``0..m-1``, or None)

    Raises
    ------
    LabelError, NameUnknownError
        A needed field is missing, or the answer or the class is unknown.

    Examples
    --------
    >>> row = {"id": "17", "answer": "suggested", "suggested": "dog"}
    >>> check_gold(row, index_of=int, n=20, classes=["cat", "dog"])
    {'example': 17, 'answer': 'suggested', 'suggested': 1}
    """
    if PROBLEM in row:
        raise LabelError(str(row[PROBLEM]))
    answer = field(row, "answer")
    if answer is None:
        raise LabelError(f"The answer is missing: one of {', '.join(ANSWERS)} was expected.")
    if answer not in ANSWERS:
        raise unknown_name("answer", answer, ANSWERS)
    suggested = row.get("suggested")
    return {
        "example": example_of(row, FORM, index_of, n),
        "answer": answer,
        "suggested": None if is_blank(suggested) else class_of(suggested, classes),
    }
