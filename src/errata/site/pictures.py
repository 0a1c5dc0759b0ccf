"""What a site shows of examples: small pictures, texts, sounds and rows of a table.

A picture is made small once: what is made of it is kept in a folder, under a name made of its
content, so that a picture that changes is made anew and one that stays is not even decoded.
"""

import contextlib
import hashlib
import io
import os
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errata.datasets.media import Clip, Media, Picture, Row, Text
from errata.datasets.sounds import FORMATS
from errata.errors import FileError, NameUnknownError
from errata.site.tags import without_tags

TINY, SMALL, FULL = 96, 320, 1200
"""The longer side of pictures in pixels: those up to the first keep every pixel; others are made so
small for cards, and those larger than a card so large for the page of the example."""

MOST_SOUND = 2_000_000
"""Bytes of a sound; of a larger one there is its length alone."""

EXCERPT = 300
"""Characters of a text on a card."""

_FORM = f"{TINY},{SMALL},{FULL},webp 80,grey by range"
"""What a kept picture is made by: with another, its name is another."""

_SUFFIXES = {mime: suffix for suffix, mime in FORMATS.items()}


@dataclass(frozen=True)
class Exhibit:
    """What a row says of its example, and the names of the files that belong to it.

    Parameters
    ----------
    facts : ``src w h full`` of a picture, ``src seconds`` of a sound, ``text``, or ``pairs`` of a
        table's row; ``missing`` where it cannot be read
    text : the whole text; "" of what is none
    """

    facts: Mapping[str, Any]
    text: str = ""

    @property
    def files(self) -> list[str]:
        """The names of its files."""
        return [self.facts[name] for name in ("src", "full") if name in self.facts]


@dataclass(frozen=True)
class _Drawn:
    """A picture in the sizes that a site has: the small one, and a larger one if it is larger."""

    small: bytes
    suffix: str
    full: bytes | None


_NAME = re.compile(r"media/[0-9a-f]{20}(-full)?\.[a-z0-9]+")


class Exhibits:
    """The examples of an audit as a site shows them.

    Parameters
    ----------
    media : the examples
    cache : where small pictures are kept; where it cannot be written to, they are made anew

    Examples
    --------
    >>> from errata.datasets.media import Texts
    >>> Exhibits(Texts(["I loved it."]), None).all([0])[0].facts
    {'text': 'I loved it.'}
    """

    def __init__(self, media: Media, cache: Path | None) -> None:
        self._media = media
        self._cache = cache
        self._of: dict[str, int] = {}
        self.unreadable: dict[int, str] = {}
        """Why some examples cannot be shown, by example."""
        white = getattr(media, "white", None)
        self._salt = f"{_FORM},{white}".encode()
        self._lock = threading.Lock()

    def all(self, examples: Sequence[int]) -> list[Exhibit]:
        """Return what is shown of some examples; those that cannot be read are known by that."""
        if self._media.kind != "images" or len(examples) < 2:
            return [self._one(example) for example in examples]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # Pillow lets others run meanwhile
            return list(pool.map(self._one, examples))

    def read(self, name: str) -> bytes:
        """Return the content of a file that an exhibit named.

        Raises
        ------
        NameUnknownError
            None did.
        """
        # what comes with a request is no path: "media/../x" and "media//x" lead out of the cache
        if _NAME.fullmatch(name) is None:
            raise NameUnknownError(f"There is no file {name} in this site.")
        path = self._path(name)
        if path is not None and (kept := _read(path)):
            return kept
        example = self._of.get(name)
        if example is None:
            raise NameUnknownError(f"There is no file {name} in this site.")
        if self._media.kind == "sounds":
            return without_tags(self._media.raw(example))
        drawn = self._drawn(example)
        return drawn.full if drawn.full is not None and "-full." in name else drawn.small

    def _one(self, example: int) -> Exhibit:
        try:
            if self._media.kind == "images":
                return Exhibit(self._picture(example))
            shown = self._media.show(example)
        except FileError as error:  # a site without one picture is better than none
            with self._lock:
                self.unreadable[example] = str(error)
            return Exhibit({"missing": True})
        if isinstance(shown, Text):
            return Exhibit({"text": excerpt(shown.text)}, shown.text)
        if isinstance(shown, Row):
            values = zip(shown.names, map(_plain, shown.values), strict=True)
            return Exhibit({"pairs": [[name, value] for name, value in values]})
        assert isinstance(shown, Clip), "pictures were met above"
        seconds = round(shown.seconds, 2)
        sound = without_tags(shown.data)
        if len(sound) > MOST_SOUND:
            return Exhibit({"seconds": seconds})
        name = f"media/{self._key(sound)}{_SUFFIXES.get(shown.mime, '.bin')}"
        self._of[name] = example
        return Exhibit({"src": name, "seconds": seconds})

    def _picture(self, example: int) -> dict[str, Any]:
        key = self._key(self._media.raw(example))
        names = [f"media/{key}{suffix}" for suffix in (".webp", ".png")]
        name = next((one for one in names if self._is_kept(one)), None)
        full = f"media/{key}-full.webp"
        if name is None:
            drawn = self._drawn(example)
            name = f"media/{key}{drawn.suffix}"
            larger, small = drawn.full is not None, drawn.small
            if drawn.full is not None:
                self._keep(full, drawn.full)
            self._keep(name, small)  # last: where it is kept, so is the larger one
        else:
            larger, small = self._is_kept(full), self.read(name)
        width, height = _size(small)
        self._of[name] = example
        facts = {"src": name, "w": width, "h": height}
        if larger:
            self._of[full] = example
            facts["full"] = full
        return facts

    def _drawn(self, example: int) -> _Drawn:
        shown = self._media.show(example)
        assert isinstance(shown, Picture), "images show pictures"
        return _draw(shown)

    def _key(self, content: bytes) -> str:
        return hashlib.sha256(self._salt + content).hexdigest()[:20]

    def _path(self, name: str) -> Path | None:
        return None if self._cache is None else self._cache / name.removeprefix("media/")

    def _is_kept(self, name: str) -> bool:
        path = self._path(name)
        if path is None:
            return False
        with contextlib.suppress(OSError):
            return path.stat().st_size > 0  # a machine that stops may leave an empty file
        return False

    def _keep(self, name: str, content: bytes) -> None:
        path = self._path(name)
        if path is None:
            return
        # Not `write_atomic`, which waits for the disk: what is lost is made again.
        own = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            own.write_bytes(content)
            own.replace(path)


def excerpt(text: str, most: int = EXCERPT) -> str:
    """Return the beginning of a text, on one line, cut between words.

    Examples
    --------
    >>> excerpt("one two three", 9)
    'one two …'
    """
    line = " ".join(text[: 4 * most].split())
    if len(line) <= most:
        return line if len(text) <= 4 * most else f"{line} …"
    return f"{line[:most].rsplit(' ', 1)[0]} …"


def _draw(shown: Picture) -> _Drawn:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(shown.data)) as opened:
        opened.draft("RGB", (2 * FULL, 2 * FULL))  # of a large JPEG not every pixel is decoded
        turned: Any = ImageOps.exif_transpose(opened)
        alpha = "A" in turned.getbands() or "transparency" in turned.info
        if max(turned.size) <= TINY:
            known = turned if turned.mode in ("L", "RGB", "RGBA") else None
            image = known or turned.convert("RGBA" if alpha else "RGB")
            return _Drawn(_encoded(image, "PNG"), ".png", None)
        image = turned.convert("RGBA" if alpha else "RGB")
    small = _encoded(_at_most(image, SMALL), "WEBP", quality=80)
    larger = max(image.size) > SMALL
    full = _encoded(_at_most(image, FULL), "WEBP", quality=80) if larger else None
    return _Drawn(small, ".webp", full)


def _at_most(image: Any, side: int) -> Any:
    """Return a picture whose longer side has at most so many pixels."""
    if max(image.size) <= side:
        return image
    scale = side / max(image.size)
    size = tuple(max(1, round(scale * each)) for each in image.size)
    return image.resize(size, reducing_gap=3.0)


def _encoded(image: Any, form: str, **options: Any) -> bytes:
    """Return a picture without what its file told besides: places, times, cameras."""
    image.info = {}
    buffer = io.BytesIO()
    image.save(buffer, format=form, **options)
    return buffer.getvalue()


def _size(data: bytes) -> tuple[int, int]:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:  # its head alone is read
        width, height = image.size
    return width, height


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
