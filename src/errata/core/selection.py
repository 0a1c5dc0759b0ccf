"""The rules: which examples are flagged as probable label errors.

Each rule is a function that returns a mask over all examples. Knows what `joint` and `ranking`
computed; leaves the order of the flagged examples to `ranking`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from errata.core.joint import entries
from errata.core.ranking import RowStats, first_of_each_group

Rule = Literal["margin", "noise_rate", "class", "both", "confident", "argmax"]
RULES: tuple[Rule, ...] = get_args(Rule)


def by_class(
    labels: Integer[np.ndarray, "n"],
    self_confidence: Float[np.ndarray, "n"],
    tie: Integer[np.ndarray, "n"],
    counts: Int[np.ndarray, "classes classes"],
) -> Bool[np.ndarray, "n"]:
    """Flag the lowest self-confidences of each given class: rule ``class``.

    As many of a class as its row of the joint has off the diagonal.

    Parameters
    ----------
    counts : calibrated and rounded joint counts, rows given

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, section 3.2, method 3 (prune
    by class).

    Examples
    --------
    >>> labels, p_given = np.array([0, 0, 0, 1]), np.array([0.9, 0.1, 0.4, 0.2])
    >>> by_class(labels, p_given, np.arange(4), np.array([[2, 1], [0, 1]]))
    array([False,  True, False, False])
    """
    wanted = counts.sum(axis=1) - counts.diagonal()
    return first_of_each_group(labels, self_confidence, tie, wanted)


def by_class_cleanlab(
    labels: Integer[np.ndarray, "n"],
    self_confidence: Float[np.ndarray, "n"],
    counts: Int[np.ndarray, "classes classes"],
) -> Bool[np.ndarray, "n"]:
    """Flag as `by_class`, but leave equal self-confidences in the order of NumPy's default sort.

    cleanlab sorts each class so. Probabilities of exactly 0 make such ties common (seven at the
    cut of one class of 20news), and its flags can be matched only by the same call on the same
    array.
    """
    sizes = np.bincount(labels, minlength=len(counts))
    wanted = np.where(sizes > 1, sizes - counts.diagonal(), 0)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    mask = np.zeros(len(labels), bool)
    for index, rows in enumerate(members):
        mask[rows[np.argsort(self_confidence[rows])[: wanted[index]]]] = True
    return mask


@dataclass(frozen=True)
class Pairs:
    """The (given, other) pairs that the joint counts, ordered by given class."""

    n_classes: int
    begins: Int[np.ndarray, "classes"]  # where the pairs of each given class begin
    lengths: Int[np.ndarray, "classes"]  # and how many it has
    others: Int[np.ndarray, "pairs"]
    wanted: Int[np.ndarray, "pairs"]  # examples the joint counts


def pairs_of(counts: Int[np.ndarray, "classes classes"]) -> Pairs:
    """Return the off-diagonal pairs of the calibrated counts (rows given) that have a count."""
    given, others = entries(counts)
    off_diagonal = given != others
    given, others = given[off_diagonal], others[off_diagonal]
    lengths = np.bincount(given, minlength=len(counts))
    begins = np.cumsum(lengths) - lengths
    return Pairs(len(counts), begins, lengths, others, counts[given, others])


@dataclass(frozen=True)
class PairLeaders:
    """For each pair the examples whose other class leads most over the given one."""

    pair: Int[np.ndarray, "entries"]  # position in `Pairs`
    lead: Float[np.ndarray, "entries"]  # p(other) - p(given)
    index: Int[np.ndarray, "entries"]
    tie: Int[np.ndarray, "entries"]


def pair_leaders(
    labels: Integer[np.ndarray, "rows"],
    probs: Float[np.ndarray, "rows classes"],
    pairs: Pairs,
    *,
    start: int,
    tie: Integer[np.ndarray, "rows"],
) -> PairLeaders:
    """Return the leaders of each pair in one chunk, no more of a pair than it wants.

    Parameters
    ----------
    start : index of the chunk's first example
    tie : place of each example among equals
    """
    lengths = pairs.lengths[labels]
    row = np.repeat(np.arange(len(labels)), lengths)
    # the stretch of each row counts up from where the pairs of its class begin
    pair = np.arange(len(row)) + np.repeat(
        pairs.begins[labels] - np.cumsum(lengths) + lengths, lengths
    )
    given = probs[np.arange(len(labels)), labels].astype(np.float64)
    lead = probs[row, pairs.others[pair]].astype(np.float64) - given[row]
    return _keep_leaders(PairLeaders(pair, lead, row + start, tie[row]), pairs)


def merge_leaders(parts: list[PairLeaders], pairs: Pairs) -> PairLeaders:
    """Merge the leaders of several chunks, in any order."""
    return _keep_leaders(
        PairLeaders(
            np.concatenate([part.pair for part in parts]),
            np.concatenate([part.lead for part in parts]),
            np.concatenate([part.index for part in parts]),
            np.concatenate([part.tie for part in parts]),
        ),
        pairs,
    )


def _keep_leaders(leaders: PairLeaders, pairs: Pairs) -> PairLeaders:
    kept = first_of_each_group(leaders.pair, -leaders.lead, leaders.tie, pairs.wanted)
    return PairLeaders(
        leaders.pair[kept], leaders.lead[kept], leaders.index[kept], leaders.tie[kept]
    )


def by_noise_rate(leaders: PairLeaders, n: int) -> Bool[np.ndarray, "n"]:
    """Flag the leaders of every pair: rule ``noise_rate``.

    For each off-diagonal entry of the joint as many examples as it counts, those with the
    largest p(other) - p(given).

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, section 3.2, method 4 (prune
    by noise rate).
    """
    mask = np.zeros(n, bool)
    mask[leaders.index] = True
    return mask


def by_noise_rate_cleanlab(
    labels: Integer[np.ndarray, "n"],
    probs: Float[np.ndarray, "n classes"],
    counts: Int[np.ndarray, "classes classes"],
) -> Bool[np.ndarray, "n"]:
    """Flag as `by_noise_rate`, but leave equal leads in the order of NumPy's default sort.

    cleanlab sorts each pair so, and its flags can be matched only by the same call on the same
    array. Takes all probabilities at once.
    """
    mask = np.zeros(len(labels), bool)
    for given, other in zip(*entries(counts), strict=True):
        if given != other:
            members = np.flatnonzero(labels == given)
            lead = probs[members, other] - probs[members, given]
            mask[members[np.argsort(-lead)[: counts[given, other]]]] = True
    return mask


def by_confident(
    labels: Integer[np.ndarray, "n"], estimate: Integer[np.ndarray, "n"]
) -> Bool[np.ndarray, "n"]:
    """Flag the off-diagonal members of the confident joint: rule ``confident``.

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, section 3.2, method 2.

    Examples
    --------
    >>> by_confident(np.array([0, 0, 1]), np.array([0, 1, -1]))
    array([False,  True, False])
    """
    mask: Bool[np.ndarray, "n"] = (estimate >= 0) & (estimate != labels)
    return mask


def by_argmax(stats: RowStats) -> Bool[np.ndarray, "n"]:
    """Flag where another class is more probable: rule ``argmax``, the quick trick.

    References
    ----------
    Warmerdam (2021), "Bad Labels"; method 1 of Northcutt, Jiang and Chuang (2021), section 3.2.
    """
    return stats.top_confidence > stats.self_confidence


def close_to_given(labels: Integer[np.ndarray, "n"], stats: RowStats) -> Bool[np.ndarray, "n"]:
    """Tell where the given label is the prediction, or within 1e-6 of it.

    cleanlab 2.x flags none of these.
    """
    raised = stats.self_confidence + stats.self_confidence.dtype.type(1e-6)
    beaten: Bool[np.ndarray, "n"] = (stats.top_confidence > raised) | (
        (stats.top_confidence == raised) & (stats.top < labels)
    )
    return ~beaten


def flags(
    labels: Integer[np.ndarray, "n"],
    stats: RowStats,
    estimate: Integer[np.ndarray, "n"],
    *,
    noise_rate: Bool[np.ndarray, "n"],
    of_class: Bool[np.ndarray, "n"],
    cleanlab: bool,
) -> dict[Rule, Bool[np.ndarray, "n"]]:
    """Return the masks of all rules but ``margin``, which needs to know how many are wanted.

    Parameters
    ----------
    noise_rate, of_class : what these two rules flag, before cleanlab's last look
    cleanlab : flag none of those that are `close_to_given`
    """
    masks: dict[Rule, Bool[np.ndarray, "n"]] = {
        "noise_rate": noise_rate,
        "class": of_class,
        "both": of_class & noise_rate,
        "confident": by_confident(labels, estimate),
        "argmax": by_argmax(stats),
    }
    if cleanlab:
        kept = ~close_to_given(labels, stats)
        masks = {name: mask & kept for name, mask in masks.items()}
    return masks


def rules_of(
    masks: dict[Rule, Bool[np.ndarray, "n"]], rows: Int[np.ndarray, "rows"]
) -> tuple[tuple[Rule, ...], ...]:
    """Return the rules that flag each of some examples; few combinations serve them all.

    Examples
    --------
    >>> masks = dict.fromkeys(RULES, np.array([False, True])) | {"class": np.array([True, False])}
    >>> rules_of(masks, np.array([0]))
    (('class',),)
    """
    codes = sum(masks[name][rows].astype(np.int64) << bit for bit, name in enumerate(RULES))
    named = [
        tuple(name for bit, name in enumerate(RULES) if code >> bit & 1)
        for code in range(1 << len(RULES))
    ]
    return tuple(named[code] for code in np.asarray(codes).tolist())
