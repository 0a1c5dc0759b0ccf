"""Models as voters: a slow, plain oracle, and what must not matter."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata.core.crowd import (
    MOST_ROUNDS,
    PRIOR_OF_GIVEN,
    PRIOR_PER_CLASS,
    SETTLED,
    models_as_voters,
    vote_weights,
)
from errata.errors import InputError

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


@st.composite
def polls(draw, most_models=5):
    """Return answers, given labels and the number of classes: few of each, so that ties abound."""
    n, models = draw(st.integers(1, 9)), draw(st.integers(1, most_models))
    n_classes = draw(st.integers(2, 4))
    label = st.integers(0, n_classes - 1)
    row = st.lists(label, min_size=models + 1, max_size=models + 1)
    table = np.array(draw(st.lists(row, min_size=n, max_size=n)))
    return table[:, 1:], table[:, 0], n_classes


# ---------------------------------------------------------------- the oracle


def correlation(one, other):
    """Return Pearson's r of two lists of 0 and 1, 0 where one of them is constant."""
    n = len(one)
    p, q = sum(one) / n, sum(other) / n
    if p in (0, 1) or q in (0, 1):
        return 0.0
    together = sum(a * b for a, b in zip(one, other, strict=True)) / n
    return (together - p * q) / math.sqrt(p * (1 - p) * q * (1 - q))


def weights_by_hand(wrong):
    models = range(len(wrong))
    return [
        1 / sum(1 if j == k else max(0.0, correlation(wrong[j], wrong[k])) for j in models)
        for k in models
    ]


def normalised(masses):
    total = sum(masses.values())
    return {label: mass / total for label, mass in masses.items()}


def confusion(voter, posteriors, n_classes, prior):
    """Return a function that tells how probable a voter says something where a label is right."""
    n = len(posteriors)
    hits = sum(p.get(said, 0.0) for p, said in zip(posteriors, voter, strict=True))
    accuracy = (hits + 1) / (n + 2)

    def probable(said, label):
        of = sum(p.get(label, 0.0) for p in posteriors)
        seen = sum(
            p.get(label, 0.0) for p, one in zip(posteriors, voter, strict=True) if one == said
        )
        before = accuracy if said == label else (1 - accuracy) / (n_classes - 1)
        return (seen + prior * before) / (of + prior)

    return probable


def by_hand(answers, labels, n_classes):
    """Return the posteriors of every example as mappings, the weights and the rounds."""
    labels, voters = labels.tolist(), answers.T.tolist()
    weights = weights_by_hand(
        [[int(a != g) for a, g in zip(voter, labels, strict=True)] for voter in voters]
    )
    heard = [{labels[i], *(voter[i] for voter in voters)} for i in range(len(labels))]
    posteriors = [
        normalised(
            {
                z: sum(w for w, voter in zip(weights, voters, strict=True) if voter[i] == z)
                for z in said
            }
        )
        for i, said in enumerate(heard)
    ]
    for rounds in range(1, MOST_ROUNDS + 1):  # noqa: B007
        prior = PRIOR_PER_CLASS * n_classes
        says = [confusion(voter, posteriors, n_classes, prior) for voter in voters]
        is_given = confusion(labels, posteriors, n_classes, PRIOR_OF_GIVEN)
        after = []
        for i, said in enumerate(heard):
            masses = {}
            for z in said:
                share = (sum(p.get(z, 0.0) for p in posteriors) + 1) / (len(labels) + n_classes)
                masses[z] = share * is_given(labels[i], z)
                for w, one, voter in zip(weights, says, voters, strict=True):
                    masses[z] *= one(voter[i], z) ** w
            after.append(normalised(masses))
        moved = sum(
            abs(new[z] - old[z]) for new, old in zip(after, posteriors, strict=True) for z in new
        )
        posteriors = after
        if moved < SETTLED * len(labels):
            break
    return posteriors, weights, rounds


@settings(max_examples=150)
@given(polls())
def test_the_posterior_is_that_of_plain_loops(poll):
    answers, labels, n_classes = poll
    found = models_as_voters(answers, labels, n_classes)
    posteriors, weights, rounds = by_hand(answers, labels, n_classes)
    np.testing.assert_allclose(found.weights, weights, **CLOSE)
    assert found.rounds == rounds
    right = [p[g] for p, g in zip(posteriors, labels.tolist(), strict=True)]
    np.testing.assert_allclose(found.right, right, **CLOSE)
    for i, (posterior, label) in enumerate(zip(posteriors, labels.tolist(), strict=True)):
        others = {z: p for z, p in posterior.items() if z != label}
        assert found.wrong[i] == pytest.approx(sum(others.values()), rel=1e-9)
        assert found.rival_posterior[i] == pytest.approx(max(others.values(), default=0), rel=1e-9)
        if others:
            assert others[found.rival[i]] == pytest.approx(max(others.values()), rel=1e-9)
        else:
            assert found.rival[i] == -1
    for k, accuracy in enumerate(found.accuracy):
        hits = [p[a] for p, a in zip(posteriors, answers[:, k].tolist(), strict=True)]
        assert accuracy == pytest.approx(sum(hits) / len(hits), rel=1e-9)


# ---------------------------------------------------------------- what must not matter


@given(polls(), st.randoms(use_true_random=False))
def test_the_order_of_models_and_of_examples_does_not_matter(poll, random):
    answers, labels, n_classes = poll
    rows = random.sample(range(len(labels)), len(labels))
    columns = random.sample(range(answers.shape[1]), answers.shape[1])
    found = models_as_voters(answers, labels, n_classes)
    other = models_as_voters(answers[rows][:, columns], labels[rows], n_classes)
    np.testing.assert_allclose(other.right, found.right[rows], **CLOSE)
    np.testing.assert_allclose(other.rival_posterior, found.rival_posterior[rows], **CLOSE)
    np.testing.assert_allclose(other.accuracy, found.accuracy[columns], **CLOSE)
    np.testing.assert_allclose(other.weights, found.weights[columns], **CLOSE)


@given(polls(), st.randoms(use_true_random=False))
def test_what_the_classes_are_called_does_not_matter(poll, random):
    answers, labels, n_classes = poll
    called = np.array(random.sample(range(n_classes), n_classes))
    found = models_as_voters(answers, labels, n_classes)
    other = models_as_voters(called[answers], called[labels], n_classes)
    np.testing.assert_allclose(other.wrong, found.wrong, **CLOSE)
    np.testing.assert_allclose(other.rival_posterior, found.rival_posterior, **CLOSE)


@given(polls(), st.integers(2, 4))
def test_copies_of_all_models_say_no_more_than_one_of_each(poll, copies):
    answers, labels, n_classes = poll
    spread = (answers != labels[:, None]).any(axis=0) & (answers == labels[:, None]).any(axis=0)
    answers = answers[:, spread]  # of the others nobody can tell whether they err alike
    if answers.shape[1] == 0:
        return
    found = models_as_voters(answers, labels, n_classes)
    other = models_as_voters(np.tile(answers, copies), labels, n_classes)
    assert other.weights.sum() == pytest.approx(found.weights.sum())
    np.testing.assert_allclose(other.right, found.right, rtol=1e-6, atol=1e-9)


@given(polls(), st.integers(2, 30))
def test_copies_of_one_model_weigh_no_more_than_one_vote(poll, copies):
    answers, labels, _ = poll
    wrong = answers != labels[:, None]
    wrong[0, 0], wrong[1:2, 0] = True, False  # wrong on some, right on others: else unlike itself
    weights = vote_weights(np.column_stack([np.tile(wrong[:, :1], copies), wrong[:, 1:]]))
    assert len(labels) == 1 or weights[:copies].sum() <= 1 + 1e-12


@given(polls(), st.data())
def test_a_model_that_is_left_out_has_no_say(poll, data):
    answers, labels, n_classes = poll
    answers = np.column_stack([answers, answers[:, 0]])
    out = data.draw(st.integers(0, answers.shape[1] - 1))
    others = models_as_voters(np.delete(answers, out, axis=1), labels, n_classes)
    answers[:, out] = data.draw(
        st.lists(st.integers(0, n_classes - 1), min_size=len(labels), max_size=len(labels))
    )
    assert as_bytes(models_as_voters(answers, labels, n_classes, without=out)) == as_bytes(others)


@given(polls(), st.sampled_from([np.int8, np.uint16, np.int32]))
def test_the_type_of_the_integers_changes_no_bit(poll, dtype):
    answers, labels, n_classes = poll
    found = models_as_voters(answers, labels, n_classes)
    narrow = models_as_voters(np.asfortranarray(answers.astype(dtype)), labels, n_classes)
    assert as_bytes(found) == as_bytes(narrow)


def as_bytes(found):
    values = dataclasses.asdict(found).values()
    return [one.tobytes() if isinstance(one, np.ndarray) else one for one in values]


# ---------------------------------------------------------------- what comes out


@given(polls())
def test_probabilities_are_probabilities(poll):
    answers, labels, n_classes = poll
    found = models_as_voters(answers, labels, n_classes)
    np.testing.assert_allclose(found.right + found.wrong, 1)
    assert (found.rival_posterior <= found.wrong * (1 + 1e-12)).all()
    unanimous = (answers == labels[:, None]).all(axis=1)
    assert (found.wrong[unanimous] == 0).all()
    assert ((found.rival == -1) == unanimous).all()
    assert (found.rival != labels).all()
    assert ((found.weights > 0) & (found.weights <= 1)).all()


def test_the_lower_of_equal_rivals_is_named():
    labels = np.array([0, 0, 3])
    answers = np.array([[2, 1, 0, 0], [1, 2, 0, 0], [3, 3, 3, 3]])
    assert models_as_voters(answers, labels, 4).rival.tolist() == [1, 1, -1]


def test_voters_that_err_independently_find_planted_errors_and_their_right_labels():
    rng = np.random.default_rng(0)
    n, m, models = 4000, 10, 8
    right = rng.integers(m, size=n)
    labels = np.where(rng.random(n) < 0.05, (right + rng.integers(1, m, n)) % m, right)
    met = rng.random((n, models)) < np.linspace(0.6, 0.9, models)
    answers = (right[:, None] + np.where(met, 0, rng.integers(1, m, (n, models)))) % m
    found = models_as_voters(answers, labels, m)
    wrong = labels != right
    assert (found.doubted == wrong).mean() > 0.99
    assert (found.rival[wrong & found.doubted] == right[wrong & found.doubted]).mean() > 0.99
    np.testing.assert_allclose(found.accuracy, met.mean(axis=0), atol=0.01)
    # given labels that are wrong make all models err at once, so they count as fewer than they are
    assert 3 < found.weights.sum() < models


@pytest.mark.parametrize(
    ("answers", "without", "message"),
    [
        (np.zeros((2, 0), int), None, "2 examples and 0 models that vote; at least one"),
        (np.zeros((0, 2), int), None, "0 examples and 2 models"),
        (np.zeros((2, 1), int), 0, "2 examples and 0 models that vote"),
        (np.zeros((2, 3), int), 3, "without is 3, but the columns of answers run from 0 to 2"),
        (np.zeros((2, 3), int), -1, "without is -1"),
    ],
)
def test_what_nobody_votes_on_is_refused(answers, without, message):
    with pytest.raises(InputError, match=message):
        models_as_voters(answers, np.zeros(len(answers), int), 2, without=without)
