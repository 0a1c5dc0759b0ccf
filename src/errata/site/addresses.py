"""The addresses of originals that a site leads to."""

from collections.abc import Callable
from string import Formatter
from urllib.parse import quote, urlsplit

from errata.errors import InputError

FIELDS = ("id", "index", "given")
"""What a pattern of addresses may name of an example."""

_KEPT = "/:?&=%"
"""What ids that are paths or addresses keep."""


def as_link(pattern: str) -> Callable[[str, int, str], str]:
    """Return what makes the address of an example's original, of its id, number and given label.

    Parameters
    ----------
    pattern : an address with ``{id}``, ``{index}`` or ``{given}`` in it; ``"{id}"`` alone where ids
        are addresses

    Raises
    ------
    InputError
        The pattern names something else, or nothing; or, when it is called, what it makes is no
        address.

    Examples
    --------
    >>> as_link("https://example.org/{given}/{id}.jpg")("0 a", 0, "cat")
    'https://example.org/cat/0%20a.jpg'
    """
    try:
        named = [field for _, field, *_ in Formatter().parse(pattern) if field is not None]
    except ValueError as error:
        raise InputError(
            f"The pattern of originals {pattern!r} cannot be read: {error}. Something like "
            "https://example.org/{id} was expected."
        ) from None
    if not named or any(field not in FIELDS for field in named):
        found = ", ".join(f"{{{field}}}" for field in named if field not in FIELDS)
        raise InputError(
            f"The pattern of originals {pattern!r} names {found or 'no example'}; {{id}}, "
            "{index} or {given} were expected, as in https://example.org/{id}."
        )

    def link(id_: str, index: int, given: str) -> str:
        made = pattern.format(id=quote(id_, _KEPT), index=index, given=quote(given, ""))
        if not _is_web(made):
            raise InputError(
                f"The pattern of originals {pattern!r} makes {made!r}, which is no address of the "
                "web. Something like https://example.org/{id} was expected."
            )
        return made

    return link


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
