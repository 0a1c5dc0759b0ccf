"""The study's votes as it published them: for each example, how many workers gave each answer.

There are three schemas. Most sets count *given*, *guessed*, *both* and *neither*, of which IMDB
has *neutral* and *off-topic* for the last two, and MNIST no *both*. Amazon Reviews counts
classes. AudioSet, whose examples have several labels, counts the workers who ticked each label.

Who cast which vote is not known, so a count becomes votes of anonymous workers: "anonymous 1" of
one example is nobody in particular on another. Such votes cannot be told from those that an audit
has, so what an audit writes says by which it was written, and adds nothing there.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from errata.array_files import PathLike
from errata.core.consensus import ANSWERS
from errata.errors import InputError, VoteError
from errata.exchange import rows
from errata.exchange.questions import AS_IT_IS, Asked, Item, Question, Reading, VotesRead, counted
from errata.exchange.rows import PROBLEM, Row

FORM = rows.Form(one="item", many="items", needed=(), known=(), error=VoteError)

WORDS = {"given": "given", "guessed": "suggested", "both": "both", "neither": "neither"}
"""The words of the published files, and ours, in the order of `ANSWERS`."""

WORKERS = 5
"""How many workers ticked labels of each example of AudioSet."""


def counts_of(item: Mapping[str, Any]) -> dict[str, int]:
    """Return how many workers gave each answer, by our words and by any other word.

    Where the suggested label is the given one (13 of MNIST's 100 items) a vote for it was counted
    for each side, so that there are 9 or 10 in place of 5; it is counted once here, for the given.
    Of classes (Amazon Reviews), the one that is given, or suggested, counts for that side.

    Parameters
    ----------
    item : an object of a published file whose examples have one label

    Examples
    --------
    >>> item = {"given_original_label": "Positive", "our_guessed_label": "Neutral"}
    >>> counts_of(item | {"mturk": {"positive": 1, "neutral": 3, "off-topic": 1}})
    {'given': 1, 'suggested': 3, 'off-topic': 1}
    >>> counts_of(item | {"mturk": {"given": 2, "guessed": 1, "both": 2}})
    {'given': 2, 'suggested': 1, 'both': 2}
    """
    given, guessed = item["given_original_label"], item["our_guessed_label"]
    words = WORDS
    if "given" not in item["mturk"]:
        words = {str(given).lower(): "given", str(guessed).lower(): "suggested"}
    counts = {words.get(word, word): int(count) for word, count in item["mturk"].items()}
    if given == guessed:
        counts.pop("suggested", None)
    return counts


def anonymous_votes(counts: Mapping[str, int]) -> list[Row]:
    """Return a vote for every worker that a count stands for.

    Examples
    --------
    >>> for vote in anonymous_votes({"off-topic": 1, "given": 2}):
    ...     print(vote)
    {'reviewer': 'anonymous 1', 'answer': 'given', 'said': None}
    {'reviewer': 'anonymous 2', 'answer': 'given', 'said': None}
    {'reviewer': 'anonymous 3', 'answer': 'other', 'said': 'off-topic'}
    """
    answers: list[tuple[str, str | None]] = [
        (answer, None) for answer in ANSWERS for _ in range(counts.get(answer, 0))
    ]
    for word, count in counts.items():
        if word not in ANSWERS:
            said = None if word == "other" else word
            answers += [("other", said)] * count
    return [
        {"reviewer": f"anonymous {number}", "answer": answer, "said": said}
        for number, (answer, said) in enumerate(answers, start=1)
    ]


def anonymous_ticks(counts: Mapping[str, int], workers: int = WORKERS) -> list[Row]:
    """Return the labels that each worker ticked, of which only the counts are known.

    A label with 3 votes becomes one that the first three workers ticked.

    Examples
    --------
    >>> [vote["labels"] for vote in anonymous_ticks({"dog": 1, "rain": 2}, workers=3)]
    [['dog', 'rain'], ['rain'], []]
    """
    return [
        {
            "reviewer": f"anonymous {worker}",
            "labels": [label for label, count in counts.items() if count >= worker],
        }
        for worker in range(1, workers + 1)
    ]


def without_commas(name: str) -> str:
    """Return a label's name as the votes of AudioSet spell it.

    Examples
    --------
    >>> without_commas("Gunshot, gunfire")
    'Gunshot gunfire'
    """
    return name.replace(",", "")


def read(path: PathLike, asked: Asked, reading: Reading = AS_IT_IS) -> VotesRead:
    """Return the votes of a published file.

    Its ids follow the set: a row of the labels, a number in a file name, a path. So an item is the
    example whose id is the end of its ``url``, or its ``id``, or whose row is; and only if the
    labels are those that the audit asks about. Any other item is refused, with its number.

    Parameters
    ----------
    path : a JSON list of items
    asked : what the audit asks
    reading : left as it is, since the schema says all

    Raises
    ------
    InputError
        It was told how to read the file.
    FileError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "mnist_mturk.json")
    >>> _ = path.write_text('[{"id": 3}]')
    >>> read(path, Asked([], lambda id_: VoteError(f"No example {id_!r}."))).rows
    [{'where': 'mnist_mturk.json, item 1', '(problem)': 'There are no counts ("mturk") and ...'}]
    """
    if reading.id_field or reading.answer_field or reading.answers:
        raise InputError(
            "A published file says itself what its fields and answers mean. Leave out id_field, "
            "answer_field and answers (--id-field, --answer-field, --means)."
        )
    found: list[Row] = []
    own = 0
    for item in rows.read_rows(path, FORM):
        if asked.audit and item.get("audit") == asked.audit:
            own += 1
            continue
        where = {"where": item["where"]}
        try:
            found += [{**vote, **where} for vote in _votes(item, asked)]
        except InputError as error:
            found.append({**where, PROBLEM: str(error)})
    left_out = counted(own, "item", "items", "written by this audit, which has these votes")
    return VotesRead(rows=found, left_out=left_out)


def _votes(item: Row, asked: Asked) -> list[Row]:
    if PROBLEM in item:
        raise VoteError(str(item[PROBLEM]))
    several = "given_original_labels" in item
    labels = ("given_original_labels", "our_guessed_labels")
    if not several:
        labels = ("given_original_label", "our_guessed_label")
    counts = item.get("mturk")
    if not isinstance(counts, dict) or any(label not in item for label in labels):
        raise VoteError('There are no counts ("mturk") and labels, as in the published files.')
    if not all(isinstance(count, int) and count >= 0 for count in counts.values()):
        raise VoteError(f"The counts are {counts}; whole numbers from 0 were expected.")
    question = _question(item, asked)
    if question.multilabel != several:
        raise VoteError("One of the item and the audit has several labels for an example.")
    if not several:
        votes = anonymous_votes(counts_of(item))
    else:
        known = {without_commas(name): name for name in (*question.given, *question.suggested)}
        ticks: dict[str, int] = item["mturk"]
        named = {known.get(without_commas(word), word): count for word, count in ticks.items()}
        votes = anonymous_ticks(named, item.get("reviewers", WORKERS))
    return [{"id": question.id, **vote} for vote in votes]


def _question(item: Row, asked: Asked) -> Question:
    """Return the question that an item holds the votes on."""
    differs = None
    for question in _named_by(item, asked):
        why = _difference(item, question)
        if why is None:
            return question
        differs = differs or why
    if differs is None:
        asked.of(str(item.get("id")))  # says why it is not known
    raise VoteError(differs)


def _named_by(item: Row, asked: Asked) -> Iterable[Question]:
    """Yield the questions that an item may mean, the surest first."""
    parts = str(item.get("url", "")).split("/")
    names = ["/".join(parts[start:]) for start in range(len(parts))]
    id_ = item.get("id")
    found = [asked.get(name) for name in [*names, str(id_)]]
    if isinstance(id_, int):
        found.append(asked.at(id_))
    return (question for question in found if question is not None)


def _difference(item: Row, question: Question) -> str | None:
    """Return how the labels of an item differ from those that the audit asks about."""
    if question.multilabel != ("given_original_labels" in item):
        return "One of the item and the audit has several labels for an example."
    if question.multilabel:
        pairs = [
            (item["given_original_labels"], question.given),
            (item["our_guessed_labels"], question.suggested),
        ]
        same = all(
            {*map(without_commas, theirs)} == {*map(without_commas, ours)} for theirs, ours in pairs
        )
    else:
        same = _is(item, "given_original_label", question.given, question.given_classes)
        if item["given_original_label"] != item["our_guessed_label"]:  # else nobody asked about it
            same &= _is(item, "our_guessed_label", question.suggested, question.suggested_classes)
    if same:
        return None
    labels = [item.get(f"{side}_name", item.get(side, item.get(f"{side}s"))) for side in _SIDES]
    return (
        f"The labels are {labels[0]!r} (given) and {labels[1]!r} (guessed), but of {question.id!r} "
        f"the audit asks about {', '.join(question.given)!r} and "
        f"{', '.join(question.suggested)!r}. The votes are not on the same question."
    )


_SIDES = ("given_original_label", "our_guessed_label")


def _is(item: Row, side: str, names: Sequence[str], classes: Sequence[int]) -> bool:
    """Tell whether a label of an item is one of the audit, by its number or its name."""
    theirs = {str(item[side]).lower(), str(item.get(f"{side}_name", item[side])).lower()}
    return item[side] in classes or not theirs.isdisjoint(name.lower() for name in names)


def write(
    path: PathLike, items: Iterable[Item], votes: Iterable[Row], *, audit: str = ""
) -> tuple[str, ...]:
    """Write votes as counts in the study's form, without any name; return what that leaves out.

    Parameters
    ----------
    path : the JSON file to write
    items : the questions; one without a vote is not written
    votes : rows with ``id`` and the answer; see `errata.exchange.votes.COLUMNS`
    audit : what stands for the audit they are from, written into every item

    Examples
    --------
    >>> import tempfile, pathlib
    >>> write(pathlib.Path(tempfile.mkdtemp(), "votes.json"), [], [])
    ('Who answered, when, and which label was shown first.',)
    """
    by_id: dict[str, list[Row]] = {}
    for vote in votes:
        by_id.setdefault(vote["id"], []).append(vote)
    several = any(question.multilabel for question, _ in items)
    unlisted = 0
    if several:  # whoever ticks nothing would say that no label applies
        listing = {
            id_: [one for one in cast if one["labels"] is not None] for id_, cast in by_id.items()
        }
        unlisted = sum(map(len, by_id.values())) - sum(map(len, listing.values()))
        by_id = {id_: cast for id_, cast in listing.items() if cast}
    listed = [_item(question, by_id[question.id]) for question, _ in items if question.id in by_id]
    listed = [item | {"audit": audit} for item in listed] if audit else listed
    text = json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
    Path(path).write_text(text, encoding="utf-8", newline="")
    together = "; which labels one reviewer ticked together" if several else ""
    return (
        f"Who answered, when, and which label was shown first{together}.",
        *counted(unlisted, "vote", "votes", "it lists no labels, as of who cannot tell"),
    )


def is_counts(path: Path) -> bool:
    """Tell whether an audit wrote a file of counts; the study's own name no audit.

    What is no file, such as a pipe, holds nothing that could be lost.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "votes.json")
    >>> _ = path.write_text('[{"id": 3, "mturk": {"given": 5}}]')
    >>> is_counts(path)
    False
    """
    if not path.is_file():
        return not path.is_dir()
    listed = json.loads(path.read_bytes())
    return isinstance(listed, list) and all(
        isinstance(item, dict) and "audit" in item for item in listed
    )


def _item(question: Question, votes: Sequence[Row]) -> Row:
    if question.multilabel:
        counts = dict.fromkeys(question.options, 0)
        for vote in votes:
            for label in vote["labels"] or ():
                counts[label] = counts.get(label, 0) + 1
        labels = {
            "given_original_labels": list(question.given),
            "our_guessed_labels": list(question.suggested),
        }
        return {"id": question.id, **labels, "mturk": counts, "reviewers": len(votes)}
    theirs = {ours: word for word, ours in WORDS.items()}
    counts = dict.fromkeys(WORDS, 0)
    for vote in votes:
        said = vote.get("said") or "other"
        other = said if said not in {*WORDS, *ANSWERS} else "other"  # no answer but their word
        word = theirs.get(vote["answer"], other)
        counts[word] = counts.get(word, 0) + 1
    return {
        "id": question.id,
        "given_original_label": question.given_classes[0],
        "given_original_label_name": question.given[0],
        "our_guessed_label": question.suggested_classes[0],
        "our_guessed_label_name": question.suggested[0],
        "mturk": counts,
    }
