"""Where networks run: on the fastest device there is, or on the one that is named."""

import sys
from typing import Any, TypeGuard

from errata.errors import InputError, MissingExtraError, unknown_name

DEVICES = ("cuda", "mps", "cpu")
"""From the fastest to the slowest."""


def pick_device(name: str | None = None) -> Any:
    """Return a ``torch.device``: the named one, else the first of `DEVICES` that is here.

    Raises
    ------
    NameUnknownError
        The name is none of `DEVICES`, with or without a number (``"cuda:1"``).
    InputError
        This machine, or this build of torch, has no such device.
    MissingExtraError
        torch is not installed.

    Examples
    --------
    >>> pick_device("cpu")
    device(type='cpu')
    """
    torch = import_torch()
    here = {
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
        "cpu": 1,
    }
    if name is None:
        return torch.device(next(kind for kind in DEVICES if here[kind]))
    kind, _, number = name.partition(":")
    if kind not in DEVICES or (number and not number.isdecimal()):
        raise unknown_name("device", name, DEVICES)
    if int(number or 0) >= here[kind]:
        there = ", ".join(kind for kind in DEVICES if here[kind])
        raise InputError(
            f"The device {name} is not here: torch {torch.__version__} finds {there}. Name one of "
            "these, or none, and the fastest is taken."
        )
    return torch.device(name)


def is_network(model: object) -> TypeGuard[Any]:
    """Return whether this is a ``torch.nn.Module``, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def import_torch() -> Any:
    """Return the module torch.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingExtraError(
            'Networks take the package torch, which is not installed: pip install "errata[torch]". '
            "Models without it: tfidf-sgd and fasttext for texts, patches for pictures, mel for "
            "sounds, logistic for numbers."
        ) from None
    return torch
