import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.core.consensus import ANSWERS, VERDICTS, VOTED, lacking_votes, verdict_codes
from errata.errors import InputError

vote_tables = st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), max_size=8)
dtypes = st.sampled_from([np.int64, np.uint8, np.int16])


def as_votes(rows, dtype=np.int64):
    return np.array(rows, dtype=dtype).reshape(-1, 4)


def verdict_by_hand(row, threshold):
    given_votes, suggested, both, neither = row
    if given_votes >= threshold:
        return "non_error"
    if suggested >= threshold:
        return "correctable"
    if both >= threshold:
        return "multi_label"
    if neither >= threshold:
        return "neither"
    return "non_agreement"


@given(vote_tables, st.integers(1, 5), dtypes)
def test_verdicts_follow_the_order_of_the_rule(rows, threshold, dtype):
    codes = verdict_codes(as_votes(rows, dtype), threshold)
    assert [VERDICTS[code] for code in codes] == [verdict_by_hand(row, threshold) for row in rows]


@given(vote_tables, st.integers(0, 8), st.integers(1, 5))
def test_the_cut_into_chunks_never_changes_a_verdict(rows, cut, threshold):
    parts = [verdict_codes(as_votes(part), threshold) for part in (rows[:cut], rows[cut:])]
    np.testing.assert_array_equal(np.concatenate(parts), verdict_codes(as_votes(rows), threshold))


@pytest.mark.parametrize(("answer", "verdict"), list(zip(range(4), VERDICTS[:4], strict=True)))
def test_agreement_on_an_answer_is_the_verdict_in_its_place(answer, verdict):
    votes = np.zeros((1, 4), dtype=int)
    votes[0, answer] = 3
    assert VERDICTS[verdict_codes(votes, 3)[0]] == verdict


def test_with_enough_votes_for_two_answers_the_given_label_stands():
    # MNIST has such items: 5 votes for each of two answers.
    assert VERDICTS[verdict_codes(as_votes([[5, 5, 0, 0]]), 3)[0]] == "non_error"


@given(vote_tables, st.integers(1, 5), st.integers(0, 9))
def test_a_candidate_lacks_votes_until_it_is_decided_or_has_them_all(rows, threshold, wanted):
    expected = [max(row) < threshold and sum(row) < wanted for row in rows]
    assert lacking_votes(as_votes(rows), threshold, wanted).tolist() == expected


@given(vote_tables, st.lists(st.integers(0, 9), min_size=8, max_size=8), st.integers(1, 5))
def test_other_answers_decide_nothing_and_count_towards_the_wanted_votes(rows, other, threshold):
    votes = as_votes(rows)
    more = np.column_stack([votes, np.array(other[: len(rows)], dtype=np.int64)])
    assert more.shape[1] == len(VOTED)
    np.testing.assert_array_equal(verdict_codes(more, threshold), verdict_codes(votes, threshold))
    expected = [
        max(row) < threshold and sum(row) + count < 7
        for row, count in zip(rows, other, strict=False)
    ]
    assert lacking_votes(more, threshold, wanted=7).tolist() == expected


@given(st.lists(st.sampled_from(range(len(ANSWERS))), min_size=5, max_size=5))
def test_with_a_majority_threshold_later_votes_never_change_a_closed_candidate(answers):
    votes = as_votes([np.bincount(answers[:count], minlength=4) for count in range(6)])
    codes, lacking = verdict_codes(votes, 3), lacking_votes(votes, 3, wanted=5)
    assert {code for code, open_ in zip(codes, lacking, strict=True) if not open_} == {codes[-1]}


@pytest.mark.parametrize("threshold", [0, -1])
def test_a_threshold_below_one_is_refused(threshold):
    message = f"agreement threshold is {threshold}, but agreement needs at least 1 vote"
    with pytest.raises(InputError, match=message):
        verdict_codes(as_votes([[1, 0, 0, 0]]), threshold)
    with pytest.raises(InputError, match=message):
        lacking_votes(as_votes([[1, 0, 0, 0]]), threshold, 5)
