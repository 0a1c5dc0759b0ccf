"""Find the examples whose labels are probably wrong where each may have several, or none.

Each label is a question of its own, whether it applies: one label against the rest. Reads the
probabilities in chunks of rows once, to check them, and then in blocks of columns.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int

from errata import arrays
from errata.core import joint as joints
from errata.core import multilabel, ranking
from errata.core.multilabel import AgainstRest
from errata.core.ranking import Score
from errata.core.selection import RULES, Rule, codes_of, rules_of
from errata.engine.base import Progress
from errata.engine.local import LocalEngine
from errata.errors import ErrataWarning
from errata.finding import COMPATS, SCORES
from errata.searching import Compat
from errata.sources.dense import even_edges

Result = TypeVar("Result")
Entries = tuple[Int[np.ndarray, "entries"], Int[np.ndarray, "entries"]]
"""Example and class of each."""

_CHUNK_BYTES = 2**22
_FEWEST_ROWS = 64
_MOST_COLUMNS = 32
"""A block of columns: few, so that every thread has its share; a line of memory serves it."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MultilabelFindings:
    """What `find_multilabel` found. Arrays over flagged examples run from the worst on.

    An *entry* is one label of one example: the statement that it applies, or that it does not.

    Attributes
    ----------
    n, classes : numbers of examples and of classes
    rule, score, compat : as asked for
    estimated_errors : how many entries are estimated to be wrong; with ``compat="cleanlab"`` how
        many examples are
    thresholds : mean self-confidence of the entries of each class that do not apply and of those
        that do, ``(classes, 2)``; infinite where there are none
    confident_joint : counts for each class, ``(classes, 2, 2)``, rows given, columns estimated,
        0 where it does not apply, 1 where it does
    label_counts : how many examples each class is given to, ``(classes,)``
    indices : flagged examples, ``(flagged,)``
    given, suggested : their given labels, and these with every flagged entry turned round,
        ``(flagged, classes)`` booleans
    scores : their score, ``(flagged,)``; low is suspicious
    rules : every rule that flags an entry of each of them
    warnings : what one should know about the input
    self_confidence : the lowest of each example's entries, ``(n,)``
    class_names : ``(classes,)`` strings
    """

    n: int
    classes: int
    rule: Rule
    score: Score
    compat: Compat | None
    estimated_errors: int
    thresholds: Float[np.ndarray, "classes 2"]
    confident_joint: Int[np.ndarray, "classes 2 2"]
    label_counts: Int[np.ndarray, "classes"]
    indices: Int[np.ndarray, "flagged"]
    given: Bool[np.ndarray, "flagged classes"]
    suggested: Bool[np.ndarray, "flagged classes"]
    scores: Float[np.ndarray, "flagged"]
    rules: tuple[tuple[Rule, ...], ...]
    warnings: tuple[str, ...]
    self_confidence: Float[np.ndarray, "n"]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def joint(self) -> Float[np.ndarray, "classes 2 2"]:
        """The joint distribution of given and true, for each class: ``(classes, 2, 2)``, sums 1."""
        counts = np.stack([self.n - self.label_counts, self.label_counts], axis=1)
        pairs = zip(self.confident_joint, counts, strict=True)
        shares = (joints.joint(joints.pair_counts(each), sizes) for each, sizes in pairs)
        return np.stack([joints.as_table(*entries, 2) for entries in shares])

    def to_dict(self, most: int | None = None) -> dict[str, Any]:
        """Return plain values for JSON; a threshold of which there are no examples is None.

        Parameters
        ----------
        most : list so many flagged examples, the worst; without it, all
        """
        return {
            "n": self.n,
            "classes": self.classes,
            "rule": self.rule,
            "score": self.score,
            "estimated_errors": self.estimated_errors,
            "thresholds": [
                [float(t) if np.isfinite(t) else None for t in pair] for pair in self.thresholds
            ],
            "warnings": list(self.warnings),
            "flagged": [
                {
                    "index": int(self.indices[place]),
                    "given": np.flatnonzero(self.given[place]).tolist(),
                    "suggested": np.flatnonzero(self.suggested[place]).tolist(),
                    "score": float(self.scores[place]),
                    "rules": list(self.rules[place]),
                }
                for place in range(len(self))[:most]
            ],
        }

    def __repr__(self) -> str:
        wrong = "entries" if self.compat is None else "examples"
        head = (
            f"MultilabelFindings: {len(self):,} of {self.n:,} examples flagged by rule "
            f"{self.rule!r} ({self.estimated_errors:,} wrong {wrong} estimated), "
            f"{self.classes} classes"
        )
        lines = [head, *(self._line(place) for place in range(min(5, len(self))))]
        if len(self) > 5:
            lines.append(f"  and {len(self) - 5:,} more in .indices, .suggested, .scores, .rules")
        return "\n".join(lines)

    def _line(self, place: int) -> str:
        given, suggested = (self._names(which[place]) for which in (self.given, self.suggested))
        return (
            f"  {self.indices[place]}: {given} -> {suggested}, {self.score} "
            f"{self.scores[place]:.4f}, flagged by {', '.join(self.rules[place])}"
        )

    def _names(self, applies: Bool[np.ndarray, "classes"]) -> str:
        return "{" + ", ".join(self.class_names[k] for k in np.flatnonzero(applies)) + "}"


def find_multilabel(
    labels: object,
    probs: object,
    *,
    rule: str = "margin",
    score: str = "normalized_margin",
    compat: str | None = None,
    classes: Sequence[object] | None = None,
    ids: object = None,
    progress: Progress | None = None,
) -> MultilabelFindings:
    """Find the examples whose labels are probably wrong where each may have several, or none.

    Each class is looked at on its own, against the rest: whether it applies is a problem of two
    classes, with the probabilities 1 - p and p. An example is flagged if any of its entries is.

    Parameters
    ----------
    labels : for each example a list of class numbers, or of names with ``classes``, ``[]`` where
        none applies; or a matrix ``(n, m)`` of 0 and 1; or the path of a ``.json`` or ``.npy``
        file of either
    probs : out-of-sample probabilities ``(n, m)``, each that a label applies, so that rows need
        not sum to 1; or an array file's path, which is memory-mapped
    rule : which entries are flagged: ``margin`` (in each class as many lowest normalized margins
        as errors are estimated), ``noise_rate``, ``class``, ``both``, ``confident``, ``argmax``
        (where p and the label lie on different sides of 1/2)
    score : what the flagged examples are sorted by, lowest first: ``normalized_margin``,
        ``self_confidence``, ``weighted_entropy`` of their entries, taken together by
        `errata.core.multilabel.moving_average`
    compat : ``"cleanlab"`` takes the definitions of cleanlab 2.9
    classes : class names in the order of the columns
    ids : settle ties in place of the row number, so that the order of the rows does not matter
    progress : called with what is done and what there is in all, from 0 again for each pass

    Returns
    -------
    `MultilabelFindings`, worst first

    Raises
    ------
    LabelError, ProbabilityError, FileError
        The input cannot be used; the message says why, where and what to do.
    NameUnknownError
        There is no such rule, score or compat.

    Warns
    -----
    ErrataWarning
        The input is used, but something about it is worth knowing; also in ``.warnings``.

    References
    ----------
    Thyagarajan, Snorrason, Northcutt and Mueller (2022), "Identifying Incorrect Annotations in
    Multi-Label Classification Data".

    Examples
    --------
    >>> labels = [[0], [0, 1], [1], [], [0], [1]]
    >>> probs = np.array([[.9, .2], [.8, .9], [.9, .7], [.1, .2], [.7, .1], [.2, .8]])
    >>> find_multilabel(labels, probs, classes=["cat", "dog"])
    MultilabelFindings: 1 of 6 examples flagged by rule 'margin' (1 wrong entries estimated), ...
      2: {dog} -> {cat, dog}, normalized_margin -0.5600, flagged by margin, noise_rate, class,
      both, confident, argmax
    """
    chosen = arrays.as_choice("rule", rule, RULES)
    scored = arrays.as_choice("score", score, SCORES)
    like = None if compat is None else arrays.as_choice("compat", compat, COMPATS)
    table = arrays.as_probs(probs)
    n, n_classes = table.shape
    names = arrays.as_class_names(classes, n_classes)
    given = arrays.as_label_sets(labels, n_classes=n_classes, n=n, classes=classes)
    tie = np.arange(n) if ids is None else ranking.places(arrays.as_ids(ids, n))
    search = _Search(table, given, tie, like == "cleanlab", progress)

    lowest, notes = search.first_pass()
    found = search.each_label()
    label_counts = np.count_nonzero(given, axis=0)
    entries = {name: _entries(found, name) for name in RULES}
    masks = {name: _examples(entries[name], n) for name in RULES}
    if like == "cleanlab":
        errors = int(masks["confident"].sum())
        masks["margin"] = search.margin_cleanlab(errors)
    else:
        errors = sum(each.estimated_errors for each in found)
    notes += arrays.missing_classes_warning(label_counts, names)
    notes += _in_sample_warning(given, found, label_counts)

    flagged = np.flatnonzero(masks[chosen])
    scores = search.scores(scored, flagged)
    order = ranking.order(scores, tie[flagged])
    flagged = flagged[order]
    for note in notes:
        warnings.warn(note, ErrataWarning, stacklevel=2)
    return MultilabelFindings(
        n=n,
        classes=n_classes,
        rule=chosen,
        score=scored,
        compat=like,
        estimated_errors=errors,
        thresholds=np.stack([each.thresholds for each in found]),
        confident_joint=np.stack([each.confident_joint for each in found]),
        label_counts=label_counts,
        indices=flagged,
        given=given[flagged],
        suggested=search.suggested(flagged, entries[chosen]),
        scores=scores[order],
        rules=rules_of(codes_of(masks)[flagged]),
        warnings=notes,
        self_confidence=lowest,
        class_names=names,
    )


@dataclass(frozen=True)
class _Search:
    """One run of `find_multilabel`: the passes over the probabilities."""

    probs: Float[np.ndarray, "n classes"]
    given: Bool[np.ndarray, "n classes"]
    tie: Int[np.ndarray, "n"]
    cleanlab: bool
    progress: Progress | None

    @property
    def _n(self) -> int:
        return len(self.probs)

    def _map(
        self, function: Callable[[int, int], Result], count: int, at_once: int
    ) -> Iterator[Result]:
        cuts = list(pairwise(even_edges(count, at_once).tolist()))
        results = LocalEngine().map(lambda cut: function(*cut), cuts)
        for (_, done), result in zip(cuts, results, strict=True):
            if self.progress:
                self.progress(done, count)
            yield result

    def _rows_at_once(self) -> int:
        return max(_FEWEST_ROWS, _CHUNK_BYTES // (8 * int(self.probs.shape[1])))

    def _exact(self, probs: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Return them in float64, in which 1 - p loses nothing; cleanlab keeps their type."""
        return probs if self.cleanlab else probs.astype(np.float64)

    def first_pass(self) -> tuple[Float[np.ndarray, "n"], tuple[str, ...]]:
        """Check every row; return each example's lowest self-confidence and the warnings."""

        def one(
            start: int, stop: int
        ) -> tuple[arrays.RowFaults, bool, Float[np.ndarray, "rows"] | None]:
            chunk = np.ascontiguousarray(self.probs[start:stop])
            faults = arrays.check_each(chunk, start)
            if faults.not_finite or faults.negative:
                return faults, False, None
            chunk = self._exact(chunk)
            shared = np.abs(chunk.sum(axis=1, dtype=np.float64) - 1) <= arrays.SUM_TOLERANCE
            own = multilabel.self_confidence(self.given[start:stop], chunk)
            return faults, bool(shared.all()), own.min(axis=1)

        faults, shared, parts = arrays.RowFaults(0), True, []
        for part_faults, part_shared, part in self._map(one, self._n, self._rows_at_once()):
            faults = arrays.merge_faults(faults, part_faults)
            shared &= part_shared
            if part is not None:
                parts.append(part)
        notes = arrays.report_each(faults, self.probs.dtype)
        several = int((np.count_nonzero(self.given, axis=1) > 1).sum())
        if shared and several:
            warning = (
                "Every row of probs sums to 1, as those of a softmax do, so the labels of an "
                f"example share that 1; {several:,} examples have several. A probability for each "
                "label on its own (a sigmoid's) was expected."
            )
            notes = (*notes, warning)
        return np.concatenate(parts), notes

    def each_label(self) -> list[AgainstRest]:
        """Return what is found of each class against the rest."""

        def one(start: int, stop: int) -> list[AgainstRest]:
            block = np.ascontiguousarray(self.probs[:, start:stop].T)
            return [
                multilabel.against_rest(
                    self.given[:, start + place],
                    self._exact(column),
                    self.tie,
                    cleanlab=self.cleanlab,
                )
                for place, column in enumerate(block)
            ]

        columns = self.probs.shape[1]
        blocks = self._map(one, columns, min(_MOST_COLUMNS, columns // 4 + 1))
        return [found for block in blocks for found in block]

    def margin_cleanlab(self, wanted: int) -> Bool[np.ndarray, "n"]:
        """Mark the examples of which cleanlab says ``low_normalized_margin``.

        They are as many as `confident` flags, those with the lowest average self-confidence, in
        the order that NumPy's default sort leaves equal ones.
        """

        def one(start: int, stop: int) -> Float[np.ndarray, "rows"]:
            return self._averages("self_confidence", slice(start, stop))

        averages = self._map(one, self._n, self._rows_at_once())
        mask = np.zeros(self._n, bool)
        mask[np.argsort(np.concatenate(list(averages)))[:wanted]] = True
        return mask

    def _averages(
        self, score: Score, rows: "slice | Int[np.ndarray, 'rows']"
    ) -> Float[np.ndarray, "_rows"]:
        entries = multilabel.entry_scores(
            self.given[rows],
            self._exact(np.ascontiguousarray(self.probs[rows])),
            score,
            cleanlab=self.cleanlab,
        )
        return multilabel.moving_average(entries)

    def _cut(self, rows: Int[np.ndarray, "rows"]) -> list[Int[np.ndarray, "_rows"]]:
        step = max(1, _CHUNK_BYTES // (8 * self.probs.shape[1]))
        return [rows[start : start + step] for start in range(0, len(rows), step)]

    def scores(self, score: Score, rows: Int[np.ndarray, "rows"]) -> Float[np.ndarray, "rows"]:
        """Return the score of some examples."""
        parts = [self._averages(score, some) for some in self._cut(rows)]
        return np.concatenate([np.empty(0), *parts])

    def suggested(
        self, rows: Int[np.ndarray, "rows"], entries: Entries
    ) -> Bool[np.ndarray, "rows classes"]:
        """Return the labels of flagged examples with the flagged entries turned round.

        Where an example is flagged as a whole and none of its entries is, the worst one is turned.
        """
        turned: Bool[np.ndarray, "rows classes"] = self.given[rows]
        place = np.full(self._n, -1)
        place[rows] = np.arange(len(rows))
        example, label = entries
        here = place[example] >= 0
        turned[place[example[here]], label[here]] ^= True
        place[example] = -1
        for some in self._cut(rows[place[rows] >= 0]):
            probs = self._exact(self.probs[some])
            own = multilabel.self_confidence(self.given[some], probs)
            turned[place[some], own.argmin(axis=1)] ^= True
        return turned


def _entries(found: Sequence[AgainstRest], rule: Rule) -> Entries:
    examples = [each.flagged[rule] for each in found]
    labels = np.repeat(np.arange(len(found)), [len(each) for each in examples])
    return np.concatenate(examples), labels


def _examples(entries: Entries, n: int) -> Bool[np.ndarray, "n"]:
    mask = np.zeros(n, bool)
    mask[entries[0]] = True
    return mask


def _in_sample_warning(
    given: Bool[np.ndarray, "n classes"],
    found: Sequence[AgainstRest],
    label_counts: Int[np.ndarray, "classes"],
) -> tuple[str, ...]:
    total = int(label_counts.sum())
    example, label = _entries(found, "argmax")
    wrong = int(given[example, label].sum())
    if total < 50 or wrong * 500 >= total:
        return ()
    sums = [
        count * each.thresholds[1]
        for count, each in zip(label_counts.tolist(), found, strict=True)
        if count
    ]
    confidence = math.fsum(sums) / total
    if confidence < 0.95:
        return ()
    warning = (
        f"These probabilities look in-sample: {total - wrong:,} of {total:,} given labels are "
        f"predicted, with a mean probability of {confidence:.3f}. A model that was trained on "
        "these labels repeats their errors; use cross-validated probabilities, of a model that has "
        "not seen the example."
    )
    return (warning,)
