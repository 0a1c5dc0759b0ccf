"""How many labels of an audit are wrong in all, by what its plans drew and its reviewers said.

`errata.audit.Audit` is made of this and of the verbs. The arithmetic is that of
`errata.core.error_rate`; what is here says what was drawn how, and how far reviewers are to be
believed.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Integer, Shaped
from sqlalchemy import Connection

from errata.arrays import as_choice
from errata.certain import ReviewDesign
from errata.continuing import confidence_at
from errata.core.certainty import Sample
from errata.core.consensus import NON_AGREEMENT, NON_ERROR, OPEN, VOTED
from errata.core.crowd import CROWD, models_as_voters
from errata.core.error_rate import Design, Draw, estimate_errors, groups_of
from errata.core.slips import (
    NO_SLIPS,
    Slips,
    concluded,
    slips_alike,
    slips_in_gold,
    slips_in_repeats,
)
from errata.crowd import Consensus, as_consensus
from errata.doubting import Doubts, doubts, voted_doubts
from errata.judging import Judging
from errata.results import ErrorRate, SetVerdicts, Verdicts
from errata.store import gold, records, voting
from errata.words import plural

CENSUS = "errors"
"""The goal of plans in which chance has no part."""

BELIEVING = ("auto", "gold", "repeats", "none")
"""What tells how often reviewers slip."""

FIRST_LOOK = 50
"""Who looks at every vote is shown the interval anew at so many examples, and twice as many, ..."""

_WORTH = {"ranking": 0.2}
"""What a check weighs in the error rate, by the goal of its plan; 1 for others. What tells models
apart is no good sample of errors: drawn of CIFAR-10N for three models, a total by it varied as much
as one by a third to a seventh of as many checks for the rate."""

_FEWEST_BY_CHANCE = 20
"""With fewer examples that chance drew, as much as they are worth, intervals may be too narrow."""

_PARTS = 10
"""What is decided of a plan by chance counts by so many parts."""

_Row = Mapping[str, Any]

_FEWEST_GOLD = 10
"""Of fewer answers to gold nothing is concluded unless it is asked for."""


class Believed(NamedTuple):
    """How often what reviewers conclude is wrong, what tells it, and how often one of them errs."""

    by: str
    slips: Slips
    note: str | None = None
    one: Slips | None = None
    voters: int = 1


class Known(NamedTuple):
    """What an estimate of the error rate is made of: what was planned, and what came of it.

    Parameters
    ----------
    planned : rows of `errata.store.records.planned_draws`
    wrong : of the examples that are decided, whether their label is wrong
    open : the examples that have votes and no verdict
    unsure : those of the wrong ones whose label reviewers might have confirmed, could they tell
    believed : how often what reviewers conclude is wrong
    predicted : a guess at the probability that each label is wrong, ``(n,)``
    groups : what `errata.core.error_rate.groups_of` returns of these
    """

    planned: Sequence[Mapping[str, Any]]
    wrong: Mapping[int, bool]
    open: frozenset[int]
    unsure: frozenset[int]
    believed: Believed
    predicted: Float[np.ndarray, "n"]
    groups: Int[np.ndarray, "n"] | None = None

    @property
    def by_chance(self) -> bool:
        """Whether any plan drew its examples by chance."""
        return any(row["stratum"] is not None for row in self.planned)


class Rating(Judging):
    """What the checked examples say of all; `errata.audit.Audit` has the rest."""

    n: int
    classes: tuple[str, ...]

    @property
    def labels(self) -> Shaped[np.ndarray, "n *classes"]:
        """The given labels."""
        raise NotImplementedError

    def _verdicts(self, db: Connection, consensus: Consensus) -> Verdicts | SetVerdicts:
        raise NotImplementedError

    def error_rate(
        self,
        *,
        threshold: int | None = None,
        consensus: str = "threshold",
        least: float | None = None,
        confidence: float = 0.95,
        slips: str = "auto",
        anytime: bool = False,
    ) -> ErrorRate:
        """Return how many of all labels are wrong, with an interval: what all plans say together.

        A label counts as wrong if its verdict is any but ``non_error``. Where reviewers might have
        confirmed it had they not answered that they cannot tell, a notice says what the error rate
        would be if it were right. Where no plan drew its examples by chance, as for the goal
        ``"errors"``, only bounds are known.

        Parameters
        ----------
        threshold, consensus, least : what makes verdicts, see `verdicts`
        confidence : of the interval, strictly between 0 and 1
        slips : what tells how often reviewers are wrong, which is reckoned out, and makes the
            interval wider. ``"gold"``: their answers to gold; ``"repeats"``: how often two of them
            disagree, if either is as likely to err; ``"none"``: they are taken at their word;
            ``"auto"``: the first of these that there is enough of
        anytime : make the interval hold at every moment at once, for who looks again and again and
            stops when it pleases. It then says what it said when 50, 100, 200, ... examples were
            decided, and is wider

        Raises
        ------
        AuditError
            There is no plan.
        InputError, NameUnknownError
            A setting is out of range; or reviewers slip so often that nothing follows.
        """
        chosen = as_consensus(consensus, threshold, least)
        slips = as_choice("way to tell slips", slips, BELIEVING)
        with self._db.read() as db:
            known = self._known(db, self._verdicts(db, chosen), chosen, slips)
        rate = self._rate(known, confidence=confidence, anytime=anytime)
        notices = [*rate.notices, *self.notices]
        if known.unsure:
            confirmed = known._replace(wrong={**known.wrong, **dict.fromkeys(known.unsure, False)})
            other = self._rate(confirmed, confidence=confidence, anytime=anytime)
            notices.insert(0, _cannot_tell(len(known.unsure), other))
        return replace(rate, notices=tuple(notices))

    def _rates(
        self, db: Connection, verdicts: Verdicts, consensus: Consensus, *, moments: int
    ) -> list[ErrorRate]:
        """Return what `error_rate` says, and before it what it said as the votes came in.

        The examples that chance drew and that are decided are taken for decided one after the other
        in the order of asking, and the estimate is made at so many moments, evenly apart. How often
        reviewers slip is told by all votes there are, at every moment.

        Parameters
        ----------
        moments : at most so many, the last of them today
        """
        known = self._known(db, verdicts, consensus, "auto")
        if known.by_chance:
            known = known._replace(groups=groups_of(known.predicted))
        rates = [self._rate(known._replace(wrong=some)) for some in known_at(known, moments)]
        return list({rate.by_chance: rate for rate in rates}.values())

    def _known(
        self, db: Connection, verdicts: Verdicts | SetVerdicts, consensus: Consensus, slips: str
    ) -> Known:
        planned = records.planned_draws(db)
        run = records.newest_doubting(db)
        known = Known(
            planned=planned,
            wrong=wrong_by(verdicts),
            open=open_by(verdicts),
            unsure=unsure_by(verdicts),
            believed=_believed(
                db, planned, consensus, slips, labels=None if self.multilabel else self.labels
            ),
            predicted=np.zeros(self.n),
        )
        if known.by_chance and run is not None:
            return known._replace(predicted=self._doubts(run).predicted)
        return known

    def _rate(self, known: Known, *, confidence: float = 0.95, anytime: bool = False) -> ErrorRate:
        planned, wrong, open_, _, believed, predicted, groups = known
        level, looked = confidence, len(planned)
        if anytime and known.by_chance:
            level, looked = _last_look(planned, wrong, confidence)
            wrong = {
                row["example"]: wrong[row["example"]]
                for row in planned[:looked]
                if row["example"] in wrong
            }
            open_ = frozenset()  # at a look none of what it takes in is open
        draws, unknown = draws_of(planned, wrong, open_)
        found = estimate_errors(
            draws,
            predicted,
            unknown=unknown,
            slips=believed.slips,
            confidence=level,
            groups=groups,
        )
        notes = [] if believed.note is None else [believed.note]
        sampled = [one for one in draws if one.probability is not None]
        by_chance = sum(len(one.examples) for one in sampled)
        worth = sum(len(one.examples) * one.worth for one in sampled)
        decided = _by_chance_in(planned, wrong)
        if 0 < worth < _FEWEST_BY_CHANCE and found.low < found.high:
            notes.append(_few(by_chance, worth))
        notes += _waiting(planned, decided - by_chance, len(unknown))
        return ErrorRate(
            count=found,
            confidence=confidence,
            by_chance=by_chance,
            waiting=len(planned) - len(known.wrong),
            slips=believed.slips,
            slips_by=believed.by,
            anytime=anytime,
            notices=tuple(notes),
            drawable=not self.multilabel,
            drawn_waiting=drawn_waiting(planned, known.wrong),
            one_slips=believed.one,
            voters=believed.voters,
            late=_by_chance_in(planned, known.wrong) - decided,
            drawn_open=drawn_open(planned, known.open),
            worth=worth,
        )

    def _design(self, db: Connection, verdicts: Verdicts) -> ReviewDesign:
        """Return which examples were checked, and how they came to be, for a comparison.

        All plans by chance tell of all examples, each as much as it checked, as in `error_rate`.
        What a later plan checked for certain is left to what those samples say of it; but where
        every example is decided, each counts for itself.
        """
        planned, wrong = records.planned_draws(db), wrong_by(verdicts)
        draws, unknown = draws_of(planned, wrong, open_by(verdicts))
        unchecked = np.ones(self.n, dtype=bool)
        unchecked[verdicts.examples[verdicts.codes != OPEN]] = False
        # where everything is decided nothing is left to what drawn examples stand for
        checked = sample_of(draws, self.n) if unchecked.any() else _everything(self.n)
        place = {example: at for at, example in enumerate(verdicts.examples.tolist())}
        rows = np.array([place[example] for example in checked.examples.tolist()], dtype=np.int64)
        return ReviewDesign(
            checked=checked,
            suggested=verdicts.suggested[rows].astype(np.int64),
            codes=verdicts.codes[rows].astype(np.int64),
            by_chance=sum(len(one.examples) for one in draws if one.probability is not None),
            unchecked=unchecked,
            wrong=sum(wrong.values()),
            supposed_right=len(unknown),
            waiting=drawn_waiting(planned, wrong),
            open=drawn_open(planned, open_by(verdicts)),
        )

    def _doubts(self, run: Mapping[str, Any]) -> Doubts:
        """Return what the probabilities or predictions of a run of `find` say to each label."""
        if run["score"] == CROWD:
            kept = {"role": "predictions", **run["settings"]["predictions"]}
            answers = best_answers(self._arrays.predictions(kept))
            m = len(self.classes)
            return voted_doubts(self.labels, models_as_voters(answers, self.labels, m), m)
        return doubts(
            self.labels, self._tables(run), normalize=bool(run["settings"].get("normalize"))
        )

    def _tables(self, run: Mapping[str, Any]) -> list[Float[np.ndarray, "n classes"]]:
        """Return the probabilities that a run of `find` looked at."""
        return [self._arrays.load(row) for row in run["arrays"]]


def best_answers(
    models: Mapping[str, Integer[np.ndarray, "n _answers"]],
) -> Int[np.ndarray, "n models"]:
    """Return the best answer of each model, a column for each."""
    return np.stack([top[:, 0] for top in models.values()], axis=1).astype(np.int64)


def wrong_by(verdicts: Verdicts | SetVerdicts) -> dict[int, bool]:
    """Return for each example that is decided whether its label is wrong."""
    codes = zip(verdicts.examples.tolist(), verdicts.codes.tolist(), strict=True)
    return {example: code != NON_ERROR for example, code in codes if code != OPEN}


def open_by(verdicts: Verdicts | SetVerdicts) -> frozenset[int]:
    """Return the examples that have votes and no verdict."""
    return frozenset(verdicts.examples[verdicts.codes == OPEN].tolist())


def drawn_waiting(planned: Sequence[_Row], wrong: Mapping[int, bool]) -> int:
    """Return how many examples chance drew that are not decided."""
    return sum(row["stratum"] is not None and row["example"] not in wrong for row in planned)


def drawn_open(planned: Sequence[_Row], open_: AbstractSet[int]) -> int:
    """Return how many of these have votes."""
    return sum(row["stratum"] is not None and row["example"] in open_ for row in planned)


def drawn_worth(planned: Sequence[_Row]) -> float:
    """Return as how many examples drawn for the error rate all count that chance drew."""
    return sum(_WORTH.get(row["goal"], 1.0) for row in planned if row["stratum"] is not None)


def unsure_by(verdicts: Verdicts | SetVerdicts) -> frozenset[int]:
    """Return the examples whose label would be confirmed if all who cannot tell had said so.

    An answer of another sort counts like "can't tell": neither decides. A vote for a third class,
    where reviewers choose among several, does not: who sees another class there can tell. Where
    there is no single agreement threshold, more than half of the votes are taken to confirm.
    """
    undecided = verdicts.codes == NON_AGREEMENT
    if isinstance(verdicts, SetVerdicts):
        return frozenset(verdicts.examples[undecided & (verdicts.unclear > 0)].tolist())
    given, suggested, other = (
        verdicts.votes[:, VOTED.index(answer)] for answer in ("given", "suggested", "other")
    )
    if verdicts.chosen:
        classes = frozenset(verdicts.classes)
        for_any = [
            sum(count for told, count in chosen.items() if told in classes)
            for chosen in verdicts.chosen
        ]
        other = other - (np.array(for_any) - given - suggested)
    one = verdicts.threshold
    needed = one if isinstance(one, int) else verdicts.votes.sum(axis=1) // 2 + 1
    could = undecided & (other > 0) & (given + other >= needed)
    return frozenset(verdicts.examples[could].tolist())


def _cannot_tell(count: int, otherwise: ErrorRate) -> str:
    """Return what is said of labels that reviewers could not judge; `otherwise` they are right."""
    share = otherwise.estimate
    told = f"{100 * otherwise.low:.3g} % to {100 * otherwise.high:.3g} %"
    rate = told if share is None else f"{100 * share:.3g} %, {told}"
    return (
        f"{plural(count, 'label counts', 'labels count')} as wrong that reviewers might have "
        f"confirmed had they not said that they can't tell, or something of their own. Were they "
        f"right, the error rate would be {rate}. Have a maintainer decide them."
    )


def draws_of(
    planned: Sequence[_Row], wrong: Mapping[int, bool], open_: AbstractSet[int] = frozenset()
) -> tuple[list[Draw], Int[np.ndarray, "unknown"]]:
    """Return what each plan drew, as far as what is decided of it stands for it, and what is open.

    The order of asking is left to chance, too, so what nobody was asked about is missing at random.
    What has votes and no verdict is not: people agree sooner on some examples than on others. So
    of a plan by chance the first tenth counts, or the first two, ..., once none of it is open; of
    each stratum what is decided, if that is at least two examples of each, or else of all. Where
    nothing of any such plan counts, all that is decided does, for itself alone.

    Parameters
    ----------
    planned : rows of `errata.store.records.planned_draws`
    wrong : of the examples that are decided, whether their label is wrong
    open_ : the examples that have votes and no verdict

    Returns
    -------
    A draw for each plan; and the undecided examples that no plan by chance tells of, as an earlier
    one holds them: those of plans for errors, and of plans by chance of which nothing counts, made
    before the last plan that does
    """
    plans = _by_plan(planned)
    draws = [_draw(rows, wrong, rows[: _counting(rows, open_)]) for rows in plans]
    tells = [draw.probability is not None and len(draw.examples) > 0 for draw in draws]
    if not any(tells):
        alone = [replace(_draw(rows, wrong, rows), probability=None) for rows in plans]
        return alone, np.zeros(0, dtype=np.int64)
    last = max(place for place, one in enumerate(tells) if one)
    unknown = [
        row["example"]
        for rows, told in zip(plans[:last], tells, strict=False)
        for row in rows
        if not told and row["example"] not in wrong
    ]
    return draws, np.array(unknown, dtype=np.int64)


def _by_chance_in(planned: Sequence[_Row], wrong: Mapping[int, bool]) -> int:
    """Return how many of the examples that chance drew are decided."""
    return sum(row["stratum"] is not None and row["example"] in wrong for row in planned)


def _by_plan(planned: Sequence[_Row]) -> list[list[_Row]]:
    by_plan: dict[int, list[_Row]] = {}
    for row in planned:
        by_plan.setdefault(row["plan"], []).append(row)
    return list(by_plan.values())


def _counting(rows: Sequence[_Row], open_: AbstractSet[int]) -> int:
    """Return how many of the first of a plan count."""
    if rows[0]["stratum"] is None:
        return len(rows)
    before = next((at for at, row in enumerate(rows) if row["example"] in open_), len(rows))
    tenths = (math.ceil(len(rows) * tenth / _PARTS) for tenth in range(_PARTS + 1))
    return max(end for end in tenths if end <= before)


def known_at(known: Known, moments: int) -> Iterator[Mapping[int, bool]]:
    """Yield which examples were decided, and whether wrong, as votes came in; at last, all of them.

    What chance did not draw is taken for decided from the start: it tells of itself alone.
    """
    drawn = [
        row["example"]
        for row in known.planned
        if row["stratum"] is not None and row["example"] in known.wrong
    ]
    ends = np.ceil(len(drawn) * np.arange(1, moments + 1) / moments).astype(int)
    for end in np.unique(ends).tolist():
        later = set(drawn[end:])
        yield {example: wrong for example, wrong in known.wrong.items() if example not in later}


def _draw(rows: Sequence[_Row], wrong: Mapping[int, bool], counting: Sequence[_Row]) -> Draw:
    """Return what is decided of the rows of a plan that count."""
    done = [row for row in counting if row["example"] in wrong]
    examples = np.array([row["example"] for row in done], dtype=np.int64)
    errors = np.array([wrong[row["example"]] for row in done], dtype=bool)
    if rows[0]["stratum"] is None:
        none = np.zeros(len(done), dtype=np.int64)
        return Draw(examples=examples, wrong=errors, probability=None, stratum=none)
    strata, of_done = (
        np.array([row["stratum"] for row in some], dtype=np.int64) for some in (rows, done)
    )
    drawn, done_of = np.bincount(strata), np.bincount(of_done, minlength=strata.max() + 1)
    if (done_of < np.minimum(drawn, 2)).any():
        of_done = np.zeros_like(of_done)
        drawn, done_of = np.array([len(rows)]), np.array([len(done)])
    part = (done_of / np.maximum(drawn, 1))[of_done]
    probability = np.array([row["probability"] for row in done], dtype=np.float64) * part
    return Draw(
        examples=examples,
        wrong=errors,
        probability=probability,
        stratum=of_done,
        stands_for=1 / part,
        worth=_WORTH.get(rows[0]["goal"], 1.0),
    )


def _few(by_chance: int, worth: float) -> str:
    """Return what is to be said of so few examples that chance drew."""
    ranking = "" if worth == by_chance else ", most of them to rank models,"
    return (
        f"Only {plural(by_chance, 'example')} that chance drew{ranking} "
        f"{'is' if by_chance == 1 else 'are'} decided. So few say little of errors, and the "
        "interval may be too narrow: have more of them reviewed."
    )


def _waiting(planned: Sequence[_Row], early: int, unknown: int) -> list[str]:
    """Return what is to be said of examples that wait.

    Parameters
    ----------
    early : how many decided ones do not count yet
    unknown : how many undecided ones no plan by chance tells of
    """
    notes = []
    if early > 0:
        notes.append(
            f"{early:,} decided examples do not count yet: others that were to be asked about "
            "before them have votes and no verdict, and what people agree on first is not like the "
            "rest. Have those decided."
            + (
                " Where asking stops early, they never are at a stricter threshold than the plan's."
                if any(row["stopping"] == "exact" for row in planned)
                else ""
            )
        )
    if unknown:
        notes.append(
            f"{unknown:,} examples of earlier plans are not decided, and later ones could not draw "
            "them, so the interval leaves them open. Have them reviewed."
        )
    return notes


def sample_of(draws: Sequence[Draw], n: int) -> Sample:
    """Return the checked examples of all draws, and how much each counts for all ``n``.

    Where chance drew none of them, each stands for itself. Those that count for nothing, as
    chance drew none after them, are left out.

    Examples
    --------
    >>> def draw(examples, probability):
    ...     none = np.zeros(len(examples), dtype=int)
    ...     return Draw(
    ...         examples=np.array(examples), wrong=none > 0, probability=probability, stratum=none
    ...     )
    >>> found = sample_of([draw([0], np.array([0.25])), draw([1], np.array([1 / 3]))], 4)
    >>> found.examples, found.counts  # the mean of 4, and of the first and 3
    (array([0, 1]), array([2.5, 1.5]))
    """
    # what a draw is worth for the error rate is not what it is worth for the order of models
    weighed = Design([replace(draw, worth=1.0) for draw in draws], np.zeros(n), NO_SLIPS)
    if not weighed.sampled:
        return Sample(
            examples=weighed.examples,
            probabilities=np.ones(len(weighed.examples)),
            strata=np.zeros(len(weighed.examples), dtype=np.int64),
        )
    counts = weighed.counts > 0
    return Sample(
        examples=weighed.examples[counts],
        probabilities=weighed.pi[counts],
        strata=weighed.stratum[counts],
        shares=weighed.share[counts],
        later=weighed.later[counts],
        stands_for=weighed.stands_for[counts],
    )


def _everything(n: int) -> Sample:
    """Return all examples, each standing for itself."""
    return Sample(
        examples=np.arange(n), probabilities=np.ones(n), strata=np.zeros(n, dtype=np.int64)
    )


def _last_look(
    planned: Sequence[Mapping[str, Any]], wrong: Mapping[int, bool], confidence: float
) -> tuple[float, int]:
    """Return the confidence of the last look, and how many of the planned examples it took in.

    A look takes in the first examples in the order of asking that chance drew; all of these are
    decided. How much of the error each look may spend, `errata.continuing.confidence_at` says.
    """
    looks: list[int] = []
    decided = 0
    for place, row in enumerate(planned, 1):
        if row["stratum"] is None:
            continue
        if row["example"] not in wrong:
            break
        decided += 1
        if decided == FIRST_LOOK * 2 ** len(looks):
            looks.append(place)
    if not looks:
        return confidence, 0
    return confidence_at(len(looks), confidence), looks[-1]


def _believed(
    db: Connection,
    planned: Sequence[Mapping[str, Any]],
    consensus: Consensus,
    by: str,
    *,
    labels: Integer[np.ndarray, "n"] | None,
) -> Believed:
    """Return how often what reviewers conclude is wrong.

    Parameters
    ----------
    labels : the given ones; None where an example may have several
    """
    rules = {(row["votes"], consensus.threshold or row["threshold"]) for row in planned}
    if by == "none" or labels is None or not consensus.counts or len(rules) > 1:
        why = {
            "a model weighs the votes": not consensus.counts,
            "an example may have several labels": labels is None,
            "the plans ask for different numbers of votes": len(rules) > 1,
        }
        reasons = [reason for reason, holds in why.items() if holds]
        note = f"Reviewers' slips are not reckoned out: {reasons[0]}." if reasons else None
        return Believed("none", NO_SLIPS, note if by != "none" else None)
    ((votes, threshold),) = rules
    ways: dict[str, Callable[[], tuple[Slips, str | None, Slips] | None]] = {
        "gold": lambda: _by_gold(
            db, least=1 if by == "gold" else _FEWEST_GOLD, threshold=threshold, votes=votes
        ),
        "repeats": lambda: _by_repeats(db, planned, labels, threshold=threshold, votes=votes),
    }
    for way, told in ways.items():
        if by in ("auto", way):
            found = told()
            if found is not None:
                return Believed(way, *found, voters=votes)
    note = None
    if by != "auto":
        nothing = {
            "gold": "Nobody has answered gold",
            "repeats": "Too few examples have two votes, or people disagree as if they guessed",
        }
        note = (
            f"{nothing[by]}, so how often reviewers slip is not known by {by}, and they are taken "
            "at their word."
        )
    elif votes == 1 and any(row["stratum"] is not None for row in planned):
        note = (
            "Reviewers are taken at their word, as one vote for each example does not tell how "
            "often they slip; where errors are rare, slips may be most of what is found. Plant "
            "gold, or ask for two votes or more."
        )
    return Believed("none", NO_SLIPS, note)


def _by_gold(
    db: Connection, *, least: int, votes: int, threshold: int
) -> tuple[Slips, str | None, Slips] | None:
    """Return how often reviewers err together by gold; None where they answered too little.

    With it come what is to be said, and how often one of them errs.
    """
    answers = [row for row in gold.held(db) if row["answer"] in ("given", *_REJECTS)]
    if len(answers) < least:
        return None
    right = [row["answer"] != "given" for row in answers if row["known"] == "given"]
    wrong = [row["answer"] == "given" for row in answers if row["known"] != "given"]
    one = slips_in_gold(sum(right), len(right), sum(wrong), len(wrong))
    return concluded(one, votes=votes, threshold=threshold), None, one


_REJECTS = ("suggested", "both", "neither")
"""Answers that do not confirm the given label."""


def _by_repeats(
    db: Connection,
    planned: Sequence[Mapping[str, Any]],
    labels: Integer[np.ndarray, "n"],
    *,
    votes: int,
    threshold: int,
) -> tuple[Slips, str | None, Slips] | None:
    """Return how often reviewers err together, by how often they disagree on what all are asked.

    With it come what is to be said if some examples are harder than others, and how often one
    reviewer errs.

    Where asking stops once a verdict is settled, only as many votes as settle it are asked for
    whatever the others say.
    """
    stops = [row["threshold"] for row in planned if row["stopping"] == "exact"]
    asked = min(stops, default=votes)
    said: dict[int, list[bool]] = {}
    for vote in voting.cast_by(db):
        if vote.labels is not None or vote.answer != "other":
            confirms = vote.answer == "given" or vote.labels == [int(labels[vote.example])]
            said.setdefault(vote.example, []).append(not confirms)
    enough = [one[:asked] for one in said.values() if len(one) >= asked]
    rejected = np.array(enough, dtype=bool).reshape(len(enough), asked)
    one = slips_in_repeats(rejected)
    if one is None:
        return None
    together = concluded(one, votes=votes, threshold=threshold, repeats=asked)
    splits = slips_alike(rejected)
    if splits is None or splits.alike:
        return together, None, one
    note = (
        "Reviewers disagree far more on some examples than on others: two or more said otherwise "
        f"than the rest on {splits.found:,} of {splits.examples:,}, where some "
        f"{splits.expected:,.0f} were expected if all were as hard. They err on the same ones, so "
        "what they conclude is wrong more often than is reckoned out here, and of rare errors the "
        "rate comes out too high. Gold says more, hard examples in it as in the set."
    )
    return together, note, one
