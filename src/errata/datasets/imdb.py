"""IMDB, the Large Movie Review Dataset: a file for each review, in a folder or an archive.

The study took the reviews in the order in which its machine listed the folder, which is no rule:
it published a list instead. Where that list, ``imdb_test_set_index_to_filename.json``, lies in the
folder, its order is used. Without it reviews are sorted: negative before positive, then by number.

The list has 25,000 lines and 24,799 names: it seems that where reviews have the same text, it names
one of them for all. A name that comes again gets an id of its own, ``test/neg/10085_2#2``.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from errata.datasets.base import Dataset, OnDamage, Published, kept
from errata.datasets.media import Texts
from errata.datasets.packed import different, files_in, first_there, listed_order, told
from errata.errors import FileError

ORDER = "imdb_{part}_set_index_to_filename.json"
CLASSES = {"neg": "negative", "pos": "positive"}

_PACKED = [f"{name}.tar.{end}" for name in ("aclImdb_v1", "imdb_{part}") for end in ("gz", "xz")]


def _open(folder: Path, part: str, on_damage: OnDamage) -> Dataset:
    IMDB.check_part(part)
    names = (part, f"aclImdb/{part}", *(name.format(part=part) for name in _PACKED))
    place = first_there(folder, names)
    if place is None:
        raise IMDB.missing(folder, part)
    order = listed_order(folder / ORDER.format(part=part))
    reviews, left_out = kept(_reviews(place, part, order), on_damage)
    if not reviews and not left_out:
        raise FileError(f"{place} holds no review {part}/neg/<number>_<stars>.txt.")
    labels = np.array([list(CLASSES).index(side) for side, _, _ in reviews], np.int64)
    return Dataset(
        "imdb",
        part,
        different([f"{part}/{side}/{name}" for side, name, _ in reviews]),
        labels,
        tuple(CLASSES.values()),
        Texts([text for _, _, text in reviews], breaks="<br />"),
        tuple(left_out),
    )


Review = tuple[str, str, str]
"""Which side, its name without the ending, its text."""


def _reviews(
    place: Path, part: str, order: list[str] | None
) -> Iterator[tuple[str, Review | FileError]]:
    """Yield all reviews in their order, or what is wrong with one; the unlabelled are passed by."""
    path = re.compile(rf"(?<![^/]){part}/(neg|pos)/\d+_\d+\.txt$")
    found = dict(files_in(place, path))
    listed = sorted(found, key=_place) if order is None else [f"{part}/{each}" for each in order]
    for name in listed:
        where = told(place, name)
        if name not in found:
            error = f"{where} is missing; {ORDER.format(part=part)} lists it. Unpack it again."
            yield name, FileError(error)
        else:
            yield name, _review(name, found[name], where)


def _review(name: str, content: bytes, where: str) -> Review | FileError:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        why = f"{where} is not UTF-8 at byte {error.start:,}: {error.reason}."
        return FileError(f"{why} Download or unpack it again.")
    _, side, file = name.split("/")
    return side, file.removesuffix(".txt"), text


def _place(name: str) -> tuple[str, int, str]:
    """Return what a review is sorted by."""
    _, side, file = name.split("/")
    return side, int(file.split("_")[0]), file


IMDB = Published(
    name="imdb",
    title="IMDB (Large Movie Review Dataset)",
    kind="texts",
    examples={"train": 25_000, "test": 25_000},
    classes=2,
    licence="none stated; its makers ask to be cited",
    citation="Maas, Daly, Pham, Huang, Ng and Potts (2011), Learning word vectors for sentiment "
    "analysis, ACL",
    download=("https://ai.stanford.edu/~amaas/data/sentiment/ (aclImdb_v1.tar.gz)",),
    layout="aclImdb_v1.tar.gz\n"
    "or unpacked, aclImdb/test/neg/<number>_<stars>.txt, aclImdb/test/pos/..., aclImdb/train/...\n"
    "imdb_test_set_index_to_filename.json, for the order of the study",
    open=_open,
)
