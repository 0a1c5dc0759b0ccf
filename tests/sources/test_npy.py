"""One .npy file: windows of it are mapped, and nothing more."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from errata.errors import FileError
from errata.sources import tables
from errata.sources.npy import NpyFile
from errata.sources.opening import open_probs
from errata.sources.places import place_of
from helpers import require
from source_forms import read

N, M = 60, 5
ARRAY = np.random.default_rng(0).dirichlet(np.ones(M), N).astype(np.float32)


@pytest.fixture(params=["C", "F"])
def file(request, tmp_path):
    np.save(tmp_path / "probs.npy", np.asarray(ARRAY, order=request.param))
    return NpyFile.open(place_of(tmp_path / "probs.npy"))


def test_rows_in_c_order_are_not_copied(tmp_path):
    np.save(tmp_path / "probs.npy", ARRAY)
    [(_, block)] = open_probs(tmp_path / "probs.npy").blocks(3, 9, 10)
    assert not block.probs.flags.owndata
    assert not block.probs.flags.writeable


@pytest.mark.parametrize("window", [1, 50, 1000])
def test_the_size_of_the_windows_changes_nothing(file, window, monkeypatch):
    monkeypatch.setattr(tables, "WINDOW_BYTES", window)
    for rows in (1, 3, N):
        blocks = list(file.blocks(2, N - 1, rows))
        assert [at for at, _ in blocks] == list(range(2, N - 1, rows))
        np.testing.assert_array_equal(
            np.concatenate([block.probs for _, block in blocks]), ARRAY[2 : N - 1]
        )


def test_a_file_that_has_become_shorter_is_named(file):
    path = Path(file.name)
    os.truncate(path, 400)
    with pytest.raises(FileError, match=r"probs\.npy has become shorter while it was read: it has"):
        list(file.blocks(0, N, N))
    path.unlink()
    with pytest.raises(FileError, match=r"probs\.npy cannot be read: No such file"):
        read(file, np.array([3]))


def test_a_relative_path_is_found_from_other_folders(tmp_path, monkeypatch):
    np.save(tmp_path / "probs.npy", ARRAY)
    monkeypatch.chdir(tmp_path)
    source = open_probs("probs.npy")
    assert source.name == "probs.npy"
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(read(source, np.arange(N)), ARRAY)


def test_fortran_order_behind_a_url_is_refused_with_the_way_on(tmp_path):
    require("fsspec")
    np.save(tmp_path / "probs.npy", np.asfortranarray(ARRAY))
    with pytest.raises(FileError, match=r"probs\.npy is in Fortran order.*ascontiguousarray"):
        open_probs(f"file://{tmp_path}/probs.npy")


def test_a_header_that_promises_less_than_nothing_is_damage(tmp_path):
    path = tmp_path / "probs.npy"
    np.save(path, ARRAY)
    path.write_bytes(path.read_bytes().replace(b"(60, 5)", b"(-9, 5)"))
    with pytest.raises(FileError, match=r"probs\.npy is cut short or damaged"):
        open_probs(path)


def test_a_file_larger_than_the_address_space_is_read_in_full(tmp_path):
    """The file has holes for most rows, so it takes no disk; the limit is 256 MiB more than now."""
    path = tmp_path / "probs.npy"
    n, m = 2**21, 345
    header = np.lib.format.header_data_from_array_1_0(np.zeros((0, m), np.float16))
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header | {"shape": (n, m)})
        start = file.tell()
        file.truncate(start + n * m * 2)
        for row in (0, n // 2, n - 1):
            file.seek(start + row * m * 2)
            file.write(np.full(m, 0.5, np.float16).tobytes())
    program = """
        import resource
        import sys

        import numpy as np
        from errata.sources.opening import open_probs

        with open("/proc/self/statm") as file:
            limit = int(file.read().split()[0]) * resource.getpagesize() + 2**28
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        try:
            np.load(sys.argv[1], mmap_mode="r")
        except OSError as error:
            print("mapped whole:", error.strerror)
        source = open_probs(sys.argv[1])
        found = [at + np.flatnonzero(block.probs[:, 0]) for at, block in
                 source.blocks(0, source.n, 3000)]
        last = next(source.blocks(source.n - 1, source.n, 1))[1]
        print(*np.concatenate(found), *last.probs[:, -1])
    """
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc, to know how much address space is in use")
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), path],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    expected = f"mapped whole: Cannot allocate memory\n0 {n // 2} {n - 1} 0.5\n"
    assert (told.stdout, told.stderr) == (expected, "")
