"""A list means the same in every kind of small file."""

import numpy as np
import pytest

from errata.errors import FileError
from errata.exchange.lists import read_list

NAMES = ["cat", "dog, wild", "frøg"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("names.json", '["cat", "dog, wild", "frøg"]'),
        ("object.json", '{"2": "frøg", "0": "cat", "1": "dog, wild"}'),
        ("names.txt", "cat\ndog, wild\nfrøg\n"),
        ("windows.txt", "\ufeffcat\r\ndog, wild\r\nfrøg"),
        ("one.csv", 'animal\ncat\n"dog, wild"\nfrøg\n'),
        ("named.csv", 'number,name\n0,cat\n1,"dog, wild"\n2,frøg\n'),
    ],
)
def test_a_list_is_read_in_its_order(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_list(tmp_path / name) == NAMES


def test_an_array_is_a_list(tmp_path):
    np.save(tmp_path / "names.npy", np.array(NAMES))
    assert read_list(tmp_path / "names.npy") == NAMES


def test_a_text_in_a_csv_may_hold_line_breaks(tmp_path):
    (tmp_path / "t.csv").write_text('text\n"two\nlines"\n""\n', newline="")
    assert read_list(tmp_path / "t.csv") == ["two\nlines", ""]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.json", b'["cat", ', "cut.json is not JSON: .*line 1"),
        ("gap.json", b'{"0": "cat", "2": "dog"}', "keys are not 0 to 1"),
        ("number.json", b"3", "holds a int; a list is expected"),
        ("latin.txt", "frøg".encode("latin-1"), "is not UTF-8 text"),
        ("wide.csv", b"a,b\n1,2\n", "has the columns a, b; one of them should be called text"),
        ("open.csv", b'a\n"no end\n', "is not CSV"),
    ],
)
def test_a_file_that_holds_no_list_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=said):
        read_list(tmp_path / name)


@pytest.mark.parametrize("name", ["no.json", "no.npy", "."])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(FileError):
        read_list(tmp_path / name)
