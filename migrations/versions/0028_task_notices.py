"""notices about tasks, copies of them, the ladder of their due time; when the next rung of a task comes"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("user_id", sa.String(26), nullable=False),
        sa.Column("task_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("by_id", sa.String(26), nullable=True),
        sa.Column("text", sa.String(500), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_notices_task_id_tasks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_user", "notices", ["user_id", "id"])
    op.create_index(op.f("ix_notices_task_id"), "notices", ["task_id"])
    op.create_index(op.f("ix_notices_at"), "notices", ["at"])
    unread = sa.text("read_at IS NULL")
    op.create_index("ix_notices_unread", "notices", ["user_id"], sqlite_where=unread, postgresql_where=unread)
    op.create_table(
        "task_copies",
        sa.Column("task_id", sa.String(26), nullable=False),
        sa.Column("user_id", sa.String(26), nullable=False),
        sa.Column("by_id", sa.String(26), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_copies_task_id_tasks")),
        sa.PrimaryKeyConstraint("task_id", "user_id", name=op.f("pk_task_copies")),
    )
    op.create_index("ix_task_copies_user", "task_copies", ["user_id", "task_id"])
    op.create_table(
        "task_rungs",
        sa.Column("task_id", sa.String(26), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("rung", sa.String(12), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_rungs_task_id_tasks")),
        sa.PrimaryKeyConstraint("task_id", "due_at", "rung", name=op.f("pk_task_rungs")),
    )
    op.add_column("tasks", sa.Column("rung_at", MOMENT, nullable=True))
    waiting = sa.text("status = 'open' AND rung_at IS NOT NULL")
    op.create_index("ix_tasks_open_rung", "tasks", ["rung_at"], sqlite_where=waiting, postgresql_where=waiting)
    # Tasks that are open already climb from their due time on; whoever is late is told then.
    op.execute("UPDATE tasks SET rung_at = due_at WHERE status = 'open'")


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind = 'task.ladder'")
    op.drop_index("ix_tasks_open_rung", "tasks")
    op.drop_column("tasks", "rung_at")
    op.drop_table("task_rungs")
    op.drop_table("task_copies")
    op.drop_table("notices")
