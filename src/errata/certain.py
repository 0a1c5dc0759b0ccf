"""How sure a comparison of models is: intervals, ranks, decided pairs, and what would flip one.

The arithmetic is that of `errata.core.certainty` and `errata.core.stability`; what is here puts it
together for one comparison, and says it in words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Integer

from errata.core.certainty import (
    POLICIES,
    Order,
    Policy,
    Sample,
    accuracies,
    counting,
    credited,
    decide,
    order_kept,
)
from errata.core.stability import Flip, fewest_flips

_SEED = 7
"""Of the draws by which pairs are decided: the same comparison says the same."""

_NAMED = 3
"""So many pairs are named in a sentence."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Which examples were checked, how they came to be, and what came of it.

    Attributes
    ----------
    checked : the examples, with their probabilities and strata
    suggested : the label that speaks against the given one, ``(checked,)``
    codes : their verdicts, indices into `errata.core.consensus.VERDICTS`, ``(checked,)``
    by_chance : how many of them chance drew; 0: of what was not checked nothing is known
    unchecked : which labels nobody checked, ``(n,)``
    """

    checked: Sample
    suggested: Int[np.ndarray, "checked"]
    codes: Int[np.ndarray, "checked"]
    by_chance: int
    unchecked: Bool[np.ndarray, "n"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one model stands by one policy.

    Attributes
    ----------
    model : its name
    accuracy, low, high : its corrected accuracy with the interval of its own, 0 to 1
    best_rank, worst_rank : between these its rank lies, with the confidence for all models at once
    chance_of_best : how probable it is that no other is better
    """

    model: str
    accuracy: float
    low: float
    high: float
    best_rank: int
    worst_rank: int
    chance_of_best: float


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """How sure the ranking of models is, on corrected labels.

    Attributes
    ----------
    standings : of each policy, the models in their order; see `errata.core.certainty.credited`
    decided : by ``"corrected"``, the pairs ``(better, worse)`` that are told apart
    order : what became of the order by the given labels
    flips : of each pair, the fewest wrong labels among the unchecked that would flip it
    confidence : that no statement about a pair is wrong, and all intervals of ranks hold
    population : whether this is about test sets of this kind, or about this one's labels alone
    by_chance, checked, n : how many examples chance drew, were checked, and there are
    """

    standings: Mapping[Policy, tuple[Standing, ...]]
    decided: tuple[tuple[str, str], ...]
    order: Order
    flips: tuple[Flip, ...]
    confidence: float
    population: bool
    by_chance: int
    checked: int
    n: int

    @property
    def pairs(self) -> int:
        """How many pairs of models there are."""
        models = len(self.standings["corrected"])
        return models * (models - 1) // 2

    def title(self) -> str:
        """Return what the table shows."""
        of = "test sets of this kind" if self.population else "this test set"
        return (
            f"Corrected accuracy in percent, with {100 * self.confidence:g} % intervals, for {of}; "
            "accepted: either label where both are right; clear: without unclear labels"
        )

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each model, the best first."""
        rows = []
        for place, one in enumerate(self.standings["corrected"]):
            others: dict[str, Any] = {
                policy: 100 * self.standings[policy][place].accuracy for policy in POLICIES[1:]
            }
            rows.append(
                {
                    "model": one.model,
                    "cacc": 100 * one.accuracy,
                    "low": 100 * one.low,
                    "high": 100 * one.high,
                    "ranks": f"{one.best_rank}-{one.worst_rank}",
                    "P(best)": one.chance_of_best,
                    **others,
                }
            )
        return sorted(rows, key=lambda row: -row["cacc"])

    def columns(self) -> list[dict[str, Any]]:
        """Return what each model's flat row has besides, in the order of the models."""
        names = ("accuracy", "low", "high", "best_rank", "worst_rank", "chance_of_best")
        return [
            {f"certain_{name}": getattr(one, name) for name in names}
            for one in self.standings["corrected"]
        ]

    def verdict(self) -> str:
        """Return in a paragraph whether the order of the models holds, and how sure that is."""
        sure = f"{100 * self.confidence:g} % confidence"
        told = [*self._of_order(sure)]
        rest = self.n - self.checked
        if not self.by_chance:
            told.append(
                f"All this supposes that the {rest:,} labels that nobody checked are right: none "
                "was drawn by chance (`errata plan --goal ranking`)."
            )
        possible = [one for one in self.flips if one.fewest is not None]
        if possible:
            nearest = min(possible, key=lambda one: one.fewest or 0)
            told.append(
                f"The fewest wrong labels among the {rest:,} unchecked that would flip a pair: "
                f"{nearest.fewest:,}, of {nearest.leader} and {nearest.follower}."
            )
        return " ".join(told)

    def _of_order(self, sure: str) -> Iterator[str]:
        """Yield what became of the order by the given labels."""
        if not self.order.pairs:
            yield "On the given labels all models tie, so no order could change."
            return
        if self.order.stable:
            yield f"The order of the models is stable: with {sure} no pair changes places."
            return
        names = [f"{pair.second} overtakes {pair.first}" for pair in self.order.swapped]
        if names:
            yield f"On corrected labels, with {sure}: {_some(names)}."
        else:
            yield f"With {sure} no pair of models changes places for sure."
        names = [
            f"{pair.first} and {pair.second} ({100 * pair.chance:.0f} % that the second is better)"
            for pair in self.order.open
        ]
        if names:
            yield f"{len(names):,} of {self.pairs:,} pairs are undecided: {_some(names)}."

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "verdict": self.verdict(),
            "confidence": self.confidence,
            "population": self.population,
            "by_chance": self.by_chance,
            "checked": self.checked,
            "policies": {
                policy: [vars(one) for one in each] for policy, each in self.standings.items()
            },
            "decided": [list(pair) for pair in self.decided],
            "order": [vars(pair) for pair in self.order.pairs],
            "fewest_relabels": [vars(one) for one in self.flips],
        }


def certainty(
    predictions: Mapping[str, Integer[np.ndarray, "n _answers"]],
    *,
    given: Integer[np.ndarray, "n"],
    corrected: Integer[np.ndarray, "n"],
    design: Design,
    confidence: float = 0.95,
    population: bool = True,
) -> Certainty:
    """Return how sure the top-1 accuracies of models and their order are.

    Parameters
    ----------
    predictions : each model's answers, best first
    given, corrected : labels before and after the review
    design : which labels were checked, and how they came to be
    confidence : strictly between 0 and 1
    population : whether the test set counts as a sample of such examples, too; else the
        uncertainty is that of its own unchecked labels alone

    Raises
    ------
    InputError
        The confidence is out of range, or no example counts.
    """
    models = list(predictions)
    answers = np.stack([top[:, 0] for top in predictions.values()], axis=1).astype(np.int64)
    right = answers == given[:, np.newaxis]
    rows = design.checked.examples
    standings: dict[Policy, tuple[Standing, ...]] = {}
    rankings = {}
    for policy in POLICIES:
        credit = _credits(answers[rows], given[rows], design, policy)
        found = accuracies(
            right,
            credit,
            design.checked,
            keep=counting(design.codes, policy),
            population=population,
        )
        ranking = decide(found, np.random.default_rng(_SEED), confidence=confidence)
        low, high = found.intervals(confidence)
        rankings[policy] = ranking
        standings[policy] = tuple(
            Standing(
                model=model,
                accuracy=float(found.accuracy[place]),
                low=float(low[place]),
                high=float(high[place]),
                best_rank=int(ranking.best_rank[place]),
                worst_rank=int(ranking.worst_rank[place]),
                chance_of_best=float(ranking.chance_of_best[place]),
            )
            for place, model in enumerate(models)
        )
    main = rankings["corrected"]
    flips = fewest_flips(models, answers, corrected.astype(np.int64), design.unchecked)
    return Certainty(
        standings=standings,
        decided=tuple((models[a], models[b]) for a, b in np.argwhere(main.decided).tolist()),
        order=order_kept(models, np.count_nonzero(right, axis=0), main),
        flips=flips,
        confidence=confidence,
        population=population,
        by_chance=design.by_chance,
        checked=int(np.count_nonzero(~design.unchecked)),
        n=len(given),
    )


def _credits(
    answers: Int[np.ndarray, "checked models"],
    given: Integer[np.ndarray, "checked"],
    design: Design,
    policy: Policy,
) -> Bool[np.ndarray, "checked models"]:
    """Return on which checked examples each model is right."""
    each = [
        credited(
            answers[:, [model]],
            given.astype(np.int64),
            design.suggested,
            design.codes,
            policy=policy,
        )
        for model in range(answers.shape[1])
    ]
    return np.stack(each, axis=1)


def _some(names: Sequence[str]) -> str:
    """Return the first few of some names, and how many more there are."""
    rest = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f"; and {rest:,} more" if rest > 0 else "")
