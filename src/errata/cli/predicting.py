"""`errata predict`: out-of-sample probabilities of a data set or an audit, by cross-validation."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from errata.cli.opening import Opening, say_left_out, steps
from errata.cli.options import (
    DeviceOption,
    DuplicatesOption,
    EpochsOption,
    FeaturesOption,
    FoldsOption,
    FormatOption,
    GroupOption,
    LabelOption,
    LeaveOutOption,
    PathOption,
    PretrainOption,
    QuietOption,
    SeedOption,
    SetOption,
    TextOption,
)
from errata.cli.output import Printer
from errata.errors import FileError, InputError

if TYPE_CHECKING:
    from errata.datasets.base import Dataset
    from errata.predict.comparing import ModelsCompared
    from errata.predict.crossval import OutOfSample
    from errata.predict.duplicates import Duplicates

NOT_WITH_AUDIT = (
    "{} is an audit, which knows its examples and keeps what is predicted and the checkpoints in "
    "its folder: leave out {}."
)


def predict(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DATASET|AUDIT",
            help="A folder of class folders, a table, an array, hf:owner/name; with --set, the "
            "folder of a published set; or an audit, whose own examples are predicted.",
        ),
    ],
    *,
    published: SetOption = None,
    part: Annotated[str | None, typer.Option(help="The part to predict: test, train, all.")] = None,
    label: LabelOption = None,
    text: TextOption = None,
    path: PathOption = None,
    features: FeaturesOption = None,
    group: GroupOption = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A model by name; without it, one for this kind of example. Given for several, "
            "they are compared."
        ),
    ] = None,
    device: DeviceOption = None,
    epochs: EpochsOption = None,
    folds: FoldsOption = 5,
    duplicates: DuplicatesOption = "together",
    pretrain: PretrainOption = None,
    seed: SeedOption = 0,
    temperature: Annotated[
        bool, typer.Option("--temperature", help="Scale the confidence of each fold.")
    ] = False,
    leave_out: LeaveOutOption = False,
    resume: Annotated[
        Path | None, typer.Option(help="Keep checkpoints in this folder, and go on from them.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write, probs.npy without it; labels, classes, ids and record lie "
            "beside it. Of several models, probs.MODEL.npy."
        ),
    ] = None,
    chart: Annotated[
        Path | None,
        typer.Option(help="Draw how sure and how right the models are: .html, .svg or .png."),
    ] = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Predict every example by a model that has not seen it, and write the probabilities.

    Those of an audit go into the audit, where `errata find` takes the best.
    """
    from errata.predict.together import as_handling
    from errata.store.place import is_audit

    printer = Printer(format=format, quiet=quiet)
    names = list(dict.fromkeys(model or []))
    training = {"device": device, "epochs": epochs}
    _check(names, training, chart)
    settings: dict[str, Any] = {
        "folds": folds,
        "duplicates": as_handling(duplicates),
        "seed": seed,
        "temperature": temperature,
    }
    if is_audit(Path(source)):
        others: dict[str, Any] = {
            "--set": published,
            "--part": part,
            "--label": label,
            "--text": text,
        }
        others |= {"--path": path, "--features": features, "--group": group, "--out": out}
        others |= {"--pretrain": pretrain, "--leave-out": leave_out, "--resume": resume}
        given = [name for name, value in others.items() if value]
        if given:
            raise InputError(NOT_WITH_AUDIT.format(source, ", ".join(given)))
        _of_audit(printer, Path(source), names, training=training, settings=settings, chart=chart)
        return
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
    places = _places(out or Path("probs.npy"), names)
    data, more = opening.open(part), opening.open(pretrain) if pretrain else None
    _check_fit(names, training, data, more, folds)
    _check_places(places.values())  # last, as a stray file is the lesser mistake
    if leave_out:
        with printer.progress(f"Reading the {data.kind}") as bar:
            data, more = data.without_damage(bar), more and more.without_damage(bar)
    settings |= {"pretrain": more, "resume": resume}
    _of_dataset(printer, data, places, training=training, settings=settings, chart=chart)


def _check(names: Sequence[str], training: Mapping[str, Any], chart: Path | None) -> None:
    """Refuse, before hours are spent, models that are not there and charts that cannot be drawn."""
    from errata.predict.named import named_model

    for name in names:
        named_model(name, **training)
    if chart is not None:
        from errata.report.charts import chart_form, is_chart
        from errata.store.files import check_replaceable

        chart_form(chart)
        if not chart.parent.is_dir():
            raise FileError(f"The folder {chart.parent} does not exist. Make it, or name another.")
        check_replaceable(chart, "The chart", is_chart)


def _check_fit(
    names: Sequence[str],
    training: Mapping[str, Any],
    data: "Dataset",
    pretrain: "Dataset | None",
    folds: int,
) -> None:
    """Refuse, before anything is read, models and folds that do not go with the data."""
    from errata.predict.crossval import check_fit
    from errata.predict.named import default_model, named_model

    for name in names or [default_model(data)]:
        check_fit(named_model(name, **training), data, folds=folds, pretrain=pretrain)


def _of_audit(
    printer: Printer,
    path: Path,
    names: Sequence[str],
    *,
    training: Mapping[str, Any],
    settings: Mapping[str, Any],
    chart: Path | None,
) -> None:
    import errata
    from errata.predict.named import default_model, named_model

    audit = errata.Audit.open(path)
    for name in names or [default_model(audit.dataset())]:
        with printer.progress(f"Predicting with {name}") as bar:
            model = named_model(name, **training)
            audit.predict(model, progress=steps(bar), **settings)
    compared = audit.models_compared()
    _draw(printer, compared, chart)
    _table(printer, compared, {"audit": str(path), "examples": audit.n})
    printer.next("find", path)


def _of_dataset(
    printer: Printer,
    data: "Dataset",
    places: Mapping[str, Path],
    *,
    training: Mapping[str, Any],
    settings: dict[str, Any],
    chart: Path | None,
) -> None:
    from errata.predict.comparing import compare_models
    from errata.predict.crossval import cross_val_probs
    from errata.predict.named import default_model, named_model

    if settings["duplicates"] == "together":
        settings["duplicates"] = _duplicates(data, printer)
    say_left_out(printer, data.left_out)
    places = {name or default_model(data): out for name, out in places.items()}
    found: dict[str, OutOfSample] = {}
    for name, out in places.items():
        kept = settings["resume"]
        if kept is not None and len(places) > 1:
            kept = kept / _slug(name)
        with printer.progress(f"Predicting with {name}") as bar, _or_leave_out():
            options = settings | {"resume": kept, "progress": steps(bar)}
            found[name] = cross_val_probs(named_model(name, **training), data, **options)
        _write(out, data, found[name])
    compared = compare_models(found.values(), data.labels)
    _draw(printer, compared, chart)
    facts = {"examples": len(data), "classes": len(data.classes), "folds": settings["folds"]}
    best = places[compared.best]
    if len(found) > 1:
        _table(printer, compared, facts, {name: str(out) for name, out in places.items()})
    else:
        _facts(printer, compared, facts, str(best))
    beside = _beside(best)
    labels, classes, ids = (str(beside[name]) for name in ("labels", "classes", "ids"))
    more = ("--classes", classes, "--ids", ids)
    printer.next("find", "--labels", labels, "--probs", best, *more)


def _facts(
    printer: Printer, compared: "ModelsCompared", facts: Mapping[str, Any], probabilities: str
) -> None:
    """Print what there is to say of one model, a line for each."""
    (row,) = compared.rows()
    printer.facts(
        {
            **{name: facts[name] for name in ("examples", "classes")},
            "model": row["model"],
            "folds": facts["folds"],
            "accuracy": round(row["accuracy"], 4),
            "training accuracy": round(row["train_accuracy"], 4),
            "log-loss": round(row["log_loss"], 4),
            "calibration error": round(row["calibration_error"], 4),
            "probabilities": probabilities,
        }
    )


def _table(
    printer: Printer,
    compared: "ModelsCompared",
    facts: Mapping[str, Any],
    files: Mapping[str, str] | None = None,
) -> None:
    """Print a row for each model, and which is the best."""
    rows = [
        row | ({"probabilities": files[row["model"]]} if files else {}) for row in compared.rows()
    ]
    for_eyes = [
        {
            "model": row["model"],
            "accuracy": row["accuracy"],
            "log-loss": row["log_loss"],
            "calibration error": row["calibration_error"],
            "training accuracy": row["train_accuracy"],
            " ": "best" if row["best"] else "",
            **({"probabilities": row["probabilities"]} if files else {}),
        }
        for row in rows
    ]
    printer.show({**facts, "best": compared.best, "models": rows}, rows, table=for_eyes)


def _duplicates(data: "Dataset", printer: Printer) -> "Duplicates":
    from errata.predict.duplicates import find_duplicates

    with printer.progress("Looking for duplicates") as bar, _or_leave_out():
        return find_duplicates(data, progress=bar)


@contextmanager
def _or_leave_out() -> Iterator[None]:
    """Say what to do about a file that cannot be read, where examples are loaded."""
    try:
        yield
    except FileError as error:
        raise FileError(
            f"{error} `--leave-out` leaves out what cannot be read, and lists it."
        ) from None


def _draw(printer: Printer, compared: "ModelsCompared", chart: Path | None) -> None:
    if chart is None:
        return
    from errata.report.charts import reliability_chart, save_chart

    title = "How sure models are, and how often they are right"
    try:
        save_chart(reliability_chart(compared.bins(), title=title), chart)
    except OSError as error:
        raise FileError(
            f"The chart cannot be written to {chart}: {error.strerror}. What was predicted is kept."
        ) from None
    printer.say(f"How sure and how right they are: {chart}")


# ---------------------------------------------------------------- files


def _places(out: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return where the probabilities of each model go; of one without a name under ``""``."""
    if out.suffix != ".npy":
        raise FileError(f"Probabilities are written as an array: name {out.stem}.npy, not {out}.")
    if not out.parent.is_dir():
        raise FileError(
            f"The folder {out.parent} does not exist. Make it, or name another (--out)."
        )
    places = {name: out.with_name(f"{out.stem}.{_slug(name)}.npy") for name in names}
    if len(set(places.values())) < len(places):
        raise InputError(
            f"The files of {' and '.join(names)} would have the same name. Predict one at a time, "
            "with --out."
        )
    if len(places) < 2:
        places = {"".join(names): out}
    return places


def _check_places(places: Iterable[Path]) -> None:
    """Refuse, before hours are spent, to replace anything but earlier probabilities.

    These have a record beside them.
    """
    from errata.store.files import check_replaceable

    for place in places:
        ours = partial(_has_record, place)
        for path in (place, *_beside(place).values()):
            check_replaceable(path, "The probabilities", ours, option="--out")


def _has_record(out: Path, _: Path) -> bool:
    """Tell whether a record of an earlier run lies beside the probabilities ``out``."""
    return _beside(out)["record"].is_file()


def _slug(name: str) -> str:
    """Return a model's name as a part of a file's name."""
    return re.sub(r"[^\w.+-]+", "-", name)


def _beside(out: Path) -> dict[str, Path]:
    """Return the files that lie beside the probabilities."""
    endings = {"labels": ".npy", "classes": ".json", "ids": ".json", "record": ".json"}
    return {name: out.with_name(f"{out.stem}.{name}{end}") for name, end in endings.items()}


def _write(out: Path, data: "Dataset", found: "OutOfSample") -> None:
    """Write the probabilities, and beside them what belongs to their rows and columns."""
    import numpy as np

    from errata.files import unfinished

    beside = _beside(out)
    plain = {"record": found.record, "classes": data.classes, "ids": list(data.ids)}
    try:
        with ExitStack() as stack:
            # they take their names from the last to the first. The record comes first: by it a
            # later run knows that what a stopped one left may be replaced
            order = [out, beside["ids"], beside["classes"], beside["labels"], beside["record"]]
            written = {path: stack.enter_context(unfinished(path)) for path in order}
            for path, array in ((out, found.probs), (beside["labels"], data.labels)):
                with written[path].open("wb") as file:
                    np.save(file, array)
            for name, value in plain.items():
                text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
                written[beside[name]].write_text(text, encoding="utf-8")
            # a stop from here on leaves no probabilities, rather than old ones beside new labels
            out.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(
            f"{out} cannot be written: {error.strerror}. Free some room, or name another (--out)."
        ) from None
