"""Pictures of any make become pixels of one size."""

import numpy as np
import pytest
from PIL import Image

from errata.datasets.base import Dataset
from errata.datasets.media import Images
from errata.errors import FileError
from errata.predict.pictures import in_shape, one_shape, picture


def dataset(images):
    n = len(images)
    return Dataset("p", "all", [str(i) for i in range(n)], np.arange(n) % 2, ("x", "y"), images)


@pytest.fixture
def files(tmp_path):
    def made(*sizes):
        paths = []
        for number, size in enumerate(sizes):
            paths.append(tmp_path / f"{number}.png")
            Image.new("RGB", size, (10 * number, 50, 200)).save(paths[-1])
        return dataset(Images(files=paths))

    return made


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.full((2, 3, 4), 51, np.uint8), (51, 51, 51)),
        (np.full((2, 3, 4, 1), 51, np.uint8), (51, 51, 51)),
        (np.full((2, 3, 4, 1), 0.2), (51, 51, 51)),
        (np.full((2, 3, 4, 3), [0.2, 0.4, 1.0]), (51, 102, 255)),
        (np.full((2, 3, 4, 4), [9, 8, 7, 128], np.uint8), (9, 8, 7)),
    ],
)
def test_arrays_of_every_form_are_shown_in_rgb(pixels, expected):
    data = dataset(Images(pixels))
    assert picture(data, 1).size == (4, 3)
    assert picture(data, 1).getpixel((3, 2)) == expected
    assert picture(data, 1, grey=True).mode == "L"


def test_small_pictures_of_one_size_keep_it(files):
    assert one_shape(files((20, 28), (20, 28))) == (28, 20, 3)
    assert one_shape(dataset(Images(np.zeros((2, 64, 64), np.uint8)))) == (64, 64, 1)


@pytest.mark.parametrize("sizes", [[(20, 28), (21, 28)], [(65, 20), (65, 20)]])
def test_others_are_brought_to_one(files, sizes):
    data = files(*sizes)
    assert one_shape(data) == (32, 32, 3)
    pixels = in_shape(data, range(2), (32, 32, 3))
    assert pixels.shape == (2, 32, 32, 3)
    assert (pixels[1] == [10, 50, 200]).all()


def test_pixels_of_pictures_that_have_the_size_stay_as_they_are():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 7, 3)).astype(np.uint8)
    np.testing.assert_array_equal(
        in_shape(dataset(Images(pixels)), range(1, 3), (5, 7, 3)), pixels[1:]
    )


def test_a_file_that_is_no_picture_is_told(files, tmp_path):
    data = files((20, 20), (20, 20))
    (tmp_path / "1.png").write_bytes(b"no")
    with pytest.raises(FileError, match=r"1\.png is no picture"):
        one_shape(data)
