"""Which fold an example is in: stratified, by chance from a seed, and groups stay together.

Knows labels and groups; leaves to `errata.predict.crossval` what is trained.
"""

import warnings

import numpy as np
from jaxtyping import Bool, Int, Integer

from errata.errors import InputError


def folds_of(
    labels: Int[np.ndarray, "n"] | Bool[np.ndarray, "n classes"],
    n_folds: int,
    *,
    seed: int = 0,
    groups: Integer[np.ndarray, "n"] | None = None,
) -> Int[np.ndarray, "n"]:
    """Return the fold of each example, 0 to ``n_folds - 1``.

    Every fold has its share of each class, as nearly as can be. Where examples may have several
    labels they are dealt out by chance alone.

    Parameters
    ----------
    groups : examples with equal numbers come into one fold; without them each is on its own

    Raises
    ------
    InputError
        There are fewer than two folds, or more than examples or groups.

    Examples
    --------
    >>> folds = folds_of(np.array([0, 0, 0, 0, 1, 1]), 2)
    >>> np.bincount(folds), np.bincount(folds[:4])
    (array([3, 3]), array([2, 2]))
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    n = len(labels)
    most = n if groups is None else len(np.unique(groups))
    if n_folds < 2 or n_folds > most:
        of_what = "examples" if groups is None else "groups of examples"
        raise InputError(
            f"{n_folds} folds cannot be made of {most:,} {of_what}: from 2 folds to one for each "
            "can be."
        )
    stratified = labels.ndim == 1 and np.bincount(labels).max() >= n_folds
    if groups is None:
        kind = StratifiedKFold if stratified else KFold
    else:
        kind = StratifiedGroupKFold if stratified else GroupKFold
    found = np.empty(n, np.int64)
    with warnings.catch_warnings():
        # a class of fewer examples than folds is in some of them, which the caller is told of
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        splitter = kind(n_folds, shuffle=True, random_state=seed)
        targets = labels if stratified else None
        for fold, (_, rows) in enumerate(splitter.split(np.zeros(n), targets, groups)):
            found[rows] = fold
    return found
