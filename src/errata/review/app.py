"""The page on which people check labels: Figure 2 of the paper, served on this machine only.

Knows HTTP: cookies, routes, errors, the server. What is shown and recorded is for
`errata.review.desk`. Every page works as a plain form; the script in ``static`` adds the keys and
the speed.

Northcutt, Athalye and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize Machine
Learning Benchmarks", section 4 and figure 2.
"""

import contextlib
import errno
import gc
import json
import math
import re
import reprlib
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import Depends, FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from errata.audit import Audit
from errata.datasets.media import Clip, Picture, Shown, Text
from errata.errors import BusyError, ErrataError, InputError, PausedError
from errata.exchange.votes import LONGEST_NAME, one_form
from errata.inviting import Invitation
from errata.panels import Panel
from errata.review import PORT, maintain, pages
from errata.review.addresses import existing
from errata.review.api import ANSWER, DOCUMENT, Bearers, router
from errata.review.cookies import Cookies
from errata.review.desk import CHANGED, Desk, NoAnswerError
from errata.review.gate import Gate
from errata.review.guard import ANY_HOST, FOREVER, LOOPBACK, Guard, headers_of
from errata.review.pages import Flash
from errata.review.people import Door, NotInvitedError, as_address
from errata.review.tickets import BadTicketError, Seal, kept_key
from errata.review.watch import Watch

STATIC_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MONTH = 30 * 24 * 3600
Choice = Annotated[str, Form(pattern=ANSWER)]
Ticked = Annotated[list[int], Form(default_factory=list)]
BY_LINK = ("invitation", "participant")
"""The cookies of those who came by a link."""
_MOST_WRONG = 3
"""Of what is wrong with a request, so much is told."""

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def create_app(
    audit: Audit,
    *,
    reviewer: str | None = None,
    hosts: Sequence[str] = LOOPBACK,
    invited_only: bool = False,
    secure: bool = False,
    once: str | None = None,
    frame_ancestors: Sequence[str] = (),
) -> FastAPI:
    """Return the review server of an audit.

    Parameters
    ----------
    audit : an audit with a plan
    reviewer : the name that the start page proposes
    hosts : the names under which the server answers
    invited_only : whether nobody is let in but by the link of an invitation
    secure : whether browsers reach the server by https, and send cookies in no other way
    once : a secret that opens the maintainer's pages, once: ``/maintain/once/SECRET``
    frame_ancestors : the origins of pages that may show ours in a frame

    Returns
    -------
    An ASGI application. Its pages:

    ===================  =======================================================================
    ``GET /``            the task, and who you are (`Start`)
    ``POST /``           ``name``: begin, or go on, as that reviewer
    ``GET /join/TOKEN``  the link of an invitation: go on to the start page as that reviewer; a
                         maintainer, to the dashboard
    ``GET /panel/TOKEN``  the link of a panel, with the id of a participant in a parameter: the same
    ``GET /review``      the next example (`Question`, `Checks` or `Choices`), or the end of the
                         queue (`Done`)
    ``POST /answer``     ``ticket`` and ``answer``: ``a``, ``b``, ``both``, ``neither``,
                         ``unclear``; of a `Checks` page ``labels``, with a ``label`` for each
                         that is ticked, or ``unclear``; of a `Choices` page ``class-3``,
                         ``neither``, ``extra-0``, ``unclear``
    ``POST /skip``       ``ticket``: the example comes last
    ``POST /undo``       ``ticket``: the last answer is withdrawn
    ``GET /after/0``     the page that comes after example 0 if nothing changes, without a ticket;
                         nothing is handed out, and nothing is there (204) where none comes
    ``GET /practice/1``  an example with a known answer (`Practice`), before the first real one
    ``POST /practice/1`` the same fields as ``/answer`` without a ticket: whether that is right;
                         nothing is recorded
    ``GET /media/0``     the picture, sound, text (plain) or row (JSON) of example 0
    ``/api``             the same for programs, see `errata.review.api`
    ``/maintain``        the maintainer's pages, see `errata.review.maintain`
    ===================  =======================================================================

    Every ``POST`` leads on to ``/review``. Whatever goes wrong is a `Problem` page or, for a
    client that does not ask for HTML, ``{"error": {"status", "title", "message"}}``.
    """
    seal = Seal(kept_key(audit.path))
    desk = Desk(audit, seal)
    door = Door(audit, seal)
    cookies = Cookies(seal=seal, secure=secure)
    gate, watch = Gate(audit, door, cookies, once=once), Watch(audit)
    site = _Site(audit.name, cookies, door, gate, invited_only=invited_only)
    app = FastAPI(  # FastAPI's pages of docs load from elsewhere
        title="errata review",
        version=version("errata"),
        openapi_url=DOCUMENT,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(router(desk, watch))
    maintain.add_pages(app, desk, gate, watch, site.html)
    _add_start(app, desk, site, gate, reviewer or "", invited_only=invited_only)
    _add_links(app, audit, door, site)
    _add_review(app, desk, site)
    _add_practice(app, desk, site)
    _add_files(app, audit, desk, site)
    _add_problems(app, site, headers_of(frame_ancestors))
    app.add_middleware(Bearers, door=door, refuse=site.problem)
    app.add_middleware(Guard, hosts=hosts, refuse=site.problem, frame_ancestors=frame_ancestors)
    return app


def _add_start(
    app: FastAPI, desk: Desk, site: "_Site", gate: Gate, proposed: str, *, invited_only: bool
) -> None:
    """Add the first page, on which people say who they are; a name is ``proposed``."""
    audit = desk.audit
    text = Annotated[str, Form()]

    def start(request: Request, status: int, name: str, problem: str) -> Response:
        known = site.known(request)
        progress = desk.progress(known) if known else None
        page = pages.Start(
            audit=audit.name,
            reviewer=known,
            answered=progress.answered if progress else 0,
            total=progress.total if progress else 0,
            suggested_name=name,
            problem=problem,
            several=audit.multilabel,
            choice=desk.choice,
            many=desk.many,
            pair=desk.pair,
            maintains=gate.who(request) is not None,
        )
        if known or not invited_only:  # strangers see no example, and nothing of votes or plan
            page = replace(
                page,
                notices=audit.vote_notices,
                extras=pages.extra_answers(audit.asks.extra),
                worked=desk.worked(),
                practice=len(desk.lessons().practice),
            )
        return site.html(page, status)

    @app.get("/")
    def first_page(request: Request) -> Response:
        return start(request, 200, proposed, "")

    @app.post("/")
    def begin(request: Request, name: text = "", practise: text = "") -> Response:
        if invited_only:
            raise HTTPException(403, "This review is for those who were sent a link: open yours.")
        try:
            name = clean_name(name)
        except InputError as error:
            return start(request, 422, name, str(error))
        to = "/practice/1" if practise else "/review"
        return site.welcome(name, back=audit.progress(name).answered > 0, to=to)


def _add_links(app: FastAPI, audit: Audit, door: Door, site: "_Site") -> None:
    """Add what the links of invitations and panels lead to."""

    @app.get("/join/{token}")
    def join(token: str) -> Response:
        person = door.admit(token)
        to = maintain.HOME if person.role == "maintainer" else "/"
        return site.let_in(to, invitation=door.token_of(person))

    @app.get("/panel/{token}")
    def panel(request: Request, token: str) -> Response:
        found = door.panel(token)
        participant = request.query_params.get(found.parameter, "")
        try:
            name = audit.enter(found, participant)
        except InputError as error:
            return site.problem(request, 422, str(error))
        return site.let_in("/", participant=[token, name])


def _add_review(app: FastAPI, desk: Desk, site: "_Site") -> None:
    """Add the examples to review, and what is done with them."""
    seal = desk.seal
    known = Annotated[str, Depends(site.reviewer)]
    there = Annotated[int, Depends(existing(desk.audit))]
    text = Annotated[str, Form()]

    @app.get("/review")
    def review(request: Request, reviewer: known) -> Response:
        return site.html(desk.next_page(reviewer, site.flash(request)))

    @app.post("/answer")
    def answer(reviewer: known, ticket: text, answer: Choice, label: Ticked) -> Response:
        return site.go_on(desk.vote(seal.read_ticket(ticket, reviewer=reviewer), answer, label))

    @app.post("/skip")
    def skip(reviewer: known, ticket: text) -> Response:
        return site.go_on(desk.skip(seal.read_ticket(ticket, reviewer=reviewer)))

    @app.post("/undo")
    def undo(reviewer: known, ticket: text) -> Response:
        return site.go_on(desk.undo(seal.read_ticket(ticket, reviewer=reviewer)))

    @app.get("/after/{example:number}")
    def after(reviewer: known, example: there) -> Response:
        page = desk.page_after(reviewer, example)
        return Response(status_code=204) if page is None else site.html(page)


def _add_practice(app: FastAPI, desk: Desk, site: "_Site") -> None:
    """Add the examples to practise on; after the last of them the review begins."""
    known = Annotated[str, Depends(site.reviewer)]

    def page(reviewer: str, number: int, answer: tuple[str, list[int]] | None = None) -> Response:
        found = desk.practice(reviewer, number, answer)
        return (
            RedirectResponse("/review", HTTPStatus.SEE_OTHER) if found is None else site.html(found)
        )

    @app.get("/practice/{number:number}")
    def practice(reviewer: known, number: int) -> Response:
        return page(reviewer, number)

    @app.post("/practice/{number:number}")
    def practised(reviewer: known, number: int, answer: Choice, label: Ticked) -> Response:
        return page(reviewer, number, (answer, label))


def _add_files(app: FastAPI, audit: Audit, desk: Desk, site: "_Site") -> None:
    """Add what pages refer to: the examples, and the files that come with the package."""
    allowed = Annotated[None, Depends(site.allowed)]
    there = Annotated[int, Depends(existing(audit))]

    @app.get("/media/{example:number}")
    def media(request: Request, _: allowed, example: there, v: str = "") -> Response:
        shown = desk.shown(example)
        if isinstance(shown, pages.Missing):
            raise HTTPException(404, shown.why)
        return _media(shown, kept=v == desk.seal.stamp, wanted=request.headers.get("range", ""))

    @app.get("/static/{name}")
    def static(name: str, v: str = "") -> Response:
        content = site.pages.static.get(name)
        if content is None:
            raise HTTPException(404, f"There is no file {name!r} here.")
        kind = STATIC_KINDS[Path(name).suffix]
        return Response(content, media_type=kind, headers=_kept(v == site.pages.version))


def clean_name(name: str) -> str:
    """Return a reviewer's name with its spaces and accents in one form.

    Raises
    ------
    InputError
        It is empty, too long, or holds characters that cannot be shown.

    Examples
    --------
    >>> clean_name("  Ana   Lima ")
    'Ana Lima'
    """
    clean = one_form(name)
    if not clean:
        raise InputError("Please give a name, so that you can come back to your place.")
    if len(clean) > LONGEST_NAME:
        raise InputError(
            f"This name has {len(clean)} characters; please use at most {LONGEST_NAME}."
        )
    if not clean.isprintable():
        raise InputError("This name holds characters that cannot be shown; please use others.")
    return clean


def _media(shown: Shown, *, kept: bool, wanted: str) -> Response:
    # A picture opened by itself must not run as a document (SVG can hold scripts).
    headers = {"content-security-policy": "default-src 'none'; sandbox"} | _kept(kept)
    if isinstance(shown, Picture):
        return Response(shown.data, media_type=shown.mime, headers=headers)
    if isinstance(shown, Clip):
        return _piece(shown, wanted, headers)
    if isinstance(shown, Text):
        return Response(shown.text, media_type="text/plain", headers=headers)
    values = map(_in_json, shown.values)
    return _json(dict(zip(shown.names, values, strict=True)), headers=headers)


def _encoded(page: str) -> bytes:
    """Return a page in UTF-8, with ``?`` for what is none in the name of a file."""
    return page.encode("utf-8", "replace")


def _json(
    content: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Return JSON in ASCII, which can write half of a character, too."""
    text = json.dumps(content, allow_nan=False)
    return Response(text, status, headers, media_type="application/json")


def _in_json(value: str | float) -> str | float:
    """Return a value as JSON can have it: nan and infinity, which are no numbers there, as text."""
    return value if isinstance(value, str) or math.isfinite(value) else str(value)


def _piece(clip: Clip, wanted: str, headers: dict[str, str]) -> Response:
    """Return a sound, or the bytes of it that are asked for: some browsers play no other answer."""
    headers |= {"accept-ranges": "bytes"}
    size = len(clip.data)
    asked = _RANGE.fullmatch(wanted)
    if asked is None or not any(asked.groups()):
        return Response(clip.data, media_type=clip.mime, headers=headers)
    first, last = (int(number) if number else None for number in asked.groups())
    if first is None:
        first, last = max(0, size - (last or 0)), None  # the last so many
    last = size - 1 if last is None else min(last, size - 1)
    if not first <= last:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{size}"})
    headers |= {"content-range": f"bytes {first}-{last}/{size}"}
    piece = clip.data[first : last + 1]
    return Response(piece, status_code=206, media_type=clip.mime, headers=headers)


def _kept(kept: bool) -> dict[str, str]:
    return {"cache-control": FOREVER} if kept else {}


# ---------------------------------------------------------------- cookies, pages and problems


class _NameMissingError(Exception):
    """A page was asked for by somebody who has not said who they are."""


class _Site:
    """How the server answers: pages, the cookies that go with them, and problems."""

    def __init__(
        self, audit: str, cookies: Cookies, door: Door, gate: Gate, *, invited_only: bool
    ) -> None:
        self.pages = pages.Pages()
        self._audit = audit
        self._cookies = cookies
        self._door = door
        self._gate = gate
        self._invited_only = invited_only

    def known(self, request: Request) -> str | None:
        """Return the reviewer named by the request's cookie, or by the invitation in it."""
        try:
            return self._named(request, self._door.admit, self._door.panel)
        except NotInvitedError:
            return None

    def _named(
        self,
        request: Request,
        invitation: Callable[[str], Invitation | None],
        panel: Callable[[str], Panel | None],
    ) -> str | None:
        """Return the reviewer by what a token stands for, which may be nothing."""
        token = self._cookies.read(request, "invitation")
        if token is not None:
            invited = invitation(str(token))
            return None if invited is None else invited.name
        entered = self._cookies.read(request, "participant")
        if entered is not None:
            return None if panel(entered[0]) is None else str(entered[1])
        name = None if self._invited_only else self._cookies.read(request, "reviewer")
        return None if name is None else str(name)

    def allowed(self, request: Request) -> None:
        """Refuse those who may see nothing: where a link is needed, whoever has none."""
        if self._invited_only and self.known(request) is None and not self._gate.who(request):
            try:
                self._door.admit_bearer(request.headers.get("authorization", ""))
            except NotInvitedError:
                raise _NameMissingError from None

    def let_in(self, to: str, **came: object) -> Response:
        """Remember who came by a link, and go to their first page.

        Parameters
        ----------
        to : the start page, or the dashboard
        came : as ``invitation``, its token; or as ``participant``, that of a panel and a name
        """
        response = RedirectResponse(to, HTTPStatus.SEE_OTHER)
        for purpose in BY_LINK:
            if purpose in came:
                # a link is on a page or in a mail elsewhere: after "strict" a browser that comes
                # from there would not bring the cookie to the very next page
                self._cookies.give(response, purpose, came[purpose], MONTH, samesite="lax")
            else:
                self._cookies.drop(response, purpose)
        return response

    def reviewer(self, request: Request) -> str:
        """Return the reviewer; without one, the start page comes first."""
        name = self.known(request)
        if name is None:
            raise _NameMissingError
        return name

    def flash(self, request: Request) -> Flash | None:
        """Return what the request before left to say."""
        said = self._cookies.read(request, "flash")
        return None if said is None else Flash(*said)

    def welcome(self, reviewer: str, *, back: bool, to: str) -> Response:
        """Remember a reviewer, and go to their next example, or to the practice before it."""
        response = self.go_on(Flash(f"Welcome{' back' if back else ''}, {reviewer}."), to=to)
        for purpose in BY_LINK:
            self._cookies.drop(response, purpose)
        self._cookies.give(response, "reviewer", reviewer, MONTH)
        return response

    def go_on(self, flash: Flash, *, to: str = "/review") -> Response:
        """Go to the next example, and say something there."""
        response = RedirectResponse(to, HTTPStatus.SEE_OTHER)
        self._cookies.give(response, "flash", [flash.text, flash.undo], 60)
        return response

    def html(self, page: pages.Page, status: int = 200) -> Response:
        """Return a page; what it says once is not said again."""
        page = replace(page, invited_only=self._invited_only)
        response = HTMLResponse(_encoded(self.pages.render(page)), status)
        if page.flash is not None:
            self._cookies.drop(response, "flash")
        return response

    def problem(self, request: Request, status: int, message: str) -> Response:
        """Return what went wrong, in the one shape that pages have, or the one that JSON has."""
        title = HTTPStatus(status).phrase
        if for_programs(request):
            error = {"status": status, "title": title, "message": message}
            return _json({"error": error}, status)
        page = pages.Problem(
            audit=self._audit,
            # looking somebody up might fail as what is told of did
            reviewer=self._named(request, self._door.kept_invitation, self._door.kept_panel),
            status=status,
            title=title,
            message=message,
        )
        return self.html(page, status)


def for_programs(request: Request) -> bool:
    """Tell whether a request wants JSON rather than a page."""
    asked = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or "text/html" not in asked


def _unread(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return which parts of what was sent are wrong: where, what was found, and what was expected.

    Examples
    --------
    >>> _unread([{"type": "missing", "loc": ("body", "answer"), "msg": "Field required"}])
    'answer is missing'
    >>> wrong = {"type": "dict_type", "msg": "Input should be a valid dictionary", "input": 7}
    >>> _unread([{"loc": ("body", 3), **wrong}])
    'body[3] is 7: input should be a valid dictionary'
    """
    told = [_unread_part(one) for one in errors[:_MOST_WRONG]]
    more = len(errors) - len(told)
    return "; ".join(told) + (f"; and {more:,} more" if more else "")


def _unread_part(error: Mapping[str, Any]) -> str:
    part, *within = error["loc"][1:] or ("body",)
    if error["type"] == "json_invalid":
        return f"it is no JSON, at character {part}: {error['ctx']['error']}"
    where = f"body[{part}]" if isinstance(part, int) else str(part)
    where += "".join(f"[{name!r}]" for name in within)
    if error["type"] == "missing":
        return f"{where} is missing"
    said = str(error["msg"])
    return f"{where} is {reprlib.repr(error['input'])}: {said[:1].lower()}{said[1:]}"


def _add_problems(app: FastAPI, site: _Site, headers: Mapping[str, str]) -> None:
    """Add what is answered to each error.

    Parameters
    ----------
    headers : those that `Guard` adds, for the one answer that is made outside of it
    """

    @app.exception_handler(_NameMissingError)
    def nameless(_request: Request, _error: Exception) -> Response:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)

    @app.exception_handler(NotInvitedError)
    def uninvited(request: Request, error: Exception) -> Response:
        return site.problem(request, 403, str(error))

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        message = error.detail
        if message == HTTPStatus(error.status_code).phrase:  # Starlette's own, which says little
            message = f"There is nothing at {request.url.path} for {request.method}."
        return site.problem(request, error.status_code, message)

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> Response:
        message = f"What was sent could not be read: {_unread(error.errors())}. "
        return site.problem(request, 422, f"{message}Nothing was recorded.")

    @app.exception_handler(NoAnswerError)
    def no_answer(request: Request, error: Exception) -> Response:
        if for_programs(request):
            return site.problem(request, 422, str(error))
        return site.go_on(CHANGED)

    @app.exception_handler(BadTicketError)
    def not_ours(request: Request, error: Exception) -> Response:
        return site.problem(request, 403, f"{error} Nothing was recorded.")

    @app.exception_handler(PausedError)
    def paused(request: Request, error: Exception) -> Response:
        if for_programs(request) or request.method == "GET":  # the script's look ahead
            return site.problem(request, 409, str(error))
        return site.go_on(Flash("Nothing was recorded."))

    @app.exception_handler(ErrataError)
    def impossible(request: Request, error: Exception) -> Response:
        return site.problem(request, 409, str(error))

    @app.exception_handler(BusyError)
    def busy(request: Request, error: Exception) -> Response:
        return site.problem(request, 503, str(error))

    @app.exception_handler(Exception)
    def broken(request: Request, _error: Exception) -> Response:
        message = (
            "Something broke while this page was made; the server's messages say what. "
            "What was recorded before is safe."
        )
        response = site.problem(request, 500, message)
        response.headers.update(headers)
        return response


# ---------------------------------------------------------------- the server


def serve(
    audit: Audit,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    url: str | None = None,
    invited_only: bool = False,
    open_browser: bool = True,
    reviewer: str | None = None,
) -> None:
    """Serve the review page of an audit until Ctrl-C.

    Parameters
    ----------
    audit : an audit with a plan
    host : the address to listen at. Beyond this machine (``"0.0.0.0"``: everywhere) nobody is let
        in but by the link of an invitation
    port : where to listen; 0 takes any free port
    url : where reviewers reach the server, if that is not at the host, as behind a proxy; nobody
        is let in but by a link then, too, if that is beyond this machine
    invited_only : let nobody in but by a link on this machine, too
    open_browser : open the page in the default browser
    reviewer : the name that the start page proposes

    Raises
    ------
    ErrataError
        The port is taken, or may not be used.
    """
    once = secrets.token_urlsafe(32) if host in LOOPBACK else None
    ready = prepare(
        audit,
        host=host,
        port=port,
        url=url,
        invited_only=invited_only,
        reviewer=reviewer,
        once=once,
    )
    with ready.listener:
        _say(f"Review {audit.name} at {ready.url} (Ctrl-C stops; every answer is saved at once)")
        if ready.invited_only:
            _say("Only those who were sent a link can come in: see `errata invite`.")
        dashboard = f"{ready.url.rstrip('/')}/maintain"
        if once is not None:
            _say(f"Your dashboard, by a link that opens once: {dashboard}/once/{once}")
        else:
            _say(f"Dashboard at {dashboard}, see `errata maintainer`.")
        if open_browser and not ready.invited_only:
            # The socket listens already, so the browser waits until the server answers.
            threading.Thread(target=webbrowser.open, args=(ready.url,), daemon=True).start()
        try:
            with _collecting_rarely():
                ready.server.run(sockets=[ready.listener])
        except KeyboardInterrupt:  # uvicorn has closed in good order, and passes the signal on
            _say("Stopped. Run the same command to go on.")


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A server that is yet to run, with the socket that already listens for it.

    Attributes
    ----------
    url : where reviewers reach it
    invited_only : whether they need the link of an invitation
    """

    server: uvicorn.Server
    listener: socket.socket
    url: str
    invited_only: bool


def prepare(
    audit: Audit,
    *,
    host: str,
    port: int,
    url: str | None,
    invited_only: bool,
    reviewer: str | None,
    frame_ancestors: Sequence[str] = (),
    once: str | None = None,
) -> Ready:
    """Return the server of an audit's review page, ready to run; see `serve` and `create_app`.

    Raises
    ------
    ErrataError
        The port is taken, or may not be used.
    """
    alone = host in LOOPBACK
    url = None if url is None else f"{as_address(url)}/"
    away = url is not None and urlsplit(url).hostname not in LOOPBACK  # as through a proxy
    # Whoever comes by a link brings a cookie of this server, under whatever name they reach it;
    # without one, another site's name for this machine must not do.
    named = (urlsplit(url).hostname or "",) if url is not None else ()
    hosts = (*LOOPBACK, *named) if alone else (ANY_HOST,)
    invited_only = invited_only or away or not alone
    app = create_app(
        audit,
        reviewer=reviewer,
        hosts=hosts,
        invited_only=invited_only,
        secure=urlsplit(url or "").scheme == "https",
        once=once,
        frame_ancestors=frame_ancestors,
    )
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    listener = _listen(host, port)
    here = host if alone else socket.gethostname()
    return Ready(
        server=uvicorn.Server(config),
        listener=listener,
        url=url or f"http://{here}:{listener.getsockname()[1]}/",
        invited_only=invited_only,
    )


@contextlib.contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Have Python look for garbage less often, and not among what stays as long as the server.

    While it looks, everybody waits: with 200 reviewers at once an answer then takes half as long.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _listen(host: str, port: int) -> socket.socket:
    # asyncio sends at once (TCP_NODELAY) only on sockets that name their protocol; without it a
    # page waits 40 ms for the browser to acknowledge its headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A server that was killed leaves connections behind that would hold the port for a minute.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, socket.gaierror) or getattr(error, "errno", 0) == errno.EADDRNOTAVAIL:
            raise ErrataError(
                f"{host} is no address of this machine. Name one (--host), 0.0.0.0 for all of them."
            ) from None
        found = f"Port {port} cannot be used: {error}."
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            found = f"Port {port} is taken. Perhaps the review is open at http://127.0.0.1:{port}/?"
        raise ErrataError(f"{found} Give another port, such as {_free_port()}.") from None
    return listener


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (talk goes to stderr)
