"""Which files are pictures, texts or sounds, and media made of them."""

from collections.abc import Sequence
from pathlib import Path, PurePath

from errata.array_files import read_text
from errata.datasets.base import Kind
from errata.datasets.media import Images, Media, Sounds, Texts
from errata.datasets.sounds import FORMATS
from errata.errors import FileError

ENDINGS: dict[Kind, tuple[str, ...]] = {
    "images": (
        ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm",
    ),
    "texts": (".txt",),
    "sounds": tuple(FORMATS),
}  # fmt: skip
"""How the files of each kind end, in small letters."""

WORDS = {"images": "pictures", "texts": "texts", "sounds": "sounds"}

_KIND_OF = {ending: kind for kind, endings in ENDINGS.items() for ending in endings}


def kind_of(path: str | PurePath) -> Kind | None:
    """Return what a file holds by its ending, None where that is nothing to label.

    Examples
    --------
    >>> kind_of("cat/1.JPG"), kind_of("README.md")
    ('images', None)
    """
    return _KIND_OF.get(PurePath(path).suffix.lower())


def whole_kind(paths: Sequence[str | PurePath], name: str) -> Kind:
    """Return the one kind that all files are of.

    Raises
    ------
    FileError
        They are of several, or of none that is known.

    Examples
    --------
    >>> whole_kind(["1.png", "2.jpg"], "pets")
    'images'
    """
    first: dict[Kind | None, str] = {}
    for path in paths:
        first.setdefault(kind_of(path), str(path))
    if None in first:
        known = " ".join(ending for endings in ENDINGS.values() for ending in endings)
        raise FileError(f"{name} names {first[None]}; files that end in one of {known} are read.")
    if len(first) != 1:
        found = " and ".join(f"{WORDS[kind]} ({path})" for kind, path in first.items() if kind)
        raise FileError(
            f"{name} holds {found or 'no files'}; examples of one kind were expected. Keep others "
            "in a folder of their own."
        )
    (kind,) = first
    assert kind is not None
    return kind


def media_of_files(kind: Kind, paths: Sequence[Path]) -> Media:
    """Return the pictures, texts or sounds that files hold, one file an example.

    Raises
    ------
    FileError
        A text cannot be read, or is not UTF-8.
    """
    if kind == "images":
        return Images(files=list(paths))
    if kind == "texts":
        return Texts([read_text(path) for path in paths])
    return Sounds(paths)
