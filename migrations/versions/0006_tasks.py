"""tasks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("source_kind", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=26), nullable=False),
        sa.Column("source_ref", sa.String(length=40), nullable=False),
        sa.Column("element_id", sa.String(length=100), nullable=False),
        sa.Column("name", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("subject_kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("subject_version", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("assignee_id", sa.String(length=26), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("initiator_id", sa.String(length=26), nullable=True),
        sa.Column("form_key", sa.String(length=100), nullable=True),
        sa.Column("excluded_user_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.String(length=26), nullable=True),
        sa.Column("closed_reason", sa.String(length=500), nullable=True),
        sa.Column("answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("band", sa.String(length=2), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("promise_date", sa.Date(), nullable=True),
        sa.Column("requested_date", sa.Date(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column(
            "rank_key",
            sa.String(length=120).with_variant(sa.String(length=120, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_tasks_assignee",
        "tasks",
        ["assignee_id", "status", "rank_key"],
        unique=False,
        sqlite_where=sa.text("assignee_id IS NOT NULL"),
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.create_index(
        "ix_tasks_completed_by",
        "tasks",
        ["completed_by", "completed_at"],
        unique=False,
        sqlite_where=sa.text("completed_by IS NOT NULL"),
        postgresql_where=sa.text("completed_by IS NOT NULL"),
    )
    op.create_index("ix_tasks_initiator", "tasks", ["initiator_id", "status", "rank_key"], unique=False)
    op.create_index(
        "ix_tasks_open_rank",
        "tasks",
        ["rank_key", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(op.f("ix_tasks_source_id"), "tasks", ["source_id"], unique=False)
    op.create_index("ix_tasks_subject", "tasks", ["subject_kind", "subject_id", "status"], unique=False)
    op.create_table(
        "task_candidates",
        sa.Column("task_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_candidates_task_id")),
        sa.PrimaryKeyConstraint("task_id", "kind", "value", name=op.f("pk_task_candidates")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_task_candidates_value", "task_candidates", ["kind", "value", "task_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_task_candidates_value", table_name="task_candidates")
    op.drop_table("task_candidates")
    op.drop_index("ix_tasks_subject", table_name="tasks")
    op.drop_index(op.f("ix_tasks_source_id"), table_name="tasks")
    op.drop_index(
        "ix_tasks_open_rank",
        table_name="tasks",
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_index("ix_tasks_initiator", table_name="tasks")
    op.drop_index(
        "ix_tasks_completed_by",
        table_name="tasks",
        sqlite_where=sa.text("completed_by IS NOT NULL"),
        postgresql_where=sa.text("completed_by IS NOT NULL"),
    )
    op.drop_index(
        "ix_tasks_assignee",
        table_name="tasks",
        sqlite_where=sa.text("assignee_id IS NOT NULL"),
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.drop_table("tasks")
