"""How counts and models are told, whoever tells them."""

from collections.abc import Sequence

MOST_DIGITS = 18
"""A whole number of more digits is none that counts anything, and no database holds it."""

WIDTH = 79
"""Of a paragraph, so that a narrow terminal shows it as it is."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "model"), plural(1234, "class", "classes")
    ('1 model', '1,234 classes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def drawn_and_waiting(count: int) -> str:
    """Say that so many examples are drawn by chance and not decided, and what to do about it.

    Examples
    --------
    >>> drawn_and_waiting(300)
    '300 are drawn and wait for votes: `errata review AUDIT`'
    """
    wait = "is drawn and waits" if count == 1 else "are drawn and wait"
    return f"{count:,} {wait} for votes: `errata review AUDIT`"


def short_names(models: Sequence[str]) -> dict[str, str]:
    """Return the names to draw: without the words that all models begin with.

    Examples
    --------
    >>> short_names(["pytorch_vgg11", "pytorch_vgg16"])
    {'pytorch_vgg11': 'vgg11', 'pytorch_vgg16': 'vgg16'}
    >>> short_names(["vgg11"])
    {'vgg11': 'vgg11'}
    """
    first, last = min(models), max(models)
    same = [a == b for a, b in zip(first, last, strict=False)] if len(models) > 1 else []
    shared = first[: [*same, False].index(False)]
    cut = max(shared.rfind(mark) for mark in "_-/ ") + 1
    return {model: model[cut:] or model for model in models}


def in_markdown(text: str) -> str:
    r"""Return a text as it can stand in a cell of a Markdown table.

    Examples
    --------
    >>> in_markdown("a|b\n<c>")
    'a\\|b \\<c\\>'
    """
    for mark in "\\`*_|[]<>":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def as_whole(text: str) -> int | None:
    """Return the whole number that is written so, and in no other way.

    Examples
    --------
    >>> as_whole("7"), as_whole("-7"), as_whole("07"), as_whole("seven")
    (7, -7, None, None)
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > MOST_DIGITS:
        return None
    number = int(text)
    return number if str(number) == text else None
