"""What the study published of its ten sets, read: labels, probabilities, votes, predictions.

Ids and labels come in five ways, and each has one reader here, which says what is odd about it;
what counts of votes mean is for `errata.published`. All of them give `Published` (one label an
example) or `PublishedSets` (several): the same words and index conventions for every set, which
is all that the rest of `errata.paper` knows.

The study published how many of its workers chose each answer, not who chose what.
"""

import json
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int, Integer

import errata

Key = Literal[
    "mnist", "cifar10", "cifar100", "caltech256", "imagenet",
    "quickdraw", "20news", "imdb", "amazon", "audioset",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Source:
    """One set of the study: what it is called, and which published files belong to it.

    ``labels``, ``probs`` and ``index`` are file names without their folders; None where nothing
    was published, or nothing that is small enough to be in the pack.
    """

    key: Key
    title: str
    modality: Literal["image", "text", "audio"]
    size: int
    labels: str | None
    probs: str | None = None
    index: str | None = None
    predictions: tuple[str, ...] = ()


FLAGGER = "the study's cross-validated model"
"""Who flagged the candidates of every set, and suggested their labels."""

SOURCES: Mapping[Key, Source] = {
    source.key: source
    for source in (
        Source(
            key="mnist",
            title="MNIST",
            modality="image",
            size=10_000,
            labels="mnist_test_set_original_labels.npy",
            probs="mnist_test_set_pyx.npy",
        ),
        Source(
            key="cifar10",
            title="CIFAR-10",
            modality="image",
            size=10_000,
            labels="cifar10_test_set_original_labels.npy",
            probs="cifar10_test_set_pyx.npy",
            predictions=("cifar10/pytorch_cifar10_top5.npz",),
        ),
        Source(
            key="cifar100",
            title="CIFAR-100",
            modality="image",
            size=10_000,
            labels="cifar100_test_set_original_labels.npy",
        ),
        Source(
            key="caltech256",
            title="Caltech-256",
            modality="image",
            size=29_780,
            labels="caltech256_original_labels.npy",
            index="caltech256_index_to_filename.json",
        ),
        Source(
            key="imagenet",
            title="ImageNet",
            modality="image",
            size=50_000,
            labels="imagenet_val_set_original_labels.npy",
            index="imagenet_val_set_index_to_filepath.json",
            predictions=(
                "imagenet/keras_imagenet_top5.npz",
                "imagenet/pytorch_imagenet_top5_a.npz",
                "imagenet/pytorch_imagenet_top5_b.npz",
            ),
        ),
        Source(key="quickdraw", title="QuickDraw", modality="image", size=50_426_266, labels=None),
        Source(
            key="20news",
            title="20news",
            modality="text",
            size=7_532,
            labels="20news_test_set_original_labels.npy",
            probs="20news_test_set_pyx.npy",
        ),
        Source(
            key="imdb",
            title="IMDB",
            modality="text",
            size=25_000,
            labels="imdb_test_set_original_labels.npy",
            probs="imdb_test_set_pyx.npy",
            index="imdb_test_set_index_to_filename.json",
        ),
        Source(key="amazon", title="Amazon Reviews", modality="text", size=9_996_437, labels=None),
        Source(
            key="audioset",
            title="AudioSet",
            modality="audio",
            size=20_371,
            labels="audioset_eval_set_original_labels.npy",
            index="audioset_eval_set_index_to_youtube_id.json",
        ),
    )
}
"""The ten sets, in the order of the paper's tables."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Published:
    """The candidates of one set that the workers were asked about, and their votes.

    Attributes
    ----------
    ids : the ids of the published file
    rows : their places in the arrays of the set, ``(candidates,)``; where no labels are
        published, their places in the published file
    given, suggested : class numbers, ``(candidates,)``
    votes : how many workers gave each answer, ``(candidates, 4)``, columns as `errata.ANSWERS`
    others : votes for any other answer, by its word, one mapping a candidate
    classes : class names
    """

    source: Source
    ids: tuple[str, ...]
    rows: Int[np.ndarray, "candidates"]
    given: Int[np.ndarray, "candidates"]
    suggested: Int[np.ndarray, "candidates"]
    votes: Int[np.ndarray, "candidates 4"]
    others: tuple[Mapping[str, int], ...]
    classes: tuple[str, ...]

    def codes(self, threshold: int = 3) -> Int[np.ndarray, "candidates"]:
        """Return the verdicts, as places in `errata.VERDICTS`."""
        return errata.verdict_codes(self.votes, threshold)

    def counts(self, threshold: int = 3) -> dict[str, int]:
        """Return how many candidates came to each verdict."""
        found = np.bincount(self.codes(threshold), minlength=len(errata.VERDICTS))
        return dict(zip(errata.VERDICTS, found.tolist(), strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedSets:
    """The candidates of AudioSet, whose examples have several labels each.

    Attributes
    ----------
    ids : the ids of the published file, which are places in the arrays of the set
    given, suggested : sets of label names, one a candidate, without commas
    votes : for each candidate, how many workers chose each of the labels they were asked about
    """

    source: Source
    ids: tuple[str, ...]
    rows: Int[np.ndarray, "candidates"]
    given: tuple[frozenset[str], ...]
    suggested: tuple[frozenset[str], ...]
    votes: tuple[Mapping[str, int], ...]

    def counts(self, threshold: int = 3) -> dict[str, int]:
        """Return how many label sets the workers confirmed, and how many they did not.

        A set is confirmed where the labels with ``threshold`` votes or more are just the given
        ones.
        """
        confirmed = sum(
            {label for label, count in votes.items() if count >= threshold} == given
            for votes, given in zip(self.votes, self.given, strict=True)
        )
        return {"non_error": confirmed, "error": len(self.ids) - confirmed}


_COMPRESSED = (EOFError, lzma.LZMAError, zlib.error, tarfile.TarError)


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Name the published file that cannot be read, and the way on, whatever is wrong with it."""
    try:
        yield
    except errata.ErrataError:
        raise
    except (ValueError, LookupError, TypeError, OSError, *_COMPRESSED) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise errata.FileError(
            f"{path} is not as it was published ({what}). Remove it, and run `errata paper fetch` "
            "again; it checks every file."
        ) from None


class Pack:
    """The folder of published data, opened file by file.

    Parameters
    ----------
    folder : the one that `errata paper fetch` fills

    Raises
    ------
    errata.FileError
        Later, by the method that misses it: a file is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str) -> Path:
        """Return the path of a file that is there."""
        path = self.folder / name
        if not path.is_file():
            raise errata.FileError(
                f"{path} is not there. `errata paper fetch {self.folder}` downloads what is missing"
                "; or name another folder of published data with --data (or ERRATA_DATA)."
            )
        return path

    def json(self, name: str) -> Any:
        """Return the content of a JSON file."""
        path = self.file(name)
        with damage_named(path):
            return json.loads(path.read_text(encoding="utf-8"))

    def labels(self, key: Key) -> Int[np.ndarray, "n"]:
        """Return the given labels of a set with one label an example, ``(n,)``."""
        path = self.file(f"label_errors/labels/{SOURCES[key].labels}")
        with damage_named(path):
            labels: Int[np.ndarray, "n"] = np.load(path).astype(np.int64)
        return labels

    def probs(self, key: Key) -> Path:
        """Return the path of a set's out-of-sample probabilities, ``(n, m)``."""
        return self.file(f"label_errors/pred_probs/{SOURCES[key].probs}")

    def index(self, key: Key) -> list[str]:
        """Return the name of every example's file, in the order of the arrays."""
        return [str(name) for name in self.json(f"label_errors/indexing/{SOURCES[key].index}")]

    def predictions(self, key: Key, *, n_classes: int) -> dict[str, Integer[np.ndarray, "n 5"]]:
        """Return the five best answers of every published model, best first."""
        models: dict[str, Integer[np.ndarray, "n 5"]] = {}
        for name in SOURCES[key].predictions:
            models |= errata.read_predictions(
                self.file(f"models/{name}"), n=SOURCES[key].size, n_classes=n_classes
            )
        return models

    def has(self, name: str) -> bool:
        """Tell whether there is a file of this name."""
        return (self.folder / name).is_file()

    def votes(self, key: Key) -> Published:
        """Return the candidates of a set with one label an example, and their votes."""
        with damage_named(self.folder / f"label_errors/mturk/{key}_mturk.json"):
            return _READERS[key](self, SOURCES[key])

    @cached_property
    def audioset(self) -> PublishedSets:
        """The candidates of AudioSet, and their votes."""
        with damage_named(self.folder / "label_errors/mturk/audioset_mturk.json"):
            return _audioset(self, SOURCES["audioset"])

    @cached_property
    def names(self) -> Mapping[str, list[str]]:
        """Class names by set, for those sets whose names are collected in one file."""
        known: Mapping[str, list[str]] = self.json("label_errors/label_names.json")
        return known

    def items(self, key: Key) -> list[dict[str, Any]]:
        """Return the published votes of a set as they stand."""
        found: list[dict[str, Any]] = self.json(f"label_errors/mturk/{key}_mturk.json")
        return found


Item = Mapping[str, Any]


def _published(
    source: Source,
    items: Sequence[Item],
    *,
    rows: Sequence[int],
    label: Callable[[Any], int],
    classes: Sequence[str],
) -> Published:
    """Gather what the readers found; votes are by our words and by any other word."""
    votes = [errata.published.counts_of(item) for item in items]
    return Published(
        source=source,
        ids=tuple(str(item["id"]) for item in items),
        rows=np.array(rows, dtype=np.int64),
        given=np.array([label(item["given_original_label"]) for item in items]),
        suggested=np.array([label(item["our_guessed_label"]) for item in items]),
        votes=np.array([[each.get(answer, 0) for answer in errata.ANSWERS] for each in votes]),
        others=tuple(
            {word: count for word, count in each.items() if word not in errata.ANSWERS and count}
            for each in votes
        ),
        classes=tuple(classes),
    )


def _by_row(pack: Pack, source: Source) -> Published:
    """MNIST, CIFAR-10, CIFAR-100, Caltech-256 and 20news: an id is a row of the arrays.

    MNIST's workers were not offered "both". 13 of its 100 items suggest the given label itself.
    """
    items = pack.items(source.key)
    return _published(
        source,
        items,
        rows=[item["id"] for item in items],
        label=int,
        classes=pack.names[source.key],
    )


def _quickdraw(pack: Pack, source: Source) -> Published:
    """QuickDraw: an id counts through all 50,426,266 drawings, whose labels are not in the pack.

    Class numbers follow the sorted file names of the drawings, not the sorted class names.
    """
    items = pack.items(source.key)
    return _published(
        source,
        items,
        rows=range(len(items)),
        label=int,
        classes=pack.names[source.key],
    )


def _imagenet(pack: Pack, source: Source) -> Published:
    """ImageNet: an id is the number in the name of the picture file, not a row of the arrays.

    The row is found by the path. Names are those that the votes use; a class that no candidate
    has is called by its synset.
    """
    items = pack.items(source.key)
    paths = pack.index(source.key)
    row_of = {path: row for row, path in enumerate(paths)}
    labels = pack.labels(source.key)
    synsets: dict[int, str] = {}
    for label, path in zip(labels.tolist(), paths, strict=True):
        synsets.setdefault(label, path.split("/")[1])
    names: dict[int, str] = {}
    for item in items:
        for side in ("given_original_label", "our_guessed_label"):
            names[item[side]] = item[f"{side}_name"]
    classes = [names.get(label, synset) for label, synset in sorted(synsets.items())]
    return _published(
        source,
        items,
        rows=[row_of[item["url"].split("/imagenet/")[1]] for item in items],
        label=int,
        classes=classes,
    )


def _imdb(pack: Pack, source: Source) -> Published:
    """IMDB: an id is a path without its ending, labels are words, and two answers are absolute.

    "Neutral" and "off-topic" are neither side's: what the workers agree on there is no label of
    the set, and the paper counts it as non-agreement.
    """
    items = pack.items(source.key)
    row_of = {name: row for row, name in enumerate(pack.index(source.key))}
    classes = pack.names[source.key]
    return _published(
        source,
        items,
        rows=[row_of[item["id"].removeprefix("test/") + ".txt"] for item in items],
        label=classes.index,
        classes=classes,
    )


def _amazon(pack: Pack, source: Source) -> Published:
    """Amazon Reviews: all answers are absolute (positive, negative, neutral, off-topic).

    A vote for the class that is given, or suggested, counts for that side; the third class and
    "off-topic" are neither side's, as in IMDB. Labels are capitalised in an item and not so in its
    votes. An id counts through all 9,996,437 reviews, whose labels are not in the pack.
    """
    items = pack.items(source.key)
    classes = ["Negative", "Neutral", "Positive"]
    return _published(
        source,
        items,
        rows=range(len(items)),
        label=classes.index,
        classes=classes,
    )


_READERS: Mapping[Key, Callable[[Pack, Source], Published]] = {
    "mnist": _by_row,
    "cifar10": _by_row,
    "cifar100": _by_row,
    "caltech256": _by_row,
    "imagenet": _imagenet,
    "quickdraw": _quickdraw,
    "20news": _by_row,
    "imdb": _imdb,
    "amazon": _amazon,
}


def _audioset(pack: Pack, source: Source) -> PublishedSets:
    """AudioSet: label sets by name, the commas inside the names gone, and a count for each label.

    The votes are for single labels, those given and those suggested; their sums vary.
    """
    items = pack.items(source.key)
    without_commas = errata.published.without_commas
    return PublishedSets(
        source=source,
        ids=tuple(str(item["id"]) for item in items),
        rows=np.array([item["id"] for item in items]),
        given=tuple(
            frozenset(map(without_commas, each["given_original_labels"])) for each in items
        ),
        suggested=tuple(
            frozenset(map(without_commas, each["our_guessed_labels"])) for each in items
        ),
        votes=tuple(
            {without_commas(label): count for label, count in each["mturk"].items()}
            for each in items
        ),
    )
