"""Mistakes that people report of what was published, each with how its example stood then."""

import sqlalchemy as sa
from alembic import op

from errata.store import guards

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table of reports, which is added to and never changed."""
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("example", sa.Integer, nullable=False),
        sa.Column("label", sa.JSON(none_as_null=True)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("version", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text),
        sa.Column("accepted", sa.JSON, nullable=False),
        sa.Column("adjudication", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_index("reports_of_example", "reports", ["example"])
    guards.keep_rows(op.get_bind(), "reports")
