"""How many more votes each planned example needs: the plan's rule, on the votes that count.

Knows plans, votes and the rule of `errata.core.consensus`; who is asked is for
`errata.store.queue`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from jaxtyping import Int
from sqlalchemy import Connection

from errata.core.consensus import ANSWERS, VOTED, set_votes_needed, votes_needed
from errata.store import queue, records, voting

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


def restand(db: Connection, *, multilabel: bool, one: Mapping[str, Any] | None = None) -> None:
    """Bring up to date what is noted of how planned examples stand.

    Parameters
    ----------
    one : of this one alone, a row of `errata.store.records.planned`; without it, of all
    """
    if one is not None and not multilabel:
        queue.set_needs(db, [_one_pair(db, one)])
        return
    planned = records.planned(db) if one is None else [one]
    example = None if one is None else one["example"]
    votes, needed = _sets(db, planned, example) if multilabel else _pairs(db, planned)
    now = zip(planned, votes.tolist(), needed.tolist(), strict=True)
    queue.set_needs(
        db, [{"example": row["example"], "votes": held, "needs": more} for row, held, more in now]
    )


def _one_pair(db: Connection, row: Mapping[str, Any]) -> dict[str, int]:
    """Return what `_pairs` finds for one example, which each vote asks."""
    tallies = voting.tallies(db, row["example"])
    counts = tuple(tallies.get((row["example"], answer), 0) for answer in VOTED)
    held = sum(counts)
    needed = max(row["votes"] - held, 0)
    for (threshold, wanted), _ in _may_stop([row]):
        needed = _needed(counts, threshold, wanted)
    return {"example": row["example"], "votes": held, "needs": needed}


def _pairs(
    db: Connection, planned: Sequence[Mapping[str, Any]]
) -> tuple[Int[np.ndarray, "planned"], Int[np.ndarray, "planned"]]:
    tallies = voting.tallies(db)
    counts = np.array(
        [[tallies.get((row["example"], answer), 0) for answer in VOTED] for row in planned]
    ).reshape(-1, len(VOTED))
    votes = counts.sum(axis=1)
    needed = np.maximum([row["votes"] for row in planned] - votes, 0)
    for (threshold, wanted), rows in _may_stop(planned):
        needed[rows] = votes_needed(counts[rows], threshold, wanted)
    return votes, needed


def _sets(
    db: Connection, planned: Sequence[Mapping[str, Any]], example: int | None
) -> tuple[Int[np.ndarray, "planned"], Int[np.ndarray, "planned"]]:
    tallies = voting.set_tallies(db, example)
    votes = np.array([tallies.get(row["example"], (0, {}))[0] for row in planned], np.int64)
    needed = np.maximum([row["votes"] for row in planned] - votes, 0)
    for (threshold, wanted), rows in _may_stop(planned):
        for place in rows:
            row = planned[place]
            held, ticks = tallies.get(row["example"], (0, {}))
            labels = sorted({*row["given"], *row["suggested"], *ticks})
            counts = np.array([[ticks.get(label, 0) for label in labels]], np.int64)
            asked = np.ones(counts.shape, bool)
            needed[place] = set_votes_needed(counts, np.array([held]), asked, threshold, wanted)[0]
    return votes, needed


def _may_stop(
    planned: Sequence[Mapping[str, Any]],
) -> list[tuple[tuple[int, int], list[int]]]:
    """Return, for each threshold and number of votes, the places where asking may stop early."""

    def asked(place: int) -> tuple[int, int]:
        return planned[place]["threshold"], planned[place]["votes"]

    places = [
        place for place, row in enumerate(planned) if row["stopping"] == "exact" and not row["full"]
    ]
    return [(key, list(some)) for key, some in groupby(sorted(places, key=asked), key=asked)]
