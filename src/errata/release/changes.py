"""What changed: between the given labels and a release, and between two releases."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from errata.array_files import PathLike
from errata.core.consensus import NON_ERROR, OPEN, VERDICTS
from errata.errors import InputError
from errata.labels import Label, named
from errata.release.card import corrected_list
from errata.release.content import Content, Labelled
from errata.release.loading import check_file, read_labels, read_manifest
from errata.words import in_markdown, plural

LEFT_OUT = "left out"


@dataclass(frozen=True, kw_only=True)
class LabelChange:
    """One example whose label or verdict is another in a later release.

    Attributes
    ----------
    file : of labels, ``"threshold-3"``
    before, after : its label by the policy ``drop_ambiguous``, by name; ``"left out"`` without one
    verdict_before, verdict_after : None without votes
    """

    file: str
    index: int
    id: str
    before: str
    after: str
    verdict_before: str | None
    verdict_after: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True, repr=False)
class ReleaseDiff:
    """What a later release has that an earlier one does not.

    Attributes
    ----------
    old, new : their versions
    default : the labels file that is told for eyes: that which is loaded where nothing is said; of
        both, ``"threshold-3 -> threshold-5"``, where they load different ones
    changes : of every labels file that both have, and of ``default``
    only_old, only_new : labels files that one of them has
    votes : how many more votes there are
    """

    name: str
    old: str
    new: str
    default: str
    changes: tuple[LabelChange, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    votes: int

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each change."""
        return [one.to_dict() for one in self.changes]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "name": self.name,
            "old": self.old,
            "new": self.new,
            "votes": self.votes,
            "only_old": list(self.only_old),
            "only_new": list(self.only_new),
            "changes": self.rows(),
        }

    @property
    def shown(self) -> tuple[LabelChange, ...]:
        """The changes of the default labels."""
        return tuple(one for one in self.changes if one.file == self.default)

    def sentences(self) -> tuple[str, ...]:
        """Return what changed, in words, without the list."""
        told = [
            (
                f"{len(self.shown):,} labels or verdicts of {self.default} differ between version "
                f"{self.old} and {self.new}; there are {abs(self.votes):,} "
                f"{'fewer' if self.votes < 0 else 'more'} votes."
            )
        ]
        others = len(self.changes) - len(self.shown)
        if others:
            told.append(f"{others:,} differ at other thresholds.")
        for version, files in ((self.old, self.only_old), (self.new, self.only_new)):
            if files:
                told.append(f"Only version {version} has {', '.join(files)}.")
        return tuple(told)

    def __repr__(self) -> str:
        lines = [f"{self.name}: {' '.join(self.sentences())}"]
        lines += [
            f"  {one.id}: {one.before} -> {one.after} "
            f"({one.verdict_before or 'not reviewed'} -> {one.verdict_after or 'not reviewed'})"
            for one in self.shown[:_MOST]
        ]
        more = len(self.shown) - _MOST
        return "\n".join([*lines, *([f"  and {more:,} more"] if more > 0 else [])])


_MOST = 40


def diff_releases(old: PathLike, new: PathLike) -> ReleaseDiff:
    """Return what changed from one release of a test set to another.

    Raises
    ------
    FileError
        One of them is no release, or its labels are not as they were written.
    InputError
        They are not of the same examples, or classes.
    """
    first, second = (_read(Path(one)) for one in (old, new))
    return differences(first, second)


def _read(folder: Path) -> Labelled:
    manifest = read_manifest(folder)
    for about in manifest["labels"].values():
        check_file(folder, manifest, about["file"])
    return Labelled(manifest=manifest, tables=read_labels(folder, manifest))


def differences(old: Labelled, new: Labelled) -> ReleaseDiff:
    """Return what changed from one release to another.

    Raises
    ------
    InputError
        They are not of the same examples, or classes.
    """
    before, after = old.manifest, new.manifest
    if before["classes"] != after["classes"] or before["multilabel"] != after["multilabel"]:
        raise InputError(
            f"{before['name']} {before['version']} and {after['name']} {after['version']} have "
            "other classes, so their labels cannot be compared. Name two releases of one test set."
        )
    first, second = (one.tables[one.manifest["default"]]["id"].to_pylist() for one in (old, new))
    if first != second:
        raise InputError(
            f"The two releases are of other examples ({len(first):,} and {len(second):,}), so "
            "their labels cannot be compared. Name two releases of one test set."
        )
    common = [name for name in after["labels"] if name in old.tables]
    compared = [(name, name, name) for name in common]
    default, loaded = str(after["default"]), (before["default"], after["default"])
    if loaded[0] != loaded[1]:  # who loads both meets this, whatever each has for a threshold
        default = " -> ".join(loaded)
        compared.append((default, *loaded))
    changes = [
        change
        for name, one, other in compared
        for change in _changed(name, old.tables[one], new.tables[other], after["classes"])
    ]
    return ReleaseDiff(
        name=str(after["name"]),
        old=str(before["version"]),
        new=str(after["version"]),
        default=default,
        changes=tuple(changes),
        only_old=tuple(sorted(set(old.tables) - set(common))),
        only_new=tuple(sorted(set(new.tables) - set(common))),
        votes=int(after["votes"]) - int(before["votes"]),
    )


def _changed(name: str, old: pa.Table, new: pa.Table, classes: Sequence[str]) -> list[LabelChange]:
    columns = [
        [table[column].to_pylist() for table in (old, new)]
        for column in ("drop_ambiguous", "verdict")
    ]
    (labels, later), (verdicts, after) = columns
    ids = new["id"].to_pylist()
    return [
        LabelChange(
            file=name,
            index=index,
            id=str(ids[index]),
            before=_told(labels[index], classes),
            after=_told(later[index], classes),
            verdict_before=verdicts[index],
            verdict_after=after[index],
        )
        for index in range(len(ids))
        if labels[index] != later[index] or verdicts[index] != after[index]
    ]


def _told(label: int | list[int] | None, classes: Sequence[str]) -> str:
    if label is None:
        return LEFT_OUT
    one: Label = label if isinstance(label, int) else tuple(label)
    return named(one, classes)


# ---------------------------------------------------------------- for people


def change_list(content: Content, since: ReleaseDiff | None) -> str:
    """Return the list of changes of a release, Markdown: ``CHANGES.md``."""
    title = in_markdown(content.title)
    parts = [
        f"# {title}: what changed in version {content.version}\n",
        *([] if since is None else [_since(since)]),
        f"## Corrected labels\n\n{_corrected(content)}",
        f"## Left out by `drop_ambiguous`\n\n{_left_out(content)}",
        *([content.reported] if content.reported else []),
    ]
    return "\n".join(parts)


def _corrected(content: Content) -> str:
    if not content.counts["correctable"]:
        return "None.\n"
    return (
        f"{plural(content.counts['correctable'], 'label')}, where a verdict needs "
        f"{content.verdicts.needed}.\n\n"
        f"{corrected_list(content)}"
    )


def _left_out(content: Content) -> str:
    verdicts = content.verdicts
    kept = [OPEN, NON_ERROR, VERDICTS.index("correctable")]
    out = np.flatnonzero(~np.isin(verdicts.codes, kept))
    if not len(out):
        return "None.\n"
    rows = []
    for row in out[np.argsort(verdicts.examples[out])].tolist():
        given = verdicts.given[row]
        label: Label = tuple(np.flatnonzero(given).tolist()) if np.ndim(given) else int(given)
        cells = [
            verdicts.ids[row],
            named(label, content.classes),
            VERDICTS[int(verdicts.codes[row])],
            verdicts.told(row),
        ]
        rows.append("| " + " | ".join(map(in_markdown, cells)) + " |\n")
    head = "| id | given | verdict | votes |\n|---|---|---|---|\n"
    return f"{plural(len(rows), 'example')}.\n\n{head}{''.join(rows)}"


def _since(since: ReleaseDiff) -> str:
    rows = [
        "| "
        + " | ".join(
            in_markdown(text)
            for text in (
                one.id,
                one.before,
                one.after,
                one.verdict_before or "not reviewed",
                one.verdict_after or "not reviewed",
            )
        )
        + " |\n"
        for one in since.shown
    ]
    head = (
        f"| id | label in {since.old} | label now | verdict in {since.old} | verdict now |\n"
        "|---|---|---|---|---|\n"
    )
    listed = f"\n{head}{''.join(rows)}" if rows else ""
    return f"## Since version {since.old}\n\n{' '.join(since.sentences())}\n{listed}"
