"""What became of the mistakes that people reported: what is to be asked, and by whom.

A report changes no label. Its example is asked about, if nobody was asked yet; where it was decided
before the report came, a maintainer looks at it again.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from sqlalchemy import Connection

from errata.core.consensus import (
    CORRECTABLE,
    MULTI_LABEL,
    NEITHER,
    NON_AGREEMENT,
    NON_ERROR,
    OPEN,
    VERDICTS,
)
from errata.labels import Label, as_label, in_words, named
from errata.results import SetVerdicts, Verdicts
from errata.store import adjudications, records, reports
from errata.words import in_markdown, plural

State = Literal["waiting", "no label", "asked", "to decide", "settled"]


class Standing(NamedTuple):
    """How an example stands: its verdict, None while there is none, and the labels it accepts."""

    verdict: str | None
    accepted: tuple[Label, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """One report of a mistake, and what became of it.

    Attributes
    ----------
    number : in the order in which they came in, from 1
    id, example : what it is about
    given : the name of its given label; a list of names where there may be several
    label : the label that the report names, likewise; None if it names none
    reason : why, in the reporter's words; they stay in the audit
    version : of the release that it is about, if it says so
    source : the file that it came in, and where in it
    time : when it was brought in
    state : ``"waiting"``: nobody was asked yet, `Audit.plan` has them asked; ``"no label"``: nor
        can be, as it names no label; ``"asked"``: reviewers are being asked; ``"to decide"``: the
        example was decided otherwise before, and a maintainer is to look at it again;
        ``"settled"``
    verdict : of the example now; None while it has none
    as_reported : whether the example is as the report has it now
    outcome : what became of it, in words
    """

    number: int
    id: str
    example: int
    given: str | list[str]
    label: str | list[str] | None
    reason: str
    version: str | None
    source: str
    time: str
    state: State
    verdict: str | None
    as_reported: bool
    outcome: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def published(self) -> dict[str, Any]:
        """Return what of it goes into a release: no time, and nobody's own words."""
        kept = ("given", "label", "version", "state", "verdict", "as_reported", "outcome")
        return {
            "index": self.example,
            "id": self.id,
            **{name: getattr(self, name) for name in kept},
        }


def standings(verdicts: Verdicts | SetVerdicts | None) -> dict[int, Standing]:
    """Return how each example stands that reviewers or a maintainer have decided.

    Parameters
    ----------
    verdicts : None before there is a plan
    """
    if verdicts is None:
        return {}
    return {
        example: Standing(VERDICTS[code], _accepted(verdicts, place, code))
        for place, (example, code) in enumerate(
            zip(verdicts.examples.tolist(), verdicts.codes.tolist(), strict=True)
        )
        if code != OPEN
    }


def outcomes(
    db: Connection,
    verdicts: Verdicts | SetVerdicts | None,
    *,
    told: Verdicts | SetVerdicts | None = None,
    ids: Sequence[str],
    classes: Sequence[str],
    given_of: Callable[[int], Label],
) -> tuple[Report, ...]:
    """Return every report with what became of it, in the order they came in.

    Parameters
    ----------
    verdicts : at the plans' thresholds, by which a report is settled or not
    told : the verdicts that are told, such as those of a release; without them, the same
    given_of : tells the given label of an example
    """
    became = _became(db, verdicts)
    if told is not None:
        now = standings(told)
        became = [(row, _told(row, came, now)) for row, came in became]
    return tuple(
        Report(
            number=number,
            id=ids[row["example"]],
            example=row["example"],
            given=_names(given_of(row["example"]), classes),
            label=None if row["label"] is None else _names(as_label(row["label"]), classes),
            **{name: row[name] for name in ("reason", "version", "source")},
            time=row["created_at"],
            state=came.state,
            verdict=came.now.verdict,
            as_reported=came.as_reported,
            outcome=_in_words(came, row, classes),
        )
        for number, (row, came) in enumerate(became, 1)
    )


def to_decide(
    db: Connection, verdicts: Verdicts | SetVerdicts, classes: Sequence[str]
) -> dict[int, str]:
    """Return the examples that a maintainer is to look at again, each with what is said of it."""
    said: dict[int, Counter[str]] = {}
    for row, came in _became(db, verdicts):
        if came.state == "to decide":
            label = row["label"]
            name = "to be wrong" if label is None else f"as {named(as_label(label), classes)}"
            said.setdefault(row["example"], Counter())[name] += 1
    return {
        example: "reported "
        + ", ".join(name if often == 1 else f"{name} ({often}×)" for name, often in names.items())
        for example, names in said.items()
    }


def waiting(db: Connection, verdicts: Verdicts | SetVerdicts | None) -> dict[int, Label]:
    """Return the examples that nobody was asked about, with the label that most reports name.

    Those with most reports come first; what is as often follows the order in which it came in.
    """
    named_: dict[int, Counter[Label]] = {}
    for row, came in _became(db, verdicts):
        if came.state == "waiting":
            named_.setdefault(row["example"], Counter())[as_label(row["label"])] += 1
    order = sorted(named_, key=lambda example: -named_[example].total())
    return {example: named_[example].most_common(1)[0][0] for example in order}


def as_markdown(published: Sequence[Mapping[str, Any]]) -> str:
    """Return the section of a list of changes that says what became of each report.

    Parameters
    ----------
    published : rows of `Report.published`; of none, nothing is returned

    Examples
    --------
    >>> as_markdown([])
    ''
    """
    if not published:
        return ""
    rows = (
        "| " + " | ".join(map(in_markdown, (one["id"], *_cells(one), one["outcome"]))) + " |\n"
        for one in published
    )
    settled = sum(one["state"] == "settled" for one in published)
    return f"""## Reported mistakes

{plural(len(published), "report")} so far, of which {settled:,} settled. A report changes no \
label: votes, or a maintainer, decide.

| id | given | reported | about version | what became of it |
|---|---|---|---|---|
{"".join(rows)}"""


def _cells(one: Mapping[str, Any]) -> tuple[str, str, str]:
    label = "not said" if one["label"] is None else in_words(one["label"])
    return in_words(one["given"]), label, one["version"] or ""


class _Became(NamedTuple):
    state: State
    now: Standing
    as_reported: bool


def _became(
    db: Connection, verdicts: Verdicts | SetVerdicts | None
) -> list[tuple[records.Row, _Became]]:
    """Return every report, in the order in which they came in, and what became of it."""
    rows = reports.every(db)
    if not rows:  # as nearly always, and verdicts of a million need not be read for nothing
        return []
    planned, held = set(records.planned_examples(db)), adjudications.held(db)
    now = standings(verdicts)
    return [
        (
            row,
            _came(
                row,
                now.get(row["example"], Standing(None)),
                planned=row["example"] in planned,
                adjudication=held[row["example"]]["id"] if row["example"] in held else 0,
            ),
        )
        for row in rows
    ]


def _came(row: Mapping[str, Any], now: Standing, *, planned: bool, adjudication: int) -> _Became:
    then = _before(row)
    as_reported = _is_as_reported(row, now)
    looked_again = adjudication > row["adjudication"] or now != then
    state: State
    if not planned:
        state = "no label" if row["label"] is None else "waiting"
    elif now.verdict is None:
        state = "asked"
    else:
        state = "settled" if as_reported or looked_again else "to decide"
    return _Became(state, now, as_reported)


def _told(row: Mapping[str, Any], came: _Became, told: Mapping[int, Standing]) -> _Became:
    """Return what became of a report, told with other verdicts than those that settle it."""
    now = told.get(row["example"], Standing(None))
    return came._replace(now=now, as_reported=_is_as_reported(row, now))


def _before(row: Mapping[str, Any]) -> Standing:
    """Return how the example of a report stood when it came."""
    return Standing(row["verdict"], tuple(map(as_label, row["accepted"])))


def _is_as_reported(row: Mapping[str, Any], now: Standing) -> bool:
    if row["label"] is not None:
        return as_label(row["label"]) in now.accepted
    # it says no more than that the label is wrong
    then = _before(row)
    before = VERDICTS[NON_ERROR] if then.verdict is None else then.verdict
    return now.verdict is not None and (now != then and now.verdict != before)


def _accepted(verdicts: Verdicts | SetVerdicts, place: int, code: int) -> tuple[Label, ...]:
    """Return the labels that are right by the verdict of a candidate."""
    if isinstance(verdicts, SetVerdicts):
        right = verdicts.given if code == NON_ERROR else verdicts.agreed
        known = code in (NON_ERROR, CORRECTABLE)
        return (tuple(np.flatnonzero(right[place]).tolist()),) if known else ()
    given, suggested = int(verdicts.given[place]), int(verdicts.suggested[place])
    accepted: dict[int, tuple[Label, ...]] = {
        NON_ERROR: (given,),
        CORRECTABLE: (suggested,),
        MULTI_LABEL: (given, suggested),
    }
    return accepted.get(code, ())


def _in_words(came: _Became, row: Mapping[str, Any], classes: Sequence[str]) -> str:
    """Return what became of a report."""
    if came.state == "waiting":
        return "nobody was asked about it yet"
    if came.state == "no label":
        return "nobody was asked about it yet, as the report names no label"
    if came.state == "asked":
        return "reviewers are being asked"
    verdict, accepted = came.now
    labels = " and ".join(named(label, classes) for label in accepted)
    words = {
        None: "votes are lacking for this release",  # which may ask for more than the plans
        VERDICTS[NON_ERROR]: "the given label stays",
        VERDICTS[CORRECTABLE]: f"corrected to {labels}",
        VERDICTS[MULTI_LABEL]: f"{labels} are both right",
        VERDICTS[NEITHER]: "neither label is right",
        VERDICTS[NON_AGREEMENT]: "the reviewers differ",
    }[verdict]
    if came.state == "to decide":
        decided = f"decided before the report came ({words})"
        if verdict is None:
            decided = f"decided before the report came, but {words}"
        return f"{decided}; a maintainer is to look again"
    return f"{words}, as reported" if came.as_reported and row["label"] is not None else words


def _names(label: Label, classes: Sequence[str]) -> str | list[str]:
    return classes[label] if isinstance(label, int) else [classes[one] for one in label]
