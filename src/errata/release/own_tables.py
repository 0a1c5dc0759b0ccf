"""Somebody's own table, written again with one column more, or with new cells in one.

The values of the other columns stay; of a CSV file every other character does. Knows rows and
cells; what is in them is for `errata.release.applying`.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errata.array_files import read_text
from errata.errors import FileError, InputError
from errata.words import as_whole

_MARK = "\ufeff"
"""The byte order mark, which spreadsheets need to know that a file is UTF-8."""


@dataclass(frozen=True)
class OwnTable:
    """The rows of a file.

    Attributes
    ----------
    name : of the file
    names : of the columns
    column : returns the cells of one of them
    write : writes a file of the same form: where to; what the column of new cells is called, which
        may be there; which column these are like; a cell for each row; and the rows to write
    count : how many rows there are
    """

    name: str
    names: Sequence[str]
    column: Callable[[str], list[Any]]
    write: Callable[[Path, str, str, list[Any], list[int]], None]
    count: int

    def where(self, row: int) -> str:
        """Return what messages call a row."""
        return f"{self.name}, row {row + 1}"

    def cells(self, name: str) -> list[Any]:
        """Return the cells of a column.

        Raises
        ------
        FileError
            There are two that are called so.
        """
        if self.names.count(name) > 1:
            raise FileError(
                f"{self.name} has {self.names.count(name)} columns that are called {name!r}, and "
                "which is meant is not clear. Give the others another name."
            )
        return self.column(name)


def read_own_table(path: Path) -> OwnTable:
    r"""Read a table: .csv, .tsv, .json, .jsonl, .ndjson or .parquet.

    Raises
    ------
    FileError
        It cannot be read, or is no table.
    InputError
        It is no such file, by its ending.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "pets.csv")
    >>> _ = path.write_bytes(b'"id",label\r\n"a",cat\r\n')
    >>> table = read_own_table(path)
    >>> table.names, table.cells("id")
    (['id', 'label'], ['a'])
    >>> table.write(path, "corrected", "label", ["dog"], [0])
    >>> path.read_bytes()
    b'"id",label,corrected\r\n"a",cat,dog\r\n'
    """
    ending = path.suffix.lower()
    if ending in (".csv", ".tsv"):
        return _read_csv(path, "\t" if ending == ".tsv" else ",")
    if ending in (".json", ".jsonl", ".ndjson"):
        return _read_json(path)
    if ending == ".parquet":
        return _read_parquet(path)
    raise InputError(
        f"{path} ends in {ending or 'nothing'}; a folder of class folders, or a .csv, .tsv, .json, "
        ".jsonl or .parquet was expected."
    )


# ---------------------------------------------------------------- CSV


def _read_csv(path: Path, delimiter: str) -> OwnTable:
    text = read_text(path, exactly=True)
    body = text.removeprefix(_MARK).lstrip("\r\n")
    before = text.removesuffix(body)
    if not body:
        raise FileError(
            f"{path} is empty; a first line with the names of the columns was expected."
        )
    (first, first_end), *rows = _lines(body, delimiter, path)
    head = [_value(cell) for cell in first]
    other = next((mark for mark in ";\t|" if len(head) == 1 and mark in head[0]), None)
    if other is not None:
        raise FileError(
            f"{path} seems to be separated by {other!r}: its one column is called {head[0]!r}. "
            "Write it with commas, or with tabs as a .tsv."
        )
    for number, (cells, _) in enumerate(rows, 1):
        if len(cells) != len(head):
            raise FileError(
                f"{path}, row {number}: it has {len(cells)} cells, but there are {len(head)} "
                "columns."
            )

    def column(name: str) -> list[str]:
        at = head.index(name)
        return [_value(cells[at]) for cells, _ in rows]

    def write(target: Path, name: str, like: str, new: list[Any], kept: list[int]) -> None:
        at = head.index(name) if name in head else len(head)
        near = head.index(like)

        def line(cells: list[str], end: str, cell: object) -> str:
            written = cells[near]
            if cell != _value(written):
                written = _in_cell(cell, delimiter, quoted=written.startswith('"'))
            return delimiter.join([*cells[:at], written, *cells[at + 1 :]]) + end

        lines = [line(*rows[row], new[row]) for row in kept]
        new_text = "".join([before, line(first, first_end, name), *lines])
        target.write_text(new_text, encoding="utf-8", newline="")

    return OwnTable(path.name, head, column, write, len(rows))


def _lines(text: str, delimiter: str, path: Path) -> Iterator[tuple[list[str], str]]:
    """Yield the cells of each line as they are written, quotes and all, and how the line ends.

    The csv module tells what is in a cell, but not how it is written, and no long texts.
    """
    cell = re.compile(
        rf'("[^"]*+(?:""[^"]*+)*+"|[^"{delimiter}\r\n][^{delimiter}\r\n]*+|)({delimiter}|[\r\n]++|\Z)'
    )
    cells: list[str] = []
    at, row = 0, 0
    while at < len(text):
        found = cell.match(text, at)
        if found is None:
            raise FileError(
                f"{path}, {f'row {row}' if row else 'the head'}: a cell in quotes does not end, or "
                'something follows it. In such a cell a quote is written twice, "".'
            )
        cells.append(found[1])
        at = found.end()
        if found[2] != delimiter:
            yield cells, found[2]
            cells, row = [], row + 1
    if cells:  # the last of them is empty, and so is the rest
        yield [*cells, ""], ""


def _value(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def _in_cell(value: object, delimiter: str, *, quoted: bool) -> str:
    if isinstance(value, list):  # numbers stand in it as they do in a cell, without quotes
        numbers = map(as_whole, value)
        value = json.dumps(
            [one if n is None else n for one, n in zip(value, numbers, strict=True)],
            ensure_ascii=False,
        )
    if value is None:
        return ""
    text = str(value)
    if quoted or any(mark in text for mark in (delimiter, '"', "\r", "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text


# ---------------------------------------------------------------- JSON


def _read_json(path: Path) -> OwnTable:
    text = read_text(path, exactly=True)
    mark, text = text[: text.startswith(_MARK)], text.removeprefix(_MARK)
    listed = text.lstrip().startswith("[")
    try:
        rows = (
            json.loads(text) if listed else [json.loads(x) for x in text.split("\n") if x.strip()]
        )
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path} is no JSON, or is cut short: {error}") from None
    if not rows:
        raise FileError(f"{path} holds no rows; an object for each example was expected.")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise FileError(f"{path}, row {number}: an object was expected, not {row!r}.")
    end = "\r\n" if "\r\n" in text else "\n"
    # as halves of characters are, which cannot be written otherwise
    escaped = re.search(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]", text) is not None

    def write(target: Path, name: str, _like: str, cells: list[Any], kept: list[int]) -> None:
        made = [{**rows[row], name: cells[row]} for row in kept]
        if listed:
            new = json.dumps(made, ensure_ascii=escaped, indent=1).replace("\n", end) + end
        else:
            new = "".join(json.dumps(row, ensure_ascii=escaped) + end for row in made)
        target.write_text(mark + new, encoding="utf-8", newline="")

    names = list(dict.fromkeys(name for row in rows for name in row))
    return OwnTable(
        path.name, names, lambda name: [row.get(name) for row in rows], write, len(rows)
    )


# ---------------------------------------------------------------- Parquet


def _read_parquet(path: Path) -> OwnTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise FileError(f"{path} is no Parquet file, or is damaged: {error}") from None

    def write(target: Path, name: str, like: str, cells: list[Any], kept: list[int]) -> None:
        rows = _some(table, kept)
        metadata = dict(table.schema.metadata or {})
        field = table.schema.field(like)
        column = _as_column([cells[row] for row in kept], field.type, like)
        if name not in table.column_names:
            rows = rows.append_column(name, column)
            # what `datasets` wrote of the columns, and refuses to read if one is not told there
            metadata.pop(b"huggingface", None)
        else:
            if column.type != field.type:
                field = pa.field(name, column.type)
                metadata = _without(name, metadata)
            rows = rows.set_column(table.column_names.index(name), field, column)
        pq.write_table(rows.replace_schema_metadata(metadata or None), target)

    return OwnTable(
        path.name, table.column_names, lambda name: table[name].to_pylist(), write, len(table)
    )


def _some(table: Any, kept: list[int]) -> Any:
    """Return some rows of a table, in their order."""
    import pyarrow as pa

    # `take` does not know every type, nor texts of more than 2 GiB
    with contextlib.suppress(pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return table.take(kept)
    runs = np.split(np.array(kept, int), np.flatnonzero(np.diff(kept) != 1) + 1)
    return pa.concat_tables([table.slice(run[0] if len(run) else 0, len(run)) for run in runs])


def _as_column(cells: list[Any], kind: Any, like: str) -> Any:
    """Return cells as a column of a type, or else of lists of it, or else as Arrow sees them."""
    import pyarrow as pa

    one = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    if pa.types.is_string_view(one):  # which pandas cannot read in lists
        one = pa.large_string()
    for wanted in (kind, pa.list_(one)):
        with contextlib.suppress(pa.ArrowException, TypeError, OverflowError):
            return pa.array(cells, wanted)
    try:
        return pa.array(cells)
    except pa.ArrowException as error:
        raise InputError(
            f"The column {like!r} holds {kind}, and the corrected labels are of several types: "
            f"{error}. Write the given labels by name."
        ) from None


def _without(name: str, metadata: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Return what `datasets` and pandas wrote of the columns, without one that is another now."""
    rest = {key: value for key, value in metadata.items() if key != b"huggingface"}
    if b"pandas" in rest:
        told = json.loads(rest[b"pandas"])
        told["columns"] = [one for one in told["columns"] if one["name"] != name]
        rest[b"pandas"] = json.dumps(told).encode()
    return rest
