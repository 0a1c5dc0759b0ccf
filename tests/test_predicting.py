"""An audit predicts its own examples: every set stays, the best is taken, and `why` tells whose."""

import json
import warnings

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from errata.audit import Audit
from errata.datasets.base import Dataset
from errata.datasets.media import Features, Texts
from errata.errors import AuditError, ErrataWarning, InputError, NameUnknownError
from errata.predict.crossval import cross_val_probs
from errata.predict.scikit import ScikitModel
from helpers import killed_at

N, WRONG = 90, (4, 31, 62)


def blobs():
    """Return three clouds of points, with three labels that are wrong."""
    rng = np.random.default_rng(0)
    truth = np.arange(N) % 3
    values = rng.standard_normal((N, 4)) + 6 * np.eye(3, 4)[truth]
    labels = truth.copy()
    labels[list(WRONG)] = (truth[list(WRONG)] + 1) % 3
    ids = [f"row {index}" for index in range(N)]
    return Dataset("blobs", "all", ids, labels, ("a", "b", "c"), Features(values))


GOOD, POOR = LogisticRegression(), DummyClassifier(strategy="prior")


@pytest.fixture
def audit(tmp_path):
    return Audit.of_dataset(tmp_path / "blobs.audit", blobs())


def test_what_an_audit_predicts_is_what_the_data_set_gives_and_find_takes_it(audit):
    made = audit.predict(GOOD, folds=4, seed=2)
    alone = cross_val_probs(GOOD, blobs(), folds=4, seed=2)
    (kept,) = (audit.path / "arrays").glob("predicted_probabilities-*.npy")
    np.testing.assert_array_equal(np.load(kept), alone.probs)
    assert (made.name, made.model, made.run, made.best) == ("LogisticRegression",) * 2 + (1, True)
    assert (made.accuracy, made.folds, made.seed) == (alone.quality.accuracy, 4, 2)
    job, other = made.record["job"], alone.record["job"]
    assert job["data"]["sha256"] == other["data"]["sha256"] == blobs().fingerprint()
    assert {key: job[key] for key in ("model", "settings", "versions")} == {
        key: other[key] for key in ("model", "settings", "versions")
    }
    assert sorted(audit.find(rule="argmax").indices.tolist()) == list(WRONG)
    assert not (audit.path / "checkpoints").exists()


def test_the_best_is_taken_whatever_came_last_and_all_stay_for_an_average(audit):
    audit.predict(GOOD)
    with pytest.warns(ErrataWarning, match="whoever always answered"):
        audit.predict(POOR)
    assert [(one.name, one.best) for one in audit.probabilities()] == [
        ("LogisticRegression", True),
        ("DummyClassifier", False),
    ]
    assert audit.models_compared().best == "LogisticRegression"
    found = audit.find()
    assert audit.why(WRONG[0]).found[-1]["flagger"] == "LogisticRegression"
    both = audit.find(probs=["LogisticRegression", "DummyClassifier"], rule="argmax")
    arrays = [np.load(path) for path in (audit.path / "arrays").glob("predicted_*.npy")]
    given = audit.labels[: both.n]
    mean = np.mean(arrays, axis=0, dtype=np.float64)
    np.testing.assert_allclose(both.self_confidence, mean[np.arange(N), given], rtol=1e-6)
    assert found.self_confidence[0] != both.self_confidence[0]
    story = audit.why(WRONG[0])
    assert story.found[-1]["flagger"] == "the mean of LogisticRegression and DummyClassifier"
    assert [one["name"] for one in story.probabilities] == ["LogisticRegression", "DummyClassifier"]
    with pytest.raises(NameUnknownError, match="Did you mean 'DummyClassifier'"):
        audit.find(probs="DumyClassifier")
    with pytest.raises(InputError, match="probs names no set"):
        audit.find(probs=[])


def test_the_same_run_is_there_once_and_another_one_has_a_number(audit):
    first = audit.predict(GOOD)
    assert audit.predict(GOOD) == first
    audit.predict(GOOD, seed=1)
    audit.predict(GOOD, temperature=True)
    names = [one.name for one in audit.probabilities()]
    assert names == [f"LogisticRegression{end}" for end in ("", "-2", "-3")]
    assert len(audit.probabilities()[2].record["temperatures"]) == 5


def test_why_tells_model_run_fold_and_data(audit):
    made = audit.predict(GOOD, seed=5)
    folds = cross_val_probs(GOOD, blobs(), seed=5).folds
    audit.find()
    for example in (WRONG[0], 0):  # one that is flagged, and one that is not
        (one,) = audit.why(example).probabilities
        assert (one["model"], one["run"], one["seed"]) == ("LogisticRegression", 1, 5)
        assert (one["fold"], one["folds"]) == (folds[example] + 1, 5)
        assert one["sha256"] == made.sha256
        assert one["data"]["sha256"] == blobs().fingerprint()
    told = repr(audit.why(0))
    assert "LogisticRegression, run 1 of predict" in told
    assert f"held out in fold {folds[0] + 1} of 5, seed 5" in told
    json.dumps(audit.why(0).to_dict(), allow_nan=False)


def test_a_release_and_a_report_name_the_models(audit, tmp_path):
    made = audit.predict(GOOD)
    audit.find()
    audit.plan(votes=1, threshold=1)
    audit.add_votes([{"index": WRONG[0], "reviewer": "ann", "answer": "suggested"}])
    audit.release(tmp_path / "out")
    (plan,) = json.loads((tmp_path / "out" / "manifest.json").read_text())["settings"]["plans"]
    (one,) = plan["find"]["probabilities"]
    assert (one["model"], one["sha256"]) == ("LogisticRegression", made.sha256)
    assert made.sha256 in audit.report(tmp_path / "report.html").read_text()


def test_probabilities_that_were_handed_in_stand_back_and_stay(tmp_path):
    data = blobs()
    perfect = np.eye(3)[data.labels]  # as those of a model that was trained on the same labels
    audit = Audit.of_dataset(tmp_path / "a", data, probs=perfect)
    assert [(one.name, one.best) for one in audit.probabilities()] == [("probs.npy", True)]
    audit.predict(GOOD)
    assert [(one.name, one.best) for one in audit.probabilities()] == [
        ("probs.npy", False),
        ("LogisticRegression", True),
    ]
    assert sorted(audit.find().indices.tolist()) == list(WRONG)
    with pytest.warns(ErrataWarning, match="in-sample|in sample"):
        assert len(audit.find(probs="probs.npy")) == 0


def test_groups_may_have_names(tmp_path):
    names = ["rex", "tom", "rex"]
    audit = Audit.create(
        tmp_path / "a",
        labels=[0, 1, 1],
        classes="xy",
        groups=names,
        media=Features(np.zeros((3, 2))),
    )
    np.testing.assert_array_equal(audit.dataset().groups, [0, 1, 0])


def test_groups_stay_together(tmp_path):
    data = blobs()
    groups = np.arange(N) // 3
    grouped = Dataset("g", "all", data.ids, data.labels, data.classes, data.media, (), groups)
    audit = Audit.of_dataset(tmp_path / "a", grouped)
    np.testing.assert_array_equal(audit.dataset().groups, groups)
    audit.predict(GOOD, folds=3)
    (path,) = (audit.path / "arrays").glob("folds-*.npy")
    folds = np.load(path)
    assert all(len(set(folds[groups == one])) == 1 for one in range(N // 3))
    with pytest.raises(InputError, match=r"groups have shape \(2,\)"):
        Audit.create(tmp_path / "b", labels=[0, 1, 1], classes="xy", groups=[0, 1])


def test_an_audit_that_cannot_be_predicted_says_why(tmp_path):
    bare = Audit.create(tmp_path / "a", labels=[0, 1], classes=["x", "y"])
    with pytest.raises(AuditError, match="made without examples, so there is nothing to learn"):
        bare.predict()
    with pytest.raises(AuditError, match="No model has predicted"):
        bare.models_compared()
    several = Audit.create(
        tmp_path / "b", labels=[["x"], ["x", "y"]], classes=["x", "y"], media=Texts(["1", "2"])
    )
    with pytest.raises(InputError, match="may have several labels"):
        several.predict("tfidf-sgd")
    waiting = Audit.create(
        tmp_path / "c", labels=[0, 1], classes=["x", "y"], media=Texts(["1", "2"])
    )
    for verb in (waiting.find, waiting.plan, waiting.verdicts):
        with pytest.raises(AuditError, match="or run `predict`"):
            verb()


SLOW = """
    import sys, time
    from errata.audit import Audit
    print("ready", flush=True)

    def slowly(step):
        print(step.fold, flush=True)
        time.sleep(0.05)

    Audit.open(sys.argv[1]).predict("logistic", folds=8, progress=slowly)
"""


def test_a_killed_run_goes_on_in_the_audit_to_the_same_bytes(audit):
    with killed_at(SLOW, str(audit.path)) as process:
        for line in process.stdout:
            if line == "4\n":
                break
    assert audit.probabilities() == ()
    (kept,) = (audit.path / "checkpoints").iterdir()
    done = {path.name for path in kept.glob("fold-*")}
    assert {"fold-0.checkpoint", "fold-3.checkpoint"} <= done
    seen = []
    made = audit.predict("logistic", folds=8, progress=seen.append)
    assert [step.share for step in seen[:4]] == [1, 1, 1, 1], "four folds are not done again"
    (path,) = (audit.path / "arrays").glob("predicted_*.npy")
    np.testing.assert_array_equal(
        np.load(path), cross_val_probs("logistic", audit.dataset(), folds=8).probs
    )
    assert made.run == 1
    assert not kept.exists()


def test_a_model_of_ones_own_may_have_any_name(audit):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = audit.predict(ScikitModel(GOOD, "mine/of: today"))
    assert audit.newest_run(made.name) is None
    audit.find(probs=made.name)
    run = audit.newest_run(made.name)
    assert (run.flagged, run.planned) == (3, False)
    audit.plan()
    assert audit.newest_run(made.name).planned
