"""How good the reviewers of an audit are, and how far they agree.

`errata.audit.Audit` is made of this and of the verbs; what votes tell is for `errata.crowd`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from errata.core.crowdlab import answer_probs
from errata.crowd import AnswerProbs, cast, qualities
from errata.errors import AuditError
from errata.exchange.pseudonyms import pseudonyms
from errata.exchanging import Exchanging
from errata.reliability import Alpha, krippendorff_alpha
from errata.results import Reviewers
from errata.store import records


class Judging(Exchanging):
    """What is known of the reviewers; `errata.audit.Audit` has the rest."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What must be said with every result."""
        raise NotImplementedError

    def reviewers(self, *, confidence: float = 0.95, names: bool = True) -> Reviewers:
        """Return what the votes tell of each reviewer who holds one, most votes first.

        Parameters
        ----------
        confidence : of the intervals of their accuracy, strictly between 0 and 1
        names : call each by their name; else by the pseudonym that stands for them in what leaves
            the audit

        Raises
        ------
        AuditError
            There is no plan.
        InputError
            The confidence is out of range.
        """
        self.check_planned()
        with self._db.read() as db:
            held = cast(db, records.planned(db), multilabel=self.multilabel)
        found = qualities(held, confidence=confidence)
        if not names:
            called = pseudonyms(self.path)
            found = [replace(one, name=called(one.name)) for one in found]
            found.sort(key=lambda one: (-one.votes, one.name))  # not as the names were
        return Reviewers(each=tuple(found), confidence=confidence, notices=self.notices)

    def _answer_probs(self, db: Connection, planned: Sequence[Mapping[str, Any]]) -> AnswerProbs:
        """Return what the probabilities of the newest run of `find` say to what is asked."""
        run = records.newest_computed(db)
        if run is None:
            raise AuditError(
                "With crowdlab the probabilities of the newest run of `find` vote along, and "
                f"`find` has not run on {self.path}. Run it, or choose another consensus, such as "
                "one_coin."
            )
        rows = records.looked_at(db, run)
        examples, given, suggested = (
            np.array([row[name] for row in planned]) for name in ("example", "given", "suggested")
        )
        each = [
            answer_probs(np.asarray(self._arrays.load(row)[examples], np.float64), given, suggested)
            for row in rows
        ]
        return AnswerProbs(probs=np.mean(each, axis=0), sha256=tuple(row["sha256"] for row in rows))

    def agreement(self, *, replicates: int = 1000, confidence: float = 0.95) -> Alpha:
        """Return how far reviewers agree beyond chance: Krippendorff's alpha, with an interval.

        It is that of the candidates that are asked for all their votes. Where asking stops once the
        verdict is settled, those that go on are the ones people disagree about. Where examples may
        have several labels, reviewers agree if they name the same ones.

        Parameters
        ----------
        replicates, confidence : of the interval, see `errata.krippendorff_alpha`

        Raises
        ------
        AuditError
            There is no plan.
        InputError
            A parameter is out of range.
        """
        self.check_planned()
        with self._db.read() as db:
            planned = [
                row for row in records.planned(db) if row["full"] or row["stopping"] != "exact"
            ]
            held = cast(db, planned, multilabel=self.multilabel)
        return krippendorff_alpha(held.table, replicates=replicates, confidence=confidence)
