"""Which examples people are to check: the worst ones, or some that chance draws.

`errata.audit.Audit` is made of this and of the verbs. How examples are drawn is for
`errata.core.sampling`; what is asked about each, for `errata.asking`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Integer
from sqlalchemy import Connection

from errata.arrays import as_choice, as_count
from errata.asking import FULL_SHARE, STOPPINGS, as_question, asking_of
from errata.certain import certainty
from errata.continuing import (
    Outlook,
    confidence_at,
    errors_outlook,
    ranking_outlook,
    rate_outlook,
    unsettled_pairs,
)
from errata.core.accuracy import corrected_labels
from errata.core.crowd import CROWD, FEWEST_VOTERS, models_as_voters
from errata.core.error_rate import expected_errors
from errata.core.sampling import by_size, in_strata
from errata.core.targeting import ranking_sizes, support_of
from errata.crowd import Consensus
from errata.doubting import Doubts, mean_rows, scores
from errata.errors import AuditError, InputError
from errata.rating import CENSUS, Rating, best_answers, draws_of, wrong_by
from errata.results import Plan, Verdicts
from errata.store import queue, records

RANKING = "ranking"
GOALS = (CENSUS, "rate", RANKING)
"""What a plan is for: to find errors, to tell how many there are, or which model is better."""

DRAWN = 500
"""So many examples are drawn by chance where it is not said."""

VOTES, THRESHOLD = 5, 3
"""What the first plan asks for, as in the paper."""

_LARGEST, _LARGEST_SEED = 2**31 - 1, 2**63 - 1
"""Larger numbers of things, and larger seeds, no column of a PostgreSQL database holds."""

_SETTINGS = (
    *("goal", "budget", "seed", "votes", "threshold", "stopping", "full_share"),
    *("question", "options"),
)
"""What a plan is made with, and its row holds."""

_Row = dict[str, Any]


class Planning(Rating):
    """What is sent for checking; `errata.audit.Audit` has the rest."""

    def plan(
        self,
        *,
        goal: str | None = None,
        budget: int | None = None,
        seed: int | None = None,
        votes: int | None = None,
        threshold: int | None = None,
        stopping: str | None = None,
        full_share: float | None = None,
        question: str | None = None,
        options: int | str | None = None,
        extra: Sequence[str] = (),
        continued: bool = False,
        within: float | None = None,
    ) -> Plan:
        """Send examples for checking: the candidates, worst first, or what chance draws.

        What an earlier plan holds stays as it is, and is not planned again; `error_rate` puts all
        plans together. A later plan asks for votes as the one before it, where it is not told.

        Parameters
        ----------
        goal : ``"errors"``: the candidates of the newest run, or list, worst first, for certain.
            ``"rate"``: a sample of all examples, flagged or not, drawn so that `error_rate` is as
            sure as can be: at random in strata by normalized margin, flagged and unflagged ones
            apart, more where labels are doubtful; once votes are in, by what these say.
            ``"ranking"``: a sample of all examples, too, drawn more often where another label
            would change which of the models that `compare` has seen is better. Without a goal,
            ``"errors"``; with ``continued``, that of the newest plan
        budget : at most so many examples; of ``"errors"``, without it, all candidates, else 500
        seed : of chance; without it, it follows from the audit and the plans there are. The same
            seed draws the same examples
        votes : wanted for each candidate; at first 5
        threshold : votes for one answer that make a verdict, in ``1..votes``; at first 3
        stopping : ``"off"``: all votes are asked for, as in the paper; ``"exact"``: asking about a
            candidate stops once no further vote can change its verdict at this threshold. The
            verdicts are the same, for fewer votes; at a stricter threshold some lack votes then
        full_share : with exact stopping, the share of the candidates, drawn by chance, that are
            asked for all votes nevertheless, so that reviewers' agreement can be measured; at first
            0.05. Each example is drawn by itself, whatever is planned along with it
        question : what reviewers are asked where every example has one label. ``"pair"``: which of
            the given and the suggested one is right, as in the paper; ``"pooled"``: which one of
            the given one and of all that any run of `find`, or list, suggests for the example;
            ``"choice"``: which class. All plans of an audit ask the same: without it, a later plan
            asks what the first does, and the first asks about pairs
        options : of ``"choice"``, so many classes to choose from: the given and the suggested one,
            then the most probable others, where there are probabilities; ``"all"``, or without it,
            all classes
        extra : with another question than ``"pair"``, answers that are no class, such as
            ``["neutral", "off-topic"]``. "None of these" and "can't tell" are there anyway
        continued : plan only if the votes so far say that this is of use, and say what they do
            (`Plan.outlook`). For ``"rate"``: until the interval is as narrow as is wanted, and so
            many examples as that takes; for ``"ranking"``: until all pairs of models are told apart
            on this test set, drawn by what could tell the others apart; for ``"errors"``: until
            less than one wrong label is to be expected among the next
        within : with ``continued``, for ``"rate"``: half the width of the interval that is wanted,
            a share, such as 0.01 for ± 1 percentage point

        Raises
        ------
        AuditError
            `find` has not run or has flagged nothing, or all is planned with other settings; an
            earlier plan asks otherwise; there is no run of `find` on probabilities or predictions,
            by which chance draws; or no plan to continue.
        InputError, NameUnknownError
            A setting is out of range, or does not belong to the others.
        """
        with self._db.read() as db:
            before = records.newest_plan(db)
        goal = as_choice("goal", goal or _goal_of(before if continued else None), GOALS)
        if budget is not None:
            budget = _as_number("budget", budget)
        if seed is not None and goal == CENSUS:
            raise InputError(
                f"The seed is {seed}, but in the goal {goal} chance has no part, as in "
                f"{' and '.join(GOALS[1:])}. Leave it out, or choose another goal."
            )
        if seed is not None:
            seed = _as_seed(seed)
        outlook, undecided = None, None
        if within is not None and not continued:
            raise InputError(
                f"within is {within}, which is for a plan that is continued. Say --continue "
                "(continued=True), too, or leave it out."
            )
        if continued:
            if before is None:
                raise AuditError(
                    "Nothing is planned yet, so there is nothing to continue. Plan first, for one "
                    f"of the goals {', '.join(GOALS)}."
                )
            outlook, undecided = self._outlook(goal, budget, within)
            if outlook.more == 0:
                with self._db.read() as db:
                    count = records.planned_count(db)
                return _as_plan(before["id"], 0, count, before, outlook)
            budget = budget or outlook.more
        settings: _Row = {"goal": goal, "budget": budget} | _wanted(
            before, votes=votes, threshold=threshold, stopping=stopping, full_share=full_share
        )
        says = question is not None or options is not None or bool(extra)
        asked = as_question(
            *(question or self.asks.question, options, extra),
            classes=self.classes,
            multilabel=self.multilabel,
        )
        drawn = None if goal == CENSUS else self._by_chance(settings, seed, undecided)
        exact, share = settings["stopping"] == "exact", settings["full_share"]
        asking = asking_of(
            settings["votes"], settings["threshold"], exact=exact, multilabel=self.multilabel
        )

        def in_full(examples: list[int]) -> list[bool]:
            # a draw for each example of the audit: however it is cut into plans, the share holds
            draws = np.random.default_rng([self._seed, *b"full"]).random(self.n)
            of_these: list[bool] = (draws[examples] < share).tolist()
            return of_these

        with self._db.write() as db:
            finding = records.newest_finding(db) if drawn is None else drawn.run
            if finding is None:
                raise AuditError(f"Nothing to plan yet: {self._nothing_found(db)}")
            if drawn is not None and records.newest_plan(db) != before:
                raise AuditError("Another plan was made in the meantime. Plan again.")
            settings |= self._asked_before(db, asked if says else None) or asked
            number, added = records.add_plan(
                db,
                {"finding": finding["id"], **settings},
                needs=asking,
                in_full=in_full if exact else None,
                options=self._options(db, settings),
                drawn=None if drawn is None else drawn.rows,
            )
            if added == 0:
                db.rollback()  # an empty plan says nothing
                return self._planned_already(settings)
            queue.count_open(db)
            records.log(db, "plan", plan=number, added=added, goal=goal)
            self._sown = None  # what is planned is gold no more
            return _as_plan(number, added, records.planned_count(db), settings, outlook)

    @staticmethod
    def _asked_before(db: Connection, wanted: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return what the plans so far ask, which is what all ask; None where there is none yet.

        Raises
        ------
        AuditError
            Something else is wanted.
        """
        last = records.newest_plan(db)
        if last is None:
            return None
        asks = {name: last[name] for name in ("question", "options", "extra")}
        other = [] if wanted is None else [name for name in asks if asks[name] != wanted[name]]
        if other:
            nothing = {"options": "all", "extra": "none"}
            told = asks[other[0]] or nothing[other[0]]
            raise AuditError(
                f"Plan {last['id']} was made with the {other[0]} {told}, and all plans of an audit "
                "ask the same. Leave question, options and extra out to ask that, or make another "
                "audit."
            )
        return asks

    def _options(
        self, db: Connection, asked: Mapping[str, Any]
    ) -> Callable[[list[dict[str, Any]]], list[list[int]]] | None:
        """Return what lists the classes to choose from of candidates; None if none is needed."""
        if asked["question"] == "pooled":
            pooled = records.suggestions(db)
            # what chance has just drawn may have been suggested by no run
            return lambda found: [
                sorted({one["given"], one["suggested"], *pooled.get(one["example"], ())})
                for one in found
            ]
        count = asked["options"]
        if count is None:
            return None
        return lambda found: self._shortlists(db, found, count)

    def _planned_already(self, settings: Mapping[str, Any]) -> Plan:
        with self._db.read() as db:
            last, count = records.newest_plan(db), records.planned_count(db)
        if last is None:
            raise AuditError(
                "The newest run of `find` flagged nothing, so there is nothing to plan. Run `find` "
                "with another rule."
            )
        asked = ("votes", "threshold", "stopping")
        if [last[name] for name in asked] != [settings[name] for name in asked]:
            raise AuditError(
                f"All candidates are planned already, with {last['votes']} votes, threshold "
                f"{last['threshold']} and stopping {last['stopping']} (plan {last['id']}), and a "
                "plan does not change. "
                "`verdicts`, `release` and `compare` take another threshold."
            )
        return _as_plan(last["id"], 0, count, last)

    def ensure_planned(
        self,
        *,
        votes: int | None = None,
        threshold: int | None = None,
        stopping: str | None = None,
    ) -> Plan | None:
        """Plan, if nothing is planned yet; else check that the newest plan is as wanted.

        Parameters
        ----------
        votes, threshold, stopping : as in `plan`; what is left out may be anything, and in a new
            plan is what `plan` takes

        Returns
        -------
        The new plan; None where there was one

        Raises
        ------
        AuditError
            There is a plan with other settings, or nothing can be planned.
        """
        asked = {"votes": votes, "threshold": threshold, "stopping": stopping}
        wanted: dict[str, Any] = {name: one for name, one in asked.items() if one is not None}
        with self._db.read() as db:
            last = records.newest_plan(db)
        if last is None:
            return self.plan(**wanted)
        other = {name: one for name, one in wanted.items() if last[name] != one}
        if other:
            has = ", ".join(f"{name} {last[name]}" for name in other)
            asks = ", ".join(f"{name} {one}" for name, one in other.items())
            raise AuditError(
                f"{self.path} is planned already, with {has} (plan {last['id']}), and a plan does "
                f"not change: {asks} cannot be had. Leave that out to go on with the plan there "
                "is; `verdicts`, `release` and `compare` take another threshold."
            )
        return None

    # ------------------------------------------------------------ by chance

    def _by_chance(
        self, settings: _Row, seed: int | None, undecided: "_Pairs | None" = None
    ) -> "_Drawn":
        """Draw the examples of a plan; note down its budget and seed in ``settings``.

        Parameters
        ----------
        undecided : for the ranking, which two models are not told apart; without it, all
        """
        if self.multilabel:
            raise InputError(
                f"The goal {settings['goal']} is for examples with one label each, but here they "
                f"may have several. Plan for {CENSUS}."
            )
        with self._db.read() as db:
            run = records.newest_doubting(db)
            planned = records.planned(db)
            number = len(records.plans(db)) + 1
            flagged = [] if run is None else records.candidates(db, run["id"])
            if run is None:
                raise AuditError(
                    f"The goal {settings['goal']} draws examples by how probable errors are, also "
                    f"among those that nothing flagged, and `find` has not run on {self.path}. Run "
                    "`errata find AUDIT`, on probabilities or on predictions (--predictions)."
                )
        left = self._left(planned)
        if len(left) == 0:
            raise AuditError(
                "All examples are planned already, so there is none left to draw. `verdicts` says "
                "what they tell."
            )
        settings["budget"] = min(settings["budget"] or DRAWN, len(left))
        settings["seed"] = self._seed if seed is None else seed
        told = self._doubts(run)
        suggested = told.suggested.copy()
        suggested[[row["example"] for row in flagged]] = [row["suggested"] for row in flagged]
        rng = np.random.default_rng([settings["seed"], number, *settings["goal"].encode()])
        if settings["goal"] == RANKING:
            sizes, rivals = self._could_change(undecided)
            # also of what a flagger doubts: it may put forward a label that no model answers
            suggested = np.where(rivals >= 0, rivals, suggested)
            examples, strata, probability = by_size(sizes[left], settings["budget"], rng)
        else:
            is_flagged = np.zeros(self.n, dtype=bool)
            is_flagged[[row["example"] for row in flagged]] = True
            expected = self._expected(planned, told.predicted)
            examples, strata, probability = in_strata(
                expected[left], is_flagged[left], settings["budget"], rng
            )
        rows = self._told(run, left[examples], replace(told, suggested=suggested))
        for row, stratum, chance in zip(rows, strata, probability, strict=True):
            row |= {"stratum": int(stratum), "probability": float(chance)}
        return _Drawn(run, rows)

    def _left(self, planned: Sequence[_Row]) -> Int[np.ndarray, "left"]:
        """Return the examples that no plan holds."""
        open_ = np.ones(self.n, dtype=bool)
        open_[[row["example"] for row in planned]] = False
        return np.flatnonzero(open_)

    def _rivals(self) -> dict[str, Integer[np.ndarray, "n _answers"]]:
        """Return the predictions that were compared last, of two models or more."""
        with self._db.read() as db:
            kept = records.array(db, "predictions")
        if kept is None:
            raise AuditError(
                f"The goal {RANKING} draws examples by what the compared models answer, and none "
                "were compared yet. Run `errata compare AUDIT PREDICTIONS` first; it takes a plan "
                "(`errata plan AUDIT --goal rate`), but no votes."
            )
        models = self._arrays.predictions(kept)
        if len(models) < 2:
            raise AuditError(
                f"Only the model {next(iter(models))} was compared, so there is no ranking. Run "
                "`compare` with the predictions of two or more."
            )
        return models

    def _could_change(
        self, undecided: "_Pairs | None"
    ) -> tuple[Float[np.ndarray, "n"], Int[np.ndarray, "n"]]:
        """Return how much each label could change between the models, and its rival, or -1."""
        answers, given = best_answers(self._rivals()), self.labels.astype(np.int64)
        if answers.shape[1] < FEWEST_VOTERS:
            other = answers != given[:, np.newaxis]
            rivals = np.where(
                other.any(axis=1), answers[np.arange(self.n), other.argmax(axis=1)], -1
            )
            return ranking_sizes(answers, given, undecided), rivals
        voters = models_as_voters(answers, given, len(self.classes))
        support = support_of(answers, given, voters)
        return ranking_sizes(answers, given, undecided, support=support), voters.rival

    def _expected(
        self, planned: Sequence[_Row], predicted: Float[np.ndarray, "n"]
    ) -> Float[np.ndarray, "n"]:
        """Return how probable errors are by the votes so far; without any, as predicted."""
        if not planned:
            return predicted
        with self._db.read() as db:
            wrong = wrong_by(self._verdicts(db, Consensus(name="threshold")))
        return expected_errors(draws_of(planned, wrong)[0], predicted)

    def _told(self, run: _Row, examples: Int[np.ndarray, "drawn"], told: Doubts) -> list[_Row]:
        """Return what is asked about each example, and its score in a run of `find`."""
        given = self.labels[examples].astype(np.int64)
        if run["score"] == CROWD:
            each = 1 - told.predicted[examples]
        else:
            normalize = bool(run["settings"].get("normalize"))
            rows = mean_rows(self._tables(run), examples, normalize=normalize)
            each = scores(given, rows, score=run["score"], compat=run["compat"])
        columns = (examples, given, told.suggested[examples], each)
        return [
            {"example": example, "given": label, "suggested": other, "score": score}
            for example, label, other, score in zip(*(c.tolist() for c in columns), strict=True)
        ]

    # ------------------------------------------------------------ going on

    def _outlook(
        self, goal: str, budget: int | None, within: float | None
    ) -> "tuple[Outlook, _Pairs | None]":
        """Return what the votes say of going on; for the ranking, which pairs are undecided."""
        if within is not None:
            if goal != "rate":
                raise InputError(
                    f"within is how well the error rate is to be known, but the goal is {goal}. "
                    "Leave it out, or continue for the goal rate."
                )
            if not 0 < within < 0.5:
                raise InputError(
                    f"within is {within}; a share above 0 and below 0.5 was expected, such as "
                    "0.01 for ± 1 percentage point."
                )
        with self._db.read() as db:
            planned = records.planned(db)
        if goal == CENSUS:
            return self._outlook_on_errors(planned, budget), None
        left = self._left(planned)
        drawn = sum(row["stratum"] is not None for row in planned)
        if goal == RANKING:
            return self._outlook_on_ranking(left, drawn)
        return rate_outlook(self.error_rate(), drawn=drawn, left=len(left), within=within), None

    def _outlook_on_errors(self, planned: Sequence[_Row], budget: int | None) -> Outlook:
        held = {row["example"] for row in planned}
        with self._db.read() as db:
            finding = records.newest_finding(db)
            assert finding is not None, "there is a plan"
            found = [row["example"] for row in records.candidates(db, finding["id"])]
            run = records.newest_doubting(db)
            decided = bool(wrong_by(self._verdicts(db, Consensus(name="threshold"))))
        waiting = [example for example in found if example not in held]
        chances = None
        if run is not None and decided and not self.multilabel:
            chances = self._expected(planned, self._doubts(run).predicted)[waiting]
        return errors_outlook(chances, waiting=len(waiting), budget=budget)

    def _outlook_on_ranking(
        self, left: Int[np.ndarray, "left"], drawn: int
    ) -> "tuple[Outlook, _Pairs]":
        models, given = self._rivals(), self.labels.astype(np.int64)
        with self._db.read() as db:
            verdicts = self._verdicts(db, Consensus(name="threshold"))
            assert isinstance(verdicts, Verdicts), "models are compared on single labels alone"
            design = self._design(db, verdicts)
            chance = [plan["goal"] for plan in records.plans(db) if plan["goal"] != CENSUS]
        corrected = corrected_labels(given, verdicts.examples, verdicts.suggested, verdicts.codes)
        # more checking says nothing of other test sets, for which a pair may stay undecided
        found = certainty(
            models,
            given=given,
            corrected=corrected,
            design=design,
            # before each plan for the ranking somebody may have looked, but before the first draw
            confidence=confidence_at(1 + chance[1:].count(RANKING)),
            population=False,
        )
        place = {model: at for at, model in enumerate(models)}
        undecided = ~np.eye(len(models), dtype=bool)
        for pair in found.decided if design.by_chance else ():
            one, other = (place[model] for model in pair)
            undecided[one, other] = undecided[other, one] = False
        unsettled = unsettled_pairs(undecided, best_answers(models)[left])
        told = ranking_outlook(
            list(models), undecided, unsettled, drawn=drawn, by_chance=design.by_chance
        )
        return told, unsettled


_Pairs = Bool[np.ndarray, "models models"]
"""Which two of the compared models something holds of."""


@dataclass(frozen=True)
class _Drawn:
    """What chance drew, in the order of asking, and the run of `find` that tells of it."""

    run: _Row
    rows: list[_Row]


def _wanted(
    before: Mapping[str, Any] | None,
    *,
    votes: int | None,
    threshold: int | None,
    stopping: str | None,
    full_share: float | None,
) -> _Row:
    """Return how a plan asks for votes: as it is told, else as the one before, else by default."""
    last = before or {"votes": VOTES, "threshold": THRESHOLD, "stopping": "off", "full_share": 0.0}
    votes = _as_number("votes", last["votes"] if votes is None else votes)
    threshold = _as_number("threshold", last["threshold"] if threshold is None else threshold)
    if threshold > votes:
        raise InputError(
            f"The threshold is {threshold}, but only {votes} votes are wanted for each "
            f"candidate, so no verdict could be reached. Choose one from 1 to {votes} "
            f"(--threshold), such as {votes // 2 + 1}, more than half of the votes."
        )
    stopping = as_choice("stopping", last["stopping"] if stopping is None else stopping, STOPPINGS)
    if full_share is None:
        full_share = last["full_share"] if last["stopping"] == "exact" else FULL_SHARE
    if not 0 <= full_share <= 1:
        raise InputError(f"full_share is {full_share}; a share from 0 to 1 was expected.")
    return {
        "votes": votes,
        "threshold": threshold,
        "stopping": stopping,
        "full_share": full_share if stopping == "exact" else 0.0,
    }


def _as_plan(
    number: int,
    added: int,
    candidates: int,
    row: Mapping[str, Any],
    outlook: Outlook | None = None,
) -> Plan:
    asked = {name: row[name] for name in _SETTINGS if name in row}
    told = Outlook(says="") if outlook is None else outlook
    return Plan(
        number=number,
        added=added,
        candidates=candidates,
        **asked | {"extra": tuple(row["extra"] or ())},
        outlook=told.says,
        enough=told.enough,
    )


def _goal_of(plan: Mapping[str, Any] | None) -> str:
    return CENSUS if plan is None else str(plan["goal"])


def _as_number(name: str, value: object) -> int:
    number = as_count(name, value)
    if number is None or number > _LARGEST:
        raise InputError(f"{name} is {value}; a whole number from 1 to {_LARGEST} was expected.")
    return number


def _as_seed(seed: object) -> int:
    number = -1 if isinstance(seed, bool) or not isinstance(seed, Integral) else int(seed)
    if not 0 <= number <= _LARGEST_SEED:
        raise InputError(
            f"The seed is {seed}; a whole number from 0 to {_LARGEST_SEED} was expected."
        )
    return number
