"""What only its maintainer knows of a test set: licence, source, authors, where to report mistakes.

It is kept in a small TOML file, the same for every release of an audit.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from errata.array_files import PathLike
from errata.errors import FileError, InputError, unknown_name
from errata.exchange.reports import MAIL_ADDRESS

Author = Mapping[str, str]

_KNOWN_OF_AUTHORS = {
    *("name", "given-names", "family-names", "orcid", "affiliation", "email", "website"),
}
"""As `CITATION.cff` calls it."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a release says of its test set beside what the audit knows.

    Attributes
    ----------
    title : what the corrected set is called; without it, as the audit
    summary : some sentences on the test set
    licence : of the labels and votes in the release, as the Hugging Face hub names it
        (``"cc-by-4.0"``, ``"apache-2.0"``); without it ``"unknown"``
    licence_notes : what else binds who uses it, such as the licence of the pictures
    source : where the examples themselves are, an address or words
    source_datasets : their ids at the Hugging Face hub
    authors : ``{"name": ...}`` or ``{"given-names": ..., "family-names": ...}``, and maybe
        ``"orcid"``, of each
    citation : how the test set itself is cited, a text or BibTeX
    doi, url : of this release
    language : of texts, codes such as ``"en"``
    task_categories : as the Hugging Face hub names them; without them, by the kind of the examples
    tags : further ones
    protocol : what reviewers were told
    platform : where they reviewed; without it, errata's own page
    limitations : what to bear in mind, beside what holds for every release
    maintenance : who corrects the set further, and how
    report_to : where mistakes are reported: a mail address, or an ``https:`` one
    date : of publication, ``"2026-11-27"``: the release itself looks at no clock

    Examples
    --------
    >>> read_description({"licence": "cc-by-4.0", "language": ["en"]}).licence
    'cc-by-4.0'
    """

    title: str = ""
    summary: str = ""
    licence: str = "unknown"
    licence_notes: str = ""
    source: str = ""
    source_datasets: tuple[str, ...] = ()
    authors: tuple[Author, ...] = ()
    citation: str = ""
    doi: str = ""
    url: str = ""
    language: tuple[str, ...] = ()
    task_categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    protocol: str = ""
    platform: str = ""
    limitations: str = ""
    maintenance: str = ""
    report_to: str = ""
    date: str = ""


def read_description(given: Mapping[str, Any] | PathLike | None) -> Description:
    """Return a description from a mapping, or from a TOML file.

    Raises
    ------
    FileError
        The file is missing, or is no TOML.
    InputError, NameUnknownError
        It says something that a description does not have, or in another form.

    Examples
    --------
    >>> read_description({"licence": 4})
    Traceback (most recent call last):
    errata.errors.InputError: The description: licence is 4; a text was expected.
    """
    if given is None:
        return Description()
    where = "The description"
    if not isinstance(given, Mapping):
        where = str(given)
        given = _toml(Path(given))
    types = get_type_hints(Description)
    known = [field.name for field in fields(Description)]
    for name, value in given.items():
        if name not in known:
            raise unknown_name(f"entry of {where}", name, known)
        one = get_args(types[name])[:1]
        expected = "a text" if not one else "a list of texts"
        if one == (Author,):
            expected = "a list of tables of texts, each with a name or family-names"
            fine = isinstance(value, list | tuple) and all(map(_is_author, value))
        elif one:
            fine = isinstance(value, list | tuple) and all(isinstance(x, str) for x in value)
        else:
            fine = isinstance(value, str)
        if not fine:
            raise InputError(f"{where}: {name} is {value!r}; {expected} was expected.")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
    }
    described = Description(**values)
    if MAIL_ADDRESS.fullmatch(described.report_to):
        described = replace(described, report_to=f"mailto:{described.report_to}")
    _check_forms(described, where)
    return described


def _check_forms(described: Description, where: str) -> None:
    if described.date and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", described.date):
        raise InputError(
            f"{where}: date is {described.date!r}; year, month and day, such as 2026-11-27, were "
            "expected."
        )
    for name in ("url", "source"):
        text = getattr(described, name)
        if "://" in text and not text.startswith(("https://", "http://")):
            raise InputError(f"{where}: {name} is {text!r}; a web address was expected.")
    if described.report_to and not described.report_to.startswith(("mailto:", "https://")):
        raise InputError(
            f"{where}: report_to is {described.report_to!r}; a mail address, or one that "
            "begins with https://, was expected."
        )


def _is_author(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and all(isinstance(text, str) for text in value.values())
        and ("name" in value) != ("family-names" in value)
        and set(value) <= _KNOWN_OF_AUTHORS
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileError(f"{path} does not exist; a TOML file was expected.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileError(
            f'{path} is no TOML file: {error}. Lines such as licence = "cc-by-4.0" were expected.'
        ) from None
