"""Probabilities in Parquet files, streamed row group by row group.

Arrow is heavy: what needs this module imports it where it needs it.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int
from pyarrow import parquet

from errata.core.rows import Rows
from errata.errors import ErrataError, FileError, ProbabilityError
from errata.sources.base import Source
from errata.sources.columns import ClassColumns, Layout, choose_layout, list_table
from errata.sources.pieces import float_type
from errata.sources.places import DiskPlace, Place, each_of
from errata.sources.stacked import Stacked, check_columns

_BATCH_BYTES, _BATCH_ROWS, _LARGEST_BATCH = 2**22, 2**12, 2**26
"""Measured: smaller batches of one column gain nothing. With a column for each class, batches of
fewer rows are lost in the calls for each column, as far as they do not become too large."""

_BUFFERS = 2**24
"""Bytes that the columns of a file on a disk are read ahead by, together."""

_SAME = "All files of one set have the same columns."


@dataclass(frozen=True)
class ParquetFile:
    """Read one Parquet file; a row group is never cut in two parts.

    Attributes
    ----------
    place : where it lies
    layout : which columns hold the probabilities, and how
    groups : how many rows each row group has
    """

    place: Place
    layout: Layout
    groups: tuple[int, ...]

    @property
    def name(self) -> str:
        """The path or URL."""
        return self.place.name

    @cached_property
    def starts(self) -> Int[np.ndarray, "_edges"]:
        """Where each row group begins, and ``n`` at the end."""
        return np.append(0, np.cumsum(self.groups, dtype=np.int64))

    @property
    def n(self) -> int:
        """Number of examples."""
        return int(self.starts[-1])

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.layout.n_classes

    @property
    def k(self) -> int | None:
        """How many classes are listed for each example; None where all are."""
        return self.layout.k

    @property
    def class_columns(self) -> tuple[str, ...] | None:
        """The columns that hold a class each; None where a list holds all."""
        return self.layout.columns if isinstance(self.layout, ClassColumns) else None

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the probabilities."""
        return self.layout.dtype

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return self.layout.row_bytes

    def edges(self, rows: int) -> Int[np.ndarray, "_edges"]:
        """Return where the parts begin, and ``n`` at the end.

        A part is a row group, or as many as have ``rows`` rows together.
        """
        found = [0]
        for start, stop in zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True):
            # an empty row group at the end begins where nothing is left to read
            if stop - found[-1] > rows and found[-1] < start < self.n:
                found.append(start)
        return np.array([*found, self.n] if self.n else [0])

    def blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, Rows]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of at most ``rows``."""
        if start == stop:
            return
        first = int(np.searchsorted(self.starts, start, side="right")) - 1
        last = int(np.searchsorted(self.starts, stop))
        at = int(self.starts[first])
        for batch in self._batches(range(first, last)):
            begin, end = max(start, at), min(stop, at + batch.num_rows)
            if begin < end:
                found = self.layout.rows(batch.slice(begin - at, end - begin), begin, self.name)
                for inside in range(0, end - begin, rows):
                    yield begin + inside, found.where(slice(inside, inside + rows))
            at += batch.num_rows
            if at >= stop:
                return
        raise FileError(f"{self.name} ends at row {at}, but its footer promises {self.n:,} rows.")

    def _batches(self, groups: range) -> Iterator[pa.RecordBatch]:
        columns = list(self.layout.columns)
        rows = max(1, _BATCH_BYTES // self.row_bytes)
        if len(columns) > 2:
            rows = max(rows, min(_BATCH_ROWS, _LARGEST_BATCH // self.row_bytes))
        with opened(self.place, len(columns)) as file:
            yield from file.iter_batches(
                rows, row_groups=list(groups), columns=columns, use_threads=False
            )

    def fingerprint(self) -> dict[str, object]:
        """Return path, size and time of change, and which columns are read."""
        return {"columns": list(self.layout.columns), **self.place.stamp()}


def open_parquet(
    places: Sequence[Place],
    name: str,
    *,
    n_classes: int | None = None,
    class_names: Sequence[str] | None = None,
) -> Source:
    """Return the source that Parquet files are, one below the other. Their footers are read.

    Parameters
    ----------
    places : of the files, in order
    name : what messages call them together
    n_classes, class_names : see `columns.choose_layout`

    Raises
    ------
    FileError
        A file is missing, cut short or damaged.
    ProbabilityError
        A file has no columns of probabilities, or others than the first.

    Examples
    --------
    >>> import tempfile
    >>> from errata.sources.places import place_of
    >>> path = tempfile.mkdtemp() + "/probs.parquet"
    >>> table = pa.table({"cat": [0.2, 0.7], "dog": [0.8, 0.3]})
    >>> parquet.write_table(table, path)
    >>> next(open_parquet([place_of(path)], path).blocks(1, 2, 1))
    (1, DenseRows(probs=array([[0.7, 0.3]])))
    """
    open_one = partial(_open, n_classes=n_classes, class_names=class_names)
    files = [file for file in each_of(places, open_one) if file is not None]
    if not files:
        float_type((0, 2), np.dtype(np.float32))  # says that there are zero examples
    for file in files[1:]:
        _check_same(file, files[0])
    if len(files) == 1:
        return files[0]
    layout = files[0].layout  # with the columns in that order
    return Stacked(tuple(replace(file, layout=layout) for file in files), name)


def _open(
    place: Place, *, n_classes: int | None, class_names: Sequence[str] | None
) -> ParquetFile | None:
    """Read the footer. Files without rows, which some programs write, are None."""
    with opened(place, fetch_groups=False) as file:
        groups = tuple(file.metadata.row_group(g).num_rows for g in range(file.num_row_groups))
        if min(groups, default=0) < 0:
            raise ValueError("a row group has less than no rows")
        if not any(groups):
            return None
        layout = choose_layout(
            file.schema_arrow,
            partial(_width, file, place.name),
            place.name,
            n_classes=n_classes,
            class_names=class_names,
        )
    return ParquetFile(place, layout, groups)


def _width(file: parquet.ParquetFile, name: str, column: str) -> int:
    """Return how long the lists of a column are, or the first of them, which all others must be."""
    kind = file.schema_arrow.field(column).type
    if isinstance(kind, pa.FixedSizeListType):
        return int(kind.list_size)
    # the footer has how many numbers a row group holds, but PyArrow aborts where that is damaged
    batch = next(file.iter_batches(1, columns=[column], use_threads=False), None)
    if batch is None:
        raise ValueError("it promises rows and has none")
    first = batch.column(batch.schema.get_field_index(column))[0].as_py()
    if first is None:
        list_table(batch, column, 1, start=0, name=name)  # says that it is missing
    return len(first)


def _check_same(file: ParquetFile, first: ParquetFile) -> None:
    """Refuse a file whose columns differ from those of the first, but for their order."""
    ours, theirs = file.layout, first.layout
    if isinstance(ours, ClassColumns) and isinstance(theirs, ClassColumns):
        check_columns([first, file], _SAME, any_order=True)
        theirs = replace(theirs, columns=ours.columns)
    if ours != theirs:
        raise ProbabilityError(f"{file.name} has {ours}, but {first.name} has {theirs}. {_SAME}")


@contextmanager
def opened(
    place: Place, columns: int = 1, *, fetch_groups: bool = True
) -> Iterator[parquet.ParquetFile]:
    """Open a Parquet file; what is raised inside of its damage names it.

    Parameters
    ----------
    columns : how many are read, which share the buffers
    fetch_groups : from a URL, fetch a row group in few requests, and not page by page

    Examples
    --------
    >>> import tempfile
    >>> from errata.sources.places import place_of
    >>> path = tempfile.mkdtemp() + "/probs.parquet"
    >>> parquet.write_table(pa.table({"cat": [0.2, 0.7]}), path)
    >>> with opened(place_of(path)) as file:
    ...     file.metadata.num_rows
    2
    """
    try:
        with ExitStack() as stack:
            remote = not isinstance(place, DiskPlace)
            source: Any = stack.enter_context(place.open()) if remote else place.address
            options: dict[str, Any] = {"page_checksum_verification": True}
            options["pre_buffer"] = remote and fetch_groups
            if not options["pre_buffer"]:
                options["buffer_size"] = min(2**20, max(2**14, _BUFFERS // columns))
            yield stack.enter_context(parquet.ParquetFile(source, **options))
    except ErrataError:
        raise
    except FileNotFoundError:
        raise FileError(place.absence()) from None
    except (pa.ArrowException, OSError, ValueError) as error:  # names that are no text are the last
        said = " ".join(str(error).split())
        raise FileError(
            f"{place.name} is cut short or damaged ({said}). Copy it again, or write it again."
        ) from None
