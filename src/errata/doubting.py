"""How doubtful each label of an audit is by what a run of `find` looked at, and what else it is.

`find` notes this of what it flags; here it is told of every example, flagged or not, for those that
chance draws and for what they stand for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Integer

from errata.core import ranking
from errata.core.crowd import Voters
from errata.core.rows import DenseRows

_ENTRIES_AT_ONCE = 2**22
"""So many probabilities are looked at at once."""


@dataclass(frozen=True, eq=False)
class Doubts:
    """What the probabilities, or models as voters, say to each given label.

    Attributes
    ----------
    predicted : a guess at the probability that the label is wrong, 0 to 1, ``(n,)``. Of
        probabilities it is the normalized margin, turned into ``0..1``; of voters, their posterior
    suggested : the most probable class but the given one, the lower of equals, ``(n,)``
    """

    predicted: Float[np.ndarray, "n"]
    suggested: Int[np.ndarray, "n"]


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
    >>> told.predicted, told.suggested
    (array([0.25, 0.75]), array([1, 1]))
    """
    n, classes = len(given), tables[0].shape[1]
    margin, suggested = np.empty(n), np.empty(n, dtype=np.int64)
    for some in blocks(n, classes):
        rows, own = mean_rows(tables, some, normalize=normalize), given[some].astype(np.int64)
        suggested[some], other = rows.others(own)
        confidence = rows.at(np.arange(len(own)), own)
        margin[some] = ranking.normalized_margin(confidence, other)
    return Doubts(np.clip((1 - margin) / 2, 0, 1), suggested)


def voted_doubts(given: Integer[np.ndarray, "n"], found: Voters, n_classes: int) -> Doubts:
    """Return what models as voters say to each given label.

    Where all of them answer the given label, the suggested one is what they say most often in
    place of that label elsewhere; or the next class, if they never do.

    Parameters
    ----------
    given : in ``0..n_classes-1``
    found : what `errata.core.crowd.models_as_voters` returned

    Examples
    --------
    >>> from errata.core.crowd import models_as_voters
    >>> given = np.array([0, 0, 1, 2])
    >>> answers = np.repeat([[0], [2], [1], [2]], 3, axis=1)
    >>> told = voted_doubts(given, models_as_voters(answers, given, 3), 3)
    >>> told.predicted.round(2), told.suggested
    (array([0.  , 0.52, 0.  , 0.  ]), array([2, 2, 2, 0]))
    """
    given = given.astype(np.int64)
    elsewhere = (np.arange(n_classes) + 1) % n_classes
    differ = found.rival >= 0
    pairs, times = np.unique(given[differ] * n_classes + found.rival[differ], return_counts=True)
    # the last that is written stays: the most frequent one, of equals the lower class
    rising = np.lexsort([-pairs, times])
    elsewhere[pairs[rising] // n_classes] = pairs[rising] % n_classes
    return Doubts(found.wrong, np.where(differ, found.rival, elsewhere[given]))


def blocks(n: int, classes: int) -> list[slice]:
    """Return parts of ``n`` examples, each of so many probabilities as are looked at at once."""
    step = max(1, _ENTRIES_AT_ONCE // classes)
    return [slice(begin, begin + step) for begin in range(0, n, step)]


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
