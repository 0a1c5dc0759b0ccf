"""Probabilities of some examples, as a table of all classes or as the best few of each.

What `find` asks of a chunk is asked here, of either form. Both give the same answers where the
classes that are not listed have the probability 0, which is what `TopRows` takes them to have;
but there such a class never reaches its threshold, be it 0.
Knows the examples at hand; leaves to `ranking`, `joint` and `selection` what the answers mean.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

NONE = -1
"""The estimate of an example that no class is confident for."""


@runtime_checkable
class Rows(Protocol):
    """Probabilities of consecutive or chosen examples."""

    def __len__(self) -> int: ...

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the probabilities."""
        ...

    @property
    def table(self) -> Float[np.ndarray, "rows _columns"]:
        """The numbers themselves: of all classes, or of those listed."""
        ...

    def where(self, rows: "Int[np.ndarray, '_some'] | slice") -> "Rows":
        """Return some rows; those of a slice without a copy."""
        ...

    def absolute(self) -> "Rows":
        """Turn negative zeros, whose bits are out of order, into zeros."""
        ...

    def normalized(self) -> "Rows":
        """Divide each row by its sum; float16 becomes float32."""
        ...

    def top(self) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
        """Return the most probable class, the lower one of equals, and its probability."""
        ...

    def at(
        self, row: Integer[np.ndarray, "entries"], column: Integer[np.ndarray, "entries"]
    ) -> Float[np.ndarray, "entries"]:
        """Return single probabilities."""
        ...

    def estimates(
        self, bars: Float[np.ndarray, "classes"]
    ) -> tuple[Int[np.ndarray, "rows"], Bool[np.ndarray, "rows"]]:
        """Return the most probable class that reaches its bar, and where several do.

        The bars are numbers of the type of the probabilities, see `joint.bars_in`. Where no class
        reaches its bar the estimate is `NONE`.
        """
        ...

    def others(
        self, labels: Integer[np.ndarray, "rows"]
    ) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
        """Return the most probable class but the given one, the lower of equals, and its value."""
        ...

    def largest_but(
        self,
        rows: Int[np.ndarray, "some"],
        labels: Integer[np.ndarray, "some"],
        others: Integer[np.ndarray, "some"],
    ) -> Float[np.ndarray, "some"]:
        """Return the largest probability of some rows but those of two classes, in float64."""
        ...

    def entropy(self) -> Float[np.ndarray, "rows"]:
        """Return the entropy of each row in float64, divided by its largest value ln m: 0 to 1."""
        ...


@dataclass(frozen=True)
class DenseRows:
    """A table with a column for each class, in C order, its numbers finite and not negative.

    Such floats order like their bit patterns, so they are compared as integers where that is
    faster: always for float16, which processors have no comparison for.
    """

    probs: Float[np.ndarray, "rows classes"]

    def __len__(self) -> int:
        return len(self.probs)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the probabilities."""
        return self.probs.dtype

    @property
    def table(self) -> Float[np.ndarray, "rows classes"]:
        """The numbers themselves."""
        return self.probs

    def where(self, rows: "Int[np.ndarray, '_some'] | slice") -> "DenseRows":
        """Return some rows."""
        return DenseRows(self.probs[rows])

    def columns(
        self, rows: Int[np.ndarray, "_some"], columns: Int[np.ndarray, "_few"]
    ) -> "DenseRows":
        """Return some rows, with some columns alone."""
        if 2 * len(columns) > self.probs.shape[1]:  # faster row by row
            return DenseRows(np.ascontiguousarray(self.probs[rows][:, columns]))
        return DenseRows(self.at(rows[:, None], columns))

    def absolute(self) -> "DenseRows":
        """Turn negative zeros, whose bits are out of order, into zeros."""
        signed = self.probs.view(f"i{self.dtype.itemsize}")
        return DenseRows(np.abs(self.probs)) if signed.min(initial=0) < 0 else self

    def normalized(self) -> "DenseRows":
        """Divide each row by its sum; float16 becomes float32."""
        narrow = np.float32 if self.dtype.itemsize < 4 else self.dtype
        sums = _in_sequence(self.probs.astype(np.float64))[:, None]
        scaled = self.probs / np.maximum(sums, np.finfo(np.float64).tiny)
        return DenseRows(scaled.astype(narrow, copy=False))

    def top(self) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
        """Return the most probable class, the lower one of equals, and its probability."""
        top = bits(self.probs).argmax(axis=1)
        return top, self.probs[np.arange(len(self)), top]

    def at(
        self, row: Integer[np.ndarray, "..."], column: Integer[np.ndarray, "..."]
    ) -> Float[np.ndarray, "..."]:
        """Return single probabilities."""
        found: Float[np.ndarray, "..."] = self.probs.reshape(-1).take(
            row * self.probs.shape[1] + column
        )
        return found

    def estimates(
        self, bars: Float[np.ndarray, "classes"]
    ) -> tuple[Int[np.ndarray, "rows"], Bool[np.ndarray, "rows"]]:
        """Return the most probable class that reaches its bar, and where several do."""
        patterns = bits(self.probs)
        best, how_many = _best_of(patterns, patterns >= bits(bars))
        return np.where(how_many > 0, best, NONE), how_many > 1

    def others(
        self, labels: Integer[np.ndarray, "rows"]
    ) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
        """Return the most probable class but the given one, the lower of equals, and its value."""
        rows = np.arange(len(self))
        without = bits(self.probs).copy()
        without[rows, labels] = 0
        other = without.argmax(axis=1)
        nothing = np.flatnonzero(other == labels)  # all others are 0
        other[nothing] = labels[nothing] == 0
        return other, self.probs[rows, other]

    def largest_but(
        self,
        rows: Int[np.ndarray, "some"],
        labels: Integer[np.ndarray, "some"],
        others: Integer[np.ndarray, "some"],
    ) -> Float[np.ndarray, "some"]:
        """Return the largest probability of some rows but those of two classes, in float64."""
        each = np.arange(len(rows))
        without = self.probs.view(f"i{self.dtype.itemsize}")[rows]  # -0.0 is the least of these
        without[each, labels] = 0
        without[each, others] = 0
        largest: Float[np.ndarray, "some"] = without.max(axis=1).view(self.dtype).astype(np.float64)
        return largest

    def entropy(self) -> Float[np.ndarray, "rows"]:
        """Return the entropy of each row in float64, divided by its largest value ln m: 0 to 1."""
        return _entropy(self.probs, self.probs.shape[1])


@dataclass(frozen=True)
class TopRows:
    """The best k classes of each example; every other class has the probability 0.

    Attributes
    ----------
    indices : classes, ``(rows, k)``, increasing along a row
    values : their probabilities, finite and not negative, ``(rows, k)``
    n_classes : how many there are, listed or not
    """

    indices: Integer[np.ndarray, "rows k"]
    values: Float[np.ndarray, "rows k"]
    n_classes: int

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the probabilities."""
        return self.values.dtype

    @property
    def table(self) -> Float[np.ndarray, "rows k"]:
        """The numbers themselves, of the classes listed."""
        return self.values

    def where(self, rows: "Int[np.ndarray, '_some'] | slice") -> "TopRows":
        """Return some rows."""
        return TopRows(self.indices[rows], self.values[rows], self.n_classes)

    def absolute(self) -> "TopRows":
        """Turn negative zeros, whose bits are out of order, into zeros."""
        return TopRows(self.indices, DenseRows(self.values).absolute().probs, self.n_classes)

    def normalized(self) -> "TopRows":
        """Divide each row by its sum; float16 becomes float32."""
        return TopRows(self.indices, DenseRows(self.values).normalized().probs, self.n_classes)

    def top(self) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
        """Return the most probable class, the lower one of equals, and its probability."""
        place, confidence = DenseRows(self.values).top()
        top = self.indices[np.arange(len(self)), place].astype(np.int64)
        return np.where(confidence > 0, top, 0), confidence

    def at(
        self, row: Integer[np.ndarray, "entries"], column: Integer[np.ndarray, "entries"]
    ) -> Float[np.ndarray, "entries"]:
        """Return single probabilities."""
        some, where = np.unique(row, return_inverse=True)
        keys = (np.arange(len(some))[:, None] * self.n_classes + self.indices[some]).ravel()
        wanted = where * self.n_classes + column
        place = np.minimum(np.searchsorted(keys, wanted), max(0, keys.size - 1))
        values = self.values[some].ravel()
        found: Float[np.ndarray, "entries"] = np.where(
            keys[place] == wanted, values[place], self.dtype.type(0)
        )
        return found

    def estimates(
        self, bars: Float[np.ndarray, "classes"]
    ) -> tuple[Int[np.ndarray, "rows"], Bool[np.ndarray, "rows"]]:
        """Return the most probable class that reaches its bar, and where several do."""
        place, how_many = _best_of(bits(self.values), self._reached(bars))
        best = self.indices[np.arange(len(self)), place].astype(np.int64)
        return np.where(how_many > 0, best, NONE), how_many > 1

    def _reached(self, bars: Float[np.ndarray, "classes"]) -> Bool[np.ndarray, "rows k"]:
        reached: Bool[np.ndarray, "rows k"] = bits(self.values) >= bits(bars)[self.indices]
        return reached

    def others(
        self, labels: Integer[np.ndarray, "rows"]
    ) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
        """Return the most probable class but the given one, the lower of equals, and its value."""
        rows = np.arange(len(self))
        without = np.where(self.indices == labels[:, None], self.dtype.type(0), self.values)
        place = bits(without).argmax(axis=1)
        confidence = without[rows, place]
        listed = self.indices[rows, place].astype(np.int64)
        return np.where(confidence > 0, listed, labels == 0), confidence

    def largest_but(
        self,
        rows: Int[np.ndarray, "some"],
        labels: Integer[np.ndarray, "some"],
        others: Integer[np.ndarray, "some"],
    ) -> Float[np.ndarray, "some"]:
        """Return the largest probability of some rows but those of two classes, in float64."""
        indices = self.indices[rows]
        left_out = (indices == labels[:, None]) | (indices == others[:, None])
        without = np.where(left_out, self.dtype.type(0), self.values[rows])
        largest: Float[np.ndarray, "some"] = without.max(axis=1).astype(np.float64)
        return largest

    def entropy(self) -> Float[np.ndarray, "rows"]:
        """Return the entropy of each row in float64, divided by its largest value ln m: 0 to 1."""
        return _entropy(self.values, self.n_classes)

    def beyond(self, most: float) -> Float[np.ndarray, "rows"]:
        """Return how probable a class that is not listed can be, in float64.

        No more than the least of those that are, and than what is left of the whole.

        Parameters
        ----------
        most : what a row sums to, at most
        """
        if self.indices.shape[1] >= self.n_classes:
            return np.zeros(len(self))
        left = most - self.values.sum(axis=1, dtype=np.float64)
        least = self.values.min(axis=1).astype(np.float64)
        beyond: Float[np.ndarray, "rows"] = np.clip(left, 0, least)
        return beyond

    def doubtful(self, bars: Float[np.ndarray, "classes"], most: float) -> Bool[np.ndarray, "rows"]:
        """Tell where a class that is not listed could reach its bar, and none that is listed does.

        Parameters
        ----------
        bars, most : see `estimates` and `beyond`
        """
        beyond = self.beyond(most)
        some = np.flatnonzero(~self._reached(bars).any(axis=1) & (beyond >= bars.min()))
        doubtful = np.zeros(len(self), bool)
        # among the k + 1 lowest bars is one of a class that is not listed
        low = np.argsort(bars, kind="stable")[: self.indices.shape[1] + 1]
        listed = np.zeros((len(some), len(low)), bool)
        for column in self.indices[some].T:
            listed |= column[:, None] == low
        least = bars[low[(~listed).argmax(axis=1)]]
        doubtful[some] = (beyond[some] >= least) & ~listed.all(axis=1)
        return doubtful

    def lacks(self, labels: Integer[np.ndarray, "rows"]) -> Bool[np.ndarray, "rows"]:
        """Tell where the given label is not among those listed."""
        listed: Bool[np.ndarray, "rows"] = (self.indices == labels[:, None]).any(axis=1)
        return ~listed


def _best_of(
    patterns: Integer[np.ndarray, "rows columns"], reached: Bool[np.ndarray, "rows columns"]
) -> tuple[Int[np.ndarray, "rows"], Int[np.ndarray, "rows"]]:
    """Return the place of the largest number of each row of those that reach their bar.

    And how many do; where none does the place is of no use.
    """
    best = np.where(reached, patterns, 0).argmax(axis=1)
    how_many = np.count_nonzero(reached, axis=1)
    # a probability of 0 reaches a bar of 0; where nothing more does, 0 is no mark of it
    zero = np.flatnonzero(~reached[np.arange(len(best)), best] & (how_many > 0))
    best[zero] = reached[zero].argmax(axis=1)
    return best, how_many


def bits(probs: Float[np.ndarray, "..."]) -> Integer[np.ndarray, "..."]:
    """View numbers as the unsigned integers of their bit patterns, without a copy.

    Numbers from 0 up are ordered as these are; negative ones, infinity and NaN have larger
    patterns than all finite ones.

    Examples
    --------
    >>> bits(np.array([0.0, 0.25, 1.0, -1.0], np.float16))
    array([    0, 13312, 15360, 48128], dtype=uint16)
    """
    return probs.view(f"u{probs.dtype.itemsize}")


def _entropy(probs: Float[np.ndarray, "rows classes"], n_classes: int) -> Float[np.ndarray, "rows"]:
    wide = probs.astype(np.float64)
    logs = np.log(wide, out=np.zeros_like(wide), where=wide > 0)
    entropy: Float[np.ndarray, "rows"] = np.maximum(-_in_sequence(wide * logs), 0)
    entropy /= np.log(n_classes)
    return entropy


def _in_sequence(table: Float[np.ndarray, "rows columns"]) -> Float[np.ndarray, "rows"]:
    """Sum each row from left to right, so that zeros between change not even the last bit."""
    sums: Float[np.ndarray, "rows"] = np.add.accumulate(table, axis=1)[:, -1]
    return sums
