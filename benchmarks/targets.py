"""What has to come out, and whether it did."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases import (
    BATCHED,
    CASES,
    DEFAULT,
    MAPPED,
    OURS,
    SERIES,
    SPARSE_TARGET,
    TARGET,
    Case,
    quickdraw,
)
from measuring import Result
from words import in_bytes

IMPORT, HELP, PYTHON = "import errata", "errata --help", "python -c pass"
EIGHTH = quickdraw(SERIES[-1] // 8).name
LINEAR = 1.3  # an example of the largest file may take so many times as long as one of an eighth
FLAT = 0.05  # of what the array grows by may memory grow

Results = Mapping[str, Result]
Starts = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Target:
    """What was wanted and what was found; ``met`` is None where it was not measured."""

    what: str
    wanted: str
    found: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """Return the outcome in words."""
        return {True: "met", False: "not met", None: "not measured"}[self.met]


def targets(results: Results, starts: Starts) -> list[Target]:
    """Return every target, with what was found."""
    return [
        faster(results, TARGET, DEFAULT, 20),
        faster(results, TARGET, BATCHED, 4),
        faster(results, MAPPED, BATCHED, 8),
        lean(results),
        same(results),
        linear(results),
        flat(results),
        sparse(results),
        quick(starts, IMPORT, 0.3),
        quick(starts, HELP, 0.6),
        complete(results),
    ]


def faster(results: Results, name: str, than: str, times: float) -> Target:
    """Ask whether ours is so many times as fast as a contender."""
    case = _case(name)
    what, wanted = f"{case.size}: faster than {than}", f"≥ {times:g} times"
    ratio = results[name].ratio(than) if name in results else None
    if ratio is None:
        return Target(what, wanted)
    return Target(what, wanted, f"{ratio:.1f} times", ratio >= times)


def lean(results: Results) -> Target:
    """Ask whether the large mapped file takes little memory."""
    what, wanted = f"{_case(MAPPED).size}: memory of its own", "< 200 MB"
    own = _own(results, MAPPED)
    return Target(what, wanted) if own is None else Target(what, wanted, in_bytes(own), own < 200e6)


def same(results: Results) -> Target:
    """Ask whether a mapped file gives what the array in memory gives."""
    what, wanted = f"{_case(MAPPED).size}: flags as of the array in memory", "equal"
    known = results[MAPPED].same_in_memory if MAPPED in results else None
    return Target(what, wanted, {True: "equal", False: "others", None: ""}[known], known)


def linear(results: Results) -> Target:
    """Ask whether time grows as the number of examples does."""
    what = f"time per example, {SERIES[-1]:,} against {SERIES[-1] // 8:,} examples"
    wanted = f"≤ {LINEAR:g} times"
    large, small = _median(results, MAPPED), _median(results, EIGHTH)
    if not large or not small:
        return Target(what, wanted)
    ratio = large / small / 8
    return Target(what, wanted, f"{ratio:.2f} times", ratio <= LINEAR)


def flat(results: Results) -> Target:
    """Ask whether memory grows little where the array grows: it has to note a few bytes of each."""
    what = f"memory of its own, {SERIES[-1]:,} against {SERIES[-1] // 8:,} examples"
    wanted = f"≤ {100 * FLAT:g} % of what the array grows by"
    large, small = _own(results, MAPPED), _own(results, EIGHTH)
    if not large or not small:
        return Target(what, wanted)
    share = (large - small) / (_case(MAPPED).bytes - _case(EIGHTH).bytes)
    found = f"{100 * share:.1f} % ({in_bytes(small)}, {in_bytes(large)})"
    return Target(what, wanted, found, share <= FLAT)


def sparse(results: Results) -> Target:
    """Ask whether the best few of very many classes take little, with mapped pages and Python."""
    what, wanted = f"{_case(SPARSE_TARGET).size}: memory in all", "< 1 GB"
    memory = results[SPARSE_TARGET].contenders[OURS].memory if SPARSE_TARGET in results else []
    if not memory:
        return Target(what, wanted)
    most = max(one.resident for one in memory)
    return Target(what, wanted, in_bytes(most), most < 1e9)


def quick(starts: Starts, name: str, seconds: float) -> Target:
    """Ask whether a program starts at once."""
    wanted = f"< {seconds:g} s"
    if name not in starts:
        return Target(f"`{name}`", wanted)
    median = statistics.median(starts[name])
    return Target(f"`{name}`", wanted, f"{median:.2f} s", median < seconds)


def complete(results: Results) -> Target:
    """Ask whether ours went through every case."""
    left_out = [
        name for name, result in results.items() if result.contenders[OURS].left_out is not None
    ]
    found = f"not: {', '.join(left_out)}" if left_out else f"{len(results)} of {len(CASES)}"
    met = False if left_out else None if len(results) < len(CASES) else True
    return Target("errata.find goes through every case", f"{len(CASES)} cases", found, met)


def _case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def _median(results: Results, name: str) -> float | None:
    return results[name].median(OURS) if name in results else None


def _own(results: Results, name: str) -> int | None:
    return results[name].contenders[OURS].own if name in results else None
