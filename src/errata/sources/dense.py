"""Probabilities that lie in one array of this process, in memory or mapped by the user."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from errata.core.rows import DenseRows


@dataclass(frozen=True)
class Dense:
    """Read an ``(n, m)`` array piece by piece, without copies where it is in C order."""

    array: Float[np.ndarray, "n classes"]
    name: str = "probs"

    @property
    def n(self) -> int:
        """Number of examples."""
        return int(self.array.shape[0])

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.array.shape[1])

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the probabilities."""
        return self.array.dtype

    @property
    def row_bytes(self) -> int:
        """How many bytes one example takes."""
        return self.dtype.itemsize * self.n_classes

    def edges(self, rows: int) -> Int[np.ndarray, "_edges"]:
        """Return where the parts begin, and ``n`` at the end."""
        return even_edges(self.n, rows)

    def blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, DenseRows]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of at most ``rows``."""
        for at in range(start, stop, rows):
            yield at, DenseRows(np.ascontiguousarray(self.array[at : min(at + rows, stop)]))

    def whole(self) -> DenseRows | None:
        """Return all rows, where they need no copy."""
        return DenseRows(self.array) if self.array.flags.c_contiguous else None

    def fingerprint(self) -> dict[str, object]:
        """Return type, shape and a hash of the content."""
        hashed = hashlib.sha256()
        for _, block in self.blocks(0, self.n, max(1, 2**22 // self.row_bytes)):
            hashed.update(block.probs.data)
        return {
            "dtype": str(self.dtype),
            "shape": list(self.array.shape),
            "sha256": hashed.hexdigest(),
        }


def even_edges(n: int, rows: int) -> Int[np.ndarray, "_edges"]:
    """Return the multiples of ``rows`` below ``n``, and ``n``.

    Examples
    --------
    >>> even_edges(5, 2)
    array([0, 2, 4, 5])
    """
    return np.append(np.arange(0, n, rows), n)
