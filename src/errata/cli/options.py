"""The arguments and options that several commands share, said in the same words."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.output import Format

AuditFolder = Annotated[
    Path, typer.Argument(metavar="AUDIT", help="The audit: a folder made by `errata init`.")
]
FormatOption = Annotated[
    Format, typer.Option("--format", help="How the result is printed on stdout.")
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print the result and warnings, nothing else.")
]
ThresholdOption = Annotated[
    int | None,
    typer.Option("--threshold", help="Votes that make a consensus; default: the plan's."),
]
