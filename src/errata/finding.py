"""Find the labels that are probably wrong: the verb `find` and its result.

Takes in what users hand in and says what is wrong with it; the passes over the probabilities are
in `errata.searching`. In place of probabilities it takes the answers of several models, as votes.
"""

import contextlib
import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, SupportsIndex, get_args

import numpy as np
from jaxtyping import Float, Int, Integer

from errata import arrays
from errata.array_files import PathLike, load_array
from errata.core import joint as joints
from errata.core import ranking, selection
from errata.core.crowd import CROWD, FEWEST_VOTERS, Voters, models_as_voters
from errata.core.cutoff import Cutoff, rule_orders
from errata.core.joint import PairCounts
from errata.core.ranking import Score
from errata.core.selection import REVIEWED, RULES, Rule
from errata.core.thresholds import thresholds, thresholds_cleanlab
from errata.engine.base import Engine, Progress
from errata.engine.local import LocalEngine
from errata.engine.partial import Partial
from errata.errors import (
    ErrataWarning,
    FileError,
    InputError,
    PredictionError,
    ProbabilityError,
)
from errata.files import unfinished
from errata.searching import (
    VIEW_BYTES,
    Compat,
    Search,
    columns_of,
    in_sample_warning,
    unrelated_warning,
    usable_rows,
    whole,
)
from errata.sources.average import Average
from errata.sources.base import Source
from errata.sources.labels import NamedLabels, read_labels
from errata.sources.opening import check_whole, open_probs
from errata.sources.predictions import read_predictions
from errata.sources.stacked import class_columns, few_of, listed, place_of_row, shards_told
from errata.store.files import check_replaceable

SCORES: tuple[Score, ...] = get_args(Score)
COMPATS: tuple[Compat, ...] = get_args(Compat)

Learn = Callable[[Mapping[str, Int[np.ndarray, "n"]], Float[np.ndarray, "n guesses"]], Cutoff]
"""What chooses a cut, of orders of all examples, by guesses at how probable errors are."""

LEARNS_FROM_REVIEWS = (
    "Rule 'reviewed' learns its cut from reviewed examples, which an audit has: make one (`errata "
    "init`), have some examples reviewed that chance draws (`errata plan AUDIT --goal rate`), and "
    "then `errata find AUDIT --rule reviewed`."
)

MOST_DENSE = 4096
"""With more classes the joint is sparse: a table of 21,841 classes would take 3.8 GB."""

_MOST_CLASSES_CLEANLAB = 10_000
"""Its table of all pairs takes 0.8 GB then, several times over."""

_SMALL_PART = 2**20
"""Bytes of a part below which it is not worth a thread."""

_MOST_ROWS = 2**17
"""Rows of a part, however narrow they are: what is made of them takes memory too."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Findings:
    """What `find` found. Arrays over flagged examples run from the worst to the least bad.

    Where models vote, their posterior stands for probabilities: ``thresholds`` are its means, and
    ``confident_joint`` counts given against most probable labels.

    Attributes
    ----------
    n, classes : numbers of examples and of classes
    rule, score, compat : as asked for; with models as voters rule and score are ``"crowd"``
    estimated_errors : how many labels are estimated to be wrong
    thresholds : mean self-confidence of each class, ``(classes,)``; infinite without examples
    confident_joint : counts, ``(classes, classes)``, rows given, columns estimated; an array, or
        with more than 4,096 classes a `scipy.sparse.csr_array`
    label_counts : how many examples each class is given, ``(classes,)``
    indices : flagged examples, ``(flagged,)``
    given, suggested : their given label, and the most probable other class, ``(flagged,)``
    scores : their score, ``(flagged,)``; low is suspicious
    rules : every rule that flags each of them
    warnings : what one should know about the input
    self_confidence : p(given) of every example, ``(n,)``; where these are many, mapped from a file
        that is gone once nobody refers to them
    class_names : ``(classes,)`` strings
    cutoff : of rule ``reviewed``: what was chosen, and how good it is; of others None
    """

    n: int
    classes: int
    rule: Rule | Literal["crowd"]
    score: Score | Literal["crowd"]
    compat: Compat | None
    estimated_errors: int
    thresholds: Float[np.ndarray, "classes"]
    confident_joint: Any
    label_counts: Int[np.ndarray, "classes"]
    indices: Int[np.ndarray, "flagged"]
    given: Int[np.ndarray, "flagged"]
    suggested: Int[np.ndarray, "flagged"]
    scores: Float[np.ndarray, "flagged"]
    rules: tuple[tuple[Rule | Literal["crowd"], ...], ...]
    warnings: tuple[str, ...]
    self_confidence: Float[np.ndarray, "n"]
    class_names: tuple[str, ...]
    cutoff: Cutoff | None = None

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def joint(self) -> Any:
        """The joint distribution of given (rows) and true labels, ``(classes, classes)``, sum 1.

        An array, or with more than 4,096 classes a `scipy.sparse.csr_array`.
        """
        given, true, share = joints.joint(_pair_counts(self.confident_joint), self.label_counts)
        return _table(given, true, share, self.classes)

    def to_dict(self, most: int | None = None) -> dict[str, Any]:
        """Return plain values for JSON; the threshold of a class without examples is None.

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
            **({} if self.cutoff is None else {"cutoff": self.cutoff.to_dict()}),
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
                for place in range(len(self))[:most]
            ],
        }

    def __repr__(self) -> str:
        # what reviews told of a cut is surer than what was estimated before them
        told = self.cutoff or f"{self.estimated_errors:,} errors estimated"
        head = (
            f"Findings: {len(self):,} of {self.n:,} examples flagged by rule {self.rule!r} "
            f"({told}), {self.classes} classes"
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
    probs: object = None,
    *,
    predictions: object = None,
    rule: str | Learn = "margin",
    score: str = "normalized_margin",
    compat: str | None = None,
    classes: Sequence[object] | None = None,
    n_classes: SupportsIndex | None = None,
    label_column: str | None = None,
    ids: object = None,
    normalize: bool = False,
    count: SupportsIndex | None = None,
    engine: Engine | None = None,
    threads: SupportsIndex | None = None,
    chunk_rows: SupportsIndex | None = None,
    resume: PathLike | None = None,
    scores_out: PathLike | None = None,
    progress: Progress | None = None,
    until: contextlib.ExitStack | None = None,
) -> Findings:
    """Find the labels that are probably wrong.

    Probabilities are read piece by piece, from wherever they lie, and memory does not grow with
    their number, apart from what is flagged. However they are stored and read, the result has the
    same bytes.

    Parameters
    ----------
    labels : given labels, integers ``(n,)``, or strings with ``classes``; or the path of an array
        file, or of a CSV or Parquet file with a column of them
    probs : out-of-sample probabilities ``(n, m)``, rows summing to 1: an array; the path or URL of
        a ``.npy``, ``.npz``, Parquet or Zarr file, or of a folder of shards; a list of paths of
        shards; `TopK`, the best few classes alone; or the mean of several models', which
        `open_average` returns
    predictions : in place of ``probs``, what three models or more answer: see `read_predictions`.
        The best answer of each to an example is its vote, see `models_as_voters`; more answers, or
        probabilities, tell which that is and no more. Flagged are the examples of which another
        label is more probable than the given one. Rule, score, compat, normalize, engine, threads,
        chunk_rows and resume cannot be chosen then
    rule : which examples are flagged: ``margin`` (the paper: as many lowest normalized margins
        as errors are estimated), ``noise_rate``, ``class``, ``both``, ``confident``, ``argmax``
        (the quick trick). Or a function that chooses a cut, as an audit hands in, which learns it
        from its reviews: it takes the order of all examples by each rule, ``{rule: (n,)}`` from
        the worst on, and guesses at how probable errors are, ``(n, guesses)``, and returns a
        `errata.core.cutoff.Cutoff`. The rule is ``"reviewed"`` then
    score : what the flagged examples are sorted by, lowest first: ``normalized_margin``,
        ``self_confidence``, ``weighted_entropy``
    compat : ``"cleanlab"`` takes the definitions of cleanlab 2.9 in place of the paper's, and
        keeps one number of every example in memory
    classes : class names in the order of the columns
    n_classes : how many there are, where neither the probabilities (best few classes, predictions)
        nor ``classes`` tell
    label_column : the column of the labels in a table
    ids : settle ties in place of the row number, so that the order of the rows does not matter;
        compared as text
    normalize : divide each row of ``probs`` by its sum; of an average, each row of each model
    count : for rule ``margin``: flag so many of the lowest margins, in place of as many as errors
        are estimated. With predictions: flag so many of those least probably right
    engine : what does the work: `LocalEngine`, threads of this process, or `RayEngine`, a cluster
    threads, chunk_rows : how the work is cut; neither changes the result
    resume : a folder for partial results. What a stopped run left there is not done again; once
        the search is done, they are removed
    scores_out : a ``.npy`` file to write the score of every example into, float32 ``(n,)``
    progress : called with the rows done and the rows in all, from 0 again for each pass
    until : keep the partial results until this is closed, and on if that is for an error, so that
        what is found can be written down first; without it, until `find` returns

    Returns
    -------
    `Findings`, worst first

    Raises
    ------
    LabelError, ProbabilityError, PredictionError, FileError
        The input cannot be used; the message says why, where and what to do.
    NameUnknownError
        There is no such rule, score or compat.
    InputError
        A number that counts things is below 1, ``count`` is given to another rule or is more than
        can be doubted, an option does not go with predictions, or rule ``reviewed`` has no reviews
        to learn from.
    MissingExtraError
        What is needed to read this kind of file is not installed.

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
    >>> answers = {"svm": [0, 0, 1, 1, 1, 1], "cnn": [0, 0, 1, 0, 1, 1], "vit": [0, 1, 1, 1, 1, 1]}
    >>> find(labels, predictions=answers, n_classes=2)
    Findings: 1 of 6 examples flagged by rule 'crowd' (1 errors estimated), 2 classes
      2: 0 -> 1, crowd 0.2922, flagged by crowd
    """
    if predictions is not None:
        large: dict[str, object] = {"compat": compat, "normalize": normalize or None}
        large |= {"engine": engine, "resume": resume, "threads": threads, "chunk_rows": chunk_rows}
        voted = REVIEWED if callable(rule) else rule
        _check_voted(voted, score, {"probs": probs, **large})
        return _find_voted(
            labels,
            predictions,
            classes=classes,
            n_classes=arrays.as_count("n_classes", n_classes),
            label_column=label_column,
            ids=ids,
            count=arrays.as_count("count", count),
            scores_out=scores_out,
        )
    if score == CROWD:
        raise InputError(
            "The score 'crowd' is that of models as voters: give predictions (--predictions) in "
            "place of probabilities."
        )
    learn = rule if callable(rule) else None
    chosen = REVIEWED if callable(rule) else arrays.as_choice("rule", rule, (*RULES, REVIEWED))
    if chosen == REVIEWED and learn is None:
        raise InputError(LEARNS_FROM_REVIEWS)
    scored = arrays.as_choice("score", score, SCORES)
    like = None if compat is None else arrays.as_choice("compat", compat, COMPATS)
    count, threads, chunk_rows, n_classes = (
        arrays.as_count(name, value)
        for name, value in (
            ("count", count),
            ("threads", threads),
            ("chunk_rows", chunk_rows),
            ("n_classes", n_classes),
        )
    )
    if count is not None and chosen != "margin":
        raise InputError(
            f"count says how many of the lowest margins rule 'margin' flags; rule {chosen!r} has a "
            "cut of its own. Leave count out, or take rule 'margin'."
        )
    if engine is not None and (isinstance(engine, type) or not isinstance(engine, Engine)):
        raise InputError(
            f"engine is {engine!r}; an engine was expected, such as errata.RayEngine() or "
            "errata.LocalEngine()."
        )
    source = open_probs(probs, n_classes=n_classes, class_names=classes)
    if normalize and (k := listed(source)) is not None:
        raise InputError(
            f"normalize divides each row by its sum, but of {source.name} only the best {k} of "
            f"{source.n_classes} classes are known, which need not sum to 1. Leave it out."
        )
    if isinstance(source, Average):
        normalize = normalize or source.normalize
        source = source.normalized() if normalize else source
    if normalize:
        check_whole(source)
    if like == "cleanlab" and source.n_classes > _MOST_CLASSES_CLEANLAB:
        raise InputError(
            f"compat='cleanlab' works on a table of all pairs of classes, which is too large for "
            f"{source.n_classes:,} classes ({_MOST_CLASSES_CLEANLAB:,} at most). Leave it out."
        )
    names = arrays.as_class_names(classes, source.n_classes)
    known = () if classes is None else _other_columns_warning(source, names)
    hint = _columns_taken(source) if classes is None else ""
    given = _given(labels, label_column, source, classes)
    tie = None if ids is None else ranking.places(arrays.as_ids(ids, source.n))
    local = LocalEngine(threads)
    engine = engine or local
    edges = source.edges(chunk_rows or _part_rows(source, engine, kept=resume is not None))
    job = _job(source, given, normalize=normalize) if resume is not None else {}
    columns = columns_of(source, normalize=normalize)
    with contextlib.ExitStack() as alone:
        folder = None if resume is None else Path(resume)
        notes = (until or alone).enter_context(Partial.open(folder, job, columns, edges))
        with _score_file(scores_out, source.n) as scores:
            search = Search(
                source, given, tie, like, normalize, engine, local, notes, edges, progress
            )
            findings = _search(
                search, chosen, scored, count, names, learn=learn, known=known, hint=hint
            )
            if scores is not None:
                search.write_scores(scored, scores)
        for note in findings.warnings:
            warnings.warn(note, ErrataWarning, stacklevel=2)
        notes.finish_at_exit()  # last of all: until here a failure loses nothing
    return findings


def _search(
    search: Search,
    rule: Rule,
    score: Score,
    count: int | None,
    names: tuple[str, ...],
    *,
    learn: Learn | None,
    known: tuple[str, ...],
    hint: str,
) -> Findings:
    """Return what is found.

    Parameters
    ----------
    learn : of rule ``reviewed``, what chooses a cut
    known : warnings that the passes need not be waited for
    hint : what to say where rows do not sum to 1
    """
    n, n_classes = search.source.n, search.source.n_classes
    faults = search.first_pass()
    try:
        notes = arrays.report_faults(faults, search.source.dtype, normalize=search.normalize)
    except ProbabilityError as error:
        row = arrays.first_unusable(faults, normalize=search.normalize)
        where = "" if row is None else _place(search.source, row, normalize=search.normalize)
        said = [str(error), where]
        if faults.off:
            said.append(hint)
        raise ProbabilityError(" ".join(filter(None, said))) from None
    notes = known + notes
    tally = search.tally()
    sums = tally.sums
    notes += arrays.missing_classes_warning(sums.counts, names)
    notes += in_sample_warning(tally) + unrelated_warning(tally)
    notes += search.unlisted_warning()
    cleanlab = search.compat == "cleanlab"
    means = thresholds_cleanlab(sums) if cleanlab else thresholds(sums)
    notes += search.estimates(means)
    confident = search.confident_joint()
    if cleanlab:
        confident = joints.with_a_diagonal(confident)
    calibrated = joints.calibrated_counts_cleanlab if cleanlab else joints.calibrated_counts
    off_diagonal = search.flag(calibrated(confident, sums.counts))
    errors = off_diagonal if cleanlab else joints.error_count(confident, n)
    search.flag_margin(errors if count is None else count, tally.wrong)
    cutoff = None if learn is None else _learnt(search, learn)
    found = search.flagged(rule, score)
    order = ranking.order(found.scores, found.examples.tie)
    return Findings(
        n=n,
        classes=n_classes,
        rule=rule,
        score=score,
        compat=search.compat,
        estimated_errors=errors,
        thresholds=means,
        confident_joint=_table(
            confident.given, confident.estimated, confident.counts, confident.n_classes
        ),
        label_counts=sums.counts,
        indices=found.examples.index[order],
        given=found.examples.given[order],
        suggested=found.suggested[order],
        scores=found.scores[order],
        rules=selection.rules_of(found.codes[order]),
        warnings=notes,
        self_confidence=search.notes.columns["self_confidence"],
        class_names=names,
        cutoff=cutoff,
    )


def _learnt(search: Search, learn: Learn) -> Cutoff:
    """Choose a cut, and note what rule ``reviewed`` flags by it."""
    seen = search.seen()
    orders = rule_orders(seen.codes, seen.margin, seen.self_confidence, seen.tie)
    guesses = np.stack([(1 - seen.margin) / 2, 1 - seen.self_confidence], axis=1)
    cutoff = learn(orders, np.clip(guesses, 0, 1))
    search.mark(REVIEWED, orders[cutoff.order][: cutoff.size])
    return cutoff


def _check_voted(rule: str, score: str, others: dict[str, object]) -> None:
    """Check that nothing is asked for that is for probabilities.

    Parameters
    ----------
    others : options that do not go with predictions; None where not given
    """
    wrong = [name for name, value in others.items() if value is not None]
    wrong += ["rule"] if rule not in ("margin", CROWD) else []  # the first stands for none given
    wrong += ["score"] if score not in ("normalized_margin", CROWD) else []
    if wrong:
        raise InputError(
            f"With predictions, models vote: {', '.join(wrong)} cannot be chosen, as that is for "
            "probabilities. Leave it out, or give probabilities in place of predictions."
        )


def _find_voted(
    labels: object,
    predictions: object,
    *,
    classes: Sequence[object] | None,
    n_classes: int | None,
    label_column: str | None,
    ids: object,
    count: int | None,
    scores_out: PathLike | None,
) -> Findings:
    """Find the labels that models as voters hold wrong."""
    known = n_classes if classes is None else len(list(classes))
    if known is None or known < 2:
        found = "Predictions do not tell how many classes there are"
        if known is not None:
            found = f"There are {known} classes, where 2 or more were expected"
        raise InputError(
            f"{found}. Give the class names (--classes classes.json), or how many there are, such "
            "as 10 (--n-classes 10)."
        )
    if n_classes not in (None, known):
        raise InputError(
            f"n_classes is {n_classes}, but there are {known} class names. Leave n_classes out."
        )
    names = arrays.as_class_names(classes, known)
    read = _read(labels, label_column, None if classes is None else names, known)
    given = arrays.as_labels(
        read, n_classes=known, classes=classes, known_by="there are {} classes"
    )
    n = len(given)
    called = None if ids is None else arrays.as_ids(ids, n)
    answers = read_predictions(
        predictions,
        n=n,
        n_classes=known,
        classes=None if classes is None else names,
        ids=None if called is None else [str(one) for one in called],
    )
    if len(answers) < FEWEST_VOTERS:
        raise PredictionError(
            f"There are predictions of {len(answers)} model{'s'[: len(answers) > 1]} "
            f"({', '.join(answers)}), but {FEWEST_VOTERS} or more were expected: where two answers "
            "differ, nobody can tell which of them errs. Add models, or give the probabilities of "
            "one."
        )
    best = np.stack([top[:, 0] for top in answers.values()], axis=1)
    counts = np.bincount(given, minlength=known)
    notes = arrays.missing_classes_warning(counts, names) + _copied_warning(best, given, answers)
    voters = models_as_voters(best, given, known)
    notes += _twins_warning(best, given, list(answers), float(voters.weights.sum()))
    tie = np.arange(n) if called is None else ranking.places(called)
    flagged = _voted_down(voters, tie, count)
    with _score_file(scores_out, n) as scores:
        if scores is not None:
            scores[:] = voters.right
    for note in notes:
        warnings.warn(note, ErrataWarning, stacklevel=3)
    sums = np.bincount(given, weights=voters.right, minlength=known)
    pairs, seen = np.unique(
        given * known + np.where(voters.doubted, voters.rival, given), return_counts=True
    )
    return Findings(
        n=n,
        classes=known,
        rule=CROWD,
        score=CROWD,
        compat=None,
        estimated_errors=round(float(voters.wrong.sum())),
        thresholds=np.divide(sums, counts, out=np.full(known, np.inf), where=counts > 0),
        confident_joint=_table(pairs // known, pairs % known, seen, known),
        label_counts=counts,
        indices=flagged,
        given=given[flagged],
        suggested=voters.rival[flagged],
        scores=voters.right[flagged],
        rules=((CROWD,),) * len(flagged),
        warnings=notes,
        self_confidence=voters.right,
        class_names=names,
    )


def _voted_down(
    voters: Voters, tie: Int[np.ndarray, "n"], count: int | None
) -> Int[np.ndarray, "flagged"]:
    """Return the examples that are flagged, worst first."""
    disputed = np.flatnonzero(voters.doubted if count is None else voters.rival >= 0)
    if count is not None and count > len(disputed):
        raise InputError(
            f"count is {count:,}, but of {len(disputed):,} examples alone any model answers "
            "something else than the given label, so that there is a label to suggest. Take a "
            "count up to that."
        )
    worst: Int[np.ndarray, "flagged"] = disputed[
        ranking.order(voters.right[disputed], tie[disputed])
    ][:count]
    return worst


def _copied_warning(
    best: Integer[np.ndarray, "n models"], given: Int[np.ndarray, "n"], names: Iterable[str]
) -> tuple[str, ...]:
    """Return a warning that names models which answer every given label, or nothing."""
    same = (best == given[:, np.newaxis]).all(axis=0)
    if not same.any():
        return ()
    listed = ", ".join(name for name, copied in zip(names, same.tolist(), strict=True) if copied)
    warning = (
        f"These answer the given label of every example, as no model does: {listed}. If they are "
        "the labels themselves, or were trained on these examples, take them out: each votes that "
        "no label is wrong."
    )
    return (warning,)


def _twins_warning(
    best: Integer[np.ndarray, "n models"],
    given: Int[np.ndarray, "n"],
    names: Sequence[str],
    count: float,
) -> tuple[str, ...]:
    """Return a warning that names models which answer alike on every example, or nothing.

    Parameters
    ----------
    count : as how many voters all models count
    """
    alike: dict[bytes, list[str]] = {}
    for name, column in zip(names, best.T, strict=True):
        if (column != given).any():  # of the others there is another warning
            alike.setdefault(np.ascontiguousarray(column).tobytes(), []).append(name)
    groups = [", ".join(group) for group in alike.values() if len(group) > 1]
    if not groups:
        return ()
    warning = (
        f"These give the same answer to every example, so they count as one voter: "
        f"{'; and these: '.join(groups)}. All {len(names)} models count as {count:.1f} voters, by "
        "how alike they err. Copies of a model add nothing: give one of them, and others."
    )
    return (warning,)


def _given(
    labels: object, column: str | None, source: Source, classes: Sequence[object] | None
) -> Integer[np.ndarray, "n"]:
    """Return the labels as integers of any type, in memory or mapped."""
    names = None if classes is None else arrays.as_class_names(classes, source.n_classes)
    return arrays.as_given(
        _read(labels, column, names, source.n_classes),
        n_classes=source.n_classes,
        n=source.n,
        classes=names,
        hint=lambda more: shards_told(source, too_few=more),
    )


def _read(
    labels: object, column: str | None, names: Sequence[str] | None, n_classes: int
) -> object:
    """Return labels that are not checked yet; names of classes that are known are numbers."""
    read = read_labels(labels, column, names)
    if not isinstance(read, NamedLabels):
        return read
    number = {name: index for index, name in enumerate(names or ())}
    numbers = np.array([number.get(name, -1) for name in read.names])
    if (numbers < 0).any():  # names are told of by their rows
        return np.array(read.names)[read.codes]
    return numbers.astype(np.min_scalar_type(n_classes - 1))[read.codes]


def _place(source: Source, row: int, *, normalize: bool) -> str:
    """Return sentences that say which model of an average is at fault, and in which shard."""
    if isinstance(source, Average):
        place = source.at_fault(row, partial(usable_rows, normalize=normalize))
        if place is not None:
            model = source.models[place]
            said = f"This is {model.name} (model {place} of {len(source.models)}, from 0)."
            return f"{said} {place_of_row(model, row)}".rstrip()
    return place_of_row(source, row)


def _other_columns_warning(source: Source, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return a warning where columns of a table are not called as the classes, or nothing."""
    columns = class_columns(source)
    if columns is None or columns == names:
        return ()
    if {*columns} & {*names}:
        raise ProbabilityError(
            f"{source.name} has been opened without these class names, with the columns "
            f"{few_of(columns)}. Give them to `errata.open_average` too, and columns are taken in "
            "their order."
        )
    pairs = [f"{column!r} for {name!r}" for column, name in zip(columns, names, strict=True)]
    some = ", ".join(pairs[:3]) + (" and so on" if len(pairs) > 3 else "")
    warning = (
        f"The columns of {source.name} are not called as the classes, and are taken in their "
        f"order: {some}. Call them so, and they are taken by name."
    )
    return (warning,)


def _columns_taken(source: Source) -> str:
    """Return a sentence that names the columns of a table that are taken for classes."""
    columns = class_columns(source)
    if columns is None:
        return ""
    return (
        f"The columns taken for classes are {few_of(columns)}: give the class names (--classes) "
        "where some of these are none."
    )


def _part_rows(source: Source, engine: Engine, *, kept: bool) -> int:
    """Return the rows of a part: as many as the engine likes, fewer where these are all.

    Parameters
    ----------
    kept : whether partial results are; the parts are then the same with any number of threads
    """
    fewest = _SMALL_PART // source.row_bytes
    if not kept and isinstance(engine, LocalEngine) and whole(source) is not None:
        # measured: where nothing is read, threads are in each other's way between two parts
        rows = max(-(-source.n // (2 * engine.count)), fewest, 1)
        if rows * source.row_bytes <= VIEW_BYTES:
            return min(rows, _MOST_ROWS)
    most = min(engine.part_bytes // source.row_bytes, _MOST_ROWS)
    return max(1, min(most, max(-(-source.n // 8), fewest)))


def _job(source: Source, given: Integer[np.ndarray, "n"], *, normalize: bool) -> dict[str, object]:
    """Return what the first pass depends on, in plain values."""
    hashed = hashlib.sha256()
    for start in range(0, len(given), _SMALL_PART):
        hashed.update(given[start : start + _SMALL_PART].astype(np.int64).data)
    return {
        "probabilities": source.fingerprint(),
        "labels": hashed.hexdigest(),
        "normalize": normalize,
    }


@contextmanager
def _score_file(path: PathLike | None, n: int) -> Iterator[Float[np.ndarray, "n"] | None]:
    """Yield an array to write scores to, in a file that gets its name once they are complete."""
    if path is None:
        yield None
        return
    path = Path(path)
    if path.suffix.lower() != ".npy":
        bare = path.parent / path.stem  # of scores.npy.gz it is the name to take
        better = bare if bare.suffix.lower() == ".npy" else f"{bare}.npy"
        better = path / "scores.npy" if path.is_dir() else better
        raise FileError(f"The scores are written as an array file: name {better}, not {path}.")
    check_replaceable(path, "The scores", lambda there: _are_scores(there, n))
    with contextlib.ExitStack() as stack:
        with _telling(path):
            temporary = stack.enter_context(unfinished(path))
            scores = np.lib.format.open_memmap(temporary, "w+", np.float32, (n,))
            if hasattr(os, "posix_fallocate"):  # a full disk would end the process later
                with temporary.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
        yield scores
        with _telling(path):
            scores.flush()
            stack.close()


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(f"The scores cannot be written to {path}: {error.strerror}.") from None


def _are_scores(path: Path, n: int) -> bool:
    """Tell whether scores of as many examples are there."""
    if not path.is_file():
        return False
    try:
        scores = load_array(path)
    except FileError:
        return False
    return (scores.dtype, scores.shape) == (np.dtype(np.float32), (n,))


def _table(
    row: Int[np.ndarray, "entries"],
    column: Int[np.ndarray, "entries"],
    values: Integer[np.ndarray, "entries"] | Float[np.ndarray, "entries"],
    n_classes: int,
) -> Any:
    """Return a table of all classes, sparse where it would be large."""
    if n_classes > MOST_DENSE:
        from scipy.sparse import csr_array

        return csr_array((values, (row, column)), shape=(n_classes, n_classes))
    return joints.as_table(row, column, values, n_classes)


def _pair_counts(table: Any) -> PairCounts:
    if isinstance(table, np.ndarray):
        return joints.pair_counts(table)
    entries = table.tocoo()
    given, estimated = (index.astype(np.int64) for index in entries.coords)
    return PairCounts(table.shape[0], given, estimated, entries.data)
