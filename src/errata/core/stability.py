"""How firm a ranking of models is: where two models cross, and how many labels would flip them.

Let a share ``N`` of a test set come from C, the correctable examples, and the rest from B, the
benign ones. A test set with a higher ``N`` than the one at hand is made by removing a random share
``x`` of B. A model that is right on the shares ``A_B`` of B and ``A_C`` of C is then expected to
have the accuracy (the paper, section 5)::

    A(x) = ((1 - x) |B| A_B + |C| A_C) / ((1 - x) |B| + |C|)

Since ``N(x) = |C| / ((1 - x) |B| + |C|)``, with ``N`` in place of ``x`` this is a straight line::

    A(N) = (1 - N) A_B + N A_C

(Removing a share of C instead gives the same line, for lower ``N``.) Two models differ by
``(1 - N) ΔB + N ΔC``, which is zero at ``N× = ΔB / (ΔB - ΔC)``. With whole numbers of hits, so
that ``ΔB = Δb / |B|`` and ``ΔC = Δc / |C|``, this is ``N× = Δb |C| / (Δb |C| - Δc |B|)``: a ratio
of whole numbers, hence exact. It lies strictly between 0 and 1 just when one model is better on B
and the other on C. All this holds for the given labels as for the corrected ones; only the hits
on C differ between the two.

References
----------
Northcutt, Athalye and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize Machine
Learning Benchmarks", section 5 and figures 3 and 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import copysign, nan, sqrt

import numpy as np
from jaxtyping import Bool, Float, Integer
from scipy.special import stdtrit

from errata.core.certainty import IMAGINED
from errata.core.confidence import check_confidence


@dataclass(frozen=True)
class Crossing:
    """The noise prevalence at which two models change places.

    ``a`` and ``b`` are the models in the order they were handed in, ``below`` the one that leads
    at every prevalence below ``exact`` and ``above`` the one that leads at every prevalence above.
    """

    a: str
    b: str
    exact: Fraction
    below: str
    above: str

    @property
    def prevalence(self) -> float:
        """The crossing as a number between 0 and 1."""
        return float(self.exact)

    def __str__(self) -> str:
        return f"{self.above} overtakes {self.below} at N = {100 * self.prevalence:.2f} %"


def crossings(
    models: Sequence[str],
    benign_hits: Integer[np.ndarray, "models"],
    correctable_hits: Integer[np.ndarray, "models"],
    *,
    n_benign: int,
    n_correctable: int,
) -> tuple[Crossing, ...]:
    """Return every crossing of two models' prevalence curves, lowest prevalence first.

    Models that are equal on B or on C do not cross at a prevalence strictly between 0 and 1,
    and with B or C empty nothing does. Crossings at the same prevalence stay in the order of
    the models.

    Parameters
    ----------
    models : their names
    benign_hits, correctable_hits : how often each is right on B and on C, whole numbers
    n_benign, n_correctable : the sizes of B and C

    Examples
    --------
    >>> small, large = 60, 80  # hits of two models on B, out of 100
    >>> hits = np.array([small, large]), np.array([9, 5])  # and on C, out of 10
    >>> [crossing] = crossings(["small", "large"], *hits, n_benign=100, n_correctable=10)
    >>> crossing.exact, str(crossing)
    (Fraction(1, 3), 'small overtakes large at N = 33.33 %')
    """
    # 64 bits, because differences of narrow or unsigned integers wrap round
    on_benign, on_correctable = benign_hits.astype(np.int64), correctable_hits.astype(np.int64)
    found = []
    for a in range(len(models)):
        ahead_on_benign = on_benign[a] - on_benign
        ahead_on_correctable = on_correctable[a] - on_correctable
        apart = np.sign(ahead_on_benign) * np.sign(ahead_on_correctable) < 0
        for b in (a + 1 + np.flatnonzero(apart[a + 1 :])).tolist():
            benign = int(ahead_on_benign[b]) * n_correctable
            correctable = int(ahead_on_correctable[b]) * n_benign
            pair = (models[a], models[b])
            below, above = pair if benign > 0 else pair[::-1]
            found.append(Crossing(*pair, Fraction(benign, benign - correctable), below, above))
    return tuple(sorted(found, key=lambda crossing: crossing.exact))


# ---------------------------------------------------------------- how sure a crossing is


@dataclass(frozen=True)
class Duel:
    """How often, of ``of`` examples, only the first of two models is right, and only the second."""

    only_first: int
    only_second: int
    of: int

    @property
    def lead(self) -> Fraction:
        """By how much the first is better."""
        return Fraction(self.only_first - self.only_second, self.of)

    @property
    def variance(self) -> Fraction:
        """Of the lead, with an imagined example more on which only the one is right, for each."""
        apart = self.only_first + self.only_second
        own = Fraction(apart) - Fraction((self.only_first - self.only_second) ** 2, self.of)
        return own / (self.of * max(self.of - 1, 1)) + Fraction(IMAGINED, self.of**2)

    @property
    def freedom(self) -> int:
        """The degrees of freedom of the variance: twice the number of examples it rests on."""
        return 2 * (self.only_first + self.only_second + IMAGINED)


def duel(
    first: Bool[np.ndarray, "n"], second: Bool[np.ndarray, "n"], subset: Bool[np.ndarray, "n"]
) -> Duel:
    """Return how two models that are right on these examples stand on a subset of them.

    Examples
    --------
    >>> right = np.array([[1, 1, 0, 1], [1, 0, 1, 0]], dtype=bool)
    >>> duel(*right, np.array([True, True, True, False]))
    Duel(only_first=1, only_second=1, of=3)
    """
    return Duel(
        int(np.count_nonzero(first & ~second & subset)),
        int(np.count_nonzero(second & ~first & subset)),
        int(np.count_nonzero(subset)),
    )


def crossing_band(
    benign: Duel, correctable: Duel, *, confidence: float = 0.95
) -> tuple[tuple[float, float], ...]:
    """Return the noise prevalences at which two models may be equally good.

    They are those at which their difference (see the head of this module) is no further from 0
    than chance would bring it, B and C being taken for independent samples of such examples. Few
    examples on which the two differ are dealt with as in `errata.core.certainty`: one more for
    each model is imagined, on B and on C, and the quantile is that of Student's t with the degrees
    of freedom of whichever has fewer. If B or C is empty, the band is everything.

    Parameters
    ----------
    benign, correctable : how the two models stand on B and on C
    confidence : strictly between 0 and 1

    Returns
    -------
    As `fieller`: no interval, one, or two

    Examples
    --------
    >>> [(low, high)] = crossing_band(Duel(400, 100, 1000), Duel(10, 60, 100))
    >>> round(low, 2), round(high, 2)  # the lines meet at .3 / (.3 + .5) = .375
    (0.31, 0.46)
    """
    check_confidence(confidence)
    if not (benign.of and correctable.of):
        return ((0.0, 1.0),)
    fewer = min(benign.freedom, correctable.freedom)
    reach = -float(stdtrit(fewer, (1 - confidence) / 2))
    return fieller(
        benign.lead, benign.variance, correctable.lead, correctable.variance, reach=reach
    )


def fieller(
    at_0: Fraction | float,
    variance_at_0: Fraction | float,
    at_1: Fraction | float,
    variance_at_1: Fraction | float,
    *,
    reach: float,
) -> tuple[tuple[float, float], ...]:
    """Return where on the way from 0 to 1 a line may be zero whose ends are known with errors.

    These are the ``N`` in 0 to 1 with ``|(1−N) x + N y| ≤ reach · sqrt((1−N)² v + N² w)``, with
    ``x``, ``y`` the values at the ends and ``v``, ``w`` their variances, independent. Both sides
    squared, this is a quadratic inequality. Which of its forms it takes is decided in whole
    numbers, hence exactly; the ends of the intervals are rounded.

    Returns
    -------
    The intervals, ends included, lowest first. None: the line is surely nowhere zero. One: it is
    zero in there, if anywhere; all of ``(0.0, 1.0)`` if nothing can be said. Two, from 0 and up to
    1: it may be zero near either end and not between, where it is known better than at the ends.

    References
    ----------
    Fieller (1954), "Some problems in interval estimation", JRSS B 16.

    Examples
    --------
    >>> fieller(1, 0, -1, 0, reach=2)  # known exactly: it crosses in the middle
    ((0.5, 0.5),)
    >>> fieller(1, 0.01, 1, 0.01, reach=2), fieller(0, 1, 0, 1, reach=2)
    ((), ((0.0, 1.0),))
    """
    x, v, y, w = (Fraction(each) for each in (at_0, variance_at_0, at_1, variance_at_1))
    z = Fraction(reach) ** 2
    slope = y - x
    # a N² + b N + c <= 0
    a, b, c = slope**2 - z * (v + w), 2 * (x * slope + z * v), x**2 - z * v
    at_start, at_end = c <= 0, a + b + c <= 0
    low, high = _roots(a, b, c)
    if at_start and at_end:
        # open downwards, with both ends inside: what lies between the roots is outside
        if a < 0 and b**2 > 4 * a * c and 0 < b < -2 * a:
            return ((0.0, low), (high, 1.0))
        return ((0.0, 1.0),)
    if at_start:
        return ((0.0, high if a > 0 else low),)
    if at_end:
        return ((low if a > 0 else high, 1.0),)
    if a > 0 and b**2 >= 4 * a * c and 0 < -b < 2 * a:
        return ((low, high),)
    return ()


def _roots(a: Fraction, b: Fraction, c: Fraction) -> tuple[float, float]:
    """Return the roots of a x² + b x + c, lower first, brought into 0 to 1; nan if it has none."""
    if a == 0:
        roots = [-c / b] * 2 if b else []
    elif b**2 < 4 * a * c:
        roots = []
    else:
        # not -b ± √..., of which one is the difference of nearly equal numbers where a c is small
        far = -(b + Fraction(copysign(sqrt(b**2 - 4 * a * c), b))) / 2
        roots = [far / a, c / far] if far else [Fraction(0)] * 2
    low, high = (min(max(float(root), 0.0), 1.0) for root in sorted(roots)) if roots else (nan, nan)
    return low, high


# ---------------------------------------------------------------- how many labels would have to be


@dataclass(frozen=True)
class Flip:
    """How many labels that nobody checked would have to be wrong to put a model behind another.

    Attributes
    ----------
    leader, follower : the models
    lead : how many hits more the leader has by the labels as they are known
    fewest : so many labels, each turned into what the follower says, put it ahead; None if not
        all that are unchecked would
    room : how many unchecked labels would help the follower, if they were what it says
    expected : how many of those are wrong, whatever the right label; None if not known
    """

    leader: str
    follower: str
    lead: int
    fewest: int | None
    room: int
    expected: float | None


def fewest_flips(
    models: Sequence[str],
    answers: Integer[np.ndarray, "n models"],
    labels: Integer[np.ndarray, "n"],
    unchecked: Bool[np.ndarray, "n"],
    error: Float[np.ndarray, "n"] | None = None,
) -> tuple[Flip, ...]:
    """Return of each two models the smallest number of relabels that would flip their order.

    An unchecked example on which the leader is right and the follower is not moves the lead by 2
    if its right label is the follower's answer; one on which neither is right, and they differ,
    moves it by 1. No relabel moves it by more. To be behind, the leader has to lose more than its
    lead ``L``; so with enough of the first kind it takes ``floor(L / 2) + 1``, and with ``two`` of
    them, fewer than that, ``L + 1 − two``, if the second kind suffices.

    Parameters
    ----------
    models : their names
    answers : the best answer of each
    labels : as they are known, corrected where they were checked
    unchecked : which labels nobody checked
    error : how probable it is that each label is wrong, 0 to 1

    Returns
    -------
    A pair each, in the order of the models; of two that tie the first is taken to lead

    Examples
    --------
    >>> answers = np.array([[0, 1], [0, 1], [0, 1], [2, 1], [0, 0]])
    >>> labels, unchecked = np.zeros(5, dtype=int), np.array([True, True, False, True, True])
    >>> fewest_flips(["x", "y"], answers, labels, unchecked, np.full(5, 0.25))
    (Flip(leader='x', follower='y', lead=3, fewest=2, room=3, expected=0.75),)
    """
    right = answers == labels[:, np.newaxis]
    total = np.count_nonzero(right, axis=0)
    found = []
    for a, b in combinations(range(len(models)), 2):
        first, second = (a, b) if total[a] >= total[b] else (b, a)
        lead = int(total[first] - total[second])
        helps = unchecked & ~right[:, second] & (answers[:, first] != answers[:, second])
        room = int(np.count_nonzero(helps))
        twice = int(np.count_nonzero(helps & right[:, first]))
        if 2 * twice > lead:
            fewest: int | None = lead // 2 + 1
        else:
            fewest = lead + 1 - twice if room + twice > lead else None
        expected = None if error is None else float(error @ helps)
        found.append(Flip(models[first], models[second], lead, fewest, room, expected))
    return tuple(found)
