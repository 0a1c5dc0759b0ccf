"""What sources share: the type numbers are read as, and rows cut, picked and joined."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Int

from errata.arrays import as_probs
from errata.core.rows import DenseRows, Rows, TopRows
from errata.errors import ProbabilityError


def float_type(shape: Sequence[int], dtype: np.dtype[Any]) -> np.dtype[np.floating]:
    """Return the type that probabilities of some shape and type are read as.

    The same as `arrays.as_probs` gives an array of them, which it is refused like.

    Raises
    ------
    ProbabilityError
        The shape is not ``(n, m)`` with ``n >= 1`` and ``m >= 2``, or these are no numbers.

    Examples
    --------
    >>> float_type((3, 2), np.dtype(">f4")), float_type((3, 2), np.dtype("int8"))
    (dtype('float32'), dtype('float64'))
    """
    stand_in = np.broadcast_to(np.zeros((), dtype), tuple(shape))  # takes no memory
    return as_probs(stand_in[:1, :2] if len(shape) == 2 else stand_in).dtype


def float_type_of_file(
    shape: Sequence[int], dtype: np.dtype[Any], name: str
) -> np.dtype[np.floating]:
    """Return `float_type` for one file of several, which may have no rows; a refusal names it.

    Examples
    --------
    >>> float_type_of_file((0, 2), np.dtype("float16"), "part-0.npy")
    dtype('float16')
    """
    if len(shape) == 2:
        shape = (max(1, shape[0]), shape[1])
    try:
        return float_type(shape, dtype)
    except ProbabilityError as error:
        raise ProbabilityError(f"{name}: {error}") from None


def index_type(n_classes: int) -> np.dtype[np.signedinteger[Any]]:
    """Return the type that class numbers are read as.

    Examples
    --------
    >>> index_type(21841)
    dtype('int32')
    """
    return np.dtype(np.int32 if n_classes <= 2**31 else np.int64)


def no_rows(n_classes: int, k: int | None, dtype: np.dtype[np.floating]) -> Rows:
    """Return no rows, of all classes or of the best ``k``.

    Examples
    --------
    >>> len(no_rows(10, None, np.dtype(np.float16)))
    0
    """
    if k is None:
        return DenseRows(np.empty((0, n_classes), dtype))
    return TopRows(np.empty((0, k), index_type(n_classes)), np.empty((0, k), dtype), n_classes)


def picked(rows: Rows, which: slice | Int[np.ndarray, "some"]) -> Rows:
    """Return some of the rows; those of a slice without a copy.

    Examples
    --------
    >>> len(picked(DenseRows(np.eye(3)), slice(1, 3)))
    2
    """
    if isinstance(rows, TopRows):
        return TopRows(rows.indices[which], rows.values[which], rows.n_classes)
    assert isinstance(rows, DenseRows)
    return DenseRows(rows.probs[which])


def joined(pieces: Sequence[Rows]) -> Rows:
    """Return rows of one kind one after the other, without a copy where there is one piece.

    Examples
    --------
    >>> len(joined([DenseRows(np.eye(3)), DenseRows(np.eye(3))]))
    6
    """
    first = pieces[0]
    if len(pieces) == 1:
        return first
    if isinstance(first, TopRows):
        tops = [piece for piece in pieces if isinstance(piece, TopRows)]
        return TopRows(
            np.concatenate([piece.indices for piece in tops]),
            np.concatenate([piece.values for piece in tops]),
            first.n_classes,
        )
    return DenseRows(np.concatenate([p.probs for p in pieces if isinstance(p, DenseRows)]))


def by_part(
    rows: Int[np.ndarray, "rows"], edges: Int[np.ndarray, "_edges"]
) -> Iterator[tuple[int, Int[np.ndarray, "_some"]]]:
    """Yield each part that some of the rows lie in, and these rows.

    Parameters
    ----------
    rows : in increasing order
    edges : where the parts begin, and where the last one ends

    Examples
    --------
    >>> list(by_part(np.array([1, 5, 6]), np.array([0, 2, 4, 8])))
    [(0, array([1])), (2, array([5, 6]))]
    """
    cuts = np.searchsorted(rows, edges)
    for part, (first, last) in enumerate(pairwise(cuts)):
        if first < last:
            yield part, rows[first:last]
