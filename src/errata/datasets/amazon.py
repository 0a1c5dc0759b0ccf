"""Amazon Reviews, from files of JSON lines in the 5-core form of 2014 or of 2018.

As in the study, reviews of two or four stars, without text, or with no more helpful than unhelpful
votes are left aside: its scripts (cgnorthcutt/confidentlearning-reproduce and cleanlab/examples,
``amazon_reviews_dataset``) do so, and 9,996,437 remain of the 41 million of ``kcore_5.json.gz``,
in the order of the file. The form of 2018 counts helpful votes alone; there one is enough.

Files that are not packed are not held in memory: their texts are read when they are asked for. Of
packed files the texts are held; unpack those that are too large for that.
"""

import gzip
import json
import re
import string
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from errata.datasets.base import Dataset, OnDamage, Published, kept
from errata.datasets.lines import JsonLines
from errata.datasets.media import Texts
from errata.datasets.packed import different
from errata.errors import FileError

CLASSES = ("negative", "neutral", "positive")
STARS = {1: 0, 3: 1, 5: 2}
"""The class of each number of stars; two and four are left aside."""

_MARK = re.compile(r"([.!?,'/()])")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def words(text: str) -> str:
    r"""Return a review as the study gave it to its model: lower case, marks apart from words.

    The marks are those of fastText's recipe, ``. ! ? , ' / ( )``; the end of a line becomes a word.

    Examples
    --------
    >>> words("Don't buy!\nBAD (really)")
    "don ' t buy !  __newline__ bad  ( really ) "
    """
    line = text.strip().replace("\n", " __newline__ ")
    return _MARK.sub(r" \1 ", line).translate(_LOWER)


class Reviews(Texts):
    """Reviews: shown as they were written, loaded as `words`."""

    def load(self, index: int) -> str:
        """Return review ``index`` as the study gave it to its model."""
        return words(super().load(index))


Review = tuple[str, int, int, int, str | None]
"""Id, class, number of the file, byte at which the line begins, and the text where it is held."""


def _open(folder: Path, part: str, on_damage: OnDamage) -> Dataset:
    AMAZON.check_part(part)
    files = sorted(path for path in folder.glob("*_5.json*") if path.suffix in (".json", ".gz"))
    if not files:
        raise AMAZON.missing(folder, "kcore_5.json.gz")
    packed = any(path.suffix == ".gz" for path in files)
    reviews, left_out = kept(_reviews(files, hold=packed), on_damage)
    if packed:
        media = Reviews([text for *_, text in reviews])
    else:
        places = np.array([(file, start) for _, _, file, start, _ in reviews], np.int64)
        media = Reviews(JsonLines(files, places.reshape(-1, 2), "reviewText"))
    return Dataset(
        "amazon",
        part,
        different([name for name, *_ in reviews]),
        np.array([label for _, label, *_ in reviews], np.int64),
        CLASSES,
        media,
        tuple(left_out),
    )


def _reviews(files: list[Path], *, hold: bool) -> Iterator[tuple[str, Review | FileError]]:
    """Yield the reviews that the study would have kept, or what is wrong with a line."""
    for number, path in enumerate(files):
        for line, start, content in _lines(path):
            where = f"{path}, line {line:,}"
            review = _read(content, where)
            if isinstance(review, FileError):
                yield where, review
            elif review is not None:
                name = "-".join(str(review[key]) for key in _NAMED_BY)
                text = review["reviewText"] if hold else None
                yield where, (name, STARS[int(review["overall"])], number, start, text)


def _read(content: bytes, where: str) -> dict[str, Any] | FileError | None:
    """Return the review in a line, None where the study leaves it aside, or what is wrong."""
    try:
        review: dict[str, Any] = json.loads(content)
        missing = [key for key in (*_NAMED_BY, "overall") if key not in review]
        if missing:
            raise KeyError(*missing)
        return review if _counts(review) else None
    except json.JSONDecodeError as error:
        why = f"is no JSON: {error.msg} at character {error.pos + 1:,}. Download the file again."
    except UnicodeDecodeError as error:
        why = f"is not UTF-8 at its byte {error.start + 1:,}. Download the file again."
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        wanted = ", ".join((*_NAMED_BY, "overall", "reviewText"))
        why = (
            f"is no review of the 5-core form ({type(error).__name__}: {error}); an object with "
            f"{wanted} was expected."
        )
    return FileError(f"{where} {why}")


_NAMED_BY = ("reviewerID", "asin", "unixReviewTime")


def _counts(review: Any) -> bool:
    """Tell whether the study would have kept a review."""
    if int(review["overall"]) not in STARS or not review.get("reviewText"):
        return False
    if not isinstance(review["reviewText"], str):
        raise TypeError(f"reviewText is {type(review['reviewText']).__name__}")
    if "helpful" in review:
        up, votes = review["helpful"]
        return bool(2 * up > votes)
    return int(str(review.get("vote", "0")).replace(",", "")) > 0


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, first byte and content of each line that is not empty."""
    start, line = 0, 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for line, content in enumerate(file, 1):
                if content.strip():
                    yield line, start, content
                start += len(content)
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(
            f"{path} is cut short or damaged after line {line:,}: {error}. Download it again."
        ) from None


AMAZON = Published(
    name="amazon",
    title="Amazon Reviews (5-core)",
    kind="texts",
    examples={"all": 9_996_437},
    classes=3,
    licence="none stated",
    citation="McAuley, Targett, Shi and van den Hengel (2015), Image-based recommendations on "
    "styles and substitutes, SIGIR; for the form of 2018: Ni, Li and McAuley (2019), Justifying "
    "recommendations using distantly-labeled reviews and fine-grained aspects, EMNLP",
    download=(
        "https://jmcauley.ucsd.edu/data/amazon/ (kcore_5.json.gz; the study's form of 2014)",
        "https://nijianmo.github.io/amazon/ (the form of 2018)",
    ),
    layout="kcore_5.json.gz\nor <category>_5.json.gz, one or several; each packed or not",
    open=_open,
)
