"""Reports of mistakes come back into the audit, and lead to what the next release says."""

import json

import pytest

import errata
from audits import candidates, cast, planned_audit, planned_rows, small_audit
from errata import InputError
from errata.reported import as_markdown
from helpers import run_errata


def vote_all(audit, example, answer, votes=3):
    for number in range(votes):
        audit.vote(f"r{number}", example, answer, first="given", key=str(example))


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "audit", votes=3, threshold=2)


def unasked(audit):
    """Return the examples that nobody is asked about."""
    asked = {row["example"] for row in planned_rows(audit)}
    return [example for example in range(audit.n) if example not in asked]


def other(audit, example):
    return (int(audit.labels[example]) + 1) % 3


def test_the_whole_way_from_a_report_to_the_next_release(tmp_path, audit):
    example = unasked(audit)[4]
    for one in candidates(audit):
        vote_all(audit, one, "given")
    first = audit.release(tmp_path / "1")
    label = audit.classes[other(audit, example)]
    added = audit.add_reports([{"id": str(example), "label": label, "version": first.version}])
    assert (added.added, added.candidates, added.to_decide) == (1, 1, 0)
    assert audit.reports()[0].state == "waiting"
    assert audit.plan().added == 1
    (row,) = [row for row in planned_rows(audit) if row["example"] == example]
    assert row["suggested"] == other(audit, example)
    assert audit.reports()[0].state == "asked"
    vote_all(audit, example, "suggested")
    (report,) = audit.reports()
    assert (report.state, report.verdict, report.as_reported) == ("settled", "correctable", True)
    assert report.outcome == f"corrected to {label}, as reported"
    second = audit.release(tmp_path / "2")
    assert second.counts["correctable"] == first.counts["correctable"] + 1
    story = " ".join(repr(audit.why(example)).split())
    assert "by reports" in story
    assert f"reported {label} in version {first.version}, reports[0]" in story


def test_the_same_report_again_changes_nothing(audit):
    rows = [{"id": str(example), "label": other(audit, example)} for example in unasked(audit)[:3]]
    audit.add_reports(rows)
    before = audit.why(unasked(audit)[0])
    again = audit.add_reports(rows, rows[:1])
    assert (again.added, again.already_there, again.candidates) == (0, 4, 3)
    assert audit.why(unasked(audit)[0]).found == before.found, "no second run"


def test_what_was_reported_before_is_planned_with_what_is_reported_now(audit):
    few = unasked(audit)[:4]
    for example in few[:2]:
        audit.add_reports([{"index": example, "label": other(audit, example)}])
    audit.add_reports([{"index": few[2], "label": other(audit, few[2])}] * 2)
    assert audit.plan().added == 3
    audit.add_reports([{"index": few[3], "label": other(audit, few[3])}])
    assert audit.plan().added == 1


def test_the_label_that_most_reports_name_is_asked_about(audit):
    example = unasked(audit)[0]
    most = (int(audit.labels[example]) + 2) % 3
    about = [(other(audit, example), "a"), (most, "b"), (most, "c")]
    audit.add_reports([{"index": example, "label": one, "reason": why} for one, why in about])
    audit.plan()
    assert planned_rows(audit)[-1]["suggested"] == most


def test_another_run_of_find_in_between_loses_no_report(audit):
    rows = [{"index": unasked(audit)[0], "label": other(audit, unasked(audit)[0])}]
    audit.add_reports(rows)
    audit.find()
    assert audit.plan().added == 0
    audit.add_reports(rows)
    assert audit.plan().added == 1


def test_what_was_decided_before_waits_for_a_maintainer_who_settles_it(audit):
    example, quiet = candidates(audit)[:2]
    for one in (example, quiet):
        vote_all(audit, one, "given")
    name = audit.classes[planned_rows(audit)[0]["suggested"]]
    audit.add_reports([{"index": example, "label": name, "reason": why} for why in ("a", "b")])
    assert [one.state for one in audit.reports()] == ["to decide"] * 2
    (waits,) = audit.unsettled()
    assert (waits.example, waits.why) == (example, f"reported as {name} (2×)")
    assert audit.outlook().unsettled == (waits,)
    audit.adjudicate(example, "suggested", reason="they are right", by="Max")
    assert audit.unsettled() == ()
    assert [one.outcome for one in audit.reports()] == [f"corrected to {name}, as reported"] * 2
    audit.undo_adjudication(example, by="Max")
    assert [one.example for one in audit.unsettled()] == [example]
    audit.adjudicate(example, "given", reason="I looked again", by="Max")
    assert audit.unsettled() == ()
    assert {one.outcome for one in audit.reports()} == {"the given label stays"}


def test_what_a_maintainer_decided_is_looked_at_again_where_it_is_reported(audit):
    example = candidates(audit)[0]
    vote_all(audit, example, "given")
    audit.adjudicate(example, "neither", reason="no animal", by="Max")
    audit.add_reports([{"index": example}])
    (one,) = audit.reports()
    assert one.outcome == (
        "decided before the report came (neither label is right); a maintainer is to look again"
    )
    assert [one.why for one in audit.unsettled()] == ["reported to be wrong"]
    audit.adjudicate(example, "both", reason="a cat and a dog", by="Max")
    assert audit.unsettled() == ()
    assert audit.reports()[0].as_reported


def test_a_report_while_reviewers_are_asked_is_answered_by_their_votes(audit):
    example = candidates(audit)[0]
    audit.add_reports([{"index": example}])
    cast(audit, example, "s")
    assert audit.reports()[0].state == "asked"
    cast(audit, example, "sss")
    (one,) = audit.reports()
    assert (one.state, one.as_reported) == ("settled", True)


def test_a_report_without_a_label_waits_until_somebody_names_one(audit):
    example = unasked(audit)[0]
    assert audit.add_reports([{"index": example, "reason": "a horse"}]).candidates == 0
    assert audit.reports()[0].state == "no label"
    audit.add_candidates([{"index": example, "suggested": other(audit, example)}], flagger="Max")
    audit.plan()
    assert audit.reports()[0].state == "asked"


def test_reports_of_sets_of_labels(tmp_path):
    labels = [["cat"], ["cat", "dog"], ["fox"]]
    audit = errata.Audit.create(
        tmp_path / "sets", labels=labels, classes=["cat", "dog", "fox"], multilabel=True
    )
    audit.add_reports([{"index": 1, "label": ["dog"]}, {"index": 2, "label": []}])
    assert [one.label for one in audit.reports()] == [["dog"], []]
    audit.plan(votes=1, threshold=1)
    votes = ((1, "dog"), (2, "fox"))
    audit.add_votes([{"index": one, "reviewer": "ann", "labels": [label]} for one, label in votes])
    assert [(one.given, one.outcome) for one in audit.reports()] == [
        (["cat", "dog"], "corrected to dog, as reported"),
        (["fox"], "the given label stays"),
    ]
    audit.add_reports([{"index": 2, "label": ["cat"]}])
    assert [one.why for one in audit.unsettled()] == ["reported as cat"]


def test_what_reports_no_mistake_is_refused_and_the_rest_goes_in(audit):
    good, bad = unasked(audit)[:2]
    given = audit.classes[int(audit.labels[bad])]
    added = audit.add_reports(
        [
            {"index": bad, "label": given},
            {"id": "x"},
            {"index": good, "audit": "cars"},
            {"id": good},
        ]
    )
    assert added.added == 1
    assert [line.split(":")[0] for line in added.refused] == [f"reports[{n}]" for n in range(3)]
    assert "is what it is already, so it reports no mistake" in added.refused[0]
    with pytest.raises(InputError, match="None of the 1 reports can be taken. The first: reports"):
        audit.add_reports([{"id": "x"}])
    with pytest.raises(InputError, match="There is no report of a mistake to add"):
        audit.add_reports([{"body": "Thanks!"}])


@pytest.mark.parametrize(
    ("voted", "threshold", "outcome"),
    [
        # two of three settle it here, where the release asks for all three
        ("ggs", 3, " (the reviewers differ)"),
        ("gg", 3, ", but votes are lacking for this release"),
        ("ggg", 3, " (the given label stays)"),
    ],
)
def test_a_release_at_another_threshold_settles_no_report(
    tmp_path, audit, voted, threshold, outcome
):
    example = candidates(audit)[0]
    cast(audit, example, voted)
    audit.add_reports([{"index": example, "label": planned_rows(audit)[0]["suggested"]}])
    assert audit.reports()[0].state == "to decide"
    told = (audit.release(tmp_path / "out", threshold=threshold).path / "CHANGES.md").read_text()
    assert "1 report so far, of which 0 settled." in told
    assert f"decided before the report came{outcome}; a maintainer is to look again" in told


def test_what_became_of_reports_is_told_without_anybody_s_words(audit):
    example = candidates(audit)[0]
    name = audit.classes[planned_rows(audit)[0]["suggested"]]
    audit.add_reports([{"index": example, "label": name, "reason": "I, Bob, saw it"}])
    audit.add_reports([{"index": unasked(audit)[0], "version": "1|0"}])
    vote_all(audit, example, "suggested")
    given, second = (audit.classes[int(audit.labels[one])] for one in (example, unasked(audit)[0]))
    told = as_markdown([one.published() for one in audit.reports()])
    assert told.splitlines()[-2:] == [
        f"| {example} | {given} | {name} |  | corrected to {name}, as reported |",
        f"| {unasked(audit)[0]} | {second} | not said | 1\\|0 | {audit.reports()[1].outcome} |",
    ]
    assert "2 reports so far, of which 1 settled." in told
    assert "Bob" not in told


@pytest.mark.parametrize("multilabel", [False, True])
def test_a_release_tells_what_became_of_reports_by_its_own_verdicts(tmp_path, multilabel):
    labels = [["cat"], ["dog"]] if multilabel else ["cat", "dog"]
    audit = errata.Audit.create(
        tmp_path / "a", labels=labels, classes=["cat", "dog"], multilabel=multilabel
    )
    other = ["cat"] if multilabel else "cat"
    audit.add_reports([{"index": 1, "label": other, "reason": "I, Bob, saw it"}])
    audit.plan(votes=3, threshold=2)
    answer = {"labels": ["cat"]} if multilabel else {"answer": "suggested"}
    audit.add_votes([{"index": 1, "reviewer": name, **answer} for name in ("ann", "ben")])
    audit.add_votes(
        [
            {"index": 1, "reviewer": "cid"}
            | ({"labels": ["dog"]} if multilabel else {"answer": "given"})
        ]
    )
    audit.release(tmp_path / "1")
    audit.release(tmp_path / "2", threshold=3)
    by_two, by_three = ((tmp_path / one / "CHANGES.md").read_text() for one in "12")
    assert "corrected to cat, as reported" in by_two
    assert "## Reported mistakes" in by_three
    assert "as reported" not in by_three
    assert "Bob" not in by_two


def test_the_commands(tmp_path):
    audit = small_audit(tmp_path / "audit")
    line = {"errata_report": 1, "audit": "audit", "id": "9", "label": audit.classes[1]}
    (tmp_path / "a.txt").write_text(f"Hello\n{json.dumps(line)}\n")
    (tmp_path / "b.txt").write_text("Hello\n")
    out = run_errata("reports", "list", audit.path)
    assert (out.stdout, out.stderr) == ("", "Nobody has reported a mistake.\n")
    out = run_errata("reports", "import", audit.path, tmp_path / "a.txt", tmp_path / "b.txt")
    assert out.returncode == 0, out.stderr
    assert "Left out: b.txt: there is no report in it" in out.stderr
    assert f"Next: errata plan {audit.path}" in out.stderr
    listed = json.loads(run_errata("reports", "list", audit.path, "--format", "json").stdout)
    assert [(one["id"], one["state"], one["source"]) for one in listed] == [
        ("9", "waiting", "a.txt")
    ]
    (tmp_path / "c.csv").write_text("id,label\n10,cow\n12,dog\n")
    out = run_errata("reports", "import", audit.path, tmp_path / "c.csv")
    assert out.returncode == 2
    assert "1 report refused, the others are in:\nc.csv, line 2: There is no" in out.stderr
    out = run_errata("reports", "import", audit.path, tmp_path / "gone.mbox")
    assert (out.returncode, "gone.mbox does not exist" in out.stderr) == (2, True)
    assert "Traceback" not in out.stderr
