"""inventory"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.append_only import statements

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_tables()
    for table in ("stock_ledger",):
        for statement in statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def create_tables() -> None:
    op.create_table(
        "warehouses",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("region_code", sa.String(length=16), nullable=False),
        sa.Column("cold", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_warehouses_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warehouses")),
        sa.UniqueConstraint("code", name=op.f("uq_warehouses_code")),
    )
    op.create_index(op.f("ix_warehouses_region_code"), "warehouses", ["region_code"], unique=False)
    op.create_table(
        "lots",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("product_id", sa.String(length=26), nullable=False),
        sa.Column("lot_no", sa.String(length=64), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("report_no", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('quarantined','released','held','recalled','rejected')", name=op.f("ck_lots_status")
        ),
        sa.CheckConstraint("expires_on >= made_on", name=op.f("ck_lots_dates")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_lots_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("product_id", "lot_no", name=op.f("uq_lots_product_id_lot_no")),
    )
    op.create_index(op.f("ix_lots_expires_on"), "lots", ["expires_on"], unique=False)
    op.create_index(op.f("ix_lots_lot_no"), "lots", ["lot_no"], unique=False)
    op.create_index("ix_lots_pick", "lots", ["product_id", "status", "expires_on"], unique=False)
    op.create_index(op.f("ix_lots_product_id"), "lots", ["product_id"], unique=False)
    op.create_table(
        "reservations",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("order_id", sa.String(length=26), nullable=False),
        sa.Column("order_line_id", sa.String(length=26), nullable=False),
        sa.Column("lot_id", sa.String(length=26), nullable=False),
        sa.Column("warehouse_id", sa.String(length=26), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("arrives_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('active','released')", name=op.f("ck_reservations_status")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservations_quantity")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_reservations_lot_id")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"], name=op.f("fk_reservations_warehouse_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
    )
    op.create_index(op.f("ix_reservations_lot_id"), "reservations", ["lot_id"], unique=False)
    op.create_index("ix_reservations_order", "reservations", ["order_id", "status"], unique=False)
    op.create_index(op.f("ix_reservations_order_line_id"), "reservations", ["order_line_id"], unique=False)
    op.create_table(
        "stock_balances",
        sa.Column("lot_id", sa.String(length=26), nullable=False),
        sa.Column("warehouse_id", sa.String(length=26), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= reserved AND reserved <= on_hand", name=op.f("ck_stock_balances_covered")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_balances_lot_id")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"], name=op.f("fk_stock_balances_warehouse_id")),
        sa.PrimaryKeyConstraint("lot_id", "warehouse_id", name=op.f("pk_stock_balances")),
    )
    op.create_table(
        "stock_ledger",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lot_id", sa.String(length=26), nullable=False),
        sa.Column("warehouse_id", sa.String(length=26), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.String(length=26), nullable=True),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_ledger_quantity")),
        sa.CheckConstraint("source <> target", name=op.f("ck_stock_ledger_accounts")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_ledger_lot_id")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"], name=op.f("fk_stock_ledger_warehouse_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_ledger")),
    )
    op.create_index(op.f("ix_stock_ledger_lot_id"), "stock_ledger", ["lot_id"], unique=False)
    op.create_index(op.f("ix_stock_ledger_order_id"), "stock_ledger", ["order_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_stock_ledger_order_id"), table_name="stock_ledger")
    op.drop_index(op.f("ix_stock_ledger_lot_id"), table_name="stock_ledger")
    op.drop_table("stock_ledger")
    op.drop_table("stock_balances")
    op.drop_index(op.f("ix_reservations_order_line_id"), table_name="reservations")
    op.drop_index("ix_reservations_order", table_name="reservations")
    op.drop_index(op.f("ix_reservations_lot_id"), table_name="reservations")
    op.drop_table("reservations")
    op.drop_index(op.f("ix_lots_product_id"), table_name="lots")
    op.drop_index("ix_lots_pick", table_name="lots")
    op.drop_index(op.f("ix_lots_lot_no"), table_name="lots")
    op.drop_index(op.f("ix_lots_expires_on"), table_name="lots")
    op.drop_table("lots")
    op.drop_index(op.f("ix_warehouses_region_code"), table_name="warehouses")
    op.drop_table("warehouses")
