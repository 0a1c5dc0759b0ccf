"""What is measured: the sizes, the types, and how the array lies."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import synthetic

Place = Literal["memory", "file", "cold file"]
"""Loaded before the clock runs; in a file in page cache; in a file that is not."""

OURS = "errata.find"
COMPAT = "errata.find, compat"
DEFAULT = "cleanlab, default"
BATCHED = "cleanlab, batched"
READ = "reading once"
PEERS = (DEFAULT, BATCHED)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One size, and who is measured on it."""

    name: str
    rows: int
    classes: int
    dtype: str
    place: Place
    contenders: tuple[str, ...] = (OURS, DEFAULT, BATCHED, READ)
    k: int | None = None
    rounds: int = 3
    quick: bool = False
    left_out: tuple[tuple[str, str], ...] = ()  # (contender, why it is not measured here)

    @property
    def cells(self) -> int:
        """Probabilities that are looked at."""
        return self.rows * (self.k or self.classes)

    @property
    def bytes(self) -> int:
        """Size of the probabilities."""
        index = 4 if self.k else 0
        return self.cells * (int(self.dtype.removeprefix("float")) // 8 + index)

    @property
    def size(self) -> str:
        """The size in words."""
        best = f", best {self.k}" if self.k else ""
        return f"{self.rows:,} × {self.classes:,}{best}, {self.dtype}"

    @property
    def cached(self) -> bool:
        """Whether the file is in page cache when the clock begins to run."""
        return self.place != "cold file"

    def make(self) -> Path:
        """Return the folder that holds ``labels.npy`` and ``probs``, made if need be."""
        if self.k:
            return synthetic.top(self.rows, self.classes, self.k, self.dtype)
        return synthetic.dense(self.rows, self.classes, self.dtype)


TARGET = "imagenet"  # the names that targets refer to
MAPPED = "quickdraw-2000000"
COLD = "quickdraw-cold"
SPARSE_TARGET = "imagenet21k-top50"
SERIES = tuple(31_250 * 2**power for power in range(7))  # up to MAPPED


def quickdraw(rows: int) -> Case:
    """Return a case of the series: as many classes as QuickDraw has, in float16, mapped."""
    return Case(
        name=f"quickdraw-{rows}",
        rows=rows,
        classes=345,
        dtype="float16",
        place="file",
        rounds=3 if rows > 500_000 else 5,
        quick=rows in (31_250, 125_000),
    )


def best(name: str, rows: int, classes: int, k: int) -> Case:
    """Return a case of which the best ``k`` classes are known; cleanlab takes no such thing."""
    return Case(
        name=name,
        rows=rows,
        classes=classes,
        k=k,
        dtype="float16",
        place="file",
        contenders=(OURS, READ),
        left_out=((DEFAULT, "no sparse input"), (BATCHED, "no sparse input")),
    )


CASES = (
    Case(
        name="tiny", rows=1_000, classes=10, dtype="float32", place="memory", rounds=9, quick=True
    ),
    Case(name="cifar10", rows=100_000, classes=10, dtype="float32", place="memory", rounds=5),
    Case(
        name=TARGET,
        rows=50_000,
        classes=1_000,
        dtype="float32",
        place="memory",
        contenders=(OURS, COMPAT, DEFAULT, BATCHED, READ),
        rounds=5,
        quick=True,
    ),
    Case(
        name="imagenet-float16",
        rows=50_000,
        classes=1_000,
        dtype="float16",
        place="memory",
        rounds=5,
    ),
    Case(name="many-classes", rows=2_000, classes=21_841, dtype="float32", place="memory"),
    *map(quickdraw, SERIES),
    Case(
        name=COLD,
        rows=2_000_000,
        classes=345,
        dtype="float16",
        place="cold file",
        contenders=(OURS, BATCHED, READ),
        left_out=((DEFAULT, "too slow, see above"),),
    ),
    Case(name="imagenet21k", rows=29_000, classes=21_841, dtype="float16", place="file"),
    best(SPARSE_TARGET, 200_000, 21_841, k=50),
    best("reviews-top5", 10_000_000, 345, k=5),
)
"""In the order in which they are measured."""


def chosen(only: list[str], *, quick: bool) -> list[Case]:
    """Return the cases that have one of these names, or whose name begins so; all without any."""
    cases = [case for case in CASES if case.quick or not quick]
    if not only:
        return cases
    return [case for case in CASES if case.name.startswith(tuple(only))]
