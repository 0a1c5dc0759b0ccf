"""What is audited: one part of a data set, with its labels, and its examples on demand.

A reader (`errata.datasets.mnist` and its like) turns the files of a data set into a `Dataset`.
Making one reads names and labels; an example is loaded, or shown, when it is asked for.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Bool, Int, Integer

from errata import arrays
from errata.datasets.ids import IdsOnDemand
from errata.datasets.media import Media, Shown
from errata.errors import FileError, InputError, unknown_name

Kind = Literal["images", "texts", "sounds", "features"]

OnDamage = Literal["stop", "leave out"]
"""What becomes of an example that cannot be read: the end of the run, or a line in a list."""


@dataclass(frozen=True)
class LeftOut:
    """An example that is not in the data set, where it would be found, and why."""

    where: str
    why: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """One part of a data set.

    Attributes
    ----------
    name : what it is called, ``"mnist"``
    part : ``"train"``, ``"test"``, or ``"all"`` where there is no split
    ids : a different string for each example, the same wherever the files lie
    labels : the given labels ``(n,)``; or ``(n, classes)`` where examples may have several
    classes : the class names, in the order of the class numbers
    media : how an example is loaded and shown
    left_out : what could not be read, see `OnDamage`
    groups : examples with the same number belong together, ``(n,)``: photographs of one person,
        say. A model never learns from one of them and is asked about another

    Raises
    ------
    InputError
        The ids, the labels, the classes and the media are not of the same examples.

    Examples
    --------
    >>> from errata.datasets.media import Texts
    >>> letters = Dataset(
    ...     "letters", "all", ("a", "b"), np.array([0, 1]), ("good", "bad"), Texts(["Hi!", "Bah!"])
    ... )
    >>> letters
    Dataset('letters', part 'all': 2 texts, 2 classes)
    >>> letters.load(1)
    'Bah!'
    """

    name: str
    part: str
    ids: Sequence[str]
    labels: Int[np.ndarray, "n"] | Bool[np.ndarray, "n classes"]
    classes: tuple[str, ...]
    media: Media
    left_out: tuple[LeftOut, ...] = ()
    groups: Integer[np.ndarray, "_n"] | None = None

    def __post_init__(self) -> None:
        m = len(self.classes)
        arrays.as_class_names(self.classes, m)
        if self.multilabel:
            arrays.as_label_sets(self.labels, n_classes=m)
        else:
            arrays.as_labels(self.labels, n_classes=m, known_by="there are {} class names")
        if not isinstance(self.ids, IdsOnDemand):
            arrays.as_ids(self.ids, len(self.labels))
        for many, what in ((len(self.ids), "ids"), (len(self.media), self.kind)):
            if many != len(self.labels):
                raise InputError(
                    f"{self.name} has {many:,} {what}, but {len(self.labels):,} labels; one for "
                    "each was expected."
                )
        if self.groups is not None and self.groups.shape != (len(self.labels),):
            raise InputError(
                f"The groups of {self.name} have shape {self.groups.shape}; one number for each of "
                f"the {len(self.labels):,} examples was expected."
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        many = f"{len(self):,} {self.kind}, {len(self.classes)} classes"
        return f"Dataset({self.name!r}, part {self.part!r}: {many})"

    @property
    def kind(self) -> Kind:
        """What its examples are."""
        kind: Kind = self.media.kind
        return kind

    @property
    def multilabel(self) -> bool:
        """Whether an example may have several labels, or none."""
        return self.labels.ndim == 2

    def load(self, index: int) -> Any:
        """Return an example as a model takes it: see the ``load`` of `Images` and its like.

        Raises
        ------
        FileError
            It cannot be read; the message names it.
        """
        return self.media.load(index)

    def show(self, index: int) -> Shown:
        """Return an example as people look at it.

        Raises
        ------
        FileError
            It cannot be read; the message names it.
        """
        return self.media.show(index)

    def take(self, rows: Int[np.ndarray, "_some"]) -> "Dataset":
        """Return some examples, in the order given."""
        return replace(
            self,
            ids=tuple(self.ids[row] for row in rows),
            labels=self.labels[rows],
            media=self.media.take(rows),
            groups=None if self.groups is None else self.groups[rows],
        )

    def without_damage(self, progress: Callable[[int, int], None] | None = None) -> "Dataset":
        """Try to load every example; return those that can be, the others under `left_out`.

        Parameters
        ----------
        progress : called with how many have been tried, and of how many
        """
        fine, bad = [], []
        for row in range(len(self)):
            try:
                self.load(row)
                fine.append(row)
            except FileError as error:
                bad.append(LeftOut(self.ids[row], str(error)))
            if progress:
                progress(row + 1, len(self))
        if not bad:
            return self
        return replace(self.take(np.array(fine, np.int64)), left_out=(*self.left_out, *bad))

    def fingerprint(self) -> str:
        """Return a SHA-256 of what a model sees: ids, labels, classes, groups and all examples.

        Of an example that lies in a file it takes the content, byte by byte as it lies there, and
        neither its path nor its time: a copy of the same files elsewhere has the same fingerprint.
        Every file is read once. Name and part do not count.

        Raises
        ------
        FileError
            A file cannot be read; the message names it.
        """
        whole = hashlib.sha256()

        def add(content: bytes) -> None:
            whole.update(len(content).to_bytes(8, "little"))  # where one ends and the next begins
            whole.update(content)

        kind = np.bool_ if self.multilabel else np.dtype("<i8")
        for words in ((self.kind,), self.classes, self.ids):
            add(len(words).to_bytes(8, "little"))
            for word in words:
                add(str(word).encode("utf-8", "surrogateescape"))
        add(self.labels.astype(kind).tobytes())
        add(b"" if self.groups is None else self.groups.astype("<i8").tobytes())
        for row in range(len(self)):
            add(self.media.raw(row))
        return whole.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published data set: what is known of it without having it, and how it is opened.

    Attributes
    ----------
    name : what it is called here, ``"mnist"``
    title : what it is called elsewhere
    examples : how many there are in each part
    download : where its makers offer it; each with the name of the file, or what to ask for
    layout : what the folder that is opened holds, a path a line
    open : returns a part of what lies in a folder
    """

    name: str
    title: str
    kind: Kind
    examples: Mapping[str, int]
    classes: int
    licence: str
    citation: str
    download: tuple[str, ...]
    layout: str
    open: "Callable[[Path, str, OnDamage], Dataset]"

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts it comes in."""
        return tuple(self.examples)

    def check_part(self, part: str) -> None:
        """Raise where there is no such part."""
        if part not in self.examples:
            raise unknown_name(f"part of {self.title}", part, self.parts)

    def missing(self, folder: Path, name: str) -> FileError:
        """Return the error for a file that is not in the folder."""
        wanted = "\n".join(f"  {line}" for line in self.layout.splitlines())
        return FileError(
            f"{folder / name} does not exist. {self.title} is opened from a folder of\n{wanted}\n"
            f"Download it from {self.download[0]}."
        )


def kept(
    numbered: Iterator[tuple[str, Any | FileError]], on_damage: OnDamage
) -> tuple[list[Any], list[LeftOut]]:
    """Part what was read from what could not be; stop at the first of these where asked to.

    Parameters
    ----------
    numbered : where each example stands, and what was read there, or why nothing was

    Examples
    --------
    >>> lines = [("line 1", "a"), ("line 2", FileError("line 2 is no JSON."))]
    >>> kept(iter(lines), "leave out")
    (['a'], [LeftOut(where='line 2', why='line 2 is no JSON.')])
    """
    if on_damage not in get_args(OnDamage):
        raise unknown_name("way to meet damage", on_damage, get_args(OnDamage))
    found, left_out = [], []
    for where, one in numbered:
        if not isinstance(one, FileError):
            found.append(one)
        elif on_damage == "stop":
            raise one
        else:
            left_out.append(LeftOut(where, str(one)))
    return found, left_out
