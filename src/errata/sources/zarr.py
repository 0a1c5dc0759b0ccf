"""Probabilities in a Zarr array, format 2 or 3."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from errata.core.rows import DenseRows
from errata.errors import ErrataError, FileError, MissingExtraError
from errata.sources.dense import even_edges
from errata.sources.pieces import float_type_of_file
from errata.sources.places import Place

if TYPE_CHECKING:
    import zarr

_LARGEST_BAND = 2**28
"""Bytes of rows read together, at most, so that each chunk is decoded once."""


@dataclass(frozen=True)
class ZarrArray:
    """Read an ``(n, m)`` array in bands of whole chunks."""

    place: Place
    n: int
    n_classes: int
    chunk_rows: int
    dtype: np.dtype[np.floating]

    @classmethod
    def open(cls, place: Place) -> "ZarrArray":
        """Read the metadata.

        Raises
        ------
        MissingExtraError
            zarr is not installed.
        FileError, ProbabilityError
            There is no array, or its shape or type are not those of probabilities.
        """
        array = _open(place)
        dtype = float_type_of_file(array.shape, np.dtype(array.dtype), place.name)
        n, n_classes = array.shape
        chunk_rows, _ = array.shards or array.chunks
        return cls(place, n, n_classes, max(1, chunk_rows), dtype)

    @property
    def name(self) -> str:
        """The path or URL."""
        return self.place.name

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return self.dtype.itemsize * self.n_classes

    @property
    def _band_rows(self) -> int:
        return min(self.chunk_rows, max(1, _LARGEST_BAND // self.row_bytes))

    def edges(self, rows: int) -> Int[np.ndarray, "_edges"]:
        """Return where the parts begin, which are of whole chunks, and ``n`` at the end."""
        return even_edges(self.n, self.chunk_rows * max(1, rows // self.chunk_rows))

    def blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, DenseRows]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of at most ``rows``."""
        array = _open(self.place)
        begin = start
        while begin < stop:
            end = min(stop, begin - begin % self._band_rows + self._band_rows)
            band = self._read(array, begin, end)
            for at in range(0, len(band), rows):
                yield begin + at, DenseRows(band[at : at + rows])
            begin = end

    def _read(
        self, array: "zarr.Array[Any]", start: int, stop: int
    ) -> Float[np.ndarray, "_rows classes"]:
        try:
            return np.ascontiguousarray(array[start:stop], self.dtype)
        except Exception as error:  # noqa: BLE001 (codecs and stores raise their own)
            raise FileError(
                f"{self.name} cannot be read from row {start} to row {stop - 1}: a chunk is "
                f"cut short or damaged ({error}). Copy it again, or write it again."
            ) from None

    def check_whole(self) -> None:
        """Refuse an array that lacks chunks, which are read as zeros.

        Where rows must sum to 1, those of which a chunk was lost show; elsewhere nothing would.

        Raises
        ------
        FileError
            A chunk is missing.
        """
        array = _open(self.place)
        stored = array.shards or array.chunks
        inside = math.prod(a // b for a, b in zip(stored, array.chunks, strict=True))
        all_ = math.prod(-(-side // part) for side, part in zip(array.shape, stored, strict=True))
        missing = all_ - array.nchunks_initialized // inside
        if missing:
            raise FileError(
                f"{self.name} lacks {missing:,} of {all_:,} chunks, which would be read as zeros, "
                "and here no sum of a row would show it. Copy it again; or if these are zeros that "
                "were left out, write it with config={'write_empty_chunks': True}."
            )

    def fingerprint(self) -> dict[str, object]:
        """Return a hash of names, sizes and times of change of all files of the array."""
        return self.place.stamp()


def _open(place: Place) -> "zarr.Array[Any]":
    try:
        import zarr
    except ImportError:
        raise MissingExtraError(
            f"{place.name} is a Zarr array, and reading it needs zarr: pip install 'errata[zarr]'."
        ) from None
    try:
        node = zarr.open(place.address, mode="r")
    except ErrataError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever damaged metadata makes of itself)
        raise FileError(
            f"{place.name} cannot be read as a Zarr array ({error}). Copy it again, or write it "
            "again."
        ) from None
    if isinstance(node, zarr.Group):
        arrays = ", ".join(sorted(node.array_keys())) or "none"
        raise FileError(
            f"{place.name} is a Zarr group, with the arrays: {arrays}. Give the path of one of "
            "them."
        )
    return node
