"""Checking a release: every change is found, and labels must follow from the votes."""

import contextlib
import json
import re
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits import cast, choice_audit, planned_audit
from errata import FileError, verify_release
from errata.audit import Audit
from errata.release.layout import fingerprint, hashes_of, sums


@pytest.fixture
def released(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit", votes=3, threshold=2)
    for example, answers in enumerate(["sss", "ggs", "bb", "nn", "gsb", "g"]):
        cast(audit, example, answers)
    return audit.release(tmp_path / "out").path


def writable(folder):
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def sealed(folder):
    """Make the hashes those of the files as they are now, as a careful forger would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    data = {k: v for k, v in hashes_of(folder).items() if k not in {"manifest.json", "SHA256SUMS"}}
    manifest |= {"files": data, "fingerprint": fingerprint(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "SHA256SUMS").unlink()
    (folder / "SHA256SUMS").write_text(sums(hashes_of(folder)))


def test_one_byte_of_any_file_is_noticed(released):
    writable(released)
    assert verify_release(released).sound
    for path in filter(lambda path: path.is_file(), sorted(released.rglob("*"))):
        before = path.read_bytes()
        for place in {0, len(before) // 2, len(before) - 1}:
            path.write_bytes(before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :])
            with contextlib.suppress(FileError):  # a manifest that is none any more
                found = verify_release(released)
                assert not found.sound, f"byte {place} of {path}"
                named = "manifest.json or SHA256SUMS"
                assert path.name in found.problems[0] or named in found.problems[-1]
        path.write_bytes(before)
    assert verify_release(released).sound


def test_a_missing_and_an_extra_file_are_noticed(released):
    writable(released)
    (released / "labels" / "more.txt").write_text("hello")
    (released / "votes.parquet").unlink()
    (released / ".gitattributes").write_text("what the hub adds is none of it")
    found = verify_release(released)
    assert found.problems == (
        "labels/more.txt is no file of this release.",
        "votes.parquet is missing.",
    )
    (released / "SHA256SUMS").unlink()
    assert "SHA256SUMS is missing." in verify_release(released).problems


@pytest.mark.parametrize(
    ("file", "column", "row", "value", "problem"),
    [
        ("labels/threshold-2", "keep_given", 7, 0, "keep_given of '7' is 0, but the votes make"),
        ("labels/threshold-3", "verdict", 0, "open", "verdict of '0' is 'open', but the votes"),
        ("labels/threshold-2", "given", 9, 2, "other examples or given labels than the first"),
        (
            "labels/threshold-2",
            "multi_label",
            2,
            [1],
            r"multi_label of '2' is \[1\], but the votes",
        ),
        ("votes", "answer", 1, "given", "verdict of '0' is 'correctable', but the votes make"),
        ("changes", "votes_both", 1, 3, "votes_both of '2' is 3, but the votes make it 2"),
    ],
)
def test_labels_that_do_not_follow_from_the_votes_are_noticed(
    released, file, column, row, value, problem
):
    writable(released)
    path = released / f"{file}.parquet"
    table = pq.read_table(path, partitioning=None)
    if file == "votes":
        table = table.filter(pa.array([True, False] + [True] * (len(table) - 2)))
        row = 0
    values = table[column].to_pylist()
    values[row] = value
    place = table.column_names.index(column)
    field = table.schema.field(column)
    pq.write_table(table.set_column(place, field, pa.array(values, field.type)), path)
    sealed(released)
    found = verify_release(released)
    assert not found.sound
    assert any(re.search(problem, one) for one in found.problems), found.problems


def test_what_reviewers_choose_and_a_maintainer_decides_is_followed(tmp_path):
    audit = choice_audit(tmp_path / "a", votes=3, threshold=2)
    for example in range(6):
        for number, label in enumerate([["cat"], ["bee"], ["bee"]][: 1 + example % 3]):
            audit.add_votes(
                [{"index": example, "reviewer": f"r{number}", "labels": label}], kind="person"
            )
    audit.adjudicate(2, "labels", labels=[3], reason="seen", by="bob")
    audit.adjudicate(5, "labels", labels=[], reason="seen", by="bob")
    audit.release(tmp_path / "out")
    assert verify_release(tmp_path / "out").sound


def test_sets_of_labels_are_followed(tmp_path):
    rng = np.random.default_rng(3)
    given = rng.random((30, 4)) < 0.4
    audit = Audit.create(tmp_path / "a", labels=given, classes=list("abcd"), multilabel=True)
    audit.add_candidates([{"index": i, "suggested": [i % 4]} for i in range(12)], flagger="m")
    audit.plan(votes=3, threshold=2)
    rows = [
        {"index": i, "reviewer": f"r{r}", "labels": [c for c in "abcd" if rng.random() < 0.5]}
        for i in range(10)
        for r in range(3)
    ]
    audit.add_votes(rows, kind="person")
    audit.release(tmp_path / "out")
    assert verify_release(tmp_path / "out").sound


def test_of_a_model_only_the_labels_are_followed(tmp_path):
    audit = planned_audit(tmp_path / "a", votes=3, threshold=2)
    for example, answers in enumerate(["sss", "ggs", "bbb", "nnn", "gsb", "ggg"]):
        cast(audit, example, answers)
    release = audit.release(tmp_path / "out", consensus="one_coin")
    found = verify_release(release.path)
    assert found.sound
    assert "made by the model one_coin, which is not run again" in found.unchecked[0]
    table = pq.read_table(release.path / "labels" / "model.parquet", partitioning=None)
    place = table.column_names.index("keep_given")
    forged = table.set_column(place, "keep_given", pa.array([2] * 60))
    pq.write_table(forged, writable(release.path) / "labels" / "model.parquet")
    sealed(release.path)
    assert "labels/model.parquet: keep_given of" in verify_release(release.path).problems[0]


def test_what_is_no_release_is_said_so(tmp_path, released):
    with pytest.raises(FileError, match=r"nothing is no release: it is no folder"):
        verify_release(tmp_path / "nothing")
    with pytest.raises(FileError, match=r"no release: it has no manifest.json. `errata release"):
        verify_release(tmp_path)
    old = tmp_path / "old"
    shutil.copytree(released, old)
    for text, message in (
        ('{"format": 1}', "release of format 1; this errata reads format 2. Release the audit"),
        ('{"format": 3}', "format 3; this errata reads format 2. Update errata."),
        ("[]", "it names no format"),
        ("{", "cannot be read"),
        ('{"format": 2}', "lacks classes, default, files, labels, name, policies, version"),
    ):
        writable(old)
        (old / "manifest.json").write_text(text)
        with pytest.raises(FileError, match=message):
            verify_release(old)
