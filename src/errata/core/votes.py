"""Votes as three parallel arrays: on which item, by which reviewer, for which answer.

Knows their order and their limits; what they come to is for `aggregation` and `crowdlab`.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Integer, Real

from errata.errors import VoteError


@dataclass(frozen=True, kw_only=True)
class Votes:
    """Votes in one order, that of item, reviewer and answer, whatever order they came in.

    Sums over them are thereby the same to the last bit, however the votes were sorted.

    Attributes
    ----------
    item, reviewer, answer : one entry a vote; ``item`` is a place in ``voted``
    voted : the items that have votes, increasing
    n_items, n_reviewers, n_answers : how many there are, with or without votes
    """

    item: Int[np.ndarray, "votes"]
    reviewer: Int[np.ndarray, "votes"]
    answer: Int[np.ndarray, "votes"]
    voted: Int[np.ndarray, "voted"]
    n_items: int
    n_reviewers: int
    n_answers: int

    @property
    def cell(self) -> Int[np.ndarray, "votes"]:
        """The place of each vote in a flat table of voted items and answers."""
        cell: Int[np.ndarray, "votes"] = self.item * self.n_answers + self.answer
        return cell

    @property
    def table(self) -> Int[np.ndarray, "voted answers"]:
        """How many reviewers gave each answer, for the items that have votes."""
        counts = np.bincount(self.cell, minlength=len(self.voted) * self.n_answers)
        return counts.reshape(len(self.voted), self.n_answers)

    @property
    def agreement(self) -> Float[np.ndarray, "reviewers"]:
        """The share of agreeing votes among all other votes on a reviewer's items.

        nan for who shares no item with another.
        """
        others = np.bincount(self.item)[self.item] - 1
        same = self.table.ravel()[self.cell] - 1
        met = np.bincount(self.reviewer, weights=others, minlength=self.n_reviewers)
        return ratio(np.bincount(self.reviewer, weights=same, minlength=self.n_reviewers), met)


def in_order(
    items: Integer[np.ndarray, "_items"],
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    *,
    n_items: int | None = None,
    n_reviewers: int | None = None,
    n_answers: int | None = None,
) -> Votes:
    """Return votes in the order of item, reviewer and answer.

    Parameters
    ----------
    items, reviewers, answers : numbers from 0 on, one entry a vote, of equal lengths
    n_items, n_reviewers, n_answers : how many there are; one more than the largest number if left
        out

    Raises
    ------
    VoteError
        The arrays differ in length, or a number is negative or too large.

    Examples
    --------
    >>> votes = in_order(np.array([4, 1, 4]), np.array([1, 0, 0]), np.array([2, 0, 1]))
    >>> votes.voted[votes.item], votes.reviewer, votes.answer
    (array([1, 4, 4]), array([0, 0, 1]), array([0, 1, 2]))
    """
    if not len(items) == len(reviewers) == len(answers):
        raise VoteError(
            f"There are {len(items)} items, {len(reviewers)} reviewers and {len(answers)} answers, "
            "but a vote is one of each: arrays of equal lengths were expected."
        )
    shape = (
        size_of("items", items, n_items),
        size_of("reviewers", reviewers, n_reviewers),
        size_of("answers", answers, n_answers),
    )
    if shape[2] < 1:
        raise VoteError("There are no votes to tell how many answers there are: give n_answers.")
    columns = [column.astype(np.int64, copy=False) for column in (items, reviewers, answers)]
    # numbers are sorted many times faster than rows: one number holds the three
    item, reviewer, answer = np.unravel_index(
        np.sort(np.ravel_multi_index(columns, [max(size, 1) for size in shape])),
        [max(size, 1) for size in shape],
    )
    has_votes = np.bincount(item, minlength=shape[0]) > 0
    return Votes(
        item=(np.cumsum(has_votes) - 1)[item],
        reviewer=reviewer,
        answer=answer,
        voted=np.flatnonzero(has_votes),
        n_items=shape[0],
        n_reviewers=shape[1],
        n_answers=shape[2],
    )


def size_of(name: str, numbers: Integer[np.ndarray, "votes"], size: int | None) -> int:
    """Return how many there are of what is numbered, after a look at the numbers.

    Parameters
    ----------
    name : what they are, for messages
    numbers : from 0 on
    size : how many there are said to be; one more than the largest number if None

    Raises
    ------
    VoteError
        A number is negative, or too large.

    Examples
    --------
    >>> size_of("reviewers", np.array([0, 4, 1]), None)
    5
    """
    least, most = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    if least < 0:
        row = int(numbers.argmin())
        raise VoteError(f"{name}[{row}] is {least}, but they are numbered from 0 on.")
    if size is None:
        return most + 1 if numbers.size else 0
    if size < 0 or (numbers.size and most >= size):
        row = int(numbers.argmax()) if numbers.size else 0
        said = f"{name}[{row}] is {most}" if numbers.size else f"There are no {name}"
        raise VoteError(
            f"{said}, but n_{name} is {size}, so {name} run from 0 to {size - 1}. "
            f"Give a larger n_{name}, or leave it out."
        )
    return size


def ratio(
    part: Real[np.ndarray, "..."], of: Real[np.ndarray, "..."], otherwise: float = np.nan
) -> Float[np.ndarray, "..."]:
    """Return quotients, and something else where nothing was counted.

    Parameters
    ----------
    part, of : numbers of one shape
    otherwise : what there is where ``of`` is 0

    Examples
    --------
    >>> ratio(np.array([1, 0]), np.array([4, 0]))
    array([0.25, nan])
    """
    quotient = np.full(of.shape, otherwise)
    np.divide(part, of, out=quotient, where=of > 0)
    return quotient


def differing(table: Int[np.ndarray, "items answers"]) -> Float[np.ndarray, "items"]:
    """Return the share of pairs of reviewers that differ on each item; nan without two votes.

    Parameters
    ----------
    table : how many reviewers gave each answer

    Examples
    --------
    >>> differing(np.array([[5, 0, 0], [3, 2, 0], [1, 0, 0]]))
    array([0. , 0.6, nan])
    """
    of = table.sum(axis=1)
    alike = (table * (table - 1)).sum(axis=1)
    return 1 - ratio(alike, of * (of - 1))
