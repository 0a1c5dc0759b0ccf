"""Who is surely ahead of whom: a square for each two models."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

import altair as alt

from errata.errors import InputError, unknown_name
from errata.report.charts.canvas import (
    EDGE,
    Canvas,
    fitted,
    text_width,
    title_height,
    title_lines,
)
from errata.report.charts.look import LIGHT, Look

LARGEST = 28  # the side of a square, where there are few
LOWEST = 14  # a row, for its name: where squares would be smaller, they are as high as that
LEAST_FOR_NUMBERS = 14  # of the side, for a number above each column; else every fifth has one
KEY = 20  # from one line of the key to the next

Pair = tuple[str, str]


def decided_chart(
    models: Sequence[str],
    decided: Collection[Pair],
    swapped: Collection[Pair] = (),
    *,
    infirm: Collection[Pair] = (),
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw a square for each two models: dark where one is surely ahead, pale where that is open.

    A row tells of its model: whom it is surely ahead of, and who is surely ahead of it.

    Parameters
    ----------
    models : two or more, the best first; the columns have the same order
    decided : ``(better, worse)`` of every pair that is told apart
    swapped : those of them, in either order, that stood the other way by the given labels
    infirm : those of them, in either order, that hang on labels of which the right one is not known
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There are fewer than two models, or a pair is decided both ways.
    NameUnknownError
        A pair has a model that is not among them.

    Examples
    --------
    >>> chart = decided_chart(["a", "b", "c"], [("a", "b"), ("a", "c")])
    >>> chart.width, chart.height
    (860, 178)
    """
    _check(models, decided)
    above = title_lines(title, width)
    top = float(title_height(above))
    count = len(models)
    numbered = [f"{model} {place}" for place, model in enumerate(models, 1)]
    left = EDGE + min(0.34 * width, 12 + 1.06 * max(map(text_width, numbered)))
    side = min(LARGEST, (width - EDGE - left) / count)
    moved = {frozenset(pair) for pair in swapped}
    hanging = {frozenset(pair) for pair in infirm}
    key = [
        word for word, there in zip(_KEY, (True, True, hanging, True, moved), strict=True) if there
    ]
    first = top + KEY * len(key) + 28
    tall = max(side, LOWEST)
    middles = [first + tall * (place + 0.5) for place in range(count)]
    bottom = first + tall * count
    canvas = Canvas(width, bottom + 6, look)
    canvas.title(above)
    _key(canvas, top + 10, key)
    hues = {1: look.rise, -1: look.tint, _HANGS: look.quiet, 0: look.grid, None: look.paper}
    ahead = set(decided)
    table = [
        [_HANGS if frozenset((a, b)) in hanging else _standing(a, b, ahead) for b in models]
        for a in models
    ]
    bars = [
        (left + side * start, y, left + side * end, y, hues[standing])
        for row, y in zip(table, middles, strict=True)
        for standing, start, end in _runs(row)
    ]
    canvas.lines(bars, weight=tall - 1)
    cuts = [left + side * place for place in range(1, count)]
    canvas.lines([(x, first, x, bottom, look.paper) for x in cuts], weight=1)
    dots = [
        (left + side * (column + 0.5), y, look.paper if table[row][column] == 1 else look.ink)
        for row, y in enumerate(middles)
        for column in range(count)
        if frozenset((models[row], models[column])) in moved
    ]
    canvas.dots(dots, across=max(3.0, 0.34 * side))
    names = [
        (left - 8, y, _numbered(model, place, left - EDGE - 8), look.ink)
        for place, (model, y) in enumerate(zip(models, middles, strict=True), 1)
    ]
    canvas.words(names, align="right")
    heads = [
        (left + side * (place - 0.5), first - 10, f"{place}", look.muted)
        for place in range(1, count + 1)
        if side >= LEAST_FOR_NUMBERS or place == 1 or place % 5 == 0
    ]
    canvas.words(heads, align="center", size=11)
    return canvas.finish()


_HANGS = 2
"""Stands in the table for a pair that hangs on labels of which the right one is not known."""

_KEY = (
    "the model of the row is surely ahead",
    "the model of the column is surely ahead",
    "one is ahead if unknown labels are as given",
    "undecided",
    "in another order than by the given labels",
)


def _check(models: Sequence[str], decided: Collection[Pair]) -> None:
    if len(models) < 2:
        raise InputError(f"decided_chart was given {len(models)} models; pairs are of two or more.")
    for pair in decided:
        for model in pair:
            if model not in models:
                raise unknown_name("model", model, models)
        if pair[::-1] in decided:
            raise InputError(
                f"{pair[0]!r} is surely ahead of {pair[1]!r} and the other way round, too; each "
                "pair is decided one way, or not among the decided ones."
            )


def _standing(one: str, other: str, ahead: Collection[Pair]) -> int | None:
    """Return 1 where the one is surely ahead, -1 where the other is; None for itself."""
    if one == other:
        return None
    return ((one, other) in ahead) - ((other, one) in ahead)


def _runs(row: Sequence[int | None]) -> Iterator[tuple[int | None, int, int]]:
    """Yield what stands in a row, from where to where: a stroke for each, not for each square."""
    start = 0
    for standing, some in groupby(row):
        end = start + len(list(some))
        yield standing, start, end
        start = end


def _numbered(model: str, place: int, room: float) -> str:
    number = f"  {place}"
    return fitted(model, room - text_width(number)) + number


def _key(canvas: Canvas, y: float, words: Sequence[str]) -> None:
    """Say above the plot what the squares are, a line each: the words are long."""
    look = canvas.look
    hues = dict(zip(_KEY, (look.rise, look.tint, look.quiet, look.grid, look.ink), strict=True))
    for line, each in enumerate(words):
        row = y + KEY * line
        if each == _KEY[-1]:
            canvas.dots([(EDGE + 6, row, hues[each])], across=5)
        else:
            canvas.lines([(EDGE, row, EDGE + 12, row, hues[each])], weight=12)
        canvas.words([(EDGE + 20, row, each, look.ink)])
