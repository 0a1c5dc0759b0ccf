"""A release: what is in it, that it never changes, and that a stranger can use it."""

import hashlib
import json
import re
import shutil
import sqlite3
import stat
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

import errata.audit
import errata.release
from audits import CLASSES, planned_audit, small_audit, small_set
from errata import AuditError
from errata.audit import Audit

VOTES = {0: "ss", 1: "gg", 2: "bb", 3: "nn", 4: "gsb", 5: "g"}
WORDS = {"g": "given", "s": "suggested", "b": "both", "n": "neither"}


@pytest.fixture
def audit(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit", votes=3, threshold=2)
    vote(audit, VOTES)
    return audit


def vote(audit, answers):
    audit.add_votes(
        [
            {"index": example, "reviewer": f"reviewer {place}", "answer": WORDS[letter]}
            for example, letters in answers.items()
            for place, letter in enumerate(letters)
        ],
        kind="person",
    )


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_example_has_its_row(audit, tmp_path):
    release = audit.release(tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "corrected.parquet")
    assert table.column_names == [
        *("id", "given", "corrected", "verdict"),
        *("votes_given", "votes_suggested", "votes_both", "votes_neither", "votes_other"),
        *("in_pruned", "in_correctable"),
    ]
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == list(audit.ids)
    assert [row["given"] for row in rows] == audit.labels.tolist()
    verdicts = {
        0: "correctable",
        1: "non_error",
        2: "multi_label",
        3: "neither",
        4: "non_agreement",
        5: "open",
    }
    assert {i: row["verdict"] for i, row in enumerate(rows) if row["verdict"]} == verdicts
    assert {i for i, row in enumerate(rows) if not row["in_pruned"]} == {2, 3, 4}
    assert {i for i, row in enumerate(rows) if row["in_correctable"]} == {0}
    assert {i for i, row in enumerate(rows) if row["corrected"] != row["given"]} == {0}
    assert rows[0]["corrected"] == 0
    for example, row in enumerate(rows):
        letters = VOTES.get(example, "")
        for letter, word in WORDS.items():
            assert row[f"votes_{word}"] == letters.count(letter)
    assert release.counts["P"] == sum(row["in_pruned"] for row in rows) == 57
    assert repr(release).startswith(f"Release {release.version} in {tmp_path / 'out'}: 1 labels")


def test_the_manifest_names_counts_settings_versions_and_hashes(audit, tmp_path):
    release = audit.release(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    for name, data in content(tmp_path / "out").items():
        digest = hashlib.sha256(data).hexdigest()
        assert release.hashes[name] == digest
        if name != "manifest.json":
            assert manifest["files"][name] == digest
    assert manifest["counts"] == dict(release.counts)
    assert manifest["counts"] | {"D": 60, "P": 57, "B": 56, "C": 1, "U": 3} == manifest["counts"]
    assert manifest["counts"]["open"] == 1
    assert manifest["counts"]["unreviewed"] == 2
    assert manifest["noise_prevalence"] == 1 / 57
    assert manifest["classes"] == list(CLASSES)
    assert (manifest["threshold"], manifest["votes"], manifest["reviewers"]) == (2, 12, 3)
    (plan,) = manifest["settings"]["plans"]
    assert plan.pop("find")["rule"] == "margin"
    assert plan == {"goal": "errors", "votes": 3, "threshold": 2, "budget": None, "candidates": 8}
    labels = audit.path / "arrays" / "labels.npy"
    assert manifest["inputs"]["labels"] == {
        "file": "labels.npy",
        "sha256": hashlib.sha256(labels.read_bytes()).hexdigest(),
        "shape": [60],
        "dtype": "int64",
    }
    assert set(manifest["made_with"]) == {"errata", "numpy", "pyarrow"}
    assert manifest["version"] == release.version == manifest["files"]["corrected.parquet"][:12]


def test_the_same_audit_gives_the_same_bytes(audit, tmp_path):
    audit.release(tmp_path / "one")
    time.sleep(0.01)
    audit.release(tmp_path / "two")
    audit.close()
    shutil.copytree(audit.path, tmp_path / "elsewhere" / "copied.audit")
    Audit.open(tmp_path / "elsewhere" / "copied.audit").release(tmp_path / "three")
    assert content(tmp_path / "one") == content(tmp_path / "two") == content(tmp_path / "three")


def test_no_clock_no_place_and_no_name_is_in_a_release(audit, tmp_path):
    audit.release(tmp_path / "out")
    for data in content(tmp_path / "out").values():
        assert str(tmp_path).encode() not in data
        assert b"reviewer 0" not in data
        assert time.strftime("%Y-%m-%d").encode() not in data


def test_another_vote_gives_another_version(audit, tmp_path):
    before = audit.release(tmp_path / "one")
    vote(audit, {6: "ss"})
    after = audit.release(tmp_path / "two")
    assert before.version != after.version
    assert [release["label"] for release in audit.why("6").releases] == [1, 0]


def test_another_threshold_may_be_asked_for(audit, tmp_path):
    release = audit.release(tmp_path / "out", threshold=3)
    assert release.counts["correctable"] == 0
    assert "No label was corrected." in (tmp_path / "out" / "README.md").read_text()


def test_files_are_read_only(audit, tmp_path):
    audit.release(tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


def test_a_release_is_never_written_over(audit, tmp_path):
    audit.release(tmp_path / "out")
    before = content(tmp_path / "out")
    audit.undo("reviewer 0")
    with pytest.raises(
        AuditError,
        match=r"out is a complete release of another state, .* Name a new",
    ):
        audit.release(tmp_path / "out")
    assert content(tmp_path / "out") == before
    (tmp_path / "out" / "README.md").unlink()
    with pytest.raises(AuditError, match=r"out is there already, and a release never changes"):
        audit.release(tmp_path / "out")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(AuditError, match="file is there already"):
        audit.release(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert audit.release(tmp_path / "empty").counts["C"] == 1
    assert len(audit.why("0").releases) == 2, "what was refused is not remembered"


def test_a_release_names_the_runs_that_chose_its_candidates(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    audit.plan(budget=2)
    vote(audit, VOTES | {0: "sss", 1: "sss"})
    first = audit.release(tmp_path / "out")
    audit.find(rule="argmax")
    assert audit.release(tmp_path / "out").hashes == first.hashes, "nothing has changed"
    audit.plan()
    audit.release(tmp_path / "later")
    manifest = json.loads((tmp_path / "later" / "manifest.json").read_text())
    rules = [plan["find"]["rule"] for plan in manifest["settings"]["plans"]]
    assert rules == ["margin", "argmax"]


def test_a_release_that_was_killed_before_its_record_is_known_to_have_begun(
    audit, tmp_path, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(errata.audit.records, "add_release", killed)
    with pytest.raises(KeyboardInterrupt):
        audit.release(tmp_path / "out")
    assert audit.why("0").releases == ()
    with sqlite3.connect(audit.path / "audit.db") as plain:
        verb, details = plain.execute("SELECT verb, details FROM events ORDER BY id").fetchall()[-1]
    assert verb == "release begun"
    assert json.loads(details) == {"path": str(tmp_path / "out")}


def test_releasing_again_what_a_killed_run_had_written_changes_nothing(audit, tmp_path):
    first = audit.release(tmp_path / "out")
    before = content(tmp_path / "out")
    assert audit.release(tmp_path / "out").hashes == first.hashes
    assert content(tmp_path / "out") == before
    assert len(audit.why("0").releases) == 1, "it is the same release"


def test_an_error_leaves_neither_a_folder_nor_a_record(audit, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("no space left")

    monkeypatch.setattr(errata.release, "_readme", broken)
    before = set(tmp_path.iterdir())
    with pytest.raises(OSError, match="no space left"):
        audit.release(tmp_path / "out")
    assert set(tmp_path.iterdir()) == before
    assert audit.why("0").releases == ()


def test_the_readme_tells_a_stranger_what_changed_and_how_to_use_it(audit, tmp_path, monkeypatch):
    audit.release(tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "60 examples in 3 classes" in readme
    assert "| 0 | dog | cat | 2 of 2 |" in readme
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(code.splitlines()) == 3
    monkeypatch.chdir(tmp_path / "out")
    names = {}
    exec(code, names)
    table = names["table"]
    assert table.num_rows == 57
    truth = np.arange(60) % 3
    kept = np.array([int(id_) for id_ in table["id"].to_pylist()])
    wrong = np.flatnonzero(table["corrected"].to_numpy() != truth[kept])
    assert set(kept[wrong].tolist()) == {1, 5, 6, 7}, "voted right, open, and not yet reviewed"


def test_a_long_list_of_changes_is_left_to_the_table(tmp_path):
    labels, probs = small_set(n=900, wrong=150)
    audit = small_audit(tmp_path / "a", labels=labels, probs=probs)
    audit.find()
    audit.plan(votes=1, threshold=1)
    vote(audit, dict.fromkeys(range(150), "s"))
    release = audit.release(tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert release.counts["C"] == 150
    assert "150 labels: the rows of `corrected.parquet` where" in readme


def test_names_cannot_break_the_readme(tmp_path):
    names = ["a|b", "*c*", "<script>\n# d"]
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, classes=names, name="# x\n# y")
    vote(audit, {0: "s", 1: "s"})
    audit.release(tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert r"| 0 | \*c\* | a\|b | 1 of 1 |" in readme
    assert r"| 1 | \<script\> # d | \*c\* | 1 of 1 |" in readme
    assert readme.startswith("# # x # y: corrected labels\n")


def test_a_release_needs_a_vote(tmp_path):
    audit = planned_audit(tmp_path / "a")
    with pytest.raises(AuditError, match="has a vote yet"):
        audit.release(tmp_path / "out")
    assert not (tmp_path / "out").exists()
