"""From raw files to candidates: predict five published sets, and compare with what people found.

Everything takes about 40 minutes on two cores, half of it CIFAR-10. It prints a table, keeps all
numbers as JSON, and, if it was whole, renews docs/predicting.md: with ``--device cuda`` the part
about a GPU. It ends with 1 if a target is not met. The data is looked for in ERRATA_DATA, else in
../shared/data.
"""

import argparse
import json
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import predicted_page
from synthetic import KEPT

import errata
from errata.datasets.base import Dataset
from errata.datasets.media import Images, Sounds
from errata.predict.base import Step
from errata.predict.crossval import OutOfSample
from errata.predict.device import pick_device
from errata.predict.named import named_model

REPO = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("ERRATA_DATA") or REPO.parent / "shared" / "data")
LABELS = DATA / "label_errors" / "labels"
RAW = DATA / "raw"
FOLDS = 5
MORE_THAN_HALF = 3  # votes of five


@dataclass(frozen=True)
class Target:
    """What has to come out: a figure of a case, the least (or most) it may be, and in words."""

    figure: str
    bound: float
    at_most: bool = False
    what: str = ""

    def met(self, value: float) -> bool:
        """Return whether it came out."""
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True, kw_only=True)
class Case:
    """One set, the model that predicts it, and what the probabilities are judged by.

    Without a GPU a network learns for ``cpu_epochs``, where its own number takes too long.
    """

    name: str
    model: str
    network: bool = False
    cpu_epochs: int | None = None
    open: Callable[[], Dataset]
    judge: Callable[[Dataset, OutOfSample], dict[str, float]]
    targets: tuple[Target, ...] = ()


def main() -> None:
    """Run what is asked for, tell it, and end with 1 if a target is not met."""
    args = arguments()
    chosen = [case for case in CASES if not args.only or case.name in args.only]
    runs = [json.loads(path.read_text()) for path in args.again]
    if not runs:
        runs = [{"machine": predicted_page.where(args.device), "cases": {}}]
        for case in chosen:
            runs[0]["cases"][case.name] = run(case, args.device)
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps(runs[0], indent=1) + "\n")
    cases = {name: case for one in runs for name, case in one["cases"].items()}
    verdicts = list(judged(cases))
    for name, target, value, met in verdicts:
        sign = "≤" if target.at_most else "≥"
        say(f"{name}: {target.figure} {sign} {target.bound:g}: {value:.4g}: {word(met)}")
    if len(cases) == len(CASES) or args.publish:
        predicted_page.publish(runs, verdicts)
    sys.exit(0 if all(met for *_, met in verdicts) else 1)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--only", action="append", default=[], choices=names)
    parser.add_argument("--device", help="where networks run; else the fastest device there is")
    parser.add_argument("--json", type=Path, default=KEPT / "predict.json", help="all the numbers")
    parser.add_argument(
        "--again", type=Path, action="append", default=[], help="run nothing; tell such files"
    )
    parser.add_argument("--publish", action="store_true", help="renew the page in any case")
    return parser.parse_args()


def run(case: Case, device: str | None) -> dict[str, Any]:
    """Predict one set and judge what comes out."""
    data = case.open()
    settings: dict[str, Any] = {}
    if case.network:
        kind = pick_device(device).type
        settings = {"device": kind, "epochs": case.cpu_epochs if kind == "cpu" else None}
    began = time.monotonic()
    last = began

    def progress(step: Step) -> None:
        nonlocal last
        if step.loss is not None and time.monotonic() - last > 15:
            last = time.monotonic()
            say(f"  fold {step.fold + 1}, {step.share:.0%}, loss {step.loss:.4f}")

    say(f"{case.name}: {data}, {case.model}")
    found = errata.cross_val_probs(
        named_model(case.model, **settings), data, folds=FOLDS, progress=progress
    )
    figures = {
        "seconds": time.monotonic() - began,
        "accuracy": found.quality.accuracy,
        "training accuracy": found.train_accuracy,
        "log-loss": found.quality.log_loss,
        "calibration error": found.quality.calibration_error,
        "estimated errors": errata.find(data.labels, found.probs).estimated_errors,
        **case.judge(data, found),
    }
    say(*(f"  {name}: {value:.4g}" for name, value in figures.items()), sep="\n")
    return {
        "model": case.model,
        "examples": len(data),
        "figures": figures,
        "warnings": list(found.warnings),
        "record": found.record,
    }


def judged(cases: dict[str, Any]) -> Iterator[tuple[str, Target, float, bool]]:
    """Yield each target of the cases that were run, its figure, and whether it was met."""
    for case in CASES:
        if case.name in cases:
            for target in case.targets:
                value = cases[case.name]["figures"][target.figure]
                yield case.name, target, value, target.met(value)


def word(met: bool) -> str:
    """Return how a verdict is put."""
    return "met" if met else "NOT MET"


def say(*lines: str, **options: Any) -> None:
    """Print at once, beside the result."""
    print(*lines, **options, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- the sets


def newsgroups() -> Dataset:
    """Return the test part, from its posts."""
    return errata.open_dataset("20news", folder=RAW / "20news", part="test")


def mnist() -> Dataset:
    """Return the test part, from its idx files."""
    return errata.open_dataset("mnist", folder=RAW / "mnist", part="test")


def imdb() -> Dataset:
    """Return the test part, from its reviews."""
    return errata.open_dataset("imdb", folder=RAW / "imdb", part="test")


def cifar10() -> Dataset:
    """Return the test pictures, from JPEG copies, in the order of the published arrays."""
    folder = RAW / "cifar10"
    files = json.loads((folder / "cifar10_test_index_to_file.json").read_text())
    names = json.loads((DATA / "label_errors" / "label_names.json").read_text())["cifar10"]
    labels = np.load(LABELS / "cifar10_test_set_original_labels.npy").astype(np.int64)
    pictures = Images(files=files, archive=folder / "cifar10_test_jpeg.zip")
    ids = [f"test/{row}" for row in range(len(files))]
    return Dataset("cifar10", "test", ids, labels, tuple(names), pictures)


def digits() -> Dataset:
    """Return 900 spoken digits, one in twenty with a wrong label, planted at random."""
    folder = RAW / "audio" / "fsdd"
    unpacked = KEPT / "fsdd"
    with zipfile.ZipFile(folder / "fsdd_takes_5_to_14.zip") as archive:
        archive.extractall(unpacked)
    files = sorted(
        [*(folder / "recordings").glob("*.wav"), *unpacked.rglob("*.wav")],
        key=lambda path: path.name,
    )
    true = np.array([int(path.name[0]) for path in files])
    ids = [path.stem for path in files]
    return Dataset("fsdd", "all", ids, planted(true), tuple("0123456789"), Sounds(files))


def planted(true: Any, share: float = 0.05, seed: int = 0) -> Any:
    """Return labels of which a share is wrong, each as likely wrong to any other class."""
    rng = np.random.default_rng(seed)
    labels = true.copy()
    wrong = rng.choice(len(true), round(share * len(true)), replace=False)
    labels[wrong] = (true[wrong] + rng.integers(1, 10, len(wrong))) % 10
    return labels


# ---------------------------------------------------------------- what they are judged by


def first(data: Dataset, found: OutOfSample, count: int) -> list[str]:
    """Return the ids of the first candidates, lowest normalized margin first."""
    flagged = errata.find(data.labels, found.probs, count=count).indices
    return [data.ids[row] for row in flagged]


def checked(name: str, data: Dataset) -> dict[str, bool]:
    """Return the ids that people checked in the study, and whether they refused the given label."""
    items = json.loads((DATA / "label_errors" / "mturk" / f"{name}_mturk.json").read_text())
    found = {}
    for item in items:
        example = item["id"] if name == "imdb" else data.ids[item["id"]]
        found[example] = item["mturk"]["given"] < MORE_THAN_HALF
    return found


def overlap(name: str, within: int) -> Callable[[Dataset, OutOfSample], dict[str, float]]:
    """Return what counts those that people checked, and the errors they found, in the first."""

    def judge(data: Dataset, found: OutOfSample) -> dict[str, float]:
        known = checked(name, data)
        known_errors = [one for one, error in known.items() if error]
        same = first(data, found, len(known))
        some = first(data, found, within)
        seen = [one for one in some if one in known]
        return {
            "checked in the study": len(known),
            "errors in the study": len(known_errors),
            "of the checked, in as many candidates": sum(one in known for one in same),
            "of the errors, in as many candidates": sum(known.get(one, False) for one in same),
            "first candidates": within,
            "checked among the first": len(seen),
            "errors among the first": sum(known[one] for one in seen),
            "precision of the checked among the first": float(
                np.mean([known[one] for one in seen])
            ),
        }

    return judge


def recall_of_planted(data: Dataset, found: OutOfSample) -> dict[str, float]:
    """Return how many of the planted errors, and with how many candidates."""
    true = np.array([int(one[0]) for one in data.ids])
    wrong = true != data.labels
    count = round(0.05 * len(data))
    places = errata.find(data.labels, found.probs, count=count).indices
    right = found.probs.argmax(axis=1) == true
    return {
        "planted": int(wrong.sum()),
        "first candidates": count,
        "planted among the first": int(wrong[places].sum()),
        "share of the planted among the first": float(wrong[places].sum() / wrong.sum()),
        "accuracy by the true labels": float(right.mean()),
    }


MINUTES = 60.0
CASES = (
    Case(
        name="20news",
        model="tfidf-sgd",
        open=newsgroups,
        judge=overlap("20news", 93),
        targets=(Target("accuracy", 0.90),),
    ),
    Case(
        name="mnist",
        model="cnn-2conv",
        network=True,
        open=mnist,
        judge=overlap("mnist", 150),
        targets=(
            Target("accuracy", 0.98),
            Target("errors among the first", 10, what="of 15 confirmed errors, in the first 150"),
        ),
    ),
    Case(
        name="imdb",
        model="fasttext",
        open=imdb,
        judge=overlap("imdb", 500),
        targets=(Target("accuracy", 0.88),),
    ),
    Case(
        name="cifar10",
        model="vgg",
        network=True,
        cpu_epochs=4,
        open=cifar10,
        judge=overlap("cifar10", 275),
        targets=(Target("seconds", 30 * MINUTES, at_most=True),),
    ),
    Case(
        name="fsdd",
        model="vgg-audio",
        network=True,
        open=digits,
        judge=recall_of_planted,
        targets=(
            Target("accuracy by the true labels", 0.90),
            Target(
                "share of the planted among the first",
                0.80,
                what="of the planted, in the first 5 %",
            ),
        ),
    ),
)

if __name__ == "__main__":
    main()
