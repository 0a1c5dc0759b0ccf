"""What every source of probabilities holds to, in whatever form they are kept."""

import json
import os
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errata.sources.base import Source
from source_forms import dense, forms

N, M, K = 41, 6, 3
FORMS = forms(M, K)
CASES = [
    (name, dtype)
    for name in FORMS
    for dtype in (np.float16, np.float32, np.float64)
    if dtype is np.float32 or "file://" not in name
]

few = settings(max_examples=10)  # of each form and type
rows_at_a_time = st.one_of(st.integers(1, 9), st.integers(10, 2 * N))
ranges = st.tuples(st.integers(0, N), st.integers(0, N)).map(sorted)


class Case:
    """A form with a type: the source, and the array that it must read as."""

    def __init__(self, name, dtype, folder):
        self.form = FORMS[name]
        self.folder = folder
        rng = np.random.default_rng(0)
        array = rng.multinomial(64, np.full(M, 1 / M), size=N) / 64  # exact in all types, with ties
        if self.form.k is not None:
            array[3] = np.eye(M)[2]  # zeros are listed too
        self.source = self.form.open(folder, array.astype(dtype))
        self.array = self.form.plain(array.astype(dtype))
        if name == "average" and dtype is np.float16:
            self.array = self.array.astype(np.float32)


@pytest.fixture(
    scope="module",
    params=CASES,
    ids=lambda param: f"{param[0]}, {np.dtype(param[1])}",
)
def case(request, tmp_path_factory):
    return Case(*request.param, tmp_path_factory.mktemp("form"))


def read(source, start, stop, rows):
    """Return the rows of a range; see that the blocks are as the protocol says."""
    pieces, expected = [np.zeros((0, source.n_classes), source.dtype)], start
    for at, block in source.blocks(start, stop, rows):
        assert at == expected
        assert 1 <= len(block) <= rows
        assert block.dtype == source.dtype
        expected += len(block)
        pieces.append(dense(block))
    assert expected == stop
    return np.concatenate(pieces)


def assert_same(found, array):
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_a_source_says_what_it_holds(case):
    source = case.source
    assert isinstance(source, Source)
    assert isinstance(source.name, str)
    assert (source.n, source.n_classes, source.dtype) == (N, M, case.array.dtype)
    assert 0 < source.row_bytes <= M * 16


@few
@given(range_=ranges, rows=rows_at_a_time)
def test_blocks_of_any_range_are_the_rows_of_the_array(case, range_, rows):
    start, stop = range_
    assert_same(read(case.source, start, stop, rows), case.array[start:stop])


@few
@given(rows=rows_at_a_time)
def test_edges_run_from_the_first_row_to_the_last_with_about_as_many_rows_between(case, rows):
    edges = case.source.edges(rows).tolist()
    assert edges[0] == 0
    assert edges[-1] == N
    assert min(np.diff(edges)) > 0
    assert max(np.diff(edges)) <= max(rows, case.form.grain)
    assert len(edges) <= 2 * N / rows + case.form.shards + 2
    parts = [read(case.source, start, stop, rows) for start, stop in pairwise(edges)]
    assert_same(np.concatenate(parts), case.array)


def test_a_source_that_went_through_pickle_reads_the_same(case):
    again = pickle.loads(pickle.dumps(case.source))
    assert_same(read(again, 0, N, 5), case.array)
    assert again.fingerprint() == case.source.fingerprint()


def test_a_source_in_files_travels_as_their_names(case):
    if case.folder.exists() and any(case.folder.iterdir()) and ".npz" not in case.source.name:
        assert len(pickle.dumps(case.source)) < 500 + 700 * case.form.shards


def test_threads_read_the_same_at_once(case):
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda rows: read(case.source, 0, N, rows), [3, 4, 5, 6] * 3))
    for array in found:
        assert_same(array, case.array)


def test_the_fingerprint_is_plain_and_stays(case):
    printed = json.dumps(case.source.fingerprint())
    assert json.loads(printed) == case.source.fingerprint()
    assert printed == json.dumps(case.source.fingerprint())


def test_the_fingerprint_changes_with_each_file(case):
    files = [path for path in case.folder.rglob("*") if path.is_file()]
    if ".npz" in case.source.name:
        files = []  # loaded, see the next test
    for path in files:
        if path.name == "part-0.parquet":
            continue  # holds no rows
        before = case.source.fingerprint()
        if case.form.scheme == "memory://":
            import fsspec

            time.sleep(1e-4)
            fsspec.filesystem("memory").pipe(str(path), path.read_bytes())
        else:
            status = path.stat()
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        assert case.source.fingerprint() != before


@pytest.mark.parametrize("name", ["array", "npz", "best few, in memory", "best few, npz"])
def test_the_fingerprint_of_what_is_in_memory_changes_with_its_numbers(name, tmp_path):
    array = np.full((N, M), 1 / M)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = FORMS[name].open(tmp_path / "before", array).fingerprint()
    array[N - 1] = np.eye(M)[0]
    assert FORMS[name].open(tmp_path / "after", array).fingerprint() != before
