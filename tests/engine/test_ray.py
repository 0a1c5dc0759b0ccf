"""Workers are killed and nodes removed, and the results are the same; what fails says why."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from clusters import wait_until
from errata.engine.ray import RayEngine
from errata.errors import ErrataError, ErrataWarning, InputError, MissingExtraError
from helpers import require

LARGE = 2**17
"""Numbers of a result that is too large to be sent along, so that it lies where it was computed."""


@pytest.fixture(autouse=True, scope="module")
def _pickled_by_value() -> Iterator[None]:
    """Let workers have the functions of this module, which they cannot import."""
    require("ray")
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def note(folder: Path, number: int, what: str = "begun") -> int:
    """Note down that a task has begun, or ended; return how often it has."""
    with (folder / what).open("a") as file:
        file.write(f"{number}\n")
    return noted(folder, what)[number]


def noted(folder: Path, what: str = "begun") -> Counter[int]:
    path = folder / what
    return Counter(map(int, path.read_text().split()) if path.exists() else [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part_bytes": 0}, "part_bytes is 0, .*1 or more"),
        ({"retries": -1}, "retries is -1, .*0 or"),
    ],
)
def test_numbers_that_count_nothing_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        RayEngine(**options)


# ---------------------------------------------------------------- what is lost is done again


def dies_at_first(folder: Path, number: int) -> int:
    if note(folder, number) == 1 and number % 3 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def test_tasks_whose_worker_is_killed_are_done_again(ray_engine, tmp_path):
    results = list(ray_engine.map(partial(dies_at_first, tmp_path), range(5)))
    assert results == [0, 1, 4, 9, 16]
    assert all(noted(tmp_path)[number] >= 2 for number in (0, 3))


def always_dies(folder: Path, number: int) -> int:
    note(folder, number)
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_task_that_kills_every_worker_is_given_up_with_a_sentence(ray_cluster, tmp_path):
    ray_engine = RayEngine(ray_cluster.address, retries=1)
    results = ray_engine.map(partial(always_dies, tmp_path), range(4))
    assert next(results) == 0
    with pytest.raises(
        ErrataError, match="Task 1 lost its process or its node in each of 2 tries"
    ) as caught:
        next(results)
    assert "Most likely memory ran out there: take smaller parts (part_bytes=16,777,216 in" in str(
        caught.value
    )
    assert noted(tmp_path)[1] == 2


def large(folder: Path, pause: float, number: int) -> tuple[int, np.ndarray]:
    if note(folder, number) == 1 and number in {1, 2}:
        time.sleep(pause)
    note(folder, number, "ended")
    return number, np.full(LARGE, number)


@pytest.mark.parametrize(
    ("pause", "sign", "lost"),
    [(0, "ended", [1, 2, 3, 4]), (600, "begun", [1, 2])],
    ids=["its results wait", "its tasks are under way"],
)
def test_what_lay_or_ran_on_a_node_that_is_removed_is_computed_again(
    ray_cluster, ray_engine, tmp_path, pause, sign, lost
):
    (node,) = ray_cluster.nodes
    results = ray_engine.map(partial(large, tmp_path, pause), range(12))
    found = [next(results)]
    wait_until(lambda: set(lost) <= set(noted(tmp_path, sign)))
    ray_cluster.add(2)
    ray_cluster.remove(node)
    found += results
    assert [number for number, _ in found] == list(range(12))
    assert all((array == number).all() for number, array in found)
    assert all(noted(tmp_path)[number] >= 2 for number in lost)


def test_the_object_store_holds_no_more_than_what_is_under_way(ray_engine, ray_cluster):
    # 40 times 8 MB, where there is room for 80 MB: what is in the way would be spilled to disk
    for number, array in enumerate(ray_engine.map(partial(np.full, 2**20), range(40))):
        assert array[-1] == number
    assert not [*ray_cluster.folder.rglob("ray_spilled_objects*/*")]


def test_the_work_waits_for_a_node_and_says_so(ray_cluster, ray_engine):
    ray_cluster.remove_all()
    with ThreadPoolExecutor(1) as pool, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        results = pool.submit(list, ray_engine.map(abs, range(-10, 0)))
        wait_until(lambda: told)
        ray_cluster.add(2)
        assert results.result(60) == list(range(10, 0, -1))
    (warning,) = told
    assert warning.category is ErrataWarning
    assert "no processors; the work waits until a node joins" in str(warning.message)


# ---------------------------------------------------------------- what fails says why


class StubbornError(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def stubborn(number: int) -> None:
    raise StubbornError(number, 2)


def test_an_error_that_cannot_be_sent_is_told_all_the_same(ray_engine):
    with pytest.raises(RuntimeError, match="^StubbornError: 1 and 2$"):
        list(ray_engine.map(stubborn, [1]))


def divide(number: int) -> float:
    return 1 / number


def test_an_unforeseen_error_says_where_on_the_worker_it_arose(ray_engine):
    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        list(ray_engine.map(divide, [0]))
    assert str(caught.value) == "division by zero"
    (told,) = caught.value.__notes__
    assert "On the worker" in told
    assert "in divide" in told


def test_workers_that_lack_a_module_are_told_of(ray_engine, monkeypatch):
    ghost = type(sys)("ghost")
    exec("def work(task): return task", ghost.__dict__)
    monkeypatch.setitem(sys.modules, "ghost", ghost)
    with pytest.raises(ErrataError, match="No module named 'ghost'.*Every node needs the same"):
        list(ray_engine.map(ghost.work, [1]))


def test_where_ray_is_not_installed_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'errata\[ray\]'"):
        list(RayEngine().map(abs, [1]))


# ---------------------------------------------------------------- which cluster


@pytest.fixture
def unconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide that this process is connected, to what would connect it."""
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.usefixtures("unconnected")
def test_an_address_where_nothing_is_is_told_at_once(monkeypatch):
    address = f"127.0.0.1:{free_port()}"
    told = f"There is no Ray cluster at {address}.*refused.*`ray start --head` starts one"
    with pytest.raises(ErrataError, match=told):
        list(RayEngine(address).map(abs, [1]))
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ErrataError, match=told), RayEngine():
        pass


@pytest.mark.usefixtures("unconnected")
@pytest.mark.parametrize("address", ["head", "head:", ":6379", "6379", "head:port"])
def test_what_is_no_address_is_told(address):
    with pytest.raises(ErrataError, match=f"'{address}' is no address .* written 'host:port'"):
        list(RayEngine(address).map(abs, [1]))


@pytest.mark.usefixtures("unconnected")
@pytest.mark.parametrize("answer", [b"HTTP/1.0 400 Bad Request", b"<!DOCTYPE HTML>", b"-ERR\r\n"])
def test_something_else_that_answers_is_told(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ErrataError, match=f"else than a Ray cluster answers at {address}"):
            list(RayEngine(address).map(abs, [1]))
        thread.join()


def test_a_connection_that_is_there_is_used_and_left(ray_cluster, ray_engine):
    import ray

    port = ray_cluster.address.rpartition(":")[2]
    for address in (None, "auto", ray_cluster.address, f"localhost:{port}"):
        with RayEngine(address) as engine:
            assert list(engine.map(abs, [-1])) == [1]
        assert ray.is_initialized()


@pytest.mark.usefixtures("ray_engine")
def test_a_connection_to_another_cluster_is_told():
    with pytest.raises(ErrataError, match="is connected to .* and 192.0.2.77:6379 was asked for"):
        list(RayEngine("192.0.2.77:6379").map(abs, [1]))


ALONE = """
    import os, signal, sys
    from errata.engine.local import default_threads
    from errata.engine.ray import RayEngine

    def work(task):
        return os.getpid()

    engine = RayEngine()
    with engine:
        import ray
        assert ray.cluster_resources()["CPU"] == default_threads()
        assert os.getpid() not in set(engine.map(work, range(4)))
    assert not ray.is_initialized()
    engine.close()
    print("done", *map(abs, [-1]))
"""


def test_without_an_address_it_works_alone_says_nothing_and_ends(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(ALONE)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (0, "done 1\n", "")
