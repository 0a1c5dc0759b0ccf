"""Text in the cells of a table: which of it is a number, and which a spreadsheet would calculate.

What a spreadsheet would take for a formula stays text.
"""

import html
import re

from errata.words import MOST_DIGITS

_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def guarded(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would calculate it.

    A plain number is left alone. `unguarded` gives every text back as it was.

    Examples
    --------
    >>> guarded("=HYPERLINK(A1)"), guarded("-0.5"), guarded("ann")
    ("'=HYPERLINK(A1)", '-0.5', 'ann')
    """
    return f"'{text}" if _calculates(text) else text


def unguarded(text: str) -> str:
    """Return a text without the apostrophe that `guarded` put before it.

    Examples
    --------
    >>> unguarded("'=HYPERLINK(A1)"), unguarded("'tis")
    ('=HYPERLINK(A1)', "'tis")
    """
    return text[1:] if text.startswith("'") and _calculates(text) else text


def whole_number(text: str) -> int | None:
    """Return the number that a text of up to 18 digits stands for, in any script; else None.

    Python reads no number of more than 4,300 digits, and a database holds no larger one than these.

    Examples
    --------
    >>> [whole_number(text) for text in ("017", "\u0663", "\u00b2", "-1", "9" * 5000)]
    [17, 3, None, None, None]
    """
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def in_html(text: str) -> str:
    """Return HTML that shows a text, and that no spreadsheet takes for a formula.

    Examples
    --------
    >>> in_html("<b>"), in_html("=1+1")
    ('&lt;b&gt;', '&#61;1+1')
    """
    if _FORMULA.match(text):
        return f"&#{ord(text[0])};{html.escape(text[1:])}"
    return html.escape(text)


def _calculates(text: str) -> bool:
    """Tell whether a text, without apostrophes before it, is taken for a formula."""
    bare = text.lstrip("'")
    return _FORMULA.match(bare) is not None and _NUMBER.fullmatch(bare) is None
