"""The lowest of each group while entries stream by, against sorting all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from errata.core import streams
from errata.core.streams import Entries, Lowest


@st.composite
def streamed(draw):
    """Draw entries of a few groups with few values, so that ties are common, and cuts of them."""
    n, groups = draw(st.integers(0, 40)), draw(st.integers(1, 4))
    columns = draw(hnp.arrays(np.int64, (2, n), elements=st.integers(0, 3)))
    tie = np.array(draw(st.permutations(range(n))), int)
    entries = Entries(columns[0] % groups, columns[1] / 4, tie, np.arange(n) + 100)
    wanted = draw(hnp.arrays(np.int64, groups, elements=st.integers(0, 6)))
    return entries, wanted, sorted(draw(st.lists(st.integers(0, n), max_size=5)))


@given(streamed(), st.sampled_from([0, 3, 1000]))
def test_the_lowest_are_those_that_a_full_sort_puts_first_whatever_the_cut(stream, spare):
    entries, wanted, cuts = stream
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "_SPARE", spare)  # sorted after nearly every part, or at the end
        lowest = Lowest(wanted)
        for part in np.split(np.arange(len(entries)), cuts):
            lowest.add(entries.where(part))
        missing, found = lowest.missing(), lowest.result()
    ranked = np.lexsort((entries.tie, entries.value, entries.group))
    for group, count in enumerate(wanted.tolist()):
        expected = entries.index[ranked[entries.group[ranked] == group][:count]]
        assert sorted(found.index[found.group == group]) == sorted(expected)
        assert missing[group] == count - len(expected)


@given(streamed())
def test_the_cut_lets_everything_through_that_can_still_be_among_the_lowest(stream):
    entries, wanted, _ = stream
    lowest = Lowest(wanted)
    lowest.add(entries)
    lowest.settle()
    for group, count in enumerate(wanted.tolist()):
        values = np.sort(entries.value[entries.group == group])
        if count == 0:
            assert lowest.cut[group] == -np.inf
        else:
            assert lowest.cut[group] == (values[count - 1] if len(values) >= count else np.inf)


def test_no_more_is_held_than_is_wanted_and_a_little():
    lowest = Lowest(np.array([10]))
    for start in range(0, 2_000_000, 100_000):
        index = np.arange(start, start + 100_000)
        lowest.add(Entries(np.zeros_like(index), -index.astype(float), index, index))
        assert len(lowest._kept) + lowest._waiting <= 10 + streams._SPARE + 100_000
    assert sorted(lowest.result().index) == list(range(1_999_990, 2_000_000))
