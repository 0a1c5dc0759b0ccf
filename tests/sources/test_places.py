"""Names of files and URLs: their order, patterns, and what they are when nothing is there."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.errors import FileError
from errata.sources.places import (
    DiskPlace,
    files_in,
    in_natural_order,
    is_pattern,
    missing_numbers,
    place_of,
)

names = st.lists(st.text("ab09-", min_size=1, max_size=6), max_size=8)


@given(st.lists(st.integers(0, 2000)), st.sampled_from(["part-{}.npy", "{}", "a{}b{}", "p-{:05}"]))
def test_numbers_in_names_are_ordered_by_their_value(numbers, form):
    places = [DiskPlace(form.format(number, 7), Path()) for number in numbers]
    assert [place.name for place in in_natural_order(places)] == [
        form.format(number, 7) for number in sorted(numbers)
    ]


@given(names, st.randoms(use_true_random=False))
def test_any_names_have_one_order(drawn, random):
    places = [DiskPlace(name, Path()) for name in drawn]
    shuffled = random.sample(places, len(places))
    assert [p.name for p in in_natural_order(places)] == [
        p.name for p in in_natural_order(shuffled)
    ]


@pytest.mark.parametrize(
    "name", ["p-*.npy", "p-?.npy", "p-[0-9].npy", "s3://b/*.npy", "a/**/p.npy"]
)
def test_patterns_are_told_by_their_letters(name):
    assert is_pattern(name)
    assert not is_pattern(name.replace("*", "1").replace("?", "1").replace("[0-9]", "1"))


def test_a_pattern_may_reach_into_folders(tmp_path):
    for name in ("b/p.npy", "a/c/p.npy", "p.npy", "a/q.npy"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = in_natural_order(place_of(tmp_path / "**" / "p.npy").matches())
    assert [place.name for place in found] == [
        str(tmp_path / name) for name in ("a/c/p.npy", "b/p.npy", "p.npy")
    ]


def test_files_of_a_folder_with_the_letters_of_a_pattern_are_found(tmp_path):
    folder = tmp_path / "run [1] *"
    folder.mkdir()
    (folder / "p.npy").touch()
    [found] = files_in(place_of(folder), "*.npy")
    assert found.name == str(folder / "p.npy")


@pytest.mark.parametrize("ask", [DiskPlace.size, DiskPlace.stamp, DiskPlace.open])
def test_a_file_that_is_gone_is_named(ask, tmp_path):
    with pytest.raises(FileError, match=r"probs\.npy cannot be read: No such file"):
        ask(place_of(tmp_path / "probs.npy"))


def test_a_window_of_nothing_is_empty(tmp_path):
    (tmp_path / "p").touch()
    assert bytes(place_of(tmp_path / "p").read(0, 0)) == b""


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["p-0", "p-1", "p-3"], [2]),
        (["p-1", "p-2", "p-3"], []),
        (["p-0", "p-2", "p-4"], []),
        (["p-0", "p-10", "p-20", "p-40"], [30]),
        (["p-0", "p-0", "p-2"], []),
        (["2019", "2021"], []),
        (["p-0", "p-2"], [1]),
        (["p-1", "p-3"], [2]),
        (["p-0-of-2", "p-1-of-2"], []),
        (["p-1_of_3", "p-3_of_3"], [2]),
        (["p-0-of-0", "p-1-of-0"], []),
        (["p-0-of-3-b", "p-1-of-3-b"], [2]),
        ([f"p-0-of-{10**30}", f"p-1-of-{10**30}"], []),
        (["p-1", "p-900000000"], []),
        (["p-0", "p-1", f"p-{10**30}"], []),
        (["p-0", f"p-{10**30}", f"p-{3 * 10**30}"], [2 * 10**30]),
        (["p-1", "q-3"], []),
        (["p-1-a-1", "p-2-a-2", "p-4-a-4"], []),
        (["p-1", "p-01"], []),
        (["p-1"], []),
        ([], []),
    ],
)
def test_a_number_is_missing_only_where_names_count_in_steps(names, missing):
    assert missing_numbers(names) == missing
