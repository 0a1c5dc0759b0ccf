"""Audits where examples may have several labels: the whole way, and AudioSet's published votes."""

import csv
import json
import shutil
import time
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata import AuditError, InputError, LabelError, VoteError, load_release
from errata.audit import Audit
from errata.errors import NameUnknownError
from errata.exchange.votes import CANNOT_TELL
from errata.results import SetTask, SetVerdicts
from helpers import killed_at
from label_sets import CANNOT, SOUNDS, as_set, doubts, some_sets, sounds, tick

GOLDEN = Path(__file__).parent / "golden" / "label_sets_readme.txt"


@pytest.fixture
def audit(tmp_path):
    return sounds(tmp_path / "sounds.audit")


# ---------------------------------------------------------------- make


def test_lists_matrices_and_files_of_either_make_the_same_audit(tmp_path):
    matrix = np.zeros((60, 5), dtype=int)
    for row, labels in zip(matrix, some_sets(), strict=True):
        row[labels] = 1
    np.save(tmp_path / "sets.npy", matrix.astype(np.uint8))
    (tmp_path / "sets.json").write_text(json.dumps(some_sets()))
    named = [[SOUNDS[label] for label in labels] for labels in some_sets()]
    ways = (some_sets(), named, matrix, matrix.astype(bool), tmp_path / "sets.npy")
    for number, labels in enumerate((*ways, tmp_path / "sets.json")):
        made = Audit.create(tmp_path / str(number), labels=labels, classes=SOUNDS)
        for audit in (made, Audit.open(tmp_path / str(number))):
            assert audit.multilabel
            np.testing.assert_array_equal(audit.labels, matrix.astype(bool))
    (tmp_path / "one.json").write_text("[0, 1]")
    for labels in ([0, 1], tmp_path / "one.json"):
        one = Audit.create(tmp_path / str(type(labels)), labels=labels, classes=SOUNDS)
        assert not one.multilabel
        assert one.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[0], [7]], r"labels\[1\] holds 7, but there are 5 class names"),
        ([[0], ["dgo"]], "labels"),
        ([[0], 1], r"labels\[1\] is 1; a list of the labels"),
        (np.ones((4, 3), int), r"shape \(4, 3\), but there are 5 class names"),
        (np.zeros((60, 1), int), r"shape \(60, 1\); one label for each example.* labels\.ravel"),
    ],
)
def test_sets_that_cannot_be_used_are_told(tmp_path, labels, message):
    with pytest.raises(LabelError, match=message):
        Audit.create(tmp_path / "a", labels=labels, classes=SOUNDS)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- find, with probabilities


def wrong_sets():
    """Return sets of which the first six are wrong in one label, and probabilities that know."""
    truth = np.zeros((60, 5), dtype=bool)
    for row, labels in zip(truth, some_sets(), strict=True):
        row[labels] = True
    given_sets = truth.copy()
    flipped = [(i, (2 * i) % 5) for i in range(6)]
    for i, label in flipped:
        given_sets[i, label] ^= True
    noise = np.random.default_rng(3).uniform(0, 0.2, truth.shape)
    return given_sets, np.where(truth, 1 - noise, noise), truth


def test_find_plan_vote_and_release_mend_wrong_sets(tmp_path):
    given_sets, probs, truth = wrong_sets()
    audit = Audit.create(tmp_path / "a", labels=given_sets, probs=probs, classes=SOUNDS)
    found = audit.find(rule="argmax")
    assert set(found.indices.tolist()) == set(range(6))
    assert audit.plan(votes=1, threshold=1).added == 6
    story = audit.why(2)
    assert set(story.found[0]["suggested"]) == as_set(truth[2])
    assert story.self_confidence == found.self_confidence[2]
    assert f"lowest p  {story.self_confidence:.4g}" in repr(story)
    json.dumps(story.to_dict(), allow_nan=False)
    sure = audit.exemplars(1, count=3)
    assert all(as_set(given_sets[example]) == {1} for example in sure)
    assert sure == sorted(sure, key=lambda i: (-found.self_confidence[i], i))
    votes = [
        {"index": i, "reviewer": "ann", "labels": np.flatnonzero(truth[i]).tolist()}
        for i in range(6)
    ]
    audit.add_votes(votes)
    release = audit.release(tmp_path / "out")
    loaded = load_release(tmp_path / "out")
    kept = np.flatnonzero(loaded.mask).tolist()
    assert release.counts["C"] + release.counts["U"] == 6
    assert [set(loaded.sets[i]) for i in kept] == [as_set(truth[i]) for i in kept]
    assert "sent by rule argmax" in audit.report(tmp_path / "report.html").read_text()


@pytest.mark.parametrize("options", [{"normalize": True}, {"count": 3}])
def test_options_that_have_no_meaning_for_sets_are_refused(tmp_path, options):
    given_sets, probs, _ = wrong_sets()
    audit = Audit.create(tmp_path / "a", labels=given_sets, probs=probs, classes=SOUNDS)
    with pytest.raises(InputError, match="normalize and count have no meaning"):
        audit.find(**options)


# ---------------------------------------------------------------- candidates, votes, verdicts


def test_a_suggested_set_that_is_the_given_one_is_refused(audit):
    same = {"index": 20, "suggested": some_sets()[20]}
    new = {"index": 21, "suggested": []}
    added = audit.add_candidates([same, new], flagger="bob")
    assert added.added == 1
    assert "The suggested label of '20', 'dog', is the given one" in added.refused[0]


def test_what_reviewers_agree_on_is_the_verdict(audit):
    assert some_sets()[:4] == [[0, 1], [1], [2], [3, 4]]
    tick(audit, 0, "ds", "sd", "d")
    tick(audit, 1, "dm", "md", "s")
    tick(audit, 2, "", "", "m")
    tick(audit, 3, "r")
    verdicts = audit.verdicts()
    assert isinstance(verdicts, SetVerdicts)
    assert dict(zip(verdicts.ids, verdicts.names, strict=True)) == {
        "0": "non_error",
        "1": "correctable",
        "2": "neither",
        "3": "open",
    }
    assert verdicts.unreviewed == len(doubts()) - 4
    assert [as_set(row) for row in verdicts.agreed] == [{0, 1}, {0, 2}, set(), set()]
    assert verdicts.rows()[1] == {
        "id": "1",
        "given": "speech",
        "suggested": "speech + music + rain, heavy",
        "agreed": "dog + music",
        "reviewers": 3,
        "votes": "dog 2, music 2, speech 1",
        "verdict": "correctable",
    }
    plain = verdicts.to_dict()["candidates"][1]
    assert (plain["agreed"], plain["votes"]) == (
        ["dog", "music"],
        {"dog": 2, "speech": 1, "music": 2},
    )
    json.dumps(verdicts.to_dict())
    assert "at 2 votes for a label" in repr(verdicts)
    assert audit.verdicts(threshold=3).counts["neither"] == 2
    with pytest.raises(InputError, match="Choose one from 1 to 3"):
        audit.verdicts(threshold=4)


def test_who_cannot_tell_has_voted_and_does_not_say_that_no_label_applies(tmp_path):
    audit = sounds(tmp_path / "a", votes=5, threshold=3)
    assert some_sets()[:4] == [[0, 1], [1], [2], [3, 4]]
    tick(audit, 0, "?", "ds", "?", "ds", "?")
    tick(audit, 1, "?", "dm", "dm", "dm", "?")
    tick(audit, 2, "?", "?", "", "", "")
    tick(audit, 3, *"?????")
    verdicts = audit.verdicts()
    assert verdicts.names == ("non_agreement", "correctable", "neither", "non_agreement")
    assert verdicts.reviewers.tolist() == [5] * 4
    assert verdicts.unclear.tolist() == [3, 2, 2, 5]
    row = verdicts.rows()[0]
    assert (row["votes"], row["cannot_tell"]) == ("can't tell 3, dog 2, speech 2", 3)
    plain = verdicts.to_dict()["candidates"][0]
    assert (plain["votes"], plain["cannot_tell"]) == ({"dog": 2, "speech": 2}, 3)
    assert "reviewer 0: other (can't tell) (imported)" in repr(audit.why("0"))
    found = {one.id: (one.why, one.votes) for one in audit.unsettled()}
    both = "those who cannot tell could decide; {} cannot tell"
    assert found == {
        "0": (both.format(3), "can't tell 3, dog 2, speech 2"),
        "1": ("2 cannot tell", "dog 3, music 3, can't tell 2"),
        "2": ("2 cannot tell", "can't tell 2"),
        "3": (both.format(5), "can't tell 5"),
    }
    assert [ballot["answer"] for ballot in audit.ballots(0)][:2] == ["can't tell", "dog + speech"]
    release = audit.release(tmp_path / "out")
    assert release.counts | {"C": 1, "U": 3, "neither": 1, "non_agreement": 2} == release.counts
    rows = pq.read_table(tmp_path / "out" / "changes.parquet").to_pylist()
    told = {row["index"]: row["cannot_tell"] for row in rows if row["threshold"] == 3}
    assert told == {0: 3, 1: 2, 2: 2, 3: 5}
    mask = load_release(tmp_path / "out").mask
    assert mask[:5].tolist() == [False, True, False, False, True]
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "| `non_agreement`: too few can tell | 2 | left out by `drop_ambiguous` |" in readme
    page = audit.report(tmp_path / "report.html").read_text()
    assert "Too few reviewers could tell" in page
    assert "can&#39;t tell 3" in page or "can't tell 3" in page


def test_nobody_is_asked_any_more_once_too_few_can_tell(tmp_path, address):
    audit = sounds(tmp_path / "a", stopping="exact", full_share=0, database=address)
    example = audit.task("ann").example

    def cannot(who):
        shown = audit.task_for(who, example).labels
        return audit.vote_labels(who, example, [], shown=shown, key="1", said=CANNOT_TELL)

    assert audit.votes_needed(example) == 2
    assert cannot("ann")
    assert audit.votes_needed(example) == 1
    assert cannot("bob")
    assert audit.votes_needed(example) == 0, "of three, at two votes for a label"
    assert not cannot("cid")
    assert audit.verdicts().names == ("non_agreement",)
    assert audit.undo("bob") == example
    assert audit.votes_needed(example) == 1
    assert audit.verdicts().names == ("open",)


answers = st.lists(st.none() | st.sets(st.integers(0, 4)), min_size=1, max_size=5)


@given(answers=answers, threshold=st.integers(1, 3))
def test_verdicts_count_the_labels_that_reviewers_hold(
    template, tmp_path_factory, answers, threshold
):
    path = tmp_path_factory.mktemp("run") / "a"
    shutil.copytree(template.path, path)
    audit = Audit.open(path)
    audit.add_votes(
        [
            {"index": 0, "reviewer": str(place)}
            | (CANNOT if labels is None else {"labels": sorted(labels)})
            for place, labels in enumerate(answers)
        ]
    )
    verdicts = audit.verdicts(threshold=threshold)
    ticks = [sum(label in (one or ()) for one in answers) for label in range(5)]
    agreed = {label for label in range(5) if ticks[label] >= threshold}
    assert as_set(verdicts.agreed[0]) == agreed
    asked = {0, 1, 2} | {label for label in range(5) if ticks[label]}
    reach = {label for label in asked if ticks[label] + answers.count(None) >= threshold}
    if verdicts.names[0] != "open":
        expected = "non_error" if agreed == {0, 1} else "correctable" if agreed else "neither"
        assert verdicts.names[0] == (expected if reach == agreed else "non_agreement")
    else:
        assert len(answers) < 3
    audit.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    audit = sounds(tmp_path_factory.mktemp("template") / "a")
    audit.close()
    return audit


def test_votes_on_sets_come_out_as_they_went_in(tmp_path, audit):
    tick(audit, 0, "ds", "", "?")
    copy = sounds(tmp_path / "copy")
    records = [vote.to_dict() for vote in audit.votes()]
    assert [record["labels"] for record in records] == [["dog", "speech"], [], None]
    assert copy.add_votes(records).added == 3
    assert copy.add_votes(records).already_there == 3
    with pytest.raises(VoteError, match=r"other \(can't tell\)\" for '0' before, so 'labels \[\]'"):
        copy.add_votes([records[1] | {"reviewer": "reviewer 2"}])
    with pytest.raises(VoteError, match=r"'labels \[0, 1\]' for '0' before, so 'labels \[2\]'"):
        copy.add_votes([records[0] | {"labels": ["music"]}])


def test_a_vote_between_two_labels_has_no_place_here(audit):
    with pytest.raises(VoteError, match="The labels are missing"):
        audit.add_votes([{"index": 0, "reviewer": "ann", "answer": "given"}])
    with pytest.raises(VoteError, match="use `vote_labels`"):
        audit.vote("ann", 0, "given", first="given", key="k")


# ---------------------------------------------------------------- review


def test_a_task_shows_the_given_and_the_suggested_labels_in_an_order_of_its_own(audit):
    task = audit.task("ann")
    suggested = {doubt["index"]: doubt["suggested"] for doubt in doubts()}
    assert isinstance(task, SetTask)
    assert set(task.labels) == {*some_sets()[task.example], *suggested[task.example]}
    assert task == audit.task_for("ann", task.example) == Audit.open(audit.path).task("ann")
    orders = {audit.task_for(f"reviewer {i}", 1).labels for i in range(60)}
    assert len(orders) == 6, "every order of three labels comes up"


def test_exemplars_have_the_fewest_other_labels_and_are_in_no_doubt(audit):
    doubted = {doubt["index"] for doubt in doubts()}
    for label in range(5):
        fit = [i for i, one in enumerate(some_sets()) if label in one and i not in doubted]
        expected = sorted(fit, key=lambda i: (len(some_sets()[i]), i))
        assert {len(some_sets()[i]) for i in expected} == {1, 2}
        assert audit.exemplars(label, count=99) == expected
        assert audit.exemplars(label, count=2, exclude=expected[:1]) == expected[1:3]


def test_ticked_labels_are_recorded_with_the_order_shown(audit):
    task = audit.task("ann")
    ticked = task.labels[:2]
    assert audit.vote_labels("ann", task.example, ticked, shown=task.labels, key="k")
    assert not audit.vote_labels("ann", task.example, ticked, shown=task.labels, key="k")
    assert not audit.vote_labels("ann", task.example, [], shown=task.labels, key="l")
    (vote,) = audit.votes()
    assert vote.labels == tuple(SOUNDS[label] for label in sorted(ticked))
    assert audit.task("ann").example != task.example
    assert audit.undo("ann") == task.example
    assert audit.task("ann") == task
    assert audit.vote_labels("ann", task.example, [], shown=task.labels, key="m")
    assert audit.votes()[0].labels == ()
    told = repr(audit.why(task.example))
    assert f"ann: {' + '.join(SOUNDS[label] for label in sorted(ticked))} (person" in told
    assert "ann: no label (person" in told
    with audit._db.read() as db:
        rows = db.exec_driver_sql("SELECT shown FROM votes WHERE shown IS NOT NULL").all()
    assert [json.loads(shown) for (shown,) in rows] == [list(task.labels)] * 2


def test_who_cannot_tell_ticks_nothing_and_says_so(audit):
    task = audit.task("ann")
    vote = partial(audit.vote_labels, "ann", task.example, shown=task.labels, key="k")
    with pytest.raises(
        VoteError, match=r"The labels \[\d\] are ticked, but what was said is \"can"
    ):
        vote(task.labels[:1], said=CANNOT_TELL)
    with pytest.raises(NameUnknownError, match="There is no answer 'perhaps'"):
        vote([], said="perhaps")
    assert audit.votes() == []
    assert vote([], said=CANNOT_TELL)
    assert not vote([], said=CANNOT_TELL)
    (found,) = audit.votes()
    assert (found.answer, found.said, found.labels) == ("other", CANNOT_TELL, None)
    assert "ann: other (can't tell) (person" in repr(audit.why(task.example))
    assert audit.undo("ann") == task.example
    with audit._db.read() as db:
        shown = db.exec_driver_sql("SELECT shown FROM votes WHERE shown IS NOT NULL").scalar()
    assert json.loads(shown) == list(task.labels)


def test_a_label_that_was_not_shown_cannot_be_ticked(audit, tmp_path):
    with pytest.raises(VoteError, match=r"The labels \[4\] were not shown: those were \[0, 1\]"):
        audit.vote_labels("ann", 0, [0, 4], shown=[0, 1], key="k")
    one = Audit.create(tmp_path / "one", labels=[0, 1], classes=SOUNDS)
    with pytest.raises(VoteError, match="Every example has one label here: use `vote`"):
        one.vote_labels("ann", 0, [0], shown=[0, 1], key="k")


def test_no_acknowledged_set_is_lost_or_doubled_by_sigkill(tmp_path):
    path = tmp_path / "a"
    labels = [[i % 5] for i in range(400)]
    audit = Audit.create(path, labels=labels, classes=SOUNDS, multilabel=True)
    audit.add_candidates(
        [{"index": i, "suggested": [i % 5, (i + 1) % 5]} for i in range(400)], flagger="ann"
    )
    audit.plan(votes=9, threshold=5)
    program = """
        import sys
        from errata.audit import Audit

        audit = Audit.open(sys.argv[1])
        while True:
            task = audit.task("ann")
            ticked = task.labels[: task.example % 3]
            key = f"{task.example} {sys.argv[2]}"
            assert audit.vote_labels("ann", task.example, ticked, shown=task.labels, key=key)
            print(task.example, *sorted(ticked), flush=True)
    """
    acknowledged = []
    for turn in range(4):
        runner = killed_at(program, str(path), str(turn))
        with runner as process:
            lines = [process.stdout.readline() for _ in range(3 + 4 * turn)]
            time.sleep(0.01 * turn)
        lines += runner.rest.split("\n")[:-1]
        acknowledged += [tuple(map(int, line.split())) for line in lines]
        stored = [
            (vote.example, *sorted(SOUNDS.index(name) for name in vote.labels))
            for vote in Audit.open(path).votes()
        ]
        assert len({example for example, *_ in stored}) == len(stored), "a vote is there twice"
        assert stored[: len(acknowledged)] == acknowledged, "an acknowledged vote is lost"
        assert len(stored) - len(acknowledged) in (0, 1)
        acknowledged = stored
    assert len(acknowledged) >= 30


# ---------------------------------------------------------------- release, report, compare, why


@pytest.fixture
def voted(audit):
    tick(audit, 0, "ds", "sd", "d")
    tick(audit, 1, "dm", "md", "s")
    tick(audit, 2, "", "", "m")
    tick(audit, 3, "r")
    return audit


def test_a_release_holds_lists(voted, tmp_path):
    release = voted.release(tmp_path / "out")
    assert release.counts | {"D": 60, "C": 1, "U": 1, "P": 59, "B": 58, "open": 1} == release.counts
    labels = pq.read_table(tmp_path / "out" / "labels" / "threshold-2.parquet").to_pylist()
    assert [row["given"] for row in labels] == some_sets()
    assert [i for i, row in enumerate(labels) if row["keep_given"] != row["given"]] == [1]
    assert labels[1]["drop_ambiguous"] == labels[1]["keep_given"] == [0, 2]
    assert labels[2]["drop_ambiguous"] is None
    assert labels[9]["given"] == labels[9]["drop_ambiguous"] == []
    rows = pq.read_table(tmp_path / "out" / "changes.parquet").to_pylist()
    (row,) = [row for row in rows if row["index"] == 1 and row["threshold"] == 2]
    assert row == {
        "file": "threshold-2",
        "threshold": 2,
        "index": 1,
        "id": "1",
        "given": [1],
        "verdict": "correctable",
        "corrected": [0, 2],
        "reviewers": 3,
        "cannot_tell": 0,
        "labels": [0, 1, 2],
        "votes": [2, 1, 2],
        "adjudicated": False,
    }
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["multilabel"] is True
    assert manifest["votes"] == 10
    assert [release["label"] for release in voted.why("1").releases] == [(0, 2)]
    assert "correctable, -> dog + music" in repr(voted.why("1"))


def test_the_same_audit_of_sets_gives_the_same_bytes(voted, tmp_path):
    for name in ("one", "two"):
        release = voted.release(tmp_path / name)
    voted.close()
    shutil.copytree(voted.path, tmp_path / "copy")
    Audit.open(tmp_path / "copy").release(tmp_path / "three")
    content = [
        {path: (tmp_path / name / path).read_bytes() for path in release.hashes}
        for name in ("one", "two", "three")
    ]
    assert content[0] == content[1] == content[2]


def test_the_readme_of_a_release_of_sets_is_the_golden_one(voted, tmp_path):
    release = voted.release(tmp_path / "out")
    readme = (tmp_path / "out" / "README.md").read_text()
    assert readme.replace(release.fingerprint[:12], "FINGERPRINT") == GOLDEN.read_text()


def test_a_report_shows_sets(voted, tmp_path):
    page = voted.report(tmp_path / "report.html").read_text()
    for part in (
        "The labels of 1 example of 60 were corrected, and 1 example left out because no label is",
        "<del>speech</del>",
        "dog + music",
        "dog 2, speech 1, music 2",
        "a verdict takes 2 votes for a label",
        "Reviewers agree on no label at all",
        "Models are not compared where examples may have several labels",
    ):
        assert part in page
    assert "multi-label" not in page
    assert page == voted.report(tmp_path / "again.html").read_text()


def test_models_are_not_compared_on_sets(voted):
    with pytest.raises(AuditError, match="holds sets of labels, and models are not compared on"):
        voted.compare({"model": np.zeros(60, int)})


# ---------------------------------------------------------------- AudioSet, as published


@pytest.fixture(scope="module")
def audioset(data, tmp_path_factory):
    """Return AudioSet's audit: published label sets, suggested sets and counts for each label."""
    with (data / "raw/audioset/class_labels_indices.csv").open() as file:
        names = [row["display_name"].replace(",", "") for row in csv.DictReader(file)]
    labels = json.loads((data / "raw/audioset/eval_original_labels.json").read_text())
    audit = Audit.create(
        tmp_path_factory.mktemp("audioset") / "audioset.audit", labels=labels, classes=names
    )
    items = json.loads((data / "label_errors/mturk/audioset_mturk.json").read_text())
    for item in items:
        assert sorted(names[label] for label in labels[item["id"]]) == sorted(
            item["given_original_labels"]
        )
    audit.add_candidates(
        [{"index": item["id"], "suggested": item["our_guessed_labels"]} for item in items],
        flagger="the study's model",
    )
    audit.plan()
    # counts for each label, of five workers whose names are not known
    audit.add_votes(
        [
            {
                "index": item["id"],
                "reviewer": f"worker {worker}",
                "labels": [label for label, count in item["mturk"].items() if count > worker],
            }
            for item in items
            for worker in range(5)
        ],
        note="published counts for each label",
    )
    return audit


def test_the_published_votes_find_275_errors_of_307(audioset):
    verdicts = audioset.verdicts()
    assert (len(verdicts), verdicts.open, verdicts.unreviewed) == (307, 0, 0)
    assert verdicts.counts["non_error"] == 307 - 275
    assert verdicts.counts["multi_label"] == verdicts.counts["non_agreement"] == 0
    assert verdicts.reviewers.tolist() == [5] * 307


def test_the_published_sets_can_be_released(audioset, tmp_path):
    release = audioset.release(tmp_path / "out")
    assert release.counts["C"] + release.counts["U"] == 275
    assert release.counts["D"] == 20_371
    assert "Cheering" in (audioset.report(tmp_path / "report.html")).read_text()


# ---------------------------------------------------------------- what is refused


def test_a_vote_names_just_the_labels_that_are_asked_about(tmp_path):
    """A label of another candidate, or of none, would never leave the votes again."""
    audit = sounds(tmp_path / "a.audit")
    task = audit.task("ann")
    for shown in ([*task.labels, 4], [99, *task.labels], task.labels[:-1], task.labels * 2):
        with pytest.raises(VoteError, match=r"The labels to choose from are \[.*\] here, and"):
            audit.vote_labels("ann", task.example, [], shown=shown, key="1")
    assert audit.votes() == []
    assert audit.vote_labels("ann", task.example, [], shown=task.labels, key="1")


@pytest.mark.parametrize("labels", [np.eye(3)[[0, 1, 2, 1]].astype(int), [[0], [1], [2], [1]]])
def test_one_label_each_in_the_form_of_several_is_asked_about(tmp_path, labels):
    with pytest.raises(LabelError, match="every example has exactly one.*say multilabel=True"):
        Audit.create(tmp_path / "a.audit", labels=labels, classes=["a", "b", "c"])
    audit = Audit.create(
        tmp_path / "a.audit", labels=labels, classes=["a", "b", "c"], multilabel=True
    )
    assert audit.multilabel
