"""20 Newsgroups, from the posts of its "bydate" version, in a folder or an archive.

The order is that of scikit-learn's ``fetch_20newsgroups``, which the study used: by group and
number as words sort, shuffled twice.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from errata.datasets.base import Dataset, OnDamage, Published, kept
from errata.datasets.media import Texts
from errata.datasets.packed import files_in, first_there, told
from errata.errors import FileError

GROUPS = (
    "alt.atheism",
    "comp.graphics",
    "comp.os.ms-windows.misc",
    "comp.sys.ibm.pc.hardware",
    "comp.sys.mac.hardware",
    "comp.windows.x",
    "misc.forsale",
    "rec.autos",
    "rec.motorcycles",
    "rec.sport.baseball",
    "rec.sport.hockey",
    "sci.crypt",
    "sci.electronics",
    "sci.med",
    "sci.space",
    "soc.religion.christian",
    "talk.politics.guns",
    "talk.politics.mideast",
    "talk.politics.misc",
    "talk.religion.misc",
)


def _open(folder: Path, part: str, on_damage: OnDamage) -> Dataset:
    NEWSGROUPS.check_part(part)
    name = f"20news-bydate-{part}"
    places = (name, *(f"{each}.tar.{end}" for each in (name, "20news-bydate") for end in _PACKED))
    place = first_there(folder, places)
    if place is None:
        raise NEWSGROUPS.missing(folder, name)
    posts, left_out = kept(_posts(place, part), on_damage)
    labels = np.array([GROUPS.index(group) for group, _, _ in posts], np.int64)
    return Dataset(
        "20news",
        part,
        tuple(f"{part}/{group}/{number}" for group, number, _ in posts),
        labels,
        GROUPS,
        Texts([text for _, _, text in posts]),
        tuple(left_out),
    )


_PACKED = ("gz", "xz", "bz2")

Post = tuple[str, str, str]
"""Group, number, text."""


def _posts(place: Path, part: str) -> Iterator[tuple[str, Post | FileError]]:
    """Yield all posts in the order of scikit-learn, or what is wrong with one."""
    path = re.compile(rf"20news-bydate-{part}/([^/]+)/\d+$")
    found = sorted(files_in(place, path))
    for group in GROUPS:
        if not any(name.split("/")[1] == group for name, _ in found):
            raise FileError(
                f"{place} has no post of {group}; the {part} part has some of all 20 groups. "
                "Download or unpack it again."
            )
    for row in _shuffled(len(found)):
        name, content = found[row]
        _, group, number = name.split("/")
        if group not in GROUPS:
            error = f"{told(place, name)} is in none of the 20 groups. Take it out."
            yield name, FileError(error)
        elif not content:
            yield name, FileError(f"{told(place, name)} is empty: its post is lost.")
        else:
            yield name, (group, number, content.decode("latin-1"))


def _shuffled(n: int) -> Int64[np.ndarray, "n"]:
    """Return the order into which scikit-learn brings ``n`` sorted posts."""
    rows = np.arange(n)
    for seed in (0, 42):  # `load_files` shuffles them, and then `fetch_20newsgroups` does
        order: Any = np.arange(n)
        np.random.RandomState(seed).shuffle(order)
        rows = rows[order]
    return rows


NEWSGROUPS = Published(
    name="20news",
    title="20 Newsgroups",
    kind="texts",
    examples={"train": 11_314, "test": 7_532},
    classes=20,
    licence="none stated; public posts of 1993",
    citation="Lang (1995), NewsWeeder: Learning to filter netnews, ICML",
    download=("http://qwone.com/~jason/20Newsgroups/ (20news-bydate.tar.gz)",),
    layout="20news-bydate-train/<group>/<number>\n20news-bydate-test/<group>/<number>\n"
    "or 20news-bydate.tar.gz, which holds both",
    open=_open,
)
