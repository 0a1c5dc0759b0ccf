"""Small audits where examples have several labels, for several tests."""

from pathlib import Path

import numpy as np

from errata.audit import Audit
from errata.exchange.votes import CANNOT_TELL

CANNOT = {"answer": "other", "said": CANNOT_TELL}
"""What a row of votes says of one who cannot tell."""

SOUNDS = ("dog", "speech", "music", "rain, heavy", "car")


def some_sets(n: int = 60) -> list[list[int]]:
    """Return the labels of example i: i mod 5, of every third the next one too, of some none."""
    return [
        [] if i % 10 == 9 else sorted({i % 5, (i + 1) % 5} if i % 3 == 0 else {i % 5})
        for i in range(n)
    ]


def doubts(count: int = 8) -> list[dict[str, object]]:
    """Return candidates: for each of the first examples a suggested set that is not the given."""
    suggested = [
        sorted({(i + 1) % 5, (i + 2) % 5} ^ ({i % 5} if i % 2 else set())) for i in range(count)
    ]
    return [
        {"index": i, "suggested": labels}
        for i, labels in enumerate(suggested)
        if labels != some_sets()[i]
    ]


def sounds(
    path: Path,
    *,
    votes: int = 3,
    threshold: int = 2,
    stopping: str = "off",
    full_share: float = 0.05,
    **options: object,
) -> Audit:
    """Return an audit of `some_sets` whose `doubts` are planned."""
    audit = Audit.create(path, **{"labels": some_sets(), "classes": SOUNDS, **options})
    audit.add_candidates(doubts(), flagger="ann")
    audit.plan(votes=votes, threshold=threshold, stopping=stopping, full_share=full_share)
    return audit


def tick(audit: Audit, example: int, *answers: str) -> None:
    """Let reviewers answer with labels by their first letters: ``"ds"`` is dog and speech.

    ``"?"`` is of one who cannot tell.
    """
    letters = {name[0]: name for name in SOUNDS}
    audit.add_votes(
        [
            {
                "index": example,
                "reviewer": f"reviewer {place}",
                **(CANNOT if answer == "?" else {"labels": [letters[one] for one in answer]}),
            }
            for place, answer in enumerate(answers)
        ]
    )


def as_set(labels: object) -> set[int]:
    """Return the classes of a row of booleans."""
    return set(np.flatnonzero(labels).tolist())
