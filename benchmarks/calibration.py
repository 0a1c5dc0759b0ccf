"""How often the interval of an error rate holds the truth, in simulated reviews of real labels.

CIFAR-10N, labels by people beside the true ones, and two models' probabilities. Each simulated
review draws examples as `errata plan --goal rate` does, reads off their truth, or lets three
reviewers slip on it, and estimates how many labels are wrong. Rarer errors are made by mending a
random part of them. Estimates without control, with the slips known, are right on average by
construction (tests show it by enumeration), and remain so with a multiple of how much oftener
reviewers disagreed than they do on average. The bias is measured as the mean difference to these on
the same draws, which takes most of the chance out of it. It prints a table; ``--publish``
renews it and the chart of docs/certainty/error-rate.md. It ends with 1 if a target is not met. The
data is looked for in ERRATA_DATA, else in ../shared/data.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from machine import machine
from telling import markdown, put

import errata
from errata.core.error_rate import Design, Draw, estimate_errors, expected_errors
from errata.core.sampling import in_strata
from errata.core.slips import NO_SLIPS, Slips, concluded, slips_in_repeats
from errata.doubting import doubts
from errata.rating import draws_of
from errata.report.charts import error_course_chart, save_chart

REPO = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("ERRATA_DATA") or REPO.parent / "shared" / "data")
PAGE = REPO / "docs" / "certainty" / "error-rate.md"
PICTURE = REPO / "docs" / "images" / "error-rate.svg"
MODELS = ("resnet18", "efficientnet_b1")
RATES = (None, 0.01, 0.003)
BUDGETS = (200, 500)
RUNS = 1000
DRAWN = 50
"""So many samples the picture is drawn of: of one it would tell how lucky that was."""
SLIP, VOTES, THRESHOLD = 0.05, 3, 2
LOWEST, HIGHEST = 0.93, 0.975
"""Between these the interval of 95 % is to hold the truth."""
MOST_BIAS = 0.02
LEAST_GAIN = 3.0
"""So many times the random reviews, at 500, for the same standard error."""


@dataclass(frozen=True)
class Case:
    """What is simulated: so many reviews of examples with errors at this rate."""

    model: str
    budget: int
    rate: float | None
    """None: as it is."""
    slips: bool = False
    stages: int = 1

    @property
    def title(self) -> str:
        """What a table calls it."""
        rate = "as it is" if self.rate is None else f"{100 * self.rate:g} %"
        ways = [f"{100 * SLIP:g} % slips"] * self.slips + ["in two plans"] * (self.stages == 2)
        return ", ".join([f"{self.model}, {rate}", *ways])


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of the runs of a case."""

    case: Case
    estimates: np.ndarray  # of the number of errors, over the truth
    unbiased: np.ndarray  # right on average by construction, by the same draws and answers
    covered: np.ndarray
    widths: np.ndarray  # in percent of all examples
    gain: float  # the variance of as many simple random reviews over ours

    @property
    def bias(self) -> tuple[float, float]:
        """Mean difference to what is right on average, in parts of the truth, and its error."""
        off = self.estimates - self.unbiased
        return float(off.mean()), float(off.std(ddof=1) / np.sqrt(len(off)))

    @property
    def coverage(self) -> float:
        """How often the interval holds the truth."""
        return float(self.covered.mean())

    @property
    def failures(self) -> list[str]:
        """Which targets it misses."""
        missed = []
        if abs(self.bias[0]) >= MOST_BIAS:
            missed.append(f"bias {100 * self.bias[0]:+.1f} %")
        if not LOWEST <= self.coverage <= HIGHEST:
            missed.append(f"coverage {100 * self.coverage:.1f} %")
        plain = not self.case.slips and self.case.stages == 1 and self.case.rate is None
        if plain and self.case.budget == 500 and self.gain < LEAST_GAIN:
            missed.append(f"gain {self.gain:.2f}")
        where = f"{self.case.title}, {self.case.budget} checked"
        return [f"{where}: {what}" for what in missed]

    def cells(self) -> list[str]:
        """Return a line of the table."""
        bias, error = self.bias
        raw = 100 * (self.estimates.mean() - 1)
        raw_error = 100 * self.estimates.std(ddof=1) / np.sqrt(len(self.estimates))
        return [
            self.case.title,
            str(self.case.budget),
            f"{100 * bias:+.1f} ± {100 * error:.1f} %",
            f"{raw:+.1f} ± {raw_error:.1f} %",
            f"{100 * self.coverage:.1f} %",
            f"{self.widths.mean():.2f} %",
            "" if self.case.slips else f"{self.gain:.1f}",
        ]


# ---------------------------------------------------------------- one review


@cache
def known(model: str, data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which labels are wrong, how probable that was, and which `find` flags."""
    folder = data / "cifar10n" / "aggregate"
    given, true = (np.load(folder / f"{name}_labels.npy") for name in ("noisy", "true"))
    probs = np.load(folder / f"pred_probs_{model}.npy")
    flagged = np.zeros(len(given), dtype=bool)
    flagged[errata.find(given, probs).indices] = True
    return given != true, doubts(given, [probs]).predicted, flagged


@dataclass(frozen=True, eq=False)
class Review:
    """What was drawn and found, and how far reviewers are to be believed."""

    draws: list[Draw]
    slips: Slips = NO_SLIPS
    disagree: float = 0.0
    """How often two of them disagreed."""


def review(
    wrong: np.ndarray,
    predicted: np.ndarray,
    flagged: np.ndarray,
    case: Case,
    rng: np.random.Generator,
) -> Review:
    """Draw and check as an audit does."""
    draws: list[Draw] = []
    said: list[np.ndarray] = []
    left, expected = np.ones(len(wrong), dtype=bool), predicted
    for stage in range(case.stages):
        if stage:
            expected = expected_errors(draws, predicted)
        rows = np.flatnonzero(left)
        drawn, stratum, probability = in_strata(
            expected[rows], flagged[rows], case.budget // case.stages, rng
        )
        examples = rows[drawn]
        rejected = wrong[examples]
        if case.slips:
            votes = rejected[:, np.newaxis] ^ (rng.random((len(examples), VOTES)) < SLIP)
            said.append(votes)
            rejected = (~votes).sum(axis=1) < THRESHOLD
        draws.append(
            Draw(examples=examples, wrong=rejected, probability=probability, stratum=stratum)
        )
        left[examples] = False
    if not said:
        return Review(draws)
    votes = np.concatenate(said)
    one = slips_in_repeats(votes)
    assert one is not None, "they do not guess"
    slips = concluded(one, votes=VOTES, threshold=THRESHOLD, repeats=VOTES)
    pairs = [votes[:, i] != votes[:, j] for i, j in combinations(range(VOTES), 2)]
    return Review(draws, slips, float(np.mean(pairs)))


def unbiased(done: Review, predicted: np.ndarray, errors: int, *, slips: bool) -> float:
    """Return an estimate that is right on average, which chance moves as it moves ours.

    With the slips known nothing but the draw and the answers is left to chance. What disagreement
    says of the slips, to first order, is 0 on average, and added: ours moves along with it.
    """
    if not slips:
        return Design(done.draws, predicted, NO_SLIPS).total(0.0)
    q, step = SLIP, 1e-6
    known, more = (
        concluded(Slips(false_alarm=rate, miss=rate), votes=VOTES, threshold=THRESHOLD)
        for rate in (q, q + step)
    )
    oftener = done.disagree - 2 * q * (1 - q)
    moved = oftener / (2 * (1 - 2 * q))  # of one reviewer's slips, by the slope of 2 q (1 - q)
    alarms, misses = (
        (getattr(more, kind) - getattr(known, kind)) / step * moved
        for kind in ("false_alarm", "miss")
    )
    told = Design(done.draws, predicted, known).total(0.0)
    return told + (errors * misses - (len(predicted) - errors) * alarms) / known.informative


def runs_of(case: Case, data: Path, runs: Sequence[int]) -> list[tuple[float, float, bool, float]]:
    """Simulate some reviews of a case."""
    all_wrong, predicted, flagged = known(case.model, data)
    n = len(all_wrong)
    told = []
    for run in runs:
        rng = np.random.default_rng([run, case.budget, case.slips, case.stages])
        wrong = all_wrong
        if case.rate is not None:
            wrong = np.zeros(n, dtype=bool)
            kept = rng.permutation(np.flatnonzero(all_wrong))[: round(case.rate * n)]
            wrong[kept] = True
        done = review(wrong, predicted, flagged, case, rng)
        found = estimate_errors(done.draws, predicted, slips=done.slips)
        total = int(wrong.sum())
        assert found.estimate is not None, "it was drawn by chance"
        told.append(
            (
                found.estimate / total,
                unbiased(done, predicted, total, slips=case.slips) / total,
                found.low <= total <= found.high,
                100 * (found.high - found.low) / n,
            )
        )
    return told


def outcome(case: Case, data: Path, told: Sequence[tuple[float, float, bool, float]]) -> Outcome:
    """Gather the runs of a case."""
    estimates, unbiased, covered, widths = map(np.array, zip(*told, strict=True))
    wrong = known(case.model, data)[0]
    n = len(wrong)
    rate = wrong.mean() if case.rate is None else case.rate
    random = n * n * rate * (1 - rate) / case.budget * (n - case.budget) / (n - 1)
    gain = random / float((estimates * rate * n).var(ddof=1))
    return Outcome(case, estimates, unbiased, covered, widths, gain)


# ---------------------------------------------------------------- the picture


def draw(data: Path, path: Path) -> Path:
    """Draw the median interval as votes come in, beside that of simple random samples."""
    wrong, predicted, flagged = known(MODELS[0], data)
    n, budget = len(wrong), 600
    case, constant = Case(MODELS[0], budget, None), np.full(n, 0.1)
    numbers = range(50, budget + 1, 50)
    planned, simple = [], []
    for seed in range(DRAWN):
        rng = np.random.default_rng(seed)
        (by_plan,) = review(wrong, predicted, flagged, case, rng).draws
        chosen = rng.permutation(n)[:budget]
        at_random = Draw(
            examples=chosen,
            wrong=wrong[chosen],
            probability=np.full(budget, budget / n),
            stratum=np.zeros(budget, dtype=int),
        )
        planned.append([ends(by_plan, checked, predicted) for checked in numbers])
        simple.append([ends(at_random, checked, constant) for checked in numbers])
    courses = {
        name: [(checked, *found) for checked, found in zip(numbers, np.median(one, 0), strict=True)]
        for name, one in (("simple random sample", simple), ("errata plan --goal rate", planned))
    }
    chart = error_course_chart(courses, truth=float(wrong.mean()), width=640)
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_chart(chart, path)


def ends(one: Draw, checked: int, predicted: np.ndarray) -> tuple[float, float, float]:
    """Return the estimate and its interval, were so many checked in the order of asking."""
    assert one.probability is not None, "it was drawn by chance"
    columns = (one.examples, one.stratum, one.probability)
    rows = [
        {
            "plan": 1,
            "goal": "rate",
            "example": example,
            "stratum": stratum,
            "probability": probability,
        }
        for example, stratum, probability in zip(*(c.tolist() for c in columns), strict=True)
    ]
    so_far = dict(zip(one.examples[:checked].tolist(), one.wrong[:checked].tolist(), strict=True))
    draws, _ = draws_of(rows, so_far)
    found = estimate_errors(draws, predicted)
    assert found.estimate is not None, "it was drawn by chance"
    n = len(predicted)
    return found.estimate / n, found.low / n, found.high / n


# ---------------------------------------------------------------- the command


def main() -> None:
    """Measure, tell, and end with 1 if a target is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the published data")
    parser.add_argument("--runs", type=int, default=RUNS, help="simulated reviews of each case")
    parser.add_argument("--cases", default="", help="only lines with this in model and error rate")
    parser.add_argument("--publish", action="store_true", help=f"renew {PAGE.name}")
    args = parser.parse_args()
    cases = [
        Case(model, budget, rate, slips)
        for model in MODELS
        for slips in (False, True)
        for rate in RATES
        for budget in BUDGETS
    ]
    cases += [Case(model, 500, rate, stages=2) for model in MODELS for rate in RATES]
    cases = [case for case in cases if args.cases in case.title]
    if args.publish and args.cases:
        parser.error("--publish renews the whole table: leave --cases out")
    parts = np.array_split(np.arange(args.runs), 10)
    found = []
    with ProcessPoolExecutor() as pool:
        futures = [
            [pool.submit(runs_of, case, args.data, part) for part in parts] for case in cases
        ]
        for case, jobs in zip(cases, futures, strict=True):
            told = [one for job in jobs for one in job.result()]
            found.append(outcome(case, args.data, told))
            print(" | ".join(found[-1].cells()), flush=True)
    here = machine(("numpy", "scipy", "errata"))
    where = (
        f"{args.runs:,} simulated reviews of each line, on {here['date']}; {here['versions']}. "
        f"{len(known(MODELS[0], args.data)[0]):,} examples, "
        f"{100 * known(MODELS[0], args.data)[0].mean():.2f} % of them wrong as they are."
    )
    head = ["model, error rate", "checked", "bias", "bias, raw", "covers", "width", "worth"]
    missed = [line for one in found for line in one.failures]
    told = f"Out of bounds: {'; '.join(missed)}." if missed else "Every line is within the bounds."
    text = f"{where}\n\n{markdown(head, (one.cells() for one in found))}\n\n{told}"
    print(text)
    if args.publish:
        put("results", text, PAGE)
        draw(args.data, PICTURE)
    print(*missed, sep="\n", file=sys.stderr)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
