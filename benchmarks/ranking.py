"""How many checked labels decide a ranking: 34 models on ImageNet, by chance and aimed.

The answers are real: the published ones of 34 models to 50,000 pictures. Nobody knows all right
labels, so they are drawn, once: for each picture the given label or one that a model says, with
odds that grow with the share of models that say it, the given label being worth as much more as
makes 5 % of the labels wrong. Then examples are checked, by chance, again and again; each time the
pairs of models that are told apart are counted, and which of them wrongly so. The aimed plans are
told the answers alone: once as they are, once through `errata.core.crowd.models_as_voters`. All
are estimated alike, with the given label as the guess.

The crossings and the numbers of relabels are those of the published votes. It prints tables;
``--publish`` renews those of docs/certainty/ranking.md and its charts. It ends with 1 if a target
is not met. The data is looked for in ERRATA_DATA, else in shared/data beside the repository.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import ranking_charts
from machine import machine
from targets import Target
from telling import markdown, put

from errata.core.accuracy import Sets, corrected_labels, label_sets
from errata.core.certainty import Accuracies, Ranking, Sample, accuracies, decide
from errata.core.crowd import models_as_voters
from errata.core.sampling import inclusion_probabilities, pivotal_sample
from errata.core.stability import Duel, crossing_band, duel, fewest_flips
from errata.core.targeting import ranking_sizes, support_of
from errata.paper.benchmark import Benchmark
from errata.paper.published import Pack

REPO = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("ERRATA_DATA") or REPO.parent / "shared" / "data")
PAGE = REPO / "docs" / "certainty" / "ranking.md"
WRONG = 0.05  # of the labels
STEEP = 6.0  # the log of the odds of a label that all models say to one that hardly any does
CHECKS = (250, 500, 1000, 2000, 4000)
RANDOM, AIMED, BY_SHARES = "random", "aimed", "aimed by shares alone"
MEASURED = ((RANDOM, 1000), (RANDOM, 2000), (BY_SHARES, 1000), (AIMED, 1000))
DRAWS = 2000  # of errors, for the simultaneous intervals of each run
PAIRS = (
    ("keras_resnet50", "pytorch_resnet18"),
    ("pytorch_resnet50", "pytorch_resnet18"),
    ("pytorch_vgg19_bn", "pytorch_vgg11_bn"),
    ("keras_nasnetlarge", "keras_inceptionresnetv2"),
)
THRESHOLD = 3  # votes of five

Runs = Mapping[tuple[str, int], "Outcomes"]


def main() -> None:
    """Measure, tell, and end with 1 if a target is not met."""
    args = arguments()
    imagenet = Benchmark("imagenet", Pack(args.data))
    world = World(
        np.stack([top[:, 0] for top in imagenet.predictions.values()], axis=1), imagenet.labels
    )
    runs = {
        (plan, checks): measured(
            world, plan, checks, args.runs if (plan, checks) in MEASURED else args.runs // 5
        )
        for plan in (RANDOM, BY_SHARES, AIMED)
        for checks in CHECKS
    }
    found = targets(runs)
    text = told(world, runs, found, args.runs)
    votes = Reviewed(imagenet)
    head = ["", "cross at", "95 % band", "ahead now, in hits", "relabels that flip them"]
    crossed = markdown(head, map(votes.row, PAIRS))
    print(text, crossed, sep="\n\n")
    if args.publish:
        put("results", text, PAGE)
        put("crossings", crossed, PAGE)
        draw(imagenet, world, runs)
        names = [imagenet.names[model] for model in PAIRS[0]]
        ranking_charts.crossing(*names, *votes.duels(PAIRS[0]))
    missed = [one for one in found if not one.met]
    for one in missed:
        print(f"NOT MET: {one.what}: wanted {one.wanted}, found {one.found}", file=sys.stderr)
    sys.exit(bool(missed))


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="of each plan (default 200)")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of published data")
    parser.add_argument("--publish", action="store_true", help=f"renew {PAGE.name} and its charts")
    return parser.parse_args()


# ---------------------------------------------------------------- a world whose truth is known


@dataclass(frozen=True, eq=False)
class World:
    """What models answer and what is given, and a truth drawn once."""

    answers: np.ndarray  # (n, models)
    given: np.ndarray  # (n,)

    @cached_property
    def truth(self) -> np.ndarray:
        """The right labels, drawn once."""
        same = np.stack([self.answers == column[:, None] for column in self.answers.T], axis=2)
        said_before = np.triu(same, 1).any(axis=1)  # each label once, whoever says it
        odds = np.exp(STEEP * same.mean(axis=1)) * ~said_before * ~self.right_by_given
        own = np.exp(STEEP * self.right_by_given.mean(axis=1))
        low, high = 0.0, 20.0
        for _ in range(60):  # how much more the given label is worth
            middle = (low + high) / 2
            odds_of_given = own * np.exp(middle)
            wrong = (1 - odds_of_given / (odds_of_given + odds.sum(axis=1))).mean()
            low, high = (middle, high) if wrong > WRONG else (low, middle)
        steps = np.cumsum(np.column_stack([odds_of_given, odds]), axis=1)
        drawn = np.random.default_rng(0).random((len(steps), 1)) * steps[:, -1:]
        chosen = (drawn > steps[:, :-1]).sum(axis=1)
        labels = np.column_stack([self.given, self.answers])
        return labels[np.arange(len(labels)), chosen]

    @cached_property
    def support(self) -> np.ndarray:
        """How probable models as voters hold each answer to be; nothing of the truth is in it."""
        n_classes = int(max(self.given.max(), self.answers.max())) + 1
        found = models_as_voters(self.answers, self.given, n_classes)
        return support_of(self.answers, self.given, found)

    @cached_property
    def right_by_given(self) -> np.ndarray:
        """Which answers are the given label."""
        return self.answers == self.given[:, None]

    @cached_property
    def right(self) -> np.ndarray:
        """Which answers are the right label."""
        return self.answers == self.truth[:, None]

    @cached_property
    def lead(self) -> np.ndarray:
        """By how much the model of the row is better than that of the column, in truth."""
        accuracy = self.right.mean(axis=0)
        return accuracy[:, None] - accuracy

    def probabilities(self, plan: str, checks: int) -> np.ndarray:
        """Return with which probability each example is checked."""
        if plan == RANDOM:
            return np.full(len(self.given), checks / len(self.given))
        support = self.support if plan == AIMED else None
        sizes = ranking_sizes(self.answers, self.given, support=support)
        return inclusion_probabilities(sizes, checks)


# ---------------------------------------------------------------- what comes out


@dataclass(frozen=True)
class Outcomes:
    """What came out, run by run."""

    decided: np.ndarray  # the share of the pairs
    wrong: np.ndarray  # how many of them wrongly
    statements: np.ndarray  # of how many
    covered: np.ndarray  # whether all intervals hold
    ranked: np.ndarray  # whether all rank sets hold
    own: np.ndarray  # in which share of the models the accuracy lies in its own interval
    error: np.ndarray  # the median standard error of a lead
    width: np.ndarray  # the mean number of ranks in a rank set

    @property
    def wrong_share(self) -> float:
        """Of all decided pairs of all runs, the share that is wrong."""
        return float(self.wrong.sum() / max(1, self.statements.sum()))


def measured(world: World, plan: str, checks: int, times: int) -> Outcomes:
    """Return what comes out of a plan that is drawn so many times."""
    probabilities = world.probabilities(plan, checks)
    pairs = np.triu_indices(len(world.lead), 1)
    better = world.lead > 0
    rank, last = 1 + better.sum(axis=0), len(better) - better.sum(axis=1)
    accuracy = world.right.mean(axis=0)
    rows = []
    for run in range(times):
        estimate, ranking = checked_once(world, probabilities, seed=run)
        lowest, highest = estimate.intervals()
        rows.append(
            (
                ranking.decided.sum() / len(pairs[0]),
                (ranking.decided & ~better).sum(),
                ranking.decided.sum(),
                ((ranking.low <= world.lead) & (world.lead <= ranking.high)).all(),
                ((ranking.best_rank <= rank) & (last <= ranking.worst_rank)).all(),
                ((lowest <= accuracy) & (accuracy <= highest)).mean(),
                np.median(estimate.error[pairs]),
                (ranking.worst_rank - ranking.best_rank + 1).mean(),
            )
        )
    return Outcomes(*np.array(rows, dtype=float).T)


def checked_once(world: World, probabilities: np.ndarray, seed: int) -> tuple[Accuracies, Ranking]:
    """Draw examples, check them, and return what they say."""
    rng = np.random.default_rng([1, seed])
    examples = pivotal_sample(probabilities, rng)
    checked = Sample(
        examples=examples,
        probabilities=probabilities[examples],
        strata=np.zeros(len(examples), dtype=np.int64),
    )
    estimate = accuracies(world.right_by_given, world.right[examples], checked)
    return estimate, decide(estimate, rng, draws=DRAWS)


def targets(runs: Runs) -> list[Target]:
    """Return every target, with what was found."""
    aimed, random = runs[AIMED, 1000], runs[RANDOM, 2000]
    few, many = 100 * aimed.decided.mean(), 100 * random.decided.mean()
    found = [
        Target(
            "decided pairs, 1,000 aimed checks",
            f"≥ the {many:.1f} % of 2,000 random ones",
            f"{few:.1f} %",
            bool(few >= many),
        )
    ]
    for name, one in (("1,000 aimed", aimed), ("2,000 random", random)):
        wrong, held = 100 * one.wrong_share, 100 * one.covered.mean()
        found.append(
            Target(f"decided wrongly, {name}", "≤ 1 %", f"{wrong:.2f} %", bool(wrong <= 1))
        )
        what = f"runs in which every interval holds, {name}"
        found.append(Target(what, "≥ 95 %", f"{held:.1f} %", bool(held >= 95)))
    own = 100 * aimed.own.mean()
    what = "intervals of single accuracies that hold, 1,000 aimed"
    found.append(Target(what, "≥ 95 %", f"{own:.1f} %", bool(own >= 95)))
    return found


# ---------------------------------------------------------------- the published votes


@dataclass(frozen=True, eq=False)
class Reviewed:
    """The sets that the published votes make, and the labels after them."""

    imagenet: Benchmark

    @cached_property
    def sets(self) -> Sets:
        """B, U, P and C."""
        reviewed = self.imagenet.reviewed
        codes = reviewed.codes(THRESHOLD)
        return label_sets(len(self.imagenet.labels), reviewed.rows, codes)

    @cached_property
    def labels(self) -> np.ndarray:
        """The corrected labels."""
        reviewed = self.imagenet.reviewed
        codes = reviewed.codes(THRESHOLD)
        return corrected_labels(self.imagenet.labels, reviewed.rows, reviewed.suggested, codes)

    @cached_property
    def unchecked(self) -> np.ndarray:
        """Which examples nobody checked."""
        mask = np.ones(len(self.labels), dtype=bool)
        mask[self.imagenet.reviewed.rows] = False
        return mask

    def answers(self, pair: tuple[str, str]) -> np.ndarray:
        """Return the best answers of two models, ``(n, 2)``."""
        return np.stack([self.imagenet.predictions[model][:, 0] for model in pair], axis=1)

    def duels(self, pair: tuple[str, str]) -> tuple[Duel, Duel]:
        """Return how two models stand on B and on C."""
        right = (self.answers(pair) == self.labels[:, None]).T
        return duel(*right, self.sets.benign), duel(*right, self.sets.correctable)

    def row(self, pair: tuple[str, str]) -> list[str]:
        """Return where two models cross, the band of that, and how many labels flip them."""
        benign, correctable = self.duels(pair)
        band = crossing_band(benign, correctable)
        where = "nowhere"
        if benign.lead * correctable.lead < 0:
            where = f"{100 * float(benign.lead / (benign.lead - correctable.lead)):.2f} %"
        [flip] = fewest_flips(pair, self.answers(pair), self.labels, self.unchecked)
        return [
            " and ".join(self.imagenet.names[model] for model in pair),
            where,
            " and ".join(f"{100 * low:.1f} to {100 * high:.1f} %" for low, high in band)
            or "surely nowhere",
            f"{self.imagenet.names[flip.leader]}, by {flip.lead:,}",
            "no number" if flip.fewest is None else f"{flip.fewest:,} of {flip.room:,}",
        ]


# ---------------------------------------------------------------- telling


def told(world: World, runs: Runs, found: list[Target], times: int) -> str:
    """Return the tables, and where and when it was measured."""
    here = machine(("numpy", "scipy", "errata"))
    n, models = world.answers.shape
    where = (
        f"{times} runs of each plan on {here['date']}, on {here['processor']} with "
        f"{here['cores']} cores; {here['system']}, {here['versions']}. {models} models, "
        f"{models * (models - 1) // 2} pairs, {n:,} examples, of which "
        f"{100 * (world.truth != world.given).mean():.2f} % have a wrong label."
    )
    head = [
        "plan", "checks", "pairs decided", "of these wrongly", "all intervals hold",
        "all rank sets hold", "intervals of single accuracies that hold",
        "median error of a lead", "ranks in a set",
    ]  # fmt: skip
    rows = [
        [
            plan,
            f"{checks:,}",
            f"{100 * runs[plan, checks].decided.mean():.1f} %",
            f"{100 * runs[plan, checks].wrong_share:.3f} %",
            f"{100 * runs[plan, checks].covered.mean():.1f} %",
            f"{100 * runs[plan, checks].ranked.mean():.1f} %",
            f"{100 * runs[plan, checks].own.mean():.1f} %",
            f"{100 * runs[plan, checks].error.mean():.2f} points",
            f"{runs[plan, checks].width.mean():.1f}",
        ]
        for plan, checks in MEASURED
    ]
    goals = [[one.what, one.wanted, one.found, one.verdict] for one in found]
    return "\n\n".join([where, markdown(head, rows), markdown(["", "wanted", "found", ""], goals)])


def draw(imagenet: Benchmark, world: World, runs: Runs) -> None:
    """Draw the charts of the page."""
    ranking = checked_once(world, world.probabilities(AIMED, 1000), seed=0)[1]
    true, before = (right.mean(axis=0) for right in (world.right, world.right_by_given))
    ranking_charts.rank_sets(list(imagenet.names.values()), ranking, true, before)
    curves = {
        plan: [(checks, 100 * float(runs[plan, checks].decided.mean())) for checks in CHECKS]
        for plan in (AIMED, BY_SHARES, RANDOM)
    }
    ranking_charts.decided_pairs(curves)


if __name__ == "__main__":
    main()
