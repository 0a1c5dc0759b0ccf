"""Label Studio: tasks with their labelling interface out, annotations in.

Read is its JSON export, not JSON-MIN, which does not say what was cancelled.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from errata.array_files import PathLike
from errata.core.consensus import VOTED
from errata.errors import InputError, VoteError
from errata.exchange import rows
from errata.exchange.questions import (
    AS_IT_IS,
    BLIND,
    INDEX,
    NONE,
    OPTIONS,
    OTHER,
    SEVERAL,
    VERDICT,
    Asked,
    Item,
    Kind,
    Question,
    Reading,
    VotesRead,
    answer_fields,
    counted,
)
from errata.exchange.rows import PROBLEM, Row

FORM = rows.Form(one="task", many="tasks", needed=(), known=(), error=VoteError)

SAID = "said"
"""What the question after the reviewer's own word is called."""


def read(path: PathLike, asked: Asked, reading: Reading = AS_IT_IS) -> VotesRead:
    """Return the votes of an export: one for each annotator of an example, the latest.

    Parameters
    ----------
    path : the JSON export
    asked : what the audit asks
    reading : ``id_field`` is a field of the tasks' data, ``answer_field`` the name of the choices

    Raises
    ------
    FileError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "export.json")
    >>> _ = path.write_text(
    ...     '[{"data": {"index": 17}, "annotations": [{"was_cancelled": true}]}]'
    ... )
    >>> read(path, Asked([], lambda id_: VoteError(f"No example {id_!r}."))).left_out
    ('1 annotation: cancelled by the annotator.',)
    """
    found: list[tuple[str, Row]] = []  # with the time by which the latest is known
    broken: list[Row] = []
    cancelled = gold = guesses = drafts = 0
    for task in rows.read_rows(path, FORM):
        if PROBLEM in task or not isinstance(task.get("annotations"), list):
            why = task.get(PROBLEM) or (
                "There are no annotations. Label Studio's JSON export was expected; JSON-MIN "
                "does not say which annotations were cancelled."
            )
            broken.append({"where": task["where"], PROBLEM: why})
            continue
        beside = {name: task.get(name) or [] for name in ("predictions", "drafts")}
        wrong = [name for name, listed in beside.items() if not isinstance(listed, list)]
        if wrong:
            why = f"A list of {wrong[0]} was expected, not {beside[wrong[0]]!r:.40}."
            broken.append({"where": task["where"], PROBLEM: f"{why} Export the task again."})
            continue
        guesses += len(beside["predictions"])
        drafts += len(beside["drafts"])
        for place, annotation in enumerate(task["annotations"], 1):
            where = f"{task['where']}, annotation {place}"
            if not isinstance(annotation, dict):
                broken.append({"where": where, PROBLEM: "An annotation was expected."})
            elif annotation.get("was_cancelled"):
                cancelled += 1
            else:
                gold += bool(annotation.get("ground_truth"))
                when = str(annotation.get("updated_at") or annotation.get("created_at") or "")
                found.append((when, {"where": where, **_vote(task, annotation, asked, reading)}))
    latest, replaced = _latest(found)
    left_out = (
        *counted(cancelled, "annotation", "annotations", "cancelled by the annotator"),
        *counted(replaced, "annotation", "annotations", "the same annotator has a later one on it"),
        *counted(drafts, "draft", "drafts", "not submitted"),
        *counted(guesses, "prediction", "predictions", "a model's, which has no vote"),
    )
    if gold:
        left_out += (
            f"The mark of ground truth, on {gold:,}: each counts as the vote of its annotator.",
        )
    return VotesRead(rows=[*latest, *broken], left_out=left_out)


def _latest(found: Sequence[tuple[str, Row]]) -> tuple[list[Row], int]:
    """Return the latest vote of each annotator on each example, in the order of the file."""
    newest: dict[tuple[str, str], tuple[str, int]] = {}
    for place, (when, row) in enumerate(found):
        key = (str(row.get("id")), str(row["reviewer"] or place))  # each who has no name stays
        if PROBLEM not in row and (when, place) >= newest.get(key, ("", -1)):
            newest[key] = (when, place)
    keep = {place for _, place in newest.values()}
    kept = [row for place, (_, row) in enumerate(found) if PROBLEM in row or place in keep]
    return kept, len(found) - len(kept)


def _vote(task: Row, annotation: Row, asked: Asked, reading: Reading) -> Row:
    when = annotation.get("updated_at") or annotation.get("created_at")
    row: Row = {"reviewer": annotator(annotation.get("completed_by")), "time": when}
    data = task.get("data")
    data = data if isinstance(data, dict) else {}
    id_field = reading.id_field
    try:
        meta = task.get("meta")
        question = asked.named_in({**(meta if isinstance(meta, dict) else {}), **data}, id_field)
        values = _results(annotation.get("result"))
        value = _answer(values, reading.answer_field, question)
        shown = [data.get(side) for side in ("a", "b")]
        told = None if None in shown else list(map(str, shown))
        fields = answer_fields(question, value, shown=told, answers=reading.answers)
    except InputError as error:
        return row | {PROBLEM: str(error)}
    said = values.get(SAID) if fields["answer"] == VOTED[-1] else None
    return row | {"id": question.id, **fields, "said": said[0] if said else None}


def annotator(completed_by: object) -> str:
    """Return what an annotator is called: by mail address where it is told, else by number.

    Examples
    --------
    >>> annotator(7), annotator({"id": 7, "email": "ann@example.org"}), annotator(None)
    ('Label Studio user 7', 'ann@example.org', '')
    """
    if isinstance(completed_by, dict):
        if completed_by.get("email"):
            return str(completed_by["email"])
        completed_by = completed_by.get("id")
    if completed_by is None or completed_by == "":
        return ""
    number = str(completed_by).isdecimal()
    return f"Label Studio user {completed_by}" if number else str(completed_by)


def _results(result: object) -> dict[str, list[str]]:
    """Return what was chosen, or written, under each name."""
    values: dict[str, list[str]] = {}
    for part in result if isinstance(result, list) else ():
        value = part.get("value") if isinstance(part, dict) else None
        if isinstance(value, dict):
            for kind in ("choices", "text", "taxonomy"):
                listed = value.get(kind)
                listed = [listed] if isinstance(listed, str) else listed
                if isinstance(listed, list):
                    values.setdefault(str(part.get("from_name")), []).extend(map(str, listed))
    return values


def _answer(values: Mapping[str, list[str]], name: str | None, question: Question) -> object:
    if name is None:
        names = [each for each in values if each != SAID]
        wanted = "labels" if question.multilabel else VERDICT
        name = wanted if wanted in names or len(names) != 1 else names[0]
        if name not in values and len(names) > 1:
            raise VoteError(
                f"The annotation answers {', '.join(names)}. Say which is the answer "
                "(--answer-field, answer_field)."
            )
    return values.get(name, [])


# ---------------------------------------------------------------- out

_TAGS: Mapping[Kind, str] = {"image": "Image", "audio": "Audio", "text": "Text"}


def write_tasks(folder: Path, items: Sequence[Item]) -> tuple[str, ...]:
    """Write ``tasks.json`` and ``config.xml``, the labelling interface; tell what is lost.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_tasks(folder, [])
    ()
    >>> (folder / "tasks.json").read_text().strip()
    '[]'
    """
    tasks = []
    for question, shown in items:
        data: Row = {INDEX: question.example, shown.kind: shown.value}
        if question.multilabel:
            data["labels"] = [{"value": name} for name in question.options]
        else:
            data |= zip(("a", "b"), question.options, strict=True)
        tasks.append({"data": data})
    several = any(question.multilabel for question, _ in items)
    _write(folder, tasks, config(items[0][1].kind if items else "text", multilabel=several))
    return ()


def config(kind: Kind, *, multilabel: bool = False, blind: bool = True) -> str:
    """Return the labelling interface of tasks, in Label Studio's XML.

    Parameters
    ----------
    kind : what the tasks show
    multilabel : each label is ticked or not
    blind : the two labels are called A and B; else given and suggested

    Examples
    --------
    >>> print(config("text").splitlines()[1])
      <Text name="item" value="$text"/>
    """
    header = quoteattr(SEVERAL if multilabel else BLIND)
    lines = [f'<{_TAGS[kind]} name="item" value="${kind}"/>', f"<Header value={header}/>"]
    if multilabel:
        opening = '<Choices name="labels" toName="item" choice="multiple" required="true"'
        choices = "".join(f'<Choice value="{one}"/>' for one in (NONE, *([] if blind else [OTHER])))
        lines += [f'{opening} value="$labels">{choices}</Choices>']
    else:
        pairs = {"A": "a", "B": "b"} if blind else {"given": "given", "suggested": "suggested"}
        lines += [f'<Header value="{name}: ${field}"/>' for name, field in pairs.items()]
        choices = "".join(f'<Choice value="{one}"/>' for one in (OPTIONS if blind else VOTED))
        opening = f'<Choices name="{VERDICT}" toName="item" choice="single" required="true">'
        lines += [f"{opening}{choices}</Choices>"]
    lines += [] if blind else [f'<TextArea name="{SAID}" toName="item"/>']
    return "\n".join(["<View>", *(f"  {line}" for line in lines), "</View>", ""])


def write_votes(
    folder: Path, items: Sequence[Item], votes: Iterable[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Write votes as annotations of tasks that say which label is given; tell what is lost.

    Parameters
    ----------
    votes : rows with the columns `errata.exchange.votes.COLUMNS`

    Examples
    --------
    >>> import tempfile
    >>> write_votes(Path(tempfile.mkdtemp()), [], [])
    ('Which label was shown first, and the kind of each vote.',)
    """
    by_id: dict[str, list[Row]] = {}
    for vote in votes:
        by_id.setdefault(vote["id"], []).append(dict(vote))
    numbers: dict[str, int] = {}
    tasks = []
    for question, shown in items:
        data: Row = {"example_id": question.id, shown.kind: shown.value}
        if question.multilabel:
            data |= {"given": list(question.given), "suggested": list(question.suggested)}
            data["labels"] = [{"value": name} for name in question.options]
        else:
            data |= {"given": question.given[0], "suggested": question.suggested[0]}
        annotations = [
            _annotation(question, vote, numbers.setdefault(vote["reviewer"], len(numbers) + 1))
            for vote in by_id.get(question.id, ())
        ]
        if annotations:
            tasks.append({"data": data, "annotations": annotations})
    several = any(question.multilabel for question, _ in items)
    kind = items[0][1].kind if items else "text"
    _write(folder, tasks, config(kind, multilabel=several, blind=False))
    return ("Which label was shown first, and the kind of each vote.",)


def _annotation(question: Question, vote: Mapping[str, Any], number: int) -> Row:
    several = question.multilabel
    chosen = [vote["answer"]]
    if several:
        chosen = [OTHER] if vote["labels"] is None else list(vote["labels"]) or [NONE]
    result = [_result("labels" if several else VERDICT, "choices", chosen)]
    if vote.get("said"):
        result.append(_result(SAID, "text", [vote["said"]]))
    return {
        "completed_by": {"id": number, "email": vote["reviewer"]},
        "created_at": vote.get("time"),
        "updated_at": vote.get("time"),
        "was_cancelled": False,
        "ground_truth": False,
        "result": result,
    }


def _result(name: str, kind: str, values: list[str]) -> Row:
    type_ = "textarea" if kind == "text" else kind
    return {"from_name": name, "to_name": "item", "type": type_, "value": {kind: values}}


def _write(folder: Path, tasks: object, interface: str) -> None:
    text = json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"
    (folder / "tasks.json").write_text(text, encoding="utf-8", newline="")
    (folder / "config.xml").write_text(interface, encoding="utf-8", newline="")
