"""Numbers of sounds against their definition, and spoken digits told apart."""

import csv
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata.datasets.base import Dataset
from errata.datasets.media import Sounds
from errata.datasets.sounds import Sound
from errata.errors import ErrataWarning
from errata.predict.crossval import cross_val_probs
from errata.predict.embedded import Embedded
from errata.predict.log_mel import log_mel
from errata.predict.mel import Mel


def noise(n, seed=0):
    return Sound(np.random.default_rng(seed).uniform(-1, 1, n).astype(np.float32), 16_000)


@settings(max_examples=25)
@given(st.integers(0, 4000), st.integers(1, 5), st.integers(0, 99))
def test_there_are_four_numbers_for_each_band_and_stretch_of_any_sound(n, stretches, seed):
    found = Mel(stretches=stretches, bands=8).numbers(noise(n, seed))
    assert found.shape == (4 * 8 * stretches,)
    assert np.isfinite(found).all()


def test_they_are_means_and_deviations_of_levels_and_changes():
    sound = noise(400 + 160 * 9)  # ten frames: stretches of five
    bands = log_mel(sound, bands=8)
    found = Mel(stretches=2, bands=8).numbers(sound).reshape(2, 2, 2, 8)
    for stretch, frames in enumerate([range(5), range(5, 10)]):
        for band in range(8):
            levels = [float(bands[band, frame]) for frame in frames]
            changes = [
                float(bands[band, frame] - bands[band, max(frame - 1, 0)]) for frame in frames
            ]
            for place, values in enumerate([levels, changes]):
                mean = sum(values) / 5
                spread = (sum((each - mean) ** 2 for each in values) / 5) ** 0.5
                assert found[stretch, 0, place, band] == pytest.approx(mean, abs=1e-4)
                assert found[stretch, 1, place, band] == pytest.approx(spread, abs=1e-4)


def test_spoken_digits_are_told_apart(data):
    folder = data / "raw" / "audio" / "fsdd"
    with (folder / "labels.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["official_split"] == "test"]
    names = [row["file"] for row in rows]
    labels = np.array([int(row["digit"]) for row in rows])
    sounds = Sounds([folder / "recordings" / name for name in names])
    spoken = Dataset("fsdd", "test", names, labels, tuple("0123456789"), sounds)
    with warnings.catch_warnings():  # of 200 sounds a model can learn every label
        warnings.simplefilter("ignore", ErrataWarning)
        found = cross_val_probs(Embedded(Mel()), spoken, folds=3)
    assert found.quality.accuracy > 0.8
