"""A release goes to the hub whole, and is read back from there."""

import json
import os
import shutil

import numpy as np
import pytest

import errata
import hub
from audits import candidates, cast, planned_audit
from errata import FileError
from helpers import require, run_errata


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    audit = planned_audit(folder / "pets", votes=1, threshold=1)
    for example, answer in zip(candidates(audit), "sgnbs", strict=False):
        cast(audit, example, answer)
    return audit.release(folder / "1.0.0").path


@pytest.fixture
def here(tmp_path):
    """Return a hub that runs, and the environment of a program that takes it for the real one."""
    require("huggingface_hub")
    with hub.running() as running:
        yield (
            running,
            os.environ
            | {
                "HF_ENDPOINT": running.url,
                "HF_HOME": str(tmp_path / "hf"),
                "HF_TOKEN": hub.WRITER,
                "HF_HUB_DISABLE_XET": "1",  # a protocol of its own for what is large
            },
        )


def in_folder(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_what_was_pushed_is_read_back_and_corrects_a_table(tmp_path, release, here):
    running, env = here
    out = run_errata("push", release, "org/pets", "--private", "--format", "json", env=env)
    assert out.returncode == 0, out.stderr
    made = json.loads(out.stdout)
    assert (made["version"], made["already_there"]) == ("1.0.0", False)
    assert running.files("org/pets", "1.0.0") == in_folder(release)
    again = run_errata("push", release, "org/pets", env=env)
    assert "It was there already: nothing was sent." in again.stderr
    loaded = errata.load_release(release)
    rows = zip(loaded.ids, loaded.given.tolist(), strict=True)
    (tmp_path / "a.csv").write_text(
        "id,label\n" + "".join(f"{one},{label}\n" for one, label in rows)
    )
    out = run_errata(
        *("apply", "org/pets", tmp_path / "a.csv", tmp_path / "b.csv"), env=env, cwd=tmp_path
    )
    assert out.returncode == 0, out.stderr
    cells = [line.split(",")[2] for line in (tmp_path / "b.csv").read_text().splitlines()[1:]]
    labels = np.array([int(cell or -1) for cell in cells])
    np.testing.assert_array_equal(labels, loaded.labels)


def test_a_release_that_was_changed_is_not_sent(tmp_path, release, here):
    running, env = here
    copy = shutil.copytree(release, tmp_path / "copy")
    (copy / "README.md").chmod(0o644)
    (copy / "README.md").write_text("Trust me.")
    with pytest.raises(
        FileError, match="is not as it was released, so it was not pushed: README.md"
    ):
        errata.push_release(copy, "org/pets", token=hub.WRITER)
    out = run_errata("push", copy, "org/pets", env=env)
    assert out.returncode == 2
    assert "README.md has changed" in out.stderr
    assert running.asked == []


def test_refusals_leave_with_a_sentence(tmp_path, release, here):
    running, env = here
    for words, message in (
        (("push", release, "org/pets", "--token", "hf_wrong"), "error: The hub does not know the"),
        (
            ("apply", "org/gone", tmp_path, tmp_path / "b"),
            "error: There is no folder org/gone here",
        ),
    ):
        out = run_errata(*words, env=env, cwd=tmp_path)
        assert (out.returncode, "Traceback" in out.stderr) == (2, False)
        assert message in out.stderr
    assert running.repos == {}
