"""The study's audit of each set, made anew from what was published, ready for every verb.

The candidates are those that the workers were asked about: found from the probabilities where
these are published (the same ones, see `errata.paper.tables`), else taken from the votes. The
study published how many workers chose each answer, not who chose what, so each count becomes
votes of anonymous workers, marked as imported: "anonymous 1" of one candidate is nobody in
particular on another.
"""

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import errata
from errata.paper.media import media
from errata.paper.published import FLAGGER, SOURCES, Pack, Published, Source, damage_named

NOTE = "published counts of Mechanical Turk workers; who cast which vote is not known"
CLASSES = "raw/audioset/class_labels_indices.csv"
"""AudioSet's own list of its classes, which is not among the study's files."""
Progress = Callable[[int, int], None]


def make_audit(
    key: str, data: Path, out: Path, *, progress: Progress | None = None
) -> "errata.Audit":
    """Turn what was published of one set into an audit, with its votes and compared models.

    Pictures and texts are shown where they are in the pack. QuickDraw and Amazon Reviews, whose
    labels are not, become audits of the checked examples alone.

    Parameters
    ----------
    key : which set: a key of `errata.paper.published.SOURCES`
    data : the folder of published data
    out : the audit's folder, new
    progress : called with the rows done and the rows in all while errors are sought

    Raises
    ------
    errata.NameUnknownError
        There is no such set.
    errata.FileError
        A published file is not where it is expected.
    """
    source = {str(name): source for name, source in SOURCES.items()}.get(key)
    if source is None:
        raise errata.errors.unknown_name("set", key, SOURCES)
    pack = Pack(data)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise errata.AuditError(f"There is something at {out} already. Name a new folder.")
    making = out.with_name(f".{out.name}.making")  # so that a run that is killed leaves no half
    shutil.rmtree(making, ignore_errors=True)
    make = _audioset if key == "audioset" else partial(_one_label, source, progress=progress)
    make(pack, making).close()
    making.replace(out)
    return errata.Audit.open(out)


def _one_label(
    source: Source, pack: Pack, out: Path, *, progress: Progress | None
) -> "errata.Audit":
    """Make the audit of a set whose examples have one label each."""
    published = pack.votes(source.key)
    audit = errata.Audit.create(
        out,
        labels=_labels(pack, published),
        probs=pack.probs(source.key) if source.probs else None,
        classes=published.classes,
        media=media(pack, source.key),
        ids=_ids(pack, published),
        name=f"{source.title}, as audited in 2021",
    )
    if source.probs:
        # the study looked at so many lowest margins; but for MNIST, as many as errors are estimated
        audit.find(flagger=FLAGGER, count=len(published.ids), progress=progress)
    else:
        audit.add_candidates(list(_candidates(published)), flagger=FLAGGER)
    audit.plan(votes=5, threshold=3)
    audit.add_votes(list(_votes(published)), kind="imported", note=NOTE)
    if source.predictions:
        audit.compare(pack.predictions(source.key, n_classes=len(published.classes)))
    return audit


def _labels(pack: Pack, published: Published) -> Any:
    source = published.source
    if source.labels is None:
        return published.given  # of the checked examples: the others' are not in the pack
    return pack.file(f"label_errors/labels/{source.labels}")


def _ids(pack: Pack, published: Published) -> list[str] | None:
    """Return what the examples are called; without names of their own, by their row.

    193 names of IMDB's index stand at several rows, whose texts are the same; these ids have the
    row with them. No candidate is among them.
    """
    source = published.source
    if source.labels is None:
        return list(published.ids)
    if source.index is None:
        return None
    names = [name.removeprefix("val/") for name in pack.index(source.key)]
    uses = Counter(names)
    return [f"{name} row {row}" if uses[name] > 1 else name for row, name in enumerate(names)]


def _candidates(published: Published) -> Iterator[Mapping[str, Any]]:
    for row, suggested in zip(published.rows.tolist(), published.suggested.tolist(), strict=True):
        yield {"index": row, "suggested": suggested}


def _votes(published: Published) -> Iterator[Mapping[str, Any]]:
    """Yield a vote for every worker that a count stands for."""
    for row, counts, others in zip(
        published.rows.tolist(), published.votes.tolist(), published.others, strict=True
    ):
        known = dict(zip(errata.ANSWERS, counts, strict=True))
        for vote in errata.published.anonymous_votes({**known, **others}):
            yield {"index": row, **vote}


def _audioset(pack: Pack, out: Path) -> "errata.Audit":
    """Make the audit of AudioSet, whose examples have several labels.

    Votes are published for each label: a label with 3 votes becomes one that the first three of
    five workers ticked.
    """
    published = pack.audioset
    given = pack.json("raw/audioset/eval_original_labels.json")
    classes = _sounds(pack, given)
    number = {errata.published.without_commas(name): at for at, name in enumerate(classes)}
    audit = errata.Audit.create(
        out,
        labels=given,
        classes=classes,
        ids=pack.index("audioset"),
        name="AudioSet, as audited in 2021",
    )
    rows = published.rows.tolist()
    audit.add_candidates(
        [
            {"index": row, "suggested": sorted(number[name] for name in names)}
            for row, names in zip(rows, published.suggested, strict=True)
        ],
        flagger=FLAGGER,
    )
    audit.plan(votes=5, threshold=3)
    audit.add_votes(
        [
            {"index": row, **vote}
            for row, votes in zip(rows, published.votes, strict=True)
            for vote in errata.published.anonymous_ticks(
                {classes[number[name]]: count for name, count in votes.items()}
            )
        ],
        kind="imported",
        note=NOTE,
    )
    return audit


def _sounds(pack: Pack, given: list[list[int]]) -> list[str]:
    """Return AudioSet's class names: its own where its list is there, else those of the votes.

    The votes name the labels of a candidate in the order of their numbers; a class that no
    candidate has is called by its number.
    """
    if pack.has(CLASSES):
        path = pack.file(CLASSES)
        with damage_named(path), path.open(encoding="utf-8", newline="") as file:
            return [row["display_name"] for row in csv.DictReader(file)]
    predicted = pack.json("raw/audioset/eval_predicted_labels.json")
    names: dict[int, str] = {}
    for item in pack.items("audioset"):
        for side, labels in (("given_original_labels", given), ("our_guessed_labels", predicted)):
            names |= zip(labels[item["id"]], item[side], strict=True)
    last = max(label for labels in given for label in labels)
    return [names.get(label, f"class {label}") for label in range(last + 1)]
