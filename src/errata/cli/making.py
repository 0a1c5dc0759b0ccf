"""`errata init` and `errata plan`: make an audit, decide which examples are sent for checking."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from errata.cli.options import AuditFolder, FormatOption, QuietOption
from errata.cli.output import Printer
from errata.errors import AuditError, InputError
from errata.words import WIDTH

if TYPE_CHECKING:
    from errata.datasets.media import Media


def init(
    audit: Annotated[Path, typer.Argument(metavar="AUDIT", help="The folder to make.")],
    *,
    labels: Annotated[
        Path,
        typer.Option(
            help="Given labels: .npy or .json, one an example; of several, .json or a matrix."
        ),
    ],
    probs: Annotated[
        Path | None,
        typer.Option(help="Out-of-sample probabilities: .npy. Without them, predict makes some."),
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Class names: a .json list, or text with a name a line.")
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(help="Ids of the examples: .json, .csv, .npy or text.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Pictures: an array (.npy), or a folder or .zip with --files."),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(help="A .json list: the file of each example in --images or --sounds."),
    ] = None,
    texts: Annotated[Path | None, typer.Option(help="Texts: .json, .csv or text.")] = None,
    sounds: Annotated[
        Path | None, typer.Option(help="A folder of sounds, with --files: .wav, .flac, .ogg, .mp3.")
    ] = None,
    features: Annotated[Path | None, typer.Option(help="Rows of numbers: .npy.")] = None,
    groups: Annotated[
        Path | None,
        typer.Option(
            help="A number or name for each example: equal ones stay in one fold. As --ids."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the audit is called.")] = None,
    multilabel: Annotated[
        bool,
        typer.Option(
            "--multilabel", help="Examples may have several labels, even if each has one here."
        ),
    ] = False,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="postgresql://HOST:PORT/DBNAME: keep votes there, for several review servers.",
        ),
    ] = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Make an audit, a folder, of labels and probabilities.

    Without --probs `errata predict` makes them, or candidates come from elsewhere; --classes is
    needed then. Files stay where they are and are referred to by path and SHA-256. With --images,
    --texts, --sounds or --features reviewers are shown the examples, and models can learn from
    them.
    """
    import errata
    from errata.exchange.lists import read_ids, read_list
    from errata.store.place import is_audit

    printer = Printer(format=format, quiet=quiet)
    if is_audit(audit):
        raise AuditError(
            f"There is an audit at {audit} already, and nothing was changed. Go on with it, as by "
            "`errata find AUDIT`, or name another folder."
        )
    media = _media(images, files, texts, sounds, features)
    if isinstance(media, errata.Images):  # a broken one is told of now, not by a reviewer
        with printer.progress("Looking at the pictures") as bar:
            media.check_formats(bar)
    made = errata.Audit.create(
        audit,
        labels=labels,
        probs=probs,
        classes=read_list(classes) if classes else None,
        ids=read_ids(ids) if ids else None,
        media=media,
        groups=read_list(groups) if groups else None,
        name=name,
        multilabel=multilabel,
        database=database,
    )
    printer.facts(
        {"audit": str(audit), "name": made.name, "examples": made.n, "classes": len(made.classes)}
    )
    if probs is not None:
        printer.next("find", audit)
    elif {images, texts, sounds, features} != {None} and not made.multilabel:
        printer.next("predict", audit)
    else:
        printer.next("candidates", "import", audit, "FILE", "--flagger", "NAME")


def _media(
    images: Path | None,
    files: Path | None,
    texts: Path | None,
    sounds: Path | None,
    features: Path | None,
) -> "Media | None":
    from errata.datasets.media import Features, Images, Sounds, Texts
    from errata.exchange.lists import read_list

    if sum(given is not None for given in (images, texts, sounds, features)) > 1:
        raise InputError("Give one of --images, --texts, --sounds and --features.")
    in_files = sounds is not None or (images is not None and images.suffix != ".npy")
    if (files is not None) != in_files:
        raise InputError(
            "--files names the file of each example in a folder or .zip given as --images, or in a "
            "folder given as --sounds: give both, or --images with an array (.npy) alone."
        )
    listed = [] if files is None else [str(name) for name in read_list(files)]
    for place, name in enumerate(listed):
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise InputError(
                f"The file {name!r} (number {place + 1} of --files) is outside the folder. Names "
                "in it were expected, such as cats/1.png: give the folder above all files, and "
                "their names from there."
            )
    if sounds is not None and files is not None:
        return Sounds([sounds / name for name in listed])
    if images is not None and files is not None:
        if images.is_dir():
            return Images(files=[images / name for name in listed])
        return Images(files=listed, archive=images)
    if images is not None:
        return Images(images)
    if texts is not None:
        return Texts(read_list(texts))
    return None if features is None else Features(features)


def plan(
    audit: AuditFolder,
    *,
    goal: Annotated[
        str | None,
        typer.Option(
            help="errors: the candidates, worst first; rate: a sample of all examples, to tell "
            "how many labels are wrong; ranking: one that tells models apart.",
            show_default="errors; with --continue, as the plan before",
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="At most this many examples.",
            show_default="of errors all candidates, else 500",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of what chance draws.", show_default="the audit's own")
    ] = None,
    votes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Votes wanted for each candidate.",
            show_default="as the plan before, at first 5",
        ),
    ] = None,
    threshold: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Votes for one answer that make a verdict.",
            show_default="as the plan before, at first 3",
        ),
    ] = None,
    stopping: Annotated[
        str | None,
        typer.Option(
            help="exact: stop asking once no further vote can change the verdict; off: ask for "
            "all votes.",
            show_default="as the plan before, at first off",
        ),
    ] = None,
    full_share: Annotated[
        float | None,
        typer.Option(
            help="With exact stopping, ask so many for all votes nevertheless.",
            show_default="as the plan before, at first 0.05",
        ),
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(
            help="pair: is the given or the suggested label right; pooled: which one of all "
            "suggested ones; choice: which class. All plans of an audit ask the same.",
            show_default="that of the plan before, at first pair",
        ),
    ] = None,
    options: Annotated[
        str | None,
        typer.Option(
            metavar="N|all", help="Of choice: so many classes to choose from; all of them."
        ),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(help="Of pooled and choice: an answer that is no class; may be repeated."),
    ] = None,
    continued: Annotated[
        bool,
        typer.Option(
            "--continue",
            help="Plan more only if the votes so far say that it is of use: see --within.",
        ),
    ] = False,
    within: Annotated[
        float | None,
        typer.Option(
            help="With --continue, of rate: until the interval is this far either way, a share "
            "such as 0.01."
        ),
    ] = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Say which examples are checked, by how many votes, and what is asked."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    made = errata.Audit.open(audit).plan(
        goal=goal,
        budget=budget,
        seed=seed,
        votes=votes,
        threshold=threshold,
        stopping=stopping,
        full_share=full_share,
        question=question,
        options=int(options) if options is not None and options.isdecimal() else options,
        extra=extra or (),
        continued=continued,
        within=within,
    )
    told = made.to_dict()
    if made.outlook and format == "table":
        printer.text(told, [told], textwrap.fill(made.outlook, WIDTH))
    if made.added or not made.outlook or format != "table":
        share = made.full_share if made.stopping == "exact" else None
        printer.facts(told, table={**told, "full_share": share, "enough": None, "outlook": None})
    if made.enough:
        printer.next("report", audit, "OUT.html")
        return
    printer.say("Votes from elsewhere: errata votes import AUDIT FILE")
    printer.next("review", audit)
