"""Scores and orders, against slow oracles; coarse draws make ties common."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from errata.core.ranking import (
    concatenate_stats,
    first_of_each_group,
    lowest,
    normalized_margin,
    order,
    row_stats,
    weighted_entropy,
    weighted_entropy_cleanlab,
)
from errata.core.rows import DenseRows


def stats_of(labels, probs):
    return row_stats(labels, DenseRows(probs))


QUARTERS = st.integers(0, 4).map(lambda k: k / 4)


@st.composite
def labelled(draw):
    n, m = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    probs = draw(hnp.arrays(np.float64, (n, m), elements=QUARTERS)).astype(dtype)
    return draw(hnp.arrays(np.int64, n, elements=st.integers(0, m - 1))), probs


@given(labelled(), st.integers(1, 5))
def test_row_statistics_are_what_one_reads_off_each_row_whatever_the_cut(audit, rows):
    labels, probs = audit
    cuts = range(0, len(labels), rows)
    stats = concatenate_stats([stats_of(labels[c : c + rows], probs[c : c + rows]) for c in cuts])
    for i, (label, row) in enumerate(zip(labels, probs, strict=True)):
        assert stats.self_confidence[i] == row[label]
        assert stats.top[i] == max(range(len(row)), key=lambda j: (row[j], -j))
        assert stats.top_confidence[i] == max(row)


@given(labelled())
def test_the_other_class_is_the_most_probable_but_the_given_and_the_array_stays(audit):
    labels, probs = audit
    before = probs.copy()
    probs.flags.writeable = False
    other, confidence = DenseRows(probs).others(labels)
    np.testing.assert_array_equal(probs, before)
    stats = stats_of(labels, probs)
    margin = normalized_margin(stats.self_confidence, confidence)
    for i, (label, row) in enumerate(zip(labels, probs, strict=True)):
        best = max((j for j in range(len(row)) if j != label), key=lambda j: (row[j], -j))
        assert (other[i], confidence[i]) == (best, row[best])
        assert margin[i] == float(row[label]) - float(row[best])
    negative = margin < 0
    np.testing.assert_array_equal(stats.shortfall()[negative], margin[negative])
    assert (stats.shortfall()[~negative] == 0).all()


@given(hnp.arrays(np.float64, st.integers(1, 30), elements=QUARTERS), st.data())
def test_the_lowest_are_the_first_of_the_order_and_ties_go_by_place(scores, data):
    tie = np.array(data.draw(st.permutations(range(len(scores)))))
    count = data.draw(st.integers(0, len(scores) + 2))
    expected = sorted(range(len(scores)), key=lambda i: (scores[i], tie[i]))
    assert order(scores, tie).tolist() == expected
    assert sorted(np.flatnonzero(lowest(scores, tie, count))) == sorted(expected[:count])


def test_weighted_entropy_is_best_for_a_certain_and_right_prediction():
    probs = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.1, 0.9, 0.0]])
    given_confidence = probs[:, 0]
    entropy = DenseRows(probs).entropy()
    score = weighted_entropy(given_confidence, entropy)
    q = (2 * 0.5 * math.log(2)) / math.log(3) / 0.5
    np.testing.assert_allclose(score[1], math.log1p(q) / q)
    assert score[0] == 1 == score.max()
    assert weighted_entropy_cleanlab(given_confidence, entropy)[0] == 0  # cleanlab's defect, kept
    np.testing.assert_allclose(weighted_entropy_cleanlab(given_confidence, entropy)[1], score[1])


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([30, 3_000, 9_000]),
    st.sampled_from([1, 3, 300, 1_000]),
    st.sampled_from([0.0, 0.05, 0.3, 1.5]),
    st.sampled_from([2, 1_000]),
)
def test_the_first_of_each_group_are_those_a_full_sort_puts_first(seed, n, groups, share, values):
    """Large sets too, where what cannot win is left out before anything is sorted."""
    rng = np.random.default_rng(seed)
    group, score, tie = (
        rng.integers(0, groups, n),
        rng.integers(0, values, n) / 4,
        rng.permutation(n),
    )
    wanted = rng.poisson(share * n / groups, groups)
    ranked = np.lexsort((tie, score, group))
    expected = np.zeros(n, bool)
    for index in range(groups):
        expected[ranked[group[ranked] == index][: wanted[index]]] = True
    np.testing.assert_array_equal(first_of_each_group(group, score, tie, wanted), expected)
