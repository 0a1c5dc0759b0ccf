"""Label Studio: which of its annotations are votes."""

import json

import pytest

from audits import planned_audit
from errata import VoteError
from label_sets import sounds


@pytest.fixture
def audit(tmp_path):
    return planned_audit(tmp_path / "audit")


def annotation(who, choice, when="2026-01-01T00:00:00Z", **more):
    choices = choice if isinstance(choice, list) else [choice]
    result = [{"from_name": "verdict", "to_name": "item", "type": "choices"}]
    result[0]["value"] = {"choices": choices}
    return {"completed_by": who, "result": result, "updated_at": when, **more}


def export(path, *tasks):
    path.write_text(json.dumps(list(tasks)))
    return path


def told(audit):
    return [(vote.id, vote.reviewer, vote.answer) for vote in audit.votes()]


def test_the_latest_annotation_of_each_annotator_counts_and_cancelled_ones_do_not(tmp_path, audit):
    path = export(
        tmp_path / "x.json",
        {
            "data": {"index": 0},
            "annotations": [
                annotation(1, "given", "2026-01-03T00:00:00Z"),
                annotation(1, "both", "2026-01-02T00:00:00Z"),
                annotation(2, "both", "2026-01-01T00:00:00Z", was_cancelled=True),
                annotation({"id": 3, "email": "ann@example.org"}, "neither", ground_truth=True),
            ],
            "predictions": [{"result": []}],
            "drafts": [{"result": []}, {"result": []}],
        },
        {"data": {"index": "0"}, "annotations": [annotation(1, "suggested", "2026-01-04T00:00Z")]},
    )
    added = audit.import_votes(path)
    assert told(audit) == [
        ("0", "ann@example.org", "neither"),
        ("0", "Label Studio user 1", "suggested"),
    ]
    assert added.left_out == (
        "1 annotation: cancelled by the annotator.",
        "2 annotations: the same annotator has a later one on it.",
        "2 drafts: not submitted.",
        "1 prediction: a model's, which has no vote.",
        "The mark of ground truth, on 1: each counts as the vote of its annotator.",
    )


def test_what_is_no_vote_is_told_by_its_place(tmp_path, audit):
    path = export(
        tmp_path / "x.json",
        {"data": {"picture": 1}, "annotations": [annotation(1, "given")]},
        {"data": {"index": 0}, "annotations": [annotation(1, ["given", "both"])]},
        {"data": {"index": 0}, "annotations": [annotation(1, []), annotation(None, "given")]},
        {"id": 7, "annotator": 1, "annotation_id": 3, "verdict": "given"},
        {"data": {"index": 0}, "annotations": [annotation(5, "given")]},
    )
    added = audit.import_votes(path)
    assert told(audit) == [("0", "Label Studio user 5", "given")]
    assert [line.split(":")[0] for line in added.refused] == [
        "x.json, task 1, annotation 1",
        "x.json, task 2, annotation 1",
        "x.json, task 3, annotation 1",
        "x.json, task 3, annotation 2",
        "x.json, task 4",
    ]
    text = "\n".join(added.refused)
    for why in (
        "The example is not named: the fields are picture",
        "There are 2 answers",
        "The answer is missing",
        "The reviewer's name is missing",
        "JSON-MIN does not say which annotations were cancelled",
    ):
        assert why in text


@pytest.mark.parametrize("name", ["predictions", "drafts"])
def test_what_is_no_list_where_one_belongs_refuses_its_task_alone(tmp_path, audit, name):
    tasks = [{"data": {"index": row}, "annotations": [annotation(1, "given")]} for row in (0, 1)]
    tasks[0][name] = 5
    tasks[1][name] = None
    added = audit.import_votes(export(tmp_path / "x.json", *tasks))
    assert told(audit) == [("1", "Label Studio user 1", "given")]
    (line,) = added.refused
    assert line.startswith(f"x.json, task 1: A list of {name} was expected, not 5.")


@pytest.mark.parametrize("index", ["9" * 5000, "²", "-1"])
def test_an_index_that_is_none_refuses_its_annotation_alone(tmp_path, audit, index):
    rows = [{"data": {"index": row}, "annotations": [annotation(1, "given")]} for row in (index, 1)]
    added = audit.import_votes(export(tmp_path / "x.json", *rows))
    assert told(audit) == [("1", "Label Studio user 1", "given")]
    (line,) = added.refused
    assert "x.json, task 1, annotation 1: Nobody was asked about an example with index" in line


def test_a_project_of_ones_own_is_read_by_its_names(tmp_path, audit):
    one = annotation(1, "yes")
    one["result"].append(
        {"from_name": "note", "type": "textarea", "value": {"text": ["a fine cat"]}}
    )
    path = export(tmp_path / "x.json", {"data": {"key": "0"}, "annotations": [one]})
    with pytest.raises(VoteError, match="--id-field"):
        audit.import_votes(path)
    with pytest.raises(VoteError, match="There is no answer 'yes'"):
        audit.import_votes(path, id_field="key")
    reading = {"id_field": "key", "answer_field": "verdict", "answers": {"yes": "given"}}
    assert audit.import_votes(path, **reading).added == 1


def test_where_no_label_applies_it_is_ticked_that_none_does(tmp_path):
    audit = sounds(tmp_path / "audit")
    row = audit.questions()[0].example

    def ticks(who, *labels):
        one = annotation(who, list(labels))
        one["result"][0]["from_name"] = "labels"
        return one

    path = export(
        tmp_path / "x.json",
        {
            "data": {"index": row},
            "annotations": [
                ticks(1, "(none of these)"),
                ticks(2, "dog", "dog"),
                ticks(3, "(none of these)", "dog"),
                ticks(4),
                ticks(5, "cow"),
                ticks(6, "(other)", "dog"),
            ],
        },
    )
    added = audit.import_votes(path)
    assert [vote.labels for vote in audit.votes()] == [(), ("dog",)]
    both, nothing, unknown, other = added.refused
    assert "annotation 3: '(none of these)' is ticked together with" in both
    assert "annotation 6: '(other)' is ticked together with" in other
    assert "annotation 4: Nothing is ticked. Where no label applies" in nothing
    assert "annotation 5: There is no class 'cow'" in unknown
