"""Classifiers of scikit-learn where classes are missing from what there is to learn from."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int


def fitted(classifier: Any, values: Any, labels: Int[np.ndarray, "_rows"]) -> Any:
    """Return a classifier that has learnt; of one class alone, one that always answers it.

    Many refuse to learn from one class.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> one = fitted(LogisticRegression(), [[0.0], [1.0]], np.array([2, 2]))
    >>> probs_of(one, [[0.5]], 3)
    array([[0., 0., 1.]])
    """
    from sklearn.dummy import DummyClassifier

    if len(np.unique(labels)) == 1:
        classifier = DummyClassifier()
    return classifier.fit(values, labels)


def probs_of(classifier: Any, values: Any, n_classes: int) -> Float[np.ndarray, "_rows classes"]:
    """Return probabilities with a column for each class, 0 where it was never met."""
    known = np.asarray(classifier.classes_, np.int64)
    probs = np.zeros((len(values), n_classes))
    probs[:, known] = classifier.predict_proba(values)
    return probs
