"""Columns of a table as texts, words and numbers; what is missing or damaged is noted by its row.

Knows Arrow's types. Arrow is heavy: what needs this module imports it where it needs it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool
from pyarrow import compute, types

Column = Any
"""A chunked Arrow array."""

Note = Callable[[Mapping[int, str]], None]
"""Takes down why rows cannot be used, by their place."""


def is_text(kind: Any) -> bool:
    """Tell whether a type of Arrow is text, or bytes that may be text."""
    kind = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    checks = (types.is_string, types.is_large_string, types.is_string_view, types.is_binary,
              types.is_large_binary, types.is_binary_view)  # fmt: skip
    return any(check(kind) for check in checks)


def plain(column: Column) -> Any:
    """Return a column in one piece, without dictionaries."""
    kind = column.type
    if isinstance(kind, pa.DictionaryType):
        column = column.cast(kind.value_type)
    if is_text(column.type):  # the small types hold 2 GB in one piece
        checks = (types.is_binary, types.is_large_binary, types.is_binary_view)
        is_bytes = any(check(column.type) for check in checks)
        column = column.cast(pa.large_binary() if is_bytes else pa.large_string())
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def equal(values: Any, wanted: Any) -> Bool[np.ndarray, "_n"]:
    """Return where a value is the one that is wanted."""
    return np.asarray(compute.equal(values, pa.scalar(wanted)))


def texts_of(column: Column, what: str, note: Note) -> Any:
    """Return a column as strings; what is missing or no UTF-8 is noted, and empty."""
    values = plain(column)
    if not is_text(column.type):
        values = values.cast(pa.large_string())
    raw = values.cast(pa.large_binary())
    note(dict.fromkeys(np.flatnonzero(values.is_null()).tolist(), f"{what} is missing."))
    raw = raw.fill_null(b"")
    try:
        return raw.cast(pa.large_string())  # checks that it is UTF-8
    except pa.ArrowInvalid:
        texts = []
        for row, content in enumerate(raw.to_pylist()):
            try:
                texts.append(content.decode())
            except UnicodeDecodeError as error:
                note({row: f"{what} is not UTF-8: {error}."})
                texts.append("")
        return pa.array(texts, pa.large_string())


def words_of(column: Column, what: str, note: Note) -> Any:
    """Return a column of names without the spaces around them; none may be empty."""
    words = compute.utf8_trim_whitespace(texts_of(column, what, note))
    empty = np.flatnonzero(equal(words, "")).tolist()
    note(dict.fromkeys(empty, f"{what} is missing."))
    return words


def is_number(column: Column) -> bool:
    """Tell whether a column holds numbers, as such or written as texts."""
    kind = column.type
    if is_text(kind):
        return as_floats(plain(column)) is not None
    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)


def as_floats(texts: Any) -> Any:
    """Return the numbers that all texts are, null where one is empty; None if one is none."""
    try:
        words = compute.utf8_trim_whitespace(texts.cast(pa.large_string()))
        filled = compute.if_else(pa.array(equal(words, "")), None, words)
        return None if filled.null_count == len(filled) else filled.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
