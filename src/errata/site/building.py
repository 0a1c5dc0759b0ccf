"""Turns audits into the files of a site: all of them into a folder, or one when it is asked for."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from errata.errors import FileError, NameUnknownError
from errata.site.context import SiteContext
from errata.site.data import CHUNK, Data, document, script
from errata.store.files import check_replaceable_folder, replaced_folder

PAGES = {
    "index.html": "home.html",
    "gallery.html": "gallery.html",
    "example.html": "example.html",
    "confusion.html": "confusion.html",
    "benchmark.html": "benchmark.html",
}
"""The pages of an audit, and the templates they are made of."""

LIST = "audits.html"

MARK = "site.json"
"""The file by which a site is known again."""

_OWN = (MARK, "assets", "data", "media", "examples", *PAGES)
"""What may lie in the folder of a site, beside the folders of several audits."""

Progress = Callable[[int, int], None]


class Site:
    """The files of a site, by their paths in it: of one audit, or of several with a list of them.

    Parameters
    ----------
    contexts : one for each audit

    Examples
    --------
    >>> Site([]).read("index.html")
    Traceback (most recent call last):
    errata.errors.NameUnknownError: There is no file index.html in this site.
    """

    def __init__(self, contexts: Sequence[SiteContext]) -> None:
        names = [context.name for context in contexts]
        slugs = slugs_of(names)
        self._several = len(contexts) > 1
        each = list(zip(names, slugs, strict=True))
        self._audits = {
            f"{slug}/" if self._several else "": Data(
                context, slug, [other for other in each if other[1] != slug]
            )
            for context, slug in zip(contexts, slugs, strict=True)
        }

    @property
    def unreadable(self) -> list[str]:
        """Why some examples are not shown, as far as is known by what was read."""
        shown = (data.exhibits for data in self._audits.values())
        return [why for one in shown if one for why in one.unreadable.values()]

    def parts(self) -> int:
        """Return in how many parts `paths` comes to its end, for who counts."""
        return 1 + sum(1 + data.chunks for data in self._audits.values())

    def paths(self, progress: Progress | None = None) -> Iterator[str]:
        """Yield the path of every file, with ``/`` between folders, each once.

        Parameters
        ----------
        progress : called with the parts done and the parts in all
        """
        seen = set[str]()
        for done, part in enumerate(self._in_parts(), 1):
            for path in part:
                if path not in seen:  # two examples may show the same picture
                    seen.add(path)
                    yield path
            if progress:
                progress(done, self.parts())

    def _in_parts(self) -> Iterator[Iterator[str]]:
        yield self._shared()
        for base, data in self._audits.items():
            yield self._of_audit(base, data)
            for chunk in range(data.chunks):
                yield self._of_chunk(base, data, chunk)

    def _shared(self) -> Iterator[str]:
        yield MARK
        yield from (f"assets/{name}" for name in self._assets)
        if self._several:
            yield from ("index.html", "data/audits.js")

    @staticmethod
    def _of_audit(base: str, data: Data) -> Iterator[str]:
        yield from (f"{base}{page}" for page in PAGES)
        names = list(data.names())
        yield from (f"{base}data/{name}.js" for name in names if name[:5] not in ("rows-", "more-"))
        if "exemplars" in names:
            yield from (f"{base}{file}" for file in data.exemplar_files())

    @staticmethod
    def _of_chunk(base: str, data: Data, chunk: int) -> Iterator[str]:
        yield f"{base}data/rows-{chunk:04d}.js"
        yield f"{base}data/more-{chunk:04d}.js"
        yield from (f"{base}{file}" for file in data.files(chunk))
        for example in data.context.examples[chunk * CHUNK : (chunk + 1) * CHUNK].tolist():
            yield f"{base}examples/{example}.json"

    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        NameUnknownError
            There is none of this path.
        """
        if path in ("index.html", "data/audits.js", MARK) or path.startswith("assets/"):
            found = self._read_shared(path)
            if found is not None:
                return found
        folder, slash, rest = path.partition("/")
        base, inside = (folder + slash, rest) if self._several else ("", path)
        if base not in self._audits:
            raise NameUnknownError(f"There is no file {path} in this site.")
        return self._read_of(self._audits[base], inside)

    def _read_shared(self, path: str) -> bytes | None:
        if path == MARK:
            return document({"errata": "site", "audits": [d.slug for d in self._audits.values()]})
        if path.startswith("assets/"):
            return self._assets.get(path.removeprefix("assets/"))
        if not self._several:
            return None
        if path == "index.html":
            return self._page(LIST, root="")
        return script("audits", [data.entry() for data in self._audits.values()])

    def _read_of(self, data: Data, path: str) -> bytes:
        if path in PAGES:
            root = "../" if self._several else ""
            return self._page(PAGES[path], root=root, name=data.context.name)
        if path.startswith("data/") and path.endswith(".js"):
            name = path[len("data/") : -len(".js")]
            return script(name, data.value(name))
        if (found := re.fullmatch(r"examples/([0-9]{1,18})\.json", path)) is not None:
            return document(data.example(int(found[1])))
        if path.startswith("media/") and data.exhibits is not None:
            return data.exhibits.read(path)
        raise NameUnknownError(f"There is no file {path} in this site.")

    def _page(self, template: str, **values: object) -> bytes:
        text = self._templates.get_template(template).render(**values)
        return text.encode("utf-8", "replace")

    @cached_property
    def _templates(self) -> Environment:
        return Environment(
            loader=PackageLoader("errata.site"), autoescape=True, undefined=StrictUndefined
        )

    @cached_property
    def _assets(self) -> dict[str, bytes]:
        folder = files("errata.site").joinpath("static")
        return {file.name: file.read_bytes() for file in sorted(folder.iterdir(), key=_name)}


def write_site(site: Site, out: Path, progress: Progress | None = None) -> Path:
    """Write all files of a site into the folder ``out``, whole or not at all; return it.

    An earlier site there is replaced, and nothing else.

    Parameters
    ----------
    progress : called with the parts done and the parts in all

    Raises
    ------
    FileError
        Something else is at ``out``, or it cannot be written to.
    """
    try:
        check_folder(out)
        with replaced_folder(out, "The site", is_site) as folder:
            made = set[Path]()
            for path in site.paths(progress):
                file = folder / path
                if file.parent not in made:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    made.add(file.parent)
                file.write_bytes(site.read(path))
    except OSError as error:
        raise FileError(
            f"The site cannot be written to {out}: {error.strerror}. Name another folder."
        ) from None
    return out


def check_folder(out: Path) -> None:
    """Check that a site can be written to the folder ``out``.

    Raises
    ------
    FileError
        Something else is there.
    """
    foreign = _foreign(out)
    if foreign is not None:
        raise FileError(
            f"{out} is a site that would be replaced whole, and {foreign} in it is not of the "
            "site. Move that elsewhere; or build the site into another folder, and copy it."
        )
    check_replaceable_folder(out, "The site", is_site)


def is_site(path: Path) -> bool:
    """Tell whether a folder is a site that errata wrote."""
    return _slugs(path) is not None and _foreign(path) is None


def _slugs(path: Path) -> list[str] | None:
    """Return the folders of audits in a site; None where there is no site."""
    try:
        told = json.loads((path / MARK).read_bytes())
        return list(map(str, told["audits"])) if told["errata"] == "site" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _foreign(path: Path) -> str | None:
    """Return what lies in the folder of a site and is not of it, such as ``.git``; else None."""
    slugs = _slugs(path)
    if slugs is None:
        return None
    own = {*_OWN, *slugs}
    names = sorted(file.name for file in path.iterdir())
    return next((name for name in names if name not in own), None)


def slugs_of(names: Sequence[str]) -> list[str]:
    """Return what the folders of audits are called: plain letters, each different.

    Examples
    --------
    >>> slugs_of(["CIFAR-10, as audited in 2021", "Été", "été", "猫"])
    ['cifar-10-as-audited-in-2021', 'ete', 'ete-2', 'audit']
    """
    taken = {"assets", "data"}
    slugs = []
    for name in names:
        letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        plain = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60].strip("-") or "audit"
        number, slug = 1, plain
        while slug in taken:
            number += 1
            slug = f"{plain}-{number}"
        taken.add(slug)
        slugs.append(slug)
    return slugs


def _name(file: Any) -> str:
    return str(file.name)
