"""How many labels are wrong: what a random sample of checked examples says of all of them.

Knows counts. Which examples were drawn, and how, is for others.
"""

from collections.abc import Callable
from operator import index
from typing import SupportsIndex

from scipy.stats import hypergeom

from errata.errors import InputError


def sampled_errors(
    found: SupportsIndex,
    checked: SupportsIndex,
    population: SupportsIndex,
    *,
    confidence: float = 0.95,
) -> tuple[int, int]:
    """Return the lowest and the highest number of errors among ``population`` examples.

    ``checked`` of them were drawn at random without replacement, and ``found`` of those were
    errors. The interval is exact for a finite population: it holds every number of errors that
    the sample does not contradict, each tail of the hypergeometric distribution being tested at
    half of ``1 - confidence``. It covers the true number at least as often as ``confidence``
    says, whatever that is, also where few or no errors were found.

    Parameters
    ----------
    found, checked, population : ``0 <= found <= checked <= population``, ``checked`` at least 1
    confidence : strictly between 0 and 1

    Raises
    ------
    InputError
        The numbers do not fit together.

    References
    ----------
    Buonaccorsi (1987), "A note on confidence intervals for proportions in finite populations",
    The American Statistician 41(3); Clopper and Pearson (1934) for the infinite one.

    Examples
    --------
    >>> sampled_errors(5, 10, 100)
    (20, 80)
    >>> sampled_errors(0, 10, 100), sampled_errors(7, 100, 100)
    ((0, 29), (7, 7))
    """
    found, checked, population = index(found), index(checked), index(population)
    if not 0 <= found <= checked <= population or checked < 1:
        raise InputError(
            f"{found} errors found, {checked} checked, of {population}: each was expected to be at "
            "most the next, none negative, and one or more checked."
        )
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; between 0 and 1 was expected, such as 0.95.")
    # a chance that equals it does contradict, whatever the last digits of floating point say
    tail = (1 - confidence) / 2 * (1 + 1e-9)

    def at_least(errors: int) -> bool:
        return bool(hypergeom.sf(found - 1, population, errors, checked) > tail)

    def more_than_most(errors: int) -> bool:
        return bool(hypergeom.cdf(found, population, errors, checked) <= tail)

    low, high = found, population - (checked - found)  # what the sample itself has proved
    return _first(at_least, low, high), _first(more_than_most, low, high + 1) - 1


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first number from ``low`` on for which it holds; at ``high`` it is known to."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
