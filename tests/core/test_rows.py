"""Rows of probabilities: each answer against loops, and the best few against the whole table."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from errata.core.joint import bars_in
from errata.core.rows import NONE, DenseRows, TopRows, bits

EIGHTHS = st.integers(0, 8).map(lambda k: k / 8)
FLOATS = st.sampled_from([np.float16, np.float32, np.float64])


@st.composite
def tables(draw):
    """Draw coarse numbers, many of them 0, with labels."""
    n, m, dtype = draw(st.integers(1, 10)), draw(st.integers(2, 6)), draw(FLOATS)
    table = draw(hnp.arrays(np.float64, (n, m), elements=st.sampled_from([0, 0, 0.125, 0.25, 0.5])))
    return table.astype(dtype), draw(hnp.arrays(np.int64, n, elements=st.integers(0, m - 1)))


def as_top(table):
    """Return the largest k of each row, where k is just enough for what is not 0."""
    k = max(1, int(np.count_nonzero(table, axis=1).max()))
    indices = np.sort(np.argsort(-table, axis=1, kind="stable")[:, :k], axis=1)
    values = np.take_along_axis(table, indices, axis=1)
    return TopRows(indices.astype(np.int32), values, table.shape[1])


def estimate_by_hand(row, bars):
    confident = [j for j in range(len(row)) if row[j] >= bars[j]]
    best = max(confident, key=lambda j: (row[j], -j)) if confident else NONE
    return best, len(confident) > 1


@given(tables(), st.data())
def test_every_answer_is_what_a_loop_reads_off_the_table(drawn, data):
    table, labels = drawn
    bars = data.draw(hnp.arrays(np.float64, table.shape[1], elements=EIGHTHS))
    bars = bars_in(table.dtype, bars)
    rows = DenseRows(table)
    top, confidence = rows.top()
    estimate, several = rows.estimates(bars)
    other, beside = rows.others(labels)
    entropy = rows.entropy()
    third = rows.largest_but(np.arange(len(table)), labels, top)
    for i, row in enumerate(table.tolist()):
        classes = range(len(row))
        left = [p for j, p in enumerate(row) if j not in (labels[i], top[i])]
        assert third[i] == max(left, default=0)
        assert top[i] == max(classes, key=lambda j: (row[j], -j))
        assert confidence[i] == max(row)
        assert (estimate[i], several[i]) == estimate_by_hand(row, bars.tolist())
        rest = [j for j in classes if j != labels[i]]
        assert other[i] == max(rest, key=lambda j: (row[j], -j))
        assert beside[i] == row[other[i]]
        by_hand = -sum(p * math.log(p) for p in row if p) / math.log(len(row))
        assert entropy[i] == pytest.approx(by_hand, abs=1e-12)


@given(tables(), st.data())
def test_the_best_few_answer_as_the_table_does_where_the_rest_is_0(drawn, data):
    table, labels = drawn
    bars = bars_in(
        table.dtype,
        data.draw(hnp.arrays(np.float64, table.shape[1], elements=EIGHTHS.filter(bool))),
    )
    few, all_ = as_top(table), DenseRows(table)
    every = np.arange(len(table))
    entries = np.arange(table.size)
    row, column = np.divmod(np.array(data.draw(st.permutations(entries.tolist()))), table.shape[1])
    for found, expected in (
        (few.top(), all_.top()),
        (few.estimates(bars), all_.estimates(bars)),
        (few.others(labels), all_.others(labels)),
        ((few.largest_but(every, labels, labels),), (all_.largest_but(every, labels, labels),)),
        ((few.at(row, column),), (all_.at(row, column),)),
        ((few.entropy(),), (all_.entropy(),)),
    ):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    if (table.sum(axis=1) > 0).all():
        a, b = few.normalized(), all_.normalized()
        np.testing.assert_array_equal(a.at(row, column), b.at(row, column))


@given(tables(), st.data())
def test_some_rows_and_columns_are_those_rows_and_columns(drawn, data):
    table, _ = drawn
    n, m = table.shape
    rows = np.array(data.draw(st.lists(st.integers(0, n - 1), unique=True)), int)
    columns = np.array(sorted(data.draw(st.sets(st.integers(0, m - 1), min_size=1))))
    np.testing.assert_array_equal(DenseRows(table).where(rows).probs, table[rows])
    some = DenseRows(table).columns(rows, columns).probs
    np.testing.assert_array_equal(some, table[rows][:, columns])
    assert some.flags.c_contiguous


@given(FLOATS, st.lists(st.floats(0, 1, width=16), min_size=1), st.floats(0, 1, width=16))
def test_numbers_from_zero_up_order_as_their_bits(dtype, numbers, one):
    values = np.array([*numbers, one], dtype)
    np.testing.assert_array_equal(bits(values) >= bits(values[-1:]), values >= values[-1])


def test_negative_zeros_become_zeros_and_nothing_is_copied_without_them():
    table = np.array([[-0.0, 1.0], [0.5, 0.5]])
    assert not np.signbit(DenseRows(table).absolute().probs).any()
    assert np.signbit(table).any(), "the user's array stays"
    clean = DenseRows(np.abs(table))
    assert clean.absolute() is clean


@given(tables(), st.data())
def test_doubtful_are_the_rows_where_a_hidden_class_could_be_the_confident_one(drawn, data):
    """Against trying, for each class that is not listed, the most it could have."""
    table, _ = drawn
    n, m = table.shape
    k = data.draw(st.integers(1, m))
    indices = np.sort(np.argsort(-table, axis=1, kind="stable")[:, :k], axis=1)
    rows = TopRows(indices, np.take_along_axis(table, indices, axis=1), m)
    bars = data.draw(hnp.arrays(np.float64, m, elements=EIGHTHS.filter(lambda bar: bar > 0)))
    found, beyond = rows.doubtful(bars_in(table.dtype, bars), most=1.0), rows.beyond(1.0)
    for i in range(n):
        listed = indices[i].tolist()
        hidden = [j for j in range(m) if j not in listed]
        values = [float(table[i, j]) for j in listed]
        could_have = min(max(1 - sum(values), 0), *values) if hidden else 0
        assert beyond[i] == could_have
        reached = any(table[i, j] >= bars[j] for j in listed)
        assert found[i] == (not reached and any(could_have >= bars[j] for j in hidden))


def test_a_class_that_is_not_listed_never_reaches_its_bar():
    rows = TopRows(np.array([[1, 2]]), np.array([[0.5, 0.25]]), 4)
    estimate, several = rows.estimates(np.array([0.0, 0.75, 0.75, 0.0]))
    assert (estimate.tolist(), several.tolist()) == ([NONE], [False])
    assert rows.doubtful(np.array([0.0, 0.75, 0.75, 0.0]), most=1.0).tolist() == [True]
