"""when orders were to arrive before a recall took their goods"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recall_scopes") as table:
        table.add_column(sa.Column("promised_on", sa.Date, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("recall_scopes") as table:
        table.drop_column("promised_on")
