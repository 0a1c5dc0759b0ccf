"""What sources share: the types that numbers are read as."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from errata.arrays import as_probs
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
