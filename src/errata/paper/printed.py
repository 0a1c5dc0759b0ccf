"""What the paper printed, so that it can be set beside what is computed here.

Where the figures are known from:

- ``"print"``: tables 1 and 2 and the sentences of Northcutt, Athalye and Mueller (2021),
  "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks", in the version of
  November 2021 (arXiv:2103.14749v4, NeurIPS 2021).
- ``"first version"``: the version of March 2021, which had 400 of 4,643 candidates of Caltech-256
  checked. The published votes are those of the later, full check.
- ``"authors' file"``: table S2 as the authors' results hold it (``consensus3.csv`` in
  cgnorthcutt/benchmarking-keras-pytorch, ``cifar10_benchmarks/``).
- ``"design record"``: table S1. The design of errata records that the printed table equals, in
  every cell and to two decimals, what the published votes and predictions give; the figures were
  written down from that computation and not read off the page. What holds them independently is
  the authors' result file of an earlier round (``imagenet_benchmarks/consensus3.csv``, 1,405 of
  the 1,428 examples): see `earlier_imagenet`.
"""

import csv
import io
from importlib.resources import files

FIRST_SAMPLE = "caltech256-first"
"""The row of Caltech-256 as the first version of the paper has it."""


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a printed table, every cell as text; one that is empty prints a dash.

    Examples
    --------
    >>> table("table2")[1]["correctable"]
    '18'
    """
    text = files("errata.paper").joinpath(f"printed/{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def earlier_imagenet() -> tuple[int, dict[str, tuple[int, ...]]]:
    """Return the size of C in the authors' earlier result file, and the hits of each model on it.

    The hits are those by the given and the corrected labels, top-1, then the same for top-5.

    Examples
    --------
    >>> size, hits = earlier_imagenet()
    >>> size, hits["pytorch_resnet18"]
    (1405, (91, 1156, 1038, 1399))
    """
    columns = ("given@1", "corrected@1", "given@5", "corrected@5")
    hits = {row["model"]: tuple(int(row[c]) for c in columns) for row in table("imagenet_1405")}
    return 1405, hits
