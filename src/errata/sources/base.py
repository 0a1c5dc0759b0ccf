"""What a source of probabilities is: where they lie, and how they are read piece by piece."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from errata.core.rows import Rows


@runtime_checkable
class Source(Protocol):
    """Probabilities ``(n, m)`` that may be larger than memory.

    Making one looks at headers alone and refuses what does not fit together, so that a mistake
    shows before hours are spent. Reading is safe in several threads at once. A source can be
    pickled: one that lies in files travels as their names, and is opened where it is read.
    """

    @property
    def name(self) -> str:
        """What messages call it: a path, a URL, or ``probs``."""
        ...

    @property
    def n(self) -> int:
        """Number of examples."""
        ...

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        ...

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the probabilities as they are read: float16, float32 or float64."""
        ...

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes once it is read."""
        ...

    def edges(self, rows: int) -> Int[np.ndarray, "_edges"]:
        """Return where the parts begin that are read each on its own, and ``n`` at the end.

        Parts have about ``rows`` rows; more only where less cannot be read for less (a row group
        of Parquet is one part).
        """
        ...

    def blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, Rows]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of at most ``rows``.

        Each comes with the index of its first row. ``start`` and ``stop`` may lie anywhere, but
        reading is cheapest along the edges.
        """
        ...

    def fingerprint(self) -> dict[str, object]:
        """Return what tells this source from another, or from itself once it has changed.

        Plain values for JSON: for files their paths, sizes and times of change; for arrays in
        memory a hash of their content.
        """
        ...


@runtime_checkable
class OfColumns(Protocol):
    """A source that may know each class by the column of a table that it lies in."""

    @property
    def class_columns(self) -> tuple[str, ...] | None:
        """The columns that hold a class each; None where there are none."""
        ...


@runtime_checkable
class OfModels(Protocol):
    """A source that is made of those of several models, each of the same examples."""

    @property
    def models(self) -> Sequence[Source]:
        """The sources of the models."""
        ...


def models_of(source: Source) -> Sequence[Source]:
    """Return the sources of the models that a source is made of; of one model, itself alone.

    Examples
    --------
    >>> from errata.sources.dense import Dense
    >>> len(models_of(Dense(np.eye(2))))
    1
    """
    return source.models if isinstance(source, OfModels) else (source,)
