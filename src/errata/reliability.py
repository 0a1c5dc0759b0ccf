"""How far reviewers agree beyond chance: Krippendorff's alpha, with an interval.

Alpha itself is worked out by the `krippendorff` package; what is drawn here is the bootstrap.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Integer

from errata.core.confidence import check_confidence
from errata.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Alpha:
    """Krippendorff's alpha of a set of votes.

    Attributes
    ----------
    value : 1 if all agree, 0 if they agree as by chance, below 0 if less; nan where no item has two
        votes, or all votes are the same, so that nothing can be said of chance
    low, high : its bootstrap interval; nan where ``value`` is
    items : how many have two or more votes; the others do not count
    """

    value: float
    low: float
    high: float
    items: int

    def to_dict(self) -> dict[str, float | int | None]:
        """Return it as plain values; None where alpha is not defined."""
        numbers = (self.value, self.low, self.high)
        value, low, high = (None if np.isnan(number) else number for number in numbers)
        return {"value": value, "low": low, "high": high, "items": self.items}

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "alpha is not defined: it needs two votes on an item, and two different answers"
        return f"alpha = {self.value:.3f} ({self.low:.3f} to {self.high:.3f}), {self.items} items"


def krippendorff_alpha(
    votes: Integer[np.ndarray, "items answers"],
    *,
    replicates: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Alpha:
    """Return Krippendorff's alpha for answers that have no order, and its interval.

    The interval is that of percentiles over ``replicates`` draws of as many items with replacement,
    each with all its votes. Draws in which all votes are the same, where alpha is not defined, are
    left out. Items with fewer than two votes count nowhere. A million items take some seconds:
    those with the same votes are drawn together.

    Parameters
    ----------
    votes : how many reviewers gave each answer, ``(items, answers)``, 0 or more
    replicates : how many draws, 1 or more
    confidence : of the interval, strictly between 0 and 1
    seed : of the draws; the same seed gives the same interval

    Raises
    ------
    InputError
        A count is negative, or ``replicates`` or ``confidence`` is out of range.

    References
    ----------
    Krippendorff (2004), "Content Analysis", 2nd edition, chapter 11; Hayes and Krippendorff (2007),
    "Answering the Call for a Standard Reliability Measure for Coding Data", for the bootstrap,
    which there draws pairs of votes, as if those of an item did not depend on each other.

    Examples
    --------
    >>> votes = np.array([[3, 0], [3, 0], [0, 3], [1, 2], [3, 0], [0, 3]])
    >>> alpha = krippendorff_alpha(votes)
    >>> round(alpha.value, 2), alpha.items
    (0.79, 6)
    """
    _check(votes, replicates, confidence)
    votes = votes[votes.sum(axis=1) > 1].astype(np.int64)
    value = _alpha(votes)
    if np.isnan(value):
        return Alpha(value=value, low=value, high=value, items=len(votes))
    rng = np.random.default_rng(seed)
    # there are few kinds of items, however many items
    kinds, often = np.unique(votes, axis=0, return_counts=True)
    drawn = np.array(
        [
            _alpha_of(kinds, rng.multinomial(len(votes), often / len(votes)))
            for _ in range(replicates)
        ]
    )
    drawn = drawn[~np.isnan(drawn)]
    tail = (1 - confidence) / 2
    # where nearly all votes are the same, perhaps no draw is left
    low, high = np.quantile(drawn if drawn.size else [value], [tail, 1 - tail])
    return Alpha(value=value, low=float(low), high=float(high), items=len(votes))


def _alpha(votes: Integer[np.ndarray, "items answers"]) -> float:
    import krippendorff

    if np.count_nonzero(votes.any(axis=0)) < 2:
        return float("nan")
    return float(krippendorff.alpha(value_counts=votes, level_of_measurement="nominal"))


def _alpha_of(kinds: Int[np.ndarray, "kinds answers"], often: Int[np.ndarray, "kinds"]) -> float:
    """Return alpha where there are so many items of each kind (Krippendorff 2004, chapter 11)."""
    votes = kinds.sum(axis=1)
    differing = (votes**2 - (kinds**2).sum(axis=1)) / (votes - 1)  # pairs, of each item
    answers = often @ kinds
    n = int(answers.sum())
    by_chance = n**2 - int(answers @ answers)
    return 1 - (n - 1) * float(often @ differing) / by_chance if by_chance else float("nan")


def _check(votes: Integer[np.ndarray, "items answers"], replicates: int, confidence: float) -> None:
    if votes.min(initial=0) < 0:
        item, answer = np.argwhere(votes < 0)[0]
        raise InputError(
            f"votes[{item}, {answer}] is {votes[item, answer]}, but counts of votes are 0 or more."
        )
    if replicates < 1:
        raise InputError(f"replicates is {replicates}; 1 or more was expected, such as 1000.")
    check_confidence(confidence)
