"""The triggers that keep history as it was, in the words of SQLite and of PostgreSQL.

Migrations install them. On PostgreSQL they also refuse ``TRUNCATE``.
"""

from sqlalchemy import Connection

_REFUSE = (
    "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation'; "
    "END $$"
)
_REPLACES = (
    "EXISTS (SELECT 1 FROM votes "
    "WHERE id = NEW.id OR (reviewer = NEW.reviewer AND (key = NEW.key OR "
    "(example = NEW.example AND revision >= NEW.revision))))"
)
_REPLACED = "votes are added, never replaced"
_REFUSE_REPLACING = (
    "CREATE OR REPLACE FUNCTION votes_no_replace() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF {_REPLACES} THEN RAISE EXCEPTION USING MESSAGE = '{_REPLACED}', "
    "ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
)


def keep_rows(db: Connection, table: str) -> None:
    """Refuse, from now on, that rows of a table are changed or deleted."""
    message = f"{table} are added, never changed or deleted"
    if db.dialect.name == "postgresql":
        db.exec_driver_sql(_REFUSE)
        db.exec_driver_sql(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"EXECUTE FUNCTION refuse('{message}')"
        )
        return
    for action in ("UPDATE", "DELETE"):
        db.exec_driver_sql(
            f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, '{message}'); END"
        )


def keep_votes(db: Connection) -> None:
    """Refuse, from now on, that a vote takes the place of another.

    SQLite's ``INSERT OR REPLACE`` would delete the old one without asking what `keep_rows` made.
    """
    if db.dialect.name == "postgresql":
        db.exec_driver_sql(_REFUSE_REPLACING)
        db.exec_driver_sql(
            "CREATE TRIGGER votes_no_replace BEFORE INSERT ON votes FOR EACH ROW "
            "EXECUTE FUNCTION votes_no_replace()"
        )
        return
    db.exec_driver_sql(
        f"CREATE TRIGGER votes_no_replace BEFORE INSERT ON votes WHEN {_REPLACES} BEGIN "
        f"SELECT RAISE(ABORT, '{_REPLACED}'); END"
    )
