"""`errata votes import` and `errata votes export`: votes to and from files."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import AuditFolder, FormatOption, QuietOption
from errata.cli.output import Printer
from errata.errors import VoteError

app = typer.Typer(
    name="votes", no_args_is_help=True, rich_markup_mode=None, help="Votes to and from files."
)


@app.command("import")
def import_(
    audit: AuditFolder,
    file: Annotated[
        Path, typer.Argument(metavar="VOTES", help=".csv, .json or .jsonl: id, reviewer, answer.")
    ],
    *,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="None of these votes was cast by a person.")
    ] = False,
    note: Annotated[str, typer.Option(help="Where they come from; kept with them.")] = "",
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Add the votes of a file. A vote that is there already is not added again."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    added = errata.Audit.open(audit).add_votes(
        file, kind="simulated" if simulated else "imported", note=note
    )
    payload = added.to_dict()
    printer.facts(payload, table=payload | {"refused": len(added.refused)})
    if added.refused:
        listed = "\n".join(added.refused)
        raise VoteError(f"{len(added.refused):,} votes were refused, the others are in:\n{listed}")
    printer.next("verdicts", audit)


@app.command()
def export(
    audit: AuditFolder,
    *,
    format: FormatOption = "csv",
    quiet: QuietOption = False,
) -> None:
    """Print every vote that counts, in the form that `errata votes import` reads."""
    import errata
    from errata.exchange.votes import COLUMNS, in_cells

    printer = Printer(format=format, quiet=quiet)
    rows = [vote.to_dict() for vote in errata.Audit.open(audit).votes()]
    printer.show(rows, [in_cells(row) for row in rows], columns=COLUMNS)
    printer.say(f"{len(rows):,} votes.")
