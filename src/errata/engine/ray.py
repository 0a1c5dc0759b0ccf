"""Processes of a Ray cluster: the same tasks, on as many machines as there are.

Ray starts a task again whose process or machine is lost, and computes a result again that was lost
with its machine. What a task raises, and how results come back in order, is seen to here.
"""

import contextlib
import logging
import os
import pickle
import socket
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from errata.engine.base import Result, Task
from errata.engine.local import default_threads
from errata.errors import ErrataError, ErrataWarning, InputError, MissingExtraError

_ASK_AGAIN = 2.0
"""Seconds between two looks at how many processors the cluster has."""

_PATIENCE = 5.0
"""Seconds a cluster may take to answer."""

_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""How HTTP/2 begins, which clusters speak and their dashboards do not."""

_SETTINGS, _TLS_ALERT = b"\x04", b"\x15"
"""The type of the frame that it is answered with, and what a cluster with TLS answers."""


@dataclass(eq=False)
class RayEngine:
    """Map over tasks with the processes of a Ray cluster.

    It connects when it is first used. Where the process is connected to a cluster already it uses
    that, and leaves it as it is; what it has opened itself it closes with `close`, at the end of a
    ``with`` block, or when the process ends. Every node needs the same version of errata.

    Parameters
    ----------
    address : of the cluster, ``"host:port"``; ``"auto"`` for the one that runs on this machine.
        Without it, that of the environment variable ``RAY_ADDRESS``, or else a cluster of this
        machine alone, with all its processors, which is started here
    part_bytes : how many bytes of probabilities a task should read, about; more than with threads,
        as sending a task out costs more
    retries : how often a task may lose its process or its machine and is done again

    Examples
    --------
    ``with RayEngine() as engine: errata.find(labels, probs, engine=engine)``

    >>> RayEngine("10.0.0.5:6379", retries=2)
    RayEngine(address='10.0.0.5:6379', part_bytes=67108864, retries=2)
    """

    address: str | None = None
    part_bytes: int = 2**26
    retries: int = 4
    _opened: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.part_bytes < 1:
            raise InputError(f"part_bytes is {self.part_bytes}, but it counts things: 1 or more.")
        if self.retries < 0:
            raise InputError(f"retries is {self.retries}, but it counts things: 0 or more.")

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield ``function(task)`` for each task, in order; two tasks a processor are under way.

        Raises
        ------
        ErrataError
            There is no such cluster, it cannot take up the work, or a task has lost its process
            more than ``retries`` times. What the function raises is raised here, as it is.
        MissingExtraError
            Ray is not installed.
        """
        ray = self._connect()
        run = ray.remote(_run).options(max_retries=self.retries)
        shipped = ray.put(function)
        slots = _Slots(ray)
        waiting = enumerate(tasks)
        under_way: deque[tuple[int, Any]] = deque()

        def send() -> None:
            for number, task in islice(waiting, slots.free(len(under_way))):
                under_way.append((number, run.remote(shipped, task)))

        try:
            send()
            while under_way:
                while not ray.wait([under_way[0][1]], timeout=_ASK_AGAIN)[0]:
                    send()
                result = self._result(ray, *under_way.popleft())
                send()
                yield result
                del result
        finally:
            # the last first: one that stops makes room for the next
            for _, reference in reversed(under_way):
                ray.cancel(reference)

    def _result(self, ray: Any, number: int, reference: Any) -> Any:
        lost = (
            ray.exceptions.WorkerCrashedError,
            ray.exceptions.NodeDiedError,
            ray.exceptions.OutOfMemoryError,
            ray.exceptions.ObjectLostError,
        )
        try:
            done, packed = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise ErrataError(
                f"The Ray cluster could not take up the work: {_reason(error.cause)}. Every node "
                "needs the same version of errata, and what it reads the probabilities with."
            ) from None
        except lost as error:
            raise ErrataError(
                f"Task {number} lost its process or its node in each of {self.retries + 1} tries "
                f"({type(error).__name__}), so it is given up. Most likely memory ran out there: "
                f"take smaller parts (part_bytes={self.part_bytes // 4:,} in place of "
                f"{self.part_bytes:,}), or nodes with more memory for each processor."
            ) from None
        except ray.exceptions.RayError as error:
            raise ErrataError(f"Ray gave up task {number}: {_reason(error)}.") from None
        answer = pickle.loads(packed)  # noqa: S301 (our own process has written it)
        if not done:
            raise answer
        return answer

    def _connect(self) -> Any:
        ray = _import_ray()
        asked = self.address or os.environ.get("RAY_ADDRESS") or "local"
        if ray.is_initialized():
            if not self._opened and self.address not in {None, "auto", "local"}:
                here = ray.get_runtime_context().gcs_address
                _check_same(asked, here, ray.util.get_node_ip_address())
            return ray
        options: dict[str, Any] = {}
        if asked == "local":
            options = {"num_cpus": default_threads(), "include_dashboard": False}
        elif asked != "auto" and "://" not in asked:
            _check_there(asked)
        try:
            ray.init(asked, log_to_driver=False, logging_level=logging.ERROR, **options)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (which one says nothing)
            raise ErrataError(
                f"Ray could not be {'started' if options else f'reached at {asked}'}: "
                f"{_reason(error)}."
            ) from None
        self._opened = True
        return ray

    def close(self) -> None:
        """Leave the cluster, if it was entered here; end it, if it was started here."""
        if self._opened:
            _import_ray().shutdown()
        self._opened = False

    def __enter__(self) -> "RayEngine":  # noqa: PYI034 (beartype wants no Self here)
        self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Slots:
    """How many tasks may be under way, as nodes come and go."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._asked = -_ASK_AGAIN
        self._slots = 0
        self._told = False

    def free(self, taken: int) -> int:
        """Return how many tasks may be sent beyond those that are under way."""
        now = time.monotonic()
        if now - self._asked >= _ASK_AGAIN:
            processors = self._ray.cluster_resources().get("CPU", 0)
            # one task at least, so that a cluster that grows with its work sees that there is some
            self._slots, self._asked = max(1, int(2 * processors)), now
            if not processors and not self._told:
                self._told = True
                warnings.warn(
                    "The Ray cluster has no processors; the work waits until a node joins it.",
                    ErrataWarning,
                    stacklevel=2,
                )
        return max(0, self._slots - taken)


def _run(function: Callable[[Task], Result], task: Task) -> tuple[bool, bytes]:
    """Return whether the function has come to its end, and its result or what it raised.

    Packed up here, an array comes out as one that can be written to and lies in no shared memory;
    and Ray, which prints the traceback of an error that nobody has asked for, sees none.
    """
    cloudpickle = _import_ray().cloudpickle
    try:
        return True, cloudpickle.dumps(function(task))
    except Exception as error:  # noqa: BLE001 (it is raised again where the result is awaited)
        if not isinstance(error, ErrataError):
            error.add_note("".join(["On the worker:\n", *traceback.format_exception(error)]))
        try:
            packed = cloudpickle.dumps(error)
            pickle.loads(packed)  # noqa: S301
        except Exception:  # noqa: BLE001 (exceptions that cannot be copied fail in many ways)
            return False, cloudpickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
        return False, packed


def _import_ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise MissingExtraError(
            "The engine 'ray' needs the package ray, which is not installed: "
            "pip install 'errata[ray]'"
        ) from None
    return ray


def _reason(error: BaseException) -> str:
    """Return the first line of what an error says."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def _check_there(address: str) -> None:
    """Raise where nothing listens at an address; Ray would try for minutes, without a word."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ErrataError(
            f"{address!r} is no address of a Ray cluster. It is written 'host:port', such as "
            "'10.0.0.5:6379'; 'auto' finds the one that runs on this machine."
        )
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), _PATIENCE)
    except (OSError, OverflowError) as error:
        raise ErrataError(
            f"There is no Ray cluster at {address}: {error}. `ray status` on its head node tells "
            "whether it runs; `ray start --head` starts one, and prints its address."
        ) from None
    with connection, contextlib.suppress(OSError):  # some say nothing until they know who asks
        connection.sendall(_HELLO)
        answer = connection.recv(4)
        if answer and answer[3:] != _SETTINGS and answer[:1] != _TLS_ALERT:
            raise ErrataError(
                f"Something else than a Ray cluster answers at {address}. The port of a cluster is "
                "6379 where it was not set; its dashboard, with 8265, and its clients have others."
            )


def _check_same(asked: str, connected: str, this_machine: str) -> None:
    """Raise where this process is connected to another cluster than the one asked for."""

    def place(address: str) -> tuple[str, str]:
        host, _, port = address.rpartition(":")
        with contextlib.suppress(OSError):
            host = socket.gethostbyname(host)
        return this_machine if host.startswith("127.") else host, port

    if "://" not in asked and place(asked) != place(connected):
        raise ErrataError(
            f"This process is connected to the Ray cluster at {connected}, and {asked} was asked "
            "for. Call ray.shutdown() first, or leave the address out to use the one it has."
        )
