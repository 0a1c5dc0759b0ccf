"""The program ``errata``: its commands, and what it leaves behind when one fails.

Exit codes: 0 when the command did its work, 2 for bad input (ours and the parser's), 1 for any
other failure, 130 after Ctrl-C. A traceback is shown only when asked for.
"""

import os
import sys
import traceback
import warnings
from typing import Annotated, Any, NoReturn

import typer

from errata.cli import (
    auditing,
    browsing,
    candidates,
    corrections,
    datasets,
    demo,
    finding,
    gold,
    making,
    paper,
    predicting,
    publishing,
    reports,
    reviewing,
    tasks,
    votes,
)
from errata.errors import ErrataError, ErrataWarning


class Program(typer.core.TyperGroup):
    """The commands; what is wrong with an option is told with what was found there."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _with_found(error)
            raise


def _with_found(error: typer.BadParameter) -> str:
    """Return the message of an error with the value found, which newer typers leave out."""
    errors = getattr(error.__cause__, "errors", None)  # pydantic's; older typers tell the value
    found = repr(errors()[0]["input"]) if errors is not None else ""
    if found in error.message:
        return error.message
    return f"{found} was found. {error.message}"


app = typer.Typer(cls=Program, add_completion=False, no_args_is_help=True, rich_markup_mode=None)


def _version(wanted: bool) -> bool:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"errata {version('errata')}")
        raise typer.Exit
    return wanted


def _debug(wanted: bool) -> bool:
    if wanted:
        os.environ["ERRATA_DEBUG"] = "1"
    return wanted


@app.callback()
def errata(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", callback=_debug, help="Show the traceback of a failure."),
    ] = False,
) -> None:
    """Audit the labels of a test set: find the wrong ones, have them checked, release a
    corrected set, and see what that does to your benchmark.

    `errata find` looks at two arrays and stores nothing. The other commands work on an audit, a
    folder made by `errata init`; each says which comes next. `errata audit` does the first of them
    in one line, and `errata demo` shows them all.
    """  # noqa: D205  (the parser shows the first paragraph as one)


for command in (
    auditing.audit,
    predicting.predict,
    finding.find,
    making.init,
    making.plan,
    reviewing.review,
    reviewing.invite,
    reviewing.maintainer,
    reviewing.verdicts,
    reviewing.reviewers,
    publishing.release,
    corrections.apply,
    corrections.push,
    publishing.verify,
    publishing.diff,
    publishing.compare,
    publishing.report,
    browsing.site,
    reviewing.why,
    datasets.datasets,
    demo.demo,
):
    app.command(cls=finding.FindCommand if command is finding.find else None)(command)
app.add_typer(candidates.app)
app.add_typer(votes.app)
app.add_typer(tasks.app)
app.add_typer(gold.app)
app.add_typer(reports.app)
app.add_typer(paper.app)


def main() -> None:
    """Run one command and leave with its exit code."""
    warnings.simplefilter("once", ErrataWarning)
    shown, warnings.showwarning = warnings.showwarning, _show_warning
    try:
        app(prog_name="errata")
    except SystemExit as leaving:
        if leaving.code == 130:
            print("Stopped. Run the command again; what was written stays.", file=sys.stderr)
        raise
    except ErrataError as error:
        _leave(f"error: {error}", 2)
    except Exception as error:  # noqa: BLE001  (the last resort: say it in a line, then leave)
        what = " ".join(f"{type(error).__name__}: {error}".split())
        _leave(f"failure: {what}\nTo see where it happened, set ERRATA_DEBUG=1 and try again.", 1)
    finally:
        warnings.showwarning = shown


def _leave(message: str, code: int) -> NoReturn:
    if os.environ.get("ERRATA_DEBUG"):
        traceback.print_exc()
    print(message, file=sys.stderr)
    sys.exit(code)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    kind = "warning" if issubclass(category, ErrataWarning) else category.__name__
    print(f"{kind}: {message}", file=sys.stderr)
