"""Plain values as YAML: all that the card and the citation of a release need of it."""

import json
import re
from typing import Any

# YAML counts these among what cannot be printed, and JSON leaves them as they are
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def as_yaml(value: dict[str, Any]) -> str:
    r"""Return a mapping as YAML, texts quoted as JSON quotes them.

    Examples
    --------
    >>> print(as_yaml({"tags": ["a", "b: c"], "classes": {"0": "cat"}, "n": 3, "none": []}), end="")
    tags:
    - "a"
    - "b: c"
    classes:
      "0": "cat"
    n: 3
    none: []
    """
    return "".join(f"{line}\n" for line in _mapping(value))


def _mapping(value: dict[str, Any]) -> list[str]:
    lines = []
    for key, one in value.items():
        name = key if re.fullmatch("[a-z_-]+", key) else _scalar(key)
        if isinstance(one, dict) and one:
            lines += [f"{name}:", *(f"  {line}" for line in _mapping(one))]
        elif isinstance(one, list) and one:
            lines += [f"{name}:", *_items(one)]
        else:
            lines.append(f"{name}: {_scalar(one)}")
    return lines


def _items(values: list[Any]) -> list[str]:
    lines = []
    for value in values:
        if isinstance(value, dict) and value:
            first, *rest = _mapping(value)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        else:
            lines.append(f"- {_scalar(value)}")
    return lines


def _scalar(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
