"""Batches of examples for a network: from memory where they fit, else read ahead by threads."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from jaxtyping import Float, Int, Num, Shaped

from errata.datasets.base import Dataset
from errata.engine.local import default_threads
from errata.predict.inputs import Inputs

_IN_MEMORY = 2 * 2**30
"""Bytes that the examples of one data set may take in memory, or on the device."""

_LOOKED_AT = 1_000
"""Examples that mean and standard deviation are computed from."""

_AHEAD = 2
"""Batches that each thread reads before they are asked for."""

_AHEAD_BYTES = 2**29
"""What they may take together, if it is more than two of them."""


class Examples:
    """All examples of a data set as a network takes them.

    Parameters
    ----------
    device : where batches come; what fits in memory lies there from the beginning
    in_memory : bytes that may be kept
    """

    def __init__(
        self,
        data: Dataset,
        inputs: Inputs,
        device: torch.device,
        in_memory: int = _IN_MEMORY,
    ) -> None:
        self.data, self.inputs, self.device = data, inputs, device
        self._threads = default_threads()
        self._held: Num[torch.Tensor, "n ..."] | None = None
        first = inputs.one(data.load(0))
        self._bytes = first.nbytes
        if len(data) * first.nbytes <= in_memory:
            values = np.empty((len(data), *first.shape), first.dtype)
            cuts = np.array_split(np.arange(len(data)), max(1, len(data) // 256))
            for cut, found in zip(cuts, self._read(cuts), strict=True):
                values[cut] = found
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
        sums: list[Float[np.ndarray, "2 channels"]] = []
        for row in some:
            values = self.inputs.one(self.data.load(int(row))).astype(np.float64)
            values = values.reshape(len(values), -1)
            sums.append(np.stack([values.mean(axis=1), (values**2).mean(axis=1)]))
        mean, squares = np.mean(sums, axis=0)
        variance = np.maximum(squares - mean**2, 0.0)
        # of equal values rounding leaves a little
        flat = variance <= 1e-12 * squares
        return mean, np.where(flat, 1.0, np.sqrt(variance))

    def _read(
        self, cuts: Sequence[Int[np.ndarray, "_rows"]]
    ) -> Iterator[Shaped[np.ndarray, "_rows ..."]]:
        """Yield batches in order, while threads read the next: most of decoding frees the lock."""
        waiting: deque[Future[Shaped[np.ndarray, "_rows ..."]]] = deque()
        largest = max((len(cut) for cut in cuts), default=1) * self._bytes
        ahead = max(2, min(_AHEAD * self._threads, _AHEAD_BYTES // max(1, largest)))
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                for cut in cuts:
                    waiting.append(pool.submit(self._stack, cut))
                    if len(waiting) >= ahead:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for one in waiting:
                    one.cancel()

    def _stack(self, rows: Int[np.ndarray, "_rows"]) -> Shaped[np.ndarray, "_rows ..."]:
        return np.stack([self.inputs.one(self.data.load(int(row))) for row in rows])
