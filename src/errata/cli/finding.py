"""`errata find`: the labels that are probably wrong, of two arrays or of an audit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from errata.cli.options import FormatOption, QuietOption
from errata.cli.output import Printer
from errata.errors import InputError

if TYPE_CHECKING:
    from errata.engine.local import Progress
    from errata.finding import Findings

RULES = "margin, noise_rate, class, both, confident or argmax"
SCORES = "normalized_margin, self_confidence or weighted_entropy"
USAGE = (
    "Give either an audit or two arrays: `errata find AUDIT`, or "
    "`errata find --labels L.npy --probs P.npy`."
)


def find(
    audit: Annotated[
        Path | None,
        typer.Argument(metavar="AUDIT", help="An audit, instead of --labels and --probs."),
    ] = None,
    *,
    labels: Annotated[Path | None, typer.Option(help="Given labels: .npy, one an example.")] = None,
    probs: Annotated[
        Path | None, typer.Option(help="Out-of-sample probabilities: .npy, examples × classes.")
    ] = None,
    rule: Annotated[str, typer.Option(help=f"What is flagged: {RULES}.")] = "margin",
    score: Annotated[
        str, typer.Option(help=f"What it is sorted by: {SCORES}.")
    ] = "normalized_margin",
    compat: Annotated[
        str | None, typer.Option(help="'cleanlab': count as cleanlab 2.9 does.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Class names: a .json list, or text with a name a line.")
    ] = None,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Divide each row of probabilities by its sum.")
    ] = False,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="Rule margin: flag so many, not as many as are estimated wrong."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Rows of the table; JSON and CSV hold all.")
    ] = 20,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Find the labels that are probably wrong, worst first.

    With --labels and --probs it looks at two arrays and stores nothing; with AUDIT it stores
    what it found for `errata plan`.
    """
    printer = Printer(format=format, quiet=quiet)
    with_arrays = (labels, probs, classes) != (None, None, None)
    if with_arrays == (audit is not None) or (with_arrays and None in (labels, probs)):
        raise InputError(USAGE)

    def found(progress: "Progress | None") -> "tuple[Findings, Sequence[str] | None]":
        # words stay words here: the verb knows which there are, and names the nearest
        options: dict[str, Any] = {"rule": rule, "score": score, "compat": compat}
        options |= {"normalize": normalize, "count": count, "progress": progress}
        if audit is not None:
            import errata

            opened = errata.Audit.open(audit)
            return opened.find(**options), opened.ids
        from errata.exchange.lists import read_list
        from errata.finding import find

        names = read_list(classes) if classes else None
        return find(labels, probs, classes=names, **options), None

    with printer.progress("Finding") as progress:
        findings, ids = found(progress)
    _print(printer, findings, ids, limit)
    if audit is not None:
        printer.next("plan", audit)


def _print(printer: Printer, findings: "Findings", ids: Sequence[str] | None, limit: int) -> None:
    payload, names = findings.to_dict(), findings.class_names
    table = [
        {
            "": place,
            **({"index": row["index"]} if ids is None else {"id": ids[row["index"]]}),
            "given": names[row["given"]],
            "suggested": names[row["suggested"]],
            "score": row["score"],
            "rules": row["rules"],
        }
        for place, row in enumerate(payload["flagged"][:limit], 1)
    ]
    columns = ("index", "given", "suggested", "score", "rules")
    printer.show(payload, payload["flagged"], table=table, columns=columns)
    cut = printer.format == "table" and len(findings) > limit
    printer.say(
        f"{len(findings):,} of {findings.n:,} labels ({len(findings) / findings.n:.2%}) are "
        f"flagged by rule '{findings.rule}'; estimated errors: {findings.estimated_errors:,}."
        + (f" These are the worst {limit}." if cut else "")
    )
