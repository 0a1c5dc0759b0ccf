"""Thresholds: the mean self-confidence of each class, exactly.

Knows labels and self-confidences; leaves to others what is done with the thresholds.

A sum of floating-point numbers depends on their order. Here each number is cut into whole
numbers of 26 bits, whose sums are exact, so a threshold is the true mean rounded once: the
same bits whatever the order of the examples, the cut into chunks or the number of threads.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from jaxtyping import Float, Int, Integer

_BITS = 26
MOST_ROWS = 2**_BITS
"""A chunk of up to so many rows sums exactly in the 53 bits of a float64."""


@dataclass(frozen=True)
class ClassSums:
    """The number of examples of each class, and their summed self-confidence.

    Row k of ``limbs`` counts in units of ``2 ** (-26 * (k + 1))``; there are as many rows as the
    smallest number needs: one for float16, up to 6 for float32 and 42 for float64.
    """

    counts: Int[np.ndarray, "classes"]
    limbs: Int[np.ndarray, "limbs classes"]


def class_sums(
    labels: Integer[np.ndarray, "rows"],
    self_confidence: Float[np.ndarray, "rows"],
    n_classes: int,
) -> ClassSums:
    """Sum the self-confidence of each class over a chunk of at most `MOST_ROWS` rows."""
    limbs: list[Int[np.ndarray, "classes"]] = []
    rest = self_confidence.astype(np.float64)
    while not limbs or rest.any():
        rest = rest * 2.0**_BITS
        whole = np.floor(rest)
        rest = rest - whole
        limbs.append(np.bincount(labels, weights=whole, minlength=n_classes).astype(np.int64))
    return ClassSums(np.bincount(labels, minlength=n_classes), np.array(limbs))


def sums_of_all(
    labels: Integer[np.ndarray, "n"], self_confidence: Float[np.ndarray, "n"], n_classes: int
) -> ClassSums:
    """Sum the self-confidence of each class over any number of rows.

    Examples
    --------
    >>> sums_of_all(np.array([0, 1, 0]), np.array([0.5, 0.25, 0.5]), 2).counts
    array([2, 1])
    """
    slabs = [slice(at, at + MOST_ROWS) for at in range(0, len(labels), MOST_ROWS)]
    parts = (class_sums(labels[slab], self_confidence[slab], n_classes) for slab in slabs)
    return reduce(add_sums, parts)


def add_sums(a: ClassSums, b: ClassSums) -> ClassSums:
    """Add the sums of two sets of examples."""
    limbs = np.zeros((max(len(a.limbs), len(b.limbs)), len(a.counts)), np.int64)
    limbs[: len(a.limbs)] += a.limbs
    limbs[: len(b.limbs)] += b.limbs
    return ClassSums(a.counts + b.counts, limbs)


def thresholds(sums: ClassSums) -> Float[np.ndarray, "classes"]:
    """Return t_j, the mean of p(j) over the examples given j.

    A class without examples gets infinity, which no probability reaches.

    Parameters
    ----------
    sums : of all examples

    Returns
    -------
    ``(classes,)`` float64, each the exact mean rounded once

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, eq. (2);
    Northcutt, Athalye and Mueller (2021), appendix B.

    Examples
    --------
    >>> labels, p_given = np.array([0, 0, 1]), np.array([0.9, 0.7, 0.6])
    >>> thresholds(class_sums(labels, p_given, 3))
    array([0.8, 0.6, inf])
    """
    some = np.flatnonzero(sums.counts)
    limbs = sums.limbs[:, some].astype(object)  # integers of Python, which do not overflow
    total = reduce(lambda above, limb: (above << _BITS) + limb, limbs)
    # Python divides integers with one correct rounding
    means = np.full(len(sums.counts), np.inf)
    means[some] = total / (sums.counts[some].astype(object) << _BITS * len(limbs))
    return means


def thresholds_cleanlab(sums: ClassSums) -> Float[np.ndarray, "classes"]:
    """Return the thresholds as cleanlab 2.x has them: at least 2e-6, and 2 without examples.

    Examples
    --------
    >>> thresholds_cleanlab(class_sums(np.array([0, 0]), np.array([0.0, 0.0]), 2)).tolist()
    [2e-06, 2.0]
    """
    return np.where(sums.counts > 0, np.maximum(thresholds(sums), 2e-6), 2.0)


def mean_self_confidence(sums: ClassSums) -> float:
    """Return the mean self-confidence of all examples."""
    whole = ClassSums(sums.counts.sum(keepdims=True), sums.limbs.sum(axis=1, keepdims=True))
    return float(thresholds(whole)[0])
