"""AudioSet, from its lists of segments and the published embeddings, or from clips of sound.

The sounds are online videos and are not published with the set. What is opened are the embeddings
(`Embeddings`), or, where the folder holds ``wav/<video>_<start>.wav``, the clips themselves; one
for each segment is then expected, so the segments whose videos are gone have to be left out
(``on_damage="leave out"``). `read_embeddings` gives the embeddings of such a folder as well.

The study took the segments in the order in which its machine listed the TFRecord files, which is
no rule: it published a list instead. Where that list,
``audioset_eval_set_index_to_youtube_id.json``, lies in the folder, its order is used. Without it
the order is that of the list of segments.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from errata.datasets import tfrecord
from errata.datasets.base import Dataset, OnDamage, Published, kept
from errata.datasets.media import Features, Sounds
from errata.datasets.packed import listed_order
from errata.errors import FileError

SECONDS, WIDTH = 10, 128
"""Embeddings of a segment, one a second, and the bytes of each."""

_SEGMENTS = {"train": "balanced_train_segments.csv", "test": "eval_segments.csv"}
_RECORDS = {"train": "bal_train", "test": "eval"}
_ORDER = {"test": "audioset_eval_set_index_to_youtube_id.json"}
_COUNT = re.compile(r"num_segs=(\d+)")


@dataclass(frozen=True)
class Segment:
    """A piece of a video, and the classes it is given."""

    video: str
    start: float
    end: float
    labels: tuple[int, ...]

    @property
    def name(self) -> str:
        """What tells it from others: the video and where the piece begins."""
        return f"{self.video}_{self.start:g}"

    @property
    def link(self) -> str:
        """Where it can be heard, as the study writes it."""
        return f"http://youtu.be/{self.video}?start={int(self.start)}&end={int(self.end)}"


class Embeddings(Features):
    """Segments as published: loaded as embeddings, shown as the link to the video.

    Parameters
    ----------
    values : ``(n, 10, 128)``, a row of bytes for each second; zeros after the end of shorter ones
    shown : columns of what is shown of each segment
    """

    def __init__(
        self, values: UInt8[np.ndarray, "n seconds width"], shown: dict[str, list[Any]]
    ) -> None:
        super().__init__(shown)
        self._values, self._shown = values, shown

    def load(self, index: int) -> UInt8[np.ndarray, "_seconds width"]:  # type: ignore[override]
        """Return the embeddings of segment ``index``, one for each second."""
        frames: UInt8[np.ndarray, "_seconds width"] = self._values[index]
        return frames

    def take(self, rows: Int[np.ndarray, "_some"]) -> "Embeddings":
        """Return some of the segments, in the order given."""
        some = {name: [column[row] for row in rows] for name, column in self._shown.items()}
        return Embeddings(self._values[rows], some)


def _open(folder: Path, part: str, on_damage: OnDamage) -> Dataset:
    AUDIOSET.check_part(part)
    names, numbers = _classes(folder)
    segments, lost = kept(_segments(folder, part, numbers), on_damage)
    segments = _ordered(segments, folder, part)
    media: Sounds | Embeddings
    if (folder / "wav").is_dir():
        pairs, more = kept(_clips(segments, folder / "wav"), on_damage)
        media = Sounds([path for _, path in pairs])
    else:
        pairs, more = kept(_embedded(segments, folder, part, on_damage), on_damage)
        media = _embeddings(pairs)
    labels = np.zeros((len(pairs), len(names)), bool)
    for row, (segment, _) in enumerate(pairs):
        labels[row, list(segment.labels)] = True
    ids = tuple(f"{part}/{segment.name}" for segment, _ in pairs)
    return Dataset("audioset", part, ids, labels, names, media, (*lost, *more))


def _file(folder: Path, name: str) -> Path:
    """Return a file that lies in the folder, or with the embeddings."""
    for path in (folder / name, folder / "audioset_v1_embeddings" / name):
        if path.is_file():
            return path
    raise AUDIOSET.missing(folder, name)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and values of each line of a csv file."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, skipinitialspace=True)
            for row in rows:
                yield rows.line_num, row
    except (OSError, ValueError, csv.Error) as error:
        raise FileError(f"{path} cannot be read: {error}. Download it again.") from None


def _classes(folder: Path) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the names of the classes, and the class of each of Google's names for them."""
    path = _file(folder, "class_labels_indices.csv")
    names: list[str] = []
    numbers: dict[str, int] = {}
    for line, row in _rows(path):
        if line == 1:
            continue
        if len(row) != 3 or row[0] != str(len(names)):
            raise FileError(
                f"{path}, line {line:,} is {row}; the number {len(names)}, the name in Google's "
                "knowledge graph and the name of a class were expected. Download it again."
            )
        numbers[row[1]] = len(names)
        names.append(row[2])
    return tuple(names), numbers


# ---------------------------------------------------------------- segments


def _segments(
    folder: Path, part: str, numbers: dict[str, int]
) -> Iterator[tuple[str, Segment | FileError]]:
    """Yield the segments of a part, or what is wrong with a line of the list of them."""
    path = _file(folder, _SEGMENTS[part])
    promised, found = None, 0
    for line, row in _rows(path):
        if row and row[0].startswith(("#", "YTID")):  # some copies lack the sign in the third line
            promise = _COUNT.search(" ".join(row))
            promised = int(promise.group(1)) if promise else promised
            continue
        found += 1
        where = f"{path}, line {line:,}"
        try:
            video, start, end, labels = row
            classes = tuple(numbers[label] for label in labels.split(","))
            yield where, Segment(video, float(start), float(end), classes)
        except KeyError as error:
            yield where, FileError(f"{where} names the class {error}, which is not in the list.")
        except ValueError as error:
            yield (
                where,
                FileError(
                    f"{where} is {row} ({error}); video, start, end and classes were expected."
                ),
            )
    if promised not in (None, found):
        raise FileError(
            f"{path} has {found:,} segments; its head promises {promised:,}. Download it again."
        )


def _ordered(segments: list[Segment], folder: Path, part: str) -> list[Segment]:
    """Bring segments into the order of the study, where its list is there."""
    links = listed_order(folder / _ORDER[part]) if part in _ORDER else None
    if links is None:
        return segments
    place = {link: index for index, link in enumerate(links)}
    return sorted(segments, key=lambda segment: place.get(segment.link, len(place)))


# ---------------------------------------------------------------- sounds


def _clips(
    segments: list[Segment], folder: Path
) -> Iterator[tuple[str, tuple[Segment, Path] | FileError]]:
    """Yield each segment with its clip; the start may be written 30 or 30.000."""
    for segment in segments:
        names = [f"{segment.name}.wav", f"{segment.video}_{segment.start:.3f}.wav"]
        path = next((folder / name for name in names if (folder / name).is_file()), None)
        if path is None:
            error = FileError(f"{folder / names[0]} is missing. Is {segment.link} still there?")
            yield segment.name, error
        else:
            yield segment.name, (segment, path)


# ---------------------------------------------------------------- embeddings


def read_embeddings(
    folder: Path, part: str, *, on_damage: OnDamage = "stop"
) -> dict[str, UInt8[np.ndarray, "_seconds width"]]:
    """Return the embeddings of a part by the id of the video.

    Raises
    ------
    FileError
        There are none, or a record is damaged.
    """
    records, _ = kept(((where, one) for where, one in _records(folder, part)), on_damage)
    return {video: frames for video, _, frames in records}


Record = tuple[str, tuple[int, ...], UInt8[np.ndarray, "_seconds width"]]
"""Id of the video, the classes, and the embeddings."""


def _records(folder: Path, part: str) -> Iterator[tuple[str, Record | FileError]]:
    inner = f"audioset_v1_embeddings/{_RECORDS[part]}"
    paths = sorted((folder / inner).glob("*.tfrecord"))
    if not paths:
        raise AUDIOSET.missing(folder, f"{inner}/*.tfrecord")
    for path in paths:
        for start, data in tfrecord.read_records(path):
            if isinstance(data, FileError):
                yield path.stem, data
                continue
            try:
                yield path.stem, _record(data)
            except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
                yield (
                    path.stem,
                    FileError(
                        f"{path}: the record at byte {start:,} is no segment of AudioSet "
                        f"({type(error).__name__}: {error}). Download it again."
                    ),
                )


def _record(data: bytes) -> Record:
    """Read a message ``SequenceExample``: the context, and a list of embeddings."""
    parts = dict(tfrecord.fields(data))
    context = tfrecord.named_features(parts[1])
    steps = tfrecord.named_lists(parts[2])["audio_embedding"]
    frames = [np.frombuffer(step[0], np.uint8) for step in steps]
    if any(len(frame) != WIDTH for frame in frames):
        raise ValueError(f"an embedding has {len(frames[0])} bytes, not {WIDTH}")
    labels = tuple(sorted(context["labels"]))
    return context["video_id"][0].decode("utf-8"), labels, np.array(frames).reshape(-1, WIDTH)


def _embedded(
    segments: list[Segment], folder: Path, part: str, on_damage: OnDamage
) -> Iterator[tuple[str, tuple[Segment, UInt8[np.ndarray, "_seconds width"]] | FileError]]:
    """Yield each segment with its embeddings, or why there are none."""
    found: dict[str, Record] = {}
    damaged: dict[str, FileError] = {}
    for file, one in _records(folder, part):
        if not isinstance(one, FileError):
            found[one[0]] = one
        elif on_damage == "stop":
            raise one
        else:
            damaged.setdefault(file, one)
    for segment in segments:
        record = found.get(segment.video)
        if record is None:
            # a file holds the videos whose ids begin with its name
            why = damaged.get(segment.video[:2], "no record has its id. Download them again.")
            yield segment.name, FileError(f"There are no embeddings of {segment.video}: {why}")
        elif record[1] != tuple(sorted(segment.labels)):
            yield (
                segment.name,
                FileError(
                    f"The record of {segment.video} has the classes {list(record[1])}, "
                    f"{_SEGMENTS[part]} gives it {sorted(segment.labels)}. Download both again."
                ),
            )
        else:
            yield segment.name, (segment, record[2])


def _embeddings(pairs: list[tuple[Segment, UInt8[np.ndarray, "_seconds width"]]]) -> Embeddings:
    values = np.zeros((len(pairs), SECONDS, WIDTH), np.uint8)
    for row, (_, frames) in enumerate(pairs):
        values[row, : len(frames)] = frames[:SECONDS]
    segments = [segment for segment, _ in pairs]
    shown: dict[str, list[Any]] = {
        "video": [segment.link for segment in segments],
        "from second": [segment.start for segment in segments],
        "to second": [segment.end for segment in segments],
    }
    return Embeddings(values, shown)


AUDIOSET = Published(
    name="audioset",
    title="AudioSet",
    kind="sounds",
    examples={"train": 22_160, "test": 20_371},
    classes=527,
    licence="CC BY 4.0 (the labels and embeddings; the videos are their makers')",
    citation="Gemmeke, Ellis, Freedman, Jansen, Lawrence, Moore, Plakal and Ritter (2017), Audio "
    "Set: An ontology and human-labeled dataset for audio events, ICASSP",
    download=("https://research.google.com/audioset/download.html",),
    layout="eval_segments.csv\nbalanced_train_segments.csv\nclass_labels_indices.csv\n"
    "audioset_v1_embeddings/eval/*.tfrecord\naudioset_v1_embeddings/bal_train/*.tfrecord\n"
    "or, for the sounds, wav/<video>_<start>.wav\n"
    "audioset_eval_set_index_to_youtube_id.json, for the order of the study",
    open=_open,
)
