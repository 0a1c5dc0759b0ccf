"""Classifiers of scikit-learn: what they refuse is told, and one class is enough to learn from."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.tree import DecisionTreeClassifier

from errata.datasets.base import Dataset
from errata.datasets.media import Features, Texts
from errata.errors import ErrataWarning, InputError
from errata.predict.crossval import cross_val_probs


def features(labels, values=None, groups=None):
    labels = np.asarray(labels)
    rng = np.random.default_rng(0)
    values = labels[:, None] + rng.standard_normal((len(labels), 4)) if values is None else values
    ids = [f"row {row}" for row in range(len(labels))]
    return Dataset("rows", "all", ids, labels, ("a", "b"), Features(values), groups=groups)


def texts(labels, written):
    ids = [f"text {row}" for row in range(len(labels))]
    return Dataset("texts", "all", ids, np.asarray(labels), ("a", "b"), Texts(written))


def quiet(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ErrataWarning)
        return cross_val_probs(*args, duplicates="ignore", **options)


ONE_LONELY = [0] * 20 + [1]


@pytest.mark.parametrize("model", ["tfidf-sgd", "fasttext", "logistic", LogisticRegression()])
def test_a_fold_with_one_class_to_learn_from_gives_the_other_0(model):
    of_texts = model in ("tfidf-sgd", "fasttext")
    words = [f"film number {row % 7} of many" for row in range(21)]
    data = texts(ONE_LONELY, words) if of_texts else features(ONE_LONELY)
    found = quiet(model, data, folds=3)
    assert "No training example of class 'b' is left where fold" in " ".join(found.warnings)
    assert found.probs[20].tolist() == [1, 0]
    np.testing.assert_allclose(found.probs.sum(axis=1), 1, atol=1e-6)


def test_scores_of_one_class_need_no_scaling():
    labels = np.array([0] * 28 + [1] * 2)
    groups = np.minimum(np.arange(30), 28)  # both of class b in one fold
    found = quiet(RidgeClassifier(), features(labels, groups=groups), folds=3)
    assert found.probs[28:].tolist() == [[1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("data", "model", "said"),
    [
        (
            texts([0, 1] * 10, [f"only{row}" for row in range(20)]),
            "tfidf-sgd",
            "After pruning, no terms remain",
        ),
        (texts([0, 1] * 10, ["a", "b"] * 10), "tfidf-sgd", "empty vocabulary"),
        (
            features([0, 1] * 10, np.where(np.arange(40) == 7, np.nan, 1.0).reshape(20, 2)),
            "logistic",
            "Input X contains NaN",
        ),
    ],
)
def test_what_a_classifier_refuses_is_told_with_model_data_and_fold(data, model, said):
    message = rf"{model} does not take the examples of {data.name} \(where fold \d is held out\): "
    with pytest.raises(InputError, match=f"{message}.*{said}.*Take another model"):
        quiet(model, data, folds=2)


def test_what_is_no_probability_is_refused_with_the_first_example_and_kept_nowhere(tmp_path):
    rng = np.random.default_rng(1)
    labels = np.arange(120) % 3
    values = rng.standard_normal((120, 3))
    ids = [f"row {row}" for row in range(120)]
    data = Dataset("rows", "all", ids, labels, ("a", "b", "c"), Features(values))
    model = OneVsRestClassifier(DecisionTreeClassifier())
    message = (
        r"OneVsRestClassifier predicts no probabilities for \d+ of the \d+ examples of fold 1, the "
        r"first of them 'row \d+': numbers that are NaN"
    )
    for _ in range(2):
        with pytest.raises(InputError, match=message):
            quiet(model, data, folds=3, resume=tmp_path / "kept")
    assert not list((tmp_path / "kept").glob("*.checkpoint"))
