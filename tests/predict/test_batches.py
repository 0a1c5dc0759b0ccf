"""Batches are the same from memory and read ahead; a slow plain loop is the oracle."""
# ruff: noqa: E402 - torch is an extra, and without it all of this is skipped

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.datasets.base import Dataset
from errata.datasets.media import Images
from errata.errors import FileError
from errata.predict.inputs import Pictures
from helpers import require

require("torch")

import torch

from errata.predict.batches import Examples

CPU = torch.device("cpu")


def pictures(n):
    pixels = np.random.default_rng(0).integers(0, 255, (n, 3, 4)).astype(np.uint8)
    ids = [str(row) for row in range(n)]
    return pixels, Dataset("p", "all", ids, np.arange(n) % 2, ("a", "b"), Images(pixels))


@given(st.integers(1, 40), st.data())
def test_memory_or_not_the_batches_are_the_same(n, draw):
    pixels, data = pictures(n)
    rows = st.lists(st.integers(0, n - 1), min_size=1, max_size=6).map(np.array)
    cuts = draw.draw(st.lists(rows, max_size=30))
    held = Examples(data, Pictures((1, 3, 4)), CPU)
    read = Examples(data, Pictures((1, 3, 4)), CPU, in_memory=0)
    for cut, a, b in zip(cuts, held.batches(cuts), read.batches(cuts), strict=True):
        np.testing.assert_array_equal(a.numpy()[:, 0], pixels[cut])
        np.testing.assert_array_equal(b.numpy()[:, 0], pixels[cut])


def test_the_scale_is_that_of_each_channel():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (50, 5, 4, 3)).astype(np.uint8)
    pixels[..., 1] = 7
    ids = [str(row) for row in range(50)]
    data = Dataset("p", "all", ids, np.arange(50) % 2, ("a", "b"), Images(pixels))
    mean, deviation = Examples(data, Pictures((3, 5, 4)), CPU).scale(np.arange(10))
    np.testing.assert_allclose(mean, pixels[:10].mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(deviation[[0, 2]], pixels[:10].std(axis=(0, 1, 2))[[0, 2]])
    assert deviation[1] == 1


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    file = tmp_path / "broken.png"
    file.write_bytes(b"no picture")
    data = Dataset("p", "all", ("a", "b"), np.array([0, 1]), ("a", "b"), Images(files=[file, file]))
    with pytest.raises(FileError, match=r"broken\.png"):
        Examples(data, Pictures((1, 3, 4)), CPU)
