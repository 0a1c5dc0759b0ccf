"""Rule ``reviewed``: how near the learnt cut-off comes to the best cut of the best rule.

CIFAR-10N aggregate, whose true labels are known, with two models' probabilities, and the same set
with noise made by chance. Again and again some examples are drawn as ``errata plan --goal rate``
draws them, and reviewed by the truth; a rule and a cut-off are learnt from these, and held to the
truth of the whole set: how good the cut is, how often intervals hold it, and how often a cut that
was chosen for a precision or a recall falls below that. It prints two tables; ``--publish`` renews
them and the chart of docs/certainty/cut-off.md. It ends with 1 if the target is not met. The data
is looked for in ERRATA_DATA, else in ../shared/data.
"""

import argparse
import os
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from machine import machine
from telling import markdown, put

from errata.core.cutoff import REPLICATES, Aim, Cutoff, learn_cutoff, rule_orders
from errata.core.error_rate import Draw
from errata.core.ranking import normalized_margin
from errata.core.rows import DenseRows
from errata.core.sampling import in_strata
from errata.core.selection import RULES, codes_of
from errata.errors import ErrataWarning
from errata.finding import find
from errata.report.charts import LIGHT, save_chart
from errata.report.charts.canvas import Canvas

REPO = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("ERRATA_DATA") or REPO.parent / "shared" / "data")
PAGE = REPO / "docs" / "certainty" / "cut-off.md"
PICTURE = REPO / "docs" / "images" / "cut-off.svg"
MODELS = {"resnet18": "ResNet-18", "efficientnet_b1": "EfficientNet-B1"}
REVIEWS, OTHERS = 300, (50, 100, 1000)
TARGET = 0.015
"""So far from the best F1 may the mean be, on people's noise."""
FEWER = 50
"""So many made-up sets of labels make an interval here, to save time; errata takes `REPLICATES`."""
ASKED = (Aim(name="precision", least=0.9), Aim(name="recall", least=0.8))
"""Aims of which a cut can fall short."""


@dataclass(frozen=True, eq=False)
class Case:
    """A labelled set, one model's probabilities, and which labels are wrong."""

    title: str
    given: np.ndarray  # (n,)
    probs: np.ndarray  # (n, classes)
    wrong: np.ndarray  # (n,)

    @cached_property
    def masks(self) -> dict[str, np.ndarray]:
        """What each rule flags as it is."""
        masks = {}
        for rule in RULES:
            masks[rule] = np.zeros(len(self.given), dtype=bool)
            masks[rule][find(self.given, self.probs, rule=rule).indices] = True
        return masks

    @cached_property
    def confidence(self) -> np.ndarray:
        return self.probs[np.arange(len(self.given)), self.given].astype(float)

    @cached_property
    def margin(self) -> np.ndarray:
        return normalized_margin(self.confidence, DenseRows(self.probs).others(self.given)[1])

    @cached_property
    def guesses(self) -> np.ndarray:
        return np.clip(np.stack([(1 - self.margin) / 2, 1 - self.confidence], axis=1), 0, 1)

    @cached_property
    def orders(self) -> dict[str, np.ndarray]:
        places = np.arange(len(self.given))
        return rule_orders(codes_of(self.masks), self.margin, self.confidence, places)

    @cached_property
    def curves(self) -> dict[str, np.ndarray]:
        """True F1 at every cut of every order."""
        sizes, total = np.arange(1, len(self.wrong) + 1), self.wrong.sum()
        return {
            name: 2 * np.cumsum(self.wrong[order]) / (sizes + total)
            for name, order in self.orders.items()
        }

    @cached_property
    def best(self) -> tuple[float, str, int]:
        """The best F1 there is, its rule, and how many it flags."""
        name = max(self.curves, key=lambda name: self.curves[name].max())
        return float(self.curves[name].max()), name, int(self.curves[name].argmax()) + 1

    def as_flagged(self, rule: str) -> float:
        """Return the true F1 of a rule as it is."""
        mask = self.masks[rule]
        return 2 * np.count_nonzero(mask & self.wrong) / (mask.sum() + self.wrong.sum())

    def reviewed(self, reviews: int, seed: int) -> Draw:
        """Draw examples as a plan for the rate does after rule margin, and review them."""
        examples, strata, probability = in_strata(
            self.guesses[:, 0], self.masks["margin"], reviews, np.random.default_rng(seed)
        )
        return Draw(
            examples=examples,
            wrong=self.wrong[examples],
            probability=probability,
            stratum=strata,
        )

    def learnt(
        self, reviews: int, repetitions: int, replicates: int, aim: Aim | None = None
    ) -> list[Cutoff]:
        """Learn a cut-off from reviews again and again."""
        return [
            learn_cutoff(
                self.orders,
                [self.reviewed(reviews, seed)],
                self.guesses,
                aim or Aim(),
                np.random.default_rng(seed),
                replicates=replicates,
            )
            for seed in range(repetitions)
        ]

    def reached(self, cutoffs: list[Cutoff]) -> np.ndarray:
        """Return the true F1 of each."""
        return np.array([self.curves[one.order][one.size - 1] for one in cutoffs])

    def true(self, name: str, cutoffs: list[Cutoff]) -> np.ndarray:
        """Return the true F1, precision or recall of each."""
        sizes, f1 = np.array([one.size for one in cutoffs]), self.reached(cutoffs)
        found = f1 * (sizes + self.wrong.sum()) / 2
        return {"f1": f1, "precision": found / sizes, "recall": found / self.wrong.sum()}[name]

    def held(self, name: str, cutoffs: list[Cutoff]) -> float:
        """Return of how many cuts the interval of F1, precision or recall holds the truth, in %."""
        told = [getattr(one, name) for one in cutoffs]
        inside = [
            each.low <= at <= each.high
            for each, at in zip(told, self.true(name, cutoffs), strict=True)
        ]
        return 100 * float(np.mean(inside))

    def fallen_short(self, aim: Aim, repetitions: int) -> str:
        """Return how many of the cuts chosen for an aim do not reach it, and how far off most are.

        That a cut was chosen needs no interval, so that two made-up sets of labels will do.
        """
        off = self.true(aim.name, self.learnt(REVIEWS, repetitions, 2, aim)) - aim.least
        return (
            f"{100 * np.mean(off < 0):.0f} % (a twentieth by {-np.quantile(off, 0.05):.2f} or more)"
        )


def cases(data: Path) -> list[Case]:
    """Read the published labels and probabilities, and make noise by chance beside them."""
    folder = data / "cifar10n" / "aggregate"
    noisy, true = (
        np.load(folder / f"{name}_labels.npy").astype(np.int64) for name in ("noisy", "true")
    )
    rng = np.random.default_rng(0)
    moved = rng.random(len(true)) < np.mean(noisy != true)
    by_chance = np.where(moved, (true + rng.integers(1, 10, len(true))) % 10, true)
    noises = {"people's errors": noisy, "errors by chance": by_chance}
    return [
        Case(f"{title}, {noise}", given, np.load(folder / f"pred_probs_{name}.npy"), given != true)
        for noise, given in noises.items()
        for name, title in MODELS.items()
    ]


# ---------------------------------------------------------------- what is measured


def column(case: Case, cutoffs: list[Cutoff]) -> tuple[dict[str, str], float]:
    """Return what there is to tell of a case, and how far its mean F1 is from the best."""
    best, rule, size = case.best
    reached = case.reached(cutoffs)
    held = [f"{case.held(name, cutoffs):.0f} %" for name in ("precision", "recall", "f1")]
    chosen = Counter(one.order for one in cutoffs).most_common(2)
    flagged = {name: case.as_flagged(name) for name in RULES}
    least, most = min(flagged.values()), max(flagged.values())
    lost = best - float(reached.mean())
    return {
        "": case.title,
        "F1 of the rules as they are": f"{least:.3f} to {most:.3f}",
        "F1 of rule margin as it is": f"{flagged['margin']:.3f}",
        "best cut of the best rule": f"{best:.3f} ({rule}, first {size:,})",
        "**rule reviewed, mean and standard deviation**": (
            f"**{reached.mean():.3f}** ± {reached.std():.3f}"
        ),
        "lost": f"{lost:.4f}",
        "F1 as estimated, less the true one: mean": (
            f"{np.mean([one.f1.value for one in cutoffs]) - reached.mean():+.3f}"
        ),
        "95 % intervals that hold precision, recall, F1": ", ".join(held),
        **{
            f"cuts for {aim} that fall below it": case.fallen_short(aim, len(cutoffs))
            for aim in ASKED
        },
        "chosen": ", ".join(f"{name} {100 * n / len(cutoffs):.0f} %" for name, n in chosen),
    }, lost


def by_reviews(case: Case, cutoffs: list[Cutoff]) -> list[list[str]]:
    """Return a line for each number of reviews."""
    lines = []
    for reviews in sorted((REVIEWS, *OTHERS)):
        some = cutoffs if reviews == REVIEWS else case.learnt(reviews, len(cutoffs), 2)
        reached = case.reached(some)
        worst = np.quantile(reached, 0.05)
        lost = case.best[0] - reached.mean()
        lines.append([f"{reviews:,}", f"{reached.mean():.3f}", f"{worst:.3f}", f"{lost:.4f}"])
    return lines


# ---------------------------------------------------------------- the picture


def draw(case: Case, cutoffs: list[Cutoff], path: Path) -> Path:
    """Draw F1 against the number of flags for some rules, and the cuts that were learnt."""
    width, height, left, right, top, bottom = 640, 360, 56, 620, 76, 308
    most, low, high = 10_000, 0.4, 0.9
    canvas = Canvas(width, height, LIGHT)

    def x(size: float) -> float:
        return left + (right - left) * size / most

    def y(f1: float) -> float:
        return bottom - (bottom - top) * (f1 - low) / (high - low)

    marks = [(y(at / 10), f".{at}") for at in range(4, 10)]
    canvas.lines([(left, at, right, at, LIGHT.grid) for at, _ in marks])
    canvas.words([(left - 8, at, text, LIGHT.muted) for at, text in marks], align="right")
    numbers = [
        (x(size), bottom + 16, f"{size:,}", LIGHT.muted) for size in range(0, most + 1, 2000)
    ]
    canvas.words(numbers, align="center")
    curve = case.curves["argmax"]
    sizes = np.arange(50, most + 1, 50)
    points = [(x(size), y(curve[size - 1])) for size in sizes if curve[size - 1] >= low]
    canvas.lines(
        [(*one, *other, LIGHT.muted) for one, other in pairwise(points)],
        weight=1.5,
    )
    reached = case.reached(cutoffs)
    canvas.dots(
        [(x(one.size), y(f1), LIGHT.series[0]) for one, f1 in zip(cutoffs, reached, strict=True)],
        across=5,
    )
    as_it_is = [
        (x(int(mask.sum())), y(case.as_flagged(rule)), rule) for rule, mask in case.masks.items()
    ]
    canvas.dots([(across, down, LIGHT.series[1]) for across, down, _ in as_it_is], across=8)
    names, room = [], 0.0
    for across, down, rule in sorted(as_it_is, key=lambda one: one[1]):
        # on the side of the curve that is free; one below the other where they meet
        beyond = across > x(case.best[2])
        room = down - 10 if beyond else max(down + 4, room + 15)
        names.append((across + 10, room, rule, LIGHT.series[1]))
    canvas.words(names)
    canvas.words(
        [((left + right) / 2, bottom + 38, "examples flagged", LIGHT.muted)], align="center"
    )
    canvas.words([(left, 14, f"F1 of what is flagged: {case.title}", LIGHT.ink)], bold=True)
    canvas.words(
        [(left, 34, f"rule reviewed, {len(cutoffs)} times {REVIEWS} reviews", LIGHT.series[0])],
        bold=True,
    )
    canvas.words([(left + 250, 34, "the other rules, as they are", LIGHT.series[1])], bold=True)
    canvas.words([(left, 54, "the order of rule argmax, cut anywhere", LIGHT.muted)])
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_chart(canvas.finish(), path)


# ---------------------------------------------------------------- the command


def main() -> None:
    """Measure, tell, and end with 1 if the target is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the published data")
    parser.add_argument("--repetitions", type=int, default=200, help="of each set of reviews")
    parser.add_argument("--publish", action="store_true", help=f"renew {PAGE.name}")
    args = parser.parse_args()
    warnings.simplefilter("ignore", ErrataWarning)
    read = cases(args.data)
    learnt = [case.learnt(REVIEWS, args.repetitions, FEWER) for case in read]
    columns, lost = zip(*map(column, read, learnt), strict=True)
    text = told(columns, args.repetitions, read[0].title, by_reviews(read[0], learnt[0]))
    print(text)
    if args.publish:
        put("results", text, PAGE)
        draw(read[0], learnt[0], PICTURE)
    of_people = lost[: len(MODELS)]
    if max(of_people) > TARGET:
        print(f"{max(of_people):.4f} of F1 is lost, more than {TARGET}.", file=sys.stderr)
    sys.exit(max(of_people) > TARGET)


def told(
    columns: tuple[dict[str, str], ...], repetitions: int, title: str, lines: list[list[str]]
) -> str:
    """Return both tables, and where and when they were measured."""
    here = machine(("numpy", "errata"))
    head, *rows = ([name, *(cells[name] for cells in columns)] for name in columns[0])
    where = (
        f"One run on {here['date']}, {here['versions']}: {repetitions} repetitions, each with "
        f"{REVIEWS} reviews. Intervals by {FEWER} made-up sets of labels, of which errata takes "
        f"{REPLICATES}."
    )
    reviews = markdown([f"reviews ({title})", "mean F1", "worst twentieth below", "lost"], lines)
    return "\n\n".join([where, markdown(head, rows), reviews])


if __name__ == "__main__":
    main()
