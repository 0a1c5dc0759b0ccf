"""How good out-of-sample probabilities are: accuracy, log-loss, calibration, temperature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

_LEAST = 1e-15
"""A smaller probability counts as this in a logarithm."""

_BINS = 15


@dataclass(frozen=True)
class Quality:
    """What probabilities are worth, by the given labels.

    Attributes
    ----------
    accuracy : share of the examples whose most probable class is the given one
    log_loss : mean of -ln p(given)
    calibration_error : mean distance of confidence and accuracy over 15 bins of confidence, by
        their sizes (the expected calibration error)
    """

    accuracy: float
    log_loss: float
    calibration_error: float


@dataclass(frozen=True)
class Reliability:
    """Confidence and accuracy of the examples in each bin of confidence that has any."""

    confidence: Float[np.ndarray, "bins"]
    accuracy: Float[np.ndarray, "bins"]
    examples: Int[np.ndarray, "bins"]


def reliability(
    probs: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, "n"], bins: int = _BINS
) -> Reliability:
    """Return how often predictions of each confidence are right.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks", section 2.

    Examples
    --------
    >>> found = reliability(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]), bins=2)
    >>> found.confidence.round(2), found.accuracy, found.examples
    (array([0.85]), array([0.5]), array([2]))
    """
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    examples = np.bincount(place, minlength=bins)
    some = np.flatnonzero(examples)
    sums = np.bincount(place, weights=confidence, minlength=bins)
    rights = np.bincount(place, weights=right, minlength=bins)
    return Reliability(sums[some] / examples[some], rights[some] / examples[some], examples[some])


def quality_of(probs: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, "n"]) -> Quality:
    """Return accuracy, log-loss and calibration error.

    Examples
    --------
    >>> quality_of(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0, 0])).accuracy
    1.0
    """
    given = np.maximum(probs[np.arange(len(labels)), labels], _LEAST)
    found = reliability(probs, labels)
    error = np.abs(found.confidence - found.accuracy) @ found.examples / len(labels)
    return Quality(
        float(np.mean(probs.argmax(axis=1) == labels)), float(-np.log(given).mean()), float(error)
    )


def best_of(qualities: Sequence[Quality]) -> int:
    """Return the place of the best: the most accurate, of these the lowest log-loss, the first.

    References
    ----------
    Northcutt, Athalye and Mueller (2021), section 3: of several models, the study took the most
    accurate in cross-validation.

    Examples
    --------
    >>> best_of([Quality(0.8, 0.5, 0.1), Quality(0.9, 0.4, 0.1), Quality(0.9, 0.3, 0.2)])
    2
    """
    places = range(len(qualities))
    return min(places, key=lambda place: (-qualities[place].accuracy, qualities[place].log_loss))


def tempered(
    probs: Float[np.ndarray, "n classes"], temperature: Float[np.ndarray, "n"] | float
) -> Float[np.ndarray, "n classes"]:
    """Return probabilities whose logarithms are divided by a temperature, rows summing to 1.

    A probability of 0 stays 0.

    Examples
    --------
    >>> tempered(np.array([[0.8, 0.2]]), 0.5).round(3)
    array([[0.941, 0.059]])
    """
    largest = probs.max(axis=1, keepdims=True)
    scaled = (probs / largest) ** (1 / np.reshape(temperature, (-1, 1)))
    found: Float[np.ndarray, "n classes"] = scaled / scaled.sum(axis=1, keepdims=True)
    return found


def temperature_of(probs: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, "n"]) -> float:
    """Return the temperature between 0.05 and 20 that makes the log-loss least.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks", section 4.2.

    Examples
    --------
    >>> sure = np.array([[0.99, 0.01]] * 4)
    >>> temperature_of(sure, np.array([0, 0, 0, 1])) > 2  # right on three of four alone
    True
    """
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        return quality_of(tempered(probs, float(np.exp(logarithm))), labels).log_loss

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))
