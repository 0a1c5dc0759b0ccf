"""Columns of labels in CSV and Parquet files, gathered while they are read.

A column of names takes a byte or two for each label. Arrow is heavy: what needs this module
imports it where it needs it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Shaped
from pyarrow import compute, csv, types

from errata.errors import FileError, LabelError, unknown_name
from errata.sources.parquet import opened
from errata.sources.places import Place

_USUAL = ("label", "labels", "given", "class")
_BATCH = 2**17
_MOST_NAMES = 2**20
"""More different names than this are ids or texts, and would fill the memory."""

Values = Any
"""An Arrow array."""

Gathered = tuple[Shaped[np.ndarray, "n"], tuple[str, ...] | None]
"""Numbers, or the places of names among all the different names, which come with them."""


def read_parquet(places: Sequence[Place], column: str | None) -> Gathered:
    """Return a column of labels of Parquet files.

    Parameters
    ----------
    column : its name; without it, the only one, or one that is called as labels usually are

    Raises
    ------
    LabelError, NameUnknownError
        A label is missing, there is no such column, or it is not clear which is meant.
    FileError
        A file is cut short, damaged or no Parquet file.

    Examples
    --------
    >>> import tempfile
    >>> import pyarrow.parquet
    >>> from errata.sources.places import place_of
    >>> path = tempfile.mkdtemp() + "/labels.parquet"
    >>> pyarrow.parquet.write_table(pa.table({"id": ["a", "b"], "label": [1, 300]}), path)
    >>> read_parquet([place_of(path)], None)
    (array([  1, 300], dtype=uint16), None)
    """
    return gather(values for place in places for values in _parquet_values(place, column))


def read_csv(
    places: Sequence[Place], column: str | None, class_names: Sequence[str] | None
) -> Gathered:
    r"""Return a column of labels of CSV files, or of TSV files by their ending.

    Where all cells are whole numbers, they are class numbers; but class names where only that is
    possible.

    Parameters
    ----------
    column : its name; without it, the only one, or one that is called as labels usually are
    class_names : in class order, if they are known

    Raises
    ------
    LabelError, NameUnknownError
        A label is missing, there is no such column, or it is not clear which is meant, or what the
        numbers mean.
    FileError
        A file is no table in UTF-8.

    Examples
    --------
    >>> import pathlib
    >>> import tempfile
    >>> from errata.sources.places import place_of
    >>> path = pathlib.Path(tempfile.mkdtemp(), "labels.csv")
    >>> _ = path.write_text("label\n1\n0\n")
    >>> read_csv([place_of(path)], None, None)
    (array([1, 0], dtype=uint8), None)
    """
    codes, names = gather(values for place in places for values in _csv_values(place, column))
    if names is None:  # no rows
        return codes, None
    numbers = [number for name in names if (number := _whole(name)) is not None]
    if len(numbers) < len(names) or _are_names(names, numbers, class_names):
        return codes, names
    table = np.array(numbers, smallest_type(min(numbers), max(numbers)))
    return table[codes], None


def _are_names(
    names: Sequence[str], numbers: Sequence[int], class_names: Sequence[str] | None
) -> bool:
    """Tell whether whole numbers are the names of classes, and cannot be their numbers."""
    place = {name: index for index, name in enumerate(class_names or ())}
    if not all(name in place for name in names):
        return False
    two_ways = [name for name, number in zip(names, numbers, strict=True) if place[name] != number]
    if two_ways and all(0 <= number < len(place) for number in numbers):
        raise LabelError(
            f"The labels hold {two_ways[0]!r}, which is a class number and also the name of class "
            f"{place[two_ways[0]]}. Give the labels as class numbers in an .npy file."
        )
    return bool(two_ways)


def _whole(text: str) -> int | None:
    """Return the whole number that is written so, and in no other way; "07" is a name."""
    try:
        number = int(text)
    except ValueError:
        return None
    return number if str(number) == text else None


# ---------------------------------------------------------------- columns of files


def _parquet_values(place: Place, column: str | None) -> Iterator[Values]:
    with opened(place) as file:
        chosen = _choose(file.schema_arrow.names, column, place.name)
        kind = file.schema_arrow.field(chosen).type
        kind = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
        text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
        number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
        if not text and not number:
            raise LabelError(
                f"The column {chosen!r} of {place.name} is {kind}; integers or class names were "
                "expected."
            )
        for batch in file.iter_batches(_BATCH, columns=[chosen], use_threads=False):
            values = batch.column(batch.schema.get_field_index(chosen)).cast(kind)
            if text:
                yield values.cast(pa.string()).fill_null("").dictionary_encode()
            else:
                yield values.cast(pa.uint8()) if types.is_boolean(kind) else values


def _csv_values(place: Place, column: str | None) -> Iterator[Values]:
    tabs = place.name.lower().endswith(".tsv")
    parse = csv.ParseOptions(delimiter="\t" if tabs else ",", newlines_in_values=True)
    try:
        with place.open() as file, csv.open_csv(file, parse_options=parse) as reader:
            names = reader.schema.names
        chosen = _choose(names, column, place.name)
        if column is None and _whole(chosen) is not None:
            raise LabelError(
                f"The first line of {place.name} is {chosen!r}, where the name of the column was "
                "expected. Write 'label' above the labels."
            )
        convert = csv.ConvertOptions(
            include_columns=[chosen], column_types={chosen: pa.string()}, strings_can_be_null=False
        )
        with (
            place.open() as file,
            csv.open_csv(file, parse_options=parse, convert_options=convert) as reader,
        ):
            for batch in reader:
                values = batch.column(0).dictionary_encode()
                trimmed = compute.utf8_trim_whitespace(values.dictionary)
                yield pa.DictionaryArray.from_arrays(values.indices, trimmed)
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).split())
        raise FileError(
            f"{place.name} is no table of {'tab' if tabs else 'comma'}-separated values in UTF-8 "
            f"({said})."
        ) from None


def _choose(names: Sequence[str], column: str | None, name: str) -> str:
    if column is None:
        usual = [each for each in names if each.lower() in _USUAL]
        candidates = usual if len(names) > 1 else names
        if len(candidates) != 1:
            raise LabelError(
                f"{name} has the columns {', '.join(names[:20])}, and it is not clear which holds "
                "the labels. Give its name (--label-column)."
            )
        (column,) = candidates
    if column not in names:
        raise unknown_name("column", column, names)
    if list(names).count(column) > 1:
        raise LabelError(f"{name} has two columns {column!r}; column names must differ.")
    return column


# ---------------------------------------------------------------- gathering


def gather(columns: Iterable[Values]) -> Gathered:
    """Join the values of a column, batch by batch.

    Parameters
    ----------
    columns : numbers, or dictionaries of names in which an empty one stands for a missing label

    Raises
    ------
    LabelError
        A label is missing, some are numbers and others names, or there are too many names.

    Examples
    --------
    >>> gather([pa.array(["b", "a"]).dictionary_encode(), pa.array(["a"]).dictionary_encode()])
    (array([0, 1, 1], dtype=uint8), ('b', 'a'))
    >>> gather([pa.array([7, 300]), pa.array([-1])])
    (array([  7, 300,  -1], dtype=int16), None)
    """
    waiting = iter(columns)
    first = next(waiting, None)
    if first is None:
        return np.zeros(0, np.int64), None
    named = isinstance(first, pa.DictionaryArray)
    batches = _of_one_kind(chain([first], waiting), named=named)
    return _gather_names(batches) if named else (_gather_numbers(batches), None)


def _of_one_kind(columns: Iterable[Values], *, named: bool) -> Iterator[Values]:
    done = 0
    for values in columns:
        if isinstance(values, pa.DictionaryArray) != named:
            wanted, found = ("names", "numbers") if named else ("numbers", "names")
            raise LabelError(
                f"labels are {wanted} at first, but {found} from labels[{done}] on; all must be "
                "integers, or all must be class names."
            )
        done += len(values)
        yield values


def _gather_names(columns: Iterable[Values]) -> Gathered:
    place: dict[str, int] = {}
    parts = []
    for values in columns:
        assert isinstance(values, pa.DictionaryArray)
        different: list[Any] = values.dictionary.to_pylist()
        here = [place.setdefault(name, len(place)) for name in different]
        if len(place) > _MOST_NAMES:
            raise LabelError(
                f"The column holds more than {_MOST_NAMES:,} different names, such as "
                f"{next(iter(place))!r}: are these ids or texts? Give the name of the column that "
                "holds the labels (--label-column)."
            )
        codes = np.array(here, np.int64)[values.indices.to_numpy()]
        parts.append(codes.astype(smallest_type(0, len(place))))
    codes = np.concatenate(parts)
    if "" in place:
        missing = codes == place[""]
        raise _missing(int(missing.argmax()), int(missing.sum()), len(codes))
    return codes, tuple(place)


def _gather_numbers(columns: Iterable[Values]) -> Shaped[np.ndarray, "n"]:
    parts: list[Shaped[np.ndarray, "_rows"]] = []
    done, gaps, first_gap = 0, 0, 0
    for values in columns:
        if values.null_count and not gaps:
            first_gap = done + int(values.is_null().to_numpy(zero_copy_only=False).argmax())
        gaps += values.null_count
        done += len(values)
        part = values.fill_null(0).to_numpy(zero_copy_only=False)
        if part.dtype.kind in "iu" and len(part):
            part = part.astype(smallest_type(int(part.min()), int(part.max())))
        if len(part):
            parts.append(part)
    if gaps:
        raise _missing(first_gap, gaps, done)
    if not parts:
        return np.zeros(0, np.int64)
    if any(part.dtype.kind == "f" for part in parts):
        return np.concatenate(parts)
    lowest, highest = min(int(part.min()) for part in parts), max(int(p.max()) for p in parts)
    return np.concatenate(parts, dtype=smallest_type(lowest, highest), casting="unsafe")


def _missing(first: int, count: int, n: int) -> LabelError:
    return LabelError(
        f"labels[{first}] is missing ({count:,} of {n:,} are). Leave unlabelled examples out of "
        "the set, in labels and in probabilities alike."
    )


def smallest_type(lowest: int, highest: int) -> np.dtype[np.integer]:
    """Return the smallest type of integers that holds some, unsigned where both will do.

    Raises
    ------
    LabelError
        They are beyond 64 bits.

    Examples
    --------
    >>> smallest_type(0, 255), smallest_type(-1, 255)
    (dtype('uint8'), dtype('int16'))
    """
    for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"):
        limits = np.iinfo(name)
        if limits.min <= lowest and highest <= limits.max:
            return np.dtype(name)
    raise LabelError("labels holds integers beyond 64 bits.")
