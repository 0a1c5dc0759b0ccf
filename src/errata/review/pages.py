"""What the pages say: one typed context for each page, and the templates that show it.

A context holds only what its page shows. Nothing in `Question` tells the given label from the
suggested one: there are two panels, and they differ in letter, keys, name and exemplars. Nor do
`Checks` and `Choices`, whose boxes differ in key, name and exemplars.
"""

import functools
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2

from errata.datasets.media import Clip, Picture, Row, Shown, Text

HERE = Path(__file__).parent
STATIC = HERE / "static"

EXAMPLE_SIDE, EXEMPLAR_SIDE = 384, 96  # longest side, in CSS pixels, to which tiny pictures grow
TINY_SIDE = 128  # pictures up to this are enlarged with hard pixel edges
LONGEST_TEXT, LONGEST_EXCERPT = 20_000, 600  # characters of an example, of an exemplar

_BREAK = re.compile(r"<br\s*/?>")


@dataclass(frozen=True)
class PictureView:
    """A picture as shown: its address, its size in CSS pixels, and whether it is a tiny one.

    A tiny picture is enlarged; `small` is its size among the exemplars.
    """

    url: str
    width: int
    height: int
    tiny: bool
    small: tuple[int, int]
    kind: str = "picture"


@dataclass(frozen=True)
class TextView:
    """A text as shown; `left_out` counts the characters that only the whole text has."""

    text: str
    left_out: int
    url: str
    kind: str = "text"

    @property
    def excerpt(self) -> str:
        """The text without empty lines, of which only the first lines are shown."""
        return re.sub(r"\s*\n\s*", "\n", self.text.strip())


@dataclass(frozen=True)
class ClipView:
    """A sound as shown: its address, and how long it is, in words."""

    url: str
    long: str
    kind: str = "clip"


@dataclass(frozen=True)
class RowView:
    """A row of features as shown: names, and values as text."""

    names: tuple[str, ...]
    values: tuple[str, ...]
    kind: str = "row"

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """Each name with its value."""
        return tuple(zip(self.names, self.values, strict=True))


@dataclass(frozen=True)
class Missing:
    """Nothing to show, and why."""

    why: str
    kind: str = "missing"


View = PictureView | TextView | ClipView | RowView | Missing


def view(shown: Shown, url: str, *, side: int, longest: int) -> View:
    """Return how one example is shown, at most about `side` pixels or `longest` characters large.

    Examples
    --------
    >>> view(Picture(b"", "image/png", 28, 28), "/media/3", side=384, longest=100)
    PictureView(url='/media/3', width=364, height=364, tiny=True, small=(84, 84), kind='picture')
    """
    match shown:
        case Picture(width=width, height=height):
            longer = max(width, height)
            if longer > TINY_SIDE:
                return PictureView(url, width, height, tiny=False, small=(width, height))
            # Whole multiples, so that every pixel of the picture becomes a square of one size.
            large, small = max(1, side // longer), max(1, EXEMPLAR_SIDE // longer)
            return PictureView(
                url,
                width * large,
                height * large,
                tiny=True,
                small=(width * small, height * small),
            )
        case Text(text=text):
            # Reviews of films come with these; everything else is shown as it was written.
            text = _BREAK.sub("\n", text)
            return TextView(text[:longest], max(0, len(text) - longest), url)
        case Clip(seconds=seconds):
            return ClipView(url, f"{seconds:.1f} seconds")
        case Row(names=names, values=values):
            return RowView(names, tuple(map(_value, values)))


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return value
    whole = value.is_integer() and abs(value) < 1e9
    return f"{value:.0f}" if whole else f"{value:.5g}"


@dataclass(frozen=True)
class Answer:
    """One way to answer (or to go on): its name in the form, its label, and its keys.

    Keys are names of `KeyboardEvent.key`, and ``Space``; the first is the one printed on the
    button. A reviewer may give it another key, unless it is `fixed`.
    """

    name: str
    label: str
    keys: tuple[str, ...]
    meaning: str
    fixed: bool = False


A = Answer("a", "(a)", ("a", "1", "ArrowLeft"), "The example is what (a) says, and not (b).")
B = Answer("b", "(b)", ("b", "2", "ArrowRight"), "The example is what (b) says, and not (a).")
BOTH = Answer("both", "Both", ("o", "3", "ArrowUp"), "Both names are right for the example.")
NEITHER = Answer("neither", "Neither", ("n", "4", "ArrowDown"), "Neither name is right for it.")
UNCLEAR = Answer(
    "unclear", "Can't tell", ("t", "5"), "It is broken, or cannot be judged: an answer, too."
)
SKIP = Answer("skip", "Skip", ("s",), "Not now: it comes back when the others are done.")
UNDO = Answer("undo", "Undo", ("z", "Backspace"), "Take your last answer back and see it again.")
LOOK = Answer("look", "Look", ("Space",), "See a picture large; play or stop a sound; read on.")
PAUSE = Answer("pause", "Pause", ("p",), "Cover the page; any key or button goes on.")
KEYS = Answer("keys", "Keys", ("?",), "What the keys are, and others in their place.")
PAIR = (A, B, BOTH, NEITHER, UNCLEAR)
HANDS = (SKIP, UNDO, LOOK, PAUSE, KEYS)


# where examples may have several labels
SEND = Answer("labels", "Send", ("Enter",), "Exactly the ticked names are right; perhaps none is.")
DIGITS = tuple("1234567890")
TICK = Answer("tick", "Tick", DIGITS, "Tick the name with this key, or untick it.", fixed=True)

# where digits are for the names
NO_CLASS = replace(UNCLEAR, keys=UNCLEAR.keys[:1])

# where one answer is chosen of several
CLASS, EXTRA = "class-", "extra-"
"""What answers are called that are a class, and that are none: with its number behind."""
PICK = Answer("pick", "Choose", DIGITS, "It is what the name with this key says.", fixed=True)
FIND = Answer("find", "Find", ("/",), "Type a part of a name; Enter chooses the only one left.")
NONE = Answer(NEITHER.name, "None of these", ("n",), "None of the names is right for it.")
MANY = 12
"""More names than so many are a list to look in, without typical examples."""


def box_keys(names: Sequence[str]) -> list[str | None]:
    """Return the key of each name to tick or choose: ten have one.

    A name that is a digit has that one, or who sees a 3 and presses it would say something else.

    Examples
    --------
    >>> box_keys(["cat", "dog"])
    ['1', '2']
    >>> box_keys(["3", "no digit", "1"])
    ['3', '2', '1']
    """
    own = [name if name in DIGITS else None for name in names]
    left = (key for key in DIGITS if key not in own)
    return [key or next(left, None) for key in own]


def extra_answers(words: Sequence[str]) -> tuple[Answer, ...]:
    """Return the answers that are no class, each with a key of its own.

    Examples
    --------
    >>> [(one.name, one.keys) for one in extra_answers(["neutral", "off-topic"])]
    [('extra-0', ('e',)), ('extra-1', ('f',))]
    """
    return tuple(
        Answer(f"{EXTRA}{place}", word, (key,), "In place of any name.")
        for place, (word, key) in enumerate(zip(words, "efghijklm", strict=False))
    )


def pair_answers(classes: Iterable[str]) -> tuple[Answer, ...]:
    """Return the answers to a pair, `PAIR`; where a class is called by a digit, none is a key.

    Examples
    --------
    >>> [one.keys[1:] for one in pair_answers(["cat", "3"])]
    [('ArrowLeft',), ('ArrowRight',), ('ArrowUp',), ('ArrowDown',), ()]
    """
    if not any(name in DIGITS for name in classes):
        return PAIR
    return tuple(
        replace(one, keys=tuple(key for key in one.keys if key not in DIGITS)) for one in PAIR
    )


# what has a key on a page of boxes, and where one answer is chosen of several, or of many
BOXES_KEYS = (TICK, SEND, NO_CLASS, *HANDS)


def choice_keys(extras: Sequence[Answer], *, many: bool) -> tuple[Answer, ...]:
    """Return what has a key on a page where one answer is chosen of several, or of many."""
    return (FIND if many else PICK, NONE, *extras, NO_CLASS, *HANDS)


@dataclass(frozen=True)
class Panel:
    """One of the two answers: how to choose it, the name of its class, and typical examples."""

    answer: Answer
    name: str
    exemplars: Sequence[View]


@dataclass(frozen=True)
class Box:
    """One label to tick, or choose: its class, name, key (see `box_keys`), typical examples."""

    label: int
    name: str
    key: str | None
    exemplars: Sequence[View]


@dataclass(frozen=True)
class Worked:
    """One example of the start page with its answer: what is shown, which names, and why so.

    Without an example, only words.
    """

    answer: str
    names: Sequence[str]
    why: str
    example: View | None = None


@dataclass(frozen=True)
class Flash:
    """One line said once, on the next page: what was recorded, or why nothing was."""

    text: str
    undo: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """What every page shows: the audit's name, the reviewer (once known), their own progress."""

    audit: str
    reviewer: str | None = None
    answered: int = 0
    total: int = 0
    flash: Flash | None = None
    invited_only: bool = False  # nobody comes in but by a link


@dataclass(frozen=True, kw_only=True)
class Start(Page):
    """The first page: the task in one screen, the keys, and who you are."""

    suggested_name: str = ""
    notices: Sequence[str] = ()
    problem: str = ""
    several: bool = False  # labels that an example may have
    choice: bool = False  # one answer of several
    extras: Sequence[Answer] = ()  # those that are no class
    many: bool = False  # classes to choose from
    pair: Sequence[Answer] = PAIR  # the answers to one
    worked: Sequence[Worked] = ()
    practice: int = 0  # how many examples there are to practise on
    maintains: bool = False  # who looks has the dashboard, too

    @property
    def new(self) -> bool:
        """Whether there is something to practise on, for somebody who has answered nothing."""
        return self.practice > 0 and not self.answered

    @property
    def answers(self) -> Sequence[Answer]:
        """The ways to answer, for the table of keys."""
        if self.choice:
            return choice_keys(self.extras, many=self.many)
        return BOXES_KEYS if self.several else (*self.pair, *HANDS)


@dataclass(frozen=True, kw_only=True)
class Asking(Page):
    """What the pages with a question share: the example, and the keys that every one has.

    ``ticket`` is empty on a page that is made ahead; the acknowledgement of the answer before it
    brings one.
    """

    ticket: str
    after: str  # where the page is that comes next
    example: View
    skip: Answer = SKIP
    undo: Answer = UNDO
    look: Answer = LOOK
    pause: Answer = PAUSE
    keys: Answer = KEYS


@dataclass(frozen=True, kw_only=True)
class Question(Asking):
    """The page of one example: Figure 2 of the paper."""

    panels: tuple[Panel, Panel]
    both: Answer
    neither: Answer
    unclear: Answer

    @property
    def answers(self) -> Sequence[Answer]:
        """What has a key here."""
        named = (panel.answer for panel in self.panels)
        return (*named, self.both, self.neither, self.unclear, *HANDS)


@dataclass(frozen=True, kw_only=True)
class Checks(Asking):
    """The page of one example that may have several labels, or none: a box to tick for each.

    The boxes are the given and the suggested labels together; nothing tells which are which.
    """

    boxes: Sequence[Box]
    send: Answer = SEND
    unclear: Answer = NO_CLASS
    answers: Sequence[Answer] = BOXES_KEYS


@dataclass(frozen=True, kw_only=True)
class Choices(Asking):
    """The page of one example of which one answer is chosen: a class, none of them, or no class.

    Of more than `MANY` there is a box to find one by a part of its name.
    """

    options: Sequence[Box]
    extras: Sequence[Answer]
    none: Answer = NONE
    unclear: Answer = NO_CLASS
    find: Answer = FIND

    @property
    def many(self) -> bool:
        """Whether there are too many to look at each."""
        return len(self.options) > MANY

    @property
    def answers(self) -> Sequence[Answer]:
        """What has a key here."""
        return choice_keys(self.extras, many=self.many)


@dataclass(frozen=True)
class Told:
    """What is said of an answer that was given for practice."""

    right: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Practice(Page):
    """The page of one example to practise on, whose answer is known; nothing is recorded.

    It has two panels, some boxes, or some names to choose from, as the real ones have; once
    answered, what is said of it.
    """

    number: int
    of: int
    example: View
    panels: Sequence[Panel] = ()
    boxes: Sequence[Box] = ()
    options: Sequence[Box] = ()
    extras: Sequence[Answer] = ()
    told: Told | None = None
    many: bool = False
    none: Answer = NONE
    no_class: Answer = NO_CLASS
    both: Answer = BOTH
    neither: Answer = NEITHER
    unclear: Answer = UNCLEAR
    send: Answer = SEND
    look: Answer = LOOK
    pause: Answer = PAUSE
    keys: Answer = KEYS

    @property
    def following(self) -> str:
        """Where it goes on: the next example, or after the last the review."""
        return f"/practice/{self.number + 1}" if self.number < self.of else "/review"

    @property
    def answers(self) -> Sequence[Answer]:
        """What has a key here."""
        named = (panel.answer for panel in self.panels)
        ways: tuple[Answer, ...] = (*named, self.both, self.neither, self.unclear)
        if self.boxes:
            ways = (TICK, SEND, NO_CLASS)
        if self.options:
            ways = (PICK, NONE, *self.extras, NO_CLASS)
        return (*ways, LOOK, PAUSE, KEYS)


@dataclass(frozen=True, kw_only=True)
class Done(Page):
    """The last page: nothing is left for this reviewer, and what comes next."""

    ticket: str
    folder: str  # the audit's folder, quoted for a shell
    waiting: int = 0  # examples that others look at, and that may be free again
    minutes: int = 0  # until the first of them is, at the latest
    code: str = ""  # for participants of a panel, who then are done
    url: str | None = None  # where these go
    notices: Sequence[str] = ()
    several: bool = False  # labels that an example may have
    choice: bool = False  # one answer of several
    undo: Answer = UNDO


@dataclass(frozen=True, kw_only=True)
class Paused(Page):
    """The page of a reviewer who is asked nothing for now, and why."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Problem(Page):
    """Something could not be done: what, and the way on."""

    status: int
    title: str
    message: str


class Pages:
    """Renders contexts, every value escaped by Jinja2; holds the files that pages refer to.

    `version` changes with these files, so that browsers may keep them for ever.
    """

    def __init__(self) -> None:
        self._templates = _templates()
        self.static = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir())}
        content = b"".join(self.static.values())
        self.version = hashlib.sha256(content).hexdigest()[:10]
        self._templates.globals["version"] = self.version

    def render(self, page: Page) -> str:
        """Return the page as HTML; the template is named for the context's class."""
        name = type(page).__name__.lower()
        return self._templates.get_template(f"{name}.html").render(page=page)


@functools.cache
def _templates() -> jinja2.Environment:
    """Return the templates, all of them compiled, so that nobody's first page waits for that."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters["key"] = key_name
    for name in templates.list_templates():
        templates.get_template(name)
    return templates


def key_name(key: str) -> str:
    """Return how a key is printed: ``key_name("ArrowLeft")`` is ``"←"``."""
    arrows = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓"}  # and keys.js
    return arrows.get(key, key)
