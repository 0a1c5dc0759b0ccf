"""`errata votes import` and `errata votes export`: votes to and from files."""

from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import AuditFolder, FormatOption, QuietOption
from errata.cli.output import Format, Printer, first_of
from errata.errors import InputError, VoteError

app = typer.Typer(
    name="votes", no_args_is_help=True, rich_markup_mode=None, help="Votes to and from files."
)


@app.command("import")
def import_(
    audit: AuditFolder,
    file: Annotated[
        Path,
        typer.Argument(metavar="VOTES", help="Our own (id, reviewer, answer), or another tool's."),
    ],
    *,
    form: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="errata, mturk, label-studio, argilla or published; without it, by what stands "
            "in the file.",
        ),
    ] = None,
    id_field: Annotated[
        str | None, typer.Option(help="The column or field that names the example.")
    ] = None,
    answer_field: Annotated[
        str | None, typer.Option(help="The column, field or question that holds the answer.")
    ] = None,
    means: Annotated[
        list[str] | None,
        typer.Option(help="What an answer means, as left=given; give it for each."),
    ] = None,
    most: Annotated[
        int | None, typer.Option(min=1, help="The earliest so many answers to each example count.")
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="None of these votes was cast by a person.")
    ] = False,
    note: Annotated[str, typer.Option(help="Where they come from; kept with them.")] = "",
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Add the votes of a file. A vote that is there already is not added again."""
    import errata

    printer = Printer(format=format, quiet=quiet)
    added = errata.Audit.open(audit).import_votes(
        file,
        form=form,
        id_field=id_field,
        answer_field=answer_field,
        answers=_pairs(means or ()),
        most=most,
        kind="simulated" if simulated else "imported",
        note=note,
    )
    payload = added.to_dict()
    printer.facts(payload, table=payload | {"refused": len(added.refused), "left_out": None})
    printer.say(*(f"Left out: {line}" for line in added.left_out))
    if added.refused:
        listed = first_of(added.refused)
        raise VoteError(f"Refused: {len(added.refused):,}. The other votes are in.\n{listed}")
    printer.next("verdicts", audit)


def _pairs(means: list[str] | tuple[()]) -> dict[str, str]:
    """Return what each answer means, of words such as ``left=given``."""
    pairs = dict(word.rpartition("=")[::2] for word in means)
    if "" in pairs:
        raise InputError("--means takes an answer and what it means, such as --means left=given.")
    return pairs


@app.command()
def export(
    audit: AuditFolder,
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="OUT", help=".csv, .json, .jsonl or .parquet (or what --to says); else stdout."
        ),
    ] = None,
    *,
    form: Annotated[
        str,
        typer.Option("--to", help="errata, label-studio (a folder) or published (counts)."),
    ] = "errata",
    names: Annotated[
        bool, typer.Option("--names", help="Names of reviewers, in place of pseudonyms.")
    ] = False,
    format: Annotated[
        Format | None, typer.Option("--format", help="How the result is printed on stdout.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Write every vote that counts, in the form that `errata votes import` reads.

    Each reviewer has a pseudonym, the same each time; this audit knows them when they come back.
    """
    import errata
    from errata.exchange.votes import COLUMNS, in_cells

    printer = Printer(format=format or ("csv" if out is None else "table"), quiet=quiet)
    opened = errata.Audit.open(audit)
    if out is not None:
        printer.exported(opened.export_votes(out, form=form, names=names))
        return
    if form != "errata":
        raise InputError(f"Votes in the form {form!r} are written to files: name OUT.")
    rows = opened.vote_rows(names=names)
    printer.show(rows, [in_cells(row) for row in rows], columns=COLUMNS)
    printer.say(f"{len(rows):,} votes.")
