"""What an estimator is set to is written alike in every process, and otherwise where it differs."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from errata.predict.identity import identity, setting
from errata.predict.scikit import ScikitModel

PROGRAM = """
    import json
    from functools import partial
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    from errata.predict.scikit import ScikitModel

    class Scale:
        def by(self, x):
            return 2 * x

    def logarithm(x):
        return np.log1p(x) if "a" in {"a", "b", "c", "d"} else x

    def outer():
        def steps(x, n=3):
            return steps(x, n - 1) if n else x
        return steps

    functions = [logarithm, lambda x: x, partial(np.clip, a_min=0, a_max=1), Scale().by, outer()]
    model = make_pipeline(*map(FunctionTransformer, functions), LogisticRegression())
    print(json.dumps(ScikitModel(model).settings()))
"""


def test_a_pipeline_with_functions_has_the_same_settings_in_every_process():
    def settings(seed):
        return subprocess.check_output(
            [sys.executable, "-c", textwrap.dedent(PROGRAM)],
            env=os.environ | {"PYTHONHASHSEED": seed},
        )

    assert settings("1") == settings("2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (GaussianNB(priors=np.zeros(2000)), GaussianNB(priors=np.eye(1, 2000, 1000)[0])),
        (FunctionTransformer(lambda x: x + 1), FunctionTransformer(lambda x: x + 2)),
        (FunctionTransformer(np.clip, kw_args={"a_max": 1}), FunctionTransformer(np.clip)),
        (TfidfVectorizer(stop_words=["a", "b"]), TfidfVectorizer(stop_words=["a", "c"])),
    ],
)
def test_what_is_set_otherwise_is_written_otherwise(one, other):
    classifier = LogisticRegression()
    written = [
        ScikitModel(one if hasattr(one, "predict") else make_pipeline(one, classifier)).settings()
        for one in (one, other)
    ]
    assert written[0] != written[1]


def test_functions_over_other_arrays_are_others_and_names_alone_stand_for_estimators():
    def scaled(by):
        return lambda x: x * by

    ends_alike = np.zeros(5000)
    ends_alike[2500] = 1
    assert identity(scaled(np.zeros(5000))) == identity(scaled(np.zeros(5000)))
    assert identity(scaled(np.zeros(5000))) != identity(scaled(ends_alike))
    assert setting([("last", LogisticRegression(C=2))]) == "[('last', LogisticRegression)]"
    assert setting({"b", "a"}) == setting({"a", "b"})
    assert setting(np.array(["a", None])) != setting(np.array(["b", None]))
