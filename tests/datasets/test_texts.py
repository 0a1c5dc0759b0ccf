"""The readers of texts and of AudioSet, beyond their contract: whole real sets, and orders."""

import gzip
import json
import pickle
import struct

import numpy as np
import pytest

from errata.datasets import tfrecord
from errata.datasets.audioset import read_embeddings
from errata.datasets.lines import JsonLines
from errata.datasets.media import Text, Texts, open_media
from errata.datasets.registry import open_published
from errata.errors import FileError
from published_sets import MAKERS
from published_texts import (
    SEGMENTS,
    audioset_embeddings,
    checksum,
    crc_bit_by_bit,
    frames_of,
    imdb_folder,
    pack,
    the_20news_folder,
    unpack,
)

# ---------------------------------------------------------------- 20 Newsgroups


def test_all_posts_of_20_newsgroups_stand_as_the_study_has_them(data):
    dataset = open_published("20news", data / "raw/20news", "test")
    listed = json.loads((data / "raw/20news/20news_test_index_to_file.json").read_text())
    assert [f"20news-bydate-{one}" for one in dataset.ids] == listed
    labels = np.load(data / "label_errors/labels/20news_test_set_original_labels.npy")
    np.testing.assert_array_equal(dataset.labels, labels)
    names = json.loads((data / "label_errors/label_names.json").read_text())["20news"]
    assert list(dataset.classes) == names


def test_a_group_that_is_not_there_is_named(tmp_path):
    the_20news_folder(tmp_path)
    for post in (tmp_path / "20news-bydate-train" / "sci.space").iterdir():
        post.unlink()
    with pytest.raises(FileError, match=r"has no post of sci\.space; the train part has some"):
        open_published("20news", tmp_path, "train")


def test_a_post_in_a_group_that_is_none_is_named_or_left_out(tmp_path):
    made = the_20news_folder(tmp_path)
    unpack(tmp_path / "20news-bydate-train", {"sci.fi/1": b"From: 1"})
    with pytest.raises(FileError, match=r"sci\.fi/1 is in none of the 20 groups"):
        open_published("20news", tmp_path, "train")
    left = open_published("20news", tmp_path, "train", on_damage="leave out")
    assert set(left.ids) == set(made.ids)


# ---------------------------------------------------------------- IMDB


def test_all_reviews_of_imdb_stand_as_the_study_has_them(data, tmp_path):
    order = "imdb_test_set_index_to_filename.json"
    (tmp_path / "imdb_test.tar.xz").symlink_to(data / "raw/imdb/imdb_test.tar.xz")
    (tmp_path / order).symlink_to(data / "label_errors/indexing" / order)
    dataset = open_published("imdb", tmp_path)
    listed = json.loads((tmp_path / order).read_text())
    names = [one.removeprefix("test/").partition("#")[0] for one in dataset.ids]
    assert [f"{name}.txt" for name in names] == listed
    assert sum("#" in one for one in dataset.ids) == 201, "the list names some files again"
    labels = np.load(data / "label_errors/labels/imdb_test_set_original_labels.npy")
    np.testing.assert_array_equal(dataset.labels, labels)
    asked = json.loads((data / "label_errors/mturk/imdb_mturk.json").read_text())
    assert {one["id"] for one in asked} <= set(dataset.ids)


def test_breaks_are_loaded_as_they_are_and_shown_as_breaks(tmp_path):
    imdb_folder(tmp_path)
    dataset = open_published("imdb", tmp_path, "train")
    assert dataset.load(0) == "Très bad.<br /><br />Bad!"
    assert dataset.show(0) == Text("Très bad.\n\nBad!")
    assert dataset.take(np.array([0])).show(0) == dataset.show(0)
    again = open_media(dataset.media.save(tmp_path / "media"), tmp_path / "media")
    assert again.show(0) == dataset.show(0)
    assert again.load(0) == dataset.load(0)


def test_a_review_that_the_list_has_and_the_folder_lacks_is_named(tmp_path):
    imdb_folder(tmp_path)
    listed = ["pos/3_9.txt", "pos/4_8.txt", "neg/10_1.txt"]
    (tmp_path / "imdb_train_set_index_to_filename.json").write_text(json.dumps(listed))
    with pytest.raises(FileError, match=r"train/pos/4_8\.txt is missing; .*json lists it"):
        open_published("imdb", tmp_path, "train")
    left = open_published("imdb", tmp_path, "train", on_damage="leave out")
    assert left.ids == ("train/pos/3_9", "train/neg/10_1")


def test_the_official_archive_of_imdb_is_read_without_unpacking_it(tmp_path):
    texts = {"neg/1_1": b"Bad", "pos/0_9": b"Good", "unsup/0_0": b"What?"}
    files = {
        f"aclImdb/{part}/{name}.txt": t for part in ("train", "test") for name, t in texts.items()
    }
    pack(tmp_path / "aclImdb_v1.tar.gz", files)
    for part in ("train", "test"):
        dataset = open_published("imdb", tmp_path, part)
        assert dataset.ids == (f"{part}/neg/1_1", f"{part}/pos/0_9")


def test_a_folder_without_reviews_is_told(tmp_path):
    (tmp_path / "test").mkdir()
    with pytest.raises(FileError, match=r"test holds no review test/neg/<number>_<stars>\.txt"):
        open_published("imdb", tmp_path)


# ---------------------------------------------------------------- Amazon Reviews


def review(**changed):
    one = {"reviewerID": "A", "asin": "B", "unixReviewTime": 7, "overall": 5.0}
    return json.dumps(one | {"reviewText": "Good. Really", "helpful": [1, 1]} | changed) + "\n"


def test_reviews_that_the_study_leaves_aside_are_left_aside(tmp_path):
    aside = [
        review(overall=2.0),
        review(overall=4.0),
        review(reviewText=""),
        review(helpful=[0, 0]),
        review(helpful=[1, 2]),
        review(helpful=[2, 5]),
    ]
    lines = [review(asin="1"), *aside, "\n", review(asin="2", helpful=[3, 5], overall=3)]
    (tmp_path / "x_5.json").write_text("".join(lines))
    dataset = open_published("amazon", tmp_path)
    assert dataset.ids == ("A-1-7", "A-2-7")
    assert dataset.labels.tolist() == [2, 1]
    assert dataset.show(0) == Text("Good. Really")
    assert dataset.load(0) == "good .  really"


def test_packed_and_unpacked_reviews_are_the_same(tmp_path):
    lines = [review(reviewText=f"É {n}\nMore!", overall=n % 2 * 4 + 1) for n in range(7)]
    for name in ("packed", "plain"):
        (tmp_path / name).mkdir()
    (tmp_path / "plain" / "a_5.json").write_text("".join(lines[:3]))
    (tmp_path / "plain" / "b_5.json").write_text("".join(lines[3:]))
    (tmp_path / "packed" / "kcore_5.json.gz").write_bytes(gzip.compress("".join(lines).encode()))
    plain, packed = (open_published("amazon", tmp_path / name) for name in ("plain", "packed"))
    assert plain.ids == packed.ids
    assert plain.ids[:3] == ("A-B-7", "A-B-7#2", "A-B-7#3")
    np.testing.assert_array_equal(plain.labels, packed.labels)
    for row in (6, 0, 4):
        assert plain.load(row) == packed.load(row)
        assert plain.show(row) == packed.show(row) == Text(f"É {row}\nMore!")


def test_texts_of_plain_files_are_not_held(tmp_path):
    text = "word " * 200
    lines = "".join(review(asin=str(n), reviewText=text) for n in range(1000))
    (tmp_path / "x_5.json").write_text(lines)
    dataset = open_published("amazon", tmp_path)
    assert len(pickle.dumps(dataset.media)) < 20_000
    assert dataset.load(999) == text.strip()


def test_texts_in_lines_are_referred_to_and_verified(tmp_path):
    path = tmp_path / "x_5.json"
    path.write_text(review(asin="1") + review(asin="2", reviewText="Bad. Really"))
    dataset = open_published("amazon", tmp_path)
    some = dataset.take(np.array([1]))
    description = json.loads(json.dumps(some.media.save(tmp_path / "media")))
    assert [one.name for one in (tmp_path / "media").iterdir()] == ["places.npy"]
    assert open_media(description, tmp_path / "media").show(0) == Text("Bad. Really")
    path.write_text(path.read_text().replace("Bad", "BAD"))
    with pytest.raises(FileError, match=r"x_5\.json, which the audit shows, has changed"):
        open_media(description, tmp_path / "media")
    path.write_text("changed\n" * 50)
    with pytest.raises(FileError, match=r"x_5\.json cannot be read at byte 119"):
        some.load(0)


def test_a_line_that_lost_its_text_is_told(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1}\n')
    lines = Texts(JsonLines([tmp_path / "x.json"], np.array([[0, 0]]), "text"))
    with pytest.raises(FileError, match=r"x\.json has no text 'text' at byte 0"):
        lines.show(0)


# ---------------------------------------------------------------- AudioSet


def test_all_segments_of_audioset_stand_as_the_study_has_them(data, tmp_path):
    """The lists are real; of the clips, which opening does not read, only the names are."""
    order = "audioset_eval_set_index_to_youtube_id.json"
    for name in ("class_labels_indices.csv", "eval_segments.csv"):
        (tmp_path / name).symlink_to(data / "raw/audioset" / name)
    (tmp_path / order).symlink_to(data / "label_errors/indexing" / order)
    (tmp_path / "wav").mkdir()
    lines = (tmp_path / "eval_segments.csv").read_text().splitlines()[3:]
    for video, start, *_ in (line.split(", ") for line in lines):
        (tmp_path / "wav" / f"{video}_{start}.wav").touch()
    dataset = open_published("audioset", tmp_path)
    wanted = json.loads((data / "raw/audioset/eval_original_labels.json").read_text())
    assert [np.flatnonzero(row).tolist() for row in dataset.labels] == wanted
    assert dataset.labels.shape == (20_371, 527)
    assert dataset.ids[0] == "test/lL-7q3g0k3k_140"


def test_without_the_list_of_the_study_the_order_is_that_of_the_segments(tmp_path):
    audioset_embeddings(tmp_path)
    (tmp_path / "audioset_eval_set_index_to_youtube_id.json").unlink()
    dataset = open_published("audioset", tmp_path)
    assert list(dataset.ids) == [f"test/{video}_{start}" for video, start, *_ in SEGMENTS]


def test_embeddings_are_given_beside_clips_and_shown_as_links(tmp_path):
    audioset_embeddings(tmp_path)
    found = read_embeddings(tmp_path, "test")
    assert set(found) == {video for video, *_ in SEGMENTS}
    np.testing.assert_array_equal(found["ab1234567_8"], frames_of(SEGMENTS[2]))
    dataset = open_published("audioset", tmp_path)
    shown = dataset.show(0)
    assert shown.names == ("video", "from second", "to second")
    assert shown.values == ("http://youtu.be/ab1234567_8?start=30&end=39", 30.0, 39.0)
    folder = tmp_path / "media"
    assert open_media(dataset.media.save(folder), folder).show(0) == shown


def test_a_record_with_other_classes_than_the_list_is_told(tmp_path):
    audioset_embeddings(tmp_path)
    path = tmp_path / "eval_segments.csv"
    path.write_text(path.read_text().replace('"/m/09x0r"', '"/m/0jbk"'))
    with pytest.raises(FileError, match=r"ab1234567_8 has the classes \[0\], .* gives it \[2\]"):
        open_published("audioset", tmp_path)


def test_a_record_that_is_no_segment_is_told(tmp_path):
    audioset_embeddings(tmp_path)
    path = tmp_path / "audioset_v1_embeddings" / "eval" / "zz.tfrecord"
    for record in (b"", b"\x0a\x05", b"\x0b", b"\x08" + b"\xff" * 11):
        length = struct.pack("<Q", len(record))
        path.write_bytes(length + checksum(length) + record + checksum(record))
        with pytest.raises(FileError, match=r"zz\.tfrecord: the record at byte 0 is no segment"):
            open_published("audioset", tmp_path)


@pytest.mark.parametrize(
    ("content", "crc"),
    [  # RFC 3720, B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_checksums_are_those_of_the_standard(content, crc):
    assert tfrecord.crc32c(content) == crc
    assert crc_bit_by_bit(content) == crc
    assert struct.pack("<I", tfrecord.masked(crc)) == checksum(content)


def test_negative_numbers_have_ten_bytes_and_unknown_fields_pass():
    minus_one = b"\x08" + b"\xff" * 9 + b"\x01"
    eight, four = b"\x11" + bytes(8), b"\x1d" + bytes(4)
    found = list(tfrecord.fields(minus_one + eight + four))
    assert found == [(1, 2**64 - 1), (2, bytes(8)), (3, bytes(4))]


def test_every_maker_of_texts_and_sounds_takes_part_in_the_contract():
    assert {audioset_embeddings, imdb_folder, the_20news_folder} <= set(MAKERS)
