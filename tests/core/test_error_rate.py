"""How many labels are wrong, from a random sample of checked ones."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.core.error_rate import sampled_errors
from errata.errors import InputError


def chance(found, checked, population, errors):
    """Return the probability of ``found`` errors in the sample, exactly."""
    ways = comb(errors, found) * comb(population - errors, checked - found)
    return Fraction(ways, comb(population, checked))


def by_hand(found, checked, population, tail):
    """Every number of errors that neither tail of the distribution contradicts."""
    kept = []
    for errors in range(population + 1):
        more = sum(chance(x, checked, population, errors) for x in range(found, checked + 1))
        fewer = sum(chance(x, checked, population, errors) for x in range(found + 1))
        if more > tail and fewer > tail:
            kept.append(errors)
    return kept


@st.composite
def samples(draw):
    population = draw(st.integers(1, 40))
    checked = draw(st.integers(1, population))
    return draw(st.integers(0, checked)), checked, population


@given(samples(), st.sampled_from([(0.95, Fraction(1, 40)), (0.8, Fraction(1, 10))]))
def test_the_interval_holds_what_the_sample_does_not_contradict(sample, level):
    confidence, tail = level
    kept = by_hand(*sample, tail)
    assert sampled_errors(*sample, confidence=confidence) == (kept[0], kept[-1])
    assert kept == list(range(kept[0], kept[-1] + 1)), "no gaps"


@pytest.mark.parametrize("errors", [0, 1, 7, 30, 59, 60])
def test_the_interval_covers_the_truth_as_often_as_it_says(errors):
    covered = Fraction(0)
    for found in range(max(0, 20 - (60 - errors)), min(20, errors) + 1):
        low, high = sampled_errors(found, 20, 60)
        if low <= errors <= high:
            covered += chance(found, 20, 60, errors)
    assert covered >= Fraction(95, 100)


def test_a_chance_that_equals_the_tail_contradicts():
    assert chance(1, 1, 10, 1) == Fraction(1, 10)
    assert sampled_errors(1, 1, 10, confidence=0.8) == (2, 10)


def test_whoever_checks_everything_knows():
    assert sampled_errors(7, 100, 100) == (7, 7)


@pytest.mark.parametrize("numbers", [(-1, 5, 9), (6, 5, 9), (3, 10, 9), (0, 0, 9)])
def test_numbers_that_do_not_fit_are_refused(numbers):
    with pytest.raises(InputError, match="each was expected to be at most the next"):
        sampled_errors(*numbers)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_is_between_0_and_1(confidence):
    with pytest.raises(InputError, match=r"confidence is .*; between 0 and 1 was expected"):
        sampled_errors(1, 2, 3, confidence=confidence)


def test_counts_of_numpys_give_whole_numbers_of_pythons():
    low, high = sampled_errors(*map(np.int64, (3, 10, 100)))
    assert (type(low), type(high)) == (int, int)
