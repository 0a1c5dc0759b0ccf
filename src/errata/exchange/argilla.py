"""Argilla 2: records with their settings out, responses in.

Only a response that was submitted is a vote. ``records.to_json`` does not say which were, so what
is read is ``records.to_list(flatten=True)``, or what the server's API says.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from errata.array_files import PathLike
from errata.errors import InputError, VoteError
from errata.exchange import rows
from errata.exchange.questions import (
    AS_IT_IS,
    BLIND,
    INDEX,
    NONE,
    OPTIONS,
    SEVERAL,
    VERDICT,
    Asked,
    Item,
    Kind,
    Question,
    Reading,
    Shown,
    VotesRead,
    answer_fields,
    counted,
)
from errata.exchange.rows import PROBLEM, Row

FORM = rows.Form(one="record", many="records", needed=(), known=(), error=VoteError)

SUBMITTED = "submitted"

Response = tuple[Any, str, str | None, str | None]
"""A value, who gave it, its status, and its time where it is told."""


def read(path: PathLike, asked: Asked, reading: Reading = AS_IT_IS) -> VotesRead:
    """Return the votes of exported records: the responses that were submitted.

    Parameters
    ----------
    path : JSON, a list of records or a record a line
    asked : what the audit asks
    reading : ``id_field`` is a metadatum, a field, or ``id``; ``answer_field`` is the question

    Raises
    ------
    FileError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "records.json")
    >>> record = {"index": 17, "verdict.responses": ["A"], "verdict.responses.status": ["draft"]}
    >>> _ = path.write_text(json.dumps([record | {"verdict.responses.users": ["u1"]}]))
    >>> read(path, Asked([], lambda id_: VoteError(f"No example {id_!r}."))).left_out
    ('1 response: a draft or discarded, not submitted.',)
    """
    found: list[Row] = []
    unsent = 0
    for record in _records(path):
        try:
            responses = _responses(record, reading.answer_field)
        except VoteError as error:
            found.append({"where": record["where"], PROBLEM: str(error)})
            continue
        sent = [one for one in responses if one[2] == SUBMITTED]
        unsent += len(responses) - len(sent)
        found += [{"where": record["where"], **_vote(record, one, asked, reading)} for one in sent]
    left_out = counted(unsent, "response", "responses", "a draft or discarded, not submitted")
    return VotesRead(rows=found, left_out=left_out)


def _records(path: PathLike) -> Iterator[Row]:
    for row in rows.read_rows(path, FORM):
        items = row.get("items")
        if isinstance(items, list):
            for place, one in enumerate(items, 1):
                inside = one if isinstance(one, dict) else {PROBLEM: f"{one!r} is no record."}
                yield {**inside, "where": f"{row['where']}, record {place}"}
        else:
            yield row


def _responses(record: Row, name: str | None) -> list[Response]:
    """Return the responses to the question, in whichever of three forms they come."""
    if PROBLEM in record:
        raise VoteError(str(record[PROBLEM]))
    nested = record.get("responses")
    if isinstance(nested, list):  # of the server's API: all answers of one user
        return [_of_api(one, name) for one in nested if isinstance(one, dict)]
    if isinstance(nested, dict):
        listed = nested.get(_named(list(nested), name)) or []
        answers = [one for one in listed if isinstance(one, dict)]
        values, users = ([one.get(key) for one in answers] for key in ("value", "user_id"))
        status = [one.get("status") for one in answers]
    else:
        ending = ".responses"
        names = [key.removesuffix(ending) for key in record if key.endswith(ending)]
        column = _named(names, name) + ending
        values, users, status = (
            record.get(key) or [] for key in (column, f"{column}.users", f"{column}.status")
        )
    if not (len(values) == len(users) == len(status)) or (values and None in status):
        raise VoteError(
            "It is not told which responses were submitted (`records.to_json` leaves it out). "
            "Export with `json.dump(dataset.records.to_list(flatten=True), file)`."
        )
    return list(zip(values, map(str, users), status, [None] * len(values), strict=True))


def _of_api(one: Row, name: str | None) -> Response:
    given = one.get("values")
    given = given if isinstance(given, dict) else {}
    value = given.get(_named(list(given), name))
    inner = value.get("value") if isinstance(value, dict) else value
    time = one.get("inserted_at")
    return inner, str(one.get("user_id") or ""), one.get("status"), time and str(time)


def _named(names: Sequence[str], name: str | None) -> str:
    """Return which question is meant: the one asked for, or called so, or the only one."""
    if name is not None:
        return name
    known = [one for one in (VERDICT, "labels") if one in names]
    if known or len(names) < 2:
        return (known or list(names) or [VERDICT])[0]
    raise VoteError(
        f"There are the questions {', '.join(names)}. Say which is the answer (--answer-field, "
        "answer_field)."
    )


def _vote(record: Row, response: Response, asked: Asked, reading: Reading) -> Row:
    value, user, _, time = response
    row: Row = {"reviewer": f"Argilla user {user}" if user else "", "time": time}
    fields = {**record, **_inner(record, "fields"), **_inner(record, "metadata")}
    try:
        question = asked.named_in(fields, reading.id_field)
        shown = [fields.get(side) for side in ("a", "b")]
        told = None if None in shown else list(map(str, shown))
        answer = answer_fields(question, value, shown=told, answers=reading.answers)
    except InputError as error:
        return row | {PROBLEM: str(error)}
    return row | {"id": question.id, **answer}


def _inner(record: Row, key: str) -> Mapping[str, Any]:
    found = record.get(key)
    return found if isinstance(found, dict) else {}


# ---------------------------------------------------------------- out


def write_tasks(folder: Path, items: Sequence[Item]) -> tuple[str, ...]:
    """Write ``records.json`` and ``settings.json``, of fields and questions; tell what is lost.

    Examples
    --------
    >>> import tempfile
    >>> write_tasks(Path(tempfile.mkdtemp()), [])
    ()
    """
    several = any(question.multilabel for question, _ in items)
    votes = max((question.votes for question, _ in items), default=1)
    kind = items[0][1].kind if items else "text"
    labels = None
    if several:
        labels = [*sorted({name for question, _ in items for name in question.options}), NONE]
    _dump(folder / "records.json", [_record(question, shown) for question, shown in items])
    _dump(folder / "settings.json", settings(kind, votes=votes, labels=labels))
    if not several:
        return ()
    return (_ALL_LABELS,)


_ALL_LABELS = (
    "A choice of labels for each record. All labels that are asked about "
    "anywhere can be ticked, and the field `choices` names those of the record."
)


def _record(question: Question, shown: Shown) -> Row:
    fields: dict[str, str] = {shown.kind: shown.value}
    if question.multilabel:
        fields["choices"] = "\n".join(question.options)
    else:
        fields |= dict(zip(("a", "b"), question.options, strict=True))
    return {
        "id": str(question.example),
        "fields": fields,
        "metadata": {INDEX: question.example},
        "suggestions": {},
        "responses": {},
        "vectors": {},
    }


def settings(kind: Kind, *, votes: int, labels: Sequence[str] | None = None) -> Row:
    """Return the settings of a dataset of tasks, as ``rg.Settings.from_json`` reads them.

    Parameters
    ----------
    kind : what the records show
    votes : how many submitted responses complete a record
    labels : the labels to tick, where an example may have several

    Examples
    --------
    >>> made = settings("text", votes=5)
    >>> [field["name"] for field in made["fields"]], made["questions"][0]["name"]
    (['text', 'a', 'b'], 'verdict')
    """
    several = labels is not None
    texts = ["choices"] if several else ["a", "b"]  # no field is called as the question
    # a sound has no field of its own, and text that is no markup cannot become any
    first = {"type": "image"} if kind == "image" else {"type": "text", "use_markdown": False}
    text = {"type": "text", "use_markdown": False}
    fields = [_named_field(kind, first), *(_named_field(name, text) for name in texts)]
    question = {
        "name": "labels" if several else VERDICT,
        "title": SEVERAL if several else BLIND,
        "description": None,
        "required": True,
        "settings": {
            "type": "multi_label_selection" if several else "label_selection",
            "options": [
                {"value": one, "text": one, "description": None}
                for one in (OPTIONS if labels is None else labels)
            ],
        },
    }
    return {
        "guidelines": SEVERAL if several else BLIND,
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": votes},
        "fields": fields,
        "questions": [question],
        "vectors": [],
        "metadata": [],
    }


def _named_field(name: str, how: Row) -> Row:
    return {"name": name, "title": name, "required": True, "settings": how}


def _dump(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", newline="")
