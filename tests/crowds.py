"""Crowds for tests: drawn ones, simulated ones whose truth is known, and models worked out slowly.

The oracles are plain loops over lists that share no line with errata; they multiply probabilities
where errata adds logarithms.
"""

import math

import numpy as np
from hypothesis import strategies as st


@st.composite
def crowds(draw, max_answers=3):
    """Draw a few votes ``[(item, reviewer, answer)]`` and the sizes; some have no vote."""
    sizes = draw(
        st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, max_answers)), label="sizes"
    )
    vote = st.tuples(*(st.integers(0, size - 1) for size in sizes))
    return draw(st.lists(vote, max_size=16), label="votes"), sizes


def columns(votes):
    """Return items, reviewers and answers as arrays."""
    return tuple(np.array(votes, dtype=np.int64).reshape(-1, 3).T)


def as_options(sizes):
    """Return the sizes as the options that the models take."""
    return dict(zip(("n_items", "n_reviewers", "n_answers"), sizes, strict=True))


def simulated(seed, confusion, n_items, per_item, shares=None):
    """Return truth, items, reviewers and answers of reviewers with known confusions.

    Each item is seen by ``per_item`` reviewers, drawn without repeats.
    """
    rng = np.random.default_rng(seed)
    n_reviewers, n_answers, _ = confusion.shape
    truth = rng.choice(n_answers, size=n_items, p=shares)
    seen = rng.random((n_items, n_reviewers)).argsort(axis=1)[:, :per_item]
    items, reviewers = np.repeat(np.arange(n_items), per_item), seen.ravel()
    below = confusion[reviewers, truth[items]].cumsum(axis=1)
    answers = (rng.random((len(items), 1)) > below[:, :-1]).sum(axis=1)
    return truth, items, reviewers, answers


def coins(rates, n_answers):
    """Return confusions of reviewers that are right at a rate, and wrong evenly."""
    rates = np.asarray(rates, dtype=float)[:, None, None]
    same = np.eye(n_answers, dtype=bool)
    return np.where(same, rates, (1 - rates) / (n_answers - 1))


def majority(items, answers, n_items, n_answers):
    """Return the commonest answer to each item, the lower one of equals."""
    table = np.zeros((n_items, n_answers), int)
    np.add.at(table, (items, answers), 1)
    return table.argmax(axis=1)


# ---------------------------------------------------------------- slow models


def fitted_by_hand(votes, sizes, learn, likelihood, *, each, iterations):
    """Return posterior, shares and parameters after some iterations of a model."""
    n_items, _, n_answers = sizes
    voted = sorted({item for item, _, _ in votes})
    posterior = {}
    for i in voted:
        mine = [answer for item, _, answer in votes if item == i]
        posterior[i] = [mine.count(k) / len(mine) for k in range(n_answers)]
    for _ in range(iterations):
        parameters = learn(votes, sizes, posterior)
        shares = [
            (sum(posterior[i][k] for i in voted) + each) / (len(voted) + each * n_answers)
            for k in range(n_answers)
        ]
        for i in voted:
            weights = []
            for k in range(n_answers):
                weight = shares[k]
                for item, reviewer, answer in votes:
                    if item == i:
                        weight *= likelihood(parameters, reviewer, k, answer)
                weights.append(weight)
            posterior[i] = [weight / sum(weights) for weight in weights]
    return [posterior.get(i, shares) for i in range(n_items)], shares, parameters


def dawid_skene_by_hand(votes, sizes, *, right, wrong, each, iterations):
    def learn(votes, sizes, posterior):
        _, n_reviewers, m = sizes
        confusion = {}
        for r in range(n_reviewers):
            for k in range(m):
                counts = [right if a == k else wrong / (m - 1) for a in range(m)]
                for item, reviewer, answer in votes:
                    if reviewer == r:
                        counts[answer] += posterior[item][k]
                for a in range(m):
                    confusion[r, k, a] = counts[a] / sum(counts)
        return confusion

    def likelihood(confusion, reviewer, k, answer):
        return confusion[reviewer, k, answer]

    return fitted_by_hand(votes, sizes, learn, likelihood, each=each, iterations=iterations)


def one_coin_by_hand(votes, sizes, *, right, wrong, each, iterations):
    m = sizes[2]

    def learn(votes, sizes, posterior):
        rates = []
        for r in range(sizes[1]):
            mine = [(item, answer) for item, reviewer, answer in votes if reviewer == r]
            hits = sum(posterior[item][answer] for item, answer in mine)
            rates.append((hits + right) / (len(mine) + right + wrong))
        return rates

    def likelihood(rates, reviewer, k, answer):
        rate = rates[reviewer]
        return rate if answer == k else (1 - rate) / (m - 1)

    return fitted_by_hand(votes, sizes, learn, likelihood, each=each, iterations=iterations)


# ---------------------------------------------------------------- how good a fit is


def log_posterior(votes, sizes, found, chance, prior, each=1.0):
    """Return the logarithm, but for a constant, of what a model is to make as large as it can.

    ``chance(item, reviewer, k, answer)`` is how probable a vote is where ``k`` is right.
    """
    total = prior + each * sum(math.log(share) for share in found.shares)
    for i in {item for item, _, _ in votes}:
        evidence = 0.0
        for k in range(sizes[2]):
            likelihood = float(found.shares[k])
            for item, reviewer, answer in votes:
                if item == i:
                    likelihood *= chance(i, reviewer, k, answer)
            evidence += likelihood
        total += math.log(evidence)
    return total


def height_of_dawid_skene(votes, sizes, found, right=4.0, wrong=1.0):
    m, prior = sizes[2], 0.0
    for table in found.confusion:
        for k in range(m):
            for a in range(m):
                before = right if a == k else wrong / (m - 1)
                prior += before * math.log(table[k, a])
    return log_posterior(votes, sizes, found, lambda _, r, k, a: found.confusion[r, k, a], prior)


def height_of_one_coin(votes, sizes, found, right=4.0, wrong=1.0):
    prior = sum(right * math.log(p) + wrong * math.log(1 - p) for p in found.quality)

    def chance(_, r, k, a):
        p = found.quality[r]
        return p if a == k else (1 - p) / (sizes[2] - 1)

    return log_posterior(votes, sizes, found, chance, prior)


def height_of_glad(votes, sizes, found):
    prior = -sum((a - 1) ** 2 for a in found.ability) / 2
    prior -= sum((-math.log(d) - 1) ** 2 for d in found.difficulty) / 2

    def chance(i, r, k, a):
        p = 1 / (1 + math.exp(-found.ability[r] / found.difficulty[i]))
        return p if a == k else (1 - p) / (sizes[2] - 1)

    return log_posterior(votes, sizes, found, chance, prior)
