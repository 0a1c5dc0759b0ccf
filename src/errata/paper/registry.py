"""What the study published: every file's origin, its fingerprints, and where it is laid out.

Knows the registry that ships with errata (`registry.json`) and how bytes are checked against it;
how they are fetched is for `errata.paper.fetch`, what is made of them for `errata.paper.layout`.
"""

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

FOLDERS = {
    "original_test_labels": "label_errors/labels",
    "cross_validated_predicted_labels": "label_errors/pred_labels",
    "cross_validated_predicted_probabilities": "label_errors/pred_probs",
    "dataset_indexing": "label_errors/indexing",
    "mturk": "label_errors/mturk",
    "": "raw/mnist",
}
"""Where the files of a published folder are laid out, under the names they were published with."""

_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    r"""One published file.

    Parameters
    ----------
    repository, commit, path : where it is published
    size, sha256 : its bytes and SHA-256; None for files so large that only git's id is known
    git_blob_sha1 : git's id of its contents, ``sha1(b"blob <size>\0" + contents)``
    """

    repository: str
    commit: str
    path: str
    size: int | None
    sha256: str | None
    git_blob_sha1: str

    @property
    def name(self) -> str:
        """The file's own name, which no other published file has."""
        return self.path.rpartition("/")[2]

    @property
    def url_path(self) -> str:
        """What follows the host in its address."""
        return f"{self.repository}/{self.commit}/{self.path}"

    @property
    def large(self) -> bool:
        """Whether it is fetched only when asked for."""
        return self.size is None

    @property
    def place(self) -> str | None:
        """Where it is laid out as it is; None if it becomes a part of an archive."""
        folder = FOLDERS.get(self.path.rpartition("/")[0])
        return f"{folder}/{self.name}" if folder else None

    @property
    def fingerprint(self) -> str:
        """The fingerprint it is checked against, in words."""
        return f"SHA-256 {self.sha256}" if self.sha256 else f"git blob id {self.git_blob_sha1}"

    def is_at(self, path: Path) -> bool:
        """Return whether the file at ``path`` is there and has the published contents."""
        if not path.is_file() or self.size not in {None, path.stat().st_size}:
            return False
        with path.open("rb") as file:
            return self._is_all_of(iter(lambda: file.read(_PIECE), b""), path.stat().st_size)

    def has(self, contents: bytes) -> bool:
        r"""Return whether ``contents`` are those published.

        Examples
        --------
        >>> blob = "ce013625030ba8dba906f756967f9e9ca394464a"
        >>> file = PublishedFile(
        ...     repository="a/b", commit="c", path="d.txt", size=None, sha256=None,
        ...     git_blob_sha1=blob,
        ... )
        >>> file.has(b"hello\n"), file.has(b"hello!")
        (True, False)
        """
        return self._is_all_of([contents], len(contents))

    def _is_all_of(self, pieces: Iterable[bytes], size: int) -> bool:
        # SHA-1 is git's name for contents, and all that is known of the large files
        digest = (
            hashlib.sha256()
            if self.sha256
            else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        )
        for piece in pieces:
            digest.update(piece)
        return digest.hexdigest() in {self.sha256, self.git_blob_sha1}


def published_files() -> tuple[PublishedFile, ...]:
    """Return every published file, in the order of the registry.

    Examples
    --------
    >>> votes = [file for file in published_files() if file.path == "mturk/cifar10_mturk.json"][0]
    >>> votes.place, votes.size
    ('label_errors/mturk/cifar10_mturk.json', 88252)
    """
    return tuple(
        PublishedFile(repository=origin["repository"], commit=origin["commit"], **file)
        for origin in _registry()["origins"]
        for file in origin["files"]
    )


def published_accuracies() -> list[list[str]]:
    """Return the accuracies that the authors list for 34 ImageNet models, the head first.

    Examples
    --------
    >>> published_accuracies()[1]
    ['keras_nasnetlarge', 'Keras 2.2.4', '80.83', '95.27']
    """
    accuracies: list[list[str]] = _registry()["published_accuracies"]
    return accuracies


@functools.cache
def _registry() -> dict[str, Any]:
    text = resources.files("errata.paper").joinpath("registry.json").read_text("utf-8")
    registry: dict[str, Any] = json.loads(text)
    return registry
