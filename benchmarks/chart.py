"""The chart of the page: time and memory against the number of examples, both on log axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from pathlib import Path

import numpy as np
from cases import BATCHED, DEFAULT, OURS, READ, SERIES, quickdraw
from measuring import Result
from targets import Results

from errata.report.charts import LIGHT, save_chart
from errata.report.charts.canvas import Canvas
from errata.report.charts.prevalence import spread

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "benchmark-size.svg"
WIDTH, HEIGHT = 860, 360
TOP, BOTTOM = 40, HEIGHT - 46
THE_ARRAY = "the array"
COLOURS = {
    OURS: LIGHT.series[0],
    DEFAULT: LIGHT.series[1],
    BATCHED: LIGHT.series[2],
    READ: LIGHT.muted,
    THE_ARRAY: LIGHT.muted,
}
Line = list[tuple[int, float]]
"""Numbers of examples, and seconds or bytes."""


def draw(results: Results, path: Path = PICTURE) -> Path | None:
    """Write the chart of the series; None where less than two of its sizes were measured."""
    series = [results[name] for n in SERIES if (name := quickdraw(n).name) in results]
    times = lines_of(series, (OURS, DEFAULT, BATCHED, READ), Result.median)
    memory = lines_of(series, (OURS, DEFAULT, BATCHED), _own)
    if len(times.get(OURS, ())) < 2 or len(memory.get(OURS, ())) < 2:
        return None
    memory[THE_ARRAY] = [(result.case.rows, result.case.bytes) for result in series]
    canvas = Canvas(WIDTH, HEIGHT, LIGHT)
    Panel(60, 300, "time", times, "s").draw(canvas)
    Panel(496, 736, "anonymous memory", memory, "B").draw(canvas)
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_chart(canvas.finish(), path)


def lines_of(
    series: Sequence[Result], names: Sequence[str], value: Callable[[Result, str], float | None]
) -> dict[str, Line]:
    """Return a line for each contender, through what was measured of it."""
    lines: dict[str, Line] = {}
    for name in names:
        for result in series:
            found = value(result, name)
            if found:
                lines.setdefault(name, []).append((result.case.rows, found))
    return lines


def _own(result: Result, name: str) -> float | None:
    return result.contenders[name].own if name in result.contenders else None


@dataclass(frozen=True)
class Panel:
    """One half of the chart, from one pixel to another."""

    left: float
    right: float
    title: str
    lines: dict[str, Line]
    unit: str

    def x(self, n: float) -> float:
        """Return where a number of examples stands."""
        return _between(n, SERIES[0], SERIES[-1], self.left + 8, self.right)

    @property
    def powers(self) -> list[float]:
        """The powers of ten that the values lie between."""
        values = [value for line in self.lines.values() for _, value in line]
        low, high = np.floor(log10(min(values))), np.ceil(log10(max(values)))
        return [10.0**power for power in np.arange(low, high + 1)]

    def y(self, value: float) -> float:
        """Return where a value stands."""
        return _between(value, self.powers[0], self.powers[-1], BOTTOM, TOP)

    def draw(self, canvas: Canvas) -> None:
        """Draw the axes, the lines, and their names at the right."""
        look = canvas.look
        canvas.lines(
            [(self.left, self.y(at), self.right, self.y(at), look.grid) for at in self.powers]
        )
        canvas.words(
            [(self.left - 8, self.y(at), _tick(at, self.unit), look.muted) for at in self.powers],
            align="right",
        )
        canvas.words(
            [(self.x(n), BOTTOM + 14, _short(n), look.muted) for n in SERIES[::2]], align="center"
        )
        middle = (self.left + self.right) / 2
        canvas.words([(middle, BOTTOM + 34, "examples", look.muted)], align="center")
        canvas.words([(self.left, 14, self.title, look.ink)], bold=True)
        for name, line in self.lines.items():
            points = [(self.x(n), self.y(value)) for n, value in line]
            steps = pairwise(points)
            plain = name in (READ, THE_ARRAY)
            canvas.lines(
                [(*one, *other, COLOURS[name]) for one, other in steps],
                weight=1.5 if plain else 2.25,
                dash=(4, 3) if plain else (),
            )
            canvas.dots([] if plain else [(*at, COLOURS[name]) for at in points], across=6)
        ends = {name: self.y(line[-1][1]) for name, line in self.lines.items()}
        places = spread(np.array([*ends.values()]), gap=15.0, low=TOP, high=BOTTOM)
        canvas.words(
            [
                (self.right + 12, place, name, COLOURS[name])
                for name, place in zip(ends, places.tolist(), strict=True)
            ],
            bold=True,
        )


def _between(value: float, low: float, high: float, first: float, last: float) -> float:
    return first + (last - first) * (log10(value) - log10(low)) / (log10(high) - log10(low))


def _tick(value: float, unit: str) -> str:
    """Return a power of ten with its unit: 10 ms, 1 s, 100 MB."""
    power = round(log10(value))
    prefix = {-2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G"}[power // 3]
    return f"{10 ** (power % 3)} {prefix}{unit}"


def _short(n: int) -> str:
    return f"{n // 1_000_000} M" if n >= 1_000_000 else f"{n // 1000} k"
