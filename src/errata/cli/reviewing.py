"""`errata review` and what belongs to it: people answer, and what came of it."""

import getpass
import shlex
import sys
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from errata.cli.options import (
    AuditFolder,
    BrowserOption,
    ConsensusOption,
    FormatOption,
    LeastOption,
    NamesOption,
    PortOption,
    QuietOption,
    ThresholdOption,
)
from errata.cli.output import Printer
from errata.errors import ErrataWarning, InputError
from errata.review import HERE, PORT
from errata.words import WIDTH

if TYPE_CHECKING:
    from errata.audit import Audit
    from errata.inviting import Invitation, Role
    from errata.release.story import ReleasedStory
    from errata.results import ErrorRate, Story

LONGEST_LEASE = 7 * 24 * 60
"""So many minutes an example may be kept for a reviewer."""


def review(
    audit: AuditFolder,
    *,
    votes: Annotated[
        int | None, typer.Option(min=1, help="Of a plan made now: votes for each candidate.")
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(min=1, help="Of a plan made now: votes that make a verdict.")
    ] = None,
    stopping: Annotated[
        str | None, typer.Option(help="Of a plan made now: exact or off, see `errata plan`.")
    ] = None,
    gold: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            help="So much of what is asked has a known answer, such as 0.05; 0: none any more.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="The address to listen at; 0.0.0.0 for all of this machine's.")
    ] = "127.0.0.1",
    port: PortOption = PORT,
    url: Annotated[
        str | None, typer.Option(help="Where reviewers reach the server, as behind a proxy.")
    ] = None,
    invited_only: Annotated[
        bool,
        typer.Option(
            "--invited-only", help="Let nobody in but by a link; always so beyond this machine."
        ),
    ] = False,
    lease: Annotated[
        float, typer.Option(help="Minutes for which an example is kept for a reviewer.")
    ] = 10,
    browser: BrowserOption = True,
    reviewer: Annotated[
        str | None, typer.Option(help="The name that the page proposes to its reviewer.")
    ] = None,
) -> None:
    """Serve the page on which people vote, until Ctrl-C.

    Where nothing is planned yet, --votes, --threshold, --stopping and --gold make a plan first, as
    `errata plan` does. Only this machine can reach the page, unless --host says otherwise; then
    people come in by the links of `errata invite`. Stop it at any point: votes are kept as they
    are cast.
    """
    import errata
    from errata.review.app import serve

    if not 0 < lease <= LONGEST_LEASE:
        raise InputError(
            f"--lease is {lease}; minutes above 0 were expected, such as 10, and at most "
            f"{LONGEST_LEASE:,}, a week."
        )
    opened = errata.Audit.open(audit)
    if (votes, threshold, stopping, gold) != (None,) * 4:
        made = opened.ensure_planned(votes=votes, threshold=threshold, stopping=stopping)
        say = Printer(format="table", quiet=False).say
        say(*([] if made is None else [str(made)]))
        say(*([] if gold is None else [str(opened.plant(gold))]))
    opened.check_planned()
    opened.lease_seconds = 60 * lease
    opened.warm()
    serve(
        opened,
        host=host,
        port=port,
        url=url,
        invited_only=invited_only,
        open_browser=browser,
        reviewer=reviewer,
    )


def invite(
    audit: AuditFolder,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Whom to invite.")
    ] = None,
    *,
    names_from: Annotated[
        Path | None, typer.Option("--names", help="A file of names, one a line, or .csv, .json.")
    ] = None,
    role: Annotated[
        str,
        typer.Option(help="reviewer; or maintainer, who has the dashboard and may bring votes."),
    ] = "reviewer",
    days: Annotated[float, typer.Option(help="For how many days the links count.")] = 30,
    url: Annotated[
        str, typer.Option(help="Where reviewers reach the server of `errata review`.")
    ] = HERE,
    panel: Annotated[
        bool,
        typer.Option(
            "--panel", help="NAME is a panel, such as Prolific: one link for all its participants."
        ),
    ] = False,
    panel_id: Annotated[
        str, typer.Option(help="Where the panel's link tells who comes: a parameter's name.")
    ] = "PROLIFIC_PID",
    panel_votes: Annotated[
        int | None, typer.Option(min=1, help="So many answers of each participant.")
    ] = None,
    completion_code: Annotated[
        str | None, typer.Option(help="Shown to participants who are done; else one is drawn.")
    ] = None,
    completion_url: Annotated[
        str | None, typer.Option(help="Where they go then; {code} in it stands for the code.")
    ] = None,
    participants: Annotated[
        bool, typer.Option("--participants", help="List who came by panels, with their ids.")
    ] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Take the invitations of these names back.")
    ] = False,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Make a link for each reviewer, which lets them in without an account; or take them back.

    Without names it lists the invitations there are. Who holds a link reviews under its name:
    hand each to one person. As a token for programs it is what stands after `/join/`.
    """
    import errata
    from errata.exchange.lists import read_list
    from errata.inviting import as_role
    from errata.review.people import as_address, link_of, panel_link

    printer = Printer(format=format, quiet=quiet)
    url = as_address(url)
    opened = errata.Audit.open(audit)
    wanted = [
        *(names or []),
        *(str(name) for name in (read_list(names_from) if names_from else [])),
    ]
    if revoke:
        rows = [{"name": name, "revoked": opened.revoke(name)} for name in wanted]
        printer.show(rows, rows, columns=("name", "revoked"))
    elif participants:
        rows = [vars(one) for one in opened.participants()]
        printer.show(rows, rows, columns=("participant", "reviewer", "panel", "since"))
    elif panel:
        settings: dict[str, Any] = {
            "parameter": panel_id,
            "answers": panel_votes,
            "code": completion_code,
            "url": completion_url,
            "days": days,
        }
        _check_closed(opened, wanted, url)
        panels = [opened.open_panel(name, **settings) for name in wanted]
        rows = [
            {"name": one.name, "code": one.code, "link": panel_link(opened, one, url=url)}
            for one in panels
        ]
        printer.show(rows, rows, columns=("name", "code", "link"))
    elif wanted:
        made = _invite_each(opened, wanted, as_role(role), days)
        rows = [
            {
                "name": one.name,
                "role": one.role,
                "until": one.until,
                "link": link_of(opened, one, url=url),
            }
            for one in made
        ]
        printer.show(rows, rows)
        printer.next("review", audit, *_served(url))
    else:
        rows = _invited(opened)
        printer.show(rows, rows, columns=("name", "role", "until", "revoked"))


def _invite_each(
    opened: "Audit", names: Sequence[str], role: "Role", days: float
) -> "list[Invitation]":
    """Return the invitation of each name; who has one keeps it, and that is said."""
    made: dict[int, Invitation] = {}
    before = []
    for name in names:
        one, new = opened.invite_once(name, role=role, days=days)
        if not new and one.number not in made:  # else it was named twice
            before.append(one.name)
        made[one.number] = one
    if before:
        warnings.warn(
            f"{_few(before)} had a link that counts: it is shown again, and no second one was "
            "made. For another, as one that counts for longer, take it back first (`errata invite "
            "AUDIT NAME --revoke`).",
            ErrataWarning,
            stacklevel=2,
        )
    return list(made.values())


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _check_closed(opened: "Audit", names: Sequence[str], url: str) -> None:
    """Refuse names of panels that are open: a second link would stay when one is given up."""
    from errata.exchange.votes import one_form
    from errata.review.people import panel_link

    wanted = set(map(one_form, names))
    for one in opened.panels():
        if one.name in wanted and opened.panel(one.number) is not None:
            raise InputError(
                f"The panel {one.name} is open already, and nothing was made. Its link is "
                f"{panel_link(opened, one, url=url)} . To open it anew, as with other settings, "
                f"take it back first: `errata invite AUDIT {shlex.quote(one.name)} --revoke`."
            )


def _invited(opened: "Audit") -> list[dict[str, object]]:
    """Return a row for each invitation there is."""
    panels = {one.number for one in opened.panels()}
    return [
        {
            "name": one.name,
            "role": "panel" if one.number in panels else one.role,
            "until": one.until,
            "revoked": one.revoked,
        }
        for one in opened.invitations()
    ]


def _served(url: str) -> list[str]:
    """Return the options of `errata review` with which links to an address open."""
    from errata.review.guard import LOOPBACK

    parts = urlsplit(url)
    port = [] if parts.port in (None, PORT) else ["--port", str(parts.port)]
    here = parts.hostname in LOOPBACK
    return port if here else ["--host", "0.0.0.0", *port, "--url", url]  # noqa: S104 (told, not bound)


def maintainer(
    audit: AuditFolder,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Who logs in; without it, list them.")
    ] = None,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin: for scripts.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the account, and end its sessions.")
    ] = False,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Give a maintainer a password for the dashboard of `errata review`; or a new one.

    It is asked for twice, and not shown. A new password, and --remove, end all sessions.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    opened = errata.Audit.open(audit)
    if name is None and (remove or password_stdin):
        raise InputError("Say whose account this is about: `errata maintainer AUDIT NAME`.")
    if name is not None and remove:
        opened.remove_account(name)
    elif name is not None:
        opened.set_password(name, _password(from_stdin=password_stdin))
    rows = [{"name": one.name, "since": one.since} for one in opened.accounts()]
    printer.show(rows, rows, columns=("name", "since"))
    if name is not None and not remove:
        printer.next("review", audit)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InputError(
            "There is no terminal to ask for a password at. Hand it in by --password-stdin."
        )
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise InputError("The two passwords differ. Nothing was changed.")
    return password


def verdicts(
    audit: AuditFolder,
    *,
    threshold: ThresholdOption = None,
    consensus: ConsensusOption = "threshold",
    least: LeastOption = None,
    confidence: Annotated[
        float, typer.Option(help="Of the interval of the error rate, such as 0.95.")
    ] = 0.95,
    slips: Annotated[
        str,
        typer.Option(
            help="What tells how often reviewers err, for the error rate: gold, repeats, none; "
            "auto: what there is."
        ),
    ] = "auto",
    anytime: Annotated[
        bool,
        typer.Option(
            "--anytime", help="Make the interval hold whenever you look, and stop; it is wider."
        ),
    ] = False,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Say what the votes come to, and how many of all labels are wrong.

    The table counts the verdicts; CSV and JSON hold every candidate that has a vote.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    opened = errata.Audit.open(audit)
    made_by: dict[str, Any] = {"threshold": threshold, "consensus": consensus, "least": least}
    found = opened.verdicts(**made_by)
    rate = opened.error_rate(**made_by, confidence=confidence, slips=slips, anytime=anytime)
    counts = found.counts | {"open": found.open, "no vote yet": found.unreviewed}
    table = [{"verdict": verdict, "candidates": count} for verdict, count in counts.items()]
    payload = found.to_dict() | {"error_rate": rate.to_dict()}
    printer.show(payload, found.rows(), table=table, columns=found.columns)
    if format == "table":
        printer.text(payload, found.rows(), "\n" + textwrap.fill(" ".join(rate.sentences()), WIDTH))
    printer.say(*rate.notices)
    printer.next(*_after_verdicts(opened, audit, rate, reviewed=len(found) > 0))


def _after_verdicts(
    opened: "Audit", audit: Path, rate: "ErrorRate", *, reviewed: bool
) -> list[object]:
    """Return what usually comes next: where only a sample is checked, to look for the others."""
    from errata.cutting import suffices

    if not reviewed:
        return ["review", audit]
    checked, found = rate.count.checked, rate.count.found
    sampled = 0 < checked == rate.by_chance < rate.count.population
    if not sampled or not found:
        return ["release", audit, "OUT"]
    if suffices(checked, wrong=found, right=checked - found) and opened.probabilities():
        return ["find", audit, "--rule", "reviewed"]
    return ["plan", audit, "--goal", "errors"]


def reviewers(
    audit: AuditFolder,
    *,
    names: NamesOption = False,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Say how good each reviewer is, and how far they agree.

    The table has their names; CSV and JSON, which may travel, have pseudonyms.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    opened = errata.Audit.open(audit)
    found = opened.reviewers(names=names or format == "table")
    alpha = opened.agreement()
    printer.show(
        found.to_dict() | {"agreement": alpha.to_dict()},
        found.rows(),
        table=[one.told() for one in found],
        columns=found.columns,
    )
    printer.say(*found.notices)
    printer.say(f"Agreement of reviewers, where all votes are asked for: {alpha}")


def why(
    audit: Annotated[
        Path,
        typer.Argument(metavar="AUDIT", help="The audit, or a folder made by `errata release`."),
    ],
    example: Annotated[str, typer.Argument(metavar="EXAMPLE", help="The id of an example.")],
    *,
    names: NamesOption = False,
    format: FormatOption = "table",
    quiet: QuietOption = False,
) -> None:
    """Tell the whole story of one label, from scores to release.

    Of an audit it has the names of people for eyes; CSV and JSON, which may travel, have
    pseudonyms. Of a release it tells what that holds.
    """
    import errata

    printer = Printer(format=format, quiet=quiet)
    story: ReleasedStory | Story
    if (audit / "manifest.json").is_file():
        from errata.release.story import why_released

        story = why_released(audit, example)
    else:
        story = errata.Audit.open(audit).why(example, names=names or format == "table")
    printer.text(story.to_dict(), story.rows(), repr(story))
