"""Statements that are put together and compiled once, for the few that every vote needs.

A small query through SQLAlchemy takes about ten times as long as by the driver, even where its
statement is there already: it looks the compiled text up, converts values and wraps the answer.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.expression import Executable

_DIALECT = SQLiteDialect_pysqlite()


class Prepared:
    """A statement that is run again and again.

    On SQLite the driver runs it; elsewhere SQLAlchemy does, which knows what else has to be done.
    Every method works inside the transaction of the connection it is handed. Rows have their
    columns in order, as SQLite returns them: numbers and texts, and 0 or 1 for a truth.

    Parameters
    ----------
    statement : with a named `bindparam` for whatever changes
    columns : of an ``insert`` without values, those that it fills in

    Examples
    --------
    >>> from sqlalchemy import bindparam, create_engine, literal, select
    >>> double = Prepared(select(bindparam("number", 0) * literal(2)))
    >>> with create_engine("sqlite://").begin() as db:
    ...     double.scalar(db, {"number": 21})
    42
    """

    def __init__(self, statement: Executable, *, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns

    def first(self, db: Connection, values: Mapping[str, Any]) -> Any:
        """Return the first row; None where there is none."""
        if db.dialect.name == _DIALECT.name:
            return self._run(db, values).fetchone()
        return db.execute(self._statement, dict(values)).first()

    def all(self, db: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Return all rows."""
        if db.dialect.name == _DIALECT.name:
            found: list[Any] = self._run(db, values).fetchall()
            return found
        return list(db.execute(self._statement, dict(values)))

    def scalar(self, db: Connection, values: Mapping[str, Any]) -> Any:
        """Return what the first row begins with; None where there is none."""
        row = self.first(db, values)
        return None if row is None else row[0]

    def change(self, db: Connection, values: Mapping[str, Any]) -> int:
        """Return how many rows it changed."""
        if db.dialect.name == _DIALECT.name:
            changed: int = self._run(db, values).rowcount
            return changed
        return db.execute(self._statement, dict(values)).rowcount

    def _run(self, db: Connection, values: Mapping[str, Any]) -> Any:
        text, names, never_change, written = self._compiled
        row = {**never_change, **values}
        for name, write in written.items():
            row[name] = write(row[name])
        connection: Any = db.connection.dbapi_connection
        return connection.execute(text, [row[name] for name in names])

    @cached_property
    def _compiled(self) -> tuple[str, Sequence[str], dict[str, Any], dict[str, Any]]:
        """The text, its parameters in order, those that never change, how others are written."""
        statement: Any = self._statement
        compiled = statement.compile(dialect=_DIALECT, column_keys=self._columns)
        never_change = {name: one.value for name, one in compiled.binds.items() if not one.required}
        writers = {
            name: one.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            for name, one in compiled.binds.items()
        }
        written = {name: write for name, write in writers.items() if write is not None}
        return str(compiled), compiled.positiontup or (), never_change, written
