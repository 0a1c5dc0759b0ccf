"""The confidence that people ask for: of intervals, and of what is said to be decided."""

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtri

from errata.errors import InputError


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is not strictly between 0 and 1.

    Raises
    ------
    InputError
        it is not

    Examples
    --------
    >>> check_confidence(95)
    Traceback (most recent call last):
    errata.errors.InputError: confidence is 95; between 0 and 1 was expected, such as 0.95.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; between 0 and 1 was expected, such as 0.95.")


def wilson(
    hits: Int[np.ndarray, "*shape"], of: Int[np.ndarray, "*shape"], confidence: float = 0.95
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """Return the ends of Wilson's interval of each share, 0 to 1; all of that where ``of`` is 0.

    Raises
    ------
    InputError
        The confidence is not strictly between 0 and 1.

    References
    ----------
    Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference", JASA
    22, 209-212.

    Examples
    --------
    >>> low, high = wilson(np.array([8, 0]), np.array([10, 0]))
    >>> low.round(2), high.round(2)
    (array([0.49, 0.  ]), array([0.94, 1.  ]))
    """
    check_confidence(confidence)
    z2 = float(ndtri((1 + confidence) / 2)) ** 2
    middle = (hits + z2 / 2) / (of + z2)
    # hits * (of - hits) / of, the variance, is 0 where there is nothing
    half = np.sqrt(z2 * (hits * (of - hits) / np.maximum(of, 1) + z2 / 4)) / (of + z2)
    low = np.where(hits == 0, 0.0, middle - half)  # exactly, not but for the last digit
    high = np.where(hits == of, 1.0, middle + half)
    return low, high
