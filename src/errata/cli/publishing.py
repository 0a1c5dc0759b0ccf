"""`errata release`, `errata compare` and `errata report`: what leaves the audit."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import (
    AuditFolder,
    ConsensusOption,
    FormatOption,
    LeastOption,
    QuietOption,
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
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Write the corrected test set to a new folder.

    It holds a Parquet of all examples, a manifest with hashes, and a README.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    opened = errata.Audit.open(audit)
    made = opened.release(out, threshold=threshold, consensus=consensus, least=least)
    table = {"release": str(made.path), "version": made.version, **made.counts}
    printer.facts(made.to_dict(), table=table)
    waiting = made.counts["open"] + made.counts["unreviewed"]
    if waiting:
        printer.say(
            f"Without a verdict: {waiting:,} of {made.counts['candidates']:,} candidates. This "
            "release keeps their given labels, as if nobody had doubted them; release again once "
            "they are decided."
        )
    printer.say(*made.notices)
    printer.next("compare", audit, "PREDICTIONS")


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
