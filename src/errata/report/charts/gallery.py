"""Pictures of candidates in rows, a row for each verdict."""

import base64
import io
from collections.abc import Sequence

import altair as alt
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from errata.errors import InputError
from errata.report.charts.canvas import EDGE, Canvas, fitted, title_height, title_lines
from errata.report.charts.look import LIGHT, Look
from errata.report.words import VERDICT_NAMES

Cell = tuple[UInt8[np.ndarray, "_height _width 3"], Sequence[str]]
"""A picture, and the lines of its caption."""

SIDE, AIR, LINE, HEAD = 84, 14, 14, 26
DRAWN = 4
"""Small pictures are enlarged so many times, every pixel a square, before they are scaled."""


def gallery_chart(
    rows: Sequence[tuple[str, Sequence[Cell]]],
    *,
    title: str | None = None,
    width: int = 860,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw pictures with captions, in rows by verdict (the paper's figure 1).

    Parameters
    ----------
    rows : a verdict, or any heading, with its pictures; more than fit go on in a next line
    title : a line above the chart
    width : of the whole picture in pixels

    Raises
    ------
    InputError
        There is no picture.

    Examples
    --------
    >>> grey = np.full((8, 8, 3), 128, np.uint8)
    >>> chart = gallery_chart([("correctable", [(grey, ["given 4", "corrected 9"])])])
    >>> chart.width
    860
    """
    if not any(cells for _, cells in rows):
        raise InputError("gallery_chart was given no pictures; there is nothing to draw.")
    across = max(1, int((width - 2 * EDGE + AIR) // (SIDE + AIR)))
    lines = max(len(caption) for _, cells in rows for _, caption in cells)
    step = SIDE + 6 + LINE * lines + AIR
    above = title_lines(title, width)
    top = float(title_height(above))
    tall = [HEAD + step * -(-len(cells) // across) for _, cells in rows if cells]
    canvas = Canvas(width, top + sum(tall) + 4, look)
    canvas.title(above)
    pictures, captions = [], []
    for verdict, cells in rows:
        if not cells:
            continue
        canvas.words([(EDGE, top + 10, VERDICT_NAMES.get(verdict, verdict), look.ink)], bold=True)
        top += HEAD
        for place, (pixels, caption) in enumerate(cells):
            down, along = divmod(place, across)
            x, y = EDGE + (SIDE + AIR) * along, top + step * down
            pictures.append((x + SIDE / 2, y + SIDE / 2, _address(pixels)))
            captions += [
                (x, y + SIDE + 12 + LINE * i, fitted(line, SIDE + AIR - 4, 11), look.muted)
                for i, line in enumerate(caption)
            ]
        top += step * -(-len(cells) // across)
    canvas.pictures(pictures, side=SIDE)
    canvas.words(captions, size=11)
    return canvas.finish()


def _address(pixels: UInt8[np.ndarray, "_height _width 3"]) -> str:
    """Return a picture as a data address, so that the chart needs no other file."""
    large = np.kron(pixels, np.ones((DRAWN, DRAWN, 1), np.uint8))
    file = io.BytesIO()
    Image.fromarray(large).save(file, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
