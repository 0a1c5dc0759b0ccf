"""Where files lie: on a disk here, or behind a URL in `errata.sources.remote`.

Knows names and bytes; what they mean is for the modules that read one form each.
"""

import fnmatch
import glob
import hashlib
import json
import math
import mmap
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from errata.array_files import PathLike, near_name
from errata.errors import FileError

PARQUET = b"PAR1"
"""How Parquet files begin."""

_MOST_SHARDS = 10**6
"""A name that speaks of more shards counts something else."""

Opened = TypeVar("Opened")
Kind = Literal["file", "folder", "nothing"]


@runtime_checkable
class Place(Protocol):
    """A file or a folder, which may not be there. It can be pickled, and holds nothing open."""

    @property
    def name(self) -> str:
        """What messages call it: the path or URL as it was given."""
        ...

    @property
    def address(self) -> str:
        """What other libraries open it by: the path from the root, or the URL."""
        ...

    def kind(self) -> Kind:
        """Tell what lies here."""
        ...

    def size(self) -> int:
        """Return the number of bytes of the file."""
        ...

    def open(self) -> Any:
        """Open the file for reading bytes."""
        ...

    def read(self, start: int, stop: int) -> memoryview:
        """Return the bytes of the file from ``start`` up to ``stop``, all of them."""
        ...

    def names(self) -> list[str]:
        """Return the names of what lies in the folder."""
        ...

    def child(self, name: str) -> "Place":
        """Return what has this name in the folder."""
        ...

    def matches(self) -> "list[Place]":
        """Return the files that match, where the name is a pattern such as ``part-*.npy``."""
        ...

    def stamp(self) -> dict[str, object]:
        """Return what tells the file or folder from another, or from itself once it has changed."""
        ...

    def absence(self) -> str:
        """Return a sentence that says that nothing lies here, and the nearest name."""
        ...


@dataclass(frozen=True)
class DiskPlace:
    """A file or a folder on a disk.

    Attributes
    ----------
    name : as it was given
    path : from the root, for processes that run in other folders
    """

    name: str
    path: Path

    @property
    def address(self) -> str:
        """The path from the root."""
        return str(self.path)

    def kind(self) -> Kind:
        """Tell what lies here."""
        if self.path.is_dir():
            return "folder"
        return "file" if self.path.is_file() else "nothing"

    def size(self) -> int:
        """Return the number of bytes of the file."""
        with self.open() as file:
            return os.fstat(file.fileno()).st_size

    def open(self) -> Any:
        """Open the file for reading bytes."""
        try:
            return self.path.open("rb")
        except OSError as error:
            near = near_name(Path(self.name))
            raise FileError(f"{self.name} cannot be read: {error.strerror}.{near}") from None

    def read(self, start: int, stop: int) -> memoryview:
        """Return a window of the file, mapped: its pages are read when they are looked at.

        Only the window takes address space, so a limit on that may be smaller than the file.
        """
        if start == stop:
            return memoryview(b"")
        begin = start - start % mmap.ALLOCATIONGRANULARITY
        with self.open() as file:
            size = os.fstat(file.fileno()).st_size
            if size < stop:
                raise FileError(
                    f"{self.name} has become shorter while it was read: it has {size:,} bytes, and "
                    f"{stop:,} were expected. Do not write to it meanwhile."
                )
            window = mmap.mmap(file.fileno(), stop - begin, access=mmap.ACCESS_READ, offset=begin)
        return memoryview(window)[start - begin :]

    def names(self) -> list[str]:
        """Return the names of what lies in the folder."""
        return [entry.name for entry in self.path.iterdir()]

    def child(self, name: str) -> "DiskPlace":
        """Return what has this name in the folder."""
        return DiskPlace(str(Path(self.name, name)), self.path / name)

    def matches(self) -> list[Place]:
        """Return the files that match, where the name is a pattern such as ``part-*.npy``."""
        found = glob.glob(self.name, recursive=True)  # noqa: PTH207 (Path has no absolute patterns)
        return [place_of(name) for name in found]

    def stamp(self) -> dict[str, object]:
        """Return path, size and time of change; of a folder a hash of those of all its files."""
        if self.kind() == "folder":
            return {"path": self.address, **hash_of_files(map(_stamp, self._files()))}
        return _stamp(self.path)

    def _files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.path):
            yield from (Path(folder, name) for name in names)

    def absence(self) -> str:
        """Return a sentence that says that nothing lies here, and the nearest name."""
        what = "is no regular file" if self.path.exists() else "does not exist"
        return f"{self.name} {what}.{near_name(Path(self.name))}"


def _stamp(path: Path) -> dict[str, object]:
    try:
        status = path.stat()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from None
    return {"path": str(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def place_of(path: PathLike) -> Place:
    """Return the place that a path or a URL means.

    Examples
    --------
    >>> place_of("probs.npy").name
    'probs.npy'
    """
    name = os.fspath(path)
    if "://" in name:
        from errata.sources.remote import UrlPlace

        return UrlPlace(name)
    return DiskPlace(name, Path(name).absolute())


def is_pattern(name: str) -> bool:
    """Tell whether a name is a pattern, if nothing has the name itself.

    In a URL a ``?`` begins its query.

    Examples
    --------
    >>> is_pattern("part-*.npy"), is_pattern("part-?.npy"), is_pattern("http://host/p.npy?key=1")
    (True, True, False)
    """
    return glob.has_magic(name.replace("?", "") if "://" in name else name)


def in_natural_order(places: Iterable[Place]) -> list[Place]:
    """Sort places by name, numbers by their value.

    Examples
    --------
    >>> [place.name for place in in_natural_order(map(place_of, ["p-10", "p-9", "p-1"]))]
    ['p-1', 'p-9', 'p-10']
    """

    def key(place: Place) -> list[tuple[int, str]]:
        # `split` gives text and digits in turn; where one has text, the other has text
        pieces = re.split(r"([0-9]+)", place.name)
        return [(int(piece), piece) if odd % 2 else (0, piece) for odd, piece in enumerate(pieces)]

    return sorted(places, key=key)


def missing_numbers(names: Sequence[str]) -> list[int]:
    """Return the numbers that seem to be left out, where names differ in one number alone.

    They may count in steps; and where many are missing they count something else. Two that begin
    with 0 or 1 count one by one. Names such as ``part-1-of-3`` say themselves how many there are.

    Examples
    --------
    >>> missing_numbers(["part-0.npy", "part-1.npy", "part-3.npy"])
    [2]
    >>> missing_numbers(["2019.npy", "2021.npy", "2023.npy"])
    []
    >>> missing_numbers(["part-00000-of-00003.npy", "part-00001-of-00003.npy"])
    [2]
    """
    if len(names) < 2:
        return []
    pieces = [re.split(r"([0-9]+)", name) for name in names]
    if len({len(each) for each in pieces}) != 1:
        return []
    differing = [place for place, each in enumerate(zip(*pieces, strict=True)) if len({*each}) > 1]
    if len(differing) != 1 or differing[0] % 2 == 0:  # digits stand at the odd places
        return []
    numbers = {int(each[differing[0]]) for each in pieces}
    first, last = min(numbers), max(numbers)
    between, after = pieces[0][differing[0] + 1], pieces[0][differing[0] + 2 :]
    if after and re.fullmatch("[-_]?of[-_]?", between) and last <= int(after[0]) < _MOST_SHARDS:
        begin = int(last == int(after[0]))  # they count from 0, or from 1
        return sorted({*range(begin, begin + int(after[0]))} - numbers)
    # of two, every distance is a step; but from 0 or 1 on shards are numbered one by one
    alone = len(names) == 2 and first <= 1
    step = 1 if alone else math.gcd(*(number - first for number in numbers)) or 1
    # not `len(range(...))`, which ends at 2**63
    few = 2 * ((last - first) // step) < 3 * len(numbers)
    return sorted({*range(first, last, step)} - numbers) if few else []


def files_in(folder: Place, pattern: str) -> list[Place]:
    """Return the files of a folder that match, in natural order; hidden ones are left out.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("b2.npy", "b10.npy", ".b3.npy"):
    ...     (folder / name).touch()
    >>> [Path(place.name).name for place in files_in(place_of(folder), "*.npy")]
    ['b2.npy', 'b10.npy']
    """
    names = [name for name in fnmatch.filter(folder.names(), pattern) if not name.startswith(".")]
    return in_natural_order(folder.child(name) for name in names)


def beginning(place: Place) -> bytes:
    """Return the first eight bytes of a file, by which its kind is told, or all it has.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "probs.npy")
    >>> _ = path.write_bytes(b"PAR1 and so on")
    >>> beginning(place_of(path))
    b'PAR1 and'
    """
    return bytes(place.read(0, min(place.size(), 8)))


def is_parquet(place: Place) -> bool:
    """Tell a Parquet file by its name, else by its first bytes; one cut short has a name alone.

    Examples
    --------
    >>> is_parquet(place_of("probs.PARQUET")), is_parquet(place_of("nothing"))
    (True, False)
    """
    if place.name.lower().endswith(".parquet"):
        return True
    return place.kind() == "file" and beginning(place).startswith(PARQUET)


def each_of(places: Sequence[Place], open_one: Callable[[Place], Opened]) -> list[Opened]:
    """Open places side by side, as each may take some requests; return what they are, in order.

    Examples
    --------
    >>> each_of([place_of("a.npy"), place_of("b.npy")], lambda place: place.name)
    ['a.npy', 'b.npy']
    """
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(open_one, places))


def hash_of_files(stamps: Iterable[dict[str, object]]) -> dict[str, object]:
    """Return how many files there are, and one hash of what tells them from others.

    Examples
    --------
    >>> hash_of_files([{"path": "a", "size": 1}, {"path": "b", "size": 2}])["files"]
    2
    """
    lines = sorted(json.dumps(stamp, sort_keys=True) for stamp in stamps)
    hashed = hashlib.sha256("\n".join(lines).encode())
    return {"files": len(lines), "sha256": hashed.hexdigest()}
