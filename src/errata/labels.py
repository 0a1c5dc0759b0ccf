"""What a label is behind the door: a class, or where examples have several, a set of classes."""

from collections.abc import Sequence

Label = int | tuple[int, ...]
"""A class, ``0..m-1``, or the sorted classes of a set, which may be empty."""


def named(label: Label, classes: Sequence[str]) -> str:
    """Return the name of a class, or the names of a set of them.

    Examples
    --------
    >>> named(1, ["cat", "dog"]), named((0, 1), ["cat", "dog"]), named((), ["cat", "dog"])
    ('dog', 'cat + dog', 'no label')
    """
    if isinstance(label, int):
        return classes[label]
    return in_words([classes[one] for one in label])


def in_words(names: str | Sequence[str]) -> str:
    """Return the name of a class, or the names of a set of them, as one text.

    Examples
    --------
    >>> in_words("dog"), in_words(["cat", "dog"]), in_words([])
    ('dog', 'cat + dog', 'no label')
    """
    return names if isinstance(names, str) else " + ".join(names) or "no label"


def as_label(stored: int | Sequence[int]) -> Label:
    """Return a label, or a set of them, as databases and JSON hold it.

    Examples
    --------
    >>> as_label(1), as_label([0, 1])
    (1, (0, 1))
    """
    return stored if isinstance(stored, int) else tuple(stored)
