"""Pictures that are nearly the same: compressed again, or in another size.

Two pictures are nearly the same where their thumbnails differ by little, measured by how much there
is to see in them. A few coarse numbers of a thumbnail find the pairs that may be, without looking
at all pairs: wherever thumbnails are close, these numbers are. Then the thumbnails are compared.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped, UInt8

SIDE = 32
"""Height and width of a thumbnail."""

TOLERANCE = 0.12
"""The difference of two thumbnails that are nearly the same, over the spread of their pixels."""

FLOOR = 16.0
"""The least spread (in brightness from 0 to 255), for pictures with nothing to see in them."""

_DETAIL = 6
_BESIDE = 16  # with how many of its neighbours a picture is compared: bounds the work
_CHUNK = 4096

Thumbnail = UInt8[np.ndarray, "_side _side ..."]


def thumbnail_of(pixels: Shaped[np.ndarray, "..."], white: float) -> Thumbnail:
    """Return a picture as a square of 32 x 32 pixels, whatever its proportions, in its colours.

    Parameters
    ----------
    pixels : of shape (height, width), or with a last axis of 1, 3 or 4
    white : the value that is as bright as can be

    Examples
    --------
    >>> thumbnail_of(np.full((64, 48), 0.5), 1.0)[0, 0]
    np.uint8(128)
    """
    from PIL import Image

    if pixels.dtype != np.uint8:
        pixels = np.rint(pixels.astype(np.float64) * (255 / white)).astype(np.uint8)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


def spread_of(thumbnail: Thumbnail) -> float:
    """Return the standard deviation of the pixels, or the least that counts.

    Examples
    --------
    >>> spread_of(np.zeros((32, 32), np.uint8))
    16.0
    """
    return max(float(thumbnail.std()), FLOOR)


def nearly_same(a: Thumbnail, b: Thumbnail) -> bool:
    """Return whether the root mean square of the difference is small against both spreads.

    Examples
    --------
    >>> stripes = np.tile(np.array([0, 200], np.uint8), (32, 16))
    >>> nearly_same(stripes, stripes + 10), nearly_same(stripes, stripes + 15)
    (True, False)
    """
    difference = a.astype(np.float64) - b
    apart = float(np.sqrt(np.mean(difference**2)))
    return apart <= TOLERANCE * min(spread_of(a), spread_of(b))


class NearPictures:
    """Finds pictures that are nearly the same.

    Parameters
    ----------
    white : the value of pixels that is as bright as can be

    Examples
    --------
    >>> wave = np.rint(100 + 90 * np.sin(np.arange(64) / 9)).astype(np.uint8)
    >>> pictures = [np.tile(wave, (64, 1)), np.tile(wave, (48, 1)).T, np.tile(wave + 2, (80, 1))]
    >>> near = NearPictures(255)
    >>> near.pairs(np.stack([near.signature(one) for one in pictures]), pictures.__getitem__)
    array([[0, 2]])
    """

    width = (_DETAIL + 1) * (_DETAIL + 2) // 2
    dtype = np.float32

    def __init__(self, white: float) -> None:
        self.white = white

    def signature(self, pixels: Shaped[np.ndarray, "..."]) -> Float32[np.ndarray, "width"] | None:
        """Return what a picture is looked up by; None where it has no pixels.

        The lowest frequencies of the grey thumbnail over its spread, and its mean over the largest
        spread there is. Two of them are no further apart than the thumbnails, measured as
        `nearly_same` does: averages and orthogonal sums only shrink a difference; and so does
        dividing by spreads, since for lengths of at least r, |a/|a| - b/|b|| <= |a - b| / r.
        """
        if not pixels.size:
            return None
        thumbnail = thumbnail_of(pixels, self.white)
        grey = thumbnail.reshape(SIDE * SIDE, -1).mean(axis=1)
        mean = grey.mean()
        waves = _waves() @ (grey - mean) / (SIDE * spread_of(thumbnail))
        return np.append(waves, mean / _LARGEST_SPREAD).astype(np.float32)

    def pairs(
        self,
        signatures: Float32[np.ndarray, "k width"],
        load: Callable[[int], Shaped[np.ndarray, "..."]],
    ) -> Int64[np.ndarray, "_pairs 2"]:
        """Return which are nearly the same, the lower number first, in order.

        Where many are alike, each is compared with the nearest of them, so that links lead from
        each to each.

        Parameters
        ----------
        load : gives the pixels of a signature
        """
        thumbnail = lru_cache(maxsize=_CHUNK)(lambda row: thumbnail_of(load(row), self.white))
        likely = _likely_pairs(signatures)
        found = [pair for pair in likely.tolist() if nearly_same(*map(thumbnail, pair))]
        return np.array(found, np.int64).reshape(-1, 2)


_LARGEST_SPREAD = 127.5
_RADIUS = TOLERANCE + 1e-5  # for rounding


@lru_cache
def _waves() -> Float64[np.ndarray, "waves pixels"]:
    """Return the lowest frequencies of the discrete cosine transform but the mean, as rows."""
    places = (np.arange(SIDE) + 0.5) * np.pi / SIDE
    one = np.cos(np.arange(_DETAIL + 1)[:, None] * places)
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    both = [(u, v) for u in range(_DETAIL + 1) for v in range(_DETAIL + 1 - u)][1:]
    return np.array([np.outer(one[u], one[v]).ravel() for u, v in both])


def _likely_pairs(signatures: Float32[np.ndarray, "k width"]) -> Int64[np.ndarray, "_pairs 2"]:
    """Return the pairs whose numbers are as close as those of near-duplicates must be."""
    from scipy.spatial import cKDTree

    k = len(signatures)
    if k < 2:
        return np.zeros((0, 2), np.int64)
    tree = cKDTree(signatures)
    nearest = list(range(1, min(_BESIDE + 1, k) + 1))  # one of them is itself
    keys = []
    for start in range(0, k, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, k))
        _, other = tree.query(signatures[rows], nearest, distance_upper_bound=_RADIUS)
        ends = np.sort([np.repeat(rows, len(nearest)), other.ravel()], axis=0)
        ends = ends[:, (ends[1] < k) & (ends[0] < ends[1])]  # k stands for none
        keys.append(ends[0] * k + ends[1])
    return np.stack(np.divmod(np.unique(np.concatenate(keys)), k), axis=1)
