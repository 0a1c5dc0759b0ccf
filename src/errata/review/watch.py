"""The numbers of the dashboard, worked out beside the requests and kept for a while.

What they mean is for `errata.overseeing`. With a million candidates some take seconds; so each is
worked out in a thread of its own, which takes a twentieth of the time at most, and a page shows
what is there.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from errata.audit import Audit
from errata.overseeing import Campaign, Mix, ReviewerStanding, Unsettled

LEAST_SECONDS = 2.0
"""So long a number is kept at least."""

SHARE = 20
"""And so many times as long as it took to work out."""

PATIENCE = 2.0
"""So many seconds a page waits for numbers that are not there yet."""

T = TypeVar("T")


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
    paused : whether everybody is
    votes_of_others : votes that were imported, or simulated
    """

    campaign: Campaign | None
    mixes: tuple[Mix, ...] | None
    unsettled: tuple[Unsettled, ...] | None
    reviewers: tuple[ReviewerStanding, ...] | None
    agreement: Agreement | None
    votes_of_others: int | None
    paused: bool


class Kept(Generic[T]):
    """What some work comes to, kept until it is due again, and worked out in a thread then."""

    def __init__(self, work: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._work = work
        self._clock = clock
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._working = self._again = False
        self._due = -math.inf
        self._value: T | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Begin to work it out, if it is due and nobody does."""
        with self._lock:
            if self._working or self._clock() < self._due:
                return
            self._working = True
        threading.Thread(target=self._run, daemon=True).start()

    def value(self, until: float) -> T | None:
        """Return it; where it is not there yet, wait for it until then, and return None after.

        Raises
        ------
        Exception
            Whatever the work raised.
        """
        self.begin()
        if not self._done.is_set():
            self._done.wait(max(0.0, until - self._clock()))
        if self._error is not None:
            raise self._error
        return self._value

    def forget(self) -> None:
        """Have it worked out again: something has changed."""
        with self._lock:
            self._due, self._again = -math.inf, self._working
            self._value, self._error = None, None
            self._done.clear()

    def _run(self) -> None:
        while True:
            begun, value, error = self._clock(), None, None
            try:
                value = self._work()
            except Exception as raised:  # noqa: BLE001 (raised again where the value is asked for)
                error = raised
            with self._lock:
                if self._again:  # something changed meanwhile
                    self._again = False
                    continue
                now = self._clock()
                self._due = now + max(LEAST_SECONDS, SHARE * (now - begun))
                self._value, self._error, self._working = value, error, False
                self._done.set()
                return


class Watch:
    """Keeps the numbers of one audit."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._kept: dict[str, Kept[Any]] = {
            "campaign": Kept(audit.campaign),
            "mixes": Kept(audit.mixes),
            "unsettled": Kept(audit.unsettled),
            "reviewers": Kept(audit.reviewers),
            "agreement": Kept(self._agreement),
            "votes_of_others": Kept(audit.votes_of_others),
        }

    def overview(self) -> Overview:
        """Return the numbers that are there.

        Raises
        ------
        AuditError
            There is no plan.
        """
        until = time.monotonic() + PATIENCE
        for kept in self._kept.values():
            kept.begin()
        values = {name: kept.value(until) for name, kept in self._kept.items()}
        return Overview(**values, paused=self._audit.paused())

    def changed(self) -> None:
        """Have everything worked out again that what a maintainer does may change at once."""
        for name in ("mixes", "unsettled", "reviewers"):
            self._kept[name].forget()

    def _agreement(self) -> Agreement | None:
        alpha = self._audit.agreement()
        if alpha is None:
            return None
        value, low, high = (
            None if math.isnan(one) else one for one in (alpha.value, alpha.low, alpha.high)
        )
        return Agreement(value=value, low=low, high=high, items=alpha.items)
