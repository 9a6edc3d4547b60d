"""the time that a diagram agrees for a task; notices about other things than tasks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("task_extras", sa.Column("sla", json, nullable=True))
    with op.batch_alter_table("notices") as notices:
        notices.alter_column("task_id", existing_type=sa.String(26), nullable=True)
        notices.add_column(sa.Column("path", sa.String(200), nullable=True))
        notices.add_column(sa.Column("title", json, nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE task_id IS NULL")
    with op.batch_alter_table("notices") as notices:
        notices.drop_column("title")
        notices.drop_column("path")
        notices.alter_column("task_id", existing_type=sa.String(26), nullable=False)
    op.drop_column("task_extras", "sla")
