"""Labels as files and people write them: a class by its name or its number, or a set of them."""

import itertools
import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from errata.errors import LabelError, unknown_name
from errata.exchange.cells import whole_number


def class_of(label: object, classes: Sequence[str]) -> int:
    """Return the index of a class that is named, or given by its index.

    A text is a name where there is such a name, and else an index in digits.

    Raises
    ------
    LabelError, NameUnknownError
        It is missing, or there is no such class.

    Examples
    --------
    >>> [class_of(label, ["cat", "dog", "0"]) for label in ("dog", 1, "1", "0")]
    [1, 1, 1, 2]
    """
    if isinstance(label, int | np.integer) and not isinstance(label, bool):
        index = int(label)
    else:
        name = "" if label is None else str(label).strip()
        if not name:
            raise LabelError("A label is missing: the name or the number of a class was expected.")
        if name in classes:
            return classes.index(name)
        number = whole_number(name)
        if number is None:
            raise unknown_name("class", name, classes)
        index = number
    if not 0 <= index < len(classes):
        raise LabelError(f"There is no class {index}; they run from 0 to {len(classes) - 1}.")
    return index


def classes_of(labels: object, classes: Sequence[str]) -> tuple[int, ...]:
    """Return the sorted indices of the classes in a list, or in a text that is a JSON list.

    Raises
    ------
    LabelError, NameUnknownError
        It is no list, or holds something that is no class, or a class twice.

    Examples
    --------
    >>> classes_of(["fox", 0], ["cat", "dog", "fox"]), classes_of('["dog"]', ["cat", "dog"])
    ((0, 2), (1,))
    """
    listed = _parsed(labels) if isinstance(labels, str) else labels
    if not isinstance(listed, list | tuple | AbstractSet | np.ndarray):
        raise LabelError(
            f"A list of labels was expected, not {labels!r}. Each example may have several here; "
            'in a CSV file write them as JSON, such as ["dog", "speech"], or [] for none.'
        )
    found = sorted(class_of(label, classes) for label in listed)
    twice = [label for label, after in itertools.pairwise(found) if label == after]
    if twice:
        raise LabelError(f"The label {classes[twice[0]]!r} stands twice in {labels!r}.")
    return tuple(found)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
