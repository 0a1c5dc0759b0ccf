"""The arguments and options that several commands share, said in the same words."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.output import Format

AuditFolder = Annotated[
    Path, typer.Argument(metavar="AUDIT", help="The audit: a folder made by `errata init`.")
]
ReleaseFolder = Annotated[
    Path, typer.Argument(metavar="RELEASE", help="A folder made by `errata release`.")
]
FormatOption = Annotated[
    Format, typer.Option("--format", help="How the result is printed on stdout.")
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print the result and warnings, nothing else.")
]
NamesOption = Annotated[
    bool,
    typer.Option("--names", help="Names of people in CSV and JSON, too, in place of pseudonyms."),
]
ThresholdOption = Annotated[
    int | None,
    typer.Option("--threshold", help="Votes that make a consensus; default: the plan's."),
]
ConsensusOption = Annotated[
    str,
    typer.Option(
        help="threshold: count the votes; or a model that weighs them: one_coin, dawid_skene, "
        "glad, crowdlab."
    ),
]
LeastOption = Annotated[
    float | None,
    typer.Option(help="Least probability of a model's verdict; default: 0.9, of crowdlab 0.5."),
]
PortOption = Annotated[
    int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")
]
BrowserOption = Annotated[bool, typer.Option(help="Open the page in the browser.")]

# Of a data set, and how it is cross-validated.

SetOption = Annotated[
    str | None, typer.Option("--set", help="The published set that lies there, such as mnist.")
]
LabelOption = Annotated[str | None, typer.Option(help="The column of the labels in a table.")]
TextOption = Annotated[str | None, typer.Option(help="The column of the texts.")]
PathOption = Annotated[str | None, typer.Option(help="The column of paths of files.")]
FeaturesOption = Annotated[
    list[str] | None, typer.Option(help="A column of numbers; give it for each.")
]
GroupOption = Annotated[str | None, typer.Option(help="The column of what must stay in one fold.")]
LeaveOutOption = Annotated[
    bool,
    typer.Option("--leave-out", help="Leave out examples that cannot be read, and list them."),
]
ModelOption = Annotated[
    str | None, typer.Option(help="A model by name; without it, one for this kind of example.")
]
DeviceOption = Annotated[
    str | None,
    typer.Option(help="Where a network runs: cuda, mps or cpu; without it, the fastest there is."),
]
EpochsOption = Annotated[
    int | None, typer.Option(min=1, help="How often a network sees each example.")
]
DuplicatesOption = Annotated[
    str,
    typer.Option(
        help="together: find those that are the same, or nearly, and keep them in one fold; or "
        "ignore."
    ),
]
PretrainOption = Annotated[
    str | None, typer.Option(help="The part to learn from first, such as train.")
]
FoldsOption = Annotated[int, typer.Option(min=2, help="How many folds.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Of all that is by chance.")]
