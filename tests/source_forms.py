"""Every form in which probabilities are kept, written from one plain array.

What `open_probs` makes of each must read as the array itself does; a form of the best few classes
as the array with all other numbers 0.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from errata.core.rows import DenseRows, TopRows
from errata.sources.average import Average
from errata.sources.opening import open_probs
from errata.sources.topk import TopK
from helpers import require

GROUP = 7
"""Rows in a row group of Parquet and in a chunk of Zarr."""


@dataclass(frozen=True)
class Form:
    """A way to keep an array, and how it is read.

    Attributes
    ----------
    write : writes an array ``(n, m)`` into a folder; returns what `open_probs` is given
    k : how many classes are listed; None where all are
    shards : how many parts it is in, which stay apart
    grain : rows that are not cut apart
    scheme : of the URLs it is read by; None where it is read by paths, or lies in memory
    options : further arguments of `open_probs`
    """

    write: Callable[[Path, np.ndarray], Any]
    k: int | None = None
    shards: int = 1
    grain: int = 1
    scheme: str | None = None
    needs: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def open(self, folder, array):
        """Write an array into a folder, and open it; what does not stand in for URLs is skipped."""
        for package in self.needs:
            require(package)
        probs = self.write(folder, array)
        if self.scheme is not None:
            require("fsspec")
            probs = as_urls(probs, self.scheme, folder)
        return open_probs(probs, **self.options)

    def plain(self, array):
        """Return the array that the form must read as."""
        if self.k is None:
            return array
        indices, values = best(array, self.k)
        kept = np.zeros_like(array)
        np.put_along_axis(kept, indices, values, axis=1)
        return kept


def as_urls(probs, scheme, folder):
    """Return the URLs of what lies at some paths; for memory it is copied there."""
    if scheme == "memory://":
        import fsspec

        memory = fsspec.filesystem("memory")
        for path in folder.rglob("*"):
            if path.is_file():
                memory.pipe(str(path), path.read_bytes())
    if isinstance(probs, list):
        return [scheme + str(path) for path in probs]
    return scheme + str(probs)


def best(array, k):
    """Return the best classes of each row and their probabilities, the best first."""
    indices = np.argsort(-array, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(array, indices, axis=1)


def dense(rows):
    """Return rows of either kind as an array of all classes."""
    if isinstance(rows, DenseRows):
        assert rows.probs.flags.c_contiguous
        return rows.probs
    assert isinstance(rows, TopRows)
    assert (np.diff(rows.indices, axis=1) > 0).all(), "classes increase along a row"
    assert rows.values.flags.c_contiguous
    array = np.zeros((len(rows), rows.n_classes), rows.dtype)
    np.put_along_axis(array, rows.indices.astype(np.int64), rows.values, axis=1)
    return array


def read(source, rows):
    """Return some rows of a source, which increase, as an array of all classes."""
    if not len(rows):
        return np.zeros((0, source.n_classes), source.dtype)
    blocks = source.blocks(int(rows[0]), int(rows[-1]) + 1, 5)
    return np.concatenate([dense(block) for _, block in blocks])[rows - rows[0]]


# ---------------------------------------------------------------- arrays in .npy and .npz files


def npy(folder, array):
    np.save(folder / "probs.npy", array)
    return folder / "probs.npy"


def npz(folder, array):
    np.savez_compressed(folder / "probs.npz", anything=array)
    return folder / "probs.npz"


def cuts(array):
    """Cut an array in twelve, in parts of different lengths; some of a long enough array empty."""
    edges = np.sort((np.arange(13) ** 2 * len(array)) // 144)
    return [array[start:stop] for start, stop in pairwise(edges)]


def shards(folder, array):
    paths = [folder / f"part-{place}.npy" for place in range(12)]
    for path, part in zip(paths, cuts(array), strict=True):
        np.save(path, part)
    return paths


def shard_pattern(folder, array):
    shards(folder, array)
    return folder / "part-*.npy"


def shard_folder(folder, array):
    shards(folder, array)
    return folder


# ---------------------------------------------------------------- Parquet


def columns(array, kind="wide"):
    import pyarrow as pa

    n, m = array.shape
    if kind == "wide":
        ids = pa.array([f"id {row}" for row in range(n)], pa.string())
        return pa.table({"id": ids} | {f"class {j}.": array[:, j].copy() for j in range(m)})
    if kind == "lists":
        offsets = np.arange(n + 1, dtype=np.int32) * m
        return pa.table({"p": pa.ListArray.from_arrays(offsets, array.ravel())})
    other = pa.array([[row] for row in range(n)], pa.list_(pa.int64()))
    fixed = pa.FixedSizeListArray.from_arrays(array.ravel(), m)
    return pa.table({"embedding": other, "probs": fixed})


def write_parquet(table, path, group=GROUP):
    from pyarrow import parquet

    parquet.write_table(table, path, row_group_size=group)
    return path


def parquet(kind, group=GROUP):
    return lambda folder, array: write_parquet(columns(array, kind), folder / "p.parquet", group)


def parquet_with_gaps(folder, array):
    """Write row groups of which the first, one in between and the last two have no rows."""
    from pyarrow import parquet

    table = columns(array, "lists")
    with parquet.ParquetWriter(folder / "p.parquet", table.schema) as writer:
        writer.write_table(table.slice(0, 0))
        for start in range(0, len(array), GROUP):
            writer.write_table(table.slice(start, GROUP))
            if start < 2 * GROUP:
                writer.write_table(table.slice(0, 0))
        writer.write_table(table.slice(0, 0))
    return folder / "p.parquet"


def parquet_folder(folder, array):
    for place, part in enumerate(cuts(array)):
        table = columns(part)
        if place % 2:  # the same columns in another order
            table = table.select(table.column_names[::-1])
        write_parquet(table, folder / f"part-{place}.parquet")
    return folder


def parquet_pattern(folder, array):
    for place, part in enumerate(cuts(array)):
        write_parquet(columns(part, "lists"), folder / f"part-{place}.parquet", 3)
    return folder / "part-*.parquet"


# ---------------------------------------------------------------- Zarr


def zarr(version, chunk_columns=None):
    def write(folder, array):
        import zarr

        n, m = array.shape
        written = zarr.create_array(
            store=str(folder / "probs.zarr"),
            shape=(n, m),
            dtype=array.dtype,
            chunks=(min(GROUP, n), chunk_columns or m),
            zarr_format=version,
        )
        written[:] = array
        return folder / "probs.zarr"

    return write


# ---------------------------------------------------------------- the best few classes


def top_folder(k):
    def write(folder, array):
        indices, values = best(array, k)
        np.save(folder / "indices.npy", indices.astype(np.uint16))
        np.save(folder / "values.npy", values)
        return folder

    return write


def top_archive(k):
    def write(folder, array):
        indices, values = best(array, k)
        np.savez(folder / "top.npz", indices=indices, values=values, n_classes=array.shape[1])
        return folder / "top.npz"

    return write


def top_parquet(k):
    def write(folder, array):
        import pyarrow as pa

        indices, values = (columns(part, "lists")["p"] for part in best(array, k))
        return write_parquet(
            pa.table({"indices": indices, "values": values}), folder / "top.parquet"
        )

    return write


# ---------------------------------------------------------------- all of them


def average(folder, array):
    """Write an array twice, whose mean it is, in forms whose blocks differ.

    The models of an average are each looked at, so no halves will do that are no probabilities.
    """
    return Average(
        [
            open_probs(write_parquet(columns(array, "lists"), folder / "lists.parquet")),
            open_probs(npy(folder, array)),
        ]
    )


def in_files(m, k):
    """Return the forms that lie in files."""
    known = {"n_classes": m}
    names = {"class_names": [f"class {j}." for j in range(m)]}
    return {
        "npy": Form(npy),
        "npz": Form(npz),
        "shards, a list": Form(shards, shards=12),
        "shards, a pattern": Form(shard_pattern, shards=12),
        "shards, a folder": Form(shard_folder, shards=12),
        "parquet, a column of lists": Form(parquet("lists"), grain=GROUP),
        "parquet, lists of fixed size": Form(parquet("fixed"), grain=GROUP),
        "parquet, one column a class": Form(parquet("wide"), grain=GROUP, options=names),
        "parquet, small row groups": Form(parquet("wide", 2), grain=2),
        "parquet, empty row groups": Form(parquet_with_gaps, grain=GROUP),
        "parquet, a folder": Form(parquet_folder, shards=12, grain=GROUP, options=names),
        "parquet, a pattern": Form(parquet_pattern, shards=12, grain=3),
        "zarr 2": Form(zarr(2), grain=GROUP, needs=("zarr",)),
        "zarr 3": Form(zarr(3, chunk_columns=2), grain=GROUP, needs=("zarr",)),
        "best few, a folder": Form(top_folder(k), k=k, options=known),
        "best few, npz": Form(top_archive(k), k=k),
        "best few, parquet": Form(top_parquet(k), k=k, grain=GROUP, options=known),
    }


def forms(m, k):
    """Return every form, for arrays of ``m`` columns of which ``k`` are listed where few are."""
    files = in_files(m, k)
    remote = {
        f"{scheme} {name}": Form(**vars(form) | {"scheme": scheme})
        for scheme in ("file://", "memory://")
        for name, form in files.items()
    }
    return {
        "array": Form(lambda _, array: array),
        "array in Fortran order": Form(lambda _, array: np.asfortranarray(array)),
        "array of the other byte order": Form(lambda _, array: swapped(array)),
        "best few, in memory": Form(lambda _, array: TopK(*best(array, k), m), k=k),
        "best of all, in memory": Form(lambda _, array: TopK(*best(array, m), m), k=m),
        "npy in Fortran order": Form(lambda folder, array: npy(folder, np.asfortranarray(array))),
        "npy of the other byte order": Form(lambda folder, array: npy(folder, swapped(array))),
        "average": Form(average, grain=GROUP),
        **files,
        **remote,
    }


def swapped(array):
    return array.astype(array.dtype.newbyteorder())
