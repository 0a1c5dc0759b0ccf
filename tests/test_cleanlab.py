"""``compat="cleanlab"`` gives cleanlab 2.9's own flags, bit for bit.

Ties apart: where examples of a class are equal in the very number cleanlab sorts by, it leaves
their order to NumPy's default sort, which depends on the machine. The ``class`` rule makes the
same call on the same numbers and so agrees even there (20news has seven such examples at a cut);
elsewhere ties go by index here, so drawn sets are compared where no tie stands at a cut.
"""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import errata
from helpers import require
from test_finding import PUBLISHED, published, quiet_find

FILTERS = {
    "margin": "low_normalized_margin",
    "noise_rate": "prune_by_noise_rate",
    "class": "prune_by_class",
    "both": "both",
    "confident": "confident_learning",
    "argmax": "predicted_neq_given",
}


@pytest.fixture(scope="module")
def cleanlab_flags():
    require("cleanlab")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what cleanlab imports warns of itself
        from cleanlab.filter import find_label_issues

    def flags(labels, probs, rule):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return find_label_issues(labels, probs, filter_by=FILTERS[rule], n_jobs=1)

    return flags


def our_flags(labels, probs, rule):
    mask = np.zeros(len(labels), bool)
    mask[quiet_find(labels, probs, rule=rule, compat="cleanlab").indices] = True
    return mask


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("rule", FILTERS)
def test_flags_on_the_published_sets_are_cleanlabs(data, cleanlab_flags, name, rule):
    labels, probs = map(np.load, published(data, name))
    labels = labels.astype(int)
    probs = np.minimum(probs, 1)  # cleanlab refuses the published IMDB file, whose values pass 1
    np.testing.assert_array_equal(
        our_flags(labels, probs, rule), cleanlab_flags(labels, probs, rule)
    )


@st.composite
def noisy_sets(draw):
    """Draw a set with its own confusions; continuous probabilities, so ties have measure zero."""
    seed = draw(st.integers(0, 2**32 - 1))
    n, m = draw(st.integers(20, 300)), draw(st.integers(2, 12))
    skill, noise = draw(st.floats(0.3, 4.0)), draw(st.floats(0.0, 0.5))
    rng = np.random.default_rng(seed)
    true = rng.choice(m, n, p=rng.dirichlet(np.full(m, draw(st.sampled_from([0.3, 5.0])))))
    labels = np.where(rng.random(n) < noise, rng.integers(0, m, n), true)
    scores = rng.standard_normal((n, m)) + skill * np.eye(m)[true]
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return labels, probs.astype(dtype)


@settings(max_examples=150)
@given(noisy_sets(), st.sampled_from(list(FILTERS)))
def test_flags_on_drawn_sets_are_cleanlabs(cleanlab_flags, audit, rule):
    labels, probs = audit
    assume(len(np.unique(labels)) > 1)  # cleanlab refuses sets with one class
    np.testing.assert_array_equal(
        our_flags(labels, probs, rule), cleanlab_flags(labels, probs, rule)
    )


@settings(max_examples=50)
@given(noisy_sets())
def test_thresholds_joint_and_scores_are_cleanlabs(cleanlab_flags, audit):
    from cleanlab.count import compute_confident_joint, estimate_joint, get_confident_thresholds
    from cleanlab.rank import get_label_quality_scores

    labels, probs = audit
    assume(len(np.unique(labels)) > 1)
    found = quiet_find(labels, probs, rule="argmax", compat="cleanlab")
    rtol = 1e-5 if probs.dtype == np.float32 else 1e-9
    np.testing.assert_allclose(found.thresholds, get_confident_thresholds(labels, probs), rtol=rtol)
    theirs = compute_confident_joint(labels, probs, calibrate=False)
    np.testing.assert_array_equal(found.confident_joint, theirs)
    q = estimate_joint(labels, probs, confident_joint=theirs)
    np.testing.assert_allclose(found.joint, q, atol=1.0 / len(labels))
    for score, method in (
        ("normalized_margin", "normalized_margin"),
        ("self_confidence", "self_confidence"),
        ("weighted_entropy", "confidence_weighted_entropy"),
    ):
        ours = quiet_find(labels, probs, rule="argmax", score=score, compat="cleanlab")
        expected = get_label_quality_scores(labels, probs, method=method)[ours.indices]
        np.testing.assert_allclose(ours.scores, expected, rtol=100 * rtol, atol=rtol)


def test_the_collision_rules_differ_where_the_top_class_misses_its_threshold():
    """Two classes are confident, the most probable of all is neither."""
    labels = np.array([0, 0, 1, 1, 2, 2, 0])
    probs = np.array(
        [
            [0.90, 0.05, 0.05],
            [0.90, 0.05, 0.05],
            [0.30, 0.31, 0.39],
            [0.30, 0.31, 0.39],
            [0.35, 0.30, 0.35],
            [0.35, 0.40, 0.25],
            [0.35, 0.33, 0.32],
        ]
    )
    paper = errata.find(labels, probs)
    cleanlab = errata.find(labels, probs, compat="cleanlab")
    assert paper.confident_joint[0].tolist() == [2, 1, 0]
    assert cleanlab.confident_joint[0].tolist() == [3, 0, 0]


def test_cleanlab_counts_probabilities_a_millionth_below_the_threshold():
    labels = np.array([0, 0, 1, 1])
    probs = np.array([[0.6, 0.4], [0.6 - 2e-7, 0.4 + 2e-7], [0.1, 0.9], [0.1, 0.9]])
    assert errata.find(labels, probs).confident_joint[0].tolist() == [1, 0]
    assert errata.find(labels, probs, compat="cleanlab").confident_joint[0].tolist() == [2, 0]
