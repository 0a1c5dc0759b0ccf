"""What is particular to the picture sets: pickles that run code, orders, and their size."""

import io
import json
import os
import pickle
import time
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from errata.datasets.ids import CountedIds
from errata.datasets.media import Images, open_media
from errata.datasets.pixels import StackedPixels, StrokePixels
from errata.datasets.registry import PUBLISHED, open_published
from errata.errors import FileError
from published_pictures import (
    cifar10_test,
    cifar100_python3,
    imagenet_flat,
    imagenet_folders,
    quickdraw_bitmaps,
    quickdraw_strokes,
)

# ---------------------------------------------------------------- CIFAR


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path, protocol):
    made = cifar100_python3(tmp_path)
    proof = tmp_path / "it ran"
    evil = pickle.dumps({b"data": Evil(proof)}, protocol)
    for name in ("test", "meta"):
        whole = (made.folder / name).read_bytes()
        (made.folder / name).write_bytes(evil)
        with pytest.raises(FileError, match=rf"{name} asks for posix\.mkdir, .* so it is refused"):
            open_published("cifar100", made.folder, "test")
        (made.folder / name).write_bytes(whole)
    assert not proof.exists()
    pickle.loads(evil)
    assert proof.exists(), "it would have run"


@pytest.mark.parametrize(
    "asked",
    ["builtins\neval", "os\nsystem", "numpy\nload", "numpy.testing\n_private", "_codecs\ndecode"],
)
def test_nothing_but_arrays_is_taken_from_a_pickle(tmp_path, asked):
    made = cifar10_test(tmp_path)
    path = made.folder / "cifar-10-batches-py" / "test_batch"
    path.write_bytes(b"\x80\x02c" + asked.encode() + b"\n.")
    with pytest.raises(FileError, match="asks for " + asked.replace("\n", r"\.")):
        open_published("cifar10", made.folder, "test")


def test_labels_and_names_of_cifar_are_those_of_the_study(tmp_path, data):
    names = json.loads((data / "label_errors" / "label_names.json").read_text())
    made = cifar10_test(tmp_path)
    assert list(open_published("cifar10", made.folder).classes) == names["cifar10"]
    for key in ("cifar10", "cifar100"):
        labels = np.load(data / "label_errors" / "labels" / f"{key}_test_set_original_labels.npy")
        assert len(labels) == PUBLISHED[key].examples["test"]
        assert labels.max() + 1 == PUBLISHED[key].classes == len(names[key])


# ---------------------------------------------------------------- Caltech-256


def test_the_order_of_caltech256_is_that_of_the_study(tmp_path, data):
    """Names alone, in empty files: pictures are not opened before they are asked for."""
    folder = data / "label_errors"
    files = json.loads((folder / "indexing" / "caltech256_index_to_filename.json").read_text())
    assert len(files) == PUBLISHED["caltech256"].examples["all"]
    some = [row for row, file in enumerate(files) if file[-8:-4] <= "0020"]
    for name in {file.split("/")[0] for file in files}:
        (tmp_path / name).mkdir()
    for row in some:
        (tmp_path / files[row]).touch()
    dataset = open_published("caltech256", tmp_path)
    assert list(dataset.ids) == [files[row] for row in some]
    labels = np.load(folder / "labels" / "caltech256_original_labels.npy")
    np.testing.assert_array_equal(dataset.labels, labels[some])
    names = json.loads((folder / "label_names.json").read_text())["caltech256"]
    assert list(dataset.classes) == [name.removesuffix("-101") for name in names]
    for item in json.loads((folder / "mturk" / "caltech256_mturk.json").read_text()):
        assert dataset.classes[labels[item["id"]]] == item["given_original_label_name"]
        assert item["url"].endswith(files[item["id"]])


# ---------------------------------------------------------------- ImageNet


def test_the_order_of_imagenet_is_that_of_the_study(tmp_path, data):
    folder = data / "label_errors"
    files = json.loads(
        (folder / "indexing" / "imagenet_val_set_index_to_filepath.json").read_text()
    )
    index = data / "raw" / "imagenet" / "imagenet_class_index.json"
    (tmp_path / index.name).write_bytes(index.read_bytes())
    assert len(files) == PUBLISHED["imagenet"].examples["val"]
    for file in files[::10]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    dataset = open_published("imagenet", tmp_path)
    assert [f"val/{one}.JPEG" for one in dataset.ids] == files[::10]
    labels = np.load(folder / "labels" / "imagenet_val_set_original_labels.npy")
    np.testing.assert_array_equal(dataset.labels, labels[::10])
    names = [name for _, name in json.loads(index.read_text()).values()]
    assert [name.split(" (")[0] for name in dataset.classes] == names
    assert [name for name in dataset.classes if "(" in name] == [
        "crane (n02012849)",
        "crane (n03126707)",
        "maillot (n03710637)",
        "maillot (n03710721)",
    ]


def kaggle(folder):
    """Turn the flat form into that of Kaggle: boxes in a list, and another list of names."""
    made = imagenet_flat(folder)
    (folder / "ILSVRC" / "Data" / "CLS-LOC").mkdir(parents=True)
    (folder / "val").rename(folder / "ILSVRC" / "Data" / "CLS-LOC" / "val")
    for path in (folder / "ILSVRC2012_devkit_t12" / "data").iterdir():
        path.unlink()
    lines = [f"{one.split('/')[1]},{one.split('/')[0]} 85 1 499 272 " for one in made.ids]
    text = "\n".join(["ImageId,PredictionString", *reversed(lines)])
    (folder / "LOC_val_solution.csv").write_text(text + "\n")
    (folder / "LOC_synset_mapping.txt").write_text(
        "n01440764 tench, Tinca tinca\nn02012849 crane\nn03126707 crane\n"
    )
    return made


def test_all_forms_of_imagenet_are_the_same_set(tmp_path):
    opened = []
    for maker in (imagenet_flat, imagenet_folders, kaggle):
        folder = tmp_path / maker.__name__
        folder.mkdir()
        maker(folder)
        opened.append(open_published("imagenet", folder, "val"))
    first, *others = opened
    for other in others:
        assert other.ids == first.ids
        np.testing.assert_array_equal(other.labels, first.labels)
        for row in range(len(first)):
            np.testing.assert_array_equal(other.load(row), first.load(row))
    assert opened[2].classes == first.classes


def test_the_devkit_tells_of_a_picture_in_the_wrong_folder(tmp_path):
    flat, folders = tmp_path / "flat", tmp_path / "folders"
    for folder in (flat, folders):
        folder.mkdir()
    imagenet_flat(flat)
    made = imagenet_folders(folders)
    (flat / "ILSVRC2012_devkit_t12").rename(folders / "ILSVRC2012_devkit_t12")
    assert list(open_published("imagenet", folders).ids) == made.ids
    name = "ILSVRC2012_val_00000003.JPEG"
    (folders / "val/n02012849" / name).rename(folders / "val/n01440764" / name)
    with pytest.raises(FileError, match=rf"n01440764/{name} does not lie in the folder that"):
        open_published("imagenet", folders)
    left = open_published("imagenet", folders, on_damage="leave out")
    assert [one.where for one in left.left_out] == [f"n01440764/{name}", f"n02012849/{name}"]
    assert len(left) == len(made.ids) - 1


def test_a_synset_that_the_list_of_classes_lacks_is_told(tmp_path):
    imagenet_folders(tmp_path)
    (tmp_path / "imagenet_class_index.json").write_text('{"0": ["n01440764", "tench"]}')
    with pytest.raises(FileError, match="is of synset n02012849, which the list of classes"):
        open_published("imagenet", tmp_path)


# ---------------------------------------------------------------- Quick, Draw!


@pytest.fixture(scope="module")
def fifty_million(tmp_path_factory, data):
    """Make 345 bitmap files with 50,426,266 drawings: holes, which take no room on the disk."""
    folder = tmp_path_factory.mktemp("quickdraw")
    (folder / "numpy_bitmap").mkdir()
    names = (data / "raw" / "quickdraw" / "categories.txt").read_text().splitlines()
    counts = np.full(345, PUBLISHED["quickdraw"].examples["all"] // 345)
    counts[-1] += PUBLISHED["quickdraw"].examples["all"] - counts.sum()
    for name, count in zip(names, counts.tolist(), strict=True):
        with (folder / "numpy_bitmap" / f"{name}.npy").open("wb") as file:
            head = {"descr": "|u1", "fortran_order": False, "shape": (count, 784)}
            np.lib.format.write_array_header_1_0(file, head)
            file.truncate(file.tell() + count * 784)
    return folder


def test_fifty_million_drawings_open_in_seconds_and_stay_in_their_files(fifty_million):
    start = time.perf_counter()
    tracemalloc.start()
    dataset = open_published("quickdraw", fifty_million)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    took = time.perf_counter() - start
    assert len(dataset) == 50_426_266
    assert dataset.load(50_426_265).shape == (28, 28)
    assert dataset.ids[50_426_265].startswith("zigzag/14")
    assert len(pickle.dumps(dataset.media)) < 100_000
    assert held < 150e6, "labels of two bytes"
    assert peak < 1.2e9
    assert took < 30


def test_classes_of_quickdraw_are_in_the_order_of_the_study(fifty_million, data):
    names = json.loads((data / "label_errors" / "label_names.json").read_text())["quickdraw"]
    dataset = open_published("quickdraw", fifty_million)
    assert [name.removeprefix("The ") for name in dataset.classes] == names
    assert names.index("garden hose") < names.index("garden")
    for item in json.loads((data / "label_errors" / "mturk" / "quickdraw_mturk.json").read_text()):
        label = item["given_original_label"]
        name = item["given_original_label_name"]
        assert dataset.classes[label].removeprefix("The ") == name


def test_ids_of_drawings_do_not_depend_on_the_other_files(tmp_path):
    made = quickdraw_bitmaps(tmp_path)
    (tmp_path / "numpy_bitmap" / "garden hose.npy").unlink()
    dataset = open_published("quickdraw", made.folder)
    assert list(dataset.ids) == [one for one in made.ids if "hose" not in one]


def test_drawings_are_kept_with_an_audit_and_found_again(tmp_path):
    for maker in (quickdraw_bitmaps, quickdraw_strokes):
        folder = tmp_path / maker.__name__
        folder.mkdir()
        made = maker(folder)
        media = open_published("quickdraw", made.folder).media
        for images, count in ((media, len(media)), (media.take(np.array([4, 0, 7])), 3)):
            saved = json.loads(json.dumps(images.save(folder / "saved")))
            again = open_media(saved, folder / "saved")
            assert repr(again) == repr(images)
            for row in range(count):
                assert again.show(row) == images.show(row)
        first = next(path for path in folder.glob("*/*") if path.stem in {"garden", "apple"})
        with first.open("ab") as file:
            file.write(b"\n")
        with pytest.raises(FileError, match="has changed since the audit was made"):
            open_media(saved, folder / "saved")


def drawing(tmp_path, *strokes):
    path = tmp_path / "one.ndjson"
    path.write_text(json.dumps({"key_id": "1", "drawing": strokes}) + "\n")
    return Images(StrokePixels([path], np.array([0])))


def test_strokes_are_drawn_bright_in_the_middle_with_their_proportions(tmp_path):
    images = drawing(tmp_path, [[10, 110], [500, 500]], [[60, 60], [450, 550]])
    pixels = images.load(0)
    assert (pixels.shape, pixels.dtype) == ((256, 256), np.uint8)
    assert pixels[128, 20:236].min() > 200, "a line from left to right"
    assert pixels[20:236, 128].min() > 200, "and one from top to bottom"
    assert pixels[:100, :100].max() == pixels[156:, 156:].max() == 0
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(images.show(0).data))))
    flat = drawing(tmp_path, [[0, 200], [0, 0]], [[0, 0], [0, 20]]).load(0)
    rows = np.flatnonzero(flat.any(axis=1))
    assert 30 < np.ptp(rows) < 50, "as wide as it fits, and no higher than it was"
    assert abs(rows.mean() - 127.5) < 2, "in the middle"


def test_a_stroke_of_one_point_is_a_dot(tmp_path):
    pixels = drawing(tmp_path, [[7.5], [3]]).load(0)
    assert pixels[128, 128] == 255
    assert 0 < (pixels > 0).sum() < 200


@pytest.mark.parametrize(
    "strokes",
    [[], [[]], [[[1, 2], [1]]], [[[], []]], [[["a"], [1]]], [[[1e300], [1]]], [[[None], [1]]], [3]],
)
def test_strokes_that_are_none_are_told(tmp_path, strokes):
    with pytest.raises(FileError, match=r"Line 1 of .*one\.ndjson is no drawing"):
        drawing(tmp_path, *strokes).load(0)


def test_stacked_pixels_are_what_numpy_concatenates(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 256, (n, 12), dtype=np.uint8) for n in (3, 0, 1, 5)]
    paths = [tmp_path / f"{number}.npy" for number in range(4)]
    for path, array in zip(paths, arrays, strict=True):
        np.save(path, array)
    stacked, whole = StackedPixels(paths, (3, 4)), np.concatenate(arrays).reshape(-1, 3, 4)
    assert stacked.shape == whole.shape
    for row in range(-9, 9):
        np.testing.assert_array_equal(stacked[row], whole[row])
    rows = rng.integers(0, 9, 20)
    for row in range(20):
        np.testing.assert_array_equal(stacked[rows][row], whole[rows][row])
        np.testing.assert_array_equal(
            stacked[rows][rows[:5]][row % 5], whole[rows][rows[:5]][row % 5]
        )
    for row in (9, -10, np.array([9]), np.array([-1])):
        with pytest.raises(IndexError):
            stacked[row]


def test_ids_on_demand_are_a_sequence():
    ids = CountedIds(["a", "b", "c"], [2, 0, 1])
    assert list(ids) == ["a/0", "a/1", "c/0"]
    assert ids[-1] == "c/0"
    assert ids[1:] == ("a/1", "c/0")
    assert ids[np.int64(1)] == "a/1"
    assert "a/1" in ids
    assert "b/0" not in ids
    with pytest.raises(IndexError, match="There are 3 ids; there is none at 3"):
        ids[3]
