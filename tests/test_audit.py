"""The verbs of an audit, on small sets made here and on the published CIFAR-10."""

import json
import shutil
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import errata
from audits import CLASSES, planned_audit, small_audit, small_set
from errata import AuditError, FileError, InputError, LabelError, NameUnknownError, VoteError
from errata.audit import Audit
from errata.datasets.media import Features, Images, Text, Texts
from errata.results import Progress
from helpers import killed_at


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "pets.audit", votes=3, threshold=2)


def say(audit, answers, kind="imported", **options):
    """Let reviewers answer: ``{example: "gs"}`` is two votes, given and suggested."""
    words = {"g": "given", "s": "suggested", "b": "both", "n": "neither"}
    votes = [
        {"index": example, "reviewer": f"reviewer {place}", "answer": words[letter]}
        for example, letters in answers.items()
        for place, letter in enumerate(letters)
    ]
    return audit.add_votes(votes, kind=kind, **options)


# ---------------------------------------------------------------- make and open


def test_an_audit_is_what_it_was_made_from(tmp_path):
    labels, probs = small_set()
    ids = [f"pet-{i}" for i in range(60)]
    made = Audit.create(
        tmp_path / "pets.audit", labels=labels, probs=probs, classes=CLASSES, ids=ids, name="pets"
    )
    for audit in (made, Audit.open(tmp_path / "pets.audit")):
        assert (audit.name, audit.n, audit.classes) == ("pets", 60, CLASSES)
        np.testing.assert_array_equal(audit.labels, labels)
        assert audit.ids == tuple(ids)
        assert audit.index_of("pet-59") == 59
        assert audit.notices == ()
    assert repr(made) == "Audit('pets', 60 examples, 3 classes)"


def test_without_ids_and_name_there_are_row_numbers_and_the_folder(tmp_path):
    audit = small_audit(tmp_path / "pets.audit", classes=None)
    assert (audit.name, audit.ids[:2], audit.classes) == ("pets", ("0", "1"), ("0", "1", "2"))
    with pytest.raises(LabelError, match=r"audit is '\\ud83d', which is not valid Unicode: it was"):
        small_audit(tmp_path / "other", name="\ud83d")
    halves = Features({name: np.arange(60) for name in ("size", "half \ud83d", "half \ud83e")})
    with pytest.raises(InputError, match=r"name of column 1 is 'half \\ud83d', .*\(2 of 3 are not"):
        small_audit(tmp_path / "other", media=halves)
    assert not (tmp_path / "other").exists()


def test_labels_may_be_names(tmp_path):
    labels, _ = small_set()
    audit = small_audit(tmp_path / "a", labels=np.array(CLASSES)[labels])
    np.testing.assert_array_equal(audit.labels, labels)
    np.save(tmp_path / "names.npy", np.array(CLASSES)[labels])
    audit = small_audit(tmp_path / "b", labels=tmp_path / "names.npy")
    np.testing.assert_array_equal(audit.labels, labels)


def test_files_are_referred_to_and_arrays_are_copied(tmp_path):
    labels, probs = small_set()
    np.save(tmp_path / "labels.npy", labels.astype(np.uint16))
    np.save(tmp_path / "probs.npy", probs.astype(np.float32))
    by_path = small_audit(
        tmp_path / "a", labels=tmp_path / "labels.npy", probs=str(tmp_path / "probs.npy")
    )
    in_memory = small_audit(tmp_path / "b", probs=probs.astype(np.float32))
    assert list((tmp_path / "a" / "arrays").iterdir()) == []
    assert {p.name for p in (tmp_path / "b" / "arrays").iterdir()} == {"labels.npy", "probs.npy"}
    found = [audit.find() for audit in (by_path, in_memory)]
    assert found[0].to_dict() == found[1].to_dict()
    assert found[0].to_dict() == errata.find(labels, tmp_path / "probs.npy").to_dict()


@pytest.mark.parametrize("role", ["labels", "probs"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_file_that_changed_or_went_is_told(tmp_path, role, inside):
    arrays = dict(zip(("labels", "probs"), small_set(), strict=True))
    if not inside:
        for name, array in arrays.items():
            np.save(tmp_path / f"{name}.npy", array)
            arrays[name] = tmp_path / f"{name}.npy"
    small_audit(tmp_path / "a", **arrays)
    path = (tmp_path / "a" / "arrays" if inside else tmp_path) / f"{role}.npy"
    changed = np.load(path)
    changed[0] = changed[1]
    np.save(path, changed)
    with pytest.raises(FileError, match=rf"{role}\.npy, the {role} of the audit .*a, has changed"):
        Audit.open(tmp_path / "a").find()
    path.unlink()
    with pytest.raises(FileError, match=rf"{role}\.npy, the {role} of .* is missing. Put it back"):
        Audit.open(tmp_path / "a").find()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"ids": ["a"] * 60}, LabelError, r"ids\[0\] and ids\[1\] are both 'a'"),
        ({"ids": ["a", "b"]}, LabelError, "one id for each of the 60 examples"),
        ({"labels": [0] * 59 + [None]}, LabelError, r"labels\[59\] is missing"),
        ({"labels": [0] * 61}, LabelError, "more labels than rows"),
        ({"labels": [0] * 59 + [3]}, LabelError, r"labels\[59\] is 3"),
        ({"classes": ["cat", "dog"]}, LabelError, "2 class names, but the probabilities have 3"),
        ({"media": Texts(["one"])}, InputError, "The media hold 1 examples, but there are 60"),
        ({"probs": np.ones(60)}, InputError, "shape"),
        ({"probs": "nowhere.npy"}, FileError, r"nowhere\.npy does not exist"),
        ({"media": Images(files=["gone.png"] * 60)}, FileError, r"gone\.png is missing"),
    ],
)
def test_bad_input_makes_no_audit(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        small_audit(tmp_path / "a", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    small_audit(tmp_path / "audit")
    for name, message in (
        ("file", "is a file; an audit needs a new folder"),
        ("full", "is a folder with something in it"),
        ("audit", r"There is an audit at .*audit already\. Open it with Audit\.open"),
    ):
        with pytest.raises(AuditError, match=message):
            small_audit(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert small_audit(tmp_path / "empty").n == 60


def test_what_is_no_audit_is_told_with_the_way_on(tmp_path):
    small_audit(tmp_path / "pets.audit")
    with pytest.raises(AuditError, match=r"pet\.audit does not exist\. Beside it: pets\.audit\."):
        Audit.open(tmp_path / "pet.audit")
    with pytest.raises(AuditError, match=r"is not an audit .* `errata init .* --labels LABELS"):
        Audit.open(tmp_path)


def test_an_audit_can_be_moved_and_copied(tmp_path, audit):
    say(audit, {0: "ss"})
    audit.close()
    shutil.move(tmp_path / "pets.audit", tmp_path / "moved")
    shutil.copytree(tmp_path / "moved", tmp_path / "copied")
    for name in ("moved", "copied"):
        again = Audit.open(tmp_path / name)
        assert again.verdicts().counts["correctable"] == 1
        assert len(again.find()) == 8


def test_a_killed_create_leaves_nothing_that_looks_like_an_audit(tmp_path):
    program = """
        import sys, numpy as np
        from errata.audit import Audit
        from errata.datasets.media import Texts

        class Slow(Texts):
            def save(self, folder):
                print("saving", flush=True)
                import time
                time.sleep(60)

        Audit.create(sys.argv[1], labels=[0, 1], probs=np.eye(2), media=Slow(["a", "b"]))
    """
    path = tmp_path / "a"
    with killed_at(program, str(path)) as process:
        assert process.stdout.readline() == "saving\n"
    assert not path.exists()
    with pytest.raises(AuditError, match="does not exist"):
        Audit.open(path)
    for rest in tmp_path.iterdir():
        assert rest.name.startswith(".a.")
        with pytest.raises(AuditError, match="is not an audit"):
            Audit.open(rest)
    assert small_audit(path).n == 60


# ---------------------------------------------------------------- find and plan


def test_find_is_remembered_with_its_provenance(tmp_path):
    audit = small_audit(tmp_path / "a")
    found = audit.find(rule="argmax", score="self_confidence", flagger="ResNet-18")
    assert sorted(found.indices.tolist()) == list(range(8))
    story = Audit.open(tmp_path / "a").why(int(found.indices[0]))
    (run,) = story.found
    assert (run["rule"], run["score_name"], run["flagger"]) == (
        "argmax",
        "self_confidence",
        "ResNet-18",
    )
    assert (run["rank"], run["of"], run["score"]) == (1, 8, found.scores[0])
    assert run["suggested"] == found.suggested[0]
    assert tuple(run["rules"]) == found.rules[0]
    assert run["threshold_given"] == found.thresholds[story.given]
    assert story.self_confidence == found.self_confidence[story.example]


def test_verbs_called_too_early_name_the_one_to_call(tmp_path):
    audit = small_audit(tmp_path / "a")
    with pytest.raises(AuditError, match="`find` has not run"):
        audit.plan()
    with pytest.raises(AuditError, match="`find` has not run"):
        audit.exemplars(0)
    for verb in (
        audit.verdicts,
        lambda: audit.task("ann"),
        lambda: audit.add_votes([]),
        lambda: audit.release(tmp_path / "out"),
        lambda: audit.compare({"m": audit.labels}),
    ):
        with pytest.raises(AuditError, match="Run `find`, then `plan`"):
            verb()
    audit.find()
    with pytest.raises(AuditError, match=r"Nothing is planned yet .* Run `plan`\."):
        audit.verdicts()
    audit.plan()
    with pytest.raises(AuditError, match=r"has a vote yet.*Open `review`, or import votes"):
        audit.release(tmp_path / "out")
    assert len(audit.verdicts()) == 0
    assert audit.verdicts().unreviewed == 8


def test_what_is_left_out_of_a_later_plan_is_as_in_the_plan_before(tmp_path):
    def settings(plan):
        return plan.votes, plan.threshold, plan.stopping, plan.full_share

    audit = small_audit(tmp_path / "a")
    audit.find()
    assert settings(audit.plan(budget=1)) == (5, 3, "off", 0.0)
    said = {"votes": 3, "threshold": 2, "stopping": "exact", "full_share": 0.5}
    assert settings(audit.plan(budget=1, **said)) == (3, 2, "exact", 0.5)
    assert settings(audit.plan(budget=1)) == (3, 2, "exact", 0.5)
    assert settings(audit.plan(budget=1, votes=4)) == (4, 2, "exact", 0.5)
    with pytest.raises(InputError, match="The threshold is 2, but only 1 votes"):
        audit.plan(votes=1)
    assert settings(audit.plan(budget=1, stopping="off")) == (4, 2, "off", 0.0)
    assert settings(audit.plan(budget=1, stopping="exact")) == (4, 2, "exact", 0.05)
    audit.plan()
    assert audit.plan().added == 0  # all is planned, and nothing else is asked for


def test_a_set_without_suspicious_labels_has_nothing_to_plan(tmp_path):
    labels, probs = small_set(wrong=0)
    audit = small_audit(tmp_path / "a", labels=labels, probs=probs)
    assert len(audit.find()) == 0
    with pytest.raises(AuditError, match="flagged nothing, so there is nothing to plan"):
        audit.plan()


def test_a_plan_takes_the_worst_first_and_later_plans_only_add(tmp_path):
    audit = small_audit(tmp_path / "a")
    found = audit.find()
    first = audit.plan(votes=1, threshold=1, budget=3)
    assert (first.number, first.added, first.candidates, first.goal) == (1, 3, 3, "errors")
    assert asked(audit) == found.indices[:3].tolist()
    second = audit.plan(votes=1, threshold=1)
    assert (second.number, second.added, second.candidates) == (2, 5, 8)
    assert asked(audit) == found.indices.tolist()
    again = audit.plan(votes=1, threshold=1)
    assert (again.number, again.added, again.candidates) == (2, 0, 8)
    with pytest.raises(AuditError, match=r"with 1 votes, threshold 1 and stopping off \(plan 2"):
        audit.plan(votes=5, threshold=3)


def asked(audit):
    """Return every example that a plan holds, in the order of asking."""
    plans = [(audit.why(example).plan, example) for example in range(audit.n)]
    held = [(plan["plan"], plan["position"], example) for plan, example in plans if plan]
    return [example for _, _, example in sorted(held)]


def test_a_second_find_keeps_what_was_planned(tmp_path):
    audit = small_audit(tmp_path / "a")
    audit.find()
    audit.plan(votes=1, threshold=1, budget=2)
    early = asked(audit)
    before = [audit.why(example).plan for example in early]
    audit.find(rule="argmax", score="weighted_entropy")
    assert audit.plan(votes=3, threshold=2).added == 6
    assert asked(audit)[:2] == early
    assert [audit.why(example).plan for example in early] == before
    story = audit.why(early[0])
    assert [run["run"] for run in story.found] == [1, 2]
    assert story.runs == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"votes": 0}, "votes is 0, but it counts things"),
        ({"threshold": 0}, "threshold is 0"),
        ({"budget": 0}, "budget is 0"),
        ({"votes": 3, "threshold": 4}, "only 3 votes are wanted .* from 1 to 3"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(audit, options, message):
    with pytest.raises(InputError, match=message):
        audit.plan(**options)


# ---------------------------------------------------------------- votes and verdicts


def test_votes_become_verdicts(audit):
    result = say(audit, {0: "ss", 1: "ggs", 2: "bb", 3: "nn", 4: "gsb", 5: "g", 6: "sg"})
    assert (result.added, result.already_there, result.refused) == (15, 0, ())
    verdicts = audit.verdicts()
    by_id = dict(zip(verdicts.ids, verdicts.names, strict=True))
    assert by_id == {
        "0": "correctable",
        "1": "non_error",
        "2": "multi_label",
        "3": "neither",
        "4": "non_agreement",
        "5": "open",
        "6": "open",
    }
    assert verdicts.counts == dict.fromkeys(
        ("non_error", "correctable", "multi_label", "neither", "non_agreement"), 1
    )
    assert (verdicts.open, verdicts.unreviewed, len(verdicts)) == (2, 1, 7)
    assert "open                 2" in repr(verdicts)
    assert "no vote yet          1" in repr(verdicts)
    json.dumps(verdicts.to_dict(), allow_nan=False)
    assert {row["id"]: row["votes_given"] for row in verdicts.rows()}["1"] == 2


def test_another_threshold_may_be_asked_for(audit):
    say(audit, {0: "sss", 1: "ssg"})
    assert audit.verdicts(threshold=3).counts["correctable"] == 1
    assert audit.verdicts(threshold=3).counts["non_agreement"] == 1
    assert audit.verdicts().counts["correctable"] == 2
    with pytest.raises(InputError, match="threshold is 0"):
        audit.verdicts(threshold=0)


def test_a_later_plan_leaves_the_verdicts_of_an_earlier_one_as_they_are(tmp_path):
    audit = small_audit(tmp_path / "a")
    found = audit.find().indices.tolist()
    audit.plan(votes=5, threshold=3, budget=4)
    say(audit, {found[0]: "sg", found[1]: "sssg"})
    before = audit.verdicts()
    assert (before.names, before.threshold) == (("open", "correctable"), 3)
    audit.plan(votes=1, threshold=1)
    say(audit, {found[4]: "g"})
    after = audit.verdicts()
    assert after.names == ("open", "correctable", "non_error")
    assert after.threshold == (3, 1)
    assert "at 3 or 1 votes for one answer, as the candidate's plan says" in repr(after)
    assert after.to_dict()["threshold"] == [3, 1]
    assert audit.verdicts(threshold=1).names == ("non_error", "non_error", "non_error")
    assert [audit.why(found[place]).threshold for place in (1, 4)] == [3, 1]
    audit.release(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["labels"][manifest["default"]]["threshold"] == [3, 1]
    assert "needs 3 or 1 votes for one" in (tmp_path / "out" / "README.md").read_text()
    assert "3, then 1" in audit.report(tmp_path / "report.html").read_text()


@pytest.mark.parametrize("verb", ["verdicts", "release", "report", "compare"])
def test_a_threshold_that_no_candidate_can_reach_is_refused(tmp_path, audit, verb):
    say(audit, {0: "sssss"})
    where = {
        "verdicts": (),
        "release": (tmp_path / "out",),
        "report": (tmp_path / "out.html",),
        "compare": ({"m": audit.labels},),
    }[verb]
    with pytest.raises(InputError, match="threshold is 6, .* Choose one from 1 to 5"):
        getattr(audit, verb)(*where, threshold=6)
    assert [path.name for path in tmp_path.iterdir()] == ["pets.audit"]
    assert audit.verdicts(threshold=5).counts["correctable"] == 1


def test_votes_can_be_handed_in_by_id_with_all_they_know(tmp_path):
    audit = planned_audit(tmp_path / "a", ids=[f"pet-{i}" for i in range(60)])
    vote = {
        "id": "pet-3",
        "reviewer": " ann ",
        "answer": "Both",
        "time": "2026-11-21T17:00:00+01:00",
        "first": "suggested",
        "kind": "person",
    }
    assert audit.add_votes([vote], kind="person").added == 1
    (record,) = audit.votes()
    empty = {"said": None, "labels": None}
    assert record.to_dict() == vote | empty | {"reviewer": "ann", "answer": "both"}
    assert record.example == 3
    assert audit.add_votes([record.to_dict()]).already_there == 1


@pytest.mark.parametrize(
    ("vote", "reason"),
    [
        ({"id": "600"}, "There is no example '600'. Did you mean '6'?"),
        ({"id": "40"}, "the example '40' is in no plan"),
        ({"id": ""}, "The example is missing"),
        ({"id": None, "index": "60"}, "no example with index 60; they run from 0 to 59"),
        ({"answer": "suggestd"}, "There is no answer 'suggestd'. Did you mean 'suggested'?"),
        ({"answer": None}, "The answer is missing; one of given, suggested, both, neither, other"),
        (
            {"said": "neutral"},
            "said 'neutral', but the answer is 'given': a word of their own goes",
        ),
        ({"answer": "other", "said": "x" * 61}, "not printable, or longer than 60 characters"),
        ({"reviewer": " "}, "The reviewer's name is missing"),
        ({"reviewer": "a" * 61}, "longer than 60 characters"),
        ({"time": "yesterday"}, "The time 'yesterday' is not ISO 8601"),
        ({"first": "both"}, "There is no first label 'both'. Known: given, suggested."),
        ({"kind": "human"}, "There is no kind of vote 'human'"),
    ],
)
def test_a_vote_that_cannot_be_taken_is_told_and_the_others_go_in(audit, vote, reason):
    good = {"id": "0", "reviewer": "ann", "answer": "given"}
    result = audit.add_votes([good, {"id": "1", **good, **vote, "where": "votes.csv, line 3"}])
    assert result.added == 1
    (refused,) = result.refused
    assert refused.startswith("votes.csv, line 3: ")
    assert reason in refused
    assert reason in repr(result)
    with pytest.raises(VoteError, match=r"None of the 1 votes .* The first: votes\[0\]"):
        audit.add_votes([good | vote])


def test_many_unknown_ids_are_refused_quickly(tmp_path):
    labels, probs = (
        np.tile(part, (700, *[1] * (part.ndim - 1))[: part.ndim]) for part in small_set()
    )
    labels = labels.ravel()
    audit = Audit.create(tmp_path / "a", labels=labels, probs=probs)
    audit.find()
    audit.plan(budget=1)
    votes = [{"id": f"x{i}", "reviewer": "ann", "answer": "given"} for i in range(5000)]
    began = time.perf_counter()
    with pytest.raises(VoteError, match="None of the 5,000 votes can be taken"):
        audit.add_votes(votes)
    assert time.perf_counter() - began < 30  # a search for near names each would take an hour


def test_an_unknown_kind_of_votes_is_refused(audit):
    with pytest.raises(NameUnknownError, match=r"no kind of vote 'simulatd'\. Did you mean"):
        audit.add_votes([], kind="simulatd")


def test_a_note_says_of_how_many_votes_it_is_where_not_of_all(audit):
    for reviewer, note in (("x", "a spreadsheet"), ("y", "Mechanical Turk"), ("z", "")):
        votes = [{"id": str(one), "reviewer": reviewer, "answer": "given"} for one in (1, 2)]
        audit.add_votes(votes, note=note)
    assert audit.notices == ("6 of 6 votes were imported (2: Mechanical Turk; 2: a spreadsheet).",)


def test_simulated_and_imported_votes_are_said_on_every_output(tmp_path, audit):
    assert audit.notices == ()
    audit.vote("ann", 0, "suggested", first="given", key="1")
    assert audit.notices == ()
    say(audit, {0: "ss", 1: "ss"}, kind="simulated", note="slip rate 3 %")
    audit.add_votes([{"id": "1", "reviewer": "x", "answer": "given"}], note="a spreadsheet")
    notices = (
        "1 of 6 votes were imported (a spreadsheet).",
        "4 of 6 votes are simulated (slip rate 3 %).",
    )
    assert audit.notices == notices
    release = audit.release(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    readme = (tmp_path / "out" / "README.md").read_text()
    assert tuple(manifest["notices"]) == notices == audit.verdicts().notices == release.notices
    for notice in notices:
        assert notice in repr(audit.verdicts())
        assert notice in repr(release)
        assert notice in readme


# ---------------------------------------------------------------- review


def test_a_task_is_the_next_question_in_the_order_of_the_plan(audit):
    task = audit.task("ann")
    found = audit.find()
    assert task.example == found.indices[0]
    assert (task.id, task.given) == (str(task.example), audit.labels[task.example])
    assert task.suggested == found.suggested[0]
    assert (audit.progress("ann").answered, audit.progress("ann").total) == (0, 8)
    assert audit.task("ann") == task == audit.task_for("ann", task.example)
    assert audit.task("ann", besides=task.example).example == found.indices[1]


def test_an_answered_example_is_never_offered_again(audit):
    seen = []
    while (task := audit.task("ann")) is not None:
        assert audit.vote("ann", task.example, "given", first=task.first, key=f"k{len(seen)}")
        assert audit.progress("ann").answered == len(seen) + 1
        seen.append(task.example)
    assert sorted(seen) == list(range(8))
    assert audit.progress("ann") == Progress(answered=8, total=8, skipped=0)
    assert audit.progress("bob").answered == 0


def test_a_candidate_with_enough_votes_is_offered_to_nobody(audit):
    say(audit, dict.fromkeys(range(8), "ggg"))
    assert audit.task("ann") is None
    assert audit.progress("ann").total == 0
    assert audit.task("reviewer 0") is None
    assert audit.progress("reviewer 0").answered == 8


def test_a_vote_too_many_is_not_taken_until_another_is_taken_back(audit):
    for name, answer in (("ann", "suggested"), ("bob", "suggested"), ("cid", "given")):
        assert audit.vote(name, 0, answer, first="given", key="1")
    assert not audit.vote("dan", 0, "given", first="given", key="1")
    assert audit.verdicts().names == ("correctable",)
    audit.undo("cid")
    assert audit.vote("dan", 0, "given", first="given", key="1")
    assert not audit.vote("cid", 0, "given", first="given", key="2")


def test_processes_that_race_for_the_last_vote_never_bring_too_many(tmp_path):
    planned_audit(tmp_path / "a", votes=2, threshold=2).close()
    program = """
        import sys
        from errata.audit import Audit

        audit = Audit.open(sys.argv[1])
        print("ready", flush=True)
        sys.stdin.readline()
        taken = 0
        for example in range(8):
            taken += audit.vote(sys.argv[2], example, "given", first="given", key=str(example))
        print(taken)
    """
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "a"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("ann", "bob", "cid", "dan")
    ]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    taken = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    assert sum(taken) == 16
    votes = [vote.example for vote in Audit.open(tmp_path / "a").votes()]
    assert sorted(votes) == sorted([*range(8), *range(8)])


def test_a_vote_counts_once_however_often_it_is_sent(audit):
    assert audit.vote("ann", 0, "given", first="given", key="a")
    assert not audit.vote("ann", 0, "given", first="given", key="a")
    assert not audit.vote("ann", 0, "both", first="given", key="b")
    assert not audit.vote("ann", 1, "given", first="given", key="a")
    assert [(vote.reviewer, vote.answer) for vote in audit.votes()] == [("ann", "given")]
    assert audit.vote("bob", 1, "given", first="given", key="a"), "bob's keys are bob's own"


def test_what_is_taken_back_comes_next_and_stays_in_the_story(audit):
    first = audit.task("ann")
    audit.vote("ann", first.example, "given", first=first.first, key="a")
    second = audit.task("ann")
    audit.vote("ann", second.example, "given", first=second.first, key="b")
    assert audit.undo("ann") == second.example
    assert audit.undo("ann") == first.example
    assert audit.undo("ann") is None
    assert audit.task("ann").example == first.example
    assert not audit.vote("ann", first.example, "both", first=first.first, key="a"), "an old page"
    assert audit.vote("ann", first.example, "both", first=first.first, key="c")
    assert audit.task("ann").example == second.example
    story = audit.why(first.example)
    assert [(v["answer"], v["withdrawn"]) for v in story.votes] == [
        ("given", True),
        ("both", False),
    ]
    assert "ann: given (person, " in repr(story)
    assert ", withdrawn)" in repr(story)


def test_what_is_skipped_comes_last(audit):
    order = [audit.task("ann").example]
    audit.skip("ann", order[0])
    assert audit.progress("ann").skipped == 1
    while len(order) < 8:
        task = audit.task("ann")
        assert task.example not in order
        audit.vote("ann", task.example, "given", first=task.first, key=str(task.example))
        order.append(task.example)
    assert audit.task("ann").example == order[0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("ann", 40, "given", "given", "k"), VoteError, "The example '40' is in no plan"),
        (("ann", 99, "given", "given", "k"), NameUnknownError, "no example number 99"),
        (("ann", 0, "gven", "given", "k"), NameUnknownError, "no answer 'gven'. Did you mean 'giv"),
        (("ann", 0, "given", "both", "k"), NameUnknownError, "no side 'both'"),
        (("  ", 0, "given", "given", "k"), VoteError, "The reviewer's name is missing"),
        (("a\x00b", 0, "given", "given", "k"), VoteError, "not printable"),
        (("ann", 0, "given", "given", ""), VoteError, "The key is empty"),
    ],
)
def test_a_vote_from_the_page_is_checked(audit, arguments, error, message):
    reviewer, example, answer, first, key = arguments
    with pytest.raises(error, match=message):
        audit.vote(reviewer, example, answer, first=first, key=key)
    assert audit.votes() == []


def test_skipping_what_nobody_asked_about_is_refused(audit):
    with pytest.raises(VoteError, match="'40' is in no plan"):
        audit.skip("ann", 40)
    with pytest.raises(VoteError, match="'40' is in no plan"):
        audit.task_for("ann", 40)


def test_nobody_votes_under_a_simulated_name(audit):
    say(audit, {0: "s"}, kind="simulated")
    with pytest.raises(VoteError, match="'reviewer 0' is simulated"):
        audit.vote("reviewer 0", 1, "given", first="given", key="k")


@given(names=st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=3))
def test_the_order_shown_is_the_same_at_every_asking(template, names):
    again = Audit.open(template.path)
    for name in names:
        for example in range(3):
            assert template._first(name, example) == again._first(name, example)
    again.close()


def test_the_order_shown_is_a_fair_coin(template):
    draws = np.array(
        [
            [template._first(f"reviewer {name}", example) == "given" for example in range(100)]
            for name in range(100)
        ]
    )
    # of 100 tosses, 20 or 80 is six standard deviations off
    assert 0.48 < draws.mean() < 0.52
    assert 20 < draws.sum(axis=0).min() <= draws.sum(axis=0).max() < 80
    assert 20 < draws.sum(axis=1).min() <= draws.sum(axis=1).max() < 80
    assert len(np.unique(draws, axis=0)) == 100, "reviewers see different orders"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return planned_audit(tmp_path_factory.mktemp("template") / "a")


def test_exemplars_are_sure_examples_that_nobody_doubts(audit):
    found = audit.find()
    for label in range(3):
        shown = audit.exemplars(label, count=5)
        members = np.flatnonzero(audit.labels == label)
        fit = [i for i in members if i not in found.indices]
        assert shown == sorted(fit, key=lambda i: (-found.self_confidence[i], i))[:5]
        assert audit.exemplars(label, count=4, exclude=shown[:1]) == shown[1:]
    assert audit.exemplars(0, count=1000) == [
        *audit.exemplars(0, count=5),
        *audit.exemplars(0, count=1000)[5:],
    ]


def test_what_was_flagged_before_is_no_exemplar_now(tmp_path):
    audit = small_audit(tmp_path / "a")
    early = audit.find(rule="argmax").indices.tolist()
    late = audit.find(rule="confident").indices.tolist()
    shown = [example for label in range(3) for example in audit.exemplars(label, count=100)]
    assert not set(shown) & {*early, *late}


def test_examples_are_shown_again_after_opening(tmp_path):
    media = Texts([f"text {i}" for i in range(60)])
    audit = small_audit(tmp_path / "a", media=media)
    assert audit.show(3) == Text("text 3")
    assert Audit.open(tmp_path / "a").show(59) == Text("text 59")
    with pytest.raises(NameUnknownError, match="no example number 60; they run from 0 to 59"):
        audit.show(60)
    assert small_audit(tmp_path / "b").show(0) is None


# ---------------------------------------------------------------- SIGKILL


def test_no_acknowledged_vote_is_lost_or_doubled_by_sigkill(tmp_path):
    labels, probs = small_set(n=6000, wrong=1200)  # more than a fast machine answers in five turns
    path = tmp_path / "a"
    audit = small_audit(path, labels=labels, probs=probs)
    audit.find()
    audit.plan(votes=9, threshold=5)
    program = """
        import sys
        from errata.audit import Audit

        audit = Audit.open(sys.argv[1])
        for _ in range(10_000):
            task = audit.task(sys.argv[2])
            key = f"{sys.argv[2]} {task.example} {sys.argv[3]}"
            assert audit.vote(sys.argv[2], task.example, "given", first=task.first, key=key)
            print(task.example, flush=True)
    """
    acknowledged = []
    for turn in range(5):
        runner = killed_at(program, str(path), "ann", str(turn))
        with runner as process:
            acknowledged += [int(process.stdout.readline()) for _ in range(3 + 4 * turn)]
            time.sleep(0.01 * turn)
        acknowledged += [int(line) for line in runner.rest.split("\n")[:-1]]
        stored = [vote.example for vote in Audit.open(path).votes()]
        assert len(stored) == len(set(stored)), "a vote is there twice"
        assert stored[: len(acknowledged)] == acknowledged, "an acknowledged vote is lost"
        # the last vote may have been stored without a word before the kill; it counts, once
        assert len(stored) - len(acknowledged) in (0, 1)
        acknowledged = stored
    assert len(acknowledged) >= 55


# ---------------------------------------------------------------- compare, report, why


def test_compare_counts_on_corrected_labels_and_keeps_the_predictions(tmp_path, audit):
    say(audit, {0: "ss", 1: "nn"})
    truth = np.arange(60) % 3
    predictions = {"copycat": np.asarray(audit.labels), "clever": truth}
    comparison = audit.compare(predictions)
    assert comparison.sizes == {"D": 60, "P": 59, "B": 58, "C": 1, "U": 1}
    assert comparison["clever"].score("corrected", "C").hits == 1
    assert comparison["copycat"].score("corrected", "C").hits == 0
    np.savez(tmp_path / "p.npz", **predictions)
    assert audit.compare(tmp_path / "p.npz").to_dict() == comparison.to_dict()
    assert len(list((audit.path / "predictions").iterdir())) == 1, "the same predictions, once"


def test_why_tells_everything_of_a_candidate(tmp_path, audit):
    audit.vote("ann", 0, "suggested", first="given", key="a")
    say(audit, {0: "s"})
    audit.release(tmp_path / "out")
    story = audit.why("0")
    given_, suggested = CLASSES[1], CLASSES[0]
    plain = story.to_dict()
    json.dumps(plain, allow_nan=False)
    assert (plain["given"], plain["found"][0]["suggested"]) == (given_, suggested)
    assert plain["plan"] | {"position": 0} == {
        "plan": 1,
        "goal": "errors",
        "votes": 3,
        "threshold": 2,
        "position": 0,
        "probability": 1.0,
        "suggested": suggested,
    }
    assert [vote["reviewer"] for vote in plain["votes"]] == ["ann", "reviewer 0"]
    assert plain["votes"][0]["first"] == "given"
    assert plain["verdict"] == "correctable"
    assert plain["releases"][0]["label"] == suggested
    text = repr(story)
    for part in (
        "0 (number 0 of 0 to 59)",
        f"{given_} (1)",
        "of 8 by rule 'margin', normalized_margin -0.",
        f"suggested {suggested} (0) by probs.npy",
        "flagged by margin, ",
        f"thresholds: {given_} 0.",
        "sampling probability 1, 3 votes wanted, 2 decide",
        "ann: suggested (person, ",
        "given shown first",
        "reviewer 0: suggested (imported)",
        "correctable, at 2 votes for one answer",
        f"correctable, -> {suggested}",
    ):
        assert part in text
    assert {row["about"] for row in story.rows()} >= {"given", "found", "votes", "releases"}


def test_why_tells_of_an_example_that_nobody_doubts(tmp_path, audit):
    say(audit, {0: "ss"})
    audit.release(tmp_path / "out")
    story = audit.why("40")
    assert (story.found, story.plan, story.votes, story.verdict) == ((), None, (), None)
    assert story.releases[0]["label"] == story.given
    for part in ("none of 1 runs", "nobody is asked about it", "not reviewed, kept as given"):
        assert part in repr(story)


@pytest.mark.parametrize(
    ("votes", "told"),
    [
        ("gg", "non_error, kept as given"),
        ("bb", "multi_label, left out"),
        ("nn", "neither, left out"),
        ("gsn", "non_agreement, left out"),
    ],
)
def test_why_says_of_labels_that_nobody_knows_that_a_release_leaves_them_out(
    tmp_path, audit, votes, told
):
    say(audit, {0: votes})
    release = audit.release(tmp_path / "out")
    story = audit.why("0")
    assert f"1.0.0 in {release.path}, {story.releases[0]['time']}: {told}" in repr(story)
    loaded = errata.load_release(release.path)
    label = int(loaded.labels[0]) if loaded.mask[0] else None
    assert story.releases[0]["label"] == label


def test_why_before_find_still_answers(tmp_path):
    story = small_audit(tmp_path / "a").why("7")
    assert (story.self_confidence, story.threshold) == (None, None)
    assert "`find` has not run" in repr(story)


def test_why_of_an_unknown_example_names_the_nearest(tmp_path):
    audit = small_audit(tmp_path / "a", ids=[f"pet-{i}" for i in range(60)])
    with pytest.raises(NameUnknownError, match=r"no example 'pet-5x'\. Did you mean 'pet-5"):
        audit.why("pet-5x")
    with pytest.raises(NameUnknownError, match="no example number 60"):
        audit.why(60)


def test_a_report_can_be_had_after_every_step(tmp_path):
    texts = Texts([f"This is text number {i}." for i in range(60)])
    audit = small_audit(tmp_path / "pets.audit", media=texts)
    pages = []

    def report():
        path = audit.report(tmp_path / f"{len(pages)}.html")
        pages.append(path.read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " "))
        return pages[-1]

    assert "pets" in report()
    worst = audit.find().indices[0]
    assert f"This is text number {worst}." in report()
    audit.plan(votes=1, threshold=1)
    report()
    say(audit, {0: "s", 1: "g"}, kind="simulated", note="slip rate 3 %")
    assert "2 of 2 votes are simulated (slip rate 3 %)." in report()
    assert "copycat" not in pages[-1]
    audit.compare({"copycat": np.asarray(audit.labels), "clever": np.arange(60) % 3})
    assert "copycat" in report()
    assert pages[-1] == report(), "the same audit gives the same bytes"


def test_a_report_names_the_run_that_chose_its_candidates(audit, tmp_path):
    audit.find(rule="argmax", score="self_confidence")
    page = audit.report(tmp_path / "report.html").read_text()
    assert "sent by rule margin" in page
    assert "argmax" not in page
    assert "self_confidence" not in page


def test_what_is_no_input_at_all_gets_a_sentence(tmp_path):
    planned_audit(tmp_path / "a").close()
    program = """
        import sys
        import numpy as np
        import errata

        audit = errata.Audit.open(sys.argv[1])
        labels, probs = np.arange(3), np.eye(3)
        for attempt in (
            lambda: audit.add_votes(None),
            lambda: audit.add_votes([1, 2]),
            lambda: audit.why(None),
            lambda: errata.Audit.create("new", labels=labels, probs=probs, classes=3),
            lambda: errata.Audit.create("new", labels=labels, probs=probs, name=7),
        ):
            try:
                attempt()
            except errata.InputError as error:
                print(error)
    """  # a process of its own, where no type is checked at the door of a function
    words = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "a")]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    for line, message in zip(
        said.splitlines(),
        (
            "A list of votes, or the path of a vote file, was expected, not None",
            "None of the 2 votes can be taken. The first: votes[0]: An object with id",
            "An example is named by its id or its row number, not by None",
            "Class names come as a list, one for each column, not 3",
            "The name of the audit is 7, of type int; a text was expected",
        ),
        strict=True,
    ):
        assert message in line


def test_a_report_leaves_out_a_picture_that_is_gone(tmp_path):
    picture = tmp_path / "p.png"
    picture.write_bytes(small_picture())
    audit = planned_audit(tmp_path / "a", media=Images(files=[picture] * 60))
    assert "data:image/png" in audit.report(tmp_path / "1.html").read_text()
    picture.unlink()
    assert "data:image/png" not in audit.report(tmp_path / "2.html").read_text()


def small_picture():
    return Images(np.arange(16, dtype=np.uint8).reshape(1, 4, 4)).show(0).data


# ---------------------------------------------------------------- published data


@pytest.fixture(scope="module")
def cifar10(data, tmp_path_factory):
    """Return the published CIFAR-10 audit: labels, probabilities, pictures, votes."""
    names = json.loads((data / "label_errors" / "label_names.json").read_text())
    raw = data / "raw" / "cifar10"
    audit = Audit.create(
        tmp_path_factory.mktemp("cifar10") / "cifar10.audit",
        labels=data / "label_errors" / "labels" / "cifar10_test_set_original_labels.npy",
        probs=data / "label_errors" / "pred_probs" / "cifar10_test_set_pyx.npy",
        classes=names["cifar10"],
        media=Images(
            files=json.loads((raw / "cifar10_test_index_to_file.json").read_text()),
            archive=raw / "cifar10_test_jpeg.zip",
        ),
    )
    audit.find()
    audit.plan()
    published = json.loads((data / "label_errors" / "mturk" / "cifar10_mturk.json").read_text())
    for item in published:
        answers = [
            {"guessed": "suggested"}.get(answer, answer)
            for answer, count in item["mturk"].items()
            for _ in range(count)
        ]
        votes = [
            {"id": item["id"], "reviewer": f"worker {place}", "answer": answer}
            for place, answer in enumerate(answers)
        ]
        assert audit.add_votes(votes, note="published").added == 5
    return audit


def test_the_published_audit_comes_to_the_published_verdicts(cifar10):
    verdicts = cifar10.verdicts()
    assert verdicts.counts == {
        "non_error": 221,
        "correctable": 18,
        "multi_label": 0,
        "neither": 4,
        "non_agreement": 32,
    }
    assert (verdicts.open, verdicts.unreviewed) == (0, 0)


def test_the_published_release_has_18_corrections_and_9964_examples(cifar10, tmp_path):
    release = cifar10.release(tmp_path / "out")
    assert {name: release.counts[name] for name in "DBUPC"} == {
        "D": 10_000,
        "B": 9_946,
        "U": 36,
        "P": 9_964,
        "C": 18,
    }
    assert "| 2405 | cat | frog | 5 of 5 |" in (tmp_path / "out" / "README.md").read_text()


def test_the_published_pictures_are_shown(cifar10):
    picture = cifar10.show(2405)
    assert (picture.mime, picture.width, picture.height) == ("image/jpeg", 32, 32)


def test_the_published_models_can_be_compared(cifar10, data):
    comparison = cifar10.compare(data / "models" / "cifar10" / "pytorch_cifar10_top5.npz")
    assert len(comparison.models) == 13
    assert comparison.sizes["C"] == 18
