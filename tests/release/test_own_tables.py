"""Tables are written again as they were, but for one column."""

import csv
import io

import pytest
from hypothesis import assume
from hypothesis import given as drawn
from hypothesis import strategies as st

from errata.errors import FileError
from errata.release.own_tables import read_own_table

CELLS = st.text(st.sampled_from(list('ab,\t;"\r\n \u00e9')), max_size=5)


@drawn(
    st.integers(2, 3).flatmap(
        lambda width: st.lists(
            st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=4
        )
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([".csv", ".tsv"]),
    st.booleans(),
)
def test_cells_are_those_of_the_csv_module_and_what_stays_is_the_same_bytes(
    tmp_path_factory, rows, quoting, end, ending, last
):
    head = [f"c{number}" for number in range(len(rows[0]))]
    file = io.StringIO(newline="")
    delimiter = "," if ending == ".csv" else "\t"
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([head, *rows])
    text = file.getvalue()
    # an end of line that is not the file's own is written without quotes
    assume(list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == [head, *rows])
    text = text if last else text.removesuffix(end)
    folder = tmp_path_factory.mktemp("tables")
    path, out = folder / f"a{ending}", folder / f"b{ending}"
    path.write_bytes(text.encode())
    table = read_own_table(path)
    assert table.names == head
    columns = [table.cells(name) for name in head]
    assert [list(cells) for cells in zip(*columns, strict=True)] == rows
    whole = list(range(len(rows)))
    table.write(out, "c0", "c0", columns[0], whole)
    assert out.read_bytes() == path.read_bytes()
    new = [cells[0] + "," for cells in rows]
    table.write(out, "new", "c0", new, whole)
    with out.open(newline="", encoding="utf-8") as made:
        assert list(csv.reader(made, delimiter=delimiter)) == [
            [*head, "new"],
            *([*cells, one] for cells, one in zip(rows, new, strict=True)),
        ]


def test_a_column_that_is_there_twice_is_refused_where_it_is_meant(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,,\na,b,c\n")
    table = read_own_table(path)
    assert table.cells("id") == ["a"]
    with pytest.raises(FileError, match=r"a.csv has 2 columns that are called '', and which is"):
        table.cells("")
