import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowds import as_options, columns, crowds
from errata.core.votes import in_order, ratio
from errata.errors import VoteError


def rows(votes):
    return list(zip(votes.voted[votes.item], votes.reviewer, votes.answer, strict=True))


@given(crowds(), st.sampled_from([np.int64, np.uint8, np.int16]))
def test_votes_are_sorted_and_none_is_lost(crowd, dtype):
    drawn, sizes = crowd
    votes = in_order(*(column.astype(dtype) for column in columns(drawn)), **as_options(sizes))
    assert rows(votes) == sorted(drawn)
    assert votes.voted.tolist() == sorted({item for item, _, _ in drawn})
    assert (votes.n_items, votes.n_reviewers, votes.n_answers) == sizes
    for place, item in enumerate(votes.voted):
        mine = [answer for i, _, answer in drawn if i == item]
        assert votes.table[place].tolist() == [mine.count(a) for a in range(sizes[2])]


def test_sizes_that_are_left_out_are_one_more_than_the_largest_number():
    votes = in_order(np.array([4, 0]), np.array([0, 1]), np.array([2, 2]))
    assert (votes.n_items, votes.n_reviewers, votes.n_answers) == (5, 2, 3)


@pytest.mark.parametrize(
    ("columns", "sizes", "message"),
    [
        (([0, 1], [0], [0]), {}, "2 items, 1 reviewers and 1 answers, but a vote is one of each"),
        (([0, 1], [0, -2], [0, 0]), {}, r"reviewers\[1\] is -2, but they are numbered from 0 on"),
        (
            ([0, 7], [0, 0], [0, 0]),
            {"n_items": 3},
            r"items\[1\] is 7, but n_items is 3, so items run from 0 to 2. Give a larger n_items",
        ),
        (([], [], []), {}, "no votes to tell how many answers there are: give n_answers"),
    ],
)
def test_votes_that_cannot_be_are_refused(columns, sizes, message):
    with pytest.raises(VoteError, match=message):
        in_order(*(np.array(column, dtype=int) for column in columns), **sizes)


def test_a_ratio_of_nothing_is_what_is_said_in_its_place():
    part, of = np.array([3, 0, 0]), np.array([4, 0, 2])
    assert ratio(part, of, otherwise=0.5).tolist() == [0.75, 0.5, 0.0]
