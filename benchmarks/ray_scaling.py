"""Run `errata.find` on a local Ray cluster of one and of two nodes, and lose a node mid-run.

Every node has one processor. Each round runs everything once: threads of this process, one node,
two nodes, two nodes of which one is taken away once a third of the first pass is done. All have to
give the same bytes; the script ends with 1 if they do not. Bytes on the wire are counted by an
engine that packs every task and every result as Ray would.
"""

import argparse
import contextlib
import dataclasses
import json
import pickle
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import synthetic
import telling
from words import in_bytes, in_seconds

import errata
from errata.engine.base import Progress, Result, Task
from errata.engine.local import LocalEngine

ONE_THREAD, TWO_THREADS = "this process, 1 thread", "this process, 2 threads"
ONE_NODE, TWO_NODES, LOSING = "Ray, 1 node", "Ray, 2 nodes", "Ray, 2 nodes, one lost on the way"
WHEN = 1 / 3  # of the first pass is done when a node is taken away


@dataclasses.dataclass
class Runs:
    """Seconds of each run, what the driver computed meanwhile, and what differed."""

    wall: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    driver: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    differing: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    lost_at: list[float] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Counting:
    """An engine that counts the bytes of tasks and results."""

    inner: LocalEngine = dataclasses.field(default_factory=LocalEngine)
    out: int = 0
    back: int = 0

    @property
    def part_bytes(self) -> int:
        """How much a task should read: as much as with Ray."""
        return int(errata.RayEngine().part_bytes)

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Map over the tasks, and count."""

        def counted() -> Iterator[Task]:
            for task in tasks:
                self.out += len(pickle.dumps(task))
                yield task

        for result in self.inner.map(function, counted()):
            self.back += len(pickle.dumps(result))
            yield result


class Job:
    """One search, run by one engine or another; its result is compared with the first one."""

    def __init__(self, rows: int) -> None:
        folder = synthetic.dense(rows, 345, "float16")
        self.arrays = str(folder / "labels.npy"), str(folder / "probs.npy")
        self.rows = rows
        self.runs = Runs()
        self.expected = errata.find(*self.arrays)  # warms up, too

    def time(self, name: str, *, keep: bool = True, **options: Any) -> None:
        """Run it; keep the time, and note what differs from the expected result."""
        begin, computed = time.perf_counter(), time.process_time()
        findings = errata.find(*self.arrays, **options)
        wall, driver = time.perf_counter() - begin, time.process_time() - computed
        if keep:
            self.runs.wall.setdefault(name, []).append(wall)
            self.runs.driver.setdefault(name, []).append(driver)
        self.runs.differing.setdefault(name, []).extend(differing(findings, self.expected))

    def counted(self) -> Counting:
        """Return how many bytes go out and come back."""
        engine = Counting()
        errata.find(*self.arrays, engine=engine)
        return engine


def differing(one: Any, other: Any) -> list[str]:
    """Return the names of the fields of two results that are not the same to the byte."""

    def packed(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.dtype, value.shape, value.tobytes()
        return pickle.dumps(value)

    names = [field.name for field in dataclasses.fields(one)]
    return [name for name in names if packed(getattr(one, name)) != packed(getattr(other, name))]


def measure(rows: int, rounds: int) -> Job:
    """Return the runs of all rounds."""
    from ray.cluster_utils import Cluster

    job = Job(rows)
    cluster = Cluster(initialize_head=True, head_node_args=node())
    try:
        with errata.RayEngine(address=cluster.address) as engine:
            job.time(ONE_NODE, keep=False, engine=engine)
            for number in range(rounds):
                say(f"round {number + 1} of {rounds}")
                job.time(ONE_THREAD, threads=1)
                job.time(TWO_THREADS, threads=2)
                job.time(ONE_NODE, engine=engine)
                second = cluster.add_node(**node())
                cluster.wait_for_nodes()
                job.time(TWO_NODES, keep=False, engine=engine)  # its process imports errata first
                job.time(TWO_NODES, engine=engine)
                lose = removing(
                    lambda node=second: cluster.remove_node(node, allow_graceful=False), job
                )
                job.time(LOSING, engine=engine, progress=lose)
    finally:
        cluster.shutdown()
    return job


def node() -> dict[str, Any]:
    """Return what a node has."""
    return {"num_cpus": 1, "object_store_memory": 200 * 2**20, "include_dashboard": False}


def removing(remove: Callable[[], None], job: Job) -> Progress:
    """Return what is told of progress, and takes the node away once, mid-run."""
    gone = []

    def progress(done: int, total: int) -> None:
        if not gone and done >= WHEN * total:
            gone.append(done)
            job.runs.lost_at.append(done / total)
            remove()

    return progress


def table(job: Job) -> str:
    """Return the times as a table in Markdown."""
    lines = []
    for name, seconds in job.runs.wall.items():
        median = statistics.median(seconds)
        lines.append(
            [
                name,
                in_seconds(median),
                in_seconds(min(seconds)),
                f"{job.rows / median / 1e6:.2f} million",
                in_seconds(statistics.median(job.runs.driver[name])) if "Ray" in name else "",
                "other bytes" if job.runs.differing[name] else "the same bytes",
            ]
        )
    head = ["", "median", "shortest", "examples a second", "of it, the driver computes", "result"]
    return telling.markdown(head, lines)


def main() -> None:
    """Print the table and renew it on the page; end with 1 if a result differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publish", action="store_true", help="renew the page")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):  # Ray tells there that a node is lost
        job = measure(args.rows, args.rounds)
    counting = job.counted()
    wire = (
        f"{args.rows:,} × 345, float16 ({in_bytes(2 * 345 * args.rows)}), {args.rounds} rounds. On "
        f"the wire, per example: {counting.out / args.rows:.1f} bytes out, "
        f"{counting.back / args.rows:.1f} bytes back. The node was lost when "
        f"{', '.join(f'{100 * share:.0f} %' for share in job.runs.lost_at)} of the first pass were "
        "done."
    )
    print(table(job), wire, sep="\n\n")
    kept = synthetic.KEPT / "ray.json"
    kept.write_text(json.dumps(dataclasses.asdict(job.runs), indent=1) + "\n")
    if args.publish:
        telling.put("ray", f"{wire}\n\n{table(job)}")
    sys.exit(1 if any(job.runs.differing.values()) or len(job.runs.lost_at) < args.rounds else 0)


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
