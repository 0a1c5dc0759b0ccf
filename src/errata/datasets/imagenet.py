"""ImageNet (ILSVRC 2012), from pictures in folders of synsets or, for validation, in one folder.

The order is that of synsets, then of file names, whichever way the pictures lie. A class is a
synset (``n01440764``); what it is called stands in one of several lists, or else nowhere.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errata.array_files import read_json, read_text
from errata.datasets.base import Dataset, OnDamage, Published, kept
from errata.datasets.media import Images
from errata.errors import FileError

_PICTURES = {
    "val": ("val", "ILSVRC2012_img_val", "ILSVRC/Data/CLS-LOC/val"),
    "train": ("train", "ILSVRC2012_img_train", "ILSVRC/Data/CLS-LOC/train"),
}
_LISTS = ("", "data", "ILSVRC2012_devkit_t12/data", "devkit/data")
_SYNSET = "n" + 8 * "[0-9]"
_GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
_KAGGLE_TRUTH = "LOC_val_solution.csv"

Picture = tuple[str, str, Path]
"""Its synset, the name of its file, and where it lies."""


@dataclass(frozen=True)
class Truth:
    """A list of the labels of validation pictures: the synset of each, by the name of its file."""

    path: Path
    synsets: dict[str, str]


def _open(folder: Path, part: str, on_damage: OnDamage) -> Dataset:
    IMAGENET.check_part(part)
    top = next((folder / each for each in _PICTURES[part] if (folder / each).is_dir()), None)
    if top is None:
        raise IMAGENET.missing(folder, part)
    truth = _truth(folder) if part == "val" else None
    found, left_out = kept(_pictures(folder, top, truth), on_damage)
    if not found:
        raise FileError(
            f"{top} has no pictures: neither folders such as n01440764 with files *.JPEG, nor "
            "ILSVRC2012_val_00000001.JPEG and so on. Unpack the archive there."
        )
    names = _names(folder) or {synset: synset for synset, _, _ in found}
    numbers = {synset: number for number, synset in enumerate(sorted(names))}
    for synset, _, path in found:
        if synset not in numbers:
            raise FileError(
                f"{path} is of synset {synset}, which the list of classes in {folder} lacks. Take "
                "the picture or the list away."
            )
    return Dataset(
        "imagenet",
        part,
        tuple(f"{synset}/{Path(name).stem}" for synset, name, _ in found),
        np.array([numbers[synset] for synset, _, _ in found], np.int64),
        _different([(synset, names[synset]) for synset in numbers]),
        Images(files=[path for _, _, path in found]),
        tuple(left_out),
    )


# ---------------------------------------------------------------- pictures


def _pictures(
    folder: Path, top: Path, truth: Truth | None
) -> Iterator[tuple[str, Picture | FileError]]:
    """Yield the pictures that are there; where the labels are known, also those that are not."""
    synsets = sorted(each.name for each in top.glob(_SYNSET) if each.is_dir())
    if synsets:
        there = {(each, path.name) for each in synsets for path in (top / each).glob("*.JPEG")}
    elif truth is None:
        raise IMAGENET.missing(folder, _GROUND_TRUTH)
    else:
        there = {(_label_of(path, truth), path.name) for path in sorted(top.glob("*.JPEG"))}
    known, told_by = there, top
    if truth is not None:
        known, told_by = {(one, name) for name, one in truth.synsets.items()}, truth.path
    for synset, name in sorted(known | there):
        path = top / synset / name if synsets else top / name
        where = f"{synset}/{name}"
        if (synset, name) not in known:
            yield where, FileError(f"{path} does not lie in the folder that {told_by} tells.")
        elif (synset, name) in there:
            yield where, (synset, name, path)
        else:
            yield where, FileError(f"{path} is missing, though {told_by} has its label.")


def _label_of(path: Path, truth: Truth) -> str:
    if path.name not in truth.synsets:
        raise FileError(
            f"{path} has no label: {truth.path} has {len(truth.synsets):,}, the last for "
            f"{max(truth.synsets, default='none')}. Is that file cut short? Unpack it again."
        )
    return truth.synsets[path.name]


# ---------------------------------------------------------------- labels


def _truth(folder: Path) -> Truth | None:
    """Return the labels of the validation pictures, where a list of them lies."""
    if (path := _list(folder, _GROUND_TRUTH)) is not None:
        return _devkit_truth(path, path.parent / "meta.mat")
    if (path := _list(folder, _KAGGLE_TRUTH)) is not None:
        return _kaggle_truth(path)
    return None


def _devkit_truth(path: Path, meta: Path) -> Truth:
    """Read a number a line, the ``ILSVRC2012_ID`` of a synset in ``meta.mat``."""
    synset_of = {number: synset for synset, (number, _) in _read_meta(meta).items()}
    synsets = {}
    for row, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip().isdecimal() or int(line) not in synset_of:
            raise FileError(
                f"Line {row} of {path} is {line!r:.40}; a number from 1 to {len(synset_of)} was "
                "expected. Unpack it again."
            )
        synsets[f"ILSVRC2012_val_{row:08d}.JPEG"] = synset_of[int(line)]
    return Truth(path, synsets)


def _kaggle_truth(path: Path) -> Truth:
    """Read ``ILSVRC2012_val_00048981,n03995372 85 1 499 272``: name, synset and box."""
    synsets = {}
    for row, line in enumerate(read_text(path).splitlines()[1:], 2):
        name, _, rest = line.partition(",")
        synset = rest.split(" ")[0]
        if not name.startswith("ILSVRC2012_val_") or len(synset) != len("n01440764"):
            raise FileError(
                f"Line {row} of {path} is {line!r:.40}; a line such as "
                "'ILSVRC2012_val_00048981,n03995372 85 1 499 272' was expected."
            )
        synsets[f"{name}.JPEG"] = synset
    return Truth(path, synsets)


# ---------------------------------------------------------------- classes


def _names(folder: Path) -> dict[str, str] | None:
    """Return the names of the synsets, from the first list that lies in the folder."""
    if (path := _list(folder, "imagenet_class_index.json")) is not None:
        index = read_json(path)
        try:
            return {str(synset): str(name) for synset, name in index.values()}
        except (AttributeError, TypeError, ValueError):
            raise FileError(
                f'{path} is no index of classes; {{"0": ["n01440764", "tench"], ...}} was expected.'
            ) from None
    for each in ("LOC_synset_mapping.txt", "synset_words.txt"):
        if (path := _list(folder, each)) is not None:
            lines = [line.partition(" ") for line in read_text(path).splitlines() if line]
            return {synset: words.strip() or synset for synset, _, words in lines}
    if (path := _list(folder, "meta.mat")) is not None:
        return {synset: words for synset, (_, words) in _read_meta(path).items()}
    return None


def _different(named: list[tuple[str, str]]) -> tuple[str, ...]:
    """Tell classes of one name apart by their synsets: there are two cranes."""
    often = Counter(name for _, name in named)
    return tuple(name if often[name] == 1 else f"{name} ({synset})" for synset, name in named)


def _read_meta(path: Path) -> dict[str, tuple[int, str]]:
    """Return the number and the words of each synset that is a class, from the devkit's table."""
    from scipy.io import loadmat

    if not path.is_file():
        raise FileError(f"{path} does not exist; it tells which number is which synset.")
    try:
        table: Any = loadmat(path, squeeze_me=True)["synsets"]
        return {
            str(row["WNID"]): (int(row["ILSVRC2012_ID"]), str(row["words"]))
            for row in np.atleast_1d(table)
            if row["num_children"] == 0  # those above them are no classes
        }
    except Exception as error:  # noqa: BLE001 (damaged files make it raise many things)
        raise FileError(
            f"{path} is cut short or damaged, or has no table of synsets: "
            f"{error or type(error).__name__}. Unpack it again."
        ) from None


def _list(folder: Path, name: str) -> Path | None:
    """Return where a list lies, if it does."""
    paths = (folder / each / name for each in _LISTS)
    return next((path for path in paths if path.is_file()), None)


IMAGENET = Published(
    name="imagenet",
    title="ImageNet (ILSVRC 2012)",
    kind="images",
    examples={"val": 50_000, "train": 1_281_167},
    classes=1000,
    licence="for research and teaching that is not commercial: see the makers' terms of access",
    citation="Russakovsky et al. (2015), ImageNet Large Scale Visual Recognition Challenge, "
    "International Journal of Computer Vision 115",
    download=(
        "https://image-net.org/download.php",
        "ILSVRC2012_img_val.tar, ILSVRC2012_devkit_t12.tar.gz and ILSVRC2012_img_train.tar there",
    ),
    layout="val/ILSVRC2012_val_00000001.JPEG and so on, with\n"
    "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt\n"
    "ILSVRC2012_devkit_t12/data/meta.mat\n"
    "or val/n01440764/ILSVRC2012_val_00000293.JPEG and so on\n"
    "train/n01440764/n01440764_18.JPEG and so on\n"
    "imagenet_class_index.json or LOC_synset_mapping.txt for the names, where there is one",
    open=_open,
)
