"""MNIST, from the idx files of its makers, packed with gzip or not."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from errata.datasets.base import Dataset, OnDamage, Published
from errata.datasets.media import Images
from errata.errors import FileError

_FILES = {"train": "train", "test": "t10k"}


def read_idx(path: Path, dimensions: int) -> UInt8[np.ndarray, "..."]:
    """Read an idx file of bytes: a magic number, sizes as big-endian int32, then the values.

    Raises
    ------
    FileError
        It is cut short or damaged, or holds something else.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"{path} is cut short or damaged: {error}. Download it again.") from None
    head = 4 + 4 * dimensions
    if len(content) < head or content[:4] != bytes([0, 0, 8, dimensions]):
        raise FileError(
            f"{path} begins with {content[:4].hex(' ')}; an idx file of bytes in {dimensions} "
            f"dimension(s) begins with 00 00 08 {dimensions:02x}."
        )
    shape = tuple(np.frombuffer(content, ">i4", dimensions, offset=4).tolist())
    if len(content) != head + math.prod(shape):
        raise FileError(
            f"{path} has {len(content) - head:,} values after its head, which promises "
            f"{math.prod(shape):,} {shape}. Download it again."
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def _open(folder: Path, part: str, on_damage: OnDamage) -> Dataset:  # noqa: ARG001 (all or nothing)
    MNIST.check_part(part)
    stem = _FILES[part]
    pictures = read_idx(_file(folder, f"{stem}-images-idx3-ubyte"), 3)
    labels = read_idx(_file(folder, f"{stem}-labels-idx1-ubyte"), 1)
    if len(labels) != len(pictures):
        raise FileError(
            f"{folder} has {len(pictures):,} pictures of the {part} part, but {len(labels):,} "
            "labels. Download both files again."
        )
    ids = tuple(f"{part}/{index}" for index in range(len(labels)))
    digits = tuple(map(str, range(10)))
    return Dataset("mnist", part, ids, labels.astype(np.int64), digits, Images(pictures))


def _file(folder: Path, name: str) -> Path:
    """Return the file of this name, packed or not; some copies have a dot before ``idx``."""
    for each in (name, name.replace("-idx", ".idx")):
        for path in (folder / f"{each}.gz", folder / each):
            if path.is_file():
                return path
    raise MNIST.missing(folder, f"{name}.gz")


MNIST = Published(
    name="mnist",
    title="MNIST",
    kind="images",
    examples={"train": 60_000, "test": 10_000},
    classes=10,
    licence="CC BY-SA 3.0",
    citation="LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to "
    "document recognition, Proceedings of the IEEE 86",
    download=("https://storage.googleapis.com/cvdf-datasets/mnist/",),
    layout="train-images-idx3-ubyte.gz\ntrain-labels-idx1-ubyte.gz\n"
    "t10k-images-idx3-ubyte.gz\nt10k-labels-idx1-ubyte.gz",
    open=_open,
)
