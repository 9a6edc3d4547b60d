"""what is kept for a shipment, picked of it, or does not conform of a lot is found by an index"""

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_reservations_shipment", "reservations", ["shipment_id", "status"]),
    ("ix_shipment_picks_reservation", "shipment_picks", ["reservation_id", "id"]),
    ("ix_nonconformances_lot_id", "nonconformances", ["lot_id"]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _columns in INDEXES:
        op.drop_index(name, table)
