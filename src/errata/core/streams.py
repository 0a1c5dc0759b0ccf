"""The lowest of each group, kept while the entries stream by.

Knows groups, values and places among equals; leaves to `selection` what they stand for. Memory is
bounded by what is wanted, not by what streams by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from errata.core.ranking import first_of_each_group

_SPARE = 2**17
"""So many entries more than are wanted wait before they are sorted."""


@dataclass(frozen=True)
class Entries:
    """Examples that compete in groups for the lowest value; equal values go by ``tie``."""

    group: Int[np.ndarray, "entries"]
    value: Float[np.ndarray, "entries"]  # float64
    tie: Int[np.ndarray, "entries"]
    index: Int[np.ndarray, "entries"]

    def __len__(self) -> int:
        return len(self.group)

    def where(self, kept: "Bool[np.ndarray, 'entries'] | Int[np.ndarray, '_kept']") -> "Entries":
        """Return some of the entries."""
        return Entries(self.group[kept], self.value[kept], self.tie[kept], self.index[kept])

    def below(self, cut: Float[np.ndarray, "groups"]) -> "Entries":
        """Return those that do not lie above the cut of their group."""
        low = np.flatnonzero(self.value <= cut[self.group])
        return self.where(low) if len(low) < len(self) else self


def joined(parts: Sequence[Entries]) -> Entries:
    """Return the entries of several sets of them, one after the other.

    Examples
    --------
    >>> one = Entries(*(np.array([x]) for x in (0, 0.5, 0, 7)))
    >>> joined([one, one]).index
    array([7, 7])
    """
    if not parts:
        nothing = np.empty(0, np.int64)
        return Entries(nothing, np.empty(0), nothing, nothing)
    if len(parts) == 1:
        return parts[0]
    columns = ("group", "value", "tie", "index")
    return Entries(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


class Lowest:
    """The ``wanted[g]`` lowest entries of each group g among all that were added.

    The order in which they are added, and how they are cut, changes nothing. ``cut`` is the largest
    value that can still be among the lowest of each group, ``(groups,)``: infinite where there are
    fewer than wanted, minus infinite where none is wanted.

    Examples
    --------
    >>> lowest = Lowest(np.array([1]))
    >>> for value in (0.3, 0.1, 0.2):
    ...     lowest.add(Entries(*(np.array([x]) for x in (0, value, 0, int(10 * value)))))
    >>> lowest.result().index
    array([1])
    """

    def __init__(self, wanted: Int[np.ndarray, "groups"]) -> None:
        self.wanted = wanted
        self.cut: Float[np.ndarray, "groups"] = np.where(wanted > 0, np.inf, -np.inf)
        self._most = int(wanted.sum()) + _SPARE
        self._kept = joined([])
        self._new: list[Entries] = []
        self._waiting = 0

    def add(self, entries: Entries) -> None:
        """Take entries into account."""
        entries = entries.below(self.cut)
        if len(entries):
            self._new.append(entries)
            self._waiting += len(entries)
        if self._waiting > self._most:
            self.settle()

    def settle(self) -> None:
        """Let go of what is not among the lowest, and bring ``cut`` up to date."""
        if not self._new:
            return
        new, self._new, self._waiting = joined(self._new), [], 0
        touched = np.zeros(len(self.wanted), bool)  # the other groups stay as they are
        touched[new.group] = True
        again = touched[self._kept.group]
        held = joined([self._kept.where(np.flatnonzero(again)), new])
        lowest = first_of_each_group(held.group, held.value, held.tie, self.wanted)
        held = held.where(np.flatnonzero(lowest))
        full = np.bincount(held.group, minlength=len(self.wanted)) >= self.wanted
        worst = np.full(len(self.wanted), -np.inf)
        np.maximum.at(worst, held.group, held.value)
        self.cut = np.where(touched & full, worst, self.cut)
        self._kept = joined([self._kept.where(np.flatnonzero(~again)), held])

    def result(self) -> Entries:
        """Return the lowest of each group, in no particular order."""
        self.settle()
        return self._kept

    def missing(self) -> Int[np.ndarray, "groups"]:
        """Return how many entries each group lacks of those wanted."""
        self.settle()
        return self.wanted - np.bincount(self._kept.group, minlength=len(self.wanted))
