"""The confident joint, its calibration, and the joint distribution of given and true labels.

Knows labels, probabilities and thresholds; leaves to `selection` which examples are flagged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Shaped

from errata.core.ranking import first_of_each_group
from errata.core.rows import NONE


@dataclass(frozen=True)
class PairCounts:
    """How many examples each (given, estimated) pair of classes has, where there are any.

    Ordered by given class, then by estimated class. With thousands of classes most pairs have
    none, and a table of all would not fit in memory.
    """

    n_classes: int
    given: Int[np.ndarray, "entries"]
    estimated: Int[np.ndarray, "entries"]
    counts: Int[np.ndarray, "entries"]

    @property
    def total(self) -> int:
        """How many examples are counted."""
        return int(self.counts.sum())

    def row_sums(self) -> Int[np.ndarray, "classes"]:
        """Return how many examples of each given class are counted."""
        return _sums(self.given, self.counts, self.n_classes)

    def diagonal(self) -> Int[np.ndarray, "classes"]:
        """Return how many examples of each class are estimated to be what they are given."""
        same = self.given == self.estimated
        return _sums(self.given[same], self.counts[same], self.n_classes)

    def table(self) -> Int[np.ndarray, "classes classes"]:
        """Return all counts, rows given, columns estimated."""
        return as_table(self.given, self.estimated, self.counts, self.n_classes)


def as_table(
    row: Int[np.ndarray, "entries"],
    column: Int[np.ndarray, "entries"],
    values: Shaped[np.ndarray, "entries"],
    n_classes: int,
) -> Shaped[np.ndarray, "classes classes"]:
    """Return a table of all pairs of classes from those that are not 0.

    Examples
    --------
    >>> as_table(np.array([1]), np.array([0]), np.array([0.5]), 2)
    array([[0. , 0. ],
           [0.5, 0. ]])
    """
    table = np.zeros((n_classes, n_classes), values.dtype)
    table[row, column] = values
    return table


def pair_counts(table: Int[np.ndarray, "classes classes"]) -> PairCounts:
    """Return the counts of a table that are not 0.

    Examples
    --------
    >>> found = pair_counts(np.array([[0, 2], [1, 0]]))
    >>> found.given, found.estimated, found.counts
    (array([0, 1]), array([1, 0]), array([2, 1]))
    """
    codes = np.flatnonzero(table != 0)  # ten times faster than nonzero
    given, estimated = np.divmod(codes, len(table))
    return PairCounts(len(table), given, estimated, table.ravel()[codes])


def _sums(
    group: Int[np.ndarray, "entries"], counts: Int[np.ndarray, "entries"], n_groups: int
) -> Int[np.ndarray, "groups"]:
    # as float64, which is exact up to 2**53
    return np.bincount(group, weights=counts, minlength=n_groups).astype(np.int64)


def confident_joint(
    labels: Integer[np.ndarray, "rows"], estimate: Integer[np.ndarray, "rows"], n_classes: int
) -> PairCounts:
    """Count the examples in each (given, estimated) pair.

    Parameters
    ----------
    labels, estimate : the given and the estimated class (`NONE`: not counted), ``(rows,)``

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, eq. (1).

    Examples
    --------
    >>> confident_joint(np.array([0, 0, 1, 1]), np.array([0, 1, 1, -1]), 2).table()
    array([[1, 1],
           [0, 1]])
    """
    counted = np.flatnonzero(estimate != NONE)
    # in int64: the product of narrow integers wraps round
    codes = labels[counted].astype(np.int64) * n_classes + estimate[counted]
    return _counted(codes, None, n_classes)


def _counted(
    codes: Int[np.ndarray, "entries"], counts: Int[np.ndarray, "entries"] | None, n_classes: int
) -> PairCounts:
    """Add up the counts of pairs, given * n_classes + estimated; without counts, 1 each."""
    if n_classes * n_classes <= 4 * len(codes):  # else sorting is faster than a table of all
        table = np.bincount(codes, counts, minlength=n_classes * n_classes)
        return pair_counts(table.astype(np.int64).reshape(n_classes, n_classes))
    if counts is None:
        codes, counts = np.unique(codes, return_counts=True)
    else:
        codes, place = np.unique(codes, return_inverse=True)
        counts = _sums(place, counts, len(codes))
    return PairCounts(n_classes, *np.divmod(codes, n_classes), counts)


def add_counts(parts: Sequence[PairCounts]) -> PairCounts:
    """Add the counts of several sets of examples.

    Examples
    --------
    >>> one = pair_counts(np.array([[0, 2], [1, 0]]))
    >>> add_counts([one, one]).table()
    array([[0, 4],
           [2, 0]])
    """
    m = parts[0].n_classes
    codes = np.concatenate([part.given * m + part.estimated for part in parts])
    return _counted(codes, np.concatenate([part.counts for part in parts]), m)


def with_a_diagonal(confident: PairCounts) -> PairCounts:
    """Raise every class' count of itself to 1 at least, as cleanlab 2.x does.

    Examples
    --------
    >>> with_a_diagonal(pair_counts(np.array([[0, 2], [1, 3]]))).table()
    array([[1, 2],
           [1, 3]])
    """
    missing = np.flatnonzero(confident.diagonal() == 0)
    diagonal = PairCounts(confident.n_classes, missing, missing, np.ones_like(missing))
    return add_counts([confident, diagonal])


def error_count(confident: PairCounts, n: int) -> int:
    """Return the estimated number of label errors: rho * n, rounded down.

    rho is the share of the (uncalibrated) confident joint that lies off its diagonal.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), section 3 and appendix B: the uncalibrated joint.

    Examples
    --------
    >>> error_count(pair_counts(np.array([[8, 1], [1, 10]])), 33)
    3
    """
    total = confident.total
    off_diagonal = total - int(confident.diagonal().sum())
    return off_diagonal * n // total if total else 0


def joint(
    confident: PairCounts, label_counts: Int[np.ndarray, "classes"]
) -> tuple[Int[np.ndarray, "entries"], Int[np.ndarray, "entries"], Float[np.ndarray, "entries"]]:
    """Return Q, the estimated joint distribution of given and true labels, where it is not 0.

    Each row of the confident joint is scaled to the number of examples given that class, then
    the whole is normalised: Q sums to 1, and n times Q are the calibrated counts. A class with
    examples of which none is confident for any class keeps them all on the diagonal: nothing is
    known against its labels.

    Returns
    -------
    given class, true class and share of each entry, ordered by given class, then by true class

    References
    ----------
    Northcutt, Athalye and Mueller (2021), eq. (2); Northcutt, Jiang and Chuang (2021),
    "Confident Learning", JAIR 70, eq. (3).

    Examples
    --------
    >>> given, true, share = joint(pair_counts(np.array([[3, 1], [0, 0]])), np.array([8, 2]))
    >>> given, true, share
    (array([0, 0, 1]), array([0, 1, 1]), array([0.6, 0.2, 0.2]))
    """
    known = _with_the_unknown(confident, label_counts)
    share = known.counts / known.row_sums()[known.given] * label_counts[known.given]
    return known.given, known.estimated, share / share.sum()


def _with_the_unknown(
    confident: PairCounts, label_counts: Int[np.ndarray, "classes"]
) -> PairCounts:
    """Put the classes of which no example is counted on the diagonal with all they have."""
    unknown = np.flatnonzero((confident.row_sums() == 0) & (label_counts > 0))
    if not len(unknown):
        return confident
    diagonal = PairCounts(confident.n_classes, unknown, unknown, label_counts[unknown])
    return add_counts([confident, diagonal])


def calibrated_counts(
    confident: PairCounts, label_counts: Int[np.ndarray, "classes"]
) -> PairCounts:
    """Return n times Q in whole numbers; each row keeps its number of given examples.

    Done in integers: every entry is rounded down, then the entries of the row that lost most
    gain one each until the sum fits; among equals the lower column.

    Examples
    --------
    >>> confident = pair_counts(np.array([[2, 1, 1], [0, 3, 0], [0, 0, 0]]))
    >>> calibrated_counts(confident, np.array([6, 3, 1])).table()
    array([[3, 2, 1],
           [0, 3, 0],
           [0, 0, 1]])
    """
    known = _with_the_unknown(confident, label_counts)
    row = known.given
    counts, lost = np.divmod(known.counts * label_counts[row], known.row_sums()[row])
    short = label_counts - _sums(row, counts, known.n_classes)
    gains = first_of_each_group(row, -lost, known.estimated, short)
    counts = counts + gains
    some = counts > 0
    return PairCounts(known.n_classes, row[some], known.estimated[some], counts[some])


def calibrated_counts_cleanlab(
    confident: PairCounts, label_counts: Int[np.ndarray, "classes"]
) -> PairCounts:
    """Return n times Q in whole numbers as cleanlab 2.x rounds it.

    In floating point, ties in the order that NumPy's default sort leaves them, and at least 1 on
    the diagonal, taken evenly from the rest of the row. Rows of classes with one example or none
    are 0: such a class keeps what it has.
    """
    table = confident.table()
    row_sums = table.sum(axis=1)
    scaled = table / np.maximum(row_sums, 1)[:, None] * label_counts[:, None]
    unknown = np.flatnonzero(row_sums == 0)
    scaled[unknown, unknown] = label_counts[unknown]
    # the sum runs down the columns, whose order decides the last bit, and that some ties
    exact = scaled / np.asfortranarray(scaled).sum() * label_counts.sum()
    counts = np.rint(exact)
    short = (np.rint(exact.sum(axis=1)) - counts.sum(axis=1)).astype(np.int64)
    for row in np.flatnonzero(short):
        step = 1 if short[row] > 0 else -1
        order = np.argsort(exact[row] - counts[row])[::-step]
        counts[row, order[: abs(short[row])]] += step
    raised = np.maximum(counts.diagonal(), 1)
    others = np.maximum(np.count_nonzero(counts, axis=1) - 1, 1)
    share = (raised - counts.diagonal()) / others
    whole: Int[np.ndarray, "classes classes"] = np.maximum(counts - share[:, None], 0).astype(int)
    np.fill_diagonal(whole, raised)
    whole[label_counts <= 1] = 0
    return pair_counts(whole)


def bars_in(
    dtype: np.dtype[np.floating], bars: Float[np.ndarray, "classes"]
) -> Float[np.ndarray, "classes"]:
    """Return the smallest numbers of a float type that reach the bars.

    A probability of that type reaches one exactly where it reaches the other, so chunks can be
    compared without being widened.

    Examples
    --------
    >>> bars_in(np.dtype(np.float16), np.array([0.5, 0.1])) >= np.array([0.5, 0.1])
    array([ True,  True])
    """
    near = bars.astype(dtype)
    return np.where(near < bars, np.nextafter(near, dtype.type(np.inf)), near)


def settled(
    top: Integer[np.ndarray, "rows"],
    confidence: Float[np.ndarray, "rows"],
    bars: Float[np.ndarray, "classes"],
    most: float,
) -> tuple[Bool[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
    """Tell how far the most probable class settles the estimate, so that few others need a look.

    Parameters
    ----------
    top, confidence : the most probable class and its probability
    most : what a row sums to, at most

    Returns
    -------
    where it reaches its bar, and is the estimate whatever collides; and how much any other
    class can have: where that is below every bar and the first is not so, there is no estimate
    """
    wide = confidence.astype(np.float64)
    return confidence >= bars[top], np.minimum(wide, most - wide)
