"""Where the interval of an error rate is not to be trusted, and by how much, in simulated reviews.

Made-up labels, some wrong against what the scores say. Each line breaks one thing that the interval
rests on, as a section of docs/certainty/error-rate.md tells, and has a line beside it where that
holds. It prints a table; ``--publish`` renews the one of the page. There is no target: it tells how
far these cases go.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from machine import machine
from telling import markdown, put

from errata.continuing import rate_outlook
from errata.core.error_rate import Draw, ErrorCount, estimate_errors, expected_errors
from errata.core.slips import NO_SLIPS, concluded, slips_in_repeats
from errata.planning import by_size, in_strata
from errata.results import ErrorRate

PAGE = Path(__file__).resolve().parent.parent / "docs" / "certainty" / "error-rate.md"
N = 20_000
RUNS = 600
RATE = 0.019
"""Of wrong labels, where they hide."""
BUDGETS = (200, 500)
SHARES = (1.0, 0.5, 0.05, 0.02)
"""In so many of the surest labels all errors hide."""
FOUND, MOST_DOUBTFUL = (0.0, 0.3, 0.5), 0.01
"""So many errors are among so many of the most doubtful labels, and the others hide."""
OFTENER = (1, 9)
"""So many times as often as the rest the quarter is wrong that a plan by size draws least."""
WITHIN = {0.01: 0.006, 0.02: 0.008, 0.05: 0.012}
"""Half the width that is wanted, by the rate of errors."""
RULES = ((3, 2), (5, 3))
"""So many votes for each example, of which so many confirm its label."""
HARD, SLIP_AT_HARD, SLIP_ELSE = 0.1, 0.35, 0.02
"""So many examples are hard, and one reviewer errs so often on them, and on the others."""

Told = tuple[ErrorCount, int]
"""What is estimated, and the truth."""


@dataclass(frozen=True)
class Case:
    """A line of the table: what is broken, and one review of it."""

    title: str
    checked: str
    one: Callable[..., Told]
    settings: tuple[float, ...]


def cases() -> Iterator[Case]:
    """Yield all lines."""
    for found in FOUND:
        most = f"{100 * found:g} % of errors among the most doubtful {100 * MOST_DOUBTFUL:g} %, all"
        which = f"{most} others" if found else "errors"
        for share in SHARES:
            for budget in BUDGETS:
                where = "anywhere" if share == 1 else f"among the surest {100 * share:g} %"
                yield Case(f"{which} {where}", str(budget), hidden, (share, budget, found))
    for often in OFTENER:
        for budget in (20, 50, 100, *BUDGETS):
            what = "no oftener" if often == 1 else f"{often} times as often"
            yield Case(f"hardly drawn, wrong {what}", str(budget), sized, (often, budget))
    for rate, within in WITHIN.items():
        title = f"errors {100 * rate:g} %, within {100 * within:g} %"
        yield Case(f"{title}, one plan of 500", "500", continued, (rate, 0.0))
        yield Case(f"{title}, 200 and as many as it takes", "200 + …", continued, (rate, within))
    for votes, threshold in RULES:
        for hard in (0.0, HARD):
            what = f"on {100 * hard:g} % above all" if hard else "on all alike"
            title = f"{100 * _mean_slip():.1f} % slips {what}, {threshold} of {votes} votes"
            yield Case(title, "500", slipping, (hard, votes, threshold))


def _mean_slip() -> float:
    """Return how often one reviewer errs, over hard examples and others."""
    return HARD * SLIP_AT_HARD + (1 - HARD) * SLIP_ELSE


# ---------------------------------------------------------------- one review of each


def hidden(rng: np.random.Generator, share: float, budget: float, found: float) -> Told:
    """Review labels whose errors are among those that the scores are surest of, but for some."""
    predicted = rng.beta(0.3, 15, N)
    wrong = np.zeros(N, dtype=bool)
    order, errors = np.argsort(predicted), round(RATE * N)
    doubted, hiding = round(found * errors), round(share * N)
    wrong[rng.choice(order[-round(MOST_DOUBTFUL * N) :], doubted, replace=False)] = True
    left = order[:hiding][~wrong[order[:hiding]]]
    wrong[rng.choice(left, errors - doubted, replace=False)] = True
    drawn = _drawn(predicted, np.ones(N, dtype=bool), wrong, int(budget), rng)
    return estimate_errors([drawn], predicted), int(wrong.sum())


def sized(rng: np.random.Generator, often: float, budget: float) -> Told:
    """Review by sizes, as for the ranking, where the smallest quarter is wrong more often."""
    predicted = rng.beta(0.5, 10, N)
    sizes = rng.gamma(0.7, 1, N) + 0.02
    rest = RATE / (0.25 * often + 0.75)
    wrong = rng.random(N) < np.where(sizes < np.quantile(sizes, 0.25), often * rest, rest)
    examples, stratum, probability = by_size(sizes, int(budget), rng)
    drawn = Draw(examples=examples, wrong=wrong[examples], probability=probability, stratum=stratum)
    return estimate_errors([drawn], predicted), int(wrong.sum())


def continued(rng: np.random.Generator, rate: float, within: float) -> Told:
    """Review 200, and as many more as the interval by then asks for; or 500, for nothing wanted."""
    predicted = rng.beta(0.3, 0.3 / rate, N)
    wrong = rng.random(N) < predicted
    left = np.ones(N, dtype=bool)
    first = _drawn(predicted, left, wrong, 200 if within else 500, rng)
    found = estimate_errors([first], predicted)
    if within:
        count = len(first.examples)
        so_far = ErrorRate(
            count=found,
            confidence=0.95,
            by_chance=count,
            waiting=0,
            slips=NO_SLIPS,
            slips_by="none",
            anytime=False,
            notices=(),
        )
        more = rate_outlook(so_far, drawn=count, left=N - count, within=within).more
        if more:
            expected = expected_errors([first], predicted)
            second = _drawn(expected, left, wrong, more, rng)
            found = estimate_errors([first, second], predicted)
    return found, int(wrong.sum())


def slipping(rng: np.random.Generator, hard: float, votes: float, threshold: float) -> Told:
    """Review 500 by reviewers who slip as often over all, but on some examples above all."""
    predicted = rng.beta(0.3, 0.3 / RATE, N)
    wrong = rng.random(N) < predicted
    slips = np.where(rng.random(N) < hard, SLIP_AT_HARD, SLIP_ELSE if hard else _mean_slip())
    drawn = _drawn(predicted, np.ones(N, dtype=bool), wrong, 500, rng)
    slipped = rng.random((500, int(votes))) < slips[drawn.examples, np.newaxis]
    rejects = drawn.wrong[:, np.newaxis] ^ slipped
    one = slips_in_repeats(rejects)
    assert one is not None, "they do not guess"
    rule = {"votes": int(votes), "threshold": int(threshold)}
    reviewed = replace(drawn, wrong=(~rejects).sum(axis=1) < threshold)
    together = concluded(one, **rule, repeats=int(votes))
    return estimate_errors([reviewed], predicted, slips=together), int(wrong.sum())


def _drawn(
    expected: np.ndarray,
    left: np.ndarray,
    wrong: np.ndarray,
    budget: int,
    rng: np.random.Generator,
) -> Draw:
    """Draw from what is left, as for the error rate, and check it."""
    rows = np.flatnonzero(left)
    drawn, stratum, probability = in_strata(
        expected[rows], np.zeros(len(rows), dtype=bool), budget, rng
    )
    examples = rows[drawn]
    left[examples] = False
    return Draw(examples=examples, wrong=wrong[examples], probability=probability, stratum=stratum)


# ---------------------------------------------------------------- the command


def runs_of(case: Case, runs: Sequence[int]) -> list[tuple[float, bool, bool]]:
    """Return of each run how far the estimate is off, and on which side of the interval it is."""
    told = []
    for run in runs:
        found, truth = case.one(np.random.default_rng(run), *case.settings)
        assert found.estimate is not None, "it was drawn by chance"
        told.append((found.estimate / truth - 1, truth < found.low, truth > found.high))
    return told


def cells(case: Case, told: Sequence[tuple[float, bool, bool]]) -> list[str]:
    """Return a line of the table."""
    off, below, above = (np.array(column) for column in zip(*told, strict=True))
    error = off.std(ddof=1) / np.sqrt(len(off))
    covers = 1 - below.mean() - above.mean()
    return [
        case.title,
        case.checked,
        f"{100 * off.mean():+.1f} ± {100 * error:.1f} %",
        *(f"{100 * share:.1f} %" for share in (covers, above.mean(), below.mean())),
    ]


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="simulated reviews of each case")
    parser.add_argument("--cases", default="", help="only lines with this in what is so")
    parser.add_argument("--publish", action="store_true", help=f"renew {PAGE.name}")
    args = parser.parse_args()
    if args.publish and args.cases:
        parser.error("--publish renews the whole table: leave --cases out")
    chosen = [case for case in cases() if args.cases in case.title]
    parts = np.array_split(np.arange(args.runs), 10)
    lines = []
    with ProcessPoolExecutor() as pool:
        waiting = [(case, [pool.submit(runs_of, case, part) for part in parts]) for case in chosen]
        for case, jobs in waiting:
            lines.append(cells(case, [one for job in jobs for one in job.result()]))
            print(" | ".join(lines[-1]), flush=True)
    here = machine(("numpy", "scipy", "errata"))
    where = (
        f"{args.runs:,} simulated reviews of {N:,} labels in each line, on {here['date']}; "
        f"{here['versions']}."
    )
    head = ["what is so", "checked", "bias", "covers", "interval too low", "too high"]
    text = f"{where}\n\n{markdown(head, lines)}"
    print(text)
    if args.publish:
        put("mistrust", text, PAGE)


if __name__ == "__main__":
    main()
