"""What a plan asks, and how many more votes each planned example needs: its rule, on the votes.

Knows plans, votes and the rule of `errata.core.consensus`; who is asked is for
`errata.store.queue`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Connection

from errata.arrays import as_choice, as_count
from errata.core.consensus import (
    ANSWERS,
    VOTED,
    choice_votes_needed,
    set_votes_needed,
    votes_needed,
)
from errata.errors import InputError
from errata.exchange.votes import CANNOT_TELL, LONGEST_NAME, one_form
from errata.store import adjudications, queue, records, voting
from errata.store.voting import Choice, SetTally

STOPPINGS = ("off", "exact")
"""Whether asking about an example ends when its verdict is settled."""

NONE_OF_THESE = "none of these"
"""What a reviewer who chooses one of several answers says where no class fits."""

MOST_EXTRA = 9
"""A plan has at most so many answers that are no class."""

QUESTIONS = ("pair", "pooled", "choice")
"""What is asked where every example has one label.

Which of the given and the suggested label is right; which one of these and of all other labels
that anything suggested; which one of several classes, or of all.
"""

FULL_SHARE = 0.05
"""Of the examples where asking may stop early, so many are asked for all votes."""


def as_question(
    question: str,
    options: int | str | None,
    extra: Sequence[str],
    *,
    classes: Sequence[str],
    multilabel: bool,
) -> dict[str, Any]:
    """Return what a plan asks, by the words of `errata.Audit.plan`: ``question options extra``.

    Raises
    ------
    NameUnknownError
        There is no such question.
    InputError
        A setting is out of range, or does not belong to this question.

    Examples
    --------
    >>> as_question("choice", 3, ["neutral"], classes=["a", "b", "c"], multilabel=False)
    {'question': 'choice', 'options': 3, 'extra': ['neutral']}
    """
    question = as_choice("question", question, QUESTIONS)
    if question == QUESTIONS[0]:
        if options is not None or extra:
            raise InputError(
                "Options and extra answers are for the questions pooled and choice; a pair has "
                "none. Choose one of these (question, --question), or leave them out."
            )
        return {"question": question, "options": None, "extra": None}
    if multilabel:
        raise InputError(
            f"The question {question} is which one label is right, but examples may have several "
            "here. Leave it out: reviewers are asked which of some labels apply."
        )
    if question == "pooled" and options is not None:
        raise InputError(
            "With pooled there are as many options as labels were suggested. Leave options out, or "
            "ask choice."
        )
    few = None if options in (None, "all") else as_count("options", options)
    if few is not None and not 2 <= few <= len(classes):
        raise InputError(
            f"options is {few}; from 2 to the {len(classes):,} classes, or 'all', was expected."
        )
    return {"question": question, "options": few, "extra": _as_extra(extra, classes)}


def _as_extra(extra: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Return the answers that are no class, each in its one form."""
    if isinstance(extra, str):
        raise InputError(f"extra is {extra!r}; a list of answers was expected.")
    words = [one_form(word) for word in extra]
    taken = {word.casefold() for word in (*classes, *VOTED, CANNOT_TELL, NONE_OF_THESE)}
    for word in words:
        if not word or len(word) > LONGEST_NAME or not word.isprintable():
            raise InputError(
                f"The extra answer {word[:20]!r} is empty, not printable, or longer than "
                f"{LONGEST_NAME} characters."
            )
        if word.casefold() in taken:
            raise InputError(
                f"The extra answer {word!r} is a class, or an answer that there is anyway. Leave "
                "it out."
            )
        taken.add(word.casefold())
    if len(words) > MOST_EXTRA:
        raise InputError(f"There are {len(words)} extra answers; at most {MOST_EXTRA} fit a page.")
    return words


def is_choice(row: Mapping[str, Any]) -> bool:
    """Tell whether reviewers choose one answer of several, by a plan or what is planned by it.

    All plans of an audit ask the same, so any row tells.
    """
    return bool(row["question"] != QUESTIONS[0])


def asking_of(votes: int, threshold: int, *, exact: bool, multilabel: bool) -> int:
    """Return how many votes an example needs at least that nobody has answered.

    Examples
    --------
    >>> asking_of(5, 3, exact=True, multilabel=False)
    3
    """
    if not exact:
        return votes
    if multilabel:
        one = np.zeros((1, 1), np.int64)
        asked = np.ones((1, 1), bool)
        return int(set_votes_needed(one, one[0], asked, threshold, votes)[0])
    return _needed((0,) * len(ANSWERS), threshold, votes)


@lru_cache(maxsize=2**16)  # of few votes there are few counts, and each vote asks
def _needed(counts: tuple[int, ...], threshold: int, votes: int) -> int:
    """Return how many more votes one example needs at least, by its counts of answers."""
    return int(votes_needed(np.array([counts], np.int64), threshold, votes)[0])


@lru_cache(maxsize=2**16)
def _needed_choosing(counts: tuple[int, ...], held: int, threshold: int, votes: int) -> int:
    """Return the same where reviewers choose one of several answers, and so many have."""
    options = np.array([counts], np.int64)
    return int(choice_votes_needed(options, np.array([held]), threshold, votes)[0])


def restand(
    db: Connection,
    *,
    multilabel: bool,
    one: Mapping[str, Any] | None = None,
    decided: bool = False,
) -> None:
    """Bring up to date what is noted of how planned examples stand.

    What a maintainer has decided needs no more votes.

    Parameters
    ----------
    one : of this one alone, a row of `errata.store.records.planned`; without it, of all
    decided : whether a decision of that one holds; of all, it is looked up
    """
    planned = records.planned(db) if one is None else [one]
    example = None if one is None else one["example"]
    held: Collection[int] = adjudications.held(db) if one is None else ()
    one_of_several = bool(planned) and is_choice(planned[0])
    stand = _sets if multilabel else _choices if one_of_several else _pairs
    queue.set_needs(
        db,
        [
            row | {"needs": 0} if decided or row["example"] in held else row
            for row in stand(db, planned, example)
        ],
    )


def _pairs(
    db: Connection, planned: Sequence[Mapping[str, Any]], example: int | None
) -> Iterator[dict[str, int]]:
    tallies = voting.tallies(db, example)
    for row in planned:
        counts = tuple(tallies.get((row["example"], answer), 0) for answer in VOTED)
        needed = None
        if _may_stop(row):
            needed = _needed(counts, row["threshold"], row["votes"])
        yield _standing(row, sum(counts), needed)


def _choices(
    db: Connection, planned: Sequence[Mapping[str, Any]], example: int | None
) -> Iterator[dict[str, int]]:
    chosen = voting.choices(db, example)
    for row in planned:
        votes = chosen.get(row["example"], Counter())
        held, needed = votes.total(), None
        if _may_stop(row):
            counts = tuple(votes[option] for option in options_of(row, votes))
            needed = _needed_choosing(counts, held, row["threshold"], row["votes"])
        yield _standing(row, held, needed)


def options_of(row: Mapping[str, Any], votes: Mapping[Choice, int]) -> list[Choice]:
    """Return what may decide about an example where reviewers choose, in the order of precedence.

    The given label, the suggested one, the other classes that somebody chose, and none of them.
    """
    first = (row["given"], row["suggested"])
    classes = (option for option in votes if isinstance(option, int))
    return [*first, *sorted(set(classes) - set(first)), None]


def _sets(
    db: Connection, planned: Sequence[Mapping[str, Any]], example: int | None
) -> Iterator[dict[str, int]]:
    tallies = voting.set_tallies(db, example)
    for row in planned:
        held, unclear, ticks = tallies.get(row["example"], SetTally())
        needed = None
        if _may_stop(row):
            labels = sorted({*row["given"], *row["suggested"], *ticks})
            counts = np.array([[ticks.get(label, 0) for label in labels]], np.int64)
            asked, wanted = np.ones(counts.shape, bool), (row["threshold"], row["votes"])
            more = set_votes_needed(
                counts, np.array([held]), asked, *wanted, unclear=np.array([unclear])
            )
            needed = int(more[0])
        yield _standing(row, held, needed)


def _may_stop(row: Mapping[str, Any]) -> bool:
    """Tell whether asking about an example may stop before it has all its votes."""
    return row["stopping"] == "exact" and not row["full"]


def _standing(row: Mapping[str, Any], held: int, needed: int | None) -> dict[str, int]:
    """Return how an example stands; it needs all its votes where nothing else is ``needed``."""
    needs = max(row["votes"] - held, 0) if needed is None else needed
    return {"example": row["example"], "votes": held, "needs": needs}
