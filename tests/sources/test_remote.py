"""Files behind URLs: only what is asked for is fetched, and what is missing is named."""

import numpy as np
import pytest

from errata.errors import FileError
from errata.sources.opening import open_probs
from errata.sources.places import place_of
from helpers import require
from source_forms import read

N, M = 3000, 1000
ARRAY = np.random.default_rng(0).random((N, M), np.float32)


@pytest.fixture
def memory():
    """Yield fsspec's file system in memory, empty."""
    require("fsspec")
    import fsspec

    system = fsspec.filesystem("memory")
    yield system
    system.rm("/", recursive=True)
    system.store.clear()


def save(system, path, array):
    with system.open(path, "wb") as file:
        np.save(file, array)


@pytest.fixture
def asked(memory, monkeypatch):
    """Return how many bytes each request asks for."""
    sizes = []
    plain = type(memory).cat_file

    def cat_file(self, path, start=None, end=None, **options):
        sizes.append(end - start)
        return plain(self, path, start=start, end=end, **options)

    monkeypatch.setattr(type(memory), "cat_file", cat_file)
    return sizes


def test_only_the_rows_asked_for_are_fetched(memory, asked):
    save(memory, "/probs.npy", ARRAY)
    source = open_probs("memory://probs.npy")
    assert sum(asked) < 50_000
    asked.clear()
    np.testing.assert_array_equal(read(source, np.arange(1500, 1505)), ARRAY[1500:1505])
    assert asked == [5 * M * 4]
    asked.clear()
    [(_, block)] = source.blocks(100, 200, 100)
    np.testing.assert_array_equal(block.probs, ARRAY[100:200])
    assert asked == [100 * M * 4]


def test_small_blocks_are_fetched_together(memory, asked):
    save(memory, "/probs.npy", ARRAY)
    source = open_probs("memory://probs.npy")
    asked.clear()
    blocks = list(source.blocks(0, N, 10))
    assert len(blocks) == N / 10
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "memory://bucket/prbs.npy",
            r"prbs\.npy does not exist. Did you mean .*bucket/probs\.npy\?",
        ),
        (
            "memory://nowhere/probs.npy",
            r"memory://nowhere/probs\.npy does not exist\. Expected: an",
        ),
        ("memory://bucket/part-*.npy", r"No file matches memory://bucket/part-\*\.npy"),
        ("memory://bucket", r"cut\.npy is cut short"),
        ("file:///nowhere/probs.npy", r"file:///nowhere/probs\.npy does not exist"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_url(memory, url, message):
    save(memory, "/bucket/probs.npy", ARRAY[:3])
    memory.pipe("/bucket/cut.npy", memory.cat("/bucket/probs.npy")[:-1])
    with pytest.raises(FileError, match=message):
        open_probs(url)


def test_a_file_that_has_changed_is_named(memory):
    save(memory, "/probs.npy", ARRAY[:5])
    source = open_probs("memory://probs.npy")
    save(memory, "/probs.npy", ARRAY[:3])
    message = r"memory://probs\.npy gave 12,000 bytes where 20,000 were asked for \(from byte 128\)"
    with pytest.raises(FileError, match=message):
        read(source, np.arange(5))
    memory.rm("/probs.npy")
    with pytest.raises(FileError, match=r"memory://probs\.npy does not exist"):
        read(source, np.arange(5))


@pytest.mark.parametrize("top", ["memory:///", "memory://", "memory://a/b/"])
def test_patterns_stand_for_urls_in_natural_order(memory, top):
    path = top.removeprefix("memory://").strip("/")
    for place in (10, 9):
        save(memory, f"/{path}/part-{place}.npy", ARRAY[place : place + 1])
    source = open_probs(f"{top}part-*.npy")
    np.testing.assert_array_equal(read(source, np.arange(2)), ARRAY[9:11])
    folder = place_of(f"{top}part-9.npy")
    assert folder.kind() == "file"


def test_files_behind_urls_can_be_chained(memory, tmp_path):
    """An archive behind a URL is one of fsspec's own ways of naming files."""
    import zipfile

    np.save(tmp_path / "part-1.npy", ARRAY[:3])
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "part-1.npy", "inside/part-1.npy")
    url = f"zip://inside/part-1.npy::file://{tmp_path}/all.zip"
    np.testing.assert_array_equal(read(open_probs(url), np.arange(3)), ARRAY[:3])
