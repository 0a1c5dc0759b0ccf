"""What is drawn in a chart: its layers, and its words with the room they take."""

import itertools

from errata.report.charts.canvas import text_box

NAMES = [f"Model-{number} (Somewhere)" for number in range(34)]


def layers_of(chart):
    """Return the layers of a chart, each with its own rows."""
    drawn = chart.to_dict(validate=False)  # checking the schema takes a second a chart
    layers = drawn["layer"]
    for layer in layers:
        rows = layer["data"]
        layer["data"] = {"values": rows.get("values") or drawn["datasets"][rows["name"]]}
    return layers


def words_of(chart):
    """Return every text that is drawn, with the room it takes."""
    found = []
    for layer in layers_of(chart):
        mark = layer["mark"]
        if mark["type"] == "text" and "strokeWidth" not in layer["encoding"]:
            for row in layer["data"]["values"]:
                size, align = mark["fontSize"], mark["align"]
                box = text_box(row["x"], row["y"], row["text"], align=align, size=size)
                found.append((row["text"], box))
    return found


def assert_legible(chart):
    """Assert that all words are inside the picture and that no two of them meet."""
    words = words_of(chart)
    for text, box in words:
        assert box.left >= -1, (text, "is cut")
        assert box.right <= chart.width + 1, (text, "is cut")
        assert box.top >= -1, (text, "is cut")
        assert box.bottom <= chart.height + 1, (text, "is cut")
    for (one, box), (other, another) in itertools.combinations(words, 2):
        assert not box.meets(another), (one, "meets", other)


def rows_of(chart, kind, colour=None):
    """Return the rows of all marks of a kind, those of one colour, if one is said."""
    return [
        row
        for layer in layers_of(chart)
        if layer["mark"]["type"] == kind
        for row in layer["data"]["values"]
        if colour in (None, row.get("colour"))
    ]
