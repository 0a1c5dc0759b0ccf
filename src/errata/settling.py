"""From votes to verdicts, wherever the votes are kept: in the database of an audit, or a release.

A row is what is known of one planned example. The rule itself is `errata.core.consensus`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from errata.choosing import Chosen, as_pairs
from errata.core.consensus import (
    ANSWERS,
    CORRECTABLE,
    NEITHER,
    NON_ERROR,
    OPEN,
    agreed_sets,
    set_verdict_codes,
    set_votes_needed,
    verdict_codes,
    votes_needed,
)
from errata.exchange.votes import LABELS


def pair_codes(
    rows: Sequence[Mapping[str, Any]],
    chosen: Sequence[Chosen],
    threshold: int | None,
    *,
    against: Int[np.ndarray, "rows"],
    votes: Int[np.ndarray, "rows 5"],
    decided: Mapping[int, Mapping[str, Any]],
) -> Int[np.ndarray, "rows"]:
    """Return the verdicts on given labels: what the votes come to, or as was decided.

    Where reviewers choose one of several, the votes are told as those on two labels at this
    threshold: ``against`` and ``votes`` are written anew there.

    Parameters
    ----------
    rows : example, given, votes (wanted) and threshold of each
    chosen : of each row, where reviewers choose one of several; else empty
    threshold : the same for all; None: that of each row
    against : the label asked about besides the given one, ``(rows,)``
    votes : columns as `errata.core.consensus.VOTED`
    decided : what a maintainer decided, by example
    """
    codes = np.full(len(rows), OPEN, dtype=np.int64)
    for asked, alike in _asked_alike(rows, threshold):
        needed = votes_needed(votes, *asked)
        some = np.flatnonzero(alike).tolist() if chosen else []
        if some:
            which = [chosen[place] for place in some]
            against[some], votes[some], needed[some] = as_pairs(which, *asked)
        closed = alike & (needed == 0)
        codes[closed] = verdict_codes(votes[closed], asked[0])
    return decided_codes(codes, rows, decided)


def set_codes(
    rows: Sequence[Mapping[str, Any]],
    threshold: int | None,
    *,
    votes: Int[np.ndarray, "rows classes"],
    reviewers: Int[np.ndarray, "rows"],
    unclear: Int[np.ndarray, "rows"],
    given: Bool[np.ndarray, "rows classes"],
    suggested: Bool[np.ndarray, "rows classes"],
    decided: Mapping[int, Mapping[str, Any]],
) -> tuple[Int[np.ndarray, "rows"], Bool[np.ndarray, "rows classes"]]:
    """Return the verdicts on sets of labels, and the sets: by the votes, or as was decided.

    Parameters
    ----------
    rows : example, votes (wanted) and threshold of each
    threshold : the same for all; None: that of each row
    votes : how many tick each label; ``reviewers``: how many have answered; ``unclear``: how many
        of these cannot tell
    decided : what a maintainer decided, by example
    """
    asked = given | suggested | (votes > 0)
    codes = np.full(len(rows), OPEN, dtype=np.int64)
    agreed = np.zeros_like(given)
    for (needed, wanted), alike in _asked_alike(rows, threshold):
        more = set_votes_needed(votes, reviewers, asked, needed, wanted, unclear=unclear)
        closed = alike & (more == 0)
        codes[closed] = set_verdict_codes(
            votes[closed], given[closed], needed, unclear=unclear[closed], asked=asked[closed]
        )
        agreed[alike] = agreed_sets(votes[alike], needed)
    by_hand = decided_by_hand(rows, decided)
    agreed[by_hand] = as_matrix([_labels_decided(row, decided) for row in rows], given.shape[1])[
        by_hand
    ]
    one_vote = agreed[by_hand].astype(np.int64)  # the maintainer's, which is enough
    codes[by_hand] = set_verdict_codes(one_vote, given[by_hand], threshold=1)
    return codes, agreed


def _asked_alike(
    rows: Sequence[Mapping[str, Any]], threshold: int | None
) -> Iterator[tuple[tuple[int, int], Bool[np.ndarray, "rows"]]]:
    """Yield each pair of a threshold and of votes wanted, and the rows that have it."""
    wanted, needed = column(rows, "votes"), column(rows, "threshold")
    if threshold is not None:
        needed[:] = threshold
    for each in sorted(set(zip(needed.tolist(), wanted.tolist(), strict=True))):
        yield each, (needed == each[0]) & (wanted == each[1])


def decided_by_hand(
    rows: Sequence[Mapping[str, Any]], decided: Mapping[int, Any]
) -> Bool[np.ndarray, "rows"]:
    """Tell which rows a maintainer has decided."""
    return np.array([row["example"] in decided for row in rows], dtype=bool)


def decided_codes(
    codes: Int[np.ndarray, "rows"],
    rows: Sequence[Mapping[str, Any]],
    decided: Mapping[int, Mapping[str, Any]],
) -> Int[np.ndarray, "rows"]:
    """Return the verdicts of rows, those that a maintainer has decided as they were decided."""
    codes = codes.copy()
    for place in np.flatnonzero(decided_by_hand(rows, decided)).tolist():
        one = decided[rows[place]["example"]]
        if one["answer"] != LABELS:
            codes[place] = ANSWERS.index(one["answer"])
        elif not one["labels"]:
            codes[place] = NEITHER
        else:
            codes[place] = NON_ERROR if one["labels"] == [rows[place]["given"]] else CORRECTABLE
    return codes


def _labels_decided(
    row: Mapping[str, Any], decided: Mapping[int, Mapping[str, Any]]
) -> Sequence[int]:
    """Return the labels that a maintainer decided for a row; none where none did."""
    found: Sequence[int] = decided.get(row["example"], {}).get("labels") or ()
    return found


def as_matrix(sets: Sequence[Sequence[int]], n_classes: int) -> Bool[np.ndarray, "sets classes"]:
    """Return sets of labels, lists of classes, as a matrix."""
    matrix = np.zeros((len(sets), n_classes), dtype=bool)
    for place, labels in enumerate(sets):
        matrix[place, list(labels)] = True
    return matrix


def column(rows: Sequence[Mapping[str, Any]], name: str) -> Int[np.ndarray, "rows"]:
    """Return one whole number of each row."""
    return np.array([row[name] for row in rows], dtype=np.int64)
