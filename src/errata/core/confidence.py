"""The confidence that people ask for: of intervals, and of what is said to be decided."""

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
