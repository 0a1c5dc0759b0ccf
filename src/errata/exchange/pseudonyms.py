"""Names that stand for reviewers where their own should not leave the audit."""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

PSEUDONYMS = "pseudonyms.key"
"""The file of an audit that holds what makes pseudonyms of names."""


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
