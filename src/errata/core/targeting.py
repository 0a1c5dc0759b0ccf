"""Which examples to check so that a ranking of models settles soonest.

Knows what the models answer, and which of them are not yet told apart. How examples are drawn in
proportion to the sizes given here, and what is made of the answers, is for others.

If the label of example ``i`` turned out to be ``y`` and not the given one ``g``, the lead of model
``a`` over model ``b`` would change by ``d = (1[a says y] − 1[b says y]) − (1[a says g] −
1[b says g])``, which is 0 for models that agree. An example's size is the root of the expected
``d²``, averaged over the pairs of models not told apart: drawn in proportion to it, with what was
found divided by the probability, the sum of the variances of these leads is the least that a
sample of its number can have. Where all models agree nothing is to be learnt, and the size is 0.

How probable each ``y`` is, nobody knows. The share of the models that say it is a first idea, in
which doubt is everywhere; a model of the answers, such as `errata.core.crowd.models_as_voters`,
is a better one, but too sure of most labels: what it holds for impossible is hardly ever drawn,
and counts for very many when it is found. So where such an idea is handed in, its mean with the
share is taken. And as models may agree on a mistake of everybody's, a part of the draws is spread
evenly.

References
----------
Sawade, Landwehr and Scheffer (2012), "Active comparison of prediction models", NeurIPS 25,
theorem 1: ``π ∝ sqrt(E d²)``. Zrnic and Candès (2024), "Active statistical inference", ICML, for
the part that is spread evenly.
"""

import numpy as np
from jaxtyping import Bool, Float, Integer

from errata.core.crowd import Voters
from errata.errors import InputError

_CELLS = 1 << 22  # numbers held at a time: rows times models times models


def ranking_sizes(
    answers: Integer[np.ndarray, "n models"],
    given: Integer[np.ndarray, "_given"],
    undecided: Bool[np.ndarray, "_rows _columns"] | None = None,
    *,
    support: Float[np.ndarray, "_n _models"] | None = None,
    even: float = 0.2,
) -> Float[np.ndarray, "n"]:
    """Return a size for every example, in proportion to which to draw it for checking.

    The equations are in the head of this module. Time grows with ``n · models³``, memory with
    ``n`` alone.

    Parameters
    ----------
    answers : the best answer of each model
    given : the given labels
    undecided : which two models are not told apart, symmetric, as
        `errata.core.certainty.Ranking.undecided`; all, if left out
    support : how probable it is that each model's answer is the right label, 0 to 1, the same for
        models that agree, see `support_of`; its mean with the share of models that say so is
        taken, or that share alone. Labels that no model says are not thought of.
    even : which part of the draws is spread evenly over all examples, above 0 and at most 1

    Returns
    -------
    ``(n,)``, above 0, with a mean of 1; all 1 where no checked label could change a lead in doubt

    Raises
    ------
    InputError
        A shape does not fit, or ``even`` is out of range.

    Examples
    --------
    Three models agree on the first example; on the second each of them says something else.

    >>> answers = np.array([[0, 0, 0], [0, 1, 2], [0, 0, 1]])
    >>> ranking_sizes(answers, np.array([0, 0, 0])).round(2)
    array([0.2 , 1.52, 1.28])
    """
    n, models = answers.shape
    if len(given) != n:
        raise InputError(
            f"There are {len(given):,} given labels and {n:,} rows of answers; one label was "
            "expected for each row."
        )
    if not 0 < even <= 1:
        raise InputError(
            f"even is {even}; above 0 and at most 1 was expected, such as 0.2: with 0 there would "
            "be examples that are never drawn, of which nothing could be said."
        )
    if undecided is None:
        undecided = ~np.eye(models, dtype=np.bool_)
    if undecided.shape != (models, models):
        raise InputError(
            f"undecided has shape {undecided.shape}, but there are {models} models: a row and a "
            "column for each were expected."
        )
    if support is not None and support.shape != answers.shape:
        raise InputError(
            f"support has shape {support.shape}, but the answers have {answers.shape}; one number "
            "was expected for each answer."
        )
    squares = np.concatenate(
        [
            _squared_changes(
                answers[rows], given[rows], undecided, None if support is None else support[rows]
            )
            for rows in _blocks(n, models)
        ]
    )
    sizes = np.sqrt(squares)
    mean = sizes.mean()
    if mean == 0:
        return np.ones(n)
    mixed: Float[np.ndarray, "n"] = (1 - even) * sizes / mean + even
    return mixed


def _blocks(n: int, models: int) -> list[slice]:
    rows = max(1, _CELLS // models**2)
    return [slice(start, start + rows) for start in range(0, n, rows)]


def _squared_changes(
    answers: Integer[np.ndarray, "rows models"],
    given: Integer[np.ndarray, "rows"],
    undecided: Bool[np.ndarray, "models models"],
    support: Float[np.ndarray, "rows models"] | None,
) -> Float[np.ndarray, "rows"]:
    """Return the expected d², summed over the undecided pairs.

    With v = 1[says y] − 1[says g] of every model, the sum over pairs of (v_a − v_b)² is the
    quadratic form v'Lv of the Laplacian L of the graph of undecided pairs. Each y is gone through
    once for every model that says it, so that its support is shared among them.
    """
    laplacian = (np.diag(undecided.sum(axis=1)) - undecided).astype(np.float32)
    same = answers[:, :, np.newaxis] == answers[:, np.newaxis, :]
    right = answers == given[:, np.newaxis]
    change = same.astype(np.float32) - right[:, np.newaxis, :]
    # what is said by the models that are right is no change: v would be all 0
    form = np.einsum("rab,rab->ra", change @ laplacian, change)
    share = np.full(answers.shape, 1 / answers.shape[1])
    if support is not None:
        share = (share + support / same.sum(axis=2)) / 2
    squares: Float[np.ndarray, "rows"] = np.einsum("ra,ra->r", form, share)
    return squares


def support_of(
    answers: Integer[np.ndarray, "n models"], given: Integer[np.ndarray, "n"], found: Voters
) -> Float[np.ndarray, "n models"]:
    """Return how probable it is that each answer is right, by models as voters.

    The given label has its own probability and so has the most probable rival; what is left is
    shared evenly by the other labels that are said.

    Parameters
    ----------
    answers, given : as handed to `errata.core.crowd.models_as_voters`
    found : what that returned

    Examples
    --------
    >>> from errata.core.crowd import models_as_voters
    >>> given = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> answers = np.repeat([[0], [0], [0], [1], [1], [1], [1], [1]], 3, axis=1)
    >>> answers[4, 1] = 0
    >>> support_of(answers, given, models_as_voters(answers, given, 2))[3:5].round(2)
    array([[0.65, 0.65, 0.65],
           [0.95, 0.05, 0.95]])
    """
    is_given, is_rival = answers == given[:, np.newaxis], answers == found.rival[:, np.newaxis]
    first = np.ones(answers.shape, dtype=np.bool_)  # whether no model before says the same
    for column in range(1, answers.shape[1]):
        before = answers[:, :column] == answers[:, [column]]
        first[:, column] = ~before.any(axis=1)
    others = np.count_nonzero(first & ~is_given & ~is_rival, axis=1)
    left = np.maximum(found.wrong - found.rival_posterior, 0) / np.maximum(others, 1)
    support: Float[np.ndarray, "n models"] = np.select(
        [is_given, is_rival],
        [found.right[:, np.newaxis], found.rival_posterior[:, np.newaxis]],
        left[:, np.newaxis],
    )
    return support
