"""Sounds as numbers: wav files of whole numbers (PCM) as they are, others through soundfile.

Knows the bytes of one sound; which file they come from, and how it is shown, is for
`errata.datasets.media`.
"""

import io
import wave
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from errata.errors import FileError, MissingExtraError

FORMATS = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
}
"""The endings of sound files that browsers play, and what these are called on the web."""


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound in one channel: samples from -1 to 1, and how many there are in a second.

    Examples
    --------
    >>> Sound(np.zeros(8000, np.float32), 8000).seconds
    1.0
    """

    samples: Float32[np.ndarray, "frames"]
    rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sound):
            return NotImplemented
        return self.rate == other.rate and np.array_equal(self.samples, other.samples)

    __hash__ = None  # type: ignore[assignment]  # as arrays have none


def read_sound(data: bytes, name: str) -> Sound:
    """Return a sound file as numbers, the mean of its channels.

    Parameters
    ----------
    data : the whole file
    name : what messages call it; how it ends tells the format

    Raises
    ------
    FileError
        It is no sound, or is cut short.
    MissingExtraError
        It is no wav file of whole numbers, and the package soundfile is not installed.
    """
    if name.lower().endswith(".wav"):
        try:
            return _pcm(data, name)
        except _OtherWavError:
            pass  # floating point, or compressed: soundfile reads these
    soundfile = import_soundfile(name)
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except RuntimeError as error:
        raise _broken(name, error) from None
    return Sound(samples.mean(axis=1, dtype=np.float32), int(rate))


def import_soundfile(name: str) -> Any:
    """Return the module soundfile, which reads what the standard library cannot.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import soundfile
    except ImportError:
        raise MissingExtraError(
            f"{name} is no wav file of whole numbers (PCM); to read it takes the package "
            'soundfile, which is not installed: pip install "errata[audio]"'
        ) from None
    return soundfile


class _OtherWavError(Exception):
    """A wav file that does not hold whole numbers."""


def _pcm(data: bytes, name: str) -> Sound:
    """Read a wav file of whole numbers of 8, 16, 24 or 32 bits."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate, frames = file.getparams()[:4]
            content = file.readframes(frames)
    except wave.Error as error:
        if "unknown format" in str(error):
            raise _OtherWavError from None
        raise _broken(name, error) from None
    except EOFError:
        raise _broken(name, f"it ends inside its head, after {len(data):,} bytes") from None
    if width not in _READ or not rate:
        raise _broken(name, f"its head promises samples of {width} bytes, {rate} a second")
    if len(content) != frames * channels * width:
        held = len(content) // (channels * width)
        raise _broken(
            name,
            f"its head promises {frames:,} samples, but it ends after {held:,}, "
            f"at byte {len(data):,}",
        )
    samples = _READ[width](content).reshape(frames, channels)
    return Sound(samples.mean(axis=1, dtype=np.float32), rate)


def _of_three_bytes(content: bytes) -> Float32[np.ndarray, "samples"]:
    """Read whole numbers of 24 bits as the upper three bytes of numbers of 32."""
    whole = np.zeros((len(content) // 3, 4), np.uint8)
    whole[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
    return _of_four_bytes(whole.tobytes())


def _of_four_bytes(content: bytes) -> Float32[np.ndarray, "samples"]:
    return (np.frombuffer(content, "<i4") / 2**31).astype(np.float32)


_READ = {
    1: lambda content: np.frombuffer(content, np.uint8) / np.float32(128) - np.float32(1),
    2: lambda content: np.frombuffer(content, "<i2") / np.float32(2**15),
    3: _of_three_bytes,
    4: _of_four_bytes,
}


def _broken(name: str, why: object) -> FileError:
    return FileError(
        f"{name} is no sound, or is cut short: {why}. Replace the file; nothing else is lost."
    )
