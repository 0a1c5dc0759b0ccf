"""`errata predict`: from a table to probabilities that `errata find` takes."""

import json

import numpy as np
import pytest

from helpers import run_errata as run


@pytest.fixture
def table(tmp_path):
    rows = ["id,text,label"]
    for index in range(60):
        label = ["good", "bad"][index % 2]
        words = {"good": "fine lovely film", "bad": "dull poor film"}[label]
        rows.append(f"r{index},{words} number {index % 7},{'good' if index == 5 else label}")
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_what_is_predicted_of_a_table_is_what_find_takes(table, tmp_path):
    done = run("predict", table, "--folds", 3, "--out", tmp_path / "p.npy", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accuracy"] > 0.9
    probs, labels = np.load(tmp_path / "p.npy"), np.load(tmp_path / "p.labels.npy")
    assert (probs.shape, probs.dtype, labels.shape) == ((60, 2), np.float32, (60,))
    assert json.loads((tmp_path / "p.classes.json").read_text()) == ["bad", "good"]
    assert json.loads((tmp_path / "p.ids.json").read_text())[:2] == ["r0", "r1"]
    record = json.loads((tmp_path / "p.record.json").read_text())
    assert record["model"] == "tfidf-sgd"
    assert record["job"]["folds"] == 3
    words = next(line for line in done.stderr.splitlines() if "errata find" in line).split()
    found = run(*words[words.index("find") :], "--format", "json")
    assert [row["index"] for row in json.loads(found.stdout)["flagged"]] == [5]


def test_a_run_that_is_done_again_from_its_checkpoints_gives_the_same_bytes(table, tmp_path):
    options = ["--folds", 3, "--model", "fasttext", "--resume", tmp_path / "kept"]
    for name in ("once", "again"):
        assert run("predict", table, *options, "--out", tmp_path / f"{name}.npy").returncode == 0
    assert (tmp_path / "once.npy").read_bytes() == (tmp_path / "again.npy").read_bytes()
    other = run("predict", table, *options, "--seed", 2, "--out", tmp_path / "other.npy")
    assert other.returncode == 2
    assert "checkpoints of another run" in other.stderr


def test_duplicates_are_told_of_unless_they_are_ignored(table, tmp_path):
    told = run("predict", table, "--folds", 3, "--out", tmp_path / "p.npy")
    words = " ".join(told.stderr.split())
    assert "60 examples are the same as others, or nearly, in 14 groups" in words
    assert "In 1 of the groups the given labels differ, as those of 'r5' (good) and 'r19'" in words
    record = json.loads((tmp_path / "p.record.json").read_text())
    assert record["job"]["duplicates"]["groups"] == 14
    silent = run("predict", table, "--duplicates", "ignore", "--out", tmp_path / "p.npy")
    assert silent.returncode == 0
    assert "the same as others" not in silent.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "tfdif-sgd"], "Did you mean 'tfidf-sgd'"),
        (["--out", "probs.csv"], "name probs.npy, not probs.csv"),
        (["--folds", "100"], "100 folds cannot be made of 60 examples"),
        (["--label", "lable"], "label"),
        (["--set", "mnits"], "Did you mean 'mnist'"),
        (["--duplicates", "ignroe"], "Did you mean 'ignore'"),
    ],
)
def test_mistakes_are_told_in_a_sentence(table, options, message):
    done = run("predict", table, *options, cwd=table.parent)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_what_predict_has_not_written_stays_and_is_told_of_before_anything_is_read(tmp_path):
    mine = tmp_path / "mine.npy"
    mine.write_bytes(b"mine")
    done = run("predict", "no-such-table.csv", "--out", mine)
    assert "no earlier run of predict wrote it" in " ".join(done.stderr.split())
    assert mine.read_bytes() == b"mine"
    done = run("predict", "no-such-table.csv", "--out", tmp_path / "no" / "p.npy")
    assert "does not exist. Make it" in " ".join(done.stderr.split())
