"""Which examples come into one fold, as they are duplicates of one another or belong together.

A model that has learnt from a copy of an example has seen it. Knows groups and folds; which
examples are duplicates is for `errata.predict.duplicates`.
"""

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Int64, Integer

from errata.datasets.base import Dataset
from errata.errors import InputError, unknown_name
from errata.predict.duplicates import (
    COMPARED,
    Duplicates,
    first_of,
    joined,
    linked,
    sizes_of,
)
from errata.words import plural

Handling = Literal["together", "ignore"]
"""What becomes of duplicates: they stay in one fold, or nobody looks for them."""

HANDLINGS: tuple[Handling, ...] = get_args(Handling)


def as_handling(word: str) -> Handling:
    """Return a word for what becomes of duplicates.

    Raises
    ------
    NameUnknownError
        It is none.

    Examples
    --------
    >>> as_handling("ignore")
    'ignore'
    """
    for known in HANDLINGS:
        if word == known:
            return known
    raise unknown_name("way to handle duplicates", word, HANDLINGS)


def without_those_of(more: Dataset, data: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """Return what is to be learnt from first without what is to be predicted, and a note of it.

    Left out are the same examples, and those that are nearly the same. Every example of both is
    loaded once, and few again.

    Raises
    ------
    InputError
        Nothing is left to learn from.

    Examples
    --------
    >>> from errata.datasets.media import Texts
    >>> import numpy as np
    >>> def films(*texts):
    ...     labels = np.zeros(len(texts), int)
    ...     return Dataset("films", "all", texts, labels, ("+", "-"), Texts(texts))
    >>> rest, notes = without_those_of(films("fine", "Dull!", "long"), films("dull"))
    >>> len(rest), notes
    (2, ('1 example to learn from first is the same as one to predict, or nearly, and is left
    out.',))
    """
    groups = joined(linked([data, more]), len(data) + len(more))
    new = np.flatnonzero(~np.isin(groups[len(data) :], groups[: len(data)]))
    if not len(new):
        raise InputError(
            f"All examples of {more.name} ({more.part}) are among those to predict, so nothing is "
            "to be learnt from first. Name another part (--pretrain), or none."
        )
    count = len(more) - len(new)
    if not count:
        return more, ()
    are = "is" if count == 1 else "are"
    said = (
        f"{plural(count, 'example')} to learn from first {are} the same as one to predict, or "
        f"nearly, and {are} left out."
    )
    return more.take(new), (said,)


def kept_together(
    found: Duplicates, data: Dataset, n_folds: int
) -> tuple[Integer[np.ndarray, "_n"] | None, tuple[str, ...]]:
    """Return the groups that come into one fold each, and what there is to say about them.

    Duplicates stay with each other, and with the group that the data set puts them in. Where so
    many come together that they would fill more than half a fold, the groups of the data set alone
    count: so many that are the same tell of few values rather than of copies, and folds would be
    unlike each other.

    Parameters
    ----------
    found : the duplicates in ``data``
    n_folds : how many folds there will be, at least 1

    Returns
    -------
    A number for each example, or None where each is on its own; and what there is to say.

    Examples
    --------
    >>> from errata.datasets.media import Features
    >>> from errata.predict.duplicates import find_duplicates
    >>> values = Features(np.array([[1], [2], [3], [1], [4], [5], [6], [7]]))
    >>> data = Dataset("d", "all", list("abcdefgh"), np.array([0, 1] * 4), ("x", "y"), values)
    >>> groups, notes = kept_together(find_duplicates(data), data, 2)
    >>> groups
    array([0, 1, 2, 0, 4, 5, 6, 7])
    >>> for note in notes:
    ...     print(note)
    2 examples are the same as others, or nearly, in 1 group: a group stays in one fold.
    In 1 of the groups the given labels differ, as those of 'a' (x) and 'd' (y): at least one of
    them is wrong, or both fit.
    """
    n = len(data)
    rows = np.arange(n)
    own = rows if data.groups is None else first_of(data.groups)
    links = [np.stack([rows, groups], axis=1)[groups != rows] for groups in (own, found.groups)]
    groups = joined(np.concatenate(links), n)
    # of the joined groups alone: one of the data set's own may be as large as it is
    large = (sizes_of(groups) > _most(n, n_folds)) & (groups != own)
    loose = np.isin(groups, groups[large])
    kept = np.where(loose, own, groups)
    alone = data.groups is None and bool((kept == rows).all())
    return None if alone else kept, tuple(_notes(found, data, groups, loose, n_folds))


def _most(n: int, n_folds: int) -> float:
    """Return how many examples a group may have: half a fold, and in a small fold two."""
    return max(n / (2 * n_folds), min(n / n_folds, 2))


def _notes(
    found: Duplicates,
    data: Dataset,
    groups: Int64[np.ndarray, "n"],
    loose: Bool[np.ndarray, "n"],
    n_folds: int,
) -> Iterator[str]:
    several = found.sizes > 1
    kept = found.groups[several & ~loose]
    if len(kept):
        yield (
            f"{len(kept):,} examples are the same as others, or nearly, in "
            f"{plural(len(np.unique(kept)), 'group')}: a group stays in one fold."
        )
    differing = found.differing[~loose[found.differing[:, 0]]]
    if len(differing):
        first, second = (
            f"{data.ids[row]!r} ({_label(data, row)})" for row in differing[0].tolist()
        )
        yield (
            f"In {len(differing):,} of the groups the given labels differ, as those of {first} and "
            f"{second}: at least one of them is wrong, or both fit."
        )
    spread = np.flatnonzero(several & loose)
    if len(spread):
        sizes = sizes_of(groups)[spread]
        first = spread[sizes.argmax()]
        second = np.flatnonzero(found.groups == found.groups[first])[1]
        yield (
            f"{len(spread):,} examples are the same as others, or nearly, but are dealt out as if "
            f"they were not: the group of {data.ids[first]!r} and {data.ids[second]!r} would have "
            f"{sizes.max():,} examples, and half a fold is all that a group may fill, "
            f"{_most(len(data), n_folds):,.0f}."
        )
    if not found.complete:
        yield (
            f"Among {len(data):,} {data.kind} only those that are the same were looked for; those "
            f"that are nearly so are found among {COMPARED:,} at most."
        )


def _label(data: Dataset, row: int) -> str:
    if data.multilabel:
        return ", ".join(data.classes[one] for one in np.flatnonzero(data.labels[row])) or "none"
    return data.classes[int(data.labels[row])]
