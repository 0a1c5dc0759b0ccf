"""Databases of either kind, as tests make them, and as programs other than ours see them."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from errata.store import postgres
from errata.store.place import DATABASE, Schema

Place = Path | Schema


@contextlib.contextmanager
def new_place(folder: Path, address: str | None) -> Iterator[Place]:
    """Yield a place for a database; one on a server stays there until that ends."""
    if address is None:
        yield folder / DATABASE
    else:
        with postgres.new_schema(address) as schema:
            yield schema


def as_word(place: Place) -> str:
    """Return a place as a word of a command line, see `READ_PLACE`."""
    return json.dumps(asdict(place) if isinstance(place, Schema) else str(place))


READ_PLACE = """
import json, sys
from pathlib import Path
from errata.store.database import Database
from errata.store.place import Schema

said = json.loads(sys.argv[1])
place = Path(said) if isinstance(said, str) else Schema(**said)
"""


@contextlib.contextmanager
def outside(place: Place) -> Iterator[Any]:
    """Yield a connection that any program could make, which knows nothing of ours."""
    if isinstance(place, Schema):
        engine = create_engine(place.url.replace("postgresql:", "postgresql+psycopg:"))
        promises = f"SET search_path = {place.name}"
    else:
        engine = create_engine(f"sqlite:///{place}")
        promises = "PRAGMA foreign_keys = ON"
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(promises)
            yield connection
    finally:
        engine.dispose()


def refusal(place: Place, command: str) -> str:
    """Return how the database refuses a command."""
    try:
        with outside(place) as connection:
            connection.exec_driver_sql(command)
    except DBAPIError as error:
        return str(error.orig)
    raise AssertionError(f"it was not refused: {command}")


def run_script(place: Place, script: str) -> None:
    """Run several commands; new rows are numbered from where these end."""
    if not isinstance(place, Schema):
        with contextlib.closing(sqlite3.connect(place)) as plain:
            plain.executescript(f"PRAGMA foreign_keys = ON; {script}")
        return
    with outside(place) as connection:
        connection.exec_driver_sql(script)
        for table in inspect(connection).get_table_names(schema=place.name):
            columns = inspect(connection).get_columns(table, schema=place.name)
            if any("nextval" in (one["default"] or "") for one in columns):
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                        f"(SELECT max(id) + 1 FROM {table}), false)"
                    )
                )


def everything(place: Place) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table, as mappings without what is empty."""
    with outside(place) as connection:
        schema = place.name if isinstance(place, Schema) else None
        return {
            name: [
                {key: value for key, value in row._mapping.items() if value is not None}
                for row in connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2"))
            ]
            for name in inspect(connection).get_table_names(schema=schema)
            if name != "alembic_version"
        }


def guards(place: Place) -> dict[str, str]:
    """Return the triggers, by name."""
    query = (
        "SELECT t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
        "WHERE NOT t.tgisinternal AND t.tgrelid::regclass::text IN "
        "(SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema())"
        if isinstance(place, Schema)
        else "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    )
    with outside(place) as connection:
        found = connection.exec_driver_sql(query)
        return {name: " ".join(definition.split()) for name, definition in found}


def tables_of(place: Place) -> set[str]:
    """Return the names of all tables."""
    with outside(place) as connection:
        schema = place.name if isinstance(place, Schema) else None
        return set(inspect(connection).get_table_names(schema=schema))


@contextlib.contextmanager
def reviews_forgotten(schema: Schema) -> Iterator[None]:
    """Take back at the end, as only a server's owner can, what people did in the block."""
    standing = everything(schema)["standing"]
    yield
    with outside(schema) as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")  # without triggers
        for table in ("votes", "skips", "leases", "reviewers"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        back = "UPDATE standing SET votes = :votes, needs = :needs WHERE example = :example"
        connection.execute(text(back), standing)
        connection.exec_driver_sql(
            "UPDATE counts SET open = (SELECT count(*) FROM standing WHERE needs > 0)"
        )
