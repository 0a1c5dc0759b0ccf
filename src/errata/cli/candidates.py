"""`errata candidates import`: labels that somebody, or some other tool, doubts."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import AuditFolder, FormatOption, QuietOption
from errata.cli.output import Printer, first_of
from errata.errors import InputError

app = typer.Typer(
    name="candidates",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Candidates that were not found here.",
)


@app.command("import")
def import_(
    audit: AuditFolder,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help=".csv, .json or .jsonl: id, suggested, maybe score."),
    ],
    *,
    flagger: Annotated[str, typer.Option(help="Who, or what, doubts these labels.")],
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Add the candidates of a file, worst first, beside what `errata find` has found."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    added = errata.Audit.open(audit).add_candidates(file, flagger=flagger)
    payload = added.to_dict()
    printer.facts(payload, table=payload | {"refused": len(added.refused)})
    if added.refused:
        listed = first_of(added.refused)
        raise InputError(
            f"{len(added.refused):,} candidates were refused, the others are in:\n{listed}"
        )
    printer.next("plan", audit)
