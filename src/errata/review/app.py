"""The page on which people check labels: Figure 2 of the paper, served on this machine only.

Talks to `errata.audit.Audit` and keeps nothing of its own: an answer is in the audit before the
page that says so is sent, so the server may be killed at any moment. Every page works as a plain
form; the script in ``static`` adds the keys and the speed.

Northcutt, Athalye and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize Machine
Learning Benchmarks", section 4 and figure 2.
"""

import errno
import functools
import logging
import os
import shlex
import socket
import sys
import threading
import unicodedata
import webbrowser
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Literal

import uvicorn
from fastapi import Depends, FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from errata.audit import Audit
from errata.datasets.media import Picture, Shown, Text
from errata.errors import ErrataError, FileError, InputError
from errata.results import Task
from errata.review import pages
from errata.review.guard import LOOPBACK, Guard
from errata.review.pages import Flash
from errata.review.tickets import BadTicketError, Seal, Ticket, kept_key

FOREVER = "private, max-age=31536000, immutable"
STATIC_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
LONGEST_NAME = 60
EXEMPLARS = 6
MONTH = 30 * 24 * 3600

_log = logging.getLogger(__name__)


class _NameMissingError(Exception):
    """A page was asked for by somebody who has not said who they are."""


class _Desk:
    """What the routes share: the audit, its key, and how a reviewer's pages are put together."""

    def __init__(self, audit: Audit, suggested_name: str) -> None:
        self.audit = audit
        self.suggested_name = suggested_name
        self.pages = pages.Pages()
        self.seal = Seal(kept_key(audit.path))
        self.undoing = threading.Lock()
        self.show = functools.lru_cache(maxsize=128)(audit.show)
        self.exemplars = functools.lru_cache(maxsize=4096)(self._exemplars)

    # ------------------------------------------------------------ who, and what was said

    def known(self, request: Request) -> str | None:
        """Return the reviewer named by the request's cookie."""
        try:
            return str(self.seal.read("reviewer", request.cookies[self._cookie("reviewer")]))
        except (KeyError, BadTicketError):
            return None

    def reviewer(self, request: Request) -> str:
        """Return the reviewer; without one, the start page comes first."""
        name = self.known(request)
        if name is None:
            raise _NameMissingError
        return name

    def flash(self, request: Request) -> Flash | None:
        """Return what the last request left to say."""
        try:
            return Flash(*self.seal.read("flash", request.cookies[self._cookie("flash")]))
        except (KeyError, BadTicketError):
            return None

    def welcome(self, name: str) -> Response:
        """Remember a reviewer and go to their next example."""
        answered = self.audit.progress(name).answered
        back = f"Welcome back, {name}." if answered else f"Welcome, {name}."
        response = self.go(Flash(back))
        response.set_cookie(
            self._cookie("reviewer"),
            self.seal.sign("reviewer", name),
            max_age=MONTH,
            httponly=True,
            samesite="strict",
        )
        return response

    def go(self, flash: Flash) -> Response:
        """Go to the next example, and say something there."""
        response = RedirectResponse("/review", HTTPStatus.SEE_OTHER)
        value = self.seal.sign("flash", [flash.text, flash.undo])
        response.set_cookie(
            self._cookie("flash"), value, max_age=60, httponly=True, samesite="strict"
        )
        return response

    def html(self, page: pages.Page, status: int = 200) -> Response:
        """Return a page; what it said once is not said again."""
        response = HTMLResponse(self.pages.render(page), status)
        if page.flash is not None:
            response.delete_cookie(self._cookie("flash"), httponly=True, samesite="strict")
        return response

    def _cookie(self, purpose: str) -> str:
        return f"errata-{purpose}-{self.seal.stamp}"

    # ------------------------------------------------------------ what a reviewer sees

    def next_page(self, reviewer: str, flash: Flash | None) -> pages.Page:
        """Return the reviewer's next example, or the page that ends the queue."""
        task = self.audit.task(reviewer)
        if task is None:
            progress = self.audit.progress(reviewer)
            ticket = Ticket(
                reviewer=reviewer, example=None, shown=(), answered=progress.answered
            )
            return pages.Done(
                audit=self.audit.name,
                reviewer=reviewer,
                answered=progress.answered,
                total=progress.total,
                flash=flash,
                ticket=self.seal.sign_ticket(ticket),
                folder=shlex.quote(str(self.audit.path)),
                notices=self.audit.notices,
            )
        shown = _classes_shown(task)
        ticket = Ticket(
            reviewer=reviewer, example=task.example, shown=shown, answered=task.answered
        )
        return pages.Question(
            audit=self.audit.name,
            reviewer=reviewer,
            answered=task.answered,
            total=task.total,
            flash=flash,
            ticket=self.seal.sign_ticket(ticket),
            after=f"/after/{task.example}",
            example=self.view(task.example, pages.EXAMPLE_SIDE, pages.LONGEST_TEXT),
            panels=(self.panel(pages.A, shown[0]), self.panel(pages.B, shown[1])),
        )

    def panel(self, answer: pages.Answer, label: int) -> pages.Panel:
        """Return the panel of one answer."""
        views = [
            self.view(example, pages.EXEMPLAR_SIDE, pages.LONGEST_EXCERPT)
            for example in self.exemplars(label)
        ]
        exemplars = [view for view in views if not isinstance(view, pages.Missing)]
        return pages.Panel(answer, self.audit.classes[label], exemplars)

    def upcoming(self, reviewer: str, example: int) -> list[str]:
        """Return the addresses of the pictures on the page that comes after an example's."""
        task = self.audit.task(reviewer, besides=example)
        if task is None:
            return []
        views = [self.view(task.example, pages.EXAMPLE_SIDE, pages.LONGEST_TEXT)]
        for label in _classes_shown(task):
            views.extend(self.panel(pages.A, label).exemplars)
        return [view.url for view in views if isinstance(view, pages.PictureView)]

    def view(self, example: int, side: int, longest: int) -> pages.View:
        """Return how an example is shown, or why it is not."""
        try:
            shown = self.show(example)
        except FileError as error:
            # Not on the page: a file's name often holds the given label.
            _log.warning("Example %s cannot be shown. %s", self.audit.ids[example], error)
            return pages.Missing(
                "This example's file cannot be read. Skip it, and tell whoever started the "
                "review: the server's messages name the file."
            )
        if shown is None:
            return pages.Missing(
                f"This audit has nothing to show: look up example {self.audit.ids[example]} "
                "yourself, or make the audit anew with media."
            )
        return pages.view(shown, self.media_url(example), side=side, longest=longest)

    def media_url(self, example: int) -> str:
        """Return the address of what an example shows; it differs from audit to audit."""
        return f"/media/{example}?v={self.seal.stamp}"

    def _exemplars(self, label: int) -> Sequence[int]:
        return self.audit.exemplars(label, count=EXEMPLARS)

    # ------------------------------------------------------------ what a reviewer does

    def vote(self, reviewer: str, ticket: Ticket, choice: str) -> Flash:
        """Record an answer to the page of a ticket, once."""
        if ticket.example is None:
            return Flash("That page held no question. Here is what comes next.")
        task = self.audit.task_for(reviewer, ticket.example)
        if _classes_shown(task) != ticket.shown:
            return Flash("The question has changed since that page was opened. Nothing was recorded.")
        first, second = task.first, "suggested" if task.first == "given" else "given"
        answer = {"a": first, "b": second}.get(choice, choice)
        added = self.audit.vote(
            reviewer, ticket.example, answer, first=task.first, key=ticket.nonce
        )
        if not added:
            return Flash("You had answered that one: it counts once. Here is what comes next.")
        names = dict(zip("ab", (self.audit.classes[label] for label in ticket.shown), strict=True))
        return Flash(f"Recorded: {names.get(choice, choice)}.", undo=True)

    def skip(self, reviewer: str, ticket: Ticket) -> Flash:
        """Put the example of a ticket at the end of the queue."""
        if ticket.example is None:
            return Flash("That page held no question. Here is what comes next.")
        self.audit.skip(reviewer, ticket.example)
        progress = self.audit.progress(reviewer)
        if progress.skipped == progress.total - progress.answered:
            return Flash("Skipped. Only skipped examples are left: they come round again.")
        return Flash("Skipped: it comes back at the end.")

    def undo(self, reviewer: str, ticket: Ticket) -> Flash:
        """Withdraw the newest vote, if it is the newest that the page of the ticket knew of."""
        with self.undoing:  # so that a double press withdraws one vote
            if self.audit.progress(reviewer).answered != ticket.answered:
                return Flash("That page was out of date. Nothing was withdrawn; undo again if need be.")
            example = self.audit.undo(reviewer)
        if example is None:
            return Flash("There is no answer to take back.")
        return Flash("Taken back. Here it is again.")


def create_app(
    audit: Audit, *, reviewer: str | None = None, hosts: Sequence[str] = LOOPBACK
) -> FastAPI:
    """Return the review server of an audit.

    Parameters
    ----------
    audit : an audit with a plan
    reviewer : the name that the start page proposes
    hosts : the names under which the server answers

    Returns
    -------
    An ASGI application. Its pages:

    ===================  =======================================================================
    ``GET /``            the task, and who you are (`Start`)
    ``POST /``           ``name``: begin, or go on, as that reviewer
    ``GET /review``      the next example (`Question`), or the end of the queue (`Done`)
    ``POST /answer``     ``ticket`` and ``answer``, one of ``a``, ``b``, ``both``, ``neither``
    ``POST /skip``       ``ticket``: the example comes last
    ``POST /undo``       ``ticket``: the last answer is withdrawn
    ``GET /after/0``     ``{"pictures": [...]}``: addresses that the page after example 0 needs
    ``GET /media/0``     the picture, text (plain) or row (JSON) of example 0
    ===================  =======================================================================

    Every ``POST`` leads on to ``/review``. Whatever goes wrong is a `Problem` page, or, to a
    client that does not ask for HTML, ``{"error": {"status", "title", "message"}}``.
    """
    desk = _Desk(audit, reviewer or "")
    app = FastAPI(title="errata review", openapi_url=None)  # its pages of docs load from elsewhere
    known = Annotated[str, Depends(desk.reviewer)]
    text = Annotated[str, Form()]
    choice = Annotated[Literal["a", "b", "both", "neither"], Form()]

    def start(request: Request, status: int = 200, **said: str) -> Response:
        name = desk.known(request)
        progress = audit.progress(name) if name else None
        page = pages.Start(
            audit=audit.name,
            reviewer=name,
            answered=progress.answered if progress else 0,
            total=progress.total if progress else 0,
            suggested_name=said.get("name", desk.suggested_name),
            problem=said.get("problem", ""),
            notices=audit.notices,
        )
        return desk.html(page, status)

    @app.get("/")
    def first_page(request: Request) -> Response:
        return start(request)

    @app.post("/")
    def begin(request: Request, name: Annotated[str, Form()] = "") -> Response:
        try:
            return desk.welcome(clean_name(name))
        except InputError as error:
            return start(request, 422, name=name, problem=str(error))

    @app.get("/review")
    def review(request: Request, reviewer: known) -> Response:
        return desk.html(desk.next_page(reviewer, desk.flash(request)))

    @app.post("/answer")
    def answer(reviewer: known, ticket: text, answer: choice) -> Response:
        return desk.go(desk.vote(reviewer, desk.seal.read_ticket(ticket, reviewer=reviewer), answer))

    @app.post("/skip")
    def skip(reviewer: known, ticket: text) -> Response:
        return desk.go(desk.skip(reviewer, desk.seal.read_ticket(ticket, reviewer=reviewer)))

    @app.post("/undo")
    def undo(reviewer: known, ticket: text) -> Response:
        return desk.go(desk.undo(reviewer, desk.seal.read_ticket(ticket, reviewer=reviewer)))

    @app.get("/after/{example:int}")
    def after(reviewer: known, example: int) -> dict[str, list[str]]:
        return {"pictures": desk.upcoming(reviewer, example)}

    @app.get("/media/{example:int}")
    def media(example: int, v: str = "") -> Response:
        shown = desk.show(example) if example < audit.n else None
        if shown is None:
            raise HTTPException(404, f"There is no example {example} to show in this audit.")
        return _media(shown, {"cache-control": FOREVER} if v == desk.seal.stamp else {})

    @app.get("/static/{name}")
    def static(name: str, v: str = "") -> Response:
        content = desk.pages.static.get(name)
        if content is None:
            raise HTTPException(404, f"There is no file {name!r} here.")
        kind = STATIC_KINDS[os.path.splitext(name)[1]]
        return Response(
            content,
            media_type=kind,
            headers={"cache-control": FOREVER} if v == desk.pages.version else {},
        )

    _add_problems(app, desk)
    app.add_middleware(Guard, hosts=hosts, refuse=functools.partial(_problem, desk))
    return app


def clean_name(name: str) -> str:
    """Return a reviewer's name with its spaces and accents in one form.

    Raises
    ------
    InputError
        It is empty, too long, or holds characters that cannot be printed.

    Examples
    --------
    >>> clean_name("  Ana   Lima ")
    'Ana Lima'
    """
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not clean:
        raise InputError("Please give a name, so that you can come back to your place.")
    if len(clean) > LONGEST_NAME:
        raise InputError(
            f"This name has {len(clean)} characters; please use at most {LONGEST_NAME}."
        )
    if not clean.isprintable():
        raise InputError("This name holds characters that cannot be shown; please use others.")
    return clean


def _classes_shown(task: Task) -> tuple[int, int]:
    """Return the classes of (a) and (b)."""
    pair = (task.given, task.suggested)
    return pair if task.first == "given" else pair[::-1]


def _media(shown: Shown, headers: dict[str, str]) -> Response:
    # A picture opened by itself must not run as a document (SVG can hold scripts).
    headers |= {"content-security-policy": "default-src 'none'; sandbox"}
    if isinstance(shown, Picture):
        return Response(shown.data, media_type=shown.mime, headers=headers)
    if isinstance(shown, Text):
        return Response(shown.text, media_type="text/plain", headers=headers)
    return JSONResponse(dict(zip(shown.names, shown.values, strict=True)), headers=headers)


# ---------------------------------------------------------------- when something goes wrong


def _add_problems(app: FastAPI, desk: _Desk) -> None:
    @app.exception_handler(_NameMissingError)
    def nameless(_request: Request, _error: Exception) -> Response:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        message = error.detail
        if message == HTTPStatus(error.status_code).phrase:  # Starlette's own, which says little
            message = f"There is nothing at {request.url.path} for {request.method}."
        return _problem(desk, request, error.status_code, message)

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> Response:
        wrong = ", ".join(str(one["loc"][-1]) for one in error.errors())
        message = f"This answer could not be read: see {wrong}. Nothing was recorded."
        return _problem(desk, request, 422, message)

    @app.exception_handler(BadTicketError)
    def not_ours(request: Request, error: Exception) -> Response:
        return _problem(desk, request, 403, f"{error} Nothing was recorded.")

    @app.exception_handler(ErrataError)
    def refused(request: Request, error: Exception) -> Response:
        return _problem(desk, request, 409, str(error))

    @app.exception_handler(Exception)
    def broken(request: Request, _error: Exception) -> Response:
        message = (
            "Something broke while this page was made; the server's messages say what. "
            "What was recorded before is safe."
        )
        return _problem(desk, request, 500, message)


def _problem(desk: _Desk, request: Request, status: int, message: str) -> Response:
    title = HTTPStatus(status).phrase
    if "text/html" in request.headers.get("accept", ""):
        page = pages.Problem(
            audit=desk.audit.name,
            reviewer=desk.known(request),
            status=status,
            title=title,
            message=message,
        )
        return desk.html(page, status)
    error = {"status": status, "title": title, "message": message}
    return JSONResponse({"error": error}, status)


# ---------------------------------------------------------------- the server


def serve(
    audit: Audit, *, port: int = 8765, open_browser: bool = True, reviewer: str | None = None
) -> None:
    """Serve the review page of an audit on this machine until Ctrl-C.

    Parameters
    ----------
    audit : an audit with a plan
    port : where to listen; 0 takes any free port
    open_browser : open the page in the default browser
    reviewer : the name that the start page proposes

    Raises
    ------
    ErrataError
        The port is taken, or may not be used.
    """
    app = create_app(audit, reviewer=reviewer)
    with _listen(port) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        _say(f"Review {audit.name} at {url} (Ctrl-C stops; every answer is saved at once)")
        if open_browser:
            # The socket listens already, so the browser waits until the server answers.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn has closed in good order, and passes the signal on
            _say("Stopped. Run the same command to go on.")


def _listen(port: int) -> socket.socket:
    # asyncio sends at once (TCP_NODELAY) only on sockets that name their protocol; without it a
    # page waits 40 ms for the browser to acknowledge its headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A server that was killed leaves connections behind that would hold the port for a minute.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            found = f"Port {port} is taken: perhaps the review is open already, at http://127.0.0.1:{port}/."
        else:
            found = f"Port {port} cannot be used: {error}."
        raise ErrataError(f"{found} Or give another port, such as --port {_free_port()}.") from None
    return listener


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (talk goes to stderr)
