"""A data set in NumPy arrays, in memory or in ``.npy`` and ``.npz`` files."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Int, Shaped

from errata import arrays
from errata.array_files import load_array, read_npz
from errata.datasets.base import Dataset, OnDamage, kept
from errata.datasets.media import Features, Images, Media, Texts
from errata.datasets.parts import ALL, check_classes, choose_part, number_classes
from errata.errors import FileError, InputError, LabelError

NAMES = {
    "examples": ("x", "data", "features", "images", "pixels", "texts"),
    "labels": ("y", "label", "labels", "target", "targets"),
    "ids": ("id", "ids"),
    "groups": ("group", "groups"),
}
"""How arrays are called, in small letters; with a part before or behind: ``X_test``."""

Array = Shaped[np.ndarray, "..."]


def open_npz(path: Path) -> dict[str, Array]:
    """Return all arrays of an ``.npz`` file by their names.

    Raises
    ------
    FileError
        The file is missing, damaged, or needs pickle.
    """
    if not path.is_file():
        raise FileError(f"{path} does not exist; an .npz file with X and y was expected.")
    return read_npz(path, dict)


def sorted_out(named: Mapping[str, Any], part: str | None, name: str) -> tuple[str, dict[str, Any]]:
    """Return the part that is meant, and its arrays by what they are.

    Raises
    ------
    InputError
        There is no array of examples, or it is not clear which part is meant.

    Examples
    --------
    >>> named = {"X_train": [[1.0]], "y_train": [0], "X_test": [[2.0]], "y_test": [1]}
    >>> sorted_out(named, None, "points.npz")
    ('test', {'examples': [[2.0]], 'labels': [1]})
    """
    parts: dict[str, dict[str, Any]] = {}
    for key, array in named.items():
        for what, usual in NAMES.items():
            for each in usual:
                small = key.lower()
                of = small.removeprefix(f"{each}_").removesuffix(f"_{each}")
                if small == each or of != small:
                    parts.setdefault("" if small == each else of, {})[what] = array
    whole = {of: found for of, found in parts.items() if "examples" in found}
    if not whole:
        raise InputError(
            f"{name} holds the arrays {', '.join(named) or '(none)'}; X and y were expected, or "
            "X_train, y_train, X_test and y_test. Or give the array of examples, and label=..."
        )
    chosen = choose_part(part, sorted(of for of in whole if of), name)
    if chosen != ALL or list(whole) == [""]:
        return chosen, whole["" if chosen == ALL else chosen]
    raise InputError(f"{name} holds its parts in arrays of their own: open one part at a time.")


def dataset_of_arrays(
    examples: object,
    labels: object,
    *,
    name: str,
    part: str = ALL,
    ids: object = None,
    groups: object = None,
    names: Sequence[str] | None = None,
    classes: Sequence[object] | None = None,
    on_damage: OnDamage = "stop",
) -> Dataset:
    """Return a data set of arrays.

    Parameters
    ----------
    examples : features ``(n, d)``, pictures ``(n, h, w)`` or ``(n, h, w, colours)``, or ``n`` texts
    labels : ``n`` whole numbers or names; or a matrix ``(n, m)`` of 0 and 1
    ids, groups : ``n`` strings or numbers, if there are any
    names : of the ``d`` features
    classes : class names in class order

    Raises
    ------
    InputError
        A shape or a type is wrong, or there are not as many labels as examples.
    FileError
        A label is missing, or a feature is no number, and ``on_damage`` is ``"stop"``.

    Examples
    --------
    >>> dataset_of_arrays(np.eye(2), ["good", "bad"], name="points")
    Dataset('points', part 'all': 2 features, 2 classes)
    """
    if labels is None:
        raise InputError(f"{name} has no labels: give them with label=..., one for each example.")
    array, given = _array(examples), _array(labels)
    n = len(array) if array.ndim else 0
    for what, other in (("labels", given), ("ids", ids), ("groups", groups)):
        many = None if other is None else len(_array(other)) if _array(other).ndim else 0
        if many is not None and many != n:
            raise InputError(f"{name} has {n:,} examples, but {many:,} {what}; one for each.")
    faults = _faults(array, given)
    _, left_out = kept(
        ((f"{name}, row {row + 1}", FileError(f"{name}, row {row + 1}: {faults[row]}"))
         for row in sorted(faults)),
        on_damage,
    )  # fmt: skip
    good = np.array([row for row in range(n) if row not in faults], np.int64)
    if not len(good):
        raise InputError(f"{name} holds no examples.")
    numbers, class_names = _numbered(given[good], classes)
    check_classes(class_names, name)
    every = arrays.as_ids(np.arange(n) if ids is None else _array(ids), n)
    return Dataset(
        name,
        part,
        tuple(every[good].tolist()),
        numbers,
        class_names,
        _media(array if len(good) == n else array[good], names),
        tuple(left_out),
        None if groups is None else _group_numbers(groups)[good],
    )


def _array(values: object) -> Array:
    if isinstance(values, str | os.PathLike):
        return load_array(cast("str", values))
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(f"These are no rows of the same length: {error}") from None


def _faults(array: Array, given: Array) -> dict[int, str]:
    """Return why rows cannot be used, by their number."""
    faults: dict[int, str] = {}
    if array.ndim == 2 and array.dtype.kind == "f":
        bad = np.flatnonzero(np.isnan(array).any(axis=1)).tolist()
        faults |= dict.fromkeys(bad, "A feature is missing: it is NaN.")
    if given.dtype.kind in "OUST" and given.ndim == 1:
        for row, label in enumerate(given.tolist()):
            blank = isinstance(label, str) and not label.strip()
            if label is None or blank or label != label:  # noqa: PLR0124 (NaN)
                faults[row] = "Its label is missing."
    return faults


def _numbered(
    given: Array, classes: Sequence[object] | None
) -> tuple[Shaped[np.ndarray, "n ..."], tuple[str, ...]]:
    if given.ndim == 2:
        m = given.shape[1]
        return arrays.as_label_sets(given, n_classes=m), arrays.as_class_names(classes, m)
    if given.ndim != 1 or given.dtype.kind not in "iubOUST":
        hint = " Use labels.astype(int)." if given.dtype.kind == "f" else ""
        raise LabelError(
            f"The labels have shape {given.shape} and dtype {given.dtype}; one whole number or "
            f"class name for each example was expected.{hint}"
        )
    if given.dtype.kind in "iub":
        different, where = np.unique(given, return_inverse=True)
        values: list[Any] = different.astype(np.int64).tolist()
    else:
        words = np.array([str(label).strip() for label in given.tolist()])
        different, where = np.unique(words, return_inverse=True)
        values = different.tolist()
    names, numbers = number_classes(values, classes)
    return numbers[where], names


def _group_numbers(groups: object) -> Int[np.ndarray, "n"]:
    _, numbers = np.unique(_array(groups).astype(str), return_inverse=True)
    return numbers.astype(np.int64)


def _media(array: Array, names: Sequence[str] | None) -> Media:
    if array.ndim == 1 and array.dtype.kind in "OUST":
        return Texts(array.astype(str).tolist() if array.dtype.kind == "S" else array.tolist())
    if array.ndim == 2:
        return Features(array, names)
    if array.ndim in (3, 4):
        return Images(array)
    raise InputError(
        f"The examples have shape {array.shape} and dtype {array.dtype}; features (n, d), pictures "
        "(n, height, width) or with colours last, or a list of texts was expected."
    )
