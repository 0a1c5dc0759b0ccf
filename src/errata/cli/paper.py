"""`errata paper`: the paper, rebuilt from its published data."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import FormatOption, QuietOption
from errata.cli.output import Printer
from errata.errors import FileError

app = typer.Typer(name="paper", rich_markup_mode=None)

DataOption = Annotated[
    Path | None,
    typer.Option(
        envvar="ERRATA_DATA", help="The folder of published data that `paper fetch` fills."
    ),
]


def _data(folder: Path | None) -> Path:
    if folder is not None and (folder / "label_errors").is_dir():
        return folder
    found = "No folder of published data is named" if folder is None else f"{folder} holds none"
    raise FileError(
        f"{found}. `errata paper fetch DATA` downloads the paper's published votes, labels, "
        "probabilities and predictions into a folder DATA; then add --data DATA (or set "
        "ERRATA_DATA)."
    )


@app.callback(invoke_without_command=True)
def paper(
    context: typer.Context,
    *,
    data: DataOption = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for the page, its charts and tables.")
    ] = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Rebuild the paper's tables and figures from its published data.

    Our figure stands beside the paper's in every cell; where the two differ, the reason is told.
    """
    context.obj = data
    if context.invoked_subcommand is not None:
        return
    from errata.paper import telling
    from errata.paper.rebuild import rebuild

    printer = Printer(format=format, quiet=quiet)
    if out is not None:
        from errata.store.files import check_replaceable

        check_replaceable(out / "index.html", "The page", _is_page)
    with printer.progress("Rebuilding the paper") as progress:
        rebuilt = rebuild(_data(data), progress=progress)
    if out is not None:
        from errata.paper.page import write

        with printer.progress("Drawing its figures") as progress:
            page = write(rebuilt, out, progress=progress)
        printer.say(f"Look at {page}")
    cells = [cell.to_dict() | {"equal": cell.equal} for cell in rebuilt.ledger.cells]
    printer.sections(rebuilt.to_dict(), cells, telling.sections(rebuilt))
    printer.say(telling.LEGEND, telling.verdict(rebuilt))
    if rebuilt.ledger.unexplained:
        printer.say(*(f"No reason is known: {cell.where}." for cell in rebuilt.ledger.unexplained))
        raise typer.Exit(1)


def _is_page(path: Path) -> bool:
    """Tell whether a file is a page of the rebuilt paper."""
    with path.open("rb") as file:
        head = file.read(4096)
    return b'content="errata">' in head and b"<title>Pervasive label errors, rebuilt" in head


@app.command()
def audit(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="SET",
            help="mnist, cifar10, cifar100, caltech256, imagenet, quickdraw, 20news, imdb, amazon "
            "or audioset.",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The audit's folder, new.")],
    *,
    data: DataOption = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Make the study's audit of one set: candidates, votes, models, and what there is to see."""
    from errata.paper.audits import make_audit

    printer = Printer(format=format, quiet=quiet)
    with printer.progress("Finding") as progress:
        made = make_audit(name, _data(data or context.obj), out, progress=progress)
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
    if not only:
        printer.next("paper", "--data", folder)
