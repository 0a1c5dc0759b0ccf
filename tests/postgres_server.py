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
    """A server; ``prefix`` begins the command that starts it."""

    folder: Path
    programs: Path
    prefix: list[str]
    durable: bool
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = [self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder]
        words += ["-c", "listen_addresses=", "-c", f"fsync={'on' if self.durable else 'off'}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *words], stderr=log, stdout=log, cwd=self.folder
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.sql("SELECT 1", "postgres")
            except RuntimeError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = (self.folder / "log").read_text()
                    raise RuntimeError(f"PostgreSQL did not start: {said}") from error
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()

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
    server = Server(folder, where, _as_somebody(folder), durable)
    try:
        words = [where / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"]
        words += ["--no-sync", "-E", "UTF8", "--no-locale"]
        subprocess.run([*server.prefix, *words], check=True, capture_output=True, cwd=folder)
        (folder / "data" / "pg_hba.conf").write_text(_ACCESS)
        server.start()
        server.sql(f"CREATE DATABASE {DATABASE}", "postgres")
        server.sql(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{GUARDED}'")
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _as_somebody(folder: Path) -> list[str]:
    """Return what a command begins with, so that it does not run as root."""
    if os.getuid() != 0:
        return []
    names = {one.pw_name for one in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--"]
