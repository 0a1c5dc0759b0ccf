"""Texts that are nearly the same, against a comparison of all pairs run by run."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from errata.predict.near_texts import NearTexts, jaccard, shingles_of, words_of

PARAGRAPH = [f"word{number}" for number in range(40)]


@st.composite
def edited(draw):
    """Draw a few texts that are each others' with some words changed, left out or put in."""
    texts = []
    for _ in range(draw(st.integers(2, 8))):
        words = list(PARAGRAPH[: draw(st.sampled_from([3, 5, 9, 25, 40]))])
        for _ in range(draw(st.integers(0, 2))):
            place = draw(st.integers(0, len(words)))
            words[place : place + draw(st.integers(0, 1))] = draw(st.sampled_from([[], ["so"]]))
        texts.append(" ".join(words))
    return texts


def runs_by_hand(text):
    words = text.lower().split()
    return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}


def near_by_hand(texts):
    found = []
    for second in range(len(texts)):
        for first in range(second):
            a, b = runs_by_hand(texts[first]), runs_by_hand(texts[second])
            if a and b and len(a & b) / len(a | b) >= 0.8:
                found.append([first, second])
    return sorted(found)


def near(texts):
    finder = NearTexts()
    signed = [(row, finder.signature(text)) for row, text in enumerate(texts)]
    rows = [row for row, signature in signed if signature is not None]
    signatures = np.array([one for _, one in signed if one is not None], np.uint8)
    found = finder.pairs(signatures.reshape(-1, finder.width), lambda at: texts[rows[at]])
    return sorted([rows[a], rows[b]] for a, b in found.tolist())


@given(edited())
def test_those_that_share_most_runs_of_five_words_are_found(texts):
    assert near(texts) == near_by_hand(texts)


@given(edited())
def test_the_similarity_is_that_of_the_sets(texts):
    a, b = (runs_by_hand(text) for text in texts[:2])
    if a or b:
        assert jaccard(*map(shingles_of, texts[:2])) == len(a & b) / len(a | b)


def test_a_long_text_is_signed_piece_by_piece_and_found():
    words = [f"w{number % 7001}" for number in range(12_000)]
    texts = [" ".join(words), "another text, of a few words more", " ".join(words[300:])]
    assert near(texts) == [[0, 2]]


def test_of_many_alike_each_is_linked_to_each():
    texts = [" ".join([*PARAGRAPH, f"end{number}"]) for number in range(60)]
    links = near(texts)
    assert len(links) < 60 * 59 / 2
    reached, before = {0}, 0
    while len(reached) > before:
        before = len(reached)
        reached |= {end for link in links if reached & set(link) for end in link}
    assert len(reached) == 60


def test_words_are_those_of_any_case_and_form():
    assert words_of("Cafe\u0301, STRASSE") == words_of("caf\u00e9... stra\u00dfe!")
    assert words_of(":-)") == ()
