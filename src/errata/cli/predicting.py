"""`errata predict`: out-of-sample probabilities of a data set, by cross-validation."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from errata.cli.options import FormatOption, QuietOption
from errata.cli.output import Printer
from errata.errors import FileError

if TYPE_CHECKING:
    from errata.datasets.base import Dataset
    from errata.predict.base import Step
    from errata.predict.crossval import OutOfSample
    from errata.predict.duplicates import Duplicates


def predict(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="A folder of class folders, a table, an array, hf:owner/name; or, with --set, the "
            "folder of a published set.",
        ),
    ],
    *,
    published: Annotated[
        str | None, typer.Option("--set", help="The published set that lies there, such as mnist.")
    ] = None,
    part: Annotated[str | None, typer.Option(help="The part to predict: test, train, all.")] = None,
    label: Annotated[str | None, typer.Option(help="The column of the labels in a table.")] = None,
    text: Annotated[str | None, typer.Option(help="The column of the texts.")] = None,
    path: Annotated[str | None, typer.Option(help="The column of paths of files.")] = None,
    features: Annotated[
        list[str] | None, typer.Option(help="A column of numbers; give it for each.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="The column of what must stay in one fold.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A model by name; without it, one for this kind of example.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="How many folds.")] = 5,
    duplicates: Annotated[
        str,
        typer.Option(
            help="together: find those that are the same, or nearly, and keep them in one fold; or "
            "ignore."
        ),
    ] = "together",
    pretrain: Annotated[
        str | None, typer.Option(help="The part to learn from first, such as train.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is by chance.")] = 0,
    temperature: Annotated[
        bool, typer.Option("--temperature", help="Scale the confidence of each fold.")
    ] = False,
    leave_out: Annotated[
        bool,
        typer.Option("--leave-out", help="Leave out examples that cannot be read, and list them."),
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(help="Keep checkpoints in this folder, and go on from them.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where to write; labels, classes, ids and record lie beside it.")
    ] = Path("probs.npy"),
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Predict every example by a model that has not seen it, and write the probabilities."""
    from errata.datasets.own import open_dataset
    from errata.predict.crossval import cross_val_probs
    from errata.predict.named import default_model
    from errata.predict.together import as_handling

    printer = Printer(format=format, quiet=quiet)
    files = _files(out)
    handling = as_handling(duplicates)

    def opened(wanted: str | None) -> "Dataset":
        choices: dict[str, Any] = {
            "part": wanted,
            "on_damage": "leave out" if leave_out else "stop",
        }
        if published is not None:
            return open_dataset(published, folder=source, **choices)
        columns: dict[str, Any] = {"label": label, "text": text, "path": path, "group": group}
        return open_dataset(source, features=features or None, **columns, **choices)

    data, more = opened(part), opened(pretrain) if pretrain else None
    if leave_out:
        data, more = data.without_damage(), more and more.without_damage()
    named = model or default_model(data)
    same = _duplicates(data, printer) if handling == "together" else handling
    with printer.progress(f"Predicting with {named}") as bar:
        found = cross_val_probs(
            named,
            data,
            folds=folds,
            duplicates=same,
            pretrain=more,
            seed=seed,
            temperature=temperature,
            resume=resume,
            progress=_steps(bar),
        )
    _write(out, files, data, found)
    for left in data.left_out:
        printer.say(f"left out: {left.where}: {left.why}")
    printer.facts(
        {
            "examples": len(data),
            "classes": len(data.classes),
            "model": named,
            "folds": folds,
            "accuracy": round(found.quality.accuracy, 4),
            "training accuracy": round(found.train_accuracy, 4),
            "log-loss": round(found.quality.log_loss, 4),
            "calibration error": round(found.quality.calibration_error, 4),
            "probabilities": str(out),
        }
    )
    labels, classes = (str(files[name]) for name in ("labels", "classes"))
    printer.next("find", "--labels", labels, "--probs", out, "--classes", classes)


def _duplicates(data: "Dataset", printer: Printer) -> "Duplicates":
    from errata.predict.duplicates import find_duplicates

    with printer.progress("Looking for duplicates") as bar:
        return find_duplicates(data, progress=bar)


def _steps(bar: "Callable[[int, int], None] | None") -> "Callable[[Step], None] | None":
    """Return what hands steps of folds to a bar, in thousandths of a fold."""
    if bar is None:
        return None
    return lambda step: bar(round(1000 * (step.fold + step.share)), 1000 * step.folds)


def _files(out: Path) -> dict[str, Path]:
    """Return what is written beside the probabilities; refuse, before hours are spent, what cannot.

    Earlier probabilities, which have a record beside them, are replaced, and nothing else.
    """
    if out.suffix != ".npy":
        raise FileError(f"Probabilities are written as an array: name {out.stem}.npy, not {out}.")
    if not out.parent.is_dir():
        raise FileError(
            f"The folder {out.parent} does not exist. Make it, or name another (--out)."
        )
    endings = {"labels": ".npy", "classes": ".json", "ids": ".json", "record": ".json"}
    beside = {name: out.with_name(f"{out.stem}.{name}{end}") for name, end in endings.items()}
    if not beside["record"].exists():
        for path in (out, *beside.values()):
            if path.exists():
                raise FileError(
                    f"{path} is there already, and no earlier run of predict wrote it. Name "
                    "another file (--out)."
                )
    return beside


def _write(out: Path, beside: dict[str, Path], data: "Dataset", found: "OutOfSample") -> None:
    """Write the probabilities, and beside them what belongs to their rows and columns."""
    import numpy as np

    try:
        np.save(out, found.probs)
        np.save(beside["labels"], data.labels)
        _write_json(beside["classes"], data.classes)
        _write_json(beside["ids"], list(data.ids))
        _write_json(beside["record"], found.record)
    except OSError as error:
        raise FileError(
            f"{out} cannot be written: {error.strerror}. Free some room, or name another (--out)."
        ) from None


def _write_json(path: Path, value: Sequence[str] | object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
