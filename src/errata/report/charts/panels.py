"""Accuracy against noise prevalence, on given and on corrected labels, one above the other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import altair as alt
import numpy as np

from errata.errors import InputError, unknown_name
from errata.report.charts.canvas import (
    EDGE,
    Box,
    Canvas,
    fitted,
    text_width,
    ticks,
    title_height,
    title_lines,
    wrapped,
)
from errata.report.charts.look import LIGHT, Look
from errata.report.charts.prevalence import notable_models, spread

Lines = Mapping[str, tuple[float, float]]
Crossings = Sequence[tuple[str, str, float]]

LEFT = 48  # room for the accuracies
HEADING = 22
RUG = 14  # below a plot, a stroke for each crossing
GAP = 18  # between two panels
NAME_STEP = 15.0


class Plot(NamedTuple):
    """Where a panel's plot lies, and which accuracies, in percent, its edges are."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float
    domain: tuple[float, float]

    def x(self, prevalence: float) -> float:
        """Return the pixel of a prevalence."""
        low, high = self.domain
        return self.left + (self.right - self.left) * (prevalence - low) / (high - low)

    def y(self, accuracy: float) -> float:
        """Return the pixel of an accuracy between 0 and 1."""
        share = (100 * accuracy - self.low) / (self.high - self.low)
        return self.bottom - (self.bottom - self.top) * share


def prevalence_panels(
    panels: Sequence[tuple[str, Lines, Crossings]],
    *,
    noise_prevalence: float,
    domain: tuple[float, float] = (0.0, 0.2),
    named: Sequence[tuple[str, str]] = (),
    highlight: Sequence[str] | None = None,
    title: str | None = None,
    width: int = 860,
    height: int = 380,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw top-1 accuracy against noise prevalence, in panels that share the prevalences.

    Every crossing of two models in the domain is a point on their lines and a stroke below the
    plot. It fits many models: those of ``named`` and the notable ones have colours and names, the
    others are quiet.

    Parameters
    ----------
    panels : each a heading, every model's accuracies on B and on C, and the crossings as
        ``(model, model, prevalence)``; see `prevalence_chart`
    noise_prevalence : that of the set as it is, a dashed line
    domain : the prevalences shown
    named : pairs of models whose crossing is told in words, where they have one in the domain
    highlight : models in colour, at most six; by default those of ``named``, then
        `notable_models` of the last panel
    title : a line above the chart
    width, height : of the whole picture, and of each plot, in pixels

    Raises
    ------
    InputError
        There is no panel, or one without models.
    NameUnknownError
        A highlighted model, or one of ``named``, is in no panel.

    Examples
    --------
    >>> lines, crossing = {"a": (0.9, 0.2), "b": (0.8, 0.6)}, [("a", "b", 0.2)]
    >>> chart = prevalence_panels([("corrected", lines, crossing)], noise_prevalence=0.03)
    >>> chart.width
    860
    """
    if not panels or not all(lines for _, lines, _ in panels):
        raise InputError("prevalence_panels was given no models; there is nothing to draw.")
    colours = dict(
        zip(_coloured(panels, named, highlight, noise_prevalence), look.series, strict=False)
    )
    right = min(0.3 * width, 20 + 1.06 * max(map(text_width, colours), default=0))
    above = title_lines(title, width)
    top = float(title_height(above))
    canvas = Canvas(width, top + len(panels) * (HEADING + height + RUG + GAP) + 22, look)
    canvas.title(above)
    plot = None
    for heading, lines, crossings in panels:
        low, high = _range(lines, domain)
        start = top + HEADING
        plot = Plot(LEFT, width - right, start, start + height, low, high, domain)
        _panel(canvas, plot, lines, crossings, colours)
        _today(canvas, plot, noise_prevalence)
        _told(canvas, plot, lines, crossings, named)
        canvas.words([(EDGE, top + 8, heading, look.ink)], bold=True)
        top = plot.bottom + RUG + GAP
    assert plot is not None, "there is a panel"
    _prevalences(canvas, plot, top - GAP)
    return canvas.finish()


def _coloured(
    panels: Sequence[tuple[str, Lines, Crossings]],
    named: Sequence[tuple[str, str]],
    highlight: Sequence[str] | None,
    today: float,
) -> list[str]:
    known = dict.fromkeys(model for _, lines, _ in panels for model in lines)
    asked = [model for pair in named for model in pair]
    for model in (*asked, *(highlight or ())):
        if model not in known:
            raise unknown_name("model", model, known)
    if highlight is not None:
        return list(highlight)
    _, lines, crossings = panels[-1]
    return list(dict.fromkeys([*asked, *notable_models(lines, crossings, today)]))[:6]


def _at(ends: tuple[float, float], prevalence: float) -> float:
    return (1 - prevalence) * ends[0] + prevalence * ends[1]


def _range(lines: Lines, domain: tuple[float, float]) -> tuple[float, float]:
    values = [100 * _at(ends, end) for ends in lines.values() for end in domain]
    air = max(0.03 * (max(values) - min(values)), 0.05)
    return min(values) - air, max(values) + air


def _panel(
    canvas: Canvas, plot: Plot, lines: Lines, crossings: Crossings, colours: Mapping[str, str]
) -> None:
    look = canvas.look
    marks = ticks(plot.low, plot.high, 6)
    levels = [(plot.y(value / 100), f"{words} %") for value, words in marks]
    canvas.lines([(plot.left, y, plot.right, y, look.grid) for y, _ in levels])
    canvas.words([(plot.left - 8, y, words, look.muted) for y, words in levels], align="right")

    def stroke(model: str) -> tuple[float, float, float, float, str]:
        first, last = (plot.y(_at(lines[model], end)) for end in plot.domain)
        return plot.left, first, plot.right, last, colours.get(model, look.quiet)

    bright = [model for model in colours if model in lines]
    canvas.lines([stroke(model) for model in lines if model not in colours])
    canvas.lines([stroke(model) for model in bright], weight=2.25)
    low, high = plot.domain
    inside = [(a, prevalence) for a, _, prevalence in crossings if low <= prevalence <= high]
    points = [(plot.x(p), plot.y(_at(lines[a], p)), look.ink) for a, p in inside]
    canvas.dots(points, across=2.6)
    strokes = [(x, plot.bottom + 3, x, plot.bottom + RUG, look.muted) for x, _, _ in points]
    canvas.lines(strokes, weight=0.75)

    ends = np.array([plot.y(_at(lines[model], high)) for model in bright])
    places = spread(ends, gap=NAME_STEP, low=plot.top, high=plot.bottom)
    beside = [
        (model, end, place)
        for model, end, place in zip(bright, ends.tolist(), places.tolist(), strict=True)
    ]
    right = plot.right
    canvas.lines([(right + 2, end, right + 12, y, colours[m]) for m, end, y in beside])
    room = canvas.width - right - 16
    canvas.words([(right + 15, y, fitted(m, room), colours[m]) for m, _, y in beside])


def _today(canvas: Canvas, plot: Plot, noise_prevalence: float) -> None:
    low, high = plot.domain
    if not low <= noise_prevalence <= high:
        return
    x, muted = plot.x(noise_prevalence), canvas.look.muted
    canvas.lines([(x, plot.top - 2, x, plot.bottom, muted)], weight=1.25, dash=(4, 3))
    words = f"today: N = {100 * noise_prevalence:.2f} %"
    canvas.words([(x + 5, plot.top - 1, words, muted)], halo=True, size=11)


def _told(
    canvas: Canvas,
    plot: Plot,
    lines: Lines,
    crossings: Crossings,
    named: Sequence[tuple[str, str]],
) -> None:
    """Tell the crossings of the named pairs in words, at a ring around each."""
    low, high = plot.domain
    pairs = [set(pair) for pair in named]
    for a, b, prevalence in crossings:
        if {a, b} in pairs and low <= prevalence <= high:
            above, below = (a, b) if lines[a][1] > lines[b][1] else (b, a)
            words = f"{above} overtakes {below} at {100 * prevalence:.1f}\u00a0%"
            ring = plot.x(prevalence), plot.y(_at(lines[a], prevalence))
            _at_ring(canvas, plot, lines, ring, words)


def _at_ring(
    canvas: Canvas, plot: Plot, lines: Lines, ring: tuple[float, float], words: str
) -> None:
    """Draw a ring, and write words near it where fewest lines run through them."""
    x, y = ring
    look = canvas.look
    rows = wrapped(words, min(320.0, 0.62 * (plot.right - plot.left)))
    wide = max(map(text_width, rows))
    tall = NAME_STEP * len(rows)
    left = min(max(x - wide / 2, plot.left + 4), plot.right - wide - 4)
    shifts = [side * away for away in range(18, 160, 3) for side in (1, -1)]
    tops = [y + away - (tall if away < 0 else 0) for away in shifts]
    free = [top for top in tops if plot.top + NAME_STEP < top and top + tall < plot.bottom]
    boxes = [Box(left, top - 2, left + wide, top + tall + 2) for top in free]
    if not boxes:
        return
    box = min(boxes, key=lambda box: sum(_runs_through(plot, lines, box)))  # the first is nearest
    toward = box.top if box.top > y else box.bottom
    canvas.lines([(x, y, x, toward, look.ink)])
    canvas.dots([(x, y, look.ink)], across=9, fill=look.paper, ring=1.75)
    first = box.top + 2 + NAME_STEP / 2
    canvas.words(
        [(left + wide / 2, first + NAME_STEP * i, row, look.ink) for i, row in enumerate(rows)],
        align="center",
        bold=True,
        halo=True,
    )


def _runs_through(plot: Plot, lines: Lines, box: Box) -> list[bool]:
    """Return for each line whether it runs through a box."""
    low, high = plot.domain
    share = (high - low) / (plot.right - plot.left)
    ends = [low + (edge - plot.left) * share for edge in (box.left, box.right)]
    found = []
    for line in lines.values():
        first, last = sorted(plot.y(_at(line, end)) for end in ends)
        found.append(first < box.bottom and box.top < last)
    return found


def _prevalences(canvas: Canvas, plot: Plot, y: float) -> None:
    """Write the prevalences below the last panel, and what they are."""
    muted = canvas.look.muted
    low, high = plot.domain
    marks: Iterable[tuple[float, str]] = ticks(100 * low, 100 * high, int(plot.right // 90))
    canvas.words(
        [(plot.x(value / 100), y + 10, f"{words} %", muted) for value, words in marks],
        align="center",
    )
    middle = (plot.left + plot.right) / 2
    canvas.words([(middle, y + 28, "noise prevalence N", canvas.look.ink)], align="center")
