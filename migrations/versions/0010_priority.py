"""priority"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_standings",
        sa.Column("order_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("band", sa.String(length=2), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("promise_date", sa.Date(), nullable=True),
        sa.Column("promise_rank", sa.Date(), nullable=False),
        sa.Column("requested_date", sa.Date(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("decision_id", sa.String(length=26), nullable=False),
        sa.Column("gate_decision_id", sa.String(length=26), nullable=False),
        sa.Column("order_version", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("band IN ('P0', 'P1', 'P2', 'P3')", name=op.f("ck_order_standings_band")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_standings_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_standings")),
    )
    op.create_index(op.f("ix_order_standings_assessed_at"), "order_standings", ["assessed_at"], unique=False)
    op.create_index(
        "ix_order_standings_rank",
        "order_standings",
        ["blocked", "band", sa.text("score DESC"), "promise_rank", "requested_date", "submitted_at", "number"],
    )


def downgrade() -> None:
    op.drop_index("ix_order_standings_rank", table_name="order_standings")
    op.drop_index(op.f("ix_order_standings_assessed_at"), table_name="order_standings")
    op.drop_table("order_standings")
