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
from functools import partial
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
    mixes : of the thresholds that were asked for
    paused : whether everybody is
    notices : what must be said along with the numbers: which votes are simulated, which imported
    """

    campaign: Campaign | None
    mixes: tuple[Mix, ...]
    unsettled: tuple[Unsettled, ...] | None
    reviewers: tuple[ReviewerStanding, ...] | None
    agreement: Agreement | None
    notices: tuple[str, ...] | None
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
            self._done.clear()
        threading.Thread(target=self._run, daemon=True).start()

    def value(self, until: float) -> T | None:
        """Return it; where it is due, wait for it until then, and return the last one after.

        That is None where there was none.

        Raises
        ------
        Exception
            Whatever the work raised.
        """
        self.begin()
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
            "unsettled": Kept(audit.unsettled),
            "reviewers": Kept(audit.standings),
            "agreement": Kept(self._agreement),
            "notices": Kept(lambda: audit.notices),
        }
        self._mixes: dict[int, Kept[Mix]] = {}

    def thresholds(self) -> tuple[int, ...]:
        """Return the thresholds that there are verdicts for."""
        return self._audit.thresholds()

    def overview(self, *thresholds: int) -> Overview:
        """Return the numbers that are there, with the verdicts at some thresholds.

        Raises
        ------
        AuditError
            There is no plan.
        """
        until = time.monotonic() + PATIENCE
        wanted = [
            self._mixes.setdefault(threshold, Kept(partial(self._audit.mix, threshold)))
            for threshold in thresholds
        ]
        for kept in (*self._kept.values(), *wanted):
            kept.begin()
        values = {name: kept.value(until) for name, kept in self._kept.items()}
        mixes = [kept.value(until) for kept in wanted]
        return Overview(
            **values,
            mixes=tuple(mix for mix in mixes if mix is not None),
            paused=self._audit.paused(),
        )

    def unsettled(self) -> tuple[Unsettled, ...]:
        """Return what is to be decided, as far as it is known."""
        found: tuple[Unsettled, ...] | None
        found = self._kept["unsettled"].value(time.monotonic() + PATIENCE)
        return found or ()

    def changed(self) -> None:
        """Have everything worked out again that what a maintainer does may change at once."""
        for kept in (self._kept["unsettled"], self._kept["reviewers"], *self._mixes.values()):
            kept.forget()

    def _agreement(self) -> Agreement:
        alpha = self._audit.agreement()
        value, low, high = (
            None if math.isnan(one) else one for one in (alpha.value, alpha.low, alpha.high)
        )
        return Agreement(value=value, low=low, high=high, items=alpha.items)
