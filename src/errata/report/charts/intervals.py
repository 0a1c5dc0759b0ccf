"""Accuracies of models with their intervals, before and after correction: a caterpillar plot."""

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt

from errata.errors import InputError
from errata.report.charts.canvas import (
    EDGE,
    Box,
    Canvas,
    fitted,
    text_box,
    text_width,
    ticks,
    title_height,
    title_lines,
)
from errata.report.charts.look import LIGHT, Look

STEP = 23  # from one model to the next
APART = 4.5  # the two intervals of a model lie so far above and below the middle of its row
KEY = 24  # the room of the key above
SMALL = 11  # the size of the numbers beside the rows
NARROW = 500  # on a picture less wide the words stand above the intervals, which get its width
LINE = 17  # the room of these words
SHORT = 16  # in intervals of fewer pixels the dots are smaller, so that their ends show

Share = tuple[float, float, float]
"""An accuracy and the two ends of its interval, 0..1."""


class ModelInterval(NamedTuple):
    """The accuracy of one model by the given and by the corrected labels, each with its interval.

    Parameters
    ----------
    given, corrected : ``(accuracy, low, high)``, 0..1
    """

    model: str
    given: Share
    corrected: Share


def interval_chart(
    rows: Sequence[ModelInterval],
    *,
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw each model's accuracy with its interval, by the given labels and by the corrected ones.

    A ring is the accuracy on given labels, a disc the one on corrected labels, which stands at the
    right in words, too. In a narrow picture the words have a line of their own above each model's
    intervals: beside them there would be no room for short ones.

    Parameters
    ----------
    rows : the models, from top to bottom
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There is no model.

    Examples
    --------
    >>> rows = [ModelInterval("a", (0.8, 0.78, 0.82), (0.81, 0.79, 0.83))]
    >>> interval_chart(rows).width
    860
    """
    if not rows:
        raise InputError("interval_chart was given no models; there is nothing to draw.")
    above = title_lines(title, width)
    first = float(title_height(above)) + KEY
    line = LINE if width < NARROW else 0
    step = STEP + line
    said = [_said(row.corrected, short=bool(line)) for row in rows]
    beside = 1.06 * max(text_width(words, SMALL) for words in said)
    if line:
        left, right, room = 2 * EDGE, width - 2 * EDGE, width - 3 * EDGE - beside
    else:
        left = EDGE + min(0.32 * width, 12 + 1.06 * max(text_width(row.model) for row in rows))
        right, room = width - EDGE - 12 - beside, left - EDGE - 8
    bottom = first + step * len(rows)
    canvas = Canvas(width, bottom + 24, look)
    canvas.title(above)
    ends = [100 * end for row in rows for each in (row.given, row.corrected) for end in each]
    air = max(0.03 * (max(ends) - min(ends)), 0.1)
    low, high = min(ends) - air, max(ends) + air

    def x(share: float) -> float:
        return left + (right - left) * (100 * share - low) / (high - low)

    marks = ticks(low, high, max(2, int((right - left) // 80)))
    canvas.lines([(x(v / 100), first, x(v / 100), bottom, look.grid) for v, _ in marks])
    below = [(x(v / 100), bottom + 12, f"{words} %", look.muted) for v, words in marks]
    inside = Box(0, 0, width, bottom + 24)
    canvas.words(
        [
            (at, y, words, hue)
            for at, y, words, hue in below
            if inside.holds(text_box(at, y, words, align="center"))
        ],
        align="center",
    )
    _key(canvas, first - KEY + 10)
    middles = [first + step * place + line + STEP / 2 for place in range(len(rows))]
    widths = [x(each[2]) - x(each[1]) for row in rows for each in (row.given, row.corrected)]
    across = 6 if min(widths) >= SHORT else 4
    for shift, hue, each in (
        (-APART, look.muted, [row.given for row in rows]),
        (APART, look.rise, [row.corrected for row in rows]),
    ):
        places = list(zip(middles, each, strict=True))
        canvas.lines([(x(a), y + shift, x(b), y + shift, hue) for y, (_, a, b) in places], weight=2)
        caps = [(x(end), y + shift, hue) for y, (_, *both) in places for end in both]
        canvas.lines([(end, y - 2.5, end, y + 2.5, hue) for end, y, hue in caps], weight=1)
        dots = [(x(share), y + shift, hue) for y, (share, _, _) in places]
        canvas.dots(dots, across=across, fill=look.paper if shift < 0 else None, ring=1.5)
    written = [y - (STEP + line) / 2 if line else y for y in middles]
    names = [
        (EDGE if line else left - 8, y, fitted(row.model, room), look.ink)
        for y, row in zip(written, rows, strict=True)
    ]
    canvas.words(names, align="left" if line else "right", halo=bool(line))
    numbers = [(width - EDGE, y, words, look.muted) for y, words in zip(written, said, strict=True)]
    canvas.words(numbers, align="right", size=SMALL, halo=bool(line))
    canvas.words([(width - EDGE, first - KEY + 10, "percent", look.muted)], align="right")
    return canvas.finish()


def _said(corrected: Share, *, short: bool) -> str:
    accuracy, low, high = (100 * share for share in corrected)
    # an interval that ends at 0 or 100 % is shorter on that side
    half = max(accuracy - low, high - accuracy)
    return f"{accuracy:.1f} ± {half:.1f}" if short else f"{accuracy:.2f} ({low:.2f} to {high:.2f})"


def _key(canvas: Canvas, y: float) -> None:
    """Say above the plot which of the two is which."""
    look = canvas.look
    canvas.dots([(EDGE + 6, y, look.muted)], across=6, fill=look.paper, ring=1.5)
    canvas.words([(EDGE + 16, y, "given labels", look.muted)])
    canvas.dots([(EDGE + 106, y, look.rise)], across=6, ring=1.5)
    canvas.words([(EDGE + 116, y, "corrected labels", look.rise)], bold=True)
