"""Examples of any form become arrays of one shape."""

import numpy as np
import pytest
from PIL import Image

from errata.datasets.base import Dataset
from errata.datasets.media import Features, Images, Sounds
from errata.datasets.sounds import Sound
from errata.errors import InputError
from errata.predict.inputs import Pictures, Spectrograms, inputs_for
from published_texts import wav


def of(media):
    n = len(media)
    return Dataset("d", "all", [str(i) for i in range(n)], np.arange(n) % 2, ("a", "b"), media)


def pictures(folder, *sizes):
    files = []
    for number, size in enumerate(sizes):
        files.append(folder / f"{number}.png")
        Image.new("RGB", size, (10, 20, 30)).save(files[-1])
    return of(Images(files=files))


def test_small_pictures_of_one_size_keep_it_and_others_are_scaled(tmp_path):
    assert inputs_for(of(Images(np.zeros((4, 28, 20), np.uint8)))).shape == (1, 28, 20)
    assert inputs_for(of(Images(np.zeros((4, 32, 32, 3), np.uint8)))).shape == (3, 32, 32)
    assert inputs_for(of(Images(np.zeros((4, 32, 32, 4), np.uint8)))).shape == (3, 32, 32)
    assert inputs_for(of(Images(np.zeros((4, 32, 32, 1), np.uint8)))).shape == (1, 32, 32)
    assert inputs_for(of(Images(np.zeros((4, 100, 32), np.uint8)))).shape == (1, 224, 224)
    assert inputs_for(pictures(tmp_path, (40, 30), (30, 40))).shape == (3, 224, 224)
    assert inputs_for(pictures(tmp_path, (40, 30), (30, 40)), 64).shape == (3, 64, 64)


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 1), (8, 6, 3), (8, 6, 4), (4, 4), (4, 4, 3)])
@pytest.mark.parametrize("wanted", [(1, 4, 4), (3, 4, 4), (3, 5, 7)])
def test_every_form_of_picture_comes_to_the_shape(shape, wanted):
    found = Pictures(wanted).one(np.full(shape, 90, np.uint8))
    assert found.shape == wanted
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous
    if shape[2:] != (4,):  # what is behind a transparent pixel is dropped with its alpha
        np.testing.assert_array_equal(found, 90)


def test_pixels_of_the_right_shape_are_taken_as_they_are():
    pixels = np.random.default_rng(0).random((4, 5))
    np.testing.assert_array_equal(Pictures((1, 4, 5)).one(pixels)[0], pixels.astype(np.float32))
    colour = np.random.default_rng(0).integers(0, 255, (4, 5, 3)).astype(np.uint8)
    np.testing.assert_array_equal(Pictures((3, 4, 5)).one(colour), colour.transpose(2, 0, 1))
    with pytest.raises(InputError, match=r"shape \(4, 5\) and dtype float64.*uint8"):
        Pictures((1, 9, 9)).one(pixels)


def test_a_picture_is_cut_to_its_middle_not_squeezed():
    wide = np.zeros((4, 12), np.uint8)
    wide[:, 4:8] = 200
    np.testing.assert_array_equal(Pictures((1, 4, 4)).one(wide), 200)


def test_sounds_are_cut_or_filled_up_with_silence():
    loud = Sound(np.sin(np.arange(16_000) / 5).astype(np.float32), 16_000)
    half = Sound(loud.samples[:8_000], 16_000)
    shape = (1, 64, 80)
    whole, filled = Spectrograms(shape).one(loud), Spectrograms(shape).one(half)
    assert whole.shape == filled.shape == shape
    assert whole.dtype == filled.dtype == np.float32
    assert filled[..., 60:].max() == filled.min()
    np.testing.assert_array_equal(filled[..., :40], whole[..., :40])


def test_the_length_is_one_that_nineteen_of_twenty_sounds_do_not_exceed(tmp_path):
    def silence(frames):
        path = tmp_path / f"{frames}.wav"
        path.write_bytes(wav(bytes(2 * frames), rate=8_000))
        return path

    files = [silence(4_000), *[silence(800)] * 2, *[silence(400)] * 17]
    assert inputs_for(of(Sounds(files))).shape == (1, 64, 12)  # between 0.1 s and 0.5 s
    assert inputs_for(of(Sounds([files[0]] * 19 + files[-1:]))).shape == (1, 64, 50)
    assert inputs_for(of(Sounds([silence(12 * 8_000)] * 3))).shape == (1, 64, 1000)


def test_rows_have_the_length_of_a_row():
    assert inputs_for(of(Features(np.zeros((3, 7))))).shape == (7,)
