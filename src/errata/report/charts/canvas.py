"""A sheet to draw on in pixels: lines, dots, words and pictures, put where the chart says.

Vega does no layout here: no axis, no scale but that of pixels, nothing cut off by a frame. What a
chart places is where it stands, in every form it is saved in.
"""

from collections.abc import Iterable, Sequence
from math import floor, log10
from typing import Any, Literal, NamedTuple

import altair as alt

from errata.report.charts.axes import finish, inline
from errata.report.charts.look import TYPE, Look

EDGE = 4.0  # air between words and the edge of the sheet
TITLE = 14
Align = Literal["left", "center", "right"]

# Widths in ems, after Helvetica: rather too wide than too narrow, for fonts that stand in for it
_WIDTHS = dict.fromkeys("iIjlt.,:;'|!()[]f/r -·", 0.33) | dict.fromkeys("mwMW%@—…→", 0.95)


class Box(NamedTuple):
    """A part of the sheet, in pixels from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Return whether the two have a place in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: "Box") -> bool:
        """Return whether the other lies inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


def text_width(text: str, size: float = TYPE) -> float:
    """Estimate how wide a text is, in pixels.

    Examples
    --------
    >>> round(text_width("ResNet-18")), round(text_width("ResNet-18", 24))
    (61, 121)
    """
    ems = sum(
        _WIDTHS.get(letter, 1.0 if letter > "⺀" else 0.75 if letter.isupper() else 0.58)
        for letter in text
    )
    return size * ems


def text_box(x: float, y: float, text: str, *, align: Align = "left", size: float = TYPE) -> Box:
    """Return the room that a text takes whose middle line is at ``y``."""
    wide = text_width(text, size)
    left = x - wide * {"left": 0.0, "center": 0.5, "right": 1.0}[align]
    return Box(left, y - 0.55 * size, left + wide, y + 0.55 * size)


def fitted(text: str, pixels: float, size: float = TYPE) -> str:
    """Cut the middle out of a text that is wider than ``pixels``.

    Examples
    --------
    >>> fitted("ResNet-18", 80), fitted("InceptionResNet-V2", 80)
    ('ResNet-18', 'Incept…et-V2')
    """
    kept = len(text)
    shown = text
    while text_width(shown, size) > pixels and kept > 1:
        kept -= 1
        tail = (kept - 1) // 2
        shown = f"{text[: kept - 1 - tail]}…{text[len(text) - tail :]}"
    return shown


def wrapped(text: str, pixels: float, size: float = TYPE) -> list[str]:
    """Break a text into lines no wider than ``pixels``, at spaces; longer words are cut.

    Examples
    --------
    >>> wrapped("all examples, original labels", 80)
    ['all examples,', 'original', 'labels']
    """
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size) <= pixels:
            lines[-1] = joined
        else:
            lines.append(fitted(word, pixels, size))
    return lines


def ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Return round values from ``low`` to ``high``, at most ``most`` or so, with their words.

    Examples
    --------
    >>> ticks(0, 20, 5)
    [(0.0, '0'), (5.0, '5'), (10.0, '10'), (15.0, '15'), (20.0, '20')]
    >>> ticks(0.03, 0.12, 4)
    [(0.05, '0.05'), (0.1, '0.10')]
    """
    rough = (high - low) / max(1, most)
    power = floor(log10(rough))
    step = next(m * 10.0**power for m in (1, 2, 5, 10) if m * 10.0**power >= rough * 0.999)
    first, last = -floor(-low / step + 1e-9), floor(high / step + 1e-9)
    digits = max(0, -floor(log10(step) + 1e-9))
    values = [round(index * step, digits) for index in range(first, last + 1)]
    return [(value + 0.0, f"{value + 0.0:.{digits}f}") for value in values]


class Canvas:
    """A sheet of this size in pixels; what is drawn later lies above what was drawn before."""

    def __init__(self, width: float, height: float, look: Look) -> None:
        self.width, self.height, self.look = round(width), round(height), look
        self._layers: list[alt.Chart] = []
        self._x = alt.Scale(domain=[0, self.width], nice=False, zero=False)
        self._y = alt.Scale(domain=[self.height, 0], nice=False, zero=False)

    def lines(
        self,
        items: Iterable[tuple[float, float, float, float, str]],
        *,
        weight: float = 1.0,
        dash: Sequence[float] = (),
    ) -> None:
        """Draw straight lines, each ``(x, y, other x, other y, colour)``."""
        rows = [
            {"x": round(x, 2), "y": round(y, 2), "x2": round(x2, 2), "y2": round(y2, 2)}
            | {"colour": colour}
            for x, y, x2, y2, colour in items
        ]
        if rows:
            rules = inline(rows).mark_rule(strokeWidth=weight, strokeDash=list(dash))
            self._add(rules, x2="x2:Q", y2="y2:Q", color=alt.Color("colour:N", scale=None))

    def paths(
        self,
        items: Iterable[tuple[Sequence[tuple[float, float]], str, str]],
        *,
        weight: float,
    ) -> None:
        """Draw curves from left to right, each ``(points, colour, name)``, level at their ends.

        In a browser a curve tells its name to whoever points at it.
        """
        rows = [
            {"x": round(x, 2), "y": round(y, 2), "colour": colour, "name": name, "path": path}
            for path, (points, colour, name) in enumerate(items)
            for x, y in points
        ]
        if rows:
            curves = inline(rows).mark_line(interpolate="monotone", strokeWidth=weight)
            colour = alt.Color("colour:N", scale=None)
            self._add(curves, detail="path:N", color=colour, tooltip="name:N")

    def dots(
        self,
        items: Iterable[tuple[float, float, str]],
        *,
        across: float,
        fill: str | None = None,
        ring: float = 0.0,
    ) -> None:
        """Draw discs ``across`` pixels wide, each ``(x, y, colour)``.

        With a ``ring`` of some pixels the colour is that of the edge, and ``fill`` is inside.
        """
        rows = [{"x": round(x, 2), "y": round(y, 2), "colour": colour} for x, y, colour in items]
        if rows:
            points = inline(rows).mark_point(
                size=0.785 * across**2, strokeWidth=ring, opacity=1, fillOpacity=1
            )
            colour = alt.Fill("colour:N", scale=None) if fill is None else alt.value(fill)
            self._add(points, fill=colour, stroke=alt.Stroke("colour:N", scale=None))

    def words(
        self,
        items: Iterable[tuple[float, float, str, str]],
        *,
        align: Align = "left",
        size: float = TYPE,
        bold: bool = False,
        halo: bool = False,
    ) -> None:
        """Write texts, each ``(x, y, text, colour)``, their middle line at ``y``.

        With a ``halo`` they stand on an edge of paper, so that lines do not run into them.
        """
        rows = [
            {"x": round(x, 2), "y": round(y, 2), "text": text, "colour": colour}
            for x, y, text, colour in items
            if text
        ]
        if not rows:
            return
        letters = inline(rows).mark_text(
            align=align, baseline="middle", fontSize=size, fontWeight="bold" if bold else "normal"
        )
        if halo:
            paper = alt.value(self.look.paper)
            self._add(letters, text="text:N", stroke=paper, strokeWidth=alt.value(4), color=paper)
        self._add(letters, text="text:N", color=alt.Color("colour:N", scale=None))

    def pictures(self, items: Iterable[tuple[float, float, str]], *, side: float) -> None:
        """Put pictures, each ``(x, y, address)``, in the middle of squares around their places."""
        rows = [{"x": round(x, 2), "y": round(y, 2), "url": url} for x, y, url in items]
        if rows:
            images = inline(rows).mark_image(width=side, height=side, aspect=True)
            self._add(images, url="url:N")

    def title(self, lines: Sequence[str]) -> None:
        """Write the lines of a title in the upper left corner; `title_height` says how high."""
        rows = [(EDGE, 11 + 18 * i, line, self.look.ink) for i, line in enumerate(lines)]
        self.words(rows, size=TITLE, bold=True)

    def finish(self) -> alt.LayerChart:
        """Return the sheet as a chart of exactly its size."""
        none = dict.fromkeys(("left", "right", "top", "bottom"), 0)
        return finish(self._layers, (self.width, self.height), none, self.look)

    def _add(self, marks: alt.Chart, **channels: Any) -> None:
        x = alt.X("x:Q", scale=self._x, axis=None)
        y = alt.Y("y:Q", scale=self._y, axis=None)
        self._layers.append(marks.encode(x=x, y=y, **channels))


def title_lines(title: str | None, width: float) -> list[str]:
    """Return a title cut into lines that fit; none without a title."""
    return wrapped(title, 0.94 * width, TITLE) if title else []


def title_height(lines: Sequence[str]) -> int:
    """Return the room above a chart that its title takes."""
    return 18 * len(lines) + 12 if lines else 0
