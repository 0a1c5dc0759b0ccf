"""Opening an audit's database: the connection, its promises, and its migrations.

A commit is on the disk when it returns (write-ahead log, ``synchronous=FULL``), readers do not
wait for writers, and a writer takes its lock at once (``BEGIN IMMEDIATE``), so that two of them
queue instead of failing halfway. What is other on PostgreSQL stands in `errata.store.postgres`.
"""

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
    """Some work that waits for its turn, and what comes of it."""

    work: Callable[[], T]
    result: Future[T] = field(default_factory=Future)


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
        self._working = False  # whether a thread works off the jobs
        self._queueing = threading.Lock()  # for these two, and for a moment only
        self._shared = threading.local()  # the connection of the thread that does
        self.others_write = isinstance(place, Schema)
        """Whether others may write while a transaction does that is `together`."""
        self._threads = ThreadPoolExecutor(_KEPT_CONNECTIONS if self.others_write else 1)
        _upgrade(self._engine, self._writing, place)

    @property
    def pending(self) -> bool:
        """Whether what this thread reads may yet be taken back, as it is part of a `soon`."""
        return getattr(self._shared, "connection", None) is not None

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database throughout."""
        if self.pending:
            yield self._shared.connection
            return
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
        if self.pending:
            yield self._shared.connection
            return
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

        When this returns the changes are on the disk; where the work raises, none is made.

        Parameters
        ----------
        work : begins with `errata.store.voting.reviewer`, so that what is done for one reviewer is
            done in turn

        Raises
        ------
        BusyError
            As in `write`; and whatever the work raises.
        """
        if self.pending:
            return work(self._shared.connection)
        if self.others_write:
            with self._writing.begin() as db:
                return work(db)
        return self.soon(lambda: work(self._shared.connection)).result()

    def soon(self, work: Callable[[], T]) -> Future[T]:
        """Have another thread do some work for one reviewer, which reads and writes this database.

        On SQLite all that it reads and writes is in one transaction, with all that others ask for
        at the same moment: to write to the disk takes longer than most work, and is done once for
        all of them, by one thread, which need not take turns with theirs. On a server the work
        has transactions of its own, and one that has ended stays where a later one fails.

        Parameters
        ----------
        work : must not wait for another thread that uses this database

        Returns
        -------
        Holds what the work returns or raises once its changes are on the disk; where it raises,
        none is made of the transaction that it was in.
        """
        if self.others_write:
            return self._threads.submit(work)
        mine = _Job(work)
        mine.result.set_running_or_notify_cancel()  # nobody who goes away takes it back
        with self._queueing:
            self._jobs.append(mine)
            begin, self._working = not self._working, True
        if begin:
            try:
                self._threads.submit(self._work_off)
            except RuntimeError as error:  # no thread can be started
                while jobs := self._taken():
                    for job in jobs:
                        job.result.set_exception(error)
        return mine.result

    def _work_off(self) -> None:
        """Do what there is to do, until there is nothing."""
        while jobs := self._taken():
            try:
                with self.write() as db:
                    outcomes = [self._outcome(db, job) for job in jobs]
            except Exception as error:  # noqa: BLE001 (whoever waits for it gets it)
                for job in jobs:
                    job.result.set_exception(error)
            else:
                for job, (result, raised) in zip(jobs, outcomes, strict=True):
                    if raised is None:
                        job.result.set_result(result)
                    else:
                        job.result.set_exception(raised)

    def _taken(self) -> list[_Job[Any]]:
        with self._queueing:
            jobs, self._jobs = self._jobs, []
            self._working = bool(jobs)
        return jobs

    def _outcome(self, db: Connection, job: _Job[Any]) -> tuple[Any, BaseException | None]:
        """Return what a job returns, and what it raises; what it has changed then is taken back."""
        driver: Any = db.connection.dbapi_connection
        outcome: tuple[Any, BaseException | None]
        driver.execute("SAVEPOINT job")
        self._shared.connection = db
        try:
            outcome = job.work(), None
        except BaseException as error:  # noqa: BLE001 (whoever waits for it gets it)
            driver.execute("ROLLBACK TO job")
            outcome = None, error
        finally:
            self._shared.connection = None
        driver.execute("RELEASE job")
        return outcome

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
