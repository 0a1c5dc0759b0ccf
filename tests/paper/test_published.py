"""The readers of the published votes meet every odd thing about them."""

import json

import numpy as np
import pytest

import errata
from errata.paper.published import SOURCES, Pack

ONE_LABEL = [key for key in SOURCES if key != "audioset"]
WITH_LABELS = [key for key in ONE_LABEL if SOURCES[key].labels]


@pytest.fixture(scope="module")
def pack(data):
    return Pack(data)


@pytest.mark.parametrize("key", WITH_LABELS)
def test_every_candidate_has_the_label_that_the_arrays_give_it(pack, key):
    published = pack.votes(key)
    labels = pack.labels(key)
    assert len(labels) == SOURCES[key].size
    np.testing.assert_array_equal(labels[published.rows], published.given)
    assert len(set(published.rows.tolist())) == len(published.ids)


@pytest.mark.parametrize("key", WITH_LABELS)
def test_every_suggestion_is_the_published_prediction(pack, data, key):
    name = SOURCES[key].labels.replace("original_labels", "pyx_argmax_predicted_labels")
    predicted = np.load(data / "label_errors/pred_labels" / name)
    published = pack.votes(key)
    np.testing.assert_array_equal(predicted[published.rows], published.suggested)


@pytest.mark.parametrize("key", [key for key in ONE_LABEL if key != "mnist"])
def test_no_vote_is_lost_whatever_word_it_has(pack, key):
    published = pack.votes(key)
    items = pack.items(key)
    for item, votes, others in zip(items, published.votes, published.others, strict=True):
        assert votes.sum() + sum(others.values()) == sum(item["mturk"].values())


def test_the_number_of_an_imagenet_picture_is_no_row(pack):
    published, labels = pack.votes("imagenet"), pack.labels("imagenet")
    numbers = np.array([int(id_) for id_ in published.ids])
    right = labels[numbers - 1] == published.given  # they run from 1
    assert right.mean() < 0.01


def test_votes_on_thirteen_mnist_items_are_published_twice_and_counted_once(pack):
    published, items = pack.votes("mnist"), pack.items("mnist")
    twice = [sum(item["mturk"].values()) != 5 for item in items]
    assert sum(twice) == 13
    np.testing.assert_array_equal(twice, published.given == published.suggested)
    assert (published.votes.sum(axis=1) == 5).all()
    for item, votes in zip(items, published.votes.tolist(), strict=True):
        assert (votes[0], votes[3]) == (item["mturk"]["given"], item["mturk"]["neither"])


def test_absolute_answers_of_amazon_count_for_the_side_that_has_the_class(pack):
    items, published = pack.items("amazon"), pack.votes("amazon")
    at = next(
        place
        for place, item in enumerate(items)
        if item["given_original_label"] == "Positive" and item["our_guessed_label"] == "Neutral"
    )
    raw = items[at]["mturk"]
    assert published.votes[at].tolist() == [raw["positive"], raw["neutral"], 0, 0]
    assert published.others[at] == {
        word: raw[word] for word in ("negative", "off-topic") if raw[word]
    }


def test_neutral_and_off_topic_are_neither_sides_in_imdb(pack):
    published = pack.votes("imdb")
    assert {word for others in published.others for word in others} == {"neutral", "off-topic"}
    assert not published.votes[:, 2:].any()


def test_label_sets_of_audioset_are_those_of_the_arrays_by_name(pack, data):
    with (data / "raw/audioset/class_labels_indices.csv").open() as lines:
        names = [line.rstrip("\n").split(",", 2)[2].strip('"') for line in lines][1:]
    given = json.loads((data / "raw/audioset/eval_original_labels.json").read_text())
    published = pack.audioset
    for row, labels in zip(published.rows.tolist(), published.given, strict=True):
        assert {names[label].replace(",", "") for label in given[row]} == labels


def test_verdicts_on_label_sets_compare_whole_sets(pack):
    assert pack.audioset.counts() == {"non_error": 32, "error": 275}
    assert pack.audioset.counts(threshold=6) == {"non_error": 0, "error": 307}, "5 voted"


def test_models_come_best_answer_first(pack):
    answers = pack.predictions("cifar10", n_classes=10)
    right = (answers["pytorch_vgg13_bn"][:, 0] == pack.labels("cifar10")).mean()
    assert round(100 * right, 2) == 94.29


def test_imagenet_classes_have_names_of_their_own(pack):
    classes = pack.votes("imagenet").classes
    assert len(classes) == len(set(classes)) == 1000
    assert classes[0] == "tench"


def test_a_file_that_is_not_there_is_named_with_the_way_to_get_it(tmp_path):
    with pytest.raises(
        errata.FileError, match=r"mnist_mturk.json is not there. `errata paper fetch"
    ):
        Pack(tmp_path).votes("mnist")


def test_a_broken_file_is_named(tmp_path):
    folder = tmp_path / "label_errors/mturk"
    folder.mkdir(parents=True)
    (folder / "mnist_mturk.json").write_text('[{"id": 1,')
    with pytest.raises(errata.FileError, match=r"mnist_mturk.json is not as .*Remove it"):
        Pack(tmp_path).votes("mnist")
