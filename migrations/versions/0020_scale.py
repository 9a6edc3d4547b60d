"""indexes that hold what is open only, so that history does not slow what goes on"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OPEN = {"sqlite_where": sa.text("status = 'open'"), "postgresql_where": sa.text("status = 'open'")}


def upgrade() -> None:
    op.add_column("task_candidates", sa.Column("open", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("UPDATE task_candidates SET open = false WHERE task_id IN (SELECT id FROM tasks WHERE status <> 'open')")
    if op.get_bind().dialect.name == "postgresql":  # SQLite can only do it by copying the table
        op.alter_column("task_candidates", "open", server_default=None)
        op.execute('ALTER TABLE process_instances ALTER COLUMN business_key TYPE VARCHAR(255) COLLATE "C"')
    op.drop_index("ix_task_candidates_value", table_name="task_candidates")
    op.create_index(
        "ix_task_candidates_open",
        "task_candidates",
        ["kind", "value", "task_id"],
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open"),
    )
    op.create_index("ix_process_instances_started_at", "process_instances", ["started_at"])
    op.create_index("ix_process_instances_status", "process_instances", ["status", "started_at", "id"])
    op.create_index("ix_tasks_open_created", "tasks", ["created_at", "id"], **OPEN)


def downgrade() -> None:
    op.drop_index("ix_tasks_open_created", table_name="tasks", **OPEN)
    op.drop_index("ix_process_instances_status", table_name="process_instances")
    op.drop_index("ix_process_instances_started_at", table_name="process_instances")
    op.drop_index("ix_task_candidates_open", table_name="task_candidates")
    op.create_index("ix_task_candidates_value", "task_candidates", ["kind", "value", "task_id"])
    op.drop_column("task_candidates", "open")
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE process_instances ALTER COLUMN business_key TYPE VARCHAR(255) COLLATE "default"')
