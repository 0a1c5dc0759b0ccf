"""Which classes and which parts a user's own data has, whatever form it comes in."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from errata import arrays
from errata.errors import InputError, LabelError, unknown_name
from errata.words import as_whole

ALL = "all"
"""The part that is everything there is."""

Numbered = tuple[tuple[str, ...], Int[np.ndarray, "different"]]
"""Class names in class order, and the class number of each different label."""


def choose_part(part: str | None, there: Sequence[str], name: str) -> str:
    """Return the part that is meant.

    Parameters
    ----------
    part : what was asked for; without it, ``"test"`` where there is one, else the only one
    there : the parts there are; none where the data is not split
    name : what messages call the data

    Raises
    ------
    InputError, NameUnknownError
        There is no such part, or several and none of them was asked for.

    Examples
    --------
    >>> choose_part(None, ["test", "train"], "pets"), choose_part(None, [], "pets")
    ('test', 'all')
    """
    if part is None and there:
        if "test" not in there and len(there) > 1:
            raise InputError(
                f"{name} has the parts {', '.join(there)}: say which one with part=..., or "
                f"part={ALL!r} for all together."
            )
        return "test" if "test" in there else there[0]
    if part is None or part == ALL:
        return ALL
    if part not in there:
        raise unknown_name(f"part of {name}", part, [*there, ALL])
    return part


def number_classes(
    different: Sequence[str | int], classes: Sequence[object] | None = None
) -> Numbered:
    """Return class names, and the class number of each of the different labels.

    Without ``classes`` each different label is a class, whole numbers in the order of their
    values and names in alphabetical order. With them, labels are names among these, or numbers
    from 0 that count them.

    Raises
    ------
    LabelError, NameUnknownError
        A label is no class, or could be one of two.

    Examples
    --------
    >>> number_classes(["dog", "cat"])
    (('cat', 'dog'), array([1, 0]))
    >>> number_classes([10, 9])
    (('9', '10'), array([1, 0]))
    >>> number_classes(["1", "0"], ["cat", "dog"])
    (('cat', 'dog'), array([1, 0]))
    """
    texts = [str(label) for label in different]
    numbers = [as_whole(text) for text in texts]
    counted = [number for number in numbers if number is not None]
    if classes is None:
        of_number = dict(zip(counted, texts, strict=False)) if len(counted) == len(texts) else None
        names = [of_number[key] for key in sorted(of_number)] if of_number else sorted(set(texts))
    else:
        names = list(arrays.as_class_names(classes, len(tuple(classes))))
    place = {name: index for index, name in enumerate(names)}
    unknown = [text for text in texts if text not in place]
    if classes is None or not unknown:
        found = [place[text] for text in texts]
        if classes is not None and found != numbers and _count(numbers, names):
            raise LabelError(
                f"The label {texts[0]!r} is both a class name and the number of a class, and "
                "these differ. Leave `classes` out, or write names as labels."
            )
        return tuple(names), np.array(found, np.int64)
    if len(counted) < len(texts):
        raise unknown_name("class", unknown[0], names)
    if not _count(numbers, names):
        odd = next(number for number in counted if not 0 <= number < len(names))
        raise LabelError(
            f"There is a label {odd}, but there are {len(names)} class names, so that labels run "
            f"from 0 to {len(names) - 1}."
        )
    return tuple(names), np.array(counted, np.int64)


def _count(numbers: Sequence[int | None], names: Sequence[str]) -> bool:
    return all(number is not None and 0 <= number < len(names) for number in numbers)


def check_classes(classes: Sequence[str], name: str) -> None:
    """Raise where there are fewer than two classes.

    Raises
    ------
    LabelError
        No label can be wrong then.
    """
    if len(classes) < 2:
        found = f"the only class is {classes[0]!r}" if classes else "there is no class"
        raise LabelError(
            f"In {name} {found}, so that no label can be wrong; two or more were expected."
        )
