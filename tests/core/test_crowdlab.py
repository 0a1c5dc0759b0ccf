"""CROWDLAB here and in cleanlab 2.9 are the same numbers, where cleanlab has any.

Probabilities are drawn without ties, since cleanlab breaks ties of its posteriors by the last
digits of sums; ties of the majority have a test of their own, with three reviewers at most, so that
nothing has to be summed there.
"""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from errata.core.crowdlab import crowdlab, majority_labels
from errata.errors import VoteError
from helpers import require


@pytest.fixture(scope="module")
def cleanlab():
    require("cleanlab")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what cleanlab imports warns of itself
        from cleanlab import multiannotator
    return multiannotator


def first_of(options):
    return options[0]


def quietly(function, *args, **options):
    """Return what cleanlab gives; where it would draw a label by chance it takes the lowest."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setattr(np.random, "choice", first_of)
        return function(*args, **options)


def drawn(seed, n_items, n_reviewers, n_answers, missing, noise):
    """Return a table of votes, nan where there is none, and probabilities."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_answers, size=n_items)
    wide = np.where(
        rng.random((n_items, n_reviewers)) < noise,
        rng.integers(n_answers, size=(n_items, n_reviewers)),
        truth[:, None],
    ).astype(float)
    wide[rng.random(wide.shape) < missing] = np.nan
    probs = rng.dirichlet(np.ones(n_answers), size=n_items)
    probs = 0.6 * probs + 0.4 * np.eye(n_answers)[truth]
    return wide, probs


def long(wide):
    items, reviewers = np.nonzero(~np.isnan(wide))
    return items, reviewers, wide[items, reviewers].astype(int)


tables = st.tuples(
    st.integers(0, 2**32 - 1),
    st.integers(1, 14),
    st.integers(2, 6),
    st.integers(2, 4),
    st.sampled_from([0.0, 0.4, 0.7]),
    st.sampled_from([0.0, 0.3, 0.8]),
)


def can_be_asked(wide):
    """Return whether cleanlab takes the table: no empty row or column, and votes to compare."""
    has = ~np.isnan(wide)
    return has.any(axis=1).all() and has.any(axis=0).all() and (has.sum(axis=1) > 1).any()


@settings(max_examples=300, deadline=None)
@given(tables)
def test_everything_is_as_in_cleanlab(cleanlab, table):
    wide, probs = drawn(*table)
    assume(can_be_asked(wide))
    theirs = quietly(
        cleanlab.get_label_quality_multiannotator,
        wide,
        probs,
        return_weights=True,
        verbose=False,
    )
    found = crowdlab(*long(wide), probs)
    labels = theirs["label_quality"]
    np.testing.assert_array_equal(found.labels, labels["consensus_label"])
    close = {"atol": 1e-9, "rtol": 0}
    np.testing.assert_allclose(found.label_quality, labels["consensus_quality_score"], **close)
    np.testing.assert_allclose(found.agreement, labels["annotator_agreement"], **close)
    np.testing.assert_allclose(found.model_weight, theirs["model_weight"], **close)
    np.testing.assert_allclose(found.reviewer_weights, theirs["annotator_weight"], **close)
    quality = theirs["annotator_stats"].sort_index()["annotator_quality"]
    np.testing.assert_allclose(found.quality, quality, **close)
    for reviewer in range(wide.shape[1]):
        mine = np.flatnonzero(~np.isnan(wide[:, reviewer]))
        scores = theirs["detailed_label_quality"].to_numpy()[mine, reviewer]
        posterior = found.posterior[mine, wide[mine, reviewer].astype(int)]
        np.testing.assert_allclose(posterior, scores, **close)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_ties_of_a_majority_are_broken_as_in_cleanlab(cleanlab, data):
    n_items = data.draw(st.integers(1, 6))
    answer = st.sampled_from([np.nan, 0.0, 1.0, 2.0])
    wide = np.array(
        data.draw(
            st.lists(st.lists(answer, min_size=3, max_size=3), min_size=n_items, max_size=n_items)
        )
    )
    tenths = st.sampled_from([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [0.5, 0.25, 0.25], [0.2, 0.2, 0.6]])
    probs = np.array(data.draw(st.lists(tenths, min_size=n_items, max_size=n_items)))
    assume(not np.isnan(wide).all(axis=1).any())
    try:
        theirs = quietly(cleanlab.get_majority_vote_label, wide, probs, verbose=False)
    except IndexError:  # it fails where no item has a majority to judge reviewers by
        assume(False)
    np.testing.assert_array_equal(majority_labels(*long(wide), probs), theirs)


def test_equal_posteriors_leave_the_majority_as_in_cleanlab(cleanlab):
    # Two reviewers of one weight who contradict each other on the last item, and a model that does
    # not know: both answers are as probable, and the rarer is the majority.
    wide = np.array([[0, 0, 0], [0, 0, 0], [1, 1, 1], [0, 1, np.nan]], dtype=float)
    probs = np.array([[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.5, 0.5]])
    theirs = quietly(cleanlab.get_label_quality_multiannotator, wide, probs, verbose=False)
    found = crowdlab(*long(wide), probs)
    assert found.posterior[3].tolist() == pytest.approx([0.5, 0.5])
    assert found.labels[3] == theirs["label_quality"]["consensus_label"][3] == 1


def test_what_cleanlab_refuses_for_want_of_comparison_is_refused(cleanlab):
    for wide in (np.zeros((3, 1)), np.array([[0, np.nan], [np.nan, 1]])):
        probs = np.full((len(wide), 2), 0.5)
        with pytest.raises(ValueError, match="annotator|label"):
            quietly(cleanlab.get_label_quality_multiannotator, wide, probs, verbose=False)
        with pytest.raises(VoteError, match=rf"None of {len(wide)} items has two votes"):
            crowdlab(*long(wide), probs)


# ---------------------------------------------------------------- laws


@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_the_votes_changes_no_bit(table, random):
    wide, probs = drawn(*table)
    assume((np.sum(~np.isnan(wide), axis=1) > 1).any())
    votes = np.array(long(wide))
    order = random.sample(range(votes.shape[1]), votes.shape[1])
    found, other = crowdlab(*votes, probs), crowdlab(*votes[:, order], probs)
    for name in ("labels", "label_quality", "posterior", "quality", "reviewer_weights"):
        assert getattr(found, name).tobytes() == getattr(other, name).tobytes()


@given(tables, st.integers(1, 3), st.integers(0, 3))
def test_items_and_reviewers_without_votes_change_nothing_for_the_others(table, items, reviewers):
    wide, probs = drawn(*table)
    assume((np.sum(~np.isnan(wide), axis=1) > 1).any())
    n_items, n_reviewers = wide.shape
    more = np.random.default_rng(0).dirichlet(np.ones(probs.shape[1]), size=items)
    found = crowdlab(*long(wide), probs, n_reviewers=n_reviewers)
    wider = crowdlab(*long(wide), np.vstack([probs, more]), n_reviewers=n_reviewers + reviewers)
    assert wider.posterior[:n_items].tobytes() == found.posterior.tobytes()
    np.testing.assert_array_equal(wider.quality[:n_reviewers], found.quality)
    np.testing.assert_array_equal(wider.posterior[n_items:], more)
    np.testing.assert_array_equal(wider.labels[n_items:], more.argmax(axis=1))
    assert np.isnan(wider.agreement[n_items:]).all()
    assert np.isnan(wider.quality[n_reviewers:]).all()


@given(tables)
def test_a_posterior_is_one(table):
    wide, probs = drawn(*table)
    assume((np.sum(~np.isnan(wide), axis=1) > 1).any())
    found = crowdlab(*long(wide), probs)
    assert (found.posterior >= 0).all()
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)


def test_a_reviewer_who_votes_twice_on_an_item_is_refused():
    items, reviewers, answers = np.array([0, 0, 0]), np.array([1, 0, 1]), np.array([0, 0, 1])
    with pytest.raises(VoteError, match=r"Reviewer 1 votes more than once on item 0 \(1 such vote"):
        crowdlab(items, reviewers, answers, np.array([[0.5, 0.5]]))
