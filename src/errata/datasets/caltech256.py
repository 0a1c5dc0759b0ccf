"""Caltech-256, from its folders of pictures, without the clutter that is no class."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from errata.datasets.base import Dataset, OnDamage, Published, kept
from errata.datasets.media import Images
from errata.errors import FileError

_FOLDER = "256_ObjectCategories"
_CLASSES = 256  # folder 257 is clutter


def _open(folder: Path, part: str, on_damage: OnDamage) -> Dataset:
    CALTECH256.check_part(part)
    top = folder / _FOLDER if (folder / _FOLDER).is_dir() else folder
    folders = _class_folders(folder, top)
    found, left_out = kept(_pictures(folders), on_damage)
    return Dataset(
        "caltech256",
        part,
        tuple(f"{path.parent.name}/{path.name}" for path in found),
        np.array([int(path.parent.name[:3]) - 1 for path in found], np.int64),
        tuple(each.name[4:].removesuffix("-101") for each in folders),
        Images(files=found),
        tuple(left_out),
    )


def _class_folders(folder: Path, top: Path) -> list[Path]:
    """Return the folders ``001.ak47`` to ``256.toad``."""
    found: dict[int, Path] = {}
    for each in sorted(path for path in top.glob("[0-9][0-9][0-9].*") if path.is_dir()):
        number = int(each.name[:3])
        if number in found:
            raise FileError(
                f"{top} has two folders of class {number}, {found[number].name} and {each.name}; "
                "one was expected. Unpack the archive again, into an empty folder."
            )
        found[number] = each
    if not found:
        raise CALTECH256.missing(folder, _FOLDER)
    for number in range(1, _CLASSES + 1):
        if number not in found:
            raise FileError(
                f"{top} has no folder {number:03d}.*; one for each of the {_CLASSES} classes was "
                "expected. Unpack the archive again."
            )
    return [found[number] for number in range(1, _CLASSES + 1)]


def _pictures(folders: list[Path]) -> Iterator[tuple[str, Path | FileError]]:
    """Yield the pictures; those of a class are counted from 1, without a gap.

    Other files lie there too: ``198.spider/RENAME2``, a folder in ``056.dog``.
    """
    for folder in folders:
        stem = f"{folder.name[:3]}_"
        there = {path.name for path in folder.iterdir()}
        numbers = [
            int(name[4:8]) for name in there if re.fullmatch(rf"{stem}[0-9]{{4}}\.jpg", name)
        ]
        if not numbers:
            raise FileError(
                f"{folder} has no pictures {stem}0001.jpg and so on. Unpack the archive again."
            )
        for number in range(1, max(numbers) + 1):
            path = folder / f"{stem}{number:04d}.jpg"
            where = f"{folder.name}/{path.name}"
            if path.name in there:
                yield where, path
            else:
                found = f"pictures up to number {max(numbers)} are there"
                yield where, FileError(f"{path} is missing, though {found}. Unpack them again.")


CALTECH256 = Published(
    name="caltech256",
    title="Caltech-256",
    kind="images",
    examples={"all": 29_780},
    classes=_CLASSES,
    licence="CC BY 4.0",
    citation="Griffin, Holub and Perona (2007), Caltech-256 Object Category Dataset, technical "
    "report 7694, California Institute of Technology",
    download=("https://data.caltech.edu/records/nyy15-4j048 (256_ObjectCategories.tar)",),
    layout=f"{_FOLDER}/001.ak47/001_0001.jpg\nand so on, to {_FOLDER}/256.toad/256_0108.jpg",
    open=_open,
)
