"""`errata demo`: one audit from labels to report, on handwritten digits."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from errata.cli.options import FormatOption, QuietOption
from errata.cli.output import Printer
from errata.review import PORT


def demo(
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="OUT", help="The folder for all it writes: demo-out; demo-review with --review."
        ),
    ] = None,
    *,
    review: Annotated[
        bool, typer.Option("--review", help="Vote yourself: stop before the simulated reviewers.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Draws which labels are made wrong.")] = 0,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="With --review: port; 0 takes a free one.")
    ] = PORT,
    browser: Annotated[bool, typer.Option(help="With --review: open the browser.")] = True,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Show everything on handwritten digits with planted errors.

    Offline, in about a minute. The reviewers are simulated, and every output says so; with
    --review they are you.
    """
    printer = Printer(format=format, quiet=quiet)
    if review:
        _review(printer, out or Path("demo-review"), seed, port, browser)
        return
    import errata
    from errata.demo import run_demo
    from errata.store.files import check_new_folder

    out = out or Path("demo-out")
    for part in ("digits.audit", "release"):  # now, not after the work
        check_new_folder(out / part)
    result = run_demo(out, seed=seed, say=printer.say)
    audit = errata.Audit.open(result.audit)
    notices = audit.notices
    plain = {key: str(v) if isinstance(v, Path) else v for key, v in asdict(result).items()}
    text = [result.sentence, *notices, "", f"Look at {result.report} in a browser."]
    printer.text(plain | {"notices": list(notices)}, [plain], "\n".join(text))
    wrong = (row["id"] for row in audit.verdicts().rows() if row["verdict"] == "correctable")
    printer.next("why", result.audit, next(wrong, audit.ids[0]))


def _review(printer: Printer, out: Path, seed: int, port: int, browser: bool) -> None:
    import errata
    from errata.demo import prepare_demo
    from errata.review.app import serve
    from errata.store.files import check_new_folder

    path = out / "digits.audit"
    if path.exists():  # an earlier run: go on with it
        audit = errata.Audit.open(path)
    else:
        check_new_folder(path)
        audit = prepare_demo(out, seed=seed, say=printer.say).audit
    audit.plan(votes=1, threshold=1)  # one person's answer decides
    serve(audit, port=port, open_browser=browser)
    printer.next("verdicts", path)
