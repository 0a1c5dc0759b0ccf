"""What a maintainer decides where votes do not: one example at a time, with a reason.

`errata.audit.Audit` is made of this and of the verbs. Nothing here changes a vote: a decision, an
adjudication, stands beside the votes, in a table that only grows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection

from errata.arrays import as_choice
from errata.asking import restand
from errata.core.consensus import ANSWERS
from errata.errors import InputError, VoteError
from errata.exchange.pseudonyms import pseudonyms
from errata.exchange.votes import LABELS, check_reviewer
from errata.labels import as_label, named
from errata.panels import Panels
from errata.store import adjudications, counting, records, reports, voting

LONGEST_REASON = 1000
"""A reason has at most so many characters."""


class Deciding(Panels):
    """Decisions of maintainers; `errata.audit.Audit` says what the fields are."""

    def ballots(self, example: int) -> tuple[dict[str, str], ...]:
        """Return the votes on an example that count: ``reviewer`` by pseudonym, and ``answer``."""
        self._planned(example)
        called = pseudonyms(self.path)
        with self._db.read() as db:
            history = voting.history(db, [example])[example]
        return tuple(
            {
                "reviewer": called(vote["name"]),
                "answer": self._answer_told(vote["answer"], vote["labels"], vote["said"]),
            }
            for vote in history
            if not vote["withdrawn"]
        )

    def adjudications(self, example: int) -> tuple[dict[str, Any], ...]:
        """Return what maintainers decided of an example, or took back, oldest first.

        Each has ``number``, ``answer`` (None: taken back), ``told`` (the same in words),
        ``reason``, ``maintainer`` and ``time``.
        """
        with self._db.read() as db:
            rows = adjudications.history(db, [self._checked(example)])[example]
        return tuple(
            {
                "number": row["id"],
                "answer": row["answer"],
                "told": self._decision_told(row),
                "reason": row["reason"],
                "maintainer": row["maintainer"],
                "time": row["created_at"],
            }
            for row in rows
        )

    def reports_of(self, example: int) -> tuple[dict[str, Any], ...]:
        """Return the mistakes that were reported of an example, oldest first.

        Each has ``told`` (what the label should be, in words), ``reason``, ``version`` (of the
        release that it is about, or None) and ``time``.
        """
        with self._db.read() as db:
            index = self._checked(example)
            rows = reports.history(db, [index])[index]
        return tuple(
            {
                "told": "the label is wrong"
                if row["label"] is None
                else named(as_label(row["label"]), self.classes),
                "reason": row["reason"],
                "version": row["version"],
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
        labels: Sequence[object] | None = None,
        after: int | None = None,
    ) -> None:
        """Decide an example that has all its votes; from now on this is its verdict.

        It holds whatever the votes are, at every threshold, and nobody is asked about the example
        any more. The votes stay as they are, and `undo_adjudication` lets them decide again.

        Parameters
        ----------
        answer : what the right answer of a reviewer would be: ``"given"``, ``"suggested"``,
            ``"both"`` or ``"neither"``; ``"labels"`` where examples may have several labels, or
            reviewers choose one of several answers
        reason : why, for whoever asks later
        by : the maintainer who decides
        labels : the classes that apply, integers ``0..m-1``, with the answer ``"labels"`` and only
            then; one or none where reviewers choose one
        after : the number of the newest decision of it that ``by`` has seen, 0 for none; without
            it, whatever was decided before

        Raises
        ------
        VoteError
            The example is in no plan, or still needs votes, or the labels do not fit the answer;
            or somebody has decided it, or taken back what was decided, ``after`` that.
        NameUnknownError, InputError
            The answer is none, or the reason is missing, too long, or cannot be shown.
        """
        planned = self._planned(example)
        choice = self._chooses(planned)
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
        by, id_ = check_reviewer(by), self.ids[example]
        with self._db.write() as db:
            newest = adjudications.newest(db, example)
            self._check_seen(newest, after)
            needs = counting.needs(db, example)
            if needs:
                raise VoteError(
                    f"The example {id_!r} still needs {needs} or more votes. Decide "
                    "it when the reviewers have answered."
                )
            self._decide(db, planned, id_, answer=answer, labels=ticked, reason=reason, by=by)

    def undo_adjudication(
        self, example: int, *, by: str, reason: str = "", after: int | None = None
    ) -> bool:
        """Let the votes decide an example again; False where no maintainer had decided it.

        The words are those of `adjudicate`.
        """
        reason, by = _checked_reason(reason), check_reviewer(by)
        planned, id_ = self._planned(example), self.ids[example]
        with self._db.write() as db:
            newest = adjudications.newest(db, example)
            if newest is None or newest["answer"] is None:
                return False
            self._check_seen(newest, after)
            self._decide(db, planned, id_, answer=None, labels=None, reason=reason, by=by)
        return True

    def votes_needed(self, example: int) -> int:
        """Return how many more votes an example needs at least; 0 where it has all, or is decided.

        Raises
        ------
        VoteError
            It is in no plan.
        """
        self._planned(example)
        with self._db.read() as db:
            return counting.needs(db, example)

    def _decide(
        self,
        db: Connection,
        planned: Mapping[str, Any],
        id_: str,
        *,
        answer: str | None,
        labels: list[int] | None,
        reason: str,
        by: str,
    ) -> None:
        example = planned["example"]
        adjudications.add(
            db, example=example, answer=answer, labels=labels, reason=reason, maintainer=by
        )
        verb = "undo_adjudication" if answer is None else "adjudicate"
        records.log(db, verb, example=id_, answer=answer, labels=labels, by=by)
        restand(db, multilabel=self.multilabel, one=planned, decided=answer is not None)

    def _check_seen(self, newest: Mapping[str, Any] | None, after: int | None) -> None:
        """Refuse what was decided by somebody who has not seen the newest decision."""
        if newest is None or after is None or newest["id"] == after:
            return
        raise VoteError(
            f"{newest['maintainer']} has decided this meanwhile: {self._decision_told(newest)}. "
            "Nothing was changed; look again, and decide anew if you differ."
        )

    def _checked_class(self, label: object) -> int:
        if isinstance(label, bool) or not isinstance(label, int | np.integer):
            raise VoteError(
                f"{label!r} is no class: whole numbers from 0 to {len(self.classes) - 1} were "
                "expected."
            )
        if not 0 <= label < len(self.classes):
            raise VoteError(
                f"There is no class {label}; they run from 0 to {len(self.classes) - 1}."
            )
        return int(label)

    def _decision_told(self, row: Mapping[str, Any]) -> str:
        if row["answer"] is None:
            return "taken back"
        return self._answer_told(row["answer"], row["labels"], None)

    def _answer_told(self, answer: str, labels: Sequence[int] | None, said: str | None) -> str:
        if labels is not None:
            return named(tuple(labels), self.classes)
        return answer if said is None else said


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise InputError(
            f"The reason has {len(reason):,} characters; at most {LONGEST_REASON:,} are kept."
        )
    if not "".join(reason.split()).isprintable():
        raise InputError("The reason holds characters that cannot be shown; please use others.")
    return reason
