"""The array files of an audit's folder: written once, referred to by path and SHA-256.

Knows files and arrays; what an array means, and where its row is kept, is for `errata.audit`.
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer, Shaped

from errata.array_files import load_array, read_npz
from errata.errors import FileError
from errata.files import write_atomic
from errata.store.files import sha256


class Arrays:
    """The arrays that the audit in ``folder`` refers to, each verified once in a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: set[tuple[Path, str]] = set()

    def path(self, row: Mapping[str, Any]) -> Path:
        """Return the path of an array that is as it was when it was noted down.

        Raises
        ------
        FileError
            The file is missing, or has changed.
        """
        path: Path = self.folder / row["path"]  # an absolute path stays as it is
        what = f"{path}, the {row['role'].replace('_', ' ')} of the audit {self.folder},"
        if not path.is_file():
            raise FileError(f"{what} is missing. Put it back, or create a new audit.")
        if (path, row["sha256"]) not in self._seen:
            found = sha256(path)
            if found != row["sha256"]:
                raise FileError(
                    f"{what} has changed: its SHA-256 was {row['sha256'][:12]}..., and is "
                    f"{found[:12]}... now. Put the original back, or create a new audit."
                )
            self._seen.add((path, row["sha256"]))
        return path

    def load(self, row: Mapping[str, Any]) -> Shaped[np.ndarray, "..."]:
        """Open an array, memory-mapped."""
        return load_array(self.path(row))

    def predictions(self, row: Mapping[str, Any]) -> dict[str, Integer[np.ndarray, "n _answers"]]:
        """Read what `keep_predictions` wrote, the models in their order."""
        return read_npz(self.path(row), dict)

    def keep(self, role: str, array: Shaped[np.ndarray, "..."]) -> dict[str, Any]:
        """Write an array under a name made of its content; return its row."""
        buffer = io.BytesIO()
        np.save(buffer, array)
        path, digest = self._write(f"arrays/{role}-{{}}.npy", buffer.getvalue())
        return _row(role, path, digest, array)

    def keep_predictions(
        self, answers: Mapping[str, Integer[np.ndarray, "n _answers"]]
    ) -> dict[str, Any]:
        """Write the predictions of models under a name made of their content; return its row."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for model, array in answers.items():
                member = io.BytesIO()
                np.save(member, array)
                # without a time, which `numpy.savez` would write: the same bytes every time
                archive.writestr(zipfile.ZipInfo(f"{model}.npy"), member.getvalue())
        path, digest = self._write("predictions/{}.npz", buffer.getvalue())
        return {"role": "predictions", "path": path, "sha256": digest}

    def _write(self, name: str, data: bytes) -> tuple[str, str]:
        digest = hashlib.sha256(data).hexdigest()
        path = name.format(digest[:12])
        if not (self.folder / path).exists():
            write_atomic(self.folder / path, data)
        return path, digest


def put(
    role: str, source: object, array: Shaped[np.ndarray, "..."], folder: Path
) -> dict[str, Any]:
    """Return the row of an array of a new audit; write it there unless it is in a file already.

    Parameters
    ----------
    source : what was handed in for it; the path of a file of numbers is referred to
    array : what it means
    folder : the audit's
    """
    if isinstance(source, str | os.PathLike):
        original = load_array(source)
        if original.dtype.kind in "iuf":
            path = Path(source).absolute()
            return _row(role, str(path), sha256(path), original)
    path = folder / "arrays" / f"{role}.npy"
    np.save(path, array)
    return _row(role, f"arrays/{path.name}", sha256(path), array)


def _row(role: str, path: str, digest: str, array: Shaped[np.ndarray, "..."]) -> dict[str, Any]:
    shape = list(array.shape)
    return {"role": role, "path": path, "sha256": digest, "shape": shape, "dtype": str(array.dtype)}
