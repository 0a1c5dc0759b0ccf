"""The published CIFAR-10 audit comes back from its published material."""

import json

import pyarrow.parquet as pq
import pytest

import errata
from errata.paper.cifar10 import FILES, audit_cifar10


@pytest.fixture(scope="module")
def audit(data, tmp_path_factory):
    return audit_cifar10(data, tmp_path_factory.mktemp("paper") / "cifar10.audit")


def test_the_verdicts_are_those_of_table_2(audit):
    verdicts = audit.verdicts()
    assert verdicts.counts == {
        "non_error": 221,
        "correctable": 18,
        "multi_label": 0,
        "neither": 4,
        "non_agreement": 32,
    }
    assert verdicts.open == 0


def test_candidates_and_suggestions_are_those_the_workers_saw(audit, data):
    items = {item["id"]: item for item in json.loads((data / FILES["votes"]).read_text())}
    verdicts = audit.verdicts()
    assert set(verdicts.examples.tolist()) == items.keys()
    for example, given, suggested in zip(
        verdicts.examples.tolist(), verdicts.given, verdicts.suggested, strict=True
    ):
        assert given == items[example]["given_original_label"]
        assert suggested == items[example]["our_guessed_label"]


def test_the_release_holds_18_corrected_labels_and_9964_examples_in_p(audit, tmp_path):
    release = audit.release(tmp_path / "release")
    table = pq.read_table(release.path / "corrected.parquet").to_pydict()
    changed = sum(g != c for g, c in zip(table["given"], table["corrected"], strict=True))
    assert (changed, sum(table["in_correctable"]), sum(table["in_pruned"])) == (18, 18, 9_964)
    assert len(table["id"]) == 10_000


def test_the_votes_are_marked_as_imported_everywhere(audit, tmp_path):
    assert "1,375 of 1,375 votes were imported" in audit.notices[0]
    assert {vote.kind for vote in audit.votes()} == {"imported"}
    release = audit.release(tmp_path / "release")
    assert "votes were imported" in (release.path / "README.md").read_text()


def test_the_13_models_are_compared_over_c(audit, data):
    table = audit.compare(data / FILES["predictions"]).table("C")
    best = table[0]
    assert len(table) == 13
    assert best["model"] == "pytorch_vgg11_bn"
    assert f"{best['acc@1']:.2f} {best['cacc@1']:.2f}" == "27.78 66.67"


def test_pictures_are_those_of_the_given_class(audit, data):
    names = json.loads((data / FILES["index"]).read_text())
    assert names[2405].startswith("test/cat/")
    picture = audit.show(2405)
    assert (picture.width, picture.height, picture.mime) == (32, 32, "image/jpeg")


def test_why_tells_the_story_of_the_frog_labelled_cat(audit):
    story = repr(audit.why(2405))
    for line in ("given     cat", "rank 1 of 275", "suggested frog", "sampling probability 1"):
        assert line in story
    assert story.count(": suggested (imported)") == 5


def test_a_folder_without_the_published_files_is_named(tmp_path):
    with pytest.raises(errata.FileError, match=r"cifar10_test_set_original_labels.*--data"):
        audit_cifar10(tmp_path, tmp_path / "cifar10.audit")
