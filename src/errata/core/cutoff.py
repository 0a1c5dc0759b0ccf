"""Where to cut which order of suspicion: learnt from reviewed examples, for a wanted trade.

`rule_orders` sorts all examples as each rule of `errata.core.selection` has them, `learn_cutoff`
says how many of the first of which order to flag, and how good that is. How examples are drawn is
for `errata.core.sampling`, and what they tell of the whole set for `errata.core.error_rate`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, UInt8
from scipy.special import expit, logit, ndtri

from errata.core.confidence import check_confidence
from errata.core.error_rate import Design, Draw
from errata.core.logistic import fit_logistic
from errata.core.selection import RULES, bit_of
from errata.core.slips import NO_SLIPS
from errata.errors import InputError

AimName = Literal["f1", "precision", "recall"]
AIMS: tuple[AimName, ...] = get_args(AimName)

REPLICATES = 200
"""So many made-up sets of labels give the intervals: a twentieth more or less in their width."""

_SLOPE_SPREAD = 0.7
"""How far the slope of one guess lies from its share of 1, before any review, give or take.

A round number: of one guess, that it tells nothing (a slope of 0) or twice what it says (2) are
then a standard deviation and a half away. With half or twice as much benchmarks/cutoff.py finds
about the same; with nothing expected, cuts learnt from few reviews are worse.
"""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a cut-off is chosen for.

    Attributes
    ----------
    name : ``"f1"``: the best F1; ``"precision"``: the most errors found at a precision of ``least``
        or more; ``"recall"``: the fewest flags at a recall of ``least`` or more
    least : strictly between 0 and 1; of no meaning for ``"f1"``
    """

    name: AimName = "f1"
    least: float = 0.0

    def __str__(self) -> str:
        return self.name if self.name == "f1" else f"{self.name}={self.least:g}"


class Estimate(NamedTuple):
    """A share, and the interval it is known to."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        value, low, high = (f"{share:.2f}".removeprefix("0") for share in self)
        return f"{value} ({low} to {high})"


@dataclass(frozen=True, kw_only=True)
class Cutoff:
    """The first examples of an order, and how good it is to flag these.

    Attributes
    ----------
    order : its name
    size : how many of its first examples are flagged
    aim : what it was chosen for
    precision : the share of the flagged labels that are wrong
    recall : the share of the wrong labels that are flagged
    f1 : 2 precision recall / (precision + recall)
    confidence : of their intervals
    checked, found : how many examples it was learnt from, and how many of these are wrong
    """

    order: str
    size: int
    aim: Aim
    precision: Estimate
    recall: Estimate
    f1: Estimate
    confidence: float
    checked: int
    found: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        shares = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {
            "rule": self.order,
            "size": self.size,
            "aim": str(self.aim),
            **{name: share._asdict() for name, share in shares.items()},
            "confidence": self.confidence,
            "checked": self.checked,
            "found": self.found,
        }

    def __str__(self) -> str:
        return (
            f"rule {self.order}, first {self.size:,} examples: precision {self.precision}, recall "
            f"{self.recall}, F1 {self.f1}"
        )


# ---------------------------------------------------------------- orders


def rule_orders(
    codes: UInt8[np.ndarray, "n"],
    margin: Float[np.ndarray, "n"],
    self_confidence: Float[np.ndarray, "n"],
    tie: Integer[np.ndarray, "n"],
) -> dict[str, Int[np.ndarray, "n"]]:
    """Return all examples in the order of suspicion of each rule, the most suspicious first.

    First what the rule flags, then the rest, each by the normalized margin, lowest first; of
    ``argmax``, each by self-confidence. ``margin`` and ``argmax`` flag the beginning of an order
    in any case, the others a set of their own: a cut may go through it, or beyond it. Last comes
    ``self_confidence``, the order alone.

    Parameters
    ----------
    codes : which rules flag each example, as `errata.core.selection.codes_of` says it
    margin, self_confidence : low is suspicious
    tie : places among equals

    Examples
    --------
    >>> codes = np.array([0, 2, 0], np.uint8)  # the second is flagged by noise_rate
    >>> orders = rule_orders(codes, np.array([-0.5, 0.0, 0.5]), np.ones(3), np.arange(3))
    >>> orders["noise_rate"], orders["margin"]
    (array([1, 0, 2]), array([0, 1, 2]))
    """
    orders: dict[str, Int[np.ndarray, "n"]] = {}
    for rule in RULES:
        flagged = codes >> bit_of(rule) & 1
        score = self_confidence if rule == "argmax" else margin
        orders[rule] = np.lexsort((tie, score, 1 - flagged))
    return orders | {"self_confidence": np.lexsort((tie, self_confidence))}


# ---------------------------------------------------------------- how many errors come first


def errors_told(
    design: Design,
    predicted: Float[np.ndarray, "n"],
    wrong: Bool[np.ndarray, "checked"] | None = None,
) -> Float[np.ndarray, "n"]:
    """Return what each example adds to the estimated number of wrong labels of a part it is in.

    Summed over a part, this is the difference estimator of `errata.core.error_rate.estimate_errors`
    (its ``lambda`` being 1) of the errors there. So it is right on average, whatever is predicted
    and whatever the part, if neither looks at who was drawn. Summed along an order, the curve is
    rough: where one example stands for many, it jumps, and it may fall.

    Parameters
    ----------
    design : what was drawn and reviewed
    predicted : a guess at the probability that each label is wrong, in ``0..1``
    wrong : of the reviewed examples, whether their labels are; without it, as the design has it

    References
    ----------
    Särndal, Swensson and Wretman, Model Assisted Survey Sampling (1992), section 10.5 (domains).

    Examples
    --------
    >>> half = Draw(
    ...     examples=np.array([0, 3]),
    ...     wrong=np.array([True, False]),
    ...     probability=np.array([0.5, 0.5]),
    ...     stratum=np.array([0, 0]),
    ... )
    >>> predicted = np.array([0.75, 0.5, 0.25, 0.25])
    >>> np.cumsum(errors_told(Design([half], predicted, NO_SLIPS), predicted))
    array([1.25, 1.75, 2.  , 1.75])
    """
    each: Float[np.ndarray, "n"] = design.steadying * predicted
    each[design.examples] += design.counts * (design.wrong if wrong is None else wrong)
    return each


# ---------------------------------------------------------------- the choice


def learn_cutoff(
    orders: Mapping[str, Int[np.ndarray, "n"]],
    draws: Sequence[Draw],
    guesses: Float[np.ndarray, "n guesses"],
    aim: Aim,
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    replicates: int = REPLICATES,
) -> Cutoff:
    """Return the order and the number of its first examples that serve an aim best.

    **Choice.** A reviewed example counts as what it is, any other with the chance ``p`` that it is
    wrong, and these sum, along each order, to ``T(k)`` errors among the first ``k``. Precision is
    then ``T(k) / k``, recall ``T(k) / T(n)``, F1 ``2 T(k) / (k + T(n))``. Of equally good cuts the
    smallest is taken, and of equally small ones that of the first order. The curve rises by no
    more than 1 an example, so nothing hangs on one review that stands for a thousand.

    The chance is ``p = expit(a + sum of b_j logit g_j)``, with a few guesses ``g``; ``a`` and
    ``b`` are what the reviews make likely, if the ``b_j`` are expected to share 1 among them
    equally, each give or take 0.7. By one guess alone no order could be better than its own.

    **Estimates.** Not from that curve, which is as good as its form: the errors among the first
    ``k``, and among the rest, are those of `errors_told`, kept to what the reviews have
    proved. From both estimates follow precision, recall and F1.

    **Intervals.** The choice is made on the reviews that tell how good it is, which flatters it.
    So the whole is played through again and again: labels of all ``n`` examples are drawn, wrong
    with the chance ``p``; the same examples are reviewed; ``p`` is fitted, a cut chosen, and its
    precision, recall and F1 estimated anew, and compared with those of the drawn labels. By the
    mean of these errors the estimates are corrected, and their spread makes the intervals, ``z``
    standard deviations to each side (a parametric bootstrap).

    Parameters
    ----------
    orders : all examples by suspicion, each example once
    draws : reviewed examples, as in `errata.core.error_rate.estimate_errors`, one of the draws left
        to chance
    guesses : at the probability that each label is wrong, in ``0..1``, one or more of each
        example, ``(n, guesses)``
    aim : what a good cut is
    rng : where the chance of the intervals comes from
    confidence : strictly between 0 and 1
    replicates : how often it is played through, 2 or more

    Raises
    ------
    InputError
        No draw was left to chance, none of the reviewed labels is wrong, or no cut reaches what is
        aimed at.

    References
    ----------
    Royall (1970), "On finite population sampling theory under certain linear regression models",
    Biometrika 57 (``T``); Särndal, Swensson and Wretman (1992), section 10.5 (estimates); Efron and
    Tibshirani, An Introduction to the Bootstrap (1993), sections 6.5, 10.2 and 13.3 (intervals);
    Marchant and Rubinstein (2017), "In search of an entity resolution OASIS" (F1 from examples
    drawn with known probabilities).

    Examples
    --------
    >>> worst_first = np.arange(100)
    >>> every = Draw(
    ...     examples=worst_first,
    ...     wrong=worst_first < 8,
    ...     probability=np.ones(100),
    ...     stratum=np.zeros(100, dtype=int),
    ... )
    >>> guess = np.linspace(0.99, 0.01, 100)[:, np.newaxis]
    >>> chosen = learn_cutoff(
    ...     {"margin": worst_first}, [every], guess, Aim(), np.random.default_rng(0)
    ... )
    >>> print(chosen)
    rule margin, first 8 examples: precision 1.00 (1.00 to 1.00), recall 1.00 (1.00 to 1.00),
    F1 1.00 (1.00 to 1.00)
    """
    check_confidence(confidence)
    design = Design(draws, np.zeros(len(guesses)), NO_SLIPS)
    if not design.sampled:
        raise InputError(
            "None of the reviewed examples was drawn by chance, so they do not tell of the others. "
            "Draw some with known probabilities (`errata plan --goal rate`)."
        )
    if not design.wrong.any():
        raise InputError(
            f"None of the {len(design.wrong):,} reviewed labels is wrong, so there is nothing to "
            "learn a cut-off from. Review more examples."
        )
    least = 1 / (2 * len(guesses))  # of what is certain no logit is finite
    learning = _Learning(orders, design, logit(np.clip(guesses, least, 1 - least)), aim)
    chances = learning.chances(design.wrong)
    cut, worth = learning.cut(chances, design.wrong)
    if not worth.reached:
        raise InputError(
            f"No cut of any rule is expected to reach a {aim.name} of {aim.least:g}: the highest "
            f"is {worth.most:.3g}, rule {cut.order}, first {cut.size:,} examples. Ask for less."
        )
    told = learning.told(cut, chances, design.wrong)
    errors = np.array([learning.played(chances, rng) for _ in range(replicates)])
    value = told - errors.mean(axis=0)
    off = float(ndtri((1 + confidence) / 2)) * errors.std(axis=0, ddof=1)
    ends = np.clip(np.stack([value, value - off, value + off], axis=1), 0, 1)
    precision, recall, f1 = (Estimate(*map(float, row)) for row in ends)
    return Cutoff(
        order=cut.order,
        size=cut.size,
        aim=aim,
        precision=precision,
        recall=recall,
        f1=f1,
        confidence=confidence,
        checked=len(design.wrong),
        found=int(np.count_nonzero(design.wrong)),
    )


class _Cut(NamedTuple):
    """The first examples of an order."""

    order: str
    size: int


class _Worth(NamedTuple):
    """What a cut is worth: the larger, the better."""

    reached: bool  # what is aimed at; where it is not, the next number is the precision
    most: float
    then: float


Trade = Float[np.ndarray, "3"]
"""Precision, recall and F1."""


class _Learning:
    """A choice that can be made again, with other labels of the same examples."""

    def __init__(
        self,
        orders: Mapping[str, Int[np.ndarray, "n"]],
        design: Design,
        scores: Float[np.ndarray, "n guesses"],
        aim: Aim,
    ) -> None:
        self.orders, self.design, self.aim = orders, design, aim
        self.sizes = np.arange(1, design.n + 1)
        self.expected = np.append(0.0, np.full(scores.shape[1], 1 / scores.shape[1]))
        self.precisions = np.append(1e-2, np.full(scores.shape[1], _SLOPE_SPREAD**-2))
        self.features = np.column_stack([np.ones(design.n), scores])
        self.features[:, 1:] -= self.features[design.examples, 1:].mean(axis=0)

    def chances(self, wrong: Bool[np.ndarray, "checked"]) -> Float[np.ndarray, "n"]:
        """Return the chance that each label is wrong, as the reviews make it likely."""
        start = self.expected.copy()
        start[0] = logit((np.count_nonzero(wrong) + 0.5) / (len(wrong) + 1))
        beta = fit_logistic(
            self.features[self.design.examples],
            wrong,
            start,
            expected=self.expected,
            precisions=self.precisions,
        )
        fitted: Float[np.ndarray, "n"] = expit(self.features @ beta)
        return fitted

    def cut(
        self, chances: Float[np.ndarray, "n"], wrong: Bool[np.ndarray, "checked"]
    ) -> tuple[_Cut, _Worth]:
        """Return the best cut, and what it is worth."""
        expected = chances.copy()
        expected[self.design.examples] = wrong
        best: tuple[_Cut, _Worth] | None = None
        for name, order in self.orders.items():
            place, worth = self._best_of(np.cumsum(expected[order]))
            if best is None or worth > best[1]:
                best = _Cut(name, place + 1), worth
        assert best is not None, "there is no order"
        return best

    def _best_of(self, errors: Float[np.ndarray, "n"]) -> tuple[int, _Worth]:
        """Return the best place to cut after, and what it is worth.

        Parameters
        ----------
        errors : how many there are among the first 1, 2, ..., n examples of an order
        """
        total = max(float(errors[-1]), np.finfo(float).tiny)
        if self.aim.name == "f1":
            f1 = 2 * errors / (self.sizes + total)
            place = int(f1.argmax())
            return place, _Worth(True, float(f1[place]), -place)
        if self.aim.name == "recall":
            place = int((errors / total >= self.aim.least).argmax())
            return place, _Worth(True, -place, float(errors[place]))
        precision = errors / self.sizes
        enough = np.flatnonzero(precision >= self.aim.least)
        if len(enough) == 0:
            place = int(precision.argmax())
            return place, _Worth(False, float(precision[place]), -place)
        most = float(errors[enough[-1]])
        place = int(np.searchsorted(errors, most))  # what comes after it finds nothing more
        return place, _Worth(True, most, -place)

    def told(
        self,
        cut: _Cut,
        chances: Float[np.ndarray, "n"],
        wrong: Bool[np.ndarray, "checked"],
    ) -> Trade:
        """Return the estimated precision, recall and F1 of a cut."""
        inside = self._inside(cut)
        each, checked = errors_told(self.design, chances, wrong), inside[self.design.examples]

        def kept(part: Bool[np.ndarray, "n"], of: Bool[np.ndarray, "checked"]) -> float:
            proved, right = np.count_nonzero(wrong & of), np.count_nonzero(~wrong & of)
            most = np.count_nonzero(part) - right
            return float(np.clip(each[part].sum(), proved, most))

        return _trade(kept(inside, checked), kept(~inside, ~checked), cut.size)

    def played(self, chances: Float[np.ndarray, "n"], rng: np.random.Generator) -> Trade:
        """Return by how much the estimates of a choice are off where labels are made up."""
        made_up = rng.random(len(chances)) < chances
        wrong = made_up[self.design.examples]
        anew = self.chances(wrong)
        cut, _ = self.cut(anew, wrong)
        found = float(np.count_nonzero(made_up[self.orders[cut.order][: cut.size]]))
        true = _trade(found, float(np.count_nonzero(made_up)) - found, cut.size)
        off: Trade = self.told(cut, anew, wrong) - true
        return off

    def _inside(self, cut: _Cut) -> Bool[np.ndarray, "n"]:
        inside = np.zeros(self.design.n, dtype=bool)
        inside[self.orders[cut.order][: cut.size]] = True
        return inside


def _trade(inside: float, outside: float, size: int) -> Trade:
    """Return precision, recall and F1 where so many errors are inside a cut, and outside."""
    wrong = inside + outside
    return np.array(
        [inside / size, inside / wrong if wrong > 0 else 0.0, 2 * inside / (size + wrong)]
    )
