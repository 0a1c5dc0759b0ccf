"""A hub on this machine: the endpoints of Hugging Face's that its own client calls for data sets.

It keeps what is committed, in memory. ``HF_ENDPOINT`` leads the client here.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

WRITER, READER = "hf_writer", "hf_reader"
"""Tokens: one may write to what belongs to ``org``, the other to nothing."""

_API = re.compile(r"/api/datasets/([^/]+/[^/]+)(?:/(\w+))?(?:/([^/]+))?")
_FILE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_LFS = re.compile(r"/datasets/([^/]+/[^/]+)\.git/info/lfs/objects/batch")


@dataclass
class Repo:
    """One data set: its commits, newest last, each a mapping of paths to bytes."""

    private: bool
    commits: list[dict[str, bytes]] = field(default_factory=lambda: [{".gitattributes": b""}])
    tags: dict[str, int] = field(default_factory=dict)

    def at(self, revision: str) -> int | None:
        """Return the number of the commit that a branch, a tag or a hash names."""
        names = {"main": len(self.commits) - 1} | self.tags
        hashes = {oid(number): number for number in range(len(self.commits))}
        return (names | hashes).get(revision)


@dataclass
class Hub:
    """What the hub holds, and what it was asked."""

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def files(self, repo: str, revision: str = "main") -> dict[str, bytes]:
        """Return the files of a repository, without those of Git itself."""
        number = self.repos[repo].at(revision)
        assert number is not None
        return {
            path: data
            for path, data in self.repos[repo].commits[number].items()
            if path != ".gitattributes"
        }


def oid(number: int) -> str:
    return f"{number:040x}"


@contextmanager
def running() -> Iterator[Hub]:
    """Yield a hub that runs."""
    hub = Hub()

    Handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815  (as the base class has them)

    def _answer(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.path, *_ = self.path.split("?")
        self.path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {self.path}")
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        self.who = {WRITER: "writer", READER: "reader", "": ""}.get(token)
        if self.who is None:
            self._send(401, {"error": "Invalid credentials in Authorization header"})
        elif self.path.startswith("/objects/"):
            self._object()
        elif self.path == "/api/repos/create":
            self._create(json.loads(self.body))
        elif self.path == "/api/validate-yaml":
            self._send(200, {"errors": [], "warnings": []})
        elif found := _FILE.fullmatch(self.path):
            self._file(*found.groups())
        elif found := _LFS.fullmatch(self.path):
            self._large(json.loads(self.body))
        elif found := _API.fullmatch(self.path):
            self._api(*found.groups())
        else:
            self._send(404, {"error": f"no such page: {self.path}"})

    # ------------------------------------------------------------ what it answers

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        if not self.who:
            self._send(401, {"error": "Invalid username or password."})
        elif self.who != "writer" or asked["organization"] != "org":
            self._send(403, {"error": f"You don't have the rights to create {name}"})
        elif name in self.hub.repos:
            self._send(
                409, {"error": "You already created this dataset repo", "url": self._at(name)}
            )
        else:
            private = asked.get("visibility") == "private" or bool(asked.get("private"))
            self.hub.repos[name] = Repo(private)
            self._send(200, {"url": self._at(name), "name": name})

    def _api(self, name: str, what: str | None, revision: str | None) -> None:
        repo = self._repo(name)
        if repo is None:
            return
        number = repo.at(revision or "main")
        if number is None:
            self._send(404, {"error": "Revision Not Found"}, {"X-Error-Code": "RevisionNotFound"})
        elif self.command == "POST" and self.who != "writer":
            self._send(403, {"error": "You don't have the rights to write here"})
        elif what in (None, "revision"):
            files = [{"rfilename": path} for path in repo.commits[number]]
            self._send(
                200, {"id": name, "sha": oid(number), "private": repo.private, "siblings": files}
            )
        elif what == "tree":
            self._send(
                200, [self._entry(path, data) for path, data in repo.commits[number].items()]
            )
        elif what == "refs":
            ref = {"name": "main", "ref": "refs/heads/main", "targetCommit": oid(number)}
            tags = [
                {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": oid(at)}
                for tag, at in repo.tags.items()
            ]
            self._send(200, {"branches": [ref], "tags": tags, "converts": []})
        elif what == "preupload":
            files = [
                {"path": one["path"], "shouldIgnore": False}
                | {"uploadMode": "lfs" if one["path"].endswith(".parquet") else "regular"}
                for one in json.loads(self.body)["files"]
            ]
            self._send(200, {"files": files})
        elif what == "commit":
            self._commit(name, repo)
        elif what == "tag":
            self._tag(repo, json.loads(self.body)["tag"], number)
        else:
            self._send(404, {"error": f"no such endpoint: {what}"})

    def _commit(self, name: str, repo: Repo) -> None:
        files = dict(repo.commits[-1])
        for line in self.body.splitlines():
            one = json.loads(line)
            value = one["value"]
            if one["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif one["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif one["key"] == "deletedFile":
                del files[value["path"]]
        repo.commits.append(files)
        head = oid(len(repo.commits) - 1)
        told = {"commitOid": head, "commitUrl": f"{self._at(name)}/commit/{head}", "success": True}
        self._send(200, told)

    def _tag(self, repo: Repo, tag: str, number: int) -> None:
        if tag in repo.tags:
            self._send(409, {"error": "Tag reference exists already"})
            return
        repo.tags[tag] = number
        self._send(200, {})

    def _large(self, asked: dict[str, Any]) -> None:
        where = f"{self.hub.url}/objects/"
        objects = [
            one | {"actions": {"upload": {"href": where + one["oid"]}}} for one in asked["objects"]
        ]
        self._send(200, {"transfer": "basic", "objects": objects})

    def _object(self) -> None:
        name = self.path.rpartition("/")[2]
        assert hashlib.sha256(self.body).hexdigest() == name
        self.hub.objects[name] = self.body
        self._send(200, {})

    def _file(self, name: str, revision: str, path: str) -> None:
        repo = self._repo(name)
        if repo is None:
            return
        number = repo.at(revision)
        if number is None:
            self._send(404, {"error": "Revision Not Found"}, {"X-Error-Code": "RevisionNotFound"})
        elif path not in repo.commits[number]:
            self._send(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        else:
            data = repo.commits[number][path]
            tag = f'"{self._entry(path, data)["oid"]}"'
            self._send(200, data, {"ETag": tag, "X-Repo-Commit": oid(number)})

    # ------------------------------------------------------------ parts of answers

    def _repo(self, name: str) -> Repo | None:
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and self.who != "writer"):
            # the hub does not tell what is missing from what may not be seen
            status = 404 if self.who else 401
            self._send(status, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return None
        return repo

    def _at(self, name: str) -> str:
        return f"{self.hub.url}/datasets/{name}"

    @staticmethod
    def _entry(path: str, data: bytes) -> dict[str, Any]:
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        return {"type": "file", "path": path, "oid": blob, "size": len(data)}

    def _send(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status >= 400 and isinstance(content, dict):
            self.send_header("X-Error-Message", content["error"])
        kind = "application/octet-stream" if isinstance(content, bytes) else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
