"""What figures 1, 3, 4, 5, S1 and S2 show, as plain data; `errata.paper.drawing` draws it."""

from collections.abc import Sequence
from typing import Any, Literal

import errata
from errata.paper.benchmark import THRESHOLDS, Benchmark
from errata.paper.published import Key, Pack

RANKINGS: dict[str, tuple[Literal["original", "corrected"], Literal["D", "P", "C"]]] = {
    "all, original labels": ("original", "D"),
    "P, original labels": ("original", "P"),
    "P, corrected labels": ("corrected", "P"),
    "C, original labels": ("original", "C"),
    "C, corrected labels": ("corrected", "C"),
}
"""The rankings that figure 3 sets side by side: which labels, over which examples."""

SHOWN: tuple[Key, ...] = ("mnist", "cifar10")
"""The sets of figure 1 whose pictures can be at hand."""

Examples = list[dict[str, Any]]


def rankings(benchmark: Benchmark, threshold: int, k: int) -> dict[str, Any]:
    """Return every model's accuracy and rank in each of `RANKINGS` (figures 3 and S1)."""
    compared = benchmark.at(threshold)
    models = []
    for each in compared.models:
        scores = {name: each.score(*what, k) for name, what in RANKINGS.items()}
        models.append(
            {
                "model": each.model,
                "name": benchmark.names[each.model],
                "accuracy": {name: score and score.percent for name, score in scores.items()},
                "rank": {name: score and score.rank for name, score in scores.items()},
            }
        )
    return {
        "set": benchmark.key,
        "threshold": threshold,
        "k": k,
        "sizes": dict(compared.sizes),
        "models": models,
    }


def prevalence(benchmark: Benchmark, threshold: int) -> dict[str, Any]:
    """Return the curves of accuracy against noise prevalence, and where they cross.

    Figures 4 (ImageNet), 5 (CIFAR-10) and S2: each curve is a line from the accuracy on B, at
    prevalence 0, to the one on C, at prevalence 1.
    """
    compared = benchmark.at(threshold)
    return {
        "set": benchmark.key,
        "threshold": threshold,
        "n0": compared.noise_prevalence,
        "crossings": _crossings(compared.crossings),
        "original_crossings": _crossings(compared.original_crossings),
        "curves": compared.curves(),
        "original_curves": compared.curves("original"),
    }


def _crossings(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "a": each.a,
            "b": each.b,
            "prevalence": each.prevalence,
            "below": each.below,
            "above": each.above,
        }
        for each in found
    ]


def examples(pack: Pack, *, most: int = 8) -> dict[str, Examples]:
    """Return examples of every verdict, of the sets whose pictures are at hand (figure 1).

    Those that most workers agreed on come first.
    """
    found: dict[str, Examples] = {}
    for key in SHOWN:
        published = pack.votes(key)
        codes = published.codes()
        for code, verdict in enumerate(errata.VERDICTS):
            agreed = published.votes[:, min(code, 3)]
            two = published.given != published.suggested  # 13 of MNIST suggest the given label
            places = ((codes == code) & two).nonzero()[0].tolist()
            places.sort(key=lambda at: (-agreed[at], at))
            found.setdefault(verdict, []).extend(
                {
                    "set": key,
                    "row": int(published.rows[at]),
                    "given": published.classes[published.given[at]],
                    "suggested": published.classes[published.suggested[at]],
                    "votes": dict(zip(errata.ANSWERS, published.votes[at].tolist(), strict=True)),
                }
                for at in places[:most]
            )
    return found


def all_figures(pack: Pack, imagenet: Benchmark, cifar10: Benchmark) -> dict[str, Any]:
    """Return the data of every figure, by its name in the paper."""
    both = (imagenet, cifar10)
    return {
        "figure1": examples(pack),
        "figure3": [rankings(benchmark, 3, 1) for benchmark in both],
        "figure4": prevalence(imagenet, 3),
        "figure5": prevalence(cifar10, 3),
        "figure_s1": [
            rankings(benchmark, threshold, k)
            for benchmark in both
            for threshold in THRESHOLDS
            for k in (1, 5)
        ],
        "figure_s2": [prevalence(benchmark, 5) for benchmark in both],
    }
