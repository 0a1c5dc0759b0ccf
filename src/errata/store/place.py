"""Where an audit's database is: a file of its folder, or a schema on a PostgreSQL server.

Where it is on a server, the folder holds a small file that says so. No secret is ever in it.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from errata.errors import FileError

DATABASE = "audit.db"
ELSEWHERE = "database.json"


@dataclass(frozen=True)
class Schema:
    """A schema on a PostgreSQL server that holds one audit.

    Attributes
    ----------
    url : of the server and of the database on it, without a password
    name : the schema's: lower-case letters, digits and ``_``
    """

    url: str
    name: str

    def __str__(self) -> str:
        return f"{self.url} (schema {self.name})"


def is_audit(folder: Path) -> bool:
    """Tell whether a folder holds an audit."""
    return (folder / DATABASE).is_file() or (folder / ELSEWHERE).is_file()


def audit_around(path: Path) -> Path | None:
    """Return the audit in whose folder a path lies, however deep; None where in none."""
    here = path.parent.resolve() / path.name
    above = (*here.parents, *path.resolve().parents)  # of a link: where it lies, and what it names
    # every audit has arrays; a file of that name alone may be anybody's
    return next((one for one in above if is_audit(one) and (one / "arrays").is_dir()), None)


def place_of(folder: Path) -> Path | Schema:
    """Return where the database of the audit in a folder is.

    Raises
    ------
    FileError
        The file that says so says something else.
    """
    path = folder / ELSEWHERE
    if not path.is_file():
        return folder / DATABASE
    try:
        said = json.loads(path.read_bytes())
        place = Schema(said["url"], said["name"])
    except (OSError, ValueError, TypeError, LookupError):
        place = None
    if place is None or not re.fullmatch("[a-z][a-z0-9_]*", str(place.name)):
        raise FileError(
            f"{path} does not say where the audit's database is: a url and the name of a schema "
            "were expected. Put back the file that `errata init` wrote."
        )
    return place


def write_place(folder: Path, schema: Schema) -> None:
    """Write down, for the owner's eyes only, where the database of a new audit is."""
    handle = os.open(folder / ELSEWHERE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(schema), file)
