"""A data set in the columns of a table: labels, and a path, a text or numbers of each example.

How files become rows is `errata.datasets.table_files`. Arrow is heavy: what needs this module
imports it where it needs it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Int, Shaped
from pyarrow import compute, types

from errata.datasets.base import Dataset, OnDamage, kept
from errata.datasets.encoded import EncodedImages
from errata.datasets.files import media_of_files, whole_kind
from errata.datasets.media import Features, Media, Texts
from errata.datasets.parts import ALL, check_classes, choose_part, number_classes
from errata.datasets.table_files import SPLIT, Rows
from errata.errors import FileError, InputError, LabelError, unknown_name

USUAL = {
    "label": ("label", "labels", "class", "given", "target"),
    "text": ("text", "texts", "sentence"),
    "path": ("path", "file", "file_name", "filename", "image", "img", "picture", "audio"),
    "id": ("id", "ids"),
}
"""What columns are usually called, in small letters."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold what; None where it is not known, or there is none."""

    label: str | None = None
    text: str | None = None
    path: str | None = None
    features: Sequence[str] | None = None
    id: str | None = None
    group: str | None = None


def dataset_of(
    rows: Rows,
    asked: Columns,
    *,
    name: str,
    part: str | None,
    classes: Sequence[object] | None,
    on_damage: OnDamage,
) -> Dataset:
    """Return the data set that is in the columns of a table.

    Raises
    ------
    InputError
        It is not clear which column holds what, or there is no such column, class or part.
    FileError
        A row cannot be used, and ``on_damage`` is ``"stop"``.
    """
    columns = choose_columns(rows, asked)
    faults = dict(rows.faults)

    def note(problems: Mapping[int, str]) -> None:
        for row, why in problems.items():
            faults.setdefault(row, why)

    in_part, part = _part_of(rows, part, note)
    labels, class_names = _labels(rows, columns, classes, note)
    ids = _ids(rows, columns, note)
    groups = None if columns.group is None else _groups(rows.table[columns.group], columns, note)
    media, paths = _media(rows, columns, in_part, note)
    check_classes(class_names, rows.name)

    _, left_out = kept(_told(rows, faults, in_part), on_damage)
    bad = np.zeros(len(labels), bool)
    bad[list(faults)] = True
    good = np.flatnonzero(in_part & ~bad)
    if not len(good):
        raise FileError(
            f"{rows.name} has no row that can be used in the part {part!r}"
            + (f": {left_out[0].where}: {left_out[0].why}" if left_out else ".")
        )
    return Dataset(
        name,
        part,
        tuple(ids(good) if columns.id else _own_ids(rows, paths, good)),
        labels[good],
        class_names,
        media(good),
        tuple(left_out),
        None if groups is None else groups[good],
    )


def _told(
    rows: Rows, faults: Mapping[int, str], in_part: Bool[np.ndarray, "n"]
) -> Iterator[tuple[str, FileError]]:
    """Yield what is wrong with the rows of a part, and with those that may be in any."""
    for where, why in rows.lost:
        yield where, FileError(f"{where}: {why}")
    for row, why in sorted(faults.items()):
        if in_part[row] or row in rows.faults:
            yield rows.where(row), FileError(f"{rows.where(row)}: {why}")


# ---------------------------------------------------------------- which column holds what


def choose_columns(rows: Rows, asked: Columns) -> Columns:
    """Return which column holds what: those asked for, and those that are called as usual.

    Raises
    ------
    InputError, NameUnknownError
        There is no such column, or it is not clear which is meant; the message lists them.

    Examples
    --------
    >>> from errata.datasets.table_files import rows_of_table
    >>> table = pa.table({"Text": ["Hi!"], "label": [0], "when": [1999]})
    >>> choose_columns(rows_of_table(table, "letters.csv", Path()), Columns())
    Columns(label='label', text='Text', path=None, features=None, id=None, group=None)
    """
    names = rows.table.column_names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FileError(f"{rows.name} has two columns {twice!r}; column names must differ.")
    wanted = [asked.label, asked.text, asked.path, asked.id, asked.group, *(asked.features or ())]
    for name in wanted:
        if name is not None and name not in names:
            raise unknown_name(f"column of {rows.name}", name, names)
    label = asked.label or _usual(rows, "label", names)
    if label is None:
        raise _unclear(rows, "the labels", "label")
    id_ = asked.id or _usual(rows, "id", [name for name in names if name not in wanted])
    contents = [asked.text, asked.path, asked.features]
    if sum(each is not None for each in contents) > 1:
        raise InputError("Give one of text=, path= and features=: what is labelled.")
    rest = [name for name in names if name not in {label, id_, asked.group, SPLIT}]
    text, path, features = asked.text, asked.path, asked.features
    if not any(each is not None for each in contents):
        text, path = _usual(rows, "text", rest), _usual(rows, "path", rest)
        if text is not None and path is not None:
            raise _unclear(rows, "what is labelled", "text", "path", "features")
        if text is None and path is None:
            features = rest
            if not any(_is_number(rows.table[name]) for name in rest):
                raise _unclear(rows, "what is labelled", "text", "path", "features")
    return Columns(label=label, text=text, path=path, features=features, id=id_, group=asked.group)


def _usual(rows: Rows, what: str, names: Sequence[str]) -> str | None:
    found = [name for name in names if name.lower() in USUAL[what]]
    if len(found) > 1:
        raise _unclear(rows, f"the {what}", what)
    return found[0] if found else None


def _unclear(rows: Rows, what: str, *options: str) -> InputError:
    names = rows.table.column_names
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    named = " or ".join(
        f"{option}={'[...]' if option == 'features' else '...'}" for option in options
    )
    return InputError(
        f"{rows.name} has the columns {', '.join(names[:20])}{more}, and it is not clear which "
        f"holds {what}. Name it with {named}."
    )


# ---------------------------------------------------------------- values

Column = Any
"""A chunked Arrow array."""

Note = Callable[[Mapping[int, str]], None]
Take = Callable[[Int[np.ndarray, "_some"]], Any]


def _is_text(kind: Any) -> bool:
    kind = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    checks = (types.is_string, types.is_large_string, types.is_string_view, types.is_binary,
              types.is_large_binary, types.is_binary_view)  # fmt: skip
    return any(check(kind) for check in checks)


def _plain(column: Column) -> Any:
    """Return a column in one piece, without dictionaries."""
    kind = column.type
    if isinstance(kind, pa.DictionaryType):
        column = column.cast(kind.value_type)
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _equal(values: Any, wanted: Any) -> Bool[np.ndarray, "_n"]:
    return np.asarray(compute.equal(values, pa.scalar(wanted)))


def _texts(column: Column, what: str, note: Note) -> Any:
    """Return a column as strings; what is missing or no UTF-8 is noted, and empty."""
    values = _plain(column)
    if not _is_text(column.type):
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


def _words(column: Column, what: str, note: Note) -> Any:
    """Return a column of names without the spaces around them; none may be empty."""
    words = compute.utf8_trim_whitespace(_texts(column, what, note))
    empty = np.flatnonzero(_equal(words, "")).tolist()
    note(dict.fromkeys(empty, f"{what} is missing."))
    return words


def _part_of(rows: Rows, part: str | None, note: Note) -> tuple[Bool[np.ndarray, "n"], str]:
    everything = np.ones(rows.table.num_rows, bool)
    if SPLIT not in rows.table.column_names:
        return everything, choose_part(part, [], rows.name)
    splits = _splits(rows)
    words = _words(splits, "The part it is in (split)", note)
    there = sorted(set(words.unique().to_pylist()) - {""})
    chosen = choose_part(part, there, rows.name)
    if chosen == ALL:
        return everything, chosen
    # a row that says no part may be in this one
    return np.asarray(compute.is_in(words, pa.array([chosen, ""], pa.large_string()))), chosen


def _splits(rows: Rows) -> Column:
    """Return the column of parts, by name where Hugging Face has numbered them."""
    column = rows.table[SPLIT]
    names = rows.features.get(SPLIT, {}).get("names")
    if not names:
        return column
    return pa.chunked_array([pa.array([names[number] for number in column.to_pylist()])])


def _labels(
    rows: Rows, columns: Columns, classes: Sequence[object] | None, note: Note
) -> tuple[Shaped[np.ndarray, "n ..."], tuple[str, ...]]:
    """Return class numbers, 0 where there is none, and class names; or sets of them."""
    assert columns.label is not None
    column = rows.table[columns.label]
    described = rows.features.get(columns.label, {})
    kind = column.type
    if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        return _one_each(rows, column, described.get("names"), classes, note)
    inner = described.get("feature", {})
    whole = _plain(column)
    note(dict.fromkeys(np.flatnonzero(whole.is_null()).tolist(), "Its labels are missing."))
    row_of = np.asarray(compute.list_parent_indices(whole))
    flat = pa.chunked_array([compute.list_flatten(whole)])

    def note_row(problems: Mapping[int, str]) -> None:
        note({int(row_of[place]): why for place, why in problems.items()})

    codes, names = _one_each(rows, flat, inner.get("names"), classes, note_row)
    matrix = np.zeros((len(whole), len(names)), bool)
    matrix[row_of, codes] = True
    return matrix, names


def _one_each(
    rows: Rows,
    column: Column,
    known: Sequence[str] | None,
    classes: Sequence[object] | None,
    note: Note,
) -> tuple[Int[np.ndarray, "_n"], tuple[str, ...]]:
    kind = column.type
    kind = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    if _is_text(kind):
        values = _words(column, "Its label", note)
        missing = _equal(values, "")
    elif types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind):
        values = _plain(column).cast(pa.int64())
        missing = np.asarray(values.is_null())
        if known is not None:  # Hugging Face writes -1 where there is no label
            missing |= _equal(values.fill_null(-1), -1)
        note(dict.fromkeys(np.flatnonzero(missing).tolist(), "Its label is missing."))
    else:
        raise LabelError(
            f"The labels of {rows.name} are {kind}; whole numbers or class names were expected."
        )
    labelled = values.filter(pa.array(~missing)).dictionary_encode()
    different: list[Any] = labelled.dictionary.to_pylist()
    if known is not None and classes is None and not _is_text(kind):
        names, numbers = tuple(known), np.array(different, np.int64)
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(names):
            raise LabelError(
                f"{rows.name} has labels from {numbers.min()} to {numbers.max()}, but names "
                f"{len(names)} classes."
            )
    else:
        names, numbers = number_classes(different, classes or known)
    codes = np.zeros(len(values), np.int64)
    codes[~missing] = numbers[labelled.indices.to_numpy()]
    return codes, names


def _ids(rows: Rows, columns: Columns, note: Note) -> Take:
    if columns.id is None:
        return list
    words = _words(rows.table[columns.id], "Its id", note)
    return lambda some: words.take(some).to_pylist()


def _own_ids(rows: Rows, paths: Sequence[str] | None, some: Int[np.ndarray, "_some"]) -> list[str]:
    """Return the paths where they tell examples apart anywhere, else the numbers of the rows."""
    if paths is not None:
        movable = not any(Path(path).is_absolute() for path in paths)
        if movable and len(set(paths)) == len(paths):
            return [paths[row] for row in some]
    if rows.files is None:
        return [str(number) for number in rows.numbers[some]]
    return [f"{Path(rows.files[row]).with_suffix('')}/{rows.numbers[row]}" for row in some]


def _groups(column: Column, columns: Columns, note: Note) -> Int[np.ndarray, "n"]:
    words = _words(column, f"Its group ({columns.group})", note)
    _, numbers = np.unique(np.array(words.to_pylist(), dtype=str), return_inverse=True)
    return numbers.astype(np.int64)


# ---------------------------------------------------------------- what is labelled


def _media(
    rows: Rows, columns: Columns, in_part: Bool[np.ndarray, "n"], note: Note
) -> tuple[Callable[[Int[np.ndarray, "_some"]], Media], Sequence[str] | None]:
    """Return what makes media of some rows, and the paths, if these are files."""
    if columns.text is not None:
        texts = _texts(rows.table[columns.text], f"Its text ({columns.text})", note)
        return lambda some: Texts(texts.take(some).to_pylist()), None
    if columns.path is None:
        values = _numbers_and_words(rows, columns.features or (), note)
        return lambda some: _features(values, some), None
    column = rows.table[columns.path]
    if types.is_struct(column.type):
        fields = {each.name for each in column.type}
        if not {"bytes", "path"} <= fields:
            raise _no_paths(rows, columns.path, column.type)
        if rows.features.get(columns.path, {}).get("_type") == "Audio":
            media_of_files("sounds", [])
        whole = _plain(column)
        encoded, column = whole.field("bytes"), pa.chunked_array([whole.field("path")])
        if encoded.null_count < len(encoded):
            return _encoded(rows, columns.path, encoded, note), None
    elif not _is_text(column.type):
        raise _no_paths(rows, columns.path, column.type)
    return _files(rows, columns.path, column, in_part, note)


def _no_paths(rows: Rows, column: str, kind: object) -> InputError:
    return InputError(
        f"The column {column!r} of {rows.name} is {kind}; the paths of files, or the pictures of "
        "a Hugging Face data set, were expected."
    )


def _encoded(
    rows: Rows, column: str, encoded: Any, note: Note
) -> Callable[[Int[np.ndarray, "_some"]], Media]:
    missing = np.flatnonzero(encoded.is_null()).tolist()
    note(dict.fromkeys(missing, f"Its picture ({column}) is missing."))
    return lambda some: EncodedImages(encoded.take(pa.array(some)), [rows.where(r) for r in some])


def _files(
    rows: Rows, column_name: str, column: Any, in_part: Bool[np.ndarray, "n"], note: Note
) -> tuple[Callable[[Int[np.ndarray, "_some"]], Media], Sequence[str]]:
    paths = _words(column, f"Its path ({column_name})", note).to_pylist()
    for row in np.flatnonzero(in_part).tolist():
        if paths[row] and not (rows.folder / paths[row]).is_file():
            note({row: f"There is no file {rows.folder / paths[row]}."})
    kind = whole_kind([path for path in paths if path], rows.name)
    return lambda some: media_of_files(kind, [rows.folder / paths[row] for row in some]), paths


def _is_number(column: Column) -> bool:
    kind = column.type
    if _is_text(kind):
        return _as_floats(_plain(column)) is not None
    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)


def _as_floats(texts: Any) -> Any:
    """Return the numbers that all texts are, null where one is empty; None if one is none."""
    try:
        words = compute.utf8_trim_whitespace(texts.cast(pa.large_string()))
        filled = compute.if_else(pa.array(_equal(words, "")), None, words)
        return None if filled.null_count == len(filled) else filled.cast(pa.float64())
    except pa.ArrowInvalid:
        return None


def _numbers_and_words(rows: Rows, names: Sequence[str], note: Note) -> dict[str, Any]:
    """Return columns of floats, or of strings where not all are numbers."""
    found = {}
    for name in names:
        column = rows.table[name]
        what = f"Its value of {name!r}"
        if not _is_number(column):
            if not _is_text(column.type):
                raise InputError(
                    f"The column {name!r} of {rows.name} is {column.type}; numbers or words were "
                    "expected. List the columns to use with features=[...]."
                )
            found[name] = np.array(_texts(column, what, note).to_pylist(), dtype=str)
            continue
        values = _plain(column)
        if _is_text(column.type):
            values = _as_floats(values)
        elif types.is_boolean(column.type):
            values = values.cast(pa.uint8())
        numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        note(dict.fromkeys(np.flatnonzero(np.isnan(numbers)).tolist(), f"{what} is missing."))
        found[name] = numbers
    return found


def _features(columns: Mapping[str, Any], some: Int[np.ndarray, "_some"]) -> Features:
    if any(column.dtype.kind == "U" for column in columns.values()):
        return Features({name: column[some] for name, column in columns.items()})
    return Features(np.column_stack([each[some] for each in columns.values()]), list(columns))
