"""What a plan asks: which of two labels, or which one of several."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Keep the question with the plan, and with each planned example what there is to choose."""
    op.add_column("plans", sa.Column("question", sa.Text, nullable=False, server_default="pair"))
    op.add_column("plans", sa.Column("options", sa.Integer))
    op.add_column("plans", sa.Column("extra", sa.JSON(none_as_null=True)))
    op.add_column("planned", sa.Column("options", sa.JSON(none_as_null=True)))
