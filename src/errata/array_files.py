"""Array and JSON files: arrays memory-mapped where that can be, damage told in a sentence.

Knows bytes on a disk; what the numbers mean is for `errata.arrays`.
"""

import difflib
import io
import json
import math
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, TypeVar

import numpy as np
from jaxtyping import Shaped
from numpy.lib import format as npy

from errata.errors import FileError

PathLike = str | os.PathLike[str]
Found = TypeVar("Found")

HEADER_BYTES = 2**14
"""Enough of the beginning of an ``.npy`` file to hold its header; NumPy refuses longer ones."""


def load_array(path: PathLike) -> Shaped[np.ndarray, "..."]:
    """Open a ``.npy`` file memory-mapped, or the single array of an ``.npz`` file.

    Raises
    ------
    FileError
        The file is missing, is not an array file, is cut short or damaged, or needs pickle.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"{path} {_what_else(path)}; an array file was expected.{near_name(path)}")
    with path.open("rb") as file:
        kind = array_kind(file.read(8), path)
    if kind == "npy":
        return _load_npy(path)
    return read_npz(path, lambda arrays: only_array(arrays, path))


def array_kind(
    beginning: bytes, path: PathLike, way_on: str = "Write it with numpy.save."
) -> Literal["npy", "npz"]:
    """Tell which kind of array file it is, by its first bytes.

    Parameters
    ----------
    path : what messages call it
    way_on : what the message says where it is no array file

    Raises
    ------
    FileError
        It is none, or holds pickled objects.

    Examples
    --------
    >>> array_kind(b"PK...", "probs.npz")
    'npz'
    """
    if beginning[:6] == b"\x93NUMPY":
        return "npy"
    if beginning[:2] == b"PK":
        return "npz"
    if not beginning:
        raise FileError(f"{path} is empty; write it again with numpy.save.")
    if beginning[:1] == b"\x80":
        raise _pickled(path)
    raise FileError(
        f"{path} is not an array file: it does not begin as .npy or .npz files do. {way_on}"
    )


@contextmanager
def naming_damage(path: PathLike) -> Iterator[None]:
    """Raise a `FileError` that names the file for whatever NumPy's readers raise inside.

    Damaged bytes make them raise many things: ValueError, EOFError, OSError, BadZipFile,
    zlib.error, NotImplementedError, RuntimeError, TokenError.
    """
    try:
        yield
    except FileError:
        raise
    except Exception as error:  # noqa: BLE001 (see above)
        if "allow_pickle" in str(error):
            raise _pickled(path) from None
        raise FileError(
            f"{path} is cut short or damaged ({str(error) or type(error).__name__}). Copy it "
            "again, or write it again with numpy.save."
        ) from None


def _undisturbed(read: Callable[[], Found]) -> Found:
    """Return what a reader of NumPy's returns, however many threads read headers meanwhile.

    NumPy parses headers with `ast.literal_eval`. Python before 3.11.8 counts how deep it is in
    one place for all threads (python/cpython#106905), so that a sound file can raise a
    SystemError; it is read again then.
    """
    while True:
        try:
            return read()
        except SystemError as error:
            if "recursion depth mismatch" not in str(error):
                raise


@dataclass(frozen=True)
class NpyHeader:
    """What an ``.npy`` file holds: the array's shape, order and type, and where it begins."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int


def read_npy_header(beginning: bytes, size: int, path: PathLike) -> NpyHeader:
    """Read the header of an ``.npy`` file, and see that all it promises is there.

    Parameters
    ----------
    beginning : the first `HEADER_BYTES` of the file, or all it has
    size : how many bytes it has
    path : what messages call it

    Raises
    ------
    FileError
        The file is cut short or damaged, or needs pickle.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> np.save(file, np.zeros((3, 2)))
    >>> read_npy_header(file.getvalue(), 176, "probs.npy")
    NpyHeader(shape=(3, 2), fortran=False, dtype=dtype('float64'), start=128)
    """
    with naming_damage(path):
        header = _undisturbed(lambda: _parse_header(beginning))
        if min(header.shape, default=0) < 0:
            raise ValueError(f"its header promises shape {header.shape}")
    if header.dtype.hasobject:
        raise _pickled(path)
    expected = header.start + math.prod(header.shape) * header.dtype.itemsize
    if size < expected:
        raise FileError(
            f"{path} is cut short: its header promises shape {header.shape} of {header.dtype}, "
            f"{expected:,} bytes, but the file has {size:,}. Copy or write it again."
        )
    return header


def _parse_header(beginning: bytes) -> NpyHeader:
    file = io.BytesIO(beginning)
    version = npy.read_magic(file)
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise ValueError(f"its format has version {version}")
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    return NpyHeader(shape, fortran, dtype, file.tell())


def _load_npy(path: Path) -> Shaped[np.ndarray, "..."]:
    with path.open("rb") as file:
        header = read_npy_header(file.read(HEADER_BYTES), path.stat().st_size, path)
    if math.prod(header.shape) == 0:  # an empty file region cannot be mapped
        return np.zeros(header.shape, header.dtype)
    with naming_damage(path):
        array: Shaped[np.ndarray, "..."] = _undisturbed(
            lambda: np.load(path, mmap_mode="r", allow_pickle=False)
        )
    return array


def read_npz(
    path: PathLike,
    read: Callable[[Mapping[str, Any]], Found],
    open_file: Callable[[], AbstractContextManager[IO[bytes]]] | None = None,
) -> Found:
    """Return what ``read`` makes of the arrays of an ``.npz`` file, each read when it is asked for.

    Parameters
    ----------
    path : what messages call it
    open_file : opens it, where it is not on a disk under that name

    Raises
    ------
    FileError
        The file is damaged, or needs pickle.
    """

    def read_once() -> Found:
        with (
            Path(path).open("rb") if open_file is None else open_file() as file,
            np.load(file, allow_pickle=False) as arrays,
        ):
            return read(arrays)

    with naming_damage(path):
        return _undisturbed(read_once)


def only_array(arrays: Mapping[str, Any], path: PathLike) -> Shaped[np.ndarray, "..."]:
    """Return the single array of an ``.npz`` file, or say that there is no such.

    Raises
    ------
    FileError
        There are none or several, or it is no array.

    Examples
    --------
    >>> only_array({"probs": np.zeros(2)}, "probs.npz")
    array([0., 0.])
    """
    names = list(arrays)
    if len(names) != 1:
        raise FileError(
            f"{path} holds {len(names)} arrays ({', '.join(names[:5]) or 'none'}); one was "
            "expected. Save the one you mean with numpy.save."
        )
    array = arrays[names[0]]
    if not isinstance(array, np.ndarray):
        raise FileError(f"{path} is a .zip file of something else than arrays.")
    return array


def read_text(path: PathLike, *, exactly: bool = False) -> str:
    """Return the text of a UTF-8 file, without a byte order mark, and with plain line ends.

    Parameters
    ----------
    exactly : every character as it is in the file, the mark and the ends of lines too

    Raises
    ------
    FileError
        The file cannot be read, or is no text.
    """
    try:
        with Path(path).open(
            encoding="utf-8" if exactly else "utf-8-sig", newline="" if exactly else None
        ) as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8."
        ) from None
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror}.{near_name(Path(path))}"
        ) from None


def is_json(source: object) -> bool:
    """Return whether something handed in is the path of a JSON file, by its name.

    Examples
    --------
    >>> is_json("labels.JSON"), is_json("labels.npy"), is_json(["labels.json"])
    (True, False, False)
    """
    return isinstance(source, str | os.PathLike) and str(source).lower().endswith(".json")


def read_json(path: PathLike) -> Any:
    """Return the value that a JSON file holds.

    Raises
    ------
    FileError
        The file cannot be read, or is no JSON.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FileError(f"{path} is not JSON: {error}.") from None


def read_json_list(path: PathLike) -> list[Any]:
    """Return the list that a JSON file holds.

    Raises
    ------
    FileError
        The file cannot be read, is no JSON, or holds no list.
    """
    value = read_json(path)
    if not isinstance(value, list):
        raise FileError(
            f"{path} holds a JSON {'object' if isinstance(value, dict) else 'value'}; a list with "
            "a value for each example was expected."
        )
    return value


def _pickled(path: PathLike) -> FileError:
    load = f"numpy.load({Path(path).name!r}, allow_pickle=True)"
    if zipfile.is_zipfile(path):
        convert = (
            f"old = {load}; "
            "numpy.savez('converted.npz', **{name: old[name].astype(KIND) for name in old.files})"
        )
    else:
        convert = f"numpy.save('converted.npy', {load}.astype(KIND))"
    return FileError(
        f"{path} holds pickled Python objects, which can run code when opened, so it is refused. "
        "If you trust it, convert it once, with int (labels), float (probabilities) or str (names) "
        f"for KIND: {convert}"
    )


def _what_else(path: Path) -> str:
    if path.is_dir():
        return "is a folder"
    return "is no regular file" if path.exists() else "does not exist"


def near_name(path: Path) -> str:
    """Return a sentence with the nearest name there is, for a path that does not exist.

    Examples
    --------
    >>> near_name(Path("nowhere", "probs.npy"))
    ' There is no folder nowhere either.'
    """
    if path.exists():
        return ""
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f" There is no folder {path.parent} either."
    near = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean {path.parent / near[0]}?" if near else ""
