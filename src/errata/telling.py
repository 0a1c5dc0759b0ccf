"""Gathers what an audit remembers into what is told: stories, reports and manifests.

Reads the database and computes nothing that `errata.core` does not.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from sqlalchemy import Connection

from errata.comparison import Comparison
from errata.core.consensus import (
    CORRECTABLE,
    OPEN,
    VERDICTS,
    VOTED,
    lacking_votes,
    verdict_codes,
)
from errata.datasets.media import Shown
from errata.errors import FileError, InputError
from errata.report.context import Pair, ReportContext, ReportExample
from errata.results import Story, Verdicts
from errata.store import records, voting

MOST_SHOWN = 48
"""So many suspicious examples are on a report."""


def notices(db: Connection) -> tuple[str, ...]:
    """Return what must be said with every result: which votes are simulated, which imported."""
    kinds = voting.kinds(db)
    total = sum(count for _, count, _ in kinds)
    said = {"simulated": "are simulated", "imported": "were imported"}
    return tuple(
        f"{count:,} of {total:,} votes {said[kind]}{_in_brackets(notes)}."
        for kind, count, notes in kinds
        if kind in said
    )


def verdicts(
    db: Connection, threshold: int | None, *, ids: Sequence[str], classes: tuple[str, ...]
) -> Verdicts | None:
    """Return what the votes come to, or None without a plan.

    Parameters
    ----------
    threshold : votes for one answer that make a verdict; None: as each candidate's plan has it

    Raises
    ------
    InputError
        No candidate has so many votes, nor are so many wanted for any.
    """
    planned, tallies = records.planned(db), voting.tallies(db)
    if not planned:
        return None
    counts = [[tallies.get((row["example"], answer), 0) for answer in VOTED] for row in planned]
    largest = max(*(row["votes"] for row in planned), *map(sum, counts))
    if threshold is not None and threshold > largest:
        raise InputError(
            f"The threshold is {threshold}, but no candidate has, or is to get, more than "
            f"{largest} votes, so no verdict could be reached. Choose one from 1 to {largest}."
        )
    own = tuple(dict.fromkeys(row["threshold"] for row in planned))
    reviewed = [place for place, votes in enumerate(counts) if any(votes)]
    rows = [planned[place] for place in reviewed]
    votes = np.array([counts[place] for place in reviewed], dtype=np.int64).reshape(-1, len(VOTED))
    needed = [row["threshold"] if threshold is None else threshold for row in rows]
    asked = list(zip(needed, (row["votes"] for row in rows), strict=True))
    codes = np.full(len(rows), OPEN, dtype=np.int64)
    for each in set(asked):
        alike = np.array([one == each for one in asked])
        closed = alike & ~lacking_votes(votes, *each)
        codes[closed] = verdict_codes(votes[closed], each[0])
    examples = _column(rows, "example")
    return Verdicts(
        threshold=threshold or (own[0] if len(own) == 1 else own),
        examples=examples,
        ids=tuple(ids[example] for example in examples.tolist()),
        given=_column(rows, "given"),
        suggested=_column(rows, "suggested"),
        votes=votes,
        codes=codes,
        unreviewed=len(planned) - len(reviewed),
        notices=notices(db),
        classes=classes,
    )


def settings(db: Connection) -> dict[str, Any]:
    """Return what was chosen for each plan, without saying when: for a manifest."""
    chosen = ("rule", "score", "compat", "settings", "flagger", "estimated_errors", "errata")
    planned = ("goal", "votes", "threshold", "limit", "candidates")
    runs = {run["id"]: {name: run[name] for name in chosen} for run in records.planned_findings(db)}
    return {
        "plans": [
            {name: plan[name] for name in planned} | {"find": runs[plan["finding"]]}
            for plan in records.plans(db)
        ]
    }


def inputs(db: Connection) -> dict[str, Any]:
    """Return the fingerprints of what the audit was made from."""
    rows = {role: records.array(db, role) for role in ("labels", "probs", "ids")}
    return {
        role: {
            "file": Path(row["path"]).name,
            **{name: row[name] for name in ("sha256", "shape", "dtype")},
        }
        for role, row in rows.items()
        if row is not None
    }


def story(
    db: Connection,
    example: int,
    *,
    ids: Sequence[str],
    classes: tuple[str, ...],
    given: int,
    self_confidence: float | None,
) -> Story:
    """Return everything the audit knows about one label."""
    reached = verdicts(db, None, ids=ids, classes=classes)
    plan = records.planned(db, example)
    return Story(
        id=ids[example],
        example=example,
        n=len(ids),
        classes=classes,
        given=given,
        self_confidence=self_confidence,
        runs=records.finding_count(db),
        found=tuple(_run(run) for run in records.candidate_runs(db, example)),
        plan={name: plan[0][name] for name in _PLAN} | {"goal": "census"} if plan else None,
        votes=tuple(
            {"reviewer": vote["name"], "time": vote["created_at"]}
            | {name: vote[name] for name in ("answer", "said", "first", "kind", "withdrawn")}
            for vote in voting.history(db, example)
        ),
        threshold=plan[0]["threshold"] if plan else None,
        verdict=None if reached is None else _names_of(reached).get(example),
        releases=tuple(
            {
                "version": release["version"],
                "path": release["path"],
                "time": release["created_at"],
                "verdict": release["verdict"],
                "label": given if release["corrected"] is None else release["corrected"],
            }
            for release in records.releases(db, example)
        ),
    )


def report_context(
    db: Connection,
    *,
    name: str,
    path: str,
    n: int,
    classes: tuple[str, ...],
    ids: Sequence[str],
    verdicts: Verdicts | None,
    comparison: Comparison | None,
    show: Callable[[int], Shown | None],
) -> ReportContext:
    """Return what a report says. Without a plan, the candidates of the newest run are shown."""
    plans, findings, rows = records.plans(db), records.planned_findings(db), records.planned(db)
    newest = records.newest_finding(db)
    if not plans and newest is not None:
        findings, rows = [newest], records.candidates(db, newest["id"])
    verdict_of = {} if verdicts is None else _verdict_of(verdicts)
    pairs = Counter((row["given"], row["suggested"]) for row in rows)
    corrected = Counter(
        (row["given"], row["suggested"])
        for row in rows
        if verdict_of.get(row["example"], (None,))[0] == VERDICTS[CORRECTABLE]
    )
    decided = 0 if verdicts is None else int((verdicts.codes != OPEN).sum())
    return ReportContext(
        name=name,
        path=path,
        n=n,
        classes=classes,
        notices=notices(db),
        estimated_errors=_newest_estimate(findings),
        probabilities=records.array(db, "probs") is not None,
        rule=_each(findings, "rule") if findings else None,
        score=_each(findings, "score") if findings else None,
        candidates=len(rows),
        decided=decided,
        open=len(rows) - decided,
        threshold=3 if verdicts is None else verdicts.threshold,
        verdict_counts=verdicts.counts if verdicts else {},
        suspicious=[
            _suspicious(row, ids[row["example"]], verdict_of.get(row["example"]), show)
            for row in rows[:MOST_SHOWN]
        ],
        pairs=[Pair(*pair, count, corrected[pair]) for pair, count in pairs.most_common()],
        comparison=comparison,
        settings=_setting_rows(findings, plans),
        facts=_fact_rows(db, findings),
    )


_PLAN = ("plan", "votes", "threshold", "position", "probability", "suggested")


def _newest_estimate(findings: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the errors that the newest run of `find` estimated; handed-in candidates say none."""
    known = [run["estimated_errors"] for run in findings if run["estimated_errors"] is not None]
    return known[-1] if known else None


def _in_brackets(notes: Sequence[str]) -> str:
    more = [f"and {len(notes) - 3} more notes"] if len(notes) > 3 else []
    return f" ({'; '.join([*notes[:3], *more])})" if notes else ""


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Int[np.ndarray, "rows"]:
    return np.array([row[name] for row in rows], dtype=np.int64)


def _names_of(verdicts: Verdicts) -> dict[int, str]:
    return dict(zip(verdicts.examples.tolist(), verdicts.names, strict=True))


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    told = ("flagger", "rule", "rules", "suggested", "score", "score_name", "rank", "of")
    bars = run["thresholds"]
    return {
        "run": run["finding"],
        "time": run["created_at"],
        **{name: run[name] for name in told},
        "threshold_given": None if bars is None else bars[run["given"]],
        "threshold_suggested": None if bars is None else bars[run["suggested"]],
    }


def _verdict_of(verdicts: Verdicts) -> dict[int, tuple[str | None, dict[str, int]]]:
    """Return, for each reviewed example, its verdict (None: open) and its votes."""
    return {
        example: (
            None if code == OPEN else VERDICTS[code],
            dict(zip(VOTED, votes, strict=True)),
        )
        for example, code, votes in zip(
            verdicts.examples.tolist(),
            verdicts.codes.tolist(),
            verdicts.votes.tolist(),
            strict=True,
        )
    }


def _suspicious(
    row: Mapping[str, Any],
    id_: str,
    reviewed: tuple[str | None, dict[str, int]] | None,
    show: Callable[[int], Shown | None],
) -> ReportExample:
    verdict, votes = reviewed or (None, {})
    try:
        shown = show(row["example"])
    except FileError:  # a report without one picture is better than none
        shown = None
    return ReportExample(
        id=id_,
        given=row["given"],
        suggested=row["suggested"],
        score=row["score"],
        rules=row["rules"],
        verdict=verdict,
        votes=votes,
        corrected=row["suggested"] if verdict == VERDICTS[CORRECTABLE] else None,
        shown=shown,
    )


def _each(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return what runs or plans have under a name, each value once, in their order."""
    return ", then ".join(dict.fromkeys(str(row[name]) for row in rows))


def _setting_rows(
    findings: Sequence[Mapping[str, Any]], plans: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    rows = []
    if findings:
        rows += [("rule", _each(findings, "rule")), ("score", _each(findings, "score"))]
        if any(finding["compat"] for finding in findings):
            named = [{"compat": finding["compat"] or "paper"} for finding in findings]
            rows += [("definitions", _each(named, "compat"))]
        rows += [("flagger", _each(findings, "flagger"))]
    if plans:
        rows += [
            ("goal of the plan", f"{plans[-1]['goal']}: every candidate, with probability 1"),
            ("votes wanted", _each(plans, "votes")),
            ("votes for a verdict", _each(plans, "threshold")),
        ]
    return rows


def _fact_rows(db: Connection, findings: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    rows = [
        (role, f"{facts['file']}, SHA-256 {facts['sha256']}") for role, facts in inputs(db).items()
    ]
    predictions = records.array(db, "predictions")
    rows += [("predictions", f"SHA-256 {predictions['sha256']}")] if predictions else []
    warnings = (text for finding in findings for text in finding["warnings"])
    rows += [("warning", text) for text in dict.fromkeys(warnings)]
    rows += [("reviewers", f"{voting.reviewer_count(db):,}"), ("errata", version("errata"))]
    return rows
