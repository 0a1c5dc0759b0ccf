"""Several labels per example: each label against the rest.

Whether a label applies is a problem of two classes, 0 (it does not) and 1 (it does), with the
probabilities 1 - p and p. The arithmetic of that problem is the one of the other modules of
`core`; this one puts it together for one label, and the scores of an example's labels into one.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from errata.core import joint as joints
from errata.core import ranking, selection
from errata.core.ranking import RowStats, Score
from errata.core.rows import NONE, DenseRows
from errata.core.selection import Rule
from errata.core.thresholds import sums_of_all, thresholds, thresholds_cleanlab

ALPHA = 0.8
"""Weight of the lowest score in `moving_average`; the best of those tried by its authors."""


@dataclass(frozen=True)
class AgainstRest:
    """What is found of one label against the rest."""

    thresholds: Float[np.ndarray, "2"]  # of "does not apply" and "applies"
    confident_joint: Int[np.ndarray, "2 2"]  # rows given, columns estimated
    estimated_errors: int
    flagged: dict[Rule, Int[np.ndarray, "_rows"]]  # the examples whose entry a rule flags


def against_rest(
    applies: Bool[np.ndarray, "n"],
    p: Float[np.ndarray, "n"],
    tie: Int[np.ndarray, "n"],
    *,
    cleanlab: bool = False,
) -> AgainstRest:
    """Find the examples for which one label is probably wrong, in either direction.

    Parameters
    ----------
    applies : whether the label is given to the example
    p : probability that it applies
    tie : place of each example among equals
    cleanlab : take the definitions of cleanlab 2.9, which ignore ``tie``

    Returns
    -------
    `AgainstRest`; rule ``margin`` flags as many of the lowest margins as errors are estimated.
    (That of cleanlab looks at whole examples; of one label it takes what ``confident`` flags.)

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, eq. (1) and (2), for two
    classes; Thyagarajan, Snorrason, Northcutt and Mueller (2022), "Identifying Incorrect
    Annotations in Multi-Label Classification Data", section 3.

    Examples
    --------
    >>> applies = np.array([True, True, False, False, False])
    >>> p = np.array([0.9, 0.2, 0.1, 0.8, 0.3])
    >>> found = against_rest(applies, p, np.arange(5))
    >>> found.confident_joint
    array([[2, 1],
           [1, 1]])
    >>> found.flagged["margin"], found.flagged["argmax"]
    (array([1, 3]), array([1, 3]))
    """
    labels = applies.astype(np.int64)
    probs = np.stack([1 - p, p], axis=1)
    rows, top = np.arange(len(labels)), (probs[:, 1] > probs[:, 0]).astype(np.int64)
    stats = RowStats(probs[rows, labels], top, probs[rows, top])
    sums = sums_of_all(labels, stats.self_confidence, 2)
    means = thresholds_cleanlab(sums) if cleanlab else thresholds(sums)
    # of two classes that reach their thresholds the more probable is the more probable of all,
    # so the paper and cleanlab agree where they collide
    reached = probs >= (means - 1e-6 if cleanlab else means)
    best = np.where(reached, probs, -np.inf).argmax(axis=1)
    estimate = np.where(reached.any(axis=1), best, NONE)
    confident = joints.confident_joint(labels, estimate, 2)
    if cleanlab:
        confident = joints.with_a_diagonal(confident)
        counts = joints.calibrated_counts_cleanlab(confident, sums.counts)
        noise_rate = selection.by_noise_rate_cleanlab(labels, probs, counts)
        of_class = selection.by_class_cleanlab(labels, stats.self_confidence, counts)
    else:
        counts = joints.calibrated_counts(confident, sums.counts)
        pairs = selection.pairs_of(counts)
        pair = pairs.find(labels, 1 - labels)
        lead = np.where(applies, probs[:, 0] - probs[:, 1], probs[:, 1] - probs[:, 0])
        noise_rate = pair >= 0
        noise_rate[noise_rate] = ranking.first_of_each_group(
            pair[noise_rate], -lead[noise_rate], tie[noise_rate], pairs.wanted
        )
        of_class = ranking.first_of_each_group(
            labels, stats.self_confidence, tie, selection.of_class(counts)
        )
    masks = selection.flags(
        labels, stats, estimate, noise_rate=noise_rate, of_class=of_class, cleanlab=cleanlab
    )
    if cleanlab:
        errors = int(masks["confident"].sum())
        masks["margin"] = masks["confident"]
    else:
        errors = joints.error_count(confident, len(labels))
        margin = ranking.normalized_margin(stats.self_confidence, np.where(applies, 1 - p, p))
        masks["margin"] = ranking.lowest(margin, tie, errors)
    flagged = {rule: np.flatnonzero(mask) for rule, mask in masks.items()}
    return AgainstRest(means, confident.table(), errors, flagged)


def self_confidence(
    applies: Bool[np.ndarray, "rows classes"], probs: Float[np.ndarray, "rows classes"]
) -> Float[np.ndarray, "rows classes"]:
    """Return for every label the probability of what is given: p where it applies, else 1 - p.

    Examples
    --------
    >>> self_confidence(np.array([[True, False]]), np.array([[0.75, 0.75]]))
    array([[0.75, 0.25]])
    """
    return np.where(applies, probs, 1 - probs)


def entry_scores(
    applies: Bool[np.ndarray, "rows classes"],
    probs: Float[np.ndarray, "rows classes"],
    score: Score,
    *,
    cleanlab: bool = False,
) -> Float[np.ndarray, "rows classes"]:
    """Return the score of every label of every example, in float64; low is suspicious.

    Each is the score of `ranking` for the two classes "applies" and "does not".

    Examples
    --------
    >>> applies, probs = np.array([[True, False]]), np.array([[0.75, 0.75]])
    >>> entry_scores(applies, probs, "normalized_margin")
    array([[ 0.5, -0.5]])
    """
    own = self_confidence(applies, probs)
    if score == "self_confidence":
        return own.astype(np.float64)
    if score == "weighted_entropy":
        entropy = ranking.weighted_entropy_cleanlab if cleanlab else ranking.weighted_entropy
        two = np.stack([1 - probs.ravel(), probs.ravel()], axis=1)
        return entropy(own.ravel(), DenseRows(two).entropy()).reshape(own.shape)
    margin = ranking.normalized_margin(own.ravel(), self_confidence(~applies, probs).ravel())
    return ((margin + 1) / 2 if cleanlab else margin).reshape(own.shape)


def moving_average(
    scores: Float[np.ndarray, "rows classes"], alpha: float = ALPHA
) -> Float[np.ndarray, "rows"]:
    """Return one score for each example: the exponential moving average, from best to worst label.

    With the scores sorted to fall, e_1 = s_1 and e_t = alpha s_t + (1 - alpha) e_{t-1}; the last
    e is the score. So the worst label counts most, and the next ones settle what it leaves equal.

    References
    ----------
    Thyagarajan, Snorrason, Northcutt and Mueller (2022), "Identifying Incorrect Annotations in
    Multi-Label Classification Data", section 3.

    Examples
    --------
    >>> moving_average(np.array([[0.5, 1.0], [1.0, 0.5]])).round(3)
    array([0.6, 0.6])
    """
    rising = np.sort(scores, axis=1).T
    average: Float[np.ndarray, "rows"] = rising[-1].copy()
    for score in rising[-2::-1]:
        average = alpha * score + (1 - alpha) * average
    return average
