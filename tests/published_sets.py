"""Folders as the makers of data sets ship them: real ones, or files that another writer wrote.

A maker takes an empty folder and returns what was `Made`. Its name begins with that of the set,
after ``the_`` where that begins with a digit; what follows tells forms of the same set apart.
"""

import gzip
import struct
from pathlib import Path

import numpy as np

from published_made import Made, cut, data, replaced
from published_pictures import MAKERS as PICTURES
from published_texts import MAKERS as TEXTS

# ---------------------------------------------------------------- MNIST


def mnist_published(folder: Path) -> Made:
    """Copy the test part as published."""
    raw = data() / "raw" / "mnist"
    for path in raw.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    pictures = folder / "t10k-images-idx3-ubyte.gz"
    labels = folder / "t10k-labels-idx1-ubyte.gz"
    first = np.frombuffer(gzip.decompress(pictures.read_bytes()), np.uint8, 784, 16)
    return Made(
        name="mnist",
        part="test",
        folder=folder,
        labels=np.load(data() / "label_errors/labels/mnist_test_set_original_labels.npy"),
        classes=[str(digit) for digit in range(10)],
        ids=[f"test/{index}" for index in range(10_000)],
        examples={0: first.reshape(28, 28)},
        damages=[
            (pictures, cut(0.5), "cut short or damaged"),
            (labels, lambda path: path.write_bytes(b"no gzip"), "cut short or damaged"),
        ],
    )


def mnist_unpacked(folder: Path) -> Made:
    """Write a train part without gzip, three pictures of 2 x 3 pixels."""
    pixels, digits = np.arange(18, dtype=np.uint8), bytes([7, 0, 9])
    pictures = folder / "train-images-idx3-ubyte"
    labels = folder / "train-labels-idx1-ubyte"
    pictures.write_bytes(struct.pack(">4B3i", 0, 0, 8, 3, 3, 2, 3) + pixels.tobytes())
    labels.write_bytes(struct.pack(">4Bi", 0, 0, 8, 1, 3) + digits)
    return Made(
        name="mnist",
        part="train",
        folder=folder,
        labels=np.array([7, 0, 9]),
        classes=[str(digit) for digit in range(10)],
        examples={2: pixels.reshape(3, 2, 3)[2]},
        damages=[
            (pictures, cut(0.9), r"values after its head, which promises 18 \(3, 2, 3\)"),
            (labels, replaced(b"\x08\x01", b"\x0d\x01"), "begins with 00 00 0d 01"),
        ],
    )


MAKERS = [mnist_published, mnist_unpacked, *PICTURES, *TEXTS]
