"""Data sets of Hugging Face: folders that `save_to_disk` wrote, and names on the hub.

A saved folder holds Arrow files, so it is read without the package `datasets`; the hub needs it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from errata.array_files import read_json
from errata.datasets.table_files import Rows, joined, read_rows, rows_of_table
from errata.errors import FileError, InputError, MissingExtraError

PREFIX = "hf:"
"""How the name of a data set on the hub begins: ``hf:owner/name``, or ``hf:owner/name:config``."""


def is_saved(folder: Path) -> bool:
    """Tell whether `save_to_disk` wrote this folder."""
    return any((folder / name).is_file() for name in ("dataset_dict.json", "state.json"))


def open_saved(folder: Path) -> Rows:
    """Return the rows of all parts in a folder that `save_to_disk` wrote.

    Raises
    ------
    FileError
        A file is missing or damaged.
    """
    if not (folder / "dataset_dict.json").is_file():
        return replace(_shards(folder, folder.name), files=None)
    parts = [str(part) for part in _of(folder / "dataset_dict.json", "splits")]
    if not parts:
        raise FileError(f"{folder} holds no parts; save the data set again.")
    return joined([(part, _shards(folder / part, part)) for part in parts], folder.name, folder)


def _shards(folder: Path, name: str) -> Rows:
    """Return the rows of one part, numbered through all the files in which it lies."""
    files = [each["filename"] for each in _of(folder / "state.json", "_data_files")]
    if not files:
        raise FileError(f"{folder} holds no rows; save the data set again.")
    features = _of(folder / "dataset_info.json", "features") or {}
    rows = joined([(None, read_rows(folder / each)) for each in files], name, folder)
    numbers = np.arange(len(rows.numbers))
    return replace(rows, name=name, numbers=numbers, features=features)


def _of(path: Path, key: str) -> Any:
    value = read_json(path)
    if not isinstance(value, dict) or key not in value:
        raise FileError(f"{path} does not say {key!r}; save the data set again.")
    return value[key]


def open_hub(name: str, part: str | None) -> Rows:
    """Download a data set from the hub, or find it in the cache; return the rows.

    Parameters
    ----------
    name : ``"hf:owner/name"``; of several configurations ``"hf:owner/name:config"``
    part : without it, ``"test"`` where there is one, else all parts

    Raises
    ------
    MissingExtraError
        `datasets` is not installed.
    FileError
        It cannot be downloaded; the message says what to do by hand.
    """
    try:
        # a mere folder called datasets could be imported, but has no such names
        from datasets import get_dataset_split_names, load_dataset
    except ImportError:
        raise MissingExtraError(
            f"{name} is on the hub of Hugging Face, and loading it needs the package datasets: "
            'pip install "errata[hf]".'
        ) from None
    repository, _, config = name.removeprefix(PREFIX).partition(":")
    if not repository:
        raise InputError(f"{name!r} names no data set; {PREFIX}owner/name was expected.")
    with _how_by_hand(name, repository, config):
        there = get_dataset_split_names(repository, config or None)
        wanted = part if part in there else "test" if part is None and "test" in there else None
        found = load_dataset(repository, config or None, split=wanted)
    parts = found if wanted is None else {wanted: found}
    tables = [(each, rows_of_dataset(one, each)) for each, one in parts.items()]
    return joined(tables, repository, Path())


def rows_of_dataset(dataset: Any, name: str) -> Rows:
    """Return the rows of a `datasets.Dataset`."""
    features = dataset.features.to_dict()
    table = dataset.flatten_indices().data.table
    return replace(rows_of_table(table, name, Path()), features=features)


@contextmanager
def _how_by_hand(name: str, repository: str, config: str) -> Iterator[None]:
    """Raise a `FileError` for whatever goes wrong on the way to the hub."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (the network, the hub and the builder raise all kinds)
        said = " ".join(str(error).split())[:300]
        words = f'"{repository}", "{config}"' if config else f'"{repository}"'
        raise FileError(
            f"{name} cannot be loaded ({type(error).__name__}: {said}). Is the name right, and "
            f"does this machine reach huggingface.co? Without a network, run\n"
            f'  datasets.load_dataset({words}).save_to_disk("FOLDER")\n'
            "on a machine that has one, copy FOLDER here, and open that."
        ) from None
