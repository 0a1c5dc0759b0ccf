"""`errata site`: the pages of one or more audits, to be put where others can see them."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import FormatOption, QuietOption
from errata.cli.output import Printer
from errata.errors import InputError


def site(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="AUDIT... OUT", help="One audit or more, and the folder of the site."
        ),
    ],
    *,
    media: Annotated[
        bool,
        typer.Option(
            help="Pictures, texts and sounds; leave them out where their licence forbids it."
        ),
    ] = True,
    originals: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="The address of an original, to link to: https://example.org/{id}.jpg; {index}, "
            "{given} and {path}, that of its file, may be in it, too.",
        ),
    ] = None,
    report_to: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Where readers report mistakes: a mailbox, or a page."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Show so many of an audit's candidates, the worst first.")
    ] = 100_000,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Write pages to browse what was found, for everybody.

    They work from a file, from any web host and offline. An earlier site at OUT is replaced.
    """
    import errata

    *audits, out = folders
    if not audits:
        raise InputError(
            f"One folder was named, {out}; an audit or more, and then the folder of the site, were "
            "expected: errata site AUDIT OUT."
        )
    printer = Printer(format=format, quiet=quiet)
    opened = [errata.Audit.open(audit) for audit in audits]
    with printer.progress("Building") as progress:
        errata.build_site(
            opened,
            out,
            media=media,
            originals=originals,
            report_to=report_to,
            limit=limit,
            progress=progress,
        )
    page = out / "index.html"
    files = [file for file in out.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    facts = {"site": str(page), "audits": len(opened), "files": len(files), "bytes": size}
    printer.facts(facts)
    printer.say(*dict.fromkeys(notice for audit in opened for notice in audit.notices))
