"""What a function is, in a few letters: what it does decides them, and neither place nor time."""

import hashlib
from functools import partial
from types import CodeType, FunctionType
from typing import Any


def identity(thing: object) -> str:
    """Return a name and a hash of a function: of its code, defaults, and what it closes over.

    What it calls by a global name is not looked into.

    Examples
    --------
    >>> def two(width):
    ...     return lambda shape: [shape, width]
    >>> identity(two(2)) == identity(two(2)), identity(two(2)) == identity(two(64))
    (True, False)
    >>> identity(partial(max, 3)) == identity(partial(max, 3))
    True
    """
    digest = hashlib.sha256(repr(_plain(thing)).encode()).hexdigest()[:16]
    named = thing.func if isinstance(thing, partial) else thing
    name = getattr(named, "__qualname__", type(named).__qualname__)
    return f"{name} {digest}"


def _plain(thing: object) -> Any:
    """Return what stands for a thing, without addresses in memory."""
    if isinstance(thing, partial):
        return ["partial", _plain(thing.func), _plain(thing.args), _plain(thing.keywords)]
    if isinstance(thing, FunctionType):
        cells = [cell.cell_contents for cell in thing.__closure__ or ()]
        defaults = [thing.__defaults__, thing.__kwdefaults__]
        return [thing.__module__, _plain(thing.__code__), _plain(defaults), _plain(cells)]
    if isinstance(thing, CodeType):
        return [thing.co_code, thing.co_names, thing.co_varnames, _plain(thing.co_consts)]
    if isinstance(thing, list | tuple):
        return [_plain(one) for one in thing]
    if isinstance(thing, dict):
        return [[_plain(key), _plain(value)] for key, value in thing.items()]
    kind = type(thing)
    plain = isinstance(thing, str | bytes | int | float | bool | None)
    known = kind.__repr__ is not object.__repr__ and " at 0x" not in repr(thing)
    return repr(thing) if plain or known else [kind.__module__, kind.__qualname__]
