"""Probabilities of the best few classes of each example, where all would be too many."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Float, Int, Integer, Shaped

from errata.arrays import as_count
from errata.core.rows import TopRows
from errata.errors import ProbabilityError
from errata.sources.dense import even_edges
from errata.sources.pieces import float_type, index_type
from errata.sources.places import place_of
from errata.sources.tables import ArrayTable, Table, open_npy


class TopK:
    """The best ``k`` classes of each example, with their probabilities.

    A class that is not listed is taken to have the probability 0. That is exact where the least
    probability listed is below every threshold that matters; `errata.find` reports for how many
    examples it may not be.

    Parameters
    ----------
    indices : the listed classes, integers ``(n, k)`` in ``0..n_classes-1``, in any order along a
        row, none of them twice; an array, or the path or URL of an ``.npy`` file
    values : their probabilities, floats ``(n, k)``; likewise
    n_classes : how many classes there are, listed or not
    name : what messages call it

    Raises
    ------
    ProbabilityError
        The shapes or types are others. What the rows hold is looked at when they are read.
    FileError
        A file is missing, cut short, damaged or no ``.npy`` file, or needs pickle.

    Examples
    --------
    >>> top = TopK([[2, 0], [1, 2]], [[0.7, 0.2], [0.5, 0.5]], n_classes=21841)
    >>> next(top.blocks(0, 1, 1))
    (0, TopRows(indices=array([[0, 2]], dtype=int32), values=array([[0.2, 0.7]]), n_classes=21841))
    """

    def __init__(
        self, indices: object, values: object, n_classes: SupportsIndex, *, name: str = "probs"
    ) -> None:
        self.name = name
        self.n_classes = as_count("n_classes", n_classes) or 0
        self._indices = _table(indices, f"the indices of {name}")
        self._values = _table(values, f"the values of {name}")
        self.dtype = top_type(
            self._indices.shape,
            self._indices.dtype,
            self._values.shape,
            self._values.dtype,
            n_classes=self.n_classes,
            name=name,
        )

    @property
    def n(self) -> int:
        """Number of examples."""
        return self._values.shape[0]

    @property
    def k(self) -> int:
        """How many classes are listed for each example."""
        return self._values.shape[1]

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return self.k * (self.dtype.itemsize + index_type(self.n_classes).itemsize)

    def edges(self, rows: int) -> Int[np.ndarray, "_edges"]:
        """Return where the parts begin, and ``n`` at the end."""
        return even_edges(self.n, rows)

    def blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, TopRows]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of at most ``rows``."""
        both = zip(
            self._indices.blocks(start, stop, rows),
            self._values.blocks(start, stop, rows),
            strict=True,
        )
        for (at, indices), (_, values) in both:
            where = np.arange(at, at + len(indices))
            yield at, self._rows(indices, values, where)

    def _rows(
        self,
        indices: Integer[np.ndarray, "rows k"],
        values: Shaped[np.ndarray, "rows k"],
        where: Int[np.ndarray, "rows"],
    ) -> TopRows:
        values = values.astype(self.dtype, copy=False)
        return top_rows(indices, values, self.n_classes, where=where, name=self.name)

    def fingerprint(self) -> dict[str, object]:
        """Return what tells indices, values and classes from others."""
        return {
            "indices": self._indices.fingerprint(),
            "values": self._values.fingerprint(),
            "n_classes": self.n_classes,
        }


def _table(table: object, what: str) -> Table:
    if isinstance(table, str | os.PathLike):
        return open_npy(place_of(table))
    try:
        return ArrayTable(np.asarray(table))
    except ValueError as error:
        raise ProbabilityError(f"{what} are no rectangular table: {error}") from None


def top_type(
    indices_shape: Sequence[int],
    indices_dtype: np.dtype[Any],
    values_shape: Sequence[int],
    values_dtype: np.dtype[Any],
    *,
    n_classes: int,
    name: str,
) -> np.dtype[np.floating]:
    """Return the type that values of the best few classes are read as.

    Raises
    ------
    ProbabilityError
        The shapes are not both ``(n, k)`` with ``k`` from 1 to ``n_classes``, the indices are no
        integers, or the values no numbers.

    Examples
    --------
    >>> ints, floats = np.dtype(int), np.dtype(np.float16)
    >>> top_type((9, 5), ints, (9, 5), floats, n_classes=10, name="top")
    dtype('float16')
    """
    if len(indices_shape) != 2 or tuple(indices_shape) != tuple(values_shape):
        raise ProbabilityError(
            f"{name} has indices of shape {tuple(indices_shape)} and values of shape "
            f"{tuple(values_shape)}; both were expected to be (n, k), the best k classes of each "
            "example."
        )
    if indices_dtype.kind not in "iu":
        raise ProbabilityError(
            f"{name} has indices of the type {indices_dtype}; class numbers are integers. Are "
            "indices and values swapped?"
        )
    n, k = indices_shape
    if not 1 <= k <= n_classes:
        raise ProbabilityError(
            f"{name} lists {k} classes for each example, but n_classes is {n_classes}: "
            f"from 1 to {n_classes} can be listed."
        )
    return float_type((max(1, n), n_classes), values_dtype)


def unknown_classes(name: str) -> ProbabilityError:
    """Return the error for the best few of an unknown number of classes.

    Examples
    --------
    >>> str(unknown_classes("top"))
    'top lists the best few classes of each example, but not how many there are in all. Give
    n_classes (--n-classes), or the class names (--classes).'
    """
    return ProbabilityError(
        f"{name} lists the best few classes of each example, but not how many there are in all. "
        "Give n_classes (--n-classes), or the class names (--classes)."
    )


def top_rows(
    indices: Integer[np.ndarray, "rows k"],
    values: Float[np.ndarray, "rows k"],
    n_classes: int,
    *,
    where: Int[np.ndarray, "rows"],
    name: str,
) -> TopRows:
    """Return rows with their classes in increasing order.

    Parameters
    ----------
    where : the place of each row in the whole, for messages
    name : what messages call the whole

    Raises
    ------
    ProbabilityError
        A class is out of range, or stands twice in a row.

    Examples
    --------
    >>> indices, values = np.array([[7, 2]]), np.array([[0.7, 0.2]])
    >>> top_rows(indices, values, 10, where=np.array([0]), name="top").values
    array([[0.2, 0.7]])
    """
    if indices.size and not 0 <= indices.min() <= indices.max() < n_classes:
        outside = (indices < 0) | (indices >= n_classes)
        row, column = (int(at) for at in np.unravel_index(outside.argmax(), outside.shape))
        raise ProbabilityError(
            f"{name}[{where[row]}] lists the class {indices[row, column]}, but n_classes is "
            f"{n_classes}, so classes run from 0 to {n_classes - 1}. If yours count from 1, "
            "subtract 1; each row lists as many classes as the others."
        )
    indices = indices.astype(index_type(n_classes), copy=False)
    if not (indices[:, 1:] > indices[:, :-1]).all():
        indices, values = _in_order(indices, values)
        twice = indices[:, 1:] == indices[:, :-1]
        if twice.any():
            row, column = (int(at) for at in np.unravel_index(twice.argmax(), twice.shape))
            raise ProbabilityError(
                f"{name}[{where[row]}] lists the class {indices[row, column]} twice. A row lists "
                "different classes."
            )
    return TopRows(indices, values, n_classes)


def _in_order(
    indices: Integer[np.ndarray, "rows k"], values: Float[np.ndarray, "rows k"]
) -> tuple[Integer[np.ndarray, "rows k"], Float[np.ndarray, "rows k"]]:
    """Sort each row by class. Class and place sort as one number, faster than `argsort`."""
    rows, k = indices.shape
    shift = k.bit_length()
    keys = (indices.astype(np.int64) << shift) | np.arange(k)
    keys.sort(axis=1)
    place = (keys & ((1 << shift) - 1)) + np.arange(0, rows * k, k)[:, None]
    return (keys >> shift).astype(indices.dtype), np.ascontiguousarray(values).ravel()[place]
