"""Chance that follows a script, and the samples that can come out, each with its probability."""

from fractions import Fraction
from itertools import chain, combinations, product
from math import prod

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
    """Return the chance of every sample of the pivotal method in this order: ``{sample: chance}``.

    By the rule of Deville and Tillé, two examples at a time, in fractions.
    """
    found = {}

    def walk(rest, held, chosen, chance):
        if chance == 0:
            return
        if not rest:
            example, share = held or (None, Fraction(0))
            for taken, weight in (([example], share), ([], 1 - share)):
                if weight > 0:
                    sample = tuple(sorted(chosen + taken))
                    found[sample] = found.get(sample, 0) + chance * weight
            return
        (example, own), *others = rest
        if held is None:
            walk(others, (example, own), chosen, chance)
            return
        first, share = held
        both = share + own
        if both < 1:  # one of them takes both shares
            walk(others, (example, both), chosen, chance * own / both)
            walk(others, (first, both), chosen, chance * share / both)
        else:  # one of them is in
            wins = (1 - own) / (2 - both)
            for one, other, weight in ((first, example, wins), (example, first, 1 - wins)):
                left = (other, both - 1) if both > 1 else None
                walk(others, left, [*chosen, one], chance * weight)

    certain, others = _certain_and_others(probabilities)
    walk(others, None, certain, Fraction(1))
    return found


def pivotal_scripts(probabilities):
    """Return what leads to every sample where who gathers a share of 1 is drawn in one go.

    ``{sample: [(chance, script)]}``. A script says, of each time that the shares reach 1 and of the
    end, first who holds them, numbers in proportion to the shares, and then whether they are in.
    """
    found = {}

    def walk(rest, parts, chosen, ways):
        while rest and sum(share for _, share in parts) + rest[0][1] < 1:
            parts, rest = [*parts, rest[0]], rest[1:]
        total = sum((share for _, share in parts), Fraction(0))
        low = Fraction(0)
        for holder, share in parts or [(None, Fraction(0))]:
            holds = (low / total, (low + share) / total) if total else (Fraction(0), Fraction(1))
            low += share
            if not rest:
                for taken, fight in (([holder], (Fraction(0), total)), ([], (total, Fraction(1)))):
                    put(chosen + taken, [*ways, (holds, fight)])
                continue
            (example, own), *others = rest
            wins, left = (1 - own) / (2 - total - own), total + own - 1
            for one, other, fight in (
                (holder, example, (Fraction(0), wins)),
                (example, holder, (wins, Fraction(1))),
            ):
                keeps = [(other, left)] if left > 0 else []
                walk(others, keeps, [*chosen, one], [*ways, (holds, fight)])

    def put(chosen, ways):
        ends = [one for each in zip(*ways, strict=True) for one in each]
        chance = prod((high - low for low, high in ends), start=Fraction(1))
        if chance > 0:
            for inside in (0.01, 0.99):
                script = [float(low) + inside * float(high - low) for low, high in ends]
                found.setdefault(tuple(sorted(chosen)), []).append((chance / 2, script))

    certain, others = _certain_and_others(probabilities)
    walk(others, [], certain, [])
    return found


def _certain_and_others(probabilities):
    certain = [example for example, own in enumerate(probabilities) if own == 1]
    return certain, [
        (example, Fraction(own)) for example, own in enumerate(probabilities) if own < 1
    ]
