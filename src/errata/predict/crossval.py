"""`cross_val_probs`: out-of-sample probabilities of every example, fold by fold.

Knows data sets, models and folds; leaves to the models how they learn.
"""

import platform
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from numbers import Integral
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Float, Int, Integer

from errata.array_files import PathLike
from errata.arrays import as_count
from errata.datasets.base import Dataset, Kind
from errata.errors import ErrataWarning, InputError
from errata.predict.base import Fold, Model, Predicted, Step
from errata.predict.checkpoints import Checkpoints
from errata.predict.device import is_network
from errata.predict.duplicates import Duplicates, find_duplicates
from errata.predict.embedded import Embedded
from errata.predict.folds import check_number, folds_of
from errata.predict.named import NAMED, named_model
from errata.predict.quality import Quality, quality_of, temperature_of, tempered
from errata.predict.scikit import ScikitModel
from errata.predict.together import Handling, as_handling, kept_together, without_those_of

_WIDE_GAP = 0.1
"""Training accuracy above out-of-sample accuracy by so much tells of a model that memorizes."""


@dataclass(frozen=True, eq=False)
class OutOfSample:
    """Probabilities of every example, each from a model that has not seen it.

    Attributes
    ----------
    probs : ``(n, classes)`` float32, rows sum to 1
    folds : the fold that each example was held out in, ``(n,)``
    quality : accuracy, log-loss and calibration of these probabilities
    train_accuracy : of the models on their own training parts, the mean over the folds
    temperatures : what the scores of each fold were divided by, where that was asked for
    warnings : what there is to know before one uses them
    record : model, settings, folds, seed, versions and hashes, in plain values for JSON
    """

    probs: Float[np.ndarray, "n classes"]
    folds: Int[np.ndarray, "n"]
    quality: Quality
    train_accuracy: float
    temperatures: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        n, m = self.probs.shape
        return (
            f"OutOfSample: {n:,} examples, {m} classes, by {self.record['model']}: accuracy "
            f"{self.quality.accuracy:.4f}, log-loss {self.quality.log_loss:.4f}"
        )


def cross_val_probs(
    model: object,
    data: Dataset,
    *,
    folds: SupportsIndex = 5,
    duplicates: Handling | Duplicates = "together",
    pretrain: Dataset | None = None,
    seed: SupportsIndex = 0,
    temperature: bool = False,
    resume: PathLike | None = None,
    progress: Callable[[Step], None] | None = None,
) -> OutOfSample:
    """Return out-of-sample probabilities by cross-validation.

    The examples are dealt into folds, stratified by class; the model learns from all folds but
    one, and predicts that one. So every example is predicted once, by a model that has not seen it.

    Parameters
    ----------
    model : the name of a model (`errata.predict.named`), a classifier of scikit-learn, a
        ``torch.nn.Module``, or a `Model`
    data : what is predicted, with its given labels
    folds : how many
    duplicates : "together": examples that are the same as others, or nearly, are looked for, and
        stay with them in one fold; "ignore": they are not; or what `find_duplicates` has found
    pretrain : examples to learn from first, such as the train part of the set
    seed : of all that is by chance; the same seed gives the same bytes
    temperature : divide the logarithms of the probabilities by one number in each fold, which fits
        the probabilities of the other folds best
    resume : a folder for checkpoints; what a killed run left there is not done again
    progress : called with a `Step` as the work goes on

    Returns
    -------
    `OutOfSample`

    Raises
    ------
    InputError
        The model, the data and the folds do not fit together.
    FileError
        An example cannot be read, the folder belongs to another run, or another process works in
        it.

    Warns
    -----
    ErrataWarning
        Examples are duplicates of others, a class was missing from a training part, or the model
        is no better than the most frequent class, or fits its training parts far better than what
        it has not seen. Also in ``OutOfSample.warnings``.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), section 3: out-of-sample probabilities of test sets.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from errata.datasets.media import Features
    >>> x = np.arange(12.0)
    >>> data = Dataset(
    ...     "line", "all", [str(i) for i in range(12)], (x > 5).astype(int), ("low", "high"),
    ...     Features(x[:, None]),
    ... )
    >>> cross_val_probs(LogisticRegression(), data, folds=3)
    OutOfSample: 12 examples, 2 classes, by LogisticRegression: accuracy 1.0000, log-loss 0.1527
    """
    model = as_model(model)
    n_folds = as_count("folds", folds) or 0
    seed = as_seed(seed)
    _check(model, data, pretrain)
    groups, notes, handled = _together(data, n_folds, duplicates)
    if pretrain is not None and duplicates != "ignore":
        pretrain, said = without_those_of(pretrain, data)
        notes += said
    fold_of = folds_of(data.labels, n_folds, seed=seed, groups=groups)
    record = record_of(model, data, pretrain, n_folds, seed)
    record["job"]["duplicates"] = handled
    probs = np.empty((len(data), len(data.classes)))
    accuracies: list[float] = []
    with Checkpoints(None if resume is None else Path(resume), record["job"]) as checkpoints:
        run = _CrossValidation(
            model=model,
            data=data,
            pretrain=pretrain,
            fold_of=fold_of,
            n_folds=n_folds,
            seed=seed,
            checkpoints=checkpoints,
            progress=progress,
            groups=groups,
        )
        for number in range(n_folds):
            found = run.fold(number)
            probs[fold_of == number] = found.probs
            accuracies.append(found.train_accuracy)
            notes += found.notes
    notes += _missing_classes(data, fold_of, n_folds, pretrain)
    temperatures: tuple[float, ...] = ()
    if temperature:
        temperatures = tuple(
            temperature_of(probs[fold_of != number], data.labels[fold_of != number])
            for number in range(n_folds)
        )
        probs = tempered(probs, np.array(temperatures)[fold_of])
    quality = quality_of(probs, data.labels)
    train_accuracy = float(np.mean(accuracies))
    notes += _learnt_nothing(model.name, data, quality.accuracy)
    notes += _gap(model.name, train_accuracy, quality.accuracy)
    unique = tuple(dict.fromkeys(notes))
    for note in unique:
        warnings.warn(note, ErrataWarning, stacklevel=2)
    probs /= probs.sum(axis=1, keepdims=True)
    record["temperatures"] = list(temperatures)
    return OutOfSample(
        probs.astype(np.float32), fold_of, quality, train_accuracy, temperatures, unique, record
    )


def as_seed(seed: object) -> int:
    """Return a seed as an int, which JSON can hold.

    Raises
    ------
    InputError
        It is no whole number, or below 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise InputError(f"seed is {seed!r}; a whole number, 0 or more, was expected.")
    return int(seed)


def as_model(model: object) -> Model:
    """Return a model as what `cross_val_probs` asks.

    Raises
    ------
    InputError
        It is none.
    """
    if isinstance(model, str):
        return named_model(model)
    if isinstance(model, type):
        raise InputError(
            f"{model.__name__} is a class, not a model: make one, {model.__name__}(...)."
        )
    if is_network(model):
        from errata.predict.torch_model import TorchModel

        return TorchModel.of(model)
    return model if isinstance(model, Model) else ScikitModel(model)


def check_fit(model: Model, data: Dataset, *, folds: int, pretrain: Dataset | None = None) -> None:
    """Check what can be known before an example is read: that model, data and folds go together.

    Raises
    ------
    InputError
        They do not.
    """
    _check(model, data, pretrain)
    check_number(folds, len(data), "examples")


def _check(model: Model, data: Dataset, pretrain: Dataset | None) -> None:
    kinds = _kinds(model)
    if kinds is not None and data.kind not in kinds:
        raise InputError(
            f"{model.name} is for {' and '.join(kinds)}, but the examples of {data.name} are "
            f"{data.kind}. Leave the model out, and one for these is taken."
        )
    if data.multilabel:
        raise InputError(
            f"The examples of {data.name} may have several labels. Cross-validate each class on "
            "its own, or bring probabilities of your own to errata.find_multilabel."
        )
    if pretrain is not None and pretrain.kind != data.kind:
        raise InputError(
            f"{pretrain.name} ({pretrain.part}) holds {pretrain.kind}, and {data.name} "
            f"({data.part}) {data.kind}. What is learnt from first is of the same kind."
        )
    if pretrain is not None and pretrain.classes != data.classes:
        raise InputError(
            f"{pretrain.name} ({pretrain.part}) has other classes than {data.name} "
            f"({data.part}): {len(pretrain.classes)} and {len(data.classes)}. What is learnt from "
            "first has the same classes in the same order."
        )


def _kinds(model: Model) -> tuple[Kind, ...] | None:
    """Return what kinds of example a model is for; None where nobody has said so."""
    if isinstance(model, Embedded):
        return tuple(model.embedding.kinds)
    named = NAMED.get(model.name)
    return None if named is None else named.kinds


def _together(
    data: Dataset, n_folds: int, duplicates: Handling | Duplicates
) -> tuple[Integer[np.ndarray, "_n"] | None, list[str], object]:
    """Return what stays in one fold, what there is to say about it, and a line for the record."""
    if isinstance(duplicates, Duplicates):
        found = duplicates
    elif as_handling(duplicates) == "ignore":
        return data.groups, [], "ignore"
    else:
        found = find_duplicates(data)
    if len(found.groups) != len(data):
        raise InputError(
            f"The duplicates are those of {len(found.groups):,} examples, and {data.name} has "
            f"{len(data):,}. Hand in what find_duplicates found in the same data."
        )
    groups, notes = kept_together(found, data, max(n_folds, 1))
    return groups, list(notes), {"kept": "together"} | found.summary()


@dataclass(frozen=True, kw_only=True)
class _CrossValidation:
    """One cross-validation, fold by fold."""

    model: Model
    data: Dataset
    pretrain: Dataset | None
    fold_of: Int[np.ndarray, "n"]
    n_folds: int
    seed: int
    checkpoints: Checkpoints
    progress: Callable[[Step], None] | None
    groups: Integer[np.ndarray, "n"] | None
    shared: dict[str, Any] = field(default_factory=dict)

    def fold(self, number: int) -> Predicted:
        """Return what is predicted in one fold, now or before the run was stopped."""

        def report(share: float, loss: float | None = None) -> None:
            if self.progress:
                self.progress(Step(number, self.n_folds, share, loss))

        name = f"fold {number}"
        held = self.checkpoints.load(name)
        if held is not None:
            report(1.0)
            notes = tuple(str(note) for note in held["notes"])
            return Predicted(held["probs"], float(held["train_accuracy"]), notes)
        report(0.0)
        held_out = np.flatnonzero(self.fold_of == number)
        found = self.model.predict(
            Fold(
                data=self.data,
                number=number,
                train=np.flatnonzero(self.fold_of != number),
                held_out=held_out,
                pretrain=self.pretrain,
                seed=self.seed + number,
                run_seed=self.seed,
                checkpoints=self.checkpoints,
                report=report,
                groups=self.groups,
                shared=self.shared,
            )
        )
        _check_predicted(self.model.name, self.data, held_out, number, found.probs)
        kept = vars(found) | {"notes": np.array(found.notes, dtype=np.str_)}
        self.checkpoints.save(name, kept)
        self.checkpoints.discard(f"{name} epochs")
        report(1.0)
        return found


def _check_predicted(
    model: str, data: Dataset, held_out: Int[np.ndarray, "_rows"], number: int, probs: Any
) -> None:
    """Refuse what a model predicts in a fold where it is no probabilities."""
    wanted, found = (len(held_out), len(data.classes)), np.shape(probs)
    if found != wanted:
        raise InputError(
            f"{model} predicts an array of shape {found} for fold {number + 1}; a row for each "
            f"example and a column for each class, shape {wanted}, was expected."
        )
    usable = np.isfinite(probs).all(axis=1) & (probs >= 0).all(axis=1) & (probs.sum(axis=1) > 0)
    if not usable.all():
        row = held_out[int(usable.argmin())]
        raise InputError(
            f"{model} predicts no probabilities for {np.count_nonzero(~usable):,} of the "
            f"{len(held_out):,} examples of fold {number + 1}, the first of them "
            f"{data.ids[row]!r}: numbers that are NaN, infinite or negative, or 0 for every class. "
            "Take another model."
        )


def _missing_classes(
    data: Dataset, fold_of: Int[np.ndarray, "n"], n_folds: int, pretrain: Dataset | None
) -> tuple[str, ...]:
    """Return a warning where a class has examples in one fold alone, so none to learn from."""
    m = len(data.classes)
    in_fold = np.bincount(data.labels * n_folds + fold_of, minlength=m * n_folds).reshape(m, -1)
    alone = np.count_nonzero(in_fold, axis=1) == 1
    if pretrain is not None:
        alone &= np.bincount(pretrain.labels, minlength=m) == 0
    missing = np.flatnonzero(alone)
    if not len(missing):
        return ()
    which = f"class {data.classes[missing[0]]!r}"
    where = f"fold {in_fold[missing[0]].argmax() + 1} is held out, so its probability is 0 there"
    if len(missing) > 1:
        which = f"{len(missing):,} classes, such as {data.classes[missing[0]]!r},"
        where = "their examples are held out, so their probabilities are 0 there"
    note = (
        f"No training example of {which} is left where {where}: that `find` flags these says "
        "nothing of their labels."
    )
    return (note,)


def _learnt_nothing(model: str, data: Dataset, accuracy: float) -> tuple[str, ...]:
    """Return a warning for a model that is no better than one that always says the same."""
    counts = np.bincount(data.labels, minlength=len(data.classes))
    most = int(counts.argmax())
    share = counts[most] / len(data)
    if accuracy > share or share == 1:
        return ()
    note = (
        f"{model} gets {accuracy:.1%} of the examples right, and whoever always answered "
        f"{data.classes[most]!r} would get {share:.1%}. What it flags means nothing: take another "
        "model, more examples, or look at whether labels and examples belong together."
    )
    return (note,)


def _gap(model: str, train: float, out: float) -> tuple[str, ...]:
    if train - out <= _WIDE_GAP:
        return ()
    note = (
        f"{model} gets {train:.1%} of its training examples right and {out:.1%} of those it has "
        "not seen. One that learns by heart learns wrong labels too, and finds fewer of them: a "
        "simpler model, or more regularisation, may do better."
    )
    return (note,)


def record_of(
    model: Model, data: Dataset, pretrain: Dataset | None, n_folds: int, seed: int
) -> dict[str, Any]:
    """Return what the probabilities depend on; ``job`` is what a resumed run must agree in."""
    job: dict[str, Any] = {
        "model": model.name,
        "settings": model.settings(),
        "data": described(data),
        "pretrain": None if pretrain is None else described(pretrain),
        "folds": n_folds,
        "seed": seed,
        "versions": _versions(),
    }
    return {"model": model.name, "job": job}


def described(data: Dataset) -> dict[str, object]:
    """Return what data are known by in the record of a run."""
    return {
        "name": data.name,
        "part": data.part,
        "examples": len(data),
        "sha256": data.fingerprint(),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("errata", "numpy", "scikit-learn", "torch"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
