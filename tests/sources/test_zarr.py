"""Zarr arrays: what is wrong with them."""

import json

import numpy as np
import pytest

import errata
from errata.errors import FileError, ProbabilityError
from errata.sources.opening import open_probs
from helpers import quiet_find, require
from source_forms import read

ARRAY = np.random.default_rng(0).dirichlet(np.ones(4), 20)


@pytest.fixture
def written(tmp_path):
    require("zarr")
    import zarr

    def write(array=ARRAY, **options):
        path = tmp_path / "probs.zarr"
        made = zarr.create_array(store=str(path), data=array, overwrite=True, **options)
        assert made.shape == array.shape
        return path

    return write


@pytest.mark.parametrize("dtype", ["f2", ">f4", "f8", "i2", "u1", "bool"])
def test_every_type_is_read_as_an_array_of_it_is(dtype, written):
    array = np.eye(4)[[0, 1, 1, 3]].astype(dtype)
    source = open_probs(written(array, chunks=(3, 2)))
    found = read(source, np.arange(4))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == open_probs(array).dtype == source.dtype


def test_parts_are_of_whole_chunks_and_of_whole_shards(written):
    source = open_probs(written(chunks=(3, 4)))
    assert source.edges(7).tolist() == [0, 6, 12, 18, 20]
    assert source.edges(1).tolist() == [0, 3, 6, 9, 12, 15, 18, 20]
    sharded = open_probs(written(chunks=(2, 2), shards=(6, 4)))
    assert sharded.edges(1).tolist() == [0, 6, 12, 18, 20]


def test_a_chunk_larger_than_memory_should_hold_is_read_in_bands(written, monkeypatch):
    monkeypatch.setattr("errata.sources.zarr._LARGEST_BAND", 100)
    source = open_probs(written(chunks=(20, 1)))
    assert [at for at, _ in source.blocks(1, 20, 50)] == list(range(1, 2)) + list(range(3, 20, 3))
    np.testing.assert_array_equal(read(source, np.arange(0, 20, 3)), ARRAY[::3])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (ARRAY[0], r"probs\.zarr: probs has shape \(4,\)"),
        (ARRAY[:, :1], r"probs\.zarr: probs has 1 column"),
        (ARRAY.astype(complex), r"probs\.zarr: probs has dtype complex128"),
    ],
)
def test_arrays_are_refused_as_others_are(array, message, written):
    with pytest.raises(ProbabilityError, match=message):
        open_probs(written(array))


def test_a_group_is_refused_with_the_arrays_in_it(tmp_path):
    require("zarr")
    import zarr

    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w")
    group.create_array("probs", shape=(3, 2), dtype="f4")
    with pytest.raises(FileError, match=r"g\.zarr is a Zarr group, with the arrays: probs. Give"):
        open_probs(tmp_path / "g.zarr")
    assert open_probs(tmp_path / "g.zarr" / "probs").n == 3


def test_damaged_metadata_is_named(written):
    path = written()
    (path / "zarr.json").write_text("{")
    with pytest.raises(FileError, match=r"probs\.zarr cannot be read as a Zarr array"):
        open_probs(path)
    (path / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "array"}))
    with pytest.raises(FileError, match=r"probs\.zarr cannot be read as a Zarr array"):
        open_probs(path)


def test_a_damaged_chunk_is_named_with_its_rows(written):
    path = written(chunks=(5, 4))
    chunk = path / "c" / "2" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-7])
    source = open_probs(path)
    np.testing.assert_array_equal(read(source, np.arange(10)), ARRAY[:10])
    message = r"probs\.zarr cannot be read from row 10 to row 14: a chunk is cut short or"
    with pytest.raises(FileError, match=message):
        list(source.blocks(0, 20, 5))


@pytest.mark.parametrize("shards", [None, (6, 4)])
def test_a_missing_chunk_is_refused_where_no_sum_would_show_it(shards, written, tmp_path):
    path = written(chunks=(3, 2), shards=shards)
    labels = ARRAY.argmax(axis=1)
    quiet_find(labels, path, normalize=True)
    (path / "c" / "3" / "0" if shards else path / "c" / "6" / "1").unlink()
    np.save(tmp_path / "other.npy", ARRAY)
    message = r"probs\.zarr lacks 1 of (14|4) chunks, which would be read as zeros"
    for probs in (path, errata.open_average([tmp_path / "other.npy", path])):
        with pytest.raises(FileError, match=message):
            errata.find(labels, probs, normalize=True)
        with pytest.raises(ProbabilityError, match="do not sum to 1"):
            errata.find(labels, probs)
    with pytest.raises(FileError, match=message):
        errata.find([*labels, *labels], [path, path], normalize=True)


def test_zeros_that_zarr_leaves_out_are_zeros_where_the_rows_sum_to_1(written):
    array = np.eye(4)[np.repeat([0, 1, 2, 3], 5)]
    path = written(array, chunks=(5, 2))
    np.testing.assert_array_equal(read(open_probs(path), np.arange(20)), array)
    labels = np.repeat([0, 1, 2, 3], 5)
    assert len(quiet_find(labels, path)) == 0
    with pytest.raises(FileError, match="write it with config={'write_empty_chunks': True}"):
        errata.find(labels, path, normalize=True)
    path = written(array, chunks=(5, 2), config={"write_empty_chunks": True})
    assert len(quiet_find(labels, path, normalize=True)) == 0
