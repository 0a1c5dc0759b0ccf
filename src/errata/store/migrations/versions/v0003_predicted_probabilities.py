"""Probabilities that models made of an audit's own examples, and runs that average several."""

import sqlalchemy as sa
from alembic import op

from errata.store import guards

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make a table for them, added to and never changed; every row of the others stays."""
    op.create_table(
        "predicted",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("probs", sa.Integer, sa.ForeignKey("arrays.id"), nullable=False),
        sa.Column("folds", sa.Integer, sa.ForeignKey("arrays.id"), nullable=False),
        sa.Column("accuracy", sa.Float, nullable=False),
        sa.Column("log_loss", sa.Float, nullable=False),
        sa.Column("calibration_error", sa.Float, nullable=False),
        sa.Column("train_accuracy", sa.Float, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("errata", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.add_column("findings", sa.Column("averaged", sa.JSON))
    guards.keep_rows(op.get_bind(), "predicted")
