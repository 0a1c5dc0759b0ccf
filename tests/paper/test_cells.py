"""Our figure beside the paper's."""

import pytest

from errata.paper.cells import Cell, Ledger


@pytest.mark.parametrize(
    ("ours", "tied", "equal"),
    [
        ("3", 1, True),
        ("4", 1, False),
        ("3", 2, True),
        ("2", 2, True),
        ("2", 1, False),
        ("4", 3, False),
    ],
)
def test_a_printed_rank_may_be_any_of_those_that_tied_models_share(ours, tied, equal):
    assert Cell(place=("table", "model", "rank"), paper="3", ours=ours, tied=tied).equal == equal


def test_only_cells_with_two_figures_are_compared_and_a_dash_is_none():
    ledger = Ledger()
    ledger.row(
        "table", "row", paper={"a": "1", "b": "2", "c": "", "d": "4"}, ours={"a": "1", "b": "3"},
        why={"d": "not published"},
    )  # fmt: skip
    plain = ledger.to_dict()
    assert (plain["compared"], plain["equal"]) == (2, 1)
    assert [cell["where"] for cell in plain["differ"]] == ["table, row, b"]
    assert [cell["where"] for cell in plain["not_computed"]] == ["table, row, d"]
    assert plain["by_source"] == {"print": {"compared": 2, "equal": 1}}


def test_what_differs_or_lacks_a_figure_without_a_reason_is_unexplained():
    ledger = Ledger()
    ledger.add("same", paper="1", ours="1")
    ledger.add("told", paper="1", ours="2", why="because")
    ledger.add("untold", paper="1", ours="2")
    ledger.add("lacking", paper="1", ours=None)
    assert [cell.where for cell in ledger.unexplained] == ["untold", "lacking"]
