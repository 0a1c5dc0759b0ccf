"""The maintainer's pages: login, dashboard, decisions and diary; knows HTTP, forms and routes.

Who is let in is for `errata.review.gate`, the numbers are for `errata.review.watch`. Every page
works as plain forms; the script ``maintain.js`` keeps the numbers up to date.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from errata.audit import Audit
from errata.errors import InputError
from errata.labels import named
from errata.results import ChoiceTask, SetTask
from errata.review import boards
from errata.review.addresses import existing
from errata.review.desk import Desk
from errata.review.gate import Gate, NotAMaintainerError, TooManyTriesError
from errata.review.guard import POLICY
from errata.review.live import add_site
from errata.review.pages import NONE, Page
from errata.review.watch import Watch

HOME, LOGIN = "/maintain", "/maintain/login"
LINES = 50
"""So many lines of the diary are on a page, and"""
NEWEST_LINES = 8
"""so many on the dashboard."""

WRONG = "This is not a name and password of a maintainer here."

LARGEST = 2**63 - 1
"""A larger number is that of no line."""

Action = Literal["pause", "resume", "release", "revoke"]
Skipped = Annotated[int, Query(ge=0)]
Html = Callable[..., Response]


def add_pages(app: FastAPI, desk: Desk, gate: Gate, watch: Watch, html: Html) -> None:
    """Add the maintainer's pages to an application.

    ``html`` makes a response of a page and a status. All but the login lead whoever is not logged
    in to it:

    ==================================  =======================================================
    ``GET /maintain``                   the numbers (`Dashboard`); ``threshold``: of the verdicts;
                                        ``after``, ``skip``: as of ``/api/progress``
    ``GET, POST /maintain/login``       `Login`; ``name`` and ``password``
    ``GET /maintain/once/SECRET``       the link that the server's terminal shows, which counts once
    ``POST /maintain/logout``           the session ends
    ``POST /maintain/reviewers``        ``action``: ``pause``, ``resume``, ``release``, ``revoke``;
                                        ``name``: of whom; empty: of everybody (not ``revoke``);
                                        ``skip``: of the page that was looked at
    ``GET, POST /maintain/decide/0``    `Decide` example 0: ``answer`` or ``label``, ``reason``;
                                        ``seen``: the number of the newest decision, 0: none
    ``POST /maintain/decide/0/undo``    the votes decide again; ``seen``
    ``GET /maintain/diary``             `Diary`; ``before``: a line's number
    ``GET /maintain/site/...``          the pages of the site, see `errata.review.live`
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
    add_site(app, desk.audit, gate)


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
        try:
            token = gate.log_in(request, name, password)
        except TooManyTriesError as error:
            page = boards.Login(audit=audit.name, name=name, problem=str(error))
            response = html(page, HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["retry-after"] = str(error.seconds)
            return response
        if token is None:
            page = boards.Login(audit=audit.name, name=name, problem=WRONG)
            return html(page, HTTPStatus.FORBIDDEN)
        return gate.open(_go(HOME), token)

    @app.get("/maintain/once/{secret}")
    def once(request: Request, secret: str) -> Response:
        token = gate.use(secret)
        if token is not None:
            return gate.open(_go(HOME), token, samesite="lax")
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
    def dashboard(
        maintainer: known, threshold: int = 0, after: int = -1, skip: Skipped = 0
    ) -> Response:
        thresholds = audit.thresholds()
        page = boards.Dashboard(
            audit=audit.name,
            maintainer=maintainer,
            overview=watch.overview(after=after, skip=skip),
            thresholds=thresholds,
            threshold=threshold if threshold in thresholds else audit.planned_threshold(),
            after=after,
            skip=skip,
            events=_lines(audit, None, NEWEST_LINES),
            several=audit.multilabel,
            choice=audit.asks.chooses,
        )
        return html(page)

    @app.post("/maintain/reviewers")
    def reviewers(
        maintainer: known,
        action: Annotated[Action, Form()],
        name: Annotated[str, Form()] = "",
        skip: Annotated[int, Form(ge=0)] = 0,
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
        return _go(f"{HOME}?skip={skip}#reviewers" if skip else f"{HOME}#reviewers")

    @app.get("/maintain/diary")
    def diary(
        maintainer: known, before: Annotated[int | None, Query(ge=0, le=LARGEST)] = None
    ) -> Response:
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
    seen_ = Annotated[int | None, Form()]
    there = Annotated[int, Depends(existing(decisions.audit))]
    at = "/maintain/decide/{example:number}"

    @app.get(at)
    def decide(maintainer: known, example: there) -> Response:
        return html(decisions.page(maintainer, example))

    @app.post(at)
    def decided(
        maintainer: known,
        example: there,
        *,
        label: ticked,
        answer: text = "",
        reason: text = "",
        seen: seen_ = None,
    ) -> Response:
        try:
            decisions.take(
                maintainer, example, answer=answer, label=label, reason=reason, seen=seen
            )
        except InputError as error:
            sent = {"reason": reason, "chosen": [answer, *map(str, label)]}
            page = decisions.page(maintainer, example, problem=str(error), **sent)
            return html(page, HTTPStatus.UNPROCESSABLE_ENTITY)
        return _go(f"/maintain/decide/{example}")

    @app.post(f"{at}/undo")
    def undo(maintainer: known, example: there, reason: text = "", seen: seen_ = None) -> Response:
        try:
            decisions.undo(maintainer, example, reason, seen)
        except InputError as error:
            page = decisions.page(maintainer, example, problem=str(error))
            return html(page, HTTPStatus.UNPROCESSABLE_ENTITY)
        return _go(f"/maintain/decide/{example}")


class _Decisions:
    """What a maintainer sees of an example to decide, and what becomes of a decision."""

    def __init__(self, desk: Desk, watch: Watch) -> None:
        self._desk = desk
        self.audit = desk.audit
        self._watch = watch

    def page(self, maintainer: str, example: int, **sent: object) -> Page:
        audit, choices = self.audit, self._choices(example)
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
            reports=audit.reports_of(example),
            needs=audit.votes_needed(example),
            following=self._watch.following(example),
            **sent,  # type: ignore[arg-type]
        )

    def _choices(self, example: int) -> list[tuple[str, str]]:
        names, task = self.audit.classes, self.audit.task_for("nobody", example)
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
        self,
        maintainer: str,
        example: int,
        *,
        answer: str,
        label: list[int],
        reason: str,
        seen: int | None,
    ) -> None:
        several = self.audit.multilabel
        if not several and not answer:
            raise InputError("Nothing was chosen. Say what is right.")
        if isinstance(self.audit.task_for("nobody", example), ChoiceTask):
            if answer not in dict(self._choices(example)):
                raise InputError(f"{answer[:20]!r} is no answer here. Choose one that is shown.")
            label = [] if answer == NONE.name else [int(answer)]
            several = True
        self.audit.adjudicate(
            example,
            "labels" if several else answer,
            labels=label if several else None,
            reason=reason,
            by=maintainer,
            after=seen,
        )
        self._watch.decided(example)

    def undo(self, maintainer: str, example: int, reason: str, seen: int | None) -> None:
        self.audit.undo_adjudication(example, by=maintainer, reason=reason, after=seen)
        self._watch.decided(example, holds=False)
