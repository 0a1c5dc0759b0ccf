"""Which ranks are possible for each model, when its rank is not sure."""

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt

from errata.errors import InputError
from errata.report.charts.canvas import (
    EDGE,
    Canvas,
    fitted,
    text_width,
    title_height,
    title_lines,
)
from errata.report.charts.look import LIGHT, Look

STEP = 18  # from one model to the next
WIDEST = 60  # from one rank to the next: two models make no chart as wide as a page
GAP = 18  # between the parts of the key
_RANK = "rank"


class RankSet(NamedTuple):
    """Between which ranks one model lies, 1 being the best.

    Parameters
    ----------
    best, worst : the ends of its rank set
    rank : the one that is shown in it, such as that of its estimated accuracy
    given_rank : its rank by the given labels
    """

    model: str
    best: int
    worst: int
    rank: int
    given_rank: int


def rank_set_chart(
    rows: Sequence[RankSet],
    *,
    rank: str = "rank by corrected labels",
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw a bar for each model over its possible ranks, with its rank then and now.

    Parameters
    ----------
    rows : two models or more, from top to bottom
    rank : what the ranks drawn as discs are called
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There are fewer than two models, or a rank is none of theirs.

    Examples
    --------
    >>> chart = rank_set_chart([RankSet("a", 1, 1, 1, 2), RankSet("b", 2, 2, 2, 1)])
    >>> chart.width, chart.height
    (860, 90)
    """
    _check(rows)
    models = len(rows)
    above = title_lines(title, width)
    top = float(title_height(above))
    key = _key_places(rank, width)
    first = top + 20 * (1 + max(line for _, line in key)) + 28
    names = [*(row.model for row in rows), _RANK]
    left = EDGE + min(0.32 * width, 12 + 1.06 * max(map(text_width, names)))
    said = [_said(row) for row in rows]
    widest = 12 + 1.06 * max(map(text_width, said))
    step = min(WIDEST, (width - EDGE - widest - left - 18) / (models - 1))
    bottom = first + STEP * models
    canvas = Canvas(width, bottom + 6, look)
    canvas.title(above)

    def x(value: float) -> float:
        return left + 8 + step * (value - 1)

    every = 1 if step >= 18 else 5
    marks = (
        [1, *range(5, models - every // 2, every), models] if every > 1 else range(1, models + 1)
    )
    canvas.lines([(x(mark), first - 2, x(mark), bottom, look.grid) for mark in marks])
    canvas.words([(x(mark), first - 12, f"{mark}", look.muted) for mark in marks], align="center")
    canvas.words([(left - 8, first - 12, _RANK, look.muted)], align="right")
    at = [(first + STEP * (place + 0.5), row) for place, row in enumerate(rows)]
    bars = [(x(row.best) - 5, y, x(row.worst) + 5, y, look.tint) for y, row in at]
    canvas.lines(bars, weight=9)
    canvas.dots(
        [(x(row.given_rank), y, look.ink) for y, row in at], across=10, fill=look.paper, ring=1.5
    )
    canvas.dots([(x(row.rank), y, look.accent) for y, row in at], across=6)
    beside = [(left - 8, y, fitted(row.model, left - EDGE - 8), look.ink) for y, row in at]
    canvas.words(beside, align="right")
    end = x(models) + 10 + widest
    sets = [(end, y, words, look.muted) for (y, _), words in zip(at, said, strict=True)]
    canvas.words(sets, align="right")
    _key(canvas, top + 10, key)
    return canvas.finish()


def _check(rows: Sequence[RankSet]) -> None:
    if len(rows) < 2:
        raise InputError(f"rank_set_chart was given {len(rows)} models; ranks are of two or more.")
    for row in rows:
        inside = 1 <= row.best <= row.worst <= len(rows)
        if not (inside and all(1 <= one <= len(rows) for one in (row.rank, row.given_rank))):
            raise InputError(
                f"{row.model!r} has the ranks {row.best} to {row.worst}, {row.rank} and "
                f"{row.given_rank}; of {len(rows)} models, ranks run from 1 to {len(rows)}."
            )


def _said(row: RankSet) -> str:
    return f"{row.best}" if row.best == row.worst else f"{row.best}–{row.worst}"


def _key_places(rank: str, width: int) -> list[tuple[str, int]]:
    """Return the words of the key, each with its line: as many to a line as there is room for."""
    words = ["possible ranks", rank, "rank by given labels"]
    places, used, line = [], 0.0, 0
    for each in words:
        room = 24 + 1.06 * text_width(each) + GAP
        if used and used + room > width - 2 * EDGE + GAP:
            line, used = line + 1, 0.0
        used += room
        places.append((each, line))
    return places


def _key(canvas: Canvas, y: float, places: Sequence[tuple[str, int]]) -> None:
    """Say above the plot what the bar, the disc and the ring are."""
    look = canvas.look
    hues = (look.ink, look.accent, look.ink)
    x, current = EDGE, 0
    for number, ((words, line), hue) in enumerate(zip(places, hues, strict=True)):
        if line != current:
            x, current = EDGE, line
        row = y + 20 * line
        if number == 0:
            canvas.lines([(x, row, x + 18, row, look.tint)], weight=9)
        elif number == 1:
            canvas.dots([(x + 9, row, look.accent)], across=6)
        else:
            canvas.dots([(x + 9, row, look.ink)], across=10, fill=look.paper, ring=1.5)
        canvas.words([(x + 24, row, words, hue)])
        x += 24 + 1.06 * text_width(words) + GAP
