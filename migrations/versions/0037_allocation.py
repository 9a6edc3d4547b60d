"""allocation of stock to waiting orders, its runs and changes; how an order is delivered when stock is short"""

import sqlalchemy as sa
from alembic import op

from app.core.append_only import statements

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
GROWING = ("allocation_runs", "allocation_changes")


def upgrade() -> None:
    with op.batch_alter_table("orders") as orders:
        orders.add_column(sa.Column("delivery", sa.String(8), nullable=False, server_default="partial"))
    with op.batch_alter_table("orders") as orders:
        orders.alter_column("delivery", server_default=None)
    op.create_table(
        "waiting_orders",
        sa.Column("order_id", sa.String(26), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_waiting_orders_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_waiting_orders")),
    )
    op.create_table(
        "allocation_runs",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("trigger", sa.String(32), nullable=False),
        sa.Column("orders", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_runs")),
    )
    op.create_table(
        "allocation_changes",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("order_id", sa.String(26), nullable=False),
        sa.Column("line_id", sa.String(26), nullable=False),
        sa.Column("before", sa.Integer, nullable=False),
        sa.Column("after", sa.Integer, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("band", sa.String(2), nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("to_order_id", sa.String(26)),
        sa.Column("to_band", sa.String(2)),
        sa.Column("to_score", sa.Integer),
        sa.ForeignKeyConstraint(["run_id"], ["allocation_runs.id"], name=op.f("fk_allocation_changes_run_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_allocation_changes_order_id")),
        sa.ForeignKeyConstraint(["to_order_id"], ["orders.id"], name=op.f("fk_allocation_changes_to_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_changes")),
    )
    op.create_index(op.f("ix_allocation_changes_run_id"), "allocation_changes", ["run_id"])
    op.create_index("ix_allocation_changes_order", "allocation_changes", ["order_id", "id"])
    for table in GROWING:
        for statement in statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in ("allocation_changes", "allocation_runs", "waiting_orders"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in GROWING:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_refuse()")
    with op.batch_alter_table("orders") as orders:
        orders.drop_column("delivery")
