"""Small audits and databases that several tests start from."""

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from errata.audit import Audit
from errata.core.consensus import VOTED
from errata.exchange.votes import CANNOT_TELL
from errata.store import records
from errata.store.database import Database

CLASSES = ("cat", "dog", "fox")


def planned(db: Database, n: int = 3, votes: int = 5, threshold: int = 3) -> Database:
    """Fill a database with one run that flagged examples 0..n-1, all of them planned."""
    with db.write() as connection:
        array = records.add_array(connection, role="probs", path="p.npy", sha256="0")
        finding = records.add_finding(
            connection,
            {
                "rule": "margin",
                "score": "normalized_margin",
                "compat": None,
                "settings": {},
                "flagger": "model",
                "estimated_errors": n,
                "thresholds": [0.5, 0.5],
                "warnings": [],
                "probs": array,
                "self_confidence": array,
                "errata": "0",
            },
            [
                {"example": i, "given": 0, "suggested": 1, "score": -0.5, "rules": ["margin"]}
                for i in range(n)
            ],
        )
        settings = {"goal": "errors", "votes": votes, "threshold": threshold, "budget": None}
        records.add_plan(connection, {"finding": finding, **settings})
    return db


def small_set(n: int = 60, wrong: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and probabilities of a set whose first examples have wrong labels.

    Example i truly belongs to class i mod 3; the first ``wrong`` are given the class after it.
    """
    rng = np.random.default_rng(7)
    truth = np.arange(n) % 3
    given = np.where(np.arange(n) < wrong, (truth + 1) % 3, truth)
    probs = rng.dirichlet((1, 1, 1), n) * 0.2
    probs[np.arange(n), truth] += 0.8
    return given, probs / probs.sum(axis=1, keepdims=True)


def small_audit(path: Path, **options: object) -> Audit:
    """Return an audit of `small_set`, just made."""
    labels, probs = small_set()
    return Audit.create(path, **{"labels": labels, "probs": probs, "classes": CLASSES, **options})


def doubting_probs(wrong: Bool[np.ndarray, "n"]) -> Float[np.ndarray, "n 3"]:
    """Return probabilities that doubt most wrong labels, and some right ones, of class i mod 3."""
    n, rng = len(wrong), np.random.default_rng(11)
    given = np.arange(n) % 3
    sure = np.where(wrong, rng.beta(2, 3, n), rng.beta(8, 1, n))
    probs = rng.dirichlet((1, 1, 1), n)
    probs[np.arange(n), given] = 0
    probs *= ((1 - sure) / probs.sum(axis=1))[:, np.newaxis]
    probs[np.arange(n), given] = sure
    return probs


def doubtful_audit(path: Path, wrong: Bool[np.ndarray, "n"], **plan: object) -> Audit:
    """Return an audit of `doubting_probs` with a sample for the error rate, one vote for each."""
    given, probs = np.arange(len(wrong)) % 3, doubting_probs(wrong)
    audit = Audit.create(path, labels=given, probs=probs, classes=CLASSES)
    audit.find()
    audit.plan(**{"goal": "rate", "votes": 1, "threshold": 1, **plan})
    return audit


def planned_rows(audit: Audit) -> list[dict[str, object]]:
    """Return what is planned, in the order of asking."""
    with audit._db.read() as db:
        return records.planned(db)


def planned_audit(
    path: Path,
    *,
    votes: int = 5,
    threshold: int = 3,
    stopping: str = "off",
    full_share: float = 0.05,
    **options: object,
) -> Audit:
    """Return an audit of `small_set` whose candidates (the wrong labels) are planned."""
    audit = small_audit(path, **options)
    audit.find()
    audit.plan(votes=votes, threshold=threshold, stopping=stopping, full_share=full_share)
    return audit


def candidates(audit: Audit) -> list[int]:
    """Return the planned examples, in the order of asking."""
    return [audit.index_of(one.id) for one in audit.questions()]


def cast(audit: Audit, example: int, answers: str) -> None:
    """Let r0, r1, ... answer, a letter each: given, suggested, both, neither, or cannot tell."""
    words = dict(zip("gsbno", VOTED, strict=True))
    for number, letter in enumerate(answers):
        said = CANNOT_TELL if letter == "o" else None
        audit.vote(f"r{number}", example, words[letter], first="given", key=str(example), said=said)


FIVE = ("cat", "dog", "fox", "owl", "bee")


def choice_audit(
    path: Path, *, n: int = 60, wrong: int = 8, planned: bool = True, **settings: object
) -> Audit:
    """Return an audit whose first examples are given a wrong class, and asked about by choice.

    Example i is truly of class i mod 5. `find` suggests the true class; a second flagger the one
    after the given one. ``settings`` of an audit go to it, all others to its plan.
    """
    rng = np.random.default_rng(11)
    truth = np.arange(n) % 5
    given = np.where(np.arange(n) < wrong, (truth + 2) % 5, truth)
    probs = rng.dirichlet(np.ones(5), n) * 0.3
    probs[np.arange(n), truth] += 0.7
    made = {
        name: settings.pop(name) for name in ("database", "media", "classes") if name in settings
    }
    audit = Audit.create(path, **{"labels": given, "probs": probs, "classes": FIVE, **made})
    second = [{"index": i, "suggested": int(given[i] + 1) % 5} for i in range(wrong)]
    audit.add_candidates(second, flagger="a second model")
    audit.find(rule="argmax")
    if planned:
        audit.plan(**{"question": "choice", **settings})
    return audit
