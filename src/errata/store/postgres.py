"""PostgreSQL under an audit: its connections, what they promise, and who waits for whom.

One schema holds one audit. Several processes, on several machines, may write to it at once; what
they lock, always in this order, keeps them from undoing each other's work, and from waiting for
each other in a circle:

1. What is done for one reviewer begins by locking that reviewer's row, so that it is done in turn
   (`errata.store.voting.reviewer`). Everything else locks the whole table of reviewers first: it
   has the audit to itself, as every writer has on SQLite (`alone`).
2. Then one row of ``standing`` may be waited for: that of the example voted on, so that votes on
   it take turns (`errata.store.queue.lock`).
3. The example that comes next is only taken where nobody holds its row (``SKIP LOCKED``), so
   nobody waits for a second one. A lease is changed by its own reviewer alone.

Who waits for a row of ``standing`` holds their own reviewer's row at most, and for that only those
wait who hold nothing. A statement that follows a lock sees what was committed before it
(``READ COMMITTED``), so what was looked at before is looked at again.
"""

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.schema import CreateSchema, DropSchema

from errata.errors import AuditError, BusyError, ErrataError, InputError, MissingExtraError
from errata.store.place import Schema

CONNECT_SECONDS = 10
"""So long a server that does not answer is waited for, unless the address says otherwise."""

_DIALECT = "postgresql"
_SECRETS = {"password", "sslpassword"}
_PROMISES = (
    "SET search_path = {schema}",
    "SET synchronous_commit = on",  # a commit is on the disk when it returns
    "SET lock_timeout = '{seconds}s'",
    "SET jit = off",  # to compile what is asked takes longer than to answer it
    "SET max_parallel_workers_per_gather = 0",  # the parts of a UNION ALL come in their order
)
_ALONE = text("LOCK TABLE reviewers IN EXCLUSIVE MODE")
_ALONE_UPGRADING = text("LOCK TABLE alembic_version IN EXCLUSIVE MODE")


def others_write(db: Connection) -> bool:
    """Tell whether others may write while this transaction does."""
    return db.dialect.name == _DIALECT


def alone(db: Connection) -> None:
    """Wait until nobody else writes; from then on, whoever wants to waits for us."""
    db.execute(_ALONE)


def alone_upgrading(db: Connection) -> None:
    """Wait until nobody else upgrades the database."""
    db.execute(_ALONE_UPGRADING)


# ---------------------------------------------------------------- addresses


def as_address(url: str) -> str:
    """Return the address of a database on a PostgreSQL server, in one form.

    Raises
    ------
    InputError
        It is no such address, or there is a password in it.

    Examples
    --------
    >>> as_address("postgres://ann@db.example.org:5432/audits")
    'postgresql://ann@db.example.org:5432/audits'
    """
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        read = URL.create("")
    if read.password is not None or _SECRETS & set(read.query):
        raise InputError(
            "The address of the database holds a password, which would be written into the audit. "
            "Leave it out, and put it into the environment variable PGPASSWORD, or into ~/.pgpass."
        )
    if read.drivername not in {_DIALECT, "postgres", f"{_DIALECT}+psycopg"} or not read.database:
        raise InputError(
            "The database is no address of one on a PostgreSQL server: "
            "postgresql://HOST:PORT/DBNAME was expected. Leave it out for a file in the folder."
        )
    return read.set(drivername=_DIALECT).render_as_string()


@contextlib.contextmanager
def new_schema(url: str) -> Iterator[Schema]:
    """Yield a new schema on a server; it is dropped if the block fails.

    Raises
    ------
    AuditError
        No schema can be made there.
    """
    schema = Schema(as_address(url), f"errata_{secrets.token_hex(8)}")
    engine = open_engine(schema, wait_seconds=CONNECT_SECONDS)
    try:
        with engine.begin() as db:
            db.execute(CreateSchema(schema.name))
        try:
            yield schema
        except BaseException:
            with contextlib.suppress(ErrataError, SQLAlchemyError), engine.begin() as db:
                db.execute(DropSchema(schema.name, cascade=True))
            raise
    finally:
        engine.dispose()


# ---------------------------------------------------------------- connections


def open_engine(schema: Schema, *, wait_seconds: int) -> Engine:
    """Return what makes connections to an audit's schema.

    Parameters
    ----------
    wait_seconds : how long a writer waits for a lock

    Raises
    ------
    MissingExtraError
        psycopg is not installed.
    """
    try:
        import psycopg  # noqa: F401 (SQLAlchemy imports it, and says less)
    except ImportError:
        raise MissingExtraError(
            "The audit's database is on a PostgreSQL server, which needs the package psycopg, and "
            "that is not installed: pip install 'errata[postgres]'"
        ) from None
    url = make_url(schema.url).set(drivername=f"{_DIALECT}+psycopg")
    waits = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    engine = create_engine(url, connect_args=waits, pool_pre_ping=True)
    promises = [one.format(schema=schema.name, seconds=wait_seconds) for one in _PROMISES]

    @event.listens_for(engine, "connect", insert=True)  # before it is asked for its schema
    def promise(connection: Any, _record: object) -> None:
        connection.autocommit = True
        connection.execute("; ".join(promises))
        connection.autocommit = False

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        found = _explained(context.original_exception, schema, wait_seconds)
        if found is not None and not context.is_pre_ping:
            raise found from None

    return engine


def reading(engine: Engine) -> Engine:
    """Return an engine whose transactions see one state of the database, and change nothing."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def check_there(db: Connection, schema: Schema) -> None:
    """Check that the schema is there.

    Raises
    ------
    AuditError
        It is not.
    """
    if db.scalar(text("SELECT to_regnamespace(:name)"), {"name": schema.name}) is None:
        raise AuditError(
            f"There is no schema {schema.name} in {schema.url}, where the audit's database was. "
            "Restore it from a backup, or create a new audit."
        )


def _explained(error: BaseException, schema: Schema, seconds: int) -> ErrataError | None:
    """Return what an error of the server, or on the way to it, means; None if it is ours."""
    from psycopg import OperationalError, errors

    if isinstance(error, errors.LockNotAvailable):
        return BusyError(
            f"Another process has been writing to {schema} for {seconds} seconds. Nothing was "
            "changed; try again when it has ended."
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return AuditError(
            f"{schema.url} does not let you: {_reason(error)}. Its owner can: GRANT CREATE ON "
            "DATABASE ... TO you, for new audits; an audit that is there belongs to who made it."
        )
    if isinstance(error, OperationalError):
        return BusyError(
            f"{schema.url} cannot be used: {_reason(error)}. Nothing was changed. Check that the "
            "server runs and lets you in (a password is taken from PGPASSWORD or ~/.pgpass), then "
            "try again."
        )
    return None


def _reason(error: BaseException) -> str:
    """Return in one line what an error says."""
    lines = str(error).strip().splitlines()
    return " ".join(line.strip() for line in lines if line.strip()).rstrip(".")
