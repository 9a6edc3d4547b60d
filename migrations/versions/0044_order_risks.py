"""orders that may come late"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

CAUSES = ("blocked", "in_inspection", "short", "undecided", "not_left", "too_late", "on_its_way", "coming_back")


def upgrade() -> None:
    op.create_table(
        "order_risks",
        sa.Column("order_id", sa.String(26), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("limit_on", sa.Date, nullable=False),
        sa.Column("expected_on", sa.Date, nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"cause IN {CAUSES}", name=op.f("ck_order_risks_cause")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_risks_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_risks")),
    )
    op.create_index("ix_order_risks_limit", "order_risks", ["limit_on", "order_id"])


def downgrade() -> None:
    op.drop_table("order_risks")
