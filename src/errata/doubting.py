"""How doubtful each label of an audit is by its probabilities, and what else it could be.

`find` notes this of what it flags; here it is told of every example, flagged or not, for those that
chance draws and for what they stand for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Integer

from errata.core import ranking
from errata.core.rows import DenseRows

_ENTRIES_AT_ONCE = 2**22
"""So many probabilities are looked at at once."""


@dataclass(frozen=True, eq=False)
class Doubts:
    """What the probabilities say to each given label.

    Attributes
    ----------
    margin : the normalized margin, -1 (worst) to 1, ``(n,)``
    suggested : the most probable class but the given one, the lower of equals, ``(n,)``
    """

    margin: Float[np.ndarray, "n"]
    suggested: Int[np.ndarray, "n"]

    @property
    def predicted(self) -> Float[np.ndarray, "n"]:
        """A guess at the probability that the label is wrong: the margin, turned into ``0..1``."""
        guess: Float[np.ndarray, "n"] = np.clip((1 - self.margin) / 2, 0, 1)
        return guess


def doubts(
    given: Integer[np.ndarray, "n"],
    tables: Sequence[Float[np.ndarray, "n classes"]],
    *,
    normalize: bool = False,
) -> Doubts:
    """Return what the mean of some sets of probabilities says to each given label.

    Parameters
    ----------
    given : in ``0..classes-1``
    tables : one or more sets, in memory or mapped
    normalize : scale each row to a sum of 1

    Examples
    --------
    >>> told = doubts(np.array([0, 0]), [np.array([[0.75, 0.25], [0.25, 0.75]])])
    >>> told.margin, told.suggested, told.predicted
    (array([ 0.5, -0.5]), array([1, 1]), array([0.25, 0.75]))
    """
    n, classes = len(given), tables[0].shape[1]
    margin, suggested = np.empty(n), np.empty(n, dtype=np.int64)
    step = max(1, _ENTRIES_AT_ONCE // classes)
    for begin in range(0, n, step):
        some = slice(begin, begin + step)
        rows, own = mean_rows(tables, some, normalize=normalize), given[some].astype(np.int64)
        suggested[some], other = rows.others(own)
        confidence = rows.at(np.arange(len(own)), own)
        margin[some] = ranking.normalized_margin(confidence, other)
    return Doubts(margin, suggested)


def mean_rows(
    tables: Sequence[Float[np.ndarray, "n classes"]],
    some: "slice | Int[np.ndarray, '_some']",
    *,
    normalize: bool = False,
) -> DenseRows:
    """Return the mean of some sets of probabilities for some examples, in float64."""
    each = [np.asarray(table[some], np.float64) for table in tables]
    rows = DenseRows(np.mean(each, axis=0))
    return rows.normalized() if normalize else rows


def scores(
    given: Int[np.ndarray, "some"], rows: DenseRows, *, score: str, compat: str | None
) -> Float[np.ndarray, "some"]:
    """Return the scores of some examples as a run of `find` would have told them.

    Parameters
    ----------
    given : their labels
    rows : their probabilities
    score, compat : of the run

    Examples
    --------
    >>> rows = DenseRows(np.array([[0.75, 0.25]]))
    >>> scores(np.array([0]), rows, score="normalized_margin", compat=None)
    array([0.5])
    """
    confidence = rows.at(np.arange(len(given)), given)
    if score == "self_confidence":
        return confidence.astype(np.float64)
    if score == "weighted_entropy":
        entropy: Any = ranking.weighted_entropy
        if compat == "cleanlab":
            entropy = ranking.weighted_entropy_cleanlab
        weighted: Float[np.ndarray, "some"] = entropy(confidence, rows.entropy())
        return weighted
    margin = ranking.normalized_margin(confidence, rows.others(given)[1])
    return (margin + 1) / 2 if compat == "cleanlab" else margin
