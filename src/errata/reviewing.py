"""The reviewer's side of an audit: what to ask next, what was answered, what there is to see.

`errata.audit.Audit` is made of this and of the verbs; between calls nothing is kept in memory that
the audit's folder does not have.
"""

import contextlib
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np
from jaxtyping import Float, Shaped
from sqlalchemy import Connection

from errata.asking import is_choice, restand
from errata.core.consensus import VOTED
from errata.datasets.media import Media, Shown, open_media
from errata.errors import AuditError, ErrataError, NameUnknownError, VoteError, unknown_name
from errata.exchange.votes import CANNOT_TELL, LABELS, check_reviewer
from errata.folder import Arrays
from errata.planting import TYPICAL, Planting
from errata.results import AnyTask, Asks, ChoiceTask, Progress, SetTask, Side, Task, Waiting
from errata.store import adjudications, gold, queue, records, voting
from errata.store.database import Database

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

_KEPT_PLANS = 2**16
"""So many examples are remembered with what is planned for them."""

FROM_ELSEWHERE = (
    "Bring candidates from elsewhere (`errata candidates import AUDIT FILE --flagger NAME`)"
)


class Reviewing(Planting):
    """What reviewers see and do; `errata.audit.Audit` says what the fields are."""

    path: Path
    n: int
    classes: tuple[str, ...]
    multilabel: bool
    _db: Database
    _arrays: Arrays
    _seed: int
    _media_row: dict[str, Any] | None

    lease_seconds: float = 600.0
    """For how long an example that is handed to a reviewer is kept for them."""

    @property
    def labels(self) -> Shaped[np.ndarray, "n *classes"]:
        """The given labels."""
        raise NotImplementedError

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the examples, in their order."""
        raise NotImplementedError

    def _id_of(self, example: int) -> str:
        """Return the id of an example, without those of all others."""
        raise NotImplementedError

    def task(self, reviewer: str, *, besides: int | None = None) -> AnyTask | None:
        """Return what a reviewer is asked next, or None when nothing is left for them.

        That is the example they hold; else a candidate they have not answered and that needs
        votes: first what they took back, then the others in the order of the plan, and last what
        they skipped. It is kept for them for `lease_seconds`: no more people look at an example
        at once than it needs votes.

        Parameters
        ----------
        besides : an example to pass over, to look one further ahead; nothing is handed out then

        Raises
        ------
        AuditError
            There is no plan.
        PausedError
            A maintainer has paused them, or everybody.
        """
        reviewer = check_reviewer(reviewer)
        if besides is None:
            return self.asked(reviewer)[0]
        with self._db.read() as db:
            self._check_not_paused(db, reviewer)
        example = self._gold_next(reviewer, besides)
        if example is None:
            planted = self._sowing() is not None
            with self._db.read() as db:
                number, now = voting.number_of(db, reviewer), self._now()
                waits = None  # what they hold while they look at gold comes after it
                if number is not None and planted and gold.one(db, besides):
                    waits = queue.lease(db, number, now)
                if waits is not None:
                    example = waits.example
                else:
                    example = queue.following(db, number or 0, now=now, besides=besides)
            example = self._or_skipped_gold(reviewer, example, besides)
        if example is None:
            self.check_planned()
            return None
        return self.task_for(reviewer, example)

    def asked(self, reviewer: str) -> tuple[AnyTask | None, Progress]:
        """Return what `task` and `progress` return, looked up at once."""
        reviewer = check_reviewer(reviewer)
        now = self._now()
        golden = self._gold_next(reviewer, None)
        with self._db.read() as db:
            self._check_not_paused(db, reviewer)
            number = voting.number_of(db, reviewer)
            held = None if number is None else queue.lease(db, number, now)
            progress = self._progress(db, number, reviewer)
        if golden is not None:
            return self.task_for(reviewer, golden), progress
        if held is not None and held.until - now > self.lease_seconds / 2:
            example: int | None = held.example
        else:
            example = self._db.together(lambda db: self._take(db, reviewer))
        example = self._or_skipped_gold(reviewer, example, None)
        if example is None:
            self.check_planned()
            return None, progress
        return self.task_for(reviewer, example), progress

    def _take(self, db: Connection, reviewer: str) -> int | None:
        number = voting.reviewer(db, reviewer, "person")
        self._check_not_paused(db, reviewer)
        return queue.take(db, number, now=self._now(), seconds=self.lease_seconds)

    def _or_skipped_gold(
        self, reviewer: str, example: int | None, besides: int | None
    ) -> int | None:
        """Return the candidate that comes next, or gold that was skipped before it was."""
        if self._sowing() is None:
            return example
        with self._db.read() as db:
            number = voting.number_of(db, reviewer)
            late = None if number is None else gold.first_skipped(db, number)
            if number is None or late is None or late[0] == besides:
                return example
            skip = None if example is None else queue.skipped_at(db, number, example)
        return late[0] if example is None or (skip is not None and late[1] < skip) else example

    def waiting(self, reviewer: str) -> Waiting:
        """Return what a reviewer for whom `task` had nothing could still be asked.

        That is what others look at. Between the two calls they may have let go of some: then
        ``seconds`` is 0, and the reviewer is to call `task` again at once.
        """
        now = self._now()
        with self._db.read() as db:
            number = voting.number_of(db, check_reviewer(reviewer))
            found = queue.waiting(db, number or 0, now)
        return Waiting(
            examples=found.examples, seconds=None if found.until is None else found.until - now
        )

    def task_for(self, reviewer: str, example: int) -> AnyTask:
        """Return the task of a reviewer for one planned example, answered before or not.

        Raises
        ------
        VoteError
            The example is in no plan.
        """
        reviewer = check_reviewer(reviewer)
        planned = self._as_gold(example) or self._planned(example)
        if self._chooses(planned):
            options = planned["options"]
            return ChoiceTask(
                example=example,
                id=self._id_of(example),
                labels=tuple(range(len(self.classes)))
                if options is None
                else self._shuffled(reviewer, example, options),
                every=options is None,
                extra=tuple(planned["extra"]),
            )
        if self.multilabel:
            asked = {*planned["given"], *planned["suggested"]}
            return SetTask(
                example=example,
                id=self._id_of(example),
                labels=self._shuffled(reviewer, example, asked),
            )
        return Task(
            example=example,
            id=self._id_of(example),
            given=planned["given"],
            suggested=planned["suggested"],
            first=self._first(reviewer, example),
        )

    @property
    def asks(self) -> Asks:
        """What the newest plan asks where every example has one label; without one, pairs."""
        with self._db.read() as db:
            plan = records.newest_plan(db)
        if plan is None:
            return Asks(question="pair")
        extra = tuple(plan["extra"] or ())
        return Asks(question=plan["question"], options=plan["options"], extra=extra)

    @staticmethod
    def _chooses(row: Mapping[str, Any]) -> bool:
        """Tell whether reviewers choose one of several answers; gold is always about two."""
        return "question" in row and is_choice(row)

    @cached_property
    def _planned(self) -> Callable[[int], dict[str, Any]]:
        """Return what is planned for an example, which no later plan changes."""
        return lru_cache(maxsize=_KEPT_PLANS)(self._read_plan)

    def _read_plan(self, example: int) -> dict[str, Any]:
        with self._db.read() as db:
            rows = records.planned(db, example)
        if not rows:
            raise self._not_asked(example)
        return rows[0]

    def _as_gold(self, example: int) -> dict[str, Any] | None:
        """Return a gold example; None for a candidate, which is what one becomes once planned."""
        try:
            self._planned(example)
        except VoteError:
            with self._db.read() as db:
                row = gold.one(db, example)
            if row is None:
                raise
            return row
        return None

    def _first(self, reviewer: str, example: int) -> Side:
        """Draw which label is shown first: a coin for each reviewer and example, fixed."""
        draw = hashlib.sha256(f"{self._seed}:{example}:{reviewer}".encode()).digest()[0]
        return "suggested" if draw & 1 else "given"

    def _shuffled(self, reviewer: str, example: int, labels: Collection[int]) -> tuple[int, ...]:
        """Draw the order in which labels are shown: fixed for each reviewer and example."""

        def draw(label: int) -> bytes:
            return hashlib.sha256(f"{self._seed}:{example}:{label}:{reviewer}".encode()).digest()

        return tuple(sorted(labels, key=draw))

    def vote(
        self,
        reviewer: str,
        example: int,
        answer: str,
        *,
        first: str,
        key: str,
        said: str | None = None,
    ) -> bool:
        """Record a reviewer's answer; once this returns it survives a crash of the machine.

        Parameters
        ----------
        answer : ``"given"``, ``"suggested"``, ``"both"`` or ``"neither"``; or ``"other"``, which
            decides nothing
        first : the label that was shown first
        key : names the attempt, so that sending it again changes nothing
        said : with ``"other"``, and only then, what they said instead, such as `CANNOT_TELL`

        Returns
        -------
        False, and nothing is added, if the reviewer has used the key or answered the example, or
        if it needs no more votes than others are giving

        Raises
        ------
        VoteError, NameUnknownError
            The example is in no plan, or an argument is none of the known words.
        PausedError
            A maintainer has paused them, or everybody.
        """
        if self.multilabel:
            raise VoteError("Examples may have several labels here: use `vote_labels`.")
        for kind, word, known in (("answer", answer, VOTED), ("side", first, get_args(Side))):
            if word not in known:
                raise unknown_name(kind, word, known)
        if (answer == "other") != bool(said):
            raise VoteError(
                f"The answer is {answer!r} and what was said {said!r}: with 'other', and only with "
                "it, comes the reviewer's own word."
            )
        gold_ = self._as_gold(example)
        if gold_ is None and self._chooses(self._planned(example)):
            raise VoteError("Reviewers choose one of several answers here: use `vote_choice`.")
        if gold_ is not None:
            return self._answer_gold(reviewer, example, answer, first=first, key=key, said=said)
        return self._cast(reviewer, example, answer=answer, first=first, key=key, said=said)

    def vote_labels(
        self,
        reviewer: str,
        example: int,
        labels: Collection[int],
        *,
        shown: Sequence[int],
        key: str,
        said: str | None = None,
    ) -> bool:
        """Record which labels apply, of those that were shown, where an example may have several.

        Parameters
        ----------
        labels : those that apply, ``0..m-1``; none, where none of them does
        shown : the labels that were to choose from, in the order shown
        key : names the attempt, so that sending it again changes nothing
        said : in place of labels, `CANNOT_TELL`, which is not to say that none applies

        Returns
        -------
        False, and nothing is added, in the cases of `vote`

        Raises
        ------
        VoteError, NameUnknownError
            The example is in no plan, a label was not shown, or every example has one label here;
            or that is no answer.
        PausedError
            A maintainer has paused them, or everybody.
        """
        if not self.multilabel:
            raise VoteError("Every example has one label here: use `vote`.")
        unseen = sorted(set(labels) - set(shown))
        if unseen:
            raise VoteError(
                f"The labels {unseen} were not shown: those were {list(shown)}. Tick among them."
            )
        ticked = sorted(set(labels))
        if said is not None and said != CANNOT_TELL:
            raise unknown_name("answer", said, (CANNOT_TELL,))
        if said is not None and ticked:
            raise VoteError(
                f"The labels {ticked} are ticked, but what was said is {said!r}, which is an "
                "answer in place of labels. Leave out one of them."
            )
        return self._cast(
            reviewer,
            example,
            answer=LABELS if said is None else "other",
            said=said,
            labels=ticked if said is None else None,
            shown=list(shown),
            key=key,
        )

    def vote_choice(
        self,
        reviewer: str,
        example: int,
        label: int | None,
        *,
        key: str,
        said: str | None = None,
    ) -> bool:
        """Record the one answer that a reviewer chose, where the plan asks for that.

        Parameters
        ----------
        label : the class, of those that there are to choose from; None: none of these
        key : names the attempt, so that sending it again changes nothing
        said : in place of a class, and of none, one of the plan's extra answers, or `CANNOT_TELL`

        Returns
        -------
        False, and nothing is added, in the cases of `vote`

        Raises
        ------
        VoteError
            The example is in no plan, or asked about otherwise; or that is no answer to it.
        PausedError
            A maintainer has paused them, or everybody.
        """
        task = self.task_for(reviewer, example)
        if not isinstance(task, ChoiceTask):
            raise VoteError("No one answer of several is asked for here: use `vote`.")
        if label is not None and (label not in task.labels or said is not None):
            raise VoteError(
                f"The class {label}, with {said!r}, is no answer here: one of "
                f"{sorted(task.labels)} was expected, or what is said in place of a class."
            )
        if said is not None and said not in (*task.extra, CANNOT_TELL):
            raise unknown_name("answer", said, (*task.extra, CANNOT_TELL))
        return self._cast(
            reviewer,
            example,
            answer=LABELS if said is None else "other",
            said=said,
            labels=([] if label is None else [label]) if said is None else None,
            shown=None if task.every else task.labels,
            key=key,
        )

    def _cast(
        self,
        reviewer: str,
        example: int,
        *,
        key: str,
        answer: str,
        first: str | None = None,
        said: str | None = None,
        labels: Sequence[int] | None = None,
        shown: Sequence[int] | None = None,
    ) -> bool:
        reviewer = check_reviewer(reviewer)
        _check_key(key)
        planned = self._planned(example)
        if shown is not None:
            _check_shown(shown, planned)

        def cast(db: Connection) -> bool:
            number = voting.reviewer(db, reviewer, "person")
            self._check_not_paused(db, reviewer)
            now = self._now()
            wanted, mine = queue.may_answer(db, number, example, now)
            added = wanted and voting.cast(
                db,
                example=example,
                reviewer=number,
                answer=answer,
                first=first,
                said=said,
                labels=labels,
                shown=shown,
                created_at=records.now(),
                kind="person",
                key=key,
            )
            if added:
                restand(db, multilabel=self.multilabel, one=planned)
                if mine:  # with the next one, so that it need not be asked for
                    queue.take_another(db, number, now=now, seconds=self.lease_seconds)
            return added

        return self._db.together(cast)

    def _answer_gold(
        self, reviewer: str, example: int, answer: str, *, first: str, key: str, said: str | None
    ) -> bool:
        reviewer = check_reviewer(reviewer)
        _check_key(key)

        def answered(db: Connection) -> bool:
            number = voting.reviewer(db, reviewer, "person")
            self._check_not_paused(db, reviewer)
            return gold.answer(
                db,
                example=example,
                reviewer=number,
                answer=answer,
                said=said,
                first=first,
                key=key,
            )

        return self._db.together(answered)

    def soon(self, work: Callable[[], T]) -> "Future[T]":
        """Have something done for a reviewer, such as a vote, with what others do at that moment.

        A server does so for hundreds of reviewers: on SQLite all of it is written to the disk at
        once, by one thread.

        Parameters
        ----------
        work : uses this audit, and waits for no other thread that does

        Returns
        -------
        Holds what the work returns or raises once what it changed is on the disk.
        """
        return self._db.soon(work)

    def skip(self, reviewer: str, example: int) -> None:
        """Put an example at the end of a reviewer's queue."""
        reviewer = check_reviewer(reviewer)
        is_gold = self._as_gold(example) is not None

        def skip(db: Connection) -> None:
            number = voting.reviewer(db, reviewer, "person")
            self._check_not_paused(db, reviewer)
            if is_gold:
                gold.skip(db, number, example)
            else:
                voting.skip(db, number, example)
                held = queue.lease(db, number, self._now())
                if held is not None and held.example == example:  # not what another tab shows
                    queue.let_go(db, number)

        self._db.together(skip)

    def undo(self, reviewer: str, *, answered: int | None = None) -> int | None:
        """Withdraw a reviewer's newest vote; return its example, which comes next, or None.

        Parameters
        ----------
        answered : how many answers whoever asks for it has seen: with more or fewer nothing is
            taken back, so that asking twice at the same moment takes back one

        Raises
        ------
        VoteError
            They hold more answers than that, or fewer.
        PausedError
            A maintainer has paused them, or everybody.
        """
        reviewer = check_reviewer(reviewer)

        def undo(db: Connection) -> int | None:
            if voting.number_of(db, reviewer) is None:
                self._check_not_paused(db, reviewer)
                return None
            number = voting.reviewer(db, reviewer, "person")
            self._check_not_paused(db, reviewer)
            held = self._progress(db, number, reviewer).answered
            if answered is not None and held != answered:
                raise VoteError(
                    f"{reviewer!r} holds {held} answers, and {answered} were seen. Nothing was "
                    "taken back; look again."
                )
            known = gold.withdraw(db, number)
            if known is not None:
                return known
            example = voting.withdraw(db, reviewer)
            if example is not None:
                queue.lock(db, example)
                restand(
                    db,
                    multilabel=self.multilabel,
                    one=records.planned(db, example)[0],
                    decided=adjudications.holds(db, example),
                )
                queue.let_go(db, number)
            return example

        return self._db.together(undo)

    def progress(self, reviewer: str) -> Progress:
        """Return how far a reviewer is."""
        reviewer = check_reviewer(reviewer)
        with self._db.read() as db:
            return self._progress(db, voting.number_of(db, reviewer), reviewer)

    def _progress(self, db: Connection, number: int | None, reviewer: str) -> Progress:
        answered, total, skipped = queue.progress(db, number or 0)
        known, in_all, put_off = self._gold_progress(db, number or 0, reviewer, total)
        if skipped == total - answered:  # the gold to come comes among those, so it is put off too
            put_off = in_all - known
        return Progress(answered=answered + known, total=total + in_all, skipped=skipped + put_off)

    def show(self, example: int) -> Shown | None:
        """Return what there is to see of an example; None if the audit was made without media.

        Raises
        ------
        FileError
            A media file is missing, broken or changed.
        """
        media = self._media
        return None if media is None else media.show(self._checked(example))

    @property
    def has_media(self) -> bool:
        """Whether there is something to see or hear of the examples."""
        return self._media_row is not None

    @cached_property
    def _media(self) -> Media | None:
        if self._media_row is None:
            return None
        return open_media(self._media_row, self.path.absolute() / "media")

    def warm(self) -> None:
        """Open what the first question needs, so that whoever asks first does not wait for it."""
        with contextlib.suppress(ErrataError):  # whoever is shown nothing is told why
            self._id_of(0)
            self.exemplars(0)
            self.show(0)

    def exemplars(
        self, class_index: int, *, count: int = TYPICAL, exclude: Collection[int] = ()
    ) -> list[int]:
        """Return examples that show what a class looks like.

        They are given that class, no run has flagged them, and they are no gold; those with the
        highest probability of it come first, or without probabilities, those that stand first.
        Where examples may have several labels, those with the fewest others come before all that.

        Raises
        ------
        AuditError
            `find` has not run, and no candidates were added.
        """
        given = self.labels
        has = given[:, class_index] if self.multilabel else given == class_index
        members = np.flatnonzero(has)
        with self._db.read() as db:
            if records.newest_finding(db) is None:
                raise AuditError(f"Nothing is known yet: {self._nothing_found(db)}")
            confidence = self._self_confidence(db)
        if confidence is not None:
            members = members[np.argsort(-confidence[members], kind="stable")]
        if self.multilabel:
            others = np.count_nonzero(given[members], axis=1)
            members = members[np.argsort(others, kind="stable")]
        return list(islice(self._undoubted(members, exclude), count))

    def undoubted(self, examples: Sequence[int]) -> set[int]:
        """Return those of some examples that no run has flagged, and that are no gold."""
        return set(self._undoubted(np.array(examples, dtype=np.int64), ()))

    # ------------------------------------------------------------ checks

    def _self_confidence(self, db: Connection) -> Float[np.ndarray, "n"] | None:
        """Return the self-confidence that the newest run of `find` computed, if one has run."""
        row = records.array(db, "self_confidence")
        return None if row is None else self._arrays.load(row)

    def _checked(self, example: int) -> int:
        if not isinstance(example, int | np.integer):
            raise NameUnknownError(
                f"An example is named by its id or its row number, not by {example!r}."
            )
        if not 0 <= example < self.n:
            raise NameUnknownError(
                f"There is no example number {example}; they run from 0 to {self.n - 1}."
            )
        return example

    def check_planned(self) -> None:
        """Say what to do where there is no plan, hence nothing to ask.

        Raises
        ------
        AuditError
            There is none.
        """
        with self._db.read() as db:
            if records.newest_plan(db) is None:
                raise self._unplanned(db)

    def _unplanned(self, db: Connection) -> AuditError:
        if records.newest_finding(db):
            way_on = "Run `plan`."
        elif records.has_probabilities(db):
            way_on = "Run `find`, then `plan`."
        else:
            way_on = f"{FROM_ELSEWHERE}{self._or_predict}, then run `plan`."
        return AuditError(f"Nothing is planned yet for {self.path}, so nobody is asked. {way_on}")

    def _nothing_found(self, db: Connection) -> str:
        """Say that there is no candidate yet, and what to do."""
        if records.has_probabilities(db):
            return f"`find` has not run on {self.path}. Run it."
        return f"no candidate of {self.path} was named. {FROM_ELSEWHERE}{self._or_predict}."

    @property
    def _or_predict(self) -> str:
        """What else to do than bring candidates, where models can learn from the examples."""
        learnable = self.has_media and not self.multilabel
        return ", or run `predict` and `find`" if learnable else ""

    def _not_asked(self, example: int) -> VoteError:
        return VoteError(f"The example {self.ids[self._checked(example)]!r} is in no plan.")


def _check_key(key: str) -> None:
    if not key:
        raise VoteError("The key is empty; each attempt to vote needs one of its own.")


def _check_shown(shown: Sequence[int], planned: Mapping[str, Any]) -> None:
    """Check that the labels that were shown are just those that the plan asks about."""
    asked = planned["options"] or sorted({*planned["given"], *planned["suggested"]})
    if sorted(shown) != asked:
        raise VoteError(
            f"The labels to choose from are {asked} here, and {list(shown)} were shown. Say in "
            "which order these were."
        )
