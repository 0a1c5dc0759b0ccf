"""The sets of examples that verdicts make, and the accuracies and ranks of models on them.

Everything is counted in whole numbers; a division comes last. Where a model's predictions come
from, and how a comparison of models is laid out, is for others.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from errata.core.consensus import CORRECTABLE, NON_ERROR, OPEN


@dataclass(frozen=True, eq=False)
class Sets:
    """Which examples belong to which of the paper's sets, each a mask over all ``n`` examples.

    ``benign`` (B), ``correctable`` (C) and ``unknown`` (U) share out all examples (D), and
    ``pruned`` (P) is B and C together. Examples that nobody reviewed count as benign.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), definitions 3 to 6.
    """

    benign: Bool[np.ndarray, "n"]
    unknown: Bool[np.ndarray, "n"]
    pruned: Bool[np.ndarray, "n"]
    correctable: Bool[np.ndarray, "n"]

    @property
    def noise_prevalence(self) -> float:
        """The share of P that is in C, ``N``; nan if P is empty."""
        return accuracy(self.correctable, self.pruned)


def label_sets(
    n: int, examples: Int[np.ndarray, "candidates"], codes: Int[np.ndarray, "candidates"]
) -> Sets:
    """Return the sets B, U, P and C that the verdicts on the candidates make of ``n`` examples.

    Parameters
    ----------
    n : how many examples there are
    examples : the candidates, each an example in ``0..n-1``, no example twice
    codes : their verdicts, as `errata.core.consensus.verdict_codes` gives them; ``-1`` for a
        candidate not decided yet, which counts as unreviewed

    Examples
    --------
    >>> sets = label_sets(4, np.array([0, 3, 1]), np.array([1, 4, 0]))
    >>> sets.correctable, sets.unknown
    (array([ True, False, False, False]), array([False, False, False,  True]))
    >>> round(sets.noise_prevalence, 3)
    0.333
    """
    correctable, unknown = np.zeros((2, n), dtype=bool)
    correctable[examples[codes == CORRECTABLE]] = True
    unknown[examples[~np.isin(codes, (OPEN, NON_ERROR, CORRECTABLE))]] = True
    assert not (correctable & unknown).any(), "an example is a candidate twice"
    pruned = ~unknown
    return Sets(
        benign=pruned & ~correctable, unknown=unknown, pruned=pruned, correctable=correctable
    )


def corrected_labels(
    given: Integer[np.ndarray, "n"],
    examples: Int[np.ndarray, "candidates"],
    suggested: Integer[np.ndarray, "candidates"],
    codes: Int[np.ndarray, "candidates"],
) -> Int[np.ndarray, "n"]:
    """Return the given labels with the suggested one wherever the verdict is correctable.

    Examples
    --------
    >>> given, suggested = np.array([7, 8, 9]), np.array([0, 1])
    >>> corrected_labels(given, np.array([2, 0]), suggested, np.array([1, 4]))
    array([7, 8, 0])
    """
    corrected = given.astype(np.int64)  # a copy, and wide enough for every suggested label
    correctable = codes == CORRECTABLE
    corrected[examples[correctable]] = suggested[correctable]
    return corrected


def corrected_sets(
    given: Bool[np.ndarray, "n classes"],
    examples: Int[np.ndarray, "candidates"],
    agreed: Bool[np.ndarray, "candidates classes"],
    codes: Int[np.ndarray, "candidates"],
) -> Bool[np.ndarray, "n classes"]:
    """Return the given sets of labels with the agreed one wherever the verdict is correctable.

    Examples
    --------
    >>> given, agreed = np.array([[True, False], [True, False]]), np.array([[True, True]])
    >>> corrected_sets(given, np.array([1]), agreed, np.array([1]))
    array([[ True, False],
           [ True,  True]])
    """
    corrected = given.copy()
    correctable = codes == CORRECTABLE
    corrected[examples[correctable]] = agreed[correctable]
    return corrected


def hits(
    top: Integer[np.ndarray, "n columns"], labels: Integer[np.ndarray, "n"], k: int
) -> Bool[np.ndarray, "n"]:
    """Return for which examples the label is among the model's ``k`` best answers.

    Parameters
    ----------
    top : a model's answers, best first
    labels : what counts as right
    k : how many answers count, in ``1..columns``

    Examples
    --------
    >>> top = np.array([[0, 1], [2, 0], [1, 2]])
    >>> hits(top, np.array([1, 2, 0]), k=1), hits(top, np.array([1, 2, 0]), k=2)
    (array([False,  True, False]), array([ True,  True, False]))
    """
    assert 1 <= k <= top.shape[1], "fewer answers than k"
    found: Bool[np.ndarray, "n"] = (top[:, :k] == labels[:, np.newaxis]).any(axis=1)
    return found


def accuracy(hits: Bool[np.ndarray, "n"], subset: Bool[np.ndarray, "n"]) -> float:
    """Return the share of the examples in ``subset`` that are hits; nan if it has none.

    Examples
    --------
    >>> accuracy(np.array([True, False, True]), np.array([True, True, False]))
    0.5
    """
    size = int(np.count_nonzero(subset))
    return int(np.count_nonzero(hits & subset)) / size if size else float("nan")


def ranks(
    accuracies: Float[np.ndarray, "models"] | Integer[np.ndarray, "models"],
) -> Int[np.ndarray, "models"]:
    """Return each model's rank: 1 for the best, and one more than the number of better models.

    Models that tie share the best rank of the places they fill (1, 2, 2, 4). Accuracies and
    counts of hits on one set give the same ranks. A model whose accuracy is nan has none: 0.

    Examples
    --------
    >>> ranks(np.array([0.5, 0.9, 0.9, 0.2]))
    array([3, 1, 1, 4])
    """
    known = np.isfinite(accuracies)
    ascending = np.sort(accuracies[known])
    better = ascending.size - np.searchsorted(ascending, accuracies, side="right")
    return np.where(known, better + 1, 0)
