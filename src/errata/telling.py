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
    ANSWERS,
    CORRECTABLE,
    OPEN,
    VERDICTS,
    lacking_votes,
    verdict_codes,
)
from errata.datasets.media import Shown
from errata.errors import FileError
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
    threshold : votes for one answer that make a verdict; None: as the newest plan has it
    """
    newest = records.newest_plan(db)
    if newest is None:
        return None
    threshold = threshold or int(newest["threshold"])
    planned, tallies = records.planned(db), voting.tallies(db)
    counts = [[tallies.get((row["example"], answer), 0) for answer in ANSWERS] for row in planned]
    reviewed = [place for place, votes in enumerate(counts) if any(votes)]
    rows = [planned[place] for place in reviewed]
    votes = np.array([counts[place] for place in reviewed], dtype=np.int64).reshape(-1, 4)
    codes = verdict_codes(votes, threshold)
    wanted = _column(rows, "votes")
    for each in np.unique(wanted).tolist():
        codes[(wanted == each) & lacking_votes(votes, threshold, each)] = OPEN
    examples = _column(rows, "example")
    return Verdicts(
        threshold=threshold,
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
    """Return what was chosen, without saying when: for a manifest."""
    finding = records.newest_finding(db)
    chosen = ("rule", "score", "compat", "settings", "flagger", "estimated_errors", "errata")
    planned = ("goal", "votes", "threshold", "limit", "candidates")
    return {
        "find": None if finding is None else {name: finding[name] for name in chosen},
        "plans": [{name: plan[name] for name in planned} for plan in records.plans(db)],
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
            | {name: vote[name] for name in ("answer", "first", "kind", "withdrawn")}
            for vote in voting.history(db, example)
        ),
        threshold=None if reached is None else reached.threshold,
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
    finding, plan = records.newest_finding(db), records.newest_plan(db)
    found = records.candidates(db, finding["id"]) if finding else []
    rows = records.planned(db) if plan else found
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
        estimated_errors=finding["estimated_errors"] if finding else None,
        rule=finding["rule"] if finding else None,
        score=finding["score"] if finding else None,
        candidates=len(rows),
        reviewed=decided,
        open=len(rows) - decided,
        threshold=verdicts.threshold if verdicts else 3,
        verdict_counts=verdicts.counts if verdicts else {},
        suspicious=[
            _suspicious(row, ids[row["example"]], verdict_of.get(row["example"]), show)
            for row in rows[:MOST_SHOWN]
        ],
        pairs=[Pair(*pair, count, corrected[pair]) for pair, count in pairs.most_common()],
        comparison=comparison,
        settings=_setting_rows(finding, plan),
        facts=_fact_rows(db, finding),
    )


_PLAN = ("plan", "votes", "threshold", "position", "probability", "suggested")


def _in_brackets(notes: Sequence[str]) -> str:
    more = [f"and {len(notes) - 3} more notes"] if len(notes) > 3 else []
    return f" ({'; '.join([*notes[:3], *more])})" if notes else ""


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Int[np.ndarray, "rows"]:
    return np.array([row[name] for row in rows], dtype=np.int64)


def _names_of(verdicts: Verdicts) -> dict[int, str]:
    return dict(zip(verdicts.examples.tolist(), verdicts.names, strict=True))


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    told = ("flagger", "rule", "rules", "suggested", "score", "score_name", "rank", "of")
    return {
        "run": run["finding"],
        "time": run["created_at"],
        **{name: run[name] for name in told},
        "threshold_given": run["thresholds"][run["given"]],
        "threshold_suggested": run["thresholds"][run["suggested"]],
    }


def _verdict_of(verdicts: Verdicts) -> dict[int, tuple[str | None, dict[str, int]]]:
    """Return, for each reviewed example, its verdict (None: open) and its votes."""
    return {
        example: (
            None if code == OPEN else VERDICTS[code],
            dict(zip(ANSWERS, votes, strict=True)),
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


def _setting_rows(
    finding: Mapping[str, Any] | None, plan: Mapping[str, Any] | None
) -> list[tuple[str, str]]:
    rows = []
    if finding:
        rows += [("rule", finding["rule"]), ("score", finding["score"])]
        rows += [("definitions", finding["compat"])] if finding["compat"] else []
        rows += [("flagger", finding["flagger"])]
    if plan:
        rows += [
            ("goal of the plan", f"{plan['goal']}: every candidate, with probability 1"),
            ("votes wanted", str(plan["votes"])),
            ("votes for a verdict", str(plan["threshold"])),
        ]
    return rows


def _fact_rows(db: Connection, finding: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    rows = [
        (role, f"{facts['file']}, SHA-256 {facts['sha256']}") for role, facts in inputs(db).items()
    ]
    predictions = records.array(db, "predictions")
    rows += [("predictions", f"SHA-256 {predictions['sha256']}")] if predictions else []
    rows += [("warning", text) for text in (finding or {"warnings": ()})["warnings"]]
    rows += [("reviewers", f"{voting.reviewer_count(db):,}"), ("errata", version("errata"))]
    return rows
