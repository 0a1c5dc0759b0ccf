"""Writes a release: an immutable folder that a stranger can use and check.

No clock, no machine's path and no reviewer's name goes into it, so that the same audit gives the
same bytes.
"""

import json
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from errata.errors import AuditError
from errata.release import tables
from errata.release.card import card
from errata.release.changes import change_list, differences
from errata.release.citation import citation
from errata.release.content import Content, Labelled
from errata.release.croissant import croissant
from errata.release.layout import FORMAT, MANIFEST, SUMS, fingerprint, hashes_of, sums
from errata.results import Release
from errata.store.files import new_folder

README, CHANGE_LIST = "README.md", "CHANGES.md"
CROISSANT, CITATION = "croissant.json", "CITATION.cff"


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
        if out.is_dir() and hashes_of(out) == made.hashes:
            return replace(made, already_there=True)
        there = _version_of(out)
        if there is not None:
            raise AuditError(
                f"{out} is a complete release of another state, version {there}, and a release "
                "never changes. Name a new folder."
            )
        raise AuditError(
            f"{out} is there already, and a release never changes. Name a new folder, or "
            "remove this one first."
        )
    with new_folder(out) as folder:
        made = _filled(folder, out, content)
        for file in made.hashes:
            (folder / file).chmod(0o444)
    return made


def _version_of(folder: Path) -> str | None:
    """Return the version of the release in a folder whose files are as it lists them."""
    try:
        there = hashes_of(folder)
        whole = there.pop(SUMS) and (folder / SUMS).read_text(encoding="utf-8") == sums(there)
        return str(json.loads((folder / MANIFEST).read_bytes())["version"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _filled(folder: Path, out: Path, content: Content) -> Release:
    """Write the files of the release into ``folder``, which is to become ``out``."""
    labels = write_tables(folder, content)
    data = hashes_of(folder)
    mark = fingerprint(data)
    about = _manifest(content, mark)
    _write(folder / README, card(content, mark))
    _write(folder / CROISSANT, croissant(folder, content, data))
    _write(folder / CITATION, citation(content))
    since = None
    if content.previous is not None:
        since = differences(content.previous, Labelled(manifest=about, tables=labels))
    _write(folder / CHANGE_LIST, change_list(content, since))
    manifest = about | {"files": hashes_of(folder)}
    _write(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    _write(folder / SUMS, sums(hashes_of(folder)))
    return Release(
        path=out,
        version=content.version,
        fingerprint=mark,
        counts=content.counts,
        hashes=hashes_of(folder),
        notices=content.verdicts.notices,
    )


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def write_tables(folder: Path, content: Content) -> dict[str, pa.Table]:
    """Write the Parquet files of a release; return the labels, by name."""
    keys = tables.keys_table(content.ids, content.paths, content.hashes)
    ways = [tables.counted(one.name, one.verdicts) for one in content.labellings]
    labels = {way.name: tables.labels_table(keys, content.given, way.reached) for way in ways}
    for name, table in labels.items():
        tables.write_table(folder / tables.labels_file(name), table)
    tables.write_table(folder / tables.VOTES, tables.votes_table(content.votes))
    candidates = tables.candidates_table(content.candidates, multilabel=content.multilabel)
    tables.write_table(folder / tables.CANDIDATES, candidates)
    changes = tables.changes_table(content.ids, content.given, ways)
    tables.write_table(folder / tables.CHANGES, changes)
    return labels


def _manifest(content: Content, mark: str) -> dict[str, Any]:
    """Return what the manifest says, but for the files."""
    before = None if content.previous is None else content.previous.manifest
    described = content.description
    return {
        "format": FORMAT,
        "name": content.name,
        "version": content.version,
        "fingerprint": mark,
        "previous": None
        if before is None
        else {name: before[name] for name in ("version", "fingerprint")},
        "examples": content.n,
        "kind": content.kind,
        "multilabel": content.multilabel,
        "classes": list(content.classes),
        "default": content.default.name,
        "policies": list(content.policies),
        "labels": {
            one.name: {
                "file": tables.labels_file(one.name),
                **one.verdicts.made_by,
                "counts": one.counts(content.n),
                "noise_prevalence": _number(one.sets(content.n).noise_prevalence),
            }
            for one in content.labellings
        },
        "votes": sum(row["kind"] != tables.ADJUDICATION for row in content.votes),
        "reviewers": content.reviewers,
        "notices": list(content.verdicts.notices),
        "licence": described.licence,
        "source": described.source,
        "report_to": described.report_to,
        "settings": dict(content.settings),
        "inputs": dict(content.inputs),
        "made_with": {package: version(package) for package in ("errata", "numpy", "pyarrow")},
    }


def _number(share: float) -> float | None:
    return share if np.isfinite(share) else None
