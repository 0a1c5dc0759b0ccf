"""What an audit asks about a candidate, and what an answer from another tool means there.

Tools that are not ours are asked blind: a task shows two labels as ``A`` and ``B``, in an order
drawn once for it, and does not say which of them is given. The task keeps both names, so the
answer ``A`` means a label whatever happens to the order or to the audit in between.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from errata.core.consensus import ANSWERS, CANNOT_TELL, VOTED
from errata.errors import VoteError, unknown_name
from errata.exchange.cells import whole_number
from errata.exchange.rows import Row, is_blank
from errata.words import plural

OPTIONS = ("A", "B", "both", "neither")
"""What can be answered to a blind task: the label shown first, the other, both, neither."""

INDEX = "index"
"""The field of a task that says which example it shows: its row, as an id may tell the label."""

ID_FIELDS = ("example_id", INDEX, "id", "item_key", "item_id")
"""What the field that names the example is usually called, the likeliest first."""

VERDICT = "verdict"
"""What the question is called in tools that want a name for it."""

BLIND = "Which label fits? A, B, both of them, or neither."
NONE = "(none of these)"
"""What is ticked where no label applies, so that nothing ticked is not an answer."""

OTHER = "(other)"
"""What is ticked, and nothing else, by who answers in their own word, such as "can't tell"."""

SEVERAL = f"Tick every label that applies, or {NONE}."

SYNONYMS = {"guessed": "suggested", "predicted": "suggested"}
"""What other tools, and the study, call our answers."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked about one candidate.

    Attributes
    ----------
    id, example : the candidate
    given, suggested : names of its labels; one each, or where examples have several, any number
    given_classes, suggested_classes : their class numbers, sorted
    options : the names to choose from, in the order in which a task shows them
    multilabel : an example may have several labels, so each option is ticked or not
    votes : how many are wanted
    """

    id: str
    example: int
    given: tuple[str, ...]
    suggested: tuple[str, ...]
    given_classes: tuple[int, ...]
    suggested_classes: tuple[int, ...]
    options: tuple[str, ...]
    multilabel: bool = False
    votes: int = 5


class Asked:
    """The questions of an audit by the id of their example.

    Parameters
    ----------
    questions : all of them
    complain : returns the error for an id that is not among them
    audit : what stands for the audit in files without names, by which it knows its own; empty where
        it has written none

    Examples
    --------
    >>> asked = Asked([], lambda id_: VoteError(f"Nobody was asked about {id_!r}."))
    >>> "17" in asked, len(asked)
    (False, 0)
    """

    def __init__(
        self,
        questions: Sequence[Question],
        complain: Callable[[str], Exception],
        *,
        audit: str = "",
    ) -> None:
        self._by_id = {question.id: question for question in questions}
        self._by_row = {question.example: question for question in questions}
        self._complain = complain
        self.audit = audit

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._by_id

    def get(self, id_: str) -> Question | None:
        """Return the question about an example, or None."""
        return self._by_id.get(id_)

    def at(self, row: int) -> Question | None:
        """Return the question about the example in a row of the labels, or None."""
        return self._by_row.get(row)

    def of(self, id_: str) -> Question:
        """Return the question about an example.

        Raises
        ------
        InputError
            There is no such example, or nobody was asked about it.
        """
        found = self._by_id.get(id_)
        if found is None:
            raise self._complain(id_)
        return found

    def named(self, field: str, value: object) -> Question:
        """Return the question about the example that a field names, by its id or its ``index``.

        Raises
        ------
        InputError
            The field is empty, or there is no such example, or nobody was asked about it.
        """
        if is_blank(value):
            raise VoteError(f"The example is missing: {field!r} is empty.")
        text = str(value).strip()
        if field != INDEX:
            return self.of(text)
        row = whole_number(text)
        found = None if row is None else self.at(row)
        if found is None:
            raise VoteError(f"Nobody was asked about an example with index {text}.")
        return found

    def named_in(self, values: Mapping[str, object], field: str | None = None) -> Question:
        """Return the question about the example that one of the fields of a task names.

        Parameters
        ----------
        field : the one that does; without it, the one that is called so, see `ID_FIELDS`

        Raises
        ------
        InputError
            As `named`, or there is no such field.
        """
        names = ID_FIELDS if field is None else (field,)
        found = next((name for name in names if not is_blank(values.get(name))), None)
        if found is None:
            raise VoteError(
                f"The example is not named: the fields are {', '.join(values) or 'none'}. One "
                f"called {' or '.join(names)} was expected; --id-field (id_field) says which it is."
            )
        return self.named(found, values[found])


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file of another tool is to be read, where it cannot be told from the file.

    Attributes
    ----------
    id_field : the column, or field, that holds the id of the example
    answer_field : the column, field or question that holds the answer
    answers : what the answers of the file mean, such as ``{"left": "given"}``; a meaning is one of
        ``VOTED``, ``"A"`` or ``"B"``, or a label's name where several may apply
    most : of the answers to one candidate the earliest so many count; without it all, but of
        Argilla, which may gather more than it was asked for, as many as the plan wants
    """

    id_field: str | None = None
    answer_field: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    most: int | None = None


AS_IT_IS = Reading()


@dataclass(frozen=True, kw_only=True)
class VotesRead:
    """The votes of a file, in the rows that `errata.exchange.votes.check_vote` takes.

    Attributes
    ----------
    rows : each says ``where`` it stood; one that cannot be taken has a ``PROBLEM``
    left_out : a line for each thing that was left out on purpose, with how many and why
    """

    rows: list[Row]
    left_out: tuple[str, ...] = ()


Kind = Literal["image", "audio", "text"]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a task shows of an example: a text, or the address of a picture or a sound."""

    kind: Kind
    value: str


Item = tuple[Question, Shown]
"""One task."""


def side_of(name: str, question: Question) -> str | None:
    """Return which side of a question a label is, ``"given"`` or ``"suggested"``.

    Examples
    --------
    >>> one = {"given_classes": (0,), "suggested_classes": (1,), "options": ("dog", "cat")}
    >>> question = Question(id="17", example=17, given=("cat",), suggested=("dog",), **one)
    >>> side_of("dog", question), side_of("fox", question)
    ('suggested', None)
    """
    for side, label in zip(ANSWERS[:2], (question.given, question.suggested), strict=True):
        if label == (name,):
            return side
    return None


def answer_fields(
    question: Question,
    value: object,
    *,
    shown: Sequence[str] | None = None,
    answers: Mapping[str, str] | None = None,
) -> Row:
    """Return the fields of a vote that an answer stands for.

    Parameters
    ----------
    value : the answer; where several labels may apply, the list of those that are ticked
    shown : the labels that the task showed as A and B, where it says so
    answers : what the words of the file mean, before anything else is tried

    Returns
    -------
    ``answer`` and ``first``, or ``answer`` and ``labels``

    Raises
    ------
    VoteError, NameUnknownError
        The answer is missing or unknown, or the task was about other labels than the audit asks
        about.

    Examples
    --------
    >>> one = {"given_classes": (0,), "suggested_classes": (1,), "options": ("dog", "cat")}
    >>> question = Question(id="17", example=17, given=("cat",), suggested=("dog",), **one)
    >>> answer_fields(question, "A", shown=["dog", "cat"])
    {'answer': 'suggested', 'first': 'suggested'}
    >>> answer_fields(question, "left", answers={"left": "given"})
    {'answer': 'given', 'first': None}
    >>> answer_fields(question, "Can't tell")
    {'answer': 'other', 'said': "can't tell", 'first': None}
    """
    if question.multilabel:
        return _ticked(value, answers or {})
    first = None if shown is None else _first(question, shown)
    if isinstance(value, list | tuple):
        value = _only(value)
    if is_blank(value):
        raise VoteError(f"The answer is missing; one of {', '.join(OPTIONS)} was expected.")
    word = _meaning(str(value), answers or {})
    low = word.lower()
    if low in ("a", "b") and shown is not None:
        side = side_of(shown["ab".index(low)], question)
        return {"answer": side, "first": first}
    named = side_of(word, question)
    answer = named if low not in VOTED and named else SYNONYMS.get(low, low)
    if answer in VOTED:
        return {"answer": answer, "first": first}
    if low == CANNOT_TELL:
        return {"answer": VOTED[-1], "said": CANNOT_TELL, "first": first}
    if low in ("a", "b"):
        raise VoteError(
            f"The answer is {word!r}, but the file does not say which label was shown as {word!r}. "
            f"Say what it means, as in {word}=given."
        )
    raise unknown_name("answer", word, (*VOTED, *question.options))


def _meaning(word: str, answers: Mapping[str, str]) -> str:
    """Return what a word of the file means; case and the spaces around it say nothing."""
    known = {key.strip().lower(): meaning for key, meaning in answers.items()}
    return known.get(word.strip().lower(), word.strip())


def _ticked(value: object, answers: Mapping[str, str]) -> Row:
    listed = value if isinstance(value, list | tuple) else [value]
    labels = list(dict.fromkeys(_meaning(str(one), answers) for one in listed if one is not None))
    if not labels:
        raise VoteError(f"Nothing is ticked. Where no label applies, {NONE!r} is.")
    for alone in (NONE, OTHER):
        if alone in labels and len(labels) > 1:
            raise VoteError(f"{alone!r} is ticked together with {_listed(labels)}.")
    if labels == [OTHER]:
        return {"answer": VOTED[-1], "labels": None}
    return {"answer": "labels", "labels": [label for label in labels if label != NONE]}


def _only(values: Sequence[object]) -> object:
    """Return the one answer; two say nothing."""
    if len(values) > 1:
        raise VoteError(f"There are {len(values)} answers, {_listed(values)}; one was expected.")
    return values[0] if values else None


def _first(question: Question, shown: Sequence[str]) -> str:
    """Return which side was shown first, of a task that is about the labels of the audit."""
    sides = [side_of(name, question) for name in shown]
    if sorted(map(str, sides)) != sorted(ANSWERS[:2]):
        raise VoteError(
            f"The task showed {_listed(shown)}, but the audit asks about "
            f"{_listed([*question.given, *question.suggested])} here. The votes are not on the "
            "same question."
        )
    return str(sides[0])


def _listed(names: Sequence[object]) -> str:
    return " and ".join(repr(str(name)) for name in names)


def as_list(text: str) -> list[Any] | None:
    """Return the list that a text is in JSON, or None.

    Examples
    --------
    >>> as_list('["dog"]'), as_list("dog")
    (['dog'], None)
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def counted(count: int, one: str, many: str, why: str) -> tuple[str, ...]:
    """Return the line about what was left out; nothing where nothing was.

    Examples
    --------
    >>> counted(1, "draft", "drafts", "not submitted"), counted(0, "draft", "drafts", "")
    (('1 draft: not submitted.',), ())
    """
    return (f"{plural(count, one, many)}: {why}.",) if count else ()
