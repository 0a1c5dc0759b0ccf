"""How counts are told, whoever tells them."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "model"), plural(1234, "class", "classes")
    ('1 model', '1,234 classes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
