"""`errata audit`: from a data set to the page on which its labels are checked, in one line."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.opening import Opening, say_left_out, steps
from errata.cli.options import (
    BrowserOption,
    DeviceOption,
    EpochsOption,
    FeaturesOption,
    FoldsOption,
    FormatOption,
    GroupOption,
    LabelOption,
    LeaveOutOption,
    ModelOption,
    PathOption,
    PortOption,
    PretrainOption,
    QuietOption,
    SeedOption,
    SetOption,
    TextOption,
)
from errata.cli.output import Printer
from errata.review import PORT


def audit(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="A folder of class folders, a table, an array, hf:owner/name; or, with --set, the "
            "folder of a published set.",
        ),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="The audit's folder; without it, NAME-audit beside PATH.")
    ] = None,
    published: SetOption = None,
    part: Annotated[str | None, typer.Option(help="The part to audit: test, train, all.")] = None,
    label: LabelOption = None,
    text: TextOption = None,
    path: PathOption = None,
    features: FeaturesOption = None,
    group: GroupOption = None,
    leave_out: LeaveOutOption = False,
    model: ModelOption = None,
    device: DeviceOption = None,
    epochs: EpochsOption = None,
    folds: FoldsOption = 5,
    pretrain: PretrainOption = None,
    seed: SeedOption = 0,
    votes: Annotated[int, typer.Option(min=1, help="Votes wanted for each candidate.")] = 1,
    threshold: Annotated[
        int | None,
        typer.Option(min=1, help="Votes for one answer that make a verdict; else more than half."),
    ] = None,
    review: Annotated[bool, typer.Option(help="Serve the review page when all is ready.")] = True,
    port: PortOption = PORT,
    browser: BrowserOption = True,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Find the labels of a data set that are probably wrong, and open the page to check them.

    It makes an audit, predicts, finds and plans. Run again, it goes on where it was, and opens the
    page when all is done.
    """
    from errata.auditing import audit_dataset, begin_audit
    from errata.predict.named import default_model, named_model
    from errata.store.place import is_audit

    printer = Printer(format=format, quiet=quiet)
    opening = Opening(
        source=source,
        published=published,
        label=label,
        text=text,
        path=path,
        features=features,
        group=group,
        leave_out=leave_out,
    )
    if model is not None:
        named_model(model, device=device, epochs=epochs)  # before anything is read
    data, more = opening.open(part), opening.open(pretrain) if pretrain else None
    place = out or _beside(source, published or data.name)
    chosen = model or default_model(data)
    goes = "goes on" if is_audit(place) else "will be"
    what = f"{len(data):,} {data.kind} in {len(data.classes)} classes"
    printer.say(f"{what}; the audit {goes} in {place}")
    with printer.progress(f"Reading the {data.kind}") as bar:
        _, left_out = begin_audit(data, place, leave_out=leave_out, progress=bar)
    with printer.progress(f"Predicting with {chosen}") as bar:
        found = audit_dataset(
            data,
            place,
            model=named_model(chosen, device=device, epochs=epochs),
            folds=folds,
            seed=seed,
            pretrain=more,
            votes=votes,
            threshold=threshold,
            leave_out=leave_out,
            progress=steps(bar),
        )
    say_left_out(printer, left_out)
    plain = found.to_dict()
    printer.facts(plain, table={key.replace("_", " "): value for key, value in plain.items()})
    if not found.run.flagged:
        printer.say("No label looks wrong to this model, so there is nothing to check.")
    elif review:
        from errata.review.app import serve

        serve(found.audit, port=port, open_browser=browser)
        printer.next("verdicts", place)
    else:
        printer.next("review", place)


def _beside(source: str, name: str) -> Path:
    """Return the folder ``NAME-audit`` beside the data, or here where it lies elsewhere."""
    here = source.startswith("hf:")
    where = Path(source)
    if where.name in ("", ".."):  # the folder we are in, or one above: its name is not in its path
        where = where.resolve()
    return (Path() if here else where.parent) / f"{Path(name).name}-audit"
