"""Each rule, against its definition written out with loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from errata.core.ranking import row_stats
from errata.core.selection import (
    by_argmax,
    by_class,
    by_confident,
    by_noise_rate,
    close_to_given,
    merge_leaders,
    pair_leaders,
    pairs_of,
)


def stats_of(labels, probs):
    return row_stats(labels, probs, probs.argmax(axis=1))


QUARTERS = st.integers(0, 4).map(lambda k: k / 4)


@st.composite
def audits(draw):
    n, m = draw(st.integers(1, 16)), draw(st.integers(2, 4))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, m - 1)))
    probs = draw(hnp.arrays(np.float64, (n, m), elements=QUARTERS))
    counts = draw(hnp.arrays(np.int64, (m, m), elements=st.integers(0, 3)))
    tie = np.array(draw(st.permutations(range(n))))
    return labels, probs, counts, tie


@given(audits())
def test_class_flags_the_lowest_self_confidences_of_each_class(audit):
    labels, probs, counts, tie = audit
    confidence = probs[np.arange(len(labels)), labels]
    expected = set()
    for k in range(len(counts)):
        members = sorted(np.flatnonzero(labels == k), key=lambda i: (confidence[i], tie[i]))
        expected |= set(members[: sum(int(counts[k, j]) for j in range(len(counts)) if j != k)])
    assert set(np.flatnonzero(by_class(labels, confidence, tie, counts))) == expected


@given(audits(), st.integers(1, 7))
def test_noise_rate_flags_the_leaders_of_each_pair_whatever_the_cut(audit, rows):
    labels, probs, counts, tie = audit
    pairs = pairs_of(counts)
    parts = [
        pair_leaders(
            labels[c : c + rows], probs[c : c + rows], pairs, start=c, tie=tie[c : c + rows]
        )
        for c in range(0, len(labels), rows)
    ]
    mask = by_noise_rate(merge_leaders(parts[::-1], pairs), len(labels))
    expected = set()
    for k in range(len(counts)):
        for j in range(len(counts)):
            if j != k:
                members = np.flatnonzero(labels == k)
                ranked = sorted(members, key=lambda i: (-(probs[i, j] - probs[i, k]), tie[i]))
                expected |= set(ranked[: counts[k, j]])
    assert set(np.flatnonzero(mask)) == expected


@given(audits())
def test_argmax_flags_where_another_class_is_strictly_more_probable(audit):
    labels, probs, _, _ = audit
    flagged = by_argmax(stats_of(labels, probs))
    assert flagged.tolist() == [
        max(row) > row[label] for label, row in zip(labels, probs, strict=True)
    ]


def test_confident_flags_the_off_diagonal_and_not_the_uncounted():
    assert by_confident(np.array([0, 1, 1]), np.array([1, -1, 1])).tolist() == [True, False, False]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("lift", [0, 5e-7, 1e-6, 2e-6])
def test_close_to_given_is_the_prediction_after_lifting_the_given_class(dtype, lift):
    """In float16 the lift is lost at 0.5, and the lower class of the tie is the prediction."""
    probs = np.array([[0.5, 0.5 + lift], [0.5 + lift, 0.5], [0.2, 0.8]], dtype)
    labels = np.array([0, 1, 1])
    lifted = probs.copy()
    lifted[np.arange(3), labels] += dtype(1e-6)
    expected = lifted.argmax(axis=1) == labels
    np.testing.assert_array_equal(close_to_given(labels, stats_of(labels, probs)), expected)
