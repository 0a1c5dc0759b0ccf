"""The votes of an audit as arrays, and what can be said of those who cast them.

Reads the database; the arithmetic is for `errata.core`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from sqlalchemy import Connection

from errata.arrays import as_choice
from errata.asking import is_choice
from errata.core.aggregation import Aggregate, dawid_skene, glad, one_coin
from errata.core.consensus import VOTED
from errata.core.crowdlab import crowdlab
from errata.core.reviewers import (
    estimated_accuracy,
    given_rate,
    median_times,
    order_bias,
    shared_agreement,
)
from errata.errors import InputError
from errata.results import Modelled, ReviewerQuality
from errata.store import voting

BREAK_SECONDS = 600.0
"""Who answers nothing for so long has been away: such a time is not that of an answer."""


LEAST = {"dawid_skene": 0.9, "one_coin": 0.9, "glad": 0.9, "crowdlab": 0.5}
"""How probable an answer has to be for a verdict, where it is not said: for each model.

CROWDLAB's posterior is a mean of what votes and the model say, and seldom near 1.
"""

CONSENSUSES = ("threshold", *LEAST)
"""What may make verdicts of votes: counting them, or a model of the crowd."""

_FITTED: Mapping[str, Callable[..., Aggregate]] = {
    "dawid_skene": dawid_skene,
    "one_coin": one_coin,
    "glad": glad,
}


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """What makes verdicts of votes.

    Attributes
    ----------
    name : one of `CONSENSUSES`
    threshold : votes for one answer; None: as each candidate's plan has it
    least : the least probability, for a model
    """

    name: str
    threshold: int | None = None
    least: float | None = None

    @property
    def counts(self) -> bool:
        """Whether votes are counted, and no model asked."""
        return self.name == "threshold"


def as_consensus(name: str, threshold: int | None, least: float | None) -> Consensus:
    """Return what makes verdicts of votes, by the words of `errata.Audit.verdicts`.

    Raises
    ------
    NameUnknownError
        There is no such consensus.
    InputError
        A number is out of range, or does not belong to this consensus.

    Examples
    --------
    >>> as_consensus("one_coin", None, None).least
    0.9
    """
    name = as_choice("consensus", name, CONSENSUSES)
    if threshold is not None and threshold < 1:
        raise InputError(f"threshold is {threshold}, but it counts things: 1 or more was expected.")
    if name == "threshold":
        if least is not None:
            raise InputError(
                f"least is {least}, a probability, but votes are counted here. Choose a model "
                f"({', '.join(LEAST)}) as the consensus, or leave it out."
            )
        return Consensus(name=name, threshold=threshold)
    if threshold is not None:
        raise InputError(
            f"The threshold is {threshold} votes, but {name} counts none: it takes the least "
            "probability of a verdict (least, --least). Leave the threshold out."
        )
    least = LEAST[name] if least is None else least
    if not 0 < least <= 1:
        raise InputError(
            f"least is {least}; a probability above 0 and at most 1 was expected, such as 0.9."
        )
    return Consensus(name=name, least=least)


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerProbs:
    """How probable a model of the examples holds each answer.

    Attributes
    ----------
    probs : for each planned example, ``(planned, 5)``, columns as `VOTED`
    sha256 : of the files of probabilities that they come from
    """

    probs: Float[np.ndarray, "planned 5"]
    sha256: tuple[str, ...]


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
    answers : what the answers are: `VOTED`, or the different sets of labels, and what is said in
        place of one
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
    pairs = not multilabel and not (planned and is_choice(planned[0]))
    known: dict[object, int] = {one: at for at, one in enumerate(VOTED)} if pairs else {}
    said = (vote.answer if pairs else _said(vote) for vote in held)
    answer = _as_ints(known.setdefault(one, len(known)) for one in said)
    reviewer = _as_ints(numbers.setdefault(vote.reviewer, len(numbers)) for vote in held)
    everybody = voting.reviewers(db)
    return Cast(
        item=_as_ints(places[vote.example] for vote in held),
        reviewer=reviewer,
        answer=answer,
        given_first=np.array([vote.first == "given" for vote in held], dtype=bool),
        known_first=np.array([vote.first is not None for vote in held], dtype=bool),
        seconds=seconds_between(reviewer, [as_seconds(vote.created_at) for vote in held]),
        people=tuple(everybody[number] for number in numbers),
        answers=tuple(known),
        n_items=len(planned),
    )


def _said(vote: Any) -> object:
    """Return the labels that a vote lists, or what else it says."""
    return (vote.said or vote.answer) if vote.labels is None else tuple(vote.labels)


def _as_ints(numbers: Any) -> Int[np.ndarray, "votes"]:
    return np.fromiter(numbers, dtype=np.int64)


def seconds_between(
    reviewer: Int[np.ndarray, "votes"], times: Sequence[float]
) -> Float[np.ndarray, "votes"]:
    """Return how long after the answer before it each came, for answers of one sitting.

    Parameters
    ----------
    reviewer : whose each is, ``(votes,)``
    times : when, in seconds, ``(votes,)``; nan where that is not known

    Returns
    -------
    nan where that is not known, or they took a break of `BREAK_SECONDS` or more
    """
    at = np.array(times, dtype=np.float64)
    order = np.lexsort((at, reviewer))
    seconds = np.full(len(at), np.nan)
    gap = np.diff(at[order])
    same = np.diff(reviewer[order]) == 0
    seconds[order[1:]] = np.where(same & (gap < BREAK_SECONDS), gap, np.nan)
    return seconds


def as_seconds(time: str | None) -> float:
    """Return a time in seconds; one that names no zone is taken for UTC, on every machine."""
    if time is None:
        return np.nan
    read = datetime.fromisoformat(time)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def modelled(
    consensus: Consensus, cast: Cast, probs: Callable[[], AnswerProbs]
) -> tuple[Modelled, tuple[str, ...]]:
    """Return what a model makes of the votes on all planned examples, and what to say of it.

    Parameters
    ----------
    probs : returns what votes along in `crowdlab`

    Raises
    ------
    VoteError
        No example has two votes, and `crowdlab` has nothing to compare.
    """
    n_people = len(cast.people)
    assert consensus.least is not None, "a model has one"
    if consensus.name == "crowdlab":
        of_model = probs()
        found = crowdlab(*cast.columns, of_model.probs, n_reviewers=n_people)
        made = Modelled(
            consensus=consensus.name,
            least=consensus.least,
            posterior=found.posterior,
            probabilities=of_model.sha256,
        )
        times = found.model_weight / float(np.nanmean(found.reviewer_weights))
        along = (
            "In these verdicts a model's probabilities vote along, with the weight of "
            f"{times:,.1f} reviewers."
        )
        return made, (along,)
    fit = _FITTED[consensus.name](
        *cast.columns, n_items=cast.n_items, n_reviewers=n_people, n_answers=len(VOTED)
    )
    unsettled = f"The model {consensus.name} had not settled after {fit.iterations} steps."
    made = Modelled(consensus=consensus.name, least=consensus.least, posterior=fit.posterior)
    return made, () if fit.converged else (unsettled,)


def qualities(cast: Cast, *, confidence: float) -> list[ReviewerQuality]:
    """Return what the votes tell of each reviewer, most votes first.

    But for answers to the question of two labels, nothing is estimated: labels are no answer that a
    model of `errata.core.aggregation` knows.
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
    if cast.answers == VOTED and n:
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
