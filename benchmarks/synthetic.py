"""Labels and probabilities of made-up models, in array files that are made once and kept.

Files are written piece by piece, each piece from a seed of its own, so making them needs little
memory, and a smaller file of the same classes is the beginning of a larger one.
"""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtr, ndtri

KEPT = Path(__file__).resolve().parent.parent / "build" / "benchmarks"
NOISE = 0.05  # share of the labels that are replaced at random
SPREAD = 2.0  # standard deviation of a model's scores
PIECE = 2**22  # numbers in one piece

Piece = tuple[int, int]
"""Where a piece begins, and how many rows it has."""


def dense(rows: int, classes: int, dtype: str) -> Path:
    """Return the folder of ``labels.npy`` and ``probs.npy``, a column for each class."""

    def fill(folder: Path) -> None:
        step = max(1, PIECE // classes)
        labels = _new(folder / "labels.npy", "int64", (rows,))
        probs = _new(folder / "probs.npy", dtype, (rows, classes))

        def one(piece: Piece) -> None:
            start, size = piece
            rng = np.random.default_rng([classes, start // step])
            given, chunk = softmax_rows(rng, step, classes)
            labels[start : start + size] = given[:size]
            probs[start : start + size] = chunk[:size]

        _in_two_threads(one, rows, step)

    return _kept(f"{rows}x{classes}-{dtype}", fill)


def top(rows: int, classes: int, k: int, dtype: str) -> Path:
    """Return the folder of ``labels.npy`` and a folder ``probs`` of the best ``k`` classes."""

    def fill(folder: Path) -> None:
        step = max(1, PIECE // k)
        (folder / "probs").mkdir()
        labels = _new(folder / "labels.npy", "int64", (rows,))
        indices = _new(folder / "probs" / "indices.npy", "int32", (rows, k))
        values = _new(folder / "probs" / "values.npy", dtype, (rows, k))

        def one(piece: Piece) -> None:
            start, size = piece
            rng = np.random.default_rng([classes, k, start // step])
            given, some, probs = top_rows(rng, step, classes, k)
            labels[start : start + size] = given[:size]
            indices[start : start + size] = some[:size]
            values[start : start + size] = probs[:size]

        _in_two_threads(one, rows, step)

    return _kept(f"{rows}x{classes}-top{k}-{dtype}", fill)


def softmax_rows(
    rng: np.random.Generator, rows: int, classes: int
) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows classes"]]:
    """Return labels with 5 % uniform noise, and float32 softmax probabilities of a fair model.

    With 1,000 classes its accuracy is near 75 % and its mean confidence near 0.67, about those
    of a ResNet-50 on ImageNet.
    """
    true = rng.integers(0, classes, rows)
    scores = rng.standard_normal((rows, classes), dtype=np.float32)
    scores *= SPREAD
    scores[np.arange(rows), true] += _advantage(rng, rows)
    probs = np.exp(scores, out=scores)
    probs /= probs.sum(axis=1, keepdims=True)
    return noisy(rng, true, classes), probs


def top_rows(
    rng: np.random.Generator, rows: int, classes: int, k: int
) -> tuple[Int[np.ndarray, "rows"], Int[np.ndarray, "rows k"], Float[np.ndarray, "rows k"]]:
    """Return labels, and the best ``k`` classes of the same model with their probabilities.

    Only these are drawn. The largest ``k`` of ``classes`` uniform numbers are products of powers
    (Rényi's representation), their normal quantiles are scores; what the other classes add to the
    sum of a row is taken by its mean.
    """
    left = np.arange(classes, classes - k, -1)
    quantiles = np.cumprod(rng.random((rows, k)) ** (1 / left), axis=1)
    least = ndtri(quantiles[:, -1])
    scores = SPREAD * ndtri(quantiles)
    # mean of exp(SPREAD z) over the z below the least that is listed
    others = np.exp(SPREAD**2 / 2) * ndtr(least - SPREAD) / ndtr(least)
    # one class out of each of k ranges, so that no two are the same; the scores in any order
    edges = np.arange(k + 1) * classes // k
    indices = edges[:-1] + rng.integers(0, np.diff(edges), (rows, k))
    scores = rng.permuted(scores, axis=1)
    place = rng.integers(0, k, rows)
    every = np.arange(rows)
    best = SPREAD * rng.standard_normal(rows) + _advantage(rng, rows)
    scores[every, place] = np.maximum(best, SPREAD * least)
    sums = np.exp(scores).sum(axis=1) + (classes - k) * others
    probs = np.exp(scores) / sums[:, None]
    return noisy(rng, indices[every, place], classes), indices, probs


def noisy(
    rng: np.random.Generator, true: Int[np.ndarray, "rows"], classes: int
) -> Int[np.ndarray, "rows"]:
    """Return the labels, some of them replaced by any class at random."""
    rows = len(true)
    return np.where(rng.random(rows) < NOISE, rng.integers(0, classes, rows), true)


def _advantage(rng: np.random.Generator, rows: int) -> Float[np.ndarray, "rows"]:
    """Return by how much the score of the true class is larger: some examples are hard."""
    return 1 + 22 * rng.random(rows, dtype=np.float32)


def _new(path: Path, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)


def _in_two_threads(one: Callable[[Piece], None], rows: int, step: int) -> None:
    pieces = [(start, min(step, rows - start)) for start in range(0, rows, step)]
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(one, pieces):
            pass


def _kept(name: str, fill: Callable[[Path], None]) -> Path:
    """Return the folder of this name, filled now if it is not there."""
    folder = KEPT / name
    if not folder.exists():
        with _in_the_making(KEPT / f"{name}.part") as part:
            fill(part)
            part.rename(folder)
    return folder


@contextmanager
def _in_the_making(part: Path) -> Iterator[Path]:
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
