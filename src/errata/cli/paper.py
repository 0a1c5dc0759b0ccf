"""`errata paper`: the audits of the paper, from its published data."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import FormatOption, QuietOption
from errata.cli.output import Printer

app = typer.Typer(
    name="paper", no_args_is_help=True, rich_markup_mode=None, help="The paper's published audits."
)
audit = typer.Typer(
    name="audit", no_args_is_help=True, rich_markup_mode=None, help="Make an audit of them."
)
app.add_typer(audit)


@audit.callback()
def _group() -> None:
    """Make an audit of published labels, probabilities and votes."""


@audit.command()
def cifar10(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The audit's folder, new.")],
    *,
    data: Annotated[Path, typer.Option(envvar="ERRATA_DATA", help="The folder of published data.")],
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Make the CIFAR-10 audit: labels, votes, pictures and 13 models."""
    from errata.paper.cifar10 import audit_cifar10

    printer = Printer(format=format, quiet=quiet)
    with printer.progress("Finding") as progress:
        made = audit_cifar10(data, out, progress=progress)
    verdicts = made.verdicts()
    facts = {"audit": str(out), "name": made.name, "candidates": len(verdicts)} | verdicts.counts
    printer.facts(facts)
    printer.say(*made.notices)
    printer.next("report", out, "OUT.html")


@app.command()
def fetch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of data.")],
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Only these, as laid out: 'models/*'; may be repeated."),
    ] = None,
    large: Annotated[bool, typer.Option("--large", help="The large files too.")] = False,
    base_url: Annotated[
        str | None, typer.Option(envvar="ERRATA_PAPER_URL", help="A mirror of the public origins.")
    ] = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Download the published data, check every file, and lay it out for the other commands.

    What is there already is not fetched again; what was cut goes on where it stopped.
    """
    from errata.paper.fetch import fetch as fetch_published

    printer = Printer(format=format, quiet=quiet)
    with printer.progress("Fetching") as progress:
        fetched = fetch_published(
            folder, only=only or (), large=large, base_url=base_url, progress=progress
        )
    printer.facts(fetched.to_dict(), table={**fetched.to_dict(), "left_out": None})
    printer.say(*fetched.left_out)
