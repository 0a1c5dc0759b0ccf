"""Error rates with their intervals: of several sets, and of one as its labels are checked."""

from collections.abc import Mapping, Sequence

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

Moment = tuple[int, float, float, float]
"""How many labels were checked; the error rate that they told, and its interval, 0..1."""

TALL = 250
_CHECKED = "examples checked that chance drew"
APART = 5.0  # pixels between the intervals of two courses at one moment
CUT = 3.0  # no interval is drawn farther up than so many times the highest end of the last ones


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


def error_course_chart(
    courses: Mapping[str, Sequence[Moment]],
    *,
    truth: float | None = None,
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw how the interval of an error rate closes in as labels are checked.

    The first intervals may be so wide that those at the end would be small: what is far above
    these is cut, and has an arrow there in place of the line across its end.

    Parameters
    ----------
    courses : by name, the moments of each, those with fewer checks first; at most six
    truth : the right rate, where it is known
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There is no course, or one without moments.

    Examples
    --------
    >>> course = [(50, 0.10, 0.03, 0.24), (100, 0.09, 0.05, 0.16)]
    >>> error_course_chart({"errata plan --goal rate": course}).width
    860
    """
    if not courses or not all(courses.values()):
        raise InputError(
            "error_course_chart was given no course, or one without moments; there is nothing to "
            "draw."
        )
    above = title_lines(title, width)
    top = float(title_height(above))
    named = [*courses] if len(courses) > 1 else []
    named += [] if truth is None else ["the truth"]
    first = top + 26 + 20 * len(named)
    left, right, bottom = 56.0, width - EDGE - 8.0, first + TALL
    most = _highest(courses, truth)
    last = max(course[-1][0] for course in courses.values())
    canvas = Canvas(width, bottom + 46, look)
    canvas.title(above)

    def x(checked: float) -> float:
        return left + 10 + (right - left - 20) * checked / last

    def y(share: float) -> float:
        return bottom - TALL * min(share, most) / most

    up = [(value / 100, words) for value, words in ticks(0, 100 * most, 5)]
    across = ticks(0, last, max(2, int((right - left) // 90)))
    canvas.lines([(left, y(value), right, y(value), look.grid) for value, _ in up])
    percents = [(left - 8, y(value), f"{words} %", look.muted) for value, words in up]
    canvas.words(percents, align="right")
    numbers = [(x(n), bottom + 14, f"{n:,.0f}", look.muted) for n, _ in across if n == int(n)]
    canvas.words(numbers, align="center")
    middle = (left + right) / 2
    canvas.words([(middle, bottom + 34, _CHECKED, look.ink)], align="center")
    canvas.words([(EDGE, first - 16, "labels that are wrong", look.ink)])
    hues = [look.series[1], look.series[0], *look.series[2:]]
    if truth is not None:
        canvas.lines([(left, y(truth), right, y(truth), look.ink)])
    for place, course in enumerate(courses.values()):
        shift = APART * (place - (len(courses) - 1) / 2)
        moments = [(x(n) + shift, y(share), y(low), y(high)) for n, share, low, high in course]
        _course(canvas, moments, hues[place], roof=bottom - TALL)
    for place, name in enumerate(named):
        row, hue = top + 10 + 20 * place, hues[place] if name in courses else look.ink
        canvas.lines([(EDGE, row, EDGE + 18, row, hue)], weight=2)
        canvas.words([(EDGE + 26, row, fitted(name, width - 40), hue)])
    return canvas.finish()


def _highest(courses: Mapping[str, Sequence[Moment]], truth: float | None) -> float:
    """Return up to which rate there is room: all of the last intervals, and every estimate."""
    last = max(course[-1][3] for course in courses.values())
    wanted = max(high for course in courses.values() for _, _, _, high in course)
    points = max(share for course in courses.values() for _, share, _, _ in course)
    return 1.04 * max(min(wanted, CUT * last), points, truth or 0.0) or 1.0


def _course(
    canvas: Canvas, moments: Sequence[tuple[float, float, float, float]], hue: str, roof: float
) -> None:
    """Draw the intervals, with a line across each end, or an arrow where the roof cuts it."""
    canvas.lines([(x, low, x, high, hue) for x, _, low, high in moments], weight=2)
    ends = [(x, end) for x, _, *both in moments for end in both if end > roof]
    canvas.lines([(x - 3.5, end, x + 3.5, end, hue) for x, end in ends], weight=1.5)
    cut = [x for x, _, _, high in moments if high <= roof]
    arrows = [(x, roof - 2, x + side, roof + 5, hue) for x in cut for side in (-5, 5)]
    canvas.lines(arrows, weight=1.5)
    canvas.dots([(x, share, hue) for x, share, _, _ in moments], across=7)
