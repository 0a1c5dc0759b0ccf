"""Tables of numbers of any type, in memory or in ``.npy`` files, read piece by piece."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped

from errata.array_files import HEADER_BYTES, NpyHeader, read_npy_header
from errata.errors import FileError
from errata.sources.places import DiskPlace, Place

WINDOW_BYTES = 2**24
"""Measured: with such windows a file is read as fast as if it were mapped whole."""


@runtime_checkable
class Table(Protocol):
    """A table ``(n, columns)`` that may be larger than memory."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns, where it has two dimensions."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        ...

    def blocks(
        self, start: int, stop: int, rows: int
    ) -> Iterator[tuple[int, Shaped[np.ndarray, "_rows columns"]]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of ``rows``, the last shorter."""
        ...

    def fingerprint(self) -> dict[str, object]:
        """Return what tells the table from another, or from itself once it has changed."""
        ...


@dataclass(frozen=True, eq=False)
class ArrayTable:
    """An array in memory."""

    array: Shaped[np.ndarray, "..."]

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.array.dtype

    def blocks(
        self, start: int, stop: int, rows: int
    ) -> Iterator[tuple[int, Shaped[np.ndarray, "_rows columns"]]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of ``rows``, the last shorter."""
        for at in range(start, stop, rows):
            yield at, np.ascontiguousarray(self.array[at : min(at + rows, stop)])

    def fingerprint(self) -> dict[str, object]:
        """Return type, shape and a hash of the content."""
        hashed = hashlib.sha256()
        for _, block in self.blocks(0, len(self.array), 2**16):
            hashed.update(block.data)
        return {
            "dtype": str(self.dtype),
            "shape": list(self.shape),
            "sha256": hashed.hexdigest(),
        }


@dataclass(frozen=True)
class NpyTable:
    """An ``.npy`` file, of which only windows of the rows asked for are mapped or fetched."""

    place: Place
    header: NpyHeader

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns, where it has two dimensions."""
        return self.header.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.header.dtype

    @property
    def row_bytes(self) -> int:
        """How many bytes one row takes in the file."""
        return max(1, self.dtype.itemsize * math.prod(self.shape[1:]))

    def blocks(
        self, start: int, stop: int, rows: int
    ) -> Iterator[tuple[int, Shaped[np.ndarray, "_rows columns"]]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of ``rows``, the last shorter."""
        many = rows * max(1, WINDOW_BYTES // (rows * self.row_bytes))
        for begin in range(start, stop, many):
            window = self.window(begin, min(begin + many, stop))
            for at in range(0, len(window), rows):
                yield begin + at, window[at : at + rows]

    def window(self, start: int, stop: int) -> Shaped[np.ndarray, "_rows columns"]:
        """Return the rows from ``start`` up to ``stop``, in C order, as they stand in the file."""
        n, columns = self.shape
        if not self.header.fortran:
            begin = self.header.start
            piece = self.place.read(begin + start * self.row_bytes, begin + stop * self.row_bytes)
            return np.frombuffer(piece, self.dtype).reshape(stop - start, columns)
        rows = np.empty((stop - start, columns), self.dtype)
        for column in range(columns):
            begin = self.header.start + column * n * self.dtype.itemsize
            piece = self.place.read(
                begin + start * self.dtype.itemsize, begin + stop * self.dtype.itemsize
            )
            rows[:, column] = np.frombuffer(piece, self.dtype)
        return rows

    def fingerprint(self) -> dict[str, object]:
        """Return path, size and time of change."""
        return self.place.stamp()


def open_npy(place: Place) -> NpyTable:
    """Read the header of an ``.npy`` file; see that what it promises is there.

    Raises
    ------
    FileError
        The file is missing, cut short, damaged or no ``.npy`` file, needs pickle, or lies behind a
        URL in Fortran order.

    Examples
    --------
    >>> import tempfile
    >>> from errata.sources.places import place_of
    >>> path = tempfile.mkdtemp() + "/probs.npy"
    >>> np.save(path, np.eye(3))
    >>> next(open_npy(place_of(path)).blocks(2, 3, 1))
    (2, array([[0., 0., 1.]]))
    """
    size = place.size()
    beginning = bytes(place.read(0, min(size, HEADER_BYTES)))
    header = read_npy_header(beginning, size, place.name)
    if header.fortran and not isinstance(place, DiskPlace):
        raise FileError(
            f"{place.name} is in Fortran order, of which rows cannot be fetched from a URL. Write "
            "it in C order, numpy.save(..., numpy.ascontiguousarray(probs)), or copy it to a disk."
        )
    return NpyTable(place, header)
