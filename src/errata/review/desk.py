"""What reviewers are shown and what becomes of their answers; knows an audit, and no HTTP.

Keeps no state of its own but caches: an answer is in the audit before anybody is told so, so the
server may be killed at any moment.
"""

import functools
import itertools
import logging
import math
import shlex
import threading
from collections.abc import Sequence
from typing import Any

from errata.audit import Audit
from errata.datasets.media import Shown
from errata.errors import FileError, MissingExtraError, PausedError
from errata.exchange.votes import CANNOT_TELL
from errata.labels import named
from errata.panels import Quota
from errata.results import Progress, SetTask, Task, Waiting
from errata.review import pages
from errata.review.pages import Flash
from errata.review.tickets import Seal, Ticket

EXEMPLARS = 6

CHANGED = Flash("That question has changed since. Nothing was recorded.")
ANSWERED = Flash("That one is answered already; nothing was added. Here is what comes next.")

_log = logging.getLogger(__name__)


class Desk:
    """One audit's reviews: the next page of a reviewer, and their votes, skips and undos.

    Parameters
    ----------
    seal : signs the ticket on each page
    """

    def __init__(self, audit: Audit, seal: Seal) -> None:
        self.audit = audit
        self.seal = seal
        self._undoing = threading.Lock()
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
        if asked is None:
            return self._done(reviewer, flash, quota, met=met)
        task, ticket, progress = asked
        progress = progress if quota is None else quota.of(progress)
        shown = self.classes_shown(task)
        common: dict[str, Any] = {
            "audit": self.audit.name,
            "reviewer": reviewer,
            "answered": progress.answered,
            "total": progress.total,
            "flash": flash,
            "ticket": ticket,
            "after": f"/after/{task.example}",
            "example": self._view(task.example, pages.EXAMPLE_SIDE, pages.LONGEST_TEXT),
        }
        if isinstance(task, SetTask):
            names = self.audit.classes
            boxes = [
                pages.Box(label, names[label], key, self._exemplars(label))
                for label, key in itertools.zip_longest(shown, pages.BOX_KEYS[: len(shown)])
            ]
            return pages.Checks(**common, boxes=boxes)
        return pages.Question(
            **common,
            panels=(self._panel(pages.A, shown[0]), self._panel(pages.B, shown[1])),
        )

    def _done(
        self, reviewer: str, flash: Flash | None, quota: Quota | None, *, met: bool
    ) -> pages.Done:
        """Return the page of who is asked nothing more; a participant has then ``met`` a quota."""
        if met:
            self.audit.let_go(reviewer)
        progress = self.audit.progress(reviewer)
        shown = progress if quota is None else quota.of(progress)
        waiting = Waiting(examples=0, seconds=None) if met else self.audit.waiting(reviewer)
        return pages.Done(
            audit=self.audit.name,
            reviewer=reviewer,
            answered=shown.answered,
            total=shown.total,
            flash=flash,
            ticket=self._ticket(reviewer, None, (), progress.answered),
            waiting=waiting.examples,
            minutes=max(1, math.ceil((waiting.seconds or 0) / 60)),
            folder=shlex.quote(str(self.audit.path)),
            notices=self.audit.notices,
            code=quota.code if quota else "",
            url=quota.url if quota else None,
        )

    def progress(self, reviewer: str) -> Progress:
        """Return how far a reviewer is; a participant, with what is asked of them."""
        progress, quota = self.audit.progress(reviewer), self.audit.quota(reviewer)
        return progress if quota is None else quota.of(progress)

    def next_task(self, reviewer: str) -> "tuple[Task | SetTask, str, Progress] | None":
        """Return a reviewer's next task, the ticket of an answer to it, and how far they are."""
        task, progress = self.audit.asked(reviewer)
        if task is None:
            return None
        shown = self.classes_shown(task)
        return task, self._ticket(reviewer, task.example, shown, progress.answered), progress

    @staticmethod
    def classes_shown(task: Task | SetTask) -> tuple[int, ...]:
        """Return the classes of (a) and (b), or those to tick, in the order shown."""
        if isinstance(task, SetTask):
            return task.labels
        pair = (task.given, task.suggested)
        return pair if task.first == "given" else pair[::-1]

    def media_url(self, example: int) -> str:
        """Return where an example is to be seen or heard."""
        # Another audit served at the same port has other pictures, hence the stamp.
        return f"/media/{example}?v={self.seal.stamp}"

    def pictures_after(self, reviewer: str, example: int) -> list[str]:
        """Return the addresses of the pictures on the page that comes after an example's."""
        task = self.audit.task(reviewer, besides=example)
        if task is None:
            return []
        views = [self._view(task.example, pages.EXAMPLE_SIDE, pages.LONGEST_TEXT)]
        for label in self.classes_shown(task):
            views.extend(self._exemplars(label))
        return [view.url for view in views if isinstance(view, pages.PictureView)]

    def shown(self, example: int) -> Shown | pages.Missing:
        """Return what there is to see of an example, or why there is nothing."""
        try:
            shown = self._show(example)
        except (FileError, MissingExtraError) as error:
            # Not on the page: the name of a file often holds the given label.
            _log.warning("Example %s cannot be shown. %s", self.audit.ids[example], error)
            return pages.Missing(
                "This example's file cannot be read. Skip it, and tell whoever started the "
                "review: the server's messages name the file."
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

    def _panel(self, answer: pages.Answer, label: int) -> pages.Panel:
        return pages.Panel(answer, self.audit.classes[label], self._exemplars(label))

    def _find_exemplars(self, label: int) -> tuple[pages.View, ...]:
        views = (
            self._view(example, pages.EXEMPLAR_SIDE, pages.LONGEST_EXCERPT)
            for example in self.audit.exemplars(label, count=EXEMPLARS)
        )
        return tuple(view for view in views if not isinstance(view, pages.Missing))

    def _ticket(
        self, reviewer: str, example: int | None, shown: tuple[int, ...], answered: int
    ) -> str:
        return self.seal.sign_ticket(
            Ticket(reviewer=reviewer, example=example, shown=shown, answered=answered)
        )

    # ------------------------------------------------------------ what a reviewer does

    def vote(self, ticket: Ticket, choice: str, ticked: Sequence[int] = ()) -> Flash:
        """Record an answer to a ticket's page, once.

        Parameters
        ----------
        choice : ``a``, ``b``, ``both``, ``neither`` or ``unclear``; on a page with boxes to tick
            ``labels``
        ticked : the classes whose boxes are ticked
        """
        if ticket.example is None:
            return Flash("That page held no question. Here is what comes next.")
        task = self.audit.task_for(ticket.reviewer, ticket.example)
        if self.classes_shown(task) != ticket.shown or isinstance(task, SetTask) != (
            choice == pages.SEND.name
        ):
            return CHANGED
        who, key = ticket.reviewer, ticket.nonce
        if isinstance(task, SetTask):
            added = self.audit.vote_labels(who, task.example, ticked, shown=ticket.shown, key=key)
            said = named(tuple(sorted(ticked)), self.audit.classes)
        else:
            second = "suggested" if task.first == "given" else "given"
            own = CANNOT_TELL if choice == pages.UNCLEAR.name else None
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
        with self._undoing:  # so that a double press withdraws one vote
            if self.audit.progress(ticket.reviewer).answered != ticket.answered:
                return Flash("That page was out of date, so nothing was taken back.")
            example = self.audit.undo(ticket.reviewer)
        if example is None:
            return Flash("There is no answer to take back.")
        return Flash("Taken back. Here it is again.")
