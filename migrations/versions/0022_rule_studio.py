"""rule versions: drafts that are written again, their tests, approval, a date on which they come into force"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLE = "rule_set_versions"
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
FILLED = ("cases", "revision", "editors")


def columns() -> list[sa.Column]:
    return [
        sa.Column("cases", sa.Text(), nullable=False, server_default=""),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("editors", JSON, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("changed_at", MOMENT, nullable=True),
        sa.Column("changed_by", sa.String(length=200), nullable=True),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("replaced", sa.Integer(), nullable=True),
    ]


def upgrade() -> None:
    for column in columns():
        op.add_column(TABLE, column)
    op.execute("UPDATE rule_set_versions SET sha256 = 'draft-' || id WHERE status = 'draft'")  # it may be written again
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE rule_set_versions SET editors = jsonb_build_array(author_id)")
        for name in FILLED:  # SQLite can only do it by copying the table
            op.alter_column(TABLE, name, server_default=None)
    else:
        op.execute("UPDATE rule_set_versions SET editors = json_array(author_id)")


def downgrade() -> None:
    op.execute(
        "DELETE FROM rule_set_versions WHERE status NOT IN ('active', 'retired')"
    )  # the older program reads no drafts
    for column in reversed(columns()):
        op.drop_column(TABLE, column.name)
