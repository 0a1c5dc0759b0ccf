"""What a long run has done so far, kept in a folder so that a killed one goes on.

Knows named sets of arrays, and what job they belong to; what they mean is for who puts them there.
"""

import contextlib
import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from errata.engine.partial import job_differences
from errata.errors import FileError
from errata.files import UNFINISHED, hold, write_atomic

_JOB, _LOCK = "job.json", ".lock"
_FORMAT = 1


class Checkpoints:
    """Sets of arrays by name; each is there whole, or not at all.

    A file is written beside its place, with a checksum, and then moved there, so whatever moment
    the process is killed at, the last whole one is found. One process at a time works in a folder,
    until it closes them.

    Parameters
    ----------
    folder : where they are kept, made if need be; without it in memory
    job : what they depend on, in plain values for JSON

    Raises
    ------
    FileError
        The folder holds those of another job, or other things, another process works in it, or it
        cannot be written to.

    Examples
    --------
    >>> kept = Checkpoints(None, {})
    >>> kept.save("fold 0", {"probs": np.array([0.5])})
    >>> kept.load("fold 0")["probs"], kept.load("fold 1")
    (array([0.5]), None)
    """

    def __init__(self, folder: Path | None, job: Mapping[str, object]) -> None:
        self.folder = folder
        self._held: dict[str, dict[str, Any]] = {}
        self._lock: IO[bytes] | None = None
        if folder is None:
            return
        described = json.loads(json.dumps({"format": _FORMAT, "job": dict(job)}))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
            if names and _JOB not in names:
                raise FileError(
                    f"{folder} holds other things than checkpoints ({', '.join(sorted(names)[:3])})"
                    ". Name a new folder, or an empty one."
                )
            with contextlib.ExitStack() as undo:
                self._lock = undo.enter_context((folder / _LOCK).open("ab"))
                hold(self._lock, folder / _LOCK)
                if (folder / _JOB).is_file():
                    self._check(described)
                else:
                    write_atomic(folder / _JOB, json.dumps(described).encode())
                for left in folder.glob(f".*{UNFINISHED}"):  # by a process that was killed
                    left.unlink()
                undo.pop_all()
        except OSError as error:
            raise _unwritable(folder, error) from None

    def close(self) -> None:
        """Let another process go on in the folder."""
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> "Checkpoints":  # noqa: PYI034 (beartype wants no Self here)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self, described: dict[str, Any]) -> None:
        assert self.folder is not None
        try:
            kept = json.loads((self.folder / _JOB).read_text(encoding="utf-8"))
            differences = list(job_differences(kept["job"], described["job"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            differences = [f"its {_JOB} cannot be read"]
        if differences:
            raise FileError(
                f"{self.folder} holds checkpoints of another run ({'; '.join(differences[:3])}). "
                "Run it as it was begun, with the same data, model and folds, or name another "
                "folder."
            )

    def save(self, name: str, arrays: Mapping[str, Any]) -> None:
        """Keep arrays, or numbers, under a name, in the place of those it had.

        Raises
        ------
        FileError
            The folder cannot be written to.
        """
        if self.folder is None:
            self._held[name] = {key: np.asarray(value) for key, value in arrays.items()}
            return
        buffer = io.BytesIO()
        plain: dict[str, Any] = {key: np.asarray(value) for key, value in arrays.items()}
        np.savez(buffer, **plain)
        content = buffer.getvalue()
        try:
            write_atomic(self._path(name), hashlib.sha256(content).digest() + content)
        except OSError as error:
            raise _unwritable(self.folder, error) from None

    def load(self, name: str) -> dict[str, Any] | None:
        """Return the arrays under a name; None where there are none, or they are damaged."""
        if self.folder is None:
            return self._held.get(name)
        try:
            content = self._path(name).read_bytes()
        except OSError:
            return None
        digest, content = content[:32], content[32:]
        if hashlib.sha256(content).digest() != digest:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)

    def discard(self, name: str) -> None:
        """Forget the arrays under a name, if there are any."""
        self._held.pop(name, None)
        if self.folder is not None:
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name.replace(' ', '-')}.checkpoint"


def remove_checkpoints(folder: Path) -> None:
    """Remove a folder of checkpoints, unless another process works in it by now."""
    with contextlib.suppress(FileError, OSError), (folder / _LOCK).open("ab") as lock:
        hold(lock, folder / _LOCK)
        shutil.rmtree(folder)


def _unwritable(folder: Path, error: OSError) -> FileError:
    return FileError(
        f"Checkpoints cannot be kept in {folder}: {error.strerror}. A folder that can be written "
        "to, on a disk with room, was expected."
    )
