"""The published CIFAR-10 audit: labels, probabilities, votes, pictures and 13 models.

The study published how many of five workers chose each answer, not who chose what, so each count
becomes votes of anonymous workers, marked as imported: "anonymous 1" of one picture is nobody in
particular on another.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import errata

ANSWERS = {"given": "given", "guessed": "suggested", "both": "both", "neither": "neither"}
"""The words of the published files, and ours."""

FILES = {
    "labels": "label_errors/labels/cifar10_test_set_original_labels.npy",
    "probs": "label_errors/pred_probs/cifar10_test_set_pyx.npy",
    "votes": "label_errors/mturk/cifar10_mturk.json",
    "names": "label_errors/label_names.json",
    "pictures": "raw/cifar10/cifar10_test_jpeg.zip",
    "index": "raw/cifar10/cifar10_test_index_to_file.json",
    "predictions": "models/cifar10/pytorch_cifar10_top5.npz",
}


def audit_cifar10(
    data: Path, out: Path, *, progress: Callable[[int, int], None] | None = None
) -> "errata.Audit":
    """Turn the published CIFAR-10 material into an audit, votes and models included.

    Parameters
    ----------
    data : the folder of published data, with ``label_errors/``, ``models/`` and ``raw/`` in it
    out : the audit's folder, new
    progress : called with the rows done and the rows in all while errors are sought

    Returns
    -------
    the audit, with 275 candidates reviewed by five workers each and 13 models compared

    Raises
    ------
    FileError
        A published file is not where it is expected.
    """
    paths = {name: data / file for name, file in FILES.items()}
    for path in paths.values():
        if not path.is_file():
            raise errata.FileError(
                f"{path} does not exist. --data (or ERRATA_DATA) must be the folder that holds the "
                "published label_errors/, models/ and raw/."
            )
    audit = errata.Audit.create(
        out,
        labels=paths["labels"],
        probs=paths["probs"],
        classes=json.loads(paths["names"].read_text())["cifar10"],
        media=errata.Images(
            files=json.loads(paths["index"].read_text()), archive=paths["pictures"]
        ),
        name="CIFAR-10 test set, as audited in 2021",
    )
    audit.find(flagger="the study's cross-validated model", progress=progress)
    audit.plan(votes=5, threshold=3)
    items = json.loads(paths["votes"].read_text())
    audit.add_votes(
        [vote for item in items for vote in published_votes(item)],
        kind="imported",
        note="published counts of Mechanical Turk workers; who cast which vote is not known",
    )
    audit.compare(paths["predictions"])
    return audit


def published_votes(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the votes of one published item.

    Examples
    --------
    >>> item = {"id": 20, "mturk": {"given": 3, "guessed": 0, "neither": 0, "both": 2}}
    >>> [(vote["reviewer"], vote["answer"]) for vote in published_votes(item)][2:4]
    [('anonymous 3', 'given'), ('anonymous 4', 'both')]
    """
    answers = [ours for theirs, ours in ANSWERS.items() for _ in range(item["mturk"][theirs])]
    return [
        {"index": item["id"], "reviewer": f"anonymous {number}", "answer": answer}
        for number, answer in enumerate(answers, start=1)
    ]
