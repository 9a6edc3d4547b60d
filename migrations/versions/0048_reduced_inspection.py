"""reduced inspection, agreed for a product of a supplier"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("supply_terms") as table:
        table.add_column(sa.Column("reduced_since", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("reduced_reason", sa.String(500), nullable=False, server_default=""))
    with op.batch_alter_table("supply_terms") as table:
        table.alter_column("reduced_reason", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("supply_terms") as table:
        table.drop_column("reduced_reason")
        table.drop_column("reduced_since")
