"""`errata gold import` and `errata gold accuracy`: known answers, and who gives them."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import AuditFolder, FormatOption, NamesOption, QuietOption
from errata.cli.output import Printer, first_of
from errata.errors import InputError

app = typer.Typer(
    name="gold",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Examples whose answer is known, and how often reviewers give it.",
)


@app.command("import")
def import_(
    audit: AuditFolder,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help=".csv, .json or .jsonl: id, answer, maybe suggested."),
    ],
    *,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Add examples whose answer you know; `errata review --gold RATE` asks reviewers about them."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    added = errata.Audit.open(audit).add_gold(file)
    payload = added.to_dict()
    printer.facts(payload, table=payload | {"refused": len(added.refused)})
    if added.refused:
        listed = first_of(added.refused)
        raise InputError(
            f"{len(added.refused):,} gold examples were refused, the others are in:\n{listed}"
        )
    printer.next("review", audit, "--gold", "0.05")


@app.command()
def accuracy(
    audit: AuditFolder,
    *,
    names: NamesOption = False,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Tell how often each reviewer gave the known answer, with a 95 % interval.

    The table has their names; CSV and JSON, which may travel, have pseudonyms.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    found = errata.Audit.open(audit).gold_accuracy(names=names or format == "table")
    rows = [one.to_dict() for one in found]
    printer.show(rows, rows, columns=("reviewer", "right", "of", "low", "high", "share"))
