"""Pixels that stay in files, and are read or drawn when a picture is asked for.

`errata.datasets.media.Images` takes them in place of an array: they have a shape and a dtype, and
give a picture for a number, or some of the pictures for an array of numbers.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int, UInt8

from errata.array_files import PathLike, load_array
from errata.datasets.saved_files import saved_file, sha256_of, verify
from errata.errors import FileError


class PixelFiles(ABC):
    """Grey pictures of one size, of uint8, in several files, as if these lay end to end."""

    form: ClassVar[str]
    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        files: Sequence[PathLike],
        size: tuple[int, int],
        places: range | Int[np.ndarray, "n"],
    ) -> None:
        self.files = tuple(Path(file).absolute() for file in files)
        self.size = size
        self._places = places

    @property
    @abstractmethod
    def _starts(self) -> Int[np.ndarray, "files"]:
        """Where the first place of each file is."""

    @abstractmethod
    def _read(self, number: int, place: int) -> UInt8[np.ndarray, "height width"]:
        """Return the picture at a place in one of the files."""

    def __len__(self) -> int:
        return len(self._places)

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many there are, their height, and their width."""
        return (len(self), *self.size)

    def __getitem__(self, index: Any) -> Any:
        if np.ndim(index):
            if not isinstance(self._places, range):
                return self._at(self._places[index])
            rows = np.asarray(index, np.int64)  # in a range, the number of a picture is its place
            if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
                raise IndexError(f"There are {len(self):,} pictures, numbered from 0.")
            return self._at(rows)
        place = int(self._places[index])
        number = int(np.searchsorted(self._starts, place, side="right")) - 1
        return self._read(number, place - int(self._starts[number]))

    @abstractmethod
    def _at(self, places: Int[np.ndarray, "_some"]) -> "PixelFiles":
        """Return the pictures at some places."""

    def save(self, folder: Path) -> dict[str, Any]:
        """Return how to open it again; which pictures it holds is written into ``folder``."""
        description = {
            "form": self.form,
            "stack": [saved_file(file) for file in self.files],
            "size": list(self.size),
        }
        if isinstance(self._places, range):
            return description
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "places.npy", self._places)
        return description | {"places": sha256_of(folder / "places.npy")}


class StackedPixels(PixelFiles):
    """Pictures in several ``.npy`` files, mapped into memory: never read whole.

    Parameters
    ----------
    files : each an array of uint8, a picture a row
    size : height and width of a picture
    places : which pictures, of all files counted through; all of them without it

    Raises
    ------
    FileError
        A file is missing, cut short or damaged, or holds something else.
    """

    form = "stacked"

    def __init__(
        self,
        files: Sequence[PathLike],
        size: tuple[int, int],
        places: Int[np.ndarray, "n"] | None = None,
    ) -> None:
        self._arrays = [_rows_of_pixels(Path(file), size) for file in files]
        self.counts = [len(array) for array in self._arrays]
        super().__init__(files, size, range(sum(self.counts)) if places is None else places)

    @property
    def _starts(self) -> Int[np.ndarray, "files"]:
        return np.cumsum([0, *self.counts[:-1]])

    def _read(self, number: int, place: int) -> UInt8[np.ndarray, "height width"]:
        return np.array(self._arrays[number][place]).reshape(self.size)

    def _at(self, places: Int[np.ndarray, "_some"]) -> "StackedPixels":
        return StackedPixels(self.files, self.size, places)

    def __reduce__(self) -> tuple[Any, ...]:
        # files travel to other processes by name; a mapped array would be copied whole
        places = None if isinstance(self._places, range) else self._places
        return StackedPixels, (self.files, self.size, places)


def _rows_of_pixels(path: Path, size: tuple[int, int]) -> UInt8[np.ndarray, "n pixels"]:
    array = load_array(path)
    height, width = size
    if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != height * width:
        raise FileError(
            f"{path} holds {array.dtype} of shape {array.shape}; uint8 of shape "
            f"(n, {height * width}), a picture of {height} x {width} a row, was expected."
        )
    return array


class StrokePixels(PixelFiles):
    """Drawings that lie as strokes in ``.ndjson`` files, one a line; drawn when asked for.

    Parameters
    ----------
    files : each a JSON object a line, whose ``"drawing"`` is a list of strokes; a stroke is a list
        of x, a list of y, and maybe more
    places : where the lines begin, in bytes of all files counted through
    side : height and width of the square they are drawn in
    """

    form = "strokes"

    def __init__(
        self,
        files: Sequence[PathLike],
        places: Int[np.ndarray, "n"],
        side: int = 256,
    ) -> None:
        super().__init__(files, (side, side), places)
        self._bytes = [file.stat().st_size for file in self.files]

    @property
    def _starts(self) -> Int[np.ndarray, "files"]:
        return np.cumsum([0, *self._bytes[:-1]])

    def _read(self, number: int, place: int) -> UInt8[np.ndarray, "height width"]:
        path = self.files[number]
        try:
            with path.open("rb") as file:
                file.seek(place)
                line = file.readline()
        except OSError as error:
            raise FileError(f"{path} cannot be read: {error}") from None
        try:
            strokes = [_points(stroke) for stroke in json.loads(line)["drawing"]]
            return drawn(strokes, self.size[0])
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            with path.open("rb") as file:
                before = file.read(place).count(b"\n")
            raise FileError(
                f"Line {before + 1} of {path} is no drawing, or is cut short: {error}. A JSON "
                'object with "drawing": [[[x, ...], [y, ...]], ...] was expected.'
            ) from None

    def _at(self, places: Int[np.ndarray, "_some"]) -> "StrokePixels":
        return StrokePixels(self.files, places, self.size[0])


def _points(stroke: Any) -> Float[np.ndarray, "points 2"]:
    points = np.array([stroke[0], stroke[1]], np.float64).T
    if points.ndim != 2 or len(points) == 0 or not (np.abs(points) < 1e6).all():
        raise ValueError(f"a stroke has points {stroke!r:.60}")
    return points


def drawn(
    strokes: Sequence[Float[np.ndarray, "_points 2"]], side: int
) -> UInt8[np.ndarray, "side side"]:
    """Return a drawing in the middle of a square, bright on black, as large as it fits.

    Raises
    ------
    ValueError
        There are no strokes.
    """
    from PIL import Image, ImageDraw

    if not strokes:
        raise ValueError("it has no strokes")
    twice = 2 * side  # and halved at the end, which makes edges smooth
    pen = twice // 32
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (twice - 2 * pen) / max(float((high - low).max()), 1.0)
    image = Image.new("L", (twice, twice))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        line = [(x, y) for x, y in ((stroke - (low + high) / 2) * scale + side).tolist()]
        draw.line(line, fill=255, width=pen, joint="curve")
        for x, y in (line[0], line[-1]):  # round ends; a stroke of one point is a dot
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(image.reduce(2))


def open_pixels(description: Mapping[str, Any], folder: Path) -> PixelFiles:
    """Open what `PixelFiles.save` described; ``folder`` is where it was saved.

    Raises
    ------
    FileError
        A file is missing, or has changed since it was saved.
    """
    files = [verify(Path(one["path"]), one["sha256"]) for one in description["stack"]]
    height, width = description["size"]
    places: Any = None
    if "places" in description:
        places = load_array(verify(folder / "places.npy", description["places"]))
    if description["form"] == StackedPixels.form:
        return StackedPixels(files, (height, width), places)
    return StrokePixels(files, places, height)
