"""What the files of a release are called, and their hashes."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from errata.store.files import sha256

FORMAT = 2
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"


def hashes_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a folder, by its path in it, in the order of the paths.

    What a copy at the Hugging Face hub or in git has beside, the folder ``.git`` and its like,
    does not count.
    """
    beside = (".git", ".gitattributes", ".cache")
    files = sorted(
        (path.relative_to(folder).as_posix(), path)
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in beside
    )
    return {name: sha256(path) for name, path in files}


def sums(hashes: Mapping[str, str]) -> str:
    """Return the list of hashes as ``sha256sum --check`` reads it.

    Examples
    --------
    >>> print(sums({"b": "22", "a": "11"}), end="")
    11  a
    22  b
    """
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))


def fingerprint(hashes: Mapping[str, str]) -> str:
    """Return a SHA-256 of the labels, votes and candidates, whatever the release is called."""
    data = {name: digest for name, digest in hashes.items() if name.endswith(".parquet")}
    return hashlib.sha256(sums(data).encode()).hexdigest()
