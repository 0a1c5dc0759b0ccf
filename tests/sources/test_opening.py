"""The one door: every form is told apart, and what does not fit is named before reading."""

import re
import subprocess
import sys

import numpy as np
import pytest

from errata.errors import FileError, MissingExtraError, ProbabilityError
from errata.sources.average import Average
from errata.sources.dense import Dense
from errata.sources.npy import NpyFile
from errata.sources.opening import open_probs
from errata.sources.stacked import Stacked
from errata.sources.topk import TopK
from helpers import require
from source_forms import best, columns, dense, write_parquet

ARRAY = np.random.default_rng(0).dirichlet(np.ones(4), 12).astype(np.float32)


def all_of(source):
    return np.concatenate([dense(block) for _, block in source.blocks(0, source.n, 5)])


@pytest.fixture
def shards(tmp_path):
    """Return the paths of three shards of four rows each."""
    paths = [tmp_path / f"part-{place}.npy" for place in (1, 2, 10)]
    for path, part in zip(paths, np.split(ARRAY, 3), strict=True):
        np.save(path, part)
    return paths


# ---------------------------------------------------------------- told apart


def test_what_is_a_source_already_comes_back(tmp_path):
    source = Average([Dense(ARRAY)])
    assert open_probs(source) is source
    top = TopK(*best(ARRAY, 2), 4)
    assert open_probs(top) is top


def test_arrays_and_nested_lists_are_read_where_they_are():
    assert np.shares_memory(all_of(open_probs(ARRAY)), ARRAY) is False
    assert next(open_probs(ARRAY).blocks(0, 12, 12))[1].probs.base is ARRAY
    np.testing.assert_array_equal(all_of(open_probs(ARRAY.tolist())), ARRAY.astype(float))


def test_shards_are_stacked_in_the_order_of_their_numbers(shards, tmp_path):
    for probs in (tmp_path / "part-*.npy", str(tmp_path), tmp_path, shards):
        source = open_probs(probs)
        assert isinstance(source, Stacked)
        np.testing.assert_array_equal(all_of(source), ARRAY)
    swapped = open_probs(shards[::-1])
    np.testing.assert_array_equal(all_of(swapped), np.concatenate(np.split(ARRAY, 3)[::-1]))


def test_one_shard_is_the_file_itself(shards, tmp_path):
    assert isinstance(open_probs([shards[0]]), NpyFile)
    assert isinstance(open_probs(tmp_path / "part-1?.npy"), NpyFile)


def test_shards_without_rows_are_nothing_but_all_may_not_be_so(shards, tmp_path):
    np.save(tmp_path / "part-0.npy", ARRAY[:0])
    np.testing.assert_array_equal(all_of(open_probs(tmp_path)), ARRAY)
    for path in shards:
        np.save(path, ARRAY[:0])
    with pytest.raises(ProbabilityError, match="probs has zero rows"):
        open_probs(tmp_path)


def test_a_name_with_the_letters_of_a_pattern_is_the_file_of_that_name(tmp_path):
    np.save(tmp_path / "part-[1].npy", ARRAY)
    assert open_probs(tmp_path / "part-[1].npy").n == 12


def test_hidden_files_and_others_are_left_out_of_a_folder(shards, tmp_path):
    (tmp_path / "._part-1.npy").write_bytes(b"\0")
    (tmp_path / "_SUCCESS").touch()
    assert open_probs(tmp_path).n == 12


def test_the_content_tells_the_kind_and_not_the_ending(tmp_path):
    np.save(tmp_path / "probs.npy", ARRAY)
    for kind, path in (("npy", tmp_path / "a.bin"), ("parquet", tmp_path / "b.bin")):
        if kind == "npy":
            (tmp_path / "probs.npy").rename(path)
        else:
            write_parquet(columns(ARRAY), path)
        np.testing.assert_array_equal(all_of(open_probs(path)), ARRAY)


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    "probs", [None, 0.5, {"a": ARRAY}, {1, 2}, b"probs", lambda: 0, range(3).__iter__()]
)
def test_what_holds_no_probabilities_is_refused_with_what_does(probs):
    with pytest.raises(
        ProbabilityError, match=r"(?s)probs is of type .*Expected: an array \(n, m\); a \.npy"
    ):
        open_probs(probs)


@pytest.mark.parametrize(
    ("probs", "message"),
    [
        (ARRAY[:, 0], r"shape \(12,\)"),
        (ARRAY[:0], "zero examples"),
        (ARRAY[:, :1], "with one class no label can be wrong"),
        ([[0.5, 0.5], [1.0]], "no rectangular table of numbers"),
        (["cat", "dog"], "are labels and probabilities swapped"),
        ([], r"shape \(0,\)"),
    ],
)
def test_arrays_are_refused_as_ever(probs, message):
    with pytest.raises(ProbabilityError, match=message):
        open_probs(probs)


@pytest.mark.parametrize("save", [np.save, np.savez])
@pytest.mark.parametrize(
    ("array", "message"),
    [
        (ARRAY[0], r"shape \(4,\).*stack them"),
        (np.arange(3), r"are labels and probabilities swapped\?"),
        (ARRAY[:0], "zero rows"),
        (ARRAY[:, :1], "probs has 1 column: with one class"),
        (ARRAY.astype(str), "dtype <U"),
        (ARRAY.astype(complex), "dtype complex"),
        (ARRAY[:, :, None], r"shape \(12, 4, 1\)"),
        (np.float64(1), r"shape \(\)"),
    ],
)
def test_files_are_refused_as_the_arrays_in_them_with_their_name(save, array, message, tmp_path):
    path = tmp_path / "odd.bin"
    with path.open("wb") as file:
        save(file, array)
    with pytest.raises(ProbabilityError, match=message) as error:
        open_probs(path)
    assert "odd.bin: probs has" in str(error.value) or message == "zero rows"


def test_a_missing_path_is_refused_with_the_nearest_name(shards, tmp_path):
    with pytest.raises(FileError, match=r"part-3\.npy does not exist. Did you mean .*part-\d"):
        open_probs([shards[0], tmp_path / "part-3.npy"])
    with pytest.raises(FileError, match=r"part\.npy does not exist.* Expected: an array"):
        open_probs(tmp_path / "part.npy")
    with pytest.raises(FileError, match=r"There is no folder .*nowhere either"):
        open_probs(tmp_path / "nowhere" / "probs.npy")
    with pytest.raises(FileError, match=r"/dev/null is no regular file"):
        open_probs("/dev/null")


def test_a_pattern_or_a_folder_without_probabilities_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"No file matches .*part-\*\.npy. Expected: an array"):
        open_probs(tmp_path / "part-*.npy")
    with pytest.raises(FileError, match=r"The folder .* holds no probabilities. Expected: an arr"):
        open_probs(tmp_path)


def test_a_folder_of_two_kinds_is_refused(shards, tmp_path):
    write_parquet(columns(ARRAY), tmp_path / "p.parquet")
    message = r"holds 3 \.npy and 1 \.parquet files.*Give a pattern, such as .*\*\.npy"
    with pytest.raises(FileError, match=message):
        open_probs(tmp_path)


def spoiled(path, kind):
    whole = path.read_bytes()
    if kind == "cut":
        path.write_bytes(whole[:-5])
    elif kind == "cut in the header":
        path.write_bytes(whole[:20])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("0.1,0.9\n")
    elif kind == "pickled":
        np.save(path, np.array([{}, None], object), allow_pickle=True)
    elif kind == "other columns":
        np.save(path, np.hstack([ARRAY, ARRAY]))
    elif kind == "other type":
        np.save(path, ARRAY.astype(np.float16))
    elif kind == "labels":
        np.save(path, np.arange(4))
    elif kind == "missing":
        path.unlink()


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("cut", FileError, r"part-2\.npy is cut short: .* shape \(4, 4\).* 192 bytes, but .* 187"),
        ("cut in the header", FileError, r"part-2\.npy is cut short or damaged"),
        ("empty", FileError, r"part-2\.npy is empty"),
        ("text", FileError, r"part-2\.npy is not an array file.*Expected: an array"),
        ("pickled", FileError, r"part-2\.npy holds pickled Python objects.*convert it once"),
        (
            "other columns",
            ProbabilityError,
            r"part-2\.npy \(shard 1 of 3, from 0\) has 8 classes, but .*part-1\.npy.* has 4",
        ),
        ("other type", ProbabilityError, r"part-2\.npy .*has the type float16, but .*float32"),
        ("labels", ProbabilityError, r"part-2\.npy: probs has shape \(4,\)"),
        ("missing", FileError, r"part-2\.npy does not exist. Did you mean"),
    ],
)
def test_a_damaged_shard_is_named_before_any_is_read(shards, kind, error, message):
    spoiled(shards[1], kind)
    with pytest.raises(error, match=message):
        open_probs(shards)


def test_a_number_of_classes_that_is_not_the_files_is_refused(shards):
    with pytest.raises(ProbabilityError, match=r"n_classes is 5, but .*part-1\.npy has 4 classes"):
        open_probs(shards[0], n_classes=5)
    assert open_probs(shards[0], n_classes=4).n_classes == 4


def test_shards_of_different_kinds_have_their_columns_in_one_order(shards, tmp_path):
    table = columns(ARRAY[4:8])
    shards[1] = write_parquet(table, tmp_path / "b.pq")
    shards[2] = write_parquet(table.select(table.column_names[::-1]), tmp_path / "c.pq")
    message = (
        r"c\.pq has the columns in the order class 3\., .*, but .*b\.pq in the order class 0\."
    )
    with pytest.raises(ProbabilityError, match=message):
        open_probs(shards)
    names = [f"class {j}." for j in range(4)]
    expected = ARRAY[[*range(8), *range(4, 8)]]
    np.testing.assert_array_equal(all_of(open_probs(shards, class_names=names)), expected)


def test_files_of_different_kinds_can_be_shards(shards, tmp_path):
    shards[2] = write_parquet(columns(ARRAY[8:]), tmp_path / "last.parquet")
    np.testing.assert_array_equal(all_of(open_probs(shards)), ARRAY)


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_whatever_is_damaged_nothing_but_an_error_of_ours_comes_out(tmp_path, save):
    path = tmp_path / "probs.bin"
    with path.open("wb") as file:
        save(file, ARRAY)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        for at in rng.integers(0, min(len(whole), 400), 3):
            broken[at] = rng.integers(0, 256)
        path.write_bytes(bytes(broken[: rng.integers(1, len(whole) + 1)]))
        try:
            all_of(open_probs(path))
        except (FileError, ProbabilityError):
            refused += 1
    assert refused > 200


# ---------------------------------------------------------------- extras


WITHOUT = """
import sys
sys.modules[{package!r}] = None
from errata.errors import MissingExtraError
from errata.sources.opening import open_probs
try:
    open_probs({probs!r})
except MissingExtraError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("package", "probs", "install"),
    [
        ("fsspec", "s3://bucket/probs.npy", r"URL.*fsspec: pip install 'errata\[remote\]'"),
        ("zarr", None, r"probs\.zarr is a Zarr array.*zarr: pip install 'errata\[zarr\]'"),
    ],
)
def test_what_is_not_installed_is_named_with_the_line_that_installs_it(
    package, probs, install, tmp_path
):
    if probs is None:
        (tmp_path / "probs.zarr").mkdir()
        (tmp_path / "probs.zarr" / ".zarray").write_text("{}")
        probs = str(tmp_path / "probs.zarr")
    program = WITHOUT.format(package=package, probs=probs)
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert re.search(install, told.stdout), told


def test_what_reads_some_urls_is_named_as_fsspec_names_it():
    require("fsspec")
    with pytest.raises(FileError, match=r"nowhere://x cannot be read \(ValueError: Protocol not"):
        open_probs("nowhere://x")
    assert issubclass(MissingExtraError, ImportError)
