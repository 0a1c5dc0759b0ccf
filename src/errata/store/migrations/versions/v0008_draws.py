"""Plans that draw examples by chance, of which some were flagged by nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Keep how each example was drawn; a census is a plan for finding errors, and says so."""
    op.add_column("planned", sa.Column("stratum", sa.Integer))
    op.add_column("plans", sa.Column("seed", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    drawn = sa.Column("drawn", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("candidates", drawn)
    op.execute(sa.text('ALTER TABLE plans RENAME COLUMN "limit" TO budget'))
    op.execute(sa.text("UPDATE plans SET goal = 'errors'"))
