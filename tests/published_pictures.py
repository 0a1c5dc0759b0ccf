"""Folders of the picture sets: written here in the format of their makers, or samples of them."""

import io
import json
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image

from published_made import Made, cut, data, replaced

# ---------------------------------------------------------------- CIFAR


def python2_pickle(value) -> bytes:
    """Write as Python 2 did for CIFAR: protocol 2, strings of bytes, arrays of old NumPy."""
    return b"\x80\x02" + _python2(value) + b"."


def _python2(value) -> bytes:
    match value:
        case bytes() if len(value) < 256:
            return b"U" + bytes([len(value)]) + value
        case bytes():
            return b"T" + struct.pack("<i", len(value)) + value
        case int():
            return b"J" + struct.pack("<i", value)
        case list():
            return b"](" + b"".join(map(_python2, value)) + b"e"
        case dict():
            inside = b"".join(_python2(key) + _python2(one) for key, one in value.items())
            return b"}(" + inside + b"u"
        case np.ndarray():
            height, width = (_python2(size) for size in value.shape)
            begun = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
            kind = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNN" + 2 * _python2(-1)
            pixels = _python2(value.tobytes())
            shape = b"(K\x01" + height + width + b"\x86"
            return begun + shape + kind + b"K\x00tb\x89" + pixels + b"tb"
        case _:
            raise AssertionError(value)


TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def planes(picture) -> bytes:
    """Return a picture as a row of CIFAR, written pixel by pixel."""
    return bytes(
        int(picture[y, x, colour]) for colour in range(3) for y in range(32) for x in range(32)
    )


def some_pictures(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)


def batch(pictures, labels) -> dict:
    rows = np.frombuffer(b"".join(map(planes, pictures)), np.uint8).reshape(len(pictures), 3072)
    return {b"batch_label": b"a batch", b"labels": labels, b"data": rows, b"filenames": []}


def write_cifar10(folder: Path) -> tuple[np.ndarray, list[int]]:
    """Write seven pictures for training, in batches, and three for testing."""
    folder.mkdir()
    meta = {b"num_cases_per_batch": 2, b"label_names": [name.encode() for name in TEN]}
    (folder / "batches.meta").write_bytes(python2_pickle(meta))
    pictures, labels = some_pictures(10), [6, 9, 9, 4, 1, 0, 2, 3, 8, 8]
    for number, (low, high) in enumerate([(0, 2), (2, 3), (3, 5), (5, 6), (6, 7)], 1):
        content = python2_pickle(batch(pictures[low:high], labels[low:high]))
        (folder / f"data_batch_{number}").write_bytes(content)
    (folder / "test_batch").write_bytes(python2_pickle(batch(pictures[7:], labels[7:])))
    return pictures, labels


def cifar10_test(folder: Path) -> Made:
    """Write a test batch as Python 2 did."""
    inside = folder / "cifar-10-batches-py"
    pictures, labels = write_cifar10(inside)
    test, meta = inside / "test_batch", inside / "batches.meta"
    return Made(
        name="cifar10",
        part="test",
        folder=folder,
        labels=labels[7:],
        classes=TEN,
        ids=["test/0", "test/1", "test/2"],
        examples={0: pictures[7], 2: pictures[9]},
        damages=[
            (test, cut(0.5), "cut short or damaged"),
            (test, replaced(b"cnumpy\nndarray", b"cposix\nsystem"), "asks for posix.system"),
            (test, replaced(b"labels", b"labelz"), "has no 'labels', but 'batch_label', 'labelz'"),
            (
                test,
                lambda path: path.write_bytes(python2_pickle(batch(pictures[7:], [1, 2]))),
                "has 3 pictures, but 2 labels",
            ),
            (
                test,
                lambda path: path.write_bytes(python2_pickle(batch(pictures[7:], [1, 12, 3]))),
                "Label 1 of .*test_batch is 12; there are 10 classes",
            ),
            (test, replaced(_python2(3072), _python2(3071)), "cut short or damaged"),
            (test, lambda path: path.unlink(), "does not exist"),
            (meta, lambda path: path.write_bytes(b"]."), "cut short or damaged|holds a list"),
        ],
    )


def cifar10_packed(folder: Path) -> Made:
    """Leave the batches in their archive, and take the training part."""
    inside = folder / "cifar-10-batches-py"
    pictures, labels = write_cifar10(inside)
    archive = folder / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(inside, inside.name)
    for path in inside.iterdir():
        path.unlink()
    inside.rmdir()
    return Made(
        name="cifar10",
        part="train",
        folder=folder,
        labels=labels[:7],
        classes=TEN,
        ids=[f"train/{row}" for row in range(7)],
        examples={row: pictures[row] for row in range(7)},
        damages=[
            (archive, cut(0.5), "cut short or damaged"),
            (archive, lambda path: path.write_bytes(b"none"), "cut short or damaged"),
        ],
    )


def cifar100_python3(folder: Path) -> Made:
    """Write the files into the folder itself, as Python 3 writes protocol 2."""
    pictures, fine = some_pictures(4), [99, 0, 5, 5]
    names = [f"fine {number}" for number in range(100)]
    rows = np.array([list(planes(picture)) for picture in pictures], np.uint8)
    test = {b"data": rows, b"fine_labels": fine, b"coarse_labels": [19, 0, 1, 1]}
    meta = {b"fine_label_names": [name.encode() for name in names], b"coarse_label_names": []}
    (folder / "test").write_bytes(pickle.dumps(test, protocol=2))
    (folder / "meta").write_bytes(pickle.dumps(meta, protocol=2))
    return Made(
        name="cifar100",
        part="test",
        folder=folder,
        labels=fine,
        classes=names,
        ids=[f"test/{row}" for row in range(4)],
        examples=dict(enumerate(pictures)),
        damages=[
            (folder / "test", cut(0.9), "cut short or damaged"),
            (folder / "meta", replaced(b"fine_label", b"fine_labex"), "no 'fine_label_names'"),
            (
                folder / "test",
                lambda path: path.write_bytes(pickle.dumps(test | {b"data": rows[:, 1:]}, 2)),
                r"uint8 of shape \(4, 3071\); uint8 of shape \(n, 3072\) is right",
            ),
            (
                folder / "test",
                lambda path: path.write_bytes(pickle.dumps(test | {b"data": rows * 1.0}, 2)),
                "is float64 of shape",
            ),
        ],
    )


# ---------------------------------------------------------------- pictures in files


def write_jpeg(path: Path, seed: int) -> np.ndarray:
    """Write a small picture; return what a JPEG makes of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "JPEG")
    return np.asarray(Image.open(path))


def caltech256_folders(folder: Path) -> Made:
    """Write the 256 folders as named by the makers, clutter, and what else lies there."""
    indexing = data() / "label_errors" / "indexing"
    index = json.loads((indexing / "caltech256_index_to_filename.json").read_text())
    names = sorted({name.split("/")[0] for name in index})
    top = folder / "256_ObjectCategories"
    files = [f"{name}/{name[:3]}_0001.jpg" for name in names]
    files += [f"{names[54]}/055_{number:04d}.jpg" for number in (2, 3)]
    files.sort()
    examples = {row: write_jpeg(top / file, row) for row, file in enumerate(files)}
    write_jpeg(top / "257.clutter" / "257_0001.jpg", 0)
    (top / "198.spider" / "RENAME2").write_text("a script")
    (top / "056.dog" / "greg").mkdir()
    middle = top / files[55]
    return Made(
        name="caltech256",
        part="all",
        folder=folder,
        labels=[int(file[:3]) - 1 for file in files],
        classes=[name[4:].removesuffix("-101") for name in names],
        ids=files,
        examples={row: examples[row] for row in (0, 55, 257)},
        damages=[(top / files[3], lambda path: path.unlink(), "has no pictures 004_0001.jpg")],
        bad_examples=[
            (middle, cut(0.5), "is no picture, or is broken"),
            (middle, lambda path: path.write_bytes(b"GIF no more"), "is no picture"),
            (middle, lambda path: path.unlink(), "is missing, though pictures up to number 3"),
        ],
    )


SYNSETS = {  # in the order of the devkit, which is not that of synsets
    "n02012849": "crane",
    "n01440764": "tench, Tinca tinca",
    "n03126707": "crane",
    "n00001740": "entity",  # no class: other synsets lie below it
}
NUMBERS = [2, 3, 1, 2, 3, 3]


def write_devkit(folder: Path) -> None:
    """Write the table of synsets, and the number of each validation picture."""
    folder.mkdir(parents=True)
    kinds = [
        ("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("gloss", "O"),
        ("num_children", "O"), ("children", "O"), ("wordnet_height", "O"),
    ]  # fmt: skip
    rows = [
        (number, synset, words, "", 3 * (number == 4), [], 0)
        for number, (synset, words) in enumerate(SYNSETS.items(), 1)
    ]
    table = np.array(rows, kinds).reshape(-1, 1)
    scipy.io.savemat(folder / "meta.mat", {"synsets": table})
    truth = "".join(f"{number}\n" for number in NUMBERS)
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_text(truth)


def write_imagenet(folder: Path, *, flat: bool) -> tuple[list[str], list[int], dict]:
    """Write the validation pictures in folders or in one; return ids and labels in order."""
    synsets = list(SYNSETS)
    ids, pictures = [], {}
    for number, synset in enumerate(NUMBERS, 1):
        name = f"ILSVRC2012_val_{number:08d}"
        inside = folder / "val" if flat else folder / "val" / synsets[synset - 1]
        one = f"{synsets[synset - 1]}/{name}"
        pictures[one] = write_jpeg(inside / f"{name}.JPEG", number)
        ids.append(one)
    ids.sort()
    ordered = sorted(synsets[:3])
    labels = [ordered.index(one.split("/")[0]) for one in ids]
    return ids, labels, {row: pictures[one] for row, one in enumerate(ids)}


def imagenet_flat(folder: Path) -> Made:
    """Write the validation pictures into one folder, with the devkit."""
    devkit = folder / "ILSVRC2012_devkit_t12" / "data"
    write_devkit(devkit)
    ids, labels, examples = write_imagenet(folder, flat=True)
    truth = devkit / "ILSVRC2012_validation_ground_truth.txt"
    second = folder / "val" / "ILSVRC2012_val_00000002.JPEG"
    return Made(
        name="imagenet",
        part="val",
        folder=folder,
        labels=labels,
        classes=["tench, Tinca tinca", "crane (n02012849)", "crane (n03126707)"],
        ids=ids,
        examples=examples,
        damages=[
            (truth, cut(0.5), "00000004.JPEG has no label: .* has 3, the last for .*3.JPEG"),
            (truth, replaced(b"1", b"4"), "Line 3 of .* is '4'; a number from 1 to 3"),
            (truth, lambda path: path.unlink(), "does not exist"),
            (devkit / "meta.mat", cut(0.5), "cut short or damaged"),
            (devkit / "meta.mat", lambda path: path.unlink(), "does not exist"),
        ],
        bad_examples=[
            (second, cut(0.5), "is no picture, or is broken"),
            (second, lambda path: path.unlink(), "is missing, though .* has its label"),
        ],
    )


def imagenet_folders(folder: Path) -> Made:
    """Write the validation pictures into folders, with an index of classes."""
    ids, labels, examples = write_imagenet(folder, flat=False)
    index = folder / "imagenet_class_index.json"
    index.write_text(
        '{"0": ["n01440764", "tench"], "1": ["n02012849", "crane"], "2": ["n03126707", "crane"]}'
    )
    middle = folder / "val" / f"{ids[3]}.JPEG"
    return Made(
        name="imagenet",
        part="val",
        folder=folder,
        labels=labels,
        classes=["tench", "crane (n02012849)", "crane (n03126707)"],
        ids=ids,
        examples=examples,
        damages=[
            (index, cut(0.5), "is not JSON"),
            (index, lambda path: path.write_text("[1]"), "is no index of classes"),
        ],
        bad_examples=[(middle, lambda path: path.write_bytes(b""), "is no picture")],
    )


def imagenet_train(folder: Path) -> Made:
    """Write pictures for training, and no names of classes."""
    files = ["n01440764/n01440764_10026.JPEG", "n01440764/n01440764_18.JPEG"]
    files += ["n02012849/n02012849_7.JPEG"]
    examples = {row: write_jpeg(folder / "train" / file, row) for row, file in enumerate(files)}
    broken = folder / "train" / files[1]
    return Made(
        name="imagenet",
        part="train",
        folder=folder,
        labels=[0, 0, 1],
        classes=["n01440764", "n02012849"],
        ids=[file.removesuffix(".JPEG") for file in files],
        examples=examples,
        damages=[(broken, lambda path: path.write_bytes(b"<html>"), "is no picture")],
        bad_examples=[(broken, cut(0.7), "is no picture, or is broken")],
    )


# ---------------------------------------------------------------- Quick, Draw!


def quickdraw_bitmaps(folder: Path) -> Made:
    """Write bitmaps of classes whose names and file names are ordered differently."""
    classes = ["The Mona Lisa", "garden hose", "garden", "house plant", "house"]
    counts = [2, 1, 3, 1, 2]
    pixels = np.random.default_rng(0).integers(0, 256, (9, 784), dtype=np.uint8)
    rows = iter(pixels)
    inside = folder / "numpy_bitmap"
    inside.mkdir()
    for name, count in zip(classes, counts, strict=True):
        np.save(inside / f"{name}.npy", np.array([next(rows) for _ in range(count)]))
    path = inside / "garden.npy"
    return Made(
        name="quickdraw",
        part="all",
        folder=folder,
        labels=[0, 0, 1, 2, 2, 2, 3, 4, 4],
        classes=classes,
        ids=[f"{name}/{row}" for name, n in zip(classes, counts, strict=True) for row in range(n)],
        examples={row: pixels[row].reshape(28, 28) for row in range(9)},
        damages=[
            (path, cut(0.9), "is cut short: its header promises shape"),
            (path, replaced(b"\x93NUMPY", b"\x93NUMPI"), "is not an array file"),
            (path, lambda path: np.save(path, np.zeros((3, 783), np.uint8)), r"shape \(3, 783\)"),
            (path, lambda path: np.save(path, np.zeros((3, 784))), "holds float64 of shape"),
        ],
    )


def quickdraw_sample(folder: Path) -> Made:
    """Copy bitmaps as published, under the names that browsers give them."""
    names = ["apple", "diamond", "eye"]
    source = data() / "raw" / "quickdraw" / "numpy_bitmap"
    for name in names:
        target = folder / f"full_numpy_bitmap_{name}.npy"
        target.write_bytes((source / f"{name}.npy").read_bytes())
    last = (source / "eye.npy").read_bytes()[-784:]
    return Made(
        name="quickdraw",
        part="all",
        folder=folder,
        labels=np.repeat([0, 1, 2], 1000),
        classes=names,
        examples={2999: np.frombuffer(last, np.uint8).reshape(28, 28)},
        damages=[(folder / "full_numpy_bitmap_eye.npy", cut(0.999), "is cut short")],
    )


def quickdraw_strokes(folder: Path) -> Made:
    """Copy the first nine lines of strokes as published."""
    names = ["The Eiffel Tower", "apple", "cat"]
    inside = folder / "raw"
    inside.mkdir()
    ids, labels = [], []
    for label, name in enumerate(names):
        whole = (data() / "raw" / "quickdraw" / "ndjson" / f"{name}.ndjson").read_bytes()
        content = b"".join(whole.splitlines(keepends=True)[:9])
        (inside / f"{name}.ndjson").write_bytes(content)
        keys = [json.loads(line)["key_id"] for line in io.BytesIO(content)]
        ids += keys
        labels += [label] * len(keys)
    path = inside / "apple.ndjson"
    third = path.read_bytes().split(b"\n")[2]
    return Made(
        name="quickdraw",
        part="all",
        folder=folder,
        labels=labels,
        classes=names,
        ids=ids,
        damages=[
            (
                path,
                lambda path: path.write_bytes(2 * path.read_bytes()),
                "The key_id .* stands in .*apple.ndjson and again in .*apple.ndjson",
            )
        ],
        bad_examples=[
            (path, cut(0.9999), "Line 9 of .* is cut short or damaged"),
            (path, replaced(third, third[:500]), "Line 3 of .* is cut short or damaged"),
            (path, replaced(third, b"<html>"), "Line 3 of .*It begins with b'<html>"),
            (path, replaced(third, third.replace(b"[[[", b"{{[")), "Line 3 of .* is no drawing"),
        ],
    )


MAKERS = [
    cifar10_test,
    cifar10_packed,
    cifar100_python3,
    caltech256_folders,
    imagenet_flat,
    imagenet_folders,
    imagenet_train,
    quickdraw_bitmaps,
    quickdraw_sample,
    quickdraw_strokes,
]
