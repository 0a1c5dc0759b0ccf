"""Gathers an audit into what its site says: one row for each candidate, the most suspicious first.

`errata.audit.Audit` is made of this and of the verbs. A kind of fact is read by one question,
however many candidates there are; what is told of single examples is read a chunk at a time, when
the site asks for it.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Integer, Shaped
from sqlalchemy import Connection

from errata import telling
from errata.array_files import PathLike
from errata.asking import is_choice
from errata.comparison import Comparison
from errata.core.accuracy import Sets, corrected_labels, hits, label_sets
from errata.core.confidence import wilson
from errata.core.consensus import CORRECTABLE, MULTI_LABEL, NON_ERROR, OPEN, VOTED
from errata.core.votes import differing
from errata.crowd import Consensus
from errata.errors import ErrataWarning, InputError
from errata.exchange.pseudonyms import pseudonyms
from errata.exchange.reports import report_pattern
from errata.labels import Label, as_label
from errata.reporting import Reporting
from errata.results import POLICIES, ErrorRate, SetVerdicts, Story, Verdicts
from errata.site.addresses import as_link
from errata.site.context import NOT_ASKED, OPEN_HERE, SHOWN_VERDICTS, SiteContext, Told, Votes
from errata.site.sections import certainty_section, kinship_section
from errata.store import records
from errata.words import plural, short_names

MOST_ROWS = 100_000
"""So many candidates have a row, unless it is told otherwise."""

EXEMPLARS = 6
"""So many examples show what a class looks like."""

THUMBNAILS = "thumbnails"
"""The folder of an audit that keeps small pictures; what is in it can be made again."""

USUAL_VOTES, USUAL_THRESHOLD = 5, 3
"""What is asked for where nothing was planned yet: as many as `plan` does."""

_ORDERS = {
    "normalized_margin": "the lowest normalized margin first",
    "self_confidence": "the lowest probability of the given label first",
    "weighted_entropy": "the lowest score by entropy first",
    "crowd": "those first whose label the models agree with least",
    "given_order": "in the order of the list they come from",
    "given_score": "in the order of the list they come from",
}

_EVERY = (
    "Every example in this audit is a candidate. If they were picked out of a larger test set, "
    "this says nothing of the rest of it."
)
"""Said where that is so: an audit cannot know whether the examples that it holds were picked."""

_Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Counted:
    """Verdicts at every threshold, and at which place among them the audit's own stands.

    ``reached`` are those by the threshold of each candidate's own plan; None without a plan.
    """

    thresholds: tuple[int, ...]
    at: int
    verdicts: Sequence[Verdicts | SetVerdicts]
    reached: Verdicts | SetVerdicts | None = None

    @property
    def own(self) -> Verdicts | SetVerdicts | None:
        return self.verdicts[self.at] if self.verdicts else None


class Browsing(Reporting):
    """What a site says of an audit; `errata.audit.Audit` says what the fields are."""

    def _compared(
        self,
        answers: Mapping[str, Integer[np.ndarray, "n _answers"]],
        verdicts: Verdicts,
        checked: Any,
        design: Any,
    ) -> Comparison:
        raise NotImplementedError

    def _given(self, example: int) -> Label:
        raise NotImplementedError

    def site_context(
        self,
        *,
        limit: int = MOST_ROWS,
        media: bool = True,
        originals: str | None = None,
        report_to: str | None = None,
    ) -> SiteContext:
        """Return everything that the site says of this audit; see `errata.build_site`.

        Raises
        ------
        InputError
            The limit is less than 1, the pattern makes no address, or reports cannot be sent to
            ``report_to``.
        """
        if limit < 1:
            raise InputError(f"The limit is {limit}; a number of examples from 1 up was expected.")
        link = None if originals is None else self._link(originals)
        with self._db.read() as db:
            found, plan = records.planned(db), records.newest_plan(db)
            run = records.newest_finding(db)
            if plan is None and run is not None:
                found = records.candidates(db, run["id"])
            rows = _most_suspicious_first(found)
            counted = self._at_all_thresholds(db, plan)
            rate = self._rate_by_chance(db, counted.reached)
            notices = telling.notices(db)
            benchmark, answers = self._benchmark(db, counted)
            releases = records.newest_releases(db)
            stories = self._stories(db, counted.reached)
            run_of = records.planned_findings(db) or ([] if run is None else [run])
        if len(rows) > limit:
            told = f"Shown are the {limit:,} most suspicious of {len(rows):,} candidates."
            notices = (*notices, told)
        table = _Table(rows[:limit], counted, planned=plan is not None)
        context = SiteContext(
            name=self.name,
            n=self.n,
            classes=self.classes,
            multilabel=self.multilabel,
            choice=plan is not None and is_choice(plan),
            kind=self._media.kind if media and self._media is not None else None,
            thresholds=counted.thresholds,
            threshold=counted.thresholds[counted.at],
            votes=USUAL_VOTES if plan is None else plan["votes"],
            planned=plan is not None,
            candidates=len(rows),
            examples=table.examples,
            given=table.given,
            suggested=table.suggested,
            codes=table.codes,
            corrected=table.corrected,
            cast=table.cast,
            differ=table.differ,
            of_class=self._of_class(),
            counts=_counts(counted, len(rows)),
            score=run_of[0]["score"] if run_of else "",
            order=_order(run_of),
            figures=self._figures(rows, run_of, counted, rate),
            rate=_rate(rate),
            notices=notices,
            release=_release(releases, counted.thresholds[counted.at]),
            wrong=self._wrong_by_class(counted),
            benchmark=benchmark,
            answers=answers,
            media=self._media if media else None,
            cache=self.path / THUMBNAILS,
            id_of=self._id_of,
            told=lambda examples: self._told(stories, examples),
            exemplars=lambda label: self.exemplars(label, count=EXEMPLARS),
            link=link,
            report_to=None if report_to is None else report_pattern(report_to),
            errata=version("errata"),
        )
        _check_links(context)
        return context

    # ------------------------------------------------------------ stories

    def _reached(self, db: Connection) -> Verdicts | SetVerdicts | None:
        """Return the verdicts by the thresholds of the plans; None without a plan."""
        return telling.verdicts(
            db,
            Consensus(name="threshold"),
            ids=self.ids,
            classes=self.classes,
            multilabel=self.multilabel,
        )

    def _stories(self, db: Connection, reached: Verdicts | SetVerdicts | None) -> telling.Stories:
        return telling.Stories(
            db,
            n=self.n,
            classes=self.classes,
            verdict_of=telling.verdict_names(reached),
            load=self._arrays.load,
        )

    def _of_example(self, db: Connection) -> dict[str, Callable[[int], Any]]:
        """Return what tells of each example what no table of candidates does."""
        known = self._self_confidence(db)
        return {
            "id_of": self._id_of,
            "given": self._given,
            "confidence": lambda example: None if known is None else float(known[example]),
        }

    def _without_names(self, db: Connection, stories: Iterable[Story]) -> list[Story]:
        """Return stories with pseudonyms in place of the names of people."""
        reviewer = telling.reviewers_in_public(db, self.path)
        maintainer = pseudonyms(self.path, kind="maintainer")
        return [
            replace(
                told,
                votes=tuple({**one, "reviewer": reviewer(one["reviewer"])} for one in told.votes),
                adjudications=tuple(
                    {**one, "maintainer": maintainer(one["maintainer"])}
                    for one in told.adjudications
                ),
            )
            for told in stories
        ]

    def _told(self, stories: telling.Stories, examples: Sequence[int]) -> list[Told]:
        """Return the history of examples for everybody.

        It has no names, times, or paths of a machine, nor what people wrote in their own words.
        """
        with self._db.read() as db:
            found = stories.of(db, examples, **self._of_example(db))
            nameless = self._without_names(db, found)
        told = []
        for story in nameless:
            public = replace(
                story,
                found=_untimed(story.found),
                probabilities=_untimed(story.probabilities),
                votes=_untimed(story.votes),
                adjudications=tuple({**one, "reason": ""} for one in _untimed(story.adjudications)),
                reports=tuple(
                    {**one, "reason": "", "source": ""} for one in _untimed(story.reports)
                ),
                releases=tuple({**one, "path": ""} for one in _untimed(story.releases)),
            )
            rows = [(row["about"], row["story"]) for row in public.rows()]
            told.append(Told(history=rows, confidence=story.self_confidence))
        return told

    # ------------------------------------------------------------ figures

    def _at_all_thresholds(self, db: Connection, plan: _Row | None) -> _Counted:
        if plan is None:
            return _Counted((USUAL_THRESHOLD,), 0, ())
        thresholds = self.thresholds()
        reached, *found = telling.counted(
            db,
            (None, *thresholds),
            ids=self.ids,
            classes=self.classes,
            multilabel=self.multilabel,
        )
        return _Counted(thresholds, thresholds.index(plan["threshold"]), found, reached)

    def _rate_by_chance(
        self, db: Connection, reached: Verdicts | SetVerdicts | None
    ) -> ErrorRate | None:
        """Return the error rate as `error_rate` has it; None where chance drew nothing."""
        if reached is None or not records.drawn_count(db):
            return None
        try:
            return self._rate(self._known(db, reached, Consensus(name="threshold"), "auto"))
        except InputError:  # reviewers slip so often that nothing follows
            return None

    def _of_class(self) -> Int[np.ndarray, "classes"]:
        return _by_class(self.labels, np.arange(self.n), len(self.classes))

    def _wrong_by_class(self, counted: _Counted) -> list[list[Any]]:
        """Return a row for each class that was checked: see ``confusion`` in `errata.site.data`."""
        if counted.own is None:
            return []
        shape = (len(counted.thresholds), len(self.classes))
        decided, wrong = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for at, verdicts in enumerate(counted.verdicts):
            decided[at] = _by_class(
                self.labels, verdicts.examples[verdicts.codes != OPEN], shape[1]
            )
            wrong[at] = _not_confirmed(verdicts, shape[1])
        low, high = (end.round(4) for end in wilson(wrong, decided))
        of_class = self._of_class()
        return [
            [
                *(label, int(of_class[label]), int(decided[counted.at, label])),
                *(column[:, label].tolist() for column in (wrong, low, high)),
            ]
            for label in np.flatnonzero(decided[counted.at]).tolist()
        ]

    def _link(self, pattern: str) -> Callable[[int, str], str]:
        """Return what makes the address of an example's original, of its number and given label."""
        make = as_link(pattern)
        paths = None if self._media is None else self._media.paths()

        def link(example: int, given: str) -> str:
            path = None if paths is None else paths[example]
            return make(self._id_of(example), example, given, path)

        return link

    def _figures(
        self,
        rows: Sequence[_Row],
        runs: Sequence[_Row],
        counted: _Counted,
        rate: ErrorRate | None,
    ) -> dict[str, Any]:
        """Return the figures of the paper's table 1, as far as this audit knows them."""
        flagged = sum(row.get("stratum") is None for row in rows)
        checked = wrong = 0
        if counted.own is not None:
            decided = counted.own.codes[counted.own.codes != OPEN]
            checked, wrong = len(decided), int((decided != NON_ERROR).sum())
        figures: dict[str, Any] = {
            "size": self.n,
            "kind": None if self._media is None else self._media.kind,
            "model": ", ".join(dict.fromkeys(run["flagger"] for run in runs)) or None,
            "flagged": flagged,
            "checked": checked,
            "wrong": wrong,
            "estimated": None,
            "percent": 100 * wrong / self.n if checked else None,
            "every": _EVERY if 0 < self.n == len(rows) else "",
        }
        if rate is not None and rate.estimate is not None and rate.by_chance:
            share = rate.estimate
            figures |= {"estimated": round(share * self.n), "percent": 100 * share}
            words = list(rate.sentences())
        elif not checked:
            words = ["Nobody has checked a label yet."]
        else:
            found = (
                f"Of {self.n:,} labels, {checked:,} were checked, and {wrong:,} of these were not "
                f"confirmed at {plural(counted.thresholds[counted.at], 'vote')}."
            )
            rest = f"Nobody checked the other {self.n - checked:,}." if checked < self.n else ""
            words = [found, rest]
        return figures | {"words": " ".join(filter(None, [*words, figures["every"]]))}

    def _benchmark(
        self, db: Connection, counted: _Counted
    ) -> tuple[dict[str, Any] | None, dict[str, Int[np.ndarray, "n"]]]:
        """Return what the compared models have right, and their best answers; else nothing."""
        kept = records.array(db, "predictions")
        if kept is None:
            return None, {}
        answers = self._arrays.predictions(kept)
        best = {model: top[:, 0].astype(np.int64) for model, top in answers.items()}
        own = counted.own
        if not isinstance(own, Verdicts) or not len(own):
            return None, best
        compared = self._compared(answers, own, telling.checked(db, own), self._design(db, own))
        right = [self._right(best, verdicts) for verdicts in counted.verdicts]
        return {
            "models": list(short_names(list(best)).values()),
            "policies": list(POLICIES),
            "sets": ["all", "corrected", "checked"],
            "cells": [
                {"threshold": threshold, **cell}
                for threshold, (cells, _) in zip(counted.thresholds, right, strict=True)
                for cell in cells
            ],
            "curves": [
                {"threshold": threshold, **curve}
                for threshold, (_, curve) in zip(counted.thresholds, right, strict=True)
            ],
            "certainty": certainty_section(compared),
            "kinship": kinship_section(compared),
        }, best

    def _right(
        self, best: Mapping[str, Int[np.ndarray, "n"]], verdicts: Verdicts | SetVerdicts
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return how often models are right, by policy and set, and on the ends of their curves."""
        assert isinstance(verdicts, Verdicts), "where examples have sets nothing is compared"
        given = self.labels
        sets = label_sets(self.n, verdicts.examples, verdicts.codes)
        corrected = corrected_labels(given, verdicts.examples, verdicts.suggested, verdicts.codes)
        second = corrected.copy()  # the other of two labels that both apply
        both = verdicts.codes == MULTI_LABEL
        second[verdicts.examples[both]] = verdicts.suggested[both]
        scored = _scored(self.n, verdicts, sets)
        within = {
            "all": np.ones(self.n, dtype=bool),
            "corrected": sets.correctable,
            "checked": np.zeros(self.n, dtype=bool),
        }
        within["checked"][verdicts.examples[verdicts.codes != OPEN]] = True
        hit: dict[str, list[Bool[np.ndarray, "n"]]] = {"given": [], "corrected": [], "either": []}
        for top in (answer[:, np.newaxis] for answer in best.values()):
            hit["given"].append(hits(top, given, 1))
            hit["corrected"].append(hits(top, corrected, 1))
            hit["either"].append(hit["corrected"][-1] | hits(top, second, 1))
        by = {"drop_ambiguous": "corrected", "keep_given": "corrected", "multi_label": "either"}
        cells = [
            {
                "policy": policy,
                "set": name,
                "n": [int(subset.sum()), int((subset & scored[policy]).sum())],
                "before": _hits_in(hit["given"], subset),
                "after": _hits_in(hit[by[policy]], subset & scored[policy]),
            }
            for policy in POLICIES
            for name, subset in within.items()
        ]
        curve = {
            "benign": int(sets.benign.sum()),
            "correctable": int(sets.correctable.sum()),
            "on_benign": _hits_in(hit["given"], sets.benign),
            "given": _hits_in(hit["given"], sets.correctable),
            "corrected": _hits_in(hit["corrected"], sets.correctable),
        }
        return cells, curve


def build_site(
    audits: Sequence[Browsing],
    out: PathLike,
    *,
    limit: int = MOST_ROWS,
    media: bool = True,
    originals: str | None = None,
    report_to: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the site of one or more audits into the folder ``out``, which it returns.

    Its pages work from a file, from any web host and offline. The same audits give the same bytes.
    An earlier site at ``out`` is replaced once the new one is whole.

    Parameters
    ----------
    audits : one, whose pages are in ``out`` itself; or several, each with a folder there, and a
        list of them
    limit : so many of each audit's candidates are shown, the most suspicious
    media : whether pictures, texts, sounds and the rows of tables are copied into the site. Leave
        them out where their licence forbids it
    originals : the address of an example's original, with ``{id}``, ``{index}``, ``{given}`` or
        ``{path}`` (of its file, relative to the folder of all) in it, to link to
    report_to : where readers report mistakes: the address of a mailbox, or of a page
    progress : called with the parts done and the parts in all

    Raises
    ------
    InputError
        There is no audit, or an option cannot be used; the message says why.
    FileError
        Something else is at ``out``, or it cannot be written to.

    Warns
    -----
    ErrataWarning
        Some examples could not be read, and are not shown.

    Examples
    --------
    >>> import errata, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> audit = errata.Audit.create(folder / "pets.audit", labels=[0, 1], classes=["cat", "dog"])
    >>> sorted(file.name for file in errata.build_site([audit], folder / "site").glob("*.html"))
    ['benchmark.html', 'confusion.html', 'example.html', 'gallery.html', 'index.html']
    """
    from errata.site.building import Site, check_folder, write_site

    if not audits:
        raise InputError("There is no audit to build a site of; one or more were expected.")
    check_folder(Path(out))  # before an audit is read, which takes its time
    options: dict[str, Any] = {"limit": limit, "media": media, "originals": originals}
    contexts = [audit.site_context(**options, report_to=report_to) for audit in audits]
    site = Site(contexts)
    made = write_site(site, Path(out), progress)
    if site.unreadable:
        warnings.warn(
            f"{plural(len(site.unreadable), 'example')} could not be read, and cannot be seen on "
            f"the site. The first: {site.unreadable[0]}",
            ErrataWarning,
            stacklevel=2,
        )
    return made


class _Table:
    """The columns of the rows of a site, as `SiteContext` has them."""

    def __init__(self, rows: Sequence[_Row], counted: _Counted, *, planned: bool) -> None:
        self.examples = np.array([row["example"] for row in rows], dtype=np.int64)
        self.given = [as_label(row["given"]) for row in rows]
        self.suggested = [as_label(row["suggested"]) for row in rows]
        self._place = {example: row for row, example in enumerate(self.examples.tolist())}
        nothing = OPEN_HERE if planned else NOT_ASKED
        shape = (len(counted.thresholds), len(rows))
        self.codes = np.full(shape, nothing, dtype=np.int64)
        self.corrected: list[dict[int, Label]] = [{} for _ in counted.thresholds]
        several = isinstance(counted.own, SetVerdicts) or bool(getattr(counted.own, "chosen", ()))
        self.cast: list[Votes] = [() if several else (0,) * len(VOTED)] * len(rows)
        self.differ: list[float] = [NOT_ASKED] * len(rows)
        for at, verdicts in enumerate(counted.verdicts):
            self._take(at, verdicts, own=at == counted.at)

    def _take(self, at: int, verdicts: Verdicts | SetVerdicts, *, own: bool) -> None:
        """Take over the verdicts at a threshold; the votes, too, where it is the audit's own."""
        codes = np.where(verdicts.codes == OPEN, OPEN_HERE, verdicts.codes).tolist()
        differ = _differing(verdicts) if own else []
        for place, example in enumerate(verdicts.examples.tolist()):
            row = self._place.get(example)
            if row is None:  # beyond the limit
                continue
            self.codes[at, row] = codes[place]
            if codes[place] == CORRECTABLE:
                self.corrected[at][row] = _right_label(verdicts, place)
            if own:
                self.cast[row], self.differ[row] = _cast(verdicts, place), differ[place]
                if isinstance(verdicts, Verdicts):
                    self.suggested[row] = int(verdicts.suggested[place])


def _right_label(verdicts: Verdicts | SetVerdicts, place: int) -> Label:
    if isinstance(verdicts, SetVerdicts):
        return tuple(np.flatnonzero(verdicts.agreed[place]).tolist())
    return int(verdicts.suggested[place])


def _cast(verdicts: Verdicts | SetVerdicts, place: int) -> Votes:
    if isinstance(verdicts, SetVerdicts):
        return tuple(sorted(verdicts.counted(place).items(), key=lambda one: -one[1]))
    if verdicts.chosen:
        return tuple(verdicts.chosen[place].items())
    return tuple(verdicts.votes[place].tolist())


def _differing(verdicts: Verdicts | SetVerdicts) -> list[float]:
    """Return how far reviewers differ on each example: where each ticks labels, on the worst."""
    if isinstance(verdicts, SetVerdicts):
        of = verdicts.reviewers[:, np.newaxis]
        ticked = np.stack([verdicts.votes, of - verdicts.votes], axis=2)
        shares = differing(ticked.reshape(-1, 2)).reshape(verdicts.votes.shape)
        found = shares.max(axis=1, initial=0.0)
    elif verdicts.chosen:
        width = max(map(len, verdicts.chosen), default=0)
        table = np.zeros((len(verdicts), width), dtype=np.int64)
        for place, chosen in enumerate(verdicts.chosen):
            table[place, : len(chosen)] = list(chosen.values())
        found = differing(table)
    else:
        found = differing(verdicts.votes)
    known: list[float] = np.where(np.isnan(found), NOT_ASKED, found).tolist()
    return known


def _most_suspicious_first(rows: Sequence[_Row]) -> list[_Row]:
    """Return candidates in the order of asking, and then what chance drew, worst first.

    Chance asks in an order that says nothing of how suspicious an example is.
    """
    flagged = [row for row in rows if row.get("stratum") is None]
    drawn = [row for row in rows if row.get("stratum") is not None]
    return [*flagged, *sorted(drawn, key=itemgetter("finding", "score", "example"))]


def _scored(n: int, verdicts: Verdicts, sets: Sets) -> dict[str, Bool[np.ndarray, "n"]]:
    """Return on which examples each policy scores models."""
    either = sets.pruned.copy()
    either[verdicts.examples[verdicts.codes == MULTI_LABEL]] = True
    return {
        "drop_ambiguous": sets.pruned,
        "keep_given": np.ones(n, dtype=bool),
        "multi_label": either,
    }


def _hits_in(hit: Iterable[Bool[np.ndarray, "n"]], subset: Bool[np.ndarray, "n"]) -> list[int]:
    return [int(np.count_nonzero(one & subset)) for one in hit]


def _by_class(
    labels: Shaped[np.ndarray, "n *classes"], examples: Int[np.ndarray, "_some"], m: int
) -> Int[np.ndarray, "classes"]:
    """Count examples by their given class; those of several in each."""
    given = labels[examples]
    if given.ndim == 2:
        counts: Int[np.ndarray, "classes"] = np.count_nonzero(given, axis=0)
        return counts
    return np.bincount(given, minlength=m)


def _not_confirmed(verdicts: Verdicts | SetVerdicts, m: int) -> Int[np.ndarray, "classes"]:
    """Count the decided labels of each class that were not confirmed; of several, each alone."""
    closed = verdicts.codes != OPEN
    if isinstance(verdicts, SetVerdicts):
        gone = verdicts.given[closed] & ~verdicts.agreed[closed]
        counts: Int[np.ndarray, "classes"] = np.count_nonzero(gone, axis=0)
        return counts
    return np.bincount(verdicts.given[closed & (verdicts.codes != NON_ERROR)], minlength=m)


def _counts(counted: _Counted, candidates: int) -> list[list[int]]:
    """Return how many candidates have each verdict at each threshold; the others are open."""
    found = []
    for verdicts in counted.verdicts:
        told = Counter(verdicts.names)
        told["open"] += verdicts.unreviewed
        found.append([told[name] for name in SHOWN_VERDICTS])
    nobody = [0] * (len(SHOWN_VERDICTS) - 1)
    return found or [[*nobody, candidates] for _ in counted.thresholds]


def _order(runs: Sequence[_Row]) -> str:
    scores = dict.fromkeys(run["score"] for run in runs)
    told = [_ORDERS.get(score, f"by {score.replace('_', ' ')}") for score in scores]
    return "; ".join(told)


def _rate(rate: ErrorRate | None) -> dict[str, Any] | None:
    if rate is None or rate.estimate is None:
        return None
    return {
        "estimate": rate.estimate,
        "low": rate.low,
        "high": rate.high,
        "confidence": rate.confidence,
        "words": " ".join(rate.sentences()),
    }


def _release(releases: Sequence[_Row], threshold: int) -> dict[str, str] | None:
    """Return the newest release by a threshold, else the newest of all, and by what it was made.

    Examples
    --------
    >>> made = [{"version": "1.1.0", "threshold": 4}, {"version": "1.0.0", "threshold": 3}]
    >>> _release(made, 3), _release(made, 5)
    ({'version': '1.0.0', 'by': '3 votes'}, {'version': '1.1.0', 'by': '4 votes'})
    """
    if not releases:
        return None
    chosen = next((one for one in releases if one["threshold"] == threshold), releases[0])
    by = chosen["threshold"]
    if isinstance(by, Mapping):
        words = f"the model {by['consensus']}"
    elif isinstance(by, int):
        words = plural(by, "vote")
    else:
        words = f"{' or '.join(map(str, by))} votes, as the candidate's plan says"
    return {"version": chosen["version"], "by": words}


def _untimed(rows: Iterable[_Row]) -> tuple[dict[str, Any], ...]:
    """Return parts of a story without times, and without folders of this machine."""
    return tuple(
        {**row, "time": None} | ({"path": Path(row["path"]).name} if "path" in row else {})
        for row in rows
    )


def _check_links(context: SiteContext) -> None:
    """Look at the first link to an original, so that a pattern that makes none is told at once."""
    if context.link is not None and context.rows:
        example = int(context.examples[0])
        context.link(example, "")
