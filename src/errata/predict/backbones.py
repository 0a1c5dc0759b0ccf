"""What frozen networks from elsewhere share: how they are fetched, and what says which they are."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from errata.errors import ErrataError, FileError, MissingExtraError

BATCH = 32
"""So many examples go through a network together."""


def folder_of(source: str) -> Path | None:
    """Return the folder that a name of a model is; None where it is a name on the hub.

    Raises
    ------
    FileError
        It is a path, but of no folder.

    Examples
    --------
    >>> folder_of("google-bert/bert-base-uncased") is None
    True
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder.absolute()
    if folder.is_absolute() or source.startswith((".", "~")):
        raise FileError(f"There is no folder {folder}. A folder that holds a model was expected.")
    return None


@contextmanager
def telling(name: str, wanted: str, by_hand: str) -> Iterator[None]:
    """Raise a `FileError` for whatever goes wrong on the way to a model.

    Parameters
    ----------
    name : what the model is called
    wanted : which files it consists of
    by_hand : what to do where it cannot be downloaded; empty where it lies in a folder
    """
    try:
        yield
    except ErrataError:
        raise
    except ImportError as error:
        raise MissingExtraError(f"{name} needs a package that is missing: {_said(error)}") from None
    except Exception as error:  # noqa: BLE001 (the network, the hub and the files raise all kinds)
        so_far = f"{name} cannot be loaded ({type(error).__name__}: {_said(error)}). "
        if not by_hand:
            raise FileError(f"{so_far}A folder with {wanted} was expected.") from None
        raise FileError(
            f"{so_far}Is the name right, and does this machine reach huggingface.co? Without a "
            f"network, download {wanted} {by_hand}"
        ) from None


def sha256_of(network: Any) -> str:
    """Return the SHA-256 of the weights of a network of torch."""
    whole = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        whole.update(f"{name} {tuple(tensor.shape)}".encode())
        whole.update(tensor.cpu().contiguous().numpy().tobytes())
    return whole.hexdigest()


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
