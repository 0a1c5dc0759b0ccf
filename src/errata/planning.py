"""Which examples people are to check: the worst ones, or some that chance draws.

`errata.audit.Audit` is made of this and of the verbs. How examples are drawn is for
`errata.core.sampling`; what is asked about each, for `errata.asking`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from sqlalchemy import Connection

from errata.arrays import as_choice, as_count
from errata.asking import FULL_SHARE, STOPPINGS, as_question, asking_of
from errata.certain import ranking_of
from errata.continuing import (
    Outlook,
    confidence_at,
    errors_outlook,
    ranking_outlook,
    rate_outlook,
    unsettled_pairs,
)
from errata.core.crowd import CROWD, FEWEST_VOTERS, models_as_voters
from errata.core.error_rate import Draw, expected_errors
from errata.core.sampling import by_size, in_strata
from errata.core.targeting import ranking_sizes, support_of
from errata.crowd import Consensus
from errata.doubting import Doubts, mean_rows, scores
from errata.errors import AuditError, InputError
from errata.rating import CENSUS, Rating, best_answers, drawn_worth, draws_of, wrong_by
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
        budget : at most so many examples; of ``"errors"``, without it, all candidates, else 500;
            with ``continued``, of ``"errors"`` as many as the plan for errors before
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
            (`Plan.outlook`), and not while fewer than half of what is planned for ``"errors"``, or
            for ``"ranking"`` of what chance drew or the newest plan for it did, is decided. For
            ``"rate"``: until the interval is as narrow as is wanted, and so many examples as that
            takes beyond what is drawn, decided or not, or, if nothing is wanted, as half its width
            takes, up to 500; for ``"ranking"``: until all pairs of models are told apart on this
            test set, drawn by what could tell the others apart; for ``"errors"``: until less than
            one wrong label is to be expected among the next
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
        outlook, rivals = None, None
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
            outlook, rivals = self._outlook(goal, budget, within)
            if outlook.more == 0:
                with self._db.read() as db:
                    count = records.planned_count(db)
                    # of a goal that has no plan, what plans for others drew is continued
                    row = records.newest_plan(db, goal) or before
                return _as_plan(row["id"], 0, count, row | {"goal": goal}, outlook)
            if budget is None:
                budget = self._budget_to_continue(goal, outlook, within)
        settings: _Row = {"goal": goal, "budget": budget} | _wanted(
            before, votes=votes, threshold=threshold, stopping=stopping, full_share=full_share
        )
        says = question is not None or options is not None or bool(extra)
        asked = as_question(
            *(question or self.asks.question, options, extra),
            classes=self.classes,
            multilabel=self.multilabel,
        )
        drawn = None if goal == CENSUS else self._by_chance(settings, seed, rivals)
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
            return lambda found: self._pooled(db, found)
        count = asked["options"]
        if count is None:
            return None
        return lambda found: self._shortlists(db, found, count)

    @staticmethod
    def _pooled(db: Connection, found: Sequence[_Row]) -> list[list[int]]:
        """Return for each candidate its given label and all that any run suggests for it."""
        pooled = records.suggestions(db, [one["example"] for one in found])
        # what chance has just drawn may have been suggested by no run
        return [
            sorted({one["given"], one["suggested"], *pooled.get(one["example"], ())})
            for one in found
        ]

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
        told = Outlook(says="All candidates are planned already.")
        return _as_plan(last["id"], 0, count, last, told)

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

    def _by_chance(self, settings: _Row, seed: int | None, rivals: "_Rivals | None") -> "_Drawn":
        """Draw the examples of a plan; note down its budget and seed in ``settings``.

        Parameters
        ----------
        rivals : for the ranking, the models as they are known already
        """
        if self.multilabel:
            raise InputError(
                f"The goal {settings['goal']} is for examples with one label each, but here they "
                f"may have several. Plan for {CENSUS}."
            )
        with self._db.read() as db:
            run = records.newest_doubting(db)
            number = len(records.plans(db)) + 1
            left = self._left(db)
        if run is None:
            raise AuditError(
                f"The goal {settings['goal']} draws examples by how probable errors are, also "
                f"among those that nothing flagged, and `find` has not run on {self.path}. Run "
                "`errata find AUDIT`, on probabilities or on predictions (--predictions)."
            )
        if len(left) == 0:
            raise AuditError(
                "All examples are planned already, so there is none left to draw. `verdicts` says "
                "what they tell."
            )
        settings["budget"] = budget = min(settings["budget"] or DRAWN, len(left))
        settings["seed"] = self._seed if seed is None else seed
        rng = np.random.default_rng([settings["seed"], number, *settings["goal"].encode()])
        told = self._doubts(run)
        if settings["goal"] == RANKING:
            drawn = self._for_ranking(rivals or self._rivals(), left, budget, rng)
        else:
            drawn = self._for_rate(run, told, left, budget, rng)
        return _Drawn(run, self._asked_about(run, told, drawn))

    def _for_rate(
        self,
        run: _Row,
        told: Doubts,
        left: Int[np.ndarray, "left"],
        budget: int,
        rng: np.random.Generator,
    ) -> "_Sample":
        """Draw from what is left by how probable errors are, by the votes so far."""
        flagged = np.zeros(self.n, dtype=bool)
        with self._db.read() as db:
            flagged[records.flagged(db, run["id"])] = True
        expected = expected_errors(self._decided(), told.predicted)
        drawn, strata, probability = in_strata(expected[left], flagged[left], budget, rng)
        return _Sample(left[drawn], strata, probability)

    def _for_ranking(
        self,
        rivals: "_Rivals",
        left: Int[np.ndarray, "left"],
        budget: int,
        rng: np.random.Generator,
    ) -> "_Sample":
        """Draw from what is left by how much each label could change between the models."""
        sizes, answered = self._could_change(rivals)
        drawn, strata, probability = by_size(sizes[left], budget, rng)
        return _Sample(left[drawn], strata, probability, answered[left[drawn]])

    def _left(self, db: Connection) -> Int[np.ndarray, "left"]:
        """Return the examples that no plan holds."""
        open_ = np.ones(self.n, dtype=bool)
        open_[records.planned_examples(db)] = False
        return np.flatnonzero(open_)

    def _decided(self) -> list[Draw]:
        """Return what the plans drew, as far as it is decided."""
        with self._db.read() as db:
            planned = records.planned_draws(db)
            if not planned:
                return []
            return draws_of(planned, wrong_by(self._verdicts(db, Consensus(name="threshold"))))[0]

    def _rivals(self) -> "_Rivals":
        """Return the models that were compared last, two or more."""
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
        return _Rivals(names=list(models), answers=best_answers(models))

    def _could_change(
        self, rivals: "_Rivals"
    ) -> tuple[Float[np.ndarray, "n"], Int[np.ndarray, "n"]]:
        """Return how much each label could change between the models, and its rival, or -1."""
        answers, given = rivals.answers, self.labels.astype(np.int64)
        if answers.shape[1] < FEWEST_VOTERS:
            other = answers != given[:, np.newaxis]
            rival = np.where(
                other.any(axis=1), answers[np.arange(self.n), other.argmax(axis=1)], -1
            )
            return ranking_sizes(answers, given, rivals.undecided), rival
        voters = models_as_voters(answers, given, len(self.classes))
        support = support_of(answers, given, voters)
        return ranking_sizes(answers, given, rivals.undecided, support=support), voters.rival

    def _asked_about(self, run: _Row, told: Doubts, drawn: "_Sample") -> list[_Row]:
        """Return what is asked about each drawn example, and its score in a run of `find`."""
        examples = drawn.examples
        given, suggested = self.labels[examples].astype(np.int64), told.suggested[examples]
        with self._db.read() as db:
            flagged = records.candidates_of(db, run["id"], examples.tolist())
        for place, example in enumerate(examples.tolist()):
            if example in flagged:
                suggested[place] = flagged[example]["suggested"]
        if drawn.answered is not None:
            # also of what a flagger doubts: it may put forward a label that no model answers
            suggested = np.where(drawn.answered >= 0, drawn.answered, suggested)
        if run["score"] == CROWD:
            each = 1 - told.predicted[examples]
        else:
            normalize = bool(run["settings"].get("normalize"))
            rows = mean_rows(self._tables(run), examples, normalize=normalize)
            each = scores(given, rows, score=run["score"], compat=run["compat"])
        names = ("example", "given", "suggested", "score", "stratum", "probability")
        columns = (examples, given, suggested, each, drawn.strata, drawn.probability)
        rows_of = zip(*(column.tolist() for column in columns), strict=True)
        return [dict(zip(names, row, strict=True)) for row in rows_of]

    # ------------------------------------------------------------ going on

    def _outlook(
        self, goal: str, budget: int | None, within: float | None
    ) -> "tuple[Outlook, _Rivals | None]":
        """Return what the votes say of going on; for the ranking, also of the models."""
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
        if goal == CENSUS:
            return self._outlook_on_errors(budget), None
        with self._db.read() as db:
            left, drawn = self._left(db), records.drawn_count(db)
            worth = drawn_worth(records.planned_draws(db))
        if goal == RANKING:
            return self._outlook_on_ranking(left, drawn)
        found = self.error_rate()
        told = rate_outlook(found, drawn=drawn, left=len(left), within=within, worth=worth)
        return told, None

    def _budget_to_continue(self, goal: str, outlook: Outlook, within: float | None) -> int | None:
        """Return how many examples are planned where it is not said."""
        if goal == CENSUS:
            return self._budget_before(goal)
        if outlook.more is None or within is not None:
            return outlook.more
        return min(outlook.more, DRAWN)  # nobody has asked for half the width

    def _budget_before(self, goal: str) -> int | None:
        """Return the budget of the newest plan for a goal; None where it had none."""
        with self._db.read() as db:
            last = records.newest_plan(db, goal)
        return None if last is None else last["budget"]

    def _outlook_on_errors(self, budget: int | None) -> Outlook:
        with self._db.read() as db:
            verdicts = self._verdicts(db, Consensus(name="threshold"))
            census = [row["example"] for row in records.planned_draws(db) if row["stratum"] is None]
            finding, run = records.newest_finding(db), records.newest_doubting(db)
            assert finding is not None, "there is a plan"
            waiting = records.waiting(db, finding["id"])
        chances = None
        if run is not None and waiting and not self.multilabel:
            draws = self._decided()
            if any(len(draw.examples) for draw in draws):
                chances = expected_errors(draws, self._doubts(run).predicted)[waiting]
        wrong = wrong_by(verdicts)
        return errors_outlook(
            chances,
            waiting=len(waiting),
            budget=budget or self._budget_before(CENSUS),
            planned=len(census),
            decided=sum(example in wrong for example in census),
        )

    def _outlook_on_ranking(
        self, left: Int[np.ndarray, "left"], drawn: int
    ) -> "tuple[Outlook, _Rivals]":
        rivals = self._rivals()
        with self._db.read() as db:
            verdicts = self._verdicts(db, Consensus(name="threshold"))
            assert isinstance(verdicts, Verdicts), "models are compared on single labels alone"
            design = self._design(db, verdicts)
            chance = [plan["goal"] for plan in records.plans(db) if plan["goal"] != CENSUS]
            newest = _newest_draw(records.planned_draws(db), RANKING)
        wrong = wrong_by(verdicts)
        undecided = ~np.eye(len(rivals.names), dtype=bool)
        if design.by_chance:
            # more checking says nothing of other test sets, for which a pair may stay undecided
            undecided = ranking_of(
                rivals.answers,
                given=self.labels,
                design=design,
                # somebody may have looked before each plan for the ranking, but not the first draw
                confidence=confidence_at(1 + chance[1:].count(RANKING)),
                population=False,
            ).undecided
        unsettled = unsettled_pairs(undecided, rivals.answers[left])
        told = ranking_outlook(
            rivals.names,
            undecided,
            unsettled,
            drawn=drawn,
            by_chance=design.by_chance,
            waiting=design.waiting,
            open_=design.open,
            newest=(len(newest), sum(example not in wrong for example in newest)),
        )
        return told, rivals._replace(undecided=unsettled)


_Pairs = Bool[np.ndarray, "models models"]
"""Which two of the compared models something holds of."""


class _Rivals(NamedTuple):
    """The models that were compared last, what they answer, and which two are not told apart."""

    names: list[str]
    answers: Int[np.ndarray, "n models"]
    undecided: _Pairs | None = None  # all


class _Sample(NamedTuple):
    """What chance drew, as `errata.core.sampling` tells it, and what models answer there, or -1."""

    examples: Int[np.ndarray, "drawn"]
    strata: Int[np.ndarray, "drawn"]
    probability: Float[np.ndarray, "drawn"]
    answered: Int[np.ndarray, "drawn"] | None = None


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
        outlook=told.says if added else f"{told.says} Nothing was added.",
        enough=told.enough,
    )


def _newest_draw(planned: Sequence[Mapping[str, Any]], goal: str) -> list[int]:
    """Return what the newest plan for a goal drew; nothing where there is none."""
    last = max((row["plan"] for row in planned if row["goal"] == goal), default=None)
    return [row["example"] for row in planned if row["plan"] == last]


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
