"""Patches somebody's own copy of a test set by a release: a folder of class folders, or a table.

What is written is new and whole: the copy stays as it is, and where anything does not match nothing
is written.
"""

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Bool, Int, Shaped

from errata.array_files import PathLike, read_text
from errata.arrays import as_choice
from errata.datasets.base import Dataset
from errata.datasets.media import content_hash
from errata.errors import FileError, InputError, LabelError
from errata.exchange.cells import whole_number
from errata.exchange.labels import Written
from errata.files import unfinished
from errata.labels import Label, named
from errata.release.loading import LoadedRelease, load_release, look_up
from errata.release.own_tables import OwnTable, read_own_table
from errata.release.tables import KEYS
from errata.settling import as_matrix
from errata.store.files import new_folder

Others = Literal["stop", "keep", "leave out"]
"""What becomes of examples that are not in the release."""

Keys = Mapping[str, Callable[[], Sequence[Any]]]
"""By what the examples of a copy may be found, in the order of trying: what returns these keys."""

_LABELS = ("label", "labels", "class", "given", "target")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "ids"),
    "path": ("path", "file", "file_name", "filename", "image"),
    "sha256": ("sha256",),
    "index": ("index",),
}
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, repr=False)
class Applied:
    """What became of a copy of a test set.

    Attributes
    ----------
    path : the new folder or file
    by : by what its examples were found in the release
    examples : how many it has
    left_out : how many of the copy it has not: those without a trusted label
    unlabelled : how many have no label in it, for the same reason
    others : how many are not in the release, and stay as they were
    changes : ``example``, ``given``, ``corrected`` of each whose label changed, and of a folder
        ``file``, where it lies now
    notices : what else there is to say, a sentence each
    """

    path: Path
    by: str
    examples: int
    left_out: int = 0
    unlabelled: int = 0
    others: int = 0
    changes: tuple[Mapping[str, str], ...] = ()
    notices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        lists = {"changes": [dict(one) for one in self.changes], "notices": list(self.notices)}
        return asdict(self) | {"path": str(self.path)} | lists

    def __repr__(self) -> str:
        line = (
            f"Applied: {self.examples:,} examples in {self.path}, labels changed: "
            f"{len(self.changes):,}, left out: {self.left_out:,}"
        )
        return "\n".join([line, *self.notices])


def apply_release(
    release: LoadedRelease | PathLike,
    dataset: PathLike,
    out: PathLike,
    *,
    threshold: int | None = None,
    policy: str = "drop_ambiguous",
    by: str | None = None,
    key: str | None = None,
    label: str | None = None,
    column: str = "corrected",
    replace: bool = False,
    part: str | None = None,
    link: bool = False,
    others: Others = "stop",
) -> Applied:
    """Write a corrected copy of a test set: a folder of class folders, or a table.

    In a folder each example lies in the folder of its corrected class; those without a trusted
    label are left out. A table gets a column of corrected labels, which is empty for those; or they
    take the place of the given ones, and what has none is left out.

    Parameters
    ----------
    release : that was loaded; or its folder, or ``"org/name"`` on the hub
    dataset : a folder of class folders, or a .csv, .tsv, .json, .jsonl, .ndjson or .parquet
    out : a new folder, or a new file of the same kind
    threshold, policy : see `errata.load_release`; of a release that was loaded, its own
    by : by what examples are found: ``"id"``, ``"path"``, ``"sha256"`` or ``"index"``; without it,
        the first of these that finds all of them
    key : the column of a table that holds it; without it, one that is called so, and for
        ``"index"`` else the rows as they stand. For ``"sha256"`` it may be a column of texts
    label : the column of the given labels; without it, one that is called ``label`` or the like
    column : what the new column is called
    replace : put the corrected labels in the place of the given ones
    part : of a folder with folders of parts above its class folders, such as ``"test"``
    link : make hard links in place of copies, which take no space
    others : what becomes of examples that are not in the release: ``"stop"``, ``"keep"`` their
        labels, or ``"leave out"``

    Raises
    ------
    LabelError
        Given labels are not those of the release, or are no classes.
    InputError
        Examples are not in the release, or it is not clear by what they can be found.
    FileError
        The copy cannot be read, or there is something at ``out``.
    """
    if not isinstance(release, LoadedRelease):
        release = load_release(release, threshold=threshold, policy=policy)
    if by is not None:
        by = as_choice("key", by, KEYS)
    as_choice("others", others, get_args(Others))
    source, target = Path(dataset), Path(out)
    if source.is_dir():
        used = {"key": key, "label": label, "replace": replace or None}
        _refuse_unused(used, f"{source} is a folder")
        return _apply_to_folder(release, source, target, by, part=part, link=link, others=others)
    if not source.is_file():
        raise FileError(f"{source} does not exist; a folder or a table was expected.")
    _refuse_unused({"part": part, "link": link or None}, f"{source} is a table")
    table = read_own_table(source)
    if target.suffix.lower() != source.suffix.lower():
        raise InputError(
            f"{source} is a {source.suffix} and {target} would be no such; the new table is of the "
            "same kind. Name another."
        )
    if os.path.lexists(target):
        raise FileError(f"{target} is there already. Name a new file.")
    given = _label_column(table, label)
    _refuse_name(table, column, replace=replace)
    keys = _keys_of(table, by, key, release.n)
    written = Written(release.classes, table.cells(given), several=release.multilabel)
    labels = _own_labels(table, given, written)
    found = _found(release, keys, by, labels)
    _check_given(release, found, labels, table.where)
    _check_others(release, found, others, table.where)
    return _apply_to_table(
        release, table, target, found, labels, written, given, column, replace, others
    )


def _refuse_unused(options: Mapping[str, object], what: str) -> None:
    used = [name for name, value in options.items() if value is not None]
    if used:
        raise InputError(f"{what}, where {', '.join(used)} has no meaning. Leave it out.")


@contextmanager
def _naming(target: Path, *, source: Path | None = None, link: bool = False) -> Iterator[None]:
    """Name the target that cannot be written, or the file of the source that cannot be read."""
    try:
        yield
    except OSError as error:
        alone = error.filename is not None and error.filename2 is None  # a link has both
        if alone and source is not None and source in Path(error.filename).parents:
            raise FileError(f"{error.filename} cannot be read: {error.strerror}.") from None
        raise FileError(
            f"{target} cannot be written: {error.strerror}. Name another"
            f"{', or leave --link (link=) out' if link else ''}."
        ) from None


# ---------------------------------------------------------------- finding the examples


@dataclass(frozen=True)
class _Found:
    """The rows of the release that examples are, -1 where there is none, and what was said."""

    by: str
    rows: Int[np.ndarray, "k"]
    unclear: Bool[np.ndarray, "k"]
    notices: tuple[str, ...]

    @property
    def known(self) -> Bool[np.ndarray, "k"]:
        return self.rows >= 0


def _found(release: LoadedRelease, keys: Keys, by: str | None, labels: Sequence[Label]) -> _Found:
    """Return what the examples are in the release, by the first key that finds all of them."""
    given = _as_given(release, labels)
    best: _Found | None = None
    said = []
    for way, values in keys.items():
        try:
            rows, unclear = look_up(release, values(), by=way, given=given)
        except InputError as error:
            if by is not None:
                raise
            said.append(str(error))
            continue
        one = _Found(way, rows, unclear, _told(release, way, rows, unclear))
        if one.known.all():
            return one
        if best is None or one.known.sum() > best.known.sum():
            best = one
    if best is None:
        raise InputError(
            f"By nothing can these examples be found in {release.name}: "
            f"{said[0] if said else 'there is no column of ids, paths or hashes.'} Say --by (by=), "
            "and of a table --key (key=)."
        )
    return best


def _told(
    release: LoadedRelease, by: str, rows: Int[np.ndarray, "k"], unclear: Bool[np.ndarray, "k"]
) -> tuple[str, ...]:
    missing = release.n - len(np.unique(rows[rows >= 0]))
    rest = [f"{missing:,} of {release.n:,} examples of the release are not among these."]
    several = (
        f"{unclear.sum():,} examples are, by their {by} and given label, several with different "
        "corrected labels: they are taken as without a trusted one."
    )
    return (*([several] if unclear.any() else []), *(rest if missing else []))


def _as_given(release: LoadedRelease, labels: Sequence[Label]) -> Shaped[np.ndarray, "k *classes"]:
    """Return given labels in the form that a release has them in."""
    if not release.multilabel:
        return np.array(labels, dtype=np.int64)
    sets = [label for label in labels if not isinstance(label, int)]
    assert len(sets) == len(labels), "they were read as sets"
    return as_matrix(sets, len(release.classes))


def _check_given(
    release: LoadedRelease,
    found: _Found,
    labels: Sequence[Label],
    where: Callable[[int], str],
) -> None:
    """Refuse a copy whose given labels are not those that the release was made of."""
    theirs = _labels_of(release, found.rows)
    differ = [
        place for place in np.flatnonzero(found.known).tolist() if labels[place] != theirs[place]
    ]
    if differ:
        first = differ[0]
        mine, other = (named(one, release.classes) for one in (labels[first], theirs[first]))
        raise LabelError(
            f"{len(differ):,} of {found.known.sum():,} given labels, found by {found.by}, are not "
            f"those of {release.name}, the first in {where(first)}: {mine!r}, and not {other!r}. "
            "It is another state of the data, or another key is needed (--by). Nothing was written."
        )


def _check_others(
    release: LoadedRelease, found: _Found, others: Others, where: Callable[[int], str]
) -> None:
    unknown = np.flatnonzero(~found.known)
    if len(unknown) and others == "stop":
        raise InputError(
            f"{len(unknown):,} of {len(found.rows):,} examples are not in {release.name} by their "
            f"{found.by}, the first in {where(int(unknown[0]))}. Say --others keep, which leaves "
            "their labels as they are, or --others 'leave out'; or find them otherwise (--by). "
            "Nothing was written."
        )


def _labels_of(release: LoadedRelease, rows: Int[np.ndarray, "k"]) -> list[Label]:
    """Return the given labels of rows of the release, whatever for those that are -1."""
    given = release.given[rows]
    if release.multilabel:
        return [tuple(np.flatnonzero(one).tolist()) for one in given]
    labels: list[Label] = given.tolist()
    return labels


def _corrected(release: LoadedRelease, found: _Found) -> list[Label | None]:
    """Return the corrected labels by the release's policy, None where none is trusted."""
    several = release.multilabel or release.policy == "multi_label"
    sets = release.sets if several else ()
    told: list[Label | None] = []
    for row, unclear in zip(found.rows.tolist(), found.unclear.tolist(), strict=True):
        if row >= 0 and unclear and release.policy == "keep_given":
            told += _labels_of(release, np.array([row]))
        elif row < 0 or unclear or not (release.mask[row] or (several and sets[row])):
            told.append(None)
        else:
            told.append(sets[row] if several else int(release.labels[row]))
    return told


# ---------------------------------------------------------------- folders


def _apply_to_folder(
    release: LoadedRelease,
    root: Path,
    out: Path,
    by: str | None,
    *,
    part: str | None,
    link: bool,
    others: Others,
) -> Applied:
    from errata.datasets.class_folders import open_class_folders

    if release.multilabel or release.policy == "multi_label":
        raise InputError(
            "An example can lie in the folder of one class, and here it may have several labels. "
            "Apply the release to a table, or take another policy."
        )
    if root.resolve() in out.resolve().parents:
        raise InputError(f"{out} lies in {root}, and would be a part of it. Name another folder.")
    data = open_class_folders(root, part, "stop")
    names, ids = tuple(map(str, data.classes)), data.ids
    unknown = [name for name in names if name not in release.classes]
    if unknown:
        raise LabelError(
            f"{root} has the class folder {unknown[0]!r}, which is no class of {release.name}: "
            f"{', '.join(release.classes[:10])}."
        )
    given = [names[one] for one in data.labels.tolist()]
    numbers: list[Label] = [release.classes.index(name) for name in given]
    found = _found(release, _keys_of_files(root, data, by), by, numbers)
    _check_given(release, found, numbers, ids.__getitem__)
    _check_others(release, found, others, ids.__getitem__)
    _check_folders(release, found)
    stay, move = [], []
    for place, label in enumerate(_corrected(release, found)):
        if label is not None and label != numbers[place]:
            move.append((place, named(label, release.classes)))
        elif label is not None or (others == "keep" and not found.known[place]):
            stay.append((place, given[place]))
    changes = []
    with _naming(out, source=root, link=link), new_folder(out) as folder:
        # a class that nothing is left of is still a class
        for above in {_place(*pair)[0] for pair in zip(ids, given, strict=True)}:
            for name in {*names, *(name for _, name in move)}:
                (folder / above / name).mkdir(parents=True)
        for place, name in [*stay, *move]:  # what moves gives way to what stays
            above, inside = _place(ids[place], given[place])
            target = _free(folder / above / name / inside, given[place])
            target.parent.mkdir(parents=True, exist_ok=True)
            (os.link if link else _copy)(root / ids[place], target)
            if name != given[place]:
                told = {"example": ids[place], "given": given[place], "corrected": name}
                changes.append({**told, "file": target.relative_to(folder).as_posix()})
    return Applied(
        path=out,
        by=found.by,
        examples=len(stay) + len(move),
        left_out=len(ids) - len(stay) - len(move),
        others=sum(not found.known[place] for place, _ in stay),
        changes=tuple(changes),
        notices=found.notices,
    )


def _check_folders(release: LoadedRelease, found: _Found) -> None:
    """Refuse classes whose names lead elsewhere than to a folder of their own."""
    for label in {label for label in _corrected(release, found) if label is not None}:
        name = named(label, release.classes)
        if name in ("", ".", "..") or re.search(r"[/\\\0]", name):
            raise InputError(
                f"The class {name!r} of {release.name} cannot be the name of a folder. Apply the "
                "release to a table. Nothing was written."
            )


def _free(target: Path, given: str) -> Path:
    """Return where a file can lie that comes from a class: there, or beside what lies there."""
    names = itertools.chain(
        [target.stem, f"{target.stem} from {given}"],
        (f"{target.stem} from {given} {number}" for number in itertools.count(2)),
    )
    return next(free for name in names if not (free := target.with_stem(name)).exists())


def _copy(source: Path, target: Path) -> None:
    target.touch(exist_ok=False)  # a link is not made over another file either
    shutil.copyfile(source, target)


def _keys_of_files(root: Path, data: Dataset, by: str | None) -> Keys:
    """Return by what the files of class folders may be found, in the order of trying."""
    media = data.media
    texts = media is not None and media.kind == "texts"

    def hashes() -> Sequence[str]:
        # of a text what a release hashes is the text, not how its file has it
        read = read_text if texts else Path.read_bytes
        return [content_hash(read(root / id_)) for id_ in data.ids]

    keys: dict[str, Callable[[], Sequence[Any]]] = {
        "path": lambda: (None if media is None else media.paths()) or data.ids,
        "id": lambda: data.ids,
        "sha256": hashes,
        "index": lambda: range(len(data.ids)),
    }
    # the order of files in a folder need not be that of a release
    return {
        way: values for way, values in keys.items() if way == by or (by is None and way != "index")
    }


def _place(id_: str, given: str) -> tuple[str, str]:
    """Return what a file's path has above its class folder, and inside of it.

    Examples
    --------
    >>> _place("cat/1.jpg", "cat"), _place("test/cat/old/1.jpg", "cat")
    (('', '1.jpg'), ('test', 'old/1.jpg'))
    """
    first, *rest = Path(id_).parts
    return ("", "/".join(rest)) if first == given else (first, "/".join(rest[1:]))


# ---------------------------------------------------------------- tables


def _label_column(table: OwnTable, label: str | None) -> str:
    wanted = _LABELS if label is None else (label,)
    found = [name for name in table.names if name == label or name.lower() in wanted]
    if label is not None and label in table.names:
        return label
    if label is None and len(found) == 1:
        return found[0]
    raise InputError(
        f"{table.name} has the columns {', '.join(table.names)}; "
        + (f"none is {label!r}." if label else "which holds the given labels is not clear.")
        + " Say --label (label=)."
    )


def _refuse_name(table: OwnTable, column: str, *, replace: bool) -> None:
    if not replace and column in table.names:
        raise InputError(
            f"{table.name} has a column {column!r} already. Say --column (column=), or --replace, "
            "which puts the corrected labels in the place of the given ones."
        )


def _keys_of(table: OwnTable, by: str | None, key: str | None, n: int) -> Keys:
    """Return by what the rows may be found, in the order of trying."""
    if key is not None and key not in table.names:
        raise InputError(f"{table.name} has the columns {', '.join(table.names)}; none is {key!r}.")
    ways: Sequence[str] = KEYS if by is None else (by,)
    lower = {name.lower(): name for name in reversed(table.names)}
    keys: dict[str, Callable[[], Sequence[Any]]] = {}
    for way in sorted(ways, key=list(_COLUMNS).index):
        names = [lower[name] for name in _COLUMNS[way] if name in lower]
        column = key or (names[0] if names else None)
        if column is not None:
            keys[way] = _values(table, column, way)
        elif way == "index" and (by is not None or (not keys and table.count == n)):
            # as they stand: unasked only where nothing else could tell rows apart, and all are here
            keys[way] = lambda: range(table.count)
        elif by is not None:
            raise InputError(
                f"{table.name} has no column that is called {_COLUMNS[way][0]}. Say --key (key=)."
            )
    return keys


def _values(table: OwnTable, column: str, way: str) -> Callable[[], Sequence[Any]]:
    def values() -> Sequence[Any]:
        cells = table.cells(column)
        if way == "index":
            numbers = [_row_number(cell) for cell in cells]
            if None in numbers:
                row = numbers.index(None)
                raise InputError(
                    f"{table.where(row)}: {column!r} is {cells[row]!r}; the number of a row, from "
                    "0, was expected."
                )
            return numbers
        if way == "sha256":
            texts = [str(cell) for cell in cells]
            return [one if _HASH.fullmatch(one) else content_hash(one) for one in texts]
        return [str(cell) for cell in cells]

    return values


def _row_number(cell: object) -> int | None:
    """Return the whole number in a cell, which programs may write as 3.0 beside one without."""
    if isinstance(cell, bool):
        return None
    return whole_number(re.sub(r"\.0+$", "", str(cell).strip()))


def _own_labels(table: OwnTable, column: str, written: Written) -> list[Label]:
    """Return the given labels of a table as class numbers, or sorted tuples of them."""
    known: dict[str, Label] = {}
    labels = []
    for row, cell in enumerate(table.cells(column)):
        mark = repr(cell)
        if mark not in known:
            try:
                known[mark] = written.read(cell)
            except InputError as error:
                raise LabelError(f"{table.where(row)}: {error}") from None
        labels.append(known[mark])
    return labels


def _apply_to_table(  # noqa: PLR0917 (one place calls it)
    release: LoadedRelease,
    table: OwnTable,
    target: Path,
    found: _Found,
    labels: list[Label],
    written: Written,
    given: str,
    column: str,
    replace: bool,
    others: Others,
) -> Applied:
    own = table.cells(given)
    corrected = _corrected(release, found)
    as_sets = release.policy == "multi_label" and not release.multilabel
    cells, kept, changes = [], [], []
    unlabelled = 0
    for row, label in enumerate(corrected):
        unknown = not found.known[row]
        keep = others == "keep" if unknown else not (replace and label is None)
        before = (labels[row],) if as_sets else labels[row]
        cell = None
        if unknown or label == before:
            cell = [own[row]] if as_sets else own[row]
        elif label is not None:
            cell = written.like(own[row], label)
        cells.append(cell)
        if not keep:
            continue
        kept.append(row)
        unlabelled += cell is None
        if label is not None and label != before:
            pair = (named(one, release.classes) for one in (labels[row], label))
            changes.append(
                {
                    "example": table.where(row),
                    **dict(zip(("given", "corrected"), pair, strict=True)),
                }
            )
    with _naming(target), unfinished(target) as path:
        table.write(path, given if replace else column, given, cells, kept)
    return Applied(
        path=target,
        by=found.by,
        examples=len(kept),
        left_out=table.count - len(kept),
        unlabelled=unlabelled,
        others=int((~found.known[kept]).sum()),
        changes=tuple(changes),
        notices=found.notices,
    )
