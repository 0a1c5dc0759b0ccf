"""Reviewing by programs: the next example, an answer to it, and votes from elsewhere, as JSON.

Every request carries the token of an invitation, ``Authorization: Bearer TOKEN``. The answers are
documented at ``/api/openapi.json``; what goes wrong has the one shape that all errors have.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, HTTPException, Query
from fastapi.concurrency import run_in_threadpool

from errata.inviting import Invitation
from errata.results import AnyTask, ChoiceTask, SetTask
from errata.review.desk import Desk
from errata.review.pages import CLASS, extra_answers
from errata.review.people import Door, NotInvitedError
from errata.review.tickets import BadTicketError
from errata.review.watch import Overview, Watch

MAINTAINERS_ONLY = (
    "Votes of others are brought by a maintainer: ask for a token of that role (`errata invite "
    "AUDIT NAME --role maintainer`)."
)
NUMBERS_FOR_MAINTAINERS = (
    "The numbers of a review are its maintainer's: ask for a token of that role (`errata invite "
    "AUDIT NAME --role maintainer`)."
)


ANSWER = r"^(a|b|both|neither|unclear|labels|(class|extra)-[0-9]{1,9})$"
"""What an answer looks like; what it may be depends on the question."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way to answer: what to send, and the name of the class, or the words, it stands for."""

    answer: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a reviewer is asked, blind: nothing tells which option is the given label.

    Attributes
    ----------
    ticket : to be sent back with the answer; it counts once, whenever and however often it is sent
    kind : ``"pair"``: answer ``a``, ``b``, ``both``, ``neither``, ``unclear``; ``"labels"``: answer
        ``labels``, with those of the options that apply, perhaps none, or ``unclear``, without any;
        ``"choice"``: one of the options, or ``neither`` (none of these), ``unclear``
    media : where the example is, from this server
    answered, total : how many the reviewer has answered, of how many
    """

    ticket: str
    example: int
    id: str
    kind: Literal["pair", "labels", "choice"]
    options: list[Option]
    media: str
    answered: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Next:
    """What comes next: a question; or nothing, and for what and how many seconds to wait."""

    question: Question | None
    waiting: int = 0
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What became of an answer: whether it was added, what a page would say, and what comes next.

    ``added`` is false where the ticket was sent before, or the example needs no more votes.
    """

    added: bool
    said: str
    next: Next


@dataclass(frozen=True, kw_only=True)
class Added:
    """What became of votes from elsewhere."""

    added: int
    already_there: int
    refused: list[str]


def _asked(
    task: AnyTask, shown: Sequence[int], classes: Sequence[str]
) -> tuple[Literal["pair", "labels", "choice"], list[Option]]:
    """Return the kind of a question, and its options in the order in which they are shown."""
    names = [classes[label] for label in shown]
    if isinstance(task, ChoiceTask):
        answers = [*(f"{CLASS}{label}" for label in shown)]
        extras = [Option(answer=one.name, name=one.label) for one in extra_answers(task.extra)]
        return "choice", [*_options(answers, names), *extras]
    if isinstance(task, SetTask):
        return "labels", _options([str(label) for label in shown], names)
    return "pair", _options(["a", "b"], names)


def _options(answers: Sequence[str], names: Sequence[str]) -> list[Option]:
    return [Option(answer=answer, name=name) for answer, name in zip(answers, names, strict=True)]


def router(desk: Desk, door: Door, watch: Watch) -> APIRouter:
    """Return the routes under ``/api``."""
    api = APIRouter(prefix="/api")
    known = Annotated[str, Header()]

    def person(authorization: str) -> Invitation:
        try:
            return door.admit_bearer(authorization)
        except NotInvitedError as error:
            raise HTTPException(401, str(error)) from None

    async def name_of(authorization: str) -> str:
        # before anything is done for them: who has no token keeps nobody waiting
        found = door.known_bearer(authorization)
        if found is None:
            found = await run_in_threadpool(person, authorization)
        return found.name

    def following(reviewer: str) -> Next:
        asked = desk.next_task(reviewer)
        if asked is None:
            waits = desk.audit.waiting(reviewer)
            return Next(question=None, waiting=waits.examples, seconds=waits.seconds)
        task, ticket, progress = asked
        kind, options = _asked(task, desk.classes_shown(task), desk.audit.classes)
        return Next(
            question=Question(
                ticket=ticket,
                example=task.example,
                id=task.id,
                kind=kind,
                options=options,
                media=desk.media_url(task.example),
                answered=progress.answered,
                total=progress.total,
            )
        )

    # One thread works for all who ask at the same moment. FastAPI would hand each of them to two:
    # for the answer, and again for checking that.

    @api.get("/task")
    async def task(authorization: known = "") -> Next:
        """Return the next example of the reviewer whose token it is, and keep it for them."""
        name = await name_of(authorization)
        return await asyncio.wrap_future(desk.audit.soon(lambda: following(name)))

    @api.post("/answer")
    async def answer(
        ticket: Annotated[str, Body()],
        answer: Annotated[str, Body(pattern=ANSWER)],
        labels: Annotated[list[int] | None, Body()] = None,
        authorization: known = "",
    ) -> Recorded:
        """Record an answer; once this returns it survives a crash of the machine."""
        reviewer = await name_of(authorization)
        try:
            read = desk.seal.read_ticket(ticket, reviewer=reviewer)
        except BadTicketError as error:
            raise HTTPException(403, f"{error} Nothing was recorded.") from None

        def record() -> Recorded:
            said = desk.vote(read, answer, labels or ())
            return Recorded(added=said.undo, said=said.text, next=following(reviewer))

        return await asyncio.wrap_future(desk.audit.soon(record))

    @api.post("/votes")
    async def votes(
        votes: Annotated[list[dict[str, Any]], Body()], authorization: known = ""
    ) -> Added:
        """Add votes from elsewhere, as `Audit.add_votes` takes them; a maintainer's token."""
        sender = await run_in_threadpool(person, authorization)
        if sender.role != "maintainer":
            raise HTTPException(403, MAINTAINERS_ONLY)
        found = await run_in_threadpool(lambda: desk.audit.add_votes(votes, by=sender.name))
        return Added(
            added=found.added, already_there=found.already_there, refused=list(found.refused)
        )

    @api.get("/progress")
    def progress(
        authorization: known = "",
        after: int = -1,
        skip: Annotated[int, Query(ge=0)] = 0,
    ) -> Overview:
        """Return the numbers of the dashboard; a maintainer's token.

        What is still being worked out is null: ask again in some seconds. Of those to decide the
        first 50 are told that come after the example ``after``; of the reviewers 100, without the
        first ``skip``.
        """
        if person(authorization).role != "maintainer":
            raise HTTPException(403, NUMBERS_FOR_MAINTAINERS)
        return watch.overview(after=after, skip=skip)

    return api
