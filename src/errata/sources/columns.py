"""How probabilities lie in the columns of a table file, and how rows are made of a batch of it.

Knows Arrow's types; which file, and where in it, is for `errata.sources.parquet`. Arrow is heavy:
what needs this module imports it where it needs it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from jaxtyping import Shaped
from pyarrow import compute, types

from errata.core.rows import DenseRows, Rows
from errata.errors import ProbabilityError, unknown_name
from errata.sources.pieces import float_type_of_file, index_type
from errata.sources.topk import top_rows, top_type, unknown_classes

_TILE = 1024
"""Rows of many columns that are turned round while they stay in a processor's cache; measured."""

INDICES, VALUES, PROBS = "indices", "values", "probs"

_FORMS = (
    f"one list column (called {PROBS!r} if there are several), a column of floats for each class, "
    f"or for the best few classes the list columns {INDICES!r} and {VALUES!r}"
)


@runtime_checkable
class Layout(Protocol):
    """Which columns hold the probabilities, and how."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""
        ...

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        ...

    @property
    def k(self) -> int | None:
        """How many classes are listed for each example; None where all are."""
        ...

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the probabilities."""
        ...

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        ...

    def rows(self, batch: pa.RecordBatch, start: int, name: str) -> Rows:
        """Return the rows of a batch, which is at ``start`` in the file of this name."""
        ...


@dataclass(frozen=True)
class ListColumn:
    """A list of all probabilities of an example in one column."""

    column: str
    n_classes: int
    dtype: np.dtype[np.floating]
    k: None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The column to read."""
        return (self.column,)

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return self.dtype.itemsize * self.n_classes

    def rows(self, batch: pa.RecordBatch, start: int, name: str) -> DenseRows:
        """Return the rows of a batch, which is at ``start`` in the file of this name."""
        table = list_table(batch, self.column, self.n_classes, start=start, name=name)
        return DenseRows(table.astype(self.dtype, copy=False))

    def __str__(self) -> str:
        return f"lists of {self.n_classes} {self.dtype} in the column {self.column!r}"


@dataclass(frozen=True)
class ClassColumns:
    """A column for each class."""

    columns: tuple[str, ...]
    dtype: np.dtype[np.floating]
    k: None = None

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.columns)

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return self.dtype.itemsize * self.n_classes

    def rows(self, batch: pa.RecordBatch, start: int, name: str) -> DenseRows:
        """Return the rows of a batch, which is at ``start`` in the file of this name."""
        chosen = batch.select(list(self.columns))
        table = np.empty((batch.num_rows, self.n_classes), self.dtype)
        try:
            for at in range(0, batch.num_rows, _TILE):
                tile = chosen.slice(at, _TILE).to_tensor(row_major=True)
                table[at : at + _TILE] = tile.to_numpy()
        except pa.ArrowException:  # so it is where something is missing
            for column, values in zip(self.columns, chosen.columns, strict=True):
                if values.null_count:
                    raise ProbabilityError(
                        f"{name}[{start + _first_null(values)}] is missing in the column "
                        f"{column!r}. Every example needs a probability for every class: mend the "
                        "model's output, or leave it out."
                    ) from None
            raise
        return DenseRows(table)

    def __str__(self) -> str:
        some = ", ".join(self.columns[:3]) + ", ..." * (len(self.columns) > 3)
        return f"{self.n_classes} columns of {self.dtype} ({some})"


@dataclass(frozen=True)
class TopLists:
    """The best few classes in one list column, and their probabilities in another."""

    k: int
    n_classes: int
    dtype: np.dtype[np.floating]
    columns: tuple[str, str] = (INDICES, VALUES)

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return self.k * (self.dtype.itemsize + index_type(self.n_classes).itemsize)

    def rows(self, batch: pa.RecordBatch, start: int, name: str) -> Rows:
        """Return the rows of a batch, which is at ``start`` in the file of this name."""
        indices, values = (
            list_table(batch, column, self.k, start=start, name=name) for column in self.columns
        )
        where = np.arange(start, start + batch.num_rows)
        values = values.astype(self.dtype, copy=False)
        return top_rows(indices, values, self.n_classes, where=where, name=name)

    def __str__(self) -> str:
        return f"lists of the best {self.k} of {self.n_classes} classes in {self.dtype}"


def choose_layout(
    schema: pa.Schema,
    width: Callable[[str], int],
    name: str,
    *,
    n_classes: int | None = None,
    class_names: Sequence[str] | None = None,
) -> Layout:
    """Return how the probabilities lie in the columns of a file.

    Parameters
    ----------
    schema : of the file
    width : tells how long the lists of a column are
    name : what messages call the file
    n_classes : how many there are, where only the best few are listed
    class_names : of all classes, in order; columns of these names are taken in this order

    Raises
    ------
    ProbabilityError, NameUnknownError
        There are no columns of probabilities, or it is not clear which they are.

    Examples
    --------
    >>> floats = [("cat", pa.float32()), ("dog", pa.float32()), ("id", pa.int64())]
    >>> print(choose_layout(pa.schema(floats), len, "probs.parquet"))
    2 columns of float32 (cat, dog)
    """
    lists = [field.name for field in schema if _item_type(field.type) is not None]
    floats = [field.name for field in schema if types.is_floating(field.type)]
    if {INDICES, VALUES} <= set(lists):
        return _top_lists(schema, width, name, n_classes)
    if PROBS in lists:
        return _list_column(schema, PROBS, width, name)
    if set(class_names or ()) & set(floats):
        return _class_columns(schema, floats, name, class_names)
    if len(lists) == 1:
        return _list_column(schema, lists[0], width, name)
    if lists:
        raise ProbabilityError(
            f"{name} has the list columns {', '.join(lists)}, and it is not clear which holds the "
            f"probabilities. Expected: {_FORMS}."
        )
    if not floats:
        raise ProbabilityError(
            f"{name} has no columns of probabilities; its columns are: {_told(schema)}. Expected: "
            f"{_FORMS}."
        )
    return _class_columns(schema, floats, name, class_names)


def _top_lists(
    schema: pa.Schema, width: Callable[[str], int], name: str, n_classes: int | None
) -> TopLists:
    _refuse_twice(schema, (INDICES, VALUES), name)
    if n_classes is None:
        raise unknown_classes(name)
    k, types = width(VALUES), [_numpy_item_type(schema, column) for column in (INDICES, VALUES)]
    dtype = top_type(
        (1, width(INDICES)), types[0], (1, k), types[1], n_classes=n_classes, name=name
    )
    return TopLists(k, n_classes, dtype)


def _list_column(
    schema: pa.Schema, column: str, width: Callable[[str], int], name: str
) -> ListColumn:
    _refuse_twice(schema, (column,), name)
    n_classes = width(column)
    dtype = float_type_of_file((1, n_classes), _numpy_item_type(schema, column), name)
    return ListColumn(column, n_classes, dtype)


def _class_columns(
    schema: pa.Schema, floats: Sequence[str], name: str, class_names: Sequence[str] | None
) -> ClassColumns:
    wanted = list(class_names or ())
    unknown = [column for column in wanted if column not in floats]
    if unknown and len(unknown) < len(wanted):
        raise ProbabilityError(
            f"{name} has columns of floats for some of the class names, but not for all: "
            f"{unknown_name('column', unknown[0], floats)}"
        )
    folded = {_folded(column): column for column in floats}
    near = next((one for one in unknown if _folded(one) in folded), None)
    if near is not None:
        raise ProbabilityError(
            f"{name} has a column {folded[_folded(near)]!r}, but the class is called {near!r}. "
            "Columns of the class names are taken in their order: write both alike."
        )
    columns = tuple(wanted if wanted and not unknown else floats)
    _refuse_twice(schema, columns, name)
    first = schema.field(columns[0])
    other = next((c for c in columns if schema.field(c).type != first.type), None)
    if other is not None:
        raise ProbabilityError(
            f"{name} has the column {first.name!r} of {first.type} and the column {other!r} of "
            f"{schema.field(other).type}; the columns of all classes have the same type. Leave "
            "out those that are no classes, or give the class names (--classes)."
        )
    numpy_type = np.dtype(first.type.to_pandas_dtype())
    return ClassColumns(columns, float_type_of_file((1, len(columns)), numpy_type, name))


def _folded(name: str) -> str:
    """Return what is left of a name without case, spaces, hyphens and the like."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _refuse_twice(schema: pa.Schema, columns: Sequence[str], name: str) -> None:
    wanted = set(columns)
    names = [column for column in schema.names if column in wanted]
    if len(names) > len(wanted):
        twice = next(column for column in names if names.count(column) > 1)
        raise ProbabilityError(f"{name} has two columns {twice!r}; column names must differ.")


def _told(schema: pa.Schema) -> str:
    fields = [f"{field.name} ({field.type})" for field in schema]
    return ", ".join(fields[:10]) + (f" and {len(fields) - 10} more" if len(fields) > 10 else "")


def _item_type(kind: pa.DataType) -> pa.DataType | None:
    """Return the type of the numbers in lists of them; None for what is no such list."""
    if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        return None
    item: pa.DataType = kind.value_type
    return item if types.is_floating(item) or types.is_integer(item) else None


def _numpy_item_type(schema: pa.Schema, column: str) -> np.dtype[Any]:
    item = _item_type(schema.field(column).type)
    assert item is not None
    return np.dtype(item.to_pandas_dtype())


def list_table(
    batch: pa.RecordBatch, column: str, width: int, *, start: int, name: str
) -> Shaped[np.ndarray, "_rows _width"]:
    """Return the lists of a column as the rows of a table.

    Parameters
    ----------
    width : how long each list must be
    start : where the batch is in its file
    name : what messages call the file

    Raises
    ------
    ProbabilityError
        A list is missing or of another length, or something in it is missing.

    Examples
    --------
    >>> batch = pa.record_batch({"probs": [[0.2, 0.8], [0.5, 0.5]]})
    >>> list_table(batch, "probs", 2, start=0, name="probs.parquet")
    array([[0.2, 0.8],
           [0.5, 0.5]])
    """
    lists: Any = batch.column(batch.schema.get_field_index(column))
    if lists.null_count:
        row = start + _first_null(lists)
        raise ProbabilityError(
            f"{name}[{row}] is missing: the column {column!r} is null there. Every example needs "
            "its probabilities: mend the model's output, or leave it out."
        )
    if not types.is_fixed_size_list(lists.type):
        lengths = compute.list_value_length(lists).to_numpy(zero_copy_only=False)
        other = np.flatnonzero(lengths != width)
        if len(other):
            row = start + int(other[0])
            raise ProbabilityError(
                f"{name}[{row}] has {lengths[other[0]]} numbers in the column {column!r}, where "
                f"{width} were expected, as in the first row. All rows have as many."
            )
    values = lists.flatten()
    if values.null_count:
        row, place = divmod(_first_null(values), width)
        raise ProbabilityError(
            f"{name}[{start + row}] is missing at place {place} of the column {column!r}. Every "
            "example needs a number for every class: mend the model's output, or leave it out."
        )
    table: Shaped[np.ndarray, "_rows _width"] = values.to_numpy(zero_copy_only=False)
    return table.reshape(-1, width)


def _first_null(values: Any) -> int:
    return int(values.is_null().to_numpy(zero_copy_only=False).argmax())
