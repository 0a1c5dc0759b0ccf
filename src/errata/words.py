"""How counts are told, whoever tells them."""


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
