"""The files of the data folder that are made of published ones.

Maps the bytes of published files to the bytes of a file; fetching and writing is for
`errata.paper.fetch`.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from errata.paper.registry import PublishedFile, published_accuracies

Contents = Sequence[bytes]
"""What the sources of a file hold, in their order."""

NAMED = ("mnist", "cifar10", "cifar100", "20news", "caltech256", "quickdraw", "imdb")
"""The sets whose class names are collected, in the order of ``label_names.json``."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file made of published ones.

    Parameters
    ----------
    path : where it is laid out
    sources : the published files it is made of
    make : gives its bytes from those of the sources
    """

    path: str
    sources: tuple[PublishedFile, ...]
    make: Callable[[Contents], bytes]

    def is_whole(self, path: Path) -> bool:
        """Return whether the file at ``path`` alone shows that it holds all the sources hold."""
        return path.suffix == ".npz" and path.is_file() and _holds(path, self.sources)


def made_files(files: Iterable[PublishedFile]) -> list[Made]:
    """Return everything that is made of the published files.

    Examples
    --------
    >>> from errata.paper.registry import published_files
    >>> [made.path for made in made_files(published_files())][:2]
    ['label_errors/label_names.json', 'raw/audioset/eval_original_labels.json']
    """
    files = list(files)
    by_name = {file.name: file for file in files}
    made = [
        Made(path=path, sources=tuple(by_name[name] for name in names), make=make)
        for path, names, make in _RECIPES
    ]
    archives: dict[str, list[PublishedFile]] = {}
    for file in sorted((file for file in files if file.place is None), key=array_name):
        archives.setdefault(archive_path(file), []).append(file)
    return made + [
        Made(path=path, sources=tuple(parts), make=partial(archive, parts))
        for path, parts in archives.items()
    ]


def class_names(sources: Contents) -> bytes:
    """Return the class names of the sets `NAMED`, as JSON.

    They are collected from the workers' items; those of Caltech-256 are the names of its folders,
    and those of IMDB its labels themselves.
    """
    collected: dict[str, list[str]] = {}
    for name, source in zip(NAMED, sources, strict=True):
        items = json.loads(source)
        if name == "caltech256":
            folders = {file.partition("/")[0] for file in items}
            collected[name] = [folder.partition(".")[2] for folder in sorted(folders)]
        elif name == "imdb":
            collected[name] = sorted({item["given_original_label"] for item in items})
        else:
            collected[name] = _names(items)
    return _json(collected)


def label_sets(sources: Contents) -> bytes:
    """Return AudioSet's labels, several an example, as JSON that opens without pickle."""
    (source,) = sources
    # An array of arrays is a pickle, and opening one can run code. These bytes may be opened: the
    # sources of a made file are handed over only after their SHA-256 was found to be the published.
    arrays = np.load(io.BytesIO(source), allow_pickle=True)
    return json.dumps([labels.tolist() for labels in arrays]).encode()


def picture_names(sources: Contents) -> bytes:
    """Return the file of each CIFAR-10 picture, as JSON: the k-th of a class is number k of it."""
    labels, items = sources
    names = _names(json.loads(items))
    numbers = [count() for _ in names]
    files = [
        f"test/{names[label]}/{next(numbers[label]):04d}.jpg" for label in _array(labels).tolist()
    ]
    return _json(files)


def narrow_labels(sources: Contents) -> bytes:
    """Return labels as int16, which is what predictions are kept in."""
    (source,) = sources
    return npy(_narrow(_array(source)))


def archive_path(file: PublishedFile) -> str:
    """Return the archive that a model's predictions or probabilities are kept in.

    Examples
    --------
    >>> from errata.paper.registry import published_files
    >>> [archive_path(file) for file in published_files() if file.name.startswith("vgg16_pytorch")]
    ['models/imagenet/pytorch_imagenet_top5_b.npz', 'models/imagenet/pytorch_imagenet_top5_b.npz']
    """
    folder = file.path.partition("/")[0]
    part = ""
    if folder == "pytorch_imagenet":  # in two, as one would be large
        part = "_b" if file.name.startswith("vgg") else "_a"
    return f"models/{folder.partition('_')[2]}/{folder}_top5{part}.npz"


def array_name(file: PublishedFile) -> str:
    """Return what a model's predictions or probabilities are called in their archive.

    Examples
    --------
    >>> from errata.paper.registry import published_files
    >>> [array_name(file) for file in published_files() if file.name.startswith("xception")]
    ['keras_xception__preds', 'keras_xception__probs']
    """
    folder = file.path.partition("/")[0]
    model, _, kind = file.name.removesuffix(".npy").partition(f"_{folder}_top5")
    return f"{folder.partition('_')[0]}_{model}__{kind}"


def npy(array: Shaped[np.ndarray, "..."]) -> bytes:
    """Return the bytes of a ``.npy`` file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def archive(parts: Sequence[PublishedFile], sources: Contents) -> bytes:
    """Return one archive of the predictions of several models, in the narrowest exact types."""
    arrays: dict[str, Any] = {}
    for part, source in zip(parts, sources, strict=True):
        array = _array(source)
        narrow = _narrow(array) if array.dtype.kind == "i" else array.astype(np.float32)
        arrays[array_name(part)] = narrow
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def as_published(array: Shaped[np.ndarray, "..."], file: PublishedFile) -> bytes:
    """Return the bytes a model's array was published as, from its form in the archive."""
    if array.dtype.kind == "i":
        return npy(array.astype(np.int64))
    # some probabilities were published in half precision; their size tells
    half = file.size is not None and file.size < array.nbytes
    return npy(array.astype(np.float16 if half else np.float32))


def _holds(path: Path, parts: Sequence[PublishedFile]) -> bool:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays.files == [array_name(part) for part in parts] and all(
                part.has(as_published(arrays[array_name(part)], part)) for part in parts
            )
    except Exception:  # noqa: BLE001  (damaged archives make the readers raise many things)
        return False


def _array(source: bytes) -> Shaped[np.ndarray, "..."]:
    array: Shaped[np.ndarray, "..."] = np.load(io.BytesIO(source), allow_pickle=False)
    return array


def _narrow(labels: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "..."]:
    narrow = labels.astype(np.int16)
    assert (narrow == labels).all()
    return narrow


def _names(items: Iterable[dict[str, Any]]) -> list[str]:
    """Return the class names that the workers' items show, by class."""
    names = {
        item[f"{which}_label"]: item[f"{which}_label_name"]
        for item in items
        for which in ("given_original", "our_guessed")
    }
    return [names[number] for number in range(len(names))]


def _accuracies(sources: Contents) -> bytes:
    assert not sources
    file = io.StringIO()
    csv.writer(file).writerows(published_accuracies())
    return file.getvalue().encode()


def _json(value: object) -> bytes:
    return json.dumps(value, indent=0).encode()


def _vote_files() -> Iterator[str]:
    for name in NAMED:
        yield "caltech256_index_to_filename.json" if name == "caltech256" else f"{name}_mturk.json"


_CIFAR10 = "cifar10_test_set_original_labels.npy"
_RECIPES: tuple[tuple[str, tuple[str, ...], Callable[[Contents], bytes]], ...] = (
    ("label_errors/label_names.json", tuple(_vote_files()), class_names),
    (
        "raw/audioset/eval_original_labels.json",
        ("audioset_eval_set_original_labels.npy",),
        label_sets,
    ),
    (
        "raw/audioset/eval_predicted_labels.json",
        ("audioset_eval_set_pyx_argmax_predicted_labels.npy",),
        label_sets,
    ),
    (
        "raw/cifar10/cifar10_test_index_to_file.json",
        (_CIFAR10, "cifar10_mturk.json"),
        picture_names,
    ),
    ("models/cifar10/labels.npy", (_CIFAR10,), narrow_labels),
    ("models/imagenet/labels.npy", ("imagenet_val_set_original_labels.npy",), narrow_labels),
    ("models/imagenet/published_accuracies.csv", (), _accuracies),
)
"""Path, names of the sources, and how it is made."""
