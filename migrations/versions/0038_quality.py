"""inspections, what is agreed about them with suppliers, nonconformances"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
STATES = "state IN ('created', 'sampling', 'testing', 'reviewed', 'released', 'rejected', 'stopped')"
OPEN = sa.text("state IN ('created', 'sampling', 'testing', 'reviewed')")


def upgrade() -> None:
    op.create_table(
        "inspections",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("warehouse_id", sa.String(26), nullable=False),
        sa.Column("supplier_id", sa.String(26), nullable=False),
        sa.Column("origin", sa.String(12), nullable=False),
        sa.Column("document", sa.String(64), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("checks", JSON, nullable=False),
        sa.Column("route", sa.String(12), nullable=False),
        sa.Column("severity", sa.String(12), nullable=False),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("results", JSON, nullable=False),
        sa.Column("found", JSON, nullable=False),
        sa.Column("tester_id", sa.String(26), nullable=True),
        sa.Column("reviewer_id", sa.String(26), nullable=True),
        sa.Column("accepted", sa.Boolean, nullable=True),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("report_no", sa.String(64), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.String(26), nullable=True),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_inspections_quantity")),
        sa.CheckConstraint(STATES, name=op.f("ck_inspections_state")),
        sa.CheckConstraint(
            "reviewer_id IS NULL OR tester_id IS NULL OR reviewer_id <> tester_id",
            name=op.f("ck_inspections_four_eyes"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_inspections_lot_id_lots")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_inspections_product_id_products")),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouses.id"], name=op.f("fk_inspections_warehouse_id_warehouses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
        sa.UniqueConstraint("number", name=op.f("uq_inspections_number")),
    )
    op.create_index(op.f("ix_inspections_lot_id"), "inspections", ["lot_id"])
    op.create_index("ix_inspections_history", "inspections", ["product_id", "supplier_id", "id"])
    op.create_index("ix_inspections_open", "inspections", ["product_id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "supply_terms",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("supplier_id", sa.String(26), nullable=False),
        sa.Column("improved_at", MOMENT, nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_supply_terms_product_id_products")),
        sa.PrimaryKeyConstraint("product_id", "supplier_id", name=op.f("pk_supply_terms")),
    )
    op.create_table(
        "nonconformances",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("inspection_id", sa.String(26), nullable=False),
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("failed", JSON, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("proposed", sa.String(24), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("raised_by", sa.String(26), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_nonconformances_inspection_id_inspections")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_nonconformances_lot_id_lots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nonconformances")),
        sa.UniqueConstraint("number", name=op.f("uq_nonconformances_number")),
    )
    op.create_index(op.f("ix_nonconformances_inspection_id"), "nonconformances", ["inspection_id"])


def downgrade() -> None:
    op.drop_table("nonconformances")
    op.drop_table("supply_terms")
    op.drop_table("inspections")
