"""Quick, Draw!, from bitmaps (``numpy_bitmap/*.npy``) or from strokes (``*.ndjson``).

A file is a class. The order of the classes is that of the file names, the order of the drawings
that of all files counted through: where all 345 are there, a row is the number by which the study
of Northcutt et al. (2021) calls a drawing.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int16, UInt64

from errata.datasets.base import Dataset, LeftOut, OnDamage, Published, kept
from errata.datasets.ids import CountedIds, KeyIds
from errata.datasets.media import Images
from errata.datasets.pixels import StackedPixels, StrokePixels
from errata.errors import FileError

_PLACES = (
    ("numpy_bitmap", "*.npy"),
    ("simplified", "*.ndjson"),
    ("raw", "*.ndjson"),
    ("ndjson", "*.ndjson"),
    ("", "*.npy"),
    ("", "*.ndjson"),
)
_BROWSER = re.compile("full_(numpy_bitmap|simplified|raw)_")
"""What browsers put before the name of a file that is downloaded by hand."""

_KEY = re.compile(rb'"key_id": ?"([0-9]{1,19})"')


def _open(folder: Path, part: str, on_damage: OnDamage) -> Dataset:
    QUICKDRAW.check_part(part)
    for place, pattern in _PLACES:
        # "garden hose.npy" comes before "garden.npy": of the whole file names, not the bare ones
        files = sorted((folder / place).glob(pattern), key=lambda path: path.name)
        if files:
            break
    else:
        raise QUICKDRAW.missing(folder, "numpy_bitmap")
    classes = tuple(_BROWSER.sub("", path.stem, count=1) for path in files)
    if pattern == "*.npy":
        return _bitmaps(files, classes)
    return _strokes(files, classes, on_damage)


def _bitmaps(files: Sequence[Path], classes: tuple[str, ...]) -> Dataset:
    pixels = StackedPixels(files, (28, 28))
    labels = np.repeat(np.arange(len(files), dtype=np.int16), pixels.counts)
    ids = CountedIds(classes, pixels.counts)
    return Dataset("quickdraw", "all", ids, labels, classes, Images(pixels))


def _strokes(files: Sequence[Path], classes: tuple[str, ...], on_damage: OnDamage) -> Dataset:
    starts: list[np.ndarray] = []
    keys: list[np.ndarray] = []
    left_out: list[LeftOut] = []
    before = 0
    for path in files:
        lines = index_lines(path)
        left_out += kept(iter(lines.damaged), on_damage)[1]
        starts.append(before + np.array(lines.starts, np.int64))
        keys.append(np.array(lines.keys, np.uint64))
        before += path.stat().st_size
    labels = np.repeat(np.arange(len(files), dtype=np.int16), [len(each) for each in keys])
    every_key = np.concatenate(keys)
    _check_keys(every_key, labels, files)
    return Dataset(
        "quickdraw",
        "all",
        KeyIds(every_key),
        labels,
        classes,
        Images(StrokePixels(files, np.concatenate(starts))),
        tuple(left_out),
    )


def _check_keys(
    keys: UInt64[np.ndarray, "n"], labels: Int16[np.ndarray, "n"], files: Sequence[Path]
) -> None:
    ordered = np.sort(keys)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        first, second = np.flatnonzero(keys == twice[0])[:2]
        raise FileError(
            f"The key_id {twice[0]} stands in {files[labels[first]]} and again in "
            f"{files[labels[second]]} ({len(twice):,} stand twice); each drawing has its own. "
            "Download these files again."
        )


@dataclass(frozen=True)
class Lines:
    """Where the drawings of a file begin, in bytes; their keys; and lines that are none."""

    starts: "array[int]"
    keys: "array[int]"
    damaged: list[tuple[str, FileError]]


def index_lines(path: Path) -> Lines:
    """Go through a file once, for keys and places alone: the strokes are left for later."""
    lines = Lines(array("q"), array("Q"), [])
    start = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            key = _KEY.search(line)
            if key and line.rstrip().endswith(b"}"):
                lines.starts.append(start)
                lines.keys.append(int(key[1]))
            elif line.strip():
                wrong = FileError(
                    f"Line {number} of {path} is cut short or damaged: it has no key_id, or does "
                    f"not end with a brace. It begins with {line[:40]!r}. Download the file again."
                )
                lines.damaged.append((f"{path.name}, line {number}", wrong))
            start += len(line)
    return lines


QUICKDRAW = Published(
    name="quickdraw",
    title="Quick, Draw!",
    kind="images",
    examples={"all": 50_426_266},
    classes=345,
    licence="CC BY 4.0",
    citation="Ha and Eck (2017), A Neural Representation of Sketch Drawings, arXiv:1704.03477; "
    "the drawings are by the players of Quick, Draw!, made available by Google",
    download=(
        "https://github.com/googlecreativelab/quickdraw-dataset",
        "https://console.cloud.google.com/storage/browser/quickdraw_dataset/full/numpy_bitmap",
    ),
    layout="numpy_bitmap/aircraft carrier.npy\nand so on, a file for each class; or strokes:\n"
    "simplified/aircraft carrier.ndjson\nand so on",
    open=_open,
)
