"""Four charts of an audit, as Altair charts made from plain data.

Each function takes names and numbers and knows nothing of audits, pages or files. The geometry of
a chart is fixed here to the pixel (margins, rows, places of labels), so that no two labels meet
and the same numbers give the same picture. `save_chart` writes HTML, SVG or PNG, offline.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import numpy as np
from jaxtyping import Float

from errata.errors import InputError
from errata.report.words import VERDICT_NAMES, brief_percent, percent, shorten

LETTER = 6.4  # a safe width in pixels for one letter of 12 pixel type
TYPE = 12


@dataclass(frozen=True, kw_only=True)
class Look:
    """Colours and type of a chart. All colours differ, so that a page may exchange them by value.

    ``series`` are for lines to be told apart, also by colour-blind people: hues in the manner of
    Okabe and Ito, taken so dark (or light) that text in them stands out from ``paper`` 4.5 to 1.
    """

    ink: str = "#1c1b19"
    muted: str = "#66625b"
    quiet: str = "#b8b3aa"
    grid: str = "#e6e3dd"
    paper: str = "#fefefe"
    accent: str = "#b3361b"
    tint: str = "#dfa797"
    rise: str = "#00619f"
    series: tuple[str, ...] = ("#c04000", "#005fa8", "#00704f", "#94337a", "#7a5c00", "#3f51c9")
    font: str = "Helvetica Neue, Arial, sans-serif"

    def colours(self) -> dict[str, str]:
        """Return each colour by name; the series are ``series-1``, ``series-2`` and so on."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        del named["font"]
        return {f"series-{i}": hue for i, hue in enumerate(named.pop("series"), 1)} | named


LIGHT = Look()
DARK = Look(
    ink="#eceae5",
    muted="#aaa59c",
    quiet="#66625b",
    grid="#33312e",
    paper="#1b1a18",
    accent="#ff8b68",
    tint="#8f4d3a",
    rise="#66b8ff",
    series=("#ff9160", "#62b4fc", "#3ecf9e", "#ee90d2", "#e2bc4a", "#a5afff"),
)


class ModelChange(NamedTuple):
    """One model's accuracy (0..1) and rank (1 is best) on given and on corrected labels."""

    model: str
    original: float
    corrected: float
    original_rank: int
    corrected_rank: int


def verdict_chart(
    counts: Mapping[str, int],
    *,
    verdicts: Collection[str] = VERDICT_NAMES.keys(),
    width: int = 500,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw how many candidates have each of the five verdicts, as bars with their counts.

    Parameters
    ----------
    counts : examples for each verdict; a verdict not listed has none
    verdicts : those that can arise
    width : of the whole picture in pixels, here and in the other charts
    """
    colours = {"non_error": look.quiet, "correctable": look.accent}
    total = sum(counts.get(verdict, 0) for verdict in VERDICT_NAMES)
    bars = []
    for verdict in verdicts:
        name, count = VERDICT_NAMES[verdict], counts.get(verdict, 0)
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


def accuracy_chart(
    rows: Iterable[ModelChange], *, width: int = 500, look: Look = LIGHT
) -> alt.LayerChart:
    """Draw each model's accuracy on given and on corrected labels, and how its rank moves.

    A ring is the accuracy on given labels, a disc the one on corrected labels. Models that rise
    and models that fall have colours of their own.

    Parameters
    ----------
    rows : the models, in the order in which they are drawn from top to bottom
    """
    rows = [row for row in rows if np.isfinite(row.original + row.corrected)]
    if not rows:
        raise InputError("accuracy_chart was given no model with both accuracies.")
    step, left, right = 21, min(160, int(0.34 * width)), 66
    plot = width - left - right
    ends = [100 * accuracy for row in rows for accuracy in (row.original, row.corrected)]
    values = []
    for place, row in enumerate(rows):
        rise = row.original_rank - row.corrected_rank
        ranks = f"{row.original_rank} → {row.corrected_rank}" if rise else f"{row.original_rank}"
        values.append(
            {
                "place": place + 0.5,
                "name": shorten(row.model, int((left - 12) / LETTER)),
                "original": 100 * row.original,
                "corrected": 100 * row.corrected,
                "rank": ranks,
                "colour": look.rise if rise > 0 else look.accent if rise < 0 else look.muted,
            }
        )
    data = _data(values)
    axis = _percent_axis(plot)
    domain = _padded(ends, 0.06)
    y = alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[len(rows), 0], nice=False))
    literal = alt.Color("colour:N", scale=None)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)

    margin = data.mark_text(align="right", baseline="middle", fontSize=TYPE)
    point = data.mark_point(size=54, strokeWidth=1.75, opacity=1, fillOpacity=1)
    return _finish(
        [
            data.mark_rule(strokeWidth=2).encode(
                x=x("original"), x2="corrected:Q", y=y, color=literal
            ),
            point.encode(
                x=x("original"),
                y=y,
                stroke=alt.Stroke("colour:N", scale=None),
                fill=alt.value(look.paper),
            ),
            point.encode(
                x=x("corrected"),
                y=y,
                stroke=alt.Stroke("colour:N", scale=None),
                fill=alt.Fill("colour:N", scale=None),
            ),
            margin.encode(x=alt.value(-12), y=y, text="name:N", color=alt.value(look.ink)),
            margin.encode(x=alt.value(plot + right - 4), y=y, text="rank:N", color=literal),
            _note("○ given labels    ● corrected labels", 0, -30, look.muted),
            _note("rises", 0, -12, look.rise, weight="bold"),
            _note("falls", 40, -12, look.accent, weight="bold"),
            _note("keeps its rank", 78, -12, look.muted),
            _note("rank", plot + right - 4, -12, look.muted, align="right"),
        ],
        (plot, step * len(rows)),
        {"left": left, "right": right, "top": 46, "bottom": 28},
        look,
    )


def prevalence_chart(
    lines: Mapping[str, tuple[float, float]],
    crossings: Iterable[tuple[str, str, float]],
    *,
    noise_prevalence: float,
    domain: tuple[float, float] = (0.0, 1.0),
    highlight: Sequence[str] | None = None,
    width: int = 500,
    height: int = 380,
    look: Look = LIGHT,
) -> alt.LayerChart:
    """Draw corrected accuracy against noise prevalence, with every crossing as a dot.

    Parameters
    ----------
    lines : each model's accuracy on B and its corrected accuracy on C; its line runs from the
        first, at prevalence 0, to the second, at prevalence 1
    crossings : ``(model, model, prevalence)``
    noise_prevalence : that of the set as it is, marked by an upright line
    domain : the prevalences shown
    highlight : models drawn in colour, at most six; by default `notable_models`
    """
    if not lines:
        raise InputError("prevalence_chart was given no models; there is nothing to draw.")
    crossings = list(crossings)
    if highlight is None:
        highlight = notable_models(lines, crossings, noise_prevalence)
    colours = dict(zip(highlight, look.series, strict=False))
    few = len(lines) <= 14  # then every line has its name, not only the coloured ones
    low, high = domain

    def at(model: str, prevalence: float) -> float:
        benign, correctable = lines[model]
        return 100 * ((1 - prevalence) * benign + prevalence * correctable)

    left, right = 46, min(150, int(0.34 * width))
    plot = width - left - right
    framed = [model for model in lines if few or high - low > 0.5 or model in colours]
    bottom, top = _padded([at(model, end) for model in framed for end in domain], 0.04)
    x_scale = alt.Scale(domain=[100 * low, 100 * high], nice=False)
    y_scale = alt.Scale(domain=[bottom, top], nice=False, zero=False)
    x = alt.X("x:Q", scale=x_scale, axis=_percent_axis(plot, grid=False))
    y = alt.Y("y:Q", scale=y_scale, axis=_percent_axis(height))
    literal = alt.Color("colour:N", scale=None)
    x_pixel, y_pixel = 100 * (high - low) / plot, (top - bottom) / height

    def strokes(models: Iterable[str], weight: float) -> alt.Chart:
        values = [
            {"model": m, "x": 100 * end, "y": at(m, end), "colour": colours.get(m, look.quiet)}
            for m in models
            for end in domain
        ]
        line: alt.Chart = _data(values).mark_line(clip=True, strokeWidth=weight)
        return line.encode(x=x, y=y, detail="model:N", color=literal)

    inside = [
        (a, b, prevalence, at(a, prevalence))
        for a, b, prevalence in crossings
        if low <= prevalence <= high and bottom <= at(a, prevalence) <= top
    ]
    changes = {start for start, _ in leads(lines, crossings)[1:]}
    dots = [
        {"x": 100 * prevalence, "y": height_, "main": prevalence in changes}
        for _, _, prevalence, height_ in inside
    ]
    # what is labelled, the most important first: changes of the lead, then crossings near today
    inside.sort(
        key=lambda cross: (
            cross[2] not in changes,
            not {cross[0], cross[1]} <= colours.keys(),
            abs(cross[2] - noise_prevalence),
        )
    )
    labels: list[dict[str, Any]] = []
    for a, b, prevalence, height_ in inside:
        if prevalence not in changes and not {a, b} <= colours.keys():
            continue
        label = {"x": 100 * prevalence, "y": height_, "label": brief_percent(prevalence)}
        if all(
            abs(label["x"] - other["x"]) > 44 * x_pixel
            or abs(label["y"] - other["y"]) > 15 * y_pixel
            for other in labels
        ):
            labels.append(label)
    del labels[8:]

    named = [m for m in lines if (few or m in colours) and bottom <= at(m, high) <= top]
    wanted = np.array([at(m, high) / y_pixel for m in named])
    places = spread(wanted, gap=14.0, low=bottom / y_pixel, high=top / y_pixel) * y_pixel
    names = [
        {
            "model": m,
            "name": shorten(m, int((right - 22) / LETTER)),
            "end": at(m, high),
            "y": place,
            "colour": colours.get(m, look.muted),
        }
        for m, place in zip(named, places.tolist(), strict=True)
    ]
    ties = [
        {"model": row["model"], "x": 100 * high + px * x_pixel, "y": row[key]}
        | {"colour": colours.get(row["model"], look.quiet)}
        for row in names
        for px, key in ((3, "end"), (15, "y"))
    ]
    beside = {"x": alt.value(plot + 19), "y": y, "text": "name:N", "color": literal}
    halo = _data(labels).mark_text(dy=-11, fontSize=11, fontWeight="bold")
    halo = halo.encode(x=x, y=y, text="label:N")
    today = _data([{"x": 100 * noise_prevalence}])
    layers = [
        strokes([m for m in lines if m not in colours], 1),
        today.mark_rule(strokeWidth=1.25, strokeDash=[4, 3]).encode(
            x=x, color=alt.value(look.muted)
        ),
        strokes(colours, 2.25),
        _data([dot for dot in dots if not dot["main"]])
        .mark_point(size=12, filled=True, opacity=1)
        .encode(x=x, y=y, color=alt.value(look.muted)),
        _data([dot for dot in dots if dot["main"]])
        .mark_point(size=70, strokeWidth=2, opacity=1, fillOpacity=1)
        .encode(x=x, y=y, stroke=alt.value(look.ink), fill=alt.value(look.paper)),
        halo.encode(stroke=alt.value(look.paper), strokeWidth=alt.value(4)),
        halo.encode(color=alt.value(look.ink)),
        _data(ties).mark_line(strokeWidth=1).encode(x=x, y=y, detail="model:N", color=literal),
        _data(names).mark_text(align="left", fontSize=TYPE).encode(**beside),
        _note(
            f"today: N = {percent(noise_prevalence)}",
            max(0.0, (100 * (noise_prevalence - low)) / x_pixel),
            -8,
            look.muted,
        ),
    ]
    return _finish(
        layers,
        (plot, height),
        {"left": left, "right": right, "top": 26, "bottom": 30},
        look,
    )


def leads(
    lines: Mapping[str, tuple[float, float]], crossings: Iterable[tuple[str, str, float]]
) -> list[tuple[float, str]]:
    """Return who leads from which prevalence on, from 0 to 1.

    Parameters
    ----------
    lines, crossings : as in `prevalence_chart`

    Examples
    --------
    >>> leads({"a": (0.9, 0.2), "b": (0.8, 0.6)}, [("a", "b", 0.2)])
    [(0.0, 'a'), (0.2, 'b')]
    """
    models = list(lines)
    ends = np.array([lines[model] for model in models])
    starts = np.unique([0.0, *(prevalence for _, _, prevalence in crossings)])
    middles = (starts + np.append(starts[1:], 1.0)) / 2
    best = np.argmax(np.outer(ends[:, 0], 1 - middles) + np.outer(ends[:, 1], middles), axis=0)
    new = np.append(True, best[1:] != best[:-1])
    return [(float(starts[i]), models[best[i]]) for i in np.flatnonzero(new)]


def notable_models(
    lines: Mapping[str, tuple[float, float]],
    crossings: Iterable[tuple[str, str, float]],
    noise_prevalence: float,
    most: int = 6,
) -> list[str]:
    """Return the models worth a colour: those that lead somewhere, then those that swap soonest.

    Soonest means nearest to ``noise_prevalence``. Up to ``most`` models are returned.

    Examples
    --------
    >>> lines = {"a": (0.9, 0.2), "b": (0.8, 0.6), "c": (0.5, 0.5), "d": (0.1, 0.1)}
    >>> notable_models(lines, [("a", "b", 0.2), ("a", "c", 0.57)], 0.1, most=3)
    ['a', 'b', 'c']
    """
    crossings = sorted(crossings, key=lambda cross: abs(cross[2] - noise_prevalence))
    chosen = [model for _, model in leads(lines, crossings)]
    chosen += [model for cross in crossings for model in cross[:2]]
    chosen += sorted(lines, key=lambda model: -lines[model][0])
    return list(dict.fromkeys(chosen))[:most]


def spread(
    wanted: Float[np.ndarray, "labels"], *, gap: float, low: float, high: float
) -> Float[np.ndarray, "labels"]:
    """Return places at least ``gap`` apart, each as near as may be to the wanted one.

    Labels that meet are pooled and their middle is put where the middle of what they want is
    (isotonic regression). If ``low`` to ``high`` is too short for them all, the gap shrinks.

    Examples
    --------
    >>> spread(np.array([5.0, 5.0, 20.0]), gap=10.0, low=0.0, high=30.0)
    array([ 0., 10., 20.])
    """
    if wanted.size < 2:
        return wanted
    gap = min(gap, (high - low) / (wanted.size - 1))
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(wanted.size)
    pools: list[tuple[float, int]] = []  # (mean, size) of labels that stand together
    for place in wanted[order] - steps:
        mean, size = float(place), 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean = (before * many + mean * size) / (many + size)
            size += many
        pools.append((mean, size))
    means = np.repeat([mean for mean, _ in pools], [size for _, size in pools])
    placed = np.empty_like(wanted)
    placed[order] = np.clip(means, low, high - steps[-1]) + steps
    return placed


def save_chart(chart: alt.TopLevelMixin, path: Path | str) -> Path:
    """Write a chart as ``.html``, ``.svg`` or ``.png``, by the name's ending; needs no connection.

    An HTML file holds the drawing scripts too; it opens from a file, offline.
    """
    path = Path(path)
    form = path.suffix.lower()
    if form == ".html":
        chart.save(path, format="html", inline=True, embed_options={"actions": False})
    elif form == ".png":
        chart.save(path, format="png", scale_factor=2)
    elif form == ".svg":
        chart.save(path, format="svg")
    else:
        raise InputError(f"A chart cannot be written as {path.name!r}: use .html, .svg or .png.")
    return path


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
    names = _data(texts).mark_text(
        align="left" if above else "right", dy=-18 if above else 0, fontSize=TYPE
    )
    return _finish(
        [
            _data([part for part in parts if part["end"] > part["start"]])
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
            _data(texts)
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


def _data(values: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=values))


def _note(
    text: str, x: float, y: float, colour: str, *, align: Any = "left", weight: Any = "normal"
) -> alt.Chart:
    """Place a text by pixels from the upper left corner of the plot."""
    mark: alt.Chart = _data([{}]).mark_text(align=align, fontSize=TYPE, fontWeight=weight)
    return mark.encode(
        x=alt.value(x), y=alt.value(y), text=alt.value(text), color=alt.value(colour)
    )


def _percent_axis(pixels: int, *, grid: bool = True) -> alt.Axis:
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


def _padded(values: Iterable[float], share: float) -> tuple[float, float]:
    """Return the range of percents with some air on both sides, inside 0 to 100."""
    values = list(values)
    low, high = min(values), max(values)
    air = max(share * (high - low), 0.05)
    return max(low - air, -air), min(high + air, 100 + air)


def _finish(
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
