"""Models as voters: how well their answers alone order the labels that people checked.

The study's candidates of ImageNet and CIFAR-10, and the published models' best answers to them. A
label is an error where fewer than three of five people confirm it. Nothing here is fitted to what
people said. It prints two tables; ``--publish`` renews them and the chart of
docs/certainty/voters.md. It ends with 1 if the target is not met. The data is looked for in
ERRATA_DATA, else in ../shared/data.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest.mock import patch

import numpy as np
from machine import machine
from scipy.stats import rankdata
from telling import markdown, put
from words import in_seconds

from errata.core import crowd
from errata.core.crowd import Voters, models_as_voters
from errata.paper.published import SOURCES, Pack
from errata.report.charts import LIGHT, save_chart
from errata.report.charts.canvas import Canvas

REPO = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("ERRATA_DATA") or REPO.parent / "shared" / "data")
PAGE = REPO / "docs" / "certainty" / "voters.md"
PICTURE = REPO / "docs" / "images" / "voters.svg"
TARGET = 0.78
"""Wanted on ImageNet."""
CONFIRMED = 3
"""Votes of five for the given label."""
GROUPS = 10


@dataclass(frozen=True, eq=False)
class Case:
    """A set, its models' answers and the candidates that people checked."""

    title: str
    answers: np.ndarray  # (n, models)
    given: np.ndarray  # (n,)
    n_classes: int
    margins: np.ndarray  # p(given) less the largest other, by each model, (candidates, models)
    rows: np.ndarray  # of the candidates
    wrong: np.ndarray  # by people, (candidates,)

    @classmethod
    def of(cls, key: str, pack: Pack) -> "Case":
        """Read a set from the published files."""
        checked, given = pack.votes(key), pack.labels(key)
        classes = len(checked.classes)
        models = pack.predictions(key, n_classes=classes)
        margins = [
            margin
            for name in SOURCES[key].predictions
            for margin in _margins(pack.file(f"models/{name}"), checked.rows, given[checked.rows])
        ]
        return cls(
            title=SOURCES[key].title,
            answers=np.stack([best[:, 0] for best in models.values()], axis=1),
            given=given,
            n_classes=classes,
            margins=np.stack(margins, axis=1),
            rows=checked.rows,
            wrong=checked.votes[:, 0] < CONFIRMED,
        )

    def voters(self, without: int | None = None) -> Voters:
        """Let the models vote."""
        return models_as_voters(self.answers, self.given, self.n_classes, without=without)

    def told(self, voters: Voters) -> np.ndarray:
        """Return how probable it is that the candidates are wrong, in an order without rounding."""
        right, wrong = voters.right[self.rows], voters.wrong[self.rows]
        return np.log(np.maximum(wrong, 1e-300)) - np.log(np.maximum(right, 1e-300))

    @cached_property
    def share(self) -> np.ndarray:
        """The share of the models that do not say the given label."""
        return (self.answers[self.rows] != self.given[self.rows, np.newaxis]).mean(axis=1)

    @cached_property
    def lead(self) -> np.ndarray:
        """The share of the models for the commonest other label, less that for the given one."""
        found = []
        for answers, given in zip(self.answers[self.rows], self.given[self.rows], strict=True):
            counts = np.bincount(answers, minlength=self.n_classes)
            own, counts[given] = counts[given], 0
            found.append((counts.max() - own) / len(answers))
        return np.array(found)


def _margins(path: Path, rows: np.ndarray, given: np.ndarray) -> Iterator[np.ndarray]:
    """Yield each model's margins by its five largest probabilities; others count as 0."""
    with np.load(path) as arrays:
        for name in arrays.files:
            if name.endswith("__preds"):
                probs = arrays[name.removesuffix("__preds") + "__probs"][rows].astype(float)
                own = arrays[name][rows] == given[:, np.newaxis]
                others = np.where(own, 0, probs).max(axis=1)
                yield np.where(own, probs, 0).sum(axis=1) - others


# ---------------------------------------------------------------- areas


@dataclass(frozen=True, eq=False)
class Area:
    """The area under the ROC curve: how often an error is held worse than a label that is right.

    ``errors`` and ``others`` are that share for each error and for each other (DeLong, DeLong and
    Clarke-Pearson 1988); their spread gives the standard error.
    """

    errors: np.ndarray
    others: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, wrong: np.ndarray) -> "Area":
        """Return the area of a score that is high for errors."""
        ranks = rankdata(score)
        bad, good = wrong.sum(), (~wrong).sum()
        errors = (ranks[wrong] - rankdata(score[wrong])) / good
        others = 1 - (ranks[~wrong] - rankdata(score[~wrong])) / bad
        return cls(errors, others)

    @property
    def value(self) -> float:
        return float(self.errors.mean())

    @property
    def error(self) -> float:
        """Its standard error."""
        return _error(self.errors, self.others)

    def less(self, other: "Area") -> str:
        """Return how much larger this one is, with its standard error, on the same examples."""
        error = _error(self.errors - other.errors, self.others - other.others)
        return f"{self.value - other.value:+.3f} ± {error:.3f}"

    def __str__(self) -> str:
        return f"{self.value:.4f} ± {self.error:.4f}"


def _error(errors: np.ndarray, others: np.ndarray) -> float:
    return float(np.sqrt(errors.var(ddof=1) / len(errors) + others.var(ddof=1) / len(others)))


# ---------------------------------------------------------------- what is measured


def column(case: Case) -> tuple[dict[str, str], Area, Voters]:
    """Return what there is to tell of a set, the area by the voters, and what these said."""
    begin = time.perf_counter()
    voters = case.voters()
    seconds = time.perf_counter() - begin
    area = Area.of(case.told(voters), case.wrong)
    each = [Area.of(-margin, case.wrong) for margin in case.margins.T]
    others = {
        "most votes for another label, less those for the given one": Area.of(
            case.lead, case.wrong
        ),
        "votes against the given label": Area.of(case.share, case.wrong),
        "margins of the best single model, which is told by the truth": max(
            each, key=lambda one: one.value
        ),
    }
    cells = {"": f"{case.title}: {len(case.rows):,} candidates, {case.wrong.sum():,} errors"}
    cells["**models as voters**"] = f"**{area}**"
    cells |= {name: f"{other}; {other.less(area)}" for name, other in others.items()}
    cells["models, and as how many they count"] = (
        f"{case.answers.shape[1]}, {voters.weights.sum():.1f}"
    )
    cells["candidates that are wrong, by the voters and by people"] = (
        f"{100 * voters.wrong[case.rows].mean():.0f} %, {100 * case.wrong.mean():.0f} %"
    )
    cells["time, all examples"] = in_seconds(seconds)
    return cells, area, voters


@contextmanager
def equal_weights(weight: float) -> Iterator[None]:
    """Let every vote weigh the same."""
    with patch.object(crowd, "vote_weights", lambda wrong: np.full(wrong.shape[1], weight)):
        yield


def variants(case: Case) -> Iterator[list[str]]:
    """Yield a line for each way in which it might have been done."""
    models, prior = case.answers.shape[1], crowd.PRIOR_PER_CLASS
    fewer, more = (
        patch.object(crowd, "PRIOR_PER_CLASS", value) for value in (prior / 4, prior * 4)
    )
    ways: list[tuple[str, AbstractContextManager[object]]] = [
        ("as it is", nullcontext()),
        (f"a prior of {prior / 4:g} answer a class in place of {prior:g}", fewer),
        (f"a prior of {prior * 4:g}", more),
        (f"all {models} models together one vote", equal_weights(1 / models)),
        ("each model a whole vote, as if all erred independently", equal_weights(1.0)),
    ]
    for what, way in ways:
        with way:
            voters = case.voters()
        area = Area.of(case.told(voters), case.wrong)
        yield [what, str(area), f"{100 * voters.wrong[case.rows].mean():.0f} %"]


def left_out(case: Case) -> str:
    """Return between what the area lies when any one model has no vote."""
    areas = [
        Area.of(case.told(case.voters(without=model)), case.wrong).value
        for model in range(len(case.answers[0]))
    ]
    return (
        f"Without any one of the {len(areas)} models the area on {case.title} is "
        f"{min(areas):.4f} to {max(areas):.4f}."
    )


# ---------------------------------------------------------------- the picture


def draw(case: Case, voters: Voters, path: Path) -> Path:
    """Draw how many labels are wrong in ten groups, by the voters and by people."""
    width, height, left, top, bottom, step = 580, 330, 60, 52, 278, 50
    canvas = Canvas(width, height, LIGHT)
    order = np.argsort(case.told(voters), kind="stable")
    groups = np.array_split(order, GROUPS)

    def y(share: float) -> float:
        return bottom - (bottom - top) * share

    marks = [(y(at), f"{100 * at:.0f} %") for at in (0, 0.25, 0.5, 0.75, 1)]
    end = left + step * GROUPS
    canvas.lines([(left, at, end, at, LIGHT.grid) for at, _ in marks])
    canvas.words([(left - 8, at, text, LIGHT.muted) for at, text in marks], align="right")
    people, told, spread = [], [], []
    for place, group in enumerate(groups):
        x = left + step * (place + 0.5)
        share, says = case.wrong[group].mean(), voters.wrong[case.rows][group].mean()
        error = 2 * np.sqrt(share * (1 - share) / len(group))
        spread.append((x, y(share - error), x, y(share + error), LIGHT.series[0]))
        people.append((x, y(share), LIGHT.series[0]))
        told.append((x, y(says), LIGHT.series[1]))
    canvas.lines(spread, weight=2)
    canvas.dots(people, across=9)
    canvas.dots(told, across=6)
    numbers = [
        (left + step * (place + 0.5), bottom + 16, str(place + 1), LIGHT.muted)
        for place in range(GROUPS)
    ]
    canvas.words(numbers, align="center")
    below = f"tenths of the {len(order):,} candidates, most suspicious last"
    canvas.words([((left + end) / 2, bottom + 38, below, LIGHT.muted)], align="center")
    canvas.words([(left, 14, "labels that are wrong", LIGHT.ink)], bold=True)
    canvas.words([(left, 34, "by people, ± 2 standard errors", LIGHT.series[0])], bold=True)
    canvas.words([(left + 230, 34, "by the voters", LIGHT.series[1])], bold=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_chart(canvas.finish(), path)


# ---------------------------------------------------------------- the command


def main() -> None:
    """Measure, tell, and end with 1 if the target is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the published data")
    parser.add_argument("--publish", action="store_true", help=f"renew {PAGE.name}")
    args = parser.parse_args()
    pack = Pack(args.data)
    cases = [Case.of(key, pack) for key in ("imagenet", "cifar10")]
    found = [column(case) for case in cases]
    text = told(cases[0], [cells for cells, *_ in found])
    print(text)
    if args.publish:
        put("results", text, PAGE)
        draw(cases[0], found[0][2], PICTURE)
    area = found[0][1].value
    if area < TARGET:
        print(f"The area on ImageNet is {area:.4f}, not {TARGET}.", file=sys.stderr)
    sys.exit(area < TARGET)


def told(case: Case, columns: list[dict[str, str]]) -> str:
    """Return both tables, and where and when they were measured."""
    here = machine(("numpy", "errata"))
    head, *rows = ([name, *(cells[name] for cells in columns)] for name in columns[0])
    where = (
        f"One run on {here['date']}, on {here['processor']} with {here['cores']} cores; "
        f"{here['versions']}. Areas with their standard errors; after the semicolon, how far from "
        "that of the voters, on the same examples."
    )
    otherwise = markdown(
        [f"{case.title}, done otherwise", "area", "wrong, by the voters"], variants(case)
    )
    return "\n\n".join([where, markdown(head, rows), otherwise, left_out(case)])


if __name__ == "__main__":
    main()
