"""Our figure beside the paper's, cell by cell: which are equal, which are not, and why.

A figure is compared as it is printed: with the decimals that the paper gives it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Source = Literal["print", "first version", "authors' file", "design record"]
"""Where a figure of the paper is known from: see `errata.paper.printed`."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One figure of the paper and ours.

    ``place`` is the table, the row and the column, or the sentence, that it stands in. ``tied``
    says how many ranks from ``ours`` on are as good, because models tie there. ``ours`` is None
    where the published data do not hold what the figure is made of; ``why`` says what is lacking
    then, and else why the two differ.
    """

    place: tuple[str, ...]
    paper: str
    ours: str | None
    source: Source = "print"
    why: str = ""
    tied: int = 1

    @property
    def where(self) -> str:
        """The place in words."""
        return ", ".join(self.place)

    @property
    def beside(self) -> str:
        """Our figure with the paper's beside it, as a cell of a table.

        Examples
        --------
        >>> Cell(place=("table 1",), paper="100", ours="15").beside
        '15 ≠ 100'
        """
        if self.ours is None:
            return f"({self.paper})"
        return f"{self.ours} =" if self.equal else f"{self.ours} ≠ {self.paper}"

    @property
    def equal(self) -> bool:
        """Whether the two figures agree, ranks up to ties."""
        if self.ours is None or self.tied == 1:
            return self.ours == self.paper
        return int(self.ours) <= int(self.paper) < int(self.ours) + self.tied

    def to_dict(self) -> dict[str, Any]:
        """Return the cell as plain values."""
        plain = asdict(self)
        del plain["tied"], plain["place"]
        return {"where": self.where, **plain}


@dataclass
class Ledger:
    """All cells that were looked at, in order."""

    cells: list[Cell] = field(default_factory=list)

    def add(self, *place: str, paper: str, ours: str | None, **more: Any) -> None:
        """Note down one cell; see `Cell`."""
        self.cells.append(Cell(place=place, paper=paper, ours=ours, **more))

    def row(
        self,
        *place: str,
        paper: Mapping[str, str],
        ours: Mapping[str, str | None],
        source: Source = "print",
        why: Mapping[str, str] | None = None,
        tied: Mapping[str, int] | None = None,
    ) -> None:
        """Note down every cell of a row in which the paper has a figure."""
        for column, printed in paper.items():
            if printed:
                self.add(
                    *place,
                    column,
                    paper=printed,
                    ours=ours.get(column),
                    source=source,
                    why=(why or {}).get(column, ""),
                    tied=(tied or {}).get(column, 1),
                )

    def table(self, name: str) -> dict[str, dict[str, Cell]]:
        """Return the cells of a table, by row and column."""
        rows: dict[str, dict[str, Cell]] = {}
        for cell in self.cells:
            if cell.place[0] == name:
                rows.setdefault(cell.place[1], {})[cell.place[2]] = cell
        return rows

    @property
    def compared(self) -> list[Cell]:
        """The cells with two figures."""
        return [cell for cell in self.cells if cell.ours is not None]

    @property
    def differ(self) -> list[Cell]:
        """The cells whose figures do not agree."""
        return [cell for cell in self.compared if not cell.equal]

    @property
    def unexplained(self) -> list[Cell]:
        """The cells that differ, or that we cannot compute, and nobody said why: a failure."""
        return [cell for cell in self.cells if not cell.why and not cell.equal]

    def to_dict(self) -> dict[str, Any]:
        """Return counts, the cells that differ, and those that cannot be computed."""
        compared, equal = (
            Counter(cell.source for cell in cells)
            for cells in (self.compared, [cell for cell in self.compared if cell.equal])
        )
        return {
            "compared": len(self.compared),
            "equal": equal.total(),
            "differ": [cell.to_dict() for cell in self.differ],
            "not_computed": [cell.to_dict() for cell in self.cells if cell.ours is None],
            "by_source": {
                source: {"compared": compared[source], "equal": equal[source]}
                for source in compared
            },
        }


def count(number: int | None) -> str | None:
    """Return a whole number as a table prints it.

    Examples
    --------
    >>> count(50426266)
    '50,426,266'
    """
    return None if number is None else f"{number:,}"


def decimals(number: float | None, places: int = 2) -> str | None:
    """Return a number with the decimals that a table gives it.

    Examples
    --------
    >>> decimals(5.832)
    '5.83'
    """
    return None if number is None else f"{number:.{places}f}"
