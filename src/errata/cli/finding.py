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
    from errata.multilabel import MultilabelFindings

RULES = "margin, noise_rate, class, both, confident or argmax"
SCORES = "normalized_margin, self_confidence or weighted_entropy"
USAGE = (
    "Give either an audit or two arrays: `errata find AUDIT`, or "
    "`errata find --labels L.npy --probs P.npy`."
)
NOT_WITH_MULTILABEL = (
    "--multilabel is for two files, --labels and --probs, whose rows need not sum to 1: it goes "
    "neither with an audit, which knows by itself, nor with --normalize or --count."
)


def find(
    audit: Annotated[
        Path | None,
        typer.Argument(metavar="AUDIT", help="An audit, instead of --labels and --probs."),
    ] = None,
    *,
    labels: Annotated[
        Path | None,
        typer.Option(help="Given labels: .npy, one an example; or see --multilabel."),
    ] = None,
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
    multilabel: Annotated[
        bool,
        typer.Option(
            "--multilabel",
            help="Several labels an example: a .json list of lists, or a .npy matrix of 0 and 1.",
        ),
    ] = False,
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
    if multilabel and (audit is not None or normalize or count is not None):
        raise InputError(NOT_WITH_MULTILABEL)

    def found(
        progress: "Progress | None",
    ) -> "tuple[Findings | MultilabelFindings, Sequence[str] | None]":
        # words stay words here: the verb knows which there are, and names the nearest
        options: dict[str, Any] = {"rule": rule, "score": score, "compat": compat}
        options |= {"progress": progress}
        if not multilabel:
            options |= {"normalize": normalize, "count": count}
        if audit is not None:
            import errata

            opened = errata.Audit.open(audit)
            return opened.find(**options), opened.ids
        from errata.exchange.lists import read_list
        from errata.finding import find
        from errata.multilabel import find_multilabel

        names = read_list(classes) if classes else None
        look = find_multilabel if multilabel else find
        return look(labels, probs, classes=names, **options), None

    with printer.progress("Finding") as progress:
        findings, ids = found(progress)
    _print(printer, findings, ids, limit)
    if audit is not None:
        printer.next("plan", audit)


def _print(
    printer: Printer,
    findings: "Findings | MultilabelFindings",
    ids: Sequence[str] | None,
    limit: int,
) -> None:
    payload, names = findings.to_dict(), findings.class_names

    def named(label: int | list[int]) -> str:
        if isinstance(label, int):
            return names[label]
        return ", ".join(names[each] for each in label) or "(none)"

    table = [
        {
            "": place,
            **({"index": row["index"]} if ids is None else {"id": ids[row["index"]]}),
            "given": named(row["given"]),
            "suggested": named(row["suggested"]),
            "score": row["score"],
            "rules": row["rules"],
        }
        for place, row in enumerate(payload["flagged"][:limit], 1)
    ]
    columns = ("index", "given", "suggested", "score", "rules")
    printer.show(payload, payload["flagged"], table=table, columns=columns)
    cut = printer.format == "table" and len(findings) > limit
    what = "labels" if findings.given.ndim == 1 else "examples"
    printer.say(
        f"{len(findings):,} of {findings.n:,} {what} ({len(findings) / findings.n:.2%}) are "
        f"flagged by rule '{findings.rule}'; estimated errors: {findings.estimated_errors:,}."
        + (f" These are the worst {limit}." if cut else "")
    )
