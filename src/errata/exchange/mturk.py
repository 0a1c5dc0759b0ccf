"""Mechanical Turk, which closed in 2026: its results are read, and its tasks written.

Results are a CSV from its website (``WorkerId``, ``Input.*``, ``Answer.*``), or what its API said:
assignments in JSON, or in the XML of before, with ``QuestionFormAnswers`` inside. Tools that took
its place read the same table of tasks and template, and write the same table of results.

An answer is what a stranger sent. XML is parsed by defusedxml, which refuses entities and document
types, so nothing is fetched and nothing blows up.
"""

import csv
import html
import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from errata.array_files import PathLike, read_text
from errata.errors import FileError, InputError, VoteError
from errata.exchange import rows
from errata.exchange.cells import in_html
from errata.exchange.questions import (
    AS_IT_IS,
    BLIND,
    ID_FIELDS,
    INDEX,
    NONE,
    OPTIONS,
    SEVERAL,
    VERDICT,
    Asked,
    Item,
    Question,
    Reading,
    VotesRead,
    answer_fields,
    as_list,
    counted,
)
from errata.exchange.rows import PROBLEM, Row, is_blank

FORM = rows.Form(
    one="assignment", many="assignments", needed=("WorkerId",), known=(), error=VoteError
)

ANSWER_FIELDS = (VERDICT, "labels", "answer", "label", "category", "category.label", "choice")
"""What the field of the answer is usually called, the likeliest first."""

ANNOTATION = "RequesterAnnotation"
BLOB = "taskAnswers"
"""The one answer of a crowd-form: all its fields, in JSON."""

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One worker's answers to one task, whichever file they came from.

    Attributes
    ----------
    where : its place in the file
    worker, status, time : who, whether it was rejected, and when it was submitted
    inputs : the columns of the task, without ``Input.``
    answers : the fields of the form, without ``Answer.``; a list where boxes were ticked
    """

    where: str
    worker: str
    status: str
    time: str | None
    inputs: Values
    answers: Values


def read(path: PathLike, asked: Asked, reading: Reading = AS_IT_IS) -> VotesRead:
    r"""Return the votes of a results file: ``.csv``, ``.json`` or ``.xml``.

    Parameters
    ----------
    path : the file
    asked : what the audit asks
    reading : which column, or field of the form, holds the id, and which the answer; without it,
        the ones that are called so (`ID_FIELDS`, `ANSWER_FIELDS`), or the only one, or the only
        one that holds ids of the audit

    Raises
    ------
    VoteError
        It cannot be told which column is which.
    FileError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "batch.csv")
    >>> _ = path.write_text("WorkerId,AssignmentStatus,Input.id,Answer.verdict\nA1,Rejected,17,A\n")
    >>> read(path, Asked([], lambda id_: VoteError(f"No example {id_!r}."))).left_out
    ('1 assignment: rejected by the requester.',)
    """
    path = Path(path)
    found, broken = _assignments(path)
    kept = [one for one in found if one.status.lower() != "rejected"]
    id_field = reading.id_field or _id_field(kept, asked, path.name)
    answer_field = reading.answer_field or _answer_field(kept, path.name)
    read_rows = [
        {"where": one.where, **_vote(one, asked, reading, id_field, answer_field)} for one in kept
    ]
    left_out = counted(
        len(found) - len(kept), "assignment", "assignments", "rejected by the requester"
    )
    if any("WorkTimeInSeconds" in one.inputs for one in kept):
        left_out += ("WorkTimeInSeconds: an audit keeps no working times.",)
    return VotesRead(rows=[*read_rows, *broken], left_out=left_out)


def _vote(one: Assignment, asked: Asked, reading: Reading, id_field: str, answer_field: str) -> Row:
    row: Row = {"reviewer": one.worker, "time": one.time}
    try:
        if PROBLEM in one.answers:
            raise VoteError(str(one.answers[PROBLEM]))
        question = asked.named(id_field, _known(one, id_field, asked))
        value = one.answers.get(answer_field)
        if question.multilabel:
            value = _names(value, question)
        shown = [_known(one, side, question.options) for side in ("a", "b")]
        told = [name for name in shown if name is not None]
        fields = answer_fields(
            question, value, shown=told if len(told) == 2 else None, answers=reading.answers
        )
    except InputError as error:
        return row | {PROBLEM: str(error)}
    return row | {"id": question.id, **fields}


def _known(one: Assignment, field: str, known: Container[str]) -> str | None:
    """Return what a task says, or its form, in the words of the audit where it has them."""
    value, forms = one.inputs.get(field), _in_cell
    if is_blank(value):
        value, forms = one.answers.get(field), _sent_back
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    if is_blank(value):
        return None
    text = str(value).strip()
    return next((form for form in forms(text) if form in known), text)


def _in_cell(text: str) -> list[str]:
    """Return what a cell of a table of tasks may mean; ours hold HTML."""
    return [html.unescape(text), text]


def _sent_back(text: str) -> list[str]:
    """Return what a hidden field of a form may mean, which a browser has read."""
    return [text, html.unescape(text)]


def _names(value: object, question: Question) -> list[str] | None:
    """Return the labels that are ticked; a form joins the values of boxes with ``|``."""
    if value is None:
        return None
    if isinstance(value, list):
        listed: list[Any] = value
    else:
        text = str(value).strip()
        in_json = as_list(text)
        listed = [text] if text in question.options else text.split("|")
        listed = listed if in_json is None else in_json
    return [str(name) for name in listed if not is_blank(name)]


# ---------------------------------------------------------------- which column is which


def _id_field(found: Sequence[Assignment], asked: Asked, name: str) -> str:
    inputs = _fields(one.inputs for one in found)
    fields = [*inputs, *_fields(one.answers for one in found)]
    for known in ID_FIELDS:
        if known in fields:
            return known
    if inputs == [ANNOTATION]:
        return ANNOTATION
    own = [field for field in inputs if field not in (ANNOTATION, "WorkTimeInSeconds")]
    if len(own) == 1:
        return own[0]
    holds = [
        field
        for field in inputs
        if found and all(_known(one, field, asked) in asked for one in found)
    ]
    if len(holds) == 1 or not found:
        return holds[0] if holds else INDEX
    raise VoteError(
        f"Which column of {name} holds the id of the example cannot be told: there are "
        f"{', '.join(fields) or 'none'}. Say which (--id-field, id_field)."
    )


def _answer_field(found: Sequence[Assignment], name: str) -> str:
    fields = [
        field
        for field in _fields(one.answers for one in found)
        if field != PROBLEM and field not in ID_FIELDS
    ]
    for known in ANSWER_FIELDS:
        if known in fields:
            return known
    if len(fields) == 1 or not found:
        return fields[0] if fields else VERDICT
    if not fields and all(PROBLEM in one.answers or not one.answers for one in found):
        return VERDICT  # nobody's answer can be read, and each says why
    raise VoteError(
        f"Which field of {name} holds the answer cannot be told: there are "
        f"{', '.join(fields) or 'none'}. Say which (--answer-field, answer_field)."
    )


def _fields(values: Iterable[Values]) -> list[str]:
    return list(dict.fromkeys(field for one in values for field in one))


# ---------------------------------------------------------------- the three kinds of files


def _assignments(path: Path) -> tuple[list[Assignment], list[Row]]:
    """Return the assignments of a file, and the rows that are none."""
    ending = path.suffix.lower()
    if ending == ".xml":
        return _of_xml(path), []
    found: list[Assignment] = []
    broken: list[Row] = []
    notes: dict[str, str] = {}
    for row in rows.read_rows(path, FORM):
        if PROBLEM in row:
            broken.append(row)
        elif ending in (".json", ".jsonl"):
            notes |= _annotations(row)
            found += _of_api(row)
        else:
            found.append(_of_line(row))
    if notes:
        found = [_annotated(one, notes) for one in found]
    return found, broken


def _of_line(row: Row) -> Assignment:
    inputs = {key[6:]: cell for key, cell in row.items() if key.startswith("Input.")}
    inputs |= {key: row[key] for key in (ANNOTATION, "WorkTimeInSeconds") if row.get(key)}
    answers: dict[str, Any] = {}
    try:
        if row.get("Answer"):
            answers = answers_of_xml(row["Answer"])
        for key, cell in row.items():
            if key.startswith("Answer.") and cell is not None:
                _gather(answers, key[7:], cell)
    except VoteError as error:
        answers = {PROBLEM: str(error)}
    rejected = not is_blank(row.get("Reject")) or not is_blank(row.get("RejectionTime"))
    return Assignment(
        where=row["where"],
        worker=row.get("WorkerId") or "",
        status="Rejected" if rejected else row.get("AssignmentStatus") or "",
        time=as_iso(row.get("SubmitTime")),
        inputs=inputs,
        answers=answers,
    )


def _gather(answers: dict[str, Any], name: str, cell: str) -> None:
    """Add a column of answers; a box, ``verdict.A``, is ``true`` or ``false``."""
    group, dot, option = name.partition(".")
    if name == BLOB:
        answers |= answers_of_blob(cell)
    elif dot and cell.lower() in ("true", "false", "on", ""):
        ticked = answers.setdefault(group, [])
        if cell.lower() in ("true", "on") and isinstance(ticked, list):
            ticked.append(option)
    else:
        answers[name] = cell


def _of_api(row: Row) -> list[Assignment]:
    """Return the assignments of a reply of ``ListAssignmentsForHIT``, or of one assignment."""
    listed = row.get("Assignments", [row] if "AssignmentId" in row or "Answer" in row else [])
    if not isinstance(listed, list):
        listed = []
    several = "Assignments" in row
    return [
        _of_record(one, f"{row['where']}, assignment {place}" if several else row["where"])
        for place, one in enumerate(listed, 1)
    ]


def _of_record(one: Any, where: str) -> Assignment:
    record = one if isinstance(one, dict) else {}
    inputs = {key: record[key] for key in ("HITId", ANNOTATION) if record.get(key)}
    try:
        answers = answers_of_xml(str(record.get("Answer") or ""))
    except VoteError as error:
        answers = {PROBLEM: str(error)}
    return Assignment(
        where=where,
        worker=str(record.get("WorkerId") or ""),
        status=str(record.get("AssignmentStatus") or ""),
        time=as_iso(record.get("SubmitTime")),
        inputs=inputs,
        answers=answers,
    )


def _annotations(row: Row) -> dict[str, str]:
    """Return what the requester noted on the tasks that a reply describes, by their ids."""
    hits = [row["HIT"]] if isinstance(row.get("HIT"), dict) else row.get("HITs") or []
    return {
        str(hit["HITId"]): str(hit[ANNOTATION])
        for hit in hits
        if isinstance(hit, dict) and hit.get(ANNOTATION) and hit.get("HITId")
    }


def _annotated(one: Assignment, notes: Mapping[str, str]) -> Assignment:
    note = notes.get(str(one.inputs.get("HITId")))
    inputs = {key: value for key, value in one.inputs.items() if key != "HITId"}
    inputs |= {} if note is None else {ANNOTATION: note}
    return replace(one, inputs=inputs)


def _of_xml(path: Path) -> list[Assignment]:
    root = _parsed(read_text(path), path.name)
    notes = {}
    for hit in _all(root, "HIT"):
        record = _texts(hit)
        if record.get(ANNOTATION) and record.get("HITId"):
            notes[record["HITId"]] = record[ANNOTATION]
    found = [
        _of_record(_texts(element), f"{path.name}, assignment {place}")
        for place, element in enumerate(_all(root, "Assignment"), 1)
    ]
    if not found:
        raise FileError(
            f"{path} holds no Assignment, so it does not say who answered what. The reply of "
            "ListAssignmentsForHIT was expected, with the answers inside."
        )
    return [_annotated(one, notes) for one in found] if notes else found


# ---------------------------------------------------------------- answers of strangers


def answers_of_xml(text: str) -> dict[str, Any]:
    """Return the fields of a form from ``QuestionFormAnswers``; a list where several are ticked.

    Raises
    ------
    VoteError
        It is no such XML, or has a document type or entities, which are refused unread.

    Examples
    --------
    >>> answers_of_xml(
    ...     "<QuestionFormAnswers><Answer><QuestionIdentifier>verdict</QuestionIdentifier>"
    ...     "<FreeText>A</FreeText></Answer></QuestionFormAnswers>"
    ... )
    {'verdict': 'A'}
    """
    answers: dict[str, Any] = {}
    root = _parsed(text, "The answer")
    for answer in _all(root, "Answer"):
        name = _texts(answer).get("QuestionIdentifier", "").strip()
        given = [
            (part.text or "").strip()
            for part in answer
            if _name(part) in ("FreeText", "SelectionIdentifier", "OtherSelectionText")
        ]
        if name == BLOB and given:
            answers |= answers_of_blob(given[0])
        elif name:
            answers[name] = given[0] if len(given) == 1 else given
    if not answers:
        raise VoteError("The answer is XML without one answered question.")
    return answers


def answers_of_blob(text: str) -> dict[str, Any]:
    """Return the fields of a crowd-form, which sends them all in JSON.

    Radio buttons and boxes are objects from option to true or false.

    Raises
    ------
    VoteError
        It is no such JSON.

    Examples
    --------
    >>> answers_of_blob('[{"verdict": {"A": true, "B": false}, "note": "blurred"}]')
    {'verdict': ['A'], 'note': 'blurred'}
    >>> answers_of_blob('[{"category": {"label": "dog"}}]')
    {'category': 'dog'}
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VoteError(f"The {BLOB} are no JSON: {error}.") from None
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, dict) for part in parts):
        raise VoteError(f"The {BLOB} are {text[:60]!r}; a list with an object was expected.")
    return {name: _chosen(field) for part in parts for name, field in part.items()}


def _chosen(field: Any) -> Any:
    """Return the options that are true of one field of a crowd-form, or its one value."""
    if not isinstance(field, dict):
        return field
    if all(isinstance(ticked, bool) for ticked in field.values()):
        return [option for option, ticked in field.items() if ticked]
    return field.get("label", field.get("labels"))


def _parsed(text: str, what: str) -> Any:
    from defusedxml import DefusedXmlException, ElementTree

    try:
        return ElementTree.fromstring(text, forbid_dtd=True)
    except DefusedXmlException:
        raise VoteError(
            f"{what} declares a document type or entities, which no answer needs and an attack "
            "does. It is refused unread."
        ) from None
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise VoteError(f"{what} is no XML: {error}.") from None


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(root: Any, name: str) -> list[Any]:
    return [element for element in root.iter() if _name(element) == name]


def _texts(element: Any) -> dict[str, str]:
    return {_name(part): part.text or "" for part in element}


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_ZONES = {"UTC": 0, "GMT": 0, "EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7}
_ZONES |= {"PDT": -7, "PST": -8}
_STAMP = re.compile(r"\w{3} (\w{3}) +(\d+) (\d+):(\d+):(\d+) (\w+) (\d{4})")


def as_iso(time: object) -> str | None:
    """Return a time of a results file as ISO 8601; None where there is none that can be read.

    Examples
    --------
    >>> as_iso("Tue Nov 10 09:21:12 PST 2020"), as_iso("2020-11-10T17:21:12Z"), as_iso("noon")
    ('2020-11-10T09:21:12-08:00', '2020-11-10T17:21:12+00:00', None)
    """
    if isinstance(time, int | float):
        try:
            return datetime.fromtimestamp(time, UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            return None
    text = str(time or "").strip()
    stamp = _STAMP.fullmatch(text)
    if stamp is None or stamp[1] not in _MONTHS or stamp[6] not in _ZONES:
        try:
            return datetime.fromisoformat(text).isoformat()
        except ValueError:
            return None
    zone = timezone(timedelta(hours=_ZONES[stamp[6]]))
    day, hour, minute, second = (int(stamp[part]) for part in (2, 3, 4, 5))
    month = _MONTHS.index(stamp[1]) + 1
    try:
        return datetime(int(stamp[7]), month, day, hour, minute, second, tzinfo=zone).isoformat()
    except ValueError:
        return None


# ---------------------------------------------------------------- tasks out


def write_tasks(folder: Path, items: Sequence[Item]) -> tuple[str, ...]:
    """Write ``tasks.csv``, whose columns are the variables of ``template.html``; tell what is lost.

    The template puts cells into a page as they are, so text is written as HTML that shows it.

    Examples
    --------
    >>> import tempfile
    >>> write_tasks(Path(tempfile.mkdtemp()), [])
    ()
    """
    several = any(question.multilabel for question, _ in items)
    kind = items[0][1].kind if items else "text"
    with (folder / "tasks.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([INDEX, *(["labels"] if several else ["a", "b"]), kind])
        for question, shown in items:
            options = list(question.options)
            asked = [json.dumps(options, ensure_ascii=False)] if several else options
            cells = [str(question.example), *asked, shown.value]
            writer.writerow(map(in_html, cells))
    template = _several() if several else _blind()
    page = f"{_HEAD}\n{_SHOWS[kind]}\n{template}\n</crowd-form>\n"
    (folder / "template.html").write_text(page, encoding="utf-8", newline="")
    return ()


_HEAD = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form answer-format="flatten-objects">
<input type="hidden" name="index" value="${index}">"""

_PAIR = """<input type="hidden" name="a" value="${a}">
<input type="hidden" name="b" value="${b}">"""

_SHOWS = {
    "image": '<p><img src="${image}" alt="the picture in question"></p>',
    "audio": '<p><audio controls src="${audio}"></audio></p>',
    "text": '<p style="white-space: pre-wrap">${text}</p>',
}


def _blind() -> str:
    labels = {"A": "A: ${a}", "B": "B: ${b}"}
    choices = [
        f'<p><label><input type="radio" name="{VERDICT}" value="{option}" required> '
        f"{labels.get(option, option)}</label></p>"
        for option in OPTIONS
    ]
    return "\n".join([_PAIR, f"<p>{BLIND}</p>", *choices])


def _several() -> str:
    """Return a form whose boxes a script makes of the labels, as text, which cannot be markup."""
    return f"""<p>{SEVERAL}</p>
<div id="boxes" data-labels="${{labels}}"></div>
<input type="hidden" name="labels" id="ticked" value="[]">
<script>
  const boxes = document.getElementById("boxes");
  for (const name of [...JSON.parse(boxes.dataset.labels), "{NONE}"]) {{
    const label = boxes.appendChild(document.createElement("label"));
    const box = label.appendChild(document.createElement("input"));
    box.type = "checkbox";
    box.value = name;
    label.append(" " + name);
    boxes.append(document.createElement("br"));
  }}
  boxes.addEventListener("change", () => {{
    const ticked = [...boxes.querySelectorAll("input:checked")].map(box => box.value);
    document.getElementById("ticked").value = JSON.stringify(ticked);
  }});
</script>"""
