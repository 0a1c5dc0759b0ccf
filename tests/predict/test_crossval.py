"""Every example is predicted once, by a model that has not seen it; killed runs go on."""

import random
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from errata.datasets.base import Dataset
from errata.datasets.media import Features, Images, Texts
from errata.errors import ErrataWarning, FileError, InputError
from errata.predict.base import Predicted
from errata.predict.crossval import cross_val_probs
from errata.predict.duplicates import find_duplicates
from errata.predict.quality import tempered
from errata.predict.scikit import ScikitModel
from killing import check_that_kills_change_nothing


def blobs(n=90, m=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % m
    values = rng.standard_normal((n, 4)) + 2.5 * np.eye(m, 4)[labels]
    ids = [f"row {index}" for index in range(n)]
    return Dataset("blobs", "all", ids, labels, tuple("abcdef"[:m]), Features(values))


@dataclass(frozen=True)
class Nosy:
    """A model that writes down what it is shown, and predicts the fold it is in."""

    seen: list

    name = "nosy"

    def settings(self):
        return {}

    def predict(self, fold):
        self.seen.append((fold.number, fold.train, fold.held_out))
        probs = np.zeros((len(fold.held_out), len(fold.data.classes)))
        probs[:, fold.number % len(fold.data.classes)] = 1
        return Predicted(probs, 0.5)


def quiet(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ErrataWarning)
        return cross_val_probs(*args, **options)


def test_no_model_sees_what_it_predicts_and_every_example_is_predicted_once():
    data, seen = blobs(), []
    found = quiet(Nosy(seen), data, folds=4)
    assert [number for number, _, _ in seen] == [0, 1, 2, 3]
    for number, train, held_out in seen:
        assert not set(train) & set(held_out)
        assert len(train) + len(held_out) == len(data)
        np.testing.assert_array_equal(np.flatnonzero(found.folds == number), held_out)
        assert (found.probs[held_out].argmax(axis=1) == number % 3).all()
    assert sorted(np.concatenate([held_out for _, _, held_out in seen])) == list(range(len(data)))


def test_no_model_sees_a_copy_of_what_it_predicts():
    data = blobs(60)
    twice = data.media._table.copy()
    twice[40:50] = twice[:10]
    copies = Dataset("copies", "all", data.ids, data.labels, data.classes, Features(twice))
    seen = []
    found = quiet(Nosy(seen), copies, folds=5)
    np.testing.assert_array_equal(found.folds[40:50], found.folds[:10])
    assert "20 examples are the same as others, or nearly, in 10 groups" in found.warnings[0]
    assert "In 10 of the groups the given labels differ" in found.warnings[1]
    many = {"examples": 20, "groups": 10, "differing": 10}
    assert found.record["job"]["duplicates"] == {"kept": "together"} | many
    handed_in = quiet(Nosy(seen), copies, folds=5, duplicates=find_duplicates(copies))
    np.testing.assert_array_equal(handed_in.folds, found.folds)
    assert handed_in.record == found.record
    apart = quiet(Nosy(seen), copies, folds=5, duplicates="ignore")
    assert (apart.folds[40:50] != apart.folds[:10]).any()
    assert apart.record["job"]["duplicates"] == "ignore"


def test_different_labels_of_duplicates_are_told():
    data = blobs()
    twice = data.media._table.copy()
    twice[89] = twice[0]
    copies = Dataset("copies", "all", data.ids, data.labels, data.classes, Features(twice))
    with (
        pytest.warns(ErrataWarning, match=r"^2 examples are the same as others, or nearly"),
        pytest.warns(
            ErrataWarning, match=r"the given labels differ, as those of 'row 0' \(a\) and 'row 89'"
        ),
    ):
        cross_val_probs(LogisticRegression(), copies)


def test_duplicates_of_other_data_are_refused():
    with pytest.raises(InputError, match="those of 30 examples, and blobs has 90"):
        cross_val_probs(LogisticRegression(), blobs(), duplicates=find_duplicates(blobs(30)))


def test_probabilities_sum_to_one_and_a_seed_gives_the_same_bytes():
    once, again = (cross_val_probs(SGDClassifier(loss="log_loss"), blobs(), seed=4) for _ in "12")
    np.testing.assert_allclose(once.probs.sum(axis=1), 1, atol=1e-6)
    assert once.probs.dtype == np.float32
    assert once.probs.tobytes() == again.probs.tobytes()
    assert once.record == again.record
    assert once.quality.accuracy > 0.9
    assert once.record["job"]["settings"]["loss"] == "'log_loss'"


def test_texts_pictures_and_rows_are_handed_over_as_classifiers_take_them():
    labels = np.arange(40) % 2
    ids = [str(index) for index in range(40)]
    words = ["good fine film", "bad poor film"]
    texts = Dataset("t", "all", ids, labels, ("+", "-"), Texts([words[y] for y in labels]))
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    assert cross_val_probs(model, texts, folds=2, duplicates="ignore").quality.accuracy == 1
    pixels = np.zeros((40, 3, 2), np.uint8) + 200 * labels[:, None, None].astype(np.uint8)
    pictures = Dataset("p", "all", ids, labels, ("dark", "bright"), Images(pixels))
    found = cross_val_probs(LogisticRegression(), pictures, folds=2, duplicates="ignore")
    assert found.quality.accuracy == 1


def test_scores_are_calibrated_inside_the_fold_and_that_is_said():
    with pytest.warns(ErrataWarning, match="RidgeClassifier has no predict_proba.*Platt"):
        found = cross_val_probs(RidgeClassifier(), blobs(), folds=3)
    assert found.quality.accuracy > 0.9
    np.testing.assert_allclose(found.probs.sum(axis=1), 1, atol=1e-6)


def test_a_class_that_was_not_to_learn_from_is_named_and_has_probability_0():
    data = blobs(31)
    labels = data.labels.copy()
    labels[:] = labels % 2
    labels[7] = 2
    lonely = Dataset("lonely", "all", data.ids, labels, data.classes, data.media)
    with pytest.warns(ErrataWarning, match="No training example of class 'c' is left where fold"):
        found = cross_val_probs(LogisticRegression(), lonely, folds=3)
    assert found.probs[7, 2] == 0


def test_what_is_learnt_from_first_is_learnt_in_every_fold():
    data, more = blobs(30, seed=1), blobs(300, seed=2)
    alone = cross_val_probs(LogisticRegression(), data, folds=3)
    both = cross_val_probs(LogisticRegression(), data, folds=3, pretrain=more)
    assert both.quality.log_loss < alone.quality.log_loss
    assert both.record["job"]["pretrain"]["examples"] == 300
    with pytest.raises(InputError, match="has other classes than"):
        cross_val_probs(LogisticRegression(), data, pretrain=blobs(30, 2))


def test_a_model_that_learns_by_heart_is_told_of():
    rng = np.random.default_rng(0)
    data = blobs(120)
    wrong = np.where(rng.random(120) < 0.3, rng.integers(0, 3, 120), data.labels)
    noisy = Dataset("noisy", "all", data.ids, wrong, data.classes, data.media)
    with pytest.warns(ErrataWarning, match=r"^DecisionTreeClassifier gets 100\.0% of its training"):
        cross_val_probs(DecisionTreeClassifier(), noisy)


def test_a_model_that_has_learnt_nothing_is_told_of():
    data = blobs(120)
    by_chance = np.random.default_rng(0).choice(3, 120, p=[0.6, 0.2, 0.2])
    labels = np.sort(by_chance)[np.random.default_rng(1).permutation(120)]
    unrelated = Dataset("unrelated", "all", data.ids, labels, data.classes, data.media)
    with pytest.warns(ErrataWarning, match="whoever always answered 'a' would get"):
        cross_val_probs(DummyClassifier(), unrelated)


class TooSure(ScikitModel):
    """Four times as sure as it should be."""

    def predict(self, fold):
        found = super().predict(fold)
        return Predicted(tempered(found.probs, 0.25), found.train_accuracy)


def test_a_temperature_for_each_fold_is_learnt_from_the_others():
    data = blobs(300)
    wrong = np.where(np.arange(300) % 5 == 0, (data.labels + 1) % 3, data.labels)
    noisy = Dataset("noisy", "all", data.ids, wrong, data.classes, data.media)
    plain = quiet(TooSure(LogisticRegression()), noisy)
    scaled = quiet(TooSure(LogisticRegression()), noisy, temperature=True)
    assert not plain.temperatures
    assert len(scaled.temperatures) == 5
    assert min(scaled.temperatures) > 2
    assert scaled.quality.log_loss < plain.quality.log_loss
    np.testing.assert_array_equal(scaled.probs.argmax(axis=1), plain.probs.argmax(axis=1))


@dataclass(frozen=True)
class Says:
    """A model that always says the same."""

    row: tuple

    name = "says"

    def settings(self):
        return {}

    def predict(self, fold):
        return Predicted(np.tile(np.array(self.row, float), (len(fold.held_out), 1)), 0.5)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((0.5, 0.5), r"says predicts an array of shape \(30, 2\) for fold 1; .* \(30, 3\), was"),
        ((0.5, 0.5, np.nan), r"says predicts no probabilities for 30 of the 30 examples of fold 1"),
        ((1.5, -0.5, 0), r"no probabilities for 30 of .*, the first of them 'row \d+'"),
        ((np.inf, 0, 0), "no probabilities"),
        ((0, 0, 0), "0 for every class"),
    ],
)
def test_a_model_that_says_what_is_no_probability_is_refused(row, message):
    with pytest.raises(InputError, match=message):
        cross_val_probs(Says(row), blobs(), folds=3)


def test_what_is_no_classifier_is_refused():
    with pytest.raises(InputError, match="is no classifier"):
        cross_val_probs(TfidfVectorizer(), blobs())
    with pytest.raises(InputError, match="folds is 0"):
        cross_val_probs(LogisticRegression(), blobs(), folds=0)


def test_steps_tell_how_far_it_is():
    steps = []
    cross_val_probs(LogisticRegression(), blobs(), folds=3, progress=steps.append)
    assert {step.fold for step in steps} == {0, 1, 2}
    shares = [step.fold + step.share for step in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 3


def test_a_seed_is_a_whole_number_of_any_type(tmp_path):
    found = quiet(Nosy([]), blobs(), folds=3, seed=np.int64(4), resume=tmp_path / "run")
    assert found.record["job"]["seed"] == 4
    np.testing.assert_array_equal(found.folds, quiet(Nosy([]), blobs(), folds=3, seed=4).folds)
    for seed in (-1, True):
        with pytest.raises(InputError, match=f"seed is {seed}; a whole number, 0 or more"):
            cross_val_probs(Nosy([]), blobs(), seed=seed)


def test_a_folder_of_another_run_is_refused(tmp_path):
    cross_val_probs(LogisticRegression(), blobs(), folds=3, resume=tmp_path / "run")
    with pytest.raises(FileError, match="another run .*seed: 0 before, 1 now"):
        cross_val_probs(LogisticRegression(), blobs(), folds=3, seed=1, resume=tmp_path / "run")


SLOW_RUN = """
    import sys, time
    import numpy as np
    from sklearn.linear_model import SGDClassifier
    from errata.datasets.base import Dataset
    from errata.datasets.media import Features
    from errata.predict.crossval import cross_val_probs

    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    values = rng.standard_normal((300, 5)) + np.eye(3, 5)[labels]
    ids = [str(index) for index in range(300)]
    data = Dataset("d", "all", ids, labels, ("a", "b", "c"), Features(values))
    print("ready", flush=True)
    found = cross_val_probs(
        SGDClassifier(loss="log_loss", max_iter=50), data, folds=8, resume=sys.argv[1],
        progress=lambda step: time.sleep(0.005),
    )
    np.save(sys.argv[2], found.probs)
"""


def test_a_run_that_is_killed_at_any_moment_ends_in_the_same_bytes(tmp_path):
    check_that_kills_change_nothing(SLOW_RUN, tmp_path, 0.15)


def test_what_is_predicted_is_not_learnt_from_first():
    data, more = blobs(30, seed=1), blobs(60, seed=2)
    values = np.stack([*map(more.load, range(60)), *map(data.load, range(30))])
    both = Dataset(
        "both",
        "train",
        [str(row) for row in range(90)],
        np.concatenate([more.labels, data.labels]),
        data.classes,
        Features(values),
    )
    with pytest.warns(
        ErrataWarning, match="30 examples to learn from first are the same as one to predict"
    ):
        found = cross_val_probs(LogisticRegression(), data, folds=3, pretrain=both)
    clean = cross_val_probs(LogisticRegression(), data, folds=3, pretrain=more)
    assert found.probs.tobytes() == clean.probs.tobytes()
    assert found.record["job"]["pretrain"]["examples"] == 60
    with pytest.raises(InputError, match="All examples of blobs"):
        cross_val_probs(LogisticRegression(), data, pretrain=data)
    seen = quiet(LogisticRegression(), data, folds=3, pretrain=both, duplicates="ignore")
    assert seen.record["job"]["pretrain"]["examples"] == 90


def test_copies_that_are_nearly_the_same_are_not_learnt_from_first_either():
    rng = random.Random(0)
    words = [f"word{number}" for number in range(30)]
    texts = [" ".join(rng.choices(words, k=60)) for _ in range(20)]
    labels, ids = np.arange(20) % 2, [str(row) for row in range(20)]
    data = Dataset("t", "test", ids, labels, ("x", "y"), Texts(texts))
    others = [" ".join(rng.choices(words, k=60)) for _ in range(20)]
    longer = [f"{text} and so on" for text in texts]
    more = Dataset(
        "t",
        "train",
        [str(row) for row in range(40)],
        np.concatenate([labels, labels]),
        ("x", "y"),
        Texts([*longer, *others]),
    )
    found = quiet("tfidf-sgd", data, folds=2, pretrain=more)
    assert found.record["job"]["pretrain"]["examples"] == 20
    assert any("20 examples to learn from first" in note for note in found.warnings)
