"""`errata reports import` and `list`: mistakes that people report of what was published."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import AuditFolder, FormatOption, QuietOption
from errata.cli.output import Printer, first_of
from errata.errors import InputError
from errata.labels import in_words
from errata.words import plural

app = typer.Typer(
    name="reports",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Mistakes that people report of what was published.",
)

_COLUMNS = ("number", "id", "given", "label", "state", "outcome", "reason")


@app.command("import")
def import_(
    audit: AuditFolder,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Mails (.eml, .mbox), texts (.txt, .md), exported issues (.json, .jsonl), or "
            "tables (.csv, .tsv, .json, .jsonl, .parquet).",
        ),
    ],
    *,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Add the reports in files; what they doubt, and nobody was asked about, can be planned."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    added = errata.Audit.open(audit).add_reports(*files)
    payload = added.to_dict()
    counts = {"refused": len(added.refused), "left_out": len(added.left_out)}
    printer.facts(payload, table=payload | counts)
    if added.left_out:
        printer.say(f"Left out: {first_of(added.left_out)}")
    if added.refused:
        listed = first_of(added.refused)
        raise InputError(
            f"{plural(len(added.refused), 'report')} refused, the others are in:\n{listed}"
        )
    if added.candidates:
        printer.next("plan", audit)
    elif added.to_decide:
        printer.next("reports", "list", audit)


@app.command("list")
def list_(
    audit: AuditFolder, *, format: FormatOption = "table", quiet: QuietOption = False
) -> None:
    """List every report, oldest first, with what became of it."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    found = [one.to_dict() for one in errata.Audit.open(audit).reports()]
    shown = [
        {column: one[column] for column in _COLUMNS}
        | {side: None if one[side] is None else in_words(one[side]) for side in ("given", "label")}
        for one in found
    ]
    printer.show(found, found, table=shown, columns=_COLUMNS)
    waits = sum(one["state"] == "to decide" for one in found)
    if not found:
        printer.say("Nobody has reported a mistake.")
    if waits:
        printer.say(
            f"To decide again: {waits:,}, on the dashboard of `errata review` (For you to decide)."
        )
