"""The charts for many models, for pictures and for rates: no two words meet, nothing is cut."""

import io
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from charting import NAMES, assert_legible, layers_of, words_of
from errata.errors import InputError, NameUnknownError
from errata.report.charts import (
    DARK,
    LIGHT,
    Relation,
    drawing,
    error_chart,
    gallery_chart,
    kin_chart,
    movers,
    prevalence_panels,
    rank_chart,
    reliability_chart,
    stylesheet,
)
from errata.report.charts.ranks import rank_rows


def ranked(accuracies):
    return [1 + sum(other > one for other in accuracies) for one in accuracies]


@st.composite
def rankings(draw):
    models = draw(st.integers(2, 34))
    columns = draw(st.integers(2, 5))
    ranks = [
        ranked(draw(st.lists(st.integers(0, 20), min_size=models, max_size=models)))
        for _ in range(columns)
    ]
    return {NAMES[model]: [column[model] for column in ranks] for model in range(models)}


@pytest.mark.parametrize("models", [2, 13, 34])
@pytest.mark.parametrize("columns", [2, 3, 5])
@pytest.mark.parametrize("width", [860, 350])
def test_every_rank_has_a_row_of_its_own_and_every_name_its_room(models, columns, width):
    rng = np.random.default_rng(models + columns)
    scores = rng.integers(0, 20, (columns, models))
    by_column = [ranked(column.tolist()) for column in scores]
    ranks = {NAMES[model]: [column[model] for column in by_column] for model in range(models)}
    heads = [f"column {number}, corrected labels" for number in range(columns)]
    assert_legible(rank_chart(ranks, heads, width=width, title="A title"))


@settings(max_examples=50)
@given(rankings())
def test_models_stand_in_the_order_of_their_ranks_and_none_on_another(ranks):
    table = np.array(list(ranks.values()))
    rows = rank_rows(table)
    for column in range(table.shape[1]):
        assert sorted(rows[:, column].tolist()) == list(range(len(table)))
        ordered = table[np.argsort(rows[:, column]), column]
        assert (np.diff(ordered) >= 0).all()


@settings(max_examples=50)
@given(rankings())
def test_those_that_move_most_are_highlighted(ranks):
    moves = {model: abs(row[-1] - row[0]) for model, row in ranks.items()}
    found = movers(ranks)
    assert len(found) == min(6, sum(map(bool, moves.values())))
    least = min((moves[model] for model in found), default=0)
    assert all(move <= least for model, move in moves.items() if model not in found)


@pytest.mark.parametrize(
    ("ranks", "columns", "message"),
    [
        ({}, ["a", "b"], "no models; there is nothing to draw"),
        ({"m": [1]}, ["a"], "was given 1 column; ranks change between two or more"),
        ({"m": [1, 2, 3]}, ["a", "b"], "'m' has 3 ranks, but there are 2 columns"),
    ],
)
def test_ranks_that_make_no_chart_are_refused(ranks, columns, message):
    with pytest.raises(InputError, match=message):
        rank_chart(ranks, columns)


def test_a_model_that_is_not_ranked_cannot_be_highlighted():
    with pytest.raises(NameUnknownError, match="no model 'resnet'. Did you mean 'resnet18'"):
        rank_chart({"resnet18": [1, 1]}, ["a", "b"], highlight=["resnet"])


# ---------------------------------------------------------------- prevalence


def crossings_of(lines):
    found = []
    for a, b in itertools.combinations(lines, 2):
        benign, correctable = (x - y for x, y in zip(lines[a], lines[b], strict=True))
        if benign * correctable < 0:
            found.append((a, b, benign / (benign - correctable)))
    return found


@st.composite
def panels(draw):
    models = draw(st.integers(2, 34))
    share = st.floats(0.05, 0.95)
    lines = {NAMES[model]: (draw(share), draw(share)) for model in range(models)}
    return lines, crossings_of(lines)


@settings(max_examples=10)
@given(panels(), st.sampled_from([860, 350]), st.floats(0, 0.19))
def test_every_crossing_in_the_domain_is_a_point_and_a_stroke(panel, width, today):
    lines, crossings = panel
    both = [("one", lines, crossings), ("other", lines, crossings)]
    chart = prevalence_panels(both, noise_prevalence=today, width=width)
    inside = sum(prevalence <= 0.2 for _, _, prevalence in crossings)
    layers = layers_of(chart)
    points = [
        row
        for layer in layers
        if layer["mark"]["type"] == "point" and layer["mark"]["strokeWidth"] == 0
        for row in layer["data"]["values"]
    ]
    assert len(points) == 2 * inside


def test_a_named_crossing_is_told_in_words_and_no_others():
    lines = {"small": (0.6, 0.9), "large": (0.8, 0.5), "other": (0.2, 0.1)}
    chart = prevalence_panels(
        [("corrected", lines, [("small", "large", 0.1)])],
        noise_prevalence=0.03,
        named=[("large", "small"), ("small", "other")],
    )
    told = [text for text, _ in words_of(chart) if "overtakes" in text]
    assert told == ["small overtakes large at 10.0\u00a0%"]


def test_the_words_at_a_ring_avoid_the_lines():
    lines = {"a": (0.5, 0.9), "b": (0.7, 0.5), "high": (0.95, 0.95), "low": (0.1, 0.1)}
    crossing = [("a", "b", 0.1)]
    panel = ("corrected", lines, crossing)
    chart = prevalence_panels([panel], noise_prevalence=0.03, named=[("a", "b")])
    [(_, box)] = [word for word in words_of(chart) if "overtakes" in word[0]]
    strokes = [
        row
        for layer in layers_of(chart)
        if layer["mark"]["type"] == "rule"
        for row in layer["data"]["values"]
        if row["x2"] - row["x"] > 400 and row["y"] != row["y2"]
    ]
    assert strokes
    for row in strokes:
        slope = (row["y2"] - row["y"]) / (row["x2"] - row["x"])
        ends = [row["y"] + slope * (x - row["x"]) for x in (box.left, box.right)]
        assert max(ends) < box.top or min(ends) > box.bottom


def test_panels_without_models_are_refused():
    with pytest.raises(InputError, match="no models; there is nothing to draw"):
        prevalence_panels([("corrected", {}, [])], noise_prevalence=0.1)
    with pytest.raises(NameUnknownError, match="no model 'c'"):
        prevalence_panels(
            [("corrected", {"a": (1, 1)}, [])], noise_prevalence=0.1, named=[("a", "c")]
        )


# ---------------------------------------------------------------- pictures and rates


def test_every_picture_is_in_the_chart_itself():
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    rows = [("correctable", [(red, ["given 4", "now 9"])] * 20), ("neither", [])]
    for width in (860, 350):
        chart = gallery_chart(rows, width=width)
        assert_legible(chart)
        [images] = [x for x in layers_of(chart) if x["mark"]["type"] == "image"]
        urls = [row["url"] for row in images["data"]["values"]]
        assert len(urls) == 20
        assert all(url.startswith("data:image/png;base64,") for url in urls)
    assert "neither" not in json.dumps(layers_of(chart)), "a row without pictures has no heading"
    with pytest.raises(InputError, match="no pictures; there is nothing to draw"):
        gallery_chart([("neither", [])])


@pytest.mark.parametrize("width", [860, 350])
def test_rates_say_their_interval_where_there_is_one_and_room(width):
    rows = [("MNIST", 0.15, None, None), ("QuickDraw, of the flagged", 10.12, 9.89, 10.35)]
    chart = error_chart(rows, width=width)
    assert_legible(chart)
    texts = [text for text, _ in words_of(chart)]
    assert ("10.12 % (9.89 to 10.35)" in texts) == (width == 860)
    with pytest.raises(InputError, match="no rates; there is nothing to draw"):
        error_chart([])


def test_the_same_numbers_give_the_same_picture_in_both_looks():
    for look in (LIGHT, DARK):
        pictures = []
        for _ in range(2):
            out = io.BytesIO()
            chart = error_chart([("a", 1.0, 0.5, 2.0)], look=look)
            chart.save(out, format="png")
            pictures.append(out.getvalue())
        assert pictures[0] == pictures[1]
        corner = Image.open(io.BytesIO(pictures[0])).convert("RGB").getpixel((0, 0))
        assert "#{:02x}{:02x}{:02x}".format(*corner) == look.paper


def test_a_drawing_takes_its_colours_from_the_page():
    made = drawing("rates", lambda width: error_chart([("a", 1.0, 0.5, 2.0)], width=width))
    for colour in (LIGHT.ink, LIGHT.tint):
        assert colour not in made.wide
    assert "var(--tint)" in made.wide
    for look in (LIGHT, DARK):
        assert f"--tint: {look.tint};" in stylesheet()


# ---------------------------------------------------------------- reliability


def bins_of(models):
    return {
        f"{NAMES[model]} with a long name": [
            (0.45, 0.3, 10), (0.7, 0.72, 40 + model), (0.98, 1.0, 900),
        ]
        for model in range(models)
    }  # fmt: skip


@pytest.mark.parametrize("models", [1, 3, 8])
@pytest.mark.parametrize("width", [860, 350])
@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_reliability_has_a_row_for_each_model_and_room_for_every_word(models, width, look):
    chart = reliability_chart(bins_of(models), width=width, look=look, title="How sure they are")
    assert chart.width == width
    assert_legible(chart)
    words = [text for text, _ in words_of(chart)]
    assert len([text for text in words if text.startswith("calibration error")]) == models


def test_a_dot_is_where_confidence_and_accuracy_are_and_on_the_diagonal_where_they_agree():
    chart = reliability_chart({"a": [(0.5, 0.5, 1), (0.75, 1.0, 3)]})
    hue = LIGHT.series[0]
    dots = [
        row
        for layer in layers_of(chart)
        if layer["mark"]["type"] == "point"
        for row in layer["data"]["values"]
        if row["colour"] == hue
    ][1:]  # the first is beside the name
    dashed = next(
        layer["data"]["values"][0]
        for layer in layers_of(chart)
        if layer["mark"]["type"] == "rule" and layer["mark"].get("strokeDash")
    )
    assert (dots[0]["x"], dots[0]["y"]) == (dashed["x"], dashed["y"]), "the lower left corner"
    assert dots[1]["y"] == dashed["y2"]
    assert dots[1]["x"] == pytest.approx((dashed["x"] + dashed["x2"]) / 2, abs=0.02)
    assert "calibration error 18.8 %" in [text for text, _ in words_of(chart)]


@pytest.mark.parametrize("models", [{}, {"a": []}])
def test_reliability_of_nothing_is_not_drawn(models):
    with pytest.raises(InputError, match="no model, or one without bins"):
        reliability_chart(models)


def relations_of(models, kin):
    rng = np.random.default_rng(models)
    shares = rng.integers(30, 60, models) / 100
    return [
        Relation(NAMES[i], share + 0.3 * (i < kin), 60 * share + i, i < kin, (share - 0.1, share))
        for i, share in enumerate(shares.tolist())
    ]


@pytest.mark.parametrize(("models", "kin"), [(1, 0), (2, 1), (13, 0), (34, 3)])
@pytest.mark.parametrize("width", [860, 350])
@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_kin_have_their_names_and_no_two_words_meet(models, kin, width, look):
    relations = relations_of(models, kin)
    chart = kin_chart(relations, width=width, look=look, title="Who gains by the corrections")
    assert chart.width == width
    assert_legible(chart)
    words = [text for text, _ in words_of(chart)]
    assert {one.model for one in relations[:kin]} <= set(words)
    assert ("stands out" in words) == bool(kin)


def test_a_dot_lies_farther_right_and_higher_the_more_a_model_agrees_and_gains():
    relations = [Relation("a", 0.4, 10.0), Relation("b", 0.5, 30.0), Relation("c", 0.6, 20.0)]
    [dots] = [
        [(row["x"], row["y"]) for row in layer["data"]["values"]]
        for layer in layers_of(kin_chart(relations))
        if layer["mark"]["type"] == "point"
    ]
    (ax, ay), (bx, by), (cx, cy) = dots
    assert bx - ax == pytest.approx(cx - bx, abs=0.02)
    assert ax < bx
    assert by < cy < ay, "y goes down"
    assert cy - by == pytest.approx(ay - cy, abs=0.02)


def test_the_bar_beside_kin_is_where_models_of_its_accuracy_are():
    relations = [Relation("a", 0.3, 0.0), Relation("b", 0.6, 9.0, True, (0.3, 0.45))]
    layers = layers_of(kin_chart(relations))
    dots = {
        hue: [
            row["x"]
            for layer in layers
            if layer["mark"]["type"] == "point"
            for row in layer["data"]["values"]
            if row["colour"] == hue
        ]
        for hue in (LIGHT.muted, LIGHT.accent)
    }
    bars = [
        row
        for layer in layers
        if layer["mark"]["type"] == "rule"
        for row in layer["data"]["values"]
        if row["colour"] == LIGHT.tint
    ]
    # the key has a dot and a bar, too
    [plain], kin = dots[LIGHT.muted], max(dots[LIGHT.accent])
    [bar] = [one for one in bars if one["x"] == plain]
    assert bar["x2"] == pytest.approx((plain + kin) / 2, abs=0.02)


def test_kinship_of_no_model_is_not_drawn():
    with pytest.raises(InputError, match="nothing to draw"):
        kin_chart([])
