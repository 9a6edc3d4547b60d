"""contact persons of customers: whom a recall is told to"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0051"
down_revision = "0049"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("customers") as table:
        table.add_column(sa.Column("contacts", JSON, nullable=False, server_default="[]"))
    with op.batch_alter_table("customers") as table:
        table.alter_column("contacts", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("customers") as table:
        table.drop_column("contacts")
