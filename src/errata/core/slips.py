"""How often reviewers err, and with them what several of them conclude.

A reviewer *rejects* a label or confirms it; so many of the votes must confirm it, or it counts as
wrong. `errata.core.error_rate` reckons with what comes out here.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import binom

LEAST_INFORMATIVE = 0.1
"""Reviewers must reject wrong labels so much more often than right ones."""


@dataclass(frozen=True, kw_only=True)
class Slips:
    """How often what reviewers say, or conclude together, is wrong.

    Attributes
    ----------
    false_alarm : the probability that they reject a label that is right
    miss : the probability that they confirm one that is wrong
    covariance : of the two as they are known, ``(variance of false_alarm, covariance, variance of
        miss)``; where the answers in question told them, what this adds to the variance of the
        slips in these answers, which can be less than nothing (`concluded`)
    """

    false_alarm: float = 0.0
    miss: float = 0.0
    covariance: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def informative(self) -> float:
        """How much more often a wrong label is rejected than a right one: 1 without slips."""
        return 1 - self.false_alarm - self.miss


NO_SLIPS = Slips()


def slips_in_gold(rejected_right: int, right: int, confirmed_wrong: int, wrong: int) -> Slips:
    """Return how often one reviewer errs, by their answers to examples whose truth is known.

    Half a slip in one answer more is added to each kind, so that none in a few answers does not
    mean that there are none. Where only one kind has answers, the other is taken for as good.

    Parameters
    ----------
    rejected_right, right : answers that reject a right label, of how many about right ones
    confirmed_wrong, wrong : answers that confirm a wrong label, of how many about wrong ones; one
        of ``right`` and ``wrong`` at least is above 0

    References
    ----------
    Rogan and Gladen (1978), "Estimating prevalence from the results of a screening test", American
    Journal of Epidemiology 107; the half is Jeffreys' prior.

    Examples
    --------
    >>> slips = slips_in_gold(2, 50, 1, 30)
    >>> round(slips.false_alarm, 3), round(slips.miss, 3)
    (0.049, 0.048)
    """
    assert right + wrong > 0, "no gold was answered"
    alarm, var_alarm = _share(rejected_right, right)
    miss, var_miss = _share(confirmed_wrong, wrong)
    if right == 0:
        return Slips(false_alarm=miss, miss=miss, covariance=(var_miss,) * 3)
    if wrong == 0:
        return Slips(false_alarm=alarm, miss=alarm, covariance=(var_alarm,) * 3)
    return Slips(false_alarm=alarm, miss=miss, covariance=(var_alarm, 0.0, var_miss))


def slips_in_repeats(rejected: Bool[np.ndarray, "examples votes"]) -> Slips | None:
    """Return how often one reviewer errs, by how often two disagree about an example.

    If a reviewer errs with probability ``q``, whatever the label, two of them disagree with
    probability ``D = 2 q (1 - q)``, hence ``q = (1 - sqrt(1 - 2 D)) / 2``, less what the curvature
    of this adds on average. That errors are as likely with right labels as with wrong ones, and
    strike each example and reviewer alike, is supposed.

    Where examples are not alike, one erring on each with its own probability ``s``, ``q`` comes out
    too small: with ``q`` the mean of ``s``, ``D = 2 E[s (1 - s)] = 2 q (1 - q) - 2 Var(s)``, as
    people who err on the same hard examples agree in error. What several of them `concluded` is
    too small by far more, as those who decide together err together. `slips_alike` tests that.

    Parameters
    ----------
    rejected : whether each vote rejects the given label, two columns or more: the votes that each
        example would have had, whatever these said

    Returns
    -------
    None where there is no example, or people disagree half of the time, as if they guessed

    References
    ----------
    Hui and Walter (1980), "Estimating the error rates of diagnostic tests", Biometrics 36, with
    both rates alike.

    Examples
    --------
    >>> votes = np.zeros((100, 2), dtype=bool)
    >>> votes[:10, 0] = True
    >>> round(slips_in_repeats(votes).false_alarm, 3)
    0.052
    """
    examples, votes = rejected.shape
    if examples < 2 or votes < 2:
        return None
    apart = _apart(rejected.sum(axis=1), votes)
    share, variance = float(apart.mean()), float(apart.var(ddof=1)) / examples
    if share >= 0.5 - np.sqrt(variance):
        return None
    root = float(np.sqrt(1 - 2 * share))
    slip = max((1 - root) / 2 - variance / (4 * root**3), 0.0)
    # of few disagreements the variance is not smaller than that of half of one
    variance = max(variance, 0.5 / examples**2) / (4 * root**2)
    return Slips(false_alarm=slip, miss=slip, covariance=(variance,) * 3)


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Examples about which two votes or more differ from two or more others.

    Attributes
    ----------
    examples : how many were looked at
    found : how many of them are split so
    expected : how many would be, were one as hard as another
    chance : the chance of so many or more, then, 0 to 1
    """

    examples: int
    found: int
    expected: float
    chance: float

    @property
    def alike(self) -> bool:
        """Whether the examples may be as hard as each other, by a test at 1 in 100."""
        return self.chance >= _TOO_RARE


_TOO_RARE = 0.01


def slips_alike(rejected: Bool[np.ndarray, "examples votes"]) -> Splits | None:
    """Return how many examples split the votes, and how many would if all were as hard.

    If a reviewer errs with probability ``q`` on each example, of ``k`` votes ``X ~ Bin(k, q)`` err,
    and ``2 <= X <= k - 2`` with a probability that follows from ``q``, whichever label is right.
    ``q`` is what gives as many pairs that disagree as there are, ``D = 2 q (1 - q)``. Where some
    examples are hard, disagreements come together: more examples are split, and more agree. How
    many are split is tested against the binomial distribution, from above. As the split ones are
    in ``D``, too, ``q`` rises with them, and the test errs less often than it says.

    Parameters
    ----------
    rejected : as for `slips_in_repeats`

    Returns
    -------
    None where there is no example, or fewer than four votes, which cannot be split so

    References
    ----------
    Tarone (1979), "Testing the goodness of fit of the binomial distribution", Biometrika 66, has
    the alternative: binomial counts whose probability varies.

    Examples
    --------
    >>> votes = np.zeros((100, 5), dtype=bool)
    >>> votes[:10, :2] = True
    >>> told = slips_alike(votes)
    >>> told.found, round(told.expected, 1), told.alike
    (10, 0.9, False)
    """
    examples, votes = rejected.shape
    if examples == 0 or votes < 4:
        return None
    said = rejected.sum(axis=1)
    found = int(np.count_nonzero((said >= 2) & (said <= votes - 2)))
    apart = min(float(_apart(said, votes).mean()), 0.5)
    q = (1 - np.sqrt(1 - 2 * apart)) / 2
    share = float(binom.cdf(votes - 2, votes, q) - binom.cdf(1, votes, q))
    return Splits(
        examples=examples,
        found=found,
        expected=examples * share,
        chance=float(binom.sf(found - 1, examples, share)),
    )


def concluded(one: Slips, *, votes: int, threshold: int, repeats: int = 0) -> Slips:
    """Return how often reviewers err together, each of whom errs so often by themselves.

    A label is confirmed if ``threshold`` of ``votes`` confirm it, and rejected otherwise. Let one
    of them err with probability ``q``, known with variance ``v``, and all together with ``g(q)``.
    As ``g`` bends, ``g`` of a guess is not ``g(q)`` on average, and ``g'' v / 2`` is taken off.

    **Covariance.** It is ``g' v g'``. But where disagreements about the very labels in question
    told ``q``, a guess that is too high by chance goes along with more slips among the conclusions:
    with ``b`` the slope of the line that foretells a slip by the share of pairs that disagree, with
    ``a = b dD/dq`` more for each unit of ``q``. Who reckons ``g(q)`` out of these conclusions is
    off by so much less, and what is told is ``g' v g' - g' v a - a v g'``: what the guess adds to
    the variance that the slips themselves make. It can be below 0.

    Parameters
    ----------
    one : of a single reviewer
    votes, threshold : ``1 <= threshold <= votes``
    repeats : 0; or the first so many of the same votes, 2 or more, told ``one``, by
        `slips_in_repeats`

    References
    ----------
    Wolter, Introduction to Variance Estimation (2007), chapter 6 (Taylor series).

    Examples
    --------
    >>> together = concluded(Slips(false_alarm=0.05, miss=0.05), votes=3, threshold=2)
    >>> round(together.false_alarm, 5), round(together.miss, 5)
    (0.00725, 0.00725)
    """
    # so many slips make all err together, of those who reject right labels and confirm wrong ones
    least = votes - threshold + 1, threshold
    each = one.false_alarm, one.miss
    var_alarm, both, var_miss = one.covariance
    rates, slopes, along = [], [], []
    for q, variance, needed in zip(each, (var_alarm, var_miss), least, strict=True):
        rate, slope, bend = _together(q, needed, votes)
        rates.append(min(max(rate - bend * variance / 2, 0.0), 1.0))
        slopes.append(slope)
        along.append(_along(q, needed, votes, repeats) if repeats else 0.0)

    def grown(i: int, j: int, covariance: float) -> float:
        return covariance * (slopes[i] * slopes[j] - slopes[i] * along[j] - along[i] * slopes[j])

    covariances = grown(0, 0, var_alarm), grown(0, 1, both), grown(1, 1, var_miss)
    return Slips(false_alarm=rates[0], miss=rates[1], covariance=covariances)


def _together(q: float, least: int, votes: int) -> tuple[float, float, float]:
    """Return the chance that ``least`` or more err, and its first two derivatives by ``q``."""
    rate = float(binom.sf(least - 1, votes, q))
    # a binomial's tail changes with its chance as the density of the vote that decides
    slope = votes * float(binom.pmf(least - 1, votes - 1, q))
    if votes == 1:
        return rate, slope, 0.0
    before, after = (float(binom.pmf(one, votes - 2, q)) for one in (least - 2, least - 1))
    return rate, slope, votes * (votes - 1) * (before - after)


def _along(q: float, least: int, votes: int, repeats: int) -> float:
    """Return how much oftener all err than ``q`` says, for each unit that ``q`` is told too high.

    That is ``dD/dq`` times the slope of the line that foretells whether ``least`` of ``votes`` err
    by the share of pairs among the first ``repeats`` that disagree.
    """
    erring = np.arange(repeats + 1)
    chance = binom.pmf(erring, repeats, q)
    apart = _apart(erring, repeats)
    off = apart - chance @ apart
    spread = float(chance @ off**2)
    if spread == 0:
        return 0.0  # nobody ever errs, and nothing is told too high
    together = binom.sf(least - 1 - erring, votes - repeats, q)
    return float(chance @ (off * together)) / spread * 2 * (1 - 2 * q)


def _apart(said: Int[np.ndarray, "examples"], votes: int) -> Float[np.ndarray, "examples"]:
    """Return the share of the pairs of votes that disagree, where so many say one thing."""
    shares: Float[np.ndarray, "examples"] = said * (votes - said) / (votes * (votes - 1) / 2)
    return shares


def _share(count: int, of: int) -> tuple[float, float]:
    share = (count + 0.5) / (of + 1)
    return share, share * (1 - share) / (of + 2)
