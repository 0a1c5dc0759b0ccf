"""Gold: examples whose answer is known, planted among what reviewers are asked.

`errata.audit.Audit` is made of this and of the verbs. A gold example is asked about as any other,
and nothing on a page or in the API tells it apart; answers to it are no votes. When a reviewer gets
one is the law of `due`, which one is drawn for each reviewer; both follow from the audit's seed, so
that a page loaded again shows the same.
"""

import contextlib
import hashlib
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped
from sqlalchemy import Connection

from errata.array_files import PathLike
from errata.asking import is_choice
from errata.core.consensus import VOTED
from errata.errors import AuditError, InputError, LabelError
from errata.exchange.gold import as_rows, check_gold
from errata.exchange.pseudonyms import pseudonyms
from errata.maintaining import Maintaining
from errata.results import GoldAccuracy, GoldAdded, Planted
from errata.store import gold, records, voting
from errata.store.database import Database

MOST_RATE = 0.5
"""More of what reviewers are asked than this cannot be gold."""

MOST_MADE = 1000
"""At most so many gold examples are made; nobody is shown one twice."""

TYPICAL = 6
"""So many examples of each class are shown as typical ones, and are not made gold of."""

_LOOKED_UP = 200
"""Of so many examples it is looked up at once whether anybody doubts them."""

_KEPT_SECONDS = 1.0
"""So long it is not looked up again whether gold was planted."""

_PAIR = ("given", "suggested")


class _Sown(NamedTuple):
    """The rate of gold and how many examples of it there are, as they were at a time."""

    rate: float
    examples: int
    until: float


def due(answered: int, rate: float, draw: Callable[[int], float]) -> int:
    """Return how many gold examples are to come before the next of the others.

    One falls into each stretch of (1 - rate) / rate answers to others, at a place in it that is
    drawn: however many are answered, on average exactly the rate of all is gold, and never does
    it differ by one or more from that.

    Parameters
    ----------
    answered : how many others the reviewer has answered
    rate : of all that they are asked, 0 or more and less than 1
    draw : gives a number from 0 up to but not 1 for each stretch, always the same

    Examples
    --------
    >>> [due(answered, 0.25, lambda stretch: 0.5) for answered in range(8)]
    [0, 0, 1, 1, 1, 2, 2, 2]
    """
    stretches = answered * rate / (1 - rate)
    whole = math.floor(stretches)
    return whole + int(draw(whole) < stretches - whole)


class Planting(Maintaining):
    """Gold examples; `errata.audit.Audit` says what the fields are."""

    path: Path
    n: int
    classes: tuple[str, ...]
    multilabel: bool
    _db: Database
    _seed: int
    _sown: _Sown | None = None

    @property
    def labels(self) -> Shaped[np.ndarray, "n *classes"]:
        """The given labels."""
        raise NotImplementedError

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the examples, in their order."""
        raise NotImplementedError

    def exemplars(self, class_index: int, *, count: int = TYPICAL) -> list[int]:
        """Return examples that show what a class looks like."""
        raise NotImplementedError

    def check_planned(self) -> None:
        """Say what to do where there is no plan."""
        raise NotImplementedError

    def _index_of_many(self, refused: Sequence[str]) -> Callable[[str], int]:
        raise NotImplementedError

    def _self_confidence(self, db: Connection) -> Float[np.ndarray, "n"] | None:
        raise NotImplementedError

    # ------------------------------------------------------------ the maintainer's side

    def add_gold(self, examples: Iterable[Mapping[str, Any]] | PathLike) -> GoldAdded:
        """Add gold that somebody knows; what cannot be added is told, the rest goes in.

        Adding the same again adds nothing. Nobody is asked about it until `plant` says how often.

        Parameters
        ----------
        examples : mappings with ``id`` (or ``index``), the known ``answer`` (``"given"``,
            ``"suggested"``, ``"both"`` or ``"neither"``), and the class ``suggested`` beside the
            given one, by name or index, which may be left out where a run of `find` suggests one;
            or the path of a file of them, see `errata.exchange.gold`

        Raises
        ------
        AuditError
            Examples may have several labels here, so that no two of them are asked about.
        InputError
            There are examples, and not one of them can be taken.

        Examples
        --------
        >>> import tempfile
        >>> from errata import Audit
        >>> folder = Path(tempfile.mkdtemp()) / "pets.audit"
        >>> audit = Audit.create(folder, labels=["cat", "dog"], classes=["cat", "dog"])
        >>> audit.add_gold([{"index": 1, "answer": "given", "suggested": "cat"}])
        GoldAdded: 1 added, 0 already there, 0 refused
        """
        self._check_pairs()
        refused: list[str] = []
        index_of = self._index_of_many(refused)
        rows = as_rows(examples)
        new: list[dict[str, Any]] = []
        already = 0
        with self._db.write() as db:
            known = gold.every(db)
            for row in rows:
                try:
                    one = self._as_gold_row(
                        db, check_gold(row, index_of=index_of, n=self.n, classes=self.classes)
                    )
                    if self._known_already(one, known):
                        already += 1
                        continue
                except InputError as error:
                    refused.append(f"{row['where']}: {error}")
                else:
                    known[one["example"]] = one
                    new.append(one)
            gold.add(db, new)
            if new:
                records.log(db, "add_gold", added=len(new))
        if rows and len(refused) == len(rows):
            raise LabelError(
                f"None of the {len(rows):,} gold examples can be taken. The first: {refused[0]}"
            )
        self._sown = None
        return GoldAdded(added=len(new), already_there=already, refused=tuple(refused))

    def _as_gold_row(self, db: Connection, one: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row of a gold example that is named; its other class where none is."""
        example, suggested = one["example"], one["suggested"]
        given, called = int(self.labels[example]), self.ids[example]
        if records.planned(db, example):
            raise LabelError(
                f"The example {called!r} is planned, so reviewers are asked about it anyway, and "
                "their answers are votes. Name examples that are in no plan."
            )
        if suggested is None:
            runs = records.candidate_rows(db, [example])[example]
            if not runs:
                raise LabelError(
                    f"No class is suggested for {called!r}, and no run of `find` suggests one: "
                    "name the class to show beside the given one."
                )
            suggested = runs[-1]["suggested"]
        if suggested == given:
            raise LabelError(
                f"The suggested label of {called!r}, {self.classes[given]!r}, is the given one, so "
                "there is nothing to ask. Suggest another."
            )
        return {
            "example": example,
            "given": given,
            "suggested": suggested,
            "answer": one["answer"],
            "source": "named",
        }

    def _known_already(
        self, one: Mapping[str, Any], known: Mapping[int, Mapping[str, Any]]
    ) -> bool:
        there = known.get(one["example"])
        if there is None:
            return False
        if all(there[name] == one[name] for name in (*_PAIR, "answer")):
            return True
        pair = " or ".join(repr(self.classes[there[name]]) for name in _PAIR)
        raise LabelError(
            f"The example {self.ids[one['example']]!r} is gold already: {pair}, answer "
            f"{there['answer']!r}. What is known of it does not change."
        )

    def plant(self, rate: float) -> Planted:
        """Ask reviewers about gold, at this rate of all that they are asked from now on.

        Where `add_gold` named none, gold is made: of examples that no run flagged, that are in no
        plan and that are among the surest of their class, shown with two classes that the plan
        asks about. Half of them are shown as what they are given and what they might be taken for,
        so that the given label is right; half the other way round, as if they had been given the
        wrong one.

        Parameters
        ----------
        rate : from 0 (nobody is asked any more) to 0.5; 0.05 is one of twenty

        Raises
        ------
        AuditError
            There is no plan; examples may have several labels here; or no gold was named and none
            can be made.
        InputError
            The rate is out of range.
        """
        if not 0 <= rate <= MOST_RATE:
            raise InputError(
                f"The rate of gold is {rate}; from 0 to {MOST_RATE} was expected, such as 0.05."
            )
        self._check_pairs()
        self.check_planned()
        with self._db.read() as db:
            there = gold.count(db)
        made = list(self._made(rate)) if rate and not there else []
        if rate and not there and not made:
            raise AuditError(
                f"No gold can be made for {self.path}: it takes examples that no run flagged, with "
                "high probabilities of their given label. Name examples whose answer you know: "
                "`errata gold import AUDIT FILE`."
            )
        with self._db.write() as db:
            gold.add(db, made)
            gold.set_rate(db, rate)
            records.log(db, "plant", rate=rate, made=len(made))
        self._sown = None
        return Planted(rate=rate, examples=there + len(made), made=len(made))

    def _check_pairs(self) -> None:
        if self.multilabel:
            raise AuditError(
                f"{self.path} holds sets of labels, and gold is a question about two of them. "
                "Leave gold out here."
            )
        with self._db.read() as db:
            plan = records.newest_plan(db)
        if plan is not None and is_choice(plan):
            raise AuditError(
                f"The plan of {self.path} asks reviewers for one of several answers (question "
                f"{plan['question']}), and gold is about two labels. Leave gold out here."
            )

    def _made(self, rate: float) -> Iterator[dict[str, Any]]:
        """Yield gold examples made of the surest that nobody doubts, in a random order."""
        with self._db.read() as db:
            pairs = records.planned_pairs(db)
            confidence = self._self_confidence(db)
        if confidence is None:
            return
        rng = np.random.default_rng([self._seed, *b"gold"])
        counts = np.array([count for *_, count in pairs])
        wanted = min(MOST_MADE, math.ceil(counts.sum() * rate / (1 - rate)))
        pools: dict[int, list[int]] = {}
        for place in rng.choice(len(pairs), size=wanted, p=counts / counts.sum()).tolist():
            given, suggested, _ = pairs[place]
            right = ("given", "suggested")[rng.integers(2)]
            truly = given if right == "given" else suggested
            if truly not in pools:
                pools[truly] = self._surest(truly, confidence)
            if pools[truly]:
                yield {
                    "example": pools[truly].pop(0),
                    "given": given,
                    "suggested": suggested,
                    "answer": right,
                    "source": "made",
                }

    def _surest(self, label: int, confidence: Float[np.ndarray, "n"]) -> list[int]:
        """Return examples of a class that nobody doubts and that are not shown as typical.

        Their probability of it is at least the mean over the class, as for the confident ones of
        confident learning.
        """
        members = np.flatnonzero(self.labels == label)
        sure = members[confidence[members] >= confidence[members].mean()]
        ordered = sure[np.argsort(-confidence[sure], kind="stable")]
        shown = self.exemplars(label, count=TYPICAL)
        return list(islice(self._undoubted(ordered, shown), MOST_MADE))

    def _undoubted(
        self, examples: Int[np.ndarray, "_some"], exclude: Collection[int]
    ) -> Iterator[int]:
        """Yield those of some examples that no run has flagged, and that are no gold."""
        for begin in range(0, len(examples), _LOOKED_UP):  # of a million few are asked for
            some = examples[begin : begin + _LOOKED_UP].tolist()
            with self._db.read() as db:
                unfit = records.candidates_among(db, some) | gold.among(db, some)
            yield from (one for one in some if one not in unfit and one not in exclude)

    def gold_accuracy(
        self, *, confidence: float = 0.95, names: bool = True
    ) -> tuple[GoldAccuracy, ...]:
        """Return how often each reviewer gave the known answer to gold, by name.

        "Can't tell" is not the known answer.

        Parameters
        ----------
        confidence : of Wilson's interval, strictly between 0 and 1
        names : call each by their name; else by the pseudonym that stands for them in what leaves
            the audit
        """
        from errata.core import reviewers  # only here: SciPy takes its time

        with self._db.read() as db:
            held = list(gold.held(db))
        people = sorted({row["name"] for row in held})
        who, answers, known = (
            np.array([among.index(row[column]) for row in held], dtype=np.int64)
            for column, among in (("name", people), ("answer", VOTED), ("known", VOTED))
        )
        found = reviewers.gold_accuracy(
            who, answers, known, n_reviewers=len(people), confidence=confidence
        )
        each = tuple(
            GoldAccuracy(
                reviewer=name,
                right=int(found.hits[place]),
                of=int(found.of[place]),
                low=float(found.low[place]),
                high=float(found.high[place]),
            )
            for place, name in enumerate(people)
        )
        if names:
            return each
        called = pseudonyms(self.path)
        hidden = (replace(one, reviewer=called(one.reviewer)) for one in each)
        return tuple(sorted(hidden, key=lambda one: one.reviewer))

    # ------------------------------------------------------------ the reviewer's side

    def _gold_next(self, reviewer: str, besides: int | None) -> int | None:
        """Return the gold example that comes before any candidate, or None.

        Parameters
        ----------
        besides : the example after which it comes; without it, that is what comes now
        """
        sown = self._sowing()
        if sown is None:
            return None
        with self._db.read() as db:
            number = voting.number_of(db, reviewer)
            if number is None:
                return None
            votes, answered, skipped = gold.turn(db, number)
            if besides is not None:
                is_gold = gold.one(db, besides) is not None
                votes, answered = votes + (not is_gold), answered + is_gold
            if due(votes, sown.rate, self._draws(reviewer)) <= answered + skipped:
                return None
            left = [example for example in gold.unseen(db, number) if example != besides]
        return min(left, key=lambda example: self._draw(reviewer, f"which:{example}"), default=None)

    def _gold_progress(
        self, db: Connection, number: int, reviewer: str, total: int
    ) -> tuple[int, int, int]:
        """Return how much gold a reviewer has answered, will have in all, and has skipped.

        Parameters
        ----------
        total : how many candidates they can answer in all. The gold to come is foreseen from it,
            so that an answer to gold moves their progress as any other does
        """
        sown = self._sowing(db)
        if sown is None:
            return 0, 0, 0
        _, answered, skipped = gold.turn(db, number)
        in_all = min(due(total, sown.rate, self._draws(reviewer)), sown.examples)
        return answered, max(in_all, answered + skipped), skipped

    def _sowing(self, db: Connection | None = None) -> _Sown | None:
        """Return how gold is planted; None where there is none.

        Parameters
        ----------
        db : what whoever holds a connection hands on. Many who wait for a second while they hold
            one would wait for each other
        """
        known = self._sown
        if known is None or known.until < time.monotonic():
            with self._db.read() if db is None else contextlib.nullcontext(db) as held:
                known = _Sown(gold.rate(held), gold.count(held), time.monotonic() + _KEPT_SECONDS)
            self._sown = known
        return known if known.examples else None

    def _draws(self, reviewer: str) -> Callable[[int], float]:
        return lambda stretch: self._draw(reviewer, f"when:{stretch}")

    def _draw(self, reviewer: str, what: str) -> float:
        """Return a number from 0 up to but not 1: chance, and always the same."""
        drawn = hashlib.sha256(f"{self._seed}:gold:{what}:{reviewer}".encode()).digest()
        return int.from_bytes(drawn[:6], "big") / 2**48
