"""Sends a release, known to be as it was written, to the hub of Hugging Face."""

from pathlib import Path

from errata.array_files import PathLike
from errata.errors import FileError
from errata.hub import Pushed, push
from errata.release.checking import verify_release


def push_release(
    release: PathLike, repo: str, *, private: bool = False, token: str | None = None
) -> Pushed:
    """Send a release to a data set on the hub, from where `errata.load_release` reads it.

    The data set is made if it is not there. Its newest state is this release and nothing else, and
    every version that was pushed stays under a tag of its name. Pushing again what is there sends
    nothing.

    Parameters
    ----------
    release : its folder
    repo : ``"OWNER/NAME"``
    private : who makes the data set is the only one to see it
    token : that may write there; without it, what ``HF_TOKEN`` or ``hf auth login`` left

    Raises
    ------
    FileError
        There is no release, or it is not as it was written.
    HubError
        There is no token, or no right to write there; the version is there with another content;
        the data set holds something else; or the hub cannot be reached.
    InputError
        The name is none.
    MissingExtraError
        The client is not installed: ``pip install "errata[hf]"``.
    """
    checked = verify_release(release)
    if not checked.sound:
        raise FileError(
            f"{checked.path} is not as it was released, so it was not pushed: "
            f"{checked.problems[0]} Push an untouched copy, or release again."
        )
    return push(Path(release), repo, version=checked.version, private=private, token=token)
