"""Releases on the hub: what its real client sends, and what comes back, on a hub of our own."""

import json

import pytest

import hub
from errata.errors import HubError, InputError
from errata.hub import fetch, is_repo, push
from helpers import require

# the client's own, of how it sends a file
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a hub on this machine, which the client takes for the real one."""
    require("huggingface_hub")
    from huggingface_hub import constants

    with hub.running() as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        files = running.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        # what is large goes there by a protocol of its own, else, which our hub does not speak
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setenv("HF_TOKEN", hub.WRITER)
        yield running


def release(folder, version="1.0.0", name="pets", **more):
    files = {
        "manifest.json": json.dumps({"name": name, "version": version}),
        "README.md": f"---\nlicense: mit\n---\nVersion {version}\n",
        f"labels/threshold-{version[0]}.parquet": f"PAR1{version}PAR1",
        **more,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def content(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != ".gitattributes"
    }


def test_what_was_pushed_is_what_is_fetched_by_each_version(tmp_path, here):
    first, second = release(tmp_path / "1"), release(tmp_path / "2", "2.0.0")
    made = push(first, "org/pets", version="1.0.0", private=True)
    assert (made.already_there, made.url) == (False, f"{here.url}/datasets/org/pets")
    assert here.repos["org/pets"].private
    push(second, "org/pets", version="2.0.0")
    assert here.files("org/pets") == content(second), "and nothing of the version before"
    for version, folder in (("1.0.0", first), ("2.0.0", second), (None, second)):
        assert content(fetch("org/pets", revision=version)) == content(folder)


def test_the_same_release_again_sends_nothing_and_another_of_that_version_is_refused(
    tmp_path, here
):
    push(release(tmp_path / "1"), "org/pets", version="1.0.0")
    before = len(here.repos["org/pets"].commits)
    assert push(tmp_path / "1", "org/pets", version="1.0.0").already_there
    other = release(
        tmp_path / "2", **{"manifest.json": '{"name": "pets", "version": "1.0.0", "n": 2}'}
    )
    with pytest.raises(
        HubError, match="Version 1.0.0 is at org/pets already, with another content"
    ):
        push(other, "org/pets", version="1.0.0")
    assert len(here.repos["org/pets"].commits) == before


def test_a_push_that_was_stopped_before_its_tag_goes_on(tmp_path, here):
    push(release(tmp_path / "1"), "org/pets", version="1.0.0")
    here.repos["org/pets"].tags.clear()
    push(tmp_path / "1", "org/pets", version="1.0.0")
    assert here.files("org/pets", "1.0.0") == content(tmp_path / "1")


def test_what_is_no_release_of_this_audit_is_not_overwritten(tmp_path, here):
    here.repos["org/pets"] = hub.Repo(
        private=False, commits=[{"README.md": b"", "train.csv": b"1"}]
    )
    with pytest.raises(HubError, match="holds 1 files that are no release, such as train.csv"):
        push(release(tmp_path / "1"), "org/pets", version="1.0.0")
    push(release(tmp_path / "2", name="cars"), "org/cars", version="1.0.0")
    with pytest.raises(HubError, match="holds releases of 'cars', and this is one of 'pets'"):
        push(tmp_path / "1", "org/cars", version="1.0.0")


def test_who_may_not_is_told_why(tmp_path, here, monkeypatch):
    folder = release(tmp_path / "1")
    with pytest.raises(HubError, match=r"The token may not write other/pets: .*rights"):
        push(folder, "other/pets", version="1.0.0")
    with pytest.raises(HubError, match=r"The token may not write org/pets: .*rights"):
        push(folder, "org/pets", version="1.0.0", token=hub.READER)
    with pytest.raises(HubError, match="The hub does not know the token"):
        push(folder, "org/pets", version="1.0.0", token="hf_wrong")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match="There is no token for the hub"):
        push(folder, "org/pets", version="1.0.0")
    with pytest.raises(InputError, match="'pets' is no name of a data set on the hub; OWNER/NAME"):
        push(folder, "pets", version="1.0.0")
    assert here.repos == {}


def test_what_is_not_there_or_not_to_be_seen_is_told(tmp_path, here, monkeypatch):
    push(release(tmp_path / "1"), "org/pets", version="1.0.0", private=True)
    with pytest.raises(HubError, match="org/pets has no version '9.0.0'"):
        fetch("org/pets", revision="9.0.0")
    monkeypatch.setenv("HF_TOKEN", hub.READER)
    for repo in ("org/pets", "org/gone"):
        with pytest.raises(HubError, match=f"no data set {repo} on the hub, or it is private"):
            fetch(repo)


def test_a_hub_that_is_away_is_told(tmp_path, here, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="The hub cannot be reached: .*refused"):
        push(release(tmp_path / "1"), "org/pets", version="1.0.0")
    with pytest.raises(HubError, match="The hub cannot be reached: "):
        fetch("org/pets")


def test_what_is_here_is_no_name_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "pets").mkdir(parents=True)
    assert not is_repo("org/pets")
    assert is_repo("org/cars")
