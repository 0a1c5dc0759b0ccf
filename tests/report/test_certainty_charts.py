"""The charts of what is sure: they say what the numbers say, and no two words meet."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charting import NAMES, assert_legible, layers_of, rows_of, words_of
from errata.errors import InputError, NameUnknownError
from errata.report.charts import (
    DARK,
    LIGHT,
    ModelInterval,
    RankSet,
    decided_chart,
    error_course_chart,
    interval_chart,
    rank_set_chart,
)

SIZES = pytest.mark.parametrize("models", [2, 13, 34])
WIDTHS = pytest.mark.parametrize("width", [860, 350])
LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK])


def at_words(chart):
    """Return the middle of every word that is a number, in pixels from the left."""
    return {text: (box.left + box.right) / 2 for text, box in words_of(chart) if text.isdigit()}


# ---------------------------------------------------------------- accuracies


SHARES = st.integers(0, 20).map(lambda k: k / 20)


@st.composite
def shares(draw):
    low, middle, high = sorted(draw(st.tuples(SHARES, SHARES, SHARES)))
    return middle, low, high


@SIZES
@WIDTHS
@LOOKS
def test_every_model_has_room_for_its_name_and_its_interval(models, width, look):
    rng = np.random.default_rng(models)
    middles = rng.random((models, 2)) * 0.8 + 0.1
    rows = [
        ModelInterval(NAMES[i] + " with a long name", *((one, one - 0.1, one + 0.1) for one in two))
        for i, two in enumerate(middles.tolist())
    ]
    chart = interval_chart(rows, width=width, look=look, title="Before and after")
    assert chart.width == width
    assert_legible(chart)


@settings(max_examples=30)
@given(st.lists(st.tuples(shares(), shares()), min_size=1, max_size=4), st.sampled_from([860, 350]))
def test_intervals_reach_from_their_one_end_to_the_other(pairs, width):
    rows = [ModelInterval(NAMES[i], *pair) for i, pair in enumerate(pairs)]
    chart = interval_chart(rows, width=width)
    for hue, each in ((LIGHT.muted, 0), (LIGHT.rise, 1)):
        strokes = rows_of(chart, "rule", hue)
        bars = [row for row in strokes if row["y"] == row["y2"]]
        across = sorted((row["x"], (row["y"] + row["y2"]) / 2) for row in strokes
                        if row["y"] != row["y2"])  # fmt: skip
        assert across == sorted((bar[end], bar["y"]) for bar in bars for end in ("x", "x2"))
        dots = rows_of(chart, "point", hue)
        # the first dot of each is the key's
        dots = [dot for dot in dots if dot["y"] > min(bar["y"] for bar in bars) - 1]
        drawn = [(dot["x"], bar["x"], bar["x2"]) for dot, bar in zip(dots, bars, strict=True)]
        told = [pair[each] for pair in pairs]
        for one, other in itertools.pairwise([*zip(np.ravel(drawn), np.ravel(told), strict=True)]):
            assert np.sign(round(other[0] - one[0], 1)) == np.sign(round(other[1] - one[1], 9))


def test_in_a_narrow_picture_names_are_whole_and_short_intervals_show_beside_their_dots():
    middles = np.linspace(0.55, 0.82, 34).tolist()
    rows = [
        ModelInterval(NAMES[i], *2 * [(one, one - 0.0035, one + 0.0035)])
        for i, one in enumerate(middles)
    ]
    chart = interval_chart(rows, width=350)
    assert set(NAMES) <= {text for text, _ in words_of(chart)}
    bars = [row for row in rows_of(chart, "rule", LIGHT.rise) if row["y"] == row["y2"]]
    [dots] = [layer for layer in layers_of(chart)
              if layer["mark"]["type"] == "point" and len(layer["data"]["values"]) == 34
              and layer["data"]["values"][0]["colour"] == LIGHT.rise]  # fmt: skip
    across = np.sqrt(dots["mark"]["size"] / 0.785)
    assert all(bar["x2"] - bar["x"] > 1.5 * across for bar in bars)


def test_an_interval_is_told_in_words_and_half_of_it_where_there_is_less_room():
    row = ModelInterval("a", (0.8, 0.78, 0.82), (0.99, 0.972, 1.0))
    assert "99.00 (97.20 to 100.00)" in [text for text, _ in words_of(interval_chart([row]))]
    narrow = [text for text, _ in words_of(interval_chart([row], width=350))]
    assert "99.0 ± 1.8" in narrow, "the longer half"
    with pytest.raises(InputError, match="no models; there is nothing to draw"):
        interval_chart([])


# ---------------------------------------------------------------- ranks


@st.composite
def rank_sets(draw):
    models = draw(st.integers(2, 9))
    rank = st.integers(1, models)
    rows = []
    for i in range(models):
        best, middle, worst = sorted(draw(st.tuples(rank, rank, rank)))
        rows.append(RankSet(NAMES[i], best, worst, middle, draw(rank)))
    return rows


@SIZES
@WIDTHS
@LOOKS
def test_every_rank_set_has_room_for_its_name_and_its_ranks(models, width, look):
    rows = [
        RankSet(f"{NAMES[i]} of a family", max(1, i - 3), min(models, i + 4), i + 1, models - i)
        for i in range(models)
    ]
    chart = rank_set_chart(rows, width=width, look=look, title="Ranks")
    assert chart.width == width
    assert_legible(chart)
    assert [text for text, _ in words_of(chart)].count(f"1–{min(models, 4)}") >= 1


@WIDTHS
def test_where_names_are_short_all_words_of_the_ranks_are_in_the_picture(width):
    assert_legible(rank_set_chart([RankSet(name, 1, 2, 1, 2) for name in "ab"], width=width))


@settings(max_examples=50)
@given(rank_sets())
def test_a_bar_lies_over_the_possible_ranks_and_over_no_other(rows):
    chart = rank_set_chart(rows)
    heads = words_of(chart)
    first = min(box.top for text, box in heads if text == "1" and box.right < 600)
    column = {
        int(text): (box.left + box.right) / 2 for text, box in heads
        if text.isdigit() and abs(box.top - first) < 1
    }  # fmt: skip
    assert set(column) == set(range(1, len(rows) + 1))
    bars = rows_of(chart, "rule", LIGHT.tint)[:-1]  # the last is the key's
    for row, bar in zip(rows, bars, strict=True):
        over = {rank for rank, x in column.items() if bar["x"] <= x <= bar["x2"]}
        assert over == set(range(row.best, row.worst + 1))
    for hue, ranks in ((LIGHT.accent, [r.rank for r in rows]),
                       (LIGHT.ink, [r.given_rank for r in rows])):  # fmt: skip
        dots = [dot["x"] for dot in rows_of(chart, "point", hue)][: len(rows)]
        assert dots == pytest.approx([column[rank] for rank in ranks], abs=0.02)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "given 0 models; ranks are of two or more"),
        ([RankSet("a", 1, 1, 1, 1)], "given 1 models"),
        ([RankSet("a", 1, 2, 1, 1), RankSet("b", 1, 3, 1, 1)], "'b' has the ranks 1 to 3"),
        ([RankSet("a", 2, 1, 1, 1), RankSet("b", 1, 2, 1, 1)], "of 2 models, ranks run from 1"),
        ([RankSet("a", 1, 2, 0, 1), RankSet("b", 1, 2, 1, 1)], "'a' has the ranks 1 to 2, 0"),
    ],
)
def test_ranks_that_are_none_are_refused(rows, message):
    with pytest.raises(InputError, match=message):
        rank_set_chart(rows)


# ---------------------------------------------------------------- pairs


@st.composite
def decisions(draw):
    models = NAMES[: draw(st.integers(2, 7))]
    pairs = list(itertools.combinations(models, 2))
    said = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=len(pairs), max_size=len(pairs)))
    decided = [pair[::way] for pair, way in zip(pairs, said, strict=True) if way]
    infirm = [pair for pair in decided if draw(st.booleans())]
    return models, decided, draw(st.lists(st.sampled_from(pairs), unique=True)), infirm


@SIZES
@WIDTHS
@LOOKS
def test_every_square_has_room_beside_the_names(models, width, look):
    names = NAMES[:models]
    decided = [pair for pair in itertools.combinations(names, 2) if len(pair[1]) % 2]
    chart = decided_chart(
        names, decided, decided[:1], infirm=decided[:2], width=width, look=look, title="Pairs"
    )
    assert chart.width == width
    assert_legible(chart)
    texts = [text for text, _ in words_of(chart)]
    assert all(any(text.endswith(f"  {place}") for text in texts) for place in (1, models))


@settings(max_examples=50)
@given(decisions(), st.sampled_from([860, 350]))
def test_each_square_has_the_colour_of_what_is_sure_of_its_pair(told, width):
    models, decided, swapped, infirm = told
    chart = decided_chart(models, decided, swapped, infirm=infirm, width=width)
    columns = at_words(chart)
    rows = {
        text: (box.top + box.bottom) / 2 for text, box in words_of(chart) if "  " in text
    }  # fmt: skip
    strokes = rows_of(chart, "rule")
    dots = rows_of(chart, "point")
    for i, j in itertools.product(range(len(models)), repeat=2):
        x = columns[str(j + 1)]
        [y] = [at for text, at in rows.items() if text.endswith(f"  {i + 1}")]
        [hue] = [
            row["colour"] for row in strokes
            if row["y"] == row["y2"] and abs(row["y"] - y) < 0.5 and row["x"] < x < row["x2"]
        ]  # fmt: skip
        pair = models[i], models[j]
        wanted = (
            LIGHT.paper if i == j
            else LIGHT.quiet if pair in infirm or pair[::-1] in infirm
            else LIGHT.rise if pair in decided
            else LIGHT.tint if pair[::-1] in decided
            else LIGHT.grid
        )  # fmt: skip
        assert hue == wanted, pair
        dotted = any(abs(dot["x"] - x) < 1 and abs(dot["y"] - y) < 1 for dot in dots)
        assert dotted == (pair in swapped or pair[::-1] in swapped)
    said = [text for text, _ in words_of(chart)]
    assert ("in another order than by the given labels" in said) == bool(swapped)
    key = "one is ahead if unknown labels are as given"
    assert (key in said) == bool(infirm)


def test_a_row_of_equal_squares_is_one_stroke():
    names = NAMES[:34]
    chart = decided_chart(names, list(itertools.combinations(names, 2)))
    assert len(rows_of(chart, "rule")) < 5 * len(names), "not one for each of 1,156 squares"


def test_pairs_that_are_none_are_refused():
    with pytest.raises(InputError, match="given 1 models; pairs are of two or more"):
        decided_chart(["a"], [])
    with pytest.raises(InputError, match="'a' is surely ahead of 'b' and the other way round"):
        decided_chart(["a", "b"], [("a", "b"), ("b", "a")])
    with pytest.raises(NameUnknownError, match="no model 'resnet'. Did you mean 'resnet18'"):
        decided_chart(["resnet18", "vgg"], [("resnet", "vgg")])


# ---------------------------------------------------------------- the error rate


@st.composite
def courses(draw):
    count = draw(st.integers(1, 12))
    moments = []
    for i in range(count):
        middle, low, high = draw(shares())
        moments.append((50 * (i + 1), middle, low, high))
    return moments


def float_of(text):
    return float(text.removesuffix(" %")) if text.endswith(" %") else None


@settings(max_examples=30)
@given(courses(), st.sampled_from([860, 350]))
def test_the_last_interval_is_whole_and_one_that_is_cut_has_an_arrow_for_an_end(course, width):
    chart = error_course_chart({"so far": course}, width=width)
    assert_legible(chart)
    hue = LIGHT.series[1]
    strokes = rows_of(chart, "rule", hue)
    bars = [row for row in strokes if row["x"] == row["x2"]]
    caps = {(round(row["x"] + 3.5, 1), row["y"]) for row in strokes if row["y"] == row["y2"]}
    arrows = [row["x"] for row in strokes if row["x"] != row["x2"] and row["y"] != row["y2"]]
    assert len(bars) == len(course)
    roof = min(bar["y2"] for bar in bars)
    ended = [(round(bar["x"], 1), bar["y2"]) in caps for bar in bars]
    assert ended[-1]
    axis = {float_of(text): (box.top + box.bottom) / 2 for text, box in words_of(chart)}
    axis.pop(None)
    percent = (axis[0] - axis[max(axis)]) / max(axis)
    for bar, one, end in zip(bars, course, ended, strict=True):
        to_scale = axis[0] - bar["y2"] == pytest.approx(100 * one[3] * percent, abs=0.1)
        assert end == to_scale
    cut = [bar["x"] for bar, end in zip(bars, ended, strict=True) if not end]
    assert sorted(arrows) == sorted(2 * cut)
    for bar, one, end in zip(bars, course, ended, strict=True):
        assert end or (bar["y2"] == roof and one[3] > 2.8 * course[-1][3])
    dots = rows_of(chart, "point", hue)
    assert [dot["x"] for dot in dots] == [bar["x"] for bar in bars]
    assert all(b["y2"] - 0.01 <= d["y"] <= b["y"] + 0.01 for b, d in zip(bars, dots, strict=True))


@WIDTHS
@LOOKS
def test_two_courses_and_the_truth_have_names(width, look):
    course = [(100, 0.10, 0.05, 0.16), (1200, 0.09, 0.08, 0.10)]
    told = {"simple random sample": course, "errata plan --goal rate": course}
    chart = error_course_chart(told, truth=0.09, width=width, look=look, title="Closing in")
    assert_legible(chart)
    texts = [text for text, _ in words_of(chart)]
    assert {*told, "the truth", "1,000"} <= {*texts}
    alone = [text for text, _ in words_of(error_course_chart({"one": course}))]
    assert "one" not in alone, "there is none to tell it from"


def test_where_no_error_is_found_there_is_a_chart_still():
    nothing = [(10, 0.0, 0.0, 0.0), (20, 0.0, 0.0, 0.0)]
    assert_legible(error_course_chart({"a": nothing}))


@pytest.mark.parametrize("courses", [{}, {"a": []}])
def test_a_course_of_nothing_is_not_drawn(courses):
    with pytest.raises(InputError, match="no course, or one without moments"):
        error_course_chart(courses)


def test_the_key_says_what_the_marks_are():
    for chart, words in (
        (interval_chart([ModelInterval("a", (0.5, 0.4, 0.6), (0.5, 0.4, 0.6))]),
         {"given labels", "corrected labels", "percent"}),
        (rank_set_chart([RankSet("a", 1, 2, 1, 2), RankSet("b", 1, 2, 2, 1)], rank="true rank"),
         {"possible ranks", "true rank", "rank by given labels"}),
    ):  # fmt: skip
        assert words <= {text for text, _ in words_of(chart)}
        assert all(layer["data"]["values"] for layer in layers_of(chart))
