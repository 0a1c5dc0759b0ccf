"""Lists in small files: class names, ids, names of pictures, texts. JSON, CSV or plain text."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from errata.array_files import load_array, read_json, read_text
from errata.arrays import as_ids
from errata.errors import FileError, LabelError


def read_list(path: Path) -> list[Any]:
    """Return the values of a list in a file, in its order.

    Parameters
    ----------
    path : a ``.json`` file (a list, or an object from index to value), a ``.npy`` file, a
        ``.csv`` file (its column ``text``, ``id``, ``label`` or ``name``, else the only one),
        or any text file with a value a line

    Raises
    ------
    FileError
        The file is missing, is no text, or holds no list.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "names.json"
    >>> _ = path.write_text('{"1": "dog", "0": "cat"}')
    >>> read_list(path)
    ['cat', 'dog']
    """
    if path.suffix in {".npy", ".npz"}:
        values: list[Any] = load_array(path).tolist()
        return values
    if path.suffix == ".json":
        return _json_list(read_json(path), path)
    text = read_text(path)
    if path.suffix == ".csv":
        rows = _csv(path, text)
        columns = list(rows[0]) if rows else []
        named = [column for column in columns if column in {"text", "id", "label", "name"}]
        if len(columns) != 1 and len(named) != 1:
            raise FileError(
                f"{path} has the columns {', '.join(columns) or '(none)'}; one of them should be "
                "called text, id, label or name."
            )
        return [row[(named or columns)[0]] for row in rows]
    return text.removesuffix("\n").split("\n") if text else []


def read_ids(path: Path) -> list[Any]:
    r"""Return the ids in a file, known to be different; read as `read_list` does.

    Raises
    ------
    FileError
        The file is missing, is no text, or holds no list.
    LabelError
        An id is missing, stands twice, or is not valid Unicode.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "ids.txt"
    >>> _ = path.write_text("a7\na8\n")
    >>> read_ids(path)
    ['a7', 'a8']
    """
    ids = read_list(path)
    try:
        as_ids(ids, len(ids))
    except LabelError as error:
        raise LabelError(f"{path}: {error}") from None
    return ids


def _json_list(value: Any, path: Path) -> list[Any]:
    if isinstance(value, Mapping):
        if sorted(value) != sorted(str(index) for index in range(len(value))):
            raise FileError(
                f"{path} is an object whose keys are not 0 to {len(value) - 1}; a list is "
                "expected, or an object from index to value."
            )
        return [value[str(index)] for index in range(len(value))]
    if not isinstance(value, list):
        raise FileError(f"{path} holds a {type(value).__name__}; a list is expected.")
    return value


def _csv(path: Path, text: str) -> list[dict[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows = []
        for row in reader:
            if None in row:  # where csv puts what has no column
                raise FileError(
                    f"{path} has more values than columns in line {reader.line_num}; a text with a "
                    'comma in it stands in "quotes".'
                )
            rows.append(row)
        return rows
    except csv.Error as error:
        raise FileError(f"{path} is not CSV: {error}.") from None
