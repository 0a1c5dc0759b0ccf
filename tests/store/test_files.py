"""Folders are there whole or not at all."""

import hashlib
import stat
from pathlib import Path

import pytest

from errata.errors import FileError
from errata.files import write_atomic
from errata.store.files import new_folder, sha256


def test_the_hash_is_of_the_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc" * 100_000)
    assert sha256(path) == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_files_and_folders_can_be_read_as_others_can(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    write_atomic(tmp_path / "x", b"")
    with new_folder(tmp_path / "new"):
        pass
    for made, like in (("x", "plain"), ("new", "folder")):
        modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in (made, like)]
        assert modes[0] == modes[1]


def test_a_new_folder_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "deep" / "out"
    with new_folder(path) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "x").write_bytes(b"1")
        assert not path.exists()
        assert folder.parent == path.parent
        assert folder.name.startswith(".")
    assert (path / "inner" / "x").read_bytes() == b"1"
    assert list(path.parent.iterdir()) == [path]


def test_a_new_folder_may_take_the_place_of_an_empty_one(tmp_path):
    (tmp_path / "out").mkdir()
    with new_folder(tmp_path / "out") as folder:
        (folder / "x").touch()
    assert (tmp_path / "out" / "x").exists()


def test_a_new_folder_never_takes_the_place_of_one_with_something_in_it(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(FileError, match="out is there already"), new_folder(tmp_path / "out"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine"]


def test_a_new_folder_never_takes_a_place_that_was_filled_meanwhile(tmp_path):
    def fill():
        with new_folder(tmp_path / "out"):
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "mine").touch()

    with pytest.raises(OSError, match="not empty"):
        fill()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("file", "file is there already"),
        ("file/out", "file is a file, so no folder can be made in it"),
        ("file/a/b", "file is a file"),
        (".", "the folder you are in"),
    ],
)
def test_a_place_where_no_new_folder_can_stand_is_told(tmp_path, monkeypatch, name, message):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    path = Path(name) if name == "." else tmp_path / name
    with pytest.raises(FileError, match=message), new_folder(path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"file", "empty"}


def test_an_error_while_a_folder_is_filled_leaves_nothing(tmp_path):
    def fill():
        with new_folder(tmp_path / "out") as folder:
            (folder / "x").touch()
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fill()
    assert list(tmp_path.iterdir()) == []
