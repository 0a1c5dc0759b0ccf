"""Mistakes that people report of what was published, and what becomes of them.

`errata.audit.Audit` is made of this and of the verbs. How reports arrive is for
`errata.exchange.reports`, and what became of each for `errata.reported`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from sqlalchemy import Connection

from errata.array_files import PathLike
from errata.crowd import Consensus
from errata.errors import InputError
from errata.exchange.reports import as_rows, check_report
from errata.labels import Label, as_label
from errata.planning import Planning
from errata.reported import Report, Standing, outcomes, standings, waiting
from errata.results import IMPORTED, ReportsAdded, SetVerdicts, Verdicts
from errata.store import adjudications, records, reports

FLAGGER = "reports"
"""What doubts a label that was reported, for the record."""


class Reporting(Planning):
    """Reports of mistakes; `errata.audit.Audit` has the rest."""

    name: str

    def add_reports(self, *sources: Iterable[Mapping[str, Any]] | PathLike) -> ReportsAdded:
        """Add reports of mistakes; a line in the result tells what is refused.

        A report changes no label. Reported examples that nobody was asked about yet become a run of
        candidates, by the flagger ``"reports"``, with the label that most of their reports name,
        and `plan` has them asked. An example that was decided otherwise before somebody reported it
        is among the `unsettled`, for a maintainer to look at again. Adding the same report again
        adds nothing.

        Parameters
        ----------
        sources : mappings with ``id`` (or ``index``), and maybe ``label``, the name or the index of
            the class that is right (a list of them where examples may have several), ``given``,
            ``reason``, ``version`` and ``audit``; or paths of tables, mails and exported issues,
            see `errata.exchange.reports`

        Raises
        ------
        InputError
            There is no report, or none that can be taken.
        FileError
            A file cannot be read.

        Examples
        --------
        >>> import tempfile, errata
        >>> folder = tempfile.mkdtemp() + "/pets.audit"
        >>> audit = errata.Audit.create(folder, labels=["cat", "dog"], classes=["cat", "dog"])
        >>> audit.add_reports([{"id": "1", "label": "cat", "reason": "it purrs"}])
        ReportsAdded: 1 added, 0 there already, 0 refused; candidates to plan: 1, reports for a
        maintainer: 0
        >>> audit.plan(votes=1, threshold=1)
        Plan 1: candidates added: 1, in all: 1; votes wanted for each: 1, to decide: 1
        >>> audit.reports()[0].outcome
        'reviewers are being asked'
        """
        read = [as_rows(source) for source in sources]
        rows = [row for one in read for row in one.rows]
        left_out = [line for one in read for line in one.left_out]
        if not rows:
            first = f" The first: {left_out[0]}." if left_out else ""
            raise InputError(
                f"There is no report of a mistake to add.{first} Mails and texts with the line "
                "that a report's link writes, or tables with a column id, were expected."
            )
        found: list[dict[str, Any]] = []
        refused: list[str] = []
        with self._db.write() as db:
            verdicts = self._verdicts_so_far(db)
            now, held = standings(verdicts), adjudications.held(db)
            index_of = self._index_of_many(refused)
            for row in rows:
                try:
                    one = check_report(
                        row,
                        index_of=index_of,
                        n=self.n,
                        classes=self.classes,
                        audit=self.name,
                        given_of=self._given,
                        multilabel=self.multilabel,
                    )
                    self._check_disputes(one, now)
                except InputError as error:
                    refused.append(f"{row['where']}: {error}")
                else:
                    found.append(one | {"source": str(row["where"])})
            there, added = reports.keys(db), 0
            for one in found:
                if one["key"] not in there:
                    there.add(one["key"])
                    stands = now.get(one["example"], Standing(None))
                    decided = held[one["example"]]["id"] if one["example"] in held else 0
                    reports.add(db, one | stands._asdict() | {"adjudication": decided})
                    added += 1
            doubted = waiting(db, verdicts)
            self._keep_doubts(db, doubted)
            if added:
                records.log(db, "add_reports", added=added)
            told = self._outcomes(db, verdicts)
        if not found:
            raise InputError(
                f"None of the {len(rows):,} reports can be taken. The first: {refused[0]}"
            )
        return ReportsAdded(
            added=added,
            already_there=len(found) - added,
            candidates=len(doubted),
            to_decide=sum(one.state == "to decide" for one in told),
            refused=tuple(refused),
            left_out=tuple(left_out),
        )

    def reports(self) -> tuple[Report, ...]:
        """Return every report of a mistake and what became of it, in the order they came in."""
        with self._db.read() as db:
            return self._outcomes(db, self._verdicts_so_far(db))

    def _outcomes(
        self,
        db: Connection,
        verdicts: Verdicts | SetVerdicts | None,
        told: Verdicts | SetVerdicts | None = None,
    ) -> tuple[Report, ...]:
        return outcomes(
            db,
            verdicts,
            told=told,
            ids=self.ids,
            classes=self.classes,
            given_of=self._given,
        )

    def _verdicts_so_far(self, db: Connection) -> Verdicts | SetVerdicts | None:
        """Return the verdicts at the plans' thresholds; None before there is a plan."""
        planned = records.newest_plan(db) is not None
        return self._verdicts(db, Consensus(name="threshold")) if planned else None

    def _check_disputes(self, one: Mapping[str, Any], now: Mapping[int, Standing]) -> None:
        """Refuse a report that names the label which the example has anyway."""
        example, label = one["example"], one["label"]
        stands = now.get(example, Standing(None, (self._given(example),)))
        if label is not None and stands.accepted == (label,):
            raise InputError(
                f"It says that the label of {self.ids[example]!r} is what it is already, so it "
                "reports no mistake."
            )

    def _keep_doubts(self, db: Connection, doubted: Mapping[int, Label]) -> None:
        """Make a run of the candidates that reports name, where the newest run is not that one."""
        newest = records.newest_finding(db)
        if newest is not None and newest["rule"] == IMPORTED and newest["flagger"] == FLAGGER:
            there = records.candidates_of(db, newest["id"], list(doubted))
            if doubted == {example: as_label(row["suggested"]) for example, row in there.items()}:
                return
        if doubted:
            found = [
                {"example": example, "suggested": label, "score": None}
                for example, label in doubted.items()
            ]
            self._add_doubts(db, found, flagger=FLAGGER, score="given_order", settings={})

    def _add_doubts(
        self,
        db: Connection,
        found: Sequence[Mapping[str, Any]],
        *,
        flagger: str,
        score: str,
        settings: Mapping[str, Any],
    ) -> int:
        """Write down candidates from elsewhere, worst first, as a run; return its number."""
        return records.add_finding(
            db,
            {
                "rule": IMPORTED,
                "score": score,
                "settings": settings,
                "flagger": flagger,
                "warnings": [],
                "errata": version("errata"),
            },
            [
                {
                    "example": one["example"],
                    "given": self._given(one["example"]),
                    "suggested": one["suggested"],
                    "score": place if one["score"] is None else one["score"],
                    "rules": [IMPORTED],
                }
                for place, one in enumerate(found, 1)
            ],
        )

    def _given(self, example: int) -> Label:
        raise NotImplementedError

    def _index_of_many(self, refused: Sequence[str]) -> Callable[[str], int]:
        raise NotImplementedError
