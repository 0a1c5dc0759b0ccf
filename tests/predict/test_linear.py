"""A regression as strongly regularised as the judges like it best."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from errata.predict.linear import PENALTIES, learn


def clouds(n=120, width=40, noise=0.3, seed=0):
    """Return numbers of which one in forty tells the class, and labels of which some are wrong."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    values = rng.standard_normal((n, width)) + 2 * np.eye(3, width)[labels]
    wrong = np.where(rng.random(n) < noise, rng.integers(0, 3, n), labels)
    return values, wrong, np.arange(n) % 5 == 0


def test_the_judges_choose_the_penalty_that_predicts_them_best_and_it_is_learnt_with_from_all():
    values, labels, judges = clouds()
    scaled = StandardScaler().fit_transform(values)

    def fit(rows, penalty):
        model = LogisticRegression(C=1 / (penalty * rows.sum()), max_iter=500)
        return model.fit(scaled[rows], labels[rows])

    losses = {
        each: log_loss(labels[judges], fit(~judges, each).predict_proba(scaled[judges]))
        for each in PENALTIES
    }
    found = learn(values, labels, 3, judges=judges)
    assert found.penalty == min(losses, key=losses.__getitem__)
    assert found.penalty > PENALTIES[-1]
    expected = fit(np.full(len(labels), True), found.penalty).predict_proba(scaled)
    np.testing.assert_allclose(found.probs(values), expected, atol=2e-3)


def test_more_examples_of_the_same_kind_need_no_other_penalty():
    values, labels, judges = clouds()
    once = learn(values, labels, 3, judges=judges)
    thrice = learn(*(np.repeat(each, 3, axis=0) for each in (values, labels)), 3,
                   judges=np.repeat(judges, 3))  # fmt: skip
    assert once.penalty == thrice.penalty
    np.testing.assert_allclose(once.probs(values), thrice.probs(values), atol=5e-3)


def test_a_class_that_was_never_met_has_probability_0_and_one_class_alone_1():
    values, labels, judges = clouds(noise=0)
    found = learn(values, labels + (labels == 2), 5, judges=judges)  # classes 0, 1 and 3
    assert not found.probs(values)[:, [2, 4]].any()
    np.testing.assert_allclose(found.probs(values).sum(axis=1), 1)
    alone = learn(values, np.full(len(values), 1), 3, judges=judges)
    np.testing.assert_array_equal(alone.probs(values), np.eye(3)[np.full(len(values), 1)])
    assert alone.probs(values[:0]).shape == (0, 3)


@pytest.mark.parametrize("judges", [[False, False, False], [True, True, True]])
def test_too_few_rows_to_part_are_learnt_from_all_the_same(judges):
    values, labels = np.array([[0.0], [1.0], [5.0]]), np.array([0, 0, 1])
    found = learn(values, labels, 2, judges=np.array(judges))
    assert found.probs(values).argmax(axis=1).tolist() == [0, 0, 1]
