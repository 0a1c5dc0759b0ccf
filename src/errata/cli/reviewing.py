"""`errata review`, `errata verdicts` and `errata why`: people answer, and what came of it."""

from typing import Annotated

import typer

from errata.cli.options import (
    AuditFolder,
    BrowserOption,
    FormatOption,
    PortOption,
    QuietOption,
    ThresholdOption,
)
from errata.cli.output import Printer


def review(
    audit: AuditFolder,
    *,
    port: PortOption = 8765,
    browser: BrowserOption = True,
    reviewer: Annotated[
        str | None, typer.Option(help="The name that the page proposes to its reviewer.")
    ] = None,
) -> None:
    """Serve the page on which people vote, until Ctrl-C.

    Only this machine can reach it. Stop it at any point: votes are kept as they are cast.
    """
    import errata
    from errata.review.app import serve

    opened = errata.Audit.open(audit)
    opened.verdicts()  # says what to do where there is no plan, hence nothing to ask
    serve(opened, port=port, open_browser=browser, reviewer=reviewer)


def verdicts(
    audit: AuditFolder,
    *,
    threshold: ThresholdOption = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Say what the votes come to.

    The table counts the verdicts; CSV and JSON hold every candidate.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    found = errata.Audit.open(audit).verdicts(threshold=threshold)
    counts = found.counts | {"open": found.open, "no vote yet": found.unreviewed}
    table = [{"verdict": verdict, "candidates": count} for verdict, count in counts.items()]
    printer.show(found.to_dict(), found.rows(), table=table, columns=found.columns)
    printer.say(*found.notices)
    printer.next(*(["release", audit, "OUT"] if len(found) else ["review", audit]))


def why(
    audit: AuditFolder,
    example: Annotated[str, typer.Argument(metavar="EXAMPLE", help="The id of an example.")],
    *,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Tell the whole story of one label, from scores to release."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    story = errata.Audit.open(audit).why(example)
    printer.text(story.to_dict(), story.rows(), repr(story))
