"""A release: what is in it, that it never changes, and that a stranger can use it."""

import hashlib
import json
import re
import shutil
import sqlite3
import stat
import time
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import errata.audit
import errata.release.writing
from audits import CLASSES, planned_audit, planned_rows, small_audit, small_set
from errata import AuditError, FileError, Images, InputError, Texts, content_hash
from errata.audit import Audit
from errata.release.content import next_version

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
            {"index": example, "reviewer": f"Zoe the {place}th", "answer": WORDS[letter]}
            for example, letters in answers.items()
            for place, letter in enumerate(letters)
        ],
        kind="person",
    )


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_of(folder, name="labels/threshold-2"):
    return pq.read_table(folder / f"{name}.parquet").to_pylist()


def test_every_example_has_its_row(audit, tmp_path):
    release = audit.release(tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert list(rows[0]) == [
        *("index", "id", "path", "sha256", "given", "verdict"),
        *("drop_ambiguous", "keep_given", "multi_label"),
    ]
    assert [row["index"] for row in rows] == list(range(60))
    assert [row["id"] for row in rows] == list(audit.ids)
    assert [row["given"] for row in rows] == audit.labels.tolist()
    assert {row["path"] for row in rows} == {row["sha256"] for row in rows} == {None}
    verdicts = {
        0: "correctable",
        1: "non_error",
        2: "multi_label",
        3: "neither",
        4: "non_agreement",
        5: "open",
    }
    assert {i: row["verdict"] for i, row in enumerate(rows) if row["verdict"]} == verdicts
    assert {i for i, row in enumerate(rows) if row["drop_ambiguous"] is None} == {2, 3, 4}
    assert {i for i, row in enumerate(rows) if row["keep_given"] != row["given"]} == {0}
    assert rows[0]["drop_ambiguous"] == rows[0]["keep_given"] == 0
    assert rows[2]["multi_label"] == [rows[2]["given"], 2]
    for row in rows:
        if row["index"] in {3, 4}:
            assert row["multi_label"] is None
        elif row["index"] != 2:
            assert row["multi_label"] == [row["drop_ambiguous"]]
    assert release.counts["P"] == sum(row["drop_ambiguous"] is not None for row in rows) == 57
    assert repr(release).startswith(f"Release 1.0.0 in {tmp_path / 'out'}: 1 labels")


def test_there_are_labels_for_every_threshold_from_more_than_half(audit, tmp_path):
    audit.release(tmp_path / "out")
    found = sorted(path.name for path in (tmp_path / "out" / "labels").iterdir())
    assert found == ["threshold-2.parquet", "threshold-3.parquet"]
    for threshold in (2, 3):
        told = audit.verdicts(threshold=threshold)
        named = dict(zip(told.examples.tolist(), told.names, strict=True))
        rows = rows_of(tmp_path / "out", f"labels/threshold-{threshold}")
        assert {row["index"]: row["verdict"] for row in rows if row["verdict"]} == named


def test_votes_are_there_under_pseudonyms_without_times(audit, tmp_path):
    audit.adjudicate(4, "neither", reason="ann was right", by="bob")
    audit.release(tmp_path / "out")
    rows = rows_of(tmp_path / "out", "votes")
    letters = {word: letter for letter, word in WORDS.items()}
    cast = [row for row in rows if row["kind"] == "person"]
    for example, votes in VOTES.items():
        mine = [row for row in cast if row["index"] == example]
        assert "".join(letters[row["answer"]] for row in mine) == votes
        assert [row["order"] for row in mine] == list(range(1, 1 + len(votes)))
    (decided,) = [row for row in rows if row["kind"] == "adjudication"]
    assert (decided["index"], decided["answer"], decided["labels"]) == (4, "neither", None)
    assert re.fullmatch("maintainer [0-9a-f]{12}", decided["reviewer"])
    assert {re.sub("[0-9a-f]{12}", "", row["reviewer"]) for row in cast} == {"reviewer "}
    assert len({row["reviewer"] for row in cast}) == 3
    assert "time" not in rows[0]


def test_candidates_say_what_sent_them(audit, tmp_path):
    audit.release(tmp_path / "out")
    rows = rows_of(tmp_path / "out", "candidates")
    assert [row["index"] for row in rows] == [row["example"] for row in planned_rows(audit)]
    assert {(row["rule"], row["plan"], row["votes"], row["threshold"]) for row in rows} == {
        ("margin", 1, 3, 2)
    }


def test_changes_are_what_is_not_as_given(audit, tmp_path):
    audit.release(tmp_path / "out")
    rows = [row for row in rows_of(tmp_path / "out", "changes") if row["threshold"] == 2]
    told = {row["index"]: row["verdict"] for row in rows}
    assert told == {0: "correctable", 2: "multi_label", 3: "neither", 4: "non_agreement"}
    assert [row["corrected"] for row in rows] == [0, None, None, None]
    for row in rows:
        for letter, word in WORDS.items():
            assert row[f"votes_{word}"] == VOTES[row["index"]].count(letter)


def test_examples_are_known_by_path_and_content(tmp_path):
    folder = tmp_path / "pets"
    folder.mkdir()
    for row in range(60):
        (folder / f"{row:02}.ppm").write_bytes(b"P6 1 1 255\n" + bytes([row] * 3))
    media = Images(files=sorted(folder.iterdir()))
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, media=media)
    vote(audit, {0: "s"})
    told = []
    audit.release(tmp_path / "out", progress=lambda done, of: told.append((done, of)))
    rows = rows_of(tmp_path / "out", "labels/threshold-1")
    assert rows[7]["path"] == "07.ppm"
    data = (folder / "07.ppm").read_bytes()
    assert rows[7]["sha256"] == hashlib.sha256(data).hexdigest() == content_hash(data)
    assert told[-1] == (60, 60)
    (folder / "07.ppm").unlink()
    with pytest.raises(FileError, match=r"07.ppm cannot be read.* hashes=False \(--no-hashes\)"):
        audit.release(tmp_path / "again")
    audit.release(tmp_path / "again", hashes=False)
    assert rows_of(tmp_path / "again", "labels/threshold-1")[7]["sha256"] is None


def test_pixels_and_texts_are_known_by_content(tmp_path):
    pixels = np.arange(60, dtype=np.uint8).reshape(60, 1, 1)
    for name, media, examples in (
        ("p", Images(pixels), pixels),
        ("t", Texts([f"text {n}" for n in range(60)]), [f"text {n}" for n in range(60)]),
    ):
        audit = planned_audit(tmp_path / name, votes=1, threshold=1, media=media)
        vote(audit, {0: "s"})
        audit.release(tmp_path / f"{name}-out")
        rows = rows_of(tmp_path / f"{name}-out", "labels/threshold-1")
        assert [row["sha256"] for row in rows] == [content_hash(one) for one in examples]


def test_the_manifest_names_counts_settings_versions_and_hashes(audit, tmp_path):
    release = audit.release(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    for name, data in content(tmp_path / "out").items():
        digest = hashlib.sha256(data).hexdigest()
        assert release.hashes[name] == digest
        if name not in {"manifest.json", "SHA256SUMS"}:
            assert manifest["files"][name] == digest
    labels = manifest["labels"][manifest["default"]]
    assert labels["counts"] == dict(release.counts)
    assert labels["counts"] | {"D": 60, "P": 57, "B": 56, "C": 1, "U": 3} == labels["counts"]
    assert labels["counts"]["open"] == 1
    assert labels["counts"]["unreviewed"] == 2
    assert labels["noise_prevalence"] == 1 / 57
    assert manifest["classes"] == list(CLASSES)
    assert (labels["threshold"], manifest["votes"], manifest["reviewers"]) == (2, 12, 3)
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
    assert (manifest["format"], manifest["version"]) == (2, release.version) == (2, "1.0.0")
    assert manifest["fingerprint"] == release.fingerprint


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
    for name, data in content(tmp_path / "out").items():
        told = data.decode("latin-1")
        if name.endswith(".parquet"):  # whose columns are compressed
            told += str(pq.read_table(tmp_path / "out" / name, partitioning=None).to_pylist())
        assert str(tmp_path) not in told
        assert "Zoe" not in told
        assert time.strftime("%Y-%m-%d") not in told


def test_another_vote_gives_another_fingerprint(audit, tmp_path):
    before = audit.release(tmp_path / "one")
    vote(audit, {6: "ss"})
    after = audit.release(tmp_path / "two")
    assert before.fingerprint != after.fingerprint
    assert [release["label"] for release in audit.why("6").releases] == [1, 0]


def test_another_threshold_may_be_asked_for(audit, tmp_path):
    release = audit.release(tmp_path / "out", threshold=3)
    assert release.counts["correctable"] == 0
    assert "No label was corrected." in (tmp_path / "out" / "README.md").read_text()


def test_files_are_read_only(audit, tmp_path):
    audit.release(tmp_path / "out")
    for path in filter(Path.is_file, (tmp_path / "out").rglob("*")):
        assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


def test_a_release_is_never_written_over(audit, tmp_path):
    audit.release(tmp_path / "out")
    before = content(tmp_path / "out")
    audit.undo("Zoe the 0th")
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

    monkeypatch.setattr(errata.release.writing, "card", broken)
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
    first, second = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    monkeypatch.chdir(tmp_path / "out")
    with_errata, without = {}, {}
    exec(first, with_errata)
    exec(second, without)
    labels, mask = with_errata["labels"], with_errata["mask"]
    plain = without["labels"].to_pylist()
    assert labels[mask].tolist() == [label for label in plain if label is not None]
    truth = np.arange(60) % 3
    wrong = np.flatnonzero(mask & (labels != truth))
    assert set(wrong.tolist()) == {1, 5, 6, 7}, "voted right, open, and not yet reviewed"


def test_a_long_list_of_changes_is_left_to_the_table(tmp_path):
    labels, probs = small_set(n=900, wrong=150)
    audit = small_audit(tmp_path / "a", labels=labels, probs=probs)
    audit.find()
    audit.plan(votes=1, threshold=1)
    vote(audit, dict.fromkeys(range(150), "s"))
    release = audit.release(tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert release.counts["C"] == 150
    assert "150 labels: the rows of `changes.parquet` with" in readme


def test_names_cannot_break_the_readme(tmp_path):
    names = ["a|b", "*c*", "<script>\n# d"]
    audit = planned_audit(tmp_path / "a", votes=1, threshold=1, classes=names, name="# x\n# y")
    vote(audit, {0: "s", 1: "s"})
    audit.release(tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert r"| 0 | \*c\* | a\|b | 1 of 1 |" in readme
    assert r"| 1 | \<script\> # d | \*c\* | 1 of 1 |" in readme
    assert "\n# # x # y: corrected labels\n" in readme
    assert 'pretty_name: "# x # y: corrected labels"' in readme


def test_a_release_needs_a_vote(tmp_path):
    audit = planned_audit(tmp_path / "a")
    with pytest.raises(AuditError, match="has a vote yet"):
        audit.release(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_next_version_names_the_one_before(audit, tmp_path):
    first = audit.release(tmp_path / "one")
    vote(audit, {6: "ss"})
    second = audit.release(tmp_path / "two", previous=tmp_path / "one")
    assert second.version == "1.1.0"
    manifest = json.loads((tmp_path / "two" / "manifest.json").read_text())
    assert manifest["previous"] == {"version": "1.0.0", "fingerprint": first.fingerprint}
    audit.release(tmp_path / "three", previous=tmp_path / "two", version="2.0.0")
    with pytest.raises(InputError, match=r"1.0.5 is not after 1.1.0.* 1.2.0 comes next"):
        audit.release(tmp_path / "four", previous=tmp_path / "two", version="1.0.5")
    with pytest.raises(InputError, match=r"The version is 'v2'; three numbers such as 1.0.0"):
        audit.release(tmp_path / "four", version="v2")


def test_versions_follow_one_another_as_in_semantic_versioning():
    order = "1.0.0-2 1.0.0-10 1.0.0-draft 1.0.0-draft.2 1.0.0-draft.10 1.0.0 1.0.1 1.10.0 2.0.0"
    versions = order.split()
    for (at, one), (after, other) in product(enumerate(versions), repeat=2):
        if at > after:
            assert next_version(one, other) == one
        else:
            with pytest.raises(InputError, match=f"{one} is not after {other}"):
                next_version(one, other)


def test_a_release_says_that_it_is_there_or_that_another_has_its_version(audit, tmp_path):
    first = audit.release(tmp_path / "one")
    assert first.sentences() == ()
    again = audit.release(tmp_path / "one")
    assert again.already_there
    assert "already; nothing was written" in repr(again)
    assert audit.release(tmp_path / "copy").namesakes == (), "it holds the same"
    vote(audit, {6: "ss"})
    shutil.rmtree(tmp_path / "copy")
    assert audit.release(tmp_path / "copy").namesakes == (str(tmp_path / "one"),), "not its own"
    other = audit.release(tmp_path / "two")
    assert other.namesakes == (str(tmp_path / "one"), str(tmp_path / "copy"))
    assert "Version 1.0.0 was released before as something else" in repr(other)
    assert audit.release(tmp_path / "three", previous=tmp_path / "one").sentences() == ()


def test_the_release_before_must_be_whole_and_of_the_same_examples(audit, tmp_path):
    audit.release(tmp_path / "one")
    labels, probs = small_set(n=30, wrong=4)
    other = planned_audit(tmp_path / "b", votes=1, threshold=1, labels=labels, probs=probs)
    vote(other, {0: "s"})
    with pytest.raises(InputError, match=r"of other examples \(60, and here 30; they differ from"):
        other.release(tmp_path / "two", previous=tmp_path / "one")
    path = tmp_path / "one" / "votes.parquet"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(FileError, match=r"votes.parquet is not as it was released"):
        audit.release(tmp_path / "two", previous=tmp_path / "one")
    with pytest.raises(FileError, match=r"nowhere is no release: it is no folder"):
        audit.release(tmp_path / "two", previous=tmp_path / "nowhere")


def test_a_description_is_taken_from_a_file_and_checked(audit, tmp_path):
    path = tmp_path / "pets.toml"
    path.write_text('licence = "cc-by-4.0"\nreport_to = "mailto:pets@example.org"\n')
    audit.release(tmp_path / "out", description=path)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["licence"] == "cc-by-4.0"
    assert manifest["report_to"] == "mailto:pets@example.org"
    for text, message in (
        ("licence = 4", r"pets.toml: licence is 4; a text was expected"),
        ('license = "mit"', r"There is no entry of .*pets.toml 'license'.*licence"),
        ('report_to = "javascript:1"', "a mail address, or one that begins with https://"),
        ('language = "en"', "language is 'en'; a list of texts"),
        ('date = "27 November"', "date is '27 November'; year, month and day"),
        ('url = "ftp://pets"', "url is 'ftp://pets'; a web address was expected"),
        ('authors = [{ name = "Ann", age = "7" }]', "a list of tables of texts"),
        (
            'authors = [{ orcid = "1" }]',
            "a list of tables of texts, each with a name or family-names",
        ),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            audit.release(tmp_path / "no", description=path)
    path.write_text('report_to = "pets@example.org"')
    manifest = json.loads(
        (audit.release(tmp_path / "mail", description=path).path / "manifest.json").read_text()
    )
    assert manifest["report_to"] == "mailto:pets@example.org"
    path.write_text("licence: mit")
    with pytest.raises(FileError, match="pets.toml is no TOML file"):
        audit.release(tmp_path / "no", description=path)
    with pytest.raises(FileError, match="nothing.toml does not exist"):
        audit.release(tmp_path / "no", description=tmp_path / "nothing.toml")
