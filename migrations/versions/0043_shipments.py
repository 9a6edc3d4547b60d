"""shipments: what was picked, measured on the way, delivered"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.append_only import statements

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
GROWING = ("shipment_picks", "shipment_readings", "delivery_proofs")
STATUSES = "('planned', 'picking', 'picked', 'packed', 'in_transit', 'returning', 'delivered', 'returned', 'void')"
LIVE = sa.text("status <> 'void'")


def upgrade() -> None:
    op.create_table(
        "shipments",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("order_id", sa.String(26), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("carrier", sa.String(20), nullable=False),
        sa.Column("cold", sa.Boolean, nullable=False),
        sa.Column("leaves_on", sa.Date, nullable=False),
        sa.Column("arrives_on", sa.Date, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("sscc", sa.String(18), nullable=False),
        sa.Column("logger", sa.String(60), nullable=False),
        sa.Column("box_celsius", sa.Numeric(5, 1), nullable=True),
        sa.Column("packed_at", MOMENT, nullable=True),
        sa.Column("vehicle", sa.String(60), nullable=False),
        sa.Column("departed_at", MOMENT, nullable=True),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint(f"status IN {STATUSES}", name=op.f("ck_shipments_status")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_shipments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sa.UniqueConstraint("number", name=op.f("uq_shipments_number")),
    )
    op.create_index(
        "ix_shipments_order", "shipments", ["order_id"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.create_index("ix_shipments_status", "shipments", ["status", "number"])
    op.create_table(
        "shipment_picks",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("shipment_id", sa.String(26), nullable=False),
        sa.Column("reservation_id", sa.String(26), nullable=False),
        sa.Column("serials", JSON, nullable=False),
        sa.Column("scanned", sa.String(500), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.id"], name=op.f("fk_shipment_picks_shipment_id")),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservations.id"], name=op.f("fk_shipment_picks_reservation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_picks")),
    )
    op.create_index("ix_shipment_picks_shipment", "shipment_picks", ["shipment_id", "id"])
    op.create_table(
        "shipment_readings",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("shipment_id", sa.String(26), nullable=False),
        sa.Column("logger", sa.String(60), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("celsius", sa.Numeric(5, 1), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.id"], name=op.f("fk_shipment_readings_shipment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_readings")),
        sa.UniqueConstraint("shipment_id", "logger", "at", name=op.f("uq_shipment_readings_shipment_id_logger_at")),
    )
    op.create_table(
        "delivery_proofs",
        sa.Column("shipment_id", sa.String(26), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("receiver", sa.String(100), nullable=False),
        sa.Column("celsius", sa.Numeric(5, 1), nullable=True),
        sa.Column("photo_id", sa.String(26), nullable=True),
        sa.Column("refused", JSON, nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.id"], name=op.f("fk_delivery_proofs_shipment_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["kept_contents.id"], name=op.f("fk_delivery_proofs_photo_id")),
        sa.PrimaryKeyConstraint("shipment_id", name=op.f("pk_delivery_proofs")),
    )
    for table in GROWING:
        for statement in statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in ("delivery_proofs", "shipment_readings", "shipment_picks", "shipments"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in GROWING:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_refuse()")
