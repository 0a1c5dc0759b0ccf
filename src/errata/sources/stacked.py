"""Several sources one below the other, as shards are."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

import numpy as np
from jaxtyping import Int

from errata.core.rows import Rows
from errata.errors import ProbabilityError
from errata.sources.base import OfColumns, Source, models_of
from errata.sources.places import missing_numbers

_NAMED = 8
"""Of the rows of so many shards is told one by one."""


@dataclass(frozen=True)
class Stacked:
    """Read sources as one: the rows of the first, then those of the second, and so on.

    Raises
    ------
    ProbabilityError
        One has another number of classes, or another type, than the first; or a table has its
        columns in another order than the first table.
    """

    shards: tuple[Source, ...]
    name: str

    def __post_init__(self) -> None:
        first = self.shards[0]
        for place, shard in enumerate(self.shards):
            for found, wanted in zip(_form(shard), _form(first), strict=True):
                if found != wanted:
                    raise ProbabilityError(
                        f"{shard.name} (shard {place} of {len(self.shards)}, from 0) has {found}, "
                        f"but {first.name}, the first, has {wanted}. All shards of one set are "
                        "alike."
                    )
        check_columns(self.shards, "All shards of one set have the same columns, in one order.")

    @cached_property
    def starts(self) -> Int[np.ndarray, "_edges"]:
        """Where each shard begins, and ``n`` at the end."""
        return np.append(0, np.cumsum([shard.n for shard in self.shards]))

    @property
    def n(self) -> int:
        """Number of examples."""
        return int(self.starts[-1])

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.shards[0].n_classes

    @property
    def k(self) -> int | None:
        """How many classes are listed for each example; None where all are."""
        return listed(self.shards[0])

    @property
    def class_columns(self) -> tuple[str, ...] | None:
        """The columns that hold a class each; None where no shard is such a table."""
        return next(filter(None, map(class_columns, self.shards)), None)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The type of the probabilities."""
        return self.shards[0].dtype

    @property
    def row_bytes(self) -> int:
        """How many bytes of memory one example takes."""
        return max(shard.row_bytes for shard in self.shards)

    def edges(self, rows: int) -> Int[np.ndarray, "_edges"]:
        """Return where the parts begin, and ``n`` at the end; no part lies in two shards."""
        inside = [
            shard.edges(rows)[:-1] + start
            for start, shard in zip(self.starts, self.shards, strict=False)
            if shard.n
        ]
        return np.concatenate([*inside, self.starts[-1:]])

    def blocks(self, start: int, stop: int, rows: int) -> Iterator[tuple[int, Rows]]:
        """Yield the rows from ``start`` up to ``stop`` in blocks of at most ``rows``."""
        first = int(np.searchsorted(self.starts, start, side="right")) - 1
        for place in range(first, len(self.shards)):
            begin, end = (int(edge) for edge in self.starts[place : place + 2])
            if begin >= stop:
                return
            first_row, last_row = max(start, begin) - begin, min(stop, end) - begin
            for at, block in self.shards[place].blocks(first_row, last_row, rows):
                yield begin + at, block

    def fingerprint(self) -> dict[str, object]:
        """Return what tells the shards from others, in their order."""
        return {"shards": [shard.fingerprint() for shard in self.shards]}


def class_columns(source: Source) -> tuple[str, ...] | None:
    """Return the columns of a table that hold a class each; None where there are none.

    Examples
    --------
    >>> from errata.sources.dense import Dense
    >>> class_columns(Dense(np.eye(2))) is None
    True
    """
    return source.class_columns if isinstance(source, OfColumns) else None


def check_columns(tables: Sequence[Source], rule: str, *, any_order: bool = False) -> None:
    """Refuse a table that has other columns for the classes than the first, or another order.

    Parameters
    ----------
    tables : sources; those that have no column for each class are passed over
    rule : the sentence that the message ends with
    any_order : the columns may come in any order

    Raises
    ------
    ProbabilityError
        The columns differ.

    Examples
    --------
    >>> from errata.sources.dense import Dense
    >>> check_columns([Dense(np.eye(2)), Dense(np.eye(2))], "All have the same columns.")
    """
    known = [(table.name, columns) for table in tables if (columns := class_columns(table))]
    for name, ours in known[1:]:
        first, theirs = known[0]
        if ours == theirs:
            continue
        for column in sorted({*ours} ^ {*theirs}, key=lambda column: (column in theirs, column)):
            has, other = ("has", "has not") if column in ours else ("has not", "has")
            raise ProbabilityError(
                f"{name} {has} the column {column!r}, which {first} {other}. {rule}"
            )
        if not any_order:
            raise ProbabilityError(
                f"{name} has the columns in the order {few_of(ours)}, but {first} in the order "
                f"{few_of(theirs)}. {rule}"
            )


def few_of(names: Sequence[str]) -> str:
    """Return names as a list for people; of many, the first ones and the last.

    Examples
    --------
    >>> few_of(["cat", "dog"]), few_of([str(number) for number in range(20)])
    ('cat, dog', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..., 19')
    """
    return ", ".join(names if len(names) <= 12 else (*names[:10], "...", names[-1]))


def place_of_row(source: Source, row: int) -> str:
    """Return a sentence that says which shard a row is in, or nothing where there are none.

    Of an average it is said for each model that has shards.

    Examples
    --------
    >>> from errata.sources.dense import Dense
    >>> place_of_row(Stacked((Dense(np.eye(2), "a.npy"), Dense(np.eye(2), "b.npy")), "*.npy"), 3)
    'Row 3 is row 1 of b.npy.'
    """
    if not isinstance(source, Stacked):
        several = [model for model in models_of(source) if model is not source]
        return " ".join(filter(None, (place_of_row(model, row) for model in several)))
    shard = int(np.searchsorted(source.starts, row, side="right")) - 1
    inside = row - int(source.starts[shard])
    return f"Row {row:,} is row {inside:,} of {source.shards[shard].name}."


def listed(source: Source) -> int | None:
    """Return how many classes a source lists for each example; None where it has all.

    Examples
    --------
    >>> from errata.sources.dense import Dense
    >>> listed(Dense(np.eye(2))) is None
    True
    """
    return getattr(source, "k", None)


def shards_told(source: Source, *, too_few: bool) -> str:
    """Return sentences that say how many shards there are and how long, or nothing without shards.

    Of an average it is said for the first model that has shards.

    Parameters
    ----------
    too_few : their rows are too few, so that it matters which seem to be missing

    Examples
    --------
    >>> from errata.sources.dense import Dense
    >>> parts = tuple(Dense(np.eye(2), f"in/p-{number}.npy") for number in (0, 1, 3))
    >>> shards_told(Stacked(parts, "p-*.npy"), too_few=True)
    'They are 3 shards, from p-0.npy to p-3.npy; number 2 seems to be missing. Each has 2 rows.'
    """
    stacks = [model for model in models_of(source) if isinstance(model, Stacked)]
    if not stacks:
        return ""
    names = [shard.name for shard in stacks[0].shards]
    first, last = names[0], names[-1]
    if PurePath(first).name != PurePath(last).name:  # else they differ in their folders
        first, last = PurePath(first).name, PurePath(last).name
    sentence = f"They are {len(names)} shards, from {first} to {last}"
    rows = _rows_told([(PurePath(shard.name).name, shard.n) for shard in stacks[0].shards])
    missing = missing_numbers(names) if too_few else []
    if not missing:
        return f"{sentence}. {rows}"
    numbers = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
    seem = "number {} seems" if len(missing) == 1 else "numbers {} seem"
    return f"{sentence}; {seem.format(numbers)} to be missing. {rows}"


def _rows_told(shards: Sequence[tuple[str, int]]) -> str:
    """Return a sentence on how many rows shards have: which have others than most, if most agree.

    Examples
    --------
    >>> _rows_told([("a.npy", 4), ("b.npy", 3), ("c.npy", 4)])
    'b.npy has 3 rows; most have 4.'
    >>> _rows_told([("a.npy", 4), ("b.npy", 3)])
    'a.npy has 4, b.npy 3 rows.'
    """
    (usual, often), *others = Counter(n for _, n in shards).most_common()
    if not others:
        return f"Each has {usual:,} rows."
    most = 2 * often > len(shards)
    odd = [(name, n) for name, n in shards if n != usual] if most else shards
    (first, n), *rest = odd[:_NAMED]
    told = ", ".join([f"{first} has {n:,}", *(f"{name} {n:,}" for name, n in rest)])
    more = f", and {len(odd) - _NAMED:,} more" if len(odd) > _NAMED else ""
    return f"{told} rows{more}" + (f"; most have {usual:,}." if most else ".")


def _form(source: Source) -> tuple[str, ...]:
    k = listed(source)
    return (
        f"{source.n_classes} classes",
        f"the type {source.dtype}",
        "all classes of each example" if k is None else f"the best {k} classes of each example",
    )
