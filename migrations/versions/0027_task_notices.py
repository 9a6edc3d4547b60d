"""notices about tasks, copies of them, the ladder of their due time; open tasks get their job"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0024"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LADDER = """
INSERT INTO jobs (id, kind, source_kind, source_id, source_ref, payload, due_at, ready_at, retries, backoff, priority,
    exclusive, suspended, fence, attempts, deaths, created_at)
SELECT id, 'task.ladder', 'task', id, '', '{}', due_at, due_at, 3, '[10, 60, 300]', 0, :no, :no, 0, 0, 0, changed_at
FROM tasks WHERE status = 'open'
"""


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
    # Tasks that are open already climb from their due time on; whoever is late is told then.
    op.get_bind().execute(sa.text(LADDER).bindparams(sa.bindparam("no", False, sa.Boolean())))


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind = 'task.ladder'")
    op.drop_table("task_rungs")
    op.drop_table("task_copies")
    op.drop_table("notices")
