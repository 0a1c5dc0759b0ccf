"""Examples with a known answer: those that people see worked out, and those they practise on.

Nothing has flagged them and they are no gold, so nobody is asked about them and nothing is given
away. They are the clearest of their labels after those that stand beside the answers, and what is
right is the given label.
"""

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from errata.audit import Audit

WAYS = 4
"""On the start page are so many ways to answer: those worked out here, and some in words."""

WORKED = ("a", "b", "neither")
PRACTICE = ("b", "neither", "a", "b", "a")
"""Which answer is right to each example that is worked out, and to each for practice."""

_OTHERS = 2
"""Of names that are wrong, a question has at most so many."""

_CLASSES_TRIED = 12


@dataclass(frozen=True)
class Item:
    """One example with a known answer.

    Attributes
    ----------
    shown : the classes of (a) and (b), or those to tick, in the order shown
    given : the labels of the example
    """

    example: int
    shown: tuple[int, ...]
    given: tuple[int, ...]

    @property
    def right(self) -> tuple[int, ...]:
        """Those of the classes shown that are right; none, where neither is."""
        return tuple(label for label in self.shown if label in self.given)


@dataclass(frozen=True)
class Lessons:
    """What is shown with its answer, and what is for practice."""

    worked: tuple[Item, ...]
    practice: tuple[Item, ...]

    @property
    def examples(self) -> list[int]:
        """The rows of all of them."""
        return [item.example for item in (*self.worked, *self.practice)]

    def among(self, examples: Collection[int]) -> "Lessons":
        """Return those on some examples."""

        def rest(items: Sequence[Item]) -> tuple[Item, ...]:
            return tuple(item for item in items if item.example in examples)

        return Lessons(rest(self.worked), rest(self.practice))


def lessons(audit: Audit, *, beside: int) -> Lessons:
    """Return the worked examples and the practice of an audit, the same each time.

    Where there are too few classes or examples, there is less of them, or nothing.

    Parameters
    ----------
    beside : how many examples of a class stand beside the answers; these are not taken

    Raises
    ------
    AuditError
        Nothing is known yet of the audit's examples.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "a")
    >>> audit = Audit.create(path, labels=[0, 0, 0, 1, 1], classes=["cat", "dog"])
    >>> _ = audit.add_candidates([{"index": 0, "suggested": "dog"}], flagger="a look")
    >>> lessons(audit, beside=1).worked
    (Item(example=4, shown=(1, 0), given=(1,)), Item(example=2, shown=(1, 0), given=(0,)))
    """
    draw = np.random.default_rng(zlib.crc32(audit.name.encode()))
    names = draw.permutation(len(audit.classes))[:_CLASSES_TRIED].tolist()
    answers = (*WORKED, *PRACTICE)
    spare = _spare(audit, names, beside=beside, count=len(answers))
    items = [
        _item(audit, example, answer, names, draw)
        for example, answer in zip(spare, answers, strict=False)
    ]
    worked, practice = items[: len(WORKED)], items[len(WORKED) :]
    return Lessons(tuple(filter(None, worked)), tuple(filter(None, practice)))


def _spare(audit: Audit, names: Sequence[int], *, beside: int, count: int) -> list[int]:
    """Return examples of as many classes as there are, without those beside the answers."""
    of_each: list[list[int]] = []
    for label in names:
        some = audit.exemplars(label, count=beside + count)[beside:]
        of_each += [some] if some else []
        if len(of_each) == count:
            break
    in_turn = (some[turn] for turn in range(count) for some in of_each if turn < len(some))
    return list(dict.fromkeys(in_turn))[:count]


def _item(
    audit: Audit, example: int, answer: str, names: Sequence[int], draw: np.random.Generator
) -> Item | None:
    """Return a question about an example to which an answer is right; None if there is none."""
    label = audit.labels[example]
    given = tuple(np.flatnonzero(label).tolist()) if audit.multilabel else (int(label),)
    others = [name for name in draw.permutation(names).tolist() if name not in given][:_OTHERS]
    if answer == "neither":
        return Item(example, tuple(others), given) if len(others) == _OTHERS else None
    if not others:
        return None
    if audit.multilabel:
        return Item(example, tuple(draw.permutation([*given, *others]).tolist()), given)
    pair = (given[0], others[0])
    return Item(example, pair if answer == "a" else pair[::-1], given)
