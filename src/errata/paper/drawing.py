"""The figures of the rebuilt paper, drawn: which chart shows what, and in which words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import errata
from errata.paper.benchmark import Benchmark
from errata.paper.beyond import RESNET18, RESNETS50, VGGS
from errata.paper.figures import RANKINGS
from errata.paper.rebuild import Rebuilt

SETS = {"imagenet": "ImageNet", "cifar10": "CIFAR-10"}
NAMED = {"imagenet": (RESNETS50[0], RESNET18), "cifar10": VGGS}
"""The crossing of each benchmark that the paper speaks of."""

REACH = {"imagenet": 0.2, "cifar10": 0.2}
"""How far the prevalence goes in the charts of the neighbourhood of today's."""


NARROWER = 500
"""Below this width, in pixels, names are short and columns few."""


@dataclass(frozen=True)
class Figure:
    """One chart: the file's name, its caption, what it says, and how it is drawn at a width."""

    name: str
    title: str
    says: str
    draw: Callable[[int], Any]


def figures(rebuilt: Rebuilt) -> Iterator[Figure]:
    """Yield every chart of the rebuilt paper, in the paper's order."""
    yield _error_rates(rebuilt)
    yield from _gallery(rebuilt)
    for panel in rebuilt.figures["figure3"]:
        yield _ranking(panel, f"figure3-{panel['set']}", "Figure 3")
    yield _prevalence(rebuilt.imagenet, 3, "figure4", "Figure 4")
    yield _prevalence(rebuilt.cifar10, 3, "figure5", "Figure 5")
    for panel in rebuilt.figures["figure_s1"]:
        name = f"figure-s1-{panel['set']}-{panel['threshold']}of5-top{panel['k']}"
        yield _ranking(panel, name, "Figure S1")
    for benchmark in (rebuilt.imagenet, rebuilt.cifar10):
        yield _prevalence(benchmark, 5, f"figure-s2-{benchmark.key}", "Figure S2")


def _error_rates(rebuilt: Rebuilt) -> Figure:
    rows = [
        (row["name"], row["percent"], *(row["percent_95"] or (None, None)))
        for row in rebuilt.tables["table1"]
    ]
    says = "; ".join(f"{name}: {value:.2f} %" for name, value, *_ in rows)
    title = "Table 1: labels found to be wrong, % of the set, with 95 % intervals of the samples"
    return Figure("table1", title, says, lambda width: errata.charts.error_chart(rows, width=width))


def _gallery(rebuilt: Rebuilt) -> Iterator[Figure]:
    """Yield figure 1, where pictures are at hand."""
    rows = rebuilt.pictures()
    if rows:
        says = "; ".join(f"{verdict}: {len(cells)} pictures" for verdict, cells in rows)
        title = "Figure 1: candidates of MNIST and CIFAR-10 by what the workers made of them"
        yield Figure(
            "figure1", title, says, lambda width: errata.charts.gallery_chart(rows, width=width)
        )


def _ranking(panel: dict[str, Any], name: str, figure: str) -> Figure:
    ranks = {
        model["name"]: [model["rank"][column] for column in RANKINGS] for model in panel["models"]
    }
    sizes = panel["sizes"]
    title = (
        f"{figure}: {SETS[panel['set']]}, ranks by top-{panel['k']} accuracy, agreement of "
        f"{panel['threshold']} of 5; {sizes['P']:,} examples in P, {sizes['C']:,} in C"
    )
    narrow = {_short(model): [row[0], *row[3:]] for model, row in ranks.items()}
    first, last = (min(ranks, key=lambda model: ranks[model][at]) for at in (-2, -1))
    says = f"{first} leads on C by original labels, {last} by corrected ones"
    columns = list(RANKINGS)

    def draw(width: int) -> Any:
        if width < NARROWER:
            some = [columns[0], *columns[3:]]
            return errata.charts.rank_chart(narrow, some, width=width)
        return errata.charts.rank_chart(ranks, columns, width=width)

    return Figure(name, title, says, draw)


def _short(model: str) -> str:
    """Return a model's name with one letter for its platform.

    Examples
    --------
    >>> _short("ResNet-50 (Keras)")
    'ResNet-50 K'
    """
    return model.replace(" (Keras)", " K").replace(" (PyTorch)", " P")


def _prevalence(benchmark: Benchmark, threshold: int, name: str, figure: str) -> Figure:
    compared = benchmark.at(threshold)
    title = (
        f"{figure}: {SETS[benchmark.key]}, top-1 accuracy against noise prevalence, agreement of "
        f"{threshold} of 5"
    )
    says = (
        f"{len(compared.crossings)} crossings on corrected labels, "
        f"{len(compared.original_crossings)} on original ones; N today is "
        f"{100 * compared.noise_prevalence:.2f} %"
    )

    def draw(width: int) -> Any:
        shown = benchmark.names
        names = {model: _short(n) for model, n in shown.items()} if width < NARROWER else shown
        below, above = (names[model] for model in NAMED[benchmark.key])
        return errata.charts.prevalence_panels(
            [
                (heading, _lines(compared, labels, names), _crossings(found, names))
                for heading, labels, found in (
                    ("original labels", "original", compared.original_crossings),
                    ("corrected labels", "corrected", compared.crossings),
                )
            ],
            noise_prevalence=compared.noise_prevalence,
            domain=(0.0, REACH[benchmark.key]),
            named=[(above, below)],
            width=width,
        )

    return Figure(name, title, says, draw)


def _lines(compared: Any, labels: str, names: dict[str, str]) -> dict[str, tuple[float, float]]:
    ends: dict[str, list[float]] = {}
    for point in compared.curves(labels):
        ends.setdefault(names[point["model"]], []).append(point["accuracy"])
    return {model: (benign, correctable) for model, (benign, correctable) in ends.items()}


def _crossings(found: Any, names: dict[str, str]) -> list[tuple[str, str, float]]:
    return [(names[each.a], names[each.b], each.prevalence) for each in found]
