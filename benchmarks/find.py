"""Measure `errata.find` beside cleanlab 2.9, turn by turn, and say whether the targets are met.

The whole run takes about 25 minutes on two cores, `--quick` about two. It prints a table, writes
all numbers as JSON, and, if it was whole, renews the tables and the chart of docs/benchmarks.md.
It ends with 1 if a target is not met.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import chart
import telling
from cases import CASES, Case, chosen
from machine import machine
from measuring import Measured, Result, Workers, measure, starts
from synthetic import KEPT
from targets import HELP, IMPORT, PYTHON, Results, Starts, Target, targets

STARTS = 15  # times that each program is started


def main() -> None:
    """Measure what is asked for, tell it, and end with 1 if a target is not met."""
    args = arguments()
    if not Path("/proc/meminfo").exists():
        sys.exit("The benchmarks run on Linux: memory and page cache are read from /proc.")
    if args.list:
        print("\n".join(f"{case.name:20}{telling.size_of(case)}" for case in CASES))
        return
    report = json.loads(args.again.read_text()) if args.again else measured(args)
    results = {one["case"]["name"]: Result.from_dict(one) for one in report["cases"]}
    found = targets(results, report["starts"])
    whole = len(results) == len(CASES) and bool(report["starts"])
    print(telling.verdicts(one for one in found if whole or one.met is not None))
    if whole or args.publish:
        publish(results, report["starts"], found, report["machine"])
    else:
        say("Not the whole run: docs/benchmarks.md stays as it is.")
    unmet = [one for one in found if one.met is False or (whole and one.met is None)]
    sys.exit(1 if unmet else 0)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few small cases")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="cases whose names begin so"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument(
        "--limit",
        type=float,
        default=40,
        metavar="SECONDS",
        help="a longer run of cleanlab is left out",
    )
    parser.add_argument(
        "--budget", type=float, default=30, metavar="MINUTES", help="begin no case after that"
    )
    parser.add_argument(
        "--json", type=Path, default=KEPT / "results.json", metavar="PATH", help="all the numbers"
    )
    parser.add_argument(
        "--again", type=Path, metavar="PATH", help="measure nothing; tell such a file's numbers"
    )
    parser.add_argument("--publish", action="store_true", help="renew the page in any case")
    return parser.parse_args()


def measured(args: argparse.Namespace) -> dict[str, Any]:
    """Measure the chosen cases; return all numbers as plain values, written down case by case."""
    begin = time.monotonic()
    report: dict[str, Any] = {"machine": {}, "starts": {}, "cases": []}

    def write() -> None:
        minutes = f"{(time.monotonic() - begin) / 60:.0f}"
        report["machine"] = machine(("numpy", "cleanlab", "errata")) | {"minutes": minutes}
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(report, indent=1) + "\n")

    with Workers() as workers:
        for case in chosen(args.only, quick=args.quick):
            if time.monotonic() - begin > 60 * args.budget:
                result = left_out(case, f"after {args.budget:g} minutes")
            else:
                say(f"{case.name}: {telling.size_of(case)}")
                result = measure(case, workers, limit=args.limit)
            print(telling.table(result), end="\n\n", flush=True)
            report["cases"].append(result.to_dict())
            write()
    if not args.only:
        report["starts"] = program_starts()
        write()
    say(f"{report['machine']['minutes']} minutes; all numbers are in {args.json}")
    return report


def left_out(case: Case, why: str) -> Result:
    """Return a case in which nobody was measured."""
    return Result(case, {name: Measured(left_out=why) for name in case.contenders})


def program_starts() -> dict[str, list[float]]:
    """Return the seconds that importing errata and `errata --help` take, from start to end."""
    script = shutil.which("errata", path=Path(sys.executable).parent)
    say(f"{STARTS} starts of each program")
    return starts(
        {
            PYTHON: [sys.executable, "-c", "pass"],
            IMPORT: [sys.executable, "-c", "import errata"],
            HELP: [script or "errata", "--help"],
        },
        rounds=STARTS,
    )


def publish(results: Results, programs: Starts, found: list[Target], where: dict[str, str]) -> None:
    """Renew the tables and the chart of the page."""
    picture = telling.picture(written) if (written := chart.draw(results)) else ""
    telling.put("results", telling.page_tables(results, programs, found, where) + picture)
    say(f"Renewed {telling.PAGE}" + (f" and {written}" if written else ""))


def say(text: str) -> None:
    """Tell how far it is, beside the results."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
