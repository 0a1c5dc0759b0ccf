"""Audits without probabilities: candidates from elsewhere go the whole way."""

import json
import re
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import CLASSES, planned_audit, small_audit, small_set
from errata import AuditError, InputError, LabelError
from errata.audit import Audit

LABELS, _ = small_set()
DOUBTS = [{"index": i, "suggested": int(i % 3)} for i in (5, 0, 7, 2)]


def bare_audit(path, **options):
    return Audit.create(path, **{"labels": LABELS, "classes": CLASSES, **options})


@pytest.fixture
def audit(tmp_path):
    audit = bare_audit(tmp_path / "pets.audit")
    audit.add_candidates(DOUBTS, flagger="a second look")
    audit.plan(votes=3, threshold=2)
    return audit


def say(audit, answers):
    words = {"g": "given", "s": "suggested", "b": "both", "n": "neither", "o": "other"}
    return audit.add_votes(
        [
            {"index": example, "reviewer": f"reviewer {place}", "answer": words[letter]}
            | ({"said": "neutral"} if letter == "o" else {})
            for example, letters in answers.items()
            for place, letter in enumerate(letters)
        ]
    )


# ---------------------------------------------------------------- made without probabilities


def test_labels_and_class_names_make_an_audit(tmp_path):
    named = bare_audit(tmp_path / "a", labels=[CLASSES[label] for label in LABELS])
    numbered = bare_audit(tmp_path / "b")
    for audit in (named, numbered, Audit.open(tmp_path / "a")):
        np.testing.assert_array_equal(audit.labels, LABELS)
        assert (audit.n, audit.classes) == (60, CLASSES)
    assert {path.name for path in (tmp_path / "a" / "arrays").iterdir()} == {"labels.npy"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": None}, "no probabilities and no class names, so the classes are not known"),
        ({"classes": ["cat"]}, "with fewer than two classes no label can be wrong"),
        ({"classes": ["cat", "cat", "fox"]}, "'cat' stands twice"),
        ({"labels": [0, 1, 3]}, r"labels\[2\] is 3, but there are 3 class names, so labels run"),
        ({"labels": ["cat", "dgo"]}, r"labels\[1\] is 'dgo', which is none .* mean 'dog'"),
        ({"labels": []}, "There are no labels"),
    ],
)
def test_bad_labels_without_probabilities_are_told(tmp_path, options, message):
    with pytest.raises(LabelError, match=message):
        bare_audit(tmp_path / "a", **options)
    assert list(tmp_path.iterdir()) == []


def test_find_says_that_there_are_no_probabilities_and_what_to_do(tmp_path):
    audit = bare_audit(tmp_path / "a")
    with pytest.raises(AuditError, match="without probabilities.*`errata candidates import AUDIT"):
        audit.find()
    with pytest.raises(AuditError, match="no candidate of .* was named. Bring candidates from el"):
        audit.plan()
    with pytest.raises(AuditError, match="Bring candidates from elsewhere .* then run `plan`"):
        audit.task("ann")
    with pytest.raises(AuditError, match="Nothing is known yet"):
        audit.exemplars(0)
    assert "candidates import" in audit.report(tmp_path / "early.html").read_text()


# ---------------------------------------------------------------- the whole way


def test_the_order_of_the_list_is_the_order_of_asking(audit):
    order = []
    while (task := audit.task("ann")) is not None:
        order.append(task.example)
        assert (task.given, task.suggested) == (LABELS[task.example], task.example % 3)
        audit.vote("ann", task.example, "given", first=task.first, key=str(task.example))
    assert order == [5, 0, 7, 2]


@given(order=st.permutations(range(8)), scores=st.none() | st.lists(st.floats(-9, 9), min_size=8))
def test_scores_are_kept_and_never_change_the_order(tmp_path_factory, order, scores):
    audit = bare_audit(tmp_path_factory.mktemp("run") / "a")
    doubts = [{"index": i, "suggested": i % 3} for i in order]
    if scores is not None:
        doubts = [doubt | {"score": score} for doubt, score in zip(doubts, scores, strict=False)]
    assert audit.add_candidates(doubts, flagger="x").added == 8
    for rank, example in enumerate(order, 1):
        (run,) = audit.why(example).found
        assert run["rank"] == rank
        assert run["score"] == (rank if scores is None else scores[rank - 1])
        assert run["score_name"] == ("given_order" if scores is None else "given_score")
    audit.close()


def test_everything_after_find_works_without_probabilities(tmp_path, audit):
    say(audit, {5: "ss", 0: "gg", 7: "sgs", 2: "bb"})
    assert audit.verdicts().counts["correctable"] == 2
    release = audit.release(tmp_path / "out")
    assert release.counts["C"] == 2
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (plan,) = manifest["settings"]["plans"]
    assert plan["find"] | {"errata": ""} == {
        "rule": "imported",
        "score": "given_order",
        "compat": None,
        "settings": {},
        "flagger": "a second look",
        "estimated_errors": None,
        "errata": "",
    }
    assert list(manifest["inputs"]) == ["labels"]
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "suggested labels come from a second look, and corrections" in readme
    assert audit.release(tmp_path / "again").hashes == release.hashes
    compared = audit.compare({"copycat": np.asarray(audit.labels), "clever": np.arange(60) % 3})
    assert compared["clever"].score("corrected", "C").hits == 2
    page = audit.report(tmp_path / "report.html").read_text()
    assert "named in a list from elsewhere" in page
    assert ">named in a list from elsewhere</dd>" in page, "it was sent by no rule"
    assert "errors guessed" not in page
    story = audit.why(5)
    assert (story.self_confidence, story.found[0]["threshold_given"]) == (None, None)
    assert "rank 1 of 4 by rule 'imported', given_order 1\n" in repr(story)
    assert "by a second look" in repr(story)
    assert "thresholds" not in repr(story)
    json.dumps(story.to_dict(), allow_nan=False)


def test_exemplars_without_probabilities_are_members_that_nobody_doubts(audit):
    for label in range(3):
        fit = [i for i in np.flatnonzero(label == LABELS).tolist() if i not in (5, 0, 7, 2)]
        assert audit.exemplars(label, count=5) == fit[:5]
        assert audit.exemplars(label, count=5, exclude=fit[:2]) == fit[2:7]


def test_a_list_stands_beside_what_find_found(tmp_path):
    audit = small_audit(tmp_path / "a")
    found = audit.find()
    added = audit.add_candidates([{"index": 40, "suggested": 0}], flagger="ann")
    assert (added.run, added.added) == (2, 1)
    assert audit.plan().added == 1
    story = audit.why(int(found.indices[0]))
    assert story.self_confidence == found.self_confidence[story.example]
    sure = audit.exemplars(0, count=3)
    assert 40 not in sure
    assert sure == sorted(sure, key=lambda i: (-found.self_confidence[i], i))
    audit.find()
    assert audit.plan().added == 8
    assert "margin" in audit.report(tmp_path / "report.html").read_text()


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("doubt", "reason"),
    [
        ({"index": 3, "suggested": "dog"}, "suggested label of '3', 'dog', is the given one, so"),
        ({"index": 5, "suggested": 2}, r"'5' is named already, in candidates\[0\]; one suggested"),
        ({"id": "600", "suggested": 2}, "There is no example '600'. Did you mean '6'"),
        ({"index": 3, "suggested": "dgo"}, "There is no class 'dgo'. Did you mean 'dog'"),
    ],
)
def test_a_candidate_that_cannot_be_taken_is_told_and_the_others_go_in(tmp_path, doubt, reason):
    audit = bare_audit(tmp_path / "a")
    result = audit.add_candidates([DOUBTS[0], doubt, DOUBTS[1]], flagger="x")
    assert result.added == 2
    (refused,) = result.refused
    assert refused.startswith("candidates[1]: ")
    assert re.search(reason, refused)
    assert refused in repr(result)
    assert [audit.why(i).found[0]["rank"] for i in (5, 0)] == [1, 2]


def test_nothing_is_stored_where_nothing_can_be_taken(tmp_path):
    audit = bare_audit(tmp_path / "a")
    with pytest.raises(InputError, match=r"None of the 1 candidates can be taken\. The first: can"):
        audit.add_candidates([{"index": 3, "suggested": 1}], flagger="x")
    with pytest.raises(InputError, match=r"1 of 2 candidates have no score, .* candidates\[1\]"):
        audit.add_candidates([DOUBTS[0] | {"score": 1}, DOUBTS[1]], flagger="x")
    with pytest.raises(InputError, match="The flagger is empty"):
        audit.add_candidates(DOUBTS, flagger=" ")
    assert audit.why(5).runs == 0


def test_a_file_of_candidates_is_remembered_by_its_hash(tmp_path):
    (tmp_path / "doubts.csv").write_text("id,suggested\n5,fox\n")
    audit = bare_audit(tmp_path / "a")
    audit.add_candidates(tmp_path / "doubts.csv", flagger="x")
    audit.plan(votes=1, threshold=1)
    say(audit, {5: "s"})
    audit.release(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    settings = manifest["settings"]["plans"][0]["find"]["settings"]
    assert settings["file"] == "doubts.csv"
    assert len(settings["sha256"]) == 64


# ---------------------------------------------------------------- other answers


def test_other_answers_count_as_votes_and_decide_nothing(tmp_path, audit):
    say(audit, {5: "oo", 0: "oos", 7: "ogg", 2: "ooo"})
    verdicts = audit.verdicts()
    assert dict(zip(verdicts.ids, verdicts.names, strict=True)) == {
        "5": "non_agreement",  # whatever the third says: none of the four can have two votes
        "0": "non_agreement",
        "7": "non_error",
        "2": "non_agreement",
    }
    assert [row["votes_other"] for row in verdicts.rows()] == [2, 2, 1, 3]
    assert audit.task("ann").example == 5, "one more vote is wanted there, and nowhere else"
    audit.vote("ann", 5, "given", first="given", key="k")
    assert audit.task("bob") is None
    assert "reviewer 0: other (neutral) (imported)" in repr(audit.why(5))
    assert "other 2" in audit.report(tmp_path / "report.html").read_text()


def test_a_report_without_other_answers_says_nothing_of_them(tmp_path, audit):
    say(audit, {5: "ss"})
    assert "other 0" not in audit.report(tmp_path / "report.html").read_text()


def test_other_words_come_out_as_they_went_in(tmp_path, audit):
    say(audit, {5: "og"})
    again = shutil.copytree(audit.path, tmp_path / "copy")
    records = [vote.to_dict() for vote in audit.votes()]
    assert [(record["answer"], record["said"]) for record in records] == [
        ("other", "neutral"),
        ("given", None),
    ]
    assert Audit.open(again).add_votes(records).already_there == 2
    changed = records[0] | {"said": "off-topic"}
    with pytest.raises(InputError, match=r"'other \(neutral\)' for '5' before, so 'other \(off-t"):
        audit.add_votes([changed])


def test_who_takes_a_word_back_may_say_another(audit):
    vote = {"index": 5, "reviewer": "ann", "answer": "other", "said": "neutral"}
    audit.add_votes([vote], kind="person")
    assert audit.undo("ann") == 5
    assert audit.add_votes([vote | {"said": "off-topic"}], kind="person").added == 1
    assert [vote.said for vote in audit.votes()] == ["off-topic"]


def test_a_vote_that_is_other_says_what(tmp_path):
    audit = planned_audit(tmp_path / "a")
    with pytest.raises(InputError, match="with 'other', and only with it"):
        audit.vote("ann", 0, "other", first="given", key="k")


def test_an_empty_list_is_no_run(tmp_path):
    audit = small_audit(tmp_path / "pets.audit")
    audit.find()
    path = tmp_path / "doubts.csv"
    path.write_text("id,suggested\n")
    with pytest.raises(InputError, match="There are no candidates to add"):
        audit.add_candidates(path, flagger="ann")
    assert audit.plan().added > 0, "the run of `find` is the newest still"


def test_columns_of_any_name_stand_beside_ours(tmp_path):
    audit = bare_audit(tmp_path / "pets.audit")
    path = tmp_path / "doubts.csv"
    path.write_text(f"id,suggested,problem,where,more\n5,{CLASSES[2]},blurred,left,much\n")
    assert audit.add_candidates(path, flagger="ann").added == 1


def test_suggestions_may_be_arrays_where_they_may_be_lists(tmp_path):
    audit = Audit.create(tmp_path / "a.audit", labels=[[0], [0, 1], []], classes=["a", "b", "c"])
    added = audit.add_candidates([{"index": 0, "suggested": np.array([1, 2])}], flagger="ann")
    assert added.added == 1
