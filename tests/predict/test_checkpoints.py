"""Checkpoints: whole or not there, of this job alone, whatever moment the process is killed at."""

import json

import numpy as np
import pytest

from errata.errors import FileError
from errata.predict.checkpoints import Checkpoints, remove_checkpoints
from helpers import killed_at

ARRAYS = {"probs": np.array([[0.25, 0.75]]), "notes": np.array(["some words"])}


@pytest.fixture(params=[True, False], ids=["folder", "memory"])
def kept(request, tmp_path):
    with Checkpoints(tmp_path / "run" if request.param else None, {"seed": 1}) as kept:
        yield kept


def test_what_is_saved_comes_back_and_what_is_not_is_none(kept):
    assert kept.load("fold 0") is None
    kept.save("fold 0", ARRAYS)
    for name, array in kept.load("fold 0").items():
        np.testing.assert_array_equal(array, ARRAYS[name])
    kept.save("fold 0", {"probs": np.zeros(1)})
    assert list(kept.load("fold 0")) == ["probs"]


def test_another_process_finds_them(tmp_path):
    with Checkpoints(tmp_path, {"seed": 1}) as kept:
        kept.save("fold 0", ARRAYS)
    with Checkpoints(tmp_path, {"seed": 1}) as kept:
        assert kept.load("fold 0") is not None


def test_a_second_process_is_refused_until_the_first_ends_and_cannot_remove_them(tmp_path):
    program = """
        import sys, time
        from pathlib import Path
        from errata.predict.checkpoints import Checkpoints
        kept = Checkpoints(Path(sys.argv[1]), {})
        print("works", flush=True)
        time.sleep(60)
    """
    with killed_at(program, str(tmp_path / "run")) as process:
        assert process.stdout.readline() == "works\n"
        with pytest.raises(FileError, match="Another process works in .*run at this moment"):
            Checkpoints(tmp_path / "run", {})
        remove_checkpoints(tmp_path / "run")
        assert (tmp_path / "run" / "job.json").exists()
    with Checkpoints(tmp_path / "run", {}) as kept:
        kept.save("fold 0", ARRAYS)
        remove_checkpoints(tmp_path / "run")
        assert kept.load("fold 0") is not None
    remove_checkpoints(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    remove_checkpoints(tmp_path / "run")


def test_what_a_killed_process_had_not_finished_is_removed(tmp_path):
    with Checkpoints(tmp_path, {}) as kept:
        kept.save("fold 0", ARRAYS)
    (tmp_path / ".fold-1.checkpoint.abc.part").write_bytes(b"half")
    with Checkpoints(tmp_path, {}) as kept:
        assert kept.load("fold 0") is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".lock",
        "fold-0.checkpoint",
        "job.json",
    ]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_what_is_cut_short_counts_as_missing(tmp_path, share):
    with Checkpoints(tmp_path, {}) as kept:
        kept.save("fold 0", ARRAYS)
        path = tmp_path / "fold-0.checkpoint"
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        assert kept.load("fold 0") is None


def test_those_of_another_run_are_refused_with_what_differs(tmp_path):
    Checkpoints(tmp_path, {"seed": 1, "folds": 5}).close()
    with pytest.raises(FileError, match="another run .*seed: 1 before, 2 now"):
        Checkpoints(tmp_path, {"seed": 2, "folds": 5})


def test_a_folder_of_other_things_is_refused_and_stays(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match=r"holds other things than checkpoints \(notes\.txt\)"):
        Checkpoints(tmp_path, {})
    (tmp_path / "job.json").write_text(json.dumps([1]))
    with pytest.raises(FileError, match=r"its job\.json cannot be read"):
        Checkpoints(tmp_path, {})
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="Checkpoints cannot be kept in"):
        Checkpoints(tmp_path / "file" / "run", {})


def test_what_is_discarded_is_gone_and_the_rest_stays(tmp_path):
    for folder in (None, tmp_path / "run"):
        with Checkpoints(folder, {}) as kept:
            for name in ("a", "b"):
                kept.save(name, {"x": np.ones(2)})
            kept.discard("a")
            kept.discard("never there")
            assert kept.load("a") is None
            assert kept.load("b") is not None
