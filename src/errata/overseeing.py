"""How an audit's reviewing goes, in numbers for its maintainer.

`errata.audit.Audit` is made of this and of the verbs. What the votes come to is for
`errata.telling`, and what a maintainer decides for `errata.deciding`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from sqlalchemy import Connection

from errata import telling
from errata.core.consensus import NON_AGREEMENT, OPEN, VOTED
from errata.core.reviewers import Shares, given_rate, median_times, order_bias
from errata.crowd import as_seconds, seconds_between
from errata.deciding import Deciding
from errata.exchange.votes import CANNOT_TELL
from errata.labels import Label, named
from errata.reported import to_decide
from errata.results import GoldAccuracy, SetVerdicts, Verdicts
from errata.store import counting, pauses, records, voting
from errata.store.counting import Alike

PACE_SECONDS = 600.0
"""The present pace is that of so many last seconds."""

NEWEST, NEWEST_FOR_PACE = 20_000, 2_000
"""Times, and the pace, are taken from so many newest answers of all reviewers together."""

CANNOT_TELL_TWICE = 2
"""So many "can't tell" on one example are something to look at."""

UNEVEN = 0.01
"""A share is uneven where chance would make it so more rarely than this."""


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


@dataclass(frozen=True, kw_only=True)
class Mix:
    """What the votes come to at one threshold.

    Attributes
    ----------
    threshold : votes for one answer, or for a label, that make a verdict
    verdicts : how many candidates came to each
    open : how many have votes, but too few to say at this threshold
    no_vote : how many have none
    """

    threshold: int
    verdicts: dict[str, int]
    open: int
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
class Outlook:
    """What the votes come to, from one reading of them.

    Attributes
    ----------
    mixes : at each of `Overseeing.thresholds`
    unsettled : see `Overseeing.unsettled`
    notices : what must be said along with these numbers
    """

    mixes: tuple[Mix, ...]
    unsettled: tuple[Unsettled, ...]
    notices: tuple[str, ...]


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
class ReviewerCounts:
    """What the answers of one reviewer say, counted quickly; `reviewers` tells how good each is.

    Attributes
    ----------
    votes : theirs that count
    seconds : the median time from one answer of theirs to the next, breaks of ten minutes left out,
        among the newest `NEWEST` answers of all; None without two
    first_panel : how often they chose the first panel, of the answers that chose a panel
    given_rate : how often they answered that the given label is right
    gold : how often they gave the known answer to gold; None where they were not asked about any
    """

    votes: int
    seconds: float | None
    first_panel: Share
    given_rate: Share
    gold: Share | None


@dataclass(frozen=True, kw_only=True)
class ReviewerStanding:
    """How one reviewer stands.

    Attributes
    ----------
    counts : what their answers say; None where they gave none, or these are not counted yet
    holds : the id of the example they look at now; None where that is none
    paused : by name
    invited : by a link of their own that counts
    """

    name: str
    counts: ReviewerCounts | None
    holds: str | None
    paused: bool
    invited: bool


@dataclass(frozen=True, kw_only=True)
class PanelStanding:
    """How many participants came by a panel that is open, and how many answers each is asked for.

    ``answers`` is None where they are asked for as many as there are.
    """

    name: str
    participants: int
    answers: int | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """A line of an audit's diary: what was done, with what, and when (ISO 8601, in UTC)."""

    number: int
    verb: str
    details: Mapping[str, Any]
    time: str


class Overseeing(Deciding):
    """Numbers for the maintainer; `errata.audit.Audit` says what the fields are."""

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
        pace = _pace([as_seconds(row["created_at"]) for row in newest], self._now())
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
        """Return the thresholds at which verdicts are worth a look, one after the other.

        They are those of the plans, and all that are more than half of the votes.

        Raises
        ------
        AuditError
            There is no plan.
        """
        asked = self._asked_for()
        wanted = max(votes for votes, _ in asked)
        least = min(wanted // 2 + 1, *(threshold for _, threshold in asked))
        return tuple(range(least, wanted + 1))

    def planned_threshold(self) -> int:
        """Return the threshold of the newest plan.

        Raises
        ------
        AuditError
            There is no plan.
        """
        return self._asked_for()[-1][1]

    def _asked_for(self) -> list[tuple[int, int]]:
        with self._db.read() as db:
            plans = records.plans(db)
            if not plans:
                raise self._unplanned(db)
        return [(plan["votes"], plan["threshold"]) for plan in plans]

    def outlook(self) -> Outlook:
        """Return what the votes come to at each of `thresholds`, and what they do not settle.

        Raises
        ------
        AuditError
            There is no plan.
        """
        thresholds = self.thresholds()
        with self._db.read() as db:
            planned, *found = self._counted(db, None, *thresholds)
            unsettled = _unsettled(db, planned, to_decide(db, planned, self.classes))
        return Outlook(
            mixes=tuple(map(_mix, thresholds, found)),
            unsettled=unsettled,
            notices=planned.notices,
        )

    def unsettled(self) -> tuple[Unsettled, ...]:
        """Return the candidates that have all their votes and are for a maintainer to decide.

        At their plans' thresholds: where no answer has the votes, or two or more cannot tell; where
        an example may have several labels, also where labels were ticked and none has the votes.
        What a maintainer decided is not among them. What was decided, by whomever, before somebody
        reported it as a mistake, is. They are in the order of the examples.

        Raises
        ------
        AuditError
            There is no plan.
        """
        with self._db.read() as db:
            (verdicts,) = self._counted(db, None)
            return _unsettled(db, verdicts, to_decide(db, verdicts, self.classes))

    def _counted(self, db: Connection, *thresholds: int | None) -> Sequence[Verdicts | SetVerdicts]:
        found = telling.counted(
            db, thresholds, ids=self.ids, classes=self.classes, multilabel=self.multilabel
        )
        if not found:
            raise self._unplanned(db)
        return found

    def counts(self) -> dict[str, ReviewerCounts]:
        """Return what the answers of each reviewer say, by name.

        It is counted of those who hold an answer that was given here, or brought as a person's; or
        one about gold.
        """
        with self._db.read() as db:
            answers, newest = voting.answers(db), counting.newest_answers(db, NEWEST)
            everybody = voting.reviewers(db)
        golden = {one.reviewer: one for one in self.gold_accuracy()}
        voted = {row["reviewer"] for row in answers if row["kind"] == "person"}
        people = {
            number: name
            for number, (name, _) in everybody.items()
            if number in voted or name in golden
        }
        gold = [_gold_share(golden.get(name)) for name in people.values()]
        pairs = not (self.multilabel or self.asks.chooses)
        found = _counts_of(list(people), gold, answers, newest, pairs=pairs)
        return dict(zip(people.values(), found, strict=True))

    def standings(
        self, counts: Mapping[str, ReviewerCounts] | None = None
    ) -> tuple[ReviewerStanding, ...]:
        """Return how each person stands who reviews here or was invited, by name.

        Parameters
        ----------
        counts : what their answers say, where that is known already, see `counts`
        """
        counts = self.counts() if counts is None else counts
        with self._db.read() as db:
            paused, holding = pauses.every(db), counting.holding(db, self._now())
            people = counting.people(db).values()
        panels = {one.number for one in self.panels()}
        invited = {
            one.name for one in self.invitations() if self._counts(one) and one.number not in panels
        }
        return tuple(
            ReviewerStanding(
                name=name,
                counts=counts.get(name),
                holds=self.ids[holding[name]] if name in holding else None,
                paused=name in paused,
                invited=name in invited,
            )
            for name in sorted({*people, *counts, *invited})
        )

    def panel_standings(self) -> tuple[PanelStanding, ...]:
        """Return how each panel stands that is open, oldest first."""
        with self._db.read() as db:
            came = counting.came_by(db)
        return tuple(
            PanelStanding(name=one.name, participants=came.get(one.number, 0), answers=one.answers)
            for one in self.panels()
            if not one.revoked and one.expires > self._now()
        )

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
            closed.setdefault(one.asked, []).append(one)
    total = 0.0
    for one in stands:
        if one.needs:
            least = one.votes + one.needs
            like = [each for each in closed.get(one.asked, []) if each.votes >= least]
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


# ---------------------------------------------------------------- what is not settled


def _mix(threshold: int, found: Verdicts | SetVerdicts) -> Mix:
    return Mix(
        threshold=threshold, verdicts=found.counts, open=found.open, no_vote=found.unreviewed
    )


def _unsettled(
    db: Connection, verdicts: Verdicts | SetVerdicts, reported: Mapping[int, str]
) -> tuple[Unsettled, ...]:
    if isinstance(verdicts, SetVerdicts):
        found = _unsettled_sets(verdicts, reported)
    else:
        found = _unsettled_pairs(verdicts, reported)
    # where asking does not stop early, some are still asked about whose verdict is settled
    needing = counting.needing(db, [one.example for one in found])
    found = [one for one in found if one.example not in needing]
    return tuple(sorted(found, key=lambda one: one.example))


def _unsettled_pairs(verdicts: Verdicts, reported: Mapping[int, str]) -> list[Unsettled]:
    unclear = verdicts.votes[:, VOTED.index("other")].copy()
    for place, chosen in enumerate(verdicts.chosen):
        if chosen is not None:  # other classes, and answers that are none, are among "other"
            unclear[place] = chosen.get(CANNOT_TELL, 0)
    differ = verdicts.codes == NON_AGREEMENT
    odd = differ | ((verdicts.codes != OPEN) & (unclear >= CANNOT_TELL_TWICE))
    found = []
    for place in np.flatnonzero(
        (odd & ~verdicts.adjudicated) | _among(verdicts, reported)
    ).tolist():
        why = ["no answer has the votes"] if differ[place] else []
        if unclear[place] >= CANNOT_TELL_TWICE:
            why.append(f"{unclear[place]} cannot tell")
        why += [reported[at] for at in [int(verdicts.examples[place])] if at in reported]
        labels = int(verdicts.given[place]), int(verdicts.suggested[place])
        told = verdicts.told(place)
        found.append(_one_unsettled(verdicts, place, labels, told, "; ".join(why)))
    return found


def _unsettled_sets(verdicts: SetVerdicts, reported: Mapping[int, str]) -> list[Unsettled]:
    differ = verdicts.codes == NON_AGREEMENT
    none = verdicts.votes.any(axis=1) & ~verdicts.agreed.any(axis=1) & ~differ
    unclear = verdicts.unclear
    odd = (differ | none | (unclear >= CANNOT_TELL_TWICE)) & (verdicts.codes != OPEN)
    found = []
    for place in np.flatnonzero(
        (odd & ~verdicts.adjudicated) | _among(verdicts, reported)
    ).tolist():
        why = ["those who cannot tell could decide"] if differ[place] else []
        why += ["no label has the votes"] if none[place] else []
        if unclear[place] >= CANNOT_TELL_TWICE:
            why.append(f"{unclear[place]} cannot tell")
        why += [reported[at] for at in [int(verdicts.examples[place])] if at in reported]
        given, suggested = (
            tuple(np.flatnonzero(side[place]).tolist())
            for side in (verdicts.given, verdicts.suggested)
        )
        labels, told = (given, suggested), verdicts.told(place)
        found.append(_one_unsettled(verdicts, place, labels, told, "; ".join(why)))
    return found


def _among(
    verdicts: Verdicts | SetVerdicts, reported: Mapping[int, str]
) -> Bool[np.ndarray, "reviewed"]:
    return np.isin(verdicts.examples, np.array(list(reported), dtype=np.int64))


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


# ---------------------------------------------------------------- reviewers


def _counts_of(
    numbers: Sequence[int],
    gold: Sequence[Share | None],
    answers: Sequence[Mapping[str, Any]],
    newest: Sequence[Mapping[str, Any]],
    *,
    pairs: bool,
) -> list[ReviewerCounts]:
    """Return what is counted of each reviewer, in the order of their numbers in the store.

    Only answers to the question of two labels, ``pairs``, leave the given one as it is or not.
    """
    place, n = {number: place for place, number in enumerate(numbers)}, len(numbers)
    answers = [row for row in answers if row["reviewer"] in place]
    votes = np.zeros(n, np.int64)
    for row in answers:
        votes[place[row["reviewer"]]] += row["votes"]
    known = [row for row in answers if pairs and row["answer"] in VOTED]
    times = np.array([row["votes"] for row in known], np.int64)
    whose = np.array([place[row["reviewer"]] for row in known], np.int64).repeat(times)
    said = np.array([VOTED.index(row["answer"]) for row in known], np.int64).repeat(times)
    first = np.array([row["first"] or "" for row in known], str).repeat(times)
    rate = given_rate(whose, said, n_reviewers=n)
    seen = first != ""
    panel = order_bias(whose[seen], said[seen], first[seen] == "given", n_reviewers=n)
    seconds = _median_seconds(place, newest)
    return [
        ReviewerCounts(
            votes=int(votes[one]),
            seconds=None if np.isnan(seconds[one]) else float(seconds[one]),
            first_panel=_share(panel, one, float(panel.p_value[one])),
            given_rate=_share(rate, one),
            gold=gold[one],
        )
        for one in range(n)
    ]


def _median_seconds(place: Mapping[int, int], newest: Sequence[Mapping[str, Any]]) -> Any:
    """Return each reviewer's median time from one answer to the next, in seconds."""
    rows = [row for row in newest if row["reviewer"] in place]
    whose = np.array([place[row["reviewer"]] for row in rows], np.int64)
    seconds = seconds_between(whose, [as_seconds(row["created_at"]) for row in rows])
    return median_times(whose, seconds, n_reviewers=len(place))


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
