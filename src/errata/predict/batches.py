"""Batches of examples for a network: from memory where they fit, else read ahead by threads."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from jaxtyping import Float, Int, Num, Shaped

from errata.datasets.base import Dataset
from errata.predict.inputs import Inputs

_IN_MEMORY = 2 * 2**30
"""Bytes that the examples of one data set may take in memory, or on the device."""

_LOOKED_AT = 1_000
"""Examples that mean and standard deviation are computed from."""

_AHEAD = 2
"""Batches that each thread reads before they are asked for."""


class Examples:
    """All examples of a data set as a network takes them.

    Parameters
    ----------
    device : where batches come; what fits in memory lies there from the beginning
    report : called with the share that is read, where all are read now
    in_memory : bytes that may be kept
    """

    def __init__(
        self,
        data: Dataset,
        inputs: Inputs,
        device: torch.device,
        report: Callable[[float], None] = lambda _: None,
        in_memory: int = _IN_MEMORY,
    ) -> None:
        self.data, self.inputs, self.device = data, inputs, device
        self._threads = os.cpu_count() or 1
        self._held: Num[torch.Tensor, "n ..."] | None = None
        first = inputs.one(data.load(0))
        if len(data) * first.nbytes <= in_memory:
            values = np.empty((len(data), *first.shape), first.dtype)
            cuts = np.array_split(np.arange(len(data)), max(1, len(data) // 256))
            for cut, found in zip(cuts, self._read(cuts), strict=True):
                values[cut] = found
                report((cut[-1] + 1) / len(data))
            self._held = torch.from_numpy(values).to(device)

    def __len__(self) -> int:
        return len(self.data)

    def batches(
        self, cuts: Sequence[Int[np.ndarray, "_rows"]]
    ) -> Iterator[Num[torch.Tensor, "_rows ..."]]:
        """Yield the examples of each list of rows, on the device."""
        if self._held is not None:
            for cut in cuts:
                yield self._held[torch.from_numpy(cut).to(self.device)]
            return
        for values in self._read(cuts):
            batch = torch.from_numpy(values)
            if self.device.type == "cuda":
                batch = batch.pin_memory()
            yield batch.to(self.device, non_blocking=True)

    def scale(
        self, rows: Int[np.ndarray, "_rows"]
    ) -> tuple[Float[np.ndarray, "channels"], Float[np.ndarray, "channels"]]:
        """Return mean and standard deviation of each channel, or feature, of 1,000 of the rows.

        Where there is no deviation it is 1.
        """
        some = rows[np.unique(np.linspace(0, len(rows) - 1, _LOOKED_AT).astype(np.int64))]
        values = self._stack(some).astype(np.float64)
        axes = (0, *range(2, values.ndim))
        deviation = values.std(axis=axes)
        return values.mean(axis=axes), np.where(deviation > 0, deviation, 1.0)

    def _read(
        self, cuts: Sequence[Int[np.ndarray, "_rows"]]
    ) -> Iterator[Shaped[np.ndarray, "_rows ..."]]:
        """Yield batches in order, while threads read the next: most of decoding frees the lock."""
        waiting: deque[Future[Shaped[np.ndarray, "_rows ..."]]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                for cut in cuts:
                    waiting.append(pool.submit(self._stack, cut))
                    if len(waiting) > _AHEAD * self._threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for one in waiting:
                    one.cancel()

    def _stack(self, rows: Int[np.ndarray, "_rows"]) -> Shaped[np.ndarray, "_rows ..."]:
        return np.stack([self.inputs.one(self.data.load(int(row))) for row in rows])
