"""Probabilities that lie in one array, in memory or memory-mapped, read chunk by chunk."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer


@dataclass(frozen=True)
class Dense:
    """Read chunks of an ``(n, m)`` array in C order, without copies where it is so."""

    array: Float[np.ndarray, "n classes"]

    @property
    def n(self) -> int:
        """Number of examples."""
        return int(self.array.shape[0])

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.array.shape[1])

    def read(self, start: int, stop: int) -> Float[np.ndarray, "rows classes"]:
        """Return the rows from ``start`` up to ``stop``."""
        return np.ascontiguousarray(self.array[start:stop])

    def take(
        self,
        rows: Integer[np.ndarray, "rows"],
        columns: Integer[np.ndarray, "columns"] | None = None,
    ) -> Float[np.ndarray, "rows _columns"]:
        """Return some rows, in the order asked for; of all columns, or of some."""
        if columns is None or 2 * len(columns) > self.n_classes:
            chunk = np.ascontiguousarray(self.array[rows])
            return chunk if columns is None else chunk[:, columns]
        block: Float[np.ndarray, "rows columns"] = self.array[rows[:, None], columns]
        return block


def normalized(probs: Float[np.ndarray, "rows classes"]) -> Float[np.ndarray, "rows classes"]:
    """Divide each row by its sum; float16 becomes float32.

    Examples
    --------
    >>> normalized(np.array([[1.0, 3.0]]))
    array([[0.25, 0.75]])
    """
    narrow = np.float32 if probs.dtype.itemsize < 4 else probs.dtype
    sums = probs.sum(axis=1, keepdims=True, dtype=np.float64)
    scaled: Float[np.ndarray, "rows classes"] = probs / np.maximum(sums, np.finfo(np.float64).tiny)
    return scaled.astype(narrow, copy=False)
