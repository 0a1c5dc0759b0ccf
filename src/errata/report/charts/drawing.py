"""Charts inside a page: drawn twice, for wide and narrow pages, in colours that the page may set.

A page that holds drawings uses `stylesheet`: it shows the drawing that fits, and sets the colours
for light, for dark and for print.
"""

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from errata.report.charts.look import DARK, LIGHT, Look

WIDE, NARROW = 860, 350
"""Widths of the two drawings of a chart, in pixels."""


@dataclass(frozen=True)
class Drawing:
    """One chart: what it says to those who cannot see it, and its two drawings."""

    says: str
    wide: Markup
    narrow: Markup


@dataclass(frozen=True)
class Section:
    """A part of a page: a sentence that says what to see, and the drawing, if there is one."""

    sentence: str
    drawing: Drawing | None


def drawing(says: str, draw: Callable[[int], Any]) -> Drawing:
    """Return a chart as SVG for a page, drawn at the widths `WIDE` and `NARROW`.

    Parameters
    ----------
    says : the chart in words
    draw : makes the chart, of a width in pixels
    """
    return Drawing(
        says, *(svg(draw(width), prefix=_prefix(says, width)) for width in (WIDE, NARROW))
    )


def _prefix(says: str, width: int) -> str:
    return "c" + hashlib.sha256(f"{width}:{says}".encode()).hexdigest()[:8]


def svg(chart: Any, *, prefix: str, look: Look = LIGHT) -> Markup:
    """Return a chart as SVG for the page: its colours are variables, its ids its own.

    Parameters
    ----------
    prefix : sets the ids of this drawing apart from those of the others on the page
    """
    out = io.StringIO()
    chart.save(out, format="svg")
    text = out.getvalue()
    text = text[text.index("<svg") :]
    variables: Mapping[str, str] = {hue: name for name, hue in look.colours().items()}
    text = re.sub(
        r"#[0-9a-fA-F]{6}\b",
        lambda hue: (
            f"var(--{variables[hue[0].lower()]})" if hue[0].lower() in variables else hue[0]
        ),
        text,
    )
    ids = dict.fromkeys(re.findall(r'\bid="([^"]+)"', text))  # numbered through the process
    for number, name in enumerate(ids):
        text = re.sub(rf'(\bid="|url\(#){re.escape(name)}\b', rf"\g<1>{prefix}-{number}", text)
    text = re.sub(r' (aria-[a-z]+|role)="[^"]*"', "", text)  # the figure speaks for the drawing
    text = text.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
    return Markup(text)  # noqa: S704 (drawn here; vega escapes the texts in it)


def stylesheet() -> Markup:
    """Return the style of a page around drawings, for its ``<style>`` element."""
    environment = Environment(
        loader=PackageLoader("errata.report"),
        autoescape=False,  # noqa: S701 (colours of our own)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("page.css")
    return Markup(style.render(light=LIGHT.colours(), dark=DARK.colours()))  # noqa: S704
