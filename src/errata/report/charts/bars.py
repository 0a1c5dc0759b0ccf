"""Charts of counts: verdicts, and pairs of classes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt

from errata.errors import InputError
from errata.report.charts.axes import finish, inline
from errata.report.charts.look import LETTER, LIGHT, TYPE, Look
from errata.report.words import VERDICT_NAMES, percent, shorten


def verdict_chart(
    counts: Mapping[str, int], *, width: int = 500, look: Look = LIGHT
) -> alt.LayerChart:
    """Draw how many candidates have each of the five verdicts, as bars with their counts.

    Parameters
    ----------
    counts : examples for each verdict; a verdict not listed has none
    width : of the whole picture in pixels, here and in the other charts
    """
    colours = {"non_error": look.quiet, "correctable": look.accent}
    total = sum(counts.get(verdict, 0) for verdict in VERDICT_NAMES)
    bars = []
    for verdict, name in VERDICT_NAMES.items():
        count = counts.get(verdict, 0)
        label = f"{count:,} · {percent(count / total, 0)}" if count else "0"
        bars.append(_Bar(name, [(count, colours.get(verdict, look.tint))], label))
    return _bar_chart(bars, width, look)


def pairs_chart(
    pairs: Iterable[tuple[str, str, int, int]],
    *,
    most: int = 12,
    width: int = 500,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw the ``most`` frequent pairs of a given and a suggested class, as bars with counts.

    Parameters
    ----------
    pairs : ``(given, suggested, candidates, how many of them were corrected)``, in any order
    """
    bars = []
    for given, suggested, count, corrected in sorted(pairs, key=lambda pair: -pair[2])[:most]:
        name = f"{shorten(given, 24)} → {shorten(suggested, 24)}"
        parts = [(corrected, look.accent), (count - corrected, look.quiet)]
        label = f"{count:,} · {corrected:,} corrected" if corrected else f"{count:,}"
        bars.append(_Bar(name, parts, label))
    if not bars:
        raise InputError("pairs_chart was given no pairs; there is nothing to draw.")
    return _bar_chart(bars, width, look)


class _Bar(NamedTuple):
    name: str
    parts: list[tuple[int, str]]  # (length, colour), from left to right
    label: str


def _bar_chart(bars: Sequence[_Bar], width: int, look: Look) -> alt.LayerChart:
    """Draw bars made of parts, each with its name (to the left, or above if long) and label."""
    longest = max(len(bar.name) for bar in bars) * LETTER
    above = longest > 0.36 * width
    step, left = (42, 2) if above else (28, int(longest) + 14)
    right = int(max(len(bar.label) for bar in bars) * LETTER) + 12
    plot = width - left - right
    parts: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    for place, bar in enumerate(bars):
        middle = place + (0.68 if above else 0.5)
        start = 0
        for length, colour in bar.parts:
            end = start + length
            parts.append({"y": middle, "start": start, "end": end, "colour": colour})
            start = end
        name = shorten(bar.name, int((width - 4) / LETTER))
        texts.append({"y": middle, "end": start, "label": bar.label, "name": name})
    most = max(1, *(row["end"] for row in texts))
    x_scale = alt.Scale(domain=[0, most], nice=False)
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[len(bars), 0], nice=False))
    names = inline(texts).mark_text(
        align="left" if above else "right", dy=-18 if above else 0, fontSize=TYPE
    )
    return finish(
        [
            inline([part for part in parts if part["end"] > part["start"]])
            .mark_bar(orient="horizontal", size=14 if above else 16)
            .encode(
                x=alt.X("start:Q", scale=x_scale, axis=None),
                x2="end:Q",
                y=y,
                color=alt.Color("colour:N", scale=None),
            ),
            names.encode(
                x=alt.value(0 if above else -10),
                y=y,
                text="name:N",
                color=alt.value(look.ink),
            ),
            inline(texts)
            .mark_text(align="left", dx=6, fontSize=TYPE)
            .encode(
                x=alt.X("end:Q", scale=x_scale, axis=None),
                y=y,
                text="label:N",
                color=alt.value(look.muted),
            ),
        ],
        (plot, step * len(bars)),
        {"left": left, "right": right, "top": 2, "bottom": 2},
        look,
    )
