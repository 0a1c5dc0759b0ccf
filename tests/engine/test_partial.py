"""What was put comes back, whatever happens in between; what is not ours is left alone."""

import errno
import fcntl
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata.engine import partial as module
from errata.engine.partial import Partial, job_differences
from errata.errors import FileError
from helpers import killed_at

COLUMNS = {"score": np.dtype(np.float32), "top": np.dtype(np.uint16)}
EDGES = np.array([0, 3, 4, 4, 9])
JOB = {"probs": {"path": "/data/probs.npy", "size": 10}, "labels": 64 * "a", "normalize": False}


def part_of(number: int, seed: int = 0) -> tuple[dict[str, np.ndarray], object]:
    rows = int(EDGES[number + 1] - EDGES[number])
    chance = np.random.default_rng([seed, number])
    score = chance.random(rows, np.float32)
    values = {"score": score, "top": chance.integers(0, 999, rows).astype(np.uint16)}
    return values, {"rows": rows, "first": [0.1 * number, None]}


def put(notes: Partial, *numbers: int, seed: int = 0) -> None:
    for number in numbers:
        notes.put(number, *part_of(number, seed))


def assert_holds(notes: Partial, numbers, seed: int = 0) -> None:
    """Check that just these parts are there, with what was put."""
    assert notes.missing() == [number for number in range(4) if number not in numbers]
    assert list(notes.summaries()) == sorted(numbers)
    for number in numbers:
        values, summary = part_of(number, seed)
        assert notes.summaries()[number] == summary
        for name, column in notes.columns.items():
            assert column.dtype == COLUMNS[name]
            rows = slice(*EDGES[number : number + 2])
            np.testing.assert_array_equal(column[rows], values[name])


def opened(folder: Path | None, job=JOB, columns=COLUMNS, edges=EDGES) -> Partial:
    return Partial.open(folder, job, columns, edges)


# ---------------------------------------------------------------- what is put comes back


@pytest.mark.parametrize("kept", [False, True], ids=["without a folder", "in a folder"])
@given(numbers=st.lists(st.integers(0, 3)))
def test_what_is_put_is_there_at_once_in_any_order_and_the_last_time_holds(kept, numbers):
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) if kept else None) as notes:
        put(notes, *numbers, seed=1)
        put(notes, *numbers)
        assert_holds(notes, set(numbers))


@given(st.lists(st.integers(0, 3), unique=True), st.data())
def test_after_a_cut_of_the_parts_anywhere_the_whole_lines_hold_and_the_rest_can_be_put(
    numbers, data
):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder) as notes:
            put(notes, *numbers)
        lines = (folder / "parts.jsonl").read_bytes()
        cut = lines[: data.draw(st.integers(0, len(lines)), "bytes left")]
        (folder / "parts.jsonl").write_bytes(cut)
        whole = numbers[: cut.count(b"\n")]
        with opened(folder) as notes:
            assert_holds(notes, whole)
            put(notes, *notes.missing())
            assert_holds(notes, range(4))
        with opened(folder) as notes:
            assert_holds(notes, range(4))


@given(st.sampled_from(sorted(COLUMNS)), st.integers(0, 8), st.integers(1, 255))
def test_a_part_whose_values_are_damaged_counts_as_missing(column, row, flip):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder) as notes:
            put(notes, 0, 1, 2, 3)
        file = folder / f"{column}.values"
        damaged = bytearray(file.read_bytes())
        damaged[row * COLUMNS[column].itemsize] ^= flip
        file.write_bytes(damaged)
        with opened(folder) as notes:
            part = int(np.searchsorted(EDGES, row, "right")) - 1
            assert_holds(notes, {0, 1, 2, 3} - {part})


def test_a_column_that_is_gone_is_made_again_and_its_parts_are_missing(tmp_path):
    with opened(tmp_path) as notes:
        put(notes, 0, 2)
    (tmp_path / "top.values").unlink()
    with opened(tmp_path) as notes:
        assert_holds(notes, {2})  # a part without rows has no values to lose


@pytest.mark.parametrize("line", [b"3", b"[1, 2]", b"\x00\x00", b"[99, 0, null]", b"[-1, 0, 1]"])
def test_a_line_that_cannot_be_ours_is_no_part(tmp_path, line):
    with opened(tmp_path) as notes:
        put(notes, 1)
    with (tmp_path / "parts.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with opened(tmp_path) as notes:
        assert_holds(notes, {1})
        put(notes, 3)
    with opened(tmp_path) as notes:
        assert_holds(notes, {1, 3})


PROGRAM = """
    import sys
    from pathlib import Path
    import numpy as np
    from errata.engine.partial import Partial
    parts, rows = 400, 50_000
    edges = np.arange(0, parts * rows + 1, rows)
    notes = Partial.open(Path(sys.argv[1]), {}, {"value": np.dtype(np.int32)}, edges)
    for part in notes.missing():
        notes.put(part, {"value": np.full(rows, part, np.int32)}, part)
        print(part, flush=True)
"""


def test_a_process_that_is_killed_loses_no_part_that_it_had_put(tmp_path):
    runner = killed_at(PROGRAM, str(tmp_path))
    told: list[str] = []
    for _ in range(2):
        with runner as process:
            told += [process.stdout.readline() for _ in range(20)]
        told += runner.rest.splitlines()
    done = [int(line) for line in told]
    assert done == list(range(len(done)))  # the second went on where the first stood
    edges = np.arange(0, 400 * 50_000 + 1, 50_000)
    with Partial.open(tmp_path, {}, {"value": np.dtype(np.int32)}, edges) as notes:
        assert len(done) <= len(notes.summaries()) <= len(done) + 2 < 400
        for part, summary in notes.summaries().items():
            assert summary == part
            assert (notes.columns["value"][edges[part] : edges[part + 1]] == part).all()


# ---------------------------------------------------------------- where it lies


def test_what_is_finished_leaves_no_file_and_can_be_used_on(tmp_path):
    folder = tmp_path / "new" / "notes"
    with opened(folder) as notes:
        put(notes, 0, 1, 2, 3)
        assert {path.name for path in folder.iterdir()} == {
            "job.json", "parts.jsonl", "score.values", "top.values",
        }  # fmt: skip
        notes.finish()
        assert not folder.exists()
        assert_holds(notes, range(4))


def test_what_others_have_put_into_the_folder_stays(tmp_path):
    with opened(tmp_path) as notes:
        (tmp_path / "probs.npy").write_text("precious")
        notes.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["probs.npy"]


def test_what_is_closed_but_not_finished_is_kept(tmp_path):
    with opened(tmp_path) as notes:
        put(notes, 3)
    with opened(tmp_path) as notes:
        assert_holds(notes, {3})


def test_large_columns_are_mapped_from_a_file_that_nobody_has_to_remove(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    n = 2**24
    columns = {"small": np.dtype(np.uint8), "large": np.dtype(np.float32)}
    with Partial.open(None, {}, columns, np.array([0, n])) as notes:
        assert notes.columns["small"].base is None
        assert notes.columns["large"].base is not None
        assert notes.array("scratch", np.float64).base is not None
        values = {name: np.ones(n, dtype) for name, dtype in columns.items()}
        notes.put(0, values, None)
        assert all((column == 1).all() for column in notes.columns.values())
    assert list(tmp_path.iterdir()) == []


def test_further_arrays_are_zero_and_leave_nothing_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_IN_MEMORY", 20)
    with opened(tmp_path) as notes:
        before = sorted(tmp_path.iterdir())
        arrays = [notes.array("scratch", np.int16), notes.array("scratch", "f8")]
        assert [array.base is None for array in arrays] == [True, False]
        for array in arrays:
            assert array.shape == (9,)
            assert not array.any()
            array[:] = 1
        assert sorted(tmp_path.iterdir()) == before


def test_no_examples_are_no_problem(tmp_path):
    for folder in (None, tmp_path):
        with Partial.open(folder, {}, COLUMNS, np.array([0, 0])) as notes:
            empty = {name: np.zeros(0, dtype) for name, dtype in COLUMNS.items()}
            notes.put(0, empty, {})
            assert notes.missing() == []


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"job": JOB | {"normalize": True}}, "normalize: false before, true now"),
        ({"job": JOB | {"labels": 64 * "b"}}, "labels: changed"),
        ({"job": JOB | {"probs": JOB["probs"] | {"size": 12}}}, "/data/probs.npy, size: 10 before"),
        ({"job": JOB | {"parts": 9}}, "parts: nothing before, 9 now"),
        ({"columns": {"score": np.dtype("f4")}}, 'columns, top: "<u2" before, nothing now'),
        ({"columns": COLUMNS | {"top": np.dtype("u1")}}, 'top: "<u2" before, "|u1" now'),
        ({"edges": np.array([0, 4, 9])}, "parts: 4 before, 2 now; edges: [0, 3, 4, 4, 9] before"),
        ({"edges": np.array([0, 3, 4, 5, 9])}, "[0, 3, 4, 5, 9] now"),
    ],
)
def test_a_job_that_is_not_the_same_is_refused_and_nothing_is_lost(tmp_path, change, told):
    with opened(tmp_path) as notes:
        put(notes, 1)
    with pytest.raises(FileError, match="holds partial results of another job") as caught:
        opened(tmp_path, **change)
    assert told in str(caught.value)
    assert "with the same input and engine, or name another folder" in str(caught.value)
    with opened(tmp_path) as notes:
        assert_holds(notes, {1})


def test_differences_name_the_file_among_many():
    shards = [{"path": f"part-{i}.npy", "size": i} for i in range(9)]
    changed = [*shards[:7], {"path": "part-7.npy", "size": 70}, {"path": "x.npy", "size": 8}]
    assert job_differences({"shards": shards}, {"shards": changed}) == [
        "part-7.npy, size: 7 before, 70 now",
        'shards[8], path: "part-8.npy" before, "x.npy" now',
    ]
    assert job_differences({"shards": shards}, {"shards": shards[1:]}) == ["shards: changed"]


words = st.sampled_from(["path", "size", "aaaabbbbccccdddd", "b"])
plain = st.recursive(
    st.booleans() | st.integers(0, 3) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner),
    max_leaves=6,
)
jobs = st.dictionaries(words, plain)


@given(jobs, jobs)
def test_there_are_differences_just_where_two_jobs_differ(before, now):
    assert job_differences(before, before) == []
    assert bool(job_differences(before, now)) == (before != now)


@pytest.mark.parametrize("name", ["thesis.txt", "parts.jsonl", "job.json", "score.values"])
def test_a_folder_that_holds_other_things_is_refused_and_left_alone(tmp_path, name):
    (tmp_path / name).write_text('{"mine": 1}')
    with pytest.raises(FileError, match=f"holds other things than partial results.*{name}.* new"):
        opened(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == '{"mine": 1}'


@pytest.mark.parametrize("text", ["", "[]", "{", '{"errata": "partial results"}'])
def test_a_job_that_is_not_ours_is_refused(tmp_path, text):
    (tmp_path / "job.json").write_text(text)
    with pytest.raises(FileError, match="its job.json is not from errata"):
        opened(tmp_path)


def test_a_process_killed_before_it_had_begun_leaves_what_can_be_gone_on_with(tmp_path):
    (tmp_path / "parts.jsonl").touch()
    (tmp_path / ".job.json.x.part").write_text('{"errata"')
    with opened(tmp_path) as notes:
        put(notes, 0)
    with opened(tmp_path) as notes:
        assert_holds(notes, {0})


def test_a_second_process_is_refused_until_the_first_ends(tmp_path):
    program = """
        import sys, time
        from pathlib import Path
        import numpy as np
        from errata.engine.partial import Partial
        notes = Partial.open(Path(sys.argv[1]), {}, {}, np.array([0, 1]))
        print("holds it", flush=True)
        time.sleep(60)
    """
    with killed_at(program, str(tmp_path)) as process:
        assert process.stdout.readline() == "holds it\n"
        with pytest.raises(FileError, match="Another process works in .* at this moment"):
            Partial.open(tmp_path, {}, {}, np.array([0, 1]))
    Partial.open(tmp_path, {}, {}, np.array([0, 1])).close()


def test_a_folder_that_another_process_has_just_finished_is_not_written_into(tmp_path, monkeypatch):
    first = opened(tmp_path / "notes")

    def finish():
        first.finish()
        first.close()
        (tmp_path / "notes").mkdir()

    lock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", lambda *words: (finish(), lock(*words)))
    with pytest.raises(FileError, match="Another process works in"):
        opened(tmp_path / "notes")


def test_a_place_where_no_folder_can_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "notes"):
        with pytest.raises(
            FileError, match=r"Partial results cannot be kept in .*file.*: (File|Not)"
        ):
            opened(path)


def test_a_full_disk_is_told_when_a_part_is_put_and_the_rest_is_kept(tmp_path, monkeypatch):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with opened(tmp_path) as notes:
        put(notes, 0)
        monkeypatch.setattr(notes._folder, "_file", HalfFull(notes._folder._file, full))
        with pytest.raises(FileError, match="cannot be kept in .* disk with room.*: No space left"):
            put(notes, 1)
        assert_holds(notes, {0})
        monkeypatch.undo()
        put(notes, 3)
    with opened(tmp_path) as notes:
        assert_holds(notes, {0, 3})


class HalfFull:
    """A file that takes in some bytes more, and then no others."""

    def __init__(self, file, error):
        self.file, self.errors = file, iter([None, error])

    def truncate(self, size):
        self.file.truncate(size)

    def write(self, data):
        if error := next(self.errors):
            raise error
        return self.file.write(data[: len(data) // 2])


@pytest.mark.parametrize("kept", [False, True], ids=["without a folder", "in a folder"])
def test_a_disk_without_room_is_told_before_the_work_begins(tmp_path, monkeypatch, kept):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(module, "_IN_MEMORY", 0)
    told = "cannot be kept in" if kept else "There is no room for 'score', 36 bytes, in .*TMPDIR"
    with pytest.raises(FileError, match=f"{told}.*: No space left on device"):
        opened(tmp_path if kept else None)


def test_what_lies_in_a_folder_can_be_read_by_people(tmp_path):
    with opened(tmp_path) as notes:
        put(notes, 1)
    described = json.loads((tmp_path / "job.json").read_text())
    assert described["job"] == JOB
    assert described["columns"] == {"score": "<f4", "top": "<u2"}
    assert json.loads((tmp_path / "parts.jsonl").read_text())[::2] == [1, part_of(1)[1]]
    shutil.rmtree(tmp_path)
