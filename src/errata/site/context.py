"""What a site is made of: plain values and a few functions, gathered by `errata.browsing`.

Nothing here computes anything and nothing here reads a file: the same context gives the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from errata.core.consensus import VERDICTS
from errata.datasets.media import Media
from errata.labels import Label

SHOWN_VERDICTS = (*VERDICTS, "open")
"""The verdicts by the numbers that data files have; ``open``: votes are lacking."""

OPEN_HERE = SHOWN_VERDICTS.index("open")
NOT_ASKED = -1

Votes = tuple[int, ...] | tuple[tuple[str, int], ...]
"""How many gave each answer, in the order of `VOTED`; or where labels are chosen, how many chose
what, in words, most votes first."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is told of one label on its page, besides what all pages have.

    Parameters
    ----------
    history : the rows of a story: what each is about, and what there is to say
    confidence : the probability of the given label; None where it is not known
    """

    history: Sequence[tuple[str, str]]
    confidence: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class SiteContext:
    """Everything that the site says of one audit. A row is a candidate, the most suspicious first.

    Parameters
    ----------
    name, n, classes, multilabel : the audit's
    choice : whether reviewers choose one of several answers
    kind : what its examples are; None where it holds none, or shows none
    thresholds : at which votes are counted, ascending
    threshold : that of the newest plan
    votes : how many the newest plan wants
    planned : whether anybody was asked anything
    candidates : how many there are, of which some may have no row
    examples : the number of each row's example in the test set, ``(rows,)``
    given, suggested : the labels of each row
    codes : the verdict of each row at each threshold, as `SHOWN_VERDICTS` numbers them;
        ``NOT_ASKED`` where nobody is asked, ``(thresholds, rows)``
    corrected : for each threshold, the corrected labels by row; those that changed alone
    cast : the votes on each row
    differ : the share of pairs of reviewers who differ on each row; -1 where there are no two
    of_class : how many examples are given each class, ``(classes,)``
    counts : how many candidates have each verdict, at each threshold
    score, order : what the rows are ordered by: its name, and in words
    figures : those of the paper's table 1; ``every``: what to say where all
        examples are candidates, else ""
    rate : the error rate with its interval, and in words; None where nothing is known
    notices : what must be said along with all of this
    release : the ``version`` of the newest release by ``threshold``, else of the newest; and ``by``
        what it was made, in words; None before the first
    wrong : how many labels of each class are wrong, as `confusion.js` says it
    benchmark : what `benchmark.js` says; None where no models are compared
    answers : the best answer of each compared model, by the model's name, ``(n,)``
    media : the examples themselves; None where there are none to be shown
    cache : a folder that keeps small pictures; it need not be there
    id_of : returns the id of an example
    told : returns what is told of some examples
    exemplars : returns some examples that show what a class looks like
    link : where the original of an example is, of its number and given label; None without
    report_to : the address that reports of mistakes go to
    errata : the version that made it
    """

    name: str
    n: int
    classes: Sequence[str]
    multilabel: bool = False
    choice: bool = False
    kind: str | None = None
    thresholds: Sequence[int]
    threshold: int
    votes: int
    planned: bool
    candidates: int
    examples: Int[np.ndarray, "rows"]
    given: Sequence[Label]
    suggested: Sequence[Label]
    codes: Int[np.ndarray, "thresholds rows"]
    corrected: Sequence[Mapping[int, Label]]
    cast: Sequence[Votes]
    differ: Sequence[float]
    of_class: Int[np.ndarray, "classes"]
    counts: Sequence[Sequence[int]]
    score: str
    order: str
    figures: Mapping[str, Any]
    rate: Mapping[str, Any] | None = None
    notices: Sequence[str] = ()
    release: Mapping[str, str] | None = None
    wrong: Sequence[Sequence[Any]] = ()
    benchmark: Mapping[str, Any] | None = None
    answers: Mapping[str, Int[np.ndarray, "n"]] = field(default_factory=dict)
    media: Media | None = None
    cache: Path | None = None
    id_of: Callable[[int], str]
    told: Callable[[Sequence[int]], Sequence[Told]]
    exemplars: Callable[[int], Sequence[int]]
    link: Callable[[int, str], str] | None = None
    report_to: str | None = None
    errata: str

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.examples)
