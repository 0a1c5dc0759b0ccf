"""Models as voters order the published candidates as they did when that was measured."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from errata.core.crowd import models_as_voters
from errata.paper.published import Pack


@pytest.fixture(scope="module")
def pack(data):
    return Pack(data)


def voted(pack, key, without=None):
    """Return the candidates of a set, which of them people found wrong, and what models say."""
    checked = pack.votes(key)
    models = pack.predictions(key, n_classes=len(checked.classes))
    answers = np.stack([best[:, 0] for best in models.values()], axis=1)
    found = models_as_voters(answers, pack.labels(key), len(checked.classes), without=without)
    return checked, checked.votes[:, 0] < 3, found


def test_the_best_answers_of_34_models_order_imagenets_candidates(pack):
    checked, wrong, found = voted(pack, "imagenet")
    assert (len(wrong), wrong.sum(), len(found.weights)) == (5440, 2916, 34)
    assert roc_auc_score(wrong, -found.right[checked.rows]) == pytest.approx(0.7804, abs=5e-5)
    assert found.weights.sum() == pytest.approx(1.62, abs=0.005)
    assert found.wrong[checked.rows].mean() == pytest.approx(wrong.mean(), abs=0.01)
    # the label that people chose in place of the given one is mostly the voters' rival
    corrected = wrong & (checked.votes[:, 1] >= 3)
    rival = found.rival[checked.rows]
    assert (rival == checked.suggested)[corrected].mean() > 0.8


def test_a_model_that_is_left_out_of_imagenets_votes_costs_next_to_nothing(pack):
    checked, wrong, found = voted(pack, "imagenet", without=0)
    assert len(found.accuracy) == 33
    assert roc_auc_score(wrong, -found.right[checked.rows]) > 0.779


def test_the_13_models_of_cifar10_are_measured_too(pack):
    checked, wrong, found = voted(pack, "cifar10")
    assert (len(wrong), wrong.sum(), len(found.weights)) == (275, 54, 13)
    assert roc_auc_score(wrong, -found.right[checked.rows]) == pytest.approx(0.6035, abs=5e-5)
    assert found.wrong[checked.rows].mean() == pytest.approx(wrong.mean(), abs=0.03)
