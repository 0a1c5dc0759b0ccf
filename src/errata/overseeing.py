"""How an audit's reviewing goes, in numbers for its maintainer, and what a maintainer decides.

`errata.audit.Audit` is made of this and of the verbs; what the votes come to is for them. Nothing
here changes a vote: what is decided stands beside the votes, in a table that only grows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from errata.arrays import as_choice
from errata.core.consensus import ANSWERS, NON_AGREEMENT, OPEN, VOTED
from errata.core.reviewers import Shares, given_rate, median_times, order_bias
from errata.crowd import BREAK_SECONDS
from errata.errors import InputError, VoteError
from errata.exchange.pseudonyms import PSEUDONYMS, kept_secret, pseudonym
from errata.exchange.votes import CANNOT_TELL, LABELS, check_reviewer
from errata.labels import Label, named
from errata.panels import Panels
from errata.results import GoldAccuracy, SetVerdicts, Verdicts
from errata.store import adjudications, counting, pauses, records, voting
from errata.store.counting import Alike

PACE_SECONDS = 600.0
"""The present pace is that of so many last seconds."""

NEWEST, NEWEST_FOR_PACE = 20_000, 2_000
"""Times, and the pace, are taken from so many newest answers."""

CANNOT_TELL_TWICE = 2
"""So many "can't tell" on one example are something to look at."""

UNEVEN = 0.01
"""A share is uneven where chance would make it so more rarely than this."""

LONGEST_REASON = 1000
"""A reason has at most so many characters."""


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """How far the reviewing of an audit is, and what is still to come.

    Attributes
    ----------
    candidates, closed : how many are planned; how many of them need no more votes
    votes : that count so far
    at_least, at_most : how many more it takes if everybody agrees; if nobody does
    expected : how many more if those left need as many as those that are closed did
    per_hour : votes an hour in the last `PACE_SECONDS`; 0 where nobody answered
    hours : until the expected votes are there at this pace; None where nobody answers
    """

    candidates: int
    closed: int
    votes: int
    at_least: int
    expected: float
    at_most: int
    per_hour: float
    hours: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Mix:
    """What the votes come to at one threshold.

    Attributes
    ----------
    threshold : votes for one answer, or for a label, that make a verdict
    verdicts : how many candidates came to each
    undetermined : how many have votes, but too few to say at this threshold
    no_vote : how many have none
    """

    threshold: int
    verdicts: dict[str, int]
    undetermined: int
    no_vote: int


@dataclass(frozen=True, kw_only=True)
class Unsettled:
    """A candidate that has all its votes and that they do not settle, for a maintainer to decide.

    ``why`` is so in words; ``votes`` tells who says what, in numbers.
    """

    example: int
    id: str
    given: str
    suggested: str
    votes: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Share:
    """How often something was so: ``hits`` out of ``of``, and Wilson's 95 % interval.

    ``p_value`` is how probable so uneven a share is by chance, where that was asked.

    Examples
    --------
    >>> str(Share(hits=6, of=10, low=0.31, high=0.83))
    '60 % (31 to 83)'
    """

    hits: int
    of: int
    low: float
    high: float
    p_value: float | None = None

    @property
    def share(self) -> float | None:
        """The share, 0 to 1; None where there was nothing."""
        return self.hits / self.of if self.of else None

    @property
    def uneven(self) -> bool:
        """Whether chance would hardly make it so uneven."""
        return self.p_value is not None and self.p_value < UNEVEN

    def __str__(self) -> str:
        if self.share is None:
            return "none"
        return f"{100 * self.share:.0f} % ({100 * self.low:.0f} to {100 * self.high:.0f})"


@dataclass(frozen=True, kw_only=True)
class ReviewerStanding:
    """What there is to know of one reviewer.

    Attributes
    ----------
    votes : theirs that count
    seconds : the median time between an answer of theirs and the one before; None without two
    first_panel : how often they chose the first panel, of the answers that chose a panel
    given_rate : how often they answered that the given label is right
    gold : how often they gave the known answer to gold; None where they were not asked about any
    holds : the id of the example they look at now; None where that is none
    paused : by name
    invited : by a link that counts
    """

    name: str
    votes: int
    seconds: float | None
    first_panel: Share
    given_rate: Share
    gold: Share | None
    holds: str | None
    paused: bool
    invited: bool


@dataclass(frozen=True, kw_only=True)
class Event:
    """A line of an audit's diary: what was done, with what, and when (ISO 8601, in UTC)."""

    number: int
    verb: str
    details: Mapping[str, Any]
    time: str


class Overseeing(Panels):
    """Numbers and decisions; `errata.audit.Audit` says what the fields are."""

    def verdicts(self, *, threshold: int | None = None) -> Verdicts | SetVerdicts:
        """Say what the votes come to."""
        raise NotImplementedError

    # ------------------------------------------------------------ how it goes

    def campaign(self) -> Campaign:
        """Return how far the reviewing is, and how many votes are still to come.

        Raises
        ------
        AuditError
            There is no plan.
        """
        self.check_planned()
        with self._db.read() as db:
            stands = counting.alike(db)
            newest = counting.newest_answers(db, NEWEST_FOR_PACE)
        expected = expected_votes(stands)
        pace = _pace([_seconds(row["created_at"]) for row in newest], self._now())
        return Campaign(
            candidates=sum(one.examples for one in stands),
            closed=sum(one.examples for one in stands if one.needs == 0),
            votes=sum(one.examples * one.votes for one in stands),
            at_least=sum(one.examples * one.needs for one in stands),
            expected=expected,
            at_most=sum(one.examples * _most(one) for one in stands),
            per_hour=pace,
            hours=expected / pace if pace else None,
        )

    def thresholds(self) -> tuple[int, ...]:
        """Return the thresholds at which verdicts are worth a look: more than half of the votes."""
        with self._db.read() as db:
            wanted = max((plan["votes"] for plan in records.plans(db)), default=1)
        return tuple(range(wanted // 2 + 1, wanted + 1))

    def mix(self, threshold: int) -> Mix:
        """Return what the votes come to at a threshold.

        Raises
        ------
        AuditError, InputError
            There is no plan, or no candidate could get so many votes.
        """
        found = self.verdicts(threshold=threshold)
        return Mix(
            threshold=threshold,
            verdicts=found.counts,
            undetermined=found.open,
            no_vote=found.unreviewed,
        )

    def unsettled(self) -> tuple[Unsettled, ...]:
        """Return the candidates that have all their votes and are for a maintainer to decide.

        At their plans' thresholds: where no answer has the votes, or two or more cannot tell; where
        an example may have several labels, where labels were ticked and none has the votes.
        What a maintainer decided is not among them.
        """
        verdicts = self.verdicts()
        if isinstance(verdicts, SetVerdicts):
            return tuple(_unsettled_sets(verdicts))
        return tuple(_unsettled_pairs(verdicts))

    def standings(self) -> tuple[ReviewerStanding, ...]:
        """Return how each person stands who reviews here or was invited, by name.

        It is counted quickly, for a look now and then; `reviewers` tells how good each is.
        """
        with self._db.read() as db:
            people, paused = counting.people(db, self._now()), pauses.every(db)
            answers, newest = voting.answers(db), counting.newest_answers(db, NEWEST)
        counts = _of_people([row["id"] for row in people], answers, newest)
        invited = {one.name for one in self.invitations() if self._counts(one)}
        unseen = invited - {row["name"] for row in people}
        rows: list[dict[str, Any]] = [*people, *({"name": name} for name in unseen)]
        known = {one.reviewer: one for one in self.gold_accuracy()}
        found = []
        for place, row in enumerate(rows):
            example, name = row.get("example"), row["name"]
            facts = counts[place] if place < len(people) else _NOTHING
            found.append(
                ReviewerStanding(
                    name=name,
                    gold=_gold_share(known.get(name)),
                    holds=None if example is None else self.ids[example],
                    paused=name in paused,
                    invited=name in invited,
                    **facts,
                )
            )
        return tuple(sorted(found, key=lambda one: one.name))

    def events(self, *, before: int | None = None, limit: int = 50) -> tuple[Event, ...]:
        """Return the newest lines of the audit's diary, newest first.

        Parameters
        ----------
        before : a line's number: only those older than it
        limit : at most so many
        """
        with self._db.read() as db:
            rows = counting.events(db, before=before, limit=limit)
        return tuple(
            Event(
                number=row["id"], verb=row["verb"], details=row["details"], time=row["created_at"]
            )
            for row in rows
        )

    # ------------------------------------------------------------ what a maintainer decides

    def ballots(self, example: int) -> tuple[dict[str, str], ...]:
        """Return the votes on an example that count: ``reviewer`` by pseudonym, and ``answer``."""
        self._planned(example)
        secret = kept_secret(self.path / PSEUDONYMS)
        with self._db.read() as db:
            history = voting.history(db, example)
        return tuple(
            {
                "reviewer": pseudonym(vote["name"], secret),
                "answer": self._answer_told(vote["answer"], vote["labels"], vote["said"]),
            }
            for vote in history
            if not vote["withdrawn"]
        )

    def adjudications(self, example: int) -> tuple[dict[str, Any], ...]:
        """Return what maintainers decided of an example, or took back, oldest first.

        Each has ``answer`` (None: taken back), ``told`` (the same in words), ``reason``,
        ``maintainer`` and ``time``.
        """
        with self._db.read() as db:
            rows = adjudications.history(db, self._checked(example))
        return tuple(
            {
                "answer": row["answer"],
                "told": "taken back"
                if row["answer"] is None
                else self._answer_told(row["answer"], row["labels"], None),
                "reason": row["reason"],
                "maintainer": row["maintainer"],
                "time": row["created_at"],
            }
            for row in rows
        )

    def adjudicate(
        self,
        example: int,
        answer: str,
        *,
        reason: str,
        by: str,
        labels: Sequence[int] | None = None,
    ) -> None:
        """Decide an example that has all its votes; from now on this is its verdict.

        It holds whatever the votes are, at every threshold. The votes stay as they are, and
        `undo_adjudication` lets them decide again.

        Parameters
        ----------
        answer : what the right answer of a reviewer would be: ``"given"``, ``"suggested"``,
            ``"both"`` or ``"neither"``; ``"labels"`` where examples may have several labels, or
            reviewers choose one of several answers
        reason : why, for whoever asks later
        by : the maintainer who decides
        labels : the classes that apply, with the answer ``"labels"`` and only then; one or none
            where reviewers choose one

        Raises
        ------
        VoteError
            The example is in no plan, or still needs votes, or the labels do not fit the answer.
        NameUnknownError, InputError
            The answer is none, or the reason is missing or too long.
        """
        choice = self._chooses(self._planned(example))
        listed = self.multilabel or choice
        answer = as_choice("answer", answer, (LABELS,) if listed else ANSWERS)
        if (labels is not None) != listed:
            raise VoteError("With the answer 'labels', and only with it, comes a list of labels.")
        ticked = None if labels is None else sorted({self._checked_class(one) for one in labels})
        if choice and ticked is not None and len(ticked) > 1:
            raise VoteError(f"There are {len(ticked)} labels, and one or none was expected here.")
        reason = _checked_reason(reason)
        if not reason:
            raise InputError("The reason is missing. Say why, for whoever asks later.")
        needs = self.votes_needed(example)
        if needs:
            raise VoteError(
                f"The example {self.ids[example]!r} still needs {needs} or more votes. Decide it "
                "when the reviewers have answered."
            )
        self._decide(example, answer, ticked, reason, by)

    def undo_adjudication(self, example: int, *, by: str, reason: str = "") -> bool:
        """Let the votes decide an example again; False where no maintainer had decided it."""
        with self._db.read() as db:
            held = adjudications.held(db)
        if example not in held:
            return False
        self._decide(example, None, None, _checked_reason(reason), by)
        return True

    def votes_needed(self, example: int) -> int:
        """Return how many more votes an example needs at least; 0 where it has all.

        Raises
        ------
        VoteError
            It is in no plan.
        """
        self._planned(example)
        with self._db.read() as db:
            return counting.needs(db, example)

    def _decide(
        self, example: int, answer: str | None, labels: list[int] | None, reason: str, by: str
    ) -> None:
        by = check_reviewer(by)
        with self._db.write() as db:
            adjudications.add(
                db, example=example, answer=answer, labels=labels, reason=reason, maintainer=by
            )
            verb = "undo_adjudication" if answer is None else "adjudicate"
            records.log(db, verb, example=self.ids[example], answer=answer, labels=labels, by=by)

    def _checked_class(self, label: int) -> int:
        if not 0 <= label < len(self.classes):
            raise VoteError(
                f"There is no class {label}; they run from 0 to {len(self.classes) - 1}."
            )
        return label

    def _answer_told(self, answer: str, labels: Sequence[int] | None, said: str | None) -> str:
        if labels is not None:
            return named(tuple(labels), self.classes)
        return answer if said is None else said


def expected_votes(stands: Sequence[Alike]) -> float:
    """Return how many more votes are to be expected, by what closed examples came to need.

    An example with v votes that needs k more at least is taken to be like the closed ones of the
    same plan that have v + k or more: as many as these have on average it will have. Where there
    is none yet, it is taken to need all votes that are wanted.

    Examples
    --------
    >>> closed = [Alike(5, 3, "exact", False, 3, 0, 30), Alike(5, 3, "exact", False, 5, 0, 10)]
    >>> expected_votes([*closed, Alike(5, 3, "exact", False, 0, 3, 100)])
    350.0
    >>> expected_votes([*closed, Alike(5, 3, "exact", False, 2, 2, 1)])
    3.0
    """
    closed: dict[tuple[Any, ...], list[Alike]] = {}
    for one in stands:
        if one.needs == 0:
            closed.setdefault(one[:4], []).append(one)
    total = 0.0
    for one in stands:
        if one.needs:
            least = one.votes + one.needs
            like = [each for each in closed.get(one[:4], []) if each.votes >= least]
            many = sum(each.examples for each in like)
            mean = sum(each.votes * each.examples for each in like) / many if many else None
            more = _most(one) if mean is None else min(mean - one.votes, _most(one))
            total += one.examples * more
    return total


def _most(one: Alike) -> int:
    """Return how many more votes an example may come to need."""
    stops = one.stopping == "exact" and not one.full
    return max(one.wanted - one.votes, one.needs) if one.needs and stops else one.needs


def _pace(times: Sequence[float], now: float) -> float:
    """Return the answers an hour by the newest times, newest first."""
    recent = [time for time in times if now - time < PACE_SECONDS]
    if not recent:
        return 0.0
    # a campaign that has just begun is as fast as since its first answer, and so is one with more
    # answers in this time than were looked at
    begun = len(recent) == len(times)
    span = max(now - recent[-1], 1.0) if begun else PACE_SECONDS
    return 3600 * len(recent) / span


def _seconds(time: str) -> float:
    found = datetime.fromisoformat(time)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


# ---------------------------------------------------------------- what is not settled


def _unsettled_pairs(verdicts: Verdicts) -> list[Unsettled]:
    unclear = verdicts.votes[:, VOTED.index("other")].copy()
    for place, chosen in enumerate(verdicts.chosen):
        if chosen is not None:  # other classes, and answers that are none, are among "other"
            unclear[place] = chosen.get(CANNOT_TELL, 0)
    differ = verdicts.codes == NON_AGREEMENT
    odd = differ | ((verdicts.codes != OPEN) & (unclear >= CANNOT_TELL_TWICE))
    found = []
    for place in np.flatnonzero(odd & ~verdicts.adjudicated).tolist():
        why = ["no answer has the votes"] if differ[place] else []
        if unclear[place] >= CANNOT_TELL_TWICE:
            why.append(f"{unclear[place]} cannot tell")
        labels = int(verdicts.given[place]), int(verdicts.suggested[place])
        told = verdicts.told(place)
        found.append(_one_unsettled(verdicts, place, labels, told, "; ".join(why)))
    return found


def _unsettled_sets(verdicts: SetVerdicts) -> list[Unsettled]:
    ticked = verdicts.votes.any(axis=1) & ~verdicts.agreed.any(axis=1)
    odd = ticked & (verdicts.codes != OPEN) & ~verdicts.adjudicated
    found = []
    for place in np.flatnonzero(odd).tolist():
        given, suggested = (
            tuple(np.flatnonzero(side[place]).tolist())
            for side in (verdicts.given, verdicts.suggested)
        )
        labels, told = (given, suggested), verdicts.told(place)
        found.append(_one_unsettled(verdicts, place, labels, told, "no label has the votes"))
    return found


def _one_unsettled(
    verdicts: Verdicts | SetVerdicts, place: int, labels: tuple[Label, Label], votes: str, why: str
) -> Unsettled:
    given, suggested = (named(label, verdicts.classes) for label in labels)
    return Unsettled(
        example=int(verdicts.examples[place]),
        id=verdicts.ids[place],
        given=given,
        suggested=suggested,
        votes=votes,
        why=why,
    )


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise InputError(
            f"The reason has {len(reason):,} characters; at most {LONGEST_REASON:,} are kept."
        )
    return reason


# ---------------------------------------------------------------- reviewers

_NEVER = Share(hits=0, of=0, low=0.0, high=1.0)
_NOTHING: dict[str, Any] = {
    "votes": 0,
    "seconds": None,
    "first_panel": _NEVER,
    "given_rate": _NEVER,
}


def _of_people(
    numbers: Sequence[int],
    answers: Sequence[Mapping[str, Any]],
    newest: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return what is counted of each reviewer, in the order of their numbers in the store."""
    place, n = {number: place for place, number in enumerate(numbers)}, len(numbers)
    votes = np.zeros(n, np.int64)
    for row in answers:
        votes[place[row["reviewer"]]] += row["votes"]
    known = [row for row in answers if row["answer"] in VOTED]
    times = np.array([row["votes"] for row in known], np.int64)
    whose = np.array([place[row["reviewer"]] for row in known], np.int64).repeat(times)
    said = np.array([VOTED.index(row["answer"]) for row in known], np.int64).repeat(times)
    first = np.array([row["first"] or "" for row in known], str).repeat(times)
    rate = given_rate(whose, said, n_reviewers=n)
    seen = first != ""
    panel = order_bias(whose[seen], said[seen], first[seen] == "given", n_reviewers=n)
    seconds = _median_seconds(place, newest)
    return [
        {
            "votes": int(votes[one]),
            "seconds": None if np.isnan(seconds[one]) else float(seconds[one]),
            "first_panel": _share(panel, one, float(panel.p_value[one])),
            "given_rate": _share(rate, one),
        }
        for one in range(n)
    ]


def _share(shares: Shares, one: int, p_value: float | None = None) -> Share:
    return Share(
        hits=int(shares.hits[one]),
        of=int(shares.of[one]),
        low=float(shares.low[one]),
        high=float(shares.high[one]),
        p_value=p_value,
    )


def _gold_share(found: GoldAccuracy | None) -> Share | None:
    if found is None:
        return None
    return Share(hits=found.right, of=found.of, low=found.low, high=found.high)


def _median_seconds(place: Mapping[int, int], newest: Sequence[Mapping[str, Any]]) -> Any:
    """Return each reviewer's median time from one answer to the next, in seconds."""
    times: dict[int, list[float]] = {}
    for row in reversed(newest):
        if row["reviewer"] in place:
            times.setdefault(place[row["reviewer"]], []).append(_seconds(row["created_at"]))
    gaps = [
        (who, after - before)
        for who, answered in times.items()
        for before, after in pairwise(answered)
        if after - before < BREAK_SECONDS
    ]
    whose = np.array([who for who, _ in gaps], np.int64)
    seconds = np.array([gap for _, gap in gaps], np.float64)
    return median_times(whose, seconds, n_reviewers=len(place))
