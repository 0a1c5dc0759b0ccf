"""Each rule, against its definition written out with loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from errata.core import selection
from errata.core.joint import pair_counts
from errata.core.ranking import Examples, first_of_each_group, row_stats
from errata.core.rows import DenseRows, TopRows
from errata.core.selection import (
    RULES,
    LeaderSearch,
    by_argmax,
    by_confident,
    close_to_given,
    codes_of,
    most_lead,
    of_class,
    pairs_of,
    rules_of,
)
from errata.core.streams import Entries, Lowest


def stats_of(labels, probs):
    return row_stats(labels, DenseRows(probs))


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
    flagged = first_of_each_group(labels, confidence, tie, of_class(pair_counts(counts)))
    assert set(np.flatnonzero(flagged)) == expected


def leads_by_hand(labels, probs, counts, tie):
    """Return for each counted pair of classes its leaders, by sorting all examples."""
    leaders = {}
    for given_class in range(len(counts)):
        for other in set(range(len(counts))) - {given_class}:
            members = np.flatnonzero(labels == given_class)
            lead = probs[members, other] - probs[members, given_class]
            ranked = members[np.lexsort((tie[members], -lead))]
            leaders[given_class, other] = ranked[: counts[given_class, other]].tolist()
    return leaders


def examples_of(labels, probs, tie):
    return Examples(np.arange(len(labels)), labels, tie, stats_of(labels, probs))


@given(audits(), st.randoms(), st.booleans())
def test_the_leaders_of_each_pair_are_found_by_looking_at_few_examples(audit, random, sparse):
    """Whatever was looked at before: an earlier look only saves later ones."""
    labels, probs, counts, tie = audit
    most = float(probs.sum(axis=1).max())
    pairs = pairs_of(pair_counts(counts))
    examples = examples_of(labels, probs, tie)
    leaders = Lowest(pairs.wanted)
    pair = pairs.find(labels, examples.stats.top)
    known = np.flatnonzero((pair >= 0) & (examples.stats.top != labels))
    shortfall = examples.stats.shortfall()
    leaders.add(Entries(pair[known], shortfall[known], tie[known], known))
    first = np.array(sorted(random.sample(range(len(labels)), random.randint(0, len(labels)))), int)
    rows = TopRows(np.tile(np.arange(4)[: probs.shape[1]], (len(labels), 1)), probs, len(counts))
    for some in (first, np.setdiff1d(np.arange(len(labels)), first)):
        leaders.settle()
        search = LeaderSearch.after(leaders, pairs)
        bound = most_lead(labels[some], examples.stats.where(some), most)
        hopeful = np.flatnonzero(search.hopeful(labels[some], bound))
        chosen = examples.where(some[hopeful])
        seen = rows if sparse else DenseRows(probs)
        leaders.add(search.leads(seen, chosen.index, chosen, most))
    found = leaders.result()
    by_pair = {
        (int(pairs.given[place]), int(pairs.others[place])): found.index[found.group == place]
        for place in range(len(pairs.wanted))
    }
    expected = leads_by_hand(labels, probs, counts, tie)
    for (given_class, other), ranked in expected.items():
        assert sorted(by_pair.get((given_class, other), [])) == sorted(ranked)


@given(audits())
def test_leaders_that_lead_by_much_leave_few_pairs_to_look_for(audit):
    labels, probs, counts, _ = audit
    pairs = pairs_of(pair_counts(counts))
    leaders = Lowest(pairs.wanted)
    for pair, wanted in enumerate(pairs.wanted.tolist()):
        beyond = np.arange(wanted) + len(labels)
        leaders.add(Entries(np.full(wanted, pair), np.full(wanted, -2.0), beyond, beyond))
    leaders.settle()
    search = LeaderSearch.after(leaders, pairs)
    bound = most_lead(labels, stats_of(labels, probs), float(probs.sum(axis=1).max()))
    assert not search.hopeful(labels, bound).any()


@given(audits(), st.sampled_from([0, 2**20]))
def test_pairs_are_found_by_their_classes(audit, small_table):
    _, _, counts, _ = audit
    pairs = pairs_of(pair_counts(counts))
    m = len(counts)
    given_class, other = np.divmod(np.arange(m * m), m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_SMALL_TABLE", small_table)
        place = pairs.find(given_class, other)
    for row, column, at in zip(given_class, other, place, strict=True):
        counted = row != column and counts[row, column] > 0
        assert (at >= 0) == counted
        if counted:
            assert (pairs.given[at], pairs.others[at]) == (row, column)
            assert pairs.wanted[at] == counts[row, column]


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


@given(st.lists(st.lists(st.sampled_from(RULES), unique=True), min_size=1))
def test_codes_keep_the_rules_of_each_example(named):
    masks = {rule: np.array([rule in rules for rules in named]) for rule in RULES}
    expected = tuple(tuple(rule for rule in RULES if rule in rules) for rules in named)
    assert rules_of(codes_of(masks)) == expected
