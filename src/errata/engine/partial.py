"""What is known so far, part by part: in memory, in a mapped file, or kept in a folder.

A folder lets a job that was stopped go on where it stood. Knows columns of one value an example,
and a summary of each part; what they mean is for those who put them there.
"""

import contextlib
import json
import mmap
import os
import re
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import Int, Shaped

from errata.errors import FileError
from errata.files import hold, write_atomic

_IN_MEMORY = 2**26
"""Bytes that may lie in memory, all columns together, before they are mapped from a file."""

_FORMAT = 1
"""Changes when files of the old form can no longer be read."""

_WHAT = "partial results"
_JOB, _PARTS, _VALUES = "job.json", "parts.jsonl", ".values"


class Partial:
    """Columns of one value an example, filled part by part, and which parts are filled.

    Made with `open`. In a folder there are ``job.json``, which tells what the job is; a file of
    values for each column; and ``parts.jsonl``, a line for each part that is there: its number, a
    checksum of its values, and its summary. The line is written last, and a part whose values do
    not fit their checksum counts as missing. So a job may be killed, or the machine lose its
    power, at any moment: what is lost is done again.

    Attributes
    ----------
    columns : arrays to read from and write to, each ``(n,)``

    Examples
    --------
    >>> with Partial.open(None, {}, {"score": np.dtype(np.float32)}, np.array([0, 2, 3])) as notes:
    ...     notes.put(1, {"score": np.array([0.5], np.float32)}, {"lowest": 0.5})
    ...     print(notes.missing(), notes.summaries(), notes.columns["score"])
    [0] {1: {'lowest': 0.5}} [0.  0.  0.5]
    """

    def __init__(
        self,
        folder: "_Folder | None",
        columns: Mapping[str, np.dtype[Any]],
        edges: Int[np.ndarray, "_edges"],
    ) -> None:
        self._folder = folder
        self._edges = edges
        self._in_memory = 0
        self._done = False
        if folder is None:
            self.columns = {name: self.array(name, dtype) for name, dtype in columns.items()}
        else:
            self.columns = {
                name: folder.column(name, dtype, self._n) for name, dtype in columns.items()
            }
        self._summaries: dict[int, Any] = {}
        for part, checksum, summary in folder.parts() if folder else ():
            if part in range(len(edges) - 1) and self._checksum(part) == checksum:
                self._summaries[part] = summary

    @classmethod
    def open(
        cls,
        folder: Path | None,
        job: Mapping[str, object],
        columns: Mapping[str, np.dtype[Any]],
        edges: Int[np.ndarray, "_edges"],
    ) -> "Partial":
        """Return what a folder holds of a job already; without a folder, or in a new one, nothing.

        Parameters
        ----------
        folder : where it is kept; it is made where it is not there
        job : what the values depend on, in plain values for JSON
        columns : the type of each
        edges : where the parts begin, and n at the end, ``(parts + 1,)``

        Raises
        ------
        FileError
            The folder holds another job or other things, another process works in it, or it
            cannot be written to.
        """
        if folder is None:
            return cls(None, columns, edges)
        described: dict[str, object] = {
            "job": dict(job),
            "columns": {name: np.dtype(dtype).str for name, dtype in columns.items()},
            "examples": int(edges[-1]),
            "parts": len(edges) - 1,
            "edges": edges.tolist(),
        }
        opened = _Folder(folder, described)
        try:
            return cls(opened, columns, edges)
        except BaseException:
            opened.close()
            raise

    @property
    def _n(self) -> int:
        return int(self._edges[-1])

    def array(self, name: str, dtype: Any) -> Shaped[np.ndarray, "n"]:
        """Return a further array of zeros, in memory or in a file that is gone after use.

        Parameters
        ----------
        name : what a message calls it where there is no room for it
        """
        dtype = np.dtype(dtype)
        size = dtype.itemsize * self._n
        if self._in_memory + size <= _IN_MEMORY:
            self._in_memory += size
            return np.zeros(self._n, dtype)
        folder = self._folder.path if self._folder else None
        where = folder or "the folder for temporary files (TMPDIR names another)"
        telling = _telling(f"There is no room for {name!r}, {size:,} bytes, in {where}")
        with telling, tempfile.TemporaryFile(dir=folder) as file:
            return _mapped(file, dtype, self._n)

    def missing(self) -> list[int]:
        """Return the numbers of the parts that are not there yet."""
        return [part for part in range(len(self._edges) - 1) if part not in self._summaries]

    def put(
        self, part: int, values: Mapping[str, Shaped[np.ndarray, "_rows"]], summary: object
    ) -> None:
        """Take in the values of a part, one array a column, and its summary.

        Parameters
        ----------
        summary : plain values for JSON, kept as it is; read again from a folder, tuples are lists

        Raises
        ------
        FileError
            The folder cannot be written to.
        """
        rows = slice(int(self._edges[part]), int(self._edges[part + 1]))
        for name, column in self.columns.items():
            column[rows] = values[name]
        if self._folder:
            self._folder.append(json.dumps([part, self._checksum(part), summary]))
        self._summaries[part] = summary

    def summaries(self) -> dict[int, Any]:
        """Return the summary of each part that is there, by its number, in order."""
        return dict(sorted(self._summaries.items()))

    def _checksum(self, part: int) -> int:
        rows = slice(int(self._edges[part]), int(self._edges[part + 1]))
        checksum = 0
        for name in sorted(self.columns):
            checksum = zlib.crc32(self.columns[name][rows].view(np.uint8).data, checksum)
        return checksum

    def finish(self) -> None:
        """Remove what is kept in the folder, as the job is done, and the folder if it is empty.

        The arrays can be used on.
        """
        if self._folder:
            self._folder.remove([*self.columns])

    def finish_at_exit(self) -> None:
        """Call `finish` when the ``with`` block ends, unless it ends with an error."""
        self._done = True

    def close(self) -> None:
        """Let another process go on in the folder."""
        if self._folder:
            self._folder.close()

    def __enter__(self) -> "Partial":  # noqa: PYI034 (beartype wants no Self here)
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        try:
            if self._done and error is None:
                self.finish()
        finally:
            self.close()


class _Folder:
    """The files of one job, which one process at a time works on."""

    def __init__(self, path: Path, described: Mapping[str, object]) -> None:
        self.path = path
        with self._telling(), contextlib.ExitStack() as undo:
            path.mkdir(parents=True, exist_ok=True)
            _check_ours(path)
            self._file = undo.enter_context((path / _PARTS).open("a+b", buffering=0))
            hold(self._file, path / _PARTS)
            self._describe(described)
            self._end = 0
            undo.pop_all()

    def _telling(self) -> contextlib.AbstractContextManager[None]:
        return _telling(
            f"Partial results cannot be kept in {self.path} (a folder that can be written to, on a "
            "disk with room, was expected)"
        )

    def _describe(self, described: Mapping[str, object]) -> None:
        """Write down what the job is, or check that it is the one that was written down."""
        text = json.dumps({"errata": _WHAT, "format": _FORMAT, **described})
        kept = _job_in(self.path)
        if kept is None:
            write_atomic(self.path / _JOB, text.encode())
            return
        now = json.loads(text)
        differences = [
            *job_differences(kept["job"], now["job"]),
            *job_differences(kept | {"job": None}, now | {"job": None}),
        ]
        if differences:
            listed = "; ".join(differences[:3])
            listed += f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
            raise FileError(
                f"{self.path} holds partial results of another job ({listed}). Run it as it was "
                "begun, with the same input and engine, or name another folder."
            )

    def column(self, name: str, dtype: Any, n: int) -> Shaped[np.ndarray, "n"]:
        """Return a column, mapped from its file."""
        with self._telling(), (self.path / f"{name}{_VALUES}").open("a+b", buffering=0) as file:
            return _mapped(file, np.dtype(dtype), n)

    def parts(self) -> Iterator[tuple[int, int, Any]]:
        """Yield number, checksum and summary of each part, as far as the lines are whole."""
        self._file.seek(0)
        *lines, _ = self._file.read().split(b"\n")
        for line in lines:
            try:
                part, checksum, summary = json.loads(line)
            except (ValueError, TypeError):
                return
            self._end += len(line) + 1
            yield part, checksum, summary

    def append(self, line: str) -> None:
        """Add a line after the last whole one."""
        whole = f"{line}\n".encode()
        rest = memoryview(whole)
        with self._telling():
            self._file.truncate(self._end)
            while rest:
                rest = rest[self._file.write(rest) :]
        self._end += len(whole)

    def remove(self, columns: list[str]) -> None:
        """Remove all files; killed in between, it leaves what can be gone on with."""
        with self._telling():
            self._file.truncate(0)
            for name in [*(f"{column}{_VALUES}" for column in columns), _JOB, _PARTS]:
                (self.path / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not empty
            self.path.rmdir()

    def close(self) -> None:
        self._file.close()


def _check_ours(path: Path) -> None:
    """Raise where a folder holds other things than partial results."""
    names = {name for name in os.listdir(path) if not name.startswith(".")}  # noqa: PTH208
    if _JOB in names:
        _job_in(path)
        return
    others = sorted(names - {_PARTS})
    if others or (_PARTS in names and (path / _PARTS).stat().st_size):
        raise FileError(
            f"{path} holds other things than partial results ({', '.join(others[:3]) or _PARTS}). "
            "Name a new folder, or an empty one."
        )


def _job_in(path: Path) -> dict[str, Any] | None:
    """Return the job that a folder is of, if one is written down there."""
    try:
        kept = json.loads((path / _JOB).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        kept = None
    if not (
        isinstance(kept, dict) and kept.get("errata") == _WHAT and isinstance(kept.get("job"), dict)
    ):
        raise FileError(
            f"{path} holds other things than partial results: its {_JOB} is not from errata. "
            "Name a new folder, or an empty one."
        )
    return kept


def job_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what is not the same in two descriptions of a job, each in a few words.

    Examples
    --------
    >>> before = {"rule": "class", "probs": {"path": "a.npy", "size": 10}, "labels": 40 * "a"}
    >>> job_differences(before, before | {"rule": "margin"})
    ['rule: "class" before, "margin" now']
    >>> job_differences(before, {"probs": {"path": "a.npy", "size": 12}, "labels": 40 * "b"})
    ['rule: "class" before, nothing now', 'a.npy, size: 10 before, 12 now', 'labels: changed']
    """
    return list(_differences(dict(before), dict(now), ""))


def _differences(before: Any, now: Any, name: str) -> Iterator[str]:
    if before == now:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        if "path" in before and before["path"] == now.get("path"):
            name = before["path"]  # says more than its place in the description
        for key in dict.fromkeys([*before, *now]):
            place = f"{name}, {key}" if name else key
            yield from _differences(before.get(key), now.get(key), place)
    elif _are_mappings(before) and _are_mappings(now) and len(before) == len(now):
        for place, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differences(one, other, f"{name}[{place}]")
    elif _tells_nothing(before) or _tells_nothing(now):
        yield f"{name}: changed"
    else:
        was, is_ = ("nothing" if value is None else json.dumps(value) for value in (before, now))
        yield f"{name}: {was} before, {is_} now"


def _are_mappings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _tells_nothing(value: Any) -> bool:
    """Tell whether a value is a hash, a time or a long list, which nobody can read."""
    if isinstance(value, str):
        return bool(re.fullmatch(r"[0-9a-f]{16,}", value))
    return len(json.dumps(value)) > 16


def _mapped(file: IO[bytes], dtype: np.dtype[Any], n: int) -> Shaped[np.ndarray, "n"]:
    """Return an array that lies in a file, which is made as long as it takes."""
    size = dtype.itemsize * n
    if size == 0:  # an empty file region cannot be mapped
        return np.zeros(n, dtype)
    if os.fstat(file.fileno()).st_size < size:
        if hasattr(os, "posix_fallocate"):  # a full disk shows here, not when a page is written
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
    return np.frombuffer(mmap.mmap(file.fileno(), size), dtype)


@contextlib.contextmanager
def _telling(what: str) -> Iterator[None]:
    """Raise a `FileError` that begins so for what the system refuses inside."""
    try:
        yield
    except OSError as error:
        raise FileError(f"{what}: {error.strerror or error}.") from None
