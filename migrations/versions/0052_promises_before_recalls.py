"""when orders were to arrive before a recall took their goods"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recall_scopes", sa.Column("promised_on", sa.Date, nullable=True))


def downgrade() -> None:
    op.drop_column("recall_scopes", "promised_on")
