"""The figures of the rebuilt paper, drawn: which chart shows what, and in which words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import errata
from errata.paper.benchmark import Benchmark
from errata.paper.beyond import RESNET18, RESNETS50, VGGS, Labels
from errata.paper.figures import RANKINGS
from errata.paper.published import SOURCES
from errata.paper.rebuild import Rebuilt

NAMED = {"imagenet": (RESNETS50[0], RESNET18), "cifar10": VGGS}
"""The crossing of each benchmark that the paper speaks of."""

NEAR = 0.2
"""How far the charts of the neighbourhood of today's prevalence go."""

NARROWER = 500
"""Below this width, in pixels, names are short and columns few."""


@dataclass(frozen=True)
class Figure:
    """One chart: the file's name, its caption, what it says, and how it is drawn.

    ``draw`` takes a width in pixels and, for a chart that stands by itself, its title.
    """

    name: str
    title: str
    says: str
    draw: "Draw"


class Draw(Protocol):
    """What makes a chart."""

    def __call__(self, width: int, title: str | None = None) -> Any:
        """Return the chart, an Altair chart."""


def figures(rebuilt: Rebuilt) -> Iterator[Figure]:
    """Yield every chart of the rebuilt paper, in the paper's order."""
    yield _error_rates(rebuilt)
    yield from _gallery(rebuilt)
    for panel in rebuilt.figures["figure3"]:
        yield _ranking(panel, f"figure3-{panel['set']}", "Figure 3")
    yield from _prevalence(rebuilt.imagenet, 3, "figure4", "Figure 4")
    yield from _prevalence(rebuilt.cifar10, 3, "figure5", "Figure 5")
    for panel in rebuilt.figures["figure_s1"]:
        name = f"figure-s1-{panel['set']}-{panel['threshold']}of5-top{panel['k']}"
        yield _ranking(panel, name, "Figure S1")
    for benchmark in (rebuilt.imagenet, rebuilt.cifar10):
        yield from _prevalence(benchmark, 5, f"figure-s2-{benchmark.key}", "Figure S2")


def _error_rates(rebuilt: Rebuilt) -> Figure:
    rows = [
        (row["name"], row["percent"], *(row["percent_95"] or (None, None)))
        for row in rebuilt.tables["table1"]
    ]
    says = "; ".join(f"{name}: {value:.2f} %" for name, value, *_ in rows)
    title = "Table 1: labels found to be wrong, % of the set, with 95 % intervals of the samples"

    def draw(width: int, title: str | None = None) -> Any:
        return errata.charts.error_chart(rows, width=width, title=title)

    return Figure("table1", title, says, draw)


def _gallery(rebuilt: Rebuilt) -> Iterator[Figure]:
    """Yield figure 1, where pictures are at hand."""
    rows = rebuilt.pictures()
    if not rows:
        return

    def draw(width: int, title: str | None = None) -> Any:
        return errata.charts.gallery_chart(rows, width=width, title=title)

    says = "; ".join(f"{verdict}: {len(cells)} pictures" for verdict, cells in rows)
    title = (
        "Figure 1: candidates of MNIST and CIFAR-10 by what the workers made of them: given label, "
        "and the one that was suggested"
    )
    yield Figure("figure1", title, says, draw)


def _ranking(panel: dict[str, Any], name: str, figure: str) -> Figure:
    ranks = {
        model["name"]: [model["rank"][column] for column in RANKINGS] for model in panel["models"]
    }
    columns, sizes = list(RANKINGS), panel["sizes"]
    narrow = {_short(model): [row[0], *row[3:]] for model, row in ranks.items()}
    first, last = (min(ranks, key=lambda model: ranks[model][at]) for at in (-2, -1))

    def draw(width: int, title: str | None = None) -> Any:
        if width < NARROWER:
            some = [columns[0], *columns[3:]]
            return errata.charts.rank_chart(narrow, some, width=width, title=title)
        return errata.charts.rank_chart(ranks, columns, width=width, title=title)

    return Figure(
        name,
        f"{figure}: {SOURCES[panel['set']].title}, ranks by top-{panel['k']} accuracy, agreement "
        f"of {panel['threshold']} of 5; {sizes['P']:,} examples in P, {sizes['C']:,} in C",
        f"{first} leads on C by original labels, {last} by corrected ones",
        draw,
    )


def _short(model: str) -> str:
    """Return a model's name with one letter for its platform.

    Examples
    --------
    >>> _short("ResNet-50 (Keras)")
    'ResNet-50 K'
    """
    return model.replace(" (Keras)", " K").replace(" (PyTorch)", " P")


def _prevalence(benchmark: Benchmark, threshold: int, name: str, figure: str) -> Iterator[Figure]:
    """Yield the curves near today's prevalence, and those of the whole range."""
    compared = benchmark.at(threshold)
    for suffix, reach in (("", NEAR), ("-whole", 1.0)):
        inside = [
            sum(crossing.prevalence <= reach for crossing in found)
            for found in (compared.original_crossings, compared.crossings)
        ]
        title = (
            f"{figure}: {SOURCES[benchmark.key].title}, top-1 accuracy against noise prevalence, "
            f"agreement of {threshold} of 5. In it are {inside[0]} of "
            f"{len(compared.original_crossings)} crossings on original labels and {inside[1]} of "
            f"{len(compared.crossings)} on corrected ones; grey lines are the other models"
        )
        draw = partial(_panels, benchmark, threshold, reach)
        yield Figure(f"{name}{suffix}", title, title.partition(". ")[2], draw)


def _panels(
    benchmark: Benchmark, threshold: int, reach: float, width: int, title: str | None = None
) -> Any:
    compared = benchmark.at(threshold)
    shown = benchmark.names
    names = {model: _short(n) for model, n in shown.items()} if width < NARROWER else shown
    below, above = (names[model] for model in NAMED[benchmark.key])
    sides: tuple[tuple[Labels, Sequence[Any]], ...] = (
        ("original", compared.original_crossings),
        ("corrected", compared.crossings),
    )
    return errata.charts.prevalence_panels(
        [
            (
                f"top-1 accuracy on {labels} labels",
                _lines(compared, labels, names),
                [(names[each.a], names[each.b], each.prevalence) for each in found],
            )
            for labels, found in sides
        ],
        noise_prevalence=compared.noise_prevalence,
        domain=(0.0, reach),
        named=[(above, below)],
        width=width,
        title=title,
    )


def _lines(
    compared: errata.Comparison, labels: Labels, names: dict[str, str]
) -> dict[str, tuple[float, float]]:
    ends: dict[str, list[float]] = {}
    for point in compared.curves(labels):
        ends.setdefault(names[point["model"]], []).append(point["accuracy"])
    return {model: (benign, correctable) for model, (benign, correctable) in ends.items()}
