"""when the standing of an order changes next by time alone; what a change of which record touches"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

HISTORY = "ix_orders_customer_id_status_submitted_at"
NAMED = ("contract_number", "authorisation_number", "tender_award_number")


def upgrade() -> None:
    op.add_column("order_standings", sa.Column("next_change_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE order_standings SET next_change_at = assessed_at")  # due at once: then it is reckoned
    op.create_index("ix_order_standings_next_change_at", "order_standings", ["next_change_at"])
    op.create_index(HISTORY, "orders", ["customer_id", "status", "submitted_at"])
    short = sa.text("reserved < quantity")
    op.create_index(
        "ix_order_lines_waiting", "order_lines", ["product_id", "order_id"], sqlite_where=short, postgresql_where=short
    )
    for name in NAMED:
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_orders_{name}", "orders", [name], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    for name in NAMED:
        op.drop_index(f"ix_orders_{name}", table_name="orders")
    op.drop_index("ix_order_lines_waiting", table_name="order_lines")
    op.drop_index(HISTORY, table_name="orders")
    op.drop_index("ix_order_standings_next_change_at", table_name="order_standings")
    op.drop_column("order_standings", "next_change_at")
