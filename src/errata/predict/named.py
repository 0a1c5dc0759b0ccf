"""Models by name: those of the study that scikit-learn holds, and a default for every kind.

All are general, with a bias rather than much variance: a model that can learn by heart learns wrong
labels too. Networks are in `errata.predict.networks`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from errata.datasets.base import Dataset, Kind
from errata.errors import InputError, unknown_name
from errata.predict.base import Model
from errata.predict.scikit import ScikitModel


@dataclass(frozen=True)
class Named:
    """A model with a name, and what it is for."""

    kinds: tuple[Kind, ...]
    what: str
    make: Callable[[], Any]


def _tfidf_sgd() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(sublinear_tf=True, min_df=2)
    return make_pipeline(words, SGDClassifier(loss="log_loss", alpha=1e-5))


def _hashed_ngrams() -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    # 2**20 buckets for words and pairs of words, as fastText hashes them
    pairs = HashingVectorizer(n_features=2**20, ngram_range=(1, 2), alternate_sign=False)
    weights = TfidfTransformer(sublinear_tf=True)
    return make_pipeline(pairs, weights, LogisticRegression(C=10, max_iter=200))


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))


NAMED: Mapping[str, Named] = {
    "tfidf-sgd": Named(
        ("texts",),
        "words weighted by TF-IDF, and a linear model trained by stochastic gradient descent: the "
        "study's model for 20 Newsgroups",
        _tfidf_sgd,
    ),
    "fasttext": Named(
        ("texts",),
        "a linear model of hashed words and pairs of words, like the study's fastText for IMDB and "
        "Amazon; it is scikit-learn's, as the fasttext library is no longer maintained",
        _hashed_ngrams,
    ),
    "logistic": Named(
        ("features", "images"),
        "logistic regression of standardized numbers, or pixels",
        _logistic,
    ),
}

DEFAULTS: Mapping[Kind, str] = {"texts": "tfidf-sgd", "features": "logistic", "images": "logistic"}
"""What is taken where no model is named."""


def named_model(name: str) -> Model:
    """Return the model of a name.

    Raises
    ------
    NameUnknownError
        There is none.

    Examples
    --------
    >>> named_model("tfidf-sgd").name
    'tfidf-sgd'
    """
    if name not in NAMED:
        raise unknown_name("model", name, NAMED)
    return ScikitModel(NAMED[name].make(), name)


def default_model(data: Dataset) -> str:
    """Return the name of the model that is taken for a data set where none is named.

    Raises
    ------
    InputError
        There is none for this kind of example.

    Examples
    --------
    >>> import numpy as np
    >>> from errata.datasets.media import Texts
    >>> default_model(Dataset("d", "all", ["a"], np.array([0]), ("x", "y"), Texts(["Hi!"])))
    'tfidf-sgd'
    """
    if data.kind not in DEFAULTS:
        raise InputError(
            f"There is no model yet for {data.kind}. Compute features of them, and audit these."
        )
    return DEFAULTS[data.kind]
