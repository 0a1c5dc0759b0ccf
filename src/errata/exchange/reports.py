r"""Reports of mistakes: the link by which readers send them, and the files in which they arrive.

A page or a release shows a link that opens a mail, or a new issue, with a few words for people and
one line for us, JSON without line breaks::

    {"errata_report":1,"audit":"pets","version":"1.0.0","id":"17","index":17,"given":"cat",
     "label":"dog","reason":"it barks"}

``given`` and ``label`` are class names, or lists of them where an example may have several labels;
``version`` and ``label`` may be null. What comes back, `as_rows` reads: such lines in mails (.eml,
.mbox), in texts, and in the ``body`` of exported issues; and tables with these columns.
"""

import email
import hashlib
import json
import mailbox
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from errata.array_files import read_text
from errata.errors import FileError, InputError, LabelError
from errata.exchange import rows
from errata.exchange.labels import class_of, classes_of
from errata.exchange.rows import PROBLEM, example_of, field, is_blank
from errata.exchange.votes import one_form
from errata.labels import in_words

COLUMNS = ("id", "label", "given", "reason", "version", "audit")
"""The columns of a table of reports; the first, or ``index`` in its place, is needed."""

FORM = rows.Form(
    one="report", many="reports", needed=COLUMNS[:1], known=COLUMNS[1:], error=LabelError
)

LONGEST_REASON = 1000
"""Of a reason so many characters are kept; the file that it came in has the rest."""

_OF_ISSUE = ("html_url", "web_url", "url", "number", "iid", "id")
"""What tells an exported issue from others, the first that it has: two may say the same, and have
the same number in two trackers."""

MAIL_ADDRESS = re.compile(r"[^@\s:/?]+@[^@\s:/?]+")

_LINE = "errata_report"
_BEGINS = re.compile(r'\{\s*"errata_report"')
_UNESCAPED = "!'()*~-._"
"""What ``encodeURIComponent`` leaves alone, so that a page makes the very same link."""


class Read(NamedTuple):
    """What files of reports hold: a row for each report, and a line for each mail without one."""

    rows: list[rows.Row]
    left_out: list[str]


# ---------------------------------------------------------------- the link


def report_pattern(to: str) -> str:
    """Return an address with ``{title}`` and ``{body}`` where a report's words belong.

    Parameters
    ----------
    to : a mail address, with or without ``mailto:``; or where a new issue begins, http(s), such as
        ``https://github.com/OWNER/REPO/issues/new``. Where the address has ``{body}`` in it, it
        is a pattern already, which may have ``{title}`` as well

    Raises
    ------
    InputError
        It is neither.

    Examples
    --------
    >>> report_pattern("labels@example.org")
    'mailto:labels@example.org?subject={title}&body={body}'
    >>> report_pattern("https://example.org/pets/issues/new?labels=label")
    'https://example.org/pets/issues/new?labels=label&title={title}&body={body}'
    """
    address = to.strip()
    if MAIL_ADDRESS.fullmatch(address):
        address = f"mailto:{address}"
    known = urlsplit(address)
    mail = known.scheme == "mailto" and "@" in known.path
    if not (mail or (known.scheme in ("http", "https") and known.netloc)) or re.search(
        r"\s|[\"'<>]", address
    ):
        raise InputError(
            f"Mistakes cannot be reported to {to!r}. A mail address (labels@example.org), or the "
            "address of the form for a new issue "
            "(https://github.com/OWNER/REPO/issues/new), was expected."
        )
    if "{body}" in address:
        return address
    title = "subject" if mail else "title"
    return f"{address}{'&' if known.query else '?'}{title}={{title}}&body={{body}}"


def report_link(
    to: str,
    *,
    audit: str,
    id: str,  # noqa: A002  (what the column is called)
    index: int,
    given: str | Sequence[str],
    label: str | Sequence[str] | None = None,
    version: str | None = None,
    reason: str = "",
) -> str:
    """Return the link that opens a report about one label.

    Parameters
    ----------
    to : see `report_pattern`
    audit : its name
    id, index : of the example
    given : the name of its given label; a list of names where it may have several
    label : the one that should stand there, as far as that is known
    version : of the release that is looked at

    Raises
    ------
    InputError
        Nothing can be sent to this address.

    Examples
    --------
    >>> link = report_link("labels@example.org", audit="pets", id="17", index=17, given="cat")
    >>> link[:76]
    'mailto:labels@example.org?subject=pets%3A%20the%20label%20of%2017&body=The%2'
    """
    line = {_LINE: 1, "audit": audit, "version": version, "id": id, "index": index}
    line |= {"given": _plain(given), "label": _plain(label), "reason": reason}
    words = [
        f"The label of example {id} of {audit} looks wrong to me.",
        f"Given: {in_words(given)}",
    ]
    words += [] if label is None else [f"It should be: {in_words(label)}"]
    words += [f"Why: {reason}"] if reason else []
    told = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    body = "\r\n".join([*words, "", "The next line is for errata; please leave it as it is.", told])
    pattern = report_pattern(to)
    parts = {"{title}": f"{audit}: the label of {id}", "{body}": body}
    return re.sub(r"\{title\}|\{body\}", lambda at: quote(parts[at[0]], safe=_UNESCAPED), pattern)


def _plain(label: str | Sequence[str] | None) -> str | list[str] | None:
    return label if label is None or isinstance(label, str) else list(label)


# ---------------------------------------------------------------- reading


def as_rows(reports: object) -> Read:
    r"""Return reports as rows that say ``where`` they stood.

    Parameters
    ----------
    reports : mappings with the columns `COLUMNS`; or the path of a file: a table (.csv, .json,
        .jsonl, .parquet), exported issues (.json, .jsonl: objects with a ``body``), mails
        (.eml, .mbox) or a text (.txt, .md) with such lines as `report_link` writes

    Raises
    ------
    LabelError
        They are neither, or a table has no column for the example.
    FileError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "reports.csv")
    >>> _ = path.write_text("id,label\n17,dog\n")
    >>> as_rows(path).rows
    [{'id': '17', 'label': 'dog', 'where': 'reports.csv, line 2'}]
    """
    read: list[rows.Row] = []
    left_out: list[str] = []
    if isinstance(reports, str | os.PathLike) and Path(reports).suffix.lower() in _TEXTS:
        path = Path(reports)
        if not path.is_file():
            raise FileError(f"{path} does not exist; a file of reports was expected.")
        texts: Iterator[tuple[rows.Row, list[str]]] = _TEXTS[path.suffix.lower()](path)
    else:
        texts = _tabled(rows.as_rows(reports, FORM), read)
    for about, written in texts:
        found = next(filter(None, map(reports_in, written)), [])
        read += [about | one for one in found]
        if not found:
            left_out.append(f"{about['where']}: there is no report in it")
    return Read(read, left_out)


def reports_in(text: str) -> list[dict[str, Any]]:
    r"""Return the reports whose lines stand in a text, also where a mail program broke them.

    What is quoted, as in an answer, is not read again.

    Examples
    --------
    >>> reports_in('> {"errata_report": 1}\nYes.\n{"errata_report": 1,\n"id": "a b"}')
    [{'errata_report': 1, 'id': 'a b'}]
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(">")]
    # a mail program breaks a line at a space, which it keeps or takes away
    joined = re.sub(r" ?\n", " ", "\n".join(lines))
    found: list[dict[str, Any]] = []
    for start in _BEGINS.finditer(joined):
        try:
            found.append(json.JSONDecoder().raw_decode(joined, start.start())[0])
        except (ValueError, RecursionError):
            found.append({PROBLEM: "The line of the report is cut short, or was changed."})
    return found


def _tabled(
    known: Sequence[rows.Row], read: list[rows.Row]
) -> Iterator[tuple[rows.Row, list[str]]]:
    """Add the rows that are reports to ``read``; yield where the others stood, and their text."""
    for row in known:
        body = row.get("body")
        # an exported issue may have an id, too: its own, not that of an example
        told = any(field(row, column) for column in ("label", "given", "reason"))
        if isinstance(body, str) and (field(row, "id") is None or not told):
            message = next(filter(None, (field(row, column) for column in _OF_ISSUE)), None)
            yield {"where": row["where"], "message": message}, [body]
        else:
            read.append(row)


def _mail(path: Path) -> Iterator[tuple[rows.Row, list[str]]]:
    yield _texts_of(email.message_from_bytes(path.read_bytes()), path.name)


def _mails(path: Path) -> Iterator[tuple[rows.Row, list[str]]]:
    box = mailbox.mbox(path, create=False)
    try:
        for number, message in enumerate(box, 1):
            yield _texts_of(message, f"{path.name}, message {number}")
    finally:
        box.close()


def _text(path: Path) -> Iterator[tuple[rows.Row, list[str]]]:
    yield {"where": path.name}, [read_text(path)]


_TEXTS: dict[str, Callable[[Path], Iterator[tuple[rows.Row, list[str]]]]] = {
    ".eml": _mail,
    ".mbox": _mails,
    ".md": _text,
    ".txt": _text,
}


def _texts_of(message: Message, where: str) -> tuple[rows.Row, list[str]]:
    """Return what tells a mail from the others, and its texts: plain ones before HTML."""
    plain: list[str] = []
    marked: list[str] = []
    for part in message.walk():
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html"):
            (plain if kind == "text/plain" else marked).append(_decoded(part))
    about = {"where": where, "message": str(message.get("Message-ID", "")).strip()}
    return about, ["\n".join(plain), "\n".join(map(_unmarked, marked))]


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes), "a text has no parts"
    try:
        return payload.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:  # a character set that Python does not know
        return payload.decode("utf-8", errors="replace")


class _Text(HTMLParser):
    """The text of HTML, with a line for each block, and without what is quoted."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._quoted = 0

    def handle_data(self, data: str) -> None:
        if not self._quoted:
            self.parts.append(" ".join(data.split("\n")))

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self._quoted += tag == "blockquote"
        if tag in ("br", "div", "p"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._quoted -= tag == "blockquote" and self._quoted > 0


def _unmarked(text: str) -> str:
    reader = _Text()
    reader.feed(text)
    return "".join(reader.parts)


# ---------------------------------------------------------------- what a row means


def check_report(
    row: Mapping[str, Any],
    *,
    index_of: Callable[[str], int],
    n: int,
    classes: Sequence[str],
    audit: str,
    given_of: Callable[[int], int | tuple[int, ...]],
    multilabel: bool = False,
) -> dict[str, Any]:
    """Return the fields of the report that a row holds, each known to be good.

    Parameters
    ----------
    row : a mapping with the columns `COLUMNS`
    index_of : finds the example of an id, or raises `NameUnknownError`
    n : how many examples there are
    classes : the class names
    audit : the name of the audit
    given_of : tells the given label of an example
    multilabel : each example may have several labels, so that lists of them are reported

    Returns
    -------
    ``example`` (its index), ``label`` (a class, ``0..m-1``, or a sorted tuple of them; None where
    none is named), ``reason`` (maybe empty), ``version`` (maybe None), and ``key``, which is the
    same for the same report

    Raises
    ------
    LabelError, NameUnknownError
        A class or the example is unknown, or the report is about another audit or another example
        than the one that its id names.

    Examples
    --------
    >>> about = {"n": 20, "classes": ["cat", "dog"], "audit": "pets", "given_of": lambda one: 0}
    >>> found = check_report({"id": "17", "label": "dog"}, index_of=int, **about)
    >>> found["example"], found["label"], found["reason"]
    (17, 1, '')
    """
    if PROBLEM in row:
        raise LabelError(str(row[PROBLEM]))
    if row.get(_LINE, 1) != 1:
        raise LabelError(
            f"The report is written in form {row[_LINE]!r}, and this errata reads form 1. A newer "
            "one may read it."
        )
    named = field(row, "audit")
    if named is not None and named != audit:
        raise LabelError(f"The report is about the audit {named!r}, and this one is {audit!r}.")
    turn = classes_of if multilabel else class_of
    example = example_of(row, FORM, index_of, n)
    index = field(row, "index")
    if index is not None and index != str(example):
        raise LabelError(
            f"The example {field(row, 'id')!r} has index {example}, and the report says {index}. "
            "It is about another state of the data."
        )
    given = row.get("given")
    if not is_blank(given) and turn(given, classes) != given_of(example):
        raise LabelError(
            f"The report says that the given label of {field(row, 'id') or example} is {given!r}, "
            "which it is not in this audit. It is about another state of the data."
        )
    label = row.get("label")
    found = {
        "example": example,
        "label": None if is_blank(label) else turn(label, classes),
        "reason": _reason(row),
        "version": field(row, "version"),
    }
    told = json.dumps([*found.values(), field(row, "message")], ensure_ascii=False)
    return found | {"key": hashlib.sha256(told.encode()).hexdigest()}


def _reason(row: Mapping[str, Any]) -> str:
    words = one_form(field(row, "reason") or "")
    shown = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words
    )
    return shown if len(shown) <= LONGEST_REASON else shown[: LONGEST_REASON - 1] + "…"
