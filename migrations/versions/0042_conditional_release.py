"""lots released for some customers only, until a day"""

import sqlalchemy as sa
from alembic import op

from app.inventory import guards

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

GUARDS = {"reservations": "reservations_allowed", "stock_ledger": "stock_ledger_allowed"}


def upgrade() -> None:
    op.create_table(
        "lot_customers",
        sa.Column("lot_id", sa.String(26), nullable=False),
        sa.Column("customer_id", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_lot_customers_lot_id_lots")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_lot_customers_customer_id_customers")),
        sa.PrimaryKeyConstraint("lot_id", "customer_id", name=op.f("pk_lot_customers")),
    )
    op.add_column("lots", sa.Column("conditional", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("lots", sa.Column("only_until", sa.Date, nullable=True))
    dialect = op.get_bind().dialect.name
    made = [*guards.reservations(dialect), *guards.ledger(dialect)]
    for statement in made:
        if any(f" {name}" in statement for name in GUARDS.values()):
            op.execute(sa.text(statement.replace(":", r"\:")))


def downgrade() -> None:
    for table, name in GUARDS.items():
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
        else:
            op.execute(f"DROP TRIGGER {name}")
    op.drop_column("lots", "only_until")
    op.drop_column("lots", "conditional")
    op.drop_table("lot_customers")
