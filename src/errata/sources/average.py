"""The mean of several models' probabilities, taken while they are read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from errata.core.rows import DenseRows, Rows
from errata.errors import ProbabilityError
from errata.sources.base import Source
from errata.sources.stacked import listed


@dataclass(frozen=True)
class Average:
    """Read the mean of the probabilities of several models, each of the same examples and classes.

    The mean is taken in float64; it is float32 where no model has more, else float64.

    Raises
    ------
    ProbabilityError
        There is no model, one has another number of examples or classes than the first, or one
        lists only the best few classes of each example.

    Examples
    --------
    >>> from errata.sources.dense import Dense
    >>> both = Average([Dense(np.array([[0.2, 0.8]])), Dense(np.array([[0.6, 0.4]]))])
    >>> next(both.blocks(0, 1, 1))
    (0, DenseRows(probs=array([[0.4, 0.6]])))
    """

    models: Sequence[Source]
    name: str = "the average"

    def __post_init__(self) -> None:
        if not self.models:
            raise ProbabilityError("An average needs the probabilities of at least one model.")
        first = self.models[0]
        for model in self.models:
            k = listed(model)
            if k is not None:
                raise ProbabilityError(
                    f"{model.name} lists only the best {k} classes of each example, and a mean "
                    "needs the probabilities of all of them: what one model does not list, "
                    "another may. Average before the best are kept."
                )
            if (model.n, model.n_classes) != (first.n, first.n_classes):
                raise ProbabilityError(
                    f"{model.name} has {model.n:,} rows and {model.n_classes:,} columns, but "
                    f"{first.name}, the first to average, has {first.n:,} and "
                    f"{first.n_classes:,}. Each model answers for the same examples and classes."
                )

    @property
    def n(self) -> int:
        """Number of examples."""
        return self.models[0].n

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.models[0].n_classes

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the mean."""
        narrow = all(model.dtype.itemsize <= 4 for model in self.models)
        return np.dtype(np.float32 if narrow else np.float64)

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return self.dtype.itemsize * self.n_classes

    def edges(self, rows: int) -> Int[np.ndarray, "_edges"]:
        """Return where the parts begin of the model that has the fewest, and ``n`` at the end."""
        return min((model.edges(rows) for model in self.models), key=len)

    def blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, DenseRows]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of ``rows``, the last shorter."""
        streams = [evenly(model.blocks(start, stop, rows), rows) for model in self.models]
        for at, *blocks in zip(range(start, stop, rows), *streams, strict=True):
            yield at, self._mean(blocks)

    def _mean(self, several: Sequence[Float[np.ndarray, "rows classes"]]) -> DenseRows:
        total = several[0].astype(np.float64)
        for probs in several[1:]:
            total += probs
        total /= len(self.models)
        return DenseRows(total.astype(self.dtype, copy=False))

    def fingerprint(self) -> dict[str, object]:
        """Return what tells the models from others, in their order."""
        return {"average": [model.fingerprint() for model in self.models]}


def evenly(
    blocks: Iterable[tuple[int, Rows]], rows: int
) -> Iterator[Float[np.ndarray, "_rows classes"]]:
    """Cut blocks anew, so that each has ``rows`` rows, but for the last.

    Examples
    --------
    >>> blocks = [(0, DenseRows(np.eye(3))), (3, DenseRows(np.eye(2, 3)))]
    >>> [len(block) for block in evenly(blocks, 2)]
    [2, 2, 1]
    """
    waiting: list[Float[np.ndarray, "_rows classes"]] = []
    missing = rows
    for _, block in blocks:
        rest = block.table
        while len(rest) >= missing:
            yield np.concatenate([*waiting, rest[:missing]]) if waiting else rest[:missing]
            rest, waiting, missing = rest[missing:], [], rows
        if len(rest):
            waiting.append(rest)
            missing -= len(rest)
    if waiting:
        yield np.concatenate(waiting)
