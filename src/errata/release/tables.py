"""The Parquet files of a release, made from plain values, and made again to check them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Bool, Int, Shaped

from errata.core.accuracy import corrected_labels, corrected_sets, label_sets
from errata.core.consensus import CORRECTABLE, MULTI_LABEL, NON_ERROR, OPEN, VERDICTS, VOTED
from errata.results import SetVerdicts, Verdicts

LABELS = "labels"
"""The folder of the labels files."""

VOTES, CANDIDATES, CHANGES = "votes.parquet", "candidates.parquet", "changes.parquet"

KEYS = ("index", "id", "path", "sha256")
"""By which an example is known, in this order, in every labels file."""

ADJUDICATION = "adjudication"
"""The kind of a row of the votes that is a maintainer's decision: it holds, whatever others say."""

_SET = pa.list_(pa.int64())


def labels_file(name: str) -> str:
    """Return where the labels of a name lie in a release.

    Examples
    --------
    >>> labels_file("threshold-3")
    'labels/threshold-3.parquet'
    """
    return f"{LABELS}/{name}.parquet"


@dataclass(frozen=True, kw_only=True, eq=False)
class Reached:
    """Verdicts on some examples, and the labels that speak against the given ones.

    Attributes
    ----------
    examples : ``(reviewed,)``, each once
    codes : their verdicts, as `errata.core.consensus.VERDICTS`; -1: open
    right : of a correctable one the right label, of others that which reviewers were asked about,
        ``(reviewed,)``; or sets of labels, ``(reviewed, classes)``
    """

    examples: Int[np.ndarray, "reviewed"]
    codes: Int[np.ndarray, "reviewed"]
    right: Shaped[np.ndarray, "reviewed *classes"]

    @classmethod
    def of(cls, verdicts: Verdicts | SetVerdicts) -> "Reached":
        """Return the same of the verdicts of an audit."""
        right = verdicts.agreed if isinstance(verdicts, SetVerdicts) else verdicts.suggested
        return cls(examples=verdicts.examples, codes=verdicts.codes, right=right)

    @cached_property
    def names(self) -> Shaped[np.ndarray, "reviewed"]:
        """The verdicts by name."""
        return np.array([*VERDICTS, "open"], dtype=object).take(self.codes, mode="wrap")


def keys_table(
    ids: Sequence[str], paths: Sequence[str] | None, hashes: Sequence[str] | None
) -> pa.Table:
    """Return by what the examples are known: a column for each of `KEYS`."""
    nothing = pa.nulls(len(ids), pa.string())
    return pa.table(
        {
            "index": pa.array(np.arange(len(ids))),
            "id": pa.array(ids, pa.string()),
            "path": nothing if paths is None else pa.array(paths, pa.string()),
            "sha256": nothing if hashes is None else pa.array(hashes, pa.string()),
        }
    )


def labels_table(
    keys: pa.Table, given: Shaped[np.ndarray, "n *classes"], reached: Reached
) -> pa.Table:
    """Return a labels file: a row for each example, in the order of the test set.

    Parameters
    ----------
    keys : a row for each example
    given : given labels, integers ``(n,)`` or booleans ``(n, classes)``
    """
    n, several = len(given), given.ndim == 2
    codes, examples = reached.codes, reached.examples
    known = label_sets(n, examples, codes).pruned
    verdict = np.full(n, None, dtype=object)  # nobody was asked, or nobody has answered
    verdict[examples] = reached.names
    change = corrected_sets if several else corrected_labels
    corrected = change(given, examples, reached.right, codes)
    columns = {
        "given": as_lists(given) if several else pa.array(given, pa.int64()),
        "verdict": pa.array(verdict, pa.string()),
        "drop_ambiguous": as_lists(corrected, ~known)
        if several
        else pa.array(corrected, pa.int64(), mask=~known),
        "keep_given": as_lists(corrected) if several else pa.array(corrected, pa.int64()),
    }
    if not several:
        columns["multi_label"] = _accepted(given, corrected, known, reached)
    for name, column in columns.items():
        keys = keys.append_column(name, column)
    return keys


def _accepted(
    given: Int[np.ndarray, "n"],
    corrected: Int[np.ndarray, "n"],
    known: Bool[np.ndarray, "n"],
    reached: Reached,
) -> Any:
    """Return the labels that are accepted for each example; null where none is known."""
    both = reached.codes == MULTI_LABEL
    second = np.full(len(given), -1)
    second[reached.examples[both]] = reached.right[both]
    has = np.stack([known | (second >= 0), second >= 0], axis=1)
    labels = np.stack([np.where(second >= 0, given, corrected), second], axis=1)
    return _lists_of(labels[has], has.sum(axis=1), ~has[:, 0])


def as_lists(
    sets: Bool[np.ndarray, "n classes"], empty: Bool[np.ndarray, "n"] | None = None
) -> Any:
    """Return sets of labels as lists of class numbers, null where ``empty`` says so."""
    if empty is not None:
        sets = sets & ~empty[:, np.newaxis]
    return _lists_of(np.nonzero(sets)[1], np.count_nonzero(sets, axis=1), empty)


def _lists_of(
    values: Int[np.ndarray, "_values"],
    sizes: Int[np.ndarray, "n"],
    empty: Bool[np.ndarray, "n"] | None,
) -> Any:
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
    mask = None if empty is None else pa.array(empty)
    return pa.ListArray.from_arrays(offsets, pa.array(values, pa.int64()), mask=mask)


def label_matrix(column: Any, classes: int) -> Bool[np.ndarray, "n classes"]:
    """Return a column of lists of class numbers as sets of labels; of null, the empty set."""
    sets = np.zeros((len(column), classes), dtype=bool)
    lists = column.combine_chunks()
    sizes = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    sets[np.repeat(np.arange(len(column)), sizes), lists.flatten().to_numpy()] = True
    return sets


# ---------------------------------------------------------------- votes and candidates

_VOTE: list[tuple[str, pa.DataType]] = [
    ("index", pa.int64()),
    ("id", pa.string()),
    ("reviewer", pa.string()),
    ("answer", pa.string()),
    ("labels", _SET),
    ("said", pa.string()),
    ("first", pa.string()),
    ("kind", pa.string()),
    ("order", pa.int64()),
]


def votes_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return the votes that count, and what maintainers decided, by example and order.

    Parameters
    ----------
    rows : ``index id reviewer answer labels said first kind order``
    """
    return pa.Table.from_pylist(list(rows), schema=pa.schema(_VOTE))


def candidates_table(rows: Iterable[Mapping[str, Any]], *, multilabel: bool) -> pa.Table:
    """Return what was sent for checking, in the order of asking, and why.

    Parameters
    ----------
    rows : ``index id given suggested flagger rule rules score_name score rank plan goal
        probability votes threshold question``
    """
    label: pa.DataType = _SET if multilabel else pa.int64()
    columns: list[tuple[str, pa.DataType]] = [
        ("index", pa.int64()),
        ("id", pa.string()),
        ("given", label),
        ("suggested", label),
        ("flagger", pa.string()),
        ("rule", pa.string()),
        ("rules", pa.list_(pa.string())),
        ("score_name", pa.string()),
        ("score", pa.float64()),
        ("rank", pa.int64()),
        ("plan", pa.int64()),
        ("goal", pa.string()),
        ("probability", pa.float64()),
        ("votes", pa.int64()),
        ("threshold", pa.int64()),
        ("question", pa.string()),
    ]
    return pa.Table.from_pylist(list(rows), schema=pa.schema(columns))


# ---------------------------------------------------------------- changes


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """Verdicts, and the votes that they come from: what the list of changes is made of.

    Attributes
    ----------
    name : of the labels file
    threshold : votes that make a verdict, where it is the same for all
    votes : columns as `errata.core.consensus.VOTED`; or of each label, ``(reviewed, classes)``
    reviewers, unclear : of sets of labels, how many have answered, and how many cannot tell
    """

    name: str
    threshold: int | None
    reached: Reached
    votes: Int[np.ndarray, "reviewed answers"]
    adjudicated: Bool[np.ndarray, "reviewed"]
    reviewers: Int[np.ndarray, "reviewed"] | None = None
    unclear: Int[np.ndarray, "reviewed"] | None = None


def counted(name: str, verdicts: Verdicts | SetVerdicts) -> Counted:
    """Return the verdicts of an audit as the list of changes takes them."""
    sets = verdicts if isinstance(verdicts, SetVerdicts) else None
    return Counted(
        name=name,
        threshold=verdicts.threshold if isinstance(verdicts.threshold, int) else None,
        reached=Reached.of(verdicts),
        votes=verdicts.votes,
        adjudicated=verdicts.adjudicated,
        reviewers=None if sets is None else sets.reviewers,
        unclear=None if sets is None else sets.unclear,
    )


def changes_table(
    ids: Sequence[str], given: Shaped[np.ndarray, "n *classes"], ways: Iterable[Counted]
) -> pa.Table:
    """Return every example and labels file whose label is not simply the given one."""
    several = given.ndim == 2
    label: pa.DataType = _SET if several else pa.int64()
    rows = [row for way in ways for row in _changed(ids, given, way)]
    votes: list[tuple[str, pa.DataType]] = (
        [("reviewers", pa.int64()), ("cannot_tell", pa.int64()), ("labels", _SET), ("votes", _SET)]
        if several
        else [("suggested", label), *((f"votes_{answer}", pa.int64()) for answer in VOTED)]
    )
    columns: list[tuple[str, pa.DataType]] = [
        ("file", pa.string()),
        ("threshold", pa.int64()),
        ("index", pa.int64()),
        ("id", pa.string()),
        ("given", label),
        ("verdict", pa.string()),
        ("corrected", label),
        *votes,
        ("adjudicated", pa.bool_()),
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def _changed(
    ids: Sequence[str], given: Shaped[np.ndarray, "n *classes"], way: Counted
) -> list[dict[str, Any]]:
    reached = way.reached
    changed = np.flatnonzero(~np.isin(reached.codes, (OPEN, NON_ERROR)))
    rows = []
    for place in changed[np.argsort(reached.examples[changed])].tolist():
        index, code = int(reached.examples[place]), int(reached.codes[place])
        right, votes = _plain(reached.right[place]), way.votes[place]
        row = {
            "file": way.name,
            "threshold": way.threshold,
            "index": index,
            "id": ids[index],
            "given": _plain(given[index]),
            "verdict": VERDICTS[code],
            "corrected": right if code == CORRECTABLE else None,
            "adjudicated": bool(way.adjudicated[place]),
        }
        if way.reviewers is None or way.unclear is None:
            counts = zip(VOTED, votes.tolist(), strict=True)
            row |= {"suggested": right} | {f"votes_{answer}": count for answer, count in counts}
        else:
            ticked = np.flatnonzero(votes)
            row |= {
                "reviewers": int(way.reviewers[place]),
                "cannot_tell": int(way.unclear[place]),
                "labels": ticked.tolist(),
                "votes": votes[ticked].tolist(),
            }
        rows.append(row)
    return rows


def _plain(label: Any) -> int | list[int]:
    return np.flatnonzero(label).tolist() if np.ndim(label) else int(label)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file."""
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path, compression="zstd", version="2.6")
