"""The paper, rebuilt: every table and figure that the published data allow, in one call."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

import errata
from errata.paper import beyond, figures, tables
from errata.paper.benchmark import Benchmark
from errata.paper.cells import Ledger
from errata.paper.media import media, pixels
from errata.paper.published import Pack

Row = tuple[str, list[tuple[UInt8[np.ndarray, "_height _width 3"], list[str]]]]
"""A row of figure 1: a verdict, and its pictures with their captions."""

CHANGED = "correctable"
STEPS = 11 + 6
"""How many steps `rebuild` reports: the rows of table 1, and what follows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rebuilt:
    """Everything that came out.

    Attributes
    ----------
    tables : ``table1``, ``table2``, ``s1`` and ``s2``, a list of rows each
    figures : the data of each figure
    beyond : what the paper does not say
    ledger : our figures beside the paper's
    """

    pack: Pack
    imagenet: Benchmark
    cifar10: Benchmark
    tables: dict[str, list[dict[str, Any]]]
    figures: dict[str, Any]
    beyond: dict[str, Any]
    ledger: Ledger

    def pictures(self) -> list[Row]:
        """Return the pictures of figure 1 with their captions, by verdict; those at hand."""
        shown = {key: media(self.pack, key) for key in figures.SHOWN}
        rows: list[Row] = []
        for verdict, found in self.figures["figure1"].items():
            cells = []
            for example in found:
                images = shown[example["set"]]
                if isinstance(images, errata.Images):
                    other = example["suggested"]
                    lines = [
                        example["given"],
                        f"→ {other}" if verdict == CHANGED else f"or {other}?",
                    ]
                    cells.append((pixels(images.show(example["row"]).data), lines))
            if cells:
                rows.append((verdict, cells))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, fit for JSON."""
        return {
            "tables": self.tables,
            "figures": self.figures,
            "beyond": self.beyond,
            "cells": self.ledger.to_dict(),
        }


def rebuild(data: Path, *, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
    """Recompute the tables and figures of the paper from its published data.

    Parameters
    ----------
    data : the folder of published data, as `errata paper fetch` fills it
    progress : called with the steps done and the steps in all

    Raises
    ------
    errata.FileError
        A published file is missing or broken.
    """
    pack, ledger = Pack(data), Ledger()
    imagenet, cifar10 = Benchmark("imagenet", pack), Benchmark("cifar10", pack)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, STEPS)

    table1 = tables.table1(pack, ledger, step=step)
    table2 = tables.table2(pack, ledger)
    step()
    s1 = tables.models_table(imagenet, "table_s1", ledger, source="design record")
    step()
    s2 = tables.models_table(cifar10, "table_s2", ledger, source="authors' file")
    step()
    drawn = figures.all_figures(pack, imagenet, cifar10)
    step()
    beyond.sentences(table1, imagenet, cifar10, ledger)
    step()
    more = {
        "averages": beyond.averages(table1),
        "which_resnet50": beyond.which_resnet50(imagenet),
        "kinship": [beyond.kinship(each) for each in (imagenet, cifar10)],
        "without_flagged_non_errors": [
            beyond.without_flagged_non_errors(imagenet, (beyond.RESNETS50[0], beyond.RESNET18)),
            beyond.without_flagged_non_errors(cifar10, beyond.VGGS),
        ],
        "earlier_results": beyond.earlier_results(imagenet),
    }
    step()
    return Rebuilt(
        pack=pack,
        imagenet=imagenet,
        cifar10=cifar10,
        tables={"table1": table1, "table2": table2, "s1": s1, "s2": s2},
        figures=drawn,
        beyond=more,
        ledger=ledger,
    )
