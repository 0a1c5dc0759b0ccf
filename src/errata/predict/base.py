"""What a model is to `cross_val_probs`: it learns from some examples and predicts others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, Integer

from errata.datasets.base import Dataset
from errata.errors import ErrataError, InputError
from errata.predict.checkpoints import Checkpoints


@dataclass(frozen=True)
class Step:
    """How far a run is.

    ``share`` of the fold is done, from 0 to 1; the loss is that of the last pass, if there is one.
    """

    fold: int
    folds: int
    share: float
    loss: float | None = None


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One fold: learn from ``train``, predict ``held_out``.

    Attributes
    ----------
    pretrain : other examples of the same classes to learn from first
    seed : of all that is by chance in this fold
    run_seed : of what is by chance, but the same in all folds
    checkpoints : where to keep what a killed run goes on from
    report : to be called with the share that is done and the loss
    groups : examples of ``data`` that belong together, copies among them; None where none do
    shared : what the folds of a run keep in memory for one another, see `once`
    """

    data: Dataset
    number: int
    train: Int[np.ndarray, "_train"]
    held_out: Int[np.ndarray, "_held_out"]
    pretrain: Dataset | None
    seed: int
    run_seed: int
    checkpoints: Checkpoints
    report: Callable[[float, float | None], None]
    groups: Integer[np.ndarray, "_n"] | None = None
    shared: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what ``make`` returned in the first fold that asked for ``name``."""
        if name not in self.shared:
            self.shared[name] = make()
        return self.shared[name]

    @contextmanager
    def refusals(
        self, model: str, advice: str = "", *, of: type[Exception] = ValueError
    ) -> Iterator[None]:
        """Raise an `InputError` that names model, data and fold for an error inside.

        Parameters
        ----------
        advice : what to do; without it, to take another model
        of : the kind of error; what is no fault of the model's passes in any case
        """
        try:
            yield
        except (ErrataError, MemoryError, OSError):
            raise
        except of as error:
            said = next(iter(str(error).strip().splitlines()), "").rstrip(".")
            kind = type(error).__name__
            said = said if isinstance(error, ValueError) and said else f"{kind}: {said}"
            raise InputError(
                f"{model} does not take the examples of {self.data.name} (where fold "
                f"{self.number + 1} is held out): {said.removesuffix(': ')}. "
                f"{advice or 'Take another model, or mend the examples.'}"
            ) from error


@dataclass(frozen=True)
class Predicted:
    """What a model predicts of the examples it was not trained on.

    Attributes
    ----------
    probs : a row for each, a column for each class; 0 for a class the model never met
    train_accuracy : the share of its own training examples that it gets right
    notes : what there is to say about how this came about
    """

    probs: Float[np.ndarray, "held_out classes"]
    train_accuracy: float
    notes: tuple[str, ...] = ()


@runtime_checkable
class Model(Protocol):
    """Something that learns and predicts."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def settings(self) -> dict[str, object]:
        """Return all that decides what it learns, in plain values for JSON."""
        ...

    def predict(self, fold: Fold) -> Predicted:
        """Learn from the training part of a fold and predict the rest.

        The same fold gives the same bytes.
        """
        ...
