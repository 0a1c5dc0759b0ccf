"""What an engine is: it maps a pure function over tasks and hands back the results in order."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

Task = TypeVar("Task")
Result = TypeVar("Result")

Progress = Callable[[int, int], None]
"""Called with the rows done and the rows in all."""


@runtime_checkable
class Engine(Protocol):
    """Where the work is done. It never looks into a task or a result."""

    @property
    def part_bytes(self) -> int:
        """How many bytes of probabilities a task should read, about."""
        ...

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield ``function(task)`` for each task, in their order, whatever finishes first.

        Tasks are drawn only as fast as results are taken, so memory stays flat. The function and
        the tasks can be pickled; the function may be called again for a task whose worker is
        lost. What it raises is raised here.
        """
        ...
