"""Scores of label quality, and orders that never depend on chance.

Low scores are suspicious. Knows one example at a time; leaves to `selection` how many are flagged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Shaped

from errata.core.rows import Rows

Score = Literal["normalized_margin", "self_confidence", "weighted_entropy"]


@dataclass(frozen=True)
class RowStats:
    """What one look at each example tells, in the precision of the probabilities."""

    self_confidence: Float[np.ndarray, "rows"]  # p(given)
    top: Integer[np.ndarray, "rows"]  # the most probable class; the lower one of equals
    top_confidence: Float[np.ndarray, "rows"]

    def shortfall(self) -> Float[np.ndarray, "rows"]:
        """Return the margin where it is negative, 0 elsewhere, in float64."""
        return self.self_confidence.astype(np.float64) - self.top_confidence.astype(np.float64)

    def where(self, rows: "Int[np.ndarray, '_some'] | slice") -> "RowStats":
        """Return the statistics of some examples."""
        return RowStats(self.self_confidence[rows], self.top[rows], self.top_confidence[rows])


@dataclass(frozen=True)
class Examples:
    """Some examples, and what one look at them has told."""

    index: Int[np.ndarray, "some"]  # their numbers, which increase
    given: Int[np.ndarray, "some"]
    tie: Int[np.ndarray, "some"]  # their places among equals
    stats: RowStats

    def __len__(self) -> int:
        return len(self.index)

    def where(self, kept: "Int[np.ndarray, '_kept'] | slice") -> "Examples":
        """Return some of them."""
        stats = self.stats.where(kept)
        return Examples(self.index[kept], self.given[kept], self.tie[kept], stats)


def row_stats(
    labels: Integer[np.ndarray, "rows"],
    rows: Rows,
    *,
    best: tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"]] | None = None,
) -> RowStats:
    """Return p(given), the most probable class and its probability, for a chunk.

    Parameters
    ----------
    best : the most probable class and its probability, where they are known already

    Examples
    --------
    >>> from errata.core.rows import DenseRows
    >>> probs = np.array([[0.2, 0.5, 0.3], [0.1, 0.6, 0.3]])
    >>> row_stats(np.array([0, 1]), DenseRows(probs))
    RowStats(self_confidence=array([0.2, 0.6]), top=array([1, 1]),
             top_confidence=array([0.5, 0.6]))
    """
    top, confidence = best or rows.top()
    return RowStats(rows.at(np.arange(len(labels)), labels), top, confidence)


def concatenate_stats(parts: Sequence[RowStats]) -> RowStats:
    """Join the statistics of consecutive chunks."""
    return RowStats(
        np.concatenate([part.self_confidence for part in parts]),
        np.concatenate([part.top for part in parts]),
        np.concatenate([part.top_confidence for part in parts]),
    )


def normalized_margin(
    self_confidence: Float[np.ndarray, "rows"], other_confidence: Float[np.ndarray, "rows"]
) -> Float[np.ndarray, "rows"]:
    """Return p(given) minus the largest other probability in float64, -1 (worst) to 1.

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, section 3.2 (the margin of
    Wei et al. 2018, negated); Northcutt, Athalye and Mueller (2021), section 3.
    """
    return self_confidence.astype(np.float64) - other_confidence.astype(np.float64)


def weighted_entropy(
    self_confidence: Float[np.ndarray, "rows"], entropy: Float[np.ndarray, "rows"]
) -> Float[np.ndarray, "rows"]:
    """Return ln(1 + q) / q, from near 0 (worst) to 1.

    q is the entropy, 0 to 1, divided by p(given).

    A certain and right prediction has q = 0 and scores 1, the limit. (cleanlab 2.9 scores it 0,
    worst of all: see `weighted_entropy_cleanlab`.)

    Parameters
    ----------
    entropy : divided by its largest value ln m, see `Rows.entropy`

    References
    ----------
    Kuan and Mueller (2022), "Model-agnostic label quality scoring to detect real-world label
    errors".

    Examples
    --------
    >>> weighted_entropy(np.array([1.0, 0.5]), np.array([0.0, 1.0])).round(4)
    array([1.    , 0.5493])
    """
    q = _entropy_ratio(self_confidence, entropy)
    safe = np.maximum(q, np.finfo(np.float64).tiny)
    score: Float[np.ndarray, "rows"] = np.where(q > 0, np.log1p(safe) / safe, 1.0)
    return score


def weighted_entropy_cleanlab(
    self_confidence: Float[np.ndarray, "rows"], entropy: Float[np.ndarray, "rows"]
) -> Float[np.ndarray, "rows"]:
    """Return `weighted_entropy` as cleanlab 2.9 has it: 0 where the entropy is 0.

    With log(q + 1), not log1p, which would be more exact and so differ from it.
    """
    q = _entropy_ratio(self_confidence, entropy)
    score: Float[np.ndarray, "rows"] = np.log(q + 1) / np.maximum(q, 1e-6)
    return score


def _entropy_ratio(
    self_confidence: Float[np.ndarray, "rows"], entropy: Float[np.ndarray, "rows"]
) -> Float[np.ndarray, "rows"]:
    # 1e-6 stands for p(given) = 0, which would divide by zero
    ratio: Float[np.ndarray, "rows"] = entropy / np.maximum(
        self_confidence.astype(np.float64), 1e-6
    )
    return ratio


def places(ids: Shaped[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Return the place of each id among all, from 0, in their own order.

    Examples
    --------
    >>> places(np.array(["cow", "ant", "bee"]))
    array([2, 0, 1])
    """
    found = np.empty(len(ids), np.int64)
    found[np.argsort(ids, kind="stable")] = np.arange(len(ids))
    return found


def order(scores: Float[np.ndarray, "n"], tie: Integer[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Return the positions from the lowest score to the highest; equal scores by ``tie``.

    Examples
    --------
    >>> order(np.array([0.5, 0.1, 0.5]), np.array([2, 0, 1]))
    array([1, 2, 0])
    """
    return np.lexsort((tie, scores))


def lowest(
    scores: Float[np.ndarray, "n"], tie: Integer[np.ndarray, "n"], count: int
) -> Bool[np.ndarray, "n"]:
    """Mark the ``count`` lowest scores; among equals at the cut the lowest ``tie``.

    Examples
    --------
    >>> lowest(np.array([0.5, 0.1, 0.5]), np.array([2, 0, 1]), 2)
    array([False,  True,  True])
    """
    return first_of_each_group(np.zeros(len(scores), int), scores, tie, np.array([max(count, 0)]))


def first_of_each_group(
    group: Integer[np.ndarray, "n"],
    values: Shaped[np.ndarray, "n"],
    tie: Integer[np.ndarray, "n"],
    wanted: Int[np.ndarray, "groups"],
) -> Bool[np.ndarray, "n"]:
    """Mark in each group the ``wanted[group]`` lowest values; among equals the lowest ``tie``.

    Examples
    --------
    >>> group, values = np.array([0, 1, 0, 0]), np.array([0.5, 0.1, 0.4, 0.4])
    >>> first_of_each_group(group, values, np.array([0, 1, 3, 2]), np.array([1, 0]))
    array([False, False, False,  True])
    """
    mask = np.zeros(len(group), bool)
    few = _without_the_hopeless(group, values, wanted)
    if not len(few):
        return mask
    group, values = group[few], values[few]
    cut = _cuts(group, values, wanted)[group]
    low, equal = values < cut, np.flatnonzero(values == cut)
    left = wanted - np.bincount(group[low], minlength=len(wanted))
    # of most groups one alone lies at the cut; only where it runs between equals are these sorted
    torn = (np.bincount(group[equal], minlength=len(wanted)) > left)[group[equal]]
    mask[few[low]] = True
    mask[few[equal[~torn]]] = True
    equal = equal[torn]
    equal = equal[np.lexsort((tie[few[equal]], group[equal]))]
    sizes = np.bincount(group[equal], minlength=len(wanted))
    place = np.arange(len(equal)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    mask[few[equal[place < left[group[equal]]]]] = True
    return mask


def _cuts(
    group: Integer[np.ndarray, "n"],
    values: Shaped[np.ndarray, "n"],
    wanted: Int[np.ndarray, "groups"],
) -> Shaped[np.ndarray, "groups"]:
    """Return the largest of the ``wanted`` lowest values of each group; the least of all if none.

    Equal ones may come in any order, which sorts three times as fast.
    """
    sizes = np.bincount(group, minlength=len(wanted))
    taken = np.minimum(wanted, sizes)
    some = np.flatnonzero(taken > 0)
    last = np.cumsum(sizes)[some] - sizes[some] + taken[some] - 1
    if len(wanted) == 1:
        ordered = np.partition(values, last)
    else:
        narrow = group.astype(np.uint16) if len(wanted) <= 2**16 else group  # these sort by radix
        order = np.argsort(values)
        ordered = values[order[np.argsort(narrow[order], kind="stable")]]
    cuts = np.full(len(wanted), values.min())
    cuts[some] = ordered[last]
    return cuts


def _without_the_hopeless(
    group: Integer[np.ndarray, "n"],
    values: Shaped[np.ndarray, "n"],
    wanted: Int[np.ndarray, "groups"],
) -> Int[np.ndarray, "few"]:
    """Return the positions that may be among the lowest of their group, without sorting.

    Where enough of a group lie below a pivot, the rest of it is out. Any pivot is right; one
    that lets about twice as many through as are wanted saves most of the sorting.
    """
    sample = values[:: max(1, len(values) // 1000)]
    place = 2 * int(wanted.sum()) * len(sample) // max(1, len(values))
    if place >= len(sample):
        return np.arange(len(values))
    low = values < np.partition(sample, place)[place]
    enough = np.bincount(group[low], minlength=len(wanted)) >= wanted
    return np.flatnonzero(low | ~enough[group])


def shortlists(
    probs: Float[np.ndarray, "rows classes"], first: Int[np.ndarray, "rows _first"], count: int
) -> Int[np.ndarray, "rows count"]:
    """Return so many classes of each row, sorted: those named, then the most probable others.

    Parameters
    ----------
    probs : probabilities, ``(rows, classes)``; of equal ones the lower class comes first
    first : different classes of each row that it has whatever they are, at most ``count``
    count : from 1 to all classes

    Examples
    --------
    >>> shortlists(np.array([[0.1, 0.2, 0.3, 0.4]]), np.array([[0, 1]]), count=3)
    array([[0, 1, 3]])
    """
    order = -probs
    np.put_along_axis(order, first, -np.inf, axis=1)
    return np.sort(np.argsort(order, axis=1, kind="stable")[:, :count], axis=1)
