"""The first tables, and the triggers that keep history as it was."""

import sqlalchemy as sa
from alembic import op

from errata.store import guards

revision = "0001"
down_revision = None

HISTORY = ("candidates", "planned", "votes", "skips", "released", "events")
"""Tables whose rows are added and never changed."""


LARGE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("classes", sa.JSON, nullable=False),
        sa.Column("seed", LARGE, nullable=False),
        sa.Column("media", sa.JSON),
        sa.Column("errata", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "arrays",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("shape", sa.JSON),
        sa.Column("dtype", sa.Text),
    )
    _find_and_plan()
    _review()
    op.create_table(
        "releases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("threshold", sa.JSON, nullable=False),
        sa.Column("manifest_sha256", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "released",
        sa.Column("release", sa.Integer, sa.ForeignKey("releases.id"), primary_key=True),
        sa.Column("example", sa.Integer, primary_key=True),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("corrected", sa.Integer, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    for table in HISTORY:
        guards.keep_rows(op.get_bind(), table)
    guards.keep_votes(op.get_bind())


def _find_and_plan() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("score", sa.Text, nullable=False),
        sa.Column("compat", sa.Text),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("flagger", sa.Text, nullable=False),
        sa.Column("estimated_errors", sa.Integer, nullable=False),
        sa.Column("thresholds", sa.JSON, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("probs", sa.Integer, sa.ForeignKey("arrays.id"), nullable=False),
        sa.Column("self_confidence", sa.Integer, sa.ForeignKey("arrays.id"), nullable=False),
        sa.Column("errata", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "candidates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("finding", sa.Integer, sa.ForeignKey("findings.id"), nullable=False),
        sa.Column("example", sa.Integer, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("given", sa.Integer, nullable=False),
        sa.Column("suggested", sa.Integer, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.UniqueConstraint("finding", "example"),
        sa.UniqueConstraint("finding", "rank"),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("finding", sa.Integer, sa.ForeignKey("findings.id"), nullable=False),
        sa.Column("goal", sa.Text, nullable=False),
        sa.Column("votes", sa.Integer, nullable=False),
        sa.Column("threshold", sa.Integer, nullable=False),
        sa.Column("limit", sa.Integer),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_table(
        "planned",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("plan", sa.Integer, sa.ForeignKey("plans.id"), nullable=False),
        sa.Column("candidate", sa.Integer, sa.ForeignKey("candidates.id"), nullable=False),
        sa.Column("example", sa.Integer, nullable=False, unique=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
    )


def _review() -> None:
    kind = "kind IN ('person', 'simulated', 'imported')"
    op.create_table(
        "reviewers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, sa.CheckConstraint(kind), nullable=False),
    )
    op.create_table(
        "votes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("example", sa.Integer, sa.ForeignKey("planned.example"), nullable=False),
        sa.Column("reviewer", sa.Integer, sa.ForeignKey("reviewers.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("first", sa.Text, sa.CheckConstraint("\"first\" IN ('given', 'suggested')")),
        sa.Column("created_at", sa.Text),
        sa.Column("kind", sa.Text, sa.CheckConstraint(kind), nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("key", sa.Text, nullable=False),
        sa.UniqueConstraint("reviewer", "key"),
        sa.UniqueConstraint("reviewer", "example", "revision"),
        sa.CheckConstraint("answer IN ('given', 'suggested', 'both', 'neither')"),
        sa.CheckConstraint("revision > 0 AND (answer IS NULL) = (revision % 2 = 0)"),
    )
    op.create_index("votes_of_example", "votes", ["example", "answer"])
    op.create_table(
        "skips",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("example", sa.Integer, sa.ForeignKey("planned.example"), nullable=False),
        sa.Column("reviewer", sa.Integer, sa.ForeignKey("reviewers.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_index("skips_of_reviewer", "skips", ["reviewer", "example"])
