"""Pictures that are nearly the same, against a comparison of all pairs of thumbnails."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from errata.predict.near_pictures import NearPictures, nearly_same, thumbnail_of


def pairs_of(pictures, white=255.0):
    near = NearPictures(white)
    signatures = np.stack([near.signature(one) for one in pictures])
    return near.pairs(signatures, pictures.__getitem__).tolist()


@st.composite
def coarse(draw):
    """Draw a few small pictures, some of which are others with a change, large or small."""
    shape = (4, 4, *draw(st.sampled_from([(), (1,), (3,)])))
    values = st.sampled_from([0, 3, 60, 200])
    pictures = [draw(arrays(np.uint8, shape, elements=values))]
    for _ in range(draw(st.integers(1, 7))):
        changed = pictures[draw(st.integers(0, len(pictures) - 1))].astype(int)
        changed += draw(arrays(np.int8, shape, elements=st.sampled_from([0, 1, 2, 6, 14])))
        changed[0, 0] += draw(st.integers(0, 40))
        pictures.append(changed.clip(0, 255).astype(np.uint8))
    return pictures


def near_by_hand(pictures):
    found = []
    for second in range(len(pictures)):
        for first in range(second):
            a, b = (pictures[one].astype(float) for one in (first, second))
            apart = ((a - b) ** 2).mean() ** 0.5
            if apart <= 0.12 * max(min(a.std(), b.std()), 16):
                found.append([first, second])
    return sorted(found)


@given(coarse())
def test_those_whose_thumbnails_are_close_are_found(pictures):
    # a thumbnail of 4 x 4 pixels has each of them 64 times, so that it is as close as they are
    assert pairs_of(pictures) == near_by_hand(pictures)


def photograph(seed=0, size=(96, 120)):
    """Return a picture with something in it: smooth shapes in three colours."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (7, 9, 3), np.uint8))
    return np.asarray(small.resize(size[::-1], Image.Resampling.BICUBIC))


def compressed(pixels, quality):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


@pytest.mark.parametrize("quality", [90, 50, 20])
def test_a_picture_that_is_compressed_again_is_found(quality):
    pictures = [photograph(), photograph(1), compressed(photograph(), quality)]
    assert pairs_of(pictures) == [[0, 2]]


@pytest.mark.parametrize("size", [(64, 80), (48, 60), (300, 375)])
def test_a_picture_in_another_size_is_found(size):
    scaled = Image.fromarray(photograph()).resize(size[::-1], Image.Resampling.LANCZOS)
    assert pairs_of([photograph(1), photograph(), np.asarray(scaled)]) == [[1, 2]]


def test_another_part_of_a_picture_another_colour_or_a_mirror_is_another_picture():
    one = photograph()
    assert pairs_of([one, one[:, ::-1], one[12:, :100], one[..., ::-1], 255 - one]) == []


def test_numbers_of_any_scale_are_seen_as_they_are_shown():
    values = np.linspace(0, 1, 64).reshape(8, 8)
    np.testing.assert_array_equal(
        thumbnail_of(values, 1.0), thumbnail_of(np.rint(values * 255).astype(np.uint8), 255.0)
    )
    assert pairs_of([values, values.T, values * 0.99], 1.0) == [[0, 2]]
    assert pairs_of([values > 0.5, values.T > 0.5], 1.0) == []


def test_blank_pictures_are_nearly_the_same_only_in_nearly_the_same_grey():
    grey = [np.full((8, 8), value, np.uint8) for value in (100, 101, 104, 255)]
    assert pairs_of(grey) == [[0, 1]]
    assert nearly_same(grey[0], grey[0])


def test_of_many_alike_each_is_linked_to_each():
    rng = np.random.default_rng(0)
    pictures = [photograph() ^ rng.integers(0, 4, (96, 120, 1), np.uint8) for _ in range(60)]
    links = pairs_of(pictures)
    assert len(links) < 60 * 59 / 2
    assert {end for link in links for end in link} == set(range(60))


def test_a_picture_without_pixels_is_like_no_other():
    assert NearPictures(255).signature(np.zeros((0, 4), np.uint8)) is None
