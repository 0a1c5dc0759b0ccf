"""What a report is made of: plain values, gathered by the audit, drawn by `page`.

Nothing here computes anything and nothing here reads a file: the same context gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from errata.datasets.media import Shown
from errata.labels import Label

Rows = Sequence[tuple[str, str]]
"""Rows of a two-column table: what it is called, what it is."""


class Pair(NamedTuple):
    """Candidates that share a given and a suggested class.

    Parameters
    ----------
    given, suggested : classes, ``0..m-1``
    candidates : those with this given and this suggested label
    correctable : how many of them the reviewers corrected
    """

    given: int
    suggested: int
    candidates: int
    correctable: int


@dataclass(frozen=True, kw_only=True)
class ReportExample:
    """One suspicious example.

    Parameters
    ----------
    id : the example's own id
    given, suggested : classes, ``0..m-1``, or sorted tuples of them
    score : the audit's score; lower is more suspicious
    rules : every rule that flags the example
    verdict : one of the five verdicts; ``None`` while too few votes are in
    votes : how many reviewers gave each answer (``given suggested both neither other``), or
        where examples have several labels, name each, or chose each; what is not listed has none
    corrected : the label of the corrected set, where it differs from the given one
    shown : the example itself; ``None`` when the audit holds no media
    """

    id: str
    given: Label
    suggested: Label
    score: float
    rules: Sequence[str]
    verdict: str | None = None
    votes: Mapping[str, int]
    corrected: Label | None = None
    shown: Shown | None = None


class Moment(NamedTuple):
    """What was known of the error rate of all labels when some of what chance drew was decided.

    Parameters
    ----------
    checked : how many of the examples that chance drew were decided
    estimate, low, high : the share of wrong labels and its interval, 0..1
    """

    checked: int
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ReportContext:
    """Everything one report says.

    Parameters
    ----------
    name : the audit's name, in the title
    n, classes : how many examples; the names of the ``m`` classes
    multilabel : whether examples may have several labels
    choice : whether reviewers chose one of several answers
    path : the audit as a person would type it, for the commands the report suggests
    notices : what must be said on every output ("1,234 of 1,234 votes are simulated ...")
    estimated_errors, rule, score : what `find` said; ``None`` while it has not run
    estimated_from : from what it estimated the errors
    probabilities : whether there are any for `find` to look at
    candidates, decided, open : examples sent for checking; those with a verdict; those without
    threshold : votes needed for a verdict; several where plans differ; None where a model made them
    needed : what a verdict takes, in words, where there is no threshold
    verdict_counts : examples for each of the five verdicts; a verdict not listed has none
    by_chance : how many examples chance drew for each goal of a plan, ``rate`` or ``ranking``; the
        others that were sent for checking are candidates of a flagger
    suspicious : up to 48 of the candidates of flaggers, in the order of asking, worst first in each
        plan; where there are none, of those that chance drew, worst first
    pairs : most candidates first or in any order
    comparison : an `errata.comparison.Comparison`; ``None`` when no predictions were given
    error_rate : what is known of how many of all labels are wrong, in sentences; none without votes
    confidence : of the intervals of the error rate
    moments : the estimates as the votes came in, the last being today's; none where chance had no
        part in what was checked
    settings : what was chosen (rule, score, votes, threshold, seed ...)
    facts : what it was made from and by (files with their hashes, versions ...)
    """

    name: str
    n: int
    classes: Sequence[str]
    multilabel: bool = False
    choice: bool = False
    path: str = "AUDIT"
    notices: Sequence[str] = ()
    estimated_errors: int | None = None
    estimated_from: str = "the probabilities"
    rule: str | None = None
    score: str | None = None
    probabilities: bool = True
    candidates: int = 0
    decided: int = 0
    open: int = 0
    threshold: int | tuple[int, ...] | None = 3
    needed: str = ""
    verdict_counts: Mapping[str, int]
    by_chance: Mapping[str, int] = field(default_factory=dict)
    suspicious: Sequence[ReportExample] = ()
    pairs: Sequence[Pair] = ()
    comparison: Any = None
    error_rate: Sequence[str] = ()
    confidence: float = 0.95
    moments: Sequence[Moment] = ()
    settings: Rows = ()
    facts: Rows = ()
