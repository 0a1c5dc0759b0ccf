"""Folders that are there whole or not at all, files that may be replaced, and fingerprints."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from errata.errors import FileError
from errata.files import UNFINISHED, sync, umask
from errata.store.place import audit_around


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_replaceable(
    path: Path, what: str, ours: Callable[[Path], bool], *, option: str = ""
) -> None:
    """Check that a file can be written at ``path`` without the loss of what errata did not write.

    Parameters
    ----------
    what : what is to be written, as a message begins with it: ``"The report"``
    ours : tells whether what is there, maybe no file, is an earlier one of these
    option : that which names another path, where the path need not be given

    Raises
    ------
    FileError
        ``path`` lies in the folder of an audit, or something else is there.
    """
    name = f"name ({option})" if option else "name"
    audit = audit_around(path)
    if audit is not None:
        raise FileError(
            f"{what} cannot be written to {path}: {audit} is an audit, and what lies in its folder "
            f"is its own. Give a {name} outside of it."
        )
    if not path.exists():
        return
    try:
        earlier = ours(path)
    except (OSError, ValueError, RecursionError):  # what cannot be read cannot be known as ours
        earlier = False
    if not earlier:
        raise FileError(
            f"{what} cannot be written to {path}: something else is there, which would be lost. "
            f"Give another {name}, or remove it first."
        )


def check_new_folder(path: Path) -> None:
    """Check that a new folder can take the name ``path``.

    Raises
    ------
    FileError
        There is something at ``path``, it is the folder we are in, or it lies in a file.
    """
    path = path.resolve()
    above = next(folder for folder in path.parents if folder.exists())
    if not above.is_dir():
        raise FileError(f"{above} is a file, so no folder can be made in it. Name another place.")
    if path == Path.cwd():
        raise FileError(f"{path} is the folder you are in. Name a new one, such as one inside it.")
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise FileError(f"{path} is there already. Name a new folder.")


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill; it takes the name ``path`` when the block ends without an error.

    ``path`` must not be there, or be an empty folder. What a killed process leaves behind is a
    hidden folder beside it whose name ends in ``.part``.

    Raises
    ------
    FileError
        No new folder can stand at ``path``.
    """
    check_new_folder(path)
    path = path.resolve()
    with _building(path) as building:
        yield building
        building.chmod(0o777 & ~umask())
        for folder, _, files in os.walk(building):
            for file in files:
                sync(Path(folder, file))
            sync(Path(folder))
        if path.is_dir():
            path.rmdir()  # only ever an empty one
        building.rename(path)
    sync(path.parent)


def check_replaceable_folder(path: Path, what: str, ours: Callable[[Path], bool]) -> None:
    """Check that a folder can take the place of what is at ``path``, maybe nothing.

    Parameters
    ----------
    what, ours : as in `check_replaceable`; an empty folder is anybody's

    Raises
    ------
    FileError
        ``path`` lies in the folder of an audit, is the folder we are in, lies in a file, or
        something else is there.
    """

    def free(there: Path) -> bool:
        return there.is_dir() and (not any(there.iterdir()) or ours(there))

    check_replaceable(path, what, free)
    if path.resolve() == Path.cwd() or not path.exists():
        check_new_folder(path)


@contextlib.contextmanager
def replaced_folder(path: Path, what: str, ours: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield a folder to fill; it takes the place of an earlier one when the block ends well.

    Until then the earlier one stays as it is. Unlike a `new_folder` it is not waited for until the
    disk has it all: it can be made again.

    Parameters
    ----------
    what, ours : as in `check_replaceable_folder`

    Raises
    ------
    FileError
        As `check_replaceable_folder`.
    """
    path = path.resolve()
    check_replaceable_folder(path, what, ours)
    with _building(path) as building:
        yield building
        building.chmod(0o777 & ~umask())
        earlier = building.with_name(f"{building.name}.earlier")
        check_replaceable_folder(path, what, ours)  # others may have been there meanwhile
        if path.exists():
            path.rename(earlier)
        try:
            building.rename(path)
        except OSError:
            if earlier.exists():
                earlier.rename(path)
            raise
        shutil.rmtree(earlier, ignore_errors=True)
    sync(path.parent)


@contextlib.contextmanager
def _building(path: Path) -> Iterator[Path]:
    """Yield a hidden folder beside a path, which is to take that name; it goes if it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED))
    try:
        yield building
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
