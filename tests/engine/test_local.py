"""Threads of this process: as many as asked for, and none is left behind."""

import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.engine.local import LocalEngine, default_threads


@given(st.integers(1, 6), st.integers(0, 40))
def test_no_more_threads_work_than_asked_for(threads, tasks):
    at_once, most, lock = 0, 0, threading.Lock()

    def work(task: int) -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        with lock:
            at_once -= 1
        return task

    assert list(LocalEngine(threads).map(work, range(tasks))) == list(range(tasks))
    assert most <= threads


def pool() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]


def test_no_thread_is_left_behind_by_an_end_an_error_or_a_stop():
    def work(task: int) -> int:
        return 1 // task

    assert list(LocalEngine(2).map(work, [1, 1])) == [1, 1]
    assert not pool()
    with pytest.raises(ZeroDivisionError):
        list(LocalEngine(2).map(work, [1, 0, 1]))
    assert not pool()
    results = LocalEngine(2).map(work, [1] * 100)
    next(results)
    assert pool()
    results.close()
    assert not pool()


def test_what_was_under_way_has_ended_when_an_error_is_raised():
    begun, ended = threading.Event(), threading.Event()

    def work(task: int) -> None:
        if task == 0:
            assert begun.wait(10)
            raise ValueError("no more")
        begun.set()
        time.sleep(0.1)
        ended.set()

    with pytest.raises(ValueError, match="no more"):
        list(LocalEngine(2).map(work, [0, 1]))
    assert ended.is_set()


def test_there_are_as_many_threads_as_this_process_may_use_processors():
    assert 1 <= default_threads() <= (os.cpu_count() or 1)
