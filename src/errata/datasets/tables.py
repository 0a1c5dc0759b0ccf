"""A data set in the columns of a table: labels, and a path, a text or numbers of each example.

How files become rows is `errata.datasets.table_files`. Arrow is heavy: what needs this module
imports it where it needs it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Int, Shaped
from pyarrow import compute, types

from errata.datasets.base import Dataset, OnDamage, kept
from errata.datasets.column_values import (
    Column,
    Note,
    as_floats,
    equal,
    is_number,
    is_text,
    plain,
    texts_of,
    words_of,
)
from errata.datasets.columns import Columns, choose_columns
from errata.datasets.encoded import EncodedImages
from errata.datasets.files import media_of_files, whole_kind
from errata.datasets.media import Features, Media, Texts
from errata.datasets.parts import ALL, check_classes, choose_part, number_classes
from errata.datasets.table_files import SPLIT, Rows
from errata.errors import FileError, InputError, LabelError


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
    called = tuple(ids(good) if columns.id else _own_ids(rows, paths, good))
    if columns.id is not None:
        _check_different(rows, columns.id, called, good)
    return Dataset(
        name,
        part,
        called,
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


Take = Callable[[Int[np.ndarray, "_some"]], Any]
"""Returns what some rows hold."""


def _part_of(rows: Rows, part: str | None, note: Note) -> tuple[Bool[np.ndarray, "n"], str]:
    everything = np.ones(rows.table.num_rows, bool)
    if SPLIT not in rows.table.column_names:
        return everything, choose_part(part, [], rows.name)
    splits = _splits(rows)
    words = words_of(splits, "The part it is in (split)", note)
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
    whole = plain(column)
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
    if is_text(kind):
        values = words_of(column, "Its label", note)
        missing = equal(values, "")
    elif types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind):
        values = plain(column).cast(pa.int64())
        missing = np.asarray(values.is_null())
        if known is not None:  # Hugging Face writes -1 where there is no label
            missing |= equal(values.fill_null(-1), -1)
        note(dict.fromkeys(np.flatnonzero(missing).tolist(), "Its label is missing."))
    else:
        raise LabelError(
            f"The labels of {rows.name} are {kind}; whole numbers or class names were expected."
        )
    labelled = values.filter(pa.array(~missing)).dictionary_encode()
    different: list[Any] = labelled.dictionary.to_pylist()
    if known is not None and classes is None and not is_text(kind):
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
    words = words_of(rows.table[columns.id], "Its id", note)
    return lambda some: words.take(some).to_pylist()


def _check_different(
    rows: Rows, column: str, ids: Sequence[str], some: Int[np.ndarray, "_some"]
) -> None:
    """Refuse ids that stand twice, with both rows as the user counts them."""
    first: dict[str, int] = {}
    pairs = zip(some.tolist(), ids, strict=True)
    twice = [(id_, row) for row, id_ in pairs if first.setdefault(id_, row) != row]
    if twice:
        (id_, row), more = twice[0], len(twice)
        count = "1 id is a duplicate" if more == 1 else f"{more:,} ids are duplicates"
        raise LabelError(
            f"{rows.where(first[id_])} and {rows.where(row)}: both have the id {id_!r} ({count}). "
            f"Ids must differ; where the column {column!r} holds none, give it another name, and "
            "the numbers of the rows are taken."
        )


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
    words = words_of(column, f"Its group ({columns.group})", note)
    _, numbers = np.unique(np.array(words.to_pylist(), dtype=str), return_inverse=True)
    return numbers.astype(np.int64)


# ---------------------------------------------------------------- what is labelled


def _media(
    rows: Rows, columns: Columns, in_part: Bool[np.ndarray, "n"], note: Note
) -> tuple[Callable[[Int[np.ndarray, "_some"]], Media], Sequence[str] | None]:
    """Return what makes media of some rows, and the paths, if these are files."""
    if columns.text is not None:
        texts = texts_of(rows.table[columns.text], f"Its text ({columns.text})", note)
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
            raise InputError(
                f"The column {columns.path!r} holds sounds, and such a column cannot be opened. "
                "Write them to files, and give a table with their paths."
            )
        encoded = plain(compute.struct_field(column, "bytes"))
        column = compute.struct_field(column, "path")
        if encoded.null_count < len(encoded):
            return _encoded(rows, columns.path, encoded, note), None
    elif not is_text(column.type):
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
    return lambda some: EncodedImages(
        encoded.take(pa.array(some)), [rows.where(r) for r in some.tolist()]
    )


def _files(
    rows: Rows, column_name: str, column: Any, in_part: Bool[np.ndarray, "n"], note: Note
) -> tuple[Callable[[Int[np.ndarray, "_some"]], Media], Sequence[str]]:
    paths = words_of(column, f"Its path ({column_name})", note).to_pylist()
    for row in np.flatnonzero(in_part).tolist():
        if paths[row] and not (rows.folder / paths[row]).is_file():
            note({row: f"There is no file {rows.folder / paths[row]}."})
    kind = whole_kind([path for path in paths if path], rows.name)
    return lambda some: media_of_files(kind, [rows.folder / paths[row] for row in some]), paths


def _numbers_and_words(rows: Rows, names: Sequence[str], note: Note) -> dict[str, Any]:
    """Return columns of floats, or of strings where not all are numbers."""
    found = {}
    for name in names:
        column = rows.table[name]
        what = f"Its value of {name!r}"
        if not is_number(column):
            if not is_text(column.type):
                raise InputError(
                    f"The column {name!r} of {rows.name} is {column.type}; numbers or words were "
                    "expected. List the columns to use with features=[...]."
                )
            found[name] = np.array(texts_of(column, what, note).to_pylist(), dtype=str)
            continue
        values = plain(column)
        if is_text(column.type):
            values = as_floats(values)
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
