"""Training: one network, epoch by epoch; a killed run goes on after the last whole epoch.

Knows networks, batches and checkpoints; which examples are to learn from is for
`errata.predict.torch_model`.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Integer, Num
from torch import nn

from errata.errors import InputError
from errata.predict.batches import Examples
from errata.predict.checkpoints import Checkpoints
from errata.predict.quality import quality_of

_WARM_UP = 0.1
"""The share of the steps in which the learning rate rises."""

_WATCHED = 0.1
"""The share of the training part that early stopping is decided by, and that is not learnt from."""

_PREDICTED_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a network learns: AdamW, with a learning rate that rises, then falls along a cosine.

    Attributes
    ----------
    epochs : how often every example is seen
    batch_size : of examples in one step
    learning_rate : the highest
    fine_tuning_rate : the same after pre-training, when all layers learn on
    weight_decay : of AdamW
    shift : share of height and width that pictures are moved by at most, by chance
    flip : whether half of the pictures, by chance, are mirrored
    patience : stop after so many epochs in which the loss on a tenth of the training part, put
        aside for this, was never less than before, and take the weights of the best
    mixed_precision : compute in 16 bits where the device is a CUDA GPU

    Examples
    --------
    >>> Training(epochs=5).batch_size
    64
    """

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 2e-3
    fine_tuning_rate: float = 5e-4
    weight_decay: float = 0.05
    shift: tuple[float, float] = (0.0, 0.0)
    flip: bool = False
    patience: int | None = None
    mixed_precision: bool = True

    def __post_init__(self) -> None:
        least = {"epochs": self.epochs, "batch_size": self.batch_size, "patience": self.patience}
        for name, value in least.items():
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}; 1 or more was expected.")


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What one network learns from.

    Attributes
    ----------
    examples, rows : where they are, and which
    labels : of these rows, from 0 to ``n_classes - 1``
    groups : of these rows; early stopping parts no group
    seed : of all that is by chance
    rate : the highest learning rate
    checkpoints, name : where each epoch is kept, and as what
    report : called with the share that is done and the loss
    """

    examples: Examples
    rows: Int[np.ndarray, "_rows"]
    labels: Int[np.ndarray, "_rows"]
    n_classes: int
    groups: Integer[np.ndarray, "_rows"]
    seed: int
    rate: float
    checkpoints: Checkpoints
    name: str
    report: Callable[[float, float | None], None]


@contextmanager
def seeded(device: torch.device, *numbers: int) -> Iterator[np.random.Generator]:
    """Make chance, torch's too, follow from numbers alone; afterwards torch's is as it was."""
    rng = np.random.default_rng(numbers)
    kind = "cuda" if device.type == "cpu" else device.type
    devices = [] if device.type == "cpu" else [device.index or 0]
    with torch.random.fork_rng(devices, device_type=kind):
        torch.manual_seed(int(rng.integers(2**63)))
        yield rng


def train(network: nn.Module, lesson: Lesson, how: Training) -> None:
    """Teach a network, from where its checkpoint says; chance depends on seed and epoch alone.

    Raises
    ------
    InputError
        The loss is no number any more.
    """
    device = lesson.examples.device
    rows, watched = _watched(lesson, how)
    steps = max(1, len(rows) // how.batch_size)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=how.weight_decay)
    precision = _precision(device, how)
    scaler = torch.amp.GradScaler(device.type, enabled=precision is torch.float16)
    run = _Learning(network, optimizer, scaler)
    begin = run.restore(lesson.checkpoints.load(lesson.name))
    labels = torch.from_numpy(lesson.labels).to(device)
    for epoch in range(begin, how.epochs):
        if how.patience and len(watched) and epoch - run.best_epoch > how.patience:
            break
        network.train()
        with seeded(device, lesson.seed, epoch) as rng:
            # equal parts: a last batch of one example would have no variance to normalize by
            cuts = np.array_split(rng.permutation(rows), steps)
            total = torch.zeros((), device=device)
            for step, (cut, batch) in enumerate(
                zip(cuts, lesson.examples.batches([lesson.rows[cut] for cut in cuts]), strict=True)
            ):
                done = (epoch + step / steps) / how.epochs
                for group in optimizer.param_groups:
                    group["lr"] = lesson.rate * _share_of_rate(done)
                known = labels[torch.from_numpy(cut).to(device)]
                total += len(cut) * _step(run, varied(batch.float(), how), known, precision)
                lesson.report(done, None)
        loss = float(total) / len(rows)
        if not math.isfinite(loss):
            raise InputError(
                f"The loss is {loss} after epoch {epoch + 1}: the network no longer learns. Lower "
                f"learning_rate ({lesson.rate:g}), or look for values that are no numbers."
            )
        if len(watched):
            loss = log_loss(network, lesson, watched)
            run.keep_best(epoch, loss)
        lesson.report((epoch + 1) / how.epochs, loss)
        if lesson.checkpoints.folder is not None:
            lesson.checkpoints.save(lesson.name, run.arrays(epoch + 1))
    run.take_best()


def predicted(
    network: nn.Module,
    examples: Examples,
    rows: Int[np.ndarray, "_rows"],
    met: Bool[np.ndarray, "classes"],
) -> Float[np.ndarray, "_rows classes"]:
    """Return probabilities in full precision; a class that was never met has 0."""
    network.eval()
    unknown = torch.from_numpy(~met).to(examples.device)
    found = np.empty((len(rows), len(met)))
    cuts = np.array_split(np.arange(len(rows)), max(1, len(rows) // _PREDICTED_AT_ONCE))
    with torch.inference_mode():
        batches = examples.batches([rows[cut] for cut in cuts])
        for cut, batch in zip(cuts, batches, strict=True):
            scores = scores_of(network, batch.float()).float().masked_fill(unknown, -torch.inf)
            found[cut] = scores.softmax(dim=1).cpu().double().numpy()
    return found


def scores_of(network: nn.Module, x: Float[torch.Tensor, "n ..."]) -> Float[torch.Tensor, "n m"]:
    """Return what a network says: a tensor, or the logits of an output of transformers."""
    found = network(x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x)
    scores: Float[torch.Tensor, "n m"] = getattr(found, "logits", found)
    return scores


def varied(x: Float[torch.Tensor, "n ..."], how: Training) -> Float[torch.Tensor, "n ..."]:
    """Return pictures moved and mirrored by chance, each in its own way; edges are drawn out."""
    if x.ndim != 4:
        return x
    n, _, height, width = x.shape
    down, across = (
        round(share * side) for share, side in zip(how.shift, (height, width), strict=True)
    )
    if down or across:
        padded = nn.functional.pad(x, (across, across, down, down), mode="replicate")
        top = torch.randint(2 * down + 1, (n, 1), device=x.device)
        left = torch.randint(2 * across + 1, (n, 1), device=x.device)
        ys = top + torch.arange(height, device=x.device)
        xs = left + torch.arange(width, device=x.device)
        every = torch.arange(n, device=x.device)[:, None, None]
        x = padded[every, :, ys[:, :, None], xs[:, None, :]].permute(0, 3, 1, 2)
    if how.flip:
        mirrored = torch.rand(n, device=x.device) < 0.5
        x = torch.where(mirrored[:, None, None, None], x.flip(-1), x)
    return x


def log_loss(network: nn.Module, lesson: Lesson, places: Int[np.ndarray, "_some"]) -> float:
    """Return the mean of -ln p(given) of some of the rows of a lesson."""
    every = np.ones(lesson.n_classes, bool)
    probs = predicted(network, lesson.examples, lesson.rows[places], every)
    return quality_of(probs, lesson.labels[places]).log_loss


class _Learning:
    """A network while it learns, and what belongs to it: all of this is in a checkpoint."""

    def __init__(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler
    ) -> None:
        self.network, self.optimizer, self.scaler = network, optimizer, scaler
        self.best: dict[str, Any] = {}
        self.best_loss, self.best_epoch = math.inf, 0

    def keep_best(self, epoch: int, loss: float) -> None:
        """Keep the weights if they are the best so far."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, epoch
            self.best = state_of(self.network)

    def take_best(self) -> None:
        """Go back to the best weights, where any were kept."""
        if self.best:
            load_state(self.network, self.best)

    def arrays(self, epochs: int) -> dict[str, Any]:
        """Return all there is to go on from after some epochs."""
        found: dict[str, Any] = {
            "epochs": epochs,
            "best loss": self.best_loss,
            "best epoch": self.best_epoch,
            **_under("network", state_of(self.network)),
            **_under("best", self.best),
            **_under("scaler", self.scaler.state_dict()),
        }
        for number, state in self.optimizer.state_dict()["state"].items():
            found |= _under(f"optimizer/{number}", {k: v.cpu().numpy() for k, v in state.items()})
        return found

    def restore(self, arrays: Mapping[str, Any] | None) -> int:
        """Go back to a checkpoint; return how many epochs are done."""
        if arrays is None:
            return 0
        load_state(self.network, _of("network", arrays))
        self.best = _of("best", arrays)
        self.best_loss, self.best_epoch = float(arrays["best loss"]), int(arrays["best epoch"])
        described = self.optimizer.state_dict()
        numbers = {key.split("/")[1] for key in arrays if key.startswith("optimizer/")}
        described["state"] = {
            int(number): {
                key: torch.from_numpy(np.array(value))
                for key, value in _of(f"optimizer/{number}", arrays).items()
            }
            for number in numbers
        }
        self.optimizer.load_state_dict(described)
        if scaled := _of("scaler", arrays):
            self.scaler.load_state_dict({key: value.item() for key, value in scaled.items()})
        return int(arrays["epochs"])


def state_of(network: nn.Module) -> dict[str, Any]:
    """Return a copy of all weights, and what else belongs to the state of a network."""
    state = {key: value.detach().cpu() for key, value in network.state_dict().items()}
    # numpy knows no bfloat16
    return {
        key: (value.float() if value.dtype == torch.bfloat16 else value).numpy().copy()
        for key, value in state.items()
    }


def load_state(network: nn.Module, state: Mapping[str, Any]) -> None:
    """Set all weights."""
    network.load_state_dict({key: torch.from_numpy(np.array(v)) for key, v in state.items()})


def _under(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}/{key}": value for key, value in values.items()}


def _of(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    start = f"{prefix}/"
    return {key.removeprefix(start): v for key, v in values.items() if key.startswith(start)}


def _watched(
    lesson: Lesson, how: Training
) -> tuple[Int[np.ndarray, "_learnt"], Int[np.ndarray, "_watched"]]:
    """Return which places of the rows are learnt from, and which early stopping is decided by."""
    places = np.arange(len(lesson.rows))
    if how.patience is None:
        return places, places[:0]
    names, group = np.unique(lesson.groups, return_inverse=True)
    if len(names) < 2:
        return places, places[:0]
    order = np.random.default_rng(lesson.seed).permutation(len(names))
    watched = np.isin(group, order[: max(1, round(_WATCHED * len(names)))])
    return places[~watched], places[watched]


def _share_of_rate(done: float) -> float:
    """Return the learning rate at a share of the steps, in units of the highest.

    Examples
    --------
    >>> [round(_share_of_rate(done), 2) for done in (0, 0.05, 0.1, 0.55, 1)]
    [0.01, 0.5, 1.0, 0.5, 0.0]
    """
    if done < _WARM_UP:
        return max(0.01, done / _WARM_UP)
    return (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP))) / 2


def _precision(device: torch.device, how: Training) -> torch.dtype | None:
    """Return the 16-bit numbers to compute in, if any: bfloat16 where the GPU has them itself."""
    if device.type != "cuda" or not how.mixed_precision:
        return None
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float16


def _step(
    run: _Learning,
    x: Float[torch.Tensor, "n ..."],
    labels: Int[torch.Tensor, "n"],
    precision: torch.dtype | None,
) -> Num[torch.Tensor, ""]:
    """Learn from one batch; return its loss."""
    run.optimizer.zero_grad(set_to_none=True)
    with torch.autocast(x.device.type, precision, enabled=precision is not None):
        scores = scores_of(run.network, x)
    loss = nn.functional.cross_entropy(scores.float(), labels)
    run.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    run.scaler.step(run.optimizer)
    run.scaler.update()
    return loss.detach()
