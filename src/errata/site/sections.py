"""What a site says of how sure a comparison is, and of whom it may favour: as the report does."""

from typing import Any

from errata.comparison import Comparison
from errata.report import certainty
from errata.report.charts import Drawing, Section
from errata.report.page import kinship

Told = dict[str, Any]


def certainty_section(compared: Comparison) -> Told | None:
    """Return how sure the order of the models is; None where there is no order.

    Returns
    -------
    ``sentences``, each a text; ``notice``, a text or None; ``charts``, each ``title says wide
    narrow``; ``tables``, each ``title head rows`` of texts
    """
    told = certainty.ranking(compared)
    if told is None:
        return None
    parts = (
        ("Accuracies and their intervals", told.intervals),
        ("Which ranks are possible", told.sets),
        ("Who is surely ahead of whom", told.pairs),
    )
    charts = [_chart(title, part) for title, part in parts if part is not None and part.drawing]
    sentences = [told.question, told.sentence]
    sentences += [part.sentence for _, part in parts if part is not None and not part.drawing]
    rows = [
        {name: _word(value) for name, value in row.items() if name != "short"} for row in told.rows
    ]
    return {"sentences": sentences, "notice": None, "charts": charts, "tables": _table(rows)}


def kinship_section(compared: Comparison) -> Told | None:
    """Return whom the corrections may favour, as `certainty_section` does."""
    told = kinship(compared)
    if told is None:
        return None
    charts = [
        _chart(f"{name}: {candidates:,} candidates", Section("", figure))
        for name, candidates, figure in told["drawings"]
    ]
    rows = [
        {"model": f"{row['model']}{' (kin)' if row['kin'] else ''}"}
        | {
            f"agrees with {name}": f"{share}; models of its accuracy: {usual}"
            for name, (share, usual) in zip(told["flaggers"], row["agreements"], strict=True)
        }
        | dict(
            zip(
                ("rank on C", "rank by others", "rank by votes"),
                map(str, row["ranks"]),
                strict=True,
            )
        )
        for row in told["models"]
    ]
    sentences = [one for one in (told["sentence"], told["few"]) if one]
    tables = _table(rows) if told["votes"] else []
    return {"sentences": sentences, "notice": told["warning"], "charts": charts, "tables": tables}


def _chart(title: str, part: Section) -> Told:
    drawing = part.drawing
    assert isinstance(drawing, Drawing), "asked for where there is one"
    return {
        "title": title,
        "sentence": part.sentence,
        "says": drawing.says,
        "wide": str(drawing.wide),
        "narrow": str(drawing.narrow),
    }


def _table(rows: list[dict[str, str]]) -> list[Told]:
    if not rows:
        return []
    return [{"title": "", "head": list(rows[0]), "rows": [list(row.values()) for row in rows]}]


def _word(value: object) -> str:
    if isinstance(value, tuple):  # a share and its interval
        share, interval = value
        return f"{share} ({interval})"
    return str(value)
