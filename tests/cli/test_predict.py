"""`errata predict`: from a table to probabilities that `errata find` takes."""

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from helpers import ERRATA
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


def test_what_predict_has_not_written_stays_and_is_told_of_after_every_other_mistake(
    table, tmp_path
):
    mine = tmp_path / "mine.npy"
    mine.write_bytes(b"mine")
    for words, message in (
        (["no-such-table.csv"], "no-such-table.csv does not exist"),
        ([table, "--folds", 100], "100 folds cannot be made of 60 examples"),
        ([table, "--model", "mel"], "mel is for sounds"),
        ([table, "--epochs", 3], "tfidf-sgd is no network"),
    ):
        done = run("predict", *words, "--out", mine)
        assert message in " ".join(done.stderr.split())
    done = run("predict", table, "--out", mine)
    assert "Give another name (--out), or remove it first" in " ".join(done.stderr.split())
    assert "something else is there, which would be lost" in " ".join(done.stderr.split())
    assert mine.read_bytes() == b"mine"
    chart = tmp_path / "mine.svg"
    chart.write_text("<svg></svg>")
    done = run("predict", "no-such-table.csv", "--chart", chart)
    assert "The chart cannot be written" in " ".join(done.stderr.split())
    assert chart.read_text() == "<svg></svg>"
    done = run("predict", "no-such-table.csv", "--out", tmp_path / "no" / "p.npy")
    assert "does not exist. Make it" in " ".join(done.stderr.split())


STOPPED = """
    import sys
    from pathlib import Path
    from errata.cli import main
    plain, moves = Path.replace, int(sys.argv[1])

    def replace(self, target):
        global moves
        moves -= 1
        if moves < 0:
            raise OSError(28, "No space left on device")
        return plain(self, target)

    Path.replace = replace
    sys.argv[1:] = sys.argv[2:]
    main()
"""


@pytest.mark.parametrize("moves", [0, 1, 3, 4])
def test_a_run_that_is_stopped_while_it_writes_leaves_no_old_probabilities_beside_new_labels(
    table, tmp_path, moves
):
    out = tmp_path / "p.npy"
    assert run("predict", table, "--folds", 3, "--out", out).returncode == 0
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(lines[:1] + lines[:0:-1]))
    words = ["predict", str(table), "--folds", "3", "--out", str(out)]
    program = [sys.executable, "-c", textwrap.dedent(STOPPED), str(moves), *words]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert "cannot be written: No space left" in " ".join(done.stderr.split())
    assert not out.exists()
    assert not list(tmp_path.glob(".*")), "nothing unfinished is left"
    assert run("predict", table, "--folds", 3, "--out", out).returncode == 0
    assert json.loads((tmp_path / "p.ids.json").read_text())[0] == "r59"


def test_where_there_is_no_room_to_write_what_was_there_stays(table, tmp_path):
    out = tmp_path / "p.npy"
    assert run("predict", table, "--folds", 3, "--out", out).returncode == 0
    before = {path.name: path.read_bytes() for path in tmp_path.glob("p.*")}
    words = f"'{ERRATA}' predict '{table}' --folds 3 --seed 1 --out '{out}'"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 0; trap '' XFSZ; {words}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "cannot be written: File too large" in " ".join(done.stderr.split())
    assert {path.name: path.read_bytes() for path in tmp_path.glob("p.*")} == before


# ---------------------------------------------------------------- several models


def test_several_models_are_compared_and_each_is_written(table, tmp_path):
    models = ["--model", "fasttext", "--model", "tfidf-sgd", "--model", "fasttext"]
    out, chart = tmp_path / "p.npy", tmp_path / "sure.svg"
    options = ["--folds", 3, "--out", out, "--resume", tmp_path / "kept", "--chart", chart]
    done = run("predict", table, *models, *options, "--format", "json")
    assert done.returncode == 0, done.stderr
    compared = json.loads(done.stdout)
    assert [row["model"] for row in compared["models"]] == ["fasttext", "tfidf-sgd"]
    assert [row["best"] for row in compared["models"]].count(True) == 1
    accuracies = {row["model"]: row["accuracy"] for row in compared["models"]}
    assert accuracies[compared["best"]] == max(accuracies.values())
    assert not out.exists()
    for row in compared["models"]:
        alone = tmp_path / f"{row['model']}.npy"
        assert row["probabilities"] == str(tmp_path / f"p.{row['model']}.npy")
        run("predict", table, "--model", row["model"], "--folds", 3, "--out", alone)
        assert alone.read_bytes() == (tmp_path / f"p.{row['model']}.npy").read_bytes()
        record = json.loads((tmp_path / f"p.{row['model']}.record.json").read_text())
        assert record["model"] == row["model"]
    assert b"fasttext" in chart.read_bytes()
    assert f"--probs {tmp_path / 'p'}.{compared['best']}.npy" in done.stderr
    again = run("predict", table, *models, *options)
    assert "best" in again.stdout
    assert "calibration error" in again.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "fasttext", "--model", "fastext"], "Did you mean 'fasttext'"),
        (["--chart", "sure.jpg"], "use .html, .svg or .png"),
        (["--chart", "no/sure.svg"], "The folder no does not exist"),
    ],
)
def test_models_and_charts_that_cannot_be_are_told_before_anything_is_read(
    tmp_path, options, message
):
    done = run("predict", "no-such-table.csv", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


# ---------------------------------------------------------------- an audit


@pytest.fixture
def audit(tmp_path):
    words = ["fine lovely film", "dull poor film"]
    texts = [f"{words[index % 2]} number {index % 7}" for index in range(60)]
    labels = np.arange(60) % 2
    labels[5] = 0
    np.save(tmp_path / "l.npy", labels)
    (tmp_path / "t.json").write_text(json.dumps(texts))
    (tmp_path / "c.json").write_text('["good", "bad"]')
    made = ["--labels", "l.npy", "--classes", "c.json", "--texts", "t.json"]
    done = run("init", "films", *made, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Next: errata predict films" in done.stderr
    return tmp_path / "films"


def test_an_audit_without_probabilities_predicts_finds_and_tells_which(audit):
    early = run("find", audit)
    assert early.returncode == 2
    assert "or run `predict`" in " ".join(early.stderr.split())
    for model in ("tfidf-sgd", "fasttext"):
        done = run("predict", audit, "--model", model, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert "Next: errata find" in done.stderr
    compared = json.loads(done.stdout)
    assert [row["model"] for row in compared["models"]] == ["tfidf-sgd", "fasttext"]
    found = run("find", audit, "--format", "json")
    assert [row["index"] for row in json.loads(found.stdout)["flagged"]] == [5]
    assert f"These are by {compared['best']}, the most accurate" in found.stderr
    both = run("find", audit, "--probs", "fasttext", "--probs", "tfidf-sgd", "--format", "json")
    assert both.returncode == 0, both.stderr
    assert "Shards" not in both.stderr
    story = json.loads(run("why", audit, "5", "--format", "json").stdout)
    assert story["found"][-1]["flagger"] == "the mean of fasttext and tfidf-sgd"
    assert {one["model"] for one in story["probabilities"]} == {"tfidf-sgd", "fasttext"}
    unknown = run("find", audit, "--probs", "fastext")
    assert unknown.returncode == 2
    assert "Did you mean 'fasttext'" in " ".join(unknown.stderr.split())


def test_what_is_said_of_a_data_set_is_not_taken_for_an_audit(audit):
    done = run("predict", audit, "--label", "kind", "--out", "p.npy")
    assert done.returncode == 2
    assert "leave out --label, --out" in " ".join(done.stderr.split())


def test_the_bar_says_fold_loss_and_time_left():
    from errata.cli.opening import steps
    from errata.cli.output import _Bar
    from errata.predict.base import Step

    bar = _Bar("Predicting with resnet18")
    report = steps(bar)
    for fold in range(2):
        for share in (0.0, 0.5, 1.0):
            report(Step(fold, 5, share, 0.4123 if share else None))
    (task,) = bar.bar.tasks
    assert task.description == "Predicting with resnet18: fold 2 of 5, loss 0.412"
    assert task.fields["count"] == ""
    assert task.fields["pace"].endswith(" left")
    assert "/s" not in task.fields["pace"]
    bar.close()


def test_without_a_terminal_a_line_tells_now_and_then_how_far_it_is(monkeypatch):
    from errata.cli.output import _Lines

    now = [0.0]
    monkeypatch.setattr("errata.cli.output.time.monotonic", lambda: now[0])
    said = []
    lines = _Lines("Predicting with vgg", said.append)
    for second in range(0, 100, 5):
        now[0] = float(second)
        lines(second, 200, note=f"fold {second // 50 + 1} of 4")
    assert said == [
        "Predicting with vgg: 15%, fold 1 of 4",
        "Predicting with vgg: 30%, fold 2 of 4",
        "Predicting with vgg: 45%, fold 2 of 4",
    ]
