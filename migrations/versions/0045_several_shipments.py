"""an order may leave in several shipments: what each is to bring, and which goods are kept for which"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

LIVE = sa.text("status <> 'void'")
SHARES = """
INSERT INTO shipment_lines (shipment_id, order_line_id, quantity, replaced)
SELECT shipments.id, order_lines.id, order_lines.quantity, 0
FROM shipments JOIN order_lines ON order_lines.order_id = shipments.order_id WHERE shipments.status <> 'void'"""
KEPT = """
UPDATE reservations SET shipment_id = (
  SELECT shipments.id FROM shipments WHERE shipments.order_id = reservations.order_id
  AND shipments.status IN ('planned', 'picking', 'picked', 'packed'))
WHERE status = 'active'"""
LEFT = """
UPDATE reservations SET shipment_id = (
  SELECT MAX(shipment_picks.shipment_id) FROM shipment_picks WHERE shipment_picks.reservation_id = reservations.id)
WHERE status = 'shipped'"""


def upgrade() -> None:
    op.create_table(
        "shipment_lines",
        sa.Column("shipment_id", sa.String(26), nullable=False),
        sa.Column("order_line_id", sa.String(26), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("replaced", sa.Integer, nullable=False),
        sa.CheckConstraint("replaced >= 0 AND replaced <= quantity", name=op.f("ck_shipment_lines_replaced")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.id"], name=op.f("fk_shipment_lines_shipment_id")),
        sa.PrimaryKeyConstraint("shipment_id", "order_line_id", name=op.f("pk_shipment_lines")),
    )
    op.add_column("reservations", sa.Column("shipment_id", sa.String(26), nullable=True))
    for statement in (SHARES, KEPT, LEFT):
        op.execute(statement)
    op.drop_index("ix_shipments_order", "shipments")
    op.create_index("ix_shipments_order", "shipments", ["order_id", "number"])


def downgrade() -> None:
    """Fails while an order has several shipments: they cannot be told in the old schema."""
    op.drop_index("ix_shipments_order", "shipments")
    op.create_index(
        "ix_shipments_order", "shipments", ["order_id"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.drop_column("reservations", "shipment_id")
    op.drop_table("shipment_lines")
