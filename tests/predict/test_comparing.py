"""Models are compared on the same folds, and the most accurate is the best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from errata.datasets.base import Dataset
from errata.datasets.media import Features
from errata.errors import InputError
from errata.predict.comparing import compare_models
from errata.predict.crossval import cross_val_probs
from errata.predict.quality import Quality, best_of, quality_of

SHARES = st.integers(0, 4).map(lambda k: k / 4)


@given(st.lists(st.builds(Quality, SHARES, SHARES, SHARES), min_size=1, max_size=6))
def test_no_other_is_more_accurate_nor_as_accurate_with_a_lower_loss(qualities):
    best = qualities[best_of(qualities)]
    for place, other in enumerate(qualities):
        assert other.accuracy <= best.accuracy
        if other.accuracy == best.accuracy:
            assert other.log_loss >= best.log_loss
            if other.log_loss == best.log_loss:
                assert place >= best_of(qualities)


def line(n=60):
    x = np.arange(float(n))
    labels = (x > n / 2).astype(np.int64)
    labels[::10] = 1 - labels[::10]
    ids = [str(index) for index in range(n)]
    return Dataset("line", "all", ids, labels, ("low", "high"), Features(x[:, None]))


@pytest.mark.filterwarnings("ignore:.*whoever always answered")
def test_what_is_compared_is_what_the_probabilities_are_worth():
    data = line()
    models = [DummyClassifier(), LogisticRegression()]
    found = [cross_val_probs(model, data, folds=3) for model in models]
    compared = compare_models(found, data.labels)
    assert compared.best == "LogisticRegression"
    assert [row["best"] for row in compared.rows()] == [False, True]
    for row, one in zip(compared.rows(), found, strict=True):
        by_hand = quality_of(one.probs, data.labels)
        assert row["accuracy"] == by_hand.accuracy
        assert row["log_loss"] == pytest.approx(by_hand.log_loss, rel=1e-6)
        assert sum(examples for _, _, examples in compared.bins()[row["model"]]) == len(data)
    assert repr(compared).splitlines()[2].endswith("best")


@pytest.mark.filterwarnings("ignore:.*whoever always answered")
def test_models_that_cannot_be_compared_are_refused():
    data = line()
    one = cross_val_probs(LogisticRegression(), data, folds=3)
    with pytest.raises(InputError, match="Two models are called 'LogisticRegression'"):
        compare_models([one, one], data.labels)
    other = cross_val_probs(DummyClassifier(), data, folds=4)
    with pytest.raises(InputError, match="in the same folds as LogisticRegression"):
        compare_models([one, other], data.labels)
    with pytest.raises(InputError, match="nothing to compare"):
        compare_models([], data.labels)
