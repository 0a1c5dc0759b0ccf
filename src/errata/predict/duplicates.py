"""Which examples of a data set are the same, or nearly.

Knows examples and labels; what becomes of duplicates is for `errata.predict.together`. What nearly
the same means is in `errata.predict.near_texts` and `errata.predict.near_pictures`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Int64, Integer, UInt64

from errata.datasets.base import Dataset, Kind
from errata.datasets.media import Images
from errata.predict.near_pictures import NearPictures
from errata.predict.near_texts import NearTexts, words_of
from errata.words import plural

COMPARED = 2_000_000
"""In a larger data set those that are the same are found, and those that are nearly so are not."""

_REPORTED = 256


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Examples that are the same as others, or nearly.

    Attributes
    ----------
    groups : the first example, by its row, of those that each is a duplicate of: its own row where
        it has none. Examples may come into one group by way of others between them
    differing : two rows for each group whose given labels are not all the same, with two of these:
        duplicates of one another, the lower first
    complete : whether those that are nearly the same were looked for too, in texts and pictures:
        not in the largest data sets, see `COMPARED`
    """

    groups: Int64[np.ndarray, "n"]
    differing: Int64[np.ndarray, "_differing 2"]
    complete: bool

    @property
    def sizes(self) -> Int[np.ndarray, "n"]:
        """How many examples are in the group of each."""
        return sizes_of(self.groups)

    def __repr__(self) -> str:
        many = self.summary()
        return (
            f"Duplicates: {many['examples']:,} of {len(self.groups):,} examples, in "
            f"{plural(many['groups'], 'group')}, of which {many['differing']:,} have different "
            "labels"
        )

    def summary(self) -> dict[str, int]:
        """Return how many examples have duplicates, and in how many groups of what kind."""
        several = self.groups[self.sizes > 1]
        return {
            "examples": len(several),
            "groups": len(np.unique(several)),
            "differing": len(self.differing),
        }


def find_duplicates(
    data: Dataset, *, progress: Callable[[int, int], None] | None = None
) -> Duplicates:
    """Find the examples that are the same as others, or nearly.

    Every example is loaded once, and never all at once; no two are compared that have nothing in
    common. In another order of the examples the same are found.

    - Texts are the same if their words are, whatever the case and the punctuation; and nearly so
      if of all runs of five words in either at least 0.8 are in both.
    - Pictures are the same if their pixels are; and nearly so if they are one picture in another
      size, or compressed again.
    - Sounds are the same if their samples are, rows of features if their values are.

    Parameters
    ----------
    progress : called with how many examples have been loaded, and how many there are

    Raises
    ------
    FileError
        An example cannot be read; the message names it.

    Examples
    --------
    >>> from errata.datasets.media import Texts
    >>> texts = Texts(["Good film.", "Bad film.", "good film", "Good  film!"])
    >>> labels, ids = np.array([0, 1, 0, 1]), ["a", "b", "c", "d"]
    >>> found = find_duplicates(Dataset("films", "all", ids, labels, ("+", "-"), texts))
    >>> found
    Duplicates: 3 of 4 examples, in 1 group, of which 1 have different labels
    >>> found.groups, found.differing
    (array([0, 1, 0, 0]), array([[0, 3]]))
    """
    links = linked([data], progress)
    return Duplicates(
        joined(links, len(data)),
        _differing(data.labels, links),
        complete=len(data) <= COMPARED or data.kind not in _NEAR_KINDS,
    )


def linked(
    parts: Sequence[Dataset], progress: Callable[[int, int], None] | None = None
) -> Integer[np.ndarray, "_links 2"]:
    """Return pairs of rows that are the same, or nearly, so that all such are joined by them.

    Parameters
    ----------
    parts : data sets of one kind, whose rows are numbered one part after the other
    """
    n = sum(map(len, parts))
    begins = np.cumsum([0, *map(len, parts)])

    def load(row: int) -> Any:
        part = int(np.searchsorted(begins, row, side="right")) - 1
        return parts[part].load(row - int(begins[part]))

    near = _near(parts[0]) if n <= COMPARED else None
    keys = np.zeros((n, 2), np.uint64)
    signatures: Any = None if near is None else np.zeros((n, near.width), near.dtype)
    signed = np.zeros(n, bool)
    for row in range(n):
        example = load(row)
        keys[row] = np.frombuffer(key_of(example, parts[0].kind), "<u8")
        signature = None if near is None else near.signature(example)
        if signature is not None:
            signatures[row], signed[row] = signature, True
        if progress is not None and (row % _REPORTED == 0 or row == n - 1):
            progress(row + 1, n)
    different, links = _equal(keys)
    if near is not None:
        # in the order of their keys, and not of the data set, for ties are settled by order
        rows = different[signed[different]]
        found = near.pairs(signatures[rows], lambda place: load(int(rows[place])))
        links = np.concatenate([links, np.sort(rows[found], axis=1)])
    return links


# ---------------------------------------------------------------- what examples have in common


def key_of(example: Any, kind: Kind) -> bytes:
    """Return 16 bytes that are the same for examples that are the same, and for no others.

    Parameters
    ----------
    example : as `Dataset.load` returns it

    Examples
    --------
    >>> key_of("Good film.", "texts") == key_of("good  film!", "texts")
    True
    """
    return blake2b(_KEYS[kind](example), digest_size=16).digest()


def _text_key(text: str) -> bytes:
    # a text without words, such as ":-)", is what it is
    return (" ".join(words_of(text)) or text.strip()).encode("utf-8", "surrogatepass")


def _picture_key(pixels: Any) -> bytes:
    return f"{pixels.shape}".encode() + np.ascontiguousarray(pixels).tobytes()


def _sound_key(sound: Any) -> bytes:
    samples: bytes = (sound.samples + np.float32(0)).tobytes()  # which makes 0 of -0
    return f"{sound.rate} ".encode() + samples


def _row_key(values: tuple[Any, ...]) -> bytes:
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and issubclass(kinds.pop(), np.number):
        numbers: bytes = (np.array(values) + 0).tobytes()  # which makes 0 of -0
        return numbers
    plain = [
        value.item() + 0 if isinstance(value, np.number | np.bool_) else str(value)
        for value in values
    ]
    return repr(plain).encode("utf-8", "surrogatepass")


_KEYS: Mapping[Kind, Callable[[Any], bytes]] = {
    "texts": _text_key,
    "images": _picture_key,
    "sounds": _sound_key,
    "features": _row_key,
}
_NEAR_KINDS = ("texts", "images")


def _near(data: Dataset) -> NearTexts | NearPictures | None:
    if data.kind == "texts":
        return NearTexts()
    if isinstance(data.media, Images):
        return NearPictures(data.media.white)
    return None


# ---------------------------------------------------------------- groups


def joined(links: Integer[np.ndarray, "_links 2"], n: int) -> Int64[np.ndarray, "n"]:
    """Return for each of ``n`` rows the lowest row that links lead to.

    Examples
    --------
    >>> joined(np.array([[1, 3], [3, 2]]), 5)
    array([0, 1, 1, 1, 4])
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    groups = np.arange(n, dtype=np.int64)
    rows, places = np.unique(links, return_inverse=True)
    places = places.reshape(-1, 2)
    ones = np.ones(len(places), bool)
    graph = coo_array((ones, (places[:, 0], places[:, 1])), shape=(len(rows), len(rows)))
    if len(rows):
        groups[rows] = rows[first_of(connected_components(graph, directed=False)[1])]
    return groups


def sizes_of(groups: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Return how many have the same number as each.

    Examples
    --------
    >>> sizes_of(np.array([0, 1, 0]))
    array([2, 1, 2])
    """
    counts: Int[np.ndarray, "n"] = np.bincount(groups, minlength=len(groups))[groups]
    return counts


def first_of(groups: Integer[np.ndarray, "n"]) -> Int64[np.ndarray, "n"]:
    """Return the first row that has the same number, for each.

    Examples
    --------
    >>> first_of(np.array([7, 3, 7, 3]))
    array([0, 1, 0, 1])
    """
    _, first, places = np.unique(groups, return_index=True, return_inverse=True)
    return first[places].astype(np.int64)


def _equal(
    keys: UInt64[np.ndarray, "n 2"],
) -> tuple[Int64[np.ndarray, "_different"], Int64[np.ndarray, "_links 2"]]:
    """Return the first row of each key, in the order of keys; and links from it to the others."""
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    ordered = keys[order]
    new = np.ones(len(keys), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = order[new]
    again = np.stack([first[np.cumsum(new) - 1], order], axis=1)[~new]
    return first.astype(np.int64), again.astype(np.int64)


def _differing(
    labels: Int[np.ndarray, "n"] | Bool[np.ndarray, "n classes"],
    links: Int64[np.ndarray, "_links 2"],
) -> Int64[np.ndarray, "_differing 2"]:
    """Return the first link between different labels of each group that has one."""
    unequal = labels[links[:, 0]] != labels[links[:, 1]]
    found = links[unequal if unequal.ndim == 1 else unequal.any(axis=1)]
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    groups = joined(links, len(labels))[found[:, 0]]
    chosen: Int64[np.ndarray, "_differing 2"] = found[
        np.sort(np.unique(groups, return_index=True)[1])
    ]
    return chosen
