"""How many more votes each planned example needs: the plan's rule, on the votes that count.

Knows plans, votes and the rule of `errata.core.consensus`; who is asked is for
`errata.store.queue`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Connection

from errata.core.consensus import ANSWERS, VOTED, set_votes_needed, votes_needed
from errata.store import adjudications, queue, records, voting

STOPPINGS = ("off", "exact")
"""Whether asking about an example ends when its verdict is settled."""

FULL_SHARE = 0.05
"""Of the examples where asking may stop early, so many are asked for all votes."""


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
    held: Collection[int] = adjudications.held(db) if one is None else ()
    count = _sets if multilabel else _pairs
    found = count(db, planned, None if one is None else one["example"])
    queue.set_needs(
        db, [row | {"needs": 0} if decided or row["example"] in held else row for row in found]
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


def _sets(
    db: Connection, planned: Sequence[Mapping[str, Any]], example: int | None
) -> Iterator[dict[str, int]]:
    tallies = voting.set_tallies(db, example)
    for row in planned:
        held, ticks = tallies.get(row["example"], (0, {}))
        needed = None
        if _may_stop(row):
            labels = sorted({*row["given"], *row["suggested"], *ticks})
            counts = np.array([[ticks.get(label, 0) for label in labels]], np.int64)
            asked = np.ones(counts.shape, bool)
            needed = int(
                set_votes_needed(counts, np.array([held]), asked, row["threshold"], row["votes"])[0]
            )
        yield _standing(row, held, needed)


def _may_stop(row: Mapping[str, Any]) -> bool:
    """Tell whether asking about an example may stop before it has all its votes."""
    return row["stopping"] == "exact" and not row["full"]


def _standing(row: Mapping[str, Any], held: int, needed: int | None) -> dict[str, int]:
    """Return how an example stands; it needs all its votes where nothing else is ``needed``."""
    needs = max(row["votes"] - held, 0) if needed is None else needed
    return {"example": row["example"], "votes": held, "needs": needs}
