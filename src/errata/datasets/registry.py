"""All published data sets that can be opened by name."""

from pathlib import Path

from errata.array_files import PathLike
from errata.datasets.amazon import AMAZON
from errata.datasets.audioset import AUDIOSET
from errata.datasets.base import Dataset, OnDamage, Published
from errata.datasets.caltech256 import CALTECH256
from errata.datasets.cifar import CIFAR10, CIFAR100
from errata.datasets.imagenet import IMAGENET
from errata.datasets.imdb import IMDB
from errata.datasets.mnist import MNIST
from errata.datasets.newsgroups import NEWSGROUPS
from errata.datasets.quickdraw import QUICKDRAW
from errata.errors import unknown_name

_ALL = (
    MNIST, CIFAR10, CIFAR100, CALTECH256, IMAGENET, QUICKDRAW, NEWSGROUPS, IMDB, AMAZON, AUDIOSET
)  # fmt: skip

PUBLISHED: dict[str, Published] = {each.name: each for each in _ALL}


def open_published(
    name: str, folder: PathLike, part: str | None = None, *, on_damage: OnDamage = "stop"
) -> Dataset:
    """Open a part of a published data set, from the files as its makers ship them.

    Parameters
    ----------
    name : one of `PUBLISHED`
    folder : where its files lie; nothing is downloaded
    part : without it, ``"test"`` where there is one, else the only one
    on_damage : whether an example that cannot be read ends it, or is listed and left out

    Raises
    ------
    NameUnknownError
        There is no such data set, or part of it.
    FileError
        A file is missing, cut short or damaged; the message says where, and what to download.
    """
    if name not in PUBLISHED:
        raise unknown_name("data set", name, PUBLISHED)
    published = PUBLISHED[name]
    part = part or ("test" if "test" in published.parts else published.parts[0])
    return published.open(Path(folder), part, on_damage)
