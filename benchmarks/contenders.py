"""The contenders, each run in a process of its own that does as it is told, line by line.

`measuring` starts this file with the name of a contender. Every line on stdin is a JSON object:
a job to prepare (modules are imported, arrays loaded), the word to run it once, or to forget it.
Every answer is one too. What the contender itself prints goes to stderr.
"""

import gc
import hashlib
import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from cases import BATCHED, COMPAT, DEFAULT, OURS, READ

Run = Callable[[], Any]


@dataclass(frozen=True)
class Job:
    """Arrays in files, and how a contender gets them.

    Attributes
    ----------
    labels, probs : paths; for the best k of many classes ``probs`` is a folder
    in_memory : whether the arrays are read into memory while the job is prepared
    n_classes : given where ``probs`` does not say it
    """

    labels: str
    probs: str
    in_memory: bool
    n_classes: int | None = None

    def mapped(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the labels, and the probabilities mapped."""
        return np.load(self.labels), np.load(self.probs, mmap_mode="r")

    def loaded(self) -> tuple[np.ndarray, np.ndarray]:
        """Return both in memory."""
        return np.load(self.labels), np.load(self.probs)


def with_errata(job: Job, **options: Any) -> Run:
    """Return a run of `errata.find`, on arrays or on paths."""
    import errata

    if job.n_classes is not None:
        options["n_classes"] = job.n_classes
    labels, probs = job.loaded() if job.in_memory else (job.labels, job.probs)
    return lambda: errata.find(labels, probs, **options)


def with_cleanlab(job: Job) -> Run:
    """Return a run of `find_label_issues` as it is called without options."""
    from cleanlab.filter import find_label_issues

    if job.in_memory:
        arrays = job.loaded()
        return lambda: find_label_issues(*arrays)
    return lambda: find_label_issues(*job.mapped())


def with_cleanlab_batched(job: Job) -> Run:
    """Return a run of `find_label_issues_batched`, silent and else as it is."""
    from cleanlab.experimental.label_issues_batched import find_label_issues_batched

    arrays = job.loaded() if job.in_memory else None

    def run() -> np.ndarray:
        labels, probs = arrays or job.mapped()
        return find_label_issues_batched(labels=labels, pred_probs=probs, verbose=False)

    return run


def with_reading(job: Job) -> Run:
    """Return a run that looks at every number once, as an integer, with two threads.

    No method that looks at every number can be faster than this.
    """
    paths = sorted(Path(job.probs).glob("*.npy")) if job.n_classes else [job.probs]
    arrays = [np.load(path) for path in paths] if job.in_memory else None

    def largest(part: np.ndarray) -> int:
        return int(np.max(part.view(f"i{part.dtype.itemsize}")))

    def run() -> None:
        for array in arrays or (np.load(path, mmap_mode="r") for path in paths):
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(largest, np.array_split(array, 2)))

    return run


CONTENDERS: dict[str, Callable[[Job], Run]] = {
    OURS: with_errata,
    COMPAT: lambda job: with_errata(job, compat="cleanlab", rule="noise_rate"),
    DEFAULT: with_cleanlab,
    BATCHED: with_cleanlab_batched,
    READ: with_reading,
}


def flags_of(result: Any) -> dict[str, Any]:
    """Return how many examples are flagged, and a hash of which: equal flags, equal hashes."""
    if result is None:
        return {}
    indices = getattr(result, "indices", result)
    indices = np.flatnonzero(indices) if indices.dtype == bool else np.sort(indices)
    digest = hashlib.sha256(indices.astype(np.int64).tobytes()).hexdigest()
    return {"flagged": len(indices), "flags": digest}


def serve(name: str, orders: TextIO, answers: TextIO) -> None:
    """Do what each line says, until there is none."""
    prepare, run = CONTENDERS[name], None
    for line in orders:
        order = json.loads(line)
        answer: dict[str, Any] = {}
        try:
            if order["do"] == "prepare":
                run = prepare(Job(**order["job"]))
            elif order["do"] == "run":
                assert run is not None
                begin = time.perf_counter()
                result = run()
                answer["seconds"] = time.perf_counter() - begin
                answer |= flags_of(result)
                result = None
            elif order["do"] == "forget":
                run = None
            gc.collect()
        except Exception as error:  # noqa: BLE001 (the others go on; the table says what happened)
            traceback.print_exc()
            answer["error"] = f"{type(error).__name__}: {error}".splitlines()[0]
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.stdin, replies)
