"""What is told of any example: the scores that `find` gives, and the label that speaks against."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import errata
from errata.core.crowd import Voters
from errata.core.rows import DenseRows
from errata.doubting import doubts, scores, voted_doubts

QUARTERS = st.sampled_from([0.25, 0.5, 1.0])


def an_audit(n=40, classes=4):
    """Return labels and probabilities, of which the first are certain, and one of these wrong."""
    labels, probs = np.arange(n) % classes, np.random.default_rng(0).dirichlet(np.ones(classes), n)
    probs[:3] = np.eye(classes)[[0, 1, 0]]
    return labels, probs


@pytest.mark.parametrize("compat", [None, "cleanlab"])
@pytest.mark.parametrize("score", ["normalized_margin", "self_confidence", "weighted_entropy"])
def test_scores_are_those_that_find_gives(tmp_path, score, compat):
    labels, probs = an_audit()
    out = tmp_path / "scores.npy"
    errata.find(labels, probs, score=score, compat=compat, scores_out=out)
    found = scores(labels, DenseRows(probs), score=score, compat=compat)
    np.testing.assert_allclose(found, np.load(out), rtol=1e-6)  # of float32


def test_what_is_certain_and_right_is_the_best_here_and_the_worst_by_cleanlab():
    labels, probs = an_audit()
    rows = DenseRows(probs[:2])
    for compat, expected in ((None, [1, 1]), ("cleanlab", [0, 0])):
        found = scores(labels[:2], rows, score="weighted_entropy", compat=compat)
        assert found.tolist() == expected


@st.composite
def tables(draw):
    n, classes = draw(st.integers(1, 5)), draw(st.integers(2, 4))
    some = [
        np.array([[draw(QUARTERS) for _ in range(classes)] for _ in range(n)])
        for _ in range(draw(st.integers(1, 3)))
    ]
    return np.array([draw(st.integers(0, classes - 1)) for _ in range(n)]), some


@given(tables(), st.booleans())
def test_doubts_are_the_margin_of_the_mean_and_the_most_probable_other_class(drawn, normalize):
    labels, some = drawn
    some = [table if normalize else table / table.sum(axis=1, keepdims=True) for table in some]
    found = doubts(labels, some, normalize=normalize)
    for i, label in enumerate(labels):
        mean = np.mean([table[i] for table in some], axis=0)
        mean = mean / mean.sum() if normalize else mean
        others = [k for k in range(len(mean)) if k != label]
        best = max(mean[k] for k in others)
        assert found.predicted[i] == pytest.approx((1 - (mean[label] - best)) / 2)
        # sums of the same numbers in another order are no tie
        assert mean[found.suggested[i]] == pytest.approx(best)
        assert found.suggested[i] != label


@st.composite
def voters(draw):
    classes = draw(st.integers(2, 4))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=1, max_size=25))
    shifts = [draw(st.integers(0, classes - 1)) for _ in labels]  # 0: all answer the given label
    rival = [(a + b) % classes if b else -1 for a, b in zip(labels, shifts, strict=True)]
    return classes, np.array(labels), np.array(rival)


@given(voters())
def test_where_all_agree_what_is_said_most_often_in_place_of_a_label_speaks_against_it(drawn):
    classes, labels, rival = drawn
    n = len(labels)
    wrong = np.arange(n) / n
    said = Voters(
        right=1 - wrong,
        wrong=wrong,
        rival=rival,
        rival_posterior=wrong,
        accuracy=np.ones(3),
        weights=np.ones(3),
        rounds=1,
    )
    found = voted_doubts(labels, said, classes)
    np.testing.assert_array_equal(found.predicted, wrong)
    for i, label in enumerate(labels.tolist()):
        if rival[i] >= 0:
            assert found.suggested[i] == rival[i]
            continue
        times = Counter(
            other
            for own, other in zip(labels.tolist(), rival.tolist(), strict=True)
            if own == label and other >= 0
        )
        most = max(times.values(), default=0)
        commonest = [other for other in sorted(times) if times[other] == most]
        assert found.suggested[i] == (commonest[0] if commonest else (label + 1) % classes)
