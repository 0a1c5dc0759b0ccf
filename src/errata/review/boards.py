"""What the maintainer's pages say: one typed context for each, shown by its own template."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from errata.deciding import LONGEST_REASON
from errata.overseeing import NEWEST, Event, Mix, Unsettled
from errata.review.pages import Page, View
from errata.review.watch import Overview

VERDICT_WORDS = {
    "non_error": "given label right",
    "correctable": "suggested label right",
    "multi_label": "both right",
    "neither": "neither right",
    "non_agreement": "no agreement",
}
SET_VERDICT_WORDS = VERDICT_WORDS | {
    "correctable": "other labels right",
    "neither": "no label right",
    "non_agreement": "too few can tell",
}
CHOICE_VERDICT_WORDS = VERDICT_WORDS | {
    "correctable": "another class right",
    "neither": "none of the classes right",
}


@dataclass(frozen=True, kw_only=True)
class Login(Page):
    """The page on which a maintainer says who they are."""

    name: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class MaintainerPage(Page):
    """What every page of a maintainer shows: who they are."""

    maintainer: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a bar: what it stands for, how many, and where it begins and how wide it is, in %.

    ``kind`` names its colour.
    """

    name: str
    kind: str
    count: int
    begin: float
    width: float

    @property
    def percent(self) -> str:
        """How much it is of the whole."""
        return f"{self.width:.1f} %"


@dataclass(frozen=True, kw_only=True)
class Dashboard(MaintainerPage):
    """The numbers, the reviewers, and what is for the maintainer to decide.

    Attributes
    ----------
    thresholds, threshold : those to choose from, and the chosen one
    after : the example after which those to decide begin; -1: from the beginning
    skip : so many reviewers are on the pages before
    events : the newest lines of the diary
    several : whether examples may have several labels
    choice : whether reviewers choose one of several answers
    """

    overview: Overview
    thresholds: Sequence[int]
    threshold: int
    after: int
    skip: int
    events: Sequence["Line"]
    several: bool
    newest: int = NEWEST
    choice: bool = False

    @property
    def mix(self) -> Mix | None:
        """What the votes come to at the chosen threshold."""
        at = self.threshold
        return next((mix for mix in self.overview.mixes if mix.threshold == at), None)

    @property
    def parts(self) -> Sequence[Part]:
        """The verdicts as parts of a bar."""
        mix = self.mix
        if mix is None:
            return ()
        words = SET_VERDICT_WORDS if self.several else VERDICT_WORDS
        words = CHOICE_VERDICT_WORDS if self.choice else words
        unused = ("multi_label",) if self.several or self.choice else ()  # nobody can answer so
        counts = {words[name]: (name, n) for name, n in mix.verdicts.items() if name not in unused}
        counts |= {
            "open": ("open", mix.open),
            "no vote yet": ("no_vote", mix.no_vote),
        }
        whole = max(1, sum(count for _, count in counts.values()))
        parts, begin = [], 0.0
        for name, (kind, count) in counts.items():
            width = 100 * count / whole
            parts.append(Part(name=name, kind=kind, count=count, begin=begin, width=width))
            begin += width
        return parts

    @property
    def more_reviewers(self) -> int | None:
        """How many reviewers are on the pages up to the next; None on the last."""
        shown = self.skip + len(self.overview.reviewers)
        return shown if shown < self.overview.all_reviewers else None

    @property
    def gold(self) -> bool:
        """Whether anybody has answered about gold."""
        return any(one.counts and one.counts.gold for one in self.overview.reviewers)

    @property
    def ends(self) -> str:
        """When the review ends at the present pace, in words."""
        campaign = self.overview.campaign
        if campaign is None:
            return ""
        if campaign.at_least == 0:
            return "every vote is there"
        if campaign.hours is None:
            return "nobody has answered in the last ten minutes"
        return f"about {in_time(campaign.hours)} at {campaign.per_hour:,.0f} votes an hour"

    @property
    def done(self) -> float:
        """How much of the votes that are expected in the end is there, from 0 to 1."""
        campaign = self.overview.campaign
        if campaign is None:
            return 0.0
        return campaign.votes / max(1.0, campaign.votes + campaign.expected)


@dataclass(frozen=True, kw_only=True)
class Decide(MaintainerPage):
    """The page on which a maintainer decides one example, with all its votes in sight.

    Attributes
    ----------
    example, id, view : the example, and how it is shown
    choices : ways to decide: what is sent, and what it means
    several : any number of them may be chosen
    ballots, decisions, reports : see `errata.deciding`
    needs : how many votes it still needs; it can be decided when it needs none
    decided : whether a maintainer's decision holds now
    following : an example that waits to be decided next
    problem : why the decision that was sent was not taken
    reason, chosen : what was sent
    """

    example: int
    id: str
    view: View
    choices: Sequence[tuple[str, str]]
    several: bool
    ballots: Sequence[dict[str, str]]
    decisions: Sequence[dict[str, Any]]
    reports: Sequence[dict[str, Any]]
    needs: int
    following: Unsettled | None
    problem: str = ""
    reason: str = ""
    chosen: Sequence[str] = ()
    longest_reason: int = LONGEST_REASON

    @property
    def seen(self) -> int:
        """The number of the newest decision; 0 where there is none."""
        return int(self.decisions[-1]["number"]) if self.decisions else 0

    @property
    def decided(self) -> bool:
        """Whether a decision holds now."""
        return bool(self.decisions) and self.decisions[-1]["answer"] is not None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the diary as shown."""

    event: Event

    @property
    def time(self) -> str:
        """When, to the second."""
        return self.event.time[:19].replace("T", " ")

    @property
    def verb(self) -> str:
        """What was done."""
        return self.event.verb.replace("_", " ")

    @property
    def by(self) -> str:
        """Who did it, where that is known."""
        return str(self.event.details.get("by", ""))

    @property
    def details(self) -> str:
        """With what."""
        rest = {
            name: value
            for name, value in self.event.details.items()
            if name != "by" and value is not None
        }
        return ", ".join(
            f"{name} {value if isinstance(value, str) else json.dumps(value)}"
            for name, value in rest.items()
        )


@dataclass(frozen=True, kw_only=True)
class Diary(MaintainerPage):
    """Every change of the audit, newest first, a page at a time.

    ``older`` is the number of the line before which the next page begins; None on the last.
    """

    lines: Sequence[Line]
    older: int | None


def in_time(hours: float) -> str:
    """Return how long something takes, in words.

    Examples
    --------
    >>> [in_time(hours) for hours in (0.01, 0.5, 7.6, 70, 1000)]
    ['a minute', '30 minutes', '8 hours', '3 days', '42 days']
    """
    minutes = round(60 * hours)
    if minutes < 2:
        return "a minute"
    if minutes < 120:
        return f"{minutes} minutes"
    if hours < 48:
        return f"{hours:.0f} hours"
    return f"{hours / 24:,.0f} days"
