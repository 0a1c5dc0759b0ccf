"""What reviewers are shown and what becomes of their answers; knows an audit, and no HTTP.

Keeps no state of its own but caches: an answer is in the audit before anybody is told so, so the
server may be killed at any moment.
"""

import functools
import logging
import math
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from errata.audit import Audit
from errata.datasets.media import Shown
from errata.errors import AuditError, ErrataError, PausedError, VoteError
from errata.exchange.votes import CANNOT_TELL
from errata.labels import named
from errata.panels import Quota
from errata.results import AnyTask, ChoiceTask, Progress, SetTask, Waiting
from errata.review import pages
from errata.review.pages import Flash, Told, Worked
from errata.review.practice import WAYS, Item, Lessons, lessons
from errata.review.tickets import Seal, Ticket

EXEMPLARS = 6

CHANGED = Flash("That question has changed since. Nothing was recorded.")
ANSWERED = Flash("That one is answered already; nothing was added. Here is what comes next.")

_OF_PAIRS = tuple(answer.name for answer in pages.PAIR)

_LISTED = 12
"""So many answers are named; of more the first few are enough to see what they look like."""

_log = logging.getLogger(__name__)


class NoAnswerError(VoteError):
    """What was sent is no answer to what was asked."""


class Desk:
    """One audit's reviews: the next page of a reviewer, and their votes, skips and undos.

    Parameters
    ----------
    seal : signs the ticket on each page
    """

    def __init__(self, audit: Audit, seal: Seal) -> None:
        self.audit = audit
        self.seal = seal
        self.pair = pages.pair_answers(audit.classes)
        a, b, both, neither, unclear = self.pair
        self._named = (a, b)
        self._unnamed: dict[str, Any] = {"both": both, "neither": neither, "unclear": unclear}
        self._show = functools.lru_cache(maxsize=16)(audit.show)  # for the page, then its picture
        self._exemplars = functools.lru_cache(maxsize=4096)(self._find_exemplars)

    # ------------------------------------------------------------ what a reviewer sees

    def next_page(self, reviewer: str, flash: Flash | None) -> pages.Page:
        """Return the reviewer's next example, or the page that ends the queue, or says why not."""
        quota = self.audit.quota(reviewer)
        met = quota is not None and quota.met(self.audit.progress(reviewer))
        try:
            asked = None if met else self.next_task(reviewer)
        except PausedError as error:
            return pages.Paused(
                audit=self.audit.name, reviewer=reviewer, flash=flash, why=str(error)
            )
        if asked is None or isinstance(asked, Waiting):
            return self._done(reviewer, flash, quota, asked)
        task, ticket, progress = asked
        progress = progress if quota is None else quota.of(progress)
        return self._asking(reviewer, task, ticket, progress, flash)

    def page_after(self, reviewer: str, example: int) -> pages.Page | None:
        """Return the page that comes after an example's if nothing changes; None if none does.

        It hands nothing out, so it has no ticket, and cannot be answered before the server has
        said that it does come next.
        """
        progress, quota = self.audit.progress(reviewer), self.audit.quota(reviewer)
        if quota is not None and quota.met(replace(progress, answered=progress.answered + 1)):
            return None
        task = self.audit.task(reviewer, besides=example)
        if task is None:
            return None
        progress = progress if quota is None else quota.of(progress)
        return self._asking(reviewer, task, "", progress, None)

    def _asking(
        self,
        reviewer: str,
        task: AnyTask,
        ticket: str,
        progress: Progress,
        flash: Flash | None,
    ) -> pages.Page:
        """Return the page that asks a reviewer about an example."""
        shown = self.classes_shown(task)
        common: dict[str, Any] = {
            "audit": self.audit.name,
            "reviewer": reviewer,
            "answered": progress.answered,
            "total": progress.total,
            "flash": flash,
            "ticket": ticket,
            "after": f"/after/{task.example}",
            "example": self.view(task.example),
        }
        if isinstance(task, SetTask):
            return pages.Checks(**common, boxes=self._boxes(shown))
        if isinstance(task, ChoiceTask):
            extras = pages.extra_answers(task.extra)
            return pages.Choices(**common, options=self._boxes(shown), extras=extras)
        return pages.Question(**common, **self._unnamed, panels=self._panels(shown))

    def _done(
        self, reviewer: str, flash: Flash | None, quota: Quota | None, waiting: Waiting | None
    ) -> pages.Done:
        """Return the page of who is asked nothing more: they wait, or have met their quota."""
        if waiting is None:
            self.audit.let_go(reviewer)
        progress = self.audit.progress(reviewer)
        shown = progress if quota is None else quota.of(progress)
        return pages.Done(
            audit=self.audit.name,
            reviewer=reviewer,
            answered=shown.answered,
            total=shown.total,
            flash=flash,
            ticket=self._ticket(reviewer, None, (), progress.answered),
            waiting=waiting.examples if waiting else 0,
            minutes=math.ceil(waiting.seconds / 60) if waiting and waiting.seconds else 0,
            folder=shlex.quote(str(self.audit.path)),
            notices=self.audit.vote_notices,
            several=self.audit.multilabel,
            choice=self.choice,
            code=quota.code if quota else "",
            url=quota.url if quota else None,
        )

    def progress(self, reviewer: str) -> Progress:
        """Return how far a reviewer is; a participant, with what is asked of them."""
        progress, quota = self.audit.progress(reviewer), self.audit.quota(reviewer)
        return progress if quota is None else quota.of(progress)

    def next_task(self, reviewer: str) -> tuple[AnyTask, str, Progress] | Waiting:
        """Return a reviewer's next task, the ticket of an answer to it, and how far they are.

        Where there is none, return what they could wait for.
        """
        task, progress = self.audit.asked(reviewer)
        while task is None:
            waiting = self.audit.waiting(reviewer)
            if waiting.seconds != 0:
                return waiting
            task, progress = self.audit.asked(reviewer)  # others have just let go of it
        ticket = self._ticket(reviewer, task.example, self._ticketed(task), progress.answered)
        return task, ticket, progress

    @property
    def choice(self) -> bool:
        """Whether one answer of several is chosen, by the newest plan."""
        return self.audit.asks.chooses

    @property
    def many(self) -> bool:
        """Whether there are many classes to choose from."""
        asks = self.audit.asks
        options = asks.options or len(self.audit.classes)
        return asks.question == "choice" and options > pages.MANY

    @classmethod
    def _ticketed(cls, task: AnyTask) -> tuple[int, ...]:
        """Return the classes that a ticket names: those shown, unless these are simply all."""
        return () if isinstance(task, ChoiceTask) and task.every else cls.classes_shown(task)

    @staticmethod
    def classes_shown(task: AnyTask) -> tuple[int, ...]:
        """Return the classes of (a) and (b), or those to tick or choose, in the order shown."""
        if isinstance(task, SetTask | ChoiceTask):
            return task.labels
        pair = (task.given, task.suggested)
        return pair if task.first == "given" else pair[::-1]

    def media_url(self, example: int) -> str:
        """Return where an example is to be seen or heard."""
        # Another audit served at the same port has other pictures, hence the stamp.
        return f"/media/{example}?v={self.seal.stamp}"

    def shown(self, example: int) -> Shown | pages.Missing:
        """Return what there is to see of an example, or why there is nothing."""
        try:
            shown = self._show(example)
        except (ErrataError, OSError) as error:
            # Not on the page: the name of a file often holds the given label.
            _log.warning("Example %s cannot be shown. %s", self.audit.ids[example], error)
            return pages.Missing(
                "This example's file cannot be read. Say that you can't tell, and tell whoever "
                "started the review: the server's messages name the file."
            )
        if shown is None:
            return pages.Missing(
                f"This audit was made without anything to show: look up example "
                f"{self.audit.ids[example]} yourself."
            )
        return shown

    def view(self, example: int) -> pages.View:
        """Return how an example is shown large."""
        return self._view(example, pages.EXAMPLE_SIDE, pages.LONGEST_TEXT)

    def _view(self, example: int, side: int, longest: int) -> pages.View:
        shown = self.shown(example)
        if isinstance(shown, pages.Missing):
            return shown
        return pages.view(shown, self.media_url(example), side=side, longest=longest)

    def _small(self, example: int) -> pages.View:
        return self._view(example, pages.EXEMPLAR_SIDE, pages.LONGEST_EXCERPT)

    def _panels(self, shown: Sequence[int]) -> tuple[pages.Panel, pages.Panel]:
        a, b = (
            pages.Panel(answer, self.audit.classes[label], self._exemplars(label))
            for answer, label in zip(self._named, shown, strict=True)
        )
        return a, b

    def _boxes(self, shown: Sequence[int]) -> list[pages.Box]:
        names = [self.audit.classes[label] for label in shown]
        if len(shown) > pages.MANY and not self.audit.multilabel:
            return [pages.Box(*one, None, ()) for one in zip(shown, names, strict=True)]
        return [
            pages.Box(label, name, key, self._exemplars(label))
            for label, name, key in zip(shown, names, pages.box_keys(names), strict=True)
        ]

    def _find_exemplars(self, label: int) -> tuple[pages.View, ...]:
        views = map(self._small, self.audit.exemplars(label, count=EXEMPLARS))
        return tuple(view for view in views if not isinstance(view, pages.Missing))

    def _ticket(
        self, reviewer: str, example: int | None, shown: tuple[int, ...], answered: int
    ) -> str:
        return self.seal.sign_ticket(
            Ticket(reviewer=reviewer, example=example, shown=shown, answered=answered)
        )

    # ------------------------------------------------------------ before the first question

    def lessons(self) -> Lessons:
        """Return the examples with known answers, of those that nothing speaks against yet."""
        try:
            found = self._lessons
        except AuditError:  # nothing is known yet of any example
            return Lessons((), ())
        return found.among(self.audit.undoubted(found.examples))

    @functools.cached_property
    def _lessons(self) -> Lessons:
        return lessons(self.audit, beside=EXEMPLARS)

    def worked(self) -> list[Worked]:
        """Return four ways to answer with the reason: on examples, the others in words."""
        items = self.lessons().worked
        ways = [
            Worked(self._right(item), self._names(item), self._why(item), self._small(item.example))
            for item in items
        ]
        words = _in_words(
            known=any(not item.right for item in items),
            boxes=self.audit.multilabel,
            choice=self.choice,
        )
        return [*ways, *words][:WAYS]

    def practice(
        self, reviewer: str, number: int, answer: tuple[str, Sequence[int]] | None = None
    ) -> pages.Practice | None:
        """Return the page of an example for practice, 1 for the first; None if there is none.

        Parameters
        ----------
        answer : what was chosen, and which boxes were ticked, to be told whether it is right
        """
        items = self.lessons().practice
        if not 1 <= number <= len(items):
            return None
        item = items[number - 1]
        told = None
        if answer is not None:
            told = Told(right=self._is_right(item, *answer), why=self._why(item))
        several, choice = self.audit.multilabel, self.choice
        return pages.Practice(
            audit=self.audit.name,
            reviewer=reviewer,
            number=number,
            of=len(items),
            example=self.view(item.example),
            panels=() if several or choice else self._panels(item.shown),
            boxes=self._boxes(item.shown) if several else (),
            options=self._boxes(item.shown) if choice else (),
            extras=pages.extra_answers(self.audit.asks.extra),
            told=told,
            **self._unnamed,
        )

    def _is_right(self, item: Item, choice: str, ticked: Sequence[int]) -> bool:
        if self.audit.multilabel:
            return choice == pages.SEND.name and set(ticked) == set(item.right)
        return choice == self._right(item)

    def _right(self, item: Item) -> str:
        """Return the answer that is right: its name in the form."""
        if self.audit.multilabel:
            return pages.SEND.name
        if not item.right:
            return pages.NEITHER.name
        if self.choice:
            return f"{pages.CLASS}{item.given[0]}"
        return pages.A.name if item.shown[0] in item.right else pages.B.name

    def _names(self, item: Item) -> list[str]:
        return [self.audit.classes[label] for label in item.shown]

    def _why(self, item: Item) -> str:
        """Return what is known of an example, and what follows."""
        given = named(item.given if self.audit.multilabel else item.given[0], self.audit.classes)
        known = f"The data set calls this {given}, and nothing speaks against it."
        if self.audit.multilabel:
            right = named(item.right, self.audit.classes)
            return f"{known} So {'tick ' + right if item.right else 'tick nothing'}, and send."
        if not item.right:
            no = "none of these names" if self.choice else "neither name"
            return f"{known} So {no} is right."
        if self.choice:
            return f"{known} So it is {given}."
        return f"{known} So it is ({self._right(item)})."

    # ------------------------------------------------------------ what a reviewer does

    def vote(self, ticket: Ticket, choice: str, ticked: Sequence[int] = ()) -> Flash:
        """Record an answer to a ticket's page, once.

        Parameters
        ----------
        choice : ``a``, ``b``, ``both``, ``neither`` or ``unclear``; on a page with boxes to tick
            ``labels`` or ``unclear``; on one with names to choose from ``class-3`` for class 3,
            ``neither``, ``extra-0`` for the first answer that is no class, or ``unclear``
        ticked : the classes whose boxes are ticked; with ``unclear`` they say nothing

        Raises
        ------
        NoAnswerError
            What was chosen is none of these, or is none on the ticket's page.
        """
        if ticket.example is None:
            return Flash("That page held no question. Here is what comes next.")
        task = self.audit.task_for(ticket.reviewer, ticket.example)
        if self._ticketed(task) != ticket.shown:
            return CHANGED
        known = _answers_to(task)
        if choice not in known:
            few = known if len(known) <= _LISTED else (*known[:3], "...", *known[-3:])
            raise NoAnswerError(
                f"{choice[:40]!r} is no answer to example {task.example}, which takes one of: "
                f"{', '.join(few)}. Nothing was recorded: send one of these with the same ticket."
            )
        who, key = ticket.reviewer, ticket.nonce
        own = CANNOT_TELL if choice == pages.UNCLEAR.name else None
        if isinstance(task, SetTask):
            ticked = () if own else ticked
            added = self.audit.vote_labels(
                *(who, task.example, ticked), shown=ticket.shown, key=key, said=own
            )
            said = own or named(tuple(sorted(ticked)), self.audit.classes)
        elif isinstance(task, ChoiceTask):
            label, own = _chosen(task, choice)
            added = self.audit.vote_choice(who, task.example, label, key=key, said=own)
            said = own or (pages.NONE.label if label is None else self.audit.classes[label])
        else:
            second = "suggested" if task.first == "given" else "given"
            answer = {"a": task.first, "b": second}.get(choice, "other" if own else choice)
            added = self.audit.vote(who, task.example, answer, first=task.first, key=key, said=own)
            classes = (self.audit.classes[label] for label in ticket.shown)
            said = own or dict(zip("ab", classes, strict=True)).get(choice, choice)
        return Flash(f"Recorded: {said}.", undo=True) if added else ANSWERED

    def skip(self, ticket: Ticket) -> Flash:
        """Put the example of a ticket at the end of the queue."""
        if ticket.example is None:
            return Flash("That page held no question. Here is what comes next.")
        self.audit.skip(ticket.reviewer, ticket.example)
        progress = self.audit.progress(ticket.reviewer)
        if progress.skipped == progress.total - progress.answered:
            return Flash("Skipped. Only skipped ones are left; they come round again.")
        return Flash("Skipped; it comes back at the end.")

    def undo(self, ticket: Ticket) -> Flash:
        """Withdraw the newest vote, if it is the newest that the page of the ticket knew of."""
        try:
            example = self.audit.undo(ticket.reviewer, answered=ticket.answered)
        except VoteError:
            return Flash("That page was out of date, so nothing was taken back.")
        if example is None:
            return Flash("There is no answer to take back.")
        return Flash("Taken back. Here it is again.")


def _answers_to(task: AnyTask) -> tuple[str, ...]:
    """Return what may be answered to what is asked."""
    if isinstance(task, SetTask):
        return pages.SEND.name, pages.UNCLEAR.name
    if not isinstance(task, ChoiceTask):
        return _OF_PAIRS
    classes = (f"{pages.CLASS}{label}" for label in task.labels)
    extras = (f"{pages.EXTRA}{place}" for place in range(len(task.extra)))
    return (*classes, *extras, pages.NONE.name, pages.UNCLEAR.name)


def _chosen(task: ChoiceTask, choice: str) -> tuple[int | None, str | None]:
    """Return the class that was chosen, if one was, and what was said in place of any."""
    kind, _, number = choice.partition("-")
    if choice == pages.UNCLEAR.name:
        return None, CANNOT_TELL
    if not number:
        return None, None
    return (int(number), None) if kind == pages.CLASS[:-1] else (None, task.extra[int(number)])


def _in_words(*, known: bool, boxes: bool, choice: bool) -> list[Worked]:
    """Return the ways to answer that are told without an example: only people can say so.

    Parameters
    ----------
    known : there is an example of which no name is right
    boxes, choice : names are ticked, or one is chosen, in place of a pair
    """
    none = Worked(
        pages.SEND.name if boxes else pages.NEITHER.name,
        (),
        "If it is something else, neither name is right, even if one is near.",
    )
    if boxes or choice:
        why = none.why.replace("neither name", "none of the names")
        none = replace(
            none, why=why.removesuffix(".") + ": tick nothing, and send." if boxes else why
        )
    both = Worked(
        pages.BOTH.name,
        (),
        "If both things are to be seen, or if one thing may be called by either name, both names "
        "are right.",
    )
    unclear = Worked(
        pages.UNCLEAR.name,
        (),
        "If it is broken, or cannot be judged, say that you can't tell: that is an answer, too, "
        "and another one than that no name is right.",
    )
    return [
        *([] if known else [none]),
        *([] if boxes or choice else [both]),
        unclear,
    ]
