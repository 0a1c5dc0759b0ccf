"""How many labels of a set are wrong: what checked examples that were drawn by chance say of all.

`estimate_errors` takes any number of draws, each with its probabilities, and a predicted error for
each example; `sampled_errors` takes the counts of one simple random sample, and is exact. How
examples are drawn is for `errata.core.sampling`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import index
from typing import SupportsIndex

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.optimize import brentq
from scipy.special import expit, logit, xlog1py, xlogy
from scipy.stats import hypergeom, norm

from errata.core.confidence import check_confidence
from errata.core.logistic import fit_logistic
from errata.core.sampling import cut_strata
from errata.core.slips import LEAST_INFORMATIVE, NO_SLIPS, Slips
from errata.errors import InputError

_GROUPS = 20
"""The examples make so many groups of equal rate, where chances of errors have to be supposed."""

_EXPECTED_SLOPE, _SLOPE_SPREAD = 1.0, 1.0
"""How the logit of the chance of an error grows with that of the predicted one, before any vote.

A margin is no probability: of CIFAR-10N the slope is 2. A narrower guess drew it towards 1, which
makes errors less foreseeable than they are, and the interval too wide.
"""

_MISSED = np.array([0.0, 0.25, 0.5, 0.75])
"""The shares of the errors that the scores may miss; the slope tells where the others are."""

_TRUST = 1.5
"""How likely each share is, before any vote: in proportion to exp(-1.5 share), so that three
quarters are a third as likely as none. Without it intervals hold the truth too often."""

_SLOPE_OF_MISSED = -1 / 3
"""What they miss is anywhere, and a little oftener where they are surest, as where a model has
learnt wrong labels. A steeper one would put more of it there, and make intervals wider."""

_REACH, _STEPS = 5.0, 21
"""Slopes are sought so many spreads off what is expected, in so many steps, twice."""

_GROWING, _FURTHER = 1.5, 5
"""Totals are tried in steps that grow so, until so many are contradicted in a row: behind one that
is may be others that are not, as the scores may then miss more of the errors."""

_UNLIKELY = 5.0
"""Such a total behind counts if the sample is not so many times, as a logarithm, less likely than
were the estimate the truth: else whether a step falls on it would decide of the interval."""

_LEVEL_FOUND, _ROUNDING, _STEPS_TO_LEVEL = 1e-9, 1e-14, 60
"""A level is found where a step moves it by less, or the logit of the mean is off by less."""

_NOBODY = np.zeros(0, dtype=np.int64)

_FOLLOWED = 8
"""The distribution of the estimate's error is followed so many standard deviations out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draw:
    """What one plan drew, as far as it has been checked.

    Attributes
    ----------
    examples : which, row numbers, none in two draws, ``(drawn,)``
    wrong : for which of them the reviewers did not confirm the given label, ``(drawn,)``
    probability : with which each was drawn from all that no earlier plan holds, above 0,
        ``(drawn,)``; or None where they were not drawn by chance, as the top of a list is not
    stratum : within one, always as many are drawn, ``(drawn,)``
    stands_for : where a plan is not checked to its end, how many of what it drew each stands for,
        1 or more, ``(drawn,)``; without it, each for itself. Later draws cannot draw these again
    worth : what one checked example of it weighs beside those of other draws, above 0: less where
        it was drawn for another question, so that a total by it varies more
    """

    examples: Int[np.ndarray, "drawn"]
    wrong: Bool[np.ndarray, "drawn"]
    probability: Float[np.ndarray, "drawn"] | None
    stratum: Int[np.ndarray, "drawn"]
    stands_for: Float[np.ndarray, "drawn"] | None = None
    worth: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ErrorCount:
    """How many labels of a set are wrong.

    Attributes
    ----------
    estimate : the number of wrong labels among all examples; None if no draw tells of all of them
    standard_error : of the estimate
    low, high : the interval; without an estimate, all that was not checked being right, or wrong
    confidence : with which the interval holds the number
    population : how many examples there are
    checked, found : how many were checked, and for how many of these reviewers rejected the label
    control : by which factor the predicted errors were used to steady the estimate, ``lambda``
    random_sample : how many examples a simple random sample would need for an interval as narrow;
        None where there is no estimate, or where reviewers slip, as they would there, too
    """

    estimate: float | None
    standard_error: float | None
    low: float
    high: float
    confidence: float
    population: int
    checked: int
    found: int
    control: float
    random_sample: float | None


def estimate_errors(
    draws: Sequence[Draw],
    predicted: Float[np.ndarray, "n"],
    *,
    unknown: Int[np.ndarray, "unknown"] = _NOBODY,
    slips: Slips = NO_SLIPS,
    confidence: float = 0.95,
    control: float | None = None,
    groups: Int[np.ndarray, "n"] | None = None,
) -> ErrorCount:
    """Return how many of ``n`` labels are wrong, with an interval, from one or more plans.

    Let ``R`` be the examples that no earlier draw holds, ``s`` those of this draw, with
    probabilities ``pi``, and ``e`` whether a label is wrong. With the predicted errors ``f`` as a
    control variate, each draw that was left to chance tells the total::

        T = sum of e over earlier draws + sum over s of (e - lambda f) / pi + lambda sum over R of f

    which is right on average, whatever ``f`` and ``lambda`` are, and whatever earlier draws have
    found: a later plan may be made from the votes so far. The totals of several draws are averaged,
    weighted by how much each checked and what that is worth. The average is right on average, too,
    if how many a later plan draws does not depend on votes. Where it is as many as the interval so
    far asks for, few errors by chance make a narrow interval, a small later draw, and more weight
    for the first total, which is then low: by two or three percent of the rate. Draws that were not
    left to chance add what they found to those after them, and alone tell only of themselves: the
    interval is then what is certain, and with slips, what the answers say of the checked ones with
    this confidence, all others being right, or wrong.

    **Slips.** Where reviewers err, ``e`` is replaced by ``(z - false_alarm) / (1 - false_alarm -
    miss)``, ``z`` being what they conclude, which is ``e`` on average (Rogan and Gladen), and the
    interval is as much wider as that is noisier and as the two rates are uncertain.

    **Standard error.** In each stratum, of ``m`` examples, ``m / (m - 1) sum (1 - pi) (d / pi -
    B)^2`` with ``d = e - lambda f`` and ``B`` the mean of ``d / pi`` weighted by ``1 - pi``: the
    textbook formula with finite population where the probabilities are equal.

    **Interval.** Not that of a bell curve, which fails where few errors are found. It reaches from
    the lowest to the highest total ``T`` that a two-sided test does not reject: were it the truth,
    an estimate as far off, or farther, would come up in more than ``1 - confidence`` of samples. An
    estimate that no total can equal, as slips took off more than was found, is moved to the nearest
    that one can. For that the chance that a label is wrong is supposed to be ``expit(a + b s)``,
    where ``s`` is the logit of the mean of ``f`` in one of 20 groups of examples, ``b`` what the
    sample makes likely were ``T`` the truth (given that 1 is to be expected, give or take 1), and
    ``a`` what makes the chances sum to ``T``. A part of the errors, none to three quarters, the
    scores may miss: these are anywhere, and a little oftener where scores are surest (``b =
    -1/3``); how many, again is what the sample makes likely (given that a share is to be expected
    in proportion to ``exp(-1.5 share)``). So scores that are surer than they should be contradict
    no total by themselves. The distribution of the error of the estimate follows exactly, by its
    characteristic function; so the same input gives the same interval. It holds the truth as often
    as it says as far as errors go along with ``f`` in such a way, and not with what else the
    probabilities of the draw depend on.

    **Unknown.** What an earlier plan holds, no later one draws. Where nobody has decided it and
    nothing stands for it, the interval leaves it open: its lower end is that of all labels of these
    examples being right, and its upper end that of all being wrong. The estimate counts what is
    supposed of them; ``standard_error`` and ``random_sample`` are those of the estimate for all
    others, and say nothing of these.

    **Control.** ``lambda`` is what makes the standard error least, were the chances of errors as
    supposed. What makes it least in the sample (PPI++) would follow each of a few errors by chance.

    Parameters
    ----------
    draws : in the order of the plans
    predicted : a guess at the probability that each label is wrong, ``f``, in ``0..1``
    unknown : examples that earlier draws hold, that none of these tells of, and none checked
    slips : how often reviewers' conclusions are wrong
    confidence : strictly between 0 and 1
    control : ``lambda``; without it, what makes the variance least by what is supposed, 0 to 1
    groups : what `groups_of` returns of ``predicted``, where it was asked before; it is most of the
        work where there are many examples

    Raises
    ------
    InputError
        A number is out of range, or slips are so many that answers say nothing.

    References
    ----------
    Cochran, Sampling Techniques (1977), chapters 5 and 7; Särndal, Swensson and Wretman, Model
    Assisted Survey Sampling (1992), section 6.3 (difference estimator); Angelopoulos, Duchi and
    Zrnic (2023), "PPI++" (``lambda``); Farquhar, Gal and Rainforth (2021), "On statistical bias in
    active learning" (draws after draws); Berger (1998) after Hájek (1964) (variance); Rogan and
    Gladen (1978), American Journal of Epidemiology 107 (slips); Gil-Pelaez (1951) (distribution);
    Wilson (1927), Journal of the American Statistical Association 22 (``random_sample``).

    Examples
    --------
    >>> drawn = Draw(
    ...     examples=np.arange(0, 1000, 10),
    ...     wrong=np.arange(100) < 9,
    ...     probability=np.full(100, 0.1),
    ...     stratum=np.zeros(100, dtype=int),
    ... )
    >>> found = estimate_errors([drawn], np.full(1000, 0.05))
    >>> round(found.estimate), round(found.low), round(found.high)
    (90, 50, 158)
    """
    check_confidence(confidence)
    if slips.informative < LEAST_INFORMATIVE:
        raise InputError(
            f"Reviewers reject {100 * slips.false_alarm:.0f} % of right labels and confirm "
            f"{100 * slips.miss:.0f} % of wrong ones, so that their answers say next to nothing. "
            "Look at the reviewers (`errata reviewers`), or ask for more votes on each example."
        )
    n, others = len(predicted), predicted
    if len(unknown):
        left = np.delete(np.arange(n), unknown)
        others, place = predicted[left], np.full(n, -1)
        place[left] = np.arange(len(left))
        draws = [replace(draw, examples=place[draw.examples]) for draw in draws]
        assert all((draw.examples >= 0).all() for draw in draws), "what was checked is known"
    design = Design(draws, others, slips)
    if not design.sampled and len(design.examples) == n:  # all of them, for certain
        draws = [replace(draw, probability=np.ones(len(draw.examples))) for draw in draws]
        design = Design(draws, predicted, slips)
    found = int(np.count_nonzero(design.wrong))
    unchecked = n - len(design.wrong)
    known = ErrorCount(
        estimate=None,
        standard_error=None,
        low=float(found),
        high=float(found + unchecked),
        confidence=confidence,
        population=n,
        checked=len(design.wrong),
        found=found,
        control=0.0,
        random_sample=None,
    )
    if not design.sampled:
        if slips == NO_SLIPS or unchecked == n:
            return known
        alone = Draw(
            examples=np.arange(len(design.wrong)),
            wrong=design.wrong,
            probability=np.ones(len(design.wrong)),
            stratum=np.zeros(len(design.wrong), dtype=np.int64),
        )
        seen = design.predicted[design.examples]
        of_them = estimate_errors([alone], seen, slips=slips, confidence=confidence)
        return replace(known, low=of_them.low, high=of_them.high + unchecked)
    if groups is None or len(unknown):
        groups = groups_of(design.predicted)
    supposed = _Supposed(design, control, groups)
    estimate = design.total(supposed.factor)
    variance = design.variance(supposed.factor)
    low, high = supposed.interval(estimate, confidence)
    return replace(
        known,
        estimate=estimate + float(supposed.chances(predicted[unknown]).sum()),
        standard_error=float(np.sqrt(variance)),
        low=low,
        high=high + len(unknown),
        control=supposed.factor,
        random_sample=_random_sample(estimate, low, high, design.n, confidence)
        if slips == NO_SLIPS
        else None,
    )


def _random_sample(
    estimate: float, low: float, high: float, population: int, confidence: float
) -> float:
    """Return how many examples a simple random sample needs for an interval so wide.

    Its interval is Wilson's, at the same rate, so wide that ``(w/2)^2 (1 + x)^2 = p (1 - p) x +
    x^2 / 4`` with ``x = z^2 / m``; of a finite population ``m`` examples are worth ``m (n - 1) /
    (n - m)`` of an infinite one.

    Examples
    --------
    >>> low, high = sampled_errors(9, 100, 10_000)
    >>> round(_random_sample(900, low, high, 10_000, 0.95))  # of that exact one, which is wider
    88
    """
    rate = min(max(estimate, low), high) / population
    width = (high - low) / population
    if width >= 1:
        return 0.0
    half = 2 * rate * (1 - rate) - width**2
    x = (np.sqrt(half**2 + (1 - width**2) * width**2) - half) / (1 - width**2)
    if x <= 0:  # every one was checked
        return float(population)
    endless = norm.isf((1 - confidence) / 2) ** 2 / x
    return float(population * endless / (population - 1 + endless))


def expected_errors(
    draws: Sequence[Draw], predicted: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """Return the chance that each label is wrong, by what has been checked so far.

    Predicted errors on the logit scale, in 20 groups, moved and stretched to fit what was checked.
    To plan with, and not to conclude from.

    Parameters
    ----------
    draws : as in `estimate_errors`
    predicted : a guess at the probability that each label is wrong, in ``0..1``

    Examples
    --------
    >>> found = Draw(
    ...     examples=np.arange(40),
    ...     wrong=np.arange(40) < 4,
    ...     probability=None,
    ...     stratum=np.zeros(40, dtype=int),
    ... )
    >>> expected_errors([found], np.full(100, 0.5)).round(2)[:2]
    array([0.1, 0.1])
    """
    design = Design(draws, predicted, NO_SLIPS)
    if len(design.wrong) == 0:
        return predicted
    return _Supposed(design, 0.0, groups_of(predicted)).rates()


def groups_of(predicted: Float[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Return in which group of like predicted errors each example is, 0 for the highest.

    There are 20 at most.

    Parameters
    ----------
    predicted : a guess at the probability that each label is wrong, in ``0..1``

    Examples
    --------
    >>> groups_of(np.array([0.5, 0.0, 0.5, 0.0]))
    array([0, 2, 1, 2])
    """
    return cut_strata(predicted, np.zeros(len(predicted), dtype=bool), count=_GROUPS)


class Design:
    """The checked examples of all draws in one row, and how much each counts.

    Whatever two numbers ``e`` and ``f`` an example has, ``counts @ e`` over the checked ones and
    ``steadying @ f`` over all sum to an estimate of the total of ``e``, which is right on average
    however far ``f`` is from it. So do the numbers of any part of the examples, the rest being 0.
    """

    def __init__(
        self, draws: Sequence[Draw], predicted: Float[np.ndarray, "n"], slips: Slips
    ) -> None:
        self.n, self.predicted, self.slips = len(predicted), predicted, slips
        sizes = [len(draw.examples) for draw in draws]
        drawn = [
            0.0 if draw.probability is None else size * draw.worth
            for draw, size in zip(draws, sizes, strict=True)
        ]
        self.by_chance = sum(
            size for draw, size in zip(draws, sizes, strict=True) if draw.probability is not None
        )
        self.sampled = sum(drawn) > 0
        none = np.zeros(0, np.int64)
        self.examples = np.concatenate([none, *(draw.examples for draw in draws)])
        assert len(np.unique(self.examples)) == len(self.examples), "an example is in two draws"
        self.wrong = np.concatenate([none.astype(bool), *(draw.wrong for draw in draws)])
        # each total in proportion to what it rests on, and none where nothing was left to chance
        shares = np.array(drawn) / (sum(drawn) or 1)
        later = np.cumsum(shares[::-1])[::-1] - shares
        self.share = np.repeat(shares, sizes)
        self.pi = np.concatenate(
            [
                np.ones(0),
                *(
                    np.ones(size) if draw.probability is None else draw.probability
                    for draw, size in zip(draws, sizes, strict=True)
                ),
            ]
        )
        self.stands_for = np.concatenate(
            [
                np.ones(0),
                *(
                    np.ones(size) if draw.stands_for is None else draw.stands_for
                    for draw, size in zip(draws, sizes, strict=True)
                ),
            ]
        )
        self.later = np.repeat(later, sizes) * self.stands_for
        self.counts = self.share / self.pi + self.later
        """The estimate is the sum of these times the errors, and of ``steadying`` times ``f``."""
        common = self.later**2 + 2 * self.later * self.share / self.pi
        self.stood_for = common * (1 - 1 / self.stands_for)
        """How much the variance of an example counts for those that it stands for, unchecked."""
        self.stratum = _strata(draws, self.pi)
        # what a plan drew and nobody checked is stood for by what is, in ``f`` as in ``e``
        self.steadying = np.ones(self.n)
        self.steadying[self.examples] -= self.counts

    @cached_property
    def errors(self) -> Float[np.ndarray, "checked"]:
        """1 for a wrong label and 0 for a right one, on average, whatever the reviewers' slips."""
        rejected = self.wrong - self.slips.false_alarm
        errors: Float[np.ndarray, "checked"] = rejected / self.slips.informative
        return errors

    @cached_property
    def control(self) -> Float[np.ndarray, "checked"]:
        """The predicted errors of what was checked."""
        of_checked: Float[np.ndarray, "checked"] = self.predicted[self.examples]
        return of_checked

    def total(self, factor: float) -> float:
        """Return the estimated number of errors."""
        steadied = float((self.steadying * self.predicted).sum())
        return float((self.counts * self.errors).sum()) + factor * steadied

    def spread(self, u: Float[np.ndarray, "checked"], v: Float[np.ndarray, "checked"]) -> float:
        """Return the estimated covariance of the totals of two numbers of each example."""
        return self._of_drawn(u, v) + self._of_unchecked(u, v)

    def _of_drawn(self, u: Float[np.ndarray, "checked"], v: Float[np.ndarray, "checked"]) -> float:
        """Return the part of `spread` that comes from what each plan drew, and what it did not."""
        out = 1 - self.pi
        weight = np.bincount(self.stratum, out)
        weight[weight == 0] = 1.0  # all of a stratum is checked, and nothing in it is left open

        def off(w: Float[np.ndarray, "checked"]) -> Float[np.ndarray, "checked"]:
            grown = w / self.pi
            means = np.bincount(self.stratum, out * grown) / weight
            from_mean: Float[np.ndarray, "checked"] = grown - means[self.stratum]
            return from_mean

        sizes = np.bincount(self.stratum)
        # one alone tells no spread; `_strata` leaves none but where a draw has no other
        factor = (sizes / np.maximum(sizes - 1, 1))[self.stratum]
        return float((self.share**2 * factor * out * off(u) * off(v)).sum())

    def variance(self, factor: float) -> float:
        """Return the variance of the estimate."""
        rest = self.errors - factor * self.control
        slips = self.slips
        of_right = slips.false_alarm * (1 - slips.false_alarm)
        of_wrong = slips.miss * (1 - slips.miss)
        each = (of_right + self.errors * (of_wrong - of_right)) / slips.informative**2
        # by `spread` these slips have come in already as far as chance drew, or chose what to check
        certain = self.counts**2 - self.share**2 * (1 - self.pi) / self.pi**2 - self.stood_for
        answering = max(float((certain * each).sum()), 0.0)
        return self.spread(rest, rest) + answering + self.of_rates(self.total(factor))

    def _of_unchecked(
        self, u: Float[np.ndarray, "checked"], v: Float[np.ndarray, "checked"]
    ) -> float:
        """Return the part that comes from what was drawn, is not checked, and is not drawn again.

        It is that of later draws' totals, and the part that they have in common with the own one.
        """
        sizes = np.bincount(self.stratum)

        def off(w: Float[np.ndarray, "checked"]) -> Float[np.ndarray, "checked"]:
            means = np.bincount(self.stratum, w) / sizes
            from_mean: Float[np.ndarray, "checked"] = w - means[self.stratum]
            return from_mean

        factor = (sizes / np.maximum(sizes - 1, 1))[self.stratum]
        return float((self.stood_for * factor * off(u) * off(v)).sum())

    def of_rates(self, total: float) -> float:
        """Return the variance that comes from how well the reviewers' slips are known."""
        right, wrong = -(self.n - total), total
        var_alarm, both, var_miss = self.slips.covariance
        grown = right**2 * var_alarm + 2 * right * wrong * both + wrong**2 * var_miss
        # below 0 where the same answers told the rates; then it is left out, on the safe side
        return max(grown / self.slips.informative**2, 0.0)


def _strata(draws: Sequence[Draw], pi: Float[np.ndarray, "checked"]) -> Int[np.ndarray, "checked"]:
    """Return a number for each stratum of each draw; one with a single example joins the nearest.

    Of a single example no spread can be told; joined, the variance comes out too large at worst,
    but for as large a part as was drawn of these strata. It joins none that was checked to its end,
    of which the spread does not count.
    """
    numbers = np.zeros(len(pi), dtype=np.int64)
    begin, first = 0, 0
    for draw in draws:
        own = np.unique_inverse(draw.stratum).inverse_indices
        names = np.arange(int(own.max(initial=-1)) + 1)
        left_open = np.bincount(own, 1 - pi[begin : begin + len(own)]) > 0
        alone = (np.bincount(own) == 1) & left_open
        for one in np.flatnonzero(alone).tolist():
            others = [other for other in np.flatnonzero(left_open).tolist() if other != one]
            if others:
                near = min(others, key=lambda other: (abs(other - one), -other))
                names[names == names[one]] = names[near]
        numbers[begin : begin + len(own)] = first + names[own]
        begin, first = begin + len(own), first + len(names)
    return np.unique_inverse(numbers).inverse_indices


class _Supposed:
    """How far off the estimate would be, were the errors so many and spread by the scores."""

    def __init__(self, design: Design, control: float | None, group: Int[np.ndarray, "n"]) -> None:
        self.design = design
        predicted = design.predicted
        self.sizes = np.bincount(group)
        means = np.bincount(group, predicted) / self.sizes
        self.least = 1 / (2 * len(predicted))  # of what never is wrong no logit is finite
        self.scores = logit(np.clip(means, self.least, 1 - self.least))
        self.group_of_all, self.group = group, group[design.examples]
        checked = np.bincount(self.group, minlength=len(self.sizes))
        self.unchecked = self.sizes - checked
        self.rejected = np.bincount(self.group, design.wrong, minlength=len(self.sizes))
        self.confirmed = checked - self.rejected
        self.level, self.slope = self._fitted()
        self.factor = self._best_control() if control is None else control
        # checked examples that count alike and are as likely to be wrong are followed as one
        pairs = np.stack([self.group, _bins(design.counts)])
        cells, cell = np.unique(pairs, axis=1, return_inverse=True)
        self.cell_sizes = np.bincount(cell)
        self.cell_group = cells[0]
        self.cell_counts = np.bincount(cell, design.counts) / self.cell_sizes

    def rates(self) -> Float[np.ndarray, "n"]:
        """Return the chance of an error of every example, as the checked ones make it likely."""
        of_groups = expit(self.level + self.slope * self.scores)
        of_all: Float[np.ndarray, "n"] = of_groups[self.group_of_all]
        return of_all

    def chances(self, predicted: Float[np.ndarray, "others"]) -> Float[np.ndarray, "others"]:
        """Return the chance of an error of other examples, as the checked ones make it likely."""
        others: Float[np.ndarray, "others"] = expit(
            self.level + self.slope * logit(np.clip(predicted, self.least, 1 - self.least))
        )
        return others

    def _best_control(self) -> float:
        """Return the factor of the control that makes the variance least, from 0 to 1.

        It is that of the fitted rates. Tuned to the errors that were seen, it would follow each of
        a few by chance, and lean the estimate against them. And beyond 1, at which the predicted
        errors are taken for what they say, it would rest on few checked examples and blow up all
        the others.
        """
        design = self.design
        spread = design.spread(design.control, design.control)
        if spread <= 1e-12 * design.n:
            return 0.0
        rates = expit(self.level + self.slope * self.scores)[self.group]
        return min(max(design.spread(rates, design.control) / spread, 0.0), 1.0)

    def _fitted(self) -> tuple[float, float]:
        """Return the most likely level and slope."""
        x = self.scores[self.group]
        checked = np.bincount(self.group, minlength=len(self.sizes))
        level = _level(self.scores, _EXPECTED_SLOPE, checked, len(x) * _start(self.design))
        fitted = fit_logistic(
            np.column_stack([np.ones(len(x)), x]),
            self.design.wrong,
            np.array([level, _EXPECTED_SLOPE]),
            expected=np.array([0.0, _EXPECTED_SLOPE]),
            precisions=np.array([0.0, _SLOPE_SPREAD**-2]),  # of the level nothing is expected
            slips=self.design.slips,
        )
        return float(fitted[0]), float(fitted[1])

    def interval(self, estimate: float, confidence: float) -> tuple[float, float]:
        """Return the lowest and the highest total that the estimate does not contradict."""
        design = self.design
        found = float(np.count_nonzero(design.wrong))
        certain = design.slips == NO_SLIPS
        least = found if certain else 0.0
        most = found + design.n - len(design.wrong) if certain else float(design.n)
        # of a single drawn example no spread can be told: the chances supposed would be the scores
        if most - least < 1e-9 or design.by_chance == 1:
            return least, most
        edge = min(1e-6 * design.n, (most - least) / 4)  # at the very ends no logit is finite
        # what slips take off can be more than was found; an estimate moved to the next possible
        # total is nearer to all of them, so that none is contradicted that was not before
        inside = min(max(estimate, least + edge), most - edge)
        # the first step is what one error in the sample is worth, or one standard error if larger
        step = max(design.n / len(design.wrong), float(np.sqrt(design.variance(self.factor))))

        def is_likely(total: float) -> bool:
            return self.rates_at(total)[1] > self.rates_at(inside)[1] - _UNLIKELY

        def end(outermost: float, last: float) -> float:
            held, beyond, against = inside, last, 0
            far = inside + (step if last > inside else -step)
            while against < _FURTHER:
                if abs(far - inside) > abs(last - inside):
                    far = last
                if self.doubt(far, inside) < confidence and (against == 0 or is_likely(far)):
                    if far == last:
                        return outermost
                    held, against = far, 0
                else:
                    beyond = far if against == 0 else beyond
                    against += 1
                    if far == last:
                        break
                far = inside + _GROWING * (far - inside)
            return float(
                brentq(
                    lambda total: self.doubt(total, inside) - confidence, held, beyond, rtol=1e-6
                )
            )

        return end(least, least + edge), end(most, most - edge)

    def rates_at(self, total: float) -> tuple[Float[np.ndarray, "groups"], float]:
        """Return the chance of an error in each group that the sample makes likely, given a total.

        Also return how likely the sample is by these, as a logarithm.

        The slope is not that of the best total. Where scores are very sure and no error is found,
        the best one puts what there is among the few doubtful examples, which are all checked, and
        every total above 0 would seem to be contradicted; errors that are anywhere explain as much.
        And where the scores find a part of the errors, that slope leaves no room for the others.
        """
        missed = self._summing_to(total, np.array([_SLOPE_OF_MISSED]))[0]
        slopes = _EXPECTED_SLOPE + _SLOPE_SPREAD * np.linspace([-_REACH], [_REACH], _STEPS, axis=1)
        for _ in range(2):
            by_share, rates_by_share = self._likely(slopes, total, missed)
            top = np.clip(by_share.argmax(axis=1), 1, _STEPS - 2)
            row = np.arange(len(top)) % len(slopes)
            slopes = np.linspace(slopes[row, top - 1], slopes[row, top + 1], _STEPS, axis=1)
        share = int(by_share.max(axis=1).argmax())
        likely, rates, best = by_share[share], rates_by_share[share], int(top[share])
        # the top of the parabola through the best three: a total hardly larger moves it hardly
        before, at, after = likely[best - 1 : best + 2]
        bend = before - 2 * at + after
        off = min(max((before - after) / (2 * bend), -1.0), 1.0) if bend < 0 else 0.0
        ahead = rates[best + 1] if off > 0 else rates[best - 1]
        between: Float[np.ndarray, "groups"] = (1 - abs(off)) * rates[best] + abs(off) * ahead
        return between, float(at)

    def _summing_to(
        self, total: float, slopes: Float[np.ndarray, "*slopes"]
    ) -> Float[np.ndarray, "*slopes groups"]:
        """Return for each slope the chance of an error in each group, of so many errors."""
        rising = np.multiply.outer(slopes, self.scores)
        level = _levels(rising, self.sizes, total)[..., np.newaxis]
        rates: Float[np.ndarray, "*slopes groups"] = expit(level + rising)
        return rates

    def _likely(
        self,
        slopes: Float[np.ndarray, "_alike steps"],
        total: float,
        missed: Float[np.ndarray, "groups"],
    ) -> tuple[Float[np.ndarray, "shares steps"], Float[np.ndarray, "shares steps groups"]]:
        """Return how likely the sample makes each slope and share missed, and the rates by these.

        How likely is told as a logarithm.

        Parameters
        ----------
        slopes : for each share, or one row for all
        missed : the rates, were the scores to miss all errors
        """
        slips, shares = self.design.slips, _MISSED[:, np.newaxis, np.newaxis]
        rates = (1 - shares) * self._summing_to(total, slopes) + shares * missed
        chance = slips.false_alarm + slips.informative * rates
        seen = xlogy(self.rejected, chance) + xlog1py(self.confirmed, -chance)
        off = (slopes - _EXPECTED_SLOPE) / _SLOPE_SPREAD
        return seen.sum(axis=-1) - off**2 / 2 - _TRUST * shares[..., 0], rates

    def doubt(self, total: float, estimate: float) -> float:
        """Return with what confidence an estimate contradicts a total."""
        return 1 - self.as_far_off(total, estimate)

    def as_far_off(self, total: float, estimate: float) -> float:
        """Return the chance of an estimate as far off, or farther, if so many are wrong.

        ``P(|X| >= d) = 1 - 2/pi * integral of Re(phi(w)) sin(w d) / w over w > 0``, ``phi`` being
        the characteristic function of the error ``X``; at a jump of the distribution this is in
        the middle (mid-p).
        """
        design, slips = self.design, self.design.slips
        rates, _ = self.rates_at(total)
        p, rest = rates[self.cell_group], rates[self.group] - self.factor * design.control
        chance = slips.false_alarm + slips.informative * p
        grown = self.cell_counts / slips.informative
        mean = self.cell_sizes * (grown * chance - p)
        missing = self.unchecked * rates
        smooth = float((missing * (1 - rates)).sum()) + design.spread(rest, rest)
        smooth += design.of_rates(total) + 0.25  # half an error: totals are whole numbers
        noise = grown**2 * chance * (1 - chance) + p * (1 - p) * (1 - 2 * self.cell_counts)
        sd = np.sqrt(smooth + float((self.cell_sizes * np.maximum(noise, 0)).sum()))
        distance = abs(estimate - total)
        step = np.pi / (distance + _FOLLOWED * sd)
        w = step * (np.arange(int(np.ceil(6 / np.sqrt(smooth) / step))) + 0.5)
        turn, back = _turned(np.multiply.outer(w, grown)), _turned(-w)[:, np.newaxis]
        each = (1 - p) * (1 - slips.false_alarm + slips.false_alarm * turn)
        each += p * back * (slips.miss + (1 - slips.miss) * turn)
        # what is not checked, and all that is smooth, is as good as a bell curve
        log = (np.log(np.abs(each)) * self.cell_sizes).sum(axis=1) - w**2 * smooth / 2
        angle = (np.angle(each) * self.cell_sizes).sum(axis=1) - w * mean.sum()
        phi = np.exp(log) * np.cos(angle)
        return float(1 - 2 / np.pi * (phi * np.sin(w * distance) / w).sum() * step)


def _turned(angles: Float[np.ndarray, "*shape"]) -> Complex[np.ndarray, "*shape"]:
    """Return ``exp(i angle)``: by cosine and sine, as NumPy's complex functions are far slower."""
    turned = np.empty(angles.shape, np.complex128)
    turned.real, turned.imag = np.cos(angles), np.sin(angles)
    return turned


def _start(design: Design) -> float:
    """Return a rate to begin with, never 0 or 1."""
    checked = len(design.wrong)
    seen = (np.count_nonzero(design.wrong) + 0.5) / (checked + 1)
    return float(min(max(seen, 1e-4), 1 - 1e-4))


def _levels(
    rising: Float[np.ndarray, "*slopes groups"],
    sizes: Int[np.ndarray, "groups"],
    total: float,
) -> Float[np.ndarray, "*slopes"]:
    """Return for each slope the level at which the rates of the groups sum to a total."""
    n = sizes.sum()
    wanted = logit(total / n)
    low, high = wanted - rising.max(axis=-1), wanted - rising.min(axis=-1)
    level: Float[np.ndarray, "*slopes"] = (low + high) / 2
    for _ in range(_STEPS_TO_LEVEL):
        rates = expit(level[..., np.newaxis] + rising)
        mean = rates @ sizes / n
        # Newton's step, of the logit of the mean, as of groups that are alike that is straight
        off = logit(mean) - wanted
        low, high = np.where(off > 0, low, level), np.where(off > 0, level, high)
        last, steep = level, (rates * (1 - rates)) @ sizes / n / (mean * (1 - mean))
        level = level - off / steep
        level = np.where((level >= low) & (level <= high), level, (low + high) / 2)
        if ((np.abs(level - last) < _LEVEL_FOUND) | (np.abs(off) < _ROUNDING)).all():
            break
    return level


def _level(
    scores: Float[np.ndarray, "groups"],
    slope: float,
    sizes: Int[np.ndarray, "groups"],
    total: float,
) -> float:
    """Return the level at which the rates of the groups sum to a total."""

    def over(level: float) -> float:
        return float((sizes * expit(level + slope * scores)).sum()) - total

    reach = 60 + abs(slope) * float(np.abs(scores).max())
    return float(brentq(over, -reach, reach, xtol=1e-10))


def _bins(counts: Float[np.ndarray, "checked"]) -> Int[np.ndarray, "checked"]:
    """Return numbers of bins of numbers that are nearly alike, within two percent."""
    logs = np.log(np.maximum(counts, 1e-300)) / np.log(1.02)
    bins: Int[np.ndarray, "checked"] = np.round(logs).astype(np.int64)
    return bins


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
    check_confidence(confidence)
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
