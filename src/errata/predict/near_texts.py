"""Texts that are nearly the same: most runs of five words that are in one are in the other.

The Jaccard similarity of the sets of runs (shingles) decides. Pairs that may reach it are found by
MinHash with banding, without looking at all pairs, and each is then compared run by run.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from jaxtyping import Bool, Int64, UInt8, UInt64

SHINGLE = 5
"""How many words in a row are compared."""

LEAST = 0.8
"""Of the runs in either text, the share that is in both where they are nearly the same."""

_FUNCTIONS = 128
_IN_BAND = 4
# 32 bands of 4: two texts that share 0.8 of their runs agree in none of them once in 20 million
_LIKELY = 0.6  # of the functions; 0.8 is expected of a pair at the limit, give or take 0.035
_BESIDE = 16  # with how many of those in its bucket a text is compared: bounds the work
_ROWS = 4096  # how many rows of a table are made at once

_CHANCE: UInt64[np.ndarray, "_chance"] = np.random.PCG64(5).random_raw(2 * _FUNCTIONS + 1)
_TIMES, _PLUS, _STEP = _CHANCE[:_FUNCTIONS] | 1, _CHANCE[_FUNCTIONS:-1], _CHANCE[-1] | 1

_WORD = re.compile(r"\w+")


@lru_cache(maxsize=1)  # a text is asked for its words twice in a row: if it is the same, and near
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, without case and punctuation.

    Where a script has no spaces between words, a word is what stands between punctuation.

    Examples
    --------
    >>> words_of("It's GOOD -- really")
    ('it', 's', 'good', 'really')
    """
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def shingles_of(text: str) -> UInt64[np.ndarray, "_shingles"]:
    """Return a number for each run of words in a text, in order, each once.

    A text of fewer words has none.

    Examples
    --------
    >>> len(shingles_of("one two three four five six"))
    2
    """
    words = words_of(text)
    runs = np.zeros(max(len(words) - SHINGLE + 1, 0), np.uint64)
    numbers = np.fromiter(map(_number_of, words), np.uint64, len(words))
    for place in range(SHINGLE):
        runs = runs * _STEP + numbers[place : place + len(runs)]
    return np.unique(runs)


@lru_cache(maxsize=2**18)
def _number_of(word: str) -> int:
    # not `hash`, which differs from process to process
    digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def jaccard(a: UInt64[np.ndarray, "_a"], b: UInt64[np.ndarray, "_b"]) -> float:
    """Return how many numbers are in both, as a share of those in either.

    Parameters
    ----------
    a, b : numbers that differ among themselves, at least one

    Examples
    --------
    >>> jaccard(np.array([1, 2, 3], np.uint64), np.array([2, 3, 4], np.uint64))
    0.5
    """
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / (len(a) + len(b) - both)


class NearTexts:
    """Finds texts that are nearly the same.

    References
    ----------
    Broder (1997), "On the resemblance and containment of documents"; Leskovec, Rajaraman and
    Ullman, *Mining of Massive Datasets*, section 3.4, for the bands.

    Examples
    --------
    >>> texts = ["We met at noon, and ate, and left at one.", "And now for something else."]
    >>> texts.append(texts[0].lower() + " Good.")
    >>> near = NearTexts()
    >>> near.pairs(np.stack([near.signature(text) for text in texts]), texts.__getitem__)
    array([[0, 2]])
    """

    width = _FUNCTIONS
    dtype = np.uint8

    def signature(self, text: str) -> UInt8[np.ndarray, "width"] | None:
        """Return what a text is looked up by: MinHash, a byte of each of 128 functions.

        None where the text has fewer words than a run: nothing is nearly the same as it.
        """
        runs = shingles_of(text)
        if not len(runs):
            return None
        least = np.full(_FUNCTIONS, np.iinfo(np.uint64).max, np.uint64)
        for start in range(0, len(runs), _ROWS):
            hashed = runs[start : start + _ROWS, None] * _TIMES + _PLUS
            least = np.minimum(least, hashed.min(axis=0))
        # the upper bits of a smallest number are 0
        return (least >> np.uint64(24)).astype(np.uint8)

    def pairs(
        self, signatures: UInt8[np.ndarray, "k width"], load: Callable[[int], str]
    ) -> Int64[np.ndarray, "_pairs 2"]:
        """Return which are nearly the same, the lower number first, in order.

        Where many are alike, each is compared with some of them, so that links lead from each to
        each.

        Parameters
        ----------
        load : gives the text of a signature
        """
        runs = lru_cache(maxsize=_ROWS)(lambda row: shingles_of(load(row)))
        likely = _likely_pairs(np.ascontiguousarray(signatures))
        found = [pair for pair in likely.tolist() if jaccard(*map(runs, pair)) >= LEAST]
        return np.array(found, np.int64).reshape(-1, 2)


def _likely_pairs(signatures: UInt8[np.ndarray, "k width"]) -> Int64[np.ndarray, "_pairs 2"]:
    """Return the pairs that agree in a band, and in most of all functions."""
    k = len(signatures)
    bands = signatures.view(f"<u{_IN_BAND}")
    n_bands = bands.shape[1]
    keys = [np.zeros(0, np.int64)]
    for band in range(n_bands):
        # those that agree in the next band too come to stand beside each other
        order = np.lexsort((bands[:, (band + 1) % n_bands], bands[:, band]))
        value = bands[order, band]
        for step in range(1, min(_BESIDE, k - 1) + 1):
            same = np.flatnonzero(value[step:] == value[:-step])
            if not len(same):
                break
            ends = np.sort([order[same], order[same + step]], axis=0)
            ends = ends[:, _agreeing(signatures, ends)]
            keys.append(ends[0] * k + ends[1])
    return np.stack(np.divmod(np.unique(np.concatenate(keys)), max(k, 1)), axis=1)


def _agreeing(
    signatures: UInt8[np.ndarray, "k width"], ends: Int64[np.ndarray, "2 pairs"]
) -> Bool[np.ndarray, "pairs"]:
    """Return whether the signatures of each pair agree in most functions."""
    agree = [
        (signatures[a] == signatures[b]).mean(axis=1) >= _LIKELY
        for a, b in (ends[:, start : start + _ROWS] for start in range(0, ends.shape[1], _ROWS))
    ]
    return np.concatenate(agree)
