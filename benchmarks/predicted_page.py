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
CHECKED = ("checked", "errors")
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


def publish(runs: list[dict[str, Any]], verdicts: Iterable[tuple[str, Any, float, bool]]) -> None:
    """Renew the tables of the page: those of runs with a GPU, or of runs without."""
    cases = {name: case for one in runs for name, case in one["cases"].items()}
    device = "device" in runs[0]["machine"]
    parts = [
        *map(_told, runs),
        "Five folds, seed 0, no train part.",
        _targets(verdicts),
        "Probabilities:",
        _quality(cases),
        "Beside Table 1 of the paper:",
        _beside(cases),
        "Of those that people checked in the study, so many are among our candidates:",
        _overlap(cases),
        *_planted(cases),
    ]
    put("gpu" if device else "results", "\n\n".join(parts) + "\n", PAGE)


def _told(run: dict[str, Any]) -> str:
    """Return what was run, when and where."""
    place = run["machine"]
    device = f" and {place['device']}" if "device" in place else ""
    names = ", ".join(TITLES[name] for name in run["cases"])
    return (
        f"{names}: one run on {place['date']}, on {place['processor']} with {place['cores']} "
        f"cores{device}; {place['system']}, {place['versions']}."
    )


def _targets(verdicts: Iterable[tuple[str, Any, float, bool]]) -> str:
    rows = [
        [
            TITLES[name],
            target.what or target.figure,
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
    """Return Table 1 of the paper beside what our models estimate."""
    rows = []
    for name, case in cases.items():
        paper = _printed().get(name)
        theirs = ["", "", ""]
        if paper:
            found = f"{int(paper['validated']):,} of {int(paper['checked']):,}"
            theirs = [paper["model"], f"{int(paper['guessed']):,}", found]
        ours = [f"`{case['model']}`", f"{case['figures']['estimated errors']:,}"]
        rows.append([TITLES[name], f"{case['examples']:,}", *theirs, *ours])
    head = ["", "examples", "the paper's model", "its candidates", "errors", "ours", "estimated"]
    return markdown(head, rows)


def _overlap(cases: dict[str, Any]) -> str:
    """Return how many of those that people checked our candidates hold."""
    rows = []
    for name, case in cases.items():
        if name in _printed():
            of, seen = case["figures"], "among the first"
            same, errors = (of[f"of the {what}, in as many candidates"] for what in CHECKED)
            row = [
                f"{same:,} of {of['checked in the study']:,}",
                f"{errors:,} of {of['errors in the study']:,}",
                *(f"{of[f'{what} {seen}']:,}" for what in CHECKED),
                f"{of[f'precision of the checked {seen}']:.0%}",
            ]
            rows.append([TITLES[name], *row[:2], f"{of['first candidates']:,}", *row[2:]])
    head = ["", "same", "same errors", "our first", "checked", "errors", "precision"]
    return markdown(head, rows)


def _planted(cases: dict[str, Any]) -> list[str]:
    """Return a sentence for each set with planted errors."""
    return [
        f"{TITLES[name].capitalize()}: among the first {of['first candidates']:,} candidates are "
        f"{of['planted among the first']:,} of the {of['planted']:,} planted errors "
        f"({of['share of the planted among the first']:.0%})."
        for name, of in ((name, case["figures"]) for name, case in cases.items())
        if "planted" in of
    ]


def _printed() -> dict[str, dict[str, str]]:
    with TABLE_1.open(newline="", encoding="utf-8") as file:
        return {row["set"]: row for row in csv.DictReader(file)}
