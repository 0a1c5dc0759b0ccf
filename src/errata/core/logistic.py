"""What makes yes or no likely: a logistic fit with expected coefficients, to answers that may slip.

`errata.core.error_rate` and `errata.core.cutoff` learn by it how chances of errors go along with
scores. What the coefficients mean, and what is expected of them, is theirs.
"""

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit

from errata.core.slips import NO_SLIPS, Slips

_MOST_STEPS = 1000
"""12,000 made-up fits, with scores far out and slips that leave little told, took half at most."""

_NO_GAIN = 1e-10
"""A step that promises less, in parts of the log-likelihood, is the last: it is no longer seen."""


def fit_logistic(
    features: Float[np.ndarray, "rows features"],
    yes: Bool[np.ndarray, "rows"],
    start: Float[np.ndarray, "features"],
    *,
    expected: Float[np.ndarray, "features"],
    precisions: Float[np.ndarray, "features"],
    slips: Slips = NO_SLIPS,
) -> Float[np.ndarray, "features"]:
    """Return the coefficients ``b`` that answers, and what is expected of ``b``, make likeliest.

    A row is true with the chance ``p = expit(features @ b)``, and answered yes with the chance
    ``q = false_alarm + (1 - false_alarm - miss) p``. ``b`` is where this is highest::

        sum of log q over yes + sum of log(1 - q) over no - sum of precisions (b - expected)^2 / 2

    Fisher's scoring: each step solves for the gradient by the expected information. A step is
    shortened as a whole, so that it keeps its direction: to 1 in its longest coordinate, and by
    halves until it climbs a quarter of what the slope promises. Without slips there is one summit
    at most, and it is found wherever the climb begins; with slips there may be several. If there is
    none, as where no answer is yes and nothing is expected of a level, the climb ends where there
    is nothing more to gain, or after 1,000 steps.

    Parameters
    ----------
    features : ``(rows, features)``, a column of ones for a level
    yes : the answers, ``(rows,)``
    start : where to begin
    expected, precisions : of each coefficient, its mean and the inverse of its variance before any
        answer; a precision of 0 expects nothing
    slips : how often answers are wrong

    References
    ----------
    McCullagh and Nelder, Generalized Linear Models (1989), section 2.5 (scoring); Nocedal and
    Wright, Numerical Optimization (2006), section 3.1 (step lengths); Fan and Yuan (2005), "On the
    quadratic convergence of the Levenberg-Marquardt method" (a pull that ends with the gradient).

    Examples
    --------
    >>> answers = np.array([True, False, False, False])
    >>> nothing = np.zeros(1)
    >>> level = fit_logistic(
    ...     np.ones((4, 1)), answers, nothing, expected=nothing, precisions=nothing
    ... )
    >>> expit(level).round(6)
    array([0.25])
    """
    alarm, miss, informative = slips.false_alarm, slips.miss, slips.informative

    def chances(b: Float[np.ndarray, "features"]) -> tuple[Float[np.ndarray, "rows"], ...]:
        """Return those of a true row, and of yes and of no, each to its last digit near 0."""
        logits = features @ b
        p, no = expit(logits), expit(-logits)
        return p * no, alarm + informative * p, miss + informative * no

    def likely(b: Float[np.ndarray, "features"]) -> float:
        _, q, not_q = chances(b)
        told = float(np.log(np.where(yes, q, not_q)).sum())
        return told - float((precisions * (b - expected) ** 2).sum()) / 2

    b = start
    so_far = likely(b)
    for _ in range(_MOST_STEPS):
        slope, q, not_q = chances(b)
        slope *= informative
        pull = slope * np.where(yes, 1 / q, -1 / not_q)
        gradient = features.T @ pull - precisions * (b - expected)
        bend = slope**2 / (q * not_q)
        # nothing may hold a level where no answer is yes; what holds it here fades as it settles
        damping = min(1e-2, float(np.abs(gradient).max()))
        information = (features * bend[:, np.newaxis]).T @ features + np.diag(precisions + damping)
        step = np.linalg.solve(information, gradient)
        step /= max(float(np.abs(step).max()), 1.0)
        if gradient @ step < _NO_GAIN * (1 + abs(so_far)):
            return b + step
        # a step over the summit that ends a bit higher would only lead to one back
        while (then := likely(b + step)) < so_far + gradient @ step / 4:
            step /= 2
        b, so_far = b + step, then
    return b
