"""`errata find`: the labels that are probably wrong, of files or of an audit."""

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from errata.cli.options import FormatOption, QuietOption
from errata.cli.output import Printer
from errata.errors import InputError
from errata.words import WIDTH

if TYPE_CHECKING:
    from errata.engine.base import Engine, Progress
    from errata.finding import Findings
    from errata.multilabel import MultilabelFindings

RULES = "margin, noise_rate, class, both, confident or argmax; of an audit also reviewed"
SCORES = "normalized_margin, self_confidence or weighted_entropy"
USAGE = (
    "Give either an audit or two arrays: `errata find AUDIT`, or "
    "`errata find --labels L.npy --probs P.npy`. In place of --probs, --predictions takes what "
    "several models answer."
)
NOT_BOTH = (
    "--probs and --predictions are two ways to look at labels: by how probable a model holds each "
    "class, or by the votes of several models. Give one of them."
)
MORE_WORDS = (
    "These words belong to no option: {}. Labels and probabilities are named, `--labels L.npy "
    "--probs P.npy`; a pattern is put in quotes, `--probs 'part-*.npy'`, or the shell makes a word "
    "of each file."
)
NOT_WITH_MULTILABEL = (
    "--multilabel is for two files, --labels and one --probs, whose rows need not sum to 1: it "
    "goes neither with an audit, which knows by itself, nor with --predictions, --normalize, "
    "--count or what is for large sets: --n-classes, --label-column, --ids, --engine, --resume and "
    "--scores-out."
)
NOT_WITHOUT_AUDIT = (
    "--aim is what rule reviewed chooses its cut for, which it learns from the reviewed examples "
    "of an audit: `errata find AUDIT --rule reviewed --aim {}`."
)
NOT_WITH_AUDIT = (
    "An audit knows its labels, classes and ids: leave out --n-classes, --label-column and --ids."
)
ENGINES = ("local", "ray")


class FindCommand(typer.core.TyperCommand):
    """A command whose usage does not show the argument that takes words too many."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what the first line of the help shows."""
        return [piece for piece in super().collect_usage_pieces(ctx) if "others" not in piece]


def find(
    audit: Annotated[
        Path | None,
        typer.Argument(metavar="AUDIT", help="An audit, instead of --labels and --probs."),
    ] = None,
    others: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    *,
    labels: Annotated[
        str | None,
        typer.Option(help="Given labels: .npy, .json, .csv or .parquet, one an example."),
    ] = None,
    probs: Annotated[
        list[str] | None,
        typer.Option(
            help="Out-of-sample probabilities, examples × classes: .npy, Parquet, Zarr, a folder "
            "or a quoted pattern of shards, or a URL. Given for several models, their mean. Of an "
            "audit: the name of a model that predicted it; without it, the best."
        ),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(
            help="In place of probabilities, what three models or more answer, whose votes are "
            "counted: .npz, .csv or a folder."
        ),
    ] = None,
    rule: Annotated[str, typer.Option(help=f"What is flagged: {RULES}.")] = "margin",
    aim: Annotated[
        str | None,
        typer.Option(
            help="Rule reviewed: what the cut is chosen for, 'f1' (the default), "
            "'precision=0.9' or 'recall=0.8'."
        ),
    ] = None,
    score: Annotated[
        str, typer.Option(help=f"What it is sorted by: {SCORES}.")
    ] = "normalized_margin",
    compat: Annotated[
        str | None, typer.Option(help="'cleanlab': count as cleanlab 2.9 does.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Class names: a .json list, or text with a name a line.")
    ] = None,
    n_classes: Annotated[
        int | None,
        typer.Option(min=2, help="How many classes there are, where the files do not tell."),
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help="The column of the labels in a table.")
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option(
            help="Ids of the examples to tell them by: a .json list, or text, one a line."
        ),
    ] = None,
    multilabel: Annotated[
        bool,
        typer.Option(
            "--multilabel",
            help="Several labels an example: a .json list of lists, or a .npy matrix of 0 and 1.",
        ),
    ] = False,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Divide each row of probabilities by its sum.")
    ] = False,
    count: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Rule margin, or --predictions: flag so many, not as many as are estimated wrong.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Rows of the table; JSON and CSV hold all.")
    ] = 20,
    engine: Annotated[
        str, typer.Option(help="Where the work is done: 'local' or 'ray', a cluster.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(help="The Ray cluster; without it, one on this machine.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Keep partial results in this folder, and go on from those there."),
    ] = None,
    scores_out: Annotated[
        Path | None, typer.Option(help="Write the score of every example to this .npy file.")
    ] = None,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Find the labels that are probably wrong, worst first.

    With --labels and --probs it looks at two arrays and stores nothing; with AUDIT it stores
    what it found for `errata plan`.
    """
    printer = Printer(format=format, quiet=quiet)
    of_files = {"n_classes": n_classes, "label_column": label_column, "ids": ids}
    large: dict[str, Any] = {"resume": resume, "scores_out": scores_out}
    of_single = {"normalize": normalize or None, "count": count, "address": address, **large}
    of_single["engine"] = None if engine == "local" else engine
    _check_inputs(
        audit, others or [], labels=labels, probs=probs, predictions=predictions, classes=classes
    )
    of_single["predictions"] = predictions
    if aim is not None and audit is None:
        raise InputError(NOT_WITHOUT_AUDIT.format(aim))
    _check_options(audit, multilabel=multilabel, of_files=of_files, of_single=of_single)
    # words stay words here: the verb knows which there are, and names the nearest
    options: dict[str, Any] = {"rule": rule, "score": score, "compat": compat}

    def found(
        progress: "Progress | None",
    ) -> "tuple[Findings | MultilabelFindings, Sequence[str] | None]":
        options["progress"] = progress
        if audit is not None:
            import errata

            opened = errata.Audit.open(audit)
            rest = {"normalize": normalize, "count": count, "probs": probs, "aim": aim, **large}
            return opened.find(**options, predictions=predictions, **rest), opened.ids
        from errata.exchange.lists import read_ids, read_list

        options["classes"] = read_list(classes) if classes else None
        if multilabel:
            from errata.multilabel import find_multilabel

            return find_multilabel(labels, _only(probs), **options), None
        from errata.finding import find

        options.update(normalize=normalize, count=count, label_column=label_column, **large)
        options.update(n_classes=n_classes, ids=read_ids(ids) if ids else None)
        if predictions is not None:
            return find(labels, predictions=predictions, **options), options["ids"]
        mean = _mean(probs, n_classes, options["classes"])
        return find(labels, mean, **options), options["ids"]

    with ExitStack() as printed:
        if audit is None and not multilabel:
            options["until"] = printed
        try:
            with _engine(engine, address) as large["engine"], printer.progress("Finding") as report:
                findings, called = found(report)
        except KeyboardInterrupt:
            if resume is None:
                printer.say(
                    "`--resume FOLDER` keeps what a search has done so far; this one had none."
                )
            raise
        try:
            _print(printer, findings, called, limit, ids=ids is not None)
        except typer.Exit:  # the reader has seen enough
            printed.close()
            raise
    if audit is None and probs is not None and len(probs) > 1:
        printer.say(
            f"These are the mean probabilities of {len(probs)} models. (Shards of one model are "
            "given as a quoted pattern or a folder.)"
        )
    if audit is not None:
        if predictions is None:
            _say_which(printer, audit, probs)
        printer.next("plan", audit, *(["--goal", "errors"] if rule == "reviewed" else []))


def _check_inputs(
    audit: Path | None,
    others: list[str],
    *,
    labels: str | None,
    probs: list[str] | None,
    predictions: Path | None,
    classes: Path | None,
) -> None:
    """Check that there is either an audit or labels with something, and no word too many."""
    looked_at = probs or predictions
    with_arrays = (labels, classes) != (None, None) or (looked_at is not None and audit is None)
    if words := _words_too_many(audit, others, beside=with_arrays or bool(probs)):
        raise InputError(MORE_WORDS.format(", ".join(words)))
    if with_arrays == (audit is not None) or (with_arrays and None in (labels, looked_at)):
        raise InputError(USAGE)
    if probs and predictions is not None:
        raise InputError(NOT_BOTH)


def _check_options(
    audit: Path | None,
    *,
    multilabel: bool,
    of_files: Mapping[str, object],
    of_single: Mapping[str, object],
) -> None:
    """Check that every option that was given goes with what is looked at.

    Parameters
    ----------
    of_files : options that an audit has no use for; None where not given
    of_single : those that are for examples with one label each; None likewise
    """
    if audit is not None and any(value is not None for value in of_files.values()):
        raise InputError(NOT_WITH_AUDIT)
    others = (*of_files.values(), *of_single.values())
    if multilabel and (audit is not None or any(value is not None for value in others)):
        raise InputError(NOT_WITH_MULTILABEL)


def _words_too_many(audit: Path | None, others: list[str], *, beside: bool) -> list[str]:
    """Return the words that belong to no option; what is, or may be, an audit is none of these.

    Parameters
    ----------
    beside : there are arrays, or the word may be one of several after --probs
    """
    if audit is None or not (others or beside):
        return others
    from errata.store.place import is_audit

    stray = not is_audit(audit) and (audit.exists() or bool(others))
    return [str(audit), *others] if stray else others


@contextmanager
def _engine(word: str, address: str | None) -> "Iterator[Engine | None]":
    """Yield the engine that was asked for; None stands for threads of this process."""
    from errata.arrays import as_choice

    if as_choice("engine", word, ENGINES) == "local":
        if address is not None:
            raise InputError("--address is that of a Ray cluster: it goes with --engine ray.")
        yield None
        return
    from errata.engine.ray import RayEngine

    # Ray tells of workers that died on stdout, where data goes
    with redirect_stdout(sys.stderr), RayEngine(address) as engine:
        yield engine


def _say_which(printer: Printer, audit: Path, probs: list[str] | None) -> None:
    """Say which probabilities were looked at, where an audit has several."""
    import errata

    there = errata.Audit.open(audit).probabilities()
    if probs is None and len(there) > 1:
        best = next(one for one in there if one.best)
        others = ", ".join(one.name for one in there if not one.best)
        printer.say(
            f"These are by {best.name}, the most accurate of those that `errata predict` made. "
            f"`--probs` takes others ({others}); given again, their mean."
        )


def _only(probs: list[str] | None) -> str | None:
    if probs is not None and len(probs) > 1:
        raise InputError(NOT_WITH_MULTILABEL)
    return probs[0] if probs else None


def _mean(
    probs: list[str] | None, n_classes: int | None, class_names: Sequence[object] | None
) -> object:
    """Return the probabilities of one model, or the mean of several models'."""
    if probs is None or len(probs) == 1:
        return probs and probs[0]
    from errata.sources.opening import open_average

    return open_average(probs, n_classes=n_classes, class_names=class_names)


def _print(
    printer: Printer,
    findings: "Findings | MultilabelFindings",
    called: Sequence[object] | None,
    limit: int,
    *,
    ids: bool,
) -> None:
    """Print what was found; with the ``ids`` that were given in every row of JSON and CSV, too."""
    # of millions that are flagged, a table needs the first few
    payload = findings.to_dict(limit if printer.format == "table" else None)
    names = findings.class_names

    def named(label: int | list[int]) -> str:
        if isinstance(label, int):
            return names[label]
        return ", ".join(names[each] for each in label) or "(none)"

    table = [
        {
            "": place,
            **({"index": row["index"]} if called is None else {"id": called[row["index"]]}),
            "given": named(row["given"]),
            "suggested": named(row["suggested"]),
            "score": row["score"],
            "rules": row["rules"],
        }
        for place, row in enumerate(payload["flagged"][:limit], 1)
    ]
    rows = payload["flagged"]
    columns = ["index", "given", "suggested", "score", "rules"]
    if ids and called is not None:
        rows = [{"index": row["index"], "id": called[row["index"]], **row} for row in rows]
        columns.insert(1, "id")
    printer.show(payload | {"flagged": rows}, rows, table=table, columns=columns)
    cut = printer.format == "table" and len(findings) > limit
    what = "labels" if findings.given.ndim == 1 else "examples"
    cutoff = getattr(findings, "cutoff", None)
    # of a cut that reviews chose, `verdicts` tells better how many labels are wrong
    estimated = "" if cutoff else f"; estimated errors: {findings.estimated_errors:,}"
    printer.say(
        f"{len(findings):,} of {findings.n:,} {what} ({len(findings) / findings.n:.2%}) are "
        f"flagged by rule '{findings.rule}'{estimated}."
        + (f" These are the worst {limit}." if cut else "")
    )
    if cutoff is not None:
        chosen = f"Chosen by {cutoff.checked:,} reviewed examples for {cutoff.aim}: {cutoff}."
        if printer.format == "table":  # a part of the result, which JSON holds, too
            printer.text(payload, rows, "\n" + textwrap.fill(chosen, WIDTH))
        else:
            printer.say(chosen)
