"""Networks as models: trained anew in each fold, or fine-tuned after pre-training.

The protocol of the study: where there is other data of the same classes, the network learns from
all of it first, once; then all its layers learn on, in each fold from the same start.
"""

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import nn

from errata.datasets.base import Dataset
from errata.errors import InputError, unknown_name
from errata.predict.base import Fold, Predicted
from errata.predict.batches import Examples
from errata.predict.device import pick_device
from errata.predict.identity import identity
from errata.predict.inputs import Inputs, inputs_for
from errata.predict.training import (
    Lesson,
    Training,
    load_state,
    predicted,
    scores_of,
    seeded,
    state_of,
    train,
)

Make = Callable[[tuple[int, ...], int], nn.Module]
"""Makes a network for examples of a shape, and a number of classes."""

_PRETRAINED = "pretrained"


@dataclass(frozen=True, kw_only=True)
class TorchModel:
    """A network of torch.

    Attributes
    ----------
    make : returns a network for a shape ``(channels, height, width)`` (or ``(features,)``) and a
        number of classes; it takes a batch of such examples, and returns a score for each class
    name : what it is called
    training : how it learns
    size : pixels a side that pictures are brought to, see `errata.predict.inputs.inputs_for`
    device : ``"cuda"``, ``"mps"`` or ``"cpu"``; without it the fastest there is
    inputs : returns what makes arrays of the examples of a data set, where these are not pictures,
        sounds or numbers, or should be made otherwise

    Examples
    --------
    >>> model = TorchModel(make=lambda shape, m: nn.Linear(shape[0], m), name="linear")
    >>> model.settings()["epochs"]
    20
    """

    make: Make
    name: str
    training: Training = field(default_factory=Training)
    size: int | None = None
    device: str | None = None
    inputs: Callable[[Dataset], Inputs] | None = None

    @classmethod
    def of(cls, network: nn.Module, training: Training | None = None) -> "TorchModel":
        """Return a model that starts from a network as it is, in every fold.

        It must not have learnt from the examples that it is to predict. It takes what
        `errata.predict.inputs.inputs_for` makes of them.
        """
        start = copy.deepcopy(network)
        digest = hashlib.sha256(repr(start).encode())
        for key, value in sorted(state_of(start).items()):
            digest.update(key.encode() + np.asarray(value).tobytes())

        def make(shape: tuple[int, ...], n_classes: int) -> nn.Module:  # noqa: ARG001
            return copy.deepcopy(start)

        name = f"{type(network).__name__}-{digest.hexdigest()[:12]}"
        return cls(make=make, name=name, training=training or Training())

    def changed(self, *, device: str | None, **training: Any) -> "TorchModel":
        """Return the same model on a device, with some of its `Training` otherwise.

        Raises
        ------
        InputError
            Training has no such field, or it cannot have this value.
        """
        known = [one.name for one in fields(self.training)]
        for name in training:
            if name not in known:
                raise unknown_name("setting of a network", name, known)
        return replace(self, device=device, training=replace(self.training, **training))

    def settings(self) -> dict[str, object]:
        """Return what decides how it learns; the kind of device too, as it decides last bits."""
        return {
            **{one.name: getattr(self.training, one.name) for one in fields(self.training)},
            "network": identity(self.make),
            "inputs": None if self.inputs is None else identity(self.inputs),
            "size": self.size,
            "device": pick_device(self.device).type,
        }

    def predict(self, fold: Fold) -> Predicted:
        """Pre-train, if there is what to learn from first; learn; predict.

        Raises
        ------
        InputError
            The network does not take these examples, or returns no score for each class.
        """
        device = pick_device(self.device)
        first = fold.data if fold.pretrain is None else fold.pretrain
        inputs = fold.once("inputs", lambda: (self.inputs or self._inputs)(first))
        examples = fold.once("examples", lambda: Examples(fold.data, inputs, device))
        start, report = None, fold.report
        met = np.zeros(len(fold.data.classes), bool)
        met[fold.data.labels[fold.train]] = True
        if fold.pretrain is not None:
            start, report = self._pretrained(fold, fold.pretrain, inputs, device)
            met[fold.pretrain.labels] = True
        network = self._fresh(examples, fold.train, len(met), fold.seed)
        if start is not None:
            load_state(network, start)
        lesson = Lesson(
            examples=examples,
            rows=fold.train,
            labels=fold.data.labels[fold.train].astype(np.int64),
            n_classes=len(met),
            groups=fold.train if fold.groups is None else fold.groups[fold.train],
            seed=fold.seed,
            rate=self.training.learning_rate if start is None else self.training.fine_tuning_rate,
            checkpoints=fold.checkpoints,
            name=f"fold {fold.number} epochs",
            report=report,
        )
        with fold.refusals(self.name):
            train(network, lesson, self.training)
        own = predicted(network, examples, fold.train, met)
        right = float(np.mean(own.argmax(axis=1) == lesson.labels))
        return Predicted(predicted(network, examples, fold.held_out, met), right)

    def _inputs(self, data: Dataset) -> Inputs:
        return inputs_for(data, self.size)

    def _pretrained(
        self, fold: Fold, data: Dataset, inputs: Inputs, device: torch.device
    ) -> tuple[dict[str, Any], Callable[[float, float | None], None]]:
        """Return the state after pre-training, and what the share of the fold is reported to then.

        It is the same for all folds, as nothing that is predicted is learnt from.
        """
        kept = fold.checkpoints.load(_PRETRAINED)
        if kept is not None:
            return kept, fold.report
        begun = len(data) / (len(data) + len(fold.train))
        examples = Examples(data, inputs, device)
        rows = np.arange(len(data))
        network = self._fresh(examples, rows, len(data.classes), fold.run_seed)
        lesson = Lesson(
            examples=examples,
            rows=rows,
            labels=data.labels.astype(np.int64),
            n_classes=len(data.classes),
            groups=rows if data.groups is None else data.groups,
            seed=fold.run_seed,
            rate=self.training.learning_rate,
            checkpoints=fold.checkpoints,
            name=f"{_PRETRAINED} epochs",
            report=lambda share, loss: fold.report(begun * share, loss),
        )
        with fold.refusals(self.name):
            train(network, lesson, self.training)
        state = state_of(network)
        fold.checkpoints.save(_PRETRAINED, state)
        fold.checkpoints.discard(lesson.name)
        return state, lambda share, loss: fold.report(begun + (1 - begun) * share, loss)

    def _fresh(
        self, examples: Examples, rows: Int[np.ndarray, "_rows"], n_classes: int, seed: int
    ) -> nn.Module:
        """Return a network that has learnt nothing, with the scale of the examples in front."""
        shape = examples.inputs.shape
        try:
            with seeded(examples.device, seed):
                network = self.make(shape, n_classes)
            whole: nn.Module = nn.Sequential(Standardized(*examples.scale(rows)), network)
            whole.to(examples.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            (one,) = examples.batches([rows[:1]])
            with torch.inference_mode():
                scores = scores_of(whole.eval(), one.float())
            if scores.shape != (1, n_classes):
                raise ValueError(
                    f"it returns scores of shape {tuple(scores.shape)} for one example"
                )
        except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
            raise InputError(
                f"{self.name} does not take examples of shape {shape}, or does not return a score "
                f"for each of {n_classes} classes: {error}"
            ) from error
        return whole


class Standardized(nn.Module):
    """Numbers minus their mean, divided by their standard deviation, by channel or feature."""

    def __init__(
        self, mean: Float[np.ndarray, "channels"], deviation: Float[np.ndarray, "channels"]
    ) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("deviation", torch.tensor(deviation, dtype=torch.float32))

    def forward(
        self, x: Float[torch.Tensor, "n channels *sides"]
    ) -> Float[torch.Tensor, "n channels *sides"]:
        """Return them on the same scale."""
        sides = (1,) * (x.ndim - 2)
        found: Float[torch.Tensor, "n channels *sides"] = (
            x - self.mean.view(-1, *sides)
        ) / self.deviation.view(-1, *sides)
        return found
