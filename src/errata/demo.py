"""The demo: one audit from labels to report, on scikit-learn's handwritten digits.

Real scans, with a known share of labels made wrong, so that what is found can be counted. It uses
the public names of errata alone, and is an example of how to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

import errata

PLANTED_SHARE = 0.04
REVIEWERS = 5
SLIP_RATE = 0.05

Say = Callable[[str], None]


def _silent(line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, eq=False)
class Digits:
    """The audit of the digits, and what only the demo knows: the right labels."""

    audit: "errata.Audit"
    found: errata.Findings
    pixels: Any
    true: Int[np.ndarray, "n"]
    given: Int[np.ndarray, "n"]

    @property
    def planted(self) -> set[int]:
        """The examples whose label was made wrong."""
        return set(np.flatnonzero(self.true != self.given).tolist())


@dataclass(frozen=True)
class DemoResult:
    """What the demo found, counted against what it planted."""

    audit: Path
    release: Path
    report: Path
    planted: int
    candidates: int
    found: int
    corrected: int
    leader_original: str
    leader_corrected: str
    sentence: str


def prepare_demo(out: Path, *, seed: int = 0, say: Say = _silent) -> Digits:
    """Plant wrong labels, get out-of-sample probabilities, and find; the audit waits for a plan.

    Parameters
    ----------
    out : a new folder for everything the demo writes
    seed : draws which labels are made wrong
    say : is told what is being done, a line at a time
    """
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    digits = load_digits()
    rng = np.random.default_rng(seed)
    true = digits.target.astype(np.int64)
    given = true.copy()
    wrong = rng.choice(len(true), round(PLANTED_SHARE * len(true)), replace=False)
    given[wrong] = (true[wrong] + rng.integers(1, 10, len(wrong))) % 10
    say(f"{len(true):,} handwritten digits; {len(wrong)} labels were made wrong on purpose.")

    say("Cross-validating a logistic regression for out-of-sample probabilities ...")
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    probs = cross_val_predict(model, digits.data, given, cv=folds, method="predict_proba")

    audit = errata.Audit.create(
        out / "digits.audit",
        labels=given,
        probs=probs,
        classes=[str(name) for name in digits.target_names],
        media=errata.Images(digits.images),
        name="Handwritten digits with planted errors",
    )
    found = audit.find(flagger="logistic regression, cross-validated in 5 folds")
    assert isinstance(found, errata.Findings), "a digit has one label"
    say(f"{len(found)} labels look wrong ({found.estimated_errors} errors are estimated).")
    return Digits(audit, found, digits.data, true, given)


def run_demo(out: Path, *, seed: int = 0, say: Say = _silent) -> DemoResult:
    """Run the whole audit with simulated reviewers, and write release and report into ``out``.

    Parameters
    ----------
    out : a new folder for everything the demo writes
    seed : draws the wrong labels and the reviewers' slips
    say : is told what is being done, a line at a time
    """
    digits = prepare_demo(out, seed=seed, say=say)
    audit = digits.audit
    plan = audit.plan(votes=REVIEWERS, threshold=3)
    say(
        f"{REVIEWERS} simulated reviewers look at each candidate; each slips {SLIP_RATE:.0%} "
        "of the time."
    )
    audit.add_votes(
        simulated_votes(digits, seed=seed),
        kind="simulated",
        note=f"simulated reviewers who know the right label and slip {SLIP_RATE:.0%} of the time",
    )
    verdicts = audit.verdicts()
    release = audit.release(out / "release")
    say("Comparing scikit-learn models of rising capacity ...")
    comparison = audit.compare(model_predictions(digits, seed=seed, say=say))
    report = audit.report(out / "report.html")

    candidates = set(verdicts.examples.tolist())
    found = len(candidates & digits.planted)
    right = digits.true[verdicts.examples] == verdicts.suggested
    corrected = int((right & (np.array(verdicts.names) == "correctable")).sum())
    before = comparison.leaders("original", "D")[0]
    after = comparison.leaders("corrected", "P")[0]
    sentence = (
        f"Planted {len(digits.planted)} wrong labels: {found} are among the {plan.candidates} "
        f"candidates, {len(digits.planted) - found} were missed, so precision is "
        f"{found / plan.candidates:.0%}; {corrected} were set right. {comparison.headline()}"
    )
    return DemoResult(
        audit=audit.path,
        release=release.path,
        report=report,
        planted=len(digits.planted),
        candidates=plan.candidates,
        found=found,
        corrected=corrected,
        leader_original=before,
        leader_corrected=after,
        sentence=sentence,
    )


def simulated_votes(digits: Digits, *, seed: int) -> list[dict[str, Any]]:
    """Return the votes of reviewers who know the right label but slip now and then."""
    rng = np.random.default_rng([seed, 1])
    answers = ("given", "suggested", "both", "neither")
    votes = []
    found = digits.found
    for example, given, suggested in zip(
        found.indices.tolist(), found.given.tolist(), found.suggested.tolist(), strict=True
    ):
        true = int(digits.true[example])
        right = {given: "given", suggested: "suggested"}.get(true, "neither")
        for number in range(1, REVIEWERS + 1):
            slips = rng.random() < SLIP_RATE
            answer = rng.choice([a for a in answers if a != right]) if slips else right
            votes.append(
                {
                    "index": example,
                    "reviewer": f"simulated reviewer {number}",
                    "answer": str(answer),
                    "first": str(rng.choice(["given", "suggested"])),
                }
            )
    return votes


def model_predictions(digits: Digits, *, seed: int, say: Say) -> dict[str, np.ndarray]:
    """Return out-of-sample predictions of models of rising capacity, fitted on the given labels."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    models: dict[str, Any] = {
        "naive Bayes": GaussianNB(var_smoothing=1e-2),
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(C=0.05)),
        "decision tree": DecisionTreeClassifier(random_state=seed),
        "7 nearest neighbours": KNeighborsClassifier(7),
        "1 nearest neighbour": KNeighborsClassifier(1),
        "random forest": RandomForestClassifier(200, random_state=seed, n_jobs=-1),
        "support vector machine": SVC(gamma=0.001, C=10),
    }
    # folds of their own, so that no compared model was fitted on the same examples as the flagger
    folds = StratifiedKFold(5, shuffle=True, random_state=seed + 1)
    answers = {}
    for name, model in models.items():
        say(f"  {name}")
        answers[name] = cross_val_predict(model, digits.pixels, digits.given, cv=folds)
    return answers
