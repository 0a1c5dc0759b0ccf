"""Several models compared by their out-of-sample probabilities of the same examples."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from errata.errors import InputError
from errata.predict.crossval import OutOfSample
from errata.predict.quality import Quality, Reliability, best_of, reliability


@dataclass(frozen=True)
class Measured:
    """How good one model's probabilities are.

    Attributes
    ----------
    quality : accuracy, log-loss and calibration error, out-of-sample
    train_accuracy : of the model on its own training parts; far above `quality`, it has learnt by
        heart
    reliability : confidence and accuracy in bins of confidence
    """

    quality: Quality
    train_accuracy: float
    reliability: Reliability


@dataclass(frozen=True, repr=False)
class ModelsCompared:
    """Models by name, in the order in which they were given.

    Attributes
    ----------
    models : each with how good its probabilities are
    """

    models: Mapping[str, Measured]

    @property
    def best(self) -> str:
        """The most accurate; of several, the one with the lowest log-loss, then the first."""
        names = list(self.models)
        return names[best_of([self.models[name].quality for name in names])]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each model, with plain numbers."""
        return [
            {
                "model": name,
                "accuracy": one.quality.accuracy,
                "log_loss": one.quality.log_loss,
                "calibration_error": one.quality.calibration_error,
                "train_accuracy": one.train_accuracy,
                "best": name == self.best,
            }
            for name, one in self.models.items()
        ]

    def bins(self) -> dict[str, list[tuple[float, float, int]]]:
        """Return confidence, accuracy and examples of each bin, as `charts.reliability_chart` asks.

        Of each model, by its name.
        """
        return {
            name: list(
                zip(
                    one.reliability.confidence.tolist(),
                    one.reliability.accuracy.tolist(),
                    one.reliability.examples.tolist(),
                    strict=True,
                )
            )
            for name, one in self.models.items()
        }

    def __repr__(self) -> str:
        width = max(map(len, self.models))
        lines = [f"{'':{width}}  accuracy  log-loss  calibration error  training accuracy"]
        lines += [
            f"{row['model']:{width}}  {row['accuracy']:8.4f}  {row['log_loss']:8.4f}  "
            f"{row['calibration_error']:17.4f}  {row['train_accuracy']:17.4f}"
            f"{'  best' if row['best'] else ''}"
            for row in self.rows()
        ]
        return "\n".join(lines)


def compare_models(found: Iterable[OutOfSample], labels: Int[np.ndarray, "n"]) -> ModelsCompared:
    """Return how good several models' out-of-sample probabilities are, and which is best.

    Parameters
    ----------
    found : what `cross_val_probs` returned of each model, with the same folds
    labels : the given labels, ``0..m-1``

    Raises
    ------
    InputError
        There is no model, or two have the same name, or one predicted other examples or in other
        folds, so that they learnt from different examples.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from errata.datasets.base import Dataset
    >>> from errata.datasets.media import Features
    >>> from errata.predict.crossval import cross_val_probs
    >>> x, ids = np.arange(12.0), [str(i) for i in range(12)]
    >>> given, values = (x > 5).astype(int), Features(x[:, None])
    >>> data = Dataset("line", "all", ids, given, ("low", "high"), values)
    >>> models = GaussianNB(), LogisticRegression()
    >>> compare_models([cross_val_probs(each, data, folds=3) for each in models], data.labels)
                        accuracy  log-loss  calibration error  training accuracy
    GaussianNB            0.9167    0.1311             0.0242             1.0000
    LogisticRegression    1.0000    0.1527             0.1215             1.0000  best
    """
    models: dict[str, Measured] = {}
    first = None
    for one in found:
        name = str(one.record["model"])
        first = one if first is None else first
        if name in models:
            raise InputError(
                f"Two models are called {name!r}. Names tell them apart: compare one of them at a "
                "time, or give one another name."
            )
        if len(one.probs) != len(labels) or not np.array_equal(one.folds, first.folds):
            raise InputError(
                f"{name} predicted {len(one.probs):,} examples in {one.folds.max() + 1} folds of "
                f"its own; all {len(labels):,}, in the same folds as {first.record['model']}, were "
                "expected. Give cross_val_probs the same data, folds and seed for each."
            )
        bins = reliability(one.probs, labels)
        models[name] = Measured(one.quality, one.train_accuracy, bins)
    if not models:
        raise InputError("compare_models was given no model; there is nothing to compare.")
    return ModelsCompared(models)
