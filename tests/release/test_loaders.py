"""Every loader of docs/loading.md, executed on the real sets: CIFAR-10 has 18 changed labels."""

import io
import pickle
import re
import tarfile
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import errata
from errata.paper.audits import make_audit
from helpers import REPO, require

PAGE = (REPO / "docs/loading.md").read_text()


@pytest.fixture(scope="module")
def data():
    return Path(require("data"))


@pytest.fixture(scope="module")
def here(data, tmp_path_factory):
    """Return a folder with the releases that the page loads."""
    folder = tmp_path_factory.mktemp("loading")
    for key in ("cifar10", "20news"):
        audit = make_audit(key, data, folder / f"{key}.audit")
        audit.release(folder / f"{key}-corrected")
        audit.close()
    return folder


@pytest.fixture(scope="module")
def given(data):
    return np.load(data / "label_errors/labels/cifar10_test_set_original_labels.npy").astype(int)


def run(title: str, folder: Path, monkeypatch, **names: Any) -> dict[str, Any]:
    """Execute the lines under a title of the page, in the folder of the releases."""
    part = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```py\n(.*?)```", part, re.DOTALL)
    assert blocks
    assert all(len(block.splitlines()) == 3 for block in blocks)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    names |= {"errata": errata, "np": np}
    with warnings.catch_warnings():
        warnings.simplefilter("error", errata.ErrataWarning)
        for block in blocks:
            exec(block, names)
    return names


def changed(kept, labels, given):
    """Return how many labels are not the given ones, of how many."""
    return int((np.asarray(labels) != given[kept]).sum()), len(kept)


def test_numpy(here, given, monkeypatch):
    names = run("NumPy", here, monkeypatch, images=np.arange(10_000))
    assert changed(names["images"], names["labels"], given) == (18, 9_964)
    assert (names["policy"] >= 0).all()


def test_pandas(here, given, monkeypatch):
    require("pandas")
    import pandas as pd

    order = np.random.default_rng(1).permutation(10_000)
    table = pd.DataFrame({"id": order.astype(str), "label": given[order]})
    table = run("pandas", here, monkeypatch, table=table)["table"]
    assert changed(table["id"].astype(int), table["corrected"], given) == (18, 9_964)
    read = pd.read_parquet(here / "cifar10-corrected/labels/threshold-3.parquet")
    assert (
        read["drop_ambiguous"].dropna() != read["given"][read["drop_ambiguous"].notna()]
    ).sum() == 18


def test_torchvision(here, given, monkeypatch):
    """What stands in for torchvision's CIFAR10 has its `targets`, a list, and `__getitem__`."""
    require("torch")
    import torch

    class Cifar10(torch.utils.data.Dataset):
        def __init__(self):
            self.targets = given.tolist()

        def __len__(self):
            return len(self.targets)

        def __getitem__(self, index):
            return index, self.targets[index]

    test = run("torchvision", here, monkeypatch, test=Cifar10(), torch=torch)["test"]
    pairs = np.array([test[index] for index in range(len(test))])
    assert changed(pairs[:, 0], pairs[:, 1], given) == (18, 9_964)


def test_hugging_face_datasets(here, given, tmp_path, monkeypatch):
    require("datasets")
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = datasets.Dataset.from_dict({"label": given, "row": np.arange(10_000)})
        names = run("Hugging Face datasets", here, monkeypatch, test=test, datasets=datasets)
    found = names["test"]
    assert changed(np.array(found["row"]), found["corrected"], given) == (18, 9_964)
    labels = names["labels"]
    corrected = [label for label in labels["drop_ambiguous"] if label is not None]
    kept = [row for row, label in enumerate(labels["drop_ambiguous"]) if label is not None]
    assert changed(kept, corrected, given) == (18, 9_964)
    assert names["votes"].num_rows == 1_375
    assert names["strict"].num_rows == 10_000


def test_newsgroups(here, data, tmp_path, monkeypatch):
    """scikit-learn's own reader takes the posts from its cache, filled from the published pack."""
    from sklearn.datasets import fetch_20newsgroups, load_files

    archive = data / "raw/20news/20news-bydate-test.tar.xz"
    with tarfile.open(archive) as posts:
        posts.extractall(tmp_path, filter="data")
    test = load_files(tmp_path / "20news-bydate-test", encoding="latin1")
    cache = tmp_path / "home" / "20news-bydate_py3.pkz"
    cache.parent.mkdir()
    cache.write_bytes(zlib.compress(pickle.dumps({"train": test, "test": test})))

    def fetch(**options):
        return fetch_20newsgroups(data_home=cache.parent, **options)

    names = run("scikit-learn's 20 newsgroups", here, monkeypatch, fetch_20newsgroups=fetch)
    release = names["mine"]
    assert (len(names["texts"]), int(release.changed.sum())) == (len(names["labels"]), 22)
    by_content = errata.load_release(here / "20news-corrected").align(
        [errata.content_hash(text) for text in names["news"].data], by="sha256"
    )
    np.testing.assert_array_equal(by_content.labels, release.labels)


def test_pictures_find_their_labels_by_content_and_by_path(here, data, given):
    release = errata.load_release(here / "cifar10-corrected")
    with zipfile.ZipFile(data / "raw/cifar10/cifar10_test_jpeg.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")]
        hashes = [errata.content_hash(archive.read(name)) for name in names]
        Image.open(io.BytesIO(archive.read(names[0]))).verify()
    by_path, by_content = release.align(names, by="path"), release.align(hashes, by="sha256")
    np.testing.assert_array_equal(by_path.labels, by_content.labels)
    assert by_path.changed.sum() == by_content.changed.sum() == 18
    np.testing.assert_array_equal(np.sort(by_path.rows), np.arange(10_000))
