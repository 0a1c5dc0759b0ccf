"""The data set that a command is about, and the words in which its progress is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errata.errors import InputError

if TYPE_CHECKING:
    from errata.cli.output import Printer, Report
    from errata.datasets.base import Dataset, LeftOut
    from errata.predict.base import Step


_NAMED = 10
"""Of so many examples that are left out each is named."""


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
        columns: dict[str, Any] = {
            name: getattr(self, name) for name in ("label", "text", "path", "group")
        }
        if self.published is not None:
            given = [f"--{name}" for name, value in columns.items() if value is not None]
            given += ["--features"] if self.features else []
            if given:
                raise InputError(
                    f"The columns of {self.published} are known: leave out {', '.join(given)}, or "
                    "leave out --set where this is a table of your own."
                )
            return open_dataset(self.published, folder=self.source, **choices)
        return open_dataset(self.source, features=self.features or None, **columns, **choices)


def say_left_out(printer: "Printer", left_out: "Sequence[LeftOut]") -> None:
    """Name the examples that could not be read: the first of many."""
    for left in left_out[:_NAMED]:
        printer.say(
            f"left out: {left.why if left.where in left.why else f'{left.where}: {left.why}'}"
        )
    if len(left_out) > _NAMED:
        printer.say(f"left out: {len(left_out) - _NAMED:,} more")


def steps(bar: "Report | None") -> "Callable[[Step], None] | None":
    """Return what hands steps of folds to a bar, in thousandths of a fold, with the last loss."""
    if bar is None:
        return None

    def report(step: "Step") -> None:
        fold = f"fold {min(step.fold + 1, step.folds)} of {step.folds}"
        loss = "" if step.loss is None else f", loss {step.loss:.3f}"
        bar(round(1000 * (step.fold + step.share)), 1000 * step.folds, note=fold + loss)

    return report
