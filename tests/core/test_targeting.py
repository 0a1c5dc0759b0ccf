"""Which examples to check so that a ranking settles: against sums label by label, pair by pair."""

from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.core import targeting
from errata.core.crowd import models_as_voters
from errata.core.targeting import ranking_sizes, support_of
from errata.errors import InputError


@st.composite
def answered(draw):
    n, models = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    answer = st.integers(0, 3)
    answers = np.array([[draw(answer) for _ in range(models)] for _ in range(n)])
    pairs = {pair for pair in combinations(range(models), 2) if draw(st.booleans())}
    posterior = [[draw(st.sampled_from([0.0, 0.25, 1.0])) for _ in range(4)] for _ in range(n)]
    return answers, np.array([draw(answer) for _ in range(n)]), pairs, posterior


def matrix_of(pairs, models):
    undecided = np.zeros((models, models), dtype=bool)
    for a, b in pairs:
        undecided[a, b] = undecided[b, a] = True
    return undecided


def by_hand(answers, given_labels, pairs, posterior, even):
    """Return the sizes, going through every label that is said and every pair."""
    roots = []
    for i, (row, label) in enumerate(zip(answers.tolist(), given_labels.tolist(), strict=True)):
        expected = 0.0
        for rival in sorted(set(row) - {label}):
            support = row.count(rival) / len(row)
            if posterior is not None:
                support = (support + posterior[i][rival]) / 2
            for a, b in pairs:
                after = (row[a] == rival) - (row[b] == rival)
                before = (row[a] == label) - (row[b] == label)
                expected += support * (after - before) ** 2
        roots.append(sqrt(expected))
    mean = sum(roots) / len(roots)
    return [(1 - even) * root / mean + even if mean else 1.0 for root in roots]


@given(answered(), st.sampled_from([0.2, 0.5, 1.0]), st.booleans())
def test_a_size_is_the_root_of_the_expected_square_over_labels_and_pairs(drawn, even, told):
    answers, given_labels, pairs, posterior = drawn
    support = np.take_along_axis(np.array(posterior), answers, axis=1) if told else None
    undecided = matrix_of(pairs, answers.shape[1])
    found = ranking_sizes(answers, given_labels, undecided, support=support, even=even)
    expected = by_hand(answers, given_labels, pairs, posterior if told else None, even)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found.min() > 0
    assert found.mean() == pytest.approx(1)


@given(answered())
def test_all_pairs_count_where_none_are_named(drawn):
    answers, given_labels, _, _ = drawn
    every = matrix_of(combinations(range(answers.shape[1]), 2), answers.shape[1])
    np.testing.assert_array_equal(
        ranking_sizes(answers, given_labels), ranking_sizes(answers, given_labels, every)
    )


@given(answered())
def test_the_cut_into_blocks_changes_nothing(drawn):
    answers, given_labels, _, _ = drawn
    whole = ranking_sizes(answers, given_labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(targeting, "_CELLS", 1)
        np.testing.assert_allclose(ranking_sizes(answers, given_labels), whole, rtol=1e-12)


def test_where_all_undecided_models_agree_only_the_even_part_is_left():
    answers = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1]])
    undecided = matrix_of([(0, 1)], 3)
    found = ranking_sizes(answers, np.zeros(3, dtype=int), undecided)
    np.testing.assert_allclose(found, [0.2, 0.2 + 0.8 * 3, 0.2])


@given(answered())
def test_support_is_what_models_as_voters_say_and_the_rest_is_shared(drawn):
    answers, given_labels, _, _ = drawn
    voters = models_as_voters(answers, given_labels, 4)
    found = support_of(answers, given_labels, voters)
    for i, (row, label) in enumerate(zip(answers.tolist(), given_labels.tolist(), strict=True)):
        others = sorted(set(row) - {label, int(voters.rival[i])})
        rest = voters.wrong[i] - voters.rival_posterior[i]
        expected = {other: rest / len(others) for other in others}
        expected[int(voters.rival[i])] = voters.rival_posterior[i]
        expected[label] = voters.right[i]
        np.testing.assert_allclose(found[i], [expected[answer] for answer in row], atol=1e-12)
    assert found.min() >= 0


def test_what_does_not_fit_is_refused():
    answers, labels = np.zeros((2, 3), dtype=int), np.zeros(2, dtype=int)
    with pytest.raises(InputError, match="3 given labels and 2 rows of answers"):
        ranking_sizes(answers, np.zeros(3, dtype=int))
    with pytest.raises(InputError, match=r"undecided has shape \(2, 2\), but there are 3 models"):
        ranking_sizes(answers, labels, np.zeros((2, 2), dtype=bool))
    with pytest.raises(InputError, match=r"support has shape \(2, 2\).*\(2, 3\)"):
        ranking_sizes(answers, labels, support=np.zeros((2, 2)))
    for even in (0, -0.5, 1.5):
        with pytest.raises(InputError, match=f"even is {even}; above 0 and at most 1"):
            ranking_sizes(answers, labels, even=even)
