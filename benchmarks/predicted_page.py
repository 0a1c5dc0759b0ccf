"""The page of `predict.py`: what came out, beside Table 1 of the paper."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from machine import machine
from telling import markdown, put
from words import in_seconds

REPO = Path(__file__).resolve().parent.parent
PAGE = REPO / "docs" / "predicting.md"
TABLE_1 = REPO / "src" / "errata" / "paper" / "printed" / "table1.csv"
TITLES = {
    "20news": "20 Newsgroups",
    "mnist": "MNIST",
    "imdb": "IMDB",
    "cifar10": "CIFAR-10",
    "fsdd": "spoken digits",
}
VERSIONS = ("numpy", "scikit-learn", "torch", "errata")


def where(device: str | None) -> dict[str, str]:
    """Return where this is run, in words."""
    found = machine(VERSIONS)
    try:
        import torch

        from errata.predict.device import pick_device

        if pick_device(device).type == "cuda":
            found["device"] = torch.cuda.get_device_name()
    except ImportError:
        pass
    return found


def publish(found: dict[str, Any], verdicts: Iterable[tuple[str, Any, float, bool]]) -> None:
    """Renew the tables of the page: those of a run with a GPU, or of one without."""
    cases, place = found["cases"], found["machine"]
    device = f" and {place['device']}" if "device" in place else ""
    run = f"One run on {place['date']}, on {place['processor']} with {place['cores']} cores{device}"
    parts = [
        f"{run}; {place['system']}, {place['versions']}. Five folds, seed 0, no train part.",
        _targets(verdicts),
        "Probabilities:",
        _quality(cases),
        "Beside Table 1 of the paper:",
        _beside(cases),
    ]
    put("gpu" if device else "results", "\n\n".join(parts) + "\n", PAGE)


def _targets(verdicts: Iterable[tuple[str, Any, float, bool]]) -> str:
    rows = [
        [
            TITLES[name],
            target.figure,
            ("≤ " if target.at_most else "≥ ") + f"{target.bound:g}",
            f"{value:.4g}",
            "met" if met else "**not met**",
        ]
        for name, target, value, met in verdicts
    ]
    return markdown(["", "figure", "wanted", "found", ""], rows)


def _quality(cases: dict[str, Any]) -> str:
    rows = []
    for name, case in cases.items():
        figures = case["figures"]
        rows.append(
            [
                TITLES[name],
                f"`{case['model']}`",
                f"{figures['accuracy']:.4f}",
                f"{figures['training accuracy']:.4f}",
                f"{figures['log-loss']:.3f}",
                f"{figures['calibration error']:.3f}",
                in_seconds(figures["seconds"]),
            ]
        )
    head = ["", "model", "accuracy", "training accuracy", "log-loss", "calibration error", "time"]
    return markdown(head, rows)


def _beside(cases: dict[str, Any]) -> str:
    with TABLE_1.open(newline="", encoding="utf-8") as file:
        printed = {row["set"]: row for row in csv.DictReader(file)}
    rows = []
    for name, case in cases.items():
        if name in printed:
            paper = printed[name]
            theirs = [
                f"{paper['model']}: {int(paper['guessed']):,}",
                f"{int(paper['validated']):,} of {int(paper['checked']):,} ({paper['percent']} %)",
            ]
            found = _of_the_checked(case["figures"])
        else:
            theirs, found = ["", ""], _of_the_planted(case["figures"])
        ours = [f"`{case['model']}`", f"{case['figures']['estimated errors']:,}"]
        rows.append([TITLES[name], f"{case['examples']:,}", *theirs, *ours, *found])
    head = [
        "",
        "examples",
        "the paper's model, and its candidates",
        "errors that people found",
        "our model",
        "errors we estimate",
        "of the paper's checked, in as many of our candidates",
        "our first candidates",
    ]
    return markdown(head, rows)


def _of_the_checked(figures: dict[str, Any]) -> list[str]:
    same = (
        f"{figures['of the checked, in as many candidates']:,} of "
        f"{figures['checked in the study']:,}; of the errors "
        f"{figures['of the errors, in as many candidates']:,} of "
        f"{figures['errors in the study']:,}"
    )
    first = (
        f"of the first {figures['first candidates']:,} the study checked "
        f"{figures['checked among the first']:,}; {figures['errors among the first']:,} were "
        f"errors ({figures['precision of the checked among the first']:.0%})"
    )
    return [same, first]


def _of_the_planted(figures: dict[str, Any]) -> list[str]:
    first = (
        f"of the first {figures['first candidates']:,}, "
        f"{figures['planted among the first']:,} of {figures['planted']:,} planted errors "
        f"({figures['share of the planted among the first']:.0%})"
    )
    return ["", first]
