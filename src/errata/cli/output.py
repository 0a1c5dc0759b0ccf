"""The printer: data goes to stdout, talk goes to stderr, and a closed pipe is no accident."""

import csv
import io
import json
import os
import shlex
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from errata.results import Exported

Format = Literal["table", "json", "csv"]
Row = Mapping[str, Any]


class Report(Protocol):
    """What is called as the work goes on: with what is done, of how much, and what there is to say.

    With a note the numbers are shares of the whole, and nobody is shown them.
    """

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""


def first_of(refused: Sequence[str], most: int = 10) -> str:
    """Return the first of many lines, and how many more there are.

    Examples
    --------
    >>> print(first_of(["line 2: why", "line 3: why", "line 4: why"], 2))
    line 2: why
    line 3: why
    and 1 more; --format json has them all
    """
    more = len(refused) - most
    rest = [f"and {more:,} more; --format json has them all"] if more > 0 else []
    return "\n".join([*refused[:most], *rest])


@dataclass(frozen=True, kw_only=True)
class Printer:
    """Prints one result in the format asked for, and what else there is to say."""

    format: Format = "table"
    quiet: bool = False

    def show(
        self,
        payload: object,
        rows: Sequence[Row],
        *,
        table: Sequence[Row] = (),
        columns: Sequence[str] = (),
    ) -> None:
        """Print a result: ``payload`` as JSON, ``rows`` as CSV, ``table`` (or rows) for eyes.

        ``columns`` are the head of the CSV where there may be no rows.
        """
        if self.format == "json":
            _write(json.dumps(payload, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        elif self.format == "csv":
            _write(_as_csv(rows, columns))
        else:
            _write(_as_table(table or rows))

    def facts(self, payload: Row, *, table: Row | None = None) -> None:
        """Print one result that is a few named facts; ``table`` are those worth a look."""
        known = {key: value for key, value in (table or payload).items() if value is not None}
        facts = [{"": key, " ": value} for key, value in known.items()]
        self.show(payload, [payload], table=facts)

    def exported(self, made: "Exported") -> None:
        """Print what was written for another tool, and say what its form cannot hold."""
        payload = made.to_dict()
        self.facts(payload, table=payload | {"not_carried": None})
        self.say(*(f"Not carried: {line}" for line in made.not_carried))

    def text(self, payload: object, rows: Sequence[Row], text: str) -> None:
        """Print a result that for eyes is a text rather than a table."""
        if self.format == "table":
            _write(text.rstrip("\n") + "\n")
        else:
            self.show(payload, rows)

    def sections(
        self, payload: object, rows: Sequence[Row], sections: Sequence[tuple[str, str | list[Any]]]
    ) -> None:
        """Print a long result: for eyes, titles each with a table or a paragraph under it."""
        if self.format != "table":
            self.show(payload, rows)
            return
        for title, part in sections:
            text = textwrap.fill(part, 100) + "\n" if isinstance(part, str) else _as_table(part)
            _write(f"{title}\n\n{text}\n\n")

    def say(self, *lines: str) -> None:
        """Say something beside the result."""
        if lines and not self.quiet:
            print(*lines, sep="\n", file=sys.stderr)

    def next(self, *command: object) -> None:
        """Name the command that usually comes next."""
        self.say(f"Next: errata {shlex.join(map(str, command))}")

    @contextmanager
    def progress(self, what: str) -> "Iterator[Report | None]":
        """Yield what to call with (done, total), and maybe a note; nothing where nobody watches.

        On a terminal it is a bar, elsewhere a line now and then.
        """
        if self.quiet:
            yield None
            return
        if not sys.stderr.isatty():
            yield _Lines(what, self.say)
            return
        bar = _Bar(what)
        try:
            yield bar
        finally:
            bar.close()


class _Lines:
    """Says every half minute how far the work is, in a log or a pipe."""

    EVERY = 30.0

    def __init__(self, what: str, say: Callable[[str], None]) -> None:
        self.what, self.say = what, say
        self.last = time.monotonic()

    def __call__(self, done: int, total: int, note: str = "") -> None:
        now = time.monotonic()
        if now - self.last >= self.EVERY:
            self.last = now
            self.say(f"{self.what}: {done / max(total, 1):.0%}{', ' if note else ''}{note}")


class _Bar:
    """A progress bar, with rate and time left, that appears once the work has taken a second.

    Rate and time left are those of a pass. They are counted from its first report, as what was
    known before it began took no time.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.begun = time.monotonic()
        self.passes, self.done = 0, sys.maxsize
        self.first = (0, self.begun)
        self.bar = _new_bar()
        self.task = self.bar.add_task(what, total=None, count="", pace="")
        self.show = threading.Timer(1, self.bar.start)  # also where nothing is reported for long
        self.show.daemon = True
        self.show.start()

    def __call__(self, done: int, total: int, note: str = "") -> None:
        now = time.monotonic()
        if done < self.done or (done == self.done and not note):  # it begins anew: another pass
            self.passes += 1
            self.first = (done, now)
        self.done = done
        named = self.what if self.passes == 1 else f"{self.what}, pass {self.passes}"
        rate, left = _pace(done - self.first[0], now - self.first[1], total - done)
        self.bar.update(
            self.task,
            description=f"{named}: {note}" if note else named,
            completed=done,
            total=total,
            count="" if note else f"{done:,}/{total:,}",
            pace=left if note else ", ".join(filter(None, (rate, left))),
        )

    def close(self) -> None:
        self.show.cancel()
        self.show.join()
        self.bar.stop()


def _pace(done: int, seconds: float, left: int) -> tuple[str, str]:
    """Return rate and time left, once there is something to tell them from.

    Examples
    --------
    >>> _pace(1000, 2.0, 30_000), _pace(0, 1.0, 5)
    (('500/s', '1:00 left'), ('', ''))
    """
    if not done or not seconds:
        return "", ""
    rate = done / seconds
    minutes, rest = divmod(round(left / rate), 60)
    hours, minutes = divmod(minutes, 60)
    time_left = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{rate:,.0f}/s", f"{time_left} left"


def _new_bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[pace]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # What could not be written now cannot be written on the way out either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader has seen enough: `| head`
            raise typer.Exit from None
        raise


def _as_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return file.getvalue()


def _as_table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # in a pipe there is no edge to wrap at, and cut words cannot be searched for
    console = Console(width=None if sys.stdout.isatty() else 240)
    table = Table(box=box.SIMPLE_HEAD, show_header=any(key.strip() for key in rows[0]))
    for key, value in rows[0].items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(key, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_for_eyes(value)) for value in row.values()))
    with console.capture() as capture:
        console.print(table)
    lines = (line.rstrip() for line in capture.get().splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def _cell(value: object) -> object:
    """Return a value as it stands in one cell: parts of a list are separated by spaces."""
    if isinstance(value, Mapping):
        return " ".join(f"{key}={part}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else value


def _for_eyes(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(_cell(value))
