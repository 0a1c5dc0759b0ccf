"""The confident joint and its calibration, against slow oracles."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from errata.core.joint import (
    add_counts,
    as_table,
    bars_in,
    calibrated_counts,
    calibrated_counts_cleanlab,
    confident_joint,
    error_count,
    joint,
    pair_counts,
    settled,
    with_a_diagonal,
)
from errata.core.rows import NONE, DenseRows

EIGHTHS = st.integers(0, 8).map(lambda k: k / 8)


def tables(elements, max_side=6):
    return hnp.arrays(
        np.float64, st.tuples(st.integers(1, 12), st.integers(2, max_side)), elements=elements
    )


@given(tables(EIGHTHS), st.data())
def test_where_the_top_class_settles_the_estimate_it_does_so_rightly(probs, data):
    bars = data.draw(hnp.arrays(np.float64, probs.shape[1], elements=EIGHTHS))
    found, _ = DenseRows(probs).estimates(bars)
    reached, left = settled(
        probs.argmax(axis=1), probs.max(axis=1), bars, most=float(probs.sum(axis=1).max())
    )
    np.testing.assert_array_equal(found[reached], probs.argmax(axis=1)[reached])
    assert (found[~reached & (left < bars.min())] == NONE).all()
    for i, (row, top) in enumerate(zip(probs, probs.argmax(axis=1), strict=True)):
        assert left[i] >= max(p for j, p in enumerate(row) if j != top)


@given(
    st.sampled_from([np.float16, np.float32, np.float64]),
    st.lists(st.floats(0, 1), min_size=1),
    st.floats(0, 1),
)
def test_bars_in_a_narrow_type_are_reached_by_the_same_numbers(dtype, bars, near):
    bars = np.array([*bars, near])
    narrow = bars_in(np.dtype(dtype), bars)
    assert narrow.dtype == dtype
    probs = np.array([near], dtype)
    for p in (probs, np.nextafter(probs, dtype(1)), np.nextafter(probs, dtype(0))):
        np.testing.assert_array_equal(p >= narrow, p.astype(np.float64) >= bars)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_narrow_labels_do_not_wrap_round(dtype):
    joint_of_one = confident_joint(np.array([250], dtype), np.array([251]), 1000).table()
    assert joint_of_one[250, 251] == joint_of_one.sum() == 1


@given(
    st.integers(1, 40).flatmap(lambda n: hnp.arrays(np.int64, (2, n), elements=st.integers(-1, 4))),
    st.sampled_from([5, 1000]),
    st.integers(1, 40),
)
def test_the_counts_are_those_of_a_loop_whatever_the_cut_and_the_number_of_classes(
    pairs, n_classes, cut
):
    labels, estimate = np.maximum(pairs[0], 0), pairs[1]
    expected = np.zeros((n_classes, n_classes), int)
    for label, class_ in zip(labels, estimate, strict=True):
        if class_ != NONE:
            expected[label, class_] += 1
    whole = confident_joint(labels, estimate, n_classes)
    parts = [
        confident_joint(labels[at : at + cut], estimate[at : at + cut], n_classes)
        for at in range(0, len(labels), cut)
    ]
    for found in (whole, add_counts(parts)):
        np.testing.assert_array_equal(found.table(), expected)
        assert (found.counts > 0).all()
        entries = list(zip(found.given, found.estimated, strict=True))
        assert entries == sorted(entries)
    np.testing.assert_array_equal(whole.row_sums(), expected.sum(axis=1))
    np.testing.assert_array_equal(whole.diagonal(), expected.diagonal())
    assert whole.total == expected.sum()


COUNTS = hnp.arrays(np.int64, st.integers(2, 6).map(lambda m: (m, m)), elements=st.integers(0, 6))


@given(COUNTS, st.data())
def test_calibrated_counts_are_n_q_rounded_so_that_rows_keep_their_sums(confident, data):
    m = len(confident)
    label_counts = data.draw(hnp.arrays(np.int64, m, elements=st.integers(0, 20)))
    counts = calibrated_counts(pair_counts(confident), label_counts).table()
    np.testing.assert_array_equal(counts.sum(axis=1), label_counts)
    for i in range(m):
        total = int(confident[i].sum())
        exact = [
            Fraction(int(confident[i, j]) * int(label_counts[i]), total)
            if total
            else Fraction(int(label_counts[i]) * (i == j))
            for j in range(m)
        ]
        lost = [share - int(share) for share in exact]
        gainers = sorted(range(m), key=lambda j: (-lost[j], j))
        expected = [int(share) for share in exact]
        for j in gainers[: int(label_counts[i]) - sum(expected)]:
            expected[j] += 1
        assert counts[i].tolist() == expected


@given(COUNTS, st.data())
def test_the_joint_sums_to_one_and_its_rows_to_the_shares_of_the_given_classes(confident, data):
    m = len(confident)
    label_counts = data.draw(hnp.arrays(np.int64, m, elements=st.integers(1, 20)))
    q = as_table(*joint(pair_counts(confident), label_counts), m)
    np.testing.assert_allclose(q.sum(), 1)
    np.testing.assert_allclose(q.sum(axis=1), label_counts / label_counts.sum())


@given(COUNTS, st.integers(0, 10**6))
def test_the_error_count_is_the_off_diagonal_share_of_n_rounded_down(confident, n):
    total = int(confident.sum())
    off = sum(
        int(confident[i, j]) for i in range(len(confident)) for j in range(len(confident)) if i != j
    )
    assert error_count(pair_counts(confident), n) == (Fraction(off, total) * n // 1 if total else 0)


def test_cleanlabs_counts_keep_one_on_the_diagonal_and_spare_single_examples():
    confident = np.array([[1, 9, 0], [0, 5, 0], [0, 0, 1]])
    counts = calibrated_counts_cleanlab(pair_counts(confident), np.array([4, 5, 1]))
    assert counts.table().tolist() == [[1, 3, 0], [0, 5, 0], [0, 0, 0]]


@given(COUNTS)
def test_a_diagonal_is_raised_to_one_and_nothing_else_is_touched(confident):
    raised = with_a_diagonal(pair_counts(confident)).table()
    expected = confident.copy()
    np.fill_diagonal(expected, np.maximum(confident.diagonal(), 1))
    np.testing.assert_array_equal(raised, expected)
