"""One contract for every reader of a data set, on real files or on files in the real format.

A reader takes part by a function in `published_sets` that makes, or finds, a folder as the makers
of the set ship it, and says what the set holds.
"""

import pickle
import re
from contextlib import contextmanager

import numpy as np
import pytest

from errata.datasets.base import Dataset
from errata.datasets.media import Clip, Picture, Row, Text
from errata.datasets.registry import PUBLISHED, open_published
from errata.errors import FileError, NameUnknownError
from published_sets import MAKERS


@contextmanager
def spoiled(path, spoil):
    """Damage a file for a while."""
    whole = path.read_bytes()
    spoil(path)
    yield
    path.write_bytes(whole)


def load_all(dataset):
    for row in range(len(dataset)):
        dataset.load(row)


SHOWN = {"images": Picture, "texts": Text, "sounds": Clip, "features": Row}


@pytest.fixture(params=MAKERS, ids=[maker.__name__ for maker in MAKERS])
def made(request, tmp_path):
    """Return a folder of a published set, and what it holds."""
    return request.param(tmp_path)


@pytest.fixture
def dataset(made):
    return open_published(made.name, made.folder, made.part)


def test_every_published_set_takes_part():
    names = [maker.__name__.removeprefix("the_") for maker in MAKERS]
    assert {name.split("_")[0] for name in names} == set(PUBLISHED)


def test_it_holds_what_its_makers_put_there(made, dataset):
    assert (dataset.name, dataset.part) == (made.name, made.part)
    assert len(dataset) == len(made.labels)
    np.testing.assert_array_equal(dataset.labels, made.labels)
    assert dataset.classes == tuple(made.classes)
    if made.ids is not None:
        assert list(dataset.ids) == list(made.ids)
    for row, wanted in made.examples.items():
        loaded = dataset.load(row)
        if isinstance(wanted, np.ndarray):
            np.testing.assert_array_equal(loaded, wanted)
        else:
            assert loaded == wanted


def test_ids_differ_and_are_the_same_wherever_the_files_lie(made, dataset, tmp_path):
    assert len(set(dataset.ids)) == len(dataset)
    assert all(str(tmp_path) not in one and one for one in dataset.ids)
    again = open_published(made.name, made.folder, made.part)
    assert list(again.ids) == list(dataset.ids)


def test_examples_can_be_loaded_and_shown_in_any_order(dataset):
    rows = np.random.default_rng(0).permutation(len(dataset))[:5]
    some = dataset.take(rows)
    assert isinstance(some, Dataset)
    assert list(some.ids) == [dataset.ids[row] for row in rows]
    np.testing.assert_array_equal(some.labels, dataset.labels[rows])
    for place, row in enumerate(rows):
        assert isinstance(some.show(place), SHOWN[dataset.kind])
        assert some.show(place) == dataset.show(int(row))
        np.testing.assert_equal(some.load(place), dataset.load(int(row)))


def test_it_travels_to_other_processes(dataset):
    copy = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_equal(copy.load(0), dataset.load(0))
    assert copy.show(len(copy) - 1) == dataset.show(len(dataset) - 1)


def test_an_unknown_part_is_refused_with_those_there_are(made):
    with pytest.raises(NameUnknownError, match="Known: " + PUBLISHED[made.name].parts[0]):
        open_published(made.name, made.folder, "tset")


def test_an_empty_folder_is_refused_with_what_to_download(made, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    published = PUBLISHED[made.name]
    with pytest.raises(FileError) as caught:
        open_published(made.name, empty, made.part)
    assert published.layout.splitlines()[0] in str(caught.value)
    assert published.download[0] in str(caught.value)


def test_damage_is_told_with_the_file_and_where_it_is(made):
    assert made.damages
    for path, spoil, message in (*made.damages, *made.bad_examples):
        with spoiled(path, spoil), pytest.raises(FileError, match=message) as caught:
            load_all(open_published(made.name, made.folder, made.part))
        assert path.name in str(caught.value)


def test_one_bad_example_is_left_out_where_that_is_asked_for(made, dataset):
    for path, spoil, message in made.bad_examples:
        with spoiled(path, spoil):
            left = open_published(made.name, made.folder, made.part, on_damage="leave out")
            left = left.without_damage()
            load_all(left)
        assert len(left) == len(dataset) - 1
        assert set(left.ids) < set(dataset.ids)
        (bad,) = left.left_out
        assert re.search(message, bad.why)


def test_an_unknown_set_is_refused_with_the_nearest():
    with pytest.raises(NameUnknownError, match="Did you mean 'mnist'"):
        open_published("mnits", "nowhere")


def test_what_is_known_of_a_set_is_told_without_having_it():
    for published in PUBLISHED.values():
        assert published.examples
        assert published.classes > 1
        assert published.licence
        assert published.citation
        assert published.download
        assert published.layout
