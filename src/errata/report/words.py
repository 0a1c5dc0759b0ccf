"""How a report says things: names of verdicts, numbers, and names cut to fit."""

VERDICT_NAMES = {
    "non_error": "non-error",
    "correctable": "correctable",
    "multi_label": "multi-label",
    "neither": "neither",
    "non_agreement": "non-agreement",
}
VERDICT_MEANINGS = {
    "non_error": "Reviewers confirmed the given label. It stays.",
    "correctable": "Reviewers chose the suggested label instead. It replaces the given one.",
    "multi_label": "Reviewers said that both labels apply. No single label is right.",
    "neither": "Reviewers said that neither label applies. The right one is not known.",
    "non_agreement": "No answer got enough votes. The right label is not known.",
}
CHOICE_VERDICT_MEANINGS = VERDICT_MEANINGS | {
    "correctable": "Reviewers chose another class. It replaces the given one.",
    "neither": "Reviewers said that none of the classes shown applies. The right one is not known.",
}

SET_VERDICT_MEANINGS = {
    "non_error": "The labels that reviewers agree on are the given ones. They stay.",
    "correctable": "Reviewers agree on other labels. These replace the given ones.",
    "neither": "Reviewers agree on no label at all. The right ones are not known.",
    "non_agreement": "Too few reviewers could tell. The right labels are not known.",
}


def percent(share: float, digits: int = 2) -> str:
    r"""Write a share in percent; one that is not nothing is never written as nothing.

    Examples
    --------
    >>> percent(0.0294).replace("\u00a0", " "), percent(0.000004).replace("\u00a0", " ")
    ('2.94 %', '<0.01 %')
    """
    least = 10.0**-digits
    if 0 < 100 * share < least / 2:
        return f"<{least:.{digits}f}\u00a0%"
    return f"{100 * share:.{digits}f}\u00a0%"


def brief_percent(share: float) -> str:
    r"""Write a share in percent with about three digits, for a label in a chart.

    Examples
    --------
    >>> [brief_percent(x).replace("\u00a0", " ") for x in (0.0861, 0.418, 0.0009)]
    ['8.6 %', '42 %', '0.09 %']
    """
    value = 100 * share
    digits = 2 if value < 1 else 1 if value < 10 else 0
    return percent(share, digits)


def shorten(text: str, most: int) -> str:
    """Cut the middle out of a text that is longer than ``most`` characters.

    Examples
    --------
    >>> shorten("densenet", 9), shorten("vit_large_patch14_clip_336", 11)
    ('densenet', 'vit_l…p_336')
    """
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def joined(words: list[str]) -> str:
    """Join words with commas and a last "and".

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
