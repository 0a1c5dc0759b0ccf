"""The charts say what the numbers say, and no two labels meet."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.errors import InputError
from errata.report.charts import (
    DARK,
    LIGHT,
    ModelChange,
    accuracy_chart,
    is_chart,
    leads,
    notable_models,
    pairs_chart,
    prevalence_chart,
    save_chart,
    spread,
    verdict_chart,
)

SHARES = st.integers(0, 10).map(lambda k: k / 10)
LINES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(SHARES, SHARES), min_size=1, max_size=8
)


def crossings_of(lines):
    found = []
    for a in lines:
        for b in lines:
            at_0, at_1 = lines[a][0] - lines[b][0], lines[a][1] - lines[b][1]
            if a < b and at_0 != at_1 and 0 < at_0 / (at_0 - at_1) < 1:
                found.append((a, b, at_0 / (at_0 - at_1)))
    return found


@given(LINES, SHARES)
def test_the_lead_is_the_highest_line_everywhere(lines, prevalence):
    steps = leads(lines, crossings_of(lines))
    assert steps[0][0] == 0
    leader = [model for start, model in steps if start <= prevalence][-1]
    height = {m: (1 - prevalence) * b + prevalence * c for m, (b, c) in lines.items()}
    assert height[leader] == pytest.approx(max(height.values()))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.floats(1, 10))
def test_spread_labels_keep_their_gap_their_order_and_their_range(wanted, gap):
    wanted = np.array(wanted)
    placed = spread(wanted, gap=gap, low=0.0, high=100.0)
    order = np.argsort(wanted, kind="stable")
    least = min(gap, 100 / max(1, len(wanted) - 1))
    assert (np.diff(placed[order]) >= least - 1e-9).all()
    if len(wanted) > 1:
        assert placed.min() >= -1e-9
        assert placed.max() <= 100 + 1e-9


def texts_of(chart):
    return json.dumps(chart.to_dict(), ensure_ascii=False)


def test_verdicts_are_drawn_with_their_counts():
    drawn = texts_of(verdict_chart({"non_error": 1221, "correctable": 18}))
    assert "1,221 ·" in drawn
    assert "18 ·" in drawn


def test_pairs_are_drawn_most_frequent_first_and_cut():
    drawn = texts_of(pairs_chart([("cat", "dog", 3, 1), ("dog", "cat", 9, 0)], most=1))
    assert "dog → cat" in drawn
    assert "cat → dog" not in drawn
    with pytest.raises(InputError, match="nothing to draw"):
        pairs_chart([])


def test_a_model_that_rises_and_one_that_falls_have_colours_of_their_own():
    drawn = texts_of(
        accuracy_chart([ModelChange("a", 0.9, 0.92, 2, 1), ModelChange("b", 0.91, 0.9, 1, 2)])
    )
    assert "2 → 1" in drawn
    assert LIGHT.rise in drawn
    assert LIGHT.accent in drawn
    with pytest.raises(InputError, match="no model"):
        accuracy_chart([ModelChange("a", float("nan"), 0.9, 1, 1)])


def test_every_crossing_in_the_range_is_a_dot_and_names_stand_at_the_lines():
    lines = {"a": (0.9, 0.2), "b": (0.8, 0.6), "c": (0.7, 0.9)}
    crossings = crossings_of(lines)
    drawn = prevalence_chart(lines, crossings, noise_prevalence=0.03).to_dict()
    rows = {id(layer): drawn["datasets"][layer["data"]["name"]] for layer in drawn["layer"]}
    dots = [
        row
        for layer in drawn["layer"]
        if layer["mark"]["type"] == "point"
        for row in rows[id(layer)]
    ]
    assert sorted(row["x"] for row in dots) == pytest.approx(sorted(100 * c[2] for c in crossings))
    assert {"a", "b", "c"} <= {
        row.get("name") for drawn_rows in rows.values() for row in drawn_rows
    }
    assert notable_models(lines, crossings, 0.03)[0] == "a"


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_colours_differ_so_that_a_page_may_exchange_them_by_value(look):
    hues = look.colours()
    assert len(set(hues.values())) == len(hues)
    assert set(hues) == set(LIGHT.colours())


def contrast(a: str, b: str) -> float:
    def light(hue):
        channels = [int(hue[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05

    return max(light(a), light(b)) / min(light(a), light(b))


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_words_stand_out_from_the_paper(look):
    for hue in (look.ink, look.muted, look.accent, look.rise, *look.series):
        assert contrast(hue, look.paper) >= 4.5, hue


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
def test_charts_are_saved_offline_by_their_ending(tmp_path, ending):
    path = save_chart(verdict_chart({"non_error": 3}), tmp_path / f"chart.{ending}")
    assert is_chart(path)
    begin = {"svg": b"<svg", "png": b"\x89PNG", "html": b"<!DOCTYPE html>"}[ending]
    assert path.read_bytes().lstrip()[: len(begin)] == begin
    with pytest.raises(InputError, match=r"use \.html, \.svg or \.png"):
        save_chart(verdict_chart({"non_error": 3}), tmp_path / "chart.gif")


def test_a_picture_with_the_mark_of_a_chart_is_a_picture_still(tmp_path):
    from PIL import Image

    path = save_chart(verdict_chart({"non_error": 3}), tmp_path / "chart.png")
    with Image.open(path) as picture:
        picture.load()
        assert picture.text == {"Software": "errata chart"}
        picture.save(tmp_path / "mine.png")
    assert not is_chart(tmp_path / "mine.png")
    assert not is_chart(tmp_path / "none.svg")
