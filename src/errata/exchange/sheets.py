"""Tasks as a table that people fill in, and vote files in the one form of our own."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from errata.array_files import PathLike
from errata.errors import InputError
from errata.exchange.cells import guarded
from errata.exchange.questions import (
    AS_IT_IS,
    INDEX,
    Asked,
    Item,
    Reading,
    VotesRead,
    answer_fields,
    counted,
)
from errata.exchange.rows import PROBLEM, Row, is_blank
from errata.exchange.votes import read_votes


def write_tasks(folder: Path, items: Sequence[Item]) -> tuple[str, ...]:
    """Write ``tasks.csv`` with empty columns for reviewer and answer; tell what is lost.

    Filled in, it is a vote file: an answer is A, B, both or neither. Where an example may have
    several labels, ``choices`` lists those to choose from, and ``labels`` is to be filled in.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_tasks(folder, [])
    ()
    >>> (folder / "tasks.csv").read_text().strip()
    'index,text,a,b,reviewer,answer'
    """
    several = any(question.multilabel for question, _ in items)
    kind = items[0][1].kind if items else "text"
    asked = ["choices", "reviewer", "labels"] if several else ["a", "b", "reviewer", "answer"]
    with (folder / "tasks.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([INDEX, kind, *asked])
        for question, shown in items:
            names = list(question.options)
            options = [json.dumps(names, ensure_ascii=False)] if several else names
            cells = [str(question.example), shown.value, *options]
            writer.writerow([*map(guarded, cells), "", ""])
    return ()


def read(path: PathLike, asked: Asked, reading: Reading = AS_IT_IS) -> VotesRead:
    r"""Return the votes of a file of our own: CSV, JSON or Parquet.

    An answer A or B means what stands in the columns ``a`` and ``b``; a line without reviewer and
    answer was not filled in.

    Parameters
    ----------
    path : the file
    asked : what the audit asks
    reading : ``answers`` say what other words mean

    Raises
    ------
    VoteError
        A CSV or Parquet file has no column for the example, the reviewer or the answer.
    FileError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "tasks.csv")
    >>> _ = path.write_text("index,a,b,reviewer,answer\n17,cat,dog,,\n")
    >>> read(path, Asked([], lambda id_: LookupError(id_))).left_out
    ('1 line: not filled in.',)
    """
    found = read_votes(path)
    filled = [row for row in found if PROBLEM in row or not _empty(row)]
    empty = len(found) - len(filled)
    rows = [_in_our_words(row, asked, reading) for row in filled]
    return VotesRead(rows=rows, left_out=counted(empty, "line", "lines", "not filled in"))


def _empty(row: Row) -> bool:
    """Tell whether a line of a table of tasks was left as it was."""
    is_task = "choices" in row or ("a" in row and "b" in row)
    return is_task and all(is_blank(row.get(key)) for key in ("reviewer", "answer", "labels"))


def _in_our_words(row: Row, asked: Asked, reading: Reading) -> Row:
    """Return a row whose answer is one of ours; what is wrong with others is told later."""
    answer, told = row.get("answer"), row.get("a") is not None and row.get("b") is not None
    if PROBLEM in row or is_blank(answer) or not (told or reading.answers):
        return row
    try:
        question = asked.named_in({key: row.get(key) for key in ("id", INDEX)})
    except InputError as error:
        return {"where": row["where"], PROBLEM: str(error)}
    if question.multilabel:
        return row
    shown = [str(row["a"]), str(row["b"])] if told else None
    try:
        fields = answer_fields(question, answer, shown=shown, answers=reading.answers)
    except InputError as error:
        return {"where": row["where"], PROBLEM: str(error)}
    return {**row, "answer": fields["answer"], "first": fields["first"] or row.get("first")}
