"""How sure models are, against how often they are right: their reliability."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import floor
from typing import Any, NamedTuple

import altair as alt

from errata.errors import InputError
from errata.report.charts.canvas import (
    EDGE,
    Canvas,
    fitted,
    text_width,
    ticks,
    title_height,
    title_lines,
)
from errata.report.charts.look import LIGHT, Look

Bins = Sequence[tuple[float, float, int]]
"""Confidence and accuracy, from 0 to 1, and how many examples, of each bin of confidence."""

LEFT, RIGHT, BELOW = 48, 24, 46
TALLEST = 420
ROW = 19.0
SMALLEST, LARGEST = 4.0, 15.0  # dots, across
FEW = 20
"""A bin of fewer examples lies where chance put it: lines to it are thin."""


class _Square(NamedTuple):
    """Where the plot lies, and the lowest share on both of its axes; the highest is 1."""

    left: float
    top: float
    right: float
    bottom: float
    low: float

    def x(self, share: float) -> float:
        return self.left + (self.right - self.left) * (share - self.low) / (1 - self.low)

    def y(self, share: float) -> float:
        return self.bottom - (self.bottom - self.top) * (share - self.low) / (1 - self.low)


def reliability_chart(
    models: Mapping[str, Bins],
    *,
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw accuracy against confidence, a line for each model and a dot for each of its bins.

    On the diagonal a model is as often right as it is sure. The area of a dot grows with the share
    of the examples that are in the bin; lines to a bin of fewer than 20 are thin. Each model has
    its calibration error beside its name: the mean distance of its dots from the diagonal, by their
    examples.

    Parameters
    ----------
    models : the bins of each, see `errata.predict.quality.reliability`; the first six have colours
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There is no model, or one without bins.

    Examples
    --------
    >>> reliability_chart({"a": [(0.55, 0.5, 20), (0.9, 0.95, 80)]}).width
    860
    """
    if not models or not all(models.values()):
        raise InputError("reliability_chart was given no model, or one without bins.")
    above = title_lines(title, width)
    top = float(title_height(above))
    plotted = top + ROW * len(models) + 36
    tall = min(TALLEST, width - LEFT - RIGHT)
    canvas = Canvas(width, plotted + tall + BELOW, look)
    canvas.title(above)
    hues = dict.fromkeys(models, look.quiet) | dict(zip(models, look.series, strict=False))
    _names(canvas, models, hues, top)
    least = min(share for bins in models.values() for bin_ in bins for share in bin_[:2])
    low = min(floor(10 * least) / 10, 0.9)
    square = _Square(LEFT, plotted, width - RIGHT, plotted + tall, low)
    _frame(canvas, square)
    for name in reversed(list(models)):  # the first lies above the others
        _line(canvas, square, models[name], hues[name])
    return canvas.finish()


def _names(canvas: Canvas, models: Mapping[str, Bins], hues: Mapping[str, str], top: float) -> None:
    """Write a row for each model: its dot, its name, its calibration error."""
    said = {name: f"calibration error {100 * _error(bins):.1f} %" for name, bins in models.items()}
    widest = 1.06 * max(map(text_width, said.values()))
    room = canvas.width - 2 * EDGE - 18 - 14 - widest
    names = {name: fitted(name, room) for name in models}
    beside = EDGE + 18 + 14 + 1.06 * max(map(text_width, names.values()))
    rows = [(name, top + 8 + ROW * place) for place, name in enumerate(models)]
    canvas.dots([(EDGE + 6, y, hues[name]) for name, y in rows], across=9)
    canvas.words([(EDGE + 18, y, names[name], canvas.look.ink) for name, y in rows])
    canvas.words([(beside, y, said[name], canvas.look.muted) for name, y in rows])


def _error(bins: Bins) -> float:
    total = sum(examples for _, _, examples in bins)
    return sum(abs(sure - right) * examples for sure, right, examples in bins) / max(1, total)


def _frame(canvas: Canvas, square: _Square) -> None:
    """Draw the grid, the diagonal, and what lies on its two sides."""
    look = canvas.look
    across = ticks(100 * square.low, 100, max(2, int((square.right - square.left) // 80)))
    up = ticks(100 * square.low, 100, 6)
    left, top, right, bottom, _ = square
    canvas.lines([(left, square.y(v / 100), right, square.y(v / 100), look.grid) for v, _ in up])
    columns = [square.x(value / 100) for value, _ in across]
    canvas.lines([(x, top, x, bottom, look.grid) for x in columns])
    canvas.lines([(left, bottom, right, top, look.muted)], weight=1.25, dash=(4, 3))
    percents = [(left - 8, square.y(v / 100), f"{words} %", look.muted) for v, words in up]
    canvas.words(percents, align="right")
    below = [(square.x(v / 100), bottom + 14, f"{words} %", look.muted) for v, words in across]
    canvas.words(below, align="center")
    middle = (left + right) / 2
    canvas.words([(middle, bottom + 34, "how sure: confidence", look.ink)], align="center")
    sides: dict[str, Any] = {"size": 11, "halo": True}
    canvas.words([(left + 8, top + 28, "larger dots: more examples", look.muted)], **sides)
    canvas.words([(EDGE, top - 18, "how often right: accuracy", look.ink)])
    canvas.words([(left + 8, top + 12, "more often right than sure", look.muted)], **sides)
    more_sure = [(right - 8, bottom - 12, "more sure than right", look.muted)]
    canvas.words(more_sure, align="right", **sides)


def _line(canvas: Canvas, square: _Square, bins: Bins, hue: str) -> None:
    places = [(square.x(sure), square.y(right)) for sure, right, _ in bins]
    few = [examples < FEW for _, _, examples in bins]
    strokes = [(*one, *other, hue) for one, other in pairwise(places)]
    for weight, doubtful in ((2.0, False), (0.75, True)):
        some = [
            stroke
            for stroke, ends in zip(strokes, pairwise(few), strict=True)
            if any(ends) == doubtful
        ]
        canvas.lines(some, weight=weight)
    total = sum(examples for _, _, examples in bins)
    for (x, y), (_, _, examples) in zip(places, bins, strict=True):
        across = max(SMALLEST, LARGEST * (examples / max(1, total)) ** 0.5)
        canvas.dots([(x, y, hue)], across=across)
