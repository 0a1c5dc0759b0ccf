"""Logistic regression of standardized numbers, regularised as what it has not seen asks for.

Knows numbers and labels; where the numbers come from is for `errata.predict.embedded`.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from errata.predict.classes import fitted, probs_of
from errata.predict.quality import quality_of

PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""What `learn` chooses from: half the square of the weights counts so much beside the mean loss."""


@dataclass(frozen=True)
class Linear:
    """What was learnt, with the penalty that was chosen."""

    scaler: Any
    classifier: Any
    n_classes: int
    penalty: float

    def probs(self, values: Float[np.ndarray, "_rows width"]) -> Float[np.ndarray, "_rows classes"]:
        """Return probabilities with a column for each class, 0 for one that was never met."""
        if not len(values):
            return np.zeros((0, self.n_classes))
        return probs_of(self.classifier, self.scaler.transform(values), self.n_classes)


def learn(
    values: Float[np.ndarray, "n width"],
    labels: Int[np.ndarray, "n"],
    n_classes: int,
    *,
    judges: Bool[np.ndarray, "n"],
) -> Linear:
    """Return a logistic regression of all rows, whose regularisation some of them have chosen.

    Numbers that describe an example well are often more than there are examples, so that without
    regularisation all labels, wrong ones too, would be learnt by heart. From strong to weak, it is
    learnt from the other rows until the log-loss of the judges no longer falls; the best is then
    learnt from all.

    Parameters
    ----------
    values : standardized here, to mean 0 and variance 1 in each column
    labels : in ``0..n_classes-1``
    judges : which rows choose

    Examples
    --------
    >>> values = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
    >>> labels = np.array([0, 0, 0, 1, 1, 1])
    >>> found = learn(values, labels, 2, judges=np.array([0, 1, 0, 0, 1, 0], bool))
    >>> found.probs(values).argmax(axis=1)
    array([0, 0, 0, 1, 1, 1])
    """
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    # the products are narrow: threads wait for each other, long ones where others compute too
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence; the log-loss shows it
        scaler = StandardScaler()
        scaled = scaler.fit_transform(values)
        penalty, begun = _chosen(scaled, labels, n_classes, judges)
        return Linear(scaler, _fit(scaled, labels, penalty, begun), n_classes, penalty)


def _chosen(
    scaled: Float[np.ndarray, "n width"],
    labels: Int[np.ndarray, "n"],
    n_classes: int,
    judges: Bool[np.ndarray, "n"],
) -> tuple[float, Any]:
    """Return the penalty with which the judges are predicted best, and what was fit with it."""
    if judges.all() or not judges.any():  # too few to part
        return PENALTIES[-1], None
    judged, others = scaled[judges], scaled[~judges]
    best, least, fit = PENALTIES[0], np.inf, None
    for penalty in PENALTIES:
        tried = _fit(others, labels[~judges], penalty, fit)
        loss = quality_of(probs_of(tried, judged, n_classes), labels[judges]).log_loss
        if loss >= least:
            break
        best, least, fit = penalty, loss, tried
    return best, fit


def _fit(
    scaled: Float[np.ndarray, "_rows width"],
    labels: Int[np.ndarray, "_rows"],
    penalty: float,
    begun: Any,
) -> Any:
    """Return a classifier, begun where another of the same classes ended."""
    from sklearn.linear_model import LogisticRegression

    strength = 1 / (penalty * len(labels))
    found = LogisticRegression(C=strength, max_iter=500, warm_start=True)
    classes = np.unique(labels)
    if len(classes) > 1 and begun is not None and np.array_equal(begun.classes_, classes):
        found.coef_, found.intercept_ = begun.coef_, begun.intercept_
    return fitted(found, scaled, labels)
