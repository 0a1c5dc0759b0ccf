"""Map a pure function over chunks of rows with threads of this process.

Knows row numbers only: what the rows hold is the function's affair. Results come in chunk
order, whatever order the threads finish in.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
"""Called with the rows done and the rows in all."""


def default_threads() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_chunks(
    function: Callable[[int, int], Result],
    n_rows: int,
    *,
    chunk_rows: int,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Result]:
    """Yield ``function(start, stop)`` for consecutive chunks of rows, in order.

    At most two chunks for each thread are under way, so memory stays flat.

    Examples
    --------
    >>> list(map_chunks(lambda start, stop: (start, stop), 5, chunk_rows=2))
    [(0, 2), (2, 4), (4, 5)]
    """
    threads = threads or default_threads()
    cuts = ((start, min(start + chunk_rows, n_rows)) for start in range(0, n_rows, chunk_rows))
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[tuple[int, Future[Result]]] = deque()

        def finish_first() -> Result:
            stop, future = under_way.popleft()
            result = future.result()
            if progress:
                progress(stop, n_rows)
            return result

        try:
            for start, stop in cuts:
                under_way.append((stop, pool.submit(function, start, stop)))
                if len(under_way) >= 2 * threads:
                    yield finish_first()
            while under_way:
                yield finish_first()
        finally:
            for _, future in under_way:
                future.cancel()
