"""Measure contenders: each in a process of its own, turn by turn.

Memory is measured in fresh processes, watched while they run; time in others, which nobody
watches. Anonymous memory is what a process has made itself: pages of mapped files, which the
system can take back at any moment, are not counted.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from cases import OURS, PEERS, READ, Case
from contenders import Job
from words import in_bytes

HERE = Path(__file__).resolve().parent
PROC = Path("/proc")
LOOK_EVERY = 0.002  # seconds between two looks at the memory of a process
PATIENCE = 600.0  # seconds that anything may take
KEPT_FREE = 1.5e9  # bytes; a contender that leaves less is stopped
FRESH_PROCESSES = 2  # in which memory is measured
COLD = 0.01  # share of a file that may be in page cache and the file still count as cold


class StoppedError(Exception):
    """A contender was stopped, or failed; the message is for the table."""


@dataclass
class Memory:
    """Bytes of anonymous memory: before a run, and the most there were while it ran.

    ``resident`` counts mapped pages of files as well, over the whole life of the process; 0 where
    it started others.
    """

    before: int
    peak: int
    resident: int

    @property
    def own(self) -> int:
        """What the run itself took."""
        return max(0, self.peak - self.before)


@dataclass
class Measured:
    """What is known of one contender in one case."""

    seconds: list[float] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    flagged: int | None = None
    flags: str | None = None
    left_out: str | None = None

    @property
    def median(self) -> float | None:
        """Median of the rounds."""
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def own(self) -> int | None:
        """The most memory of its own that any run took."""
        return max((memory.own for memory in self.memory), default=None)


@dataclass
class Result:
    """One case, and every contender in it by name."""

    case: Case
    contenders: dict[str, Measured]
    same_in_memory: bool | None = None  # are flags of the mapped file those of the array in memory

    def median(self, name: str) -> float | None:
        """Return the median seconds of a contender, None where there are none."""
        return self.contenders[name].median if name in self.contenders else None

    def ratio(self, name: str) -> float | None:
        """Return how many times as long as ours a contender takes."""
        theirs, ours = self.median(name), self.median(OURS)
        return theirs / ours if theirs and ours else None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Result":
        """Return what `to_dict` made plain."""
        contenders = {
            name: Measured(**one | {"memory": [Memory(**memory) for memory in one["memory"]]})
            for name, one in plain["contenders"].items()
        }
        return cls(Case(**plain["case"]), contenders, plain["same_in_memory"])


class Worker:
    """A process that runs one contender when told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "contenders.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            bufsize=0,
            start_new_session=True,  # so that it and all it starts can be ended together
        )

    @property
    def alive(self) -> bool:
        """Whether it can be told anything."""
        return self._process.poll() is None

    def ask(
        self, do: str, job: Job | None = None, *, limit: float = PATIENCE, watched: bool = False
    ) -> dict[str, Any]:
        """Return what the process answers; its memory is under ``memory`` if it is watched.

        Raises
        ------
        StoppedError
            It took longer than ``limit`` seconds, left the machine without memory, or failed.
        """
        order = {"do": do} | ({"job": asdict(job)} if job else {})
        pid, replies = self._process.pid, self._process.stdout
        before = peak = anonymous(pid) if watched else 0
        begin = time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it has ended, which shows below
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
        while not select.select([replies], [], [], LOOK_EVERY if watched else 0.1)[0]:
            if watched:
                peak = max(peak, anonymous(pid))
            if available() < KEPT_FREE:
                self.end()
                raise StoppedError(f"more than {in_bytes(total())}")
            if time.monotonic() - begin > limit:
                self.end()
                held = f", {in_bytes(peak - before)} by then" if watched else ""
                raise StoppedError(f"over {limit:.0f} s{held}")
        line = replies.readline()
        if not line:
            last = self._last_words()
            self.end()
            raise StoppedError(f"its process ended: {last}")
        answer = json.loads(line)
        if "error" in answer:
            raise StoppedError(answer["error"])
        if watched:
            answer["memory"] = Memory(before, peak, resident(pid))
        return answer

    def end(self) -> None:
        """End it, and all it started."""
        if self.alive:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._said):
            pipe.close()

    def _last_words(self) -> str:
        self._said.seek(0)
        return (self._said.read().strip().splitlines() or ["without a word"])[-1]


class Workers:
    """The processes in which time is measured, one for each contender, kept through all cases."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.end()

    def __getitem__(self, name: str) -> Worker:
        if name not in self._workers or not self._workers[name].alive:
            self._workers[name] = Worker(name)
        return self._workers[name]


def measure(case: Case, workers: Workers, *, limit: float) -> Result:
    """Return memory and time of every contender in a case.

    Parameters
    ----------
    limit : seconds a run of cleanlab may take; what takes longer is stopped and left out, with
        the reason. Ours may take its time, which is then in the table
    """
    folder = case.make()
    job = job_of(case, folder)
    result = Result(case, {name: Measured() for name in case.contenders})
    limits = {name: limit if name in PEERS else PATIENCE for name in case.contenders}
    for name, why in case.left_out:
        result.contenders[name] = Measured(left_out=why)
    if case.cached:
        read_into_cache(folder)
    for name in case.contenders:
        if name != READ and case.cached:
            measure_memory(name, case, job, result.contenders[name], limits[name])
    measure_time(case, job, workers, result, limits)
    flags = result.contenders[OURS].flags
    if case.place == "file" and flags and not case.k:
        in_memory = job_of(case, folder, in_memory=True)
        result.same_in_memory = flags_once(workers[OURS], in_memory) == flags
    return result


def job_of(case: Case, folder: Path, *, in_memory: bool | None = None) -> Job:
    """Return what contenders are told of a case."""
    if in_memory is None:
        in_memory = case.place == "memory"
    probs = folder / ("probs" if case.k else "probs.npy")
    n_classes = case.classes if case.k else None
    return Job(str(folder / "labels.npy"), str(probs), in_memory, n_classes)


def measure_memory(name: str, case: Case, job: Job, measured: Measured, limit: float) -> None:
    """Note the memory of runs in fresh processes, or why there is none."""
    for _ in range(FRESH_PROCESSES):
        worker = Worker(name)
        try:
            warm_up(worker, case)
            worker.ask("prepare", job)
            answer = worker.ask("run", limit=limit, watched=True)
            measured.memory.append(answer["memory"])
        except StoppedError as stopped:
            measured.left_out = str(stopped)
            return
        finally:
            worker.end()


def warm_up(worker: Worker, case: Case) -> None:
    """Run on next to nothing, so that what is imported late is not put down to the data."""
    k = min(case.k, 5) if case.k else None
    tiny = Case(name="warm-up", rows=1_000, classes=10, dtype=case.dtype, place=case.place, k=k)
    worker.ask("prepare", job_of(tiny, tiny.make()))
    worker.ask("run")


def measure_time(
    case: Case, job: Job, workers: Workers, result: Result, limits: dict[str, float]
) -> None:
    """Note the seconds of every round but the first, which warms up.

    Every round runs every contender once, so a busy moment of the machine hits all of them, and
    begins with another one.
    """
    names = list(case.contenders)
    for number in range(case.rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            measured = result.contenders[name]
            if measured.left_out is not None:
                continue
            try:
                if number == 0:
                    workers[name].ask("prepare", job)
                if not case.cached:
                    drop_from_cache(Path(job.probs))
                answer = workers[name].ask("run", limit=limits[name])
            except StoppedError as stopped:
                measured.left_out = str(stopped)
                measured.seconds.clear()
                continue
            measured.flagged, measured.flags = answer.get("flagged"), answer.get("flags")
            if number:
                measured.seconds.append(answer["seconds"])
    for name in names:
        if workers[name].alive:
            workers[name].ask("forget")


def flags_once(worker: Worker, job: Job) -> str | None:
    """Return which examples are flagged, as a hash."""
    worker.ask("prepare", job)
    flags: str | None = worker.ask("run")["flags"]
    worker.ask("forget")
    return flags


def anonymous(pid: int) -> int:
    """Return the bytes of anonymous and shared memory of a process and of all it started.

    Pages that several of them share are counted once.
    """
    family = descendants(pid)
    if len(family) == 1:
        return _sum_of(PROC / f"{pid}/status", "RssAnon:", "RssShmem:")
    return sum(_sum_of(PROC / f"{one}/smaps_rollup", "Pss_Anon:", "Pss_Shmem:") for one in family)


def resident(pid: int) -> int:
    """Return the most bytes that lay in memory for a process without children, else 0."""
    return _sum_of(PROC / f"{pid}/status", "VmHWM:") if len(descendants(pid)) == 1 else 0


def descendants(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            for children in [*PROC.glob(f"{one}/task/*/children")]:
                with contextlib.suppress(OSError):  # this thread has
                    found += map(int, children.read_text().split())
    return found


def available() -> int:
    """Return how many bytes of memory processes can still have."""
    return _sum_of(PROC / "meminfo", "MemAvailable:")


def total() -> int:
    """Return how many bytes of memory the machine has."""
    return _sum_of(PROC / "meminfo", "MemTotal:")


def _sum_of(path: Path, *names: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(names))


def read_into_cache(folder: Path) -> None:
    """Read all files in a folder once."""
    for path in folder.rglob("*.npy"):
        with path.open("rb", buffering=0) as file:
            while file.read(2**24):
                pass


def drop_from_cache(path: Path) -> None:
    """Ask the system to forget a file that lies in its page cache.

    Raises
    ------
    StoppedError
        It has not; a run would not be cold.
    """
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    share = cached_share(path)
    if share > COLD:
        raise StoppedError(f"{share:.0%} of the file stayed in page cache")


def cached_share(path: Path) -> float:
    """Return how much of a file lies in page cache, from 0 to 1, as mincore(2) says."""
    content = np.memmap(path, np.uint8, mode="r")
    pages = np.zeros(-(-content.size // os.sysconf("SC_PAGE_SIZE")), np.uint8)
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.mincore(
        ctypes.c_void_p(content.ctypes.data),
        ctypes.c_size_t(content.size),
        ctypes.c_void_p(pages.ctypes.data),
    )
    if failed:
        raise StoppedError(f"mincore says {os.strerror(ctypes.get_errno())}")
    return float(np.mean(pages & 1))


def starts(commands: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds that programs take from start to end, turn by turn.

    The first round warms up.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if number:
                seconds[name].append(time.perf_counter() - begin)
    return seconds
