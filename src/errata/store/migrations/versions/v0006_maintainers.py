"""Maintainers: their accounts and sessions, who is paused, and what they decided themselves."""

import sqlalchemy as sa
from alembic import op

from errata.store import guards

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make four tables; what was decided is added to and never changed."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
    )
    op.create_table(
        "pauses",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("since", sa.Text, nullable=False),
    )
    op.create_table(
        "adjudications",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("example", sa.Integer, sa.ForeignKey("planned.example"), nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("labels", sa.JSON(none_as_null=True)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("maintainer", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.CheckConstraint("answer IN ('given', 'suggested', 'both', 'neither', 'labels')"),
    )
    op.create_index("adjudications_of_example", "adjudications", ["example"])
    guards.keep_rows(op.get_bind(), "adjudications")
