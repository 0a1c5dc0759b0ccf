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
    labels they are dealt out by chance alone. Time is linear in the examples, and in the groups.

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
    from sklearn.model_selection import KFold, StratifiedKFold

    n = len(labels)
    most = n if groups is None else len(np.unique(groups))
    check_number(n_folds, most, "examples" if groups is None else "groups of examples")
    if groups is not None:
        classes = labels if labels.ndim == 1 else np.zeros(n, np.int64)
        return _grouped(classes, n_folds, seed, groups)
    stratified = labels.ndim == 1 and np.bincount(labels).max() >= n_folds
    kind = StratifiedKFold if stratified else KFold
    found = np.empty(n, np.int64)
    with warnings.catch_warnings():
        # a class of fewer examples than folds is in some of them, which the caller is told of
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        splitter = kind(n_folds, shuffle=True, random_state=seed)
        for fold, (_, rows) in enumerate(splitter.split(np.zeros(n), labels)):
            found[rows] = fold
    return found


def check_number(n_folds: int, most: int, of_what: str) -> None:
    """Check that so many folds can be made.

    Raises
    ------
    InputError
        They cannot.
    """
    if n_folds < 2 or n_folds > most:
        raise InputError(
            f"{n_folds} folds cannot be made of {most:,} {of_what}: from 2 folds to one for each "
            "can be."
        )


def _grouped(
    labels: Int[np.ndarray, "n"], n_folds: int, seed: int, groups: Integer[np.ndarray, "n"]
) -> Int[np.ndarray, "n"]:
    """Deal out groups of several, the largest first; then fill up with those that are alone.

    Mostly there are few of the first, as with duplicates. (StratifiedGroupKFold of scikit-learn
    looks at every fold for every group, also for those of one, which takes hours for millions.)
    """
    chance = np.random.default_rng(seed)
    mixed = chance.permutation(len(labels))
    numbers, places = np.unique(groups, return_inverse=True)
    places = chance.permutation(len(numbers))[places]  # so that a seed deals out equal sizes anew
    sizes = np.bincount(places)
    totals = np.bincount(labels)
    dealt = np.zeros((n_folds, len(totals)), np.int64)  # how many of each class are in each fold
    found = np.full(len(labels), -1, np.int64)
    together = mixed[sizes[places[mixed]] > 1]
    together = together[np.lexsort((places[together], -sizes[places[together]]))]
    ends = np.flatnonzero(np.diff(places[together])) + 1
    for rows in np.split(together, ends) if len(together) else ():
        classes, counts = np.unique(labels[rows], return_counts=True)
        crowded = dealt[:, classes] @ (counts / totals[classes])
        crowded += dealt.sum(axis=1) * (len(rows) / len(labels))
        fold = int(crowded.argmin())
        dealt[fold, classes] += counts
        found[rows] = fold
    alone = mixed[found[mixed] < 0]
    for label in range(len(totals)):
        rows = alone[labels[alone] == label]
        more = _filled_up(dealt[:, label], dealt.sum(axis=1), len(rows))
        dealt[:, label] += more
        found[rows] = np.repeat(np.arange(n_folds), more)
    return found


def _filled_up(
    levels: Int[np.ndarray, "folds"], totals: Int[np.ndarray, "folds"], count: int
) -> Int[np.ndarray, "folds"]:
    """Return how many of ``count`` each fold gets, so that levels become as even as can be.

    Where it makes no difference to levels, the folds of the lowest totals get one more.
    """
    order = np.lexsort((totals, levels))
    sums = count + np.cumsum(levels[order])
    reached = sums // np.arange(1, len(levels) + 1)
    lowest = np.flatnonzero(reached >= levels[order])[-1] + 1  # so many folds get any
    level, rest = divmod(int(sums[lowest - 1]), int(lowest))
    more = np.zeros_like(levels)
    some = order[:lowest]
    more[some] = level - levels[some]
    more[some[np.argsort(totals[some] + more[some], kind="stable")[:rest]]] += 1
    return more
