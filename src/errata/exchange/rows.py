"""Rows of files that people hand in, CSV, JSON or Parquet, each of which knows where it stood.

Reading is lenient by the row: a row that cannot be taken keeps its place and its reason, so that
the good ones go in and the others are named. What the columns mean is for `votes`, `candidates`.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as field_
from pathlib import Path
from typing import Any

from errata.array_files import PathLike
from errata.errors import FileError, InputError
from errata.exchange.cells import unguarded, whole_number

Row = dict[str, Any]
PROBLEM = "(problem)"
"""The key under which a row that is no row says why; no column is called so."""
_MORE = "(more)"


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a file of rows holds.

    Attributes
    ----------
    one, many : what a row is called, and several ("vote", "votes")
    needed, known : columns that must be there, and that may be
    error : what is raised where nothing can be read
    stand_in : columns that may stand in for a needed one
    """

    one: str
    many: str
    needed: tuple[str, ...]
    known: tuple[str, ...]
    error: type[InputError]
    stand_in: Mapping[str, str] = field_(default_factory=lambda: {"id": "index"})

    @property
    def fields(self) -> str:
        """The columns that must be there, in words."""
        return ", ".join(self.needed)


def as_rows(values: object, form: Form) -> list[Row]:
    """Return what was handed in as rows that say ``where`` they stood, as `read_rows` does.

    Parameters
    ----------
    values : mappings with the columns of the form, or the path of a file of them

    Raises
    ------
    InputError
        They are neither; of the form's kind.
    FileError
        The file cannot be read.

    Examples
    --------
    >>> form = Form(one="vote", many="votes", needed=("id",), known=(), error=InputError)
    >>> as_rows([{"id": "17"}, 5], form)[1]
    {'where': 'votes[1]', '(problem)': 'An object with id was expected, not 5.'}
    """
    if isinstance(values, str | os.PathLike):
        return read_rows(values, form)
    if not isinstance(values, Iterable):
        raise form.error(
            f"A list of {form.many}, or the path of a {form.one} file, was expected, not "
            f"{values!r}. Each {form.one} is a mapping with {form.fields}."
        )
    rows = []
    for place, value in enumerate(values):
        where = f"{form.many}[{place}]"
        known = isinstance(value, Mapping)
        # rows that `read_rows` gave know their place already
        rows.append({"where": where, **value} if known else _json_row(value, where, form))
    return rows


def read_rows(path: PathLike, form: Form) -> list[Row]:
    """Read a file of rows: Parquet, JSON lines (a JSON list, or one object, will do), or CSV.

    Each row also says ``where`` it stood ("votes.csv, line 7"); a row that is no row at all has a
    `PROBLEM` in place of its columns.

    Raises
    ------
    FileError
        The file is missing, is damaged, or is not UTF-8.
    InputError
        A CSV or Parquet file lacks a column that must be there; of the form's kind.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "votes.jsonl")
    >>> _ = path.write_text('{"id": 17}')
    >>> form = Form(one="vote", many="votes", needed=("id",), known=(), error=InputError)
    >>> read_rows(path, form)
    [{'id': 17, 'where': 'votes.jsonl, line 1'}]
    """
    path = Path(path)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise FileError(
            f"{path} {found}; a file of {form.many} (.csv, .json, .jsonl or .parquet) was expected."
        )
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path, form)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8: {error}. Save it as UTF-8.") from None
    if path.suffix.lower() in (".json", ".jsonl"):
        return _read_json(text, path.name, form)
    return _read_csv(text, path.name, form)


def _read_csv(text: str, name: str, form: Form) -> list[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey=_MORE, restval=None)
    columns = list(reader.fieldnames or ())
    _check_columns(columns, name, form)
    rows: list[Row] = []
    for row in _lines(reader, name):
        where = f"{name}, line {reader.line_num}"
        if row.pop(_MORE, None) is not None:
            problem = f"There are more fields than the {len(columns)} columns."
            rows.append({"where": where, PROBLEM: problem})
        else:
            cells = {key: None if cell is None else unguarded(cell) for key, cell in row.items()}
            rows.append({**cells, "where": where})
    return rows


def _check_columns(columns: Sequence[str], name: str, form: Form) -> None:
    for needed in form.needed:
        if needed not in columns and form.stand_in.get(needed) not in columns:
            raise form.error(
                f"{name} has no column {needed!r}; its columns are {', '.join(columns) or 'none'}. "
                f"Needed: {form.fields}; known besides: {', '.join(form.known)}."
            )


def _lines(reader: "csv.DictReader[str]", name: str) -> Iterator[Row]:
    try:
        yield from reader
    except csv.Error as error:
        raise FileError(f"{name} is no CSV after line {reader.line_num}: {error}") from None


def _read_parquet(path: Path, form: Form) -> list[Row]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise FileError(f"{path} is no Parquet file, or is damaged: {error}.") from None
    _check_columns(table.column_names, path.name, form)
    return [
        {**row, "where": f"{path.name}, row {number}"}
        for number, row in enumerate(table.to_pylist(), 1)
    ]


def _read_json(text: str, name: str, form: Form) -> list[Row]:
    whole = _one_object(text)
    if whole is not None:
        return [{**whole, "where": f"{name}, line 1"}]
    if text.lstrip().startswith("["):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FileError(f"{name} is no JSON, or is cut short: {error}") from None
        return [
            _json_row(value, f"{name}, {form.one} {place}", form)
            for place, value in enumerate(values, 1)
        ]
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{name}, line {number}"
            try:
                rows.append(_json_row(json.loads(line), where, form))
            except (ValueError, RecursionError) as error:
                rows.append({"where": where, PROBLEM: f"This is no JSON: {error}."})
    return rows


def _one_object(text: str) -> Row | None:
    """Return the one object that a text of several lines is, as other tools write them."""
    lines = text.strip().split("\n", 1)
    if len(lines) == 1 or not lines[0].startswith("{") or lines[0].endswith("}"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _json_row(value: object, where: str, form: Form) -> Row:
    if isinstance(value, dict):
        return {**value, "where": where}
    problem = f"An object with {form.fields} was expected, not {value!r}."
    return {"where": where, PROBLEM: problem}


def is_blank(value: object) -> bool:
    """Return whether a field says nothing.

    Examples
    --------
    >>> is_blank(None), is_blank(" "), is_blank([])
    (True, True, False)
    """
    return value is None or (isinstance(value, str) and not value.strip())


def example_of(row: Mapping[str, Any], form: Form, index_of: Callable[[str], int], n: int) -> int:
    """Return the example that a row is about, by its ``id`` or its ``index``.

    Raises
    ------
    InputError
        There is neither, or no such example; of the form's kind, or a `NameUnknownError`.

    Examples
    --------
    >>> form = Form(one="vote", many="votes", needed=("id",), known=(), error=InputError)
    >>> example_of({"index": "3"}, form, int, n=5)
    3
    """
    id_ = field(row, "id")
    if id_ is not None:
        return index_of(id_)
    index = field(row, "index")
    if index is None:
        raise form.error("The example is missing; give its id, or its index.")
    number = whole_number(index)
    if number is None or number >= n:
        raise form.error(f"There is no example with index {index}; they run from 0 to {n - 1}.")
    return number


def field(row: Mapping[str, Any], column: str) -> str | None:
    """Return the text of one field without the spaces around it; None where it is empty.

    Examples
    --------
    >>> field({"id": " 17 "}, "id"), field({"id": " "}, "id")
    ('17', None)
    """
    value = row.get(column)
    return None if value is None or str(value).strip() == "" else str(value).strip()
