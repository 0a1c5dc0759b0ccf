"""Accuracy against noise prevalence: a line for each model, and where the lines cross."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
from jaxtyping import Float

from errata.errors import InputError
from errata.report.charts.axes import finish, inline, note, padded, percent_axis
from errata.report.charts.look import LETTER, LIGHT, TYPE, Look
from errata.report.words import brief_percent, percent, shorten


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
    bottom, top = padded([at(model, end) for model in framed for end in domain], 0.04)
    x_scale = alt.Scale(domain=[100 * low, 100 * high], nice=False)
    y_scale = alt.Scale(domain=[bottom, top], nice=False, zero=False)
    x = alt.X("x:Q", scale=x_scale, axis=percent_axis(plot, grid=False))
    y = alt.Y("y:Q", scale=y_scale, axis=percent_axis(height))
    literal = alt.Color("colour:N", scale=None)
    x_pixel, y_pixel = 100 * (high - low) / plot, (top - bottom) / height

    def strokes(models: Iterable[str], weight: float) -> alt.Chart:
        values = [
            {"model": m, "x": 100 * end, "y": at(m, end), "colour": colours.get(m, look.quiet)}
            for m in models
            for end in domain
        ]
        line: alt.Chart = inline(values).mark_line(clip=True, strokeWidth=weight)
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
    halo = inline(labels).mark_text(dy=-11, fontSize=11, fontWeight="bold")
    halo = halo.encode(x=x, y=y, text="label:N")
    today = inline([{"x": 100 * noise_prevalence}])
    layers = [
        strokes([m for m in lines if m not in colours], 1),
        today.mark_rule(strokeWidth=1.25, strokeDash=[4, 3]).encode(
            x=x, color=alt.value(look.muted)
        ),
        strokes(colours, 2.25),
        inline([dot for dot in dots if not dot["main"]])
        .mark_point(size=12, filled=True, opacity=1)
        .encode(x=x, y=y, color=alt.value(look.muted)),
        inline([dot for dot in dots if dot["main"]])
        .mark_point(size=70, strokeWidth=2, opacity=1, fillOpacity=1)
        .encode(x=x, y=y, stroke=alt.value(look.ink), fill=alt.value(look.paper)),
        halo.encode(stroke=alt.value(look.paper), strokeWidth=alt.value(4)),
        halo.encode(color=alt.value(look.ink)),
        inline(ties).mark_line(strokeWidth=1).encode(x=x, y=y, detail="model:N", color=literal),
        inline(names).mark_text(align="left", fontSize=TYPE).encode(**beside),
        note(
            f"today: N = {percent(noise_prevalence)}",
            max(0.0, (100 * (noise_prevalence - low)) / x_pixel),
            -8,
            look.muted,
        ),
    ]
    return finish(
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
