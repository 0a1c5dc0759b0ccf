"""Time `errata.find` against cleanlab's `find_label_issues` on the same array, in one run.

Each round runs every contender once, so a busy moment of the machine hits all of them. The
lower limit to compare with is reading the array once with two threads.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import errata


def synthetic(rows: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return labels with 5 % uniform noise, and float32 softmax probabilities of a fair model.

    With 1,000 classes its accuracy is near 75 % and its mean confidence near 0.67, about those
    of a ResNet-50 on ImageNet.
    """
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, rows)
    scores = 2 * rng.standard_normal((rows, classes), dtype=np.float32)
    scores[np.arange(rows), true] += 1 + 22 * rng.random(rows, dtype=np.float32)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    labels = np.where(rng.random(rows) < 0.05, rng.integers(0, classes, rows), true)
    return labels, probs


def read_once(probs: np.ndarray, threads: int = 2) -> float:
    """Return the largest value, read by two threads: no method can be faster than this."""
    with ThreadPoolExecutor(threads) as pool:
        return max(pool.map(np.max, np.array_split(probs, threads)))


def contenders(labels: np.ndarray, probs: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.experimental.label_issues_batched import find_label_issues_batched
        from cleanlab.filter import find_label_issues

    return {
        "errata.find": lambda: errata.find(labels, probs),
        "errata.find, compat": lambda: errata.find(labels, probs, compat="cleanlab"),
        "cleanlab, default": lambda: find_label_issues(labels, probs),
        "cleanlab, batched": lambda: find_label_issues_batched(
            labels=labels, pred_probs=probs, verbose=False
        ),
        "read the array once, two threads": lambda: read_once(probs),
    }


def measure(rows: int, classes: int, repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each contender in each round; the first, warming round is left out."""
    labels, probs = synthetic(rows, classes)
    runs = contenders(labels, probs)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats + 1):
        for name, run in runs.items():
            begin = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run()
            seconds[name].append(time.perf_counter() - begin)
    return {name: times[1:] for name, times in seconds.items()}


def main() -> None:
    """Print a table (or JSON) of medians and of ratios to `errata.find`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    seconds = measure(args.rows, args.classes, args.repeats)
    if args.json:
        print(json.dumps({"rows": args.rows, "classes": args.classes, "seconds": seconds}))
        return
    ours = statistics.median(seconds["errata.find"])
    print(f"{args.rows:,} x {args.classes:,} float32, {args.repeats} rounds after one to warm up")
    print(f"{'':34}{'median s':>10}{'min s':>10}{'max s':>10}{'ratio':>9}")
    for name, times in seconds.items():
        median = statistics.median(times)
        line = f"{name:34}{median:10.3f}{min(times):10.3f}{max(times):10.3f}{median / ours:9.2f}"
        print(line)


if __name__ == "__main__":
    main()
