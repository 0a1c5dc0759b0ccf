"""Results in words: for the terminal, and as tables of the page in the docs."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from math import log10
from pathlib import Path

from cases import BATCHED, COMPAT, DEFAULT, OURS, READ, TARGET, Case
from measuring import Measured, Result
from targets import Results, Starts, Target
from words import in_bytes, in_seconds

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
PLACES = {
    "memory": "in memory",
    "file": "mapped",
    "cold file": "mapped, cold",
}


def size_of(case: Case) -> str:
    """Return how large a case is and where it lies."""
    return f"{case.size}, {PLACES[case.place]}"


def cells_of(case: Case) -> str:
    """Return the number of probabilities as a power of ten."""
    return f"10^{log10(case.cells):.1f}"


def share_of_limit(result: Result) -> str:
    """Return which part of our time reading the array once takes."""
    ratio = result.ratio(READ)
    return "" if ratio is None else f"{100 * ratio:.0f} %"


# ---------------------------------------------------------------- for the terminal

HEAD = (
    f"{'':22}{'median':>10}{'shortest':>10}{'longest':>10}{'× ours':>8}"
    f"{'own memory':>12}{'in all':>10}{'flagged':>10}"
)


def table(result: Result) -> str:
    """Return the numbers of a case, a line for each contender."""
    case = result.case
    lines = [
        f"{case.name}: {size_of(case)}, {cells_of(case)} cells, {case.rounds} rounds",
        HEAD,
        *(_line(result, name, measured) for name, measured in result.contenders.items()),
    ]
    if result.median(READ):
        lines.append(f"share of the read limit: {share_of_limit(result)}")
    if result.same_in_memory is not None:
        said = "equal" if result.same_in_memory else "DIFFER FROM"
        lines.append(f"flags {said} those of the array in memory")
    return "\n".join(lines)


def _line(result: Result, name: str, measured: Measured) -> str:
    if measured.left_out is not None:
        return f"{name:22}  not run: {measured.left_out}"
    times, ratio = measured.seconds, result.ratio(name)
    resident = max((memory.resident for memory in measured.memory), default=0)
    columns = (
        (10, in_seconds(statistics.median(times))),
        (10, in_seconds(min(times))),
        (10, in_seconds(max(times))),
        (8, "" if ratio is None else f"{ratio:.2f}"),
        (12, "" if measured.own is None else in_bytes(measured.own)),
        (10, in_bytes(resident) if resident else ""),
        (10, "" if measured.flagged is None else f"{measured.flagged:,}"),
    )
    return f"{name:22}" + "".join(f"{words:>{width}}" for width, words in columns)


def verdicts(found: Iterable[Target]) -> str:
    """Return the targets, a line for each."""
    return "\n".join(
        f"{one.verdict.upper():14}{one.what}: wanted {one.wanted}"
        + (f", found {one.found}" if one.found else "")
        for one in found
    )


# ---------------------------------------------------------------- for the page


def page_tables(
    results: Results, starts: Starts, found: Iterable[Target], machine: Mapping[str, str]
) -> str:
    """Return all tables of the page, in Markdown."""
    every = list(results.values())
    return "\n\n".join(
        [
            "One run on {date}, of {minutes} minutes, on {processor} with {cores} cores and "
            "{memory} of memory; {system}, {versions}.".format_map(machine),
            "### Targets",
            markdown(
                ["", "wanted", "found", ""],
                [[one.what, one.wanted, one.found, one.verdict] for one in found],
            ),
            "### Time",
            markdown(
                ["", "cells", OURS, DEFAULT, BATCHED, READ, "read limit"],
                [_time_row(result) for result in every],
            ),
            "Medians. In brackets: times as long as `errata.find`. The last column is the part of "
            "our time that reading the same array once takes, with two threads." + _compat(results),
            "### Memory",
            markdown(
                ["", "the array", OURS, DEFAULT, BATCHED],
                [_memory_row(result) for result in every if result.contenders[OURS].memory],
            ),
            "Anonymous memory at its peak, above what the process held before the call.",
            *_starting(starts),
        ]
    )


def _starting(starts: Starts) -> list[str]:
    lines = [
        [f"`{name}`", in_seconds(statistics.median(times)), in_seconds(min(times))]
        for name, times in starts.items()
    ]
    return ["### Starting", markdown(["", "median", "shortest"], lines)] if lines else []


def picture(path: Path) -> str:
    """Return the chart, and what it shows."""
    says = "Time and anonymous memory against the number of examples, both on log axes"
    below = "345 classes in float16, mapped and in page cache."
    return f"\n\n### Size\n\n![{says}]({path.relative_to(PAGE.parent)})\n\n{below}"


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; all columns but the first are flush right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *lines])


def _time_row(result: Result) -> list[str]:
    cells = cells_of(result.case).replace("10^", "10<sup>") + "</sup>"
    times = [_time(result, name) for name in (OURS, DEFAULT, BATCHED, READ)]
    return [size_of(result.case), cells, *times, share_of_limit(result)]


def _time(result: Result, name: str) -> str:
    median, ratio = result.median(name), result.ratio(name)
    if median is None:
        left_out = result.contenders.get(name)  # some contenders cannot take part
        return (left_out and left_out.left_out) or ""
    timed = in_seconds(median)
    if name in (OURS, READ) or ratio is None:
        return timed
    return f"{timed} ({ratio:.{1 if ratio >= 1 else 2}f})"


def _memory_row(result: Result) -> list[str]:
    row = [size_of(result.case), in_bytes(result.case.bytes)]
    for name in (OURS, DEFAULT, BATCHED):
        measured = result.contenders[name]
        row.append((measured.left_out or "") if measured.own is None else in_bytes(measured.own))
    return row


def _compat(results: Results) -> str:
    """Say how `compat="cleanlab"` does, where it was measured beside cleanlab."""
    if TARGET not in results or (median := results[TARGET].median(COMPAT)) is None:
        return ""
    ours, theirs = (results[TARGET].contenders[name].flags for name in (COMPAT, DEFAULT))
    said = "the same flags as" if ours == theirs else "other flags than"
    return (
        f' `errata.find(..., rule="noise_rate", compat="cleanlab")` takes {in_seconds(median)} on '
        f"{results[TARGET].case.size}, and gives {said} cleanlab's default."
    )


def put(marker: str, text: str, page: Path = PAGE) -> None:
    """Put a text between the two markers of a page, in place of what is there."""
    begin, end = f"<!-- {marker}: begin -->", f"<!-- {marker}: end -->"
    before, found, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{page} has no place for the results: add the lines {begin} and {end}.")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")
