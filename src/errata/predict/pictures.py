"""Pictures of a data set as Pillow's, and as pixels of one size."""

import io
from typing import Any

import numpy as np
from jaxtyping import UInt8

from errata.datasets.base import Dataset

LARGEST = 64
"""Pictures that are all of one size, of at most so many pixels a side, keep it."""

SIDE = 32
"""Others are brought to so many pixels a side."""


def picture(data: Dataset, index: int, *, grey: bool = False) -> Any:
    """Return a picture as one of Pillow's, in RGB or in grey.

    Raises
    ------
    FileError
        It cannot be read.

    Examples
    --------
    >>> from errata.datasets.media import Images
    >>> images = Images(np.array([[[0, 51], [102, 204]]], np.uint8))
    >>> data = Dataset("d", "all", ["a"], np.array([0]), ("x", "y"), images)
    >>> picture(data, 0).getpixel((1, 0))
    (51, 51, 51)
    """
    from PIL import Image

    pixels = data.load(index)
    if pixels.dtype == np.uint8:
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)
    else:  # what is black and what is white is known to whom shows it
        image = Image.open(io.BytesIO(data.show(index).data))  # type: ignore[union-attr]
    return image.convert("L" if grey else "RGB")


def one_shape(data: Dataset) -> tuple[int, int, int]:
    """Return height, width and colours that all pictures of a data set can be brought to.

    Their own size where all have the same and it is small. No pixel has a say in it. Pictures are
    looked through only as long as they are small and alike.

    Examples
    --------
    >>> from errata.datasets.media import Images
    >>> images = Images(np.zeros((2, 28, 20), np.uint8))
    >>> one_shape(Dataset("d", "all", ["a", "b"], np.array([0, 1]), ("x", "y"), images))
    (28, 20, 1)
    """
    first = data.load(0).shape
    colours = 1 if first[2:] in {(), (1,)} else 3
    if max(first[:2]) > LARGEST:
        return SIDE, SIDE, colours
    if any(data.load(index).shape[:2] != first[:2] for index in range(1, len(data))):
        return SIDE, SIDE, colours
    return first[0], first[1], colours


def in_shape(
    data: Dataset, some: range, shape: tuple[int, int, int]
) -> UInt8[np.ndarray, "rows height width colours"]:
    """Return some pictures as pixels, each scaled to a height, width and number of colours.

    Raises
    ------
    FileError
        One cannot be read.
    """
    from PIL import Image

    height, width, colours = shape
    found = np.empty((len(some), *shape), np.uint8)
    for row, index in enumerate(some):
        image = picture(data, index, grey=colours == 1)
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BICUBIC)
        found[row] = np.asarray(image).reshape(shape)
    return found
