"""Names that stand for people where their own should not leave the audit."""

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

PSEUDONYMS = "pseudonyms.key"
"""The file of an audit that holds what makes pseudonyms of names."""

_REVIEWER = re.compile(r"reviewer [0-9a-f]{12}")


def pseudonym(name: str, secret: str, *, kind: str = "reviewer") -> str:
    """Return the name that stands for a reviewer: always the same, and nothing without the secret.

    Parameters
    ----------
    kind : what they are; the same name stands for somebody else as another

    Examples
    --------
    >>> pseudonym("ann", "s3cret") == pseudonym("ann", "s3cret") != pseudonym("ann", "other")
    True
    >>> pseudonym("ann", "s3cret")
    'reviewer 13391d9d0191'
    """
    digest = hmac.new(secret.encode(), f"{kind}:{name}".encode(), hashlib.sha256)
    return f"{kind} {digest.hexdigest()[:12]}"


def pseudonyms(folder: Path, *, kind: str = "reviewer") -> Callable[[str], str]:
    """Return what tells the name that stands for somebody in everything that leaves an audit.

    Parameters
    ----------
    folder : of the audit
    kind : as in `pseudonym`

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> pseudonyms(folder)("ann") == pseudonyms(folder)("ann") != pseudonyms(folder)("bob")
    True
    """
    secret = kept_secret(folder / PSEUDONYMS)
    return cache(partial(pseudonym, secret=secret, kind=kind))


def may_stand_for(name: object) -> bool:
    """Tell whether this looks like the pseudonym of a reviewer.

    Examples
    --------
    >>> may_stand_for("reviewer 13391d9d0191"), may_stand_for("reviewer 1")
    (True, False)
    """
    return isinstance(name, str) and _REVIEWER.fullmatch(name) is not None


def kept_secret(path: Path) -> str:
    """Return the secret in a file, for the owner's eyes only; the first call makes it.

    Examples
    --------
    >>> path = Path(tempfile.mkdtemp(), "pseudonyms.key")
    >>> kept_secret(path) == kept_secret(path)
    True
    """
    with contextlib.suppress(FileNotFoundError):
        return path.read_text()
    # Written in full, then given its name: another process starting now reads all of it or none.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as file:  # mode 0600
        file.write(secrets.token_urlsafe(32))
        file.flush()
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
    return path.read_text()
