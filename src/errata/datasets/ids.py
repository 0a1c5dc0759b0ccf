"""Ids that are made when they are asked for: those of 50 million drawings would fill the memory."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt64


class IdsOnDemand(Sequence[str]):
    """Ids that are known to differ, so that nobody has to look at all of them."""

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self._one(one) for one in range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(f"There are {len(self):,} ids; there is none at {index}.")
        return self._one(int(index) % len(self))

    @abstractmethod
    def _one(self, index: int) -> str:
        """Return the id of an example."""


class CountedIds(IdsOnDemand):
    """The name of a group, and the place in it.

    Parameters
    ----------
    names : of the groups, all different
    counts : how many examples each has

    Examples
    --------
    >>> list(CountedIds(["apple", "pear"], [1, 2]))
    ['apple/0', 'pear/0', 'pear/1']
    """

    def __init__(self, names: Sequence[str], counts: Sequence[int]) -> None:
        self._names = tuple(names)
        self._starts = np.cumsum([0, *counts])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def _one(self, index: int) -> str:
        group = int(np.searchsorted(self._starts, index, side="right")) - 1
        return f"{self._names[group]}/{index - self._starts[group]}"


class KeyIds(IdsOnDemand):
    """Numbers that the makers of a set gave its examples, all different.

    Examples
    --------
    >>> list(KeyIds(np.array([5201136883597312, 7], np.uint64)))
    ['5201136883597312', '7']
    """

    def __init__(self, keys: UInt64[np.ndarray, "n"]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def _one(self, index: int) -> str:
        return str(self._keys[index])
