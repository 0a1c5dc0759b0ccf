"""Votes in and out of files: CSV, JSON lines and Parquet, with the columns `COLUMNS`.

How rows are read is `errata.exchange.rows`; here is what they mean.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from errata.array_files import PathLike
from errata.core import consensus
from errata.core.consensus import ANSWERS, VOTED
from errata.errors import VoteError, unknown_name
from errata.exchange import rows
from errata.exchange.cells import guarded
from errata.exchange.labels import classes_of
from errata.exchange.rows import PROBLEM, example_of, field, is_blank

COLUMNS = ("id", "reviewer", "answer", "time", "first", "kind", "said", "labels")
"""The columns of a vote file. The first three are needed; ``index`` may stand in for ``id``."""

CANNOT_TELL = consensus.CANNOT_TELL
"""What a reviewer says, as an answer of their own, of an example that cannot be judged."""

LABELS = "labels"
"""The answer of a vote that lists the labels that apply, where an example may have several."""

FORM = rows.Form(
    one="vote",
    many="votes",
    needed=COLUMNS[:3],
    known=COLUMNS[3:],
    error=VoteError,
    stand_in={"id": "index", "answer": "labels"},
)

KINDS = ("person", "simulated", "imported")
"""How a vote came about."""

LONGEST_NAME = 60
"""A reviewer's name, and an answer in their own word, has at most so many characters."""


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
    return rows.as_rows(votes, FORM)


def read_votes(path: PathLike) -> list[dict[str, Any]]:
    r"""Read a vote file, CSV, JSON lines (a JSON list of objects will do) or Parquet, as rows.

    Each row also says ``where`` it stood ("votes.csv, line 7"); a row that is no row at all has a
    `PROBLEM` in place of its columns.

    Raises
    ------
    FileError
        The file is missing, or is not UTF-8.
    VoteError
        A CSV or Parquet file has no column for the example, the reviewer or the answer.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "votes.csv")
    >>> _ = path.write_text("id,reviewer,answer\n17,ann,suggested\n")
    >>> read_votes(path)
    [{'id': '17', 'reviewer': 'ann', 'answer': 'suggested', 'where': 'votes.csv, line 2'}]
    """
    return rows.read_rows(path, FORM)


def write_votes(votes: Iterable[Mapping[str, Any]], path: PathLike) -> None:
    """Write votes in the form that `read_votes` reads, by the ending of the name.

    ``.jsonl`` is JSON lines, ``.json`` a list, ``.parquet`` Parquet, and anything else CSV.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "votes.csv")
    >>> write_votes([{"id": "17", "reviewer": "ann", "answer": "both", "kind": "person"}], path)
    >>> print(path.read_text(), end="")
    id,reviewer,answer,time,first,kind,said,labels
    17,ann,both,,,person,,
    """
    path = Path(path)
    lines = [{column: vote.get(column) for column in COLUMNS} for vote in votes]
    ending = path.suffix.lower()
    if ending == ".parquet":
        _write_parquet(lines, path)
        return
    text = io.StringIO()
    if ending == ".jsonl":
        text.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in lines)
    elif ending == ".json":
        json.dump(lines, text, ensure_ascii=False, indent=1)
    else:
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(in_cells, lines))
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def _write_parquet(lines: list[dict[str, Any]], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = [(name, pa.list_(pa.string()) if name == LABELS else pa.string()) for name in COLUMNS]
    parquet.write_table(pa.Table.from_pylist(lines, schema=pa.schema(kinds)), path)


def is_votes(path: Path) -> bool:
    """Tell whether a file is one that `write_votes` wrote: whether all of `COLUMNS` head it.

    A file of votes from elsewhere, which has some of these columns, is none. What is no file, such
    as a pipe, holds nothing that could be lost.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "votes.csv")
    >>> write_votes([], path)
    >>> is_votes(path)
    True
    """
    if not path.is_file():
        return not path.is_dir()
    ending = path.suffix.lower()
    if ending == ".parquet":
        return _parquet_columns(path) == COLUMNS
    if ending == ".json":
        listed = json.loads(path.read_bytes())
        return isinstance(listed, list) and all(
            isinstance(row, dict) and tuple(row) == COLUMNS for row in listed
        )
    with path.open(encoding="utf-8", newline="") as file:
        first = file.readline()
    if ending == ".jsonl":
        row = json.loads(first or "null")
        return row is None or (isinstance(row, dict) and tuple(row) == COLUMNS)
    return first == ",".join(COLUMNS) + "\n"


def _parquet_columns(path: Path) -> tuple[str, ...]:
    from pyarrow import ArrowException, parquet

    try:
        return tuple(parquet.read_schema(path).names)
    except ArrowException:  # no Parquet
        return ()


def in_cells(vote: Mapping[str, Any]) -> dict[str, Any]:
    """Return a vote as it stands in a line of CSV: labels as JSON, and no text as a formula.

    Examples
    --------
    >>> in_cells({"id": "=1+1", "labels": ["dog", "speech"]})
    {'id': "'=1+1", 'labels': '["dog", "speech"]'}
    """
    labels = vote.get("labels")
    listed = None if labels is None else json.dumps(list(labels), ensure_ascii=False)
    cells = {key: guarded(cell) if isinstance(cell, str) else cell for key, cell in vote.items()}
    return {**cells, "labels": listed}


def check_vote(
    row: Mapping[str, Any],
    *,
    index_of: Callable[[str], int],
    n: int,
    kind: str,
    label_names: Sequence[str] | None = None,
    chooses: bool = False,
) -> dict[str, Any]:
    """Return the fields of the vote that a row holds, each known to be good.

    Parameters
    ----------
    row : a mapping with the columns `COLUMNS`
    index_of : finds the example of an id, or raises `NameUnknownError`
    n : how many examples there are
    kind : how the vote came about: ``"simulated"`` always holds; else a row may say
        ``"simulated"`` or ``"imported"`` of itself, but not that a person cast it here
    label_names : the class names, where votes list labels, whose answer, `LABELS`, need not be
        said: where an example may have several, those that apply; or the answer is ``"other"``,
        and what it was, such as `CANNOT_TELL`, is ``said``
    chooses : whether votes list one label at most, the class that was chosen

    Returns
    -------
    ``example`` (its index), ``reviewer``, ``answer``, ``time``, ``first``, ``kind``, ``said`` and
    ``labels`` (sorted class numbers); time, first, said and labels may be None

    Raises
    ------
    VoteError, NameUnknownError
        A needed field is missing, a field is not one of the known words, or ``said`` stands
        beside another answer than ``"other"``.

    Examples
    --------
    >>> row = {"id": "17", "reviewer": "ann", "answer": "Both"}
    >>> vote = check_vote(row, index_of=int, n=20, kind="imported")
    >>> vote["example"], vote["answer"], vote["kind"]
    (17, 'both', 'imported')
    """
    if PROBLEM in row:
        raise VoteError(str(row[PROBLEM]))
    reviewer = check_reviewer(field(row, "reviewer"))
    if label_names is None:
        content = _choice(row)
    else:
        content = (_one_of if chooses else _ticks)(row, label_names)
    own = _word("kind of vote", field(row, "kind"), KINDS)
    return {
        "example": example_of(row, FORM, index_of, n),
        "reviewer": reviewer,
        "time": _time(field(row, "time")),
        "kind": kind if kind == "simulated" or own in (None, "person") else own,
        **content,
    }


def _choice(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a vote between the given and the suggested label says."""
    answer = field(row, "answer")
    if answer is None:
        raise VoteError(f"The answer is missing; one of {', '.join(VOTED)} was expected.")
    if answer.lower() == LABELS or not is_blank(row.get("labels")):
        raise VoteError(
            "The vote lists labels, but every example has one label here. One of "
            f"{', '.join(VOTED)} was expected as the answer, and no labels."
        )
    answer = _word("answer", answer, VOTED)
    return {
        "answer": answer,
        "first": _word("first label", field(row, "first"), ANSWERS[:2]),
        "said": _said(field(row, "said"), answer),
        "labels": None,
    }


def _one_of(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return what a vote for one of several answers says."""
    answer = (field(row, "answer") or LABELS).lower()
    if answer not in (LABELS, VOTED[-1]):
        raise VoteError(
            f"The answer is {answer!r}, but of this example reviewers choose one class of several: "
            'a list of one label, or of none, was expected (labels, such as ["dog"] or []).'
        )
    content = _ticks(row, names)
    if content["labels"] is not None and len(content["labels"]) > 1:
        raise VoteError(
            f"There are {len(content['labels'])} labels, and one class, or none, was expected here."
        )
    return content


def _ticks(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return what a vote on several labels says: those that apply, or the reviewer's own word."""
    labels, answer = row.get("labels"), field(row, "answer")
    if is_blank(labels) and (answer or "").lower() == VOTED[-1]:
        said = _said(field(row, "said"), VOTED[-1])
        if said is None:
            raise VoteError("The answer is 'other', so what the reviewer said was expected (said).")
        return {"answer": VOTED[-1], "first": None, "said": said, "labels": None}
    if is_blank(labels):
        raise VoteError(
            "The labels are missing: every example may have several here, so a vote lists those "
            "that apply, in a list that may be empty; who cannot tell has the answer 'other', and "
            "what they said."
        )
    _word("answer", answer, (LABELS,))
    return {"answer": LABELS, "first": None, "said": None, "labels": classes_of(labels, names)}


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


def _said(word: str | None, answer: str) -> str | None:
    """Return an answer in the reviewer's own word, in one form; None where there is none."""
    if word is None:
        return None
    if answer != VOTED[-1]:
        raise VoteError(
            f"The reviewer said {word!r}, but the answer is {answer!r}: a word of their own goes "
            f"with the answer {VOTED[-1]!r}."
        )
    word = one_form(word)
    if len(word) > LONGEST_NAME or not word.isprintable():
        raise VoteError(
            f"What the reviewer said, {word[:20]!r}, is not printable, or longer than "
            f"{LONGEST_NAME} characters."
        )
    return word


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
