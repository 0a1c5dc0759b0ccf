"""Files behind URLs, through fsspec: object stores, web servers, archives, memory."""

import difflib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errata.errors import ErrataError, FileError, MissingExtraError
from errata.sources.places import Kind, Place, hash_of_files

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class UrlPlace:
    """A file or a folder behind a URL. Credentials are found as fsspec finds them."""

    name: str

    @property
    def address(self) -> str:
        """The URL."""
        return self.name

    def kind(self) -> Kind:
        """Tell what lies here."""
        with self._system() as (system, path):
            try:
                return "folder" if system.info(path)["type"] == "directory" else "file"
            except FileNotFoundError:
                return "nothing"

    def size(self) -> int:
        """Return the number of bytes of the file."""
        with self._system() as (system, path):
            size = system.info(path)["size"]
        if size is None:
            raise FileError(f"{self.name} does not say how large it is; copy it to a disk first.")
        return int(size)

    def open(self) -> Any:
        """Open the file for reading bytes."""
        with self._system() as (system, path):
            return system.open(path, "rb")

    def read(self, start: int, stop: int) -> memoryview:
        """Return the bytes of the file from ``start`` up to ``stop``, all of them."""
        if start == stop:
            return memoryview(b"")
        with self._system() as (system, path):
            found = system.cat_file(path, start=start, end=stop)
        if len(found) != stop - start:
            raise FileError(
                f"{self.name} gave {len(found):,} bytes where {stop - start:,} were asked for "
                f"(from byte {start:,}). It has changed, or its server cannot send parts of files."
            )
        return memoryview(found)

    def names(self) -> list[str]:
        """Return the names of what lies in the folder."""
        with self._system() as (system, path):
            listed = system.ls(path, detail=False)
        return [str(entry).rstrip("/").rsplit("/", 1)[-1] for entry in listed]

    def child(self, name: str) -> "UrlPlace":
        """Return what has this name in the folder."""
        return UrlPlace(f"{self.name.rstrip('/')}/{name}")

    def matches(self) -> list[Place]:
        """Return the files that match, where the name is a pattern such as ``part-*.npy``."""
        fixed = re.split(r"[*\[]", self.name, maxsplit=1)[0].rsplit("/", 1)[0]
        with self._system() as (system, path):
            found = [str(entry) for entry in system.glob(path)]
            above = len(path) - len(self.name) + len(fixed)  # so long is the path that is fixed
        return [UrlPlace(fixed + entry[above:]) for entry in found]

    def stamp(self) -> dict[str, object]:
        """Return URL, size and version; of a folder a hash of those of all its files."""
        with self._system() as (system, path):
            if self.kind() == "folder":
                files = system.find(path)
                return {"url": self.name, **hash_of_files(_stamp(system, file) for file in files)}
            return {"url": self.name, **_stamp(system, path)}

    def absence(self) -> str:
        """Return a sentence that says that nothing lies here, and the nearest name."""
        above, _, name = self.name.rstrip("/").rpartition("/")
        try:
            near = difflib.get_close_matches(name, UrlPlace(above).names(), n=1)
        except ErrataError:
            near = []
        hint = f" Did you mean {above}/{near[0]}?" if near else ""
        return f"{self.name} does not exist.{hint}"

    @contextmanager
    def _system(self) -> "Iterator[tuple[AbstractFileSystem, str]]":
        """Yield the file system and the path in it; what is raised inside is said of the URL."""
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise MissingExtraError(
                f"{self.name} is a URL, and reading from those needs fsspec: "
                "pip install 'errata[remote]'."
            ) from None
        try:
            system, path = url_to_fs(self.name)
            yield system, path
        except ErrataError:
            raise
        except ImportError as error:  # fsspec says which library knows the scheme
            wanted = re.search(r"install ['\"]?([\w-]+)", str(error), re.IGNORECASE)
            by = f": pip install {wanted[1]}" if wanted else ""
            raise MissingExtraError(
                f"{self.name} cannot be read: {str(error).rstrip('.')}{by}."
            ) from None
        except FileNotFoundError:
            raise FileError(f"{self.name} does not exist.") from None
        except Exception as error:  # noqa: BLE001 (each file system raises its own)
            said = f"{type(error).__name__}: {error}"
            raise FileError(f"{self.name} cannot be read ({said}).") from None


def _stamp(system: "AbstractFileSystem", path: str) -> dict[str, object]:
    info: dict[str, Any] = system.info(path)
    return {"path": path, "size": info.get("size"), "version": str(system.ukey(path))}
