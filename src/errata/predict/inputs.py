"""Examples as networks take them: arrays of one shape, channels first.

Knows kinds of examples and sizes; leaves to `errata.predict.training` batches and devices.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Shaped

from errata.datasets.base import Dataset
from errata.datasets.sounds import Sound
from errata.errors import InputError
from errata.predict.log_mel import log_mel

_LOOKED_AT = 1_000
"""Examples, evenly spread, whose sizes and lengths decide those of all."""

_OWN_SIZE = 96
"""Pictures of one size up to this are taken as they are."""

_SIZE = 224
"""Other pictures come to this many pixels a side, as for the networks of ImageNet."""

_WINDOW = 0.025
"""Seconds that a frame of a spectrogram hears."""

_HOP = 0.01
"""Seconds from one frame of a spectrogram to the next."""

_NOT_CUT = 0.95
"""The share of sounds that are whole; a few that go on for long would slow down all."""

_LONGEST = 10.0
"""All sounds are cut after so many seconds, the length of AudioSet's clips."""


@runtime_checkable
class Inputs(Protocol):
    """Turns examples of one kind into arrays of one shape."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width; or the number of features alone."""
        ...

    def one(self, example: Any) -> Shaped[np.ndarray, "..."]:
        """Return an example, as `Dataset.load` returns it, as an array of ``shape``."""
        ...


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size, grey ones in one channel, others in three.

    One of another shape is scaled until it covers the size, and cut to its middle.

    Examples
    --------
    >>> Pictures((3, 4, 4)).one(np.zeros((8, 6), np.uint8)).shape
    (3, 4, 4)
    """

    shape: tuple[int, int, int]

    def one(
        self, example: Shaped[np.ndarray, "..."]
    ) -> Shaped[np.ndarray, "channels height width"]:
        """Return a picture of ``shape``."""
        from PIL import Image, ImageOps

        channels, *sides = self.shape
        pixels = example[..., 0] if example.shape[2:] == (1,) else example
        if pixels.shape != (*sides, channels)[: 2 + (channels > 1)]:
            if pixels.dtype != np.uint8:
                raise InputError(
                    f"A picture has shape {pixels.shape} and dtype {pixels.dtype}, and to bring it "
                    f"to {' x '.join(map(str, sides))} pixels takes uint8, from 0 to 255. Scale it."
                )
            image = Image.fromarray(pixels).convert("RGB" if channels == 3 else "L")
            size = (sides[1], sides[0])
            pixels = np.asarray(ImageOps.fit(image, size, Image.Resampling.BILINEAR))
        if pixels.dtype != np.uint8:
            pixels = pixels.astype(np.float32)  # which every device has
        return np.ascontiguousarray(pixels[None] if channels == 1 else pixels.transpose(2, 0, 1))


@dataclass(frozen=True)
class Spectrograms:
    """Log-mel spectrograms of one length: sounds are cut, or filled up with silence."""

    shape: tuple[int, int, int]

    def one(self, example: Sound) -> Float32[np.ndarray, "1 bands frames"]:
        """Return a spectrogram of ``shape``."""
        _, bands, frames = self.shape
        # one frame more than it takes, as resampling rounds
        wanted = math.ceil(((frames + 1) * _HOP + _WINDOW) * example.rate)
        samples = np.zeros(wanted, np.float32)
        some = example.samples[:wanted]
        samples[: len(some)] = some
        sound = Sound(samples, example.rate)
        return log_mel(sound, bands=bands, window=_WINDOW, hop=_HOP)[None, :, :frames]


@dataclass(frozen=True)
class Rows:
    """Rows of numbers."""

    shape: tuple[int]

    def one(self, example: Sequence[Any]) -> Float32[np.ndarray, "features"]:
        """Return a row as float32."""
        try:
            found = np.array(example, np.float32)
        except ValueError:
            raise InputError(
                f"The features {example!r} are not all numbers, and a network takes nothing else. "
                "Encode them first."
            ) from None
        if found.shape != self.shape:
            raise InputError(
                f"A row has {len(found)} features, others have {self.shape[0]}; as many in each "
                "were expected, also in what is learnt from first."
            )
        return found


def inputs_for(data: Dataset, size: int | None = None, bands: int = 64) -> Inputs:
    """Return what turns the examples of a data set into arrays of one shape.

    Parameters
    ----------
    size : pixels a side that pictures are brought to. Without it those of one size up to 96
        keep it, and others come to 224
    bands : of frequency, for sounds. These are cut, or filled up with silence, to a length that
        19 of 20 do not exceed, and to at most 10 seconds

    Raises
    ------
    InputError
        The examples are texts: what turns them into numbers belongs to a model.

    Examples
    --------
    >>> from errata.datasets.media import Images
    >>> pixels = np.zeros((2, 28, 28), np.uint8)
    >>> two = Dataset("two", "all", ("a", "b"), np.array([0, 1]), ("x", "y"), Images(pixels))
    >>> inputs_for(two).shape
    (1, 28, 28)
    """
    some = np.unique(np.linspace(0, len(data) - 1, _LOOKED_AT).astype(np.int64))
    if data.kind == "texts":
        raise InputError(
            f"The examples of {data.name} are texts, and this network takes arrays of numbers. "
            "Take a model for texts, such as fasttext or transformers:NAME."
        )
    examples = (data.load(int(row)) for row in some)
    if data.kind == "features":
        return Rows((len(next(examples)),))
    if data.kind == "sounds":
        usual = float(np.quantile([sound.seconds for sound in examples], _NOT_CUT))
        return Spectrograms((1, bands, max(1, round(min(usual, _LONGEST) / _HOP))))
    shapes = {picture.shape for picture in examples}
    channels = 3 if any(shape[2:] in {(3,), (4,)} for shape in shapes) else 1
    sides = {shape[:2] for shape in shapes}
    own = next(iter(sides))
    if size is not None:
        own = (size, size)
    elif len(sides) > 1 or max(own) > _OWN_SIZE:
        own = (_SIZE, _SIZE)
    return Pictures((channels, *own))
