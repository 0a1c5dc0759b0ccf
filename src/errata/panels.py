"""Panels: participants whom somebody else recruits and pays, such as Prolific, come and are done.

`errata.audit.Audit` is made of this and of the verbs. The panel calls its participants by ids of
its own; each is one reviewer here, under a name that stands for the id and does not tell it.
"""

import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from errata.errors import InputError
from errata.exchange.pseudonyms import PSEUDONYMS, kept_secret, pseudonym
from errata.exchange.votes import check_reviewer
from errata.inviting import seconds_of
from errata.results import Progress
from errata.reviewing import Reviewing
from errata.store import invitations, panels, queue, records, voting

PARTICIPANT = "participant"
"""Reviewers of a panel are called this, and a number."""

PROLIFIC = "PROLIFIC_PID"

_ID = re.compile(r"[A-Za-z0-9._~@:=-]{1,64}")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none is taken for another
_PLACE = "{code}"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A panel whose participants may review.

    Attributes
    ----------
    number : of its invitation; what its link holds, signed
    parameter : of the address, that holds the id of a participant
    answers : so many each gives; None: as many as there are
    code : shown to who is done
    url : where they go then; None: nowhere
    expires : in seconds since 1970
    revoked : whether it was taken back
    """

    number: int
    name: str
    parameter: str
    answers: int | None
    code: str
    url: str | None
    expires: float
    revoked: bool


@dataclass(frozen=True, kw_only=True)
class Quota:
    """What a participant of a panel is asked for.

    Attributes
    ----------
    answers : so many; None: as many as there are
    before : how many they had given before they came
    code, url : shown to who is done
    """

    answers: int | None
    before: int
    code: str
    url: str | None

    def met(self, progress: Progress) -> bool:
        """Tell whether they have given all of them."""
        return self.answers is not None and progress.answered - self.before >= self.answers

    def of(self, progress: Progress) -> Progress:
        """Return how far they are with this."""
        answered, total = progress.answered - self.before, progress.total - self.before
        most = total if self.answers is None else max(answered, min(total, self.answers))
        return Progress(answered=answered, total=most, skipped=progress.skipped)


@dataclass(frozen=True, kw_only=True)
class Participant:
    """Who came by a panel: the id there, the name here, and since when (ISO 8601, UTC)."""

    participant: str
    reviewer: str
    panel: str
    since: str


class Panels(Reviewing):
    """Panels; `errata.audit.Audit` says what the fields are."""

    def open_panel(
        self,
        name: str,
        *,
        parameter: str = PROLIFIC,
        answers: int | None = None,
        code: str | None = None,
        url: str | None = None,
        days: float = 30,
    ) -> Panel:
        """Let the participants of a panel review; `errata.review.people.panel_link` has the link.

        Parameters
        ----------
        name : what the panel is called; `revoke` takes this name
        parameter : of the address, in which the panel tells the id of a participant
        answers : so many are asked of each, 1 or more; without it, as many as there are
        code : shown to who is done, for the panel; without it, one is drawn
        url : where they go then, http or https; ``{code}`` in it stands for the code
        days : for so long the link counts

        Raises
        ------
        InputError
            Something of this cannot be one.
        """
        name = check_reviewer(name)
        if answers is not None and answers < 1:
            raise InputError(f"answers is {answers}; 1 or more was expected, such as 50.")
        _check("parameter", parameter, _PARAMETER, PROLIFIC)
        code = code or "".join(secrets.choice(_CODE_LETTERS) for _ in range(8))
        _check("code", code, _CODE, "C1A2B3C4")
        url = None if url is None else _checked_url(url).replace(_PLACE, code)
        row = {"parameter": parameter, "answers": answers, "code": code, "url": url}
        expires = self._now() + seconds_of(days)
        with self._db.write() as db:
            number = invitations.add(db, name=name, role="reviewer", expires=expires)
            panels.add(db, number, row)
            records.log(db, "open_panel", name=name, number=number, answers=answers)
        made = self.panel(number)
        assert made is not None, "it was just opened"
        return made

    def panels(self) -> tuple[Panel, ...]:
        """Return all panels, oldest first."""
        with self._db.read() as db:
            return tuple(map(_as_panel, panels.every(db)))

    def panel(self, number: int) -> Panel | None:
        """Return a panel that is open: neither revoked nor expired; else None."""
        with self._db.read() as db:
            row = panels.one(db, number)
        found = None if row is None else _as_panel(row)
        return None if found is None or found.revoked or found.expires <= self._now() else found

    def enter(self, panel: Panel, participant: str) -> str:
        """Let a participant in; return the name under which they review, always the same.

        Raises
        ------
        InputError
            This can be no id.
        """
        if not _ID.fullmatch(participant):
            raise InputError(
                f"{participant[:64]!r} is no participant's id: up to 64 letters, digits and "
                "._~@:=- were expected. Come by the link on the page of the study."
            )
        with self._db.read() as db:
            known = panels.name_of(db, panel.number, participant)
        if known is not None:
            return known
        name = pseudonym(participant, kept_secret(self.path / PSEUDONYMS), kind=PARTICIPANT)
        answered = self.progress(name).answered
        with self._db.write() as db:
            if panels.name_of(db, panel.number, participant) is None:  # nor from another tab
                panels.enter(db, panel.number, participant, name=name, answered=answered)
        return name

    def participants(self) -> tuple[Participant, ...]:
        """Return who came by panels, in the order they came in: ids, and what they stand for."""
        with self._db.read() as db:
            rows = panels.participants(db)
        return tuple(
            Participant(
                participant=row["participant"],
                reviewer=row["name"],
                panel=row["panel"],
                since=row["created_at"],
            )
            for row in rows
        )

    def quota(self, reviewer: str) -> Quota | None:
        """Return what a participant is asked for; None for all other reviewers."""
        if not reviewer.startswith(f"{PARTICIPANT} "):  # nothing is looked up for the others
            return None
        with self._db.read() as db:
            row = panels.newest_of(db, reviewer)
        if row is None:
            return None
        return Quota(
            answers=row["answers"], before=row["answered"], code=row["code"], url=row["url"]
        )

    def let_go(self, reviewer: str) -> None:
        """Take back what a reviewer holds who goes away, so that others get it at once."""
        name = check_reviewer(reviewer)
        self._db.together(lambda db: queue.let_go(db, voting.reviewer(db, name, "person")))


def _as_panel(row: records.Row) -> Panel:
    told = ("name", "parameter", "answers", "code", "url", "expires")
    return Panel(
        number=row["invitation"],
        revoked=row["revoked_at"] is not None,
        **{name: row[name] for name in told},
    )


def _check(what: str, text: str, form: re.Pattern[str], such_as: str) -> None:
    if not form.fullmatch(text):
        raise InputError(
            f"The {what} {text[:60]!r} cannot be one: up to 40 letters, digits, _ and - were "
            f"expected, such as {such_as}."
        )


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        fine = False
    if not fine or not url.isprintable() or " " in url:
        raise InputError(
            f"The address {url[:80]!r} cannot be gone to: one that begins with https:// was "
            "expected, such as https://app.prolific.com/submissions/complete?cc={code}."
        )
    return url
