"""What a planned example is asked about with, where that is not what flagged it says."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Keep the label beside the draw; what was planned before is asked about as its candidate."""
    op.add_column("planned", sa.Column("suggested", sa.JSON(none_as_null=True)))
