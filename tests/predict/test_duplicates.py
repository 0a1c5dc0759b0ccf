"""Duplicates of every kind, against a comparison of all pairs; the same in any order."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.datasets.base import Dataset
from errata.datasets.media import Features, Images, Sounds, Texts
from errata.datasets.own import open_dataset
from errata.errors import FileError
from errata.predict import duplicates
from errata.predict.duplicates import find_duplicates, joined
from helpers import require

SENTENCE = "the film was good but far too long for what it had to say about us and them"
WORDS = SENTENCE.split(" ")


def dataset(media, labels=None):
    n = len(media)
    labels = np.arange(n) % 2 if labels is None else np.array(labels)
    return Dataset("d", "all", [f"r{row}" for row in range(n)], labels, ("x", "y"), media)


def components(n, same):
    """Return the lowest row that each is the same as, by way of others too."""
    groups = list(range(n))
    for _ in range(n):
        for a in range(n):
            for b in range(n):
                if same(a, b):
                    groups[a] = groups[b] = min(groups[a], groups[b])
    return groups


@st.composite
def texts(draw):
    found = []
    for _ in range(draw(st.integers(1, 9))):
        words = list(WORDS[: draw(st.sampled_from([0, 2, 16, 17]))])
        if words and draw(st.booleans()):
            words[draw(st.sampled_from([0, len(words) // 2]))] = draw(st.sampled_from(["a", "b"]))
        text = draw(st.sampled_from([" ", "  ", ", "])).join(words)
        found.append(draw(st.sampled_from([str.upper, str.title, str]))(text))
    return found


def same_texts(a, b):
    a, b = (text.lower().replace(",", " ").split() for text in (a, b))
    runs = [{tuple(one[at : at + 5]) for at in range(len(one) - 4)} for one in (a, b)]
    if a == b:
        return True
    return all(runs) and len(runs[0] & runs[1]) / len(runs[0] | runs[1]) >= 0.8


@given(texts())
def test_texts_of_the_same_words_or_nearly_are_in_one_group(drawn):
    found = find_duplicates(dataset(Texts(drawn)))
    by_hand = components(len(drawn), lambda a, b: same_texts(drawn[a], drawn[b]))
    assert found.groups.tolist() == by_hand


@given(
    st.integers(1, 2).flatmap(
        lambda width: st.lists(
            st.lists(st.sampled_from([0.0, -0.0, 1.0, np.nan]), min_size=width, max_size=width),
            min_size=1,
            max_size=12,
        )
    ),
    st.sampled_from(["f4", "f8", "columns"]),
)
def test_equal_rows_are_in_one_group(rows, kind):
    values = np.array(rows)
    columns = {"word": [f"w{abs(row[0])}" for row in rows], "number": values[:, -1]}
    media = Features(columns) if kind == "columns" else Features(values.astype(kind))
    if kind == "columns":
        values = values[:, [0, -1]]
    found = find_duplicates(dataset(media))
    by_hand = components(
        len(rows), lambda a, b: np.array_equal(values[a], values[b], equal_nan=True)
    )
    assert found.groups.tolist() == by_hand


@given(texts(), st.randoms(use_true_random=False))
def test_in_another_order_the_same_are_found(drawn, chance):
    order = list(range(len(drawn)))
    chance.shuffle(order)
    there = find_duplicates(dataset(Texts(drawn))).groups
    here = find_duplicates(dataset(Texts([drawn[row] for row in order]))).groups
    for a in range(len(order)):
        for b in range(a):
            assert (here[a] == here[b]) == (there[order[a]] == there[order[b]])


@given(texts(), st.integers(0, 99))
def test_two_of_each_group_with_different_labels_are_named(drawn, seed):
    labels = np.random.default_rng(seed).integers(0, 2, len(drawn))
    found = find_duplicates(dataset(Texts(drawn), labels))
    differing = {
        group for group in found.groups.tolist() if len(set(labels[found.groups == group])) > 1
    }
    assert sorted(found.groups[found.differing[:, 0]].tolist()) == sorted(differing)
    for first, second in found.differing.tolist():
        assert first < second
        assert labels[first] != labels[second]
        assert same_texts(drawn[first], drawn[second])


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=9))
def test_rows_are_joined_by_links(links):
    both = {*links, *((b, a) for a, b in links)}
    by_hand = components(9, lambda a, b: (a, b) in both)
    assert joined(np.array(links, np.int64).reshape(-1, 2), 9).tolist() == by_hand


def test_texts_without_words_are_the_same_if_they_are():
    found = find_duplicates(dataset(Texts([":-)", ":-(", " :-)", "", "  ", "a"])))
    assert found.groups.tolist() == [0, 1, 0, 3, 3, 5]


def test_pictures_are_the_same_by_pixels_whatever_the_file(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, 40, 40, 3), np.uint8)
    for name, pixels in (("a.png", one), ("b.bmp", one), ("c.png", other)):
        Image.fromarray(pixels).save(tmp_path / name)
    files = [tmp_path / name for name in ("c.png", "a.png", "b.bmp")]
    assert find_duplicates(dataset(Images(files=files))).groups.tolist() == [0, 1, 1]
    assert find_duplicates(dataset(Images(np.stack([other, one, one])))).groups.tolist() == [
        0,
        1,
        1,
    ]


def test_sounds_are_the_same_by_samples(tmp_path):
    def sound(name, samples, rate=8000):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(np.array(samples, "<i2").tobytes())
        return tmp_path / name

    files = [sound("a.wav", [1, 2]), sound("b.wav", [1, 2, 3]), sound("c.wav", [1, 2])]
    files.append(sound("d.wav", [1, 2], rate=16000))
    assert find_duplicates(dataset(Sounds(files))).groups.tolist() == [0, 1, 0, 3]


def test_examples_of_several_labels_may_differ_too():
    sets = np.array([[1, 1], [1, 0], [1, 1]], bool)
    data = Dataset("d", "all", ["a", "b", "c"], sets, ("x", "y"), Texts(["A.", "a", "b"]))
    assert find_duplicates(data).differing.tolist() == [[0, 1]]


def test_in_very_many_those_that_are_nearly_the_same_are_not_looked_for(monkeypatch):
    text = " ".join(WORDS * 3)
    data = dataset(Texts([text, f"{text} indeed", f"{text}!"]))
    assert find_duplicates(data).groups.tolist() == [0, 0, 0]
    monkeypatch.setattr(duplicates, "COMPARED", 2)
    found = find_duplicates(data)
    assert found.groups.tolist() == [0, 1, 0]
    assert not found.complete
    assert find_duplicates(dataset(Features(np.zeros((3, 1))))).complete


def test_one_example_and_progress():
    steps = []
    found = find_duplicates(dataset(Texts(["a"])), progress=lambda *step: steps.append(step))
    assert repr(found).startswith("Duplicates: 0 of 1 examples, in 0 groups")
    assert steps == [(1, 1)]
    find_duplicates(dataset(Texts(["a"] * 600)), progress=lambda *step: steps.append(step))
    assert steps[1:] == [(1, 600), (257, 600), (513, 600), (600, 600)]


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.png").write_text("none")
    with pytest.raises(FileError, match=r"a\.png is no picture"):
        find_duplicates(dataset(Images(files=[tmp_path / "a.png"])))


# ---------------------------------------------------------------- published sets


def test_digits_are_not_taken_for_copies_of_others():
    data = open_dataset("mnist", folder=f"{require('data')}/raw/mnist", part="test")
    found = find_duplicates(data.take(np.flatnonzero(data.labels == 1)))
    assert found.summary() == {"examples": 0, "groups": 0, "differing": 0}


def test_copies_of_photographs_are_found_among_others():
    folder = f"{require('data')}/raw/cifar10"
    archive = f"{folder}/cifar10_test_jpeg.zip"
    names = json.loads(Path(folder, "cifar10_test_index_to_file.json").read_text())
    pictures = Images(files=names[:600], archive=archive)
    pixels = [pictures.load(row) for row in range(600)]
    rng = np.random.default_rng(0)
    dimmed = [(one * 0.99 + rng.integers(0, 3, one.shape)).astype(np.uint8) for one in pixels[:50]]
    found = find_duplicates(dataset(Images(np.stack([*pixels, *dimmed]))))
    assert found.groups.tolist() == [*range(600), *range(50)]


def test_posts_that_were_sent_to_two_groups_are_found():
    data = open_dataset("20news", folder=f"{require('data')}/raw/20news", part="test")
    found = find_duplicates(data)
    assert found.summary() == {"examples": 66, "groups": 31, "differing": 1}
