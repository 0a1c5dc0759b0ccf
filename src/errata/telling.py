"""Gathers what an audit remembers into what is told: stories, reports and manifests.

Reads the database and computes nothing that `errata.core` does not.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, Shaped
from sqlalchemy import Connection

from errata.asking import is_choice
from errata.choosing import Chosen
from errata.comparison import Comparison
from errata.core.consensus import (
    CORRECTABLE,
    MULTI_LABEL,
    NEITHER,
    NON_AGREEMENT,
    OPEN,
    VERDICTS,
    VOTED,
    posterior_verdict_codes,
)
from errata.core.crowd import CROWD
from errata.crowd import AnswerProbs, Consensus, cast, modelled
from errata.datasets.media import Shown
from errata.errors import FileError, InputError
from errata.exchange.pseudonyms import pseudonyms
from errata.exchange.votes import LABELS
from errata.kin import Checked
from errata.labels import Label, as_label
from errata.report.context import Moment, Pair, ReportContext, ReportExample
from errata.results import ErrorRate, SetVerdicts, Story, Verdicts
from errata.settling import (
    as_matrix,
    column,
    decided_by_hand,
    decided_codes,
    pair_codes,
    set_codes,
)
from errata.store import adjudications, records, reports, voting

_NOBODY = re.compile(r"anonymous \d+")
"""Who is called so is nobody in particular, see `errata.exchange.published`."""

MOST_SHOWN = 48
"""So many suspicious examples are on a report."""


def notices(db: Connection) -> tuple[str, ...]:
    """Return what must be said with every result.

    Which votes are simulated, which imported, and how many verdicts are a maintainer's.
    """
    decided = adjudications.count(db)
    told = [f"A maintainer decided {decided:,} of the verdicts."] if decided else []
    return (*vote_notices(db), *told)


def vote_notices(db: Connection) -> tuple[str, ...]:
    """Return which votes are simulated, and which imported: what reviewers are told, too."""
    kinds = voting.kinds(db)
    total = sum(count for notes in kinds.values() for count in notes.values())
    said = {"simulated": "are simulated", "imported": "were imported"}
    return tuple(
        f"{sum(notes.values()):,} of {total:,} votes {said[kind]}{_in_brackets(notes)}."
        for kind, notes in kinds.items()
        if kind in said
    )


def reviewers_in_public(db: Connection, folder: Path) -> Callable[[str], str]:
    """Return what a reviewer is called in public, by name: by a pseudonym of this audit.

    Who is simulated, or anonymous, is nobody in particular and keeps the name.
    """
    called, kinds = pseudonyms(folder), dict(voting.reviewers(db).values())

    def name(reviewer: str) -> str:
        nobody = kinds[reviewer] == "simulated" or _NOBODY.fullmatch(reviewer)
        return reviewer if nobody else called(reviewer)

    return name


def verdicts(
    db: Connection,
    consensus: Consensus,
    *,
    ids: Sequence[str],
    classes: tuple[str, ...],
    multilabel: bool = False,
    probs: Callable[[Sequence[Mapping[str, Any]]], AnswerProbs] | None = None,
) -> Verdicts | SetVerdicts | None:
    """Return what the votes come to, or None without a plan.

    Parameters
    ----------
    probs : returns what votes along on planned examples, for a consensus that takes it

    Raises
    ------
    InputError
        No candidate has so many votes, nor are so many wanted for any; or a model was asked for
        where examples may have several labels.
    VoteError
        There are too few votes for the model.
    """
    if consensus.counts:
        found = counted(db, [consensus.threshold], ids=ids, classes=classes, multilabel=multilabel)
        return found[0] if found else None
    planned = records.planned(db)
    if not planned:
        return None
    if multilabel:
        raise InputError(
            f"The model {consensus.name} is about answers of which one is right, but examples may "
            "have several labels here. Leave the consensus out: votes are counted."
        )
    if is_choice(planned[0]):
        raise InputError(
            f"The model {consensus.name} is about answers to the question of two labels, but "
            "reviewers choose one of several here. Leave the consensus out: votes are counted."
        )
    assert probs is not None, "without them there is no story, which asks no model"
    return _modelled_verdicts(
        db, planned, consensus, lambda: probs(planned), ids=ids, classes=classes
    )


def counted(
    db: Connection,
    thresholds: Sequence[int | None],
    *,
    ids: Sequence[str],
    classes: tuple[str, ...],
    multilabel: bool,
) -> Sequence[Verdicts | SetVerdicts]:
    """Return what the votes come to at each of some thresholds, by reading them once.

    Parameters
    ----------
    thresholds : None stands for those of the candidates' plans

    Returns
    -------
    one for each threshold, or none without a plan

    Raises
    ------
    InputError
        No candidate has, or is to get, so many votes.
    """
    planned = records.planned_labels(db)
    if not planned:
        return []
    count = _set_verdicts if multilabel else _verdicts
    return count(db, planned, thresholds, ids=ids, classes=classes)


def _verdicts(
    db: Connection,
    planned: Sequence[Mapping[str, Any]],
    thresholds: Sequence[int | None],
    *,
    ids: Sequence[str],
    classes: tuple[str, ...],
) -> Sequence[Verdicts]:
    tallies = voting.tallies(db)
    choices = is_choice(planned[0])
    # what was chosen among several is counted as one answer here; see `as_pairs`
    counted = (*VOTED, LABELS) if choices else VOTED
    counts = [[tallies.get((row["example"], answer), 0) for answer in counted] for row in planned]
    _check_reachable(thresholds, [*(row["votes"] for row in planned), *map(sum, counts)])
    decided = adjudications.held(db)
    reviewed = [
        place
        for place, (row, votes) in enumerate(zip(planned, counts, strict=True))
        if any(votes) or row["example"] in decided
    ]
    rows = [planned[place] for place in reviewed]
    columns = len(VOTED)
    votes = np.array([counts[place][:columns] for place in reviewed], dtype=np.int64)
    votes = votes.reshape(-1, columns)
    shared = _shared(db, planned, rows, ids)
    given, suggested = column(rows, "given"), column(rows, "suggested")
    adjudicated = decided_by_hand(rows, decided)
    chosen = _chosen(db, rows, decided) if choices else []
    told = tuple(one.told(classes) for one in chosen)
    found = []
    for threshold in thresholds:
        against, pairs = suggested.copy(), votes.copy()
        codes = pair_codes(rows, chosen, threshold, against=against, votes=pairs, decided=decided)
        found.append(
            Verdicts(
                **shared,
                threshold=_threshold(planned, threshold),
                given=given,
                suggested=against,
                votes=pairs,
                chosen=told,
                codes=codes,
                adjudicated=adjudicated,
                classes=classes,
            )
        )
    return found


def _chosen(
    db: Connection, rows: Sequence[Mapping[str, Any]], decided: Mapping[int, Mapping[str, Any]]
) -> list[Chosen]:
    """Return what was chosen of each row, and what a maintainer decided."""
    held = voting.choices(db)
    nothing: Mapping[str, Any] = {"labels": None}
    return [
        Chosen(
            row, held.get(row["example"], Counter()), decided.get(row["example"], nothing)["labels"]
        )
        for row in rows
    ]


def _modelled_verdicts(
    db: Connection,
    planned: Sequence[Mapping[str, Any]],
    consensus: Consensus,
    probs: Callable[[], AnswerProbs],
    *,
    ids: Sequence[str],
    classes: tuple[str, ...],
) -> Verdicts:
    """Return what a model makes of the votes; where it is not sure and more are wanted, open."""
    held = cast(db, planned, multilabel=False)
    votes = held.table
    decided = adjudications.held(db)
    reviewed = np.flatnonzero(votes.any(axis=1) | decided_by_hand(planned, decided))
    rows = [planned[place] for place in reviewed.tolist()]
    made, said = modelled(consensus, held, probs)
    made = replace(made, posterior=made.posterior[reviewed])
    codes = posterior_verdict_codes(made.posterior, made.least)
    wanted = column(rows, "needs") > 0
    codes = np.where((codes == NON_AGREEMENT) & wanted, OPEN, codes)
    told = _shared(db, planned, rows, ids)
    return Verdicts(
        **told | {"notices": (*told["notices"], *said)},
        threshold=None,
        given=column(rows, "given"),
        suggested=column(rows, "suggested"),
        votes=votes[reviewed],
        codes=decided_codes(codes, rows, decided),
        adjudicated=decided_by_hand(rows, decided),
        classes=classes,
        model=made,
    )


def _set_verdicts(
    db: Connection,
    planned: Sequence[Mapping[str, Any]],
    thresholds: Sequence[int | None],
    *,
    ids: Sequence[str],
    classes: tuple[str, ...],
) -> Sequence[SetVerdicts]:
    tallies = voting.set_tallies(db)
    answered = [tally.reviewers for tally in tallies.values()]
    _check_reachable(thresholds, [*(row["votes"] for row in planned), *answered])
    decided = adjudications.held(db)
    rows = [row for row in planned if row["example"] in tallies or row["example"] in decided]
    given, suggested = (
        as_matrix([row[name] for row in rows], len(classes)) for name in ("given", "suggested")
    )
    held = [tallies.get(row["example"], voting.SetTally()) for row in rows]
    reviewers = np.array([tally.reviewers for tally in held], dtype=np.int64)
    unclear = np.array([tally.unclear for tally in held], dtype=np.int64)
    votes = np.zeros((len(rows), len(classes)), dtype=np.int64)
    for place, tally in enumerate(held):
        for label, count in tally.ticks.items():
            votes[place, label] = count
    shared = _shared(db, planned, rows, ids)
    adjudicated = decided_by_hand(rows, decided)
    found = []
    for threshold in thresholds:
        codes, agreed = set_codes(
            *(rows, threshold),
            votes=votes,
            reviewers=reviewers,
            unclear=unclear,
            given=given,
            suggested=suggested,
            decided=decided,
        )
        found.append(
            SetVerdicts(
                **shared,
                threshold=_threshold(planned, threshold),
                given=given,
                suggested=suggested,
                votes=votes,
                reviewers=reviewers,
                unclear=unclear,
                agreed=agreed,
                codes=codes,
                adjudicated=adjudicated,
                classes=classes,
            )
        )
    return found


def _check_reachable(thresholds: Sequence[int | None], counts: Sequence[int]) -> None:
    """Check that a candidate has, or is to get, as many votes as each threshold asks for."""
    largest = max(counts)
    for threshold in thresholds:
        if threshold is not None and threshold > largest:
            raise InputError(
                f"The threshold is {threshold}, but no candidate has, or is to get, more than "
                f"{largest} votes, so no verdict could be reached. Choose one from 1 to {largest}."
            )


def _shared(
    db: Connection,
    planned: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    ids: Sequence[str],
) -> dict[str, Any]:
    """Return what verdicts of both kinds say alike, at every threshold."""
    examples = column(rows, "example")
    return {
        "examples": examples,
        "ids": tuple(ids[example] for example in examples.tolist()),
        "unreviewed": len(planned) - len(rows),
        "notices": notices(db),
    }


def _threshold(
    planned: Sequence[Mapping[str, Any]], threshold: int | None
) -> int | tuple[int, ...]:
    """Return a threshold; where it is that of each candidate's plan, what these are."""
    if threshold is not None:
        return threshold
    own = tuple(dict.fromkeys(row["threshold"] for row in planned))
    return own[0] if len(own) == 1 else own


def checked(db: Connection, verdicts: Verdicts) -> Checked:
    """Return the planned candidates, who suggested a label for each, and what the votes say.

    Flaggers of one name are one. What chance drew, and nothing flagged with the label that it is
    asked about, nobody suggested. Where reviewers had several answers to choose from, nobody is
    said to have suggested: the corrections are theirs. What a maintainer decided counts as if all
    had voted so, and where a model of the crowd made the verdicts, its probabilities as votes.

    Parameters
    ----------
    verdicts : on the planned candidates that have votes, see `verdicts`
    """
    planned = records.planned_labels(db)
    examples, suggested = column(planned, "example"), column(planned, "suggested")
    reviewed = np.flatnonzero(np.isin(examples, verdicts.examples))
    suggested[reviewed] = verdicts.suggested  # another class may speak against the given one
    threshold: float | Int[np.ndarray, "candidates"]
    if verdicts.model is not None:
        found, threshold = verdicts.model.posterior, verdicts.model.least
    else:
        same = verdicts.threshold
        found = verdicts.votes
        threshold = same if isinstance(same, int) else column(planned, "threshold")
    votes = np.zeros((len(planned), found.shape[1]), dtype=found.dtype)
    votes[reviewed] = found
    by_hand = reviewed[verdicts.adjudicated]
    votes[by_hand] = 0
    enough = np.broadcast_to(threshold, len(planned))[by_hand]
    votes[by_hand, verdicts.codes[verdicts.adjudicated]] = enough
    decided = np.zeros(len(planned), dtype=bool)
    decided[reviewed] = verdicts.codes != OPEN
    runs = records.planned_findings(db)
    flaggers = tuple(dict.fromkeys(run["flagger"] for run in runs))
    number = {run["id"]: flaggers.index(run["flagger"]) for run in runs}
    flagged = {row["finding"] for row in planned if not row["drawn"]}
    choices = bool(planned) and is_choice(planned[0])
    return Checked(
        examples=examples,
        flagged=np.array([not row["drawn"] for row in planned], dtype=bool),
        suggested=suggested,
        votes=votes,
        threshold=threshold,
        decided=decided,
        flaggers=flaggers,
        flagger=np.array([-1 if choices else number[row["finding"]] for row in planned], dtype=int),
        voters=frozenset(
            model
            for run in runs
            if run["score"] == CROWD and run["id"] in flagged
            for model in run["settings"]["models"]
        ),
    )


def settings(db: Connection) -> dict[str, Any]:
    """Return what was chosen for each plan, without saying when: for a manifest."""
    chosen = ("rule", "score", "compat", "settings", "flagger", "estimated_errors", "errata")
    planned = ("goal", "votes", "threshold", "budget", "candidates")
    asked = ("question", "options", "extra")  # said where it is not a pair
    runs = {
        run["id"]: {name: run[name] for name in chosen} | _looked_at(db, run)
        for run in records.planned_findings(db)
    }
    return {
        "plans": [
            {name: plan[name] for name in (*planned, *(asked if is_choice(plan) else ()))}
            | ({} if plan["seed"] is None else {"seed": plan["seed"]})
            | {"find": runs[plan["finding"]]}
            for plan in records.plans(db)
        ]
    }


def _looked_at(db: Connection, finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return what models predicted here and a run looked at, under a key; nothing for others."""
    found = [_provenance(db, row) for row in _predicted(db, finding)]
    return {"probabilities": found} if found else {}


def _predicted(db: Connection, finding: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the runs of `predict` whose probabilities a run of `find` looked at."""
    numbers = finding["averaged"] or filter(None, [finding["probs"]])
    rows = (records.predicted_as(db, number) for number in numbers)
    return [row for row in rows if row is not None]


def _provenance(db: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a set of probabilities came from, without saying when."""
    told = ("name", "accuracy", "log_loss", "calibration_error", "train_accuracy", "errata")
    rest = {key: value for key, value in row["record"].items() if key not in ("job", "model")}
    digest = records.array_number(db, row["probs"])["sha256"]
    return {**{name: row[name] for name in told}, **row["record"]["job"], **rest, "sha256": digest}


def inputs(db: Connection) -> dict[str, Any]:
    """Return the fingerprints of what the audit was made from."""
    rows = {role: records.array(db, role) for role in ("labels", "probs", "ids", "groups")}
    return {
        role: {
            "file": Path(row["path"]).name,
            **{name: row[name] for name in ("sha256", "shape", "dtype")},
        }
        for role, row in rows.items()
        if row is not None
    }


class Stories:
    """Tells everything an audit knows about single labels; what all of them share is read once.

    Parameters
    ----------
    verdict_of : the verdict of each reviewed example by the votes, as `verdict_names` has it
    load : opens an array by its row
    """

    def __init__(
        self,
        db: Connection,
        *,
        n: int,
        classes: tuple[str, ...],
        verdict_of: Mapping[int, str],
        load: Callable[[Mapping[str, Any]], Shaped[np.ndarray, "..."]],
    ) -> None:
        self._n = n
        self._classes = classes
        self._verdict_of = verdict_of
        self._runs = records.runs(db)
        self._newest = records.newest_computed(db)
        self._predicted = {number: _predicted(db, run) for number, run in self._runs.items()}
        each = {row["id"]: row for rows in self._predicted.values() for row in rows}
        self._provenance = {number: _provenance(db, row) for number, row in each.items()}
        self._folds = {
            number: load(records.array_number(db, row["folds"])) for number, row in each.items()
        }

    def of(
        self,
        db: Connection,
        examples: Sequence[int],
        *,
        id_of: Callable[[int], str],
        given: Callable[[int], Label],
        confidence: Callable[[int], float | None],
    ) -> list[Story]:
        """Return the stories of some examples, in their order, by one question for each table."""
        found = records.candidate_rows(db, examples)
        planned = records.planned_of(db, examples)
        votes = voting.history(db, examples)
        decided = adjudications.history(db, examples)
        reported = reports.history(db, examples)
        releases = records.releases(db, examples)
        stories = []
        for example in examples:
            plan, label = planned.get(example), given(example)
            stories.append(
                Story(
                    id=id_of(example),
                    example=example,
                    n=self._n,
                    classes=self._classes,
                    given=label,
                    self_confidence=confidence(example),
                    runs=len(self._runs),
                    found=tuple(self._run(one) for one in found[example]),
                    probabilities=self._probabilities(example, found[example]),
                    plan=None if plan is None else _labelled(plan, _PLAN),
                    votes=tuple(
                        {"reviewer": vote["name"], "time": vote["created_at"]}
                        | _labelled(vote, _VOTE)
                        for vote in votes[example]
                    ),
                    adjudications=tuple(
                        {"maintainer": one["maintainer"], "time": one["created_at"]}
                        | _labelled(one, _DECISION)
                        for one in decided[example]
                    ),
                    reports=tuple(map(_reported, reported[example])),
                    threshold=None if plan is None else plan["threshold"],
                    verdict=self._verdict_of.get(example),
                    releases=tuple(_released(one, label) for one in releases[example]),
                )
            )
        return stories

    def _run(self, candidate: Mapping[str, Any]) -> dict[str, Any]:
        run = self._runs[candidate["finding"]]
        # one threshold for each class, unless each label is a question of its own
        one = run["thresholds"] is not None and isinstance(candidate["given"], int)
        bars = (run["thresholds"][candidate[side]] if one else None for side in _PAIR)
        return {
            "run": run["id"],
            "time": run["created_at"],
            **{name: run[name] for name in ("flagger", "rule", "of")},
            "score_name": run["score"],
            **{name: candidate[name] for name in ("rules", "score", "rank")},
            "suggested": as_label(candidate["suggested"]),
            **dict(zip(("threshold_given", "threshold_suggested"), bars, strict=True)),
        }

    def _probabilities(
        self, example: int, found: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[str, Any], ...]:
        """Return where the probabilities came from that the runs which found it looked at."""
        runs = [one["finding"] for one in found]
        runs += [self._newest["id"]] if self._newest else []
        rows = {row["id"]: row for run in runs for row in self._predicted[run]}
        return tuple(
            self._provenance[number]
            | {
                "run": number,
                "time": row["created_at"],
                "fold": 1 + int(self._folds[number][example]),
            }
            for number, row in rows.items()
        )


def _reported(report: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": None if report["label"] is None else as_label(report["label"]),
        "time": report["created_at"],
        **{name: report[name] for name in ("reason", "version", "source")},
    }


def _released(release: Mapping[str, Any], given: Label) -> dict[str, Any]:
    """Return what a release made of an example; its label is that of the default policy."""
    verdict = release["verdict"]
    label = given if release["corrected"] is None else as_label(release["corrected"])
    return {
        "version": release["version"],
        "path": release["path"],
        "time": release["created_at"],
        "verdict": verdict,
        "label": None if verdict in _LEFT_OUT else label,
    }


_LEFT_OUT = [VERDICTS[code] for code in (MULTI_LABEL, NEITHER, NON_AGREEMENT)]
"""The verdicts on examples without one right label, which ``drop_ambiguous`` leaves out."""


def report_context(
    db: Connection,
    *,
    name: str,
    path: str,
    n: int,
    classes: tuple[str, ...],
    ids: Sequence[str],
    multilabel: bool,
    verdicts: Verdicts | SetVerdicts | None,
    comparison: Comparison | None,
    rates: Sequence[ErrorRate],
    unrated: str,
    show: Callable[[int], Shown | None],
) -> ReportContext:
    """Return what a report says. Without a plan, the candidates of the newest run are shown.

    Parameters
    ----------
    rates : what is known of the error rate, and before it what was known as the votes came in
    unrated : why there are no rates
    """
    plans, findings, rows = records.plans(db), records.planned_findings(db), records.planned(db)
    newest = records.newest_finding(db)
    if not plans and newest is not None:
        findings, rows = [newest], records.candidates(db, newest["id"])
    verdict_of = {} if verdicts is None else _verdict_of(verdicts)
    # sets of labels hardly ever meet in the same two
    paired = [] if multilabel else rows
    pairs = Counter((row["given"], row["suggested"]) for row in paired)
    drawn = [row for row in rows if row.get("stratum") is not None]
    flagged = [row for row in rows if row.get("stratum") is None]
    corrected: Counter[tuple[int, Any]] = Counter(
        (row["given"], verdict_of[row["example"]][2])
        for row in paired
        if verdict_of.get(row["example"], (None,))[0] == VERDICTS[CORRECTABLE]
    )
    decided = 0 if verdicts is None else int((verdicts.codes != OPEN).sum())
    said = notices(db)
    rate_says = [unrated] if unrated else []
    if rates:
        rate_says = [*rates[-1].sentences(), *(x for x in rates[-1].notices if x not in said)]
    return ReportContext(
        name=name,
        path=path,
        n=n,
        classes=classes,
        multilabel=multilabel,
        choice=any(map(is_choice, plans)),
        notices=said,
        **_newest_estimate(findings),
        probabilities=records.has_probabilities(db),
        rule=_each(findings, "rule") if findings else None,
        score=_each(findings, "score") if findings else None,
        candidates=len(rows),
        decided=decided,
        open=len(rows) - decided,
        threshold=3 if verdicts is None else verdicts.threshold,
        needed="" if verdicts is None else verdicts.needed,
        verdict_counts=verdicts.counts if verdicts else {},
        by_chance=Counter(row["goal"] for row in drawn),
        # chance asks in an order that says nothing of how suspicious an example is
        suspicious=[
            _suspicious(row, ids[row["example"]], verdict_of.get(row["example"]), show)
            for row in (flagged or sorted(drawn, key=itemgetter("finding", "score")))[:MOST_SHOWN]
        ],
        # a pair is also what only reviewers made: a class that nothing suggested
        pairs=[Pair(*pair, pairs[pair], corrected[pair]) for pair in _each_pair(pairs, corrected)],
        comparison=comparison,
        error_rate=rate_says if decided else (),
        confidence=rates[-1].confidence if rates else 0.95,
        moments=[
            Moment(one.by_chance, one.estimate, one.low, one.high)
            for one in rates
            if one.estimate is not None
        ],
        settings=_setting_rows(findings, plans),
        facts=_fact_rows(db, findings),
    )


def _each_pair(
    pairs: Counter[tuple[int, Any]], corrected: Counter[tuple[int, Any]]
) -> list[tuple[int, int]]:
    """Return each pair of labels, those with most candidates first."""
    return list(dict.fromkeys([*(pair for pair, _ in pairs.most_common()), *corrected]))


def _newest_estimate(findings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many errors the newest run of `find` estimated, and from what.

    Candidates that were handed in say nothing of it.
    """
    known = [run for run in findings if run["estimated_errors"] is not None]
    if not known:
        return {}
    source = "the votes of models" if known[-1]["rule"] == CROWD else "the probabilities"
    return {"estimated_errors": known[-1]["estimated_errors"], "estimated_from": source}


_PLAN = ("plan", "goal", "votes", "threshold", "position", "probability", "suggested")
_VOTE = ("answer", "said", "labels", "first", "kind", "withdrawn")
_DECISION = ("answer", "labels", "reason")
_PAIR = ("given", "suggested")


def _labelled(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return some fields of a row, lists of labels as tuples."""
    return {name: tuple(row[name]) if isinstance(row[name], list) else row[name] for name in names}


def _in_brackets(notes: Mapping[str, int]) -> str:
    """Return what the notes on some votes say; each with how many it is about, if not all."""
    noted = {note: count for note, count in notes.items() if note}
    told = [note if len(notes) == 1 else f"{count:,}: {note}" for note, count in noted.items()]
    more = [f"and {len(told) - 3} more notes"] if len(told) > 3 else []
    return f" ({'; '.join([*told[:3], *more])})" if told else ""


def verdict_names(verdicts: Verdicts | SetVerdicts | None) -> dict[int, str]:
    """Return the verdict of each reviewed example; ``"open"`` without one."""
    if verdicts is None:
        return {}
    return dict(zip(verdicts.examples.tolist(), verdicts.names, strict=True))


def _verdict_of(
    verdicts: Verdicts | SetVerdicts,
) -> dict[int, tuple[str | None, dict[str, int], Label | None]]:
    """Return, for each reviewed example, its verdict (None: open), its votes and its new label."""
    found = {}
    for place, (example, code) in enumerate(
        zip(verdicts.examples.tolist(), verdicts.codes.tolist(), strict=True)
    ):
        counts = verdicts.votes[place].tolist()
        if isinstance(verdicts, SetVerdicts):
            votes = verdicts.counted(place)
            label: Label = tuple(np.flatnonzero(verdicts.agreed[place]).tolist())
        else:
            votes = dict(zip(VOTED, counts, strict=True))
            label = int(verdicts.suggested[place])
            votes = dict(verdicts.chosen[place] or votes) if verdicts.chosen else votes
        verdict = None if code == OPEN else VERDICTS[code]
        found[example] = (verdict, votes, label if code == CORRECTABLE else None)
    return found


def _suspicious(
    row: Mapping[str, Any],
    id_: str,
    reviewed: tuple[str | None, dict[str, int], Label | None] | None,
    show: Callable[[int], Shown | None],
) -> ReportExample:
    verdict, votes, corrected = reviewed or (None, {}, None)
    try:
        shown = show(row["example"])
    except FileError:  # a report without one picture is better than none
        shown = None
    return ReportExample(
        id=id_,
        given=as_label(row["given"]),
        suggested=as_label(row["suggested"]),
        score=row["score"],
        rules=row["rules"],
        verdict=verdict,
        votes=votes,
        corrected=corrected,
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
            ("goals of the plans", ", then ".join(map(_goal, plans))),
            ("votes wanted", _each(plans, "votes")),
            ("votes for a verdict", _each(plans, "threshold")),
        ]
        if any(map(is_choice, plans)):
            rows += [("question", _each(plans, "question"))]
    return rows


def _goal(plan: Mapping[str, Any]) -> str:
    how = "the worst candidates, for certain" if plan["seed"] is None else "drawn by chance"
    return f"{plan['goal']}: {plan['candidates']:,}, {how}"


def _fact_rows(db: Connection, findings: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    rows = [
        (role, f"{facts['file']}, SHA-256 {facts['sha256']}") for role, facts in inputs(db).items()
    ]
    predicted = {row["id"]: row for finding in findings for row in _predicted(db, finding)}
    rows += [("probabilities", _in_words(_provenance(db, row))) for row in predicted.values()]
    rows += [
        ("voters", f"{', '.join(voted['models'])}, SHA-256 {voted['predictions']['sha256']}")
        for finding in findings
        if "predictions" in (voted := finding["settings"])
    ]
    predictions = records.array(db, "predictions")
    rows += [("predictions", f"SHA-256 {predictions['sha256']}")] if predictions else []
    warnings = (text for finding in findings for text in finding["warnings"])
    rows += [("warning", text) for text in dict.fromkeys(warnings)]
    rows += [("reviewers", f"{voting.reviewer_count(db):,}"), ("errata", version("errata"))]
    return rows


def _in_words(one: Mapping[str, Any]) -> str:
    return (
        f"{one['name']}, {one['folds']} folds, seed {one['seed']}: accuracy "
        f"{one['accuracy']:.4f}, data SHA-256 {one['data']['sha256']}, SHA-256 {one['sha256']}"
    )
