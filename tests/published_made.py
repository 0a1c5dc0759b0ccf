"""What makers of folders share: what was made, and how its files are damaged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers import require

Damage = tuple[Path, Callable[[Path], object], str]
"""A file, what damages it, and the message that this gives."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A folder, and what the data set in it holds."""

    name: str
    part: str
    folder: Path
    labels: Any
    classes: Sequence[str]
    ids: Sequence[str] | None = None
    examples: Mapping[int, Any] = field(default_factory=dict)  # some of them, as they are loaded
    damages: Sequence[Damage] = ()  # after which nothing can be used
    bad_examples: Sequence[Damage] = ()  # after which one example cannot


def cut(share: float) -> Callable[[Path], object]:
    """Return what cuts a file short."""
    return lambda path: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def replaced(old: bytes, new: bytes) -> Callable[[Path], object]:
    """Return what replaces some bytes, once."""

    def replace(path: Path) -> None:
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))

    return replace


def data() -> Path:
    """Return the folder of published data."""
    return Path(require("data"))
