"""A PostgreSQL server of one's own, for tests and benchmarks: in a temporary folder, by a socket.

It needs the programs of Debian's package ``postgresql``, and refuses to run as root: where we are,
it runs as the user that the package made, or as nobody.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATABASE = "audits"
GUARDED = "guarded"
"""Who needs a password to come in, and what it is."""

_ACCESS = f"local all {GUARDED} scram-sha-256\nlocal all all trust\n"


@dataclass
class Server:
    """A running server."""

    folder: Path
    programs: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """The address of its database, as its owner."""
        return self.url_of("postgres")

    def url_of(self, user: str, database: str = DATABASE) -> str:
        """Return the address of a database on it, as somebody."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def sql(self, command: str, database: str = DATABASE) -> list[str]:
        """Run a command as any program may, not only ours; return the lines of what it says."""
        words = [self.programs / "psql", "-h", self.folder, "-U", "postgres", "-d", database]
        words += ["-v", "ON_ERROR_STOP=1", "-qAtc", command]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.splitlines()


def programs() -> Path | None:
    """Return the folder of the newest server's programs; None where there are none."""
    on_path = shutil.which("initdb")
    there = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3])
    )
    found = Path(on_path) if on_path else (there or [None])[-1]
    return None if found is None else found.resolve().parent


@contextlib.contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Start a server, yield it, and stop it.

    Parameters
    ----------
    durable : whether what is committed survives a crash of the machine, which takes its time
    """
    where = programs()
    assert where is not None, "programs() tells whether there are any"
    # not in pytest's folder, which other users cannot enter
    folder = Path(tempfile.mkdtemp(prefix="errata-postgres-"))
    process = None
    try:
        prefix = _as_somebody(folder)
        words = [where / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"]
        words += ["--no-sync", "-E", "UTF8", "--no-locale"]
        subprocess.run([*prefix, *words], check=True, capture_output=True, cwd=folder)
        (folder / "data" / "pg_hba.conf").write_text(_ACCESS)
        words = [where / "postgres", "-D", folder / "data", "-k", folder]
        words += ["-c", "listen_addresses=", "-c", f"fsync={'on' if durable else 'off'}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*prefix, *words], stderr=log, stdout=log, cwd=folder)
        server = Server(folder, where, process)
        _wait_for(server)
        server.sql(f"CREATE DATABASE {DATABASE}", "postgres")
        server.sql(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{GUARDED}'")
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # at once, whoever is connected
            process.wait()
        shutil.rmtree(folder)


def _as_somebody(folder: Path) -> list[str | Path]:
    """Return what a command begins with, so that it does not run as root."""
    if os.getuid() != 0:
        return []
    names = {one.pw_name for one in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--"]


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            server.sql("SELECT 1", "postgres")
        except RuntimeError as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                said = (server.folder / "log").read_text()
                raise RuntimeError(f"PostgreSQL did not start: {said}") from error
            time.sleep(0.05)
        else:
            return
