import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.core.consensus import (
    ANSWERS,
    NON_AGREEMENT,
    VERDICTS,
    VOTED,
    agreed_sets,
    most_probable,
    posterior_verdict_codes,
    set_verdict_codes,
    set_votes_needed,
    verdict_codes,
    votes_needed,
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


def settled_by_hand(row, threshold, wanted):
    """Tell whether all answers that may still come lead to one verdict: try all of them."""
    left = max(0, wanted - sum(row))
    futures = itertools.combinations_with_replacement(range(len(VOTED)), left)
    verdicts = set()
    for future in futures:
        counts = [*row] + [0] * (len(VOTED) - len(row))
        for answer in future:
            counts[answer] += 1
        verdicts.add(verdict_by_hand(counts[: len(ANSWERS)], threshold))
    return len(verdicts) == 1


def needed_by_hand(row, threshold, wanted):
    """Return the length of the shortest row of further answers that settles the verdict."""
    for more in range(max(0, wanted - sum(row)) + 1):
        for future in itertools.combinations_with_replacement(range(len(VOTED)), more):
            counts = [*row]
            for answer in future:
                counts[answer] += 1
            if settled_by_hand(counts, threshold, wanted):
                return more
    raise AssertionError("with all votes there it is settled")


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), max_size=6),
    st.integers(1, 4),
    st.integers(1, 5),
)
def test_a_candidate_needs_votes_until_no_later_one_can_change_its_verdict(rows, threshold, wanted):
    found = votes_needed(np.array(rows, np.int64).reshape(-1, 5), threshold, wanted)
    assert found.tolist() == [needed_by_hand(row, threshold, wanted) for row in rows]


@given(vote_tables, st.lists(st.integers(0, 9), min_size=8, max_size=8), st.integers(1, 5))
def test_other_answers_decide_nothing_and_count_towards_the_wanted_votes(rows, other, threshold):
    votes = as_votes(rows)
    more = np.column_stack([votes, np.array(other[: len(rows)], dtype=np.int64)])
    assert more.shape[1] == len(VOTED)
    np.testing.assert_array_equal(verdict_codes(more, threshold), verdict_codes(votes, threshold))


@given(st.permutations([0, 0, 0, 1, 1, 2, 3, 4]), st.integers(1, 5), st.integers(1, 8))
def test_asking_until_a_verdict_is_settled_gives_the_verdict_of_asking_all(
    answers, threshold, wanted
):
    counts = [np.bincount(answers[:count], minlength=5) for count in range(wanted + 1)]
    needed = votes_needed(np.array(counts), threshold, wanted)
    codes = verdict_codes(np.array(counts), threshold)
    assert needed[-1] == 0
    assert set(codes[needed == 0]) == {codes[-1]}
    assert (needed[:-1] - needed[1:] <= 1).all()  # each vote brings it one nearer at most


@pytest.mark.parametrize("threshold", [0, -1])
def test_a_threshold_below_one_is_refused(threshold):
    message = f"agreement threshold is {threshold}, but agreement needs at least 1 vote"
    with pytest.raises(InputError, match=message):
        verdict_codes(as_votes([[1, 0, 0, 0]]), threshold)
    with pytest.raises(InputError, match=message):
        votes_needed(as_votes([[1, 0, 0, 0]]), threshold, 5)


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


def set_verdict_by_hand(votes, given_set, threshold, unclear=0, asked=(True,) * 3):
    agreed = {label for label, count in enumerate(votes) if count >= threshold}
    for label in range(len(votes)):  # had those who cannot tell ticked it
        if asked[label] and label not in agreed and votes[label] + unclear >= threshold:
            return "non_agreement"
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


@given(set_votes, st.integers(1, 5), dtypes, st.data())
def test_no_set_is_agreed_on_while_those_who_cannot_tell_could_have_made_it_another(
    rows, threshold, dtype, data
):
    votes, given_sets = as_arrays(rows, dtype)
    unclear = data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))
    asked = given_sets | (votes > 0)
    codes = set_verdict_codes(
        votes, given_sets, threshold, unclear=np.array(unclear, dtype), asked=asked
    )
    assert [VERDICTS[code] for code in codes] == [
        set_verdict_by_hand(*row, threshold, unclear_, asked_)
        for row, unclear_, asked_ in zip(rows, unclear, asked, strict=True)
    ]
    one_by_one = itertools.product(range(max(unclear, default=0) + 1), repeat=3)
    for ticks in map(np.array, one_by_one):  # whatever they would have said
        told = np.minimum(ticks, np.array(unclear, np.int64).reshape(-1, 1))
        filled = votes.astype(np.int64) + told * asked
        same = set_verdict_codes(filled, given_sets, threshold) == codes
        assert (same | (codes == NON_AGREEMENT)).all()


@pytest.mark.parametrize(
    ("ticks", "unclear", "verdict"),
    [
        ([2, 0], 3, "non_agreement"),
        ([0, 0], 3, "non_agreement"),
        ([0, 0], 5, "non_agreement"),
        ([0, 0], 2, "neither"),
        ([3, 0], 2, "non_error"),
        ([0, 3], 2, "correctable"),
        ([1, 3], 1, "correctable"),
        ([2, 3], 1, "non_agreement"),
        ([3, 0], 0, "non_error"),
    ],
)
def test_who_cannot_tell_does_not_say_that_no_label_applies(ticks, unclear, verdict):
    """Of five, at three votes; the first label is given, the second suggested."""
    codes = set_verdict_codes(
        np.array([ticks]), np.array([[True, False]]), threshold=3, unclear=np.array([unclear])
    )
    assert [VERDICTS[code] for code in codes] == [verdict]


def set_outcome_by_hand(answers, asked, threshold):
    """Return what answers come to, tuples of ticks, or None of who cannot tell."""
    unclear = answers.count(None)
    votes = [sum(one[label] for one in answers if one) for label in range(len(asked))]
    verdict = set_verdict_by_hand(votes, asked, threshold, unclear, asked)
    return verdict if verdict == "non_agreement" else tuple(votes_ >= threshold for votes_ in votes)


@cache
def set_settled_by_hand(answers, asked, threshold, wanted):
    """Tell whether all answers that may still come agree on the same: try all of them."""
    left = max(0, wanted - len(answers))
    futures = itertools.combinations_with_replacement(set_answers(asked), left)
    return len({set_outcome_by_hand(answers + more, asked, threshold) for more in futures}) == 1


def set_answers(asked):
    each = itertools.product(*([False, True] if one else [False] for one in asked))
    return [None, *each]


def set_needed_by_hand(answers, asked, threshold, wanted):
    return next(
        count
        for count in range(wanted - len(answers) + 1)
        for more in itertools.combinations_with_replacement(set_answers(asked), count)
        if set_settled_by_hand(tuple(sorted(answers + more, key=repr)), asked, threshold, wanted)
    )


asked_and_answers = st.sampled_from([(True, True), (True, False)]).flatmap(
    lambda asked: st.tuples(
        st.just(asked), st.lists(st.sampled_from(set_answers(asked)), max_size=5).map(tuple)
    )
)


@given(asked_and_answers, st.integers(1, 6))
def test_a_set_needs_answers_exactly_while_those_to_come_could_change_what_is_agreed(
    one, threshold
):
    asked, answers = one
    ticks = [answer for answer in answers if answer]
    votes = np.array([np.sum(ticks, axis=0, dtype=np.int64) if ticks else [0, 0]])
    needed = set_votes_needed(
        votes,
        np.array([len(answers)]),
        np.array([asked]),
        threshold,
        wanted=5,
        unclear=np.array([answers.count(None)]),
    )
    assert needed.tolist() == [set_needed_by_hand(answers, asked, threshold, wanted=5)]


@given(asked_and_answers, st.integers(1, 6), st.lists(st.booleans(), min_size=2, max_size=2))
def test_asking_until_a_set_is_settled_gives_the_verdict_of_asking_all(one, threshold, given_set):
    asked, answers = one
    counts = range(len(answers) + 1)
    ticks = [[one or (False, False) for one in answers[:count]] for count in counts]
    votes = np.array([np.sum(each or [(0, 0)], axis=0, dtype=np.int64) for each in ticks])
    unclear = np.array([answers[:count].count(None) for count in counts])
    shown = np.tile(asked, (len(votes), 1))
    needed = set_votes_needed(
        *(votes, np.arange(len(votes)), shown, threshold), len(answers), unclear=unclear
    )
    given_sets = np.tile(np.array(given_set) & asked, (len(votes), 1))
    codes = set_verdict_codes(votes, given_sets, threshold, unclear=unclear, asked=shown)
    assert needed[-1] == 0
    assert set(codes[needed == 0]) == {codes[-1]}
    assert (needed[:-1] - needed[1:] <= 1).all()  # each answer brings it one nearer at most


def test_a_label_that_nobody_is_asked_about_keeps_no_candidate_open():
    votes, reviewers, asked = np.array([[2, 0]]), np.array([2]), np.array([[True, False]])
    assert set_votes_needed(votes, reviewers, asked, threshold=2, wanted=5)[0] == 0


def test_a_threshold_below_one_is_refused_for_sets():
    with pytest.raises(InputError, match="agreement threshold is 0"):
        agreed_sets(np.array([[1, 2]]), 0)
