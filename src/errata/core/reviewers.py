"""What can be counted of each reviewer: hits on known answers, agreement, leanings, and time.

Knows votes as parallel arrays. Which known answers there are, and what follows for a reviewer, is
for others; where none are known, a model of `aggregation` says how probable they are.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Real
from scipy.special import bdtr, betaincinv

from errata.core.confidence import check_confidence, wilson
from errata.core.consensus import ANSWERS
from errata.core.votes import in_order, ratio, size_of
from errata.errors import VoteError

GIVEN, SUGGESTED = ANSWERS.index("given"), ANSWERS.index("suggested")
NOT_GOLD = -1
"""The known answer to what is no gold item."""


@dataclass(frozen=True, kw_only=True)
class Shares:
    """How often something was so, for each reviewer, with an interval.

    Attributes
    ----------
    hits, of : so many times out of so many, ``(reviewers,)``
    low, high : Wilson's interval of the share, ``(reviewers,)``, 0 to 1; all of that where ``of``
        is 0
    """

    hits: Int[np.ndarray, "reviewers"]
    of: Int[np.ndarray, "reviewers"]
    low: Float[np.ndarray, "reviewers"]
    high: Float[np.ndarray, "reviewers"]

    @property
    def share(self) -> Float[np.ndarray, "reviewers"]:
        """The share itself; nan where ``of`` is 0."""
        return ratio(self.hits, self.of)


@dataclass(frozen=True, kw_only=True)
class OrderBias(Shares):
    """How often the answer of the first panel was chosen, of those given to either panel.

    Attributes
    ----------
    p_value : how probable so uneven a choice, or a more uneven one, is for who does not mind the
        order, ``(reviewers,)``; 1 where there was no choice
    """

    p_value: Float[np.ndarray, "reviewers"]


@dataclass(frozen=True, kw_only=True)
class Accuracies:
    """How probable it is that each reviewer is right, with an interval.

    Attributes
    ----------
    accuracy, low, high : ``(reviewers,)``, 0 to 1; those of the prior for who has no vote
    """

    accuracy: Float[np.ndarray, "reviewers"]
    low: Float[np.ndarray, "reviewers"]
    high: Float[np.ndarray, "reviewers"]


def gold_accuracy(
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    gold: Integer[np.ndarray, "_gold"],
    *,
    n_reviewers: int | None = None,
    confidence: float = 0.95,
) -> Shares:
    """Return how often each reviewer gives the known answer to gold items.

    Parameters
    ----------
    reviewers, answers : numbers from 0 on, one entry a vote
    gold : the right answer to the item of each vote, `NOT_GOLD` where nobody knows it
    n_reviewers : how many there are; one more than the largest number if left out
    confidence : of the interval, strictly between 0 and 1

    Raises
    ------
    VoteError
        The arrays differ in length, or a reviewer is negative or too large.
    InputError
        The confidence is out of range.

    References
    ----------
    Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference", JASA
    22(158).

    Examples
    --------
    >>> reviewers, answers = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 0, 3])
    >>> found = gold_accuracy(reviewers, answers, np.array([0, 1, 0, 0, NOT_GOLD]))
    >>> found.share.round(2), found.low.round(2), found.high.round(2)
    (array([0.67, 1.  ]), array([0.21, 0.21]), array([0.94, 1.  ]))
    """
    n = _count_reviewers(reviewers, n_reviewers, answers=answers, gold=gold)
    return _shares(reviewers, answers == gold, gold != NOT_GOLD, n, confidence)


def estimated_accuracy(
    items: Integer[np.ndarray, "_items"],
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    posterior: Float[np.ndarray, "items answers"],
    *,
    right: float = 4.0,
    wrong: float = 1.0,
    n_reviewers: int | None = None,
    confidence: float = 0.95,
) -> Accuracies:
    """Return how often each reviewer is right, by what a model holds to be the right answers.

    A vote counts as right to the degree that its answer is probable. With the prior that makes a
    Beta distribution, of which these are the mode and an interval with equal tails. With the
    posterior of `one_coin` and its prior the mode is its ``quality``. That the posterior is itself
    made of these votes is not allowed for.

    Parameters
    ----------
    items, reviewers, answers : numbers from 0 on, one entry a vote
    posterior : the probability that each answer is the right one, ``(items, answers)``
    right, wrong : so many votes that each reviewer is taken to have given, as in `one_coin`
    n_reviewers : how many there are; one more than the largest number if left out
    confidence : of the interval, strictly between 0 and 1

    Raises
    ------
    VoteError
        The arrays differ in length, or a number is negative or too large.
    InputError
        The confidence is out of range.

    Examples
    --------
    >>> items, reviewers = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> posterior = np.array([[1.0, 0.0], [0.25, 0.75]])
    >>> found = estimated_accuracy(items, reviewers, np.array([0, 0, 1, 0]), posterior)
    >>> found.accuracy.round(2), found.low.round(2), found.high.round(2)
    (array([0.82, 0.75]), array([0.44, 0.38]), array([0.96, 0.93]))
    """
    check_confidence(confidence)
    n_items, n_answers = posterior.shape
    votes = in_order(
        items, reviewers, answers, n_items=n_items, n_reviewers=n_reviewers, n_answers=n_answers
    )
    probable = posterior[votes.voted].ravel()[votes.cell]
    of = np.bincount(votes.reviewer, minlength=votes.n_reviewers)
    hits = np.bincount(votes.reviewer, weights=probable, minlength=votes.n_reviewers)
    tail = (1 - confidence) / 2
    beta = hits + right + 1, np.maximum(of - hits, 0) + wrong + 1
    return Accuracies(
        accuracy=ratio(hits + right, of + (right + wrong)),
        low=betaincinv(*beta, tail),
        high=betaincinv(*beta, 1 - tail),
    )


def shared_agreement(
    items: Integer[np.ndarray, "_items"],
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    *,
    n_reviewers: int | None = None,
) -> Float[np.ndarray, "reviewers"]:
    """Return the share of agreeing votes among all other votes on each reviewer's items.

    nan for who shares no item with another.

    Parameters
    ----------
    items, reviewers, answers : numbers from 0 on, one entry a vote
    n_reviewers : how many there are; one more than the largest number if left out

    Raises
    ------
    VoteError
        The arrays differ in length, or a number is negative or too large.

    Examples
    --------
    >>> items, reviewers = np.array([0, 0, 0, 1]), np.array([0, 1, 2, 3])
    >>> shared_agreement(items, reviewers, np.array([0, 0, 1, 1]))
    array([0.5, 0.5, 0. , nan])
    """
    n_answers = int(answers.max(initial=0)) + 1
    votes = in_order(items, reviewers, answers, n_reviewers=n_reviewers, n_answers=n_answers)
    return votes.agreement


def given_rate(
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    *,
    n_reviewers: int | None = None,
    confidence: float = 0.95,
) -> Shares:
    """Return how often each reviewer leaves the given label as it is.

    Parameters
    ----------
    reviewers : numbers from 0 on, one entry a vote
    answers : as indices into `errata.core.consensus.VOTED`
    n_reviewers : how many there are; one more than the largest number if left out
    confidence : of the interval, strictly between 0 and 1

    Raises
    ------
    VoteError
        The arrays differ in length, or a reviewer is negative or too large.
    InputError
        The confidence is out of range.

    Examples
    --------
    >>> given_rate(np.array([0, 0, 1, 0]), np.array([0, 1, 0, 0])).share.round(2)
    array([0.67, 1.  ])
    """
    n = _count_reviewers(reviewers, n_reviewers, answers=answers)
    return _shares(reviewers, answers == GIVEN, np.ones(len(answers), bool), n, confidence)


def order_bias(
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    given_first: Bool[np.ndarray, "_given_first"],
    *,
    n_reviewers: int | None = None,
    confidence: float = 0.95,
) -> OrderBias:
    """Return how often each reviewer chooses the first panel, and whether chance would do so.

    Which label stands first is drawn at random, so that either is chosen as often as the other by
    who looks at both. Answers that choose no panel, "both" among them, are left out. The test is
    the exact binomial one, of both sides, against a half.

    Parameters
    ----------
    reviewers : numbers from 0 on, one entry a vote
    answers : as indices into `errata.core.consensus.VOTED`
    given_first : whether the given label stood in the first panel
    n_reviewers : how many there are; one more than the largest number if left out
    confidence : of the interval, strictly between 0 and 1

    Raises
    ------
    VoteError
        The arrays differ in length, or a reviewer is negative or too large.
    InputError
        The confidence is out of range.

    Examples
    --------
    >>> answers, given_first = np.array([0, 1, 0, 1, 0, 2]), np.array([1, 0, 1, 0, 1, 1]) > 0
    >>> found = order_bias(np.zeros(6, int), answers, given_first)
    >>> found.hits, found.of, found.p_value
    (array([5]), array([5]), array([0.0625]))
    """
    n = _count_reviewers(reviewers, n_reviewers, answers=answers, given_first=given_first)
    chosen = np.isin(answers, (GIVEN, SUGGESTED))
    first = _shares(reviewers, (answers == GIVEN) == given_first, chosen, n, confidence)
    # a half is the one share whose distribution is even, so that both tails are the same
    fewer = np.minimum(first.hits, first.of - first.hits)
    p_value = np.minimum(2 * bdtr(fewer.astype(np.float64), first.of, 0.5), 1)
    return OrderBias(hits=first.hits, of=first.of, low=first.low, high=first.high, p_value=p_value)


def median_times(
    reviewers: Integer[np.ndarray, "_reviewers"],
    seconds: Real[np.ndarray, "_seconds"],
    *,
    n_reviewers: int | None = None,
) -> Float[np.ndarray, "reviewers"]:
    """Return the median time that each reviewer takes for an answer; nan for who has none.

    Parameters
    ----------
    reviewers : numbers from 0 on, one entry a vote
    seconds : how long each took; nan where it is not known, which is left out
    n_reviewers : how many there are; one more than the largest number if left out

    Raises
    ------
    VoteError
        The arrays differ in length, or a reviewer is negative or too large.

    Examples
    --------
    >>> median_times(np.array([0, 1, 0, 0, 1]), np.array([3.0, 2.0, 60.0, 5.0, 3.0]))
    array([5. , 2.5])
    """
    n = _count_reviewers(reviewers, n_reviewers, seconds=seconds)
    known = ~np.isnan(seconds)
    times, whose = seconds[known].astype(np.float64), reviewers[known].astype(np.int64)
    times = times[np.lexsort((times, whose))]
    count = np.bincount(whose, minlength=n)
    start = np.cumsum(count) - count
    has, median = count > 0, np.full(n, np.nan)
    lower, upper = start + (count - 1) // 2, start + count // 2
    median[has] = (times[lower[has]] + times[upper[has]]) / 2
    return median


def _shares(
    reviewers: Integer[np.ndarray, "votes"],
    hit: Bool[np.ndarray, "votes"],
    counted: Bool[np.ndarray, "votes"],
    n: int,
    confidence: float,
) -> Shares:
    of = np.bincount(reviewers[counted], minlength=n)
    hits = np.bincount(reviewers[counted & hit], minlength=n)
    low, high = wilson(hits, of, confidence)
    return Shares(hits=hits, of=of, low=low, high=high)


def _count_reviewers(
    reviewers: Integer[np.ndarray, "_reviewers"],
    n_reviewers: int | None,
    **columns: "Real[np.ndarray, '_votes'] | Bool[np.ndarray, '_votes']",
) -> int:
    """Return how many reviewers there are, after a look at the arrays."""
    for name, column in columns.items():
        if len(column) != len(reviewers):
            raise VoteError(
                f"There are {len(reviewers)} reviewers and {len(column)} {name}, but a vote is one "
                "of each: arrays of equal lengths were expected."
            )
    return size_of("reviewers", reviewers, n_reviewers)
