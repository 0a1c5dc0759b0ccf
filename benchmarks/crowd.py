"""A million votes through the models of a crowd: how long, how right, and beside crowd-kit.

Three made-up crowds whose truth is known: reviewers who confuse answers in ways of their own, who
are right at rates of their own, and items that differ in difficulty. Each model sees each crowd
once for its labels; time is the median of several runs in this process. crowd-kit lives in an
environment of its own: it is timed, once, in the Python that ERRATA_CROWDKIT names. It prints a
table; ``--publish`` renews that of docs/consensus.md. It ends with 1 if a target is not met.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine
from telling import markdown, put
from words import in_seconds

import errata
from errata.core.aggregation import Aggregate

REPO = Path(__file__).resolve().parent.parent
PAGE = REPO / "docs" / "consensus.md"
ITEMS, PER_ITEM, REVIEWERS, ANSWERS = 200_000, 5, 1_000, 4
TARGETS = {"dawid_skene": 2.0, "one_coin": 2.0, "glad": 20.0, "crowdlab": 2.0}
TITLES = {
    "confusions": "reviewers with confusions of their own",
    "coins": "reviewers with rates of their own",
    "difficulties": "items of unequal difficulty",
}
CROWD_KIT = """
import json, sys, time
import numpy as np, pandas as pd
from crowdkit.aggregation import GLAD, DawidSkene, OneCoinDawidSkene

votes = np.load(sys.argv[1])
frame = pd.DataFrame({"task": votes[0], "worker": votes[1], "label": votes[2]})
models = {"dawid_skene": DawidSkene, "one_coin": OneCoinDawidSkene, "glad": GLAD}
model = models[sys.argv[2]](n_iter=100)
begin = time.perf_counter()
labels = model.fit_predict(frame)
print(json.dumps({"seconds": time.perf_counter() - begin, "labels": labels.sort_index().tolist()}))
"""


def main() -> None:
    """Measure, tell, and end with 1 if a target is not met."""
    args = arguments()
    crowds = {name: make(np.random.default_rng(0)) for name, make in CROWDS.items()}
    rows, late = [], []
    for name, target in TARGETS.items():
        row, seconds = measured(name, crowds, args.runs)
        row.append(beside(name, crowds["confusions"], args.limit))
        rows.append(row)
        if seconds > target:
            late.append(f"{name} takes {in_seconds(seconds)}, not {target:.0f} s")
    by_majority = [share(majority(votes), truth) for truth, votes, _ in crowds.values()]
    rows.append(["majority", "", "", *by_majority, ""])
    text = told(rows)
    print(text)
    if args.publish:
        put("results", text, PAGE)
    for line in late:
        print(line, file=sys.stderr)
    sys.exit(bool(late))


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="runs of each model (default 5)")
    parser.add_argument("--limit", type=float, default=900, help="seconds that crowd-kit may take")
    parser.add_argument("--publish", action="store_true", help=f"renew {PAGE.name}")
    return parser.parse_args()


# ---------------------------------------------------------------- crowds

Crowd = tuple[np.ndarray, np.ndarray, np.ndarray]  # truth, votes (3, votes), probabilities


def crowd(rng: np.random.Generator, right: Callable[..., np.ndarray]) -> Crowd:
    """Return truth, votes and probabilities; ``right`` tells which votes are."""
    truth = rng.choice(ANSWERS, size=ITEMS, p=[0.4, 0.3, 0.2, 0.1])
    items = np.repeat(np.arange(ITEMS), PER_ITEM)
    seen = rng.integers(REVIEWERS, size=(ITEMS, 1)) + rng.integers(
        1, 200, (ITEMS, PER_ITEM)
    ).cumsum(1)
    reviewers = seen.ravel() % REVIEWERS  # steps of less than 200 five times: nobody twice
    answers = right(rng, truth[items], items, reviewers)
    logits = rng.normal(size=(ITEMS, ANSWERS)) + 2 * np.eye(ANSWERS)[truth]
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    order = rng.permutation(len(items))  # as votes come in
    return truth, np.stack([items, reviewers, answers])[:, order], probs


def confused(rng: np.random.Generator, truth: np.ndarray, _: Any, who: np.ndarray) -> np.ndarray:
    """Return answers of reviewers who are right half the time or more, and wrong in few ways."""
    wrong = rng.dirichlet(np.full(ANSWERS, 0.3), size=(REVIEWERS, ANSWERS))
    kept = rng.uniform(0.4, 0.9, size=(REVIEWERS, 1, 1))
    confusion = kept * np.eye(ANSWERS) + (1 - kept) * wrong
    below = confusion[who, truth].cumsum(axis=1)[:, :-1]
    return (rng.random((len(who), 1)) > below).sum(axis=1)


def coined(rng: np.random.Generator, truth: np.ndarray, _: Any, who: np.ndarray) -> np.ndarray:
    """Return answers of reviewers who are right at rates from .4 to .95, and wrong evenly."""
    return turned(rng, truth, rng.uniform(0.4, 0.95, REVIEWERS)[who])


def hard(
    rng: np.random.Generator, truth: np.ndarray, item: np.ndarray, who: np.ndarray
) -> np.ndarray:
    """Return answers of reviewers with abilities, to items with difficulties."""
    ability, easiness = rng.normal(1, 1, REVIEWERS), rng.normal(0.5, 1, ITEMS)
    return turned(rng, truth, 1 / (1 + np.exp(-ability[who] * np.exp(easiness[item]))))


def turned(rng: np.random.Generator, truth: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return the truth, or where it is not met another answer."""
    other = rng.integers(1, ANSWERS, size=len(truth))
    return (truth + np.where(rng.random(len(truth)) < rate, 0, other)) % ANSWERS


CROWDS: dict[str, Callable[[np.random.Generator], Crowd]] = {
    "confusions": lambda rng: crowd(rng, confused),
    "coins": lambda rng: crowd(rng, coined),
    "difficulties": lambda rng: crowd(rng, hard),
}


# ---------------------------------------------------------------- what comes out


def measured(name: str, crowds: dict[str, Crowd], runs: int) -> tuple[list[str], float]:
    """Return the cells of a model, and the median of its seconds where it takes longest."""
    medians, iterations, shares = [], [], []
    for truth, votes, probs in crowds.values():
        seconds = []
        for _ in range(runs):
            begin = time.perf_counter()
            found = getattr(errata, name)(*votes, *([probs] if name == "crowdlab" else []))
            seconds.append(time.perf_counter() - begin)
        medians.append(statistics.median(seconds))
        if isinstance(found, Aggregate):
            iterations.append(f"{found.iterations}{'' if found.converged else ' (cut short)'}")
        shares.append(share(found.labels, truth))
    times = " / ".join(map(in_seconds, medians))
    return [f"`{name}`", times, " / ".join(iterations), *shares], max(medians)


def majority(votes: np.ndarray) -> np.ndarray:
    """Return the commonest answer to each item, the lower one of equals."""
    table = np.bincount(votes[0] * ANSWERS + votes[2], minlength=ITEMS * ANSWERS)
    return table.reshape(ITEMS, ANSWERS).argmax(axis=1)


def share(labels: np.ndarray, truth: np.ndarray) -> str:
    """Return how many labels are right."""
    return f"{100 * (labels == truth).mean():.2f} %"


def beside(name: str, crowd: Crowd, limit: float) -> str:
    """Return what crowd-kit takes and gets right on a crowd, or why that is not known."""
    python = os.environ.get("ERRATA_CROWDKIT")
    if not python or name == "crowdlab":
        return ""
    truth, votes, _ = crowd
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/votes.npy", votes)
        try:
            said = subprocess.run(
                [python, "-c", CROWD_KIT, f"{folder}/votes.npy", name],
                capture_output=True,
                text=True,
                check=True,
                timeout=limit,
            )
        except subprocess.TimeoutExpired:
            return f"over {limit:.0f} s"
        except subprocess.CalledProcessError as failed:
            return "failed: " + (failed.stderr.strip().splitlines() or ["without a word"])[-1]
    answer = json.loads(said.stdout.splitlines()[-1])
    return f"{in_seconds(answer['seconds'])}, {share(np.array(answer['labels']), truth)}"


def told(rows: list[list[str]]) -> str:
    """Return the table, and where and when it was measured."""
    here = machine(("numpy", "scipy", "errata"))
    head = ["", "time on each", "iterations on each", *TITLES.values(), "crowd-kit, on the first"]
    where = (
        f"One run on {here['date']}, on {here['processor']} with {here['cores']} cores and "
        f"{here['memory']} of memory; {here['system']}, {here['versions']}."
    )
    what = (
        f"{ITEMS * PER_ITEM:,} votes of {REVIEWERS:,} reviewers on {ITEMS:,} items with {ANSWERS} "
        "answers. Times are medians, and a share is that of right labels."
    )
    return "\n\n".join([where, markdown(head, rows), what])


if __name__ == "__main__":
    main()
