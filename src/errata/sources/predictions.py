"""Reads what models answered, in the forms people keep it in, and checks it.

Whatever the form, out come each model's best classes for every example, best first. What they
are compared with is for `errata.comparison`.
"""

import csv
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Float, Int, Integer, Shaped

from errata.array_files import load_array, naming_damage
from errata.arrays import RowFaults, as_class_names, check_rows, merge_faults
from errata.errors import ErrataWarning, FileError, PredictionError, unknown_name

TOP = 5
"""How many classes are kept of an array of probabilities."""

_FORMS = (
    "a mapping from model names to arrays, an .npz file with an array for each model, a folder of "
    ".npy files named for their models and of .npz files, one .npy file, or a .csv file with a "
    "column for each model"
)
_CHUNK = 1 << 22  # probabilities looked at in one go
_PREDS, _PROBS = "__preds", "__probs"


@dataclass(frozen=True)
class _Test:
    """The test set that the predictions must fit."""

    n: int
    n_classes: int
    classes: tuple[str, ...] | None


def read_predictions(
    source: object,
    *,
    n: int,
    n_classes: int,
    classes: Sequence[object] | None = None,
    ids: Sequence[str] | None = None,
) -> dict[str, Integer[np.ndarray, "n _answers"]]:
    """Return each model's best classes for every example, best first.

    Parameters
    ----------
    source : a mapping from model names to arrays, or a path

        - an ``.npz`` file: an array for each model; or, as the paper's authors publish theirs,
          ``<model>__preds`` with ``<model>__probs``, whose columns come in any order and are
          sorted by probability here (ties stay in the order of the columns);
        - a folder of ``.npy`` files named for their models, in order of their names, and of
          ``.npz`` files; what lies beside predictions is left out with a warning: ``labels.npy``,
          ``*.labels.npy`` and ``.csv`` files. Or one ``.npy`` file;
        - a ``.csv`` file: a column for each model, its cells class numbers or class names. With
          a column ``id`` rows may come in any order; else row ``i`` belongs to example ``i``.

        An array is one of

        - integers ``(n,)``, the best class, or ``(n, k)``, the best ``k``, best first;
        - class names, in the same shapes;
        - probabilities, floats ``(n, n_classes)``, of which the best five are kept (ties are
          settled by class number).
    n, n_classes : size of the test set and number of its classes
    classes : class names in class order; needed where predictions are names
    ids : the ids of the examples, for the ``id`` column of a ``.csv`` file; ``0..n-1`` if None

    Returns
    -------
    For each model, in the order of the source, ``(n, k)`` int32 with values in ``0..n_classes-1``

    Raises
    ------
    PredictionError
        The predictions do not fit the test set, or are no predictions.
    FileError
        A file is missing, cut short, of an unknown kind, or needs pickle.

    Warns
    -----
    ErrataWarning
        A file in a folder was left out.

    Examples
    --------
    >>> predictions = {"svm": [0, 2], "forest": [[0.2, 0.5, 0.3], [0.0, 0.0, 1.0]]}
    >>> read_predictions(predictions, n=2, n_classes=3)["forest"]
    array([[1, 2, 0],
           [2, 0, 1]], dtype=int32)
    """
    test = _Test(n, n_classes, None if classes is None else as_class_names(classes, n_classes))
    if isinstance(source, str | os.PathLike):
        return _read_path(Path(source), test, ids)
    if isinstance(source, Mapping):
        return _read_arrays(source, "predictions", test)
    raise PredictionError(
        f"Predictions are {type(source).__name__}, and it is not known of which model. Expected: "
        f'{_FORMS}. For one array write {{"model name": array}}.'
    )


def _read_path(
    path: Path, test: _Test, ids: Sequence[str] | None
) -> dict[str, Integer[np.ndarray, "n _k"]]:
    if path.is_dir():
        return _read_folder(path, test)
    if not path.exists():
        raise FileError(f"{path} does not exist. Predictions are {_FORMS}.")
    match path.suffix.lower():
        case ".npy":
            return _read_arrays({path.stem: load_array(path)}, str(path), test)
        case ".npz":
            return _read_archive(path, test)
        case ".csv":
            return _read_arrays(_read_csv(path, test, ids), str(path), test)
        case suffix:
            raise FileError(
                f"{path} has the ending {suffix!r}, which is no known kind of predictions. They "
                f"are {_FORMS}."
            )


def _read_archive(path: Path, test: _Test) -> dict[str, Integer[np.ndarray, "n _k"]]:
    with path.open("rb") as file:  # numpy.load would leave it open if it fails
        return _read_arrays(_Archive(path, file), str(path), test)


def _read_folder(folder: Path, test: _Test) -> dict[str, Integer[np.ndarray, "n _k"]]:
    """Return what the models answer whose ``.npy`` and ``.npz`` files lie in a folder."""
    arrays = sorted(folder.glob("*.npy"))
    labels = [file for file in arrays if file.stem == "labels" or file.stem.endswith(".labels")]
    models = {file.stem: load_array(file) for file in arrays if file not in labels}
    archives = sorted(folder.glob("*.npz"))
    if not models and not archives:
        raise FileError(
            f"The folder {folder} holds no .npy or .npz files with what models answer. Predictions "
            f"are {_FORMS}."
        )
    found = _read_arrays(models, str(folder), test) if models else {}
    for archive in archives:
        held = _read_archive(archive, test)
        if twice := found.keys() & held.keys():
            raise PredictionError(
                f"{archive} holds the model {min(twice)!r}, which another file there holds, "
                "too. Models need different names: take one of the two files out."
            )
        found |= held
    _tell_left_out(labels, "by its name it holds labels, which are no model's answers")
    _tell_left_out(sorted(folder.glob("*.csv")), "in a folder, .npy and .npz files are")
    return found


def _tell_left_out(files: Sequence[Path], why: str) -> None:
    for file in files:
        warnings.warn(f"{file} was not read as predictions: {why}.", ErrataWarning, stacklevel=5)


class _Archive(Mapping[str, object]):
    """The arrays of an ``.npz`` file, each read when it is asked for; damage is named."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        with naming_damage(self._path):
            self._arrays = np.load(file, allow_pickle=False)
        if not isinstance(self._arrays, np.lib.npyio.NpzFile):
            raise FileError(f"{path} is no .npz file; a single array belongs in a .npy file.")

    def __getitem__(self, name: str) -> object:
        if name not in self._arrays.files:
            raise KeyError(name)
        with naming_damage(self._path):
            return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays.files)

    def __len__(self) -> int:
        return len(self._arrays.files)


# ---------------------------------------------------------------- arrays


def _read_arrays(
    arrays: Mapping[Any, object], source: str, test: _Test
) -> dict[str, Integer[np.ndarray, "n _k"]]:
    found: dict[str, Integer[np.ndarray, "n _k"]] = {}
    for name in arrays:
        if not isinstance(name, str) or not name.strip():
            raise PredictionError(f"{source} has the model name {name!r}; names are words.")
        model, where = name.removesuffix(_PREDS), f"{source}[{name!r}]"
        if name.endswith(_PROBS) and name.removesuffix(_PROBS) + _PREDS in arrays:
            continue  # read together with its classes
        if name.endswith(_PROBS):
            raise PredictionError(
                f"{where} comes without {name.removesuffix(_PROBS) + _PREDS!r}, which would say "
                "which classes these probabilities are of. For probabilities of all classes leave "
                f"{_PROBS!r} out of the name."
            )
        if model in found or (model != name and model in arrays):
            raise PredictionError(f"{source} holds the model {model!r} twice, also as {name!r}.")
        top = _best_first(arrays[name], where, test)
        if test.n_classes == top.shape[1] == 2 and model == name and _whole(arrays[name]):
            raise PredictionError(
                f"{where} holds two whole numbers an example, which can be read as the two "
                "classes, best first, or as a mark of the right one. Give the best class alone, "
                "shape (n,), or probabilities as floating-point numbers, shape (n, 2)."
            )
        if model != name and model + _PROBS in arrays:
            top = _sort_columns(top, arrays[model + _PROBS], f"{source}[{model + _PROBS!r}]")
        found[model] = top
    if not found:
        raise PredictionError(f"{source} holds no model. Predictions are {_FORMS}.")
    return found


def _whole(answers: object) -> bool:
    return np.asarray(answers).dtype.kind in "iub"


def _best_first(answers: object, where: str, test: _Test) -> Integer[np.ndarray, "n _k"]:
    array = _as_array(answers, where)
    if array.ndim not in {1, 2} or array.size == 0:
        raise PredictionError(
            f"{where} has shape {array.shape}. Expected: the best class of each example, (n,), the "
            "best k, (n, k), or probabilities of all classes, (n, classes)."
        )
    if len(array) != test.n:
        raise PredictionError(
            f"{where} has {len(array):,} rows, but there are {test.n:,} examples. Row i must hold "
            "what the model answered for example i, with no example left out."
        )
    kind = array.dtype.kind
    if kind == "f":
        return _best_of_probabilities(array, where, test)
    table = array.reshape(test.n, -1)
    if kind == "U":
        table = _from_names(table, where, test)
    elif kind not in "iu":
        raise PredictionError(
            f"{where} has the type {array.dtype}. Class numbers (integers), class names or "
            "probabilities (floats) were expected."
        )
    return _checked_classes(table, where, test)


def _as_array(answers: object, where: str) -> Shaped[np.ndarray, "..."]:
    try:
        array = np.asarray(answers)
        if array.dtype.kind in "OT":  # from a table, perhaps all strings or all integers
            array = np.array(array.tolist())
    except ValueError as error:  # rows of different lengths
        raise PredictionError(f"{where} is no rectangular table: {error}.") from None
    if array.dtype.kind == "O":
        values = list(array.flat)
        odd = [i for i, value in enumerate(values) if not isinstance(value, str | int)]
        first = odd[0] if odd else 0
        raise PredictionError(
            f"{where}{_at(first, array)} is {values[first]!r} ({len(odd):,} answers are neither "
            "numbers nor names). Every example needs an answer."
        )
    return array


def _from_names(
    names: Shaped[np.ndarray, "n k"], where: str, test: _Test
) -> Int[np.ndarray, "n k"]:
    if test.classes is None:
        raise PredictionError(
            f"{where} holds names such as {str(names.flat[0])!r}, but the class names are not "
            "known. Give class numbers."
        )
    different, position = np.unique(names, return_inverse=True)
    number = {name: index for index, name in enumerate(test.classes)}
    codes = np.array([number.get(str(name), -1) for name in different])[
        position.reshape(names.shape)
    ]
    if (codes < 0).any():
        first = int((codes < 0).argmax())
        raise PredictionError(
            f"{where}{_at(first, names)}: {unknown_name('class', names.flat[first], test.classes)} "
            f"({int((codes < 0).sum()):,} answers are unknown.)"
        )
    return codes


def _checked_classes(
    table: Integer[np.ndarray, "n k"], where: str, test: _Test
) -> Int[np.ndarray, "n k"]:
    outside = (table < 0) | (table >= test.n_classes)
    if outside.any():
        first = int(outside.argmax())
        raise PredictionError(
            f"{where}{_at(first, table)} is {table.flat[first]}, but classes run from 0 to "
            f"{test.n_classes - 1} ({int(outside.sum()):,} answers are outside). If yours count "
            "from 1, subtract 1; every example needs an answer."
        )
    ordered = np.sort(table, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if twice.any():
        row = int(twice.argmax())
        one_hot = table.shape[1] == test.n_classes and table.max() <= 1
        raise PredictionError(
            f"{where}[{row}] is {table[row].tolist()}, which names a class twice "
            f"({int(twice.sum()):,} rows do). A row holds different classes, best first."
            + (" These look like one-hot rows: give array.argmax(axis=1)." if one_hot else "")
        )
    return table.astype(np.int32)


def _best_of_probabilities(
    probs: Float[np.ndarray, "..."], where: str, test: _Test
) -> Int[np.ndarray, "n _k"]:
    if probs.ndim == 1:
        raise PredictionError(
            f"{where} holds {probs.dtype} numbers such as {probs[0]:g}; class numbers are "
            "integers. If these are whole, use array.astype(int)."
        )
    if probs.shape[1] != test.n_classes:
        raise PredictionError(
            f"{where} has {probs.shape[1]} columns of {probs.dtype}, but there are "
            f"{test.n_classes} classes. Probabilities need a column for each class; the best few "
            "classes are integers."
        )
    top = np.empty((test.n, min(TOP, test.n_classes)), dtype=np.int32)
    faults = RowFaults(0)
    rows = max(1, _CHUNK // test.n_classes)
    for start in range(0, test.n, rows):
        chunk = np.array(probs[start : start + rows])
        faults = merge_faults(faults, check_rows(chunk, start))
        for column in range(top.shape[1]):
            best = chunk.argmax(axis=1)  # the first of equals
            top[start : start + rows, column] = best
            chunk[np.arange(len(chunk)), best] = -1
    _refuse_faults(faults, where)
    return top


def _refuse_faults(faults: RowFaults, where: str) -> None:
    way_on = (
        "Give probabilities (for logits: after a softmax), or the best classes as integers: "
        "array.argmax(axis=1)."
    )
    if faults.not_finite:
        row, count = faults.not_finite
        raise PredictionError(f"{where}[{row}] holds NaN or infinity ({count:,} rows do). {way_on}")
    if faults.negative:
        row, count = faults.negative
        raise PredictionError(f"{where}[{row}] is below 0 somewhere ({count:,} rows are). {way_on}")
    if faults.off:
        first, count = faults.off
        row, total = faults.sum_at
        raise PredictionError(
            f"{where}[{first}] does not sum to 1 ({count:,} rows do not; the furthest, [{row}], "
            f"sums to {total:.6g}). {way_on}"
        )


def _sort_columns(
    top: Int[np.ndarray, "n k"], probabilities: object, where: str
) -> Int[np.ndarray, "n k"]:
    probs = _as_array(probabilities, where)
    if probs.ndim == 1:
        probs = probs[:, np.newaxis]
    if probs.shape != top.shape or probs.dtype.kind != "f" or not np.isfinite(probs).all():
        raise PredictionError(
            f"{where} is {probs.dtype} of shape {probs.shape}. One finite float for each of its "
            f"classes, shape {top.shape}, was expected: it gives them their order."
        )
    order = np.argsort(-probs, axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def _at(flat: int, array: Shaped[np.ndarray, "..."]) -> str:
    row, *column = (int(index) for index in np.unravel_index(flat, array.shape))
    return f"[{row}]" if array.size == len(array) else str([row, *column])


# ---------------------------------------------------------------- tables


def _read_csv(
    path: Path, test: _Test, ids: Sequence[str] | None
) -> dict[str, Shaped[np.ndarray, "n"]]:
    header, lines, rows = _csv_rows(path)
    id_columns = [column for column, name in enumerate(header) if name.lower() == "id"]
    if id_columns:
        known = [str(index) for index in range(test.n)] if ids is None else list(ids)
        rows = _in_order_of_ids([row[id_columns[0]] for row in rows], lines, rows, known, path)
    return {
        name: _column([row[column] for row in rows], f"{path}[{name!r}]", test)
        for column, name in enumerate(header)
        if column not in id_columns
    }


def _csv_rows(path: Path) -> tuple[list[str], list[int], list[list[str]]]:
    """Return the header, and the rows with the line each ends on."""
    lines, rows = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            for row in reader:
                if row:
                    lines.append(reader.line_num)
                    rows.append([cell.strip() for cell in row])
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path} is no CSV file in UTF-8: {error}.") from None
    if not header:
        raise FileError(f"{path} is empty; a header with a column for each model was expected.")
    twice = [name for index, name in enumerate(header) if name in header[:index]]
    if twice:
        raise PredictionError(f"{path} has two columns {twice[0]!r}; models need different names.")
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(header):
            raise FileError(
                f"{path}, line {line} has {len(row)} cells, but the header has {len(header)}. The "
                "file may be cut short."
            )
        if "" in row:
            column = header[row.index("")]
            raise PredictionError(
                f"{path}, line {line}: the cell under {column!r} is empty. Every example needs an "
                "answer of every model."
            )
    return header, lines, rows


def _in_order_of_ids(
    found: Sequence[str],
    lines: Sequence[int],
    rows: Sequence[list[str]],
    known: Sequence[str],
    path: Path,
) -> list[list[str]]:
    position = {each: index for index, each in enumerate(known)}
    ordered: dict[int, list[str]] = {}
    for each, line, row in zip(found, lines, rows, strict=True):
        if each not in position:
            raise PredictionError(
                f"{path}, line {line}: there is no example with the id {each!r}. Ids look like "
                f"{known[0]!r}."
            )
        if position[each] in ordered:
            raise PredictionError(
                f"{path}, line {line}: the id {each!r} stands here a second time."
            )
        ordered[position[each]] = row
    absent = [index for index in range(len(known)) if index not in ordered]
    if absent:
        raise PredictionError(
            f"{path} has no row for the id {known[absent[0]]!r} ({len(absent):,} of {len(known):,} "
            "are absent). Every example needs an answer."
        )
    return [ordered[index] for index in range(len(known))]


def _column(cells: list[str], where: str, test: _Test) -> Shaped[np.ndarray, "n"]:
    """Return a column as class numbers or as class names, whichever its cells are."""
    different = set(cells)
    if not all(re.fullmatch(r"[+-]?[0-9]{1,18}", cell) for cell in different):
        return np.array(cells, dtype=str)
    if test.classes is not None and different <= set(test.classes):
        two_ways = sorted(cell for cell in different if test.classes.index(cell) != int(cell))
        if two_ways and any(not 0 <= int(cell) < test.n_classes for cell in different):
            return np.array(cells, dtype=str)
        if two_ways:
            raise PredictionError(
                f"{where} holds {two_ways[0]!r}, which is a class number and also the name of "
                f"class {test.classes.index(two_ways[0])}. Give the predictions as class numbers "
                "in a .npy or .npz file."
            )
    return np.array(cells, dtype=np.int64)
