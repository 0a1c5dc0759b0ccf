import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.core.consensus import (
    ANSWERS,
    VERDICTS,
    VOTED,
    agreed_sets,
    lacking_set_votes,
    lacking_votes,
    most_probable,
    posterior_verdict_codes,
    set_verdict_codes,
    verdict_codes,
)
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


# ---------------------------------------------------------------- from probabilities

posteriors = st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=5), min_size=1, max_size=8)


def as_posterior(rows):
    width = min(map(len, rows))
    counts = np.array([row[:width] for row in rows], dtype=float) + 1e-3
    return counts / counts.sum(axis=1, keepdims=True)


@given(posteriors, st.sampled_from([0.2, 0.4, 0.5, 0.75, 1.0]))
def test_the_most_probable_answer_decides_if_it_is_probable_enough(rows, least):
    posterior = as_posterior(rows)
    expected = []
    for row in posterior.tolist():
        best = next(k for k, p in enumerate(row) if p >= max(row) - 1e-9)
        enough = row[best] >= least and best < len(ANSWERS)
        expected.append(VERDICTS[best] if enough else "non_agreement")
    codes = posterior_verdict_codes(posterior, least)
    assert [VERDICTS[code] for code in codes] == expected
    assert most_probable(posterior).tolist() == [
        next(k for k, p in enumerate(row) if p >= max(row) - 1e-9) for row in posterior.tolist()
    ]


@given(vote_tables.filter(len), st.integers(3, 5))
def test_shares_of_five_votes_give_the_verdicts_of_the_votes(rows, threshold):
    votes = np.array([np.bincount(np.cumsum(row) % 4, minlength=4) for row in rows])
    votes[:, 0] += 1  # five in all
    codes = posterior_verdict_codes(votes / 5, threshold / 5)
    np.testing.assert_array_equal(codes, verdict_codes(votes, threshold))


def test_equally_probable_answers_leave_the_given_label():
    posterior = np.array([[0.3, 0.1 + 0.2, 0.3, 0.1]])
    assert VERDICTS[posterior_verdict_codes(posterior, 0.3)[0]] == "non_error"


def test_a_probability_that_is_enough_but_for_the_last_digits_is_enough():
    posterior = np.array([[0.0, 0.7 + 0.2 - 1e-16, 0.1, 0.0]])
    assert VERDICTS[posterior_verdict_codes(posterior, 0.9)[0]] == "correctable"


@pytest.mark.parametrize("least", [0, -0.1, 1.01])
def test_a_least_probability_out_of_range_is_refused(least):
    with pytest.raises(InputError, match=f"least probability of a verdict is {least}; above 0"):
        posterior_verdict_codes(np.array([[1.0, 0, 0, 0]]), least)


def test_probabilities_of_other_answers_are_refused():
    with pytest.raises(InputError, match="probabilities of 3 answers; a column for each of given"):
        posterior_verdict_codes(np.array([[1.0, 0, 0]]), 0.9)


# ---------------------------------------------------------------- several labels per example

set_votes = st.lists(
    st.tuples(
        st.lists(st.integers(0, 5), min_size=3, max_size=3),
        st.lists(st.booleans(), min_size=3, max_size=3),
    ),
    max_size=8,
)


def as_arrays(rows, dtype=np.int64):
    votes = np.array([row[0] for row in rows], dtype=dtype).reshape(-1, 3)
    return votes, np.array([row[1] for row in rows], dtype=bool).reshape(-1, 3)


def set_verdict_by_hand(votes, given_set, threshold):
    agreed = {label for label, count in enumerate(votes) if count >= threshold}
    if agreed == {label for label, applies in enumerate(given_set) if applies}:
        return "non_error"
    return "correctable" if agreed else "neither"


@given(set_votes, st.integers(1, 5), dtypes)
def test_verdicts_on_sets_compare_what_is_agreed_with_what_is_given(rows, threshold, dtype):
    votes, given_sets = as_arrays(rows, dtype)
    codes = set_verdict_codes(votes, given_sets, threshold)
    assert [VERDICTS[code] for code in codes] == [
        set_verdict_by_hand(*row, threshold) for row in rows
    ]


@given(
    st.lists(st.lists(st.booleans(), min_size=2, max_size=2), max_size=5),
    st.lists(st.booleans(), min_size=2, max_size=2),
    st.integers(1, 5),
)
def test_a_set_is_open_exactly_while_answers_to_come_could_change_what_is_agreed(
    ticks, given_set, threshold
):
    def agreed(answers):
        return tuple(sum(answer[label] for answer in answers) >= threshold for label in range(2))

    futures = itertools.product(itertools.product([False, True], repeat=2), repeat=5 - len(ticks))
    possible = {agreed([*ticks, *future]) for future in futures}
    votes = np.array([np.sum(ticks, axis=0, dtype=np.int64) if ticks else [0, 0]])
    lacking = lacking_set_votes(
        votes, np.array([len(ticks)]), np.array([[True, True]]), threshold, wanted=5
    )
    assert lacking.tolist() == [len(possible) > 1]


def test_a_label_that_nobody_is_asked_about_keeps_no_candidate_open():
    votes, reviewers, asked = np.array([[2, 0]]), np.array([2]), np.array([[True, False]])
    assert not lacking_set_votes(votes, reviewers, asked, threshold=2, wanted=5)[0]


def test_a_threshold_below_one_is_refused_for_sets():
    with pytest.raises(InputError, match="agreement threshold is 0"):
        agreed_sets(np.array([[1, 2]]), 0)
