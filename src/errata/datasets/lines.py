"""Texts that stay in their files: lines of JSON, of which each is read when it is asked for."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from errata.errors import FileError


class JsonLines:
    r"""The texts in some lines of files of JSON objects, one object a line.

    Parameters
    ----------
    files : the files, not packed
    places : for each text the number of its file, and the byte at which its line begins
    field : which value of the object is the text

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "two.json"
    >>> _ = path.write_text('{"text": "Good."}\n{"text": "Bad."}\n')
    >>> JsonLines([path], np.array([[0, 18], [0, 0]]), "text")[0]
    'Bad.'
    """

    def __init__(self, files: Sequence[Path], places: Int64[np.ndarray, "n 2"], field: str) -> None:
        self.files = tuple(file.absolute() for file in files)
        self.places = places
        self.field = field

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> str:
        """Read a text.

        Raises
        ------
        FileError
            The file is missing, or has changed since its lines were counted.
        """
        number, start = self.places[index]
        path = self.files[number]
        try:
            with path.open("rb") as file:
                file.seek(start)
                found: Any = json.loads(file.readline())
        except (OSError, ValueError) as error:
            raise FileError(f"{path} cannot be read at byte {start:,}: {error}.") from None
        text = found.get(self.field) if isinstance(found, dict) else None
        if not isinstance(text, str):
            raise FileError(
                f"{path} has no text {self.field!r} at byte {start:,}; it had one before. Put the "
                "original back."
            )
        return text

    def take(self, rows: Int64[np.ndarray, "_some"]) -> "JsonLines":
        """Return some of the texts, in the order given."""
        return JsonLines(self.files, self.places[rows], self.field)
