import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata.errors import InputError
from errata.reliability import _alpha_of, krippendorff_alpha

tables = st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=8)


def as_votes(rows):
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def alpha_by_hand(rows):
    """Return 1 - observed / expected disagreement, pair by pair."""
    rows = [row for row in rows if sum(row) > 1]
    observed, every = 0.0, []
    for row in rows:
        values = [answer for answer, count in enumerate(row) for _ in range(count)]
        every += values
        for i, one in enumerate(values):
            for j, other in enumerate(values):
                observed += (i != j and one != other) / (len(values) - 1)
    if len(set(every)) < 2:
        return math.nan
    expected = sum(
        (i != j and one != other) / (len(every) - 1)
        for i, one in enumerate(every)
        for j, other in enumerate(every)
    )
    return 1 - observed / expected


@settings(deadline=None)
@given(tables)
def test_alpha_is_one_minus_observed_over_expected_disagreement(rows):
    found = krippendorff_alpha(as_votes(rows), replicates=3)
    expected = alpha_by_hand(rows)
    assert found.value == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert found.items == sum(sum(row) > 1 for row in rows)
    assert np.isnan([found.low, found.high]).tolist() == [math.isnan(expected)] * 2


def test_the_published_example_comes_back():
    # Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C, nominal.
    coders = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    votes = np.zeros((12, 5), dtype=int)
    for coder in coders:
        for unit, value in enumerate(coder):
            if value is not None:
                votes[unit, value - 1] += 1
    assert krippendorff_alpha(votes, replicates=1).value == pytest.approx(0.743, abs=5e-4)


def test_the_interval_repeats_with_its_seed_holds_the_value_and_narrows_with_items():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=400)
    answers = np.where(rng.random((400, 4)) < 0.75, truth[:, None], rng.integers(3, size=(400, 4)))
    votes = np.stack([(answers == answer).sum(axis=1) for answer in range(3)], axis=1)
    few, many = (krippendorff_alpha(votes[:n], replicates=200, seed=1) for n in (40, 400))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert krippendorff_alpha(votes, replicates=200, seed=1) == many
    assert krippendorff_alpha(votes, replicates=200, seed=2) != many
    wider = krippendorff_alpha(votes, replicates=200, seed=1, confidence=0.99)
    assert wider.low < many.low < many.high < wider.high


def test_a_million_items_are_drawn_as_fast_as_their_kinds():
    rng = np.random.default_rng(5)
    votes = rng.multinomial(5, [0.5, 0.3, 0.1, 0.1], size=1_000_000)
    begun = time.process_time()
    found = krippendorff_alpha(votes, replicates=1000)
    assert time.process_time() - begun < 60  # one draw of a million items takes 0.2 s
    assert found.high - found.low < 0.002
    assert found.low < found.value < found.high


@settings(deadline=None)
@given(tables, st.lists(st.integers(0, 4), min_size=8, max_size=8))
def test_items_that_are_alike_count_as_often_as_they_are_there(rows, times):
    rows = [row for row in rows if sum(row) > 1] or [[1, 1, 0]]
    often = np.array(times[: len(rows)])
    each = [row for row, count in zip(rows, times, strict=False) for _ in range(count)]
    found = _alpha_of(as_votes(rows), often)
    assert found == pytest.approx(alpha_by_hand(each), abs=1e-12, nan_ok=True)


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    # Two answers, right with probability .8 each time, so alpha tends to (2 * .8 - 1) ** 2.
    rng = np.random.default_rng(3)
    held = 0
    for seed in range(60):
        truth = rng.integers(2, size=(120, 1))
        said = np.where(rng.random((120, 3)) < 0.8, truth, 1 - truth).sum(axis=1)
        found = krippendorff_alpha(np.stack([3 - said, said], axis=1), replicates=150, seed=seed)
        held += found.low <= 0.36 <= found.high
    assert 51 <= held <= 60


def test_items_with_one_vote_count_nowhere():
    votes = np.array([[2, 0], [0, 3], [1, 1], [2, 1]])
    more = np.vstack([votes, [[1, 0], [0, 0], [0, 1]]])
    assert krippendorff_alpha(more, replicates=50) == krippendorff_alpha(votes, replicates=50)


def test_alpha_says_in_words_what_it_is():
    votes = np.array([[3, 0], [3, 0], [0, 3], [1, 2], [3, 0], [0, 3]])
    assert str(krippendorff_alpha(votes)).startswith("alpha = 0.78")
    assert "not defined" in str(krippendorff_alpha(votes[:1]))


@pytest.mark.parametrize(
    ("votes", "options", "message"),
    [
        ([[1, -2]], {}, r"votes\[0, 1\] is -2, but counts of votes are 0 or more"),
        ([[1, 2]], {"replicates": 0}, "replicates is 0; 1 or more"),
        ([[1, 2]], {"confidence": 1.0}, "confidence is 1.0; between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(votes, options, message):
    with pytest.raises(InputError, match=message):
        krippendorff_alpha(np.array(votes), **options)
