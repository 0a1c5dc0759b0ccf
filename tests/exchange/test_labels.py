"""A label is written as others of its column are, and read again as the one it is."""

import json

from hypothesis import given as drawn
from hypothesis import strategies as st

from errata.errors import InputError
from errata.exchange.labels import Written

CLASSES = st.lists(
    st.sampled_from(["cat", "dog", "0", "1", "2", "3", "-1"]), min_size=2, unique=True
)
CELL = st.sampled_from(["cat", " dog", "0", "1 ", "2", 0, 1, 2, 3, -1, "-1", True, False])


def label_of(written, cell):
    try:
        return written.read(cell)
    except InputError:
        return None


@drawn(CLASSES, st.lists(CELL, min_size=1, max_size=5), st.data())
def test_a_label_that_is_written_is_read_as_itself(classes, cells, data):
    written = Written(classes, cells)
    cell = data.draw(st.sampled_from(cells))
    label = data.draw(st.integers(0, len(classes) - 1))
    if label_of(written, cell) is None:
        return
    made = written.like(cell, label)
    assert written.read(made) == label
    numbers = all(name.lstrip("-").isdecimal() for name in classes)
    if not isinstance(cell, bool) and (isinstance(cell, str) or numbers):
        assert type(made) is type(cell)
    several = written.like(cell, (label,))
    assert several == [cell if written.read(cell) == label else made]


@drawn(CLASSES, st.lists(st.lists(CELL, max_size=3), min_size=1, max_size=4), st.data())
def test_sets_that_are_written_are_read_as_themselves(classes, cells, data):
    in_text = data.draw(st.booleans())
    cells = [json.dumps(cell) if in_text else cell for cell in cells]
    written = Written(classes, cells, several=True)
    cell = data.draw(st.sampled_from(cells))
    labels = tuple(sorted(data.draw(st.sets(st.integers(0, len(classes) - 1)))))
    if any(label_of(written, one) is None for one in cells):
        return
    made = written.like(cell, labels)
    assert type(made) is type(cell)
    assert written.read(made) == labels
    there = json.loads(cell) if in_text else cell
    stay = [one for one in there if label_of(Written(classes, there), one) in labels]
    listed = json.loads(made) if in_text else made
    assert all(one in listed for one in stay), "those that stay are as they were"


def test_a_class_below_zero_is_a_number_too():
    written = Written(["-1", "1"], [1, -1])
    assert [written.read(cell) for cell in (1, -1)] == [1, 0]
    assert written.like(1, 0) == -1
    assert Written(["-1", "1"], ["1"]).like("1", 0) == "-1"
