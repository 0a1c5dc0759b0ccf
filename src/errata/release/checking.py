"""Checks a release: that nothing in it has changed, and that its labels follow from its votes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Shaped

from errata.array_files import PathLike
from errata.choosing import Chosen
from errata.core.consensus import VERDICTS, VOTED
from errata.errors import FileError
from errata.release import tables
from errata.release.layout import MANIFEST, SUMS, fingerprint, hashes_of, sums
from errata.release.loading import read_manifest, read_parquet
from errata.release.tables import Counted, Reached
from errata.settling import as_matrix, column, decided_by_hand, pair_codes, set_codes
from errata.store.voting import choice_of

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, repr=False)
class Verification:
    """What checking a release found.

    Attributes
    ----------
    problems : what is not as it should be, a sentence each; none: all is well
    checked : what was checked, a sentence each
    unchecked : what could not be, and why
    """

    path: Path
    name: str
    version: str
    problems: tuple[str, ...]
    checked: tuple[str, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain values."""
        return {
            "path": str(self.path),
            "name": self.name,
            "version": self.version,
            "sound": self.sound,
            "problems": list(self.problems),
            "checked": list(self.checked),
            "unchecked": list(self.unchecked),
        }

    def __repr__(self) -> str:
        head = f"{self.path}: {self.name}, version {self.version}"
        if self.problems:
            return "\n".join([f"{head}, is NOT as it was released:", *_listed(self.problems)])
        return "\n".join([f"{head}, is sound:", *_listed((*self.checked, *self.unchecked))])


def _listed(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def verify_release(path: PathLike) -> Verification:
    """Check that a release is as it was written, and that its labels follow from its votes.

    Parameters
    ----------
    path : its folder

    Raises
    ------
    FileError
        There is no release that could be read.

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
    >>> verify_release(path).sound
    True
    >>> (path / "README.md").chmod(0o644)
    >>> _ = (path / "README.md").write_text("Trust me.")
    >>> verify_release(path).problems[0][:22]
    'README.md has changed:'
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    problems = _files(folder, manifest)
    checked = [f"{len(manifest['files']) + 2} files have the SHA-256 that they were released with."]
    unchecked: list[str] = []
    if not problems:  # of files that are others, the labels say nothing
        try:
            found, unchecked = _follow(folder, manifest)
            problems += found
            checked.append(
                "Labels, verdicts and changes follow from the "
                f"{manifest['votes']:,} votes and what was decided."
            )
        except (FileError, pa.ArrowException, KeyError, IndexError, ValueError, TypeError) as error:
            problems.append(f"The files do not fit each other: {error}")
    return Verification(
        path=folder,
        name=str(manifest["name"]),
        version=str(manifest["version"]),
        problems=tuple(problems),
        checked=tuple(checked),
        unchecked=tuple(unchecked),
    )


def _files(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Return what is not as the manifest, and the list of hashes, say."""
    there = hashes_of(folder)
    expected = dict(manifest["files"])
    found = []
    for name in sorted({*expected, *there} - {MANIFEST, SUMS}):
        if name not in there:
            found.append(f"{name} is missing.")
        elif name not in expected:
            found.append(f"{name} is no file of this release.")
        elif there[name] != expected[name]:
            found.append(f"{name} has changed: its SHA-256 is {there[name]}, not {expected[name]}.")
    if SUMS not in there:
        return [*found, f"{SUMS} is missing."]
    own = sums({**expected, MANIFEST: there[MANIFEST]}).encode()
    if (folder / SUMS).read_bytes() != own:
        found.append(
            f"{MANIFEST} or {SUMS} has changed: the hashes of one are not those of the other."
        )
    mark = fingerprint(expected)
    if manifest.get("fingerprint") != mark:
        found.append(f"The fingerprint in {MANIFEST} is not that of its files, {mark}.")
    return found


def _follow(folder: Path, manifest: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Make labels and changes anew from votes and candidates; return what differs, and is left."""
    problems, unchecked, ways = [], [], []
    votes = read_parquet(folder, tables.VOTES).to_pylist()
    candidates = read_parquet(folder, tables.CANDIDATES).to_pylist()
    classes = len(manifest["classes"])
    first: pa.Table | None = None
    for name, about in manifest["labels"].items():
        table = read_parquet(folder, about["file"])
        keys = table.select([*tables.KEYS, "given"])
        first = keys if first is None else first
        if not keys.equals(first):
            problems.append(f"{about['file']} has other examples or given labels than the first.")
        column_ = table["given"]
        given = (
            tables.label_matrix(column_, classes) if manifest["multilabel"] else column_.to_numpy()
        )
        threshold = about["threshold"]
        way = _reached(name, candidates, votes, threshold, classes, given.ndim == 2)
        if name == "model":
            unchecked.append(
                f"The verdicts of {about['file']} were made by the model {about['consensus']}, "
                "which is not run again; that its labels follow from them was checked."
            )
            way = _as_told(way, table)
        ways.append(way)
        made = tables.labels_table(table.select(tables.KEYS), given, way.reached)
        problems += _unlike(about["file"], table, made)
    assert first is not None, "the manifest names a default"
    changes = tables.changes_table(list(map(str, first["id"].to_pylist())), given, ways)
    there = read_parquet(folder, tables.CHANGES)
    if not there.equals(changes):
        problems += _unlike(tables.CHANGES, there, changes)
    return problems, unchecked


def _unlike(file: str, there: pa.Table, made: pa.Table) -> list[str]:
    """Return where a table is not what votes make it; nothing where it is."""
    if there.equals(made):
        return []
    if there.schema != made.schema or len(there) != len(made):
        return [f"{file} has {len(there):,} rows; the votes make {len(made):,}, or other columns."]
    for name in there.column_names:
        pairs = zip(there[name].to_pylist(), made[name].to_pylist(), strict=True)
        rows = [row for row, (one, other) in enumerate(pairs) if one != other]
        if rows:
            row = rows[0]
            told = (
                f"{file}: {name} of {there['id'][row].as_py()!r} is {there[name][row].as_py()!r}, "
                f"but the votes make it {made[name][row].as_py()!r} ({len(rows):,} rows differ)."
            )
            return [told]
    return []


def _reached(  # noqa: PLR0917 (one place calls it)
    name: str,
    candidates: Rows,
    votes: Rows,
    threshold: int | Sequence[int] | None,
    classes: int,
    several: bool,
) -> Counted:
    """Return the verdicts that the votes of a release come to."""
    decided = {row["index"]: row for row in votes if row["kind"] == tables.ADJUDICATION}
    cast: dict[int, list[Mapping[str, Any]]] = {}
    for row in votes:
        if row["kind"] != tables.ADJUDICATION:
            cast.setdefault(row["index"], []).append(row)
    rows = [
        {**row, "example": row["index"]}
        for row in candidates
        if row["index"] in cast or row["index"] in decided
    ]
    # where each has the threshold of its plan, or a model decides, that of the row stands in
    same = threshold if isinstance(threshold, int) else None
    make = _sets if several else _pairs
    return make(name, rows, cast, decided, same, classes)


def _pairs(
    name: str,
    rows: Rows,
    cast: Mapping[int, Rows],
    decided: Mapping[int, Mapping[str, Any]],
    threshold: int | None,
    _classes: int,
) -> Counted:
    counts = [Counter(vote["answer"] for vote in cast.get(row["example"], ())) for row in rows]
    table = np.array([[count[answer] for answer in VOTED] for count in counts], dtype=np.int64)
    table = table.reshape(-1, len(VOTED))
    chosen = []
    if rows and rows[0]["question"] != "pair":
        chosen = [
            Chosen(
                row,
                Counter(choice_of(_Vote(**_said(vote))) for vote in cast.get(row["example"], ())),
                decided.get(row["example"], {"labels": None})["labels"],
            )
            for row in rows
        ]
    against = column(rows, "suggested")
    codes = pair_codes(rows, chosen, threshold, against=against, votes=table, decided=decided)
    return Counted(
        name=name,
        threshold=threshold,
        reached=Reached(examples=column(rows, "example"), codes=codes, right=against),
        votes=table,
        adjudicated=decided_by_hand(rows, decided),
    )


@dataclass(frozen=True)
class _Vote:
    answer: str
    said: str | None
    labels: Sequence[int] | None


def _said(vote: Mapping[str, Any]) -> dict[str, Any]:
    return {name: vote[name] for name in ("answer", "said", "labels")}


def _sets(  # noqa: PLR0917
    name: str,
    rows: Rows,
    cast: Mapping[int, Rows],
    decided: Mapping[int, Mapping[str, Any]],
    threshold: int | None,
    classes: int,
) -> Counted:
    given, suggested = (as_matrix([row[key] for row in rows], classes) for key in _BOTH)
    votes = np.zeros((len(rows), classes), dtype=np.int64)
    reviewers, unclear = np.zeros((2, len(rows)), dtype=np.int64)
    for place, row in enumerate(rows):
        for vote in cast.get(row["example"], ()):
            reviewers[place] += 1
            unclear[place] += vote["labels"] is None
            votes[place, vote["labels"] or []] += 1
    codes, agreed = set_codes(
        *(rows, threshold),
        votes=votes,
        reviewers=reviewers,
        unclear=unclear,
        given=given,
        suggested=suggested,
        decided=decided,
    )
    return Counted(
        name=name,
        threshold=threshold,
        reached=Reached(examples=column(rows, "example"), codes=codes, right=agreed),
        votes=votes,
        adjudicated=decided_by_hand(rows, decided),
        reviewers=reviewers,
        unclear=unclear,
    )


_BOTH = ("given", "suggested")


def _as_told(way: Counted, table: pa.Table) -> Counted:
    """Return verdicts that a labels file has, in place of those that the votes come to."""
    number = {verdict: code for code, verdict in enumerate(VERDICTS)} | {"open": -1}
    told: Shaped[np.ndarray, "n"] = np.array(table["verdict"].to_pylist(), dtype=object)
    codes = np.array([number[told[example]] for example in way.reached.examples.tolist()], np.int64)
    reached = Reached(examples=way.reached.examples, codes=codes, right=way.reached.right)
    return Counted(
        name=way.name,
        threshold=None,
        reached=reached,
        votes=way.votes,
        adjudicated=way.adjudicated,
    )
