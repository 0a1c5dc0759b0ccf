"""CROWDLAB: reviewers and a model of the examples vote together, each with a weight of its own.

Unlike the models of `aggregation` it needs probabilities, and so has something to say of items
with one vote or none. It is one pass of arithmetic, not a fit.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from errata.core.consensus import ANSWERS, VOTED, most_probable
from errata.core.votes import Votes, in_order, ratio
from errata.errors import VoteError

FLOOR = 1e-6
"""The least weight of a reviewer or the model, and the least error that both are measured by."""
SAME = 1e-12
"""Sums in another order differ by less: what differs by no more is a tie."""


@dataclass(frozen=True, kw_only=True)
class Crowdlab:
    """What reviewers and a model come to together.

    Attributes
    ----------
    labels : the consensus of each item, ``(items,)``
    label_quality : how probable it is that the consensus is right, ``(items,)``, 0 to 1
    posterior : the probability of each answer, ``(items, answers)``, rows sum to 1
    agreement : the share of an item's votes that are for the consensus, ``(items,)``; nan without
        votes
    quality : how far each reviewer can be relied on, ``(reviewers,)``, 0 to 1; nan for those who
        share no item with another
    reviewer_weights : the weight of each reviewer's vote, ``(reviewers,)``; nan without votes
    model_weight : the weight of the model
    """

    labels: Int[np.ndarray, "items"]
    label_quality: Float[np.ndarray, "items"]
    posterior: Float[np.ndarray, "items answers"]
    agreement: Float[np.ndarray, "items"]
    quality: Float[np.ndarray, "reviewers"]
    reviewer_weights: Float[np.ndarray, "reviewers"]
    model_weight: float


def crowdlab(
    items: Integer[np.ndarray, "_items"],
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    probs: Float[np.ndarray, "items answers"],
    *,
    n_reviewers: int | None = None,
) -> Crowdlab:
    """Return the consensus of reviewers and a model, how sure it is, and how good each of them is.

    The numbers are those of cleanlab 2.9 (`get_label_quality_multiannotator`, with its defaults),
    odd or not. The votes of a majority are a first consensus. *Several* means: over the items with
    more than one vote.

    - ``P`` is the mean share of an item's votes that are for the consensus (several). A vote means
      its answer with probability ``P``, and each other one with ``(1 - P) / (answers - 1)``
    - ``E`` is the share of items whose consensus is not the commonest one (several)
    - a reviewer weighs ``1 - (1 - a) / E``, with ``a`` the share of agreeing votes among all other
      votes on the same items; the model ``(1 - e / E) sqrt(n)``, with ``e`` how often it is not for
      the consensus (several), and ``n`` the mean number of votes; both weigh at least 1e-6
    - the posterior is the mean of the model's probabilities and of what each vote means, by weight

    The most probable answer is the consensus, and all of this is then done once more with it.

    What is odd about it. A vote counts in the consensus that it is compared with. The consensus is
    the best answer by the *first* posterior and scored by the second, where another may be more
    probable. Equal majorities go to the more probable answer, then to the one that is *rarer* among
    all votes; equal posteriors to the majority, even if that is less probable than they are. Nobody
    weighs below 0, however often wrong. Where nothing else breaks the tie of a majority cleanlab
    draws by chance; here the lowest answer is taken.

    Parameters
    ----------
    items, reviewers, answers : numbers from 0 on, one entry a vote, at most one for each reviewer
        and item
    probs : out-of-sample probabilities of the model, ``(items, answers)``, rows sum to 1. For an
        item without votes, which cleanlab refuses, they are the posterior
    n_reviewers : how many there are; one more than the largest number if left out. Those without
        votes change nothing

    Raises
    ------
    VoteError
        The arrays differ in length, a number is negative or too large, a reviewer votes twice on an
        item, or no item has two votes, so that nothing can be said of anybody.

    References
    ----------
    Goh, Tkachenko and Mueller (2022), "CROWDLAB: Supervised learning to infer consensus labels and
    quality scores for data with multiple annotators", section 3.

    Examples
    --------
    >>> items, reviewers = np.repeat(np.arange(4), 3), np.tile([0, 1, 2], 4)
    >>> answers = np.array([0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0])
    >>> probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    >>> found = crowdlab(items, reviewers, answers, probs)
    >>> found.labels, found.label_quality.round(2), found.quality.round(2)
    (array([0, 1, 0, 1]), array([0.88, 0.81, 0.75, 0.69]), array([0.86, 0.86, 0.54]))
    """
    n_items, n_answers = probs.shape
    votes = in_order(
        items, reviewers, answers, n_items=n_items, n_reviewers=n_reviewers, n_answers=n_answers
    )
    _check(votes)
    probs = probs.astype(np.float64, copy=False)
    known = probs[votes.voted]
    majority = _majority(votes, known)
    first = _weighed(votes, known, majority).posterior
    top = first.max(axis=1, keepdims=True)
    one_best = (first >= top - SAME).sum(axis=1) == 1
    consensus = np.where(one_best, first.argmax(axis=1), majority)
    second = _weighed(votes, known, consensus)

    posterior = probs.copy()
    posterior[votes.voted] = second.posterior
    labels = most_probable(posterior)
    labels[votes.voted] = consensus
    agreement = np.full(n_items, np.nan)
    agreement[votes.voted] = second.agreement
    return Crowdlab(
        labels=labels,
        label_quality=posterior[np.arange(n_items), labels],
        posterior=posterior,
        agreement=agreement,
        quality=_quality(votes, second, consensus),
        reviewer_weights=second.reviewer_weights,
        model_weight=second.model_weight,
    )


def _check(votes: Votes) -> None:
    twice = np.flatnonzero((np.diff(votes.item) == 0) & (np.diff(votes.reviewer) == 0))
    if twice.size:
        item, reviewer = votes.voted[votes.item[twice[0]]], votes.reviewer[twice[0]]
        raise VoteError(
            f"Reviewer {reviewer} votes more than once on item {item} ({twice.size} such votes in "
            "all), but reviewers are compared with each other: keep the last vote of each."
        )
    if not (np.bincount(votes.item, minlength=1) > 1).any():
        raise VoteError(
            f"None of {votes.n_items} items has two votes, but reviewers are weighed by how they "
            "agree with each other. Collect more votes, or rank the labels with errata.find."
        )


@dataclass(frozen=True)
class _Weighed:
    posterior: Float[np.ndarray, "voted answers"]
    agreement: Float[np.ndarray, "voted"]
    reviewer_weights: Float[np.ndarray, "reviewers"]
    model_weight: float


def _weighed(
    votes: Votes, probs: Float[np.ndarray, "voted answers"], consensus: Int[np.ndarray, "voted"]
) -> _Weighed:
    """Return weights measured against a consensus, and the posterior that they give."""
    n_votes = np.bincount(votes.item)
    several = n_votes > 1
    agreement = np.bincount(votes.item, weights=_for(votes, consensus)) / n_votes
    likely = agreement[several].mean()
    unlikely = (1 - likely) / max(votes.n_answers - 1, 1)

    asked = consensus[several]
    commonest = np.bincount(asked).argmax()
    error = max(float((asked != commonest).mean()), FLOOR)
    weights = np.maximum(1 - (1 - _agreement_with_others(votes)) / error, FLOOR)
    model_error = float((probs[several].argmax(axis=1) != asked).mean())
    model_weight = max(1 - model_error / error, FLOOR) * float(np.sqrt(n_votes.mean()))

    weight = weights[votes.reviewer]
    total = np.bincount(votes.item, weights=weight)[:, np.newaxis]
    cast = np.bincount(votes.cell, weights=weight, minlength=probs.size).reshape(probs.shape)
    posterior = (probs * model_weight + total * unlikely + cast * (likely - unlikely)) / (
        total + model_weight
    )
    return _Weighed(posterior, agreement, weights, model_weight)


def _for(votes: Votes, consensus: Int[np.ndarray, "voted"]) -> Bool[np.ndarray, "votes"]:
    """Return which votes are for the consensus."""
    cast_for: Bool[np.ndarray, "votes"] = votes.answer == consensus[votes.item]
    return cast_for


def _agreement_with_others(votes: Votes) -> Float[np.ndarray, "reviewers"]:
    """Return how far each reviewer agrees with the others on their items.

    Who shares no item with another is given the mean of the rest; who has no vote is nan.
    """
    share = votes.agreement
    alone = np.isnan(share) & (np.bincount(votes.reviewer, minlength=votes.n_reviewers) > 0)
    share[alone] = share[~np.isnan(share)].mean()
    return share


def _quality(
    votes: Votes, weighed: _Weighed, consensus: Int[np.ndarray, "voted"]
) -> Float[np.ndarray, "reviewers"]:
    """Return a mean of how probable a reviewer's answers are and how often they are the consensus.

    The second part is over items with several votes. The first has the weight of the model, the
    second that of the reviewers of an item.
    """
    n, n_votes = votes.n_reviewers, np.bincount(votes.item)
    mine = np.bincount(votes.reviewer, minlength=n)
    probable = weighed.posterior.ravel()[votes.cell]
    own = np.bincount(votes.reviewer, weights=probable, minlength=n)
    several = n_votes[votes.item] > 1
    hits = np.bincount(votes.reviewer, weights=several & _for(votes, consensus), minlength=n)
    of = np.bincount(votes.reviewer, weights=several, minlength=n)
    here = mine > 0
    together = weighed.reviewer_weights[here].sum() * n_votes.mean() / here.sum()
    share = weighed.model_weight / (weighed.model_weight + together)
    quality: Float[np.ndarray, "reviewers"] = share * ratio(own, mine) + (1 - share) * ratio(
        hits, of
    )
    return quality


def answer_probs(
    probs: Float[np.ndarray, "items classes"],
    given: Integer[np.ndarray, "items"],
    suggested: Integer[np.ndarray, "items"],
) -> Float[np.ndarray, "items answers"]:
    """Return how probable a model of classes holds each answer about a pair of labels.

    One class is right for such a model: the given one, the suggested one, or "neither". It holds
    nothing of examples to which both belong, or that cannot be judged, so these answers have 0.

    Parameters
    ----------
    probs : of the classes, ``(items, classes)``; each row is divided by its sum
    given, suggested : the two labels of each item, ``0..m-1``; where they are the same, all of it
        is the given one's

    Returns
    -------
    columns as `errata.core.consensus.VOTED`, ``(items, 5)``, rows sum to 1

    Examples
    --------
    >>> probs = np.array([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]])
    >>> answer_probs(probs, np.array([0, 0]), np.array([1, 2]))
    array([[0.1, 0.7, 0. , 0.2, 0. ],
           [0.5, 0.5, 0. , 0. , 0. ]])
    """
    probs = probs.astype(np.float64)
    rows = np.arange(len(probs))
    found = np.zeros((len(probs), len(VOTED)))
    found[rows, ANSWERS.index("given")] = probs[rows, given]
    found[rows, ANSWERS.index("suggested")] = np.where(
        given == suggested, 0, probs[rows, suggested]
    )
    probs[rows, given] = 0
    probs[rows, suggested] = 0
    # what is left, and not one minus the two, which may be a hair below 0
    found[:, ANSWERS.index("neither")] = probs.sum(axis=1)
    found /= found.sum(axis=1, keepdims=True)
    return found


def majority_labels(
    items: Integer[np.ndarray, "_items"],
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    probs: Float[np.ndarray, "items answers"],
) -> Int[np.ndarray, "items"]:
    """Return the answer with the most votes, with ties broken as cleanlab 2.9 breaks them.

    Among answers with equal votes goes first the one that the model holds more probable; then the
    one that is rarer among all votes; then the one whose voters agree more often with the majority,
    where that is one answer; then, where cleanlab draws by chance, the lowest.

    Parameters
    ----------
    items, reviewers, answers : numbers from 0 on, one entry a vote
    probs : probabilities of the model, ``(items, answers)``; the best of them is the answer to an
        item without votes

    Raises
    ------
    VoteError
        The arrays differ in length, or a number is negative or too large.

    Examples
    --------
    >>> items, reviewers = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])
    >>> probs = np.array([[0.4, 0.6], [0.1, 0.9]])
    >>> majority_labels(items, reviewers, np.array([0, 1, 0, 0, 1]), probs)
    array([1, 0])
    """
    votes = in_order(items, reviewers, answers, n_items=len(probs), n_answers=probs.shape[1])
    labels = most_probable(probs.astype(np.float64, copy=False))
    labels[votes.voted] = _majority(votes, probs[votes.voted])
    return labels


def _majority(votes: Votes, probs: Float[np.ndarray, "voted answers"]) -> Int[np.ndarray, "voted"]:
    table = votes.table
    tied = table == table.max(axis=1, keepdims=True, initial=0)
    clear = tied.sum(axis=1) == 1
    tied = _largest(tied, probs)
    tied = _largest(tied, np.broadcast_to(-table.sum(axis=0), table.shape))
    if (tied.sum(axis=1) > 1).any() and clear.any():
        trusted = _agreement_with(votes, tied.argmax(axis=1), clear)[votes.reviewer]
        total = np.bincount(votes.cell, weights=trusted, minlength=table.size).reshape(table.shape)
        tied = _largest(tied, total / np.maximum(table, 1), SAME)
    labels: Int[np.ndarray, "voted"] = tied.argmax(axis=1)
    return labels


def _largest(
    among: Bool[np.ndarray, "voted answers"],
    values: "Float[np.ndarray, 'voted answers'] | Int[np.ndarray, 'voted answers']",
    within: float = 0,
) -> Bool[np.ndarray, "voted answers"]:
    """Return which of some answers have the largest value of them."""
    values = np.where(among, values, -np.inf)
    bar = values.max(axis=1, keepdims=True, initial=-np.inf) - within
    largest: Bool[np.ndarray, "voted answers"] = among & (values >= bar)
    return largest


def _agreement_with(
    votes: Votes, majority: Int[np.ndarray, "voted"], clear: Bool[np.ndarray, "voted"]
) -> Float[np.ndarray, "reviewers"]:
    """Return how often each reviewer is with the majority where it is clear, else the mean."""
    counted = clear[votes.item]
    n = votes.n_reviewers
    hits = np.bincount(votes.reviewer, weights=counted & _for(votes, majority), minlength=n)
    of = np.bincount(votes.reviewer, weights=counted, minlength=n)
    share = ratio(hits, of)
    share[of == 0] = share[of > 0].mean()
    return share
