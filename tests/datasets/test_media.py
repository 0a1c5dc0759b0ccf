"""What is shown of an example: pictures, texts, rows, and what is wrong with their files."""

import gzip
import io
import json
import re
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from errata import FileError, InputError
from errata.datasets.media import Features, Images, Picture, Row, Text, Texts, open_media


def pixels_of(picture):
    with Image.open(io.BytesIO(picture.data)) as image:
        assert (image.width, image.height) == (picture.width, picture.height)
        return np.asarray(image)


def reopened(media, folder):
    """Save, and open from the description after it went through JSON, as the store does."""
    folder.mkdir(exist_ok=True)
    return open_media(json.loads(json.dumps(media.save(folder))), folder)


def same(media, folder):
    again = reopened(media, folder)
    assert type(again) is type(media)
    assert len(again) == len(media)
    assert repr(again) == repr(media)
    assert [again.show(i) for i in range(len(media))] == [media.show(i) for i in range(len(media))]
    return again


# ---------------------------------------------------------------- arrays of pixels


@pytest.mark.parametrize("colours", [(), (1,), (3,), (4,)])
def test_bytes_are_shown_as_they_are(tmp_path, colours):
    array = np.random.default_rng(0).integers(0, 256, (3, 5, 7, *colours), dtype=np.uint8)
    images = same(Images(array), tmp_path / "media")
    for index in range(3):
        picture = images.show(index)
        assert (picture.mime, picture.width, picture.height) == ("image/png", 7, 5)
        expected = array[index, ..., 0] if colours == (1,) else array[index]
        np.testing.assert_array_equal(pixels_of(picture), expected)


@pytest.mark.parametrize(
    ("values", "shown", "words"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255], "values 0 to 1 shown as 0 to 255"),
        ([0.0, 0.25, 0.5], [0, 64, 128], "values 0 to 1 shown as 0 to 255"),
        ([0.0, 8.0, 16.0], [0, 128, 255], "values 0 to 16 shown as 0 to 255"),
        ([0, 8, 16], [0, 128, 255], "values 0 to 16 shown as 0 to 255"),
        ([0.0, 100.0, 255.0], [0, 100, 255], "values 0 to 255 shown as 0 to 255"),
        ([False, True, True], [0, 255, 255], "values 0 to 1 shown as 0 to 255"),
        ([0.0, 0.0, 0.0], [0, 0, 0], "values 0 to 1 shown as 0 to 255"),
    ],
)
def test_other_numbers_are_scaled_and_it_is_said_how(values, shown, words):
    images = Images(np.array(values).reshape(1, 1, 3))
    assert words in repr(images)
    assert pixels_of(images.show(0)).tolist() == [shown]


def test_all_pictures_share_one_scale():
    images = Images(np.array([[[0.0, 1.0]], [[0.0, 4.0]]]))
    assert [pixels_of(images.show(i)).tolist() for i in range(2)] == [[[0, 64]], [[0, 255]]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((10, 784)), r"shape \(10, 784\).*Reshape each row to \(height, width\)"),
        (np.zeros((2, 3, 8, 8)), r"Move the colours last: array\.transpose\(0, 2, 3, 1\)"),
        (np.zeros(5), r"shape \(5,\)"),
        (np.array([[["a"]]]), "dtype <U1; numbers were expected"),
        (np.full((1, 2, 2), -0.5), "values from -0.5 to -0.5.*Undo the model's normalisation"),
        (np.full((1, 2, 2), np.nan), "values from nan to nan"),
        (np.full((1, 2, 2), np.inf), "values from inf to inf"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(array, message):
    with pytest.raises(InputError, match=message):
        Images(array)


def test_pixels_of_a_file_are_referred_to_and_verified(tmp_path):
    array = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    np.save(tmp_path / "pixels.npy", array)
    images = same(Images(tmp_path / "pixels.npy"), tmp_path / "media")
    assert list((tmp_path / "media").iterdir()) == []
    description = images.save(tmp_path / "media")
    np.save(tmp_path / "pixels.npy", array[:, ::-1])
    with pytest.raises(FileError, match=r"pixels\.npy, which the audit shows, has changed"):
        open_media(description, tmp_path / "media")
    (tmp_path / "pixels.npy").unlink()
    with pytest.raises(FileError, match=r"pixels\.npy, which the audit shows, is missing"):
        open_media(description, tmp_path / "media")


def test_images_are_one_thing_or_the_other():
    with pytest.raises(InputError, match="one of the two"):
        Images()
    with pytest.raises(InputError, match="one of the two"):
        Images(np.zeros((1, 2, 2)), files=["a.png"])
    with pytest.raises(InputError, match="`archive` needs `files"):
        Images(np.zeros((1, 2, 2)), archive="a.zip")


# ---------------------------------------------------------------- picture files


@pytest.fixture
def pictures(tmp_path):
    """Return the names of a PNG, a JPEG, a GIF and two files browsers do not show."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    names = ["a.png", "b.jpg", "c.gif", "d.bmp", "e.tiff"]
    for name in names:
        image.save(folder / name)
    return [folder / name for name in names]


def test_files_browsers_know_are_passed_on_and_others_become_png(tmp_path, pictures):
    images = same(Images(files=pictures), tmp_path / "media")
    assert [images.show(i).mime for i in range(5)] == [
        *("image/png", "image/jpeg", "image/gif", "image/png", "image/png")
    ]
    for place in range(3):
        assert images.show(place).data == pictures[place].read_bytes()
    with Image.open(pictures[0]) as original:
        np.testing.assert_array_equal(pixels_of(images.show(4)), np.asarray(original))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("deep.png", np.array([[100, 2148, 4196]], np.uint16)),
        ("deep.tiff", np.array([[100, 2148, 4196]], ">u2")),
        ("signed.tiff", np.array([[-7, 0, 7]], np.int32)),
        ("real.tiff", np.array([[0.25, 0.5, 0.75]], np.float32)),
        ("holes.tiff", np.array([[0.25, 0.5, 0.75, np.nan, np.inf, -np.inf]], np.float32)),
        ("flat.tiff", np.full((1, 3), 9, np.float32)),
    ],
)
def test_files_of_more_than_8_bits_are_shown_from_their_lowest_value_to_their_highest(
    tmp_path, name, values
):
    Image.fromarray(values).save(tmp_path / name)
    images = Images(files=[tmp_path / name])
    wanted = [[0, 128, 255, 0, 255, 0][: values.size]] if "flat" not in name else [[0, 0, 0]]
    np.testing.assert_array_equal(pixels_of(images.show(0)), wanted)
    np.testing.assert_array_equal(images.load(0)[..., 1], wanted)


def test_files_of_an_archive(tmp_path, pictures):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in pictures:
            archive.write(path, path.name)
    names = [path.name for path in pictures]
    images = same(Images(files=names, archive=tmp_path / "all.zip"), tmp_path / "media")
    assert images.show(1).data == pictures[1].read_bytes()
    assert repr(images) == f"Images(5 pictures, files in {tmp_path / 'all.zip'})"
    with pytest.raises(FileError, match=r"f\.png is missing in .*all\.zip \(1 of 6 are\)"):
        Images(files=[*names, "f.png"], archive=tmp_path / "all.zip").save(tmp_path / "media")
    description = images.save(tmp_path / "media")
    with zipfile.ZipFile(tmp_path / "all.zip", "a") as archive:
        archive.writestr("more", "")
    with pytest.raises(FileError, match=r"all\.zip, which the audit shows, has changed"):
        open_media(description, tmp_path / "media")


def test_archives_that_are_none(tmp_path):
    with pytest.raises(FileError, match=r"gone\.zip is missing"):
        Images(files=["a.png"], archive=tmp_path / "gone.zip").check()
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    with pytest.raises(FileError, match=r"bad\.zip is no zip archive, or is cut short"):
        Images(files=["a.png"], archive=tmp_path / "bad.zip").check()


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "gone"])
def test_a_picture_that_cannot_be_shown_is_named(tmp_path, pictures, damage):
    broken = pictures[1]
    data = broken.read_bytes()
    if damage == "gone":
        broken.unlink()
    else:
        broken.write_bytes({"cut": data[: len(data) - 40], "text": b"hello", "empty": b""}[damage])
    images = Images(files=pictures)
    with pytest.raises(FileError, match=r"b\.jpg"):
        images.show(1)
    assert images.show(0).mime == "image/png", "the others are shown all the same"


def test_a_damaged_archive_member_is_named(tmp_path, pictures):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(pictures[0], "a.png")
        start = archive.getinfo("a.png").header_offset + 40
    data = bytearray(path.read_bytes())
    data[start : start + 20] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(FileError, match=r"a\.png in .*all\.zip cannot be read"):
        Images(files=["a.png"], archive=path).show(0)


def test_missing_files_are_told_when_the_audit_is_made(tmp_path, pictures):
    pictures[3].unlink()
    with pytest.raises(FileError, match=r"d\.bmp is missing \(1 of 5 are\)"):
        Images(files=pictures).save(tmp_path)


# ---------------------------------------------------------------- texts


@example(texts=["half of a smile: \ud83d", "all of it: \U0001f600", "both halves: \ud83d\ude00"])
@given(texts=st.lists(st.text(st.characters(codec="utf-8")), max_size=5))
def test_texts_come_back_as_they_were(tmp_path_factory, texts):
    media = same(Texts(texts), tmp_path_factory.mktemp("texts") / "media")
    assert [media.load(i) for i in range(len(texts))] == texts
    shown = [Text(re.sub("[\ud800-\udfff]", "?", text)) for text in texts]
    assert [media.show(i) for i in range(len(texts))] == shown


def test_texts_of_a_file(tmp_path):
    (tmp_path / "a.txt").write_text("one\ftwo\nthree\n\nfour\n", encoding="utf-8")
    (tmp_path / "a.json").write_text('["one\\ntwo", "three"]')
    assert same(Texts(tmp_path / "a.txt"), tmp_path / "m").show(0) == Text("one\ftwo")
    assert len(Texts(tmp_path / "a.txt")) == 4
    texts = same(Texts(str(tmp_path / "a.json")), tmp_path / "m")
    assert texts.show(0) == Text("one\ntwo")
    assert repr(texts) == "Texts(2 texts)"
    description = texts.save(tmp_path / "m")
    (tmp_path / "a.json").write_text('["other", "three"]')
    with pytest.raises(FileError, match=r"a\.json, which the audit shows, has changed"):
        open_media(description, tmp_path / "m")


def test_texts_that_are_none(tmp_path):
    with pytest.raises(InputError, match=r"texts\[1\] is float, not a string; use ''"):
        Texts(["a", float("nan")])
    with pytest.raises(FileError, match=r"gone\.txt is missing"):
        Texts(tmp_path / "gone.txt")
    for name, data, message in (
        ("a.json", b"[1]", r"texts\[0\] of .*a\.json is int"),
        ("b.json", b'{"a": 1}', r"b\.json holds no list"),
        ("c.json", b'["a"', r"c\.json is no JSON, or is cut short"),
        ("d.txt", b"\xff\xfe", r"d\.txt is not UTF-8"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises((FileError, InputError), match=message):
            Texts(tmp_path / name)


# ---------------------------------------------------------------- rows


def test_rows_of_an_array(tmp_path):
    array = np.array([[5.5, 3.0], [4.0, 2.0]])
    features = same(Features(array, names=["length", "width"]), tmp_path / "m")
    assert features.show(0) == Row(("length", "width"), (5.5, 3.0))
    assert repr(features) == "Features(2 rows of 2 columns)"
    assert Features(array).names == ("feature 1", "feature 2")
    np.save(tmp_path / "x.npy", array)
    assert same(Features(tmp_path / "x.npy"), tmp_path / "m").show(1).values == (4.0, 2.0)


def test_rows_of_columns_of_several_kinds(tmp_path):
    columns = {"age": [39, 50], "work": ["state", "private"], "home": [True, False]}
    features = same(Features(columns), tmp_path / "m")
    assert features.show(1) == Row(("age", "work", "home"), (50.0, "private", "False"))


@pytest.mark.parametrize(
    ("values", "names", "message"),
    [
        (np.zeros(3), None, r"shape \(3,\); one row for each example"),
        (np.zeros((3, 2)), ["a"], "1 names for 2 columns"),
        ({"a": [1, 2], "b": [1]}, None, "'b' has 1 values, but 'a' has 2"),
        ({"a": [None, 2]}, None, "'a' has shape .* dtype object"),
        ({"a": [[1, 2]]}, None, r"'a' has shape \(1, 2\)"),
    ],
)
def test_rows_that_are_none(values, names, message):
    with pytest.raises(InputError, match=message):
        Features(values, names)


# ---------------------------------------------------------------- real data


def test_the_published_pictures_of_cifar10(data, tmp_path):
    raw = data / "raw" / "cifar10"
    files = json.loads((raw / "cifar10_test_index_to_file.json").read_text())
    images = Images(files=files, archive=raw / "cifar10_test_jpeg.zip")
    assert len(images) == 10_000
    again = reopened(images, tmp_path / "media")
    picture = again.show(2405)
    assert (picture.mime, picture.width, picture.height) == ("image/jpeg", 32, 32)
    with zipfile.ZipFile(raw / "cifar10_test_jpeg.zip") as archive:
        assert picture.data == archive.read(files[2405])


def test_the_pictures_of_mnist(data):
    raw = gzip.decompress((data / "raw" / "mnist" / "t10k-images-idx3-ubyte.gz").read_bytes())
    array = np.frombuffer(raw, np.uint8, offset=16).reshape(10_000, 28, 28)
    images = Images(array)
    assert repr(images) == "Images(10,000 pictures, 28 x 28)"
    np.testing.assert_array_equal(pixels_of(images.show(9_999)), array[9_999])


def test_posts_of_20_newsgroups(data, tmp_path):
    """Their bytes are latin-1: read by hand, shown as text, kept through the audit's folder."""
    folder = data / "raw" / "20news"
    names = json.loads((folder / "20news_test_index_to_file.json").read_text())[:20]
    with tarfile.open(folder / "20news-bydate-test.tar.xz") as archive:
        found = {}
        for member in archive:
            name = next((name for name in names if member.name.endswith(name)), None)
            if name is not None:
                found[name] = archive.extractfile(member).read().decode("latin-1")
            if len(found) == len(names):
                break
    texts = Texts([found[name] for name in names])
    assert same(texts, tmp_path / "media").show(0).text.startswith("From: ")


def test_handwritten_digits_of_scikit_learn(tmp_path):
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    images = same(Images(digits.images[:50]), tmp_path / "media")
    assert "8 x 8, values 0 to 16 shown as 0 to 255" in repr(images)
    shown = images.show(0)
    assert isinstance(shown, Picture)
    np.testing.assert_array_equal(pixels_of(shown), np.rint(digits.images[0] * 255 / 16))
