"""What every engine keeps to, whoever does the work."""

import itertools
import sys
import time
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errata.engine.base import Engine
from errata.engine.local import LocalEngine
from errata.errors import FileError

MOST_AHEAD = 8
"""Tasks that are drawn before results are taken: two for each of up to three workers, and some."""


@pytest.fixture(scope="module", params=["one thread", "three threads", "ray"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param != "ray":
        yield LocalEngine({"one thread": 1, "three threads": 3}[request.param])
        return
    ray_engine = request.getfixturevalue("ray_engine")
    from ray import cloudpickle

    # the workers cannot import this module
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield ray_engine
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def triple_late(task: tuple[int, int]) -> int:
    number, pause = task
    time.sleep(pause / 1000)
    return 3 * number


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tasks=st.lists(st.tuples(st.integers(), st.integers(0, 9)), max_size=20))
def test_results_come_in_the_order_of_the_tasks_whatever_finishes_first(engine, tasks):
    assert list(engine.map(triple_late, tasks)) == [3 * number for number, _ in tasks]


def test_no_tasks_have_no_results(engine):
    assert list(engine.map(triple_late, [])) == []


def test_tasks_are_drawn_only_as_results_are_taken(engine):
    drawn = []

    def endless() -> Iterator[tuple[int, int]]:
        for number in itertools.count():
            drawn.append(number)
            yield number, 0

    results = engine.map(triple_late, endless())
    assert drawn == []
    for taken in range(1, 30):
        assert next(results) == 3 * (taken - 1)
        assert len(drawn) <= taken + MOST_AHEAD
    results.close()


def meets_the_other(folder: Path, number: int) -> bool:
    (folder / str(number)).touch()
    for _ in range(1000):
        if (folder / str(1 - number)).exists():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("engine", ["three threads", "ray"], indirect=True)
def test_several_tasks_are_under_way_at_once(engine, tmp_path):
    assert list(engine.map(partial(meets_the_other, tmp_path), [0, 1])) == [True, True]


class OddError(ValueError):
    pass


def fails(kinds: dict[int, Exception], begun: Path, number: int) -> int:
    (begun / str(number)).touch()
    if number in kinds:
        raise kinds[number]
    return number


@pytest.mark.parametrize(
    "error",
    [FileError("part-3.npy is cut short."), OddError("odd"), KeyError("k"), MemoryError()],
    ids=lambda error: type(error).__name__,
)
def test_what_a_task_raises_is_raised_after_the_results_before_it(engine, tmp_path, error):
    results = engine.map(partial(fails, {3: error, 4: ValueError("later")}, tmp_path), range(1000))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(type(error)) as caught:
        next(results)
    assert type(caught.value) is type(error)
    assert caught.value.args == error.args
    assert str(caught.value) == str(error)
    assert list(results) == []
    assert len(list(tmp_path.iterdir())) <= 4 + MOST_AHEAD


def test_a_message_of_ours_comes_without_the_way_it_took(engine, tmp_path):
    results = engine.map(partial(fails, {0: FileError("cut short")}, tmp_path), [0])
    with pytest.raises(FileError, match="^cut short$") as caught:
        next(results)
    assert not hasattr(caught.value, "__notes__")
    assert caught.value.__cause__ is None


def test_what_the_tasks_themselves_raise_is_raised(engine):
    def tasks() -> Iterator[tuple[int, int]]:
        yield 1, 0
        raise OddError("no further tasks")

    with pytest.raises(OddError, match="no further tasks"):
        list(engine.map(triple_late, tasks()))


def slowly(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    time.sleep(1 if number else 0)
    return number


def test_where_nobody_takes_the_results_any_more_nothing_begins(engine, tmp_path):
    results = engine.map(partial(slowly, tmp_path), range(1000))
    assert next(results) == 0
    results.close()
    time.sleep(1.5)
    workers = engine.threads if isinstance(engine, LocalEngine) else 2
    assert len(list(tmp_path.iterdir())) <= 1 + workers


def table(number: int) -> dict[str, np.ndarray]:
    return {"small": np.full(3, number), "large": np.full(2**18, number)}


def test_results_can_be_written_to_and_are_let_go(engine):
    seen = []
    for number, result in enumerate(engine.map(table, range(8))):
        result["small"] += 1
        result["large"] += 1
        assert (result["large"] == number + 1).all()
        seen.append(weakref.ref(result["large"]))
        del result
        assert sum(ref() is not None for ref in seen) <= 2


def test_a_function_may_carry_more_than_a_task_should(engine):
    large = np.arange(2**20)
    assert list(engine.map(lambda place: int(large[place]), [5, 2**20 - 1])) == [5, 2**20 - 1]


def test_results_of_one_pass_may_be_tasks_of_the_next(engine):
    first = ((number, 0) for number in engine.map(triple_late, [(n, 0) for n in range(20)]))
    assert list(engine.map(triple_late, first)) == [9 * n for n in range(20)]


def test_it_is_an_engine(engine):
    assert isinstance(engine, Engine)
    assert engine.part_bytes >= 2**20
