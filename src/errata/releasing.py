"""What of an audit goes into a release: labels by every threshold, votes, candidates.

Gathers it from the database and the media; how it is laid out is for `errata.release`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from sqlalchemy import Connection

from errata import telling
from errata.crowd import Consensus
from errata.datasets.media import Media
from errata.errors import FileError
from errata.exchange.pseudonyms import pseudonyms
from errata.release.content import Content, Labelled, Labelling, threshold_name, thresholds_of
from errata.release.describing import Description
from errata.release.tables import ADJUDICATION
from errata.results import SetVerdicts, Verdicts
from errata.store import adjudications, records, voting

Progress = Callable[[int, int], None]


def gather(
    db: Connection,
    verdicts: Verdicts | SetVerdicts,
    consensus: Consensus,
    *,
    folder: Path,
    name: str,
    version: str,
    previous: Labelled | None,
    description: Description,
    classes: tuple[str, ...],
    ids: Sequence[str],
    given: Shaped[np.ndarray, "n *classes"],
    media: Media | None,
    reported: str,
    hashes: bool,
    progress: Progress | None,
) -> Content:
    """Return what goes into a release whose default labels are those of ``verdicts``.

    Parameters
    ----------
    consensus : what made the verdicts
    folder : of the audit
    reported : what became of reported mistakes, a section of Markdown
    hashes : whether to read every example of ``media`` for its SHA-256

    Raises
    ------
    FileError
        An example cannot be read for its hash.
    """
    multilabel = given.ndim == 2
    planned = records.planned(db)
    default = _name(verdicts)
    own = sorted({row["threshold"] for row in planned})
    asked = [] if consensus.threshold is None else [consensus.threshold]
    thresholds = thresholds_of(max(row["votes"] for row in planned), [*own, *asked])
    others = telling.counted(db, thresholds, ids=ids, classes=classes, multilabel=multilabel)
    return Content(
        name=name,
        version=version,
        previous=previous,
        description=description,
        classes=classes,
        ids=ids,
        paths=None if media is None else media.paths(),
        hashes=list(_hashes(media, progress)) if hashes and media is not None else None,
        given=given,
        labellings=(
            Labelling(name=default, verdicts=verdicts),
            *(Labelling(name=_name(one), verdicts=one) for one in others if _name(one) != default),
        ),
        votes=list(_votes(db, ids, folder)),
        candidates=list(_candidates(db, planned, ids)),
        settings=telling.settings(db),
        inputs=telling.inputs(db),
        reviewers=voting.reviewer_count(db),
        kind=None if media is None else media.kind,
        reported=reported,
    )


def _name(verdicts: Verdicts | SetVerdicts) -> str:
    """Return what the labels file of some verdicts is called."""
    if isinstance(verdicts.threshold, int):
        return threshold_name(verdicts.threshold)
    return "plan" if verdicts.threshold else "model"


def _hashes(media: Media, progress: Progress | None) -> Iterator[str]:
    for example in range(len(media)):
        try:
            yield hashlib.sha256(media.raw(example)).hexdigest()
        except FileError as error:
            raise FileError(
                f"{error} A release has the SHA-256 of every example's own bytes; to leave these "
                "out, say hashes=False (--no-hashes)."
            ) from None
        if progress is not None:
            progress(example + 1, len(media))


def _votes(db: Connection, ids: Sequence[str], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the votes that count and what was decided, by example, then in the order they came."""
    reviewer = telling.reviewers_in_public(db, folder)
    maintainer = pseudonyms(folder, kind="maintainer")
    held = voting.held(db)
    rows = [
        {
            "index": vote["example"],
            "reviewer": reviewer(vote["name"]),
            **{key: vote[key] for key in ("answer", "labels", "said", "first", "kind")},
        }
        for vote in held
    ]
    rows += [
        {
            "index": example,
            "reviewer": maintainer(one["maintainer"]),
            "answer": one["answer"],
            "labels": one["labels"],
            "said": None,
            "first": None,
            "kind": ADJUDICATION,
        }
        for example, one in adjudications.held(db).items()
    ]
    order: dict[int, int] = {}
    for row in sorted(rows, key=lambda row: row["index"]):  # stable: each example's as they came
        index = row["index"]
        order[index] = order.get(index, 0) + 1
        yield {**row, "id": ids[index], "order": order[index]}


def _candidates(
    db: Connection, planned: Sequence[Mapping[str, Any]], ids: Sequence[str]
) -> Iterator[dict[str, Any]]:
    runs = {run["id"]: run for run in records.planned_findings(db)}
    told = ("given", "suggested", "rules", "score", "rank", "plan", "goal", "probability")
    asked = ("votes", "threshold", "question")
    for row in planned:
        run = runs[row["finding"]]
        yield {
            "index": row["example"],
            "id": ids[row["example"]],
            **{key: row[key] for key in (*told, *asked)},
            "flagger": run["flagger"],
            "rule": run["rule"],
            "score_name": run["score"],
        }
