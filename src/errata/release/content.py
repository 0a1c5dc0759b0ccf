"""What goes into a release, before it is laid out in files.

What the numbers are is decided by the verbs of an audit; `errata.release.writing` lays them out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Shaped

from errata.core.accuracy import Sets, label_sets
from errata.errors import InputError
from errata.release.describing import Description
from errata.results import POLICIES, SetVerdicts, Verdicts

FIRST_VERSION = "1.0.0"

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelling:
    """One labels file: corrected labels by one way of making verdicts.

    Attributes
    ----------
    name : ``"threshold-3"``; ``"plan"`` where each candidate has the threshold of its plan;
        ``"model"`` where a model of the crowd made the verdicts
    """

    name: str
    verdicts: Verdicts | SetVerdicts

    def sets(self, n: int) -> Sets:
        """Return the sets B, U, P and C of ``n`` examples."""
        return label_sets(n, self.verdicts.examples, self.verdicts.codes)

    def counts(self, n: int) -> dict[str, int]:
        """Return candidates by verdict, and the sizes of the sets of ``n`` examples."""
        v, s = self.verdicts, self.sets(n)
        return {
            "candidates": len(v) + v.unreviewed,
            "reviewed": len(v),
            **v.counts,
            "open": v.open,
            "unreviewed": v.unreviewed,
            "D": n,
            "B": int(s.benign.sum()),
            "U": int(s.unknown.sum()),
            "P": int(s.pruned.sum()),
            "C": int(s.correctable.sum()),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """What is compared of a release: its manifest, and its labels files by name."""

    manifest: Mapping[str, Any]
    tables: Mapping[str, pa.Table]


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """What goes into a release.

    Attributes
    ----------
    version : ``"1.0.0"``; ``previous`` is the release before it, or None
    given : integers ``(n,)``; where examples may have several labels, booleans ``(n, classes)``
    paths : of the file of each example, relative to the folder of all, or None
    hashes : the SHA-256 of each example's own bytes, or None
    labellings : the first is the default
    votes, candidates : rows, in the columns of `errata.release.tables`
    settings, inputs : what was chosen for each plan; what the audit was made from
    reviewers : how many hold a vote
    reported : what became of mistakes that were reported, a section of Markdown
    """

    name: str
    version: str
    previous: Labelled | None
    description: Description
    classes: tuple[str, ...]
    ids: Sequence[str]
    paths: Sequence[str] | None
    hashes: Sequence[str] | None
    given: Shaped[np.ndarray, "n *classes"]
    labellings: tuple[Labelling, ...]
    votes: Sequence[Mapping[str, Any]]
    candidates: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]
    inputs: Mapping[str, Any]
    reviewers: int
    kind: str | None = None
    reported: str = ""

    @property
    def n(self) -> int:
        """How many examples there are."""
        return len(self.given)

    @property
    def title(self) -> str:
        """What the test set is called, on one line."""
        return " ".join((self.description.title or self.name).split())

    @property
    def default(self) -> Labelling:
        """The labels that are loaded where none are named."""
        return self.labellings[0]

    @property
    def verdicts(self) -> Verdicts | SetVerdicts:
        """The verdicts of the default labels."""
        return self.default.verdicts

    @property
    def multilabel(self) -> bool:
        """Whether examples may have several labels."""
        return isinstance(self.verdicts, SetVerdicts)

    @property
    def chosen(self) -> bool:
        """Whether reviewers chose one of several answers."""
        return isinstance(self.verdicts, Verdicts) and bool(self.verdicts.chosen)

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies that the labels files have a column for."""
        return POLICIES[:2] if self.multilabel else POLICIES

    @cached_property
    def counts(self) -> dict[str, int]:
        """Candidates by verdict, and the sizes of the sets, for the default labels."""
        return self.default.counts(self.n)


def threshold_name(threshold: int) -> str:
    """Return what the labels by so many votes are called.

    Examples
    --------
    >>> threshold_name(3)
    'threshold-3'
    """
    return f"threshold-{threshold}"


def thresholds_of(votes: int, own: Sequence[int]) -> list[int]:
    """Return every threshold worth releasing: those that are used, and more than half to all.

    Parameters
    ----------
    votes : the most that are asked for any candidate
    own : thresholds that plans have, or that were asked for

    Examples
    --------
    >>> thresholds_of(5, [3]), thresholds_of(3, [1]), thresholds_of(1, [1])
    ([3, 4, 5], [1, 2, 3], [1])
    """
    return sorted({*own, *range(votes // 2 + 1, votes + 1)})


def next_version(version: str | None, previous: str | None) -> str:
    """Return the version of a release: as asked for, or what comes after the one before.

    That is the next minor version, or after a draft the version that it was a draft of. Versions
    follow one another as on https://semver.org: 1.0.0-draft, 1.0.0-draft.2, 1.0.0, 1.1.0.

    Raises
    ------
    InputError
        The version asked for is none, or is not after the one before.

    Examples
    --------
    >>> next_version(None, None), next_version(None, "1.0.0"), next_version("2.0.0", "1.3.0")
    ('1.0.0', '1.1.0', '2.0.0')
    >>> next_version(None, "2.0.0-draft")
    '2.0.0'
    """
    if version is not None and not _VERSION.fullmatch(version):
        raise InputError(
            f"The version is {version!r}; three numbers such as {FIRST_VERSION}, maybe with a word "
            f"behind a hyphen ({FIRST_VERSION}-draft), were expected."
        )
    if previous is None:
        return version or FIRST_VERSION
    major, minor, patch, draft = _parts(previous)
    following = f"{major}.{minor}.{patch}" if draft else f"{major}.{minor + 1}.0"
    if version is not None and _order(version) <= _order(previous):
        raise InputError(
            f"The version {version} is not after {previous}, which is that of the previous "
            f"release. Leave it out: {following} comes next."
        )
    return version or following


def _parts(version: str) -> tuple[int, int, int, str]:
    found = _VERSION.fullmatch(version)
    assert found is not None, "a release was written with it"
    return int(found[1]), int(found[2]), int(found[3]), (found[4] or "").removeprefix("-")


def _order(version: str) -> tuple[object, ...]:
    """Return what versions are sorted by: drafts come before what they are drafts of."""
    *numbers, draft = _parts(version)
    words = tuple(
        (0, int(word), "") if word.isdecimal() else (1, 0, word) for word in draft.split(".")
    )
    return (*numbers, not draft, words)
