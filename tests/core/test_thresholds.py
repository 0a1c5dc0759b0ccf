"""Thresholds are exact means: no order, no cut, no dtype changes a bit of them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.core.thresholds import add_sums, class_sums, mean_self_confidence, thresholds

PAIRS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.one_of(
            st.sampled_from([0.0, 0.1, 0.3, 1 / 3, 1.0, 1.00001]),
            st.floats(0.0, 1.0),
        ),
    ),
    min_size=1,
    max_size=40,
)


def means_by_hand(labels, confidences, n_classes):
    means = []
    for index in range(n_classes):
        mine = [Fraction(p) for label, p in zip(labels, confidences, strict=True) if label == index]
        means.append(float(sum(mine) / len(mine)) if mine else float("inf"))
    return means


@given(PAIRS, st.integers(1, 9))
def test_thresholds_are_the_true_means_rounded_once_whatever_the_cut(pairs, rows):
    labels = np.array([label for label, _ in pairs])
    confidences = np.array([p for _, p in pairs])
    sums = class_sums(labels[:0], confidences[:0], 4)
    for start in range(0, len(labels), rows):
        part = slice(start, start + rows)
        sums = add_sums(sums, class_sums(labels[part], confidences[part], 4))
    assert thresholds(sums).tolist() == means_by_hand(labels, confidences, 4)
    assert mean_self_confidence(sums) == means_by_hand(np.zeros(len(labels)), confidences, 1)[0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_long_sum_does_not_drift(dtype):
    confidence = np.full(2**20, 0.1, dtype)
    sums = class_sums(np.zeros(2**20, np.int64), confidence, 1)
    assert thresholds(sums)[0] == float(confidence[0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_smallest_number_of_a_type_is_a_mean_like_any_other(dtype):
    """A threshold of 0 would be reached by every probability of 0."""
    tiny = np.finfo(dtype).smallest_subnormal
    sums = add_sums(
        class_sums(np.array([0, 1]), np.array([tiny, 0.5], dtype), 2),
        class_sums(np.array([1]), np.array([0.25], dtype), 2),
    )
    assert thresholds(sums).tolist() == [float(tiny), 0.375]
