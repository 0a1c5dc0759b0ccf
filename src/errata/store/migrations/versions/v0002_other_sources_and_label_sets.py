"""Candidates without probabilities, answers in the reviewer's own word, and sets of labels.

SQLite cannot change a column, so there tables are made anew and filled again. Foreign keys stay
checked throughout: what points into a table that is gone for a moment is looked at again at the
commit.
"""

import sqlalchemy as sa
from alembic import op

from errata.store import guards

revision = "0002"
down_revision = "0001"


SAID = "said IS NULL OR {if_null}(answer, '') = 'other'"
ANSWERS = "answer IN ('given', 'suggested', 'both', 'neither', 'other', 'labels')"
LABELS = "(labels IS NOT NULL) = ({if_null}(answer, '') = 'labels')"


def upgrade() -> None:
    """Change five tables; every row stays as it was."""
    # without it, every row of candidates would look through all of planned
    op.create_index("planned_of_candidate", "planned", ["candidate"])
    op.add_column("audit", sa.Column("multilabel", sa.Boolean, nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "postgresql":
        _in_place()
    else:
        _all_anew()


def _in_place() -> None:
    for column in ("estimated_errors", "thresholds", "probs", "self_confidence"):
        op.alter_column("findings", column, nullable=True)
    for table, column in (
        ("candidates", "given"),
        ("candidates", "suggested"),
        ("released", "corrected"),
    ):
        op.alter_column(table, column, type_=sa.JSON, postgresql_using=f"to_json({column})")
    op.drop_constraint("votes_answer_check", "votes")
    op.add_column("votes", sa.Column("said", sa.Text))
    op.add_column("votes", sa.Column("labels", sa.JSON))
    op.add_column("votes", sa.Column("shown", sa.JSON))
    for check in (SAID, ANSWERS, LABELS):
        op.create_check_constraint(None, "votes", check.format(if_null="coalesce"))


def _all_anew() -> None:
    op.execute("PRAGMA defer_foreign_keys = ON")  # until the commit
    _anew("findings", *_findings())
    _anew("candidates", *_candidates())
    _anew("votes", *_votes())
    op.create_index("votes_of_example", "votes", ["example", "answer"])
    _anew(
        "released",
        sa.Column("release", sa.Integer, sa.ForeignKey("releases.id"), primary_key=True),
        sa.Column("example", sa.Integer, primary_key=True),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("corrected", sa.JSON, nullable=False),
    )
    for table in ("candidates", "votes", "released"):  # the triggers went with the old tables
        guards.keep_rows(op.get_bind(), table)
    guards.keep_votes(op.get_bind())


def _anew(table: str, *parts: sa.Column[object] | sa.Constraint) -> None:
    """Make a table anew with all columns that it had, and fill it with the rows that it held."""
    db = op.get_bind()
    columns = ", ".join(f'"{column["name"]}"' for column in sa.inspect(db).get_columns(table))
    op.execute(f"CREATE TABLE former AS SELECT {columns} FROM {table}")  # noqa: S608 (own names)
    op.execute(f"DROP TABLE {table}")
    op.create_table(table, *parts)
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM former")  # noqa: S608
    op.execute("DROP TABLE former")


def _findings() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("score", sa.Text, nullable=False),
        sa.Column("compat", sa.Text),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("flagger", sa.Text, nullable=False),
        sa.Column("estimated_errors", sa.Integer),
        sa.Column("thresholds", sa.JSON),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("probs", sa.Integer, sa.ForeignKey("arrays.id")),
        sa.Column("self_confidence", sa.Integer, sa.ForeignKey("arrays.id")),
        sa.Column("errata", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    ]


def _candidates() -> list[sa.Column[object] | sa.Constraint]:
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("finding", sa.Integer, sa.ForeignKey("findings.id"), nullable=False),
        sa.Column("example", sa.Integer, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("given", sa.JSON, nullable=False),
        sa.Column("suggested", sa.JSON, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.UniqueConstraint("finding", "example"),
        sa.UniqueConstraint("finding", "rank"),
    ]


def _votes() -> list[sa.Column[object] | sa.Constraint]:
    kind = "kind IN ('person', 'simulated', 'imported')"
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("example", sa.Integer, sa.ForeignKey("planned.example"), nullable=False),
        sa.Column("reviewer", sa.Integer, sa.ForeignKey("reviewers.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("said", sa.Text, sa.CheckConstraint(SAID.format(if_null="ifnull"))),
        sa.Column("labels", sa.JSON(none_as_null=True)),
        sa.Column("first", sa.Text, sa.CheckConstraint("\"first\" IN ('given', 'suggested')")),
        sa.Column("shown", sa.JSON(none_as_null=True)),
        sa.Column("created_at", sa.Text),
        sa.Column("kind", sa.Text, sa.CheckConstraint(kind), nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("key", sa.Text, nullable=False),
        sa.UniqueConstraint("reviewer", "key"),
        sa.UniqueConstraint("reviewer", "example", "revision"),
        sa.CheckConstraint(ANSWERS),
        sa.CheckConstraint(LABELS.format(if_null="ifnull")),
        sa.CheckConstraint("revision > 0 AND (answer IS NULL) = (revision % 2 = 0)"),
    ]
