"""The mean of several models' probabilities, taken while they are read."""

import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from errata.core.rows import DenseRows, Rows
from errata.errors import ProbabilityError
from errata.sources.base import Source
from errata.sources.stacked import check_columns, class_columns, listed

Usable = Callable[[Float[np.ndarray, "_rows classes"]], bool]

_SAME = "Columns of the same classes have the same names: rename them, or give the class names."


@dataclass(frozen=True)
class Average:
    """Read the mean of the probabilities of several models, each of the same examples and classes.

    The mean is taken in float64; it is float32 where no model has more, else float64.

    Attributes
    ----------
    normalize : divide each row of each model by its sum, so that all have the same say

    Raises
    ------
    ProbabilityError
        There is no model, one is no source, has another number of examples or classes than the
        first, other columns, or the same in another order, or lists only the best few classes of
        each example.

    Examples
    --------
    >>> from errata.sources.dense import Dense
    >>> both = Average([Dense(np.array([[0.2, 0.8]])), Dense(np.array([[0.6, 0.4]]))])
    >>> next(both.blocks(0, 1, 1))
    (0, DenseRows(probs=array([[0.4, 0.6]])))
    """

    models: Sequence[Source]
    name: str = "the average"
    normalize: bool = False

    def __post_init__(self) -> None:
        if not self.models:
            raise ProbabilityError("An average needs the probabilities of at least one model.")
        other = next((one for one in self.models if not isinstance(one, Source)), None)
        if other is not None:
            raise ProbabilityError(
                f"An average is made of sources, and {reprlib.repr(other)} is none. Paths and "
                "arrays are opened by `errata.open_average`."
            )
        check_columns(self.models, _SAME)
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

    def normalized(self) -> "Average":
        """Return the same, with each row of each model divided by its sum.

        Of the mean alone that would not do: a model in percent would outvote the others.
        """
        models = [one.normalized() if isinstance(one, Average) else one for one in self.models]
        return replace(self, models=models, normalize=True)

    @property
    def n(self) -> int:
        """Number of examples."""
        return self.models[0].n

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.models[0].n_classes

    @property
    def class_columns(self) -> tuple[str, ...] | None:
        """The columns that hold a class each; None where no model has a table of such."""
        return next(filter(None, map(class_columns, self.models)), None)

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
        for at, several in self._together(start, stop, rows):
            yield at, self._mean(several)

    def blocks_checked(
        self, start: int, stop: int, rows: int, usable: Usable
    ) -> Iterator[tuple[int, DenseRows]]:
        """Yield the blocks, but of a model that has rows of no use its own, and not the mean.

        In a mean the faults of one model may cancel out with those of another.

        Parameters
        ----------
        usable : tells whether all rows of a table can be used
        """
        for at, several in self._together(start, stop, rows):
            # as they are handed on, so that whoever looks again sees the same
            tables = [probs.astype(self.dtype, copy=False) for probs in several]
            faulty = next((table for table in tables if not usable(table)), None)
            yield at, self._mean(several) if faulty is None else DenseRows(faulty)

    def at_fault(self, row: int, usable: Usable) -> int | None:
        """Return the place of the first model whose row is of no use, None where there is none."""
        [(_, several)] = self._together(row, row + 1, 1)
        tables = (probs.astype(self.dtype, copy=False) for probs in several)
        return next((place for place, table in enumerate(tables) if not usable(table)), None)

    def _together(
        self, start: int, stop: int, rows: int
    ) -> Iterator[tuple[int, Sequence[Float[np.ndarray, "_rows classes"]]]]:
        streams = [evenly(model.blocks(start, stop, rows), rows) for model in self.models]
        for at, *blocks in zip(range(start, stop, rows), *streams, strict=True):
            yield at, blocks

    def _mean(self, several: Sequence[Float[np.ndarray, "rows classes"]]) -> DenseRows:
        total = self._scaled(several[0])
        for probs in several[1:]:
            total += self._scaled(probs) if self.normalize else probs
        total /= len(self.models)
        return DenseRows(total.astype(self.dtype, copy=False))

    def _scaled(
        self, probs: Float[np.ndarray, "rows classes"]
    ) -> Float[np.ndarray, "rows classes"]:
        """Return the rows of one model as they are added, in an array of its own."""
        wide = DenseRows(probs.astype(np.float64))
        return (wide.normalized() if self.normalize else wide).probs

    def fingerprint(self) -> dict[str, object]:
        """Return what tells the models from others, in their order, and how they are added."""
        return {
            "average": [model.fingerprint() for model in self.models],
            "normalize": self.normalize,
        }


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
