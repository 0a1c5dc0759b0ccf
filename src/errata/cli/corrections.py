"""`errata apply` and `errata push`: a release meets somebody's copy of the data, and the hub."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import FormatOption, LabelOption, QuietOption
from errata.cli.output import Printer

ReleaseArgument = Annotated[
    str, typer.Argument(metavar="RELEASE", help="A folder of `errata release`, or OWNER/NAME.")
]


def apply(
    release: ReleaseArgument,
    dataset: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET",
            help="Your copy: a folder of class folders, or .csv, .tsv, .json, .jsonl, .parquet.",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder, or the file, to make.")],
    *,
    threshold: Annotated[
        int | None, typer.Option(help="Votes that make a verdict; default: the release's.")
    ] = None,
    policy: Annotated[
        str, typer.Option(help="drop_ambiguous, keep_given or multi_label.")
    ] = "drop_ambiguous",
    by: Annotated[
        str | None,
        typer.Option(help="What examples are found by: id, path, sha256 or index; default: tried."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The column of a table that holds the id, path, ...")
    ] = None,
    label: LabelOption = None,
    column: Annotated[str, typer.Option(help="What the new column is called.")] = "corrected",
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the corrected labels in the given ones' place.")
    ] = False,
    part: Annotated[
        str | None, typer.Option(help="Of a folder with folders of parts, such as test.")
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Make hard links in place of copies.")
    ] = False,
    others: Annotated[
        str, typer.Option(help="Examples that are not in the release: stop, keep or 'leave out'.")
    ] = "stop",
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Write a corrected copy of your data: each file in the folder of its class, or a new column.

    Nothing is written where your labels are not those that were audited.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    made = errata.apply_release(
        release,
        dataset,
        out,
        threshold=threshold,
        policy=policy,
        by=by,
        key=key,
        label=label,
        column=column,
        replace=replace,
        part=part,
        link=link,
        others=others,  # type: ignore[arg-type]
    )
    payload = made.to_dict()
    printer.facts(payload, table=payload | {"changes": len(made.changes), "notices": None})
    printer.say(*made.notices)


def push(
    release: Annotated[
        Path, typer.Argument(metavar="RELEASE", help="A folder of `errata release`.")
    ],
    repo: Annotated[
        str, typer.Argument(metavar="OWNER/NAME", help="The data set on the hub, made if need be.")
    ],
    *,
    private: Annotated[
        bool, typer.Option("--private", help="A data set that is made is not for everybody.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(help="Best left out: HF_TOKEN, or what `hf auth login` keeps, is not shown."),
    ] = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Send a release to the hub of Hugging Face; its version is a tag there."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    made = errata.push_release(release, repo, private=private, token=token)
    printer.facts(made.to_dict())
    if made.already_there:
        printer.say("It was there already: nothing was sent.")
