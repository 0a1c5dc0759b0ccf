"""Models of a crowd: what its votes come to if reviewers differ, and how good each of them is.

Three models of how a reviewer answers, from full to bare: `dawid_skene` has a table of confusions
for each reviewer, `one_coin` one accuracy, `glad` an ability that meets the difficulty of the item.
None is told the truth: each is fitted to the votes alone by expectation maximisation, as the mode
of its posterior (MAP), from the shares of the votes as a beginning. A prior speaks where votes are
few: it is written as votes, right and wrong, that every reviewer is taken to have given before.

Each step works on whole arrays and takes a time that grows with the number of votes. Nothing is
drawn by chance, and the order of the votes does not matter, not even for the last bit.

All three take the same votes and stop by the same rule: `dawid_skene` says what these parameters
are and which errors they raise, the others only what is their own.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Protocol, TypedDict, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, Integer
from scipy.sparse import csr_array
from scipy.special import expit

from errata.core.consensus import most_probable
from errata.core.votes import Votes, in_order, ratio
from errata.errors import InputError

TINY = 1e-300
"""What stands for the probability 0 where a logarithm is taken."""
LONGEST = 8.0
"""How far a step may be drawn out, in lengths of the step."""


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """What a model makes of a crowd's votes.

    Attributes
    ----------
    posterior : the probability that each answer is the right one, ``(items, answers)``, rows sum to
        1; for an item without votes the row is ``shares``
    quality : the probability that a reviewer is right, ``(reviewers,)``, 0 to 1
    shares : how often each answer is the right one, ``(answers,)``, sums to 1
    iterations : how many were made
    converged : whether neither a posterior nor a quality moved by more than the tolerance in the
        last of them
    """

    posterior: Float[np.ndarray, "items answers"]
    quality: Float[np.ndarray, "reviewers"]
    shares: Float[np.ndarray, "answers"]
    iterations: int
    converged: bool

    @property
    def labels(self) -> Int[np.ndarray, "items"]:
        """The most probable answer to each item, the lower one of equals."""
        return most_probable(self.posterior)


@dataclass(frozen=True, kw_only=True)
class Confusions(Aggregate):
    """What the model of Dawid and Skene makes of a crowd's votes.

    Attributes
    ----------
    confusion : ``confusion[r, k, a]`` is the probability that reviewer ``r`` answers ``a`` where
        ``k`` is right, ``(reviewers, answers, answers)``, rows sum to 1
    """

    confusion: Float[np.ndarray, "reviewers answers answers"]


@dataclass(frozen=True, kw_only=True)
class Abilities(Aggregate):
    """What a model of abilities and difficulties makes of a crowd's votes.

    ``quality`` is the probability of being right on an item of middling difficulty, the geometric
    mean of those that have votes.

    Attributes
    ----------
    ability : ``(reviewers,)``; 0 answers at random, below 0 is worse than chance
    difficulty : ``(items,)``, above 0; everybody's logit of being right is ability over difficulty
    """

    ability: Float[np.ndarray, "reviewers"]
    difficulty: Float[np.ndarray, "items"]


def dawid_skene(
    items: Integer[np.ndarray, "_items"],
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    *,
    n_items: int | None = None,
    n_reviewers: int | None = None,
    n_answers: int | None = None,
    right: float = 4.0,
    wrong: float = 1.0,
    each: float = 1.0,
    max_iterations: int = 500,
    tolerance: float = 1e-4,
) -> Confusions:
    """Return what votes come to if every reviewer confuses answers in a way of their own.

    Reviewer ``r`` answers ``a`` with the probability ``confusion[r, k, a]`` where ``k`` is right.
    The prior of each of its rows is a Dirichlet distribution, whose mode is a share of
    ``right / (right + wrong)`` for the right answer and the rest evenly for the others.

    Parameters
    ----------
    items, reviewers, answers : numbers from 0 on, one entry a vote; more than one vote of a
        reviewer on an item all count
    n_items, n_reviewers, n_answers : how many there are; one more than the largest number if left
        out
    right, wrong : so many votes that each reviewer is taken to have given for every right answer,
        0 or more; with 0 and 0 (and ``each=0``) this is maximum likelihood, as in the article
    each : so many items that are taken to have been seen for which each answer was right
    max_iterations, tolerance : when to stop: nothing of posterior and quality moves by more

    Raises
    ------
    VoteError
        The arrays differ in length, or a number is negative or too large.
    InputError
        A prior is negative, or there is no iteration to make.

    References
    ----------
    Dawid and Skene (1979), "Maximum Likelihood Estimation of Observer Error-Rates Using the EM
    Algorithm", Applied Statistics 28(1), equations (2.3) to (2.5).

    Examples
    --------
    >>> items = np.repeat(np.arange(4), 3)
    >>> answers = np.array([0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0])  # the third always says 0
    >>> found = dawid_skene(items, np.tile(np.arange(3), 4), answers)
    >>> found.labels
    array([0, 1, 0, 1])
    >>> found.quality.round(2)
    array([0.84, 0.84, 0.73])
    """
    votes = in_order(
        items, reviewers, answers, n_items=n_items, n_reviewers=n_reviewers, n_answers=n_answers
    )
    model = _Confusing(votes, right, wrong)
    fit = _fit(votes, model, each, max_iterations, tolerance)
    return Confusions(
        **fit,
        confusion=np.ascontiguousarray(model.said.transpose(0, 2, 1)),
    )


def one_coin(
    items: Integer[np.ndarray, "_items"],
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    *,
    n_items: int | None = None,
    n_reviewers: int | None = None,
    n_answers: int | None = None,
    right: float = 4.0,
    wrong: float = 1.0,
    each: float = 1.0,
    max_iterations: int = 500,
    tolerance: float = 1e-4,
) -> Aggregate:
    """Return what votes come to if every reviewer is right at a rate of their own.

    A reviewer who is wrong is taken to give each wrong answer as often as another. The prior of the
    rate, which is the ``quality``, is a Beta distribution with its mode at
    ``right / (right + wrong)``.

    Parameters
    ----------
    right, wrong : so many votes that each reviewer is taken to have given, 0 or more
    items, reviewers, answers, n_items, n_reviewers, n_answers : as in `dawid_skene`
    each, max_iterations, tolerance : as in `dawid_skene`

    References
    ----------
    Dawid and Skene (1979) with one parameter a reviewer: the one-coin model of Zhang, Chen, Zhou
    and Jordan (2016), "Spectral Methods Meet EM", JMLR 17.

    Examples
    --------
    >>> items = np.repeat(np.arange(4), 3)
    >>> answers = np.array([0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0])
    >>> found = one_coin(items, np.tile(np.arange(3), 4), answers)
    >>> found.labels
    array([0, 1, 0, 1])
    >>> found.quality.round(2)
    array([0.88, 0.88, 0.67])
    """
    votes = in_order(
        items, reviewers, answers, n_items=n_items, n_reviewers=n_reviewers, n_answers=n_answers
    )
    model = _Coins(votes, right, wrong)
    return Aggregate(**_fit(votes, model, each, max_iterations, tolerance))


def glad(
    items: Integer[np.ndarray, "_items"],
    reviewers: Integer[np.ndarray, "_reviewers"],
    answers: Integer[np.ndarray, "_answers"],
    *,
    n_items: int | None = None,
    n_reviewers: int | None = None,
    n_answers: int | None = None,
    ability: float = 1.0,
    easiness: float = 1.0,
    spread: float = 1.0,
    each: float = 1.0,
    max_iterations: int = 500,
    tolerance: float = 1e-4,
) -> Abilities:
    """Return what votes come to if reviewers differ in ability, and items in difficulty.

    Reviewer ``r`` is right on item ``i`` with the probability ``1 / (1 + exp(-a_r exp(b_i)))``,
    with ability ``a_r`` and easiness ``b_i``, which is minus the logarithm of the difficulty. Who
    is wrong is taken to give each wrong answer as often as another. The priors of abilities and
    easinesses are normal.

    Only the product of the two shows in votes, so the priors settle their scale. The parameters are
    raised in turn on a quadratic bound of the logistic likelihood, which needs no length of step.
    Every second step is extrapolated from the last two. No iteration lowers the posterior.

    Parameters
    ----------
    ability, easiness : means of their priors (1 in the article)
    spread : standard deviation of both, above 0 (1 in the article)
    items, reviewers, answers, n_items, n_reviewers, n_answers : as in `dawid_skene`
    each, max_iterations, tolerance : as in `dawid_skene`

    Raises
    ------
    InputError
        The spread is not above 0.

    References
    ----------
    Whitehill, Ruvolo, Wu, Bergsma and Movellan (2009), "Whose Vote Should Count More: Optimal
    Integration of Labels from Labelers of Unknown Expertise", NIPS 22, equation (1), which is for
    two answers; Jaakkola and Jordan (2000), "Bayesian parameter estimation via variational
    methods", Statistics and Computing 10, for the bound; Varadhan and Roland (2008), "Simple and
    Globally Convergent Methods for Accelerating the Convergence of Any EM Algorithm", Scandinavian
    Journal of Statistics 35, scheme S3, for the extrapolation.

    Examples
    --------
    >>> items = np.repeat(np.arange(4), 3)
    >>> answers = np.array([0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0])
    >>> found = glad(items, np.tile(np.arange(3), 4), answers)
    >>> found.labels
    array([0, 1, 0, 1])
    >>> found.difficulty.argsort(kind="stable")  # all agree on the first and the third
    array([0, 2, 1, 3])
    """
    if not spread > 0:
        raise InputError(f"spread is {spread}, but a standard deviation is above 0, such as 1.")
    votes = in_order(
        items, reviewers, answers, n_items=n_items, n_reviewers=n_reviewers, n_answers=n_answers
    )
    model = _Able(votes, ability, easiness, spread, each)
    fit = _fit(votes, model, each, max_iterations, tolerance)
    easy = np.full(votes.n_items, float(easiness))
    easy[votes.voted] = model.easiness
    return Abilities(**fit, ability=model.ability, difficulty=np.exp(-easy))


# ---------------------------------------------------------------- expectation maximisation


@runtime_checkable
class _Model(Protocol):
    def learn(self, posterior: Float[np.ndarray, "voted answers"]) -> None:
        """Raise the parameters, given how probable each answer is (the M step)."""

    def scores(self, shares: Float[np.ndarray, "answers"]) -> Float[np.ndarray, "voted answers"]:
        """Return the logarithm of each answer's probability, and a constant of the item."""
        ...

    def quality(self, shares: Float[np.ndarray, "answers"], /) -> Float[np.ndarray, "reviewers"]:
        """Return the probability that each reviewer is right."""
        ...


class _Fit(TypedDict):
    """The fields that all aggregates share."""

    posterior: Float[np.ndarray, "items answers"]
    quality: Float[np.ndarray, "reviewers"]
    shares: Float[np.ndarray, "answers"]
    iterations: int
    converged: bool


def _fit(votes: Votes, model: _Model, each: float, max_iterations: int, tolerance: float) -> _Fit:
    if max_iterations < 1:
        raise InputError(f"max_iterations is {max_iterations}; 1 or more was expected.")
    if not each >= 0:
        raise InputError(f"each is {each}, but items seen before are 0 or more.")
    table = votes.table
    posterior = table / table.sum(axis=1, keepdims=True)
    quality = np.full(votes.n_reviewers, np.inf)
    voters = np.flatnonzero(np.bincount(votes.reviewer, minlength=votes.n_reviewers))
    iterations, moved = 0, np.inf
    while iterations < max_iterations and moved > tolerance:
        model.learn(posterior)
        # items without votes are left out: they would only repeat the shares
        shares = _mode(posterior.sum(axis=0) + each, axis=0)
        before, posterior = posterior, _softmax(model.scores(shares))
        # where votes contradict each other evenly no posterior moves, but what is learnt of
        # reviewers still may
        known, quality = quality, model.quality(shares)
        moved = max(_distance(before, posterior), _distance(known[voters], quality[voters]))
        iterations += 1
    whole = np.tile(shares, (votes.n_items, 1))
    whole[votes.voted] = posterior
    return {
        "posterior": whole,
        "quality": quality,
        "shares": shares,
        "iterations": iterations,
        "converged": moved <= tolerance,
    }


def _distance(old: Float[np.ndarray, "..."], new: Float[np.ndarray, "..."]) -> float:
    """Return the largest difference; the old numbers are lost."""
    old -= new
    return float(max(old.max(initial=0), -old.min(initial=0)))


class _Confusing:
    """Confusions of each reviewer; ``said[r, a, k]``: answers ``a`` where ``k`` is right."""

    def __init__(self, votes: Votes, right: float, wrong: float) -> None:
        _check_prior(right, wrong)
        n, m = votes.n_reviewers, votes.n_answers
        starts = np.concatenate([[0], np.cumsum(np.bincount(votes.item, minlength=1))])
        what = votes.reviewer * m + votes.answer
        shape = (len(votes.voted), n * m)
        self._cast = csr_array((np.ones(len(what)), what, starts[: shape[0] + 1]), shape=shape)
        self._shape = (n, m, m)
        self._before = np.full((m, m), wrong / max(m - 1, 1))
        np.fill_diagonal(self._before, right)
        self.said: Float[np.ndarray, "reviewers answers answers"] = np.empty(self._shape)

    def learn(self, posterior: Float[np.ndarray, "voted answers"]) -> None:
        counts = (self._cast.T @ posterior).reshape(self._shape)
        self.said = _mode(counts + self._before, axis=1)

    def scores(self, shares: Float[np.ndarray, "answers"]) -> Float[np.ndarray, "voted answers"]:
        scores: Float[np.ndarray, "voted answers"] = self._cast @ _log(
            self.said.reshape(-1, self._shape[2])
        )
        scores += _log(shares)
        return scores

    def quality(self, shares: Float[np.ndarray, "answers"]) -> Float[np.ndarray, "reviewers"]:
        right: Float[np.ndarray, "reviewers"] = np.einsum("rkk,k->r", self.said, shares)
        return right


class _Coins:
    """The rate at which each reviewer is right."""

    def __init__(self, votes: Votes, right: float, wrong: float) -> None:
        _check_prior(right, wrong)
        self._votes, self._cell = votes, votes.cell
        self._right = right
        self._of = np.bincount(votes.reviewer, minlength=votes.n_reviewers) + (right + wrong)
        self.rate: Float[np.ndarray, "reviewers"] = np.empty(votes.n_reviewers)

    def learn(self, posterior: Float[np.ndarray, "voted answers"]) -> None:
        hits = self._right + _sums(
            self._votes.reviewer, posterior.ravel().take(self._cell), self._votes.n_reviewers
        )
        self.rate = np.minimum(ratio(hits, self._of, otherwise=1 / self._votes.n_answers), 1)

    def scores(self, shares: Float[np.ndarray, "answers"]) -> Float[np.ndarray, "voted answers"]:
        others = max(self._votes.n_answers - 1, 1)
        gain = _log(self.rate) - _log((1 - self.rate) / others)
        scores = _tally(self._votes, self._cell, gain.take(self._votes.reviewer))
        scores += _log(shares)
        return scores

    def quality(self, _: Float[np.ndarray, "answers"]) -> Float[np.ndarray, "reviewers"]:
        return self.rate


class _Able:
    """The ability of each reviewer, and the easiness of each item that has votes.

    Steps of expectation maximisation are short here, so every second one is drawn out along the
    way of the last two; where that leads below the last point, it is taken back.
    """

    def __init__(
        self, votes: Votes, ability: float, easiness: float, spread: float, each: float
    ) -> None:
        self._votes, self._cell = votes, votes.cell
        self._prior = ability, easiness, each
        self._precision = spread**-2.0
        self.ability: Float[np.ndarray, "reviewers"] = np.full(votes.n_reviewers, float(ability))
        self.easiness: Float[np.ndarray, "voted"] = np.full(len(votes.voted), float(easiness))
        self._stride: Float[np.ndarray, "parameters"] | None = None
        self._short: Float[np.ndarray, "parameters"] | None = None
        self._height = -np.inf

    def learn(self, posterior: Float[np.ndarray, "voted answers"]) -> None:
        before = self._point()
        self._step(posterior)
        after = self._point()
        if self._stride is None:
            self._stride = after - before
            return
        bend = after - before - self._stride
        long = float(np.sqrt(self._stride @ self._stride) / max(np.sqrt(bend @ bend), TINY))
        if long > 1:
            long, self._short = min(long, LONGEST), after
            self._go(before - self._stride + (2 * long) * self._stride + long**2 * bend)
        self._stride = None

    def scores(self, shares: Float[np.ndarray, "answers"]) -> Float[np.ndarray, "voted answers"]:
        scores, height = self._scored(shares)
        if self._short is not None and height < self._height:
            self._go(self._short)
            scores, height = self._scored(shares)
        self._short, self._height = None, height
        return scores

    def _point(self) -> Float[np.ndarray, "parameters"]:
        return np.concatenate([self.ability, self.easiness])

    def _go(self, point: Float[np.ndarray, "parameters"]) -> None:
        self.ability, self.easiness = np.split(point, [self._votes.n_reviewers])

    def _step(self, posterior: Float[np.ndarray, "voted answers"]) -> None:
        votes, n_voted = self._votes, len(self._votes.voted)
        pull = posterior.ravel().take(self._cell) - 0.5
        easy = np.exp(self.easiness).take(votes.item)
        bend = _bend(self.ability.take(votes.reviewer) * easy) * easy
        mean, least = self._prior[0], self._precision
        self.ability = (mean * least + _sums(votes.reviewer, pull * easy, votes.n_reviewers)) / (
            least + _sums(votes.reviewer, bend * easy, votes.n_reviewers)
        )
        able = self.ability.take(votes.reviewer)
        bend = _bend(able * easy) * able
        self.easiness = _raised(
            self.easiness,
            _sums(votes.item, pull * able, n_voted),
            _sums(votes.item, bend * able, n_voted),
            self._prior[1],
            self._precision,
        )

    def _scored(
        self, shares: Float[np.ndarray, "answers"]
    ) -> tuple[Float[np.ndarray, "voted answers"], float]:
        """Return the scores, and the logarithm of the posterior of all parameters."""
        votes = self._votes
        logit = self.ability.take(votes.reviewer) * np.exp(self.easiness).take(votes.item)
        others = np.log(max(votes.n_answers - 1, 1))
        scores = _tally(votes, self._cell, logit + others) + _log(shares)
        if not len(scores):
            return scores, 0.0
        top = _largest(scores)
        likely = (top + np.log(np.exp(scores - top[:, np.newaxis]).sum(axis=1))).sum()
        likely += _log(expit(-logit)).sum()  # all votes wrong, from which the scores count
        far = ((self.ability - self._prior[0]) ** 2).sum()
        far += ((self.easiness - self._prior[1]) ** 2).sum()
        return scores, float(
            likely + self._prior[2] * _log(shares).sum() - self._precision * far / 2
        )

    def quality(self, _: Float[np.ndarray, "answers"]) -> Float[np.ndarray, "reviewers"]:
        middling = np.exp(self.easiness.mean() if len(self.easiness) else self._prior[1])
        right: Float[np.ndarray, "reviewers"] = expit(self.ability * middling)
        return right


def _bend(logit: Float[np.ndarray, "votes"]) -> Float[np.ndarray, "votes"]:
    """Return how much the bound of the log-likelihood bends at a logit: (sigmoid(x) - 1/2) / x."""
    bend: Float[np.ndarray, "votes"] = expit(logit)  # many times faster than a hyperbolic tangent
    bend -= 0.5
    far = np.abs(logit) > 1e-4  # nearer the difference has few digits, and 1/4 has eight
    np.divide(bend, logit, out=bend, where=far)
    bend[~far] = 0.25
    return bend


def _raised(
    easiness: Float[np.ndarray, "voted"],
    pull: Float[np.ndarray, "voted"],
    bend: Float[np.ndarray, "voted"],
    mean: float,
    precision: float,
) -> Float[np.ndarray, "voted"]:
    """Return b of each item for which the bound and the prior together are higher than they were.

    With ``h(b) = pull e^b - bend e^2b / 2 - precision (b - mean)^2 / 2``: a step of Newton's, held
    short, and taken only where it leads up.
    """

    def height(b: Float[np.ndarray, "voted"]) -> Float[np.ndarray, "voted"]:
        easy = np.exp(b)
        risen: Float[np.ndarray, "voted"] = (pull - bend * easy / 2) * easy - precision * (
            b - mean
        ) ** 2 / 2
        return risen

    easy = np.exp(easiness)
    slope = (pull - bend * easy) * easy - precision * (easiness - mean)
    # the part of the curvature that is surely negative, so that the step goes up
    curve = (2 * bend * easy - np.minimum(pull, 0)) * easy + precision
    new = easiness + np.clip(slope / curve, -1, 1)
    return np.where(height(new) >= height(easiness), new, easiness)


def _tally(
    votes: Votes, cell: Int[np.ndarray, "votes"], gain: Float[np.ndarray, "votes"]
) -> Float[np.ndarray, "voted answers"]:
    """Return what the votes for each answer weigh together."""
    return _sums(cell, gain, len(votes.voted) * votes.n_answers).reshape(-1, votes.n_answers)


def _sums(
    group: Int[np.ndarray, "votes"], values: Float[np.ndarray, "votes"], n_groups: int
) -> Float[np.ndarray, "_groups"]:
    sums = np.bincount(group, weights=values, minlength=n_groups)
    return sums.astype(np.float64, copy=False)  # without votes they come as whole numbers


def _mode(counts: Float[np.ndarray, "..."], axis: int) -> Float[np.ndarray, "..."]:
    """Return shares along an axis; even ones where nothing was counted."""
    total = counts.sum(axis=axis, keepdims=True)
    return ratio(counts, np.broadcast_to(total, counts.shape), otherwise=1 / counts.shape[axis])


def _log(probs: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    logs: Float[np.ndarray, "..."] = np.log(np.maximum(probs, TINY))
    return logs


def _softmax(scores: Float[np.ndarray, "voted answers"]) -> Float[np.ndarray, "voted answers"]:
    """Return probabilities, in place of the scores."""
    scores -= _largest(scores)[:, np.newaxis]
    np.exp(scores, out=scores)
    scores /= np.einsum("ij->i", scores)[:, np.newaxis]
    return scores


def _largest(scores: Float[np.ndarray, "voted answers"]) -> Float[np.ndarray, "voted"]:
    """Return the largest score of each item."""
    # along rows of a few numbers NumPy's maximum is slow, column by column it is not
    few = scores.shape[1] <= 16
    top: Float[np.ndarray, "voted"] = reduce(np.maximum, scores.T) if few else scores.max(axis=1)
    return top


def _check_prior(right: float, wrong: float) -> None:
    for name, votes in (("right", right), ("wrong", wrong)):
        if not votes >= 0:
            raise InputError(f"{name} is {votes}, but votes given before are 0 or more.")
