"""Chance that follows a script, and the samples that can come out, each with its probability."""

from fractions import Fraction
from itertools import chain, combinations, product

import numpy as np


class Scripted(np.random.Generator):
    """A generator whose numbers are said beforehand; it shuffles nothing unless told how."""

    def __init__(self, numbers=(), order=None):
        super().__init__(np.random.PCG64(0))
        self._numbers, self._order = list(numbers), order

    def permutation(self, x, axis=0):
        listed = np.arange(x) if isinstance(x, int) else np.asarray(x)
        order, self._order = self._order, None
        return listed if order is None else listed[list(order)]

    def random(self, size=None, dtype=np.float64, out=None):
        if size is None:
            return self._numbers.pop(0)
        taken, self._numbers = self._numbers[:size], self._numbers[size:]
        return np.array(taken + [0.5] * (size - len(taken)))


def stratified_samples(strata, numbers):
    """Yield every sample with so many of each stratum; all are as likely."""
    members = [np.flatnonzero(np.asarray(strata) == h) for h in range(len(numbers))]
    each = [combinations(own.tolist(), k) for own, k in zip(members, numbers, strict=True)]
    for chosen in product(*map(list, each)):
        yield sorted(chain.from_iterable(chosen))


def pivotal_tree(probabilities):
    """Return every sample of the pivotal method in this order: ``{sample: (chance, script)}``.

    By the rule of Deville and Tillé, in fractions. The script is a list of numbers between 0 and 1
    that lead there, one for each example and one for the end.
    """
    found = {}

    def walk(rest, held, chosen, chance, script):
        if not rest:
            if held is None:
                put(chosen, chance, [*script, 0.5])
                return
            example, share = held
            for taken, weight, number in (
                ([example], share, float(share) / 2),
                ([], 1 - share, float(1 + share) / 2),
            ):
                if weight > 0:
                    put(chosen + taken, chance * weight, [*script, number])
            return
        (example, own), *others = rest
        if held is None:
            walk(others, (example, own), chosen, chance, [*script, 0.5])
            return
        first, share = held
        both = share + own
        if both < 1:
            split = own / both  # below: the newcomer takes both shares
            low, high = ((example, both), []), ((first, both), [])
        else:
            split = (1 - own) / (2 - both)  # below: the one before is in
            low, high = ((example, both - 1), [first]), ((first, both - 1), [example])
        for (keeps, wins), weight, number in (
            (low, split, float(split) / 2),
            (high, 1 - split, float(1 + split) / 2),
        ):
            if weight > 0:
                left = keeps if keeps[1] > 0 else None
                walk(others, left, chosen + wins, chance * weight, [*script, number])

    def put(chosen, chance, script):
        found.setdefault(tuple(sorted(chosen)), []).append((chance, script))

    certain = [example for example, own in enumerate(probabilities) if own == 1]
    others = [(example, Fraction(own)) for example, own in enumerate(probabilities) if own < 1]
    walk(others, None, certain, Fraction(1), [])
    return found
