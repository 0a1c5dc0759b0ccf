"""Given labels from array files and from columns of tables, kept small.

What the numbers and names mean is for `errata.arrays`, which knows the classes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Integer, Shaped

from errata.array_files import (
    array_kind,
    is_json,
    load_array,
    naming_damage,
    only_array,
    read_json_list,
)
from errata.errors import FileError, LabelError
from errata.sources.places import (
    DiskPlace,
    Place,
    beginning,
    each_of,
    files_in,
    in_natural_order,
    is_parquet,
    is_pattern,
    place_of,
)

_FORMS = "an array file (.npy, .npz), a .json list, or a column of .csv, .tsv or .parquet files"


@dataclass(frozen=True, eq=False)
class NamedLabels:
    """Labels that are names, each as its place among all the different names.

    Attributes
    ----------
    codes : ``(n,)``, of the smallest type that holds them
    names : all that are met, none twice, in the order in which they are first met
    """

    codes: Integer[np.ndarray, "n"]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)


def read_labels(
    labels: object, column: str | None = None, class_names: Sequence[str] | None = None
) -> object:
    r"""Return labels as `arrays.as_labels` takes them, or `NamedLabels` where a table holds names.

    Parameters
    ----------
    labels : what holds them

        - the path or URL of an ``.npy`` file, which is memory-mapped where it can be, or of an
          ``.npz`` file of one array;
        - of a ``.csv``, ``.tsv`` or ``.parquet`` file, a pattern such as ``"part-*.parquet"``, or a
          folder of Parquet files. A column of integers becomes an array of the smallest type that
          holds them; in CSV that is one whose cells are all whole numbers;
        - of a ``.json`` file on a disk, which holds a list;
        - anything else, which comes back as it is.
    column : which column of a table; without it, the only one, or the one called ``label``,
        ``labels``, ``given`` or ``class``
    class_names : in class order, if they are known: whole numbers in CSV may be names of classes

    Raises
    ------
    LabelError
        A label is missing, it is not clear which column holds them, or shards differ in their kind.
    NameUnknownError
        There is no such column.
    FileError
        A file is missing, cut short, damaged or of an unknown kind.

    Examples
    --------
    >>> import pathlib
    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "labels.csv")
    >>> _ = path.write_text("id,label\n7,cat\n8,dog\n9,cat\n")
    >>> read_labels(path)
    NamedLabels(codes=array([0, 1, 0], dtype=uint8), names=('cat', 'dog'))
    """
    if not isinstance(labels, str | os.PathLike):
        if column is not None:
            raise _no_columns(column, f"labels is {type(labels).__name__}")
        return labels
    files = _files(place_of(labels))
    if any(each_of(files, _is_table)):
        return _from_tables(files, column, class_names)
    if column is not None:
        raise _no_columns(column, f"{files[0].name} has no columns")
    if len(files) == 1 and isinstance(files[0], DiskPlace) and is_json(files[0].path):
        return read_json_list(files[0].path)
    found = [_load(file) for file in files]
    return found[0] if len(found) == 1 else _joined(found, [file.name for file in files])


_KINDS = {"i": "integers", "u": "integers", "U": "class names", "S": "class names"}


def _joined(
    found: Sequence[Shaped[np.ndarray, "..."]], names: Sequence[str]
) -> Shaped[np.ndarray, "n"]:
    """Return the labels of shards one below the other; of integers, in a type that holds all."""
    kinds = [_KINDS.get(labels.dtype.kind, str(labels.dtype)) for labels in found]
    for name, labels, kind in zip(names, found, kinds, strict=True):
        if labels.ndim != 1:
            raise LabelError(
                f"{name} has the shape {labels.shape}; one label for each example, shape (n,), was "
                "expected in each shard. Use labels.ravel() if that is what they are."
            )
        if kind != kinds[0]:
            raise LabelError(
                f"{name} holds {kind}, but {names[0]}, the first, holds {kinds[0]}. All shards of "
                "labels are alike: integers, or class names."
            )
    dtype = np.result_type(*found)
    if kinds[0] == "integers" and dtype.kind == "f":  # NumPy has none for uint64 and int64
        from errata.sources.label_columns import smallest_type

        some = [labels for labels in found if len(labels)]
        lowest = min((int(labels.min()) for labels in some), default=0)
        highest = max((int(labels.max()) for labels in some), default=0)
        dtype = smallest_type(lowest, highest)
    return np.concatenate(found, dtype=dtype, casting="unsafe")


def _from_tables(
    files: Sequence[Place], column: str | None, class_names: Sequence[str] | None
) -> NamedLabels | Shaped[np.ndarray, "n"]:
    from errata.sources.label_columns import read_csv, read_parquet

    if is_parquet(files[0]):
        codes, names = read_parquet(files, column)
    else:
        codes, names = read_csv(files, column, class_names)
    return codes if names is None else NamedLabels(codes, names)


def _no_columns(column: str, why: str) -> LabelError:
    return LabelError(
        f"The column {column!r} is asked for, but {why}. Columns are those of .csv, .tsv or "
        ".parquet files."
    )


def _files(place: Place) -> list[Place]:
    """Return the files that are meant, in order."""
    kind = place.kind()
    if kind == "folder":
        files = files_in(place, "*.parquet")
        if not files:
            raise FileError(
                f"The folder {place.name} holds no .parquet files. Labels are {_FORMS}."
            )
        return files
    if kind == "nothing" and is_pattern(place.name):
        files = in_natural_order(place.matches())
        if not files:
            raise FileError(f"No file matches {place.name}. Labels are {_FORMS}.")
        return files
    if kind == "nothing":
        raise FileError(f"{place.absence()} Labels are {_FORMS}.")
    return [place]


def _is_table(place: Place) -> bool:
    return place.name.lower().endswith((".csv", ".tsv")) or is_parquet(place)


def _load(place: Place) -> Shaped[np.ndarray, "..."]:
    if isinstance(place, DiskPlace):
        return load_array(place.path)
    array_kind(beginning(place), place.name, f"Labels are {_FORMS}.")
    with place.open() as file, naming_damage(place.name):
        found: Any = np.load(file, allow_pickle=False)
        return found if isinstance(found, np.ndarray) else only_array(found, place.name)
