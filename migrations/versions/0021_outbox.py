"""events for the world outside and their feed; tasks whose due time was named"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def told() -> list[sa.Column]:
    return [
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "outbox_waiting",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *told(),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox_waiting")),
    )
    op.create_table(
        "outbox_events",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        *told(),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox_events")),
    )
    op.create_table(
        "outbox_feed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("forgotten", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_feed")),
    )

    op.add_column("task_extras", sa.Column("own_due", sa.Boolean(), nullable=False, server_default=sa.false()))
    if op.get_bind().dialect.name == "postgresql":  # SQLite can only do it by copying the table
        op.alter_column("task_extras", "own_due", server_default=None)


def downgrade() -> None:
    op.drop_column("task_extras", "own_due")
    op.drop_table("outbox_feed")
    op.drop_table("outbox_events")
    op.drop_table("outbox_waiting")
