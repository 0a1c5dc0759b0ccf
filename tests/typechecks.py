"""What checks the shapes in errata's signatures while tests run; jaxtyping's hook calls it.

Functions that stand in another are not decorated: they are made anew at each of its calls, and
decorating one takes some 2 ms, where an application's pages are 45 of them.
"""

from collections.abc import Callable
from typing import Any

import beartype
import jaxtyping

_decorated = jaxtyping.jaxtyped

# an int will do where a float is asked for, as it does for mypy (PEP 484's numeric tower)
checked = beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))


def jaxtyped(*, typechecker: Any) -> Callable[[Any], Any]:
    """Return the decorator that the hook writes above every function and class."""

    def decorate(what: Any) -> Any:
        inner = "<locals>" in getattr(what, "__qualname__", "")
        return what if inner else _decorated(what, typechecker=typechecker)

    return decorate


jaxtyping.jaxtyped = jaxtyped
