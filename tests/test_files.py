"""Files are there whole or not at all, and one process at a time holds one."""

import pytest

from errata.errors import FileError
from errata.files import hold, unfinished, write_atomic
from helpers import killed_at


def test_an_atomic_write_replaces_the_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_atomic_write_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(TypeError):
        write_atomic(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_one_file_at_once_do_not_meet(tmp_path):
    path = tmp_path / "x"
    with unfinished(path) as one, unfinished(path) as other:
        one.write_bytes(b"one")
        other.write_bytes(b"other")
        assert not path.exists()
    assert path.read_bytes() == b"one"  # the last to end
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_held_until_it_is_closed_or_its_process_ends(tmp_path):
    path = tmp_path / "run" / "lock"
    path.parent.mkdir()
    program = """
        import sys, time
        from pathlib import Path
        from errata.files import hold
        path = Path(sys.argv[1])
        file = path.open("ab")
        hold(file, path)
        print("holds it", flush=True)
        time.sleep(60)
    """
    with killed_at(program, str(path)) as process:
        assert process.stdout.readline() == "holds it\n"
        with (
            path.open("ab") as file,
            pytest.raises(FileError, match="Another process works in .*run"),
        ):
            hold(file, path)
    for _ in range(2):
        with path.open("ab") as file:
            hold(file, path)


def test_a_file_that_has_been_removed_meanwhile_cannot_be_held(tmp_path):
    path = tmp_path / "lock"
    with path.open("ab") as file:
        path.unlink()
        with pytest.raises(FileError, match="Another process works in"):
            hold(file, path)
