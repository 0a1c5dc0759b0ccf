"""`errata votes` and `errata tasks` as people type them."""

import csv
import json

import pytest

from audits import planned_audit
from helpers import run_errata


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "audit")


def fill(folder, reviewer, *answers):
    """Fill in the first lines of a table of tasks."""
    with (folder / "tasks.csv").open(newline="") as file:
        tasks = list(csv.DictReader(file))
    with (folder / "filled.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(tasks[0]))
        writer.writeheader()
        for task, answer in zip(tasks, answers, strict=False):
            writer.writerow({**task, "reviewer": reviewer, "answer": answer})
    return folder / "filled.csv"


def test_a_sheet_goes_out_is_filled_in_and_comes_back(tmp_path, audit):
    out = run_errata("tasks", "export", audit.path, tmp_path / "sheet", "--format", "json")
    made = json.loads(out.stdout)
    assert (made["form"], made["count"]) == ("csv", len(audit.questions()))
    assert "Not carried: Typical examples of each label" in out.stderr
    assert f"Next: errata votes import {audit.path} VOTES" in out.stderr
    file = fill(tmp_path / "sheet", "ann", "A", "neither", "B", "C", "")
    back = run_errata("votes", "import", audit.path, file, "--note", "by post")
    assert back.returncode == 2
    assert "filled.csv, line 5: There is no answer 'C'" in back.stderr
    assert len(audit.votes()) == 3


def test_which_form_was_taken_is_said_and_what_was_left_out(tmp_path, audit):
    path = tmp_path / "batch.csv"
    path.write_text("WorkerId,AssignmentStatus,Input.id,Answer.verdict\nA1,,0,x\nA2,Rejected,0,x\n")
    out = run_errata("votes", "import", audit.path, path, "--means", "x=given", "--format", "json")
    assert out.returncode == 0, out.stderr
    told = json.loads(out.stdout)
    assert (told["form"], told["added"]) == ("mturk", 1)
    assert "Left out: 1 assignment: rejected by the requester." in out.stderr
    for words, message in (
        (["--from", "argila"], "There is no form 'argila'. Did you mean 'argilla'?"),
        (["--means", "given"], "--means takes an answer and what it means, such as"),
        (["--from", "errata"], "batch.csv has no column 'id'"),
    ):
        out = run_errata("votes", "import", audit.path, path, *words)
        assert out.returncode == 2
        assert message in out.stderr
        assert "Traceback" not in out.stderr


def test_votes_are_printed_or_written_with_names_or_without(tmp_path, audit):
    audit.add_votes([{"index": 0, "reviewer": "=ann", "answer": "both"}])
    plain = run_errata("votes", "export", audit.path, "--names")
    assert "\n0,'=ann,both" in plain.stdout
    for ending in ("csv", "json", "table"):
        hidden = run_errata("votes", "export", audit.path, "--format", ending).stdout
        assert "reviewer " in hidden
        assert "=ann" not in hidden
        (tmp_path / f"v.{ending}").write_text(hidden)
    for ending in ("csv", "json"):
        back = run_errata("votes", "import", audit.path, tmp_path / f"v.{ending}")
        assert back.returncode == 0, back.stderr
    out = run_errata("votes", "export", audit.path, tmp_path / "v.parquet")
    assert out.returncode == 0, out.stderr
    assert run_errata("votes", "import", audit.path, tmp_path / "v.parquet").returncode == 0
    assert len(audit.votes()) == 1
    out = run_errata("votes", "export", audit.path, tmp_path / "c.json", "--to", "published")
    assert "Not carried: Who answered" in out.stderr
    out = run_errata("votes", "export", audit.path, "--to", "published")
    assert (out.returncode, "name OUT" in out.stderr) == (2, True)
    out = run_errata("votes", "export", audit.path, tmp_path / "no" / "v.csv")
    assert (out.returncode, "cannot be written" in out.stderr) == (2, True)
