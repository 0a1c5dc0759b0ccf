"""Which column of a table holds what: told by the user, or by how columns are usually called."""

from collections.abc import Sequence
from dataclasses import dataclass

from errata.datasets.column_values import is_number
from errata.datasets.table_files import SPLIT, Rows
from errata.errors import FileError, InputError, unknown_name

USUAL = {
    "label": ("label", "labels", "class", "given", "target"),
    "text": ("text", "texts", "sentence"),
    "path": ("path", "file", "file_name", "filename", "image", "img", "picture", "audio"),
    "id": ("id", "ids"),
}
"""What columns are usually called, in small letters."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold what; None where it is not known, or there is none."""

    label: str | None = None
    text: str | None = None
    path: str | None = None
    features: Sequence[str] | None = None
    id: str | None = None
    group: str | None = None


def choose_columns(rows: Rows, asked: Columns) -> Columns:
    """Return which column holds what: those asked for, and those that are called as usual.

    Raises
    ------
    InputError, NameUnknownError
        There is no such column, or it is not clear which is meant; the message lists them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from pathlib import Path
    >>> from errata.datasets.table_files import rows_of_table
    >>> table = pa.table({"Text": ["Hi!"], "label": [0], "when": [1999]})
    >>> choose_columns(rows_of_table(table, "letters.csv", Path()), Columns())
    Columns(label='label', text='Text', path=None, features=None, id=None, group=None)
    """
    names = rows.table.column_names
    if not names:
        row, why = next(iter(sorted(rows.faults.items())), (0, ""))
        raise FileError(
            f"{rows.where(row)}: {why}"
            if why
            else f"{rows.name} has no columns; a table with a label in each row, and what is "
            "labelled, was expected."
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FileError(f"{rows.name} has two columns {twice!r}; column names must differ.")
    wanted = [asked.label, asked.text, asked.path, asked.id, asked.group, *(asked.features or ())]
    for name in wanted:
        if name is not None and name not in names:
            raise unknown_name(f"column of {rows.name} called", name, names)
    label = asked.label or _usual(rows, "label", names)
    if label is None:
        raise _unclear(rows, "the labels", "label")
    id_ = asked.id or _usual(rows, "id", [name for name in names if name not in wanted])
    contents = [asked.text, asked.path, asked.features]
    if sum(each is not None for each in contents) > 1:
        raise InputError("Give one of text=, path= and features=: what is labelled.")
    rest = [name for name in names if name not in {label, id_, asked.group, SPLIT}]
    text, path, features = asked.text, asked.path, asked.features
    if not any(each is not None for each in contents):
        text, path = _usual(rows, "text", rest), _usual(rows, "path", rest)
        if text is not None and path is not None:
            raise _unclear(rows, "what is labelled", "text", "path", "features")
        if text is None and path is None:
            features = rest
            if not any(is_number(rows.table[name]) for name in rest):
                raise _unclear(rows, "what is labelled", "text", "path", "features")
    return Columns(label=label, text=text, path=path, features=features, id=id_, group=asked.group)


def _usual(rows: Rows, what: str, names: Sequence[str]) -> str | None:
    found = [name for name in names if name.lower() in USUAL[what]]
    if len(found) > 1:
        raise _unclear(rows, f"the {what}", what)
    return found[0] if found else None


def _unclear(rows: Rows, what: str, *options: str) -> InputError:
    names = rows.table.column_names
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    named = " or ".join(
        f"{option}={'[...]' if option == 'features' else '...'} (--{option})" for option in options
    )
    split = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    if split is not None:
        return InputError(
            f"{rows.name} seems to be separated by {split!r}: its one column is called "
            f"{names[0]!r}. Write it with commas."
        )
    few = ", ".join(name or "(no name)" for name in names[:20])
    return InputError(
        f"{rows.name} has the columns {few}{more}, and it is not clear which holds "
        f"{what}. Name it with {named}."
    )
