"""Quality of probabilities against plain loops, and temperatures against a plain search."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from errata.predict.quality import quality_of, reliability, temperature_of, tempered


@st.composite
def predicted(draw):
    n, m = draw(st.integers(1, 30)), draw(st.integers(2, 4))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(m, draw(st.sampled_from([0.1, 1.0, 10.0]))), n)
    return probs, rng.integers(0, m, n)


@given(predicted())
def test_quality_is_what_a_loop_counts(drawn):
    probs, labels = drawn
    found = quality_of(probs, labels)
    right = [max(range(len(p)), key=p.__getitem__) == y for p, y in zip(probs, labels, strict=True)]
    assert found.accuracy == sum(right) / len(right)
    by_sklearn = log_loss(labels, np.clip(probs, 1e-15, 1), labels=list(range(probs.shape[1])))
    assert found.log_loss == pytest.approx(by_sklearn, rel=1e-6)
    error = 0.0
    for place in range(15):
        inside = [
            (max(p), r)
            for p, r in zip(probs.tolist(), right, strict=True)
            if min(int(max(p) * 15), 14) == place
        ]
        if inside:
            confidence = sum(p for p, _ in inside) / len(inside)
            accuracy = sum(r for _, r in inside) / len(inside)
            error += abs(confidence - accuracy) * len(inside) / len(right)
    assert found.calibration_error == pytest.approx(error, abs=1e-12)


@given(predicted())
def test_bins_hold_every_example_once(drawn):
    probs, labels = drawn
    found = reliability(probs, labels)
    assert found.examples.sum() == len(labels)
    assert (found.examples > 0).all()


@given(predicted(), st.floats(0.2, 5))
def test_a_temperature_divides_the_logarithms_and_keeps_the_order(drawn, temperature):
    probs, _ = drawn
    found = tempered(probs, temperature)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_array_equal(found.argmax(axis=1), probs.argmax(axis=1))
    for p, q in zip(probs, found, strict=True):
        scaled = [math.exp(math.log(x) / temperature) if x > 0 else 0.0 for x in p]
        np.testing.assert_allclose(q, np.array(scaled) / sum(scaled), rtol=1e-6, atol=1e-12)


def test_no_other_temperature_has_a_lower_log_loss():
    rng = np.random.default_rng(3)
    scores = rng.standard_normal((400, 3))
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(3, p=row) for row in probs])
    sharp = tempered(probs, 1 / 3)  # three times as sure as it should be
    best = temperature_of(sharp, labels)
    assert 2.2 < best < 4.5
    least = quality_of(tempered(sharp, best), labels).log_loss
    for other in np.linspace(0.5, 10, 96):
        assert least <= quality_of(tempered(sharp, other), labels).log_loss + 1e-6
