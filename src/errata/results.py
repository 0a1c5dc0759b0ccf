"""What the verbs of an audit return: small frozen values with a readable ``repr``.

They know no file and no database; `errata.audit` fills them.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from errata.core.consensus import CANNOT_TELL, OPEN, VERDICTS, VOTED
from errata.core.crowd import CROWD
from errata.core.error_rate import ErrorCount
from errata.core.slips import Slips
from errata.labels import Label, named
from errata.words import drawn_and_waiting, plural

Side = Literal["given", "suggested"]

IMPORTED = "imported"
"""The rule of candidates that were not found here."""

POLICIES = ("drop_ambiguous", "keep_given", "multi_label")
"""What becomes of labels that reviewers found wrong without agreeing on a right one: their examples
are left out; they stay as given; or either of two labels that both apply is right."""

VERDICT_COLUMNS = (
    *("id", "given", "suggested"),
    *(f"votes_{answer}" for answer in VOTED),
    "verdict",
)
"""The columns of `Verdicts.rows`."""

POSTERIOR_COLUMNS = tuple(f"p_{answer}" for answer in VOTED)
"""What `Verdicts.rows` has besides where a model made the verdicts."""

SET_VERDICT_COLUMNS = ("id", "given", "suggested", "agreed", "reviewers", "votes", "verdict")
"""The columns of `SetVerdicts.rows`."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Plan:
    """Which candidates are sent for checking, and what is asked for each.

    Attributes
    ----------
    number : 1 for the audit's first plan
    goal : ``"errors"``: the candidates, worst first, each for certain; ``"rate"``: examples that
        chance drew, of all; ``"ranking"``: those that tell models apart, most often
    votes, threshold : votes wanted for each candidate; votes for one answer that make a verdict
    stopping : ``"exact"``: asking about a candidate stops once no further vote can change its
        verdict at this threshold; ``"off"``: all votes are asked for
    full_share : the share of the candidates that are asked for all votes nevertheless
    budget : at most so many examples, or None
    question : ``"pair"``: which of the given and the suggested label is right; ``"pooled"``: which
        one of all labels suggested; ``"choice"``: which class
    options : of ``"choice"``, so many classes to choose from, or None: all
    extra : answers that are no class, but for a pair
    added, candidates : how many this plan added; how many all plans hold now
    seed : of chance, or None where it had no part
    outlook : of a plan that was continued, what the votes say of going on, in words; also why
        nothing was added
    enough : whether they say to stop, as what is wanted is reached or cannot be brought nearer;
        nothing is added then
    """

    number: int
    goal: str
    votes: int
    threshold: int
    stopping: str
    full_share: float
    budget: int | None
    added: int
    candidates: int
    seed: int | None = None
    question: str = "pair"
    options: int | None = None
    extra: tuple[str, ...] = ()
    outlook: str = ""
    enough: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values; what it asks only where that is no pair."""
        told = asdict(self) | {"extra": list(self.extra)}
        if not self.outlook:
            del told["outlook"], told["enough"]
        if self.seed is None:
            del told["seed"]
        if self.question == "pair":
            for name in ("question", "options", "extra"):
                del told[name]
        return told

    def __repr__(self) -> str:
        drawn = "" if self.seed is None else f", drawn by chance (seed {self.seed})"
        return (
            f"Plan {self.number}: candidates added: {self.added:,}{drawn}, in all: "
            f"{self.candidates:,}; votes wanted for each: {self.votes}, to decide: {self.threshold}"
            f"{', fewer where the verdict is settled' if self.stopping == 'exact' else ''}"
            f"{'' if self.question == 'pair' else f'; question: {self.question}'}"
            f"{self.outlook and f'. {self.outlook}'}"
        )


@dataclass(frozen=True, kw_only=True)
class VoteRecord:
    """A vote that counts.

    ``time`` is ISO 8601 and ``first`` the label that was shown first; both are None where an
    imported vote did not say. ``said`` is the reviewer's own word where the answer is ``"other"``;
    ``labels`` are the names of the classes that apply where it is ``"labels"``.
    """

    id: str
    example: int
    reviewer: str
    answer: str
    time: str | None
    first: str | None
    kind: str
    said: str | None = None
    labels: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the vote in the columns of a vote file."""
        row = asdict(self)
        del row["example"]
        return row | {"labels": None if self.labels is None else list(self.labels)}


@dataclass(frozen=True, kw_only=True, repr=False)
class VotesAdded:
    """What became of votes that were handed in; ``refused`` has a line for each that was not."""

    added: int
    already_there: int
    refused: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the refusals as plain values."""
        return asdict(self) | {"refused": list(self.refused)}

    def __repr__(self) -> str:
        counts = f"{self.added:,} added, {self.already_there:,} already there"
        head = f"{type(self).__name__}: {counts}, {len(self.refused):,} refused"
        return "\n".join([head, *_some(self.refused)])


class GoldAdded(VotesAdded):
    """What became of gold that somebody named; ``refused`` has a line for each that was not."""


@dataclass(frozen=True, kw_only=True, repr=False)
class VotesImported(VotesAdded):
    """What became of the votes of a file.

    Attributes
    ----------
    form : which form it was taken for
    left_out : a line for each thing in it that is no vote, with how many and why
    """

    form: str
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain values."""
        return super().to_dict() | {"left_out": list(self.left_out)}

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *(f"  left out: {line}" for line in self.left_out)])


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written for another tool.

    Attributes
    ----------
    path : the file or folder
    form : the form it has
    count : how many tasks, or votes, there are
    not_carried : a line for each thing that the form cannot hold
    """

    path: Path
    form: str
    count: int
    not_carried: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain values."""
        return asdict(self) | {"path": str(self.path), "not_carried": list(self.not_carried)}


@dataclass(frozen=True, kw_only=True, repr=False)
class CandidatesAdded:
    """What became of candidates that were handed in.

    Attributes
    ----------
    run : the number under which they stand beside the runs of `find`
    flagger : who, or what, doubts these labels
    added : how many there are
    refused : a line for each that was not taken
    """

    run: int
    flagger: str
    added: int
    refused: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the refusals as plain values."""
        return asdict(self) | {"refused": list(self.refused)}

    def __repr__(self) -> str:
        counts = f"{self.added:,} by {self.flagger}, {len(self.refused):,} refused"
        return "\n".join([f"CandidatesAdded: {counts}", *_some(self.refused)])


@dataclass(frozen=True, kw_only=True, repr=False)
class ReportsAdded:
    """What became of reports of mistakes that were handed in.

    Attributes
    ----------
    added : how many there are that were not there before
    already_there : those that were
    candidates : how many examples `Audit.plan` would send for checking now, because of all reports
        so far
    to_decide : how many reports, of all so far, wait for a maintainer
    refused : a line for each that was not taken
    left_out : a line for each mail, or text, without a report
    """

    added: int
    already_there: int
    candidates: int
    to_decide: int
    refused: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the lines as plain values."""
        return asdict(self) | {"refused": list(self.refused), "left_out": list(self.left_out)}

    def __repr__(self) -> str:
        counts = (
            f"{self.added:,} added, {self.already_there:,} there already, "
            f"{len(self.refused):,} refused; candidates to plan: {self.candidates:,}, reports for "
            f"a maintainer: {self.to_decide:,}"
        )
        return "\n".join([f"ReportsAdded: {counts}", *_some(self.refused)])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AnyVerdicts:
    """What `Verdicts` and `SetVerdicts` share.

    Attributes
    ----------
    threshold : votes for one answer, or for a label, that make a verdict; where the plans of the
        candidates have different ones and each was used for its own, all of them, in the order of
        the plans. None where a model made the verdicts
    examples : the reviewed candidates in the order of asking, ``(reviewed,)``
    ids : their ids
    codes : index into `errata.core.consensus.VERDICTS`, or -1: open, more votes are wanted
    adjudicated : whether a maintainer decided it, whatever the votes are, ``(reviewed,)``
    unreviewed : how many candidates have no vote
    notices : what must be said along with these numbers
    classes : the class names
    """

    threshold: int | tuple[int, ...] | None
    examples: Int[np.ndarray, "reviewed"]
    ids: tuple[str, ...]
    codes: Int[np.ndarray, "reviewed"]
    adjudicated: Bool[np.ndarray, "reviewed"]
    unreviewed: int
    notices: tuple[str, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def needed(self) -> str:
        """What makes a verdict, in words."""
        if isinstance(self.threshold, int):
            return f"{plural(self.threshold, 'vote')} for {self._unit}"
        assert self.threshold is not None, "without one, a model made them"
        each = " or ".join(map(str, self.threshold))
        return f"{each} votes for {self._unit}, as the candidate's plan says"

    @property
    def made_by(self) -> dict[str, Any]:
        """What made the verdicts, as plain values."""
        several = self.threshold
        return {"threshold": list(several) if isinstance(several, tuple) else several}

    @property
    def _unit(self) -> str:
        return "one answer"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `rows`; ``adjudicated`` is one where a maintainer decided any."""
        return (*self._columns, *(["adjudicated"] if self.adjudicated.any() else []))

    @property
    def _columns(self) -> tuple[str, ...]:
        raise NotImplementedError

    @property
    def open(self) -> int:
        """How many reviewed candidates still want votes."""
        return int((self.codes == OPEN).sum())

    @property
    def counts(self) -> dict[str, int]:
        """How many candidates came to each of the five verdicts."""
        found = Counter(self.codes.tolist())
        return {verdict: found[code] for code, verdict in enumerate(VERDICTS)}

    @property
    def names(self) -> tuple[str, ...]:
        """The verdict of each reviewed candidate; ``"open"`` without one."""
        return tuple("open" if code == OPEN else VERDICTS[code] for code in self.codes.tolist())

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each reviewed candidate, with class names in place of numbers."""
        raise NotImplementedError

    def _candidates(self) -> list[dict[str, Any]]:
        return self.rows()

    def _as_rows(self, values: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """Return the values of each reviewed candidate as rows, under the names of the columns."""
        columns, decided = self.columns, self.adjudicated.tolist()
        own = [(one,) for one in decided] if any(decided) else [()] * len(decided)
        return [
            dict(zip(columns, (*row, *more), strict=True))
            for row, more in zip(values, own, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            **self.made_by,
            "reviewed": len(self),
            "counts": self.counts,
            "open": self.open,
            "unreviewed": self.unreviewed,
            "notices": list(self.notices),
            "candidates": self._candidates(),
        }

    def __repr__(self) -> str:
        lines = [f"Verdicts on {len(self):,} candidates, at {self.needed}"]
        lines += [f"  {verdict:14}{count:8,}" for verdict, count in self.counts.items()]
        if self.open:
            lines.append(f"  {'open':14}{self.open:8,}  (more votes are wanted)")
        if self.unreviewed:
            lines.append(f"  {'no vote yet':14}{self.unreviewed:8,}")
        return "\n".join([*lines, *self.notices])


@dataclass(frozen=True, kw_only=True, repr=False)
class ErrorRate:
    """How many of all labels are wrong.

    Attributes
    ----------
    count : the number of them, with its interval; see `errata.core.error_rate.ErrorCount`
    confidence : with which the interval holds the truth; with ``anytime``, at all moments at once
    by_chance : how many of the checked examples were drawn by chance
    waiting : how many planned examples are not decided
    drawn_waiting : how many of these chance drew
    slips : how often what reviewers conclude is wrong, which is reckoned out
    slips_by : what tells that: ``"gold"``, ``"repeats"``, or ``"none"``: they are taken at their
        word
    anytime : whether the interval holds whenever one looks
    notices : what must be said along with these numbers
    drawable : whether a plan can draw examples by chance, as where each has one label
    one_slips : how often one reviewer errs, where that is known
    voters : how many reviewers conclude together
    late : how many decided examples do not count with ``anytime``, as the last look was before
    drawn_open : how many of ``drawn_waiting`` have votes
    worth : as how many examples that were drawn for the rate the ``by_chance`` count: what tells
        models apart is no good sample of errors; None: as that many
    """

    count: ErrorCount
    confidence: float
    by_chance: int
    waiting: int
    slips: Slips
    slips_by: str
    anytime: bool
    notices: tuple[str, ...]
    drawable: bool = True
    drawn_waiting: int = 0
    one_slips: Slips | None = None
    voters: int = 1
    late: int = 0
    drawn_open: int = 0
    worth: float | None = None

    @property
    def estimate(self) -> float | None:
        """The share of labels that are wrong, within the interval; None where nothing tells of all.

        What is right on average may be less than what was found, or below 0; it is moved to the
        nearest share that the interval holds.
        """
        found = self.count.estimate
        return (
            None if found is None else min(max(found / self.count.population, self.low), self.high)
        )

    @property
    def low(self) -> float:
        """The lower end of the interval, a share; without an estimate, what checked ones tell."""
        return self.count.low / self.count.population

    @property
    def high(self) -> float:
        """The upper end of the interval, a share; without an estimate, if all others are wrong."""
        return self.count.high / self.count.population

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, shares and numbers of labels."""
        share, count = self.estimate, self.count
        return {
            "estimate": share,
            "low": self.low,
            "high": self.high,
            "confidence": self.confidence,
            "anytime": self.anytime,
            "wrong_labels": {
                "estimate": None if share is None else share * count.population,
                "low": count.low,
                "high": count.high,
                "standard_error": count.standard_error,
            },
            "examples": self.count.population,
            "checked": self.count.checked,
            "found": self.count.found,
            "by_chance": self.by_chance,
            "random_sample": self.count.random_sample,
            "waiting": self.waiting,
            "slips": {
                "by": self.slips_by,
                "false_alarm": self.slips.false_alarm,
                "miss": self.slips.miss,
            },
        }

    def sentences(self) -> tuple[str, ...]:
        """Return what these numbers say, in words."""
        count = self.count
        checked = f"{count.checked:,} checked, {count.found:,} of them wrong"
        if self.estimate is None:
            at_least = f"At least {_share(self.low)} of the {count.population:,} labels are wrong"
            rejected = f"{count.found:,} of the {count.checked:,} checked"
            unknown = (
                f"How many of the other {count.population - count.checked:,} are, nobody knows"
                if count.checked
                else "How many are wrong, nobody knows"
            )
            if count.checked == 0:
                bound = f"None of the {count.population:,} labels counts as checked yet."
            elif self.slips_by == "none":
                bound = (
                    f"{at_least}, if reviewers are taken at their word: they rejected {rejected}."
                )
            else:
                bound = (
                    f"{at_least}, with {100 * self.confidence:g} % confidence: reviewers rejected "
                    f"{rejected}, and slip. {self._reckoned_out()}"
                )
            way_on = (
                f"{drawn_and_waiting(self.drawn_waiting)}."
                if self.drawn_waiting
                else "`errata plan AUDIT --goal rate` draws some."
                if self.drawable
                else "Where examples may have several labels, no plan draws any."
            )
            if self.anytime and self.drawable:
                way_on = f"{_LOOKS} Before the first of these it knows nothing. {way_on}"
            return (
                bound,
                f"{unknown}: no verdict that counts is on an example that chance drew. {way_on}",
            )
        some = f"{_share(self.estimate)} of the {count.population:,} labels are wrong"
        level = f"{100 * self.confidence:g} % interval{', whenever you look' * self.anytime}:"
        interval = f"{level} {_share(self.low)} to {_share(self.high)}"
        if self.low == self.high:
            interval = "every one was checked"
        if self._doubtful_oftener:
            checked += "; doubtful ones are checked more often"
        about = _as_sure(self.estimate * count.population, (count.high - count.low) / 2)
        if self.slips_by == "none":
            about = max(about, count.found)  # what was found is there
        about = min(about, count.population)
        told = [f"{some}, about {about:,}; {interval} ({checked})."]
        if count.random_sample is not None and count.random_sample > 1.2 * count.checked:
            as_many = f"some {count.random_sample:,.0f} examples"
            told.append(f"A simple random sample would take {as_many} to say as much.")
        if self.slips_by != "none":
            told.append(self._reckoned_out())
        if self.waiting:
            told.append(f"{self.waiting:,} planned examples are not decided yet.")
        if self.anytime:
            late = f"{self.late:,} that were decided since the last of these do not count yet."
            told.append(f"{_LOOKS} {late}" if self.late else _LOOKS)
        return tuple(told)

    @property
    def _doubtful_oftener(self) -> bool:
        """Whether more of what was checked was rejected than would be of all labels."""
        count, wrong = self.count, self.estimate
        if wrong is None or not 0 < count.checked < count.population:
            return False
        rejected = wrong * (1 - self.slips.miss) + (1 - wrong) * self.slips.false_alarm
        return count.found / count.checked > 1.2 * rejected

    def _reckoned_out(self) -> str:
        by = {"gold": "answers to gold", "repeats": "how often two reviewers disagree"}
        alarm, miss = _share(self.slips.false_alarm), _share(self.slips.miss)
        err = f"reviewers reject {alarm} of right labels and confirm {miss} of wrong ones"
        if self.one_slips is not None and self.voters > 1:
            one, other = _share(self.one_slips.false_alarm), _share(self.one_slips.miss)
            err = (
                f"the verdict of {self.voters} reviewers rejects {alarm} of right labels and "
                f"confirms {miss} of wrong ones; one of them alone errs on about {one} of right "
                f"and {other} of wrong ones"
            )
        return f"Reckoned out, by {by[self.slips_by]}: {err}."

    def __repr__(self) -> str:
        return "\n".join([*self.sentences(), *self.notices])


_LOOKS = (
    "To hold whenever you look (--anytime), this looks when 50, 100, 200, ... of the examples that "
    "chance drew are decided, in the order of asking."
)


def _as_sure(number: float, error: float) -> int:
    """Return a whole number without the digits that an error of so much leaves open, but for two.

    Examples
    --------
    >>> _as_sure(4839.2, 750), _as_sure(4839.2, 41), _as_sure(12.3, 0)
    (4800, 4840, 12)
    >>> _as_sure(246.1, 110), _as_sure(4.2, 37)
    (250, 4)
    """
    open_digits = int(math.log10(max(error, 1)))
    past_two = int(math.log10(max(number, 1))) - 1
    return int(round(number, -max(min(open_digits, past_two), 0)))


def _share(share: float) -> str:
    """Return a share in percent, of small ones the two digits that matter.

    Examples
    --------
    >>> _share(0.0821), _share(0.0082), _share(0.000149), _share(0.00002), _share(2e-16)
    ('8.2 %', '0.82 %', '0.015 %', '0.0020 %', '0.0 %')
    """
    percent = round(100 * share, 9)  # less than that is no share of labels, but rounding
    if percent >= 1 or percent == 0:
        return f"{percent:.1f} %"
    zeros = -math.floor(math.log10(percent))
    return f"{percent:.{zeros + 1}f} %"


@dataclass(frozen=True, kw_only=True, eq=False)
class Modelled:
    """What a model of the crowd made of the votes on the reviewed candidates.

    Attributes
    ----------
    consensus : which model, see `errata.Audit.verdicts`
    least : the least probability of the answer that makes a verdict
    posterior : the probability that each answer is the right one, ``(reviewed, 5)``, columns
        ``given suggested both neither other``
    probabilities : the SHA-256 of those that voted along, with ``"crowdlab"``
    """

    consensus: str
    least: float
    posterior: Float[np.ndarray, "reviewed 5"]
    probabilities: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Verdicts(AnyVerdicts):
    """What the votes come to, for every candidate that has one vote or more.

    Attributes
    ----------
    model : the model that made the verdicts; None where votes were counted
    given, suggested : the labels of the reviewed candidates, ``(reviewed,)``
    votes : how many reviewers gave each answer, ``(reviewed, 5)``, columns
        ``given suggested both neither other``
    chosen : where reviewers choose one of several answers, how many chose what, in words, most
        votes first; else empty.
        ``suggested`` is then the class that speaks against the given one: the one that decides, or
        else has the most votes, or else the candidate's; votes for others are among ``other``
    """

    given: Int[np.ndarray, "reviewed"]
    suggested: Int[np.ndarray, "reviewed"]
    votes: Int[np.ndarray, "reviewed 5"]
    model: Modelled | None = None
    chosen: tuple[Mapping[str, int], ...] = ()

    @property
    def needed(self) -> str:
        """What makes a verdict, in words."""
        if self.model is None:
            return super().needed
        return f"a probability of {self.model.least:g} or more by the model {self.model.consensus}"

    @property
    def made_by(self) -> dict[str, Any]:
        """What made the verdicts, as plain values."""
        if self.model is None:
            return super().made_by
        told = {"threshold": None, "consensus": self.model.consensus, "least": self.model.least}
        voted_along = list(self.model.probabilities)
        return told | ({"probabilities": voted_along} if voted_along else {})

    @property
    def _columns(self) -> tuple[str, ...]:
        if self.chosen:
            return (*VERDICT_COLUMNS, "chosen")
        return VERDICT_COLUMNS if self.model is None else VERDICT_COLUMNS + POSTERIOR_COLUMNS

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each reviewed candidate, with class names in place of numbers.

        Where a model made the verdicts, the probability of each answer stands there too; where
        reviewers choose one of several, what each candidate's chose.
        """
        more = [[]] * len(self) if self.model is None else self.model.posterior.tolist()
        if self.chosen:
            more = [[self.told(place)] for place in range(len(self))]
        values = zip(
            *(self.ids, self.given.tolist(), self.suggested.tolist()),
            *(self.votes.tolist(), self.names, more),
            strict=True,
        )
        return self._as_rows(
            (id_, self.classes[given], self.classes[suggested], *votes, verdict, *rest)
            for id_, given, suggested, votes, verdict, rest in values
        )

    def told(self, place: int) -> str:
        """Return the votes on one reviewed candidate, in words; most votes first."""
        if self.chosen:
            votes = self.chosen[place]
        else:
            votes = dict(zip(VOTED, self.votes[place].tolist(), strict=True))
        return ", ".join(f"{answer} {count}" for answer, count in votes.items() if count)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SetVerdicts(AnyVerdicts):
    """What the votes come to where examples may have several labels, or none.

    Attributes
    ----------
    given, suggested : which labels apply, as given and as suggested, ``(reviewed, classes)``
    votes : how many reviewers say that each label applies, ``(reviewed, classes)``
    reviewers : how many have answered, ``(reviewed,)``
    unclear : how many of them cannot tell, so that they tick nothing, ``(reviewed,)``
    agreed : the labels with enough votes, ``(reviewed, classes)``
    """

    given: Bool[np.ndarray, "reviewed classes"]
    suggested: Bool[np.ndarray, "reviewed classes"]
    votes: Int[np.ndarray, "reviewed classes"]
    reviewers: Int[np.ndarray, "reviewed"]
    unclear: Int[np.ndarray, "reviewed"]
    agreed: Bool[np.ndarray, "reviewed classes"]

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*SET_VERDICT_COLUMNS, *(["cannot_tell"] if self.unclear.any() else []))

    @property
    def _unit(self) -> str:
        return "a label"

    def told(self, place: int) -> str:
        """Return the votes on one reviewed candidate, in words; most votes first."""
        counts = sorted(self.counted(place).items(), key=lambda one: -one[1])
        return ", ".join(f"{name} {count}" for name, count in counts)

    def counted(self, place: int) -> dict[str, int]:
        """Return how many tick each label of one reviewed candidate, and how many cannot tell."""
        unclear = int(self.unclear[place])
        return self._ticked(place) | ({CANNOT_TELL: unclear} if unclear else {})

    def _ticked(self, place: int) -> dict[str, int]:
        counts = self.votes[place]
        return {self.classes[label]: int(counts[label]) for label in np.flatnonzero(counts)}

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each reviewed candidate; sets stand in one text each."""
        return [
            {
                **row,
                **{name: " + ".join(row[name]) for name in ("given", "suggested", "agreed")},
                "votes": self.told(place),
            }
            for place, row in enumerate(self._candidates())
        ]

    def _candidates(self) -> list[dict[str, Any]]:
        return self._as_rows(self._values())

    def _values(self) -> Iterator[tuple[Any, ...]]:
        for place, (id_, verdict) in enumerate(zip(self.ids, self.names, strict=True)):
            sets = (self.given[place], self.suggested[place], self.agreed[place])
            given, suggested, agreed = (
                [self.classes[label] for label in np.flatnonzero(one)] for one in sets
            )
            row = (int(self.reviewers[place]), self._ticked(place), verdict)
            more = [int(self.unclear[place])] if self.unclear.any() else []
            yield (id_, given, suggested, agreed, *row, *more)


@dataclass(frozen=True, kw_only=True)
class ReviewerQuality:
    """What the votes of one reviewer tell of them; None where that is not known.

    Attributes
    ----------
    name : theirs, or a pseudonym
    kind : ``"person"``, ``"imported"`` or ``"simulated"``
    votes : how many they hold on planned examples
    agreement : the share of all other votes on their examples that give the same answer
    accuracy, accuracy_low, accuracy_high : how often they are right, as the model `one_coin`
        estimates it from all votes, with an interval
    given_rate : the share of their answers that leave the given label as it is
    first_share, first_of : how often they chose the label that was shown first, of so many times
        that they chose one of the two
    first_p_value : how probable so uneven a choice is for who does not mind the order
    seconds : the median time from one answer to the next, breaks of ten minutes left out
    """

    name: str
    kind: str
    votes: int
    agreement: float | None = None
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    given_rate: float | None = None
    first_share: float | None = None
    first_of: int = 0
    first_p_value: float | None = None
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def told(self) -> dict[str, str]:
        """Return what a table for eyes says of them."""
        accuracy = ""
        if self.accuracy is not None:
            interval = f"{self.accuracy_low:.0%} to {self.accuracy_high:.0%}"
            accuracy = f"{self.accuracy:.0%} ({interval})"
        first = "" if self.first_share is None else f"{self.first_share:.0%} of {self.first_of:,}"
        if first and self.first_p_value is not None:
            first += f", p = {self.first_p_value:.2g}"
        return {
            "reviewer": self.name,
            "votes": f"{self.votes:,}",
            "agrees": _percent(self.agreement),
            "estimated accuracy": accuracy,
            "leaves as given": _percent(self.given_rate),
            "chose the first": first,
            "seconds": "" if self.seconds is None else f"{self.seconds:.1f}",
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Reviewers:
    """What the votes of an audit tell of those who cast them, most votes first.

    Attributes
    ----------
    each : one for every reviewer who holds a vote
    confidence : of the intervals of their accuracy
    notices : what must be said along with these numbers
    """

    each: tuple[ReviewerQuality, ...]
    confidence: float
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.each)

    def __iter__(self) -> Iterator[ReviewerQuality]:
        return iter(self.each)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `rows`."""
        return tuple(each.name for each in fields(ReviewerQuality))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each reviewer."""
        return [one.to_dict() for one in self.each]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "confidence": self.confidence,
            "reviewers": self.rows(),
            "notices": list(self.notices),
        }

    def __repr__(self) -> str:
        rows = [one.told() for one in self.each]
        if not rows:
            return "No reviewer holds a vote."
        columns = {
            name: [name, *(row[name] for row in rows)]
            for name in rows[0]
            if any(row[name] for row in rows)
        }
        widths = {name: max(map(len, texts)) for name, texts in columns.items()}
        lines = [
            "  ".join(f"{texts[at]:{widths[name]}}" for name, texts in columns.items()).rstrip()
            for at in range(len(rows) + 1)
        ]
        return "\n".join([*lines, *self.notices])


@dataclass(frozen=True, kw_only=True, repr=False)
class Release:
    """A corrected test set on disk.

    Attributes
    ----------
    path : its folder
    version : as it is called, ``"1.0.0"``
    fingerprint : a SHA-256 of its labels and votes: the same for what holds the same
    counts : of its default labels: candidates by verdict, and the sizes of the sets D, B, U, P and
        C
    hashes : the SHA-256 of every file, by its path in the folder
    notices : what must be said along with it
    already_there : this very release was in the folder before, so that nothing was written
    namesakes : the folders of other releases of this audit that have its version, too
    """

    path: Path
    version: str
    fingerprint: str
    counts: Mapping[str, int]
    hashes: Mapping[str, str]
    notices: tuple[str, ...] = ()
    already_there: bool = False
    namesakes: tuple[str, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        """Return what there is to know of where it was written, in words."""
        told = []
        if self.already_there:
            told.append(f"This very release was in {self.path} already; nothing was written.")
        if self.namesakes:
            told.append(
                f"Version {self.version} was released before as something else: "
                f"{', '.join(self.namesakes)}. Give this one a version of its own: --previous "
                "(previous=) takes the next after that release, --version (version=) any."
            )
        return tuple(told)

    def to_dict(self) -> dict[str, Any]:
        """Return the release as plain values."""
        return {
            "path": str(self.path),
            "version": self.version,
            "fingerprint": self.fingerprint,
            "counts": dict(self.counts),
            "hashes": dict(self.hashes),
            "notices": list(self.notices),
            "already_there": self.already_there,
            "namesakes": list(self.namesakes),
        }

    def __repr__(self) -> str:
        c = self.counts
        line = (
            f"Release {self.version} in {self.path}: {c['C']:,} labels corrected, {c['U']:,} "
            f"examples left out, {c['P']:,} of {c['D']:,} to score models on"
        )
        return "\n".join([line, *self.notices, *self.sentences()])


@dataclass(frozen=True, kw_only=True)
class Probabilities:
    """One set of probabilities of an audit: where it came from, and how good it is.

    Attributes
    ----------
    name : what `find` calls it
    sha256 : of its file
    best : `find` takes it where it is not told which
    run : the number of the run of `predict`; None where it was handed in, as all that follows
    model : what predicted it
    folds, seed : of the cross-validation
    accuracy, log_loss, calibration_error : out-of-sample, by the given labels
    train_accuracy : of the models on their own training parts
    record : model, settings, folds, seed, versions and hashes, in plain values
    warnings : what there was to know when they were predicted
    """

    name: str
    sha256: str
    best: bool
    run: int | None = None
    model: str | None = None
    folds: int | None = None
    seed: int | None = None
    accuracy: float | None = None
    log_loss: float | None = None
    calibration_error: float | None = None
    train_accuracy: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self) | {"warnings": list(self.warnings)}


@dataclass(frozen=True, kw_only=True)
class RunOfFind:
    """A run of `find` on one set of probabilities.

    Attributes
    ----------
    number : under which it stands in the audit
    estimated_errors : how many labels it holds to be wrong
    flagged : how many candidates it has
    planned : whether a plan took them
    """

    number: int
    estimated_errors: int
    flagged: int
    planned: bool


@dataclass(frozen=True, kw_only=True)
class Asks:
    """What a plan asks; the attributes are those of `Plan`."""

    question: str
    options: int | None = None
    extra: tuple[str, ...] = ()

    @property
    def chooses(self) -> bool:
        """Whether reviewers choose one of several answers."""
        return self.question != "pair"


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a reviewer is asked: which of two labels fits an example.

    Attributes
    ----------
    example, id : the candidate
    given, suggested : the labels, ``0..m-1``
    first : the one to show first; drawn at random for each reviewer and example, always the same
    """

    example: int
    id: str
    given: int
    suggested: int
    first: Side


@dataclass(frozen=True, kw_only=True)
class SetTask:
    """What a reviewer is asked where examples may have several labels: which of some apply.

    Attributes
    ----------
    example, id : the candidate
    labels : the given and the suggested ones, ``0..m-1``, in the order to show them, which is
        drawn at random for each reviewer and example and is always the same
    """

    example: int
    id: str
    labels: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ChoiceTask:
    """What a reviewer is asked where they choose one answer: which class an example is.

    Attributes
    ----------
    example, id : the candidate
    labels : the classes to choose from, ``0..m-1``, in the order to show them: drawn at random for
        each reviewer and example and always the same; or in class order, where these are all
    every : whether these are all classes
    extra : further answers, that are no class
    """

    example: int
    id: str
    labels: tuple[int, ...]
    every: bool
    extra: tuple[str, ...]


AnyTask = Task | SetTask | ChoiceTask
"""What a reviewer may be asked."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a reviewer is: answered, of how many in all, and skipped for now."""

    answered: int
    total: int
    skipped: int


@dataclass(frozen=True, kw_only=True, repr=False)
class Planted:
    """How gold is planted.

    Attributes
    ----------
    rate : of what a reviewer is asked, so much is gold
    examples : how many there are
    made : how many of them were made just now
    """

    rate: float
    examples: int
    made: int

    def __repr__(self) -> str:
        made = f", {self.made:,} of them made now" if self.made else ""
        return f"Gold: {self.rate:g} of what is asked, {self.examples:,} examples{made}"


@dataclass(frozen=True, kw_only=True)
class GoldAccuracy:
    """How often a reviewer gave the known answer to gold.

    Attributes
    ----------
    right, of : so many times, of so many answers; ``of`` is 1 or more
    low, high : Wilson's interval of the share, 0 to 1
    """

    reviewer: str
    right: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share itself."""
        return self.right / self.of

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "share": self.share}


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What a reviewer waits for: examples that others look at, and for how many seconds at most.

    ``seconds`` is when the first of them is free again, if it is not answered before: 0 where one
    at least is free by now, of which one is counted; None where there is none.
    """

    examples: int
    seconds: float | None


@dataclass(frozen=True, kw_only=True, repr=False)
class Story:
    """Everything the audit knows about one label.

    Attributes
    ----------
    id, example : the example
    given : its given label; ``label`` is what the newest verdict makes of it
    self_confidence : p(given); None before `find`, or without probabilities
    found : for every run that flagged it: run, flagger, rule, rules, suggested, score,
        score_name, rank, of, threshold_given, threshold_suggested (None where it was handed in),
        time
    probabilities : of each set that a model predicted here, and those runs or the newest one looked
        at: name, run, time, model, settings, folds, seed, fold (that held the example out, from
        1), data, versions, accuracy, log_loss, sha256 and more
    plan : plan, goal, votes, threshold, position, probability, suggested; None if nobody is asked
    votes : reviewer, answer, said, labels, time, first, kind, withdrawn, of every vote
    adjudications : answer (None: taken back), labels, reason, maintainer, time, of everything that
        maintainers decided; the last one holds
    reports : label (None: not said), reason, version, source, time, of every report of a mistake
    verdict : at ``threshold``; ``"open"`` while votes are lacking, None without votes
    releases : version, path, time, verdict, label (by the policy ``drop_ambiguous``; None where
        that leaves it out), for every release that contains it
    """

    id: str
    example: int
    n: int
    classes: tuple[str, ...]
    given: Label
    self_confidence: float | None
    found: tuple[Mapping[str, Any], ...]
    runs: int
    plan: Mapping[str, Any] | None
    votes: tuple[Mapping[str, Any], ...]
    threshold: int | None
    verdict: str | None
    releases: tuple[Mapping[str, Any], ...]
    probabilities: tuple[Mapping[str, Any], ...] = ()
    adjudications: tuple[Mapping[str, Any], ...] = ()
    reports: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; labels by name."""
        return {
            "id": self.id,
            "example": self.example,
            "given": self._plain(self.given),
            "self_confidence": self.self_confidence,
            "found": [self._named(run) for run in self.found],
            "probabilities": [dict(one) for one in self.probabilities],
            "reports": [self._named(one) for one in self.reports],
            "plan": None if self.plan is None else self._named(self.plan),
            "votes": [self._with_names(vote) for vote in self.votes],
            "adjudications": [self._with_names(one) for one in self.adjudications],
            "threshold": self.threshold,
            "verdict": self.verdict,
            "releases": [self._named(release) for release in self.releases],
        }

    def _with_names(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        labels = answer["labels"]
        return {**answer, "labels": None if labels is None else self._plain(labels)}

    def _named(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        known = (key for key in ("suggested", "label") if facts.get(key) is not None)
        labels = {key: self._plain(facts[key]) for key in known}
        return {**facts, **labels}

    def _plain(self, label: Label) -> str | list[str]:
        if isinstance(label, int):
            return self.classes[label]
        return [self.classes[one] for one in label]

    def _told(self, label: Label) -> str:
        """Return a label by name and number, or the names of a set."""
        number = f" ({label})" if isinstance(label, int) else ""
        return f"{named(label, self.classes)}{number}"

    def rows(self) -> list[dict[str, str]]:
        """Return the story as rows of what it is about, and what there is to say."""
        return [{"about": about, "story": text} for about, text in self._lines()]

    def __repr__(self) -> str:
        width = max(len(about) for about, _ in self._lines())
        lines, last = [], ""
        for about, text in self._lines():
            lines.append(f"{'' if about == last else about:{width}}  {text}")
            last = about
        return "\n".join(lines)

    def _lines(self) -> list[tuple[str, str]]:
        lines = [
            ("example", f"{self.id} (number {self.example} of 0 to {self.n - 1})"),
            ("given", self._told(self.given)),
        ]
        if self.self_confidence is not None:
            # of a set: that of the statement, one label applies or does not, that is least sure
            about = "p(given)" if isinstance(self.given, int) else "lowest p"
            lines.append((about, f"{self.self_confidence:.4g}"))
        for run in self.found:
            lines += [("found", text) for text in self._found(run)]
        if not self.found:
            nothing = f"flagged by none of {self.runs} runs" if self.runs else "`find` has not run"
            lines.append(("found", nothing))
        lines += [("reported", self._report(one)) for one in self.reports]
        lines += [("predicted", text) for one in self.probabilities for text in _predicted(one)]
        lines.append(("plan", self._plan()))
        lines += [("votes", self._vote(vote)) for vote in self.votes]
        if not self.votes:
            lines.append(("votes", "none"))
        lines += [("decided", self._decision(one)) for one in self.adjudications]
        if self.verdict is not None:
            unit = "one answer" if isinstance(self.given, int) else "a label"
            if self.adjudications and self.adjudications[-1]["answer"] is not None:
                by = "by a maintainer"
            else:
                assert self.threshold is not None, "votes made it a verdict"
                by = f"at {plural(self.threshold, 'vote')} for {unit}"
            lines.append(("verdict", f"{self.verdict}, {by}"))
        lines += [("releases", self._release(release)) for release in self.releases]
        if not self.releases:
            lines.append(("releases", "none"))
        return lines

    def _found(self, run: Mapping[str, Any]) -> list[str]:
        rank = f"rank {run['rank']:,} of {run['of']:,} by rule {run['rule']!r}"
        drawn = run["rank"] > run["of"]  # chance drew it later: it stands behind what is flagged
        if drawn:
            rank = f"not flagged by run {run['run']}, rule {run['rule']!r}"
        lines = [
            f"run {run['run']}{_at(run)}: {rank}, {run['score_name']} {run['score']:.4g}",
            f"  suggested {self._told(run['suggested'])} by {run['flagger']}",
        ]
        if run["rule"] in (IMPORTED, CROWD):  # there are no other rules, and no thresholds
            return lines
        if not drawn:
            lines.append(f"  flagged by {', '.join(run['rules'])}")
        if isinstance(self.given, int):
            bars = [
                f"{self.classes[label]} {'no examples' if bar is None else f'{bar:.4g}'}"
                for label, bar in (
                    (self.given, run["threshold_given"]),
                    (run["suggested"], run["threshold_suggested"]),
                )
            ]
            lines.append(f"  thresholds: {', '.join(bars)}")
        return lines

    def _plan(self) -> str:
        if self.plan is None:
            return "in none: nobody is asked about it"
        p = self.plan
        return (
            f"plan {p['plan']} ({p['goal']}): asked as number {p['position'] + 1:,}, "
            f"sampling probability {p['probability']:g}, {plural(p['votes'], 'vote')} wanted, "
            f"{p['threshold']} decide; suggested {named(p['suggested'], self.classes)}"
        )

    def _report(self, one: Mapping[str, Any]) -> str:
        label = "wrong" if one["label"] is None else named(one["label"], self.classes)
        version = "" if one["version"] is None else f" in version {one['version']}"
        why = f": {one['reason']}" if one["reason"] else ""
        came = f", {one['source']}" if one["source"] else ""
        return f"{label}{version}{came}{_at(one)}{why}"

    def _release(self, release: Mapping[str, Any]) -> str:
        label, verdict = release["label"], release["verdict"]
        if label is None:
            became = "left out"
        else:
            became = "kept as given" if label == self.given else f"-> {named(label, self.classes)}"
        verdict = "not reviewed" if verdict is None else verdict
        where = f" in {release['path']}" if release["path"] else ""
        return f"{release['version']}{where}{_at(release)}: {verdict}, {became}"

    def _decision(self, one: Mapping[str, Any]) -> str:
        answer = "taken back" if one["answer"] is None else one["answer"]
        if one["labels"] is not None:
            answer = named(one["labels"], self.classes)
        why = f": {one['reason']}" if one["reason"] else ""
        return f"{answer}, by {one['maintainer']}{_at(one)}{why}"

    def _vote(self, vote: Mapping[str, Any]) -> str:
        told = [vote["kind"]]
        told += [vote["time"]] if vote["time"] else []
        told += [f"{vote['first']} shown first"] if vote["first"] else []
        told += ["withdrawn"] if vote["withdrawn"] else []
        answer = f"{vote['answer']} ({vote['said']})" if vote["said"] else vote["answer"]
        if vote["labels"] is not None:
            answer = named(vote["labels"], self.classes)
        return f"{vote['reviewer']}: {answer} ({', '.join(told)})"


def _at(one: Mapping[str, Any]) -> str:
    """Return when something was, as it stands in a line; nothing where that is not told."""
    return f", {one['time']}" if one["time"] else ""


def _predicted(one: Mapping[str, Any]) -> list[str]:
    """Tell where a set of probabilities came from."""
    versions = ", ".join(f"{package} {number}" for package, number in one["versions"].items())
    return [
        f"{one['name']}, run {one['run']} of predict{_at(one)}: model {one['model']}",
        f"  held out in fold {one['fold']} of {one['folds']}, seed {one['seed']}",
        f"  accuracy {one['accuracy']:.4f}, log-loss {one['log_loss']:.4f} over all examples",
        f"  from data {one['data']['sha256'][:12]}..., into {one['sha256'][:12]}..., by {versions}",
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _some(refused: Sequence[str]) -> list[str]:
    lines = [f"  {line}" for line in refused[:5]]
    return [*lines, f"  and {len(refused) - 5:,} more in .refused"] if len(refused) > 5 else lines
