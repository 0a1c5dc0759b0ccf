"""The votes of an audit as arrays, and what can be said of those who cast them.

Reads the database; the arithmetic is for `errata.core`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from sqlalchemy import Connection

from errata.core.aggregation import one_coin
from errata.core.consensus import VOTED
from errata.core.reviewers import (
    estimated_accuracy,
    given_rate,
    median_times,
    order_bias,
    shared_agreement,
)
from errata.results import ReviewerQuality
from errata.store import voting

BREAK_SECONDS = 600.0
"""Who answers nothing for so long has been away: such a time is not that of an answer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cast:
    """The votes that count on planned examples, one entry a vote, in the order in which they came.

    Attributes
    ----------
    item : the place of its example among those planned, ``(votes,)``
    reviewer : a place in ``people``, ``(votes,)``
    answer : its place among ``answers``, ``(votes,)``
    given_first : whether the given label was shown first, ``(votes,)``
    known_first : whether that is known, ``(votes,)``
    seconds : since the answer before it of the same reviewer; nan where that is not known, or they
        took a break of `BREAK_SECONDS` or more, ``(votes,)``
    people : name and kind of each reviewer who holds a vote, in the order of their first
    answers : what the answers are: `VOTED`, or the different sets of labels
    n_items : how many examples are planned
    """

    item: Int[np.ndarray, "votes"]
    reviewer: Int[np.ndarray, "votes"]
    answer: Int[np.ndarray, "votes"]
    given_first: Bool[np.ndarray, "votes"]
    known_first: Bool[np.ndarray, "votes"]
    seconds: Float[np.ndarray, "votes"]
    people: tuple[tuple[str, str], ...]
    answers: tuple[object, ...]
    n_items: int

    @property
    def columns(
        self,
    ) -> tuple[Int[np.ndarray, "votes"], Int[np.ndarray, "votes"], Int[np.ndarray, "votes"]]:
        """Items, reviewers and answers."""
        return self.item, self.reviewer, self.answer

    @property
    def table(self) -> Int[np.ndarray, "items answers"]:
        """How many reviewers gave each answer to each planned example."""
        shape = (self.n_items, len(self.answers))
        cell = np.ravel_multi_index((self.item, self.answer), shape)
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)


def cast(db: Connection, planned: Sequence[Mapping[str, Any]], *, multilabel: bool) -> Cast:
    """Return the votes that count on ``planned``, rows of `errata.store.records.planned`."""
    places = {row["example"]: place for place, row in enumerate(planned)}
    held = [vote for vote in voting.cast_by(db) if vote.example in places]
    numbers: dict[int, int] = {}
    known: dict[object, int] = {} if multilabel else {one: at for at, one in enumerate(VOTED)}
    said = (tuple(vote.labels or ()) if multilabel else vote.answer for vote in held)
    answer = _as_ints(known.setdefault(one, len(known)) for one in said)
    reviewer = _as_ints(numbers.setdefault(vote.reviewer, len(numbers)) for vote in held)
    everybody = voting.reviewers(db)
    return Cast(
        item=_as_ints(places[vote.example] for vote in held),
        reviewer=reviewer,
        answer=answer,
        given_first=np.array([vote.first == "given" for vote in held], dtype=bool),
        known_first=np.array([vote.first is not None for vote in held], dtype=bool),
        seconds=_seconds(reviewer, [vote.created_at for vote in held]),
        people=tuple(everybody[number] for number in numbers),
        answers=tuple(known),
        n_items=len(planned),
    )


def _as_ints(numbers: Any) -> Int[np.ndarray, "votes"]:
    return np.fromiter(numbers, dtype=np.int64)


def _seconds(
    reviewer: Int[np.ndarray, "votes"], times: Sequence[str | None]
) -> Float[np.ndarray, "votes"]:
    """Return how long after the answer before it each came, for answers of one sitting."""
    at = np.array([_stamp(time) for time in times], dtype=np.float64)
    order = np.lexsort((at, reviewer))
    seconds = np.full(len(at), np.nan)
    gap = np.diff(at[order])
    same = np.diff(reviewer[order]) == 0
    seconds[order[1:]] = np.where(same & (gap < BREAK_SECONDS), gap, np.nan)
    return seconds


def _stamp(time: str | None) -> float:
    """Return a time in seconds; one that names no zone is taken for UTC, on every machine."""
    if time is None:
        return np.nan
    read = datetime.fromisoformat(time)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def qualities(cast: Cast, *, multilabel: bool, confidence: float) -> list[ReviewerQuality]:
    """Return what the votes tell of each reviewer, most votes first.

    Where examples may have several labels, nothing is estimated: a set of labels is no answer that
    a model of `errata.core.aggregation` knows.
    """
    n = len(cast.people)
    votes = np.bincount(cast.reviewer, minlength=n)
    agreement = shared_agreement(*cast.columns, n_reviewers=n)
    seconds = median_times(cast.reviewer, cast.seconds, n_reviewers=n)
    told: list[dict[str, Any]] = [
        {
            "name": name,
            "kind": kind,
            "votes": int(votes[place]),
            "agreement": _known(agreement[place]),
            "seconds": _known(seconds[place]),
        }
        for place, (name, kind) in enumerate(cast.people)
    ]
    if not multilabel and n:
        for row, more in zip(told, _of_pairs(cast, confidence), strict=True):
            row.update(more)
    return [
        ReviewerQuality(**row) for row in sorted(told, key=lambda row: (-row["votes"], row["name"]))
    ]


def _of_pairs(cast: Cast, confidence: float) -> list[dict[str, Any]]:
    """Return what answers to the question of two labels tell of each reviewer."""
    n = len(cast.people)
    fit = one_coin(*cast.columns, n_items=cast.n_items, n_reviewers=n, n_answers=len(VOTED))
    right = estimated_accuracy(*cast.columns, fit.posterior, n_reviewers=n, confidence=confidence)
    given = given_rate(cast.reviewer, cast.answer, n_reviewers=n)
    known = cast.known_first
    first = order_bias(
        cast.reviewer[known], cast.answer[known], cast.given_first[known], n_reviewers=n
    )
    return [
        {
            "accuracy": float(fit.quality[place]),
            "accuracy_low": float(right.low[place]),
            "accuracy_high": float(right.high[place]),
            "given_rate": float(given.share[place]),
            "first_share": _known(first.share[place]),
            "first_of": int(first.of[place]),
            "first_p_value": float(first.p_value[place]),
        }
        for place in range(n)
    ]


def _known(number: float) -> float | None:
    """Return a number; None for one that is not known."""
    return None if np.isnan(number) else float(number)
