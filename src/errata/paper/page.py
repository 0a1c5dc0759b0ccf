"""The rebuilt paper as a folder: one page to read, every chart by itself, tables and JSON."""

import csv
import io
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

import errata
from errata.paper import drawing, telling
from errata.paper.published import SOURCES
from errata.paper.rebuild import Rebuilt

FORMATS = ("html", "svg", "png")
"""In which formats every chart is written."""


def write(
    rebuilt: Rebuilt, out: Path, *, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Write everything into the folder ``out`` and return the path of its page.

    ``index.html`` needs nothing else and asks no host for anything; ``charts/`` holds every chart
    as HTML, SVG and PNG, ``tables/`` the tables as CSV with the paper's figures, ``paper.json``
    everything. What is there is written over; the same data give the same bytes.

    Parameters
    ----------
    progress : called with the charts drawn and the charts in all

    Raises
    ------
    errata.FileError
        The folder cannot be made or written to.
    """
    drawn = list(drawing.figures(rebuilt))
    try:
        for part in ("charts", "tables"):
            (out / part).mkdir(parents=True, exist_ok=True)
        for done, figure in enumerate(drawn, start=1):
            chart = figure.draw(errata.charts.WIDE, figure.title)
            for kind in FORMATS:
                errata.charts.save_chart(chart, out / "charts" / f"{figure.name}.{kind}")
            if progress is not None:
                progress(done, len(drawn))
        for name, rows in tables(rebuilt).items():
            (out / "tables" / f"{name}.csv").write_text(_as_csv(rows), encoding="utf-8")
        (out / "paper.json").write_text(json.dumps(rebuilt.to_dict(), indent=1, allow_nan=False))
        page = out / "index.html"
        page.write_text(_page(rebuilt, drawn), encoding="utf-8")
    except OSError as error:
        raise errata.FileError(
            f"{out} cannot be written: {error.strerror}. Name another folder for --out."
        ) from None
    return page


def tables(rebuilt: Rebuilt) -> dict[str, list[dict[str, Any]]]:
    """Return the tables as flat rows: our figures, and the paper's in columns of their own."""
    flat = {}
    for name, rows in rebuilt.tables.items():
        flat[name] = [_flat(row) for row in rows]
    cells = [cell.to_dict() | {"equal": cell.equal} for cell in rebuilt.ledger.cells]
    return flat | {"cells": cells}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in row.items() if key not in {"paper", "percent_95"}}
    if "percent_95" in row:
        low, high = row["percent_95"] or (None, None)
        plain |= {"percent_low": low, "percent_high": high}
    return plain | {f"paper_{column}": figure for column, figure in row["paper"].items()}


def _as_csv(rows: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _page(rebuilt: Rebuilt, drawn: list[drawing.Figure]) -> str:
    template = files("errata.paper").joinpath("templates/paper.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(
        style=errata.charts.stylesheet(),
        figures={
            figure.name: {
                "title": figure.title,
                "name": figure.name,
                "drawing": errata.charts.drawing(figure.says, figure.draw),
            }
            for figure in drawn
        },
        tables={
            name: {
                "title": title,
                "of": "set" if name in ("table 1", "table 2") else "model",
                "rows": rebuilt.ledger.table(name),
                "columns": telling.columns(rebuilt, name),
                "names": telling.names_of(rebuilt, name),
            }
            for name, title in telling.TITLES.items()
        },
        heads=telling.HEADS,
        intervals=telling.intervals(rebuilt),
        legend=telling.LEGEND,
        said=telling.said(rebuilt),
        differ=rebuilt.ledger.differ,
        lacking=telling.lacking(rebuilt),
        lead=telling.verdict(rebuilt),
        beyond=telling.beyond(rebuilt),
        kinship=rebuilt.beyond["kinship"],
        sets=SOURCES,
        cells=rebuilt.ledger.to_dict(),
    )
