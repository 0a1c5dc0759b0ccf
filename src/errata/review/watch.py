"""The numbers of the dashboard, worked out beside the requests and kept for a while.

What they mean is for `errata.overseeing`. With a million candidates some take minutes; so each is
worked out in a thread of its own, one after the other, and then left alone for so long that it
takes a twentieth of a processor at most. A page shows what is there.
"""

import bisect
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from errata.audit import Audit
from errata.errors import ErrataError
from errata.overseeing import (
    Campaign,
    Mix,
    Outlook,
    PanelStanding,
    ReviewerCounts,
    ReviewerStanding,
    Unsettled,
)

LEAST_SECONDS = 2.0
"""So long a number is kept at least, unless a maintainer changes something."""

SHARE = 20
"""And so many times as long as a processor took to work it out."""

QUICK = 0.2
"""What was there after so many seconds, the last time, is worth waiting for."""

PATIENCE = 2.0
"""So many seconds a page waits for numbers that are not there yet, or are quick."""

MOST_UNSETTLED, MOST_REVIEWERS = 50, 100
"""So many are told at once of those to decide, and of the reviewers."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Krippendorff's alpha where all votes are asked for, with its 95 % bootstrap interval.

    ``value``, ``low`` and ``high`` are None where it is not defined: it needs two votes on an item,
    and two different answers. ``items`` have two votes or more.
    """

    value: float | None
    low: float | None
    high: float | None
    items: int


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What a maintainer sees of a review; what is still being worked out is None.

    Attributes
    ----------
    mixes : at each threshold that is worth a look
    unsettled, all_unsettled : some of those to decide, in the order of the examples; how many there
        are in all
    more_after : the example after which those to decide go on; None where these are the last
    reviewers, all_reviewers : some of them by name; how many there are in all
    panels : those that are open
    notices : what must be said along with the numbers: which votes are simulated, which imported
    paused : whether everybody is
    problems : why something could not be counted, by what it is: ``campaign``, ``outlook`` (the
        mixes, the unsettled and the notices), ``counts`` (of the reviewers), ``agreement``
    """

    campaign: Campaign | None
    mixes: tuple[Mix, ...]
    unsettled: tuple[Unsettled, ...] | None
    all_unsettled: int | None
    more_after: int | None
    reviewers: tuple[ReviewerStanding, ...]
    all_reviewers: int
    panels: tuple[PanelStanding, ...]
    agreement: Agreement | None
    notices: tuple[str, ...] | None
    paused: bool
    problems: dict[str, str]


class Kept(Generic[T]):
    """What some work comes to, kept until it is due again, and worked out in a thread then.

    Parameters
    ----------
    turn : held while it is worked out, so that one thing is at a time
    clock : seconds that only grow
    cost : seconds that a processor has spent on the thread that asks
    """

    def __init__(
        self,
        work: Callable[[], T],
        turn: threading.Lock,
        *,
        clock: Callable[[], float] = time.monotonic,
        cost: Callable[[], float] = time.thread_time,
    ) -> None:
        self._work = work
        self._turn = turn
        self._clock = clock
        self._cost = cost
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._working = self._stale = False
        self._due = self._rested = -math.inf
        self._quick = True
        self._value: T | None = None
        self.problem = ""
        """Why it could not be worked out when that was last tried; empty where it could."""

    def begin(self) -> None:
        """Begin to work it out, if it is due and nobody does."""
        with self._lock:
            if self._working or self._clock() < self._due:
                return
            self._working = True
            self._done.clear()
        threading.Thread(target=self._run, daemon=True).start()

    def value(self, until: float) -> T | None:
        """Return it as it was last worked out; None where it never was.

        Where it is being worked out for the first time, or quickly, that is waited for until then.
        """
        self.begin()
        if self._value is None or self._quick:
            self._done.wait(max(0.0, until - self._clock()))
        return self._value

    def changed(self) -> None:
        """Have it worked out again as soon as its share of the time allows.

        Until then the last one is shown: changes that come faster keep nobody from seeing it.
        """
        with self._lock:
            self._stale = self._working  # from what was there before, perhaps
            self._due = min(self._due, self._rested)

    def _run(self) -> None:
        value, problem, asked = None, "", self._clock()
        with self._turn:
            begun = self._cost()
            try:
                value = self._work()
            except Exception as error:  # noqa: BLE001 (told on the page, beside all the rest)
                problem = _told(error)
            took = self._cost() - begun
        with self._lock:
            now = self._clock()
            self._rested = now + (LEAST_SECONDS if problem else SHARE * took)
            self._due = self._rested if self._stale else max(now + LEAST_SECONDS, self._rested)
            self._quick = now - asked < QUICK
            if not problem:
                self._value = value
            self.problem = problem
            self._working = self._stale = False
            self._done.set()


def _told(error: Exception) -> str:
    """Return what a maintainer is told of an error."""
    if isinstance(error, ErrataError):
        return str(error)
    _log.error("A number of the dashboard could not be counted.", exc_info=error)
    return "something broke; the server's messages say what."


class Watch:
    """Keeps the numbers of one audit."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        turn = threading.Lock()
        self._campaign: Kept[Campaign] = Kept(audit.campaign, turn)
        self._outlook: Kept[tuple[Outlook, frozenset[int]]] = Kept(self._work_out_outlook, turn)
        self._counts: Kept[dict[str, ReviewerCounts]] = Kept(audit.counts, turn)
        self._agreement: Kept[Agreement] = Kept(self._work_out_agreement, turn)
        self._decided: set[int] = set()

    def overview(self, *, after: int = -1, skip: int = 0) -> Overview:
        """Return the numbers that are there.

        Parameters
        ----------
        after : those to decide begin with the first example after this one
        skip : so many reviewers are left out before those that are told

        Raises
        ------
        AuditError
            There is no plan.
        """
        self._audit.check_planned()
        until = time.monotonic() + PATIENCE
        kept: dict[str, Kept[Any]] = {
            "campaign": self._campaign,
            "outlook": self._outlook,
            "counts": self._counts,
            "agreement": self._agreement,
        }
        for one in kept.values():
            one.begin()
        outlook, unsettled = self._known(until)
        those = _beyond(unsettled or (), after)
        reviewers = self._audit.standings(self._counts.value(until) or {})
        return Overview(
            campaign=self._campaign.value(until),
            mixes=outlook.mixes if outlook else (),
            unsettled=None if unsettled is None else those[:MOST_UNSETTLED],
            all_unsettled=None if unsettled is None else len(unsettled),
            more_after=those[MOST_UNSETTLED - 1].example if len(those) > MOST_UNSETTLED else None,
            reviewers=reviewers[skip : skip + MOST_REVIEWERS],
            all_reviewers=len(reviewers),
            panels=self._audit.panel_standings(),
            agreement=self._agreement.value(until),
            notices=outlook.notices if outlook else None,
            paused=self._audit.paused(),
            problems={name: one.problem for name, one in kept.items() if one.problem},
        )

    def following(self, example: int) -> Unsettled | None:
        """Return what is to be decided after an example, or from the beginning after the last."""
        unsettled = self._known(time.monotonic() + PATIENCE)[1] or ()
        others = (*_beyond(unsettled, example), *unsettled)
        return next((one for one in others if one.example != example), None)

    def _known(self, until: float) -> tuple[Outlook | None, tuple[Unsettled, ...] | None]:
        """Return what the votes come to, and what is to be decided.

        What was decided here since that was worked out is left out at once.
        """
        found = self._outlook.value(until)
        if found is None:
            return None, None
        outlook, known = found
        gone = self._decided - known
        return outlook, tuple(one for one in outlook.unsettled if one.example not in gone)

    def _work_out_outlook(self) -> tuple[Outlook, frozenset[int]]:
        known = frozenset(self._decided)  # before the reading, which knows of these
        return self._audit.outlook(), known

    def decided(self, example: int, *, holds: bool = True) -> None:
        """Take note that a maintainer has decided an example, or has taken that back."""
        (self._decided.add if holds else self._decided.discard)(example)
        self._outlook.changed()
        self._campaign.changed()

    def _work_out_agreement(self) -> Agreement:
        alpha = self._audit.agreement()
        value, low, high = (
            None if math.isnan(one) else one for one in (alpha.value, alpha.low, alpha.high)
        )
        return Agreement(value=value, low=low, high=high, items=alpha.items)


def _beyond(unsettled: tuple[Unsettled, ...], example: int) -> tuple[Unsettled, ...]:
    return unsettled[bisect.bisect_right(unsettled, example, key=lambda one: one.example) :]
