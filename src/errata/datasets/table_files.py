"""Files of rows: CSV, TSV, JSON, Parquet and Arrow, all read by Arrow.

Knows files, and rows that are broken; what the columns mean is for `errata.datasets.tables`.
Arrow is heavy: what needs this module imports it where it needs it.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from jaxtyping import Int
from pyarrow import csv, ipc, parquet
from pyarrow import json as arrow_json

from errata.errors import FileError

SPLIT = "split"
"""The column that says which part a row is in."""

_JSON_TYPES = {
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_TYPE = "|".join(_JSON_TYPES)
_CHANGED = re.compile(rf"(?s)Column\(/(.*)\) changed from ({_TYPE}) to ({_TYPE}) in row (\d+)")
"""What Arrow says where a column holds values of several types; it counts rows from 0."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of one file, or of several one below the other.

    Attributes
    ----------
    name : what messages call it: the name of the file
    folder : where relative paths in it begin
    table : an Arrow table
    numbers : the number of each row in its file, from 0; broken rows may be missing in between
    files : the name of the file of each row, where there are several
    faults : why a row cannot be used, by its place in the table
    lost : rows that are not in the table at all: where they stand, and why
    features : what Hugging Face `datasets` has written about the columns
    """

    name: str
    folder: Path
    table: pa.Table
    numbers: Int[np.ndarray, "n"]
    files: Sequence[str] | None = None
    faults: dict[int, str] = field(default_factory=dict)
    lost: tuple[tuple[str, str], ...] = ()
    features: dict[str, Any] = field(default_factory=dict)

    def where(self, row: int) -> str:
        """Return where a row stands, counted from 1."""
        file = self.name if self.files is None else f"{self.name}/{self.files[row]}"
        return f"{file}, row {self.numbers[row] + 1}"


def read_rows(path: Path) -> Rows:
    r"""Return all rows of a file; its ending says what it is.

    Raises
    ------
    FileError
        The file is missing, damaged, or no such table.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "reviews.csv")
    >>> _ = path.write_text("text,label\nFine.,good\n")
    >>> read_rows(path).table.column_names
    ['text', 'label']
    """
    if not path.is_file():
        raise FileError(f"{path} does not exist; a table was expected.")
    with _naming(path):
        return _READERS[path.suffix.lower()](path)


def rows_of_table(table: pa.Table, name: str, folder: Path) -> Rows:
    """Return the rows of an Arrow table, with what its schema says of the columns."""
    said = (table.schema.metadata or {}).get(b"huggingface", b"{}")
    features = json.loads(said).get("info", {}).get("features") or {}
    numbers = np.arange(table.num_rows)
    return Rows(name=name, folder=folder, table=table, numbers=numbers, features=features)


def joined(tables: Sequence[tuple[str | None, Rows]], name: str, folder: Path) -> Rows:
    """Put tables one below the other, each with the part that it is, if it is one.

    Raises
    ------
    FileError
        Their columns do not go together.
    """
    if len(tables) == 1 and tables[0][0] is None:
        return tables[0][1]
    parts: list[Any] = []
    files: list[str] = []
    faults: dict[int, str] = {}
    start = 0
    for part, rows in tables:
        table = rows.table
        if part is not None and SPLIT not in table.column_names:
            table = table.append_column(SPLIT, pa.array([part] * len(table), pa.string()))
        parts.append(table)
        files += [rows.name] * len(table)
        faults |= {start + row: why for row, why in rows.faults.items()}
        start += len(table)
    try:
        whole = pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException as error:
        raise FileError(
            f"The tables of {folder} do not go together, as their columns differ: {error}. Open "
            "one of them by its own path."
        ) from None
    return Rows(
        name=name,
        folder=folder,
        table=whole,
        numbers=np.concatenate([rows.numbers for _, rows in tables]),
        files=files,
        faults=faults,
        lost=tuple(one for _, rows in tables for one in rows.lost),
        features=tables[0][1].features,
    )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Raise a `FileError` that names the file for what Arrow raises inside."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise FileError(
            f"{path} is cut short or damaged, or is no {path.suffix[1:].upper()}: {said}"
        ) from None


# ---------------------------------------------------------------- each kind of file


def _read_csv(path: Path) -> Rows:
    """Read every cell as bytes: what is a number, and what is no UTF-8, is seen to later."""
    broken: dict[int, str] = {}

    def skip(row: csv.InvalidRow) -> Literal["skip"]:
        if row.number is not None:  # counted from 1, the head included
            broken[row.number - 2] = (
                f"It has {row.actual_columns} cells, but there are {row.expected_columns} columns; "
                "a cell with a separator in it stands in quotes."
            )
        return "skip"

    parse = csv.ParseOptions(
        delimiter="\t" if path.suffix.lower() == ".tsv" else ",",
        newlines_in_values=True,
        invalid_row_handler=skip,
    )
    with csv.open_csv(path, parse_options=parse) as reader:
        names = reader.schema.names
    table = csv.read_csv(
        path,
        read_options=csv.ReadOptions(use_threads=False),  # only so are broken rows numbered
        parse_options=parse,
        convert_options=csv.ConvertOptions(
            column_types={name: pa.large_binary() for name in names}, strings_can_be_null=False
        ),
    )
    rows = rows_of_table(table, path.name, path.parent)
    if not broken:
        return rows
    numbers = np.setdiff1d(np.arange(len(table) + len(broken)), list(broken))
    lost = tuple((f"{path.name}, row {number + 1}", why) for number, why in sorted(broken.items()))
    return replace(rows, numbers=numbers, lost=lost)


def _read_json(path: Path) -> Rows:
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if content.lstrip().startswith(b"["):
        listed = json.loads(content)
        content = b"\n".join(json.dumps(each).encode() for each in listed)
    faults: dict[int, str] = {}
    try:
        content.decode()
        table = _parse_json(content)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        content, faults = _without_broken_lines(content)
        with _naming_types(path.name):
            table = _parse_json(content)
    return replace(rows_of_table(table, path.name, path.parent), faults=faults)


@contextmanager
def _naming_types(name: str) -> Iterator[None]:
    """Raise a `FileError` that names row and column where Arrow finds values of several types."""
    try:
        yield
    except pa.ArrowInvalid as error:
        found = _CHANGED.search(str(error))
        if found is None:
            raise
        column, before, here, row = found.groups()
        quotes = " Write the numbers in quotes." if {before, here} == {"string", "number"} else ""
        raise FileError(
            f"{name}, row {int(row) + 1}: the column {column!r} holds {_JSON_TYPES[here]} here, "
            f"and {_JSON_TYPES[before]} in a row before. All values of a column are of one type."
            + quotes
        ) from None


def _parse_json(content: bytes) -> pa.Table:
    block = arrow_json.ReadOptions(use_threads=False, block_size=max(len(content) + 1, 2**20))
    table = arrow_json.read_json(io.BytesIO(content), read_options=block)
    dates = [each.name for each in table.schema if pa.types.is_timestamp(each.type)]
    if not dates:
        return table
    # what looks like a date is a text, written as it is
    schema = pa.schema([(name, pa.string()) for name in dates])
    parse = arrow_json.ParseOptions(explicit_schema=schema)
    return arrow_json.read_json(
        io.BytesIO(content), read_options=block, parse_options=parse
    ).select(table.column_names)


def _without_broken_lines(content: bytes) -> tuple[bytes, dict[int, str]]:
    """Put an empty object in the place of every line that is none, and say why."""
    lines, faults = [], {}
    for line in filter(bytes.strip, content.split(b"\n")):
        try:
            if not isinstance(json.loads(line.decode()), dict):
                raise ValueError("an object with a value for each column was expected")
            lines.append(line)
        except ValueError as error:
            kind = "UTF-8" if isinstance(error, UnicodeDecodeError) else "JSON object"
            faults[len(lines)] = f"It is no {kind}: {error}."
            lines.append(b"{}")
    return b"\n".join(lines), faults


def _read_parquet(path: Path) -> Rows:
    with parquet.ParquetFile(path) as file:
        return rows_of_table(file.read(use_threads=False), path.name, path.parent)


def _read_arrow(path: Path) -> Rows:
    source = pa.memory_map(str(path))  # pictures stay in the file until they are asked for
    try:
        table = ipc.open_stream(source).read_all()
    except pa.ArrowInvalid:
        source.seek(0)
        table = ipc.open_file(source).read_all()
    return rows_of_table(table, path.name, path.parent)


_READERS: dict[str, Callable[[Path], Rows]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".json": _read_json,
    ".jsonl": _read_json,
    ".ndjson": _read_json,
    ".parquet": _read_parquet,
    ".arrow": _read_arrow,
}
