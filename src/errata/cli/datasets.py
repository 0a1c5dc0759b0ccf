"""`errata datasets`: the published data sets that can be opened by name."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from errata.cli.options import FormatOption, QuietOption
from errata.cli.output import Printer
from errata.errors import unknown_name

if TYPE_CHECKING:
    from errata.datasets.base import Published


def datasets(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="One of them: what to download, and where to put it."
        ),
    ] = None,
    *,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """List the published data sets that are known; with a name, tell how to get that one.

    Nothing is downloaded.
    """
    from errata.datasets.registry import PUBLISHED

    printer = Printer(format=format, quiet=quiet)
    if name is not None:
        if name not in PUBLISHED:
            raise unknown_name("data set", name, PUBLISHED)
        published = PUBLISHED[name]
        printer.facts(_all(published), table=_for_eyes(published))
        printer.say(f'In Python: errata.open_dataset("{name}", folder=FOLDER)')
        return
    rows = [_known(published) for published in PUBLISHED.values()]
    columns = ("name", "title", "kind", "examples", "classes", "licence")
    printer.show({"datasets": rows}, rows, columns=columns)
    printer.next("datasets", "NAME")


def _known(published: "Published") -> dict[str, Any]:
    return {
        "name": published.name,
        "title": published.title,
        "kind": published.kind,
        "examples": dict(published.examples),
        "classes": published.classes,
        "licence": published.licence,
    }


def _all(published: "Published") -> dict[str, Any]:
    return _known(published) | {
        "citation": published.citation,
        "download": list(published.download),
        "layout": published.layout.splitlines(),
    }


def _for_eyes(published: "Published") -> dict[str, Any]:
    """Return the facts, with the files a line each under the folder that holds them."""
    inside = [f"  {line}" for line in published.layout.splitlines()]
    return _all(published) | {
        "download": "\n".join(published.download),
        "layout": "\n".join(["FOLDER/", *inside]),
    }
