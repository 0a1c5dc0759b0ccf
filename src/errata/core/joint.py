"""The confident joint, its calibration, and the joint distribution of given and true labels.

Knows labels, probabilities and thresholds; leaves to `selection` which examples are flagged.
"""

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from errata.core.ranking import first_of_each_group


def estimates(
    probs: Float[np.ndarray, "rows classes"],
    bars: Float[np.ndarray, "classes"],
    *,
    several: Integer[np.ndarray, "rows"] | None = None,
) -> Int[np.ndarray, "rows"]:
    """Return the class each example is confidently estimated to belong to, -1 where there is none.

    A class is confident for an example whose probability of it reaches the bar. Where several
    are, they collide, and the paper takes the most probable of them. cleanlab 2.x takes the most
    probable of all classes, even one below its own threshold.

    Parameters
    ----------
    probs : a chunk, ``(rows, classes)``
    bars : the probability each class must reach: its threshold
    several : the estimate where several classes collide, in place of the paper's

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, eq. (1).

    Examples
    --------
    >>> probs = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
    >>> estimates(probs, np.array([0.6, 0.3, 0.2]))
    array([1, 1, 2])
    >>> estimates(probs, np.array([0.6, 0.3, 0.2]), several=probs.argmax(axis=1))
    array([0, 1, 2])
    """
    confident = probs >= bars
    how_many = np.count_nonzero(confident, axis=1)
    rows = np.flatnonzero(how_many)
    estimate = np.full(len(probs), -1)
    estimate[rows] = np.where(confident[rows], probs[rows], -1).argmax(axis=1)
    return estimate if several is None else np.where(how_many > 1, several, estimate)


def confident_joint(
    labels: Integer[np.ndarray, "rows"], estimate: Integer[np.ndarray, "rows"], n_classes: int
) -> Int[np.ndarray, "classes classes"]:
    """Count the examples in each (given, estimated) pair; counts of chunks add.

    Parameters
    ----------
    labels, estimate : the given and the estimated class (-1: none, not counted), ``(rows,)``

    Returns
    -------
    ``joint[i, j]``: how many examples given ``i`` are estimated ``j``

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, eq. (1).

    Examples
    --------
    >>> confident_joint(np.array([0, 0, 1, 1]), np.array([0, 1, 1, -1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    counted = estimate >= 0
    shape = (n_classes, n_classes)
    # ravel_multi_index, not labels * n_classes + estimate, which wraps round in narrow integers
    pairs = np.ravel_multi_index((labels[counted], estimate[counted]), shape)
    return np.bincount(pairs, minlength=n_classes * n_classes).reshape(shape)


def error_count(confident: Int[np.ndarray, "classes classes"], n: int) -> int:
    """Return the estimated number of label errors: rho * n, rounded down.

    rho is the share of the (uncalibrated) confident joint that lies off its diagonal.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), section 3 and appendix B: the uncalibrated joint.

    Examples
    --------
    >>> error_count(np.array([[8, 1], [1, 10]]), 33)
    3
    """
    total = int(confident.sum())
    off_diagonal = total - int(confident.trace())
    return off_diagonal * n // total if total else 0


def joint(
    confident: Int[np.ndarray, "classes classes"], label_counts: Int[np.ndarray, "classes"]
) -> Float[np.ndarray, "classes classes"]:
    """Return Q, the estimated joint distribution of given (rows) and true (columns) labels.

    Each row of the confident joint is scaled to the number of examples given that class, then
    the whole is normalised: Q sums to 1, and n times Q are the calibrated counts. A class with
    examples of which none is confident for any class keeps them all on the diagonal: nothing is
    known against its labels.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), eq. (2); Northcutt, Jiang and Chuang (2021),
    "Confident Learning", JAIR 70, eq. (3).

    Examples
    --------
    >>> joint(np.array([[3, 1], [0, 0]]), np.array([8, 2]))
    array([[0.6, 0.2],
           [0. , 0.2]])
    """
    scaled = _scaled(confident, label_counts)
    scaled /= scaled.sum()
    return scaled


def _scaled(
    confident: Int[np.ndarray, "classes classes"], label_counts: Int[np.ndarray, "classes"]
) -> Float[np.ndarray, "classes classes"]:
    row_sums = confident.sum(axis=1)
    scaled: Float[np.ndarray, "classes classes"] = confident / np.maximum(row_sums, 1)[:, None]
    scaled *= label_counts[:, None]
    nothing = np.flatnonzero(row_sums == 0)
    scaled[nothing, nothing] = label_counts[nothing]
    return scaled


def entries(
    counts: Int[np.ndarray, "classes classes"],
) -> tuple[Int[np.ndarray, "entries"], Int[np.ndarray, "entries"]]:
    """Return rows and columns of the entries that are not 0, row by row.

    Examples
    --------
    >>> entries(np.array([[0, 2], [1, 0]]))
    (array([0, 1]), array([1, 0]))
    """
    return np.divmod(np.flatnonzero(counts != 0), len(counts))  # ten times faster than nonzero


def calibrated_counts(
    confident: Int[np.ndarray, "classes classes"], label_counts: Int[np.ndarray, "classes"]
) -> Int[np.ndarray, "classes classes"]:
    """Return n times Q in whole numbers; each row keeps its number of given examples.

    Done in integers: every entry is rounded down, then the entries of the row that lost most
    gain one each until the sum fits; among equals the lower column.

    Examples
    --------
    >>> calibrated_counts(np.array([[2, 1, 1], [0, 3, 0], [0, 0, 0]]), np.array([6, 3, 1]))
    array([[3, 2, 1],
           [0, 3, 0],
           [0, 0, 1]])
    """
    row, column = entries(confident)  # most are 0 and stay so
    counts, lost = np.divmod(confident[row, column] * label_counts[row], confident.sum(axis=1)[row])
    kept = np.bincount(row, weights=counts, minlength=len(confident)).astype(np.int64)
    gains = first_of_each_group(row, -lost, column, label_counts - kept)
    whole = np.zeros_like(confident)
    whole[row, column] = counts + gains
    nothing = np.flatnonzero(confident.sum(axis=1) == 0)
    whole[nothing, nothing] = label_counts[nothing]
    return whole


def calibrated_counts_cleanlab(
    confident: Int[np.ndarray, "classes classes"], label_counts: Int[np.ndarray, "classes"]
) -> Int[np.ndarray, "classes classes"]:
    """Return n times Q in whole numbers as cleanlab 2.x rounds it.

    In floating point, ties in the order that NumPy's default sort leaves them, and at least 1 on
    the diagonal, taken evenly from the rest of the row. Rows of classes with one example or none
    are 0: such a class keeps what it has.
    """
    # the sum runs down the columns, whose order decides the last bit, and that some ties
    scaled = _scaled(confident, label_counts)
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
    return whole


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
