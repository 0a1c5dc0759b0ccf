"""The rules: which examples are flagged as probable label errors.

Each rule says how many examples of which group it wants, or marks those it flags. Knows what
`joint` and `ranking` computed; leaves keeping the lowest of a group to `streams`, and the order of
the flagged examples to `ranking`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, UInt8

from errata.core.joint import PairCounts
from errata.core.ranking import Examples, RowStats
from errata.core.rows import NONE, Rows
from errata.core.streams import Entries, Lowest, joined

Rule = Literal["margin", "noise_rate", "class", "both", "confident", "argmax", "reviewed"]
REVIEWED: Rule = "reviewed"
"""The rule that is learnt from reviewed examples, see `errata.core.cutoff`."""

RULES: tuple[Rule, ...] = tuple(rule for rule in get_args(Rule) if rule != REVIEWED)
"""Those that probabilities and given labels alone settle."""

_BITS: tuple[Rule, ...] = (*RULES, REVIEWED)

_ROUNDED = 1e-6
"""More than what rounding takes from a bound; a look too many does no harm."""

_SMALL_TABLE = 2**20
"""Pairs of so many in all are looked up in a table."""

_FEW_PAIRS = 4
"""Of so many pairs an example, looking at all takes no longer than finding those in question."""

_MOST_ENTRIES = 2**18
"""Pairs looked at in one go, over the rows at hand: some 20 MB with what is made of them."""


def of_class(counts: PairCounts) -> Int[np.ndarray, "classes"]:
    """Return how many of the lowest self-confidences of each given class rule ``class`` flags.

    As many as the row of the joint has off the diagonal.

    Parameters
    ----------
    counts : calibrated and rounded joint counts

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, section 3.2, method 3 (prune
    by class).

    Examples
    --------
    >>> from errata.core.joint import pair_counts
    >>> of_class(pair_counts(np.array([[2, 1], [0, 1]])))
    array([1, 0])
    """
    off_diagonal: Int[np.ndarray, "classes"] = counts.row_sums() - counts.diagonal()
    return off_diagonal


def by_class_cleanlab(
    labels: Integer[np.ndarray, "n"],
    self_confidence: Float[np.ndarray, "n"],
    counts: PairCounts,
) -> Bool[np.ndarray, "n"]:
    """Flag the lowest self-confidences of each class, equal ones as NumPy's default sort has them.

    cleanlab sorts each class so. Probabilities of exactly 0 make such ties common (seven at the
    cut of one class of 20news), and its flags can be matched only by the same call on the same
    array. Takes all examples at once.
    """
    sizes = np.bincount(labels, minlength=counts.n_classes)
    wanted = np.where(sizes > 1, sizes - counts.diagonal(), 0)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    mask = np.zeros(len(labels), bool)
    for index, rows in enumerate(members):
        mask[rows[np.argsort(self_confidence[rows])[: wanted[index]]]] = True
    return mask


@dataclass(frozen=True)
class Pairs:
    """The (given, other) pairs that the joint counts, ordered by given, then by other class.

    Rule ``noise_rate`` flags of each pair as many examples as it counts, those with the largest
    lead p(other) - p(given).

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning", JAIR 70, section 3.2, method 4 (prune
    by noise rate).
    """

    n_classes: int
    begins: Int[np.ndarray, "classes"]  # where the pairs of each given class begin
    given: Int[np.ndarray, "pairs"]
    others: Int[np.ndarray, "pairs"]
    wanted: Int[np.ndarray, "pairs"]  # examples the joint counts

    def find(
        self, given: Integer[np.ndarray, "rows"], other: Integer[np.ndarray, "rows"]
    ) -> Int[np.ndarray, "rows"]:
        """Return the place of some pairs, -1 of those that are not counted."""
        wanted = given.astype(np.int64) * self.n_classes + other
        if self.n_classes**2 <= _SMALL_TABLE:
            found: Int[np.ndarray, "rows"] = self._table[wanted]
            return found
        if not len(self.given):
            return np.full(len(given), -1)
        keys = self.given * self.n_classes + self.others
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, place, -1)

    @cached_property
    def lengths(self) -> Int[np.ndarray, "classes"]:
        """How many pairs each given class has."""
        return np.diff(self.begins, append=len(self.given))

    @cached_property
    def _table(self) -> Int[np.ndarray, "pairs_of_classes"]:
        table = np.full(self.n_classes**2, -1, np.int32)
        table[self.given * self.n_classes + self.others] = np.arange(len(self.given))
        return table


def pairs_of(counts: PairCounts) -> Pairs:
    """Return the off-diagonal pairs of the calibrated counts.

    Examples
    --------
    >>> from errata.core.joint import pair_counts
    >>> pairs_of(pair_counts(np.array([[5, 2], [0, 3]]))).wanted
    array([2])
    """
    off = np.flatnonzero(counts.given != counts.estimated)
    given = counts.given[off]
    lengths = np.bincount(given, minlength=counts.n_classes)
    begins = np.cumsum(lengths) - lengths
    return Pairs(counts.n_classes, begins, given, counts.estimated[off], counts.counts[off])


@dataclass(frozen=True)
class LeaderSearch:
    """Which pairs an example may lead in, so that few examples and few pairs need a look.

    An example leads in no pair whose leaders all lead by more than it possibly can. Pairs are
    ordered by the least lead that counts, within each given class, so those in which it may lead
    stand at the beginning.
    """

    pairs: Pairs
    by_floor: Int[np.ndarray, "pairs"]  # pairs, by given class, then by floor
    others: Int[np.ndarray, "pairs"]  # in this order
    floor: Float[np.ndarray, "pairs"]  # the least lead that may be among the leaders
    keys: Float[np.ndarray, "pairs"]  # which increase
    least: Float[np.ndarray, "classes"]  # the least floor of each given class

    @classmethod
    def after(cls, leaders: Lowest, pairs: Pairs) -> "LeaderSearch":
        """Return what is left to look for, where the values of the leaders are leads negated."""
        floor = -leaders.cut
        # leads lie between -1 and 1 and a little; 4 a class keeps classes apart
        keys = 4.0 * pairs.given + np.clip(floor, -1.5, 1.5)
        order = np.argsort(keys, kind="stable")
        least = np.full(pairs.n_classes, np.inf)
        np.minimum.at(least, pairs.given, floor)
        return cls(pairs, order, pairs.others[order], floor[order], keys[order], least)

    def hopeful(
        self, labels: Integer[np.ndarray, "rows"], bound: Float[np.ndarray, "rows"]
    ) -> Bool[np.ndarray, "rows"]:
        """Tell which examples may lead a pair.

        Parameters
        ----------
        bound : the most they can lead by, from `most_lead`
        """
        hopeful: Bool[np.ndarray, "rows"] = bound + _ROUNDED >= self.least[labels]
        return hopeful

    def leads(
        self, rows: Rows, place: Int[np.ndarray, "some"], examples: Examples, most: float
    ) -> Entries:
        """Return where examples may lead a pair, but for the pair of their most probable class.

        Parameters
        ----------
        place : where in the rows each example stands
        """
        bound = most_lead(examples.given, examples.stats, most)
        # where a class has many pairs, one look at the whole row leaves few of them in question
        many = np.flatnonzero(self.pairs.lengths[examples.given] > self.pairs.n_classes // 16)
        if len(many):
            of_many = examples.where(many)
            largest = rows.largest_but(place[many], of_many.given, of_many.stats.top)
            bound[many] = np.minimum(bound[many], largest - of_many.stats.self_confidence)
            still = np.flatnonzero(self.hopeful(examples.given, bound))
            place, examples, bound = place[still], examples.where(still), bound[still]
        given, mine = examples.given, examples.stats.self_confidence.astype(np.float64)
        first = self.pairs.begins[given]
        # the pairs in question are the first of those of the class; of a few, all may be
        lengths = self.pairs.lengths[given]
        if lengths.sum() > _FEW_PAIRS * len(examples):
            keys = 4.0 * given + np.minimum(bound, 1.5) + _ROUNDED
            lengths = np.searchsorted(self.keys, keys) - first
        cuts = np.arange(_MOST_ENTRIES, lengths.sum(), _MOST_ENTRIES)
        found = []
        for some in np.split(
            np.arange(len(examples)), np.unique(np.searchsorted(np.cumsum(lengths), cuts)) + 1
        ):
            size = lengths[some]
            # the stretch of each example counts up from where the pairs of its class begin
            stretch = np.repeat(first[some] - np.cumsum(size) + size, size)
            stretch += np.arange(len(stretch))
            probs = rows.at(np.repeat(place[some], size), self.others[stretch])
            bars = np.repeat(mine[some] - _ROUNDED, size) + self.floor[stretch]
            high = np.flatnonzero(probs >= bars)  # few are
            each, stretch = np.repeat(some, size)[high], stretch[high]
            lead = probs[high].astype(np.float64) - mine[each]
            beside = self.others[stretch] != examples.stats.top[each]
            kept = np.flatnonzero((lead >= self.floor[stretch]) & beside)
            each, pair = each[kept], self.by_floor[stretch[kept]]
            found.append(Entries(pair, -lead[kept], examples.tie[each], examples.index[each]))
        return joined(found)


def most_lead(
    labels: Integer[np.ndarray, "rows"], stats: RowStats, most: float
) -> Float[np.ndarray, "rows"]:
    """Return by how much a class that is not the most probable one can lead over the given one.

    It is no more probable than the most probable one, and has no more than is left of the whole.

    Parameters
    ----------
    most : what a row sums to, at most

    Examples
    --------
    >>> stats = RowStats(np.array([0.5, 0.125]), np.array([0, 1]), np.array([0.5, 0.625]))
    >>> most_lead(np.array([0, 0]), stats, most=1.0)
    array([0.   , 0.125])
    """
    mine = stats.self_confidence.astype(np.float64)
    top = stats.top_confidence.astype(np.float64)
    left = most - top - np.where(stats.top == labels, 0, mine)
    return np.minimum(top, left) - mine


def by_noise_rate_cleanlab(
    labels: Integer[np.ndarray, "n"],
    probs: Float[np.ndarray, "n classes"],
    counts: PairCounts,
) -> Bool[np.ndarray, "n"]:
    """Flag the leaders of every pair, equal leads in the order of NumPy's default sort.

    cleanlab sorts each pair so, and its flags can be matched only by the same call on the same
    array. Takes all probabilities at once.
    """
    mask = np.zeros(len(labels), bool)
    pairs = pairs_of(counts)
    for given, other, wanted in zip(pairs.given, pairs.others, pairs.wanted, strict=True):
        members = np.flatnonzero(labels == given)
        lead = probs[members, other] - probs[members, given]
        mask[members[np.argsort(-lead)[:wanted]]] = True
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
    mask: Bool[np.ndarray, "n"] = (estimate != NONE) & (estimate != labels)
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


def codes_of(masks: Mapping[Rule, Bool[np.ndarray, "rows"]]) -> UInt8[np.ndarray, "rows"]:
    """Return for each example the rules that flag it, a bit for each: `RULES`, then `REVIEWED`.

    Examples
    --------
    >>> codes_of({"margin": np.array([True, False]), "class": np.array([True, True])})
    array([5, 4], dtype=uint8)
    """
    codes = np.zeros(len(next(iter(masks.values()))), np.uint8)
    for rule, mask in masks.items():
        codes |= mask.astype(np.uint8) << bit_of(rule)
    return codes


def bit_of(rule: Rule) -> int:
    """Return the place of the bit that stands for a rule.

    Examples
    --------
    >>> bit_of("class")
    2
    """
    return _BITS.index(rule)


def rules_of(codes: UInt8[np.ndarray, "rows"]) -> tuple[tuple[Rule, ...], ...]:
    """Return the rules that flag each of some examples; few combinations serve them all.

    Examples
    --------
    >>> rules_of(np.array([5, 4], np.uint8))
    (('margin', 'class'), ('class',))
    """
    named = [
        tuple(name for bit, name in enumerate(_BITS) if code >> bit & 1)
        for code in range(1 << len(_BITS))
    ]
    return tuple(map(named.__getitem__, codes.tolist()))
