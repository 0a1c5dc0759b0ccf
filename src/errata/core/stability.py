"""How firm a ranking of models is: where the accuracies of two models cross.

Let a share ``N`` of a test set come from C, the correctable examples, and the rest from B, the
benign ones. A test set with a higher ``N`` than the one at hand is made by removing a random share
``x`` of B. A model that is right on the shares ``A_B`` of B and ``A_C`` of C is then expected to
have the accuracy (the paper, section 5)::

    A(x) = ((1 - x) |B| A_B + |C| A_C) / ((1 - x) |B| + |C|)

Since ``N(x) = |C| / ((1 - x) |B| + |C|)``, with ``N`` in place of ``x`` this is a straight line::

    A(N) = (1 - N) A_B + N A_C

(Removing a share of C instead gives the same line, for lower ``N``.) Two models differ by
``(1 - N) ΔB + N ΔC``, which is zero at ``N× = ΔB / (ΔB - ΔC)``. With whole numbers of hits, so
that ``ΔB = Δb / |B|`` and ``ΔC = Δc / |C|``, this is ``N× = Δb |C| / (Δb |C| - Δc |B|)``: a ratio
of whole numbers, hence exact. It lies strictly between 0 and 1 just when one model is better on B
and the other on C. All this holds for the given labels as for the corrected ones; only the hits
on C differ between the two.

References
----------
Northcutt, Athalye and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize Machine
Learning Benchmarks", section 5 and figures 3 and 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Integer


@dataclass(frozen=True)
class Crossing:
    """The noise prevalence at which two models change places.

    ``a`` and ``b`` are the models in the order they were handed in, ``below`` the one that leads
    at every prevalence below ``exact`` and ``above`` the one that leads at every prevalence above.
    """

    a: str
    b: str
    exact: Fraction
    below: str
    above: str

    @property
    def prevalence(self) -> float:
        """The crossing as a number between 0 and 1."""
        return float(self.exact)

    def __str__(self) -> str:
        return f"{self.above} overtakes {self.below} at N = {100 * self.prevalence:.2f} %"


def crossings(
    models: Sequence[str],
    benign_hits: Integer[np.ndarray, "models"],
    correctable_hits: Integer[np.ndarray, "models"],
    *,
    n_benign: int,
    n_correctable: int,
) -> tuple[Crossing, ...]:
    """Return every crossing of two models' prevalence curves, lowest prevalence first.

    Models that are equal on B or on C do not cross at a prevalence strictly between 0 and 1,
    and with B or C empty nothing does. Crossings at the same prevalence stay in the order of
    the models.

    Parameters
    ----------
    models : their names
    benign_hits, correctable_hits : how often each is right on B and on C, whole numbers
    n_benign, n_correctable : the sizes of B and C

    Examples
    --------
    >>> small, large = 60, 80  # hits of two models on B, out of 100
    >>> hits = np.array([small, large]), np.array([9, 5])  # and on C, out of 10
    >>> [crossing] = crossings(["small", "large"], *hits, n_benign=100, n_correctable=10)
    >>> crossing.exact, str(crossing)
    (Fraction(1, 3), 'small overtakes large at N = 33.33 %')
    """
    # 64 bits, because differences of narrow or unsigned integers wrap round
    on_benign, on_correctable = benign_hits.astype(np.int64), correctable_hits.astype(np.int64)
    found = []
    for a in range(len(models)):
        ahead_on_benign = on_benign[a] - on_benign
        ahead_on_correctable = on_correctable[a] - on_correctable
        apart = np.sign(ahead_on_benign) * np.sign(ahead_on_correctable) < 0
        for b in (a + 1 + np.flatnonzero(apart[a + 1 :])).tolist():
            benign = int(ahead_on_benign[b]) * n_correctable
            correctable = int(ahead_on_correctable[b]) * n_benign
            pair = (models[a], models[b])
            below, above = pair if benign > 0 else pair[::-1]
            found.append(Crossing(*pair, Fraction(benign, benign - correctable), below, above))
    return tuple(sorted(found, key=lambda crossing: crossing.exact))
