"""From a label in a release to what made it: flagger, rule, plan, votes, verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from errata.array_files import PathLike
from errata.errors import unknown_name
from errata.labels import as_label, named
from errata.release.loading import check_file, read_manifest, read_parquet
from errata.release.tables import ADJUDICATION, CANDIDATES, VOTES
from errata.words import plural


@dataclass(frozen=True, kw_only=True, repr=False)
class ReleasedStory:
    """Everything that a release knows of one label.

    Attributes
    ----------
    id, index : the example; ``n``: how many there are
    candidate : its row of ``candidates.parquet``; None where nobody was asked about it
    votes : its rows of ``votes.parquet``, in the order they came
    labels : of each labels file: file, verdict, and the label by each policy, by name; None where
        there is none
    """

    name: str
    version: str
    id: str
    index: int
    n: int
    given: str
    candidate: Mapping[str, Any] | None
    votes: tuple[Mapping[str, Any], ...]
    labels: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; labels by name."""
        return {
            **{key: getattr(self, key) for key in ("name", "version", "id", "index", "given")},
            "candidate": None if self.candidate is None else dict(self.candidate),
            "votes": [dict(vote) for vote in self.votes],
            "labels": [dict(one) for one in self.labels],
        }

    def rows(self) -> list[dict[str, str]]:
        """Return the story as rows of what it is about, and what there is to say."""
        return [{"about": about, "story": text} for about, text in self._lines()]

    def __repr__(self) -> str:
        lines = self._lines()
        width = max(len(about) for about, _ in lines)
        return "\n".join(f"{about:{width}}  {text}" for about, text in lines)

    def _lines(self) -> list[tuple[str, str]]:
        lines = [
            ("release", f"{self.name}, version {self.version}"),
            ("example", f"{self.id} (number {self.index} of 0 to {self.n - 1})"),
            ("given", self.given),
        ]
        c = self.candidate
        if c is None:
            lines.append(("found", "in no plan: nobody was asked about it"))
        else:
            rules = f" (flagged by {', '.join(c['rules'])})" if c["rules"] else ""
            scored = "" if c["score"] is None else f", {c['score_name']} {c['score']:.4g}"
            lines += [
                ("found", f"by {c['flagger']}, rule {c['rule']!r}{rules}{scored}"),
                ("suggested", c["suggested"]),
                (
                    "plan",
                    (
                        f"plan {c['plan']} ({c['goal']}): sampling probability "
                        f"{c['probability']:g}, {plural(c['votes'], 'vote')} wanted, "
                        f"{c['threshold']} decide"
                    ),
                ),
            ]
        lines += [
            ("decided" if vote["kind"] == ADJUDICATION else "vote", _vote(vote))
            for vote in self.votes
        ]
        lines += [
            (one["file"], f"{one['verdict'] or 'not reviewed'}: {_policies(one)}")
            for one in self.labels
        ]
        return lines


def _vote(vote: Mapping[str, Any]) -> str:
    answer = vote["answer"] if vote["labels"] is None else vote["labels"]
    said = f" ({vote['said']})" if vote["said"] else ""
    return f"{vote['reviewer']}: {answer}{said} ({vote['kind']})"


def _policies(one: Mapping[str, Any]) -> str:
    told = (key for key in one if key not in ("file", "verdict"))
    return ", ".join(f"{key} {'none' if one[key] is None else one[key]}" for key in told)


def why_released(path: PathLike, example_id: str) -> ReleasedStory:
    """Tell what made one label of a release.

    Parameters
    ----------
    path : the folder of the release
    example_id : the id of an example

    Raises
    ------
    FileError
        There is no release, or it is not as it was written.
    NameUnknownError
        There is no such example.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    files = [about["file"] for about in manifest["labels"].values()]
    for file in (*files, VOTES, CANDIDATES):
        check_file(folder, manifest, file)
    default = read_parquet(folder, manifest["labels"][manifest["default"]]["file"])
    index = pc.index(default["id"], pa.scalar(example_id)).as_py()
    if index < 0:
        raise unknown_name("example", example_id, list(map(str, default["id"].to_pylist())))
    classes = manifest["classes"]

    def told(label: int | list[int] | None) -> str | None:
        if label is None:
            return None
        return named(as_label(label), classes)

    labels = []
    for name, file in zip(manifest["labels"], files, strict=True):
        row = read_parquet(folder, file).slice(index, 1).to_pylist()[0]
        policies = {policy: row[policy] for policy in manifest["policies"]}
        if "multi_label" in policies:
            accepted = row["multi_label"] and [classes[one] for one in row["multi_label"]]
            policies["multi_label"] = accepted and " or ".join(accepted)
        labels.append(
            {
                "file": name,
                "verdict": row["verdict"],
                **{
                    policy: label if policy == "multi_label" else told(label)
                    for policy, label in policies.items()
                },
            }
        )
    found = _rows_of(folder, CANDIDATES, index)
    given = told(default["given"][index].as_py())
    assert given is not None, "every example is given a label"
    return ReleasedStory(
        name=str(manifest["name"]),
        version=str(manifest["version"]),
        id=example_id,
        index=index,
        n=len(default),
        given=given,
        candidate={
            **found[0],
            **{key: told(found[0][key]) for key in ("given", "suggested")},
        }
        if found
        else None,
        votes=tuple(
            {**row, "labels": told(row["labels"])} for row in _rows_of(folder, VOTES, index)
        ),
        labels=tuple(labels),
    )


def _rows_of(folder: Path, file: str, index: int) -> list[dict[str, Any]]:
    table = read_parquet(folder, file)
    return table.filter(pc.equal(table["index"], pa.scalar(index))).to_pylist()
