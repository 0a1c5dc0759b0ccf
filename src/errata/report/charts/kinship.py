"""How far models agree with who suggested the corrections, against what they gain by these."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import altair as alt

from errata.errors import InputError
from errata.report.charts.canvas import (
    EDGE,
    Align,
    Box,
    Canvas,
    fitted,
    text_box,
    ticks,
    title_height,
    title_lines,
)
from errata.report.charts.look import LIGHT, Look

LEFT, RIGHT, BELOW = 48, 24, 46
TALLEST = 400
SMALL, LARGE = 8.0, 12.0  # dots, across
NAME = 11
_AGREE, _GAIN = "agrees with so many of the suggestions", "gain on C by its correction, points"


class Relation(NamedTuple):
    """A model: how far it agrees with a flagger, and what correcting C is worth to it.

    Parameters
    ----------
    agreement : the share of the suggestions that are its best answer, 0..1
    gain : percentage points of accuracy on C, corrected less given labels
    kin : whether it stands out
    usual : from which to which share models of its accuracy agree, 0..1; None if that is not known
    """

    model: str
    agreement: float
    gain: float
    kin: bool = False
    usual: tuple[float, float] | None = None


class _Plot(NamedTuple):
    """Where the plot lies in pixels, and what its axes go from and to."""

    box: Box
    agreement: tuple[float, float]
    gain: tuple[float, float]

    def x(self, percent: float) -> float:
        low, high = self.agreement
        return self.box.left + (self.box.right - self.box.left) * (percent - low) / (high - low)

    def y(self, points: float) -> float:
        low, high = self.gain
        return self.box.bottom - (self.box.bottom - self.box.top) * (points - low) / (high - low)


def kin_chart(
    models: Sequence[Relation],
    *,
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw what each model gains by the correction of C against its agreement with a flagger.

    Models that stand out have a colour, and a bar from where to where models of their accuracy
    agree. As many names are written as there is room for, first those of the kin.

    Parameters
    ----------
    models : those compared
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There is no model.

    Examples
    --------
    >>> kin_chart([Relation("a", 0.4, 60.0), Relation("b", 0.7, 75.0, True, (0.3, 0.5))]).width
    860
    """
    if not models:
        raise InputError("kin_chart was given no models; there is nothing to draw.")
    above = title_lines(title, width)
    top = float(title_height(above))
    kin = [one for one in models if one.kin]
    plain = [one for one in models if not one.kin]
    key = 22 if kin else 0
    plotted = top + key + 24
    tall = min(TALLEST, width - LEFT - RIGHT)
    canvas = Canvas(width, plotted + tall + BELOW, look)
    canvas.title(above)
    ends = [100 * share for one in models for share in (one.agreement, *_usual(one))]
    plot = _Plot(
        Box(LEFT, plotted, width - RIGHT, plotted + tall),
        _range(ends),
        _range([one.gain for one in models]),
    )
    _frame(canvas, plot, top + key)
    bars = [
        (plot.x(100 * low), plot.y(one.gain), plot.x(100 * high), plot.y(one.gain))
        for one in kin
        for low, high in [_usual(one)]
        if low < high
    ]
    canvas.lines([(*bar, look.tint) for bar in bars], weight=5)
    dots = [(plot.x(100 * one.agreement), plot.y(one.gain)) for one in (*plain, *kin)]
    canvas.dots([(*dot, look.muted) for dot in dots[: len(plain)]], across=SMALL)
    canvas.dots([(*dot, look.accent) for dot in dots[len(plain) :]], across=LARGE)
    if kin:
        _key(canvas, top + 10, usual=bool(bars))
    taken = [_around(*dot, LARGE) for dot in dots]
    taken += [Box(x, y - 4, x2, y2 + 4) for x, y, x2, y2 in bars]
    for some, hue in ((kin, look.accent), (plain, look.muted)):
        for one in some:
            at = (plot.x(100 * one.agreement), plot.y(one.gain))
            name = fitted(one.model, 0.5 * (plot.box.right - plot.box.left), NAME)
            for x, y, align in _beside(*at, far=one.kin):
                room = text_box(x, y, name, align=align, size=NAME)
                if plot.box.holds(room) and not any(map(room.meets, taken)):
                    taken.append(room)
                    canvas.words(
                        [(x, y, name, hue)], align=align, size=NAME, bold=one.kin, halo=True
                    )
                    break
    return canvas.finish()


def _usual(one: Relation) -> tuple[float, float]:
    """Return from where to where models of its accuracy agree, for one that stands out."""
    return one.usual if one.kin and one.usual else (one.agreement, one.agreement)


def _range(percents: Sequence[float]) -> tuple[float, float]:
    low, high = min(percents), max(percents)
    air = max(0.06 * (high - low), 1.0)
    return low - air, high + air


def _around(x: float, y: float, across: float) -> Box:
    return Box(x - across / 2, y - across / 2, x + across / 2, y + across / 2)


def _beside(x: float, y: float, *, far: bool) -> Iterator[tuple[float, float, Align]]:
    """Yield where the name of a dot may stand, the best place first; ``far``: some lines off."""
    for off in (0, -14, 14, -28, 28, -42, 42) if far else (0,):
        yield x + 10, y + off, "left"
        yield x - 10, y + off, "right"
    yield x, y - 14, "center"
    yield x, y + 14, "center"


def _frame(canvas: Canvas, plot: _Plot, top: float) -> None:
    """Draw the grid, and what stands on the two axes."""
    look, box = canvas.look, plot.box
    across = ticks(*plot.agreement, max(3, int((box.right - box.left) // 70)))
    up = ticks(*plot.gain, 6)
    canvas.lines([(box.left, plot.y(v), box.right, plot.y(v), look.grid) for v, _ in up])
    canvas.lines([(plot.x(v), box.top, plot.x(v), box.bottom, look.grid) for v, _ in across])
    signed = [(v, f"+{w}" if v > 0 else w.replace("-", "−")) for v, w in up]
    points = [(box.left - 8, plot.y(v), words, look.muted) for v, words in signed]
    canvas.words(points, align="right")
    percents = [(plot.x(v), box.bottom + 14, f"{w} %", look.muted) for v, w in across]
    canvas.words(percents, align="center")
    middle = (box.left + box.right) / 2
    canvas.words([(middle, box.bottom + 34, _AGREE, look.ink)], align="center")
    canvas.words([(EDGE, top + 10, _GAIN, look.ink)])


def _key(canvas: Canvas, y: float, *, usual: bool) -> None:
    """Say above the plot what the colours are."""
    look = canvas.look
    canvas.dots([(EDGE + 6, y, look.accent)], across=LARGE)
    canvas.words([(EDGE + 18, y, "stands out", look.accent)], bold=True)
    if usual:
        canvas.lines([(EDGE + 100, y, EDGE + 124, y, look.tint)], weight=5)
        canvas.words([(EDGE + 132, y, "models of its accuracy", look.muted)])
