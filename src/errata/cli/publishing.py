"""What leaves the audit: `errata release`, `verify`, `diff`, `compare` and `report`."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import (
    AuditFolder,
    ConsensusOption,
    FormatOption,
    LeastOption,
    QuietOption,
    ReleaseFolder,
    ThresholdOption,
)
from errata.cli.output import Printer


def release(
    audit: AuditFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    *,
    threshold: ThresholdOption = None,
    consensus: ConsensusOption = "threshold",
    least: LeastOption = None,
    version: Annotated[
        str | None,
        typer.Option(help="Such as 2.0.0; without it 1.0.0, or the next after --previous."),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(metavar="RELEASE", help="The release before this: what changed is told."),
    ] = None,
    description: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Licence, source, authors and the like."),
    ] = None,
    hashes: Annotated[
        bool, typer.Option(help="Read every example, for the SHA-256 by which others find theirs.")
    ] = True,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Write the corrected test set to a new folder, immutable and hashed.

    It holds labels for every threshold and policy, votes, changes, and cards.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    opened = errata.Audit.open(audit)
    with printer.progress("Reading examples") as progress:
        made = opened.release(
            out,
            threshold=threshold,
            consensus=consensus,
            least=least,
            version=version,
            previous=previous,
            description=description,
            hashes=hashes,
            progress=progress,
        )
    table = {"release": str(made.path), "version": made.version, **made.counts}
    printer.facts(made.to_dict(), table=table)
    waiting = made.counts["open"] + made.counts["unreviewed"]
    if waiting:
        printer.say(
            f"Without a verdict: {waiting:,} of {made.counts['candidates']:,} candidates. This "
            "release keeps their given labels, as if nobody had doubted them; release again once "
            "they are decided."
        )
    printer.say(*made.notices, *made.sentences())
    if description is None:
        printer.say(
            "No licence, source or authors are named in this release: --description FILE.toml does."
        )
    printer.next("compare", audit, "PREDICTIONS")


def verify(
    release: ReleaseFolder,
    *,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Check that nothing in a release has changed, and that its labels follow from its votes.

    Exit code 1 if anything is wrong.
    """
    import errata

    found = errata.verify_release(release)
    rows = [{"problem": problem} for problem in found.problems]
    printer = Printer(format=format, quiet=quiet)
    if format == "csv":
        printer.show(found.to_dict(), rows, columns=("problem",))
    else:
        printer.text(found.to_dict(), rows, repr(found))
    if not found.sound:
        raise typer.Exit(1)


def diff(
    old: ReleaseFolder,
    new: Annotated[
        Path, typer.Argument(metavar="RELEASE", help="A later release of the same test set.")
    ],
    *,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Say what changed from one release of a test set to another."""
    import errata

    found = errata.diff_releases(old, new)
    printer = Printer(format=format, quiet=quiet)
    if format == "csv":
        columns = ("file", "index", "id", "before", "after", "verdict_before", "verdict_after")
        printer.show(found.to_dict(), found.rows(), columns=columns)
    else:
        printer.text(found.to_dict(), found.rows(), repr(found))


def compare(
    audit: AuditFolder,
    predictions: Annotated[
        Path | None,
        typer.Argument(
            metavar="PREDICTIONS",
            help="What the models answered: .npz, .npy, .csv or a folder. Without it, what was "
            "compared last, or else what `errata find --predictions` took.",
        ),
    ] = None,
    *,
    threshold: ThresholdOption = None,
    consensus: ConsensusOption = "threshold",
    least: LeastOption = None,
    confidence: Annotated[
        float, typer.Option(help="Of intervals, ranks and decided pairs, such as 0.95.")
    ] = 0.95,
    this_set: Annotated[
        bool,
        typer.Option(
            "--this-set",
            help="Be sure of this test set alone, not of others of its kind: what is not known is "
            "which of its unchecked labels are wrong.",
        ),
    ] = False,
    details: Annotated[
        bool,
        typer.Option(
            "--details",
            help="Show more than the first screen: each set, kinship, all neighbours, other ways "
            "of counting. JSON holds everything.",
        ),
    ] = False,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Compare models on given and on corrected labels, and say how sure their ranks are."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    opened = errata.Audit.open(audit)
    compared = opened.compare(
        predictions,
        threshold=threshold,
        consensus=consensus,
        least=least,
        confidence=confidence,
        population=not this_set,
    )
    if predictions is None:
        names = ", ".join(each.model for each in compared.models)
        printer.say(f"Compared by the predictions that the audit holds: {names}.", "")
    text = compared.details() if details else repr(compared)
    printer.text(compared.to_dict(), compared.rows(), text)
    if format != "table" and compared.kinship and (warning := compared.kinship.warning()):
        printer.say(warning)
    if format == "table" and not details:
        printer.say("More: --details, or everything: --format json")
    printer.say(*opened.notices)
    printer.next("report", audit, "OUT.html")


def report(
    audit: AuditFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="The page to write.")],
    *,
    threshold: ThresholdOption = None,
    consensus: ConsensusOption = "threshold",
    least: LeastOption = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Write one page to look at."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    opened = errata.Audit.open(audit)
    path = opened.report(out, threshold=threshold, consensus=consensus, least=least)
    printer.text({"report": str(path)}, [{"report": str(path)}], str(path))
