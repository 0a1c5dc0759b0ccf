"""How planned examples stand, who looks at which, when asking may stop, and who was let in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make tables for what may change, and fill them with what the votes come to."""
    stopping = sa.Column("stopping", sa.Text, nullable=False, server_default="off")
    op.add_column("plans", stopping)
    op.add_column("plans", sa.Column("full_share", sa.Float, nullable=False, server_default="0"))
    op.create_table(
        "standing",
        sa.Column("example", sa.Integer, sa.ForeignKey("planned.example"), primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("full", sa.Boolean, nullable=False),
        sa.Column("votes", sa.Integer, nullable=False),
        sa.Column("needs", sa.Integer, nullable=False),
    )
    op.create_table(
        "counts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("open", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1"),
    )
    op.create_table(
        "leases",
        sa.Column("reviewer", sa.Integer, sa.ForeignKey("reviewers.id"), primary_key=True),
        sa.Column("example", sa.Integer, sa.ForeignKey("planned.example"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
        sa.Column("revoked_at", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.CheckConstraint("role IN ('reviewer', 'maintainer')"),
    )
    op.execute(
        'INSERT INTO standing (example, place, "full", votes, needs) '
        "SELECT p.example, p.id, false, coalesce(v.held, 0), "
        "CASE WHEN coalesce(v.held, 0) < l.votes THEN l.votes - coalesce(v.held, 0) ELSE 0 END "
        "FROM planned p JOIN plans l ON l.id = p.plan LEFT JOIN (SELECT example, "
        "sum(CASE WHEN answer IS NULL THEN -1 ELSE 1 END) AS held FROM votes GROUP BY example) v "
        "ON v.example = p.example"
    )
    op.execute("INSERT INTO counts SELECT 1, count(*) FROM standing WHERE needs > 0")
    open_ = sa.text("needs > 0")
    op.create_index(
        "standing_open", "standing", ["place"], sqlite_where=open_, postgresql_where=open_
    )
    op.create_index("candidates_of_example", "candidates", ["example"])
    op.create_index("leases_of_example", "leases", ["example"])
    withdrawn = sa.text("answer IS NULL")
    op.create_index(
        "votes_withdrawn",
        "votes",
        ["reviewer"],
        sqlite_where=withdrawn,
        postgresql_where=withdrawn,
    )
