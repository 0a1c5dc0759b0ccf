"""How often reviewers err, and with them what several of them conclude.

A reviewer *rejects* a label or confirms it; so many of the votes must confirm it, or it counts as
wrong. `errata.core.error_rate` reckons with what comes out here.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
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
        miss)``
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
    strike each example and reviewer alike, is supposed: where some examples are hard, people
    disagree there without having erred, and ``q`` comes out too large.

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
    said = rejected.sum(axis=1)
    apart = said * (votes - said) / (votes * (votes - 1) / 2)  # the share of pairs that disagree
    share, variance = float(apart.mean()), float(apart.var(ddof=1)) / examples
    if share >= 0.5 - np.sqrt(variance):
        return None
    root = float(np.sqrt(1 - 2 * share))
    slip = max((1 - root) / 2 - variance / (4 * root**3), 0.0)
    # of few disagreements the variance is not smaller than that of half of one
    variance = max(variance, 0.5 / examples**2) / (4 * root**2)
    return Slips(false_alarm=slip, miss=slip, covariance=(variance,) * 3)


def concluded(one: Slips, *, votes: int, threshold: int) -> Slips:
    """Return how often reviewers err together, each of whom errs so often by themselves.

    A label is confirmed if ``threshold`` of ``votes`` confirm it, and rejected otherwise.

    Parameters
    ----------
    one : of a single reviewer
    votes, threshold : ``1 <= threshold <= votes``

    Examples
    --------
    >>> together = concluded(Slips(false_alarm=0.05, miss=0.05), votes=3, threshold=2)
    >>> round(together.false_alarm, 5), round(together.miss, 5)
    (0.00725, 0.00725)
    """
    alarm = float(binom.cdf(threshold - 1, votes, 1 - one.false_alarm))
    miss = float(binom.sf(threshold - 1, votes, one.miss))
    # a binomial's tail changes with its chance as the density of the vote that decides
    by_alarm = votes * float(binom.pmf(threshold - 1, votes - 1, 1 - one.false_alarm))
    by_miss = votes * float(binom.pmf(threshold - 1, votes - 1, one.miss))
    var_alarm, both, var_miss = one.covariance
    covariance = by_alarm**2 * var_alarm, by_alarm * by_miss * both, by_miss**2 * var_miss
    return Slips(false_alarm=alarm, miss=miss, covariance=covariance)


def _share(count: int, of: int) -> tuple[float, float]:
    share = (count + 0.5) / (of + 1)
    return share, share * (1 - share) / (of + 2)
