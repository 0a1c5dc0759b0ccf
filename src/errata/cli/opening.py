"""The data set that a command is about, and the words in which its progress is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errata.cli.output import Report
    from errata.datasets.base import Dataset
    from errata.predict.base import Step


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the options of a command say of a data set."""

    source: str
    published: str | None
    label: str | None
    text: str | None
    path: str | None
    features: list[str] | None
    group: str | None
    leave_out: bool

    def open(self, part: str | None) -> "Dataset":
        """Return a part of it; see `errata.open_dataset`."""
        from errata.datasets.own import open_dataset

        choices: dict[str, Any] = {
            "part": part,
            "on_damage": "leave out" if self.leave_out else "stop",
        }
        if self.published is not None:
            return open_dataset(self.published, folder=self.source, **choices)
        columns: dict[str, Any] = {
            name: getattr(self, name) for name in ("label", "text", "path", "group")
        }
        return open_dataset(self.source, features=self.features or None, **columns, **choices)


def steps(bar: "Report | None") -> "Callable[[Step], None] | None":
    """Return what hands steps of folds to a bar, in thousandths of a fold, with the last loss."""
    if bar is None:
        return None

    def report(step: "Step") -> None:
        fold = f"fold {min(step.fold + 1, step.folds)} of {step.folds}"
        loss = "" if step.loss is None else f", loss {step.loss:.3f}"
        bar(round(1000 * (step.fold + step.share)), 1000 * step.folds, note=fold + loss)

    return report
