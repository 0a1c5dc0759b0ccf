"""Pictures as how much their patches look like typical ones: features learnt without labels.

Needs no network and no GPU. Knows pixels; `errata.predict.embedded` learns from the numbers.
"""

import warnings
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32, Shaped, UInt8
from threadpoolctl import threadpool_limits

from errata.datasets.base import Dataset, Kind
from errata.engine.local import LocalEngine
from errata.predict.embedded import Rows
from errata.predict.pictures import in_shape, one_shape


@dataclass(frozen=True, kw_only=True)
class Patches:
    """Patches of pictures compared with typical patches, summed over parts of the picture.

    In each fold the typical patches are learnt from the pictures of the training part, without
    labels: patches are freed of brightness and contrast, then of what neighbouring pixels share
    (whitening), and clustered. How much nearer than on average a patch is to each typical one is
    summed over the upper left part of the picture, and so on.

    Parameters
    ----------
    side : pixels of a patch, in height and width
    typical : how many typical patches
    parts : how many parts in height, and in width: a picture has ``typical * parts**2`` numbers
    sample : from how many patches the typical ones are learnt

    References
    ----------
    Coates, Ng and Lee (2011), "An Analysis of Single-Layer Networks in Unsupervised Feature
    Learning", AISTATS. Theirs are thousands of typical patches and four parts; at the same number
    of numbers, fewer patches and more parts were measured to do better with 8,000 pictures.

    Examples
    --------
    >>> pixels = np.random.default_rng(0).integers(0, 256, (20, 9, 9, 1)).astype(np.uint8)
    >>> numbers = Patches(typical=5, parts=2).learn(pixels, seed=0)
    >>> numbers(pixels).shape
    (20, 20)
    """

    side: int = 6
    typical: int = 200
    parts: int = 4
    sample: int = 100_000

    name = "patches"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)

    def settings(self) -> dict[str, object]:
        """Return the four numbers that decide what is learnt."""
        return asdict(self)

    def notes(self) -> tuple[str, ...]:
        """Return nothing: there is nothing to say."""
        return ()

    def rows(self, data: Dataset) -> Rows:
        """Return what brings pictures to the same size."""
        shape = one_shape(data)
        return lambda some_data, some: in_shape(some_data, some, shape)

    def learn(self, rows: Shaped[np.ndarray, "n ..."], seed: int) -> "Typical":
        """Return what compares pictures with the typical patches of these."""
        from sklearn.cluster import MiniBatchKMeans

        rng = np.random.default_rng(seed)
        side = min(self.side, *rows.shape[1:3])
        clusters = MiniBatchKMeans(
            self.typical, batch_size=4_096, max_iter=30, n_init=1, random_state=seed
        )
        with threadpool_limits(1):  # so that it is the same on any number of processors
            patches = _even(_sampled(rows, side, self.sample, rng))
            middle = patches.mean(axis=0)
            whiten = _whitening(patches - middle)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of fewer different patches than typical ones
                clusters.fit((patches - middle) @ whiten)
        typical = clusters.cluster_centers_.astype(np.float32)
        return Typical(side, self.parts, middle, whiten, typical)


@dataclass(frozen=True, eq=False)
class Typical:
    """Typical patches, and how patches are made comparable with them."""

    side: int
    parts: int
    middle: Float32[np.ndarray, "pixels"]
    whiten: Float32[np.ndarray, "pixels pixels"]
    patches: Float32[np.ndarray, "typical pixels"]

    def __call__(self, rows: Shaped[np.ndarray, "n ..."]) -> Float32[np.ndarray, "n width"]:
        """Return a number for each typical patch in each part of the picture."""
        found = np.empty((len(rows), self.parts**2 * len(self.patches)), np.float32)
        # a picture is a task: one thread of BLAS for each, else they wait for each other
        with threadpool_limits(1):
            for row, numbers in enumerate(LocalEngine().map(self._near, rows)):
                found[row] = numbers
        return found

    def _near(
        self, pixels: UInt8[np.ndarray, "_height _width colours"]
    ) -> Float32[np.ndarray, "_numbers"]:
        height, width, _ = pixels.shape
        down, across = height - self.side + 1, width - self.side + 1
        white = (_even(_all(pixels, self.side)) - self.middle) @ self.whiten
        # |a - b|² = |a|² - 2ab + |b|² in one product, and all else in place: there are hundreds of
        # these for every pixel
        squares = np.square(white).sum(axis=1, keepdims=True)
        away = np.hstack([white, squares, np.ones_like(squares)]) @ self._against
        np.sqrt(np.maximum(away, 0, out=away), out=away)
        np.subtract(away.mean(axis=1, keepdims=True), away, out=away)
        near = np.maximum(away, 0, out=away).reshape(down, across, -1)
        sums = [
            near[rows, columns].sum(axis=(0, 1))
            for rows in _cut(down, self.parts)
            for columns in _cut(across, self.parts)
        ]
        return np.concatenate(sums)

    @cached_property
    def _against(self) -> Float32[np.ndarray, "_products typical"]:
        squares = np.square(self.patches).sum(axis=1)
        return np.vstack([-2 * self.patches.T, np.ones_like(squares), squares])


def _cut(length: int, parts: int) -> list[slice]:
    """Return equal stretches, one after the other; some are empty where there are too few."""
    ends = [length * part // parts for part in range(parts + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]


def _all(
    pixels: UInt8[np.ndarray, "_height _width colours"], side: int
) -> Float32[np.ndarray, "_patches _numbers"]:
    """Return every patch of a picture, row by row."""
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (side, side), axis=(0, 1))
    return windows.reshape(-1, side * side * pixels.shape[2]).astype(np.float32)


def _sampled(
    pixels: UInt8[np.ndarray, "n height width colours"],
    side: int,
    many: int,
    rng: np.random.Generator,
) -> Float32[np.ndarray, "many pixels"]:
    """Return patches from anywhere."""
    windows: Any = np.lib.stride_tricks.sliding_window_view(pixels, (side, side), axis=(1, 2))
    places = [rng.integers(0, bound, many) for bound in windows.shape[:3]]
    return np.asarray(windows[tuple(places)].reshape(many, -1), np.float32)


def _even(patches: Float32[np.ndarray, "patches pixels"]) -> Float32[np.ndarray, "patches pixels"]:
    """Return patches of mean 0 and variance 1, or less where there was hardly any contrast."""
    centred = patches - patches.mean(axis=1, keepdims=True)
    # 10, as in the paper, of brightnesses from 0 to 255: an even patch stays even
    spread = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + 10)
    return np.asarray(centred / spread)


def _whitening(
    centred: Float32[np.ndarray, "patches pixels"],
) -> Float32[np.ndarray, "pixels pixels"]:
    """Return what takes from patches what neighbouring pixels share, and leaves the rest (ZCA)."""
    covariance = centred.T.astype(np.float64) @ centred / len(centred)
    variances, directions = np.linalg.eigh(covariance)
    # 0.1, as in the paper: directions in which there is nothing but noise are not blown up
    scaled = directions / np.sqrt(np.maximum(variances, 0) + 0.1)
    return np.asarray(scaled @ directions.T, np.float32)
