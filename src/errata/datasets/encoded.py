"""Pictures that lie, encoded, in a column of a table: PNG, JPEG and their like."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from errata.datasets.media import Images
from errata.errors import FileError


class EncodedImages(Images):
    """Pictures as the bytes of their files, read from an Arrow column when they are asked for.

    Parameters
    ----------
    column : Arrow array of bytes, one picture each
    names : what messages call them
    """

    def __init__(self, column: Any, names: list[str]) -> None:
        super().__init__(files=names)
        self._files = names  # they are no paths
        self._column = column

    def check(self) -> None:
        """Find that every picture is there: opening the table has seen to that."""

    def _read(self, index: int) -> bytes:
        content = self._column[index].as_py()
        if not isinstance(content, bytes):
            raise FileError(f"{self._files[index]} holds no picture.")
        return content

    def take(self, rows: Int[np.ndarray, "_some"]) -> "EncodedImages":
        """Return some of the pictures, in the order given."""
        return EncodedImages(self._column.take(rows), [self._files[row] for row in rows])

    def save(self, folder: Path) -> dict[str, Any]:
        """Write a zip archive of them into ``folder``; return how to open it again as `Images`."""
        folder.mkdir(parents=True, exist_ok=True)
        names = [str(row) for row in range(len(self))]
        with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
            for row, name in enumerate(names):
                archive.writestr(zipfile.ZipInfo(name), self._read(row))  # no time: same bytes
        saved = Images(files=names, archive=folder / "pictures.zip").save(folder)
        return saved | {"archive": "pictures.zip"}
