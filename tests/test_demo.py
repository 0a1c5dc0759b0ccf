"""The demo runs the whole way and tells the truth about what it did."""

import json
import re

import numpy as np
import pytest

import errata
from errata.demo import PLANTED_SHARE, prepare_demo, run_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, run_demo(out)


def test_four_percent_are_planted_and_most_are_found(demo):
    _, result = demo
    assert result.planted == round(PLANTED_SHARE * 1797) == 72
    assert result.found >= 0.8 * result.planted
    assert result.found / result.candidates >= 0.6


def test_the_sentence_counts_what_the_files_hold(demo):
    out, result = demo
    planted, found, candidates, missed, precision, right = map(
        int,
        re.match(
            r"Planted (\d+) wrong labels: (\d+) are among the (\d+) candidates, (\d+) were missed, "
            r"so precision is (\d+)%; (\d+) were set right\.",
            result.sentence,
        ).groups(),
    )
    assert planted == found + missed
    assert precision == round(100 * found / candidates)
    release = errata.load_release(out / "release", policy="keep_given")
    from sklearn.datasets import load_digits

    true, given, corrected = load_digits().target, release.given, release.labels
    assert (true != given).sum() == planted
    assert ((corrected != given) & (corrected == true)).sum() == right
    assert result.leader_corrected in result.sentence


def test_every_output_says_that_the_reviewers_are_simulated(demo):
    out, result = demo
    audit = errata.Audit.open(result.audit)
    said = re.compile(r"simulated.*slip 5%", re.DOTALL)
    assert said.search(audit.notices[0])
    assert said.search(repr(audit.verdicts()))
    assert said.search((out / "release" / "README.md").read_text())
    assert said.search(json.loads((out / "release" / "manifest.json").read_text())["notices"][0])
    assert said.search((out / "report.html").read_text())


def test_at_least_five_models_are_compared(demo):
    out, _ = demo
    page = (out / "report.html").read_text()
    models = ("naive Bayes", "logistic regression", "1 nearest neighbour", "random forest")
    assert all(model in page for model in models)


def test_the_same_seed_makes_the_same_release(demo, tmp_path):
    out, _ = demo
    again = prepare_demo(tmp_path / "again")
    first = errata.Audit.open(out / "digits.audit")
    np.testing.assert_array_equal(again.audit.labels, first.labels)
    assert again.found.indices.tolist() == first.verdicts().examples.tolist()
