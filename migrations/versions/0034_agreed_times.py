"""the time that a diagram agrees for a task"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("task_extras", sa.Column("sla", json, nullable=True))


def downgrade() -> None:
    op.drop_column("task_extras", "sla")
