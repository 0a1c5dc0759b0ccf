"""The one door for a user's own data: tells its forms apart, and opens each.

What a form is like inside is known to `class_folders`, `tables`, `plain_arrays` and
`hugging_face`; published data sets are opened by `registry`.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errata.array_files import PathLike, load_array, near_name
from errata.datasets import class_folders, plain_arrays
from errata.datasets.base import Dataset, OnDamage
from errata.datasets.parts import choose_part
from errata.datasets.registry import PUBLISHED, open_published
from errata.errors import FileError, InputError

if TYPE_CHECKING:
    from errata.datasets.table_files import Rows

TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow")
"""How the files of tables end."""

_PART = re.compile(r"(train|test|val|validation|dev)(?![a-z])", re.IGNORECASE)


def open_dataset(
    source: object,
    *,
    part: str | None = None,
    label: object = None,
    text: str | None = None,
    path: str | None = None,
    features: Sequence[str] | None = None,
    id: object = None,  # noqa: A002 (what the column is called)
    group: object = None,
    classes: Sequence[object] | None = None,
    name: str | None = None,
    folder: PathLike | None = None,
    on_damage: OnDamage = "stop",
) -> Dataset:
    r"""Open a user's own data, or a published set, as a `Dataset`.

    Parameters
    ----------
    source : one of

        - a folder of class folders with pictures (.png, .jpg, ...) or texts (.txt); above the
          class folders there may be folders of parts, such as ``train`` and ``test``
        - a table, .csv, .tsv, .jsonl, .parquet or .arrow, or a folder of such tables
          (``train.csv`` and ``test.csv``, say), or a frame in memory (of pandas, Polars, Arrow)
        - an array: features ``(n, d)``, pictures ``(n, h, w)`` or ``(n, h, w, colours)``, or
          a list of texts; the path of an ``.npy`` file; a mapping, or an ``.npz`` file, of ``X``
          and ``y``, or of ``X_train``, ``y_train`` and so on
        - a folder that Hugging Face ``save_to_disk`` wrote, or ``"hf:owner/name"`` on its hub
        - the name of a published set, with ``folder``
    part : ``"test"``, or what else there is, or ``"all"`` for everything; without it, the test part
        where there is one, else the only one. In a table the column ``split`` says it
    label, text, path, features, id, group : the names of columns: the label, whole numbers or
        names (or a list of them for each example); what is labelled, in one of three ways: a text,
        the path of a file from the table's folder, or several columns of numbers and words; an
        id; and what must stay together, see `Dataset`. ``label``, ``text``, ``path`` (also
        ``file`` and ``image``) and ``id`` are found by their names. For arrays ``label``, ``id``
        and ``group`` are the values themselves, or the path of an ``.npy`` file of them
    classes : class names in class order; needed where labels are numbers with names, or where not
        every class is in the data. Without them the different labels are the classes, sorted
    name : what it is called; else as the file or the folder
    folder : where a published set lies; nothing is downloaded
    on_damage : what becomes of an example that cannot be read: ``"stop"``, or ``"leave out"``,
        which lists it in ``left_out``

    Raises
    ------
    InputError
        It is not clear what ``source`` is, or which column holds what, or a name is unknown.
    FileError
        A file or a row cannot be used; the message says which.
    MissingExtraError
        A package is not installed that is needed.

    Examples
    --------
    >>> import tempfile
    >>> table = Path(tempfile.mkdtemp(), "reviews.csv")
    >>> _ = table.write_text("id,text,label\na1,I loved it.,good\na2,Never again.,bad\n")
    >>> reviews = open_dataset(table)
    >>> reviews
    Dataset('reviews', part 'all': 2 texts, 2 classes)
    >>> reviews.classes, reviews.labels, reviews.load(1)
    (('bad', 'good'), array([1, 0]), 'Never again.')
    >>> open_dataset([[0.5, 1.0], [2.0, 4.0]], label=["near", "far"])
    Dataset('arrays', part 'all': 2 features, 2 classes)
    """
    columns = {"label": label, "text": text, "path": path, "features": features, "id": id,
               "group": group}  # fmt: skip
    if folder is not None:
        _none_of(columns | {"classes": classes}, "a published set")
        return _renamed(open_published(str(source), folder, part, on_damage=on_damage), name)
    settings: dict[str, Any] = {"classes": classes, "on_damage": on_damage}
    if not isinstance(source, str | os.PathLike):
        return _open_in_memory(source, columns, part, name, settings)
    if str(source).startswith("hf:"):
        from errata.datasets.hugging_face import open_hub

        rows = open_hub(str(source), part)
        return _open_rows(rows, columns, part, name or rows.name, settings)
    where = Path(os.fspath(source))
    called = name or where.absolute().name.removesuffix(where.suffix if where.is_file() else "")
    if where.is_dir():
        return _open_folder(where, columns, part, called, settings)
    ending = where.suffix.lower()
    if not where.is_file():
        raise _unknown(where)
    if ending in (".npy", ".npz"):
        several = ending == ".npz" and label is None
        found = plain_arrays.open_npz(where) if several else load_array(where)
        return _open_arrays(found, columns, part, called, settings)
    if ending in TABLES:
        from errata.datasets.table_files import read_rows

        return _open_rows(read_rows(where), columns, part, called, settings)
    raise _unknown(where)


def _unknown(path: Path) -> FileError | InputError:
    if str(path) in PUBLISHED:
        return InputError(
            f"{path} is a published set: say where its files lie with folder=...; `errata datasets "
            f"{path}` tells what to download."
        )
    found = "is no file of a known kind" if path.exists() else "does not exist"
    return FileError(
        f"{path} {found}; a folder of class folders, a table ({' '.join(TABLES)}), an array (.npy, "
        f".npz) or hf:owner/name was expected.{near_name(path)}"
    )


def _none_of(options: Mapping[str, object], what: str) -> None:
    for option, value in options.items():
        if value is not None:
            raise InputError(f"{option}= is for tables and arrays; {what} needs none of it.")


def _renamed(dataset: Dataset, name: str | None) -> Dataset:
    return replace(dataset, name=name) if name else dataset


# ---------------------------------------------------------------- forms


def _open_in_memory(
    source: object,
    columns: Mapping[str, Any],
    part: str | None,
    name: str | None,
    settings: Mapping[str, Any],
) -> Dataset:
    if isinstance(source, Mapping) or not hasattr(source, "__arrow_c_stream__"):
        return _open_arrays(source, columns, part, name or "arrays", settings)
    import pyarrow as pa

    from errata.datasets.table_files import rows_of_table

    rows = rows_of_table(pa.table(source), name or "table", Path())
    return _open_rows(rows, columns, part, name or "table", settings)


def _open_arrays(
    source: object,
    columns: Mapping[str, Any],
    part: str | None,
    name: str,
    settings: Mapping[str, Any],
) -> Dataset:
    _none_of({each: columns[each] for each in ("text", "path")}, "an array")
    if isinstance(source, Mapping):
        chosen, found = plain_arrays.sorted_out(source, part, name)
    else:
        chosen, found = choose_part(part, [], name), {"examples": source}
    for option, what in (("label", "labels"), ("id", "ids"), ("group", "groups")):
        if columns[option] is not None:
            found = found | {what: columns[option]}
    examples, labels = found.pop("examples"), found.pop("labels", None)
    return plain_arrays.dataset_of_arrays(
        examples, labels, name=name, part=chosen, names=columns["features"], **found, **settings
    )


def _open_rows(
    rows: "Rows",
    columns: Mapping[str, Any],
    part: str | None,
    name: str,
    settings: Mapping[str, Any],
) -> Dataset:
    from errata.datasets.columns import Columns
    from errata.datasets.tables import dataset_of

    for option in ("label", "id", "group"):
        if not isinstance(columns[option], str | None):
            raise InputError(
                f"{option}= is {type(columns[option]).__name__}; the name of a column of "
                f"{rows.name} was expected."
            )
    return dataset_of(rows, Columns(**columns), name=name, part=part, **settings)


def _open_folder(
    folder: Path,
    columns: Mapping[str, Any],
    part: str | None,
    name: str,
    settings: Mapping[str, Any],
) -> Dataset:
    from errata.datasets import hugging_face

    if hugging_face.is_saved(folder):
        return _open_rows(hugging_face.open_saved(folder), columns, part, name, settings)
    tables = _tables(folder)
    if tables and class_folders.holds_class_folders(folder):
        raise FileError(
            f"{folder} holds the table {tables[0].name}, and folders of examples beside it. Open "
            f"the table itself if it has the labels; if the folders are classes, move it away."
        )
    if tables:
        return _open_rows(_rows_of(tables, name, folder), columns, part, name, settings)
    _none_of({**columns, "classes": settings["classes"]}, "a folder of class folders")
    return _renamed(class_folders.open_class_folders(folder, part, settings["on_damage"]), name)


def _tables(folder: Path) -> list[Path]:
    """Return the tables in a folder, or in its folder ``data``, where the hub keeps them."""
    for each in (folder, folder / "data"):
        if each.is_dir():
            found = [path for path in sorted(each.iterdir()) if path.suffix.lower() in TABLES]
            if found:
                return [path for path in found if not path.name.startswith(".")]
    return []


def _rows_of(tables: Sequence[Path], name: str, folder: Path) -> "Rows":
    """Return the rows of tables, each the part that its name begins with."""
    from errata.datasets.table_files import joined, read_rows

    parts = [found[1].lower() if (found := _PART.match(path.stem)) else None for path in tables]
    if any(part is None for part in parts) and any(part is not None for part in parts):
        odd = tables[parts.index(None)].name
        raise FileError(
            f"{folder} holds tables called by a part, and {odd}, which is none. Open the one that "
            "is meant by its path."
        )
    return joined([(p, read_rows(t)) for p, t in zip(parts, tables, strict=True)], name, folder)
