"""Files that an audit refers to: by path and SHA-256, so that a changed one is noticed."""

import hashlib
from pathlib import Path

from errata.errors import FileError


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def saved_file(path: Path) -> dict[str, str]:
    """Return a file's path and SHA-256."""
    return {"path": str(path), "sha256": sha256_of(path)}


def verify(path: Path, sha256: str) -> Path:
    """Return the path of a file that is what it was.

    Raises
    ------
    FileError
        It is missing, or has changed.
    """
    if not path.is_file():
        raise FileError(f"{path}, which the audit shows, is missing. Put it back.")
    if sha256_of(path) != sha256:
        raise FileError(
            f"{path}, which the audit shows, has changed since the audit was made: its SHA-256 is "
            "another. Put the original back."
        )
    return path
