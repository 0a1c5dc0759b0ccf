"""Parts of charts drawn on Vega's own axes, and the writing of any chart to a file."""

import io
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import altair as alt

from errata.errors import InputError
from errata.files import write_atomic
from errata.report.charts.look import TYPE, Look


def inline(values: list[dict[str, Any]]) -> alt.Chart:
    """Return a chart of these rows, which holds them itself."""
    return alt.Chart(alt.InlineData(values=values))


def note(
    text: str, x: float, y: float, colour: str, *, align: Any = "left", weight: Any = "normal"
) -> alt.Chart:
    """Place a text by pixels from the upper left corner of the plot."""
    mark: alt.Chart = inline([{}]).mark_text(align=align, fontSize=TYPE, fontWeight=weight)
    return mark.encode(
        x=alt.value(x), y=alt.value(y), text=alt.value(text), color=alt.value(colour)
    )


def percent_axis(pixels: int, *, grid: bool = True) -> alt.Axis:
    """Return an axis of percents with a tick every 70 pixels or so."""
    return alt.Axis(
        title=None,
        grid=grid,
        domain=False,
        ticks=False,
        labelPadding=8,
        tickCount=max(3, pixels // 70),
        labelExpr="datum.label + ' %'",
        labelFontSize=TYPE,
        labelFlush=False,
        labelOverlap="greedy",
    )


def padded(values: Iterable[float], share: float) -> tuple[float, float]:
    """Return the range of percents with some air on both sides, inside 0 to 100."""
    values = list(values)
    low, high = min(values), max(values)
    air = max(share * (high - low), 0.05)
    return max(low - air, -air), min(high + air, 100 + air)


def finish(
    layers: list[alt.Chart], size: tuple[int, int], padding: dict[str, int], look: Look
) -> alt.LayerChart:
    """Stack the layers in a plot of exactly this size and these margins, in this look."""
    chart = alt.layer(*layers).properties(
        width=size[0],
        height=size[1],
        padding=padding,
        autosize=alt.AutoSizeParams(type="none"),
        background=look.paper,
    )
    looked: alt.LayerChart = (
        chart.configure(font=look.font)
        .configure_view(stroke=None)
        .configure_axis(labelColor=look.muted, gridColor=look.grid)
    )
    return looked


def chart_form(path: Path | str) -> str:
    """Return the ending of a file for a chart.

    Raises
    ------
    InputError
        A chart cannot be written so.

    Examples
    --------
    >>> chart_form("models.SVG")
    '.svg'
    """
    path = Path(path)
    form = path.suffix.lower()
    if form not in (".html", ".svg", ".png"):
        raise InputError(f"A chart cannot be written as {path.name!r}: use .html, .svg or .png.")
    return form


def save_chart(chart: alt.TopLevelMixin, path: Path | str) -> Path:
    """Write a chart as ``.html``, ``.svg`` or ``.png``, by the name's ending; needs no connection.

    An HTML file holds the drawing scripts too; it opens from a file, offline. Each has a mark in
    it that nobody sees, by which `is_chart` knows it again.
    """
    path = Path(path)
    form = chart_form(path)
    if form == ".png":
        picture = io.BytesIO()
        chart.save(picture, format="png", scale_factor=2)
        data = picture.getvalue()
    else:
        text = io.StringIO()
        if form == ".html":
            chart.save(text, format="html", inline=True, embed_options={"actions": False})
        else:
            chart.save(text, format="svg")
        data = text.getvalue().encode()
    write_atomic(path, _marked(data, form))
    return path


def is_chart(path: Path) -> bool:
    """Tell whether a file is a chart that `save_chart` wrote."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _MARKS[chart_form(path)] in file.read(_HEAD)


def _marked(data: bytes, form: str) -> bytes:
    """Return the bytes of a chart with its mark."""
    # after the head of a page, the first tag of a drawing, the first chunk of a picture
    before = {".html": b"<head>", ".svg": b">"}.get(form)
    place = _FIRST_CHUNK if before is None else data.index(before) + len(before)
    return data[:place] + _MARKS[form] + data[place:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    """Return a part of a PNG file."""
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


_FIRST_CHUNK = 8 + 25
"""Where the second part of a PNG file begins: after its signature, and the size of the picture."""

_MARKS = {
    ".html": b'<meta name="generator" content="errata chart">',
    ".svg": b"<!-- errata chart -->",
    ".png": _chunk(b"tEXt", b"Software\0errata chart"),
}
_HEAD = 4096
"""Within so many bytes the mark of a chart stands."""
