"""The hub of Hugging Face: releases go there, and come from there, as data sets.

The extra ``hf`` has its client, which knows where the hub is (``HF_ENDPOINT``) and who we are
(``HF_TOKEN``, or ``hf auth login``). What it raises becomes a `HubError` with a way on.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errata.errors import HubError, InputError, MissingExtraError
from errata.release.layout import MANIFEST

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_OF_GIT = (".gitattributes", ".gitignore")
_FIRST = ("README.md", *_OF_GIT)
"""What a data set on the hub has before anything was pushed to it."""


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """Where a release is on the hub.

    Attributes
    ----------
    repo : the data set, ``"OWNER/NAME"``
    version : of the release, and the tag that leads to it
    url : of the page
    revision : the commit
    already_there : whether this very release was there before, so that nothing was sent
    """

    repo: str
    version: str
    url: str
    revision: str
    already_there: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def is_repo(source: object) -> bool:
    """Tell whether a text names a data set on the hub, and nothing that is here.

    Examples
    --------
    >>> is_repo("org/pets"), is_repo("a/b/c"), is_repo("pets"), is_repo("./pets")
    (True, False, False, False)
    """
    return isinstance(source, str) and bool(_NAME.fullmatch(source)) and not Path(source).exists()


def fetch(repo: str, *, revision: str | None = None, token: str | None = None) -> Path:
    """Return the folder of a release from the hub; what was fetched before is not fetched again.

    Parameters
    ----------
    repo : ``"OWNER/NAME"``
    revision : a version that was pushed, a branch or a commit; without it, the newest

    Raises
    ------
    HubError
        It is not there, or not to be seen, or the hub cannot be reached.
    MissingExtraError
        The client is not installed.
    """
    api = _client(token)
    try:
        with _telling(repo, "read", revision):
            return Path(api.snapshot_download(repo, repo_type="dataset", revision=revision))
    except HubError as error:
        # what was meant may well be a folder
        raise HubError(f"There is no folder {repo} here. {error}") from None


def push(
    folder: Path, repo: str, *, version: str, private: bool = False, token: str | None = None
) -> Pushed:
    """Send the folder of a release, known to be whole, to a data set on the hub.

    The data set is made if it is not there. It holds the release and nothing else, and keeps all
    that were pushed before: each version is a tag.

    Raises
    ------
    HubError
        There is no token, or no right to write there; the version is there with another content;
        the data set holds something else; or the hub cannot be reached.
    InputError
        The name is none.
    MissingExtraError
        The client is not installed.
    """
    if not _NAME.fullmatch(repo):
        raise InputError(
            f"{repo!r} is no name of a data set on the hub; OWNER/NAME was expected, such as "
            "example/pets-labels."
        )
    api = _client(token)
    if api.token is None:
        raise HubError(
            "There is no token for the hub, so nothing can be pushed. Make one that may write at "
            "https://huggingface.co/settings/tokens, and run `hf auth login`, set HF_TOKEN, or say "
            "--token (token=)."
        )
    with _telling(repo, "write"):
        url = str(api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True))
        tags = {
            tag.name: tag.target_commit
            for tag in api.list_repo_refs(repo, repo_type="dataset").tags
        }
        manifest = json.loads((folder / MANIFEST).read_bytes())
        _check_ours(api, repo, manifest)
        if version in tags:
            if _manifest(api, repo, version) != manifest:
                raise HubError(
                    f"Version {version} is at {repo} already, with another content, and a release "
                    "never changes. Release with another --version, and push that."
                )
            return Pushed(
                repo=repo, version=version, url=url, revision=tags[version], already_there=True
            )
        sent = api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            commit_message=f"Version {version}",
            delete_patterns="*",  # what this version does not have; Git keeps the others
        )
        api.create_tag(repo, tag=version, repo_type="dataset", revision=sent.oid)
    return Pushed(repo=repo, version=version, url=url, revision=sent.oid)


def _check_ours(api: "HfApi", repo: str, manifest: Mapping[str, Any]) -> None:
    """Refuse a data set that holds anything else than releases of this audit."""
    files = api.list_repo_files(repo, repo_type="dataset")
    if MANIFEST not in files:
        others = [file for file in files if file not in _FIRST]
        if others:
            raise HubError(
                f"{repo} holds {len(others):,} files that are no release, such as {others[0]}, and "
                "pushing would take them away. Name a new data set."
            )
        return
    name = _manifest(api, repo, None).get("name")
    if name != manifest["name"]:
        raise HubError(
            f"{repo} holds releases of {name!r}, and this is one of {manifest['name']!r}. Name "
            "another data set."
        )


def _manifest(api: "HfApi", repo: str, revision: str | None) -> dict[str, Any]:
    path = api.hf_hub_download(repo, MANIFEST, repo_type="dataset", revision=revision)
    read = json.loads(Path(path).read_bytes())
    return read if isinstance(read, dict) else {}


def _client(token: str | None) -> "HfApi":
    try:
        import huggingface_hub
    except ImportError:
        raise MissingExtraError(
            "The hub takes the package huggingface_hub, which is not installed: "
            'pip install "errata[hf]".'
        ) from None
    return huggingface_hub.HfApi(token=token or huggingface_hub.get_token(), library_name="errata")


@contextmanager
def _telling(repo: str, do: str, revision: str | None = None) -> Iterator[None]:
    """Raise a `HubError` for what the client raises inside."""
    from huggingface_hub import errors

    try:
        yield
    except errors.RevisionNotFoundError:
        raise HubError(
            f"{repo} has no version {revision!r}. See https://huggingface.co/datasets/{repo}/tree/main"
            " for those it has."
        ) from None
    except errors.RepositoryNotFoundError:
        raise HubError(
            f"There is no data set {repo} on the hub, or it is private and your token may not see "
            "it. Look at the name, or run `hf auth login`."
        ) from None
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status == 401:
            raise HubError(
                "The hub does not know the token. Make a new one at "
                "https://huggingface.co/settings/tokens, and run `hf auth login`."
            ) from None
        if status == 403:
            raise HubError(
                f"The token may not {do} {repo}: {error.server_message or 'no right'}. Take one "
                "that may, or another data set."
            ) from None
        raise HubError(f"The hub answered {status}: {_line(error)} Try again later.") from None
    except RuntimeError as error:  # what is large could not be sent
        raise HubError(f"{_line(error)} {_line(error.__cause__ or error)} Push again.") from None
    except (OSError, errors.HTTPError) as error:  # type: ignore[attr-defined]
        raise HubError(
            f"The hub cannot be reached: {_line(error)} Nothing was lost; try again."
        ) from None


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return f"{text}."
