"""What other tools write when people have answered: each in its own words, from what it was given.

Nothing here knows errata. A tool gets the folder of exported tasks and what people chose, and
writes the file that its users would download.
"""

import csv
import html
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

Choice = str | list[str]
"""A, B, both or neither; or the labels that are ticked."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What one person answered to one task, which is named by the row of its example."""

    row: int
    person: int
    choice: Choice


@dataclass(frozen=True, kw_only=True)
class Tool:
    """How a tool is asked, and how it answers.

    Attributes
    ----------
    tasks, votes : what errata calls its tasks, and its answers
    answer : writes what people answered; returns the file
    name : what a person is called when the file is read
    place : where the answer of that number (from 0) stands in the file
    """

    tasks: str
    votes: str
    answer: Callable[[Path, Sequence[Given]], Path]
    name: Callable[[int], str]
    place: Callable[[Sequence[Given], int], str]


TIME = "2026-03-09T22:16:08.728353Z"


# ---------------------------------------------------------------- Label Studio


def label_studio(folder: Path, given: Sequence[Given]) -> Path:
    tasks = json.loads((folder / "tasks.json").read_text())
    choices = ET.fromstring((folder / "config.xml").read_text()).find("Choices")
    assert choices is not None
    exported = []
    for number, (task, answers) in enumerate(grouped(tasks, given, _data), 1):
        options = [choice.get("value") for choice in choices]
        if choices.get("value"):
            options += [one["value"] for one in task["data"][choices.get("value", "")[1:]]]
        annotations = [
            {
                "id": 1000 + place,
                "completed_by": answer.person,
                "result": [
                    {
                        "value": {"choices": listed(answer.choice)},
                        "id": uuid.uuid4().hex[:10],
                        "from_name": choices.get("name"),
                        "to_name": choices.get("toName"),
                        "type": "choices",
                        "origin": "manual",
                    }
                ],
                "was_cancelled": False,
                "ground_truth": False,
                "created_at": TIME,
                "updated_at": TIME,
                "draft_created_at": None,
                "lead_time": 4.288,
                "prediction": {},
                "result_count": 1,
                "task": number,
                "project": 83,
            }
            for place, answer in enumerate(answers)
        ]
        assert all(
            set(part["result"][0]["value"]["choices"]) <= {*options, "?"} for part in annotations
        )
        exported.append(
            {
                "id": number,
                "annotations": annotations,
                "file_upload": "tasks.json",
                "drafts": [],
                "predictions": [],
                "data": task["data"],
                "meta": {},
                "created_at": TIME,
                "inner_id": number,
                "total_annotations": len(annotations),
            }
        )
    return dumped(folder / "project-83.json", exported)


def _data(task: dict[str, Any]) -> dict[str, Any]:
    return dict(task["data"])


# ---------------------------------------------------------------- Argilla


def user(person: int) -> str:
    return str(uuid.UUID(int=person))


def argilla(folder: Path, given: Sequence[Given]) -> Path:
    records = json.loads((folder / "records.json").read_text())
    settings = json.loads((folder / "settings.json").read_text())
    (question,) = settings["questions"]
    values = [option["value"] for option in question["settings"]["options"]]
    several = question["settings"]["type"] == "multi_label_selection"
    fields = {field["name"] for field in settings["fields"]}
    assert question["name"] not in fields, "Argilla wants a name for each"
    exported = []
    for record, answers in grouped(records, given, _metadata):
        assert set(record["fields"]) == fields
        assert all(set(listed(one.choice)) <= {*values, "?"} for one in answers)
        flat = {"id": record["id"], "status": "completed", "_server_id": str(uuid.uuid4())}
        flat |= {**record["fields"], **record["metadata"]}
        name = f"{question['name']}.responses"
        flat[name] = [listed(one.choice) if several else one.choice for one in answers]
        flat[f"{name}.users"] = [user(one.person) for one in answers]
        flat[f"{name}.status"] = ["submitted"] * len(answers)
        exported.append(flat)
    return dumped(folder / "exported.json", exported)


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    return dict(record["metadata"])


# ---------------------------------------------------------------- Mechanical Turk

COLUMNS = [
    *("HITId", "HITTypeId", "Title", "Reward", "MaxAssignments", "RequesterAnnotation"),
    *("AssignmentId", "WorkerId", "AssignmentStatus", "AcceptTime", "SubmitTime"),
    *("ApprovalTime", "RejectionTime", "RequesterFeedback", "WorkTimeInSeconds"),
]


def worker(person: int) -> str:
    return f"A{person:X}WORKER"


def mturk_csv(folder: Path, given: Sequence[Given], *, blob: bool = False) -> Path:
    """Write the results of the website: the cells of the tasks as they are, and the form."""
    with (folder / "tasks.csv").open(encoding="utf-8", newline="") as file:
        tasks = list(csv.DictReader(file))
    field = fields_of(folder)
    path = folder / "Batch_1_batch_results.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        inputs = [f"Input.{name}" for name in tasks[0]]
        writer.writerow(
            [*COLUMNS, *inputs, f"Answer.{'taskAnswers' if blob else field}", "Approve", "Reject"]
        )
        for one in given:
            (task, _), *_ = grouped(tasks, [one], dict)
            row = dict.fromkeys(COLUMNS, "")
            row |= {"HITId": f"3H{one.row}", "AssignmentId": f"3A{one.row}{one.person}"}
            row |= {"RequesterAnnotation": "BatchId:1;OriginalHitTemplateId:9;"}
            row |= {"WorkerId": worker(one.person), "AssignmentStatus": "Approved"}
            row |= {"AcceptTime": "Tue Nov 10 09:20:58 PST 2020", "WorkTimeInSeconds": "14"}
            row |= {"SubmitTime": "Tue Nov 10 09:21:12 PST 2020"}
            sent = json.dumps(one.choice) if isinstance(one.choice, list) else one.choice
            if blob and isinstance(one.choice, str):
                ticked = {option: option == sent for option in ("A", "B", "both", "neither", "?")}
                sent = json.dumps([{field: ticked}])
            elif blob:
                sent = json.dumps([{field: sent}])
            writer.writerow([*row.values(), *task.values(), sent, "", ""])
    return path


def crowd_form(folder: Path, given: Sequence[Given]) -> Path:
    return mturk_csv(folder, given, blob=True)


def mturk_api(folder: Path, given: Sequence[Given]) -> Path:
    """Write replies of ListAssignmentsForHIT, a page a line."""
    path = folder / "assignments.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for one in given:
            page = {"NumResults": 1, "Assignments": [assignment(folder, one)]}
            file.write(json.dumps(page) + "\n")
    return path


def mturk_xml(folder: Path, given: Sequence[Given]) -> Path:
    """Write the reply of the first API, whose answers are XML inside of XML."""
    parts = []
    for one in given:
        fields = assignment(folder, one)
        inner = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items())
        parts.append(f"<Assignment>{inner}</Assignment>")
    path = folder / "assignments.xml"
    inside = "".join(parts)
    path.write_text(
        '<?xml version="1.0"?>\n<GetAssignmentsForHITResponse><GetAssignmentsForHITResult>'
        f"{inside}</GetAssignmentsForHITResult></GetAssignmentsForHITResponse>",
        encoding="utf-8",
    )
    return path


def assignment(folder: Path, one: Given) -> dict[str, str]:
    """Return what the API says of one answer; the hidden fields of the form are answers too."""
    with (folder / "tasks.csv").open(encoding="utf-8", newline="") as file:
        (task, _), *_ = grouped(list(csv.DictReader(file)), [one], dict)
    sent = json.dumps(one.choice) if isinstance(one.choice, list) else one.choice
    hidden = {name: html.unescape(task[name]) for name in ("index", "a", "b") if name in task}
    answers = "".join(
        f"<Answer><QuestionIdentifier>{name}</QuestionIdentifier>"
        f"<FreeText>{escape(value)}</FreeText></Answer>"
        for name, value in {**hidden, fields_of(folder): sent}.items()
    )
    schema = (
        "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/"
        "QuestionFormAnswers.xsd"
    )
    return {
        "AssignmentId": f"3A{one.row}{one.person}",
        "WorkerId": worker(one.person),
        "HITId": f"3H{one.row}",
        "AssignmentStatus": "Submitted",
        "SubmitTime": "2020-11-10T09:21:12-08:00",
        "Answer": f'<?xml version="1.0" encoding="UTF-8"?>\n<QuestionFormAnswers xmlns="{schema}">'
        f"{answers}</QuestionFormAnswers>",
    }


def fields_of(folder: Path) -> str:
    """Return the name of the field that the template asks people to fill in."""
    template = (folder / "template.html").read_text()
    return "labels" if 'name="labels"' in template else "verdict"


# ---------------------------------------------------------------- a spreadsheet


def sheet(folder: Path, given: Sequence[Given]) -> Path:
    """Fill in the table of tasks, a line for each answer."""
    with (folder / "tasks.csv").open(encoding="utf-8", newline="") as file:
        tasks = list(csv.DictReader(file))
    path = folder / "filled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(tasks[0]))
        writer.writeheader()
        for one in given:
            (task, _), *_ = grouped(tasks, [one], dict)
            column = "answer" if "answer" in task else "labels"
            ticked = [name for name in listed(one.choice) if name != "(none of these)"]
            sent = one.choice if isinstance(one.choice, str) else json.dumps(ticked)
            writer.writerow({**task, "reviewer": f"colleague {one.person}", column: sent})
        writer.writerow(tasks[0])  # not filled in
    return path


# ---------------------------------------------------------------- what they share


def grouped(
    tasks: Sequence[Any], given: Sequence[Given], data: Callable[[Any], Mapping[str, Any]]
) -> list[tuple[Any, list[Given]]]:
    """Return the tasks in their order with the answers to each; an unknown row is a copy."""
    of_row: dict[int, Any] = {int(data(task)["index"]): task for task in tasks}
    found: dict[int, list[Given]] = {}
    for one in given:
        found.setdefault(one.row, []).append(one)
    first = json.dumps(tasks[0])
    pairs = []
    for row, answers in found.items():
        task = of_row.get(row)
        if task is None:
            task = json.loads(first)
            inner = task.get("data") or task.get("metadata") or task
            inner["index"] = str(row)
        pairs.append((task, answers))
    return pairs


def listed(choice: Choice) -> list[str]:
    return [choice] if isinstance(choice, str) else choice


def dumped(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def _task_and_place(given: Sequence[Given], at: int) -> tuple[int, int]:
    """Return which task an answer is to, and which of its answers it is, from 1."""
    rows = list(dict.fromkeys(one.row for one in given))
    earlier = [one for one in given[: at + 1] if one.row == given[at].row]
    return rows.index(given[at].row) + 1, len(earlier)


def _annotation(given: Sequence[Given], at: int) -> str:
    task, place = _task_and_place(given, at)
    return f"project-83.json, task {task}, annotation {place}:"


TOOLS: dict[str, Tool] = {
    "label-studio": Tool(
        tasks="label-studio",
        votes="label-studio",
        answer=label_studio,
        name=lambda person: f"Label Studio user {person}",
        place=_annotation,
    ),
    "argilla": Tool(
        tasks="argilla",
        votes="argilla",
        answer=argilla,
        name=lambda person: f"Argilla user {user(person)}",
        place=lambda given, at: f"exported.json, record {_task_and_place(given, at)[0]}:",
    ),
    "mturk website": Tool(
        tasks="mturk-csv",
        votes="mturk",
        answer=mturk_csv,
        name=worker,
        place=lambda given, at: f"results.csv, line {at + 2}:",
    ),
    "mturk crowd-form": Tool(
        tasks="mturk-csv",
        votes="mturk",
        answer=crowd_form,
        name=worker,
        place=lambda given, at: f"results.csv, line {at + 2}:",
    ),
    "mturk API": Tool(
        tasks="mturk-csv",
        votes="mturk",
        answer=mturk_api,
        name=worker,
        place=lambda given, at: f"assignments.jsonl, line {at + 1}, assignment 1:",
    ),
    "mturk XML": Tool(
        tasks="mturk-csv",
        votes="mturk",
        answer=mturk_xml,
        name=worker,
        place=lambda given, at: f"assignments.xml, assignment {at + 1}:",
    ),
    "a spreadsheet": Tool(
        tasks="csv",
        votes="errata",
        answer=sheet,
        name=lambda person: f"colleague {person}",
        place=lambda given, at: f"filled.csv, line {at + 2}:",
    ),
}
