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
from errata.report.charts import LIGHT, RankSet, rank_set_chart, save_chart
from errata.report.charts.canvas import Canvas
from errata.report.charts.prevalence import spread

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH = 860


def rank_sets(names: Sequence[str], ranking: Ranking, true: np.ndarray, before: np.ndarray) -> None:
    """Draw between which ranks each model lies, with its true and its given rank."""
    columns = (ranking.best_rank, ranking.worst_rank, ranks(true), ranks(before))
    rows = [RankSet(*row) for row in zip(names, *(c.tolist() for c in columns), strict=True)]
    order = np.lexsort((-before, -true)).tolist()
    chart = rank_set_chart([rows[model] for model in order], rank="true rank", width=WIDTH)
    save_chart(chart, IMAGES / "ranking-sets.svg")


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
