"""What reviewers and readers are shown of an example: a picture, a text, a sound, or a row.

A collection (`Images`, `Texts`, `Sounds`, `Features`) shows example ``i`` on demand, can be saved
with an audit, and is opened again from the description that saving returns. What is handed in as
values is copied into the audit; a file is referred to by path and SHA-256. Nothing here knows a
label.
"""

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int, Shaped, UInt8

from errata.array_files import PathLike, load_array
from errata.arrays import check_all_unicode
from errata.datasets.lines import JsonLines
from errata.datasets.pixels import PixelFiles, open_pixels
from errata.datasets.saved_files import sha256_of as _sha256
from errata.datasets.saved_files import verify as _verify
from errata.datasets.sounds import FORMATS, Sound, import_soundfile, read_sound
from errata.errors import FileError, InputError
from errata.words import plural

WEB_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
"""Picture formats that every browser shows; others are shown as PNG."""

HALVES = "surrogatepass"
"""How texts are kept: as they are, with the halves of characters that broken files hold."""


@dataclass(frozen=True)
class Picture:
    """A picture as a browser takes it: encoded bytes, their MIME type, the size in pixels."""

    data: bytes
    mime: str
    width: int
    height: int


@dataclass(frozen=True)
class Text:
    """A text, shown as it is (never as HTML)."""

    text: str


@dataclass(frozen=True)
class Row:
    """A row of a table: column names and their values."""

    names: tuple[str, ...]
    values: tuple[str | float, ...]


@dataclass(frozen=True)
class Clip:
    """A sound as a browser takes it: encoded bytes, their MIME type, how long it is."""

    data: bytes
    mime: str
    seconds: float


Shown = Picture | Text | Clip | Row


class Images:
    """Pictures: one array of pixels, or picture files (in a folder, or in a zip archive).

    Parameters
    ----------
    pixels : array, or path of a ``.npy`` file, of shape ``(n, height, width)``, or with a last axis
        of 1 (grey), 3 (RGB) or 4 (RGBA). uint8 is shown as it is; other numbers must not be
        negative and are shown from 0 (black) to 1, or to their maximum where it is larger (white);
        or pixels that stay in their files, see `errata.datasets.pixels`
    files : instead, the names of ``n`` picture files, in the order of the examples; those of more
        than 8 bits are shown from their lowest value (black) to their highest (white)
    archive : the zip archive that holds ``files``

    Raises
    ------
    InputError
        The array has another shape, or values that are no brightness.
    FileError
        An array file or archive that is missing or broken, or (at once) a file that is missing.

    Examples
    --------
    >>> images = Images(np.array([[[0, 16], [8, 4]]]))
    >>> images
    Images(1 picture, 2 x 2, values 0 to 16 shown as 0 to 255)
    >>> picture = images.show(0)
    >>> picture.mime, picture.width, picture.height
    ('image/png', 2, 2)
    """

    kind: Literal["images"] = "images"

    def __init__(
        self,
        pixels: Shaped[np.ndarray, "..."] | PixelFiles | PathLike | None = None,
        *,
        files: Sequence[PathLike] | None = None,
        archive: PathLike | None = None,
    ) -> None:
        if (pixels is None) == (files is None):
            raise InputError("Images needs an array of pixels or `files=[...]`: one of the two.")
        if archive is not None and files is None:
            raise InputError("`archive` needs `files=[...]`: the names of the pictures inside it.")
        self._path = None if pixels is None else _path_of(pixels)
        self._pixels: Any = None if pixels is None else _pixels(pixels)
        self._white = 255.0 if self._pixels is None else _white(self._pixels)
        self._files = [os.fspath(file) for file in files or ()]
        self._archive = None if archive is None else Path(archive).absolute()
        if self._archive is None:
            self._files = [str(Path(file).absolute()) for file in self._files]

    def check(self) -> None:
        """Look for every picture file, without opening them.

        Raises
        ------
        FileError
            One is missing, or the archive is.
        """
        if self._archive is None:
            missing = [file for file in self._files if not Path(file).is_file()]
        else:
            inside = set(self._zip.namelist())
            missing = [file for file in self._files if file not in inside]
        if missing:
            raise FileError(
                f"The picture {missing[0]} is missing{self._where} ({len(missing):,} of "
                f"{len(self._files):,} are). One file for each example was expected."
            )

    def check_formats(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Look at the beginning of every picture file, without decoding it; of pixels, at nothing.

        A file that is cut short later on is noticed where it is shown.

        Parameters
        ----------
        progress : called with how many have been looked at, and of how many

        Raises
        ------
        FileError
            Files are missing, or no pictures; the message names the first, and says how many.
        """
        if self._pixels is not None:
            return
        self.check()
        broken: list[tuple[str, str]] = []
        for done, name in enumerate(self._files, 1):
            if why := self._not_a_picture(name):
                broken.append((name, why))
            if progress is not None:
                progress(done, len(self._files))
        if broken:
            name, why = broken[0]
            raise FileError(
                f"{name}{self._where} is no picture, or is broken: {why} ({len(broken):,} of "
                f"{len(self._files):,} are so). Replace the file, or leave the example out of all "
                "that is handed in."
            )

    def _not_a_picture(self, name: str) -> str:
        """Return why a file does not begin as a picture does; nothing where it does."""
        from PIL import Image, UnidentifiedImageError

        try:
            with (
                Path(name).open("rb") if self._archive is None else self._zip.open(name) as file,
                Image.open(file),
            ):
                return ""
        except UnidentifiedImageError:  # whose words hold an address in memory
            return "it is empty, or in no known format"
        except (
            *(OSError, SyntaxError, ValueError, RuntimeError, Image.DecompressionBombError),
            *(zipfile.BadZipFile, zlib.error),
        ) as error:
            return str(error)

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        assert self._archive is not None
        try:
            return zipfile.ZipFile(self._archive)
        except FileNotFoundError:
            raise FileError(f"The archive {self._archive} is missing. Put it back.") from None
        except zipfile.BadZipFile as error:
            raise FileError(
                f"{self._archive} is no zip archive, or is cut short: {error}. Copy it again."
            ) from None

    @property
    def _where(self) -> str:
        return "" if self._archive is None else f" in {self._archive}"

    def __len__(self) -> int:
        return len(self._files) if self._pixels is None else len(self._pixels)

    def __repr__(self) -> str:
        many = plural(len(self), "picture")
        if self._pixels is None:
            return f"Images({many}, files{self._where})"
        height, width = self._pixels.shape[1:3]
        scaled = self._pixels.dtype != np.uint8
        shown = f", values 0 to {self._white:g} shown as 0 to 255" if scaled else ""
        return f"Images({many}, {height} x {width}{shown})"

    @property
    def white(self) -> float:
        """The value of pixels that is shown as white."""
        return self._white

    def show(self, index: int) -> Picture:
        """Return picture ``index``.

        Raises
        ------
        FileError
            The file is missing, or is no picture, or is cut short.
        """
        if self._pixels is None:
            return _decoded(self._read(index), self._files[index])
        from PIL import Image

        pixels = np.asarray(self._pixels[index])
        if pixels.dtype != np.uint8:
            pixels = np.rint(pixels.astype(np.float64) * (255 / self._white)).astype(np.uint8)
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)
        return _as_png(image)

    def load(self, index: int) -> UInt8[np.ndarray, "height width ..."] | Any:
        """Return the pixels of picture ``index``: those of an array as they are, of a file RGB.

        Raises
        ------
        FileError
            The file is missing, or is no picture, or is cut short.
        """
        if self._pixels is not None:
            return np.asarray(self._pixels[index])
        with _readable(self._read(index), self._files[index]) as image:
            shown = _grey(image) if image.mode.startswith(_DEEP) else image
            return np.asarray(shown.convert("RGB"))

    def paths(self) -> tuple[str, ...] | None:
        """Return each picture's file, relative to the folder, or archive, of all; None of pixels.

        Examples
        --------
        >>> Images(files=["pets/cat/1.png", "pets/dog/1.png"]).paths()
        ('cat/1.png', 'dog/1.png')
        """
        if self._pixels is not None:
            return None
        return _relative(self._files) if self._archive is None else tuple(self._files)

    def take(self, rows: Int[np.ndarray, "_some"]) -> "Images":
        """Return some of the pictures, in the order given."""
        if self._pixels is not None:
            return Images(self._pixels[rows])
        return Images(files=[self._files[row] for row in rows], archive=self._archive)

    def raw(self, index: int) -> bytes:
        """Return picture ``index`` as it lies: the bytes of its file, or type, shape and pixels."""
        return self._read(index) if self._pixels is None else _raw(self._pixels[index])

    def _read(self, index: int) -> bytes:
        name = self._files[index]
        try:
            return Path(name).read_bytes() if self._archive is None else self._zip.read(name)
        except (OSError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            raise FileError(f"The picture {name}{self._where} cannot be read: {error}") from None

    def save(self, folder: Path) -> dict[str, Any]:
        """Write into ``folder`` what is not in a file yet; return how to open it again."""
        if isinstance(self._pixels, PixelFiles):
            return {"kind": self.kind} | self._pixels.save(folder)
        if self._pixels is not None:
            return {"kind": self.kind} | _saved(self._pixels, self._path, folder / "pixels.npy")
        self.check()
        _write_json(folder / "files.json", self._files)
        description = {"kind": self.kind, "files": "files.json"}
        if self._archive is None:
            return description
        return description | {"archive": str(self._archive), "sha256": _sha256(self._archive)}

    @classmethod
    def _open(cls, description: Mapping[str, Any], folder: Path) -> "Images":
        if "stack" in description:
            return cls(open_pixels(description, folder))
        if "files" not in description:
            return cls(_opened(description, folder))
        files = _read_json(folder / description["files"])
        if "archive" not in description:
            return cls(files=files)
        archive = _verify(folder / description["archive"], description["sha256"])
        return cls(files=files, archive=archive)


class Texts:
    r"""Texts: a list of strings, or a file with them.

    Parameters
    ----------
    texts : the ``n`` texts in the order of the examples, or the path of a ``.json`` file that holds
        a list of strings, or of a text file (UTF-8) with one text on each line; or `JsonLines`,
        which are read when they are asked for
    breaks : what stands for the end of a line in them, and is shown as one

    Raises
    ------
    InputError
        Something that is no string is among them.
    FileError
        The file is missing, is not UTF-8, or holds something else.

    Examples
    --------
    >>> Texts(["I loved it.", "Never again."]).show(1)
    Text(text='Never again.')
    >>> Texts(["Never<br />again."], breaks="<br />").show(0)
    Text(text='Never\nagain.')
    """

    kind: Literal["texts"] = "texts"

    def __init__(
        self, texts: Sequence[object] | JsonLines | PathLike, *, breaks: str | None = None
    ) -> None:
        self._breaks = breaks
        self._path = _path_of(texts)
        self._texts: Any
        if isinstance(texts, JsonLines):
            self._texts = texts
            return
        self._texts = _read_texts(self._path) if self._path else list(texts)  # type: ignore[arg-type]
        for index, text in enumerate(self._texts):
            if not isinstance(text, str):
                where = f" of {self._path}" if self._path else ""
                raise InputError(
                    f"texts[{index}]{where} is {type(text).__name__}, not a string; use '' where "
                    "there is nothing to show."
                )

    def __len__(self) -> int:
        return len(self._texts)

    def __repr__(self) -> str:
        return f"Texts({plural(len(self), 'text')})"

    def show(self, index: int) -> Text:
        """Return text ``index``."""
        text = self._texts[index]
        return Text(whole_text(text if self._breaks is None else text.replace(self._breaks, "\n")))

    def load(self, index: int) -> str:
        """Return text ``index`` as a string, as it is."""
        text: str = self._texts[index]
        return text

    def raw(self, index: int) -> bytes:
        """Return text ``index`` in UTF-8."""
        return self.load(index).encode("utf-8", HALVES)

    def paths(self) -> None:
        """Return None: a text has no file of its own."""

    def take(self, rows: Int[np.ndarray, "_some"]) -> "Texts":
        """Return some of the texts, in the order given."""
        lazy = isinstance(self._texts, JsonLines)
        some = self._texts.take(rows) if lazy else [self._texts[row] for row in rows]
        return type(self)(some, breaks=self._breaks)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write into ``folder`` what is not in a file yet; return how to open it again."""
        description: dict[str, Any] = {"kind": self.kind}
        if self._breaks is not None:
            description["breaks"] = self._breaks
        if isinstance(self._texts, JsonLines):
            return description | self._save_lines(self._texts, folder)
        path = self._path
        if path is None:
            path = folder / "texts.json"
            _write_json(path, self._texts)
            return description | {"path": path.name, "sha256": _sha256(path)}
        return description | {"path": str(path), "sha256": _sha256(path)}

    @staticmethod
    def _save_lines(lines: JsonLines, folder: Path) -> dict[str, Any]:
        files = [{"path": str(file), "sha256": _sha256(file)} for file in lines.files]
        places = _saved(lines.places, None, folder / "places.npy")
        return {"lines": files, "field": lines.field, "places": places}

    @classmethod
    def _open(cls, description: Mapping[str, Any], folder: Path) -> "Texts":
        breaks = description.get("breaks")
        if "lines" not in description:
            return cls(_verify(folder / description["path"], description["sha256"]), breaks=breaks)
        files = [_opened(file, folder) for file in description["lines"]]
        places = load_array(_opened(description["places"], folder))
        return cls(JsonLines(files, places, description["field"]), breaks=breaks)


class Sounds:
    """Sounds: one file for each example.

    Parameters
    ----------
    files : the names of ``n`` sound files, in the order of the examples: wav, flac, ogg or mp3.
        All but wav files of whole numbers (PCM) need ``pip install "errata[audio]"``

    Raises
    ------
    InputError
        A name ends otherwise.

    Examples
    --------
    >>> Sounds(["hello.wav", "goodbye.wav"])
    Sounds(2 sounds, files)
    """

    kind: Literal["sounds"] = "sounds"

    def __init__(self, files: Sequence[PathLike]) -> None:
        self._files = [Path(file).absolute() for file in files]
        for index, file in enumerate(self._files):
            if file.suffix.lower() not in FORMATS:
                raise InputError(
                    f"files[{index}] is {file}; a sound file that ends in "
                    f"{', '.join(FORMATS)} was expected. Convert it first."
                )

    def check(self) -> None:
        """Look for every sound file, without opening them.

        Raises
        ------
        FileError
            One is missing.
        MissingExtraError
            One is no wav file, and the package soundfile is not installed.
        """
        missing = [file for file in self._files if not file.is_file()]
        if missing:
            raise FileError(
                f"The sound {missing[0]} is missing ({len(missing):,} of {len(self._files):,} "
                "are). One file for each example was expected."
            )
        for file in self._files:
            if file.suffix.lower() != ".wav":
                import_soundfile(str(file))

    def __len__(self) -> int:
        return len(self._files)

    def __repr__(self) -> str:
        return f"Sounds({plural(len(self), 'sound')}, files)"

    def show(self, index: int) -> Clip:
        """Return sound ``index`` as its file holds it, after reading it whole.

        Raises
        ------
        FileError
            The file is missing, or is no sound, or is cut short.
        MissingExtraError
            The package soundfile is needed, and not installed.
        """
        data = self._read(index)
        sound = read_sound(data, str(self._files[index]))
        return Clip(data, FORMATS[self._files[index].suffix.lower()], sound.seconds)

    def load(self, index: int) -> Sound:
        """Return sound ``index`` as numbers from -1 to 1, the mean of its channels.

        Raises
        ------
        FileError
            The file is missing, or is no sound, or is cut short.
        MissingExtraError
            The package soundfile is needed, and not installed.
        """
        return read_sound(self._read(index), str(self._files[index]))

    def raw(self, index: int) -> bytes:
        """Return the bytes of the file of sound ``index``."""
        return self._read(index)

    def paths(self) -> tuple[str, ...]:
        """Return each sound's file, relative to the folder of all."""
        return _relative(self._files)

    def take(self, rows: Int[np.ndarray, "_some"]) -> "Sounds":
        """Return some of the sounds, in the order given."""
        return Sounds([self._files[row] for row in rows])

    def _read(self, index: int) -> bytes:
        try:
            return self._files[index].read_bytes()
        except OSError as error:
            raise FileError(f"The sound {self._files[index]} cannot be read: {error}") from None

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the names of the files into ``folder``; return how to open them again."""
        self.check()
        _write_json(folder / "files.json", [str(file) for file in self._files])
        return {"kind": self.kind, "files": "files.json"}

    @classmethod
    def _open(cls, description: Mapping[str, Any], folder: Path) -> "Sounds":
        return cls(_read_json(folder / description["files"]))


class Features:
    """Rows of a table: for data that is nothing but numbers and words.

    Parameters
    ----------
    values : array of shape ``(n, features)`` of numbers or strings, the path of such a ``.npy``
        file, or a mapping from column names to columns of ``n`` values each
    names : the names of the columns of an array; ``"feature 1"`` and so on when none are given

    Raises
    ------
    InputError
        The array is not two-dimensional, names do not fit, or columns differ in length.
    FileError
        The array file is missing or broken.

    Examples
    --------
    >>> Features(np.array([[5.1, 3.5]]), names=["length", "width"]).show(0)
    Row(names=('length', 'width'), values=(5.1, 3.5))
    >>> Features({"age": [39, 50], "work": ["state", "private"]}).show(1)
    Row(names=('age', 'work'), values=(50.0, 'private'))
    """

    kind: Literal["features"] = "features"

    def __init__(
        self,
        values: Shaped[np.ndarray, "..."] | PathLike | Mapping[str, Any],
        names: Sequence[str] | None = None,
    ) -> None:
        self._path = None if isinstance(values, Mapping) else _path_of(values)
        self._columns: Sequence[Shaped[np.ndarray, "n"]]
        if isinstance(values, Mapping):
            self._columns = [np.asarray(column) for column in values.values()]
            names = [str(name) for name in values]
            self._table = None
        else:
            self._table = _array_of(values)
            if self._table.ndim != 2:
                raise InputError(
                    f"The features have shape {self._table.shape}; one row for each example and "
                    "one column for each feature, shape (n, features), was expected."
                )
            self._columns = list(self._table.T)
        if names is None:
            names = [f"feature {index + 1}" for index in range(len(self._columns))]
        if len(names) != len(self._columns):
            raise InputError(
                f"There are {len(names)} names for {len(self._columns)} columns of features."
            )
        self.names = tuple(str(name) for name in names)
        for name, column in zip(self.names, self._columns, strict=True):
            if column.ndim != 1 or column.dtype.kind not in "iufbUST":
                raise InputError(
                    f"The column {name!r} has shape {column.shape} and dtype {column.dtype}; one "
                    "number or string for each example was expected."
                )
            if len(column) != len(self):
                raise InputError(
                    f"The column {name!r} has {len(column):,} values, but {self.names[0]!r} has "
                    f"{len(self):,}. Every column needs one value for each example."
                )

    def __len__(self) -> int:
        return len(self._columns[0]) if self._columns else 0

    def __repr__(self) -> str:
        return f"Features({len(self):,} rows of {len(self.names)} columns)"

    def show(self, index: int) -> Row:
        """Return row ``index``; numbers as floats, everything else as strings."""
        values = (column[index] for column in self._columns)
        return Row(
            tuple(map(whole_text, self.names)),
            tuple(float(v) if isinstance(v, np.number) else whole_text(str(v)) for v in values),
        )

    def load(self, index: int) -> tuple[Any, ...]:
        """Return the values of row ``index``, a number or a string each."""
        return tuple(column[index] for column in self._columns)

    def raw(self, index: int) -> bytes:
        """Return row ``index`` as bytes: the names of the columns, and the values."""
        names = json.dumps(self.names).encode()
        if self._table is not None and self._table.dtype.kind != "T":
            return names + _raw(self._table[index])
        return names + repr([value.item() for value in map(np.asarray, self.load(index))]).encode()

    def paths(self) -> None:
        """Return None: a row has no file of its own."""

    def take(self, rows: Int[np.ndarray, "_some"]) -> "Features":
        """Return some of the rows, in the order given."""
        if self._table is not None:
            return Features(self._table[rows], self.names)
        columns = [column[rows] for column in self._columns]
        return Features(dict(zip(self.names, columns, strict=True)))

    def save(self, folder: Path) -> dict[str, Any]:
        """Write into ``folder`` what is not in a file yet; return how to open it again.

        Raises
        ------
        LabelError
            The name of a column is not valid Unicode: shown, it could be that of another.
        """
        check_all_unicode(self.names, "The name of column {} is".format)
        description = {"kind": self.kind, "names": list(self.names)}
        if self._table is not None:
            return description | _saved(self._table, self._path, folder / "features.npy")
        columns = [
            _saved(column, None, folder / f"column{position}.npy")
            for position, column in enumerate(self._columns)
        ]
        return description | {"columns": columns}

    @classmethod
    def _open(cls, description: Mapping[str, Any], folder: Path) -> "Features":
        names = description["names"]
        if "columns" not in description:
            return cls(_opened(description, folder), names)
        columns: list[Any] = [load_array(_opened(one, folder)) for one in description["columns"]]
        return cls(dict(zip(names, columns, strict=True)))


Media = Images | Texts | Sounds | Features


def open_media(description: Mapping[str, Any], folder: Path) -> Media:
    """Open what `save` described; ``folder`` is where it was saved.

    Raises
    ------
    FileError
        A file is missing, or has changed since it was saved.
    """
    known: tuple[type[Media], ...] = (Images, Texts, Sounds, Features)
    kinds = {kind.kind: kind for kind in known}
    return kinds[description["kind"]]._open(description, folder)  # noqa: SLF001 (one module)


# ---------------------------------------------------------------- pictures


def _pixels(
    given: Shaped[np.ndarray, "..."] | PixelFiles | PathLike,
) -> Shaped[np.ndarray, "..."] | PixelFiles:
    if isinstance(given, PixelFiles):
        return given
    array = _array_of(given)
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (1, 3, 4)):
        raise InputError(
            f"The pictures have shape {array.shape}; (n, height, width), or with a last axis of 1, "
            "3 or 4 colours, was expected."
            + (" Reshape each row to (height, width)." if array.ndim == 2 else "")
            + (" Move the colours last: array.transpose(0, 2, 3, 1)." if array.ndim == 4 else "")
        )
    if array.dtype.kind not in "biuf":
        raise InputError(f"The pictures have dtype {array.dtype}; numbers were expected.")
    return array


def _white(pixels: Shaped[np.ndarray, "..."] | PixelFiles) -> float:
    """Return the value to show as white: 1, or the maximum where it is larger."""
    if isinstance(pixels, PixelFiles) or pixels.dtype == np.uint8 or pixels.size == 0:
        return 255.0
    low, high = float(pixels.min()), float(pixels.max())  # NaN comes through both
    if not (low >= 0 and high < np.inf):
        raise InputError(
            f"The pictures hold values from {low:g} to {high:g}; brightness from 0 up was "
            "expected. Undo the model's normalisation, or hand in uint8."
        )
    return max(high, 1.0)


def _raw(array: Shaped[np.ndarray, "..."]) -> bytes:
    """Return an array as bytes that no other array of another type or shape has."""
    ordered = np.asarray(array, array.dtype.newbyteorder("<"))
    return f"{ordered.dtype.str}{ordered.shape}".encode() + ordered.tobytes()


def _as_png(image: Any) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return Picture(buffer.getvalue(), "image/png", image.width, image.height)


def _decoded(data: bytes, name: str) -> Picture:
    """Return the picture as it is where everybody shows it alike, else as PNG."""
    with _readable(data, name) as image:
        if image.mode.startswith(_DEEP):
            return _as_png(_grey(image))
        if image.format in WEB_FORMATS:
            return Picture(data, WEB_FORMATS[image.format], image.width, image.height)
        return _as_png(image.convert("RGBA" if "A" in image.getbands() else "RGB"))


_DEEP = ("I", "F")
"""How the modes of pictures begin whose values are not those of 8 bits: ``I;16``, ``I``, ``F``."""


def _grey(image: Any) -> Any:
    """Return such a picture in grey, from its lowest value (black) to its highest (white).

    Its depth in bits would not do: cameras and scanners write 12 bits into 16, and numbers with a
    point have no largest one.
    """
    from PIL import Image

    values = np.asarray(image).astype(np.float64)
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low
    return Image.fromarray(np.rint(values * (255 / (high - low or 1.0))).astype(np.uint8))


@contextmanager
def _readable(data: bytes, name: str) -> Iterator[Any]:
    """Yield a picture that is decoded whole, so that a broken file is noticed here."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        why: object = error
        if isinstance(error, UnidentifiedImageError):  # whose words hold an address in memory
            why = "it is in no known format" if data else "it is empty"
        raise FileError(
            f"{name} is no picture, or is broken: {why}. Replace the file; nothing else is lost."
        ) from None


# ---------------------------------------------------------------- files


def content_hash(example: object) -> str:
    """Return the SHA-256 of one example's own bytes, by which a release knows it.

    Parameters
    ----------
    example : the bytes of its file; a text, hashed in UTF-8; or an array, of pixels say, hashed
        with its type and shape

    Raises
    ------
    InputError
        It is something else.

    Examples
    --------
    >>> content_hash("Never again.")[:12], content_hash(b"Never again.")[:12]
    ('c0ae1bbbff51', 'c0ae1bbbff51')
    """
    if isinstance(example, str):
        example = example.encode("utf-8", HALVES)
    elif not isinstance(example, bytes):
        array = np.asarray(example)
        if array.dtype.kind not in "biuf":
            raise InputError(
                f"The example is {type(example).__name__}; bytes, a text, or an array of numbers "
                "was expected."
            )
        example = _raw(array)
    return hashlib.sha256(example).hexdigest()


def _relative(files: Sequence[PathLike]) -> tuple[str, ...]:
    """Return files by their paths in the folder that holds all of them."""
    if not files:
        return ()
    above = os.path.commonpath([os.path.dirname(file) for file in files])  # noqa: PTH120 (of many)
    return tuple(Path(file).relative_to(above).as_posix() for file in files)


def _path_of(given: object) -> Path | None:
    return Path(given).absolute() if isinstance(given, str | os.PathLike) else None


def _array_of(given: Shaped[np.ndarray, "..."] | PathLike) -> Shaped[np.ndarray, "..."]:
    return load_array(given) if isinstance(given, str | os.PathLike) else np.asarray(given)


def _saved(array: Shaped[np.ndarray, "..."], path: Path | None, target: Path) -> dict[str, str]:
    """Write the array unless it is in a file already; return its path and SHA-256."""
    if path is not None:
        return {"path": str(path), "sha256": _sha256(path)}
    target.parent.mkdir(parents=True, exist_ok=True)
    np.save(target, array.astype(str) if array.dtype.kind == "T" else array)
    return {"path": target.name, "sha256": _sha256(target)}


def _opened(description: Mapping[str, str], folder: Path) -> Path:
    return _verify(folder / description["path"], description["sha256"])


def _read_texts(path: Path) -> list[Any]:
    if not path.is_file():
        raise FileError(f"{path} is missing; a list of strings (.json) or lines were expected.")
    if path.suffix == ".json":
        texts = _read_json(path)
        if not isinstance(texts, list):
            raise FileError(f"{path} holds no list; a list of strings was expected.")
        return texts
    try:
        return path.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8: {error}. Convert it first.") from None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig", errors=HALVES))
    except FileNotFoundError:
        raise FileError(f"{path}, which the audit shows, is missing. Put it back.") from None
    except ValueError as error:
        raise FileError(f"{path} is no JSON, or is cut short: {error}") from None


def whole_text(text: str) -> str:
    """Return a text as it can be shown and sent: half of a character becomes ``?``."""
    return text.encode("utf-8", "replace").decode()


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(value, ensure_ascii=False).encode("utf-8", HALVES))
