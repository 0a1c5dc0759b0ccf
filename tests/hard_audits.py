"""Audits that are easily got wrong, and the check that `find` gives back what the oracle says."""

import warnings

import numpy as np
import pytest
from hypothesis import strategies as st

import errata
from errata import searching
from errata.core import selection, streams
from errata.finding import RULES, Findings
from oracle import find_by_hand

UNITS = 8
SIZES = (2, 3, 6, 128, 129, 256, 257, 1000)
"""Numbers of classes; at some of these the type that class numbers are kept in changes."""


@st.composite
def hard_audits(draw, sizes=SIZES, *, rough=False):
    """Draw labels and probabilities that are easily mistaken.

    Rows are whole eighths, so ties are common; with 1,000 classes nearly all numbers are 0. Labels
    have a long tail: classes without examples, and with a single one.

    Rough ones have rows that sum to a little more or less than 1, in place of zeros negative and
    tiny ones, and so thresholds that are tiny.
    """
    m, n = draw(st.sampled_from(sizes)), draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    tail = draw(st.sampled_from([0.3, 0.8, 1.0]))
    shares = tail ** np.minimum(np.arange(m), 50)
    labels = rng.choice(m, n, p=shares / shares.sum())
    pull = draw(st.sampled_from([0.1, 0.5, 0.9]))  # how much the given class is favoured
    favoured = np.where(np.arange(m) == labels[:, None], pull, (1 - pull) * shares / shares.sum())
    probs = np.stack([rng.multinomial(UNITS, row / row.sum()) for row in favoured]) / UNITS
    probs = probs.astype(draw(st.sampled_from([np.float16, np.float32, np.float64])))
    if rough:
        scaled = (probs * (1 + rng.integers(-2, 3, n) / 2049)[:, None]).astype(probs.dtype)
        tiny = rng.choice([0.0, -0.0, 6e-8, 1e-25], probs.shape).astype(probs.dtype)
        scaled = np.where(probs == 0, tiny, scaled)
        allowed = np.abs(scaled.astype(np.float64).sum(axis=1) - 1) < 9e-4
        probs = np.where(allowed[:, None], scaled, probs)
    return labels, probs


def assert_same_bytes(found: Findings, labels, probs, rule, score, listed=None):
    expected = find_by_hand(labels, probs, listed)
    by_hand = expected.ranked(rule, score)
    bars = [np.inf if bar is None else bar for bar in expected.thresholds]
    own = np.abs(probs[np.arange(len(labels)), labels])
    for mine, plain in (
        (found.thresholds, np.array(bars)),
        (found.confident_joint, np.array(expected.confident_joint)),
        (found.label_counts, np.bincount(labels, minlength=probs.shape[1])),
        (found.indices, np.array(by_hand, np.int64)),
        (found.given, labels[np.array(by_hand, int)]),
        (found.suggested, np.array([expected.other(i) for i in by_hand], np.int64)),
        (found.scores, np.array([expected.score(i, score) for i in by_hand])),
        (np.abs(found.self_confidence), own.astype(found.self_confidence.dtype)),
    ):
        assert mine.tobytes() == plain.tobytes()
    assert found.estimated_errors == expected.estimated_errors
    assert found.rules == tuple(
        tuple(name for name in RULES if i in expected.flagged[name]) for i in by_hand
    )


def find_cut_small(labels, source, **options) -> Findings:
    """Run `find` so that even small sets are gone through in many pieces."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", errata.ErrataWarning)
        patch.setattr(searching, "_BLOCK_BYTES", 64)
        patch.setattr(searching, "VIEW_BYTES", 64)
        patch.setattr(searching, "_SLAB_ROWS", 5)
        patch.setattr(searching, "_FEWEST_ROWS", 3)
        patch.setattr(selection, "_FEW_PAIRS", 1)
        patch.setattr(searching, "_SAMPLE_ROWS", 3)  # so that the cut is guessed from a sample
        patch.setattr(selection, "_MOST_ENTRIES", 3)
        patch.setattr(streams, "_SPARE", 2)
        return errata.find(labels, source, **options)
