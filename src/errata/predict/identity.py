"""What a function is, in a few letters: what it does decides them, and neither place nor time."""

import hashlib
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np


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
    named = thing.func if isinstance(thing, partial) else thing
    name = getattr(named, "__qualname__", type(named).__qualname__)
    return f"{name} {_digest(repr(_plain(thing)).encode())}"


def setting(value: object) -> str:
    """Return what stands for a parameter of an estimator, the same in every process.

    A function and an array get a hash, an estimator its name alone: scikit-learn lists its
    parameters beside it.

    Examples
    --------
    >>> setting("l2"), setting([max, None])
    ("'l2'", '[<built-in function max>, None]')
    >>> setting(np.zeros(2000)) == setting(np.arange(2000.0))
    False
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(setting, value))})"
    if isinstance(value, list):
        return f"[{', '.join(map(setting, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{setting(key)}: {setting(one)}' for key, one in value.items())}}}"
    if hasattr(value, "get_params") and not isinstance(value, type):
        return type(value).__qualname__
    if isinstance(value, FunctionType | MethodType | partial):
        return identity(value)
    plain = _plain(value)
    return plain if isinstance(plain, str) else identity(value)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _plain(thing: object, within: tuple[object, ...] = ()) -> Any:
    """Return what stands for a thing, without addresses in memory.

    Parameters
    ----------
    within : what it is a part of; a function may be a part of itself
    """
    if any(thing is one for one in within):
        return "itself"

    def again(part: object) -> Any:
        return _plain(part, (*within, thing))

    match thing:
        case partial():
            plain: Any = ["partial", again(thing.func), again(thing.args), again(thing.keywords)]
        case FunctionType():
            cells = [cell.cell_contents for cell in thing.__closure__ or ()]
            defaults = [thing.__defaults__, thing.__kwdefaults__]
            plain = [thing.__module__, again(thing.__code__), again(defaults), again(cells)]
        case CodeType():
            plain = [thing.co_code, thing.co_names, thing.co_varnames, again(thing.co_consts)]
        case MethodType():
            plain = [again(thing.__func__), again(thing.__self__)]
        case np.ndarray():  # of a long one `repr` shows the ends alone
            objects = thing.dtype.hasobject
            content = repr(again(thing.tolist())).encode() if objects else thing.tobytes()
            plain = f"array {thing.dtype} {thing.shape} {_digest(content)}"
        case set() | frozenset():  # in no order, and in another in each process
            plain = ["set", sorted(repr(again(one)) for one in thing)]
        case list() | tuple():
            plain = [again(one) for one in thing]
        case dict():
            plain = [[again(key), again(value)] for key, value in thing.items()]
        case _:
            kind = type(thing)
            known = kind.__repr__ is not object.__repr__ and " at 0x" not in repr(thing)
            known |= isinstance(thing, str | bytes | int | float | bool | None)
            plain = repr(thing) if known else [kind.__module__, kind.__qualname__]
    return plain
