"""orders"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.append_only import statements

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_tables()
    for table in ("order_versions",):
        for statement in statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def create_tables() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("order_type", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.String(length=26), nullable=False),
        sa.Column("external_ref", sa.String(length=64), nullable=True),
        sa.Column("requested_date", sa.Date(), nullable=False),
        sa.Column("hospital_po", sa.String(length=64), nullable=True),
        sa.Column("contract_number", sa.String(length=64), nullable=True),
        sa.Column("authorisation_number", sa.String(length=64), nullable=True),
        sa.Column("tender_award_number", sa.String(length=64), nullable=True),
        sa.Column("surgery_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("surgery_number", sa.String(length=32), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(length=26), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_orders_version")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_orders_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
    )
    op.create_index(op.f("ix_orders_customer_id"), "orders", ["customer_id"], unique=False)
    op.create_index("ix_orders_status_number", "orders", ["status", "number"], unique=False)
    op.create_index("ix_orders_submitted", "orders", ["submitted_by", "submitted_at"], unique=False)
    op.create_index(
        "uq_orders_external_ref",
        "orders",
        ["customer_id", "external_ref"],
        unique=True,
        sqlite_where=sa.text("status NOT IN ('cancelled', 'withdrawn', 'rejected')"),
        postgresql_where=sa.text("status NOT IN ('cancelled', 'withdrawn', 'rejected')"),
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("order_id", sa.String(length=26), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(length=26), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("ordered_quantity", sa.Integer(), nullable=False),
        sa.Column("ordered_uom", sa.String(length=16), nullable=False),
        sa.Column("ordered_as", sa.String(length=64), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("price_ceiling", sa.BigInteger(), nullable=True),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_order_lines_quantity")),
        sa.CheckConstraint("reserved >= 0 AND reserved <= quantity", name=op.f("ck_order_lines_reserved")),
        sa.CheckConstraint("unit_price >= 0", name=op.f("ck_order_lines_unit_price")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_order_lines_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
    )
    op.create_index("ix_order_lines_order_line", "order_lines", ["order_id", "line_no"], unique=False)
    op.create_index(op.f("ix_order_lines_product_id"), "order_lines", ["product_id"], unique=False)
    op.create_table(
        "order_versions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("order_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(length=26), nullable=False),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("change", sa.String(length=20), nullable=False),
        sa.Column("diff", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("snapshot", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_versions_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_versions")),
        sa.UniqueConstraint("order_id", "version", name=op.f("uq_order_versions_order_id_version")),
    )


def downgrade() -> None:
    op.drop_table("order_versions")
    op.drop_index(op.f("ix_order_lines_product_id"), table_name="order_lines")
    op.drop_index("ix_order_lines_order_line", table_name="order_lines")
    op.drop_table("order_lines")
    op.drop_index(
        "uq_orders_external_ref",
        table_name="orders",
        sqlite_where=sa.text("status NOT IN ('cancelled', 'withdrawn', 'rejected')"),
        postgresql_where=sa.text("status NOT IN ('cancelled', 'withdrawn', 'rejected')"),
    )
    op.drop_index("ix_orders_submitted", table_name="orders")
    op.drop_index("ix_orders_status_number", table_name="orders")
    op.drop_index(op.f("ix_orders_customer_id"), table_name="orders")
    op.drop_table("orders")
