"""Alembic runs this file: it applies the migrations inside the caller's transaction.

`errata.store.database.upgrade` hands in the connection, with a transaction begun, so that an
upgrade happens as a whole or not at all.
"""

from alembic import context


def run() -> None:
    """Apply the migrations that are asked for."""
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name Alembic gives it; others may import it without harm
    run()
