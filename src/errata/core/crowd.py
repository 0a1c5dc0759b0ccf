"""Compared models as voters: which given labels are wrong, by what the models answer.

A leaderboard keeps each model's answer and not its probabilities. Here every model has one vote,
the given label is one more, and what each of them says where another label is right is estimated
from all of it together. Knows answers and labels, and nothing of people: see `aggregation` for
these.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from errata.errors import InputError

CROWD: Literal["crowd"] = "crowd"
"""What a run of `find` calls its rule and its score where models vote."""

FEWEST_VOTERS = 3
"""Where two answers differ, nobody can tell which of them errs."""
PRIOR_PER_CLASS = 4.0
"""Answers that a model is taken to have given before, for each right label: so many a class."""
PRIOR_OF_GIVEN = 10.0
"""Given labels taken to have been seen before, for each right label."""
SETTLED = 1e-4
"""The rounds end once so little probability moves from label to label, per example."""
MOST_ROUNDS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Voters:
    """What models as voters say of the given labels.

    Attributes
    ----------
    right : the probability that the given label is the right one, ``(n,)``, 0 to 1
    wrong : the probability that it is not, ``(n,)``: 1 minus that, but not rounded to 0 where it is
        small. It is 0 where every model answers the given label
    rival : the most probable label other than the given one, the lower one of equals, ``(n,)``;
        -1 where every model answers the given label
    rival_posterior : its probability, ``(n,)``; 0 where there is none
    accuracy : how often each model is right, by the posterior, ``(models,)``, 0 to 1
    weights : what the vote of each model weighs, ``(models,)``, above 0 and at most 1. Their sum
        says as how many voters the models count
    rounds : how many were made
    """

    right: Float[np.ndarray, "n"]
    wrong: Float[np.ndarray, "n"]
    rival: Int[np.ndarray, "n"]
    rival_posterior: Float[np.ndarray, "n"]
    accuracy: Float[np.ndarray, "models"]
    weights: Float[np.ndarray, "models"]
    rounds: int

    @property
    def doubted(self) -> Bool[np.ndarray, "n"]:
        """Whether another label is more probable than the given one, ``(n,)``."""
        doubted: Bool[np.ndarray, "n"] = self.rival_posterior > self.right
        return doubted


def models_as_voters(
    answers: Integer[np.ndarray, "n models"],
    given: Integer[np.ndarray, "n"],
    n_classes: int,
    *,
    without: int | None = None,
) -> Voters:
    r"""Return how probable it is that each given label is wrong, and which label is right instead.

    The model is that of Dawid and Skene, with the votes of models tempered. With ``a_k`` the answer
    of model ``k`` and ``g`` the given label, the label ``z`` of an example is right with

        p(z) ∝ share(z) · T(g | z) · Π_k π_k(a_k | z) ** w_k

    over the labels that the given label or any model says; others have 0. ``π_k(a | z)`` is how
    often model ``k`` says ``a`` where ``z`` is right, ``T`` the same of the given labels. All are
    shares of what was counted, under the posterior, and of a prior:

        π_k(a | z) = (count_k(z, a) + c · b_k(z, a)) / (count(z) + c),   c = 4 · n_classes

    where ``b_k`` puts the accuracy of the model on ``a = z``, and spreads the rest evenly over the
    other classes. ``T`` is the same with ``c = 10``. Counts, shares, accuracies and posteriors are
    taken in turn, beginning with the weighted share of the models that say a label (EM).

    **The weights.** Models err alike, so K of them are worth far fewer than K voters that err
    independently, and the plain product would be sure of anything that the models agree on. With
    ``ρ_jk`` the correlation of two models' being wrong by the given labels (0 where it is
    negative), the weight ``w_k = 1 / Σ_j ρ_jk`` divides a vote among those that err with it. Where
    all pairs have the same ``ρ``, the models count as ``K / (1 + (K - 1) ρ)`` voters (Clemen and
    Winkler): 1/ρ where there are many. Copies of one model count as that model. No right label
    is needed for any of this.

    **What is assumed.** One label is right for each example. A model's answer depends on the right
    label alone, and not on the example, but for what the weights make up for. Given labels are
    wrong independently of the models' errors: a mistake that a model has learnt from labels made in
    the same way counts as its agreement. Posteriors are therefore surer than they should be, one
    by one; their order is what they are for.

    Parameters
    ----------
    answers : the best answer of each model to each example, ``(n, models)``, ``0..n_classes-1``
    given : given labels, ``(n,)``, ``0..n_classes-1``
    n_classes : how many classes there are, 2 or more
    without : the column of a model that has no vote, as when that model is to be compared on what
        comes out: nothing depends on its answers then. It has no place in ``accuracy`` and
        ``weights`` either

    Raises
    ------
    InputError
        There is no example, or no model that votes; or ``without`` is no column.

    References
    ----------
    Dawid and Skene (1979), "Maximum Likelihood Estimation of Observer Error-Rates Using the EM
    Algorithm", Applied Statistics 28, eqs. (2.3) to (2.5).
    Clemen and Winkler (1985), "Limits for the Precision and Value of Information from Dependent
    Sources", Operations Research 33: as how many voters dependent ones count.
    Ribatet, Cooley and Davison (2012), "Bayesian Inference from Composite Likelihoods", Statistica
    Sinica 22, section 3: a likelihood that takes dependent parts for independent ones is raised to
    a power, or its posterior is too sure. Genest and Zidek (1986), "Combining Probability
    Distributions", Statistical Science 1: powers that sum to 1 are a logarithmic opinion pool.

    Examples
    --------
    >>> given = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> right = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    >>> answers = np.stack([right, right, right, right], axis=1)
    >>> answers[0, 0], answers[4, 1], answers[6, 2] = 1, 0, 0
    >>> found = models_as_voters(answers, given, 2)
    >>> found.wrong.round(2)
    array([0.07, 0.  , 0.  , 0.76, 0.04, 0.  , 0.04, 0.  ])
    >>> np.flatnonzero(found.doubted), found.rival[found.doubted], found.weights.round(2)
    (array([3]), array([1]), array([0.43, 0.43, 0.43, 0.34]))
    """
    answers = _voting(answers, without)
    given = given.astype(np.int64)
    weights = vote_weights(answers != given[:, np.newaxis])
    cells = _Cells.of(answers, given, n_classes)
    posterior = cells.normalised(_weighted_share(cells, weights))
    rounds, moved = 0, np.inf
    while rounds < MOST_ROUNDS and moved >= SETTLED * len(given):
        before, posterior = posterior, _round(cells, posterior, weights)
        rounds, moved = rounds + 1, float(np.abs(posterior - before).sum())
    return _told(cells, posterior, weights, rounds)


def vote_weights(wrong: Bool[np.ndarray, "n models"]) -> Float[np.ndarray, "models"]:
    """Return what each model's vote weighs, so that those who err alike share a vote.

    One over the sum of a model's correlations with all models, itself among them, where negative
    ones count as 0. A model that is always wrong, or never, goes with no other.

    Parameters
    ----------
    wrong : whether each model answers something else than the given label, ``(n, models)``

    Returns
    -------
    ``(models,)``, above 0 and at most 1

    References
    ----------
    Clemen and Winkler (1985), "Limits for the Precision and Value of Information from Dependent
    Sources", Operations Research 33.

    Examples
    --------
    >>> one, other = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    >>> vote_weights(np.stack([one, other], axis=1)), vote_weights(np.stack([one, one], axis=1))
    (array([1., 1.]), array([0.5, 0.5]))
    """
    n = len(wrong)
    columns = np.ascontiguousarray(wrong.T)
    errors = np.count_nonzero(columns, axis=1)
    # whole numbers, so that no order of summing can change a bit
    both = np.stack([np.count_nonzero(columns & one, axis=1) for one in columns])
    spread = np.sqrt(errors * (n - errors).astype(np.float64))
    product = np.outer(spread, spread)
    covariance = n * both - np.outer(errors, errors)
    correlation = np.divide(covariance, product, out=np.zeros(product.shape), where=product > 0)
    correlation = np.clip(correlation, 0, 1)
    np.fill_diagonal(correlation, 1)
    weights: Float[np.ndarray, "models"] = 1 / correlation.sum(axis=1)
    return weights


def _voting(
    answers: Integer[np.ndarray, "n _models"], without: int | None
) -> Integer[np.ndarray, "n _others"]:
    """Return the answers of the models that vote."""
    n, models = answers.shape
    if without is not None:
        if not 0 <= without < models:
            raise InputError(
                f"without is {without}, but the columns of answers run from 0 to {models - 1}."
            )
        answers = np.delete(answers, without, axis=1)
    if answers.size == 0:
        raise InputError(
            f"There are {n} examples and {answers.shape[1]} models that vote; at least one of each "
            "was expected."
        )
    return answers


@dataclass(frozen=True, eq=False)
class _Pairs:
    """The pairs (label of a cell, what a voter says of its example), each pair once."""

    of_cell: Int[np.ndarray, "cells"]  # the place of each cell's pair
    label: Int[np.ndarray, "pairs"]
    said: Int[np.ndarray, "pairs"]

    @classmethod
    def of(
        cls, label: Int[np.ndarray, "cells"], said: Int[np.ndarray, "cells"], n_classes: int
    ) -> "_Pairs":
        pairs, place = np.unique(label * n_classes + said, return_inverse=True)
        # thirty models have as many of these: narrow where that will do
        place = place.astype(np.min_scalar_type(-len(pairs)))
        return cls(place, pairs // n_classes, pairs % n_classes)


@dataclass(frozen=True, eq=False)
class _Cells:
    """The labels that somebody says of each example; a cell is an example and such a label."""

    n_classes: int
    row: Int[np.ndarray, "cells"]  # the example, which increases
    label: Int[np.ndarray, "cells"]
    begins: Int[np.ndarray, "n"]  # where the cells of each example begin
    is_given: Bool[np.ndarray, "cells"]
    pairs: tuple[_Pairs, ...]  # of each model
    pairs_of_given: _Pairs

    @classmethod
    def of(
        cls,
        answers: Integer[np.ndarray, "n models"],
        given: Int[np.ndarray, "n"],
        n_classes: int,
    ) -> "_Cells":
        examples = np.arange(len(given))
        said = np.column_stack([given, answers])  # given is int64, so all of it is
        cells = np.unique(examples[:, np.newaxis] * n_classes + said)
        row, label = cells // n_classes, cells % n_classes
        pairs = [_Pairs.of(label, column[row], n_classes) for column in said.T]
        begins = np.searchsorted(row, examples)
        return cls(n_classes, row, label, begins, label == given[row], tuple(pairs[1:]), pairs[0])

    def normalised(self, mass: Float[np.ndarray, "cells"]) -> Float[np.ndarray, "cells"]:
        """Return mass divided by that of all cells of the example."""
        share: Float[np.ndarray, "cells"] = mass / np.add.reduceat(mass, self.begins)[self.row]
        return share


def _weighted_share(
    cells: _Cells, weights: Float[np.ndarray, "models"]
) -> Float[np.ndarray, "cells"]:
    """Return the weight of the models that say the label of each cell."""
    total = np.zeros(len(cells.row))
    for pairs, weight in zip(cells.pairs, weights.tolist(), strict=True):
        total += weight * _agrees(pairs)
    return total


def _agrees(pairs: _Pairs) -> Bool[np.ndarray, "cells"]:
    """Return in which cells the voter says the label of the cell."""
    agrees: Bool[np.ndarray, "cells"] = (pairs.label == pairs.said)[pairs.of_cell]
    return agrees


def _round(
    cells: _Cells, posterior: Float[np.ndarray, "cells"], weights: Float[np.ndarray, "models"]
) -> Float[np.ndarray, "cells"]:
    """Return the posterior by what each voter says where a label is right, by the posterior."""
    n, m = len(cells.begins), cells.n_classes
    count = np.bincount(cells.label, weights=posterior, minlength=m)
    log = np.log((count + 1) / (n + m))[cells.label]
    for pairs, weight in zip(cells.pairs, weights.tolist(), strict=True):
        log += weight * _log_confusion(pairs, cells, posterior, count, PRIOR_PER_CLASS * m)
    log += _log_confusion(cells.pairs_of_given, cells, posterior, count, PRIOR_OF_GIVEN)
    log -= np.maximum.reduceat(log, cells.begins)[cells.row]
    return cells.normalised(np.exp(log))


def _log_confusion(
    pairs: _Pairs,
    cells: _Cells,
    posterior: Float[np.ndarray, "cells"],
    count: Float[np.ndarray, "classes"],
    prior: float,
) -> Float[np.ndarray, "cells"]:
    """Return ln of how probable what the voter says is where the label of each cell is right."""
    n, m = len(cells.begins), cells.n_classes
    seen = np.bincount(pairs.of_cell, weights=posterior, minlength=len(pairs.label))
    same = pairs.label == pairs.said
    # one right and one wrong answer more: nobody is never right, whose logarithm there is none of
    accuracy = (float(seen[same].sum()) + 1) / (n + 2)
    background = np.where(same, accuracy, (1 - accuracy) / (m - 1))
    share = np.log((seen + prior * background) / (count[pairs.label] + prior))
    log: Float[np.ndarray, "cells"] = share[pairs.of_cell]
    return log


def _told(
    cells: _Cells,
    posterior: Float[np.ndarray, "cells"],
    weights: Float[np.ndarray, "models"],
    rounds: int,
) -> Voters:
    others = np.where(cells.is_given, -1.0, posterior)
    top = np.maximum.reduceat(others, cells.begins)
    best = np.flatnonzero((others == top[cells.row]) & ~cells.is_given)
    rival = np.full(len(cells.begins), -1)
    rival[cells.row[best[::-1]]] = cells.label[best[::-1]]  # of equals the first is written last
    accuracy = [float(posterior[_agrees(pairs)].sum()) for pairs in cells.pairs]
    return Voters(
        right=posterior[cells.is_given],
        wrong=np.add.reduceat(np.where(cells.is_given, 0.0, posterior), cells.begins),
        rival=rival,
        rival_posterior=np.maximum(top, 0.0),
        accuracy=np.array(accuracy) / len(cells.begins),
        weights=weights,
        rounds=rounds,
    )
