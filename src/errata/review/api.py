"""Reviewing by programs: the next example, an answer to it, and votes from elsewhere, as JSON.

Every request carries the token of an invitation, ``Authorization: Bearer TOKEN``. The answers are
documented at ``/api/openapi.json``; what goes wrong has the one shape that all errors have.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from errata.errors import BusyError, ErrataError
from errata.inviting import Invitation
from errata.results import AnyTask, ChoiceTask, SetTask, Waiting
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


FOR_MAINTAINERS = {"/api/votes": MAINTAINERS_ONLY, "/api/progress": NUMBERS_FOR_MAINTAINERS}
DOCUMENT = "/api/openapi.json"

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
    id : where there is nothing to see or hear of the example; else None, as an id, such as the name
        of a file, may tell the given label
    kind : ``"pair"``: answer ``a``, ``b``, ``both``, ``neither``, ``unclear``; ``"labels"``: answer
        ``labels``, with those of the options that apply, perhaps none, or ``unclear``, without any;
        ``"choice"``: one of the options, or ``neither`` (none of these), ``unclear``
    media : where the example is, from this server
    answered, total : how many the reviewer has answered, of how many
    """

    ticket: str
    example: int
    id: str | None
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


def router(desk: Desk, watch: Watch) -> APIRouter:
    """Return the routes under ``/api``, which `Bearers` lets nobody use without a token."""
    bearer = HTTPBearer(auto_error=False, description="The token of an invitation.")
    api = APIRouter(prefix="/api", dependencies=[Depends(bearer)])
    known = Annotated[Invitation, Depends(_invited)]

    def following(reviewer: str) -> Next:
        asked = desk.next_task(reviewer)
        if isinstance(asked, Waiting):
            return Next(question=None, waiting=asked.examples, seconds=asked.seconds)
        task, ticket, progress = asked
        kind, options = _asked(task, desk.classes_shown(task), desk.audit.classes)
        return Next(
            question=Question(
                ticket=ticket,
                example=task.example,
                id=None if desk.audit.has_media else task.id,
                kind=kind,
                options=options,
                media=desk.media_url(task.example),
                answered=progress.answered,
                total=progress.total,
            )
        )

    @api.get("/task")
    def task(person: known) -> Next:
        """Return the next example of the reviewer whose token it is, and keep it for them."""
        return following(person.name)

    @api.post("/answer")
    async def answer(
        person: known,
        ticket: Annotated[str, Body()],
        # only told: what is no answer is refused by the question's own answers, which are named
        answer: Annotated[str, Body(json_schema_extra={"pattern": ANSWER})],
        labels: Annotated[list[int] | None, Body()] = None,
    ) -> Recorded:
        """Record an answer; once this returns it survives a crash of the machine."""
        try:
            read = desk.seal.read_ticket(ticket, reviewer=person.name)
        except BadTicketError as error:
            raise HTTPException(403, f"{error} Nothing was recorded.") from None

        def record() -> Recorded:
            said = desk.vote(read, answer, labels or ())
            try:
                next_ = following(person.name)
            except BusyError:  # the answer is recorded: only what comes next has to wait
                next_ = Next(question=None, waiting=1, seconds=1.0)
            return Recorded(added=said.undo, said=said.text, next=next_)

        # One thread works for all who ask at the same moment. FastAPI would hand each of them to
        # two: for the answer, and again for checking that.
        return await asyncio.wrap_future(desk.audit.soon(record))

    @api.post("/votes")
    def votes(person: known, votes: Annotated[list[dict[str, Any]], Body()]) -> Added:
        """Add votes from elsewhere, as `Audit.add_votes` takes them; a maintainer's token."""
        found = desk.audit.add_votes(votes, by=person.name)
        return Added(
            added=found.added, already_there=found.already_there, refused=list(found.refused)
        )

    @api.get("/progress")
    def progress(after: int = -1, skip: Annotated[int, Query(ge=0)] = 0) -> Overview:
        """Return the numbers of the dashboard; a maintainer's token.

        What is still being worked out is null: ask again in some seconds. Of those to decide the
        first 50 are told that come after the example ``after``; of the reviewers 100, without the
        first ``skip``.
        """
        return watch.overview(after=after, skip=skip)

    return api


async def _invited(request: Request) -> Invitation:
    """Return whose token a request carries."""
    person: Invitation = request.state.invitation
    return person


class Bearers:
    """Refuses requests of programs whose token opens nothing, before what they send is read.

    ``refuse`` makes the response to a refused request.
    """

    def __init__(
        self, app: ASGIApp, *, door: Door, refuse: Callable[[Request, int, str], Response]
    ) -> None:
        self._app = app
        self._door = door
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/api/") or path == DOCUMENT:
            await self._app(scope, receive, send)
            return
        authorization = Headers(scope=scope).get("authorization", "")
        status, why = 0, ""
        try:
            person = self._door.kept_bearer(authorization)
            if person is None:
                person = await run_in_threadpool(self._door.admit_bearer, authorization)
        except NotInvitedError as error:
            status, why = 401, str(error)
        except ErrataError as error:  # the application's handlers of these stand further in
            status, why = 503 if isinstance(error, BusyError) else 409, str(error)
        else:
            scope.setdefault("state", {})["invitation"] = person
            if person.role != "maintainer" and path in FOR_MAINTAINERS:
                status, why = 403, FOR_MAINTAINERS[path]
        app = self._refuse(Request(scope), status, why) if status else self._app
        await app(scope, receive, send)
