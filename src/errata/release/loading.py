"""Reads a release, and lays its labels beside somebody's own copy of the test set."""

import contextlib
import itertools
import json
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Bool, Int, Shaped

from errata.array_files import PathLike
from errata.arrays import as_choice, as_class_names, as_label_sets, as_labels
from errata.errors import (
    ErrataWarning,
    FileError,
    InputError,
    LabelError,
)
from errata.hub import fetch, is_repo
from errata.labels import Label, named
from errata.release.content import Labelled, threshold_name
from errata.release.layout import FORMAT, MANIFEST
from errata.release.tables import KEYS, label_matrix
from errata.store.files import sha256


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Aligned:
    """The labels of a release in the order of somebody's own examples.

    Attributes
    ----------
    labels : ``(k,)``, -1 where the mask is False; ``(k, classes)`` of booleans where examples may
        have several labels
    mask : the label is trusted, and the example is known to be the same, ``(k,)``
    changed : the label is trusted, and is not the given one, ``(k,)``
    rows : of the release, ``(k,)``; -1 for an example that is not in it
    notices : what does not match, a sentence each
    """

    labels: Shaped[np.ndarray, "k *classes"]
    mask: Bool[np.ndarray, "k"]
    changed: Bool[np.ndarray, "k"]
    rows: Int[np.ndarray, "k"]
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        line = (
            f"Aligned: {len(self.rows):,} examples, {self.mask.sum():,} with a trusted label, "
            f"{self.changed.sum():,} of these changed"
        )
        return "\n".join([line, *self.notices])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LoadedRelease:
    """A release that was read: its labels by one threshold and one policy.

    Attributes
    ----------
    path : its folder
    manifest : what ``manifest.json`` says
    file : the name of the labels file, such as ``"threshold-3"``
    threshold : votes that make a verdict; a list where each candidate has that of its plan; None
        where a model made the verdicts
    policy : what becomes of an example whose right label is not known
    classes : the class names
    table : the labels file, a row for each example, in the order of the test set
    """

    path: Path
    manifest: Mapping[str, Any]
    file: str
    threshold: int | Sequence[int] | None
    policy: str
    classes: tuple[str, ...]
    table: pa.Table

    @property
    def name(self) -> str:
        """What the audited test set is called."""
        return str(self.manifest["name"])

    @property
    def version(self) -> str:
        """The version of the release."""
        return str(self.manifest["version"])

    @property
    def multilabel(self) -> bool:
        """Whether an example may have several labels, or none."""
        return bool(self.manifest["multilabel"])

    @property
    def n(self) -> int:
        """How many examples there are."""
        return len(self.table)

    def __len__(self) -> int:
        return self.n

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of the examples."""
        return tuple(map(str, self.table["id"].to_pylist()))

    @cached_property
    def given(self) -> Shaped[np.ndarray, "n *classes"]:
        """The given labels, ``(n,)``; booleans ``(n, classes)`` where there may be several."""
        column = self.table["given"]
        if self.multilabel:
            return label_matrix(column, len(self.classes))
        given: Shaped[np.ndarray, "n"] = column.to_numpy()
        return given

    @cached_property
    def mask(self) -> Bool[np.ndarray, "n"]:
        """Which labels are there; with the policy multi_label, where one alone is accepted."""
        if self.policy == "multi_label":
            sizes = self._accepted.value_lengths().fill_null(0)
            alone: Bool[np.ndarray, "n"] = sizes.to_numpy(zero_copy_only=False) == 1
            return alone
        return np.asarray(self.table[self.policy].is_valid())

    @cached_property
    def labels(self) -> Shaped[np.ndarray, "n *classes"]:
        """The labels: integers ``(n,)``, -1 where `mask` is False; or booleans, none True there."""
        column = self.table[self.policy]
        if self.multilabel:
            return label_matrix(column, len(self.classes))
        if self.policy == "multi_label":
            labels = np.full(self.n, -1, dtype=np.int64)
            first = np.flatnonzero(self.mask)
            labels[first] = self._accepted.take(first).flatten().to_numpy()
            return labels
        return np.asarray(pc.coalesce(column, pa.scalar(-1)))

    @cached_property
    def sets(self) -> tuple[tuple[int, ...], ...]:
        """All labels that are accepted for each example; of one without a trusted label, none."""
        name = self.policy if self.multilabel else "multi_label"
        return tuple(tuple(labels or ()) for labels in self.table[name].to_pylist())

    @property
    def _accepted(self) -> Any:
        return self.table["multi_label"].combine_chunks()

    @cached_property
    def verdicts(self) -> tuple[str | None, ...]:
        """The verdict of each example; ``"open"`` if votes are lacking, None without votes."""
        return tuple(self.table["verdict"].to_pylist())

    @cached_property
    def changed(self) -> Bool[np.ndarray, "n"]:
        """Which labels are there, and are not the given ones."""
        other = self.labels != self.given
        changed: Bool[np.ndarray, "n"] = self.mask & (
            other.any(axis=1) if self.multilabel else other
        )
        return changed

    def __repr__(self) -> str:
        return (
            f"LoadedRelease({self.name!r}, version {self.version}, {self.file}, {self.policy}: "
            f"{self.n:,} examples, {self.mask.sum():,} with a label, {self.changed.sum():,} of "
            "these changed)"
        )

    def align(self, keys: object, *, by: str = "id", given: object = None) -> Aligned:
        """Return the labels in the order of your own examples, found by key.

        Parameters
        ----------
        keys : ``k`` ids, row numbers, paths or content hashes (see `errata.content_hash`), one for
            each of your examples
        by : ``"id"``, ``"index"``, ``"path"`` or ``"sha256"``: what they are
        given : your own labels, class numbers or names, ``(k,)``: examples where they are not the
            given ones of the release are masked out, and told; of several examples of one content
            they say which is meant

        Raises
        ------
        InputError
            The release does not know its examples by that, or knows none of the keys.
        LabelError
            Your labels are no labels, are not one for each key, or more than half of them are not
            the given ones.

        Warns
        -----
        ErrataWarning
            Some keys are not in the release, stand twice, or some labels differ.

        Examples
        --------
        >>> table = pa.table({"id": ["a", "b"], "given": [0, 1], "drop_ambiguous": [1, None]})
        >>> release = LoadedRelease(
        ...     path=Path("pets"),
        ...     manifest={"name": "pets", "version": "1.0.0", "multilabel": False},
        ...     file="threshold-3",
        ...     threshold=3,
        ...     policy="drop_ambiguous",
        ...     classes=("cat", "dog"),
        ...     table=table,
        ... )
        >>> aligned = release.align(["b", "a"], given=["dog", "cat"])
        >>> aligned.labels, aligned.mask, aligned.rows
        (array([-1,  1]), array([False,  True]), array([1, 0]))
        """
        wanted = _wanted(keys, by)
        own = None if given is None else self._own(given, len(wanted))
        rows, unsure = look_up(self, wanted, by=by, given=own)
        known = rows >= 0
        told = self._told(wanted, by, rows)
        mask = known & ~unsure
        mask[known] &= self.mask[rows[known]]
        if unsure.any():
            told.append(
                f"{unsure.sum():,} keys are those of several examples with different labels, the "
                f"first {wanted[int(unsure.argmax())]!r}: they are masked out."
                + (" With given= your labels may tell them apart." if own is None else "")
            )
        if own is not None:
            differ = self._differ(own, rows, wanted)
            if differ.any():
                told.append(self._unlike(own, rows, wanted, differ))
            mask &= ~differ
        for notice in told:
            warnings.warn(notice, ErrataWarning, stacklevel=2)
        labels = np.zeros_like(self.labels, shape=(len(rows), *self.labels.shape[1:]))
        labels[mask] = self.labels[rows[mask]]
        if not self.multilabel:
            labels[~mask] = -1
        changed = mask.copy()
        changed[mask] = self.changed[rows[mask]]
        missing = self.n - len(np.unique(rows[known]))
        rest = [f"{missing:,} of {self.n:,} examples of the release are not among yours."]
        return Aligned(
            labels=labels,
            mask=mask,
            changed=changed,
            rows=rows,
            notices=(*told, *(rest if missing else [])),
        )

    def _told(self, wanted: Sequence[Any], by: str, rows: Int[np.ndarray, "k"]) -> list[str]:
        told = []
        unknown = np.flatnonzero(rows < 0)
        if len(unknown):
            told.append(
                f"{len(unknown):,} of {len(wanted):,} keys are the {by} of no example of "
                f"{self.name}, the first keys[{unknown[0]}] = {wanted[unknown[0]]!r}: they are "
                "masked out."
            )
        twice = [key for key, count in Counter(wanted).items() if count > 1]
        # the same content may well be there twice, in the release as in the data
        if twice and by != "sha256":
            told.append(
                f"{len(twice):,} keys stand more than once among yours, the first {twice[0]!r}."
            )
        return told

    def _own(self, given: object, k: int) -> Shaped[np.ndarray, "k *classes"]:
        turn = as_label_sets if self.multilabel else as_labels
        own = turn(
            given,
            n_classes=len(self.classes),
            classes=self.classes,
            known_by="the release has {} classes",
        )
        if len(own) != k:
            raise LabelError(
                f"given has {len(own):,} labels for {k:,} keys; one for each key, in the same "
                "order, was expected."
            )
        return own

    def _differ(
        self,
        own: Shaped[np.ndarray, "k *classes"],
        rows: Int[np.ndarray, "k"],
        wanted: Sequence[Any],
    ) -> Bool[np.ndarray, "k"]:
        known = rows >= 0
        differ = np.zeros(len(rows), dtype=bool)
        other = own[known] != self.given[rows[known]]
        differ[known] = other.any(axis=1) if self.multilabel else other
        if differ.sum() > known.sum() / 2:
            raise LabelError(
                f"{self._unlike(own, rows, wanted, differ)} That is more than half: the keys, "
                "or the order of the classes, are those of another set. The classes of the "
                f"release are {', '.join(self.classes[:5])}{', ...' * (len(self.classes) > 5)}."
            )
        return differ

    def _unlike(
        self,
        own: Shaped[np.ndarray, "k *classes"],
        rows: Int[np.ndarray, "k"],
        wanted: Sequence[Any],
        differ: Bool[np.ndarray, "k"],
    ) -> str:
        first = int(differ.argmax())
        mine, theirs = (
            named(_label(one), self.classes) for one in (own[first], self.given[rows[first]])
        )
        return (
            f"{differ.sum():,} of {len(wanted):,} of your labels are not those that {self.name} "
            f"was given, the first given[{first}]: {mine!r} for {wanted[first]!r}, not {theirs!r}. "
            "They are masked out."
        )


def look_up(
    release: LoadedRelease,
    keys: object,
    *,
    by: str,
    given: Shaped[np.ndarray, "k *classes"] | None = None,
) -> tuple[Int[np.ndarray, "k"], Bool[np.ndarray, "k"]]:
    """Return the row of each key in a release, -1 where there is none, and where it is not clear.

    Of examples that one key finds, copies of the same content say, the one with the given label is
    meant, and where several have it each of them in turn. It is not clear which where their labels
    in the release differ.

    Parameters
    ----------
    keys, by : as in `LoadedRelease.align`
    given : labels of the examples that are looked for, as `LoadedRelease.given` has its own

    Raises
    ------
    InputError
        The release does not know its examples by that, or knows none of the keys.
    """
    wanted = _wanted(keys, by)
    column = release.table[by]
    if column.null_count == release.n and release.n:
        raise InputError(
            f"The examples of {release.name} have no {by} in this release. Use by='id' or "
            "by='index'."
        )
    places: dict[Any, list[int]] = {}
    for row, key in enumerate(column.to_pylist()):
        places.setdefault(key, []).append(row)
    rows = np.full(len(wanted), -1, dtype=np.int64)
    unsure = np.zeros(len(wanted), dtype=bool)
    meant: dict[Any, tuple[Iterator[int], bool]] = {}
    for place, key in enumerate(wanted):
        found = places.get(key, [])
        if len(found) <= 1:
            rows[place] = found[0] if found else -1
            continue
        as_given = (key, None if given is None else given[place].tobytes())
        if as_given not in meant:
            if given is not None:
                same = [row for row in found if np.array_equal(release.given[row], given[place])]
                found = same or found
            differ = not all(_alike(release, found[0], row) for row in found[1:])
            meant[as_given] = itertools.cycle(found), differ
        turn, unsure[place] = meant[as_given]
        rows[place] = next(turn)
    if wanted and not (rows >= 0).any():
        first = column[0].as_py() if release.n else None
        raise InputError(
            f"None of the {len(wanted):,} keys is the {by} of an example of {release.name}: the "
            f"first is {wanted[0]!r}, and the first in the release {first!r}. Say by what to "
            "find them: by='id', 'index', 'path' or 'sha256'."
        )
    return rows, unsure


def _alike(release: LoadedRelease, one: int, other: int) -> bool:
    if release.policy == "multi_label":
        return release.sets[one] == release.sets[other]
    same = np.array_equal(release.labels[one], release.labels[other])
    return same and bool(release.mask[one] == release.mask[other])


def _wanted(keys: object, by: str) -> list[Any]:
    as_choice("key", by, KEYS)
    turn = _as_row if by == "index" else str  # also of NumPy's numbers and texts
    return [turn(key) for key in _listed(keys)]


def _label(label: Any) -> Label:
    return tuple(np.flatnonzero(label).tolist()) if np.ndim(label) else int(label)


def _listed(keys: object) -> list[Any]:
    if isinstance(keys, str | bytes) or not isinstance(keys, Iterable):
        raise InputError(f"The keys are {keys!r}; a list, one for each example, was expected.")
    return list(keys)


def _as_row(key: object) -> int:
    """Return a key as the number of a row."""
    if isinstance(key, float) and key.is_integer():
        return int(key)
    if isinstance(key, (SupportsIndex, str)):
        with contextlib.suppress(ValueError):
            return int(key)
    raise InputError(
        f"The key {key!r} is no row number; with by='index', whole numbers from 0 on were expected."
    )


def load_release(
    path_or_repo: PathLike,
    *,
    threshold: int | None = None,
    policy: str = "drop_ambiguous",
    revision: str | None = None,
) -> LoadedRelease:
    """Return the corrected labels of a release.

    The labels file is checked against the SHA-256 that the release has of it; `verify_release`
    checks everything.

    Parameters
    ----------
    path_or_repo : its folder; or ``"org/name"``, a data set at the Hugging Face hub, which is kept
        in the hub's own cache and needs ``pip install "errata[hf]"``
    threshold : votes for one answer that make a verdict; without it, as the release was made for
    policy : ``"drop_ambiguous"``: examples whose right label is not known have none;
        ``"keep_given"``: they keep the given one; ``"multi_label"``: `LoadedRelease.sets` has all
        labels that are accepted
    revision : of the repository, a tag or commit

    Raises
    ------
    FileError
        There is no release there, or its labels are not as they were written.
    InputError, NameUnknownError
        It has no labels for this threshold, or there is no such policy.
    HubError, MissingExtraError
        The hub does not have it or cannot be reached; or its client is not installed.

    Examples
    --------
    >>> import tempfile, errata
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8]])
    >>> folder = Path(tempfile.mkdtemp())
    >>> audit = errata.Audit.create(
    ...     folder / "pets.audit", labels=[0, 0, 0, 1], probs=probs, classes=["cat", "dog"]
    ... )
    >>> found, plan = audit.find(), audit.plan(votes=1, threshold=1)
    >>> audit.vote("ann", 2, "suggested", first="given", key="1")
    True
    >>> path = audit.release(folder / "pets").path
    >>> release = load_release(path)
    >>> release
    LoadedRelease('pets', version 1.0.0, threshold-1, drop_ambiguous: 4 examples, 4 with a label, 1
    of these changed)
    >>> release.labels, release.changed
    (array([0, 0, 1, 1]), array([False, False,  True, False]))
    """
    folder = (
        fetch(str(path_or_repo), revision=revision) if is_repo(path_or_repo) else Path(path_or_repo)
    )
    manifest = read_manifest(folder)
    policy = as_choice("policy", policy, tuple(manifest["policies"]))
    file = manifest["default"] if threshold is None else threshold_name(threshold)
    labels = manifest["labels"]
    if file not in labels:
        known = [one["threshold"] for one in labels.values() if isinstance(one["threshold"], int)]
        raise InputError(
            f"{folder} has no labels for {threshold} votes; it has those for "
            f"{', '.join(map(str, sorted(known)))}."
        )
    where = labels[file]["file"]
    check_file(folder, manifest, where)
    return LoadedRelease(
        path=folder,
        manifest=manifest,
        file=file,
        threshold=labels[file]["threshold"],
        policy=policy,
        classes=as_class_names(manifest["classes"], len(manifest["classes"])),
        table=read_parquet(folder, where),
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what the manifest of a release says.

    Raises
    ------
    FileError
        There is no release in the folder, or one that this errata cannot read.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        what = "has no manifest.json" if folder.is_dir() else "is no folder"
        raise FileError(
            f"{folder} is no release: it {what}. `errata release AUDIT OUT` makes one."
        ) from None
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {error}. Copy the release again.") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise FileError(f"{path} is no manifest of a release: it names no format.")
    if manifest["format"] != FORMAT:
        raise FileError(
            f"{folder} is a release of format {manifest['format']}; this errata reads format "
            f"{FORMAT}. "
            + (
                "Update errata."
                if manifest["format"] > FORMAT
                else "Release the audit again, into a new folder."
            )
        )
    missing = {"name", "version", "labels", "default", "policies", "classes", "files"} - set(
        manifest
    )
    if missing:
        raise FileError(f"{path} lacks {', '.join(sorted(missing))}. Copy the release again.")
    return manifest


def previous_release(folder: Path, ids: Sequence[str]) -> Labelled:
    """Return the release before, known to be whole, and of the same test set.

    Raises
    ------
    FileError
        There is no release, or it is not as it was written.
    InputError
        Its examples are others.
    """
    manifest = read_manifest(folder)
    for file in manifest["files"]:
        check_file(folder, manifest, file)
    labels = read_labels(folder, manifest)
    there = labels[manifest["default"]]["id"].to_pylist()
    if there != list(ids):
        first = next(
            (n for n, (a, b) in enumerate(zip(there, ids, strict=False)) if a != b),
            min(len(there), len(ids)),
        )
        raise InputError(
            f"The previous release {folder} is of other examples ({len(there):,}, and here "
            f"{len(ids):,}; they differ from number {first} on). Name a release of this test set."
        )
    return Labelled(manifest=manifest, tables=labels)


def read_labels(folder: Path, manifest: Mapping[str, Any]) -> dict[str, pa.Table]:
    """Return the labels files of a release, by name."""
    return {name: read_parquet(folder, one["file"]) for name, one in manifest["labels"].items()}


def check_file(folder: Path, manifest: Mapping[str, Any], name: str) -> None:
    """Check that one file of a release is as it was written.

    Raises
    ------
    FileError
        It is missing, or has another SHA-256.
    """
    path = folder / name
    if not path.is_file():
        raise FileError(f"{path} is missing from the release. Copy the release again.")
    found, expected = sha256(path), manifest["files"].get(name)
    if found != expected:
        raise FileError(
            f"{path} is not as it was released: its SHA-256 is {found}, and {expected} was "
            "expected. Copy the release again."
        )


def read_parquet(folder: Path, name: str) -> pa.Table:
    """Return a Parquet file of a release.

    Raises
    ------
    FileError
        It cannot be read.
    """
    try:
        return pq.read_table(folder / name, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise FileError(f"{folder / name} cannot be read: {error}. Copy it again.") from None
