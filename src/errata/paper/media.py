"""What there is to see of the published sets: pictures and texts, where they are in the pack."""

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

import errata
from errata.paper.published import Key, Pack, damage_named

PICTURES = "raw/mnist/t10k-images-idx3-ubyte.gz"


def media(pack: Pack, key: Key) -> "errata.Images | errata.Texts | None":
    """Return the pictures or texts of a set, where they are in the pack."""
    if key == "mnist" and pack.has(PICTURES):
        return errata.Images(_mnist_pixels(pack.file(PICTURES)))
    if key == "cifar10" and pack.has("raw/cifar10/cifar10_test_jpeg.zip"):
        return errata.Images(
            files=pack.json("raw/cifar10/cifar10_test_index_to_file.json"),
            archive=pack.file("raw/cifar10/cifar10_test_jpeg.zip"),
        )
    if key == "20news" and pack.has("raw/20news/20news-bydate-test.tar.xz"):
        names = pack.json("raw/20news/20news_test_index_to_file.json")
        texts = _texts(pack.file("raw/20news/20news-bydate-test.tar.xz"), "latin-1")
        return errata.Texts([texts[name] for name in names])
    if key == "imdb" and pack.has("raw/imdb/imdb_test.tar.xz"):
        texts = _texts(pack.file("raw/imdb/imdb_test.tar.xz"), "utf-8")
        return errata.Texts(
            [texts[f"test/{name}"].replace("<br />", "\n") for name in pack.index(key)]
        )
    return None


def _mnist_pixels(path: Path) -> UInt8[np.ndarray, "n 28 28"]:
    """Read pictures in the idx format: a head of 16 bytes, then a byte for every pixel."""
    with damage_named(path), gzip.open(path) as file:
        return np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, 28, 28)


def _texts(path: Path, encoding: str) -> dict[str, str]:
    """Return the texts in an archive by their names."""
    found = {}
    with damage_named(path), tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                found[member.name] = file.read().decode(encoding)
    return found


def pixels(data: bytes) -> UInt8[np.ndarray, "height width 3"]:
    """Return a picture in a file as red, green and blue."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
