"""Chunks come back in order, whatever finishes first; an error leaves nothing hanging."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.engine.local import map_chunks


@given(st.integers(0, 50), st.integers(1, 60), st.integers(1, 4))
def test_chunks_cover_the_rows_once_and_in_order(n, rows, threads):
    seen = []
    cuts = list(
        map_chunks(
            lambda start, stop: (start, stop),
            n,
            chunk_rows=rows,
            threads=threads,
            progress=lambda done, total: seen.append((done, total)),
        )
    )
    assert [row for start, stop in cuts for row in range(start, stop)] == list(range(n))
    assert seen == [(stop, n) for _, stop in cuts]


def test_a_slow_first_chunk_still_comes_first_while_others_run():
    def slow_first(start: int, stop: int) -> int:
        if start == 0:
            time.sleep(0.05)
        return start

    assert list(map_chunks(slow_first, 6, chunk_rows=1, threads=3)) == list(range(6))


def test_an_error_in_a_chunk_is_raised_and_no_further_chunks_begin():
    begun = []

    def fail(start: int, stop: int) -> None:
        begun.append(start)
        raise ValueError(f"chunk {start}")

    with pytest.raises(ValueError, match="chunk 0"):
        list(map_chunks(fail, 1000, chunk_rows=1, threads=2))
    assert len(begun) <= 4
    assert not [t for t in threading.enumerate() if "ThreadPool" in t.name]
