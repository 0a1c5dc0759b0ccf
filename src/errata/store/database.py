"""Opening an audit's database: the connection, its promises, and its migrations.

A commit is on the disk when it returns (write-ahead log, ``synchronous=FULL``), readers do not
wait for writers, and a writer takes its lock at once (``BEGIN IMMEDIATE``), so that two of them
queue instead of failing halfway. What is other on PostgreSQL stands in `errata.store.postgres`.
"""

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

from errata.errors import AuditError, BusyError, FileError
from errata.store import postgres
from errata.store.place import Schema
from errata.store.tables import HEAD

T = TypeVar("T")

WAIT_SECONDS = 30
"""How long a writer waits for another process's lock."""

_KEPT_CONNECTIONS = 40
"""As many as the server has threads: to open one takes longer than to answer a question."""


@dataclass(frozen=True)
class _Job(Generic[T]):
    """Some work that waits for its turn, and what comes of it.

    Its thread is ``woken`` when there is a result, or when it is the one to work for all who wait.
    """

    work: Callable[[Connection], T]
    result: Future[T] = field(default_factory=Future)
    woken: threading.Event = field(default_factory=threading.Event)


class Database:
    """The database of one audit, at the newest version; safe to share between threads.

    Parameters
    ----------
    place : its file, or its schema on a PostgreSQL server

    Raises
    ------
    AuditError
        A newer errata wrote it, it could not be upgraded, or the server cannot be reached.
    FileError
        The file is no database.
    MissingExtraError
        It is on a server, and psycopg is not installed.
    """

    def __init__(self, place: Path | Schema) -> None:
        self._path = place
        if isinstance(place, Schema):
            self._writing = postgres.open_engine(place, wait_seconds=WAIT_SECONDS)
            self._engine = postgres.reading(self._writing)
            weakref.finalize(self, self._writing.dispose)  # a server waits for who does not close
        else:
            self._engine = _engine(place)
            self._writing = self._engine.execution_options(writes=True)
        self._lock = threading.Lock()  # threads of one process take turns without polling the file
        self._jobs: list[_Job[Any]] = []
        self._queueing = threading.Lock()  # for `_jobs`, and for a moment only
        self.others_write = isinstance(place, Schema)
        """Whether others may write while a transaction does that is `together`."""
        _upgrade(self._engine, self._writing, place)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database throughout."""
        with self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection whose changes are on the disk when the block ends, all or none.

        Nobody else writes meanwhile.

        Raises
        ------
        BusyError
            Others have been writing for longer than `WAIT_SECONDS`.
        """
        if self.others_write:
            with self._writing.begin() as connection:
                postgres.alone(connection)
                yield connection
            return
        with self._lock, contextlib.ExitStack() as stack:
            try:
                connection = stack.enter_context(self._writing.begin())
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                raise BusyError(
                    f"Another process has been writing to {self._path} for {WAIT_SECONDS} seconds. "
                    "Nothing was changed; try again when it has ended."
                ) from None
            yield connection

    def together(self, work: Callable[[Connection], T]) -> T:
        """Do some work for one reviewer, at the same time as other threads do theirs.

        When this returns the changes are on the disk; where the work raises, none is made. On
        SQLite those who wait at the same moment share a transaction: writing to the disk takes
        longer than most work, and is done once for all of them.

        Parameters
        ----------
        work : begins with `errata.store.voting.reviewer`, so that what is done for one reviewer is
            done in turn; it may be called twice

        Raises
        ------
        BusyError
            As in `write`; and whatever the work raises.
        """
        if self.others_write:
            with self._writing.begin() as db:
                return work(db)
        mine = _Job(work)
        with self._queueing:
            self._jobs.append(mine)
            first = len(self._jobs) == 1
        if not first:
            mine.woken.wait()
        if not mine.result.done():
            self._do_all(mine)
        return mine.result.result()

    def _do_all(self, mine: _Job[Any]) -> None:
        """Work for all who wait, and wake them; whoever came next works for those who came since.

        A thread that is interrupted leaves the others' work to them.
        """
        with self._queueing:
            jobs = list(self._jobs)
        try:
            self._do(jobs)
        finally:
            with self._queueing:
                done = [job for job in jobs if job is not mine and job.result.done()]
                self._jobs = [job for job in self._jobs if job is not mine and job not in done]
                following = self._jobs[:1]
            for job in (*following, *done):
                job.woken.set()

    def _do(self, jobs: Sequence["_Job[Any]"]) -> None:
        try:
            with self.write() as db:
                results = [job.work(db) for job in jobs]
        except Exception as error:  # noqa: BLE001 (whoever waits for it gets it)
            if len(jobs) == 1:
                jobs[0].result.set_exception(error)
                return
            for job in jobs:  # so that what is wrong with one of them hinders no other
                self._do([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.result.set_result(result)

    def close(self) -> None:
        """Close the connections, so that the file may be moved."""
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": WAIT_SECONDS},
        pool_size=_KEPT_CONNECTIONS,
        pool_reset_on_return=None,  # every transaction has ended, by a commit or taken back
    )

    @event.listens_for(engine, "connect")
    def promise(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "recursive_triggers = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        driver: Any = connection.connection.dbapi_connection
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _upgrade(reading: Engine, writing: Engine, place: Path | Schema) -> None:
    """Bring the database to the newest version, all at once or not at all."""
    try:
        with reading.connect() as connection:
            if isinstance(place, Schema):
                postgres.check_there(connection, place)
            version = _version(connection)
    except DatabaseError as error:
        raise FileError(f"{place} cannot be read as a database: {error.orig}.") from None
    if version == HEAD:
        return
    if version is not None and version > HEAD:
        audit = place.parent if isinstance(place, Path) else place
        raise AuditError(
            f"{audit} was written by a newer errata: its database has version {version}, and "
            f"this errata knows versions up to {HEAD}. Upgrade errata to open it."
        )
    from alembic import command  # only here: most databases are new enough
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        with writing.begin() as connection:
            if isinstance(place, Schema) and version is not None:
                postgres.alone_upgrading(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, HEAD)
    except DatabaseError as error:
        raise AuditError(
            f"{place} could not be upgraded to version {HEAD}: {error.orig}. It is as it was "
            "before."
        ) from error


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version
