"""Charts of models' accuracies on given and on corrected labels."""

from collections.abc import Iterable
from typing import NamedTuple

import altair as alt
import numpy as np

from errata.errors import InputError
from errata.report.charts.axes import finish, inline, note, padded, percent_axis
from errata.report.charts.look import LETTER, LIGHT, TYPE, Look
from errata.report.words import shorten


class ModelChange(NamedTuple):
    """One model's accuracy (0..1) and rank (1 is best) on given and on corrected labels."""

    model: str
    original: float
    corrected: float
    original_rank: int
    corrected_rank: int


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
    data = inline(values)
    axis = percent_axis(plot)
    domain = padded(ends, 0.06)
    y = alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[len(rows), 0], nice=False))
    literal = alt.Color("colour:N", scale=None)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)

    margin = data.mark_text(align="right", baseline="middle", fontSize=TYPE)
    point = data.mark_point(size=54, strokeWidth=1.75, opacity=1, fillOpacity=1)
    return finish(
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
            note("○ given labels    ● corrected labels", 0, -30, look.muted),
            note("rises", 0, -12, look.rise, weight="bold"),
            note("falls", 40, -12, look.accent, weight="bold"),
            note("keeps its rank", 78, -12, look.muted),
            note("rank", plot + right - 4, -12, look.muted, align="right"),
        ],
        (plot, step * len(rows)),
        {"left": left, "right": right, "top": 46, "bottom": 28},
        look,
    )
