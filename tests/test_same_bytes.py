"""However probabilities are kept, cut and read, `find` gives back the bytes of the plain oracle."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata.finding import RULES, SCORES
from hard_audits import SIZES, UNITS, assert_same_bytes, find_cut_small, hard_audits
from oracle import find_by_hand
from source_forms import best, forms

TABLES = {name for name in forms(6, 3) if "class" in name or "parquet, a folder" in name}

choices = {
    "rule": st.sampled_from(RULES),
    "score": st.sampled_from(SCORES),
    "chunk_rows": st.integers(1, 50),
}


@pytest.mark.parametrize("name", forms(6, 3))
@settings(max_examples=6)
@given(data=st.data(), threads=st.integers(1, 3), **choices)
def test_every_form_chunk_size_thread_count_and_type_gives_the_bytes_of_the_oracle(
    name, data, rule, score, chunk_rows, threads
):
    # a thousand columns of a table for forty rows take long to write
    labels, probs = data.draw(hard_audits((2, 3, 6) if name in TABLES else SIZES))
    form = forms(probs.shape[1], min(3, probs.shape[1]))[name]
    with tempfile.TemporaryDirectory() as folder:
        source = form.open(Path(folder), probs)
        options = {"rule": rule, "score": score, "chunk_rows": chunk_rows, "threads": threads}
        found = find_cut_small(labels, source, **options)
    listed = None
    if form.k is not None:
        listed = np.zeros(probs.shape, bool)
        np.put_along_axis(listed, best(probs, form.k)[0], values=True, axis=1)
    assert_same_bytes(found, labels, form.plain(probs), rule, score, listed)


@settings(max_examples=100)
@given(audit=hard_audits(rough=True), threads=st.integers(1, 3), **choices)
def test_every_rule_and_score_gives_the_bytes_of_the_oracle(
    audit, rule, score, chunk_rows, threads
):
    labels, probs = audit
    options = {"rule": rule, "score": score, "chunk_rows": chunk_rows, "threads": threads}
    assert_same_bytes(find_cut_small(labels, probs, **options), labels, probs, rule, score)


@pytest.mark.parametrize("rule", RULES)
def test_the_oracle_flags_something_and_not_everything(rule):
    """A law of equal bytes says nothing where nothing is flagged."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 6, 60)
    labels = np.where(rng.random(60) < 0.2, rng.integers(0, 6, 60), truth)
    favoured = np.where(np.arange(6) == truth[:, None], 0.7, 0.06)
    probs = np.stack([rng.multinomial(UNITS, row / row.sum()) for row in favoured]) / UNITS
    assert 0 < len(find_by_hand(labels, probs).flagged[rule]) < 60
