"""What `find` must give back, worked out slowly from the definitions, an example at a time.

Plain loops over lists of Python's floats and fractions, which share no line with errata. All of it
stands in docs/definitions.md.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True)
class Expected:
    """The parts of `Findings` that follow from labels and probabilities."""

    thresholds: list[float | None]
    confident_joint: list[list[int]]
    estimated_errors: int
    flagged: dict[str, set[int]]
    margins: list[float]
    probs: list[list[float]]
    labels: list[int]

    def other(self, example):
        """Return the most probable class but the given one, the lower one of equals."""
        row = self.probs[example]
        rest = [j for j in range(len(row)) if j != self.labels[example]]
        return max(rest, key=lambda j: (row[j], -j))

    def score(self, example, score):
        """Return the score of an example; low is suspicious."""
        row = self.probs[example]
        mine = row[self.labels[example]]
        if score == "self_confidence":
            return mine
        if score == "normalized_margin":
            return self.margins[example]
        entropy = 0.0
        for p in row:
            entropy += p * float(np.log([p])[0]) if p > 0 else 0.0
        q = max(-entropy, 0) / float(np.log(len(row))) / max(mine, 1e-6)
        return float(np.log1p([q])[0]) / q if q > 0 else 1.0

    def ranked(self, rule, score):
        """Return what a rule flags, worst first; equal scores by the number of the example."""
        return sorted(self.flagged[rule], key=lambda i: (self.score(i, score), i))


def find_by_hand(labels, probs, listed=None):
    """Return what `find` must give back for labels ``(n,)`` and probabilities ``(n, m)``.

    Where only some classes are ``listed``, ``(n, m)``, the others never reach their threshold.
    """
    n, m = probs.shape
    p = [[float(value) + 0.0 for value in row] for row in probs]  # -0.0 is 0.0
    labels = [int(label) for label in labels]
    classes = range(m)
    members = [[i for i in range(n) if labels[i] == j] for j in classes]
    thresholds = [
        float(sum(Fraction(p[i][j]) for i in members[j]) / len(members[j])) if members[j] else None
        for j in classes
    ]

    estimate = []
    for i, row in enumerate(p):
        confident = [
            j
            for j in classes
            if (bar := thresholds[j]) is not None
            and row[j] >= bar
            and (listed is None or listed[i, j])
        ]
        estimate.append(max(confident, key=lambda j: (row[j], -j)) if confident else None)
    joint = [[0] * m for _ in classes]
    for i in range(n):
        if estimate[i] is not None:
            joint[labels[i]][estimate[i]] += 1
    total = sum(map(sum, joint))
    off_diagonal = total - sum(joint[j][j] for j in classes)
    errors = off_diagonal * n // total if total else 0

    margins = [
        row[label] - max(row[j] for j in classes if j != label)
        for row, label in zip(p, labels, strict=True)
    ]
    flagged = {
        "margin": set(sorted(range(n), key=lambda i: (margins[i], i))[:errors]),
        "confident": {i for i in range(n) if estimate[i] not in (None, labels[i])},
        "argmax": {i for i in range(n) if margins[i] < 0},
        "class": set(),
        "noise_rate": set(),
    }
    for k in classes:
        counts = _calibrated_row(joint[k], len(members[k]), k)
        ranked = sorted(members[k], key=lambda i: (p[i][k], i))
        flagged["class"] |= set(ranked[: len(members[k]) - counts[k]])
        for j in classes:
            if j != k and counts[j]:
                ranked = sorted(members[k], key=lambda i: (p[i][k] - p[i][j], i))
                flagged["noise_rate"] |= set(ranked[: counts[j]])
    flagged["both"] = flagged["class"] & flagged["noise_rate"]
    return Expected(thresholds, joint, errors, flagged, margins, p, labels)


def _calibrated_row(counts, size, given):
    """Scale a row of the joint to its number of examples, in whole numbers that sum to it."""
    total = sum(counts)
    row = [0] * len(counts)
    if not total:
        row[given] = size
        return row
    share = {j: Fraction(count * size, total) for j, count in enumerate(counts) if count}
    for j, each in share.items():
        row[j] = int(each)
    by_loss = sorted(share, key=lambda j: (row[j] - share[j], j))
    for j in by_loss[: size - sum(row)]:
        row[j] += 1
    return row
