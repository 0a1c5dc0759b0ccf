"""The one door: turns what users hand in into arrays, or says what is wrong with it.

Behind it a label is an integer in ``0..m-1``, probabilities are a float array of shape
``(n, m)``, class names and example ids are strings. Values of probabilities are checked
chunk by chunk while they are read for the first time (`check_rows`), so that files larger
than memory pass through the same door.
"""

import difflib
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Shaped

from errata.array_files import is_json, load_array, read_json, read_json_list
from errata.core.rows import bits
from errata.errors import InputError, LabelError, ProbabilityError, unknown_name

SUM_TOLERANCE = 1e-3
"""Rows whose sum is off by more than this are refused."""

_COLUMNS = "the probabilities have {} columns"

_SEVERAL = "Several labels for each example are for `errata.find_multilabel` (--multilabel)."

_CACHE_BYTES = 2**20
"""Rows gone through twice while they stay in a processor's cache; measured in benchmarks/."""

_ROUNDING = {2: 1e-3, 4: 1e-5, 8: 1e-5}
"""Deviation of a row sum that rounding alone explains, by bytes per number; beyond it one warns."""

Choice = TypeVar("Choice", bound=str)


# ---------------------------------------------------------------- words, labels, names, ids


def as_count(name: str, value: object) -> int | None:
    """Turn a number of things into an int; None stays None.

    Raises
    ------
    InputError
        It is no whole number, or below 1.

    Examples
    --------
    >>> as_count("count", np.int64(3)), as_count("count", None)
    (3, None)
    """
    if value is None:
        return None
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise InputError(f"{name} is {value!r}, but it counts things: a whole number was expected.")
    if value < 1:
        raise InputError(f"{name} is {value}, but it counts things: 1 or more was expected.")
    return int(value)


def as_choice(kind: str, word: str, known: Sequence[Choice]) -> Choice:
    """Return the known word that ``word`` is, or raise `NameUnknownError` with the nearest.

    Examples
    --------
    >>> as_choice("rule", "margin", ("margin", "class"))
    'margin'
    """
    for choice in known:
        if choice == word:
            return choice
    raise unknown_name(kind, word, known)


def as_class_names(classes: object, n_classes: int) -> tuple[str, ...]:
    """Return the class names as strings; ``"0".."m-1"`` when none are given.

    Raises
    ------
    LabelError
        The number of names is not ``n_classes``, a name stands twice, or is not valid Unicode.

    Examples
    --------
    >>> as_class_names(None, 3)
    ('0', '1', '2')
    """
    if classes is None:
        return tuple(str(index) for index in range(n_classes))
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise LabelError(
            f"The class names are {classes!r}; a list with one name for each of the {n_classes} "
            "columns was expected."
        )
    names = tuple("" if _is_missing(name) else str(name) for name in classes)
    if "" in names:
        raise LabelError(f"The name of class {names.index('')} is missing; every class needs one.")
    if len(names) != n_classes:
        raise LabelError(
            f"There are {len(names)} class names, but the probabilities have {n_classes} columns. "
            "Give one name for each column, in the order of the columns."
        )
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise LabelError(f"The class name {twice!r} stands twice; class names must differ.")
    check_all_unicode(names, "The name of class {} is".format)
    return names


def check_unicode(name: str, which: str) -> None:
    """Refuse a name with half of a character: no file, page or database would take it.

    ``which`` begins the message, such as ``"The name of the audit is"``.
    """
    if not _is_unicode(name):
        raise LabelError(f"{which} {name!r}, which is not valid Unicode: {_NOT_UNICODE}")


def check_all_unicode(names: Sequence[str], at: Callable[[int], str]) -> None:
    """Refuse names as `check_unicode` does; ``at`` begins the message about one of them."""
    if _is_unicode("".join(names)):
        return
    broken = [i for i, name in enumerate(names) if not _is_unicode(name)]
    raise LabelError(
        f"{at(broken[0])} {names[broken[0]]!r}, which is not valid Unicode ({len(broken):,} of "
        f"{len(names):,} are not): {_NOT_UNICODE}"
    )


_NOT_UNICODE = (
    "it was cut inside a character, or is the name of a file that is not UTF-8. Rename that, or "
    "give another name."
)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_labels(
    labels: object,
    *,
    n_classes: int,
    n: int | None = None,
    classes: Sequence[object] | None = None,
    known_by: str = _COLUMNS,
    hint: Callable[[bool], str] | None = None,
) -> Int[np.ndarray, "n"]:
    """Turn labels into integers.

    They may be integers, strings with class names, or the path of an array or JSON file of either.

    Parameters
    ----------
    labels : sequence, array or path, shape ``(n,)``
    n_classes : labels run from 0 to ``n_classes - 1``
    n : how many there must be, if known
    classes : class names in class order; needed when labels are strings
    known_by : where the number of classes is known from, for messages
    hint : returns a sentence for the message where there are not ``n``, but more (or fewer)

    Returns
    -------
    ``(n,)`` int64

    Raises
    ------
    LabelError
        Labels are missing, out of range, no whole numbers, unknown names, or of the wrong number.

    Examples
    --------
    >>> as_labels(["cat", "dog", "cat"], n_classes=2, classes=["cat", "dog"])
    array([0, 1, 0])
    """
    if isinstance(labels, str | os.PathLike) and is_json(labels):
        labels = read_json_list(labels)
    array = _as_column(labels, "labels")
    if array.dtype.kind in "UST" and isinstance(labels, list | tuple):
        array = np.array(labels, object)  # numpy has turned numbers among strings into strings
    if array.ndim != 1:
        raise LabelError(
            f"labels has shape {array.shape}; one label for each example, shape (n,), was "
            "expected. "
            + ("Use labels.ravel()." if array.size == max(array.shape, default=0) else _SEVERAL)
        )
    if len(array) == 0:
        raise LabelError(
            "There are no labels: the set has zero examples, so there is nothing to audit."
        )
    _check_number(len(array), n, hint)
    return _codes(array, n_classes, classes, known_by=known_by, at="labels[{}] is".format)


def as_given(
    labels: object,
    *,
    n_classes: int,
    n: int,
    classes: Sequence[object] | None = None,
    hint: Callable[[bool], str] | None = None,
) -> Integer[np.ndarray, "n"]:
    """Turn labels into integers of any type, as `as_labels`, without a copy of those that are.

    An array of integers stays as it is, and one in a file stays there.

    Examples
    --------
    >>> as_given(np.array([0, 1], np.uint8), n_classes=2, n=2)
    array([0, 1], dtype=uint8)
    """
    array = load_array(labels) if isinstance(labels, str | os.PathLike) else labels
    if (
        isinstance(array, np.ndarray)
        and not isinstance(array, np.ma.MaskedArray)
        and array.dtype.kind in "iu"
        and array.shape == (n,) != (0,)
        and array.min() >= 0
        and array.max() < n_classes
    ):
        return array
    codes = as_labels(array, n_classes=n_classes, n=n, classes=classes, hint=hint)
    return codes.astype(np.min_scalar_type(n_classes - 1))


def _check_number(found: int, n: int | None, hint: Callable[[bool], str] | None = None) -> None:
    if n is not None and found != n:
        more = "more labels than rows" if found > n else "fewer labels than rows"
        raise LabelError(
            f"There are {found:,} labels for {n:,} rows of probabilities ({more}). "
            "Row i of the probabilities must belong to label i."
            + (f" {told}" if hint and (told := hint(found > n)) else "")
        )


def _codes(
    array: Shaped[np.ndarray, "n"],
    n_classes: int,
    classes: Sequence[object] | None,
    *,
    known_by: str,
    at: Callable[[int], str],
) -> Int[np.ndarray, "n"]:
    """Return class numbers; ``at`` says in messages where a label stands."""
    if array.dtype.kind == "O":
        array = _from_objects(array, at)
    if array.dtype.kind in "UST":
        return _from_names(array.astype(str), classes, n_classes, at)
    if array.dtype.kind == "f":
        raise _float_labels(array)
    if array.dtype.kind not in "iub":
        raise LabelError(f"labels has dtype {array.dtype}; integers or class names were expected.")
    outside = (array < 0) | (array >= n_classes)
    if outside.any():
        first = int(outside.argmax())
        raise LabelError(
            f"{at(first)} {array[first]}, but {known_by.format(n_classes)}, so "
            f"labels run from 0 to {n_classes - 1} ({int(outside.sum()):,} of {len(array):,} are "
            "outside). If your labels count from 1, subtract 1; if they are names, give `classes`."
        )
    return array.astype(np.int64)


def as_label_sets(
    labels: object,
    *,
    n_classes: int,
    n: int | None = None,
    classes: Sequence[object] | None = None,
    known_by: str = _COLUMNS,
) -> Bool[np.ndarray, "n classes"]:
    """Turn several labels per example into a matrix that says which apply to which example.

    Parameters
    ----------
    labels : for each example a list of class numbers, or of names with ``classes``, empty where
        no label applies; or a matrix ``(n, m)`` of 0 and 1 or booleans; or the path of a ``.json``
        or array file of either
    n_classes : how many there are, m
    n : how many examples there must be, if known
    classes : class names in class order; needed when labels are strings
    known_by : where the number of classes is known from, for messages

    Returns
    -------
    ``(n, m)`` booleans

    Raises
    ------
    LabelError
        A list is missing or no list, a label is out of range, unknown, or stands twice in one
        list, or a matrix has the wrong shape or other values.
    FileError
        The file is missing or cannot be read.

    Examples
    --------
    >>> as_label_sets([["cat"], [], ["dog", "cat"]], n_classes=2, classes=["cat", "dog"])
    array([[ True, False],
           [False, False],
           [ True,  True]])
    """
    if isinstance(labels, str | os.PathLike):
        labels = read_json(labels) if is_json(labels) else load_array(labels)
    if not isinstance(labels, list | tuple):
        array = np.asarray(labels)
        if array.ndim == 2:
            return _label_matrix(array, n_classes, n, known_by)
        if array.ndim != 1:
            raise LabelError(
                f"labels has shape {array.shape}; a list of labels for each example, or a matrix "
                "of 0 and 1 of shape (n, m), was expected."
            )
        labels = array.tolist() if array.dtype.kind != "O" else list(array)
    if not labels:
        raise LabelError(
            "There are no labels: the set has zero examples, so there is nothing to audit."
        )
    rows = [_label_row(row, index) for index, row in enumerate(labels)]
    sets = any(isinstance(row, AbstractSet) for row in labels)
    if not sets and _are_matrix_rows(rows, n_classes):
        return _label_matrix(np.array(rows), n_classes, n, known_by)
    _check_number(len(rows), n)
    where = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    flat = np.fromiter((label for row in rows for label in row), object, len(where))
    matrix = np.zeros((len(rows), n_classes), bool)
    if len(flat):
        codes = _codes(
            flat, n_classes, classes, known_by=known_by, at=lambda k: f"labels[{where[k]}] holds"
        )
        matrix[where, codes] = True
        _check_no_label_twice(where, codes, n_classes)
    return matrix


def _label_row(row: object, index: int) -> list[object]:
    if _is_missing(row):
        raise LabelError(
            f"labels[{index}] is missing. An example to which no label applies has an empty list, "
            "[]; leave unlabelled examples out of the set, in labels and in probabilities alike."
        )
    scalar = isinstance(row, np.ndarray) and row.ndim == 0
    if scalar or isinstance(row, str | bytes | Mapping) or not isinstance(row, Iterable):
        raise LabelError(
            f"labels[{index}] is {row!r}; a list of the labels that apply to the example was "
            "expected. A set with one label for each example is for `errata.find`."
        )
    values = row.tolist() if isinstance(row, np.ndarray) else list(row)
    missing = [place for place, value in enumerate(values) if _is_missing(value)]
    if missing:
        raise LabelError(f"labels[{index}][{missing[0]}] is missing; leave out what is no label.")
    return values


def _are_matrix_rows(rows: list[list[object]], n_classes: int) -> bool:
    """Tell whether lists are the rows of a matrix of 0 and 1, not lists of class numbers.

    With three classes or more such a row, read as class numbers, would hold one twice.
    """

    def is_bits(row: list[object]) -> bool:
        zero_or_one = (isinstance(value, Integral) and value in {0, 1} for value in row)
        return len(row) == n_classes and all(zero_or_one)

    other = next((index for index, row in enumerate(rows) if not is_bits(row)), None)
    if other is not None:
        for index, row in enumerate(rows):
            if any(isinstance(value, bool) for value in row):
                raise LabelError(
                    f"labels[{index}] holds booleans, but labels[{other}] has not one for each of "
                    f"the {n_classes} classes, as the rows of a matrix do."
                )
        return False
    if any(isinstance(row[0], bool) or row.count(row[0]) > 1 for row in rows):
        return True
    raise LabelError(
        f"labels can be read in two ways: each list is {rows[0]}, or the other way round, which "
        "may be class numbers or a row of 0 and 1. For class numbers use [set(row) for row in "
        "labels], for a matrix numpy.array(labels); in JSON use class names, or true and false."
    )


def _label_matrix(
    array: Shaped[np.ndarray, "n _columns"], n_classes: int, n: int | None, known_by: str
) -> Bool[np.ndarray, "n classes"]:
    if array.dtype.kind not in "biuf":
        raise LabelError(
            f"labels is a matrix of {array.dtype}; a matrix of 0 and 1, or a list of labels for "
            "each example, was expected."
        )
    if len(array) == 0:
        raise LabelError(
            "There are no labels: the set has zero examples, so there is nothing to audit."
        )
    _check_number(len(array), n)
    if array.shape[1] != n_classes:
        raise LabelError(
            f"labels has shape {array.shape}, but {known_by.format(n_classes)}. A matrix of labels "
            f"has {n_classes} columns; class numbers stand in lists, one list for each example."
        )
    odd = (array != 0) & (array != 1)
    if odd.any():
        row, column = np.unravel_index(odd.argmax(), odd.shape)
        raise LabelError(
            f"labels[{row}, {column}] is {array[row, column]}; a matrix of labels holds 0 and 1 "
            f"({int(odd.sum()):,} of {odd.size:,} entries are neither)."
        )
    return array.astype(bool)


def _check_no_label_twice(
    where: Int[np.ndarray, "labels"], codes: Int[np.ndarray, "labels"], n_classes: int
) -> None:
    entries, times = np.unique(where * n_classes + codes, return_counts=True)
    if len(entries) < len(codes):
        row, code = divmod(int(entries[times > 1][0]), n_classes)
        raise LabelError(
            f"labels[{row}] holds class {code} twice ({int((times > 1).sum()):,} labels stand in "
            "their list more than once). Use [set(row) for row in labels]; if these are rows of 0 "
            f"and 1, each needs {n_classes} entries, one for each class."
        )


def _from_objects(
    array: Shaped[np.ndarray, "n"], at: Callable[[int], str]
) -> Shaped[np.ndarray, "n"]:
    values = array.tolist()
    missing = [i for i, value in enumerate(values) if _is_missing(value)]
    if missing:
        raise _missing_labels(missing[0], len(missing), len(values))
    if all(isinstance(value, str) for value in values):
        return np.array(values, dtype=str)
    if all(isinstance(value, Integral) for value in values):
        try:
            return np.array(values, dtype=np.int64)
        except OverflowError:
            raise LabelError("labels holds integers beyond 64 bits.") from None
    like = str if isinstance(values[0], str) else Integral
    odd = next(row for row, value in enumerate(values) if not isinstance(value, like))
    raise LabelError(
        f"{at(odd)} {values[odd]!r}, of type {type(values[odd]).__name__}; all labels must "
        "be integers, or all must be class names."
    )


def _as_column(values: object, what: str) -> Shaped[np.ndarray, "..."]:
    if isinstance(values, str | os.PathLike):
        return load_array(values)
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        masked = np.ma.getmaskarray(values).ravel()
        raise LabelError(
            f"{what}[{int(masked.argmax())}] is masked ({int(masked.sum()):,} of {len(masked):,} "
            "are). Leave such examples out, in labels and in probabilities alike."
        )
    try:
        array = np.asarray(values)
        return array.astype(str) if array.dtype.kind == "S" else array
    except ValueError as error:  # ragged lists, and bytes that are no text
        way_on = f". {_SEVERAL}" if what == "labels" else ""
        raise LabelError(f"{what} is no plain list: {error}{way_on}") from None


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _from_names(
    array: Shaped[np.ndarray, "n"],
    classes: Sequence[object] | None,
    n_classes: int,
    at: Callable[[int], str],
) -> Int[np.ndarray, "n"]:
    empty = array == ""
    if empty.any():
        raise _missing_labels(int(empty.argmax()), int(empty.sum()), len(array))
    if classes is None:
        raise LabelError(
            f"{at(0)} the string {str(array[0])!r}, but no class names were given. Give "
            "`classes` (--classes): the names in the order of the probability columns."
        )
    names = as_class_names(classes, n_classes)
    found, where = np.unique(array, return_inverse=True)
    position = {name: index for index, name in enumerate(names)}
    codes = np.array([position.get(str(name), -1) for name in found], dtype=np.int64)[where]
    unknown = codes < 0
    if unknown.any():
        row = int(unknown.argmax())
        near = difflib.get_close_matches(str(array[row]), names, n=1)
        raise LabelError(
            f"{at(row)} {str(array[row])!r}, which is none of the {n_classes} class names "
            f"({int(unknown.sum()):,} labels are unknown)."
            + (
                f" Did you mean {near[0]!r}?"
                if near
                else f" The first names are {list(names[:5])}."
            )
        )
    return codes


def _float_labels(array: Shaped[np.ndarray, "n"]) -> LabelError:
    missing = np.isnan(array)
    if missing.any():
        return _missing_labels(int(missing.argmax()), int(missing.sum()), len(array))
    whole = bool((array == np.floor(array)).all())
    row = 0 if whole else int((array != np.floor(array)).argmax())
    return LabelError(
        f"labels are {array.dtype} (labels[{row}] is {array[row]}); class numbers are integers. "
        + ("Use labels.astype(int)." if whole else "Labels with fractions are no class numbers.")
    )


def _missing_labels(first: int, count: int, n: int) -> LabelError:
    return LabelError(
        f"labels[{first}] is missing ({count:,} of {n:,} are). Leave unlabelled examples out of "
        "the set, in labels and in probabilities alike."
    )


def as_ids(ids: object, n: int) -> Shaped[np.ndarray, "n"]:
    """Turn example ids into an array of ``n`` different strings.

    Raises
    ------
    LabelError
        There are not ``n``, one is missing, stands twice, or is not valid Unicode.

    Examples
    --------
    >>> as_ids([7, 3], 2).tolist()
    ['7', '3']
    """
    array = _as_column(ids, "ids")
    if array.shape != (n,):
        raise LabelError(
            f"ids has shape {array.shape}; one id for each of the {n:,} examples was expected."
        )
    values = ["" if _is_missing(value) else str(value) for value in array.tolist()]
    texts = np.array(values, dtype=str)
    if (texts == "").any():
        raise LabelError(
            f"ids[{int((texts == '').argmax())}] is missing; every example needs an id."
        )
    order = np.argsort(texts, kind="stable")
    same = texts[order[1:]] == texts[order[:-1]]
    if same.any():
        first, second = order[int(same.argmax())], order[int(same.argmax()) + 1]
        raise LabelError(
            f"ids[{first}] and ids[{second}] are both {str(texts[first])!r} ({int(same.sum()):,} "
            "ids are duplicates); ids must differ."
        )
    check_all_unicode(values, "ids[{}] is".format)
    return texts


# ---------------------------------------------------------------- probabilities


def as_probs(probs: object) -> Float[np.ndarray, "n classes"]:
    """Turn probabilities (an array, anything NumPy can read, or a path) into a float array.

    Files are memory-mapped, float16, float32 and float64 are kept as they are. The values
    are not looked at here: see `check_rows`.

    Raises
    ------
    ProbabilityError
        The shape is not ``(n, m)`` with ``n >= 1`` and ``m >= 2``, or these are no numbers.
    FileError
        See `load_array`.
    """
    array = load_array(probs) if isinstance(probs, str | os.PathLike) else _to_array(probs)
    if array.ndim != 2:
        if array.ndim == 1 and array.dtype.kind in "iuUS":
            way_on = " These look like labels: are labels and probabilities swapped?"
        elif array.ndim == 1:
            way_on = " For two classes stack them: numpy.stack([1 - p, p], axis=1)."
        else:
            way_on = ""
        raise ProbabilityError(
            f"probs has shape {array.shape}; one row for each example and one column for each "
            f"class, shape (n, m), was expected.{way_on}"
        )
    n, m = array.shape
    if n == 0:
        raise ProbabilityError(
            "probs has zero rows: the set has zero examples, so there is nothing to audit."
        )
    if m < 2:
        raise ProbabilityError(
            f"probs has {m} column{'s' * (m != 1)}: with one class no label can be wrong. Two "
            "classes need two columns: numpy.hstack([1 - p, p])."
        )
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise ProbabilityError(
            f"probs has dtype {array.dtype}; floating-point numbers were expected."
        )
    if array.dtype.itemsize > 8:
        return array.astype(np.float64)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _to_array(probs: object) -> Shaped[np.ndarray, "..."]:
    if isinstance(probs, np.ma.MaskedArray) and np.ma.getmaskarray(probs).any():
        row = int(np.ma.getmaskarray(probs).reshape(len(probs), -1).any(axis=1).argmax())
        raise ProbabilityError(
            f"probs[{row}] is masked somewhere. Every example needs a probability for every class: "
            "leave such examples out, in labels and in probabilities alike."
        )
    try:
        return np.asarray(probs)
    except ValueError as error:
        raise ProbabilityError(f"probs is no rectangular table of numbers: {error}") from None


@dataclass(frozen=True)
class RowFaults:
    """What is wrong with the rows of some chunks: how many, and the first row of each kind."""

    rows: int
    not_finite: tuple[int, int] | None = None  # first row, count
    negative: tuple[int, int] | None = None
    off: tuple[int, int] | None = None  # row sum further from 1 than `SUM_TOLERANCE`
    all_zero: tuple[int, int] | None = None
    deviation: float = 0.0  # the largest |sum - 1|
    sum_at: tuple[int, float] = (0, 1.0)  # the row of that deviation, and its sum


def largest(
    probs: Float[np.ndarray, "rows classes"],
) -> tuple[Int[np.ndarray, "rows"], Float[np.ndarray, "rows"], Float[np.ndarray, "rows"] | None]:
    """Return the column of the largest number of each row, that number, and the sum in float64.

    Floats from 0 up order like their bit patterns, and negative ones, infinity and NaN have
    larger patterns than all of these. So one look at the patterns, as integers, finds the
    largest and tells whether every number of the chunk is finite and not negative. Where not
    (or where a row holds -0.0) columns and numbers are of no use, and None stands for the sums.

    Examples
    --------
    >>> largest(np.array([[0.2, 0.8], [0.5, 0.5]]))
    (array([1, 0]), array([0.8, 0.5]), array([1., 1.]))
    >>> largest(np.array([[0.2, 0.8], [0.5, -0.5]]))[2] is None
    True
    """
    half = probs.dtype.itemsize == 2
    top = np.empty(len(probs), np.intp)
    sums = np.empty(len(probs), np.float64 if probs.dtype.itemsize == 8 else np.float32)
    rows = max(1, _CACHE_BYTES // (probs.shape[1] * max(4, probs.dtype.itemsize)))  # as widened
    wide = np.empty((rows if half else 0, probs.shape[1]), np.uint32)
    for start in range(0, len(probs), rows):
        some: Float[np.ndarray, "_some classes"] = probs[start : start + rows]
        patterns = bits(some)
        if half:
            # Processors add no float16, and converting is slow. But its bits, moved to the places
            # that exponent and fraction have in float32, are the same number times 2**-112, and
            # as signed integers, which compare faster, they keep the order of all patterns.
            moved = np.left_shift(patterns, np.uint32(13), out=wide[: len(some)], dtype=np.uint32)
            some, patterns = moved.view(np.float32), moved.view(np.int32)
        patterns.argmax(axis=1, out=top[start : start + rows])
        # faster than sum(axis=1)
        sums[start : start + rows] = np.einsum("ij->i", some)
    found = probs[np.arange(len(probs)), top]
    if np.signbit(found).any() or not found.max() < np.inf:
        return top, found, None
    return top, found, sums.astype(np.float64) * (2.0**112 if half else 1)


def check_rows(
    probs: Float[np.ndarray, "rows classes"],
    start: int,
    *,
    sums: Float[np.ndarray, "rows"] | None = None,
    partial: bool = False,
) -> RowFaults:
    """Check one chunk that begins at row ``start``; cheap where nothing is wrong.

    Parameters
    ----------
    sums : of each row, where all numbers are known to be finite and not negative, from `largest`
    partial : a row holds some of its example's probabilities, which sum to 1 at most
    """
    in_order = sums is not None
    with np.errstate(invalid="ignore", over="ignore"):
        if sums is None:
            narrow = np.float32 if probs.dtype.itemsize == 2 else probs.dtype
            sums = np.einsum("ij->i", probs, dtype=narrow).astype(np.float64)
        deviations = np.abs(sums - 1)
    if partial:
        deviations[(sums > 0) & (sums < 1)] = 0
    worst = int(np.argmax(deviations))  # NaN, if any, is the argmax
    if deviations[worst] <= SUM_TOLERANCE and in_order:
        return RowFaults(
            len(probs),
            deviation=float(deviations[worst]),
            sum_at=(start + worst, float(sums[worst])),
        )
    finite = np.isfinite(probs).all(axis=1)
    negative = (probs < 0).any(axis=1)
    off = finite & ~(deviations <= SUM_TOLERANCE)
    sums[~finite], deviations[~finite] = 1, 0
    worst = int(np.argmax(deviations))
    return RowFaults(
        len(probs),
        not_finite=_first_and_count(~finite, start),
        negative=_first_and_count(negative, start),
        off=_first_and_count(off, start),
        all_zero=_first_and_count((probs == 0).all(axis=1), start),
        deviation=float(deviations[worst]),
        sum_at=(start + worst, float(sums[worst])),
    )


def _first_and_count(mask: Any, start: int) -> tuple[int, int] | None:
    count = int(mask.sum())
    return (start + int(mask.argmax()), count) if count else None


def first_unusable(faults: RowFaults, *, normalize: bool) -> int | None:
    """Return the first row that `report_faults` raises for, None where it will not."""
    off = faults.all_zero if normalize else faults.off
    found = [fault[0] for fault in (faults.not_finite, faults.negative, off) if fault is not None]
    return found[0] if found else None


def unusable(faults: RowFaults, *, normalize: bool) -> bool:
    """Tell whether `report_faults` will raise for these rows."""
    return first_unusable(faults, normalize=normalize) is not None


def merge_faults(a: RowFaults, b: RowFaults) -> RowFaults:
    """Merge the faults of earlier rows ``a`` with those of later rows ``b``."""

    def merged(
        first: tuple[int, int] | None, second: tuple[int, int] | None
    ) -> tuple[int, int] | None:
        if first is None or second is None:
            return first or second
        return (first[0], first[1] + second[1])

    worse = b if b.deviation > a.deviation else a
    return RowFaults(
        a.rows + b.rows,
        not_finite=merged(a.not_finite, b.not_finite),
        negative=merged(a.negative, b.negative),
        off=merged(a.off, b.off),
        all_zero=merged(a.all_zero, b.all_zero),
        deviation=worse.deviation,
        sum_at=worse.sum_at,
    )


def report_faults(faults: RowFaults, dtype: np.dtype[Any], *, normalize: bool) -> tuple[str, ...]:
    """Raise for rows that cannot be used; return the warnings for rows that can.

    Raises
    ------
    ProbabilityError
        A probability is NaN, infinite or negative, or a row does not sum to 1.
    """
    _report_unusable(faults, "a softmax")
    if normalize and faults.all_zero:
        row, count = faults.all_zero
        raise ProbabilityError(
            f"probs[{row}] is all zeros ({count:,} of {faults.rows:,} rows are), so it cannot be "
            "normalized: mend the model's output, or leave these examples out."
        )
    if normalize:
        return ()
    row, total = faults.sum_at
    if faults.off:
        first, count = faults.off
        raise ProbabilityError(
            f"{count:,} of {faults.rows:,} rows of probs do not sum to 1 (first probs[{first}]; "
            f"furthest probs[{row}], which sums to {total:.6g}). Use normalize=True (--normalize) "
            "to divide each row by its sum; if these are logits, apply a softmax first."
        )
    if faults.deviation > _ROUNDING[dtype.itemsize]:
        warning = (
            f"Rows of probs do not sum exactly to 1: the largest deviation is "
            f"{faults.deviation:.2g}, at probs[{row}]. They are used as they are; normalize=True "
            "(--normalize) divides each row by its sum."
        )
        return (warning,)
    return ()


def _report_unusable(faults: RowFaults, for_logits: str) -> None:
    if faults.not_finite:
        row, count = faults.not_finite
        raise ProbabilityError(
            f"probs[{row}] holds NaN or infinity ({count:,} of {faults.rows:,} rows do). Every "
            "example needs a probability for every class: mend the model's output, or leave these "
            "examples out."
        )
    if faults.negative:
        row, count = faults.negative
        raise ProbabilityError(
            f"probs[{row}] holds a negative number ({count:,} of {faults.rows:,} rows do). "
            f"Probabilities lie between 0 and 1; if these are logits, apply {for_logits} first."
        )


def check_each(probs: Float[np.ndarray, "rows classes"], start: int) -> RowFaults:
    """Check one chunk of probabilities that stand each on its own, whose rows have any sum.

    What is ``off`` here is a number beyond 1, and ``deviation`` how far it is beyond.
    """
    with np.errstate(invalid="ignore"):
        top = probs.max(axis=1).astype(np.float64)
        finite = np.isfinite(probs).all(axis=1)
        negative = (probs < 0).any(axis=1)
    top[~finite] = 0
    worst = int(top.argmax())
    return RowFaults(
        len(probs),
        not_finite=_first_and_count(~finite, start),
        negative=_first_and_count(negative, start),
        off=_first_and_count(top > 1 + SUM_TOLERANCE, start),
        deviation=max(0.0, float(top[worst]) - 1),
        sum_at=(start + worst, float(top[worst])),
    )


def report_each(faults: RowFaults, dtype: np.dtype[Any]) -> tuple[str, ...]:
    """Raise for probabilities, each on its own, that cannot be used; return the warnings.

    Raises
    ------
    ProbabilityError
        A probability is NaN, infinite or negative, or beyond 1.
    """
    _report_unusable(faults, "a sigmoid")
    row, top = faults.sum_at
    if faults.off:
        first, count = faults.off
        raise ProbabilityError(
            f"{count:,} of {faults.rows:,} rows of probs hold a number beyond 1 (first "
            f"probs[{first}]; furthest probs[{row}], with {top:.6g}). Each is the probability that "
            "a label applies, from 0 to 1; if these are logits, apply a sigmoid first."
        )
    if faults.deviation > _ROUNDING[dtype.itemsize]:
        warning = (
            f"probs[{row}] holds {top:.6g}, a little beyond 1. Such probabilities are used as they "
            "are."
        )
        return (warning,)
    return ()


def missing_classes_warning(
    counts: Integer[np.ndarray, "classes"], names: Sequence[str]
) -> tuple[str, ...]:
    """Return a warning that names the classes without examples, or nothing."""
    empty = [names[index] for index in np.flatnonzero(counts == 0).tolist()]
    if not empty:
        return ()
    listed = ", ".join(empty[:10]) + (f" and {len(empty) - 10} more" if len(empty) > 10 else "")
    few = "1 class has" if len(empty) == 1 else f"{len(empty)} classes have"
    return (f"{few} no examples: {listed}. No example can be confidently placed there.",)
