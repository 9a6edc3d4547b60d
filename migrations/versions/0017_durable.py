"""messages kept for one receiver: keys and variables of the token"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    for name in ("local_correlation", "local_variables"):
        op.add_column("process_messages", sa.Column(name, JSON, nullable=True))


def downgrade() -> None:
    for name in ("local_variables", "local_correlation"):
        op.drop_column("process_messages", name)
