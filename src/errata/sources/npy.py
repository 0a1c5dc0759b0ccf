"""Probabilities in an ``.npy`` file, of which only windows are mapped into memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from errata.core.rows import DenseRows
from errata.sources.dense import even_edges
from errata.sources.pieces import float_type_of_file
from errata.sources.places import Place
from errata.sources.tables import NpyTable, open_npy


@dataclass(frozen=True)
class NpyFile:
    """Read an ``.npy`` file in windows, without copies where it is in C order.

    In Fortran order the rows are put together column by column, which is slow.
    """

    table: NpyTable
    dtype: np.dtype[np.floating]

    @classmethod
    def open(cls, place: Place) -> "NpyFile":
        """Read the header.

        Raises
        ------
        FileError, ProbabilityError
            The file cannot be read, or its shape or type are not those of probabilities.
        """
        table = open_npy(place)
        return cls(table, float_type_of_file(table.shape, table.dtype, place.name))

    @property
    def name(self) -> str:
        """The path or URL."""
        return self.table.place.name

    @property
    def n(self) -> int:
        """Number of examples."""
        return self.table.shape[0]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.table.shape[1]

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return self.dtype.itemsize * self.n_classes

    def edges(self, rows: int) -> Int[np.ndarray, "_edges"]:
        """Return where the parts begin, and ``n`` at the end."""
        return even_edges(self.n, rows)

    def blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, DenseRows]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of at most ``rows``."""
        for at, block in self.table.blocks(start, stop, rows):
            yield at, DenseRows(block.astype(self.dtype, copy=False))

    def fingerprint(self) -> dict[str, object]:
        """Return path, size and time of change."""
        return self.table.fingerprint()
