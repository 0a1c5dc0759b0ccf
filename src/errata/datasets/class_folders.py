"""A folder of class folders: each file is an example, and its folder says its label."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from errata.array_files import read_text
from errata.datasets.base import Dataset, Kind, LeftOut, OnDamage, kept
from errata.datasets.files import WORDS, kind_of, media_of_files, whole_kind
from errata.datasets.parts import ALL, choose_part
from errata.errors import FileError

PARTS = ("train", "training", "test", "testing", "val", "valid", "validation", "dev")
"""Folders called so, with folders in them and no examples, are parts and not classes."""


@dataclass(frozen=True)
class _Found:
    """The files of one class in one part; ``strays`` are those that are no examples."""

    part: str
    label: str
    files: list[Path]
    strays: list[Path]


def open_class_folders(root: Path, part: str | None, on_damage: OnDamage) -> Dataset:
    """Open a folder of class folders, with folders of parts above these or not.

    Classes and files are in alphabetical order; folders inside a class folder belong to it. The
    id of an example is its path from ``root``.

    Raises
    ------
    FileError
        There are no class folders, or their files are of several kinds, or one cannot be read.
    InputError
        There is no such part, or it is not clear which is meant.
    """
    tops = _folders(root)
    parts = [top for top in tops if _is_part(top)]
    if parts and len(parts) < len(tops):
        beside = next(top for top in tops if top not in parts)
        raise FileError(
            f"{root} holds the part {parts[0].name}, and beside it the folder {beside.name}, which "
            "is none. Move it away, or open the folder of one part."
        )
    chosen = choose_part(part, [top.name for top in parts], str(root))
    found = [
        _look("" if top == root else top.name, label)
        for top in parts or [root]
        for label in _folders(top)
    ]
    classes = sorted({each.label for each in found if each.files})
    if len(classes) < 2:
        raise _no_classes(root, classes, found)
    files = sorted(
        (path, classes.index(each.label))
        for each in found
        for path in each.files
        if chosen in (each.part, ALL)
    )
    if not files:
        raise FileError(f"The part {chosen!r} of {root} holds no examples.")
    others: list[Path] = []
    if on_damage == "leave out":  # whatever is not of the kind of most
        (most, _), *_ = Counter(kind_of(path) for path, _ in files).most_common()
        others = [path for path, _ in files if kind_of(path) != most]
        files = [(path, label) for path, label in files if kind_of(path) == most]
    kind = whole_kind([path.relative_to(root) for path, _ in files], str(root))
    readable, left_out = kept(_readable(root, files, kind), on_damage)
    aside = [*_aside(root, parts, kind), *_aside_in_classes(root, found, chosen, classes, kind)]
    aside += [LeftOut(path.relative_to(root).as_posix(), _why(path, kind, "")) for path in others]
    paths = [path for path, _ in readable]
    return Dataset(
        root.name,
        chosen,
        tuple(path.relative_to(root).as_posix() for path in paths),
        np.array([label for _, label in readable], np.int64),
        tuple(classes),
        media_of_files(kind, paths),
        (*left_out, *aside),
    )


def holds_class_folders(root: Path) -> bool:
    """Tell whether a folder in this folder holds examples."""
    return any(_look("", top).files for top in _folders(root))


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in {"thumbs.db", "desktop.ini"}


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and not _is_hidden(each))


def _is_part(top: Path) -> bool:
    examples = any(each.is_file() and kind_of(each) for each in top.iterdir())
    return top.name.lower() in PARTS and bool(_folders(top)) and not examples


def _look(part: str, folder: Path) -> _Found:
    files: list[Path] = []
    strays: list[Path] = []
    for inside, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(inside, name)
            (files if kind_of(path) and not _is_hidden(path) else strays).append(path)
    return _Found(part or ALL, folder.name, files, strays)


def _readable(
    root: Path, files: list[tuple[Path, int]], kind: Kind
) -> Iterator[tuple[str, tuple[Path, int] | FileError]]:
    """Yield each file with its label; texts are read, pictures only when they are asked for."""
    for path, label in files:
        where = path.relative_to(root).as_posix()
        try:
            if kind == "texts":
                read_text(path)
            elif not path.is_file():
                raise FileError(f"{path} leads nowhere: what it links to is missing.")
            yield where, (path, label)
        except FileError as error:
            yield where, error


def _aside(root: Path, parts: list[Path], kind: Kind) -> Iterator[LeftOut]:
    """Yield the files that are in no class folder."""
    for folder in [root, *parts]:
        for path in sorted(folder.iterdir()):
            if not path.is_dir():
                yield LeftOut(path.relative_to(root).as_posix(), _why(path, kind, "in no class"))


def _aside_in_classes(
    root: Path, found: list[_Found], chosen: str, classes: list[str], kind: Kind
) -> Iterator[LeftOut]:
    for each in found:
        if chosen not in (each.part, ALL):
            continue
        for path in sorted(each.strays):
            yield LeftOut(path.relative_to(root).as_posix(), _why(path, kind, ""))
        if not each.files and each.label not in classes:
            where = each.label if each.part == ALL else f"{each.part}/{each.label}"
            yield LeftOut(where, f"There are no {WORDS[kind]} in this folder, so it is no class.")


def _why(path: Path, kind: Kind, where: str) -> str:
    if _is_hidden(path):
        return "It is a hidden file."
    if kind_of(path) == kind:
        return f"It lies {where} folder, so it has no label."
    return f"It is none of the {WORDS[kind]}, by its ending."


def _no_classes(root: Path, classes: list[str], found: list[_Found]) -> FileError:
    if classes:
        said = f"examples in one class folder alone, {classes[0]}"
    elif found:
        said = f"folders, such as {found[0].label}, but no pictures, texts or sounds in them"
    else:
        said = "no folders"
    loose = [each.name for each in sorted(root.iterdir()) if each.is_file() and kind_of(each)]
    beside = (
        f", and {len(loose):,} examples such as {loose[0]} that lie in no folder" if loose else ""
    )
    return FileError(
        f"{root} holds {said}{beside}. Two or more folders called by their class, each with its "
        "examples, were expected; or a table (.csv, .parquet, ...) that names path and label of "
        "each."
    )
