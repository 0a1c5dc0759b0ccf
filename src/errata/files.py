"""Files that are there whole or not at all, and files that one process at a time holds.

Knows paths and bytes; what is in the files is for those who write them.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from errata.errors import FileError

UNFINISHED = ".part"
"""What the names of unfinished files end in; they begin with a dot, and are hidden."""


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Yield an empty file to fill; it takes the name ``path`` when the block ends without an error.

    It is complete, and on the disk, the moment it appears under that name. What a killed process
    leaves behind is a hidden file beside it.

    Raises
    ------
    OSError
        The folder or the file cannot be written to.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~umask())  # mkstemp keeps it to the owner
        sync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file that is complete, and on the disk, the moment it appears under its name."""
    with unfinished(path) as temporary:
        temporary.write_bytes(data)


def hold(file: IO[bytes], path: Path) -> None:
    """Let no other process hold a file of this name until it is closed here.

    Parameters
    ----------
    file : opened for writing
    path : its name; messages name the folder it lies in

    Raises
    ------
    FileError
        Another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return
    busy = FileError(
        f"Another process works in {path.parent} at this moment. Wait until it ends, or name "
        "another folder."
    )
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # the other one may have ended, and removed its files, between two lines here
        if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise busy
    except (BlockingIOError, FileNotFoundError):
        raise busy from None


def sync(path: Path) -> None:
    """Make sure that a file or folder is on the disk, not in a cache alone."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder, and needs no sync of it
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def umask() -> int:
    """Return which rights new files of this process do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
