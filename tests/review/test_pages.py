"""How an example is shown: sizes, texts, rows; and the keys."""

import pytest

from errata.datasets.media import Clip, Picture, Row, Text
from errata.review.pages import EXEMPLAR_SIDE, PAIR, SKIP, UNDO, ClipView, view


@pytest.mark.parametrize(
    ("side", "width"), [(8, 384), (28, 364), (32, 384), (100, 300), (128, 384)]
)
def test_tiny_pictures_grow_by_whole_multiples(side, width):
    shown = view(Picture(b"", "image/png", side, side), "/media/0", side=384, longest=10)
    assert shown.tiny
    assert (shown.width, shown.height) == (width, width)
    assert shown.small[0] % side == 0
    assert shown.small[0] <= max(EXEMPLAR_SIDE, side)


def test_larger_pictures_keep_their_size():
    shown = view(Picture(b"", "image/jpeg", 640, 480), "/media/0", side=384, longest=10)
    assert not shown.tiny
    assert (shown.width, shown.height) == (640, 480)


def test_long_texts_are_cut_and_say_by_how_much():
    shown = view(Text("0123456789abc"), "/media/0", side=1, longest=10)
    assert (shown.text, shown.left_out) == ("0123456789", 3)


def test_breaks_written_as_html_are_breaks():
    shown = view(Text("Good.<br /><br />Very<br>good <b>."), "/media/0", side=1, longest=100)
    assert shown.text == "Good.\n\nVery\ngood <b>."
    assert shown.excerpt == "Good.\nVery\ngood <b>."


def test_sounds_tell_how_long_they_are():
    shown = view(Clip(b"", "audio/wav", 2.345), "/media/0", side=1, longest=1)
    assert shown == ClipView("/media/0", "2.3 seconds")


def test_numbers_in_rows_are_short_and_words_whole():
    row = Row(("a", "b", "c", "d"), (3.0, 0.1234567, 1234567.0, "word"))
    shown = view(row, "", side=1, longest=1)
    assert shown.values == ("3", "0.12346", "1234567", "word")
    assert shown.pairs[3] == ("d", "word")


def test_no_two_answers_share_a_key():
    keys = ["?"] + [key for answer in (*PAIR, SKIP, UNDO) for key in answer.keys]
    assert len(set(keys)) == len(keys)
