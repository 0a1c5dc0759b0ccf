"""Log-mel spectrograms: what is heard of a sound, as a picture of bands over time.

Knows samples and frequencies; leaves to others what is learnt from them.
"""

import math

import numpy as np
from jaxtyping import Float, Float32

from errata.datasets.sounds import Sound
from errata.errors import InputError


def log_mel(
    sound: Sound,
    *,
    rate: int = 16_000,
    bands: int = 64,
    low: float = 125.0,
    high: float = 7_500.0,
    window: float = 0.025,
    hop: float = 0.010,
    offset: float = 0.01,
) -> Float32[np.ndarray, "bands frames"]:
    """Return the logarithm of how loud each band of frequencies is, frame by frame.

    The bands are equally wide to the ear (on the mel scale) and overlap by half. A sound that is
    shorter than a window is followed by silence.

    Parameters
    ----------
    sound : at any rate; it is resampled
    rate : samples in a second that the windows are cut from
    bands : how many
    low, high : where the lowest band begins and the highest ends, in Hz, at most half the rate
    window, hop : how long a frame is, and how long after one the next begins, in seconds
    offset : added before the logarithm, so that silence is no minus infinity

    Returns
    -------
    ``(bands, frames)``: ``1 + (samples - window) // hop`` frames of the resampled sound, one at
    least

    Raises
    ------
    InputError
        The bands do not lie between 0 Hz and half the rate.

    References
    ----------
    Hershey et al. (2017), "CNN Architectures for Large-Scale Audio Classification", section 3.1.

    Examples
    --------
    >>> second = np.arange(16_000) / 16_000
    >>> tone = Sound(np.sin(2 * np.pi * 440 * second).astype(np.float32), 16_000)
    >>> found = log_mel(tone)
    >>> found.shape
    (64, 98)
    >>> set(found.argmax(axis=0).tolist())  # band 8 is the loudest all the time
    {8}
    """
    from scipy.signal import stft

    width, step = round(window * rate), round(hop * rate)
    fft = 2 ** math.ceil(math.log2(width))
    filters = mel_filters(rate, fft, bands, low, high)
    samples = resampled(sound, rate)
    samples = np.pad(samples, (0, max(0, width - len(samples))))
    _, _, waves = stft(
        samples, window="hann", nperseg=width, noverlap=width - step, nfft=fft, boundary=None,
        padded=False,
    )  # fmt: skip
    loudness = np.abs(waves) * (width / 2)  # scipy divides by the sum of the window
    return np.asarray(np.log(filters @ loudness + offset), np.float32)


def resampled(sound: Sound, rate: int) -> Float32[np.ndarray, "samples"]:
    """Return the samples of a sound at another rate.

    Examples
    --------
    >>> resampled(Sound(np.zeros(4000, np.float32), 8000), 16_000).shape
    (8000,)
    """
    from scipy.signal import resample_poly

    if sound.rate == rate or not len(sound.samples):
        return sound.samples
    common = math.gcd(rate, sound.rate)
    found = resample_poly(sound.samples, rate // common, sound.rate // common)
    return np.asarray(found, np.float32)


def mel_filters(
    rate: int, fft: int, bands: int, low: float, high: float
) -> Float[np.ndarray, "bands bins"]:
    """Return how much each bin of a Fourier transform counts in each band: triangles in mel.

    Each band rises from 0 where the one before has its middle to 1 at its own, and falls to 0 at
    the middle of the next.

    Raises
    ------
    InputError
        The bands do not lie between 0 Hz and half the rate.

    Examples
    --------
    >>> mel_filters(16_000, 512, 64, 125.0, 7_500.0).shape
    (64, 257)
    """
    if bands < 1 or not 0 <= low < high <= rate / 2:
        raise InputError(
            f"{bands} bands from {low:g} to {high:g} Hz cannot be had at {rate:,} samples a "
            f"second: at least 1, from 0 Hz or more, up to {rate / 2:g} Hz or less, was expected."
        )
    edges = np.linspace(_mel(low), _mel(high), bands + 2)
    bins = _mel(np.arange(fft // 2 + 1) * (rate / fft))
    spacing = edges[1] - edges[0]
    return np.asarray(np.maximum(0, 1 - np.abs(bins - edges[1:-1, None]) / spacing))


def _mel(hertz: "float | Float[np.ndarray, 'bins']") -> Float[np.ndarray, "..."]:
    """Return mel, as HTK (Young et al.) has it."""
    return np.asarray(1127 * np.log1p(np.asarray(hertz) / 700))
