"""One label against the rest, against the two-class definitions written out in fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from errata.core.multilabel import against_rest, entry_scores, moving_average, self_confidence
from errata.core.ranking import order, weighted_entropy, weighted_entropy_cleanlab
from errata.core.rows import DenseRows
from errata.core.selection import RULES
from oracle import find_by_hand


@st.composite
def one_label(draw, parts=range(9), of=8):
    """Draw who is given the label, and coarse probabilities, so that ties are common."""
    n = draw(st.integers(1, 24))
    applies = draw(hnp.arrays(bool, n))
    return applies, draw(hnp.arrays(np.int64, n, elements=st.sampled_from(parts))) / of


@given(one_label())
def test_one_label_is_a_problem_of_two_classes(audit):
    applies, p = audit
    found = against_rest(applies, p, np.arange(len(p)))
    two = np.stack([1 - p, p], axis=1)
    expected = find_by_hand(applies.astype(int), two)
    bars = [float("inf") if bar is None else bar for bar in expected.thresholds]
    assert found.thresholds.tolist() == bars
    assert found.confident_joint.tolist() == expected.confident_joint
    assert found.estimated_errors == expected.estimated_errors
    for rule in RULES:
        assert set(found.flagged[rule].tolist()) == expected.flagged[rule], rule


@given(one_label(), st.randoms(use_true_random=False))
def test_the_order_of_the_examples_does_not_matter(audit, random):
    applies, p = audit
    moved = np.array(random.sample(range(len(p)), len(p)))
    plain = against_rest(applies, p, np.arange(len(p)))
    other = against_rest(applies[moved], p[moved], moved)
    assert other.thresholds.tobytes() == plain.thresholds.tobytes()
    for rule in RULES:
        assert sorted(moved[other.flagged[rule]]) == plain.flagged[rule].tolist()


@given(one_label(parts=range(1, 16, 2), of=16))
def test_that_a_label_does_not_apply_is_a_label_as_well(audit):
    """Odd sixteenths, as at p = 1/2 the lower class would decide, and 1 - p is exact.

    `noise_rate` and `class` are left out: halves are rounded up for the lower class.
    """
    applies, p = audit
    plain = against_rest(applies, p, np.arange(len(p)))
    other = against_rest(~applies, 1 - p, np.arange(len(p)))
    assert other.thresholds.tolist() == plain.thresholds[::-1].tolist()
    assert other.confident_joint.tolist() == plain.confident_joint[::-1, ::-1].tolist()
    for rule in ("argmax", "confident", "margin"):
        assert other.flagged[rule].tolist() == plain.flagged[rule].tolist()


@pytest.mark.parametrize("applies", [False, True])
def test_a_label_given_to_all_or_to_none_is_never_confidently_wrong(applies):
    p = np.array([0.0, 0.2, 0.7, 1.0])
    found = against_rest(np.full(4, applies), p, np.arange(4))
    assert found.thresholds[int(not applies)] == np.inf
    assert found.estimated_errors == 0
    wrong = np.flatnonzero((p < 0.5) == applies)
    for rule, rows in found.flagged.items():
        assert rows.tolist() == (wrong.tolist() if rule == "argmax" else []), rule


# ---------------------------------------------------------------- scores

TABLES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(bool, shape),
        hnp.arrays(np.float64, shape, elements=st.integers(0, 8).map(lambda k: k / 8)),
    )
)


@given(TABLES)
def test_each_label_is_scored_as_one_of_two_classes(table):
    applies, probs = table
    for scores in (entry_scores(applies, probs, "self_confidence"), self_confidence(*table)):
        expected = [
            [p if yes else 1 - p for yes, p in zip(*row, strict=True)]
            for row in zip(applies, probs, strict=True)
        ]
        assert scores.tolist() == expected
    own = entry_scores(applies, probs, "self_confidence")
    margin = entry_scores(applies, probs, "normalized_margin")
    np.testing.assert_array_equal(margin, 2 * own - 1)
    np.testing.assert_array_equal(
        entry_scores(applies, probs, "normalized_margin", cleanlab=True), own
    )
    for cleanlab, entropy in ((False, weighted_entropy), (True, weighted_entropy_cleanlab)):
        scores = entry_scores(applies, probs, "weighted_entropy", cleanlab=cleanlab)
        for row, column in np.ndindex(probs.shape):
            p = probs[row, column]
            (expected,) = entropy(own[row, [column]], DenseRows(np.array([[1 - p, p]])).entropy())
            assert scores[row, column] == expected


@given(TABLES, st.sampled_from([0.25, 0.8, 1.0]))
def test_the_moving_average_is_its_recursion(table, alpha):
    _, scores = table
    averages = moving_average(scores, alpha)
    for row, average in zip(scores.tolist(), averages, strict=True):
        falling = sorted(map(Fraction, row), reverse=True)
        exact = falling[0]
        for score in falling[1:]:
            exact = Fraction(alpha) * score + (1 - Fraction(alpha)) * exact
        assert average == pytest.approx(float(exact), abs=1e-12)
        assert min(row) - 1e-12 <= average <= max(row) + 1e-12


@given(TABLES, st.randoms(use_true_random=False))
def test_the_moving_average_does_not_know_the_order_of_the_labels(table, random):
    _, scores = table
    moved = random.sample(range(scores.shape[1]), scores.shape[1])
    assert moving_average(scores[:, moved]).tobytes() == moving_average(scores).tobytes()


def test_the_worst_label_counts_most_and_the_next_settle_what_it_leaves_equal():
    scores = np.array([[0.3, 0.9, 0.9], [0.2, 0.9, 0.9], [0.3, 0.4, 0.9], [1.0, 1.0, 1.0]])
    assert order(moving_average(scores), np.arange(4)).tolist() == [1, 2, 0, 3]
