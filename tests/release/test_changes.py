"""What changed between two releases, and why a label is what it is: for those without the audit."""

import json

import numpy as np
import pytest

from audits import cast, planned_audit, small_set
from errata import InputError, NameUnknownError, diff_releases, load_release, verify_release
from errata.audit import Audit
from errata.release.story import why_released
from helpers import run_errata

ANSWERS = ["sss", "ggs", "bb", "nn", "gsb", "g"]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Return an audit, and two releases of it; votes came in between."""
    place = tmp_path_factory.mktemp("two")
    audit = planned_audit(place / "pets.audit", votes=3, threshold=2)
    for example, answers in enumerate(ANSWERS):
        cast(audit, example, answers)
    old = audit.release(place / "old").path
    cast(audit, 6, "ss")
    cast(audit, 5, "gg")
    audit.adjudicate(4, "suggested", reason="seen by Max", by="Max")
    new = audit.release(place / "new", previous=old).path
    return audit, old, new


def test_a_diff_of_other_default_thresholds_tells_what_whoever_loads_them_meets(tmp_path):
    audit = planned_audit(tmp_path / "pets.audit")
    cast(audit, 0, "sssgg")
    cast(audit, 1, "sssss")
    old = audit.release(tmp_path / "1").path
    new = audit.release(tmp_path / "2", previous=old, threshold=5).path
    found = diff_releases(old, new)
    one, other = load_release(old), load_release(new)
    assert [change.index for change in found.shown] == np.flatnonzero(
        one.labels != other.labels
    ).tolist()
    assert found.default == "threshold-3 -> threshold-5"
    told = "1 labels or verdicts of threshold-3 -> threshold-5 differ"
    assert told in found.sentences()[0]
    assert told in (new / "CHANGES.md").read_text()
    assert {change.file for change in found.changes} == {found.default}


def test_a_diff_has_every_label_and_verdict_that_is_another(two):
    _, old, new = two
    found = diff_releases(old, new)
    assert (found.old, found.new, found.default, found.votes) == (
        "1.0.0",
        "1.1.0",
        "threshold-2",
        3,
    )
    told = {one.id: (one.before, one.after) for one in found.shown}
    assert told == {"4": ("left out", "dog"), "5": ("cat", "cat"), "6": ("dog", "cat")}
    verdicts = {one.id: (one.verdict_before, one.verdict_after) for one in found.shown}
    assert verdicts == {
        "4": ("non_agreement", "correctable"),
        "5": ("open", "non_error"),
        "6": (None, "correctable"),
    }
    assert found.sentences()[0] == (
        "3 labels or verdicts of threshold-2 differ between version 1.0.0 and 1.1.0; there are 3 "
        "more votes."
    )
    assert diff_releases(new, new).rows() == []
    back = diff_releases(new, old)
    assert [(one.after, one.before) for one in back.shown] == list(told.values())


def test_the_list_of_changes_is_for_people(two):
    _, old, new = two
    first, second = ((folder / "CHANGES.md").read_text() for folder in (old, new))
    assert first.startswith("# pets: what changed in version 1.0.0\n")
    assert "Since version" not in first
    assert "| 0 | dog | cat | 3 of 3 |" in first
    assert "| 2 | cat | multi_label | both 2 |" in first.replace("multi\\_label", "multi_label")
    assert "## Since version 1.0.0" in second
    assert "| 6 | cat | cat |" not in second
    assert "| not reviewed | correctable |" in second
    assert "Max" not in second
    assert verify_release(new).sound


def test_releases_of_other_sets_are_not_compared(two, tmp_path):
    _, old, _ = two
    labels, probs = small_set(n=30, wrong=4)
    other = planned_audit(tmp_path / "b", votes=1, threshold=1, labels=labels, probs=probs)
    cast(other, 0, "s")
    with pytest.raises(InputError, match=r"of other examples \(60 and 30\)"):
        diff_releases(old, other.release(tmp_path / "one").path)
    renamed = planned_audit(tmp_path / "c", votes=3, threshold=2, classes=list("abc"))
    cast(renamed, 0, "sss")
    with pytest.raises(InputError, match="have other classes, so their labels cannot be compared"):
        diff_releases(old, renamed.release(tmp_path / "two").path)


def test_from_a_label_in_a_release_why_leads_to_its_votes(two):
    _, _, new = two
    story = why_released(new, "0")
    assert (story.given, story.candidate["suggested"], story.candidate["rule"]) == (
        *("dog", "cat", "margin"),
    )
    assert [vote["answer"] for vote in story.votes] == ["suggested"] * 3
    assert story.labels[0] == {
        "file": "threshold-2",
        "verdict": "correctable",
        "drop_ambiguous": "cat",
        "keep_given": "cat",
        "multi_label": "cat",
    }
    text = repr(story)
    assert "pets, version 1.1.0" in text
    assert "plan 1 (errors): sampling probability 1, 3 votes wanted, 2 decide" in text
    decided = why_released(new, "4")
    assert decided.votes[-1]["kind"] == "adjudication"
    assert "decided" in repr(decided)
    assert "Max" not in repr(decided)
    assert "nobody was asked about it" in repr(why_released(new, "40"))
    both = why_released(new, "2").labels[0]
    assert both["drop_ambiguous"] is None
    assert " or " in both["multi_label"]
    with pytest.raises(NameUnknownError, match="There is no example '60'"):
        why_released(new, "60")


def test_the_story_of_sets_has_their_names(tmp_path):
    given = [[0], [1], [2], [3]]
    audit = Audit.create(tmp_path / "a", labels=given, classes=list("abcd"), multilabel=True)
    audit.add_candidates([{"index": 0, "suggested": [1, 2]}], flagger="m")
    audit.plan(votes=1, threshold=1)
    audit.add_votes([{"index": 0, "reviewer": "r", "labels": ["b", "d"]}], kind="person")
    story = why_released(audit.release(tmp_path / "out").path, "0")
    assert (story.given, story.candidate["suggested"]) == ("a", "b + c")
    assert story.votes[0]["labels"] == "b + d"
    assert story.labels[0]["drop_ambiguous"] == "b + d"


def test_the_commands_print_and_fail_as_others_do(two, tmp_path):
    _, old, new = two
    result = run_errata("why", new, "0", "--format", "json")
    assert json.loads(result.stdout)["candidate"]["suggested"] == "cat"
    result = run_errata("diff", old, new)
    assert "pets: 3 labels or verdicts of threshold-2 differ" in result.stdout
    result = run_errata("diff", old, new, "--format", "csv")
    assert result.stdout.splitlines()[0] == (
        "file,index,id,before,after,verdict_before,verdict_after"
    )
    assert run_errata("verify", new).returncode == 0
    result = run_errata("verify", tmp_path)
    assert (result.returncode, "has no manifest.json" in result.stderr) == (2, True)
    (new / "CHANGES.md").chmod(0o644)
    (new / "CHANGES.md").write_text("Nothing.")
    result = run_errata("verify", new)
    assert (result.returncode, "CHANGES.md has changed" in result.stdout) == (1, True)
