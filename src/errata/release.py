"""Writes a corrected test set: an immutable folder that a stranger can use and check.

No clock, no machine's path and no reviewer's name goes into it, so that the same audit gives the
same bytes. What the numbers are is decided in `errata.audit`; this module lays them out.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped

from errata.core.accuracy import Sets
from errata.core.consensus import CORRECTABLE, VOTED
from errata.core.crowd import CROWD
from errata.errors import AuditError
from errata.labels import named
from errata.results import IMPORTED, Release, SetVerdicts, Verdicts
from errata.store.files import new_folder, sha256

_CHOSEN = """; "suggested" is the class that speaks against the given label: the corrected one, or \
the one with most votes |
| `chosen` | what reviewers chose, and how many of them"""

TABLE, MANIFEST, README = "corrected.parquet", "manifest.json", "README.md"
SHORT = 100
"""Up to so many corrected labels are listed in the README."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """What goes into a release.

    ``given`` and ``corrected`` are integers ``(n,)``, or where examples may have several labels,
    booleans ``(n, classes)``.
    """

    name: str
    classes: tuple[str, ...]
    ids: Sequence[str]
    given: Shaped[np.ndarray, "n *classes"]
    corrected: Shaped[np.ndarray, "n *classes"]
    sets: Sets
    verdicts: Verdicts | SetVerdicts
    settings: Mapping[str, Any]
    inputs: Mapping[str, Any]
    reviewers: int

    @property
    def multilabel(self) -> bool:
        """Whether examples may have several labels."""
        return isinstance(self.verdicts, SetVerdicts)

    @property
    def chosen(self) -> bool:
        """Whether reviewers chose one of several answers."""
        return isinstance(self.verdicts, Verdicts) and bool(self.verdicts.chosen)

    @property
    def votes(self) -> int:
        """How many votes there are."""
        v = self.verdicts
        return int((v.reviewers if isinstance(v, SetVerdicts) else v.votes).sum())

    @property
    def counts(self) -> dict[str, int]:
        """Candidates by verdict, and the sizes of the sets."""
        v, s = self.verdicts, self.sets
        return {
            "candidates": len(v) + v.unreviewed,
            "reviewed": len(v),
            **v.counts,
            "open": v.open,
            "unreviewed": v.unreviewed,
            "D": len(self.given),
            "B": int(s.benign.sum()),
            "U": int(s.unknown.sum()),
            "P": int(s.pruned.sum()),
            "C": int(s.correctable.sum()),
        }


def write_release(out: Path, content: Content) -> Release:
    """Write the folder ``out``, whole or not at all, its files read-only.

    Where the very same release is there already, as after a run that was killed, it stays.

    Raises
    ------
    AuditError
        There is something else at ``out``, and it is not an empty folder.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        with tempfile.TemporaryDirectory() as scratch:
            made = _filled(Path(scratch), out, content)
        there = {file.name: sha256(file) for file in out.glob("*") if file.is_file()}
        if there != made.hashes:
            whole = _version_of(out)
            if whole is not None:
                raise AuditError(
                    f"{out} is a complete release of another state, version {whole}, and a release "
                    "never changes. Name a new folder."
                )
            raise AuditError(
                f"{out} is there already, and a release never changes. Name a new folder, or "
                "remove this one first."
            )
        return made
    with new_folder(out) as folder:
        made = _filled(folder, out, content)
        for file in made.hashes:
            (folder / file).chmod(0o444)
    return made


def _version_of(folder: Path) -> str | None:
    """Return the version of the release in a folder whose files are as its manifest has them."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        whole = manifest["files"] == {name: sha256(folder / name) for name in (TABLE, README)}
        return str(manifest["version"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _filled(folder: Path, out: Path, content: Content) -> Release:
    """Write the files of the release into ``folder``, which is to become ``out``."""
    _write_table(folder / TABLE, content)
    hashes = {TABLE: sha256(folder / TABLE)}
    name = hashes[TABLE][:12]
    (folder / README).write_text(_readme(content, name), encoding="utf-8", newline="\n")
    hashes[README] = sha256(folder / README)
    manifest = json.dumps(_manifest(content, name, hashes), indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(manifest + "\n", encoding="utf-8", newline="\n")
    hashes[MANIFEST] = sha256(folder / MANIFEST)
    return Release(
        path=out,
        version=name,
        counts=content.counts,
        hashes=hashes,
        notices=content.verdicts.notices,
    )


def _write_table(path: Path, content: Content) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    n, verdicts = len(content.given), content.verdicts
    names = np.full(n, None, dtype=object)  # nobody was asked, or nobody has answered
    names[verdicts.examples] = verdicts.names
    sets = isinstance(verdicts, SetVerdicts)
    given, corrected = (
        _lists(one) if sets else pa.array(one, pa.int64())
        for one in (content.given, content.corrected)
    )
    columns = {
        "id": pa.array(content.ids, pa.string()),
        "given": given,
        "corrected": corrected,
        "verdict": pa.array(names, pa.string()),
        **(_ticks(verdicts, n) if isinstance(verdicts, SetVerdicts) else _answers(verdicts, n)),
        "in_pruned": pa.array(content.sets.pruned),
        "in_correctable": pa.array(content.sets.correctable),
    }
    if verdicts.adjudicated.any():
        adjudicated = np.zeros(n, dtype=bool)
        adjudicated[verdicts.examples] = verdicts.adjudicated
        columns["adjudicated"] = pa.array(adjudicated)
    pq.write_table(pa.table(columns), path, compression="zstd", version="2.6")


def _answers(verdicts: Verdicts, n: int) -> dict[str, Any]:
    """Return the columns of the votes for each answer."""
    import pyarrow as pa

    votes = np.zeros((n, len(VOTED)), dtype=np.int32)
    votes[verdicts.examples] = verdicts.votes
    return {
        f"votes_{answer}": pa.array(votes[:, column], pa.int32())
        for column, answer in enumerate(VOTED)
    } | ({"chosen": _told(verdicts, n)} if verdicts.chosen else {})


def _told(verdicts: Verdicts, n: int) -> Any:
    """Return the column that says what was chosen, where reviewers choose one of several."""
    import pyarrow as pa

    told = np.full(n, None, dtype=object)
    told[verdicts.examples] = [verdicts.told(place) for place in range(len(verdicts))]
    return pa.array(told, pa.string())


def _ticks(verdicts: SetVerdicts, n: int) -> dict[str, Any]:
    """Return the columns of the votes for each label: who answered, the labels, the votes."""
    import pyarrow as pa

    reviewers = np.zeros(n, dtype=np.int32)
    reviewers[verdicts.examples] = verdicts.reviewers
    asked = np.zeros((n, len(verdicts.classes)), dtype=bool)
    asked[verdicts.examples] = verdicts.given | verdicts.suggested | (verdicts.votes > 0)
    labels = _lists(asked)
    votes = np.zeros(asked.shape, dtype=np.int32)
    votes[verdicts.examples] = verdicts.votes
    counts = pa.ListArray.from_arrays(labels.offsets, pa.array(votes[asked], pa.int32()))
    columns = {"reviewers": pa.array(reviewers), "labels": labels, "votes": counts}
    if verdicts.unclear.any():
        unclear = np.zeros(n, dtype=np.int32)
        unclear[verdicts.examples] = verdicts.unclear
        columns["cannot_tell"] = pa.array(unclear)
    return columns


def _lists(sets: Bool[np.ndarray, "n classes"]) -> Any:
    """Return sets of labels as lists of class numbers."""
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(np.count_nonzero(sets, axis=1))])
    labels = np.nonzero(sets)[1]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(labels, pa.int64()))


def _manifest(content: Content, name: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    prevalence = content.sets.noise_prevalence
    return {
        "format": 1,
        "name": content.name,
        "version": name,
        "classes": list(content.classes),
        **({"multilabel": True} if content.multilabel else {}),
        **content.verdicts.made_by,
        "counts": content.counts,
        "noise_prevalence": prevalence if np.isfinite(prevalence) else None,
        "votes": content.votes,
        "reviewers": content.reviewers,
        "notices": list(content.verdicts.notices),
        "settings": dict(content.settings),
        "inputs": dict(content.inputs),
        "files": dict(hashes),
        "made_with": {package: version(package) for package in ("errata", "numpy", "pyarrow")},
    }


def _readme(content: Content, name: str) -> str:
    c, v = content.counts, content.verdicts
    notices = "".join(f"> **{notice}**\n\n" for notice in v.notices)
    return f"""# {_plain(content.name)}: corrected labels

Version `{name}`. {c["D"]:,} examples in {len(content.classes)} classes. {c["candidates"]:,} labels
looked wrong and were sent for checking; {c["reviewed"]:,} of them have {content.votes:,}
votes under {content.reviewers:,} reviewers' names. A verdict needs {v.needed}.

{notices}{_found(content)}
## Use

```python
import pyarrow.parquet as pq
table = pq.read_table("{TABLE}")
table = table.filter(table["in_pruned"])  # score models on table["corrected"]
```

Rows of `{TABLE}` are in the order of the test set: row *i* is example *i*. Score models on the
{c["P"]:,} examples that are `in_pruned`, against `corrected`; the {c["C"]:,} that are
`in_correctable` are those whose label changed.

| column | what it is |
|---|---|
| `id` | the example's id |
{_columns(content)}
| `in_pruned` | the label, given or corrected, is trusted |
| `in_correctable` | the label was corrected |
{_adjudicated(content)}
{_changes(content)}
## Bear in mind

- Only candidates were checked. Wrong labels among the {c["D"] - c["reviewed"]:,} other examples, if
  any, are still there, and count as right.
- The candidates and the suggested labels come from {_origin(content)}, and corrections
  chosen by one model can favour its relatives. Say so when you rank models on this set.
- `{MANIFEST}` has the SHA-256 of every file here and of what the release was made from.
"""


def _found(content: Content) -> str:
    """Return the table of what was found."""
    c = content.counts
    rows: tuple[tuple[str, str, str], ...]
    if content.multilabel:
        rows = (
            ("`non_error`: the labels that they agree on are the given ones", "non_error", "kept"),
            ("`correctable`: they agree on other labels", "correctable", "labels corrected"),
            ("`neither`: they agree on no label", "neither", "left out of `in_pruned`"),
            ("`non_agreement`: too few can tell", "non_agreement", "left out of `in_pruned`"),
        )
    elif content.chosen:
        rows = (
            ("`non_error`: the given label is right", "non_error", "kept"),
            ("`correctable`: another class is right", "correctable", "label corrected"),
            ("`multi_label`: both labels fit", "multi_label", "left out of `in_pruned`"),
            ("`neither`: none of the classes shown fits", "neither", "left out of `in_pruned`"),
            ("`non_agreement`: the reviewers differ", "non_agreement", "left out of `in_pruned`"),
        )
    else:
        rows = (
            ("`non_error`: the given label is right", "non_error", "kept"),
            ("`correctable`: the suggested label is right", "correctable", "label corrected"),
            ("`multi_label`: both labels fit", "multi_label", "left out of `in_pruned`"),
            ("`neither` label fits", "neither", "left out of `in_pruned`"),
            ("`non_agreement`: the reviewers differ", "non_agreement", "left out of `in_pruned`"),
        )
    lines = [f"| {what} | {c[verdict]:,} | {fate} |\n" for what, verdict, fate in rows]
    waiting = c["open"] + c["unreviewed"]
    lines.append(f"| open, or not reviewed yet | {waiting:,} | kept as given |\n")
    head = f"| {_found_by(content)} | candidates | in this release |\n|---|---:|---|\n"
    return head + "".join(lines)


def _found_by(content: Content) -> str:
    """Return whose findings the verdicts are, in words."""
    by_hand = ", or a maintainer decided" if content.verdicts.adjudicated.any() else ""
    return f"what the reviewers found{by_hand}"


def _columns(content: Content) -> str:
    """Return the rows of the table of columns that labels and votes have."""
    verdict = (
        f"| `verdict` | {_found_by(content)}; `open` if votes are lacking; empty without votes |"
    )
    if content.multilabel:
        return f"""| `given`, `corrected` | lists of class numbers, empty where no label applies; \
their names, in order, are `classes` in `{MANIFEST}` |
{verdict}
| `reviewers` | how many have answered |
| `labels`, `votes` | the labels they could tick, and how many did |{_cannot_tell(content)}"""
    answers = ", ".join(f"`votes_{answer}`" for answer in VOTED)
    return f"""| `given`, `corrected` | class numbers; their names, in order, are `classes` in \
`{MANIFEST}` |
{verdict}
| {answers} | votes for each answer{_CHOSEN if content.chosen else ""} |"""


def _cannot_tell(content: Content) -> str:
    """Return the row of the table of columns that there is where anybody could not tell."""
    verdicts = content.verdicts
    if not isinstance(verdicts, SetVerdicts) or not verdicts.unclear.any():
        return ""
    return "\n| `cannot_tell` | how many of those who answered cannot tell, and ticked nothing |"


def _adjudicated(content: Content) -> str:
    """Return the row of the table of columns that there is where a maintainer decided any."""
    if not content.verdicts.adjudicated.any():
        return ""
    return "| `adjudicated` | a maintainer decided the verdict, seeing the votes |\n"


def _origin(content: Content) -> str:
    """Return what proposed the candidates, in words."""
    runs = [plan["find"] for plan in content.settings["plans"]]
    others = (IMPORTED, CROWD)
    listed = dict.fromkeys(run["flagger"] for run in runs if run["rule"] in others)
    found = any(run["rule"] not in others for run in runs)
    return " and ".join([*["one model's probabilities"] * found, *map(_plain, listed)])


def _changes(content: Content) -> str:
    verdicts = content.verdicts
    corrected = np.flatnonzero(verdicts.codes == CORRECTABLE).tolist()
    if not corrected:
        return "## What changed\n\nNo label was corrected.\n"
    if len(corrected) > SHORT:
        return (
            f"## What changed\n\n{len(corrected):,} labels: the rows of `{TABLE}` where "
            "`in_correctable` is true.\n"
        )
    rows = (
        "| " + " | ".join([_plain(verdicts.ids[row]), *_change(verdicts, row)]) + " |\n"
        for row in sorted(corrected, key=lambda row: int(verdicts.examples[row]))
    )
    return (
        f"## What changed\n\n| id | given | corrected | votes for the correction |\n"
        f"|---|---|---|---:|\n{''.join(rows)}"
    )


def _change(verdicts: Verdicts | SetVerdicts, row: int) -> tuple[str, str, str]:
    """Return the given and the corrected label of one candidate, and the votes for it."""
    names, votes = verdicts.classes, verdicts.votes[row]
    if isinstance(verdicts, SetVerdicts):
        sets = (verdicts.given[row], verdicts.agreed[row])
        told = (named(tuple(np.flatnonzero(one).tolist()), names) for one in sets)
        given, corrected = map(_plain, told)
        votes_for = f"{_plain(verdicts.told(row))} of {verdicts.reviewers[row]}"
        return given, corrected, votes_for + _by_hand(verdicts, row)
    given, corrected = (
        _plain(names[one]) for one in (verdicts.given[row], verdicts.suggested[row])
    )
    return given, corrected, f"{votes[CORRECTABLE]} of {votes.sum()}" + _by_hand(verdicts, row)


def _by_hand(verdicts: Verdicts | SetVerdicts, row: int) -> str:
    """Return what is said beside the votes of one candidate where these did not decide it."""
    return "; decided by a maintainer" if verdicts.adjudicated[row] else ""


def _plain(text: str) -> str:
    """Return a text as it can stand in a cell of a Markdown table."""
    for mark in "\\`*_|[]<>":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
