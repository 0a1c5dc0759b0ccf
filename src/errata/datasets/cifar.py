"""CIFAR-10 and CIFAR-100, from the pickled batches of their makers, unpacked or not.

A pickle can run code when it is opened. These are read by an unpickler that knows arrays, numbers,
strings, lists and dictionaries, and refuses everything else.
"""

import io
import pickle
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from errata.datasets.base import Dataset, OnDamage, Published
from errata.datasets.media import Images
from errata.errors import FileError

_PIXELS = 3 * 32 * 32


@dataclass(frozen=True, kw_only=True)
class _Form:
    """How the files and what they hold are called."""

    folder: str
    archive: str
    batches: Mapping[str, tuple[str, ...]]
    meta: str
    labels: str
    classes: str


_TEN = _Form(
    folder="cifar-10-batches-py",
    archive="cifar-10-python.tar.gz",
    batches={
        "train": tuple(f"data_batch_{number}" for number in range(1, 6)),
        "test": ("test_batch",),
    },
    meta="batches.meta",
    labels="labels",
    classes="label_names",
)
_HUNDRED = _Form(
    folder="cifar-100-python",
    archive="cifar-100-python.tar.gz",
    batches={"train": ("train",), "test": ("test",)},
    meta="meta",
    labels="fine_labels",
    classes="fine_label_names",
)


class _ArraysOnly(pickle.Unpickler):
    """Reads pickled arrays, as Python 2 or 3 wrote them."""

    def __init__(self, content: bytes, where: Path) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._where = where

    def find_class(self, module: str, name: str) -> Any:
        if module in {"numpy.core.multiarray", "numpy._core.multiarray"} and name == "_reconstruct":
            return np.zeros(0).__reduce__()[0]  # where it lies differs between versions of NumPy
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return self._dtype
        if (module, name) == ("_codecs", "encode"):
            return self._encode
        raise FileError(
            f"{self._where} asks for {module}.{name}, which could run code when opened, so it is "
            "refused. The original holds nothing but arrays, lists and strings; download it again."
        )

    @staticmethod
    def _dtype(code: Any, *_: object) -> "np.dtype[Any]":
        # a new one, as the pickle goes on to set its state; the rest, align and copy, are 0 and 1,
        # numbers that NumPy no longer takes there
        kind: np.dtype[Any] = np.dtype(code, copy=True)
        return kind

    @staticmethod
    def _encode(text: str, encoding: str) -> bytes:
        if encoding != "latin1":
            raise ValueError(f"bytes written as {encoding!r}")
        return text.encode("latin1")


def read_batch(content: bytes, where: Path) -> dict[str, Any]:
    """Return the dictionary in a pickle of arrays, numbers and strings; its keys as strings.

    Parameters
    ----------
    where : what messages call it

    Raises
    ------
    FileError
        It is cut short or damaged, or holds something that could run code.
    """
    try:
        found = _ArraysOnly(content, where).load()
    except FileError:
        raise
    except Exception as error:  # noqa: BLE001 (damaged pickles raise whatever they like)
        raise FileError(
            f"{where} is cut short or damaged: {error or type(error).__name__}. Download it again."
        ) from None
    if not isinstance(found, dict):
        raise FileError(f"{where} holds a {type(found).__name__}; a dictionary was expected.")
    return {key.decode() if isinstance(key, bytes) else str(key): found[key] for key in found}


def _open(published: Published, form: _Form, folder: Path, part: str) -> Dataset:
    published.check_part(part)
    wanted = (form.meta, *form.batches[part])
    (where, content), *batches = _contents(published, form, folder, wanted)
    names = _entry(read_batch(content, where), form.classes, where)
    classes = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)
    pixels, labels = [], []
    for where, content in batches:
        batch = read_batch(content, where)
        pixels.append(_pixels(_entry(batch, "data", where), where))
        given = _entry(batch, form.labels, where)
        labels.append(_labels(given, len(pixels[-1]), len(classes), where))
    # a row holds a plane of red, one of green and one of blue
    pictures = np.concatenate(pixels).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    ids = tuple(f"{part}/{index}" for index in range(len(pictures)))
    return Dataset(published.name, part, ids, np.concatenate(labels), classes, Images(pictures))


def _contents(
    published: Published, form: _Form, folder: Path, names: tuple[str, ...]
) -> list[tuple[Path, bytes]]:
    """Return the files: from the folder, from the one its archive unpacks to, or from the archive.

    Each comes with its path, for messages.
    """
    for place in (folder, folder / form.folder):
        if any((place / name).is_file() for name in names):
            return [(place / name, _bytes_of(published, place / name)) for name in names]
    archive = folder / form.archive
    if not archive.is_file():
        raise published.missing(folder, f"{form.folder}/{names[-1]}")
    found = []
    try:
        with tarfile.open(archive) as members:
            for name in names:
                member = members.extractfile(f"{form.folder}/{name}")
                if member is None:
                    raise KeyError(f"{name} is no file")
                found.append((archive / form.folder / name, member.read()))
    except (OSError, EOFError, KeyError, tarfile.TarError, zlib.error) as error:
        raise FileError(
            f"{archive} is cut short or damaged: {error}. Download it again from "
            f"{published.download[0]}."
        ) from None
    return found


def _bytes_of(published: Published, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise published.missing(path.parent, path.name) from None


def _entry(found: dict[str, Any], key: str, where: Path) -> Any:
    if key not in found:
        raise FileError(
            f"{where} has no {key!r}, but {', '.join(map(repr, found)) or 'nothing'}. Is it a file "
            "of another set, or of another version? Download the python version."
        )
    return found[key]


def _pixels(data: Any, where: Path) -> UInt8[np.ndarray, "n pixels"]:
    found = f"{data.dtype} of shape {data.shape}" if isinstance(data, np.ndarray) else type(data)
    if found != f"uint8 of shape ({len(data)}, {_PIXELS})":
        raise FileError(f"The data of {where} is {found}; uint8 of shape (n, {_PIXELS}) is right.")
    return data  # type: ignore[no-any-return]


def _labels(given: Any, n: int, n_classes: int, where: Path) -> Int[np.ndarray, "n"]:
    if not isinstance(given, list) or len(given) != n:
        many = f"{len(given):,}" if isinstance(given, list) else "no list of"
        raise FileError(f"{where} has {n:,} pictures, but {many} labels. Download it again.")
    for row, label in enumerate(given):
        if not isinstance(label, int) or not 0 <= label < n_classes:
            raise FileError(
                f"Label {row} of {where} is {label!r}; there are {n_classes} classes, so labels "
                f"run from 0 to {n_classes - 1}. Download it again."
            )
    return np.array(given, np.int64)


def _open_ten(folder: Path, part: str, on_damage: OnDamage) -> Dataset:  # noqa: ARG001 (all or nothing)
    return _open(CIFAR10, _TEN, folder, part)


def _open_hundred(folder: Path, part: str, on_damage: OnDamage) -> Dataset:  # noqa: ARG001 (same)
    return _open(CIFAR100, _HUNDRED, folder, part)


def _layout(form: _Form) -> str:
    names = (form.meta, *form.batches["train"], *form.batches["test"])
    unpacked = [f"{form.folder}/{name}" for name in names]
    return "\n".join([*unpacked, f"or {form.archive}, as it is"])


_CITATION = (
    "Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images, technical report, "
    "University of Toronto"
)
_LICENCE = "none stated; the makers ask to be cited, see their page"
_PAGE = "https://www.cs.toronto.edu/~kriz/cifar.html"

CIFAR10 = Published(
    name="cifar10",
    title="CIFAR-10",
    kind="images",
    examples={"train": 50_000, "test": 10_000},
    classes=10,
    licence=_LICENCE,
    citation=_CITATION,
    download=(f"{_PAGE} (the python version, {_TEN.archive})",),
    layout=_layout(_TEN),
    open=_open_ten,
)
CIFAR100 = Published(
    name="cifar100",
    title="CIFAR-100",
    kind="images",
    examples={"train": 50_000, "test": 10_000},
    classes=100,
    licence=_LICENCE,
    citation=_CITATION,
    download=(f"{_PAGE} (the python version, {_HUNDRED.archive})",),
    layout=_layout(_HUNDRED),
    open=_open_hundred,
)
