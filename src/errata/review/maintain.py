"""The maintainer's pages: login, dashboard, decisions and diary; knows HTTP, forms and routes.

Who is let in is for `errata.review.gate`, the numbers are for `errata.review.watch`. Every page
works as plain forms; the script ``maintain.js`` keeps the numbers up to date.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response

from errata.audit import Audit
from errata.errors import InputError
from errata.labels import named
from errata.results import ChoiceTask, SetTask
from errata.review import boards
from errata.review.desk import Desk
from errata.review.gate import Gate, NotAMaintainerError, TooManyTriesError
from errata.review.guard import POLICY
from errata.review.pages import NONE, Page
from errata.review.watch import Watch

HOME, LOGIN = "/maintain", "/maintain/login"
LINES = 50
"""So many lines of the diary are on a page, and"""
NEWEST_LINES = 8
"""so many on the dashboard."""

WRONG = "This is not a name and password of a maintainer here."

Action = Literal["pause", "resume", "release", "revoke"]
Html = Callable[..., Response]


def add_pages(app: FastAPI, desk: Desk, gate: Gate, watch: Watch, html: Html) -> None:
    """Add the maintainer's pages to an application.

    ``html`` makes a response of a page and a status. All but the login lead whoever is not logged
    in to it:

    ==================================  =======================================================
    ``GET /maintain``                   the numbers (`Dashboard`); ``threshold``: of the verdicts
    ``GET, POST /maintain/login``       `Login`; ``name`` and ``password``
    ``GET /maintain/once/SECRET``       the link that the server's terminal shows, which counts once
    ``POST /maintain/logout``           the session ends
    ``POST /maintain/reviewers``        ``action``: ``pause``, ``resume``, ``release``, ``revoke``;
                                        ``name``: of whom; empty: of everybody (not ``revoke``)
    ``GET, POST /maintain/decide/0``    `Decide` example 0: ``answer`` or ``label``, ``reason``
    ``POST /maintain/decide/0/undo``    the votes decide again
    ``GET /maintain/diary``             `Diary`; ``before``: a line's number
    ==================================  =======================================================
    """

    def unframed(page: Page, status: int = HTTPStatus.OK) -> Response:
        # no other page, not even a notebook that may show the review, puts these under its clicks
        response = html(page, status)
        response.headers["content-security-policy"] = POLICY.format(ancestors="'none'")
        return response

    _add_login(app, desk.audit, gate, unframed)
    _add_dashboard(app, desk.audit, gate, watch, unframed)
    _add_decisions(app, _Decisions(desk, watch), gate, unframed)


def _go(where: str) -> Response:
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)


# ---------------------------------------------------------------- login


def _add_login(app: FastAPI, audit: Audit, gate: Gate, html: Html) -> None:
    text = Annotated[str, Form()]

    @app.exception_handler(NotAMaintainerError)
    def stranger(_request: Request, _error: Exception) -> Response:
        return _go(LOGIN)

    @app.get(LOGIN)
    def login(request: Request) -> Response:
        return _go(HOME) if gate.who(request) else html(boards.Login(audit=audit.name))

    @app.post(LOGIN)
    def log_in(request: Request, name: text = "", password: text = "") -> Response:
        address = request.client.host if request.client else ""
        try:
            number = gate.log_in(address, name, password)
        except TooManyTriesError as error:
            page = boards.Login(audit=audit.name, name=name, problem=str(error))
            response = html(page, HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["retry-after"] = str(error.seconds)
            return response
        if number is None:
            page = boards.Login(audit=audit.name, name=name, problem=WRONG)
            return html(page, HTTPStatus.FORBIDDEN)
        return gate.open(_go(HOME), number)

    @app.get("/maintain/once/{secret}")
    def once(request: Request, secret: str) -> Response:
        number = gate.use(secret)
        if number is not None:
            return gate.open(_go(HOME), number)
        if gate.who(request):
            return _go(HOME)
        used = "This link was used already, or the server was started anew since it was shown."
        return html(boards.Login(audit=audit.name, problem=used), HTTPStatus.FORBIDDEN)

    @app.post("/maintain/logout")
    def log_out(request: Request) -> Response:
        return gate.shut(request, _go(LOGIN))


# ---------------------------------------------------------------- the dashboard


def _add_dashboard(app: FastAPI, audit: Audit, gate: Gate, watch: Watch, html: Html) -> None:
    known = Annotated[str, Depends(gate.maintainer)]

    @app.get(HOME)
    def dashboard(maintainer: known, threshold: int = 0) -> Response:
        thresholds = watch.thresholds()
        shown = threshold if threshold in thresholds else thresholds[0]
        page = boards.Dashboard(
            audit=audit.name,
            maintainer=maintainer,
            overview=watch.overview(shown),
            thresholds=thresholds,
            threshold=shown,
            events=_lines(audit, None, NEWEST_LINES),
            several=audit.multilabel,
            choice=audit.asks.chooses,
        )
        return html(page)

    @app.post("/maintain/reviewers")
    def reviewers(
        maintainer: known, action: Annotated[Action, Form()], name: Annotated[str, Form()] = ""
    ) -> Response:
        whom = name or None
        if action == "pause":
            audit.pause(whom, by=maintainer)
        elif action == "resume":
            audit.resume(whom, by=maintainer)
        elif action == "release":
            audit.release_leases(whom, by=maintainer)
        else:
            audit.revoke(name, by=maintainer)
        watch.changed()
        return _go(f"{HOME}#reviewers")

    @app.get("/maintain/diary")
    def diary(maintainer: known, before: int | None = None) -> Response:
        lines = _lines(audit, before, LINES + 1)
        older = lines[LINES - 1].event.number if len(lines) > LINES else None
        return html(
            boards.Diary(audit=audit.name, maintainer=maintainer, lines=lines[:LINES], older=older)
        )


def _lines(audit: Audit, before: int | None, limit: int) -> list[boards.Line]:
    return [boards.Line(event=event) for event in audit.events(before=before, limit=limit)]


# ---------------------------------------------------------------- decisions


def _add_decisions(app: FastAPI, decisions: "_Decisions", gate: Gate, html: Html) -> None:
    known = Annotated[str, Depends(gate.maintainer)]
    ticked = Annotated[list[int], Form(default_factory=list)]
    text = Annotated[str, Form()]
    at = "/maintain/decide/{example:int}"

    @app.get(at)
    def decide(maintainer: known, example: int) -> Response:
        return html(decisions.page(maintainer, example))

    @app.post(at)
    def decided(
        maintainer: known, example: int, label: ticked, answer: text = "", reason: text = ""
    ) -> Response:
        try:
            decisions.take(maintainer, example, answer, label, reason)
        except InputError as error:
            sent = {"reason": reason, "chosen": [answer, *map(str, label)]}
            page = decisions.page(maintainer, example, problem=str(error), **sent)
            return html(page, HTTPStatus.UNPROCESSABLE_ENTITY)
        return _go(f"/maintain/decide/{example}")

    @app.post(f"{at}/undo")
    def undo(maintainer: known, example: int, reason: text = "") -> Response:
        decisions.undo(maintainer, example, reason)
        return _go(f"/maintain/decide/{example}")


class _Decisions:
    """What a maintainer sees of an example to decide, and what becomes of a decision."""

    def __init__(self, desk: Desk, watch: Watch) -> None:
        self._desk = desk
        self._audit = desk.audit
        self._watch = watch

    def page(self, maintainer: str, example: int, **sent: object) -> Page:
        audit, choices = self._audit, self._choices(example)
        unsettled = self._watch.unsettled()
        return boards.Decide(
            audit=audit.name,
            maintainer=maintainer,
            example=example,
            id=audit.ids[example],
            view=self._desk.view(example),
            choices=choices,
            several=audit.multilabel,
            ballots=audit.ballots(example),
            decisions=audit.adjudications(example),
            needs=audit.votes_needed(example),
            following=next((one for one in unsettled if one.example != example), None),
            **sent,  # type: ignore[arg-type]
        )

    def _choices(self, example: int) -> list[tuple[str, str]]:
        names, task = self._audit.classes, self._audit.task_for("nobody", example)
        if isinstance(task, SetTask):
            return [(str(label), names[label]) for label in sorted(task.labels)]
        if isinstance(task, ChoiceTask):
            each = [(str(label), names[label]) for label in sorted(task.labels)]
            return [*each, (NONE.name, NONE.label)]
        given, suggested = (named(label, names) for label in (task.given, task.suggested))
        return [
            ("given", f"{given}: the given label is right"),
            ("suggested", f"{suggested}: the suggested label is right"),
            ("both", "Both are right"),
            ("neither", "Neither is right"),
        ]

    def take(
        self, maintainer: str, example: int, answer: str, label: list[int], reason: str
    ) -> None:
        if not self._audit.multilabel:
            if not answer:
                raise InputError("Nothing was chosen. Say what is right.")
            if isinstance(self._audit.task_for("nobody", example), ChoiceTask):
                labels = [int(answer)] if answer.isdecimal() else []
                self._audit.adjudicate(
                    example, "labels", labels=labels, reason=reason, by=maintainer
                )
                self._watch.changed()
                return
            self._audit.adjudicate(example, answer, reason=reason, by=maintainer)
        else:
            self._audit.adjudicate(example, "labels", labels=label, reason=reason, by=maintainer)
        self._watch.changed()

    def undo(self, maintainer: str, example: int, reason: str) -> None:
        self._audit.undo_adjudication(example, by=maintainer, reason=reason)
        self._watch.changed()
