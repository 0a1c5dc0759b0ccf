"""Classifiers of scikit-learn, and whatever follows its conventions, as models."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int, Shaped

from errata.datasets.base import Dataset
from errata.errors import InputError
from errata.predict.base import Fold, Predicted
from errata.predict.classes import fitted, probs_of
from errata.predict.identity import setting

_CALIBRATION_FOLDS = 3


@dataclass(frozen=True)
class ScikitModel:
    """A classifier or pipeline with ``predict_proba``, or with ``decision_function``.

    A text is handed to it as a string, a row of features as numbers, or as they are where some are
    words, a picture as the row of its pixels from 0 to 1. Where it has only ``decision_function``,
    its scores are turned into probabilities by Platt scaling, learnt by cross-validation inside the
    training part of the fold.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> ScikitModel(LogisticRegression()).name
    'LogisticRegression'
    """

    estimator: Any
    called: str | None = None

    def __post_init__(self) -> None:
        if not hasattr(self.estimator, "fit") or not _can_tell(self.estimator):
            raise InputError(
                f"{self.estimator!r} is no classifier: one with fit and predict_proba, or "
                "decision_function, was expected. Some get it by a setting, such as "
                "SVC(probability=True)."
            )

    @property
    def name(self) -> str:
        """Its class, and those of the steps of a pipeline."""
        if self.called:
            return self.called
        steps = getattr(self.estimator, "steps", [("", self.estimator)])
        return " + ".join(type(step).__name__ for _, step in steps)

    def settings(self) -> dict[str, object]:
        """Return all parameters, as they are written; functions and arrays by a hash."""
        found = self.estimator.get_params(deep=True)
        return {name: setting(found[name]) for name in sorted(found)}

    def predict(self, fold: Fold) -> Predicted:
        """Train a fresh copy on the training part, and what to learn from first, together.

        Raises
        ------
        InputError
            The classifier does not take these examples.
        """
        from sklearn.base import clone

        estimator = clone(self.estimator)
        seeds = [name for name in estimator.get_params() if name.split("__")[-1] == "random_state"]
        estimator.set_params(**dict.fromkeys(seeds, fold.seed))
        values = examples_of(fold.data, fold.train)
        labels = fold.data.labels[fold.train]
        if fold.pretrain is not None:
            every = np.arange(len(fold.pretrain))
            values = _joined(examples_of(fold.pretrain, every), values)
            labels = np.concatenate([fold.pretrain.labels, labels])
        notes: tuple[str, ...] = ()
        if not hasattr(estimator, "predict_proba") and len(np.unique(labels)) > 1:
            estimator, notes = _calibrated(estimator, labels)
        held_out, m = examples_of(fold.data, fold.held_out), len(fold.data.classes)
        advice = _encode(values, fold.data)
        with fold.refusals(self.name, advice, of=Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence and the like; accuracy shows it
            estimator = fitted(estimator, values, labels)
            fold.report(0.9, None)
            right = float(np.mean(probs_of(estimator, values, m).argmax(axis=1) == labels))
            return Predicted(probs_of(estimator, held_out, m), right, notes)


def examples_of(data: Dataset, rows: Int[np.ndarray, "_rows"]) -> Any:
    """Return examples as scikit-learn takes them: a list of strings, or a table.

    Raises
    ------
    InputError
        Pictures are not all of one size, or these are sounds.
    """
    found = [data.load(int(row)) for row in rows]
    if data.kind == "texts":
        return found
    if data.kind == "features":
        return _table(found)
    if data.kind == "images":
        sizes = {one.shape for one in found}
        if len(sizes) > 1:
            raise InputError(
                f"The pictures of {data.name} have {len(sizes)} sizes (such as "
                f"{' and '.join(map(str, sorted(sizes)[:2]))}), and a classifier of scikit-learn "
                "takes rows of the same length. Take a model for pictures, or scale them first."
            )
        return np.stack(found).reshape(len(found), -1).astype(np.float32) / np.float32(255)
    raise InputError(
        f"The examples of {data.name} are {data.kind}, which a classifier of scikit-learn does "
        "not take. Take a model for them, or features computed from them."
    )


def _table(found: list[Any]) -> Shaped[np.ndarray, "rows features"]:
    """Return a table of numbers; of numbers and words, where there are words."""
    try:
        return np.array(found, np.float64).reshape(len(found), -1)
    except ValueError:
        return np.array(found, object).reshape(len(found), -1)


def _encode(values: Any, data: Dataset) -> str:
    """Return what to do where a model does not take a table: words have to be encoded."""
    if isinstance(values, list) or values.dtype != object:
        return ""
    names = getattr(data.media, "names", ())
    words = [name for name, value in zip(names, values[0], strict=False) if isinstance(value, str)]
    return (
        f"{' and '.join(map(repr, words))} hold words: take others (features=, --features), or a "
        "pipeline that encodes them, with columns by number."
    )


def _joined(a: Any, b: Any) -> Any:
    return a + b if isinstance(a, list) else np.concatenate([a, b])


def _can_tell(estimator: Any) -> bool:
    return hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")


def _calibrated(estimator: Any, labels: Int[np.ndarray, "_rows"]) -> tuple[Any, tuple[str, ...]]:
    """Return the classifier with Platt scaling around it."""
    from sklearn.calibration import CalibratedClassifierCV

    counts = np.bincount(labels)
    fewest = int(counts[counts > 0].min())
    if fewest < 2:
        raise InputError(
            f"{type(estimator).__name__} has decision_function alone, and its scores are turned "
            "into probabilities by cross-validation in the training part of each fold, but a "
            "class has only one example there. Take a classifier with predict_proba."
        )
    folds = min(_CALIBRATION_FOLDS, fewest)
    note = (
        f"{type(estimator).__name__} has no predict_proba: its scores were turned into "
        f"probabilities by Platt scaling, with {folds}-fold cross-validation in each training part."
    )
    return CalibratedClassifierCV(estimator, cv=folds), (note,)
