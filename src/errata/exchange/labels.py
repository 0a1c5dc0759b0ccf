"""Labels as files and people write them: a class by its name or its number, or a set of them."""

import itertools
import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from errata.errors import LabelError, unknown_name
from errata.exchange.cells import whole_number
from errata.words import as_whole


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


class Written:
    """How somebody wrote labels in the cells of a column: each by its name, or by its number.

    Whole numbers that are not in quotes count the classes from 0; but where all of them are class
    names, as ``1 2 3`` of stars are, they are these. False and True are 0 and 1.

    Parameters
    ----------
    classes : the class names
    cells : of the column: a name or a number; or, if ``several``, a list or a text that is a JSON
        list of them

    Examples
    --------
    >>> written = Written(["cat", "dog"], ["cat", "1", 0])
    >>> [written.read(cell) for cell in ("cat", "1", 0)]
    [0, 1, 0]
    >>> [written.like(cell, 1) for cell in (" cat", "0", 0)], written.like("cat", (0, 1))
    (['dog', '1', 1], ['cat', 'dog'])
    """

    def __init__(
        self, classes: Sequence[str], cells: Sequence[object], *, several: bool = False
    ) -> None:
        self.classes, self.several = classes, several
        each = [one for cell in cells for one in self._members(cell)]
        whole = {int(one) for one in each if isinstance(one, int)}
        self._names = bool(whole) and all(str(number) in classes for number in whole)
        self._example = next(iter(each), classes[0])

    def read(self, cell: object) -> int | tuple[int, ...]:
        """Return the class in a cell, or the sorted classes.

        Raises
        ------
        LabelError, NameUnknownError
            It is missing, or there is no such class, or a class stands twice.
        """
        if not self.several:
            return self._class_of(cell)
        members = self._members(cell)
        return classes_of(
            [self._class_of(one) for one in members] if members else cell, self.classes
        )

    def like(self, cell: object, label: int | tuple[int, ...]) -> Any:
        """Return a label as the one in a cell is written; of several, those in it as they are."""
        members = self._members(cell)
        if isinstance(label, int):
            return self._like(cell, label)
        there = {self._class_of(one): one for one in members}
        example = next(iter(members), self._example)
        listed = [there[one] if one in there else self._like(example, one) for one in label]
        in_text = self.several and isinstance(cell, str)
        return json.dumps(listed, ensure_ascii=False) if in_text else listed

    def _members(self, cell: object) -> list[Any]:
        if not self.several:
            return [cell]
        listed = _parsed(cell) if isinstance(cell, str) else cell
        return listed if isinstance(listed, list) else []

    def _class_of(self, one: object) -> int:
        if isinstance(one, int):  # a bool too
            one = str(int(one)) if self._names else int(one)
        return class_of(one, self.classes)

    def _like(self, example: object, label: int) -> Any:
        name = self.classes[label]
        if isinstance(example, int):
            number = as_whole(name) if self._names else label
            if number is None or (isinstance(example, bool) and number not in {0, 1}):
                return name
            return type(example)(number)
        by_name = str(example).strip() in self.classes or str(label) in self.classes
        return name if by_name else str(label)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
