"""What reviewers chose of several answers, told as votes on two labels: verdicts then are the same.

The two are the given label and the class that speaks against it. How many votes an example needs is
for `errata.asking`; what verdicts are is for `errata.core.consensus`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from errata.asking import NONE_OF_THESE, options_of
from errata.core.consensus import choice_votes_needed, leading
from errata.store.voting import Choice


@dataclass(frozen=True)
class Chosen:
    """What the reviewers of one planned example chose.

    Attributes
    ----------
    row : of `errata.store.records.planned`
    votes : how many chose what
    decided : the class that a maintainer decided on, in a list; empty for none of them; None where
        nothing was decided
    """

    row: Mapping[str, Any]
    votes: Counter[Choice]
    decided: Sequence[int] | None

    @property
    def options(self) -> list[Choice]:
        """What may decide, in the order of precedence."""
        return options_of(self.row, {**self.votes, **dict.fromkeys(self.decided or (), 0)})

    @property
    def against(self) -> int | None:
        """The class that a maintainer decided on, if it is not the given one."""
        return next((label for label in self.decided or () if label != self.row["given"]), None)

    def told(self, classes: Sequence[str]) -> dict[str, int]:
        """Return how many chose what, in words, most votes first."""
        words = sorted(option for option in self.votes if isinstance(option, str))
        order = [option for option in (*self.options, *words) if self.votes[option]]
        order.sort(key=lambda option: -self.votes[option])
        return {_in_words(option, classes): self.votes[option] for option in order}


def _in_words(option: Choice, classes: Sequence[str]) -> str:
    if option is None:
        return NONE_OF_THESE
    return classes[option] if isinstance(option, int) else option


def as_pairs(
    chosen: Sequence[Chosen], threshold: int, wanted: int
) -> tuple[
    Int[np.ndarray, "candidates"], Int[np.ndarray, "candidates 5"], Int[np.ndarray, "candidates"]
]:
    """Return the class that speaks against the given one, the votes on the two, and those needed.

    It is the class that has ``threshold`` votes, the first by precedence; without one, the first
    that has most votes: without votes, the suggested one. A maintainer's decision goes before.

    Parameters
    ----------
    threshold : votes needed for agreement, at least 1
    wanted : votes to collect for each candidate, if need be

    Returns
    -------
    class, ``(candidates,)``; votes, ``(candidates, 5)``, columns as
    `errata.core.consensus.VOTED`, votes for further classes among "other"; and how many more it
    takes at least until the verdict cannot change

    Examples
    --------
    >>> row = {"given": 0, "suggested": 1}
    >>> as_pairs([Chosen(row, Counter({2: 3, 0: 1, "neutral": 1}), None)], 3, 5)
    (array([2]), array([[1, 3, 0, 0, 1]]), array([0]))
    """
    listed = [one.options for one in chosen]
    # columns that an example does not use are as options that nobody chose
    table = np.zeros((len(chosen), max(map(len, listed))), np.int64)
    classes = np.zeros_like(table)
    for place, (one, (*some, none)) in enumerate(zip(chosen, listed, strict=True)):
        classes[place, : len(some)] = [option or 0 for option in some]
        table[place, : len(some)] = [one.votes[option] for option in some]
        table[place, -1] = one.votes[none]
    held = np.array([one.votes.total() for one in chosen], np.int64)
    column = 1 + leading(table[:, 1:-1], threshold)
    for place, one in enumerate(chosen):
        if one.against is not None:
            column[place] = listed[place].index(one.against)
    rows = np.arange(len(chosen))
    given, against, none_of_them = table[:, 0], table[rows, column], table[:, -1]
    rest = held - given - against - none_of_them
    votes = np.stack([given, against, np.zeros_like(given), none_of_them, rest], axis=1)
    return classes[rows, column], votes, choice_votes_needed(table, held, threshold, wanted)
