"""Files in a folder or a tar archive, whichever there is; their order, and ids from their names."""

import json
import lzma
import os
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from errata.errors import FileError


def first_there(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the first of some files and folders that is in a folder."""
    return next((folder / name for name in names if (folder / name).exists()), None)


def files_in(place: Path, names: "re.Pattern[str]") -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of the files in a folder or archive whose names match.

    Parameters
    ----------
    place : a folder, whose name begins the names, or a tar archive, packed or not
    names : found at the end of the whole name, ``"test/neg/0_2.txt"``

    Raises
    ------
    FileError
        A file cannot be read, or the archive is cut short or damaged.
    """
    if place.is_dir():
        yield from _in_folder(place, names)
        return
    read = 0
    try:
        with tarfile.open(place) as archive:
            for member in archive:
                found = names.search(member.name)
                file = archive.extractfile(member) if found else None
                if found and file is not None:
                    yield found.group(), file.read()
                read = archive.offset
    except (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
        raise FileError(
            f"{place} is cut short or damaged after {read:,} bytes of its files: {error}. "
            "Download it again."
        ) from None


def _in_folder(place: Path, names: "re.Pattern[str]") -> Iterator[tuple[str, bytes]]:
    for folder, inner, files in os.walk(place):
        inner.sort()
        for file in sorted(files):
            path = Path(folder, file)
            found = names.search(path.relative_to(place.parent).as_posix())
            if found is None:
                continue
            try:
                yield found.group(), path.read_bytes()
            except OSError as error:
                raise FileError(f"{path} cannot be read: {error}.") from None


def told(place: Path, name: str) -> str:
    """Return how messages name a file that `files_in` found."""
    return str(place.parent / name) if place.is_dir() else f"{name} in {place}"


def listed_order(path: Path) -> list[str] | None:
    """Return the names in a file of JSON that says in which order the examples come, if any.

    Raises
    ------
    FileError
        It is no list of strings.
    """
    if not path.is_file():
        return None
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FileError(f"{path} is no JSON, or is cut short: {error}.") from None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FileError(f"{path} holds no list of names. Copy it again.")
    return names


def different(names: list[str]) -> tuple[str, ...]:
    """Return ids that differ, where one example stands in several places.

    Examples
    --------
    >>> different(["a", "b", "a"])
    ('a', 'b', 'a#2')
    """
    seen: Counter[str] = Counter()
    ids = []
    for name in names:
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(ids)
