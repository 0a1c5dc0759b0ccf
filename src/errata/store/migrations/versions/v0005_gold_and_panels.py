"""Gold, examples whose answer is known, and panels of participants."""

import sqlalchemy as sa
from alembic import op

from errata.store import guards

revision = "0005"
down_revision = "0004"

KEPT = ("gold", "gold_rates", "gold_answers", "gold_skips", "panels", "participants")


def upgrade() -> None:
    """Make tables for them; what people did is added to and never changed."""
    _gold()
    _panels()
    for table in KEPT:
        guards.keep_rows(op.get_bind(), table)


def _gold() -> None:
    op.create_table(
        "gold",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("example", sa.Integer, nullable=False, unique=True),
        sa.Column("given", sa.Integer, nullable=False),
        sa.Column("suggested", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.CheckConstraint("answer IN ('given', 'suggested', 'both', 'neither')"),
        sa.CheckConstraint("source IN ('named', 'made')"),
    )
    op.create_table(
        "gold_rates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("rate", sa.Float, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "gold_answers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("example", sa.Integer, sa.ForeignKey("gold.example"), nullable=False),
        sa.Column("reviewer", sa.Integer, sa.ForeignKey("reviewers.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("said", sa.Text),
        sa.Column("first", sa.Text),
        sa.Column("vote", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.UniqueConstraint("reviewer", "key"),
        sa.UniqueConstraint("reviewer", "example", "revision"),
        sa.CheckConstraint("\"first\" IN ('given', 'suggested')"),
        sa.CheckConstraint("answer IN ('given', 'suggested', 'both', 'neither', 'other')"),
        sa.CheckConstraint("revision > 0 AND (answer IS NULL) = (revision % 2 = 0)"),
    )
    op.create_table(
        "gold_skips",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("example", sa.Integer, sa.ForeignKey("gold.example"), nullable=False),
        sa.Column("reviewer", sa.Integer, sa.ForeignKey("reviewers.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("skip", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_index("gold_skips_of_reviewer", "gold_skips", ["reviewer", "example"])


def _panels() -> None:
    op.create_table(
        "panels",
        sa.Column("invitation", sa.Integer, sa.ForeignKey("invitations.id"), primary_key=True),
        sa.Column("parameter", sa.Text, nullable=False),
        sa.Column("answers", sa.Integer),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
    )
    op.create_table(
        "participants",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("panel", sa.Integer, sa.ForeignKey("panels.invitation"), nullable=False),
        sa.Column("participant", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("answered", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.UniqueConstraint("panel", "participant"),
    )
    op.create_index("participants_of_name", "participants", ["name"])
