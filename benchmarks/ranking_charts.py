"""The charts of the page on rankings: rank sets, decided pairs against checks, and a crossing."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log, sqrt
from pathlib import Path

import numpy as np
from scipy.stats import t

from errata.core.accuracy import ranks
from errata.core.certainty import Ranking
from errata.core.stability import Duel, crossing_band
from errata.report.charts import LIGHT, save_chart
from errata.report.charts.canvas import Canvas
from errata.report.charts.prevalence import spread

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
STEP = 15  # from one model to the next
NAMES = 190  # the room of a name
WIDTH = 860


def rank_sets(names: Sequence[str], ranking: Ranking, true: np.ndarray, before: np.ndarray) -> None:
    """Draw between which ranks each model lies, with its true and its given rank."""
    models = len(names)
    top, right = 46, WIDTH - 20
    canvas = Canvas(WIDTH, top + STEP * models + 12, LIGHT)

    def x(rank: float) -> float:
        return NAMES + 20 + (rank - 1) / (models - 1) * (right - NAMES - 20)

    true_ranks, given_ranks = ranks(true).tolist(), ranks(before).tolist()
    order = np.lexsort((-before, -true)).tolist()
    places = {model: top + STEP * row for row, model in enumerate(order)}
    marks = [1, *range(5, models, 5), models]
    bottom = top + STEP * (models - 1) + 8
    canvas.lines([(x(rank), top - 8, x(rank), bottom, LIGHT.grid) for rank in marks])
    canvas.words([(x(rank), top - 17, f"{rank}", LIGHT.muted) for rank in marks], align="center")
    canvas.words([(NAMES, top - 17, "rank", LIGHT.muted)], align="right")
    canvas.lines(
        [
            (x(low) - 3, places[model], x(high) + 3, places[model], LIGHT.series[1])
            for model, (low, high) in enumerate(
                zip(ranking.best_rank.tolist(), ranking.worst_rank.tolist(), strict=True)
            )
        ],
        weight=5,
    )
    canvas.dots(
        [(x(given_ranks[model]), y, LIGHT.ink) for model, y in places.items()],
        across=8, fill=LIGHT.paper, ring=1.5,
    )  # fmt: skip
    canvas.dots(
        [(x(true_ranks[model]), y, LIGHT.series[0]) for model, y in places.items()], across=5
    )
    canvas.words(
        [(NAMES, y, names[model], LIGHT.ink) for model, y in places.items()], align="right"
    )
    legend = [("rank set", LIGHT.series[1]), ("true rank", LIGHT.series[0])]
    canvas.words([(NAMES + 20 + 90 * i, 10, *one) for i, one in enumerate(legend)], bold=True)
    canvas.words([(NAMES + 200, 10, "○ rank by the given labels", LIGHT.ink)], bold=True)
    save_chart(canvas.finish(), IMAGES / "ranking-sets.svg")


def decided_pairs(curves: Mapping[str, Sequence[tuple[int, float]]]) -> None:
    """Draw which share of the pairs is decided against the number of checks, on a log axis."""
    height, left, right, top = 300, 60, 600, 30
    bottom = height - 46
    canvas = Canvas(WIDTH, height, LIGHT)
    checks = [number for number, _ in next(iter(curves.values()))]
    values = [value for curve in curves.values() for _, value in curve]
    low, high = 10 * np.floor(min(values) / 10), 10 * np.ceil(max(values) / 10)

    def x(number: float) -> float:
        return left + 8 + log(number / checks[0]) / log(checks[-1] / checks[0]) * (right - left - 8)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    steps = np.arange(low, high + 1, 10).tolist()
    canvas.lines([(left, y(at), right, y(at), LIGHT.grid) for at in steps])
    canvas.words([(left - 8, y(at), f"{at:.0f} %", LIGHT.muted) for at in steps], align="right")
    canvas.words([(x(n), bottom + 14, f"{n:,}", LIGHT.muted) for n in checks], align="center")
    canvas.words(
        [((left + right) / 2, bottom + 34, "checked examples", LIGHT.muted)], align="center"
    )
    canvas.words([(left, 10, "pairs of models told apart", LIGHT.ink)], bold=True)
    colours = dict(zip(curves, LIGHT.series, strict=False))
    for name, curve in curves.items():
        points = [(x(number), y(value)) for number, value in curve]
        canvas.lines([(*a, *b, colours[name]) for a, b in pairwise(points)], weight=2.25)
        canvas.dots([(*at, colours[name]) for at in points], across=6)
    ends = np.array([y(curve[-1][1]) for curve in curves.values()])
    labels = zip(curves, spread(ends, gap=15.0, low=top, high=bottom).tolist(), strict=True)
    canvas.words([(right + 12, at, name, colours[name]) for name, at in labels], bold=True)
    save_chart(canvas.finish(), IMAGES / "ranking-checks.svg")


def crossing(first: str, second: str, benign: Duel, correctable: Duel) -> None:
    """Draw the lead of a model over another against the noise prevalence, and where it may be 0."""
    height, left, right, top, most = 300, 60, 600, 30, 0.3
    bottom = height - 46
    canvas = Canvas(WIDTH, height, LIGHT)
    reach = float(t.ppf(0.975, min(benign.freedom, correctable.freedom)))
    prevalences = np.linspace(0, most, 61)
    lead = (1 - prevalences) * float(benign.lead) + prevalences * float(correctable.lead)
    variances = float(benign.variance), float(correctable.variance)
    reaches = [reach * sqrt((1 - n) ** 2 * variances[0] + n**2 * variances[1]) for n in prevalences]
    low = np.floor(100 * (lead - reaches).min() / 2) * 2
    high = np.ceil(100 * (lead + reaches).max() / 2) * 2

    def x(prevalence: float) -> float:
        return left + 8 + prevalence / most * (right - left - 8)

    def y(points: float) -> float:
        return bottom - (points - low) / (high - low) * (bottom - top)

    steps = np.arange(low, high + 1, 2).tolist()
    canvas.lines([(left, y(at), right, y(at), LIGHT.grid) for at in steps])
    canvas.lines([(left, y(0), right, y(0), LIGHT.muted)])
    canvas.words(
        [(left - 8, y(at), f"{at:+.0f}" if at else "0", LIGHT.muted) for at in steps], align="right"
    )
    marks = [round(0.05 * i, 2) for i in range(7)]
    canvas.words(
        [(x(n), bottom + 14, f"{100 * n:.0f} %", LIGHT.muted) for n in marks], align="center"
    )
    middle = (left + right) / 2
    canvas.words([(middle, bottom + 34, "noise prevalence", LIGHT.muted)], align="center")
    title = f"lead of {first} over {second}, in points"
    canvas.words([(left, 10, title, LIGHT.ink)], bold=True)
    for shift, weight in ((0, 2.25), (1, 1), (-1, 1)):
        points = [
            (x(n), y(100 * (value + shift * off)))
            for n, value, off in zip(prevalences, lead, reaches, strict=True)
        ]
        dash = (4, 3) if shift else ()
        canvas.lines(
            [(*a, *b, LIGHT.series[1]) for a, b in pairwise(points)], weight=weight, dash=dash
        )
    for begin, end in crossing_band(benign, correctable):
        ends = (x(min(begin, most)), x(min(end, most)))
        canvas.lines([(ends[0], y(0), ends[1], y(0), LIGHT.series[0])], weight=6)
        canvas.words([(ends[1] + 8, y(0) - 14, "they may be equal", LIGHT.series[0])], bold=True)
    canvas.words([(right + 12, y(100 * lead[-1]), "the lead", LIGHT.series[1])], bold=True)
    canvas.words([(right + 12, y(100 * (lead + reaches)[-1]), "95 % limits", LIGHT.series[1])])
    save_chart(canvas.finish(), IMAGES / "ranking-crossing.svg")
