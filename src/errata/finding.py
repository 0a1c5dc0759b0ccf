"""Find the labels that are probably wrong: the verb `find` and its result.

Reads the probabilities in chunks, maps the functions of `core` over them and merges in chunk
order. Two to three passes: self-confidence and the most probable other class; the examples whose
most probable class misses its threshold; the leaders of each pair of classes.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, SupportsIndex, TypeVar, get_args

import numpy as np
from jaxtyping import Bool, Float, Int

from errata import arrays
from errata.core import joint as joints
from errata.core import ranking, selection
from errata.core.ranking import RowStats, Score
from errata.core.selection import RULES, PairLeaders, Pairs, Rule
from errata.core.thresholds import (
    ClassSums,
    mean_self_confidence,
    sums_of_all,
    thresholds,
    thresholds_cleanlab,
)
from errata.engine.local import Progress, map_chunks
from errata.errors import ErrataWarning, InputError
from errata.sources.dense import Dense, normalized

Compat = Literal["cleanlab"]
SCORES: tuple[Score, ...] = get_args(Score)
COMPATS: tuple[Compat, ...] = get_args(Compat)

Result = TypeVar("Result")

_CHUNK_BYTES = 2**22
"""A chunk and the masks made of it stay in a processor's own cache; measured in benchmarks/."""

_MOST_ENTRIES = 2**21
"""Pairs of classes looked at, over the rows of a chunk: some 100 MB with what is made of them."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Findings:
    """What `find` found. Arrays over flagged examples run from the worst to the least bad.

    Attributes
    ----------
    n, classes : numbers of examples and of classes
    rule, score, compat : as asked for
    estimated_errors : how many labels are estimated to be wrong
    thresholds : mean self-confidence of each class, ``(classes,)``; infinite without examples
    confident_joint : counts, ``(classes, classes)``, rows given, columns estimated
    label_counts : how many examples each class is given, ``(classes,)``
    indices : flagged examples, ``(flagged,)``
    given, suggested : their given label, and the most probable other class, ``(flagged,)``
    scores : their score, ``(flagged,)``; low is suspicious
    rules : every rule that flags each of them
    warnings : what one should know about the input
    self_confidence : p(given) of every example, ``(n,)``
    class_names : ``(classes,)`` strings
    """

    n: int
    classes: int
    rule: Rule
    score: Score
    compat: Compat | None
    estimated_errors: int
    thresholds: Float[np.ndarray, "classes"]
    confident_joint: Int[np.ndarray, "classes classes"]
    label_counts: Int[np.ndarray, "classes"]
    indices: Int[np.ndarray, "flagged"]
    given: Int[np.ndarray, "flagged"]
    suggested: Int[np.ndarray, "flagged"]
    scores: Float[np.ndarray, "flagged"]
    rules: tuple[tuple[Rule, ...], ...]
    warnings: tuple[str, ...]
    self_confidence: Float[np.ndarray, "n"]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def joint(self) -> Float[np.ndarray, "classes classes"]:
        """The joint distribution of given (rows) and true labels, ``(classes, classes)``, sum 1."""
        return joints.joint(self.confident_joint, self.label_counts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; the threshold of a class without examples is None."""
        return {
            "n": self.n,
            "classes": self.classes,
            "rule": self.rule,
            "score": self.score,
            "estimated_errors": self.estimated_errors,
            "thresholds": [float(t) if np.isfinite(t) else None for t in self.thresholds],
            "warnings": list(self.warnings),
            "flagged": [
                {
                    "index": int(self.indices[place]),
                    "given": int(self.given[place]),
                    "suggested": int(self.suggested[place]),
                    "score": float(self.scores[place]),
                    "rules": list(self.rules[place]),
                }
                for place in range(len(self))
            ],
        }

    def __repr__(self) -> str:
        head = (
            f"Findings: {len(self):,} of {self.n:,} examples flagged by rule {self.rule!r} "
            f"({self.estimated_errors:,} errors estimated), {self.classes} classes"
        )
        lines = [head, *(self._line(place) for place in range(min(5, len(self))))]
        if len(self) > 5:
            lines.append(f"  and {len(self) - 5:,} more in .indices, .suggested, .scores, .rules")
        return "\n".join(lines)

    def _line(self, place: int) -> str:
        given, suggested = self.given[place], self.suggested[place]
        return (
            f"  {self.indices[place]}: {self.class_names[given]} -> {self.class_names[suggested]}, "
            f"{self.score} {self.scores[place]:.4f}, flagged by {', '.join(self.rules[place])}"
        )


def find(
    labels: object,
    probs: object,
    *,
    rule: str = "margin",
    score: str = "normalized_margin",
    compat: str | None = None,
    classes: Sequence[object] | None = None,
    ids: object = None,
    normalize: bool = False,
    count: SupportsIndex | None = None,
    threads: SupportsIndex | None = None,
    chunk_rows: SupportsIndex | None = None,
    progress: Progress | None = None,
) -> Findings:
    """Find the labels that are probably wrong.

    Parameters
    ----------
    labels : given labels, integers ``(n,)``, or strings with ``classes``; or an array file's path
    probs : out-of-sample probabilities ``(n, m)``, rows summing to 1; or an array file's path,
        which is memory-mapped
    rule : which examples are flagged: ``margin`` (the paper: as many lowest normalized margins
        as errors are estimated), ``noise_rate``, ``class``, ``both``, ``confident``, ``argmax``
        (the quick trick)
    score : what the flagged examples are sorted by, lowest first: ``normalized_margin``,
        ``self_confidence``, ``weighted_entropy``
    compat : ``"cleanlab"`` takes the definitions of cleanlab 2.9 in place of the paper's
    classes : class names in the order of the columns
    ids : settle ties in place of the row number, so that the order of the rows does not matter;
        compared as text
    normalize : divide each row of ``probs`` by its sum
    count : for rule ``margin``: flag so many of the lowest margins, in place of as many as errors
        are estimated
    threads, chunk_rows : how the work is cut; neither changes the result
    progress : called with the rows done and the rows in all, from 0 again for each pass

    Returns
    -------
    `Findings`, worst first

    Raises
    ------
    LabelError, ProbabilityError, FileError
        The input cannot be used; the message says why, where and what to do.
    NameUnknownError
        There is no such rule, score or compat.
    InputError
        A number that counts things is below 1, or ``count`` is given to another rule.

    Warns
    -----
    ErrataWarning
        The input is used, but something about it is worth knowing; also in ``Findings.warnings``.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 1, 1, 1])
    >>> p = np.array([0.9, 0.8, 0.1, 0.2, 0.3, 0.1])
    >>> find(labels, np.stack([p, 1 - p], axis=1))
    Findings: 1 of 6 examples flagged by rule 'margin' (1 errors estimated), 2 classes
      2: 0 -> 1, normalized_margin -0.8000, flagged by margin, noise_rate, class, both, confident,
      argmax
    """
    chosen = arrays.as_choice("rule", rule, RULES)
    scored = arrays.as_choice("score", score, SCORES)
    like = None if compat is None else arrays.as_choice("compat", compat, COMPATS)
    count = arrays.as_count("count", count)
    threads, chunk_rows = (
        arrays.as_count(name, value)
        for name, value in (("threads", threads), ("chunk_rows", chunk_rows))
    )
    if count is not None and chosen != "margin":
        raise InputError(
            f"count says how many of the lowest margins rule 'margin' flags; rule {chosen!r} has a "
            "cut of its own. Leave count out, or take rule 'margin'."
        )
    source = Dense(arrays.as_probs(probs))
    names = arrays.as_class_names(classes, source.n_classes)
    given = arrays.as_labels(labels, n_classes=source.n_classes, n=source.n, classes=classes)
    tie = np.arange(source.n) if ids is None else ranking.places(arrays.as_ids(ids, source.n))
    search = _Search(source, given, tie, like, normalize, threads, chunk_rows, progress)

    stats, sums, notes = search.first_pass(names)
    means = thresholds_cleanlab(sums) if like == "cleanlab" else thresholds(sums)
    estimate = search.estimates(stats, means)
    confident = joints.confident_joint(given, estimate, source.n_classes)
    if like == "cleanlab":
        np.fill_diagonal(confident, np.maximum(confident.diagonal(), 1))
    masks = search.flag(stats, estimate, confident, sums.counts, count)
    errors = (
        int(masks["confident"].sum())
        if like == "cleanlab"
        else joints.error_count(confident, source.n)
    )

    flagged = np.flatnonzero(masks[chosen])
    suggested, scores = search.suggestions(scored, stats, flagged)
    order = ranking.order(scores, tie[flagged])
    flagged = flagged[order]
    for note in notes:
        warnings.warn(note, ErrataWarning, stacklevel=2)
    return Findings(
        n=source.n,
        classes=source.n_classes,
        rule=chosen,
        score=scored,
        compat=like,
        estimated_errors=errors,
        thresholds=means,
        confident_joint=confident,
        label_counts=sums.counts,
        indices=flagged,
        given=given[flagged],
        suggested=suggested[order],
        scores=scores[order],
        rules=selection.rules_of(masks, flagged),
        warnings=notes,
        self_confidence=stats.self_confidence,
        class_names=names,
    )


@dataclass(frozen=True)
class _Search:
    """One run of `find`: the passes over the probabilities."""

    source: Dense
    given: Int[np.ndarray, "n"]
    tie: Int[np.ndarray, "n"]
    compat: Compat | None
    normalize: bool
    threads: int | None
    chunk_rows: int | None
    progress: Progress | None

    def _map(
        self,
        function: Callable[[int, int], Result],
        n_rows: int | None = None,
        *,
        grain: int = 1,
        most_rows: int = 2**20,
    ) -> Iterator[Result]:
        row_bytes = self.source.array.dtype.itemsize * self.source.n_classes
        rows = self.chunk_rows or grain * _CHUNK_BYTES // row_bytes
        return map_chunks(
            function,
            self.source.n if n_rows is None else n_rows,
            chunk_rows=max(1 if self.chunk_rows else 64, min(rows, most_rows)),
            threads=self.threads,
            progress=self.progress,
        )

    def _read(self, start: int, stop: int) -> Float[np.ndarray, "rows classes"]:
        chunk = self.source.read(start, stop)
        return normalized(chunk) if self.normalize else chunk

    def _take(
        self, rows: Int[np.ndarray, "rows"], columns: Int[np.ndarray, "columns"] | None = None
    ) -> Float[np.ndarray, "rows _columns"]:
        if self.normalize:
            chunk = normalized(self.source.take(rows))
            return chunk if columns is None else chunk[:, columns]
        return self.source.take(rows, columns)

    def first_pass(self, names: Sequence[str]) -> tuple[RowStats, ClassSums, tuple[str, ...]]:
        """Check every row; return the row statistics, the class sums and the warnings."""

        def one(start: int, stop: int) -> tuple[arrays.RowFaults, RowStats | None]:
            chunk = self.source.read(start, stop)
            top, in_order = arrays.largest(chunk)
            faults = arrays.check_rows(chunk, start, in_order=in_order)
            if arrays.unusable(faults, normalize=self.normalize):
                return faults, None
            if self.normalize:
                chunk = normalized(chunk)
            if self.normalize or not in_order:
                top = chunk.argmax(axis=1)
            return faults, ranking.row_stats(self.given[start:stop], chunk, top)

        faults = arrays.RowFaults(0)
        parts = []
        for part_faults, part in self._map(one):
            faults = arrays.merge_faults(faults, part_faults)
            if part is not None:
                parts.append(part)
        notes = arrays.report_faults(faults, self.source.array.dtype, normalize=self.normalize)
        stats = ranking.concatenate_stats(parts)
        sums = sums_of_all(self.given, stats.self_confidence, self.source.n_classes)
        notes += arrays.missing_classes_warning(sums.counts, names)
        notes += _in_sample_warning(stats, sums)
        return stats, sums, notes

    def estimates(
        self, stats: RowStats, means: Float[np.ndarray, "classes"]
    ) -> Int[np.ndarray, "n"]:
        """Return the confident estimates; most examples need no second look."""
        cleanlab = self.compat == "cleanlab"
        bars = means - 1e-6 if cleanlab else means
        most = 1 + 2 * arrays.SUM_TOLERANCE
        reached, left = joints.settled(stats.top, stats.top_confidence, bars, most)
        estimate = np.where(reached, stats.top, -1)
        unsettled = np.flatnonzero(~reached & (left >= bars.min()))
        if not len(unsettled):
            return estimate
        columns = np.flatnonzero(bars <= left[unsettled].max())  # no other can be reached
        their_bars = joints.bars_in(stats.top_confidence.dtype, bars[columns])
        beyond = len(columns)  # stands for the most probable of all classes

        def one(start: int, stop: int) -> Int[np.ndarray, "rows"]:
            probs = self._take(unsettled[start:stop], columns)
            several = np.full(len(probs), beyond) if cleanlab else None
            return joints.estimates(probs, their_bars, several=several)

        look = np.concatenate(list(self._map(one, len(unsettled))))
        estimate[unsettled] = np.where(
            look == beyond, stats.top[unsettled], np.append(columns, -1)[look]
        )
        return estimate

    def flag(
        self,
        stats: RowStats,
        estimate: Int[np.ndarray, "n"],
        confident: Int[np.ndarray, "classes classes"],
        label_counts: Int[np.ndarray, "classes"],
        count: int | None,
    ) -> dict[Rule, Bool[np.ndarray, "n"]]:
        """Return the mask of every rule; ``count`` is how many rule ``margin`` is to flag."""
        cleanlab = self.compat == "cleanlab"
        calibrated = joints.calibrated_counts_cleanlab if cleanlab else joints.calibrated_counts
        counts = calibrated(confident, label_counts)
        pairs = selection.pairs_of(counts)
        leaders = self.leaders(pairs, label_counts)
        by_class = (
            selection.by_class_cleanlab(self.given, stats.self_confidence, counts)
            if cleanlab
            else selection.by_class(self.given, stats.self_confidence, self.tie, counts)
        )
        masks = selection.flags(
            self.given,
            stats,
            estimate,
            noise_rate=selection.by_noise_rate(leaders, self.source.n),
            of_class=by_class,
            cleanlab=cleanlab,
        )
        if cleanlab:
            errors = int(masks["confident"].sum())
        else:
            errors = joints.error_count(confident, self.source.n)
        wanted = errors if count is None else count
        masks["margin"] = ranking.lowest(self.margins(stats, wanted), self.tie, wanted)
        return masks

    def leaders(self, pairs: Pairs, label_counts: Int[np.ndarray, "classes"]) -> PairLeaders:
        """Return the leaders of every pair of classes."""

        def one(start: int, stop: int) -> PairLeaders:
            return selection.pair_leaders(
                self.given[start:stop],
                self._read(start, stop),
                pairs,
                start=start,
                tie=self.tie[start:stop],
            )

        # Few numbers of each row are read, so a chunk may have many rows; but each of them stands
        # for as many entries as its class has pairs.
        entries = int(pairs.lengths @ label_counts) // self.source.n + 1
        held: list[PairLeaders] = []
        for part in self._map(one, most_rows=_MOST_ENTRIES // entries, grain=16):
            held.append(part)
            if sum(len(each.pair) for each in held) > _MOST_ENTRIES:
                held = [selection.merge_leaders(held, pairs)]
        return selection.merge_leaders(held, pairs)

    def margins(self, stats: RowStats, wanted: int) -> Float[np.ndarray, "n"]:
        """Return normalized margins, of which at least the ``wanted`` lowest are right.

        Negative ones are known from the first look; the rest needs a second only where more are
        wanted than are negative.
        """
        if wanted <= int(selection.by_argmax(stats).sum()):
            return stats.shortfall()

        def one(start: int, stop: int) -> Float[np.ndarray, "rows"]:
            _, confidence = ranking.others(self.given[start:stop], self._read(start, stop))
            return ranking.normalized_margin(stats.self_confidence[start:stop], confidence)

        return np.concatenate(list(self._map(one)))

    def suggestions(
        self, score: Score, stats: RowStats, rows: Int[np.ndarray, "rows"]
    ) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"]]:
        """Return the most probable other class and the score, in float64, of some examples."""
        # where the most probable class is not the given one, the first look has found it
        other, confidence = stats.top[rows], stats.top_confidence[rows]
        agreeing = np.flatnonzero(other == self.given[rows])
        for some in self._cut(agreeing):
            other[some], confidence[some] = ranking.others(
                self.given[rows[some]], self._take(rows[some])
            )
        mine = stats.self_confidence[rows]
        if score == "weighted_entropy":
            parts = [
                self._entropy(mine[some], rows[some]) for some in self._cut(np.arange(len(rows)))
            ]
            return other, np.concatenate([np.empty(0), *parts])
        if score == "self_confidence":
            return other, mine.astype(np.float64)
        margin = ranking.normalized_margin(mine, confidence)
        return other, (margin + 1) / 2 if self.compat == "cleanlab" else margin

    def _cut(self, rows: Int[np.ndarray, "rows"]) -> list[Int[np.ndarray, "_rows"]]:
        step = max(1, _CHUNK_BYTES // (8 * self.source.n_classes))
        return [rows[start : start + step] for start in range(0, len(rows), step)]

    def _entropy(
        self, self_confidence: Float[np.ndarray, "rows"], rows: Int[np.ndarray, "rows"]
    ) -> Float[np.ndarray, "rows"]:
        cleanlab = self.compat == "cleanlab"
        entropy = ranking.weighted_entropy_cleanlab if cleanlab else ranking.weighted_entropy
        return entropy(self_confidence, self._take(rows))


def _in_sample_warning(stats: RowStats, sums: ClassSums) -> tuple[str, ...]:
    n = len(stats.self_confidence)
    wrong = int(selection.by_argmax(stats).sum())
    confidence = mean_self_confidence(sums)
    # the best published model of MNIST, out of sample, errs on 0.9 %
    if n < 50 or wrong * 500 >= n or confidence < 0.95:
        return ()
    warning = (
        f"These probabilities look in-sample: {n - wrong:,} of {n:,} predictions equal the given "
        f"label and the mean probability of the given label is {confidence:.3f}. A model that was "
        "trained on these labels repeats their errors; use cross-validated probabilities, of a "
        "model that has not seen the example."
    )
    return (warning,)
