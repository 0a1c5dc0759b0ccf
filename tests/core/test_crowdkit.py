"""The models of a crowd beside those of crowd-kit, which lives in an environment of its own.

crowd-kit pulls in what errata does without, so it is called in another Python: the one that
ERRATA_CROWDKIT names.
"""

import json
import os
import subprocess

import numpy as np
import pytest

from crowds import coins, simulated
from errata.core.aggregation import dawid_skene, glad, one_coin
from helpers import missing

ASKED = """
import json, sys
import pandas as pd
from crowdkit.aggregation import GLAD, DawidSkene, OneCoinDawidSkene

votes = pd.DataFrame(json.load(sys.stdin))
models = {
    "dawid_skene": DawidSkene(n_iter=1000, tol=1e-9),
    "one_coin": OneCoinDawidSkene(n_iter=1000, tol=1e-9),
    "glad": GLAD(n_iter=100, tol=1e-7),
}
answer = {}
for name, model in models.items():
    probas = model.fit_predict_proba(votes).sort_index().sort_index(axis=1)
    answer[name] = probas.to_numpy().tolist()
json.dump(answer, sys.stdout)
"""
NO_PRIORS = {"right": 0, "wrong": 0, "each": 0}  # crowd-kit has no priors in these


@pytest.fixture(scope="module")
def crowd_kit():
    """Return what crowd-kit makes of votes."""
    python = os.environ.get("ERRATA_CROWDKIT")
    if not python:
        missing(
            "crowdkit",
            "Make an environment, `pip install crowd-kit` in it, and set ERRATA_CROWDKIT to its "
            "python.",
        )

    def ask(items, reviewers, answers):
        votes = {"task": items.tolist(), "worker": reviewers.tolist(), "label": answers.tolist()}
        said = subprocess.run(
            [python, "-c", ASKED],
            input=json.dumps(votes),
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        return {name: np.array(probas) for name, probas in json.loads(said.stdout).items()}

    return ask


@pytest.fixture(scope="module")
def answered(crowd_kit):
    """Return a crowd of known truth, and what crowd-kit makes of it."""
    rng = np.random.default_rng(0)
    confusion = 0.5 * coins(rng.uniform(0.4, 0.95, 15), 3) + 0.5 * rng.dirichlet(
        [1, 1, 1], size=(15, 3)
    )
    truth, *votes = simulated(1, confusion, 600, 5, shares=[0.5, 0.3, 0.2])
    return truth, votes, crowd_kit(*votes)


def test_dawid_skene_without_priors_is_crowd_kits(answered):
    _, votes, theirs = answered
    found = dawid_skene(*votes, **NO_PRIORS, max_iterations=5000, tolerance=1e-9)
    np.testing.assert_allclose(found.posterior, theirs["dawid_skene"], atol=1e-3)


def test_one_coin_is_near_crowd_kits(answered):
    _, votes, theirs = answered
    found = one_coin(*votes, **NO_PRIORS, max_iterations=5000, tolerance=1e-9)
    assert (found.labels == theirs["one_coin"].argmax(axis=1)).mean() > 0.98
    np.testing.assert_allclose(found.posterior, theirs["one_coin"], atol=0.15)


def test_glad_is_near_crowd_kits_and_no_worse(crowd_kit):
    rates = np.random.default_rng(0).uniform(0.4, 0.95, 15)
    truth, *votes = simulated(1, coins(rates, 3), 600, 5, shares=[0.5, 0.3, 0.2])
    found, theirs = glad(*votes), crowd_kit(*votes)["glad"].argmax(axis=1)
    assert (found.labels == theirs).mean() > 0.94  # its own steps, and other priors
    assert (found.labels == truth).mean() >= (theirs == truth).mean() - 0.005


def test_a_prior_helps_where_votes_are_noise(answered):
    truth, votes, theirs = answered
    labels = theirs["dawid_skene"].argmax(axis=1)
    assert (dawid_skene(*votes).labels == truth).mean() > (labels == truth).mean()
