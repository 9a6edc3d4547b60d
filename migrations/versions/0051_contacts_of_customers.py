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
    op.add_column("customers", sa.Column("contacts", JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("customers", "contacts")
