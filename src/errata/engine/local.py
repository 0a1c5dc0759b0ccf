"""Threads of this process: NumPy lets go of the interpreter's lock while it computes."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice

from errata.engine.base import Result, Task
from errata.errors import InputError


def default_threads() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class LocalEngine:
    """Map over tasks with threads of this process.

    Parameters
    ----------
    threads : how many; without it, as many as there are processors

    Examples
    --------
    >>> list(LocalEngine().map(lambda task: task * task, [1, 2, 3]))
    [1, 4, 9]
    """

    threads: int | None = None
    part_bytes: int = 2**24
    """Measured: with less the pool's own work shows, with more a small job keeps no thread busy."""

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads is {self.threads}, but it counts things: 1 or more.")

    @property
    def count(self) -> int:
        """How many threads there are."""
        return self.threads or default_threads()

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield ``function(task)`` for each task, in order; two tasks a thread are under way."""
        threads = self.count
        waiting = iter(tasks)
        first = list(islice(waiting, 2))
        if len(first) < 2:  # not worth a thread
            yield from map(function, first)
            return
        with ThreadPoolExecutor(threads) as pool:
            under_way: deque[Future[Result]] = deque()
            try:
                for task in islice(chain(first, waiting), 2 * threads):
                    under_way.append(pool.submit(function, task))
                while under_way:
                    result = under_way.popleft().result()
                    for task in islice(waiting, 1):
                        under_way.append(pool.submit(function, task))
                    yield result
            finally:
                for future in under_way:
                    future.cancel()
