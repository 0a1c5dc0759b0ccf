"""Votes in and out of files: CSV and JSON lines, with the columns `COLUMNS`.

Reading is lenient by the row: a row that cannot be taken keeps its place and its reason, so that
the good ones go in and the others are named.
"""

import csv
import io
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from errata.array_files import PathLike
from errata.core.consensus import ANSWERS
from errata.errors import FileError, VoteError, unknown_name

COLUMNS = ("id", "reviewer", "answer", "time", "first", "kind")
"""The columns of a vote file. The first three are needed; ``index`` may stand in for ``id``."""

KINDS = ("person", "simulated", "imported")
"""How a vote came about."""

LONGEST_NAME = 60
"""A reviewer's name has at most so many characters."""


def as_rows(votes: object) -> list[dict[str, Any]]:
    """Return votes as rows that say ``where`` they stood, as `read_votes` does.

    Parameters
    ----------
    votes : mappings with the columns `COLUMNS`, or the path of a vote file

    Raises
    ------
    VoteError
        They are neither.
    FileError
        The file cannot be read.

    Examples
    --------
    >>> as_rows([{"id": "17", "reviewer": "ann", "answer": "both"}])
    [{'where': 'votes[0]', 'id': '17', 'reviewer': 'ann', 'answer': 'both'}]
    """
    if isinstance(votes, str | os.PathLike):
        return read_votes(votes)
    if not isinstance(votes, Iterable):
        raise VoteError(
            f"A list of votes, or the path of a vote file, was expected, not {votes!r}. Each vote "
            f"is a mapping with {', '.join(COLUMNS[:3])}."
        )
    rows = []
    for place, vote in enumerate(votes):
        where = f"votes[{place}]"
        known = isinstance(vote, Mapping)
        rows.append({"where": where, **vote} if known else _json_row(vote, where))
    return rows


def read_votes(path: PathLike) -> list[dict[str, Any]]:
    r"""Read a vote file, CSV or JSON lines (a JSON list of objects will do), as rows.

    Each row also says ``where`` it stood ("votes.csv, line 7"); a row that is no row at all has a
    ``problem`` in place of its columns.

    Raises
    ------
    FileError
        The file is missing, or is not UTF-8.
    VoteError
        A CSV file has no column for the example, the reviewer or the answer.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "votes.csv")
    >>> _ = path.write_text("id,reviewer,answer\n17,ann,suggested\n")
    >>> read_votes(path)
    [{'id': '17', 'reviewer': 'ann', 'answer': 'suggested', 'where': 'votes.csv, line 2'}]
    """
    path = Path(path)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise FileError(f"{path} {found}; a file of votes (.csv, .json or .jsonl) was expected.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8: {error}. Save it as UTF-8.") from None
    if path.suffix.lower() in (".json", ".jsonl"):
        return _read_json(text, path.name)
    return _read_csv(text, path.name)


def _read_csv(text: str, name: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="more", restval=None)
    columns = list(reader.fieldnames or ())
    for needed in ("id", "reviewer", "answer"):
        if needed not in columns and not (needed == "id" and "index" in columns):
            raise VoteError(
                f"{name} has no column {needed!r}; its columns are {', '.join(columns) or 'none'}. "
                f"Needed: {', '.join(COLUMNS[:3])}; known besides: {', '.join(COLUMNS[3:])}."
            )
    rows: list[dict[str, Any]] = []
    for row in _rows(reader, name):
        where = f"{name}, line {reader.line_num}"
        if row.pop("more", None) is not None:
            problem = f"There are more fields than the {len(columns)} columns."
            rows.append({"where": where, "problem": problem})
        else:
            rows.append({**row, "where": where})
    return rows


def _rows(reader: "csv.DictReader[str]", name: str) -> Iterator[dict[str, Any]]:
    try:
        yield from reader
    except csv.Error as error:
        raise FileError(f"{name} is no CSV after line {reader.line_num}: {error}") from None


def _read_json(text: str, name: str) -> list[dict[str, Any]]:
    if text.lstrip().startswith("["):
        try:
            values = json.loads(text)
        except ValueError as error:
            raise FileError(f"{name} is no JSON, or is cut short: {error}") from None
        return [_json_row(value, f"{name}, vote {place}") for place, value in enumerate(values, 1)]
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{name}, line {number}"
            try:
                rows.append(_json_row(json.loads(line), where))
            except ValueError as error:
                rows.append({"where": where, "problem": f"This is no JSON: {error}."})
    return rows


def _json_row(value: object, where: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return {**value, "where": where}
    problem = f"An object with {', '.join(COLUMNS[:3])} was expected, not {value!r}."
    return {"where": where, "problem": problem}


def write_votes(votes: Iterable[Mapping[str, Any]], path: PathLike) -> None:
    """Write votes in the form that `read_votes` reads: JSON lines for ``.jsonl``, else CSV.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "votes.csv")
    >>> write_votes([{"id": "17", "reviewer": "ann", "answer": "both", "kind": "person"}], path)
    >>> print(path.read_text(), end="")
    id,reviewer,answer,time,first,kind
    17,ann,both,,,person
    """
    path = Path(path)
    rows = [{column: vote.get(column) for column in COLUMNS} for vote in votes]
    text = io.StringIO()
    if path.suffix.lower() == ".jsonl":
        text.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def check_vote(
    row: Mapping[str, Any], *, index_of: Callable[[str], int], n: int, kind: str
) -> dict[str, Any]:
    """Return the fields of the vote that a row holds, each known to be good.

    Parameters
    ----------
    row : a mapping with the columns `COLUMNS`
    index_of : finds the example of an id, or raises `NameUnknownError`
    n : how many examples there are
    kind : how the vote came about: ``"simulated"`` always holds; else a row may say
        ``"simulated"`` or ``"imported"`` of itself, but not that a person cast it here

    Returns
    -------
    ``example`` (its index), ``reviewer``, ``answer``, ``time``, ``first`` and ``kind``; time and
    first may be None

    Raises
    ------
    VoteError, NameUnknownError
        A needed field is missing, or a field is not one of the known words.

    Examples
    --------
    >>> row = {"id": "17", "reviewer": "ann", "answer": "Both"}
    >>> vote = check_vote(row, index_of=int, n=20, kind="imported")
    >>> vote["example"], vote["answer"], vote["kind"]
    (17, 'both', 'imported')
    """
    if "problem" in row:
        raise VoteError(str(row["problem"]))
    reviewer = check_reviewer(_field(row, "reviewer"))
    answer = _field(row, "answer")
    if answer is None:
        raise VoteError(f"The answer is missing; one of {', '.join(ANSWERS)} was expected.")
    own = _word("kind of vote", _field(row, "kind"), KINDS)
    return {
        "example": _example(row, index_of, n),
        "reviewer": reviewer,
        "answer": _word("answer", answer, ANSWERS),
        "time": _time(_field(row, "time")),
        "first": _word("first label", _field(row, "first"), ANSWERS[:2]),
        "kind": kind if kind == "simulated" or own in (None, "person") else own,
    }


def check_reviewer(name: str | None) -> str:
    """Return a reviewer's name in the one form that stands for one person, see `one_form`.

    Raises
    ------
    VoteError
        There is no name, or it is long or not printable.

    Examples
    --------
    >>> check_reviewer(" Ann ")
    'Ann'
    """
    name = one_form(name or "")
    if not name:
        raise VoteError("The reviewer's name is missing; every vote needs one.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise VoteError(
            f"The reviewer's name {name[:20]!r} is not printable, or longer than {LONGEST_NAME} "
            "characters."
        )
    return name


def one_form(name: str) -> str:
    """Return a name with its spaces and accents in one form.

    Examples
    --------
    >>> one_form("  Ana   Lima ")
    'Ana Lima'
    """
    return " ".join(unicodedata.normalize("NFC", name).split())


def _example(row: Mapping[str, Any], index_of: Callable[[str], int], n: int) -> int:
    id_ = _field(row, "id")
    if id_ is not None:
        return index_of(id_)
    index = _field(row, "index")
    if index is None:
        raise VoteError("The example is missing; give its id, or its index.")
    if not index.isdecimal() or int(index) >= n:
        raise VoteError(f"There is no example with index {index}; they run from 0 to {n - 1}.")
    return int(index)


def _field(row: Mapping[str, Any], column: str) -> str | None:
    value = row.get(column)
    return None if value is None or str(value).strip() == "" else str(value).strip()


def _word(what: str, word: str | None, known: tuple[str, ...]) -> Any:
    if word is not None and word.lower() not in known:
        raise unknown_name(what, word, known)
    return None if word is None else word.lower()


def _time(text: str | None) -> str | None:
    if text is not None:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise VoteError(
                f"The time {text!r} is not ISO 8601, such as 2026-11-21T17:05:00+00:00."
            ) from None
    return text
