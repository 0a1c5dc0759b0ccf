"""How a ranking of models changes from one way of scoring them to the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
from jaxtyping import Int

from errata.errors import InputError, unknown_name
from errata.report.charts.canvas import (
    EDGE,
    Align,
    Canvas,
    fitted,
    text_width,
    title_height,
    title_lines,
    wrapped,
)
from errata.report.charts.look import LIGHT, Look

STEP = 19  # from one row to the next
RANK = 26  # the room of a rank, beside the dot at an end
HEAD = 15  # from one line of a column's name to the next


def rank_chart(
    ranks: Mapping[str, Sequence[int]],
    columns: Sequence[str],
    *,
    highlight: Sequence[str] | None = None,
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw a line for each model through its ranks, which stand in columns side by side.

    Every model has a row of its own in every column; models that share a rank stand in adjoining
    rows, tied by a bar. Each has its name and rank at both ends. In columns too narrow for their
    names stand letters, with the names below.

    Parameters
    ----------
    ranks : of each model, a rank in each column; 1 is best, ties share one
    columns : their names, from left to right, two or more
    highlight : models drawn in colour, at most six; by default those whose rank changes most from
        the first to the last column, see `movers`
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There is no model or but one column, or a model has another number of ranks.
    NameUnknownError
        A highlighted model is not among the models.

    Examples
    --------
    >>> chart = rank_chart({"a": [1, 2], "b": [2, 1]}, ["given labels", "corrected labels"])
    >>> chart.width, chart.height
    (860, 82)
    """
    _check(ranks, columns)
    highlight = movers(ranks) if highlight is None else list(highlight)
    for model in highlight:
        if model not in ranks:
            raise unknown_name("model", model, ranks)
    names_wide = max(text_width(model) for model in ranks) * 1.06
    side = EDGE + min(names_wide, 0.3 * width) + RANK + 8
    gap = (width - 2 * side) / (len(columns) - 1)
    heads, key = _heads(columns, gap if len(columns) > 2 else min(gap, 2 * side), width)
    above = title_lines(title, width)
    lowest_head = title_height(above) + HEAD * max(len(lines) for lines in heads)
    table = np.array(list(ranks.values()), dtype=np.int64)
    slopes = _Slopes(
        models=list(ranks),
        table=table,
        rows=rank_rows(table),
        at=[side + gap * column for column in range(len(columns))],
        top=lowest_head + 8 + STEP / 2,
        room=side - EDGE - RANK - 8,
        colours=dict(zip(highlight, look.series, strict=False)),
    )
    bottom = slopes.bottom
    canvas = Canvas(width, bottom + (16 + HEAD * len(key) if key else 6), look)
    canvas.title(above)
    slopes.draw_lines(canvas)
    slopes.draw_names(canvas)
    for x, lines in zip(slopes.at, heads, strict=True):
        first = lowest_head - HEAD * (len(lines) - 0.5)
        head = [(x, first + HEAD * i, line, look.ink) for i, line in enumerate(lines)]
        canvas.words(head, align="center", bold=True)
    canvas.words(
        [(EDGE, bottom + 12 + HEAD * (i + 0.5), line, look.ink) for i, line in enumerate(key)]
    )
    return canvas.finish()


@dataclass(frozen=True, kw_only=True)
class _Slopes:
    """The lines of a rank chart: where each model stands in each column."""

    models: list[str]
    table: Int[np.ndarray, "models columns"]
    rows: Int[np.ndarray, "models columns"]
    at: list[float]
    top: float
    room: float  # for a name
    colours: dict[str, str]

    @property
    def bottom(self) -> float:
        return self.top + STEP * (len(self.models) - 1) + STEP / 2

    @property
    def bright(self) -> list[int]:
        return [self.models.index(model) for model in self.colours]

    @property
    def plain(self) -> list[int]:
        return [i for i, model in enumerate(self.models) if model not in self.colours]

    def y(self, model: int, column: int) -> float:
        return self.top + STEP * int(self.rows[model, column])

    def places(self, some: list[int]) -> list[tuple[int, float, float, str]]:
        """Return model, place and rank of some models in every column."""
        return [
            (model, x, self.y(model, column), str(int(self.table[model, column])))
            for model in some
            for column, x in enumerate(self.at)
        ]

    def curve(self, model: int, colour: str) -> tuple[list[tuple[float, float]], str, str]:
        level = min(14.0, (self.at[1] - self.at[0]) / 6)
        points = [
            (min(max(x + shift, self.at[0]), self.at[-1]), self.y(model, column))
            for column, x in enumerate(self.at)
            for shift in (-level, level)
        ]
        says = ", ".join(map(str, self.table[model].tolist()))
        return points, colour, f"{self.models[model]}: {says}"

    def draw_lines(self, canvas: Canvas) -> None:
        look = canvas.look
        uprights = [(x, self.top - STEP / 2, x, self.bottom, look.grid) for x in self.at]
        canvas.lines(uprights, weight=1)
        canvas.paths([self.curve(model, look.quiet) for model in self.plain], weight=1)
        canvas.lines(_ties(self.table, self.rows, self.at, self.top, look.muted), weight=1.5)
        canvas.dots([(x, y, look.muted) for _, x, y, _ in self.places(self.plain)], across=5)
        hues = {model: self.colours[self.models[model]] for model in self.bright}
        canvas.paths([self.curve(*each) for each in hues.items()], weight=2.5)
        bright = self.places(self.bright)
        canvas.dots([(x, y, hues[model]) for model, x, y, _ in bright], across=18)
        ranks = [(x, y + 0.5, rank, look.paper) for _, x, y, rank in bright]
        canvas.words(ranks, align="center", size=10, bold=True)

    def draw_names(self, canvas: Canvas) -> None:
        """Write the names, and the ranks that stand in no disc, at both ends."""
        sides: tuple[tuple[int, int, Align], ...] = ((0, -1, "right"), (-1, 1, "left"))
        for some, bold in ((self.plain, False), (self.bright, True)):
            for column, sign, align in sides:
                names, beside = [], []
                for model in some:
                    name, y = self.models[model], self.y(model, column)
                    hue = self.colours.get(name, canvas.look.muted)
                    x = self.at[column]
                    names.append((x + sign * (RANK + 8), y, fitted(name, self.room), hue))
                    beside.append((x + sign * 10, y, str(int(self.table[model, column])), hue))
                canvas.words(names, align=align, bold=bold)
                canvas.words([] if bold else beside, align=align, size=11)


def movers(ranks: Mapping[str, Sequence[int]], most: int = 6) -> list[str]:
    """Return the models whose rank changes most from the first to the last column.

    Examples
    --------
    >>> movers({"a": [1, 2], "b": [2, 3], "c": [3, 1], "d": [4, 4]}, most=2)
    ['c', 'a']
    """
    moved = [model for model, row in ranks.items() if row[0] != row[-1]]
    return sorted(moved, key=lambda model: -abs(ranks[model][-1] - ranks[model][0]))[:most]


def rank_rows(table: Int[np.ndarray, "models columns"]) -> Int[np.ndarray, "models columns"]:
    """Return the row, from 0, of each model in each column: best on top, no two in one row.

    Models that tie keep the order they have in the column before (in the first column, the order
    of the ranks in the next ones), so that lines cross no more than they must.

    Examples
    --------
    >>> rank_rows(np.array([[1, 2], [1, 1], [3, 2]]))
    array([[1, 1],
           [0, 0],
           [2, 2]])
    """
    rows = np.empty_like(table)
    everyone = np.arange(len(table))
    before = everyone
    for column in range(table.shape[1]):
        later = table[:, column + 1 :].T[::-1] if column == 0 else before[None]
        order = np.lexsort((everyone, *later, table[:, column]))
        rows[order, column] = everyone
        before = rows[:, column]
    return rows


def _check(ranks: Mapping[str, Sequence[int]], columns: Sequence[str]) -> None:
    if not ranks:
        raise InputError("rank_chart was given no models; there is nothing to draw.")
    if len(columns) < 2:
        raise InputError(
            f"rank_chart was given {len(columns)} column; ranks change between two or more."
        )
    for model, row in ranks.items():
        if len(row) != len(columns):
            raise InputError(
                f"{model!r} has {len(row)} ranks, but there are {len(columns)} columns. Give one "
                "rank for each column; leave out a model that has none."
            )


def _heads(columns: Sequence[str], room: float, width: float) -> tuple[list[list[str]], list[str]]:
    """Return the lines above each column, and the lines of a key where these are letters."""
    room = min(room - 10, 150.0)
    heads = [wrapped(column, room) for column in columns]
    whole = all(text_width(word) <= room for column in columns for word in column.split())
    if whole and max(map(len, heads)) <= 4:
        return heads, []
    letters = [chr(ord("A") + i) for i in range(len(columns))]
    key = [
        line
        for letter, column in zip(letters, columns, strict=True)
        for line in wrapped(f"{letter}  {column}", width - 2 * EDGE)
    ]
    return [[letter] for letter in letters], key


def _ties(
    table: Int[np.ndarray, "models columns"],
    rows: Int[np.ndarray, "models columns"],
    at: Sequence[float],
    top: float,
    colour: str,
) -> list[tuple[float, float, float, float, str]]:
    """Return a bar for each group of models that share a rank in a column."""
    bars = []
    for column, x in enumerate(at):
        for rank in np.unique(table[:, column]):
            tied = rows[table[:, column] == rank, column]
            if len(tied) > 1:
                first, last = top + STEP * int(tied.min()), top + STEP * int(tied.max())
                bars.append((x, first, x, last, colour))
    return bars
