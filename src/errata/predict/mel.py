"""Sounds as numbers: how loud each band of frequencies is, and how that changes, over time."""

from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32

from errata.datasets.base import Dataset, Kind
from errata.datasets.sounds import Sound
from errata.predict.embedded import Rows
from errata.predict.log_mel import log_mel


@dataclass(frozen=True, kw_only=True)
class Mel:
    """Means and standard deviations of a log-mel spectrogram and of its changes.

    Parameters
    ----------
    stretches : over so many equal stretches of time, one after the other
    bands : of the spectrogram, see `log_mel`

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    >>> Mel(stretches=4, bands=64).numbers(Sound(noise, 8000)).shape
    (1024,)
    """

    stretches: int = 4
    bands: int = 64

    name = "mel"
    kinds: ClassVar[tuple[Kind, ...]] = ("sounds",)

    def settings(self) -> dict[str, object]:
        """Return how many stretches and bands."""
        return asdict(self)

    def notes(self) -> tuple[str, ...]:
        """Return nothing: there is nothing to say."""
        return ()

    def rows(self, data: Dataset) -> Rows:  # noqa: ARG002 (the same for all sounds)
        """Return what makes the numbers of sounds."""

        def rows(data: Dataset, some: range) -> Float32[np.ndarray, "rows width"]:
            return np.stack([self.numbers(data.load(index)) for index in some])

        return rows

    def numbers(self, sound: Sound) -> Float32[np.ndarray, "width"]:
        """Return the numbers of a sound, four for each band and stretch."""
        bands = log_mel(sound, bands=self.bands)
        changes = np.diff(bands, axis=1, prepend=bands[:, :1])
        both = np.concatenate([bands, changes])
        found: list[Float32[np.ndarray, "_bands"]] = []
        for stretch in range(self.stretches):
            frames = both.shape[1]
            start = stretch * frames // self.stretches
            end = max(start + 1, (stretch + 1) * frames // self.stretches)
            part = both[:, start:end]
            found += [part.mean(axis=1), part.std(axis=1)]
        return np.concatenate(found)
