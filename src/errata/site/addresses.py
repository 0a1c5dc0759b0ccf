"""The addresses of originals that a site leads to."""

import re
from collections.abc import Callable
from string import Formatter
from urllib.parse import quote, urlsplit

from errata.errors import InputError

FIELDS = ("id", "index", "given", "path")
"""What a pattern of addresses may name of an example."""

_FILLED = re.compile(r"0?\d{0,2}d?")
"""How the number of an example may be written: filled up with zeros, or with blanks."""

_KEPT = "/:?&=%"
"""What ids that are paths or addresses keep."""


def as_link(pattern: str) -> Callable[[str, int, str, str | None], str]:
    """Return what makes the address of an example's original: of its id, number, given label, path.

    Parameters
    ----------
    pattern : an address with ``{id}``, ``{index}``, ``{given}`` or ``{path}`` in it, or a few of
        them; ``"{id}"`` alone where ids are addresses. Numbers may be filled up: ``{index:05d}``

    Raises
    ------
    InputError
        The pattern names something else, or nothing; or, when it is called, what it makes is no
        address, or the example has no path.

    Examples
    --------
    >>> as_link("https://example.org/{given}/{id}.jpg")("0 a", 0, "cat", None)
    'https://example.org/cat/0%20a.jpg'
    >>> as_link("https://example.org/{path}?n={index:04d}")("7", 7, "cat", "cats/7.jpg")
    'https://example.org/cats/7.jpg?n=0007'
    """
    try:
        parts = [part for part in Formatter().parse(pattern) if part[1] is not None]
    except ValueError as error:
        raise _unusable(pattern, f"cannot be read: {error}") from None
    for _, field, form, conversion in parts:
        if conversion or (form and not (field == "index" and _FILLED.fullmatch(form))):
            raise _unusable(
                pattern, "cannot be filled in: only a number can be filled up, to 99 digits"
            )
    unknown = [field for _, field, *_ in parts if field not in FIELDS]
    if unknown or not parts:
        found = ", ".join(f"{{{field}}}" for field in unknown)
        raise _unusable(pattern, f"names {found or 'no example'}")

    needs_path = any(field == "path" for _, field, *_ in parts)

    def link(id_: str, index: int, given: str, path: str | None) -> str:
        if needs_path and path is None:
            raise _unusable(pattern, "names {path}, but the examples of this audit have no files")
        told = {"id": quote(id_, _KEPT), "given": quote(given, ""), "path": quote(path or "")}
        made = pattern.format(index=index, **told)
        if not _is_web(made):
            raise _unusable(pattern, f"makes {made!r}, which is no address of the web")
        return made

    return link


def _unusable(pattern: str, why: str) -> InputError:
    return InputError(
        f"The pattern of originals {pattern!r} {why}. The address of a page was expected, with "
        "{id}, {given}, {path} or the number {index} in it, such as https://example.org/{id} or "
        "https://example.org/{index:05d}.png."
    )


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
