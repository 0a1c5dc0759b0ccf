"""The one door to sources: whatever holds probabilities comes in, and is told apart here."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Shaped

from errata.array_files import PathLike, array_kind, only_array, read_npz
from errata.arrays import as_count, as_probs
from errata.errors import FileError, ProbabilityError
from errata.sources.average import Average
from errata.sources.base import Source, models_of
from errata.sources.dense import Dense
from errata.sources.npy import NpyFile
from errata.sources.pieces import float_type, float_type_of_file
from errata.sources.places import (
    PARQUET,
    Place,
    beginning,
    each_of,
    files_in,
    in_natural_order,
    is_parquet,
    is_pattern,
    place_of,
)
from errata.sources.stacked import Stacked, class_columns
from errata.sources.topk import TopK, unknown_classes
from errata.sources.zarr import ZarrArray

_FORMS = (
    "an array (n, m); a .npy, .npz or .parquet file; several of one kind below each other, as a "
    "list, a pattern such as part-*.npy, or a folder; a Zarr array; the best few classes of each "
    "example, as indices and values (errata.TopK); or the URL of one of these"
)
_INDICES, _VALUES, _N_CLASSES = "indices", "values", "n_classes"


def open_probs(
    probs: object,
    *,
    n_classes: SupportsIndex | None = None,
    class_names: Sequence[object] | None = None,
) -> Source:
    """Return the source that reads some probabilities, in whatever form they are kept.

    Headers, shapes and types are looked at, and refused, here; values where they are read.

    Parameters
    ----------
    probs : what holds the probabilities

        - an array ``(n, m)``, or anything NumPy can make one of;
        - the path of an ``.npy`` file, of which only the rows asked for are read, or of an ``.npz``
          file of one array;
        - a list of paths, a pattern such as ``"part-*.npy"`` (taken as ``part-2``, ``part-10``),
          or a folder of ``.npy`` files: shards, one below the other;
        - a ``.parquet`` file, several or a folder of them: a list in one column (called ``probs``
          if there are several), or a column of floats for each class;
        - a Zarr array ``(n, m)``, format 2 or 3;
        - the best few classes of each example: a `TopK`, a folder with ``indices.npy`` and
          ``values.npy``, an ``.npz`` file of ``indices``, ``values`` and if need be ``n_classes``,
          or Parquet with list columns of these names;
        - the URL of one of these, with fsspec and what it needs for the scheme;
        - a source, which comes back as it is.
    n_classes : how many classes there are, where only the best few are listed
    class_names : names of all classes in order; Parquet columns of these names are taken in this
        order

    Raises
    ------
    ProbabilityError
        The shape or the type are not those of probabilities, or shards differ in them.
    FileError
        A file is missing, cut short, damaged or of an unknown kind, or needs pickle.
    MissingExtraError
        What reads this form is not installed.

    Examples
    --------
    >>> source = open_probs([[0.9, 0.1], [0.2, 0.8]])
    >>> source.n, source.n_classes
    (2, 2)
    """
    # what is no collection of names is refused by `arrays.as_class_names`, whose matter it is
    names = tuple(map(str, class_names)) if isinstance(class_names, Collection) else None
    n_classes = as_count("n_classes", n_classes)
    source = _open(probs, _Known(n_classes, names))
    float_type((source.n, source.n_classes), source.dtype)  # shards alone may have no rows
    if n_classes is not None and source.n_classes != n_classes:
        raise ProbabilityError(
            f"n_classes is {n_classes}, but {source.name} has {source.n_classes} classes."
        )
    return source


def open_average(
    several: Sequence[object],
    *,
    n_classes: SupportsIndex | None = None,
    class_names: Sequence[object] | None = None,
) -> Average:
    """Return the mean of several models' probabilities, each given as `open_probs` takes them.

    Where tables have a column for each class, those of all models are taken in one order, by name:
    that of the class names where they have these, else that of the first such table.

    Raises
    ------
    ProbabilityError
        They have different numbers of examples or classes, columns of different names, or list
        only the best few classes; and as `open_probs`.

    Examples
    --------
    >>> next(open_average([[[0.2, 0.8]], [[0.6, 0.4]]]).blocks(0, 1, 1))
    (0, DenseRows(probs=array([[0.4, 0.6]])))
    """
    if isinstance(several, str | os.PathLike):
        raise ProbabilityError(
            f"An average is of several models, given as a list: open_average([{str(several)!r}, "
            "...]). The shards of one model are opened by `errata.open_probs`."
        )
    opened = [open_probs(one, n_classes=n_classes, class_names=class_names) for one in several]
    order = next(filter(None, map(class_columns, opened)), ())
    for place, source in enumerate(opened):
        columns = class_columns(source) or order
        if columns != order and {*columns} == {*order}:
            opened[place] = open_probs(several[place], class_names=order)
    return Average(opened)  # which refuses other columns


def check_whole(source: Source) -> None:
    """Refuse a Zarr array that lacks chunks, where rows need not sum to 1; see `ZarrArray`.

    Raises
    ------
    FileError
        One does, or one of those that the source is made of.

    Examples
    --------
    >>> check_whole(open_probs([[1, 2], [3, 4]]))
    """
    if isinstance(source, ZarrArray):
        source.check_whole()
    for part in source.shards if isinstance(source, Stacked) else models_of(source):
        if part is not source:
            check_whole(part)


@dataclass(frozen=True)
class _Known:
    """What is known of the classes from elsewhere."""

    n_classes: int | None
    class_names: tuple[str, ...] | None

    @property
    def number(self) -> int | None:
        """How many there are."""
        if self.n_classes is None and self.class_names is not None:
            return len(self.class_names)
        return self.n_classes


def _open(probs: object, known: _Known) -> Source:
    if isinstance(probs, str | os.PathLike):
        return _open_path(probs, known)
    if isinstance(probs, Source):
        return probs
    if isinstance(probs, list | tuple):
        if _are_paths(probs):
            return _open_shards([place_of(path) for path in probs], f"{len(probs)} shards", known)
    elif np.ndim(probs) == 0:  # type: ignore[arg-type]
        raise ProbabilityError(f"probs is of type {type(probs).__name__}. Expected: {_FORMS}.")
    return Dense(as_probs(probs))


def _are_paths(values: Sequence[object]) -> bool:
    """Tell paths from class names, which are labels that came in the place of probabilities."""
    paths = [value for value in values if isinstance(value, str | os.PathLike)]
    like_one = any(not isinstance(path, str) or set("./\\") & set(path) for path in paths)
    return len(paths) == len(values) and like_one


def _open_path(path: PathLike, known: _Known) -> Source:
    place = place_of(path)
    if place.kind() == "nothing" and is_pattern(place.name):
        found = in_natural_order(place.matches())
        if not found:
            raise FileError(f"No file matches {place.name}. Expected: {_FORMS}.")
        return _open_shards(found, place.name, known)
    return _open_place(place, known)


def _open_place(place: Place, known: _Known) -> Source:
    match place.kind():
        case "folder":
            return _open_folder(place, known)
        case "file":
            return _open_file(place, known)
        case "nothing":
            raise FileError(f"{place.absence()} Expected: {_FORMS}.")


def _open_shards(places: Sequence[Place], name: str, known: _Known) -> Source:
    # of files of another kind the first is looked at alone
    if is_parquet(places[0]) and all(each_of(places, is_parquet)):
        return _open_parquet(places, name, known)
    shards = each_of(places, lambda place: _open_place(place, known))
    return shards[0] if len(shards) == 1 else Stacked(tuple(shards), name)


def _open_parquet(places: Sequence[Place], name: str, known: _Known) -> Source:
    from errata.sources.parquet import open_parquet

    return open_parquet(places, name, n_classes=known.number, class_names=known.class_names)


def _open_folder(place: Place, known: _Known) -> Source:
    names = set(place.names())
    if names & {"zarr.json", ".zarray", ".zgroup"}:
        return ZarrArray.open(place)
    indices, values = f"{_INDICES}.npy", f"{_VALUES}.npy"
    if {indices, values} <= names:
        return _top_k(place.child(indices).name, place.child(values).name, place.name, known.number)
    if names & {indices, values}:
        raise FileError(
            f"The folder {place.name} holds {' and '.join(names & {indices, values})} alone; the "
            f"best few classes of each example are in {indices} and {values} together."
        )
    arrays, tables = files_in(place, "*.npy"), files_in(place, "*.parquet")
    if arrays and tables:
        raise FileError(
            f"The folder {place.name} holds {len(arrays)} .npy and {len(tables)} .parquet files, "
            "and it is not clear which are the probabilities. Give a pattern, such as "
            f"{place.child('*.npy').name}."
        )
    if not arrays and not tables:
        raise FileError(f"The folder {place.name} holds no probabilities. Expected: {_FORMS}.")
    return _open_shards(arrays or tables, place.name, known)


def _open_file(place: Place, known: _Known) -> Source:
    first = beginning(place)
    if first.startswith(PARQUET):
        return _open_parquet([place], place.name, known)
    if array_kind(first, place.name, f"Expected: {_FORMS}.") == "npy":
        return NpyFile.open(place)
    return _open_npz(place, known)


def _open_npz(place: Place, known: _Known) -> Source:
    found = read_npz(place.name, lambda arrays: _parts(arrays, place.name), place.open)
    if isinstance(found, np.ndarray):
        dtype = float_type_of_file(found.shape, found.dtype, place.name)
        return Dense(found.astype(dtype, copy=False), place.name)
    number = found.get(_N_CLASSES)
    if number is None:
        return _top_k(found[_INDICES], found[_VALUES], place.name, known.number)
    if number.size != 1 or number.dtype.kind not in "iu":
        raise ProbabilityError(
            f"{place.name} has an array n_classes of shape {number.shape} and the type "
            f"{number.dtype}; one whole number was expected."
        )
    return _top_k(found[_INDICES], found[_VALUES], place.name, int(number.item()))


def _parts(
    arrays: Mapping[str, Any], name: str
) -> Shaped[np.ndarray, "..."] | dict[str, Shaped[np.ndarray, "..."]]:
    """Return the single array of a file, or those of one of top classes by name."""
    names = set(arrays)
    if not {_INDICES, _VALUES} <= names:
        return only_array(arrays, name)
    return {part: arrays[part] for part in names & {_INDICES, _VALUES, _N_CLASSES}}


def _top_k(indices: object, values: object, name: str, n_classes: int | None) -> TopK:
    if n_classes is None:
        raise unknown_classes(name)
    return TopK(indices, values, n_classes, name=name)
