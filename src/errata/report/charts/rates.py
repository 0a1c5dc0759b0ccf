"""Error rates of several sets, with their intervals."""

from collections.abc import Sequence

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

STEP = 24


def error_chart(
    rows: Sequence[tuple[str, float, float | None, float | None]],
    *,
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw the error rate of each set as a bar, with an interval where there is one.

    Parameters
    ----------
    rows : ``(name, percent, low, high)``, from top to bottom; None where a rate has no interval
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There is no row.

    Examples
    --------
    >>> error_chart([("MNIST", 0.15, None, None), ("QuickDraw", 10.12, 9.89, 10.35)]).width
    860
    """
    if not rows:
        raise InputError("error_chart was given no rates; there is nothing to draw.")
    above = title_lines(title, width)
    top = float(title_height(above)) + 6
    said = [_said(row, short=width < 500) for row in rows]
    left = min(0.36 * width, 12 + 1.06 * max(text_width(row[0]) for row in rows))
    right = width - EDGE - 10 - 1.06 * max(map(text_width, said))
    most = max(value for _, percent, _, high in rows for value in (percent, high or 0))
    bottom = top + STEP * len(rows)
    canvas = Canvas(width, bottom + 24, look)
    canvas.title(above)

    def x(percent: float) -> float:
        return left + (right - left) * percent / most if most else left

    marks = ticks(0, most, max(2, int((right - left) // 80))) if most else []
    canvas.lines([(x(value), top, x(value), bottom, look.grid) for value, _ in marks])
    canvas.words([(x(v), bottom + 12, f"{w} %", look.muted) for v, w in marks], align="center")
    y = [top + STEP * (place + 0.5) for place in range(len(rows))]
    canvas.lines(
        [(x(0), at, x(row[1]), at, look.tint) for at, row in zip(y, rows, strict=True)], weight=12
    )
    whiskers = [
        stroke
        for at, (_, _, low, high) in zip(y, rows, strict=True)
        if low is not None and high is not None
        for stroke in (
            (x(low), at, x(high), at, look.ink),
            (x(low), at - 4, x(low), at + 4, look.ink),
            (x(high), at - 4, x(high), at + 4, look.ink),
        )
    ]
    canvas.lines(whiskers, weight=1.5)
    names = [
        (left - 8, at, fitted(row[0], left - 10), look.ink) for at, row in zip(y, rows, strict=True)
    ]
    canvas.words(names, align="right")
    ends = [max(row[1], row[3] or 0) for row in rows]
    canvas.words(
        [(x(end) + 8, at, words, look.muted) for at, end, words in zip(y, ends, said, strict=True)]
    )
    return canvas.finish()


def _said(row: tuple[str, float, float | None, float | None], *, short: bool) -> str:
    _, percent, low, high = row
    if low is None or high is None or short:
        return f"{percent:.2f} %"
    return f"{percent:.2f} % ({low:.2f} to {high:.2f})"
