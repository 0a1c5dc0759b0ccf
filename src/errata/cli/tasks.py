"""`errata tasks export`: what reviewers are asked, for another tool to ask."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import AuditFolder, FormatOption, QuietOption
from errata.cli.output import Printer

app = typer.Typer(
    name="tasks", no_args_is_help=True, rich_markup_mode=None, help="Tasks for other tools."
)


@app.callback()
def tasks() -> None:
    """Tasks for other tools."""  # a command alone would be taken for the whole group


@app.command()
def export(
    audit: AuditFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    *,
    form: Annotated[
        str, typer.Option("--to", help="label-studio, argilla, mturk-csv or csv.")
    ] = "csv",
    media_url: Annotated[
        str, typer.Option(help="Where those who are asked find the folder OUT/media.")
    ] = "media",
    every: Annotated[
        bool, typer.Option("--all", help="Also candidates that need no more votes.")
    ] = False,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Write blind tasks, whose answers `errata votes import` reads."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    opened = errata.Audit.open(audit)
    printer.exported(opened.export_tasks(out, form=form, media_url=media_url, every=every))
    printer.next("votes", "import", audit, "VOTES")
