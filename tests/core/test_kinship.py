"""How near a model is to the one that suggested the corrections."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from errata.core.kinship import agreement, right_by_votes


@st.composite
def candidates(draw):
    n = draw(st.integers(1, 12))
    labels = [[draw(st.integers(0, 3)) for _ in range(n)] for _ in range(3)]
    votes = [[draw(st.integers(0, 3)) for _ in range(4)] for _ in range(n)]
    return (*map(np.array, labels), np.array(votes))


@given(candidates(), st.integers(1, 5))
def test_an_answer_is_right_if_it_has_the_votes(drawn, threshold):
    answers, given_labels, suggested, votes = drawn
    expected = []
    for answer, label, other, (mine, others, both, _) in zip(
        answers, given_labels, suggested, votes, strict=True
    ):
        support = 0
        if answer == label:
            support = mine + both
        if answer == other:
            support = max(support, others + both)
        expected.append(support >= threshold)
    found = right_by_votes(answers, given_labels, suggested, votes, threshold)
    assert found.tolist() == expected


@given(candidates())
def test_agreement_is_the_share_of_equal_answers(drawn):
    answers, _, suggested, _ = drawn
    same = sum(a == b for a, b in zip(answers, suggested, strict=True))
    assert agreement(answers, suggested) == same / len(answers)


def test_without_candidates_there_is_no_agreement():
    none = np.array([], dtype=int)
    assert math.isnan(agreement(none, none))
