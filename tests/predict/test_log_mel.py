"""Log-mel spectrograms against a slow sum of sines, bands against formulas, lengths by a law."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata.datasets.sounds import Sound
from errata.errors import InputError
from errata.predict.log_mel import log_mel, mel_filters, resampled


def noise(n, rate=16_000, seed=0):
    return Sound(np.random.default_rng(seed).uniform(-1, 1, n).astype(np.float32), rate)


def tone(hertz, rate=16_000, seconds=0.5):
    time = np.arange(round(seconds * rate)) / rate
    return Sound(np.sin(2 * np.pi * hertz * time).astype(np.float32), rate)


def mel(hertz):
    return 1127 * math.log(1 + hertz / 700)


def by_hand(samples, rate, bands, low, high, width, step, fft):
    """Return the spectrogram, frame by frame, wave by wave, band by band."""
    edges = [mel(low) + (mel(high) - mel(low)) * k / (bands + 1) for k in range(bands + 2)]
    found = []
    for start in range(0, len(samples) - width + 1, step):
        heard = [
            samples[start + k] * (0.5 - 0.5 * math.cos(2 * math.pi * k / width))
            for k in range(width)
        ]
        sums = [0.0] * bands
        for wave in range(fft // 2 + 1):
            turns = [2 * math.pi * wave * k / fft for k in range(width)]
            real = sum(h * math.cos(t) for h, t in zip(heard, turns, strict=True))
            imaginary = sum(h * math.sin(t) for h, t in zip(heard, turns, strict=True))
            place = mel(wave * rate / fft)
            for band in range(bands):
                below, middle, above = edges[band : band + 3]
                rise, fall = (place - below) / (middle - below), (above - place) / (above - middle)
                sums[band] += max(0.0, min(rise, fall)) * math.hypot(real, imaginary)
        found.append([math.log(total + 0.01) for total in sums])
    return np.array(found).T


@settings(max_examples=10)
@given(st.integers(0, 99), st.integers(40, 90))
def test_it_is_what_sums_of_sines_make(seed, n):
    sound = noise(n, 1000, seed)
    found = log_mel(sound, rate=1000, bands=5, low=50.0, high=400.0, window=0.02, hop=0.013)
    expected = by_hand(sound.samples.tolist(), 1000, 5, 50.0, 400.0, 20, 13, 32)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert found.dtype == np.float32


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("hertz", [200, 440, 1000, 3000])
def test_a_pure_tone_is_loudest_in_the_band_with_the_nearest_middle(hertz, rate):
    middles = [mel(125) + (mel(7500) - mel(125)) * (k + 1) / 65 for k in range(64)]
    expected = min(range(64), key=lambda k: abs(middles[k] - mel(hertz)))
    loudest = log_mel(tone(hertz, rate)).argmax(axis=0)[2:-2]
    assert set(loudest.tolist()) == {expected}


def test_the_filters_of_neighbours_add_up_to_one_between_the_first_middle_and_the_last():
    filters = mel_filters(16_000, 4096, 64, 125.0, 7_500.0)
    hertz = np.arange(2049) * 16_000 / 4096
    step = (mel(7500) - mel(125)) / 65
    between = [mel(125) + step <= mel(each) <= mel(7500) - step for each in hertz]
    np.testing.assert_allclose(filters[:, between].sum(axis=0), 1)
    assert not filters[:, (hertz < 125) | (hertz > 7500)].any()


@given(st.integers(0, 3000), st.sampled_from([8_000, 11_025, 16_000, 22_050]))
def test_there_is_a_frame_for_every_hop_that_a_window_fits_at_and_one_at_least(n, rate):
    resampled_to = math.ceil(n * 16_000 / rate)
    frames = 1 + max(0, resampled_to - 400) // 160
    assert log_mel(noise(n, rate)).shape == (64, frames)
    assert len(resampled(noise(n, rate), 16_000)) == resampled_to


def test_silence_is_the_logarithm_of_the_offset():
    silence = Sound(np.zeros(0, np.float32), 16_000)
    np.testing.assert_allclose(log_mel(silence), math.log(0.01), rtol=1e-6)
    np.testing.assert_allclose(log_mel(silence, offset=1.0), 0)


@pytest.mark.parametrize(
    "wrong", [{"bands": 0}, {"high": 8_001.0}, {"low": 7_500.0}, {"low": -1.0}, {"rate": 8_000}]
)
def test_bands_that_cannot_be_had_are_told(wrong):
    with pytest.raises(InputError, match=r"bands from .* Hz cannot be had at .* samples a second"):
        log_mel(noise(800), **wrong)
