"""From a data set to an audit that waits for its reviewers, in one call that can be called again.

Each step is a verb of `errata.audit.Audit` and leaves what it did in the audit's folder. What is
there already is not done again, so a killed call is followed by another.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np

from errata.audit import Audit
from errata.datasets.base import Dataset, LeftOut
from errata.errors import AuditError, FileError, InputError
from errata.predict.base import Step
from errata.predict.crossval import as_model, described
from errata.predict.named import default_model
from errata.results import Probabilities, RunOfFind
from errata.store.place import is_audit


@dataclass(frozen=True)
class Audited:
    """An audit whose candidates are planned.

    Attributes
    ----------
    audit : the audit
    probabilities : what its candidates were found with
    run : the run of `find` that found them
    left_out : the examples that could not be read, and are not in the audit
    """

    audit: Audit
    probabilities: Probabilities
    run: RunOfFind
    left_out: tuple[LeftOut, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what came of it as plain values."""
        return {
            "audit": str(self.audit.path),
            "examples": self.audit.n,
            "left_out": len(self.left_out),
            "classes": len(self.audit.classes),
            "model": self.probabilities.model,
            "accuracy": self.probabilities.accuracy,
            "estimated_errors": self.run.estimated_errors,
            "candidates": self.run.flagged,
        }


def audit_dataset(
    data: Dataset,
    out: Path,
    *,
    model: object = None,
    folds: SupportsIndex = 5,
    seed: int = 0,
    pretrain: Dataset | None = None,
    votes: int = 1,
    threshold: int | None = None,
    leave_out: bool = False,
    progress: Callable[[Step], None] | None = None,
) -> Audited:
    """Make an audit of a data set, predict, find and plan; or go on where that was left.

    Parameters
    ----------
    data : what is audited
    out : the audit's folder: a new one, or one that was begun with the same data
    model : a name, or a model; without it, the default for this kind of example
    folds, seed, pretrain, progress : see `errata.cross_val_probs`
    votes : wanted for each candidate; one person is enough
    threshold : votes for one answer that make a verdict; without it, more than half
    leave_out : leave out examples that cannot be read; otherwise the first of them ends it

    Raises
    ------
    AuditError
        At ``out`` is an audit of other data, or something else.
    InputError, FileError
        Data and model do not fit together, or an example cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from errata.datasets.media import Texts
    >>> labels = np.arange(60) % 2
    >>> rng = np.random.default_rng(0)
    >>> said = [["fine", "good", "great"], ["dull", "poor", "bad"]]
    >>> texts = [" ".join(rng.choice(said[label], 30)) for label in labels]
    >>> labels[7] = 0
    >>> ids = [f"f{i}" for i in range(60)]
    >>> data = Dataset("films", "all", ids, labels, ("+", "-"), Texts(texts))
    >>> found = audit_dataset(data, Path(tempfile.mkdtemp(), "films-audit"))
    >>> found.run.flagged, found.audit.progress("ann").total
    (1, 1)
    """
    if data.multilabel:
        raise InputError(
            f"The examples of {data.name} may have several labels, and no model here predicts "
            "these. Bring probabilities of each label, and make an audit of both: `errata init "
            "AUDIT --labels L.json --probs P.npy`."
        )
    chosen = as_model(default_model(data) if model is None else model)
    first = None if pretrain is None else described(pretrain)
    asked = json.loads(json.dumps(chosen.settings())), first, "together", False
    audit, left_out = begin_audit(data, out, leave_out=leave_out)
    kept = [
        one
        for one in audit.probabilities()
        if (one.model, one.folds, one.seed) == (chosen.name, folds, seed)
        and _settings(one.record) == asked
    ]
    options: dict[str, Any] = {
        "folds": folds,
        "seed": seed,
        "pretrain": pretrain,
        "progress": progress,
    }
    probs = kept[0] if kept else audit.predict(chosen, **options)
    run = audit.newest_run(probs.name)
    if run is None:
        audit.find(probs=probs.name)
        run = audit.newest_run(probs.name)
        assert run is not None, "it has just run"
    if run.flagged and not run.planned:
        audit.plan(votes=votes, threshold=threshold or votes // 2 + 1)
    return Audited(audit, probs, run, left_out)


def _settings(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what else a run of `predict` is known by: how it learnt, and what was asked for."""
    job = record["job"]
    return job["settings"], job["pretrain"], record["duplicates"], record["temperature"]


def begin_audit(
    data: Dataset,
    out: Path,
    *,
    leave_out: bool,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Audit, tuple[LeftOut, ...]]:
    """Return the audit in a folder, made if need be, and the examples that it is without.

    Parameters
    ----------
    data, out, leave_out : see `audit_dataset`
    progress : called with how many examples have been read, and of how many

    Raises
    ------
    AuditError, FileError
        As `audit_dataset`.
    """
    if not is_audit(out):
        whole = data.without_damage(progress)  # now, not in the middle of the work
        bad = whole.left_out[len(data.left_out) :]
        if bad and not leave_out:
            raise FileError(
                f"{bad[0].why} ({len(bad):,} of {len(data):,} examples cannot be read; "
                "`--leave-out` leaves them out, and lists them.)"
            )
        try:
            return Audit.of_dataset(out, whole), whole.left_out
        except OSError as error:
            raise FileError(
                f"The audit {out} cannot be made: {error.strerror}. Name a folder that can be "
                "(--out)."
            ) from None
    audit = Audit.open(out)
    rest = _without_what_is_damaged(data, audit) if leave_out else data
    said = _difference(audit, rest)
    if said:
        raise AuditError(
            f"{out} is an audit of other data than {data.name} ({data.part}) is now: {said}. An "
            "audit keeps the labels that it was made of. Name another folder (--out)."
        )
    return audit, rest.left_out


def _without_what_is_damaged(data: Dataset, audit: Audit) -> Dataset:
    """Return the examples that the audit holds, and those of the others that can be read."""
    held = set(audit.ids)
    keep: list[int] = []
    bad: list[LeftOut] = []
    for row, id_ in enumerate(data.ids):
        try:
            if id_ not in held:  # those that are held could be read before
                data.load(row)
            keep.append(row)
        except FileError as error:
            bad.append(LeftOut(id_, str(error)))
    if not bad:
        return data
    return replace(data.take(np.array(keep, np.int64)), left_out=(*data.left_out, *bad))


def _difference(audit: Audit, data: Dataset) -> str:
    """Return what is not the same in an audit and in a data set; nothing where they are alike."""
    if audit.n != len(data):
        return f"{audit.n:,} examples then, {len(data):,} now"
    if audit.classes != data.classes:
        return f"classes {', '.join(audit.classes)} then, {', '.join(data.classes)} now"
    ids = [str(id_) for id_ in data.ids]
    if list(audit.ids) != ids:
        row = next(row for row, id_ in enumerate(audit.ids) if id_ != ids[row])
        return f"example {row} was {audit.ids[row]!r} then, and is {ids[row]!r} now"
    other = np.flatnonzero(audit.labels != data.labels)
    if len(other):
        row = int(other[0])
        then, now = (data.classes[int(labels[row])] for labels in (audit.labels, data.labels))
        return f"{len(other):,} labels, the first that of {ids[row]!r}: {then!r} then, {now!r} now"
    return ""
