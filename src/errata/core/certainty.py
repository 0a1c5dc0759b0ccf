"""How sure the accuracies and the ranks of models are, when some of the labels have been checked.

Knows who would be right on which example, and how the checked examples were drawn. Who checked
them, and which model was right, is for others.

The estimator
-------------
``N`` examples, of which those in ``s`` were checked; example ``i`` was drawn with the known
probability ``π_i``. Model ``m`` is credited ``c_im`` by the checked label, ``p_im`` without a
check (1 if it gives the given label; or the probability that it is right). Its number of hits is
estimated by a guess and its correction::

    Total_m = Σ_i p_im + Σ_{i in s} (c_im − p_im) / π_i

which is right on average over the samples that might have been drawn, however poor the guess
(Särndal, Swensson and Wretman 1992, section 6.3). How many examples count, ``K``, is estimated
alike, a guess of 1 each being corrected where a checked one does not (``keep_i = 0``), and the
accuracy is ``A_m = Total_m / K``. To first order a checked example moves it by
``d_im = ((c_im − p_im) − A_m (keep_i − 1)) / K``, and the covariance of two models is, summed over
the strata, from each of which a fixed number ``n`` was drawn,

    n/(n−1) Σ_{i in s} (1−π_i) (d_ia/π_i − B_a) (d_ib/π_i − B_b),  B = Σ (1−π) d/π / Σ (1−π)

(Hájek 1964; Berger 1998). With equal ``π`` this is the formula of simple random sampling from a
finite population. Examples that were sure to be checked, ``π = 1``, have no part in it, nor in
``n``: a census is exact, and of a plan that checked the top alone nothing is said of the rest,
which stays as given. A stratum with one checked example adds ``(d/π)²``, which is on average no
less than its variance.

Several draws
-------------
A later draw is made from what no earlier one holds, and may depend on what these found. It tells
the total, too: what earlier draws hold is known, or estimated by what is checked of it, and the
draw stands for the rest. The totals of all draws are averaged, each with its share ``a``
(`errata.core.error_rate` has the same average), so that a checked example counts::

    c_i = a_i / π_i + l_i

in the place of ``1 / π_i``, where ``l_i`` is the shares of the draws after its own, times the
number ``v_i`` of examples of its own draw that it stands for there: 1 where that draw is checked to
its end. The totals of two draws are uncorrelated, since the later one is right on average whatever
came before; so the covariance is summed over the strata of all draws, with ``w_i d_i`` in the
place of ``d_i/π_i``::

    w_i² (1−π_i) = a_i² (1 − π_i v_i) / (π_i² v_i) + (1 − 1/v_i) c_i²

The first part is from what was drawn, the second from what of it was checked, a random
``1/v_i``. With one draw, or with all checked, ``w_i`` is ``a_i / π_i``: what is known adds nothing.

Few events
----------
A wrong label moves few models, so the difference of two models may rest on three checked
examples, or on none, and the formula above would then be much too sure. Two things are done. Each
variance gets what *two imagined examples* more would have added, one in favour of each model
(the idea of Agresti and Min 2005, and of Bonett and Price 2012, for paired proportions). What one
adds is the mean of ``(1−π_i) (w_i/K)²`` over all examples on which the two models differ, estimated
from the checked ones, each standing for ``c_i``: as likely as any other to be the one that was
missed is an example that hardly had a chance to be drawn, which would have weighed much. And
quantiles are those of Student's t with ``2 V² / Q`` degrees of freedom, ``Q`` the sum of the fourth
powers of what ``V`` is the sum of squares of (Satterthwaite 1946): twice the number of events,
where all weigh the same. Where they do and events are rare, so that their number has Poisson's
distribution, an interval of 95 % then misses at most 5.5 % of the time, however many there are on
average; with the normal distribution and nothing imagined, it misses whenever there are none.
Where they weigh differently no such bound is known; benchmarks/ranking.py counts what is missed.

Other test sets
---------------
Asked about test sets of the same kind, each variance gets that of drawing ``N`` examples, and the
degrees of freedom are combined. There are more of them, so that far out an interval can come out
narrower, where few labels make most of the variance. An error more makes nothing surer: what is
told of other test sets reaches at least as far as what is told of this one, and decides no more.

References
----------
Agresti and Min (2005), "Simple improved confidence intervals for comparing matched proportions",
Statistics in Medicine 24. Berger (1998), "Rate of convergence to normal distribution for the
Horvitz-Thompson estimator", JSPI 67. Bonett and Price (2012), "Adjusted Wald confidence interval
for a difference of binomial proportions based on paired data", JEBS 37. Hájek (1964), "Asymptotic
theory of rejective sampling", Annals of Mathematical Statistics 35. Satterthwaite (1946), "An
approximate distribution of estimates of variance components", Biometrics Bulletin 2. Särndal,
Swensson and Wretman (1992), "Model Assisted Survey Sampling".
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, Integer
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from errata.core.accuracy import hits
from errata.core.confidence import check_confidence
from errata.core.consensus import CORRECTABLE, MULTI_LABEL, NEITHER, NON_AGREEMENT
from errata.errors import InputError

Policy = Literal["corrected", "accepted", "clear"]
"""Which answers count as right: see `credited`."""

POLICIES: tuple[Policy, ...] = ("corrected", "accepted", "clear")

IMAGINED = 2
"""Examples imagined on top of those found; with fewer, rare events are missed too often."""

_ROWS = 1 << 14  # examples taken at a time
_TINY = np.finfo(np.float64).tiny  # in the place of a sum of nothing


# ---------------------------------------------------------------- what is right


def credited(
    top: Integer[np.ndarray, "checked columns"],
    given: Integer[np.ndarray, "checked"],
    suggested: Integer[np.ndarray, "checked"],
    codes: Int[np.ndarray, "checked"],
    *,
    policy: Policy,
    k: int = 1,
) -> Bool[np.ndarray, "checked"]:
    """Return on which checked examples a model is right.

    ``"corrected"``: one label is right, the suggested one where the verdict is correctable and
    the given one elsewhere, as a release has it. ``"accepted"``: every label that the reviewers
    accept is right; where the verdict is multi-label this is either, where it is neither, none.
    ``"clear"``: as corrected, and the examples without a clear label do not count (`counting`).

    Parameters
    ----------
    top : the model's answers, best first
    given, suggested : the labels of the checked examples
    codes : their verdicts, as `errata.core.consensus.verdict_codes` gives them
    policy : see above
    k : how many answers count, in ``1..columns``

    Examples
    --------
    >>> top, given, suggested = np.array([[1], [1], [1]]), np.array([0, 0, 0]), np.array([1, 1, 1])
    >>> codes = np.array([0, 1, 2])  # non_error, correctable, multi_label
    >>> credited(top, given, suggested, codes, policy="corrected")
    array([False,  True, False])
    >>> credited(top, given, suggested, codes, policy="accepted")
    array([False,  True,  True])
    """
    right = hits(top, np.where(codes == CORRECTABLE, suggested, given), k)
    if policy == "accepted":
        right |= (codes == MULTI_LABEL) & hits(top, suggested, k)
        right &= codes != NEITHER
    return right


def counting(codes: Int[np.ndarray, "checked"], policy: Policy) -> Bool[np.ndarray, "checked"]:
    """Return which checked examples count: under ``"clear"``, those whose label is known.

    These are the paper's P; under the other policies every example counts.

    Examples
    --------
    >>> counting(np.array([0, 1, 2, 3, 4, -1]), "clear")
    array([ True,  True, False, False, False,  True])
    """
    unclear = np.isin(codes, (MULTI_LABEL, NEITHER, NON_AGREEMENT))
    return ~unclear if policy == "clear" else np.ones(len(codes), dtype=np.bool_)


def worst_changes(
    top: Integer[np.ndarray, "checked models"],
    given: Integer[np.ndarray, "checked"],
    suggested: Integer[np.ndarray, "checked"],
    codes: Int[np.ndarray, "checked"],
    counts: Float[np.ndarray, "checked"],
) -> Float[np.ndarray, "models models"]:
    """Return how much the right labels that nobody knows could take from each lead at most.

    Where the verdict is neither, the right label is another than the two; where reviewers do not
    agree, it may be any. Policy ``"corrected"`` counts the given one there. In place of that, the
    model of the column can be right and that of the row wrong on each such example on which they
    differ, if its answer may be the right one, and else neither is.

    Parameters
    ----------
    top : each model's best answer
    given, suggested, codes : as of `credited`
    counts : for how many examples each counts

    Returns
    -------
    what is to be added to the lead of the row on the column, in examples; above 0 where that can
    only grow

    Examples
    --------
    The first label is neither 0 nor 1. The first model says 0, and is credited for the given
    label; the second says 2, which may be right.

    >>> worst_changes(np.array([[0, 2]]), *np.array([[0], [1], [3]]), np.array([10.0]))
    array([[  0., -20.],
           [ 10.,   0.]])
    """
    models = top.shape[1]
    open_ = np.isin(codes, (NEITHER, NON_AGREEMENT))
    top, given, suggested = top[open_], given[open_, np.newaxis], suggested[open_, np.newaxis]
    ruled_out = (codes[open_] == NEITHER)[:, np.newaxis] & ((top == given) | (top == suggested))
    right = top == given
    change = np.zeros((models, models))
    for row in range(models):
        differ = top[:, [row]] != top
        worst = np.where(ruled_out, 0, -1) - (right[:, [row]].astype(int) - right)
        change[row] = counts[open_] @ np.where(differ, worst, 0)
    return change


# ---------------------------------------------------------------- accuracies


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """The examples whose labels were checked, and how they were drawn.

    Attributes
    ----------
    examples : each in ``0..n-1``, no example twice
    probabilities : with which each was drawn and checked, above 0 and at most 1; 1 for what was
        sure to be checked. Of a later draw, from what no earlier one holds
    strata : the stratum of each; of every stratum a fixed number was drawn. Two draws share none
    shares : of several draws, the share of each one's draw in the average, 0 to 1; without it, 1
    later : of several draws, the ``l`` of this module's head, from 0 up; without it, 0
    stands_for : its ``v``: how many of its own draw each stands for, 1 or more; without it, 1

    Raises
    ------
    InputError
        The arrays differ in length, an example stands twice, or a number is out of range.
    """

    examples: Int[np.ndarray, "_examples"]
    probabilities: Float[np.ndarray, "_probabilities"]
    strata: Int[np.ndarray, "_strata"]
    shares: Float[np.ndarray, "_shares"] | None = None
    later: Float[np.ndarray, "_later"] | None = None
    stands_for: Float[np.ndarray, "_stands_for"] | None = None

    def __post_init__(self) -> None:
        sizes = {len(self.examples), len(self.probabilities), len(self.strata)}
        if len(sizes) > 1:
            raise InputError(
                f"There are {len(self.examples):,} checked examples, {len(self.probabilities):,} "
                f"probabilities and {len(self.strata):,} strata; one of each was expected for "
                "every checked example."
            )
        for name, least in (("shares", 0.0), ("later", 0.0), ("stands_for", 1.0)):
            each = getattr(self, name)
            if each is not None and (len(each) not in sizes or not (each >= least).all()):
                raise InputError(
                    f"{name} has {len(each):,} numbers, the least {each.min(initial=np.inf):g}; "
                    f"one from {least:g} up was expected for each of the {len(self.examples):,} "
                    "checked examples."
                )
        wrong = np.flatnonzero(~((self.probabilities > 0) & (self.probabilities <= 1)))
        if wrong.size:
            raise InputError(
                f"probabilities[{wrong[0]}] is {self.probabilities[wrong[0]]} ({wrong.size:,} of "
                f"{len(self.probabilities):,} are out of range); the probability with which an "
                "example was drawn is above 0 and at most 1. Leave out what was not checked."
            )
        if len(np.unique(self.examples)) < len(self.examples):
            found, times = np.unique(self.examples, return_counts=True)
            raise InputError(
                f"Example {found[times > 1][0]} is among the checked ones twice; give each once, "
                "with its verdict."
            )

    @property
    def counts(self) -> Float[np.ndarray, "_examples"]:
        """How many examples each counts for, the ``c`` of this module's head."""
        own = 1.0 if self.shares is None else self.shares
        later = 0.0 if self.later is None else self.later
        counts: Float[np.ndarray, "_examples"] = own / self.probabilities + later
        return counts

    @property
    def weights(self) -> Float[np.ndarray, "_examples"]:
        """What each weighs where it was left to chance, the ``w``; 0 where it was not."""
        own = 1.0 if self.shares is None else self.shares
        stands_for = 1.0 if self.stands_for is None else self.stands_for
        left = np.maximum(1 - self.probabilities, 0)
        # rounding must not make a variance negative where every example of a draw was sure
        of_draw = np.maximum(1 - self.probabilities * stands_for, 0) / stands_for
        squares = (own / self.probabilities) ** 2 * of_draw
        squares = squares + (1 - 1 / stands_for) * self.counts**2
        weights: Float[np.ndarray, "_examples"] = np.sqrt(
            np.divide(squares, left, out=np.zeros_like(left), where=left > 0)
        )
        return weights


@dataclass(frozen=True, kw_only=True, eq=False)
class Accuracies:
    """The accuracies of models, and how sure they are.

    Attributes
    ----------
    accuracy : ``(models,)``
    kept : how many examples count, estimated
    covariance : of the accuracies, ``(models, models)``, with nothing imagined
    error : the standard error of the difference of two models, and on the diagonal that of an
        accuracy, ``(models, models)``, with the imagined examples of this module's head
    freedom : the degrees of freedom of each, infinite where the error is 0
    alone : where all this is about other test sets of the same kind, too: the same of this one
    """

    accuracy: Float[np.ndarray, "models"]
    kept: float
    covariance: Float[np.ndarray, "models models"]
    error: Float[np.ndarray, "models models"]
    freedom: Float[np.ndarray, "models models"]
    alone: "Accuracies | None" = None

    def intervals(
        self, confidence: float = 0.95
    ) -> tuple[Float[np.ndarray, "models"], Float[np.ndarray, "models"]]:
        """Return the lowest and the highest accuracy of each model, between 0 and 1.

        Each interval is for its model alone; `decide` makes those that hold for all at once.
        """
        check_confidence(confidence)
        half = _half_width(np.diagonal(self.error), np.diagonal(self.freedom), (1 - confidence) / 2)
        if self.alone is not None:
            error, freedom = np.diagonal(self.alone.error), np.diagonal(self.alone.freedom)
            half = np.maximum(half, _half_width(error, freedom, (1 - confidence) / 2))
        return np.clip(self.accuracy - half, 0, 1), np.clip(self.accuracy + half, 0, 1)


def accuracies(
    proxy: Bool[np.ndarray, "n models"] | Float[np.ndarray, "n models"],
    credit: Bool[np.ndarray, "checked models"],
    checked: Sample,
    *,
    keep: Bool[np.ndarray, "checked"] | None = None,
    alike: Int[np.ndarray, "models"] | None = None,
    population: bool = False,
) -> Accuracies:
    """Return the accuracy of each model by the checked labels, with what is not known of them.

    The equations are in the head of this module.

    Parameters
    ----------
    proxy : what each model is credited on each example without a check: whether it gives the
        given label, or the probability that it is right, 0 to 1
    credit : whether it is right on each checked example, see `credited`
    checked : which were checked, and how they were drawn
    keep : which checked examples count, see `counting`; all, if left out
    alike : for each model the first one that gives the same answer to every example, itself where
        none does: whatever the labels are, these two are equally good, which their credits on
        what was checked cannot tell. Without it, no two are alike
    population : whether the uncertainty is that of other test sets of the same kind, too: that of
        ``n`` examples drawn from a large population. If not, it is that of this test set alone,
        of which some labels are not checked.

    Raises
    ------
    InputError
        The shapes do not fit, models said to be alike are credited differently, or by what was
        checked no example counts.

    Examples
    --------
    Of 8 examples 4 were checked, drawn at random. The label of the last of these was wrong, which
    costs the first model a hit and wins the second one: two each, since a half were checked.

    >>> proxy = np.array([[1, 1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0]], dtype=bool).T
    >>> checked = Sample(examples=np.array([0, 2, 4, 6]), probabilities=np.full(4, 0.5),
    ...                   strata=np.zeros(4, dtype=int))
    >>> credit = np.array([[1, 1, 1, 0], [1, 1, 0, 1]], dtype=bool).T
    >>> found = accuracies(proxy, credit, checked)
    >>> found.accuracy
    array([0.625, 0.75 ])
    >>> round(float(found.error[0, 1]), 2), float(found.freedom[0, 1])
    (0.43, 3.0)
    """
    n, models = proxy.shape
    if credit.shape != (len(checked.examples), models) or models == 0:
        raise InputError(
            f"There are credits of shape {credit.shape} and proxies of shape {proxy.shape}; "
            f"{len(checked.examples):,} checked examples want a row each in the first, and both a "
            "column for every model, of which there is at least one."
        )
    if checked.examples.size and not 0 <= checked.examples.min() <= checked.examples.max() < n:
        raise InputError(
            f"The checked examples run from {checked.examples.min()} to {checked.examples.max()}, "
            f"but there are {n:,} examples, 0 to {n - 1}."
        )
    first = np.arange(models) if alike is None else alike
    for model in np.flatnonzero(first != np.arange(models)).tolist():
        one = first[model]
        if any((table[:, one] != table[:, model]).any() for table in (proxy, credit)):
            raise InputError(
                f"alike[{model}] is {one}, but models {one} and {model} are not credited alike. "
                "Put those together that give the same answer to every example."
            )
    kept = np.ones(len(credit)) if keep is None else keep.astype(np.float64)
    guess = proxy[checked.examples].astype(np.float64)
    right = credit * kept[:, np.newaxis]
    weight = checked.counts
    total = proxy.sum(axis=0, dtype=np.float64) + weight @ (right - guess)
    size = n + float(weight @ (kept - 1))
    if size <= 0:
        raise InputError(
            f"By the {len(kept):,} checked examples, of which {int((1 - kept).sum()):,} do not "
            "count, no example counts at all. Check more, or count those without a clear label."
        )
    accuracy = (total / size)[first]  # rounding must not put one of two that are alike ahead
    moves = ((right - guess) - (kept - 1)[:, np.newaxis] * accuracy) / size
    pieces = _pieces(moves, checked)
    pairs = np.ix_(first, first)
    covariance = (pieces.T @ pieces)[pairs]
    variance, freedom = _label_variances(pieces, guess, right, checked, size)
    tied = (first[:, np.newaxis] == first) & ~np.eye(models, dtype=np.bool_)
    variance[tied], freedom[tied] = 0, np.inf
    found = Accuracies(
        accuracy=accuracy,
        kept=size,
        covariance=covariance,
        error=np.sqrt(variance),
        freedom=freedom,
    )
    if population:
        known = right - kept[:, np.newaxis] * accuracy
        squares = _squares(proxy, accuracy, guess - accuracy, known, weight)
        spread = squares[pairs] / (size * max(size - 1, 1))
        variance, freedom = _with_population(variance, freedom, spread, size)
        return replace(
            found,
            covariance=covariance + spread,
            error=np.sqrt(variance),
            freedom=freedom,
            alone=found,
        )
    return found


def _pieces(
    moves: Float[np.ndarray, "checked models"], checked: Sample
) -> Float[np.ndarray, "checked models"]:
    """Return what the covariance is the sum of squares and products of, a row an example."""
    pieces = np.zeros_like(moves)
    blown_up = checked.weights[:, np.newaxis] * moves
    for rows in _drawn_strata(checked):
        if len(rows) == 1:
            pieces[rows] = blown_up[rows]
            continue
        left = 1 - checked.probabilities[rows, np.newaxis]
        centre = (left * blown_up[rows]).sum(axis=0) / left.sum()
        pieces[rows] = np.sqrt(len(rows) / (len(rows) - 1) * left) * (blown_up[rows] - centre)
    return pieces


def _drawn_strata(checked: Sample) -> Iterator[Int[np.ndarray, "_rows"]]:
    """Yield the rows of each stratum that were not sure to be checked, where there are any."""
    chance = np.flatnonzero(checked.probabilities < 1)
    order = chance[np.argsort(checked.strata[chance], kind="stable")]
    starts = np.flatnonzero(np.diff(checked.strata[order])) + 1
    yield from (rows for rows in np.split(order, starts) if rows.size)


def _label_variances(
    pieces: Float[np.ndarray, "checked models"],
    guess: Float[np.ndarray, "checked models"],
    right: Float[np.ndarray, "checked models"],
    checked: Sample,
    size: float,
) -> tuple[Float[np.ndarray, "models models"], Float[np.ndarray, "models models"]]:
    """Return the variances of differences, on the diagonal of accuracies, and their freedom."""
    models = pieces.shape[1]
    drawn = checked.probabilities < 1
    # what one example more, of this probability, would add if it changed a difference by one
    each = (1 - checked.probabilities) * (checked.weights / size) ** 2
    squares, fourths, imagined = np.zeros((3, models, models))
    for a in range(models):
        apart = pieces[:, [a]] - pieces
        differ = drawn[:, np.newaxis] & ((guess[:, [a]] != guess) | (right[:, [a]] != right))
        apart[:, a] = pieces[:, a]
        squares[a], fourths[a] = (apart**2).sum(axis=0), (apart**4).sum(axis=0)
        # a model on its own, and two that never differ among the checked: by all of these
        differ[:, ~differ.any(axis=0)] = drawn[:, np.newaxis]
        # by what each counts for: an aimed plan draws mostly what weighs little, while what it has
        # missed may be anywhere
        counts = checked.counts[:, np.newaxis] * differ
        imagined[a] = IMAGINED * (each @ counts) / np.maximum(counts.sum(axis=0), _TINY)
    variance = squares + imagined
    quartic = fourths + imagined**2 / IMAGINED
    most = max(1, sum(len(rows) - 1 for rows in _drawn_strata(checked)))
    some = variance > 0
    freedom = np.full_like(variance, np.inf)
    freedom[some] = np.minimum(2 * variance[some] ** 2 / quartic[some], most)
    return variance, freedom


def _squares(
    proxy: Bool[np.ndarray, "n models"] | Float[np.ndarray, "n models"],
    accuracy: Float[np.ndarray, "models"],
    guessed: Float[np.ndarray, "checked models"],
    known: Float[np.ndarray, "checked models"],
    weight: Float[np.ndarray, "checked"],
) -> Float[np.ndarray, "models models"]:
    """Return the squares and products of the credits, less the accuracies, over all examples.

    They are estimated as the hits are: by a guess, and its correction by what is known.
    """
    total: Float[np.ndarray, "models models"] = (weight[:, np.newaxis] * known).T @ known
    total -= (weight[:, np.newaxis] * guessed).T @ guessed
    for start in range(0, len(proxy), _ROWS):
        off = proxy[start : start + _ROWS] - accuracy
        total += off.T @ off
    return total


def _with_population(
    variance: Float[np.ndarray, "models models"],
    freedom: Float[np.ndarray, "models models"],
    spread: Float[np.ndarray, "models models"],
    size: float,
) -> tuple[Float[np.ndarray, "models models"], Float[np.ndarray, "models models"]]:
    """Add to variances that of drawing the test set, and combine the degrees of freedom."""
    own = _of_differences(spread)
    np.fill_diagonal(own, np.diagonal(spread))
    own = np.maximum(own, 0) + IMAGINED / size**2  # estimated by a difference: may be below 0
    # an example moves a difference by 1/size or not at all, so that Q = V / size²
    own_freedom = 2 * own * size**2
    both = variance + own
    return both, both**2 / (variance**2 / freedom + own**2 / own_freedom)


def _of_differences(
    covariance: Float[np.ndarray, "models models"],
) -> Float[np.ndarray, "models models"]:
    """Return the variance of the difference of each two."""
    own = np.diagonal(covariance)
    variance: Float[np.ndarray, "models models"] = own[:, np.newaxis] + own - 2 * covariance
    return variance


def _half_width(
    error: Float[np.ndarray, "*shape"], freedom: Float[np.ndarray, "*shape"], tail: float
) -> Float[np.ndarray, "*shape"]:
    """Return how far an interval reaches to each side that leaves ``tail`` outside of it there."""
    half, some = np.zeros_like(error), error > 0
    half[some] = -error[some] * stdtrit(freedom[some], tail)
    return half


# ---------------------------------------------------------------- ranks


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Which models are told apart, and between which ranks each lies.

    Attributes
    ----------
    low, high : the difference of each two accuracies, row less column, lies between these; all
        of them do at once, with the confidence asked for. ``(models, models)``
    decided : whether the model of the row is surely better than that of the column; no such
        statement is wrong, with the confidence asked for. ``(models, models)``
    best_rank, worst_rank : between which every model's rank lies, ``(models,)``, 1 for the best
    chance_of_best : how probable it is that each is the best, ``(models,)``, sums to 1
    ahead : how sure it is that the model of the row is better than that of the column, of each
        pair on its own, 0 to 1; a half where nothing tells. ``(models, models)``
    """

    low: Float[np.ndarray, "models models"]
    high: Float[np.ndarray, "models models"]
    decided: Bool[np.ndarray, "models models"]
    best_rank: Int[np.ndarray, "models"]
    worst_rank: Int[np.ndarray, "models"]
    chance_of_best: Float[np.ndarray, "models"]
    ahead: Float[np.ndarray, "models models"]

    @property
    def undecided(self) -> Bool[np.ndarray, "models models"]:
        """Which two models are not told apart; symmetric, no model with itself."""
        apart = self.decided | self.decided.T
        undecided: Bool[np.ndarray, "models models"] = ~apart & ~np.eye(len(apart), dtype=np.bool_)
        return undecided


def decide(
    estimate: Accuracies,
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    draws: int = 10_000,
) -> Ranking:
    """Return which models are surely better than which others, all pairs looked at together.

    Of the ``models (models − 1)`` statements "a is better than b", each has a score, its t
    brought to the scale of the normal distribution by its own degrees of freedom. The largest
    score that chance alone would bring is learnt from draws of the errors of all accuracies
    together, and the statements above it are made. What is left is then tried again, as less is
    left for chance to be large in, until nothing more can be said. A model is then no better
    than first after those that are surely better, and no worse than last before those that it is
    surely better than.

    Parameters
    ----------
    estimate : as `accuracies` makes it
    rng : for the draws; the same state gives the same answer
    confidence : that no statement is wrong, and that all intervals hold; strictly between 0 and 1
    draws : how many, at least 100

    Raises
    ------
    InputError
        The confidence or the number of draws is out of range.

    References
    ----------
    Romano and Wolf (2005), "Exact and approximate stepdown methods for multiple hypothesis
    testing", JASA 100. Mogstad, Romano, Shaikh and Wilhelm (2024), "Inference for
    ranks with applications to mobility across neighbourhoods and academic achievement across
    countries", Review of Economic Studies 91, section 3 (the R package ``csranks``). Hasler and
    Hothorn (2008), "Multiple contrast tests in the presence of heteroscedasticity", Biometrical
    Journal 50, for degrees of freedom of each comparison's own.

    Examples
    --------
    >>> right = np.arange(100)[:, np.newaxis] < [95, 60, 59]
    >>> everything = Sample(examples=np.arange(100), probabilities=np.ones(100),
    ...                      strata=np.zeros(100, dtype=int))
    >>> found = accuracies(right, right, everything, population=True)
    >>> ranking = decide(found, np.random.default_rng(0))
    >>> ranking.best_rank, ranking.worst_rank
    (array([1, 2, 2]), array([1, 3, 3]))
    """
    check_confidence(confidence)
    if draws < 100:
        raise InputError(f"draws is {draws}; at least 100 were expected, 10,000 are usual.")
    difference = estimate.accuracy[:, np.newaxis] - estimate.accuracy
    score = _normal_scores(difference, estimate.error, estimate.freedom)
    alone = (
        None
        if estimate.alone is None
        else decide(estimate.alone, deepcopy(rng), confidence=confidence, draws=draws)
    )
    noise, scale = _noise(estimate, rng, draws)
    unsure = (estimate.error > 0) & ~np.eye(len(score), dtype=np.bool_)
    decided = ~unsure & (difference > 0)
    left = unsure
    critical = first = _critical(noise, scale, left, confidence)
    while (said := left & (score > critical)).any():
        decided = decided | said
        left = left & ~said
        critical = _critical(noise, scale, left, confidence)
    half = _half_width(estimate.error, estimate.freedom, float(ndtr(-first)))
    np.fill_diagonal(half, 0)
    low, high = np.clip(difference - half, -1, 1), np.clip(difference + half, -1, 1)
    ahead = ndtr(score)
    if alone is not None:  # nothing is surer of other test sets than of this one
        low, high = np.minimum(low, alone.low), np.maximum(high, alone.high)
        decided = decided & alone.decided
        ahead = np.where(np.abs(ahead - 0.5) < np.abs(alone.ahead - 0.5), ahead, alone.ahead)
    return Ranking(
        low=low,
        high=high,
        decided=decided,
        best_rank=1 + decided.sum(axis=0),
        worst_rank=len(score) - decided.sum(axis=1),
        chance_of_best=_chance_of_best(estimate.accuracy + noise),
        ahead=ahead,
    )


def _normal_scores(
    difference: Float[np.ndarray, "models models"],
    error: Float[np.ndarray, "models models"],
    freedom: Float[np.ndarray, "models models"],
) -> Float[np.ndarray, "models models"]:
    """Return the normal deviate that is as improbable as each t."""
    some = error > 0
    t = np.abs(difference) / np.where(some, error, 1)
    score = -ndtri(stdtr(np.where(some, freedom, 1), -t))
    score = np.where(some, score, np.where(difference == 0, 0, np.inf))
    signed: Float[np.ndarray, "models models"] = np.copysign(score, difference)
    return signed


def _noise(
    estimate: Accuracies, rng: np.random.Generator, draws: int
) -> tuple[Float[np.ndarray, "draws models"], Float[np.ndarray, "models models"]]:
    """Return draws of the errors of all accuracies, and the standard deviations of differences.

    What was imagined of each pair is put down to its two models, half to each and to every model
    the most of any pair: so no difference has less than its variance, and the matrix is one of
    covariances.
    """
    found = _of_differences(estimate.covariance)
    imagined = np.maximum(estimate.error**2 - found, 0)
    np.fill_diagonal(imagined, 0)
    covariance = estimate.covariance + np.diag(imagined.max(axis=1) / 2)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    scale = np.sqrt(np.maximum(_of_differences(root @ root.T), 0))
    return rng.standard_normal((draws, len(values))) @ root.T, scale


def _critical(
    noise: Float[np.ndarray, "draws models"],
    scale: Float[np.ndarray, "models models"],
    left: Bool[np.ndarray, "models models"],
    confidence: float,
) -> float:
    """Return what the largest score of the statements left exceeds by chance, just too seldom."""
    largest = np.full(len(noise), -np.inf)
    for a in np.flatnonzero(left.any(axis=1)):
        scores = (noise[:, [a]] - noise[:, left[a]]) / scale[a, left[a]]
        np.maximum(largest, scores.max(axis=1), out=largest)
    # rounded up, so that few draws make the statements fewer, not bolder
    return float(np.quantile(largest, confidence, method="higher"))


def _chance_of_best(drawn: Float[np.ndarray, "draws models"]) -> Float[np.ndarray, "models"]:
    """Return in which share of the draws each is the best; models that tie share the draw."""
    best = drawn == drawn.max(axis=1, keepdims=True)
    share: Float[np.ndarray, "models"] = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return share


# ---------------------------------------------------------------- the order there was before


@dataclass(frozen=True)
class Pair:
    """Two models of which the first was ahead before the check.

    ``outcome`` is ``"kept"`` if it surely still is, ``"swapped"`` if the second surely is now, and
    ``"open"`` otherwise. ``chance`` is how sure it is that the second is better, from 0 to 1, of
    this pair on its own.
    """

    first: str
    second: str
    outcome: Literal["kept", "swapped", "open"]
    chance: float


@dataclass(frozen=True)
class Order:
    """What became of the order of the models, pair by pair.

    ``pairs`` are those that were apart before, in the order of the models; models that tied had
    no order to lose.
    """

    pairs: tuple[Pair, ...]

    @property
    def stable(self) -> bool:
        """Whether every pair surely keeps its order."""
        return all(pair.outcome == "kept" for pair in self.pairs)

    @property
    def swapped(self) -> tuple[Pair, ...]:
        """The pairs that surely changed places, the surest first."""
        return self._of("swapped")

    @property
    def open(self) -> tuple[Pair, ...]:
        """The pairs that are not decided, first those most likely to have changed places."""
        return self._of("open")

    def _of(self, outcome: str) -> tuple[Pair, ...]:
        found = (pair for pair in self.pairs if pair.outcome == outcome)
        return tuple(sorted(found, key=lambda pair: -pair.chance))


def order_kept(
    models: Sequence[str],
    before: Float[np.ndarray, "models"] | Integer[np.ndarray, "models"],
    ranking: Ranking,
) -> Order:
    """Return of each two models whether they keep the order they had, and how sure that is.

    Parameters
    ----------
    models : their names
    before : accuracies or hits by the given labels
    ranking : by the checked ones, as `decide` makes it

    Examples
    --------
    >>> right = np.arange(100)[:, np.newaxis] < [95, 60, 59]
    >>> everything = Sample(examples=np.arange(100), probabilities=np.ones(100),
    ...                      strata=np.zeros(100, dtype=int))
    >>> found = accuracies(right, right, everything, population=True)
    >>> ranking = decide(found, np.random.default_rng(0))
    >>> order = order_kept(["x", "y", "z"], np.array([90, 92, 60]), ranking)
    >>> order.stable, [(pair.first, pair.second) for pair in order.swapped]
    (False, [('y', 'x')])
    """
    pairs = []
    for a, b in combinations(range(len(models)), 2):
        if before[a] == before[b]:
            continue
        first, second = (a, b) if before[a] > before[b] else (b, a)
        outcome: Literal["kept", "swapped", "open"] = "open"
        if ranking.decided[first, second]:
            outcome = "kept"
        elif ranking.decided[second, first]:
            outcome = "swapped"
        chance = float(ranking.ahead[second, first])
        pairs.append(Pair(models[first], models[second], outcome, chance))
    return Order(tuple(pairs))
