"""The forms in which votes come and go, by name, and which of them a file has."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from errata.array_files import PathLike
from errata.errors import unknown_name
from errata.exchange import argilla, label_studio, mturk, published, rows, sheets
from errata.exchange.questions import INDEX, Asked, Item, Reading, VotesRead, counted
from errata.exchange.votes import FORM

Reader = Callable[[PathLike, Asked, Reading], VotesRead]
Writer = Callable[[Path, Sequence[Item]], tuple[str, ...]]

READERS: Mapping[str, Reader] = {
    "errata": sheets.read,
    "mturk": mturk.read,
    "label-studio": label_studio.read,
    "argilla": argilla.read,
    "published": published.read,
}
"""What votes can be read from."""

TASK_WRITERS: Mapping[str, Writer] = {
    "label-studio": label_studio.write_tasks,
    "argilla": argilla.write_tasks,
    "mturk-csv": mturk.write_tasks,
    "csv": sheets.write_tasks,
}
"""What tasks can be written for."""

VOTE_FORMS = ("errata", "label-studio", "published")
"""What votes can be written as."""


def known_form(name: str, known: Sequence[str]) -> str:
    """Return the name of a form, if it is one.

    Raises
    ------
    NameUnknownError
        It is not.

    Examples
    --------
    >>> known_form("argilla", list(READERS))
    'argilla'
    """
    if name not in known:
        raise unknown_name("form", name, known)
    return name


def read_votes_of(form: str, path: PathLike, asked: Asked, reading: Reading) -> VotesRead:
    r"""Return the votes of a file of one form, of each candidate no more than are wanted.

    Parameters
    ----------
    form : a key of `READERS`
    reading : with ``most`` only the earliest so many answers to a candidate count, by their times
        and else by their order. Argilla may gather more than it was asked for, so there it is as
        many as the plan wants

    Raises
    ------
    InputError, FileError
        As the reader of the form.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "votes.csv")
    >>> _ = path.write_text("id,reviewer,answer\n17,ann,both\n17,bob,given\n")
    >>> read_votes_of("errata", path, Asked([], LookupError), Reading(most=1)).left_out
    ('1 answer: later than as many as are wanted.',)
    """
    read = READERS[form](path, asked, reading)
    most = reading.most
    if most is None and form != "argilla":
        return read
    answers: dict[str, list[int]] = {}
    for place, row in enumerate(read.rows):
        if rows.PROBLEM not in row:
            answers.setdefault(str(row.get("id") or row.get(INDEX)), []).append(place)
    late: set[int] = set()
    for id_, places in answers.items():
        question = asked.get(id_)
        wanted = question.votes if most is None and question is not None else most
        places.sort(key=lambda place: str(read.rows[place].get("time") or ""))
        late.update(places[wanted:] if wanted is not None else ())
    kept = [row for place, row in enumerate(read.rows) if place not in late]
    told = counted(len(late), "answer", "answers", "later than as many as are wanted")
    return VotesRead(rows=kept, left_out=(*read.left_out, *told))


def form_of(path: PathLike) -> str:
    r"""Return which form of votes a file has, by what stands in it; ``"errata"`` where none shows.

    Raises
    ------
    FileError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "results.csv")
    >>> _ = path.write_text("HITId,WorkerId,Input.id,Answer.verdict\n")
    >>> form_of(path)
    'mturk'
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending == ".xml":
        return "mturk"
    if ending in (".json", ".jsonl"):
        return _of_object(rows.read_rows(path, FORM))
    if ending == ".parquet" or not path.is_file():
        return "errata"
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = next(csv.reader(io.StringIO(file.readline())), [])
    theirs = any(column.startswith(("Answer.", "Input.")) for column in head)
    return "mturk" if theirs or {"WorkerId", "AssignmentId"} <= set(head) else "errata"


def _of_object(found: Sequence[rows.Row]) -> str:
    """Return the form of a file of objects, by the first of them."""
    one = next((row for row in found if rows.PROBLEM not in row), {})
    if "mturk" in one and any(key.startswith("given_original_label") for key in one):
        return "published"
    json_min = {"annotator", "annotation_id"} <= set(one)
    if "annotations" in one or ("data" in one and "predictions" in one) or json_min:
        return "label-studio"
    if {"Assignments", "AssignmentId", "WorkerId"} & set(one):
        return "mturk"
    flat = any(key.endswith(".responses") for key in one)
    items = one.get("items")
    inner = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else one
    if flat or "responses" in inner:
        return "argilla"
    return "errata"
