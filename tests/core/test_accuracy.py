import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.core.accuracy import accuracy, corrected_labels, hits, label_sets, ranks
from errata.core.consensus import VERDICTS

OPEN = -1


@st.composite
def reviews(draw, classes=3):
    n = draw(st.integers(1, 8))
    examples = draw(st.lists(st.integers(0, n - 1), unique=True))

    def integers(size, low, high):
        return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), int)

    return {
        "given": integers(n, 0, classes - 1),
        "examples": np.array(examples, dtype=int),
        "suggested": integers(len(examples), 0, classes - 1),
        "codes": integers(len(examples), OPEN, len(VERDICTS) - 1),
    }


def members(mask):
    return set(np.flatnonzero(mask).tolist())


@given(reviews())
def test_the_sets_are_those_of_the_definitions(review):
    n = len(review["given"])
    sets = label_sets(n, review["examples"], review["codes"])
    verdicts = {
        int(example): "open" if code == OPEN else VERDICTS[code]
        for example, code in zip(review["examples"], review["codes"], strict=True)
    }
    everything = set(range(n))
    correctable = {e for e, verdict in verdicts.items() if verdict == "correctable"}
    errors = {e for e, verdict in verdicts.items() if verdict not in {"open", "non_error"}}
    unknown = errors - correctable
    pruned = everything - unknown

    assert members(sets.correctable) == correctable
    assert members(sets.unknown) == unknown
    assert members(sets.pruned) == pruned
    assert members(sets.benign) == pruned - correctable
    if pruned:
        assert sets.noise_prevalence == float(Fraction(len(correctable), len(pruned)))
    else:
        assert math.isnan(sets.noise_prevalence)


@given(reviews())
def test_only_correctable_examples_get_another_label(review):
    corrected = corrected_labels(**review).tolist()
    expected = review["given"].tolist()
    columns = (review[name].tolist() for name in ("examples", "suggested", "codes"))
    for example, suggested, code in zip(*columns, strict=True):
        if code == VERDICTS.index("correctable"):
            expected[example] = suggested
    assert corrected == expected


def test_narrow_given_labels_do_not_wrap_a_suggested_one():
    given_labels = np.array([7, 8], dtype=np.uint8)
    corrected = corrected_labels(given_labels, np.array([1]), np.array([300]), np.array([1]))
    assert corrected.tolist() == [7, 300]
    assert given_labels.tolist() == [7, 8]


def test_an_example_that_is_a_candidate_twice_is_our_own_mistake():
    with pytest.raises(AssertionError, match="twice"):
        label_sets(2, np.array([1, 1]), np.array([1, 3]))


top_answers = st.integers(1, 4).flatmap(
    lambda k: st.lists(st.tuples(st.permutations(range(4)), st.integers(0, 3)), max_size=6).map(
        lambda rows: (
            np.array([top[:k] for top, _ in rows], dtype=np.int16).reshape(-1, k),
            np.array([label for _, label in rows], dtype=np.uint16),
        )
    )
)


@given(top_answers)
def test_an_example_is_a_hit_if_its_label_is_among_the_first_k(answers):
    top, labels = answers
    for k in range(1, top.shape[1] + 1):
        by_hand = [
            label in row[:k] for row, label in zip(top.tolist(), labels.tolist(), strict=True)
        ]
        assert hits(top, labels, k).tolist() == by_hand


def test_more_answers_than_there_are_is_our_own_mistake():
    with pytest.raises(AssertionError, match="fewer answers"):
        hits(np.array([[0, 1]]), np.array([0]), 3)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=7))
def test_accuracy_is_the_share_of_hits_in_the_subset_and_nan_without_one(pairs):
    hit, subset = np.array(pairs, dtype=bool).reshape(-1, 2).T
    inside = [right for right, member in pairs if member]
    found = accuracy(hit, subset)
    if inside:
        assert found == float(Fraction(sum(inside), len(inside)))
    else:
        assert math.isnan(found)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan])))
def test_a_rank_is_one_more_than_the_number_of_better_models(accuracies):
    by_hand = [
        0 if math.isnan(one) else 1 + sum(other > one for other in accuracies) for one in accuracies
    ]
    assert ranks(np.array(accuracies, dtype=float)).tolist() == by_hand


@given(st.lists(st.integers(0, 5), min_size=1))
def test_counts_of_hits_and_accuracies_give_the_same_ranks(counts):
    np.testing.assert_array_equal(ranks(np.array(counts)), ranks(np.array(counts) / 5))
